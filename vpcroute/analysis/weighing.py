"""The candidates for one address, held against what won: which step decided against each, and by which values.

What wins is said by :mod:`vpcroute.precedence`; here it is only asked why another one did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from vpcroute.analysis.explanation import RULE, Loss, LossReason
from vpcroute.analysis.sources import Elsewhere
from vpcroute.announcements import Announcement, BgpRoute, SubnetRoute, WanRoute
from vpcroute.egress import Connector
from vpcroute.errors import printable
from vpcroute.outcomes import destination_text
from vpcroute.precedence import (
    AddressCandidates,
    View,
    WanLike,
    base_priority,
    effective_priority,
    prefix_of,
    scope_of,
    strict_winners,
)
from vpcroute.ranges import Range

__all__ = ["Case", "called", "deciders", "each_route", "holds", "listed", "loss_of", "lost", "what"]


_MOST_LISTED: Final = 5


@attrs.frozen(eq=False)
class Case:
    """What covers one address, in the light of one view."""

    candidates: AddressCandidates
    view: View


def called(connector: Connector) -> str:
    """A connector's name, or else its id, safe to print."""
    return printable(connector.name or connector.id or "")


def what(route: Announcement) -> str:
    """A route for people: its destination and its connector."""
    return f"{destination_text(route)} through {called(route.via)}"


def listed(texts: Iterable[str], between: str = ", ") -> str:
    """Some texts in a row, each once; of many the first ones, and how many there are more."""
    every = list(dict.fromkeys(texts))
    rest = len(every) - _MOST_LISTED
    return between.join(every if rest <= 1 else [*every[:_MOST_LISTED], f"and {rest} more"])


def deciders(case: Case) -> Sequence[Announcement]:
    """The announcements that the address goes to, in force or not; nothing where a range or default routing decides."""
    c = case.candidates
    if c.owner is not None:
        return (c.owner,)
    return () if c.reserved is not None else strict_winners(c, case.view)


def holds(route: Announcement, among: Sequence[Announcement]) -> bool:
    """Whether this very route is among others."""
    return any(other is route for other in among)


def each_route(c: AddressCandidates) -> Iterator[Announcement]:
    """Every announcement that covers the address and is seen or might be, the longest first."""
    if c.owner is not None:
        yield c.owner
    for level in c.levels:
        if level.zero_trust is not None:
            yield level.zero_trust
        yield from level.wan


def lost(reason: LossReason, own: object, against: object, text: str, rule: str | None = None) -> Loss:
    """A loss by the rule that is called as the reason, or by another one."""
    return Loss(reason, RULE[rule or str(reason)], own, against, text)


def loss_of(route: Announcement | Range | Elsewhere, case: Case, won: Sequence[Announcement]) -> Loss | None:
    """Why a candidate is not among the winners; None for one that is, or for a range that ends the search.

    Args:
        route: the candidate.
        case: what covers the address.
        won: what :func:`deciders` says of the case.
    """
    c, view = case.candidates, case.view
    if c.owner is not None and route is not c.owner:
        own, address = _destination(route), str(c.owner.address)
        text = f"{address} is {called(c.owner.via)}'s own address, which is asked for first"
        return lost(LossReason.OWN_ADDRESS, own, address, text)
    if isinstance(route, Range):
        return None
    if c.reserved is not None and route is not c.owner:
        return _lost_to_range(route, c, c.reserved)
    if isinstance(route, Elsewhere):
        there, here = view.network_names.get(route.network, route.network), view.network.name
        text = f"virtual network {printable(there)} is not seen from {printable(here)}"
        return lost(LossReason.VIRTUAL_NETWORK, there, here, text)
    if holds(route, won):
        return _lost_to_stopped(route, won)
    if isinstance(route, (WanRoute, BgpRoute)) and not view.sees(route):
        return _lost_by_scope(route, view)
    assert isinstance(route, (SubnetRoute, WanRoute, BgpRoute))  # noqa: S101  (an owner is among the winners)
    return _lost_to_routes(route, view, won)


