"""Preparation: any source, any number of processes, killed or not, the same result."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError, DataError
from colorzoo.core.images import read, read_reduced, square
from colorzoo.core.packed import pack
from colorzoo.core.prepare import Preparation, PrepareOptions, file_names
from colorzoo.data import open_dataset, packer
from colorzoo.datasources.folder import Folder
from tests.datasources.replica import jpeg, painted, tinted


@pytest.fixture
def source(tmp_path):
    """Return a folder: 40 pictures in two chapters, a tinted scan, a copy of another size, a broken one."""
    root = tmp_path / "source"
    for index in range(40):
        path = root / f"chapter{index % 2}" / f"{index:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(painted(index)))
    (root / "chapter1" / "050.jpg").write_bytes(jpeg(tinted(7)))
    again = Image.fromarray(painted(4)).resize((100, 150))
    (root / "chapter1" / "060.jpg").write_bytes(jpeg(np.asarray(again)))
    (root / "chapter1" / "070.jpg").write_bytes(jpeg(painted(9))[:700])
    return root


def prepared(source, out, workers=1, **options):
    job = Preparation(
        open_dataset(str(source)), str(source), out, validate(PrepareOptions, options, "prepare")
    )
    return job, job.run(workers)


def tree(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in ("lock", "rows.jsonl")
    }


EVERYTHING = {"size": 48, "min_chroma": 4.5, "dedupe": True}


def test_verdicts_and_layout(source, tmp_path):
    job, done = prepared(source, tmp_path / "out", **EVERYTHING)
    assert done.counts == {"kept": 40, "colourless": 1, "duplicate": 1, "broken": 1}
    notes = {row.key: row.note for row in job.rows if row.verdict != "kept"}
    assert notes["chapter1/060.jpg"] == "of chapter0/004.jpg"
    assert "damaged" in notes["chapter1/070.jpg"]
    data = open_dataset(f"pages:{tmp_path / 'out'}", "all")
    assert len(data) == 40
    assert data.chapters == ["chapter0", "chapter1"]
    assert {sample.image.shape for sample in data} == {(48, 48, 3)}


@pytest.mark.parametrize("format", ["png", "packed"])
def test_any_number_of_processes_gives_the_same(source, tmp_path, format):
    one = prepared(source, tmp_path / "one", **EVERYTHING, format=format)[1]
    two = prepared(source, tmp_path / "two", 2, **EVERYTHING, format=format)[1]
    assert one == two
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


@pytest.mark.parametrize("fit", ["pad", "crop", "squash"])
def test_pixels_are_those_of_a_plain_resize(source, tmp_path, fit):
    prepared(source, tmp_path / "out", size=96, fit=fit, format="png")
    for path in (tmp_path / "out").rglob("*.png"):
        original = source / path.relative_to(tmp_path / "out").with_suffix(".jpg")
        expected = square(read(original).rgb, 96, fit)
        assert np.array_equal(read(path).rgb, expected)


def test_decoding_smaller_changes_little(tmp_path):
    (tmp_path / "big.jpg").write_bytes(jpeg(np.asarray(Image.fromarray(painted(3)).resize((640, 960)))))
    small, size = read_reduced(tmp_path / "big.jpg", 64)
    assert size == (960, 640)
    assert small.shape == (120, 80, 3)
    whole = square(read(tmp_path / "big.jpg").rgb, 64).astype(float)
    assert np.abs(square(small, 64) - whole).mean() < 1


def test_a_packed_folder_is_a_dataset_that_is_not_packed_again(source, tmp_path):
    prepared(source, tmp_path / "out", **EVERYTHING, format="packed")
    data = open_dataset(f"packed:{tmp_path / 'out'}")
    array = np.load(tmp_path / "out" / "images.npy")
    assert len(data) == len(array) == 40
    assert np.array_equal(data[3].image, array[3])
    assert data.ids()[0] == "chapter0/000.jpg"
    same = packer(data, "squash")(48)
    assert np.array_equal(same.images, array)
    assert same.ids == data.ids()
    assert pack(data, 24).images.shape == (40, 24, 24, 3)
    parts = [len(open_dataset(f"packed:{tmp_path / 'out'}", split)) for split in ("train", "test")]
    assert sum(parts) == 40
    assert all(parts)


def test_another_source_or_size_needs_another_folder(source, tmp_path):
    prepared(source, tmp_path / "out", size=32)
    with pytest.raises(DataError, match="begun with other options"):
        prepared(source, tmp_path / "out", size=48)
    (source / "chapter0" / "new.jpg").write_bytes(jpeg(painted(99)))
    with pytest.raises(DataError, match="begun with other ids"):
        prepared(source, tmp_path / "out", size=32)
    with pytest.raises(ConfigError, match=r"size: .*fit: "):
        prepared(source, tmp_path / "bad", size=1, fit="stretch")


def test_a_finished_packing_is_not_done_again(source, tmp_path):
    first = prepared(source, tmp_path / "out", size=32, format="packed")[1]
    before = tree(tmp_path / "out")
    job, again = prepared(source, tmp_path / "out", size=32, format="packed")
    assert again == first
    assert tree(tmp_path / "out") == before
    assert not (tmp_path / "out" / ".prepare" / "all.npy").exists()
    _, load = list(job.kept())[-1]
    assert np.array_equal(
        load(), open_dataset(f"packed:{tmp_path / 'out'}")[len(list(job.kept())) - 1].image
    )


def test_a_finished_preparation_is_not_done_again(source, tmp_path):
    prepared(source, tmp_path / "out", size=32)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg")}
    prepared(source, tmp_path / "out", size=32)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg")} == before


def _wait_until_gone(word):
    """Wait until no process has the word on its command line; workers end with their parent."""
    for _ in range(200):
        commands = [_command(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
        if not any(word in command for command in commands):
            return
        time.sleep(0.05)
    raise AssertionError("workers outlived the process that was killed")


def _command(path):
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("format", ["png", "packed"])
def test_killed_at_any_moment_it_goes_on(tmp_path, format):
    source, rng = tmp_path / "many", random.Random(1)
    for index in range(300):
        path = source / f"c{index % 7}" / f"{index:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(painted(index)))
    options = ["--size", "300", "--format", format, "--min-chroma", "4.5", "--workers", "2"]
    command = [
        sys.executable,
        "-m",
        "colorzoo",
        "data",
        "prepare",
        str(source),
        "-o",
        str(tmp_path / "out"),
    ]
    rows = tmp_path / "out" / ".prepare" / "rows.jsonl"
    for _ in range(4):
        with subprocess.Popen(
            [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            size = rows.stat().st_size if rows.exists() else 0
            while process.poll() is None and not (rows.exists() and rows.stat().st_size > size):
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
    _wait_until_gone(str(tmp_path / "out"))
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    prepared(source, tmp_path / "whole", size=300, format=format, min_chroma=4.5)
    kept = [
        {key: value for key, value in tree(tmp_path / name).items() if ".re" not in key}
        for name in ("out", "whole")
    ]
    assert kept[0].keys() == kept[1].keys()
    assert kept[0] == kept[1]


def test_the_command_line(source, tmp_path, cli):
    with zipfile.ZipFile(tmp_path / "pages.cbz", "w") as archive:
        for path in sorted(source.rglob("*.jpg")):
            archive.write(path, path.relative_to(source))
    done = cli("data", "prepare", "pages.cbz", "-o", "out", "--size", 64, "--min-chroma", 4.5, "--dedupe")
    assert "kept        40" in done.stdout
    assert "070.jpg: damaged picture" in done.stderr
    facts = json.loads((tmp_path / "out" / ".report" / "report.json").read_text())
    assert facts["counts"]["duplicate"] == 1
    assert {p.name for p in (tmp_path / "out" / ".report").iterdir()} == {
        "report.json", "contact-sheet.jpg", "histograms.png"}  # fmt: skip
    assert "40" in cli("data", "info", "out").stdout
    info = json.loads(cli("data", "info", "pages.cbz", "--json", code=2).stdout or "[]")
    assert info == []
    hidden = cli("data", "prepare", source, "-o", "again", "--size", 64, PYTHONPATH=str(_without(tmp_path)))
    assert "colorzoo[report]" in hidden.stderr
    assert "pages.cbz" not in cli("data", "prepare", "none.cbz", "-o", "x", code=2).stdout


def _without(folder):
    """Return a folder that, on the path, makes matplotlib missing."""
    (folder / "hide" / "matplotlib").mkdir(parents=True)
    (folder / "hide" / "matplotlib" / "__init__.py").write_text("raise ImportError('hidden')")
    return os.pathsep.join([str(folder / "hide"), os.environ.get("PYTHONPATH", "")])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8, unique=True))
def test_file_names_stay_inside_and_are_unique(ids):
    names = file_names(ids)
    assert len({name.lower() for name in names}) == len(ids)
    for name in names:
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert not any(part in ("..", ".") or part.startswith(".") for part in path.parts)
        assert name.isprintable()
        assert "\\" not in name


def test_file_names_of_panels():
    assert file_names(["ep01/p.jpg#0,0,992", "ep01/p.png", "ep01/p.jpg", "../../x.png"]) == [
        "ep01/p_0_0_992", "ep01/p", "ep01/p-2", "_/_/x"]  # fmt: skip


class Deadly(Folder):
    """Kills the process that reads its last picture."""

    def reduced(self, index, side):
        if index == len(self) - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().reduced(index, side)


def test_a_worker_that_is_killed_is_said(source, tmp_path):
    for index in range(100, 180):
        (source / f"{index}.jpg").write_bytes(jpeg(painted(index)))
    job = Preparation(Deadly(str(source)), "deadly", tmp_path / "out", PrepareOptions(size=16))
    with pytest.raises(DataError, match="fewer --workers"):
        job.run(2)
    done = Preparation(Folder(str(source)), "deadly", tmp_path / "out", PrepareOptions(size=16)).run()
    assert done.counts == {"kept": 122, "broken": 1}
