"""Plugins of strangers: written, installed, checked, used and removed."""

import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.cli.plugins import install_commands as install
from colorzoo.core.errors import ConfigError, DataError, MissingExtraError, PluginError, WeightsError
from colorzoo.testing import synthetic_picture
from colorzoo.testing.contract import build_or_skip
from tests.zoo.strangers import MODEL, installed

KINDS = {
    "tint": [],
    "small-net": ["--trainable"],
    "follower": ["--takes", "hints,palette,previous,references,text"],
    "comix": ["--kind", "dataset"],
    "mae": ["--kind", "metric"],
}


@pytest.fixture
def zoo(inside, tmp_path):
    """Return the command line of that environment."""

    def run(*words, code=0, module="colorzoo"):
        env = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "PIP_NO_BUILD_ISOLATION": "0"}
        done = inside.run(words, tmp_path, env, module)
        assert done.returncode == code, f"{words}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.mark.parametrize("name", KINDS)
def test_a_new_plugin_installs_passes_its_tests_and_is_there(zoo, name, tmp_path, pictures):
    made = zoo("plugins", "new", name, *KINDS[name])
    package = tmp_path / f"colorzoo-{name}"
    assert f"colorzoo plugins install -e {package.name}" in made.stdout
    assert f"{name}, of colorzoo-{name} 0.1.0" in zoo("plugins", "install", package).stdout
    try:
        rows = {row["name"]: row for row in json.loads(zoo("plugins", "--json").stdout)}
        assert rows[name]["distribution"] == f"colorzoo-{name} 0.1.0"
        own = zoo("-q", "-p", "no:cacheprovider", package / "tests", module="pytest")
        assert "passed" in own.stdout
        address = f"{name}:{pictures}" if name == "comix" else name
        checked = json.loads(zoo("plugins", "check", address, "--json").stdout)
        results = [outcome["result"] for outcomes in checked.values() for outcome in outcomes]
        assert results.count("passed") >= 7
        assert "failed" not in results
    finally:
        zoo("plugins", "uninstall", name)
    assert name not in zoo("plugins", "--json").stdout


def test_a_trainable_one_is_trained_run_and_compared(zoo, tmp_path, pictures):
    zoo("plugins", "new", "small-net", "--trainable")
    zoo("plugins", "install", "-e", "colorzoo-small-net")
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "picture.png")
    try:
        zoo("train", "small-net", "--data", pictures, "--split", "all", "-o", "run", "--threads", 1,
            "--set", "fit.steps=3", "--set", "fit.batch_size=4")  # fmt: skip
        zoo("run", "small-net", "picture.png", "--weights", "run", "-O", "strength=0.5", "-o", "out")
        assert (tmp_path / "out" / "picture-small-net-1.png").exists()
        zoo("compare", "small-net:run", "unet", "--data", pictures, "--split", "all", "-o", "compared",
            "--metrics", "psnr,mse255")  # fmt: skip
        results = (tmp_path / "compared" / "results.json").read_text()
        assert "small-net" in results
    finally:
        zoo("plugins", "uninstall", "small-net")


