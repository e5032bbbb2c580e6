"""The crawler against a replica of the paper's site: what it brings, and what it survives."""

from __future__ import annotations

import ipaddress
import json
import os
import random
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from colorzoo.core import hookimpl
from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError, DataError
from colorzoo.core.registry import registry
from colorzoo.datasources.manga import selection as judge
from colorzoo.datasources.manga.crawl import crawl
from colorzoo.datasources.manga.crawl_errors import CrawlError, RefusedError
from colorzoo.datasources.manga.crawl_options import CrawlOptions, chosen
from colorzoo.datasources.manga.crawl_pace import Pace
from colorzoo.datasources.manga.crawl_progress import Listener
from colorzoo.datasources.manga.network_guard import Guard, Host
from colorzoo.jobs.datasets import open_dataset
from tests.servers import manga_site as faults
from tests.servers.manga_site import GBK, NEW, OLD, Replica

pytestmark = pytest.mark.slow

QUICK = {"delay": 0, "backoff": 0.01, "timeout": 60, "file_seconds": 60, "patience": 60}
"""Without manners; the rest ends what hangs, however busy the machine is."""


@pytest.fixture
def site():
    replica = Replica()
    yield replica
    replica.close()


class RecordingListener(Listener):
    """Writes down what it hears."""

    def __init__(self):
        self.problems, self.plans, self.profiles = [], [], []

    def problem(self, message):
        self.problems.append(message)

    def planned(self, address, file):
        self.plans.append((address, file))

    def profile(self, name, reason):
        self.profiles.append((name, reason))


def fetched(site: Replica, out: Path | None, path: str = f"/{OLD}/", profile=None, allowed=None, **options):
    told = RecordingListener()
    summary = crawl(
        site.url + path,
        out,
        validate(CrawlOptions, QUICK | options, "crawl"),
        profile=profile or site.profile(out.parent),
        allowed=site.allowed if allowed is None else allowed,
        listener=told,
    )
    return summary, told


