"""Where the crawler may connect: to the hosts it was sent to, and never into the user's own network."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from colorzoo.datasources.manga.crawl_errors import RefusedError

NAT64 = IPv6Network("64:ff9b::/96")
PORTS = {"http": 80, "https": 443}


class Host(NamedTuple):
    """A host that may be asked, `*.example.org` for all below it; no port means the scheme's own."""

    name: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Host:
        """Return the host of `HOST` or `HOST:PORT`.

        Raises:
            RefusedError: it is none.
        """
        try:
            parts = urlsplit(f"//{text}")
            name, port = parts.hostname, parts.port
        except ValueError:
            name, port = None, None
        if not name or parts.path or parts.username:
            raise RefusedError(f"{text!r} is not a host; expected HOST, HOST:PORT or *.HOST")
        return cls(name, port)

    @classmethod
    def of(cls, url: str) -> Host:
        """Return the host of an address to start from.

        Raises:
            RefusedError: it is no address.
        """
        try:
            parts = urlsplit(url)
            name, port = parts.hostname, parts.port
        except ValueError:
            name, port = None, None
        if not name:
            raise RefusedError(f"{url!r} is not an address; expected https://HOST/PATH")
        return cls(name, None if port in PORTS.values() else port)

    def matches(self, name: str, port: int) -> bool:
        """Say whether a connection to that name and port is meant."""
        same = name == self.name or (self.name.startswith("*.") and name.endswith(self.name[1:]))
        return same and (port == self.port or (self.port is None and port in PORTS.values()))


class Guard:
    """Decides on every address, redirects included, and once more on what its name resolves to.

    hosts may be asked as long as they are public. trusted are those the user named: they may be
    asked wherever they are, loopback included.
    """

    def __init__(self, hosts: Iterable[Host], trusted: Iterable[Host] = ()) -> None:
        self.trusted = tuple(trusted)
        self.hosts = (*hosts, *self.trusted)
        self.open: WeakSet[HTTPConnection] = WeakSet()

    def allow(self, hosts: Iterable[Host]) -> None:
        """Let more hosts be asked, as long as they are public."""
        self.hosts = (*self.hosts, *hosts)

    def check(self, url: str) -> None:
        """Check an address before it is asked.

        Raises:
            RefusedError: it is not http(s), carries a password, or is on a host not allowed.
        """
        try:
            parts = urlsplit(url)
            name, port = parts.hostname, parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            raise RefusedError(f"{url!r} is not an address") from None
        if parts.scheme not in PORTS or not name or parts.username is not None:
            raise RefusedError(f"{url!r}: only http and https addresses without a password are fetched")
        if not any(host.matches(name, port) for host in self.hosts):
            host = name if port in PORTS.values() else f"{name}:{port}"
            raise RefusedError(f"{url}: {host} is not a host of this site; --allow-host {host} allows it")

    def resolve(self, name: str, port: int) -> str:
        """Return the IP address to connect to: the one that was checked, whatever the name says next.

        Raises:
            RefusedError: it is inside the user's network.
            OSError: the name cannot be resolved.
        """
        resolved = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        addresses = [str(sockaddr[0]) for *_, sockaddr in resolved]
        inside = [address for address in addresses if not _is_public(address)]
        if (inside or not addresses) and not any(host.matches(name, port) for host in self.trusted):
            raise RefusedError(
                f"{name} is {', '.join(inside)}, inside your own network; if that is meant, "
                f"--allow-host {name}:{port}"
            )
        return addresses[0]

    def adapter(self) -> HTTPAdapter:
        """Return the transport that asks `resolve` before every connection."""
        return _Adapter(self)

    def hang_up(self) -> None:
        """Cut every connection, whatever it is waiting for."""
        for connection in list(self.open):
            sock = connection.sock
            if sock is not None:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already


def _is_public(text: str) -> bool:
    address = _inner(ip_address(text.partition("%")[0]))
    inside = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not inside and not getattr(address, "is_site_local", False)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Guarded(HTTPConnection):
    guard: Guard

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = self.guard.resolve(name.strip("[]"), self.port or 0)
        try:
            sock = super()._new_conn()
        finally:
            self._dns_host = name  # the certificate and the Host header are the name's
        self.guard.open.add(self)
        return sock


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        own = {"guard": self._guard}
        plain = type("Plain", (_Guarded,), own)
        secure = type("Secure", (_GuardedTLS,), own)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
