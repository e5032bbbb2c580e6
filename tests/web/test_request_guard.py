"""Who is let in, asked of the middleware alone: hosts, origins, tokens, bytes, time."""

import asyncio
import re
from contextlib import ExitStack

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from colorzoo.web.page_routes import STATIC
from colorzoo.web.request_body import ArrivingBodies, RequestBody
from colorzoo.web.request_guard import RequestGuard
from colorzoo.web.serve_settings import ServeSettings
from colorzoo.web.upload_store import plain_name

LOCAL = ServeSettings()
OPEN = ServeSettings(host="0.0.0.0", token="secret")
READERS = ServeSettings(allow_origins=("https://manga.example",))


def ask(settings, path="/v1/models", method="GET", **headers):
    """Return the status and headers of the guard's answer, 200 where it lets through."""

    async def inner(scope, receive, send):
        await PlainTextResponse("in")(scope, receive, send)

    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    named = {"host": "127.0.0.1:8000", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip
    asyncio.run(RequestGuard(inner, settings)(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        (LOCAL, {}, 200),
        (LOCAL, {"host": "localhost:9"}, 200),
        (LOCAL, {"host": "[::1]:8000"}, 200),
        (LOCAL, {"host": "evil.example"}, 421),
        (LOCAL, {"host": "192.168.1.7"}, 421),
        (LOCAL, {"host": "127.0.0.1@evil.example"}, 421),
        (LOCAL, {"host": ""}, 421),
        (LOCAL, {"origin": "http://127.0.0.1:8000"}, 200),
        (LOCAL, {"origin": "http://evil.example"}, 403),
        (LOCAL, {"origin": "null"}, 403),
        (LOCAL, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        (LOCAL, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 200),
        (LOCAL, {"content_length": "999999999"}, 413),
        (OPEN, {"host": "192.168.1.7:8000"}, 401),
        (OPEN, {"host": "rebound.example", "authorization": "Bearer secret"}, 421),
        (OPEN, {"host": "192.168.1.7", "authorization": "Bearer secret"}, 200),
        (OPEN, {"host": "192.168.1.7", "authorization": "Bearer secreT"}, 401),
        (OPEN, {"host": "192.168.1.7", "authorization": "Basic secret"}, 401),
        (ServeSettings(allow_hosts=("colors.example",)), {"host": "colors.example"}, 200),
    ],
)
def test_who_is_let_in(settings, headers, status):
    assert ask(settings, **headers)[0] == status


def test_pages_are_open_and_say_what_they_may_do():
    status, headers = ask(OPEN, "/", host="192.168.1.7")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_sites_of_readers_may_ask_for_one_thing_alone(method):
    site = {"origin": "https://manga.example"}
    status, headers = ask(READERS, "/colorize-image-data", method, **site)
    assert status in (200, 204)
    assert headers["access-control-allow-origin"] == "https://manga.example"
    assert ask(READERS, "/v1/models", method, **site)[0] == 403
    assert ask(LOCAL, "/colorize-image-data", method, **site)[0] == 403


def test_an_extension_can_carry_the_token_in_its_address():
    there = ServeSettings(host="0.0.0.0", token="secret", allow_origins=("*",))
    site = {"origin": "https://any.example", "host": "192.168.1.7"}
    assert ask(there, "/t/secret/colorize-image-data", "POST", **site)[0] == 200
    assert ask(there, "/t/guess/colorize-image-data", "POST", **site)[0] == 401
    assert ask(there, "/t/secret/v1/models", host="192.168.1.7")[0] == 401


def test_bodies_under_way_take_no_more_than_pictures_that_are_held():
    bodies, block = ArrivingBodies(ServeSettings(disk=1)), bytes(400_000)

    async def receive():
        return {"type": "http.request", "body": block, "more_body": True}

    async def sent_at_once(count):
        with ExitStack() as stack:
            for _ in range(count):
                await stack.enter_context(RequestBody(receive, bodies, 1)).receive()

    asyncio.run(sent_at_once(2))
    with pytest.raises(HTTPException, match="429"):
        asyncio.run(sent_at_once(3))
    assert bodies.bytes == 0


def test_the_page_is_small_and_asks_nobody_else():
    files = list(STATIC.iterdir())
    assert sum(path.stat().st_size for path in files) < 100_000
    for path in files:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text, path
        assert "http://" not in text.replace("`http://", ""), path
        assert path.suffix != ".html" or not {"<style", "onclick=", "style="} & set(text.split()), path


@pytest.mark.parametrize("page", sorted(STATIC.glob("*.html")), ids=lambda page: page.name)
def test_a_page_asks_for_all_of_its_modules_at_once(page):
    text = page.read_text()
    named = set(re.findall(r'"modulepreload" href="static/([\w.]+)"', text))
    needed, coming = set(), re.findall(r'src="static/(\w+\.js)"', text)
    while coming:
        more = set(re.findall(r'from "\./([\w.]+)"', (STATIC / coming.pop()).read_text())) - needed
        needed |= more
        coming += more
    assert named == needed


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("..", "picture"),
        ("a\0b\n\x1b[31m.png", "a_b _31m.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
    ],
)
def test_names_of_clients_are_no_paths(given, plain):
    assert "/" not in plain_name(given)
    assert plain_name(given)[-len(plain) :] == plain or given.startswith("a")
