"""The golden model: what becomes of an address or a name, by brute force, written from the rules and not from the code.

Every question scans every announcement with :mod:`ipaddress`. Nothing is indexed, nothing is shared with the package
but the classes that hold data. An answer is a :class:`Verdict`, or the code of the error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import product
from typing import Any, NamedTuple

from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.egress import ClientDevice, EcmpGroup, Egress, MeshNode, OnRamp, Tunnel
from vpcroute.ranges import DEFAULT_RESERVED, PROHIBITED, SPECIAL

Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network
Wan = WanRoute | BgpRoute
Routes = tuple[SubnetRoute, ...] | tuple[Wan, ...]
Place = tuple[str | None, str | None]
#: A connector; "gateway" or "gateway_dns"; the on-ramps of an ECMP group with their weights.
Identity = Tunnel | MeshNode | ClientDevice | OnRamp | str | frozenset[tuple[OnRamp, int]]

PRIORITIES = {60010: 10, 60050: 50, 60150: 150, 60200: 200, 60901: 501_000, 60902: 1_001_000}  # of 13335:…
PENALTY = {"healthy": 0, "degraded": 500_000, "down": 1_000_000}
OFFRAMPS = {Tunnel: "CFD_TUNNEL", MeshNode: "MESH", ClientDevice: "DEVICE_CLIENT", "gateway": "INTERNET"}


class Verdict(NamedTuple):
    """Which way out, whether for certain, and which others there may be."""

    offramp: str | None
    egress: Identity
    guaranteed: bool = True
    alternates: frozenset[Identity] = frozenset()


Answer = Verdict | str


def identity(egress: Egress) -> Identity:
    """What an egress of the package is here."""
    if isinstance(egress, EcmpGroup):
        return frozenset((member.onramp, member.weight) for member in egress.members)
    if isinstance(egress, (Tunnel, MeshNode, ClientDevice, OnRamp)):
        return egress
    return "gateway_dns" if egress.needs_dns else "gateway"


def contains(prefix: Prefix, ip: Address) -> bool:
    return prefix.version == ip.version and ip in prefix


def account_ranges(subnets: Iterable[tuple[str, Prefix]]) -> list[tuple[Prefix, str | None, str | None]]:
    """Reserved ranges, what they are refused as, and their kind; the account's own in place of the defaults."""
    own = list(subnets)
    replaced = {(kind, prefix.version) for kind, prefix in own}
    refusal: dict[object, str | None] = {r.reserved: r.refusal for r in DEFAULT_RESERVED}
    kept = [r for r in DEFAULT_RESERVED if (r.reserved, r.network.version) not in replaced]
    return [(r.network, r.refusal, r.reserved) for r in kept] + [(prefix, refusal[kind], kind) for kind, prefix in own]


