"""The mathematics of the mixture, and what the presets promise."""

import math

import pytest
import torch
from torch import distributions as D

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError
from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig, VaeMdnOptions
from colorzoo.plugins.vae_mdn.model import VaeMdn
from colorzoo.plugins.vae_mdn.networks import Mixture, PlainDecoder


def mixture(joint: bool, pictures=3, components=4, latent=5) -> Mixture:
    torch.manual_seed(0)
    logits = torch.randn(pictures, components, 1 if joint else latent)
    shape = (pictures, components, latent)
    return Mixture(logits.log_softmax(1), torch.randn(shape), torch.randn(shape))


def reference(m: Mixture, joint: bool) -> D.Distribution:
    """Build the same distribution from torch.distributions."""
    deviations = torch.exp(0.5 * m.log_variances)
    if joint:
        parts = D.Independent(D.Normal(m.means, deviations), 1)
        return D.MixtureSameFamily(D.Categorical(logits=m.log_weights[..., 0]), parts)
    parts = D.Normal(m.means.transpose(1, 2), deviations.transpose(1, 2))
    weights = D.Categorical(logits=m.log_weights.transpose(1, 2))
    return D.Independent(D.MixtureSameFamily(weights, parts), 1)


@pytest.mark.parametrize("joint", [True, False])
def test_the_likelihood_is_that_of_torch_distributions(joint):
    m = mixture(joint)
    z = torch.randn(3, 5)
    expected = -reference(m, joint).log_prob(z)
    torch.testing.assert_close(m.negative_log_likelihood(z), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("joint", [True, False])
def test_samples_have_the_mixtures_mean_and_variance(joint):
    m = mixture(joint, pictures=2)
    count, wide = 40_000, 1 if joint else 5
    z = m.sample(torch.rand(2, count, wide), torch.randn(2, count, 5))
    expected = reference(m, joint)
    torch.testing.assert_close(z.mean(1), expected.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(z.var(1), expected.variance, atol=0.15, rtol=0.03)


def test_temperature_zero_gives_component_means():
    m = mixture(True)
    z = m.sample(torch.rand(3, 9, 1), torch.randn(3, 9, 5), temperature=0.0)
    distance = (z[:, :, None] - m.means[:, None]).abs().sum(-1).min(-1).values
    assert distance.max() == 0


def test_the_means_come_in_the_order_of_their_weights():
    m = mixture(True)
    first = m.ordered_means(2)
    for picture in range(3):
        order = m.log_weights[picture, :, 0].argsort(descending=True)
        assert torch.equal(first[picture], m.means[picture, order[:2]])


def test_the_closest_components_loss_by_hand():
    m = Mixture(
        torch.tensor([[[math.log(0.25)], [math.log(0.75)]]]),
        torch.tensor([[[0.0], [3.0]]]),
        torch.zeros(1, 2, 1),
    )
    expected = -math.log(0.25) + 0.5 + 0.5 * math.log(2 * math.pi)  # z = 1 is closest to mean 0
    assert m.closest_component_loss(torch.tensor([[1.0]])).item() == pytest.approx(expected)


def test_the_papers_preset_is_the_papers_model():
    config = validate(VaeMdnConfig, VaeMdnConfig.presets["paper"], "paper")
    assert (config.size, config.latent, config.space) == (64, 32, "rgb")
    assert (config.vae.batch_size, config.vae.epochs, config.loss) == (32, 100, "mse")
    assert (config.mixture, config.trunk) == ("per-dimension", "flat")
    model = VaeMdn(config.model_copy(update={"width": 4}))
    assert not model.keeps_luma
    assert isinstance(model.decoder, PlainDecoder)
    for head in (model.mixture.weights, model.mixture.shapes):
        linear = [layer for layer in head if isinstance(layer, torch.nn.Linear)]
        assert [linear[0].in_features, len(linear)] == [4096, 2]
    fields = model.decode(torch.rand(2, 1, 64, 64), torch.randn(2, 3, 32))
    assert fields.shape == (2, 3, 3, 64, 64)
    assert fields.min() >= 0  # ReLU after the last layer


def options(**values) -> VaeMdnOptions:
    return validate(VaeMdnOptions, values, "test")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return VaeMdn(VaeMdnConfig(width=4, refine={"epochs": 1})).eval()


def test_modes(model):
    gray = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        mean = model(gray, mode="mean", samples=2, seed=0)
        assert torch.equal(mean[:, 0], mean[:, 1])
        means = model(gray, mode="means", samples=8)
        assert torch.equal(means, model(gray, mode="means", samples=8))  # nothing is drawn
        assert not torch.equal(means[:, 0], means[:, 1])
        prior = model(gray, prior=True, seed=0)
        assert not torch.equal(prior, model(gray, seed=0))
    with pytest.raises(ConfigError, match="at most 8 colourings"):
        model(gray, mode="means", samples=9)
    with pytest.raises(ConfigError, match="temperature"):
        model(gray, temperature=-1)


def test_lower_temperature_means_less_spread(model):
    gray = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        spread = [model(gray, samples=20, seed=0, temperature=t).std(1).mean() for t in (0.1, 1.0)]
    assert spread[0] < spread[1]


def test_each_stage_moves_what_it_says_and_nothing_else(model):
    batch = Batch.of(torch.rand(4, 3, 64, 64))
    moved = {
        "vae": {"encoder", "decoder"},
        "mdn": {"mixture"},
        "refine": {"encoder", "decoder", "mixture"},
    }
    assert [stage.name for stage in model.stages()] == list(moved)
    for stage in model.stages():
        model.zero_grad()
        model.train()
        sum(v for v in stage.losses(stage.name, batch).values() if v.requires_grad).backward()
        touched = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
        assert touched == moved[stage.name]
        owned = {id(p) for p in stage.networks[stage.name].parameters()}
        assert {n.split(".")[0] for n, p in model.named_parameters() if id(p) in owned} == moved[stage.name]
    model.eval()


def test_augmentation_keeps_colour_and_grey_together(model):
    stage = model.stages()[0]
    batch = stage.augment(Batch.of(torch.rand(4, 3, 64, 64)))
    from colorzoo.core.imaging import color

    torch.testing.assert_close(color.luma(batch.color), batch.gray)


def test_seeds_of_56_bits_and_more(model):
    gray = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        colored = {seed: model(gray, samples=2, seed=seed) for seed in (0, 2**56, 2**63 - 1)}
        assert torch.equal(colored[2**56], model(gray, samples=2, seed=2**56))
    assert not torch.equal(colored[0], colored[2**56])
    assert not torch.equal(colored[2**56], colored[2**63 - 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean_share": 1}, "mean_share needs the stage refine"),
        ({"trunk": "lite0", "size": 96}, "a size that 64 divides"),
        ({"trunk": "lite0", "conditioned": False}, "conditioned=False"),
    ],
)
def test_fields_that_do_not_fit_each_other_are_errors(values, message):
    with pytest.raises(ConfigError, match=message):
        validate(VaeMdnConfig, values, "--set")


@pytest.mark.parametrize("trunk", ["lite0", "conv", "flat"])
@pytest.mark.parametrize("mean_share", [0, 1])
def test_the_mean_is_learned_or_drawn_with_every_trunk(trunk, mean_share):
    config = VaeMdnConfig(width=4, hidden=8, trunk=trunk, mean_share=mean_share, refine={"epochs": 1})
    model = VaeMdn(config)
    stage = model.stages()[-1]
    losses = stage.losses(stage.name, Batch.of(torch.rand(2, 3, 64, 64)))
    assert ("mean" in losses) == bool(mean_share)
    model.eval()
    gray = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        means = [model(gray, mode="mean", temperature=t, seed=0) for t in (0, 1)]
    assert torch.equal(*means) == bool(mean_share)  # what is learned is not drawn
