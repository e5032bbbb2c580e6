"""What a catalogue says of weights: where they are, and what is known of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from colorzoo.core.config import Strict
from colorzoo.core.domains import Domain
from colorzoo.core.files import cache_root
from colorzoo.core.weights.weights_info import PluginName

FILE = r"(?!.*\.\.)\w[\w. -]*(/\w[\w. -]*)*"
"""A file of a repository: no part of its path leads up or is hidden."""
ADDRESS = re.compile(r"https://[!-~]+|http://(127\.0\.0\.1|localhost)(:\d+)?/[!-~]*")


class CatalogEntry(Strict):
    """Weights of a plugin by a short name.

    They are in a folder beside the catalogue, in a repository on the Hub at a commit, or a file that others
    published, `file` of a repository or at a `url`, which the colorizer's `adopt` takes.
    """

    plugin: PluginName
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    summary: str = ""
    license: str
    credit: str = ""
    sha256: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="of model.safetensors, or of the published file"
    )
    sha256_prefix: str = Field(
        "", pattern=r"^([0-9a-f]{8,63})?$", description="beginning of it, where no more is known"
    )
    folder: str | None = Field(
        None, pattern=r"^[\w-]+(/[\w-]+)*$", description="relative to the catalogue's file"
    )
    repo: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description="owner/name on the Hub")
    commit: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")
    file: str | None = Field(None, description="published file of the repository")
    url: str | None = Field(None, description="address of a published file, https")
    size: int | None = Field(None, ge=1, description="most bytes of the published file")
    config: dict[str, Any] = Field({}, description="configuration that the published file fits")
    domains: list[Domain] = Field([], description="the pictures that they are for")
    metrics: dict[str, float] = {}

    @field_validator("file", "url")
    @classmethod
    def _of_its_form(cls, text: str | None, info: Any) -> str | None:
        form = re.compile(FILE) if info.field_name == "file" else ADDRESS
        if text is not None and not form.fullmatch(text):
            raise ValueError("expected a path inside the repository, or an https address")
        return text

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.folder, self.repo, self.url].count(None) != 2 or (self.file and not self.repo):
            raise ValueError(
                "expected folder, or repo and commit, or a published file as repo and file or as url"
            )
        if not self.is_published and not (self.sha256 and bool(self.repo) == bool(self.commit)):
            raise ValueError("expected folder and sha256, or repo, commit and sha256")
        return self

    @property
    def is_published(self) -> bool:
        """Whether it is a file of others, which is adopted."""
        return bool(self.file or self.url)

    @property
    def label(self) -> str:
        """How a command names them."""
        return f"{self.plugin}:{self.name}"

    @property
    def source(self) -> str:
        """Where they come from: nothing for those of a package."""
        return self.url or ":".join(filter(None, (self.repo, self.file)))

    @property
    def adopted_folder(self) -> Path:
        """Where in the cache the weights folder of a published file is made."""
        return cache_root() / "adopted" / self.plugin / self.name

    @property
    def expected_sha256(self) -> str:
        """All that is known of the sha256; empty where nothing is."""
        return self.sha256 or self.sha256_prefix


class Catalog(Strict):
    """The content of a catalogue's TOML file."""

    weights: list[CatalogEntry]
