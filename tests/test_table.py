"""The route table: transactions, what can stand beside what, indexes and names, against a list and brute force."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, ip_address
from typing import Any

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from networks import PHASES, are_rivals, empty_table, may_stand, say_the_same

from vpcroute import (
    Announcement,
    BgpRoute,
    ClientDevice,
    DeviceAddress,
    HostnameRoute,
    MeshNode,
    OnRamp,
    RouteConflict,
    RouteTable,
    SubnetRoute,
    Tunnel,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import Connector, Health
from vpcroute.ranges import IPNetwork, Range, ReservedKind
from vpcroute.strategies import (
    DEVICES,
    MESH_NODES,
    ONRAMPS,
    SERVICES,
    TUNNELS,
    VIRTUAL_NETWORKS,
    announcements,
    names,
)
from vpcroute.strategies.pools import REGIONS
from vpcroute.strategies.routes import edges, prefix_of

EU, US = Tunnel("t1", "eu"), Tunnel("t2", "us")
GRE = OnRamp(kind="gre", name="gre", id="o1")
UUID = "550e8400-e29b-41d4-a716-446655440000"

KIND_OF: dict[type, str] = {
    SubnetRoute: "subnet",
    HostnameRoute: "hostname",
    DeviceAddress: "address",
    WanRoute: "wan_static",
    BgpRoute: "wan_bgp",
}


class Abort(BaseException):
    """What no handler catches by accident."""


def subnet(network: str, via: Tunnel | MeshNode = EU, **more: Any) -> SubnetRoute:
    return SubnetRoute(network, via, **more)


def everything(table: RouteTable) -> tuple[object, ...]:
    """What can be seen of a table without asking for an address, but its generation."""
    states: tuple[Health, ...] = ("healthy", "degraded", "down")
    return (
        tuple(table),
        table.counts(),
        table.findings,
        table.virtual_networks,
        table.services,
        table.hosts,
        table.reserved_ranges,
        [table.select(health=state) for state in states],
        [(str(p), table.exact(p)) for route in table if (p := prefix_of(route)) is not None],
        [table.exact(route.hostname) for route in table if isinstance(route, HostnameRoute) and route.match != "glob"],
        [_known(table, text) for text in ("t1", "t2", "eu", "us", "gre", "tunnel-1", "lab", "laptop")],
    )


def _known(table: RouteTable, text: str) -> object:
    try:
        return table.connector(text)
    except LookupError as error:
        return str(error)


@pytest.fixture
def table() -> RouteTable:
    """A table with a route of each kind."""
    made = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    made.announce(subnet("10.0.0.0/8"))
    made.announce(HostnameRoute("*.internal.local", EU))
    made.announce(DeviceAddress("100.96.0.7", DEVICES[0]))
    made.announce(WanRoute("10.50.0.0/16", GRE, priority=100, regions=["ENAM"]))
    made.announce(BgpRoute("10.60.0.0/16", GRE))
    return made


def _refused(call: Callable[[Any], object], argument: object) -> None:
    with pytest.raises((KeyError, RouteConflict)):
        call(argument)


# Transactions


def test_new_table_has_generation_zero_and_nothing_in_it() -> None:
    table = RouteTable()
    assert (table.generation, len(table), list(table), table.findings) == (0, 0, [], ())
    assert table.counts() == dict.fromkeys(KIND_OF.values(), 0)
    assert [v.name for v in table.virtual_networks] == ["default"]


def test_each_change_is_one_generation() -> None:
    table = RouteTable()
    steps: list[Callable[[], object]] = [
        lambda: table.announce(subnet("10.0.0.0/8")),
        lambda: table.set_health("eu", "down"),
        lambda: table.set_hosts("a.b", ["10.0.0.1"]),
        lambda: table.set_subnets([("device", IPv4Network("10.96.0.0/16"))]),
        lambda: table.add(VirtualNetwork("v2", "other")),
        lambda: table.set_default("other"),
        lambda: table.withdraw(subnet("10.0.0.0/8", virtual_network="default")),
        lambda: table.remove(VirtualNetwork("default", "default")),
    ]
    for count, step in enumerate(steps, 1):
        step()
        assert table.generation == count


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param(lambda t: None, id="empty block"),
        pytest.param(lambda t: t.announce(subnet("10.0.0.0/8")), id="the same again"),
        pytest.param(lambda t: t.add(VIRTUAL_NETWORKS[0]), id="known already"),
        pytest.param(lambda t: t.set_default("default"), id="the default already"),
        pytest.param(lambda t: t.set_health(GRE, None), id="no state as before"),
        pytest.param(lambda t: t.set_hosts("a.b", None), id="no answers as before"),
        pytest.param(lambda t: t.set_subnets([]), id="no subnets as before"),
        pytest.param(lambda t: _refused(t.withdraw, subnet("11.0.0.0/8")), id="not announced"),
        pytest.param(lambda t: _refused(t.announce, subnet("10.0.0.0/8", US)), id="conflict"),
        pytest.param(lambda t: t.resolve("10.0.0.1:80"), id="a question"),
    ],
)
def test_what_changes_nothing_makes_no_generation(table: RouteTable, nothing: Callable[[RouteTable], object]) -> None:
    generation, before = table.generation, everything(table)
    with table.transaction():
        nothing(table)
    assert (table.generation, everything(table)) == (generation, before)


@pytest.mark.parametrize("as_block", [False, True])
def test_first_change_that_comes_to_nothing_makes_no_generation(as_block: bool) -> None:
    table = RouteTable()
    if as_block:
        with table.transaction():
            pass
    else:
        with pytest.raises(LookupError):
            table.announce(subnet("10.0.0.0/8", virtual_network="nowhere"))
    assert table.generation == 0


def test_transaction_is_one_generation(table: RouteTable) -> None:
    generation = table.generation
    with table.transaction():
        table.announce(subnet("10.1.0.0/16"))
        table.announce(subnet("10.2.0.0/16"))
        table.withdraw(subnet("10.1.0.0/16"))
        assert table.generation == generation
    assert table.generation == generation + 1


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, Abort, StopIteration])
def test_aborted_transaction_leaves_no_trace(table: RouteTable, kind: type[BaseException]) -> None:
    generation, before = table.generation, everything(table)

    def fail() -> None:
        with table.transaction():
            change_everything(table)
            assert everything(table) != before
            raise kind

    with pytest.raises((kind, RuntimeError)):  # contextlib turns StopIteration into RuntimeError where it must
        fail()
    assert (table.generation, everything(table)) == (generation, before)
    table.announce(subnet("10.1.0.0/16"))
    assert table.generation == generation + 1


def change_everything(table: RouteTable) -> None:
    for route in list(table)[::2]:
        table.withdraw(route)
    table.announce(subnet("10.0.0.0/8", US, virtual_network="staging"))
    table.announce(HostnameRoute("a.b", MESH_NODES[0], match="stored"))
    table.set_health("us", "down")
    table.set_health(GRE, "degraded", place="ENAM")
    table.set_hosts("a.b", ["10.0.0.1"])
    table.set_subnets([("device", IPv4Network("10.96.0.0/16"))])
    table.set_default("staging")
    table.set_default("prod")
    table.add(SERVICES[0])
    table.remove(SERVICES[0])
    table.add(SERVICES[1])
    table.add(VirtualNetwork("v9", "nine"))
    table.remove(VirtualNetwork("vnet-default", "default"))


def test_inner_transaction_is_undone_by_itself(table: RouteTable) -> None:
    generation = table.generation
    with table.transaction():
        table.announce(subnet("10.1.0.0/16"))
        middle = everything(table)
        with pytest.raises(Abort), table.transaction():  # noqa: PT012
            table.withdraw(subnet("10.1.0.0/16"))
            with table.transaction():
                table.announce(subnet("10.1.0.0/16", US))
            raise Abort
        assert everything(table) == middle
        table.announce(subnet("10.2.0.0/16"))
    assert table.generation == generation + 1
    assert [str(prefix_of(r)) for r in table][-2:] == ["10.1.0.0/16", "10.2.0.0/16"]


def test_outer_transaction_undoes_an_inner_one_that_ended_well(table: RouteTable) -> None:
    generation, before = table.generation, everything(table)
    with pytest.raises(Abort), table.transaction():  # noqa: PT012
        with table.transaction():
            change_everything(table)
        raise Abort
    assert (table.generation, everything(table)) == (generation, before)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.set_default("staging"),
        lambda t: t.set_subnets([("device", IPv4Network("10.96.0.0/16"))]),
    ],
)
def test_aborted_change_of_what_findings_depend_on_keeps_their_paths(change: Callable[[RouteTable], object]) -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    table.announce_at("routes[1]", subnet("10.1.0.0/16", MESH_NODES[0], virtual_network="staging"))
    table.announce_at("devices[1].virtual_ipv4", DeviceAddress("10.96.0.7", DEVICES[0]))
    before = everything(table)
    assert sorted(f.path for f in table.findings) == ["devices[1].virtual_ipv4", "routes[1].virtual_network_id"]
    with pytest.raises(Abort), table.transaction():  # noqa: PT012
        change(table)
        raise Abort
    assert everything(table) == before


def test_aborted_withdrawal_keeps_the_order_of_the_announcements_of_one_prefix() -> None:
    table = RouteTable()
    routes = tuple(WanRoute("10.0.0.0/8", GRE, priority=priority) for priority in (1, 2))
    for route in routes:
        table.announce(route)
    with pytest.raises(Abort), table.transaction():  # noqa: PT012
        table.withdraw(routes[0])
        raise Abort
    assert table.exact("10.0.0.0/8") == table.covering("10.0.0.0/8") == table.covered("10.0.0.0/8") == routes


def test_other_threads_wait_for_the_end_of_a_transaction(table: RouteTable) -> None:
    started, seen = threading.Event(), []

    def other() -> None:
        started.set()
        seen.append(len(list(table)))
        table.announce(subnet("10.3.0.0/16"))

    thread = threading.Thread(target=other)
    before = len(table)
    with table.transaction():
        table.announce(subnet("10.1.0.0/16"))
        thread.start()
        assert started.wait(10)
        thread.join(0.05)
        assert thread.is_alive()
        assert not seen
        table.announce(subnet("10.2.0.0/16"))
    thread.join(10)
    assert not thread.is_alive()
    assert seen == [before + 2]
    assert len(table) == before + 3


def test_writers_and_readers_in_many_threads_see_whole_transactions() -> None:
    table, errors = RouteTable(), list[BaseException]()
    both = [subnet("10.1.0.0/16"), subnet("10.2.0.0/16", US)]

    def write() -> None:
        for _ in range(50):
            with table.transaction():
                for route in both:
                    table.announce(route)
            with table.transaction():
                for route in both:
                    table.withdraw(route)

    def read() -> None:
        try:
            for _ in range(200):
                assert len(list(table)) in (0, 2)
                assert table.counts()["subnet"] in (0, 2)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write), threading.Thread(target=read), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (len(table), table.generation) == (0, 100)


# What can stand beside what


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        (subnet("10.0.0.0/8"), subnet("10.0.0.0/8", US)),
        (subnet("10.0.0.0/8"), subnet("10.1.2.3/8", MESH_NODES[0])),
        (subnet("10.0.0.0/8"), subnet("10.0.0.0/8", US, virtual_network="default")),
        (subnet("fd00::/8"), subnet("fd00::/8", US, in_force=False)),
        (DeviceAddress("100.96.0.7", DEVICES[0]), DeviceAddress("100.96.0.7", DEVICES[1])),
        (DeviceAddress("100.96.0.7", DEVICES[0]), DeviceAddress("100.96.0.7", MESH_NODES[0])),
        (HostnameRoute("a.b", EU), HostnameRoute("A.B.", US)),
        (HostnameRoute("a.b", EU), HostnameRoute("a.b", MESH_NODES[0], match="stored")),
        (HostnameRoute("a.b", EU), HostnameRoute("a.b", EU, match="both")),
        (HostnameRoute("*.b", EU), HostnameRoute("b", EU, match="both")),
        (HostnameRoute("*.b", EU), HostnameRoute("*.b", US)),
        (HostnameRoute("a*.b", EU, in_force=False), HostnameRoute("a*.b", US, in_force=False)),
        (subnet("10.0.0.0/8"), subnet("11.0.0.0/8", Tunnel("t1", "renamed"))),
        (WanRoute("10.0.0.0/8", GRE, priority=1), BgpRoute("10.0.0.0/8", OnRamp(kind="cni", name="gre", id="o1"))),
    ],
)
def test_conflict(held: Announcement, offered: Announcement) -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    held = table.announce(held)
    generation, before = table.generation, everything(table)
    with pytest.raises(RouteConflict) as caught:
        table.announce(offered)
    error = caught.value
    assert error.code == "route_conflict"
    assert error.existing in (held, held.via)
    parts = [getattr(offered, name, None) for name in ("network", "hostname", "address")]
    assert error.offered in (offered, offered.via) or getattr(error.offered, "network", 0) in parts
    assert (table.generation, everything(table)) == (generation, before)
    table.withdraw(held)
    assert table.announce(offered).via == offered.via


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (subnet("10.0.0.0/8"), subnet("10.0.0.0/9", US)),
        (subnet("10.0.0.0/8"), subnet("10.0.0.0/8", US, virtual_network="staging")),
        (subnet("10.0.0.0/8"), WanRoute("10.0.0.0/8", GRE, priority=1)),
        (WanRoute("10.0.0.0/8", GRE, priority=1), WanRoute("10.0.0.0/8", GRE, priority=2)),
        (WanRoute("10.0.0.0/8", GRE, priority=1), BgpRoute("10.0.0.0/8", GRE)),
        (HostnameRoute("a.b", EU), HostnameRoute("*.a.b", US)),
        (HostnameRoute("b", EU, match="stored"), HostnameRoute("*.b", US)),
        (HostnameRoute("a*.b", EU, in_force=False), HostnameRoute("*a.b", US, in_force=False)),
        (HostnameRoute("a*.b", EU, in_force=False), HostnameRoute("b", US)),
        (subnet("100.64.0.0/10"), DeviceAddress("100.96.0.7", DEVICES[0])),
    ],
)
def test_no_conflict(one: Announcement, other: Announcement) -> None:
    for first, second in ((one, other), (other, one)):
        table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
        assert {table.announce(first), table.announce(second)} == set(table)
        assert len(table) == 2


@pytest.mark.parametrize(
    "route",
    [
        subnet("100.96.5.0/24"),
        subnet("100.64.0.0/12"),
        subnet("172.64.128.48/32"),
        subnet("2606:4700:cf1::/48"),
        subnet("2606:4700:cf1:2000::1"),
        WanRoute("100.112.0.0/16", GRE, priority=1),
        BgpRoute("100.112.3.0/24", GRE),
    ],
)
def test_route_in_a_reserved_range(route: SubnetRoute | WanRoute | BgpRoute) -> None:
    table = RouteTable()
    with pytest.raises(RouteConflict, match="lies in") as caught:
        table.announce(route)
    assert isinstance(caught.value.existing, Range)
    assert isinstance(caught.value.offered, type(route))
    assert len(table) == 0
    table.announce(attrs.evolve(route, in_force=False))
    assert [f.code.value for f in table.findings] == ["route_not_in_force"]


def test_route_around_a_reserved_range_or_in_a_prohibited_one_is_accepted() -> None:
    table = RouteTable()
    for network in ("0.0.0.0/0", "100.64.0.0/10", "::/0", "2606:4700::/32", "127.0.0.0/8"):
        table.announce(subnet(network))
    assert [f.code.value for f in table.findings] == ["prohibited_range"]


@pytest.mark.parametrize("address", ["100.96.0.7", "2606:4700:cf1:1000::7", "10.0.0.1", "fd00::1"])
def test_address_of_a_device_where_devices_may_be(address: str) -> None:
    table = RouteTable()
    for via in (DEVICES[0], MESH_NODES[0]):
        route = table.announce(DeviceAddress(address, via))
        assert table.resolve((address, 80)).egress == via
        table.withdraw(route)


@pytest.mark.parametrize("address", ["100.64.0.7", "172.64.128.1", "127.0.0.1", "fe80::1", "2606:4700:cf1:4000::7"])
def test_address_of_a_device_where_none_may_be(address: str) -> None:
    table = RouteTable()
    with pytest.raises(RouteConflict):
        table.announce(DeviceAddress(address, DEVICES[0]))
    assert len(table) == 0


def test_own_subnets_replace_those_of_their_kind_and_family_only() -> None:
    table = RouteTable()
    table.set_subnets([("device", IPv4Network("10.96.0.0/16"))])
    table.announce(subnet("100.96.0.0/12"))
    for network in ("10.96.1.0/24", "172.64.128.0/24", "2606:4700:cf1:1000::/64"):
        with pytest.raises(RouteConflict):
            table.announce(subnet(network))
    before = everything(table)
    with pytest.raises(RouteConflict) as caught:
        table.set_subnets([])
    assert caught.value.offered == subnet("100.96.0.0/12", virtual_network="default")
    assert everything(table) == before


def test_the_same_again_changes_nothing_and_gives_what_is_held() -> None:
    table = RouteTable()
    held = table.announce(subnet("10.1.2.3/8", comment="first"))
    assert table.announce(subnet("10.0.0.0/8", comment="second")) is held
    assert held.comment == "first"
    wan = WanRoute("10.0.0.0/8", GRE, priority=1)
    assert table.announce(wan) is table.announce(WanRoute("10.0.0.0/8", GRE, priority=1))
    assert len(table) == 2


def test_announced_route_names_its_virtual_network_by_id() -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    assert table.announce(subnet("10.0.0.0/8")).virtual_network == "vnet-default"  # type: ignore[union-attr]
    assert table.announce(subnet("10.0.0.0/8", virtual_network="staging")) in table
    table.set_default("prod")
    assert subnet("10.0.0.0/8") not in table
    assert subnet("10.0.0.0/8", virtual_network="default") in table
    with pytest.raises(KeyError):
        table.withdraw(subnet("10.0.0.0/8"))
    assert table.announce(subnet("10.0.0.0/8", US)).virtual_network == "vnet-prod"  # type: ignore[union-attr]


def test_iteration_is_in_the_order_of_announcing() -> None:
    table = RouteTable()
    routes = [subnet(f"10.{i}.0.0/16", virtual_network="default") for i in (5, 3, 9, 1)]
    for route in routes:
        table.announce(route)
    assert list(table) == routes


# Constructor


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"routing_mode": "other"}, "routing_mode must be 'unified' or 'legacy', not 'other'"),
        ({"virtual_networks": []}, "exactly one virtual network must be the default, not 0"),
        ({"virtual_networks": [VirtualNetwork("a", "a", True), VirtualNetwork("b", "b", True)]}, "default, not 2"),
    ],
)
def test_table_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RouteTable(**arguments)


# Names and ids


def test_id_wins_over_name() -> None:
    table = RouteTable()
    for tunnel in (Tunnel("one", "two"), Tunnel("two", "three")):
        table.add(tunnel)
    assert table.connector("two") == Tunnel("two", "three")
    assert table.connector("three") == Tunnel("two", "three")
    with pytest.raises(LookupError, match="no connector"):
        table.connector("nothing of the kind")


def test_id_wins_over_the_name_of_another_kind() -> None:
    table = RouteTable()
    table.add(Tunnel("x", "one"))
    table.add(MeshNode("y", "x"))
    assert table.connector("x") == Tunnel("x", "one")


@pytest.mark.parametrize(
    "things",
    [
        (Tunnel("id-1", "same"), Tunnel("id-2", "same")),
        (Tunnel("id-1", "same"), MeshNode("id-2", "same")),
        (OnRamp(kind="gre", name="same", id="id-1"), OnRamp(kind="ipsec", name="same", id="id-2")),
        (ClientDevice("id-1", "same"), OnRamp(kind="cni", name="same", id="id-2")),
    ],
)
def test_name_of_two_lists_their_ids(things: tuple[Any, Any]) -> None:
    table = RouteTable()
    for thing in things:
        table.add(thing)
    with pytest.raises(LookupError, match="several") as caught:
        table.connector("same")
    assert all(str(thing.id) in str(caught.value) for thing in things)
    table.remove(things[1])
    assert table.connector("same") == things[0]


def test_name_of_an_onramp_without_id_does_not_pass_for_an_id() -> None:
    table = RouteTable()
    table.add(OnRamp(kind="gre", name="hq"))
    table.add(OnRamp(kind="ipsec", name="hq", id="id-2"))
    with pytest.raises(LookupError, match=r"several.*id-2"):
        table.connector("hq")


def test_uuids_compare_in_lower_case() -> None:
    table = RouteTable(virtual_networks=[VirtualNetwork(UUID.upper(), "v", is_default=True)])
    assert table.announce(subnet("10.0.0.0/8", virtual_network=UUID.upper())).virtual_network == UUID  # type: ignore[union-attr]
    table.add(Tunnel(UUID.upper(), "t"))
    table.add(Tunnel("ABC", "u"))
    assert table.connector(UUID) == table.connector(UUID.upper()) == Tunnel(UUID, "t")
    assert table.connector("ABC") == Tunnel("ABC", "u")
    with pytest.raises(LookupError):
        table.connector("abc")


def test_connector_that_only_a_route_names_is_known_as_long_as_the_route_is() -> None:
    table = RouteTable()
    table.announce(subnet("10.0.0.0/8"))
    table.announce(subnet("11.0.0.0/8"))
    assert table.connector("eu") == EU
    table.withdraw(subnet("10.0.0.0/8"))
    assert table.connector("t1") == EU
    table.withdraw(subnet("11.0.0.0/8"))
    with pytest.raises(LookupError):
        table.connector("eu")


def test_removed_connector_stays_while_a_route_leads_to_it() -> None:
    table = RouteTable()
    table.add(EU)
    table.announce(subnet("10.0.0.0/8"))
    table.remove(EU)
    assert table.connector("eu") == EU
    with pytest.raises(KeyError):
        table.remove(EU)
    table.withdraw(subnet("10.0.0.0/8"))
    with pytest.raises(LookupError):
        table.connector("eu")


def test_added_connector_stays_when_its_routes_go() -> None:
    table = RouteTable()
    table.add(EU)
    table.announce(subnet("10.0.0.0/8"))
    table.withdraw(subnet("10.0.0.0/8"))
    assert table.connector("eu") == EU


def test_virtual_network_in_use_cannot_be_removed() -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    route = table.announce(subnet("10.0.0.0/8", virtual_network="staging"))
    for network, existing in ((VIRTUAL_NETWORKS[0], VIRTUAL_NETWORKS[0]), (VIRTUAL_NETWORKS[1], route)):
        with pytest.raises(RouteConflict, match="in use") as caught:
            table.remove(network)
        assert (caught.value.existing, caught.value.offered) == (existing, network)
    table.withdraw(route)
    table.remove(VIRTUAL_NETWORKS[1])
    assert VIRTUAL_NETWORKS[1] not in table.virtual_networks
    with pytest.raises(LookupError):
        table.announce(route)


def test_default_moves_by_set_default_only() -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
    with pytest.raises(RouteConflict, match="set_default"):
        table.add(VirtualNetwork("new", "new", is_default=True))
    table.set_default("staging")
    assert [(v.name, v.is_default) for v in table.virtual_networks] == [
        ("staging", True),
        ("default", False),
        ("prod", False),
    ]
    table.set_default("vnet-default")
    assert table.virtual_networks[0] == VIRTUAL_NETWORKS[0]


def test_object_with_the_id_of_another_is_a_conflict() -> None:
    table = RouteTable()
    table.add(EU)
    with pytest.raises(RouteConflict) as caught:
        table.add(Tunnel("t1", "other"))
    assert (caught.value.existing, caught.value.offered) == (EU, Tunnel("t1", "other"))
    table.add(MeshNode("t1", "of another kind"))


def test_services_and_networks_are_listed_by_name() -> None:
    table = empty_table()
    assert [s.name for s in table.services] == ["database", "dual", "named", "web"]
    table.remove(SERVICES[0])
    assert [s.name for s in table.services] == ["database", "dual", "named"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: t.announce("10.0.0.0/8"), TypeError),
        (lambda t: t.announce(None), TypeError),
        (lambda t: t.announce(subnet("10.0.0.0/9", virtual_network="nowhere")), LookupError),
        (lambda t: t.withdraw(7), TypeError),
        (lambda t: t.withdraw(subnet("10.9.0.0/16")), KeyError),
        (lambda t: t.withdraw(subnet("10.0.0.0/8", US)), KeyError),
        (lambda t: t.withdraw(subnet("10.0.0.0/8", virtual_network="nowhere")), LookupError),
        (lambda t: t.withdraw(HostnameRoute("internal.local", EU)), KeyError),
        (lambda t: t.withdraw(WanRoute("10.50.0.0/16", GRE, priority=1)), KeyError),
        (lambda t: t.add("eu"), TypeError),
        (lambda t: t.add(subnet("10.0.0.0/8")), TypeError),
        (lambda t: t.remove(None), TypeError),
        (lambda t: t.remove(US), KeyError),
        (lambda t: t.remove(EU), KeyError),
        (lambda t: t.set_default("nowhere"), LookupError),
        (lambda t: t.set_health("nothing", "down"), LookupError),
        (lambda t: t.set_health(Tunnel("unknown"), "down"), LookupError),
        (lambda t: t.set_health(7, "down"), TypeError),
        (lambda t: t.set_health("eu", "broken"), ValueError),
        (lambda t: t.set_health("eu", "down", place="atlantis"), ValueError),
        (lambda t: t.set_health("eu", "down", place=7), TypeError),
        (lambda t: t.set_hosts("a.b", ["nonsense"]), ValueError),
        (lambda t: t.set_hosts("a b", ["10.0.0.1"]), ValueError),
        (lambda t: t.set_hosts("10.0.0.1", ["10.0.0.1"]), ValueError),
        (lambda t: t.set_hosts("a.b", "10.0.0.1"), (TypeError, ValueError)),
        (lambda t: t.set_hosts("a.b", [7]), TypeError),
        (lambda t: t.set_hosts(7, ["10.0.0.1"]), TypeError),
        (lambda t: t.set_subnets([("bogus", IPv4Network("10.96.0.0/16"))]), ValueError),
        (lambda t: t.set_subnets([("virtual_dns", IPv4Network("10.96.0.0/16"))]), ValueError),
        (lambda t: t.set_subnets([("device", "10.96.0.0/16")]), TypeError),
        (lambda t: t.covering("nonsense"), ValueError),
        (lambda t: t.covered("a.b"), ValueError),
        (lambda t: t.exact("a b"), ValueError),
        (lambda t: t.select(virtual_network="nowhere"), LookupError),
        (lambda t: t.select(region="atlantis"), ValueError),
        (lambda t: t.connector("nothing"), LookupError),
    ],
)
def test_wrong_use_changes_nothing(table: RouteTable, call: Callable[[Any], object], error: Any) -> None:
    generation, before = table.generation, everything(table)
    with pytest.raises(error):
        call(table)
    assert (table.generation, everything(table)) == (generation, before)


def test_contains_is_false_for_what_is_no_announcement(table: RouteTable) -> None:
    for thing in (None, "10.0.0.0/8", EU, subnet("10.0.0.0/8", virtual_network="nowhere")):
        assert thing not in table
    assert subnet("10.0.0.0/8") in table


def test_health_by_place_and_forgotten() -> None:
    table = RouteTable()
    table.announce(subnet("10.0.0.0/8"))
    table.set_health("eu", "down")
    table.set_health(EU, "degraded", place="enam")
    table.set_health("t1", "healthy", place="DEN01")
    codes = {
        place: [r.code.value for r in table.resolve("10.0.0.1:80", **place_of).remarks]
        for place, place_of in {
            "nowhere": {},
            "region": {"region": "ENAM"},
            "colo": {"region": "WEUR", "colo": "den01"},
            "else": {"region": "WEUR", "colo": "ams01"},
        }.items()
    }
    down = "destination_unavailable"
    assert codes == {"nowhere": [down, "health_varies"], "region": ["health_varies"], "colo": [], "else": [down]}
    assert len(table.select(health="down")) == 1
    for place in (None, "ENAM", "den01", "ams01"):
        table.set_health(EU, None, place=place)
    assert table.resolve("10.0.0.1:80").remarks == ()
    assert len(table.select(health="healthy")) == 1


def test_hosts_are_read_and_forgotten() -> None:
    table = RouteTable()
    table.set_hosts("DB.Corp.", ["10.0.0.1", ip_address("fd00::1")])
    table.set_hosts("none.corp", [])
    assert table.hosts == {"db.corp": (ip_address("10.0.0.1"), ip_address("fd00::1")), "none.corp": ()}
    table.set_hosts("db.corp", None)
    assert table.hosts == {"none.corp": ()}
    with pytest.raises(TypeError):
        table.hosts["none.corp"] = (ip_address("10.0.0.1"),)  # type: ignore[index]
    assert table.hosts == {"none.corp": ()}


# Indexes


def test_exact_by_name(table: RouteTable) -> None:
    wildcard = HostnameRoute("*.internal.local", EU)
    assert table.exact("*.internal.local") == table.exact("Internal.Local.") == (wildcard,)
    assert table.exact("x.internal.local") == ()


def test_covering_is_longest_first_over_all_trees(table: RouteTable) -> None:
    found = table.covering("10.50.1.1")
    assert [str(prefix_of(r)) for r in found] == ["10.50.0.0/16", "10.0.0.0/8"]
    assert table.covering(ip_address("10.50.1.1")) == found
    assert table.covering("10.0.0.0/7") == ()


def test_covered_is_in_the_order_of_prefixes(table: RouteTable) -> None:
    every = [prefix_of(r) for r in table.covered("0.0.0.0/0")]
    assert [str(p) for p in every] == ["10.0.0.0/8", "10.50.0.0/16", "10.60.0.0/16", "100.96.0.7/32"]


# Against a list


@attrs.define
class Model:
    """A table as a list of announcements and some dictionaries."""

    routes: list[Announcement] = attrs.field(factory=list)
    networks: dict[str, str] = attrs.field(factory=lambda: {v.id: v.name for v in VIRTUAL_NETWORKS})
    default: str = VIRTUAL_NETWORKS[0].id
    added: set[Any] = attrs.field(factory=set)
    health: dict[tuple[Connector, str | None], Health] = attrs.field(factory=dict)
    hosts: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    subnets: tuple[tuple[ReservedKind, IPNetwork], ...] = ()

    def copied(self) -> Model:
        values = (copy.copy(getattr(self, field.name)) for field in attrs.fields(Model))
        return Model(*values)

    def qualified(self, route: Announcement) -> Announcement:
        if isinstance(route, SubnetRoute) and route.virtual_network is None:
            return attrs.evolve(route, virtual_network=self.default)
        return route

    def knows(self, thing: Any) -> bool:
        return thing in self.known()

    def known(self) -> list[Any]:
        """What was added, what services stand behind, what routes lead to."""
        behind = (thing.via for thing in self.added if isinstance(thing, VpcService))
        return [*self.added, *behind, *(route.via for route in self.routes)]

    def is_taken(self, thing: Any) -> bool:
        """Whether another object of its kind has its id."""
        id_ = thing.id or thing.name
        return any(type(k) is type(thing) and (k.id or k.name) == id_ and k != thing for k in self.known())

    def announce(self, route: Announcement) -> type[Exception] | None:
        route = self.qualified(route)
        if isinstance(route, SubnetRoute) and route.virtual_network not in self.networks:
            return LookupError
        for held in self.routes:
            if are_rivals(held, route):
                return None if say_the_same(held, route) else RouteConflict
        if not may_stand(route, self.subnets):
            return RouteConflict
        if self.is_taken(route.via):
            return RouteConflict
        self.routes.append(route)
        return None

    def withdraw(self, route: Announcement) -> type[Exception] | None:
        route = self.qualified(route)
        if isinstance(route, SubnetRoute) and route.virtual_network not in self.networks:
            return LookupError
        for held in self.routes:
            if are_rivals(held, route) and say_the_same(held, route):
                self.routes.remove(held)
                return None
        return KeyError

    def add(self, thing: Any) -> type[Exception] | None:
        if self.is_taken(thing) or (isinstance(thing, VpcService) and self.is_taken(thing.via)):
            return RouteConflict
        self.added.add(thing)
        return None

    def remove(self, thing: Any) -> type[Exception] | None:
        if thing not in self.added:
            return KeyError
        self.added.remove(thing)
        return None

    def set_health(self, connector: Connector, state: Health | None, place: str | None) -> type[Exception] | None:
        if not self.knows(connector):
            return LookupError
        if state is None:
            self.health.pop((connector, place), None)
        else:
            self.health[connector, place] = state
        return None

    def set_hosts(self, name: str, answers: tuple[str, ...] | None) -> type[Exception] | None:
        if answers is None:
            self.hosts.pop(name, None)
        else:
            self.hosts[name] = answers
        return None

    def set_subnets(self, subnets: tuple[tuple[ReservedKind, IPNetwork], ...]) -> type[Exception] | None:
        if not all(may_stand(route, subnets) for route in self.routes):
            return RouteConflict
        self.subnets = subnets
        return None

    def set_default(self, network: str) -> type[Exception] | None:
        self.default = network
        return None

    def state(self, connector: Connector) -> Health:
        return self.health.get((connector, None), "healthy")


#: An operation: the method of table and model, and its arguments.
Operation = tuple[str, tuple[Any, ...]]

_THINGS: tuple[Any, ...] = (*TUNNELS, MESH_NODES[0], ONRAMPS[0], ONRAMPS[3], SERVICES[0], Tunnel("tunnel-1", "renamed"))
_STATES: tuple[Health | None, ...] = (None, "healthy", "degraded", "down")
_OWN_SUBNETS: tuple[tuple[tuple[ReservedKind, IPNetwork], ...], ...] = (
    (),
    (("device", IPv4Network("10.1.0.0/24")),),
    (("token", IPv4Network("10.0.0.0/9")),),
)


@attrs.frozen
class Held:
    """An announcement that the table holds, perhaps by another connector; `otherwise` if it holds none."""

    index: int
    by_another: bool
    otherwise: Announcement

    def of(self, held: list[Announcement]) -> Announcement:
        if not held:
            return self.otherwise
        route = held[self.index % len(held)]
        return _by_another(route) if self.by_another else route


def _by_another(route: Any) -> Announcement:
    """The same destination through another connector of its kind."""
    pool: tuple[Any, ...] = TUNNELS + MESH_NODES
    if isinstance(route, DeviceAddress):
        pool = DEVICES + MESH_NODES
    elif isinstance(route, (WanRoute, BgpRoute)):
        pool = ONRAMPS
    via = pool[(pool.index(route.via) + 1) % len(pool)]
    return attrs.evolve(route, via=via)  # type: ignore[no-any-return]


def _unqualified() -> st.SearchStrategy[SubnetRoute]:
    networks = st.sampled_from(["10.0.0.0/8", "10.0.0.0/24", "fd00::/8"])
    return st.builds(
        SubnetRoute, networks, st.sampled_from(TUNNELS), virtual_network=st.sampled_from([None, None, "nowhere"])
    )


def _operations() -> st.SearchStrategy[Operation]:
    routes = st.one_of(announcements(), announcements(), _unqualified())
    indexes = st.integers(0, 20)
    connectors = st.sampled_from(TUNNELS + MESH_NODES + ONRAMPS)
    options: list[st.SearchStrategy[Operation]] = [
        st.tuples(st.just("announce"), st.tuples(routes)),
        st.tuples(st.just("announce"), st.tuples(routes)),
        st.tuples(st.just("announce"), st.tuples(st.builds(Held, indexes, st.booleans(), routes))),
        st.tuples(st.just("withdraw"), st.tuples(st.builds(Held, indexes, st.just(False), routes))),
        st.tuples(st.just("withdraw"), st.tuples(routes)),
        st.tuples(st.sampled_from(["add", "add", "remove"]), st.tuples(st.sampled_from(_THINGS))),
        st.tuples(
            st.just("set_health"), st.tuples(connectors, st.sampled_from(_STATES), st.sampled_from([None, "ENAM"]))
        ),
        st.tuples(st.just("set_hosts"), st.tuples(names(), st.sampled_from([None, (), ("10.0.0.1", "fd00::1")]))),
        st.tuples(st.just("set_subnets"), st.tuples(st.sampled_from(_OWN_SUBNETS))),
        st.tuples(st.just("set_default"), st.tuples(st.sampled_from([v.id for v in VIRTUAL_NETWORKS]))),
    ]
    return st.one_of(options)


OPERATIONS = _operations()


def apply(table: RouteTable, operation: Operation) -> None:
    method, arguments = operation
    if method == "set_health":
        table.set_health(arguments[0], arguments[1], place=arguments[2])
    else:
        getattr(table, method)(*arguments)


class TableMachine(RuleBasedStateMachine):
    """Operations, alone and in transactions, on a table and on the model; both must come to the same."""

    @initialize()
    def start(self) -> None:
        self.table = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
        self.model = Model()
        self.withdrawn = False

    @rule(operation=OPERATIONS)
    def operate(self, operation: Operation) -> None:
        self._operate(operation)

    @rule(data=st.data(), abort=st.booleans(), nested=st.booleans())
    def transact(self, data: st.DataObject, abort: bool, nested: bool) -> None:
        saved, before, generation = self.model.copied(), everything(self.table), self.table.generation
        try:
            with self.table.transaction():
                for _ in range(data.draw(st.integers(1, 4))):
                    self._operate(data.draw(OPERATIONS), inside=True)
                if nested:
                    self.transact_inside(data)
                assert self.table.generation == generation
                if abort:
                    raise Abort
        except Abort:
            self.model = saved
            assert everything(self.table) == before
            assert self.table.generation == generation
        assert self.table.generation - generation in (0, 1)

    def transact_inside(self, data: st.DataObject) -> None:
        saved, before = self.model.copied(), everything(self.table)
        try:
            with self.table.transaction():
                self._operate(data.draw(OPERATIONS), inside=True)
                self._operate(data.draw(OPERATIONS), inside=True)
                if data.draw(st.booleans()):
                    raise Abort
        except Abort:
            self.model = saved
            assert everything(self.table) == before

    def _operate(self, operation: Operation, *, inside: bool = False) -> None:
        method, arguments = operation
        if isinstance(arguments[0], Held):
            arguments = (arguments[0].of(self.model.routes),)
        generation, saved = self.table.generation, self.model.copied()
        expected = getattr(self.model, method)(*arguments)
        before = None if expected is None else everything(self.table)
        error = _error_of(apply, self.table, (method, arguments))
        assert (error is None) == (expected is None), (operation, error)
        if error is None:
            assert self.table.generation == generation or not inside
            assert self.table.generation == generation + 1 or inside or self.model == saved
        else:
            assert isinstance(error, expected)
            assert (everything(self.table), self.table.generation) == (before, generation)
        if isinstance(error, RouteConflict):
            assert error.existing is not None
            assert error.offered is not None
        self.withdrawn |= method == "withdraw"

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        table, model = self.table, self.model
        held = list(table)
        if not self.withdrawn:
            assert held == model.routes
        assert len(table) == len(held) == len(model.routes)
        assert Counter(held) == Counter(model.routes)
        assert all(route in table for route in model.routes)
        assert table.counts() == {k: sum(KIND_OF[type(r)] == k for r in model.routes) for k in KIND_OF.values()}
        assert table.virtual_networks[0].id == model.default
        assert {v.id: v.name for v in table.virtual_networks} == model.networks
        assert {n: tuple(map(str, a)) for n, a in table.hosts.items()} == model.hosts
        for finding in table.findings:
            assert finding.announcement in held
        for connector in {route.via for route in model.routes} | {t for t in model.added if t not in SERVICES}:
            assert table.connector(str(connector.id or connector.name)) == connector

    @invariant()
    def indexes_find_what_a_scan_finds(self) -> None:
        table, routes = self.table, self.model.routes
        asked = {p for route in routes for p in [prefix_of(route)] if p is not None}
        asked |= {IPv4Network("0.0.0.0/0"), IPv4Network("10.0.0.0/16"), IPv4Network("10.0.0.1/32")}
        for prefix in asked:
            assert Counter(table.exact(prefix)) == Counter(r for r in routes if prefix_of(r) == prefix)
            covering = table.covering(prefix)
            assert Counter(covering) == Counter(r for r in routes if _contains(prefix_of(r), prefix))
            lengths = [p.prefixlen for p in map(prefix_of, covering) if p is not None]
            assert lengths == sorted(lengths, reverse=True)
            covered = table.covered(prefix)
            assert Counter(covered) == Counter(r for r in routes if _contains(prefix, prefix_of(r)))
            order = [(int(p.network_address), p.prefixlen) for p in map(prefix_of, covered) if p is not None]
            assert order == sorted(order)
        for prefix in sorted(asked, key=str)[:4]:
            for ip in edges(prefix):
                host = IPv4Network(int(ip)) if ip.version == 4 else prefix_of(DeviceAddress(ip, DEVICES[0]))
                assert Counter(table.covering(ip)) == Counter(r for r in routes if _contains(prefix_of(r), host))
        hostnames = [r for r in routes if isinstance(r, HostnameRoute) and r.match != "glob"]
        for route in hostnames:
            found = [r for r in table.exact(route.pattern) if r.match != "glob"]  # type: ignore[union-attr]
            assert Counter(found) == Counter(r for r in hostnames if r.hostname == route.hostname)

    @invariant()
    def selects_what_a_scan_selects(self) -> None:
        for asked in SELECTIONS:
            expected = (r for r in self.model.routes if self._is_selected(r, asked))
            assert Counter(self.table.select(**asked)) == Counter(expected), asked

    def _is_selected(self, route: Announcement, asked: Mapping[str, Any]) -> bool:
        has: dict[str, Any] = {
            "via": [route.via],
            "kind": [KIND_OF[type(route)]],
            "virtual_network": [getattr(route, "virtual_network", None)],
            "region": getattr(route, "regions", ()),
            "health": [self.model.state(route.via)],
        }
        return all(value in has[name] for name, value in asked.items())


#: Each thing that can be asked for, alone and with others.
SELECTIONS: tuple[dict[str, Any], ...] = (
    {},
    *({"via": via} for via in (TUNNELS[0], MESH_NODES[0], ONRAMPS[0], DEVICES[0])),
    *({"kind": kind} for kind in KIND_OF.values()),
    {"virtual_network": "vnet-staging"},
    {"region": REGIONS[0]},
    *({"health": state} for state in ("healthy", "degraded", "down")),
    {"via": TUNNELS[0], "kind": "hostname"},
    {"via": TUNNELS[0], "virtual_network": "vnet-default", "health": "healthy"},
    {"kind": "wan_static", "region": REGIONS[1], "health": "down"},
    {"via": ONRAMPS[0], "kind": "wan_static", "region": REGIONS[0], "health": "healthy"},
    {"kind": "subnet", "region": REGIONS[0]},
)


def _error_of(call: Callable[..., object], *arguments: object) -> Exception | None:
    try:
        call(*arguments)
    except Exception as error:
        return error
    return None


def _contains(outer: IPNetwork | None, inner: IPNetwork | None) -> bool:
    if outer is None or inner is None or outer.version != inner.version:
        return False
    return inner.subnet_of(outer)  # type: ignore[arg-type]


TestTableMachine = TableMachine.TestCase
TestTableMachine.settings = settings(
    max_examples=40, stateful_step_count=20, derandomize=True, database=None, deadline=None, phases=PHASES
)


@pytest.mark.long
def test_table_machine_at_length() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        TableMachine, settings=settings(TestTableMachine.settings, max_examples=3000, stateful_step_count=50)
    )
