"""Books and animations, coloured: pages replaced, all else as it was, nothing lost to a kill."""

import io
import json
import re
import shlex
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core.errors import ColorzooError, ConfigError, DataError
from colorzoo.core.imaging.image_io import read
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.inputs import gather
from colorzoo.jobs.opening import container_of, opened
from colorzoo.jobs.run import RunSettings
from colorzoo.jobs.run_books import run_books, run_one_book
from colorzoo.jobs.run_guidance import GuidanceRequest
from tests.plugins.books import MAKERS, book, cbr, cbz, gray_page, page

ROOT = Path(__file__).parents[2]
SETTINGS = RunSettings("tinting", {"samples": 1, "seed": None})


class Tinting(Colorizer):
    """One tint, drawn by the seed; counts the pages, and is interrupted at one if asked."""

    deterministic = False

    def __init__(self, interrupted_at=None):
        super().__init__()
        self.pages, self.interrupted_at = 0, interrupted_at

    def colorize(self, gray, options):
        self.pages += 1
        if self.pages == self.interrupted_at:
            signal.raise_signal(signal.SIGINT)
        generator = torch.Generator().manual_seed(options.seed)
        tint = 0.5 + 0.1 * torch.rand(1, 1, 3, 1, 1, generator=generator)
        tint[:, :, options.seed % 3] = 1
        return gray[:, None].expand(-1, options.samples, 3, -1, -1) * tint


def colored(path, out, colorizer=None, settings=SETTINGS, **options):
    return run_books(colorizer or Tinting(), gather([str(path)]).books, out, settings, **options)


def content(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def chroma(picture):
    return float(np.ptp(picture.rgb.astype(int), axis=-1).mean())


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "film"])  # which is written anew
def test_every_page_is_coloured_at_its_size_with_its_luma(name, tmp_path):
    path, out = book(name, tmp_path / "in"), tmp_path / "out"
    result = colored(path, out)
    assert result.failure_lines() == []
    ((_, (file,)),) = result.files.items()
    suffix = ".cbz" if name in ("cbr", "cb7") else path.suffix
    assert file == out / f"book-tinting{suffix}"
    with opened(path) as before, opened(file) as after:
        pairs = zip(before.pages(), after.pages(), strict=True)
        for old, new in pairs:
            one, other = old.read(), new.read()
            assert old.name == new.name
            assert chroma(other) > 5 > chroma(one)
            assert np.abs(one.gray.astype(int) - other.gray).mean() < 3, "its luma has changed"
        assert result.pages[path].colored == before.page_count == after.page_count
    assert list(out.glob(".*.pages")) == list(out.glob(".*.part")) == []
    again = colored(path, out)
    assert (again.done, again.before, again.files) == (0, 1, result.files)


def test_pages_in_colour_and_what_is_no_page_stay_byte_for_byte(tmp_path):
    members = {
        "mimetype": b"x",
        "cover.jpg": page(5, ".jpg"),
        "2.png": gray_page(2),
        "10.png": gray_page(3),
        "broken.png": b"\x89PNG",
        "more/": b"",
        "__MACOSX/2.png": gray_page(4),
        "in.zip": b"PK\x03\x04",
        "moving.gif": book("gif", tmp_path).read_bytes(),
    }
    path = cbz(tmp_path / "a book.cbz", members)
    result = colored(path, tmp_path / "out")
    counts = result.pages[path]
    assert (counts.colored, counts.had_color, len(counts.unread)) == (2, 1, 2)
    assert any(line.startswith("a book.cbz: broken.png: not a picture") for line in result.note_lines())
    assert "a book.cbz: moving.gif: a moving picture" in result.note_lines()
    written = content(result.files[path][0])
    assert list(written) == list(members)
    assert {name for name in members if written[name] != members[name]} == {"2.png", "10.png"}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(result.files[path][0]) as new:
        for one, other in zip(old.infolist(), new.infolist(), strict=True):
            assert (one.date_time, one.compress_type) == (other.date_time, other.compress_type)
    recolored = colored(path, tmp_path / "out", recolor=True)
    assert recolored.pages[path].colored == 3
    assert recolored.files[path][0].name == "a book-tinting-recolor=True.cbz"


