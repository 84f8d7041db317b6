"""The same for code that waits: a thread with an event loop does the work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx2

from vpcroute.closing import Closing
from vpcroute.dial.dialers import Dialers
from vpcroute.dial.direct import Streams
from vpcroute.dial.finding import Routes
from vpcroute.dial.network import Redirect, VpcNetwork, client_options, fetched, follows

if TYPE_CHECKING:
    from vpcroute.dial.http import HttpTransport

__all__ = ["Connection", "SyncTransport", "SyncVpcNetwork"]

_T = TypeVar("_T")


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._until_closed(begun)), daemon=True)
        self._thread.start()
        begun.wait()

    async def _until_closed(self, begun: threading.Event) -> None:
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        begun.set()
        await self._closed.wait()

    @property
    def is_open(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def run(self, work: Coroutine[Any, Any, _T], timeout: float | None = None) -> _T:
        """What a coroutine returns or raises there, in so many seconds; who is interrupted while waiting ends it."""
        if not self.is_open:
            work.close()
            raise RuntimeError("the network is closed")
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, timeout), self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        """Ends the loop, and all that goes on in it."""
        if self.is_open:
            self._loop.call_soon_threadsafe(self._closed.set)
            self._thread.join()


class Connection(Closing):
    """A TCP connection of :meth:`SyncVpcNetwork.connect`; for one thread at a time.

    Attributes:
        timeout: seconds that each call may take, or None; TimeoutError where it takes longer.
    """

    def __init__(self, loop: Loop, streams: Streams, timeout: float | None) -> None:
        self._loop = loop
        self._reader, self._writer = streams
        self.timeout = timeout

    def recv(self, size: int = 65536) -> bytes:
        """What has arrived, up to so many octets; none where the other end has closed."""
        return self._run(self._reader.read(size))

    def read_exactly(self, size: int) -> bytes:
        """So many octets; ``asyncio.IncompleteReadError``, an EOFError, where the other end closes before."""
        return self._run(self._reader.readexactly(size))

    def read_line(self) -> bytes:
        """A line with its end, or what there is where the other end closes before."""
        return self._run(self._reader.readline())

    def sendall(self, data: bytes) -> None:
        """Sends all of the octets."""

        async def send() -> None:
            self._writer.write(data)
            await self._writer.drain()

        self._run(send())

    def close(self) -> None:
        """Closes it, when what was sent is on its way."""

        async def close() -> None:
            self._writer.close()
            await self._writer.wait_closed()

        self._run(close())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run(work, self.timeout)


class SyncVpcNetwork(Closing):
    """A :class:`VpcNetwork` for code that waits; any number of threads may share it. Closed at the end of ``with``.

    Args:
        routes, dialers, options: as for :class:`VpcNetwork`.
    """

    def __init__(self, routes: Routes, dialers: Dialers, **options: Any) -> None:
        self._set(VpcNetwork(routes, dialers, **options))

    def _set(self, network: VpcNetwork) -> None:
        self._network = network
        self._loop = Loop()
        self._kept: httpx2.Client | None = None

    @classmethod
    def load(cls, routes: Routes, path: str | PathLike[str], **options: Any) -> Self:
        """One with the settings of a TOML file; see :meth:`VpcNetwork.load`."""
        made = cls.__new__(cls)
        made._set(VpcNetwork.load(routes, path, **options))
        return made

    def connect(self, address: str | Mapping[str, object], *, timeout: float | None = None) -> Connection:
        """A TCP connection; see :meth:`VpcNetwork.connect`.

        Args:
            address: ``"host:port"``, or a mapping with hostname and port.
            timeout: seconds that each call on the connection may take.
        """
        return Connection(self._loop, self._loop.run(self._network.connect(address)), timeout)

    def fetch(
        self, url: str, method: str = "GET", *, redirect: Redirect = "follow", stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """The response to an HTTP request; see :meth:`VpcNetwork.fetch`.

        With `stream`, the body is left for ``iter_bytes()``, and then ``close()``. An iterator as ``content`` is read
        by a thread of its own.
        """
        request = self._client.build_request(method, fetched(url), **options)
        return self._client.send(request, stream=stream, follow_redirects=follows(redirect))

    @property
    def transport(self) -> SyncTransport:
        """What fetch() sends by: a transport for an ``httpx2.Client`` of one's own."""
        return SyncTransport(self._loop, self._loop.run(self._made()))

    async def _made(self) -> HttpTransport:
        return self._network.transport  # made once, for it is made in one thread

    @property
    def _client(self) -> httpx2.Client:
        """A client. If threads come at once each may make one: they share what sends."""
        if self._kept is None:
            self._kept = httpx2.Client(transport=self.transport, **client_options(self._network.limits))
        return self._kept

    def close(self) -> None:
        """Closes all connections."""
        if self._loop.is_open:
            try:
                self._loop.run(self._network.aclose())
            finally:
                self._loop.close()


class SyncTransport(httpx2.BaseTransport):
    """Sends requests by an :class:`HttpTransport` in an event loop."""

    def __init__(self, loop: Loop, transport: HttpTransport) -> None:
        self._loop, self._transport = loop, transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends one request; errors as of :class:`HttpTransport`."""
        body: Any = request.stream
        sent = httpx2.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=body if isinstance(body, httpx2.AsyncByteStream) else _Sent(body),
            extensions=request.extensions,
        )
        received = self._loop.run(self._transport.handle_async_request(sent))
        return httpx2.Response(
            received.status_code,
            headers=received.headers,
            stream=_Received(self._loop, received.stream),
            extensions=received.extensions,
        )


class _Sent(httpx2.AsyncByteStream):
    """A body that is given piece by piece; the pieces are waited for outside of the loop."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = iter(self._parts)
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            yield part


class _Received(httpx2.SyncByteStream):
    """A body as it arrives in the loop."""

    def __init__(self, loop: Loop, stream: Any) -> None:
        self._loop, self._stream = loop, stream

    def __iter__(self) -> Iterator[bytes]:
        parts = aiter(self._stream)

        async def following() -> bytes | None:
            return await anext(parts, None)

        while (part := self._loop.run(following())) is not None:
            yield part

    def close(self) -> None:
        self._loop.run(self._stream.aclose())
