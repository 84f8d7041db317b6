"""Every prefix that a resolver knows of, nested, with what stands there and where its addresses go.

All addresses that one prefix is the longest around are covered by the same prefixes, so they have one answer and one
explanation. What they go to is read from the compiled ranges; what covers them, from what the resolver carries beside.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

import attrs

from vpcroute.analysis.address_diff import spans, without_mapped
from vpcroute.analysis.sources import Elsewhere
from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.edges import WIDTHS, Version
from vpcroute.errors import RouteError
from vpcroute.fib.compare import changed_ranges
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.sweep import Ranges
from vpcroute.fib.tables import Family, Tables
from vpcroute.fib.trie import build
from vpcroute.ranges import SPECIAL, Range

__all__ = ["Cover", "Item", "Known", "known_of"]

#: What stands at a prefix and has a say, or would have one in another virtual network.
Item = DeviceAddress | Range | SubnetRoute | WanRoute | BgpRoute | Elsewhere

_Here = tuple[int, int, int, Any]  # address, length, which of the sources, what stands there
_SPECIAL: Final[Mapping[Version, list[tuple[int, int, Range]]]] = {
    version: sorted(
        ((int(r.network.network_address), r.network.prefixlen, r) for r in SPECIAL if r.network.version == version),
        key=lambda entry: entry[:2],
    )
    for version in WIDTHS
}


@attrs.frozen(eq=False)
class Cover:
    """The prefixes of one family, ascending, of those at one address the shortest first; and the ranges they make.

    Attributes:
        version: 4 or 6.
        firsts, lengths: the prefixes. The first one is the whole family.
        parents: the place of the longest prefix around each; -1 for the first.
        items: what stands at each, in the order in which it is asked.
        specials: the special-purpose range that a prefix is, by its place.
        starts, inner: where a range begins that one prefix is the longest around, and the place of that prefix.
        answers: the answer of the addresses that a prefix is the longest around; -1 where there are none.
    """

    version: Version
    firsts: list[int]
    lengths: list[int]
    parents: list[int]
    items: list[tuple[Item, ...]]
    specials: dict[int, Range]
    starts: list[int]
    inner: list[int]
    answers: list[int]

    def at(self, number: int) -> int:
        """The place of the longest prefix around an address."""
        return self.inner[bisect_right(self.starts, number) - 1]

    def around(self, place: int) -> Iterator[int]:
        """The places of a prefix and of those around it, the longest first."""
        while place >= 0:
            yield place
            place = self.parents[place]

    def chain(self, place: int) -> Iterator[Item]:
        """All that stands at a prefix and at those around it, the longest first."""
        for each in self.around(place):
            yield from self.items[each]

    def ranges(self) -> Iterator[tuple[int, int, int]]:
        """First address, last address and the place of the longest prefix, without the IPv4-mapped addresses."""
        lasts = [start - 1 for start in self.starts[1:]]
        for first, last, place in zip(self.starts, [*lasts, (1 << WIDTHS[self.version]) - 1], self.inner, strict=True):
            for start, end in without_mapped(self.version, first, last):
                yield start, end, place


@attrs.frozen(eq=False)
class Known:
    """What a resolver knows, for a picture of all of it.

    Attributes:
        covers: the prefixes of both families.
        answers: what ``Cover.answers`` are: the number of the outcome, as :class:`vpcroute.fib.decided.Decided` counts
            them, and whether it is sure.
        names: the hostname routes, by what they are for.
    """

    covers: Mapping[Version, Cover]
    answers: list[tuple[int, bool]]
    names: tuple[HostnameRoute, ...]


def known_of(resolver: Resolver) -> Known:
    """What a resolver knows.

    Raises:
        RouteError: ``routes_not_saved`` for a resolver from a file.
    """
    parts = resolver.parts()  # type: ignore[no-untyped-call]
    tables, decided = parts["tables"], parts["decided"]
    if not isinstance(tables, Tables):
        raise RouteError(
            "the file of the resolver does not say: the routes behind its answers",
            code="routes_not_saved",
            hint="ask a resolver that was compiled from the table",
        )
    meanings: dict[tuple[int, bool], int] = {}
    pairs = zip(decided.numbers, map(bool, decided.guaranteed), strict=True)
    classes = array("I", (meanings.setdefault(pair, len(meanings)) for pair in pairs))
    bound = parts["everything"] is not None
    covers = {version: _cover(tables.family(version), classes, bound=bound) for version in WIDTHS}
    return Known(covers, list(meanings), _names(tables))


def _names(tables: Tables) -> tuple[HostnameRoute, ...]:
    names = tables.names
    numbers = {n for _, own, below in names.index.items() for n in (own, below) if n >= 0}
    routes = [route for route in (names.numbers.routes[n] for n in numbers) if route is not None]
    routes += [route for some in names.globs.values() for route in some]
    return tuple(sorted(routes, key=lambda route: (route.hostname, route.match)))


def _cover(family: Family, classes: array[int], *, bound: bool) -> Cover:
    version: Version = 4 if family.version == 4 else 6
    cover = Cover(version, [0], [0], [-1], [()], {}, [0], [0], [])
    for first, length, source, there in heapq.merge(*_sources(family, bound=bound), key=lambda entry: entry[:3]):
        if first != cover.firsts[-1] or length != cover.lengths[-1]:
            cover.firsts.append(first)
            cover.lengths.append(length)
            cover.items.append(())
        if source < 0:
            cover.specials[len(cover.firsts) - 1] = there
        else:
            cover.items[-1] += there
    _nest(cover)
    _answer(cover, family.trie, classes)
    return cover


def _sources(family: Family, *, bound: bool) -> Iterator[Iterable[_Here]]:
    """What stands where, from each of the sources in the order in which they are asked."""
    if bound:  # one tunnel takes all there is
        return
    version: Version = 4 if family.version == 4 else 6
    yield ((first, length, -1, special) for first, length, special in _SPECIAL[version])
    yield (
        (first, length, 0, tuple(one for one in pair if one is not None)) for first, length, pair in family.own.items()
    )
    yield ((first, length, 1, (route,)) for first, length, route in family.zero_trust.items())
    yield ((first, length, 2, tuple(routes)) for first, length, routes in family.wan.items())
    for number, (network, prefixes) in enumerate(sorted(family.elsewhere.items()), 3):
        yield _elsewhere(version, number, network, ((first, length) for first, length, _ in prefixes.items()))


def _elsewhere(version: Version, number: int, network: str, prefixes: Iterable[tuple[int, int]]) -> Iterator[_Here]:
    octets = WIDTHS[version] // 8
    for first, length in prefixes:
        yield first, length, number, (Elsewhere(network, ip_network((first.to_bytes(octets), length))),)


def _nest(cover: Cover) -> None:
    """Finds what is around each prefix, and the ranges."""
    bits = WIDTHS[cover.version]
    behind = (1 << bits) - 1
    starts, inner, parents = cover.starts, cover.inner, cover.parents
    stack: list[tuple[int, int]] = [(behind, 0)]  # last address and place of what is open

    def begin(start: int, place: int) -> None:
        if starts[-1] == start:
            inner[-1] = place
        else:
            starts.append(start)
            inner.append(place)

    def close(before: int) -> None:
        while stack[-1][0] < before:
            last, _ = stack.pop()
            if last < stack[-1][0]:
                begin(last + 1, stack[-1][1])

    for place in range(1, len(cover.firsts)):
        first = cover.firsts[place]
        close(first)
        parents.append(stack[-1][1])
        stack.append((first | behind >> cover.lengths[place], place))
        begin(first, place)
    close(behind)
    while len(stack) > 1 and stack[-1][0] == behind:  # they end with the family
        stack.pop()


def _answer(cover: Cover, trie: Any, classes: array[int]) -> None:
    """Reads the answers from the compiled ranges, which end only where a prefix begins or is over."""
    empty = build(cover.version, Ranges((0,), (0,), (0,)))
    old = array("I", (number + 1 for number in classes))
    compiled, pairs = changed_ranges(trie, empty, old, array("I", [0]))
    cover.answers[:] = [-1] * len(cover.firsts)
    found = list(spans(cover.version, compiled))
    at = 0
    for start, place in zip(cover.starts, cover.inner, strict=True):
        while found[at][1] < start:
            at += 1
        cover.answers[place] = pairs[found[at][2] - 1][0] - 1
