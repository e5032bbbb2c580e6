"""Several processes of the models behind one server: the same answers, and nothing is left of them."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.plugins.books import book
from tests.servers.web_server import HANG, WebServer
from tests.web.test_lifecycle import PLUGIN
from tests.zoo.strangers import installed

pytestmark = pytest.mark.slow
PICTURES = 12


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    installed(folder, "warm-grey", model=PLUGIN)
    return folder


@pytest.fixture
def started(site, tmp_path):
    """Return a function that starts a server with a number of workers."""
    servers = []

    def start(workers):
        folder = tmp_path / f"of-{workers}"
        folder.mkdir()
        words = ("warm-grey", "unet", "--workers", str(workers))
        servers.append(WebServer(folder, *words, PYTHONPATH=str(site)))
        return servers[-1].__enter__()

    yield start
    for server in servers:
        server.__exit__()


def answers(server, folder):
    """Return what a server makes of pictures and of a book; each job is asked for by its id afterwards."""
    made = []
    for number in range(PICTURES):
        path = folder / f"{number}.png"
        Image.fromarray(synthetic_picture(number, 40, 48)).save(path)
        job = server.job(path, model="warm-grey", seed=1, hint="50%,50%=#c03020")
        made.append(server.get(job["pictures"][0]["files"][0]).content)
    path = book("cbz", folder)
    for consistent in ("true", "false"):
        job = server.job(path, model="unet", seed=1, consistent=consistent)
        assert server.job(path)["model"] == "warm-grey"  # of what is offered none suits it
        made.append(server.get(f"v1/jobs/{job['id']}/book").content)
    return made


def family(process):
    """Return the ids of all processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    below = {process}
    for _ in range(4):
        below |= {child for child, parent in parents.items() if parent in below}
    return below - {process}


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processor_ticks(process):
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11])


def test_two_answer_as_one_and_end_with_ctrl_c(started, tmp_path):
    one, two = started(1), started(2)
    workers = family(two.process.pid)
    before = {worker: processor_ticks(worker) for worker in workers}
    assert answers(one, tmp_path) == answers(two, tmp_path)
    busy = [worker for worker in workers if processor_ticks(worker) > before[worker]]
    assert len(busy) >= 2, "only one of them has worked"
    below = family(two.process.pid)
    assert two.interrupt() < 10  # two seconds on an idle machine: bench/serving.py
    assert two.process.returncode == 0
    assert "Traceback" not in two.process.stdout.read()
    assert _gone(below)
    assert list((two.folder / "cache" / "serve").iterdir()) == []


def test_a_kill_leaves_no_process(started):
    server = started(2)
    below = family(server.process.pid)
    assert len(below) >= 3  # two, and what starts them
    server.process.kill()
    server.process.wait(HANG)
    assert _gone(below)


def _gone(processes):
    end = time.monotonic() + HANG
    while any(map(is_alive, processes)) and time.monotonic() < end:
        time.sleep(0.1)
    return not any(map(is_alive, processes))
