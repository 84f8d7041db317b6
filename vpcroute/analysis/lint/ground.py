"""The prefixes of a table, so laid out that what covers an address is found fast, and what beats what beside it.

Built-in ranges take their addresses from every route, and so do the IPv4-mapped addresses, which are never looked up
as IPv6; they stand apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, Generic, TypeVar, cast

import attrs

from vpcroute.announcements import BgpRoute, DeviceAddress, Routed, SubnetRoute, WanRoute, number_of
from vpcroute.edges import WIDTHS, Version
from vpcroute.egress import Connector
from vpcroute.fields import MAPPED, IPAddress
from vpcroute.indexes import Ids
from vpcroute.packed import octets_of
from vpcroute.precedence import HEALTH_PENALTY, WanLike, base_priority, scope_of
from vpcroute.ranges import SPECIAL, IPNetwork, Range
from vpcroute.store import Store

__all__ = [
    "PUBLIC",
    "Ground",
    "Layer",
    "Place",
    "Span",
    "ground_of",
    "ground_with",
    "is_public",
    "is_seen",
    "span_of_route",
]

T = TypeVar("T")

#: A region and a data centre; None is one that no scope names.
Place = tuple[str | None, str | None]
#: The first and the last address of a prefix, and its length.
Span = tuple[int, int, int]

# The priority of a WAN route before health, and whether it is of BGP: the lowest wins.
_Rank = tuple[int, bool]
# The best route of a prefix through each on-ramp, and the best of all through two different ones.
_Best = tuple[dict[Connector, tuple[_Rank, WanLike]], list[tuple[_Rank, WanLike]]]


class Layer(Generic[T]):
    """Prefixes of one family in order, each with what stands there.

    Args:
        entries: span and content of each, ordered by address and length.
    """

    def __init__(self, entries: Iterable[tuple[Span, T]]) -> None:
        self.spans: list[Span] = []
        self.contents: list[T] = []
        self._parents: list[int] = []
        self._firsts: list[int] = []
        self._by_span: dict[Span, T] = {}
        around: list[int] = []
        for place, (span, content) in enumerate(entries):
            while around and self.spans[around[-1]][1] < span[0]:
                around.pop()
            self._parents.append(around[-1] if around else -1)
            around.append(place)
            self.spans.append(span)
            self.contents.append(content)
            self._firsts.append(span[0])
            self._by_span[span] = content

    def covering(self, address: int, shortest: int) -> Iterator[tuple[Span, T]]:
        """What contains an address and has that length at least, the longest prefix first."""
        spans, parents = self.spans, self._parents
        place = bisect_right(self._firsts, address) - 1
        while place >= 0 and spans[place][1] < address:
            place = parents[place]
        while place >= 0 and spans[place][2] >= shortest:
            yield spans[place], self.contents[place]
            place = parents[place]

    def at(self, span: Span) -> T | None:
        """What stands at a prefix."""
        return self._by_span.get(span)


_NOTHING: Final[Layer[SubnetRoute]] = Layer(())


@attrs.define(eq=False)
class Ground:
    """What is announced in one address family.

    Attributes:
        taken: what no route gets: first address, last address and range, ascending and apart.
        devices: the addresses of devices and Mesh nodes.
        zero_trust: the subnet routes by virtual network.
        wan: the WAN routes.
    """

    taken: Sequence[tuple[int, int, Range | None]]
    devices: dict[int, DeviceAddress]
    zero_trust: dict[str, Layer[SubnetRoute]]
    wan: Layer[tuple[WanLike, ...]]
    _known: dict[tuple[Span, Place, bool], _Best] = attrs.field(factory=dict, init=False)

    def subnets(self, network: str) -> Layer[SubnetRoute]:
        """The subnet routes of a virtual network."""
        return self.zero_trust.get(network, _NOTHING)

    def taken_at(self, address: int) -> tuple[int, int, Range | None] | None:
        """What takes an address from every route."""
        place = bisect_right(self.taken, address, key=lambda entry: entry[0]) - 1
        return self.taken[place] if place >= 0 and self.taken[place][1] >= address else None

    def better(self, route: WanLike, place: Place, gone: Collection[int], *, with_bgp: bool) -> WanLike | None:
        """A route of the same prefix that beats a WAN route at a place whatever is healthy.

        A route does best while its own on-ramp is healthy and all others are down.

        Args:
            route: the route.
            place: the place.
            gone: the identities of routes that do not count.
            with_bgp: whether those of BGP count.
        """
        span = span_of_route(route)
        beside = self.wan.at(span) or ()
        if len(beside) < 2:
            return None
        if gone:
            by_onramp, best = _best(beside, place, gone, with_bgp)
        else:
            key = span, place, with_bgp
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = _best(beside, place, gone, with_bgp)
            by_onramp, best = found
        own = _rank(route)
        alike = by_onramp.get(route.via)
        if alike is not None and alike[0] < own:
            return alike[1]
        for (priority, is_bgp), other in best:
            if other.via != route.via and (priority + HEALTH_PENALTY["down"], is_bgp) < own:
                return other
        return None


def _rank(route: WanLike) -> _Rank:
    return base_priority(route), isinstance(route, BgpRoute)


def _best(beside: Iterable[WanLike], place: Place, gone: Collection[int], with_bgp: bool) -> _Best:
    by_onramp: dict[Connector, tuple[_Rank, WanLike]] = {}
    for route in beside:
        if is_seen(route, place) and (with_bgp or isinstance(route, WanRoute)) and id(route) not in gone:
            rank = _rank(route)
            held = by_onramp.get(route.via)
            if held is None or rank < held[0]:
                by_onramp[route.via] = rank, route
    return by_onramp, sorted(by_onramp.values(), key=lambda one: one[0])[:2]


def is_seen(route: WanLike, place: Place) -> bool:
    """Whether a WAN route is in the tables of a place."""
    if not isinstance(route, WanRoute) or not scope_of(route):
        return True
    return place[0] in route.regions or place[1] in route.colos


def span_of_route(route: Routed) -> Span:
    """The span of a route's prefix."""
    return _span(*octets_of(number_of(route)))


