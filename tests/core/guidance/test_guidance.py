"""Hints and guidance as data: what is read, what is refused, what changes a digest."""

import pytest
import torch
from pydantic import ValidationError

from colorzoo.core.errors import ConfigError
from colorzoo.core.interfaces.guidance import Guidance, Hint


@pytest.mark.parametrize("text", ["#c03020", "#C03020", "192,48,32", " 192, 48, 32 ", (192, 48, 32)])
def test_colours_are_read(text):
    hint = Hint(x=1, y=2, color=text)
    assert hint.color == (192, 48, 32)
    assert hint.model_dump(mode="json")["color"] == "#c03020"
    assert Hint.model_validate_json(hint.model_dump_json()) == hint


@pytest.mark.parametrize(
    "text", ["red", "#12345", "#gggggg", "1,2", "1,2,3,4", "256,0,0", "-1,0,0", "a,b,c", 7]
)
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(ValidationError):
        Hint(x=1, y=2, color=text)


def test_a_hint_is_in_pixels_or_in_percent():
    assert Hint(x="50%", y="100%", color="#fff").at((11, 21)) == (10, 10)
    assert Hint(x=20, y=0, color="#fff").at((11, 21)) == (20, 0)
    for outside in ({"x": 21, "y": 0}, {"x": 0, "y": 10.5}, {"x": -1, "y": 0}, {"x": "101%", "y": 0}):
        with pytest.raises(ConfigError, match="outside the picture, which is 21x11"):
            Hint(**outside, color="#fff").at((11, 21))


def test_the_map_shows_discs_and_the_later_one_above():
    hints = [Hint(x=5, y=5, color="#ff0000", radius=2), Hint(x=6, y=5, color="#0000ff", radius=0)]
    shown = Guidance(hints=hints).hint_map((10, 12))
    assert shown.shape == (4, 10, 12)
    assert shown[3].sum() == 13  # the pixels within two of a point
    assert shown[:, 5, 5].tolist() == [1, 0, 0, 1]
    assert shown[:, 5, 6].tolist() == [0, 0, 1, 1]
    assert shown[3, 0, 0] == 0


@pytest.mark.parametrize("corner", [(0, 0), (399, 299)])
def test_a_smaller_copy_has_its_hints_where_they_were(corner):
    guidance = Guidance(hints=[Hint(x=corner[0], y=corner[1], color="#ff0000")])
    small = guidance.in_pixels((300, 400), (30, 40))
    shown = small.hint_map((30, 40))
    assert shown[3].sum() == 1
    assert shown[3, 29 if corner[1] else 0, 39 if corner[0] else 0] == 1


def test_a_digest_tells_what_is_said_and_nothing_else():
    assert Guidance().digest == Guidance(id="page 1").digest == ""
    hints = [Hint(x=1, y=2, color="#ff0000")]
    reference = torch.rand(3, 4, 5)
    said = [
        {"hints": hints}, {"hints": hints, "reach": 0.3}, {"strength": 1.2}, {"paper": False}, {"seed": 0},
        {"references": [reference]}, {"previous": [reference]}, {"references": [reference / 2]},
        {"palette": ["#ff0000", "#00ff00"]}, {"extras": {"label": 3}},
    ]  # fmt: skip
    assert len({Guidance(**fields).digest for fields in said}) == len(said)
    assert Guidance(hints=hints).digest == Guidance(hints=[hints[0].model_dump()]).digest


def test_what_cannot_be_meant_is_refused():
    for wrong in (
        {"palette": ["#ff0000"]}, {"strength": 2.5}, {"style": "loud"}, {"references": [torch.rand(4, 5)]},
        {"references": [torch.full((3, 4, 5), 2.0)]}, {"hint": []}, {"reach": float("nan")},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            Guidance(**wrong)


def test_given_and_without():
    guidance = Guidance(strength=0.5, references=[torch.rand(3, 2, 2)], paper=False)
    assert guidance.given() == {"strength", "references", "paper"}
    assert guidance.without(frozenset({"references", "paper"})) == Guidance(strength=0.5)


def test_the_digest_is_that_of_what_is_left():
    both = Guidance(strength=0.5, hints=[Hint(x=1, y=2, color="#f00")])
    assert both.digest
    without = both.without(frozenset({"hints"}))
    assert without.digest == Guidance(strength=0.5).digest
    assert both.in_pixels((8, 8), (16, 16)).digest != both.digest
