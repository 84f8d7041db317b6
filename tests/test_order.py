"""Records in ascending order, against Python's own sorting, and subnet routes read in columns."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from random import Random

import pytest
from twins import interpreted, needs_both

from vpcroute import RouteTable, SubnetRoute, Tunnel
from vpcroute.announcements import number_of
from vpcroute.classes import RouteClasses
from vpcroute.columns import read_subnets
from vpcroute.fib import order
from vpcroute.hearing import record_of

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")


def records(size: int, count: int, values: int) -> list[bytes]:
    random = Random(size * count + values)  # noqa: S311
    return [bytes(random.randrange(values) for _ in range(size)) for _ in range(count)]


@pytest.mark.parametrize("size", [1, 4, 5, 17])
@pytest.mark.parametrize(("count", "values"), [(0, 1), (1, 256), (9, 1), (300, 2), (300, 256)])
def test_places_are_those_of_sorting(size: int, count: int, values: int) -> None:
    unsorted = records(size, count, values)
    places = order.ascending(b"".join(unsorted), size)
    assert list(places) == sorted(range(count), key=unsorted.__getitem__)  # equal ones keep their order
    assert order.taken(b"".join(unsorted), size, places) == b"".join(sorted(unsorted))


@pytest.mark.parametrize("octets", [b"abcd", b"a"])
def test_what_is_no_record_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match="are no records of 5"):
        order.ascending(octets, 5)
    with pytest.raises(ValueError, match="are no records of 0"):
        order.taken(octets, 0, array("I"))
    with pytest.raises(ValueError, match="are no records of 0"):
        order.not_above(octets, b"")
    with pytest.raises(ValueError, match="are no records of 3"):
        order.not_above(octets, b"abc")
    with pytest.raises(IndexError, match="no record at place"):
        order.taken(octets, 1, array("I", [0, len(octets)]))


@pytest.mark.parametrize("size", [1, 5, 17])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 90])
def test_search(size: int, count: int) -> None:
    there = sorted(records(size, count, 4))
    for record in (*there, *records(size, 20, 5), bytes(size), b"\xff" * size):
        assert order.not_above(b"".join(there), record) == bisect_right(there, record)


@needs_both
def test_twins_sort_alike() -> None:
    joined = b"".join(records(5, 500, 3))
    twin = interpreted()["order"]
    assert order.ascending(joined, 5) == twin.ascending(joined, 5)
    places = array("I", [4, 0, 4])
    assert order.taken(joined, 5, places) == twin.taken(joined, 5, places)
    joined = order.taken(joined, 5, order.ascending(joined, 5))
    for record in records(5, 50, 3):
        assert order.not_above(joined, record) == twin.not_above(joined, record)


def test_columns_are_the_routes_of_the_network_by_prefix() -> None:
    """Also those under ids that were free again, and those of one connector, of which some are not in force."""
    table, classes = RouteTable(), RouteClasses()
    prefixes = "10.9.0.0/16 fd00::/8 10.0.0.0/8 10.0.0.0/9 fd00:1::/32 1.0.0.0/24 0.0.0.0/0 ::/0".split()
    routes = [SubnetRoute(p, EU if i % 3 else US, in_force=i % 2 == 0) for i, p in enumerate(prefixes)]
    for route in routes:
        table.announce(route)
    table.withdraw(routes[1])
    table.withdraw(routes[2])
    table.announce(SubnetRoute("10.0.0.0/10", EU))
    read = read_subnets(table.store, "default", classes)
    for version, subnets in read.items():
        there = (r for r in table if isinstance(r, SubnetRoute) and r.network.version == version)
        held = sorted(there, key=number_of)
        assert [table.store[id_] for id_ in subnets.ids] == held
        assert subnets.records == b"".join(record_of(number_of(route)) for route in held)
        says = [(route.via, None if route.in_force else route.network) for route in held]
        told = dict(zip(says, subnets.said, strict=True))
        assert [told[said] for said in says] == list(subnets.said)
        assert len(set(told.values())) == len(told)
