"""Guidance: what accompanies a picture, such as hints, references and how much colour is wanted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainSerializer
from torch import Tensor

from colorzoo.core.config import Settings
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.color_text import HEXADECIMAL, color_of, hexadecimal

Style = Literal["plain", "vibrant", "gloomy", "warm", "cold", "faded"]
SHARE = re.compile(r"\d{1,3}(\.\d{1,6})?%")


def _color(value: object) -> object:
    """Return red, green, blue of "#rrggbb", "#rgb" or "r,g,b"; anything else as it is."""
    if not isinstance(value, str):
        return value
    if HEXADECIMAL.fullmatch(value.strip()):
        return color_of(value)
    if "," in value:
        return tuple(part.strip() for part in value.split(","))
    raise ValueError('expected a colour, "#rrggbb" or "r,g,b" from 0 to 255')


Level = Annotated[int, Field(ge=0, le=255)]
Color = Annotated[
    tuple[Level, Level, Level],
    BeforeValidator(_color, json_schema_input_type=tuple[Level, Level, Level] | str),
    PlainSerializer(hexadecimal),
]
"""sRGB, three integers from 0 to 255; read from "#rrggbb", "#rgb" or "r,g,b"."""


def _coordinate(value: object) -> float | str:
    """Return pixels as a number, or a share such as "50%" as text."""
    if isinstance(value, str) and SHARE.fullmatch(value.strip()):
        return value.strip()
    try:
        return float(value)  # type: ignore[arg-type]  # what it cannot take is told below
    except (TypeError, ValueError):
        raise ValueError('expected pixels, or a share of the picture such as "50%"') from None


Coordinate = Annotated[float | str, BeforeValidator(_coordinate, json_schema_input_type=float | str)]
"""Pixels from the left or upper edge, or a share of the picture such as "50%"."""


class Hint(Settings):
    """A colour that the user wants at a point of the picture."""

    x: Coordinate = Field(description='pixels from the left, or a share such as "50%"')
    y: Coordinate = Field(description='pixels from the top, or a share such as "20%"')
    color: Color = Field(description="sRGB; its chroma is used, the luma stays the picture's")
    radius: float = Field(2, ge=0, le=10_000, description="of the disc that has the colour, in pixels")

    def at(self, size: tuple[int, int]) -> tuple[float, float]:
        """Return x and y in pixels of a picture of that size (height, width).

        Raises:
            ConfigError: the point lies outside.
        """
        x, y = (_pixels(value, side) for value, side in ((self.x, size[1]), (self.y, size[0])))
        if not (0 <= x <= size[1] - 1 and 0 <= y <= size[0] - 1):
            raise ConfigError(
                f"hint {self.x},{self.y}: outside the picture, which is {size[1]}x{size[0]}; x goes from 0 "
                f"to {size[1] - 1}, y from 0 to {size[0] - 1}, or both in percent"
            )
        return x, y


def _pixels(value: float | str, side: int) -> float:
    return float(value[:-1]) / 100 * (side - 1) if isinstance(value, str) else value


def _picture(value: Tensor) -> Tensor:
    if value.ndim != 3 or value.shape[0] != 3 or not value.is_floating_point() or not value.numel():
        raise ValueError(f"expected sRGB (3, H, W) of floats, got {tuple(value.shape)} {value.dtype}")
    low, high = (float(bound) for bound in value.aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"expected values from 0 to 1, got {low:.4g} to {high:.4g}")
    return value


PictureTensor = Annotated[Tensor, AfterValidator(_picture)]
"""sRGB float32 (3, H, W) in [0, 1], of any size."""


def _several(palette: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(palette) == 1:
        raise ValueError("one colour is no palette; give two or more")
    return palette


Palette = Annotated[tuple[Color, ...], Field(max_length=256), AfterValidator(_several)]
"""No colour, or from 2 to 256."""


class Guidance(Settings):
    """What is said about the colours of one picture; everything is optional.

    A colorizer gets what its capabilities say it takes; the engine applies the rest to any colorizer's
    chroma: strength and style, references or palette, flats, hints, paper, in this order.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: str = Field("", description="of the picture, for who looks things up by it")
    seed: int | None = Field(None, ge=0, lt=2**63, description="of this picture, whatever its batch")
    strength: float = Field(1.0, ge=0, le=2, description="more or less colour; 0 is grey, 1 as predicted")
    style: Style = Field("plain", description="look of the colours: a pair of saturation and warmth")
    palette: Palette = Field((), description="colours to be used")
    references: tuple[PictureTensor, ...] = Field((), description="pictures whose colours are wanted")
    flats: bool = Field(False, description="one colour a closed region, for inked pages")
    hints: tuple[Hint, ...] = Field((), description="colours at points")
    reach: float = Field(0.5, ge=0, le=1, description="how far a hint spreads: 0 hardly, 1 everywhere")
    paper: bool | None = Field(None, description="blank paper stays white; none: as the colorizer states")
    text: str = Field("", max_length=10_000, description="a description, for colorizers that read one")
    previous: tuple[PictureTensor, ...] = Field((), description="coloured pages before, latest first")
    extras: Mapping[str, Any] = Field({}, description="what only one plugin and its dataset know")

    @cached_property
    def digest(self) -> str:
        """The sha256 of what is said; empty where nothing is. It joins keys that results are kept under."""
        said = {name: value for name, value in self.record().items() if name != "id"}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() if said else ""

    def record(self) -> dict[str, Any]:
        """Return what is said as JSON can hold it; pictures are named by the sha256 of their values."""
        pictures = {"references": self.references, "previous": self.previous}
        said = self.model_dump(mode="json", exclude_defaults=True, exclude=set(pictures))
        named = {
            name: [picture_digest(picture) for picture in several] for name, several in pictures.items()
        }
        return said | {name: digests for name, digests in named.items() if digests}

    def given(self) -> frozenset[str]:
        """Return the names of fields that say something."""
        fields = type(self).model_fields
        return frozenset(name for name in fields if getattr(self, name) != fields[name].default)

    def without(self, names: frozenset[str]) -> Guidance:
        """Return it without what these fields say."""
        fields = type(self).model_fields
        return self._with({n: fields[n].default for n in names & fields.keys()})

    def _with(self, update: Mapping[str, Any]) -> Guidance:
        copy = self.model_copy(update=update)
        vars(copy).pop("digest", None)  # it is that of what was said before
        return copy

    def in_pixels(self, picture: tuple[int, int], size: tuple[int, int]) -> Guidance:
        """Return it with hints in pixels of a copy of the picture at another size; both (height, width).

        Raises:
            ConfigError: a hint lies outside the picture.
        """
        scale = (size[1] / picture[1], size[0] / picture[0])
        moved = (_moved(hint, hint.at(picture), scale, size) for hint in self.hints)
        return self._with({"hints": tuple(moved)})

    def in_square(self, picture: tuple[int, int], side: int, fit: str) -> Guidance:
        """Return it with hints in pixels of the picture made square: squash, crop or pad to `side`.

        picture: (height, width) of what hints are in pixels of. Hints that a crop cuts off are left out.

        Raises:
            ConfigError: a hint lies outside the picture.
        """
        kept = {"crop": (min(picture),) * 2, "pad": (max(picture),) * 2}.get(fit, picture)
        top, left = (int((whole - part) / 2) for whole, part in zip(picture, kept, strict=True))
        scale, moved = (side / kept[1], side / kept[0]), []
        for hint in self.hints:
            x, y = hint.at(picture)
            if 0 <= x - left < kept[1] and 0 <= y - top < kept[0]:
                moved.append(_moved(hint, (x - left, y - top), scale, (side, side)))
        return self._with({"hints": tuple(moved)})

    def mirrored(self, width: int) -> Guidance:
        """Return it for the picture mirrored left to right: hints, and `previous` too.

        width: of what hints are in pixels of.
        """
        hints = (hint.model_copy(update={"x": _mirrored(hint.x, width)}) for hint in self.hints)
        return self._with({"hints": tuple(hints), "previous": tuple(p.flip(-1) for p in self.previous)})

    def joined(self, other: Guidance) -> Guidance:
        """Return it with what another says in place of its own."""
        return self._with({name: getattr(other, name) for name in other.given()})

    def hint_map(self, size: tuple[int, int]) -> Tensor:
        """Return float32 (4, H, W): sRGB in [0, 1] where there are hints, and 1 there in the last plane.

        size: of what hints are in pixels of, (height, width). A later hint covers earlier ones.

        Raises:
            ConfigError: a hint lies outside.
        """
        hint_map = torch.zeros(4, *size)
        for hint in self.hints:
            rows, columns, disc = _disc(hint, size)
            value = torch.tensor([*(level / 255 for level in hint.color), 1.0]).view(4, 1, 1)
            hint_map[:, rows, columns] = torch.where(disc, value, hint_map[:, rows, columns])
        return hint_map


