"""Books through the server: pages in a row, the book back as the command line makes it, limits held."""

import io
import zipfile

import pytest
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from tests.plugins.books import MAKERS, book, cbz, gray_page, page

pytestmark = pytest.mark.slow
PAGES = {"epub": 2, "pdf": 2, "video": 5, "film": 5}


def colored(server, path, **fields):
    """Return the job that has coloured a book, and the book."""
    job = server.job(path, model="unet", seed=5, **fields)
    answer = server.get(f"v1/jobs/{job['id']}/book")
    assert answer.status_code == 200, answer.text
    return job, answer


def by_the_command_line(path, out, *words):
    done = CliRunner().invoke(
        build(), ["run", "unet", str(path), "-o", str(out), "--seed", "5", "--threads", "1", *words]
    )
    assert done.exit_code == 0, done.output
    return out.read_bytes()


@pytest.mark.parametrize("name", MAKERS)
def test_a_book_comes_back_as_the_command_line_makes_it(server, name, tmp_path):
    path = book(name, tmp_path)
    job, answer = colored(server, path)
    assert (job["total"], job["kept"]) == (PAGES.get(name, 3), 0)
    suffix = {"cbr": ".cbz", "cb7": ".cbz", "film": ".mkv"}.get(name, path.suffix)
    assert f"book-unet{suffix}" in answer.headers["content-disposition"]
    made = by_the_command_line(path, tmp_path / f"out{suffix}")
    if name in ("pdf", "video", "film"):  # each copy has an id, or a date, of its own
        assert len(answer.content) == pytest.approx(len(made), rel=0.01)
    else:
        assert answer.content == made


def test_pages_agree_as_on_the_command_line(server, tmp_path):
    path = book("cbz", tmp_path)
    _, answer = colored(server, path, consistent="true")
    assert answer.content == by_the_command_line(path, tmp_path / "out.cbz", "--consistent")
    assert answer.content != by_the_command_line(path, tmp_path / "alone.cbz")


def test_pages_in_colour_stay_and_are_counted(server, tmp_path):
    content = {"1.png": page(1), "2.png": gray_page(2), "notes.txt": b"words"}
    path = cbz(tmp_path / "half.cbz", content)
    job, answer = colored(server, path)
    assert [one["status"] for one in job["pictures"]] == ["kept", "done"]
    assert (job["status"], job["kept"], job["pictures"][0]["files"]) == ("done", 1, [])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.read("1.png") == content["1.png"]
        assert made.read("notes.txt") == b"words"
        assert made.read("2.png") != content["2.png"]
    again, _ = colored(server, path, recolor="true")
    assert again["kept"] == 0


def test_what_was_chosen_and_said_of_each_page_is_in_the_book(server, tmp_path):
    path = book("cbz", tmp_path)
    held = server.post("v1/pictures", files={"picture": (path.name, path.read_bytes())}).json()
    assert len({one["book"] for one in held}) == 1
    assert [one["name"] for one in held] == ["1.png", "2.png", "3.png"]
    body = {"pictures": [{"id": one["id"]} for one in held], "model": "unet"}
    job = server.events(server.post("v1/colorize", json=body).json()["id"])[-1]
    said = {"strength": 1.5}
    items = [{"job": job["id"], "picture": 1, "guidance": said}]
    answer = server.post("v1/export", json={"items": items, "book": True})
    page_alone = server.post("v1/guide", json=items[0]).content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made, zipfile.ZipFile(path) as old:
        shown = [Image.open(io.BytesIO(data)).tobytes() for data in (made.read("pages/2.png"), page_alone)]
        assert shown[0] == shown[1]
        assert made.read("pages/1.png") == old.read("pages/1.png")


def test_a_page_is_shown_as_it_came_in_any_order(server, tmp_path):
    for name in ("cbz", "gif", "video"):
        path = book(name, tmp_path / name)
        held = server.post("v1/pictures", files={"picture": (path.name, path.read_bytes())}).json()
        for one in (held[2], held[0]):
            assert server.get(f"v1/pictures/{one['id']}?side=32").status_code == 200


def test_who_waits_for_a_picture_gets_the_first_frame(server, tmp_path):
    path = book("gif", tmp_path)
    answer = server.post(
        "v1/colorize", files={"picture": (path.name, path.read_bytes())}, headers={"Accept": "image/png"}
    )
    assert Image.open(io.BytesIO(answer.content)).size == (48, 64)


def _large(path):
    buffer = io.BytesIO()
    Image.new("1", (9000, 9000)).save(buffer, "PNG")
    return cbz(path, {"1.png": buffer.getvalue(), "2.png": gray_page(1)}).read_bytes()


HOSTILE = {
    "leads out": lambda path: cbz(path, {"../../1.png": gray_page(1)}).read_bytes(),
    "no pictures": lambda path: cbz(path, {"notes.txt": b"words"}).read_bytes(),
    "damaged": lambda path: b"PK\x03\x04" + bytes(200),
    "no pdf": lambda path: b"%PDF-1.7\n" + b"x" * 500,
    "no rar": lambda path: b"Rar!\x1a\x07\x00" + b"x" * 500,
    "no 7z": lambda path: b"7z\xbc\xaf\x27\x1c" + b"x" * 500,
    "no video": lambda path: b"\0\0\0\x18ftypmp42" + b"x" * 500,
    "too many": lambda path: cbz(path, {f"{n}.png": gray_page(1) for n in range(7)}).read_bytes(),
    "half a gif": lambda path: book("gif", path.parent / "g").read_bytes()[:900],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_books_are_problems_of_the_client(server, name, tmp_path):
    data = HOSTILE[name](tmp_path / "a.cbz")
    before = set((server.folder / "cache" / "serve").rglob("*"))
    for called in ("a.cbz", "picture", "x.pdf"):
        answer = server.post("v1/pictures", files={"picture": (called, data)})
        if name == "half a gif" and answer.status_code == 200:
            continue  # what there is of it is shown
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert str(server.folder) not in answer.text
        assert set((server.folder / "cache" / "serve").rglob("*")) == before
    assert server.get("healthz").json()["status"] == "ok"


def test_a_page_that_is_too_large_fails_alone_and_stays(server, tmp_path):
    path = tmp_path / "a.cbz"
    path.write_bytes(_large(path))
    job, answer = colored(server, path)
    assert [one["status"] for one in job["pictures"]] == ["failed", "done"]
    assert "pixels" in job["pictures"][0]["error"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made, zipfile.ZipFile(path) as old:
        assert made.read("1.png") == old.read("1.png")


def test_a_book_of_no_book_is_refused(server, photo):
    job = server.job(photo, model="unet")
    answer = server.get(f"v1/jobs/{job['id']}/book")
    assert (answer.status_code, "one" in answer.json()["detail"]) == (422, True)
