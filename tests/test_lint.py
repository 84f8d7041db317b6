"""What lint finds: for each code a small network that has it and one that is nearly the same and has it not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import attrs
import pytest
from documents import (
    DEN,
    EU,
    GONE,
    NETWORKS,
    NODE,
    NODES,
    SAMPLE,
    STAGING,
    US,
    Json,
    behind,
    bgp,
    document,
    named,
    route,
    service,
    static,
    wan,
)

from vpcroute import (
    DeviceAddress,
    HostnameRoute,
    InvalidDocument,
    InvalidVantage,
    RouteTable,
    SubnetRoute,
    Vantage,
    VirtualNetwork,
    WanRoute,
)
from vpcroute.analysis.lint import CHECKS, SEVERITIES, LintCode, LintFinding, lint
from vpcroute.analysis.lint.names import is_private
from vpcroute.analysis.lint.policy_checks import POLICY_CHECKS
from vpcroute.analysis.lint.problems import of_problems
from vpcroute.egress import ClientDevice
from vpcroute.findings import FROM_DOCUMENT
from vpcroute.outcomes import destination_text
from vpcroute.remarks import RemarkCode
from vpcroute.sources.document import read
from vpcroute.vantage import REGIONS

HQ, FRA = "10.255.1.1", "10.255.2.1"
REST = sorted(REGIONS - {"ENAM"})


def lint_of(source: Json, *vantages: Vantage) -> list[LintFinding]:
    paths: dict[object, str] = {}
    try:
        table = read(source, lenient=True, paths=paths)
    except InvalidDocument as error:
        return of_problems(error.problems)
    return lint(table, vantages=vantages or None, paths=paths)


def scoped(prefix: str, regions: Iterable[str], nexthop: str = "10.255.0.1", **more: Any) -> Json:
    return static(prefix, nexthop, scope={"colo_regions": list(regions), "colo_names": []}, **more)


#: Of 10.0.0.0/16.
HALVES = "10.0.0.0/17", "10.0.128.0/17"


@attrs.frozen
class Case:
    """A network with one finding, and one without it."""

    code: str
    has: Json
    path: str
    involved: str
    said: str
    has_not: Json


CASES = [
    Case(
        "invalid_document",
        document(routes=[route("10.0.0.0/33")]),
        "routes[0].network",
        "",
        "is not a prefix",
        document(routes=[route("10.0.0.0/32")]),
    ),
    Case(
        "route_conflict",
        document(routes=[route("10.0.0.0/16"), route("10.0.0.0/16", US)]),
        "routes[1]",
        "",
        "10.0.0.0/16 is announced through eu already",
        document(routes=[route("10.0.0.0/16"), route("10.0.0.0/17", US)]),
    ),
    Case(
        "hostname_on_wan",
        document(hostname_routes=[named("a.local", tun_type="gre") | {"tunnel_id": "x"}]),
        "hostname_routes[0].tun_type",
        "",
        "must be cfd_tunnel or warp_connector",
        document(hostname_routes=[named("a.local", tun_type="cfd_tunnel", match="exact")]),
    ),
    Case(
        "hostname_on_wan",
        document(hostname_routes=[named("a.local") | {"tunnel_id": DEN.id}]),
        "hostname_routes[0].tunnel_id",
        "",
        "is that of a WAN on-ramp",
        document(hostname_routes=[named("a.local", match="exact")]),
    ),
    Case(
        "reserved_range",
        document(routes=[route("100.64.1.0/24")]),
        "routes[0]",
        "100.64.1.0/24",
        "100.64.1.0/24 through eu: not in force",
        document(routes=[route("100.64.0.0/10")]),
    ),
    Case(
        "forbidden_wildcard",
        document(hostname_routes=[named("a-*.local")]),
        "hostname_routes[0]",
        "a-*.local",
        "not in force",
        document(hostname_routes=[named("*.local")]),
    ),
    Case(
        "prohibited_range",
        document(routes=[route("127.0.0.0/9")]),
        "routes[0].network",
        "127.0.0.0/9",
        "127.0.0.0/9 lies in 127.0.0.0/8 (loopback)",
        document(routes=[route("126.0.0.0/7")]),
    ),
    Case(
        "never_wins",
        document(routes=[route("10.0.0.0/16"), *(route(half, US) for half in HALVES)]),
        "routes[0]",
        "10.0.0.0/16 10.0.0.0/17 10.0.128.0/17",
        "10.0.0.0/16 through eu never wins: hidden by 10.0.0.0/17 through us, 10.0.128.0/17 through us",
        document(routes=[route("10.0.0.0/16"), route("10.0.0.0/17", US), route("10.0.128.0/18", US)]),
    ),
    Case(
        "never_wins",
        document(wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", priority=50))),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/16",
        "hidden by 10.0.0.0/16 through den",
        document(wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ, priority=50))),
    ),
    Case(
        "never_wins",
        document(wan=wan(scoped("10.0.0.0/16", REST), *(scoped("10.0.0.0/16", [r], priority=1) for r in REST))),
        "wan.routes[0]",
        " ".join(["10.0.0.0/16"] * 9),
        "hidden by 10.0.0.0/16 through den",
        document(wan=wan(scoped("10.0.0.0/16", REST), *(scoped("10.0.0.0/16", [r], priority=1) for r in REST[1:]))),
    ),
    Case(
        "never_wins",
        document(hostname_routes=[named("*.a.local"), named("*.*.local", US)]),
        "hostname_routes[0]",
        "*.a.local *.*.local",
        "*.*.local, which is not in force, takes all its names",
        document(hostname_routes=[named("*.a.local"), named("*.*x.local", US)]),
    ),
    Case(
        "never_wins",
        document(hostname_routes=[named("*." + ".".join(["a" * 61] * 4) + ".test")]),
        "hostname_routes[0]",
        "*." + ".".join(["a" * 61] * 4) + ".test",
        "longer than 253 characters",
        document(hostname_routes=[named("*." + ".".join(["a" * 61] * 3) + ".test")]),
    ),
    Case(
        "only_without_bgp",
        document(wan=wan(static("10.0.0.0/16")), bgp_routes=[bgp(half) for half in HALVES]),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/17 10.0.128.0/17",
        "wins only while routes learned by BGP are withdrawn",
        document(wan=wan(static("10.0.0.0/16")), bgp_routes=[bgp("10.0.0.0/16"), bgp("10.0.0.0/17")]),
    ),
    Case(
        "only_by_fallback",
        document(virtual_networks=NETWORKS, routes=[route(h) for h in HALVES], wan=wan(static("10.0.0.0/16"))),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/17 10.0.128.0/17",
        "the fallback from virtual network staging",
        document(
            virtual_networks=NETWORKS,
            routes=[*(route(h) for h in HALVES), route("10.0.0.0/8", virtual_network_id=STAGING)],
            wan=wan(static("10.0.0.0/16")),
        ),
    ),
    Case(
        "zero_trust_over_wan",
        document(routes=[route("10.0.0.0/16")], wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ, priority=0))),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/16 10.0.0.0/16",
        "10.0.0.0/16 through den, hq always loses to Zero Trust, 10.0.0.0/16 through eu",
        document(routes=[route("10.0.0.0/16")], wan=wan(static("10.0.0.0/17"))),
    ),
    Case(
        "legacy_longer_wan",
        document(routing_mode="legacy", mesh_nodes=[], routes=[route("10.0.0.0/16")], wan=wan(static("10.0.1.0/24"))),
        "wan.routes[0]",
        "10.0.1.0/24 10.0.0.0/16",
        "10.0.1.0/24 through den is inside 10.0.0.0/16 through eu, which may win instead",
        document(routing_mode="unified", mesh_nodes=[], routes=[route("10.0.0.0/16")], wan=wan(static("10.0.1.0/24"))),
    ),
    Case(
        "hostname_forms",
        document(hostname_routes=[named("a.local", match="exact"), named("*.a.local", US)]),
        "hostname_routes[1]",
        "*.a.local a.local",
        "are stored as one name",
        document(hostname_routes=[named("a.local", match="exact"), named("*.a.local")]),
    ),
    Case(
        "hostname_overlap",
        document(hostname_routes=[named("b.a.local", match="exact"), named("*.a.local", US)]),
        "hostname_routes[0]",
        "b.a.local *.a.local",
        "b.a.local through eu is read before *.a.local through us",
        document(hostname_routes=[named("c.b.a.local", match="exact"), named("*.a.local", US)]),
    ),
    Case(
        "duplicate_route",
        document(routes=[route("10.0.0.0/16"), route("10.0.0.0/16")]),
        "routes[1]",
        "10.0.0.0/16",
        "says the same as an earlier one",
        document(routes=[route("10.0.0.0/16"), route("10.1.0.0/16")]),
    ),
    Case(
        "duplicate_member",
        document(wan=wan(static("10.0.0.0/16", id="r1"), static("10.0.0.0/16", id="r2", weight=3))),
        "wan.routes[1]",
        "10.0.0.0/16 10.0.0.0/16",
        "10.0.0.0/16 through den is routed 2 times at priority 100: one member of weight 4",
        document(wan=wan(static("10.0.0.0/16", id="r1"), static("10.0.0.0/16", HQ, id="r2", weight=3))),
    ),
    Case(
        "region_without_route",
        document(wan=wan(scoped("10.0.0.0/16", ["ENAM"]), scoped("10.0.0.0/16", ["WEUR"], HQ))),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/16",
        "10.0.0.0/16 has routes in ENAM, WEUR only; traffic for 10.0.0.0 from AFR, APAC, EEUR, ME, OC, SAM, WNAM is",
        document(wan=wan(scoped("10.0.0.0/16", ["ENAM"]), scoped("10.0.0.0/16", REST, HQ))),
    ),
    Case(
        "region_without_route",
        document(
            routes=[route("10.0.0.0/17")],
            wan=wan(static("10.0.0.0/16", scope={"colo_names": ["den01"], "colo_regions": []})),
        ),
        "wan.routes[0]",
        "10.0.0.0/16",
        "10.0.0.0/16 has routes in den01 only; traffic for 10.0.128.0 from every other data centre is dropped",
        document(
            routes=[route("10.0.0.0/8")],
            wan=wan(static("10.0.0.0/16", scope={"colo_names": ["den01"], "colo_regions": []})),
        ),
    ),
    Case(
        "ecmp_all_down",
        document(wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ)), health={"den": "down", "hq": "down"}),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/16",
        "10.0.0.0/16 through den, hq: all of them are down",
        document(wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ)), health={"den": "down", "hq": "degraded"}),
    ),
    Case(
        "ecmp_all_down",
        document(
            wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ), static("10.0.0.0/16", FRA, priority=900)),
            health={"den": {"ENAM": "down"}, "hq": {"ENAM": "down", "den01": "healthy"}, "fra": "down"},
        ),
        "wan.routes[0]",
        "10.0.0.0/16 10.0.0.0/16",
        "all of them are down from ENAM",
        document(
            wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ), static("10.0.0.0/16", FRA, priority=900)),
            health={"den": {"ENAM": "down"}, "hq": {"WEUR": "down"}},
        ),
    ),
    Case(
        "onramp_down",
        document(wan=wan(static("10.0.0.0/16"), static("10.1.0.0/16")), health={"den": "down"}),
        "wan.routes[0]",
        "10.0.0.0/16 10.1.0.0/16",
        "den is down and is still the best way to 10.0.0.0/16, 10.1.0.0/16",
        document(wan=wan(static("10.0.0.0/16"), static("10.0.0.0/16", HQ, priority=999_999)), health={"den": "down"}),
    ),
    Case(
        "destination_unavailable",
        document(
            routes=[route("10.0.0.0/16"), route("10.1.0.0/16", US)],
            hostname_routes=[named("a.local", match="exact")],
            health={"eu": "down"},
        ),
        "routes[0]",
        "10.0.0.0/16 a.local",
        "eu is down, and traffic for 10.0.0.0/16, a.local goes to it all the same",
        document(routes=[route("10.0.0.0/16")], health={"eu": "degraded", "us": "down"}),
    ),
    Case(
        "destination_unavailable",
        document(routes=[route("10.0.0.0/16")], health={"eu": {"ENAM": "down", "WEUR": "healthy"}}),
        "routes[0]",
        "10.0.0.0/16",
        "eu is down in ENAM, and",
        document(routes=[route("10.0.0.0/16")], health={"eu": {"ENAM": "healthy"}}),
    ),
    Case(
        "unknown_next_hop",
        document(wan=wan(static("10.0.0.0/16", "10.9.9.9"))),
        "wan.routes[0].nexthop",
        "10.0.0.0/16",
        "next hop 10.9.9.9 is behind no on-ramp",
        document(wan=wan(static("10.0.0.0/16", "10.9.9.9", onramp="den"))),
    ),
    Case(
        "unknown_tunnel",
        document(routes=[route("10.0.0.0/16") | {"tunnel_id": GONE}]),
        "routes[0].tunnel_id",
        "10.0.0.0/16",
        "is not in the document",
        document(routes=[route("10.0.0.0/16")]),
    ),
    Case(
        "unknown_virtual_network",
        document(routes=[route("10.0.0.0/16", virtual_network_id="lab")]),
        "routes[0].virtual_network_id",
        "10.0.0.0/16",
        "virtual network lab is not in the document",
        document(virtual_networks=NETWORKS, routes=[route("10.0.0.0/16", virtual_network_id=STAGING)]),
    ),
    Case(
        "empty_virtual_network",
        document(virtual_networks=NETWORKS),
        "virtual_networks[1]",
        "",
        "staging has no routes",
        document(virtual_networks=NETWORKS[:1]),
    ),
    Case(
        "unseen_virtual_network",
        document(virtual_networks=NETWORKS, routes=[route("10.0.0.0/16", virtual_network_id=STAGING)]),
        "routes[0]",
        "10.0.0.0/16",
        "cf1:network looks in prod, not in staging: 10.0.0.0/16 through eu",
        document(virtual_networks=NETWORKS, routes=[route("10.0.0.0/16")]),
    ),
    Case(
        "return_route",
        document(routes=[route("10.0.0.0/16", NODE), route("10.1.0.0/16")], wan=wan(static("10.2.0.0/16"))),
        "",
        "",
        "replies from behind den, lab go to 100.64.0.0/12",
        document(routes=[route("10.1.0.0/16")]),
    ),
    Case(
        "mesh_needs_unified",
        document(routing_mode="legacy", wan=wan(static("10.2.0.0/16"))),
        "routing_mode",
        "",
        "Mesh and WAN in one account need unified routing",
        document(routing_mode="legacy", mesh_nodes=[], wan=wan(static("10.2.0.0/16"))),
    ),
    Case(
        "mesh_in_virtual_network",
        document(virtual_networks=NETWORKS, routes=[route("10.0.0.0/16", NODE, virtual_network_id=STAGING)]),
        "routes[0].virtual_network_id",
        "10.0.0.0/16",
        "virtual networks are for Cloudflare Tunnel",
        document(routes=[route("10.0.0.0/16", NODE)]),
    ),
    Case(
        "hostname_on_mesh",
        document(hostname_routes=[named("a.local", NODE, match="exact"), named("*.b.local", NODE)]),
        "hostname_routes[0]",
        "a.local *.b.local",
        "a.local, *.b.local: Mesh node lab must be able to carry names",
        document(hostname_routes=[named("a.local", match="exact")]),
    ),
    Case(
        "wan_ipv6",
        document(wan=wan(static("fd00::/48", FRA), static("fd00::/48"))),
        "wan.routes[0]",
        "fd00::/48",
        "fd00::/48 through fra: IPv6 is not supported over an interconnect (CNI)",
        document(wan=wan(static("fd00::/48"))),
    ),
    Case(
        "wan_ipv6",
        document(routing_mode="legacy", mesh_nodes=[], wan=wan(static("fd00::/48"))),
        "wan.routes[0]",
        "fd00::/48",
        "IPv6 is not supported in legacy mode",
        document(routing_mode="legacy", mesh_nodes=[], wan=wan(static("10.0.0.0/16"))),
    ),
    Case(
        "bgp_communities",
        document(bgp_routes=[bgp("10.0.0.0/16", communities=["13335:60010", "13335:60200"])]),
        "bgp_routes[0].communities",
        "10.0.0.0/16",
        "several communities set the priority",
        document(bgp_routes=[bgp("10.0.0.0/16", communities=["13335:60010", "65000:1"])]),
    ),
    Case(
        "outside_device_range",
        document(mesh_nodes=[NODES[0] | {"virtual_ipv4": "10.0.0.1"}]),
        "mesh_nodes[0].virtual_ipv4",
        "10.0.0.1",
        "is in none of the account's device ranges",
        document(mesh_nodes=[NODES[0] | {"virtual_ipv4": "100.96.0.1"}]),
    ),
    Case(
        "stored_wildcard",
        document(hostname_routes=[named("a.local")]),
        "hostname_routes[0].hostname",
        "a.local",
        "Cloudflare stores *.a.local in the same way",
        document(hostname_routes=[named("a.local", match="both")]),
    ),
    Case(
        "host_bits",
        document(routes=[route("10.0.0.1/16")]),
        "routes[0].network",
        "10.0.0.0/16",
        "10.0.0.1/16 has host bits set",
        document(routes=[route("10.0.0.0/16")]),
    ),
    Case(
        "empty_scope",
        document(wan=wan(scoped("10.0.0.0/16", []))),
        "wan.routes[0].scope",
        "10.0.0.0/16",
        "names no region and no data centre",
        document(wan=wan(static("10.0.0.0/16"))),
    ),
    Case(
        "public_name",
        document(hostname_routes=[named("app.bank.com", match="exact")]),
        "hostname_routes[0]",
        "app.bank.com",
        "app.bank.com through eu",
        document(hostname_routes=[named("app.bank.internal", match="exact")]),
    ),
    Case(
        "public_range",
        document(routes=[route("10.0.0.0/7")]),
        "routes[0]",
        "10.0.0.0/7",
        "10.0.0.0/7 through eu takes public addresses, 11.0.0.0 among them",
        document(routes=[route("10.0.0.0/8"), route("fd00::/8", US), route("198.18.0.0/15")]),
    ),
    Case(
        "public_range",
        document(wan=wan(static("5.5.0.0/16"), static("5.5.0.0/16", HQ), static("5.5.0.0/17", FRA))),
        "wan.routes[0]",
        "5.5.0.0/16 5.5.0.0/16",
        "5.5.0.0/16 through den, hq takes public addresses, 5.5.128.0 among them",
        document(wan=wan(static("192.168.0.0/16"))),
    ),
    Case(
        "public_service",
        document(services=[service({"ipv4": "10.0.0.1", "ipv6": "2a00::1", "network": behind()}, http_port=80)]),
        "services[0].service_id",
        "",
        "service api stands for 2a00::1",
        document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, http_port=80)]),
    ),
    Case(
        "public_service",
        document(services=[service({"hostname": "db.bank.com", "resolver_network": behind()}, http_port=80)]),
        "services[0].service_id",
        "",
        "service api stands for db.bank.com",
        document(services=[service({"hostname": "db.corp", "resolver_network": behind()}, http_port=80)]),
    ),
]

#: What stands beside the finding that a case is about.
BESIDE = {
    "only_by_fallback": {"empty_virtual_network"},
    "unknown_virtual_network": {"unseen_virtual_network"},
    "mesh_in_virtual_network": {"unseen_virtual_network"},
    "never_wins": {"forbidden_wildcard", "region_without_route"},
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.path}")
def test_each_finding(case: Case) -> None:
    found = lint_of(case.has)
    mine = [finding for finding in found if finding.code == case.code]
    assert mine, found
    first = mine[0]
    assert first.path == case.path
    assert [*map(destination_text, first.announcements)] == case.involved.split()
    assert case.said in first.reason
    assert first.mend == CHECKS[first.code].mend
    others = {str(f.code) for f in found} - {case.code, "return_route"}
    assert others <= BESIDE.get(case.code, set())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.path}")
def test_nearly_the_same(case: Case) -> None:
    assert case.code not in {str(finding.code) for finding in lint_of(case.has_not)}


def test_every_check_is_tried() -> None:
    tried = {case.code for case in CASES}
    policies = {row[1] for row in POLICY_CHECKS}  # tests/test_lint_policies.py has these
    assert tried | {"route_not_in_force"} | policies == {*CHECKS} == {*LintCode}


def test_a_route_that_is_not_in_force_for_no_known_reason() -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/16", EU, in_force=False))
    table.announce(HostnameRoute("a.local", EU, in_force=False))
    assert [(f.code, f.severity, f.path) for f in table.lint()] == [("route_not_in_force", "error", "")] * 2


def test_checks_are_whole() -> None:
    for check in CHECKS.values():
        assert check.severity in SEVERITIES
        assert check.source.startswith(("ours", "cloudflare-docs: "))
        for text in (check.statement, check.mend):
            assert text
            assert not text.endswith(".")
            assert len(text) < 120


def test_each_finding_of_a_table_has_a_check() -> None:
    codes = [*RemarkCode]
    of_tables = set(codes[codes.index(RemarkCode.HOST_BITS) :]) - {RemarkCode.UNKNOWN_HEALTH_TARGET}  # an error
    assert of_tables >= FROM_DOCUMENT
    assert {str(code) for code in of_tables} <= {*LintCode}


# No noise


def test_ordinary_specificity_gives_nothing() -> None:
    routes = [route("10.0.0.0/8"), route("10.1.0.0/16", US), route("10.1.1.0/24"), route("10.1.1.1/32", US)]
    names = [named("a.local", match="exact"), named("b.a.local", US, match="exact"), named("*.c.local")]
    routed = wan(static("10.2.0.0/16"), static("10.2.0.0/16", HQ, priority=200), static("10.2.1.0/24", FRA))
    learned = [bgp("10.3.0.0/16"), bgp("10.3.0.0/16", "den"), bgp("10.2.0.0/16")]
    source = document(routes=routes, hostname_routes=names, wan=routed, bgp_routes=learned, hosts={"a.b": ["1.1.1.1"]})
    assert {finding.code for finding in lint_of(source)} == {LintCode.RETURN_ROUTE}
    assert lint_of(document()) == []
    assert RouteTable().lint() == []


def test_sample() -> None:
    assert [(str(f.code), f.path) for f in lint_of(SAMPLE)] == [
        ("zero_trust_over_wan", "wan.routes[12]"),
        ("region_without_route", "wan.routes[5]"),
        ("unseen_virtual_network", "routes[11]"),
        ("return_route", ""),
        ("return_route", ""),
        ("hostname_on_mesh", "hostname_routes[4]"),
        ("stored_wildcard", "hostname_routes[3].hostname"),
        ("host_bits", "wan.routes[7].prefix"),
        ("host_bits", "wan.routes[8].prefix"),
        ("public_name", "hostname_routes[5]"),
        ("public_range", "routes[7]"),
        ("http_ports_unseen", "gateway_rules[4]"),
    ]


def test_ranges_and_device_addresses_hide_too() -> None:
    table = RouteTable()
    table.announce(WanRoute("100.64.0.0/11", DEN, priority=1))
    table.announce(SubnetRoute("100.80.0.0/12", EU))
    table.announce(SubnetRoute("10.0.0.1/32", EU))
    table.announce(DeviceAddress("10.0.0.1", ClientDevice("d")))
    said = [f.reason for f in table.lint() if f.code == "never_wins"]
    assert said == [
        "100.64.0.0/11 through den never wins: hidden by 100.80.0.0/12 through eu, "
        "100.64.0.0/12 (Cloudflare source addresses)",
        "10.0.0.1/32 through eu never wins: hidden by 10.0.0.1 through d",
    ]


def test_from_some_vantages() -> None:
    source = document(
        virtual_networks=NETWORKS,
        routes=[route("10.0.0.0/16"), *(route(half, US) for half in HALVES)],
        wan=wan(static("10.0.0.0/16"), *(scoped(half, ["ENAM"], HQ) for half in HALVES)),
    )

    def codes(**vantage: Any) -> list[str]:
        found = lint_of(source, Vantage(**vantage))
        return [str(f.code) for f in found if f.code not in ("return_route", "empty_virtual_network")]

    assert codes(virtual_network="staging") == []
    assert codes(virtual_network="staging", region="ENAM") == ["never_wins"]
    assert codes(region="ENAM") == ["never_wins", *["zero_trust_over_wan"] * 3]
    with pytest.raises(InvalidVantage, match="takes no part"):
        codes(tunnel_id="eu")
    with pytest.raises(InvalidVantage):
        codes(virtual_network="nowhere")


def test_mode_of_a_vantage() -> None:
    source = document(routes=[route("10.0.0.0/16")], wan=wan(*map(static, HALVES)), mesh_nodes=[])
    found = {mode: lint_of(source, Vantage(routing_mode=mode)) for mode in ("unified", "legacy")}
    assert [str(f.code) for f in found["unified"]] == ["never_wins", "return_route"]
    assert [str(f.code) for f in found["legacy"]] == ["legacy_longer_wan"] * 2


@pytest.mark.parametrize(
    ("name", "private"),
    [("db", True), ("a.local", True), ("a.home.arpa", True), ("a.arpa", False), ("local.com", False), ("com", True)],
)
def test_private_names(name: str, private: bool) -> None:
    assert is_private(name) == private


# Work in proportion to the number of routes

SHAPES: dict[str, Callable[[RouteTable, int], object]] = {
    "side by side": lambda table, n: [table.announce(SubnetRoute(f"10.0.{i}.0/24", EU)) for i in range(n)],
    "all inside one": lambda table, n: [
        table.announce(SubnetRoute(prefix, EU)) for prefix in ["10.0.0.0/16", *(f"10.0.{i}.0/24" for i in range(n))]
    ],
    "WAN beside Zero Trust": lambda table, n: [
        (table.announce(SubnetRoute(f"10.0.{i}.0/24", EU)), table.announce(WanRoute(f"10.0.{i}.0/24", DEN, priority=1)))
        for i in range(n)
    ],
    "scopes that leave nothing out": lambda table, n: [
        table.announce(WanRoute(f"10.0.{i}.0/{24 + half}", DEN, priority=1, regions=[region]))
        for i in range(n // 4)
        for half in (0, 1)
        for region in sorted(REGIONS)
    ],
    "one below the other": lambda table, n: [
        table.announce(SubnetRoute(f"fd00::/{128 - i % 120}", EU, virtual_network=f"v{i // 120}")) for i in range(n)
    ],
    "names": lambda table, n: [table.announce(HostnameRoute(f"*.h{i}.bank.com", EU)) for i in range(n)],
}


def steps(shape: Callable[[RouteTable, int], object], size: int) -> int:
    """How many lines run for a table of a size."""
    networks = [VirtualNetwork("d", "d", is_default=True), *(VirtualNetwork(f"v{i}", f"v{i}") for i in range(3))]
    table = RouteTable(virtual_networks=networks)
    shape(table, size)
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        lint(table)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_steps_are_in_proportion_to_the_number_of_routes(shape: Callable[[RouteTable, int], object]) -> None:
    assert steps(shape, 240) <= 2.2 * steps(shape, 120)
