"""Preparation: any source, any number of processes, killed or not, the same result."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import PurePosixPath
from xml.etree import ElementTree

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from colorzoo.core.config import validate
from colorzoo.core.data.address import file_names
from colorzoo.core.data.packed import pack
from colorzoo.core.data.prepare import FEW, Preparation, PrepareOptions
from colorzoo.core.data.prepare_records import PreparedImage
from colorzoo.core.errors import ConfigError, DataError
from colorzoo.core.files import folder_lock
from colorzoo.core.imaging.image_io import read, read_reduced, square
from colorzoo.datasources.image_folder import Folder
from colorzoo.jobs.datasets import open_dataset, packed_cache
from colorzoo.report.prepared import histograms
from tests.servers.manga_site import jpeg, painted, tinted

pytestmark = pytest.mark.slow


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


PAINTED = jpeg(painted(0))
MORE_THAN_A_FEW = FEW + 10
"""Pictures for which processes are started."""


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
    same = packed_cache(data, "squash")(48)
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


def _are_gone(family):
    """Return whether processes end by themselves; workers end with their parent."""
    _, alive = psutil.wait_procs(family, timeout=60)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def _changed(path):
    """Return when a file, or what a folder holds, was changed; None before there is one."""
    return path.stat().st_mtime_ns if path.exists() else None


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.parametrize("format", ["png", "packed"])
def test_killed_at_any_moment_it_goes_on(tmp_path, command_line, format):
    """Killed twice; `python -m bench.campaigns kills` does so a hundred times."""
    source, rng, out = tmp_path / "many", random.Random(), tmp_path / "out"
    source.mkdir()
    for index in range(MORE_THAN_A_FEW):
        (source / f"{index:03}.jpg").write_bytes(jpeg(painted(index)))
    words = ["data", "prepare", source, "-o", out, "--size", 200, "--format", format]
    words += ["--min-chroma", 4.5, "--workers", 2]
    begun = out / ".prepare" / ("pictures" if format == "png" else "all.npy")
    for _ in range(2):
        before = _changed(begun)
        process = command_line.start(words, tmp_path, {**os.environ}, os.devnull, tmp_path / "errors")
        while _changed(begun) == before and not process.is_over():
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        family = process.family()
        process.kill()
        process.wait()
        assert _are_gone(family)
    done = command_line.run(words, tmp_path, {**os.environ})
    assert done.returncode == 0, done.stderr
    prepared(source, tmp_path / "whole", size=200, format=format, min_chroma=4.5)
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
        "report.json", "contact-sheet.jpg", "histograms.svg"}  # fmt: skip
    assert "40" in cli("data", "info", "out").stdout
    info = json.loads(cli("data", "info", "pages.cbz", "--json", code=2).stdout or "[]")
    assert info == []
    assert "pages.cbz" not in cli("data", "prepare", "none.cbz", "-o", "x", code=2).stdout


def test_histograms_count_every_picture_once(tmp_path):
    spreads = [1.0, 2.0, 2.1, 30.0, 31.0]
    rows = [
        PreparedImage(
            key=str(i), verdict="kept" if s > 4.5 else "colourless", spread=s, width=90, height=90
        )
        for i, s in enumerate(spreads)
    ]
    histograms(rows, tmp_path / "histograms.svg")
    drawn = ElementTree.parse(tmp_path / "histograms.svg").getroot()
    namespace = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawn.iter(f"{namespace}text")]
    assert {"kept", "left out", "pictures", "colour beyond a tint, grey levels"} <= set(texts)
    heights = {
        kind: [float(b.get("height")) for b in drawn.findall(f"{namespace}rect[@class='{kind}']")]
        for kind in ("method0", "method1")
    }
    one = min(heights["method1"])  # 1, 2 and 2 pictures in all, of which the last two are kept
    assert [height / one for height in heights["method1"]] == pytest.approx([1, 2, 2], abs=0.01)
    assert [height / one for height in heights["method0"]] == pytest.approx([2], abs=0.01)


@settings(deadline=None)
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

    def load_at_least(self, index, side):
        if index == len(self) - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().load_at_least(index, side)


def test_a_worker_that_is_killed_is_said(source, tmp_path):
    for index in range(100, 100 + FEW):
        (source / f"{index}.jpg").write_bytes(PAINTED)
    job = Preparation(Deadly(str(source)), "deadly", tmp_path / "out", PrepareOptions(size=16))
    with pytest.raises(DataError, match="fewer --workers"):
        job.run(2)
    done = Preparation(Folder(str(source)), "deadly", tmp_path / "out", PrepareOptions(size=16)).run()
    assert done.counts == {"kept": 42 + FEW, "broken": 1}


def test_a_damaged_member_of_an_archive_is_one_that_is_left_out(source, tmp_path):
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for path in sorted(source.rglob("*.jpg"))[:10]:
            archive.write(path, path.relative_to(source))
    body = bytearray((tmp_path / "pages.zip").read_bytes())
    body[body.index(b"\xff\xda") + 30] ^= 255
    (tmp_path / "pages.zip").write_bytes(body)
    job, done = prepared(tmp_path / "pages.zip", tmp_path / "out", size=16)
    assert done.counts == {"kept": 9, "broken": 1}
    assert len(done.fingerprint) == 64
    assert "is damaged" in next(row.note for row in job.rows if row.verdict == "broken")
    assert prepared(tmp_path / "pages.zip", tmp_path / "out", size=16)[1] == done


@pytest.mark.parametrize("format", ["png", "packed"])
@pytest.mark.parametrize("what", ["one", "everything", "the index"])
def test_what_was_deleted_by_hand_is_made_again(source, tmp_path, format, what):
    options = EVERYTHING | {"format": format}
    done = prepared(source, tmp_path / "out", **options)[1]
    before = tree(tmp_path / "out")
    files = [path for path in (tmp_path / "out").rglob("*.*") if path.suffix in (".png", ".npy")]
    files += [path for path in (tmp_path / "out").glob("index.json") if what != "one"]
    for path in files[: 1 if what == "one" else None]:
        path.unlink()
    if what == "the index":
        (tmp_path / "out" / ".prepare" / "rows.jsonl").unlink()
    assert prepared(source, tmp_path / "out", **options)[1] == done
    assert tree(tmp_path / "out") == before


STATE = {
    "settings.json": [b"", b"{", b"[]", b"null", b'{"source": 1}', b"[" * 99_999, b"\xff", b'"\\ud800"'],
    "rows.jsonl": [
        b"x\n", b"[]\n", b"{}\n", b'{"key": 3}\n', b'{"key": "a", "hash": "no"}\n', b"[" * 100_000 + b"\n",
        b'{"key": "a", "spread": NaN}\n', b'{"key": "a", "width": -1}\n', b"\0" * 5000 + b"\n",
        b'{"key": "a", "extra": 1}\n',
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "damage"), [(name, body) for name in STATE for body in STATE[name]])
def test_a_damaged_state_is_one_line_that_names_the_file(pictures, tmp_path, name, damage):
    prepared(pictures, tmp_path / "out", size=16)
    (tmp_path / "out" / ".prepare" / name).write_bytes(damage)
    with pytest.raises(DataError, match=rf"{name}.*(delete|mend)") as error:
        prepared(pictures, tmp_path / "out", size=16)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 800


def test_a_line_cut_off_by_a_kill_is_none(pictures, tmp_path):
    done = prepared(pictures, tmp_path / "out", size=16, dedupe=True)[1]
    rows = tmp_path / "out" / ".prepare" / "rows.jsonl"
    whole = rows.read_bytes()
    for end in (len(whole) - 1, len(whole) - 30, len(whole) // 2, 1):
        rows.write_bytes(whole[:end])
        assert prepared(pictures, tmp_path / "out", size=16, dedupe=True)[1] == done
        assert sorted(rows.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_damaged_states_by_the_hundred(pictures, tmp_path):
    """Whatever is done to the files that prepare keeps, it works or says one line."""
    rng, out = random.Random(3), tmp_path / "out"
    prepared(pictures, out, size=16, format="packed", dedupe=True)
    sound = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "lock"}
    for _ in range(20):
        path = rng.choice(list(sound))
        body = bytearray(sound[path])
        for _ in range(rng.choice((1, 1, 3))):
            at = rng.randrange(len(body) + 1)
            body[at : at + rng.choice((0, 1, 1, 40))] = rng.choice(
                (b"", b"\0", b'"', b"[", b"9" * 20, b"\xff", b"\n")
            )
        path.write_bytes(body)
        try:
            prepared(pictures, out, size=16, format="packed", dedupe=True)
            len(open_dataset(f"packed:{out}")[0].id)
        except DataError as error:
            assert str(error).isprintable()  # noqa: PT017  most are repaired
        for file, content in sound.items():
            file.write_bytes(content)


def test_a_disk_that_fills_is_one_line(pictures, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        with pytest.raises(DataError, match=r"no room for 12 pictures, 2,359,424 bytes \(No space left"):
            prepared(pictures, disk / "packed", size=256, format="packed")
        with pytest.raises(DataError, match="what is done is kept, the same command goes on"):
            prepared(pictures, disk / "png", size=256, format="png")
        assert not list(disk.rglob("*.part"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_no_room_for_an_array(pictures, tmp_path):
    """The same without the right to mount: a bound on the size of files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(DataError, match="no room for 12 pictures"):
            prepared(pictures, tmp_path / "out", size=256, format="packed")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_nothing_kept_is_said(tmp_path, cli):
    (tmp_path / "bad").mkdir()
    for name in "ab":
        (tmp_path / "bad" / f"{name}.png").write_bytes(b"no picture")
    for format in ("png", "packed"):
        done = cli(
            "data", "prepare", "bad", "-o", f"out-{format}", "--size", 16, "--format", format, code=1
        )
        assert "nothing was kept" in done.stderr
        assert "use them" not in done.stdout


