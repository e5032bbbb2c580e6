"""What bad clients send: wrong types, endless uploads, slow drips, bombs, traversal, header floods."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

BOUNDARY = "x-colorzoo-bench"
TIMEOUT = 120
BLOCK = 2**16
PAUSE = 12.0
"""Seconds that a drip waits: longer than the server's patience."""


def form(data: bytes, model: str) -> bytes:
    """Return a form with a picture, as curl sends it."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="p.png"\r\n\r\n'
    )
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def get(path: str, host: str = "127.0.0.1") -> bytes:
    """Return a request as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


POST = b"POST /v1/colorize HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
TYPED = POST + f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n".encode()
JSON = POST + b"Content-Type: application/json\r\n"
SIZED = b"Content-Length: %d\r\n\r\n"
MANY_HEADERS = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(5000))
LONG_HEADER = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 200_000
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def garbage(number: int) -> Iterator[bytes | float]:
    """Yield what a bad client sends, and seconds that it waits in between."""
    draw = random.Random(number)
    noise = draw.randbytes(draw.randrange(1, 4000))
    bomb = form(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\0\0" * 2 + b"\x08\2\0\0\0" + noise, "unet")
    if number % 97 == 0:  # a drip
        yield from (POST + SIZED % 1000 + noise[:100], PAUSE, noise[:1])
    elif number % 1999 == 0:  # an upload without end
        opened = form(noise, "unet")[: -len(BOUNDARY) - 8]
        yield TYPED + CHUNKED + b"%x\r\n%s\r\n" % (len(opened), opened)
        yield from (b"%x\r\n%s\r\n" % (BLOCK, bytes(BLOCK)) for _ in range(10_000))
    else:
        yield draw.choice([
            noise + b"\r\n\r\n",
            TYPED + SIZED % len(form(noise, "unet")) + form(noise, "unet"),
            TYPED + SIZED % len(bomb) + bomb,
            TYPED + SIZED % len(noise) + noise,
            JSON + SIZED % len(noise) + b"[" * len(noise),
            POST + SIZED % 10**12,
            POST + SIZED % -5,
            get("/static/..%2f..%2f..%2fetc/passwd"),
            get("/v1/jobs/../../etc/passwd"),
            get("/", "evil.example"),
            get("/v1/models", "127.0.0.1\r\nOrigin: http://evil.example"),
            MANY_HEADERS,
            LONG_HEADER,
            POST + CHUNKED + b"ffffffffffffffffff\r\n",
            form(noise, "\0" * 50),
        ])  # fmt: skip


async def answered(port: int, number: int) -> int:
    """Send garbage; return the status of the answer, 0 where the connection was closed without one."""
    with suppress(OSError, ValueError, IndexError):
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sending = asyncio.create_task(_send(writer, number))
            try:
                return int((await reader.read(64)).split()[1])
            finally:
                sending.cancel()
                writer.transport.abort()
    return 0


async def _send(writer: asyncio.StreamWriter, number: int) -> None:
    with suppress(OSError):
        for part in garbage(number):
            if isinstance(part, float):
                await asyncio.sleep(part)
            else:
                writer.write(part)
                await writer.drain()


async def _throw(port: int, count: int, clients: int) -> Counter[str]:
    numbers, counted = iter(range(count)), Counter[str]()

    async def client() -> None:
        for number in numbers:
            status = await answered(port, number)
            counted["closed" if status == 0 else f"{status // 100}xx"] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return counted


def throw(port: int, count: int, clients: int = 256) -> dict[str, int]:
    """Send garbage of many clients at once; return the number of answers by their hundreds."""
    return dict(sorted(asyncio.run(_throw(port, count, clients)).items()))
