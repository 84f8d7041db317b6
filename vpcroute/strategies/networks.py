"""Strategies for whole networks: as values, as documents, as route tables, and the vantages on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    SubnetRoute,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import ClientDevice, Connector, Health, MeshNode, OnRamp, Tunnel
from vpcroute.errors import RouteConflict
from vpcroute.ranges import IPNetwork, ReservedKind
from vpcroute.strategies.pools import (
    COLOS,
    DEVICES,
    MESH_NODES,
    ONRAMPS,
    REGIONS,
    SERVICES,
    SUBNETS,
    TUNNELS,
    VIRTUAL_NETWORKS,
)
from vpcroute.strategies.routes import announcements, connectors, edges_of, names
from vpcroute.table import RouteTable
from vpcroute.vantage import RoutingMode, Vantage

__all__ = ["Network", "documents", "networks", "tables", "vantages"]

_SUBNET_TYPES: Final = {"source": "cloudflare_source", "token": "initial_resolved_ip", "device": "warp"}
_ONRAMP_KEYS: Final = {"gre": "gre_tunnels", "ipsec": "ipsec_tunnels", "cni": "interconnects"}
_MODES: Final[tuple[RoutingMode | None, ...]] = (None, "unified", "legacy")


@attrs.frozen
class Network:
    """The content of a route table. No two routes are rivals, and none in force lies in a reserved range.

    Attributes:
        routes: the announcements; subnet routes name their virtual network by its id.
        default: which of the virtual networks is the default one.
        subnets: the account's own reserved ranges.
        health: states by connector and place; no place is everywhere else.
        hosts: known answers by name.
        mode: the routing mode.
    """

    routes: tuple[Announcement, ...] = ()
    default: VirtualNetwork = VIRTUAL_NETWORKS[0]
    subnets: tuple[tuple[ReservedKind, IPNetwork], ...] = ()
    health: Mapping[tuple[Connector, str | None], Health] = attrs.field(factory=dict)
    hosts: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    mode: RoutingMode = "unified"

    def table(self, routes: Iterable[Announcement] | None = None) -> RouteTable:
        """A new table with all of it, the routes in their own order or as given."""
        table = RouteTable(routing_mode=self.mode, virtual_networks=VIRTUAL_NETWORKS)
        for thing in (*TUNNELS, *MESH_NODES, *DEVICES, *ONRAMPS, *SERVICES):
            table.add(thing)
        table.set_subnets(self.subnets)
        table.set_default(self.default.id)
        for route in self.routes if routes is None else routes:
            table.announce(route)
        for (connector, place), state in self.health.items():
            table.set_health(connector, state, place=place)
        for name, answers in self.hosts.items():
            table.set_hosts(name, answers)
        return table

    def document(self) -> dict[str, Any]:
        """A new network document with what a document can say of it.

        It cannot say that a route is not in force, of the on-ramp without an id it knows static routes only, of the
        reserved ranges three kinds, and an on-ramp's state by place takes the one of everywhere else away.
        """
        routes = [route for route in self.routes if getattr(route, "in_force", True)]
        return {
            "routing_mode": self.mode,
            "virtual_networks": [
                {"id": v.id, "name": v.name, "is_default_network": v.id == self.default.id} for v in VIRTUAL_NETWORKS
            ],
            "tunnels": [_tunnel_record(tunnel, self) for tunnel in TUNNELS],
            "mesh_nodes": [_tunnel_record(n, self, **own) for n in MESH_NODES for own in _own_addresses(n, routes)],
            "devices": [_device_record(d, own) for d in DEVICES for own in _own_addresses(d, routes)],
            "subnets": [
                {"network": str(prefix), "subnet_type": _SUBNET_TYPES[kind]}
                for kind, prefix in self.subnets
                if kind in _SUBNET_TYPES
            ],
            "routes": [_subnet_record(r) for r in routes if isinstance(r, SubnetRoute)],
            "hostname_routes": [_hostname_record(r) for r in routes if isinstance(r, HostnameRoute)],
            "services": [_service_record(service) for service in SERVICES],
            "wan": {
                **{key: [_onramp_record(o) for o in ONRAMPS if o.kind == kind] for kind, key in _ONRAMP_KEYS.items()},
                "routes": [_wan_record(r) for r in routes if isinstance(r, WanRoute)],
            },
            "bgp_routes": [_bgp_record(r) for r in routes if isinstance(r, BgpRoute) and r.via.id is not None],
            "health": _health_records(self.health),
            "hosts": {name: list(answers) for name, answers in self.hosts.items()},
        }


def _health_records(health: Mapping[tuple[Connector, str | None], Health]) -> dict[str, Any]:
    """States by id: the one of everywhere alone, or those of places."""
    found: dict[str, Any] = {}
    for (connector, place), state in health.items():
        if connector.id is not None and place is not None:
            found.setdefault(connector.id, {})[place] = state
    for (connector, place), state in health.items():
        if connector.id is not None and place is None:
            found.setdefault(connector.id, state)
    return found


def _tunnel_record(tunnel: Tunnel | MeshNode, network: Network, **more: str) -> dict[str, Any]:
    kind = "cfd_tunnel" if isinstance(tunnel, Tunnel) else "warp_connector"
    status = network.health.get((tunnel, None))
    return {"id": tunnel.id, "name": tunnel.name, "tun_type": kind, "status": status, **more}


def _own_addresses(via: MeshNode | ClientDevice, routes: Iterable[Announcement]) -> list[dict[str, str]]:
    """What stands in the records of a node or device for its addresses, and nothing in one more."""
    own = [r.address for r in routes if isinstance(r, DeviceAddress) and r.via == via]
    return [{}, *({f"virtual_ipv{ip.version}": str(ip)} for ip in own)]


def _device_record(device: ClientDevice, address: Mapping[str, str]) -> dict[str, Any]:
    return {"id": device.id, "device": {"name": device.name}, **address}


def _subnet_record(route: SubnetRoute) -> dict[str, Any]:
    return {
        "network": str(route.network),
        "tunnel_id": route.via.id,
        "virtual_network_id": route.virtual_network,
    }


def _hostname_record(route: HostnameRoute) -> dict[str, Any]:
    marked = {} if route.match == "stored" else {"match": route.match}
    return {"hostname": route.hostname, "tunnel_id": route.via.id, **marked}


def _onramp_record(onramp: OnRamp) -> dict[str, Any]:
    return {"id": onramp.id, "name": onramp.name}


def _wan_record(route: WanRoute) -> dict[str, Any]:
    scope = {"colo_regions": list(route.regions), "colo_names": list(route.colos)}
    return {
        "prefix": str(route.prefix),
        "priority": route.priority,
        "weight": route.weight,
        **({"scope": scope} if route.regions or route.colos else {}),
        **({"nexthop": route.via.name} if route.via.id is None else {"onramp": route.via.id}),
    }


def _bgp_record(route: BgpRoute) -> dict[str, Any]:
    return {
        "prefix": str(route.prefix),
        "onramp": route.via.id,
        "as_path": list(route.as_path),
        "communities": list(route.communities),
        "customer_asn": route.customer_asn,
    }


def _service_record(service: VpcService) -> dict[str, Any]:
    reach = {"tunnel_id": service.via.id}
    if service.hostname is not None:
        host: dict[str, Any] = {"hostname": service.hostname, "resolver_network": reach}
    else:
        addresses = {"ipv4": service.ipv4, "ipv6": service.ipv6}
        host = {"network": reach, **{name: str(ip) for name, ip in addresses.items() if ip is not None}}
    ports = {name: getattr(service, name) for name in ("http_port", "https_port", "tcp_port")}
    return {"service_id": service.id, "name": service.name, "type": service.type, "host": host, **ports}


# Strategies


@st.composite
def networks(draw: st.DrawFn, *, max_routes: int = 12, health_by_place: bool = True) -> Network:
    """Networks in which every route can stand beside the others.

    One is a value that a table or a document can be made of, as often as one likes::

        @given(networks(), st.randoms())
        def test_order_of_announcing_means_nothing(network, random):
            shuffled = random.sample(network.routes, len(network.routes))
            assert set(network.table()) == set(network.table(shuffled))

    Args:
        draw: given by hypothesis.
        max_routes: of at most so many routes.
        health_by_place: whether states of health may differ from place to place.
    """
    subnets = draw(st.sampled_from(SUBNETS))
    routes = _that_stand(draw(st.lists(announcements(), max_size=max_routes)), subnets)
    places = st.sampled_from([None, *REGIONS, *COLOS]) if health_by_place else st.none()
    states: st.SearchStrategy[Health] = st.sampled_from(["healthy", "degraded", "down"])
    answers = st.lists(st.sampled_from([str(ip) for ip in edges_of(routes)]), max_size=3)
    return Network(
        routes,
        draw(st.sampled_from(VIRTUAL_NETWORKS[:1] + VIRTUAL_NETWORKS)),
        subnets,
        draw(st.dictionaries(st.tuples(connectors(), places), states, max_size=4)),
        draw(st.dictionaries(names(), answers.map(tuple), max_size=2)),
        draw(st.sampled_from(["unified", "legacy"])),
    )


class _UndoneError(Exception):
    """Takes back what was tried."""


@cache
def _empty(subnets: tuple[tuple[ReservedKind, IPNetwork], ...]) -> RouteTable:
    return Network(subnets=subnets).table()


def _that_stand(
    routes: Iterable[Announcement], subnets: tuple[tuple[ReservedKind, IPNetwork], ...]
) -> tuple[Announcement, ...]:
    """Those that can be announced one after the other; what lies in a reserved range is put out of force."""
    table = _empty(subnets)
    held: tuple[Announcement, ...] = ()
    with suppress(_UndoneError), table.transaction():
        for route in routes:
            with suppress(RouteConflict):
                table.announce(_allowed(route, table))
        held = tuple(table)
        raise _UndoneError
    return held


def _allowed(route: Announcement, table: RouteTable) -> Announcement:
    if isinstance(route, DeviceAddress | HostnameRoute):
        return route
    inside = any(r.reserved is not None for r in table.store.ranges_around(route))
    return attrs.evolve(route, in_force=False) if inside else route


def documents(*, max_routes: int = 12) -> st.SearchStrategy[dict[str, Any]]:
    """Network documents, as :meth:`vpcroute.RouteTable.from_document` takes them and the API would dump them::

    @given(documents())
    def test_importer_finds_every_route(document):
        assert len(my_importer(document)) == len(RouteTable.from_document(document))
    """
    return networks(max_routes=max_routes).map(Network.document)


def tables(*, max_routes: int = 12) -> st.SearchStrategy[RouteTable]:
    """Route tables with a few routes of every kind::

    @given(tables(), fetch_urls())
    def test_compiled_form_answers_as_the_table(table, url):
        assert outcome(table.compile().resolve, url) == outcome(table.resolve, url)
    """
    return networks(max_routes=max_routes).map(Network.table)


def vantages(table: RouteTable | None = None, *, services: bool = True) -> st.SearchStrategy[Vantage]:
    """The vantages on a table, each tunnel, service, virtual network, place and mode; without a table on the pools::

        @given(st.data(), tables())
        def test_whatever_the_vantage(data, table):
            resolver = table.compile(data.draw(vantages(table)))

    Args:
        table: the table.
        services: whether there are bindings to one tunnel or service too, and not to the whole network only.
    """
    return _vantages_of_pools(services) if table is None else _vantages(table, services)


@cache
def _vantages_of_pools(services: bool) -> st.SearchStrategy[Vantage]:
    return _vantages(_empty(()), services)


def _vantages(known: RouteTable, services: bool) -> st.SearchStrategy[Vantage]:
    virtual: list[str | None] = [None, *(v.id for v in known.virtual_networks)]
    scopes = [route for route in known if isinstance(route, WanRoute)]
    regions = [None, *sorted({*REGIONS, *(r for route in scopes for r in route.regions)})]
    colos = [None, *sorted({*COLOS, *(c for route in scopes for c in route.colos)})]
    whole = st.builds(
        Vantage,
        virtual_network=st.sampled_from(virtual),
        region=st.sampled_from(regions),
        colo=st.sampled_from(colos),
        routing_mode=st.sampled_from(_MODES),
    )
    if not services:
        return whole
    vias = {route.via for route in known} | {service.via for service in known.services}
    single = [Vantage(tunnel_id=id_) for id_ in sorted(via.id for via in vias if isinstance(via, Tunnel))]
    single += [Vantage(service_id=service.id) for service in known.services]
    return st.one_of(whole, st.sampled_from(single)) if single else whole
