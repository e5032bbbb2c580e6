"""`colorzoo compare` and `colorzoo report` as users type them."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.core.compare.results import read_results
from colorzoo.core.errors import ConfigError, DataError, UnknownNameError
from colorzoo.core.registry import registry
from colorzoo.jobs.compare import compare, methods_of, metrics_of, working_in
from colorzoo.testing import synthetic_picture

ROOT = Path(__file__).parents[2]
FEW = ("--metrics", "mse255,psnr,eob,success", "--samples", 2, "--side", 32, "--workers", 1)


def test_from_two_names_to_a_report_and_a_merged_one(cli, pictures):
    for path in pictures.glob("*/*[4-9].png"):
        path.unlink()
    done = cli("compare", "vae-mdn", "vae-mdn,mode=mean", "--data", pictures, "--split", "all", *FEW,
               "-o", "one", code=0)  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["METHOD", "MSE255@1", "BEST", "OF", "2", "MS", "MIB", "FAILED"]
    assert lines[1].startswith("oracle")
    assert {line.split()[0] for line in lines[1:8]} == {
        "oracle", "vae-mdn", "vae-mdn,mode=mean", "grey", "mean-chroma", "mean-chroma-given-luma",
        "random-reference",
    }  # fmt: skip
    assert "mse255@1 (one answer): squared grey levels, lower is better; 95 % intervals" in done.stdout
    said = [line.partition(":")[0] for line in done.stdout.splitlines()[10:13]]
    assert said == ["Asked once", "Best of 2 answers, chosen by the truth", "Milliseconds a picture"]
    assert not {"grey", "oracle"} & set(" ".join(done.stdout.splitlines()[10:13]).split())
    folder = pictures.parent / "one"
    assert {"report.html", "table.md", "results.json", "pictures", "figures", "grid.jpg"} <= {
        path.name for path in folder.iterdir()
    }
    results = read_results(folder)
    assert len(results.pictures) == 6
    assert results.command.startswith("colorzoo compare vae-mdn vae-mdn,mode=mean --data ")
    assert results.methods[1].options == {"mode": "mean"}
    assert results.methods[0].weights.license
    assert results.protocol.samples == 2
    for write_examples in results.examples:
        files = [
            write_examples.gray,
            write_examples.original,
            *(f for files in write_examples.samples.values() for f in files),
        ]
        assert all((folder / "pictures" / name).is_file() for name in files)
    assert {e.reason for e in results.examples} == {"spread", "best", "median", "worst"}

    cli("compare", "unet", "--data", pictures, "--split", "all", *FEW, "-o", "two")
    merged = cli("report", "merge", "one", "two", "-o", "both")
    assert "unet" in merged.stdout
    both = read_results(pictures.parent / "both")
    assert [m.label for m in both.methods if not m.baseline] == ["vae-mdn", "vae-mdn,mode=mean", "unet"]
    assert {p.one for p in both.pairs} | {p.other for p in both.pairs} == {m.label for m in both.methods}
    assert (pictures.parent / "both" / "report.html").stat().st_size > 10_000
    table = cli("report", "table", "both", "--metrics", "psnr")
    assert "psnr" in table.stdout
    assert "unet" in table.stdout
    (pictures.parent / "both" / "report.html").unlink()
    cli("report", "write", "both")
    assert (pictures.parent / "both" / "report.html").exists()

    cli("compare", "unet", "--data", pictures, "--split", "all", *FEW, "--seed", 1, "-o", "other")
    refused = cli("report", "merge", "one", "other", "-o", "no", code=2)
    assert "seed" in refused.stderr
    assert not (pictures.parent / "no").exists()


def test_what_is_wrong_is_said_before_anything_is_computed(cli, pictures, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        (["vea-mdn"], "did you mean vae-mdn?"),
        (["vae-mdn:nowhere"], "no weights of vae-mdn named 'nowhere'"),
        (["vae-mdn,temprature=1"], "did you mean temperature?"),
        (["vae-mdn,samples=3"], "samples is the same for all; use --samples, --seed"),
        (["unet", "unet"], "named twice"),
        (["unet", "--metrics", "pnsr"], "did you mean psnr?"),
        (["unet", "--metrics", "eob@100"], "eob@100: needs --samples 100 or more, got 8"),
        (["unet", "--fit", "stretch"], "fit"),
        (["unet", "--simulate", "hints=many"], "--simulate hints=many: expected hints=10"),
        (["unet", "--simulate", "palette=1"], "a palette has from 2 to 256 colours"),
        (["unet", "--device", "cuda:9"], "device 'cuda:9': not on this machine"),
    ):
        done = cli("compare", *arguments, "--data", pictures, code=2)
        assert message in done.stderr, arguments
        assert done.stderr.count("\n") == 1
    done = cli("compare", "unet", "--data", tmp_path / "empty", code=2)
    assert "no pictures" in done.stderr
    done = cli("report", "write", tmp_path / "empty", code=2)
    assert "colorzoo compare" in done.stderr


def test_a_damaged_file_is_left_out_and_named(cli, pictures):
    (pictures / "series0" / "00.png").write_bytes(b"not a picture")
    done = cli("compare", "grey", "--data", pictures, "--split", "all", *FEW, "-o", "out")
    assert "left out: series0/00.png: " in done.stderr
    assert len(read_results(pictures.parent / "out").pictures) == 11


def test_one_picture_and_no_train_split(cli, pictures):
    one = pictures / "series1"
    for path in sorted(one.iterdir())[1:]:
        path.unlink()
    done = cli("compare", "unet", "--data", one, "--split", "all", *FEW, "-o", "out")
    assert " to " not in done.stdout.split("\n\n")[0]  # no intervals
    values = json.loads((pictures.parent / "out" / "results.json").read_text())
    assert len(values["pictures"]) == 1


@pytest.mark.slow
def test_from_python(pictures, tmp_path):
    options = {"samples": 2, "side": 24, "metrics": ["psnr", "mse255"], "split": "all"}
    results = compare(["grey"], str(pictures), tmp_path / "out", **options, limit=5)
    assert results.ranked_by == "psnr"
    assert len(results.pictures) == 5
    assert results.ranking()[0].label == "oracle"
    assert read_results(tmp_path / "out") == results
    with pytest.raises(ConfigError, match="limit"):
        compare(["grey"], str(pictures), limit=0)
    with pytest.raises(DataError, match="no such folder"):
        compare(["grey"], f"pages:{tmp_path}/nothing")


def test_the_metrics_that_are_measured_unless_others_are_named():
    kinds = metrics_of(None, 8)
    assert list(kinds)[:3] == ["mse255@1", "mse255", "psnr"]
    assert list(metrics_of(["success", "psnr"], 8)) == ["success@1", "success", "psnr"]
    assert list(metrics_of(["success", "psnr"], 1)) == ["success", "psnr"]  # asked once as it is
    assert list(metrics_of(["psnr", "success"], 8)) == ["psnr", "success"]
    assert {"eob@1", "eob@5", "eob@8", "ciede2000", "auc-rebalanced", "delta-cf-abs"} <= kinds.keys()
    assert not {"eob@100", "lpips", "fid"} & kinds.keys()
    assert list(metrics_of(["ssim", "psnr"], 1)) == ["ssim", "psnr"]
    with pytest.raises(UnknownNameError):
        metrics_of(["ssmi"], 1)


def test_a_control_that_is_named_takes_part_once():
    labels = [method.label for method in methods_of(["grey", "unet"])]
    assert labels[:2] == ["grey", "unet"]
    assert labels.count("grey") == 1


def test_a_folder_is_measured_whole_and_its_controls_are_fitted_on_it(pictures):
    options = {"samples": 1, "side": 16, "metrics": ["psnr"]}
    whole = compare(["grey"], str(pictures), **options)
    assert len(whole.pictures) == 12
    assert (whole.protocol.split, whole.protocol.train_is_measured) == ("all", True)
    part = compare(["grey"], str(pictures), split="train", **options)
    assert len(part.pictures) < 12
    packed = [registry().find("dataset", name).load() for name in ("folder", "zip", "tar", "packed")]
    assert {kind.compared_split for kind in packed} == {"all"}
    assert registry().find("dataset", "lfw").load().compared_split == "test"


def test_controls_are_fitted_on_other_pictures_where_a_part_is_measured(pictures):
    for index in range(40):
        Image.fromarray(synthetic_picture(index, 8, 8)).save(pictures / f"{index}.png")
    results = compare(["grey"], str(pictures), split="test", samples=1, side=8, metrics=["psnr"])
    assert 0 < len(results.pictures) < 52
    assert not results.protocol.train_is_measured


def test_a_damaged_member_of_an_archive_is_left_out_and_named(cli, pictures, tmp_path):
    whole = tmp_path / "all.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for path in sorted(pictures.rglob("*.png")):
            archive.write(path, path.relative_to(pictures))
        damaged = archive.infolist()[3]
    data = bytearray(whole.read_bytes())
    data[damaged.header_offset + 60] ^= 0xFF
    whole.write_bytes(data)
    done = cli("compare", "grey", "--data", whole, *FEW, "-o", "out")
    assert f"left out: {damaged.filename}: " in done.stderr
    assert "1 pictures could not be read" in done.stderr
    results = read_results(tmp_path / "out")
    assert len(results.pictures) == 11
    assert not any(method.failures for method in results.methods)


PLUGIN = """
import time
from colorzoo.core import Colorizer, Entry, hookimpl
colorzoo_api = "1"

