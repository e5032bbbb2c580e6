"""Who names no colorizer gets one that suits the pictures, and is told what they were taken for."""

import shutil
from pathlib import Path

import pytest

from colorzoo.jobs.picture_domain import look
from colorzoo.jobs.run_request import RunRequest

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.png"


def test_the_pictures_choose_the_colorizer(tmp_path):
    for number in range(3):
        shutil.copy(EXAMPLE, tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_bytes(b"no picture")
    request = RunRequest([str(tmp_path)])
    assert str(request.domain).startswith("mostly a portrait (")
    assert not request.names_a_colorizer
    assert request.model.name == "vae-mdn"


def test_one_picture_is_what_it_is():
    assert str(look([EXAMPLE])) == "a portrait"


@pytest.mark.parametrize("words", [["-"], ["broken.png"]])
def test_what_was_not_seen_is_not_claimed(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("broken.png").write_bytes(b"no picture")
    assert str(RunRequest(words, out="-").domain) == "taken for an everyday photo unseen"
