"""GIMP palettes as pictures."""

from pathlib import Path

import numpy as np

from colorzoo.core import DataError, Dataset, Sample, SourceInfo, require_split

SWATCH, MOST = 32, 256
"""Side of a swatch in pixels, and most colours that a palette may have."""


class Palettes(Dataset):
    """One picture a .gpl file: a row of swatches a colour, from dark to light.

    location: a palette, or a folder of them. Every swatch is a ramp, so that a colorizer meets each colour
    at several lightnesses.
    """

    info = SourceInfo(title="GIMP palettes", license="the files' own")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("palettes needs a place: --data palettes:FOLDER, or FILE.gpl")
        self.split = require_split(split, self.splits)
        place = Path(location).expanduser()
        self.files = sorted(place.glob("*.gpl")) if place.is_dir() else [place]
        if not self.files or not self.files[0].is_file():
            raise DataError(f"{place}: no palettes; expected files ending in .gpl")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        colors = read_palette(self.files[index])
        ramp = np.linspace(0.4, 1.0, SWATCH)[None, :, None]
        rows = [np.repeat((ramp * np.array(rgb)).round().astype(np.uint8), SWATCH, 0) for rgb in colors]
        return Sample(self.files[index].stem, np.concatenate(rows))

    def ids(self) -> list[str]:
        """Return the names of the files."""
        return [path.stem for path in self.files]


def read_palette(path: Path) -> list[tuple[int, int, int]]:
    """Return the colours of a GIMP palette: lines of three numbers from 0 to 255, then a name."""
    lines = path.read_text(errors="replace").splitlines()
    if not lines or lines[0].strip() != "GIMP Palette":
        raise DataError(f"{path}: not a GIMP palette; its first line must be 'GIMP Palette'")
    colors = []
    for number, line in enumerate(lines[1:], 2):
        words = line.split()
        if not words or line.startswith("#") or line.partition(":")[1]:
            continue
        values = [int(word) for word in words[:3] if word.isdecimal()]
        if len(values) < 3 or max(values) > 255:
            raise DataError(f"{path}, line {number}: expected three numbers up to 255, got {line[:40]!r}")
        colors.append((values[0], values[1], values[2]))
    if not 0 < len(colors) <= MOST:
        raise DataError(f"{path}: has {len(colors)} colours, expected 1 to {MOST}")
    return colors