class Fails(Colorizer):
    def colorize(self, gray, options):
        raise ValueError("never")

class Slow(Colorizer):
    def colorize(self, gray, options):
        with open("asked.txt", "a") as file:
            file.write("x")
        time.sleep(0.2)
        return gray[:, None].expand(-1, options.samples, 3, -1, -1)

@hookimpl
def register_colorizers():
    return [Entry("fails", "failing_plugin:Fails"), Entry("slow", "failing_plugin:Slow")]
"""


def installed(folder, text):
    """Write a module with its metadata, as pip would; return the folder for PYTHONPATH."""
    (folder / "failing_plugin.py").write_text(text)
    metadata = folder / "failing_plugin-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: failing-plugin\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[colorzoo]\nfailing = failing_plugin\n")
    return folder


def test_a_method_that_failed_everywhere_is_said_with_status_1(cli, pictures, tmp_path):
    (tmp_path / "site").mkdir()
    site = installed(tmp_path / "site", PLUGIN)
    done = cli(
        "compare", "fails", "unet", "--data", pictures, *FEW, "-o", "out", code=1, PYTHONPATH=str(site)
    )
    assert "fails: failed on all pictures; series0/00.png: Fails: ValueError: never" in done.stderr
    assert "unet" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()


def test_absurd_numbers_are_refused(cli, pictures):
    for option, value in (("--side", 99999999999), ("--workers", 10**6), ("--seed", 2**64)):
        done = cli("compare", "unet", "--data", pictures, option, value, code=2)
        assert f"Error: Invalid value for '{option}'" in done.stderr


def test_two_comparisons_do_not_share_a_folder_and_leftovers_are_swept(cli, pictures, tmp_path):
    out = tmp_path / "out"
    left = [out / ".results.json.abc.part", out / "pictures" / ".00-grey.jpg.x.part"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (out / ".mine.part.txt").touch()
    with working_in(out):
        done = cli("compare", "grey", "--data", pictures, *FEW, "-o", out, code=2)
    assert "another process is at work here" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not any(path.exists() for path in left)
    assert (out / ".mine.part.txt").exists()


@pytest.mark.slow
def test_ctrl_c_says_what_is_done_and_the_same_command_goes_on(pictures, tmp_path):
    (tmp_path / "site").mkdir()
    site = installed(tmp_path / "site", PLUGIN)
    command = [sys.executable, "-m", "colorzoo", "compare", "slow", "--data", str(pictures), *map(str, FEW),
               "-o", "out"]  # fmt: skip
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(site)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as running:
        asked = tmp_path / "asked.txt"
        while running.poll() is None and not (asked.is_file() and asked.stat().st_size >= 4):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        told = running.communicate(timeout=120)[1]
        assert running.returncode == 130, told
    assert re.search(r"interrupted; (\d+ of 12|no) pictures measured, which stay; the same command", told)
    assert "Traceback" not in told
    assert subprocess.run(command, cwd=tmp_path, env=env, timeout=300, check=False).returncode == 0


def test_a_side_beyond_its_bound_is_refused_before_anything_is_imported():
    script = (
        "import sys\nfrom colorzoo.cli.main import main\n"
        "sys.argv = ['colorzoo', 'compare', 'grey', '--data', '.', '--side', '99999999999']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    "
        "print(end.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"
    assert "16384" in done.stderr


def test_panels_are_compared_like_pictures(cli, pictures, tmp_path):
    options = ("--metrics", "mse255,eob@1", "--samples", 2, "--side", 32, "--workers", 1)
    done = cli("compare", "unet", "--data", f"panels:{pictures}", "--split", "all", *options, "-o", "out")
    assert "oracle" in done.stdout  # eob@1 is a curve of one point, which no figure is drawn of
    results = read_results(tmp_path / "out")
    assert len(results.pictures) > 12  # several squares of a page
    assert all(method.values["mse255"] is not None for method in results.methods)
    assert not any(method.failures for method in results.methods)


(SIMULATED,) = re.findall(
    r"^    colorzoo (compare .* --simulate .*)$", (ROOT / "docs" / "comparing.md").read_text(), re.M
)


def test_the_page_on_true_hints_works_as_it_is_written_and_the_report_shows_it(cli, pictures):
    for path in pictures.glob("*/*[3-9].png"):
        path.unlink()
    few = ("--metrics", "mse255@1", "--samples", 1, "--side", 32, "--workers", 1)
    done = cli(*shlex.split(SIMULATED), *few)
    head, *rows = [line.split() for line in done.stdout.splitlines() if line]
    assert head[:4] == ["METHOD", "MSE255@1", "INFORMED", "BY"]
    assert "30 true hints a picture" in done.stdout
    start = next(i for i, row in enumerate(rows) if row[-5:] == ["0", "1", "3", "10", "30"])
    curve = {row[0]: row[1:] for row in rows[start + 1 :]}
    for name in ("cgan", "grey"):
        values = [float(value.replace(",", "")) for value in curve[name]]
        assert len(values) == 5
        assert values[-1] < values[0]
    assert "Informed: every method was given 30 true hints a picture" in done.stdout
    folder = pictures.parent / "hinted"
    results = read_results(folder)
    assert results.protocol.simulate == "hints=0,1,3,10,30"
    assert {m.informed_by for m in results.methods if not m.informed} == {"30 true hints a picture"}
    page = (folder / "report.html").read_text()
    assert "Informed: every method was given 30 true hints a picture" in page
    assert page.count('<th scope="col">informed by</th>') == 1
    assert "By number of hints" in page
    assert "30 true hints a picture" in (folder / "table.md").read_text()
    assert "true hints a picture" in (folder / "figures" / "hints.svg").read_text()
    cli("report", "write", folder)
    cli("compare", "cgan", "--data", pictures, *few, "-o", "plain")
    refused = cli("report", "merge", "hinted", "plain", "-o", "no", code=2)
    assert "simulate hints=0,1,3,10,30 and" in refused.stderr


def test_a_next_picture_is_wanted_where_there_is_none(cli, pictures):
    for path in pictures.glob("*/*.png"):
        if path.name not in ("00.png", "01.png"):
            path.unlink()
    done = cli("compare", "unet", "--data", pictures, "--simulate", "reference=next", code=2)
    assert done.stderr.count("\n") == 1
    assert "every picture of" in done.stderr
    assert "alone in its folder" in done.stderr
