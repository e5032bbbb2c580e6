"""A hostile Hub on loopback: whatever it answers, `pull` says one line and stays in its cache."""

from __future__ import annotations

import random
from pathlib import Path

from bench.campaigns import campaign
from bench.campaigns.mutate import embedded
from bench.campaigns.watch import Outcome, verb
from tests.servers.hostile_hub import REPO, Changes, HostileHub, machine, random_changes


class Campaign(campaign.Campaign):
    """Each case has a server of its own, an empty cache, and a file outside of it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.files = embedded("unet")
        sound = self.pulled(campaign.emptied(home / "sound"), lambda name, count, answer: answer)
        if sound.verdict != "read":
            raise RuntimeError(f"a sound Hub is refused: {sound}")

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        precious = folder / "home" / "precious.txt"
        precious.parent.mkdir()
        precious.write_text("precious")
        outcome = self.pulled(folder, random_changes(chance.randrange(1 << 32)))
        if precious.read_text() != "precious" or len(list(precious.parent.iterdir())) > 1:
            return Outcome("failed", "something outside the cache was changed", outcome.detail)
        return outcome

    def pulled(self, folder: Path, changes: Changes) -> Outcome:
        """Pull, and list what is there then."""
        with HostileHub(self.files, changes) as hub, machine(folder, hub.address, timeout=0.3):
            outcome, listed = verb("pull", REPO), verb("weights", "list")
        return listed if listed.verdict == "failed" and outcome.verdict != "failed" else outcome
