"""Protocols of papers: as data, as commands, and beside what is measured here."""

import tomllib
from pathlib import Path

import pytest

from colorzoo.core import hookimpl
from colorzoo.core.compare.published import PublishedProtocol, find_protocol, load_protocol, protocols
from colorzoo.core.errors import ConfigError, UnknownNameError
from colorzoo.core.registry import registry
from colorzoo.jobs.compare import compare
from colorzoo.report import markdown
from colorzoo.report.html import page
from colorzoo.report.paper_table import beside_paper
from tests.zoo.test_report import baselines, method, results, two

FOLDER = Path(__file__).parents[2] / "plugins" / "protocols"
MINE = """
name = "mine"
title = "Small pictures"
paper = "Nobody, 2026, table 1"
year = 2026
domain = "photo"
figures = [
    { label = "E", metric = "error", higher_is_better = false },
    { label = "AMT", higher_is_better = true },
]
methods = [
    { method = "Good", parameters = 3_000_000, values = { E = 19.5, AMT = 30 }, colorizer = "p:default" },
    { method = "Other", values = { E = 25 }, note = "with hints" },
]
pictures = { title = "made ones", count = 40, fetch = ["Make them."] }
settings = { side = 256, samples = 3, metrics = ["error"] }
"""


def mine(**changes):
    return PublishedProtocol(**tomllib.loads(MINE) | changes)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_a_protocol_measures_what_there_is_and_names_its_source(name):
    one = find_protocol(name)
    assert one.name == name
    assert set(one.settings.metrics) <= set(registry().names("metric"))
    assert not one.methods or (one.url and one.source)
    assert one.pictures.fetch


def test_the_figures_of_ddcolor_agree_with_each_other():
    """CF less ΔCF, or plus it, is the colourfulness of the truth: one number a column of the table."""
    for name, truth in {"val5k": 38.21, "val50k": 39.09, "coco-stuff": 38.24, "ade20k": 35.04}.items():
        for row in find_protocol(f"ddcolor-{name}").methods:
            gap = abs(row.values["CF"] - truth)
            assert gap == pytest.approx(row.values["ΔCF"], abs=0.011), (name, row.method)
    assert len(find_protocol("ddcolor-val5k").methods) == 10


def test_everything_wrong_in_a_file_is_named_at_once(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(MINE.replace("year = 2026", "year = 12\nyaer = 1").replace('"photo"', '"film"'))
    with pytest.raises(ConfigError) as raised:
        load_protocol(path)
    assert all(word in str(raised.value) for word in ("year", "yaer", "did you mean year", "domain"))
    path.write_text(MINE.replace("AMT = 30", "ATM = 30").replace('"Other"', '"Good"'))
    with pytest.raises(ConfigError, match=r"'Good' comes twice; values name 'ATM'"):
        load_protocol(path)
    for content in (b"\xff", b"[" * 100_000, b"#" * 300_000):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"not TOML|not a protocol"):
            load_protocol(path)
    with pytest.raises(ConfigError, match="No such file"):
        load_protocol(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="url"):
        mine(url="javascript:alert(1)")


def test_a_plugin_brings_a_protocol(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)

    class Plugin:
        @hookimpl
        def register_protocols(self):
            return [tmp_path / "mine.toml"]

    plugin = Plugin()
    registry().manager.register(plugin)
    try:
        assert protocols()["mine"].paper == "Nobody, 2026, table 1"
    finally:
        registry().manager.unregister(plugin)
    with pytest.raises(UnknownNameError, match="did you mean ddcolor-val5k"):
        find_protocol("ddcolor-val5")


