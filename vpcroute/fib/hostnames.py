"""The hostname routes of a table: which of them takes a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.egress import Egress
from vpcroute.fib.names import ASK, NONE, build
from vpcroute.precedence import NameCandidates
from vpcroute.store import name_key

__all__ = ["NUMBER_BITS", "Hostnames", "RouteNumbers", "hostnames", "matches_glob"]

#: A route's number without so many of its last bits says which connector it leads to.
NUMBER_BITS: Final = 6
_TOGETHER: Final = 1 << NUMBER_BITS


class RouteNumbers:
    """Numbers for hostname routes. Those of one connector are given out 64 at a time.

    So the list of connectors is short enough to stay in the processor's cache. Both lists only grow.

    Attributes:
        routes: the routes by number; None for a number that is not given out yet.
        vias: the connectors by number without its last bits; None for routes that are not in force.
    """

    def __init__(self) -> None:
        self.routes: list[HostnameRoute | None] = []
        self.vias: list[Egress | None] = []
        self._next: list[int] = []
        self._places: dict[Egress | None, int] = {}

    def place(self, via: Egress | None) -> int:
        """Where the routes of a connector are counted; None for those that are not in force."""
        place = self._places.setdefault(via, len(self._next))
        if place == len(self._next):
            self._next.append(0)
        return place

    def add(self, route: HostnameRoute, place: int) -> int:
        """The number of another route."""
        number = self._next[place]
        if number % _TOGETHER == 0:
            number = len(self.routes)
            self.routes += [None] * _TOGETHER
            self.vias.append(route.via if route.in_force else None)
        self.routes[number] = route
        self._next[place] = number + 1
        return number


@attrs.define(eq=False)
class Hostnames:
    """The hostname routes by name.

    Attributes:
        index: the numbers of the routes by name; a :class:`vpcroute.fib.names.NameIndex`.
        numbers: the routes and their connectors by number.
        stored: the stored records that may be wildcards, by their name.
        globs: the routes with forms that Cloudflare refuses, by the labels right of their last wildcard.
    """

    index: Any
    numbers: RouteNumbers
    stored: Mapping[str, HostnameRoute]
    globs: Mapping[str, tuple[HostnameRoute, ...]]
    _asking: tuple[frozenset[str], Any] = attrs.field(init=False, default=(frozenset(), None))

    def find(self, name: str) -> HostnameRoute | None:
        """The route that is sure to match, or None."""
        number = self.index.get(name)[0]
        if number < 0 and self.globs and (route := self._glob(name)) is not None:
            return route
        if number < 0:
            number = self.index.get(name.partition(".")[2])[1]
        return None if number < 0 else self.numbers.routes[number]

    def candidates(self, name: str) -> NameCandidates:
        """The route that is sure to match, as the only candidate, or the stored record that may."""
        route = self.find(name)
        stored = None if route is not None else self.stored.get(name.partition(".")[2])
        return NameCandidates(exact=route, stored=stored)

    def index_asking(self, names: Iterable[str]) -> Any:
        """The index that says ASK for some names, where no route is sure to match them."""
        asked = frozenset(names)
        if not asked:
            return self.index
        known, index = self._asking  # vantages of one table have the same names
        if known != asked:
            pairs = {name: self.index.get(name) for name in asked}
            index = self.index.changed({name: (ASK, below) for name, (own, below) in pairs.items() if own == NONE})
            self._asking = asked, index
        return index

    def _glob(self, name: str) -> HostnameRoute | None:
        """The first of the patterns that match, in the order of their text."""
        found = []
        suffix = name
        while suffix:
            suffix = suffix.partition(".")[2]
            found += [route for route in self.globs.get(suffix, ()) if matches_glob(route.hostname, name)]
        return min(found, key=lambda route: route.hostname, default=None)


def hostnames(routes: Iterable[HostnameRoute]) -> Hostnames:
    """Hostname routes by name; no two of them for one destination."""
    numbers = RouteNumbers()
    places: dict[tuple[int, bool], int] = {}  # by identity: hashing connectors would take longer than all the rest
    names: dict[str, tuple[int, int]] = {}
    stored: dict[str, HostnameRoute] = {}
    globs: dict[str, tuple[HostnameRoute, ...]] = {}
    for route in routes:
        if route.match == "glob":
            globs[name_key(route)] = (*globs.get(name_key(route), ()), route)
            continue
        alike = id(route.via), route.in_force
        place = places.get(alike)
        if place is None:
            place = places[alike] = numbers.place(route.via if route.in_force else None)
        number = numbers.add(route, place)
        own, below = names.get(route.hostname, (NONE, NONE))
        names[route.hostname] = (
            own if route.match == "one_label" else number,
            number if route.match in ("one_label", "both") else below,
        )
        if route.match == "stored":
            stored[route.hostname] = route
    return Hostnames(build((name, *pair) for name, pair in names.items()), numbers, stored, globs)


def matches_glob(pattern: str, name: str) -> bool:
    """Whether a name has a pattern's number of labels, and each matches; ``*`` stands for any part of one label."""
    parts, labels = pattern.split("."), name.split(".")
    return len(parts) == len(labels) and all(map(fnmatchcase, labels, parts))