def test_an_interrupted_book_goes_on_where_it_was_and_keeps_its_seed(tmp_path):
    path, out = cbz(tmp_path / "b.cbz", {f"{n}.png": gray_page(n) for n in range(6)}), tmp_path / "out"
    result = colored(path, out, Tinting(interrupted_at=4))
    assert result.interrupted
    assert (result.pages[path].colored, list(out.glob("*.cbz")), list(out.glob("*.part"))) == (3, [], [])
    colorizer = Tinting()
    gone_on = colored(path, out, colorizer)
    assert (colorizer.pages, gone_on.pages[path].before, gone_on.done) == (3, 3, 1)
    at_once = colored(
        path, tmp_path / "other", settings=RunSettings("tinting", {"samples": 1, "seed": gone_on.seed})
    )
    assert content(at_once.files[path][0]) == content(gone_on.files[path][0])


def test_one_file_goes_on_too(tmp_path):
    path, target = cbz(tmp_path / "b.cbz"), tmp_path / "colored.cbz"
    with opened(path) as container:
        assert run_one_book(Tinting(interrupted_at=3), container, target, SETTINGS).interrupted
        assert not target.exists()
        colorizer = Tinting()
        result = run_one_book(colorizer, container, target, SETTINGS)
    assert (colorizer.pages, result.pages[path].before) == (1, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"b.cbz", "colored.cbz"}


def test_pages_of_a_book_agree(tmp_path):
    path = cbz(tmp_path / "b.cbz")
    settings = RunSettings("tinting", {"samples": 1, "seed": 1}, guidance=GuidanceRequest(consistent=True))
    result = colored(path, tmp_path / "out", settings=settings)
    assert result.failure_lines() == []
    assert (tmp_path / "out" / "palette.json").exists()
    assert content(result.files[path][0]) != content(colored(path, tmp_path / "plain").files[path][0])


def test_times_and_loops_of_animations_stay(tmp_path):
    for name in ("gif", "apng", "webp"):
        path = book(name, tmp_path / name)
        result = colored(path, tmp_path / "out")
        times = []
        for file in (path, result.files[path][0]):
            with Image.open(file) as image:
                loop = image.info["loop"]
                for number in range(image.n_frames):
                    image.seek(number)
                    image.load()
                    times.append(image.info["duration"])
        assert times == [100, 250, 40] * 2, name
        assert loop == 3, name


def test_a_tiff_keeps_its_resolution_and_compression(tmp_path):
    path = book("tiff", tmp_path)
    with Image.open(colored(path, tmp_path / "out").files[path][0]) as image:
        assert (image.n_frames, image.info["dpi"], image.info["compression"]) == (3, (300, 300), "tiff_lzw")


def test_a_single_picture_is_no_book(tmp_path):
    for suffix in (".gif", ".png", ".webp", ".tif"):
        path = tmp_path / f"photo{suffix}"
        path.write_bytes(page(1, suffix))
        assert container_of(path) is None


def test_books_in_a_folder_are_inputs_and_other_archives_are_not(tmp_path):
    cbz(tmp_path / "a.cbz"), cbz(tmp_path / "code.zip", {"main.py": b"1"})
    (tmp_path / "photo.png").write_bytes(page(1))
    inputs = gather([str(tmp_path)])
    assert [path.name for path, _ in inputs.files] == ["photo.png"]
    assert [path.name for path, _ in inputs.books] == ["a.cbz"]
    assert inputs.ignored == {"zip": 1}
    colored(tmp_path / "a.cbz", tmp_path / "colorized")
    assert [path.name for path, _ in gather([str(tmp_path)]).books] == ["a.cbz"], "a result is an input"


def test_a_cbr_that_is_called_cbz_is_read_and_two_books_of_a_name_do_not_collide(tmp_path):
    cbr(tmp_path / "a.cbz"), cbz(tmp_path / "a.zip")
    result = colored(tmp_path, tmp_path / "out")
    assert {file.name for (file,) in result.files.values()} == {"a-tinting.cbz", "a-tinting.zip"}
    cbr(tmp_path / "a.cbr", {"1.png": gray_page(7)})
    result = colored(tmp_path, tmp_path / "out")
    assert len({file for (file,) in result.files.values()}) == 3
    assert colored(tmp_path, tmp_path / "out").before == 3


