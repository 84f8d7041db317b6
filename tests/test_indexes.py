"""Prefixes as numbers, the routes that keep them, and the tree that finds ids by them."""

from __future__ import annotations

import pickle
import random
from collections import defaultdict
from ipaddress import IPv4Network, IPv6Network, ip_network

import attrs
import pytest

from vpcroute.announcements import BgpRoute, DeviceAddress, Routed, SubnetRoute, WanRoute, in_network, number_of
from vpcroute.egress import ClientDevice, OnRamp, Tunnel
from vpcroute.indexes import PrefixTree
from vpcroute.packed import is_mapped, network_of, octets_of, packed
from vpcroute.ranges import IPNetwork

EU = Tunnel("eu")
HQ = OnRamp(kind="gre", name="hq")

IN_ORDER: tuple[IPNetwork, ...] = tuple(
    map(
        ip_network,
        "0.0.0.0/0 0.0.0.0/32 0.0.0.1/32 10.0.0.0/8 10.0.0.0/9 10.128.0.0/9 255.255.255.255/32 "
        "::/0 ::/128 ::1/128 ::fffe:0:0/95 ::ffff:0:0/96 ::ffff:10.0.0.0/104 ::1:0:0:0/96 fd00::/8 fd00::/9 "
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".split(),
    )
)


def test_numbers_have_the_order_of_prefixes() -> None:
    numbers = [packed(network) for network in IN_ORDER]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("network", IN_ORDER, ids=str)
def test_a_number_says_all_of_a_prefix(network: IPNetwork) -> None:
    assert network_of(packed(network)) == network
    assert octets_of(packed(network)) == (network.network_address.packed, network.prefixlen)


def test_mapped_prefixes() -> None:
    mapped = [IPv6Network("::ffff:0:0/96"), IPv6Network("::ffff:a00:0/104")]
    assert [network for network in IN_ORDER if is_mapped(packed(network))] == mapped


@pytest.mark.parametrize("network", [IPv4Network("10.1.0.0/16"), IPv6Network("fd00:1::/32")], ids=str)
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda n: SubnetRoute(n, via=EU, comment="c"), "network"),
        (lambda n: WanRoute(n, via=HQ, priority=1), "prefix"),
        (lambda n: BgpRoute(n, via=HQ), "prefix"),
    ],
    ids=["subnet", "static", "bgp"],
)
def test_a_route_gives_a_network_object_and_keeps_a_number(make: type, field: str, network: IPNetwork) -> None:
    route = make(network)
    for same in (route, make(str(network)), pickle.loads(pickle.dumps(route)), attrs.evolve(route)):  # noqa: S301
        given = getattr(same, field)
        assert (type(given), given, hash(given)) == (type(network), network, hash(network))
        assert number_of(same) == packed(network)
        assert f"{field}={network!r}" in repr(same)
        assert (same == route, hash(same) == hash(route), same != route) == (True, True, False)
    others = (make(network.supernet()), attrs.evolve(route, id="i"), attrs.evolve(route, in_force=False), network)
    assert [route == other for other in others] == [False] * len(others)


def test_the_number_of_an_address_is_that_of_its_host_prefix() -> None:
    devices: tuple[Routed, ...] = tuple(DeviceAddress(a, ClientDevice("d")) for a in ("10.0.0.1", "fd00::1"))
    assert [str(network_of(number_of(d))) for d in devices] == ["10.0.0.1/32", "fd00::1/128"]


@pytest.mark.parametrize(
    "route",
    [
        SubnetRoute("10.0.0.1/8", via=EU),
        SubnetRoute("fd00::/8", via=EU, virtual_network="v", id="i", comment="c", in_force=False),
    ],
    ids=["host bits", "every field"],
)
def test_a_route_in_another_network_is_else_the_same(route: SubnetRoute) -> None:
    moved = in_network(route, "other")
    for field in attrs.fields(SubnetRoute):
        expected = "other" if field.name == "virtual_network" else getattr(route, field.name)
        assert getattr(moved, field.name) == expected


@pytest.mark.parametrize("most", [1, 3])
def test_tree_against_a_dict(most: int) -> None:
    """With one id a prefix, and with up to three."""
    chance = random.Random(most)  # noqa: S311  (no secret)
    tree = PrefixTree()
    model: defaultdict[IPNetwork, set[int]] = defaultdict(set)
    for id_ in range(400):
        network = chance.choice(IN_ORDER)
        if model[network] and (len(model[network]) == most or chance.random() < 0.4):
            gone = chance.choice(sorted(model[network]))
            model[network].remove(gone)
            tree.remove(*octets_of(packed(network)), gone)
        else:
            model[network].add(id_)
            tree.add(*octets_of(packed(network)), id_)
        for version in (4, 6):
            assert list(tree.of(version)) == [
                (*octets_of(packed(n)), tuple(sorted(model[n]))) for n in IN_ORDER if n.version == version and model[n]
            ]
        asked = chance.choice(IN_ORDER)
        same = [n for n in IN_ORDER if n.version == asked.version and model[n]]
        outer = [n for n in same if asked.subnet_of(n)]  # type: ignore[arg-type]
        inner = [n for n in same if n.subnet_of(asked)]  # type: ignore[arg-type]
        prefix = octets_of(packed(asked))
        assert tree.exact(*prefix) == tuple(sorted(model[asked]))
        assert tree.covering(*prefix) == [(n.prefixlen, tuple(sorted(model[n]))) for n in reversed(outer)]
        assert sorted(tree.covered(*prefix)) == sorted(tuple(sorted(model[n])) for n in inner)
