"""What the announcements of a table say at prefixes, as one virtual network hears it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from vpcroute.announcements import BgpRoute, DeviceAddress, SubnetRoute, WanRoute
from vpcroute.classes import RouteClasses, Said
from vpcroute.columns import Subnets, Teller, read_subnets
from vpcroute.fib.order import not_above
from vpcroute.indexes import Ids, PrefixTree
from vpcroute.packed import RECORD_SIZES, octets_of
from vpcroute.packed import packed as number_of_network
from vpcroute.precedence import WanLike
from vpcroute.ranges import SPECIAL, Range
from vpcroute.store import Store

__all__ = ["Hearing", "Record", "Told", "record_of", "span_of"]

#: A prefix as its packed address and, in one more octet, its length.
Record = bytes

T = TypeVar("T")

#: Records, ascending and joined, and the number of what is said at each.
Told = tuple[bytes, "array[int]"]

_Entries = Iterable[tuple[bytes, int, Ids]]
_Select = Callable[[PrefixTree], _Entries]
#: What is said at some prefixes: fields of a :class:`Said`.
_Few = dict[Record, dict[str, Any]]
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


#: The special-purpose ranges of each family: record, first and last address, range.
_SPECIALS: Final = {
    version: [
        (record, *span_of(record), special)
        for special in SPECIAL
        if special.network.version == version
        for record in [record_of(number_of_network(special.network))]
    ]
    for version in (4, 6)
}


#: Those that share an address with each first octet: most share none.
_SPECIALS_AT: Final = {
    version: [[s for s in specials if s[0][0] <= octet <= s[2] >> width - 8] for octet in range(256)]
    for version, specials in _SPECIALS.items()
    for width in (8 * (RECORD_SIZES[version] - 1),)
}


def _specials_at(record: Record, version: int) -> list[tuple[Record, int, int, Range]]:
    """The special-purpose ranges that may share an address with a prefix."""
    return _SPECIALS_AT[version][record[0]] if record[-1] >= 8 else _SPECIALS[version]


_NO_SUBNETS: Final = Subnets(b"", array("I"), array("I"))


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
        self.network = network
        self._zero_trust = store.zero_trust(network)
        self._others = [(other, tree) for other, tree in store.zero_trust_trees() if other != network]
        self._root = bytes(RECORD_SIZES[version])

    def everywhere(self, subnets: Subnets, classes: RouteClasses) -> Told:
        """Every prefix where something is said, ascending, and the number of what is said there.

        The whole family always says something.

        Args:
            subnets: all subnet routes of the virtual network.
            classes: where the numbers are from.
        """
        specials = {r: special for r, _, _, special in _SPECIALS[self.version]}
        few = self._few(lambda tree: tree.of(self.version), {self._root: {}}, specials)
        return self._numbered(few, subnets, classes)

    def inside(self, record: Record, classes: RouteClasses) -> Told:
        """The same for the prefixes inside one, itself included."""
        packed, length = record[:-1], record[-1]
        specials = {}
        if near := _specials_at(record, self.version):
            start, end = span_of(record)
            specials = {r: s for r, first, last, s in near if start <= first and last <= end and length <= r[-1]}
        root: _Few = {self._root: {}} if length == 0 else {}
        few = self._few(lambda tree: tree.inside(packed, length), root, specials)
        subnets = self._as_subnets(self._zero_trust.inside(packed, length), classes)
        return self._numbered(few, subnets, classes)

    def around(self, record: Record, classes: RouteClasses) -> int:
        """The class just around a prefix; -1 for the whole family, which has nothing around it."""
        packed, length = record[:-1], record[-1]
        if length == 0:
            return -1
        specials = {}
        if near := _specials_at(record, self.version):
            start = int.from_bytes(packed)
            specials = {r: s for r, first, last, s in near if first <= start <= last and r[-1] < length}
        few = self._few(lambda tree: tree.above(packed, length), {}, specials)
        subnets = self._zero_trust.above(packed, length)
        if not few:  # of subnet routes alone the longest decides
            nearest = cast(SubnetRoute, self._store[subnets[0][2][0]]) if subnets else None
            return classes.nothing if nearest is None else classes.join(classes.nothing, classes.subnet(nearest))
        few.setdefault(self._root, {})
        for address, shorter, ids in subnets:
            few.setdefault(address + _OCTETS[shorter], {})["zero_trust"] = self._store[ids[0]]
        around = -1
        for there in sorted(few):
            around = classes.join(around, classes.said(Said(**few[there])))
        return around

    def own(self) -> tuple[bytes, list[_Own]]:
        """The prefixes that are a device's own or a built-in range, and which."""
        return _columns(self._as_own(self._store.own.of(self.version)))

    def own_at(self, records: Iterable[Record]) -> Mapping[Record, _Own | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_own(_exactly(self._store.own, records)))

    def subnets(self, classes: RouteClasses) -> Subnets:
        """All subnet routes of the virtual network."""
        return read_subnets(self._store, self.network, classes)[self.version]

    def routes(self, subnets: Subnets) -> Iterator[SubnetRoute]:
        """The routes at the prefixes."""
        return cast(Iterator[SubnetRoute], self._store.routes(subnets.ids))

    def subnets_at(self, records: Iterable[Record]) -> Mapping[Record, SubnetRoute | None]:
        """The routes at some prefixes; None where there is nothing."""
        there = ((packed + _OCTETS[length], ids) for packed, length, ids in _exactly(self._zero_trust, records))
        return _at(records, ((record, cast(SubnetRoute, self._store[ids[0]])) for record, ids in there))

    def wan(self) -> tuple[bytes, list[tuple[WanLike, ...]]]:
        """The prefixes of WAN routes, and the routes of each."""
        return _columns(self._as_wan(self._store.wan.of(self.version)))

    def wan_at(self, records: Iterable[Record]) -> Mapping[Record, tuple[WanLike, ...] | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_wan(_exactly(self._store.wan, records)))

    def elsewhere(self) -> Iterator[tuple[str, bytes, list[bool]]]:
        """The prefixes of each other virtual network, and that they are there."""
        for other, tree in self._others:
            yield other, *_columns((packed + _OCTETS[length], True) for packed, length, _ in tree.of(self.version))

    def elsewhere_at(self, other: str, records: Iterable[Record]) -> Mapping[Record, bool | None]:
        """Whether another virtual network has some prefixes; None where it has not."""
        there = _exactly(self._store.zero_trust(other), records)
        return _at(records, ((packed + _OCTETS[length], True) for packed, length, _ in there))

    def _few(self, select: _Select, few: _Few, specials: Mapping[Record, Range]) -> _Few:
        """What is said at selected prefixes, those of `few` and `specials` among them, but for subnet routes."""
        for record, special in specials.items():
            few.setdefault(record, {})["special"] = special
        for record, (owner, reserved) in self._as_own(select(self._store.own)):
            few.setdefault(record, {}).update(owner=owner, reserved=reserved)
        for other, tree in self._others:
            for packed, length, _ in select(tree):
                said = few.setdefault(packed + _OCTETS[length], {})
                said["elsewhere"] = said.get("elsewhere", frozenset()) | {other}
        for record, routes in self._as_wan(select(self._store.wan)):
            few.setdefault(record, {})["wan"] = routes
        return few

    def _as_own(self, entries: _Entries) -> Iterator[tuple[Record, _Own]]:
        for packed, length, ids in entries:
            owner = next((a for a in self._store.held(ids) if isinstance(a, DeviceAddress)), None)
            yield packed + _OCTETS[length], (owner, self._store.range_of(ids))

    def _as_subnets(self, entries: Sequence[tuple[bytes, int, Ids]], classes: RouteClasses) -> Subnets:
        if not entries:
            return _NO_SUBNETS
        routes = [cast(SubnetRoute, self._store[ids[0]]) for _, _, ids in entries]
        records = b"".join(packed + _OCTETS[length] for packed, length, _ in entries)
        return Subnets(records, array("I", (ids[0] for _, _, ids in entries)), array("I", Teller(classes)(routes)))

    def _numbered(self, few: _Few, subnets: Subnets, classes: RouteClasses) -> Told:
        """The prefixes in `few` and those of subnet routes, and what is said there."""
        if not few:
            return subnets.records, subnets.said
        size = len(self._root)
        records: list[bytes] = []
        numbers = array("I")
        done = 0
        for record in sorted(few):
            here = behind = not_above(subnets.records, record)
            if here and subnets.records[here * size - size : here * size] == record:
                here -= 1
                few[record]["zero_trust"] = self._store[subnets.ids[here]]
            records += subnets.records[done * size : here * size], record
            numbers += subnets.said[done:here]
            numbers.append(classes.said(Said(**few[record])))
            done = behind
        return b"".join([*records, subnets.records[done * size :]]), numbers + subnets.said[done:]

    def _as_wan(self, entries: _Entries) -> Iterator[tuple[Record, tuple[WanLike, ...]]]:
        for packed, length, ids in entries:
            routes = tuple(r for r in self._store.held(ids) if isinstance(r, (WanRoute, BgpRoute)))
            yield packed + _OCTETS[length], routes


def _columns(entries: Iterable[tuple[Record, T]]) -> tuple[bytes, list[T]]:
    listed = list(entries)
    return b"".join(record for record, _ in listed), [content for _, content in listed]


def _exactly(tree: PrefixTree, records: Iterable[Record]) -> _Entries:
    """The entries of a tree at some prefixes."""
    for record in records:
        ids = tree.exact(record[:-1], record[-1])
        if ids:
            yield record[:-1], record[-1], ids


def _at(records: Iterable[Record], there: Iterable[tuple[Record, T]]) -> Mapping[Record, T | None]:
    """What is there at each record; None where nothing is."""
    return {**dict.fromkeys(records), **dict(there)}
