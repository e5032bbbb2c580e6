"""What a shell completes: names of colorizers and of their weights."""

from __future__ import annotations


def complete_models(incomplete: str) -> list[str]:
    """Return the colorizers that begin so, with their weights after a colon."""
    from colorzoo.jobs.models import runnable

    name, colon, _ = incomplete.partition(":")
    if not colon:
        return [known for known in runnable() if known.startswith(incomplete)]
    return [text for weights in _weights(name) if (text := f"{name}:{weights}").startswith(incomplete)]


def complete_weights(incomplete: str) -> list[str]:
    """Return the names of embedded weights that begin so."""
    from colorzoo.jobs.models import runnable

    names = sorted({weights for name in runnable() for weights in _weights(name)})
    return [name for name in names if name.startswith(incomplete)]


def _weights(name: str) -> list[str]:
    from colorzoo.hub import catalog

    return [entry.name for entry, _ in catalog.known(name)]
