"""Folders of any size: many workers, one result; what dies, fails or is interrupted costs itself alone."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from colorzoo.core import Colorizer
from colorzoo.core.errors import DataError
from colorzoo.core.files import SYNCS_FILE_SYSTEMS
from colorzoo.jobs import run_manifest, run_picture
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_manifest import MANIFEST, Manifest, ManifestRow
from colorzoo.testing import synthetic_picture

COUNT = 24
DEADLY, BAD = 3, 5


class Drawn(Colorizer):
    """A colour by the seed; the process ends at a grey of 3, and fails at one of 5."""

    deterministic = False

    def colorize(self, gray, options):
        levels = (gray * 255).round().unique().tolist()
        if levels == [DEADLY]:
            os.kill(os.getpid(), signal.SIGKILL)
        if levels == [BAD]:
            raise ValueError("of no use")
        generator = torch.Generator().manual_seed(options.seed)
        tint = torch.rand(1, options.samples, 3, 1, 1, generator=generator)
        return gray[:, None].expand(-1, options.samples, 3, -1, -1) * tint


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(COUNT):
        Image.fromarray(synthetic_picture(number, 20, 30)).save(folder / f"{number:02}.png")
    return folder


def color(folder, out="out", **settings):
    files = [(path, Path(path.name)) for path in sorted(folder.glob("*.png"))]
    options = {"samples": 2, "seed": 7}
    return run(Drawn(), files, folder.parent / out, RunSettings("drawn", options, **settings))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}


def rows(out):
    found = {}
    for line in (out / MANIFEST).read_text().splitlines():
        row = json.loads(line)
        found[row["key"]] = {k: v for k, v in row.items() if k not in ("seconds", "picture")}
    return found


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers(pictures, tmp_path):
    alone = color(pictures, "alone", workers=1, sheet=True)
    several = color(pictures, "several", workers=3, sheet=True)
    assert (alone.workers, several.workers, several.done) == (1, 3, COUNT)
    assert contents(tmp_path / "alone") == contents(tmp_path / "several")
    assert rows(tmp_path / "alone") == rows(tmp_path / "several")
    assert len((tmp_path / "several" / MANIFEST).read_text().splitlines()) == COUNT + 1  # and the sheet


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_picture_only_and_a_bad_one_is_passed_by(pictures, tmp_path):
    for name, level in (("07", DEADLY), ("09", BAD)):
        Image.fromarray(np.full((20, 30, 3), level, np.uint8)).save(pictures / f"{name}.png")
    result = color(pictures, workers=2)
    assert (result.done, result.failed) == (COUNT - 2, 2)
    died, bad = sorted(result.failure_lines())
    assert "07.png: its process was killed" in died
    assert "ValueError: of no use" in bad
    Image.fromarray(synthetic_picture(99, 20, 30)).save(pictures / "07.png")
    again = color(pictures, workers=1)
    assert (again.done, again.before, again.failed, again.passed_by) == (1, COUNT - 2, 1, 1)
    assert "09.png: Drawn: ValueError: of no use" in again.failure_lines()[0]
    assert color(pictures, workers=1, retry_failed=True).passed_by == 0
    Image.fromarray(synthetic_picture(98, 20, 30)).save(pictures / "09.png")
    assert color(pictures).done == 1  # it has changed


def test_the_second_run_reads_no_picture_that_is_unchanged(pictures, tmp_path, monkeypatch):
    color(pictures, workers=1)
    monkeypatch.setattr(run_picture, "file_digest", None)
    monkeypatch.setattr(run_picture, "read_any", None)
    assert color(pictures, sheet=False).before == COUNT
    monkeypatch.undo()
    shutil.copy(pictures / "00.png", tmp_path / "copy.png")
    (tmp_path / "copy.png").replace(pictures / "00.png")  # the same bytes in another file
    assert color(pictures, sheet=False).before == COUNT
    monkeypatch.setattr(run_picture, "file_digest", None)
    assert color(pictures, sheet=False).before == COUNT


def test_a_full_disk_ends_the_run_and_blames_no_picture(pictures, tmp_path, monkeypatch):
    def full(path, picture, **said):
        if path.name.startswith("04"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written(path, picture, **said)

    written = run_picture.write
    monkeypatch.setattr(run_picture, "write", full)
    with pytest.raises(DataError, match="No space left on device; what is done stays"):
        color(pictures, workers=1)
    monkeypatch.undo()
    result = color(pictures, workers=1)
    assert (result.done, result.before, result.failed) == (COUNT - 4, 4, 0)


def test_a_result_that_a_power_failure_left_empty_is_made_again(pictures, tmp_path):
    color(pictures, workers=1, sheet=False)
    whole = contents(tmp_path / "out")
    (tmp_path / "out" / sorted(whole)[0]).write_bytes(b"")
    again = color(pictures, workers=1, sheet=False)
    assert (again.done, again.before) == (1, COUNT - 1)
    assert contents(tmp_path / "out") == whole


@pytest.mark.skipif(not SYNCS_FILE_SYSTEMS, reason="only on Linux are files put on the disk together")
def test_results_and_lines_are_put_on_the_disk_together(pictures, tmp_path, monkeypatch):
    out, together, alone = tmp_path / "out", [], []

    def synced(path):
        together.append((len(contents(out)), len(path.read_text().splitlines())))

    monkeypatch.setattr(run_manifest, "sync_file_system", synced)
    monkeypatch.setattr(run_manifest, "SYNC_SECONDS", 0)
    monkeypatch.setattr(os, "fsync", alone.append)
    color(pictures, workers=1, sheet=False)
    assert len(together) > 1  # now and then
    assert together[-1] == (2 * COUNT, 2 * COUNT)  # at the end all, with two lines a picture
    assert len(alone) == 1  # the manifest without its outdated lines
    for path in sorted(pictures.iterdir())[2:]:
        path.unlink()
    color(pictures, "few", workers=1, sheet=False)
    assert len(alone) >= 1 + 2 * 2  # of few pictures every result


@pytest.mark.skipif(not SYNCS_FILE_SYSTEMS, reason="only on Linux are files put on the disk together")
def test_a_disk_that_cannot_be_synced_is_no_silent_end(pictures, monkeypatch):
    def failing(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(run_manifest, "sync_file_system", failing)
    with pytest.raises(OSError, match="Input/output error"):
        color(pictures, workers=1, sheet=False)


def test_half_a_line_is_cut_off_before_the_next(tmp_path):
    path = tmp_path / MANIFEST
    Manifest(path).add(ManifestRow(key="a"), ManifestRow(key="b"))
    with path.open("ab") as file:
        file.write(b'{"key":"c", "pic' + b"x" * 9000)
    manifest = Manifest(path)
    assert set(manifest.known) == {"a", "b"}
    manifest.add(ManifestRow(key="d"))
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b", "d"]
    assert manifest.row("d").key == "d"


def test_what_is_told_stays_bounded(pictures, tmp_path):
    for path in pictures.iterdir():
        path.write_bytes(b"no picture")
    result = color(pictures, workers=1)
    *_, last = result.failure_lines()
    assert result.failed == COUNT
    assert last == f"and 4 more, named in {tmp_path / 'out' / MANIFEST}"


def start(*words, **options):
    command = [sys.executable, "-m", "colorzoo", "run", *map(str, words)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler), **options,
    )  # fmt: skip


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_ending_leaves_no_process_and_the_same_command_goes_on(tmp_path, ending):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(30):
        Image.fromarray(synthetic_picture(number, 200, 200)).save(folder / f"{number:02}.png")
    words = ["unet", folder, "-o", out, "--workers", 2, "--seed", 1, "--format", "jpg"]
    process = start(*words)
    wait_for(lambda: len(list(out.glob("*.jpg"))) >= 4)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, ending) if ending == signal.SIGINT else process.send_signal(ending)
    said, _ = process.communicate(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    if ending == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted: " in said
        assert "Traceback" not in said
        assert not list(out.glob(".*.part"))
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.jpg")}
    finished = {row["files"][0] for row in rows(out).values() if row.get("status") != "begun"}
    said, _ = start(*words).communicate(timeout=120)
    assert "30 of 30 coloured" in said
    assert int(re.search(r"([\d,]+) of them before", said)[1]) == len(finished)
    for path, changed in before.items():
        assert path.name not in finished or path.stat().st_mtime_ns == changed


@pytest.mark.slow
def test_a_watched_folder_is_coloured_as_pictures_are_complete(tmp_path):
    pytest.importorskip("watchfiles", reason="the extra `watch` is not installed")
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    process = start("unet", folder, "-o", out, "--watch")
    try:
        Image.fromarray(synthetic_picture(0)).save(tmp_path / "a.png")
        data = (tmp_path / "a.png").read_bytes()
        with (folder / "sub" / "a.png").open("wb") as file:  # slowly, as over a network
            for place in range(0, len(data), max(1, len(data) // 6)):
                file.write(data[place : place + max(1, len(data) // 6)])
                file.flush()
                time.sleep(0.4)
        wait_for((out / "sub" / "a-unet-1.png").exists)
        Image.fromarray(synthetic_picture(1)).save(folder / "b.png")
        wait_for((out / "b-unet-1.png").exists)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "2 of 2 coloured" in said
    assert "damaged" not in said
    assert process.returncode == 0


@pytest.mark.slow
def test_the_page_on_folders_works_as_it_is_written(cli, tmp_path):
    for number in range(12):
        path = tmp_path / "holiday" / "beach" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(synthetic_picture(number, 30, 40)).save(path)
    page = (Path(__file__).parents[2] / "docs" / "folders.md").read_text()
    first, *others = re.findall(r"^\$ colorzoo (.*)$", page, re.M)
    assert cli(*first.split()).stdout.startswith("12 of 12 coloured\n")
    for line in others:
        said = cli(*line.split()).stdout
        assert "12 of 12 coloured, 12 of them before, by the same options" in said
    assert (tmp_path / "colored" / "beach" / "1-unet-1.jpg").is_file()
    fields = set(re.findall(r"`(\w+)`", page[page.index("| field") : page.index("The next run reads")]))
    assert set(ManifestRow.model_fields) - fields == {"table_sha256", "frames", "quality", "mark", "video"}
