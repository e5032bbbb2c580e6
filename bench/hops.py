"""Hops of a verb: distinct calls from one module of ours to another, imports aside, and the deepest chain.

python -m bench.hops run vae-mdn examples/astronaut.png
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

from colorzoo.cli.app import main

IMPORTING = {"<module>", "__getattr__"}
"""Names of code that runs while something is imported or found."""


class HopRecorder:
    """A profile function that counts calls by pairs of modules, and keeps the deepest chain of them."""

    def __init__(self) -> None:
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.deepest: list[str] = []

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_code.co_name in IMPORTING or not module_of(frame):
            return
        chain = list(modules_on_stack(frame))
        if len(chain) > 1:
            self.pairs[chain[1], chain[0]] += 1
        self.deepest = max(self.deepest, chain, key=len)


def module_of(frame: FrameType) -> str:
    """Return the module of ours that a frame belongs to, or nothing."""
    name = str(frame.f_globals.get("__name__", ""))
    return name if name.startswith("colorzoo") else ""


def modules_on_stack(frame: FrameType) -> Iterator[str]:
    """Yield our modules from the innermost call outwards, repetitions folded; none during an import."""
    names: list[str] = []
    current: FrameType | None = frame
    while current is not None:
        name = module_of(current)
        if name and current.f_code.co_name == "<module>":
            return
        if name and names[-1:] != [name]:
            names.append(name)
        current = current.f_back
    yield from names


def record(arguments: list[str]) -> HopRecorder:
    """Run a verb under the recorder; its end is ignored."""
    recorder = HopRecorder()
    sys.argv = ["colorzoo", *arguments]
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        with suppress(SystemExit):
            main()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return recorder


if __name__ == "__main__":
    recorder = record(sys.argv[1:])
    for (caller, called), count in sorted(recorder.pairs.items()):
        print(f"{caller} -> {called}  {count}")
    modules = {module for pair in recorder.pairs for module in pair}
    print(f"hops {len(recorder.pairs)}, modules {len(modules)}, deepest {len(recorder.deepest)}:")
    print(" > ".join(reversed(recorder.deepest)))
