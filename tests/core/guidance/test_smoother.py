"""The fast global smoother, against the linear systems that it solves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorzoo.core.guidance.smoother import smooth, solve


def reference(values, weights):
    """Solve the same system for one line by a dense matrix in double precision."""
    length = len(values)
    matrix = np.eye(length)
    for index, weight in enumerate(weights.astype(float)):
        matrix[index : index + 2, index : index + 2] += weight * np.array([[1, -1], [-1, 1]])
    return np.linalg.solve(matrix, values.astype(float))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 100.0, 20_000.0]))
def test_lines_are_solved_exactly(length, seed, smoothness):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(length, 2, 3)).astype(np.float32)
    weights = (smoothness * rng.uniform(size=(length - 1, 3)) ** 8).astype(np.float32)
    solved = values.copy()
    solve(solved, weights)
    for plane in range(2):
        for line in range(3):
            expected = reference(values[:, plane, line], weights[:, line])
            np.testing.assert_allclose(solved[:, plane, line], expected, atol=2e-3, rtol=0)


def test_a_constant_stays_what_it_is():
    guide = np.random.default_rng(0).uniform(size=(30, 50)).astype(np.float32)
    planes = np.full((2, 30, 50), 0.25, np.float32)
    np.testing.assert_allclose(smooth(planes, guide, smoothness=2e4, sigma=0.04), planes, atol=1e-3)


def test_values_spread_in_flat_regions_and_stop_at_edges():
    guide = np.zeros((40, 60), np.float32)
    guide[:, 30:] = 1
    planes = np.zeros((1, 40, 60), np.float32)
    planes[0, 20, 10] = 1
    (spread,) = smooth(planes, guide, smoothness=2e4, sigma=0.04)
    assert spread[:, :30].min() > 0.3 * spread[:, :30].max()
    assert spread[:, 30:].max() < 1e-4 * spread[:, :30].min()
    assert spread.sum() == pytest.approx(1, rel=1e-2)  # nothing is lost


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_the_smallest_pictures(size):
    planes, guide = np.ones((1, *size), np.float32), np.zeros(size, np.float32)
    np.testing.assert_allclose(smooth(planes, guide, smoothness=1e4, sigma=0.04), planes, rtol=1e-3)
