"""Which routes never win, held against the readings of the rules at every edge, from every place, in every health."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import product

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import PHASES, are_rivals, may_stand

from vpcroute import BgpRoute, DeviceAddress, HostnameRoute, RouteTable, SubnetRoute, Vantage, WanRoute
from vpcroute.address import Target, read_bare
from vpcroute.analysis.lint.hiding import Hidden, Scene, Terrain, every_scene
from vpcroute.announcements import Announcement, Routed
from vpcroute.edges import WIDTHS, address_edges
from vpcroute.egress import Connector, Health
from vpcroute.fields import MAPPED
from vpcroute.precedence import AddressCandidates, View, readings, scope_of
from vpcroute.ranges import IPNetwork, ReservedKind
from vpcroute.reference import Reference
from vpcroute.strategies import DEVICES, ONRAMPS, TUNNELS, VIRTUAL_NETWORKS, Network, networks
from vpcroute.vantage import REGIONS

_STATES: tuple[Health, ...] = ("healthy", "down")


def targets(table: RouteTable) -> Iterator[Target]:
    """The first address of every stretch that answers alike."""
    for version in WIDTHS:
        for number in address_edges(table, version):
            ip = IPv4Address(number) if version == 4 else IPv6Address(number)
            if ip not in MAPPED:
                yield read_bare(ip)


def winners(table: RouteTable, vantages: Iterable[Vantage]) -> set[int]:
    """The identities of the routes that are among the winners of a reading somewhere."""
    won: set[int] = set()
    for vantage in vantages:
        reference = Reference(table, vantage)
        base = table.stand(vantage).view
        assert base is not None
        for target in targets(table):
            c = reference.address_candidates(target, base)
            if c.owner is None and c.reserved is None:
                for view in views(base, c):
                    won.update(id(route) for found, _ in readings(c, view) for route in found)
    return won


def views(base: View, c: AddressCandidates) -> Iterator[View]:
    """The view from every place that is meant, and in every state of the on-ramps that lead somewhere from here."""
    wan = list(c.wan)
    colos = {colo for r in wan if isinstance(r, WanRoute) for colo in r.colos}
    onramps = list({r.via for r in wan})
    regions = (sorted(REGIONS) if wan else ["ENAM"]) if base.region is None else [base.region]
    for region, colo in product(regions, [*sorted(colos), "zzz99"] if base.colo is None else [base.colo]):
        for states in product(_STATES, repeat=len(onramps)):
            health: dict[Connector, Mapping[str | None, Health]] = {
                via: {None: state} for via, state in zip(onramps, states, strict=True)
            }
            yield attrs.evolve(base, region=region, colo=colo, health=health)


def stands(network: Network, routes: Iterable[Announcement]) -> RouteTable:
    return attrs.evolve(network, routes=tuple(routes), health={}, hosts={}).table()


def is_routed(route: Announcement) -> bool:
    return not isinstance(route, HostnameRoute | DeviceAddress) and route.in_force


def check(network: Network) -> list[Hidden]:
    table = stands(network, network.routes)
    terrain = Terrain(table, every_scene(table))
    everywhere = [Vantage(virtual_network=n.id) for n in table.virtual_networks]
    found = {id(r): hidden for r in table if (hidden := terrain.hidden(r)) is not None}
    won_from = {str(v.virtual_network): winners(table, [v]) for v in everywhere}
    won = set().union(*won_from.values())
    never = {id(r) for r in table if is_routed(r)} - won
    assert {i for i, hidden in found.items() if hidden.fallback is None} == never
    for hidden in found.values():
        assert id(hidden.route) in found
        if hidden.fallback is not None:
            assert id(hidden.route) in won_from[hidden.fallback]
            assert id(hidden.route) not in won_from[network.default.id]
        check_smallest(network, hidden, everywhere)
    for route in table:
        if is_routed(route) and not isinstance(route, SubnetRoute) and id(route) not in won_from[network.default.id]:
            assert id(route) in found
    return list(found.values())


def check_smallest(network: Network, hidden: Hidden, everywhere: Sequence[Vantage]) -> None:
    """What hides a route does so alone, and none of it can be left out."""
    looked = everywhere if hidden.fallback is None else everywhere[:1]

    def wins(by: Iterable[Routed]) -> bool:
        table = stands(network, [hidden.route, *by])
        (own,) = (r for r in table if r == hidden.route)
        return id(own) in winners(table, looked)

    assert not wins(hidden.by)
    for left_out in hidden.by:
        assert wins(one for one in hidden.by if one is not left_out)
    others = [r for r in network.routes if not isinstance(r, BgpRoute) and r != hidden.route]
    table = stands(network, [hidden.route, *others])
    (own,) = (r for r in table if r == hidden.route)
    assert (id(own) in winners(table, looked)) == hidden.needs_bgp
    assert hidden.needs_bgp or not any(isinstance(one, BgpRoute) for one in hidden.by)


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(networks())
def test_never_winning_routes_of_random_networks(network: Network) -> None:
    check(network)


# Networks in which much is hidden: few prefixes and on-ramps, prefixes that have routes for both their halves

_PREFIXES = [(first, length) for length in (29, 30, 31) for first in range(0, 8, 1 << (32 - length))]
_SCOPES = [(), (), (), ("ENAM",), ("APAC",), tuple(sorted(REGIONS - {"ENAM"})), tuple(sorted(REGIONS))]
_OWN: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), ()), (("10.0.0.4/30",), ("10.0.0.4",)), ((), ("10.0.0.1",))]


def _halves(prefix: tuple[int, int]) -> list[str]:
    """A prefix and its two halves."""
    first, length = prefix
    longer = length + 1
    return [f"10.0.0.{n}/{bits}" for n, bits in [prefix, (first, longer), (first + (1 << 32 - longer), longer)]]


@st.composite
def crowded(draw: st.DrawFn) -> Network:
    ranges, addresses = draw(st.sampled_from(_OWN))
    subnets: list[tuple[ReservedKind, IPNetwork]] = [("device", ip_network(prefix)) for prefix in ranges]
    kinds = [
        lambda prefix: st.builds(
            SubnetRoute,
            st.just(prefix),
            st.sampled_from(TUNNELS),
            virtual_network=st.sampled_from([v.id for v in VIRTUAL_NETWORKS[:2]]),
        ),
        lambda prefix: st.builds(
            WanRoute,
            st.just(prefix),
            st.sampled_from(ONRAMPS[:2]),
            priority=st.sampled_from([100, 200, 2_000_000]),
            regions=st.sampled_from(_SCOPES),
            colos=st.sampled_from([(), (), (), ("den01",)]),
        ),
        lambda prefix: st.builds(
            BgpRoute,
            st.just(prefix),
            st.sampled_from(ONRAMPS[:2]),
            communities=st.sampled_from([(), ("13335:60010",), ("13335:60902",)]),
        ),
    ]
    usual = draw(st.sampled_from(kinds))
    routes: list[Announcement] = [DeviceAddress(address, DEVICES[0]) for address in addresses]
    for outer in draw(st.lists(st.sampled_from(_PREFIXES), min_size=2, max_size=4)):
        for prefix in _halves(outer):
            route = draw(draw(st.sampled_from([usual, usual, *kinds]))(prefix))
            if may_stand(route, subnets) and not any(are_rivals(route, other) for other in routes):
                routes.append(route)
    return Network(
        routes=tuple(routes), subnets=tuple(subnets), mode=draw(st.sampled_from(["unified", "unified", "legacy"]))
    )


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(crowded())
def test_never_winning_routes_of_crowded_networks(network: Network) -> None:
    check(network)


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(crowded(), st.sampled_from([None, "staging"]), st.sampled_from([None, "ENAM", "WEUR"]), st.booleans())
def test_never_winning_routes_from_one_vantage(
    network: Network, virtual_network: str | None, region: str | None, in_colo: bool
) -> None:
    colo = "den01" if in_colo else None
    vantage = Vantage(virtual_network=virtual_network, region=region, colo=colo)
    table = stands(network, network.routes)
    (scene,) = scenes = every_scene(table, [vantage])
    terrain = Terrain(table, scenes)
    seen = [r for r in table if is_routed(r) and is_there(r, scene)]
    never = {id(r) for r in seen} - winners(table, [vantage])
    assert {id(r) for r in table if terrain.hidden(r) is not None} == never


def is_there(route: Announcement, scene: Scene) -> bool:
    """Whether a route is in the tables of some place of a scene."""
    if isinstance(route, SubnetRoute):
        return route.virtual_network == scene.network
    if not isinstance(route, WanRoute) or not scope_of(route):
        return True
    there = scene.region in route.regions or (scene.region is None and route.regions)
    return bool(there or scene.colo in route.colos or (scene.colo is None and route.colos))
