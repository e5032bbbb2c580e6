"""What every colorizer must do."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from colorzoo.core.config import RunOptions, Strict, fields_of, from_pairs, validate
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.inference.inference_copy import inference_copy
from colorzoo.core.interfaces.colorizer import Colorizer, EvaluationContext
from colorzoo.core.interfaces.outputs import check_output
from colorzoo.core.weights import folder as store
from colorzoo.testing.contract import build_or_skip
from colorzoo.testing.guidance_contract import GuidanceContract
from colorzoo.testing.images import synthetic_picture, synthetic_pictures
from colorzoo.testing.process_state import global_state
from colorzoo.testing.training_contract import TrainingContract

SIZES = [(64, 64), (1, 1), (37, 51), (2, 300)]
SEEDS = [2**56, 2**63 - 1]
"""`compare` gives every picture a seed of 56 bits."""
YELLOWISH = torch.tensor([1.0, 0.9, 0.5]).view(3, 1, 1)
CONTEXT = EvaluationContext(synthetic_pictures, truth=lambda gray: gray * YELLOWISH)
"""What a comparison offers to baselines."""


class ColorizerContract(GuidanceContract, TrainingContract):
    """A colorizer's contract; `preset` and `config` say which variant, small enough to test quickly."""

    kind = "colorizer"
    preset: ClassVar[str] = "default"
    config: ClassVar[Mapping[str, Any]] = {}
    tolerance: ClassVar[float] = 1e-5
    """Largest difference that a neighbour in the batch may make; 0 to 1."""

    def build(self, **changes: Any) -> Colorizer:
        """Return the colorizer with seeded weights; override it where a configuration is not enough."""
        cls = self.target
        values = {**cls.Config.presets.get(self.preset, {}), **self.config, **changes}
        torch.manual_seed(0)
        model: Colorizer = cls(validate(cls.Config, values, self.plugin))
        return self.ready(model)

    @pytest.fixture
    def model(self) -> Colorizer:
        """The colorizer under test."""
        model: Colorizer = build_or_skip(self.build)
        return model

    @staticmethod
    def ready(model: Colorizer) -> Colorizer:
        """Return it in the state in which `run` and `compare` use it."""
        model.fit_baseline(CONTEXT)
        return model.eval() if isinstance(model, nn.Module) else model

    def test_its_settings_are_described(self) -> None:
        """Config and Options are strict pydantic models, every field with a description, none infinite."""
        cls = self.target
        for model, base in ((cls.Config, Strict), (cls.Options, RunOptions)):
            assert issubclass(model, base), f"{model.__name__} must derive from {base.__name__}"
            undescribed = [row["name"] for row in fields_of(model) if not row["description"]]
            assert not undescribed, (
                f'{model.__name__}: add Field(..., description="...") to {", ".join(undescribed)}'
            )
            infinite = [row["name"] for row in fields_of(model) if _takes(model, row["name"], "inf")]
            assert not infinite, (
                f"{model.__name__}: {', '.join(infinite)} may be infinite: "
                "model_config = ConfigDict(allow_inf_nan=False), or Field(..., allow_inf_nan=False)"
            )

    def test_its_single_answer_is_of_its_options(self) -> None:
        """The options of `single_answer` are some of Options, with values that they take."""
        validate(self.target.Options, dict(self.target.single_answer), "single_answer")

    @pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
    def test_shape_type_and_range(self, model: Colorizer, size: tuple[int, int]) -> None:
        """colorize returns float32 (N, samples, 3, H, W) in [0, 1] for any size."""
        gray = synthetic_gray(2, *size)
        with torch.inference_mode():
            out = self.called(model, gray, samples=3, seed=0)
        check_output(out, (2, 3, 3, *size), gray.device, type(model).__name__)

    def test_one_seed_one_result(self, model: Colorizer) -> None:
        """The same seed gives the same samples; another seed gives others, or `deterministic` says no."""
        gray = synthetic_gray(1, 40, 40)
        with torch.inference_mode():
            first, again, other = (self.called(model, gray, samples=4, seed=seed) for seed in (7, 7, 8))
        assert torch.equal(first, again), "seed=7 gave two different results: draw from options.seed only"
        spread = bool((first[:, 1:] != first[:, :1]).any())
        if model.deterministic:
            assert torch.equal(first, other), "deterministic = True, but the seed changes the result"
            assert not spread, "deterministic = True, but the samples differ"
        else:
            assert spread, "all samples are the same: set deterministic = True"
            assert not torch.equal(first, other), "another seed gives the same samples"

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_large_seed_is_a_seed(self, model: Colorizer, seed: int) -> None:
        """Seeds go up to 2**63 - 1."""
        gray = synthetic_gray(1, 16, 16)
        with torch.inference_mode():
            first, again = (self.called(model, gray, seed=seed) for _ in range(2))
        assert torch.equal(first, again), f"seed={seed} gave two different results"

    def test_a_sample_depends_neither_on_its_number_nor_on_its_neighbours(self, model: Colorizer) -> None:
        """The first of two samples is the first of five; a picture alone is as in a batch."""
        gray = synthetic_gray(3, 40, 40)
        with torch.inference_mode():
            many = self.called(model, gray, samples=5, seed=1)
            few = self.called(model, gray[:1], samples=2, seed=1)
        difference = float((few - many[:1, :2]).abs().max())
        assert difference <= self.tolerance, (
            f"a picture alone differs by {difference:.2g} from the same picture in a batch of three "
            f"(at most {self.tolerance:.0e}): draw for each picture and sample from a generator of its own"
        )

    def test_it_answers_alike_with_layers_folded(self, model: Colorizer) -> None:
        """The copy that the engine asks, with batch norms folded into convolutions, gives the same."""
        gray, model = synthetic_gray(1, 40, 40), self.ready(model)
        with torch.inference_mode():
            own, folded = (self.called(one, gray, seed=1) for one in (model, inference_copy(model)))
        difference = float((own - folded).abs().max())
        assert difference <= self.tolerance, (
            f"with batch norms folded into the convolutions before them it differs by {difference:.2g}: "
            "call the layers of nn.Sequential one after the other, and use no convolution's output alone"
        )

    def test_nothing_global_is_changed(self, model: Colorizer) -> None:
        """Random state, gradient mode, default dtype and the input stay as they were."""
        gray = synthetic_gray(1, 32, 32)
        before, copy = global_state(), gray.clone()
        self.called(model, gray, samples=2, seed=1)
        for name, value in global_state().items():
            assert _same(value, before[name]), f"colorize changed the process's {name}"
        assert torch.equal(gray, copy), "colorize changed its input"

    def test_the_drawing_is_kept_or_the_plugin_says_so(self, model: Colorizer) -> None:
        """What `run` writes has the size and the luma of the picture, unless keeps_luma is False."""
        if not model.keeps_luma:
            pytest.skip("keeps_luma = False: it may change the drawing")
        picture = Picture(synthetic_picture(0, 90, 70))
        (out,) = colorize(model, picture, {**self.options, "seed": 0}, self.guidance)
        assert out.rgb.shape == picture.rgb.shape, f"{out.rgb.shape} for a picture of {picture.rgb.shape}"
        error = int(np.abs(out.gray.astype(int) - picture.gray.astype(int)).max())
        assert error <= 2, f"the luma of the written picture is off by {error} of 255"

    def test_config_round_trip(self, model: Colorizer) -> None:
        """The configuration survives JSON and pickle."""
        plain = model.config.model_dump(mode="json")
        assert type(model.config).model_validate(json.loads(json.dumps(plain))) == model.config
        assert pickle.loads(pickle.dumps(model.config)) == model.config

    def test_weights_round_trip(self, model: Colorizer, tmp_path: Path) -> None:
        """Weights survive safetensors: what is loaded again colours alike."""
        if not model.state():
            pytest.skip("no weights")
        info = store.WeightsInfo(
            plugin=self.plugin, colorzoo_version="0", license="mit",
            config=model.config.model_dump(mode="json"),
        )  # fmt: skip
        store.save(tmp_path, model, info, "")
        copy = self.ready(store.load(tmp_path, type(model), self.plugin))
        gray = synthetic_gray(1, 32, 32)
        with torch.inference_mode():
            first, again = (self.called(one, gray, seed=1) for one in (copy, model))
            assert torch.equal(first, again), (
                "loaded weights colour differently: something that matters is not in state()"
            )

    def test_bfloat16(self, model: Colorizer) -> None:
        """Under autocast to bfloat16 the result is still float32, finite and in range."""
        gray = synthetic_gray(1, 40, 40)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            out = self.called(model, gray, seed=0)
        check_output(out, (1, 1, 3, 40, 40), gray.device, type(model).__name__)


def synthetic_gray(count: int, height: int, width: int) -> Tensor:
    """Return grey pictures (count, 1, height, width), always the same."""
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(height + width))


def _takes(model: type[Any], field: str, text: str) -> bool:
    """Return whether a float field takes this text."""
    try:
        value: Any = from_pairs(model, [f"{field}={text}"], "")
    except ConfigError:
        return False
    for name in field.split("."):
        value = getattr(value, name)
    return isinstance(value, float)


def _same(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if isinstance(one, Tensor) else one == other
