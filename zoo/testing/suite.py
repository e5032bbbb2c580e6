"""Run the contracts over an installed plugin, and say what came of each."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from colorzoo.core.errors import MissingExtraError, printable
from colorzoo.testing.contract import ContractWarning

PLUGIN = "colorzoo.testing.pytest_plugin"
SUITE = """
from colorzoo.testing import {kind}Contract

class TestPlugin({kind}Contract):
    plugin = {name!r}
    preset = {preset!r}
    config = __import__("json").loads({config!r})
    options = __import__("json").loads({options!r})

    def location(self, tmp_path):
        return {location!r}
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one test: its first line, and the reason where it failed or was not applicable."""

    what: str
    result: Literal["passed", "failed", "skipped"]
    reason: str = ""


@dataclass
class _Recorder:
    """A pytest plugin that records what came of every test."""

    outcomes: list[Outcome] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            line = (item.obj.__doc__ or item.name).strip().splitlines()[0].rstrip(".")
            case = item.callspec.id if hasattr(item, "callspec") else ""
            self.lines[item.nodeid] = f"{line} ({case})" if case else line

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        if issubclass(warning_message.category, ContractWarning):  # of the test that has just ended
            text = printable(str(warning_message.message))
            self.outcomes[-1] = replace(self.outcomes[-1], reason=text)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when != "call" and report.passed:
            return
        if report.when == "teardown":
            return
        result = "skipped" if report.skipped else "passed" if report.passed else "failed"
        self.outcomes.append(Outcome(self.lines[report.nodeid], result, _reason(report)))  # type: ignore[arg-type]


def check(
    kind: str,
    name: str,
    *,
    preset: str = "default",
    config: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    location: str | None = None,
) -> list[Outcome]:
    """Run the contract of a kind over the plugin of that name and return what came of every test.

    preset, config: of a colorizer; fields that make it small. options: run options that it cannot do
    without. location: of a dataset, or a file of a container.

    Raises:
        MissingExtraError: pytest is not installed.
    """
    try:
        import pytest
    except ImportError:
        raise MissingExtraError("checking a plugin", "pytest", "testing") from None

    recorder = _Recorder()
    with tempfile.TemporaryDirectory() as temporary:
        suite = Path(temporary) / "test_plugin.py"
        values = {"preset": preset, "config": json.dumps(dict(config or {})), "location": location,
                  "options": json.dumps(dict(options or {}))}  # fmt: skip
        text = SUITE.format(kind=kind.capitalize(), name=name, **values)
        suite.write_text(text)
        flags = ["-q", "-p", "no:cacheprovider", "-p", PLUGIN, "--import-mode=importlib"]
        paths = ["--rootdir", temporary, "-c", os.devnull, "--basetemp", f"{temporary}/run"]
        with contextlib.redirect_stdout(io.StringIO()), pytest.MonkeyPatch.context() as environment:
            environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take seconds to import
            environment.delenv("PYTEST_ADDOPTS", raising=False)  # which may be theirs
            status = pytest.main([*flags, *paths, str(suite)], plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):  # the plugin ended them
        recorder.outcomes.append(Outcome("The checks run to their end", "failed", f"status {int(status)}"))
    return recorder.outcomes


def _reason(report: Any) -> str:
    """Return the message of a failed assertion, or the reason of a skip, in one line."""
    if report.passed:
        return ""
    if report.skipped:
        text = str(report.longrepr[2])
    else:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = crash.message if crash else str(report.longrepr)
    text = re.sub(r"^(Skipped|AssertionError|colorzoo\.core\.errors\.\w+): ", "", text)
    return printable(text.partition("\nassert")[0])
