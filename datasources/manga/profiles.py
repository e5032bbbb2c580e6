"""What the crawler knows of a site: selectors and addresses, as data in a TOML file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import soupsieve
from pydantic import AfterValidator, Field

from colorzoo.core.config import Strict, validate
from colorzoo.core.errors import ConfigError, UnknownNameError
from colorzoo.core.registry import registry
from colorzoo.datasources.manga.network_guard import Host

PROFILE_BYTES = 200_000


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression ({error})") from None
    return pattern


def _selects(selector: str) -> str:
    try:
        if selector:
            soupsieve.compile(selector)
    except (soupsieve.SelectorSyntaxError, NotImplementedError, RecursionError, ValueError) as error:
        raise ValueError(f"not a CSS selector ({str(error).splitlines()[0]})") from None
    return selector


Pattern = Annotated[str, AfterValidator(_compiles)]
Selector = Annotated[str, AfterValidator(_selects)]


class Fields(Strict):
    """Where an element, or an item of a JSON answer, holds an address."""

    attributes: tuple[str, ...] = Field((), description="names, tried in turn")
    build: str = Field("", description="else the address is made of values, such as /{series}/{id}/")
    skip: Pattern = Field(r"[{}]", description="placeholders and unfilled templates")
    newest_first: bool = Field(False, description="the list runs from the newest to the oldest")


class Html(Fields):
    """Elements of a page that lead on."""

    select: Selector = Field(description="CSS selector of the elements")
    attributes: tuple[str, ...] = Field(("href",), description="names, tried in turn")
    next: Selector = Field("", description="CSS selector of the link to the rest of the list")
    numbered: str = Field("", description="address of the rest of the list, such as ?page={page}")


class Json(Fields):
    """An address that answers with JSON, and the list in it."""

    url: str = Field(description="address; {series} and {chapter} are filled in")
    items: str = Field(description="path to the list, such as data.page")


class Step(Strict):
    """One kind of page: how its address looks, and where it leads."""

    address: Pattern = Field(description="what its path looks like, with the groups it names")
    title: Selector = Field("", description="CSS selector of its title")
    html: Html | None = Field(None, description="where the page itself leads")
    json_answer: Json | None = Field(None, description="what to ask where the page shows nothing")


class Profile(Strict):
    """A site, or all sites of one make."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    summary: str = ""
    hosts: tuple[str, ...] = Field((), description="hosts of the site: HOST, HOST:PORT or *.HOST")
    headers: dict[str, str] = Field({}, description="sent along; {page} is the address that led here")
    catalog: Html | None = Field(None, description="links to series, on any other page of the site")
    series: Step
    chapter: Step
    clean: tuple[tuple[Pattern, str], ...] = Field((), description="replacements in picture addresses")
    captcha: Selector = Field("", description="CSS selector of what asks for proof of being human")
    captcha_alone: Selector = Field("", description="the same, on a page on which nothing else is found")
    paid: Selector = Field("", description="CSS selector of what stands in for a chapter that costs money")

    def allowed(self) -> list[Host]:
        """Return the hosts the site consists of."""
        return [Host.parse(host) for host in self.hosts]

    def is_for(self, host: str) -> bool:
        """Say whether the profile was written for this host."""
        return any(rule.matches(host, rule.port or 443) for rule in self.allowed())


def load_profile(path: Path) -> Profile:
    """Return the profile of a TOML file.

    Raises:
        ConfigError: it is absent, too large, not TOML or not a profile; all fields in error are named.
        RefusedError: one of its hosts is none.
    """
    try:
        if path.stat().st_size > PROFILE_BYTES:
            raise ConfigError(f"{path}: more than {PROFILE_BYTES:,} bytes, not a site profile")
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such site profile") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from None
    profile = validate(Profile, values, str(path))
    profile.allowed()
    return profile


def profiles() -> dict[str, Profile]:
    """Return the profiles that come with plugins, our own among them, by name."""
    announced = registry().gather(
        "register_sites",
        lambda path, owner: [load_profile(path)],
        lambda profile: f"site profile {profile.name!r}",
    )
    return {profile.name: profile for profile in sorted(announced, key=lambda profile: profile.name)}


def find_profiles(name: str) -> list[Profile]:
    """Return the profile of that name or TOML file, or all for `auto`.

    Raises:
        ConfigError: the file is damaged.
        UnknownNameError: there is none of that name.
    """
    if name.endswith(".toml"):
        return [load_profile(Path(name).expanduser())]
    known = profiles()
    if name == "auto":
        return list(known.values())
    if name not in known:
        raise UnknownNameError("site profile", name, [*known, "auto"], hint="or give a .toml file")
    return [known[name]]
