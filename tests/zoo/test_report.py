"""The report: numbers, verdicts and sentences by hand, merging, tables, figures."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.compare.bootstrap import pairs_of, with_intervals
from colorzoo.core.compare.results import (
    ColorizationFailure,
    Cost,
    Environment,
    ExampleImage,
    Method,
    MetricFacts,
    Protocol,
    Results,
    Value,
    WeightsUsed,
)
from colorzoo.core.errors import ResultsError, UnknownNameError
from colorzoo.core.interfaces.metric import Curve
from colorzoo.report import figures, markdown
from colorzoo.report import wording as text
from colorzoo.report.decision import against, decision, headline, pairs
from colorzoo.report.html import breakable, page, unbroken, write_report
from colorzoo.report.merge import copy_pictures, merge
from colorzoo.testing import synthetic_picture

HOSTILE = "<script>alert(1)</script>\"'&|"
PICTURES = [f"p{index}<b>" for index in range(40)]
METRICS = [
    MetricFacts(name="error", unit="levels", higher_is_better=False, summary="How wrong."),
    MetricFacts(name="likeness", unit="of 1", higher_is_better=True, summary="How alike."),
]


def method(label, offset, *, baseline=False, noise=3.0, **changes):
    """Make a method whose error is 10 above a common base, plus offset, plus noise of its own."""
    base = np.random.default_rng(0).normal(20, 5, len(PICTURES))
    own = np.random.default_rng(len(label)).normal(0, noise, len(PICTURES)) if noise else 0
    error = (base + own + offset).tolist() if label != "oracle" else [0.0] * len(PICTURES)
    curve = Curve(over="samples", x=[1.0, 2.0, 3.0], y=[3.0, 2.0, 1.5 + offset / 10])
    values = {
        "error": Value(value=float(np.mean(error)), unit="levels", per_image=error, curve=curve),
        "likeness": Value(
            value=0.5 - offset / 100,
            unit="of 1",
            curve=Curve(over="RMSE below", x=[0.0, 0.1], y=[0.0, 1.0]),
        ),
    }
    facts = {
        "label": label, "plugin": "p", "distribution": "d 1", "baseline": baseline, "values": values,
        "cost": Cost(milliseconds=12.5 + offset, peak_mib=300, parameters=2_000_000, gflop=1.5),
        "weights": None if baseline else WeightsUsed(name="default", sha256="ab" * 32, license="cc0"),
    }  # fmt: skip
    return Method(**{**facts, **changes})


def results(*methods, examples=(), metrics=METRICS, **protocol):
    facts = {"data": "made", "split": "test", "pictures": len(PICTURES), "data_fingerprint": "d" * 64,
             "train_fingerprint": "t" * 64, "samples": 3, **protocol}  # fmt: skip
    made = Protocol(**facts)
    names = [metric.name for metric in metrics]
    methods = [
        each.model_copy(update={"values": {name: each.values[name] for name in names}})
        for each in methods or [*two(), *baselines()]
    ]
    methods = with_intervals(methods)
    return Results(
        fingerprint=made.fingerprint, protocol=made, ranked_by="error", metrics=metrics,
        runs=[Environment(colorzoo="1", torch="2", python="3", platform="linux", device="cpu")],
        command=f"colorzoo compare {HOSTILE}", pictures=PICTURES, methods=methods,
        pairs=pairs_of(methods, metrics), examples=examples,
    )  # fmt: skip


def two():
    return [method("good", 0), method(HOSTILE, 8)]


def baselines():
    return [method("grey", 12, baseline=True), method("oracle", 0, baseline=True, informed=True)]


def written_examples(folder, samples=("good", HOSTILE)):
    """Write small pictures and return examples that show them; one file is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for index, label in enumerate(("grey", "original", *samples)):
        names[label] = f"00-{index}.jpg"
        Image.fromarray(synthetic_picture(index, 40, 30)).save(folder / names[label])
    shown = {label: [names[label]] for label in samples}
    one = {"picture": PICTURES[3], "gray": names["grey"], "original": names["original"]}
    return [
        ExampleImage(**one, reason="spread", samples=shown),
        ExampleImage(**one, reason="worst", method="good", samples={"good": ["nowhere.jpg"]}),
    ]


