"""Pages that agree, and the file that keeps what they agree on."""

from __future__ import annotations

import json

import pytest
import torch

from colorzoo.core.errors import DataError
from colorzoo.core.guidance.chapter import agreed, palette_of_table, table_of_pages
from colorzoo.core.guidance.chapter_file import read_chapter, write_chapter
from colorzoo.core.guidance.palette import palette_of_pictures
from colorzoo.core.guidance.palette_files import read_palette
from colorzoo.core.imaging import color
from tests.core.guidance.test_reference import drawn


def chapter(seed=0, pages=4):
    """Return pages that show the same, as luma and chroma, each in colours that lean another way."""
    picture = drawn(seed)
    lean = torch.tensor([[0.06, 0.0], [-0.06, 0.02], [0.0, -0.06], [0.0, 0.05]])
    return [(color.luma(picture), color.chroma(picture) + lean[i % 4, :, None, None]) for i in range(pages)]


@pytest.fixture(scope="module")
def pages():
    return chapter()


@pytest.fixture(scope="module")
def table(pages):
    return table_of_pages(pages)


@pytest.fixture(scope="module")
def written(pages, table, tmp_path_factory):
    """Return the file of the table."""
    path = tmp_path_factory.mktemp("written") / "palette.json"
    write_chapter(path, table, palette_of_pictures([color.recombine(*page) for page in pages]))
    return path


def test_pages_that_show_the_same_get_the_same_colours(pages, table):
    before = torch.stack([chroma.mean((1, 2)) for _, chroma in pages])
    after = torch.stack([agreed(chroma, luma, table).mean((1, 2)) for luma, chroma in pages])
    assert after.std(0).max() < 0.2 * before.std(0).max()
    assert torch.allclose(after.mean(0), before.mean(0), atol=0.02)


def test_a_chapter_without_colour_stays_without():
    pages = [(luma, 0 * chroma) for luma, chroma in chapter(pages=2)]
    luma, chroma = pages[0]
    assert agreed(chroma, luma, table_of_pages(pages)).abs().max() < 1e-6


def test_samples_and_odd_sizes():
    pages = [(torch.rand(1, 37, 51), torch.zeros(2, 37, 51)), (torch.rand(1, 5, 90), torch.zeros(2, 5, 90))]
    table = table_of_pages(pages)
    assert agreed(torch.zeros(3, 2, 37, 51), pages[0][0], table).shape == (3, 2, 37, 51)


def test_a_table_is_the_same_each_time(table):
    assert all(torch.equal(a, b) for a, b in zip(table, table_of_pages(chapter()), strict=True))


def test_what_is_written_is_read_again(pages, table, written):
    luma, chroma = pages[0]
    again = agreed(chroma, luma, read_chapter(written))
    assert torch.allclose(again, agreed(chroma, luma, table), atol=0.01)
    assert len(read_palette(written)) >= 2
    assert written.stat().st_size < 200_000


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "other"},
        {"version": 2},
        {"prototypes": {"count": 10**9}},
        {"prototypes": {"features": "####"}},
        {"prototypes": {"features": "AAAA"}},
        {"prototypes": {"cb": [7.0]}},
        {"prototypes": {"luma": []}},
        {"colors": [{"color": "red", "share": 1}]},
    ],
)
def test_damaged_files_are_one_line(written, tmp_path, damage):
    path = tmp_path / "palette.json"
    content = json.loads(written.read_text())
    for field, value in damage.items():
        content[field] = content[field] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"palette\.json") as problem:
        read_chapter(path)
    assert "\n" not in str(problem.value)


def test_an_absent_file(tmp_path):
    with pytest.raises(DataError, match=r"palette\.json"):
        read_chapter(tmp_path / "palette.json")


def test_a_long_chapter_has_nearly_the_table_of_a_short_one(pages, table, monkeypatch):
    luma, chroma = pages[0]
    whole = agreed(chroma, luma, table)
    monkeypatch.setattr("colorzoo.core.guidance.chapter.PAGES", 2)
    monkeypatch.setattr("colorzoo.core.guidance.chapter.FOLDED", 300)
    folded = table_of_pages(iter(pages))
    assert folded.weights.sum() == pytest.approx(1)
    assert (agreed(chroma, luma, folded) - whole).abs().mean() < 0.01


def test_the_palette_of_a_table_has_its_colours_by_their_shares(pages, table):
    palette = palette_of_table(table)
    assert palette.shares.sum() == pytest.approx(1, abs=0.03)
    mean = torch.stack([chroma.mean((1, 2)) for _, chroma in pages]).mean(0)
    assert torch.allclose(palette.shares @ palette.chroma, mean, atol=0.02)
