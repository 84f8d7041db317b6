"""The worked examples of the routing rules, row by row, under the ids they have everywhere.

Each row about routing is asked through the explicit call and, where both readers agree on the address, through
``resolve`` too; each time of the rules as written and of the compiled resolver (see :mod:`asking`). Each row about
loading is asked of a document and of announcements made in code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from asking import (
    CNI1,
    CNI2,
    D1,
    GRE1,
    GRE2,
    IPSEC1,
    N1,
    PROD,
    STAGING,
    T1,
    T2,
    Question,
    Setup,
    Want,
    bgp,
    connect,
    ecmp,
    fetch,
    goes,
    host,
    lookup,
    make_table,
    maybe,
    prohibited,
    refused,
    setup,
    unreadable,
    unroutable,
    wan,
    zt,
)

from vpcroute import (
    BgpRoute,
    DeviceAddress,
    Gateway,
    InvalidDocument,
    InvalidVantage,
    OnRamp,
    RemarkCode,
    RouteConflict,
    RouteTable,
    Tunnel,
    VpcService,
)
from vpcroute.precedence import base_priority
from vpcroute.sources.wrangler import read_bindings

SHARED = Path(__file__).parents[2] / "shared" / "conformance.json"

TS, TP = Tunnel("ts-id", "Ts"), Tunnel("tp-id", "Tp")
R1, R2, R3, R4, R5 = (OnRamp(kind="gre", name=f"T{i}") for i in range(1, 6))
INTERNET = Gateway()


@dataclass(frozen=True)
class Row:
    """A row about routing; `resolve` is what to ask the convenience for the same, or False where it reads otherwise."""

    id: str
    setup: Setup
    question: Question
    want: Want
    resolve: Any = True


def _tunnel_goes(tunnel: Tunnel, **fields: Any) -> Want:
    return goes(tunnel, offramp="CFD_TUNNEL", **fields)


EMPTY = setup()
TWO_LENGTHS = setup(zt("10.0.0.0/16", T1), zt("10.0.1.0/24", T2))
SIXTEEN = setup(zt("10.0.0.0/16", T1))
MESH_ADDRESS = setup(DeviceAddress("100.96.0.7", N1))
ZT_AND_LONGER_WAN = (zt("10.0.0.0/24", T1), wan("10.0.0.64/28", GRE1))
TWO_PRIORITIES = (wan("10.2.0.0/16", R1, 100), wan("10.2.0.0/16", R2, 200))
SCOPED = (
    wan("10.10.10.0/24", R5, regions=("WNAM",)),
    wan("10.10.10.0/24", R3, regions=("ENAM",)),
    wan("10.10.10.0/24", R4, regions=("ENAM",)),
)
WIKI = setup(host("wiki.internal.local", T1))
HTTP_SERVICE = VpcService("svc-id", "api", via=T1, ipv4="10.0.0.1", http_port=8080)
NAMED_SERVICE = VpcService("svc-id", "db", via=T1, hostname="db.int")
TCP_SERVICE = VpcService("svc-id", "pg", via=T1, type="tcp", ipv4="10.0.0.5", tcp_port=5432)

ROWS = [
    # Longest prefix
    Row("zt-lpm-1", TWO_LENGTHS, fetch("http://10.0.1.50/"), _tunnel_goes(T2, port=80)),
    Row(
        "zt-fetch-port",
        SIXTEEN,
        fetch("http://10.0.5.42:5432"),
        _tunnel_goes(T1, scheme="http", port=5432, target="10.0.5.42:5432"),
    ),
    Row("zt-connect", SIXTEEN, connect("10.0.1.50:6379"), _tunnel_goes(T1, scheme="tcp", port=6379)),
    # Mesh nodes, devices, reserved ranges
    Row("mesh-cidr", setup(zt("10.0.0.0/24", N1)), fetch("http://10.0.0.50/"), goes(N1, offramp="MESH")),
    Row("mesh-noroute", MESH_ADDRESS, fetch("http://10.0.0.50/"), unroutable("10.0.0.50")),
    Row("mesh-ip", MESH_ADDRESS, fetch("http://100.96.0.7:8080/"), goes(N1, offramp="MESH", port=8080)),
    Row(
        "reserved-beats-default",
        setup(zt("0.0.0.0/0", T1), DeviceAddress("100.96.0.10", D1)),
        connect("100.96.0.10:22"),
        goes(D1, offramp="DEVICE_CLIENT", port=22),
    ),
    # Virtual networks
    Row(
        "vnet-overlap",
        setup(zt("10.128.0.1/32", TS, "staging"), zt("10.128.0.1/32", TP, "prod"), networks=[PROD, STAGING]),
        lookup("10.128.0.1", virtual_network="prod"),
        _tunnel_goes(TP),
        resolve=ip_address("10.128.0.1"),
    ),
    Row(
        "vnet-worker-default",
        setup(zt("10.128.0.1/32", TS, "staging"), networks=[STAGING]),
        fetch("http://10.128.0.1/"),
        unroutable("a route exists in virtual network staging, which is not seen from default"),
    ),
    Row(
        "vnet-wan-fallback",
        setup(zt("10.0.0.0/8", TP, "prod"), wan("192.168.1.0/24", IPSEC1, 100), networks=[PROD]),
        lookup("192.168.1.9", virtual_network="prod"),
        maybe(IPSEC1, RemarkCode.VIRTUAL_NETWORK_FALLBACK, offramp="MAGIC"),
        resolve=ip_address("192.168.1.9"),
    ),
    # Zero Trust and WAN
    Row(
        "uni-wan-specific",
        setup(*ZT_AND_LONGER_WAN),
        fetch("http://10.0.0.70/"),
        goes(GRE1, RemarkCode.ROUTING_MODE_DIFFERS, offramp="MAGIC"),
    ),
    Row(
        "uni-equal",
        setup(zt("10.0.0.0/24", T1), wan("10.0.0.0/24", GRE1, 0)),
        fetch("http://10.0.0.10/"),
        _tunnel_goes(T1),
    ),
    Row(
        "leg-wan-specific",
        setup(*ZT_AND_LONGER_WAN, mode="legacy"),
        fetch("http://10.0.0.70/"),
        maybe(T1, RemarkCode.LEGACY_LONGER_WAN, alternates=(GRE1,), offramp="CFD_TUNNEL"),
    ),
    # WAN priorities
    Row(
        "wan-basic",
        setup(wan("10.50.0.0/16", IPSEC1, 100)),
        fetch("http://10.50.0.100:8080/api"),
        goes(IPSEC1, offramp="MAGIC", port=8080),
    ),
    Row(
        "wan-prio",
        setup(*(wan("10.10.10.100/24", onramp, p) for onramp, p in [(R1, 200), (R2, 200), (R3, 100), (R4, 100)])),
        fetch("http://10.10.10.5/"),
        goes(ecmp(R3, R4), RemarkCode.HOST_BITS, RemarkCode.HOST_BITS, route=wan("10.10.10.0/24", R3, 100)),
    ),
    Row(
        "wan-lpm-over-prio",
        setup(wan("10.0.0.0/29", GRE1, 1), wan("10.0.0.0/30", GRE2, 900)),
        connect("10.0.0.1:5432"),
        goes(GRE2),
    ),
    Row("wan-health-1", setup(*TWO_PRIORITIES, health=[(R1, "down")]), fetch("http://10.2.0.1/"), goes(R2)),
    Row("wan-health-3", setup(*TWO_PRIORITIES), fetch("http://10.2.0.1/"), goes(R1)),
    Row(
        "wan-ecmp-failover",
        setup(*(wan("10.2.0.0/16", r, p) for r, p in [(R1, 1), (R2, 1), (R3, 2)]), health=[(R2, "down")]),
        fetch("http://10.2.0.1/"),
        goes(R1),
    ),
    Row(
        "bgp-default",
        setup(bgp("10.3.0.0/16", CNI1), wan("10.3.0.0/16", GRE1, 100)),
        fetch("http://10.3.0.1/"),
        goes(GRE1),
    ),
    Row(
        "bgp-ecmp",
        setup(bgp("10.4.0.0/16", CNI1), bgp("10.4.0.0/16", CNI2)),
        fetch("http://10.4.0.1/"),
        goes(ecmp(CNI1, CNI2), offramp="MAGIC"),
    ),
    Row("region-hit", setup(*SCOPED), fetch("http://10.10.10.5/", region="ENAM"), goes(ecmp(R3, R4))),
    Row("region-miss", setup(SCOPED[0]), fetch("http://10.10.10.5/", region="APAC"), unroutable("WNAM")),
    # Names
    Row(
        "host-exact",
        WIKI,
        fetch("http://wiki.internal.local/"),
        _tunnel_goes(T1, host="wiki.internal.local", ip=None, needs_dns=False, target="wiki.internal.local:80"),
    ),
    Row("host-wild-1", setup(host("*.internal.local", T1)), fetch("http://foo.internal.local/"), _tunnel_goes(T1)),
    Row("host-case-dot", WIKI, fetch("http://WIKI.Internal.Local./"), _tunnel_goes(T1, host="wiki.internal.local")),
    Row(
        "ip-not-host",  # no Host header has a say: only the URL is asked about
        setup(host("app.internal", T1), zt("10.0.0.0/24", T2)),
        fetch("http://10.0.0.9/"),
        _tunnel_goes(T2),
    ),
    Row(
        "host-mesh",
        setup(host("wiki.internal.local", N1)),
        fetch("http://wiki.internal.local/"),
        goes(N1, offramp="MESH"),
    ),
    Row(
        "host-noroute-private",
        setup(wan("10.7.0.0/16", GRE1)),
        connect("db.corp:5432", answers=["10.7.0.5"]),
        goes(GRE1, offramp="MAGIC", host="db.corp", ip="10.7.0.5", port=5432),
    ),
    Row(
        "host-noroute-unknown",
        EMPTY,
        connect("db.corp:5432"),
        goes(Gateway(needs_dns=True), offramp=None, needs_dns=True, ip=None),
    ),
    # Default routing
    Row(
        "pub-gw",
        EMPTY,
        fetch("https://api.example.com/data", answers=["93.184.216.34"]),
        goes(INTERNET, offramp="INTERNET", gateway="inspected", host="api.example.com", ip="93.184.216.34", port=443),
    ),
    Row(
        "pub-ip-gw",
        EMPTY,
        connect("198.41.0.4:53"),
        goes(INTERNET, offramp="INTERNET", gateway="inspected", scheme="tcp", port=53),
    ),
    Row("pub-default-route", setup(zt("0.0.0.0/0", T1)), fetch("http://93.184.216.34/"), _tunnel_goes(T1)),
    Row(
        "pub-tunnelid",
        setup(known=[T1]),
        fetch("https://api.example.com/", tunnel_id="T1"),
        _tunnel_goes(T1, gateway="none_documented", needs_dns=False, target="api.example.com:443"),
    ),
    Row("priv-drop", EMPTY, fetch("http://192.168.7.7/"), unroutable("192.168.0.0/16")),
    Row("ula-drop", EMPTY, fetch("http://[fd00::1]/"), unroutable("fc00::/7")),
    Row("loopback", EMPTY, fetch("http://127.0.0.1/"), prohibited("loopback")),
    Row("token-ip", EMPTY, fetch("http://172.64.128.48/"), prohibited("token")),
    Row("srcip", EMPTY, fetch("http://100.64.0.5/"), prohibited("source")),
    # Reading
    Row(
        "whatwg-hex",
        setup(zt("10.0.0.0/8", T1)),
        fetch("http://0x0a000132/"),
        _tunnel_goes(T1, host="10.0.1.50", ip="10.0.1.50", target="10.0.1.50:80"),
    ),
    Row("relative", EMPTY, fetch("/api/users"), unreadable("absolute URL required")),
    Row("scheme", EMPTY, fetch("ftp://10.0.0.1/"), unreadable("Fetch API cannot load: ftp://10.0.0.1/")),
    Row("conn-noport", EMPTY, connect("10.0.1.50"), unreadable("Specified address is missing port.")),
    Row(
        "conn-url",
        EMPTY,
        connect("http://10.0.0.1:80"),
        unreadable("Specified address is missing port."),
        resolve=False,  # a fetch URL to it
    ),
    Row("conn-nohost", EMPTY, connect(":80"), unreadable("Specified address could not be parsed.")),
    Row(
        "conn-v6",
        setup(zt("fd00::/8", T1)),
        connect("[fd00::1]:6379"),
        _tunnel_goes(T1, host="fd00::1", port=6379, target="[fd00::1]:6379"),
    ),
    Row(
        "conn-port-range",
        EMPTY,
        connect({"hostname": "10.0.0.1", "port": 70000}),
        unreadable("Value out of range. Must be less than or equal to 65535."),
    ),
    Row(
        "conn-tls",
        EMPTY,
        connect("10.0.1.50:6379", secure_transport="on"),
        refused("invalid_address", mentions=("plaintext TCP",)),
        resolve=False,  # has no such option
    ),
    Row("conn-numeric", EMPTY, connect("0x7f000001:80"), refused("ambiguous_address", mentions=("0x7f000001",))),
    # VPC Services
    Row(
        "svc-port-ignored",
        setup(known=[HTTP_SERVICE]),
        fetch("http://api.internal:9999/x", service_id="svc-id"),
        _tunnel_goes(T1, host="api.internal", target="10.0.0.1:8080", gateway="none_documented"),
    ),
    Row(
        "svc-https-default",
        setup(known=[NAMED_SERVICE]),
        fetch("https://anything/", service_id="svc-id"),
        _tunnel_goes(T1, scheme="https", host="anything", target="db.int:443", needs_dns=False),
    ),
    Row(
        "svc-tcp",
        setup(known=[TCP_SERVICE]),
        connect("10.0.0.5:5432", service_id="svc-id"),
        refused("invalid_vantage", mentions=("connect()", "VPC Service", "Hyperdrive")),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_routing(row: Row) -> None:
    row.want.check(row.setup(), row.question)


@pytest.mark.parametrize("row", [row for row in ROWS if row.resolve is not False], ids=lambda row: row.id)
def test_routing_through_resolve(row: Row) -> None:
    address = row.question.address if row.resolve is True else row.resolve
    row.want.check(row.setup(), row.question.through("resolve", address))


# Loading

_TUNNELS = [
    {"id": f"{i}50e8400-e29b-41d4-a716-446655440000", "name": f"T{i}", "tun_type": "cfd_tunnel", "deleted_at": None}
    for i in (1, 2)
]
_NODE = {
    "id": "0b80a255-53a1-4945-8932-58ef7777682c",
    "name": "N1",
    "tun_type": "warp_connector",
    "virtual_ipv4": "100.96.0.7",
}


def _document(**more: Any) -> dict[str, Any]:
    return {"tunnels": _TUNNELS, "mesh_nodes": [_NODE], **more}


def _to(connector: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A route record as the API returns it."""
    through = {"tunnel_id": connector["id"], "tunnel_name": connector["name"], "tun_type": connector["tun_type"]}
    return {**through, "comment": "", "created_at": "2026-03-24T14:19:33Z", "deleted_at": None, **more}


