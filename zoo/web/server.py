"""Runs the application on a socket, and ends within two seconds of Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from colorzoo.core.errors import ConfigError
from colorzoo.web.guarded_protocol import GuardedProtocol
from colorzoo.web.serve_settings import ServeSettings
from colorzoo.web.web_application import application

LARGEST_HEAD = 32 * 1024
"""Bytes of the head of a request."""
TALKATIVE = ("asyncio", "python_multipart")
"""Loggers that warn of what clients do: anybody could fill the log, or the pipe that nobody reads."""


def listening(settings: ServeSettings) -> socket.socket:
    """Return a bound socket.

    Raises:
        ConfigError: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"{settings.host}:{settings.port}: {error.strerror}; give another --port or --host"
        ) from None
    return sock


def serve(
    settings: ServeSettings,
    report: Path | None = None,
    announce: Callable[[ServeSettings], None] = lambda settings: None,
) -> None:
    """Serve until Ctrl-C or a signal; announce: told the settings with the port that is listened on."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    sock = listening(settings)
    settings = settings.model_copy(update={"port": sock.getsockname()[1]})
    app = application(settings, report)
    protocol = type(
        "Protocol", (GuardedProtocol,), {"patience": settings.patience, "most": settings.connections}
    )
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="on", log_level="error", access_log=False,
        server_header=False,
        timeout_keep_alive=int(settings.patience), timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )  # fmt: skip
    announce(settings)
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again, once all is closed
        asyncio.run(server.serve(sockets=[sock]))
