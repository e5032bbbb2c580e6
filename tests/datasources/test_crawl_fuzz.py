"""Whatever a site or a profile holds, only the project's own errors come out."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from colorzoo.core.errors import ColorzooError, ConfigError
from colorzoo.datasources.manga.document import Document, fill, join, json_links
from colorzoo.datasources.manga.http_answer import Answer
from colorzoo.datasources.manga.network_guard import Guard, Host
from colorzoo.datasources.manga.profiles import find_profiles, load_profile
from tests.servers.manga_site import PROFILE

SHIPPED = load_profile(PROFILE)
WORDS = [
    "<", ">", "</", "<!--", "-->", "<![CDATA[", "<!DOCTYPE", "<?", "&#", "&#xD800;", "\0", "{{", "}}",
    "<ul class='chapter__list-box'>", "<a class='j-chapter-link' ", "data-hreflink=", "href=", "'", '"',
    "<div class='rd-article__pic'>", "<img ", "data-src=", "http://[", "http://[::1", "//", "data:",
    "<meta charset=", "gbk", "utf-16", "rot13", "idna", "<script>", "<svg>", "<template>",
]  # fmt: skip
pages = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from(WORDS), max_size=60).map(lambda w: "".join(w).encode("utf-8")),
)
charsets = st.sampled_from([None, "utf-8", "gbk", "utf-16", "rot13", "no-such", "idna", "hex", ""])


@settings(deadline=None)
@given(pages, charsets)
def test_html_of_any_kind(body, charset):
    try:
        document = Document(Answer(url="http://site.example/1/", body=body, charset=charset))
        for rule in (SHIPPED.series.html, SHIPPED.chapter.html, SHIPPED.catalog):
            links = document.links(rule, {"series": "1", "chapter": "2"})
            document.following(rule, 2)
            assert all(link.address and link.address.isprintable() for link in links)
            assert all(link.title.isprintable() for link in links)
        document.text(SHIPPED.series.title)
        document.has(SHIPPED.captcha)
    except ColorzooError:
        pass


nested = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["data", "page", "image", "chapter_id", "title"]), inner, max_size=4
        ),
    ),
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), nested.map(lambda value: json.dumps(value).encode())))
def test_json_of_any_kind(body):
    for rule in (SHIPPED.series.json_answer, SHIPPED.chapter.json_answer):
        with suppress(ColorzooError):
            json_links(Answer(url="http://site.example/", body=body), rule, {"series": "1"})


@settings(deadline=None)
@given(st.text(max_size=80), st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3))
def test_addresses_of_any_kind(text, values):
    fill(text, values)
    address = join("http://site.example/a/", text)
    try:
        Guard([Host("site.example")]).check(address or text)
    except ColorzooError:
        return
    assert address.startswith(("http://site.example", "https://site.example", "http://SITE", "HTTP://"))


def test_nesting_without_end_is_an_error_or_nothing():
    document = Document(Answer(url="http://site.example/", body=b"<div>" * 20_000))
    with suppress(ColorzooError):
        assert document.links(SHIPPED.series.html, {}) == []
    with pytest.raises(ColorzooError, match="JSON"):
        json_links(Answer(url="http://site.example/", body=b"[" * 100_000), SHIPPED.series.json_answer, {})


lines = st.one_of(
    st.text(max_size=40),
    st.sampled_from(PROFILE.read_text().splitlines()),
    st.tuples(
        st.sampled_from(
            ["name", "hosts", "captcha", "select", "address", "skip", "clean", "items", "url", "[series]"]
        ),
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(["(", "[", "(?P<a>", ":has(", "a[", "::x", "*.x:99999", "\\"]),
        ),
    ).map(lambda pair: f"{pair[0]} = {json.dumps(pair[1])}"),
)


@settings(deadline=None)
@given(st.lists(lines, max_size=40).map("\n".join))
@example('captcha = "a::text"')
@example('captcha = "@media"')
def test_profiles_of_any_kind(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with suppress(ColorzooError):
            load_profile(path)


def test_everything_wrong_with_a_profile_is_said_at_once(tmp_path):
    path = tmp_path / "mine.toml"
    text = (
        PROFILE.read_text()
        .replace("p.comic-title", "p[")
        .replace('name = "mkzhan"', 'name = "A B"\nnonsense = 1')
    )
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        find_profiles(str(path))
    for part in ("name", "nonsense", "not a CSS selector"):
        assert part in str(error.value)
    path.write_text("name = [")
    with pytest.raises(ConfigError, match="not TOML"):
        load_profile(path)
    with pytest.raises(ConfigError, match="no such site profile"):
        load_profile(tmp_path / "none.toml")


def test_the_profile_of_the_documentation_is_one(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "crawling.md").read_text()
    path = tmp_path / "example.toml"
    path.write_text(text.split("```toml\n")[1].split("```")[0])
    profile = load_profile(path)
    assert profile.name == "example"
    assert profile.is_for("a.pictures.example.org")
