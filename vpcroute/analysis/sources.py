"""Where an explanation's candidates come from: a route table as it is, or what a resolver carries of one."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from ipaddress import ip_network
from typing import Any, Protocol

import attrs

from vpcroute.address import Target
from vpcroute.analysis.explanation import Near
from vpcroute.announcements import HostnameRoute, Routed, SubnetRoute, VirtualNetwork
from vpcroute.errors import InvalidVantage, RouteError
from vpcroute.fib.hostnames import Hostnames
from vpcroute.fib.resolution import Resolution
from vpcroute.fib.tables import Tables
from vpcroute.fields import IPAddress
from vpcroute.indexes import PrefixTree
from vpcroute.outcomes import Refusal
from vpcroute.precedence import AddressCandidates, View
from vpcroute.ranges import IPNetwork
from vpcroute.reference import Reference
from vpcroute.standpoint import Standpoint
from vpcroute.store import destination_of
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["Compiled", "Elsewhere", "Source", "Table"]

_MOST_NEAR = 5


@attrs.frozen
class Elsewhere:
    """A prefix that covers an address in another virtual network, and its route where that is known."""

    network: str
    prefix: IPNetwork
    route: SubnetRoute | None = None


class Source(Protocol):
    """What explaining asks for.

    Attributes:
        stand: the standpoint.
        view: its view; for a tunnel or service the view of ``cf1:network``, or None where that is not known.
    """

    stand: Standpoint
    view: View | None

    def reading(self) -> AbstractContextManager[object]:
        """A block in which nothing changes."""

    def resolve(self, reader: str, address: Any, answers: Iterable[object] | None) -> Resolution:
        """The answer; `reader` is the name of the call."""

    def known(self, name: str) -> Iterable[object] | None:
        """The known addresses of a name."""

    def network(self, network: str) -> VirtualNetwork | None:
        """The virtual network with this id, if it can be looked in."""

    def default(self) -> VirtualNetwork | None:
        """The default virtual network, if it can be looked in."""

    def candidates(self, target: Target, view: View) -> AddressCandidates:
        """Everything that covers an address."""

    def elsewhere(self, target: Target, view: View) -> list[Elsewhere]:
        """What covers it in virtual networks that are not seen, network by network, the longest first."""

    def at_name(self, name: str) -> Iterable[HostnameRoute]:
        """The hostname routes that are found under a name: its own, and those for names below it."""

    def near(self, target: Target, view: View) -> tuple[Near, ...]:
        """The prefixes in sight that have most leading bits in common with an address that none of them covers."""


class Table:
    """A table as it is."""

    def __init__(self, table: RouteTable, vantage: Vantage) -> None:
        self._table = table
        self.stand = table.stand(vantage)
        self.view = self.stand.view or table.stand(Vantage(routing_mode=vantage.routing_mode)).view
        self._reference = Reference(table, vantage, stand=self.stand)

    def reading(self) -> AbstractContextManager[object]:
        return self._table.reading()

    def resolve(self, reader: str, address: Any, answers: Iterable[object] | None) -> Resolution:
        found: Resolution = getattr(self._reference, reader)(address, answers=answers)
        return found

    def known(self, name: str) -> Iterable[object] | None:
        return self._table.hosts.get(name)

    def network(self, network: str) -> VirtualNetwork | None:
        return next((v for v in self._table.virtual_networks if v.id == network), None)

    def default(self) -> VirtualNetwork | None:
        return self._table.virtual_networks[0]

    def candidates(self, target: Target, view: View) -> AddressCandidates:
        return self._reference.address_candidates(target, view)

    def elsewhere(self, target: Target, view: View) -> list[Elsewhere]:
        store, ip = self._table.store, _ip(target)
        return _in_order(
            Elsewhere(network, route.network, route)
            for network, tree in store.zero_trust_trees()
            if network != view.network.id
            for _, ids in tree.covering(ip.packed, ip.max_prefixlen)
            for route in store.held(ids)
            if isinstance(route, SubnetRoute)
        )

    def at_name(self, name: str) -> Iterable[HostnameRoute]:
        store = self._table.store
        return [route for route in store.held(store.names.exact(name)) if isinstance(route, HostnameRoute)]

    def near(self, target: Target, view: View) -> tuple[Near, ...]:
        """Goes from the address outwards, a bit at a time, until it has enough."""
        store, ip = self._table.store, _ip(target)
        trees: list[PrefixTree] = [store.zero_trust(view.network.id), store.wan]
        found: list[Near] = []
        for length in range(ip.max_prefixlen, 0, -1):
            other = target.number ^ 1 << (ip.max_prefixlen - length)
            packed = (other >> (ip.max_prefixlen - length) << (ip.max_prefixlen - length)).to_bytes(len(ip.packed))
            routes = (r for tree in trees for ids in tree.covered(packed, length) for r in store.held(ids))
            found += _nearest(ip, (r for r in routes if not isinstance(r, HostnameRoute)))
            if len(found) >= _MOST_NEAR:
                break
        return tuple(found[:_MOST_NEAR])


class Compiled:
    """What a resolver carries: of other virtual networks only the prefixes, and nothing that is merely near.

    Raises:
        RouteError: ``routes_not_saved`` for a resolver from a file.
    """

    def __init__(self, resolver: Any) -> None:
        self._resolver = resolver
        parts = resolver.parts()
        if isinstance(parts["everything"], Refusal):
            raise InvalidVantage(parts["everything"].message, hint=parts["everything"].hint)
        if not isinstance(parts["tables"], Tables):
            raise RouteError(
                "the file of the resolver does not say: the routes that cover an address",
                code="routes_not_saved",
                hint="ask a resolver that was compiled from the table",
            )
        self._tables: Tables = parts["tables"]
        self._hosts = parts["hosts"]
        self.view: View | None = parts["view"]
        tunnel = None if parts["everything"] is None else parts["everything"].egress
        self.stand = Standpoint(resolver.vantage, view=self.view, tunnel=tunnel, service=parts["service"])

    def reading(self) -> AbstractContextManager[object]:
        return nullcontext()

    def resolve(self, reader: str, address: Any, answers: Iterable[object] | None) -> Resolution:
        found: Resolution = getattr(self._resolver, reader)(address, answers=answers)
        return found

    def known(self, name: str) -> Iterable[object] | None:
        addresses: Iterable[object] | None = self._hosts.get(name)
        return addresses

    def network(self, network: str) -> VirtualNetwork | None:
        return None

    def default(self) -> VirtualNetwork | None:
        return None

    def candidates(self, target: Target, view: View) -> AddressCandidates:
        return self._tables.family(target.version).candidates(target.number)

    def elsewhere(self, target: Target, view: View) -> list[Elsewhere]:
        return _in_order(
            Elsewhere(network, ip_network((_ip(target), length), strict=False))
            for network, prefixes in self._tables.family(target.version).elsewhere.items()
            for length, _ in prefixes.covering(target.number)
        )

    def at_name(self, name: str) -> Iterable[HostnameRoute]:
        names: Hostnames = self._tables.names
        return names.at(name)

    def near(self, target: Target, view: View) -> tuple[Near, ...]:
        return ()


def _ip(target: Target) -> IPAddress:
    assert target.ip is not None  # noqa: S101  (only addresses come here)
    return target.ip


def _in_order(found: Iterable[Elsewhere]) -> list[Elsewhere]:
    return sorted(found, key=lambda e: (e.network, -e.prefix.prefixlen))


def _nearest(ip: IPAddress, routes: Iterable[Routed]) -> list[Near]:
    """The prefixes nearest to an address, with their routes."""
    at: dict[IPNetwork, list[Routed]] = {}
    for route in routes:
        at.setdefault(destination_of(route), []).append(route)
    number = int(ip)
    found = []
    for prefix, there in at.items():
        first, last = int(prefix.network_address), int(prefix.broadcast_address)
        common = ip.max_prefixlen - (first ^ number).bit_length()
        found.append(Near(prefix, tuple(there), common, max(first - number, number - last)))
    return heapq.nsmallest(_MOST_NEAR, found, key=lambda near: (near.distance, near.prefix.prefixlen))
