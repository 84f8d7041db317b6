"""HTTP over the connections that dialers make: a transport for httpx2.

Each request is resolved by itself, each hop of a redirect too. All connections are in one pool, so that its limits hold
for all; in the pool the place of an origin's host is taken by the key of its way. So two requests share a connection
only if they go to the same host name, at the same permitted addresses, through the same egress path and dialer: never
across paths, and never to an address that is not permitted any more.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

import httpcore2
import httpx2

from vpcroute.dial.direct import Streams
from vpcroute.dial.failures import DialError, called, failure
from vpcroute.dial.limits import Limits
from vpcroute.dial.ways import Way

__all__ = ["RESOLUTION", "HttpTransport", "Stream"]

#: Finds the way of a URL.
FindWay = Callable[[str], Awaitable[Way]]

#: The extension of a response that has the :class:`vpcroute.Resolution` it went by.
RESOLUTION: Final = "vpcroute.resolution"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
#: The way of the request that is being sent in this task: a new connection is made by it.
_WAY: Final[ContextVar[Way]] = ContextVar("way")

#: The code of what goes wrong on a connection, the first that fits.
_CODES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpcore2.ReadTimeout, "connection_read_timeout"),
    (httpcore2.WriteTimeout, "connection_write_timeout"),
    (httpcore2.PoolTimeout, "connection_limit_reached"),
    (httpcore2.NetworkError, "connection_terminated"),
    (httpcore2.LocalProtocolError, "http_request_error"),
    (httpcore2.RemoteProtocolError, "http_protocol_error"),
)


class HttpTransport(httpx2.AsyncBaseTransport):
    """Sends each request the way that its URL has.

    Args:
        find: finds the way of a URL, or raises RouteError.
        context: for TLS with servers; None is what httpx2 takes.
        limits: the limits of time and number.
        http2: whether HTTP/2 is offered to servers with TLS.
    """

    def __init__(self, find: FindWay, context: ssl.SSLContext | None, limits: Limits, *, http2: bool) -> None:
        self._find = find
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False) if context is None else context,
            max_connections=limits.connections,
            max_keepalive_connections=limits.idle_connections,
            keepalive_expiry=limits.idle,
            http2=http2,
            network_backend=_Backend(limits.connect),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends one request. RouteError for a destination without a way, DialError for what goes wrong on it."""
        way = await self._find(str(request.url))
        host = way.resolution.host
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=way.key,
                port=request.url.port or _DEFAULT_PORTS[request.url.scheme],
                target=request.url.raw_path,
            ),
            headers=_headers(request, host),
            content=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        token = _WAY.set(way)
        try:
            with _told(way):
                received = await self._pool.handle_async_request(sent)
        finally:
            _WAY.reset(token)
        stream: Any = received.stream
        return httpx2.Response(
            received.status,
            headers=received.headers,
            stream=_Body(stream, way),
            extensions={**received.extensions, RESOLUTION: way.resolution},
        )

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._pool.aclose()


def _headers(request: httpx2.Request, host: str) -> list[tuple[bytes, bytes]]:
    """The headers, with the host in the spelling that was matched, but for a Host header that was given."""
    name = f"[{host}]" if ":" in host else host
    port = request.url.port
    wanted = (name if port is None else f"{name}:{port}").encode("ascii")
    headers = request.headers.raw
    if headers[:1] == [(b"Host", wanted)]:
        return headers
    given = next((value for key, value in headers if key.lower() == b"host"), b"")
    if given not in (b"", request.url.netloc):
        return headers
    return [(b"Host", wanted), *((key, value) for key, value in headers if key.lower() != b"host")]


class _Body(httpx2.AsyncByteStream):
    """The body of a response as it arrives."""

    def __init__(self, stream: Any, way: Way) -> None:
        self._stream, self._way = stream, way

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told(self._way, "http_response_incomplete"):
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _told(way: Way, broken: str | None = None) -> Iterator[None]:
    """Tells what goes wrong as a DialError.

    Args:
        way: the way of the connection.
        broken: the code for a connection that ends too early; None for what `_CODES` says.
    """
    try:
        yield
    except OSError as error:  # of TLS
        raise failure(error, way.egress, way.address) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "proxy_internal_error")
        if broken is not None and isinstance(error, (httpcore2.NetworkError, httpcore2.RemoteProtocolError)):
            code = broken
        elif "disconnected" in str(error):  # httpcore2 has no kind of its own for that
            code = "connection_terminated"
        text = str(error).rstrip(".") or code.replace("_", " ")
        message = f"{way.address} through {called(way.egress)}: {text}"
        raise DialError(message, code=code, egress=way.egress, address=way.address) from error


class _Backend(httpcore2.AsyncNetworkBackend):
    """Makes the connections of the pool, each by the way of the request that needs it."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **_: Any) -> Stream:  # type: ignore[override]
        way = _WAY.get()
        return Stream(await way.open(timeout=self._timeout if timeout is None else timeout))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Stream(httpcore2.AsyncNetworkStream):
    """A connection as httpcore2 takes one."""

    def __init__(self, streams: Streams) -> None:
        self._reader, self._writer = streams

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout("nothing arrived in time") from error
        except OSError as error:
            raise httpcore2.ReadError("the connection was reset") from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(buffer)
                await self._writer.drain()
        except TimeoutError as error:
            raise httpcore2.WriteTimeout("nothing was taken in time") from error
        except OSError as error:
            raise httpcore2.WriteError("the connection was reset") from error

    async def aclose(self) -> None:
        self._writer.transport.abort()  # a TLS connection would wait for the other end
        with suppress(Exception):
            await self._writer.wait_closed()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            self._writer.transport.abort()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # of an idle connection: the server has closed it, or sent what nobody asked for
            over = self._reader.at_eof() or self._reader.exception() is not None or self._writer.is_closing()
            return over or bool(getattr(self._reader, "_buffer", None))
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._writer.get_extra_info(names.get(info, info))
