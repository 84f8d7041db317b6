"""Which announcement wins, and why: the rules, evaluated on what covers one address or one name.

Theory of operation
-------------------
A destination is decided in steps; the first step that has an answer ends the search. :data:`RULES` lists them with
their sources, in this order:

1. A **hostname route** decides for its name, whatever address the name has.
2. An address that is a **device's or Mesh node's own** goes to its owner.
3. A **reserved or prohibited range** that covers the address ends the search: nothing announced can take it.
4. Otherwise **longest prefix** decides among the Zero Trust routes of the virtual network and the WAN routes that the
   place can see. At equal length Zero Trust wins. In legacy mode a Zero Trust route wins at any length, but not for
   certain. Outside the default network only that network's Zero Trust routes are seen; WAN is a fallback.
5. Among WAN routes of one prefix the lowest **effective priority** wins: base priority plus a penalty for the health of
   the on-ramp. Then static before BGP; what is still equal shares the flows (ECMP).
6. With no route, **default routing**: public addresses leave through Gateway, all others are dropped.

Steps 4 and 5, where routes compete, are here (:func:`readings`). The others need no comparing: they are taken in
:func:`vpcroute.outcomes.decide_address` and :func:`vpcroute.outcomes.decide_name`, around these.

Health never removes a route, so it never makes a shorter prefix win. Where question or document leave the answer open
(legacy mode, the fallback, a scoped route when the place is not known), the answer is the one of the rules read
strictly, ``guaranteed`` is false, and the other outcomes stand in ``alternates``.

The candidates come in, longest prefix first, from whoever searched for them: the reference reads them from the route
table's trees for one address, the compiler gathers them for every range of addresses at once, and a resolver that is
asked for more than the egress reads them from the announcements that it carries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal

import attrs

from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    SubnetRoute,
    VirtualNetwork,
    WanRoute,
)
from vpcroute.egress import Connector, Health
from vpcroute.ranges import IPNetwork, Range
from vpcroute.remarks import Remark, RemarkCode
from vpcroute.vantage import REGIONS, RoutingMode

__all__ = [
    "BGP_BASE_PRIORITY",
    "COMMUNITY_PRIORITY",
    "HEALTH_PENALTY",
    "RULES",
    "AddressCandidates",
    "Level",
    "NameCandidates",
    "Rule",
    "View",
    "WanLike",
    "Winners",
    "base_priority",
    "effective_priority",
    "prefix_of",
    "readings",
    "scope_of",
    "strict_winners",
]

Basis = Literal["documented", "inferred", "proposed"]
WanLike = WanRoute | BgpRoute


@attrs.frozen
class Rule:
    """One rule of route selection: what it says, how sure it is, and where it is written."""

    code: str
    statement: str
    basis: Basis
    source: str


_TS = "cloudflare-docs: partials/networking-services/reference/traffic-steering.mdx"
_LPM = "cloudflare-docs: partials/networking-services/reference/longest-prefix-match.mdx"
_HC = "cloudflare-docs: partials/networking-services/reference/tunnel-health-checks.mdx"
_ZTTUN = "cloudflare-docs: partials/networking-services/cloudflare-wan/zero-trust/tunnel.mdx"
_VNET = "cloudflare-docs: partials/networking-services/virtual-networks-concept.mdx"
_RES = "cloudflare-docs: cloudflare-one/networks/routes/reserved-ips.mdx"
_ORD = "cloudflare-docs: partials/cloudflare-one/gateway/order-of-enforcement.mdx"
_GW = "cloudflare-docs: changelog/workers-vpc/2026-06-05-gateway-egress.mdx"
_VPCN = "cloudflare-docs: workers-vpc/configuration/vpc-networks/index.mdx"
_HFMT = "cloudflare-docs: partials/cloudflare-one/tunnel/hostname-format-restrictions.mdx"

#: The rules, in the order in which they are asked.
RULES: Final[tuple[Rule, ...]] = tuple(
    Rule(code, statement, basis, source)  # type: ignore[arg-type]
    for code, statement, basis, source in [
        ("tunnel_binding", "a tunnel_id binding hands every destination to that tunnel", "inferred", _VPCN),
        ("hostname_route", "a hostname route decides before any address is looked at", "documented", _ZTTUN),
        ("hostname_exact", "an exact hostname route beats a wildcard", "proposed", _HFMT),
        (
            "name_addresses",
            "any other name goes where the first of its addresses goes that has a way",
            "proposed",
            _ORD,
        ),
        ("own_address", "a device's or Mesh node's address goes to its owner", "documented", _RES),
        ("reserved_range", "reserved ranges are more specific than any route", "documented", _RES),
        ("virtual_network", "the routes of other virtual networks are not seen", "documented", _VNET),
        ("wan_fallback", "a network that is not the default may fall back to WAN routes", "documented", _VNET),
        ("scope", "a scoped WAN route exists only in its regions and data centres", "documented", _TS),
        ("longest_prefix", "the longest prefix wins, whatever its priority or health", "documented", _LPM),
        ("zero_trust_tie", "at equal length Zero Trust beats WAN, whatever the priority", "documented", _TS),
        (
            "legacy_zero_trust",
            "in legacy mode Zero Trust wins over a longer WAN route, not for certain",
            "proposed",
            _TS,
        ),
        ("bgp_base", "a BGP route has priority 100, or what its communities say", "documented", _TS),
        ("bgp_prepend", "each additional mention of the customer's ASN adds 10", "documented", _TS),
        ("health_penalty", "degraded adds 500000 to the priority, down 1000000", "documented", _HC),
        ("priority", "the lowest effective priority wins", "documented", _TS),
        ("static_before_bgp", "at equal effective priority static beats BGP", "documented", _TS),
        ("ecmp", "equal routes share the flows in proportion to their weights", "documented", _TS),
        ("not_in_force", "a route that is not in force captures its addresses and carries nothing", "proposed", _RES),
        ("scope_dropped", "where no covering WAN route is in scope, traffic is dropped", "documented", _TS),
        ("default_public", "a public address without a route leaves through Gateway", "documented", _GW),
        ("default_private", "a private address without a route is dropped", "documented", _TS),
        ("default_special", "any other special-purpose address without a route is dropped", "proposed", _TS),
    ]
)

#: What the health of an on-ramp adds to the priority of its routes (source: tunnel-health-checks).
HEALTH_PENALTY: Final[Mapping[Health, int]] = {"healthy": 0, "degraded": 500_000, "down": 1_000_000}

#: The base priority of a BGP route without one of the communities below (source: traffic-steering).
BGP_BASE_PRIORITY: Final = 100

#: The base priority that a community gives a BGP route; of several the lowest holds (source: traffic-steering).
COMMUNITY_PRIORITY: Final[Mapping[str, int]] = {
    "13335:60010": 10,
    "13335:60050": 50,
    "13335:60150": 150,
    "13335:60200": 200,
    "13335:60901": 501_000,
    "13335:60902": 1_001_000,
}

_PREPEND_PENALTY: Final = 10


def base_priority(route: WanLike) -> int:
    """A WAN route's priority before health.

    Cloudflare's page gives 180 for 13335:60150 with two prepends where its own rule gives 170; the rule is followed.
    """
    if isinstance(route, WanRoute):
        return route.priority
    base = min((COMMUNITY_PRIORITY[c] for c in route.communities if c in COMMUNITY_PRIORITY), default=BGP_BASE_PRIORITY)
    mentions = 0 if route.customer_asn is None else route.as_path.count(route.customer_asn)
    return base + _PREPEND_PENALTY * max(0, mentions - 1)


def effective_priority(route: WanLike, health: Health) -> int:
    """A WAN route's priority with the penalty for its on-ramp's health; the lowest wins."""
    return base_priority(route) + HEALTH_PENALTY[health]


@attrs.frozen(eq=False)
class View:
    """What the rules need to know of a question to the whole network, and of the state of things when it was asked.

    Attributes:
        network: the virtual network that is looked in.
        network_names: the names of all virtual networks, by id.
        mode: the account's routing mode.
        region, colo: the place, as far as it is known.
        health: state by connector, and there by place: a colo, a region, or None for everywhere else.
        findings: remarks by the announcement they are about.
    """

    network: VirtualNetwork
    network_names: Mapping[str, str]
    mode: RoutingMode
    region: str | None
    colo: str | None
    health: Mapping[Connector, Mapping[str | None, Health]]
    findings: Mapping[Announcement, tuple[Remark, ...]]

    def state(self, connector: Connector) -> Health:
        """A connector's state here: by colo, else by region, else everywhere, else healthy."""
        places = self.health.get(connector)
        if places is None:
            return "healthy"
        for place in (self.colo, self.region):
            if place is not None and place in places:
                return places[place]
        return places.get(None, "healthy")

    def state_is_open(self, connector: Connector) -> bool:
        """Whether a connector's state depends on what is not known of the place."""
        places = self.health.get(connector, {}).keys() - {None}
        if self.colo is not None and self.colo in places:
            return False
        return (self.colo is None and bool(places - REGIONS)) or (self.region is None and bool(places & REGIONS))

    def sees(self, route: WanLike) -> bool:
        """Whether a WAN route is in the tables of this place, as far as the place is known."""
        if isinstance(route, BgpRoute) or not (route.regions or route.colos):
            return True
        return self.region in route.regions or self.colo in route.colos

    def might_see(self, route: WanLike) -> bool:
        """Whether a WAN route that is not seen would be, if the place were known better."""
        if isinstance(route, BgpRoute) or self.sees(route):
            return False
        return bool(self.region is None and route.regions) or bool(self.colo is None and route.colos)


