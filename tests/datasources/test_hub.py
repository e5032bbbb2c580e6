"""Datasets of the Hugging Face Hub, as the library reads them from a folder; nothing is downloaded."""

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import DataError, MissingExtraError, UnknownNameError
from colorzoo.datasources.huggingface import Address
from colorzoo.jobs.datasets import open_dataset
from colorzoo.testing import synthetic_picture

datasets = pytest.importorskip("datasets", reason="the extra hf is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # the library's own


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    pictures = [Image.fromarray(synthetic_picture(seed)) for seed in range(6)]
    root = tmp_path / "owner" / "name"
    for split, part in (("train", pictures[:4]), ("test", pictures[4:])):
        table = datasets.Dataset.from_dict(
            {"number": list(range(len(part))), "picture": part, "mask": part}
        )
        table = table.cast_column("picture", datasets.Image()).cast_column("mask", datasets.Image())
        for name, columns in (
            ("one", ["number", "picture"]),
            ("two", ["picture", "mask"]),
            ("none", ["number"]),
        ):
            (root / name).mkdir(parents=True, exist_ok=True)
            table.select_columns(columns).to_parquet(root / name / f"{split}.parquet")
    return root


def test_the_picture_column_is_found_and_read(folder):
    data = open_dataset(f"hf:{folder}/one", "train")
    assert len(data) == 4
    assert data.ids()[0] == "train/000000"
    assert np.array_equal(data[2].image, synthetic_picture(2))
    assert len(open_dataset(f"hf:{folder}/one", "test")) == 2
    again = open_dataset(f"hf:{folder}/one", "train")
    assert again.fingerprint == data.fingerprint != open_dataset(f"hf:{folder}/one", "test").fingerprint


def test_several_columns_are_a_question(folder):
    with pytest.raises(DataError, match=r"image columns: picture, mask; choose with hf:.*#COLUMN"):
        open_dataset(f"hf:{folder}/two")
    assert len(open_dataset(f"hf:{folder}/two#mask", "test")) == 2
    with pytest.raises(UnknownNameError, match="did you mean mask"):
        open_dataset(f"hf:{folder}/two#masc")
    with pytest.raises(DataError, match="none among number"):
        open_dataset(f"hf:{folder}/none")


def test_splits_are_those_of_the_dataset(folder):
    with pytest.raises(UnknownNameError, match="there are: test, train"):
        open_dataset(f"hf:{folder}/one", "validation")


def test_no_network_is_one_line(cli):
    done = cli("data", "info", "hf:owner/nothing@v1", code=2)
    assert "hf:owner/nothing: " in done.stderr
    assert "HF_HUB_OFFLINE" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_addresses():
    assert Address.parse("owner/name@v1#image") == ("owner/name", "v1", "image")
    assert Address.parse("owner/name") == ("owner/name", None, None)
    with pytest.raises(DataError, match="hf:owner/name"):
        Address.parse(None)


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"colorzoo\[hf\]"):
        open_dataset("hf:owner/name")
