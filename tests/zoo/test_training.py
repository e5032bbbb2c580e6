"""`colorzoo train`: options out of bounds, bad data, one run a folder, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core.errors import ColorzooError

pytestmark = pytest.mark.slow


def refused(*arguments: object) -> str:
    """Return the one line that a call in this process is refused with."""
    done = CliRunner().invoke(build(), ["train", *map(str, arguments)])
    assert done.exit_code != 0
    if done.exception and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, ColorzooError), repr(done.exception)
        assert "\n" not in str(done.exception)
        return str(done.exception)
    return str(done.output)


@pytest.mark.parametrize(
    ("plugin", "setting"),
    [
        ("vae-mdn", "noise=inf"),
        ("vae-mdn", "noise=nan"),
        ("vae-mdn", "noise=1e-300"),
        ("vae-mdn", "vae.epochs=inf"),
        ("vae-mdn", "kl_weight=inf"),
        ("vae-mdn", "latent=1000000000"),
        ("vae-mdn", "min_deviation=inf"),
        ("unet", "fit.epochs=1e300"),
        ("unet", "fit.steps=99999999999999"),
        ("unet", "fit.learning_rate=inf"),
        ("unet", "fit.clip=inf"),
        ("unet", "fit.batch_size=99999999999"),
        ("unet", "width=100000000"),
        ("unet", "size=3200000"),
        ("cgan", "gan.epochs=inf"),
        ("cgan", "absolute_weight=inf"),
        ("cgan", "size=3200000"),
        ("cgan", "crop=3200000"),
        ("cgan", "discriminator_width=99999999"),
    ],
)
def test_settings_without_bound_are_refused(pictures, tmp_path, plugin, setting):
    message = refused(plugin, "--data", pictures, "--set", setting, "-o", tmp_path / "run")
    assert setting.partition("=")[0] in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "option", [("--seed", 2**64), ("--checkpoint-seconds", "inf"), ("--threads", 100_000)]
)
def test_options_without_bound_are_refused(pictures, tmp_path, option):
    message = refused("unet", "--data", pictures, *option, "-o", tmp_path / "run")
    assert option[0].strip("-").replace("-", "_") in message.replace("-", "_")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)],
    ids=["no files", "empty", "text", "damaged"],
)
def test_a_dataset_without_a_picture_is_one_line(tmp_path, content):
    root = tmp_path / "data"
    root.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        if content is not None:
            (root / name).write_bytes(content)
    message = refused("unet", "--data", root, "--split", "all", "--set", "width=4", "-o", tmp_path / "run")
    assert str(root) in message or "holds no pictures" in message
    assert not (tmp_path / "run" / "config.json").exists()


def test_more_memory_than_there_is_is_one_line(pictures, tmp_path, monkeypatch):
    def hungry(*_: object, **__: object) -> None:
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate"
        )

    monkeypatch.setattr("colorzoo.jobs.train.train", hungry)
    message = refused("unet", "--data", pictures, "--set", "width=4", "-o", tmp_path / "run")
    assert "more memory than there is" in message


ENDLESS = ("--set", "fit.steps=1000000", "--set", "width=4", "--set", "fit.batch_size=4", "--split", "all",
           "--device", "cpu", "--checkpoint-seconds", "100000")  # fmt: skip


def started(pictures: Path, folder: Path, *launcher: str) -> subprocess.Popen[str]:
    """Start a training that does not end, and wait until it has logged steps."""
    log = folder / "run" / "log.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", *launcher, "colorzoo", "train", "unet", "--data", str(pictures), *ENDLESS,
         "-o", "run"],
        cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: process.poll() is not None or (log.exists() and log.stat().st_size))
    assert process.poll() is None, process.stderr.read()
    return process


def wait_until(condition) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_training_a_folder_and_an_interruption_that_loses_nothing(cli, pictures, tmp_path):
    first = started(pictures, tmp_path)
    first.send_signal(signal.SIGSTOP)  # it has the folder still, and leaves the processor to the second
    half = tmp_path / "run" / ".checkpoint.safetensors.abc.part"
    half.write_bytes(b"of a killed writer")
    second = cli("train", "unet", "--data", pictures, *ENDLESS, "-o", "run", "--resume", code=2)
    assert second.stderr.startswith("colorzoo: error: run: another process is at work here")
    assert second.stderr.count("\n") == 1
    first.send_signal(signal.SIGCONT)
    first.send_signal(signal.SIGINT)
    stderr = first.communicate(timeout=240)[1]
    assert first.returncode == 130, stderr
    assert "stopping after this step" in stderr
    command = next(line for line in stderr.splitlines() if line.endswith("--resume"))
    assert command.startswith("colorzoo train unet")
    assert "Traceback" not in stderr
    assert not (tmp_path / "run" / "config.json").exists()
    brief = ("--resume", "--minutes", "0.001")
    resumed = cli("train", "unet", "--data", pictures, *ENDLESS, "-o", "run", *brief).stderr
    assert "fit: goes on after step " in resumed
    assert not list((tmp_path / "run").rglob("*.part"))
    assert (tmp_path / "run" / "config.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_launcher_leaves_no_process(pictures, tmp_path):
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    process = started(pictures, tmp_path, *launcher)
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(listed) >= 2
    process.kill()
    process.communicate(timeout=240)
    wait_until(lambda: not any(map(running, listed)))


def running(process: str) -> bool:
    """Say whether a process is neither gone nor a zombie that nobody collects."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
