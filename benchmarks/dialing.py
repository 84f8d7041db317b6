"""What routing adds to a request and to a connection: beside the plain client, in one process with the server.

What the client's connections are made of counts for more than the routes. So beside httpx2 as it comes stands one whose
pool has the same streams as ours: the difference to that is the routing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from statistics import median
from time import process_time_ns
from typing import Any, Final

import vpcroute
from benchmarks.results import Result, Row
from benchmarks.step import Settings, Step
from benchmarks.subject import Role
from benchmarks.tables import make_table
from benchmarks.timing import quiet

__all__ = ["dial_steps"]

_LOOPBACK: Final = "127.0.0.1"
_BODY: Final = b"x" * 1000
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
_ROUNDS_EACH: Final = 5  # of each contender, for each of the settings' rounds: noise is larger than what is sought
_Call = Callable[[], Awaitable[object]]
_Contenders = Mapping[tuple[str, Role, str], _Call]


class _Server(asyncio.Protocol):
    """Answers each request, which comes in one piece."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER)


class _Loopback:
    """A dialer that connects to the server, whatever is dialed."""

    resolves_names = True

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self, target: vpcroute.Target) -> Any:
        return await asyncio.open_connection(_LOOPBACK, self._port)


def dial_steps() -> Iterator[Step]:
    """The steps; they fail where the extra ``dial`` is not installed."""
    yield Step("dial/fetch", lambda settings: asyncio.run(_fetch(settings)))
    yield Step("dial/connect", lambda settings: asyncio.run(_connect(settings)))


async def _fetch(settings: Settings) -> Result:
    import httpcore2
    import httpx2

    from vpcroute.dial import Dialers, VpcNetwork
    from vpcroute.dial.http import Stream

    class Backend(httpcore2.AsyncNetworkBackend):
        async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> Any:
            return Stream(await asyncio.open_connection(host, port))

    server, port = await _serve()
    resolver, egress, host = _routes()
    same = httpx2.AsyncHTTPTransport(trust_env=False)
    same._pool = httpcore2.AsyncConnectionPool(network_backend=Backend())
    plain_url, url = f"http://{_LOOPBACK}:{port}/data", f"http://{host}/data"
    async with (
        server,
        httpx2.AsyncClient(trust_env=False) as plain,
        httpx2.AsyncClient(transport=same, trust_env=False) as bare,
        VpcNetwork(resolver, Dialers({egress: _Loopback(port)})) as network,
    ):
        contenders: _Contenders = {
            ("fetch()", "ours", "a response, routed"): lambda: network.fetch(url),
            ("httpx2", "peer", "a response"): lambda: plain.get(plain_url),
            ("httpx2, same streams", "floor", "a response"): lambda: bare.get(plain_url),
        }
        rows = await _rows(contenders, settings)
    title = "a GET of 1,000 octets on a connection that is there; the server's time is in it"
    return Result("dial/fetch", title, "us", 1, rows)


async def _connect(settings: Settings) -> Result:
    from vpcroute.dial import Dialers, VpcNetwork

    server, port = await _serve()
    resolver, egress, host = _routes()
    async with server, VpcNetwork(resolver, Dialers({egress: _Loopback(port)})) as network:

        async def closed(opening: Awaitable[Any]) -> None:
            _, writer = await opening
            writer.transport.abort()
            await asyncio.sleep(0)

        contenders: _Contenders = {
            ("connect()", "ours", "streams, routed"): lambda: closed(network.connect(f"{host}:80")),
            ("asyncio.open_connection", "peer", "streams"): lambda: closed(asyncio.open_connection(_LOOPBACK, port)),
        }
        rows = await _rows(contenders, settings)
    return Result("dial/connect", "a TCP connection, made and closed; the server's time is in it", "us", 1, rows)


async def _serve() -> tuple[asyncio.Server, int]:
    server = await asyncio.get_running_loop().create_server(_Server, _LOOPBACK, 0)
    return server, server.sockets[0].getsockname()[1]


def _routes() -> tuple[vpcroute.Resolver, Any, str]:
    """A resolver, one of its egress paths, and an address that it leads to."""
    resolver = make_table("private").rib().compile()
    for number in range(1 << 24):
        host = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        try:
            return resolver, resolver.lookup(host), host
        except vpcroute.RouteError:
            continue
    raise AssertionError("no address has a route")


async def _rows(contenders: _Contenders, settings: Settings) -> tuple[Row, ...]:
    """Microseconds of processor time for each call; the contenders take turns."""
    for call in contenders.values():
        for _ in range(20):
            await call()
    begun = process_time_ns()
    for call in contenders.values():
        await call()
    each = (process_time_ns() - begun) / len(contenders) / 1e9
    rounds = _ROUNDS_EACH * settings.rounds
    calls = max(5, min(settings.inputs // 100, int(settings.seconds / rounds / each)))
    taken: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    with quiet():
        for _ in range(rounds):
            for (name, _, _), call in contenders.items():
                begun = process_time_ns()
                for _ in range(calls):
                    await call()
                taken[name].append((process_time_ns() - begun) / 1e3 / calls)
    rows = [Row(name, role, what, tuple(taken[name])) for name, role, what in contenders]
    ours, others = rows[0], rows[1:]
    told = "; ".join(f"{_added(ours, other):+.1%} of {other.name}" for other in others)
    return (Row(ours.name, ours.role, f"{ours.returns}: {told}", ours.rounds), *others)


def _added(ours: Row, other: Row) -> float:
    """What ours takes more, by the rounds, which follow each other."""
    return median([mine / theirs for mine, theirs in zip(ours.rounds, other.rounds, strict=True)]) - 1
