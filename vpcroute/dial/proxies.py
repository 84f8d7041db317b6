"""Connections through a SOCKS5 or HTTP proxy, which python-socks asks for them.

A proxy is given a name as it is and resolves it itself: it stands where the connector stands. python-socks takes a
proxy behind another one; what stands in front of it here is the socket to the proxy, with the options of a
:class:`Direct` dialer, and with what python-socks does not do: a reply that arrives in pieces, or with the first
octets of the server behind it, is read to its end and no further.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, ClassVar, Final

import attrs
from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio.v2 import Proxy

from vpcroute.address import Target, read_connect
from vpcroute.dial.direct import Direct, Streams
from vpcroute.dial.failures import DialError, code_of_status, explained
from vpcroute.errors import printable
from vpcroute.fields import is_a

__all__ = ["HttpConnect", "Socks5"]

#: What a SOCKS5 server says (RFC 1928 section 6).
_OF_REPLY: Final = {
    1: "proxy_internal_error",
    2: "destination_ip_prohibited",
    3: "destination_ip_unroutable",
    4: "destination_unavailable",
    5: "connection_refused",
    6: "connection_timeout",
}
_END_OF_HEAD: Final = b"\r\n\r\n"
_LONGEST_SECRET: Final = 255  # octets (RFC 1929)


def _server(given: object) -> Target:
    """Where a proxy is: its address or name, and its port."""
    return given if isinstance(given, Target) else read_connect(given)  # type: ignore[arg-type]  # it refuses the rest


def _secret(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} must be a str, not {type(value).__name__}")
    if not 0 < len(value.encode()) <= _LONGEST_SECRET:
        raise ValueError(f"{attribute.name} must have 1 to {_LONGEST_SECRET} octets")


def _together(proxy: Socks5 | HttpConnect) -> None:
    if (proxy.username is None) != (proxy.password is None):
        raise ValueError("username and password go together")


@attrs.frozen
class Socks5:
    """Through a SOCKS5 server: ``cloudflared access tcp``, WARP's local proxy mode, ``ssh -D``.

    Attributes:
        server: ``"host:port"`` of it.
        username, password: what it asks for, if it does; both or neither.
        by: how the server itself is reached.
    """

    server: Target = attrs.field(converter=_server)
    username: str | None = attrs.field(default=None, validator=_secret, kw_only=True)
    password: str | None = attrs.field(default=None, validator=_secret, kw_only=True, repr=False)
    by: Direct = attrs.field(factory=Direct, validator=is_a(Direct), kw_only=True)
    resolves_names: ClassVar[bool] = True

    def __attrs_post_init__(self) -> None:
        _together(self)

    async def open(self, target: Target) -> Streams:
        """A connection to an address or a name; see :class:`Dialer`."""
        return await _through(
            self, ProxyType.SOCKS5, target, lambda number: _OF_REPLY.get(number or 0, "proxy_internal_error")
        )


@attrs.frozen
class HttpConnect:
    """Through an HTTP proxy, by CONNECT: Gateway's proxy endpoints (with `tls`), a company's proxy.

    Attributes:
        server: ``"host:port"`` of it.
        username, password: for Basic authentication; both or neither.
        by: how the proxy itself is reached.
        tls: whether the proxy is spoken to by TLS: true, or the context to use.
    """

    server: Target = attrs.field(converter=_server)
    username: str | None = attrs.field(default=None, validator=_secret, kw_only=True)
    password: str | None = attrs.field(default=None, validator=_secret, kw_only=True, repr=False)
    by: Direct = attrs.field(factory=Direct, validator=is_a(Direct), kw_only=True)
    tls: bool | ssl.SSLContext = attrs.field(default=False, validator=is_a(bool, ssl.SSLContext), kw_only=True)
    _context: ssl.SSLContext | None = attrs.field(init=False, default=None, repr=False, eq=False)

    resolves_names: ClassVar[bool] = True

    def __attrs_post_init__(self) -> None:
        _together(self)
        context = ssl.create_default_context() if self.tls is True else self.tls or None
        object.__setattr__(self, "_context", context)

    async def open(self, target: Target) -> Streams:
        """A connection to an address or a name; see :class:`Dialer`."""
        return await _through(self, ProxyType.HTTP, target, code_of_status, self._context)


async def _through(
    proxy: Socks5 | HttpConnect,
    kind: ProxyType,
    target: Target,
    code_of: Callable[[int | None], str],
    context: ssl.SSLContext | None = None,
) -> Streams:
    server = proxy.server
    near: Any = _Near(proxy)
    asked = Proxy(kind, server.host, server.port or 0, proxy.username, proxy.password, True, context, near)
    try:
        await asked.connect(target.host, target.port or 0)
    except ProxyError as error:
        text = f"the proxy {server} says: {printable(str(error))}"
        raise DialError(text, code=code_of(error.error_code)) from error
    except EOFError as error:
        raise DialError(f"the proxy {server} closed the connection", code="connection_terminated") from error
    except asyncio.LimitOverrunError as error:
        raise DialError(f"the proxy {server} does not end its reply", code="http_protocol_error") from error
    except OSError as error:
        code, hint, text = explained(error)
        raise DialError(f"the proxy {server}: {text}", code=code, hint=hint) from error
    streams: Streams = near.streams
    return streams


class _Near:
    """The connection to a proxy, as python-socks sees one: first the proxy in front, then its stream."""

    streams: Streams

    def __init__(self, proxy: Socks5 | HttpConnect) -> None:
        self._proxy = proxy

    async def connect(self, dest_host: str, dest_port: int) -> _Near:
        try:
            self.streams = await self._proxy.by.open_host(dest_host, dest_port)
        except (OSError, DialError) as error:
            code, hint, text = explained(error)
            unreachable = code not in ("proxy_internal_error", "connection_limit_reached")
            raise DialError(
                f"the proxy {self._proxy.server} cannot be reached: {text}",
                code="destination_unavailable" if unreachable else code,
                hint=hint or "is it running?",
            ) from error
        return self

    async def write(self, data: bytes) -> None:
        self.streams[1].write(data)
        await self.streams[1].drain()

    async def read(self) -> bytes:
        """The head of an HTTP reply, whole, and nothing of what comes behind it."""
        return await self.streams[0].readuntil(_END_OF_HEAD)

    async def read_exactly(self, count: int) -> bytes:
        return await self.streams[0].readexactly(count)

    async def start_tls(self, hostname: str, ssl_context: ssl.SSLContext) -> _Near:
        await self.streams[1].start_tls(ssl_context, server_hostname=hostname)
        return self

    async def close(self) -> None:
        self.streams[1].transport.abort()
