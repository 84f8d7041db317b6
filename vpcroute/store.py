"""The announcements of a table under all their indexes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pyroaring import BitMap

from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    Routed,
    SubnetRoute,
    WanRoute,
    number_of,
)
from vpcroute.changes import ChangeLog
from vpcroute.egress import Connector, Health
from vpcroute.indexes import IdSets, PrefixTree, SuffixIndex
from vpcroute.packed import network_of, octets_of, packed
from vpcroute.ranges import IPNetwork, Range

__all__ = ["KINDS", "Store"]

#: What each kind of announcement is called in counts and selections.
KINDS: Final[Mapping[type, str]] = {
    SubnetRoute: "subnet",
    HostnameRoute: "hostname",
    DeviceAddress: "address",
    WanRoute: "wan_static",
    BgpRoute: "wan_bgp",
}

# A hostname route's claims: on its own name, and on the names one label below it.
_CLAIMS: Final[Mapping[str, frozenset[str]]] = {
    "exact": frozenset({"own"}),
    "stored": frozenset({"own"}),
    "one_label": frozenset({"below"}),
    "both": frozenset({"own", "below"}),
    "glob": frozenset(),
}


class Store:
    """Announcements by dense id, and their ids by prefix, by name, and in sets.

    Attributes:
        wan: the WAN routes by prefix.
        own: addresses of devices and Mesh nodes by prefix, and, as ``~index``, the built-in ranges.
        names: the hostname routes by name; a glob under the labels right of its last wildcard.
        ranges: the built-in ranges.
        log: what changed, for the compiler.
        compiled: what the compiler made last for each virtual network.
    """

    def __init__(self) -> None:
        self._announcements: list[Announcement | None] = []  # None where an id is free
        self._free = BitMap()
        self._zero_trust: dict[str, PrefixTree] = {}
        self.wan: Final = PrefixTree()
        self.own: Final = PrefixTree()
        self.names: Final = SuffixIndex()
        self.ranges: tuple[Range, ...] = ()
        self.log: Final = ChangeLog()
        self.compiled: dict[str, Any] = {}
        self._sets = IdSets()

    def __len__(self) -> int:
        return len(self._announcements) - len(self._free)

    def __iter__(self) -> Iterator[int]:
        return iter(self.all_ids())

    def __getitem__(self, id_: int) -> Announcement:
        route = self._announcements[id_]
        assert route is not None  # noqa: S101  (no index knows a free id)
        return route

    def next_id(self) -> int:
        """An id that is free; the smallest."""
        return self._free.min() if self._free else len(self._announcements)

    def enter(self, id_: int, route: Announcement) -> None:
        """Adds an announcement under a free id."""
        self.log.add(route, True)
        if id_ == len(self._announcements):
            self._announcements.append(route)
        else:
            self._free.remove(id_)
            self._announcements[id_] = route
        for facet, value in _facets(route):
            self._sets.add(facet, value, id_)
        if isinstance(route, HostnameRoute):
            self.names.add(name_key(route), id_)
        else:
            self._tree_of(route).add(*octets_of(number_of(route)), id_)

    def leave(self, id_: int) -> Announcement:
        """Takes an announcement out and frees its id."""
        route, self._announcements[id_] = self[id_], None
        self.log.add(route, False)
        self._free.add(id_)
        for facet, value in _facets(route):
            self._sets.discard(facet, value, id_)
        if isinstance(route, HostnameRoute):
            self.names.remove(name_key(route), id_)
        else:
            self._tree_of(route).remove(*octets_of(number_of(route)), id_)
        return route

    def rivals(self, route: Announcement) -> list[int]:
        """The ids of announcements that claim the same destination for themselves alone, in its virtual network."""
        if isinstance(route, HostnameRoute):
            at_name = self.names.exact(name_key(route))
            return [id_ for id_ in at_name if _claims_overlap(route, self[id_])]
        at_prefix = self._tree_of(route).exact(*octets_of(number_of(route)))
        if isinstance(route, (SubnetRoute, DeviceAddress)):
            return [id_ for id_ in at_prefix if id_ >= 0]
        return [id_ for id_ in at_prefix if self._announcements[id_] == route]

    def beside(self, route: HostnameRoute | WanRoute | BgpRoute) -> Sequence[int]:
        """The ids of the WAN routes of the same prefix, or of the patterns below the same name if it is one."""
        if not isinstance(route, HostnameRoute):
            return self.wan.exact(*octets_of(number_of(route)))
        return self.names.exact(name_key(route)) if route.match == "glob" else ()

    def find(self, route: Announcement) -> int | None:
        """The id of the announcement that says the same: same destination, same connector; for WAN, all the same."""
        for id_ in self.rivals(route):
            if same_claim(self[id_], route):
                return id_
        return None

    def set_ranges(self, ranges: tuple[Range, ...]) -> None:
        """Puts other built-in ranges in the place of those that are there."""
        self.log.clear()
        for index, old in enumerate(self.ranges):
            self.own.remove(*octets_of(packed(old.network)), ~index)
        self.ranges = ranges
        for index, new in enumerate(ranges):
            self.own.add(*octets_of(packed(new.network)), ~index)

    def zero_trust(self, network_id: str) -> PrefixTree:
        """The subnet routes of one virtual network by prefix."""
        tree = self._zero_trust.get(network_id)
        if tree is None:
            tree = self._zero_trust[network_id] = PrefixTree()
        return tree

    def zero_trust_trees(self) -> list[tuple[str, PrefixTree]]:
        """The id and the tree of each virtual network that has one."""
        return [(network, self._zero_trust[network]) for network in self.networks()]

    def networks(self) -> list[str]:
        """The ids of the virtual networks that have a tree."""
        return sorted(self._zero_trust)

    def routes(self, ids: Iterable[int]) -> Iterator[Announcement | None]:
        """The announcements with these ids, which all are taken; for many at once."""
        return map(self._announcements.__getitem__, ids)

    def held(self, ids: Iterable[int]) -> tuple[Announcement, ...]:
        """The announcements with these ids; ids of built-in ranges are passed over."""
        return tuple(self[id_] for id_ in ids if id_ >= 0)

    def ranges_around(self, route: Announcement) -> list[Range]:
        """The built-in ranges that contain the destination of an announcement, the longest first; none for a name."""
        if isinstance(route, HostnameRoute):
            return []
        around = self.own.covering(*octets_of(number_of(route)))
        return [r for r in (self.range_of(ids) for _, ids in around) if r is not None]

    def range_of(self, ids: Iterable[int]) -> Range | None:
        """The built-in range among these ids of the tree of own addresses."""
        indexes = [~id_ for id_ in ids if id_ < 0]
        return self.ranges[max(indexes)] if indexes else None

    def exact(self, network: IPNetwork) -> tuple[Announcement, ...]:
        """The announcements of exactly this prefix."""
        prefix = octets_of(packed(network))
        return self.held(id_ for tree in self._trees() for id_ in tree.exact(*prefix))

    def covering(self, network: IPNetwork) -> tuple[Announcement, ...]:
        """The announcements whose prefix contains this one, the longest first."""
        prefix = octets_of(packed(network))
        found = [entry for tree in self._trees() for entry in tree.covering(*prefix)]
        return self.held(id_ for _, ids in sorted(found, key=lambda e: -e[0]) for id_ in ids)

    def covered(self, network: IPNetwork) -> tuple[Announcement, ...]:
        """The announcements inside this prefix, in the order of their prefixes."""
        prefix = octets_of(packed(network))
        held = self.held(id_ for tree in self._trees() for ids in tree.covered(*prefix) for id_ in ids)
        return tuple(sorted((route for route in held if not isinstance(route, HostnameRoute)), key=number_of))

    def ids(self, facet: str, value: Hashable) -> BitMap:
        """The ids that have a value of a facet: kind, via, virtual_network, region."""
        return self._sets.get(facet, value)

    def ids_by_state(self, state: Health, health: Mapping[Connector, Mapping[str | None, Health]]) -> BitMap:
        """The ids whose connector is in a state, without regard to place."""
        ids = self.all_ids() if state == "healthy" else BitMap()
        for connector, places in health.items():
            of_connector = self.ids("via", connector)
            if places.get(None, "healthy") == state:
                ids |= of_connector
            else:
                ids -= of_connector
        return ids

    def all_ids(self) -> BitMap:
        """Every id."""
        return BitMap(range(len(self._announcements))) - self._free

    def _trees(self) -> list[PrefixTree]:
        return [self.own, *(self._zero_trust[n] for n in self.networks()), self.wan]

    def _tree_of(self, route: Routed) -> PrefixTree:
        if isinstance(route, SubnetRoute):
            return self.zero_trust(str(route.virtual_network))
        return self.own if isinstance(route, DeviceAddress) else self.wan


def same_claim(held: Announcement, route: Announcement) -> bool:
    """Whether two rivals say the same thing."""
    if isinstance(held, HostnameRoute) and isinstance(route, HostnameRoute):
        return (held.via, held.match, held.hostname) == (route.via, route.match, route.hostname)
    if isinstance(held, (SubnetRoute, DeviceAddress)):
        return held.via == route.via
    return held == route


def destination_of(route: Routed) -> IPNetwork:
    """The prefix that an announcement is found under."""
    return network_of(number_of(route))


def name_key(route: HostnameRoute) -> str:
    """The name that a hostname route is found under."""
    return route.hostname.rpartition("*")[2].partition(".")[2] if route.match == "glob" else route.hostname


def _claims_overlap(a: HostnameRoute, b: Announcement) -> bool:
    if not isinstance(b, HostnameRoute):
        return False
    if "glob" in (a.match, b.match):
        return (a.hostname, a.match) == (b.hostname, b.match)
    return bool(_CLAIMS[a.match] & _CLAIMS[b.match])


def _facets(route: Announcement) -> Iterator[tuple[str, Hashable]]:
    yield "kind", KINDS[type(route)]
    yield "via", route.via
    if isinstance(route, SubnetRoute):
        yield "virtual_network", route.virtual_network
    if isinstance(route, WanRoute):
        for region in route.regions:
            yield "region", region
