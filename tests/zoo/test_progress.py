"""What a job shows while it works: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import re
import time

import pytest

from colorzoo.cli import progress
from colorzoo.cli.progress import ProgressBars
from tests.zoo.terminal import colorzoo


def told(capsys) -> str:
    """Wait until something is on stderr, and return it."""
    while not (text := capsys.readouterr().err):
        time.sleep(0.01)
    return text


def test_where_nobody_looks_on_a_line_says_what_is_under_way(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.02)
    with ProgressBars() as bars:
        bars.show("first [look]", 12, 12)
        bars.show("pictures", 3, 1200, "four: five")
        assert re.match(r"pictures: 3/1200 after \d+ s, four: five\n", told(capsys))
        bars.show("pictures", 1200, 1200)
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("disable", "rank"), [(True, "0"), (False, "1")])
def test_who_is_not_to_talk_is_silent(capsys, monkeypatch, disable, rank):
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.01)
    monkeypatch.setenv("RANK", rank)
    with ProgressBars(disable=disable) as bars:
        bars.show("pictures", 1, 2)
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_every_part_of_a_comparison_has_a_bar(pictures, tmp_path):
    words = ["compare", "unet", "--data", pictures, "--side", "32", "--limit", "3", "--workers", "2",
             "--device", "cpu"]  # fmt: skip
    shown = colorzoo(tmp_path, words)
    assert shown.status == 0, shown.text
    assert shown.text.strip().startswith(f"comparing unet on {pictures}")
    lines = {line.strip() for line in shown.text.split("\n")}
    assert lines >= {
        "reading what the pictures are", "pictures", "measuring what each costs", "colouring examples"
    }  # fmt: skip
