"""colorzoo: a model zoo for image colorization that grows by plugins."""

from typing import Any

import lazy_loader

_resolve, _, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Resolve the public names on first use: importing colorzoo loads neither torch nor cv2."""
    if name == "__version__":
        from importlib.metadata import version

        return version("colorzoo")
    return _resolve(name)


def __dir__() -> list[str]:
    """Return the public names, whether they were used already or not."""
    return [*__all__, "__version__"]
