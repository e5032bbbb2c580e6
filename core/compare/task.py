"""What is to be compared: methods, pictures, protocol and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from colorzoo.core.compare.identity import code_digest
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.protocol import Protocol
from colorzoo.core.compare.simulation import Simulation, next_in_sequence
from colorzoo.core.compare.source_guidance import SourceGuidance
from colorzoo.core.interfaces.dataset import Dataset
from colorzoo.core.interfaces.metric import Metric
from colorzoo.core.interfaces.sequence_metric import SequenceMetric


@dataclass(frozen=True)
class Task:
    """Everything a process needs to measure; it is pickled to workers."""

    methods: Sequence[ComparedMethod]
    dataset: Dataset
    train: Dataset
    protocol: Protocol
    metrics: Mapping[str, type[Metric]]
    device: str = "cpu"
    said: SourceGuidance = field(default_factory=SourceGuidance)
    """What the dataset says of its pictures."""

    @cached_property
    def metric_keys(self) -> dict[str, str]:
        """Return by name of metric the key of its state in the store, which depends on its code."""
        return {name: f"{name} {code_digest(cls.__module__)[:16]}" for name, cls in self.metrics.items()}

    @cached_property
    def simulation(self) -> Simulation:
        """Return what every method is told of a picture besides its grey."""
        return Simulation.parse(self.protocol.simulate.split())

    @property
    def informed_by(self) -> str:
        """Return in words what every method is told besides the grey; empty where that is nothing."""
        return ", ".join(filter(None, [self.said.words, self.simulation.words]))

    @cached_property
    def following(self) -> dict[int, int]:
        """Return the picture that is the reference of each, by index; none where none is wanted."""
        return next_in_sequence(self.dataset.sequences()) if self.simulation.reference else {}

    @cached_property
    def over_sequences(self) -> frozenset[str]:
        """Return the names of the metrics that measure sequences."""
        return frozenset(name for name, kind in self.metrics.items() if issubclass(kind, SequenceMetric))

    @cached_property
    def sequences(self) -> list[list[int]]:
        """Return the sequences that are measured, by index of their pictures; none where no metric asks."""
        several = [list(one) for one in self.dataset.sequences()] if self.over_sequences else []
        return [one for one in several if len(one) > 1]

    @cached_property
    def indices(self) -> dict[str, int]:
        """Return the index of a picture by its id."""
        return {name: index for index, name in enumerate(self.dataset.ids())}
