"""A Hub on loopback that lies: an honest answer, changed by a function before it is sent.

`HostileHub(files, changes)` serves one repository; `random_changes(seed)` makes one of endlessly many
hostile servers; `machine(folder, address)` points this process at it. A campaign is a loop over seeds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

COMMIT = "c0ffee" * 6 + "0123"
REPO = "some/weights"
LONGEST = 30
"""Seconds after which a drip or a silence of the server ends, come what may."""


@dataclass(frozen=True)
class Answer:
    """What the server sends: `body`, `repeat` times, byte by byte where there is a `pause` in seconds."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    repeat: int = 1
    pause: float = 0
    raw: bytes | None = None
    """Sent in place of status line, headers and body."""

    def json(self, value: object) -> Answer:
        return replace(self, body=json.dumps(value).encode())

    def change(self, **values: object) -> Answer:
        """Change fields of the JSON, in every entry of a list."""
        known = json.loads(self.body)
        return self.json([e | values for e in known] if isinstance(known, list) else known | values)

    def with_headers(self, **values: str) -> Answer:
        return replace(
            self, headers={**self.headers, **{k.replace("_", "-"): v for k, v in values.items()}}
        )


Changes = Callable[[str, int, Answer], Answer]
"""Get the name of what is asked for (revision, tree or a file), how often it was, and the honest answer."""


class HostileHub:
    """The server; `asked` counts the requests by name, `tokens` and `sent` say what it got and gave."""

    def __init__(self, files: Mapping[str, bytes], changes: Changes = lambda name, count, answer: answer):
        self.files, self.changes = dict(files), changes
        self.asked: Counter[str] = Counter()
        self.tokens: list[str] = []
        self.sent, self.closed = 0, threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"hub": self}))
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> HostileHub:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str) -> Answer:
        name = (
            path.rpartition("/")[2] if "/resolve/" in path else "tree" if "/tree/" in path else "revision"
        )
        self.asked[name] += 1
        return self.changes(name, self.asked[name], self.honest(name))

    def honest(self, name: str) -> Answer:
        if name == "revision":
            return Answer().json({"id": REPO, "sha": COMMIT, "siblings": []})
        if name == "tree":
            return Answer().json([entry(name, data) for name, data in self.files.items()])
        if name not in self.files:
            return Answer(status=404, headers={"X-Error-Code": "EntryNotFound"})
        etag = f'"{entry(name, self.files[name])["oid"]}"'
        return Answer(self.files[name], headers={"ETag": etag, "X-Repo-Commit": COMMIT})


def entry(name: str, data: bytes) -> dict[str, object]:
    """Describe a file as the Hub's tree does; tensors are LFS files."""
    oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    found = {"type": "file", "path": name, "oid": oid, "size": len(data)}
    if name.endswith(".safetensors"):
        found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return found


class _Handler(BaseHTTPRequestHandler):
    hub: HostileHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        self.hub.tokens.append(self.headers.get("Authorization") or "")
        answer = self.hub.answer(self.path)
        with contextlib.suppress(OSError):
            if answer.raw is not None:
                self.give(answer.raw, answer.pause)
                return
            self.wfile.write(b"HTTP/1.1 %d X\r\n" % answer.status)
            length = len(answer.body) * answer.repeat if answer.length is None else answer.length
            for name, text in {
                "Content-Length": str(length),
                "Connection": "close",
                **answer.headers,
            }.items():
                self.wfile.write(f"{name}: {text}\r\n".encode("latin-1", "replace"))
            self.wfile.write(b"\r\n")
            for _ in range(answer.repeat):
                self.give(answer.body, answer.pause)

    do_HEAD = do_GET

    def give(self, data: bytes, pause: float) -> None:
        end = time.monotonic() + LONGEST
        for start in range(0, len(data), 1 if pause else len(data) or 1):
            part = data[start : start + 1] if pause else data
            self.wfile.write(part)
            self.hub.sent += len(part)
            if pause and (self.hub.closed.wait(pause) or time.monotonic() > end):
                return


