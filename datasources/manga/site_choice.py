"""Which site profile reads an address: the one written for its host, else the one that fits best."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from colorzoo.datasources.manga.crawl_errors import CrawlError
from colorzoo.datasources.manga.crawl_progress import Listener
from colorzoo.datasources.manga.document import Document
from colorzoo.datasources.manga.http_client import Web
from colorzoo.datasources.manga.profiles import Profile
from colorzoo.datasources.manga.site import PAGE_BYTES, Site


def choose_site(
    url: str, candidates: Sequence[Profile], web: Web, listener: Listener
) -> tuple[Site, Document | None]:
    """Return the site by the profile that knows its host, else by the one that finds most on the page.

    The second is that page, where it had to be fetched.

    Raises:
        CrawlError: the page cannot be fetched, or no profile finds anything on it.
    """
    host = urlsplit(url).hostname or ""
    for profile in candidates:
        if profile.is_for(host):
            listener.profile(profile.name, f"it is written for {host}")
            return Site(profile, web), None
    answer = web.get(url, PAGE_BYTES)
    sites = [Site(profile, web) for profile in candidates]
    counted = [(site.finds(url, site.understood(answer)), site) for site in sites]
    count, best = max(counted, key=lambda pair: pair[0])
    if count == 0:
        names = ", ".join(profile.name for profile in candidates)
        raise CrawlError(f"{url}: no site profile matches it; tried {names}. Write one: docs/crawling.md")
    listener.profile(best.profile.name, f"it finds {count} links on {url}")
    return best, Document(answer)
