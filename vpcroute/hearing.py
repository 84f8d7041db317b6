"""What the announcements of a table say at prefixes, as one virtual network hears it."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from sys import byteorder
from typing import Any, Final, TypeVar, cast

from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.classes import RouteClasses, Said
from vpcroute.columns import Subnets
from vpcroute.fib.order import not_above
from vpcroute.fib.sweep import Ranges, sweep
from vpcroute.indexes import Ids, PrefixTree
from vpcroute.packed import RECORD_SIZES, octets_of, packed
from vpcroute.precedence import WanLike
from vpcroute.ranges import SPECIAL, Range
from vpcroute.store import Store

__all__ = ["Hearing", "Own", "Record", "Told", "hostname_routes", "record_of", "span_of", "swept"]

#: A prefix as its packed address and, in one more octet, its length.
Record = bytes

T = TypeVar("T")

#: Records, ascending and joined, and the number of what is said at each.
Told = tuple[bytes, "array[int]"]

#: A device's address and a built-in range.
Own = tuple[DeviceAddress | None, Range | None]

_OCTETS: Final = [bytes((length,)) for length in range(129)]


def record_of(number: int) -> Record:
    """The record of a prefix by its number."""
    address, length = octets_of(number)
    return address + _OCTETS[length]


def span_of(record: Record) -> tuple[int, int]:
    """The first and the last address of a prefix."""
    first = int.from_bytes(record[:-1])
    return first, first | (1 << 8 * len(record) - 8) - 1 >> record[-1]


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
        self._root = bytes(RECORD_SIZES[version])

    @property
    def _others(self) -> Iterator[tuple[str, PrefixTree]]:
        """The other virtual networks, and the tree of each."""
        return ((other, tree) for other, tree in self._store.zero_trust_trees() if other != self.network)

    def everywhere(self, subnets: Subnets, classes: RouteClasses) -> Told:
        """Every prefix where something is said, ascending, and the number of what is said there.

        The whole family always says something.

        Args:
            subnets: all subnet routes of the virtual network.
            classes: where the numbers are from.
        """
        return self._numbered(self._few(), subnets, classes)

    def own(self) -> tuple[bytes, list[Own]]:
        """The prefixes that are a device's own or a built-in range, and which."""
        return _columns(self._as_own(self._store.own.of(self.version)))

    def own_at(self, records: Iterable[Record]) -> Mapping[Record, Own | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_own(_exactly(self._store.own, records)))

    def routes(self, subnets: Subnets) -> Iterator[SubnetRoute]:
        """The routes at the prefixes."""
        return cast(Iterator[SubnetRoute], self._store.routes(subnets.ids))

    def wan(self) -> tuple[bytes, list[tuple[WanLike, ...]]]:
        """The prefixes of WAN routes, and the routes of each."""
        return _columns(self._as_wan(self._store.wan.of(self.version)))

    def wan_at(self, records: Iterable[Record]) -> Mapping[Record, tuple[WanLike, ...] | None]:
        """The same at some prefixes; None where there is nothing."""
        return _at(records, self._as_wan(_exactly(self._store.wan, records)))

    def elsewhere(self) -> Iterator[tuple[str, bytes, list[bool]]]:
        """The prefixes of each other virtual network, and that they are there."""
        for other, tree in self._others:
            yield other, *_columns((address + _OCTETS[length], True) for address, length, _ in tree.of(self.version))

    def _few(self) -> dict[Record, dict[str, Any]]:
        """What is said at prefixes, but for subnet routes, as fields of a Said."""
        few: defaultdict[Record, dict[str, Any]] = defaultdict(dict, {self._root: {}})
        for special in SPECIAL:
            if special.network.version == self.version:
                few[record_of(packed(special.network))]["special"] = special
        for record, (owner, reserved) in self._as_own(self._store.own.of(self.version)):
            few[record].update(owner=owner, reserved=reserved)
        for other, tree in self._others:
            for address, length, _ in tree.of(self.version):
                said = few[address + _OCTETS[length]]
                said["elsewhere"] = said.get("elsewhere", frozenset()) | {other}
        for record, routes in self._as_wan(self._store.wan.of(self.version)):
            few[record]["wan"] = routes
        return few

    def _as_own(self, entries: Iterable[tuple[bytes, int, Ids]]) -> Iterator[tuple[Record, Own]]:
        for address, length, ids in entries:
            owner = next((a for a in self._store.held(ids) if isinstance(a, DeviceAddress)), None)
            yield address + _OCTETS[length], (owner, self._store.range_of(ids))

    def _numbered(self, few: dict[Record, dict[str, Any]], subnets: Subnets, classes: RouteClasses) -> Told:
        """The prefixes in `few` and those of subnet routes, and what is said there."""
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

    def _as_wan(self, entries: Iterable[tuple[bytes, int, Ids]]) -> Iterator[tuple[Record, tuple[WanLike, ...]]]:
        for address, length, ids in entries:
            routes = tuple(r for r in self._store.held(ids) if isinstance(r, (WanRoute, BgpRoute)))
            yield address + _OCTETS[length], routes


def _columns(entries: Iterable[tuple[Record, T]]) -> tuple[bytes, list[T]]:
    listed = list(entries)
    return b"".join(record for record, _ in listed), [content for _, content in listed]


def _exactly(tree: PrefixTree, records: Iterable[Record]) -> Iterable[tuple[bytes, int, Ids]]:
    """The entries of a tree at some prefixes."""
    for record in records:
        ids = tree.exact(record[:-1], record[-1])
        if ids:
            yield record[:-1], record[-1], ids


def _at(records: Iterable[Record], there: Iterable[tuple[Record, T]]) -> Mapping[Record, T | None]:
    """What is there at each record; None where nothing is."""
    return {**dict.fromkeys(records), **dict(there)}


def swept(
    told: Told,
    version: int,
    classes: RouteClasses,
    span: tuple[int, int, int | None] = (-1, 0, None),
) -> Ranges:
    """The ranges that prefixes make, with what is said at each of them; in a span, with the class around it."""
    around, first, last = span
    records, said = told
    size, width = RECORD_SIZES[version], 8 if version == 4 else 16
    octets = bytearray(width * len(said))
    for i in range(size - 1):
        octets[i::width] = records[i::size]
    words = array("Q")
    words.frombytes(octets)
    del octets
    if byteorder == "little":
        words.byteswap()
    highs, lows = (words, array("Q", bytes(8 * len(words)))) if version == 4 else (words[::2], words[1::2])
    lengths = records[size - 1 :: size]
    return sweep(
        version,
        highs,
        lows,
        lengths,
        said,
        classes.known,
        classes.join,
        around=around,
        first=first,
        last=last,
    )


def hostname_routes(store: Store, ids: Iterable[int]) -> list[HostnameRoute]:
    """The hostname routes among announcements."""
    return [route for route in store.held(ids) if isinstance(route, HostnameRoute)]
