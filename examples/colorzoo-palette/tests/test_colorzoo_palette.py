"""The contracts of colorzoo, and what the palettes promise."""

import pytest
import torch
from colorzoo_palette.data import Palettes, read_palette
from colorzoo_palette.metric import PaletteDistance

from colorzoo.core import DataError
from colorzoo.testing import DatasetContract, MetricContract

AUTUMN = """GIMP Palette
Name: Autumn
Columns: 3
# warm
200 80 20 rust
  90 60 30 bark
250 200 60
"""


class TestPalettes(DatasetContract):
    plugin = "palettes"

    def location(self, tmp_path):
        for name in ("autumn", "winter"):
            (tmp_path / f"{name}.gpl").write_text(AUTUMN)
        return str(tmp_path)


class TestPalette(MetricContract):
    plugin = "palette"


def test_a_palette_becomes_rows_of_swatches(tmp_path):
    path = tmp_path / "autumn.gpl"
    path.write_text(AUTUMN)
    assert read_palette(path) == [(200, 80, 20), (90, 60, 30), (250, 200, 60)]
    image = Palettes(str(path))[0].image
    assert image.shape == (96, 32, 3)
    assert tuple(image[0, -1]) == (200, 80, 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "not a GIMP palette"), ("GIMP Palette\n", "0 colours"), ("GIMP Palette\n1 2 300\n", "line 2")],
)
def test_what_is_no_palette_is_refused(tmp_path, text, said):
    (tmp_path / "bad.gpl").write_text(text)
    with pytest.raises(DataError, match=said):
        read_palette(tmp_path / "bad.gpl")


def distance(predicted, target):
    metric = PaletteDistance()
    metric.update(predicted, target)
    return metric.compute().value


def test_the_right_colours_in_the_wrong_places_are_right():
    target = torch.rand(2, 3, 8, 8)
    assert distance(target.flip(-1)[:, None], target) == pytest.approx(0, abs=1e-5)


def test_the_best_sample_counts():
    target, other = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    both = torch.stack([other, target], 1)
    assert distance(both, target) < 1e-5 < distance(other[:, None], target)


def test_a_shift_of_ab_is_measured_by_its_mean_projection():
    red, gray = torch.tensor([1.0, 0.0, 0.0]), torch.full((3,), 0.5)
    target = red.view(1, 3, 1, 1).expand(1, 3, 4, 4)
    a, b = 80.0925, 67.2032  # Lab of sRGB's red, D65
    angles = [k * torch.pi / 8 for k in range(8)]
    expected = sum(abs(a * torch.cos(torch.tensor(t)) + b * torch.sin(torch.tensor(t))) for t in angles) / 8
    colorless = gray.view(1, 1, 3, 1, 1).expand(1, 1, 3, 4, 4)
    assert distance(colorless, target) == pytest.approx(float(expected), rel=1e-3)
