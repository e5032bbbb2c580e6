"""`colorzoo serve`: a page and an API for every installed colorizer."""

from __future__ import annotations

import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo.cli import serve_options as given
from colorzoo.cli.options import Device, Threads
from colorzoo.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from colorzoo.web.serve_settings import ServeSettings

PACKAGES = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart",
            "prometheus_client": "prometheus-client"}  # fmt: skip


def serve(
    models: given.Models = [],  # noqa: B006  typer copies it
    host: given.Host = "127.0.0.1",
    port: given.Port = 8000,
    token: given.Token = None,
    no_auth: given.NoAuth = False,
    allow_host: given.AllowHost = [],  # noqa: B006
    allow_origin: given.AllowOrigin = [],  # noqa: B006
    allow_pull: given.AllowPull = False,
    workers: given.Workers = 1,
    threads: Threads = None,
    batch: given.Batch = None,
    memory: given.Memory = 2000,
    max_body: given.Body = 256,
    max_pixels: given.Pixels = 50,
    max_frames: given.Frames = 400,
    max_queue: given.Queue = 256,
    max_seconds: given.Seconds = 120,
    max_disk: given.Disk = 2000,
    keep: given.Keep = 3600,
    device: Device = "auto",
) -> None:
    """Serve a page where people see, click and choose, and an API that other programs call.

    \b
    colorzoo serve                                  then open http://127.0.0.1:8000
    colorzoo serve vae-mdn vae-mdn:runs/mine cgan   these, and weights of your own
    colorzoo serve --host 0.0.0.0 --token new       for others on your network
    curl -F picture=@photo.jpg -H 'Accept: image/png' -o coloured.png http://127.0.0.1:8000/v1/colorize
    """
    require_extra()
    from colorzoo.core.config import validate
    from colorzoo.web.serve_settings import ServeSettings

    token = secrets.token_urlsafe(16) if token == "new" else token
    settings = validate(ServeSettings, {
        "host": host, "port": port, "token": token or None, "allow_hosts": allow_host,
        "allow_origins": [origin.rstrip("/") for origin in allow_origin], "allow_pull": allow_pull,
        "models": models, "device": device, "workers": workers, "threads": threads, "batch": batch,
        "memory": memory, "body": max_body, "pixels": max_pixels, "frames": max_frames,
        "queue": max_queue, "seconds": max_seconds, "disk": max_disk, "keep": keep,
    }, "serve")  # fmt: skip
    check_open(settings, no_auth=no_auth)
    start(settings)


def open_report(
    folder: Annotated[Path, typer.Argument(help="what `colorzoo compare -o` wrote")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 8000,
) -> None:
    """Open a report in a browser, with a blind test: which one is better?

    Answers are appended to preferences.jsonl in the folder; `colorzoo report preferences` counts them.
    """
    require_extra()
    from colorzoo.core.compare.results import read_results
    from colorzoo.report.html import write_report
    from colorzoo.web.serve_settings import ServeSettings

    if not (folder / "report.html").is_file():
        write_report(read_results(folder), folder)
    start(ServeSettings(port=port), folder, "/report")


def preferences(folder: Annotated[Path, typer.Argument(help="what `colorzoo compare -o` wrote")]) -> None:
    """Print how often people preferred which method in the blind test."""
    from colorzoo.core.jobs.journal import Journal
    from colorzoo.web.blind_test import FILE, Preference, win_rates

    rates = win_rates(Journal(folder / FILE, Preference).records.values())
    for one in rates:
        preferred = (one.one if one.rate > 0.5 else one.other) if one.shown else "no preference shown"
        typer.echo(
            f"{one.one} over {one.other}: {one.rate:.0%} ({one.low:.0%} to {one.high:.0%}) of "
            f"{one.answers} answers: {preferred}"
        )
    if not rates:
        typer.echo("nobody has answered yet; `colorzoo report open` asks")


def start(settings: ServeSettings, report: Path | None = None, path: str = "/") -> None:
    """Serve, and say where."""
    from colorzoo.web.server import serve as run

    def announce(bound: ServeSettings) -> None:
        key = f"#token={bound.token}" if bound.token else ""
        typer.echo(f"colorzoo is at {bound.address}{path}{key} (Ctrl-C ends it)")
        if report:
            typer.echo(f"the blind test is at {bound.address}/blind{key}")

    run(settings, report, announce)


def require_extra() -> None:
    """Check that the extra `serve` is installed.

    Raises:
        MissingExtraError: a package of it is not there.
    """
    for module, package in PACKAGES.items():
        if find_spec(module) is None:
            raise MissingExtraError("colorzoo serve", package, "serve")


def check_open(settings: ServeSettings, *, no_auth: bool) -> None:
    """Refuse to let others in without a token, unless that is said aloud.

    Raises:
        ConfigError: others could connect.
    """
    if settings.is_local or settings.token:
        return
    if not no_auth:
        raise ConfigError(
            f"--host {settings.host}: others can connect; give --token new, or --no-auth to let anybody in"
        )
    typer.secho(
        f"anybody who reaches {settings.host}:{settings.port} can use this server",
        fg="red",
        bold=True,
        err=True,
    )
