"""Workers end with the process that wants their work, however it ends, and at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, time
from pathlib import Path
from colorzoo.core.jobs import workers as processes

def start(folder):
    (Path(folder) / f"{__import__('os').getpid()}").touch()

if __name__ == "__main__":
    for _ in processes.each(2, ["json"], start, sys.argv[1], time.sleep, [600] * 4):
        pass
"""
HANG = 60


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left(tmp_path, ending):
    (tmp_path / "script.py").write_text(SCRIPT)
    started = tmp_path / "started"
    started.mkdir()
    errors = (tmp_path / "errors").open("w")
    command = [sys.executable, tmp_path / "script.py", started]
    main = subprocess.Popen(command, start_new_session=True, stderr=errors)
    try:
        wait_until(lambda: len(list(started.iterdir())) == 2)
        family = psutil.Process(main.pid).children(recursive=True)
        assert len(family) == 4  # two workers, their server, and its tracker
        if ending == signal.SIGINT:
            os.killpg(main.pid, ending)  # as a terminal does
        else:
            main.send_signal(ending)
        main.wait(HANG)
        _, alive = psutil.wait_procs(family, timeout=HANG)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    finally:
        for process in psutil.Process(main.pid).children(recursive=True) if main.poll() is None else ():
            process.kill()
        main.kill()
        main.wait(HANG)
        errors.close()
    told = (tmp_path / "errors").read_text()
    assert told.count("Traceback") <= (1 if ending == signal.SIGINT else 0)  # its own, of no worker


@pytest.mark.skipif(sys.platform != "linux", reason="the system sends the signal")
def test_a_server_that_still_imports_is_not_left(tmp_path):
    (tmp_path / "slow.py").write_text(
        f"import pathlib, time; pathlib.Path({str(tmp_path)!r}, 'begun').touch(); time.sleep(600)"
    )
    (tmp_path / "script.py").write_text(
        "from colorzoo.core.jobs.workers import fresh\n"
        "if __name__ == '__main__':\n    fresh(['slow'])\n    __import__('time').sleep(600)\n"
    )
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    main = subprocess.Popen([sys.executable, tmp_path / "script.py"], start_new_session=True, env=path)
    try:
        wait_until((tmp_path / "begun").exists)
        family = psutil.Process(main.pid).children(recursive=True)
        assert len(family) == 2  # the server and its tracker
    finally:
        main.kill()
        main.wait(HANG)
    alive = psutil.wait_procs(family, timeout=HANG)[1]
    for process in alive:
        process.kill()
    assert not alive


def wait_until(condition):
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < HANG
        time.sleep(0.05)
