"""Network documents: what loads, and as what."""

from __future__ import annotations

import copy
import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from asking import Question, Want, ask, connect, ecmp, fetch, goes, lookup, refused
from documents import (
    DEN,
    EU,
    GONE,
    HQ,
    LISTS,
    NODES,
    OBJECTS,
    SAMPLE,
    SAMPLE_FILE,
    TUNNELS,
    US,
    Json,
    behind,
    document,
    findings,
    load_bytes,
    named,
    only,
    problems,
    route,
    service,
    static,
    wan,
)

from vpcroute import (
    BgpRoute,
    ClientDevice,
    DeviceAddress,
    Gateway,
    HostnameRoute,
    MeshNode,
    OnRamp,
    RemarkCode,
    RouteTable,
    SubnetRoute,
    Tunnel,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.gateway import GatewayList, GatewayRule

PROD_VPC = Tunnel("12e74f7b-fab3-4728-878b-eb7e0787c0de", "prod-vpc")
FRANKFURT = Tunnel("ba2dde83-458b-4ed0-8712-755f6cace4d5", "dc-frankfurt")
STAGING_VPC = Tunnel("482c590e-0d97-42bf-adc8-3011ac8efe12", "staging-vpc")
ROTTERDAM = MeshNode("789c1af4-0ce8-4cc9-95ac-16b9c20dbc21", "rotterdam-wh")
LAPTOP = ClientDevice("0e3a655f-2073-4ab2-ac8b-1eb44f1eaccf", "NF-LT-0142")
GRE_DEN_1 = OnRamp(kind="gre", name="gre-den-1", id="1f0c23d4abc8a52498648841d5687ecc")
GRE_DEN_2 = OnRamp(kind="gre", name="gre-den-2", id="c173093d33b9a72b9ea6a4e4e3ffa978")
CNI_FRA_1 = OnRamp(kind="cni", name="cni-fra-1", id="9270d664d5cfff794d2ce3ed159ee2d1")
DENVER = ecmp(GRE_DEN_1, GRE_DEN_2, **{"gre-den-1": 192, "gre-den-2": 64})
DEFAULT_ID, STAGING_ID = "2c63888f-28f0-4481-8e6d-dce7a7ace732", "637d6efa-609e-467a-9a67-9f818a119b9e"


@pytest.fixture(scope="module")
def sample() -> RouteTable:
    return RouteTable.load(SAMPLE_FILE)


# The sample


def test_sample_counts(sample: RouteTable) -> None:
    assert sample.counts() == {"subnet": 12, "hostname": 6, "address": 12, "wan_static": 16, "wan_bgp": 4}
    assert len(sample) == 50
    assert (sample.routing_mode, sample.generation) == ("unified", 1)


def test_sample_findings(sample: RouteTable) -> None:
    assert findings(sample) == [
        ("stored_wildcard", "hostname_routes[3].hostname"),
        ("host_bits", "wan.routes[7].prefix"),
        ("host_bits", "wan.routes[8].prefix"),
    ]
    assert all(finding.announcement in sample for finding in sample.findings)


def test_a_file_and_its_document_are_the_same(sample: RouteTable) -> None:
    read = RouteTable.from_document(SAMPLE)
    assert list(read) == list(sample)
    assert read.findings == sample.findings
    assert read.services == sample.services


def test_loading_leaves_the_document_alone() -> None:
    source = copy.deepcopy(SAMPLE)
    RouteTable.from_document(source, lenient=True, stored_wildcards=True)
    assert source == SAMPLE


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        pytest.param(
            "10.0.1.0/24",
            SubnetRoute(
                "10.0.1.0/24", FRANKFURT, virtual_network=DEFAULT_ID, id="cc01f3c1-69d2-4a40-84a9-d9e23aa3b80a"
            ),
            id="a route; the deleted one with its prefix is skipped",
        ),
        pytest.param(
            "172.16.40.0/24",
            SubnetRoute(
                "172.16.40.0/24", PROD_VPC, virtual_network=DEFAULT_ID, id="ebd65281-9211-4fe3-a8df-10aae95ef86c"
            ),
            id="a route without a virtual network",
        ),
        pytest.param(
            "10.24.7.0/24",
            SubnetRoute(
                "10.24.7.0/24", ROTTERDAM, virtual_network=DEFAULT_ID, id="28845acb-5e18-4e01-ad90-ec86b2e71036"
            ),
            id="a Mesh node's route",
        ),
        pytest.param(
            "10.99.0.0/16",
            SubnetRoute(
                "10.99.0.0/16", STAGING_VPC, virtual_network=STAGING_ID, id="1af63c72-61a9-4de7-86d8-132e630db4c3"
            ),
            id="a route in another network",
        ),
        pytest.param(
            "wiki.internal.local",
            HostnameRoute("wiki.internal.local", FRANKFURT, match="exact", id="b53c47a4-07aa-4b14-b4d7-144e104cc575"),
            id="an exact name",
        ),
        pytest.param(
            "*.apps.internal.local",
            HostnameRoute(
                "apps.internal.local", PROD_VPC, match="one_label", id="cd284da6-367b-448e-a115-e633c1008b53"
            ),
            id="a wildcard",
        ),
        pytest.param(
            "git.internal.local",
            HostnameRoute("git.internal.local", FRANKFURT, match="both", id="cbfa2ada-49b2-4f90-aa02-c6c592451c3f"),
            id="both",
        ),
        pytest.param(
            "reports.internal.local",
            HostnameRoute(
                "reports.internal.local", FRANKFURT, match="stored", id="4e58f411-78d9-4986-9df9-cd2b510f5f4d"
            ),
            id="a stored name without a mark",
        ),
        pytest.param("100.96.0.2", DeviceAddress("100.96.0.2", ROTTERDAM), id="a Mesh address"),
        pytest.param("100.96.0.10", DeviceAddress("100.96.0.10", LAPTOP), id="a device's address"),
        pytest.param("2606:4700:cf1:1000::a", DeviceAddress("2606:4700:cf1:1000::a", LAPTOP), id="its IPv6 address"),
        pytest.param(
            "10.70.9.0/24",
            WanRoute("10.70.9.0/24", GRE_DEN_2, priority=50, colos=["den01"], id="341609370b8cb015007887cb9070d1a8"),
            id="a static route of one data centre",
        ),
        pytest.param(
            "192.168.64.0/18",
            WanRoute("192.168.64.0/18", CNI_FRA_1, priority=100, id="3e7e8eed8da112282ad2a3e0cc56ac96"),
            id="a static route that names its on-ramp",
        ),
        pytest.param(
            "10.60.0.0/16",
            BgpRoute("10.60.0.0/16", CNI_FRA_1, as_path=[65010], communities=["13335:60050"], customer_asn=65010),
            id="a BGP route",
        ),
    ],
)
def test_sample_announcements(sample: RouteTable, destination: str, expected: object) -> None:
    assert only(sample, destination) == expected


