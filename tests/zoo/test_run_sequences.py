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


@pytest.fixture
def frames(tmp_path):
    """Frames of a pan as files 1.png to 12.png, and where their results go."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(panned(), start=1):
        pixels = (255 * frame).round().byte().permute(1, 2, 0).contiguous().numpy()
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return [(path, Path(path.name)) for path in sorted(folder.iterdir())]


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


def test_pages_agree_and_the_table_is_kept(tmp_path, frames):
    alone = run(Restless(), frames, tmp_path / "alone", RunSettings("restless", OPTIONS))
    counting = Counting()
    agreeing = run(counting, frames, tmp_path / "out", CONSISTENT)
    assert spread(agreeing) < 0.3 * spread(alone)
    assert counting.called == 2 * len(frames)
    assert json.loads((tmp_path / "out" / "palette.json").read_text())["format"] == "colorzoo-chapter"
    again = run(counting, frames, tmp_path / "out", CONSISTENT)
    assert again.before == len(frames)
    assert counting.called == 2 * len(frames)


def test_pages_go_on_with_the_same_table(tmp_path, frames):
    whole = run(Restless(), frames, tmp_path / "whole", CONSISTENT)
    interrupted = run(Interrupting(17), frames, tmp_path / "out", CONSISTENT)
    assert interrupted.interrupted
    assert interrupted.done == 4
    counting = Counting()
    rest = run(counting, frames, tmp_path / "out", CONSISTENT)
    assert (rest.before, rest.done, counting.called) == (4, 8, 8)
    assert_equal(results(rest), results(whole))


def test_other_pages_make_another_table_beside_the_first(tmp_path, frames):
    run(Restless(), frames[:3], tmp_path / "out", CONSISTENT)
    first = (tmp_path / "out" / "palette.json").read_bytes()
    other = run(Restless(), frames[:5], tmp_path / "out", CONSISTENT)
    assert other.done == 5
    assert (tmp_path / "out" / "palette.json").read_bytes() == first
    assert (tmp_path / "out" / "palette~2.json").is_file()


def test_references_and_other_chapters_give_the_table(tmp_path, frames):
    run(Restless(), frames, tmp_path / "out", CONSISTENT)
    for given in (
        {"references": (str(frames[0][0]),)},
        {"palette": str(tmp_path / "out" / "palette.json")},
    ):
        counting = Counting()
        request = GuidanceRequest(consistent=True, **given)
        settings = RunSettings("restless", OPTIONS, guidance=request)
        done = run(counting, frames[:3], tmp_path / f"out{len(given)}{min(given)}", settings)
        assert counting.called == 3
        assert done.done == 3
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
def test_the_command_line(cli, frames, tmp_path):
    done = cli("run", "vae-mdn", "frames", "-o", "steady", "--frames", "--seed", "1")
    assert "12 of 12 coloured" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "steady" / "colorized.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row.get("picture")]
    assert {Path(row["picture"]).stem for row in rows} == {str(n) for n in range(1, 13)}
    assert all(row["frames"] for row in rows)
    cli("run", "vae-mdn", "frames", "-o", "pages", "--consistent")
    rows = map(json.loads, (tmp_path / "pages" / "colorized.jsonl").read_text().splitlines())
    row = next(row for row in rows if row.get("picture"))
    assert row["guidance"]["consistent"]
    assert len(row["table_sha256"]) == 64
    cli("run", "vae-mdn", "frames", "-o", "other", "--consistent", "--palette", "pages/palette.json")


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


def test_many_pictures_in_memory_are_frames_or_pages_of_a_chapter_as_files_are(tmp_path, frames):
    files = [path for path, _ in sequences(frames)[0]]
    written = run(Restless(), frames, tmp_path / "frames-out", FRAMES)
    yielded = list(colorzoo.colorize_many(Restless(), files, frames=True, **OPTIONS))
    assert all(
        np.array_equal(one[0].rgb, results(written)[path.name])
        for path, one in zip(files, yielded, strict=True)
    )
    assert yielded[0][0].record.frames
    run(Restless(), frames, tmp_path / "pages", CONSISTENT)
    table = tmp_path / "pages" / "palette.json"
    alone, agreeing = (
        [one[0].rgb for one in colorzoo.colorize_many(Restless(), files, **given, **OPTIONS)]
        for given in ({}, {"consistent": table})
    )
    means = [np.stack([rgb.mean((0, 1)) for rgb in several]).std(0).max() for several in (alone, agreeing)]
    assert means[1] < 0.5 * means[0]
    with pytest.raises(DataError, match=r"absent\.json"):
        next(colorzoo.colorize_many(Restless(), files, consistent="absent.json"))
