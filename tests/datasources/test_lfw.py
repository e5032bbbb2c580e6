"""LFW from a folder, from archives, and from a real server on loopback."""

import hashlib
import io
import os
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.data.archive import extract_pictures
from colorzoo.core.data.download import download
from colorzoo.core.errors import DataError
from colorzoo.datasources import lfw
from colorzoo.datasources.lfw import LFW
from colorzoo.testing import synthetic_picture


@pytest.fixture
def root(tmp_path):
    """Make LFW's layout: forty people, one of them in grey."""
    root = tmp_path / "data" / "lfw-deepfunneled"
    for index in range(40):
        person = root / f"Person_{index:02}"
        person.mkdir(parents=True)
        for number in range(1, 3):
            pixels = synthetic_picture(index * 10 + number, 30, 30)
            if index == 39:
                pixels = np.repeat(pixels[..., :1], 3, -1)
            Image.fromarray(pixels).save(person / f"{person.name}_{number:04}.jpg")
    return root


def archive(root: Path, path: Path, extra=()) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        tar.add(root, "lfw-deepfunneled")
        for member, data in extra:
            tar.addfile(member, io.BytesIO(data))
    return path


def test_people_are_split_and_grey_pictures_counted(root, monkeypatch):
    monkeypatch.setenv("COLORZOO_DATA", str(root.parent))
    parts = {split: LFW(None, split) for split in LFW.splits}
    people = {split: {i.split("/")[0] for i in data.ids()} for split, data in parts.items()}
    assert people["train"] | people["test"] == people["all"]
    assert not people["train"] & people["test"]
    assert people["test"]
    assert parts["all"].notes == {"people": 39, "near-grey left out": 2}
    assert len(parts["all"]) == 78
    assert LFW(str(root), "all").fingerprint == parts["all"].fingerprint


def test_where_it_looks_is_in_the_message(tmp_path):
    with pytest.raises(DataError, match=r"colorzoo data fetch lfw.*COLORZOO_DATA"):
        LFW()
    with pytest.raises(DataError, match="elsewhere"):
        LFW(str(tmp_path / "elsewhere"))


def known(monkeypatch, path, urls=()):
    item = lfw.KnownArchive(name=path.name, algorithm="sha256", urls=tuple(urls),
                       digest=hashlib.sha256(path.read_bytes()).hexdigest())  # fmt: skip
    monkeypatch.setattr(lfw, "ARCHIVES", (item,))


def test_an_archive_downloaded_by_hand_is_known_by_its_hash(root, tmp_path, monkeypatch):
    path = archive(root, tmp_path / "mine.tgz")
    with pytest.raises(DataError, match="not a known archive; expected lfw-deepfunneled"):
        LFW.fetch(path)
    known(monkeypatch, path)
    LFW.fetch(path)
    assert len(LFW(None, "all")) == 78


def member(name, kind=tarfile.REGTYPE, size=4):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "a/../../evil.jpg"])
def test_an_archive_that_leaves_its_folder_is_refused(root, tmp_path, name):
    path = archive(root, tmp_path / "a.tgz", [(member(name), b"evil")])
    with pytest.raises(DataError, match="unsafe path"):
        extract_pictures(path, tmp_path / "out" / "lfw", 10**8)
    assert list((tmp_path / "out").iterdir()) == []


def test_links_and_other_files_are_not_unpacked_and_sizes_are_bounded(root, tmp_path):
    link = member("lfw-deepfunneled/link.jpg", tarfile.SYMTYPE, 0)
    link.linkname = "/etc/passwd"
    path = archive(root, tmp_path / "a.tgz", [(member("run.sh"), b"evil"), (link, b"")])
    out = extract_pictures(path, tmp_path / "out", 10**8)
    assert {p.suffix for p in out.rglob("*") if p.is_file()} == {".jpg"}
    assert not (out / "lfw-deepfunneled" / "link.jpg").exists()
    with pytest.raises(DataError, match="more than 1000 bytes"):
        extract_pictures(path, tmp_path / "small", 1000)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match="damaged"):
        extract_pictures(path, tmp_path / "cut", 10**8)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["data", "out"]


class Server(BaseHTTPRequestHandler):
    """Serves one file with ranges; the first answers are cut, refused or wrong as asked."""

    body = b""
    faults: list[str] = []
    ranges: list[str | None] = []

    def do_GET(self):
        kind = type(self)
        kind.ranges.append(self.headers["Range"])
        fault = kind.faults.pop(0) if kind.faults else ""
        if fault == "busy":
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        data = bytearray(kind.body[start:])
        if fault == "flipped":
            data[10] ^= 1
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if fault == "cut" else data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    kind = type("Own", (Server,), {"faults": [], "ranges": [], "body": os.urandom(300_000)})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        kind.url = f"http://127.0.0.1:{running.server_port}/file"
        yield kind
        running.shutdown()


def fetched(server, target, **options):
    sha = hashlib.sha256(server.body).hexdigest()
    return download([server.url], target, options.get("sha", sha), options.get("limit", 10**7))


def test_a_busy_server_is_asked_again_and_a_cut_download_resumes(server, tmp_path):
    server.faults[:] = ["busy", "cut"]
    assert fetched(server, tmp_path / "f").read_bytes() == server.body
    assert server.ranges[:2] == [None, None]
    assert server.ranges[2].startswith("bytes=")  # only the rest
    assert list(tmp_path.iterdir()) == [tmp_path / "f"]
    before = len(server.ranges)
    fetched(server, tmp_path / "f")
    assert len(server.ranges) == before  # already here


def test_a_wrong_hash_is_thrown_away_and_a_flood_is_stopped(server, tmp_path):
    server.faults[:] = ["flipped"]
    with pytest.raises(DataError, match="sha256 is not"):
        fetched(server, tmp_path / "f")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="sends more than 1000 bytes"):
        fetched(server, tmp_path / "g", limit=1000)


def test_a_later_run_goes_on_with_the_part(server, tmp_path):
    (tmp_path / "f.part").write_bytes(server.body[:1000])
    assert fetched(server, tmp_path / "f").read_bytes() == server.body
    assert server.ranges == ["bytes=1000-"]


def test_the_next_mirror_is_tried(server, tmp_path):
    dead = "http://127.0.0.1:9/none"
    sha = hashlib.sha256(server.body).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("colorzoo.core.data.download.session", lambda: __import__("requests").Session())
        done = download([dead, server.url], tmp_path / "f", sha, 10**7)
    assert done.read_bytes() == server.body


def test_fetch_downloads_and_unpacks(root, tmp_path, server, monkeypatch):
    path = archive(root, tmp_path / "lfw-funneled.tgz")
    server.body = path.read_bytes()
    known(monkeypatch, path, [server.url])
    told = []
    LFW.fetch(progress=lambda done, total: told.append((done, total)))
    assert len(LFW(None, "all")) == 78
    assert told[-1] == (len(server.body), len(server.body))