def test_sample_scopes_weights_and_texts(sample: RouteTable) -> None:
    one, two = sample.exact("10.80.0.0/16")
    assert isinstance(one, WanRoute)
    assert isinstance(two, WanRoute)
    assert (one.regions, one.colos) == (("ENAM", "WNAM"), ())
    assert (two.regions, two.colos) == (("EEUR", "WEUR"), ())
    assert [r.weight for r in sample.exact("10.70.0.0/16") if isinstance(r, WanRoute)] == [192, 64]
    assert one.comment == "Tracking replicas: Denver for the Americas"
    assert only(sample, "10.8.30.0/24").comment == "Test bench, now in the Gothenburg lab"
    assert [r.original for r in sample.exact("10.60.10.0/24") if isinstance(r, WanRoute)] == ["10.60.10.100/24"] * 2


def test_sample_networks_and_deleted_records(sample: RouteTable) -> None:
    assert sample.virtual_networks == (
        VirtualNetwork(DEFAULT_ID, "default", True),
        VirtualNetwork(STAGING_ID, "staging"),
    )
    with pytest.raises(LookupError):
        sample.connector("prod-vpc-2024")
    assert {d["id"] for d in SAMPLE["devices"]} >= {r.via.id for r in sample.select(kind="address")} - {
        node["id"] for node in SAMPLE["mesh_nodes"]
    }


