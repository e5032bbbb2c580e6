"""Asset: a file that an option or a configuration names, known by its content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema, from_json

from colorzoo.core.errors import printable
from colorzoo.core.files import file_digest

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Asset:
    """A file that is there: the type of a field of `Options` or `Config` whose value is a file.

    Given as a path, `@path`, or an object with `path` and, to be held to it, `sha256`; `~` is expanded.
    The sha256 of its content is part of what results are kept under, and of the record of a run.
    """

    path: Path
    """Absolute."""
    sha256: str

    @classmethod
    def of(cls, value: object) -> Asset:
        """Return the file that a path, `@path`, JSON or a mapping names.

        Raises:
            ValueError: there is no such file, or it has another content than the mapping says.
        """
        given = _given(value)
        try:
            path = Path(str(given["path"])).expanduser().resolve()
        except (OSError, RuntimeError) as error:  # the home of nobody, or links in a circle
            raise ValueError(printable(str(error))) from None
        if not path.is_file():
            reason = "a folder, expected a file" if path.is_dir() else "no such file"
            raise ValueError(f"{printable(str(path))}: {reason}")
        sha256, expected = file_digest(path), given.get("sha256")
        if expected is not None and expected != sha256:
            raise ValueError(f"{printable(str(path))}: has another content, sha256 {sha256[:12]}")
        return cls(path, sha256)

    def record(self) -> dict[str, str]:
        """Return it as JSON can hold it, and `of` reads it."""
        return {"path": str(self.path), "sha256": self.sha256}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(cls.record)
        return core_schema.no_info_plain_validator_function(cls.of, serialization=written)


def _given(value: object) -> Mapping[str, object]:
    """Return path and sha256 of whatever names a file.

    Raises:
        ValueError: it names none.
    """
    if isinstance(value, Asset):
        return value.record()
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = from_json(value)
    if isinstance(value, str | Path) and str(value).strip("@ "):
        return {"path": str(value).removeprefix("@")}
    known = isinstance(value, Mapping) and value.keys() <= {"path", "sha256"} and value.get("path")
    if not isinstance(value, Mapping) or not known:
        raise ValueError("expected a path, @path, or an object with path and sha256")
    if value.get("sha256") is not None and not SHA256.fullmatch(str(value["sha256"])):
        raise ValueError("sha256: expected 64 hexadecimal digits")
    return value


def _several(value: object) -> object:
    """Return one file as a list, and a JSON list as what it holds."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        return from_json(value)
    return [value] if isinstance(value, str | Path | Mapping | Asset) else value


Assets = Annotated[tuple[Asset, ...], BeforeValidator(_several)]
"""Any number of files: one, a list, JSON, or an option that is given several times."""
