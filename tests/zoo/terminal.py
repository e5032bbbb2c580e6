"""A terminal of its own for a command: what it shows, when, and signals at what is seen."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.command_line import CommandLine

HANG = 240
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass
class Shown:
    """What a command wrote to its terminal, seconds to the first writing, to its end, and between two."""

    status: int = 0
    first: float = 0.0
    seconds: float = 0.0
    raw: bytes = b""
    silences: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        return CONTROL.sub("\n", self.raw.decode(errors="replace")).replace("\r", "\n")


def colorzoo(
    folder: Path,
    words: Sequence[object],
    *,
    until: str | None = None,
    wait: float = 0.0,
    number: int = signal.SIGINT,
    limit: float = HANG,
    command_line: CommandLine | None = None,
    **env: str,
) -> Shown:
    """Run `colorzoo WORDS` in a folder.

    until: text after which, and so many seconds, all its processes get a signal; "" is the start.
    command_line: forks it, where it is not to be a Python of its own, with the time that takes to start.
    """
    env = {**os.environ, "COLUMNS": "120", "TERM": "xterm-256color", "OMP_NUM_THREADS": "1", **env}
    process, terminal, ended = (
        _forked(command_line, folder, words, env) if command_line else _fresh(folder, words, env)
    )
    shown = Shown()
    began = last = time.monotonic()
    seen = began if until == "" else None
    try:
        while time.monotonic() - began < limit:
            if seen is not None and time.monotonic() - seen >= wait:
                os.killpg(process, number)
                seen, until = None, None
            if not select.select([terminal], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:  # Linux says so when the other end is closed
                break
            if not data:
                break
            if shown.raw:
                shown.silences.append(time.monotonic() - last)
            else:
                shown.first = time.monotonic() - began
            last = time.monotonic()
            shown.raw += data
            if until and seen is None and until in shown.text:
                seen = last
        else:
            os.kill(process, signal.SIGKILL)
    finally:
        shown.seconds = time.monotonic() - began
        os.close(terminal)
        shown.status = ended()
    return shown


def _fresh(
    folder: Path, words: Sequence[object], env: dict[str, str]
) -> tuple[int, int, Callable[[], int]]:
    """Return the number of a process, our end of its terminal, and what waits for its status."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "colorzoo", *map(str, words)], env)
    return process, terminal, lambda: os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _forked(
    command_line: CommandLine, folder: Path, words: Sequence[object], env: dict[str, str]
) -> tuple[int, int, Callable[[], int]]:
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    started = command_line.start(words, folder, env, name, name)
    os.close(theirs)
    return started.pid, ours, started.wait