def test_sample_hosts(sample: RouteTable) -> None:
    assert sample.hosts["metrics.corp.internal"] == (ip_address("fd3c:9a41:7be2:8::9"), ip_address("10.8.12.9"))
    assert list(sample.hosts) == list(SAMPLE["hosts"])


def test_sample_services(sample: RouteTable) -> None:
    assert sample.services == (
        VpcService(
            "ed595782-d503-42e7-a327-783fa811b9fd", "orders-api", via=PROD_VPC, ipv4="10.0.5.20", http_port=8080
        ),
        VpcService(
            "bc28aa00-1645-4608-9054-7653322652f0",
            "orders-db",
            via=PROD_VPC,
            type="tcp",
            ipv4="10.0.5.42",
            tcp_port=5432,
        ),
        VpcService(
            "f056ee29-f303-48c3-8f0a-17e1a54cdae0",
            "wiki",
            via=FRANKFURT,
            hostname="wiki.internal.local",
            https_port=8443,
            resolver_ips=(ip_address("10.8.0.53"),),
        ),
    )


def test_sample_gateway(sample: RouteTable) -> None:
    assert [rule.precedence for rule in sample.gateway_rules] == [1000, 1500, 2000, 2100, 3000, 4000]
    assert sample.gateway_rules[0] == GatewayRule(
        id="94af8ba2-64d7-495d-9e68-4666f9f7be66",
        name="Block listed domains",
        action="block",
        filters=("dns",),
        precedence=1000,
        enabled=True,
        traffic="any(dns.domains[*] in $baa54595-71d9-4f50-a515-36370786ab9a)",
        created_at="2025-05-06T09:30:51Z",
    )
    assert sample.gateway_rules[1].settings["dns_resolvers"]["ipv4"][0]["ip"] == "10.8.0.53"
    assert sample.gateway_lists[1] == GatewayList(
        "3305563d-50ca-4f0a-9a3e-0ab9a6de32d1", "Partner networks", "IP", ("5.44.16.0/24", "140.82.112.0/20"), 2
    )


@pytest.mark.parametrize(
    ("question", "want"),
    [
        pytest.param(fetch("http://10.0.1.50/data"), goes(FRANKFURT), id="longest prefix"),
        pytest.param(fetch("http://10.0.1.50/", virtual_network="staging"), goes(STAGING_VPC), id="staging"),
        pytest.param(connect("100.96.0.10:22"), goes(LAPTOP), id="device"),
        pytest.param(fetch("http://a.apps.internal.local/"), goes(PROD_VPC), id="wildcard"),
        pytest.param(
            connect("10.60.10.7:80"), goes(CNI_FRA_1, RemarkCode.HOST_BITS), id="a finding of the winner is a remark"
        ),
        pytest.param(
            fetch("http://reports.internal.local/"), goes(FRANKFURT, RemarkCode.STORED_WILDCARD), id="stored name"
        ),
        pytest.param(fetch("http://10.70.0.1/", region="WEUR", colo="fra03"), goes(DENVER), id="weights"),
        pytest.param(fetch("http://10.70.0.1/", region="ENAM", colo="iad02"), goes(GRE_DEN_1), id="health by region"),
        pytest.param(fetch("http://10.70.0.1/", region="ENAM", colo="DEN01"), goes(DENVER), id="health by data centre"),
        pytest.param(fetch("https://93.184.216.34/"), goes(Gateway()), id="public"),
    ],
)
def test_sample_answers(sample: RouteTable, question: Question, want: Want) -> None:
    want.check(sample, question)


# What loads