@dataclass(frozen=True)
class Golden:
    """An account, and from where it is asked; subnet routes name their virtual network by id."""

    routes: Sequence[Announcement]
    default: str
    subnets: Sequence[tuple[str, Prefix]]
    health: Mapping[Any, str]  # by connector and place
    hosts: Mapping[str, Sequence[str]]
    network: str
    legacy: bool = False
    region: str | None = None
    colo: str | None = None

    def address(self, ip: Address) -> Answer:
        """The answer for an address."""
        if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        for route in (r for r in self.routes if isinstance(r, DeviceAddress) and r.address == ip):
            return _through(route.via)
        ranges = [(r[0], r[1]) for r in account_ranges(self.subnets)] + [(r.network, r.refusal) for r in PROHIBITED]
        around = [(prefix.prefixlen, i, refusal) for i, (prefix, refusal) in enumerate(ranges) if contains(prefix, ip)]
        if around:
            length, _, refusal = max(around)
            inside = [*self._zero_trust(ip)[:1], *self._wan(ip)]
            stopped = any(not r.in_force and _prefix(r).prefixlen >= length for r in inside)
            return "route_not_in_force" if stopped else str(refusal)
        strict, *others = self._readings(ip, (self.region, self.colo))
        places = self._open_places(ip)
        others += [reading for place in places for reading in self._readings(ip, place)]
        if not strict:
            reaches = any(winners and all(r.in_force for r in winners) for winners in others)
            dropped = "region_required" if places and reaches else "destination_ip_unroutable"
            return dropped if self._wan(ip) else self._default_routing(ip)
        here = self._outcome(strict, ip)
        if isinstance(here, str):
            return here
        differing = [o for o in (self._outcome(w, ip) for w in others) if isinstance(o, str) or o.egress != here.egress]
        alternates = frozenset(o.egress for o in differing if isinstance(o, Verdict))
        return here._replace(guaranteed=not differing, alternates=alternates)

    def name(self, name: str, answers: Iterable[Address] | None = None) -> Answer:
        """The answer for a name, of which the addresses may be known."""
        routes = [r for r in self.routes if isinstance(r, HostnameRoute)]
        parent = name.partition(".")[2]
        exact = [r for r in routes if r.hostname == name and r.match in ("exact", "stored", "both")]
        globs = [r for r in routes if r.match == "glob" and _glob(r.hostname).fullmatch(name)]
        below = [r for r in routes if r.hostname == parent and r.match in ("one_label", "both")]
        for route in [*exact, *globs, *below]:
            return _through(route.via) if route.in_force else "route_not_in_force"
        if answers is None and name in self.hosts:
            answers = [ip_address(text) for text in self.hosts[name]]
        found = [_through("gateway_dns")] if answers is None else [self.address(ip) for ip in answers]
        verdict = next((v for v in found if isinstance(v, Verdict)), found[0] if found else "dns_error")
        if isinstance(verdict, str):
            return verdict
        for route in [r for r in routes if r.hostname == parent and r.match == "stored"]:
            if route.via != verdict.egress or not route.in_force:
                more = {route.via} if route.in_force else set()
                return verdict._replace(guaranteed=False, alternates=verdict.alternates | more)
        return verdict

    def _zero_trust(self, ip: Address) -> list[SubnetRoute]:
        subnets = [r for r in self.routes if isinstance(r, SubnetRoute) and r.virtual_network == self.network]
        return sorted((r for r in subnets if contains(r.network, ip)), key=lambda r: -r.network.prefixlen)

    def _wan(self, ip: Address) -> list[Wan]:
        return [r for r in self.routes if isinstance(r, (WanRoute, BgpRoute)) and contains(r.prefix, ip)]

    def _open_places(self, ip: Address) -> list[Place]:
        """Every combination of what is not known, if a route is out of sight that may be in sight from one of them."""
        wan = [r for r in self._wan(ip) if isinstance(r, WanRoute)]
        hidden = [r for r in wan if not _seen(r, (self.region, self.colo))]
        if not any((r.regions and self.region is None) or (r.colos and self.colo is None) for r in hidden):
            return []
        connectors = {r.via for r in self._wan(ip)}
        places = {place for r in wan for place in (*r.regions, *r.colos)}
        places |= {place for connector, place in self.health if place and connector in connectors}
        regions = [self.region] if self.region else [None, *(p for p in places if p.isupper())]
        return list(product(regions, [self.colo] if self.colo else [None, *(p for p in places if p.islower())]))

    def _readings(self, ip: Address, place: Place) -> list[Routes]:
        zero_trust, seen = self._zero_trust(ip)[:1], [r for r in self._wan(ip) if _seen(r, place)]
        longest = max((r.prefix.prefixlen for r in seen), default=-1)
        ranks = {r: self._rank(r, place) for r in seen if r.prefix.prefixlen == longest}
        wan = tuple(r for r in ranks if ranks[r] == min(ranks.values()))
        if self.network != self.default:
            return [tuple(zero_trust)] if zero_trust else [wan, ()]
        if zero_trust and longest > zero_trust[0].network.prefixlen:
            return [tuple(zero_trust), wan] if self.legacy else [wan]
        return [tuple(zero_trust) or wan]

    def _rank(self, route: Wan, place: Place) -> tuple[int, bool]:
        states = (self.health.get((route.via, where)) for where in (place[1], place[0]) if where is not None)
        state = next((s for s in states if s), self.health.get((route.via, None), "healthy"))
        if isinstance(route, WanRoute):
            return route.priority + PENALTY[state], False
        base = min((p for number, p in PRIORITIES.items() if f"13335:{number}" in route.communities), default=100)
        extra = max(0, sum(asn == route.customer_asn for asn in route.as_path) - 1)
        return base + 10 * extra + PENALTY[state], True

    def _outcome(self, winners: Routes, ip: Address) -> Answer:
        if not winners:
            return self._default_routing(ip)
        if not all(r.in_force for r in winners):
            return "route_not_in_force"
        shares = Counter({r.via: 0 for r in winners})
        shares.update(via for r in winners for via in [r.via] * (getattr(r, "weight", None) or 1))
        return _through(next(iter(shares)) if len(shares) == 1 else frozenset(shares.items()))  # type: ignore[arg-type]

    def _default_routing(self, ip: Address) -> Answer:
        special = sorted((r for r in SPECIAL if contains(r.network, ip)), key=lambda r: r.network.prefixlen)
        return (special[-1].refusal if special else None) or _through("gateway")


def _through(egress: Identity) -> Verdict:
    kind = egress if isinstance(egress, str) else type(egress)
    return Verdict(None if kind == "gateway_dns" else OFFRAMPS.get(kind, "MAGIC"), egress)


def _prefix(route: SubnetRoute | Wan) -> Prefix:
    return route.network if isinstance(route, SubnetRoute) else route.prefix


def _seen(route: Wan, place: Place) -> bool:
    if isinstance(route, BgpRoute) or not (route.regions or route.colos):
        return True
    return place[0] in route.regions or place[1] in route.colos


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile("[^.]*".join(re.escape(part) for part in pattern.split("*")))
