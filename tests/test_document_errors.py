"""Network documents that are refused: every error, by its path and with its text."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from documents import (
    DEN,
    EU,
    GONE,
    LISTS,
    NETWORKS,
    NODE,
    NODES,
    OBJECTS,
    PROD,
    SHORT,
    STAGING,
    TUNNELS,
    US,
    Json,
    behind,
    bgp,
    document,
    findings,
    named,
    only,
    prefixed,
    problems,
    put,
    route,
    service,
    static,
    wan,
)

from vpcroute import ClientDevice, InvalidDocument, RouteTable, Tunnel

# Shapes


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
        boolean="in_force",
    ),
    "hostname_routes": _shape(
        named("a.example", match="exact"),
        "hostname tunnel_id",
        string="hostname tunnel_id tunnel_name tun_type match id comment",
        boolean="in_force",
    ),
    "wan.routes": _shape(
        static("10.0.0.0/8"),
        "prefix priority",
        string="prefix nexthop onramp id description",
        boolean="in_force",
        integer="priority weight",
        object="scope",
        array="scope.colo_names scope.colo_regions",
    ),
    "wan.gre_tunnels": _ONRAMP,
    "wan.ipsec_tunnels": _ONRAMP,
    "wan.interconnects": _ONRAMP,
    "wan.onramps": _ONRAMP,
    "bgp_routes": _shape(
        bgp("10.0.0.0/8"),
        "prefix onramp",
        string="prefix onramp id comment",
        boolean="in_force",
        array="as_path communities",
        integer="customer_asn",
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


#: What is missed when an optional field is null that another one would have to replace.
MISSED_WITHOUT = {
    ("virtual_networks", "is_default_network"): "virtual_networks",
    ("wan.routes", "nexthop"): "wan.routes[0].nexthop",
    ("services", "host.ipv4"): "services[0].host.hostname",
    ("services", "host.network"): "services[0].host.network",
    ("services", "host.network.tunnel_id"): "services[0].host.network.tunnel_id",
}


@pytest.mark.parametrize(
    "section_field",
    [p for p in FIELDS if p[1] not in SHAPES[p[0]].required],
    ids=lambda p: f"{p[0]}-{p[1]}",
)
def test_an_optional_field_may_be_null(section_field: tuple[str, str]) -> None:
    section, field = section_field
    record = _with(SHAPES[section].valid, field, None)
    missed = MISSED_WITHOUT.get((section, field))
    assert [path for path, _ in _try(put(section, [record]))] == ([] if missed is None else [missed])


def _try(source: Json) -> tuple[tuple[str, str], ...]:
    try:
        RouteTable.from_document(source)
    except InvalidDocument as error:
        return error.problems
    return ()


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


# What the records say


def _case(id_: str, source: Json, *expected: tuple[str, str]) -> Any:
    return pytest.param(source, expected, id=id_)


def _not_prefix(text: str) -> str:
    return f"{text!r} is not a prefix such as 10.0.0.0/16"


_WILDCARD = "{!r}: a wildcard must be the whole first label, and the only one (*.internal.local)"
_BAD_PREFIXES = ("10.0.0.0/33", "10.0.0/8", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "fe80::1%eth0/64", "::/129", "", "x")

NO_MODES: list[Any] = ["Unified", "", 1, ["legacy"], {}]

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
        _case(
            f"next hop {text!r}",
            document(wan=wan(static("10.0.0.0/8", text))),
            ("wan.routes[0].nexthop", f"{text!r} is not an IP address"),
        )
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
            prefixed(section, network),
            (f"{section}[0]", f"{network} lies in {reserved}, which is not for routes: {name}"),
        )
        for section in ("routes", "wan.routes", "bgp_routes")
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
        ("routes[0]", "10.200.5.0/24 lies in 10.200.0.0/16, which is not for routes: device and Mesh addresses"),
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
        _case(
            f"{field} {value}",
            document(wan=wan({**static("10.0.0.0/8"), field: value})),
            (f"wan.routes[0].{field}", text),
        )
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
        _case(
            f"{field} {value!r}",
            document(bgp_routes=[{**bgp("10.0.0.0/8"), field: value}]),
            (f"bgp_routes[0].{field}", text),
        )
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
        for mode in NO_MODES
    ),
    _case(
        "an unknown target of health",
        document(health={"nope": "down"}),
        ("health.nope", "no connector 'nope' is known"),
    ),
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
        document(health={"den": {"ENAM": "up", "den01": None, "EU1": "down"}}),
        ("health.den.ENAM", "must be one of healthy, degraded, down, or an object of these by place"),
        ("health.den.den01", "must be one of healthy, degraded, down, or an object of these by place"),
        ("health.den.EU1", "'EU1' is not the name of a data centre, such as den01"),
    ),
    _case(
        "hosts",
        {"hosts": {"a.b": "10.0.0.1", "a.c": [1, "10.0.0.1", None], "a.d": ["10.0.0"], "a b": [], "10.0.0.1": []}},
        ("hosts.a.b", "must be an array"),
        ("hosts.a.c[0]", "must be a string, not a whole number"),
        ("hosts.a.c[2]", "must be a string, not null"),
        ("hosts.a.d[0]", "'10.0.0' is not an IP address"),
        ("hosts.a b", "'a b' is not a host name"),
        ("hosts.10.0.0.1", "'10.0.0.1' is an IP address, not a host name"),
    ),
    # Services
    _case(
        "a service without a tunnel",
        document(services=[service({"ipv4": "10.0.0.1"})]),
        ("services[0].host.network", "is missing"),
    ),
    _case(
        "a name without a tunnel",
        document(services=[service({"hostname": "a.b", "network": behind()})]),
        ("services[0].host.resolver_network", "is missing"),
    ),
    _case(
        "a service behind a Mesh node",
        document(services=[service({"ipv4": "10.0.0.1", "network": behind(NODE.id)})]),
        ("services[0].host.network.tunnel_id", "a VPC Service stands behind a Cloudflare Tunnel, not a Mesh node"),
    ),
    *(
        _case(
            f"service at {text!r}",
            document(services=[service({field: text, "network": behind()})]),
            (f"services[0].host.{field}", why),
        )
        for field, text, why in (
            ("ipv4", "10.0.0", "'10.0.0' is not an IP address"),
            ("ipv4", "fd00::1", "fd00::1 is of the other family"),
            ("ipv6", "10.0.0.1", "10.0.0.1 is of the other family"),
            ("ipv6", "fe80::1%eth0", "'fe80::1%eth0' is not an IP address"),
        )
    ),
    _case(
        "type",
        document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, "udp")]),
        ("services[0].type", "must be 'http' or 'tcp'"),
    ),
    _case(
        "no port",
        document(services=[service({"ipv4": "10.0.0.1", "network": behind()}, "tcp")]),
        ("services[0].tcp_port", "a tcp service needs one"),
    ),
    *(
        _case(
            f"{field} {port}",
            document(services=[{**service({"ipv4": "10.0.0.1", "network": behind()}), field: port}]),
            (f"services[0].{field}", "must be 1 to 65535"),
        )
        for field in ("http_port", "https_port", "tcp_port")
        for port in (0, -1, 65536)
    ),
]


@pytest.mark.parametrize(("source", "expected"), ERRORS)
def test_errors(source: Json, expected: tuple[tuple[str, str], ...]) -> None:
    assert problems(source) == expected


def test_a_prefix_is_told_with_what_else_is_wrong_with_its_record() -> None:
    source = document(
        routes=[{"network": "10.0.0"}],
        wan=wan({"prefix": "x", "nexthop": 7}),
        bgp_routes=[{"prefix": "10.0.0.0/33", "as_path": ["x"]}],
    )
    assert [path for path, _ in problems(source)] == [
        *("routes[0].network", "routes[0].tunnel_id"),
        *("wan.routes[0].prefix", "wan.routes[0].priority", "wan.routes[0].nexthop"),
        *("bgp_routes[0].prefix", "bgp_routes[0].onramp", "bgp_routes[0].as_path[0]"),
    ]


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
        document(tunnels=[{"id": "x", "status": HOSTILE}]),
        document(devices=[{"id": "x", "virtual_ipv4": HOSTILE}]),
        document(virtual_networks=[{"id": HOSTILE, "name": "x", "is_default": True}]),
        document(subnets=[{"network": HOSTILE, "subnet_type": "warp"}]),
        document(routes=[route(HOSTILE)]),
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": HOSTILE}]),
        document(routes=[{"network": "10.0.0.0/8", "tunnel_id": "x", "tun_type": HOSTILE}]),
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
        assert len(path) + len(text) < SHORT


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (document(tunnels=[{"id": "x", "name": HOSTILE}]), Tunnel),
        (document(devices=[{"id": "x", "device": {"name": HOSTILE}, "virtual_ipv4": "100.96.0.9"}]), ClientDevice),
        (document(routes=[{"network": "10.0.0.0/8", "tunnel_id": "x", "tunnel_name": HOSTILE}]), Tunnel),
    ],
)
def test_a_name_that_people_gave_is_kept_safe_to_print(source: Json, kind: type[Tunnel | ClientDevice]) -> None:
    connector = RouteTable.from_document(source).connector("x")
    assert isinstance(connector, kind)
    assert connector.name == "\\x1b[31m\\r\\n\\u202e" + "x" * 181 + "…"


def test_hostile_text_in_findings() -> None:
    name = "\u00e9" * 255
    found = RouteTable.from_document(
        {
            "routes": [
                {"network": "10.0.0.1/8", "tunnel_id": name, "virtual_network_id": name},
                {"network": "127.0.0.0/8", "tunnel_id": name, "comment": HOSTILE[:4096]},
            ]
        }
    ).findings
    assert len(found) >= 4
    assert all(f.text.isprintable() and len(f.text) < SHORT for f in found)


# Objects named twice


def test_one_id_of_two_devices_is_a_problem() -> None:
    source = document(devices=[{"id": "d", "device": {"name": "a"}}, {"id": "d", "device": {"name": "b"}}])
    assert [path for path, _ in problems(source)] == ["devices[1].id"]


def test_an_unlisted_virtual_network_is_one_under_two_names() -> None:
    routes = [route(f"1{i}.0.0.0/8", virtual_network_id=GONE, virtual_network_name=name) for i, name in enumerate("ab")]
    table = RouteTable.from_document(document(virtual_networks=NETWORKS, routes=routes))
    assert [network.name for network in table.virtual_networks] == ["prod", "a", "staging"]
    assert len(table.select(virtual_network=GONE)) == 2
    assert {path for _, path in findings(table)} == {f"routes[{i}].virtual_network_id" for i in (0, 1)}


def test_an_on_ramp_that_stands_twice_is_one() -> None:
    source = document(
        wan=wan(
            static("10.0.0.0/8"), gre_tunnels=[{"id": "g1", "name": "den", "interface_address": "10.255.0.0/31"}] * 2
        )
    )
    assert only(RouteTable.from_document(source), "10.0.0.0/8").via == DEN


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
