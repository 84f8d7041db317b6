"""Explanations: how addresses are read, every reason for a loss, names, refusals, text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import examples

from vpcroute import (
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    OnRamp,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    WanRoute,
)
from vpcroute.address import read_fetch
from vpcroute.analysis.explain import Reader, explain
from vpcroute.analysis.explanation import (
    AnswerStatus,
    ConditionCode,
    Effect,
    Status,
)
from vpcroute.analysis.spelling import normalisations
from vpcroute.output.explanations import json_of
from vpcroute.sources.images import open_image, save
from vpcroute.strategies import DEVICES

SAMPLE = Path(__file__).parent / "data" / "network.json"
READERS: dict[str, Reader] = {"resolve": "any", "resolve_fetch": "fetch", "resolve_connect": "connect"}

T1, T2 = Tunnel("t1-id", "T1"), Tunnel("t2-id", "T2")
GRE1, GRE2 = OnRamp(kind="gre", name="GRE-1", id="g1"), OnRamp(kind="gre", name="GRE-2", id="g2")


@pytest.fixture(scope="module")
def sample() -> RouteTable:
    return RouteTable.load(SAMPLE)


# How an address was read

READ: list[tuple[object, Reader, str, list[tuple[str, str, str]]]] = [
    ("http://10.0.1.50/", "any", "10.0.1.50:80", [("default_port", "", "80")]),
    ("10.0.1.50:6379", "any", "10.0.1.50:6379", []),
    (
        "HTTPS://bob:pw@WIKI.Internal.Local.:08443/a?b#c",
        "any",
        "wiki.internal.local:8443",
        [
            ("scheme_lower_case", "HTTPS", "https"),
            ("userinfo_dropped", "***", ""),
            ("lower_case", "WIKI.Internal.Local.", "wiki.internal.local."),
            ("trailing_dot", "wiki.internal.local.", "wiki.internal.local"),
            ("port_spelling", "08443", "8443"),
            ("path_dropped", "/a?b#c", ""),
        ],
    ),
    (
        " http:\\\\10.0.\t1.50:81 ",
        "fetch",
        "10.0.1.50:81",
        [
            ("trimmed", " http:\\\\10.0.\t1.50:81 ", "http:\\\\10.0.\t1.50:81"),
            ("breaks_removed", "http:\\\\10.0.\t1.50:81", "http:\\\\10.0.1.50:81"),
            ("slashes", "\\\\", "//"),
        ],
    ),
    (
        "http:0X0A000132",
        "fetch",
        "10.0.1.50:80",
        [
            ("slashes", "", "//"),
            ("lower_case", "0X0A000132", "0x0a000132"),
            ("numeric_ipv4", "0x0a000132", "10.0.1.50"),
            ("default_port", "", "80"),
        ],
    ),
    ("http://10.0.306:80/", "any", "10.0.1.50:80", [("numeric_ipv4", "10.0.306", "10.0.1.50")]),
    (
        "http://%62%C3%BCcher.example:80/",
        "any",
        "xn--bcher-kva.example:80",
        [
            ("percent_decoded", "%62%C3%BCcher.example", "bücher.example"),
            ("idna", "bücher.example", "xn--bcher-kva.example"),
        ],
    ),
    ("http://\uff11\uff10.0.1.50:80/", "any", "10.0.1.50:80", [("idna", "\uff11\uff10.0.1.50", "10.0.1.50")]),
    ("[FD00:0::1]:53", "any", "[fd00::1]:53", [("ipv6_spelling", "FD00:0::1", "fd00::1")]),
    (
        "http://[::FFFF:10.0.1.50]:80/",
        "any",
        "10.0.1.50:80",
        [("ipv6_spelling", "::FFFF:10.0.1.50", "::ffff:a00:132"), ("ipv4_mapped", "::ffff:a00:132", "10.0.1.50")],
    ),
    (
        ("WIKI.internal.local", 80),
        "any",
        "wiki.internal.local:80",
        [("lower_case", "WIKI.internal.local", "wiki.internal.local")],
    ),
    ({"hostname": "10.0.1.50", "port": 80.9}, "any", "10.0.1.50:80", [("port_spelling", "80.9", "80")]),
    ({"hostname": "db.corp.", "port": 5432}, "any", "db.corp:5432", [("trailing_dot", "db.corp.", "db.corp")]),
    (ip_address("10.0.1.50"), "any", "10.0.1.50", []),
    (
        ip_address("::ffff:10.0.1.50"),
        "any",
        "10.0.1.50",
        [("ipv4_mapped", str(ip_address("::ffff:10.0.1.50")), "10.0.1.50")],
    ),
]


@pytest.mark.parametrize(("address", "reader", "target", "changes"), READ, ids=lambda value: str(value)[:30])
def test_reading(address: object, reader: Reader, target: str, changes: list[tuple[str, str, str]]) -> None:
    e = explain(RouteTable(), Vantage(tunnel_id=None), address, reader=reader)
    assert str(e.target) == target
    assert [(str(n.code), n.given, n.read) for n in e.reading] == changes


@given(st.sampled_from(["http:", "HTTPS://", "https:/\\"]), st.text("aB1.%4[]:xX@/?# \t٣ü", max_size=20))
@examples(300)
def test_the_last_change_of_a_host_ends_at_the_host_that_was_read(scheme: str, rest: str) -> None:
    try:
        target = read_fetch(scheme + rest)
    except RouteError:
        return
    changes = normalisations(scheme + rest, target)
    assert all(change.given != change.read for change in changes)
    of_host = [n for n in changes if n.read == target.host]
    assert of_host or target.host in rest


def test_what_cannot_be_read() -> None:
    e = explain(RouteTable(), Vantage(), "10.0.1.50")
    assert isinstance(e.winner, RouteError)
    assert (e.winner.code, e.target, e.reading, e.steps, e.candidates) == ("invalid_address", None, (), (), ())
    with pytest.raises(TypeError):
        explain(RouteTable(), Vantage(), 7)


# Steps, losses and ways by name


def zt(prefix: str, via: Tunnel = T1, **more: Any) -> SubnetRoute:
    return SubnetRoute(prefix, via, **more)


def wan(prefix: str, via: OnRamp = GRE1, priority: int = 100, **more: Any) -> WanRoute:
    return WanRoute(prefix, via, priority=priority, **more)


ADDRESSES: dict[str, tuple[list[Any], dict[str, Any], str, str, list[str], list[str]]] = {
    "longest prefix": (
        [zt("10.0.0.0/16"), zt("10.0.0.0/24", T2)],
        {},
        "10.0.0.1:80",
        "longest_prefix",
        ["longest_prefix: /16 < /24"],
        ["10.0.0.0/24 through T2 is withdrawn"],
    ),
    "tie": (
        [zt("10.0.0.0/24"), wan("10.0.0.0/24", priority=0)],
        {},
        "10.0.0.1:80",
        "zero_trust_tie",
        ["zero_trust_tie: /24 = /24: Zero Trust beats WAN at equal length"],
        ["10.0.0.0/24 through T1 is withdrawn"],
    ),
    "legacy": (
        [zt("10.0.0.0/24"), wan("10.0.0.0/28")],
        {"routing_mode": "legacy"},
        "10.0.0.1:80",
        "legacy_zero_trust",
        ["legacy_zero_trust: /28 > /24, but in legacy mode Zero Trust wins, if not for certain"],
        ["the routing mode is unified", "10.0.0.0/24 through T1 is withdrawn"],
    ),
    "unified": (
        [zt("10.0.0.0/24"), wan("10.0.0.0/28")],
        {},
        "10.0.0.1:80",
        "longest_prefix",
        ["longest_prefix: /24 < /28"],
        ["the routing mode is legacy", "10.0.0.0/28 through GRE-1 is withdrawn"],
    ),
    "priority and health": (
        [wan("10.0.0.0/24"), wan("10.0.0.0/24", GRE2)],
        {},
        "10.0.0.1:80",
        "priority",
        ["priority: effective priority 500100 > 100: GRE-2 is degraded"],
        ["GRE-2 is healthy", "GRE-1 is down", "10.0.0.0/24 through GRE-1 is withdrawn"],
    ),
    "static before BGP": (
        [wan("10.0.0.0/24"), BgpRoute("10.0.0.0/24", GRE1)],
        {},
        "10.0.0.1:80",
        "static_before_bgp",
        ["static_before_bgp: effective priority 100 = 100: static before BGP"],
        ["10.0.0.0/24 through GRE-1 is withdrawn"],
    ),
    "prepends": (
        [wan("10.0.0.0/24"), BgpRoute("10.0.0.0/24", GRE1, as_path=(1, 1, 1, 2), customer_asn=1)],
        {},
        "10.0.0.1:80",
        "priority",
        ["priority: effective priority 120 > 100: base priority 120 of a BGP route"],
        ["10.0.0.0/24 through GRE-1 is withdrawn"],
    ),
    "scope": (
        [wan("10.0.0.0/24", regions=["WNAM"]), wan("10.0.0.0/16")],
        {"region": "ENAM"},
        "10.0.0.1:80",
        "longest_prefix",
        ["scope: scope WNAM does not include ENAM"],
        ["it is asked from region WNAM"],
    ),
    "scope of two regions": (
        [wan("10.0.0.0/24", regions=["WNAM", "SAM"], colos=["den01"])],
        {"region": "ENAM"},
        "10.0.0.1:80",
        "scope",
        ["scope: scope SAM, WNAM, den01 may include the place: no data centre is given"],
        ["it is asked from region SAM or WNAM", "it is asked from data centre den01"],
    ),
    "out of scope": (
        [wan("10.0.0.0/24", regions=["WNAM"])],
        {"region": "ENAM"},
        "10.0.0.1:80",
        "scope_dropped",
        ["scope: scope WNAM does not include ENAM"],
        ["it is asked from region WNAM"],
    ),
    "virtual network": (
        [zt("10.0.0.0/24", virtual_network="staging")],
        {},
        "10.0.0.1:80",
        "default_private",
        ["virtual_network: virtual network staging is not seen from default"],
        ["it is asked in virtual network staging"],
    ),
    "fallback": (
        [zt("10.0.0.0/16", virtual_network="staging"), wan("10.0.0.0/24")],
        {"virtual_network": "staging"},
        "10.0.0.1:80",
        "longest_prefix",
        ["wan_fallback: WAN is a fallback only where staging has no route, and it has 10.0.0.0/16 through T1"],
        ["it is asked in virtual network default", "10.0.0.0/16 through T1 is withdrawn"],
    ),
    "not in force": (
        [zt("10.0.0.0/16"), zt("10.0.0.0/24", T2, in_force=False)],
        {},
        "10.0.0.1:80",
        "not_in_force",
        [
            "not_in_force: not in force: it captures the address and carries nothing",
            "longest_prefix: /16 < /24",
        ],
        ["the route to 10.0.0.0/24 is in force", "10.0.0.0/24 through T2 is withdrawn"],
    ),
    "reserved": (
        [zt("0.0.0.0/0")],
        {},
        "100.96.0.9:80",
        "reserved_range",
        [
            "reserved_range: reserved range 100.96.0.0/12 is more specific than any route: device and Mesh addresses",
        ],
        [],
    ),
    "own": (
        [zt("0.0.0.0/0"), DeviceAddress("100.96.0.9", DEVICES[0])],
        {},
        "100.96.0.9:80",
        "own_address",
        [
            "own_address: 100.96.0.9 is laptop's own address, which is asked for first",
            "own_address: 100.96.0.9 is laptop's own address, which is asked for first",
        ],
        [],
    ),
    "binding": (
        [zt("10.0.0.0/16"), zt("10.0.0.0/24", T2)],
        {"tunnel_id": "T1"},
        "10.0.0.1:80",
        "tunnel_binding",
        [
            "tunnel_binding: not the tunnel of the binding, T1",
            "tunnel_binding: the binding is tunnel T1 itself; routes have no say",
        ],
        [
            "it is asked through cf1:network",
            "it is asked through cf1:network and 10.0.0.0/24 through T2 is withdrawn",
        ],
    ),
    "hostname": (
        [HostnameRoute("a.b", T1), HostnameRoute("*.b", T2)],
        {},
        "a.b:80",
        "hostname_exact",
        ["hostname_exact: an exact route, a.b, comes before a wildcard"],
        ["a.b through T1 is withdrawn"],
    ),
    "stored": (
        [HostnameRoute("b", T1, match="stored")],
        {},
        "a.b:80",
        "name_addresses",
        ["stored_wildcard: one label above the name, and its record does not say whether it is a wildcard"],
        ["the record of b is a wildcard"],
    ),
    "hostname first": (
        [HostnameRoute("known.b", T1), zt("10.0.0.0/24", T2)],
        {},
        "known.b:80",
        "hostname_route",
        ["hostname_route: known.b decides for the name before any address is looked at"],
        ["known.b through T1 is withdrawn"],
    ),
    "ecmp": ([wan("10.0.0.0/24"), wan("10.0.0.0/24", GRE1, weight=3)], {}, "10.0.0.1:80", "ecmp", [], []),
}


def table_of(routes: Iterable[Any]) -> RouteTable:
    table = RouteTable(
        virtual_networks=[VirtualNetwork("d", "default", is_default=True), VirtualNetwork("s", "staging")]
    )
    for route in routes:
        table.announce(route)
    table.add(GRE2)
    table.set_health(GRE2, "degraded")
    table.set_hosts("known.b", ["10.0.0.7"])
    return table


@pytest.mark.parametrize("name", ADDRESSES)
def test_why(name: str) -> None:
    routes, vantage, address, decided, losses, ways = ADDRESSES[name]
    e = explain(table_of(routes), Vantage(**vantage), address)
    assert (e.steps[-1].rule.code, e.steps[-1].effect) == (decided, Effect.DECIDED)
    assert [f"{c.lost_by.reason}: {c.lost_by.text}" for c in e.candidates if c.lost_by is not None] == losses
    found = [" and ".join(c.text for c in way) for candidate in e.candidates for way in candidate.would_win_if]
    assert list(dict.fromkeys(found)) == ways


def test_members_of_ecmp_share() -> None:
    e = explain(
        table_of([wan("10.0.0.0/24"), wan("10.0.0.0/24", OnRamp(kind="cni", name="C"))]), Vantage(), "10.0.0.1:80"
    )
    assert [c.status for c in e.candidates] == [Status.SHARES, Status.SHARES]


# Names and their addresses


def test_suffixes_of_a_name() -> None:
    routes = [HostnameRoute("b.c", T1), HostnameRoute("*.c", T1), HostnameRoute("*.a.b.c", T1)]
    e = explain(table_of(routes), Vantage(), "a.b.c:80")
    tried = [(s.name, [r.pattern for r in s.matching], [r.pattern for r in s.others]) for s in e.suffixes]
    assert tried == [("a.b.c", [], ["*.a.b.c"]), ("b.c", [], ["b.c"]), ("c", [], ["*.c"])]
    assert e.candidates == ()


def test_each_answer_is_explained() -> None:
    table = table_of([zt("10.0.0.0/24"), zt("10.0.1.0/24"), zt("10.0.2.0/24", T2)])
    answers = ["10.9.9.9", "10.0.0.1", "10.0.1.1", "10.0.2.1"]
    e = table.explain("a.b:80", answers=iter(answers))
    assert [a.address for a in e.answers] == answers
    assert [a.status for a in e.answers] == [
        AnswerStatus.REFUSED,
        AnswerStatus.DECIDES,
        AnswerStatus.SAME_WAY,
        AnswerStatus.ELSEWHERE,
    ]
    assert [a.steps[-1].rule.code for a in e.answers] == ["default_private", *["longest_prefix"] * 3]
    assert e.candidates == e.answers[1].candidates


def test_a_name_without_a_way() -> None:
    e = table_of([]).explain("a.b:80", answers=["10.9.9.9", "127.0.0.1"])
    assert [a.status for a in e.answers] == [AnswerStatus.REFUSED] * 2
    assert [c.text for mend in e.mend for c in mend.way] == [
        "a route that covers 10.9.9.9 is announced in virtual network default",
        "a hostname route for a.b is announced",
    ]
    assert [m.way[0].code for m in table_of([]).explain("a.b:80", answers=[]).mend] == [ConditionCode.ANNOUNCED]


# Refusals


@pytest.mark.parametrize("version", [4, 6])
def test_the_nearest_routes(version: int) -> None:
    """By brute force: most leading bits in common first, then the least distance."""
    host = {4: "10.0.1.50", 6: "fd00::1:0:0:50"}[version]
    ip = ip_address(host)
    bits = ip.max_prefixlen
    prefixes = [ip_network((int(ip) ^ 1 << i, bits - min(i, 5)), strict=False) for i in range(0, bits - 8, 3)]
    e = explain(table_of([zt(str(p)) for p in prefixes] + [wan(str(prefixes[4]))]), Vantage(), ip)
    common = {p: bits - (int(p.network_address) ^ int(ip)).bit_length() for p in prefixes}
    distance = {p: max(int(p.network_address) - int(ip), int(ip) - int(p.broadcast_address)) for p in prefixes}
    ranked = sorted(prefixes, key=lambda p: (-common[p], distance[p]))[:5]
    assert [near.prefix for near in e.nearest] == ranked
    assert [len(near.routes) for near in e.nearest] == [1 + (p == prefixes[4]) for p in ranked]
    assert [(near.common, near.distance) for near in e.nearest] == [(common[p], distance[p]) for p in ranked]


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("10.99.1.1:80", ["virtual_network", "announced"]),
        ("192.168.1.1:80", ["announced"]),
        ("100.96.0.99:80", ["owned"]),
        ("127.0.0.1:80", []),
        ("10.80.0.1:80", ["region", "region", "announced"]),
    ],
)
def test_what_would_mend_a_refusal(sample: RouteTable, address: str, codes: list[str]) -> None:
    assert [str(mend.way[0].code) for mend in sample.explain(address).mend] == codes


# From a resolver


def test_a_resolver_from_a_file_says_what_it_lacks(sample: RouteTable, tmp_path: Path) -> None:
    save(sample.compile(), tmp_path / "resolver")
    with pytest.raises(RouteError, match="does not say") as caught:
        open_image(tmp_path / "resolver").explain("10.0.1.50:80")
    assert caught.value.code == "routes_not_saved"


def test_what_a_resolver_does_not_carry(sample: RouteTable) -> None:
    e = sample.compile().explain("10.99.1.1:80")
    (hidden,) = e.candidates
    assert (hidden.destination, hidden.virtual_network, hidden.route) == ("10.99.0.0/16", "staging", None)
    assert (hidden.would_win_if, e.nearest) == ((), ())
    assert sample.compile(tunnel_id="prod-vpc").explain("10.99.1.1:80").candidates == ()


def test_a_resolver_explains_its_own_generation() -> None:
    table = table_of([zt("10.0.0.0/24")])
    resolver = table.compile()
    table.announce(zt("10.0.0.0/28", T2))
    assert [c.destination for c in resolver.explain("10.0.0.1:80").candidates] == ["10.0.0.0/24"]
    assert [c.destination for c in table.explain("10.0.0.1:80").candidates] == ["10.0.0.0/28", "10.0.0.0/24"]


# As text and JSON


def test_json_has_the_same_keys_whatever_is_asked(sample: RouteTable) -> None:
    keys = {
        frozenset(json_of(sample.explain(a)))
        for a in ("10.0.1.50:80", "wiki.internal.local:80", "nonsense", "10.9.9.9:1")
    }
    assert keys == {
        frozenset("address from answer read_as reading suffixes steps candidates answers nearest mend".split())
    }


def test_text_from_outside_is_escaped() -> None:
    e = table_of([]).explain("http://10.0.0.1/\x1b[31m\u202e")
    text = str(e)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31m\\u202e" in text


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit_the_width(sample: RouteTable, width: int) -> None:
    lines = [*sample.explain("10.70.9.1:1").lines(width), *sample.explain("loadtest.corp.internal:80").lines(width)]
    assert max(map(len, lines)) <= width
