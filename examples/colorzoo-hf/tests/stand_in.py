"""A server on loopback that colours in a known way, and in every wrong way that servers know."""

import base64
import io
import json
import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image


def colored(png, seed):
    """Return a PNG of other colours for every seed, over the grey of a PNG."""
    gray = np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float32)[..., None]
    tint = np.array([1.0, 0.5 + (seed % 97) / 200, 0.3 + (seed % 89) / 200], np.float32)
    return as_png((gray * tint).astype(np.uint8))


def as_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def bomb():
    """A PNG of some hundred bytes that claims 50,000 pixels each way."""
    size = (50_000).to_bytes(4, "big")
    chunks = [
        (b"IHDR", size + size + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(bytes(2**16))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        for name, data in chunks
    )  # fmt: skip


class StandIn:
    """The server; `asked` has path, headers and body of every request."""

    def __init__(self):
        self.asked, self.failures, self.model = [], 0, "one"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"stand_in": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.stand_in.asked.append((self.path, dict(self.headers), b""))
        self.send(self.stand_in.model.encode(), "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.stand_in.asked.append((self.path, dict(self.headers), body))
        parts = urlsplit(self.path)
        if self.stand_in.failures > 0:
            self.stand_in.failures -= 1
            self.send(b"busy", "text/plain", 503)
            return
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        getattr(self, parts.path.strip("/").replace("-", "_"))(body, query)

    def send(self, data, media="image/png", code=200, **headers):
        self.send_response(code)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Type": media, "Content-Length": str(len(data)), **given}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def png(self, body, query):
        self.send(colored(body, int(query.get("seed", 0))))

    def json(self, body, query):
        said = json.loads(body)
        png = colored(base64.b64decode(said["init_images"][0]), said["seed"])
        self.send(json.dumps({"images": [base64.b64encode(png).decode()]}).encode(), "application/json")

    def form(self, body, query):
        png = body[body.index(b"\x89PNG") : body.rindex(b"\r\n--")]
        self.send(colored(png, int(re.search(rb'name="seed"\r\n\r\n(\d+)', body)[1])))

    def half(self, body, query):
        pixels = np.asarray(Image.open(io.BytesIO(colored(body, 0))))
        self.send(as_png(np.ascontiguousarray(pixels[::2, ::2])))

    def other_shape(self, body, query):
        self.send(as_png(np.zeros((20, 200, 3), np.uint8)))

    def broken(self, body, query):
        self.send(b"Traceback", "text/plain", 500)

    def refuses(self, body, query):
        self.send(b"who are you?", "text/plain", 401)

    def html(self, body, query):
        self.send(b"<html>welcome</html>", "text/html")

    def redirects(self, body, query):
        self.send(b"", "text/plain", 302, Location="http://elsewhere.example/png")

    def bomb(self, body, query):
        self.send(bomb())

    def compressed(self, body, query):
        self.send(zlib.compress(bytes(2**20)), Content_Encoding="deflate")

    def short(self, body, query):
        self.send(b"\x89PNG", Content_Length="1000")

    def claims_much(self, body, query):
        self.send(b"", Content_Length=str(10**12))

    def endless(self, body, query):
        self.send_response(200)
        self.end_headers()
        with_zeros = bytes(2**20)
        for _ in range(80):
            self.wfile.write(with_zeros)

    def drips(self, body, query):
        self.send_response(200)
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"\x89")
            time.sleep(0.05)

    def drips_headers(self, body, query):
        for letter in "HTTP/1.1 200 OK\r\nX: " + 200 * "y":
            self.wfile.write(letter.encode())
            time.sleep(0.05)

    def no_picture_in_json(self, body, query):
        self.send(b'{"images": []}', "application/json")
