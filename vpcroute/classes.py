"""Route classes: what the addresses of a range can be decided by, hash-consed.

What is said at a prefix, and what the prefixes around it say, make a class: the candidates that can still decide,
longest prefix first, without those that cannot win any more. Announcements that decide alike fall together, so there
are few classes, whatever the number of prefixes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from vpcroute.announcements import BgpRoute, DeviceAddress, SubnetRoute
from vpcroute.egress import Connector
from vpcroute.precedence import AddressCandidates, Level, WanLike, base_priority, scope_of
from vpcroute.ranges import Range

__all__ = ["RouteClasses", "Said", "is_stopped"]


@attrs.frozen
class Said:
    """What is said at one prefix, as far as it can decide anything."""

    owner: DeviceAddress | None = None
    reserved: Range | None = None
    zero_trust: SubnetRoute | None = None
    wan: tuple[WanLike, ...] = ()
    special: Range | None = None
    elsewhere: frozenset[str] = frozenset()


class RouteClasses:
    """Route classes by what is said at a prefix and around it; they are only added to.

    Attributes:
        candidates: what each class stands for.
        known: the class of a prefix by what is around it and what is said there, as :func:`sweep` keeps it; the
            compiler may forget it.
        by_onramp: the classes that a WAN route through a connector has a part in.
    """

    def __init__(self) -> None:
        self.candidates: list[AddressCandidates] = []
        self.known: dict[int, int] = {}
        self.by_onramp: dict[Connector, list[int]] = {}
        self._by_key: dict[Hashable, int] = {}
        self._said: list[Said] = []
        self._is_subnet: list[bool] = []
        self._alone: dict[int, int] = {}
        self._said_by_key: dict[Hashable, int] = {}

    def said(self, said: Said) -> int:
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
            self._is_subnet.append(said.zero_trust is not None and said == Said(zero_trust=said.zero_trust))
        return number

    def what(self, number: int) -> Said:
        """What a number stands for: announcements that decide as those do that it was given for."""
        return self._said[number]

    def is_subnet(self, number: int) -> bool:
        """Whether a number stands for what a subnet route says, and nothing else."""
        return self._is_subnet[number]

    def join(self, around: int, said: int) -> int:
        """The class of a prefix where something is said, inside one of class `around` (-1: the whole family)."""
        outer = _NOTHING_AROUND if around < 0 else self.candidates[around]
        here = self._said[said]
        if here.zero_trust is None or here.wan or here.owner or here.reserved or outer.reserved:
            return self._number(_joined(outer, here))
        # What decides alone is the same whatever is around it; with many connectors most pairs are of this kind.
        number = self._alone.get(said)
        if number is None:
            number = self._alone[said] = self._number(_joined(outer, here))
        return number

    def number(self, c: AddressCandidates) -> int:
        """The class of some candidates: the same for all that decide alike."""
        return self._number(_reduced(c))

    def _number(self, c: AddressCandidates) -> int:
        key = (
            c.owner and c.owner.via,
            c.reserved,
            tuple((level.zero_trust and _zero_trust_key(level.zero_trust), _wan_keys(level.wan)) for level in c.levels),
            c.special,
            frozenset(c.elsewhere),
        )
        number = self._by_key.setdefault(key, len(self.candidates))
        if number == len(self.candidates):
            self.candidates.append(c)
            for onramp in {route.via for route in c.wan}:
                self.by_onramp.setdefault(onramp, []).append(number)
        return number


_NOTHING_AROUND: Final = AddressCandidates()


def _joined(outer: AddressCandidates, said: Said) -> AddressCandidates:
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
        stopped = [level for level in here if is_stopped(level)]
        return AddressCandidates(reserved=reserved, levels=stopped + ([] if said.reserved else list(outer.levels)))
    return _reduced(
        AddressCandidates(
            levels=[*here, *outer.levels],
            special=said.special or outer.special,
            elsewhere=said.elsewhere | frozenset(outer.elsewhere),
        )
    )


def _reduced(c: AddressCandidates) -> AddressCandidates:
    """Candidates without those that can decide nothing."""
    if c.owner is not None:
        return AddressCandidates(owner=c.owner)
    if c.reserved is not None:
        return AddressCandidates(reserved=c.reserved, levels=c.levels)
    levels = list(_cut(c.levels))
    return AddressCandidates(levels=levels) if levels else AddressCandidates(special=c.special, elsewhere=c.elsewhere)


def is_stopped(level: Level) -> bool:
    """Whether a prefix has a route that is not in force."""
    return any(not r.in_force for r in (level.zero_trust, *level.wan) if r is not None)


def _cut(levels: Iterable[Level]) -> Iterator[Level]:
    """The levels that can still decide: WAN up to the first route without scope, and everything up to Zero Trust."""
    wan_is_decided = False
    for level in levels:
        if level.zero_trust is not None:
            yield Level(level.length, level.zero_trust)
            return
        if not wan_is_decided:
            yield level
            wan_is_decided = any(not scope_of(r) for r in level.wan)


def _zero_trust_key(route: SubnetRoute | None) -> Hashable:
    if route is None or route.in_force:
        return route and route.via
    return route.via, route.network  # a refusal names the prefix, so routes that may be refused stay apart


def _wan_keys(routes: Sequence[WanLike]) -> Hashable:
    return tuple(sorted(map(_wan_key, routes), key=repr))


def _wan_key(route: WanLike) -> Hashable:
    apart = route.prefix if scope_of(route) or not route.in_force else None
    if isinstance(route, BgpRoute):
        return "bgp", route.via, base_priority(route), apart
    return "static", route.via, route.priority, route.weight, route.regions, route.colos, route.in_force, apart
