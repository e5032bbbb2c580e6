"""Networks made fast give what they gave before, and never stale weights."""

import copy
import pickle

import pytest
import torch
from torch import nn

from colorzoo.core.blocks import UNet
from colorzoo.core.inference import optimize as inference
from colorzoo.core.inference.optimize import OptimizedCopy, ShuffledConvolution, optimize_for_inference


@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolution_rewritten_exactly(bias):
    layer = nn.ConvTranspose2d(3, 5, 4, 2, 1, bias=bias)
    x = torch.randn(2, 3, 7, 9)
    torch.testing.assert_close(ShuffledConvolution(layer)(x), layer(x))


def trained():
    net = UNet(1, 2, 8)
    with torch.no_grad():
        for _ in range(5):
            net(torch.rand(4, 1, 32, 32))
    return net.eval()


def test_outputs_agree_within_a_hundredth_of_their_range():
    net = trained()
    x = torch.rand(1, 1, 64, 64)
    fast = optimize_for_inference(net)
    with torch.inference_mode():
        expected, got = net(x), fast(x.to(next(fast.parameters()).dtype))
    assert (expected - got).abs().max() < 0.01 * (expected.max() - expected.min())
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fast.modules())


def test_the_source_is_left_alone():
    net = trained()
    before = copy.deepcopy(net.state_dict())
    optimize_for_inference(net)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_new_weights_are_noticed():
    net, fast = trained(), OptimizedCopy(narrow=0)
    x = torch.rand(1, 1, 32, 32)
    first = fast(net, x)
    assert torch.equal(fast(net, x), first)
    assert len(fast._copies) == 1
    kept = next(iter(fast._copies.values()))
    with torch.no_grad():
        net.head.weight.mul_(2)
        net.head.bias.mul_(2)
    torch.testing.assert_close(fast(net, x), 2 * first, rtol=0.02, atol=1e-3)
    assert next(iter(fast._copies.values())) is not kept
    second = fast(net, x)
    net.load_state_dict(trained().state_dict())
    assert not torch.equal(fast(net, x), second)


def test_it_is_not_copied_or_pickled_along():
    fast = OptimizedCopy(narrow=16)
    fast(trained(), torch.rand(1, 1, 32, 32))
    for other in (copy.deepcopy(fast), pickle.loads(pickle.dumps(fast))):
        assert not other._copies
        assert other.narrow == 16


@pytest.mark.parametrize(("width", "dtype"), [(16, torch.float32), (32, torch.bfloat16)])
def test_narrow_inputs_are_computed_in_float32(monkeypatch, width, dtype):
    """Some processors' bfloat16 convolutions give NaN or chance where features are one column wide."""
    monkeypatch.setattr(inference, "bfloat16_is_fast", lambda device: True)
    net, seen = trained(), []
    net.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].dtype))
    OptimizedCopy(narrow=16)(net, torch.rand(1, 1, 64, width))
    assert seen == [dtype]