def _destination(route: Announcement | Range | Elsewhere) -> str:
    if isinstance(route, Range):
        return str(route.network)
    return str(route.prefix) if isinstance(route, Elsewhere) else destination_text(route)


def _lost_to_range(route: Announcement | Elsewhere, c: AddressCandidates, reserved: Range) -> Loss:
    inside = [r for level in c.levels if level.length >= c.reserved_length for r in (level.zero_trust, *level.wan)]
    stopped = next((r for r in inside if r is not None and not r.in_force), None)
    if stopped is not None and route is stopped:
        text = f"not in force: it lies in {reserved.network}, {reserved.name}"
        return lost(LossReason.NOT_IN_FORCE, destination_text(route), str(reserved.network), text)
    text = f"reserved range {reserved.network} is more specific than any route: {reserved.name}"
    return lost(LossReason.RESERVED_RANGE, _destination(route), str(reserved.network), text)


def _lost_to_stopped(route: Announcement, won: Sequence[Announcement]) -> Loss | None:
    """Of a winner: why it carries nothing all the same, if so."""
    stopped = [r for r in won if not getattr(r, "in_force", True)]
    if not stopped:
        return None
    mine, first = destination_text(route), destination_text(stopped[0])
    if holds(route, stopped):
        return lost(LossReason.NOT_IN_FORCE, mine, mine, "not in force: it captures the address and carries nothing")
    text = f"an equal route, {what(stopped[0])}, is not in force and captures the address"
    return lost(LossReason.NOT_IN_FORCE, mine, first, text)


def _lost_by_scope(route: WanLike, view: View) -> Loss:
    scope, place = scope_of(route), tuple(p for p in (view.region, view.colo) if p is not None)
    text = f"scope {listed(scope)} "
    if view.might_see(route):
        missing = "region" if isinstance(route, WanRoute) and route.regions and view.region is None else "data centre"
        text += f"may include the place: no {missing} is given"
    else:
        text += f"does not include {' or '.join(place)}"
    return lost(LossReason.SCOPE, scope, place, text)


def _lost_to_routes(route: SubnetRoute | WanLike, view: View, won: Sequence[Announcement]) -> Loss:
    best = won[0]
    assert isinstance(best, (SubnetRoute, WanRoute, BgpRoute))  # noqa: S101  (what is seen loses to such a one only)
    mine, length = prefix_of(route).prefixlen, prefix_of(best).prefixlen
    wan = isinstance(route, (WanRoute, BgpRoute))
    if wan and isinstance(best, SubnetRoute) and not view.network.is_default:
        network = printable(view.network.name)
        text = f"WAN is a fallback only where {network} has no route, and it has {what(best)}"
        return lost(LossReason.WAN_FALLBACK, destination_text(route), destination_text(best), text)
    if mine < length:
        return lost(LossReason.LONGEST_PREFIX, mine, length, f"/{mine} < /{length}")
    if isinstance(best, SubnetRoute):
        if mine == length:
            text = f"/{mine} = /{length}: Zero Trust beats WAN at equal length"
            return lost(LossReason.ZERO_TRUST_TIE, mine, length, text)
        text = f"/{mine} > /{length}, but in legacy mode Zero Trust wins, if not for certain"
        return lost(LossReason.LEGACY_ZERO_TRUST, mine, length, text)
    assert isinstance(route, (WanRoute, BgpRoute))  # noqa: S101  (a Zero Trust route of that length would have won)
    return _lost_by_priority(route, best, view)


def _lost_by_priority(route: WanLike, best: WanLike, view: View) -> Loss:
    mine, least = (effective_priority(r, view.state(r.via)) for r in (route, best))
    if mine == least:
        text = f"effective priority {mine} = {least}: static before BGP"
        return lost(LossReason.STATIC_BEFORE_BGP, mine, least, text)
    state = view.state(route.via)
    text = f"effective priority {mine} > {least}"
    details = [f"{called(route.via)} is {state}"] if state != "healthy" else []
    if isinstance(route, BgpRoute):
        details.append(f"base priority {base_priority(route)} of a BGP route")
    return lost(LossReason.PRIORITY, mine, least, ": ".join([text, ", ".join(details)]) if details else text)
