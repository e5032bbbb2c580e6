"""A crawled folder as a dataset."""

from __future__ import annotations

from pathlib import Path

from colorzoo.core.data.address import local_path
from colorzoo.core.errors import DataError
from colorzoo.core.interfaces.dataset import SourceInfo
from colorzoo.core.jobs.journal import Journal
from colorzoo.datasources.manga.crawl_folder import LISTS, MANIFEST, Listing, Page
from colorzoo.datasources.pages import Pages


class Manga(Pages):
    """The kept pages of `colorzoo data crawl`, split by chapter; what was left out is counted."""

    info = SourceInfo(title="Crawled pages", license="the authors'; for research of your own")

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        root = local_path(location or "")
        manifest = root / MANIFEST
        if not location or not manifest.is_file():
            raise DataError(
                f"{location or 'manga'}: no crawled folder; `colorzoo data crawl URL -o DIR` makes one, "
                "manga:DIR reads it"
            )
        super().__init__(location, split)
        self.records = Journal(manifest, Page).records
        series = [row for row in Journal(root / LISTS, Listing).records.values() if "/" not in row.key]
        self.info = self.info.model_copy(
            update={"credit": "; ".join(f"{row.title} {row.address}".strip() for row in series)}
        )

    @property
    def notes(self) -> dict[str, object]:
        verdicts = [page.verdict for page in self.records.values()]
        counts = {f"{name} in all": verdicts.count(name) for name in sorted(set(verdicts))}
        return {**super().notes, **counts}

    @classmethod
    def fetch(cls, archive: Path | None = None, progress: object = None) -> Path:
        """Refuse: pages come from a site of the user's choice.

        Raises:
            DataError: always, with the command that crawls.
        """
        raise DataError("manga has nothing to fetch; `colorzoo data crawl URL -o DIR` crawls a series")
