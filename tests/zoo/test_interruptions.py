"""Ctrl-C at a random moment of a real command: the same command goes on, and loses what it was at."""

import random

import pytest

from bench.interruptions import JOBS, Interruptions


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_what_is_done_is_kept_and_the_end_is_the_same(name, tmp_path, command_line):
    seed = random.randrange(1000)
    report = Interruptions(tmp_path, command_line).measure(name, 1, random.Random(seed))
    assert report["other ends"] == "none", seed
    assert report["units done twice, at most"] <= JOBS[name].twice, seed
