"""The leaderboard: its folder, its check, and its page in a browser."""

import pytest

from colorzoo.core.compare.published import find_protocol
from colorzoo.core.compare.results import Environment, Results, read_results, write_results
from colorzoo.core.errors import ResultsError
from colorzoo.report.check import problems, problems_between
from colorzoo.report.leaderboard import boards, leaderboard, write_leaderboard
from tests import leaderboard_page
from tests.zoo.test_protocols import mine
from tests.zoo.test_report import HOSTILE, METRICS, baselines, method, results, two
from tests.zoo.test_report_page import BEYOND, opened


@pytest.mark.parametrize("path", leaderboard_page.FILES, ids=lambda path: path.stem)
def test_every_file_of_the_leaderboard_may_stand_there(path):
    assert problems(read_results(path)) == []


def test_the_leaderboards_pictures_are_the_same_and_its_page_is_current():
    named = {path.name: read_results(path) for path in leaderboard_page.FILES}
    assert len(named) >= 2
    assert problems_between(named) == []
    for name, text in {
        leaderboard_page.SCHEMA: leaderboard_page.schema(),
        "index.html": leaderboard_page.page(),
    }.items():
        assert (leaderboard_page.FOLDER / name).read_text() == text, "run: make docs"


def measured(*methods, **changes):
    """Return results as `colorzoo compare` writes them under a protocol that is known here."""
    found = results(*methods).model_copy(update={"published": find_protocol("berkeley-photos")})
    return found.model_copy(update={"command": "colorzoo compare good", **changes})


def altered(found, number=0, **changes):
    """Return results with other facts of one method."""
    methods = [*found.methods]
    methods[number] = methods[number].model_copy(update=changes)
    return found.model_copy(update={"methods": methods})


def test_sound_results_have_no_problem():
    assert problems(measured()) == []


def test_whatever_was_changed_is_named():
    found = measured()
    error = found.methods[0].values["error"]

    def valued(**changes):
        return altered(found, values={**found.methods[0].values, "error": error.model_copy(update=changes)})

    pairs = [found.pairs[0].model_copy(update={"wins": 1.0}), *found.pairs[1:]]
    unsigned = found.methods[0].weights.model_copy(update={"sha256": "?", "license": " "})
    run = found.runs[0].model_copy(update={"device": ""})
    mild = find_protocol("berkeley-photos").model_copy(
        update={"settings": find_protocol("lfw-faces").settings.model_copy(update={"side": 1})}
    )
    wrong = {
        "good: error is 1.0, the mean of its pictures": valued(value=1.0),
        "good: the interval of error is not that of its pictures": valued(low=error.low - 1),
        "their difference in error is not that": found.model_copy(update={"pairs": pairs}),
        "its pairs are not those of its methods": found.model_copy(update={"pairs": found.pairs[1:]}),
        "good: the sha256 of its weights is not told": altered(found, weights=unsigned),
        "good: the licence of its weights is not told": altered(found, weights=unsigned),
        "good: the version of d is not told": altered(found, distribution="d"),
        "good: no run 4 measured it": altered(found, run=3),
        "run 1: device not told": found.model_copy(update={"runs": [run]}),
        "its command is not told": found.model_copy(update={"command": ""}),
        "it names no protocol": found.model_copy(update={"published": None}),
        "protocol 'mine' is not known here": found.model_copy(update={"published": mine()}),
        "protocol 'berkeley-photos' is another here": found.model_copy(update={"published": mild}),
        "it names 40 pictures, and holds 39": found.model_copy(update={"pictures": found.pictures[1:]}),
    }
    for message, bad in wrong.items():
        if len(bad.pictures) == 40:
            assert any(message in line for line in problems(bad)), message
    assert "its pictures" in str(problems(valued(value=None)))


def test_other_pictures_of_the_same_protocol_are_named():
    one = measured()
    other = results(data_fingerprint="e" * 64).model_copy(update={"published": one.published})
    assert problems_between({"a": one, "b": one}) == []
    assert problems_between({"a": one, "b": other}) == [
        "b: other pictures than a, of the same protocol and number"
    ]


