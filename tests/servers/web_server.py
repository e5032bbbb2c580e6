"""`colorzoo serve` as a process of its own, on a port that is free."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

HANG = 120


class WebServer:
    """A running server; a context manager that ends it. verb: what starts it."""

    def __init__(
        self, folder: Path, *words: str, verb: Sequence[str] = ("serve", "--threads", "1"), **env: str
    ) -> None:
        self.folder, self.words = folder, (*verb, *words)
        self.env = {**os.environ, "OMP_NUM_THREADS": "1", "COLORZOO_CACHE": str(folder / "cache"), **env}

    def __enter__(self) -> WebServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "colorzoo", *self.words, "--port", "0"],
            cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = ""
        while not (match := re.search(r"(http://\S+:(\d+))/", said)):
            line = self.process.stdout.readline()
            assert line, said
            said += line
        self.url, self.port = match[1], int(match[2])
        self.said = said
        end = time.monotonic() + HANG
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/healthz", timeout=5).json()["status"] == "ok":
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise AssertionError("the server does not start")

    def interrupt(self) -> float:
        """Send Ctrl-C; return the seconds until the process has ended."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(HANG)
        return time.monotonic() - start

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(f"{self.url}/{path}", timeout=HANG, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return requests.post(f"{self.url}/{path}", timeout=HANG, **more)

    def job(self, picture: Path, **fields: Any) -> dict[str, Any]:
        """Colour a picture; return the job when it is done."""
        answer = self.post(
            "v1/colorize", files={"picture": (picture.name, picture.read_bytes())}, data=fields
        )
        assert answer.status_code == 202, answer.text
        return self.events(answer.json()["id"])[-1]

    def events(self, job: str) -> list[dict[str, Any]]:
        lines = self.get(f"v1/jobs/{job}/events").text.splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
