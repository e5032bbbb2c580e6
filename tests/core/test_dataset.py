import os
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colorzoo.core import dataset as module
from colorzoo.core.dataset import Dataset, Sample, combine, parse_address, share
from colorzoo.core.errors import DataError, UnknownNameError
from colorzoo.core.packed import pack
from colorzoo.datasources.folder import Folder
from colorzoo.testing import made_picture


@given(st.lists(st.tuples(st.text(), st.text()), unique=True), st.randoms())
def test_the_fingerprint_does_not_depend_on_the_order(pairs, rng: random.Random):
    shuffled = pairs[:]
    rng.shuffle(shuffled)
    assert combine(pairs) == combine(shuffled)


def test_the_fingerprint_depends_on_content_and_names(pictures):
    before = Folder(str(pictures)).fingerprint
    assert Folder(str(pictures)).fingerprint == before
    first = pictures / "series0" / "00.png"
    first.rename(first.with_name("99.png"))
    renamed = Folder(str(pictures)).fingerprint
    first.with_name("99.png").write_bytes((pictures / "series0" / "02.png").read_bytes())
    assert len({before, renamed, Folder(str(pictures)).fingerprint}) == 3


def test_a_folder_is_sorted_lazy_and_picklable(pictures):
    (pictures / "notes.txt").write_text("no picture")
    (pictures / ".hidden").mkdir()
    (pictures / ".hidden" / "x.png").write_bytes(b"")
    data = Folder(str(pictures))
    assert data.ids() == sorted(data.ids())
    assert len(data) == 12
    assert pickle.loads(pickle.dumps(data)).ids() == data.ids()
    assert data[0].image.shape == (72, 64, 3)


def test_splits_are_disjoint_whole_and_stable(tmp_path, pictures):
    for index in range(60):
        (pictures / f"extra{index}.png").write_bytes((pictures / "series0" / "00.png").read_bytes())
    parts = {split: set(Folder(str(pictures), split).ids()) for split in Folder.splits}
    assert parts["train"] | parts["test"] == parts["all"]
    assert not parts["train"] & parts["test"]
    assert 0 < len(parts["test"]) < 20
    assert share("Aaron_Eckhart") == pytest.approx(0.1543478, abs=1e-6)  # splits never change


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("lfw", ("lfw", None)),
        ("lfw:/data", ("lfw", "/data")),
        ("folder:a:b", ("folder", "a:b")),
        ("some/path", ("folder", "some/path")),
        ("./x", ("folder", "./x")),
        ("pages.CBZ", ("zip", "pages.CBZ")),
        ("folder:a.cbz", ("folder", "a.cbz")),
    ],
)
def test_addresses(address, expected):
    assert parse_address(address, {"lfw": (), "folder": (), "zip": (".cbz",)}) == expected


def test_an_unknown_source_names_the_close_one():
    with pytest.raises(UnknownNameError, match="did you mean lfw"):
        parse_address("lwf", {"lfw": (), "folder": ()})


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        Folder(str(tmp_path / "none"))
    with pytest.raises(DataError, match="no pictures"):
        Folder(str(tmp_path))
    with pytest.raises(UnknownNameError, match="no split named 'tset'; did you mean test"):
        Folder(str(tmp_path), "tset")
    with pytest.raises(DataError, match="needs a path"):
        Folder()


class Counted(Dataset):
    def __init__(self):
        self.reads = 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        self.reads += 1
        return Sample(f"s{index}", made_picture(index))

    @property
    def fingerprint(self):
        return "f" * 64


def test_packing_decodes_once_per_size_and_fit():
    data, told = Counted(), []
    first = pack(data, 16, progress=lambda done, total: told.append((done, total)))
    second = pack(data, 16)
    assert data.reads == 5
    assert told[-1] == (5, 5)
    assert first.ids == second.ids == [f"s{i}" for i in range(5)]
    assert isinstance(second.images, np.memmap)
    np.testing.assert_array_equal(first.images, second.images)
    assert pack(data, 16, "crop").images.shape == (5, 16, 16, 3)
    assert data.reads == 10


def test_a_cut_packing_leaves_nothing(monkeypatch):
    data = Counted()
    monkeypatch.setattr(Counted, "__getitem__", lambda self, index: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pack(data, 16)
    left = (module.Path(os.environ["COLORZOO_CACHE"]) / "packed").iterdir()
    assert [path for path in left if path.suffix != ".lock"] == []


def test_a_damaged_cache_is_named():
    data = Counted()
    pack(data, 16)
    file = next((module.Path(os.environ["COLORZOO_CACHE"]) / "packed").glob("*.npy"))
    file.write_bytes(b"nonsense")
    with pytest.raises(DataError, match="damaged cache"):
        pack(data, 16)