def test_samples_of_a_book_are_refused(tmp_path):
    path = cbz(tmp_path / "b.cbz")
    with pytest.raises(ConfigError, match="one colouring of each page"):
        colored(path, tmp_path / "out", settings=RunSettings("tinting", {"samples": 2, "seed": 0}))


def test_a_changed_copy_is_another_book(tmp_path):
    path = cbz(tmp_path / "b.cbz")
    first = colored(path, tmp_path / "out").files[path]
    cbz(path, {"1.png": gray_page(9)})
    second = colored(path, tmp_path / "out").files[path]
    assert first != second
    assert first[0].exists()


def test_lossy_pages_stay_lossy_and_about_as_large(tmp_path):
    pages = {
        f"1{suffix}": gray_page(1, suffix, (200, 200), quality=80) for suffix in (".jpg", ".webp", ".avif")
    }
    result = colored(cbz(tmp_path / "b.cbz", pages), tmp_path / "out")
    written = content(result.files[tmp_path / "b.cbz"][0])
    for name, data in written.items():
        assert Image.open(io.BytesIO(data)).format == Image.open(io.BytesIO(pages[name])).format
        assert len(data) < 3 * len(pages[name]), name
        assert chroma(read(io.BytesIO(data))) > 5


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return the command line, in this process: its output, or the error that it ends with."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(build(), list(words))
        return str(done.exception) if isinstance(done.exception, ColorzooError) else done.output

    return run


def test_from_the_command_line_into_a_folder_and_a_file(command, tmp_path):
    cbz(tmp_path / "b.cbz"), (tmp_path / "photo.png").write_bytes(page(1))
    done = command("run", "grey", "b.cbz", "photo.png")
    assert "2 of 2 coloured" in done
    assert "b.cbz: 3 pages coloured" in done
    row = json.loads((tmp_path / "colorized" / "colorized.jsonl").read_text().splitlines()[-1])
    assert (row["picture"], row["files"]) == ("b.cbz", ["b-grey.cbz"])
    assert "before" in command("run", "grey", "b.cbz")
    assert (
        json.loads(command("run", "grey", "b.cbz", "-o", "c.cbz", "--json"))["pages"]["b.cbz"]["colored"]
        == 3
    )
    assert "is there already" in command("run", "grey", "b.cbz", "-o", "c.cbz")
    assert "written as .zip or .cbz" in command("run", "grey", "b.cbz", "-o", "c.png")
    assert "one picture" in command("run", "grey", "photo.png", "-o", "c.pdf")
    again = command("run", "--again", "colorized/colorized.jsonl", "-o", "again")
    assert "b.cbz: a book; colour it again by the same command and --overwrite" in again


@pytest.mark.slow
def test_a_book_goes_through_the_standard_streams(tmp_path):
    command = [sys.executable, "-m", "colorzoo", "run", "grey", "-", "-o", "-"]
    source = cbz(tmp_path / "b.cbz").read_bytes()
    done = subprocess.run(command, input=source, capture_output=True, check=True, cwd=tmp_path)
    assert list(content(io.BytesIO(done.stdout))) == list(content(io.BytesIO(source)))
    assert [path.name for path in tmp_path.iterdir()] == ["b.cbz"]


