"""The page of a report in a real browser: light, dark, at three widths, by mouse and by keyboard."""

import pytest

from colorzoo.report.html import write_report
from tests.zoo.test_report import (
    HOSTILE,
    METRICS,
    PICTURES,
    baselines,
    method,
    results,
    two,
    written_examples,
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(results(examples=written_examples(folder / "pictures")), folder)
    return folder / "report.html"


def opened(browser, report, **options):
    """Open the page; whatever it complains about or asks for is collected."""
    tab = browser.new_page(**options)
    problems = []
    tab.on("console", lambda message: problems.append(message.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("request", lambda r: problems.append(r.url) if r.url.startswith(("http", "ws")) else None)
    tab.goto(report.as_uri())
    return tab, problems


def unfold(tab):
    tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def test_the_page_in_a_browser(browser, report):
    tab, problems = opened(browser, report)
    assert tab.evaluate("[...document.images].filter(i => i.src && !i.naturalWidth).length") == 0
    assert tab.evaluate("document.images.length") >= 6
    assert tab.locator("h1").inner_text() == f"good and {HOSTILE}"
    assert tab.locator(".missing").count() == 1
    headings = tab.locator("h2:visible").all_inner_texts()
    assert headings[:3] == ["Pictures", "Verdict", "Ranking"]
    assert "good is best" in tab.locator(".verdict").inner_text()
    assert not tab.locator("#pairs").is_visible()

    unfold(tab)
    rows = tab.locator("#pairs tbody tr:visible")
    assert {row.get_attribute("data-metric") for row in rows.all()} == {"error"}
    assert tab.locator("#metric option").count() == 1  # of the other there are no values a picture
    assert not problems


def test_the_dialog_goes_on_to_other_pictures_and_sets_any_two_methods_side_by_side(browser, tmp_path):
    examples = written_examples(tmp_path / "pictures")[:1]
    second = examples[0].model_copy(update={"picture": PICTURES[5]})
    write_report(results(examples=[*examples, second]), tmp_path)
    tab, problems = opened(browser, tmp_path / "report.html")
    picture = tab.locator(".picture[data-kind=sample]").first
    picture.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#viewer").is_visible()
    chosen = "['left', 'right'].map(id => document.getElementById(id).value)"
    assert tab.evaluate(chosen) == ["grey", "good"]
    assert (tab.locator("#count").inner_text(), tab.locator("#viewer-title").inner_text()) == (
        "1 of 2", PICTURES[3])  # fmt: skip
    gray = tab.locator("#before").get_attribute("src")
    tab.locator("#left").select_option(HOSTILE)
    assert tab.locator("#before").get_attribute("src") != gray

    tab.locator("#wipe").focus()
    clip = "getComputedStyle(document.getElementById('after')).clipPath"
    tab.keyboard.press("ArrowUp")
    assert "51" in tab.evaluate(clip)
    tab.keyboard.press("ArrowRight")  # also from the slider
    assert tab.locator("#viewer-title").inner_text() == PICTURES[5]
    assert tab.evaluate(chosen) == [HOSTILE, "good"]
    tab.locator("#next").click()
    assert tab.locator("#count").inner_text() == "1 of 2"
    tab.keyboard.press("ArrowLeft")
    assert tab.locator("#count").inner_text() == "2 of 2"
    tab.keyboard.press("Escape")
    assert not tab.locator("#viewer").is_visible()
    assert tab.evaluate("document.activeElement.dataset.name") == "good"
    assert not problems


def test_headings_sort_by_keyboard_too(browser, report):
    tab, problems = opened(browser, report)
    names = "[...document.querySelectorAll('#ranking tbody th')].map(head => head.dataset.value)"
    assert tab.evaluate(names) == ["oracle", "good", HOSTILE, "grey"]
    likeness = tab.locator("#ranking .sort", has_text="likeness")
    likeness.focus()
    tab.keyboard.press("Enter")  # higher is better: 0.5, 0.5, 0.42, 0.38
    assert tab.evaluate(names) == ["oracle", "good", HOSTILE, "grey"]
    tab.keyboard.press("Space")
    assert tab.evaluate(names)[:2] == ["grey", HOSTILE]
    head = tab.locator("#ranking th[aria-sort=ascending]")
    assert (head.count(), head.inner_text().startswith("likeness")) == (1, True)
    tab.locator("#ranking .sort", has_text="method").click()
    assert tab.evaluate(names) == [HOSTILE, "good", "grey", "oracle"]
    assert not problems


def test_the_metric_can_be_chosen(browser, tmp_path):
    second = METRICS[0].model_copy(update={"name": "second"})
    methods = [m.model_copy(update={"values": {**m.values, "second": m.values["error"]}}) for m in two()]
    write_report(results(*methods, metrics=[*METRICS, second]), tmp_path)
    tab, problems = opened(browser, tmp_path / "report.html")
    unfold(tab)
    tab.locator("#metric").select_option("second")
    rows = tab.locator("#pairs tbody tr:visible")
    assert [row.get_attribute("data-metric") for row in rows.all()] == ["second"]
    assert not problems


def test_light_and_dark(browser, report):
    luminance = (
        "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).slice(0, 3)"
        ".reduce((a, b) => a + Number(b), 0)"
    )
    ink = (
        "getComputedStyle(document.querySelector('.figure text.ink')).fill.match(/\\d+/g)"
        ".reduce((a, b) => a + Number(b), 0)"
    )
    light, _ = opened(browser, report, color_scheme="light")
    dark, problems = opened(browser, report, color_scheme="dark")
    assert light.evaluate(luminance) > 600 > 200 > dark.evaluate(luminance)
    assert light.evaluate(ink) < 200 < 600 < dark.evaluate(ink)
    assert not problems


BEYOND = """[...document.querySelectorAll('body *')].filter(part => {
  const box = part.getBoundingClientRect();
  return box.width && !part.closest('.hidden, .skip') && (box.right > innerWidth + 1 || box.left < -1);
}).map(part => `${part.tagName} ${part.textContent.slice(0, 40)}`)"""
"""What of a page lies outside the window."""
COLLIDING = """[...document.querySelectorAll('svg')].flatMap(svg => {
  const whole = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')]
    .map(text => [text.textContent, text.getBoundingClientRect()]);
  const outside = texts.filter(([_, b]) => b.left < whole.left - 1 || b.right > whole.right + 1
    || b.top < whole.top - 1 || b.bottom > whole.bottom + 1).map(([text]) => `outside: ${text}`);
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  return [...outside, ...texts.flatMap(([one, a], i) => texts.slice(i + 1)
    .filter(([_, b]) => over(a, b)).map(([other]) => `${one} over ${other}`))];
})"""
"""Texts of figures that lie outside them or over each other; letters are less high than their boxes."""
LONG = "vae-mdn:photos,mode=mean,temperature=0.8"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A report of many methods, one of a long name."""
    folder = tmp_path_factory.mktemp("crowded")
    methods = [method("good", 0), method(LONG, 1), method("close", 0.4), method("by", 0.5), *baselines()]
    examples = written_examples(folder / "pictures", ("good", LONG))
    write_report(results(*methods, examples=examples), folder)
    return folder / "report.html"


@pytest.mark.parametrize("width", [1366, 820, 390])
def test_nothing_is_cut_and_labels_keep_clear_of_each_other(browser, crowded, width):
    tab, problems = opened(browser, crowded, viewport={"width": width, "height": 800})
    unfold(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(BEYOND) == []
    assert tab.evaluate(COLLIDING) == []
    assert {word.inner_text() for word in tab.locator("#ranking .word").all()} >= {"best", "told the truth"}
    lines = "[...document.querySelectorAll('.label')].map(label => label.getClientRects().length)"
    assert set(tab.evaluate(lines)) <= {0, 1}  # no short name is broken
    letters = tab.evaluate("document.querySelector('.figure text').getBoundingClientRect().height")
    assert letters >= 11  # a telephone shows them legibly
    tab.locator(".picture").nth(2).click()
    assert tab.evaluate(BEYOND) == []
    assert not problems


def test_everything_in_the_page_is_text(report):
    content = report.read_text()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content
    assert "Content-Security-Policy" in content
    assert "http://" not in content.replace("http://www.w3.org", "")
