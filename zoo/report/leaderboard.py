"""Results of many comparisons on one page: a table for every set of pictures and settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from colorzoo.core.compare.published import PublishedProtocol
from colorzoo.core.compare.results import Environment, Method, MetricFacts, Results
from colorzoo.core.domains import DESCRIPTIONS
from colorzoo.core.files import atomic_write
from colorzoo.report import wording
from colorzoo.report.html import embedded, templates
from colorzoo.report.merge import same_method
from colorzoo.report.paper_table import BesidePaper, beside_paper

PARAMETERS = {"up to 1 million": 1e6, "up to 10 million": 1e7, "up to 100 million": 1e8}
MILLISECONDS = {"up to 50 ms": 50, "up to 250 ms": 250, "up to 1 s": 1000}
"""What the page's filters offer."""
OTHER = "other pictures"
DOMAIN_NAMES = {str(name): text for name, text in DESCRIPTIONS.items()} | {OTHER: OTHER}


@dataclass(frozen=True)
class Entry:
    """A line of the leaderboard: a method, and the run that measured it."""

    method: Method
    run: Environment
    command: str

    @property
    def license(self) -> str:
        """The licence of its weights."""
        return self.method.weights.license if self.method.weights else ""

    @property
    def machine(self) -> str:
        """Where it was measured."""
        return f"{self.run.device}, {self.run.platform}"

    def repeats(self, other: Entry) -> bool:
        """Return whether it is the same method on the same machine."""
        return self.machine == other.machine and same_method(self.method, other.method)


@dataclass(frozen=True)
class Board:
    """Comparisons of the same pictures under the same settings: what may be ranked together."""

    parts: Sequence[Results]

    @property
    def results(self) -> Results:
        """The first of them."""
        return self.parts[0]

    @cached_property
    def published(self) -> PublishedProtocol | None:
        """The protocol that one of them names."""
        return next((part.published for part in self.parts if part.published), None)

    @property
    def title(self) -> str:
        """The protocol's title, or the address of the pictures."""
        protocol = self.results.protocol
        return self.published.title if self.published else f"{protocol.data}, split {protocol.split}"

    @property
    def domain(self) -> str:
        """What the pictures are of."""
        return self.published.domain if self.published else OTHER

    @cached_property
    def metrics(self) -> list[MetricFacts]:
        """All that one of them measured, the ranking one first."""
        known = {metric.name: metric for part in reversed(self.parts) for metric in part.metrics}
        return sorted(known.values(), key=lambda metric: metric.name != self.results.ranked_by)

    @cached_property
    def entries(self) -> list[Entry]:
        """Every method once a machine, the best first; those with failures or no value come last."""
        kept: list[Entry] = []
        for part in self.parts:
            for method in part.methods:
                entry = Entry(method, part.runs[min(method.run, len(part.runs) - 1)], part.command)
                if not any(entry.repeats(other) for other in kept):
                    kept.append(entry)
        return sorted(kept, key=self._order)

    @property
    def machines(self) -> list[str]:
        """The machines on which its lines were measured."""
        return sorted({entry.machine for entry in self.entries})

    @property
    def deviations(self) -> list[str]:
        """In what they are not the published protocol."""
        names = [metric.name for metric in self.metrics]
        return self.published.deviations(self.results.protocol, names) if self.published else []

    @property
    def beside_paper(self) -> list[BesidePaper]:
        """The same lines beside what the paper reports."""
        return beside_paper(self.published, [entry.method for entry in self.entries])

    def _order(self, entry: Entry) -> tuple[bool, bool, float]:
        metric, value = self.metrics[0], entry.method.values.get(self.metrics[0].name)
        if value is None or value.value is None:
            return True, bool(entry.method.failures), 0.0
        return False, bool(entry.method.failures), -value.value if metric.higher_is_better else value.value


def boards(parts: Iterable[Results]) -> list[Board]:
    """Return the boards of results, by domain and title; other pictures or settings are others."""
    groups: dict[tuple[str, tuple[str, ...]], list[Results]] = {}
    for part in parts:
        groups.setdefault((part.fingerprint, tuple(part.pictures)), []).append(part)
    domains = list(DOMAIN_NAMES)
    made = [Board(group) for group in groups.values()]
    return sorted(
        made, key=lambda board: (domains.index(board.domain), board.title, board.results.fingerprint)
    )


def leaderboard(parts: Sequence[Results]) -> str:
    """Return the page, one HTML file that needs nothing else."""
    made = boards(parts)
    entries = [entry for board in made for entry in board.entries]
    return (
        templates([entry.method.label for entry in entries])
        .get_template("board.html.j2")
        .render(
            boards=made,
            descriptions=DOMAIN_NAMES,
            filters={
                "domain": {DOMAIN_NAMES[one]: one for one in dict.fromkeys(b.domain for b in made)},
                "license": {one: one for one in sorted({entry.license for entry in entries} - {""})},
                "parameters": PARAMETERS,
                "milliseconds": MILLISECONDS,
                "machine": {one: one for one in sorted({entry.machine for entry in entries})},
            },
            words=wording,
            **embedded(["page.css", "board.css"], ["sorting.js", "board.js"]),
        )
    )


def write_leaderboard(parts: Sequence[Results], path: Path) -> None:
    """Write the page."""
    with atomic_write(path) as file:
        file.write(leaderboard(parts).encode())
