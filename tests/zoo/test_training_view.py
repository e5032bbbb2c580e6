"""What a training shows and understands: plan, live line, short ways, unfinished runs, its report."""

from __future__ import annotations

import json
import re
import signal

import pytest
from PIL import Image
from typer.testing import CliRunner

from colorzoo import jobs
from colorzoo.cli.app import build
from colorzoo.cli.progress import clock
from colorzoo.core.errors import ColorzooError, DataError
from colorzoo.core.training.listener import PlannedStage
from colorzoo.core.training.time_limit import TimeLimit
from colorzoo.core.weights import unfinished
from colorzoo.datasources.pages import Pages
from colorzoo.report.curves import read_log, write_training_report
from colorzoo.report.line_chart import Line, chart, ticks
from tests.zoo.terminal import colorzoo

pytestmark = pytest.mark.slow

SMALL = ("--set", "width=4", "--batch-size", "4", "--device", "cpu", "-o", "run")


@pytest.fixture
def chapters(pictures):
    """Return the address of pages of which one chapter is for training and another for validation."""
    for folder, split in zip(("series0", "series1"), ("train", "val"), strict=True):
        names = (f"chapter{number}" for number in range(1000))
        name = next(n for n in names if Pages._split_of(pictures, pictures / n / "page.png") == split)
        (pictures / folder).rename(pictures / name)
    return f"pages:{pictures}"


def refused(*words: object) -> str:
    """Return the message with which a call in this process is refused."""
    done = CliRunner().invoke(build(), list(map(str, words)))
    assert isinstance(done.exception, ColorzooError), done.output
    assert str(done.exception).count("\n") == 0
    return str(done.exception)


def test_a_terminal_sees_the_plan_first_and_then_every_step(chapters, tmp_path):
    steps = ("--set", "fit.steps=60", "--preview-every", "40")
    shown = colorzoo(tmp_path, ["train", "unet", "--data", chapters, *steps, *SMALL])
    assert shown.status == 0, shown.text
    order = ["training unet on", "plan: unet on ", "fit: 60 steps of 4 pictures at", "into: run",
             "/60 loss", "validation", "preview: run/previews/fit-000040.png", "fit: done, 60 steps",
             "use them: colorzoo run unet", "curves: colorzoo train-report run"]  # fmt: skip
    places = [shown.text.find(words) for words in order]
    assert -1 not in places
    assert places[:4] == sorted(places[:4])
    assert max(places[:4]) < places[4] < places[7] < places[8]


def test_where_nobody_looks_on_a_line_comes_at_each_validation(cli, chapters, tmp_path):
    done = cli(
        "train", "unet", "--data", chapters, "--set", "fit.steps=40", "--validate-every", "20", *SMALL
    )
    lines = done.stderr.splitlines()
    assert lines[0].startswith("plan: unet on ")
    looks = [line for line in lines if "validation" in line]
    assert [line.partition(",")[0] for line in looks] == ["fit: step 20 of 40", "fit: step 40 of 40"]
    assert "\x1b" not in done.stderr
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "validation" in row] == [20, 40]


@pytest.mark.parametrize(("seen", "wait"), [("training unet on", 0.5), ("/100,000 loss", 0.0)])
def test_ctrl_c_at_any_moment_keeps_what_is_done(pictures, tmp_path, seen, wait):
    words = ["train", "unet", "--data", pictures, "--set", "fit.steps=100000", *SMALL]
    cut = colorzoo(tmp_path, words, until=seen, wait=wait, number=signal.SIGTERM)
    # Python ends by SIGINT itself when one hit code that is compiled as text, a dataclass in an import
    assert cut.status in (130, -signal.SIGINT), cut.text
    assert "Traceback" not in cut.text
    assert re.search(r"go on with:\s+colorzoo train unet .*--resume", cut.text)
    done = re.findall(r"stopped: stage fit, step (\d+) of", cut.text)
    assert done or seen != "/100,000 loss"
    resumed = colorzoo(tmp_path, [*words, "--resume"], until="/100,000 loss")
    assert resumed.status == 130, resumed.text
    if done:
        assert f"fit: goes on after step {int(done[0]):,}" in resumed.text  # no step is taken twice


