"""Which weights there are: those embedded in the package, by plugin and name."""

from __future__ import annotations

from pathlib import Path

from colorzoo.core.errors import UnknownNameError
from colorzoo.core.weights import CONFIG, WeightsInfo, read_info

EMBEDDED = Path(__file__).parent / "weights"


def embedded(plugin: str) -> list[str]:
    """Return the names of a plugin's embedded weights, `default` first."""
    found = [path.parent.name for path in (EMBEDDED / plugin).glob(f"*/{CONFIG}")]
    return sorted(found, key=lambda name: (name != "default", name))


def infos(plugin: str) -> list[WeightsInfo]:
    """Return what is known of a plugin's embedded weights."""
    return [read_info(EMBEDDED / plugin / name) for name in embedded(plugin)]


def find(plugin: str, weights: str | None) -> Path | None:
    """Return the folder of the named weights; None where none were named and none are embedded."""
    names = embedded(plugin)
    if weights is None:
        return EMBEDDED / plugin / names[0] if names else None
    if weights in names:
        return EMBEDDED / plugin / weights
    path = Path(weights).expanduser()
    if path.is_dir():
        return path
    hint = "or give the path of a weights folder"
    raise UnknownNameError(f"weights of {plugin}", weights, names, hint=hint)
