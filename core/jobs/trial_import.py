"""Which classes of plugins cannot be imported: tried in a process that may hang or die of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from colorzoo.core.jobs.interruption import held_back
from colorzoo.core.jobs.workers import fresh, initialized
from colorzoo.core.registry import RegisteredPlugin, registry

SECONDS = 20
"""How long the classes of one distribution may take to import."""


def import_problems(items: Sequence[RegisteredPlugin]) -> list[str]:
    """Import the classes of plugins in another process, for so many SECONDS; return what went wrong."""
    if not items:
        return []
    context = fresh(["torch", "cv2", "colorzoo.core.registry"])  # imported once for all distributions
    ours, theirs = context.Pipe(duplex=False)
    begin, arguments = initialized(_import_all, ([(i.kind, i.entry.name) for i in items], theirs))
    process = context.Process(target=begin, args=arguments, daemon=True)  # type: ignore[attr-defined]
    with held_back():
        process.start()
    theirs.close()
    try:
        reasons = _reasons(ours, len(items))
        process.join(SECONDS if ours.poll(0) else 0)  # there is nothing to read but the end
        status = process.exitcode
    finally:
        process.kill()
        process.join()
    problems = [reason for reason in reasons if reason]
    if len(reasons) < len(items):
        item = items[len(reasons)]
        late = f"takes longer than {SECONDS} seconds to import"
        ended = late if status is None else f"the process ended with status {status}"
        problems.append(f"{item.kind} {item.entry.name}: {ended}")
    return problems


def _import_all(argument: tuple[list[tuple[str, str]], Connection]) -> None:
    """Import classes, and send for each why it cannot be, or nothing; what they print is not shown."""
    names, connection = argument
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    for kind, name in names:
        try:
            registry().find(kind, name).load()
        except BaseException as error:
            connection.send(str(error) or repr(error))
        else:
            connection.send("")


def _reasons(connection: Connection, count: int) -> list[str]:
    """Return what is sent in time, as long as the other end is there."""
    end, reasons = time.monotonic() + SECONDS, list[str]()
    with suppress(EOFError):
        while len(reasons) < count and connection.poll(max(0, end - time.monotonic())):
            reasons.append(connection.recv())
    return reasons
