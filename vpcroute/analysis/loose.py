"""Route classes that still say what decides when all routes of any one connector are gone.

Those of :mod:`vpcroute.classes` end where nothing shorter can win. These end where nothing shorter could win whichever
one connector were taken away, so that the outcome without it can be decided from the class alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpcroute.classes import RouteClasses, Said, is_stopped
from vpcroute.egress import Connector
from vpcroute.precedence import AddressCandidates, Level, scope_of

__all__ = ["LooseClasses", "connectors_of", "without"]

_NOTHING_AROUND = AddressCandidates()


class LooseClasses(RouteClasses):
    """Route classes without regard to any one connector."""

    def join(self, around: int, said: int) -> int:
        """The class of a prefix where something is said, inside one of class `around` (-1: the whole family)."""
        outer = _NOTHING_AROUND if around < 0 else self.candidates[around]
        return self._number(_joined(outer, self._said[said]))


def _joined(outer: AddressCandidates, said: Said) -> AddressCandidates:
    reserved = said.reserved or outer.reserved
    special = said.special or outer.special
    rank = outer.levels[0].length + 1 if outer.levels else 1
    here = [Level(rank, said.zero_trust, said.wan)] if said.zero_trust is not None or said.wan else []
    if reserved is None:
        return AddressCandidates(owner=said.owner, levels=list(_cut([*here, *outer.levels])), special=special)
    # Inside a reserved range only a route that is not in force has a say, and it must not be the shorter one.
    inside = [] if said.reserved else outer.levels
    stopped = [level for level in here if is_stopped(level)]
    return AddressCandidates(owner=said.owner, reserved=reserved, levels=[*stopped, *inside])


def _cut(levels: list[Level]) -> Iterator[Level]:
    """The levels up to two Zero Trust routes of different connectors, without what has no say whoever goes.

    WAN routes have a say up to the second connector with a route that ends the search: a Zero Trust route or a WAN
    route without scope.
    """
    zero_trust: set[Connector] = set()
    ended: set[Connector] = set()
    for level in levels:
        route = level.zero_trust
        if route is not None and route.via in zero_trust:
            route = None
        if route is not None:
            zero_trust.add(route.via)
            ended.add(route.via)
        wan = [] if len(ended) > 1 else [r for r in level.wan if r.via not in ended]
        ended.update(r.via for r in wan if not scope_of(r))
        if route is not None or wan:
            yield Level(level.length, route, tuple(wan))
        if len(zero_trust) > 1:
            return


def connectors_of(c: AddressCandidates) -> set[Connector]:
    """The connectors that have a part in a class."""
    found: set[Connector] = {route.via for route in c.wan}
    found.update(level.zero_trust.via for level in c.levels if level.zero_trust is not None)
    return found if c.owner is None else found | {c.owner.via}


def without(c: AddressCandidates, gone: Connector) -> AddressCandidates:
    """What is left of a class without a connector."""
    levels = [left for level in c.levels for left in [_without(level, gone)] if left.zero_trust or left.wan]
    owner = None if c.owner is None or c.owner.via == gone else c.owner
    return AddressCandidates(owner=owner, reserved=c.reserved, levels=levels, special=c.special)


def _without(level: Level, gone: Connector) -> Level:
    route = level.zero_trust
    if route is not None and route.via == gone:
        route = None
    if route is level.zero_trust and not level.wan:
        return level
    return Level(level.length, route, tuple(other for other in level.wan if other.via != gone))
