"""Strategies for prefixes, addresses, names, and the announcements of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.egress import EcmpGroup, EcmpMember, Egress, Gateway, MeshNode, OnRamp, Tunnel
from vpcroute.fields import IPAddress
from vpcroute.ranges import IPNetwork
from vpcroute.store import destination_of
from vpcroute.strategies.pools import (
    COLOS,
    DEVICE_ADDRESSES,
    DEVICES,
    LABELS,
    LANDMARKS,
    MESH_NODES,
    ONRAMPS,
    ORDINARY,
    REGIONS,
    TUNNELS,
    VIRTUAL_NETWORKS,
)
from vpcroute.table import RouteTable

__all__ = [
    "addresses",
    "announcements",
    "bgp_routes",
    "connectors",
    "device_addresses",
    "edges",
    "edges_of",
    "egresses",
    "hostname_routes",
    "names",
    "names_around",
    "prefix_of",
    "prefixes",
    "rarely",
    "subnet_routes",
    "wan_routes",
]

_T = TypeVar("_T")

_V4_BITS: Final = (1 << 23, 1 << 16, 1 << 8, 1 << 7, 2, 1)
_V4_LENGTHS: Final = (8, 9, 16, 17, 24, 25, 30, 31, 32)
_V6_BITS: Final = (0, 1, 1 << 64, 1 << 80)
_V6_LENGTHS: Final = (7, 8, 16, 48, 64, 127, 128)


def rarely(usual: st.SearchStrategy[_T], odd: st.SearchStrategy[_T]) -> st.SearchStrategy[_T]:
    """Mostly the one, once in eight times the other."""
    return st.integers(0, 7).flatmap(lambda number: odd if number == 7 else usual)


# Destinations


@st.composite
def prefixes(draw: st.DrawFn) -> IPNetwork:
    """Prefixes that nest: of 10.0.0.0/8 and fd00::/8 with few bits, and around ranges that are something else.

    >>> find(prefixes(), lambda p: str(p).startswith("10.") and p.prefixlen > 8)
    IPv4Network('10.0.0.0/9')
    """
    match draw(st.integers(0, 3)):
        case 0:
            return draw(st.sampled_from(LANDMARKS))
        case 1:
            number = (0xFD << 120) + draw(st.sampled_from(_V6_BITS))
            return IPv6Network((number, draw(st.sampled_from(_V6_LENGTHS))), strict=False)
        case _:
            number = (10 << 24) + sum(draw(st.sets(st.sampled_from(_V4_BITS), max_size=3)))
            return IPv4Network((number, draw(st.sampled_from(_V4_LENGTHS))), strict=False)


def addresses(table: RouteTable | None = None) -> st.SearchStrategy[IPAddress]:
    """The first and last address of each prefix of a table and those one outside; without a table of any prefix.

    >>> table = RouteTable()
    >>> _ = table.announce(SubnetRoute("10.0.0.0/16", Tunnel("t")))
    >>> find(addresses(table), lambda ip: ip > IPv4Address("10.0.0.0"))
    IPv4Address('10.0.255.255')
    """
    if table is None:
        return prefixes().flatmap(lambda prefix: st.sampled_from(_in_order(edges(prefix))))
    return st.sampled_from(edges_of(table))


def names(table: RouteTable | None = None) -> st.SearchStrategy[str]:
    """The names of a table's hostname routes, one label below and above, and some others; without a table any.

    >>> find(names(), lambda name: name.count(".") == 2)
    'a.a.a'
    """
    if table is None:
        return st.lists(st.sampled_from(LABELS), min_size=1, max_size=4).map(".".join)
    return st.sampled_from(names_around(table))


def prefix_of(route: Announcement) -> IPNetwork | None:
    """The prefix of an announcement; None for a hostname route."""
    return None if isinstance(route, HostnameRoute) else destination_of(route)


def edges_of(routes: Iterable[Announcement]) -> list[IPAddress]:
    """The edges of every prefix of these, those one outside, and an address or two that nothing is near to."""
    return _in_order({edge for route in routes for p in [prefix_of(route)] if p for edge in edges(p)}.union(ORDINARY))


def edges(prefix: IPNetwork) -> set[IPAddress]:
    """The first and last address of a prefix, and those one outside."""
    kind = IPv4Address if prefix.version == 4 else IPv6Address
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    return {kind(n) for n in (first - 1, first, last, last + 1) if 0 <= n < 1 << prefix.max_prefixlen}


def _in_order(ips: Iterable[IPAddress]) -> list[IPAddress]:
    return sorted(ips, key=lambda ip: (ip.version, int(ip)))


def names_around(routes: Iterable[Announcement]) -> list[str]:
    """The names of hostname routes, those one label below and above, and some that stand alone."""
    found = {"a", "b", "ab.a", "a.b.a"}
    for route in routes:
        if isinstance(route, HostnameRoute):
            name = route.hostname.replace("*", "a")
            found |= {name, f"a.{name}", f"b.a.{name}", name.partition(".")[2] or "b"}
    return sorted(found)


# Ways out


@cache
def connectors() -> st.SearchStrategy[Tunnel | MeshNode | OnRamp]:
    """What has a state of health: Tunnels, Mesh nodes, and on-ramps as often as these.

    >>> find(connectors(), lambda c: c.name == "lab")
    MeshNode(id='node-2', name='lab')
    """
    return st.sampled_from((*TUNNELS, *MESH_NODES, *ONRAMPS, *ONRAMPS))


def egresses() -> st.SearchStrategy[Egress]:
    """Every kind of egress, groups of on-ramps and Gateway too.

    >>> find(egresses(), lambda egress: egress.offramp == "INTERNET")
    Gateway(needs_dns=False)
    """
    members = st.builds(EcmpMember, st.sampled_from(ONRAMPS), st.integers(1, 256))
    groups = st.lists(members, min_size=2, max_size=4, unique_by=lambda member: member.onramp).map(tuple)
    single: Sequence[Egress] = (*TUNNELS, *MESH_NODES, *DEVICES, *ONRAMPS, Gateway(), Gateway(needs_dns=True))
    return st.one_of(st.sampled_from(single), groups.map(EcmpGroup))


# Announcements


_IN_FORCE: Final = rarely(st.just(True), st.just(False))


def subnet_routes() -> st.SearchStrategy[SubnetRoute]:
    """Subnet routes of Tunnels and Mesh nodes in every virtual network, the default one twice as often.

    >>> find(subnet_routes(), lambda route: route.network.version == 6).network
    IPv6Network('fd00::/8')
    """
    return st.builds(
        SubnetRoute,
        prefixes(),
        st.sampled_from((*TUNNELS, *MESH_NODES)),
        virtual_network=st.sampled_from([v.id for v in VIRTUAL_NETWORKS[:1] + VIRTUAL_NETWORKS]),
        in_force=_IN_FORCE,
    )


def wan_routes() -> st.SearchStrategy[WanRoute]:
    """Static WAN routes with few priorities, weights and scopes.

    >>> find(wan_routes(), bool).prefix
    IPv4Network('10.0.0.0/8')
    """
    return st.builds(
        WanRoute,
        prefixes(),
        st.sampled_from(ONRAMPS),
        priority=st.sampled_from([0, 50, 100, 110, 500_100]),
        weight=st.sampled_from([None, None, 0, 1, 3, 256]),
        regions=st.one_of(st.just(()), st.sets(st.sampled_from(REGIONS))),
        colos=st.one_of(st.just(()), st.just(()), st.sets(st.sampled_from(COLOS))),
        in_force=_IN_FORCE,
    )


def bgp_routes() -> st.SearchStrategy[BgpRoute]:
    """BGP routes with communities that set the priority or do not, and prepends that count or do not.

    >>> find(bgp_routes(), bool).via.kind
    'gre'
    """
    communities = ["13335:60010", "13335:60050", "13335:60150", "13335:60901", "65000:1", "1:2:3"]
    return st.builds(
        BgpRoute,
        prefixes(),
        st.sampled_from(ONRAMPS),
        as_path=st.lists(st.sampled_from([65000, 65001]), max_size=4),
        communities=st.lists(st.sampled_from(communities), max_size=2),
        customer_asn=st.sampled_from([None, 65000]),
        in_force=_IN_FORCE,
    )


def device_addresses() -> st.SearchStrategy[DeviceAddress]:
    """The addresses of devices and Mesh nodes, inside and outside the range for them.

    >>> find(device_addresses(), lambda route: isinstance(route.via, MeshNode)).address
    IPv4Address('100.96.0.7')
    """
    return st.builds(DeviceAddress, st.sampled_from(DEVICE_ADDRESSES), st.sampled_from((*DEVICES, *MESH_NODES)))


@st.composite
def hostname_routes(draw: st.DrawFn) -> HostnameRoute:
    """Hostname routes of each match kind; globs are never in force.

    >>> find(hostname_routes(), lambda route: route.match == "one_label").pattern
    '*.a'
    """
    via: Any = draw(st.sampled_from((*TUNNELS, *MESH_NODES)))
    match: Any = draw(st.sampled_from(["exact", "one_label", "both", "stored", "glob"]))
    name = draw(names())
    if match == "glob":
        globs = ["*.*", f"*.*.{name}", f"a*.{name}", f"*b.*.{name}", f"{name}.*", "*a.b", "*"]
        return HostnameRoute(draw(st.sampled_from(globs)), via, in_force=False)
    return HostnameRoute(name, via, match=match, in_force=draw(_IN_FORCE))


@cache
def announcements() -> st.SearchStrategy[Announcement]:
    """Announcements of every kind.

    >>> find(announcements(), lambda route: isinstance(route, HostnameRoute)).hostname
    'a'
    """
    return st.one_of(subnet_routes(), wan_routes(), bgp_routes(), device_addresses(), hostname_routes())
