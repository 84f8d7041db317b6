"""A table written as a document and read again: the same announcements, the same answers, the same document."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import attrs
import pytest
from documents import GONE, NETWORKS, SAMPLE, document, wan
from doing import RULE, Block, blocks, make
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import EVERY_VANTAGE, PHASES, Question
from test_agreement import outcome

from vpcroute import (
    Announcement,
    BgpRoute,
    ClientDevice,
    DeviceAddress,
    HostnameRoute,
    MeshNode,
    OnRamp,
    Resolution,
    RouteTable,
    SubnetRoute,
    Tunnel,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.gateway import GatewayList
from vpcroute.remarks import Finding, Remark, RemarkCode
from vpcroute.strategies import VIRTUAL_NETWORKS, Network, networks
from vpcroute.strategies.routes import edges_of, names_around

EU, NODE = Tunnel("t1", "eu"), MeshNode("n1", "lab")
GRE = OnRamp(kind="gre", name="gre", id="o1")
LOOSE = OnRamp(kind="unknown", name="10.99.0.1")
#: Findings that a document does not make again.
_LOST = {RemarkCode.DUPLICATE_ROUTE, RemarkCode.UNKNOWN_TUNNEL, RemarkCode.EMPTY_SCOPE}


def _read(written: dict[str, Any]) -> RouteTable:
    return RouteTable.from_document(json.loads(json.dumps(written)))


def _bare(route: Announcement) -> Announcement:
    return attrs.evolve(route, id=None) if isinstance(route, DeviceAddress) else route


def _without_lost(found: object) -> object:
    """An outcome as said of a table whose findings all come from reading a document."""
    if isinstance(found, tuple) and isinstance(found[1], Resolution):
        r = found[1]
        kept = [Remark(m.code, m.text, m.announcement and _bare(m.announcement)) for m in r.remarks]
        kept = sorted((m for m in kept if m.code not in _LOST), key=repr)
        alternates = {(c.egress, c.route and _bare(c.route)) for c in r.alternates}
        return r.egress, r.route and _bare(r.route), r.target, r.guaranteed, alternates, kept
    return found


def _mappings(table: RouteTable) -> list[Any]:
    """What does not count when policies are compared."""
    return [(rule.settings, rule.schedule, rule.expiration) for rule in table.gateway_rules]


def check(table: RouteTable) -> RouteTable:
    """What is read of what is written is the same, and is written in the same way."""
    written = table.to_document()
    again = _read(written)
    assert again.to_document() == written
    assert set(again) == set(map(_bare, table))
    assert {r: (r.comment, getattr(r, "original", None)) for r in again if not isinstance(r, DeviceAddress)} == {
        r: (r.comment, getattr(r, "original", None)) for r in table if not isinstance(r, DeviceAddress)
    }
    assert again.virtual_networks == table.virtual_networks
    assert (again.services, again.hosts, again.subnets) == (table.services, table.hosts, table.subnets)
    assert again.reserved_ranges == table.reserved_ranges
    assert again.routing_mode == table.routing_mode
    assert again._gateway == table._gateway
    assert _mappings(again) == _mappings(table)
    return again


# Round trips


@given(networks(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, phases=PHASES)
def test_networks_of_every_kind(network: Network, random: Any) -> None:
    table = network.table()
    again = check(table)
    shuffled = network.table(random.sample(network.routes, len(network.routes)))
    assert shuffled.to_document() == table.to_document()
    asked = [Question("resolve", (str(ip), 443)) for ip in edges_of(network.routes)]
    asked += [Question("resolve", (name, 443)) for name in names_around(network.routes)]
    for vantage in random.sample(EVERY_VANTAGE, 8):
        old, new = table.compile(vantage), again.compile(vantage)
        for question in asked:
            assert _without_lost(outcome(new, question)) == _without_lost(outcome(old, question)), (vantage, question)


@given(st.lists(blocks(), max_size=8))
@settings(max_examples=40, deadline=None, phases=PHASES)
def test_tables_after_changes_of_every_kind(drawn: list[Block]) -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS, routing_mode="legacy")
    make(table, drawn)
    check(table)


def test_sample() -> None:
    table = RouteTable.from_document(SAMPLE)
    again = check(table)
    assert sorted(f.text for f in again.findings) == sorted(f.text for f in table.findings)


def test_what_the_document_did_not_list_is_not_listed_and_is_found_again() -> None:
    read = document(
        virtual_networks=NETWORKS,
        routes=[
            {"network": "10.0.0.0/16", "tunnel_id": GONE, "tunnel_name": "gone", "tun_type": "cfd_tunnel"},
            {"network": "10.1.0.0/16", "tunnel_id": GONE, "virtual_network_id": "v9", "virtual_network_name": "nine"},
        ],
        hostname_routes=[{"hostname": "a.b", "tunnel_id": "gone-node", "tun_type": "warp_connector"}],
        wan=wan(
            {"prefix": "10.2.0.0/16", "nexthop": "10.99.0.1", "priority": 1, "scope": {}},
            {"prefix": "10.3.0.0/16", "nexthop": "10.255.0.1", "priority": 1},
        ),
        bgp_routes=[{"prefix": "10.4.0.0/16", "onramp": "10.99.0.1"}],
        health={GONE: "down", "10.99.0.1": {"ENAM": "down"}},
    )
    table = RouteTable.from_document(read)
    written = table.to_document()
    again = check(table)
    told = [sorted((f.code, f.text, str(f.announcement)) for f in t.findings) for t in (table, again)]
    assert told[0] == told[1]
    assert {code for code, _, _ in told[0]} == {
        *(RemarkCode.UNKNOWN_TUNNEL, RemarkCode.UNKNOWN_VIRTUAL_NETWORK, RemarkCode.UNKNOWN_NEXT_HOP),
        *(RemarkCode.EMPTY_SCOPE, RemarkCode.STORED_WILDCARD),
    }
    assert GONE not in str(written["tunnels"])
    assert "v9" not in str(written["virtual_networks"])
    assert "onramps" not in written["wan"]
    table.add(Tunnel(GONE, "gone"))  # now it is known, and listed
    assert GONE in str(table.to_document()["tunnels"])


# What it looks like


def _full() -> RouteTable:
    staging = VirtualNetwork("v2", "staging")
    table = RouteTable(routing_mode="legacy", virtual_networks=[staging, VirtualNetwork("v1", "main", True)])
    device = ClientDevice("d1", "laptop")
    for thing in (GRE, LOOSE, VpcService("s1", "web", via=EU, hostname="a.b", resolver_ips=["10.0.0.1"], http_port=80)):
        table.add(thing)
    table.set_subnets([("private_lb", IPv4Network("10.9.0.0/16"))])
    for route in (
        SubnetRoute("10.2.0.1/16", EU, virtual_network="staging", id="r1", comment="hi"),
        SubnetRoute("10.1.0.0/16", NODE, in_force=False),
        HostnameRoute("*.b.c", EU),
        HostnameRoute("b.c", EU, match="stored"),
        HostnameRoute("a*.c", NODE, in_force=False),
        DeviceAddress("100.96.0.7", device),
        DeviceAddress("100.96.0.9", NODE),
        DeviceAddress("100.96.0.8", NODE),
        DeviceAddress("fd00::1", NODE),
        WanRoute("10.3.0.0/16", LOOSE, priority=0, weight=5, regions=["ENAM"], colos=["den01"], id="w", comment="x"),
        BgpRoute("10.4.0.0/16", GRE, as_path=[65000], communities=["1:2"], customer_asn=1, id="b", in_force=False),
    ):
        table.announce(route)
    table.set_health(GRE, "down")
    table.set_health(GRE, "degraded", place="ENAM")
    table.set_health("10.99.0.1", "down", place="den01")
    table.set_health(EU, "degraded")
    table.set_hosts("a.b", ["10.0.0.2", "10.0.0.1"])
    lists = [GatewayList("l1", "list", "IP", ("10.0.0.1",)), GatewayList("l2", "long", "IP", None, 3)]
    table.set_gateway([RULE], [*lists, GatewayList("l3", "none", "IP", ())], {"fips": {"tls": True}})
    return table


FULL: dict[str, Any] = {
    "routing_mode": "legacy",
    "virtual_networks": [
        {"id": "v1", "name": "main", "is_default_network": True},
        {"id": "v2", "name": "staging", "is_default_network": False},
    ],
    "tunnels": [{"id": "t1", "name": "eu", "tun_type": "cfd_tunnel"}],
    "mesh_nodes": [
        {
            "id": "n1",
            "name": "lab",
            "tun_type": "warp_connector",
            "virtual_ipv4": "100.96.0.8",
            "virtual_ipv6": "fd00::1",
        },
        {"id": "n1", "name": "lab", "tun_type": "warp_connector", "virtual_ipv4": "100.96.0.9"},
    ],
    "devices": [{"id": "d1", "device": {"name": "laptop"}, "virtual_ipv4": "100.96.0.7"}],
    "subnets": [{"network": "10.9.0.0/16", "subnet_type": "private_lb"}],
    "routes": [
        {"network": "10.1.0.0/16", "tunnel_id": "n1", "virtual_network_id": "v1", "in_force": False},
        {"network": "10.2.0.1/16", "tunnel_id": "t1", "virtual_network_id": "v2", "id": "r1", "comment": "hi"},
    ],
    "hostname_routes": [
        {"hostname": "a*.c", "tunnel_id": "n1", "in_force": False},
        {"hostname": "b.c", "match": "one_label", "tunnel_id": "t1"},
        {"hostname": "b.c", "tunnel_id": "t1"},
    ],
    "services": [
        {
            "service_id": "s1",
            "name": "web",
            "type": "http",
            "host": {"hostname": "a.b", "resolver_network": {"tunnel_id": "t1", "resolver_ips": ["10.0.0.1"]}},
            "http_port": 80,
        }
    ],
    "wan": {
        "routes": [
            {
                "prefix": "10.3.0.0/16",
                "priority": 0,
                "weight": 5,
                "scope": {"colo_regions": ["ENAM"], "colo_names": ["den01"]},
                "description": "x",
                "onramp": "10.99.0.1",
                "id": "w",
            }
        ],
        "gre_tunnels": [{"id": "o1", "name": "gre"}],
        "onramps": [{"name": "10.99.0.1"}],
    },
    "bgp_routes": [
        {
            "prefix": "10.4.0.0/16",
            "onramp": "o1",
            "as_path": [65000],
            "communities": ["1:2"],
            "customer_asn": 1,
            "id": "b",
            "in_force": False,
        }
    ],
    "gateway_rules": [
        {
            "id": "rule-1",
            "name": "block",
            "action": "block",
            "precedence": 1,
            "enabled": True,
            "filters": ["http", "dns"],
            "rule_settings": RULE.settings,
            "traffic": RULE.traffic,
            "schedule": RULE.schedule,
            "expiration": RULE.expiration,
            "created_at": RULE.created_at,
            "unread": ["new_condition"],
        }
    ],
    "gateway_lists": [
        {"id": "l1", "name": "list", "type": "IP", "items": [{"value": "10.0.0.1"}]},
        {"id": "l2", "name": "long", "type": "IP", "count": 3},
        {"id": "l3", "name": "none", "type": "IP", "items": []},
    ],
    "gateway_configuration": {"settings": {"fips": {"tls": True}}},
    "health": {"10.99.0.1": {"den01": "down"}, "o1": {"*": "down", "ENAM": "degraded"}, "t1": "degraded"},
    "hosts": {"a.b": ["10.0.0.2", "10.0.0.1"]},
}


def test_everything_stands_in_the_shapes_of_the_api() -> None:
    table = _full()
    assert table.to_document() == FULL
    check(table)


def test_what_is_empty_is_left_out() -> None:
    networks = [{"id": "default", "name": "default", "is_default_network": True}]
    assert RouteTable().to_document() == {"routing_mode": "unified", "virtual_networks": networks}


# What it does not say, or cannot


def test_what_is_not_said() -> None:
    table = RouteTable()
    table.add(VpcService("s", "web", via=EU, ipv4="10.0.0.1"))
    table.set_health(EU, "down")
    table.remove(VpcService("s", "web", via=EU, ipv4="10.0.0.1"))
    table.note(Finding(RemarkCode.DUPLICATE_ROUTE, "routes[3]", "twice"))
    assert table.to_document() == RouteTable().to_document()


@pytest.mark.parametrize(
    ("things", "message"),
    [
        ([Tunnel("x"), MeshNode("x")], "a tunnel and a Mesh node have the id x"),
        ([OnRamp(kind="gre", name="x"), OnRamp(kind="cni", name="x", id="o2")], "OnRamp x shares its id or name"),
    ],
)
def test_what_cannot_be_said_is_refused(things: list[Any], message: str) -> None:
    table = RouteTable()
    for thing in things:
        table.add(thing)
        if isinstance(thing, OnRamp):
            table.announce(WanRoute("10.0.0.0/8", thing, priority=1))
    with pytest.raises(ValueError, match=message):
        table.to_document()


def test_state_of_what_cannot_be_named_is_refused() -> None:
    table = RouteTable()
    table.add(OnRamp(kind="gre", name="x"))
    table.add(Tunnel("x"))
    table.set_health(Tunnel("x"), "down")
    check(table)
    table.set_health(OnRamp(kind="gre", name="x"), "down")
    with pytest.raises(ValueError, match="OnRamp x shares its id or name"):
        table.to_document()
