"""What each route of a prefix is worth from a vantage: how many of its addresses go by it, and what takes them.

The prefixes that a vantage can see are swept once, in order: the addresses that a prefix has for itself, outside of
all prefixes inside it, are decided together, and counted for the routes that win them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, SubnetRoute
from vpcroute.edges import WIDTHS, Version
from vpcroute.fields import MAPPED
from vpcroute.indexes import Ids
from vpcroute.outcomes import Decision, decide_address, stopped_inside
from vpcroute.precedence import AddressCandidates, Level, View, WanLike, effective_priority, readings
from vpcroute.ranges import Range
from vpcroute.store import Store

__all__ = ["MARKS", "Branch", "Chosen", "Mark", "Taker", "seen_prefixes", "unseen_prefixes"]

Mark = Literal["wins", "partly", "shares", "open", "refuses", "shadowed", "unseen"]

#: What a route is worth from a vantage.
MARKS: Final[Mapping[Mark, str]] = {
    "wins": "all its addresses or names go by it",
    "partly": "some of them do; others are taken from it",
    "shares": "some or all of its addresses go by it and equal routes (ECMP)",
    "open": "none is sure to go by it, but some may: it depends on what is not known, or not promised",
    "refuses": "it is not in force, and some are refused for it",
    "shadowed": "none goes by it: other routes or reserved ranges take them all",
    "unseen": "it is of another virtual network, or of another region or data centre",
}

_MAPPED: Final = int(MAPPED.network_address)
_MOST_NAMED: Final = 3  # of what takes the addresses of a shadowed route

#: Whether an announcement is shown.
Chosen = Callable[[Announcement], bool]
Taker = Announcement | Range
_Entry = tuple[bytes, int, str, Ids]


@attrs.frozen
class Branch:
    """A route in its place.

    Attributes:
        route: the announcement.
        depth: how many prefixes, or names that it ends in, stand around it, of those that are shown.
        mark: what it is worth.
        guaranteed: whether that is sure of all that goes by it.
        size: how many addresses it covers, without IPv4-mapped ones; 0 for a hostname route.
        won: how many of them go by it, or are refused for it.
        by: what takes those of a shadowed route; some of it, if `more`.
        more: whether `by` goes on.
    """

    route: Announcement
    depth: int
    mark: Mark
    guaranteed: bool = True
    size: int = 0
    won: int = 0
    by: tuple[Taker, ...] = ()
    more: bool = False


@attrs.define(eq=False)
class _Tally:
    """What is found out about a route; what it is in the end is a :class:`Branch`."""

    route: Announcement
    depth: int
    size: int
    hidden: bool  # it is not seen from here
    won: int = 0
    shared: bool = False
    refused: bool = False
    open: bool = False
    sure: bool = True
    by: tuple[Taker, ...] = ()
    more: bool = False

    def branch(self) -> Branch:
        """The branch, without what takes its addresses where some are its own."""
        mark = self._mark()
        by, more = (self.by, self.more) if mark == "shadowed" else ((), False)
        return Branch(self.route, self.depth, mark, self.sure, self.size, self.won, by, more)

    def _mark(self) -> Mark:
        if self.hidden:
            return "unseen"
        if not self.won:
            return "open" if self.open else "shadowed"
        if self.refused or self.shared:
            return "refuses" if self.refused else "shares"
        return "wins" if self.won == self.size else "partly"


@attrs.define(eq=False)
class _Node:
    """A prefix that is being swept, with what covers its addresses."""

    last: int
    size: int
    depth: int
    candidates: AddressCandidates
    routes: Sequence[Announcement]
    tallies: Sequence[_Tally]
    counted: bool = True  # whether its own addresses are asked for as what they are
    inside: int = 0  # how many of its addresses are in prefixes inside it
    takers: dict[int, Taker] = attrs.field(factory=dict)  # by identity: their hash takes longer
    more: bool = False

    def taken(self, takers: Iterable[Taker], more: bool) -> None:
        """Notes what takes addresses."""
        known = self.takers
        for taker in takers:
            if len(known) < _MOST_NAMED:
                known[id(taker)] = taker
            elif id(taker) not in known:
                more = True
                break
        self.more |= more

    def left_to(self, takers: Iterable[Taker]) -> None:
        """Notes what takes the addresses outside of all prefixes inside: it is named first."""
        before, self.takers = self.takers, {}
        self.taken(takers, self.more)
        self.taken(before.values(), self.more)


def seen_prefixes(store: Store, view: View, version: Version, chosen: Chosen) -> tuple[Branch, ...]:
    """The routes of a family that a vantage can see, all that lies between the prefixes decided once."""
    sweep = _Sweep(store, view, version, chosen)
    for (packed, length), entries in groupby(_entries(store, view, version), itemgetter(0, 1)):
        sweep.enter(int.from_bytes(packed), length, {what: ids for _, _, what, ids in entries})
    return sweep.end()


def _entries(store: Store, view: View, version: Version) -> Iterator[_Entry]:
    """The prefixes in order, with what there is at each."""
    trees = {"own": store.own, "zero_trust": store.zero_trust(view.network.id), "wan": store.wan}
    found: list[Iterable[_Entry]] = [_named(what, tree.of(version)) for what, tree in trees.items()]
    if version == 6:
        found.append([(MAPPED.network_address.packed, MAPPED.prefixlen, "mapped", ())])
    return merge(*found)


def _named(what: str, entries: Iterable[tuple[bytes, int, Ids]]) -> Iterator[_Entry]:
    return ((packed, length, what, ids) for packed, length, ids in entries)


class _Sweep:
    """The prefixes of a family, in order, each with those around it on a stack."""

    def __init__(self, store: Store, view: View, version: Version, chosen: Chosen) -> None:
        self._store = store
        self._view = view
        self._bits = WIDTHS[version]
        self._chosen = chosen
        self._found: list[_Tally] = []
        self._active: dict[int, _Tally] = {}  # of the routes on the stack, by identity
        everything = 1 << self._bits
        self._stack = [_Node(everything - 1, everything, 0, AddressCandidates(), (), ())]

    def enter(self, first: int, length: int, there: Mapping[str, Ids]) -> None:
        """Goes on to a prefix; those that it is not inside have ended."""
        while self._stack[-1].last < first:
            self._leave()
        outer = self._stack[-1]
        size = 1 << self._bits - length
        candidates = self._candidates(outer.candidates, length, there)
        routes = self._routes(candidates, there)
        depth = outer.depth + bool(outer.tallies)
        asked = size - _mapped_in(first, length) if self._bits == WIDTHS[6] else size
        tallies = [_Tally(route, depth, asked, self._is_hidden(route)) for route in routes if self._chosen(route)]
        self._found += tallies
        self._active.update((id(tally.route), tally) for tally in tallies)
        counted = outer.counted and "mapped" not in there
        self._stack.append(_Node(first + size - 1, size, depth, candidates, routes, tallies, counted))

    def end(self) -> tuple[Branch, ...]:
        """What was found, when there is no prefix more."""
        while self._stack:
            self._leave()
        return tuple(tally.branch() for tally in self._found)

    def _candidates(self, outer: AddressCandidates, length: int, there: Mapping[str, Ids]) -> AddressCandidates:
        own, store = there.get("own", ()), self._store
        zero_trust = store[there["zero_trust"][0]] if "zero_trust" in there else None
        wan: Any = store.held(there.get("wan", ()))
        reserved = store.range_of(own)
        levels = outer.levels
        if zero_trust is not None or wan:
            assert zero_trust is None or isinstance(zero_trust, SubnetRoute)  # noqa: S101  (what that tree holds)
            levels = (Level(length, zero_trust, wan), *levels)
        return AddressCandidates(
            next((route for route in store.held(own) if isinstance(route, DeviceAddress)), None),
            reserved or outer.reserved,
            outer.reserved_length if reserved is None else length,
            levels,
        )

    def _routes(self, c: AddressCandidates, there: Mapping[str, Ids]) -> Sequence[Announcement]:
        """What is announced for a prefix itself, in the order of what it is worth by itself."""
        routes: list[Announcement] = [] if c.owner is None else [c.owner]
        if "zero_trust" in there or "wan" in there:
            zero_trust, wan = c.levels[0].zero_trust, c.levels[0].wan
            routes += [
                *([] if zero_trust is None else [zero_trust]),
                *(sorted(wan, key=self._rank) if len(wan) > 1 else wan),
            ]
        return routes

    def _rank(self, route: WanLike) -> tuple[Any, ...]:
        priority = effective_priority(route, self._view.state(route.via))
        return priority, type(route).__name__ == "BgpRoute", route.via.name, repr(route)

    def _is_hidden(self, route: Announcement) -> bool:
        if isinstance(route, (SubnetRoute, DeviceAddress, HostnameRoute)):
            return False
        return not self._view.sees(route) and not self._view.might_see(route)

    def _leave(self) -> None:
        """Ends a prefix: its own addresses are decided, and what is in it is told to the one around it."""
        node = self._stack.pop()
        own = node.size - node.inside
        if own and node.counted:
            node.left_to(self._decide(node.candidates, own))
        for tally in node.tallies:
            del self._active[id(tally.route)]
            tally.by, tally.more = tuple(node.takers.values()), node.more
        if self._stack:
            outer = self._stack[-1]
            outer.inside += node.size
            outer.taken(node.takers.values(), node.more)

    def _decide(self, c: AddressCandidates, count: int) -> Collection[Taker]:
        """Counts addresses for the routes that win them; what takes them."""
        view = self._view
        others: Iterable[Sequence[Announcement]] = ()
        winners: Sequence[Announcement]
        refused, sure = False, True
        if c.owner is not None:
            winners = (c.owner,)
        elif c.reserved is not None:
            stopped = stopped_inside(c)
            if stopped is None:
                return (c.reserved,)
            winners, refused = (stopped,), True
        else:
            (winners, _), *rest = readings(c, view)
            refused = not all(route.in_force for route in winners)
            others = [others for others, _ in rest]
            if rest and winners and not refused:
                outcome = decide_address(c, view)
                sure = isinstance(outcome, Decision) and outcome.guaranteed
        for route in winners:
            tally = self._active.get(id(route))
            if tally is not None:
                tally.won += count
                tally.refused |= refused
                tally.shared |= len(winners) > 1
                tally.sure &= sure
        for other in (route for reading in others for route in reading):
            tally = self._active.get(id(other))
            if tally is not None:
                tally.open = True
        return winners


def _mapped_in(first: int, length: int) -> int:
    """How many IPv4-mapped addresses an IPv6 prefix contains: to whoever asks, they are IPv4 addresses."""
    inside = length <= MAPPED.prefixlen and first >> WIDTHS[6] - length == _MAPPED >> WIDTHS[6] - length
    return MAPPED.num_addresses if inside else 0


def unseen_prefixes(store: Store, network: str, chosen: Chosen) -> Iterator[Branch]:
    """The subnet routes of a virtual network that is not looked in."""
    for version, bits in WIDTHS.items():
        lasts: list[int] = []
        for packed, length, ids in store.zero_trust(network).of(version):
            first, size, route = int.from_bytes(packed), 1 << bits - length, store[ids[0]]
            asked = size - _mapped_in(first, length) if version == 6 else size
            if chosen(route):
                while lasts and lasts[-1] < first:
                    lasts.pop()
                yield Branch(route, len(lasts), "unseen", size=asked)
                lasts.append(first + size - 1)
