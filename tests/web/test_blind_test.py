"""The blind test: nobody learns which is which before the answer, and answers are counted right."""

import json

import pytest

from colorzoo.core.compare.results import write_results
from colorzoo.core.errors import ResultsError, UnknownNameError
from colorzoo.web.blind_test import FILE, BlindTest, Preference, wilson, win_rates
from tests.zoo.test_report import results, written_examples


@pytest.fixture
def comparison(tmp_path):
    write_results(results(examples=written_examples(tmp_path / "pictures")), tmp_path / "results.json")
    return tmp_path


def preference(left, right, choice):
    return Preference(key="", time="", picture="p", left=left, right=right, choice=choice)


def test_answers_are_kept_and_told_as_a_win_rate(comparison):
    test = BlindTest(comparison)
    for _ in range(20):
        key = test.ask()
        left, right = (test.picture(key, side) for side in ("left", "right"))
        assert left != right
        better = "left" if left.name == "00-2.jpg" else "right"
        test.answer(key, better)
    (rate,) = BlindTest(comparison).rates()
    assert (rate.answers, rate.ties, rate.shown) == (20, 0, True)
    assert 1.0 in (rate.rate, 1 - rate.rate)
    lines = [json.loads(line) for line in (comparison / FILE).read_text().splitlines()]
    assert {line["left"] for line in lines} == {rate.one, rate.other}  # sides are random
    with pytest.raises(UnknownNameError):
        test.answer(key, "left")


def test_ties_count_half_whatever_the_sides():
    answers = [preference("a", "b", "left"), preference("b", "a", "right"), preference("b", "a", "same")]
    (rate,) = win_rates(answers)
    assert (rate.one, rate.other, rate.answers, rate.ties) == ("a", "b", 3, 1)
    assert rate.rate == pytest.approx(2.5 / 3)
    assert not rate.shown


def test_the_interval_is_wilsons():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # as R's prop.test without correction
    assert wilson(0, 5)[0] == pytest.approx(0, abs=1e-9)
    assert wilson(5, 5)[1] == pytest.approx(1)


def test_a_comparison_without_pictures_is_no_test(tmp_path):
    write_results(results(), tmp_path / "results.json")
    with pytest.raises(ResultsError, match="no picture"):
        BlindTest(tmp_path)
