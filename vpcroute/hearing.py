"""What the announcements of a table say at prefixes, as one virtual network hears it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar, cast

import attrs

from vpcroute.announcements import BgpRoute, DeviceAddress, SubnetRoute, WanRoute
from vpcroute.classes import NOTHING, RouteClasses, Said
from vpcroute.indexes import Ids, PrefixTree
from vpcroute.packed import octets_of
from vpcroute.packed import packed as number_of_network
from vpcroute.precedence import WanLike
from vpcroute.ranges import SPECIAL, Range
from vpcroute.store import Store

__all__ = ["Hearing", "Record", "Subnets", "is_inside", "record_of", "span_of"]

#: A prefix as its packed address and, in one more octet, its length.
Record = bytes

T = TypeVar("T")

#: Records, the subnet route of each, and the number of what it says alone.
Subnets = tuple[list[Record], list[SubnetRoute], list[int]]

_Entries = Iterable[tuple[bytes, int, Ids]]
_Select = Callable[[PrefixTree], _Entries]
_Own = tuple[DeviceAddress | None, Range | None]

_OCTETS: Final = [bytes((length,)) for length in range(129)]


def record_of(number: int) -> Record:
    """The record of a prefix by its number."""
    address, length = octets_of(number)
    return address + _OCTETS[length]


def span_of(record: Record) -> tuple[int, int]:
    """The first and the last address of a prefix."""
    first = int.from_bytes(record[:-1])
    return first, first | (1 << 8 * len(record) - 8) - 1 >> record[-1]


def is_inside(record: Record, outer: Record) -> bool:
    """Whether a prefix lies inside another one, or is the same."""
    first, last = span_of(outer)
    return record[-1] >= outer[-1] and first <= int.from_bytes(record[:-1]) <= last


_SPECIALS: Final = {
    version: [(record_of(number_of_network(s.network)), s) for s in SPECIAL if s.network.version == version]
    for version in (4, 6)
}


class Hearing:
    """What is said at the prefixes of one address family.

    Args:
        store: the announcements.
        version: 4 or 6.
        network: the id of the virtual network.
    """

    def __init__(self, store: Store, version: int, network: str) -> None:
        self.version = version
        self._store = store
        self._zero_trust = store.zero_trust(network)
        self._others = [(other, tree) for other, tree in store.zero_trust_trees() if other != network]
        self._root = bytes(5 if version == 4 else 17)

    def everywhere(self, subnets: Subnets, classes: RouteClasses) -> tuple[list[Record], list[int]]:
        """Every prefix where something is said, ascending, and the number of what is said there.

        The whole family always says something.

        Args:
            subnets: what :meth:`subnets` gives.
            classes: where the numbers are from.
        """
        few = self._few(lambda tree: tree.of(self.version), {self._root: NOTHING}, dict(_SPECIALS[self.version]))
        return _numbered(few, subnets, classes)

    def inside(self, record: Record, classes: RouteClasses) -> tuple[list[Record], list[int]]:
        """The same for the prefixes inside one, itself included."""
        packed, length = record[:-1], record[-1]
        specials = {r: special for r, special in _SPECIALS[self.version] if is_inside(r, record)}
        root = {self._root: NOTHING} if length == 0 else {}
        few = self._few(lambda tree: tree.inside(packed, length), root, specials)
        return _numbered(few, self._as_subnets(self._zero_trust.inside(packed, length), classes), classes)

    def around(self, record: Record, classes: RouteClasses) -> int:
        """The class just around a prefix; -1 for the whole family, which has nothing around it."""
        packed, length = record[:-1], record[-1]
        if length == 0:
            return -1
        specials = {r: s for r, s in _SPECIALS[self.version] if r[-1] < length and is_inside(record, r)}
        few = self._few(lambda tree: tree.above(packed, length), {self._root: NOTHING}, specials)
        around = -1
        above = self._as_subnets(self._zero_trust.above(packed, length)[::-1], classes)
        for number in _numbered(few, above, classes)[1]:
            around = classes.join(around, number)
        return around

    def own(self) -> tuple[list[Record], list[_Own]]:
        """The prefixes that are a device's own or a built-in range, and which."""
        return _columns(self._as_own(self._store.own.of(self.version)))

    def own_at(self, records: Iterable[Record]) -> Mapping[Record, _Own | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_own(_exactly(self._store.own, records)))

    def subnets(self, classes: RouteClasses) -> Subnets:
        """The prefixes of subnet routes, ascending, the routes, and their numbers."""
        records, ids = self._zero_trust.columns(self.version)
        return records, *self._routes(ids, classes)

    def subnets_at(self, records: Iterable[Record]) -> Mapping[Record, SubnetRoute | None]:
        """The routes at some prefixes; None where there is nothing."""
        there = ((packed + _OCTETS[length], ids) for packed, length, ids in _exactly(self._zero_trust, records))
        return _at(records, ((record, cast(SubnetRoute, self._store[ids[0]])) for record, ids in there))

    def wan(self) -> tuple[list[Record], list[tuple[WanLike, ...]]]:
        """The prefixes of WAN routes, and the routes of each."""
        return _columns(self._as_wan(self._store.wan.of(self.version)))

    def wan_at(self, records: Iterable[Record]) -> Mapping[Record, tuple[WanLike, ...] | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_wan(_exactly(self._store.wan, records)))

    def elsewhere(self) -> Iterator[tuple[str, list[Record]]]:
        """The prefixes of each other virtual network."""
        for other, tree in self._others:
            yield other, tree.columns(self.version)[0]

    def elsewhere_at(self, records: Iterable[Record]) -> Iterator[tuple[str, Mapping[Record, bool | None]]]:
        """Whether each other virtual network has some prefixes; None where it has not."""
        for other, tree in self._others:
            there = ((packed + _OCTETS[length], True) for packed, length, _ in _exactly(tree, records))
            yield other, _at(records, there)

    def _few(self, select: _Select, few: dict[Record, Said], specials: Mapping[Record, Range]) -> Mapping[Record, Said]:
        """What is said at selected prefixes, those of `few` and `specials` among them, but for subnet routes."""
        for record, special in specials.items():
            few[record] = attrs.evolve(few.get(record, NOTHING), special=special)
        for record, (owner, reserved) in self._as_own(select(self._store.own)):
            few[record] = attrs.evolve(few.get(record, NOTHING), owner=owner, reserved=reserved)
        for other, tree in self._others:
            for packed, length, _ in select(tree):
                record = packed + _OCTETS[length]
                said = few.get(record, NOTHING)
                few[record] = attrs.evolve(said, elsewhere=said.elsewhere | {other})
        for record, routes in self._as_wan(select(self._store.wan)):
            few[record] = attrs.evolve(few.get(record, NOTHING), wan=routes)
        return few

    def _as_own(self, entries: _Entries) -> Iterator[tuple[Record, _Own]]:
        for packed, length, ids in entries:
            owner = next((a for a in self._store.held(ids) if isinstance(a, DeviceAddress)), None)
            yield packed + _OCTETS[length], (owner, self._store.range_of(ids))

    def _as_subnets(self, entries: Sequence[tuple[bytes, int, Ids]], classes: RouteClasses) -> Subnets:
        records = [packed + _OCTETS[length] for packed, length, _ in entries]
        return records, *self._routes([ids[0] for _, _, ids in entries], classes)

    def _routes(self, ids: Iterable[int], classes: RouteClasses) -> tuple[list[SubnetRoute], list[int]]:
        """The subnet routes with these ids, and the numbers of what they say."""
        alike: dict[int, int] = {}  # by the connector's identity: its hash for each route takes longer than the rest
        routes: list[SubnetRoute] = []
        numbers: list[int] = []
        for route in self._store.routes(ids):
            assert isinstance(route, SubnetRoute)  # noqa: S101  (nothing else is in this tree)
            number = alike.get(id(route.via), -1) if route.in_force else -1
            if number < 0:
                number = classes.said(Said(zero_trust=route))
                if route.in_force:
                    alike[id(route.via)] = number
            routes.append(route)
            numbers.append(number)
        return routes, numbers

    def _as_wan(self, entries: _Entries) -> Iterator[tuple[Record, tuple[WanLike, ...]]]:
        for packed, length, ids in entries:
            routes = tuple(r for r in self._store.held(ids) if isinstance(r, (WanRoute, BgpRoute)))
            yield packed + _OCTETS[length], routes


