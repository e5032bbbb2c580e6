"""Runs a comparison: measures what the store lacks, in this process or in workers, and sums it up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from colorzoo.core import devices
from colorzoo.core.compare.cost import Probe, cost_of
from colorzoo.core.compare.evaluator import Evaluator, Task
from colorzoo.core.compare.measurements import Measurement, MeasurementStore, encoded, key_of
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.readable import checked_ids, digests_of, source_code
from colorzoo.core.compare.results import Cost, Results
from colorzoo.core.compare.sequence_rows import measure_sequence
from colorzoo.core.compare.summary import Summary, UnusableRowError
from colorzoo.core.errors import ColorzooError, DataError, PluginError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.dataset import Progress, counted
from colorzoo.core.jobs import workers as processes
from colorzoo.core.jobs.interruption import held_back

PRELOAD = ("torch", "cv2", "colorzoo.core.compare.evaluator")
Job = tuple[int, dict[int, list[str]]]
"""Index of a picture, or after them of a sequence, and names of missing metrics by index of the method."""
EvaluatedImage = tuple[int, list[tuple[int, bytes]]]
"""Index of a picture, and (index of the method, encoded row) pairs."""


class Comparison:
    """A comparison of methods on the pictures of a dataset; what the store has is not computed again.

    each: what spreads the work, if not this machine.

    Raises:
        DataError: the dataset has no pictures, or ids that are not unique.
    """

    def __init__(self, task: Task, store: MeasurementStore, each: processes.Each | None = None) -> None:
        self.task, self.store, self.each = task, store, each
        self.ids = checked_ids(task.dataset)
        digests = digests_of(task.dataset)
        self.keys = [self._keys(method, digests) for method in task.methods]
        """By method: one a picture, then one a sequence."""

    def run(
        self, workers: int = 1, progress: Progress | None = None, *, costs: bool = True
    ) -> Results | None:
        """Measure what is missing and return the results; None in all but the first process.

        Raises:
            DataError: no picture can be read, or a worker was killed.
            PluginError: a metric fails.
        """
        shard = ProcessShard.of_this_process(self.task.device)
        self._measure(shard, workers, progress)
        if shard.rank:
            return None
        tried = self._costs(try_out=costs)
        summary = Summary(self.task, self.ids, self._rows, self._sequence_rows)
        try:
            return summary.results(tried)
        except UnusableRowError:  # somebody changed the store
            self.store.drop(key for keys in self.keys for key in keys)
            self._measure(ProcessShard(), workers, progress)
            return summary.results(tried)

    def _measure(self, shard: ProcessShard, workers: int, progress: Progress | None) -> None:
        jobs = list(self._jobs())[shard.rank :: shard.count]
        if progress and jobs:
            progress(0, len(jobs))
        for done, (index, rows) in enumerate(self._measured(jobs, workers), start=1):
            self.store.put((self.keys[method_index][index], row) for method_index, row in rows)
            if progress:
                progress(done, len(jobs))
        shard.wait()

    def _rows(self, method_index: int) -> Iterator[Measurement | None]:
        """Yield a method's rows in the order of the pictures, states by names of metrics."""
        return self._named(self.keys[method_index][: len(self.ids)])

    def _sequence_rows(self, method_index: int) -> Iterator[Measurement | None]:
        return self._named(self.keys[method_index][len(self.ids) :])

    def _named(self, keys: Sequence[str]) -> Iterator[Measurement | None]:
        names = {key: name for name, key in self.task.metric_keys.items()}
        for row in self.store.get(keys):
            states = {names[key]: state for key, state in row.states.items() if key in names} if row else {}
            yield row.model_copy(update={"states": states}) if row else None

    def _keys(self, method: ComparedMethod, digests: Sequence[str]) -> list[str]:
        protocol = self.task.protocol
        identity = method.identity(protocol.train_fingerprint)
        settings = [
            protocol.side,
            protocol.fit,
            protocol.samples,
            protocol.seed,
            source_code(self.task.dataset),
        ]
        device = devices.resolve(self.task.device).type
        pictures = [
            key_of(identity, name, digest, settings, device, *self._guidance(index, digests))
            for index, (name, digest) in enumerate(zip(self.ids, digests, strict=True))
        ]
        return pictures + [key_of("sequence", [pictures[i] for i in one]) for one in self.task.sequences]

    def _guidance(self, index: int, digests: Sequence[str]) -> list[str]:
        """Return what guidance of a picture depends on besides the picture; nothing where there is none."""
        said = self.task.said.of_index(index)
        if not self.task.simulation.words:
            return [*said, self.task.simulation.text] if said else []
        following = self.task.following.get(index)
        return [*said, self.task.simulation.text, *([digests[following]] if following is not None else [])]

    def _jobs(self) -> Iterator[Job]:
        """Yield every picture and sequence with missing metrics; what failed is tried again."""
        measured = self.task.metric_keys
        sequences = {name: measured[name] for name in measured if name in self.task.over_sequences}
        pictures = {name: measured[name] for name in measured if name not in sequences}
        for index, rows in enumerate(zip(*map(self.store.get, self.keys), strict=True)):
            missing_metrics = {}
            for method_index, row in enumerate(rows):
                states = row.states if row and not row.failed else {}
                keys = pictures if index < len(self.ids) else sequences
                missing = [name for name, key in keys.items() if key not in states]
                if missing:
                    missing_metrics[method_index] = missing
            if missing_metrics:
                yield index, missing_metrics

    def _measured(self, jobs: Sequence[Job], workers: int) -> Iterator[EvaluatedImage]:
        """Yield picture after picture, in any order."""
        if not jobs or (self.each is None and (workers <= 1 or len(jobs) <= 1)):
            evaluator = Evaluator(self.task)
            with devices.limited_threads(1):  # as workers do: sums depend on their number
                yield from (_evaluated(evaluator, job) for job in jobs)
            return
        yield from (self.each or processes.each)(workers, PRELOAD, _start, self.task, _work, jobs)

    def _costs(self, *, try_out: bool) -> list[Cost]:
        """Return every method's cost; if it is unknown and try_out, measured in a process of its own."""
        keys = [key_of("cost", keys[: len(self.ids)]) for keys in self.keys]
        missing = [method_index for method_index, row in enumerate(self.store.get(keys)) if row is None]
        probe = self._probe() if missing and try_out else None
        if probe:
            for method_index in counted("measuring what each costs", missing):
                cost = self._tried(Probe(self.task.methods[method_index], *probe))
                row = Measurement(states={"cost": cost.model_dump(mode="json")})
                self.store.put([(keys[method_index], encoded(row))])
        return [_cost_in(row) for row in self.store.get(keys)]

    def _tried(self, probe: Probe) -> Cost:
        """Return a method's cost, measured in a process of its own; empty if that is killed."""
        try:
            with processes.pool(1, processes.fresh(PRELOAD), _start, self.task) as pool:
                with held_back():  # a worker that starts while its pool goes would end with a traceback
                    cost = pool.submit(_cost, probe)
                return cost.result()
        except BrokenProcessPool:
            return Cost()

    def _probe(self) -> tuple[str, Picture] | None:
        """Return the first picture that can be read."""
        for index in range(len(self.ids)):
            try:
                sample = self.task.dataset[index]
                return sample.id, Evaluator(self.task).fitted(sample)
            except Exception:  # the rows hold the reason
                continue
        return None


