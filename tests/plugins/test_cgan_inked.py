"""cgan on inked pages: flat colours under ink that stays as black as it was."""

import math

import cv2
import numpy as np
import pytest
import torch

import colorzoo
from colorzoo.core.config import from_preset
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.imaging.tone_removal import without_tone
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.cgan import color_grid
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.flats import margin
from colorzoo.plugins.cgan.inking import Drawn, Pen, dots, drawn, random_pen
from colorzoo.plugins.cgan.model import CGan

SIDE = 960
"""A page of this size has dots of up to nine pixels."""


def page() -> np.ndarray:
    """Return a page (SIDE, SIDE): a frame, a circle and two eyes in it, black on white."""
    gray = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.rectangle(gray, (60, 60), (900, 900), 0, 4)
    cv2.circle(gray, (480, 480), 250, 0, 5)
    for x in (400, 560):
        cv2.circle(gray, (x, 450), 6, 0, -1)
    return gray


def within(radius: int) -> np.ndarray:
    """Return the pixels of the page so near to the middle of the circle."""
    return np.hypot(*(np.indices((SIDE, SIDE)) - 480)) < radius


def toned(period: float, density: float) -> np.ndarray:
    """Return the same page with screentone inside the circle."""
    tone = dots(torch.zeros(1, 1, SIDE, SIDE), period, density)[0, 0].numpy()
    return np.where(within(246), np.minimum(page(), (255 * tone).astype(np.uint8)), page())


def picture(gray: np.ndarray) -> Picture:
    return Picture(np.repeat(gray[..., None], 3, -1))


@pytest.fixture(scope="module")
def untrained() -> CGan:
    torch.manual_seed(0)
    return CGan(from_preset(CGanConfig, "inked", ["width=4"])).eval()


@pytest.fixture(scope="module")
def trained():
    return colorzoo.load("cgan", "inked")


@pytest.mark.parametrize("regions", [True, False])
def test_ink_stays_as_black_as_it_was(untrained, regions):
    gray = page()
    (result,) = colorize(untrained, picture(gray), {"regions": regions})
    assert result.rgb[gray == 0].max() == 0
    assert (result.rgb <= gray[..., None].astype(int) + 1).all()
    assert result.rgb[5, 5].min() == 255  # the margin, though an untrained network colours paper


@pytest.mark.parametrize("gap", [0, 5])
def test_the_margin_ends_at_the_frames(gap):
    lines = np.zeros((120, 90), bool)
    for top, bottom in ((8, 50), (66, 112)):
        lines[[top, bottom], 8:82] = lines[top : bottom + 1, [8, 81]] = True
    lines[8, 40 : 40 + gap] = False
    outside = margin(lines)
    assert outside[0, 0]
    assert outside[58, 45]
    assert not outside[12:48, 12:78].any()
    assert not margin(np.zeros((50, 50), bool)).any()  # a drawing without frames


def test_hints_leave_the_ink_sharp(untrained):
    """Hints work at a smaller size than this page's; the lines are not brought up from there."""
    gray = page()
    hint = Hint(x=480, y=600, color=(230, 26, 26))
    plain, hinted = (colorize(untrained, picture(gray), {}, guidance)[0].rgb.astype(int)
                     for guidance in (Guidance(), Guidance(hints=[hint])))  # fmt: skip
    assert hinted[gray == 0].max() <= 1
    assert (hinted[600, 480] - plain[600, 480])[0] > (hinted[600, 480] - plain[600, 480])[2]


def test_a_closed_region_has_one_colour(trained):
    (result,) = colorize(trained, picture(page()))
    inside = within(240) & (page() == 255)
    assert np.ptp(result.rgb[inside].astype(int), axis=0).max() <= 1


def test_paper_stays_white(trained):
    (result,) = colorize(trained, picture(page()))
    outside = np.ones((SIDE, SIDE), bool)
    outside[50:910, 50:910] = False
    assert result.rgb[outside].min() == 255


@pytest.mark.parametrize(("period", "density"), [(4, 0.25), (6, 0.25), (8, 0.25), (6, 0.45), (8, 0.45)])
def test_screentone_is_taken_out_of_the_ink(period, density):
    gray, lines = toned(period, density), page()
    left = without_tone(gray)
    inside = within(225)
    assert np.abs(gray[inside].astype(int) - lines[inside]).mean() > 30
    assert np.abs(left[inside].astype(int) - lines[inside]).mean() < 3
    assert np.array_equal(left[~within(260)], lines[~within(260)])
    assert left[within(252) & ~within(248)].max() == 0