def test_gateway_as_it_is_delivered() -> None:
    rule = {"id": "r", "name": "r", "action": "block", "precedence": 1, "updated_at": "2025-05-06T09:30:51Z"}
    known = {"id": "l", "name": "l", "type": "IP"}
    table = RouteTable.from_document(
        {
            "gateway_rules": [{**rule, "schedule": {}, "b": None, "a": 1}, {**rule, "unread": ["c"], "d": 1, "c": 1}],
            "gateway_lists": [{**known, "count": 3}, {**known, "items": []}],
            "gateway_configuration": {"settings": {"fips": {"tls": True}}, "created_at": None},
        }
    )
    assert [(rule.schedule, rule.unread) for rule in table.gateway_rules] == [(None, ("a", "b")), (None, ("c", "d"))]
    assert [(known.values, known.count) for known in table.gateway_lists] == [(None, 3), ((), None)]
    assert table.gateway_settings == {"fips": {"tls": True}}
    assert RouteTable.from_document(table.to_document())._gateway == table._gateway


def test_the_empty_document_sends_everything_public_to_gateway() -> None:
    table = RouteTable.from_document({})
    assert (len(table), table.findings, table.services) == (0, (), ())
    assert table.virtual_networks == (VirtualNetwork("default", "default", True),)
    goes(Gateway(), gateway="inspected", ip="93.184.216.34").check(table, fetch("http://93.184.216.34/"))
    goes(Gateway(needs_dns=True)).check(table, fetch("http://example.com/"))
    refused("destination_ip_unroutable").check(table, fetch("http://10.0.0.1/"))
    refused("destination_ip_prohibited").check(table, fetch("http://127.0.0.1/"))


@pytest.mark.parametrize("key", [*LISTS, *OBJECTS])
@pytest.mark.parametrize("empty", ["null", "empty", "missing"])
def test_a_part_may_be_null_empty_or_missing(key: str, empty: str) -> None:
    source: Json = {"wan": {}} if key.startswith("wan.") else {}
    outer, _, last = key.rpartition(".")
    if empty != "missing":
        (source[outer] if outer else source)[last] = None if empty == "null" else {} if key in OBJECTS else []
    table = RouteTable.from_document(source)
    assert (len(table), table.findings) == (0, ())


def _with_unknown(value: Any) -> Any:
    """The same with an unknown field in every object that stands for a record, at any depth."""
    if isinstance(value, dict):
        return {**{key: _with_unknown(inner) for key, inner in value.items()}, "not_known": [{"x": None}]}
    return [_with_unknown(inner) for inner in value] if isinstance(value, list) else value


def test_unknown_fields_are_ignored_everywhere(sample: RouteTable) -> None:
    source = _with_unknown(SAMPLE)
    source["hosts"], source["health"] = SAMPLE["hosts"], SAMPLE["health"]  # their keys are names
    source["gateway_rules"] = SAMPLE["gateway_rules"]  # settings are kept as they are
    table = RouteTable.from_document(source)
    assert list(table) == list(sample)
    assert table.findings == sample.findings


@pytest.mark.parametrize("never", [None, "", "0001-01-01T00:00:00Z"])
def test_what_is_not_deleted(never: str | None) -> None:
    table = RouteTable.from_document(document(routes=[route("10.0.0.0/8", deleted_at=never)]))
    assert table.counts()["subnet"] == 1


def test_a_revoked_device_is_gone() -> None:
    device = {"id": "d", "virtual_ipv4": "100.96.0.9", "revoked_at": "2026-01-01T00:00:00Z"}
    assert len(RouteTable.from_document(document(devices=[device]))) == 0


# Health


@pytest.mark.parametrize(
    ("status", "state"),
    [("healthy", "healthy"), ("degraded", "degraded"), ("down", "down"), ("inactive", "down"), (None, "healthy")],
)
@pytest.mark.parametrize("section", ["tunnels", "mesh_nodes"])
def test_a_tunnels_status(section: str, status: str | None, state: str) -> None:
    kind = "cfd_tunnel" if section == "tunnels" else "warp_connector"
    record = {"id": GONE, "name": "x", "tun_type": kind, "status": status}
    table = RouteTable.from_document({section: [record], "routes": [{"network": "10.0.0.0/8", "tunnel_id": GONE}]})
    for other in ("healthy", "degraded", "down"):
        assert len(table.select(health=other)) == (other == state)
    remarks = (RemarkCode.DESTINATION_UNAVAILABLE,) if state == "down" else ()
    goes(only(table, "10.0.0.0/8").via, *remarks).check(table, connect("10.0.0.1:80"))


