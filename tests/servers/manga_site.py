"""A replica of the paper's site on loopback: its markup in both generations, and what can go wrong."""

from __future__ import annotations

import gzip
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

PROFILE = Path(__file__).parents[2] / "datasources" / "manga" / "sites" / "mkzhan.toml"
OLD, NEW, GBK, BROKEN = "101", "102", "103", "104"
SECRET = "page-800-x?auth_key=1f"


def jpeg(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@cache
def page_file(seed: int) -> bytes:
    """Return a page as JPEG, drawn once."""
    return jpeg(painted(seed))


def painted(seed: int) -> np.ndarray:
    """Make a page of coloured clouds; no two are alike."""
    clouds = np.random.default_rng(seed).integers(0, 256, (6, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(clouds).resize((64, 96), Image.Resampling.BICUBIC))


def tinted(seed: int) -> np.ndarray:
    """Make what a scanner makes of a black-and-white page: one tint, darker and lighter."""
    grey = painted(seed).mean(-1, keepdims=True) / 255
    return (np.array([250, 225, 180]) * grey).astype(np.uint8)


class Replica:
    """Two servers, site and pictures; `faults` go off once each, `count` tells what was asked."""

    def __init__(self, per_chapter: int = 3) -> None:
        self.per_chapter = per_chapter
        self.count: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self.times: dict[str, list[float]] = {}
        self.faults: dict[str, list[Callable[[BaseHTTPRequestHandler], None]]] = {}
        self.robots = "User-agent: *\nDisallow: /private/\n"
        self.pictures: dict[str, tuple[str, bytes]] = {}
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.stop = threading.Event()
        self.site, self.images = self._serve(), self._serve()
        self.url = f"http://{self.host(self.site)}"
        self.image_url = f"http://{self.host(self.images)}"
        self._draw()
        self._write()

    @staticmethod
    def host(server: ThreadingHTTPServer) -> str:
        return f"127.0.0.1:{server.server_port}"

    @property
    def allowed(self) -> list[str]:
        return [self.host(self.site), self.host(self.images)]

    def profile(self, folder: Path, **changes: str) -> str:
        """Write the shipped profile with the address of the JSON answers moved to the replica."""
        text = PROFILE.read_text().replace("https://comic.mkzhan.com", self.url)
        for old, new in changes.items():
            text = text.replace(old, new)
        path = folder / "replica.toml"
        path.write_text(text)
        return str(path)

    def fault(self, path: str, *faults: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.faults.setdefault(path, []).extend(faults)

    def picture_requests(self) -> Counter[str]:
        return Counter({path: n for path, n in self.count.items() if path.startswith("/img/")})

    def close(self) -> None:
        self.stop.set()
        for server in (self.site, self.images):
            server.shutdown()
            server.server_close()

    def _serve(self) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"replica": self}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def _draw(self) -> None:
        """Draw four chapters: 12/2 is grey, 12/3 a tinted scan, 13/1 repeats 11/1 at another size."""
        for series in (OLD, NEW, GBK):
            for chapter in range(11, 15):
                for page in range(1, self.per_chapter + 1):
                    body = page_file(int(series) * 1000 + chapter * 40 + page)
                    self.pictures[f"/img/{series}/{chapter}/{page}.jpg"] = ("image/jpeg", body)
            grey = painted(5)[..., :1].repeat(3, -1)
            self.pictures[f"/img/{series}/12/2.jpg"] = ("image/jpeg", jpeg(grey))
            self.pictures[f"/img/{series}/12/3.jpg"] = ("image/jpeg", jpeg(tinted(6)))
            again = Image.open(io.BytesIO(self.pictures[f"/img/{series}/11/1.jpg"][1])).resize((80, 120))
            self.pictures[f"/img/{series}/13/1.jpg"] = ("image/jpeg", jpeg(np.asarray(again)))

    def _write(self) -> None:
        for number, listed in ((1, [OLD, NEW]), (2, [GBK]), (3, [])):
            links = [*(f"/{key}/" for key in listed), "/{{ item.comic_id }}/"]
            items = "".join(
                f'<div class="common-comic-item"><p class="comic__title"><a href="{link}">A</a></p></div>'
                for link in links
            )
            html = f'<div class="cate-comic-list">{items}</div>'
            self.pages[f"/category/?page={number}"] = ("text/html; charset=utf-8", html.encode())
        self.pages["/category/"] = self.pages["/category/?page=1"]
        self._write_old()
        self._write_new()
        self._write_gbk()

    def _write_old(self) -> None:
        entries = "".join(
            f'<li class="j-chapter-item"><a class="j-chapter-link" {own} href="#">\n{text}</a></li>'
            for own, text in (
                (f'data-hreflink="/{OLD}/14.html"', "Paid"),
                (f'data-hreflink="/{OLD}/13.html"', "Chapter <b>13</b>\n"),
                (f'data-hreflink="/{OLD}/12.html"', "Chapter <b>12</b>\n"),
                ('data-chapterid="11"', "Chapter 11"),
                ('data-hreflink="/{{ item.comic_id }}/{{ item.id }}.html"', "{{ item.title }}"),
            )
        )
        html = (
            '<meta charset="utf-8"><p class="comic-title j-comic-title">\u706b\u661f <i>x</i></p>'
            f'<p class="de-info__cover"><img class="lazy" data-src="{self.image_url}/img/cover.jpg"></p>'
            f'<ul class="chapter__list-box clearfix">{entries}</ul>'
        )
        self.pages[f"/{OLD}/"] = ("text/html; charset=utf-8", html.encode())
        for chapter in (11, 12, 13):
            images = "".join(
                f'<div class="rd-article__pic"><img class="lazy-read" src="//static.mkzcdn.com/bg.png" '
                f'data-src="{self.image_url}/img/{OLD}/{chapter}/{page}.jpg!{SECRET}"></div>'
                for page in range(1, self.per_chapter)
            )
            images += (
                f'<div class="rd-article__pic"><img class="lazy-read" '
                f'src="{self.image_url}/img/{OLD}/{chapter}/{self.per_chapter}.jpg!{SECRET}"></div>'
            )
            html = f'<a class="last-crumb">Chapter {chapter}</a><div class="rd-article-wr">{images}</div>'
            self.pages[f"/{OLD}/{chapter}.html"] = ("text/html; charset=utf-8", html.encode())
        self.pages[f"/{OLD}/14.html"] = ("text/html", b'<div class="rd-vip">buy this chapter</div>')

    def _write_new(self) -> None:
        html = '<p class="comic-title">New</p><ul class="chapter__list-box"></ul><div id="app"></div>'
        self.pages[f"/{NEW}/"] = ("text/html; charset=utf-8", html.encode())
        listed = [{"chapter_id": str(key), "title": f"Chapter {key}"} for key in (11, 12, 13, 14)]
        self.pages[f"/chapter/?comic_id={NEW}"] = (
            "application/json",
            json.dumps({"data": listed}).encode(),
        )
        for chapter in (11, 12, 13, 14):
            self.pages[f"/{NEW}/{chapter}/"] = ("text/html", b'<div id="app"></div>')
            address = f"/chapter/content/v1/?chapter_id={chapter}&comic_id={NEW}&format=1&quality=1&type=1"
            images = [
                {"page_id": str(page), "image": f"{self.image_url}/img/{NEW}/{chapter}/{page}.jpg!{SECRET}"}
                for page in (1, 2, 3)
            ]
            data = {"page": images} if chapter != 14 else []
            self.pages[address] = ("application/json", json.dumps({"code": "200", "data": data}).encode())

    def _write_gbk(self) -> None:
        html = (
            '<html><head><meta http-equiv="Content-Type" content="text/html; charset=gbk"></head>'
            '<p class="comic-title">\u6f2b\u753b</p><ul class="chapter__list-box">'
            f'<a class="j-chapter-item" href="/{GBK}/11.html">\u7b2c\u4e00\u8bdd</a></ul></html>'
        )
        self.pages[f"/{GBK}/"] = ("text/html", html.encode("gbk"))
        images = "".join(
            f'<p class="rd-article__pic"><img {key}="{self.image_url}/img/{GBK}/11/{page}.jpg!{SECRET}">'
            for page, key in ((1, "data-original"), (2, "echo-pc"), (3, "data-src"))
        )
        html = f'<meta charset="gbk"><div class="rd-article-wr">\u4f60\u597d{images}</div>'
        self.pages[f"/{GBK}/11.html"] = ("text/html", html.encode("gbk"))


class Handler(BaseHTTPRequestHandler):
    """Answers as the site would, unless a fault is due."""

    protocol_version = "HTTP/1.1"
    replica: Replica

    def do_GET(self) -> None:
        replica, path = self.replica, self.path
        name = path.partition("!")[0] if path.startswith("/img/") else path
        replica.count[name] += 1
        replica.headers[name] = dict(self.headers.items())
        replica.times.setdefault(name, []).append(time.monotonic())
        faults = replica.faults.get(name)
        if faults:
            faults.pop(0)(self)
            return
        if path == "/robots.txt":
            self.give("text/plain", replica.robots.encode())
        elif name in replica.pictures:
            self._picture(name, path)
        elif path in replica.pages:
            self.give(*replica.pages[path])
        elif urlsplit(path).path == "/loop/":
            turn = int(parse_qs(urlsplit(path).query).get("n", ["0"])[0])
            self.redirect(f"/loop/?n={turn + 1}")
        else:
            self.give("text/html", b"nothing here", 404)

    def _picture(self, name: str, path: str) -> None:
        if SECRET not in path or not self.headers.get("Referer", "").startswith(self.replica.url):
            self.give("text/html", b"forbidden", 403)
            return
        kind, body = self.replica.pictures[name]
        tag = f'"{hash(body):x}"'
        if self.headers.get("If-None-Match") == tag:
            self.give(kind, b"", 304)
            return
        self.give(kind, body, ETag=tag)

    def give(self, kind: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, to: str) -> None:
        self.give("text/html", b"", 302, Location=to)

    def log_message(self, *_: object) -> None:
        pass


def busy(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: handler.give("text/html", b"", status, **headers)


def redirect(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: handler.redirect(to)


def answer(kind: str, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: handler.give(kind, body)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"\xff\xd8\xff" * 100)
    handler.close_connection = True


def huge(handler: BaseHTTPRequestHandler) -> None:
    """Promise ten gigabytes."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", str(10 << 30))
    handler.end_headers()
    handler.close_connection = True


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Promise nothing, and never end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Connection", "close")
    handler.end_headers()
    try:
        while not handler.replica.stop.is_set():
            handler.wfile.write(b"\xff" * 65536)
    except OSError:
        pass
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    try:
        while not handler.replica.stop.wait(0.05):
            handler.wfile.write(b"\xff")
            handler.wfile.flush()
    except OSError:
        pass
    handler.close_connection = True


def zipped_bomb(handler: BaseHTTPRequestHandler) -> None:
    """Send a page that is a thousand times as large once unpacked."""
    handler.give("text/html", gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """Return a small PNG that claims 50,000 by 50,000 pixels, or what is asked."""
    from struct import pack
    from zlib import compress, crc32

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data))

    head = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
