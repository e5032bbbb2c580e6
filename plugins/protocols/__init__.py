"""The protocols of papers that come with colorzoo."""

from __future__ import annotations

from pathlib import Path

from colorzoo.core import hookimpl


@hookimpl
def register_protocols() -> list[Path]:
    """Announce the TOML files beside this one."""
    return sorted(Path(__file__).parent.glob("*.toml"))