def _numbered(few: Mapping[Record, Said], subnets: Subnets, classes: RouteClasses) -> tuple[list[Record], list[int]]:
    """The records of the prefixes in `few` and of subnet routes, ascending, and the number of what is said there."""
    records, routes, numbers = subnets
    all_records: list[Record] = []
    all_numbers: list[int] = []
    done = 0
    for record in sorted(few):
        said, here = few[record], bisect_left(records, record, done)
        behind = here
        if here < len(records) and records[here] == record:
            said, behind = attrs.evolve(said, zero_trust=routes[here]), here + 1
        all_records += records[done:here]
        all_numbers += numbers[done:here]
        all_records.append(record)
        all_numbers.append(classes.said(said))
        done = behind
    return all_records + records[done:], all_numbers + numbers[done:]


def _columns(entries: Iterable[tuple[Record, T]]) -> tuple[list[Record], list[T]]:
    listed = list(entries)
    return [record for record, _ in listed], [content for _, content in listed]


def _exactly(tree: PrefixTree, records: Iterable[Record]) -> _Entries:
    """The entries of a tree at some prefixes."""
    for record in records:
        ids = tree.exact(record[:-1], record[-1])
        if ids:
            yield record[:-1], record[-1], ids


def _at(records: Iterable[Record], there: Iterable[tuple[Record, T]]) -> Mapping[Record, T | None]:
    """What is there at each record; None where nothing is."""
    return {**dict.fromkeys(records), **dict(there)}
