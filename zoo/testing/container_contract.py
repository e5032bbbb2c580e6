"""What every container must do."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorzoo.core.errors import ColorzooError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.container import Container
from colorzoo.testing.contract import Contract, build_or_skip

NEAR = 12.0
"""Mean difference, in levels of 255, that a format with losses may make."""


class ContainerContract(Contract):
    """A container's contract; override `location` to give a file of two pages at least."""

    kind = "container"

    def location(self, tmp_path: Path) -> str | None:
        """Return the path of a file that it opens."""
        return None

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """A file to open; skips where there is none."""
        location = self.location(tmp_path)
        if location is None:
            pytest.skip("give a file that it opens: NAME:FILE")
        return Path(location)

    @pytest.fixture
    def book(self, file: Path) -> Iterator[Container]:
        """The container under test, open; skips where what reads it is not installed."""
        container: Container = build_or_skip(lambda: self.target(file))
        with container:
            yield container

    def test_it_says_its_endings(self) -> None:
        """The entry names the endings of its files, with their dot, in lower case."""
        suffixes = self.registered.entry.suffixes
        assert suffixes, 'give Entry its endings: suffixes=(".cbz",)'
        assert all(one == one.lower() and one.startswith(".") for one in suffixes), f"{suffixes}"

    def test_it_knows_its_own(self, file: Path, tmp_path: Path) -> None:
        """accepts() takes its own file, and refuses text and an empty file under the same ending."""
        assert self.target.accepts(file), "accepts() refuses its own file"
        for content in (b"", b"words in a row, no pictures\n" * 40):
            stranger = tmp_path / f"stranger{file.suffix}"
            stranger.write_bytes(content)
            assert not self.target.accepts(stranger), f"accepts() takes {content[:12]!r}"

    def test_pages_come_in_order_and_again(self, book: Container) -> None:
        """pages() starts anew at every call and gives equal pictures under equal names."""
        first, second = [_read(book) for _ in range(2)]
        assert len(first) >= 2, f"{len(first)} pages; the contract needs a file of two"
        assert book.page_count in (None, len(first)), f"page_count {book.page_count} of {len(first)}"
        assert [name for name, _ in first] == [name for name, _ in second], "other names the second time"
        assert all(np.array_equal(a.rgb, b.rgb) for (_, a), (_, b) in zip(first, second, strict=True))

    def test_nothing_changes_where_nothing_is_coloured(self, book: Container, tmp_path: Path) -> None:
        """Written with None for every page, the pages stay; the file that was read is not touched."""
        before, pages = book.path.read_bytes(), _read(book)
        again = self._written(book, [None] * len(pages), tmp_path)
        assert [name for name, _ in again] == [name for name, _ in pages], "names or order have changed"
        for (name, one), (_, other) in zip(pages, again, strict=True):
            assert _difference(one, other) <= (NEAR if book.sequence else 0), f"{name} has changed"
        assert book.path.read_bytes() == before, "write() changed the file that it read"

    def test_coloured_pages_are_in_their_places(self, book: Container, tmp_path: Path) -> None:
        """Pages are replaced by what is given, at their size; those of None stay."""
        pages = _read(book)
        inverted = [
            replace(page, pixels=np.iinfo(page.pixels.dtype).max - page.pixels) for _, page in pages
        ]
        colored = [picture if index % 2 == 0 else None for index, picture in enumerate(inverted)]
        again = self._written(book, colored, tmp_path)
        expected = [new or old for new, (_, old) in zip(colored, pages, strict=True)]
        for (name, got), wanted in zip(again, expected, strict=True):
            assert got.rgb.shape == wanted.rgb.shape, (
                f"{name}: {got.rgb.shape}, expected {wanted.rgb.shape}"
            )
            assert _difference(got, wanted) <= NEAR, f"{name}: not the picture that was given"

    def test_coloured_pages_are_pulled_one_by_one(self, book: Container, tmp_path: Path) -> None:
        """write() lets a picture go before it asks for the next but one."""
        alive: list[weakref.ref[Picture]] = []

        def colored() -> Iterator[Picture | None]:
            for page in book.pages():
                held = sum(one() is not None for one in alive)
                assert held <= 2, f"{held} pictures are held at once"
                picture = page.read()
                alive.append(weakref.ref(picture))
                yield picture
                del picture, page

        book.write(tmp_path / "written", colored())
        assert len(alive) == len(_read(book)), "it did not ask for every page"

    def test_damage_is_an_error_of_colorzoo(self, file: Path, tmp_path: Path) -> None:
        """A file cut in half is refused when it is opened, read or written; nothing else is raised."""
        half = tmp_path / f"half{file.suffix}"
        half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        with suppress(ColorzooError), self.target(half) as book:
            self._written(book, [None] * len(_read(book)), tmp_path)

    def _written(
        self, book: Container, colored: list[Picture | None], tmp_path: Path
    ) -> list[tuple[str, Picture]]:
        target = tmp_path / f"written{book.written_as or book.path.suffix}"
        book.write(target, iter(colored))
        opener = next(one for one in _openers(target) if one.accepts(target))
        with opener(target) as again:
            return _read(again)


def _openers(path: Path) -> list[type[Container]]:
    from colorzoo.core.registry import registry

    items = registry().entries["container"].values()
    return [item.load() for item in items if path.suffix in item.entry.suffixes]


def _read(book: Container) -> list[tuple[str, Picture]]:
    return [(page.name, page.read()) for page in book.pages()]


def _difference(one: Picture, other: Picture) -> float:
    return float(np.abs(one.rgb.astype(np.int16) - other.rgb).mean())
