"""A run over files: goes on, names what failed, mixes nothing up, leaves nothing behind."""

import json
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

from colorzoo.cli.run_command import _end
from colorzoo.core import Colorizer
from colorzoo.core.errors import ConfigError, DataError, ImageError, UnknownNameError
from colorzoo.jobs.inputs import distinct, gather
from colorzoo.jobs.models import split_model
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_folder import LOCK
from colorzoo.jobs.run_manifest import MANIFEST
from colorzoo.jobs.run_result import RunResult
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


def tint(folder, pictures, **settings):
    options = {"samples": 1, "seed": 0}
    return run(Tint(), pictures, folder / "out", RunSettings("tint", options, **settings))


def names(folder):
    """Return the names of results; both records are beside them."""
    return sorted(path.name for path in (folder / "out").iterdir() if path.suffix != ".jsonl")


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
    assert result.sheets == []
    assert len(result.failures) == 2
    assert names(tmp_path) == []


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
    unique = [target for _, target in distinct([(target, target) for target in targets])]
    assert len(unique) == len(targets)
    assert len({str(target.with_suffix("")).casefold() for target in unique}) == len(targets)
    assert [target.suffix for target in unique] == [target.suffix for target in targets]
    assert [target.parent for target in unique] == [target.parent for target in targets]


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


def test_how_a_run_ends():
    failed = (Path("a.png"), ImageError("a.png: damaged picture"))
    for result, status in (
        (RunResult(24, done=20, interrupted=True), 130),
        (RunResult(2, failures=[failed]), 1),
    ):
        with pytest.raises(typer.Exit) as ended:
            _end(result)
        assert ended.value.exit_code == status
    with pytest.raises(ImageError):
        _end(RunResult(1, failures=[failed]))
    _end(RunResult(1, done=1))


class Dice(Colorizer):
    """Draws a chroma, another one for every sample up to the third."""

    def colorize(self, gray, options):
        generator = torch.Generator().manual_seed(options.seed)
        drawn = torch.rand(3, 3, generator=generator)[: options.samples]
        drawn = torch.cat([drawn, drawn[-1:].expand(options.samples - len(drawn), -1)])
        return (gray[:, None] * drawn[None, :, :, None, None]).clamp(0, 1)


def dice(folder, pictures, *, samples=1, seed=None, **settings):
    options = {"samples": samples, "seed": seed}
    return run(Dice(), pictures, folder / "out", RunSettings("dice", options, **settings))


def test_what_is_done_is_not_done_again_and_other_options_get_another_name(tmp_path):
    pictures = files(tmp_path, a=synthetic_picture(0), b=synthetic_picture(1))
    first = dice(tmp_path, pictures)
    assert (first.done, first.before) == (2, 0)
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("*-1.png")}
    again = dice(tmp_path, pictures)
    assert (again.done, again.before, again.seed) == (0, 2, first.seed)
    assert again.files == first.files
    other = dice(tmp_path, pictures, samples=2, seed=7, given={"samples": 2, "seed": 7})
    assert other.done == 2
    assert [path.name for path in other.files[pictures[0][0]]] == [
        "a-dice-samples=2-seed=7-1.png", "a-dice-samples=2-seed=7-2.png",
    ]  # fmt: skip
    assert "dice-samples=2-seed=7-sheet.png" in names(tmp_path)
    assert {path: path.read_bytes() for path in before} == before


def test_a_changed_picture_is_coloured_again_beside_the_old_result(tmp_path):
    pictures = files(tmp_path, a=synthetic_picture(0))
    dice(tmp_path, pictures, seed=1)
    files(tmp_path, a=synthetic_picture(5))
    assert dice(tmp_path, pictures, seed=1).done == 1
    assert names(tmp_path) == ["a-dice-1.png", "a-dice-sheet.png", "a-dice~2-1.png", "a-dice~2-sheet.png"]


def test_overwriting_leaves_no_sample_of_before(tmp_path):
    pictures = files(tmp_path, a=synthetic_picture(0))
    dice(tmp_path, pictures, samples=3, seed=1)
    dice(tmp_path, pictures, seed=1, overwrite=True)
    assert names(tmp_path) == ["a-dice-1.png", "a-dice-sheet.png"]


def test_a_file_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a-dice-1.png").write_bytes(b"mine")
    dice(tmp_path, files(tmp_path, a=synthetic_picture(0)))
    assert (tmp_path / "out" / "a-dice-1.png").read_bytes() == b"mine"
    assert "a-dice~2-1.png" in names(tmp_path)


def test_equal_samples_are_written_once_and_said(tmp_path):
    result = dice(tmp_path, files(tmp_path, a=synthetic_picture(0)), samples=5)
    assert len(result.files[tmp_path / "a.png"]) == 3
    (note,) = result.note_lines()
    assert note.endswith("2 of its 5 samples equal others, and are written once")


