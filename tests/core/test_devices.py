import pytest
import torch

from colorzoo.core import devices
from colorzoo.core.errors import ConfigError


def test_auto_is_the_best_there_is():
    assert str(devices.resolve("auto")) == devices.available()[0]
    assert devices.resolve("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:x", ""])
def test_a_name_that_is_none(name):
    with pytest.raises(ConfigError, match="expected auto, cpu, cuda"):
        devices.resolve(name)


def test_a_device_that_is_not_there():
    with pytest.raises(
        ConfigError, match=r"^device 'cuda:99': not on this machine; expected auto or one of .*cpu$"
    ):
        devices.resolve("cuda:99")


def test_seeds_beyond_32_bits_have_numbers_of_their_own():
    first = {
        seed: torch.rand(4, generator=devices.seeded_generator(seed))
        for seed in (0, 2**32, 2**56, 2**63 - 1)
    }
    assert len({tuple(values.tolist()) for values in first.values()}) == 4
    for seed, values in first.items():
        assert torch.equal(values, torch.rand(4, generator=devices.seeded_generator(seed)))


@pytest.mark.parametrize("seed", [0, 4, 2**32 - 1])
def test_seeds_of_32_bits_give_what_torch_gives(seed):
    expected = torch.rand(4, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(torch.rand(4, generator=devices.seeded_generator(seed)), expected)


def test_without_a_seed_every_generator_differs():
    one, other = (torch.rand(4, generator=devices.seeded_generator(None)) for _ in range(2))
    assert not torch.equal(one, other)
