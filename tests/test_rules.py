"""The rules of routing, section by section: what is announced, what is asked, what is to come of it.

The names of the cases begin with the section of the routing semantics that they are about:

===== ==========================================================================
s1_2  what each kind of binding reaches
s3    route selection: longest prefix, Zero Trust, virtual networks, modes, WAN
s4    hostname routes, names and their addresses
s5    devices, Mesh nodes, reserved ranges
s6    default routing and Gateway
s7    VPC Services
===== ==========================================================================

How addresses are read (sections 1.3 and 1.4) is in ``test_rules_of_reading.py``. Every question is asked of the rules
as written and of the compiled resolver (see :mod:`asking`), so that each case holds on both.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any, Literal

import pytest
from asking import (
    CNI1,
    CNI2,
    D1,
    GRE1,
    GRE2,
    IPSEC1,
    IPSEC2,
    N1,
    PROD,
    STAGING,
    T1,
    T2,
    T3,
    Question,
    Setup,
    Want,
    ask,
    bgp,
    case,
    connect,
    each_question,
    ecmp,
    fetch,
    goes,
    host,
    lookup,
    make_table,
    maybe,
    prohibited,
    refused,
    resolve,
    setup,
    unreadable,
    unroutable,
    url,
    wan,
    zt,
)

from vpcroute import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    Egress,
    Gateway,
    InvalidDocument,
    InvalidVantage,
    RemarkCode,
    RouteConflict,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import Health
from vpcroute.precedence import RULES, base_priority, effective_priority
from vpcroute.ranges import Range, ReservedKind

INTERNET = Gateway()
NEEDS_DNS = Gateway(needs_dns=True)

EMPTY = setup()

# Remarks, under short names
ANSWER_ELSEWHERE = RemarkCode.ANSWER_ELSEWHERE
ANSWER_REFUSED = RemarkCode.ANSWER_REFUSED
DOWN_TUNNEL = RemarkCode.DESTINATION_UNAVAILABLE
FALLBACK = RemarkCode.VIRTUAL_NETWORK_FALLBACK
LEGACY = RemarkCode.LEGACY_LONGER_WAN
MAPPED = RemarkCode.IPV4_MAPPED
MAYBE_PROHIBITED = RemarkCode.MAY_BE_PROHIBITED
MODE_DIFFERS = RemarkCode.ROUTING_MODE_DIFFERS
ONRAMP_DEGRADED = RemarkCode.ONRAMP_DEGRADED
ONRAMP_DOWN = RemarkCode.ONRAMP_DOWN
SCOPE_UNKNOWN = RemarkCode.SCOPE_UNKNOWN
STORED = RemarkCode.STORED_WILDCARD
STORED_BELOW = RemarkCode.STORED_WILDCARD_BELOW


# Section 1.2: what each kind of binding reaches

_EVERY_KIND = (
    zt("10.1.0.0/16", T1),
    zt("10.2.0.0/16", N1),
    DeviceAddress("100.96.0.10", D1),
    DeviceAddress("100.96.0.7", N1),
    wan("10.3.0.0/16", GRE1),
    wan("10.4.0.0/16", IPSEC1),
    bgp("10.5.0.0/16", CNI1),
    host("wiki.internal.local", T1),
    host("app.internal.local", N1),
    zt("198.41.0.0/24", T2),
)


def _all_to(tunnel: Tunnel, **fields: Any) -> Want:
    return goes(tunnel, route=None, gateway="none_documented", needs_dns=False, offramp="CFD_TUNNEL", **fields)


BINDINGS = [
    case(
        "s1_2_network_reaches_everything",
        setup(*_EVERY_KIND),
        (url("10.1.0.1"), goes(T1, offramp="CFD_TUNNEL", gateway="unspecified")),
        (url("10.2.0.1"), goes(N1, offramp="MESH", gateway="unspecified")),
        (url("100.96.0.10"), goes(D1, offramp="DEVICE_CLIENT", gateway="unspecified")),
        (url("100.96.0.7"), goes(N1, offramp="MESH", gateway="unspecified")),
        (url("10.3.0.1"), goes(GRE1, offramp="MAGIC", gateway="unspecified")),
        (url("10.4.0.1"), goes(IPSEC1, offramp="MAGIC", gateway="unspecified")),
        (url("10.5.0.1"), goes(CNI1, offramp="MAGIC", gateway="unspecified")),
        (url("wiki.internal.local"), goes(T1, offramp="CFD_TUNNEL", gateway="unspecified")),
        (url("app.internal.local"), goes(N1, offramp="MESH", gateway="unspecified")),
        (url("198.41.0.4"), goes(T2, offramp="CFD_TUNNEL", gateway="unspecified")),
        (url("93.184.216.34"), goes(INTERNET, offramp="INTERNET", gateway="inspected", route=None)),
        (url("api.example.com"), goes(NEEDS_DNS, offramp=None, gateway="inspected", route=None)),
        (fetch("http://10.1.0.1/", network_id="cf1:network"), goes(T1)),
    ),
    case(
        "s1_2_tunnel_takes_everything",
        setup(*_EVERY_KIND, known=[T3]),
        *(
            (fetch(f"http://{there}:8080/", tunnel_id="T3"), _all_to(T3, host=there.strip("[]"), port=8080))
            for there in [
                "93.184.216.34",  # public
                "10.1.0.1",  # another tunnel's
                "10.99.0.1",  # nobody's
                "100.96.0.10",  # a device's
                "100.64.0.5",  # reserved
                "172.64.128.48",
                "127.0.0.1",
                "169.254.169.254",
                "0.0.0.0",
                "224.0.0.1",
                "[::1]",
                "[fe80::1]",
                "[fd00::1]",
                "[2606:4700:cf1:4000::1]",
                "localhost",
                "wiki.internal.local",  # a hostname route's
                "api.example.com",
            ]
        ),
        (connect("127.0.0.1:5432", tunnel_id="T3"), _all_to(T3, scheme="tcp", target="127.0.0.1:5432")),
        (connect("db.corp:5432", tunnel_id="T3"), _all_to(T3, target="db.corp:5432")),
        (connect("[::ffff:127.0.0.1]:80", tunnel_id="T3"), goes(T3, MAPPED, target="127.0.0.1:80")),
        (lookup("api.example.com", tunnel_id="T3"), goes(T3)),
        (lookup("::1", tunnel_id="T3"), goes(T3)),
    ),
    case(
        "s1_2_tunnel_ignores_answers",
        setup(known=[T1], hosts={"db.corp": ["10.0.0.5"]}),
        (fetch("http://db.corp/", tunnel_id="T1"), _all_to(T1, ip=None)),
        (fetch("http://db.corp/", tunnel_id="T1", answers=["127.0.0.1"]), _all_to(T1, ip=None)),
        (fetch("http://db.corp/", tunnel_id="T1", answers=[]), _all_to(T1, ip=None)),
    ),
    case(
        "s1_2_tunnel_that_is_down",
        setup(known=[T1], health=[(T1, "down")]),
        (fetch("http://10.0.0.1/", tunnel_id="T1"), goes(T1, DOWN_TUNNEL, gateway="none_documented")),
    ),
    case(
        "s1_2_tunnel_by_id_or_name",
        setup(known=[Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")]),
        *(
            (
                fetch("http://10.0.0.1/", tunnel_id=tunnel_id),
                _all_to(Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")),
            )
            for tunnel_id in [
                "eu",
                "550e8400-e29b-41d4-a716-446655440000",
                "550E8400-E29B-41D4-A716-446655440000",
            ]
        ),
    ),
    case(
        "s1_2_an_id_wins_over_a_name",
        setup(known=[Tunnel("a", "b"), Tunnel("b", "c")]),
        (fetch("http://10.0.0.1/", tunnel_id="b"), _all_to(Tunnel("b", "c"))),
    ),
    case(
        "s1_2_a_name_of_two_lists_their_ids",
        setup(known=[Tunnel("id-1", "eu"), Tunnel("id-2", "eu")]),
        (fetch("http://10.0.0.1/", tunnel_id="eu"), refused("invalid_vantage", mentions=("id-1", "id-2"))),
        (fetch("http://10.0.0.1/", tunnel_id="id-2"), _all_to(Tunnel("id-2", "eu"))),
    ),
    case(
        "s1_2_bindings_that_do_not_exist",
        setup(zt("10.0.0.0/8", T1), zt("10.0.0.0/24", N1)),
        (fetch("http://10.0.0.1/", tunnel_id="N1"), refused("invalid_vantage", mentions=("Mesh node",))),
        (fetch("http://10.0.0.1/", tunnel_id="n1-id"), refused("invalid_vantage", mentions=("Mesh node",))),
        (fetch("http://10.0.0.1/", tunnel_id="T9"), refused("invalid_vantage", mentions=("T9",))),
        (fetch("http://10.0.0.1/", service_id="s9"), refused("invalid_vantage")),
        (fetch("http://10.0.0.1/", virtual_network="v9"), refused("invalid_vantage", mentions=("v9",))),
        (fetch("http://10.0.0.1/", network_id="other"), refused("invalid_vantage", mentions=("cf1:network",))),
    ),
]

VANTAGES = [
    {"network_id": "some-network-id"},
    {"network_id": ""},
    {"network_id": "cf1:network", "tunnel_id": "T1"},
    {"network_id": "cf1:network", "service_id": "S"},
    {"tunnel_id": "T1", "service_id": "S"},
    *(
        {binding: "X", place: value}
        for binding in ("tunnel_id", "service_id")
        for place, value in [("virtual_network", "prod"), ("region", "ENAM"), ("colo", "den01")]
    ),
    {"region": "EU"},
    {"region": "den01"},
    {"colo": "ENAM1x"},
    {"routing_mode": "both"},
]


@pytest.mark.parametrize("vantage", VANTAGES, ids=str)
def test_s1_2_vantages_that_do_not_exist(vantage: dict[str, Any]) -> None:
    with pytest.raises(InvalidVantage):
        Vantage(**vantage)


def test_s1_2_without_a_binding_it_is_the_network() -> None:
    assert Vantage() == Vantage(network_id="cf1:network")


# Section 3.1: longest prefix first, always

LONGEST = [
    case(
        "s3_1_the_longest_prefix_wins",
        setup(zt("0.0.0.0/0", T1), zt("10.0.0.0/8", T2), zt("10.0.1.0/24", T3), zt("10.0.1.50/32", N1)),
        (url("10.0.1.50"), goes(N1)),
        (url("10.0.1.51"), goes(T3)),
        (url("10.0.2.0"), goes(T2)),
        (url("11.0.0.0"), goes(T1)),
        (url("10.0.0.255"), goes(T2)),
        (url("10.0.1.0"), goes(T3)),
        (url("10.0.1.255"), goes(T3)),
        (url("10.255.255.255"), goes(T2)),
        (url("9.255.255.255"), goes(T1)),
    ),
    case(
        "s3_1_over_priority",
        setup(wan("10.0.0.0/29", GRE1, 1), wan("10.0.0.0/30", GRE2, 900)),
        (url("10.0.0.3"), goes(GRE2)),
        (url("10.0.0.4"), goes(GRE1)),
    ),
    case(
        "s3_1_a_route_that_is_not_in_force_captures_its_addresses",
        setup(SubnetRoute("10.0.0.0/16", T1), SubnetRoute("10.0.1.0/24", T2, in_force=False)),
        (url("10.0.1.1"), refused("route_not_in_force")),
        (url("10.0.2.1"), goes(T1)),
    ),
    case(
        "s3_1_over_the_health_of_on_ramps",
        setup(wan("10.0.0.0/16", GRE1, 1), wan("10.0.0.0/24", GRE2, 100), health=[(GRE2, "down")]),
        (url("10.0.0.1"), goes(GRE2, ONRAMP_DOWN)),
        (url("10.0.1.1"), goes(GRE1)),
    ),
    case(
        "s3_1_over_the_health_of_tunnels",
        setup(zt("10.0.0.0/16", T1), zt("10.0.0.0/24", T2), health=[(T2, "down")]),
        (url("10.0.0.1"), goes(T2, DOWN_TUNNEL)),
        (url("10.0.1.1"), goes(T1)),
    ),
    case(
        "s3_1_over_the_health_of_tunnels_before_wan",
        setup(zt("10.0.0.0/24", T1), wan("10.0.0.0/16", GRE1), health=[(T1, "down")]),
        (url("10.0.0.1"), goes(T1, DOWN_TUNNEL)),
    ),
    case(
        "s3_1_ipv6",
        setup(zt("fd00::/8", T1), zt("fd00:1::/32", T2), zt("fd00:1::5/128", T3)),
        (url("[fd00:1::5]"), goes(T3)),
        (url("[fd00:1::6]"), goes(T2)),
        (url("[fd00:2::1]"), goes(T1)),
    ),
    case(
        "s3_1_families_are_apart",
        setup(zt("0.0.0.0/0", T1)),
        (url("[fd00::1]"), unroutable()),
        (url("[2606:4700:4700::1111]"), goes(INTERNET)),
        (url("10.0.0.1"), goes(T1)),
    ),
    case(
        "s3_1_mapped_addresses_are_ipv4",
        setup(zt("::/0", T1), zt("10.0.0.0/8", T2)),
        (fetch("http://[::ffff:10.0.1.50]/"), goes(T2, MAPPED, target="10.0.1.50:80")),
        (fetch("http://[::ffff:192.168.0.1]/"), unroutable("192.168.0.1")),
        (fetch("http://[::ffff:93.184.216.34]/"), goes(INTERNET, MAPPED)),
        (fetch("http://[::ffff:127.0.0.1]/"), prohibited("loopback")),
        (connect("[::ffff:7f00:1]:80"), prohibited("loopback")),
        (fetch("http://db.corp/", answers=["::ffff:10.0.1.50"]), goes(T2, MAPPED, ip="10.0.1.50")),
    ),
    case(
        "s3_1_a_prefix_that_is_gone_leaves_the_shorter_one",
        setup(zt("10.0.0.0/16", T1)),
        (url("10.0.1.50"), goes(T1)),
    ),
    case(
        "s3_1_host_bits_are_masked",
        setup(zt("10.0.1.50/24", T1), wan("10.10.10.100/24", GRE1)),
        (url("10.0.1.7"), goes(T1, RemarkCode.HOST_BITS, route=zt("10.0.1.0/24", T1, "default-id"))),
        (url("10.10.10.5"), goes(GRE1, RemarkCode.HOST_BITS)),
    ),
]

# Section 3.2: Zero Trust routes

ZERO_TRUST = [
    case(
        "s3_2_the_same_twice_is_once",
        setup(zt("10.0.0.0/16", T1), zt("10.0.0.0/16", T1), zt("10.0.9.9/16", T1)),
        (url("10.0.0.1"), goes(T1)),
    ),
    case(
        "s3_2_one_prefix_in_several_networks",
        setup(zt("10.0.0.0/16", T1), zt("10.0.0.0/16", T2, "prod"), networks=[PROD]),
        (url("10.0.0.1"), goes(T1)),
        (fetch("http://10.0.0.1/", virtual_network="prod"), goes(T2)),
    ),
    case(
        "s3_2_public_prefixes_beat_the_internet",
        setup(zt("93.184.216.0/24", T1), zt("2606:4700:4700::/48", N1)),
        (url("93.184.216.34"), goes(T1, gateway="unspecified")),
        (url("93.184.217.34"), goes(INTERNET, gateway="inspected")),
        (url("[2606:4700:4700::1111]"), goes(N1)),
    ),
    case(
        "s3_2_a_tunnel_that_is_down_still_wins",
        setup(
            zt("10.1.0.0/16", T1),
            zt("10.2.0.0/16", N1),
            host("wiki.corp", T1),
            DeviceAddress("100.96.0.10", D1),
            health=[(T1, "down"), (N1, "down"), (D1, "down")],
        ),
        (url("10.1.0.1"), goes(T1, DOWN_TUNNEL)),
        (url("10.2.0.1"), goes(N1, DOWN_TUNNEL)),
        (url("wiki.corp"), goes(T1, DOWN_TUNNEL)),
        (url("100.96.0.10"), goes(D1, DOWN_TUNNEL)),
    ),
    case(
        "s3_2_degraded_is_no_remark_for_a_tunnel",
        setup(zt("10.1.0.0/16", T1), health=[(T1, "degraded")]),
        (url("10.1.0.1"), goes(T1)),
    ),
]

CONFLICTS: dict[str, tuple[Announcement, Announcement]] = {
    "s3_2_two_tunnels": (zt("10.0.0.0/16", T1), zt("10.0.0.0/16", T2)),
    "s3_2_tunnel_and_mesh": (zt("10.0.0.0/16", T1), zt("10.0.0.0/16", N1)),
    "s3_2_host_bits": (zt("10.0.0.0/16", T1), zt("10.0.9.9/16", T2)),
    "s3_2_public": (zt("0.0.0.0/0", T1), zt("0.0.0.0/0", T2)),
    "s4_two_tunnels": (host("wiki.corp", T1), host("wiki.corp", T2)),
    "s4_tunnel_and_mesh": (host("wiki.corp", T1), host("wiki.corp", N1)),
    "s4_two_wildcards": (host("*.corp", T1), host("*.corp", T2)),
    "s4_other_spelling": (host("wiki.corp", T1), host(".WIKI.corp.", T2)),
    "s4_both_and_exact": (host("wiki.corp", T1, "both"), host("wiki.corp", T2)),
    "s4_both_and_wildcard": (host("corp", T1, "both"), host("*.corp", T2)),
    "s4_stored_and_exact": (host("wiki.corp", T1, "stored"), host("wiki.corp", T2)),
    "s5_two_owners": (DeviceAddress("100.96.0.10", D1), DeviceAddress("100.96.0.10", N1)),
}


@pytest.mark.parametrize("name", CONFLICTS)
@pytest.mark.parametrize("turn", [1, -1], ids=["first", "last"])
def test_conflicts(name: str, turn: int) -> None:
    existing, offered = CONFLICTS[name][::turn]
    table = make_table([existing])
    with pytest.raises(RouteConflict) as caught:
        table.announce(offered)
    assert caught.value.code == "route_conflict"
    assert getattr(caught.value.existing, "via", None) == existing.via
    assert getattr(caught.value.offered, "via", None) == offered.via
    assert len(table) == 1


# Section 3.3: virtual networks

VIRTUAL_NETWORKS = [
    case(
        "s3_3_each_has_a_table_of_its_own",
        setup(
            zt("10.0.0.0/16", T1),
            zt("10.1.0.0/16", T2, "prod"),
            zt("10.1.2.0/24", T3, "staging-id"),
            networks=[PROD, STAGING],
        ),
        (url("10.0.0.1"), goes(T1)),
        (url("10.1.2.3"), unroutable("virtual network prod, staging", "not seen from default")),
        (fetch("http://10.1.2.3/", virtual_network="prod"), goes(T2)),
        (fetch("http://10.1.2.3/", virtual_network="prod-id"), goes(T2)),
        (fetch("http://10.1.2.3/", virtual_network="staging"), goes(T3)),
        (fetch("http://10.1.9.9/", virtual_network="staging"), unroutable("prod", "not seen from staging")),
        (fetch("http://10.0.0.1/", virtual_network="prod"), unroutable("default", "not seen from prod")),
        (fetch("http://10.0.0.1/", virtual_network="default"), goes(T1)),
    ),
    case(
        "s3_3_fallback_to_wan_only",
        setup(
            zt("10.0.0.0/8", T1, "prod"),
            zt("192.168.0.0/16", T2),
            wan("192.168.1.0/24", IPSEC1),
            wan("8.8.8.0/24", GRE1),
            wan("10.5.0.0/16", GRE2),
            networks=[PROD],
        ),
        (fetch("http://192.168.1.9/", virtual_network="prod"), maybe(IPSEC1, FALLBACK)),
        (fetch("http://8.8.8.8/", virtual_network="prod"), maybe(GRE1, FALLBACK, alternates=(INTERNET,))),
        (fetch("http://192.168.2.9/", virtual_network="prod"), unroutable("virtual network default")),
        (fetch("http://10.5.0.1/", virtual_network="prod"), goes(T1)),  # any match ends the search
        (fetch("http://9.9.9.9/", virtual_network="prod"), goes(INTERNET)),
        (url("192.168.1.9"), goes(IPSEC1, MODE_DIFFERS)),
        (url("8.8.8.8"), goes(GRE1)),
    ),
    case(
        "s3_3_a_default_route_ends_the_search",
        setup(zt("0.0.0.0/0", T1, "prod"), wan("10.5.0.0/16", GRE1), networks=[PROD]),
        (fetch("http://10.5.0.1/", virtual_network="prod"), goes(T1)),
        (fetch("http://93.184.216.34/", virtual_network="prod"), goes(T1)),
        (url("10.5.0.1"), goes(GRE1)),
    ),
    case(
        "s3_3_the_mode_has_no_effect_outside_the_default_network",
        setup(
            *(zt("10.0.0.0/8", T1, "prod"), wan("10.5.0.0/16", GRE1), wan("11.0.0.0/8", GRE1)),
            networks=[PROD],
            mode="legacy",
        ),
        (fetch("http://10.5.0.1/", virtual_network="prod"), goes(T1)),
        (fetch("http://11.0.0.1/", virtual_network="prod"), maybe(GRE1, FALLBACK, alternates=(INTERNET,))),
    ),
    case(
        "s3_3_names_and_own_addresses_are_of_the_account",
        setup(
            host("wiki.corp", T1),
            DeviceAddress("100.96.0.10", D1),
            zt("0.0.0.0/0", T2, "prod"),
            networks=[PROD],
        ),
        (fetch("http://wiki.corp/", virtual_network="prod"), goes(T1)),
        (fetch("http://100.96.0.10/", virtual_network="prod"), goes(D1)),
        (fetch("http://100.64.0.5/", virtual_network="prod"), prohibited()),
        (fetch("http://100.96.0.11/", virtual_network="prod"), unroutable()),
    ),
    case(
        "s3_3_another_default_network",
        setup(
            zt("10.0.0.0/16", T1),  # put in the network that is the default then, and stays there
            zt("10.1.0.0/16", T2, "prod"),
            wan("10.2.0.0/16", GRE1),
            networks=[PROD],
            default="prod",
        ),
        (url("10.1.0.1"), goes(T2)),
        (url("10.0.0.1"), unroutable("default", "not seen from prod")),
        (url("10.2.0.1"), goes(GRE1)),  # WAN routes are the default network's, whichever that is
        (fetch("http://10.0.0.1/", virtual_network="default"), goes(T1)),
        (fetch("http://10.2.0.1/", virtual_network="default"), maybe(GRE1, FALLBACK)),
    ),
]


def test_s3_3_unqualified_routes_go_to_the_current_default() -> None:
    table = make_table(networks=[PROD])
    before = table.announce(zt("10.0.0.0/16", T1))
    table.set_default("prod")
    after = table.announce(zt("10.0.0.0/16", T2))
    assert isinstance(before, SubnetRoute)
    assert isinstance(after, SubnetRoute)
    assert (before.virtual_network, after.virtual_network) == ("default-id", "prod-id")
    assert before in table
    goes(T2).check(table, url("10.0.0.1"))
    goes(T1).check(table, fetch("http://10.0.0.1/", virtual_network="default"))
    table.set_default("default-id")
    goes(T1).check(table, url("10.0.0.1"))


def test_s3_3_exactly_one_default_network() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        make_table(networks=[VirtualNetwork("other-id", "other", is_default=True)])
    with pytest.raises(RouteConflict):
        make_table().add(VirtualNetwork("other-id", "other", is_default=True))
    with pytest.raises(LookupError):
        make_table([zt("10.0.0.0/8", T1, "nowhere")])


def test_s3_3_mesh_routes_belong_to_the_default_network() -> None:
    table = make_table([zt("10.0.0.0/16", N1, "prod")], networks=[PROD])
    assert [finding.code for finding in table.findings] == [RemarkCode.MESH_IN_VIRTUAL_NETWORK]
    goes(N1, RemarkCode.MESH_IN_VIRTUAL_NETWORK).check(table, fetch("http://10.0.0.1/", virtual_network="prod"))


def test_s3_3_findings_follow_the_default_network() -> None:
    table = make_table([zt("10.0.0.0/16", N1, "prod"), zt("10.1.0.0/16", N1)], networks=[PROD])
    for default, elsewhere in [("prod", "10.1.0.0/16"), ("default", "10.0.0.0/16")]:
        table.set_default(default)
        (finding,) = table.findings
        assert finding.code == RemarkCode.MESH_IN_VIRTUAL_NETWORK
        assert isinstance(finding.announcement, SubnetRoute)
        assert str(finding.announcement.network) == elsewhere


# Section 3.4: Zero Trust and WAN, by routing mode

_OVERLAPS = (
    zt("10.0.0.0/16", T1),
    wan("10.0.1.0/24", GRE1, 0),  # longer than Zero Trust
    wan("10.1.0.0/16", GRE1, 0),  # shorter than Zero Trust
    zt("10.1.1.0/24", T2),
    wan("10.2.0.0/16", GRE1, 0),  # as long
    zt("10.2.0.0/16", T3),
    bgp("10.3.0.0/16", CNI1),
    zt("10.3.0.0/16", N1),
)

MODES = [
    case(
        "s3_4_unified",
        setup(*_OVERLAPS),
        (url("10.0.1.1"), goes(GRE1, MODE_DIFFERS)),
        (url("10.0.2.1"), goes(T1)),
        (url("10.1.1.1"), goes(T2)),
        (url("10.1.2.1"), goes(GRE1)),
        (url("10.2.0.1"), goes(T3)),
        (url("10.3.0.1"), goes(N1)),
    ),
    case(
        "s3_4_legacy",
        setup(*_OVERLAPS, mode="legacy"),
        (url("10.0.1.1"), maybe(T1, LEGACY, alternates=(GRE1,))),
        (url("10.0.2.1"), goes(T1)),
        (url("10.1.1.1"), goes(T2)),
        (url("10.1.2.1"), goes(GRE1)),
        (url("10.2.0.1"), goes(T3)),
        (url("10.3.0.1"), goes(N1)),
    ),
    case(
        "s3_4_the_mode_of_the_question_holds",
        setup(*_OVERLAPS),
        (fetch("http://10.0.1.1/", routing_mode="legacy"), maybe(T1, LEGACY, alternates=(GRE1,))),
        (fetch("http://10.0.1.1/", routing_mode="unified"), goes(GRE1, MODE_DIFFERS)),
    ),
    case(
        "s3_4_legacy_alternate_is_a_group",
        setup(zt("10.0.0.0/16", T1), wan("10.0.1.0/24", GRE1), wan("10.0.1.0/24", GRE2), mode="legacy"),
        (url("10.0.1.1"), maybe(T1, LEGACY, alternates=(ecmp(GRE1, GRE2),))),
    ),
    case(
        "s3_4_legacy_takes_the_longest_zero_trust_route",
        setup(zt("0.0.0.0/0", T1), zt("10.0.0.0/16", T2), wan("10.0.1.0/24", GRE1), mode="legacy"),
        (url("10.0.1.1"), maybe(T2, LEGACY, alternates=(GRE1,))),
        (url("10.9.0.1"), goes(T1)),
    ),
    case(
        "s3_4_legacy_does_not_look_at_wan_out_of_scope",
        setup(zt("10.0.0.0/16", T1), wan("10.0.1.0/24", GRE1, regions=("ENAM",)), mode="legacy"),
        (fetch("http://10.0.1.1/", region="APAC"), goes(T1)),
        (fetch("http://10.0.1.1/", region="ENAM"), maybe(T1, LEGACY, alternates=(GRE1,))),
    ),
    case(
        "s3_4_a_tie_is_zero_trusts_whatever_the_health",
        setup(zt("10.0.0.0/16", T1), wan("10.0.0.0/16", GRE1, 0), health=[(T1, "down")]),
        (url("10.0.0.1"), goes(T1, DOWN_TUNNEL)),
    ),
    case(
        "s3_4_a_tie_of_default_routes",
        setup(zt("0.0.0.0/0", T1), wan("0.0.0.0/0", GRE1, 0)),
        (url("93.184.216.34"), goes(T1)),
    ),
]

# Section 3.5: effective priority, static before BGP, ECMP

PRIORITIES: list[tuple[WanRoute | BgpRoute, int]] = [
    (wan("10.0.0.0/8", GRE1, 0), 0),
    (wan("10.0.0.0/8", GRE1, 100), 100),
    (bgp("10.0.0.0/8", CNI1), 100),
    (bgp("10.0.0.0/8", CNI1, "13335:60010"), 10),
    (bgp("10.0.0.0/8", CNI1, "13335:60050"), 50),
    (bgp("10.0.0.0/8", CNI1, "13335:60150"), 150),
    (bgp("10.0.0.0/8", CNI1, "13335:60200"), 200),
    (bgp("10.0.0.0/8", CNI1, "13335:60901"), 501_000),
    (bgp("10.0.0.0/8", CNI1, "13335:60902"), 1_001_000),
    (bgp("10.0.0.0/8", CNI1, "65000:1", "13335:1"), 100),
    (bgp("10.0.0.0/8", CNI1, "13335:60200", "13335:60010", "13335:60150"), 10),
    (bgp("10.0.0.0/8", CNI1, "13335:60200", "65000:1"), 200),
    # Each additional mention of the customer's ASN adds 10.
    (bgp("10.0.0.0/8", CNI1, as_path=[65000], asn=65000), 100),
    (bgp("10.0.0.0/8", CNI1, as_path=[65000, 65000], asn=65000), 110),
    (bgp("10.0.0.0/8", CNI1, as_path=[65000, 65000, 65000, 65200], asn=65000), 120),
    (bgp("10.0.0.0/8", CNI1, "13335:60150", as_path=[65000] * 3, asn=65000), 170),  # the page says 180
    (bgp("10.0.0.0/8", CNI1, as_path=[65200, 65200, 65200], asn=65000), 100),
    (bgp("10.0.0.0/8", CNI1, as_path=[65000, 65000]), 100),  # whose ASN is not known
    (bgp("10.0.0.0/8", CNI1, as_path=[], asn=65000), 100),
]


@pytest.mark.parametrize(("route", "priority"), PRIORITIES, ids=str)
def test_s3_5_base_priority(route: WanRoute | BgpRoute, priority: int) -> None:
    assert base_priority(route) == priority


@pytest.mark.parametrize(("health", "effective"), [("healthy", 100), ("degraded", 500_100), ("down", 1_000_100)])
def test_s3_5_effective_priority(health: Health, effective: int) -> None:
    assert effective_priority(wan("10.0.0.0/8", GRE1, 100), health) == effective
    assert effective_priority(bgp("10.0.0.0/8", CNI1), health) == effective


def _two(first: Any, second: Any, *health: Any) -> Setup:
    return setup(first, second, health=health)


_STATIC, _BGP = wan("10.0.0.0/16", GRE1, 100), bgp("10.0.0.0/16", CNI1)
_T1_T2 = wan("10.2.0.0/16", GRE1, 100), wan("10.2.0.0/16", GRE2, 200)

WAN = [
    case("s3_5_lowest_priority", _two(*_T1_T2), (url("10.2.0.1"), goes(GRE1))),
    case("s3_5_degraded_adds_500000", _two(*_T1_T2, (GRE1, "degraded")), (url("10.2.0.1"), goes(GRE2))),
    case("s3_5_down_adds_1000000", _two(*_T1_T2, (GRE1, "down")), (url("10.2.0.1"), goes(GRE2))),
    case(
        "s3_5_degraded_beats_down",
        _two(*_T1_T2, (GRE1, "down"), (GRE2, "degraded")),
        (url("10.2.0.1"), goes(GRE2, ONRAMP_DEGRADED)),
    ),
    case(
        "s3_5_all_degraded_the_lowest_wins",
        _two(*_T1_T2, (GRE1, "degraded"), (GRE2, "degraded")),
        (url("10.2.0.1"), goes(GRE1, ONRAMP_DEGRADED)),
    ),
    case(
        "s3_5_all_down_the_lowest_is_still_returned",
        _two(*_T1_T2, (GRE1, "down"), (GRE2, "down")),
        (url("10.2.0.1"), goes(GRE1, ONRAMP_DOWN)),
    ),
    case(
        "s3_5_a_penalty_can_be_out_bid",
        _two(wan("10.2.0.0/16", GRE1, 0), wan("10.2.0.0/16", GRE2, 500_001), (GRE1, "degraded")),
        (url("10.2.0.1"), goes(GRE1, ONRAMP_DEGRADED)),
    ),
    case(
        "s3_5_a_last_resort_community_stands_above_a_degraded_default",
        _two(bgp("10.0.0.0/16", CNI1), bgp("10.0.0.0/16", CNI2, "13335:60901"), (CNI1, "degraded")),
        (url("10.0.0.1"), goes(CNI1, ONRAMP_DEGRADED)),
    ),
    case(
        "s3_5_a_last_resort_community_takes_over_from_down",
        _two(bgp("10.0.0.0/16", CNI1), bgp("10.0.0.0/16", CNI2, "13335:60901"), (CNI1, "down")),
        (url("10.0.0.1"), goes(CNI2)),
    ),
    case(
        "s3_5_a_very_last_resort_community",
        _two(bgp("10.0.0.0/16", CNI1), bgp("10.0.0.0/16", CNI2, "13335:60902"), (CNI1, "down")),
        (url("10.0.0.1"), goes(CNI1, ONRAMP_DOWN)),
    ),
    case(
        "s3_5_communities",
        setup(
            bgp("10.0.0.0/16", CNI1, "13335:60050"),
            wan("10.0.0.0/16", GRE1, 60),
            bgp("10.1.0.0/16", CNI1, "13335:60200"),
            wan("10.1.0.0/16", GRE1, 150),
        ),
        (url("10.0.0.1"), goes(CNI1)),
        (url("10.1.0.1"), goes(GRE1)),
    ),
    case(
        "s3_5_of_several_communities_the_lowest_holds",
        _two(bgp("10.0.0.0/16", CNI1, "13335:60200", "13335:60010"), wan("10.0.0.0/16", GRE1, 11)),
        (url("10.0.0.1"), goes(CNI1, RemarkCode.BGP_COMMUNITIES)),
    ),
    case(
        "s3_5_prepends",
        _two(
            bgp("10.0.0.0/16", CNI1, as_path=[65000, 65000], asn=65000),
            bgp("10.0.0.0/16", CNI2, as_path=[65000], asn=65000),
        ),
        (url("10.0.0.1"), goes(CNI2)),
    ),
    case(
        "s3_5_prepends_of_60150_are_170",
        setup(
            bgp("10.0.0.0/16", CNI1, "13335:60150", as_path=[65000] * 3, asn=65000),
            wan("10.0.0.0/16", GRE1, 171),
            bgp("10.1.0.0/16", CNI1, "13335:60150", as_path=[65000] * 3, asn=65000),
            wan("10.1.0.0/16", GRE1, 169),
        ),
        (url("10.0.0.1"), goes(CNI1)),
        (url("10.1.0.1"), goes(GRE1)),
    ),
    case("s3_5_static_beats_bgp", _two(_BGP, _STATIC), (url("10.0.0.1"), goes(GRE1))),
    case(
        "s3_5_static_beats_bgp_not_at_unequal_priority",
        _two(_BGP, wan("10.0.0.0/16", GRE1, 101)),
        (url("10.0.0.1"), goes(CNI1)),
    ),
    case(
        "s3_5_static_beats_bgp_at_equal_effective_priority",
        _two(wan("10.0.0.0/16", GRE1, 500_100), _BGP, (CNI1, "degraded")),
        (url("10.0.0.1"), goes(GRE1)),
    ),
    case(
        "s3_5_static_beats_bgp_not_at_equal_base_priority",
        _two(_STATIC, _BGP, (GRE1, "degraded")),
        (url("10.0.0.1"), goes(CNI1)),
    ),
    case(
        "s3_5_static_beats_bgp_both_down",
        _two(_BGP, _STATIC, (GRE1, "down"), (CNI1, "down")),
        (url("10.0.0.1"), goes(GRE1, ONRAMP_DOWN)),
    ),
    case(
        "s3_5_static_beats_a_group_of_bgp",
        setup(_BGP, bgp("10.0.0.0/16", CNI2), _STATIC),
        (url("10.0.0.1"), goes(GRE1)),
    ),
]

ECMP = [
    case(
        "s3_5_ecmp",
        setup(wan("10.0.0.0/16", GRE2), wan("10.0.0.0/16", GRE1), wan("10.0.0.0/16", IPSEC1)),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2, IPSEC1), offramp="MAGIC", route=wan("10.0.0.0/16", GRE1))),
    ),
    case(
        "s3_5_ecmp_of_bgp",
        setup(_BGP, bgp("10.0.0.0/16", CNI2)),
        (url("10.0.0.1"), goes(ecmp(CNI1, CNI2))),
    ),
    case(
        "s3_5_ecmp_weights",
        setup(wan("10.0.0.0/16", GRE1, weight=100), wan("10.0.0.0/16", GRE2, weight=200)),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2, GRE1=100, GRE2=200))),
    ),
    case(
        "s3_5_ecmp_weight_0_is_unset",
        setup(wan("10.0.0.0/16", GRE1, weight=0), wan("10.0.0.0/16", GRE2), wan("10.0.0.0/16", IPSEC1, weight=256)),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2, IPSEC1, IPsec1=256))),
    ),
    case(
        "s3_5_ecmp_the_same_on_ramp_twice_is_one_member",
        setup(
            wan("10.0.0.0/16", GRE1, weight=3, id="a"),
            wan("10.0.0.0/16", GRE1, weight=4, id="b"),
            wan("10.0.0.0/16", GRE2, weight=5),
        ),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2, GRE1=7, GRE2=5))),
    ),
    case(
        "s3_5_ecmp_of_one_on_ramp_is_that_on_ramp",
        setup(wan("10.0.0.0/16", GRE1, id="a"), wan("10.0.0.0/16", GRE1, id="b")),
        (url("10.0.0.1"), goes(GRE1)),
    ),
    case(
        "s3_5_ecmp_only_of_the_lowest",
        setup(*(wan("10.0.0.0/16", r, p) for r, p in [(GRE1, 200), (GRE2, 200), (IPSEC1, 100), (IPSEC2, 100)])),
        (url("10.0.0.1"), goes(ecmp(IPSEC1, IPSEC2))),
    ),
    case(
        "s3_5_ecmp_loses_a_member_that_is_down",
        setup(*(wan("10.0.0.0/16", r, p) for r, p in [(GRE1, 1), (GRE2, 1), (IPSEC1, 2)]), health=[(GRE2, "down")]),
        (url("10.0.0.1"), goes(GRE1)),
    ),
    case(
        "s3_5_ecmp_fails_over",
        setup(
            *(wan("10.0.0.0/16", r, p) for r, p in [(GRE1, 1), (GRE2, 1), (IPSEC1, 2)]),
            health=[(GRE1, "down"), (GRE2, "degraded")],
        ),
        (url("10.0.0.1"), goes(IPSEC1)),
    ),
    case(
        "s3_5_ecmp_all_down_is_still_returned",
        setup(
            wan("10.0.0.0/16", GRE1),
            wan("10.0.0.0/16", GRE2),
            wan("0.0.0.0/0", IPSEC1),
            health=[(GRE1, "down"), (GRE2, "down")],
        ),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2), ONRAMP_DOWN)),
    ),
    case(
        "s3_5_ecmp_over_the_same_priority_only",
        setup(wan("10.0.0.0/16", GRE1, 500_100), wan("10.0.0.0/16", GRE2, 100), health=[(GRE2, "degraded")]),
        (url("10.0.0.1"), goes(ecmp(GRE1, GRE2), ONRAMP_DEGRADED)),
    ),
]


def test_s3_5_a_pick_is_the_callers() -> None:
    """``resolve`` never picks; ``pick`` gives every member its share, and one flow always the same member."""
    group = ecmp(GRE1, GRE2, IPSEC1, GRE1=1, GRE2=2, IPsec1=5)
    picked = [group.pick(flow.to_bytes(4)) for flow in range(8000)]
    assert picked == [group.pick(flow.to_bytes(4)) for flow in range(8000)]
    for member in group.members:
        assert picked.count(member.onramp) == pytest.approx(1000 * member.weight, rel=0.1)


HEALTH_BY_PLACE = [
    case(
        "s3_5_health_by_place",
        setup(
            *_T1_T2,
            health=[(GRE1, "healthy"), (GRE1, "down", "ENAM"), (GRE1, "healthy", "den01"), (GRE1, "degraded", "lhr01")],
        ),
        (fetch("http://10.2.0.1/", region="WNAM", colo="sea01"), goes(GRE1)),
        (fetch("http://10.2.0.1/", region="ENAM", colo="iad01"), goes(GRE2)),
        (fetch("http://10.2.0.1/", region="ENAM", colo="den01"), goes(GRE1)),  # the colo's word before the region's
        (fetch("http://10.2.0.1/", colo="den01"), goes(GRE1)),
        (fetch("http://10.2.0.1/", colo="DEN01"), goes(GRE1)),
        (fetch("http://10.2.0.1/", colo="lhr01"), goes(GRE2)),
        (url("10.2.0.1"), goes(GRE1, RemarkCode.HEALTH_VARIES)),
    ),
    case(
        "s3_5_plain_health_holds_everywhere_else",
        setup(*_T1_T2, health=[(GRE1, "down"), (GRE1, "healthy", "ENAM")]),
        (fetch("http://10.2.0.1/", region="ENAM"), goes(GRE1)),
        (fetch("http://10.2.0.1/", region="WEUR"), goes(GRE2)),
        (fetch("http://10.2.0.1/", region="WEUR", colo="den01"), goes(GRE2)),
    ),
    case(
        "s3_5_what_is_not_said_is_healthy",
        setup(*_T1_T2, health=[(GRE1, "down", "ENAM")]),
        (fetch("http://10.2.0.1/", region="WEUR"), goes(GRE1)),
        (fetch("http://10.2.0.1/", region="ENAM"), goes(GRE2)),
    ),
    case(
        "s3_5_a_tunnels_state_by_place_is_a_remark_only",
        setup(zt("10.0.0.0/16", T1), wan("10.0.0.0/8", GRE1), health=[(T1, "down", "ENAM")]),
        (fetch("http://10.0.0.1/", region="ENAM"), goes(T1, DOWN_TUNNEL)),
        (fetch("http://10.0.0.1/", region="WEUR"), goes(T1)),
    ),
]

# Section 3.6: scope

_BY_REGION = (
    wan("10.10.10.0/24", IPSEC1, regions=("WNAM",)),
    wan("10.10.10.0/24", GRE1, regions=("ENAM",)),
    wan("10.10.10.0/24", GRE2, regions=("ENAM",)),
)
_BY_COLO = wan("10.10.10.0/24", GRE1, colos=("den01",))
_UNION = wan("10.10.10.0/24", GRE1, regions=("ENAM",), colos=("den01", "lhr01"))


def _to_scoped(**place: str) -> Question:
    return fetch("http://10.10.10.5/", **place)


SCOPE = [
    case(
        "s3_6_in_scope",
        setup(*_BY_REGION),
        (_to_scoped(region="ENAM"), goes(ecmp(GRE1, GRE2))),
        (_to_scoped(region="enam"), goes(ecmp(GRE1, GRE2))),
        (_to_scoped(region="WNAM"), goes(IPSEC1)),
        (_to_scoped(region="WNAM", colo="sea01"), goes(IPSEC1)),
    ),
    case(
        "s3_6_out_of_scope_is_dropped",
        setup(*_BY_REGION, wan("8.8.8.0/24", GRE1, regions=("ENAM",))),
        (_to_scoped(region="APAC"), unroutable("WNAM", "ENAM")),
        (fetch("http://8.8.8.8/", region="APAC"), unroutable("ENAM")),  # a public address too
    ),
    case(
        "s3_6_out_of_scope_leaves_the_shorter_prefix",
        setup(*_BY_REGION, wan("10.0.0.0/8", CNI1)),
        (_to_scoped(region="APAC"), goes(CNI1)),
        (_to_scoped(region="WNAM"), goes(IPSEC1)),
    ),
    case(
        "s3_6_out_of_scope_leaves_zero_trust",
        setup(*_BY_REGION, zt("10.0.0.0/8", T1)),
        (_to_scoped(region="APAC"), goes(T1)),
        (_to_scoped(region="WNAM"), goes(IPSEC1, MODE_DIFFERS)),
    ),
    case(
        "s3_6_region_required_where_only_default_routing_is_left",
        setup(*_BY_REGION, wan("8.8.8.0/24", GRE1, regions=("ENAM",)), wan("8.8.9.0/24", GRE1, colos=("den01",))),
        (_to_scoped(), refused("region_required", mentions=("WNAM", "ENAM", "IPsec1"))),
        (url("8.8.8.8"), refused("region_required", mentions=("ENAM",))),
        (url("8.8.9.9"), refused("region_required", mentions=("den01",))),
        (fetch("http://8.8.9.9/", region="ENAM"), refused("region_required", mentions=("den01",))),
        (fetch("http://8.8.9.9/", region="ENAM", colo="lhr01"), unroutable("den01")),
    ),
    case(
        "s3_6_unknown_place_is_not_guaranteed",
        setup(*_BY_REGION, wan("10.10.0.0/16", CNI1)),
        (_to_scoped(), maybe(CNI1, SCOPE_UNKNOWN, alternates=(ecmp(GRE1, GRE2), IPSEC1))),
        (url("10.10.11.1"), goes(CNI1)),
    ),
    case(
        "s3_6_unknown_place_over_zero_trust",
        setup(*_BY_REGION, zt("10.10.0.0/16", T1)),
        (_to_scoped(), maybe(T1, SCOPE_UNKNOWN, alternates=(ecmp(GRE1, GRE2), IPSEC1))),
    ),
    case(
        "s3_6_unknown_place_does_not_matter_where_zero_trust_wins_anyway",
        setup(*_BY_REGION, zt("10.10.10.0/24", T1), zt("10.10.10.5/32", T2)),
        (_to_scoped(), goes(T2)),
        (url("10.10.10.6"), goes(T1)),
    ),
    case(
        "s3_6_unknown_place_does_not_matter_where_the_scoped_route_loses",
        setup(wan("10.10.10.0/24", GRE1, 100), wan("10.10.10.0/24", GRE2, 200, regions=("ENAM",))),
        (_to_scoped(), goes(GRE1)),
        (_to_scoped(region="ENAM"), goes(GRE1)),
    ),
    case(
        "s3_6_priority_and_ecmp_over_the_union_with_unscoped_routes",
        setup(wan("10.10.10.0/24", GRE1, 100), wan("10.10.10.0/24", GRE2, 100, regions=("ENAM",))),
        (_to_scoped(region="ENAM"), goes(ecmp(GRE1, GRE2))),
        (_to_scoped(region="WNAM"), goes(GRE1)),
        (_to_scoped(), maybe(GRE1, SCOPE_UNKNOWN, alternates=(ecmp(GRE1, GRE2),))),
    ),
    case(
        "s3_6_a_better_scoped_route",
        setup(wan("10.10.10.0/24", GRE1, 100), wan("10.10.10.0/24", GRE2, 50, regions=("ENAM",))),
        (_to_scoped(region="ENAM"), goes(GRE2)),
        (_to_scoped(), maybe(GRE1, SCOPE_UNKNOWN, alternates=(GRE2,))),
    ),
    case(
        "s3_6_by_colo",
        setup(_BY_COLO, wan("10.0.0.0/8", CNI1)),
        (_to_scoped(colo="den01"), goes(GRE1)),
        (_to_scoped(colo="DEN01"), goes(GRE1)),
        (_to_scoped(colo="lhr01"), goes(CNI1)),
        (_to_scoped(region="ENAM", colo="lhr01"), goes(CNI1)),
        (_to_scoped(region="ENAM"), maybe(CNI1, SCOPE_UNKNOWN, alternates=(GRE1,))),
        (_to_scoped(), maybe(CNI1, SCOPE_UNKNOWN, alternates=(GRE1,))),
    ),
    case(
        "s3_6_a_colo_does_not_imply_a_region",
        setup(*_BY_REGION[1:], wan("10.0.0.0/8", CNI1)),
        (_to_scoped(colo="iad01"), maybe(CNI1, SCOPE_UNKNOWN, alternates=(ecmp(GRE1, GRE2),))),
        (fetch("http://10.10.10.5/", colo="iad01", region="WNAM"), goes(CNI1)),
    ),
    case(
        "s3_6_a_colo_alone_leaves_the_region_required",
        setup(*_BY_REGION),
        (_to_scoped(colo="iad01"), refused("region_required")),
    ),
    case(
        "s3_6_both_lists_are_a_union",
        setup(_UNION, wan("10.0.0.0/8", CNI1)),
        (_to_scoped(region="ENAM"), goes(GRE1)),
        (_to_scoped(region="ENAM", colo="iad01"), goes(GRE1)),
        (_to_scoped(region="WNAM", colo="den01"), goes(GRE1)),
        (_to_scoped(colo="lhr01"), goes(GRE1)),
        (_to_scoped(region="WNAM", colo="sea01"), goes(CNI1)),
        (_to_scoped(region="WNAM"), maybe(CNI1, SCOPE_UNKNOWN, alternates=(GRE1,))),
        (_to_scoped(colo="sea01"), maybe(CNI1, SCOPE_UNKNOWN, alternates=(GRE1,))),
        (_to_scoped(), maybe(CNI1, SCOPE_UNKNOWN, alternates=(GRE1,))),
    ),
    case(
        "s3_6_bgp_has_no_scope",
        setup(bgp("10.10.10.0/24", CNI1), wan("10.10.10.0/24", GRE1, 50, regions=("ENAM",))),
        (_to_scoped(region="APAC"), goes(CNI1)),
        (_to_scoped(region="ENAM"), goes(GRE1)),
    ),
    case(
        "s3_6_the_fallback_sees_the_same_scope",
        setup(*_BY_REGION, networks=[PROD]),
        (_to_scoped(virtual_network="prod", region="WNAM"), maybe(IPSEC1, FALLBACK)),
        (_to_scoped(virtual_network="prod", region="APAC"), unroutable()),
        (_to_scoped(virtual_network="prod"), refused("region_required")),
    ),
]


def _outcomes(build: Setup, regions: Iterable[str], colos: Iterable[str]) -> set[Egress]:
    """What comes of the question at every place there is, as far as places matter here."""
    table = build()
    places = [{"region": region, "colo": colo} for region in (*regions, "OC") for colo in (*colos, "zzz99")]
    return {ask(table, _to_scoped(**place)).egress for place in places}


@pytest.mark.parametrize(
    ("build", "regions", "colos"),
    [
        pytest.param(setup(*_BY_REGION, wan("10.0.0.0/8", CNI1)), ("ENAM", "WNAM"), (), id="regions"),
        pytest.param(setup(*_BY_REGION, zt("10.0.0.0/8", T1)), ("ENAM", "WNAM"), (), id="zero-trust"),
        pytest.param(setup(_BY_COLO, wan("10.0.0.0/8", CNI1)), (), ("den01",), id="colos"),
        pytest.param(setup(_UNION, wan("10.0.0.0/8", CNI1)), ("ENAM",), ("den01", "lhr01"), id="both-lists"),
        pytest.param(
            setup(wan("10.10.10.0/24", GRE1, 100), wan("10.10.10.0/24", GRE2, 200, regions=("ENAM",))),
            ("ENAM",),
            (),
            id="one-that-loses",
        ),
        pytest.param(
            setup(
                wan("10.10.10.0/24", GRE1, 100),
                wan("10.10.10.0/24", GRE2, 200, regions=("ENAM",)),
                health=[(GRE1, "down", "ENAM")],
            ),
            ("ENAM",),
            (),
            id="one-that-wins-by-health",
        ),
        pytest.param(
            setup(_BY_REGION[1], wan("10.10.10.0/24", GRE2, colos=("den01",)), wan("10.0.0.0/8", CNI1)),
            ("ENAM",),
            ("den01",),
            id="region-and-colo-share",
        ),
        pytest.param(
            setup(
                wan("10.10.10.0/24", GRE1, 200),
                wan("10.10.10.0/24", GRE2, 100, regions=("ENAM",)),
                health=[(GRE2, "down", "ENAM"), (GRE2, "healthy", "den01")],
            ),
            ("ENAM",),
            ("den01",),
            id="healthy-in-one-colo",
        ),
    ],
)
def test_s3_6_without_a_place_every_outcome_is_told(
    build: Setup, regions: tuple[str, ...], colos: tuple[str, ...]
) -> None:
    """With a scoped route over the address, what may come of it somewhere is the answer or an alternate."""
    outcomes = _outcomes(build, regions, colos)
    answer = ask(build(), _to_scoped())
    assert {answer.egress, *(candidate.egress for candidate in answer.alternates)} == outcomes
    assert answer.guaranteed == (len(outcomes) == 1)


# Section 4: hostname routes and names


def _foo(*answers: str) -> Question:
    return fetch("http://foo.internal.local/", answers=answers)


NAMES = [
    case(
        "s4_before_any_address",
        setup(
            *(host("app.internal", T1), zt("10.0.0.0/8", T2), wan("10.7.0.0/16", GRE1)),
            hosts={"app.internal": ["10.7.0.5"]},
        ),
        (url("app.internal"), goes(T1, ip=None, host="app.internal", target="app.internal:80", needs_dns=False)),
        (fetch("http://app.internal/", answers=["10.7.0.5"]), goes(T1, ip=None)),
        (fetch("http://app.internal/", answers=[]), goes(T1)),
        (fetch("http://app.internal/", answers=["127.0.0.1"]), goes(T1)),
        (url("10.7.0.5"), goes(GRE1, MODE_DIFFERS)),  # a literal never asks for names
    ),
    case(
        "s4_public_names",
        setup(host("app.bank.example", T1)),
        (fetch("https://app.bank.example/"), goes(T1, gateway="unspecified")),
        (fetch("https://www.bank.example/"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_any_port_and_scheme",
        setup(host("db.corp", T1)),
        (fetch("https://db.corp:8443/"), goes(T1)),
        (connect("db.corp:5432"), goes(T1, scheme="tcp")),
        (connect("db.corp:1"), goes(T1)),
    ),
    case(
        "s4_a_wildcard_is_one_label",
        setup(host("*.internal.local", T1)),
        (url("foo.internal.local"), goes(T1)),
        (url("a-b_c.internal.local"), goes(T1)),
        (url("foo.bar.internal.local"), goes(NEEDS_DNS)),
        (url("internal.local"), goes(NEEDS_DNS)),
        (url("foointernal.local"), goes(NEEDS_DNS)),
        (url("foo.internal.local.example"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_exact_is_the_name_alone",
        setup(host("internal.local", T1)),
        (url("internal.local"), goes(T1)),
        (url("foo.internal.local"), goes(NEEDS_DNS)),
        (url("local"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_both",
        setup(host("internal.local", T1, "both")),
        (url("internal.local"), goes(T1)),
        (url("foo.internal.local"), goes(T1)),
        (url("foo.bar.internal.local"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_exact_beats_wildcard",
        setup(host("*.internal.local", T1), host("wiki.internal.local", T2), host("internal.local", T3)),
        (url("wiki.internal.local"), goes(T2)),
        (url("foo.internal.local"), goes(T1)),
        (url("internal.local"), goes(T3)),
    ),
    case(
        "s4_exact_beats_wildcard_whatever_the_health",
        setup(host("*.internal.local", T1), host("wiki.internal.local", T2), health=[(T2, "down")]),
        (url("wiki.internal.local"), goes(T2, DOWN_TUNNEL)),
    ),
    case(
        "s4_a_stored_record_is_exact",
        setup(host("internal.local", T1, "stored")),
        (url("internal.local"), goes(T1, STORED)),
        (
            url("foo.internal.local"),
            maybe(NEEDS_DNS, STORED_BELOW, alternates=(T1,), needs_dns=True, offramp=None),
        ),
        (url("foo.bar.internal.local"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_a_stored_record_leaves_the_names_below_open",
        setup(host("internal.local", T1, "stored"), zt("10.0.0.0/16", T1), zt("10.1.0.0/16", T2)),
        (_foo("10.1.0.5"), maybe(T2, STORED_BELOW, alternates=(T1,), ip="10.1.0.5")),
        (_foo("10.0.0.5"), goes(T1, ip="10.0.0.5")),
        (_foo("8.8.8.8"), maybe(INTERNET, STORED_BELOW, alternates=(T1,))),
    ),
    case(
        "s4_a_sure_route_beats_a_stored_one_above",
        setup(host("internal.local", T1, "stored"), host("wiki.internal.local", T2)),
        (url("wiki.internal.local"), goes(T2)),
        (url("foo.internal.local"), maybe(NEEDS_DNS, STORED_BELOW, alternates=(T1,))),
    ),
    case(
        "s4_spellings_of_names",
        setup(host(".Wiki.INTERNAL.local.", T1), host("*.Bücher.example", T2)),
        (url("wiki.internal.local"), goes(T1)),
        (fetch("http://WIKI.internal.LOCAL./"), goes(T1)),
        (connect("WIKI.internal.local.:80"), goes(T1)),
        (url("shop.bücher.example"), goes(T2, host="shop.xn--bcher-kva.example")),
        (connect("shop.xn--bcher-kva.example:80"), goes(T2)),
    ),
]

BAD_NAMES = [
    "*-dev.internal.local",
    "dev-*.internal.local",
    "foo*bar.x",
    "*.*.internal.local",
    "foo.*.internal.local",
    "foo.*",
    "*",
    "*.",
    "",
    ".",
    "a..b",
    "a b.corp",
    "10.0.0.1",
    "http://wiki.corp",
    "wiki.corp:80",
    "wiki.corp/x",
    "a" * 64 + ".corp",
    ".".join(["a" * 49] * 5) + ".abcd",  # 254 characters
    ".".join(["a" * 49] * 5) + ".abcde",  # 255 characters
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_s4_names_that_cannot_be_announced(name: str) -> None:
    with pytest.raises(ValueError, match=r"^HostnameRoute\.hostname: "):
        host(name, T1)


def test_s4_wan_has_no_hostname_routes() -> None:
    with pytest.raises(TypeError, match="via"):
        host("wiki.corp", GRE1)  # type: ignore[arg-type]


_WAYS: dict[str, Egress] = {
    "10.0.0.5": T1,
    "10.7.0.5": GRE1,
    "100.96.0.10": D1,
    "fd00::1": T2,
    "93.184.216.34": INTERNET,
}

ANSWERS = [
    case(
        "s4_without_answers_nothing_is_assumed",
        EMPTY,
        *(
            (url(name), goes(NEEDS_DNS, offramp=None, needs_dns=True, ip=None, gateway="inspected"))
            for name in ["db.corp", "db", "printer.local", "db.internal", "api.example.com"]
        ),
    ),
    case(
        "s4_answers_are_routed_as_literals",
        setup(
            zt("10.0.0.0/16", T1),
            wan("10.7.0.0/16", GRE1),
            DeviceAddress("100.96.0.10", D1),
            zt("fd00::/8", T2),
            zt("10.9.0.0/16", T3, "prod"),
            networks=[PROD],
        ),
        *(
            (
                fetch("http://db.corp:8080/", answers=[answer]),
                goes(egress, host="db.corp", ip=answer, port=8080, needs_dns=False),
            )
            for answer, egress in _WAYS.items()
        ),
        (fetch("http://db.corp/", answers=["10.9.0.1"], virtual_network="prod"), goes(T3)),
        (connect("db.corp:5432", answers=["fd00::1"]), goes(T2, target="[fd00::1]:5432", host="db.corp")),
        (fetch("http://db.corp/", answers=[ip_address("10.0.0.5")]), goes(T1)),
    ),
    case(
        "s4_the_first_routable_answer_decides",
        setup(zt("10.0.0.0/16", T1), zt("10.1.0.0/16", T2)),
        (fetch("http://x.corp/", answers=["10.0.0.1", "10.0.0.2"]), goes(T1, ip="10.0.0.1")),
        (fetch("http://x.corp/", answers=["10.0.0.1", "10.1.0.1"]), goes(T1, ANSWER_ELSEWHERE, ip="10.0.0.1")),
        (fetch("http://x.corp/", answers=["10.1.0.1", "10.0.0.1"]), goes(T2, ANSWER_ELSEWHERE, ip="10.1.0.1")),
        (fetch("http://x.corp/", answers=["10.9.0.1", "10.0.0.1"]), goes(T1, ANSWER_REFUSED, ip="10.0.0.1")),
        (fetch("http://x.corp/", answers=["127.0.0.1", "10.0.0.1"]), goes(T1, ANSWER_REFUSED, ip="10.0.0.1")),
        (fetch("http://x.corp/", answers=["10.0.0.1", "10.9.0.1"]), goes(T1, ANSWER_REFUSED, ip="10.0.0.1")),
        (
            fetch("http://x.corp/", answers=["10.9.0.1", "10.1.0.1", "169.254.169.254", "8.8.8.8"]),
            goes(T2, ANSWER_REFUSED, ANSWER_REFUSED, ANSWER_ELSEWHERE, ip="10.1.0.1"),
        ),
    ),
    case(
        "s4_no_routable_answer_is_the_first_ones_error",
        EMPTY,
        (fetch("http://x.corp/", answers=["10.9.0.1"]), unroutable("x.corp", "10.9.0.1")),
        (fetch("http://x.corp/", answers=["10.9.0.1", "127.0.0.1"]), unroutable("10.9.0.1")),
        (fetch("http://x.corp/", answers=["127.0.0.1", "10.9.0.1"]), prohibited("127.0.0.1")),
        (fetch("http://x.corp/", answers=["172.64.128.48"]), prohibited("172.64.128.48")),
        (fetch("http://x.corp/", answers=["::1"]), prohibited("::1")),
        (fetch("http://x.corp/", answers=["::ffff:10.9.0.1"]), unroutable("10.9.0.1")),
    ),
    case(
        "s4_no_answer_at_all",
        setup(hosts={"gone.corp": []}),
        (fetch("http://x.corp/", answers=[]), refused("dns_error", mentions=("x.corp",))),
        (url("gone.corp"), refused("dns_error", mentions=("gone.corp",))),
    ),
    case(
        "s4_hosts_of_the_document",
        setup(zt("10.0.0.0/16", T1), hosts={"DB.corp.": ["10.9.0.1", "10.0.0.5"]}),
        (url("db.corp"), goes(T1, ANSWER_REFUSED, ip="10.0.0.5", host="db.corp")),
        (connect("db.corp:5432"), goes(T1, ANSWER_REFUSED, target="10.0.0.5:5432")),
        (lookup("db.corp"), goes(T1)),
        (resolve(("db.corp", 80)), goes(T1, ANSWER_REFUSED)),
        (fetch("http://db.corp/", answers=["8.8.8.8"]), goes(INTERNET, ip="8.8.8.8")),  # the question's own hold
        (fetch("http://db.corp/", answers=[]), refused("dns_error")),
        (url("x.db.corp"), goes(NEEDS_DNS)),
    ),
    case(
        "s4_answers_of_a_literal_have_no_say",
        setup(zt("10.0.0.0/16", T1)),
        (fetch("http://10.0.0.1/", answers=["8.8.8.8"]), goes(T1, ip="10.0.0.1")),
    ),
    case(
        "s4_answers_that_are_no_addresses",
        EMPTY,
        (fetch("http://x.corp/", answers=["y.corp"]), refused("invalid_address", mentions=("y.corp",))),
        (fetch("http://x.corp/", answers=["127.1"]), refused("ambiguous_address")),
    ),
    case(
        "s4_openness_of_the_answer_that_decides",
        setup(zt("10.0.0.0/16", T1), wan("10.0.1.0/24", GRE1), mode="legacy"),
        (fetch("http://x.corp/", answers=["10.0.1.1"]), maybe(T1, LEGACY, alternates=(GRE1,))),
    ),
    case(
        "s4_an_answer_that_needs_a_region_has_no_way",
        setup(wan("10.10.10.0/24", GRE1, regions=("ENAM",)), zt("10.0.0.0/24", T1)),
        (fetch("http://x.corp/", answers=["10.10.10.5"]), refused("region_required")),
        (fetch("http://x.corp/", answers=["10.10.10.5"], region="ENAM"), goes(GRE1)),
    ),
]

# Section 5: devices, Mesh nodes, reserved ranges

_BROAD = (zt("0.0.0.0/0", T1), zt("::/0", T1), zt("100.64.0.0/10", T2), wan("172.64.0.0/13", GRE1))

RESERVED = [
    case(
        "s5_own_addresses_beat_broader_routes",
        setup(
            *_BROAD,
            DeviceAddress("100.96.0.10", D1),
            DeviceAddress("100.96.0.7", N1),
            DeviceAddress("2606:4700:cf1:1000::7", N1),
            zt("10.0.0.0/24", N1),
        ),
        (connect("100.96.0.10:22"), goes(D1, route=DeviceAddress("100.96.0.10", D1))),
        (url("100.96.0.7"), goes(N1)),
        (url("[2606:4700:cf1:1000::7]"), goes(N1)),
        (url("10.0.0.9"), goes(N1)),
        (url("100.96.0.11"), unroutable("100.96.0.0/12")),
        (url("[2606:4700:cf1:1000::8]"), unroutable("2606:4700:cf1:1000::/64")),
    ),
    case(
        "s5_a_node_without_routes_has_its_own_address_only",
        setup(DeviceAddress("100.96.0.7", N1)),
        (url("100.96.0.7"), goes(N1)),
        (url("10.0.0.50"), unroutable()),
        (url("100.96.0.8"), unroutable("no device or Mesh node has it")),
    ),
    case(
        "s5_reserved_ranges_stand_before_broader_routes",
        setup(*_BROAD),
        (url("100.64.0.0"), prohibited("100.64.0.0/12")),
        (url("100.79.255.255"), prohibited("100.64.0.0/12")),
        (url("100.80.0.0"), goes(T2)),
        (url("100.95.255.255"), goes(T2)),
        (url("100.96.0.0"), unroutable("100.96.0.0/12")),
        (url("100.111.255.255"), unroutable("100.96.0.0/12")),
        (url("100.112.0.0"), unroutable("100.112.0.0/16", "load balancer")),
        (url("100.112.255.255"), unroutable("100.112.0.0/16")),
        (url("100.113.0.0"), goes(T2)),
        (url("172.64.127.255"), goes(GRE1, MODE_DIFFERS)),
        (url("172.64.128.0"), prohibited("172.64.128.0/20", "name")),
        (url("172.64.143.255"), prohibited("172.64.128.0/20")),
        (url("172.64.144.0"), goes(GRE1, MODE_DIFFERS)),
        (url("[2606:4700:cf1:4000::1]"), prohibited("token")),
        (url("[2606:4700:cf1:5000::1]"), prohibited("source")),
        (url("[2606:4700:cf1:2000::1]"), prohibited("DNS")),
        (url("[2606:4700:cf1:2000::2]"), prohibited("2606:4700:cf1::/48")),
        (url("[2606:4700:cf1::]"), prohibited("2606:4700:cf1::/48")),
        (url("[2606:4700:cf1:ffff:ffff:ffff:ffff:ffff]"), prohibited("2606:4700:cf1::/48")),
        (url("[2606:4700:cf2::]"), goes(T1)),
        (url("[2606:4700:cf0:ffff::1]"), goes(T1)),
    ),
    case(
        "s5_reserved_ranges_without_routes",
        EMPTY,
        (url("100.64.0.5"), prohibited("source")),
        (url("172.64.128.48"), prohibited("token")),
        (url("172.64.127.255"), goes(INTERNET)),
        (url("172.64.144.0"), goes(INTERNET)),
        (url("100.80.0.1"), unroutable("100.64.0.0/10")),  # the token range of old accounts: plain RFC 6598 now
        (url("100.96.0.1"), unroutable("100.96.0.0/12")),
        (url("[2606:4700:cf1:4000::1]"), prohibited("token")),
        (url("[2606:4700:cf2::]"), goes(INTERNET)),
    ),
    case(
        "s5_the_accounts_own_device_range",
        setup(
            zt("10.0.0.0/8", T1),
            zt("100.96.5.0/24", T2),
            DeviceAddress("10.200.0.5", D1),
            subnets=[("device", ip_network("10.200.0.0/16")), ("device", ip_network("192.168.5.0/24"))],
        ),
        (url("10.200.0.5"), goes(D1)),
        (url("10.200.0.6"), unroutable("10.200.0.0/16")),
        (url("192.168.5.1"), unroutable("192.168.5.0/24")),
        (url("10.201.0.1"), goes(T1)),
        (url("100.96.5.1"), goes(T2)),  # Cloudflare's default is not reserved any more
        (url("100.96.6.1"), unroutable("100.64.0.0/10")),
        (url("[2606:4700:cf1:1000::7]"), unroutable("2606:4700:cf1:1000::/64")),  # the other family keeps its own
        (url("100.64.0.5"), prohibited("source")),  # and so do the other kinds
    ),
    case(
        "s5_the_accounts_own_source_and_token_ranges",
        setup(
            zt("10.0.0.0/8", T1),
            subnets=[
                ("source", ip_network("10.16.0.0/12")),
                ("token", ip_network("100.80.0.0/16")),
            ],
        ),
        (url("10.16.0.1"), prohibited("10.16.0.0/12")),
        (url("10.32.0.1"), goes(T1)),
        (url("100.64.0.5"), unroutable("100.64.0.0/10")),
        (url("100.80.0.1"), prohibited("100.80.0.0/16")),
        (url("172.64.128.48"), goes(INTERNET)),
        (url("100.112.0.1"), unroutable("100.112.0.0/16")),  # no subnet of an account is for load balancers
    ),
]

INSIDE_RESERVED = (
    "100.64.0.0/12 100.64.5.0/24 172.64.128.0/20 172.64.130.0/24 100.96.0.0/12 100.96.0.10/32 "
    "100.112.0.0/16 100.112.9.0/24 2606:4700:cf1::/48 2606:4700:cf1:1000::/64 "
    "2606:4700:cf1:2000::1/128 2606:4700:cf1:9999::/64"
).split()


@pytest.mark.parametrize("network", INSIDE_RESERVED)
def test_s5_routes_inside_reserved_ranges(network: str) -> None:
    table = make_table()
    for route in (zt(network, T1), wan(network, GRE1), bgp(network, CNI1)):
        with pytest.raises(RouteConflict) as caught:
            table.announce(route)
        error = caught.value
        assert error.code == "route_conflict"
        assert isinstance(error.offered, type(route))
        assert isinstance(error.existing, Range)
        assert error.existing.reserved is not None
        lies = f"{network} lies in {error.existing.network}, which is not for routes: {error.existing.name}"
        assert str(error) == lies
    with pytest.raises(RouteConflict):
        make_table([zt(network, T1, "prod")], networks=[PROD])


@pytest.mark.parametrize(
    "network", ["100.64.0.0/11", "100.96.0.0/11", "172.64.128.0/19", "0.0.0.0/0", "2606:4700::/32"]
)
def test_s5_routes_around_reserved_ranges(network: str) -> None:
    assert len(make_table([zt(network, T1), wan(network, GRE1)])) == 2


@pytest.mark.parametrize(
    ("kind", "network"), [("device", "10.0.0.0/8"), ("device", "10.0.0.0/16"), ("token", "10.0.0.0/15")]
)
def test_s5_a_range_around_a_route(kind: ReservedKind, network: str) -> None:
    """Changing a range fails where a route lies in it, and then changes nothing."""
    table = make_table([zt("10.0.0.0/16", T1)])
    with pytest.raises(RouteConflict):
        table.set_subnets([(kind, ip_network(network))])
    goes(T1).check(table, url("10.0.0.1"))
    unroutable("100.96.0.0/12").check(table, url("100.96.0.1"))


def test_s5_findings_follow_the_ranges() -> None:
    table = make_table([DeviceAddress("10.200.0.5", D1)])
    goes(D1, RemarkCode.OUTSIDE_DEVICE_RANGE).check(table, url("10.200.0.5"))
    table.set_subnets([("device", ip_network("10.200.0.0/16"))])
    goes(D1).check(table, url("10.200.0.5"))
    table.set_subnets([])
    goes(D1, RemarkCode.OUTSIDE_DEVICE_RANGE).check(table, url("10.200.0.5"))


# Sections 3.8 and 6: default routing and Gateway

#: Where no route covers them: addresses that leave through Gateway, and by the codes of their refusals the others.
PUBLIC = """
    1.0.0.0 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
    169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.41.0.4
    203.0.114.0 223.255.255.255
    2000::1 2001:200::1 2001:db7::1 2001:4860:4860::8888 2606:4700:4700::1111 3fff:1000::1
