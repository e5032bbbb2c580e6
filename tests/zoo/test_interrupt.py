"""Ctrl-C at the worst moment: libraries that are being imported swallow it, or abort."""

import os
import signal
import subprocess
import sys
import time

import pytest

LIBRARY = """
import time
open({waiting!r}, "w").close()
try:
    time.sleep(60)
except BaseException:
    pass
raise SystemExit("went on")
"""


EARLY = """
import signal, sys

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupter())
"""


@pytest.mark.slow
def test_an_interrupt_while_the_command_line_itself_is_imported_is_a_line(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(EARLY)
    done = subprocess.run(
        [sys.executable, "-m", "colorzoo", "plugins"], env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs ignore it
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "colorzoo: interrupted\n")


@pytest.mark.slow
def test_an_interrupt_during_an_import_ends_the_command_at_once(tmp_path):
    waiting = tmp_path / "waiting"
    (tmp_path / "torch.py").write_text(LIBRARY.format(waiting=str(waiting)))
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "colorzoo", "run", "unet", "photo.png"], env=env, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs ignore it
    )  # fmt: skip
    while not waiting.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "colorzoo: interrupted\n")
    assert process.returncode == 130


DROPPED = """
import signal, time
from colorzoo.cli import interrupt

class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
interrupt.install()
Finalized()
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
def test_an_interrupt_that_hits_a_finalizer_comes_again():
    done = subprocess.run([sys.executable, "-c", DROPPED], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
