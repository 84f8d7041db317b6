"""The steps of a decision about one address, in the order of the rules, each with what it found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from vpcroute.address import Target
from vpcroute.analysis.explanation import RULE, Effect, Step
from vpcroute.analysis.sources import Elsewhere
from vpcroute.analysis.weighing import Case, called, listed, what
from vpcroute.announcements import Announcement, BgpRoute, SubnetRoute, WanRoute
from vpcroute.errors import printable
from vpcroute.outcomes import Outcome, Refusal, destination_text
from vpcroute.precedence import (
    HEALTH_PENALTY,
    AddressCandidates,
    Level,
    View,
    WanLike,
    base_priority,
    effective_priority,
    scope_of,
    strict_winners,
)
from vpcroute.ranges import Range

__all__ = ["address_steps", "step"]

#: The documents behind the ranges that Cloudflare says it drops.
_PRIVATE: Final = frozenset({"RFC 1918", "RFC 6598"})


def step(code: str, effect: Effect, text: str, routes: Iterable[Announcement] = ()) -> Step:
    """A step by the code of its rule."""
    return Step(RULE[code], effect, text, tuple(routes))


def address_steps(target: Target, case: Case, elsewhere: Sequence[Elsewhere], outcome: Outcome) -> tuple[Step, ...]:
    """The steps that led from what covers an address to its outcome; the last one decided."""
    *before, last = _steps(target, case, elsewhere, outcome)
    return (*before, attrs.evolve(last, effect=Effect.DECIDED))


def _steps(target: Target, case: Case, elsewhere: Sequence[Elsewhere], outcome: Outcome) -> Iterator[Step]:
    c, view = case.candidates, case.view
    code = outcome.code if isinstance(outcome, Refusal) else None
    if c.owner is not None:
        yield step("own_address", Effect.APPLIED, f"{target.host} is {called(c.owner.via)}'s own address", [c.owner])
        return
    yield step("own_address", Effect.PASSED, f"no device or Mesh node has {target.host}")
    if c.reserved is not None:
        yield step("reserved_range", Effect.APPLIED, f"it lies in {_range(c.reserved)}")
        if code == "route_not_in_force":
            yield step("not_in_force", Effect.APPLIED, "a route that lies in the range is not in force")
        return
    yield step("reserved_range", Effect.PASSED, "it lies in no reserved or prohibited range")
    if elsewhere:
        names = sorted({printable(view.network_names.get(e.network, e.network)) for e in elsewhere})
        text = f"not seen from {printable(view.network.name)}: routes in {listed(names)}"
        yield step("virtual_network", Effect.APPLIED, text)
    yield from _by_prefix(c, view)
    won = strict_winners(c, view)
    if won:
        yield from _by_priority(c, view, won)
        if code == "route_not_in_force":
            yield step("not_in_force", Effect.APPLIED, f"{destination_text(won[0])} carries nothing", won)
    elif code != "region_required":
        yield step("longest_prefix", Effect.PASSED, "no route in sight covers it")
        yield from _without_route(c)


def _range(found: Range) -> str:
    return f"{found.network}, {found.name}"


def _by_prefix(c: AddressCandidates, view: View) -> Iterator[Step]:
    """Which routes are in sight, which prefixes they have, and what is said between Zero Trust and WAN."""
    won = strict_winners(c, view)
    seen = [(level, _seen(level, view)) for level in c.levels]
    zero_trust = [level for level, _ in seen if level.zero_trust is not None]
    here, is_default = printable(view.network.name), view.network.is_default
    if not is_default and any(wan for _, wan in seen):
        if zero_trust:
            text = f"{here} has a route of its own, so WAN is not asked"
            yield step("wan_fallback", Effect.APPLIED, text)
        else:
            text = f"{here} has no route of its own; the fallback to WAN is not promised"
            yield step("wan_fallback", Effect.OPEN, text)
    unseen = [r for r in c.wan if not view.sees(r)]
    if unseen:
        effect = Effect.OPEN if any(map(view.might_see, unseen)) else Effect.APPLIED
        what_is_where = listed((f"{what(r)} only in {listed(scope_of(r))}" for r in unseen), "; ")
        yield step("scope", effect, f"not seen {_place(view)}: {what_is_where}")
    if not won:
        return
    in_sight = (
        zero_trust
        if zero_trust and not is_default
        else [level for level, wan in seen if level.zero_trust is not None or wan]
    )
    lengths = [f"/{level.length}" for level in in_sight]
    only = f"{lengths[0]} is the only prefix in sight that covers it"
    text = f"{lengths[0]} is the longest of {', '.join(lengths)}" if len(lengths) > 1 else only
    yield step("longest_prefix", Effect.APPLIED, text, won)
    if is_default and zero_trust and won[0] is zero_trust[0].zero_trust:
        yield from _by_zero_trust(zero_trust[0].length, [level.length for level, wan in seen if wan], won)


def _place(view: View) -> str:
    places = [place for place in (view.region, view.colo) if place is not None]
    return f"from {' and '.join(places)}" if places else "where no place is given"


def _by_zero_trust(length: int, wan: Sequence[int], won: Sequence[Announcement]) -> Iterator[Step]:
    """What a Zero Trust route of some length has over the WAN routes in sight, whose lengths are given."""
    if length in wan:
        text = f"/{length} is announced in Zero Trust and in WAN; Zero Trust wins"
        yield step("zero_trust_tie", Effect.APPLIED, text, won)
    if wan and max(wan) > length:
        text = f"/{length} of Zero Trust wins over /{max(wan)} of WAN, but not for certain"
        yield step("legacy_zero_trust", Effect.OPEN, text, won)


def _by_priority(c: AddressCandidates, view: View, won: Sequence[SubnetRoute | WanLike]) -> Iterator[Step]:
    """What is said among the WAN routes of the prefix that won."""
    level = next((level for level in c.levels if any(r is won[0] for r in level.wan)), None)
    routes = [] if level is None else _seen(level, view)
    if len(routes) < 2:
        return
    ranked = sorted(routes, key=lambda r: effective_priority(r, view.state(r.via)))
    ranks = [effective_priority(r, view.state(r.via)) for r in ranked]
    ranking = listed(f"{called(r.via)} {rank}" for r, rank in zip(ranked, ranks, strict=True))
    best = [r for r, rank in zip(ranked, ranks, strict=True) if rank == ranks[0]]
    bgp = [r for r in routes if isinstance(r, BgpRoute)]
    if bgp:
        bases = listed(f"{called(r.via)} {base_priority(r)}" for r in bgp)
        yield step("bgp_base", Effect.APPLIED, f"priority of BGP routes before health: {bases}", bgp)
    prepended = [r for r in bgp if _mentions(r) > 1]
    if prepended:
        text = listed(f"{called(r.via)} has AS{r.customer_asn} {_mentions(r)} times" for r in prepended)
        yield step("bgp_prepend", Effect.APPLIED, text, prepended)
    ill = [(r, state) for r in routes for state in [view.state(r.via)] if state != "healthy"]
    if ill:
        text = listed(f"{called(r.via)} is {state}: +{HEALTH_PENALTY[state]}" for r, state in ill)
        yield step("health_penalty", Effect.APPLIED, text, [r for r, _ in ill])
    yield step("priority", Effect.APPLIED, f"effective priorities: {ranking}", best)
    if len(won) < len(best):
        yield step("static_before_bgp", Effect.APPLIED, f"priority {ranks[0]} is static's and BGP's; static wins", won)
    if len(won) > 1:
        yield step("ecmp", Effect.APPLIED, f"equal, and share the flows: {listed(map(_share, won))}", won)


def _mentions(route: BgpRoute) -> int:
    """How often the customer's own number stands in the path."""
    return route.as_path.count(route.customer_asn) if route.customer_asn is not None else 0


def _share(route: SubnetRoute | WanLike) -> str:
    weight = route.weight if isinstance(route, WanRoute) and route.weight is not None else 1
    return f"{called(route.via)} ({weight})"


def _seen(level: Level, view: View) -> list[WanLike]:
    return [route for route in level.wan if view.sees(route)]


def _without_route(c: AddressCandidates) -> Iterator[Step]:
    special = c.special
    if any(c.wan):
        yield step("scope_dropped", Effect.APPLIED, "no WAN route that covers it is in scope, so it is dropped")
    elif special is None or special.refusal is None:
        yield step("default_public", Effect.APPLIED, "it is public: it leaves through Gateway")
    else:
        code = "default_private" if special.source in _PRIVATE else "default_special"
        yield step(code, Effect.APPLIED, f"it lies in {_range(special)}, so it is dropped")
