"""A VPC Network binding that connects: what a Worker has as ``env.MY_VPC``, on asyncio."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from vpcroute.address import read_fetch, spelled
from vpcroute.dial.dialers import Dialers
from vpcroute.dial.direct import Streams
from vpcroute.dial.finding import Routes, Wayfinder
from vpcroute.dial.limits import Limits
from vpcroute.dial.names import Names
from vpcroute.dial.settings import load_dialers
from vpcroute.dial.ways import Way
from vpcroute.live import LiveResolver
from vpcroute.sources.wrangler import find_binding
from vpcroute.table import RouteTable

if TYPE_CHECKING:
    import httpx2

    from vpcroute.dial.http import HttpTransport

__all__ = ["Redirect", "VpcNetwork", "client_options", "fetched", "follows"]

Redirect = Literal["follow", "manual"]
#: A URL that every parser reads as it stands: no credentials, escapes, dot segments or capitals in the host.
_PLAIN: Final = re.compile(
    r"https?://[a-z0-9.-]+(?::[1-9][0-9]{0,4})?(?:/(?!\.)[A-Za-z0-9._~!$'()*+,;=:@-]*)+(?:\?[A-Za-z0-9._~!$()*+,;=:@/&-]*)?",
    re.ASCII,
)
_REDIRECTS: Final = {"follow": True, "manual": False}


class VpcNetwork:
    """Connects the way that a VPC binding goes; used within one event loop, and closed at the end of ``async with``.

    Args:
        routes: a RouteTable, which is followed from ``cf1:network`` as it changes, a Resolver, or a LiveResolver.
        dialers: how each egress path is reached.
        names: who resolves names that have no hostname route; None leaves them to Gateway.
        limits: the limits of time and number.
        tls: for TLS with servers in fetch(); None takes the authorities that httpx2 takes.
        http2: whether fetch() offers HTTP/2 to servers with TLS.
    """

    def __init__(
        self,
        routes: Routes,
        dialers: Dialers,
        *,
        names: Names | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        http2: bool = True,
    ) -> None:
        self.limits = Limits() if limits is None else limits
        self._finder = Wayfinder(routes, dialers, names, self.limits)
        self._tls, self._http2 = tls, http2

    @classmethod
    def load(cls, routes: Routes, path: str | PathLike[str], **options: Any) -> Self:
        """One with the dialers, resolver policies and limits of a TOML file; see :mod:`vpcroute.dial.settings`."""
        settings = load_dialers(path)
        return cls(routes, settings.dialers, names=settings.names, limits=settings.limits, **options)

    @staticmethod
    def binding(table: RouteTable, spec: str, environment: str | None = None) -> LiveResolver:
        """The routes of a binding in a wrangler file, ``"wrangler.jsonc:MY_VPC"``, as the table changes."""
        return table.live(find_binding(spec, environment).vantage())

    async def connect(self, address: str | Mapping[str, object]) -> Streams:
        """A TCP connection, as reader and writer, to what connect() takes: ``"host:port"``, or hostname and port.

        It stays open, whatever becomes of its route; what breaks on it is raised as asyncio raises it.

        Raises:
            InvalidAddress: for what cannot be read.
            RouteError: for a destination without a way.
            DialError: for a way that does not lead there; it names the egress.
        """
        way = await self._finder.connect_way(address)
        return await way.open(timeout=self.limits.connect)

    async def fetch(
        self,
        url: str,
        method: str = "GET",
        *,
        redirect: Redirect = "follow",
        stream: bool = False,
        **options: Any,
    ) -> httpx2.Response:
        """The response to an HTTP request, whatever its status; redirects go each their own way.

        Args:
            url: an absolute URL; credentials in it are dropped, as fetch() drops them.
            method: the method.
            redirect: ``"manual"`` gives the redirect itself.
            stream: whether the body is left for whoever awaits ``aiter_bytes()`` of it, and then ``aclose()``.
            options: what httpx2 takes for a request: ``headers``, ``content`` (octets, or an iterator of them),
                ``json``, ``data``, ``files``, ``params``, ``extensions``.

        Raises:
            InvalidAddress: for what cannot be read.
            RouteError: for a destination without a way.
            DialError: for a way that does not lead there, and a connection that breaks; it names the egress.
        """
        request = self._client.build_request(method, fetched(url), **options)
        return await self._client.send(request, stream=stream, follow_redirects=follows(redirect))

    async def way(self, address: str | Mapping[str, object]) -> Way:
        """The way that connect() would take now; ``await way.open()`` takes it."""
        return await self._finder.connect_way(address)

    async def aclose(self) -> None:
        """Closes the connections of fetch(); those of connect() are their owners'."""
        if "transport" in self.__dict__:
            await self.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @cached_property
    def transport(self) -> HttpTransport:
        """What fetch() sends by: a transport for an ``httpx2.AsyncClient`` of one's own."""
        from vpcroute.dial.http import HttpTransport

        return HttpTransport(self._finder.fetch_way, self._tls, self.limits, http2=self._http2)

    @cached_property
    def _client(self) -> httpx2.AsyncClient:
        import httpx2

        return httpx2.AsyncClient(transport=self.transport, **client_options(self.limits))


def client_options(limits: Limits) -> dict[str, Any]:
    """What a client of httpx2 is made with: nothing of the environment, and no cookies that are kept."""
    import httpx2

    return {
        "timeout": httpx2.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.connect),
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=())),
        "trust_env": False,
    }


def fetched(url: str) -> str:
    """A URL as fetch() writes it, without credentials; InvalidAddress for what it does not take."""
    if isinstance(url, str) and _PLAIN.fullmatch(url):
        return url
    read_fetch(url)
    return spelled(url).href


def follows(redirect: str) -> bool:
    """Whether redirects are followed; ValueError for another word."""
    if redirect not in _REDIRECTS:
        raise ValueError(f"redirect must be one of {', '.join(_REDIRECTS)}, not {redirect!r}")
    return _REDIRECTS[redirect]
