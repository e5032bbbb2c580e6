"""A run over files: goes on, names what failed, mixes nothing up, leaves nothing behind."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from colorzoo.cli.run_command import _report
from colorzoo.core import Colorizer
from colorzoo.core.errors import DataError, ImageError
from colorzoo.jobs.inputs import _distinct, gather
from colorzoo.jobs.run import LOCK, RunResult, run
from colorzoo.testing import synthetic_picture


class Tint(Colorizer):
    """Fails at square pictures, and is interrupted at a grey of 7."""

    def colorize(self, gray, options):
        if gray.shape[-1] == gray.shape[-2]:
            return gray[:, None].expand(-1, options.samples, 3, -1, -1) * torch.nan
        if (gray * 255).round().eq(7).all():
            os.kill(os.getpid(), signal.SIGINT)  # the user's own: one that code raises ends nothing
        return gray[:, None].expand(-1, options.samples, 3, -1, -1)


def files(folder, **images):
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")
    return [(folder / f"{name}.png", Path(f"{name}.png")) for name in images]


def tint(folder, pictures, **options):
    given = {"samples": 1, "seed": 0}
    return run("tint", Tint(), pictures, folder / "out", options=given, **options)


def names(folder):
    return sorted(path.name for path in (folder / "out").iterdir())


def test_a_run_goes_on_past_everything(tmp_path):
    long = "x" * 245
    pictures = files(
        tmp_path, square=synthetic_picture(0, 30, 30), wide=np.zeros((1, 16_384, 3), np.uint8),
        good=synthetic_picture(1), **{long: synthetic_picture(2)},
    )  # fmt: skip
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    pictures.append((tmp_path / "bad.png", Path("bad.png")))
    result = tint(tmp_path, pictures, format="webp")
    assert names(tmp_path) == ["good-tint-1.webp", "tint-sheet.png"]
    assert (result.done, result.total) == (1, 5)
    square, wide, stem, bad = result.failure_lines()
    assert "square.png: Tint.colorize returned values from nan" in square
    assert "wide.png: 16384x1 pixels are too large for webp" in wide
    assert stem.endswith("File name too long")
    assert "bad.png: damaged picture" in bad


def test_no_sheet_where_nothing_was_coloured(tmp_path):
    result = tint(tmp_path, files(tmp_path, a=synthetic_picture(0, 9, 9), b=synthetic_picture(1, 9, 9)))
    assert result.sheet is None
    assert len(result.failures) == 2
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_says_what_is_done_and_shows_it(tmp_path):
    stop = np.full((8, 9, 3), 7, np.uint8)
    pictures = files(
        tmp_path, a=synthetic_picture(0), b=synthetic_picture(1), c=stop, d=synthetic_picture(2)
    )
    result = tint(tmp_path, pictures)
    assert result.interrupted
    assert (result.done, result.total) == (2, 4)
    assert names(tmp_path) == ["a-tint-1.png", "b-tint-1.png", "tint-sheet.png"]


def test_the_same_note_is_told_once(tmp_path):
    for name in "abc":
        rgba = np.dstack([synthetic_picture(0), synthetic_picture(1)[..., :1]])
        Image.fromarray(rgba).save(tmp_path / f"{name}.png")
    pictures = [(tmp_path / f"{name}.png", Path(f"{name}.png")) for name in "abc"]
    (note,) = tint(tmp_path, pictures, format="jpg").note_lines()
    assert note.startswith("3 pictures, the first ")
    assert "a.png: its transparency is dropped" in note


def test_a_second_run_in_the_folder_is_refused(tmp_path):
    pictures = files(tmp_path, a=synthetic_picture(0))
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / LOCK), pytest.raises(DataError, match="another `colorzoo run`"):
        tint(tmp_path, pictures)
    tint(tmp_path, pictures)
    assert names(tmp_path) == ["a-tint-1.png", "a-tint-sheet.png"]


def test_half_written_results_are_swept_and_nothing_else(tmp_path):
    (tmp_path / "out" / "sub").mkdir(parents=True)
    for name in (".a-tint-1.png.abcd1234.part", "sub/.b-tint-sheet.png.abcd_234.part", ".film.part"):
        (tmp_path / "out" / name).write_bytes(b"half")
    image = files(tmp_path, a=synthetic_picture(0))[0][0]
    tint(tmp_path, [(image, Path("sub/a.png"))])
    assert names(tmp_path) == [".film.part", "a-tint-sheet.png", "sub"]
    assert [path.name for path in (tmp_path / "out" / "sub").iterdir()] == ["a-tint-1.png"]


NAMES = st.lists(
    st.tuples(st.sampled_from(["a", "A", "a~2", "A~2", "a~3", "é", "É", "e\u0301", "x/a", "X/a", "ß"]),
              st.sampled_from([".jpg", ".JPG", ".jpeg", ".png"])), max_size=12,
)  # fmt: skip


@given(NAMES)
@settings(deadline=None)
def test_results_never_overwrite_each_other(chosen):
    targets = [Path(stem + suffix) for stem, suffix in chosen]
    distinct = [target for _, target in _distinct([(target, target) for target in targets])]
    assert len(distinct) == len(targets)
    assert len({str(target.with_suffix("")).casefold() for target in distinct}) == len(targets)
    assert [target.suffix for target in distinct] == [target.suffix for target in targets]
    assert [target.parent for target in distinct] == [target.parent for target in targets]


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(ImageError, match="no name of a file"):
        gather([name])


def test_a_failure_of_an_odd_name_is_one_printable_line(tmp_path):
    odd = tmp_path / os.fsdecode(b"line\nbreak\xff.png")
    odd.write_bytes(b"no picture")
    pictures = [*files(tmp_path, a=synthetic_picture(0)), (odd, Path(odd.name))]
    (line,) = tint(tmp_path, pictures).failure_lines()
    assert "\n" not in line
    line.encode()


def test_how_a_run_ends(capsys):
    failed = (Path("a.png"), ImageError("a.png: damaged picture"))
    with pytest.raises(typer.Exit) as ended:
        _report(RunResult(24, done=20, interrupted=True), 4)
    assert ended.value.exit_code == 130
    assert capsys.readouterr().out == "interrupted: 20 of 24 done, seed 4\n"
    with pytest.raises(typer.Exit) as ended:
        _report(RunResult(2, failures=[failed, failed]), 4)
    assert ended.value.exit_code == 1
    assert "contact sheet" not in capsys.readouterr().out
    with pytest.raises(ImageError):
        _report(RunResult(1, failures=[failed]), 4)