def test_what_may_not_be_ranked_together_stands_apart():
    faster = method("faster", 1)
    gpu = Environment(colorzoo="1", torch="2", python="3", platform="linux", device="cuda (X)")
    second = results(faster, *two(), *baselines()).model_copy(update={"runs": [gpu]})
    other = results(samples=2)
    (first, apart) = boards([results(), second, other])
    labels = [entry.method.label for entry in first.entries]  # each once a machine
    assert labels == ["oracle"] * 2 + ["good"] * 2 + ["faster"] + [HOSTILE] * 2 + ["grey"] * 2
    assert len(boards([results(), results()])[0].entries) == 4
    assert first.machines == ["cpu, linux", "cuda (X), linux"]
    assert len(apart.parts) == 1
    text = leaderboard([results(), second, other])
    assert "2 machines measured these lines; their milliseconds are not comparable" in text
    assert text.count('<section class="board"') == 2
    assert "<script>alert(1)" not in text
    assert "not the protocol: 40 of 68 pictures" in leaderboard([measured()])
    fewer = METRICS[:1]
    assert [m.name for m in boards([results(metrics=fewer), results()])[0].metrics] == ["error", "likeness"]


@pytest.fixture
def board(tmp_path):
    small = method("small", 2).model_copy(
        update={"weights": None, "cost": method("small", 2).cost.model_copy(update={"parameters": 9000})}
    )
    paper = results(samples=3, seed=1).model_copy(update={"published": mine()})
    write_leaderboard([results(small, *two(), *baselines()), paper], tmp_path / "board.html")
    return tmp_path / "board.html"


LABELS = """[...document.querySelectorAll('#board-2 .ranks tbody tr:not([hidden]) > th')]
    .map(head => head.dataset.value)"""


def test_filters_and_sorting_by_keyboard(browser, board):
    tab, problems_seen = opened(browser, board)
    assert tab.evaluate(LABELS) == ["oracle", "good", "small", HOSTILE, "grey"]
    assert tab.locator("#shown").inner_text() == "5 of 5 methods"
    tab.get_by_label("Parameters").select_option("up to 1 million")
    assert tab.evaluate(LABELS) == ["oracle", "small", "grey"]
    tab.get_by_label("baselines").focus()
    tab.keyboard.press("Space")
    assert tab.evaluate(LABELS) == ["small"]
    assert tab.locator("#shown").inner_text() == "1 of 5 methods"
    assert tab.locator("#board-1 .none").is_visible()
    tab.get_by_role("button", name="Reset").press("Enter")
    assert tab.locator("#shown").inner_text() == "5 of 5 methods"
    tab.get_by_label("Licence").select_option("cc0")
    assert tab.evaluate(LABELS) == ["oracle", "good", HOSTILE, "grey"]
    tab.locator("#board-2 .sort", has_text="likeness").press("Enter")
    assert tab.evaluate(LABELS)[-2:] == [HOSTILE, "grey"]
    tab.locator("select[name=domain]").select_option("photo")
    assert [tab.locator(f"#board-{n}").is_visible() for n in (1, 2)] == [True, False]
    assert problems_seen == []


def test_without_script_it_is_a_sorted_table(browser, board):
    tab = browser.new_page(java_script_enabled=False)
    tab.goto(board.as_uri())
    rows = tab.locator("#board-2 .ranks tbody tr > th")
    assert [row.get_attribute("data-value") for row in rows.all()][:3] == ["oracle", "good", "small"]
    assert not tab.locator("#filters").is_visible()
    assert tab.locator("#board-1 .papers td.paper", has_text="19.5").first.is_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_cut(browser, board, width):
    for scheme in ("light", "dark"):
        tab, problems_seen = opened(
            browser, board, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert [text for text in tab.evaluate(BEYOND) if width < 500] == []
        assert problems_seen == []


@pytest.mark.slow
def test_from_the_command_line(cli, tmp_path):
    write_results(measured(), tmp_path / "one.json")
    write_results(measured(*two(), *baselines()).model_copy(update={"command": ""}), tmp_path / "two.json")
    assert cli("report", "merge", "one.json", "two.json", "-o", "board.html").stdout == "board.html\n"
    assert "Leaderboard" in (tmp_path / "board.html").read_text()
    assert cli("report", "check", "one.json").stdout == "1 fit for the leaderboard\n"
    done = cli("report", "check", "one.json", "two.json", code=1)
    assert done.stdout == "two.json: its command is not told\n"
    (tmp_path / "two.json").write_text(
        (tmp_path / "one.json").read_text().replace('"side":256', '"side":25')
    )
    with pytest.raises(ResultsError, match="the file was changed"):
        read_results(tmp_path / "two.json")
    assert isinstance(read_results(tmp_path / "one.json"), Results)
