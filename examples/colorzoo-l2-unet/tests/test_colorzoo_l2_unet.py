"""The contract of colorzoo, and what l2-unet promises."""

import torch
from colorzoo_l2_unet.model import UNet

from colorzoo.testing import ColorizerContract


class TestL2UNet(ColorizerContract):
    plugin = "l2-unet"
    config = {"width": 4}


def test_the_network_keeps_the_size_and_sees_far():
    net = UNet(4).eval()
    x = torch.rand(1, 1, 64, 64, requires_grad=True)
    out = net(x)
    assert out.shape == (1, 2, 64, 64)
    out[0, 0, 32, 32].backward()
    seen = x.grad[0, 0].abs().sum(1).nonzero()
    assert len(seen) > 32
