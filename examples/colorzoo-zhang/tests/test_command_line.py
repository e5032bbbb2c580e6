"""What a user does: weights as a folder, run, hints, push and pull."""

import contextlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.testing import synthetic_picture

ROOT = Path(__file__).parents[3]


def of_the_repository(file):
    """Return a module of the repository's tests, which a copy of this package alone does not have."""
    if not (ROOT / file).is_file():
        return None
    spec = importlib.util.spec_from_file_location(Path(file).stem, ROOT / file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zhang")
    (folder / "pictures").mkdir()
    Image.fromarray(synthetic_picture(0, 60, 90)).save(folder / "pictures/photo.png")
    return folder


@pytest.fixture(scope="module")
def zoo(folder):
    """Run a command of colorzoo in the folder, in this process: torch is imported once."""

    def run(*words):
        with contextlib.chdir(folder):
            result = CliRunner().invoke(build(), words)
        assert result.exit_code == 0, result.output

    return run


SMALL = ("pictures", "--no-sheet", "-O", "input_size=32")


@pytest.fixture(scope="module")
def plain(zoo, folder):
    """The result of random weights."""
    zoo("weights", "new", "siggraph17", "--set", "width=4", "-o", "weights")
    zoo("run", "siggraph17", *SMALL, "--weights", "weights", "-o", "plain")
    return result(folder / "plain")


def result(folder):
    """Return the one coloured picture of a folder."""
    (path,) = folder.glob("*.png")
    return np.asarray(Image.open(path), int)


def test_a_hint_has_its_colour(zoo, folder, plain):
    zoo("run", "siggraph17", *SMALL, "--weights", "weights", "--hint", "50%,50%=#c03020", "-o", "hinted")
    hinted = result(folder / "hinted")
    assert hinted.shape == plain.shape == (60, 90, 3)
    red, blue = 0, 2
    assert hinted[30, 45, red] - hinted[30, 45, blue] > plain[30, 45, red] - plain[30, 45, blue] + 20


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # of the Hub's client, in it
def test_weights_go_to_the_hub_and_come_back(zoo, folder, plain, tmp_path, monkeypatch):
    module = of_the_repository("tests/servers/hub.py")
    if module is None:
        pytest.skip("the repository's tests, which have a small Hub, are not at hand")
    server = module.SmallHub(tmp_path / "hub")
    server.become_the_hub(monkeypatch, tmp_path)
    try:
        zoo("push", "weights", "me/zhang")
        zoo("run", "siggraph17", *SMALL, "--weights", "me/zhang", "-o", "pulled")
    finally:
        server.close()
    np.testing.assert_array_equal(result(folder / "pulled"), plain)
