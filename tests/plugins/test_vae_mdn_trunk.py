"""vae-mdn on the trunk: what it sees, what its stages train, what old photos look like to it."""

from __future__ import annotations

import pytest
import torch

from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig, VaeMdnOptions
from colorzoo.plugins.vae_mdn.model import VaeMdn
from colorzoo.plugins.vae_mdn.training import aged, random_crop
from colorzoo.testing import synthetic_picture

SMALL = {"size": 64, "width": 8, "hidden": 16, "dropout": 0.0}


def built(**changes):
    torch.manual_seed(0)
    default = VaeMdnConfig.presets["default"]
    return VaeMdn(VaeMdnConfig.model_validate({**default, **SMALL, **changes})).eval()


@pytest.fixture(scope="module")
def model():
    return built()


def pictures(count=4, side=64):
    pixels = [torch.from_numpy(synthetic_picture(seed, side, side)) for seed in range(count)]
    return torch.stack(pixels).permute(0, 3, 1, 2).float() / 255


def test_colours_are_found_at_a_quarter_of_what_the_trunk_sees(model):
    batch = Batch.of(pictures())
    seen = model.see(batch.gray)
    fields = model.decode(seen, model.embeddings(seen, VaeMdnOptions(samples=3, seed=0)))
    assert fields.shape == (4, 3, 2, 16, 16)
    assert model.field(batch.color).shape == (4, 2, 16, 16)


def test_the_mean_is_one_colouring_and_the_same_for_the_mirror_image(model):
    gray = Batch.of(pictures(1)).gray
    with torch.no_grad():
        mean = model(gray, mode="mean", samples=2, seed=1)
        mirrored = model(gray.flip(-1), mode="mean", samples=1, seed=2)
    assert torch.equal(mean[:, 0], mean[:, 1])
    torch.testing.assert_close(mean[:, 0].flip(-1), mirrored[:, 0], atol=1e-3, rtol=0)


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_the_trunk_learns_slowly_in_the_last_stage_or_not_at_all(share):
    model = built(trunk_share=share)
    (stage,) = (stage for stage in model.stages() if stage.name == "refine")
    network = stage.networks["refine"].train()
    optimizer = stage.optimizer("refine", [p for p in network.parameters() if p.requires_grad])
    shares = [group.get("rate_share", 1) for group in optimizer.param_groups]
    assert shares == ([1, share] if share else [1])
    before = model.trunk.stem[1].weight.clone()
    losses = stage.losses("refine", stage.augment(Batch.of(pictures(4, stage.size))))
    assert set(losses) == {"best", "reconstruction", "divergence", "density", "mean"}
    sum(losses.values()).backward()
    optimizer.step()
    assert torch.equal(before, model.trunk.stem[1].weight) != bool(share)


def test_earlier_stages_leave_the_trunk_alone():
    model = built()
    for stage in model.stages()[:2]:
        losses = stage.losses(stage.name, stage.augment(Batch.of(pictures(4, stage.size))))
        sum(losses.values()).backward()
    assert all(parameter.grad is None for parameter in model.trunk.parameters())


def test_crops_are_of_the_pictures_and_of_one_size():
    row = torch.arange(80.0).expand(1, 1, 80, 80)
    torch.manual_seed(3)
    for _ in range(20):
        cropped = random_crop(row, 64)
        assert cropped.shape == (1, 1, 64, 64)
        assert (cropped.diff(dim=-1) > 0.9).all()
        assert cropped.min() >= 0
        assert cropped.max() <= 79


def test_only_a_share_of_the_pictures_is_aged_and_stays_a_picture():
    gray = Batch.of(pictures(64)).gray
    torch.manual_seed(0)
    old = aged(gray, 0.5)
    changed = (old != gray).flatten(1).any(1)
    assert 16 < int(changed.sum()) < 48
    assert old.min() >= 0
    assert old.max() <= 1
    assert torch.equal(aged(gray, 0.0), gray)
