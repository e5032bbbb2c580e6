"""A server from start to end, who talks to it slowly, plugins of others in it, and its client."""

import os
import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import requests

import colorzoo
from colorzoo.client import Client, ServerError, colorize
from colorzoo.core.errors import ConfigError, ImageError, StoppedError
from colorzoo.core.interfaces.guidance import Guidance
from tests.servers.web_server import WebServer
from tests.zoo.strangers import installed

PLUGIN = """
from pydantic import Field
from colorzoo.core import Colorizer, RunOptions

class Options(RunOptions):
    warmth: float = Field(0.5, ge=0, le=1, description="how warm")

class Grey(Colorizer):
    Options = Options
    deterministic = True

    def colorize(self, gray, options):
        return gray.expand(-1, 3, -1, -1)[:, None].expand(-1, options.samples, -1, -1, -1)
"""


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Return a server that knows only a plugin of somebody else, with limits that are soon met."""
    site = tmp_path_factory.mktemp("site")
    installed(site, "warm-grey", model=PLUGIN)
    folder = tmp_path_factory.mktemp("serve")
    words = ("warm-grey", "--max-body", "1", "--token", "key")
    with WebServer(folder, *words, PYTHONPATH=str(site)) as running:
        yield running


@pytest.mark.slow
def test_a_plugin_of_somebody_else_has_its_form_and_colours(strangers, photo):
    client = Client(strangers.url, "key")
    (model,) = client.models()
    assert model["options"]["properties"]["warmth"]["description"] == "how warm"
    (picture,) = client.colorize(photo, "warm-grey", warmth=0.3, seed=1)
    (here,) = colorzoo.colorize(photo, "unet", guidance=Guidance(strength=0))
    assert np.array_equal(picture.rgb, here.rgb)
    assert picture.record.options == {"samples": 1, "seed": 1, "warmth": 0.3}


@pytest.mark.slow
def test_the_client_does_what_the_function_does(strangers, photo):
    client = Client(f"{strangers.url}/#token=key")
    assert len(client.colorize([photo, photo], "warm-grey", samples=2)[1]) == 2
    with pytest.raises(ConfigError, match="warmth"):
        client.colorize(photo, "warm-grey", warmth=3)
    with pytest.raises(ServerError, match="no colorizer named"):
        client.colorize(photo, "nobody")
    with pytest.raises(ImageError):
        client.colorize(b"no picture", "warm-grey")
    with pytest.raises(StoppedError):
        client.colorize(photo, "warm-grey", stop=lambda: True)
    with pytest.raises(ServerError, match="token"):
        colorize(photo, "warm-grey", url=strangers.url)
    with pytest.raises(ServerError, match="colorzoo serve"):
        colorize(photo, url="http://127.0.0.1:9")


@pytest.mark.slow
def test_who_talks_without_end_or_too_slowly_is_sent_away(strangers):
    head = b"POST /v1/colorize HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer key\r\n"
    with socket.create_connection(("127.0.0.1", strangers.port), 60) as endless:
        endless.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        try:
            for _ in range(100):
                endless.sendall(chunk)
        except OSError:
            pass
        assert b" 413 " in endless.recv(4096)
    with socket.create_connection(("127.0.0.1", strangers.port), 60) as flood:
        flood.sendall(head + b"X: " + b"y" * 100_000)
        assert b" 400 " in flood.recv(4096)
    with socket.create_connection(("127.0.0.1", strangers.port), 60) as silent:
        silent.sendall(head[:20])
        assert silent.recv(4096) == b""  # after a while


@pytest.mark.slow
def test_a_kill_leaves_nothing_that_the_next_server_minds(tmp_path, photo):
    with WebServer(tmp_path, "unet") as server:
        server.post("v1/pictures", files={"picture": (photo.name, photo.read_bytes())})
        (first,) = (tmp_path / "cache" / "serve").iterdir()
        server.process.kill()
        server.process.communicate()
        server.start()
        (second,) = (tmp_path / "cache" / "serve").iterdir()
        assert first != second
        assert server.job(photo, model="unet")["status"] == "done"
        models = int(server.get("metrics").text.count("colorzoo_models_ready 1.0"))
        assert models == 1
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        assert server.post("v1/pictures", data=b"no form", headers=form).status_code == 400
        with socket.create_connection(("127.0.0.1", server.port), 60) as stranger:
            stranger.sendall(b"no HTTP\r\n\r\n")
            assert b" 400 " in stranger.recv(4096)
        assert server.interrupt() < 10  # two seconds on an idle machine: bench/serving.py
        assert server.process.returncode == 0
        assert not re.search("Traceback|boundary|HTTP request", server.process.stdout.read())
        assert list((tmp_path / "cache" / "serve").iterdir()) == []
        with pytest.raises(requests.ConnectionError):
            server.get("healthz")


@pytest.mark.slow
def test_a_process_of_the_models_that_dies_is_started_again(strangers, photo):
    children = _children(strangers.process.pid)
    for child in children:
        os.kill(child, signal.SIGKILL)
    client = Client(strangers.url, "key")
    for _ in range(20):
        try:
            assert len(client.colorize(photo, "warm-grey")) == 1
            break
        except ServerError:  # the one that was at work is told so
            time.sleep(0.5)
    else:
        raise AssertionError("it does not come back")


def _children(process):
    """Return the ids of the processes of the models: below the fork server."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found.append((int(path.read_text().rpartition(")")[2].split()[1]), int(path.parent.name)))
    direct = {child for parent, child in found if parent == process}
    return [child for parent, child in found if parent in direct]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "--token new"),
        (("nobody",), "no colorizer named"),
        (("--port", "70000"), "65535"),
    ],
)
def test_what_cannot_be_served_is_said(cli, words, said):
    assert said in cli("serve", *words, code=2).stderr
