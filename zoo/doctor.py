"""What this installation is: versions, devices, plugins and their errors, caches, the way to the Hub."""

from __future__ import annotations

import os
import platform
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from colorzoo.core.announced import FILES
from colorzoo.core.config import Strict
from colorzoo.core.distributions import origin
from colorzoo.core.files import cache_root
from colorzoo.core.hooks import API, PROJECT
from colorzoo.core.jobs.trial_import import import_problems
from colorzoo.core.registry import BUILTIN_DISTRIBUTION, SLOW, RegisteredPlugin, Registry, slowness
from colorzoo.hub import catalog

LIBRARIES = ("torch", "numpy", "pluggy", "pydantic", "typer", "safetensors", "huggingface-hub",
             "opencv-python")  # fmt: skip
"""What the report names the versions of."""


class DistributionReport(Strict):
    """One distribution that brings plugins; problems is empty when all is well, notes are no problems."""

    distribution: str
    version: str
    origin: str
    brings: dict[str, list[str]]
    problems: list[str]
    notes: list[str] = []


class Report(Strict):
    """What `colorzoo doctor` reports."""

    versions: dict[str, str]
    machine: dict[str, str]
    extras: dict[str, str]
    plugins: list[DistributionReport]
    caches: dict[str, str]
    hub: str

    @property
    def healthy(self) -> bool:
        """Whether every plugin loads."""
        return not any(plugin.problems for plugin in self.plugins)


def diagnose(registry: Registry, *, offline: bool = False) -> Report:
    """Return a report of all of it; every class is imported in another process, for at most 20 seconds."""
    return Report(
        versions=versions(),
        machine=machine(),
        extras=extras(),
        plugins=health(registry),
        caches=caches(),
        hub=hub(offline),
    )


def versions() -> dict[str, str]:
    """Return our own version, the plugin API's, Python's and those of what we are built on."""
    python = platform.python_version()
    ours = {"colorzoo": version(BUILTIN_DISTRIBUTION), "plugin API": API, "Python": python}
    return ours | {name: _version(name) for name in LIBRARIES}


def machine() -> dict[str, str]:
    """Return the system, the environment and the devices."""
    import torch

    from colorzoo.core import devices

    return {
        "system": platform.platform(),
        "environment": sys.prefix,
        "devices": ", ".join(devices.available()),
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()}",
        "auto": str(devices.resolve("auto")),
    }


def extras() -> dict[str, str]:
    """Return what each extra lacks, by its name."""
    requirements = [Requirement(line) for line in requires(BUILTIN_DISTRIBUTION) or ()]
    names = metadata(BUILTIN_DISTRIBUTION).get_all("Provides-Extra") or []
    lacking = {extra: _lacking(requirements, extra) for extra in names if extra != "dev"}
    return {
        extra: f"lacks {', '.join(missing)}" if missing else "ready" for extra, missing in lacking.items()
    }


def health(registry: Registry) -> list[DistributionReport]:
    """Return what every distribution announces and which of it cannot be imported."""
    _read_files(registry)
    by_owner: dict[str, list[RegisteredPlugin]] = defaultdict(list)
    for entries in registry.entries.values():
        for item in entries.values():
            by_owner[item.distribution].append(item)
    problems: dict[str, list[str]] = defaultdict(list)
    for failure in registry.failures:
        problems[failure.distribution].append(f"{failure.name}: {failure.reason}")
    for name in without_entry_points():
        problems[name].append(f"its name says plugin, but it has no entry point in the group {PROJECT!r}")
    return [
        DistributionReport(
            distribution=owner,
            version=_version(owner),
            origin=origin(owner),
            brings=_by_kind(by_owner[owner]),
            problems=[*problems[owner], *import_problems(by_owner[owner])],
            notes=_slow(registry, owner),
        )
        for owner in sorted({*by_owner, *problems}, key=lambda name: (name != BUILTIN_DISTRIBUTION, name))
    ]


def without_entry_points() -> Iterable[str]:
    """Return distributions whose name begins with `colorzoo-` and that announce nothing."""
    for installed in distributions():
        name = str(installed.metadata["Name"] or "")
        if name.startswith(f"{PROJECT}-") and not any(
            point.group.startswith(PROJECT) for point in installed.entry_points
        ):
            yield name


def caches() -> dict[str, str]:
    """Return the folders that hold what can be made or fetched again, with their sizes."""
    from huggingface_hub import constants

    folders = {"colorzoo": cache_root(), "Hugging Face Hub": Path(constants.HF_HUB_CACHE)}
    return {name: f"{folder}, {_size(folder)}" for name, folder in folders.items()}


def hub(offline: bool = False) -> str:
    """Return whether the Hub answers within three seconds, in words."""
    import requests
    from huggingface_hub import constants

    if offline or constants.HF_HUB_OFFLINE:
        return f"{constants.ENDPOINT}: not asked, offline"
    try:
        code = requests.head(constants.ENDPOINT, timeout=3).status_code
    except requests.RequestException as error:
        return f"{constants.ENDPOINT}: cannot be reached ({type(error).__name__}); embedded weights work"
    return f"{constants.ENDPOINT}: answers ({code})"


def _read_files(registry: Registry) -> None:
    """Read the files that plugins announce: one that is damaged leaves its plugin out."""

    def read(path: Path, owner: str) -> list[Path]:
        tomllib.loads(path.read_text())
        return [path]

    for hook in FILES:
        registry.gather(hook, read, str)
    catalog.known()


def _slow(registry: Registry, owner: str) -> list[str]:
    return [
        f"{name}: {slowness(seconds)}"
        for name, seconds in registry.seconds.items()
        if seconds > SLOW and registry.owners.get(name, ("", ""))[0] == owner
    ]


def _by_kind(items: Iterable[RegisteredPlugin]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for item in items:
        names[item.kind].append(item.entry.name)
    return names


def _lacking(requirements: Iterable[Requirement], extra: str) -> list[str]:
    """Return the packages of an extra that are not installed."""
    own = [one for one in requirements if one.marker and not one.marker.evaluate({"extra": ""})]
    wanted = [one.name for one in own if one.marker and one.marker.evaluate({"extra": extra})]
    return [name for name in wanted if _version(name) == "missing"]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _size(folder: Path) -> str:
    if not folder.exists():
        return "empty"
    total = sum(
        path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    )
    return f"{total / 1e6:,.1f} MB"