def test_numbers_are_short_and_plain():
    expected = {
        0: "0.00", 1234.5: "1,234", 482.35: "482", -20.554: "-20.55", 4.6462: "4.646", 0.2461: "0.2461",
        0.0449123: "0.0449", 0.00312: "0.00312", 3.2e-5: "3.2e-05", None: "–",
    }  # fmt: skip
    assert {value: text.number(value) for value in expected} == expected


def test_the_table_says_who_wins_and_by_how_much():
    found = results()
    lines = markdown.table(found).splitlines()
    assert "40 pictures of `made`, split test, longest side 256, 3 samples, seed 0" in lines[0]
    assert found.fingerprint[:16] in lines[0]
    rows = [line for line in lines if line.startswith("| ")]
    assert [row.split(" |")[0] for row in rows[1:3]] == ["| *oracle*", "| good"]
    assert "| **" in rows[2]  # the best that is no baseline
    assert "12.50 | 300 | 2.000 | 1.500 |" in rows[2]
    assert "\\|" in rows[3]  # a name does not end its cell
    pair = next(row for row in rows if row.startswith("| good − <script>"))
    difference = found.pairs[0].difference
    assert f"| {text.number(difference)} | " in pair
    assert pair.endswith("| good is better |")
    assert "likeness" not in markdown.table(found, ["error"]).split("\n\n")[1]
    with pytest.raises(UnknownNameError, match="did you mean error"):
        markdown.table(found, ["errol"])


def test_no_difference_is_shown_exactly_when_the_interval_holds_zero():
    same = method("same", 0)
    shifted = [value + 0.01 for value in same.values["error"].per_image]
    value = same.values["error"].model_copy(update={"per_image": shifted})
    tiny = same.model_copy(update={"label": "tiny", "values": {**same.values, "error": value}})
    noisy = method("noisy one", 0, noise=20)
    found = results(same, tiny, noisy)
    verdicts = {(p.one, p.other): text.verdict(p, METRICS[0]) for p in found.pairs if p.metric == "error"}
    assert verdicts["same", "tiny"] == "same is better"  # however small, it is on every picture
    local_weights = next(p for p in found.pairs if (p.one, p.other) == ("same", "noisy one"))
    assert local_weights.low < 0 < local_weights.high
    assert verdicts["same", "noisy one"] == "no difference shown"


def test_what_a_reader_must_know_is_said():
    failed = method("bad", 1, failures=[ColorizationFailure(picture=PICTURES[0], reason="boom")])
    found = results(method("good", 0), failed, train_is_measured=True)
    found = found.model_copy(update={"left_out": {"x": "damaged"}})
    said = " ".join(text.warnings(found))
    assert "fitted on the very pictures" in said
    assert "bad failed on 1 of 40 pictures" in said
    assert "1 pictures could not be read" in said
    assert "Only" not in said
    assert found.ranking()[-1].label == "bad"


