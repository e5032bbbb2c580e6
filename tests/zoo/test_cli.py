"""The command line in a process of its own."""

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from colorzoo.cli.verb_table import GROUPS, VERBS
from colorzoo.jobs.inputs import gather
from colorzoo.testing import synthetic_picture

TRAIN = ("--set", "fit.steps=3", "--set", "width=4", "--set", "fit.batch_size=4", "--device", "cpu")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(synthetic_picture(5, 120, 100)).save(path)
    return path


def test_training_then_running(cli, pictures, photo, tmp_path):
    done = cli("train", "unet", "--data", pictures, *TRAIN, "-o", "run")
    assert "colorzoo run unet PICTURE --weights run" in done.stdout
    info = json.loads((tmp_path / "run" / "config.json").read_text())
    assert info["trained_on"]["split"] == "train"
    assert "fit.steps=3" in info["trained_on"]["command"]
    assert "fit.steps=3" in (tmp_path / "run" / "README.md").read_text()
    cli("train", "unet", "--data", pictures, *TRAIN, "-o", "run", code=2)  # needs --resume
    cli("train", "unet", "--data", pictures, *TRAIN, "-o", "run", "--resume")

    cli("train", "unet", "--data", pictures, *TRAIN, "-o", "more", "--init", "run")
    card = (tmp_path / "more" / "README.md").read_text()
    assert card.count("| Command |") == 2
    assert card.index("-o run`") < card.index("-o more --init run`")

    done = cli("run", "unet", photo, "--weights", "run", "--samples", "2", "-o", "out", "--seed", "4")
    assert "1 of its 2 samples equal others" in done.stderr
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["colorized.jsonl", "photo-unet-1.png", "photo-unet-sheet.png"]
    colored = cv2.imread(str(tmp_path / "out" / names[1]))
    gray = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(cv2.cvtColor(colored, cv2.COLOR_BGR2GRAY) - gray).mean() <= 1


def test_training_on_two_folders_at_once(cli, pictures, tmp_path):
    folders = [pictures / "series0", pictures / "series1"]
    both = ["--data", folders[0], "--data", folders[1], "--split", "all", "--credit", "drawn by tests"]
    cli("train", "unet", *both, *TRAIN, "-o", "run")
    trained = json.loads((tmp_path / "run" / "config.json").read_text())["trained_on"]
    assert trained["pictures"] == 12
    assert trained["dataset"] == f"{folders[0]} + {folders[1]}"
    assert "drawn by tests" in (tmp_path / "run" / "README.md").read_text()


def test_blending_weights_into_the_result(cli, pictures, tmp_path):
    call = ["train", "unet", "--data", pictures, *TRAIN]
    cli(*call, "-o", "one")
    cli(*call, "-o", "other", "--seed", "1")
    cli(*call, "-o", "mixed", "--blend", "other=0.25")
    one, other, mixed = (load_file(tmp_path / n / "model.safetensors") for n in ("one", "other", "mixed"))
    for name, tensor in mixed.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, 0.75 * one[name] + 0.25 * other[name])
    wide = [str(word).replace("width=4", "width=8") for word in call]
    wider = cli(*wide, "-o", "x", "--blend", "other=0.5", code=2)
    assert "weights do not fit" in wider.stderr
    assert not (tmp_path / "x").exists()  # said before the training, not after it
    for wrong in ("other", "other=2", "=0.5"):
        assert "expected WEIGHTS=SHARE" in cli(*call, "-o", "x", "--blend", wrong, code=2).stderr


def test_a_place_that_cannot_be_written_is_one_line(cli, photo, tmp_path):
    (tmp_path / "taken").write_text("a file")
    done = cli("run", "vae-mdn", photo, "-o", "taken", code=2)
    assert done.stderr.startswith("colorzoo: error: taken: ")


@pytest.mark.slow
def test_two_processes_train_one_model(pictures, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "-m", "colorzoo", "train", "unet", "--data", str(pictures), *TRAIN, "-o", "run"],
        capture_output=True, text=True, cwd=tmp_path, timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "config.json").exists()
    assert [path.name for path in (tmp_path / "run").iterdir() if path.name.startswith(".")] == [".train"]


def test_several_inputs_go_on_past_a_bad_one(cli, pictures, tmp_path):
    (pictures / "bad.jpg").write_bytes(b"no picture")
    cli("train", "unet", "--data", pictures / "series0", *TRAIN, "-o", "run")
    done = cli("run", "unet", pictures, "--weights", "run", "-o", "out", code=1)
    assert "12 of 13 coloured" in done.stdout
    assert "bad.jpg: not a picture" in done.stderr
    written = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png")}
    assert "series1/01-unet-1.png" in written
    assert "unet-sheet.png" in written
    assert len(written) == 13


