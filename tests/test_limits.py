"""No document takes more than linear time in its length; what is beyond a limit is refused, and none of it taken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from ipaddress import ip_network
from itertools import repeat
from typing import Any

import pytest
from documents import EU, Json, document, problems, route, static

from vpcroute import (
    BgpRoute,
    EcmpGroup,
    EcmpMember,
    HostnameRoute,
    InvalidDocument,
    OnRamp,
    RouteConflict,
    RouteTable,
    SubnetRoute,
    VpcService,
    WanRoute,
)
from vpcroute import limits as at_most
from vpcroute.sources.onramps import OnRamps

DEN = OnRamp(kind="gre", name="den")


def _ip(i: int) -> str:
    return f"10.{i >> 8}.{i & 255}"


def _onramps(n: int, address: Callable[[int], str], name: Callable[[int], str] = "r{}".format) -> Json:
    return {"gre_tunnels": [{"id": f"g{i}", "name": name(i), "interface_address": address(i)} for i in range(n)]}


def _next_hops(n: int, hop: Callable[[int], str]) -> list[Json]:
    return [{"prefix": f"{_ip(i)}.0/32", "nexthop": hop(i), "priority": 1} for i in range(n)]


def _networks(n: int, name: Callable[[int], str]) -> list[Json]:
    return [{"id": f"v{i}", "name": name(i), "is_default": i == 0} for i in range(n)]


def _in_networks(n: int, name: Callable[[int], str]) -> list[Json]:
    return [route(f"{_ip(i)}.0/32", virtual_network_name=name(i)) for i in range(n)]


#: Documents that lead to a search through all of something for each of something else, if anything does.
GROWING: dict[str, Callable[[int], Json]] = {
    "the same route again": lambda n: document(routes=[route("10.0.0.0/8")] * n),
    "a route of another tunnel": lambda n: document(
        routes=[{"network": "10.0.0.0/8", "tunnel_id": f"t{i}"} for i in range(n)]
    ),
    "one small interface network": lambda n: {
        "wan": {**_onramps(n, lambda i: "10.255.0.0/31"), "routes": _next_hops(n, lambda i: "10.255.0.1")}
    },
    "one interface address": lambda n: {
        "wan": {**_onramps(n, lambda i: "10.255.0.0/31"), "routes": _next_hops(n, lambda i: "10.255.0.0")}
    },
    "an interface network each": lambda n: {
        "wan": {**_onramps(n, lambda i: f"{_ip(i)}.0/24"), "routes": _next_hops(n, lambda i: f"{_ip(i)}.1")}
    },
    "one large interface network": lambda n: {
        "wan": {**_onramps(n, lambda i: "10.0.0.0/8"), "routes": _next_hops(n, lambda i: f"{_ip(i)}.1")}
    },
    "on-ramps that are not there": lambda n: {
        "wan": _onramps(n, lambda i: "10.255.0.0/31"),
        "bgp_routes": [{"prefix": "10.0.0.0/8", "onramp": f"x{i}"} for i in range(n)],
    },
    "on-ramps of one name": lambda n: {
        "wan": _onramps(n, lambda i: "10.255.0.0/31", lambda i: "x"),
        "bgp_routes": [{"prefix": "10.0.0.0/8", "onramp": "x"}] * n,
    },
    "tunnels that are not listed": lambda n: {
        "wan": _onramps(n, lambda i: "10.255.0.0/31"),
        "routes": [{"network": f"{_ip(i)}.0/32", "tunnel_id": f"x{i}"} for i in range(n)],
    },
    "states of what is not there": lambda n: {
        "tunnels": [{"id": f"t{i}"} for i in range(n)],
        "health": {f"x{i}": "down" for i in range(n)},
    },
    "virtual networks by name": lambda n: document(
        virtual_networks=_networks(n, "n{}".format), routes=_in_networks(n, "n{}".format)
    ),
    "virtual networks of one name": lambda n: document(
        virtual_networks=_networks(n, lambda i: "n"), routes=_in_networks(n, lambda i: "n")
    ),
    "one subnet and many devices": lambda n: {
        "subnets": [{"network": "100.96.0.0/12", "subnet_type": "warp"}] * n,
        "devices": [{"id": f"d{i}", "virtual_ipv4": f"100.96.{i >> 8}.{i & 255}"} for i in range(n)],
    },
    "addresses of one name": lambda n: {"hosts": {"a.b": ["10.0.0.1"] * n}},
    "records that are wrong": lambda n: document(routes=[{"network": 7, "tunnel_id": None}] * n),
}


def _work(make: Callable[[int], Json], n: int) -> int:
    """The calls of functions that loading takes, which are the same at every run and on every machine."""
    source, calls = make(n), 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        RouteTable.from_document(source)
    except InvalidDocument:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("name", GROWING)
def test_four_times_the_document_is_at_most_four_times_the_work(name: str) -> None:
    _work(GROWING[name], 10)  # what is made once
    assert _work(GROWING[name], 160) < 4.4 * _work(GROWING[name], 40)


# Limits


def _service(**more: Any) -> VpcService:
    return VpcService("s", "s", via=EU, ipv4="10.0.0.1", **more)


#: What has a limit: how it is made with so many of something, the limit, and what names it.
LIMITED: list[Any] = [
    pytest.param(lambda n: SubnetRoute("10.0.0.0/8", EU, comment="x" * n), at_most.LONGEST_COMMENT, "comment"),
    pytest.param(lambda n: SubnetRoute("10.0.0.0/8", EU, id="x" * n), at_most.LONGEST_TEXT, "id"),
    pytest.param(lambda n: BgpRoute("10.0.0.0/8", DEN, as_path=[1] * n), at_most.LONGEST_AS_PATH, "as_path"),
    pytest.param(
        lambda n: BgpRoute("10.0.0.0/8", DEN, communities=["1:1"] * n), at_most.MOST_COMMUNITIES, "communities"
    ),
    pytest.param(lambda n: WanRoute("10.0.0.0/8", DEN, priority=1, colos=["den"] * n), at_most.MOST_PLACES, "colos"),
    pytest.param(lambda n: WanRoute("10.0.0.0/8", DEN, priority=1, regions=["ME"] * n), at_most.MOST_PLACES, "regions"),
    pytest.param(
        lambda n: EcmpGroup([EcmpMember(OnRamp(kind="gre", name=str(i))) for i in range(n)]),
        at_most.MOST_MEMBERS,
        "members",
    ),
    pytest.param(lambda n: _service(resolver_ips=["10.0.0.1"] * n), at_most.MOST_ANSWERS, "resolver_ips"),
    pytest.param(lambda n: RouteTable().set_hosts("a", ["10.0.0.1"] * n), at_most.MOST_ANSWERS, "addresses"),
    pytest.param(lambda n: HostnameRoute(("a" * n) + ".b", EU), at_most.LONGEST_LABEL, "hostname"),
    pytest.param(lambda n: HostnameRoute((("a" * 63 + ".") * 4)[:n], EU), at_most.LONGEST_DNS_NAME, "hostname"),
]


@pytest.mark.parametrize(("make", "most", "names"), LIMITED)
def test_a_limit_is_the_last_that_is_taken(make: Callable[[int], object], most: int, names: str) -> None:
    make(most)
    with pytest.raises(ValueError, match=names):
        make(most + 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda items: BgpRoute("10.0.0.0/8", DEN, as_path=items),
        lambda items: BgpRoute("10.0.0.0/8", DEN, communities=items),
        lambda items: WanRoute("10.0.0.0/8", DEN, priority=1, colos=items),
        EcmpGroup,
        lambda items: _service(resolver_ips=items),
        lambda items: RouteTable().set_hosts("a", items),
    ],
)
@pytest.mark.parametrize("item", [7, "1:1", EcmpMember(DEN), "10.0.0.1", None])
def test_what_has_no_end_is_refused(make: Callable[[Any], object], item: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        make(repeat(item))
    with pytest.raises((TypeError, ValueError)):
        make(ip_network("::/0"))


def test_so_many_wan_routes_of_a_prefix_and_no_more() -> None:
    table = RouteTable()
    routes = [WanRoute("10.0.0.0/8", DEN, priority=i) for i in range(at_most.MOST_AT_A_PREFIX)]
    for each in routes:
        table.announce(each)
    with pytest.raises(RouteConflict, match=r"10\.0\.0\.0/8 would be one of more than 256") as caught:
        table.announce(BgpRoute("10.0.0.0/8", DEN))
    assert caught.value.existing in routes
    table.announce(routes[7])  # says the same as one that is there
    table.announce(WanRoute("10.0.0.0/9", DEN, priority=1))
    assert len(table) == len(routes) + 1


def test_so_many_patterns_below_a_name_and_no_more() -> None:
    table = RouteTable()
    for i in range(at_most.MOST_PATTERNS):
        table.announce(HostnameRoute(f"a{i}-*.local", EU, in_force=False))
    with pytest.raises(RouteConflict, match=r"b-\*\.local would be one of more than 64"):
        table.announce(HostnameRoute("b-*.local", EU, in_force=False))
    table.announce(HostnameRoute("b-*.x.local", EU, in_force=False))
    table.announce(HostnameRoute("local", EU))


def test_so_many_reserved_ranges_and_no_more() -> None:
    def subnets(n: int) -> Json:
        return {"subnets": [{"network": f"100.96.{i >> 6}.{i % 64 * 4}/30", "subnet_type": "warp"} for i in range(n)]}

    assert len(RouteTable.from_document(subnets(256)).reserved_ranges) > 256
    assert problems(subnets(257)) == (("subnets", "has more than 256 different ones"),)


def test_the_first_ten_that_say_the_same_are_remarks_and_all_are_findings() -> None:
    table = RouteTable.from_document(document(routes=[route("10.0.0.0/8")] * 30))
    assert [f.path for f in table.findings if f.code == "duplicate_route"] == [
        f"routes[{i}]" for i in (*range(11, 30), *range(1, 11))
    ]
    assert len(table.compile().resolve("10.0.0.1:1").remarks) == 10


def test_a_reading_ends_after_ten_thousand_problems() -> None:
    source = document(routes=[route("x")] * 20_000, hosts={"a b": []}, health={"nope": "down"})
    found = problems(source)
    assert len(found) == at_most.MOST_KEPT_PROBLEMS + 1
    assert found[-2][0] == "routes[9999].network"
    assert found[-1] == ("", "what follows was not read")


def test_names_are_listed_up_to_ten() -> None:
    onramps = _onramps(12, lambda i: "10.255.0.0/31", "r{:02}".format)
    listed = ", ".join(f"r{i:02}" for i in range(10))
    assert problems({"wan": {**onramps, "routes": [static("10.0.0.0/8", "10.255.0.1")]}}) == (
        ("wan.routes[0].nexthop", f"10.255.0.1 is behind several on-ramps: {listed} and more"),
    )
    assert problems({"wan": {**onramps, "routes": [static("10.0.0.0/8", onramp="x")]}}) == (
        ("wan.routes[0].onramp", f"no on-ramp 'x'; there is {listed} and 2 more"),
    )
    networks = _networks(12, lambda i: "n")
    source = document(virtual_networks=networks, routes=[route("10.0.0.0/8", virtual_network_name="n")])
    ids = ", ".join(sorted(f"v{i}" for i in range(12))[:10])
    assert problems(source) == (
        ("routes[0].virtual_network_name", f"several virtual networks are called 'n': {ids} and 2 more"),
    )


def test_on_ramps_with_several_addresses_in_one_network() -> None:
    one, two = (OnRamp(kind="gre", name=name) for name in ("one", "two"))
    onramps = OnRamps()
    for address, onramp in (("10.0.0.1/24", one), ("10.0.0.2/24", one), ("10.0.0.3/24", one), ("10.0.0.2/24", two)):
        onramps.add(address, onramp)
    for hop, behind in (("10.0.0.1", [one, two]), ("10.0.0.2", [one]), ("10.0.0.3", [one, two]), ("10.0.0.255", [])):
        assert onramps.behind(ip_network(hop).network_address) == behind


# All or nothing


@pytest.mark.parametrize("end", [KeyboardInterrupt, MemoryError, RecursionError, ValueError])
def test_an_announcement_that_fails_leaves_the_table_as_it_was(end: type[BaseException]) -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", EU))
    before = (table.generation, list(table), table.findings, table.hosts, table.counts())
    with pytest.raises(end), table.transaction():  # noqa: PT012
        table.announce(SubnetRoute("10.1.0.0/16", EU))
        table.announce(HostnameRoute("a.b", EU))
        table.set_hosts("a.b", ["10.0.0.1"])
        table.withdraw(SubnetRoute("10.0.0.0/8", EU))
        raise end
    assert (table.generation, list(table), table.findings, table.hosts, table.counts()) == before


def test_all_limits_are_listed() -> None:
    assert set(at_most.__all__) == {name for name in vars(at_most) if name.isupper()}
