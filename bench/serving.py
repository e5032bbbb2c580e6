"""Load a server, and throw garbage at it: what is lost, what is wrong, how fast, how large.

    python -m bench.serving [-o docs/results/serving] [--clients 64] [--requests 2000] [--garbage 10000]

Each answer is compared with its own picture: its luma is the grey that was sent. The plain loop decodes,
colours and encodes the same pictures in a process of its own without a server, before and after; both
have as many threads. First paint and hints are measured in Chromium, if there is one.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from bench import table
from bench.serving_garbage import BOUNDARY, form, throw
from colorzoo.core.imaging.image_io import Picture, encode, read
from colorzoo.testing import synthetic_picture
from colorzoo.web.server_metrics import resident_bytes
from tests.servers.web_server import WebServer

SIDE, MODEL, KINDS = 512, "unet", 32


def pictures(count: int) -> list[bytes]:
    """Return different pictures of 512x512 as PNG files."""
    made = [synthetic_picture(index, SIDE, SIDE) for index in range(count)]
    return [encode(Picture(one), ".png") for one in made]


HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": "image/png"}


def plain_loop(files: Sequence[bytes], count: int, threads: int) -> tuple[float, float]:
    """Return seconds and processor seconds a picture of a loop without a server, in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        for index, data in enumerate(files):
            Path(folder, f"{index:03}.png").write_bytes(data)
        words = [sys.executable, "-m", "bench.serving", "--loop", folder, "--requests", str(count)]
        done = subprocess.run(
            [*words, "--threads", str(threads)], capture_output=True, text=True, check=True
        )
    seconds, processor = done.stdout.split()[-2:]
    return float(seconds), float(processor)


def loop(folder: Path, count: int, threads: int) -> str:
    """Decode, colour and encode pictures; return seconds and processor seconds a picture."""
    import torch

    import colorzoo

    torch.set_num_threads(threads)
    model = colorzoo.load(MODEL)
    files = [path.read_bytes() for path in sorted(folder.glob("*.png"))]

    def color(index: int) -> bytes:
        picture = read(BytesIO(files[index % len(files)]), name="p")
        (colored,) = colorzoo.colorize(picture, model, seed=index)
        return encode(colored.picture, ".png")

    for index in range(5):
        color(index)
    start, busy = time.perf_counter(), time.process_time()
    for index in range(count):
        color(index)
    return f"{(time.perf_counter() - start) / count} {(time.process_time() - busy) / count}"


