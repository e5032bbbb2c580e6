"""The blind test in a real browser: two pictures without names, keys, answers that are kept and counted."""

import json
import shutil

import pytest

from colorzoo.core.compare.results import write_results
from colorzoo.web.blind_test import FILE
from tests.servers.web_server import WebServer
from tests.web.conftest import objections, watched
from tests.zoo.test_report import HOSTILE, results, written_examples

pytestmark = pytest.mark.slow
METHODS = ("good", HOSTILE)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    write_results(results(examples=written_examples(folder / "pictures")), folder / "results.json")
    return folder


@pytest.fixture(scope="module")
def server(comparison, tmp_path_factory):
    if not shutil.which("chromium"):
        pytest.skip("no chromium on this machine: apt-get install chromium")
    folder = tmp_path_factory.mktemp("report")
    with WebServer(folder, str(comparison), verb=("report", "open")) as running:
        yield running


def test_nobody_knows_which_is_which_until_the_answer(browser, server, comparison):
    tab = watched(browser, server)
    tab.goto(f"{server.url}/blind")
    for count, key in enumerate(("ArrowLeft", "ArrowRight", "ArrowDown"), start=1):
        tab.wait_for_selector("#same:not([disabled])")
        sides = [tab.get_attribute(f"#{side}-picture", "src") for side in ("left", "right")]
        assert sides[0] != sides[1]
        shown = f"{tab.inner_text('body')} {sides}" if count == 1 else ""
        assert not any(name in shown for name in METHODS)
        tab.keyboard.press(key)
        tab.wait_for_selector(f"body[data-answers='{count}']")
    assert "No difference" in tab.inner_text("#told")
    lines = [json.loads(line) for line in (comparison / FILE).read_text().splitlines()]
    assert [line["choice"] for line in lines] == ["left", "right", "same"]
    assert {name for line in lines for name in (line["left"], line["right"])} == set(METHODS)
    tab.click("#show")
    tab.wait_for_selector("#rates li >> text=3 answers, 1 without difference")
    one, other = sorted(METHODS)
    assert f"{one} over {other}" in tab.inner_text("#rates")
    assert "no preference shown" in tab.inner_text("#rates")
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert objections(tab) == []
    assert tab.problems == []


def test_the_report_is_there_and_complains_of_nothing(browser, server):
    tab = watched(browser, server)
    tab.goto(f"{server.url}/report")
    assert tab.locator("h1").count() == 1
    assert tab.locator("img").count() > 0
    assert objections(tab) == []
    assert tab.problems == []
