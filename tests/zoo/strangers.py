"""Installed plugins, made of files: a folder on PYTHONPATH with modules and their dist-info."""

from __future__ import annotations

import tomllib
from pathlib import Path

HOOK = """
from colorzoo.core import Entry, hookimpl

@hookimpl
def register_colorizers():
    return [Entry("{name}", "{module}:{cls}", "a colorizer of a stranger")]
"""
MODEL = """
from colorzoo.core import Colorizer

class Grey(Colorizer):
    deterministic = True

    def colorize(self, gray, options):
        return gray.expand(-1, 3, -1, -1)[:, None].expand(-1, options.samples, -1, -1, -1)
"""


def installed(
    site: Path,
    name: str,
    hooks: str | None = None,
    model: str = MODEL,
    cls: str = "Grey",
    group="colorzoo",
    point: str | None = None,
) -> None:
    """Install a distribution `name` with one entry point; hooks and model are the text of its modules."""
    module = name.replace("-", "_")
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{point or name} = {module}\n")
    text = HOOK.format(name=name, module=f"{module}_model", cls=cls) if hooks is None else hooks
    (site / f"{module}.py").write_text(text)
    (site / f"{module}_model.py").write_text(model)


def developed(package: Path) -> str:
    """Let a package that `plugins new` wrote count as installed, as `-e` does; return its PYTHONPATH."""
    source, module = package / "src", package.name.replace("-", "_")
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = source / f"{module}-{project['version']}.dist-info"
    info.mkdir()
    named = f"Name: {package.name}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{named}")
    points = project["entry-points"]["colorzoo"].items()
    lines = [f"{name} = {value}\n" for name, value in points]
    (info / "entry_points.txt").write_text("[colorzoo]\n" + "".join(lines))
    return str(source)