def tree(root: Path) -> dict[str, bytes]:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.name != "lock"]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def manifest(root: Path) -> list[dict]:
    return [json.loads(line) for line in (root / "manifest.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("series", [OLD, NEW])
def test_both_generations_of_the_site(site, tmp_path, series):
    summary, told = fetched(site, tmp_path / "out", f"/{series}/")
    assert summary.verdicts == {"kept": 6, "colourless": 2, "duplicate": 1}
    assert (summary.fetched, summary.paid, summary.failed) == (9, 1, 0)
    assert "paid" in told.problems[0]
    kept = sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").glob("[0-9]*/*/*")
    )
    assert kept == [
        f"{series}/{chapter}/{page:04}.jpg"
        for chapter, page in ((11, 1), (11, 2), (11, 3), (12, 1), (13, 2), (13, 3))
    ]
    for row in manifest(tmp_path / "out"):
        path = row["address"].removeprefix(site.image_url).partition("!")[0]
        file = tmp_path / "out" / row["file"]
        if row["verdict"] != "kept":
            file = tmp_path / "out" / ".crawl" / "left-out" / row["file"]
        assert file.read_bytes() == site.pictures[path][1]
    notes = {
        (row["chapter"], row["page"]): row["note"] for row in manifest(tmp_path / "out") if "note" in row
    }
    assert notes == {("13", 1): f"of {series}/11/0001"}


def test_a_page_in_gbk_with_other_attributes(site, tmp_path):
    summary, _ = fetched(site, tmp_path / "out", f"/{GBK}/")
    assert summary.verdicts == {"kept": 3}
    lists = [
        json.loads(line) for line in (tmp_path / "out" / ".crawl" / "lists.jsonl").read_text().splitlines()
    ]
    assert lists[0]["title"] == "\u6f2b\u753b"
    assert lists[1]["title"] == "\u7b2c\u4e00\u8bdd"


def test_a_list_of_series_and_the_unfilled_template_in_it(site, tmp_path):
    summary, _ = fetched(site, tmp_path / "out", "/category/?page=1")
    assert summary.fetched == sum(summary.verdicts.values()) == 9 + 9 + 3
    assert summary.verdicts == {"kept": 6 + 6 + 3, "colourless": 4, "duplicate": 2}
    assert {row["series"] for row in manifest(tmp_path / "out")} == {OLD, NEW, GBK}
    assert not any("{{" in path or "%7B" in path for path in site.count)


def test_one_chapter_and_a_choice_of_chapters(site, tmp_path):
    assert fetched(site, tmp_path / "one", f"/{OLD}/12.html")[0].fetched == 3
    fetched(site, tmp_path / "two", chapters="1,3-")
    assert {row["chapter"] for row in manifest(tmp_path / "two")} == {"11", "13"}
    assert chosen("1-3,2,9-", 10) == [0, 1, 2, 8, 9]
    with pytest.raises(ConfigError, match="not a choice of chapters"):
        fetched(site, tmp_path / "three", chapters="first")


def test_a_second_run_fetches_only_what_is_missing(site, tmp_path):
    first, _ = fetched(site, tmp_path / "out", max_pages=4)
    assert first.fetched == 4
    assert "4 pages, as --max-pages" in first.limit
    second, _ = fetched(site, tmp_path / "out")
    assert (second.fetched, second.unchanged) == (5, 4)
    assert set(site.picture_requests().values()) == {1}
    before, asked = tree(tmp_path / "out"), sum(site.count.values())
    third, _ = fetched(site, tmp_path / "out")
    assert (third.fetched, third.unchanged) == (0, 9)
    assert tree(tmp_path / "out") == before
    assert sum(site.count.values()) - asked <= 3  # robots, the series, the paid chapter


def test_refresh_asks_whether_pages_have_changed(site, tmp_path):
    fetched(site, tmp_path / "out")
    path = f"/img/{OLD}/11/2.jpg"
    site.pictures[path] = ("image/png", faults.png(faults.painted(77)))
    summary, _ = fetched(site, tmp_path / "out", refresh=True)
    assert (summary.fetched, summary.unchanged) == (1, 8)
    assert (tmp_path / "out" / OLD / "11" / "0002.png").read_bytes() == site.pictures[path][1]
    assert not (tmp_path / "out" / OLD / "11" / "0002.jpg").exists()


def test_pages_are_asked_whether_they_have_changed(site, tmp_path):
    kind, html = site.pages[f"/{OLD}/"]
    for _ in range(3):
        site.fault(f"/{OLD}/", lambda handler: handler.give(kind, html, ETag='"first"'))
    fetched(site, tmp_path / "out", chapters="1")
    site.faults[f"/{OLD}/"] = [faults.busy(304)]
    summary, _ = fetched(site, tmp_path / "out", chapters="1-2")
    assert site.headers[f"/{OLD}/"]["If-None-Match"] == '"first"'
    assert (summary.fetched, summary.unchanged) == (3, 3)
    memo = next((tmp_path / "out" / ".crawl" / "pages").iterdir())
    memo.write_bytes(memo.read_bytes()[:50])  # damaged: asked anew
    summary, _ = fetched(site, tmp_path / "out", chapters="1-2")
    assert "If-None-Match" not in site.headers[f"/{OLD}/"]
    assert summary.unchanged == 6


def test_another_threshold_needs_no_request(site, tmp_path):
    fetched(site, tmp_path / "out")
    summary, _ = fetched(site, tmp_path / "out", min_spread=0)
    assert summary.verdicts == {"kept": 8, "duplicate": 1}
    assert set(site.picture_requests().values()) == {1}


def test_a_dry_run_lists_and_writes_nothing(site, tmp_path):
    summary, told = fetched(site, None, profile=site.profile(tmp_path))
    assert summary.planned == len(told.plans) == 9
    assert told.plans[0][1] == f"{OLD}/11/0001"
    assert not site.picture_requests()
    assert [path.name for path in tmp_path.iterdir()] == ["replica.toml"]


def test_robots_are_obeyed(site, tmp_path):
    site.robots = f"User-agent: *\nDisallow: /{OLD}/12.html\n\nUser-agent: other\nDisallow: /\n"
    summary, told = fetched(site, tmp_path / "out")
    assert (summary.failed, summary.fetched) == (1, 6)
    assert any("forbidden to crawlers" in line and "12.html" in line for line in told.problems)
    assert site.count[f"/{OLD}/12.html"] == 0
    site.robots = "User-agent: colorzoo\nDisallow: /"
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        fetched(site, tmp_path / "all")


def test_rules_that_cannot_be_read_are_no_licence(site, tmp_path):
    site.fault("/robots.txt", faults.redirect("http://127.0.0.1:9/robots.txt"))
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9 is not a host of this site"):
        fetched(site, tmp_path / "out")
    site.robots = f"User-agent: *\nDisallow: /{OLD}/12.html\n" + "# talk\n" * 200_000
    assert fetched(site, tmp_path / "long", f"/{OLD}/")[0].fetched == 6
    site.fault("/robots.txt", faults.busy(404))
    assert fetched(site, tmp_path / "none", f"/{OLD}/12.html")[0].fetched == 3


def test_the_site_is_asked_slowly(site, tmp_path, monkeypatch):
    """By the clock of who asks: between two requests something else may hold up the one that answers."""
    site.robots = "User-agent: *\nCrawl-delay: 0.1\n"
    moments, pause = {}, Pace.pause

    def noted(pace, origin, requested=0):
        pause(pace, origin, requested)
        moments.setdefault(origin, []).append(pace._last[origin])

    monkeypatch.setattr(Pace, "pause", noted)
    fetched(site, tmp_path / "out", f"/{OLD}/11.html", delay=0.05, jitter=0)
    assert len(moments[site.image_url]) == 4  # its rules, and three pages
    for times in moments.values():
        assert min((later - earlier for earlier, later in pairwise(times)), default=1) >= 0.1
    assert all("colorzoo" in headers["User-Agent"] for headers in site.headers.values())


def test_a_captcha_ends_the_crawl_and_loses_nothing(site, tmp_path):
    captcha = (
        b'<html><div id="nocaptcha"></div><script src="https://g.alicdn.com/sd/ncpc/nc.js"></script></html>'
    )
    site.fault(f"/{OLD}/12.html", faults.answer("text/html", captcha))
    summary, _ = fetched(site, tmp_path / "out")
    assert "CAPTCHA" in summary.stopped
    assert "--delay" in summary.stopped
    assert summary.verdicts == {"kept": 3}
    site.fault(f"/img/{OLD}/12/1.jpg", faults.answer("image/jpeg", captcha))
    summary, _ = fetched(site, tmp_path / "out")
    assert "CAPTCHA" in summary.stopped
    summary, _ = fetched(site, tmp_path / "out")
    assert summary.verdicts == {"kept": 6, "colourless": 2, "duplicate": 1}
    assert site.count[f"/img/{OLD}/11/1.jpg"] == 1


PASSING = {
    "busy": [faults.busy(503), faults.busy(429, Retry_After="0")],
    "cut": [faults.cut],
    "flood": [faults.busy(500)],
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again(site, tmp_path, name):
    path = f"/img/{OLD}/11/2.jpg"
    site.fault(path, *PASSING[name])
    site.fault(f"/{OLD}/", faults.busy(503))
    site.fault("/robots.txt", faults.busy(502))
    summary, _ = fetched(site, tmp_path / "out")
    assert summary.verdicts == {"kept": 6, "colourless": 2, "duplicate": 1}
    assert summary.failed == 0
    assert site.count[path] == len(PASSING[name]) + 1


def test_retry_after_is_heeded(site, tmp_path):
    path = f"/img/{OLD}/11/2.jpg"
    site.fault(path, faults.busy(429, Retry_After="1"))
    fetched(site, tmp_path / "out", f"/{OLD}/11.html")
    first, second = site.times[path]
    assert second - first >= 1
    site.fault(path, faults.busy(429, Retry_After="3600"))
    summary, _ = fetched(site, tmp_path / "other", f"/{OLD}/11.html")
    assert "asks to wait 3600 seconds" in summary.stopped
    assert summary.verdicts == {"kept": 1}


def test_a_site_that_is_down_is_left_in_peace(site, tmp_path):
    for chapter in (11, 12):
        for page in (1, 2, 3):
            site.fault(f"/img/{OLD}/{chapter}/{page}.jpg", *[faults.busy(503)] * 2)
    summary, _ = fetched(site, tmp_path / "out", tries=2)
    assert "5 in a row" in summary.stopped
    assert sum(site.picture_requests().values()) == 10


LASTING = {
    "gone": (faults.busy(404), "answers 404"),
    "html": (faults.answer("image/jpeg", b"<html>sorry</html>"), "not a picture"),
    "damaged": (
        faults.answer("image/jpeg", faults.jpeg(faults.painted(1))[:900]),
        "damaged",
    ),
    "bomb": (faults.answer("image/png", faults.bomb()), "too large"),
    "huge": (faults.huge, "10,737,418,240 bytes"),
    "flood": (faults.flood, "more than 33,554,432 bytes"),
    "endless": (faults.redirect("/loop/"), "redirects"),
    "file": (faults.redirect("file:///etc/passwd"), "only http and https"),
    "password": (faults.redirect("http://user:word@127.0.0.1/"), "without a password"),
    "empty": (faults.answer("image/jpeg", b""), "empty"),
}


@pytest.mark.parametrize("name", LASTING)
def test_one_bad_page_is_reported_and_the_others_come(site, tmp_path, name):
    fault, message = LASTING[name]
    path = f"/img/{OLD}/11/2.jpg"
    site.fault(path, fault)
    summary, told = fetched(site, tmp_path / "out")
    assert summary.failed == 1
    assert any(message in line for line in told.problems), told.problems
    assert summary.verdicts["kept"] == 5
    assert sum(summary.verdicts.values()) in (8, 9)
    fetched(site, tmp_path / "out")  # the fault is gone
    assert site.count[path] == 2
    assert Counter(row["verdict"] for row in manifest(tmp_path / "out"))["kept"] == 6
    assert not [path for path in tree(tmp_path / "out") if path.endswith(".part")]


def test_a_slow_drip_is_cut_off(site, tmp_path):
    site.fault(f"/img/{OLD}/11/2.jpg", faults.drip)
    summary, _ = fetched(site, tmp_path / "out", f"/{OLD}/11.html", file_seconds=1)
    assert summary.fetched == 3
    site.fault(f"/img/{OLD}/12/1.jpg", faults.drip, faults.drip)
    summary, told = fetched(site, tmp_path / "out", f"/{OLD}/12.html", file_seconds=1, tries=2)
    assert "not there after" in told.problems[0]


def test_a_page_that_unpacks_to_a_flood_is_refused(site, tmp_path):
    site.fault(f"/{OLD}/", faults.zipped_bomb)
    with pytest.raises(CrawlError, match="more than 2,097,152 bytes"):
        fetched(site, tmp_path / "out")


def test_everything_together_is_bounded(site, tmp_path):
    summary, _ = fetched(site, tmp_path / "out", max_bytes=12_000)
    assert "12,000 bytes in all" in summary.stopped
    assert 0 < sum(summary.verdicts.values()) < 9


def test_a_changed_site_names_the_selector(site, tmp_path):
    kind, html = site.pages[f"/{OLD}/"]
    site.pages[f"/{OLD}/"] = (
        kind,
        html.replace(b"chapter__list-box", b"renamed").replace(b"j-chapter-link", b"x"),
    )
    with pytest.raises(CrawlError, match=r"chapter__list-box .* profile mkzhan matches nothing.*--profile"):
        fetched(site, tmp_path / "out", profile=site.profile(tmp_path, **{"{series}&": "none&"}))


def test_the_profile_is_found_by_what_the_page_shows(site, tmp_path):
    summary, told = fetched(site, tmp_path / "out", profile="auto")
    assert told.profiles[0][0] == "mkzhan"
    assert summary.fetched == 9
    site.pages["/other/"] = ("text/html", b"<p>nothing</p>")
    with pytest.raises(CrawlError, match=r"no site profile matches it; tried mkzhan"):
        fetched(site, tmp_path / "none", "/other/", profile="auto")


def test_hosts_that_are_not_allowed_are_not_asked(site, tmp_path):
    summary, told = fetched(site, tmp_path / "out", allowed=[site.host(site.site)], tries=1)
    assert summary.fetched == 0
    assert f"--allow-host {site.host(site.images)} allows it" in told.problems[0]
    assert not site.picture_requests()
    with pytest.raises(RefusedError, match=r"inside your own network; .*--allow-host"):
        fetched(site, tmp_path / "none", allowed=[])


class Wall:
    """Stands in for the network: names resolve to what the test wants, nothing leaves loopback."""

    def __init__(self, monkeypatch, names):
        self.refused, self.names = [], names
        self.look_up, self.connect = socket.getaddrinfo, socket.socket.connect
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        monkeypatch.setattr(socket.socket, "connect", lambda sock, place: self._connect(sock, place))

    def _look_up(self, name, *rest, **more):
        return self.look_up(self.names.get(name, name), *rest, **more)

    def _connect(self, sock, place):
        if isinstance(place, tuple) and not ipaddress.ip_address(place[0]).is_loopback:
            self.refused.append(place)
            raise OSError("no packet leaves the test")
        return self.connect(sock, place)


INSIDE = [
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/a.jpg",
    "http://[::1]:{port}/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://0.0.0.0:{port}/",
    "http://127.0.0.1:{port}/", "http://2130706433:{port}/", "http://127.1:{port}/",
    "http://localhost:{port}/", "http://[fe80::1]/", "http://[fd00::1]/", "http://inside.mkzcdn.com/a.jpg", "http://evil.example/a.jpg",
    "https://www.mkzhan.com.evil.example/a.jpg", "ftp://mkzhan.com/a.jpg", "http://mkzhan.com:22/",
]  # fmt: skip


@pytest.mark.parametrize("way", ["redirect", "picture", "chapter"])
def test_no_packet_leaves_for_where_a_page_points(site, tmp_path, monkeypatch, way):
    wall = Wall(monkeypatch, {"inside.mkzcdn.com": "192.168.7.7", "evil.example": "203.0.113.9"})
    port = site.site.server_port + 1
    for turn, address in enumerate(text.format(port=port) for text in INSIDE):
        path = f"/img/{OLD}/11/1.jpg"
        if way == "redirect":
            site.fault(path, faults.redirect(address))
        elif way == "picture":
            html = f'<p class="rd-article-wr"><b class="rd-article__pic"><img data-src="{address}"></b></p>'
            site.fault(f"/{OLD}/11.html", faults.answer("text/html", html.encode()))
        else:
            site.fault(f"/{OLD}/11.html", faults.redirect(address))
        summary, told = fetched(site, tmp_path / f"out{turn}", chapters="1", tries=1)
        assert summary.failed == 1, (address, told.problems)
    assert wall.refused == []


def test_a_name_is_connected_to_where_it_was_checked(monkeypatch):
    """A name that answers differently the second time gains nothing: it is asked once."""
    asked = []

    def look_up(name, port, *rest, **more):
        asked.append(name)
        place = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert Guard([Host("name.example")]).resolve("name.example", 80) == "93.184.216.34"
    with pytest.raises(RefusedError, match="inside your own network"):
        Guard([Host("name.example")]).resolve("name.example", 80)


def arguments(site: Replica, out: Path, folder: Path) -> list[str]:
    allowed = [part for host in site.allowed for part in ("--allow-host", host)]
    return [
        f"{site.url}/{OLD}/",
        "-o",
        str(out),
        "--profile",
        site.profile(folder),
        "--delay",
        "0",
        *allowed,
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(tmp_path, command_line):
    """Killed thrice; `python -m bench.campaigns kills` does so often."""
    site, rng, out = Replica(per_chapter=6), random.Random(), tmp_path / "killed"
    for path in list(site.pictures):
        site.fault(path, *[_slowly] * 6)
    words = ["data", "crawl", *arguments(site, out, tmp_path)]
    for _ in range(3):
        here = {f"/img/{OLD}/{row['chapter']}/{row['page']}.jpg" for row in _whole(out)}
        before = site.picture_requests()
        process = command_line.start(words, tmp_path, {**os.environ}, os.devnull, tmp_path / "errors")
        while site.picture_requests().total() == before.total() and not process.is_over():
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        process.wait()
        assert not {path for path in here if site.picture_requests()[path] > before[path]}
    done = command_line.run(words, tmp_path, {**os.environ})
    assert done.returncode == 0, done.stderr
    site.faults.clear()
    fetched(site, tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")
    site.close()


def _slowly(handler) -> None:
    time.sleep(0.02)
    handler._picture(handler.path.partition("!")[0], handler.path)


def _whole(out: Path) -> list[dict]:
    """Return the rows of pages whose file is there."""
    if not (out / "manifest.jsonl").exists():
        return []
    lines = (out / "manifest.jsonl").read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    places = (out, out / ".crawl" / "left-out")
    return [row for row in rows if any((place / row["file"]).exists() for place in places)]


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_ctrl_c_keeps_and_judges_what_is_there(site, tmp_path, command_line):
    site.fault(f"/img/{OLD}/13/1.jpg", faults.drip)
    out = tmp_path / "out"
    words = ["data", "crawl", *arguments(site, out, tmp_path)]
    process = command_line.start(words, tmp_path, {**os.environ}, os.devnull, tmp_path / "errors")
    while not (site.count[f"/img/{OLD}/13/1.jpg"] or process.is_over()):
        time.sleep(0.005)
    process.interrupt()
    assert process.wait() == 130
    assert "the same command goes on" in (tmp_path / "errors").read_text()
    assert Counter(row["verdict"] for row in manifest(out)) == {"kept": 4, "colourless": 2}


def test_a_chapter_over_several_pages(site, tmp_path):
    kind, html = site.pages[f"/{OLD}/11.html"]
    more = html.replace(b"/11/1.jpg", b"/12/1.jpg").replace(b"Chapter 11", b"the rest")
    site.pages[f"/{OLD}/11.html"] = (kind, html + b'<a class="j-next-part" href="11-2.html">on</a>')
    site.pages[f"/{OLD}/11-2.html"] = (
        kind,
        more + b'<a class="j-next-part" href="/101/12.html">next chapter</a>',
    )
    fetched(site, tmp_path / "out", f"/{OLD}/11.html")
    rows = [
        row["address"].removeprefix(site.image_url).partition("!")[0] for row in manifest(tmp_path / "out")
    ]
    assert rows == [f"/img/{OLD}/{name}.jpg" for name in ("11/1", "11/2", "11/3", "12/1")]
    assert {row["chapter"] for row in manifest(tmp_path / "out")} == {"11"}


def test_addresses_are_cleaned_up_as_the_profile_says(site, tmp_path):
    kind, html = site.pages[f"/{OLD}/11.html"]
    site.pages[f"/{OLD}/11.html"] = (kind, html.replace(b"/img/", b"/thumb/").replace(b".jpg", b"_s.jpg"))
    path = site.profile(
        tmp_path, **{"# The site": "clean = [['/thumb/', '/img/'], ['_s([.]jpg)', '\\1']]\n#"}
    )
    summary, _ = fetched(site, tmp_path / "out", f"/{OLD}/11.html", profile=path)
    assert summary.fetched == 3


def test_a_plugin_brings_a_profile(site, tmp_path, monkeypatch):
    class Plugin:
        @hookimpl
        def register_sites(self):
            return [Path(site.profile(tmp_path, **{'name = "mkzhan"': 'name = "mine"'}))]

    plugin = Plugin()
    registry().manager.register(plugin)
    try:
        summary, _ = fetched(site, tmp_path / "out", f"/{OLD}/11.html", profile="mine")
    finally:
        registry().manager.unregister(plugin)
    assert summary.fetched == 3


def test_two_sites_do_not_mix_in_one_folder(site, tmp_path):
    fetched(site, tmp_path / "out", chapters="1")
    other = Replica()
    with pytest.raises(
        CrawlError, match=rf"series {OLD} in it is from {site.url}/{OLD}/; give another folder"
    ):
        fetched(other, tmp_path / "out")
    other.close()
    assert {row["address"].startswith(site.image_url) for row in manifest(tmp_path / "out")} == {True}


def test_time_is_up(site, tmp_path):
    summary, _ = fetched(site, tmp_path / "out", max_minutes=1e-6)
    assert "minutes are over" in summary.limit
    assert summary.fetched == 0


def test_two_crawls_do_not_meet_in_one_folder(site, tmp_path):
    from colorzoo.datasources.manga.crawl_folder import CrawlFolder

    with CrawlFolder.opened(tmp_path / "out"), pytest.raises(DataError, match="another process is at work"):
        fetched(site, tmp_path / "out")


def test_a_crawled_folder_is_a_dataset(site, tmp_path):
    fetched(site, tmp_path / "out")
    data = open_dataset(f"manga:{tmp_path / 'out'}", "all")
    assert len(data) == 6
    assert data.chapters == [f"{OLD}/11", f"{OLD}/12", f"{OLD}/13"]
    assert data.notes["duplicate in all"] == 1
    assert f"{site.url}/{OLD}/" in data.info.credit
    assert len(open_dataset(f"panels:{tmp_path / 'out'}", "all")) >= 6
    with pytest.raises(DataError, match="data crawl URL"):
        open_dataset(f"manga:{tmp_path}")


def test_the_command_line(site, tmp_path, cli):
    done = cli("data", "crawl", *arguments(site, tmp_path / "out", tmp_path))
    assert "pages kept in all" in done.stdout
    assert f"manga:{tmp_path / 'out'}" in done.stdout.replace("\n", "")
    assert "Pages belong to their authors" in cli("data", "crawl", "--help").stdout
    assert "mkzhan" in cli("data", "sites").stdout
    listed = cli("data", "crawl", *arguments(site, tmp_path / "none", tmp_path), "--dry-run")
    assert f"{OLD}/11/0001" in listed.stdout
    failed = cli("data", "crawl", f"{site.url}/{OLD}/", "--profile", "mkzan", code=2)
    assert "did you mean mkzhan" in failed.stderr
    alone = cli("data", "crawl", f"{site.url}/{OLD}/", code=2)
    assert "--allow-host" in alone.stderr
    site.pages[f"/{OLD}/12.html"] = ("text/html", b'<div class="captcha-box"></div>')
    assert "CAPTCHA" in cli("data", "crawl", *arguments(site, tmp_path / "new", tmp_path), code=2).stderr


def test_the_pictures_that_are_kept_can_be_read(site, tmp_path):
    fetched(site, tmp_path / "out")
    for path in (tmp_path / "out").glob("[0-9]*/*/*"):
        with Image.open(path) as image:
            image.load()


def test_from_a_website_to_a_coloured_page(site, tmp_path, cli):
    """The recipe of docs/crawling.md, with a small model and few steps."""
    cli("data", "crawl", *arguments(site, tmp_path / "comic", tmp_path))
    assert "kept in all" in cli("data", "info", "manga:comic").stdout.lower()
    cli("data", "prepare", "manga:comic", "-o", "ready", "--size", 64, "--format", "png", "--split", "all")
    small = ["size=64", "crop=none", "width=4", "discriminator_width=4", "gan.steps=3", "gan.batch_size=2"]
    small += ["hints.steps=2"]
    sets = [part for text in small for part in ("--set", text)]
    cli("train", "cgan", "--data", "panels:ready", "--split", "all", *sets, "-o", "runs/mine")
    page = next((tmp_path / "comic").glob(f"{OLD}/11/*.jpg"))
    cli("run", "cgan", page, "--weights", "runs/mine", "-o", "colored")
    made = tmp_path / "colored" / f"{page.stem}-cgan-1.jpg"
    with Image.open(made) as colored, Image.open(page) as original:
        assert colored.size == original.size


TINY_TIFF = (
    b"II*\0\x08\0\0\0\x05\0"  # five entries, none of which says what a pixel is
    b"\x00\x01\x04\0\x01\0\0\0\x01\0\0\0" b"\x01\x01\x04\0\x01\0\0\0\x01\0\0\0"
    b"\x11\x01\x02\0\x05\0\0\0\x08\0\0\0" b"\x16\x01\x02\0\x03\0\0\0ab\0\0"
    b"\x17\x01\x02\0\x03\0\0\0ab\0\0" b"\0\0\0\0"
)  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [faults.bomb(200_000_000, 1), faults.bomb(1, 200_000_000), TINY_TIFF, b"II*\0" + b"\xff" * 60],
    ids=["wide", "tall", "tiff", "tiff without entries"],
)
@pytest.mark.parametrize("raised", [None, MemoryError(), TypeError("bad"), RecursionError()])
def test_a_picture_that_breaks_the_decoder_is_one_line(site, tmp_path, body, raised, monkeypatch):
    site.pictures[f"/img/{OLD}/11/2.jpg"] = ("image/png", body)
    if raised:
        monkeypatch.setattr(judge, "read", _raising(judge.read, body, raised))
    for _ in range(2):
        summary, told = fetched(site, tmp_path / "out")
        assert summary.failed == 1
        assert f"/img/{OLD}/11/2.jpg" in told.problems[0]
        assert (summary.verdicts["kept"], summary.verdicts["broken"]) == (5, 1)


def _raising(read, body, error):
    def reading(source, **options):
        if source.getvalue() == body:
            raise error
        return read(source, **options)

    return reading


def foreign(out: Path, **changes: object) -> None:
    """Change the record of a page as somebody else could have."""
    lines = (out / "manifest.jsonl").read_text().splitlines()
    row = json.loads(lines[1]) | changes
    (out / "manifest.jsonl").write_text("\n".join([lines[0], json.dumps(row), *lines[2:]]) + "\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../victim.jpg"}, {"file": "/tmp/victim.jpg"}, {"file": "101/11/../../../victim.jpg"},
        {"file": "101/11/0001.jpg"}, {"file": "101/11/0002.jpg\n"}, {"series": ".."},
        {"series": "../..", "file": "../../11/0002.jpg"},
        {"chapter": ""}, {"page": -1}, {"hash": "x"}, {"spread": float("nan")}, {"sha256": "../../victim"},
        {"size": "many"}, {"verdict": "good"}, {"validators": {"a": [[]]}}, {"extra": 1}, {"page": 10**400},
    ],
)  # fmt: skip
def test_a_record_that_was_tampered_with_moves_nothing(site, tmp_path, changes):
    victim = tmp_path / "victim.jpg"
    victim.write_bytes(faults.jpeg(faults.tinted(1)))
    fetched(site, tmp_path / "out", f"/{OLD}/11.html")
    foreign(tmp_path / "out", **changes)
    before = tree(tmp_path)
    with pytest.raises(
        DataError, match=r"manifest\.jsonl, line 2: damaged .*mend or delete the line"
    ) as error:
        fetched(site, tmp_path / "out", f"/{OLD}/11.html", min_spread=200)
    assert str(error.value).isprintable()
    with pytest.raises(DataError, match=r"manifest\.jsonl, line 2"):
        open_dataset(f"manga:{tmp_path / 'out'}")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "link",
    [f"{OLD}/11", ".crawl", "manifest.jsonl", ".crawl/lock", ".crawl/lists.jsonl", ".crawl/left-out"],
)
def test_links_in_a_folder_lead_nowhere(site, tmp_path, link):
    """A folder from somebody else holds a link: nothing where it leads is moved, cut or written."""
    out, outside = tmp_path / "out", tmp_path / "outside"
    fetched(site, out, f"/{OLD}/")
    (out / link).rename(outside)
    if outside.is_dir():
        (outside / ".precious.jpg.part").write_bytes(b"mine")
    (out / link).symlink_to(outside)
    before = tree(tmp_path)
    with pytest.raises(DataError, match=r"link"):
        fetched(site, out, f"/{OLD}/", min_spread=200)
    after = tree(tmp_path)
    assert {name: body for name, body in after.items() if name.startswith("outside")} == {
        name: body for name, body in before.items() if name.startswith("outside")
    }


@pytest.mark.parametrize("path", [f"/{NEW}/", f"/{NEW}/11/"])
def test_a_profile_that_merely_fits_brings_no_hosts_of_its_own(site, tmp_path, monkeypatch, path):
    """Another site is crawled by the shipped profile: the site it was written for is not asked."""
    asked: list[str] = []
    wall = Wall(monkeypatch, {"comic.mkzhan.com": "203.0.113.9"})
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *rest, **more: asked.append(name) or look_up(name, *rest, **more),
    )
    kind, html = site.pages[path]
    links = b'<a class="j-chapter-link" href="/102/11/">1</a><p class="rd-article__pic"><img src="/a.jpg">'
    site.faults[path] = [faults.answer(kind, html + links)]  # when the profiles are tried, it fits
    with suppress(CrawlError):
        fetched(site, tmp_path / "out", path, profile="auto", allowed=[site.host(site.site)])
    assert site.count[path]
    assert not any("mkzhan" in str(name) for name in asked)
    assert wall.refused == []


PLAIN = [
    "<title>\u5b89\u5168\u9a8c\u8bc1</title><p>\u8bf7\u7a0d\u5019</p>",
    "<p>\u8bf7\u8f93\u5165\u9a8c\u8bc1\u7801</p><form><input name=code></form>",
    "<h1>Captcha</h1><form action=/captcha/check><input name=answer></form>",
    "<img src=/captcha.png><input name=code>",
    "<div id=captcha></div>",
    "<p>\u8bbf\u95ee\u8fc7\u4e8e\u9891\u7e41</p>",
]


@pytest.mark.parametrize("html", PLAIN)
@pytest.mark.parametrize("where", [f"/{OLD}/", f"/{OLD}/12.html", f"/img/{OLD}/12/1.jpg"])
def test_a_captcha_in_plain_markup_ends_the_crawl(site, tmp_path, html, where):
    site.fault(where, faults.answer("text/html; charset=utf-8", html.encode()))
    if where == f"/{OLD}/":
        with suppress(CrawlError):
            summary, _ = fetched(site, tmp_path / "out")
            assert "CAPTCHA" in summary.stopped
        assert not site.picture_requests()
        return
    summary, _ = fetched(site, tmp_path / "out")
    assert "CAPTCHA" in summary.stopped
    assert site.count[f"/img/{OLD}/13/1.jpg"] == 0


def test_a_box_to_log_in_is_no_captcha(site, tmp_path):
    box = (
        '<input name="captcha"><img src="/captcha.png"><span>\u8f93\u5165\u9a8c\u8bc1\u7801</span>'.encode()
    )
    for path in (f"/{OLD}/", f"/{OLD}/11.html", f"/{OLD}/14.html"):
        kind, html = site.pages[path]
        site.pages[path] = (kind, html + box)
    summary, _ = fetched(site, tmp_path / "out")
    assert (summary.fetched, summary.paid, summary.stopped) == (9, 1, "")


@pytest.mark.parametrize("name", ["drip", "busy", "slow site"])
def test_time_is_up_inside_one_page(site, tmp_path, name):
    path = f"/img/{OLD}/11/2.jpg"
    options = {"max_minutes": 0.02, "patience": 3600, "file_seconds": 3600, "backoff": 3000}
    if name == "drip":
        site.fault(path, faults.drip)
    elif name == "busy":
        site.fault(path, faults.busy(503))
    else:
        options["delay"] = 3000
    begun = time.monotonic()
    summary, _ = fetched(site, tmp_path / "out", **options)
    assert "0.02 minutes are over" in summary.limit
    assert time.monotonic() - begun < 60  # a hang guard: any wait above would be an hour