def test_two_in_one_folder_do_not_mix_and_leftovers_are_swept(pictures, tmp_path):
    out = tmp_path / "out"
    prepared(pictures, out, size=16)
    halves = [out / ".report" / ".report.json.abc.part", out / ".prepare" / "pictures" / ".x.png.y.part"]
    for half in halves:
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"half")
    with folder_lock(out / ".prepare"), pytest.raises(DataError, match="another process is at work"):
        prepared(pictures, out, size=16)
    prepared(pictures, out, size=16)
    assert not any(half.exists() for half in halves)


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_ctrl_c_says_what_is_done_and_the_same_command_goes_on(tmp_path, command_line):
    source, out = tmp_path / "many", tmp_path / "interrupted"
    source.mkdir()
    for index in range(400):
        (source / f"{index:03}.jpg").write_bytes(PAINTED)
    words = ["data", "prepare", source, "-o", out, "--size", 1500, "--format", "png", "--workers", 2]
    process = command_line.start(words, tmp_path, {**os.environ}, os.devnull, tmp_path / "errors")
    while not (process.is_over() or list((out / ".prepare" / "pictures").glob("*.png"))):
        time.sleep(0.005)
    family = process.family()
    process.interrupt()
    assert process.wait() == 130
    message = (tmp_path / "errors").read_text()
    assert "of 400 pictures are done, the same command goes on" in message
    assert "Traceback" not in message
    assert _are_gone(family)
    assert len(list(out.rglob("*.png"))) < 400  # the rest was not waited for


def test_names_that_file_systems_refuse():
    ids = [
        "\u6f22" * 200 + ".png",
        "/".join(["folder"] * 400) + "/a.png",
        "a.png",
        "a.jpg/b.png",
        "x" * 300 + ".png",
    ]
    for name in file_names(ids):
        assert all(len(part.encode()) <= 210 for part in name.split("/"))
        assert len(name.encode()) <= 1200
    assert file_names(["a.png", "a.jpg/b.png"]) == ["a", "a.jpg_/b"]
