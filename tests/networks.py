"""Small, dense networks for property tests: prefixes that nest and collide, names one label apart, few connectors.

Everything is drawn from little pools, so that what is drawn meets. A :class:`Network` is a table's content as values;
:meth:`Network.table` announces it, in any order.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import product
from typing import Any

import attrs
from golden import Golden, account_ranges, contains
from hypothesis import Phase
from hypothesis import strategies as st

from vpcroute import (
    Announcement,
    BgpRoute,
    ClientDevice,
    DeviceAddress,
    HostnameRoute,
    MeshNode,
    OnRamp,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import Connector, Health
from vpcroute.fields import IPAddress
from vpcroute.ranges import PROHIBITED, IPNetwork, ReservedKind
from vpcroute.vantage import RoutingMode

#: Shrinking a network takes minutes; it is for whoever looks for the cause, with ``VPCROUTE_SHRINK=1``.
PHASES = tuple(Phase) if os.environ.get("VPCROUTE_SHRINK") else (Phase.explicit, Phase.generate)

TUNNELS = (Tunnel("tunnel-1", "eu"), Tunnel("tunnel-2", "us"), Tunnel("tunnel-3"))
NODES = (MeshNode("node-1", "eu"), MeshNode("node-2", "lab"))
DEVICES = (ClientDevice("device-1", "laptop"), ClientDevice("device-2"))
ONRAMPS = (
    OnRamp(kind="gre", name="gre", id="onramp-1"),
    OnRamp(kind="ipsec", name="ipsec", id="onramp-2"),
    OnRamp(kind="cni", name="cni", id="onramp-3"),
    OnRamp(kind="unknown", name="10.99.0.1"),
)
VIRTUAL_NETWORKS = (
    VirtualNetwork("vnet-default", "default", is_default=True),
    VirtualNetwork("vnet-staging", "staging"),
    VirtualNetwork("vnet-prod", "prod"),
)
SERVICES = (
    VpcService("service-1", "web", via=TUNNELS[0], ipv4="10.0.0.1", http_port=8080),
    VpcService("service-2", "dual", via=TUNNELS[1], ipv4="10.0.0.1", ipv6="fd00::1"),
    VpcService("service-3", "named", via=TUNNELS[1], hostname="a.b", https_port=8443),
    VpcService("service-4", "database", via=TUNNELS[2], type="tcp", ipv4="10.0.0.1", tcp_port=5432),
)
REGIONS = ("APAC", "ENAM")
COLOS = ("ams01", "den01")
LABELS = ("a", "b")

_V4_BITS = (1 << 23, 1 << 16, 1 << 8, 1 << 7, 2, 1)
_V4_LENGTHS = (8, 9, 16, 17, 24, 25, 30, 31, 32)
_V6_LENGTHS = (7, 8, 16, 48, 64, 127, 128)
#: Ranges at and around which something else begins.
_LANDMARKS = tuple(
    ip_network(text, strict=False)
    for text in (
        "0.0.0.0/0 0.0.0.0/1 128.0.0.0/1 0.0.0.0/7 1.2.0.0/16 1.2.3.0/24 1.2.3.4/32 100.64.0.0/10 100.64.0.0/12 "
        "100.96.0.0/11 100.96.0.0/12 100.96.0.7/32 100.112.0.0/15 100.112.0.0/16 126.0.0.0/7 127.0.0.0/8 127.0.0.1/32 "
        "169.254.0.0/15 169.254.0.0/16 172.16.0.0/12 172.16.0.0/11 172.64.0.0/13 172.64.128.0/19 172.64.128.0/20 "
        "192.0.0.0/23 192.168.0.0/16 198.41.0.0/24 203.0.113.0/24 224.0.0.0/3 240.0.0.0/4 255.255.255.255/32 "
        "::/0 ::/1 ::/127 ::fffe:0:0/95 2000::/3 2001::/16 2001:db8::/32 2606:4700::/32 2606:4700:cf1::/47 "
        "2606:4700:cf1:1000::/63 2606:4700:cf1:1000::/64 2a00::/16 2a00:1::/32 2a00:1::1/128 fc00::/7 fe80::/9 "
        "fe80::/10 ff00::/8"
    ).split()
)
_DEVICE_ADDRESSES = tuple(
    ip_address(text)
    for text in "100.96.0.7 100.96.0.8 10.0.0.1 10.1.0.0 127.0.0.1 fd00::1 2606:4700:cf1:1000::7 fe80::1".split()
)
_SUBNETS: tuple[tuple[tuple[ReservedKind, IPNetwork], ...], ...] = (
    (),
    (("device", IPv4Network("10.1.0.0/24")),),
    (("device", IPv4Network("10.0.0.0/30")), ("device", IPv4Network("100.96.0.0/13"))),
    (("token", IPv4Network("10.128.0.0/17")), ("private_lb", IPv4Network("10.0.1.0/32"))),
    (("source", IPv4Network("100.80.0.0/12")),),
)


@attrs.frozen
class Network:
    """The content of a table. No two routes are rivals, and none in force lies in a reserved range."""

    routes: tuple[Announcement, ...]
    default: VirtualNetwork
    subnets: tuple[tuple[ReservedKind, IPNetwork], ...]
    health: Mapping[tuple[Connector, str | None], Health]
    hosts: Mapping[str, tuple[str, ...]]
    mode: RoutingMode

    def table(self, routes: Sequence[Announcement] | None = None) -> RouteTable:
        """A table with all of it, the routes in their own or in another order."""
        table = empty_table(self.mode)
        table.set_subnets(self.subnets)
        table.set_default(self.default.id)
        for route in self.routes if routes is None else routes:
            table.announce(route)
        for (connector, place), state in self.health.items():
            table.set_health(connector, state, place=place)
        for name, addresses in self.hosts.items():
            table.set_hosts(name, addresses)
        return table

    def golden(self, vantage: Vantage) -> Golden:
        """The golden model of it, from a vantage on the whole network."""
        asked = vantage.virtual_network
        ids = [v.id for v in VIRTUAL_NETWORKS if asked in (v.id, v.name)]
        return Golden(
            routes=self.routes,
            default=self.default.id,
            subnets=self.subnets,
            health=self.health,
            hosts=self.hosts,
            network=ids[0] if ids else self.default.id,
            legacy=(vantage.routing_mode or self.mode) == "legacy",
            region=vantage.region,
            colo=vantage.colo,
        )


def empty_table(mode: RoutingMode = "unified") -> RouteTable:
    """A table that knows every connector, virtual network and service here, and has no route."""
    table = RouteTable(routing_mode=mode, virtual_networks=VIRTUAL_NETWORKS)
    for thing in (*TUNNELS, *NODES, *DEVICES, *ONRAMPS, *SERVICES):
        table.add(thing)
    return table


# What is announced


@st.composite
def prefixes(draw: st.DrawFn) -> IPNetwork:
    """A prefix of 10.0.0.0/8 or fd00::/8 with few bits, or one around a range that is something else."""
    match draw(st.sampled_from(["v4", "v4", "v6", "landmark"])):
        case "v4":
            bits = sum(draw(st.sets(st.sampled_from(_V4_BITS), max_size=3)))
            return IPv4Network(((10 << 24) + bits, draw(st.sampled_from(_V4_LENGTHS))), strict=False)
        case "v6":
            bits = draw(st.sampled_from([0, 1, 1 << 64, 1 << 80]))
            return IPv6Network(((0xFD << 120) + bits, draw(st.sampled_from(_V6_LENGTHS))), strict=False)
        case _:
            return draw(st.sampled_from(_LANDMARKS))


def names() -> st.SearchStrategy[str]:
    """A name of one to four labels of a tiny alphabet."""
    return st.lists(st.sampled_from(LABELS), min_size=1, max_size=4).map(".".join)


def in_force() -> st.SearchStrategy[bool]:
    """Mostly true."""
    return st.sampled_from([True] * 7 + [False])


def subnet_routes() -> st.SearchStrategy[SubnetRoute]:
    """Subnet routes of Tunnels and Mesh nodes in every virtual network, the default one twice as often."""
    return st.builds(
        SubnetRoute,
        prefixes(),
        st.sampled_from(TUNNELS + NODES),
        virtual_network=st.sampled_from([v.id for v in VIRTUAL_NETWORKS[:1] + VIRTUAL_NETWORKS]),
        in_force=in_force(),
    )


def wan_routes() -> st.SearchStrategy[WanRoute]:
    """Static WAN routes with few priorities, weights and scopes."""
    return st.builds(
        WanRoute,
        prefixes(),
        st.sampled_from(ONRAMPS),
        priority=st.sampled_from([0, 50, 100, 110, 500_100]),
        weight=st.sampled_from([None, None, 0, 1, 3, 256]),
        regions=st.one_of(st.just(set()), st.sets(st.sampled_from(REGIONS))),
        colos=st.one_of(st.just(set()), st.just(set()), st.sets(st.sampled_from(COLOS))),
        in_force=in_force(),
    )


def bgp_routes() -> st.SearchStrategy[BgpRoute]:
    """BGP routes with communities that set the priority or do not, and prepends that count or do not."""
    communities = ["13335:60010", "13335:60050", "13335:60150", "13335:60901", "65000:1", "1:2:3"]
    return st.builds(
        BgpRoute,
        prefixes(),
        st.sampled_from(ONRAMPS),
        as_path=st.lists(st.sampled_from([65000, 65001]), max_size=4),
        communities=st.lists(st.sampled_from(communities), max_size=2),
        customer_asn=st.sampled_from([None, 65000]),
        in_force=in_force(),
    )


def device_addresses() -> st.SearchStrategy[DeviceAddress]:
    """The addresses of devices and Mesh nodes, inside and outside the range for them."""
    return st.builds(DeviceAddress, st.sampled_from(_DEVICE_ADDRESSES), st.sampled_from(DEVICES + NODES))


@st.composite
def hostname_routes(draw: st.DrawFn) -> HostnameRoute:
    """Hostname routes of each match kind; globs are never in force."""
    via: Any = draw(st.sampled_from(TUNNELS + NODES))
    match: Any = draw(st.sampled_from(["exact", "one_label", "both", "stored", "glob"]))
    name = draw(names())
    if match == "glob":
        globs = ["*.*", "*.*." + name, "a*." + name, "*b.*." + name, name + ".*", "*a.b", "*"]
        return HostnameRoute(draw(st.sampled_from(globs)), via, in_force=False)
    return HostnameRoute(name, via, match=match, in_force=draw(in_force()))


def announcements() -> st.SearchStrategy[Announcement]:
    """Announcements of every kind."""
    return st.one_of(subnet_routes(), wan_routes(), bgp_routes(), device_addresses(), hostname_routes())


# What two announcements are to each other, by the rules of uniqueness


def prefix_of(route: Announcement) -> IPNetwork | None:
    """The prefix of an announcement; None for a hostname route."""
    match route:
        case SubnetRoute():
            return route.network
        case WanRoute() | BgpRoute():
            return route.prefix
        case DeviceAddress():
            return ip_network(route.address)
        case _:
            return None


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


def out_of_force(route: Any) -> Announcement:
    """The same route, not in force."""
    return attrs.evolve(route, in_force=False)  # type: ignore[no-any-return]


@st.composite
def networks(draw: st.DrawFn, *, max_routes: int = 12, health_by_place: bool = True) -> Network:
    """A network in which every route can stand beside the others."""
    subnets = draw(st.sampled_from(_SUBNETS))
    routes: list[Announcement] = []
    for route in draw(st.lists(announcements(), max_size=max_routes)):
        if is_reserved(route, subnets):
            if isinstance(route, DeviceAddress):
                continue
            route = out_of_force(route)  # noqa: PLW2901
        if not any(are_rivals(held, route) for held in routes):
            routes.append(route)
    connectors = st.sampled_from(TUNNELS + NODES + ONRAMPS + ONRAMPS)
    places = st.sampled_from([None, *REGIONS, *COLOS]) if health_by_place else st.none()
    states: st.SearchStrategy[Health] = st.sampled_from(["healthy", "degraded", "down"])
    return Network(
        tuple(routes),
        draw(st.sampled_from(VIRTUAL_NETWORKS[:1] + VIRTUAL_NETWORKS)),
        subnets,
        draw(st.dictionaries(st.tuples(connectors, places), states, max_size=4)),
        draw(st.dictionaries(names(), answers_of(routes).map(tuple), max_size=2)),
        draw(st.sampled_from(["unified", "legacy"])),
    )


# From where, and what, it is asked


def vantages() -> st.SearchStrategy[Vantage]:
    """Every binding, virtual network, place and mode that the pools allow."""
    return st.sampled_from(EVERY_VANTAGE)


def network_vantages() -> st.SearchStrategy[Vantage]:
    """Vantages of the binding to the whole network."""
    return st.sampled_from(NETWORK_VANTAGES)


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


def edges(prefix: IPNetwork) -> set[IPAddress]:
    """The first and last address of a prefix, and those one outside."""
    kind = IPv4Address if prefix.version == 4 else IPv6Address
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    return {kind(n) for n in (first - 1, first, last, last + 1) if 0 <= n < 1 << prefix.max_prefixlen}


def edges_of(routes: Iterable[Announcement]) -> list[IPAddress]:
    """The edges of every prefix of these, in order, and an address or two that nothing is near to."""
    found = {edge for route in routes for p in [prefix_of(route)] if p is not None for edge in edges(p)}
    found |= {ip_address("10.200.3.3"), ip_address("93.184.216.34"), ip_address("2a00::99")}
    return sorted(found, key=lambda ip: (ip.version, int(ip)))


def names_around(routes: Iterable[Announcement]) -> list[str]:
    """The names of hostname routes, those one label below and above, and some that stand alone."""
    found = {"a", "b", "ab.a", "a.b.a"}
    for route in routes:
        if isinstance(route, HostnameRoute):
            name = route.hostname.replace("*", "a")
            found |= {name, f"a.{name}", f"b.a.{name}", name.partition(".")[2] or "b"}
    return sorted(found)


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
