"""A short run of every campaign, and that the watch sees what it is there to see."""

from __future__ import annotations

import importlib
import sys

import pytest

from bench.campaigns.campaign import run
from tests.misbehaviour import Misbehaviour

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and /proc are Linux's")
SHORT = {
    "pictures": range(40),
    "archives": range(20),
    "state": range(5),
    "hub": range(8),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_short_campaign(name, tmp_path):
    kind = importlib.import_module(f"bench.campaigns.{name}").Campaign
    report = run(
        kind, SHORT[name], 0, tmp_path / "work", limit=200
    )  # for what hangs: a machine may be busy
    assert report.cases == len(SHORT[name])
    assert not report.causes, "\n".join(f"{cause} {cases}" for cause, cases in report.causes.items())


def did(tmp_path, *names: str, limit: float = 30):
    """Return the report on cases that do what they are named after."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "names.txt").write_text(" ".join(names))
    report = run(Misbehaviour, range(len(names)), 0, work, kept=tmp_path / "kept", limit=limit)
    assert (work / "names.txt").read_text() == " ".join(names)
    return report


def test_what_is_no_failure(tmp_path):
    report = did(tmp_path, "behave", "refuse", "behave")
    assert report.verdicts == {"read": 2, "refused": 1}
    assert not list(tmp_path.glob("kept/*"))


WRONG = {
    "write": "outside: open", "remove": "outside: os.remove", "rename": "outside: os.rename",
    "start": "outside: subprocess", "connect": "outside: socket.connect", "crash": "KeyError",
    "shout": "4 lines", "paint": "control characters", "status": "status 5",
}  # fmt: skip


def test_everything_that_is_wrong_is_a_failure(tmp_path):
    report = did(tmp_path, *WRONG, "behave")
    assert report.verdicts == {"failed": len(WRONG), "read": 1}
    causes = {case: cause for cause, cases in report.causes.items() for case in cases}
    for case, expected in enumerate(WRONG.values()):
        assert expected in causes[case]
    assert len(list(tmp_path.glob("kept/*/outcome.txt"))) == len(WRONG)


@pytest.mark.parametrize(
    ("name", "limit", "expected"), [("hang", 1, "longer than 1 s"), ("die", 30, "died, 3")]
)
def test_a_worker_that_hangs_or_dies_is_a_failure_and_the_next_goes_on(tmp_path, name, limit, expected):
    report = did(tmp_path, name, name, limit=limit)
    assert report.cases == report.verdicts["failed"] == 2
    assert all(cause.startswith(expected) for cause in report.causes)
