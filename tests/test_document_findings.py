"""Network documents that are odd: what is found, remarked on the answers, and captured by lenient loading."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from asking import Question, Want, ask, connect, fetch, goes, refused
from documents import (
    DEN,
    EU,
    FRA,
    GONE,
    NETWORKS,
    NODE,
    STAGING,
    US,
    Json,
    bgp,
    document,
    findings,
    named,
    only,
    prefixed,
    problems,
    route,
    static,
    wan,
)

from vpcroute import (
    ClientDevice,
    DeviceAddress,
    Gateway,
    HostnameRoute,
    MeshNode,
    OnRamp,
    RemarkCode,
    RouteTable,
    Tunnel,
)

# Findings


def _finding(id_: str, source: Json, expected: list[tuple[str, str]], question: Question, want: Want) -> Any:
    return pytest.param(source, expected, question, want, id=id_)


EMPTY_SCOPES: list[Json] = [{}, {"colo_names": [], "colo_regions": []}, {"colo_names": None, "colo_regions": None}]
UNKNOWN_HOP = OnRamp(kind="unknown", name="192.0.2.7")
FINDINGS = [
    _finding(
        "host bits",
        document(routes=[route("10.1.2.3/8")]),
        [("host_bits", "routes[0].network")],
        connect("10.9.9.9:80"),
        goes(EU, RemarkCode.HOST_BITS),
    ),
    _finding(
        "host bits, WAN and BGP",
        document(wan=wan(static("10.1.2.3/16")), bgp_routes=[bgp("10.2.0.1/16")]),
        [("host_bits", "wan.routes[0].prefix"), ("host_bits", "bgp_routes[0].prefix")],
        connect("10.2.9.9:80"),
        goes(FRA, RemarkCode.HOST_BITS),
    ),
    *(
        _finding(
            f"empty scope {scope}",
            document(wan=wan(static("10.1.0.0/16", scope=scope))),
            [("empty_scope", "wan.routes[0].scope")],
            connect("10.1.9.9:80"),
            goes(DEN, RemarkCode.EMPTY_SCOPE),
        )
        for scope in EMPTY_SCOPES
    ),
    _finding(
        "an unknown tunnel",
        document(
            routes=[{"network": "10.0.0.0/8", "tunnel_id": GONE, "tunnel_name": "gone", "tun_type": "cfd_tunnel"}]
        ),
        [("unknown_tunnel", "routes[0].tunnel_id")],
        connect("10.0.0.1:80"),
        goes(Tunnel(GONE, "gone"), RemarkCode.UNKNOWN_TUNNEL, offramp="CFD_TUNNEL"),
    ),
    _finding(
        "an unknown Mesh node",
        document(hostname_routes=[{**named("a.b", match="exact"), "tunnel_id": GONE, "tun_type": "warp_connector"}]),
        [("unknown_tunnel", "hostname_routes[0].tunnel_id")],
        fetch("http://a.b/"),
        goes(MeshNode(GONE), RemarkCode.UNKNOWN_TUNNEL, offramp="MESH"),
    ),
    _finding(
        "an unknown tunnel of which only the id is known",
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": GONE.upper(), "tunnel_name": "", "tun_type": None}]),
        [("unknown_tunnel", "routes[0].tunnel_id")],
        connect("10.0.0.1:80"),
        goes(Tunnel(GONE), RemarkCode.UNKNOWN_TUNNEL),
    ),
    _finding(
        "a deleted tunnel",
        document(
            tunnels=[{"id": GONE, "name": "old", "deleted_at": "2025-01-01T00:00:00Z"}],
            routes=[{"network": "10.0.0.0/8", "tunnel_id": GONE, "tunnel_name": "old"}],
        ),
        [("unknown_tunnel", "routes[0].tunnel_id")],
        connect("10.0.0.1:80"),
        goes(Tunnel(GONE, "old"), RemarkCode.UNKNOWN_TUNNEL),
    ),
    _finding(
        "an unknown next hop stays in force",
        document(wan=wan(static("8.8.8.0/24", "192.0.2.7"))),
        [("unknown_next_hop", "wan.routes[0].nexthop")],
        connect("8.8.8.8:53"),
        goes(UNKNOWN_HOP, RemarkCode.UNKNOWN_NEXT_HOP, offramp="MAGIC"),
    ),
    _finding(
        "an unknown virtual network",
        document(
            virtual_networks=NETWORKS,
            routes=[route("10.0.0.0/8", virtual_network_id=GONE, virtual_network_name="lost")],
        ),
        [("unknown_virtual_network", "routes[0].virtual_network_id")],
        connect("10.0.0.1:80", virtual_network="lost"),
        goes(EU, RemarkCode.UNKNOWN_VIRTUAL_NETWORK),
    ),
    _finding(
        "a virtual network where none is listed",
        document(routes=[route("10.0.0.0/8", virtual_network_id=GONE)]),
        [("unknown_virtual_network", "routes[0].virtual_network_id")],
        connect("10.0.0.1:80"),
        refused("destination_ip_unroutable"),
    ),
    _finding(
        "the network called default where none is listed",
        document(routes=[route("10.0.0.0/8", virtual_network_id=GONE, virtual_network_name="default")]),
        [],
        connect("10.0.0.1:80"),
        goes(EU),
    ),
    _finding(
        "a stored wildcard",
        document(hostname_routes=[named("a.b")]),
        [("stored_wildcard", "hostname_routes[0].hostname")],
        fetch("http://a.b/"),
        goes(EU, RemarkCode.STORED_WILDCARD),
    ),
    _finding(
        "a Mesh node in a virtual network",
        document(virtual_networks=NETWORKS, routes=[route("10.0.0.0/8", NODE, virtual_network_id=STAGING)]),
        [("mesh_in_virtual_network", "routes[0].virtual_network_id")],
        connect("10.0.0.1:80", virtual_network="staging"),
        goes(NODE, RemarkCode.MESH_IN_VIRTUAL_NETWORK),
    ),
    _finding(
        "Mesh and WAN in legacy mode",
        document(routing_mode="legacy", wan=wan(static("10.1.0.0/16"))),
        [("mesh_needs_unified", "routing_mode")],
        connect("10.1.0.1:80"),
        goes(DEN),
    ),
    _finding(
        "WAN alone in legacy mode",
        document(routing_mode="legacy", wan=wan(static("10.1.0.0/16")), mesh_nodes=[]),
        [],
        connect("10.1.0.1:80"),
        goes(DEN),
    ),
    _finding(
        "Mesh alone in legacy mode",
        document(routing_mode="legacy", routes=[route("10.0.0.0/8", NODE)]),
        [],
        connect("10.1.0.1:80"),
        goes(NODE),
    ),
    _finding(
        "a prohibited range",
        document(routes=[route("169.254.169.254/32")]),
        [("prohibited_range", "routes[0].network")],
        connect("169.254.169.254:80"),
        refused("destination_ip_prohibited"),
    ),
    _finding(
        "outside the device range",
        document(devices=[{"id": "d", "virtual_ipv4": "10.96.0.9"}]),
        [("outside_device_range", "devices[0].virtual_ipv4")],
        connect("10.96.0.9:22"),
        goes(ClientDevice("d"), RemarkCode.OUTSIDE_DEVICE_RANGE),
    ),
    _finding(
        "several communities",
        document(bgp_routes=[bgp("10.1.0.0/16", communities=["13335:60010", "13335:60200", "65000:1"])]),
        [("bgp_communities", "bgp_routes[0].communities")],
        connect("10.1.0.1:80"),
        goes(FRA, RemarkCode.BGP_COMMUNITIES),
    ),
    _finding(
        "several findings of one route",
        document(
            wan=wan(static("10.1.2.3/16", "192.0.2.7", scope={})),
        ),
        [
            ("host_bits", "wan.routes[0].prefix"),
            ("empty_scope", "wan.routes[0].scope"),
            ("unknown_next_hop", "wan.routes[0].nexthop"),
        ],
        connect("10.1.9.9:80"),
        goes(UNKNOWN_HOP, RemarkCode.HOST_BITS, RemarkCode.UNKNOWN_NEXT_HOP, RemarkCode.EMPTY_SCOPE),
    ),
]


@pytest.mark.parametrize(("source", "expected", "question", "want"), FINDINGS)
def test_findings(source: Json, expected: list[tuple[str, str]], question: Question, want: Want) -> None:
    table = RouteTable.from_document(source)
    assert sorted(findings(table)) == sorted(expected)
    want.check(table, question)


@pytest.mark.parametrize("change", ["default", "subnets"])
def test_paths_stay_when_findings_are_found_again(change: str) -> None:
    table = RouteTable.from_document(
        document(
            virtual_networks=NETWORKS,
            wan=wan(static("10.1.2.3/16")),
            devices=[{"id": "d", "virtual_ipv4": "10.96.0.9"}],
            routes=[route("10.1.2.3/8")],
        )
    )
    before = findings(table)
    if change == "default":
        table.set_default("staging")
    else:
        table.set_subnets([])
    assert findings(table) == before


def test_the_prefix_as_written_is_kept() -> None:
    table = RouteTable.from_document(
        document(
            routes=[route("10.1.2.3/8")],
            wan=wan(static("10.1.2.3/16"), static("10.3.0.0/16")),
            bgp_routes=[bgp("fd00::1/8")],
        )
    )
    assert [getattr(r, "original", None) for r in table] == ["10.1.2.3/8", "10.1.2.3/16", None, "fd00::1/8"]
    assert table.findings[0].text == "10.1.2.3/8 has host bits set and is read as 10.0.0.0/8"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        pytest.param(document(routes=[route("10.0.0.0/8"), route("10.0.0.1/8", id="x")]), "routes[1]", id="routes"),
        pytest.param(
            document(hostname_routes=[named("*.a.b"), named("a.b", match="one_label")]),
            "hostname_routes[1]",
            id="names",
        ),
        pytest.param(document(wan=wan(*[static("10.0.0.0/8")] * 2)), "wan.routes[1]", id="WAN"),
        pytest.param(document(bgp_routes=[bgp("10.0.0.0/8"), bgp("10.0.0.0/8")]), "bgp_routes[1]", id="BGP"),
        pytest.param(
            document(devices=[{"id": "d", "virtual_ipv4": "100.96.0.9"}] * 2), "devices[1].virtual_ipv4", id="addresses"
        ),
    ],
)
def test_duplicates(source: Json, path: str) -> None:
    table = RouteTable.from_document(source)
    assert ("duplicate_route", path) in findings(table)
    assert len(table) == 1


def test_a_duplicate_is_remarked_on_the_answers_of_the_route() -> None:
    table = RouteTable.from_document(document(routes=[route("10.0.0.0/8"), route("10.0.0.0/8")]))
    goes(EU, RemarkCode.DUPLICATE_ROUTE).check(table, connect("10.0.0.1:80"))


def test_static_routes_that_differ_in_anything_stand_side_by_side() -> None:
    table = RouteTable.from_document(
        document(wan=wan(static("10.0.0.0/8", id="a"), static("10.0.0.0/8", id="b"), static("10.0.0.0/8", priority=5)))
    )
    assert (len(table), table.findings) == (3, ())


@pytest.mark.parametrize("sections", [("routes", "routes"), ("routes", "hostname_routes")])
def test_every_route_of_an_unknown_tunnel_says_so(sections: tuple[str, str]) -> None:
    first = {"network": "10.0.0.0/8", "tunnel_id": GONE}
    second: Json = {"tunnel_id": GONE, "network": "11.0.0.0/8", "hostname": "a.b", "match": "exact"}
    source = document(routes=[first, *([second] if sections[1] == "routes" else [])])
    if sections[1] == "hostname_routes":
        source["hostname_routes"] = [second]
    table = RouteTable.from_document(source)
    question = connect("11.0.0.1:80") if sections[1] == "routes" else fetch("http://a.b/")
    goes(Tunnel(GONE), RemarkCode.UNKNOWN_TUNNEL).check(table, question)


def test_a_listed_connector_is_found_in_any_case_and_wins_over_what_a_route_says() -> None:
    source = document(
        routes=[
            {"network": "10.0.0.0/8", "tunnel_id": EU.id.upper(), "tunnel_name": "old", "tun_type": "warp_connector"}
        ]
    )
    assert only(RouteTable.from_document(source), "10.0.0.0/8").via == EU


def test_a_list_of_all_tunnels_goes_by_their_type() -> None:
    table = RouteTable.from_document(
        {
            "tunnels": [
                {"id": "a", "name": "a", "tun_type": "cfd_tunnel"},
                {"id": "b", "name": "b", "tun_type": "warp_connector", "virtual_ipv4": "100.96.0.9"},
                {"id": "c", "name": "c", "tun_type": "gre"},
                {"id": "d", "name": "d"},
            ]
        }
    )
    assert [table.connector(name) for name in "abd"] == [Tunnel("a", "a"), MeshNode("b", "b"), Tunnel("d", "d")]
    assert list(table) == [DeviceAddress("100.96.0.9", MeshNode("b", "b"))]
    with pytest.raises(LookupError):
        table.connector("c")


# Lenient


@pytest.mark.parametrize(
    ("source", "question"),
    [
        *(
            pytest.param(prefixed(section, network), connect(target), id=f"{section} {network}")
            for section in ("routes", "wan.routes", "bgp_routes")
            for network, target in (
                ("100.96.5.0/24", "100.96.5.9:80"),
                ("172.64.130.0/24", "172.64.130.1:443"),
                ("2606:4700:cf1:1000::/80", "[2606:4700:cf1:1000::9]:80"),
            )
        ),
        *(
            pytest.param(document(hostname_routes=[named(pattern)]), fetch(f"http://{name}/"), id=f"{pattern} {name}")
            for pattern, name in (
                ("foo.*.internal.local", "foo.x.internal.local"),
                ("Foo.*.Internal.Local", "foo.x.internal.local"),
                ("*-dev.internal.local", "a-dev.internal.local"),
                ("dev-*.internal.local", "dev-1.internal.local"),
                ("*.*.internal.local", "a.b.internal.local"),
                (".*.*.internal.local", "a.b.internal.local"),
                ("a.b.*", "a.b.c"),
                ("*", "single"),
                ("f*o.*.x*y.local", "foo.9.xy.local"),
                ("foo.*.internal.local.", "foo.x.internal.local"),
                ("*-dev.internal.local.", "a-dev.internal.local"),
            )
        ),
    ],
)
def test_lenient_routes_capture_and_carry_nothing(source: Json, question: Question) -> None:
    assert len(problems(source)) == 1
    table = RouteTable.from_document(source, lenient=True)
    (route_,) = table
    assert getattr(route_, "in_force", None) is False
    assert ("route_not_in_force", findings(table)[0][1]) in findings(table)
    refused("route_not_in_force").check(table, question)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("foo.*.internal.local", "bar.x.internal.local"),
        ("foo.*.internal.local", "foo.internal.local"),
        ("foo.*.internal.local", "foo.x.y.internal.local"),
        ("*-dev.internal.local", "a-prod.internal.local"),
        ("*-dev.internal.local", "x.a-dev.internal.local"),
        ("*.*.internal.local", "a.internal.local"),
        ("*", "two.labels"),
    ],
)
def test_lenient_names_capture_no_more_than_they_say(pattern: str, name: str) -> None:
    table = RouteTable.from_document(document(hostname_routes=[named(pattern)]), lenient=True)
    goes(Gateway(needs_dns=True)).check(table, fetch(f"http://{name}/"))


def test_lenient_leaves_the_others_unchanged() -> None:
    sound = document(
        routes=[route("10.0.0.0/8"), route("0.0.0.0/0", US)],
        hostname_routes=[named("*.internal.local"), named("x.internal.local", US, match="exact")],
        wan=wan(static("10.1.0.0/16")),
        devices=[{"id": "d", "virtual_ipv4": "100.96.5.7"}],
    )
    odd = copy.deepcopy(sound)
    odd["routes"] += [route("100.96.5.0/24", US)]
    odd["hostname_routes"] += [named("a.*.internal.local", US)]
    odd["wan"]["routes"] += [static("100.64.9.0/24")]
    plain, lenient = RouteTable.from_document(sound, lenient=True), RouteTable.from_document(odd, lenient=True)
    assert list(plain) == list(RouteTable.from_document(sound))
    assert set(plain) < set(lenient)
    assert sorted(findings(lenient)) == [
        ("route_not_in_force", "hostname_routes[2]"),
        ("route_not_in_force", "routes[2]"),
        ("route_not_in_force", "wan.routes[1]"),
    ]
    for question, want in (
        (connect("10.9.0.1:80"), goes(EU)),
        (connect("100.96.5.7:22"), goes(ClientDevice("d"))),
        (connect("8.8.8.8:53"), goes(US)),
        (fetch("http://x.internal.local/"), goes(US)),
        (fetch("http://y.internal.local/"), goes(EU)),
    ):
        want.check(lenient, question)
        want.check(plain, question)
    refused("route_not_in_force").check(lenient, connect("100.96.5.9:80"))
    refused("destination_ip_unroutable").check(plain, connect("100.96.5.9:80"))
    assert len(problems(odd)) == 3


@pytest.mark.parametrize(
    "source",
    [
        document(routes=[route("10.0.0.0/33")]),
        document(routes=[route("10.0.0.0/8"), route("10.0.0.0/8", US)]),
        document(routes=[route("100.96.0.0/16"), route("100.96.0.0/16", US)]),
        document(hostname_routes=[named("a b")]),
        document(hostname_routes=[named("*-x.y"), named("*-x.y", US)]),
        document(hostname_routes=[{**named("a.b"), "tunnel_id": GONE, "tun_type": "gre"}]),
        document(virtual_networks=[NETWORKS[1]]),
        document(health={"nope": "down"}),
    ],
)
def test_lenient_is_lenient_about_nothing_else(source: Json) -> None:
    assert len(problems(source, lenient=True)) == 1


def test_stored_wildcards() -> None:
    source = document(
        hostname_routes=[named("a.b"), named("c.d", match="exact"), named("*.e.f"), named("g.h", US, match="one_label")]
    )
    plain, wide = RouteTable.from_document(source), RouteTable.from_document(source, stored_wildcards=True)
    assert [r.match for r in plain if isinstance(r, HostnameRoute)] == ["stored", "exact", "one_label", "one_label"]
    assert [r.match for r in wide if isinstance(r, HostnameRoute)] == ["both", "exact", "one_label", "one_label"]
    assert (findings(plain), findings(wide)) == ([("stored_wildcard", "hostname_routes[0].hostname")], [])
    goes(EU).check(wide, fetch("http://x.a.b/"))
    goes(EU).check(wide, fetch("http://a.b/"))
    goes(Gateway(needs_dns=True)).check(wide, fetch("http://x.c.d/"))
    below = ask(plain, fetch("http://x.a.b/"))
    assert (below.egress, below.guaranteed) == (Gateway(needs_dns=True), False)
    assert [(c.egress, r.code) for c, r in zip(below.alternates, below.remarks, strict=True)] == [
        (EU, RemarkCode.STORED_WILDCARD_BELOW)
    ]
