"""CPU time of the listing with thirty installed plugins, beside none and beside Python alone.

python -m bench.startup -o docs/results/startup
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.table import main
from tests.zoo.strangers import installed

LIST = [sys.executable, "-m", "colorzoo", "plugins"]


def measure() -> dict[str, float]:
    """Return median CPU milliseconds of nine processes each."""
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary)
        alone = milliseconds([sys.executable, "-c", "pass"], "")
        without = milliseconds(LIST, "")
        for index in range(30):
            installed(site, f"plugin-{index}")
        done = subprocess.run(LIST, env=environment(str(site)), capture_output=True, text=True, check=True)
        if "plugin-29" not in done.stdout:
            raise SystemExit("the plugins are not listed")
        return {
            "Python alone, ms": alone,
            "colorzoo plugins, none added, ms": without,
            "colorzoo plugins, 30 added, ms": milliseconds(LIST, str(site)),
            "colorzoo --help, 30 added, ms": milliseconds([*LIST[:-1], "--help"], str(site)),
        }


def environment(site: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": site}


def milliseconds(words: list[str], site: str) -> float:
    found = []
    for _ in range(9):
        before = os.times()
        subprocess.run(words, env=environment(site), cwd="/", check=True, capture_output=True)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        found.append(1000 * spent)
    return statistics.median(found)


if __name__ == "__main__":
    main(__doc__, {"median of nine": measure})
