"""The metrics log, TensorBoard events and preview sheets of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import MissingExtraError
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.colorizer import Colorizer

VALIDATION = "validation"
"""Name of the loss of held-out pictures, beside those that a stage names."""


class RunLog:
    """One JSON object a line; a resumed run cuts off the lines after its checkpoint."""

    def __init__(self, folder: Path, keep: int, tensorboard: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"
        self.path.touch()
        with self.path.open("r+b") as file:
            known = file.read(keep)
            file.truncate(known.rfind(b"\n") + 1)  # whole lines alone: it may be torn, or shorter
        self._events: Any = _writer(folder) if tensorboard else _Silent()

    def write(
        self, stage: str, step: int, seconds: float, rate: float, losses: Mapping[str, float]
    ) -> None:
        """Append one line."""
        row = {"stage": stage, "step": step, "seconds": round(seconds, 2), "learning_rate": rate}
        with self.path.open("a") as file:
            file.write(json.dumps({**row, **losses}) + "\n")
        for name, value in losses.items():
            self._events.add_scalar(f"{stage}/{name}", value, step)

    def size(self) -> int:
        """Return the length in bytes."""
        return self.path.stat().st_size


class _Silent:
    """Discards the events of a run without TensorBoard."""

    def add_scalar(self, name: str, value: float, step: int) -> None:
        pass


def write_preview(path: Path, colorizer: Colorizer, packed: Packed, count: int = 6) -> None:
    """Write a sheet of the first pictures: original, grey, and three seeded samples."""
    options = {"samples": 1 if colorizer.deterministic else 3, "seed": 0}
    rows = []
    for image in packed.images[:count]:
        picture = Picture(image)
        colored = colorize(colorizer, picture, options)
        row = [Cell(image, "original"), Cell(picture.gray, "grey")]
        rows.append(row + [Cell(c.rgb, f"sample {i}") for i, c in enumerate(colored, start=1)])
    write(path, Picture(contact_sheet(rows, side=160)))


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("--tensorboard", "tensorboard", "tensorboard") from None
    return SummaryWriter(str(folder / "tensorboard"))