def _subnet(network: str, connector: dict[str, Any]) -> dict[str, Any]:
    return _to(connector, network=network)


def _hostname(hostname: str, connector: dict[str, Any]) -> dict[str, Any]:
    return _to(connector, hostname=hostname)


BAD_NAMES = {
    "prefix-glob": "*-dev.internal.local",
    "glob-inside": "foo*bar.x",
    "two-wildcards": "*.*.internal.local",
    "wildcard-inside": "foo.*.internal.local",
    "too-long": ".".join(["a" * 49] * 5) + ".bcdef",  # 255 characters
}

#: id → documents that must not load, each with the path of its only problem.
LOADING: dict[str, list[tuple[dict[str, Any], str]]] = {
    "reserved-subset-route": [(_document(routes=[_subnet("100.96.5.0/24", _TUNNELS[0])]), "routes[0]")],
    "zt-dup-prefix": [(_document(routes=[_subnet("10.1.0.0/16", tunnel) for tunnel in _TUNNELS]), "routes[1]")],
    "host-bad": [
        (_document(hostname_routes=[_hostname(name, _TUNNELS[0])]), "hostname_routes[0].hostname")
        for name in BAD_NAMES.values()
    ],
    "host-dup": [
        (
            _document(hostname_routes=[_hostname("wiki.internal.local", c) for c in (_TUNNELS[0], _NODE)]),
            "hostname_routes[1]",
        )
    ],
}

