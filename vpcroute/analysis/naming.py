"""The hostname routes for one name: which match it, which of them decides, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from vpcroute.analysis.explanation import (
    Condition,
    ConditionCode,
    Contender,
    Loss,
    LossReason,
    Status,
    Suffix,
    Way,
)
from vpcroute.analysis.sources import Source
from vpcroute.analysis.ways import is_in_force, through, withdrawn
from vpcroute.analysis.weighing import lost
from vpcroute.announcements import HostnameRoute
from vpcroute.fib.hostnames import match_name, matches_glob
from vpcroute.outcomes import best_for_name

__all__ = ["Found", "best", "contenders", "lookup", "suffixes", "without_all"]

#: Each hostname route with the number of labels of what it was found under.
Found = tuple[tuple[int, HostnameRoute], ...]

_HOW: Final = {
    "exact": "an exact route",
    "both": "a route of the name itself",
    "stored": "a stored record of the name itself",
    "one_label": "a wildcard",
    "glob": "a pattern of a form that Cloudflare refuses",
}


def lookup(source: Source, name: str) -> Found:
    """Everything that is found under a name and those above it, the longest first."""
    labels = name.split(".")
    above = [(len(labels) - i, ".".join(labels[i:])) for i in range(len(labels) + 1)]
    at = ((depth, sorted(source.at_name(suffix), key=lambda r: (r.match, r.hostname))) for depth, suffix in above)
    return tuple((depth, route) for depth, routes in at for route in routes)


def suffixes(name: str, found: Found) -> tuple[Suffix, ...]:
    """Where hostname routes were looked for."""
    labels = name.split(".")
    matching = _matching(name, found)
    tried = []
    for i in range(len(labels) + 1):
        there = [route for depth, route in found if depth == len(labels) - i]
        if i < len(labels) or there:
            fit = tuple(r for r in there if any(r is m for m in matching))
            tried.append(Suffix(".".join(labels[i:]), fit, tuple(r for r in there if not any(r is m for m in fit))))
    return tuple(tried)


def _matching(name: str, found: Found) -> list[HostnameRoute]:
    """The routes that match, the one that decides first."""
    c = match_name(name, found)
    globs = [route for _, route in found if route.match == "glob" and matches_glob(route.hostname, name)]
    sure = [c.exact, c.glob, *sorted(globs, key=lambda r: r.hostname), c.one_label, c.stored]
    return list({id(route): route for route in sure if route is not None}.values())


def best(name: str, found: Found) -> HostnameRoute | None:
    """The route that decides for the name, in force or not."""
    return best_for_name(match_name(name, found))


def contenders(name: str, found: Found) -> list[Contender]:
    """The routes that match a name, and what became of each."""
    decider = best(name, found)
    result = []
    for route in _matching(name, found):
        loss = _loss_of(route, decider)
        status = Status.WINS if loss is None else Status.LOST
        ways = () if loss is None else ways_of(route, name, found)
        result.append(Contender(route.pattern, route, status=status, lost_by=loss, would_win_if=ways))
    return result


def _loss_of(route: HostnameRoute, decider: HostnameRoute | None) -> Loss | None:
    if route is decider:
        if is_in_force(route):
            return None
        text = "not in force: it captures the name and carries nothing"
        return lost(LossReason.NOT_IN_FORCE, route.pattern, route.pattern, text)
    if decider is None or route.match == "stored":
        text = "one label above the name, and its record does not say whether it is a wildcard"
        against = None if decider is None else decider.match
        return lost(LossReason.STORED_WILDCARD, route.match, against, text, "hostname_route")
    if route.match == decider.match == "glob":
        text = f"the pattern {decider.pattern} comes first"
        return lost(LossReason.PATTERN_ORDER, route.pattern, decider.pattern, text, "hostname_exact")
    text = f"{_HOW[decider.match]}, {decider.pattern}, comes before {_below(route)}"
    return lost(LossReason.HOSTNAME_EXACT, route.match, decider.match, text)


def _below(route: HostnameRoute) -> str:
    return "patterns" if route.match == "glob" else "a wildcard"


def ways_of(route: HostnameRoute, name: str, found: Found, before: Way = ()) -> tuple[Way, ...]:
    """The ways for a route that matches a name to decide for it."""
    way = before
    if not is_in_force(route):
        if route.match == "glob":  # such a pattern never is
            return ()
        working = attrs.evolve(route, in_force=True)
        found, way, route = _swapped(found, route, working), (*way, through(route)), working
    if route is match_name(name, found).stored:
        wildcard = attrs.evolve(route, match="both")
        condition = Condition(ConditionCode.WILDCARD, None, f"the record of {route.hostname} is a wildcard", (route,))
        found, way, route = _swapped(found, route, wildcard), (*way, condition), wildcard
    gone = without_all(name, found, route)
    if best(name, _left(found, gone)) is not route:
        return ()
    return ((*way, withdrawn(gone)),) if gone else ((way,) if way else ())


def _swapped(found: Found, old: HostnameRoute, new: HostnameRoute) -> Found:
    return tuple((depth, new if route is old else route) for depth, route in found)


def without_all(name: str, found: Found, until: HostnameRoute | None = None) -> list[HostnameRoute]:
    """The routes that decide for a name one after the other, up to the one that is wanted, or all of them."""
    gone: list[HostnameRoute] = []
    while (route := best(name, _left(found, gone))) is not None and route is not until:
        gone.append(route)
    return gone


def _left(found: Found, gone: Sequence[HostnameRoute]) -> Found:
    return tuple((depth, route) for depth, route in found if not any(route is g for g in gone))