@pytest.mark.parametrize(
    ("status", "health", "vantage", "down"),
    [
        ("healthy", {"eu": "down"}, {}, True),
        ("down", {"eu": "healthy"}, {}, False),
        ("inactive", {EU.id: "degraded"}, {}, False),
        ("down", {"eu": {"ENAM": "healthy"}}, {"region": "ENAM"}, False),
        ("down", {"eu": {"enam": "healthy"}}, {"region": "WEUR"}, True),
        ("healthy", {"eu": {"DEN01": "down"}}, {"colo": "den01"}, True),
        ("healthy", {"eu": {"den01": "down"}}, {"colo": "iad02"}, False),
        ("healthy", {"eu": {"ENAM": "healthy", "den01": "down"}}, {"region": "ENAM", "colo": "den01"}, True),
        ("healthy", {"eu": {"ENAM": "down", "den01": "healthy"}}, {"region": "ENAM", "colo": "den01"}, False),
        ("down", {"eu": {}}, {}, True),
        ("down", {}, {}, True),
    ],
)
def test_health_overrides_the_status(status: str, health: Json, vantage: dict[str, str], down: bool) -> None:
    table = RouteTable.from_document(
        document(tunnels=[{**TUNNELS[0], "status": status}], routes=[route("10.0.0.0/8")], health=health)
    )
    remarks = (RemarkCode.DESTINATION_UNAVAILABLE,) if down else ()
    goes(EU, *remarks).check(table, connect("10.0.0.1:80", **vantage))


@pytest.mark.parametrize(
    ("health", "vantage", "egress"),
    [
        ({}, {}, DEN),
        ({"den": "degraded"}, {}, HQ),
        ({"g1": "down"}, {}, HQ),
        ({"den": "down", "hq": "down"}, {}, DEN),
        ({"den": {"ENAM": "down"}}, {"region": "ENAM"}, HQ),
        ({"den": {"ENAM": "down"}}, {"region": "SAM"}, DEN),
    ],
)
def test_health_of_on_ramps(health: Json, vantage: dict[str, str], egress: OnRamp) -> None:
    source = document(wan=wan(static("10.0.0.0/8"), static("10.0.0.0/8", "10.255.1.1", priority=200)), health=health)
    assert ask(RouteTable.from_document(source), connect("10.0.0.1:80", **vantage)).egress == egress


# Reserved ranges


def _networks(table: RouteTable, kind: str) -> set[str]:
    return {str(r.network) for r in table.reserved_ranges if r.reserved == kind}


def test_subnets_replace_the_defaults_by_kind_and_family() -> None:
    table = RouteTable.from_document(
        document(
            subnets=[
                {"network": "10.200.0.0/16", "subnet_type": "warp"},
                {"network": "10.201.0.0/16", "subnet_type": "warp"},
                {"network": "100.80.0.0/16", "subnet_type": "initial_resolved_ip"},
                {"network": "10.202.0.0/16", "subnet_type": "warp", "deleted_at": "2025-01-01T00:00:00Z"},
                {"network": "10.203.0.0/16", "subnet_type": "something_new"},
            ],
            devices=[{"id": "d", "virtual_ipv4": "10.200.0.9"}],
            routes=[route("100.96.5.0/24"), route("10.0.0.0/8", US), route("172.64.130.0/24", US)],
        )
    )
    assert _networks(table, "device") == {"10.200.0.0/16", "10.201.0.0/16", "2606:4700:cf1:1000::/64"}
    assert _networks(table, "token") == {"100.80.0.0/16", "2606:4700:cf1:4000::/64"}
    assert _networks(table, "source") == {"100.64.0.0/12", "2606:4700:cf1:5000::/64"}
    assert table.findings == ()
    for question, want in (
        (connect("10.200.0.9:22"), goes(ClientDevice("d"))),
        (connect("10.200.0.10:22"), refused("destination_ip_unroutable")),
        (connect("10.201.0.10:22"), refused("destination_ip_unroutable")),
        (connect("10.202.0.10:22"), goes(US)),
        (connect("100.96.5.1:22"), goes(EU)),  # the old default range is ordinary
        (connect("100.97.0.1:22"), refused("destination_ip_unroutable")),
        (connect("100.80.0.1:22"), refused("destination_ip_prohibited")),
        (lookup("172.64.130.1"), goes(US)),
        (lookup("172.64.140.1"), goes(Gateway())),
    ):
        want.check(table, question)