@dataclass(frozen=True)
class ProcessShard:
    """The pictures that this process measures, if accelerate or torchrun started several."""

    rank: int = 0
    count: int = 1

    @classmethod
    def of_this_process(cls, device: str) -> ProcessShard:
        """Return this process's shard; joins the group of processes if there are several."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        from accelerate import PartialState

        state = PartialState(cpu=device == "cpu")
        return cls(state.process_index, state.num_processes)

    def wait(self) -> None:
        """Wait until all processes have measured their shards."""
        if self.count > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()


def _cost_in(row: Measurement | None) -> Cost:
    try:
        return Cost.model_validate(row.states["cost"] if row else {})
    except (KeyError, ValueError):  # somebody changed the store
        return Cost()


_evaluator: Evaluator | None = None


def _start(task: Task) -> None:
    global _evaluator  # one a worker process
    devices.limit_threads(1)
    _evaluator = Evaluator(task)


def _current_evaluator() -> Evaluator:
    if _evaluator is None:
        raise DataError("a worker was asked before it was told what to compare")
    return _evaluator


def _work(job: Job) -> EvaluatedImage:
    try:
        return _evaluated(_current_evaluator(), job)
    except ColorzooError as error:
        raise PluginError(str(error)) from None  # an error with another constructor cannot be unpickled


def _cost(probe: Probe) -> Cost:
    return cost_of(_current_evaluator(), probe)


def _evaluated(evaluator: Evaluator, job: Job) -> EvaluatedImage:
    (index, metrics), task = job, evaluator.task
    if index < len(task.dataset):
        rows = evaluator.measure(index, metrics)
    else:
        rows = measure_sequence(evaluator, task.sequences[index - len(task.dataset)], metrics)
    return index, [(method_index, encoded(row)) for method_index, row in rows]
