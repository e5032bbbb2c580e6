"""A colorizer of two small stages, for tests of the engine; its processes need little else."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.data.packed import Packed
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.stage import Stage, StageConfig
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.testing import synthetic_picture

CPU = TrainConfig(device="cpu", precision="float32", log_every=2, checkpoint_seconds=0)


class ToyConfig(ColorizerConfig):
    first: StageConfig = StageConfig(steps=6, batch_size=4, ema=0.9, clip=1.0)
    second: StageConfig = StageConfig(steps=6, batch_size=4, schedule="constant", warmup=0)


class Toy(Colorizer, nn.Module):
    """A first stage with one network and dropout, a second with a critic of its own."""

    Config = ToyConfig

    def __init__(self, config=None):
        super().__init__(config)
        self.net = nn.Sequential(
            nn.Conv2d(1, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Conv2d(4, 3, 1)
        )

    def colorize(self, gray: torch.Tensor, options: RunOptions):
        return self.net(gray).sigmoid()[:, None].expand(-1, options.samples, -1, -1, -1)

    def stages(self):
        return [
            ToyStage(self, "first", {"net": self.net}),
            ToyStage(self, "second", {"critic": nn.Conv2d(3, 1, 3), "net": self.net}),
        ]


class ToyStage(Stage):
    size = 16

    def __init__(self, model, name, networks):
        self.model, self.name, self.networks = model, name, networks
        self.settings = getattr(model.config, name)

    def losses(self, network, batch):
        fake = self.model.net(batch.gray).sigmoid()
        critic = self.networks.get("critic")
        if network == "critic":
            return {"critic": (critic(batch.color) - critic(fake.detach())).mean()}
        adversarial = critic(fake).mean() if critic else fake.sum() * 0
        return {
            "l2": (fake - batch.color).square().mean(),
            "fooled": 0.01 * adversarial,
            "noise": torch.rand(()),  # without gradient: only logged
        }


def data(size: int) -> Packed:
    images = np.stack([synthetic_picture(i, size, size) for i in range(10)])
    return Packed(images, [str(i) for i in range(10)], "f" * 64)


def new(**fields) -> Toy:
    torch.manual_seed(0)
    return Toy(ToyConfig(**fields))


def trained(out: Path, config=CPU, **options) -> dict[str, torch.Tensor]:
    toy = new()
    train(toy, data, out, config, **options)
    return {name: tensor.clone() for name, tensor in toy.state().items()}
