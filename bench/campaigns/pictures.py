"""Damaged pictures: read, read reduced, and now and then coloured beside a sound one."""

from __future__ import annotations

import random
from pathlib import Path

from bench.campaigns import campaign
from bench.campaigns.mutate import OURS, mutated, picture_seeds
from bench.campaigns.watch import Outcome, call, verb, worst
from colorzoo.core.imaging.image_io import SUFFIXES, Picture, read, read_reduced, write

COLORED_SHARE = 0.02
MAX_PIXELS = 50_000_000
"""What is decoded here; the limit itself is tested elsewhere, and reading that much takes a second."""


class Campaign(campaign.Campaign):
    """Formats that are read come four times as often as the others."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        seeds = picture_seeds()
        ours = [data for name, data in seeds.items() if name.split()[0] in OURS]
        self.seeds = ours * 4 + list(seeds.values())
        self.sound = seeds["PNG RGB"]
        (campaign.emptied(home / "first") / "a.png").write_bytes(self.sound)
        self.colored(home / "first" / "a.png", home / "first")  # now torch is loaded

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        data = mutated(chance.choice(self.seeds), chance, self.seeds)
        path = folder / f"picture{chance.choice(SUFFIXES)}"
        path.write_bytes(data)
        outcomes = [call(lambda: checked(path)), call(lambda: read_reduced(path, 8))]
        if chance.random() < COLORED_SHARE:
            outcomes.append(self.colored(path, folder))
        return worst(*outcomes)

    def colored(self, path: Path, folder: Path) -> Outcome:
        """Run on a folder of two: the sound one is coloured whatever the other is."""
        (folder / "both").mkdir()
        path.rename(folder / "both" / path.name)
        (folder / "both" / "sound.png").write_bytes(self.sound)
        outcome = verb("run", "grey", folder / "both", "-o", folder / "out", "--seed", 1, "--device", "cpu")
        if outcome.verdict != "failed" and not (folder / "out" / "sound-grey-1.png").is_file():
            return Outcome("failed", "run: one bad picture ends all", outcome.detail)
        return outcome


def checked(path: Path) -> None:
    """Read a picture and write it again; it must be what Picture promises."""
    picture = read(path, max_pixels=MAX_PIXELS)
    height, width, channels = picture.rgb.shape
    if channels != 3 or picture.rgb.dtype != "uint8" or not height * width:
        raise AssertionError(f"{picture.rgb.shape} {picture.rgb.dtype}")
    if picture.alpha is not None and picture.alpha.shape != (height, width):
        raise AssertionError(f"alpha {picture.alpha.shape}")
    if height * width < 10_000:
        write(path.with_name("again.png"), Picture(picture.rgb, picture.alpha, picture.profile))
