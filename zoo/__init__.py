"""colorzoo: a model zoo for image colorization that grows by plugins."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colorzoo.api import colorize, load, read
    from colorzoo.push import push_to_hub, save_pretrained

_HOME = {
    "colorize": "api",
    "load": "api",
    "push_to_hub": "push",
    "read": "api",
    "save_pretrained": "push",
}
__all__ = ["__version__", "colorize", "load", "push_to_hub", "read", "save_pretrained"]


def __getattr__(name: str) -> Any:
    """Resolve the public names on first use: importing colorzoo loads neither torch nor cv2."""
    if name == "__version__":
        from importlib.metadata import version

        return version("colorzoo")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