# From a table


def ground_of(store: Store, version: Version) -> Ground:
    """What a table has announced in a family."""
    devices = {}
    for packed, _, ids in store.own.of(version):
        for device in store.held(ids):
            devices[int.from_bytes(packed)] = cast(DeviceAddress, device)
    return Ground(
        _taken(store.ranges, version),
        devices,
        {network: Layer(_one_each(store, tree.of(version))) for network, tree in store.zero_trust_trees()},
        Layer(_all_of_each(store, store.wan.of(version))),
    )


_Entries = Iterable[tuple[bytes, int, Ids]]


def _one_each(store: Store, entries: _Entries) -> Iterator[tuple[Span, SubnetRoute]]:
    for packed, length, ids in entries:
        yield _span(packed, length), cast(SubnetRoute, store[ids[0]])


def _all_of_each(store: Store, entries: _Entries) -> Iterator[tuple[Span, tuple[WanLike, ...]]]:
    for packed, length, ids in entries:
        yield _span(packed, length), cast(tuple[WanLike, ...], store.held(ids))


def _span(packed: bytes, length: int) -> Span:
    first = int.from_bytes(packed)
    return first, first | (1 << 8 * len(packed)) - 1 >> length, length


def ground_with(ground: Ground, routes: Iterable[Routed]) -> Ground:
    """The same ranges with other routes of the family."""
    ordered = sorted(routes, key=number_of)
    subnets: dict[str, list[tuple[Span, SubnetRoute]]] = {}
    for route in ordered:
        if isinstance(route, SubnetRoute):
            subnets.setdefault(str(route.virtual_network), []).append((span_of_route(route), route))
    wan = [route for route in ordered if isinstance(route, (WanRoute, BgpRoute))]
    return Ground(
        ground.taken,
        {span_of_route(route)[0]: route for route in ordered if isinstance(route, DeviceAddress)},
        {network: Layer(entries) for network, entries in subnets.items()},
        Layer((_span(*octets_of(number)), tuple(some)) for number, some in groupby(wan, key=number_of)),
    )


def _taken(ranges: Iterable[Range], version: Version) -> list[tuple[int, int, Range | None]]:
    """The outermost of the ranges, in order."""
    networks: list[tuple[IPNetwork, Range | None]] = [(r.network, r) for r in ranges]
    found: list[tuple[int, int, Range | None]] = []
    for network, range_ in sorted(
        ((n, r) for n, r in [*networks, (MAPPED, None)] if n.version == version),
        key=lambda entry: (int(entry[0].network_address), entry[0].prefixlen),
    ):
        if not found or int(network.network_address) > found[-1][1]:
            found.append((int(network.network_address), int(network.broadcast_address), range_))
    return found


# Public addresses


def _public(version: Version) -> list[tuple[int, int]]:
    """The spans of the addresses that lead to the Internet where no route covers them, in order."""
    special = [r for r in SPECIAL if r.network.version == version]
    spans = [(int(r.network.network_address), int(r.network.broadcast_address), r) for r in special]
    behind = 1 << WIDTHS[version]
    edges = sorted({0, behind, *(s[0] for s in spans), *(s[1] + 1 for s in spans)})
    found: list[tuple[int, int]] = []
    for first, after in pairwise(edges):
        around = [r for start, end, r in spans if start <= first <= end]
        deciding = max(around, key=lambda r: r.network.prefixlen, default=None)
        if deciding is None or deciding.refusal is None:
            found.append((first, after - 1))
    return found


#: The public addresses of each family, as first and last address.
PUBLIC: Final = {version: _public(version) for version in WIDTHS}


def is_public(ip: IPAddress) -> bool:
    """Whether an address leads to the Internet where no route covers it."""
    return any(first <= int(ip) <= last for first, last in PUBLIC[4 if ip.version == 4 else 6])
