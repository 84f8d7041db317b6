"""Finding the way of an address by the newest routes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from vpcroute.address import Target
from vpcroute.dial.dialers import Dialers
from vpcroute.dial.direct import Dialer, Streams
from vpcroute.dial.failures import failure
from vpcroute.dial.limits import Limits
from vpcroute.dial.names import Names
from vpcroute.dial.ways import Way, Ways
from vpcroute.fib.resolution import Resolution
from vpcroute.fib.resolver import Resolver
from vpcroute.live import LiveResolver
from vpcroute.table import RouteTable

__all__ = ["Routes", "Wayfinder"]

#: What routes: a table is followed as it changes.
Routes = RouteTable | Resolver | LiveResolver


class Wayfinder:
    """Finds the way of an address by the newest routes, and resolves the names that need it."""

    def __init__(self, routes: Routes, dialers: Dialers, names: Names | None, limits: Limits) -> None:
        if isinstance(routes, RouteTable):
            routes = routes.live()
        if not isinstance(routes, (Resolver, LiveResolver)):
            raise TypeError(f"routes must be a RouteTable, Resolver or LiveResolver, not {type(routes).__name__}")
        if not isinstance(dialers, Dialers):
            raise TypeError(f"dialers must be Dialers, not {type(dialers).__name__}")
        self._routes = routes
        self._dialers = dialers
        self._names = names
        self._limits = limits
        self._seed = os.urandom(8)
        self._ways = Ways(self._newest(), dialers)

    async def connect_way(self, address: str | Mapping[str, object]) -> Way:
        """The way of what connect() takes; each time another flow of an ECMP group."""
        ways = self._current()
        return await self._settled(ways, ways.resolver.resolve_connect(address), None)

    async def fetch_way(self, url: str) -> Way:
        """The way of what fetch() takes; one flow for each destination, so that connections can be used again."""
        ways = self._current()
        return await self._settled(ways, ways.resolver.resolve_fetch(url), self._seed)

    async def _settled(self, ways: Ways, resolution: Resolution, seed: bytes | None) -> Way:
        if not resolution.needs_dns or self._names is None:
            return ways.way(resolution, seed=seed)
        answers = await self._names.answers(resolution.host, self._open_server)
        ways = self._current()
        again = ways.again(resolution)  # the routes may have changed meanwhile
        return ways.way(again, answers if again.needs_dns else None, seed=seed)

    async def _open_server(self, server: Target, dialer: Dialer | None) -> Streams:
        """A connection to a DNS server."""
        if dialer is not None:
            try:
                return await dialer.open(server)
            except Exception as error:
                raise failure(error, None, str(server)) from error
        ways = self._current()
        return await ways.way(ways.resolver.resolve_connect(str(server))).open(timeout=self._limits.connect)

    def _current(self) -> Ways:
        newest = self._newest()
        if self._ways.resolver is not newest:
            self._ways = Ways(newest, self._dialers)
        return self._ways

    def _newest(self) -> Resolver:
        return self._routes.newest if isinstance(self._routes, LiveResolver) else self._routes