def test_a_configured_range_may_stand_after_the_routes() -> None:
    source = {
        "routes": [route("10.200.5.0/24")],
        "tunnels": TUNNELS,
        "subnets": [{"network": "10.200.0.0/16", "subnet_type": "warp"}],
    }
    assert [path for path, _ in problems(source)] == ["routes[0]"]


# Services


@pytest.mark.parametrize(
    ("record", "expected", "url", "target"),
    [
        pytest.param(
            service({"ipv4": "10.0.0.1", "network": behind()}, http_port=8080),
            {"ipv4": ip_address("10.0.0.1"), "http_port": 8080},
            "http://anything:9999/",
            "10.0.0.1:8080",
            id="ipv4",
        ),
        pytest.param(
            service({"ipv6": "fd00::1", "network": behind()}),
            {"ipv6": ip_address("fd00::1")},
            "https://anything/",
            "[fd00::1]:443",
            id="ipv6, default port",
        ),
        pytest.param(
            service({"ipv4": "10.0.0.1", "ipv6": "fd00::1", "network": behind()}, http_port=81, https_port=444),
            {"ipv4": ip_address("10.0.0.1"), "ipv6": ip_address("fd00::1"), "http_port": 81, "https_port": 444},
            "https://anything/",
            "10.0.0.1:444",
            id="dual stack",
        ),
        pytest.param(
            service({"hostname": "DB.Int.", "resolver_network": behind(EU.id.upper())}),
            {"hostname": "db.int"},
            "https://anything/",
            "db.int:443",
            id="hostname",
        ),
        pytest.param(
            service({"hostname": "db.int", "resolver_network": behind(resolver_ips=["10.0.0.53", "fd00::53"])}),
            {"hostname": "db.int", "resolver_ips": (ip_address("10.0.0.53"), ip_address("fd00::53"))},
            "http://anything/",
            "db.int:80",
            id="hostname with resolvers",
        ),
        pytest.param(
            service(
                {"hostname": "db.int", "ipv4": None, "network": None, "resolver_network": behind(resolver_ips=None)}
            ),
            {"hostname": "db.int"},
            "http://anything/",
            "db.int:80",
            id="hostname among nulls",
        ),
    ],
)
def test_services(record: Json, expected: dict[str, Any], url: str, target: str) -> None:
    table = RouteTable.from_document(document(services=[record]))
    (found,) = table.services
    assert (found.id, found.name, found.via, found.type) == ("s1", "api", EU, "http")
    assert {name: getattr(found, name) for name in expected} == expected
    assert {found} == set(table.services)  # it can be hashed
    answer = ask(table, fetch(url, service_id="s1"))
    assert (answer.egress, str(answer.target)) == (EU, target)


def test_a_tcp_service() -> None:
    record = service({"ipv4": "10.0.0.5", "network": behind()}, "tcp", tcp_port=5432, app_protocol="postgresql")
    (found,) = RouteTable.from_document(document(services=[record])).services
    assert (found.type, found.tcp_port, found.http_port) == ("tcp", 5432, None)


def test_two_services_of_one_id() -> None:
    services = [service({"ipv4": f"10.0.0.{i}", "network": behind()}) for i in (1, 1, 2)]
    ((path, text),) = problems(document(services=services))
    assert path == "services[2].service_id"
    assert text.startswith("VPC service 's1' is known as ")


def test_a_service_behind_an_unknown_tunnel() -> None:
    record = service({"ipv4": "10.0.0.5", "network": behind(GONE)})
    table = RouteTable.from_document(document(services=[record]))
    assert findings(table) == [("unknown_tunnel", "services[0].host.network.tunnel_id")]
    assert table.services[0].via == Tunnel(GONE)


