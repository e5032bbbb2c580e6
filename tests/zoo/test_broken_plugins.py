"""Ten ways for a plugin to be broken: each is named, the zoo goes on, and listing stays quick."""

import json

import pytest
from PIL import Image

from colorzoo.testing import made_picture
from tests.zoo.strangers import HOOK, MODEL, installed

LEFT_OUT = {
    "raises at import": ({"hooks": "raise RuntimeError('no licence key')"}, "RuntimeError: no licence key"),
    "wrong group": ({"group": "colorzoo.plugins"}, "its group is 'colorzoo.plugins', expected 'colorzoo'"),
    "missing module": ({"hooks": "import no_such_module"}, "No module named 'no_such_module'"),
    "duplicate name": ({"hooks": HOOK.format(name="good", module="x", cls="Y")}, "already taken by good"),
    "duplicate entry point": ({"point": "good"}, "the name 'good' of its entry point is taken"),
    "name of a built-in": (
        {"hooks": HOOK.format(name="vae-mdn", module="x", cls="Y")},
        "'vae-mdn' is already taken by colorzoo",
    ),
    "hook with wrong arguments": (
        {"hooks": HOOK.replace("register_colorizers()", "register_colorizers(zoo, more)")},
        "register_colorizers",
    ),
    "misspelt hook": ({"hooks": HOOK.replace("_colorizers()", "_colorisers()")}, "register_colorisers"),
    "incompatible API": (
        {"hooks": 'colorzoo_api = "7"\n' + HOOK}, "written for plugin API 7, this colorzoo speaks 1"
    ),
    "not entries": ({"hooks": HOOK.replace("return [Entry(", "return [(")}, "expected Entry"),
}  # fmt: skip
AT_USE = {
    "missing target": ({"cls": "Gone"}, "does not import"),
    "target raises": ({"model": "raise OSError('libfoo.so')"}, "libfoo.so"),
    "wrong base class": ({"model": "class Grey: pass"}, "is not a Colorizer class"),
    "config that is not a model": (
        {"model": f"{MODEL}\n    Config = dict\n"}, "expected a class that derives from ColorizerConfig"
    ),
    "abstract": ({"model": MODEL.replace("def colorize", "def colourise")}, "does not define colorize"),
}  # fmt: skip


@pytest.fixture
def zoo(cli, tmp_path):
    """Return the command line beside an installed good plugin."""
    site = tmp_path / "site"
    installed(site, "good")
    Image.fromarray(made_picture(0)).save(tmp_path / "picture.png")

    def run(*words, code=0):
        return cli(*words, code=code, PYTHONPATH=str(site))

    run.site = site
    return run


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_cannot_be_registered_is_left_out_and_named(zoo, kind):
    changes, said = LEFT_OUT[kind]
    installed(zoo.site, "zz-bad", **changes)
    listed = zoo("plugins", "--json")
    assert "of zz-bad was left out" in listed.stderr
    assert said in listed.stderr
    rows = json.loads(listed.stdout)
    assert {"good", "vae-mdn"} <= {row["name"] for row in rows if row["health"] == "ok"}
    (broken,) = [row for row in rows if row["health"] != "ok"]
    assert broken["distribution"] == "zz-bad 1.0"
    assert zoo("run", "good", "picture.png", "-o", "out").returncode == 0
    doctor = zoo("doctor", "--offline", code=1).stdout
    assert "FAILED  zz-bad 1.0" in doctor
    assert said in doctor


@pytest.mark.parametrize("kind", AT_USE)
def test_what_is_not_what_it_says_is_named_when_it_is_used(zoo, kind):
    changes, said = AT_USE[kind]
    installed(zoo.site, "zz-bad", **changes)
    assert "zz-bad" in {row["name"] for row in json.loads(zoo("plugins", "--json").stdout)}
    refused = zoo("run", "zz-bad", "picture.png", "-o", "out", code=2)
    assert "colorizer 'zz-bad' of zz-bad 1.0" in refused.stderr
    assert said in refused.stderr
    assert "FAILED  zz-bad 1.0" in zoo("doctor", "--offline", code=1).stdout


def test_a_target_that_takes_a_minute_to_import_delays_nobody_else(zoo, monkeypatch):
    installed(zoo.site, "zz-bad", model="import time\ntime.sleep(60)")
    assert "zz-bad" in {row["name"] for row in json.loads(zoo("plugins", "--json").stdout)}
    zoo("run", "good", "picture.png", "-o", "out")
    assert "takes longer than 20 seconds to import" in zoo("doctor", "--offline", code=1).stdout


def test_a_package_that_looks_like_a_plugin_and_is_none(zoo):
    installed(zoo.site, "colorzoo-silent", group="console_scripts")
    said = zoo("doctor", "--offline", code=1).stdout
    assert "FAILED  colorzoo-silent 1.0" in said
    assert "no entry point in the group 'colorzoo'" in said


def test_a_healthy_installation(zoo):
    report = json.loads(zoo("doctor", "--offline", "--json").stdout)
    assert report["plugins"][1] == {
        "distribution": "good", "version": "1.0", "origin": "an index",
        "brings": {"colorizer": ["good"]}, "problems": [],
    }  # fmt: skip
    assert report["machine"]["devices"].endswith("cpu")
    assert "offline" in report["hub"]
