"""Route table and vantage in, resolver out: which way an address goes is decided before it is asked for.

All prefixes of a family are swept in the order of their addresses. What is said at a prefix, and what the prefixes
around it say, make a *route class*: the candidates that can still decide, longest prefix first, without those that
cannot win any more. Announcements that decide alike fall together, so there are few classes, whatever the number of
prefixes. The tries lead from addresses to classes and are shared by all vantages of a virtual network; a vantage is a
table of outcomes by class.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.fib.names import NameMap
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.sweep import LENGTH_BITS, sweep
from vpcroute.fib.tables import Family, Tables
from vpcroute.fib.trie import build
from vpcroute.outcomes import through_tunnel
from vpcroute.precedence import AddressCandidates, Level, WanLike, base_priority
from vpcroute.ranges import SPECIAL, Range
from vpcroute.store import Store, name_key
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["compile_table"]


def compile_table(table: RouteTable, vantage: Vantage) -> Resolver:
    """The resolver for a vantage of a table as it is now.

    Raises:
        InvalidVantage: for what the table does not know.
    """
    with table.reading():
        stand = table.stand(vantage)
        if stand.tunnel is not None:
            everything = through_tunnel(stand.tunnel, stand.state)
            return Resolver(vantage, table.generation, _NO_TABLES, everything=everything, service=stand.service)
        assert stand.view is not None  # noqa: S101  (no tunnel, no service: the whole network)
        tables = _tables(table.store, stand.view.network.id)
        return Resolver(vantage, table.generation, tables, view=stand.view, hosts=table.hosts)


def _tables(store: Store, network: str) -> Tables:
    """The tables of a virtual network; those that were made last for it, if no announcement has changed since."""
    revision, made = store.compiled.get(network, (-1, None))
    if isinstance(made, Tables) and revision == store.revision:
        return made
    classes = _Classes()
    v4, v6 = (_family(store, version, network, classes) for version in (4, 6))
    tables = Tables(v4, v6, _names(store), classes.candidates)
    store.compiled[network] = store.revision, tables
    return tables


@attrs.frozen
class _Said:
    """What is said at one prefix, as far as it can decide anything."""

    owner: DeviceAddress | None = None
    reserved: Range | None = None
    zero_trust: SubnetRoute | None = None
    wan: tuple[WanLike, ...] = ()
    special: Range | None = None
    elsewhere: frozenset[str] = frozenset()


_NOTHING = _Said()


class _Classes:
    """Route classes by what is said at a prefix and around it; hash-consed.

    Attributes:
        candidates: what each class stands for.
        known: the class of a prefix by what is around it and what is said there, as :func:`sweep` keeps it.
    """

    def __init__(self) -> None:
        self.candidates: list[AddressCandidates] = []
        self.known: dict[int, int] = {}
        self._by_key: dict[Hashable, int] = {}
        self._said: list[_Said] = []
        self._said_by_key: dict[Hashable, int] = {}

    def said(self, said: _Said) -> int:
        """A number for what is said at a prefix, the same for all that decides alike."""
        key = (
            said.owner and said.owner.via,
            said.reserved,
            _zero_trust_key(said.zero_trust),
            _wan_keys(said.wan),
            said.special,
            said.elsewhere,
        )
        number = self._said_by_key.setdefault(key, len(self._said))
        if number == len(self._said):
            self._said.append(said)
        return number

    def join(self, around: int, said: int) -> int:
        """The class of a prefix where something is said, inside one of class `around` (-1: the whole family)."""
        outer = AddressCandidates() if around < 0 else self.candidates[around]
        return self._number(_joined(outer, self._said[said]))

    def _number(self, c: AddressCandidates) -> int:
        key = (
            c.owner and c.owner.via,
            c.reserved,
            tuple(
                (
                    level.zero_trust and _zero_trust_key(level.zero_trust),
                    tuple(sorted(map(_wan_key, level.wan), key=repr)),
                )
                for level in c.levels
            ),
            c.special,
            frozenset(c.elsewhere),
        )
        number = self._by_key.setdefault(key, len(self.candidates))
        if number == len(self.candidates):
            self.candidates.append(c)
        return number


def _joined(outer: AddressCandidates, said: _Said) -> AddressCandidates:
    """The candidates at a prefix inside others, without those that can decide nothing any more.

    The lengths of the levels are ranks: only their order matters.
    """
    if said.owner is not None:
        return AddressCandidates(owner=said.owner)
    reserved = said.reserved or outer.reserved
    rank = outer.levels[0].length + 1 if outer.levels else 1
    here = [Level(rank, said.zero_trust, said.wan)] if said.zero_trust is not None or said.wan else []
    if reserved is not None:
        # Only a route that is not in force can have a say inside a reserved range, and it must not be the shorter one.
        stopped = [level for level in here if _stopped(level)]
        return AddressCandidates(reserved=reserved, levels=stopped + ([] if said.reserved else list(outer.levels)))
    levels = list(_cut([*here, *outer.levels]))
    special = None if levels else said.special or outer.special
    elsewhere: frozenset[str] = frozenset()
    if not levels and special is not None and special.refusal is not None:
        elsewhere = said.elsewhere | frozenset(outer.elsewhere)
    return AddressCandidates(levels=levels, special=special, elsewhere=elsewhere)


def _stopped(level: Level) -> bool:
    return any(not r.in_force for r in (level.zero_trust, *level.wan) if r is not None)


def _cut(levels: list[Level]) -> Iterator[Level]:
    """The levels that can still decide: WAN up to the first route without scope, and everything up to Zero Trust."""
    wan_is_decided = False
    for level in levels:
        if level.zero_trust is not None:
            yield Level(level.length, level.zero_trust)
            return
        if not wan_is_decided:
            yield level
            wan_is_decided = any(not _is_scoped(r) for r in level.wan)


def _is_scoped(route: WanLike) -> bool:
    return isinstance(route, WanRoute) and bool(route.regions or route.colos)


def _zero_trust_key(route: SubnetRoute | None) -> Hashable:
    if route is None or route.in_force:
        return route and route.via
    return route.via, route.network  # a refusal names the prefix, so routes that may be refused stay apart


def _wan_keys(routes: Sequence[WanLike]) -> Hashable:
    return tuple(sorted(map(_wan_key, routes), key=repr))


def _wan_key(route: WanLike) -> Hashable:
    apart = route.prefix if _is_scoped(route) or not route.in_force else None
    if isinstance(route, BgpRoute):
        return "bgp", route.via, base_priority(route), apart
    return "static", route.via, route.priority, route.weight, route.regions, route.colos, route.in_force, apart


def _family(store: Store, version: int, network: str, classes: _Classes) -> Family:
    subnets = list(_subnets(store, version, network))
    said = _said_by_prefix(store, version, network, subnets, classes)
    starts, numbers = sweep(32 if version == 4 else 128, said, classes.known, classes.join)
    del said
    trie = build(version, starts, numbers)
    del starts, numbers
    return Family(
        version,
        trie,
        FrozenPrefixes(version, _own(store, version)),
        FrozenPrefixes(version, subnets),
        FrozenPrefixes(version, _wan(store, version)),
        {
            other: FrozenPrefixes(version, ((packed, length, None) for packed, length, _ in tree.of(version)))
            for other, tree in store.zero_trust_trees()
            if other != network
        },
    )


def _own(store: Store, version: int) -> Iterator[tuple[bytes, int, tuple[DeviceAddress | None, Range | None]]]:
    for packed, length, ids in store.own.of(version):
        owner = next((a for a in store.held(ids) if isinstance(a, DeviceAddress)), None)
        yield packed, length, (owner, store.range_of(ids))


def _subnets(store: Store, version: int, network: str) -> Iterator[tuple[bytes, int, SubnetRoute]]:
    for packed, length, ids in store.zero_trust(network).of(version):
        route = store[ids[0]]
        assert isinstance(route, SubnetRoute)  # noqa: S101  (nothing else is in this tree)
        yield packed, length, route


def _wan(store: Store, version: int) -> Iterator[tuple[bytes, int, tuple[WanRoute | BgpRoute, ...]]]:
    for packed, length, ids in store.wan.of(version):
        yield packed, length, tuple(r for r in store.held(ids) if isinstance(r, (WanRoute, BgpRoute)))


def _said_by_prefix(
    store: Store, version: int, network: str, subnets: Iterable[tuple[bytes, int, SubnetRoute]], classes: _Classes
) -> dict[int, int]:
    """What is said at each prefix, by the prefix's key; the whole family always says something."""
    few: dict[int, _Said] = {0: _NOTHING}
    for special in SPECIAL:
        if special.network.version == version:
            key = int(special.network.network_address) << LENGTH_BITS | special.network.prefixlen
            few[key] = attrs.evolve(few.get(key, _NOTHING), special=special)
    for packed, length, (owner, reserved) in _own(store, version):
        key = int.from_bytes(packed) << LENGTH_BITS | length
        few[key] = attrs.evolve(few.get(key, _NOTHING), owner=owner, reserved=reserved)
    for other, tree in store.zero_trust_trees():
        if other != network:
            for packed, length, _ in tree.of(version):
                key = int.from_bytes(packed) << LENGTH_BITS | length
                said = few.get(key, _NOTHING)
                few[key] = attrs.evolve(said, elsewhere=said.elsewhere | {other})
    for packed, length, routes in _wan(store, version):
        key = int.from_bytes(packed) << LENGTH_BITS | length
        few[key] = attrs.evolve(few.get(key, _NOTHING), wan=routes)
    many: dict[int, int] = {}
    alike: dict[int, int] = {}  # by the connector's identity: hashing it for each route would take longer than the rest
    for packed, length, route in subnets:
        key = int.from_bytes(packed) << LENGTH_BITS | length
        if key in few:
            few[key] = attrs.evolve(few[key], zero_trust=route)
        elif route.in_force:
            number = alike.get(id(route.via))
            if number is None:
                number = alike[id(route.via)] = classes.said(_Said(zero_trust=route))
            many[key] = number
        else:
            many[key] = classes.said(_Said(zero_trust=route))
    many.update((key, classes.said(said)) for key, said in few.items())
    return many


def _names(store: Store) -> NameMap:
    exact: dict[str, HostnameRoute] = {}
    one_label: dict[str, HostnameRoute] = {}
    stored: dict[str, HostnameRoute] = {}
    globs: dict[str, tuple[HostnameRoute, ...]] = {}
    for id_ in store.ids("kind", "hostname"):
        route = store[id_]
        assert isinstance(route, HostnameRoute)  # noqa: S101  (that is the kind)
        if route.match == "glob":
            globs[name_key(route)] = (*globs.get(name_key(route), ()), route)
            continue
        if route.match != "one_label":
            exact[route.hostname] = route
        if route.match in ("one_label", "both"):
            one_label[route.hostname] = route
        if route.match == "stored":
            stored[route.hostname] = route
    return NameMap(exact, one_label, stored, globs)


def _no_family(version: int) -> Family:
    trie = build(version, [0], [0])
    return Family(
        version, trie, FrozenPrefixes(version, ()), FrozenPrefixes(version, ()), FrozenPrefixes(version, ()), {}
    )


#: For a vantage that hands everything to one tunnel: one class for all there is.
_NO_TABLES = Tables(_no_family(4), _no_family(6), NameMap({}, {}, {}, {}), ())
