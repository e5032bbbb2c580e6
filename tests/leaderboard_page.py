"""docs/leaderboard: its page and the schema of its files, made of the results that lie there."""

from __future__ import annotations

import json
from pathlib import Path

from colorzoo.core.compare.results import Results, read_results
from colorzoo.report.leaderboard import leaderboard

FOLDER = Path(__file__).parents[1] / "docs" / "leaderboard"
SCHEMA = "schema.json"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != SCHEMA)


def schema() -> str:
    """Return the JSON schema of results."""
    return json.dumps(Results.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page of all results in the folder."""
    return leaderboard([read_results(path) for path in FILES])


def write() -> None:
    """Write both."""
    (FOLDER / SCHEMA).write_text(schema())
    (FOLDER / "index.html").write_text(page())
