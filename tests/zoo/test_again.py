"""Results made again from their record: the same bytes, or a line that says what has changed."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import ConfigError, DataError, WeightsError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_again import run_again
from colorzoo.jobs.run_guidance import GuidanceRequest
from colorzoo.jobs.run_one import run_one
from colorzoo.testing import synthetic_picture


class Tinting(Colorizer):
    """A colour drawn by the seed, one a sample."""

    deterministic = False

    def colorize(self, gray, options):
        import torch

        generator = torch.Generator().manual_seed(options.seed)
        tint = torch.rand(1, options.samples, 3, 1, 1, generator=generator)
        return gray[:, None].expand(-1, options.samples, 3, -1, -1) * tint


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A picture coloured twice under two hints of which one lies beside it, and the record."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(synthetic_picture(0, 30, 40)).save("photo.png")
    (tmp_path / "photo.hints.json").write_text('[{"x": 5, "y": 5, "color": "#c02020"}]')
    asked = GuidanceRequest(hints=("20,10=#2040c0",), strength=1.2)
    options = {"samples": 2, "seed": None}
    run(Tinting(), [(tmp_path / "photo.png", tmp_path.__class__("photo.png"))], tmp_path / "out",
        RunSettings("tinting", options, sheet=False, guidance=asked))  # fmt: skip
    return tmp_path / "out" / "colorized.jsonl"


def load(name, weights):
    assert (name, weights) == ("tinting", None)
    return Tinting()


def failure(record, out="again"):
    result = run_again(record, out, load)
    ((_, error),) = result.failures
    assert result.done == 0
    return error


def test_the_results_are_the_same_bytes_with_a_record_of_their_own(made, tmp_path):
    assert run_again(made, "again", load).done == 1
    names = sorted(path.name for path in made.parent.glob("*.png"))
    assert names  # one, where hints leave both samples alike
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (made.parent / name).read_bytes()
    shutil.rmtree(made.parent)
    assert run_again(tmp_path / "again" / "colorized.jsonl", "third", load).done == 1


def test_a_result_that_is_there_is_replaced_only_if_asked(made):
    error = failure(made, "out")
    assert isinstance(error, ConfigError)
    assert "--overwrite" in str(error)
    assert run_again(made, "out", load, overwrite=True).done == 1


def changed(tmp_path):
    pixels = np.zeros((30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")


CHANGES = {
    "photo.png: no such file": lambda folder: (folder / "photo.png").unlink(),
    "photo.png: has another content": changed,
    "photo.hints.json: no such file": lambda folder: (folder / "photo.hints.json").unlink(),
    "photo.hints.json: has another content": lambda folder: (folder / "photo.hints.json").write_text("[]"),
    "photo.hints.png: was not there": lambda folder: shutil.copy(
        folder / "photo.png", folder / "photo.hints.png"
    ),
}


@pytest.mark.parametrize("said", CHANGES)
def test_what_has_changed_is_one_line_and_nothing_is_written(made, tmp_path, said):
    CHANGES[said](tmp_path)
    error = failure(made)
    assert isinstance(error, DataError)
    assert said in str(error)
    assert "\n" not in str(error)
    assert not (tmp_path / "again").exists()


def test_other_weights_are_refused(made):
    row = json.loads(made.read_text())
    made.write_text(json.dumps({**row, "weights_sha256": "ab" * 32}) + "\n")
    error = failure(made)
    assert isinstance(error, WeightsError)
    assert "expected abababababab" in str(error)


LOST = {
    "palette.json of then is gone": {"table_sha256": "cd" * 32},
    "standard input, which no record keeps": {"picture": "-"},
}


@pytest.mark.parametrize("said", LOST)
def test_what_a_record_does_not_hold_is_said(made, tmp_path, said):
    row = json.loads(made.read_text())
    made.write_text(json.dumps({**row, **LOST[said]}) + "\n")
    assert said in str(failure(made))
    assert not (tmp_path / "again").exists()


def test_a_name_that_leads_out_of_the_folder_is_refused(made, tmp_path):
    row = json.loads(made.read_text())
    made.write_text(json.dumps({**row, "files": ["../photo.png", "../b.png"]}) + "\n")
    before = (tmp_path / "photo.png").read_bytes()
    assert isinstance(failure(made), DataError)
    assert (tmp_path / "photo.png").read_bytes() == before


def test_one_file_has_its_record_beside_it_and_is_made_again(made, tmp_path):
    settings = RunSettings("tinting", {"samples": 1, "seed": None})
    (tmp_path / "one").mkdir()
    run_one(Tinting(), "photo.png", "one/result.png", settings)
    assert run_again(tmp_path / "one" / "colorized.jsonl", "again", load).done == 1
    pair = [(tmp_path / folder / "result.png").read_bytes() for folder in ("one", "again")]
    assert pair[0] == pair[1]


def test_no_record_and_no_folder_are_refused(made, tmp_path):
    with pytest.raises(ConfigError, match="no record of results"):
        run_again(tmp_path / "absent.jsonl", "again", load)
    with pytest.raises(ConfigError, match="to a folder"):
        run_again(made, "again.png", load)


@pytest.mark.slow
def test_the_command_makes_results_again_and_refuses_what_the_record_says(cli, tmp_path):
    Image.fromarray(synthetic_picture(0, 40, 40)).save(tmp_path / "photo.png")
    cli("run", "unet", "photo.png", "--strength", "1.3", "--no-sheet")
    record = "colorized/colorized.jsonl"
    assert "1 of 1 made again" in cli("run", "--again", record, "-o", "anew").stdout
    pair = [(tmp_path / folder / "photo-unet-1.png").read_bytes() for folder in ("colorized", "anew")]
    assert pair[0] == pair[1]
    assert "leave out strength" in cli("run", "--again", record, "--strength", "1", code=2).stderr
    assert "no picture named" in cli("run", code=2).stderr
