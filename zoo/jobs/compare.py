"""A comparison from names and addresses to results."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from colorzoo.core import config, devices
from colorzoo.core.compare.evaluator import Task
from colorzoo.core.compare.examples import write_examples
from colorzoo.core.compare.measurements import MeasurementStore
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.over_hints import compared_over_hints
from colorzoo.core.compare.published import find_protocol
from colorzoo.core.compare.readable import fingerprint_of
from colorzoo.core.compare.results import FILE, Protocol, Results, write_results
from colorzoo.core.compare.simulation import Simulation
from colorzoo.core.compare.source_guidance import SourceGuidance
from colorzoo.core.data.combine import Subset
from colorzoo.core.errors import ConfigError, DataError
from colorzoo.core.files import cache_root, folder_lock
from colorzoo.core.interfaces.dataset import Dataset, Progress
from colorzoo.core.interfaces.metric import Metric
from colorzoo.core.interfaces.sequence_metric import SequenceMetric
from colorzoo.core.registry import RegisteredPlugin, registry
from colorzoo.hub import catalog
from colorzoo.jobs.cluster_work import cluster_work
from colorzoo.jobs.compare_options import CompareOptions
from colorzoo.jobs.datasets import open_dataset, source_of

PICTURES = "pictures"
"""Folder of the picture files beside results.json."""
HIDDEN, FIGURES = ".compare", "figures"


def compare(
    methods: Sequence[str],
    data: str,
    out: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    command: str = "",
    **options: object,
) -> Results | None:
    """Compare colorizers on a dataset, with all baselines; `out` gets results.json and pictures.

    methods: `NAME`, `NAME:WEIGHTS`, with `,key=value` for run options. data: an address. options: those of
    `CompareOptions`. None in all but the first of several processes.
    """
    given = config.validate(CompareOptions, options, "compare")
    published = find_protocol(given.protocol) if given.protocol else None
    given = given.following(published) if published else given
    accelerated = given.engine != "local" and devices.resolve(given.device).type != "cpu"
    each = cluster_work(given.engine, given.address, accelerated=accelerated)
    with working_in(Path(out) if out is not None else None):
        task = task_of(methods, data, given)
        store = MeasurementStore(cache_root() / "compare" / "measured.sqlite")
        results = compared_over_hints(task, store, given.workers, progress, each=each)
        if results is None:
            return None
        results = results.model_copy(update={"command": command, "published": published})
        if out is None:
            return results
        results = write_examples(task, results, Path(out) / PICTURES)
        write_results(results, Path(out) / FILE)
        return results


@contextmanager
def working_in(out: Path | None) -> Iterator[None]:
    """Hold the folder of a comparison for this process, where it is the first of several."""
    if out is None or os.environ.get("RANK", "0") != "0":
        yield
        return
    with folder_lock(out / HIDDEN):
        for folder in (out, out / PICTURES, out / FIGURES):
            for half in folder.glob(".*.part"):  # of a process that was killed
                half.unlink()
        yield


def task_of(methods: Sequence[str], data: str, options: CompareOptions) -> Task:
    """Return what is to be compared; what is wrong raises before anything is computed."""
    compared = methods_of(methods)
    metrics = metrics_of(options.metrics, options.samples)
    simulation = Simulation.parse(options.simulate)
    over = [name for name, kind in metrics.items() if issubclass(kind, SequenceMetric)]
    if over and options.limit:
        raise ConfigError(
            f"--limit takes pictures out of their sequences; leave it out for {', '.join(over)}"
        )
    dataset = open_dataset(data, options.split, prefer=source_of(data)[0].compared_split)
    if options.limit is not None and options.limit < len(dataset):
        dataset = Subset(dataset, options.limit)
    train = _train(data, dataset)
    said = SourceGuidance.of(dataset) if options.guidance else SourceGuidance()
    protocol = Protocol(
        data=data,
        split=dataset.split,
        pictures=_count(dataset, data),
        data_fingerprint=fingerprint_of(dataset),
        simulate=simulation.text,
        said=said.fingerprint,
        train_fingerprint=fingerprint_of(train),
        train_is_measured=train is dataset,
        **options.model_dump(include={"side", "fit", "samples", "seed"}),
    )
    task = Task(compared, dataset, train, protocol, metrics, _device(options.device), said)
    if task.over_sequences and not task.sequences:
        alone = f"every picture of {data} is alone in its folder"
        raise DataError(f"--metrics {', '.join(over)}: measured over sequences, but {alone}")
    if simulation.reference and not task.following:
        raise DataError(f"--simulate reference=next: every picture of {data} is alone in its folder")
    return task


def methods_of(specs: Sequence[str]) -> list[ComparedMethod]:
    """Return what was named, and all baselines that were not."""
    methods = [_method(spec) for spec in specs]
    twice = {c.label for c in methods if [other.label for other in methods].count(c.label) > 1}
    if twice:
        raise ConfigError(f"{', '.join(sorted(twice))}: named twice; a method takes part once")
    named = {method.label for method in methods}
    baselines = [name for name, item in _colorizers().items() if item.entry.baseline and name not in named]
    return methods + [_method(name) for name in baselines]


def metrics_of(names: Sequence[str] | None, samples: int) -> dict[str, type[Metric]]:
    """Return the classes of the named metrics, or of all measured by default; the first one ranks.

    Where that takes the best of several samples, the metric of one answer is measured too, and ranks.
    """
    if names:
        kinds = {name: registry().find("metric", name).load() for name in names}
        kinds |= _beside(kinds)
        once = kinds[names[0]].asked_once
        if once and samples > 1:
            kinds = {once: registry().find("metric", once).load()} | kinds
        short = [name for name, kind in kinds.items() if kind.min_samples > samples]
        if short:
            least = max(kinds[name].min_samples for name in short)
            raise ConfigError(f"{', '.join(short)}: needs --samples {least} or more, got {samples}")
    else:
        every = {name: item.load() for name, item in registry().entries["metric"].items()}
        kinds = {n: kind for n, kind in every.items() if kind.default and kind.min_samples <= samples}
    for kind in kinds.values():
        kind()  # one that cannot be measured here says so now
    return kinds


def _beside(named: Mapping[str, type[Metric]]) -> dict[str, type[Metric]]:
    """Return the error that is measured beside metrics over sequences alone: by these grey is best."""
    if not all(issubclass(kind, SequenceMetric) for kind in named.values()):
        return {}
    every = {name: item.load() for name, item in registry().entries["metric"].items()}
    return dict([next(pair for pair in every.items() if pair[1].default and pair[1].best_of == 1)])


def _method(spec: str) -> ComparedMethod:
    """Return the method that NAME[:WEIGHTS][,key=value...] means."""
    who, *pairs = spec.split(",")
    name, _, weights = who.partition(":")
    item = registry().find("colorizer", name)
    kind = item.load()
    given = config.completed(kind.Options, config.parse_pairs(pairs, kind.Options))
    fixed = given.keys() & {"samples", "seed"}
    if fixed:
        raise ConfigError(f"{spec}: {', '.join(sorted(fixed))} is the same for all; use --samples, --seed")
    config.validate(kind.Options, given, spec)
    return ComparedMethod(
        label=spec,
        plugin=name,
        kind=kind,
        folder=catalog.find(name, weights or None),
        options=given,
        baseline=item.entry.baseline,
        distribution=f"{item.distribution} {item.version}".strip(),
    )


def _colorizers() -> dict[str, RegisteredPlugin]:
    return registry().entries["colorizer"]


def _train(address: str, measured: Dataset) -> Dataset:
    """Return what baselines are fitted on: the train split, or what is measured if that is part of it."""
    kind, location = source_of(address)
    if "train" not in kind.splits_at(location) or measured.split in ("train", "all"):
        return measured
    train = open_dataset(address, "train")
    return train if len(train) else measured


def _count(dataset: Dataset, address: str) -> int:
    if not len(dataset):
        raise DataError(
            f"{address}: split {dataset.split!r} holds no pictures; `colorzoo data info {address}` shows "
            "what the splits hold"
        )
    return len(dataset)


def _device(name: str) -> str:
    """Return the device of this process; each of several takes one of its own."""
    device = devices.resolve(name)
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return f"cuda:{os.environ['LOCAL_RANK']}" if several and device.type == "cuda" else str(device)
