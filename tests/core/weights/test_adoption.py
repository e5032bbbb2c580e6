"""Published weights under their own names, made into those of a colorizer."""

import pytest
import torch
from safetensors.torch import save_file

from colorzoo.core.errors import PluginError, WeightsError
from colorzoo.core.weights.adoption import adopted, adopted_file
from tests.core.weights.test_folder import Config, Small

PUBLISHED = {
    "module.fc.W": torch.arange(6.0).view(3, 2),
    "module.fc.b": torch.ones(2),
    "steps": torch.ones(1),
}


class Renaming(Small):
    @classmethod
    def adopt(cls, tensors, config):
        return {"layer.weight": tensors["module.fc.W"].T, "layer.bias": tensors["module.fc.b"]}


def test_a_foreign_file_becomes_a_colorizer(tmp_path):
    save_file(PUBLISHED, tmp_path / "published.safetensors")
    model = adopted_file(tmp_path / "published.safetensors", Renaming)
    assert torch.equal(model.layer.weight, PUBLISHED["module.fc.W"].T)
    assert torch.equal(model.layer.bias, torch.ones(2))


def test_by_default_names_stay():
    own = Small(Config(width=4)).state()
    model = adopted(own, Small, Config(width=4))
    assert all(torch.equal(tensor, own[name]) for name, tensor in model.state().items())


def test_what_does_not_fit_is_named_with_what_was_expected_and_what_is_close():
    state = {"layer.weight": torch.ones(2, 4), "layer.bais": torch.ones(2)}
    with pytest.raises(WeightsError) as raised:
        adopted(state, Small)
    assert str(raised.value) == (
        "Small.adopt: layer.weight is (2, 4), expected (2, 3); missing layer.bias (2,); "
        "unexpected layer.bais (2,), did you mean layer.bias?"
    )
    many = {f"block{index}": torch.ones(1) for index in range(9)}
    with pytest.raises(WeightsError, match=r"missing layer.bias .*; 7 more$"):
        adopted(many, Small)


def test_a_tensor_that_adopt_misses_is_named_with_the_file_and_what_to_do(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"module.fc.w": torch.ones(1), "other": torch.ones(1)}, path)
    with pytest.raises(WeightsError) as raised:
        adopted_file(path, Renaming)
    assert str(raised.value) == (
        f"{path}: Renaming.adopt: no module.fc.W among 2 tensors (module.fc.w …); "
        "give the file that was published for it, or its configuration by --set"
    )
    with pytest.raises(WeightsError, match=r"no module.fc.W among 0 tensors; give"):
        adopted({}, Renaming)


def test_what_fails_is_one_line(tmp_path):
    class Failing(Small):
        @classmethod
        def adopt(cls, tensors, config):
            raise OSError("no disk")

    with pytest.raises(PluginError, match=r"Failing.adopt: OSError: no disk"):
        adopted({}, Failing)
    with pytest.raises(WeightsError, match="No such file"):
        adopted_file(tmp_path / "none.safetensors", Small)
    (tmp_path / "weights.pth").write_bytes(b"PK\x03\x04 a pickle in a zip archive")
    with pytest.raises(WeightsError, match="damaged or truncated zip archive"):
        adopted_file(tmp_path / "weights.pth", Small)
