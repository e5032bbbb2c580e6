"""The baselines: what random-reference draws."""

import numpy as np
import pytest
import torch

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import EvaluationContext
from colorzoo.plugins.baselines.fitted import pixels
from colorzoo.plugins.baselines.random_reference import RandomReference
from colorzoo.testing.images import synthetic_pictures

GRAY = torch.linspace(0, 1, 64).view(1, 1, 8, 8)


@pytest.fixture
def model():
    baseline = RandomReference()
    baseline.fit_baseline(EvaluationContext(synthetic_pictures, truth=lambda gray: gray))
    return baseline


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_seed_below_two_to_the_32_is_torchs_own(model, seed):
    generator = torch.Generator().manual_seed(seed)
    train = synthetic_pictures(model.config.size).images
    chosen = [int(torch.randint(len(train), (), generator=generator)) for _ in range(3)]
    fields = color.chroma(pixels(np.stack([train[index] for index in chosen])))
    expected = color.recombine(GRAY[:, None], color.resize_area(fields, (8, 8))[None])
    assert torch.equal(model(GRAY, samples=3, seed=seed), expected)


def test_seeds_that_share_their_lower_bits_draw_others(model):
    """Torch's generator takes 32 bits of a seed; `compare` gives every picture one of 56."""
    drawn = [model(GRAY, samples=8, seed=seed + (7 << 32)) for seed in range(3)]
    plain = [model(GRAY, samples=8, seed=seed) for seed in range(3)]
    assert not any(torch.equal(one, other) for one, other in zip(drawn, plain, strict=True))
