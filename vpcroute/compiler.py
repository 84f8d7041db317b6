"""Route table and vantage in, resolver out: which way an address goes is decided before it is asked for.

All prefixes of a family are swept in the order of their addresses; what is said at each of them and around it makes its
route class (:mod:`vpcroute.classes`). The tries lead from addresses to classes and are shared by all vantages of a
virtual network; a vantage is a table of outcomes by class.

What was made for a virtual network is kept. After a change only the prefixes that came or went are swept again, with
what lies inside them, and the new tables share all else with the old ones.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable
from sys import byteorder
from typing import TYPE_CHECKING, Any, Final

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, Routed, SubnetRoute, number_of
from vpcroute.classes import RouteClasses
from vpcroute.columns import Subnets, read_subnets
from vpcroute.errors import InvalidVantage
from vpcroute.fib.decided import Decided, decide_all
from vpcroute.fib.hostnames import hostnames
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.sweep import Ranges, halves, sweep
from vpcroute.fib.tables import Family, Tables
from vpcroute.fib.trie import build
from vpcroute.hearing import Hearing, Record, Told, record_of, span_of
from vpcroute.outcomes import Refusal, through_tunnel
from vpcroute.packed import FIRST_V6, RECORD_SIZES
from vpcroute.precedence import View
from vpcroute.store import Store, name_key
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["compile_table", "nowhere", "swept"]

# A change costs as much as compiling some thirty prefixes anew.
_FEWEST_CHANGES: Final = 256
_PREFIXES_A_CHANGE: Final = 32


def compile_table(table: RouteTable, vantage: Vantage, generation: int | None = None) -> Resolver:
    """The resolver for a vantage of a table as it is now; `generation` is the table's, unless another one is given.

    Raises:
        InvalidVantage: for what the table does not know.
    """
    with table.reading():
        stand = table.stand(vantage)
        if generation is None:
            generation = table.generation
        if stand.tunnel is not None:
            everything = through_tunnel(stand.tunnel, stand.state)
            decided = Decided([everything.egress])
            return Resolver(vantage, generation, _NO_TABLES, decided, everything=everything, service=stand.service)
        assert stand.view is not None  # noqa: S101  (no tunnel, no service: the whole network)
        compiled = _compiled(table.store, stand.view.network.id)
        return Resolver(
            vantage,
            generation,
            compiled.tables,
            compiled.decided_from(stand.view),
            view=stand.view,
            hosts=table.hosts,
        )


def nowhere(vantage: Vantage, generation: int, error: InvalidVantage) -> Resolver:
    """The resolver for a vantage that a table does not know any more: it refuses everything, for that reason."""
    refusal = Refusal("invalid_vantage", str(error), error.hint)
    return Resolver(vantage, generation, _NO_TABLES, Decided([refusal]), everything=refusal)


@attrs.define(eq=False)
class _Compiled:
    """What was compiled for a virtual network.

    Attributes:
        revision: the revision of the store that it was made from.
        decided: the view from each place, and the outcomes that it led to.
    """

    revision: int
    classes: RouteClasses
    tables: Tables
    decided: dict[tuple[str | None, ...], tuple[View, Decided]]

    def decided_from(self, view: View) -> Decided:
        place = view.region, view.colo, view.mode
        decided = decide_all(self.classes, view, self.decided.get(place))
        self.decided[place] = view, decided
        return decided


def _compiled(store: Store, network: str) -> _Compiled:
    """What is compiled for a virtual network, brought up to date."""
    made: _Compiled | None = store.compiled.get(network)
    changes = None if made is None else store.log.since(made.revision)
    if made is None or changes is None:
        classes = RouteClasses()
        subnets = read_subnets(store, network, classes)
        v4, v6 = (_family(Hearing(store, version, network), subnets[version], classes) for version in (4, 6))
        names = hostnames(_hostname_routes(store, store.ids("kind", "hostname")))
        classes.known.clear()  # of a full table a seventh of what is kept, and a change asks for little of it
        made = _Compiled(store.log.revision, classes, Tables(v4, v6, names), {})
        store.compiled[network] = made
        store.log.keep(max(_FEWEST_CHANGES, len(store) // _PREFIXES_A_CHANGE))
    elif changes:
        made.tables = _brought_up(store, network, made, changes)
        made.revision = store.log.revision
    return made


def _family(hearing: Hearing, subnets: Subnets, classes: RouteClasses) -> Family:
    version = hearing.version
    return Family(
        version,
        build(version, swept(hearing.everywhere(subnets, classes), version, classes)),
        FrozenPrefixes(version, *hearing.own()),
        FrozenPrefixes(version, subnets.records, hearing.routes(subnets)),
        FrozenPrefixes(version, *hearing.wan()),
        {other: FrozenPrefixes(version, records, there) for other, records, there in hearing.elsewhere()},
    )


@attrs.frozen
class _Touched:
    """The prefixes of one family where something came or went, by what that was."""

    own: set[Record] = attrs.field(factory=set)
    wan: set[Record] = attrs.field(factory=set)
    subnets: defaultdict[str, set[Record]] = attrs.field(factory=lambda: defaultdict(set))  # by virtual network

    def add(self, route: Routed, record: Record) -> None:
        if isinstance(route, SubnetRoute):
            self.subnets[str(route.virtual_network)].add(record)
        else:
            (self.own if isinstance(route, DeviceAddress) else self.wan).add(record)

    def records(self) -> set[Record]:
        return self.own.union(self.wan, *self.subnets.values())


def _brought_up(store: Store, network: str, made: _Compiled, changes: Iterable[Announcement]) -> Tables:
    """The tables after announcements came or went."""
    touched: dict[int, _Touched] = {}
    named: set[str] = set()
    families = {4: made.tables.v4, 6: made.tables.v6}
    names = made.tables.names
    for route in changes:
        if isinstance(route, HostnameRoute):
            named.add(name_key(route))
        else:
            number = number_of(route)
            version = 4 if number < FIRST_V6 else 6
            if version not in touched:
                touched[version] = _Touched()
            touched[version].add(route, record_of(number))
    for version, there in touched.items():
        families[version] = _changed(families[version], Hearing(store, version, network), made.classes, there)
    if named:
        names = names.changed({name: _hostname_routes(store, store.names.exact(name)) for name in named})
    return Tables(families[4], families[6], names)


def _changed(family: Family, hearing: Hearing, classes: RouteClasses, touched: _Touched) -> Family:
    """A family after something came or went at some prefixes; what lies inside them is swept again."""
    records = sorted(touched.records())
    if records[0][-1] == 0:
        return _family(hearing, hearing.subnets(classes), classes)
    spans: list[tuple[int, int, Ranges]] = []
    done = -1
    for record in records:
        first, last = span_of(record)
        if last > done:  # else it lies inside the one before
            around, told = hearing.around(record, classes), hearing.inside(record, classes)
            spans.append((first, last, _swept_span(record, (first, last), told, around, classes)))
            done = last
    here = touched.subnets.pop(hearing.network, set())
    elsewhere = {
        other: (family.elsewhere.get(other) or FrozenPrefixes(family.version, b"", [])).changed(
            hearing.elsewhere_at(other, records)
        )
        for other, records in touched.subnets.items()
    }
    return Family(
        family.version,
        family.trie.replaced_many(spans),
        family.own.changed(hearing.own_at(touched.own)),
        family.zero_trust.changed(hearing.subnets_at(here)),
        family.wan.changed(hearing.wan_at(touched.wan)),
        {**family.elsewhere, **elsewhere},
    )


def _swept_span(record: Record, span: tuple[int, int], told: Told, around: int, classes: RouteClasses) -> Ranges:
    """The ranges that prefixes make in one that they lie in, or are, with the class around it."""
    records, said = told
    version = 4 if len(record) == RECORD_SIZES[4] else 6
    if len(said) > 1 or (said and records != record):
        return swept(told, version, classes, (around, *span))
    high, low = halves(version, span[0])
    return Ranges((high,), (low,), (classes.join(around, said[0]) if said else around,))


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


def _hostname_routes(store: Store, ids: Iterable[int]) -> list[HostnameRoute]:
    return [route for route in store.held(ids) if isinstance(route, HostnameRoute)]


def _no_family(version: int) -> Family:
    prefixes = FrozenPrefixes[Any](version, b"", [])
    return Family(version, build(version, Ranges((0,), (0,), (0,))), prefixes, prefixes, prefixes, {})


#: For a vantage that hands everything to one tunnel: one class for all there is.
_NO_TABLES: Final = Tables(_no_family(4), _no_family(6), hostnames(()))
