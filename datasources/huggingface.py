"""An image column of a dataset on the Hugging Face Hub, or of a folder that `datasets` reads."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colorzoo.core.errors import DataError, MissingExtraError, UnknownNameError
from colorzoo.core.imaging.image_io import read
from colorzoo.core.interfaces.dataset import NOTHING, Dataset, Sample, SourceInfo, require_split
from colorzoo.core.isolation import reason


class Address(NamedTuple):
    """`owner/name`, or a folder; its revision and image column, if given."""

    path: str
    revision: str | None
    column: str | None

    @classmethod
    def parse(cls, location: str | None) -> Address:
        """Return the parts of `owner/name[@revision][#column]`.

        Raises:
            DataError: it names no dataset.
        """
        rest, _, column = (location or "").partition("#")
        path, _, revision = rest.partition("@")
        if not path:
            raise DataError("hf needs a dataset: hf:owner/name, hf:owner/name@revision or hf:FOLDER")
        return cls(path, revision or None, column or None)


class HuggingFace(Dataset):
    """The pictures of one split, as `datasets` keeps them; no code of the dataset's is ever run.

    Raises:
        MissingExtraError: `datasets` is not installed.
        DataError: the dataset cannot be loaded, or the column is not certain.
        UnknownNameError: it has no such split or column.
    """

    def __init__(self, location: str | None = None, split: str | None = None) -> None:
        self.address = Address.parse(location)
        splits = self.splits_at(location)
        self.split = require_split(split or splits[0], splits)
        loaded = _loaded("load_dataset", self.address, split=self.split)
        self.column = _image_column(loaded.features, self.address)
        library = _library()
        self._rows = loaded.select_columns([self.column]).cast_column(
            self.column, library.Image(decode=False)
        )
        self.info = SourceInfo(
            title=f"{self.address.path} {loaded.info.description or ''}".strip().splitlines()[0][:200],
            license=loaded.info.license or "as its page on the Hub states",
            credit=" ".join((loaded.info.citation or "").split())[:300],
        )

    @classmethod
    def splits_at(cls, location: str | None) -> Sequence[str]:
        names: list[str] = _loaded("get_dataset_split_names", Address.parse(location))
        return names

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        name = f"{self.split}/{index:06}"
        return Sample(name, read(io.BytesIO(self._bytes(index)), name=f"{self.address.path}: {name}").rgb)

    def ids(self) -> list[str]:
        return [f"{self.split}/{index:06}" for index in range(len(self))]

    def digest(self, index: int) -> str:
        try:
            return hashlib.sha256(self._bytes(index)).hexdigest()
        except DataError:
            return NOTHING

    def _bytes(self, index: int) -> bytes:
        cell: dict[str, Any] | None = self._rows[index][self.column]
        if cell is None:
            raise DataError(f"{self.address.path}: row {index} of {self.split} has no picture")
        if cell["bytes"] is not None:
            return bytes(cell["bytes"])
        try:
            return Path(cell["path"]).read_bytes()
        except (OSError, TypeError, ValueError) as error:
            raise DataError(f"{self.address.path}: row {index} of {self.split}: {reason(error)}") from None


def _loaded(function: str, address: Address, **options: Any) -> Any:
    """Return what a function of `datasets` makes of an address; its errors become one line."""
    library = _library()
    try:
        return getattr(library, function)(address.path, revision=address.revision, **options)
    except Exception as error:  # its errors, the Hub's and the network's have no common root
        raise DataError(
            f"hf:{address.path}: {reason(error)}; check the name, HF_TOKEN for private "
            "ones, and HF_HUB_OFFLINE"
        ) from error


def _image_column(features: Any, address: Address) -> str:
    library = _library()
    columns = [name for name, feature in features.items() if isinstance(feature, library.Image)]
    if address.column:
        if address.column not in columns:
            raise UnknownNameError("image column", address.column, columns)
        return address.column
    if len(columns) != 1:
        known = ", ".join(columns) or f"none among {', '.join(features)}"
        raise DataError(f"hf:{address.path}: image columns: {known}; choose with hf:{address.path}#COLUMN")
    return str(columns[0])


def _library() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("hf:", "datasets", "hf") from None
    datasets.disable_progress_bars()
    return datasets
