"""What pytest loads by itself where colorzoo is installed: contracts that explain themselves."""

from __future__ import annotations

import pytest

from colorzoo.core.hooks import API

pytest.register_assert_rewrite(
    "colorzoo.testing.base",
    "colorzoo.testing.colorizers",
    "colorzoo.testing.datasets",
    "colorzoo.testing.metrics",
)


def pytest_report_header() -> str:
    """Say which plugin API the contracts are of."""
    return f"colorzoo: plugin API {API}"
