"""What every registered plugin must do: the built-in ones pass the same contracts as a stranger's."""

import tarfile
import zipfile

import numpy as np
import torch
from PIL import Image

from colorzoo.core.data.packed import write_packed
from colorzoo.core.imaging import color
from colorzoo.core.registry import registry
from colorzoo.testing import (
    ColorizerContract,
    ContainerContract,
    DatasetContract,
    MetricContract,
    synthetic_picture,
)
from tests.plugins.books import book

NARROW = {"width": 4, "discriminator_width": 4, "crop": None, "size": 64}
"""What makes the built-in models quick to test."""
SIDES = {("cgan", "paper"): {"size": 256}}
"""Where that is too small: pix2pix halves eight times."""


class Exact:
    """What the built-in colorizers promise beyond the contract."""

    def test_luma_is_kept_to_the_last_digit(self, model):
        gray = torch.rand(1, 1, 48, 48)
        with torch.inference_mode():
            out = model(gray, seed=0)
        if model.keeps_luma:
            torch.testing.assert_close(color.luma(out[:, 0]), gray, atol=1e-4, rtol=0)


def colorizer(name, preset):
    config = registry().find("colorizer", name).load().Config
    small = NARROW | SIDES.get((name, preset), {})
    facts = {
        "training_steps": 24,
        "plugin": name,
        "preset": preset,
        "config": {key: value for key, value in small.items() if key in config.model_fields},
    }
    if preset != "default":  # how well is seen at one of them, that it trains and resumes at each
        facts["test_training_lowers_its_own_loss"] = None
    return type(f"Test{name}{preset}".title().replace("-", ""), (Exact, ColorizerContract), facts)


for name in registry().names("colorizer"):
    for preset in registry().find("colorizer", name).load().Config.presets:
        made = colorizer(name, preset)
        globals()[made.__name__] = made

for name in registry().names("metric"):
    label = f"TestMetric{name}".replace("-", "").replace("@", "")
    globals()[label] = type(label, (MetricContract,), {"plugin": name})


def folder(tmp_path):
    for index in range(6):
        path = tmp_path / "pictures" / f"series{index % 2}" / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(synthetic_picture(index)).save(path)
    return tmp_path / "pictures"


def archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as out:
        for path in sorted(folder(tmp_path).rglob("*.png")):
            out.write(path, path.relative_to(tmp_path))
    return tmp_path / "pictures.zip"


def tar(tmp_path):
    with tarfile.open(tmp_path / "pictures.tar.gz", "w:gz") as out:
        out.add(folder(tmp_path), "pictures")
    return tmp_path / "pictures.tar.gz"


def people(tmp_path):
    for index in range(40):
        path = tmp_path / "lfw-deepfunneled" / f"Person_{index:02}" / f"Person_{index:02}_0001.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(synthetic_picture(index, 30, 30)).save(path)
    return tmp_path / "lfw-deepfunneled"


def packed(tmp_path):
    source, out = tmp_path / "all.npy", tmp_path / "packed"
    out.mkdir(exist_ok=True)
    np.save(source, np.stack([synthetic_picture(index, 32, 32) for index in range(6)]))
    write_packed(out, source, range(6), [f"{index}.png" for index in range(6)], "squash")
    return out


PLACES = {
    "folder": folder,
    "picture": lambda tmp_path: next(folder(tmp_path).rglob("*.png")),
    "pages": folder,
    "panels": folder,
    "hf": folder,
    "zip": archive,
    "tar": tar,
    "lfw": people,
    "packed": packed,
}


def dataset(name):
    def location(self, tmp_path):
        return str(PLACES[name](tmp_path)) if name in PLACES else None

    label = f"TestDataset{name}".replace("-", "")
    return label, type(label, (DatasetContract,), {"plugin": name, "location": location})


globals().update(dataset(name) for name in registry().names("dataset"))


def container(name):
    def location(self, tmp_path):
        return str(book(name, tmp_path / "books"))

    label = f"TestContainer{name}".replace("-", "")
    return label, type(label, (ContainerContract,), {"plugin": name, "location": location})


globals().update(container(name) for name in registry().names("container"))