def test_ink_without_screentone_is_left_alone():
    lettering = page()
    for line in range(100, SIDE, 24):
        cv2.putText(lettering, "i.e. lines...", (80, line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    assert np.array_equal(without_tone(lettering), lettering)


def test_tones_stay_out_of_the_colours(trained):
    gray = toned(6, 0.25)
    (result,) = colorize(trained, picture(gray))
    white = within(200) & (page() == 255)

    def roughness(pixels):
        return np.abs(pixels - cv2.blur(pixels, (9, 9)))[white].mean()

    assert roughness(result.rgb.astype(np.float32)) < 0.1 * roughness(gray.astype(np.float32))


def test_drawing_has_lines_blacks_and_two_tones():
    gray = torch.full((1, 1, 128, 128), 0.9)
    gray[..., 32:64, :], gray[..., 64:96, :], gray[..., 96:, :] = 0.6, 0.3, 0.02
    tones, lines = drawn(gray, Pen(period=6))
    means = [tones[..., top + 8 : top + 24, :].mean().item() for top in range(0, 128, 32)]
    assert means[0] > 0.95
    assert means == sorted(means, reverse=True)
    assert 0.5 < means[2] < means[1] < 0.9
    assert means[3] < 0.02
    assert lines[..., 40:56, :].min() > 0.95
    assert lines[..., 64:66, :].mean() < 0.5  # a line where the shades meet
    assert (tones <= lines).all()


def test_training_draws_other_pages_from_the_same_colours():
    colors = torch.rand(2, 3, 64, 64)
    torch.manual_seed(0)
    first, second = Drawn.at_random(colors), Drawn.at_random(colors)
    assert torch.equal(first.color, colors)
    assert first.gray.shape == first.lines.shape == (2, 1, 64, 64)
    assert not torch.equal(first.gray, second.gray)
    assert all(0 <= plane.min() <= plane.max() <= 1 for plane in (first.gray, first.lines))
    assert len({random_pen() for _ in range(20)}) == 20


def test_the_ink_pays_for_nothing(untrained):
    """Where lines are black no colour is wrong, so a network need not draw them."""
    stage = untrained.stages()[0]
    colors = torch.rand(1, 3, 64, 64)
    black = Drawn(colors, torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64))
    assert stage.losses("generator", black)["absolute"].item() == 0
    white = Drawn(colors, torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64, 64))
    assert stage.losses("generator", white)["absolute"].item() > 0
    assert stage.losses("generator", Batch.of(colors))["absolute"].item() > 0


def test_colours_are_what_the_points_around_them_share():
    colors = torch.rand(2, 3, 5, 7)
    index, share = color_grid.corners(colors, 5)
    points = color_grid.grid(5, colors)[index]
    torch.testing.assert_close(torch.einsum("nkhwc,nkhw->nchw", points, share), colors)
    torch.testing.assert_close(share.sum(1), torch.ones(2, 5, 7))


def test_a_sure_choice_is_its_colour_and_a_doubtful_one_sharpened():
    logits = torch.full((1, 27, 1, 1), -30.0)
    red, blue = 18, 2  # of three levels
    logits[:, red] = 0
    assert color_grid.expected(logits, 3, 1.0).flatten().tolist() == pytest.approx([1, 0, 0], abs=1e-4)
    logits[:, blue] = -0.5
    mild, sharp = (color_grid.expected(logits, 3, temperature)[0, 2].item() for temperature in (1.0, 0.25))
    assert mild == pytest.approx(1 / (1 + math.exp(0.5)), abs=1e-4)
    assert sharp == pytest.approx(1 / (1 + math.exp(2)), abs=1e-4)


def test_the_cross_entropy_is_least_at_the_truth_and_vivid_colours_weigh_more():
    colors = torch.tensor([[1.0, 0, 0], [1, 1, 1]]).T.reshape(1, 3, 1, 2)
    everywhere = torch.ones(1, 1, 1, 2)
    right = torch.full((1, 27, 1, 2), -9.0)
    right[0, 18, 0, 0] = right[0, 26, 0, 1] = 9
    paper_wrong, red_wrong = right.clone(), right.clone()
    paper_wrong[0, :, 0, 1], red_wrong[0, :, 0, 0] = 0, 0

    def loss(logits, weight=everywhere):
        return color_grid.cross_entropy(logits, colors, 3, weight).item()

    assert loss(right) < 1e-3
    assert loss(paper_wrong) == pytest.approx(math.log(27) / (2 + color_grid.VIVID), rel=1e-3)
    assert loss(red_wrong) == pytest.approx(loss(paper_wrong) * (1 + color_grid.VIVID), rel=1e-3)
    assert loss(red_wrong, torch.tensor([0.0, 1]).view(1, 1, 1, 2)) < 1e-3


@pytest.mark.parametrize("settings", [["space=rgb"], ["color_levels=1"]])
def test_a_choice_of_colours_needs_flats_and_levels(settings):
    with pytest.raises(ConfigError, match="color_levels needs space=flats and two levels or more"):
        from_preset(CGanConfig, "inked", settings)
