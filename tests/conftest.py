"""What all tests share: an isolated environment and small pictures that they make themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.command_line import CommandLine

REAL_DATA = os.environ.get("COLORZOO_DATA")
"""Where real pictures are, if anywhere; tests that need them skip without."""

SLOW = {"cli", "command_line", "environment", "hub", "site", "server", "browser"}
"""Fixtures that start processes and servers: what uses one is slow without a mark of its own."""
SLOW_NAMES = ("test_training_", "test_registration_imports")
"""Tests of the contracts that train and start processes."""

Cli = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out: processes, servers, and the trainings of the contracts."""
    for item in items:
        if SLOW & set(getattr(item, "fixturenames", ())) or item.name.startswith(SLOW_NAMES):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches, data and plugins of the machine out of the tests."""
    monkeypatch.setenv("COLORZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("COLORZOO_DATA", "COLORZOO_PLUGINS", "COLORZOO_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with twelve made pictures in two subfolders."""
    root = tmp_path / "pictures"
    for index in range(12):
        path = root / f"series{index % 2}" / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(synthetic_picture(index)).save(path)
    return root


@pytest.fixture(scope="session")
def command_line() -> Iterator[CommandLine]:
    """Return what runs the command line in processes of their own."""
    with CommandLine() as runner:
        yield runner


@pytest.fixture
def cli(command_line: CommandLine, tmp_path: Path) -> Cli:
    """Return a function that runs the command line in a process of its own."""

    def run(*arguments: object, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **env}
        done = command_line.run(arguments, tmp_path, env)
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Return a real browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """Return the browser of the module; its tabs are closed after the test."""
    yield chromium
    for context in chromium.contexts:
        context.close()
