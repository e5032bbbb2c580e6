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


def wait_until(condition):
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < HANG
        time.sleep(0.05)
