"""What counts as well behaved: our own errors in at most three lines, and nothing outside the folder."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from colorzoo.core.errors import ColorzooError

MOST_LINES, MOST_CHARACTERS = 3, 4000
"""Largest message about one error."""
STATUSES = (0, 1, 2, 130)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS = {
    "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2,
    "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "shutil.rmtree": 1, "shutil.move": 2,
    "shutil.copyfile": 2, "shutil.unpack_archive": 2, "sqlite3.connect": 1,
}  # fmt: skip
"""Events by which a program changes files, and how many of their first arguments are paths."""
READS_FIRST = ("os.symlink", "os.link", "shutil.copyfile", "shutil.unpack_archive")
"""Of these the first path is only read."""
BELOW = ("os.remove", "os.rmdir", "os.mkdir")
"""Of these the last argument may be an open folder that the path begins at."""
NEVER = ("os.exec", "os.fork", "os.posix_spawn", "os.system", "pickle.find_class", "subprocess.Popen")


class Outcome(NamedTuple):
    """What came of one case; cause groups failures, detail is for whoever mends them."""

    verdict: Literal["read", "refused", "failed"]
    cause: str = ""
    detail: str = ""


class Outside(BaseException):
    """Something was about to be done that no input may cause."""


class Guard:
    """Audit hook of a process: within `watching` nothing changes files outside the folders.

    What is forbidden is written down and stopped, so that a campaign harms nobody.
    """

    def __init__(self, *folders: Path) -> None:
        self.folders = [os.path.realpath(folder) for folder in folders]
        self.offences: list[str] = []
        self.on = False
        sys.addaudithook(self._heard)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch this block."""
        self.offences.clear()
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        offence = self._offence(event, arguments)
        if offence:
            self.on = False  # whatever this text leads to is ours
            self.offences.append(f"{event}: {offence[:300]!r} from {_origin()}")
            self.on = True
            raise Outside(self.offences[-1])

    def _offence(self, event: str, arguments: tuple[Any, ...]) -> str:
        """Return what an event does that it must not, or nothing."""
        if event == "open":
            path, mode, flags = arguments
            writes = (flags or 0) & WRITES or any(letter in str(mode or "") for letter in "wax+")
            return self._outside(path) if writes else ""
        if event in PATHS:
            first = 1 if event in READS_FIRST else 0
            paths = arguments[first : PATHS[event]]
            if event in BELOW and isinstance(arguments[-1], int) and arguments[-1] >= 0:
                paths = (str(Path(f"/proc/self/fd/{arguments[-1]}").readlink() / os.fsdecode(paths[0])),)
            return next(filter(None, map(self._outside, paths)), "")
        if event == "socket.connect":
            address = arguments[1]
            return "" if address and address[0] in ("127.0.0.1", "localhost") else str(address)
        return str(arguments) if event in NEVER else ""

    def _outside(self, path: Any) -> str:
        if isinstance(path, int) or path in (None, "", ":memory:", os.devnull):
            return ""
        text = os.fsdecode(path)
        parent = os.path.realpath(os.path.dirname(text) or ".")  # noqa: PTH120  pathlib would be heard
        full = os.path.join(parent, os.path.basename(text))  # noqa: PTH118, PTH119
        inside = any(full == folder or full.startswith(folder + os.sep) for folder in self.folders)
        return "" if inside else text


def _origin() -> str:
    """Return where the code of ours is that did it."""
    stack = [frame for frame in traceback.extract_stack() if ours(frame.filename)]
    return f"{short(stack[-1].filename)}:{stack[-1].name}" if stack else "foreign code"


def ours(filename: str) -> bool:
    """Whether a file is part of colorzoo: neither a library nor a campaign."""
    return short(filename).split("/")[0] in ("core", "datasources", "plugins", "zoo")


def short(filename: str) -> str:
    """Return a file's name from the repository's root on."""
    return filename.removeprefix(f"{Path(__file__).parents[2]}{os.sep}")


def call(function: Callable[[], object]) -> Outcome:
    """Call a function of the API: it returns, or raises an error of ours with a fit message."""
    try:
        function()
    except ColorzooError as error:
        problem = unfit(str(error))
        if problem:
            return Outcome(
                "failed", f"{type(error).__name__}: {problem}, {raised_by(error)}", str(error)[:2000]
            )
        return Outcome("refused")
    except BaseException as error:
        return failure(error)
    return Outcome("read")


def failure(error: BaseException) -> Outcome:
    """Return the outcome of an error that is none of ours."""
    text = "".join(traceback.format_exception(error))
    return Outcome("failed", f"{type(error).__name__}, {raised_by(error)}", text[-4000:])


def raised_by(error: BaseException) -> str:
    """Return the innermost code of ours that an error passed through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if ours(frame.filename)]
    return f"{short(frames[-1].filename)}:{frames[-1].name}" if frames else "foreign code"


def unfit(message: str) -> str:
    """Return what is wrong with a message for the terminal, or nothing."""
    if len(message.splitlines()) > MOST_LINES:
        return f"{len(message.splitlines())} lines"
    if len(message) > MOST_CHARACTERS:
        return f"{len(message)} characters"
    wild = {c for c in message if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t"}
    return f"control characters {sorted(map(ord, wild))[:3]}" if wild else ""


def verb(*words: object, may_fail: bool = True) -> Outcome:
    """Run the command line in this process and judge its status and what it prints.

    may_fail: whether anything but status 0 is an answer, too.
    """
    from colorzoo.cli.app import main

    before, sys.argv = sys.argv, ["colorzoo", *map(str, words)]
    said, complained = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            status = _status(main)
    except BaseException as error:
        return failure(error)
    finally:
        sys.argv = before
    outcome = outcome_of(status, said.getvalue(), complained.getvalue())
    if outcome.verdict == "refused" and not may_fail:
        return Outcome("failed", f"{words[0]}: status {status}", complained.getvalue()[-2000:])
    return outcome


def _status(main: Callable[[], int]) -> int:
    try:
        return main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1


def outcome_of(status: int, said: str, complained: str, statuses: tuple[int, ...] = STATUSES) -> Outcome:
    """Judge a program's end: its status, no traceback, an error of three lines, nothing wild."""
    detail = f"status {status}\n{said[-1000:]}\n{complained[-3000:]}"
    if "Traceback (most recent call last)" in complained:
        return Outcome("failed", f"traceback: {complained.strip().splitlines()[-1][:150]}", detail)
    if status not in statuses:
        return Outcome("failed", f"status {status}", detail)
    _, marker, error = complained.rpartition("colorzoo: error: ")
    problem = unfit(error.strip()) if marker else ""
    problem = problem or next(filter(None, (unfit(line) for line in (said + complained).split("\n"))), "")
    if problem:
        return Outcome("failed", f"message: {problem}", detail)
    return Outcome("refused" if status else "read")


def worst(*outcomes: Outcome) -> Outcome:
    """Return the outcome that counts for a case of several steps."""
    order = {"failed": 0, "refused": 1, "read": 2}
    return min(outcomes, key=lambda outcome: order[outcome.verdict])


@contextlib.contextmanager
def changed(values: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment for a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def temporary(folder: Path) -> None:
    """Let temporary files of this process be made in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
