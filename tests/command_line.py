"""`python -m colorzoo` in a process of its own that does not import torch anew.

A server imports the libraries once and forks for each call. It has neither colorzoo nor huggingface_hub,
which read the environment as they are imported: each call has its own environment, folder and plugins.
The fork server of a command's workers is such a fork too.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import pty
import runpy
import select
import shlex
import signal
import site
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import util
from pathlib import Path
from typing import NoReturn

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
            status = self.start(words, folder, env, out.name, err.name, module).wait()
            return subprocess.CompletedProcess(command, status, _text(out.name), _text(err.name))

    def type(self, line: str, folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
        """Run a line, `colorzoo ...`, on a terminal of its own; return its status and what is seen."""
        ours, theirs = pty.openpty()
        seen: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(ours, seen))
        reader.start()
        program, *words = shlex.split(line)
        terminal = os.ttyname(theirs)
        status = self.start(words, folder, env, terminal, terminal, program).wait()
        os.close(theirs)
        reader.join()
        return status, b"".join(seen).decode().replace("\r\n", "\n")

    def start(
        self,
        words: Sequence[object],
        folder: Path,
        env: Mapping[str, str],
        out: str | Path,
        err: str | Path,
        module: str = "colorzoo",
    ) -> Started:
        """Begin `python -m MODULE WORDS` in a session of its own, which writes into files or a terminal."""
        if not Path(err).exists():
            Path(err).touch()
        self.server = self.server or _started(self.python)
        started = Started()
        request = (module, [str(word) for word in words], str(folder), dict(env), str(out), str(err))
        print(json.dumps((started.told, request)), file=self.server.stdin, flush=True)
        started.pid = started.number()
        return started


class Started:
    """A command that runs; its process is the leader of its session."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self.pid = 0
        self.told = f"{self._home.name}/told"
        os.mkfifo(self.told)
        self._numbers = os.fdopen(os.open(self.told, os.O_RDWR), buffering=1)  # which waits for nobody

    def number(self) -> int:
        """Return what comes next: the process's number when it begins, then its status."""
        if not select.select([self._numbers], [], [], 2 * HANG)[0]:
            raise TimeoutError("the server of commands says nothing")
        return int(self._numbers.readline())

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
        """Send what Ctrl-C on a terminal sends, to all that the command has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGINT)

    def family(self) -> list[psutil.Process]:
        """Return the process, unless it is over, and all that it has started."""
        try:
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait(self) -> int:
        """Return its exit status when it has ended, minus the signal's number where one ended it."""
        status = self.number()
        self._numbers.close()
        self._home.cleanup()
        return status


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
    """Begin what each line asks for, in a fork of a fork: one runs it, the other tells how it ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is imported stays in pages that all children share
    for line in sys.stdin:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not os.fork():
            told, request = json.loads(line)
            child = os.fork()
            if not child:
                end(call(told, *request))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            _tell(told, status)
            os._exit(0)


def call(
    told: str, module: str, words: list[str], folder: str, env: dict[str, str], out: str, err: str
) -> int:
    """Become `python -m MODULE WORDS`; return its exit status."""
    os.setsid()
    for number, path in enumerate((os.devnull, out, err)):
        os.dup2(os.open(path, os.O_RDWR), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  the server's know what they were, a pipe or a file
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    site.main()  # a plugin may have been installed since the server began
    sys.path[:1] = [folder, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv[1:] = words
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
    offer_fork_server()
    if module == "colorzoo":
        sys.meta_path.insert(0, Ready())
    else:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.alarm(HANG)
    _tell(told, os.getpid())
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


class Ready:
    """Lets Ctrl-C through once the command answers it, not while Python would, at its own start."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if "colorzoo.cli.app" in sys.modules:
            sys.meta_path.remove(self)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def offer_fork_server() -> None:
    """Let multiprocessing have a fork of this process, as it is now, instead of a Python that is fresh."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    spare = os.fork()
    if not spare:
        ours.close()
        _become_fork_server(theirs)
    theirs.close()
    fresh = util.spawnv_passfds

    def spawn(path: str, arguments: list[str], descriptors: Sequence[int]) -> int:
        if "multiprocessing.forkserver" not in str(arguments[-1]) or ours.fileno() < 0:
            return fresh(path, arguments, descriptors)
        request = (arguments[-1], list(descriptors), str(Path.cwd()), dict(os.environ))
        socket.send_fds(ours, [json.dumps(request).encode()], descriptors)
        ours.close()
        return spare

    util.spawnv_passfds = spawn


def _become_fork_server(asked: socket.socket) -> NoReturn:
    """Wait for a request and run it, with the descriptors that it names; end where none comes."""
    message, received, _, _ = socket.recv_fds(asked, 2**20, 16)
    asked.close()
    if not message:
        os._exit(0)
    code, numbers, folder, env = json.loads(message)
    apart = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, max(numbers) + 1) for descriptor in received]
    for descriptor, number in zip(apart, numbers, strict=True):
        os.dup2(descriptor, number)
    os.closerange(min(apart), max(apart) + 1)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    try:
        exec(code, {})
    finally:
        os._exit(0)


def _tell(told: str, number: int) -> None:
    with Path(told).open("w") as file:
        print(number, file=file)


def end(status: int) -> NoReturn:
    """End as programs do, but for the second in which the interpreter takes torch apart."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()
