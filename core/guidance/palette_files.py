"""Palettes as text and as files.

`"#c03020,#2040a0"`; `.gpl`, GIMP's and Krita's text; `.ase`, Adobe's swatches of the models RGB and Gray;
`.json`, a list of `"#rrggbb"`, or an object whose `colors` is one, or holds objects with a `color` and a
`share` of the pictures.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from colorzoo.core.errors import ColorzooError, ConfigError, DataError, printable
from colorzoo.core.imaging.color_text import Rgb, color_of

MAX_BYTES, MAX_COLORS = 4_000_000, 256
GIMP_COLOR = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(\s.*)?")
SWATCH = 1
"""Type of the blocks of an .ase file that hold a colour; the others open and close groups."""


def read_palette(source: str | Path) -> tuple[Rgb, ...]:
    """Return the colours of `"#…,#…"` or of a file, from 2 to 256, each once, in their order.

    Raises:
        ConfigError: a text that is neither colours nor the name of a palette file.
        DataError: the file is absent, larger than 4 MB, damaged, or has too few or too many colours.
    """
    text = str(source)
    if text.lstrip().startswith("#") and not isinstance(source, Path):
        return _checked("palette", map(color_of, text.split(",")), ConfigError)
    path = Path(source)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(
            f'palette {printable(text)!r}: expected colours such as "#c03020,#2040a0", or a file that '
            f"ends in {', '.join(READERS)}"
        )
    try:
        return _checked(printable(text), reader(_content(path)), DataError)
    except (ConfigError, ValueError, struct.error, RecursionError) as problem:
        raise DataError(f"{printable(text)}: no palette ({printable(str(problem))})") from None


def _checked(name: str, colors: Iterator[Rgb], error: type[ColorzooError]) -> tuple[Rgb, ...]:
    different: dict[Rgb, None] = {}
    for color in colors:
        different[color] = None
        if len(different) > MAX_COLORS:
            raise error(f"{name}: more than {MAX_COLORS} colours; a palette has 2 to {MAX_COLORS}")
    if len(different) < 2:
        got = "one colour" if different else "no colour"
        raise error(f"{name}: {got} is no palette; expected 2 to {MAX_COLORS} different ones")
    return tuple(different)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise DataError(f"{printable(str(path))}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES:,} bytes, not read")
    return data


def _gimp(data: bytes) -> Iterator[Rgb]:
    first, *lines = data.decode().splitlines() or [""]
    if first.strip() != "GIMP Palette":
        raise ValueError('its first line is not "GIMP Palette"')
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.startswith(("#", "Name:", "Columns:")):
            continue
        match = GIMP_COLOR.fullmatch(line)
        levels = [int(level) for level in match.groups()[:3]] if match else []
        if not levels or max(levels) > 255:
            raise ValueError(f"line {number}: expected red, green and blue from 0 to 255")
        red, green, blue = levels
        yield red, green, blue


def _adobe(data: bytes) -> Iterator[Rgb]:
    signature, _, blocks = struct.unpack_from(">4sII", data)
    if signature != b"ASEF":
        raise ValueError('it does not start with "ASEF"')
    start = 12
    for _ in range(blocks):
        block, length = struct.unpack_from(">HI", data, start)
        start += 6
        if block == SWATCH:
            yield _swatch(data[start : start + length])
        start += length


def _swatch(block: bytes) -> Rgb:
    """Return the colour of a block: length of the name in UTF-16 units, the name, the model, its values."""
    (units,) = struct.unpack_from(">H", block)
    (model,) = struct.unpack_from(">4s", block, 2 + 2 * units)
    if model not in (b"RGB ", b"Gray"):
        raise ValueError(f"a colour of the model {model.decode('latin-1').strip()!r}; save it as RGB")
    count = 3 if model == b"RGB " else 1
    values = struct.unpack_from(f">{count}f", block, 6 + 2 * units)
    if not all(0 <= value <= 1 for value in values):
        raise ValueError(f"values beyond 0 to 1: {values}")
    red, green, blue = (round(255 * value) for value in (values if count == 3 else 3 * values))
    return red, green, blue


def _json(data: bytes) -> Iterator[Rgb]:
    content = json.loads(data)
    colors = content.get("colors") if isinstance(content, dict) else content
    if not isinstance(colors, list):
        raise ValueError('expected a list of "#rrggbb", or an object whose "colors" is one')
    for entry in colors:
        yield color_of(entry.get("color") if isinstance(entry, dict) else entry)


READERS: Mapping[str, Callable[[bytes], Iterator[Rgb]]] = {".gpl": _gimp, ".ase": _adobe, ".json": _json}
