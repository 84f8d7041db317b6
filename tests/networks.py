"""Networks in tests, beside :mod:`vpcroute.strategies`: rivals, the golden model, every vantage, questions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from itertools import product
from typing import Any

import attrs
from golden import Golden, account_ranges, contains
from hypothesis import Phase
from hypothesis import strategies as st

from vpcroute import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    RouteTable,
    SubnetRoute,
    Vantage,
    WanRoute,
)
from vpcroute.fields import IPAddress
from vpcroute.ranges import PROHIBITED, IPNetwork, ReservedKind
from vpcroute.strategies import SERVICES, TUNNELS, VIRTUAL_NETWORKS, Network
from vpcroute.strategies.pools import REGIONS
from vpcroute.strategies.routes import edges_of, names_around, prefix_of
from vpcroute.vantage import RoutingMode

#: Shrinking a network takes minutes; it is for whoever looks for the cause, with ``VPCROUTE_SHRINK=1``.
PHASES = tuple(Phase) if os.environ.get("VPCROUTE_SHRINK") else (Phase.explicit, Phase.generate)

_MODES: tuple[RoutingMode | None, ...] = (None, "legacy", "unified")
NETWORK_VANTAGES = tuple(
    Vantage(virtual_network=network, region=region, colo=colo, routing_mode=mode)
    for network, region, colo, mode in product(
        (None, "vnet-default", "staging", "vnet-prod"), (None, *REGIONS), (None, "den01"), _MODES
    )
)
EVERY_VANTAGE = (
    *NETWORK_VANTAGES,
    *(Vantage(tunnel_id=t.name or t.id) for t in (TUNNELS[1], TUNNELS[2])),
    *(Vantage(service_id=s.id) for s in SERVICES),
)


def golden_of(network: Network, vantage: Vantage) -> Golden:
    """The golden model of a network, from a vantage on the whole of it."""
    asked = vantage.virtual_network
    ids = [v.id for v in VIRTUAL_NETWORKS if asked in (v.id, v.name)]
    return Golden(
        routes=network.routes,
        default=network.default.id,
        subnets=network.subnets,
        health=network.health,
        hosts=network.hosts,
        network=ids[0] if ids else network.default.id,
        legacy=(vantage.routing_mode or network.mode) == "legacy",
        region=vantage.region,
        colo=vantage.colo,
    )


def empty_table(mode: RoutingMode = "unified") -> RouteTable:
    """A table that knows every connector, virtual network and service of the pools, and has no route."""
    return Network(mode=mode).table()


# What two announcements are to each other, by the rules of uniqueness


def are_rivals(a: Announcement, b: Announcement) -> bool:
    """Whether they claim the same destination, which then belongs to one of them, or say the same thing."""
    match a, b:
        case SubnetRoute(), SubnetRoute():
            return (a.network, a.virtual_network) == (b.network, b.virtual_network)
        case DeviceAddress(), DeviceAddress():
            return a.address == b.address
        case HostnameRoute(), HostnameRoute() if "glob" in (a.match, b.match):
            return (a.hostname, a.match) == (b.hostname, b.match)
        case HostnameRoute(), HostnameRoute():
            overlap = (a.match == "both" or b.match == "both") or (a.match == "one_label") == (b.match == "one_label")
            return a.hostname == b.hostname and overlap
        case _:
            return a == b


def say_the_same(held: Announcement, offered: Announcement) -> bool:
    """Whether two rivals name the same connector and the same destination."""
    if isinstance(held, HostnameRoute) and isinstance(offered, HostnameRoute):
        return held.via == offered.via and held.match == offered.match
    return held == offered if isinstance(held, (WanRoute, BgpRoute)) else held.via == offered.via


def is_reserved(route: Announcement, subnets: Iterable[tuple[ReservedKind, IPNetwork]]) -> bool:
    """Whether a route lies in a reserved range of the account, or a device's address in one that is not for devices."""
    prefix = prefix_of(route)
    if prefix is None:
        return False
    ranges = [(network, kind) for network, _, kind in account_ranges(subnets)]
    if isinstance(route, DeviceAddress):
        ranges += [(r.network, None) for r in PROHIBITED]
    around = [(network.prefixlen, kind) for network, kind in ranges if contains(network, prefix.network_address)]
    around = [(length, kind) for length, kind in around if length <= prefix.prefixlen]
    if isinstance(route, DeviceAddress):
        return bool(around) and max(around, key=lambda r: r[0])[1] != "device"
    return bool(around)


def may_stand(route: Announcement, subnets: Iterable[tuple[ReservedKind, IPNetwork]]) -> bool:
    """Whether no reserved range is in the way of a route; one that is not in force may lie in any."""
    return not is_reserved(route, subnets) or not getattr(route, "in_force", True)


# What is asked


def answers_of(routes: Iterable[Announcement]) -> st.SearchStrategy[list[str]]:
    """Answers for a name: addresses at the edges of these routes, perhaps none."""
    return st.lists(st.sampled_from([str(ip) for ip in edges_of(routes)]), max_size=3)


@attrs.frozen
class Question:
    """A call that a resolver and the reference both answer."""

    call: str
    argument: Any
    options: Mapping[str, Any] = attrs.field(factory=dict)


@st.composite
def questions(draw: st.DrawFn, routes: Sequence[Announcement]) -> Question:
    """An address or name around these routes, in one of the forms in which it can be asked for."""
    target: IPAddress | str = draw(st.one_of(st.sampled_from(edges_of(routes)), st.sampled_from(names_around(routes))))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["answers"] = draw(st.one_of(answers_of(routes), st.sampled_from([[], ["10.0.0.1", "nonsense"]])))
    host = f"[{target}]" if isinstance(target, IPv6Address) else str(target)
    if isinstance(target, IPv4Address) and draw(st.booleans()):
        host = f"[::ffff:{target}]"
    port = draw(st.sampled_from([1, 25, 80, 443, 65535]))
    forms: list[tuple[str, Any]] = [
        ("resolve", f"http://{host}/"),
        ("resolve", f"HTTPS://{host.upper()}:{port}/x?y"),
        ("resolve", f"{host}:{port}"),
        ("resolve", (str(target), port)),
        ("resolve", {"hostname": host, "port": port}),
        ("resolve_fetch", f" https:{host}:{port}"),
        ("resolve_fetch", f"http://{host}."),
        ("resolve_connect", f"{host}:{port}"),
        ("resolve_connect", {"hostname": host.upper(), "port": float(port)}),
        ("lookup", str(target)),
    ]
    if not isinstance(target, str):
        forms += [("resolve", target), ("resolve", (target, port)), ("lookup", target), ("lookup", target.packed)]
        forms += [("lookup", IPv6Address((0xFFFF << 32) + int(target)))] if target.version == 4 else []
    call, argument = draw(st.sampled_from(forms))
    return Question(call, argument, options)
