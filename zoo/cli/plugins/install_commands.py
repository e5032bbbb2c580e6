"""`colorzoo plugins install|uninstall`: pip or uv, in the environment that colorzoo runs in."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from packaging.utils import InvalidName, canonicalize_name

from colorzoo.core.errors import PluginError, printable
from colorzoo.core.registry import BUILTIN_DISTRIBUTION, registry


def install(
    specs: Annotated[
        list[str], typer.Argument(help="what pip takes: a name, a path, git+https://…", metavar="SPEC...")
    ],
    editable: Annotated[
        bool, typer.Option("-e", "--editable", help="from a folder that you are working on")
    ] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="install the newest version")] = False,
) -> None:
    """Install plugins beside colorzoo, and say what they bring."""
    bad = [spec for spec in specs if spec.startswith("-")]
    if bad:
        raise PluginError(f"{bad[0]!r}: expected a name, a path or an address, not an option")
    words = [word for spec in specs for word in (*(["--editable"] if editable else []), spec)]
    before = _names()
    _run("install", [*(["--upgrade"] if upgrade else []), *words])
    after = _names()
    for line in sorted(after - before):
        print(f"new: {line}")
    if after == before:
        print("no new plugin; `colorzoo doctor` names those that do not load")


def uninstall(
    names: Annotated[
        list[str], typer.Argument(help="distributions, or names of plugins", metavar="SPEC...")
    ],
) -> None:
    """Remove the distributions that bring these plugins."""
    owners = {
        item.entry.name: item.distribution
        for entries in registry().entries.values()
        for item in entries.values()
    }
    chosen = sorted({_distribution(owners.get(name, name)) for name in names})
    if BUILTIN_DISTRIBUTION in chosen:
        raise PluginError("the built-in plugins belong to colorzoo itself: pip uninstall colorzoo")
    _run("uninstall", chosen)


def _distribution(text: str) -> str:
    """Return the normalized name of a distribution."""
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise PluginError(
            f"{printable(repr(text))}: expected the name of a distribution or a plugin"
        ) from None


def _names() -> set[str]:
    """Ask a new process what is installed: this one has its plugins already."""
    script = (
        "from colorzoo.core.registry import registry\n"
        "for kind, entries in registry().entries.items():\n"
        "    for name, item in entries.items():\n"
        "        print(f'{kind} {name}, of {item.distribution} {item.version}')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def _run(verb: str, words: Sequence[str]) -> None:
    command = [*_installer(verb), *words]
    typer.echo(f"{verb}: {printable(' '.join(words))}", err=True)
    if subprocess.run([*command, "--quiet"], check=False).returncode:
        raise PluginError(f"{' '.join(command)} failed; what it said stands above")


def _installer(verb: str) -> list[str]:
    """Return uv's words in an environment that uv made, else pip's."""
    settings = Path(sys.prefix) / "pyvenv.cfg"
    by_uv = settings.is_file() and re.search(r"^uv\s*=", settings.read_text(), re.MULTILINE)
    pip, uv = importlib.util.find_spec("pip"), shutil.which("uv")
    if uv and (by_uv or not pip):
        return [uv, "pip", verb, "--python", sys.executable]
    if pip:
        yes = ["--yes"] if verb == "uninstall" else []
        return [sys.executable, "-m", "pip", verb, "--disable-pip-version-check", *yes]
    raise PluginError(f"{sys.prefix}: has neither pip nor uv; {sys.executable} -m ensurepip brings pip")
