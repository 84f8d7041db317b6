"""What becomes of an address or a name: a decision with its egress, or a refusal with its reason.

:mod:`vpcroute.precedence` has the theory, and says which of several routes win. Here stand the steps around that:
owners, reserved ranges, default routing; and the winners become the egress, the remarks and the alternates of an
answer. An outcome does not name the address it was asked for, so that all addresses of a range can share one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, SubnetRoute, VpcService, WanRoute
from vpcroute.egress import EcmpGroup, EcmpMember, Egress, Gateway, Health, OnRamp, Tunnel
from vpcroute.errors import printable
from vpcroute.precedence import (
    AddressCandidates,
    NameCandidates,
    View,
    WanLike,
    Winners,
    prefix_of,
    readings,
    strict_winners,
)
from vpcroute.ranges import Range
from vpcroute.remarks import Candidate, Remark, RemarkCode

__all__ = [
    "Decision",
    "GatewayRole",
    "Outcome",
    "Refusal",
    "best_for_name",
    "decide_address",
    "decide_name",
    "decide_service",
    "destination",
    "destination_text",
    "maybe_stored",
    "needs_dns",
    "stopped_inside",
    "through_tunnel",
]

GatewayRole = Literal["inspected", "unspecified", "none_documented"]


@attrs.frozen
class Decision:
    """An outcome that lets traffic out; the fields are those of a resolution."""

    egress: Egress
    route: Announcement | None
    gateway: GatewayRole
    guaranteed: bool = True
    alternates: tuple[Candidate, ...] = ()
    remarks: tuple[Remark, ...] = ()


@attrs.frozen
class Refusal:
    """An outcome that lets nothing out: the code, text and hint of the error, without the address."""

    code: str
    message: str
    hint: str | None = None


Outcome = Decision | Refusal

_NOT_IN_FORCE_HINT: Final = "it captures its addresses or names but carries nothing: mend it or delete it"


def decide_address(c: AddressCandidates, view: View) -> Outcome:
    """The outcome for an address that `c` covers, seen from `view`."""
    if c.owner is not None:
        return _decision((c.owner,), view)
    if c.reserved is not None:
        return _in_reserved(c, c.reserved)
    first, *others = readings(c, view)
    scoped = [winners for winners, reason in others if reason is RemarkCode.SCOPE_UNKNOWN and winners]
    if not first[0] and any(isinstance(_decision(winners, view), Decision) for winners in scoped):
        return _region_required(c, view, others)
    if not first[0]:
        return _out_of_scope(c) if any(c.wan) else _default_routing(c, view)
    outcome = _decision(first[0], view)
    if isinstance(outcome, Refusal):
        return outcome
    alternatives = [
        (_decision(winners, view) if winners else _default_routing(c, view), reason)
        for winners, reason in dict.fromkeys(others)
        if reason is not None
    ]
    return _with_others(outcome, alternatives, c, view)


def destination(c: AddressCandidates, view: View) -> Egress | Refusal:
    """Where :func:`decide_address` leads, without the rest of the outcome.

    The other readings decide only where the strict one has no winner.
    """
    winners = () if c.owner is not None or c.reserved is not None else strict_winners(c, view)
    if winners:
        return _way(winners)
    outcome = decide_address(c, view)
    return outcome.egress if isinstance(outcome, Decision) else outcome


def _decision(winners: Sequence[Announcement], view: View) -> Outcome:
    """The outcome of routes that won together."""
    egress = _way(winners)
    if isinstance(egress, Refusal):
        return egress
    route = winners[0] if len(winners) == 1 else min(winners, key=_stable)
    return Decision(egress, route, "unspecified", remarks=_remarks(egress, winners, view))


def _way(winners: Sequence[Announcement]) -> Egress | Refusal:
    for route in winners:
        if not getattr(route, "in_force", True):
            text = f"the route to {destination_text(route)} is not in force"
            return Refusal("route_not_in_force", text, _NOT_IN_FORCE_HINT)
    return _egress(winners)


def destination_text(route: Announcement) -> str:
    """What an announcement is for: a prefix, an address, or a name or pattern."""
    if isinstance(route, HostnameRoute):
        return route.pattern
    return str(route.address if isinstance(route, DeviceAddress) else prefix_of(route))


def _stable(route: Announcement) -> tuple[str, str, str]:
    """An order that does not depend on the order of announcing."""
    return route.via.name or "", route.via.id or "", repr(route)


def _egress(winners: Sequence[Announcement]) -> Egress:
    if len(winners) == 1:
        return winners[0].via
    weights: dict[OnRamp, int] = {}
    for route in winners:
        if isinstance(route.via, OnRamp):
            weight = route.weight if isinstance(route, WanRoute) and route.weight is not None else 1
            weights[route.via] = weights.get(route.via, 0) + weight
    if len(weights) == 1:
        return next(iter(weights))
    return EcmpGroup(tuple(EcmpMember(onramp, weight) for onramp, weight in weights.items()))


def _remarks(egress: Egress, routes: Sequence[Announcement], view: View) -> tuple[Remark, ...]:
    ordered = routes if len(routes) == 1 else sorted(routes, key=_stable)
    remarks = [remark for route in ordered for remark in view.findings.get(route, ())]
    onramps = [m.onramp for m in egress.members] if isinstance(egress, EcmpGroup) else [egress]
    states = {view.state(connector) for connector in onramps if not isinstance(connector, Gateway)}
    if states == {"down"}:
        if isinstance(egress, (OnRamp, EcmpGroup)):
            remarks.append(Remark(RemarkCode.ONRAMP_DOWN, "down, and still the best way there is"))
        else:
            text = "the route wins, but its connector is down"
            remarks.append(Remark(RemarkCode.DESTINATION_UNAVAILABLE, text, routes[0]))
    elif "degraded" in states and isinstance(egress, (OnRamp, EcmpGroup)):
        remarks.append(Remark(RemarkCode.ONRAMP_DEGRADED, "degraded, and still the best way there is"))
    return tuple(remarks)


def _with_others(
    decision: Decision, others: Iterable[tuple[Outcome, RemarkCode]], c: AddressCandidates, view: View
) -> Decision:
    """`decision` with what else may happen: other egresses as alternates, and why as remarks."""
    alternates: dict[Egress, Candidate] = {}
    reasons: dict[RemarkCode, None] = {}
    for outcome, reason in others:
        if isinstance(outcome, Decision):
            if outcome.egress == decision.egress:
                continue
            alternates.setdefault(outcome.egress, Candidate(outcome.egress, outcome.route))
        reasons[reason] = None
    remarks = [*decision.remarks, *(Remark(reason, _WHY_OPEN[reason]) for reason in reasons)]
    zero_trust = next((level.zero_trust for level in c.levels if level.zero_trust is not None), None)
    if isinstance(decision.egress, (OnRamp, EcmpGroup)) and view.network.is_default and zero_trust is not None:
        text = f"legacy mode would prefer the shorter Zero Trust route to {zero_trust.network}"
        remarks.append(Remark(RemarkCode.ROUTING_MODE_DIFFERS, text, zero_trust))
    connectors = dict.fromkeys([r.via for r in c.wan] + ([] if zero_trust is None else [zero_trust.via]))
    varying = sorted(v.name or v.id or "" for v in connectors if view.state_is_open(v))
    if varying:
        text = f"the state of {printable(', '.join(varying))} differs by place, and the place is not given"
        remarks.append(Remark(RemarkCode.HEALTH_VARIES, text))
    return attrs.evolve(decision, guaranteed=not reasons, alternates=tuple(alternates.values()), remarks=tuple(remarks))


_WHY_OPEN: Final[Mapping[RemarkCode, str]] = {
    RemarkCode.LEGACY_LONGER_WAN: "in legacy mode a longer WAN route may win instead",
    RemarkCode.VIRTUAL_NETWORK_FALLBACK: "the fallback from a virtual network to WAN routes is not promised",
    RemarkCode.SCOPE_UNKNOWN: "a route of some regions or data centres covers the address, and the place is not given",
}


def _in_reserved(c: AddressCandidates, reserved: Range) -> Refusal:
    route = stopped_inside(c)
    if route is not None:
        text = f"the route to {prefix_of(route)} is not in force: it lies in {reserved.network}, {reserved.name}"
        return Refusal("route_not_in_force", text, _NOT_IN_FORCE_HINT)
    text = f"{reserved.network} is not for destinations: {reserved.name}"
    return Refusal(str(reserved.refusal), text, reserved.hint)


def stopped_inside(c: AddressCandidates) -> SubnetRoute | WanLike | None:
    """The route that is not in force, inside a reserved range, which addresses of that are refused for; if any."""
    inside = [level for level in c.levels if level.length >= c.reserved_length]
    routes = (route for level in inside for route in (level.zero_trust, *level.wan))
    return next((route for route in routes if route is not None and not route.in_force), None)


def _out_of_scope(c: AddressCandidates) -> Refusal:
    scopes = sorted({f"{r.prefix} in {_scope(r)}" for r in c.wan})
    hint = f"announced elsewhere: {'; '.join(scopes[:5])}"
    return Refusal("destination_ip_unroutable", "no WAN route that covers the address is in scope here", hint)


def _default_routing(c: AddressCandidates, view: View) -> Outcome:
    if c.special is None or c.special.refusal is None:
        return Decision(Gateway(), None, "inspected")
    message = f"no route covers the address, and {c.special.network} ({c.special.name}) does not lead to the Internet"
    return Refusal(c.special.refusal, message, _elsewhere_hint(c.elsewhere, view))


def _scope(route: WanLike) -> str:
    return ", ".join((*route.regions, *route.colos)) if isinstance(route, WanRoute) else "all regions"


def _elsewhere_hint(elsewhere: Collection[str], view: View) -> str:
    if not elsewhere:
        return "announce a route that covers it"
    networks = ", ".join(sorted({view.network_names.get(id_, id_) for id_ in elsewhere}))
    here = printable(view.network.name)
    return f"a route exists in virtual network {printable(networks)}, which is not seen from {here}"


def _region_required(c: AddressCandidates, view: View, others: Iterable[tuple[Winners, RemarkCode | None]]) -> Refusal:
    names = sorted({str(_prefix_and_scope(r)) for winners, _ in others for r in winners})
    return Refusal(
        "region_required",
        "whether and where the address is routed depends on the region or data centre",
        f"say from where: {'; '.join(names[:5])}",
    )


def _prefix_and_scope(route: SubnetRoute | WanLike) -> str:
    scope = "" if isinstance(route, SubnetRoute) else f" in {_scope(route)}"
    return f"{prefix_of(route)}{scope} leads to {printable(route.via.name or route.via.id or '')}"


def best_for_name(c: NameCandidates) -> HostnameRoute | None:
    """The route that decides for a name; None if no route is sure to match it."""
    return c.exact or c.glob or c.one_label


def decide_name(c: NameCandidates, view: View) -> Outcome | None:
    """The outcome for a name by its hostname routes; None if no route is sure to match it."""
    route = best_for_name(c)
    return None if route is None else _decision((route,), view)


def maybe_stored(decision: Decision, stored: HostnameRoute | None) -> Decision:
    """`decision` for a name that a stored record one label above it would take if it is a wildcard."""
    if stored is None or (stored.in_force and stored.via == decision.egress):
        return decision
    text = f"the stored route {stored.hostname} may be a wildcard: Cloudflare's record does not say"
    return attrs.evolve(
        decision,
        guaranteed=False,
        alternates=(*decision.alternates, *([Candidate(stored.via, stored)] if stored.in_force else [])),
        remarks=(*decision.remarks, Remark(RemarkCode.STORED_WILDCARD_BELOW, text, stored)),
    )


def needs_dns() -> Decision:
    """The outcome for a name without a hostname route while its addresses are not known: Gateway resolves it."""
    return Decision(Gateway(needs_dns=True), None, "inspected")


def through_tunnel(tunnel: Tunnel, state: Health) -> Decision:
    """The outcome for every destination of a ``tunnel_id`` binding; it never falls back to Gateway."""
    text = "the connector is down"
    remarks = (Remark(RemarkCode.DESTINATION_UNAVAILABLE, text),) if state == "down" else ()
    return Decision(tunnel, None, "none_documented", remarks=remarks)


def decide_service(service: VpcService, scheme: str) -> tuple[str, int] | Refusal:
    """The host and port that a VPC Service stands for, by the scheme of the URL; the URL's own port has no say.

    Source: cloudflare-docs, workers-vpc/configuration/vpc-services and workers-vpc/api.
    """
    if service.type == "tcp":
        return Refusal("invalid_vantage", f"service {printable(service.name)} is a TCP service", "use Hyperdrive")
    ports = {"http": service.http_port, "https": service.https_port}
    if not any(ports.values()):
        ports = {"http": 80, "https": 443}
    port = ports[scheme]
    if port is None:
        served = next(s for s, p in ports.items() if p is not None)
        message = f"service {printable(service.name)} does not serve {scheme}"
        return Refusal("invalid_address", message, f"it serves {served} only")
    return str(service.ipv4 or service.ipv6 or service.hostname), port