BAD = {
    "truncated.jpg": lambda good: good[: len(good) // 2],
    "empty.jpg": lambda good: b"",
    "text.jpg": lambda good: b"just text\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_one_line_and_no_file(cli, photo, tmp_path, name):
    good = tmp_path / "good.jpg"
    Image.fromarray(synthetic_picture(1, 200, 200)).save(good)
    (tmp_path / name).write_bytes(BAD[name](good.read_bytes()))
    done = cli("run", "vae-mdn", name, "-o", "out", code=2)
    assert done.stderr.startswith(f"colorzoo: error: {name}: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "vae-mnd", "x.png"], "no colorizer named 'vae-mnd'; did you mean vae-mdn?"),
        (["run", "vae-mdn", "none.png"], "none.png: no such file"),
        (["run", "vae-mdn", "*.nothing"], "matches no file"),
        (["run", "vae-mdn", ""], "no name of a file"),
        (["run", "vae-mdn", "x.png", "-O", "temprature=1"], "did you mean temperature?"),
        (["run", "vae-mdn", "x.png", "-O", "temperature"], "expected key=value"),
        (["run", "vae-mdn", "x.png", "--weights", "fotos"], "no weights of vae-mdn named 'fotos'"),
        (["run", "vae-mdn", "x.png", "--format", "gif"], "expected one of"),
        (["run", "unet", "x.png", "--device", "gpu"], "expected auto, cpu, cuda"),
        (["train", "vae-mdn", "--data", "nowhere/"], "no such folder"),
        (["train", "vae-mdn", "--data", "lwf"], "did you mean lfw?"),
        (["data", "fetch", "folder"], "nothing to fetch"),
    ],
)
def test_a_wrong_call_is_one_line_that_helps(cli, arguments, message, tmp_path):
    done = cli(*arguments, code=2)
    assert done.stderr.startswith("colorzoo: error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_listings_are_tables_and_json(cli, pictures):
    rows = json.loads(cli("plugins", "--json").stdout)
    assert {"vae-mdn", "unet", "lfw", "folder", "mse255"} <= {row["name"] for row in rows}
    assert "vae-mdn" in cli("plugins", "list").stdout
    shown = cli("plugins", "show", "vae-mdn").stdout
    for word in ("temperature", "kl_weight", "vae.epochs", "paper"):
        assert word in shown
    assert json.loads(cli("plugins", "show", "unet", "--json").stdout)["presets"] == ["default", "trunk"]
    assert "lfw" in cli("data", "list").stdout
    info = {row["split"]: row for row in json.loads(cli("data", "info", pictures, "--json").stdout)}
    assert info["all"]["pictures"] == 12
    assert info["train"]["pictures"] + info["test"]["pictures"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae-mdn", "cgan", "unet"])
def test_loading_weights_needs_no_compiler(name):
    script = f"import sys, colorzoo; colorzoo.load({name!r}); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", "it takes a second to import"


LOADED = """
import json, sys
from colorzoo.cli.app import main
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    try:
        main()
    except SystemExit:
        pass
    print("LOADED", words, sorted({"torch", "cv2", "numpy", "PIL", "huggingface_hub"} & set(sys.modules)))
"""


def test_help_of_every_verb_and_listings_load_nothing_heavy(tmp_path):
    grouped = [[group, name] for group, (verbs, _) in GROUPS.items() for name in ("", *verbs)]
    called = [
        ["--help"],
        *([*filter(None, words), "--help"] for words in [*([v] for v in VERBS), *grouped]),
    ]
    called += [
        ["data", "crawl", "--help"],
        ["plugins"],
        ["plugins", "list"],
        ["data", "list"],
        ["metrics", "list"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(called)],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    assert lines == [f"LOADED {words} []" for words in called]
    assert done.stdout.count("Usage: ") == len(called) - 4


def test_importing_the_command_line_imports_no_verb():
    script = "import sys; from colorzoo.cli.app import build; build(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not re.findall(r"colorzoo\.(?:cli\S*_commands?|jobs\S*|api)\b", done.stdout)
    assert "pydantic" not in done.stdout.split()


ALL_VERBS = {(group, name): verb for group, (verbs, _) in GROUPS.items() for name, verb in verbs.items()}
ALL_VERBS |= {("", name): verb for name, verb in VERBS.items()}


@pytest.mark.parametrize("words", ALL_VERBS, ids=lambda words: " ".join(words).strip())
def test_the_table_of_verbs_says_what_the_verbs_say(words):
    """Their help is that of the docstring's first paragraph."""
    verb = ALL_VERBS[words]
    assert verb.help == " ".join(inspect.getdoc(verb.load()).split("\n\n")[0].split())


def test_a_broken_plugin_is_warned_about_and_strict_mode_stops(cli, tmp_path):
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[colorzoo]\nbroken = no_such_module\n")
    env = {"PYTHONPATH": str(tmp_path / "site")}
    done = cli("plugins", **env)
    assert "plugin 'broken' of broken was left out: ModuleNotFoundError" in done.stderr
    assert "vae-mdn" in done.stdout
    done = cli("plugins", code=2, COLORZOO_STRICT_PLUGINS="1", **env)
    assert "broken" in done.stderr
    assert "unet" not in cli("plugins", COLORZOO_PLUGINS="vae-mdn").stdout


def test_gathering_names_results_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a.jpg", "x/a.png", "x/b.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.fromarray(synthetic_picture(0, 8, 8)).save(name)
    files = gather(["a.png", "a.jpg", "x", "x/*.png"]).files
    targets = [str(target.with_suffix("")) for _, target in files]
    assert targets == ["a", "a~2", "a~3", "b", "a~4", "b~2"]


def test_version(cli):
    import colorzoo

    assert cli("--version").stdout.strip() == f"colorzoo {colorzoo.__version__}"


def test_metrics_are_listed_and_explained(cli):
    assert "ciede2000" in cli("metrics", "list").stdout
    shown = cli("metrics", "show", "psnr").stdout
    assert "better: higher" in shown
    assert "unit: dB" in shown
    facts = json.loads(cli("metrics", "show", "delta-cf", "--json").stdout)
    assert facts["one value"] == "a set"
    assert "did you mean psnr" in cli("metrics", "show", "psrn", code=2).stderr