"""
UNROUTABLE = """
    10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 100.80.0.0 100.127.255.255
    192.0.0.8 192.0.2.1 192.88.99.1 198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.254
    ::1:0:0:1 100::1 2001:1::1 2001:db8::1 3fff::1 4000::1 5f00::1 fc00::1 fd00::1 fdff:ffff::1 fec0::1
"""
PROHIBITED = """
    0.0.0.0 127.0.0.0 127.0.0.1 127.255.255.255 169.254.0.0 169.254.169.254 169.254.255.255 224.0.0.1 239.255.255.255
    255.255.255.255
    ::2 ::10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::a00:1 64:ff9b:1::a00:1 2001::1 2002:a00:1::1
    :: ::1 fe80::1 febf::1 ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
"""
DEFAULT_ROUTING: dict[str, str | None] = {
    **dict.fromkeys(PUBLIC.split()),
    **dict.fromkeys(UNROUTABLE.split(), "destination_ip_unroutable"),
    **dict.fromkeys(PROHIBITED.split(), "destination_ip_prohibited"),
}


@pytest.mark.parametrize(("address", "code"), DEFAULT_ROUTING.items())
def test_s3_8_default_routing(address: str, code: str | None) -> None:
    there = ip_address(address)
    question = url(f"[{there}]" if there.version == 6 else there)
    want: Want = goes(INTERNET, offramp="INTERNET", gateway="inspected", route=None) if code is None else refused(code)
    want.check(make_table(), question)
    want.check(make_table(networks=[PROD]), Question(question.call, question.address, {}, {"virtual_network": "prod"}))


@pytest.mark.parametrize(("address", "code"), DEFAULT_ROUTING.items())
def test_s3_8_a_route_makes_all_but_prohibited_addresses_destinations(address: str, code: str | None) -> None:
    there = ip_address(address)
    table = make_table([zt("0.0.0.0/0", T1), zt("::/0", T1)])
    want = prohibited() if code == "destination_ip_prohibited" else goes(T1)
    want.check(table, url(f"[{there}]" if there.version == 6 else there))


@pytest.mark.parametrize("address", ["0.1.2.3", "0.255.255.255"])
def test_s3_8_this_network_never_leaves(address: str) -> None:
    with pytest.raises(RouteError) as caught:
        make_table().compile().lookup(address)
    assert caught.value.code in ("destination_ip_prohibited", "destination_ip_unroutable")


@pytest.mark.parametrize(
    "network", "127.0.0.0/8 169.254.169.254/32 224.0.0.0/4 ::1/128 fe80::/10 ff00::/8 64:ff9b::/96 2002::/24".split()
)
def test_s3_8_a_route_inside_a_prohibited_range_is_found_and_never_used(network: str) -> None:
    table = make_table([zt(network, T1)])
    assert [finding.code for finding in table.findings] == [RemarkCode.PROHIBITED_RANGE]
    first = ip_network(network).network_address
    prohibited().check(table, lookup(str(first)))


GATEWAY = [
    case(
        "s6_internet_only_where_nothing_covers_the_address",
        setup(zt("93.184.216.0/24", T1), wan("93.184.0.0/16", GRE1), zt("8.8.8.8/32", T2, "prod"), networks=[PROD]),
        (url("93.184.216.34"), goes(T1)),
        (url("93.184.217.34"), goes(GRE1)),
        (url("93.185.0.1"), goes(INTERNET, gateway="inspected", route=None)),
        (url("8.8.8.8"), goes(INTERNET)),  # the route is in a network that is not seen
        (fetch("http://93.184.216.34/", virtual_network="prod"), maybe(GRE1, FALLBACK, alternates=(INTERNET,))),
    ),
    case(
        "s6_whatever_the_state_of_the_route",
        setup(zt("93.184.216.0/24", T1), wan("93.184.0.0/16", GRE1), health=[(T1, "down"), (GRE1, "down")]),
        (url("93.184.216.34"), goes(T1, DOWN_TUNNEL)),
        (url("93.184.217.34"), goes(GRE1, ONRAMP_DOWN)),
    ),
    case(
        "s6_every_way_to_write_a_private_address_stays_inside",
        EMPTY,
        *(
            (question, unroutable("10.0.1.50"))
            for question in [
                url("10.0.1.50"),
                url("0x0a000132"),
                url("167772466"),
                url("[::ffff:10.0.1.50]"),
                connect("10.0.1.50:80"),
                connect("[::ffff:a00:132]:80"),
                resolve(("::ffff:10.0.1.50", 80)),
                fetch("http://x.example/", answers=["10.0.1.50"]),
                fetch("http://x.example/", answers=["::ffff:10.0.1.50"]),
            ]
        ),
    ),
]

# Section 7: VPC Services


def _service(name: str, **more: Any) -> VpcService:
    return VpcService(f"{name}-id", name, via=T1, **more)


SERVICE_SETUP = setup(
    zt("10.0.0.0/8", T2),
    host("db.int", T3),
    known=[
        _service("plain", ipv4="10.0.0.1"),
        _service("http-only", ipv4="10.0.0.1", http_port=8080),
        _service("https-only", hostname="db.int", https_port=8443),
        _service("both", ipv6="fd00::1", http_port=8080, https_port=8443),
        _service("dual", ipv4="10.0.0.1", ipv6="fd00::1"),
        _service("named", hostname="DB.Int."),
        _service("loopback", ipv4="127.0.0.1"),
        _service("tcp", type="tcp", ipv4="10.0.0.5", tcp_port=5432),
    ],
)


def _at(service: str, address: str) -> Question:
    return fetch(address, service_id=service)


def _serves(target: str, *remarks: RemarkCode, **fields: Any) -> Want:
    fields = {"route": None, "gateway": "none_documented", "needs_dns": False, **fields}
    return goes(T1, *remarks, target=target, **fields)


SERVICES = [
    case(
        "s7_the_url_fills_host_and_sni_only",
        SERVICE_SETUP,
        (_at("plain", "http://api.internal/x"), _serves("10.0.0.1:80", host="api.internal", ip="10.0.0.1")),
        (_at("plain", "http://8.8.8.8/x"), _serves("10.0.0.1:80", host="8.8.8.8")),
        (_at("plain", "http://127.0.0.1/x"), _serves("10.0.0.1:80", host="127.0.0.1")),
        (_at("plain", "http://[fd00::9]/x"), _serves("10.0.0.1:80", host="fd00::9")),
        (_at("plain-id", "http://api.internal/x"), _serves("10.0.0.1:80")),
    ),
    case(
        "s7_the_urls_port_has_no_say",
        SERVICE_SETUP,
        (_at("plain", "http://api:9999/"), _serves("10.0.0.1:80", port=80)),
        (_at("plain", "https://api:9999/"), _serves("10.0.0.1:443", port=443)),
        (_at("both", "http://api:9999/"), _serves("[fd00::1]:8080", scheme="http")),
        (_at("both", "https://api:9999/"), _serves("[fd00::1]:8443", scheme="https")),
    ),
    case(
        "s7_one_port_restricts_the_scheme",
        SERVICE_SETUP,
        (_at("http-only", "http://api/"), _serves("10.0.0.1:8080")),
        (_at("http-only", "https://api/"), refused("invalid_address", mentions=("https", "http only"))),
        (_at("https-only", "https://api/"), _serves("db.int:8443")),
        (_at("https-only", "http://api/"), refused("invalid_address", mentions=("does not serve http", "https only"))),
    ),
    case(
        "s7_names_are_the_connectors_to_resolve",
        SERVICE_SETUP,
        (_at("named", "https://anything/"), _serves("db.int:443", host="anything", ip=None)),
        (fetch("http://anything/", service_id="named", answers=["10.9.9.9"]), _serves("db.int:80", ip=None)),
    ),
    case(
        "s7_dual_stack",
        SERVICE_SETUP,
        (_at("dual", "http://api/"), _serves("10.0.0.1:80", RemarkCode.DUAL_STACK)),
    ),
    case(
        "s7_any_destination_of_the_tunnel",
        SERVICE_SETUP,
        (_at("loopback", "http://api/"), _serves("127.0.0.1:80")),
    ),
    case(
        "s7_fetch_only",
        SERVICE_SETUP,
        (connect("10.0.0.1:80", service_id="plain"), refused("invalid_vantage", mentions=("connect()", "Hyperdrive"))),
        (connect("10.0.0.5:5432", service_id="tcp"), refused("invalid_vantage", mentions=("connect()", "Hyperdrive"))),
        (_at("tcp", "http://api/"), refused("invalid_vantage", mentions=("TCP service", "Hyperdrive"))),
        (_at("plain", "/api"), unreadable("absolute URL required")),
        (_at("plain", "ftp://api/"), unreadable("Fetch API cannot load: ftp://api/")),
    ),
    case(
        "s7_a_tunnel_that_is_down",
        setup(known=[T1, _service("plain", ipv4="10.0.0.1")], health=[(T1, "down")]),
        (_at("plain", "http://api/"), _serves("10.0.0.1:80", DOWN_TUNNEL)),
    ),
]

BAD_SERVICES: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "hostname"),
    "both": ({"ipv4": "10.0.0.1", "hostname": "db.int"}, "hostname"),
    "other-family": ({"ipv4": "fd00::1"}, "ipv4"),
    "tcp-without-port": ({"type": "tcp", "ipv4": "10.0.0.1"}, "tcp_port"),
    "port-0": ({"ipv4": "10.0.0.1", "http_port": 0}, "http_port"),
    "port-65536": ({"ipv4": "10.0.0.1", "https_port": 65536}, "https_port"),
    "udp": ({"type": "udp", "ipv4": "10.0.0.1"}, "type"),
    "address-as-name": ({"hostname": "10.0.0.1"}, "hostname"),
}


@pytest.mark.parametrize("name", BAD_SERVICES)
def test_s7_services_that_cannot_be(name: str) -> None:
    fields, wrong = BAD_SERVICES[name]
    with pytest.raises(ValueError, match=rf"^VpcService\.{wrong}: "):
        _service("bad", **fields)


# What a document says of state and defaults

_TUNNEL = {"id": "t1-id", "name": "T1", "tun_type": "cfd_tunnel"}
_NODE = {"id": "n1-id", "name": "N1", "tun_type": "warp_connector", "virtual_ipv4": "100.96.0.7"}
_ROUTE = {"network": "10.0.0.0/16", "tunnel_id": "t1-id"}
_WAN = {
    "routes": [{"prefix": "10.7.0.0/16", "nexthop": "10.255.10.1", "priority": 100}],
    "gre_tunnels": [{"id": "gre1-id", "name": "GRE1", "interface_address": "10.255.10.0/31"}],
}


def _document(status: str = "healthy", **more: Any) -> dict[str, Any]:
    return {"tunnels": [{**_TUNNEL, "status": status}], "mesh_nodes": [_NODE], "routes": [_ROUTE], "wan": _WAN, **more}


DOCUMENTS: dict[str, tuple[dict[str, Any], Question, Want]] = {
    "state_is_the_tunnels_status": (_document("down"), url("10.0.0.1"), goes(T1, DOWN_TUNNEL)),
    "health_overrides_the_status": (_document("down", health={"T1": "healthy"}), url("10.0.0.1"), goes(T1)),
    "health_by_id": (_document(health={"t1-id": "down"}), url("10.0.0.1"), goes(T1, DOWN_TUNNEL)),
    "health_by_place": (
        _document(health={"GRE1": {"ENAM": "down", "den01": "healthy"}}),
        fetch("http://10.7.0.1/", region="ENAM"),
        goes(GRE1, ONRAMP_DOWN, RemarkCode.HEALTH_VARIES),  # at den01, which may be in ENAM
    ),
    "health_by_place_colo_first": (
        _document(health={"GRE1": {"ENAM": "down", "den01": "healthy"}}),
        fetch("http://10.7.0.1/", region="ENAM", colo="den01"),
        goes(GRE1),
    ),
    "a_next_hop_finds_its_on_ramp": (_document(), url("10.7.0.1"), goes(GRE1)),
    "a_mesh_address": (_document(), url("100.96.0.7"), goes(N1)),
    "unified_by_default": (
        _document(routes=[{**_ROUTE, "network": "10.0.0.0/8"}]),
        url("10.7.0.1"),
        goes(GRE1, MODE_DIFFERS),
    ),
    "legacy": (
        _document(routes=[{**_ROUTE, "network": "10.0.0.0/8"}], routing_mode="legacy"),
        url("10.7.0.1"),
        maybe(T1, LEGACY, alternates=(GRE1,)),
    ),
    "a_deleted_route_is_none": (
        _document(routes=[{**_ROUTE, "deleted_at": "2026-01-01T00:00:00Z"}]),
        url("10.0.0.1"),
        unroutable(),
    ),
    "a_stored_name_is_exact": (
        _document(hostname_routes=[{"hostname": "internal.local", "tunnel_id": "t1-id"}]),
        url("foo.internal.local"),
        maybe(NEEDS_DNS, STORED_BELOW, alternates=(T1,)),
    ),
    "a_marked_name_is_what_it_says": (
        _document(hostname_routes=[{"hostname": "internal.local", "tunnel_id": "t1-id", "match": "one_label"}]),
        url("foo.internal.local"),
        goes(T1),
    ),
    "hosts": (_document(hosts={"db.corp": ["10.7.0.5"]}), url("db.corp"), goes(GRE1, ip="10.7.0.5")),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document(name: str) -> None:
    document, question, want = DOCUMENTS[name]
    want.check(RouteTable.from_document(document), question)


def test_s4_stored_wildcards_can_be_read_as_both() -> None:
    document = _document(hostname_routes=[{"hostname": "internal.local", "tunnel_id": "t1-id"}])
    table = RouteTable.from_document(document, stored_wildcards=True)
    for name in ("internal.local", "foo.internal.local"):
        answer = ask(table, url(name))
        assert (answer.egress, answer.guaranteed) == (T1, True)


def test_s5_a_route_in_a_reserved_range_captures_its_addresses_and_carries_nothing() -> None:
    document = _document(routes=[_ROUTE, {**_ROUTE, "network": "100.96.5.0/24"}])
    table = RouteTable.from_document(document, lenient=True)
    refused("route_not_in_force", mentions=("100.96.5.0/24",)).check(table, url("100.96.5.1"))
    unroutable("100.96.0.0/12").check(table, url("100.96.6.1"))
    goes(T1).check(table, url("10.0.0.1"))


@pytest.mark.parametrize("mode", ["unified", "legacy"])
def test_s3_4_mesh_and_wan_need_unified(mode: str) -> None:
    found = [finding.code for finding in RouteTable.from_document(_document(routing_mode=mode)).findings]
    assert (RemarkCode.MESH_NEEDS_UNIFIED in found) == (mode == "legacy")


@pytest.mark.parametrize("defaults", [[], ["a", "b"]], ids=["none", "two"])
def test_s3_3_a_document_has_exactly_one_default_network(defaults: list[str]) -> None:
    networks = [{"id": f"{n}-id", "name": n, "is_default_network": n in defaults} for n in "ab"]
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(_document(virtual_networks=networks))
    assert [path for path, _ in caught.value.problems] == ["virtual_networks"]


def test_s3_3_a_document_without_networks_has_one_called_default() -> None:
    for document in (_document(), _document(virtual_networks=[])):
        networks = RouteTable.from_document(document).virtual_networks
        assert [(network.name, network.is_default) for network in networks] == [("default", True)]


# All of them

CASES = [
    *BINDINGS,
    *LONGEST,
    *ZERO_TRUST,
    *VIRTUAL_NETWORKS,
    *MODES,
    *WAN,
    *ECMP,
    *HEALTH_BY_PLACE,
    *SCOPE,
    *NAMES,
    *ANSWERS,
    *RESERVED,
    *GATEWAY,
    *SERVICES,
]


@pytest.mark.parametrize(("build", "question", "want"), each_question(CASES))
def test_rule(build: Setup, question: Question, want: Want) -> None:
    want.check(build(), question)


#: For each rule that route selection names, the cases that it decides.
BY_RULE = {
    "tunnel_binding": ["s1_2_tunnel_takes_everything", "s1_2_tunnel_ignores_answers"],
    "hostname_route": ["s4_before_any_address", "s3_3_names_and_own_addresses_are_of_the_account"],
    "hostname_exact": ["s4_exact_beats_wildcard", "s4_exact_beats_wildcard_whatever_the_health"],
    "name_addresses": ["s4_answers_are_routed_as_literals", "s4_the_first_routable_answer_decides"],
    "own_address": ["s5_own_addresses_beat_broader_routes", "s5_the_accounts_own_device_range"],
    "reserved_range": ["s5_reserved_ranges_stand_before_broader_routes"],
    "virtual_network": ["s3_2_one_prefix_in_several_networks"],
    "longest_prefix": ["s3_1_the_longest_prefix_wins", "s3_1_over_priority", "s3_1_over_the_health_of_on_ramps"],
    "zero_trust_tie": ["s3_4_a_tie_is_zero_trusts_whatever_the_health", "s3_4_a_tie_of_default_routes"],
    "legacy_zero_trust": ["s3_4_legacy", "s3_4_the_mode_of_the_question_holds"],
    "wan_fallback": ["s3_3_fallback_to_wan_only", "s3_3_a_default_route_ends_the_search"],
    "scope": ["s3_6_in_scope", "s3_6_by_colo", "s3_6_both_lists_are_a_union"],
    "scope_dropped": ["s3_6_out_of_scope_is_dropped"],
    "priority": ["s3_5_lowest_priority", "s3_5_ecmp_only_of_the_lowest"],
    "health_penalty": ["s3_5_degraded_adds_500000", "s3_5_down_adds_1000000", "s3_5_degraded_beats_down"],
    "bgp_base": ["s3_5_communities", "s3_5_of_several_communities_the_lowest_holds"],
    "bgp_prepend": ["s3_5_prepends", "s3_5_prepends_of_60150_are_170"],
    "static_before_bgp": ["s3_5_static_beats_bgp", "s3_5_static_beats_bgp_not_at_equal_base_priority"],
    "ecmp": ["s3_5_ecmp", "s3_5_ecmp_weights"],
    "not_in_force": ["s3_1_a_route_that_is_not_in_force_captures_its_addresses"],
    "default_public": ["s6_internet_only_where_nothing_covers_the_address"],
    "default_private": ["s6_every_way_to_write_a_private_address_stays_inside"],
    "default_special": ["s5_reserved_ranges_without_routes"],
}


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_rule_of_precedence(code: str) -> None:
    by_name = {each.name: each for each in CASES}
    for name in BY_RULE[code]:
        by_name[name].check()


def test_every_rule_of_precedence_has_a_case() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert set(BY_RULE) == set(codes)
    assert all(BY_RULE.values())


def test_names_of_cases_are_their_own() -> None:
    names = [each.name for each in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("version", [4, 6])
def test_many_lookups_are_single_lookups(version: Literal[4, 6]) -> None:
    """What ``lookup_many`` says of each address of default routing is what ``lookup`` says."""
    for build in (EMPTY, setup(*_BROAD), setup(*_EVERY_KIND)):
        resolver = build().compile()
        addresses = [ip for ip in map(ip_address, DEFAULT_ROUTING) if ip.version == version]
        numbers = resolver.lookup_many(b"".join(ip.packed for ip in addresses), version)
        for ip, number in zip(addresses, numbers, strict=True):
            if number >= 0:
                assert resolver.egresses[number] == resolver.lookup(ip)
            else:
                with pytest.raises(RouteError) as caught:
                    resolver.lookup(ip)
                assert caught.value.code == resolver.refusals[~number].code
