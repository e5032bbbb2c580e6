"""What pytest loads by itself where colorzoo is installed: contracts that explain themselves."""

from __future__ import annotations

import pytest

from colorzoo.core.hooks import API

pytest.register_assert_rewrite(
    "colorzoo.testing.contract",
    "colorzoo.testing.colorizer_contract",
    "colorzoo.testing.training_contract",
    "colorzoo.testing.dataset_contract",
    "colorzoo.testing.guidance_contract",
    "colorzoo.testing.metric_contract",
)


def pytest_report_header() -> str:
    """Say which plugin API the contracts are of."""
    return f"colorzoo: plugin API {API}"