def test_a_plugin_that_breaks_the_contract_is_told_what_to_do(zoo, tmp_path):
    zoo("plugins", "new", "tint")
    model = tmp_path / "colorzoo-tint" / "src" / "colorzoo_tint" / "model.py"
    random = model.read_text().replace("deterministic = True", "deterministic = False")
    one_sample = random.replace("rgb[:, None].expand(-1, options.samples, -1, -1, -1)", "2 * rgb[:, None]")
    zoo("plugins", "install", "-e", "./colorzoo-tint")
    try:
        model.write_text(one_sample)
        report = zoo("plugins", "check", "tint", code=1).stdout
        assert "colorize returned shape (2, 1, 3, 64, 64), expected (2, 3, 3, 64, 64)" in report
        assert "returned values from 0 to 2, expected 0 to 1" in report
        model.write_text(random)
        report = zoo("plugins", "check", "tint", code=1).stdout
        assert "all samples are the same: set deterministic = True" in report
        assert report.count("FAILED") == 1
    finally:
        zoo("plugins", "uninstall", "tint")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "vae-mdn"], "already taken by colorzoo"),
        (["new", "Bad Name"], "lower case letters"),
        (["new", "mae", "--kind", "metric", "--trainable"], "only a colorizer is trainable"),
        (["new", "one", "--takes", "hint"], "did you mean hints?"),
        (["new", "one", "--takes", "hints", "--trainable"], "without --trainable"),
        (["check", "vae-mdm"], "did you mean vae-mdn"),
        (["install", "./no-such-folder"], "failed"),
        (["uninstall", "vae-mdn"], "belong to colorzoo itself"),
        (["uninstall", "ColorZoo"], "belong to colorzoo itself"),
        (["uninstall", "a b"], "expected the name of a distribution"),
    ],
)
def test_mistakes_are_said(cli, words, said):
    assert said in cli("plugins", *words, code=2).stderr


def test_uv_is_used_where_uv_made_the_environment(tmp_path, monkeypatch):
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.13.9\n")
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    install.uninstall(["colorzoo-dusk"])
    assert (tmp_path / "asked").read_text().split() == [
        "pip", "uninstall", "--python", sys.executable, "colorzoo-dusk", "--quiet"
    ]  # fmt: skip


def test_nothing_is_overwritten(cli, tmp_path):
    Path(tmp_path / "colorzoo-mine").mkdir()
    assert "is there already" in cli("plugins", "new", "mine", code=2).stderr


def raising(error):
    def build():
        raise error

    return build


@pytest.mark.parametrize("error", [MissingExtraError("it", "x", "extra"), DataError("no pictures here")])
def test_a_missing_extra_and_missing_data_skip_a_check(error):
    with pytest.raises(pytest.skip.Exception, match=str(error).replace("[", ".")):
        build_or_skip(raising(error))


@pytest.mark.parametrize("kind", [ConfigError, WeightsError, PluginError, RuntimeError, MemoryError])
def test_nothing_else_skips_a_check(kind):
    with pytest.raises(kind):
        build_or_skip(raising(kind("no")))


BROKEN = {
    "cannot be built": (
        "def __init__(self, config=None): raise WeightsError('no graph here')", "no graph here"
    ),
    "ends the checks": ("def __init__(self, config=None): raise KeyboardInterrupt", "run to their end"),
    "writes to its input": ("def fit_baseline(self, exam): pass", "colorize changed its input"),
    "takes no large seeds": ("seeds = 2**32", "seed too large"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_check_fails_for_what_the_engine_refuses(cli, tmp_path, kind):
    line, said = BROKEN[kind]
    model = "from colorzoo.core.errors import WeightsError\n" + MODEL.replace(
        "    def colorize", f"    seeds = 2**63\n    {line}\n\n    def colorize"
    )
    check = "if (options.seed or 0) >= self.seeds: raise ValueError('seed too large')"
    write = "gray, given = gray.clone(), gray; given.zero_()" if "input" in kind else "pass"
    model = model.replace("        return gray", f"        {check}\n        {write}\n        return gray")
    installed(tmp_path / "site", "zz-bad", model=model)
    checked = cli("plugins", "check", "zz-bad", code=1, PYTHONPATH=str(tmp_path / "site"))
    assert said in checked.stdout


def test_what_is_trained_and_what_is_not_name_each_others_verb(cli, pictures, tmp_path):
    new = cli("weights", "new", "unet", "-o", "made", code=2).stderr
    assert "unet has to be trained: colorzoo train unet --data" in new
    train = cli("train", "grey", "--data", pictures, "-o", "run", code=2).stderr
    assert "defines no stages(); `colorzoo weights new` writes it as it is" in train
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "run" / "model.safetensors").exists()
