"""Frames that agree: still frames stay, motion carries colours along, a cut begins anew."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from colorzoo.core.guidance.motion import flicker, motion_between, steadied, warped
from colorzoo.core.imaging import color
from tests.core.guidance.test_reference import drawn

SIDE, FRAMES = 96, 12


def panned(seed=0, step=2):
    """Return frames (3, SIDE, SIDE) of a window that moves over a picture, `step` pixels a frame."""
    picture = drawn(seed, height=SIDE, width=SIDE + step * FRAMES)
    return [picture[:, :, step * n : step * n + SIDE] for n in range(FRAMES)]


def noisy(frames, deviation=0.05):
    """Return luma and chroma of frames, each with an error of its own over the whole frame."""
    random = torch.Generator().manual_seed(0)
    errors = deviation * torch.randn(len(frames), 2, 1, 1, generator=random)
    return [(color.luma(f), color.chroma(f) + e) for f, e in zip(frames, errors, strict=True)]


def total_flicker(luma, chroma):
    motions = [motion_between(before, after) for before, after in pairwise(luma)]
    return sum(flicker(*pair, m) for pair, m in zip(pairwise(chroma), motions, strict=True))


def test_still_frames_of_the_same_colours_stay_as_they_are():
    frame = drawn(0)
    frames = [(color.luma(frame), color.chroma(frame))] * 4
    for chroma in steadied(frames):
        assert torch.allclose(chroma, color.chroma(frame), atol=1e-5)


def test_motion_is_seen_and_warping_follows_it():
    before, after = panned()[:2]
    motion = motion_between(color.luma(before), color.luma(after))
    assert motion.positions[20:-20, 20:-20, 0].mean() - torch.arange(20, SIDE - 20).float().mean() == (
        pytest.approx(2, abs=0.2)
    )
    inner = (slice(None), slice(8, -8), slice(8, -8))
    assert (warped(before, motion) - after)[inner].abs().mean() < 0.02


def test_flicker_falls_and_colours_come_nearer_to_the_truth():
    frames = panned()
    shown = noisy(frames)
    luma, own = [y for y, _ in shown], [c for _, c in shown]
    carried = list(steadied(shown))
    assert total_flicker(luma, carried) < total_flicker(luma, own) / 3

    def error(chroma):
        return sum(
            float((c - color.chroma(f)).square().mean()) for c, f in zip(chroma, frames, strict=True)
        )

    assert error(carried) < error(own)


def test_a_cut_begins_anew():
    first, second = noisy(panned(0)), noisy(panned(7))
    together = list(steadied([*first, *second]))
    alone = list(steadied(second))
    assert torch.equal(together[FRAMES], second[0][1])
    assert all(torch.equal(a, b) for a, b in zip(together[FRAMES:], alone, strict=True))
    assert flicker(first[-1][1], second[0][1], motion_between(first[-1][0], second[0][0])) == 0


def test_a_frame_of_another_size_begins_anew():
    large, small = drawn(0), drawn(1, height=50, width=40)
    frames = [(color.luma(f), color.chroma(f)) for f in (large, small, small)]
    assert torch.equal(list(steadied(frames))[1], frames[1][1])


def test_what_appears_has_its_own_colour():
    still = drawn(0, height=SIDE, width=SIDE)
    changed = still.clone()
    changed[:, 30:60, 30:60] = torch.tensor([0.1, 0.2, 0.9]).view(3, 1, 1) * (
        1 - still[:, 30:60, 30:60].mean()
    )
    frames = [(color.luma(f), color.chroma(f)) for f in (still, changed)]
    difference = (list(steadied(frames))[1] - frames[1][1])[:, 36:54, 36:54].abs().mean()
    assert difference < 0.3 * (frames[0][1] - frames[1][1])[:, 36:54, 36:54].abs().mean()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 40), (17, 16), (33, 95)])
def test_odd_sizes_and_samples(height, width):
    random = torch.Generator().manual_seed(0)
    luma = torch.rand(1, height, width, generator=random)
    frames = [(luma, torch.rand(3, 2, height, width, generator=random) - 0.5) for _ in range(3)]
    steady = list(steadied(frames))
    assert [chroma.shape for chroma in steady] == [(3, 2, height, width)] * 3
    assert all(bool(chroma.isfinite().all()) for chroma in steady)


def test_luma_is_read_only_and_the_answer_is_the_same_each_time():
    shown = noisy(panned())
    kept = [y.clone() for y, _ in shown]
    first, second = list(steadied(shown)), list(steadied(shown))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(torch.equal(a, b) for a, (b, _) in zip(kept, shown, strict=True))