@attrs.frozen
class Level:
    """The routes of one prefix that covers an address.

    Attributes:
        length: the length of the prefix; only the order of the levels of one address matters.
        zero_trust: the subnet route of the virtual network, or None.
        wan: the WAN routes.
    """

    length: int
    zero_trust: SubnetRoute | None = None
    wan: Sequence[WanLike] = ()


@attrs.frozen
class AddressCandidates:
    """Everything that covers one address.

    Attributes:
        owner: the announcement of exactly this address as a device's or Mesh node's own.
        reserved: the longest reserved or prohibited range.
        reserved_length: the length of its prefix.
        levels: the routes, longest prefix first.
        special: the longest special-purpose range.
        elsewhere: the ids of other virtual networks that have a route; they are not seen from here.
    """

    owner: DeviceAddress | None = None
    reserved: Range | None = None
    reserved_length: int = 0
    levels: Sequence[Level] = ()
    special: Range | None = None
    elsewhere: Collection[str] = ()

    @property
    def wan(self) -> Iterator[WanLike]:
        """Every WAN route, in sight or not."""
        return (route for level in self.levels for route in level.wan)


@attrs.frozen
class NameCandidates:
    """The hostname routes that match one name.

    Attributes:
        exact: the route of the name itself; from an index that has decided already, whichever route is sure.
        glob: a route of a form that Cloudflare refuses, never in force.
        one_label: the wildcard route one label above.
        stored: a stored record one label above, which may be a wildcard.
    """

    exact: HostnameRoute | None = None
    glob: HostnameRoute | None = None
    one_label: HostnameRoute | None = None
    stored: HostnameRoute | None = None