def test_epochs_and_batch_size_reach_every_stage(pictures):
    options = {"name": "vae-mdn", "data": [str(pictures)], "epochs": 3, "batch_size": 5, "device": "cpu"}
    model = jobs.train_options.job_of(options, command="").model
    assert [(s.epochs, s.batch_size) for s in (model.vae, model.mdn, model.refine)] == [(3, 5)] * 3
    fewer = jobs.train_options.job_of(
        {**options, "set_": ["refine=none", "mean_share=0"]}, command=""
    ).model
    assert fewer.refine is None
    steps = jobs.train_options.job_of(
        {**options, "name": "unet", "set_": ["fit.steps=9"]} | {"epochs": None}, ""
    )
    assert steps.model.fit.steps == 9


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ("grey", "--epochs", "3", "--batch-size", "2"),
            ("--epochs, --batch-size", "epochs or batch_size"),
        ),
        (("unet", "--epochs", "3", "--set", "fit.epochs=2"), ("fit.epochs", "given twice")),
        (("unet", "--epochs", "-1"), ("fit.epochs", "greater than 0")),
        (("unet", "--minutes", "0"), ("minutes", "greater than 0")),
    ],
)
def test_short_ways_that_do_not_fit_are_one_line(pictures, tmp_path, words, parts):
    name, *more = words
    message = refused("train", name, "--data", pictures, *more, "-o", tmp_path / "run")
    assert all(part in message for part in parts), message
    assert not (tmp_path / "run").exists()


def test_minutes_are_shared_out_by_pictures():
    limit = TimeLimit(1.0, float)
    first, second = PlannedStage("a", 100, 4, 16), PlannedStage("b", 50, 16, 16)
    limit.begin(0.0, [first, second])
    assert [limit.spent(seconds) for seconds in (0, 10, 20, 99)] == [0, 0.5, 1, 1]
    limit.begin(15.0, [second])  # the first was done sooner
    assert limit.spent(37.5) == 0.5
    assert TimeLimit(None, float).spent(1e9) == 0
    limit.begin(61.0, [second])
    assert limit.spent(61.0) == 1  # nothing is left: one step, then its end


def test_minutes_end_every_stage_with_finished_weights(cli, chapters, tmp_path):
    done = cli(
        "train", "unet", "--data", chapters, "--set", "fit.steps=1000000", *SMALL, "--minutes", "0.01"
    )
    assert re.search(r"fit: its share of the minutes is over, ends at step \d+ of 1,000,000", done.stderr)
    assert (tmp_path / "run" / "model.safetensors").is_file()
    last = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert last["learning_rate"] == 0  # the schedule followed the clock
    assert {"mse255", "validation"} <= set(last)


def test_unfinished_weights_say_how_the_training_goes_on(pictures, tmp_path):
    run, photo = tmp_path / "run", next(pictures.rglob("*.png"))
    unfinished.write_command(run, "colorzoo train unet --data p -o run")
    for words in (
        ("run", "unet", photo, "--weights", run, "-o", tmp_path / "out"),
        ("compare", f"unet:{run}", "--data", pictures, "--split", "all", "-o", tmp_path / "compared"),
        ("push", run, "someone/name", "--dry-run"),
    ):
        message = refused(*words)
        assert f"{run}: its training is unfinished; go on with: " in message
        assert message.endswith("colorzoo train unet --data p -o run --resume")
    (run / unfinished.FILE).write_text("{")
    (run / unfinished.CHECKPOINT).write_bytes(b"")
    assert "the command that began it" in refused("run", "unet", photo, "--weights", run)


def test_the_report_of_a_training_needs_nothing_else(tmp_path):
    rows = [
        {"stage": "a<b>", "step": n, "seconds": n, "learning_rate": 0.1, "l2": 1 / n} for n in (1, 2, 400)
    ]
    rows += [
        {"stage": "two", "step": n, "l1": n, "l2": 3.0, "validation": 5 + abs(n - 2)} for n in (1, 2, 3)
    ]
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"stage": "two", "st', "[1]", ""]))
    sheet = tmp_path / "previews" / "two-000002.png"
    sheet.parent.mkdir()
    Image.new("RGB", (900, 300), "red").save(sheet)
    sheet.with_name("two-000003.png").write_bytes(b"half a pict")
    text = write_training_report(tmp_path).read_text()
    assert text.count("<svg") == 4
    assert text.count("<img") == text.count("data:image/jpeg;base64,") == 1
    assert "validation is best at step 2: 5, and 6 at the end" in text
    assert "a&lt;b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r"https?://|src=\"(?!data:)", text)


def test_a_folder_without_a_log_is_no_training(tmp_path):
    assert "expected a folder that `colorzoo train` wrote" in refused("train-report", tmp_path)
    (tmp_path / "log.jsonl").write_text('{"stage": "a", "step": 1, "l2": NaN}\n')
    with pytest.raises(DataError, match="no step is logged yet"):
        read_log(tmp_path / "log.jsonl")


def test_charts_and_clocks():
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(3, 3) == [3]
    svg = chart("losses", [Line("first", [(1, 1000.0), (2, 0.1)])])
    assert ">100<" in svg  # logarithmic where values are far apart
    assert [clock(seconds) for seconds in (4, 187, 7500)] == ["4 s", "3:07 min", "2:05 h"]
