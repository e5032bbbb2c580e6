"""cgan: its losses by hand, its networks and large pages."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from colorzoo.core.config import from_preset
from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging import color
from colorzoo.core.imaging import line_art as inking
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference import optimize as inference
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.stage import Batch
from colorzoo.core.training import checkpoint
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.plugins.cgan import model, training
from colorzoo.plugins.cgan.config import CGanConfig, CGanOptions
from colorzoo.plugins.cgan.model import CGan
from colorzoo.plugins.cgan.networks import GENERATORS, Discriminator
from colorzoo.testing import synthetic_picture


def built(*settings, preset="plain"):
    torch.manual_seed(0)
    size = ["size=64", "crop=none"] if preset != "paper" else ["size=256"]
    narrow = ["width=4", "discriminator_width=4", *size]
    return CGan(from_preset(CGanConfig, preset, [*narrow, *settings]))


def pictures(count=4, side=64):
    return Batch.of(torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1)))


class TestLosses:
    """Every formula of section 4.2 against numbers worked out by hand."""

    made = torch.tensor([[0.2, 0.4], [0.6, 0.8]]).view(2, 2, 1, 1)
    real = torch.tensor([[0.0, 0.5], [1.0, 0.8]]).view(2, 2, 1, 1)
    absolute = (0.2 + 0.1 + 0.4 + 0) / 4
    squared = (0.04 + 0.01 + 0.16 + 0) / 4

    def test_deceiving_is_minus_log_of_the_probability_of_real(self):
        logits = torch.tensor([0.0, 2.0])
        expected = (math.log(2) + math.log(1 + math.exp(-2))) / 2
        assert training.generator_adversarial_loss(logits).item() == pytest.approx(expected)

    def test_the_discriminator_pays_for_both_kinds_of_pairs(self):
        real, made = torch.tensor([2.0]), torch.tensor([-1.0])
        expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
        assert training.discriminator_loss(real, made).item() == pytest.approx(expected)

    def test_cosine_over_the_batch_and_over_pictures(self):
        dot = 0.4 * 0.5 + 0.6 + 0.64
        norms = math.sqrt(0.04 + 0.16 + 0.36 + 0.64) * math.sqrt(0.25 + 1 + 0.64)
        assert training.cosine(self.made, self.real, "batch").item() == pytest.approx(dot / norms)
        first = 0.2 / (math.sqrt(0.2) * 0.5)
        second = 1.24 / (1.0 * math.sqrt(1.64))
        mean = (first + second) / 2
        assert training.cosine(self.made, self.real, "image").item() == pytest.approx(mean)

    @pytest.mark.parametrize("sign", [1, -1])
    def test_content_as_printed_and_as_likely_meant(self, sign):
        config = from_preset(CGanConfig, "paper", [f"cosine_sign={sign}"])
        found = training.content_losses(config, self.made, self.real)
        alike = training.cosine(self.made, self.real, "batch").item()
        assert found["squared"].item() == pytest.approx(100 * self.squared)
        assert found["cosine"].item() == pytest.approx(100 * (1 + sign * alike) * self.absolute)
        assert set(found) == {"squared", "cosine"}

    def test_default_is_a_hundred_times_the_absolute_error(self):
        config = CGanConfig(absolute_weight=100, squared_weight=0)
        found = training.content_losses(config, self.made, self.real)
        assert found["absolute"].item() == pytest.approx(100 * self.absolute)

    def test_colours_may_change_with_the_grey(self):
        gray = torch.tensor([0.5, 0.5, 0.9]).view(1, 1, 1, 3)
        flat, edged = (torch.tensor(c).view(1, 1, 1, 3) for c in ([0.0, 0.2, 0.2], [0.0, 0.0, 0.2]))
        tall = [x.expand(1, 1, 2, 3) for x in (flat, edged, gray)]
        assert training.flat_variation(tall[0], tall[2]).item() == pytest.approx(0.2 / 2)
        assert training.flat_variation(tall[1], tall[2]).item() == pytest.approx(0.2 * math.exp(-8) / 2)


@pytest.mark.parametrize("generator", ["unet", "lite0", "columns", "pix2pix"])
@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_step_lowers_the_networks_own_loss(generator, name):
    preset = "paper" if generator == "pix2pix" else "plain"
    stage = built(f"generator={generator}", "smooth_weight=1", preset=preset).stages()[0]
    batch = pictures(2, stage.size)
    for network in stage.networks.values():
        network.train()

    def loss(which):
        return sum(stage.losses(which, batch).values())

    loss("generator")  # makes the picture that the discriminator judges
    for _ in range(20):  # the spectral norms settle
        loss("discriminator")
    rate = {"generator": 1e-4, "discriminator": 1e-2}[name]
    optimizer = torch.optim.SGD(stage.networks[name].parameters(), rate)
    before = loss(name)
    before.backward()
    optimizer.step()
    assert loss(name).item() < before.item()


def test_a_cut_run_resumes_with_both_networks_and_both_optimizers(tmp_path):
    settings = ["gan.steps=4", "gan.batch_size=2", "gan.ema=0.9"]
    images = np.stack([synthetic_picture(i, 64, 64) for i in range(6)])

    def data(size):
        return Packed(images, [str(i) for i in range(6)], "f" * 64)

    def cut(stage, step, total, losses):
        if step == 2:
            raise KeyboardInterrupt

    brief = TrainConfig(device="cpu", precision="float32", log_every=1, checkpoint_seconds=0)
    whole, resumed = built(*settings), built(*settings)
    train(whole, data, tmp_path / "whole", brief)
    with pytest.raises(KeyboardInterrupt):
        train(resumed, data, tmp_path / "cut", brief, report=cut)
    kept, facts = checkpoint.read(tmp_path / "cut" / "checkpoint.safetensors")
    assert {"generator", "discriminator"} <= set(facts.optimizers)
    assert any(name.startswith("helper.discriminator.") for name in kept)
    resumed = built(*settings)
    train(resumed, data, tmp_path / "cut", brief, resume=True)
    expected, state = whole.state(), resumed.state()
    assert all(torch.equal(expected[name], tensor) for name, tensor in state.items())
    assert not any("discriminator" in name for name in state)


def test_only_the_player_gets_gradients():
    stage = built().stages()[0]
    batch = pictures()
    sum(stage.losses("generator", batch).values()).backward()
    assert all(p.grad is None for p in stage.discriminator.parameters())
    stage.model.zero_grad()
    sum(stage.losses("discriminator", batch).values()).backward()
    assert all(p.grad is None for p in stage.model.parameters())
    assert all(p.grad is not None for p in stage.discriminator.parameters())


def test_spectral_norm_bounds_every_layers_slope():
    judge = Discriminator(CGanConfig(discriminator_width=8))
    for _ in range(100):  # a power iteration each
        judge(torch.rand(1, 1, 64, 64), torch.rand(1, 2, 64, 64))
    judge.eval()
    layers = [layer for layer in judge.modules() if isinstance(layer, nn.Conv2d)]
    assert len(layers) == 5
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_a_generator_that_does_not_fit_is_said_before_it_fails():
    with pytest.raises(ConfigError, match=r"multiple of 256, got 64$"):
        from_preset(CGanConfig, "paper", ["size=64"])


def test_the_verdict_is_one_number_or_one_per_patch():
    pair = torch.rand(2, 1, 128, 128), torch.rand(2, 2, 128, 128)
    assert Discriminator(CGanConfig(discriminator_width=4))(*pair).shape[-2:] == (14, 14)
    scalar = Discriminator(CGanConfig(discriminator_width=4, discriminator="scalar"))
    assert scalar(*pair).shape == (2, 1, 1, 1)


def trained_norms(colorizer):
    """Give the batch norms statistics, as after training, so that padding is not invisible."""
    for layer in colorizer.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return colorizer.eval()


@pytest.mark.parametrize("generator", ["unet", "lite0", "columns"])
def test_seams_of_tiles_are_invisible(generator, monkeypatch):
    colorizer = trained_norms(built(f"generator={generator}"))
    net, tile = colorizer.generator, 4 * colorizer.generator.cell
    page = torch.rand(1, 1, net.reach + 2 * tile, tile + 32)
    with torch.inference_mode():
        whole = colorizer(page, side=0)
        monkeypatch.setattr(model, "TILE", tile)
        parts = colorizer(page, side=0)
    assert (whole[:, :, 0] - whole[:, :, 1]).abs().max() > 0.005  # there is colour to compare
    assert (whole - parts).abs().max() < 1 / 255


@pytest.mark.parametrize("name", GENERATORS)
def test_nothing_beyond_the_reach_changes_an_output(name):
    """Looked for in a linear stand-in of positive weights, in which nothing cancels out."""
    net = GENERATORS[name](2, 2)
    _linear(net)
    height, cell, scale = 3072, net.cell, net.scale
    middle = height // 2
    picture = torch.ones(1, 1, height, cell, dtype=torch.double, requires_grad=True)
    tile = net.double()(picture)[..., middle // scale : (middle + cell) // scale, :]
    rows = torch.autograd.grad(tile.sum(), picture)[0].sum((0, 1, 3)).nonzero().flatten()
    farthest = max(middle - rows.min(), rows.max() - (middle + cell - 1))
    assert net.reach - cell < farthest <= net.reach


def _linear(module):
    for name, part in module.named_children():
        if isinstance(part, nn.ReLU | nn.ReLU6 | nn.LeakyReLU | nn.modules.batchnorm._BatchNorm):
            setattr(module, name, nn.Identity())
        elif isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.constant_(part.weight, 1 / part.weight[0].numel())
        _linear(part)


@pytest.mark.parametrize("trunk_share", [0, 0.1])
def test_the_trunk_learns_where_it_may(trunk_share):
    stage = built("generator=lite0", f"trunk_share={trunk_share}").stages()[0]
    stage.on_stage_start()
    trained = [p for p in stage.networks["generator"].parameters() if p.requires_grad]
    shares = {group.get("rate_share", 1) for group in stage.optimizer("generator", trained).param_groups}
    assert shares == ({1, trunk_share} if trunk_share else {1})
    sum(stage.losses("generator", pictures()).values()).backward()
    trunk = [p.grad is not None for p in stage.model.generator.trunk.parameters()]
    assert all(trunk) if trunk_share else not any(trunk)


@pytest.mark.parametrize("size", [(1, 1), (31, 97), (64, 65), (700, 20)])
@pytest.mark.parametrize("preset", ["default", "plain", "paper", "inked"])
def test_any_page_size(size, preset):
    with torch.inference_mode():
        assert built(preset=preset).eval()(torch.rand(1, 1, *size)).shape == (1, 1, 3, *size)


def test_proportions_are_kept():
    assert model._working_size((1401, 992), 512) == (512, 362)
    assert model._working_size((300, 200), 512) == (300, 200)
    assert model._working_size((301, 201), 0) in ((300, 200), (302, 202))


def test_the_gain_strengthens_the_colours_the_network_dares():
    page = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        strong, plain = (built(setting).eval()(page)[:, 0] for setting in ("gain=1.5", "gain=1"))
    torch.testing.assert_close(strong, color.recombine(page, 1.5 * color.chroma(plain)), atol=1e-4, rtol=0)


def test_inking_draws_lines_and_dots():
    ramp = torch.linspace(0.1, 0.9, 128).expand(1, 1, 128, 128).clone()
    assert inking.line_art(ramp).mean() > 0.95  # a smooth shade has no lines
    ramp[..., 60:62, :] = 0
    assert inking.line_art(ramp)[..., 60:62, :].max() < 0.3
    toned = inking.screentone(torch.full((1, 1, 128, 128), 0.35))
    assert toned.std() > 0.3
    assert 0.25 < toned.mean() < 0.75


def test_inked_pictures_keep_their_colours():
    stage = built("inked=0.5").stages()[0]
    batch = pictures(16)
    torch.manual_seed(0)
    seen = stage.augment(batch)
    changed = (seen.gray - color.luma(seen.color)).abs().mean((1, 2, 3))
    assert (changed > 0.05).sum() > 4
    assert seen.color.shape == batch.color.shape


def test_tall_pages_are_finite_and_the_same_at_every_call():
    """The fast copy of a page of one working column, in the type that this processor is given."""
    colorizer = built().eval()
    page = Picture(np.ascontiguousarray(synthetic_picture(3, 512, 512)[:, :4]))
    first, *others = [colorize(colorizer, page, {"side": 512})[0].rgb for _ in range(3)]
    assert all(np.array_equal(first, other) for other in others)


def test_no_narrow_page_is_computed_in_bfloat16(monkeypatch):
    monkeypatch.setattr(inference, "bfloat16_is_fast", lambda device: True)
    colorizer, seen = built().eval(), []
    colorizer.generator.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].dtype))
    for width in (1, 4, 31, 33, 35, 64):
        colorizer.colorize(torch.rand(1, 1, 512, width), CGanOptions(side=512))
    assert seen == 4 * [torch.float32] + 2 * [torch.bfloat16]
