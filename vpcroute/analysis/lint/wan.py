"""What lint finds among WAN routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from itertools import product

import attrs

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.ground import Span
from vpcroute.analysis.lint.seen import Seen
from vpcroute.analysis.weighing import called, listed, what
from vpcroute.announcements import BgpRoute, SubnetRoute, WanRoute
from vpcroute.edges import Version
from vpcroute.egress import Connector
from vpcroute.errors import printable
from vpcroute.precedence import AddressCandidates, Level, WanLike, scope_of, strict_winners
from vpcroute.vantage import REGIONS

__all__ = ["beside_zero_trust", "down", "duplicate_members", "ipv6", "same_prefix", "without_region"]


def same_prefix(seen: Seen, version: Version, span: Span) -> SubnetRoute | None:
    """The Zero Trust route of a prefix in the default virtual network, if that is looked at."""
    return seen.terrain.grounds[version].subnets(seen.default.id).at(span) if seen.home else None


def beside_zero_trust(seen: Seen) -> Iterator[LintFinding]:
    """WAN routes of the prefix of a Zero Trust route, and in legacy mode longer ones."""
    for version, span, routes in seen.wan():
        subnet = same_prefix(seen, version, span)
        if subnet is not None:
            fallbacks = [hidden.fallback for r in routes if (hidden := seen.hidden.get(id(r))) is not None]
            rest = "".join(
                f"; only the fallback from virtual network {printable(seen.view.network_names[network])} may use it"
                for network in dict.fromkeys(fallbacks)
                if network is not None
            )
            text = f"{_all(routes)} always loses to Zero Trust, {what(subnet)}{rest}"
            yield seen.found(LintCode.ZERO_TRUST_OVER_WAN, text, (*routes, subnet))
        elif seen.home and seen.is_legacy:
            carrying = [route for route in routes if seen.carries(route)]
            shorter = seen.terrain.grounds[version].subnets(seen.default.id).covering(span[0], 0)
            around = next((route for outer, route in shorter if outer[2] < span[2]), None)
            if around is not None and carrying:
                text = f"{_all(carrying)} is inside {what(around)}, which may win instead"
                yield seen.found(LintCode.LEGACY_LONGER_WAN, text, (*carrying, around))


def _all(routes: Sequence[WanLike]) -> str:
    return f"{routes[0].prefix} through {listed(called(route.via) for route in routes)}"


def without_region(seen: Seen) -> Iterator[LintFinding]:
    """Prefixes that have routes in some regions or data centres only."""
    home = [scene for scene in seen.home if scene.colo is None]
    asked = {region for scene in home for region in (REGIONS if scene.region is None else {scene.region})}
    routed = REGIONS & {place for _, _, routes in seen.wan() for route in routes for place in scope_of(route)}
    for version, span, routes in seen.wan():
        if not all(map(scope_of, routes)):
            continue
        gaps: dict[str, int] = {}
        elsewhere = seen.terrain.gap(version, span, home[0], (None, None)) if asked - routed else None
        for region in sorted(asked):
            gap = elsewhere
            if region in routed:
                gap = seen.terrain.gap(version, span, home[0], (region, None))
            if gap is not None:
                gaps[region] = gap
        if gaps:
            address = (IPv4Address if version == 4 else IPv6Address)(next(iter(gaps.values())))
            scopes = listed(sorted({place for route in routes for place in scope_of(route)}))
            where = ", ".join(gaps) if len(gaps) < len(REGIONS) else "every other data centre"
            text = f"{routes[0].prefix} has routes in {scopes} only; traffic for {address} from {where} is dropped"
            yield seen.found(LintCode.REGION_WITHOUT_ROUTE, text, routes)


def duplicate_members(seen: Seen) -> Iterator[LintFinding]:
    """Static routes that say the same but for weight and id."""
    for _, _, routes in seen.wan():
        alike: defaultdict[tuple[object, ...], list[WanRoute]] = defaultdict(list)
        for route in routes:
            if isinstance(route, WanRoute):
                alike[route.via, route.priority, route.regions, route.colos].append(route)
        for first, *more in alike.values():
            if more:
                weight = sum(route.weight or 1 for route in (first, *more))
                text = f"{what(first)} is routed {len(more) + 1} times at priority {first.priority}"
                yield seen.found(LintCode.DUPLICATE_MEMBER, f"{text}: one member of weight {weight}", (*more, first))


def ipv6(seen: Seen) -> Iterator[LintFinding]:
    """IPv6 routes where Cloudflare does not support them."""
    for version, _, routes in seen.wan():
        if version == 6:
            wrong = routes if seen.is_legacy else tuple(route for route in routes if route.via.kind == "cni")
            if wrong:
                why = "in legacy mode" if seen.is_legacy else "over an interconnect (CNI)"
                yield seen.found(LintCode.WAN_IPV6, f"{_all(wrong)}: IPv6 is not supported {why}", wrong)


# On-ramps that are down


def down(seen: Seen) -> Iterator[LintFinding]:
    """Routes that win while all their on-ramps are down, by the state that is known now."""
    alone: defaultdict[Connector, dict[WanLike, None]] = defaultdict(dict)
    places: defaultdict[Connector, dict[str, None]] = defaultdict(dict)
    for _, _, routes in seen.wan():
        groups: dict[tuple[WanLike, ...], dict[str, None]] = {}
        for where, winners in _down_here(seen, routes):
            groups.setdefault(winners, {})[where] = None
        for winners, there in groups.items():
            vias = dict.fromkeys(route.via for route in winners)
            if len(vias) > 1:
                text = f"{_all(winners)}: all of them are down{_from(there)}"
                yield seen.found(LintCode.ECMP_ALL_DOWN, text, winners)
            else:
                alone[winners[0].via].update(dict.fromkeys(winners))
                places[winners[0].via].update(there)
    for via, best in alone.items():
        prefixes = listed(str(route.prefix) for route in best)
        text = f"{called(via)} is down{_from(places[via])} and is still the best way to {prefixes}"
        yield seen.found(LintCode.ONRAMP_DOWN, text, best)


def _down_here(seen: Seen, routes: Sequence[WanLike]) -> Iterator[tuple[str, tuple[WanLike, ...]]]:
    """The places where the best of some routes of one prefix are all down, and those routes."""
    health = seen.view.health
    if not seen.home or not any("down" in health.get(route.via, {}).values() for route in routes):
        return
    named = {place for r in routes for place in (*scope_of(r), *health.get(r.via, ())) if place is not None}
    for region, colo in product([None, *sorted(named & REGIONS)], [None, *sorted(named - REGIONS)]):
        view = attrs.evolve(seen.view, region=region, colo=colo)
        best = strict_winners(AddressCandidates(levels=[Level(0, None, routes)]), view)
        winners = tuple(route for route in best if isinstance(route, (WanRoute, BgpRoute)) and seen.carries(route))
        if winners and all(view.state(route.via) == "down" for route in winners):
            yield " ".join(place for place in (region, colo) if place is not None), winners


def _from(places: Iterable[str]) -> str:
    """Where that is so; nothing if it is where no place is given."""
    return "" if "" in places else f" from {listed(places)}"
