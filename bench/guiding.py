"""Draw the pictures of docs/guiding.md, from photographs that scikit-image carries and embedded weights.

    python -m bench.guiding --comics comics/peppercarrot

coffee (Rachel Michetti, CC0) and chelsea (Stefan van der Walt, CC0): grey, automatic, and with hints, whose
places are marked; then the same photograph with more and less colour, in styles, and in a palette. The
sheet of the README shows a panel of a Pepper&Carrot chapter that no weights were trained on (David Revoy,
CC BY 4.0), below --comics: grey, automatic, with three clicks, and with another panel as reference.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import skimage.data
import torch

import colorzoo
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, Pixels, read, write
from colorzoo.core.inference.colorize import predict
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.interfaces.guidance import Guidance, Hint

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SIDE = 300
COFFEE = (
    Hint(x=154, y=277, color="#a82810"), Hint(x=523, y=154, color="#c06030"),
    Hint(x=292, y=146, color="#d08020"),
    Hint(x=215, y=120, color="#d0d0d0"), Hint(x=60, y=200, color="#a05028"),
)  # fmt: skip
CAT = (
    Hint(x=158, y=112, color="#808850"), Hint(x=324, y=132, color="#808850"),
    Hint(x=258, y=243, color="#a0685c"),
)  # fmt: skip
PANEL, NEXT_PANEL = ("ep19/pc_E19P01.jpg", (42, 42, 952, 711)), ("ep19/pc_E19P02.jpg", (42, 42, 952, 666))
"""Pages, and left, top, right and bottom of a panel; both of a chapter kept for the test."""
PANEL_HINTS = (
    Hint(x=270, y=110, color="#ff9030", radius=4), Hint(x=640, y=330, color="#ffb050", radius=4),
    Hint(x=150, y=590, color="#904838", radius=4),
)  # fmt: skip
LOOKS: Mapping[str, Guidance] = {
    "--strength 0.5": Guidance(strength=0.5),
    "--strength 1.8": Guidance(strength=1.8),
    "--style cold": Guidance(style="cold"),
    '--palette "#804020,#c08040,#508070"': Guidance(palette=["#804020", "#c08040", "#508070"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--comics", type=Path, required=True)
    comics = parser.parse_args().comics
    model = colorzoo.load("vae-mdn")
    coffee, cat = (
        predict(model, Picture(photo), {"mode": "mean", "seed": 0})
        for photo in (skimage.data.coffee(), skimage.data.chelsea())
    )
    rows = [hinted(coffee, COFFEE, (1, 3, 5), reach=0.35), hinted(cat, CAT, (1, 2, 3), reach=0)]
    write(PICTURES / "hints.jpg", Picture(contact_sheet(rows, SIDE)))
    sheet = [panels(comics)]
    write(PICTURES / "guided.jpg", Picture(contact_sheet(sheet, SIDE)))
    looks = [Cell(shown(cat, guidance), label) for label, guidance in LOOKS.items()]
    write(PICTURES / "looks.jpg", Picture(contact_sheet([looks], SIDE)))


def panels(comics: Path) -> list[Cell]:
    """Show a panel with hints, another, and the panel in the colours of the other."""
    panel, other = (cropped(comics, *place) for place in (PANEL, NEXT_PANEL))
    prediction = predict(colorzoo.load("cgan"), panel, {"seed": 0})
    reference = torch.from_numpy(other.rgb).permute(2, 0, 1) / 255
    return [
        *hinted(prediction, PANEL_HINTS, (3,), reach=0.5),
        Cell(other.rgb, "another panel"),
        Cell(shown(prediction, Guidance(references=[reference])), "--reference"),
    ]


def cropped(comics: Path, name: str, box: tuple[int, int, int, int]) -> Picture:
    left, top, right, bottom = box
    return Picture(read(comics / name).rgb[top:bottom, left:right].copy())


def hinted(
    prediction: Prediction, hints: Sequence[Hint], counts: Sequence[int], reach: float
) -> list[Cell]:
    """Show grey, automatic, and the first so many hints."""
    cells = [Cell(prediction.picture.gray, "grey"), Cell(shown(prediction, Guidance()), "automatic")]
    for count in counts:
        pixels = shown(prediction, Guidance(hints=hints[:count], reach=reach)).copy()
        for hint in hints[:count]:
            mark(pixels, hint)
        cells.append(Cell(pixels, f"{count} hint{'s' * (count > 1)}, --reach {reach}"))
    return cells


def shown(prediction: Prediction, guidance: Guidance) -> Pixels:
    return next(prediction.pictures(guidance)).rgb


def mark(pixels: Pixels, hint: Hint) -> None:
    """Draw a disc of the hint's colour, in a white ring."""
    place = tuple(round(value) for value in hint.at(pixels.shape[:2]))
    cv2.circle(pixels, place, 9, (255, 255, 255), -1, cv2.LINE_AA)
    cv2.circle(pixels, place, 6, hint.color, -1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
