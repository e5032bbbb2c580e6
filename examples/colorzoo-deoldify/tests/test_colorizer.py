"""The contract of colorzoo, the command line and the catalogue."""

import importlib.util
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from colorzoo_deoldify.config import VARIANTS, DeOldifyConfig, DeOldifyOptions
from colorzoo_deoldify.model import DeOldify
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core.config import validate
from colorzoo.testing import ColorizerContract, synthetic_picture

HUB = Path(__file__).parents[3] / "tests" / "servers" / "hub.py"


class TestDeOldify(ColorizerContract):
    plugin = "deoldify"
    config = {"width": 8}
    options = {"render_factor": 2}


@pytest.fixture
def folder(tmp_path):
    """A folder with a small picture of odd sides."""
    Image.fromarray(synthetic_picture(0, 67, 91)).save(tmp_path / "photo.png")
    return tmp_path


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Let the Hub of the repository's tests, on loopback, be the Hub."""
    if not HUB.is_file():
        pytest.skip(f"no {HUB}: the Hub of the repository's tests")
    spec = importlib.util.spec_from_file_location("small_hub", HUB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.SmallHub(tmp_path / "hub")
    server.become_the_hub(monkeypatch, tmp_path)
    yield
    server.close()


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # of the Hub's client, in it
@pytest.mark.usefixtures("hub")
def test_it_runs_follows_hints_and_is_exchanged(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for words in (
        "weights new deoldify --set width=8 -o weights",
        "run deoldify photo.png --weights weights -O render_factor=2 -o out",
        "run deoldify photo.png --weights weights -O render_factor=2 --hint 50%,50%=#c03020 -o hinted",
        "push weights me/deoldify",
        "pull me/deoldify",
        "run deoldify photo.png --weights me/deoldify -O render_factor=2 -o pulled",
    ):
        result = CliRunner().invoke(build(), words.split())
        assert result.exit_code == 0, result.output
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
