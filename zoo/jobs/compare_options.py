"""What may be chosen of a comparison; the command line takes its defaults, without torch."""

from __future__ import annotations

from pydantic import Field

from colorzoo.core.compare.published import PublishedProtocol
from colorzoo.core.compare.results import Protocol
from colorzoo.core.config import Settings
from colorzoo.core.errors import ConfigError

MAX_SIDE, MAX_WORKERS = 16_384, 256
PROTOCOL = Protocol.model_fields


class CompareOptions(Settings):
    """How to compare; what results depend on has the defaults of their `Protocol`."""

    split: str | None = Field(None, description="part of the dataset; none: what its source measures")
    samples: int = Field(PROTOCOL["samples"].default, ge=1, le=1000, description="colourings per picture")
    seed: int = Field(PROTOCOL["seed"].default, ge=0, lt=2**63)
    side: int = Field(
        PROTOCOL["side"].default,
        ge=0,
        le=MAX_SIDE,
        description="longest side when coloured and measured; 0: as it is",
    )
    fit: str = Field(
        PROTOCOL["fit"].default,
        pattern="^(keep|squash|crop|pad)$",
        description="how a picture gets that side",
    )
    limit: int | None = Field(None, ge=1, description="measure that many pictures, chosen by their hash")
    metrics: list[str] | None = Field(None, description="the first one ranks; none: all by default")
    simulate: list[str] = Field([], description="guidance drawn from the truth: hints=10, palette, ...")
    protocol: str = Field("", description="protocol of a paper to follow: its name, or a TOML file")
    guidance: bool = Field(True, description="use what the dataset says of its pictures")
    device: str = "cpu"
    workers: int = Field(1, ge=0, le=MAX_WORKERS, description="processes; of a cluster, 0: all it has")
    engine: str = Field("local", description="what measures: local, or ray")
    address: str | None = Field(None, description="of the Ray cluster; none: one on this machine")

    def following(self, published: PublishedProtocol) -> CompareOptions:
        """Return these options with what a published protocol sets; metrics that were named stay.

        Raises:
            ConfigError: an option was given that contradicts it.
        """
        fixed = published.settings.model_dump(exclude={"metrics"}) | {
            "simulate": [*published.settings.simulate]
        }
        against = [
            f"--{name} {_said(getattr(self, name))}, expected {_said(value)}"
            for name, value in fixed.items()
            if name in self.model_fields_set and getattr(self, name) != value
        ]
        if against:
            raise ConfigError(
                f"{'; '.join(against)}: not the protocol {published.name}; leave out these options, "
                "or --protocol"
            )
        return self.model_copy(update=fixed | {"metrics": self.metrics or [*published.settings.metrics]})


def _said(value: object) -> str:
    return ",".join(value) or "nothing" if isinstance(value, list) else str(value)
