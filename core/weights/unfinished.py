"""Run folders whose training is not finished, and the command that goes on with it."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import atomic_write, read_model

FILE, CHECKPOINT = "training.json", "checkpoint.safetensors"


class Begun(Strict):
    """The command that began a training, and the folder in which it was given."""

    command: str
    folder: str


def write_command(out: Path, command: str) -> None:
    """Note in a run folder the command that began its training."""
    with atomic_write(out / FILE) as file:
        file.write(Begun(command=command, folder=str(Path.cwd())).model_dump_json().encode())


def is_unfinished(folder: Path) -> bool:
    """Say whether a folder without finished weights is that of a training."""
    return (folder / FILE).is_file() or (folder / CHECKPOINT).is_file()


def how_to_go_on(folder: Path) -> str:
    """Return a line that says how a training goes on."""
    begun = None
    with suppress(DataError, OSError):
        begun = read_model(folder / FILE, Begun)
    if begun is None:
        return "give the command that began it again, with --resume"
    elsewhere = "" if begun.folder == str(Path.cwd()) else f"cd {shlex.quote(begun.folder)} && "
    return f"go on with: {printable(f'{elsewhere}{begun.command} --resume', 900)}"
