"""What a crawl leaves on disk: pictures, and a manifest that a kill at any moment cannot damage.

DIR/manifest.jsonl                     one line a page: address, sha256, series, chapter, verdict ...
DIR/<series>/<chapter>/<page>.jpg      kept pages, as the sources `pages` and `manga` read them
DIR/.crawl/left-out/...                the others, by the same names: nothing is fetched twice
DIR/.crawl/lists.jsonl                 where series and chapters are from, which pictures they have
DIR/.crawl/pages/                      pages of the site, to ask whether they have changed
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from colorzoo.core.config import Strict
from colorzoo.core.errors import printable
from colorzoo.core.files import atomic_write, folder_lock, require_inside
from colorzoo.core.jobs.journal import Journal

Verdict = Literal["new", "kept", "colourless", "duplicate", "broken"]
MANIFEST, HIDDEN = "manifest.jsonl", ".crawl"
NUMBER = "^[0-9a-f]{1,12}$"
"""What names a series or a chapter: digits of its address, or the beginning of a hash."""
LISTS, MEMORY = f"{HIDDEN}/lists.jsonl", f"{HIDDEN}/pages"


class Page(Strict):
    """One picture of a crawl; `new` until it is judged beside the others.

    A folder may come from somebody else: `file` is in the folder of the page's own chapter, or no record.
    """

    address: str
    series: str = Field(pattern=NUMBER)
    chapter: str = Field(pattern=NUMBER)
    page: int = Field(ge=1)
    file: str
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    size: int = Field(0, ge=0)
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    spread: float = Field(0, ge=0, allow_inf_nan=False)
    hash: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    verdict: Verdict = "new"
    note: str = ""
    validators: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """Series, chapter and number, which stay when the site changes the address."""
        return f"{self.series}/{self.chapter}/{self.page:04}"

    @model_validator(mode="after")
    def _stays(self) -> Self:
        suffix = self.file.removeprefix(self.key)
        if self.file == suffix or not re.fullmatch(r"(\.[a-z]{3,4})?", suffix):
            raise ValueError(f"file: {printable(self.file, 80)!r} is not {self.key} with a suffix")
        return self


class Listing(Strict):
    """What a page of the site listed: addresses in order, and their titles."""

    key: str
    address: str
    title: str = ""
    items: tuple[str, ...] = ()
    complete: bool = False


class CrawlFolder:
    """The folder of a crawl."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pages = Journal(root / MANIFEST, Page)
        self.lists = Journal(root / LISTS, Listing)

    @classmethod
    @contextmanager
    def opened(cls, root: Path) -> Iterator[CrawlFolder]:
        """Open the folder, and keep other crawls out of it meanwhile.

        Raises:
            DataError: another process is at work in it, or its records are damaged.
        """
        with folder_lock(root / HIDDEN, root / MANIFEST):
            yield cls(root)

    def path(self, page: Page) -> Path:
        """Return where a page's file belongs by its verdict.

        Raises:
            DataError: a link leads out of the folder.
        """
        base = self.root if page.verdict == "kept" else self.root / HIDDEN / "left-out"
        return require_inside(self.root, base / page.file)

    def find(self, page: Page) -> Path | None:
        """Return where a page's file is, None where it is not. Raises as `path`."""
        paths = (self.root / page.file, self.root / HIDDEN / "left-out" / page.file)
        return next((require_inside(self.root, path) for path in paths if path.is_file()), None)

    def finished(self, key: str) -> Page | None:
        """Return the record of a page whose file is present and complete, else None."""
        page = self.pages.records.get(key)
        file = self.find(page) if page and page.verdict != "broken" else None
        return page if file and page and page.hash and file.stat().st_size == page.size else None

    def put(self, page: Page, body: bytes) -> Page:
        """Store a picture: its record, then the file, so that what has a file is never fetched again."""
        page = page.model_copy(update={"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)})
        before = self.pages.records.get(page.key)
        old = self.find(before) if before else None
        self.pages.add(page)
        with atomic_write(self.path(page)) as file:
            file.write(body)
        if old and old != self.path(page):
            old.unlink()
        return page

    def settle(self, pages: Iterable[Page]) -> None:
        """Store verdicts: move every file to where it belongs, then rewrite the manifest."""
        for page in pages:
            source, destination = self.find(page), self.path(page)
            if source and source != destination:
                destination.parent.mkdir(parents=True, exist_ok=True)
                source.replace(destination)
                _drop_empty(source.parent, self.root)
            self.pages.records[page.key] = page
        self.pages.rewrite()
        self.lists.rewrite()


def _drop_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
