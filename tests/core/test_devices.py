import pytest

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
    with pytest.raises(ConfigError, match=r"not on this machine; there are: .*cpu"):
        devices.resolve("cuda:99")
