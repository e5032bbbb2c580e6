"""`python -m colorzoo` in a process of its own that does not import torch anew.

A server imports the libraries once and forks for each call. It has neither colorzoo nor huggingface_hub,
which read the environment as they are imported: each call has its own environment, folder and plugins.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pty
import runpy
import shlex
import signal
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

import psutil

HANG = 300
LIBRARIES = (
    "torch",
    "torch.distributed",
    "torch._dynamo",  # which an optimizer imports
    "cv2",
    "PIL.Image",
    "safetensors.torch",
    "pydantic",
    "pluggy",
    "rich.table",
    "typer",
    "jinja2",
    "bs4",
    "requests",
    "asyncio",
)


class CommandLine:
    """Runs modules one after the other; a context manager that ends the server."""

    def __init__(self, python: str | Path = sys.executable) -> None:
        self.python = str(python)
        self.server: subprocess.Popen[str] | None = None

    def __enter__(self) -> CommandLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self.server:
            self.server.communicate()

    def run(
        self, words: Sequence[object], folder: Path, env: Mapping[str, str], module: str = "colorzoo"
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m MODULE WORDS` in a folder, as subprocess.run would."""
        words = [str(word) for word in words]
        command = [self.python, "-m", module, *words]
        if sys.platform != "linux":  # where a fork after imports is not safe
            return subprocess.run(
                command, cwd=folder, env=env, capture_output=True, text=True, timeout=HANG
            )
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            status = self._start(module, words, folder, env, out.name, err.name).wait()
            return subprocess.CompletedProcess(command, status, _text(out.name), _text(err.name))

    def start(
        self,
        words: Sequence[object],
        folder: Path,
        env: Mapping[str, str],
        err: Path,
        module: str = "colorzoo",
    ) -> Running:
        """Start `python -m MODULE WORDS`, on Linux; wait for its end before anything else is run."""
        err.touch()
        return self._start(module, [str(word) for word in words], folder, env, os.devnull, str(err))

    def type(self, line: str, folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
        """Run a line, `colorzoo ...`, on a terminal of its own; return its status and what is seen."""
        ours, theirs = pty.openpty()
        seen: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(ours, seen))
        reader.start()
        program, *words = shlex.split(line)
        terminal = os.ttyname(theirs)
        status = self._start(program, words, folder, env, terminal, terminal).wait()
        os.close(theirs)
        reader.join()
        return status, b"".join(seen).decode().replace("\r\n", "\n")

    def _start(
        self, module: str, words: Sequence[str], folder: Path, env: Mapping[str, str], out: str, err: str
    ) -> Running:
        self.server = self.server or _started(self.python)
        print(
            json.dumps((module, words, str(folder), dict(env), out, err)),
            file=self.server.stdin,
            flush=True,
        )
        return Running(self.server.stdout)


class Running:
    """A process that a server has forked; signals go to it and to all that it has started."""

    def __init__(self, answers: IO[str]) -> None:
        self.pid, self._answers = int(answers.readline()), answers

    def is_over(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """Send what Ctrl-C on a terminal sends, to all that the terminal's command has started."""
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)

    def family(self) -> list[psutil.Process]:
        """Return the process, unless it is over, and all that it has started."""
        try:
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait(self) -> int:
        """Return the exit status, less than zero after a signal; once."""
        return int(self._answers.readline())


def _drain(terminal: int, seen: list[bytes]) -> None:
    """Read what is written to a terminal until nobody has it open."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 2**16):
            seen.append(data)
    os.close(terminal)


def _started(python: str) -> subprocess.Popen[str]:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [python, __file__], env={**env, "OMP_NUM_THREADS": "1"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def serve() -> None:
    """Answer each request, which a forked child runs, with its process and, at its end, with a status."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is imported stays in pages that all children share
    for line in sys.stdin:
        child = os.fork()
        if not child:
            end(call(*json.loads(line)))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def call(module: str, words: list[str], folder: str, env: dict[str, str], out: str, err: str) -> int:
    """Become `python -m MODULE WORDS`; return its exit status."""
    for number, path in enumerate((os.devnull, out, err)):
        os.dup2(os.open(path, os.O_RDWR), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    site.main()  # a plugin may have been installed since the server began
    sys.path[:1] = [folder, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = words
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the server ignores
    signal.alarm(HANG)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(status: int) -> NoReturn:
    """End as programs do, but for the second in which the interpreter takes torch apart."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()