def picture_digest(picture: Tensor) -> str:
    """Return the sha256 of the shape and the values of a picture."""
    values = picture.detach().cpu().float().contiguous().numpy()
    return hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).hexdigest()


def _moved(
    hint: Hint, point: tuple[float, float], scale: tuple[float, float], size: tuple[int, int]
) -> Hint:
    """Return a hint at a point, both scaled; middles of pixels stay middles."""
    x, y = ((p + 0.5) * s - 0.5 for p, s in zip(point, scale, strict=True))
    inside = {"x": min(max(x, 0.0), size[1] - 1.0), "y": min(max(y, 0.0), size[0] - 1.0)}
    return hint.model_copy(update={**inside, "radius": hint.radius * (scale[0] * scale[1]) ** 0.5})


def _mirrored(x: float | str, width: int) -> float | str:
    return f"{100 - float(x[:-1]):.6f}%" if isinstance(x, str) else width - 1 - x


def _disc(hint: Hint, size: tuple[int, int]) -> tuple[slice, slice, Tensor]:
    """Return rows and columns that a hint touches, and which of their pixels; at least the nearest one."""
    x, y = hint.at(size)
    column, row, reach = round(x), round(y), int(hint.radius + 0.5)
    rows = slice(max(0, row - reach), min(size[0], row + reach + 1))
    columns = slice(max(0, column - reach), min(size[1], column + reach + 1))
    down = torch.arange(rows.start, rows.stop)[:, None] - row
    right = torch.arange(columns.start, columns.stop)[None] - column
    return rows, columns, down**2 + right**2 <= max(0.25, hint.radius**2)