def load(server: WebServer, files: Sequence[bytes], clients: int, requests: int) -> dict[str, Any]:
    """Return what became of so many requests of so many clients at once."""
    grays = [read(BytesIO(data), name="p").gray for data in files]
    bodies = [form(data, MODEL) for data in files]
    numbers, lock = iter(range(requests)), threading.Lock()
    seconds: list[float] = []
    answers: list[tuple[int, bytes]] = []
    grown: dict[str, float] = {}

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                connection.close()
                return
            start = time.perf_counter()
            connection.request("POST", "/v1/colorize", bodies[number % len(files)], HEADERS)
            answer = connection.getresponse()
            data = answer.read()
            taken = time.perf_counter() - start
            with lock:
                seconds.append(taken)
                answers.append((number % len(files), data if answer.status == 200 else b""))
                if len(answers) % max(1, requests // 8) == 0:
                    grown[f"after {len(answers)}, MB"] = round(memory(server))

    start, busy = time.perf_counter(), processor_seconds(server)
    together([client] * clients)
    whole, busy = time.perf_counter() - start, processor_seconds(server) - busy
    ordered = sorted(seconds)
    right = sum(bool(data) and is_of(data, grays[number]) for number, data in answers)
    return {
        "lost or wrong": requests - right,
        "pictures a second": requests / whole,
        "processor ms a picture": 1000 * busy / requests,
        "p50, s": statistics.median(ordered),
        "p95, s": ordered[int(0.95 * len(ordered))],
        "memory": grown,
    }


def processor_seconds(server: WebServer) -> float:
    """Return the processor time that a server and its processes have taken."""
    ticks, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            process = int(path.parent.name)
            parents[process], ticks[process] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {server.process.pid}
    for _ in range(3):  # the server, its fork server, the processes of the models
        family |= {process for process, parent in parents.items() if parent in family}
    return sum(ticks[process] for process in family) / os.sysconf("SC_CLK_TCK")


def is_of(data: bytes, gray: np.ndarray) -> bool:
    """Return whether a colouring is that of a grey picture: its luma says so."""
    luma = read(BytesIO(data), name="answer").gray.astype(int)
    return luma.shape == gray.shape and int(np.abs(luma - gray).max()) <= 1


def together(functions: Sequence[Callable[[], None]]) -> None:
    """Run functions in threads of their own."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def flood(server: WebServer, count: int) -> dict[str, float]:
    """Send garbage; return the answers by their hundreds, what it cost, and by how much the server grew.

    A first part of it warms up: modules are imported, and the allocator takes what it then reuses.
    """
    throw(server.port, max(1, count // 10))
    before, start, busy = memory(server), time.perf_counter(), processor_seconds(server)
    counted = throw(server.port, count)
    return {
        **{f"answers {name}": number for name, number in counted.items()},
        "seconds": time.perf_counter() - start,
        "processor ms a request": 1000 * (processor_seconds(server) - busy) / count,
        "grown, MB": memory(server) - before,
    }


def memory(server: WebServer) -> float:
    """Return the megabytes that a server and its processes hold."""
    text = server.get("metrics").text
    models = next(line for line in text.splitlines() if line.startswith("colorzoo_models_resident_bytes "))
    return (resident_bytes(server.process.pid) + float(models.split()[1])) / 1e6


def page(server: WebServer, folder: Path) -> dict[str, float]:
    """Return first paint and the time from a colour that is chosen to the pixel that has it."""
    from playwright.sync_api import sync_playwright

    photo = folder / "photo.png"
    photo.write_bytes(pictures(1)[0])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        paints = []
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            tab.goto(server.url)
            tab.wait_for_selector("body[data-ready=true]")
            paints.append(
                tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
        tab.set_input_files("#file", [photo])
        tab.wait_for_selector("#stage[data-rendered]:not([aria-busy])", timeout=120_000)
        tab.wait_for_selector("#busy", state="hidden")
        box = tab.locator("#world").bounding_box()
        tab.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
        tab.wait_for_timeout(2000)
        times = [tab.evaluate(TIMED, color) for color in ("#c03020", "#2040c0", "#20a040") * 3]
        browser.close()
    return {"first paint, ms": statistics.median(paints), "hint to pixel, ms": statistics.median(times)}


def hint_cost() -> float:
    """Return the processor milliseconds of a changed hint on a prediction that is kept, one thread."""
    import torch

    from colorzoo.web.coloring_tasks import Coloring, Predict, Render, StoredPicture
    from colorzoo.web.model_answers import Models
    from colorzoo.web.serve_settings import ServeSettings

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.png")
        path.write_bytes(pictures(1)[0])
        plain = Coloring(StoredPicture(path, "p.png", "0"), MODEL, None, {"samples": 1, "seed": 0})
        models, times = Models(ServeSettings()), []
        models.answer(Predict(plain))
        for share in range(20, 60, 4):
            hints = {"hints": [{"x": f"{share}%", "y": "40%", "color": "#c03020"}]}
            start = time.process_time()
            models.answer(Render(replace(plain, guidance=hints), side=SIDE, suffix=".jpg"))
            times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


TIMED = """(color) => new Promise((done) => {
  const input = document.querySelector("#popover input[type=color]");
  const stage = document.getElementById("stage");
  const start = performance.now();
  new MutationObserver((_, watcher) => { watcher.disconnect(); done(performance.now() - start); })
    .observe(stage, { attributes: true, attributeFilter: ["data-rendered"] });
  input.value = color;
  input.dispatchEvent(new Event("change"));
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--garbage", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        print(loop(options.loop, options.requests, options.threads))
        return
    files, some = pictures(KINDS), max(40, options.requests // 10)
    result: dict[str, object] = {"clients": options.clients, "requests": options.requests}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with WebServer(
            folder, "--threads", str(options.threads), "--max-queue", "512", "--memory", "300"
        ) as server:
            before = plain_loop(files, some, options.threads)
            load(server, files, options.clients, some)
            loaded = load(server, files, options.clients, options.requests)
            after = plain_loop(files, some, options.threads)
            result |= loaded
            print(result, flush=True)
            result["pictures a second, plain loop"] = 2 / (before[0] + after[0])
            result["processor ms a picture, plain loop"] = 500 * (before[1] + after[1])
            result["garbage"] = flood(server, options.garbage)
            still = load(server, files, 1, 10)
            result["lost or wrong afterwards"] = still["lost or wrong"]
            result["hint, processor ms"] = hint_cost()
            result |= page(server, folder) if Path("/usr/bin/chromium").exists() else {}
            result["seconds to end after Ctrl-C"] = server.interrupt()
    table.show(result, options.out)


if __name__ == "__main__":
    main()
