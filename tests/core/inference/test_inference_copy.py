"""The copy that the engine asks gives what the colorizer gives, and follows its changes."""

import gc
import weakref

import pytest
import torch
from torch import nn

from colorzoo.core.blocks import block
from colorzoo.core.config import RunOptions
from colorzoo.core.inference.inference_copy import inference_copy
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer


class Small(ChromaColorizer, nn.Module):
    """Layers of every kind that is folded, and some that must not be."""

    scale = 0.1

    def __init__(self):
        super().__init__()
        self.first, self.shared = block(1, 4), nn.Conv2d(4, 4, 3, padding=1)
        self.middle = nn.Sequential(
            self.shared, nn.BatchNorm2d(4), self.shared, nn.BatchNorm2d(4, affine=False)
        )
        self.up = nn.Sequential(nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=2), nn.BatchNorm2d(4))
        self.down = nn.Sequential(nn.Conv2d(4, 2, 2, 2), nn.BatchNorm2d(2, track_running_stats=False))

    def chroma(self, small, options):
        return self.scale * self.down(self.up(self.middle(self.first(small))))[:, None].tanh()


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Small()
    with torch.no_grad():
        for _ in range(3):
            model.chroma(torch.rand(4, 1, 16, 16), RunOptions())
    return model.eval()


GRAY = torch.rand(1, 1, 16, 24, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def answer(model):
    return model.chroma(GRAY, RunOptions())


def test_same_answers_without_what_was_folded(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fast = inference_copy(model)
    torch.testing.assert_close(answer(fast), answer(model), rtol=0, atol=1e-5)
    left = [layer for layer in fast.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(left) == 2  # that of grouped transposed convolutions, and that which keeps no statistics
    assert inference_copy(model) is fast
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("change", ["in place", "another tensor", "attribute", "training"])
def test_changes_of_the_colorizer_are_followed(model, change):
    before = answer(inference_copy(model))
    with torch.no_grad():
        if change == "in place":
            model.first[0].weight.mul_(2)
        elif change == "another tensor":
            model.first[0].weight = nn.Parameter(2 * model.first[0].weight)
        elif change == "attribute":
            model.scale = 0.2
        else:
            model.first.train()
    after = answer(inference_copy(model))
    assert not torch.equal(before, after)
    torch.testing.assert_close(after, answer(model), rtol=0, atol=1e-5)


def test_layers_that_are_watched_or_changed_stay(model):
    seen = []
    model.first[0].register_forward_hook(lambda layer, inputs, output: seen.append(output))
    nn.utils.parametrizations.weight_norm(model.shared)
    assert torch.allclose(answer(inference_copy(model)), answer(model), atol=1e-5)
    assert torch.allclose(seen[0], seen[1], atol=1e-5)


def test_it_goes_with_its_colorizer():
    model = Small()
    gone = weakref.ref(model)
    inference_copy(model)
    del model
    gc.collect()
    assert gone() is None


def test_what_is_no_module_is_asked_itself():
    plain = object()
    assert inference_copy(plain) is plain
