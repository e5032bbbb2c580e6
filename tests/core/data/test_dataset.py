import os
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from colorzoo.core.data.address import parse_address
from colorzoo.core.data.combine import ConcatDataset, Subset
from colorzoo.core.data.packed import pack
from colorzoo.core.data.statistics import dataset_statistics
from colorzoo.core.errors import DataError, ImageError, UnknownNameError
from colorzoo.core.files import path_id
from colorzoo.core.interfaces import dataset as module
from colorzoo.core.interfaces.dataset import Dataset, Sample, combined_digest, hash_fraction, watched
from colorzoo.datasources.image_folder import Folder
from colorzoo.jobs.datasets import open_dataset
from colorzoo.testing import synthetic_picture


@given(st.lists(st.tuples(st.text(), st.text()), unique=True), st.randoms())
def test_the_fingerprint_does_not_depend_on_the_order(pairs, rng: random.Random):
    shuffled = pairs[:]
    rng.shuffle(shuffled)
    assert combined_digest(pairs) == combined_digest(shuffled)


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
    assert hash_fraction("Aaron_Eckhart") == pytest.approx(0.1543478, abs=1e-6)  # splits never change


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
        return Sample(f"s{index}", synthetic_picture(index))

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


def interrupt(at: int):
    """Return a progress that Ctrl-C ends after so many pictures."""

    def progress(done: int, total: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_packing_goes_on_where_it_was(pictures):
    data, whole = Folder(str(pictures)), pack(Folder(str(pictures)), 16, root=pictures)
    with pytest.raises(KeyboardInterrupt):
        pack(data, 16, progress=interrupt(7))
    told = []
    again = pack(data, 16, progress=lambda done, total: told.append(done))
    assert told == [8, 9, 10, 11, 12]
    assert again.ids == whole.ids
    np.testing.assert_array_equal(again.images, whole.images)


def test_an_interrupted_packing_of_a_source_without_cheap_ids_starts_anew():
    data = Counted()
    with pytest.raises(KeyboardInterrupt):
        pack(data, 16, progress=interrupt(3))
    assert pack(data, 16).ids == [f"s{i}" for i in range(5)]
    assert data.reads == 3 + 5


def test_an_interrupted_look_goes_on_where_it_was(pictures):
    told = []

    def watch(at):
        return lambda name: (
            lambda done, total: (told.append((name, done, total)), interrupt(at)(done, total))
        )

    data = Folder(str(pictures))
    with pytest.raises(KeyboardInterrupt), watched(watch(5)):
        dataset_statistics(data)
    told.clear()
    with watched(watch(99)):
        known = dataset_statistics(data)
    assert told == [("looking at the pictures", done, 7) for done in range(8)]
    assert [(row.height, row.width) for row in known] == [sample.size for sample in data]
    told.clear()
    assert len(data.fingerprint) == 64  # nobody watches any more
    assert told == []


def test_a_cut_packing_leaves_nothing(monkeypatch):
    data = Counted()
    monkeypatch.setattr(Counted, "__getitem__", lambda self, index: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pack(data, 16)
    left = (module.Path(os.environ["COLORZOO_CACHE"]) / "packed").iterdir()
    assert [path for path in left if path.suffix != ".lock"] == []


DAMAGES = {
    "empty": lambda body: b"",
    "nonsense": lambda body: b"nonsense",
    "cut": lambda body: body[:-1],
    "longer": lambda body: body + b"x",
    "zip": lambda body: b"PK\x03\x04" + body,
    "deep": lambda body: body.replace(b"'shape'", b"'shap" + b"(" * 3),
    "float": lambda body: body.replace(b"|u1", b"|f1"),
    "objects": lambda body: body.replace(b"|u1", b"|O "),
    "other shape": lambda body: body.replace(b"(5, 16", b"(4, 16"),
    "by column": lambda body: body.replace(b"False", b"True "),
}


@pytest.mark.parametrize("ending", [".npy", ".json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_again(ending, damage):
    data = Counted()
    expected = pack(data, 16)
    images, ids = expected.images.copy(), expected.ids
    file = next((module.Path(os.environ["COLORZOO_CACHE"]) / "packed").glob(f"*{ending}"))
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    again = pack(data, 16)
    np.testing.assert_array_equal(again.images, images)
    assert again.ids == ids


def test_statistics_that_were_damaged_are_measured_again(pictures):
    before = dataset_statistics(Folder(str(pictures)))
    memo = next((module.Path(os.environ["COLORZOO_CACHE"]) / "facts").glob("*.json"))
    for text in ("", "[]", "[[1]]", '{"a": 1}', "[" * 10_000, '[["x", -1, null]]', "[null, [NaN, 1, 1]]"):
        memo.write_text(text)
        assert dataset_statistics(Folder(str(pictures))) == before


def test_replaced_files_are_noticed_whatever_their_times_say(pictures):
    data = Folder(str(pictures))
    before, facts = data.fingerprint, dataset_statistics(data)
    first, times = data.files[0], data.files[0].stat()
    body = bytearray(first.read_bytes())
    body[-13] ^= 1  # of the checksum of the last chunk with pixels: same size
    first.write_bytes(body)
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert data.fingerprint != before
    Image.fromarray(synthetic_picture(5, 72, 64)[::-1] // 2).save(first)
    assert dataset_statistics(data)[0] != facts[0]


NAMES = [
    "a\nb",
    "b[1-9]*?",
    "c\x01",
    "d'\"$(x)",
    "e\\udcff",
    "f\x1b[2J",
    "-g",
    "Batman: Year One",
    "\u202eh",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_file_or_a_folder(tmp_path, name):
    raw = os.fsdecode(name.encode("utf-8", "surrogateescape").replace(b"\\udcff", b"\xff"))
    for path in (tmp_path / raw / "in" / "one.png", tmp_path / "two" / f"{raw}.png"):
        path.parent.mkdir(parents=True)
        Image.fromarray(synthetic_picture(1)).save(path)
    whole = open_dataset(str(tmp_path))
    assert len(set(whole.ids())) == len(whole) == 2
    for data in (whole, open_dataset(str(tmp_path / raw)), open_dataset(f"pages:{tmp_path}", "all")):
        assert all(key == sample.id for key, sample in zip(data.ids(), data, strict=True))
        assert "".join(data.ids()).encode().decode().isprintable() or name == "\u202eh"
        assert len(data.fingerprint) == 64
        dataset_statistics(data)


@given(st.lists(st.text(st.characters(codec=None), max_size=6), unique=True))
def test_no_two_paths_have_the_same_id(paths):
    ids = [path_id(path) for path in paths]
    assert len(set(ids)) == len(paths)
    assert all(key.encode() and "\n" not in key for key in ids if key)


def test_locations_that_mislead(tmp_path, pictures):
    assert open_dataset("folder:" + str(pictures)).ids() == Folder(str(pictures)).ids()
    odd = tmp_path / "pages.zip"
    pictures.rename(odd)
    assert len(open_dataset(str(odd))) == 12  # a folder, whatever it is called
    for address in (
        "~nobody-of-that-name/x",
        "zip:~nobody-of-that-name/x.zip",
        "pages:~nobody-of-that-name",
    ):
        with pytest.raises(DataError, match="no such"):
            open_dataset(address)


def test_parts_and_subsets_hand_everything_on(pictures):
    data = Folder(str(pictures))
    joined, some = ConcatDataset([data, data]), Subset(data, 5)
    for whole, index, other in ((joined, 13, 1), (some, 2, some.indices[2])):
        assert whole.digest(index) == data.digest(other)
        assert whole.load_at_least(index, 8).id == whole[index].id
        assert whole.load_at_least(index, 8).size == data.load_at_least(other, 8).size
    with pytest.raises(IndexError):
        joined[24]


def test_a_picture_that_cannot_be_read_has_a_digest(pictures):
    data = Unreadable()
    assert data.digest(0) == data.digest(1)
    assert len(data.fingerprint) == 64


class Unreadable(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        raise ImageError("damaged")

    def ids(self):
        return ["a", "b"]
