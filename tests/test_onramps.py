"""Which on-ramp a static route leads to: by the next hop, or by the name or id that it gives."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from documents import DEN, FRA, HQ, Json, document, findings, problems, static, wan

from vpcroute import OnRamp, RouteTable, WanRoute
from vpcroute.sources.onramps import OnRamps

ONE, TWO = (OnRamp(kind="gre", name=name) for name in ("one", "two"))


def _behind(interface: str) -> OnRamps:
    onramps = OnRamps()
    onramps.add(interface, ONE)
    return onramps


@pytest.mark.parametrize(
    ("interface", "customers", "others"),
    [
        # Of a /31 and a /127 either half may be Cloudflare's.
        ("10.0.0.0/31", "10.0.0.1", "10.0.0.0 10.0.0.2 9.255.255.255"),
        ("10.0.0.1/31", "10.0.0.0", "10.0.0.1 10.0.0.2"),
        ("fd00::/127", "fd00::1", "fd00:: fd00::2"),
        ("fd00::1/127", "fd00::", "fd00::1 fd00::2"),
        # Larger IPv4 networks have a first and a last address that are no hosts.
        ("10.0.0.1/30", "10.0.0.2", "10.0.0.0 10.0.0.1 10.0.0.3 10.0.0.4"),
        ("10.0.0.6/30", "10.0.0.5", "10.0.0.4 10.0.0.6 10.0.0.7 10.0.0.8"),
        ("10.0.0.1/29", "10.0.0.2 10.0.0.4 10.0.0.6", "10.0.0.0 10.0.0.1 10.0.0.7 10.0.0.8"),
        ("10.0.0.9/24", "10.0.0.1 10.0.0.8 10.0.0.10 10.0.0.254", "10.0.0.0 10.0.0.9 10.0.0.255 10.0.1.1"),
        # In IPv6 there is no broadcast address.
        ("fd00::1/126", "fd00:: fd00::2 fd00::3", "fd00::1 fd00::4"),
        ("fd00::1/64", "fd00:: fd00::2 fd00::ffff:ffff:ffff:ffff", "fd00::1 fd00:0:0:1::"),
        # An address alone has no other side.
        ("10.0.0.1/32", "", "10.0.0.0 10.0.0.1 10.0.0.2"),
        ("fd00::1/128", "", "fd00::1 fd00::2"),
        # Families do not mix.
        ("0.0.0.1/8", "0.0.0.2", "::2 ::ffff:0.0.0.2"),
        ("::1/96", "::2", "0.0.0.2 ::1"),
    ],
)
def test_the_customers_side(interface: str, customers: str, others: str) -> None:
    onramps = _behind(interface)
    assert [onramps.behind(ip_address(a)) for a in customers.split()] == [[ONE]] * len(customers.split())
    assert [onramps.behind(ip_address(a)) for a in others.split()] == [[]] * len(others.split())


def test_several_on_ramps() -> None:
    onramps = OnRamps()
    for interface, onramp in (("10.0.0.0/31", ONE), ("10.0.0.2/31", TWO), ("fd00::/127", ONE), ("10.1.0.1/24", TWO)):
        onramps.add(interface, onramp)
    assert onramps.behind(ip_address("10.0.0.1")) == [ONE]
    assert onramps.behind(ip_address("10.0.0.3")) == [TWO]
    assert onramps.behind(ip_address("fd00::1")) == [ONE]
    assert onramps.behind(ip_address("10.1.0.7")) == [TWO]
    onramps.add("10.1.0.6/31", ONE)
    assert onramps.behind(ip_address("10.1.0.7")) == [ONE, TWO]
    assert onramps.behind(ip_address("10.1.0.6")) == [TWO]  # of ONE it is Cloudflare's side


@pytest.mark.parametrize(
    "text", ["", "/", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0/31", "fd00::1%eth0/127", "fd00::/129", "x/31"]
)
def test_what_is_no_interface(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address with a prefix length"):
        OnRamps().add(text, ONE)


def _via(source: Json) -> list[OnRamp]:
    return [route.via for route in RouteTable.from_document(source) if isinstance(route, WanRoute)]


@pytest.mark.parametrize(
    ("record", "via"),
    [
        pytest.param({"nexthop": "10.255.0.1"}, DEN, id="GRE"),
        pytest.param({"nexthop": "10.255.1.1"}, HQ, id="IPsec"),
        pytest.param({"nexthop": "10.255.2.1"}, FRA, id="CNI"),
        pytest.param({"onramp": "fra"}, FRA, id="by name"),
        pytest.param({"onramp": "c1"}, FRA, id="by id"),
        pytest.param({"onramp": "fra", "nexthop": "10.255.0.1"}, FRA, id="a name beats the next hop"),
        pytest.param({"onramp": None, "nexthop": "10.255.0.1"}, DEN, id="no name"),
    ],
)
def test_routes(record: Json, via: OnRamp) -> None:
    table = RouteTable.from_document(document(wan=wan({"prefix": "10.0.0.0/8", "priority": 1, **record})))
    assert [route.via for route in table] == [via]
    assert table.findings == ()


def test_an_id_beats_a_name() -> None:
    named_as_id = {"id": "x1", "name": "g1"}
    assert _via(document(wan=wan(static("10.0.0.0/8", onramp="g1"), ipsec_tunnels=[named_as_id]))) == [DEN]


@pytest.mark.parametrize(
    ("field", "address"), [("interface_address", "fd00::20/127"), ("interface_address6", "fd00::20/127")]
)
def test_ipv6_next_hops(field: str, address: str) -> None:
    tunnel = {"id": "v6", "name": "six", "interface_address": "10.9.0.0/31", field: address}
    routes = [static("fd01::/64", "fd00::21"), static("fd02::/64", "fd00:0:0:0:0:0:0:21")]
    found = _via(document(wan=wan(*routes, gre_tunnels=[tunnel])))
    assert found == [OnRamp(kind="gre", name="six", id="v6")] * 2


@pytest.mark.parametrize("interface", [None, ""])
def test_an_on_ramp_without_an_interface_address(interface: Any) -> None:
    tunnel = {"name": "bare", "interface_address": interface, "interface_address6": interface}
    source = document(wan=wan(static("10.0.0.0/8", onramp="bare"), gre_tunnels=[tunnel]))
    assert _via(source) == [OnRamp(kind="gre", name="bare")]


@pytest.mark.parametrize(
    "nexthop",
    [
        pytest.param("10.255.0.0", id="Cloudflare's own side"),
        pytest.param("10.255.0.2", id="beside it"),
        pytest.param("fd00::1", id="another family"),
    ],
)
def test_a_next_hop_behind_no_on_ramp(nexthop: str) -> None:
    table = RouteTable.from_document(document(wan=wan(static("10.0.0.0/8", nexthop))))
    assert [route.via for route in table] == [OnRamp(kind="unknown", name=nexthop)]
    assert findings(table) == [("unknown_next_hop", "wan.routes[0].nexthop")]


def test_routes_to_one_unknown_next_hop_lead_to_one_on_ramp() -> None:
    source = document(
        wan=wan(static("10.0.0.0/8", "192.0.2.1"), static("11.0.0.0/8", "192.0.2.1")), health={"192.0.2.1": "down"}
    )
    table = RouteTable.from_document(source)
    assert len(set(_via(source))) == 1
    assert findings(table) == [("unknown_next_hop", f"wan.routes[{i}].nexthop") for i in (0, 1)]
    assert len(table.select(health="down")) == 2


@pytest.mark.parametrize("other", ["10.255.0.0/31", "10.255.0.2/30", "10.255.0.9/24"])
def test_one_next_hop_behind_two_on_ramps(other: str) -> None:
    source = document(wan=wan(static("10.0.0.0/8"), ipsec_tunnels=[{"name": "more", "interface_address": other}]))
    assert problems(source) == (("wan.routes[0].nexthop", "10.255.0.1 is behind several on-ramps: den, more"),)
    named = document(
        wan=wan(static("10.0.0.0/8", onramp="den"), ipsec_tunnels=[{"name": "more", "interface_address": other}])
    )
    assert _via(named) == [DEN]


def test_a_deleted_on_ramp_is_behind_nothing() -> None:
    gone = {"id": "g1", "name": "den", "interface_address": "10.255.0.0/31", "deleted_at": "2025-01-01T00:00:00Z"}
    table = RouteTable.from_document(document(wan=wan(static("10.0.0.0/8"), gre_tunnels=[gone])))
    assert findings(table) == [("unknown_next_hop", "wan.routes[0].nexthop")]


@pytest.mark.parametrize(
    ("route_asn", "onramp", "expected"),
    [(None, "fra", 65010), (65020, "fra", 65020), (None, "den", None), (7, "den", 7)],
)
def test_the_customers_number_is_the_routes_or_the_on_ramps(
    route_asn: int | None, onramp: str, expected: int | None
) -> None:
    record = {"prefix": "10.0.0.0/8", "onramp": onramp, "customer_asn": route_asn}
    (route,) = RouteTable.from_document(document(bgp_routes=[record]))
    assert getattr(route, "customer_asn", "none") == expected
