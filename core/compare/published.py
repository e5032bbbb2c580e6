"""What papers measured and on what, as data: protocols that a comparison can follow, in TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import pydantic
from pydantic import Field

from colorzoo.core.compare.protocol import Protocol
from colorzoo.core.config import Settings, Strict, validate
from colorzoo.core.domains import Domain
from colorzoo.core.errors import ConfigError, UnknownNameError
from colorzoo.core.registry import registry

MAX_BYTES = 200_000
SIDE, FIT, SAMPLES, SIMULATE = (Protocol.model_fields[n] for n in ("side", "fit", "samples", "simulate"))


class ProtocolPictures(Strict):
    """Which pictures a protocol measures, and how to come by them."""

    title: str
    count: int = Field(gt=0)
    fetch: tuple[str, ...] = Field(description="what to fetch and where it goes, a step each")
    data: str = Field("", description="address, where a source brings them; else the user's folder")
    fingerprint: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="sha256 over ids and content, where it is known"
    )


class ProtocolSettings(Settings):
    """What a comparison under a protocol is run with, by our names."""

    side: int = Field(SIDE.default, ge=0, description=SIDE.description)
    fit: str = Field(FIT.default, pattern="^(keep|squash|crop|pad)$", description=FIT.description)
    samples: int = Field(SAMPLES.default, ge=1, le=1000, description=SAMPLES.description)
    simulate: tuple[str, ...] = Field((), description=SIMULATE.description)
    metrics: tuple[str, ...] = Field(min_length=1, description="the first one ranks")

    @property
    def words(self) -> str:
        """Size, samples, guidance and metrics in a line."""
        sizes = {
            "keep": f"longest side at most {self.side}",
            "squash": f"squashed to {self.side}x{self.side}",
            "crop": f"the centre square at {self.side}x{self.side}",
            "pad": f"padded to {self.side}x{self.side}",
        }
        samples = f"{self.samples} {'sample' if self.samples == 1 else 'samples'}"
        size = sizes[self.fit] if self.side else "full size"
        return "; ".join([f"{size}, {samples}", *self.simulate, ", ".join(self.metrics)])


class PaperFigure(Strict):
    """A column of a paper's table."""

    label: str
    higher_is_better: bool
    metric: str = Field("", description="our name of it; none: it is not measured here")

    @property
    def arrow(self) -> str:
        """An arrow in the direction that is better."""
        return "↑" if self.higher_is_better else "↓"


class PaperMethod(Settings):
    """A row of a paper's table."""

    method: str
    parameters: int | None = Field(None, ge=0)
    values: dict[str, float] = Field(description="by the label of the figure")
    colorizer: str = Field("", description="NAME or NAME:WEIGHTS that is the same method here")
    note: str = ""


class PublishedProtocol(Strict):
    """What a paper measured, how, and what it reports."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    title: str
    paper: str = Field(description="authors, title, venue, and where in it")
    year: int = Field(ge=1900, le=2100)
    url: str = Field("", pattern=r"^(https://[^\s\"<>]+)?$")
    source: str = Field("", description="where the figures were read")
    domain: Domain
    color: str = Field("", description="what the paper does about colour spaces")
    differences: tuple[str, ...] = Field((), description="in what a comparison here is not the paper's")
    pictures: ProtocolPictures
    settings: ProtocolSettings
    figures: tuple[PaperFigure, ...] = ()
    methods: tuple[PaperMethod, ...] = ()

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Self:
        labels = [figure.label for figure in self.figures]
        measured = [figure.metric for figure in self.figures if figure.metric]
        unknown = {label for method in self.methods for label in method.values} - set(labels)
        problems = [
            *(f"figure {name!r} comes twice" for name in _twice(labels)),
            *(f"metric {name!r} is that of two figures" for name in _twice(measured)),
            *(f"method {name!r} comes twice" for name in _twice(m.method for m in self.methods)),
            *(f"values name {name!r}, which is no figure" for name in sorted(unknown)),
            *(f"metric {name!r} is not measured" for name in measured if name not in self.settings.metrics),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def command(self) -> str:
        """The command that follows it."""
        data = "" if self.pictures.data else " --data FOLDER"
        return f"colorzoo compare METHOD... --protocol {self.name}{data}"

    def deviations(self, protocol: Protocol, metrics: Iterable[str]) -> list[str]:
        """Return in what a measurement differs from the protocol, a clause each; nothing: it follows it.

        metrics: names of what was measured.
        """
        asked = self.settings
        count, known = self.pictures.count, self.pictures.fingerprint
        short = [f"{protocol.pictures:,} of {count:,} pictures"] if protocol.pictures != count else []
        others = known and not short and known != protocol.data_fingerprint
        simulated = " ".join(asked.simulate)
        settings = {
            "side": (protocol.side, asked.side),
            "fit": (protocol.fit, asked.fit),
            "samples": (protocol.samples, asked.samples),
            "simulate": (protocol.simulate or "nothing", simulated or "nothing"),
        }
        missing = [name for name in asked.metrics if name not in set(metrics)]
        return [
            *short,
            *(["other pictures than those of the protocol"] if others else []),
            *(f"{name} {got} for {wanted}" for name, (got, wanted) in settings.items() if got != wanted),
            *([f"without {', '.join(missing)}"] if missing else []),
        ]


def load_protocol(path: Path) -> PublishedProtocol:
    """Return the protocol of a TOML file.

    Raises:
        ConfigError: it is absent, too large, not TOML or no protocol; all fields in error are named.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{path}: more than {MAX_BYTES:,} bytes, not a protocol")
        values = tomllib.loads(data.decode())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; expected the TOML of a protocol") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from None
    return validate(PublishedProtocol, values, str(path))


def protocols() -> dict[str, PublishedProtocol]:
    """Return the protocols that come with plugins, our own among them, by name."""
    announced = registry().gather(
        "register_protocols",
        lambda path, owner: [load_protocol(path)],
        lambda one: f"protocol {one.name!r}",
    )
    return {protocol.name: protocol for protocol in sorted(announced, key=lambda one: one.name)}


def find_protocol(name: str) -> PublishedProtocol:
    """Return the protocol of that name or TOML file.

    Raises:
        ConfigError: the file is damaged.
        UnknownNameError: there is none of that name.
    """
    if name.endswith(".toml"):
        return load_protocol(Path(name).expanduser())
    known = protocols()
    if name not in known:
        raise UnknownNameError("protocol", name, known, hint="or give a .toml file")
    return known[name]


def _twice(names: Iterable[str]) -> Sequence[str]:
    every = list(names)
    return sorted({name for name in every if every.count(name) > 1})
