"""Pages and frames that agree, from the command line: written, gone on with, and refused."""

import json
import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import colorzoo
from colorzoo.core.errors import DataError
from colorzoo.core.guidance.motion import flicker, motion_between
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import read
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_again import run_again
from colorzoo.jobs.run_frames import sequences
from colorzoo.jobs.run_guidance import GuidanceRequest
from tests.core.guidance.test_motion import panned
from tests.core.inference.test_sequence import Restless

OPTIONS = {"samples": 1, "seed": 0}
CONSISTENT = RunSettings("restless", OPTIONS, guidance=GuidanceRequest(consistent=True))
FRAMES = RunSettings("restless", OPTIONS, frames=True)


def written(folder, count):
    """Write frames of a pan as 1.png and so on; return the files, and where their results go."""
    folder.mkdir()
    for number, frame in enumerate(panned()[:count], start=1):
        pixels = (255 * frame).round().byte().permute(1, 2, 0).contiguous().numpy()
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return [(path, Path(path.name)) for path in sorted(folder.iterdir())]


@pytest.fixture
def frames(tmp_path):
    return written(tmp_path / "frames", 12)


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """Four pages, the run that made them agree, its folder, and how often it asked the colorizer."""
    folder, counting = tmp_path_factory.mktemp("chapter"), Counting()
    pages = written(folder / "pages", 4)
    return pages, run(counting, pages, folder / "out", CONSISTENT), folder / "out", counting.called


def planes(path):
    rgb = torch.from_numpy(read(path).rgb.copy()).permute(2, 0, 1).float() / 255
    return color.luma(rgb), color.chroma(rgb)


def results(result):
    return {path.name: read(files[0]).rgb for path, files in result.files.items()}


def spread(result):
    """Return the deviation of the mean chroma of the results."""
    means = [planes(files[0])[1].mean((1, 2)) for files in result.files.values()]
    return float(torch.stack(means).std(0).max())


class Interrupting(Restless):
    """Is interrupted at the picture of a number."""

    def __init__(self, number):
        super().__init__()
        self.left = number

    def colorize(self, gray, options):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)
        return super().colorize(gray, options)


class Counting(Restless):
    called = 0

    def colorize(self, gray, options):
        self.called += 1
        return super().colorize(gray, options)


def test_pages_agree_and_the_table_is_kept(tmp_path, chapter):
    pages, agreeing, out, called = chapter
    alone = run(Restless(), pages, tmp_path / "alone", RunSettings("restless", OPTIONS))
    assert spread(agreeing) < 0.3 * spread(alone)
    assert called == 2 * len(pages)
    assert json.loads((out / "palette.json").read_text())["format"] == "colorzoo-chapter"
    counting = Counting()
    assert run(counting, pages, out, CONSISTENT).before == len(pages)
    assert counting.called == 0


def test_pages_go_on_with_the_same_table(tmp_path, chapter):
    pages, whole, *_ = chapter
    interrupted = run(Interrupting(7), pages, tmp_path / "out", CONSISTENT)
    assert interrupted.interrupted
    assert interrupted.done == 2
    counting = Counting()
    rest = run(counting, pages, tmp_path / "out", CONSISTENT)
    assert (rest.before, rest.done, counting.called) == (2, 2, 2)
    assert_equal(results(rest), results(whole))


def test_other_pages_make_another_table_beside_the_first(tmp_path, frames):
    run(Restless(), frames[:1], tmp_path / "out", CONSISTENT)
    first = (tmp_path / "out" / "palette.json").read_bytes()
    other = run(Restless(), frames[:2], tmp_path / "out", CONSISTENT)
    assert other.done == 2
    assert (tmp_path / "out" / "palette.json").read_bytes() == first
    assert (tmp_path / "out" / "palette~2.json").is_file()


def test_references_and_other_chapters_give_the_table(tmp_path, chapter):
    pages, _, out, _ = chapter
    for given in ({"references": (str(pages[0][0]),)}, {"palette": str(out / "palette.json")}):
        counting = Counting()
        request = GuidanceRequest(consistent=True, **given)
        settings = RunSettings("restless", OPTIONS, guidance=request)
        done = run(counting, pages[:2], tmp_path / min(given), settings)
        assert counting.called == 2
        assert done.done == 2
        assert request.digest != CONSISTENT.guidance.digest


def test_frames_agree_and_are_the_same_after_an_interrupt(tmp_path, frames):
    alone = run(Restless(), frames, tmp_path / "alone", RunSettings("restless", OPTIONS))
    whole = run(Restless(), frames, tmp_path / "whole", FRAMES)
    assert total_flicker(whole) < total_flicker(alone) / 2
    interrupted = run(Interrupting(6), frames, tmp_path / "out", FRAMES)
    assert (interrupted.done, interrupted.interrupted) == (5, True)
    rest = run(Restless(), frames, tmp_path / "out", FRAMES)
    assert (rest.before, rest.done) == (5, 7)
    assert_equal(results(rest), results(whole))
    counting = Counting()
    assert run(counting, frames, tmp_path / "out", FRAMES).before == 12
    assert counting.called == 0


