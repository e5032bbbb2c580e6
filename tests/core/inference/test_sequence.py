"""Frames of a sequence in the engine: still ones stay, moving ones flicker less, plugins may do it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from colorzoo.core.errors import PluginError
from colorzoo.core.guidance.motion import flicker, motion_between
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance, Hint
from tests.core.guidance.test_motion import panned

NOTHING = Guidance()


class Restless(Colorizer):
    """One colour over the whole picture, another one for every picture that it is given."""

    def colorize(self, gray, options):
        random = torch.Generator().manual_seed(int(1e6 * float(gray.mean())))
        chroma = 0.1 * torch.randn(len(gray), options.samples, 2, 1, 1, generator=random)
        return color.recombine(gray[:, None], chroma.expand(-1, -1, -1, *gray.shape[-2:]))


class OwnLuma(Restless):
    keeps_luma = False


class Watching(Restless):
    """Gives every frame the same colour, `change` frames more or fewer than it sees."""

    change = 0

    def colorize_sequence(self, frames, options, guidance):
        self.told = guidance
        held = [color.recombine(f, torch.tensor([0.1, 0.0]).view(1, 2, 1, 1)) for f in frames]
        for colored in [*held, *held][: len(held) + self.change]:
            yield colored[:, None].expand(-1, options.samples, -1, -1, -1)


def shown(frames):
    """Return frames (3, h, w) in [0, 1] as pictures."""
    return [Picture((255 * f).round().byte().permute(1, 2, 0).contiguous().numpy()) for f in frames]


def together(colorizer, pictures, guidance=NOTHING, **options):
    frames = ((picture, guidance) for picture in pictures)
    return [list(p.pictures(guidance)) for p in predict_sequence(colorizer, frames, options)]


def total_flicker(samples):
    """Return the flicker of the first samples of pictures."""
    rgb = [torch.from_numpy(s[0].rgb.copy()).permute(2, 0, 1).float() / 255 for s in samples]
    return sum(
        flicker(color.chroma(a), color.chroma(b), motion_between(color.luma(a), color.luma(b)))
        for a, b in pairwise(rgb)
    )


@pytest.mark.parametrize("colorizer", [Restless(), OwnLuma()])
def test_a_pan_flickers_less_and_keeps_its_luma(colorizer):
    pictures = shown(panned())
    alone = [colorize(colorizer, picture) for picture in pictures]
    carried = together(colorizer, pictures)
    assert total_flicker(carried) < total_flicker(alone) / 2
    for picture, (sample,) in zip(pictures, carried, strict=True):
        assert np.abs(sample.gray.astype(int) - picture.gray).max() <= 2


def test_still_frames_stay_as_they_are_coloured_alone():
    pictures = 4 * shown(panned()[:1])
    (alone,) = colorize(Restless(), pictures[0])
    for (sample,) in together(Restless(), pictures):
        assert np.abs(sample.rgb.astype(int) - alone.rgb).max() <= 1


def test_frames_are_the_same_each_time_and_begin_anew_at_a_cut():
    first, second = shown(panned(0)), shown(panned(7))
    once, again = together(Restless(), [*first, *second]), together(Restless(), [*first, *second])
    alone = together(Restless(), second)
    assert all(np.array_equal(a.rgb, b.rgb) for (a,), (b,) in zip(once, again, strict=True))
    assert all(np.array_equal(a.rgb, b.rgb) for (a,), (b,) in zip(once[len(first) :], alone, strict=True))


def test_frames_larger_than_what_is_looked_at_and_samples():
    large = [torch.nn.functional.interpolate(f[None], (600, 520))[0] for f in panned()[:2]]
    for picture, samples in zip(shown(large), together(Restless(), shown(large), samples=2), strict=True):
        assert [s.rgb.shape for s in samples] == 2 * [picture.rgb.shape]
        assert np.abs(samples[1].gray.astype(int) - picture.gray).max() <= 2


def test_a_hint_stays_with_its_frame():
    pictures = shown(panned()[:1]) * 2
    told = Guidance(hints=(Hint(x=40, y=40, color="#2060c0"),))
    frames = [(pictures[0], told), (pictures[1], NOTHING)]
    first, second = predict_sequence(Restless(), frames)
    (with_hint,), (without,) = first.pictures(told), second.pictures(NOTHING)
    (alone,) = colorize(Restless(), pictures[0])
    assert np.abs(with_hint.rgb.astype(int) - alone.rgb).max() > 20
    assert np.abs(without.rgb.astype(int) - alone.rgb).max() <= 1


def test_a_plugin_may_see_the_sequence_itself():
    watching = Watching()
    samples = together(watching, shown(panned()), Guidance(strength=0.5), samples=2)
    assert len(samples) == len(panned())
    assert watching.told == NOTHING
    chroma = [color.chroma(torch.from_numpy(s[1].rgb.copy()).permute(2, 0, 1) / 255) for s in samples]
    assert all(c[0].mean() == pytest.approx(0.05, abs=0.01) for c in chroma)


@pytest.mark.parametrize(("change", "message"), [(1, "more frames"), (-1, "fewer frames")])
def test_a_plugin_that_miscounts_is_told(change, message):
    watching = Watching()
    watching.change = change
    with pytest.raises(PluginError, match=rf"Watching\.colorize_sequence returned {message}"):
        together(watching, shown(panned()[:3]))