def test_a_protocol_is_run_on_made_pictures_and_says_what_it_is_not(pictures):
    measured = ["psnr", "cf-abs", "delta-cf-abs"]
    found = compare(["grey"], str(pictures), protocol="ddcolor-val5k", metrics=measured, limit=2)
    protocol = found.protocol
    assert (protocol.side, protocol.fit, protocol.samples) == (256, "crop", 1)
    assert found.published.name == "ddcolor-val5k"
    assert found.deviations == ["2 of 5,000 pictures", "without fid"]
    text = markdown.table(found)
    assert "not the protocol: 2 of 5,000 pictures; without fid" in text
    (line,) = [line for line in text.splitlines() if "DDColor-large" in line]
    assert [cell.strip() for cell in line.split("|")][4:8] == ["", "3.92", "", "38.26"]


def test_what_contradicts_a_protocol_is_refused(pictures):
    with pytest.raises(
        ConfigError, match=r"--side 128, expected 256; --simulate hints=1, expected nothing"
    ):
        compare(["grey"], str(pictures), protocol="ddcolor-val5k", side=128, simulate=["hints=1"])


def test_deviations_are_those_of_what_was_measured():
    found = results(samples=3)
    whole = found.model_copy(update={"published": mine()})
    assert whole.deviations == []
    other = mine(
        settings={"side": 0, "fit": "crop", "samples": 1, "metrics": ["error"], "simulate": ["palette=8"]}
    )
    assert found.model_copy(update={"published": other}).deviations == [
        "side 256 for 0", "fit keep for crop", "samples 3 for 1", "simulate nothing for palette=8",
    ]  # fmt: skip
    known = mine(pictures={"title": "", "count": 40, "fetch": [], "fingerprint": "e" * 64})
    assert found.model_copy(update={"published": known}).deviations == [
        "other pictures than those of the protocol"
    ]


def test_here_and_paper_stand_apart(tmp_path):
    found = results(*two(), *baselines()).model_copy(update={"published": mine()})
    rows = {row.name or row.paper: row for row in beside_paper(found.published, found.ranking())}
    here, paper = rows["good"].cells[0]
    assert here == found.methods[0].values["error"]
    assert "grey" not in rows
    assert (paper, rows["good"].paper, rows["good"].parameters) == ("19.5", "Good", "2.000")
    assert rows["Other (with hints)"].cells == [(None, "25"), (None, "")]
    assert list(rows)[-1] == "Other (with hints)"
    lines = markdown.table(found).splitlines()
    assert "| method here | method of the paper | M parameters | E ↓ here | E ↓ paper |" in "\n".join(lines)
    shown = page(found, tmp_path)
    assert "Beside the paper" in shown
    assert 'data-label="E, paper">19.5<' in shown
    bare = method("good", 0).model_copy(update={"options": {"mode": "mean"}})
    alone = results(bare, *baselines()).model_copy(update={"published": mine()})
    assert [row.paper for row in beside_paper(alone.published, alone.ranking()) if row.name == "good"] == [
        ""
    ]
    assert "Beside the paper" not in page(results(), tmp_path)


@pytest.mark.slow
def test_the_command_says_what_to_fetch(cli, pictures):
    asked = cli("compare", "--protocol", "ddcolor-val5k").stdout
    assert "ILSVRC2012_img_val.tar" in asked
    assert "then: colorzoo compare METHOD... --protocol ddcolor-val5k --data FOLDER" in asked
    assert asked in cli("protocols", "show", "ddcolor-val5k").stdout
    done = cli("compare", "grey", "--protocol", "ddcolor-ade20k", "--data", pictures, "--side", 64, code=2)
    assert done.stderr == (
        "colorzoo: error: --side 64, expected 256: not the protocol ddcolor-ade20k; leave out these "
        "options, or --protocol\n"
    )
    done = cli(
        "compare", "grey", "--protocol", "deshpande-lfw", "--data", pictures, "--limit", 3, "--workers", 1
    )
    assert done.stdout.startswith("Protocol deshpande-lfw (")
    assert "not the protocol: 3 of 1,000 pictures." in done.stdout
    assert "| VAE + MDN | " in (pictures.parent / "comparison" / "table.md").read_text()
