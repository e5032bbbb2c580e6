"""Colours as text, `#rrggbb`; imports nothing heavy."""

from __future__ import annotations

import re

from colorzoo.core.errors import ConfigError, printable

Rgb = tuple[int, int, int]
"""sRGB, three integers from 0 to 255."""
HEXADECIMAL = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def color_of(text: object) -> Rgb:
    """Return red, green, blue of "#rrggbb" or "#rgb".

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(text, str) or not HEXADECIMAL.fullmatch(text.strip()):
        raise ConfigError(f'colour {printable(str(text), 40)!r}: expected "#rrggbb" or "#rgb"')
    digits = text.strip()[1:]
    red, green, blue = bytes.fromhex(digits if len(digits) == 6 else "".join(2 * d for d in digits))
    return red, green, blue


def hexadecimal(color: Rgb) -> str:
    """Return a colour as "#rrggbb"."""
    return f"#{bytes(color).hex()}"
