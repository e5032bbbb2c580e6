"""The engine under guidance: what colorizers take themselves, what is applied to any of them."""

import numpy as np
import pytest
import torch

from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize, predict
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance, Hint

RED = (200, 40, 40)


class Bluish(ChromaColorizer):
    """The same pale blue everywhere, at an eighth of the size."""

    deterministic = True

    def working_size(self, size, options):
        return max(1, size[0] // 8), max(1, size[1] // 8)

    def chroma(self, small, options):
        return (
            small.new_tensor([0.05, -0.02]).view(1, 1, 2, 1, 1).expand(len(small), 1, 2, *small.shape[-2:])
        )


class OwnLuma(Bluish):
    keeps_luma = False


class Shrunk(Bluish):
    capabilities = Capabilities(max_input_side=40)


class Unaware(Bluish):
    capabilities = Capabilities(max_input_side=50)


class Attentive(Bluish):
    """Notes what it is told, and paints everything in the colour of the first hint."""

    capabilities = Capabilities(takes=frozenset({"hints"}), max_input_side=50)
    told: list = []

    def colorize_guided(self, gray, options, guidance):
        self.told.append((gray.shape[-2:], guidance))
        wanted = torch.tensor(guidance[0].hints[0].color).view(1, 3, 1, 1) / 255
        return color.recombine(gray, color.chroma(wanted).expand(-1, -1, *gray.shape[-2:]))[:, None]


def gray_picture(height=90, width=120):
    level = np.linspace(90, 160, width).astype(np.uint8)
    return Picture(np.repeat(level[None, :, None].repeat(height, 0), 3, 2))


def chroma_of(picture):
    return color.chroma(torch.from_numpy(picture.rgb.copy()).permute(2, 0, 1).float() / 255)


@pytest.mark.parametrize("kind", [Bluish, Shrunk, OwnLuma])
def test_a_hint_colours_where_it_is_whoever_predicted(kind):
    picture = gray_picture()
    hints = [Hint(x=30, y=40, color=RED, radius=4)]
    (plain,), (told,) = (colorize(kind(), picture, {}, Guidance(hints=h)) for h in ((), hints))
    assert chroma_of(told)[1, 40, 30] > chroma_of(plain)[1, 40, 30] + 0.1
    assert np.abs(told.gray.astype(int) - plain.gray).max() <= 2


def test_hints_are_in_pixels_of_the_picture_whatever_the_engine_works_at():
    picture = gray_picture(1200, 1600)
    hints = [Hint(x=1500, y=100, color=RED)]
    (told,) = colorize(Bluish(), picture, {}, Guidance(hints=hints, reach=0.3))
    red = chroma_of(told)[1]
    assert red[100, 1500] > red[400, 1500] > red[800, 1500] > red[1100, 200]
    assert red[100, 1500] > red[100, 1000] > red[100, 300]


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0])
def test_strength_scales_the_colours_of_any_colorizer(strength):
    picture = gray_picture()
    (plain,), (told,) = (colorize(Bluish(), picture, {}, Guidance(strength=s)) for s in (1, strength))
    torch.testing.assert_close(chroma_of(told), strength * chroma_of(plain), atol=0.012, rtol=0)


def test_a_prediction_takes_guidance_again_and_again():
    picture = gray_picture()
    prediction = predict(Bluish(), picture, {"samples": 2})
    for guidance in (Guidance(), Guidance(strength=0.5), Guidance(hints=[Hint(x=3, y=4, color=RED)])):
        ours, theirs = prediction.pictures(guidance), colorize(Bluish(), picture, {"samples": 2}, guidance)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one.rgb, other.rgb)


def test_a_colorizer_that_takes_hints_gets_them_at_its_size_and_the_engine_leaves_what_it_made():
    model = Attentive()
    hints = [Hint(x="100%", y=0, color=RED)]
    (told,) = colorize(model, gray_picture(60, 100), {}, Guidance(hints=hints))
    (size, (given,)) = model.told[-1]
    assert size == (30, 50)
    assert given.given() == {"hints"}
    assert given.hint_map((30, 50))[3, 0, 49] == 1
    expected = color.chroma(torch.tensor(RED).view(3, 1, 1) / 255)
    torch.testing.assert_close(chroma_of(told)[:, 50, 10], expected[:, 0, 0], atol=0.02, rtol=0)