@contextlib.contextmanager
def machine(folder: Path, address: str, timeout: float = 10) -> Iterator[None]:
    """Let this process know only the Hub at `address`, and keep its caches below `folder`.

    timeout: seconds, of which three times as many make a silent Hub one that cannot be reached.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", address)
        patch.setattr(constants, "HF_HUB_CACHE", str(folder / "hf"))
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", timeout)
        patch.setenv("COLORZOO_CACHE", str(folder / "colorzoo"))
        patch.setenv("HF_TOKEN", "hf_secret")
        close_session()
        try:
            yield
        finally:
            close_session()


TRAVERSALS = [
    '"../../../../home/precious.txt"',
    '"../../../../home/.bash_profile"',
    '"/etc/passwd"',
    '"..\\\\x"',
]
CONTROL = "\x1b[2J\x1b]0;title\x07\r\n\ncolorzoo: error: forged\u202e\x00"
VALUES = [None, True, -1, 2**70, 1e308, "", "zz", COMMIT, COMMIT.upper(), "../" * 9 + "home/precious.txt",
          CONTROL, "x" * 100_000, [], {}, [[[]]]]  # fmt: skip
HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"


def random_changes(seed: int) -> Changes:
    """Return a hostile server: one or two of its answers are changed, differently from request to request."""  # noqa: E501
    chance = random.Random(seed)
    targets = chance.sample(["revision", "tree", "config.json", "model.safetensors", "README.md"], k=2)
    first = chance.choice([1, 1, 1, 2])

    def changes(name: str, count: int, answer: Answer) -> Answer:
        if name not in targets or count < first:
            return answer
        return chance.choice(ANY if name in ("revision", "tree") else FILES)(chance, answer)

    return changes


def _json_field(chance: random.Random, answer: Answer) -> Answer:
    known = json.loads(answer.body)
    part = chance.choice(known) if isinstance(known, list) else known
    part = part["lfs"] if "lfs" in part and chance.random() < 0.5 else part
    part[chance.choice(list(part))] = chance.choice(VALUES)
    return answer.json(known)


def _bitten(chance: random.Random, answer: Answer) -> Answer:
    body = bytearray(answer.body)
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return replace(answer, body=bytes(body))


def _raw_drip(chance: random.Random, answer: Answer) -> Answer:
    start = chance.choice(
        [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"]
    )
    return Answer(raw=start + b"a" * 1000, pause=0.05)


FILES: list[Callable[[random.Random, Answer], Answer]] = [
    lambda chance, answer: answer.with_headers(ETag=chance.choice(TRAVERSALS), X_Linked_Etag=chance.choice(TRAVERSALS)),  # noqa: E501
    lambda chance, answer: answer.with_headers(X_Repo_Commit=chance.choice(["..", "../../home", "zz"])),
    lambda chance, answer: Answer(status=302, headers={"Location": chance.choice(
        ["/again", "file:///etc/passwd", "//127.0.0.1:9/x", "http://[", "gopher://x", "", "\u202e"])}),
    lambda chance, answer: Answer(status=chance.choice([204, 206, 304, 401, 403, 404, 416, 429, 500, 503, 599]),  # noqa: E501
                                  headers={"Retry-After": "9\x1b[2J" * 99, "X-Error-Message": "x" * 9000}),
    lambda chance, answer: Answer(b"x" * 100_000, repeat=1000, headers=answer.headers),
    lambda chance, answer: replace(answer, length=chance.choice([0, 1, 10**15]), headers=answer.headers),
    lambda chance, answer: answer.with_headers(Content_Encoding=chance.choice(["gzip", "br", "zz"])),
    lambda chance, answer: replace(answer, pause=0.05),
    lambda chance, answer: Answer(raw=chance.choice([b"", b"\0" * 99, b"HTTP/9.9 x\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 999])),  # noqa: E501
    lambda chance, answer: Answer(HTML, headers={"Content-Type": "text/html"}),
    _bitten,
    _raw_drip,
]  # fmt: skip
ANY = [
    *FILES,
    *[_json_field] * 8,
    lambda chance, answer: Answer(b"[" * chance.choice([5_000, 1_000_000])),
    lambda chance, answer: Answer(b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    lambda chance, answer: Answer(b'{"sha": "\\ud800", "x": "\xff"}'),
    lambda chance, answer: answer.json(chance.choice(VALUES)),
]
