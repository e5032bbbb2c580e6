"""What all contracts share."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from colorzoo.core.errors import DataError, MetricError, MissingExtraError
from colorzoo.core.registry import RegisteredPlugin, registry

HEAVY = ("torch", "cv2", "tensorflow", "onnxruntime", "transformers", "diffusers")
SCRIPT = f"""
import sys
from colorzoo.core.registry import registry
registry()
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""


class Contract:
    """What every plugin must do; `plugin` is the name that users type."""

    plugin: ClassVar[str]
    kind: ClassVar[str]

    @property
    def registered(self) -> RegisteredPlugin:
        """The announced class."""
        return registry().find(self.kind, self.plugin)

    @property
    def target(self) -> type[Any]:
        """The class itself."""
        return self.registered.load()

    def test_registration_imports_nothing_heavy(self) -> None:
        """Listing plugins stays fast: announcing imports no torch."""
        status, loaded, problem = imported_by(self.registered.plugin)
        assert status == 0, f"loading the plugin alone fails: {problem}"
        assert not loaded, (
            f"registering imports {', '.join(loaded)}: keep the module of the entry point free of them; "
            'Entry names its target as text ("package.module:Class")'
        )

    def test_it_says_what_it_is(self) -> None:
        """The listing has a summary, and the name follows the rules."""
        entry = self.registered.entry
        assert entry.summary, 'give Entry a summary: Entry(name, target, "one line")'
        assert re.fullmatch(r"[a-z0-9][a-z0-9@-]*", entry.name), (
            f"{entry.name!r}: names are lower case letters and digits with dashes"
        )


@functools.cache
def imported_by(plugin: str) -> tuple[int, list[str], str]:
    """Return exit status, heavy modules and last words of a process that loads one entry point alone."""
    env = {**os.environ, "COLORZOO_PLUGINS": plugin, "COLORZOO_STRICT_PLUGINS": "1"}
    command = [sys.executable, "-c", SCRIPT]
    process = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    return process.returncode, process.stdout.split(), process.stderr[-500:]


class ContractWarning(UserWarning):
    """A check that is new in this version fails; in the next version it is an error."""


def new_check(test: Callable[..., None]) -> Callable[..., None]:
    """Let a check that is new warn for one version, before it fails."""

    @functools.wraps(test)
    def warned(*values: Any, **named: Any) -> None:
        try:
            test(*values, **named)
        except AssertionError as problem:
            text = str(problem).partition("\nassert")[0]
            warnings.warn(f"{text}; the next version makes this an error", ContractWarning, stacklevel=2)

    return warned


def build_or_skip(build: Any) -> Any:
    """Return what `build` makes; where an extra or the data is missing, skip with the plugin's words.

    Any other error is one of the plugin, or of the configuration that it is checked with.
    """
    try:
        return build()
    except (MissingExtraError, DataError, MetricError) as error:
        pytest.skip(str(error))