def test_the_user_wins_over_a_colorizer_that_takes_hints_and_misses_them():
    class Stubborn(Attentive):
        def colorize_guided(self, gray, options, guidance):
            return self.colorize(gray, options)

    hints = [Hint(x=30, y=40, color=RED, radius=4)]
    (told,) = colorize(Stubborn(), gray_picture(), {}, Guidance(hints=hints, reach=0))
    wanted = color.chroma(torch.tensor(RED).view(3, 1, 1) / 255)[:, 0, 0]
    torch.testing.assert_close(chroma_of(told)[:, 40, 30], wanted, atol=0.02, rtol=0)
    (plain,) = colorize(Stubborn(), gray_picture())
    torch.testing.assert_close(chroma_of(told)[:, 40, 110], chroma_of(plain)[:, 40, 110], atol=0.01, rtol=0)


def test_what_a_colorizer_misses_of_its_hints_is_corrected_and_not_drawn_over():
    class Half(Attentive):
        def colorize_guided(self, gray, options, guidance):
            return (self.colorize(gray, options) + super().colorize_guided(gray, options, guidance)) / 2

    told = Guidance(hints=[Hint(x=30, y=40, color=RED, radius=4)])
    half, whole = (
        chroma_of(colorize(kind(), gray_picture(), {}, told)[0])[1] for kind in (Half, Attentive)
    )
    plain = chroma_of(colorize(Half(), gray_picture())[0])[1]
    assert half[40, 30] == pytest.approx(float(whole[40, 30]), abs=0.02)
    assert half[85, 115] == pytest.approx(float(whole[85, 115] + plain[85, 115]) / 2, abs=0.02)


def test_later_hints_are_spread_where_the_colorizer_was_given_none():
    picture, later = gray_picture(), Guidance(hints=[Hint(x=30, y=40, color=RED, radius=4)])
    ours, theirs = (next(predict(kind(), picture).pictures(later)) for kind in (Attentive, Unaware))
    np.testing.assert_array_equal(ours.rgb, theirs.rgb)


def test_what_a_colorizer_requires_is_asked_for():
    class Needy(Bluish):
        capabilities = Capabilities(takes=frozenset({"references"}), requires=frozenset({"references"}))

    with pytest.raises(ConfigError, match="Needy needs references: give --reference"):
        colorize(Needy(), gray_picture())


def test_sides_are_multiples_where_a_colorizer_says_so():
    class Strict(Colorizer):
        capabilities = Capabilities(size_multiple=16, max_input_side=64)
        deterministic = True

        def colorize(self, gray, options):
            assert gray.shape[-2:] == (48, 64)
            return gray[:, None].expand(-1, -1, 3, -1, -1)

    assert colorize(Strict(), gray_picture(90, 128))[0].rgb.shape == (90, 128, 3)


def test_paper_stays_white_where_the_colorizer_or_the_user_says_so():
    class OnPages(Bluish):
        capabilities = Capabilities(paper=True)

    page = np.full((100, 100, 3), 240, np.uint8)
    page[20:80, 20:80] = 120
    for kind, paper, expected in [
        (Bluish, None, False), (Bluish, True, True), (OnPages, None, True), (OnPages, False, False),
    ]:  # fmt: skip
        (told,) = colorize(kind(), Picture(page), {}, Guidance(paper=paper))
        assert (np.ptp(told.rgb[5, 5]) == 0) == expected
        assert np.ptp(told.rgb[50, 50]) > 10


def test_a_hint_outside_is_an_error_before_anything_is_made():
    with pytest.raises(ConfigError, match=r"hint 120\.0,5\.0: outside the picture, which is 120x90"):
        colorize(Bluish(), gray_picture(), {}, Guidance(hints=[Hint(x=120, y=5, color=RED)]))


def wedge():
    """All 65,536 greys of 16 bits."""
    gray = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    return Picture(np.repeat(gray[..., None], 3, axis=2))


@pytest.mark.parametrize("colorizer", [Bluish(), Shrunk()], ids=["as large", "smaller"])
def test_a_wedge_of_all_greys_keeps_its_luma_as_far_as_three_rounded_channels_can(colorizer):
    (colored,) = colorize(colorizer, wedge())
    assert colored.pixels.dtype == np.uint16
    luma = colored.pixels @ np.array([0.299, 0.587, 0.114])
    error = np.abs(luma - np.arange(65536).reshape(256, 256))
    assert error.max() <= 0.51  # three channels are off by half a level each at most, and float32 rounds
    inside = np.ptp(colored.pixels.astype(int), axis=2)[64:192]
    assert (inside > 1000).all()


def test_sixteen_bits_of_colours_keep_their_unrounded_luma():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 65536, (40, 60, 3)).astype(np.uint16)
    (colored,) = colorize(Bluish(), Picture(pixels, pixels[..., 0]))
    weights = np.array([0.299, 0.587, 0.114])
    assert np.abs(colored.pixels @ weights - pixels @ weights).max() <= 0.51
    np.testing.assert_array_equal(colored.alpha, pixels[..., 0])