def test_a_damaged_frame_fails_alone(tmp_path, frames):
    frames[2][0].write_bytes(b"no picture")
    done = run(Restless(), frames, tmp_path / "out", FRAMES)
    assert done.done == 11
    assert [path for path, _ in done.failures] == [frames[2][0]]


class Failing(Restless):
    def colorize(self, gray, options):
        if self.failing:
            self.failing = False
            raise ValueError("not this one")
        return super().colorize(gray, options)

    failing = True


def test_a_frame_that_cannot_be_coloured_fails_alone(tmp_path, frames):
    done = run(Failing(), frames, tmp_path / "out", FRAMES)
    assert done.done == 11
    assert [path.name for path, _ in done.failures] == ["1.png"]


def test_order_is_natural_and_by_folder():
    names = ["b/f10.png", "a/x1.png", "b/f2.png", "b/F1.png"]
    ordered = sequences([(Path(name), Path(name)) for name in names])
    assert [[str(path) for path, _ in several] for several in ordered] == [
        ["a/x1.png"], ["b/F1.png", "b/f2.png", "b/f10.png"],
    ]  # fmt: skip


def total_flicker(result):
    shown = [planes(result.files[path][0]) for path in sorted(result.files, key=lambda p: int(p.stem))]
    return sum(flicker(a, b, motion_between(y, z)) for (y, a), (z, b) in pairwise(shown))


def assert_equal(some, others):
    assert some.keys() == others.keys()
    assert all(np.array_equal(some[name], others[name]) for name in some)


@pytest.mark.slow
def test_the_command_line(cli, tmp_path):
    written(tmp_path / "frames", 3)
    done = cli("run", "vae-mdn", "frames", "-o", "steady", "--frames", "--seed", "1")
    assert "3 of 3 coloured" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "steady" / "colorized.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row.get("picture")]
    assert {Path(row["picture"]).stem for row in rows} == {"1", "2", "3"}
    assert all(row["frames"] for row in rows)
    cli("run", "vae-mdn", "frames", "-o", "pages", "--consistent")
    rows = map(json.loads, (tmp_path / "pages" / "colorized.jsonl").read_text().splitlines())
    row = next(row for row in rows if row.get("picture"))
    assert row["guidance"]["consistent"]
    assert len(row["table_sha256"]) == 64
    cli("run", "vae-mdn", "frames/1.png", "-o", "other", "--consistent", "--palette", "pages/palette.json")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--frames", "--consistent"])
def test_one_file_is_refused(cli, frames, tmp_path, option):
    done = cli("run", "grey", "frames/1.png", option, "-o", "one.png", code=2)
    assert f"{option} -o one.png: for several pictures; give a folder" in done.stderr
    assert not (tmp_path / "one.png").exists()


@pytest.mark.slow
def test_a_damaged_chapter_is_one_line(cli, frames, tmp_path):
    (tmp_path / "bad.json").write_text('{"format": "colorzoo-chapter", "version": 7}')
    done = cli("run", "grey", "frames", "--consistent", "--palette", "bad.json", "-o", "out", code=2)
    assert "bad.json" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_frames_are_made_again_from_their_record(tmp_path, frames):
    settings = RunSettings("restless", {"samples": 2, "seed": 3}, frames=True, sheet=False)
    run(Restless(), frames, tmp_path / "out", settings)
    record = tmp_path / "out" / "colorized.jsonl"
    again = run_again(record, str(tmp_path / "again"), lambda name, weights: Restless())
    assert (again.done, again.failures) == (len(frames), [])
    made = sorted(tmp_path.glob("out/*.png"))
    assert len(made) >= len(frames)
    assert all((tmp_path / "again" / file.name).read_bytes() == file.read_bytes() for file in made)
    (tmp_path / "frames" / "9.png").unlink()
    cut = run_again(record, str(tmp_path / "cut"), lambda name, weights: Restless())
    assert cut.done == 8
    reasons = {path.name: str(error) for path, error in cut.failures}
    assert reasons.keys() == {"9.png", "10.png", "11.png", "12.png"}
    assert "no such file" in reasons["9.png"]
    assert "agrees with" in reasons["10.png"]


def test_frames_in_memory_are_as_those_of_files(tmp_path, frames):
    files = [path for path, _ in sequences(frames)[0]]
    made = results(run(Restless(), frames, tmp_path / "out", FRAMES))
    yielded = list(colorzoo.colorize_many(Restless(), files, frames=True, **OPTIONS))
    pairs = zip(files, yielded, strict=True)
    assert all(np.array_equal(one[0].rgb, made[path.name]) for path, one in pairs)
    assert yielded[0][0].record.frames


def test_pages_in_memory_follow_the_table_of_a_chapter(chapter):
    pages, _, out, _ = chapter
    files = [path for path, _ in pages]
    alone, agreeing = (
        [one[0].rgb for one in colorzoo.colorize_many(Restless(), files, **given, **OPTIONS)]
        for given in ({}, {"consistent": out / "palette.json"})
    )
    means = [np.stack([rgb.mean((0, 1)) for rgb in several]).std(0).max() for several in (alone, agreeing)]
    assert means[1] < 0.5 * means[0]
    with pytest.raises(DataError, match=r"absent\.json"):
        next(colorzoo.colorize_many(Restless(), files, consistent="absent.json"))