# What wins in one reading of the rules: a Zero Trust route, or equal WAN routes; nothing means default routing.
Winners = tuple[SubnetRoute, ...] | tuple[WanLike, ...]


def readings(c: AddressCandidates, view: View) -> list[tuple[Winners, RemarkCode | None]]:
    """The winners by the strict reading, then those of each other reading that is open, with why it is open."""
    found = list(_readings_here(c, view))
    for region, colo in _open_places(c, view):
        there = attrs.evolve(view, region=region, colo=colo)
        found += [(winners, RemarkCode.SCOPE_UNKNOWN) for winners, _ in _readings_here(c, there)]
    return found


def strict_winners(c: AddressCandidates, view: View) -> Winners:
    """The winners by the strict reading alone."""
    return next(_readings_here(c, view))[0]


def _readings_here(c: AddressCandidates, view: View) -> Iterator[tuple[Winners, RemarkCode | None]]:
    zero_trust = next((level for level in c.levels if level.zero_trust is not None), None)
    wan_length, wan = _best_wan(c.levels, view)
    if zero_trust is None or zero_trust.zero_trust is None:
        yield wan, None
        if wan and not view.network.is_default:
            yield (), RemarkCode.VIRTUAL_NETWORK_FALLBACK
        return
    longer_wan = bool(wan) and wan_length > zero_trust.length and view.network.is_default
    if longer_wan and view.mode == "unified":
        yield wan, None
        return
    yield (zero_trust.zero_trust,), None
    if longer_wan:
        yield wan, RemarkCode.LEGACY_LONGER_WAN


def _open_places(c: AddressCandidates, view: View) -> list[tuple[str | None, str | None]]:
    """The places that may decide otherwise, where a scoped route covers the address and it is not known to be there.

    Beside the places of those routes these are the ones where an on-ramp's state differs: a region and a colo can
    change the outcome together where neither does alone.
    """
    if not any(view.might_see(route) for route in c.wan):
        return []
    named = {place for route in c.wan for place in (*scope_of(route), *view.health.get(route.via, ()))} - {None}
    regions = [None, *sorted(named & REGIONS)] if view.region is None else [view.region]
    colos = [None, *sorted(named - REGIONS)] if view.colo is None else [view.colo]
    return [(region, colo) for colo in colos for region in regions if (region, colo) != (view.region, view.colo)]


def scope_of(route: WanLike) -> tuple[str, ...]:
    """The regions and data centres that a WAN route is limited to; none for a route without scope."""
    return (*route.regions, *route.colos) if isinstance(route, WanRoute) else ()


def _best_wan(levels: Sequence[Level], view: View) -> tuple[int, tuple[WanLike, ...]]:
    """Length and equal winners of the longest prefix that has a WAN route in sight; no winners if none has."""
    for level in levels:
        best: tuple[int, bool] | None = None
        winners: tuple[WanLike, ...] = ()
        for route in level.wan:
            if view.sees(route):
                rank = effective_priority(route, view.state(route.via)), isinstance(route, BgpRoute)
                if best is None or rank < best:
                    best, winners = rank, (route,)
                elif rank == best:
                    winners += (route,)
        if winners:
            return level.length, winners
    return 0, ()


def prefix_of(route: SubnetRoute | WanLike) -> IPNetwork:
    """The prefix of a route, whatever the API calls it."""
    return route.network if isinstance(route, SubnetRoute) else route.prefix
