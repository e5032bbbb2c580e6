"""`colorzoo data crawl`: the verb, its progress and its summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from colorzoo.datasources.manga.crawl_folder import Page
    from colorzoo.datasources.manga.crawl_progress import Summary

COPYRIGHT = "Pages belong to their authors. Crawl what you may use, and do not pass on what is not yours."


def crawl(
    url: Annotated[str, typer.Argument(help="address of a series, a chapter or a list of series")],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the pages")] = Path("crawled"),
    profile: Annotated[str, typer.Option(help="site profile: a name, a .toml file, or auto")] = "auto",
    chapters: Annotated[str | None, typer.Option(help="oldest first: 1-5,8 or 10-")] = None,
    max_pages: Annotated[int | None, typer.Option(help="most pictures to fetch in this run")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="most minutes for this run")] = None,
    delay: Annotated[float | None, typer.Option(help="seconds between two requests to a host")] = None,
    max_bytes: Annotated[int | None, typer.Option(help="most bytes in all")] = None,
    allow_host: Annotated[
        list[str], typer.Option(help="HOST or HOST:PORT that may be asked, even in your own network")
    ] = [],  # noqa: B006  typer copies it
    option: Annotated[list[str], typer.Option("-O", help="any other setting, key=value")] = [],  # noqa: B006
    refresh: Annotated[bool, typer.Option(help="ask whether finished pages have changed")] = False,
    dry_run: Annotated[bool, typer.Option(help="list what would be fetched, fetch no picture")] = False,
) -> None:
    """Fetch the pages of a manga site, slowly, and keep the coloured ones.

    Pages belong to their authors. Crawl what you may use, and do not pass on what is not yours.
    """
    from colorzoo.core.config import parse_pairs, validate
    from colorzoo.datasources.manga.crawl import crawl as run
    from colorzoo.datasources.manga.crawl_errors import CrawlError
    from colorzoo.datasources.manga.crawl_options import CrawlOptions

    named = {
        "chapters": chapters,
        "max_pages": max_pages,
        "max_minutes": max_minutes,
        "delay": delay,
        "max_bytes": max_bytes,
        "refresh": refresh or None,
    }
    given = {key: value for key, value in named.items() if value is not None}
    options = validate(CrawlOptions, {**parse_pairs(option), **given}, "crawl")
    target = None if dry_run else out
    try:
        with _progress() as listener:
            summary = run(url, target, options, profile=profile, allowed=allow_host, listener=listener)
            listener.close(summary)
    except KeyboardInterrupt:
        typer.echo("interrupted: finished pages are kept, the same command goes on", err=True)
        raise typer.Exit(130) from None
    _show(summary, out)
    if summary.stopped:
        raise CrawlError(summary.stopped)
    if summary.failed:
        raise typer.Exit(1)


def sites() -> None:
    """List the site profiles that `crawl` knows."""
    from rich.console import Console
    from rich.table import Table

    from colorzoo.datasources.manga.profiles import profiles

    table = Table("name", "hosts", "summary", box=None)
    for profile in profiles().values():
        table.add_row(profile.name, ", ".join(profile.hosts) or "any", profile.summary)
    Console().print(table)


def add_to(cli: typer.Typer) -> None:
    """Add the verbs beside those of `colorzoo data`."""
    for group in cli.registered_groups:
        if group.name == "data" and group.typer_instance:
            group.typer_instance.command("crawl")(crawl)
            group.typer_instance.command("sites")(sites)


def _progress() -> Any:
    """Return bars for chapters and pages that listen to a crawl."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from colorzoo.datasources.manga.crawl_progress import Listener

    class Bars(Progress, Listener):
        """Two bars; what matters is printed above them."""

        def __init__(self) -> None:
            super().__init__(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
            )
            self.chapters = self.add_task("chapters", total=0)
            self.pages = self.add_task("pages", total=0)
            self.started = 0

        def profile(self, name: str, reason: str) -> None:
            self.print(f"site profile {name}: {escape(reason)}")

        def series(self, title: str, chapters: int) -> None:
            self.print(f"{escape(title) or 'untitled'}: {chapters} chapters")
            self.update(self.chapters, completed=0, total=chapters)
            self.started = 0

        def chapter(self, title: str, pages: int) -> None:
            self.update(self.chapters, completed=self.started)
            self.started += 1
            self.update(self.pages, completed=0, total=pages, description=f"pages {escape(title)}")

        def close(self, summary: Summary) -> None:
            if not (summary.stopped or summary.limit):
                self.update(self.chapters, completed=self.started)
            self.update(self.pages, visible=False)

        def page(self, page: Page | None) -> None:
            self.advance(self.pages)

        def planned(self, address: str, file: str) -> None:
            self.print(f"{file}  {escape(address)}", soft_wrap=True)

        def problem(self, message: str) -> None:
            self.print(f"left out: {escape(message)}", soft_wrap=True)

    return Bars()


def _show(summary: Summary, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    rows = {
        "chapters": summary.chapters,
        "paid, left alone": summary.paid,
        "pages to fetch": summary.planned,
        "pages fetched": summary.fetched,
        "already here": summary.unchanged,
        "failed": summary.failed,
        "MB received": round(summary.bytes / 1e6, 1),
        **{f"pages {verdict} in all": count for verdict, count in sorted(summary.verdicts.items())},
    }
    table = Table("", "", show_header=False, box=None)
    table.columns[1].justify = "right"
    for name, count in rows.items():
        if count:
            table.add_row(name, f"{count:,}")
    console = Console()
    console.print(table)
    if summary.limit:
        console.print(summary.limit)
    if summary.verdicts.get("kept"):
        console.print(f"pages: {out}   use them as --data manga:{out}", soft_wrap=True)
