"""What each route of a table is worth, against every edge and every name decided by the golden model; and its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from golden import Golden, Verdict, account_ranges, contains
from hypothesis import given
from hypothesis import strategies as st
from networks import NETWORK_VANTAGES, golden_of
from test_agreement import QUICK, examples

from vpcroute import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    InvalidVantage,
    OnRamp,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    WanRoute,
)
from vpcroute.analysis.marks import MARKS, Branch
from vpcroute.analysis.tree import Section, tree
from vpcroute.edges import WIDTHS, address_edges, name_edges
from vpcroute.fib.hostnames import matches_glob
from vpcroute.fields import MAPPED
from vpcroute.ranges import PROHIBITED, Range
from vpcroute.strategies import Network, networks
from vpcroute.strategies.routes import prefix_of

Address = IPv4Address | IPv6Address


def decided(golden: Golden, ip: Address) -> tuple[list[Any], list[Any]]:
    """What takes an address: routes or a reserved range; and the routes of the readings that are open."""
    owners = [r for r in golden.routes if isinstance(r, DeviceAddress) and r.address == ip]
    if owners:
        return owners, []
    ranges = [r[0] for r in account_ranges(golden.subnets)] + [r.network for r in PROHIBITED]
    around = [prefix for prefix in ranges if contains(prefix, ip)]
    if around:
        reserved = max(around, key=lambda prefix: prefix.prefixlen)
        inside = [r for r in [*golden._zero_trust(ip), *golden._wan(ip)] if not r.in_force and is_in(r, reserved)]
        inside.sort(key=lambda r: (-length(r), not isinstance(r, SubnetRoute)))
        return inside[:1] or [reserved], []
    strict, *others = golden._readings(ip, (golden.region, golden.colo))
    others += [reading for place in golden._open_places(ip) for reading in golden._readings(ip, place)]
    return list(strict), [route for reading in others for route in reading]


def is_in(route: Announcement, reserved: Any) -> bool:
    return length(route) >= int(reserved.prefixlen)


def length(route: Announcement) -> int:
    prefix = prefix_of(route)
    assert prefix is not None
    return prefix.prefixlen


def spans(table: RouteTable) -> Iterable[tuple[Address, int]]:
    """The first address of each span that is decided as one, and how many they are."""
    mapped = int(MAPPED.network_address), int(MAPPED.broadcast_address) + 1
    for version, bits in WIDTHS.items():
        edges = sorted({*address_edges(table, version), *(mapped if version == 6 else ())})
        for first, behind in zip(edges, [*edges[1:], 1 << bits], strict=True):
            if version == 4 or not mapped[0] <= first < mapped[1]:
                yield IPv4Address(first) if version == 4 else IPv6Address(first), behind - first


def expected(network: Network, vantage: Vantage) -> dict[Announcement, tuple[Any, ...]]:
    """Mark, guaranteed, addresses won and what takes them, for each route of prefixes that is looked at."""
    golden = golden_of(network, vantage)
    seen = [r for r in network.routes if not isinstance(r, SubnetRoute) or r.virtual_network == golden.network]
    prefixes = {r: prefix for r in seen if (prefix := prefix_of(r)) is not None}
    won, takers, flags = (
        dict.fromkeys(prefixes, 0),
        {r: set[Any]() for r in prefixes},
        {r: set[str]() for r in prefixes},
    )
    for ip, count in spans(network.table()):
        winners, others = decided(golden, ip)
        answer = golden.address(ip)
        for route, prefix in prefixes.items():
            if contains(prefix, ip):
                takers[route].update(winners)
                flags[route].update(["open"] if route in others else [])
                if route in winners:
                    won[route] += count
                    refused = answer == "route_not_in_force"
                    flags[route].update([*["refuses"] * refused, *["shares"] * (len(winners) > 1)])
                    flags[route].update(["unsure"] * (isinstance(answer, Verdict) and not answer.guaranteed))
    found = {}
    for route, prefix in prefixes.items():
        some = won[route] > 0
        mark = next(
            mark
            for mark, holds in [
                ("unseen", is_hidden(route, vantage)),
                ("refuses", some and "refuses" in flags[route]),
                ("shares", some and "shares" in flags[route]),
                ("wins", won[route] == size_of(prefix)),
                ("partly", some),
                ("open", "open" in flags[route]),
                ("shadowed", True),
            ]
            if holds
        )
        found[route] = mark, "unsure" not in flags[route], won[route], takers[route] if mark == "shadowed" else set()
    return found


def size_of(prefix: Any) -> int:
    mapped = prefix.version == 6 and MAPPED.subnet_of(prefix)
    return int(prefix.num_addresses) - mapped * 2**32


def is_hidden(route: Announcement, vantage: Vantage) -> bool:
    """Whether a WAN route is not in the tables of a place, whatever is not known of the place."""
    if not isinstance(route, WanRoute) or not (route.regions or route.colos):
        return False
    regions = route.regions and vantage.region in (None, *route.regions)
    return not regions and not (route.colos and vantage.colo in (None, *route.colos))


def branches(sections: Sequence[Section], *about: str) -> list[Branch]:
    return [branch for section in sections if section.about in about for branch in section.branches]


@examples(QUICK // 8)
@given(networks(), st.sampled_from(NETWORK_VANTAGES))
def test_marks_of_prefixes(network: Network, vantage: Vantage) -> None:
    sections = tree(network.table(), vantage)
    wanted = expected(network, vantage)
    found = branches(sections, "ipv4", "ipv6")
    assert len(found) == len(wanted)
    for branch in found:
        mark, guaranteed, won, takers = wanted[branch.route]
        assert (branch.mark, branch.guaranteed, branch.won) == (mark, guaranteed, won), branch.route
        by = {taker.network if isinstance(taker, Range) else taker for taker in branch.by}
        assert len(by) == len(branch.by) == min(3, len(takers))
        assert by <= takers
        assert branch.more is (len(takers) > 3)
    elsewhere = [
        branch for section in sections if isinstance(section.about, VirtualNetwork) for branch in section.branches
    ]
    assert {branch.mark for branch in elsewhere} <= {"unseen"}
    everything = [*found, *elsewhere, *branches(sections, "names")]
    assert sorted(map(repr, (branch.route for branch in everything))) == sorted(map(repr, network.routes))


@examples(QUICK // 8)
@given(networks(), st.sampled_from(NETWORK_VANTAGES), st.sets(st.integers(0, 30)))
def test_places_of_prefixes(network: Network, vantage: Vantage, left_out: set[int]) -> None:
    hidden = [route for number, route in enumerate(network.routes) if number in left_out]
    whole = {branch.route: branch for section in tree(network.table(), vantage) for branch in section.branches}
    for section in tree(network.table(), vantage, lambda route: route not in hidden):
        prefixes = [(prefix_of(branch.route), branch) for branch in section.branches]
        for prefix, branch in prefixes:
            assert branch.route not in hidden
            assert (branch.mark, branch.won, branch.by) == (
                whole[branch.route].mark,
                whole[branch.route].won,
                whole[branch.route].by,
            )
            if prefix is not None:
                around = {p for p, _ in prefixes if p is not None and p != prefix and p.version == prefix.version}
                assert branch.depth == sum(prefix.subnet_of(outer) for outer in around)  # type: ignore[arg-type]
                assert branch.size == size_of(prefix)
        keys = [(p.version, int(p.network_address), p.prefixlen) for p, _ in prefixes if p is not None]
        assert keys == sorted(keys)


@examples(QUICK // 8)
@given(networks())
def test_marks_of_names(network: Network) -> None:
    table = network.table()
    routes = [r for r in network.routes if isinstance(r, HostnameRoute)]
    globs = {r.hostname.replace("*", "q0q") for r in routes if r.match == "glob"}
    takers = [taking for name in {*name_edges(table), *globs} if (taking := taking_of(routes, name))]
    for branch in branches(tree(table), "names"):
        route = branch.route
        assert isinstance(route, HostnameRoute)
        others = {taking[0] for taking in takers if route in taking} - {route}
        wins = any(taking[0] == route for taking in takers)
        mark = "shadowed" if not wins else "refuses" if not route.in_force else "partly" if others else "wins"
        assert branch.mark == mark, route
        assert {*branch.by} <= others
        assert bool(branch.by) is not wins


def taking_of(routes: Sequence[HostnameRoute], name: str) -> list[HostnameRoute]:
    """The routes that match a name for certain, the one that takes it first."""
    below = [r for r in routes if r.hostname == name.partition(".")[2] and r.match in ("one_label", "both")]
    globs = [r for r in routes if r.match == "glob" and matches_glob(r.hostname, name)]
    own = [r for r in routes if r.hostname == name and r.match in ("exact", "stored", "both")]
    return [*own, *sorted(globs, key=lambda r: r.hostname), *below]


EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
A, B = OnRamp(kind="gre", name="a"), OnRamp(kind="ipsec", name="b")


@pytest.mark.parametrize(
    ("routes", "vantage", "lines"),
    [
        pytest.param(
            [SubnetRoute("10.0.0.0/8", via=EU), SubnetRoute("10.1.0.0/16", via=US)],
            Vantage(),
            ["10.0.0.0/8 partly 16711680", "  10.1.0.0/16 wins 65536"],
            id="covering and covered",
        ),
        pytest.param(
            [SubnetRoute("10.0.0.0/31", via=EU), *(SubnetRoute(f"10.0.0.{i}/32", via=US) for i in range(2))],
            Vantage(),
            ["10.0.0.0/31 shadowed 0 by 10.0.0.0/32, 10.0.0.1/32", "  10.0.0.0/32 wins 1", "  10.0.0.1/32 wins 1"],
            id="covered whole",
        ),
        pytest.param(
            [SubnetRoute("10.0.0.0/29", via=EU), *(SubnetRoute(f"10.0.0.{i}/32", via=US) for i in range(8))],
            Vantage(),
            ["10.0.0.0/29 shadowed 0 by 10.0.0.0/32, 10.0.0.1/32, 10.0.0.2/32 …"]
            + [f"  10.0.0.{i}/32 wins 1" for i in range(8)],
            id="by many",
        ),
        pytest.param(
            [SubnetRoute("10.0.0.0/8", via=EU), WanRoute("10.0.0.0/8", via=A, priority=1)],
            Vantage(),
            ["10.0.0.0/8 wins 16777216", "10.0.0.0/8 shadowed 0 by 10.0.0.0/8"],
            id="Zero Trust at equal length",
        ),
        pytest.param(
            [WanRoute("10.0.0.0/24", via=via, priority=5) for via in (A, B)]
            + [WanRoute("10.0.0.0/24", via=A, priority=7), BgpRoute("10.0.0.0/24", via=B)],
            Vantage(),
            ["10.0.0.0/24 shares 256"] * 2 + ["10.0.0.0/24 shadowed 0 by 10.0.0.0/24, 10.0.0.0/24"] * 2,
            id="ECMP",
        ),
        pytest.param(
            [WanRoute("10.0.0.0/24", via=A, priority=5, regions=["ENAM"]), WanRoute("10.0.0.0/8", via=B, priority=5)],
            Vantage(),
            ["10.0.0.0/8 wins 16777216 ?", "  10.0.0.0/24 open 0"],
            id="no place",
        ),
        pytest.param(
            [WanRoute("10.0.0.0/24", via=A, priority=5, regions=["ENAM"]), WanRoute("10.0.0.0/8", via=B, priority=5)],
            Vantage(region="WEUR"),
            ["10.0.0.0/8 wins 16777216", "  10.0.0.0/24 unseen 0"],
            id="another place",
        ),
        pytest.param(
            [SubnetRoute("10.0.0.0/8", via=EU), WanRoute("10.0.0.0/24", via=B, priority=5)],
            Vantage(routing_mode="legacy"),
            ["10.0.0.0/8 wins 16777216 ?", "  10.0.0.0/24 open 0"],
            id="legacy mode",
        ),
        pytest.param(
            [SubnetRoute("127.0.0.0/8", via=EU, in_force=False)],
            Vantage(),
            ["127.0.0.0/8 refuses 16777216"],
            id="not in force",
        ),
        pytest.param(
            [SubnetRoute("::fffe:0:0/95", via=EU)],
            Vantage(),
            [f"::fffe:0:0/95 wins {2**32}"],
            id="IPv4-mapped addresses",
        ),
    ],
)
def test_tree(routes: list[Announcement], vantage: Vantage, lines: list[str]) -> None:
    table = RouteTable()
    for route in routes:
        if getattr(route, "in_force", True):
            table.announce(route)
        else:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("vpcroute.table.refuse_reserved", lambda *_: None)
                table.announce(route)
    found = [branch for section in tree(table, vantage) for branch in section.branches]
    assert list(map(text, found)) == lines


def text(branch: Branch) -> str:
    by = ", ".join(str(taker.network if isinstance(taker, Range) else prefix_of(taker)) for taker in branch.by)
    said = f"{'  ' * branch.depth}{prefix_of(branch.route)} {branch.mark} {branch.won}"
    return said + f" by {by}" * bool(by) + " …" * branch.more + " ?" * (not branch.guaranteed)


@pytest.mark.parametrize("vantage", [Vantage(tunnel_id="eu")])
def test_a_tunnel_binding_has_no_tree(vantage: Vantage) -> None:
    table = RouteTable()
    table.add(EU)
    with pytest.raises(InvalidVantage, match="takes no part in routing"):
        tree(table, vantage)


def test_names_stand_below_what_they_end_in() -> None:
    table = RouteTable()
    for name in ("b.a.x", "*.x", "x", "a.x", "y", "c.b.a.x"):
        table.announce(HostnameRoute(name, via=EU))
    found = [
        (b.depth, b.route.pattern, b.mark) for b in branches(tree(table), "names") if isinstance(b.route, HostnameRoute)
    ]
    assert found == [
        (0, "*.x", "partly"),
        (0, "x", "wins"),
        (1, "a.x", "wins"),
        (2, "b.a.x", "wins"),
        (3, "c.b.a.x", "wins"),
        (0, "y", "wins"),
    ]


def test_every_mark_is_explained() -> None:
    assert [*MARKS] == ["wins", "partly", "shares", "open", "refuses", "shadowed", "unseen"]
