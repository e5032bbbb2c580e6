"""What a user does: weights as a folder, run, hints, push and pull."""

import importlib.util
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
    """Run the command line; by the repository's forking server where its tests are at hand."""
    forking = of_the_repository("tests/command_line.py")

    def alone(words, folder, env):
        command = [sys.executable, "-m", "colorzoo", *words]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)

    def run(*words, **more):
        done = start(words, folder, {**os.environ, "OMP_NUM_THREADS": "1", **more})
        assert done.returncode == 0, done.stderr
        return done.stdout

    with forking.CommandLine() if forking else nullcontext() as server:
        start = server.run if server else alone
        yield run


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


def test_weights_go_to_the_hub_and_come_back(zoo, folder, plain, tmp_path):
    servers = of_the_repository("tests/servers/hub.py")
    if servers is None:
        pytest.skip("the repository's tests, which have a small Hub, are not at hand")
    hub = servers.SmallHub(tmp_path / "hub")
    env = {
        "HF_ENDPOINT": hub.address, "HF_TOKEN": servers.TOKEN, "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(tmp_path / "hf"), "COLORZOO_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }  # fmt: skip
    try:
        zoo("push", "weights", "me/zhang", **env)
        zoo("run", "siggraph17", *SMALL, "--weights", "me/zhang", "-o", "pulled", **env)
    finally:
        hub.close()
    np.testing.assert_array_equal(result(folder / "pulled"), plain)
