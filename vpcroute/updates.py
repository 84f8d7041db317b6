"""What announcements that came or went make of compiled tables, at the cost of what they touch.

What is said is asked for at the prefixes that they have; these are swept again, with what lies inside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, Routed, SubnetRoute, number_of
from vpcroute.classes import RouteClasses, Said
from vpcroute.columns import Teller
from vpcroute.fib.decided import Decided, decide_all
from vpcroute.fib.heard import NOTHING, Heard
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.fib.sweep import Ranges, halves
from vpcroute.fib.tables import Family, Tables
from vpcroute.fib.trie import build
from vpcroute.hearing import Hearing, Own, Record, Told, hostname_routes, record_of, span_of, swept
from vpcroute.packed import FIRST_V6
from vpcroute.precedence import View, WanLike
from vpcroute.store import Store, name_key

__all__ = ["Compiled", "brought_up"]

_MOST_KNOWN: Final = 1 << 16  # classes of pairs, in some ten megabytes


@attrs.define(eq=False)
class Compiled:
    """What was compiled for a virtual network.

    Attributes:
        revision: the revision of the store that it was made from.
        heard: what is said at each prefix, by family.
        decided: the view from each place, and the outcomes that it led to.
    """

    revision: int
    classes: RouteClasses
    heard: dict[int, Heard]
    tables: Tables
    decided: dict[tuple[str | None, ...], tuple[View, Decided]]

    def decided_from(self, view: View) -> Decided:
        place = view.region, view.colo, view.mode
        decided = decide_all(self.classes, view, self.decided.get(place))
        self.decided[place] = view, decided
        return decided


def brought_up(made: Compiled, changes: Iterable[tuple[Announcement, bool]], store: Store, network: str) -> Tables:
    """The tables after announcements came or went.

    Args:
        made: what was compiled before. What was heard is brought up too: if this raises, it cannot be used again.
        changes: each announcement, and whether it came; in their order.
        store: what is announced after all of them.
        network: the id of the virtual network.
    """
    touched = {4: _Touched(), 6: _Touched()}
    named: set[str] = set()
    for route, came in changes:
        if isinstance(route, HostnameRoute):
            named.add(name_key(route))
        else:
            number = number_of(route)
            touched[4 if number < FIRST_V6 else 6].add(route, record_of(number), came)
    tables, classes = made.tables, made.classes
    if len(classes.known) > _MOST_KNOWN:
        classes.known.clear()
    families = {4: tables.v4, 6: tables.v6}
    for version, there in touched.items():
        if there:
            after = there.after(Hearing(store, version, network))
            families[version] = _changed(families[version], made.heard[version], after, classes)
    names = tables.names
    if named:
        names = names.changed({name: hostname_routes(store, store.names.exact(name)) for name in named})
    return Tables(families[4], families[6], names)


@attrs.frozen
class _Touched:
    """The prefixes of one family where something came or went, by what that was.

    Attributes:
        subnets: those of subnet routes, by virtual network, and the route that is there then: there is one at most.
        own: those of addresses of devices and nodes.
        wan: those of WAN routes.
    """

    subnets: defaultdict[str, dict[Record, SubnetRoute | None]] = attrs.field(factory=lambda: defaultdict(dict))
    own: set[Record] = attrs.field(factory=set)
    wan: set[Record] = attrs.field(factory=set)

    def add(self, route: Routed, record: Record, came: bool) -> None:
        """Notes what came, or went."""
        if isinstance(route, SubnetRoute):
            self.subnets[str(route.virtual_network)][record] = route if came else None
        else:
            (self.own if isinstance(route, DeviceAddress) else self.wan).add(record)

    def __bool__(self) -> bool:
        return bool(self.subnets or self.own or self.wan)

    def after(self, hearing: Hearing) -> _After:
        """What is there after all of it."""
        subnets = self.subnets.pop(hearing.network, {})
        elsewhere = {
            other: {record: None if route is None else True for record, route in there.items()}
            for other, there in self.subnets.items()
        }
        return _After(subnets, hearing.own_at(self.own), hearing.wan_at(self.wan), elsewhere)


@attrs.frozen
class _After:
    """What is at touched prefixes of one family after a change, by what it is; None where nothing is.

    Attributes:
        subnets: the subnet routes of the virtual network.
        own: addresses of devices and nodes, and built-in ranges.
        wan: the WAN routes.
        elsewhere: whether other virtual networks have subnet routes there, by network.
    """

    subnets: Mapping[Record, SubnetRoute | None]
    own: Mapping[Record, Own | None]
    wan: Mapping[Record, tuple[WanLike, ...] | None]
    elsewhere: Mapping[str, Mapping[Record, bool | None]]


def _changed(family: Family, heard: Heard, after: _After, classes: RouteClasses) -> Family:
    """A family after something came or went at some prefixes."""
    mixed = {*after.own, *after.wan}.union(*after.elsewhere.values())
    records = sorted(mixed.union(after.subnets))
    heard.put(records, _said(records, heard.said_at(records), after, mixed, classes))
    spans = _spans(family.version, records, heard, classes)
    whole = records[0][-1] == 0
    elsewhere = dict(family.elsewhere)
    for other, there in after.elsewhere.items():
        elsewhere[other] = (elsewhere.get(other) or FrozenPrefixes(family.version, b"", [])).changed(there)
    return Family(
        family.version,
        build(family.version, next(spans)[2]) if whole else family.trie.replaced_many(spans),
        family.own.changed(after.own),
        family.zero_trust.changed(after.subnets),
        family.wan.changed(after.wan),
        elsewhere,
    )


def _said(
    records: list[Record], before: list[int], after: _After, mixed: set[Record], classes: RouteClasses
) -> list[int]:
    """The numbers of what is said at touched prefixes, in place of those before.

    Args:
        records, before: the prefixes, and the numbers.
        after: what is there.
        mixed: those where not only a subnet route of the virtual network came or went.
        classes: where the numbers are from.
    """
    said = [NOTHING] * len(records)
    places: list[int] = []
    routes: list[SubnetRoute] = []
    for place, (record, number) in enumerate(zip(records, before, strict=True)):
        whole = record[-1] == 0  # of the whole family something is always said, be it nothing
        if whole or record in mixed or not (number == NOTHING or classes.is_subnet(number)):
            now = _retold(Said() if number == NOTHING else classes.what(number), record, after)
            if whole or now != Said():
                said[place] = classes.said(now)
        elif (route := after.subnets[record]) is not None:
            places.append(place)
            routes.append(route)
    for place, number in zip(places, Teller(classes)(routes), strict=True):
        said[place] = number
    return said


def _retold(before: Said, record: Record, after: _After) -> Said:
    """What is said at a prefix, with what came or went there."""
    owner, reserved = after.own.get(record, (before.owner, before.reserved)) or (None, None)
    elsewhere = set(before.elsewhere)
    for other, there in after.elsewhere.items():
        if record in there:
            (elsewhere.add if there[record] else elsewhere.discard)(other)
    return Said(
        owner,
        reserved,
        after.subnets.get(record, before.zero_trust),
        after.wan.get(record, before.wan) or (),
        before.special,
        frozenset(elsewhere),
    )


def _spans(
    version: int, records: Iterable[Record], heard: Heard, classes: RouteClasses
) -> Iterator[tuple[int, int, Ranges]]:
    """The first and the last address of each of ascending prefixes, and the ranges between them.

    One inside another is a part of that.
    """
    done = -1
    for record in records:
        first, last = span_of(record)
        if last > done:
            around = heard.around(record, classes.known, classes.join)
            yield first, last, _swept_span(version, (first, last), heard.inside(record), around, classes)
            done = last


def _swept_span(version: int, span: tuple[int, int], told: Told, around: int, classes: RouteClasses) -> Ranges:
    """The ranges that prefixes make in one that they lie in, or are, with the class around it."""
    records, said = told
    if len(said) > 1 or (said and span_of(records) != span):
        return swept(told, version, classes, (around, *span))
    high, low = halves(version, span[0])
    return Ranges((high,), (low,), (classes.join(around, said[0]) if said else around,))
