"""The contract of colorzoo, the command line and the catalogue."""

import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from colorzoo_deoldify.config import VARIANTS, DeOldifyConfig, DeOldifyOptions
from colorzoo_deoldify.model import DeOldify
from PIL import Image

from colorzoo.core.config import validate
from colorzoo.testing import ColorizerContract, synthetic_picture

HUB = Path(__file__).parents[3] / "tests" / "servers" / "hub.py"
SCRIPT = """
import json, sys
from colorzoo.cli import app
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    try:
        status = app.main()
    except SystemExit as end:
        status = end.code
    if status:
        sys.exit(f"{words}: {status}")
"""
"""Several commands in one process, which imports torch once."""


class TestDeOldify(ColorizerContract):
    plugin = "deoldify"
    config = {"width": 8}
    options = {"render_factor": 2}


def zoo(folder, *commands, **environment):
    """Run commands of colorzoo in a folder."""
    command = [sys.executable, "-c", SCRIPT, json.dumps([words.split() for words in commands])]
    env = {**os.environ, "COLORZOO_CACHE": str(folder / "cache"), **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(tmp_path):
    """A folder with a small picture of odd sides."""
    Image.fromarray(synthetic_picture(0, 67, 91)).save(tmp_path / "photo.png")
    return tmp_path


@pytest.fixture
def hub(tmp_path):
    """The Hub of the repository's tests, on loopback, as environment variables of the Hub's client."""
    if not HUB.is_file():
        pytest.skip(f"no {HUB}: the Hub of the repository's tests")
    spec = importlib.util.spec_from_file_location("small_hub", HUB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.SmallHub(tmp_path / "hub")
    yield {
        "HF_ENDPOINT": server.address, "HF_TOKEN": module.TOKEN, "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf"),
    }  # fmt: skip
    server.close()


def test_it_runs_follows_hints_and_is_exchanged(folder, hub):
    zoo(
        folder,
        "weights new deoldify --set width=8 -o weights",
        "run deoldify photo.png --weights weights -O render_factor=2 -o out",
        "run deoldify photo.png --weights weights -O render_factor=2 --hint 50%,50%=#c03020 -o hinted",
        "push weights me/deoldify",
        "pull me/deoldify",
        "run deoldify photo.png --weights me/deoldify -O render_factor=2 -o pulled",
        **hub,
    )
    plain, hinted, pulled = (
        np.asarray(Image.open(next((folder / out).glob("*.png"))), int)
        for out in ("out", "hinted", "pulled")
    )
    gray = np.asarray(Image.open(folder / "photo.png").convert("L"), int)
    assert plain.shape == (67, 91, 3)
    assert np.abs(plain @ [0.299, 0.587, 0.114] - gray).max() <= 2
    assert hinted[33, 45, 0] - hinted[33, 45, 2] > plain[33, 45, 0] - plain[33, 45, 2]
    assert np.array_equal(plain, pulled)


def test_the_working_size_is_as_published():
    for variant, side in (("artistic", 560), ("stable", 560), ("video", 336)):
        assert 16 * VARIANTS[variant].render_factor == side
        with torch.device("meta"):
            model = DeOldify(DeOldifyConfig(variant=variant, width=8))
        assert model.working_size((101, 67), DeOldifyOptions()) == (side, side)
        assert model.working_size((101, 67), DeOldifyOptions(render_factor=10)) == (160, 160)


def test_the_catalogue_names_the_published_files():
    entries = tomllib.loads(files("colorzoo_deoldify").joinpath("weights.toml").read_text())["weights"]
    assert [entry["name"] for entry in entries] == list(VARIANTS)
    for entry in entries:
        config = validate(DeOldifyConfig, entry["config"], "weights.toml")
        assert (entry["plugin"], entry["license"], config.variant) == ("deoldify", "mit", entry["name"])
        assert entry["file"] == f"Colorize{entry['name'].title()}_gen.pth"
        assert len(entry["sha256"]) == 64
        assert entry["size"] > 2e8