@pytest.mark.parametrize(
    ("record", "path"),
    [
        pytest.param(
            service({"hostname": "10.0.0.1", "resolver_network": behind()}), "services[0].host.hostname", id="hostname"
        ),
        pytest.param(
            service({"hostname": "a.b", "ipv4": "10.0.0.1", "network": behind(), "resolver_network": behind()}),
            "services[0].host.hostname",
            id="a hostname and an address",
        ),
        pytest.param(
            service({"ipv4": "10.0.0.1", "network": behind("")}), "services[0].host.network.tunnel_id", id="network"
        ),
        pytest.param(
            service({"hostname": "a.b", "resolver_network": behind("")}),
            "services[0].host.resolver_network.tunnel_id",
            id="resolver_network",
        ),
        pytest.param(
            {**service({"ipv4": "10.0.0.1", "network": behind()}), "service_id": ""}, "services[0].service_id", id="id"
        ),
    ],
)
def test_paths_of_services_are_those_of_the_document(record: Json, path: str) -> None:
    assert [where for where, _ in problems(document(services=[record]))] == [path]


@pytest.mark.parametrize("address", ["10.0.0", "x", "fe80::1%eth0", ""])
def test_resolvers_are_read(address: str) -> None:
    record = service({"hostname": "a.b", "resolver_network": behind(resolver_ips=["10.0.0.53", address])})
    ((path, _),) = problems(document(services=[record]))
    assert path.startswith("services[0].host.resolver_network.resolver_ips")


def test_a_devices_name_that_is_no_text_is_at_its_own_path() -> None:
    source = document(devices=[{"id": "d", "device": {"name": 7}}])
    assert problems(source) == (("devices[0].device.name", "must be a string, not a whole number"),)


# Progress


def test_progress_rises_to_the_total() -> None:
    source = document(
        routes=[route(f"10.{i >> 8}.{i & 255}.0/24") for i in range(2500)],
        hostname_routes=[named(f"h{i}.x", match="exact", deleted_at="2025" if i % 2 else None) for i in range(700)],
    )
    calls: list[tuple[int, int]] = []
    RouteTable.from_document(source, progress=lambda done, total: calls.append((done, total)))
    total = 2500 + 700 + len(TUNNELS) + len(NODES) + 3
    assert {of for _, of in calls} == {total}
    done = [n for n, _ in calls]
    assert done == sorted(set(done)) == [1000, 2000, 3000, total]


@pytest.mark.parametrize("source", [{}, {"routes": [], "wan": None}, {"hosts": {"a.b": []}}])
def test_progress_of_nothing(source: Json) -> None:
    calls: list[tuple[int, int]] = []
    RouteTable.from_document(source, progress=lambda *n: calls.append(n))
    assert all(done == total for done, total in calls)


def test_progress_comes_to_its_end_in_a_document_with_errors() -> None:
    calls: list[tuple[int, int]] = []
    problems(document(routes=[7] * 1500), progress=lambda *n: calls.append(n))
    assert calls[-1] == (1506, 1506)


def test_an_error_of_progress_ends_the_loading() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RouteTable.from_document(document(), progress=stop)


# Size


def _many(count: int) -> Json:
    """A document of `count` routes to networks of four addresses from 10.0.0.0 on, in turn through both tunnels."""
    first = int(ip_address("10.0.0.0"))
    return document(
        routes=[
            route(str(ip_network((first + 4 * i, 30))), (EU, US)[i % 2], id=f"r{i}", comment=f"Route {i}")
            for i in range(count)
        ]
    )


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_many_routes(tmp_path: Path, count: int) -> None:
    table = load_bytes(tmp_path / "n.json", json.dumps(_many(count)))
    assert (len(table), table.findings) == (count, ())
    for i in (0, 1, count // 2, count - 1):
        answer = table.resolve((str(ip_address("10.0.0.1") + 4 * i), 80))
        assert answer.egress == (EU, US)[i % 2]
        assert answer.route is not None
        assert answer.route.id == f"r{i}"
