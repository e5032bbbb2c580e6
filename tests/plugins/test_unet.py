"""unet: with convolutions of its own, and on a trunk that stays as it is."""

import pytest
import torch

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.unet.config import UNetConfig
from colorzoo.plugins.unet.model import UNetColorizer


def built(trunk):
    torch.manual_seed(0)
    return UNetColorizer(UNetConfig(size=64, width=4, trunk=trunk))


@pytest.mark.parametrize("trunk", ["none", "lite0"])
def test_the_loss_is_the_squared_error_in_grey_levels(trunk):
    model = built(trunk)
    gray = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        field = model.field(gray)
        scale = 64 // field.shape[-1]
        chroma = field.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
        rgb = gray + color.chroma_to_rgb_offset(chroma)
        off = rgb + color.chroma_to_rgb_offset(torch.tensor([0.1, 0.0])[:, None, None])
        losses = [model.stages()[0].losses("net", Batch(x, gray))["mse255"] for x in (rgb, off)]
    expected = (255 * color.chroma_to_rgb_offset(torch.tensor([0.1, 0.0])[:, None, None])).square().mean()
    assert losses[0].item() == pytest.approx(0, abs=1e-3)
    assert losses[1].item() == pytest.approx(expected.item(), rel=1e-3)


def test_the_trunk_is_not_trained():
    model = built("lite0")
    stage = model.stages()[0]
    sum(stage.losses("net", Batch.of(torch.rand(2, 3, 64, 64))).values()).backward()
    assert all(p.grad is not None for p in model.net.parameters())
    assert all(p.grad is None for p in model.trunk.parameters())


def test_a_size_that_leaves_no_features_is_an_error():
    with pytest.raises(ConfigError, match="64 or more, got 32"):
        validate(UNetConfig, {"trunk": "lite0", "size": 32}, "--set")
