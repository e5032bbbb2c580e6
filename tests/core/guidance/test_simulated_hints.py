"""Simulated hints, as a network learns from them."""

import torch

from colorzoo.core.guidance.simulated_hints import MANY, drawn_hints
from colorzoo.core.imaging import color
from colorzoo.testing import synthetic_picture


def drawn(seed, count=300, side=48):
    picture = torch.from_numpy(synthetic_picture(seed, side, side)).permute(2, 0, 1).float() / 255
    torch.manual_seed(seed)
    return color.chroma(picture), drawn_hints(picture.expand(count, -1, -1, -1))


def test_there_are_few_or_many_and_at_times_everything_is_told():
    chroma, (planes, counts) = drawn(0)
    whole = [bool((one[0] == 1).all()) for one in planes]
    assert 0 < sum(whole) < 15
    torch.testing.assert_close(planes[whole.index(True)][1:], chroma)
    few = torch.tensor([count for count, told in zip(counts, whole, strict=True) if not told])
    assert few.min() == 1
    assert 1 / 4 < (few <= 3).float().mean() < 1 / 2
    assert 30 < few.max() <= MANY


def test_a_patch_has_the_mean_chroma_of_what_it_covers():
    chroma, (planes, counts) = drawn(1)
    single = [one for one, count in zip(planes, counts, strict=True) if count == 1]
    assert len(single) > 10
    for one in single:
        patch = one[0] == 1
        assert 1 <= patch.sum() <= 81
        torch.testing.assert_close(one[1:, patch].mean(1), chroma[:, patch].mean(1))
        assert not one[1:, ~patch].any()


def test_they_are_drawn_by_torchs_generator_alone():
    (_, one), (_, other), (_, another) = drawn(2), drawn(2), drawn(3)
    assert torch.equal(one.planes, other.planes)
    assert one.counts == other.counts != another.counts
