"""A campaign whose cases do what no case may, to test that it is noticed."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench.campaigns import campaign
from bench.campaigns.watch import Outcome, call, outcome_of
from colorzoo.core.errors import DataError


class Misbehaviour(campaign.Campaign):
    """What a case does is the name of a method in a file beside its home."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.names = (home.parent / "names.txt").read_text().split()

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        return getattr(self, self.names.pop(0))(folder)

    def behave(self, folder: Path) -> Outcome:
        return call(lambda: (folder / "inside.txt").write_text("fine"))

    def refuse(self, folder: Path) -> Outcome:
        def refused() -> None:
            raise DataError("x.png: damaged")

        return call(refused)

    def hang(self, folder: Path) -> Outcome:
        time.sleep(60)
        return Outcome("read")

    def die(self, folder: Path) -> Outcome:
        os._exit(3)

    def write(self, folder: Path) -> Outcome:
        return call(lambda: (folder.parent / "names.txt").write_text("changed"))

    def remove(self, folder: Path) -> Outcome:
        return call((folder / "../names.txt").unlink)

    def rename(self, folder: Path) -> Outcome:
        return call(lambda: (folder.parent / "names.txt").rename(folder / "names.txt"))

    def start(self, folder: Path) -> Outcome:
        return call(lambda: subprocess.run([sys.executable, "-c", ""], check=False))

    def connect(self, folder: Path) -> Outcome:
        def connected() -> None:
            with socket.socket() as wire:
                wire.connect(("192.0.2.1", 80))

        return call(connected)

    def crash(self, folder: Path) -> Outcome:
        return call(lambda: {}["no such key"])

    def shout(self, folder: Path) -> Outcome:
        return outcome_of(2, "", "colorzoo: error: a\nb\nc\nd\n")

    def paint(self, folder: Path) -> Outcome:
        return outcome_of(2, "", "colorzoo: error: \x1b[31mred\n")

    def status(self, folder: Path) -> Outcome:
        return outcome_of(5, "", "")
