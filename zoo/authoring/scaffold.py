"""A new plugin, written as a small complete package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from colorzoo.core.errors import PluginError, UnknownNameError
from colorzoo.core.files import atomic_write
from colorzoo.core.hooks import Kind

TEMPLATES = Path(__file__).parent / "templates"
COMMON = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/test.yml": "test.yml",
    "src/{module}/__init__.py": "__init__.py",
    "src/{module}/py.typed": "py.typed",
}
VARIANT_TEMPLATES = {
    "colorizer": {
        "src/{module}/config.py": "config.py",
        "src/{module}/model.py": "model.py",
        "tests/test_{module}.py": "test_colorizer.py",
    },
    "guided": {
        "src/{module}/config.py": "config.py",
        "src/{module}/model.py": "guided_model.py",
        "tests/test_{module}.py": "test_guided.py",
    },
    "trainable": {
        "src/{module}/config.py": "trainable_config.py",
        "src/{module}/model.py": "trainable_model.py",
        "src/{module}/training.py": "training.py",
        "tests/test_{module}.py": "test_trainable.py",
    },
    "dataset": {"src/{module}/data.py": "data.py", "tests/test_{module}.py": "test_dataset.py"},
    "metric": {"src/{module}/metric.py": "metric.py", "tests/test_{module}.py": "test_metric.py"},
}
MODULES = {"colorizer": "model", "dataset": "data", "metric": "metric"}
TAKEN = ("hints", "palette", "previous", "references", "text")
"""Fields of Guidance that a template follows."""
USAGE = {
    "colorizer": "colorzoo run {name} photo.jpg",
    "guided": "colorzoo run {name} photo.jpg --hint 50%,50%=#c03020",
    "trainable": "colorzoo train {name} --data pictures/ -o runs/{name}",
    "dataset": "colorzoo data info {name}:pictures/",
    "metric": "colorzoo compare vae-mdn unet --data pictures/ --metrics {name},psnr",
}


@dataclass(frozen=True)
class Scaffold:
    """What the templates are filled with."""

    name: str
    kind: Kind = "colorizer"
    trainable: bool = False
    takes: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """The name on PyPI."""
        return f"colorzoo-{self.name}"

    @property
    def module(self) -> str:
        """The name to import."""
        return self.distribution.replace("-", "_")

    @property
    def _variant(self) -> str:
        return "guided" if self.takes else "trainable" if self.trainable else self.kind

    def values(self) -> dict[str, object]:
        """Return the values that the templates are filled with."""
        return {
            "name": self.name,
            "kind": self.kind,
            "usage": USAGE[self._variant].format(name=self.name),
            "distribution": self.distribution,
            "module": self.module,
            "home": MODULES[self.kind],
            "cls": "".join(part.capitalize() for part in self.name.split("-")),
            "takes": sorted(set(self.takes)),
            "summary": f"{self.name.replace('-', ' ').capitalize()}, a {self.kind}",
        }

    def write(self, parent: Path) -> Path:
        """Write the package into a new folder below `parent` and return it.

        Raises:
            PluginError: the name is none or is taken, or what is no colorizer is to be trainable.
            UnknownNameError: nothing of that name can be taken.
        """
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        self._check()
        folder = parent / self.distribution
        if folder.exists():
            raise PluginError(f"{folder}: is there already; choose another name or another -o folder")
        files = COMMON | VARIANT_TEMPLATES[self._variant]
        templates = Environment(
            loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True,
            autoescape=False,
        )  # fmt: skip
        for pattern, template in files.items():
            path = folder / pattern.format(module=self.module)
            with atomic_write(path) as out:
                out.write(templates.get_template(f"{template}.j2").render(self.values()).encode())
        return folder

    def _check(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", self.name):
            raise PluginError(
                f"{self.name!r}: expected lower case letters, digits and single dashes, such as sepia-tone"
            )
        if self.trainable and self.kind != "colorizer":
            raise PluginError(f"only a colorizer is trainable, not a {self.kind}")
        for field in self.takes:
            if field not in TAKEN:
                raise UnknownNameError("field of Guidance", field, TAKEN)
        if self.takes and (self.trainable or self.kind != "colorizer"):
            raise PluginError("--takes is for a colorizer, without --trainable")
