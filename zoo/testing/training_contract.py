"""What every colorizer that trains must do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import torch

from colorzoo.core.interfaces.stage import Trainable
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.testing.contract import Contract, build_or_skip
from colorzoo.testing.images import synthetic_pictures

if TYPE_CHECKING:
    from colorzoo.core.interfaces.colorizer import Colorizer

BRIEF = TrainConfig(device="cpu", precision="float32", log_every=8)
OFTEN = TrainConfig(device="cpu", precision="float32", log_every=1, checkpoint_seconds=0)


class _Killed(Exception):
    """Stands for the kill in the middle of a training."""


class TrainingContract(Contract):
    """A colorizer's contract about training; skipped for one that has none."""

    training_steps: ClassVar[int] = 40

    if TYPE_CHECKING:

        def build(self, **changes: Any) -> Colorizer: ...

    def test_training_lowers_its_own_loss(self, tmp_path: Path) -> None:
        """Forty steps lower the loss of the first stage."""
        model = self.trainable()
        stage = model.stages()[0].name  # type: ignore[attr-defined]
        sums: list[float] = []

        def note(stage: str, step: int, total: int, losses: Mapping[str, float]) -> None:
            sums.append(sum(losses.values()))
            if step == total:
                raise _Killed  # later stages are trained below

        with pytest.raises(_Killed):
            train(model, synthetic_pictures, tmp_path, BRIEF, report=note)
        assert sum(sums[-2:]) / 2 < sums[0], f"stage {stage!r}: the loss went from {sums[0]:.4g} " + (
            f"to {sums[-1]:.4g} in {self.training_steps} steps"
        )

    def test_training_resumes_to_the_same_weights(self, tmp_path: Path) -> None:
        """A run that is killed and resumed ends with the weights of one that was not."""
        steps = max(3, self.training_steps // 10)
        complete, cut = self.trainable(steps), self.trainable(steps)
        train(complete, synthetic_pictures, tmp_path / "complete", BRIEF)

        def kill(stage: str, step: int, total: int, losses: Mapping[str, float]) -> None:
            if step >= 2:
                raise _Killed

        with pytest.raises(_Killed):
            train(cut, synthetic_pictures, tmp_path / "cut", OFTEN, report=kill)
        resumed = self.trainable(steps)
        train(resumed, synthetic_pictures, tmp_path / "cut", OFTEN, resume=True)
        whole, again = complete.state(), resumed.state()
        different = [name for name, tensor in whole.items() if not torch.equal(tensor, again[name])]
        assert not different, f"after resuming these differ: {', '.join(different[:5])}"

    def trainable(self, steps: int | None = None) -> Colorizer:
        """Return it built for a short training; skips for a colorizer that has none."""
        model: Colorizer = build_or_skip(self.build)
        if not isinstance(model, Trainable):
            pytest.skip("not trainable")
        brief = {
            "steps": steps or self.training_steps, "batch_size": 8, "learning_rate": 1e-3, "warmup": 0,
            "schedule": "constant",
        }  # fmt: skip
        names = {stage.name for stage in model.stages()} & type(model.config).model_fields.keys()
        return self.build(**dict.fromkeys(names, brief))
