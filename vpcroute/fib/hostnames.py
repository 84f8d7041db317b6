"""The hostname routes of a table: which of them takes a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.egress import Egress
from vpcroute.fib.names import ASK, NONE, build
from vpcroute.precedence import NameCandidates
from vpcroute.store import name_key

__all__ = ["NUMBER_BITS", "Hostnames", "RouteNumbers", "Stored", "hostnames", "match_name", "matches_glob"]

#: A route's number without so many of its last bits says which connector it leads to.
NUMBER_BITS: Final = 6
_TOGETHER: Final = 1 << NUMBER_BITS

#: The numbers of a name's own route, and of the route for the names one label below.
Pair = tuple[int, int]
_NO_ROUTES: Final[Pair] = (NONE, NONE)


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


class Stored(Mapping[str, HostnameRoute]):
    """The stored records that may be wildcards, by their name."""

    def __init__(self, index: Any, numbers: RouteNumbers) -> None:
        self._index = index
        self._numbers = numbers

    def __getitem__(self, name: str) -> HostnameRoute:
        number: int = self._index.get(name)[0]
        route = self._numbers.routes[number] if number >= 0 else None
        if route is None or route.match != "stored":
            raise KeyError(name)
        return route

    def __iter__(self) -> Iterator[str]:
        return (name for name, _, _ in self._index.items() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


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

    def at(self, name: str) -> list[HostnameRoute]:
        """The routes that are found under a name: its own, that for the names one label below, and patterns."""
        numbers = dict.fromkeys(number for number in self.index.get(name) if number >= 0) if name else {}
        routes = [self.numbers.routes[number] for number in numbers]
        return [*(route for route in routes if route is not None), *self.globs.get(name, ())]

    def changed(self, routes: Mapping[str, Sequence[HostnameRoute]]) -> Hostnames:
        """The hostname routes with others under some names: for each name all that :func:`name_key` finds there."""
        pairs = {}
        globs = self.globs
        for key, there in routes.items():
            before = self.index.get(key)
            known = {id(self.numbers.routes[number]): number for number in before if number >= 0}
            after = _NO_ROUTES
            for route in there:
                if route.match != "glob":
                    number = known.get(id(route))
                    if number is None:
                        number = self.numbers.add(route, self.numbers.place(route.via if route.in_force else None))
                    after = _pair_with(after, route, number)
            if after != before:
                pairs[key] = after
            patterns = tuple(route for route in there if route.match == "glob")
            if patterns != globs.get(key, ()):
                globs = {name: some for name, some in {**globs, key: patterns}.items() if some}
        index = self.index.changed(pairs)
        changed = Hostnames(index, self.numbers, Stored(index, self.numbers), globs)
        asked, asking = self._asking
        for name in asked & pairs.keys():
            own, below = pairs[name]
            pairs[name] = ASK if own == NONE else own, below
        changed._asking = asked, asked and asking.changed(pairs)
        return changed

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
    names: dict[str, Pair] = {}
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
        names[route.hostname] = _pair_with(names.get(route.hostname, _NO_ROUTES), route, number)
    index = build((name, *pair) for name, pair in names.items())
    return Hostnames(index, numbers, Stored(index, numbers), globs)


def _pair_with(pair: Pair, route: HostnameRoute, number: int) -> Pair:
    """The numbers of a name with that of another of its routes."""
    own, below = pair
    return (
        own if route.match == "one_label" else number,
        number if route.match in ("one_label", "both") else below,
    )


def match_name(name: str, found: Iterable[tuple[int, HostnameRoute]]) -> NameCandidates:
    """Which of the routes that were found under a name and those above it match the name.

    Args:
        name: the name.
        found: each route with the number of labels of what it was found under.
    """
    labels = name.count(".") + 1
    exact = one_label = stored = None
    glob: HostnameRoute | None = None
    for depth, route in found:
        if route.match == "glob":
            if matches_glob(route.hostname, name) and (glob is None or route.hostname < glob.hostname):
                glob = route
        elif depth == labels and route.match != "one_label":
            exact = route
        elif depth == labels - 1 and route.match in ("one_label", "both"):
            one_label = route
        elif depth == labels - 1 and route.match == "stored":
            stored = route
    return NameCandidates(exact, glob, one_label, stored)


def matches_glob(pattern: str, name: str) -> bool:
    """Whether a name has a pattern's number of labels, and each matches; ``*`` stands for any part of one label."""
    parts, labels = pattern.split("."), name.split(".")
    return len(parts) == len(labels) and all(map(fnmatchcase, labels, parts))