#: id → what does the same in code, and the error it raises.
ANNOUNCING: dict[str, list[tuple[Callable[[], object], type[Exception]]]] = {
    "reserved-subset-route": [(setup(zt("100.96.5.0/24", T1)), RouteConflict)],
    "zt-dup-prefix": [(setup(zt("10.1.0.0/16", T1), zt("10.1.0.0/16", T2)), RouteConflict)],
    "host-bad": [(lambda name=name: host(name, T1), ValueError) for name in BAD_NAMES.values()],  # type: ignore[misc]
    "host-dup": [(setup(host("wiki.internal.local", T1), host("wiki.internal.local", N1)), RouteConflict)],
}


@pytest.mark.parametrize(
    ("document", "path"),
    [pytest.param(*case, id=f"{row}-{i}") for row, cases in LOADING.items() for i, case in enumerate(cases)],
)
def test_loading(document: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(document)
    problems = caught.value.problems
    assert len(problems) == 1, problems
    assert problems[0][0].startswith(path), problems


@pytest.mark.parametrize(
    ("announce", "error"),
    [pytest.param(*case, id=f"{row}-{i}") for row, cases in ANNOUNCING.items() for i, case in enumerate(cases)],
)
def test_announcing(announce: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        announce()


@pytest.mark.parametrize("hostname", ["*.internal.local", "a" * 63 + ".internal.local", "wiki.internal.local."])
def test_loading_names_like_the_bad_ones(hostname: str) -> None:
    table = RouteTable.from_document(_document(hostname_routes=[_hostname(hostname, _TUNNELS[0])]))
    assert table.counts()["hostname"] == 1


# The rest

#: id → the BGP route, its priority before health, and the findings it gives rise to.
PRIORITIES: dict[str, tuple[BgpRoute, int, list[RemarkCode]]] = {
    "bgp-multi-comm": (
        bgp("10.3.0.0/16", CNI1, "13335:60010", "13335:60200"),
        10,
        [RemarkCode.BGP_COMMUNITIES],
    ),
    "bgp-prepend": (bgp("10.3.0.0/16", CNI1, as_path=[65000, 65000, 65000, 65200], asn=65000), 120, []),
}


@pytest.mark.parametrize("row", PRIORITIES)
def test_priority_of_route(row: str) -> None:
    route, priority, findings = PRIORITIES[row]
    assert base_priority(route) == priority
    table = make_table([route])
    assert [finding.code for finding in table.findings] == findings
    goes(CNI1, *findings, route=route).check(table, fetch("http://10.3.0.1/"))


BINDINGS = ["cfg-other-network"]


def test_cfg_other_network() -> None:
    """Wrangler takes any string for a network id; the API takes one."""
    text = json.dumps({"vpc_networks": [{"binding": "NETWORK", "network_id": "some-network-id", "remote": True}]})
    binding = read_bindings(text, format="jsonc")["NETWORK"]
    assert binding.network_id == "some-network-id"
    with pytest.raises(InvalidVantage, match="some-network-id"):
        binding.vantage()


IDS = [*(row.id for row in ROWS), *LOADING, *PRIORITIES, *BINDINGS]


def test_every_row_is_here_once() -> None:
    assert len(IDS) == len(set(IDS)) == 59
    assert LOADING.keys() == ANNOUNCING.keys()


@pytest.mark.skipif(not SHARED.is_file(), reason=f"the table of worked examples is not at {SHARED}")
def test_rows_are_those_of_the_table() -> None:
    assert sorted(row["id"] for row in json.loads(SHARED.read_text("utf-8"))) == sorted(IDS)