def test_merging_joins_methods_and_refuses_what_does_not_belong(tmp_path):
    one = results(
        method("a", 0), *baselines(), examples=written_examples(tmp_path / "one/pictures", ("a",))
    )
    other = results(
        method("b", 3), *baselines(), examples=written_examples(tmp_path / "two/pictures", ("b",))
    )
    both = merge([one, other])
    assert [m.label for m in both.methods] == ["a", "b", "grey", "oracle"]
    assert [m.run for m in both.methods] == [0, 1, 0, 0]
    assert len(both.runs) == 2
    assert {(p.one, p.other) for p in both.pairs} >= {("a", "b"), ("b", "grey")}
    copy_pictures([one, other], [tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    files = {path.name for path in (tmp_path / "both/pictures").iterdir()}
    assert files == {f"{part}-00-{index}.jpg" for part in (0, 1) for index in (0, 1, 2)}
    assert both.examples[0].samples == {"a": ["0-00-2.jpg"]}
    assert Results.model_validate_json(both.model_dump_json()) == both

    with pytest.raises(ResultsError, match="seed 0 and 1"):
        merge([one, results(method("b", 3), seed=1)])
    with pytest.raises(ResultsError, match=r"a means two things: .*'x': '1'"):
        merge([one, results(method("a", 0, options={"x": "1"}))])
    fewer = results(method("b", 3), metrics=METRICS[:1])
    assert [m.name for m in merge([one, fewer]).metrics] == ["error"]


def asked(label, once, best, *, baseline=False, **changes):
    """Make a method whose error is `once` of one answer and `best` of three, alike on all pictures."""
    wave = np.random.default_rng(1).normal(0, 1, len(PICTURES))
    own = np.random.default_rng(len(label)).normal(0, 0.5, len(PICTURES))
    values = {
        name: Value(value=value, unit="levels", per_image=(value + wave + own - own.mean()).tolist())
        for name, value in (("error@1", once), ("error", best))
    }
    return method(label, 0, baseline=baseline, values=values, **changes)


def asked_results(*methods):
    once, best = METRICS[0].model_copy(update={"name": "error@1", "best_of": 1}), METRICS[0]
    best = best.model_copy(update={"best_of": 3, "asked_once": "error@1"})
    found = results(*methods, metrics=[once, best])
    return found.model_copy(update={"ranked_by": "error@1"})


def guesser_and_others():
    """Return who guesses well once in three, who answers the same, and baselines around them."""
    return asked_results(
        asked("guesser", 30, 10),
        asked("steady", 20, 20, deterministic=True),
        asked("twin", 20.05, 20.05, deterministic=True),
        asked("grey", 18, 18, baseline=True),
        asked("truth", 0, 0, baseline=True, informed=True),
    )


def test_the_headline_is_of_one_answer_and_the_best_of_several_stands_beside_it():
    first, second, third = decision(guesser_and_others())
    assert first.startswith("Asked once: steady leads, with error@1 20.00 (")
    assert first.endswith(
        "lower is better; better than guesser (30.00); no difference shown to twin (20.05)."
    )
    assert second == (
        "Best of 3 answers, chosen by the truth: guesser 10.00, steady 20.00 and twin 20.05; steady and "
        "twin always answer the same."
    )
    assert third == "Milliseconds a picture: steady 12.50, twin 12.50 and guesser 12.50."
    alone = asked_results(asked("steady", 20, 20), asked("grey", 25, 25, baseline=True))
    assert decision(alone)[0].startswith("Asked once: steady has error@1 20.00 (")
    ahead = asked_results(asked("steady", 20, 20), asked("guesser", 30, 10))
    assert "steady is best, with" in decision(ahead)[0]


def test_baselines_and_who_is_told_the_truth_are_in_no_sentence():
    found = guesser_and_others()
    said = " ".join([*decision(found), *text.findings(found)])
    assert not re.search("grey|truth (?!:)|oracle", said.replace("by the truth:", ""))
    assert len(text.findings(found)) == 3
    shown = {(pair.one, pair.other) for pair in pairs(found)}
    assert ("guesser", "grey") in shown
    assert not {name for pair in shown for name in pair} & {"truth"}
    words = {m.label: against(found, m) for m in found.methods}
    assert words == {"guesser": "worse", "steady": "best", "twin": "no difference shown", "grey": "better",
                     "truth": "told the truth"}  # fmt: skip


def test_the_best_of_several_is_labelled_in_every_form(tmp_path):
    found = guesser_and_others()
    assert [metric.name for metric in headline(found)] == ["error@1", "error"]
    lines = markdown.table(found).splitlines()
    assert next(line for line in lines if line.startswith("| method")).startswith(
        "| method | error@1 ↓ | error (best of 3) ↓ |"
    )
    content = page(found, tmp_path)
    assert 'data-label="error (best of 3)"' in content
    assert "<small>best of 3</small>" in content
    old = results(*two())  # from before metrics said of how many answers they take the best
    assert decision(old)[0].startswith("By error: good is best, with error ")


def test_figures_are_drawn_of_what_there_is_and_left_out_where_there_is_nothing(tmp_path):
    written = figures.write_figures(figures.figures(results()), tmp_path)
    assert [path.name for path in written] == ["ranking.svg", "success.svg", "best_of.svg", "speed.svg"]
    for path in written:
        drawn = ElementTree.parse(path).getroot()
        assert "good" in {part.text for part in drawn.iter("{http://www.w3.org/2000/svg}text")}
    plain = method("plain", 0, cost=Cost())
    values = {name: v.model_copy(update={"curve": None}) for name, v in plain.values.items()}
    bare = results(plain.model_copy(update={"values": values}))
    assert list(figures.figures(bare)) == ["ranking"]
    first, second = (figures.figures(results())["ranking"].file("x") for _ in range(2))
    assert first == second


def test_who_is_told_the_truth_does_not_press_all_others_into_one_point():
    def drawn(value):
        found = results(*two(), method("grey", 12, baseline=True), method("oracle", 0, informed=True))
        far = {n: v.model_copy(update={"value": value}) for n, v in found.methods[-1].values.items()}
        methods = [*found.methods[:-1], found.methods[-1].model_copy(update={"values": far})]
        return figures.figures(found.model_copy(update={"methods": methods}))["ranking"].inline("x")

    assert ">oracle<" in drawn(15.0)
    assert ">oracle<" not in drawn(1000.0)
    assert ">grey<" in drawn(1000.0)


def test_a_report_is_written_where_matplotlib_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    (tmp_path / "figures").mkdir()
    for name in ("ranking.png", "mine.png"):
        (tmp_path / "figures" / name).write_bytes(b"drawn before")
    written = write_report(results(), tmp_path)
    assert [path.name for path in written[:2]] == ["report.html", "table.md"]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "best_of.svg", "mine.png", "ranking.svg", "speed.svg", "success.svg",
    ]  # fmt: skip


def test_a_page_without_pictures_and_pairs_is_still_one(tmp_path):
    assert "What one picture costs" in page(results(method("alone", 0)), tmp_path)
    assert "Every method" in page(results(*baselines()), tmp_path)


@pytest.mark.parametrize("sentence", ["", "By error: {} is best."])
def test_an_option_of_a_method_is_never_broken(sentence):
    label = "vae-mdn:photos,temperature=0.8,mode=mean"
    text = str(unbroken([label], sentence.format(label)) if sentence else breakable(label))
    options = (
        '<wbr><span class="label">temperature=0.8</span>',
        '<wbr><span class="label">mode=mean</span>',
    )
    assert f"vae-mdn:<wbr>photos,{options[0]},{options[1]}" in text
    assert "<span" not in str(breakable(f"reference={'x' * 200}"))  # it fits no line


def hinted(label, *errors, **changes):
    """Return a method with an error for 0, 3 and 10 true hints."""
    one = method(label, 0, informed_by="10 true hints a picture", **changes)
    bounds = {"low": [0.75 * error for error in errors], "high": [1.5 * errors[0], None, 1.5 * errors[2]]}
    curve = Curve(over="true hints", x=[0.0, 3.0, 10.0], y=list(errors), **bounds)
    error = one.values["error"].model_copy(update={"over_hints": curve})
    return one.model_copy(update={"values": {**one.values, "error": error}})


def test_who_had_true_hints_is_ranked_and_said_to_be_informed():
    methods = [hinted("good", 9.0, 5.0, 2.0), hinted(HOSTILE, 8.0, 6.0, 4.0), *baselines()]
    informed = results(*methods, simulate="hints=0,3,10").model_copy(update={"alone": 2})
    made = markdown.table(informed)
    said = "Informed: every method was given 10 true hints a picture, drawn from the originals by seed."
    assert f"{said} 2 pictures are alone in their folder: no reference." in made
    rows = [line for line in made.splitlines() if line.endswith("| 10 true hints a picture |")]
    assert len(rows) == 2
    assert any(
        line.startswith("| *oracle* ") and line.endswith("| all of the truth |")
        for line in made.splitlines()
    )
    assert "| good | 9.000 (6.750 to 13.50) | 5.000 (3.750 to –) | 2.000 (1.500 to 3.000) |" in made
    assert "good leads" in decision(informed)[0]
    shown = page(informed, Path("nowhere"))
    assert said in shown
    assert "By number of hints" in shown
    drawn = figures.figures(informed)["hints"].inline("hints")
    ticks = re.findall(r">(\d+)</text>", drawn)
    assert {"0", "3", "10"} <= set(ticks)
    assert drawn.count("<circle") == 6
    assert drawn.count('stroke-width="1.3"') >= 2 * 2, "an interval where there are both bounds"
    plain = results(*two(), *baselines())
    assert "hints" not in figures.figures(plain)
    assert "informed" not in markdown.table(plain).lower()
    assert "informed by" not in page(plain, Path("nowhere"))
