"""Network documents: what loads and as what, what is refused and where, what is found odd."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from asking import Question, Want, ask, connect, ecmp, fetch, goes, lookup, refused
from documents import (
    DEN,
    EU,
    FRA,
    GONE,
    HQ,
    NETWORKS,
    NODE,
    NODES,
    PROD,
    STAGING,
    TUNNELS,
    US,
    Json,
    behind,
    bgp,
    document,
    findings,
    named,
    problems,
    put,
    route,
    service,
    static,
    wan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute import (
    BgpRoute,
    ClientDevice,
    DeviceAddress,
    Gateway,
    HostnameRoute,
    InvalidDocument,
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

SAMPLE_FILE = Path(__file__).parent / "data" / "network.json"
SAMPLE: Json = json.loads(SAMPLE_FILE.read_text(encoding="utf-8"))

PROD_VPC = Tunnel("12e74f7b-fab3-4728-878b-eb7e0787c0de", "prod-vpc")
FRANKFURT = Tunnel("ba2dde83-458b-4ed0-8712-755f6cace4d5", "dc-frankfurt")
STAGING_VPC = Tunnel("482c590e-0d97-42bf-adc8-3011ac8efe12", "staging-vpc")
ROTTERDAM = MeshNode("789c1af4-0ce8-4cc9-95ac-16b9c20dbc21", "rotterdam-wh")
LAPTOP = ClientDevice("0e3a655f-2073-4ab2-ac8b-1eb44f1eaccf", "NF-LT-0142")
GRE_DEN_1 = OnRamp(kind="gre", name="gre-den-1", id="1f0c23d4abc8a52498648841d5687ecc")
GRE_DEN_2 = OnRamp(kind="gre", name="gre-den-2", id="c173093d33b9a72b9ea6a4e4e3ffa978")
CNI_FRA_1 = OnRamp(kind="cni", name="cni-fra-1", id="9270d664d5cfff794d2ce3ed159ee2d1")
DEFAULT_ID, STAGING_ID = "2c63888f-28f0-4481-8e6d-dce7a7ace732", "637d6efa-609e-467a-9a67-9f818a119b9e"

PRINTABLE_AND_SHORT = 700  # a message quotes at most 200 characters from outside, and some quote twice


@pytest.fixture(scope="module")
def sample() -> RouteTable:
    return RouteTable.load(SAMPLE_FILE)


def _only(table: RouteTable, destination: str) -> Any:
    (announcement,) = table.exact(destination)
    return announcement


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


def _gre(index: int) -> dict[str, Any]:
    return {"colos": ("den01",), "via": GRE_DEN_2} if index == 4 else {}


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
            HostnameRoute(
                "wiki.internal.local", FRANKFURT, match="exact", id="b53c47a4-07aa-4b14-b4d7-144e104cc575"
            ),
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
    assert _only(sample, destination) == expected


def test_sample_scopes_weights_and_texts(sample: RouteTable) -> None:
    one, two = sample.exact("10.80.0.0/16")
    assert isinstance(one, WanRoute)
    assert isinstance(two, WanRoute)
    assert (one.regions, one.colos) == (("ENAM", "WNAM"), ())
    assert (two.regions, two.colos) == (("EEUR", "WEUR"), ())
    assert [r.weight for r in sample.exact("10.70.0.0/16") if isinstance(r, WanRoute)] == [192, 64]
    assert one.comment == "Tracking replicas: Denver for the Americas"
    assert _only(sample, "10.8.30.0/24").comment == "Test bench, now in the Gothenburg lab"
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
    )
    assert sample.gateway_rules[1].settings["dns_resolvers"]["ipv4"][0]["ip"] == "10.8.0.53"
    assert sample.gateway_lists[1] == GatewayList(
        "3305563d-50ca-4f0a-9a3e-0ab9a6de32d1", "Partner networks", "IP", ("5.44.16.0/24", "140.82.112.0/20")
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
        pytest.param(fetch("http://10.70.0.1/", colo="iad02"), goes(_DEN := ecmp(GRE_DEN_1, GRE_DEN_2, **{"gre-den-1": 192, "gre-den-2": 64})), id="weights"),
        pytest.param(fetch("http://10.70.0.1/", region="ENAM"), goes(GRE_DEN_1), id="health by region"),
        pytest.param(fetch("http://10.70.0.1/", region="ENAM", colo="DEN01"), goes(_DEN), id="health by data centre"),
        pytest.param(fetch("https://93.184.216.34/"), goes(Gateway()), id="public"),
    ],
)
def test_sample_answers(sample: RouteTable, question: Question, want: Want) -> None:
    want.check(sample, question)


# What loads


def test_the_empty_document_sends_everything_public_to_gateway() -> None:
    table = RouteTable.from_document({})
    assert (len(table), table.findings, table.services) == (0, (), ())
    assert table.virtual_networks == (VirtualNetwork("default", "default", True),)
    goes(Gateway(), gateway="inspected", ip="93.184.216.34").check(table, fetch("http://93.184.216.34/"))
    goes(Gateway(needs_dns=True)).check(table, fetch("http://example.com/"))
    refused("destination_ip_unroutable").check(table, fetch("http://10.0.0.1/"))
    refused("destination_ip_prohibited").check(table, fetch("http://127.0.0.1/"))


LISTS = (
    "virtual_networks tunnels mesh_nodes devices subnets routes hostname_routes services wan.routes wan.gre_tunnels "
    "wan.ipsec_tunnels wan.interconnects bgp_routes gateway_rules gateway_lists"
).split()
OBJECTS = ("wan", "health", "hosts")


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


@dataclass(frozen=True)
class Shape:
    """A valid record of a section, its fields with their JSON types, and which of them it must have."""

    valid: Json
    required: tuple[str, ...]
    fields: dict[str, str]


def _shape(valid: Json, required: str, **fields: str) -> Shape:
    typed = {name.replace("__", "."): kind for kind, names in fields.items() for name in names.split()}
    return Shape(valid, tuple(required.split()), typed)


_TUNNEL_SHAPE = "id name status tun_type virtual_ipv4 virtual_ipv6"
_ONRAMP = _shape(
    {"id": "x1", "name": "x"},
    "name",
    string="id name interface_address interface_address6",
    object="bgp",
    integer="bgp.customer_asn",
)
SHAPES: dict[str, Shape] = {
    "virtual_networks": _shape(
        {"id": "v", "name": "v", "is_default_network": True},
        "id name",
        string="id name",
        boolean="is_default_network is_default",
    ),
    "tunnels": _shape({"id": "t"}, "id", string=_TUNNEL_SHAPE),
    "mesh_nodes": _shape({"id": "m"}, "id", string=_TUNNEL_SHAPE),
    "devices": _shape({"id": "d"}, "id", string="id device.name virtual_ipv4 virtual_ipv6", object="device"),
    "subnets": _shape(
        {"network": "10.200.0.0/16", "subnet_type": "warp"}, "network subnet_type", string="network subnet_type"
    ),
    "routes": _shape(
        route("10.0.0.0/8"),
        "network tunnel_id",
        string="network tunnel_id tunnel_name tun_type virtual_network_id virtual_network_name id comment",
    ),
    "hostname_routes": _shape(
        named("a.example", match="exact"),
        "hostname tunnel_id",
        string="hostname tunnel_id tunnel_name tun_type match id comment",
    ),
    "wan.routes": _shape(
        static("10.0.0.0/8"),
        "prefix priority",
        string="prefix nexthop onramp id description",
        integer="priority weight",
        object="scope",
        array="scope.colo_names scope.colo_regions",
    ),
    "wan.gre_tunnels": _ONRAMP,
    "wan.ipsec_tunnels": _ONRAMP,
    "wan.interconnects": _ONRAMP,
    "bgp_routes": _shape(
        bgp("10.0.0.0/8"), "prefix onramp", string="prefix onramp", array="as_path communities", integer="customer_asn"
    ),
    "services": _shape(
        service({"ipv4": "10.0.0.1", "network": behind()}),
        "service_id name type host",
        string="service_id name type host.ipv4 host.ipv6 host.hostname host.network.tunnel_id",
        object="host host.network",
        integer="http_port https_port tcp_port",
        array="host.network.resolver_ips",
    ),
    "gateway_rules": _shape(
        {"id": "r", "name": "r", "action": "block", "precedence": 1},
        "id name action precedence",
        string="id name action traffic identity device_posture",
        integer="precedence",
        boolean="enabled",
        array="filters",
        object="rule_settings",
    ),
    "gateway_lists": _shape(
        {"id": "l", "name": "l", "type": "IP"}, "id name type", string="id name type", array="items"
    ),
}
_CALLED = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
}
_VALUES: list[tuple[Any, str]] = [
    ("x", "a string"),
    (7, "a whole number"),
    (True, "a boolean"),
    (7.0, "a number"),
    ([], "an array"),
    ({}, "an object"),
]
FIELDS = [(section, field) for section, shape in SHAPES.items() for field in shape.fields]


def _with(record: Json, field: str, value: Any) -> Json:
    """A copy of a record with a value at a dotted field."""
    changed = copy.deepcopy(record)
    inner = changed
    *outer, last = field.split(".")
    for name in outer:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return changed


@pytest.mark.parametrize("section", SHAPES)
def test_the_shapes_load_and_deleted_ones_are_skipped(section: str) -> None:
    valid = SHAPES[section].valid
    assert section in LISTS
    RouteTable.from_document(put(section, [valid]))
    # A deleted record is not even looked at.
    gone = [{"deleted_at": "2025-02-17T14:26:55.093471Z"}, {"deleted_at": "x", "network": 7, "id": []}]
    table = RouteTable.from_document(put(section, [*gone, valid]))
    assert list(table) == list(RouteTable.from_document(put(section, [valid])))


@pytest.mark.parametrize("never", [None, "", "0001-01-01T00:00:00Z"])
def test_what_is_not_deleted(never: str | None) -> None:
    table = RouteTable.from_document(document(routes=[route("10.0.0.0/8", deleted_at=never)]))
    assert table.counts()["subnet"] == 1


def test_a_revoked_device_is_gone() -> None:
    device = {"id": "d", "virtual_ipv4": "100.96.0.9", "revoked_at": "2026-01-01T00:00:00Z"}
    assert len(RouteTable.from_document(document(devices=[device]))) == 0


@pytest.mark.parametrize(
    "section_field", [p for p in FIELDS if p[1] not in SHAPES[p[0]].required], ids=lambda p: f"{p[0]}-{p[1]}"
)
def test_an_optional_field_may_be_null(section_field: tuple[str, str]) -> None:
    section, field = section_field
    if (section, field) in STRICT_ABOUT_NULL:
        pytest.skip("this one may be left out, and not be null")
    record = _with(SHAPES[section].valid, field, None)
    for path, _ in _try(put(section, [record])):
        assert path in MISSED_WITHOUT.get((section, field), ()), path


#: Fields that have a default and are ours, or are never null in the API.
STRICT_ABOUT_NULL = {
    ("bgp_routes", "as_path"),
    ("bgp_routes", "communities"),
    ("gateway_rules", "filters"),
    ("gateway_rules", "enabled"),
    ("services", "host.network.tunnel_id"),
}
#: What is missed when an optional field is null that another one would have to replace.
MISSED_WITHOUT = {
    ("virtual_networks", "is_default_network"): ("virtual_networks",),
    ("wan.routes", "nexthop"): ("wan.routes[0].nexthop",),
    ("services", "host.ipv4"): ("services[0].hostname", "services[0].host.hostname", "services[0].host"),
    ("services", "host.network"): ("services[0].host.network",),
}


def _try(source: Json) -> tuple[tuple[str, str], ...]:
    try:
        RouteTable.from_document(source)
    except InvalidDocument as error:
        return error.problems
    return ()


# Errors: shapes


@pytest.mark.parametrize(
    ("section", "field"), [(section, field) for section, shape in SHAPES.items() for field in shape.required]
)
def test_a_required_field_that_is_missing(section: str, field: str) -> None:
    record = {key: value for key, value in SHAPES[section].valid.items() if key != field}
    valid = SHAPES[section].valid
    assert (f"{section}[1].{field}", "is missing") in problems(put(section, [valid, record]))


@pytest.mark.parametrize("section_field", FIELDS, ids=lambda p: f"{p[0]}-{p[1]}")
def test_a_field_of_a_wrong_type(section_field: tuple[str, str]) -> None:
    section, field = section_field
    wanted = _CALLED[SHAPES[section].fields[field]]
    wrong = [(value, called) for value, called in _VALUES if called != wanted]
    if field in SHAPES[section].required:
        wrong.append((None, "null"))
    for value, called in wrong:
        found = problems(put(section, [_with(SHAPES[section].valid, field, value)]))
        assert (f"{section}[0].{field}", f"must be {wanted}, not {called}") in found, value


@pytest.mark.parametrize(
    ("section", "field", "kind"),
    [
        ("wan.routes", "scope.colo_regions", "a string"),
        ("wan.routes", "scope.colo_names", "a string"),
        ("bgp_routes", "as_path", "a whole number"),
        ("bgp_routes", "communities", "a string"),
        ("services", "host.network.resolver_ips", "a string"),
        ("gateway_rules", "filters", "a string"),
        ("gateway_lists", "items", "an object"),
    ],
)
def test_an_item_of_a_wrong_type(section: str, field: str, kind: str) -> None:
    good: Any = {"a string": "ENAM", "a whole number": 65000, "an object": {"value": "x"}}[kind]
    found = problems(put(section, [_with(SHAPES[section].valid, field, [good, None, 1.5, good])]))
    assert found == (
        (f"{section}[0].{field}[1]", f"must be {kind}, not null"),
        (f"{section}[0].{field}[2]", f"must be {kind}, not a number"),
    )


def test_an_item_of_a_list_of_gateway() -> None:
    lists = [{"id": "l", "name": "l", "type": "IP", "items": [{"value": "x"}, {}, {"value": 5}]}]
    assert problems(document(gateway_lists=lists)) == (
        ("gateway_lists[0].items[1].value", "is missing"),
        ("gateway_lists[0].items[2].value", "must be a string, not a whole number"),
    )


@pytest.mark.parametrize("section", LISTS)
@pytest.mark.parametrize(("value", "called"), [pair for pair in [*_VALUES, (None, "null")] if pair[0] != {}])
def test_a_record_that_is_no_object(section: str, value: Any, called: str) -> None:
    assert problems(put(section, [SHAPES[section].valid, value])) == (
        (f"{section}[1]", f"must be an object, not {called}"),
    )


@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize("value", ["x", 7, True, 1.5, {}], ids=repr)
def test_a_section_that_is_no_array(key: str, value: Any) -> None:
    outer, _, last = key.rpartition(".")
    assert problems({outer: {last: value}} if outer else {last: value}) == ((key, "must be an array"),)


@pytest.mark.parametrize("key", OBJECTS)
@pytest.mark.parametrize("value", ["x", 7, True, 1.5, []], ids=repr)
def test_a_section_that_is_no_object(key: str, value: Any) -> None:
    assert problems({key: value}) == ((key, "must be an object"),)


@pytest.mark.parametrize("value", [None, [], "x", 7, 1.5, True], ids=repr)
def test_a_document_that_is_no_object(value: Any) -> None:
    ((path, text),) = problems(value)
    assert path == ""
    assert text.startswith("a network document must be an object, not ")


# Errors: what the records say


def _case(id_: str, source: Json, *expected: tuple[str, str]) -> Any:
    return pytest.param(source, expected, id=id_)


def _not_prefix(text: str) -> str:
    return f"{text!r} is not a prefix such as 10.0.0.0/16"


_WILDCARD = "{!r}: a wildcard must be the whole first label, and the only one (*.internal.local)"
_BAD_PREFIXES = ("10.0.0.0/33", "10.0.0/8", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "fe80::1%eth0/64", "::/129", "", "x")

ERRORS = [
    # Prefixes, addresses
    *(
        _case(f"prefix {text!r}", put(section, [record]), (f"{section}[0].{field}", _not_prefix(text)))
        for text in _BAD_PREFIXES
        for section, field, record in (
            ("routes", "network", route(text)),
            ("wan.routes", "prefix", static(text)),
            ("bgp_routes", "prefix", bgp(text)),
            ("subnets", "network", {"network": text, "subnet_type": "warp"}),
        )
    ),
    _case(
        "mapped prefix",
        document(routes=[route("::ffff:10.0.0.0/104")]),
        (
            "routes[0].network",
            "'::ffff:10.0.0.0/104' is an IPv4-mapped prefix: write it as the IPv4 prefix it means",
        ),
    ),
    *(
        _case(f"next hop {text!r}", document(wan=wan(static("10.0.0.0/8", text))), (
            "wan.routes[0].nexthop", f"{text!r} is not an IP address"))
        for text in ("10.255.0.1/31", "10.1", "0x0a000001", "[fd00::1]", "", "host")
    ),
    _case(
        "no next hop and no on-ramp",
        document(wan=wan({"prefix": "10.0.0.0/8", "priority": 1})),
        ("wan.routes[0].nexthop", "is missing"),
    ),
    *(
        _case(
            f"interface {text!r}",
            document(wan=wan(gre_tunnels=[{"name": "x", field: text}])),
            (f"wan.gre_tunnels[0].{field}", f"{text!r} is not an address with a prefix length"),
        )
        for field in ("interface_address", "interface_address6")
        for text in ("10.0.0.1", "10.0.0.1/33", "fe80::1%e/64", "x/31")
    ),
    *(
        _case(
            f"own address {text!r} of {section}",
            put(section, [{"id": "x", "virtual_ipv4": text}]),
            (f"{section}[0].virtual_ipv4", f"{text!r} is not an IP address"),
        )
        for section in ("mesh_nodes", "devices")
        for text in ("100.96.0.9/32", "100.96.9", "x")
    ),
    # Names
    *(
        _case(f"hostname {text!r}", document(hostname_routes=[named(text)]), ("hostname_routes[0].hostname", why))
        for text, why in {
            "": "'' is not a host name",
            "a b": "'a b' is not a host name",
            "10.0.0.1": "'10.0.0.1' is an IP address, not a host name",
            "0x7f000001": "'0x7f000001' is an IP address, not a host name",
            "a..b": "'a..b' is not a DNS name: it has an empty label",
            f"{'a' * 64}.b": f"'{'a' * 64}.b' is not a DNS name: a label is longer than 63 characters",
            "http://a.b": "'http://a.b' is not a host name",
            "*.": "'' is not a host name",
        }.items()
    ),
    *(
        _case(
            f"wildcard {text!r}",
            document(hostname_routes=[named(text)]),
            ("hostname_routes[0].hostname", _WILDCARD.format(text)),
        )
        for text in ("*-dev.internal.local", "dev-*.internal.local", "foo*bar.x", "*.*.internal.local", "foo.*.x", "*")
    ),
    _case(
        "match",
        document(hostname_routes=[named("a.b", match="wildcard")]),
        ("hostname_routes[0].match", "must be 'exact', 'one_label' or 'both'"),
    ),
    *(
        _case(
            f"our own word for a match, {match}",
            document(hostname_routes=[named("a.b", match=match)]),
            ("hostname_routes[0].match", "must be 'exact', 'one_label' or 'both'"),
        )
        for match in ("stored", "glob", "")
    ),
    _case(
        "an exact wildcard",
        document(hostname_routes=[named("*.a.b", match="exact")]),
        ("hostname_routes[0].match", "'*.a.b' is not exact"),
    ),
    # Conflicts
    _case(
        "two routes of one prefix",
        document(routes=[route("10.0.0.0/8", EU), route("10.0.0.0/8", US)]),
        ("routes[1]", "10.0.0.0/8 is announced through eu already"),
    ),
    _case(
        "Tunnel and Mesh node, host bits",
        document(routes=[route("10.0.0.0/8", EU), route("10.1.2.3/8", NODE)]),
        ("routes[1]", "10.0.0.0/8 is announced through eu already"),
    ),
    _case(
        "the default network by id, by name and not at all",
        document(
            virtual_networks=NETWORKS,
            routes=[
                route("10.0.0.0/8", EU),
                route("10.0.0.0/8", US, virtual_network_id=PROD),
                route("10.0.0.0/8", US, virtual_network_id=PROD.upper()),
                route("10.0.0.0/8", US, virtual_network_name="prod"),
                route("10.0.0.0/8", US, virtual_network_id="", virtual_network_name=""),
                route("10.0.0.0/8", US, virtual_network_id=STAGING),
            ],
        ),
        *((f"routes[{i}]", "10.0.0.0/8 is announced through eu already") for i in (1, 2, 3, 4)),
    ),
    _case(
        "two routes of one name",
        document(hostname_routes=[named("a.b", EU), named("A.b.", US), named("*.a.b", US)]),
        ("hostname_routes[1]", "a.b is announced through eu already"),
    ),
    _case(
        "two wildcards",
        document(hostname_routes=[named("*.a.b", EU), named("a.b", US, match="one_label"), named("a.b", US)]),
        ("hostname_routes[1]", "*.a.b is announced through eu already"),
    ),
    _case(
        "both and a wildcard",
        document(hostname_routes=[named("a.b", EU, match="both"), named("*.a.b", US), named("x.a.b", US)]),
        ("hostname_routes[1]", "*.a.b is announced through eu already"),
    ),
    _case(
        "one address of two",
        document(
            mesh_nodes=[{**NODES[0], "virtual_ipv4": "100.96.0.2"}],
            devices=[{"id": "d", "virtual_ipv4": "100.96.0.2"}],
        ),
        ("devices[0].virtual_ipv4", "100.96.0.2/32 is announced through lab already"),
    ),
    # Connectors
    *(
        _case(
            f"{section} through {kind}",
            put(section, [{**SHAPES[section].valid, "tunnel_id": GONE, "tun_type": kind}]),
            (f"{section}[0].tun_type", f"must be cfd_tunnel or warp_connector (a Mesh node), not {kind!r}"),
        )
        for section in ("routes", "hostname_routes")
        for kind in ("gre", "ip_sec", "cni", "magic", "warp", "other", "")
    ),
    _case(
        "a tunnel without an id",
        document(tunnels=[{"id": ""}]),
        ("tunnels[0].id", "must be 1 to 255 printable characters, not ''"),
    ),
    _case(
        "one id of two",
        document(mesh_nodes=[{"id": EU.id, "name": "eu"}], tunnels=[*TUNNELS, {"id": EU.id, "name": "other"}]),
        ("tunnels[2].id", "is that of another tunnel or Mesh node"),
        ("mesh_nodes[0].id", "is that of another tunnel or Mesh node"),
    ),
    _case(
        "a status",
        document(tunnels=[*TUNNELS, {"id": "x", "status": "dead"}]),
        ("tunnels[2].status", "'dead' is not a tunnel's status: healthy, degraded, down, inactive"),
    ),
    # Reserved ranges
    *(
        _case(
            f"{section} in {network}",
            put(section, [{**SHAPES[section].valid, field: network}]),
            (f"{section}[0]", f"{network} lies in {reserved}, which is reserved for {name}"),
        )
        for section, field in (("routes", "network"), ("wan.routes", "prefix"), ("bgp_routes", "prefix"))
        for network, reserved, name in (
            ("100.96.5.0/24", "100.96.0.0/12", "device and Mesh addresses"),
            ("100.96.0.0/12", "100.96.0.0/12", "device and Mesh addresses"),
            ("100.64.0.0/13", "100.64.0.0/12", "Cloudflare source addresses"),
            ("172.64.130.0/24", "172.64.128.0/20", "Gateway token addresses"),
            ("100.112.0.1/32", "100.112.0.0/16", "private load balancers"),
            ("2606:4700:cf1:1000::/80", "2606:4700:cf1:1000::/64", "device and Mesh addresses"),
            ("2606:4700:cf1:9::/64", "2606:4700:cf1::/48", "Cloudflare One services"),
        )
    ),
    _case(
        "a configured range",
        document(
            subnets=[{"network": "10.200.0.0/16", "subnet_type": "warp"}],
            routes=[route("10.200.5.0/24"), route("10.0.0.0/8", US), route("100.96.5.0/24")],
        ),
        ("routes[0]", "10.200.5.0/24 lies in 10.200.0.0/16, which is reserved for device and Mesh addresses"),
    ),
    # Virtual networks
    _case(
        "no default network",
        document(virtual_networks=[NETWORKS[1]]),
        ("virtual_networks", "exactly one virtual network must be the default, but none is"),
    ),
    _case(
        "two default networks",
        document(virtual_networks=[*NETWORKS, {"id": "x", "name": "third", "is_default": True}]),
        ("virtual_networks", "exactly one virtual network must be the default, but 2 are: prod, third"),
    ),
    _case(
        "one network twice",
        document(virtual_networks=[*NETWORKS, {"id": STAGING.upper(), "name": "other"}]),
        ("virtual_networks[2].id", "is that of an earlier virtual network"),
    ),
    # WAN
    _case(
        "an unknown on-ramp",
        document(wan=wan(static("10.0.0.0/8", onramp="nope")), bgp_routes=[bgp("10.0.0.0/8", "nope")]),
        ("wan.routes[0].onramp", "no on-ramp 'nope'; there is den, fra, hq"),
        ("bgp_routes[0].onramp", "no on-ramp 'nope'; there is den, fra, hq"),
    ),
    _case(
        "no on-ramp at all",
        {"bgp_routes": [bgp("10.0.0.0/8", "nope")]},
        ("bgp_routes[0].onramp", "there is no on-ramp"),
    ),
    _case(
        "an ambiguous name",
        document(
            wan=wan(static("10.0.0.0/8", onramp="den"), ipsec_tunnels=[{"id": "i1", "name": "den"}]),
            bgp_routes=[bgp("10.0.0.0/8", "den"), bgp("10.0.0.0/8", "i1")],
            health={"den": "down"},
        ),
        *(
            (path, "several on-ramps are called 'den': name one by its id: g1, i1")
            for path in ("wan.routes[0].onramp", "bgp_routes[0].onramp", "health.den")
        ),
    ),
    _case(
        "two on-ramps behind one next hop",
        document(
            wan=wan(
                static("10.0.0.0/8", "10.255.0.1"),
                ipsec_tunnels=[{"id": "i1", "name": "hq", "interface_address": "10.255.0.0/31"}],
            )
        ),
        ("wan.routes[0].nexthop", "10.255.0.1 is behind several on-ramps: den, hq"),
    ),
    _case(
        "two on-ramps of one id",
        document(wan=wan(ipsec_tunnels=[{"id": "g1", "name": "hq"}])),
        ("wan.ipsec_tunnels[0].id", "on-ramp 'g1' is known as OnRamp(kind='gre', name='den', id='g1')"),
    ),
    *(
        _case(f"{field} {value}", document(wan=wan(static("10.0.0.0/8", **{field: value}))), (
            f"wan.routes[0].{field}", text))
        for field, value, text in (
            ("priority", -1, "must be 0 to 2147483647"),
            ("priority", 2**31, "must be 0 to 2147483647"),
            ("weight", -1, "must be 1 to 256"),
            ("weight", 257, "must be 1 to 256"),
        )
    ),
    _case(
        "a region and a data centre that are none",
        document(
            wan=wan(
                static("10.0.0.0/8", scope={"colo_regions": ["EU"]}), static("10.0.0.0/8", scope={"colo_names": ["1"]})
            )
        ),
        (
            "wan.routes[0].scope.colo_regions",
            "'EU' is not a region; the regions are AFR, APAC, EEUR, ENAM, ME, OC, SAM, WEUR, WNAM",
        ),
        ("wan.routes[1].scope.colo_names", "'1' is not the name of a data centre, such as den01"),
    ),
    *(
        _case(f"{field} {value!r}", document(bgp_routes=[bgp("10.0.0.0/8", **{field: value})]), (
            f"bgp_routes[0].{field}", text))
        for field, value, text in (
            ("as_path", [65000, -1], "must be 0 to 4294967295"),
            ("as_path", [2**32], "must be 0 to 4294967295"),
            ("communities", ["13335"], "'13335' is not a community such as 13335:60050"),
            ("communities", ["13335:60050", "a:b"], "'a:b' is not a community such as 13335:60050"),
            ("customer_asn", 2**32, "must be 0 to 4294967295"),
        )
    ),
    # What is ours
    *(
        _case(f"routing_mode {mode!r}", {"routing_mode": mode}, ("routing_mode", "must be 'unified' or 'legacy'"))
        for mode in ("Unified", "", 1, ["legacy"], {})
    ),
    _case("an unknown target of health", document(health={"nope": "down"}), ("health.nope", "no connector 'nope' is known")),
    _case(
        "one name of two kinds",
        document(tunnels=[*TUNNELS, {"id": "x", "name": "den"}], health={"den": "down"}),
        ("health.den", "'den' names several: Tunnel x, OnRamp g1"),
    ),
    *(
        _case(
            f"state {state!r}",
            document(health={"eu": state}),
            ("health.eu", "must be one of healthy, degraded, down, or an object of these by place"),
        )
        for state in ("inactive", "", None, 1, ["down"])
    ),
    _case(
        "a state at a place",
        document(health={"den": {"ENAM": "up", "den01": None, "EU1": "down", "": "down"}}),
        ("health.den.ENAM", "must be one of healthy, degraded, down, or an object of these by place"),
        ("health.den.den01", "must be one of healthy, degraded, down, or an object of these by place"),
        ("health.den.EU1", "'EU1' is not the name of a data centre, such as den01"),
        ("health.den.", "'' is not the name of a data centre, such as den01"),
    ),
    _case(
        "hosts",
        {"hosts": {"a.b": "10.0.0.1", "a.c": [1, "10.0.0.1", None], "a.d": ["10.0.0"], "a b": [], "10.0.0.1": []}},
        ("hosts.a.b", "must be an array"),
        ("hosts.a.c[0]", "must be a string"),
        ("hosts.a.c[2]", "must be a string"),
        ("hosts.a.d", "'10.0.0' is not an IP address"),
        ("hosts.a b", "'a b' is not a host name"),
        ("hosts.10.0.0.1", "'10.0.0.1' is an IP address, not a host name"),
    ),
    # Services
    _case("a service without a tunnel", document(services=[service({"ipv4": "10.0.0.1"})]), (
        "services[0].host.network", "is missing")),
    _case("a name without a tunnel", document(services=[service({"hostname": "a.b", "network": behind()})]), (
        "services[0].host.resolver_network", "is missing")),
    _case(
        "a service behind a Mesh node",
        document(services=[service({"ipv4": "10.0.0.1", "network": behind(NODE.id)})]),
        ("services[0].host", "a VPC Service stands behind a Cloudflare Tunnel, not a Mesh node"),
    ),
    *(
        _case(f"service at {text!r}", document(services=[service({field: text, "network": behind()})]), (
            f"services[0].host.{field}", why))
        for field, text, why in (
            ("ipv4", "10.0.0", "'10.0.0' is not an IP address"),
            ("ipv4", "fd00::1", "fd00::1 is of the other family"),
            ("ipv6", "10.0.0.1", "10.0.0.1 is of the other family"),
            ("ipv6", "fe80::1%eth0", "'fe80::1%eth0' is not an IP address"),
        )
    ),
    _case("type", document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, "udp")]), (
        "services[0].type", "must be 'http' or 'tcp'")),
    _case("no port", document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, "tcp")]), (
        "services[0].tcp_port", "a tcp service needs one")),
    *(
        _case(f"{field} {port}", document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, **{field: port})]), (
            f"services[0].{field}", "must be 1 to 65535"))
        for field in ("http_port", "https_port", "tcp_port") for port in (0, -1, 65536)
    ),
    _case(
        "two services of one id",
        document(
            services=[
                service({"ipv4": "10.0.0.1", "network": behind()}, http_port=80),
                service({"ipv4": "10.0.0.2", "network": behind()}, http_port=80),
            ]
        ),
        (
            "services[1].service_id",
            "VPC service 's1' is known as VpcService(id='s1', name='api', via=Tunnel(id='550e8400-e29b-41d4-a716-"
            "446655440001', name='eu'), type='http', ipv4=IPv4Address('10.0.0.1'), ipv6=None, hostname=None, http_port=80, ht…",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), ERRORS)
def test_errors(source: Json, expected: tuple[tuple[str, str], ...]) -> None:
    assert problems(source) == expected


def test_all_errors_at_once_in_the_order_of_the_sections() -> None:
    source = document(
        routing_mode="both",
        virtual_networks=[{"id": "v", "name": 7}],
        subnets=[{"network": "x", "subnet_type": "warp"}],
        tunnels=[*TUNNELS, {"name": "without id"}],
        devices=[{"id": "d", "virtual_ipv4": "100.96"}],
        wan=wan(static("10.0.0.0/33"), static("10.0.0.0/8", "no"), gre_tunnels=[{"id": "g"}]),
        routes=[route("10.0.0.0/8"), route("10.0.0.0/8", US), route("100.96.0.0/16")],
        hostname_routes=[named("*-x.y")],
        bgp_routes=[bgp("10.0.0.0/8", "nope")],
        services=[service({})],
        gateway_rules=[{"id": "r", "name": "r", "action": "block"}],
        hosts={"a": 1},
        health={"nope": "down"},
    )
    found = problems(source)
    assert [path for path, _ in found] == [
        "routing_mode",
        "virtual_networks[0].name",
        "subnets[0].network",
        "tunnels[2].id",
        "devices[0].virtual_ipv4",
        "wan.gre_tunnels[0].name",
        "routes[1]",
        "routes[2]",
        "hostname_routes[0].hostname",
        "wan.routes[0].prefix",
        "wan.routes[1].nexthop",
        "bgp_routes[0].onramp",
        "services[0].host.network",
        "gateway_rules[0].precedence",
        "hosts.a",
        "health.nope",
    ]
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(source)
    assert caught.value.code == "invalid_document"
    assert str(caught.value).splitlines() == [f"{path}: {text}" for path, text in found]


def test_a_message_lists_fifty_and_counts_the_rest() -> None:
    source = document(routes=[route("x") for _ in range(60)])
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(source)
    assert len(caught.value.problems) == 60
    assert str(caught.value).splitlines()[50:] == ["… and 10 more"]


HOSTILE = "\x1b[31m\r\n\u202e" + "x" * 5000


@pytest.mark.parametrize(
    "source",
    [
        document(tunnels=[{"id": HOSTILE}]),
        document(tunnels=[{"id": "x", "name": HOSTILE}]),
        document(tunnels=[{"id": "x", "status": HOSTILE}]),
        document(devices=[{"id": "x", "device": {"name": HOSTILE}}]),
        document(devices=[{"id": "x", "virtual_ipv4": HOSTILE}]),
        document(virtual_networks=[{"id": HOSTILE, "name": "x", "is_default": True}]),
        document(subnets=[{"network": HOSTILE, "subnet_type": "warp"}]),
        document(routes=[route(HOSTILE)]),
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": HOSTILE}]),
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": "x", "tun_type": HOSTILE}]),
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": "x", "tunnel_name": HOSTILE}]),
        document(routes=[route("10.0.0.0/8", id=HOSTILE)]),
        document(routes=[route("10.0.0.0/8", virtual_network_id=HOSTILE)]),
        document(routes=[route("10.0.0.0/8", virtual_network_id="x", virtual_network_name=HOSTILE)]),
        document(hostname_routes=[named(HOSTILE)]),
        document(hostname_routes=[named(f"*{HOSTILE}")]),
        document(hostname_routes=[named("a.b", match=HOSTILE)]),
        document(wan=wan(static(HOSTILE))),
        document(wan=wan(static("10.0.0.0/8", HOSTILE))),
        document(wan=wan(static("10.0.0.0/8", onramp=HOSTILE))),
        document(wan=wan(static("10.0.0.0/8", scope={"colo_regions": [HOSTILE]}))),
        document(wan=wan(static("10.0.0.0/8", scope={"colo_names": [HOSTILE]}))),
        document(wan=wan(gre_tunnels=[{"name": HOSTILE}])),
        document(wan=wan(gre_tunnels=[{"name": "x", "interface_address": f"{HOSTILE}/31"}])),
        document(bgp_routes=[bgp("10.0.0.0/8", HOSTILE)]),
        document(bgp_routes=[bgp("10.0.0.0/8", communities=[HOSTILE])]),
        document(services=[service({"hostname": HOSTILE, "resolver_network": behind()})]),
        document(services=[service({"ipv4": HOSTILE, "network": behind()})]),
        document(services=[service({"ipv4": "10.0.0.1", "network": behind(HOSTILE)})]),
        document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, HOSTILE)]),
        document(health={HOSTILE: "down"}),
        document(health={"eu": HOSTILE}),
        document(health={"eu": {HOSTILE: "down"}}),
        document(hosts={HOSTILE: []}),
        document(hosts={HOSTILE: 7}),
        document(hosts={HOSTILE: [7]}),
        document(hosts={"a.b": [HOSTILE]}),
        {"routing_mode": HOSTILE},
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_hostile_text_is_never_shown_raw(source: Json, lenient: bool) -> None:
    for path, text in problems(source, lenient=lenient):
        assert path.isprintable(), path
        assert text.isprintable(), text
        assert len(path) + len(text) < PRINTABLE_AND_SHORT


def test_hostile_text_in_findings() -> None:
    name = "\u00e9" * 255
    found = RouteTable.from_document(
        {
            "routes": [
                {"network": "10.0.0.1/8", "tunnel_id": name, "virtual_network_id": name},
                {"network": "127.0.0.0/8", "tunnel_id": name, "comment": HOSTILE},
            ]
        }
    ).findings
    assert len(found) >= 4
    assert all(f.text.isprintable() and len(f.text) < PRINTABLE_AND_SHORT for f in found)


# Findings


def _finding(id_: str, source: Json, expected: list[tuple[str, str]], question: Question, want: Want) -> Any:
    return pytest.param(source, expected, question, want, id=id_)


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
        for scope in ({}, {"colo_names": [], "colo_regions": []}, {"colo_names": None, "colo_regions": None})
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
        document(
            hostname_routes=[{**named("a.b", match="exact"), "tunnel_id": GONE, "tun_type": "warp_connector"}]
        ),
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
        goes(UNKNOWN_HOP, RemarkCode.HOST_BITS, RemarkCode.EMPTY_SCOPE, RemarkCode.UNKNOWN_NEXT_HOP),
    ),
]


@pytest.mark.parametrize(("source", "expected", "question", "want"), FINDINGS)
def test_findings(source: Json, expected: list[tuple[str, str]], question: Question, want: Want) -> None:
    table = RouteTable.from_document(source)
    assert sorted(findings(table)) == sorted(expected)
    want.check(table, question)


def test_the_prefix_as_written_is_kept() -> None:
    table = RouteTable.from_document(
        document(
            routes=[route("10.1.2.3/8")], wan=wan(static("10.1.2.3/16"), static("10.3.0.0/16")), bgp_routes=[bgp("fd00::1/8")]
        )
    )
    assert [getattr(r, "original", None) for r in table] == ["10.1.2.3/8", "10.1.2.3/16", None, "fd00::1/8"]
    assert table.findings[0].text == "10.1.2.3/8 has host bits set and is read as 10.0.0.0/8"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        pytest.param(document(routes=[route("10.0.0.0/8"), route("10.0.0.1/8", id="x")]), "routes[1]", id="routes"),
        pytest.param(
            document(hostname_routes=[named("*.a.b"), named("a.b", match="one_label")]), "hostname_routes[1]", id="names"
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
        routes=[{"network": "10.0.0.0/8", "tunnel_id": EU.id.upper(), "tunnel_name": "old", "tun_type": "warp_connector"}]
    )
    assert _only(RouteTable.from_document(source), "10.0.0.0/8").via == EU


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
            pytest.param(put(section, [{**SHAPES[section].valid, field: network}]), connect(target), id=f"{section} {network}")
            for section, field in (("routes", "network"), ("wan.routes", "prefix"), ("bgp_routes", "prefix"))
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
            )
        ),
        *(
            pytest.param(
                document(hostname_routes=[named(pattern)]),
                fetch(f"http://{name}/"),
                id=f"{pattern} {name}",
            )
            for pattern, name in (
                ("foo.*.internal.local.", "foo.x.internal.local"),
                ("*-dev.internal.local.", "a-dev.internal.local"),
            )
        ),
    ],
)  # fmt: skip
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
        assert len(table.select(health=other)) == (other == state)  # type: ignore[arg-type]
    remarks = (RemarkCode.DESTINATION_UNAVAILABLE,) if state == "down" else ()
    goes(_only(table, "10.0.0.0/8").via, *remarks).check(table, connect("10.0.0.1:80"))


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
    source = document(
        wan=wan(static("10.0.0.0/8"), static("10.0.0.0/8", "10.255.1.1", priority=200)), health=health
    )
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
            service({"hostname": "db.int", "ipv4": None, "network": None, "resolver_network": behind(resolver_ips=None)}),
            {"hostname": "db.int"},
            "http://anything/",
            "db.int:80",
            id="hostname among nulls",
        ),
    ],
)  # fmt: skip
def test_services(record: Json, expected: dict[str, Any], url: str, target: str) -> None:
    table = RouteTable.from_document(document(services=[record]))
    (found,) = table.services
    assert (found.id, found.name, found.via, found.type) == ("s1", "api", EU, "http")
    assert {name: getattr(found, name) for name in expected} == expected
    assert hash(found) == hash(found)
    goes(EU, target=target).check(table, fetch(url, service_id="s1"))


def test_a_tcp_service() -> None:
    record = service({"ipv4": "10.0.0.5", "network": behind()}, "tcp", tcp_port=5432, app_protocol="postgresql")
    (found,) = RouteTable.from_document(document(services=[record])).services
    assert (found.type, found.tcp_port, found.http_port) == ("tcp", 5432, None)


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


def test_a_devices_name_is_at_its_own_path() -> None:
    source = document(devices=[{"id": "d", "device": {"name": "\x1b"}}])
    assert [path for path, _ in problems(source)] == ["devices[0].device.name"]


# Objects named twice


@pytest.mark.parametrize(
    ("source", "path"),
    [
        pytest.param(
            document(devices=[{"id": "d", "device": {"name": "a"}}, {"id": "d", "device": {"name": "b"}}]),
            "devices[1].id",
            id="devices",
        ),
        pytest.param(
            document(
                virtual_networks=NETWORKS,
                routes=[
                    route("10.0.0.0/8", virtual_network_id=GONE, virtual_network_name="a"),
                    route("11.0.0.0/8", virtual_network_id=GONE, virtual_network_name="b"),
                ],
            ),
            "",
            id="unlisted virtual networks",
        ),
    ],
)
def test_one_id_of_two_objects_is_a_problem_and_no_other_error(source: Json, path: str) -> None:
    found = _try(source)
    if path:
        assert [where for where, _ in found] == [path]


def test_an_on_ramp_that_stands_twice_is_one() -> None:
    source = document(wan=wan(static("10.0.0.0/8"), gre_tunnels=[{"id": "g1", "name": "den", "interface_address": "10.255.0.0/31"}] * 2))
    assert _only(RouteTable.from_document(source), "10.0.0.0/8").via == DEN


def test_a_virtual_network_by_a_name_of_two() -> None:
    networks = [*NETWORKS, {"id": "other", "name": "staging"}]
    ((path, text),) = problems(
        document(virtual_networks=networks, routes=[route("10.0.0.0/8", virtual_network_name="staging")])
    )
    assert path.startswith("routes[0].virtual_network_")
    assert STAGING in text
    assert "other" in text


def test_a_hostname_route_on_an_on_ramp_of_the_document() -> None:
    source = document(hostname_routes=[{"hostname": "a.b", "tunnel_id": "g1", "match": "exact"}])
    assert [path for path, _ in problems(source)] == ["hostname_routes[0].tunnel_id"]


# Files


def _load(path: Path, data: bytes | str) -> RouteTable:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return RouteTable.load(path)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'\xef\xbb\xbf{"hosts": {"a.b": []}}', id="byte order mark"),
        pytest.param('// c\n{/* c */"hosts" /* c */: {"a.b": [/*,*/]} // c\n}', id="comments"),
        pytest.param('{"hosts": {"a.b": [],},}', id="trailing commas"),
        pytest.param('{"hosts": {"a.b": [], /* c */ } // c\n , }', id="comments after commas"),
        pytest.param('{"comment": "// no /* comment */ ,]", "hosts": {"a.b": []},}', id="comments in strings"),
        pytest.param('{"hosts": {"a.b": []}}\n// the end', id="a comment at the end"),
        pytest.param('\t\r\n {"hosts"\n:{"a.b":[ ]}}  \n', id="white space"),
    ],
)
def test_files(tmp_path: Path, data: bytes | str) -> None:
    assert _load(tmp_path / "n.jsonc", data).hosts == {"a.b": ()}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "is not JSON: Expecting value", id="empty"),
        pytest.param(b"routes: []", "is not JSON: Expecting value", id="YAML"),
        pytest.param(b"{'hosts': {}}", "is not JSON: Expecting property name", id="single quotes"),
        pytest.param(b"{} {}", "is not JSON: Extra data", id="two values"),
        pytest.param(b'{"hosts": {}', "is not JSON: Expecting", id="no end"),
        pytest.param(b'{"a": NaN}', "is not JSON: NaN is not JSON", id="NaN"),
        pytest.param(b'{"a": [-Infinity]}', "is not JSON: -Infinity is not JSON", id="Infinity"),
        pytest.param(b'{"a": 1, "b": 2, "a": 3}', "is not JSON: key 'a' stands twice in one object", id="duplicate key"),
        pytest.param(
            b'{"routes": [{"network": "10.0.0.0/8", "network": "0.0.0.0/0"}]} // c',
            "is not JSON: key 'network' stands twice in one object",
            id="duplicate key, comments",
        ),
        pytest.param(
            b'{"a\\u001b[31m": 1, "a\\u001b[31m": 2}', r"is not JSON: key 'a\x1b[31m' stands twice", id="hostile key"
        ),
        pytest.param(b'{"a": "\xff"}', "is not UTF-8: invalid start byte at byte 7", id="Latin-1"),
        pytest.param("{}".encode("utf-16"), "is not UTF-8: invalid start byte at byte 0", id="UTF-16"),
        pytest.param(b"[" * 200_000, "is nested too deeply", id="deep"),
        pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "is nested too deeply", id="deep and whole"),
        pytest.param(b"// c\n" + b"[" * 200_000, "is nested too deeply", id="deep, comments"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "is not JSON: Exceeds the limit", id="an endless number"),
        pytest.param(b'{"a": "' + b"\\" * 300_001, "is not JSON: a string has no end", id="an endless string"),
        pytest.param(b"{/*" + b"*" * 300_000, "is not JSON: a comment has no end", id="an endless comment"),
        pytest.param(b"{}\0", "is not JSON: Extra data", id="NUL"),
    ],
)  # fmt: skip
def test_files_that_are_no_json(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "n.json"
    with pytest.raises(InvalidDocument) as caught:
        _load(path, data)
    ((where, text),) = caught.value.problems
    assert where == str(path)
    assert text.startswith(why)
    assert text.isprintable()
    assert len(text) < PRINTABLE_AND_SHORT


def test_a_file_of_another_value(tmp_path: Path) -> None:
    for text in ("[]", "null", '"x"', "1", "[,]"):
        with pytest.raises(InvalidDocument):
            _load(tmp_path / "n.json", text)


def test_large_numbers_are_only_too_large(tmp_path: Path) -> None:
    digits = "9" * 4000
    source = json.dumps(document(wan=wan(static("10.0.0.0/8", priority=0)))).replace('"priority": 0', f'"priority": {digits}')
    with pytest.raises(InvalidDocument) as caught:
        _load(tmp_path / "n.json", source)
    assert caught.value.problems == (("wan.routes[0].priority", "must be 0 to 2147483647"),)


def test_lone_surrogates_are_no_trouble(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument) as caught:
        _load(tmp_path / "n.json", r'{"hosts": {"\ud800": ["\udfff"]}, "tunnels": [{"id": "\ud800"}]}')
    assert [path for path, _ in caught.value.problems] == ["tunnels[0].id", r"hosts.\ud800"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RouteTable.load(tmp_path / "missing.json")
    with pytest.raises(OSError):  # noqa: PT011  (a directory; the kind differs by system)
        RouteTable.load(tmp_path)


def test_options_and_a_path_as_text(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    path.write_text(json.dumps(document(hostname_routes=[named("a.b")], routes=[route("100.96.0.0/16")])))
    calls: list[tuple[int, int]] = []
    table = RouteTable.load(str(path), lenient=True, stored_wildcards=True, progress=lambda *n: calls.append(n))
    assert [getattr(r, "match", None) for r in table] == [None, "both"]
    assert calls == [(8, 8)]


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


# Anything at all


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """`value` with `new` at a path; only what lies on the way is copied."""
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _replaced(value[path[0]], path[1:], new)
    return changed


def _small_sample() -> Json:
    """Two live records of each section are enough for every path through the loader."""
    small = {key: value[:3] if isinstance(value, list) else value for key, value in SAMPLE.items()}
    small["wan"] = {key: value[:3] for key, value in SAMPLE["wan"].items()}
    small["health"] = {"prod-vpc": "down", **SAMPLE["health"]}
    return small


SMALL = _small_sample()
PLACES = sorted(_places(SMALL), key=str)
_WORDS = [
    *("", "*", ".", "*.*.x", "a-*.x", "x" * 300, "\x1b[31m", "\ud800", "100.96.0.0/16", "0.0.0.0/0", "10.0.0.1", "::1/0"),
    *("fd00::/8", "100.96.0.2", "127.0.0.1", "legacy", "default", "cfd_tunnel", "warp_connector", "gre", "down", "tcp"),
    *(value for value in (_at(SMALL, path) for path in PLACES) if isinstance(value, str)),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(_WORDS), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ELSEWHERE = st.sampled_from(PLACES).map(lambda path: _at(SMALL, path))


def _loads_or_tells(load: Callable[[], RouteTable]) -> None:
    """It loads, and can be asked; or it is refused with problems that are fit to print."""
    try:
        table = load()
    except InvalidDocument as error:
        assert error.problems
        assert all(path.isprintable() and text.isprintable() for path, text in error.problems)
        return
    assert all(finding.text.isprintable() for finding in table.findings)
    assert len(list(table)) == len(table)
    table.compile()


@settings(derandomize=True, max_examples=400, deadline=None, database=None)
@given(
    changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES | ELSEWHERE), min_size=1, max_size=3),
    lenient=st.booleans(),
    stored_wildcards=st.booleans(),
)
def test_any_value_at_any_place(
    changes: list[tuple[tuple[Any, ...], Any]], lenient: bool, stored_wildcards: bool
) -> None:
    source: Any = SMALL
    for path, value in changes:
        try:
            _at(source, path)
        except (LookupError, TypeError):
            continue  # what stood here is gone by an earlier change
        source = _replaced(source, path, value)
    _loads_or_tells(lambda: RouteTable.from_document(source, lenient=lenient, stored_wildcards=stored_wildcards))


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(source=VALUES)
def test_any_value_as_a_document(source: Any) -> None:
    _loads_or_tells(lambda: RouteTable.from_document(source))


_PIECES = [*'{}[],:"\\/ \n\r0-', "//", "/*", "*/", '""', "null", "true", "1e999", "NaN", '"a":', '"routes":', "\ufeff", "\0"]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join) | st.text(max_size=20)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(text=TEXTS)
def test_any_text_as_a_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    _loads_or_tells(lambda: RouteTable.load(path))


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(data=st.binary(max_size=30))
def test_any_bytes_as_a_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    _loads_or_tells(lambda: RouteTable.load(path))


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
    table = _load(tmp_path / "n.json", json.dumps(_many(count)))
    assert (len(table), table.findings) == (count, ())
    for i in (0, 1, count // 2, count - 1):
        answer = table.resolve((str(ip_address("10.0.0.1") + 4 * i), 80))
        assert (answer.egress, answer.route.id) == ((EU, US)[i % 2], f"r{i}")
