import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.errors import ConfigError, WeightsError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.weights import folder as weights


class Config(ColorizerConfig):
    width: int = 3


class Small(Colorizer, nn.Module):
    Config = Config

    def __init__(self, config=None):
        super().__init__(config)
        self.layer = nn.Linear(self.config.width, 2)

    def colorize(self, gray, options):
        return gray.expand(-1, 3, -1, -1)[:, None].expand(-1, options.samples, -1, -1, -1)


def saved(folder, half=False, width=3):
    model = Small(Config(width=width))
    info = weights.WeightsInfo(
        plugin="small", colorzoo_version="0", license="mit", config=model.config.model_dump()
    )
    weights.save(folder, model, info, "# card", half=half)
    return model


def test_round_trip(tmp_path):
    model = saved(tmp_path, width=5)
    again = weights.load(tmp_path, Small, "small")
    assert again.config == model.config
    assert torch.equal(again.layer.weight, model.layer.weight)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]


def test_half_precision_is_stored_and_computed_in_full(tmp_path):
    model = saved(tmp_path, half=True)
    again = weights.load(tmp_path, Small, "small")
    assert again.layer.weight.dtype == torch.float32
    torch.testing.assert_close(again.layer.weight, model.layer.weight, atol=1e-3, rtol=0)


def edit(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def foreign(folder):
    others = {f"option_{number}": number for number in range(100)}
    (folder / "config.json").write_text(json.dumps({"model_type": "BertModel", **others}))


def scramble(folder):
    edit(folder, sha256="")
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)


@pytest.mark.parametrize(
    ("damage", "error", "reason"),
    [
        (lambda f: (f / "config.json").unlink(), WeightsError, "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), WeightsError, "Invalid JSON"),
        (lambda f: (f / "config.json").write_text(" " * 2_000_000), WeightsError, "larger than"),
        (lambda f: edit(f, surprise=1), WeightsError, "surprise"),
        (lambda f: (f / "config.json").write_text("[" * 100_000), WeightsError, "config.json: damaged"),
        (lambda f: edit(f, summary="\ud800"), WeightsError, "config.json: damaged"),
        (lambda f: edit(f, distribution="x; curl evil"), WeightsError, "distribution"),
        (lambda f: foreign(f), WeightsError, "of another library .BertModel"),
        (lambda f: edit(f, config={"widht": 3}), ConfigError, "did you mean width"),
        (lambda f: edit(f, config={"width": 4}), WeightsError, r"weight is \(2, 3\), expected \(2, 4\)"),
        (lambda f: edit(f, plugin="other"), WeightsError, "colorzoo run other"),
        (lambda f: edit(f, sha256="0" * 64), WeightsError, "sha256 is not the one"),
        (lambda f: (f / "model.safetensors").unlink(), WeightsError, "only safetensors"),
        (lambda f: scramble(f), WeightsError, "claims a header of"),
    ],
)  # fmt: skip
def test_every_damage_is_named(tmp_path, damage, error, reason):
    saved(tmp_path)
    damage(tmp_path)
    with pytest.raises(error, match=reason) as caught:
        weights.load(tmp_path, Small, "small")
    assert len(str(caught.value)) < 700


def saved_often(folder):
    for number in range(4):  # the order was one of two, drawn anew for every file
        torch.manual_seed(0)
        saved(folder / str(number))


@pytest.mark.slow
def test_the_same_weights_are_the_same_bytes_in_every_process(tmp_path):
    script = "import sys; from tests.core.weights.test_folder import *; saved_often(Path(sys.argv[1]))"
    saved_often(tmp_path / "here")
    there = [sys.executable, "-c", script, str(tmp_path / "there")]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run(there, env=environment, check=True, cwd=Path(__file__).parents[3], timeout=300)
    assert len({path.read_bytes() for path in tmp_path.rglob("model.safetensors")}) == 1
    assert len({path.read_bytes() for path in tmp_path.rglob("config.json")}) == 1


def test_nothing_is_skipped_when_loading():
    model = Small()
    with pytest.raises(WeightsError, match=r"missing layer\.bias; unexpected more"):
        model.load_state({"layer.weight": torch.zeros(2, 3), "more": torch.zeros(1)})
