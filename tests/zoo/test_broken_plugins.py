"""Ways for a plugin to be broken: each is named, the zoo goes on, and listing stays quick."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from colorzoo import datasources
from colorzoo.core.registry import SLOW
from colorzoo.testing import synthetic_picture
from tests.zoo.strangers import HOOK, MODEL, installed

GREY = HOOK.format(name="zz-bad", module="zz_bad_model", cls="Grey")
"""A plugin that is good so far."""


def also(hook, *lines):
    """Return that plugin with one more hook."""
    body = "".join(f"\n    {line}" for line in lines)
    return f"{GREY}\nimport typer\nfrom pathlib import Path\n\n@hookimpl\ndef {hook}:{body}\n"


WRAPPER = GREY.replace("@hookimpl", "@hookimpl(wrapper=True)").replace("return", "yield\n    return")
COMMANDS, GROUP = (
    "register_commands(cli)",
    "(data,) = [g for g in cli.registered_groups if g.name == 'data']",
)

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
    "name with an escape": ({"hooks": HOOK.replace("{name}", "a\\x1b[2J")}, "lower case letters"),
    "SystemExit at import": ({"hooks": "raise SystemExit(3)"}, "SystemExit: 3"),
    "KeyboardInterrupt at import": ({"hooks": "raise KeyboardInterrupt"}, "KeyboardInterrupt"),
    "error that cannot be said": (
        {"hooks": "class E(Exception):\n    def __str__(self): raise self\nraise E"}, ": E"
    ),
    "raising register_colorizers": (
        {"hooks": HOOK.replace("return [", "raise SystemExit('gone') or [")},
        "register_colorizers: SystemExit: gone"
    ),
    "raising register_weights": (
        {"hooks": also("register_weights()", "raise SystemExit")}, "register_weights: SystemExit"
    ),
    "raising register_sites": (
        {"hooks": also("register_sites()", "1 / 0")}, "register_sites: ZeroDivisionError"
    ),
    "sites that are no paths": ({"hooks": also("register_sites()", "return ['x']")}, "expected paths"),
    "wrapper": (
        {"hooks": WRAPPER},
        "is a wrapper"
    ),
    "raising register_commands": (
        {"hooks": also(COMMANDS, "raise SystemExit(0)")}, "register_commands: SystemExit: 0"
    ),
    "takes the verb run": (
        {"hooks": also(COMMANDS, "cli.command('run')(lambda: print('stolen'))")},
        "the verb 'run' is already taken by colorzoo"
    ),
    "takes the group data": (
        {"hooks": also(COMMANDS, "cli.add_typer(typer.Typer(), name='data')")},
        "the verb 'data' is already taken by colorzoo"
    ),
    "takes a verb of a group": (
        {"hooks": also(COMMANDS, GROUP, "data.typer_instance.command('crawl')(lambda: None)")},
        "the verb 'data crawl' is already taken by colorzoo"
    ),
    "a verb that cannot be built": (
        {"hooks": also(COMMANDS, "def verb(x: int | str): pass", "cli.command()(verb)")},
        "support Union types"
    ),
}  # fmt: skip
AT_USE = {
    "missing target": ({"cls": "Gone"}, "does not import"),
    "target raises": ({"model": "raise OSError('libfoo.so')"}, "libfoo.so"),
    "wrong base class": ({"model": "class Grey: pass"}, "is not a Colorizer class"),
    "config that is not a model": (
        {"model": f"{MODEL}\n    Config = dict\n"}, "expected a class that derives from ColorizerConfig"
    ),
    "target ends the program": ({"model": "raise SystemExit(0)"}, "does not import: SystemExit: 0"),
    "abstract": ({"model": MODEL.replace("def colorize", "def colourise")}, "does not define colorize"),
}  # fmt: skip


@pytest.fixture
def zoo(cli, tmp_path):
    """Return the command line beside an installed good plugin."""
    site = tmp_path / "site"
    installed(site, "good")
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "picture.png")

    def run(*words, code=0):
        return cli(*words, code=code, PYTHONPATH=str(site))

    run.site = site
    return run


@pytest.fixture(scope="module")
def broken(command_line, tmp_path_factory):
    """Return what three verbs say where all of the broken ones are installed beside a good one."""
    home = tmp_path_factory.mktemp("broken")
    installed(home / "site", "good")
    for kind, (changes, _) in LEFT_OUT.items():
        hooks = {"hooks": HOOK.format(name=named(kind), module="x", cls="Y")}
        hooks |= {key: text.replace("zz-bad", named(kind)) for key, text in changes.items()}
        installed(home / "site", named(kind), **hooks)
    Image.fromarray(synthetic_picture(0)).save(home / "picture.png")
    env = {**os.environ, "PYTHONPATH": str(home / "site"), "OMP_NUM_THREADS": "1"}

    def run(*words):
        return command_line.run(words, home, env)

    return {
        "plugins": run("plugins", "--json"), "run": run("run", "good", "picture.png"),
        "doctor": run("doctor", "--offline"),
    }  # fmt: skip


def named(kind):
    """Return the name of the distribution that is broken in this way."""
    return "zz-" + re.sub("[^a-z]", "-", kind.lower())


def test_the_zoo_goes_on_beside_all_of_them(broken):
    assert [done.returncode for done in broken.values()] == [0, 0, 1]
    assert not any("Traceback" in done.stderr for done in broken.values())
    rows = json.loads(broken["plugins"].stdout)
    assert {row["name"] for row in rows if row["distribution"] == "good 1.0"} == {"good"}
    assert not [row for row in rows if row["distribution"].startswith("zz-") and row["health"] == "ok"]
    assert "1 of 1 coloured" in broken["run"].stdout


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_what_cannot_be_registered_is_left_out_and_named(broken, kind):
    _, said = LEFT_OUT[kind]
    for verb in ("plugins", "run"):
        (line,) = [
            line for line in broken[verb].stderr.splitlines() if f" of {named(kind)} was left out" in line
        ]
        assert said in line
    rows = json.loads(broken["plugins"].stdout)
    (row,) = [row for row in rows if row["distribution"] == f"{named(kind)} 1.0"]
    assert said in row["health"]
    _, _, doctor = broken["doctor"].stdout.partition(f"FAILED  {named(kind)} 1.0")
    assert said in doctor.partition("FAILED")[0]


CATALOGUE = """[[weights]]
plugin = "{plugin}"
name = "{name}"
license = "mit"
sha256 = "{zeros}"
folder = "here"
"""
FILES = {
    "weights that are no TOML": ("weights", "]", "not a catalogue of weights"),
    "weights that are nested": ("weights", "a = " + 10_000 * "[", "not a catalogue of weights"),
    "weights without a licence": ("weights", "[[weights]]\nplugin = 'a'", "weights.0.license"),
    "built-in weights": (
        "weights", CATALOGUE.format(plugin="vae-mdn", name="default", zeros=64 * "0"),
        "weights 'default' of vae-mdn is for colorzoo to name"
    ),
    "taken weights": (
        "weights", CATALOGUE.format(plugin="cgan", name="paper", zeros=64 * "0"),
        "weights 'paper' of cgan is already taken by colorzoo"
    ),
    "default of a baseline": (
        "weights", CATALOGUE.format(plugin="grey", name="default", zeros=64 * "0"),
        "weights 'default' of grey is for colorzoo to name"
    ),
    "a site that is no TOML": ("sites", "]", "not TOML"),
    "a site without a name": ("sites", "summary = 'x'", "name: field required"),
    "a taken site": ("sites", None, "site profile 'mkzhan' is already taken by colorzoo"),
}  # fmt: skip


@pytest.fixture(scope="module")
def damaged(command_line, tmp_path_factory):
    """Return what two listings say where all of those files are announced."""
    home = tmp_path_factory.mktemp("damaged")
    mkzhan = Path(datasources.__file__).parent / "manga" / "sites" / "mkzhan.toml"
    for kind, (what, text, _) in FILES.items():
        hook = also(f"register_{what}()", f"return [Path(__file__).with_name('{named(kind)}.toml')]")
        installed(home / "site", named(kind), hooks=hook.replace("zz-bad", named(kind)))
        (home / "site" / f"{named(kind)}.toml").write_text(mkzhan.read_text() if text is None else text)
    env = {**os.environ, "PYTHONPATH": str(home / "site"), "OMP_NUM_THREADS": "1"}
    listings = {"weights": ("weights", "list"), "sites": ("data", "sites")}
    return {what: command_line.run(words, home, env) for what, words in listings.items()}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_damaged_or_takes_a_name_leaves_its_plugin_out(damaged, kind):
    what, _, said = FILES[kind]
    listed = damaged[what]
    (line,) = [line for line in listed.stderr.splitlines() if f" of {named(kind)} was left out" in line]
    assert said in line
    assert ("vae-mdn:default" if what == "weights" else "mkzhan.com") in listed.stdout
    assert (listed.returncode, "Traceback" in listed.stderr) == (0, False)


def test_the_doctor_reads_those_files(zoo):
    for what in ("weights", "sites"):
        (zoo.site / f"{what}.toml").write_text("]")
        hook = also(f"register_{what}()", f"return [Path(__file__).with_name('{what}.toml')]")
        installed(zoo.site, f"zz-{what}", hooks=hook.replace("zz-bad", f"zz-{what}"))
    doctor = zoo("doctor", "--offline", code=1).stdout
    assert doctor.count("TOMLDecodeError") == 2
    assert {"FAILED  zz-sites 1.0", "FAILED  zz-weights 1.0"} <= {
        line[2:].partition(",")[0] for line in doctor.splitlines()
    }


def test_weights_of_others_are_never_used_unless_they_are_asked_for(zoo):
    text = CATALOGUE.format(plugin="grey", name="aa", zeros=64 * "0")
    installed(
        zoo.site, "zz-bad", hooks=also("register_weights()", "return [Path(__file__).with_name('w.toml')]")
    )
    (zoo.site / "w.toml").write_text(text)
    zoo("run", "grey", "picture.png", "-o", "out")
    assert "site/here" in zoo("run", "grey", "picture.png", "--weights", "aa", code=2).stderr


def test_a_verb_of_a_plugin_is_there_and_belongs_to_the_first(zoo):
    verb = also(COMMANDS, "cli.command('greet')(lambda: print('good day'))", GROUP,
                "data.typer_instance.command('greet')(lambda: print('good data'))")  # fmt: skip
    installed(zoo.site, "aa-first", hooks=verb.replace("zz-bad", "aa-first"))
    installed(zoo.site, "zz-bad", hooks=verb)
    greeted = zoo("greet")
    assert greeted.stdout == "good day\n"
    assert "the verb 'greet' is already taken by aa-first" in greeted.stderr
    assert zoo("data", "greet").stdout == "good data\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"[colorzoo]\nnonsense\n", "TypeError"), (b"[colorzoo]\na = \xff", "UnicodeDecodeError")],
)
def test_entry_points_that_cannot_be_read_are_named(zoo, text, said):
    installed(zoo.site, "zz-bad")
    (zoo.site / "zz_bad-1.0.dist-info" / "entry_points.txt").write_bytes(text)
    listed = zoo("plugins")
    assert (
        f"plugin 'zz-bad' of zz-bad was left out: its entry_points.txt is damaged ({said}" in listed.stderr
    )
    zoo("run", "good", "picture.png", "-o", "out")


def test_a_slow_import_is_named(zoo):
    installed(zoo.site, "zz-slow", hooks=f"import time\ntime.sleep({1.2 * SLOW})\n{GREY}")
    said = r"plugin 'zz-slow' of zz-slow takes \d+\.\d seconds to import, and every command waits for it"
    assert re.search(said, zoo("plugins").stderr)
    doctor = zoo("doctor", "--offline", code=1)  # which also misses the class that it announces
    assert re.search(r"zz-slow: takes \d", doctor.stdout)


@pytest.mark.parametrize("swallow", ["pass", "raise SystemExit(0)", "raise ImportError"])
def test_the_users_interrupt_ends_the_program_whatever_the_plugin_makes_of_it(zoo, tmp_path, swallow):
    waiting = tmp_path / "waiting"
    installed(
        zoo.site, "zz-bad",
        hooks=f"try:\n    open({str(waiting)!r}, 'w').close()\n    import time\n    time.sleep(60)\n"
        f"except BaseException:\n    {swallow}\n",
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "colorzoo", "plugins"], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(zoo.site)},
    )  # fmt: skip
    while not waiting.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted while plugin 'zz-bad' of zz-bad was being imported" in err
    assert "Traceback" not in err
    assert out == ""


@pytest.fixture(scope="module")
def at_use(command_line, tmp_path_factory):
    """Return the command line where all are installed that are not what they say, beside a good one."""
    home = tmp_path_factory.mktemp("at_use")
    installed(home / "site", "good")
    for kind, (changes, _) in AT_USE.items():
        installed(home / "site", named(kind), **changes)
    installed(home / "site", "zz-minute", model="import time\ntime.sleep(60)")
    installed(home / "site", "colorzoo-silent", group="console_scripts")
    Image.fromarray(synthetic_picture(0)).save(home / "picture.png")
    env = {**os.environ, "PYTHONPATH": str(home / "site"), "OMP_NUM_THREADS": "1"}
    return lambda *words: command_line.run(words, home, env)


@pytest.mark.parametrize("kind", AT_USE)
def test_what_is_not_what_it_says_is_named_when_it_is_used(at_use, kind):
    refused = at_use("run", named(kind), "picture.png", "-o", "out")
    assert refused.returncode == 2
    assert f"colorizer '{named(kind)}' of {named(kind)} 1.0" in refused.stderr
    assert AT_USE[kind][1] in refused.stderr


def test_what_is_not_what_it_says_or_takes_a_minute_is_listed_and_delays_nobody_else(at_use):
    rows = json.loads(at_use("plugins", "--json").stdout)
    assert {"zz-minute", *map(named, AT_USE)} <= {row["name"] for row in rows}
    assert at_use("run", "good", "picture.png", "-o", "out").returncode == 0


def test_the_doctor_names_all_of_those(at_use):
    done = at_use("doctor", "--offline")
    failed = [line.partition(",")[0] for line in done.stdout.splitlines() if "FAILED" in line]
    others = ["zz-minute", "colorzoo-silent"]
    assert sorted(failed) == sorted(f"  FAILED  {name} 1.0" for name in [*map(named, AT_USE), *others])
    assert done.returncode == 1
    assert "takes longer than 20 seconds to import" in done.stdout.partition("FAILED  zz-minute")[2]
    assert "no entry point in the group 'colorzoo'" in done.stdout.partition("FAILED  colorzoo-silent")[2]


def test_a_healthy_installation(zoo):
    report = json.loads(zoo("doctor", "--offline", "--json").stdout)
    assert report["plugins"][1] == {
        "distribution": "good", "version": "1.0", "origin": "an index",
        "brings": {"colorizer": ["good"]}, "problems": [], "notes": [],
    }  # fmt: skip
    assert report["machine"]["devices"].endswith("cpu")
    assert "offline" in report["hub"]
