"""Pages by chapter, and the squares cut from them."""

from itertools import chain

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.data.combine import ConcatDataset
from colorzoo.core.data.packed import pack
from colorzoo.core.errors import DataError
from colorzoo.jobs.datasets import open_dataset, open_datasets
from colorzoo.testing import synthetic_picture


@pytest.fixture
def comic(tmp_path):
    for chapter in range(12):
        for page in range(3):
            path = tmp_path / "comic" / f"chapter{chapter:02}" / f"p{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(synthetic_picture(10 * chapter + page, 90, 60)).save(path)
    grey = np.full((90, 60, 3), 128, np.uint8)
    Image.fromarray(grey).save(tmp_path / "comic" / "chapter00" / "grey.png")
    return tmp_path / "comic"


def test_a_chapter_is_in_one_split_only(comic):
    parts = [open_dataset(f"pages:{comic}", split) for split in ("train", "val", "test")]
    everything = open_dataset(f"pages:{comic}", "all")
    assert all(part.chapters for part in parts)
    assert sorted(chain(*(part.chapters for part in parts))) == everything.chapters
    assert sum(map(len, parts)) == len(everything) == 36


def test_more_chapters_move_none(comic):
    before = open_dataset(f"pages:{comic}", "test").chapters
    Image.fromarray(synthetic_picture(1)).save((comic / "chapter01").parent / "chapter05" / "more.png")
    (comic / "extra").mkdir()
    Image.fromarray(synthetic_picture(2)).save(comic / "extra" / "p.png")
    assert set(before) <= set(open_dataset(f"pages:{comic}", "test").chapters)


def test_chapters_of_several_series(comic, tmp_path):
    copied = tmp_path / "copied"
    for series in ("one", "two"):
        for path in comic.rglob("*.png"):
            target = copied / series / path.relative_to(comic)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    chapters = open_dataset(f"pages:{copied}", "all").chapters
    assert len(chapters) == 24
    assert chapters[0] == "one/chapter00"


def test_colourless_pages_are_left_out_and_counted(comic):
    assert open_dataset(f"pages:{comic}", "all").notes["colourless left out"] == 1


def test_nothing_but_colourless_pages_is_said(tmp_path):
    (tmp_path / "grey" / "one").mkdir(parents=True)
    Image.fromarray(np.full((90, 60, 3), 128, np.uint8)).save(tmp_path / "grey" / "one" / "p.png")
    with pytest.raises(DataError, match=r"split 'all' holds no pictures .*colourless left out 1"):
        pack(open_dataset(f"panels:{tmp_path / 'grey'}", "all"), 64)


def test_squares_cover_the_page_with_overlap(comic):
    pages, squares = open_dataset(f"pages:{comic}", "all"), open_dataset(f"panels:{comic}", "all")
    assert len(squares) == 2 * len(pages)
    first, second = squares[0], squares[1]
    page = pages[0].image
    assert first.image.shape == second.image.shape == (60, 60, 3)
    assert np.array_equal(first.image, page[:60])
    assert np.array_equal(second.image, page[-60:])
    assert [sample.id for sample in squares] == squares.ids()
    assert squares.fingerprint != pages.fingerprint


def test_landscape_pages_are_cut_sideways(tmp_path):
    (tmp_path / "c" / "one").mkdir(parents=True)
    Image.fromarray(synthetic_picture(3, 40, 100)).save(tmp_path / "c" / "one" / "p.png")
    squares = open_dataset(f"panels:{tmp_path / 'c'}", "all")
    assert {sample.image.shape for sample in squares} == {(40, 40, 3)}
    assert len(squares) >= 3


def test_a_location_is_needed():
    with pytest.raises(DataError, match="pages needs a folder"):
        open_dataset("pages")


def test_joined_datasets(comic, pictures):
    joined = open_datasets([f"pages:{comic}", str(pictures)], "train", prefer="train")
    parts = [open_dataset(f"pages:{comic}", "train"), open_dataset(str(pictures), "train")]
    assert isinstance(joined, ConcatDataset)
    assert len(joined) == sum(map(len, parts))
    assert joined.ids() == [sample.id for sample in joined]
    assert len(set(joined.ids())) == len(joined)
    assert np.array_equal(joined[len(parts[0])].image, parts[1][0].image)
    assert joined.fingerprint not in {part.fingerprint for part in parts}
    assert parts[0].info.title in joined.info.title


def test_a_picture_file_is_a_dataset_of_one(tmp_path):
    path = tmp_path / "hero.png"
    Image.fromarray(synthetic_picture(0, 40, 30)).save(path)
    (tmp_path / "other.png").write_bytes(path.read_bytes())
    (sample,) = open_dataset(str(path), prefer="train")
    assert sample.id == "hero.png"
    assert sample.size == (40, 30)
    with pytest.raises(DataError, match=r"absent\.png: no such file"):
        open_dataset(str(tmp_path / "absent.png"))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="expected a file ending in"):
        open_dataset(f"picture:{tmp_path / 'notes.txt'}")
