"""Documents that cannot go stale. `python -m tests.zoo.test_docs` writes docs/cli.md anew."""

from __future__ import annotations

import re
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from colorzoo import catalog
from colorzoo.cards import card
from colorzoo.cli import build
from colorzoo.core import hooks
from colorzoo.core.registry import load_plugins, registry
from colorzoo.core.weights import read_info
from tests.conftest import made_picture

ROOT = Path(__file__).parents[2]
VERBS = ("", "run", "train", "plugins", "plugins list", "plugins show", "data", "data list", "data info",
         "data fetch")  # fmt: skip


def reference() -> str:
    """Return docs/cli.md as it should be."""
    parts = ["# The command line\n\nWritten by `make docs`, compared by the tests.\n"]
    for verb in VERBS:
        done = CliRunner().invoke(
            build(), [*verb.split(), "--help"], prog_name="colorzoo",
            env={"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"},
        )  # fmt: skip
        text = "\n".join(line.rstrip() for line in done.output.strip().splitlines())
        parts.append(f"## colorzoo {verb}".rstrip() + f"\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def test_the_command_line_reference_is_current():
    assert (ROOT / "docs" / "cli.md").read_text() == reference(), "run: make docs"


def test_every_hook_is_in_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in vars(hooks):
        if name.startswith("register_"):
            assert f"`{name}`" in text


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/faces.md", "CONTRIBUTING.md"])
def test_links_and_pictures_exist(name):
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"", path.read_text()):
        link = "".join(target)
        if not link.startswith("http"):
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("plugin", registry().names("colorizer"))
def test_model_cards_are_those_of_their_weights(plugin):
    for name in catalog.embedded(plugin):
        folder = catalog.find(plugin, name)
        assert (folder / "README.md").read_text() == card(read_info(folder))


def test_the_readme_names_only_verbs_and_plugins_there_are():
    text = (ROOT / "README.md").read_text()
    verbs = {verb.split()[0] for verb in VERBS if verb}
    for line in re.findall(r"^ *(?:\$ )?colorzoo ([^\n]+)$", text, re.M):
        words = line.split()
        assert words[0] in verbs, line
        if words[0] in ("run", "train"):
            assert words[1] in registry().names("colorizer"), line


def test_the_results_in_the_text_are_the_measured_ones():
    shown = re.search(r"<!-- results -->\n(.*?)<!-- end -->", (ROOT / "docs/faces.md").read_text(), re.S)
    assert shown
    assert shown[1].strip() == (ROOT / "docs/results/faces.md").read_text().strip(), "run: make docs"


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S)


def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(made_picture(0)).save("photo.jpg")
    api, plugin = blocks("README.md")
    names = {"gray": torch.rand(2, 1, 40, 30)}
    exec(api, names)
    assert len(names["pictures"]) == 5
    assert names["colored"].shape == (2, 5, 3, 40, 30)

    module = types.ModuleType("my_package")
    exec(plugin, vars(module))
    monkeypatch.setitem(sys.modules, "my_package", module)
    found = load_plugins([EntryPoint("sepia", "my_package", "colorzoo")], {})
    sepia = found.find("colorizer", "sepia").load()()
    assert sepia(names["gray"], samples=2).shape == (2, 2, 3, 40, 30)


if __name__ == "__main__":
    (ROOT / "docs" / "cli.md").write_text(reference())
    faces = ROOT / "docs" / "faces.md"
    table = (ROOT / "docs" / "results" / "faces.md").read_text().strip()
    text = re.sub(
        r"<!-- results -->.*?<!-- end -->",
        lambda _: f"<!-- results -->\n\n{table}\n\n<!-- end -->",
        faces.read_text(),
        flags=re.S,
    )
    faces.write_text(text)
