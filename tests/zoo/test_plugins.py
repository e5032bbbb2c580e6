"""Plugins of strangers: written, installed, checked, used and removed."""

import json
import os
import sys

import pytest
from PIL import Image

from colorzoo.authoring.scaffold import Scaffold
from colorzoo.cli.plugins import install_commands as install
from colorzoo.core.errors import ConfigError, DataError, MissingExtraError, PluginError, WeightsError
from colorzoo.testing import synthetic_picture
from colorzoo.testing.contract import build_or_skip
from tests.zoo.strangers import MODEL, developed, installed
from tests.zoo.test_training_view import refused

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
        env = {
            **os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "PIP_NO_BUILD_ISOLATION": "0",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "colorzoo.testing.pytest_plugin",
        }  # fmt: skip
        done = inside.run(words, tmp_path, env, module)
        assert done.returncode == code, f"{words}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return run


def test_new_plugins_install_pass_their_tests_and_are_there(zoo, tmp_path, pictures):
    packages = {name: tmp_path / f"colorzoo-{name}" for name in KINDS}
    for name, package in packages.items():
        made = zoo("plugins", "new", name, *KINDS[name])
        assert f"colorzoo plugins install -e {package.name}" in made.stdout
    said = zoo("plugins", "install", *packages.values()).stdout
    try:
        rows = {row["name"]: row for row in json.loads(zoo("plugins", "--json").stdout)}
        for name in KINDS:
            assert f"{name}, of colorzoo-{name} 0.1.0" in said
            assert rows[name]["distribution"] == f"colorzoo-{name} 0.1.0"
        tests = [package / "tests" for package in packages.values()]
        own = zoo("-q", "-p", "no:cacheprovider", "--import-mode=importlib", *tests, module="pytest")
        assert "passed" in own.stdout
        for address in (f"comix:{pictures}", "mae"):
            checked = json.loads(zoo("plugins", "check", address, "--json").stdout)
            results = [outcome["result"] for outcomes in checked.values() for outcome in outcomes]
            assert results.count("passed") >= 7
            assert "failed" not in results
    finally:
        zoo("plugins", "uninstall", *KINDS)
    assert not KINDS.keys() & {row["name"] for row in json.loads(zoo("plugins", "--json").stdout)}


def test_a_trainable_one_is_trained_run_and_compared(cli, tmp_path, pictures):
    env = {"PYTHONPATH": developed(Scaffold("small-net", trainable=True).write(tmp_path))}
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "picture.png")
    cli("train", "small-net", "--data", pictures, "--split", "all", "-o", "run", "--threads", 1,
        "--set", "fit.steps=3", "--set", "fit.batch_size=4", **env)  # fmt: skip
    cli("run", "small-net", "picture.png", "--weights", "run", "-O", "strength=0.5", "-o", "out", **env)
    assert (tmp_path / "out" / "picture-small-net-1.png").exists()
    cli("compare", "small-net:run", "--data", pictures, "--split", "all", "-o", "compared", "--limit", 4,
        "--metrics", "psnr,mse255", "--workers", 1, **env)  # fmt: skip
    assert "small-net" in (tmp_path / "compared" / "results.json").read_text()


def test_a_plugin_that_breaks_the_contract_is_told_what_to_do(cli, tmp_path):
    package = Scaffold("tint").write(tmp_path)
    model = package / "src" / "colorzoo_tint" / "model.py"
    random = model.read_text().replace("deterministic = True", "deterministic = False")
    one_sample = random.replace("rgb[:, None].expand(-1, options.samples, -1, -1, -1)", "2 * rgb[:, None]")
    env = {"PYTHONPATH": developed(package), "PYTHONDONTWRITEBYTECODE": "1"}
    model.write_text(one_sample)
    report = cli("plugins", "check", "tint", code=1, **env).stdout
    assert "colorize returned shape (2, 1, 3, 64, 64), expected (2, 3, 3, 64, 64)" in report
    assert "returned values from 0 to 2, expected 0 to 1" in report
    model.write_text(random)
    report = cli("plugins", "check", "tint", code=1, **env).stdout
    assert "all samples are the same: set deterministic = True" in report
    assert report.count("FAILED") == 1


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
def test_mistakes_are_said(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused("plugins", *words)


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


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "colorzoo-mine").mkdir()
    assert "is there already" in refused("plugins", "new", "mine", "-o", tmp_path)


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


CHANGED = """        if (options.seed or 0) >= 2**32: raise ValueError("seed too large")
        gray, given = gray.clone(), gray; given.zero_()
        return gray"""
BROKEN = {
    "cannot be built": (
        "    def __init__(self, config=None): raise WeightsError('no graph here')\n\n    def colorize",
        ["no graph here"],
    ),
    "ends the checks": (
        "    def __init__(self, config=None): raise KeyboardInterrupt\n\n    def colorize",
        ["run to their end"],
    ),
    "changes its input, and takes no large seeds": (
        "    def fit_baseline(self, exam): pass\n\n    def colorize",
        ["colorize changed its input", "seed too large"],
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_check_fails_for_what_the_engine_refuses(cli, tmp_path, kind):
    lines, said = BROKEN[kind]
    model = "from colorzoo.core.errors import WeightsError\n" + MODEL.replace("    def colorize", lines)
    if "input" in kind:
        model = model.replace("        return gray", CHANGED)
    installed(tmp_path / "site", "zz-bad", model=model)
    env = {"PYTHONPATH": str(tmp_path / "site"), "PYTEST_ADDOPTS": "--of-their-own-tests"}
    checked = cli("plugins", "check", "zz-bad", code=1, **env)
    assert all(words in checked.stdout for words in said)


def test_what_is_trained_and_what_is_not_name_each_others_verb(pictures, tmp_path):
    new = refused("weights", "new", "unet", "-o", tmp_path / "made")
    assert "unet has to be trained: colorzoo train unet --data" in new
    train = refused("train", "grey", "--data", pictures, "-o", tmp_path / "run")
    assert "defines no stages(); `colorzoo weights new` writes it as it is" in train
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "run" / "model.safetensors").exists()