def test_an_interrupted_run_goes_on(tmp_path):
    stop = np.full((8, 9, 3), 7, np.uint8)
    pictures = files(tmp_path, a=synthetic_picture(0), b=stop, c=synthetic_picture(2))
    assert tint(tmp_path, pictures).interrupted
    files(tmp_path, b=synthetic_picture(1))
    result = tint(tmp_path, pictures)
    assert (result.done, result.before, result.interrupted) == (2, 1, False)


@pytest.mark.parametrize("kill", range(4))
def test_what_a_kill_left_of_a_picture_is_made_anew_under_the_same_name(tmp_path, kill):
    pictures = files(tmp_path, a=synthetic_picture(0))
    dice(tmp_path, pictures, samples=3, seed=1)
    record = tmp_path / "out" / MANIFEST
    begun = json.dumps(
        {**json.loads(record.read_text().splitlines()[0]), "status": "begun"}, separators=(",", ":")
    )
    assert '"status":"begun"' in begun
    record.write_text(begun + "\n")
    for number in range(kill, 3):
        (tmp_path / "out" / f"a-dice-{number + 1}.png").unlink()
    assert dice(tmp_path, pictures, samples=3, seed=1).done == 1
    assert names(tmp_path) == ["a-dice-1.png", "a-dice-2.png", "a-dice-3.png", "a-dice-sheet.png"]


@pytest.mark.parametrize(
    ("count", "sheet", "pages"), [(25, None, 0), (25, True, 2), (24, None, 1), (1, False, 0)]
)
def test_sheets_have_pages_of_24(tmp_path, count, sheet, pages):
    pictures = files(
        tmp_path, **{f"p{number:02}": synthetic_picture(number, 20, 24) for number in range(count)}
    )
    result = tint(tmp_path, pictures, sheet=sheet, workers=1)
    assert [page.name for page in result.sheets] == ["tint-sheet.png", "tint-sheet-2.png"][:pages]


def test_a_run_never_colours_what_runs_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files(tmp_path, a=synthetic_picture(0), **{"odd \udcff%41": synthetic_picture(1)})
    gathered = gather(["."])
    assert len(gathered.files) == 2
    for _ in range(2):
        run(Tint(), gathered.files, tmp_path / "out", RunSettings("tint", {"samples": 1, "seed": 0}))
        gathered = gather(["."])
        assert len(gathered.files) == 2
        assert gathered.left_out() == ["3 left out: results of earlier runs"]
    with pytest.raises(ImageError, match="all of its pictures are results of earlier runs"):
        gather(["out"])
    assert len(gather(["out/a-tint-1.png"]).files) == 1  # who names one means it


def test_what_is_no_picture_is_counted_by_ending(tmp_path):
    files(tmp_path, a=synthetic_picture(0))
    Image.fromarray(synthetic_picture(1)).save(tmp_path / "b.gif")
    for name in ("c.doc", "d.DOC", "e.xyz", "noending", ".hidden.txt"):
        (tmp_path / name).write_bytes(b"x")
    gathered = gather([str(tmp_path)])
    assert len(gathered.files) == 2
    assert gathered.left_out() == ["4 left out: 2 doc, 1 xyz, 1 without ending"]


@pytest.mark.parametrize("address", ["https://x.org/a.png", "ftp://x.org/a.png", "file:///a.png"])
def test_an_address_is_not_read(address):
    with pytest.raises(ImageError, match="addresses are not read; download it first"):
        gather([address])


MEANT = {
    ("photo.jpg",): (None, ["photo.jpg"]),
    ("vae-mdn", "photo.jpg"): (("vae-mdn", None), ["photo.jpg"]),
    ("photo.jpg", "VAE-MDN"): (("vae-mdn", None), ["photo.jpg"]),
    ("CGAN:photos", "a.jpg", "b.jpg"): (("cgan", "photos"), ["a.jpg", "b.jpg"]),
    ("someone/colorizer@v1", "a.jpg"): (("someone/colorizer@v1", None), ["a.jpg"]),
    ("photos/a.jpg", "b.jpg"): (None, ["photos/a.jpg", "b.jpg"]),
    ("*.jpg", "cgan"): (("cgan", None), ["*.jpg"]),
    ("-",): (None, ["-"]),
    ("-", "unet"): (("unet", None), ["-"]),
}


@pytest.mark.parametrize("words", MEANT, ids=" ".join)
def test_which_word_is_the_colorizer(words):
    assert split_model(list(words)) == MEANT[words]


def test_a_word_that_is_neither_is_refused_with_what_it_could_be():
    with pytest.raises(
        UnknownNameError, match=r"did you mean vae-mdn\?; there are: cgan, one-page, unet, vae-mdn$"
    ):
        split_model(["vea-mdn", "photo.jpg"])
    with pytest.raises(ConfigError, match="no picture named"):
        split_model(["vae-mdn"])
