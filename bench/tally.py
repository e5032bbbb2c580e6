"""A plugin whose work can be counted: each unit that is begun, a picture or a step, is a line of a file."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from colorzoo.core import Colorizer, Entry, hookimpl
from colorzoo.datasources.image_folder import Folder
from colorzoo.plugins.unet.model import UNetColorizer
from colorzoo.plugins.unet.training import Regression

FILE = "COLORZOO_TALLY"
"""Environment variable with the path of the file."""
SECONDS = 0.2
"""What a unit of work takes, at least."""


@hookimpl
def register_colorizers() -> list[Entry]:
    return [
        Entry("slow", f"{__name__}:Slow", "grey, slowly"),
        Entry("taught", f"{__name__}:Taught", "learns slowly"),
    ]


@hookimpl
def register_datasets() -> list[Entry]:
    return [Entry("slow", f"{__name__}:Source", "a folder, read slowly")]


def work() -> None:
    """Note that a unit is begun, and take time."""
    with Path(os.environ[FILE]).open("ab") as file:
        file.write(b"x\n")
    time.sleep(SECONDS)


class Slow(Colorizer):
    deterministic = True

    def colorize(self, gray, options):
        work()
        return gray[:, None].expand(-1, options.samples, 3, -1, -1)


class Step(Regression):
    def losses(self, player, batch):
        work()
        return super().losses(player, batch)


class Taught(UNetColorizer):
    def stages(self) -> Sequence[Step]:
        return [Step(self)]


class Source(Folder):
    def load_at_least(self, index, side):
        work()
        return super().load_at_least(index, side)
