"""Look whether the faces that weights were trained on are still those that their card names.

    COLORZOO_DATA=FOLDER python -m bench.cards

It decodes twelve thousand pictures; the tests look at the pictures to measure on alone.
"""

from __future__ import annotations

import argparse

from colorzoo.core.weights.folder import read_info
from colorzoo.datasources.lfw import LFW
from colorzoo.hub import catalog


def main() -> None:
    """Print both, and end with an error where they differ."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    said, here = read_info(catalog.find("vae-mdn", "faces")).trained_on, LFW(None, "train")
    print(f"card: {said.pictures} pictures, {said.fingerprint}")
    print(f"here: {len(here)} pictures, {here.fingerprint}")
    if (said.pictures, said.fingerprint) != (len(here), here.fingerprint):
        raise SystemExit("they differ")


if __name__ == "__main__":
    main()