def hostile(tmp_path):
    """Yield files that are refused, and a word of why."""
    yield cbz(tmp_path / "slip.cbz", {"../1.png": page(1)}), "leads out"
    yield cbz(tmp_path / "absolute.cbz", {"/etc/1.png": page(1)}), "leads out"
    yield cbz(tmp_path / "drive.cbz", {"C:\\1.png": page(1)}), "leads out"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "twice.cbz", "w") as out:
        out.writestr("1.png", page(1)), out.writestr("1.png", page(2))
    yield tmp_path / "twice.cbz", "twice"
    link = zipfile.ZipInfo("1.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.cbz", "w") as out:
        out.writestr(link, "/etc/passwd")
    yield tmp_path / "link.cbz", "a link"
    with zipfile.ZipFile(tmp_path / "bomb.cbz", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("1.txt", bytes(10_000_000))
    yield tmp_path / "bomb.cbz", "a bomb"
    with zipfile.ZipFile(tmp_path / "many.cbz", "w") as out:
        for number in range(60):
            out.writestr(str(number), b"")
    yield tmp_path / "many.cbz", "more than 50 files"
    data = bytearray(cbz(tmp_path / "locked.cbz").read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    (tmp_path / "locked.cbz").write_bytes(data)
    yield tmp_path / "locked.cbz", "encrypted"
    whole = cbz(tmp_path / "half.cbz").read_bytes()
    (tmp_path / "half.cbz").write_bytes(whole[: len(whole) // 2])
    yield tmp_path / "half.cbz", "damaged"
    yield cbz(tmp_path / "empty.cbz", {"a.txt": b""}), "no pictures"
    (tmp_path / "text.cbz").write_text("words")
    yield tmp_path / "text.cbz", "damaged, or no cbz"
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4\nnothing")
    yield tmp_path / "bad.pdf", "damaged PDF"
    yield locked_pdf(tmp_path / "locked.pdf"), "encrypted"
    drm = b'<encryption><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></encryption>'
    members = {"mimetype": b"application/epub+zip", "META-INF/encryption.xml": drm, "1.png": page(1)}
    yield cbz(tmp_path / "drm.epub", members), "encrypted"


def locked_pdf(path):
    pikepdf = pytest.importorskip("pikepdf")
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(path, encryption=pikepdf.Encryption(user="a", owner="b"))
    return path


def test_hostile_books_are_refused_in_a_line_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("colorzoo.datasources.containers.archive_book.FREE_BYTES", 1_000_000)
    monkeypatch.setattr("colorzoo.datasources.containers.archive_book.MAX_MEMBERS", 50)
    (tmp_path / "in").mkdir()
    for path, word in hostile(tmp_path / "in"):
        with pytest.raises(DataError, match=word) as caught, opened(path) as container:
            run_one_book(Tinting(), container, tmp_path / "out" / path.name, SETTINGS)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
        left = [one for one in (tmp_path / "out").rglob("*") if one.is_file()]
        assert left == [], path.name


def test_a_damaged_member_ends_the_book_and_keeps_the_pages(tmp_path):
    members = {"1.png": gray_page(1), "2.png": gray_page(2), "notes.txt": b"words" * 50}
    data = bytearray(cbz(tmp_path / "b.cbz", members).read_bytes())
    data[data.index(b"2.png") + 60] ^= 255
    (tmp_path / "b.cbz").write_bytes(data)
    result = colored(tmp_path / "b.cbz", tmp_path / "out")
    assert "2.png: damaged" in result.failure_lines()[0]
    assert list((tmp_path / "out").glob("*.cbz")) == []


def test_the_commands_of_the_page_on_books_do_what_it_says(command, tmp_path):
    cbz(tmp_path / "book.cbz"), (tmp_path / "shelf").mkdir()
    cbz(tmp_path / "shelf" / "other.cbz"), (tmp_path / "shelf" / "photo.png").write_bytes(page(1))
    for name, kind in (("novel", "epub"), ("scans", "pdf"), ("moving", "gif")):
        book(kind, tmp_path).rename(tmp_path / f"{name}.{kind}")
    block = re.findall(r"```\n(.*?)```", (ROOT / "docs" / "books.md").read_text(), re.S)[0]
    assert len(block.splitlines()) == 9
    for line in block.splitlines():
        words, _, comment = line.partition("#")
        done = command(*shlex.split(words.replace(" cgan ", " grey "))[1:])
        assert " coloured" in done, done
        for name in re.findall(r"colorized/[\w.-]+", comment):
            assert (tmp_path / name.replace("cgan", "grey")).is_file(), line
        assert ("before" in done) == ("done already" in comment), line
