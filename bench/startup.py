"""CPU time of the listing with thirty installed plugins, beside none and bare imports of its libraries.

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

LIBRARIES = "import pluggy, typer, typer._adapters"
"""What any command line of typer imports to read its options."""
LIST = [sys.executable, "-m", "colorzoo", "plugins"]


def measure() -> dict[str, float]:
    """Return median CPU milliseconds of nine processes each."""
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary)
        alone = milliseconds([sys.executable, "-c", "pass"], "")
        bare = milliseconds([sys.executable, "-c", LIBRARIES], "")
        without = milliseconds(LIST, "")
        for index in range(30):
            installed(site, f"plugin-{index}")
        done = subprocess.run(LIST, env=environment(str(site)), capture_output=True, text=True, check=True)
        if "plugin-29" not in done.stdout:
            raise SystemExit("the plugins are not listed")
        thirty = milliseconds(LIST, str(site))
        return {
            "Python alone, ms": alone,
            "bare imports of pluggy, typer and what it needs, ms": bare,
            "colorzoo plugins, none added, ms": without,
            "colorzoo plugins, 30 added, ms": thirty,
            "colorzoo --help, 30 added, ms": milliseconds([*LIST[:-1], "--help"], str(site)),
            "colorzoo plugins, 30 added, times the bare imports": thirty / bare,
        }


def environment(site: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": site}


def milliseconds(words: list[str], site: str) -> float:
    spent = []
    for _ in range(9):
        before = os.times()
        subprocess.run(words, env=environment(site), cwd="/", check=True, capture_output=True)
        after = os.times()
        user, system = (
            after.children_user - before.children_user,
            after.children_system - before.children_system,
        )
        spent.append(1000 * (user + system))
    return statistics.median(spent)


if __name__ == "__main__":
    main(__doc__, {"median of nine": measure})
