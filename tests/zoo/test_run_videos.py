"""Videos from the command line: coloured with sound, gone on with after a kill, and refused in one line."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from colorzoo.core.errors import ConfigError, DataError
from colorzoo.core.guidance.motion import flicker, motion_between
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.datasources.containers import video_segments
from colorzoo.datasources.containers.video import Video
from colorzoo.jobs.run import RunSettings
from colorzoo.jobs.run_books import run_books
from colorzoo.jobs.run_request import RunRequest
from colorzoo.jobs.video_options import seconds, video_options
from colorzoo.testing import synthetic_picture
from tests.core.inference.test_sequence import Restless
from tests.datasources.clips import clip, frames, packets

pytest.importorskip("av", reason="no PyAV; pip install 'colorzoo[video]'")
OPTIONS = {"samples": 1, "seed": 0}


def run(path, out, progress=lambda done, total: None, colorizer=None, **settings):
    files = [(path, path.relative_to(path.parent))]
    return run_books(
        colorizer or Restless(), files, out, RunSettings("restless", OPTIONS, **settings), progress
    )


def chromas(path):
    for frame in frames(path):
        rgb = torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1).float() / 255
        yield color.luma(rgb), color.chroma(rgb)


def flickering(path):
    pairs = pairwise(chromas(path))
    return np.mean([flicker(a[1], b[1], motion_between(a[0], b[0])) for a, b in pairs])


def test_frames_agree_and_the_sound_is_there(tmp_path):
    path = clip(tmp_path / "film.mp4", 10)
    result = run(path, tmp_path / "out")
    assert not result.failures
    assert str(result.pages[path]) == "10 frames coloured"
    (target,) = result.files[path]
    assert target.name == "film-restless.mp4"
    assert packets(target, "audio") == packets(path, "audio")
    alone = tmp_path / "alone.mp4"
    colored_alone(path, alone)
    assert flickering(target) < flickering(alone) / 3


def colored_alone(path, target):
    """Colour frame by frame."""
    colorizer = Restless()
    with Video(path) as video:
        video.write(
            target, (next(iter(colorize(colorizer, page.read(), OPTIONS))) for page in video.pages())
        )


def test_a_run_goes_on_after_a_kill_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(video_segments, "SEGMENT", 4)
    monkeypatch.setattr(Video, "part_length", 4)
    path = clip(tmp_path / "film.mp4", 14)
    whole = run(path, tmp_path / "whole").files[path][0]

    def killed(done, total):
        if done == 10:
            raise KeyboardInterrupt

    broken = run(path, tmp_path / "out", killed)
    assert broken.interrupted
    assert not list((tmp_path / "out").glob("*.mp4"))
    seen = []
    result = run(path, tmp_path / "out", lambda done, total: seen.append(done))
    assert seen[0] == 8
    assert str(result.pages[path]) == "14 frames coloured, 8 of them by an earlier run"
    assert result.files[path][0].read_bytes() == whole.read_bytes()
    assert not [one for one in (tmp_path / "out").iterdir() if one.is_dir()], "nothing is left of the parts"
    again = run(path, tmp_path / "out")
    assert (again.done, again.before) == (0, 1)


def test_a_damaged_film_leaves_nothing(tmp_path):
    parts = [
        clip(tmp_path / f"{n}.ts", 5, sound=False, size=size) for n, size in enumerate([(64, 48), (96, 80)])
    ]
    path = tmp_path / "changing.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    result = run(path, tmp_path / "out")
    assert "change from 64x48 to 96x80" in str(result.failures[0][1])
    assert [one.name for one in (tmp_path / "out").rglob("*")] == ["colorized.jsonl"]


def test_a_film_in_colour_is_coloured_when_asked(tmp_path):
    path = tmp_path / "film.mp4"
    with Video(clip(tmp_path / "grey.mp4", 6)) as video:
        video.write(path, (Picture(synthetic_picture(n, 48, 64)) for n in range(6)))
    ((_, error),) = run(path, tmp_path / "out").failures
    assert isinstance(error, DataError)
    assert "has colour already, 9 of 9 frames looked at; --recolor" in str(error)
    files = [(path, Path(path.name))]
    settings = RunSettings("restless", OPTIONS)
    assert run_books(Restless(), files, tmp_path / "out", settings, recolor=True).done == 1


def test_times_are_read_as_people_write_them():
    assert seconds("95.5", "--start") == 95.5
    assert seconds("1:35", "--start") == 95
    assert seconds("1:02:03", "--end") == 3723
    for wrong in ("", "soon", "-3", "1:2:3:4", "nan"):
        with pytest.raises(ConfigError, match="--end"):
            seconds(wrong, "--end")
    with pytest.raises(ConfigError, match="not behind"):
        video_options("5", "3")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"samples": 3}, "--samples 3"),
        ({"format": "jpg"}, "--format"),
        ({"sheet": True}, "--sheet"),
        ({"video": video_options(crf=20), "words": "01.png"}, "01.png is no video"),
        ({"video": video_options("9")}, "no part of film.mp4, which is 0.4"),
    ],
)
def test_what_is_not_meant_is_refused_in_one_line(tmp_path, pictures, options, said):
    path = clip(tmp_path / "film.mp4", 10)
    options = dict(options)
    word = pictures / options.pop("words") if "words" in options else path
    request = RunRequest(["grey", str(word)], str(tmp_path / "out"), **options)
    with pytest.raises(ConfigError, match=said) as caught:
        raise_first(request)
    assert "\n" not in str(caught.value)


def raise_first(request):
    raise request.run(Restless()).failures[0][1]


@pytest.mark.slow
def test_the_commands_of_the_document_work(cli, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "video.md").read_text()
    commands = [line.split()[2:] for line in text.splitlines() if line.startswith("$ colorzoo ")]
    assert len(commands) == 4
    (tmp_path / "films").mkdir()
    shutil.copy(clip(tmp_path / "film.mp4", 9), tmp_path / "films" / "other.mp4")
    done = [cli(*command).stdout for command in commands]
    assert "film.mp4: 9 frames coloured" in done[0]
    assert "film.mp4: 5 frames coloured" in done[1]
    assert len(frames(tmp_path / "small.mp4")) == 9
    assert [path.name for path in (tmp_path / "warm").glob("*.mp4")] == ["other-vae-mdn.mp4"]
