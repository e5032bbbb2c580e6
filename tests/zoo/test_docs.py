"""Documents that cannot go stale. `python -m tests.zoo.test_docs` writes their generated parts anew."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

import colorzoo
from bench import deshpande
from colorzoo.cli.app import build
from colorzoo.core import hooks
from colorzoo.core.compare.results import read_results
from colorzoo.core.registry import load_plugins, registry
from colorzoo.core.weights import unpickling
from colorzoo.core.weights.folder import read_info
from colorzoo.hub import catalog
from colorzoo.hub.card import card
from colorzoo.jobs.models import split_model
from colorzoo.report import markdown
from colorzoo.testing import synthetic_picture
from tests import benchmarks, leaderboard_page, picture_files, rooms
from tests.zoo import test_surface

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/*.md",
        "docs/leaderboard/*.md",
        "docs/plugins/*.md",
        "examples/*.md",
        "examples/*/*.md",
        "plugins/*/*.md",
    )
    for path in sorted(ROOT.glob(pattern))
]


def verbs(command: Any, words: tuple[str, ...] = ()) -> list[str]:
    """Return all verbs of the command line, those of plugins among them, each group before its own."""
    inner = getattr(command, "commands", {})
    return [" ".join(words), *(verb for name in inner for verb in verbs(inner[name], (*words, name)))]


VERBS = verbs(get_command(build()))


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


def test_the_reference_has_every_verb():
    assert {"data sites", "data crawl", "data prepare", "plugins check", "doctor", "run"} <= set(VERBS)


def test_every_hook_is_in_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in vars(hooks):
        if name.startswith("register_"):
            assert f"`{name}`" in text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_pictures_exist(name):
    path = ROOT / name
    prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"", prose):
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
        if words[0] == "run":
            assert split_model(words[1:3])[1], line
        if words[0] == "train":
            assert words[1] in registry().names("colorizer"), line


def test_the_page_of_protocols_is_current():
    assert benchmarks.PAGE.read_text() == benchmarks.page(), "run: make docs"


def with_results(text: str) -> str:
    """Return a document with the tables of docs/results in the places marked for them."""
    marked = re.compile(r"<!-- results (\w+) -->.*?<!-- end -->", re.S)

    def table(place: re.Match[str]) -> str:
        found = (ROOT / "docs" / "results" / f"{place[1]}.md").read_text().strip()
        return f"<!-- results {place[1]} -->\n\n{found}\n\n<!-- end -->"

    kinds = f"<!-- files -->\n\n{picture_files.table()}\n\n<!-- end -->"
    text = re.sub(r"<!-- files -->.*?<!-- end -->", lambda place: kinds, text, flags=re.S)
    return marked.sub(table, text)


def tables() -> dict[Path, str]:
    """Return the tables that results of comparisons come to, by where they belong."""
    found = {deshpande.TABLE: deshpande.table(read_results(deshpande.RESULTS))}
    for path in sorted((ROOT / "docs" / "results").glob("*.json")):
        if path.read_text(errors="replace").startswith('{"format":"colorzoo results'):
            found[path.with_suffix(".md")] = markdown.table(read_results(path))
    return found


def test_the_tables_of_comparisons_are_those_of_their_results():
    for path, text in tables().items():
        assert path.read_text() == text, f"{path}: run make docs"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_results_in_the_text_are_the_measured_ones(name):
    text = (ROOT / name).read_text()
    assert text == with_results(text), "run: make docs"


def test_every_result_is_shown_somewhere():
    shown = "".join((ROOT / name).read_text() for name in DOCUMENTS)
    for path in (ROOT / "docs" / "results").glob("*.md"):
        assert f"<!-- results {path.stem} -->" in shown, path.name


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S)


def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(synthetic_picture(0)).save("photo.jpg")
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


def test_the_page_on_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(synthetic_picture(0, 120, 110)).save("photo.jpg")
    names = {}
    for block in blocks("docs/python.md"):
        if "push_to_hub" not in block:  # which tests/zoo/test_hub.py runs beside a Hub
            exec(block, names)
    for name in ("coloured.png", "coloured/second.png"):
        assert colorzoo.read(name).rgb.shape == (120, 110, 3)
    assert names["pictures"]._repr_png_().startswith(b"\x89PNG")
    assert names["colored"].shape == (1, 2, 3, 120, 110)
    assert "expected 0 to 1; divide by 255" in capsys.readouterr().out
    assert torch.equal(
        names["same"](names["gray"][None], seed=1), names["model"](names["gray"][None], seed=1)
    )


def test_every_public_function_has_an_example_that_is_run():
    run = "".join([blocks("README.md")[0], *blocks("docs/python.md")])
    functions = [name for name in colorzoo.__all__ if inspect.isfunction(getattr(colorzoo, name))]
    assert len(functions) >= 9
    assert [name for name in functions if f"colorzoo.{name}(" not in run] == []


@pytest.mark.slow
def test_the_python_of_comparing_runs(tmp_path, pictures):
    (script,) = blocks("docs/comparing.md")
    for path in pictures.glob("*/*[3-9].png"):
        path.unlink()
    (tmp_path / "script.py").write_text("if __name__ == '__main__':\n" + textwrap.indent(script, "    "))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"vae-mdn", "unet", "grey"} <= {line.split()[0] for line in done.stdout.splitlines()}


def test_the_catalogue_of_the_hub_page_is_one():
    texts = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "hub.md").read_text(), re.S)
    for text, is_published in zip(texts, (False, True), strict=True):
        text = re.sub("of (model.safetensors|net.pth)", "a" * 64, text).replace("the full commit", "b" * 40)
        (entry,) = tomllib.loads(text)["weights"]
        checked = catalog.CatalogEntry.model_validate(entry)
        assert (checked.plugin, checked.is_published) == ("sepia", is_published)


def test_the_keys_that_tensors_come_out_of_are_those_of_the_hub_page():
    text = (ROOT / "docs" / "hub.md").read_text()
    (listed,) = re.findall(r"come out of any of these keys.*?: (.*?)\. `module\.`", text, re.S)
    assert tuple(re.findall(r"`(\w+)`", listed)) == unpickling.WRAPPERS


MEASUREMENTS = sorted(
    {
        line.split("[")[0].strip()
        for path in [*(ROOT / name for name in DOCUMENTS), *ROOT.glob("bench/*.py")]
        for line in re.findall(r"python -m (bench\..*)", path.read_text())
    }
)


@pytest.mark.parametrize("line", MEASUREMENTS)
def test_every_measurement_starts_as_it_is_written(line, command_line):
    module, *words = shlex.split(line)
    done = command_line.run(["--help"], ROOT, os.environ, module=module)
    assert done.returncode == 0, done.stderr
    assert {word for word in words if word.startswith("-")} <= set(re.findall(r"-[\w-]+", done.stdout))


def test_every_block_of_code_is_one_that_the_tests_run():
    known = {
        "README.md",
        "docs/comparing.md",
        "docs/crawling.md",
        "docs/folders.md",
        "docs/guiding.md",
        "docs/hub.md",
        "docs/python.md",
        "docs/plugins/tutorial.md",
        "docs/serving.md",
        "docs/video.md",
    }
    written = {"docs/plugins/api.md", "docs/plugins/hooks.md"}
    found = {name for name in DOCUMENTS if re.search(r"^```[a-z]", (ROOT / name).read_text(), re.M)}
    assert found <= known | written


if __name__ == "__main__":
    (ROOT / "docs" / "cli.md").write_text(reference())
    test_surface.write()
    rooms.write()
    benchmarks.write()
    leaderboard_page.write()
    for path, text in tables().items():
        path.write_text(text)
    for name in DOCUMENTS:
        (ROOT / name).write_text(with_results((ROOT / name).read_text()))
