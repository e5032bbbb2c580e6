"""Several comparisons of the same protocol as one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from colorzoo.core.compare.bootstrap import pairs_of
from colorzoo.core.compare.results import ExampleImage, Method, MetricFacts, Results
from colorzoo.core.errors import ResultsError

PICTURES = "pictures"


def merge(parts: Sequence[Results]) -> Results:
    """Return the methods of results with the same fingerprint as one; repeated methods count once.

    Metrics that not all of them have are left out.

    Raises:
        ResultsError: they are of different protocols, share no metric, or mean two things by one label.
    """
    first = parts[0]
    for other in parts[1:]:
        _check_same(first, other)
    names = [m.name for m in first.metrics if all(_has(part, m.name) for part in parts)]
    if not names:
        raise ResultsError("these results have no metric in common; compare with the same --metrics")
    metrics = [first.metric(name) for name in names]
    methods = _methods(parts, metrics)
    return first.model_copy(
        update={
            "runs": [run for part in parts for run in part.runs],
            "command": "\n".join(dict.fromkeys(part.command for part in parts if part.command)),
            "ranked_by": first.ranked_by if first.ranked_by in names else names[0],
            "metrics": metrics,
            "methods": methods,
            "pairs": pairs_of(methods, metrics),
            "examples": [e for number, part in enumerate(parts) for e in _renamed_examples(number, part)],
        }
    )


def copy_pictures(parts: Sequence[Results], folders: Sequence[Path], out: Path) -> None:
    """Copy the pictures that merged results show; parts and their folders in the order of `merge`."""
    (out / PICTURES).mkdir(parents=True, exist_ok=True)
    for number, (part, folder) in enumerate(zip(parts, folders, strict=True)):
        for example in part.examples:
            for name in _files(example):
                if (folder / PICTURES / name).is_file():
                    shutil.copyfile(folder / PICTURES / name, out / PICTURES / _renamed(number, name))


def same_method(one: Method, other: Method) -> bool:
    """Return whether two lines are of one method: its label, plugin, weights, options and their files."""
    return one.label == other.label and _source(one) == _source(other) and not _files_differ(one, other)


def _check_same(one: Results, other: Results) -> None:
    if one.fingerprint == other.fingerprint and one.pictures == other.pictures:
        return
    first, second = (results.protocol.model_dump(exclude={"data"}) for results in (one, other))
    apart = [f"{name} {first[name]} and {second[name]}" for name in first if first[name] != second[name]]
    raise ResultsError(
        "these results do not belong together, since they differ in "
        f"{'; '.join(apart) or 'the pictures that could be read'}; compare again with the same settings"
    )


def _has(part: Results, metric: str) -> bool:
    return any(known.name == metric for known in part.metrics)


def _methods(parts: Sequence[Results], metrics: Sequence[MetricFacts]) -> list[Method]:
    """Return every method once; the same label must mean the same thing."""
    methods: dict[str, Method] = {}
    runs = 0
    for part in parts:
        for method in part.methods:
            values = {metric.name: method.values[metric.name] for metric in metrics}
            merged = method.model_copy(update={"run": method.run + runs, "values": values})
            known = methods.setdefault(method.label, merged)
            if not same_method(known, merged):
                raise ResultsError(
                    f"{method.label} means two things: {_identity(known)} and {_identity(merged)}; "
                    "compare one of them under another name, such as the path of its weights"
                )
        runs += len(part.runs)
    return sorted(methods.values(), key=lambda method: method.baseline)


def _source(method: Method) -> str:
    weights = f"weights {method.weights.sha256[:16]}" if method.weights else "no weights"
    return f"{method.plugin} of {method.distribution}, {weights}, options {dict(method.options)}"


def _identity(method: Method) -> str:
    names = [name for name in method.depends if name.partition(" ")[0] in ("option", "config", "member")]
    return ", ".join([_source(method), *(f"{name} {method.depends[name][:16]}" for name in names)])


def _files_differ(one: Method, other: Method) -> bool:
    """Return whether files or members changed; code is left to the version, older results record none."""
    first, second = ({k: v for k, v in m.depends.items() if k != "code"} for m in (one, other))
    return bool(one.depends and other.depends) and first != second


def _renamed_examples(number: int, part: Results) -> list[ExampleImage]:
    """Return what a part shows, its files under names of their own."""
    return [
        example.model_copy(
            update={
                "gray": _renamed(number, example.gray),
                "original": _renamed(number, example.original),
                "samples": {
                    label: [_renamed(number, name) for name in names]
                    for label, names in example.samples.items()
                },
            }
        )
        for example in part.examples
    ]


def _renamed(number: int, name: str) -> str:
    return f"{number}-{name}"


def _files(example: ExampleImage) -> list[str]:
    return [
        example.gray,
        example.original,
        *(name for names in example.samples.values() for name in names),
    ]
