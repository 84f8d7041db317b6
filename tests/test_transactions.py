"""Who is told of a transaction, when, and with which operations; and that these make of one table another like it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Network, ip_address
from typing import Any

import pytest
from doing import RULE, Block, blocks, held, make
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute import (
    HostnameRoute,
    OnRamp,
    RouteConflict,
    RouteTable,
    SubnetRoute,
    Tunnel,
    VirtualNetwork,
    VpcService,
)
from vpcroute.operations import OPERATIONS, Operation
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.strategies import VIRTUAL_NETWORKS

EU = Tunnel("t1", "eu")
GRE = OnRamp(kind="gre", name="gre", id="o1")
A, B = (SubnetRoute(f"10.{n}.0.0/16", EU, virtual_network="default") for n in (1, 2))
ODD = Finding(RemarkCode.EMPTY_SCOPE, "routes[1]", "odd")
SERVICE = VpcService("s1", "web", via=EU, ipv4="10.0.0.1")


class Abort(BaseException):
    """What no handler catches by accident."""


@pytest.fixture
def told() -> list[Any]:
    """What recorder and listener were told, in order."""
    return []


@pytest.fixture
def table(told: list[Any]) -> RouteTable:
    made = RouteTable()
    made.announce(B)
    made.add_recorder(told.append)
    made.add_listener(told.append)
    return made


# Operations


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.announce(SubnetRoute("10.1.0.0/16", EU)), ("announce_at", "", A)),
        (lambda t: t.announce_at("routes[1]", A, ODD), ("announce_at", "routes[1]", A, ODD)),
        (lambda t: t.withdraw(SubnetRoute("10.2.0.0/16", EU)), ("withdraw", B)),
        (lambda t: t.note(ODD), ("note", ODD)),
        (lambda t: t.add(SERVICE), ("add", SERVICE)),
        (lambda t: t.set_health("eu", "down"), ("set_health", EU, "down", None)),
        (lambda t: t.set_health(EU, "down", place="enam"), ("set_health", EU, "down", "ENAM")),
        (lambda t: t.set_hosts("A.b.", ["10.0.0.1"]), ("set_hosts", "a.b", (ip_address("10.0.0.1"),))),
        (
            lambda t: t.set_subnets([["device", IPv4Network("10.3.0.0/16")]]),
            ("set_subnets", (("device", IPv4Network("10.3.0.0/16")),)),
        ),
        (lambda t: t.set_gateway(iter([RULE]), ()), ("set_gateway", (RULE,), (), None)),
    ],
)
def test_a_change_is_recorded_as_the_table_understood_it(
    table: RouteTable, told: list[Any], change: Callable[[RouteTable], object], expected: tuple[Any, ...]
) -> None:
    kind, *arguments = expected
    change(table)
    assert told == [(Operation(kind, tuple(arguments)),), 2]


def test_objects_that_go_and_the_default_network_are_recorded_too(table: RouteTable, told: list[Any]) -> None:
    network = VirtualNetwork("v2", "other")
    with table.transaction():
        table.add(GRE)
        table.add(network)
        table.set_default("other")
        table.remove(GRE)
        table.note(ODD)
        table.forget(ODD)
    operations, generation = told
    assert operations[2:4] == (Operation("set_default", ("v2",)), Operation("remove", (GRE,)))
    assert operations[4:] == (Operation("note", (ODD,)), Operation("forget", (ODD,)))
    assert generation == 2


@pytest.mark.parametrize(
    "nothing",
    [
        lambda t: None,
        lambda t: t.announce(B),
        lambda t: t.add(t.virtual_networks[0]),
        lambda t: t.set_default("default"),
        lambda t: t.set_health("eu", None),
        lambda t: t.set_hosts("a.b", None),
        lambda t: t.set_subnets(()),
    ],
)
def test_of_what_changes_nothing_nobody_is_told(
    table: RouteTable, told: list[Any], nothing: Callable[[RouteTable], object]
) -> None:
    with table.transaction():
        nothing(table)
    assert told == []


def test_what_was_undone_is_not_recorded(table: RouteTable, told: list[Any]) -> None:
    with table.transaction():
        table.announce(A)
        with pytest.raises(Abort), table.transaction():  # noqa: PT012
            table.withdraw(A)
            with table.transaction():
                table.announce(HostnameRoute("a.b", EU))
            raise Abort
        with pytest.raises(RouteConflict):
            table.announce(SubnetRoute("10.1.0.0/16", Tunnel("t2")))
        table.set_health(EU, "down")
    assert told == [(Operation("announce_at", ("", A)), Operation("set_health", (EU, "down", None))), 2]
    with pytest.raises(Abort), table.transaction():  # noqa: PT012
        table.withdraw(A)
        raise Abort
    assert len(told) == 2


def test_without_a_recorder_nothing_is_kept() -> None:
    table = RouteTable()
    with table.transaction():
        table.announce(A)
        table.set_health(EU, "down")
        assert table._operations == []


@given(st.lists(blocks(), max_size=8))
@settings(max_examples=50, deadline=None)
def test_operations_make_of_an_equal_table_an_equal_one(drawn: list[Block]) -> None:
    tables = [RouteTable(virtual_networks=VIRTUAL_NETWORKS) for _ in range(2)]
    recorded: list[Sequence[Operation]] = []
    tables[0].add_recorder(recorded.append)
    make(tables[0], drawn)
    for operations in recorded:
        with tables[1].transaction():
            for operation in operations:
                operation.apply(tables[1])
    assert held(tables[1]) == held(tables[0])
    assert tables[1].generation == tables[0].generation == len(recorded)
    assert {operation.kind for operations in recorded for operation in operations} <= set(OPERATIONS)


def test_only_a_finding_that_was_noted_is_forgotten(table: RouteTable) -> None:
    with pytest.raises(KeyError, match="odd"):
        table.forget(ODD)
    table.note(ODD)
    table.forget(ODD)
    assert table.findings == ()


# The recorder


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_what_the_recorder_refuses_is_undone(kind: type[BaseException]) -> None:
    table, heard = RouteTable(), list[int]()
    table.announce(B)
    before = held(table), table.generation

    def refuse(operations: Sequence[Operation]) -> None:
        assert [*table] == [B, A]
        assert table.generation == before[1]
        raise kind("full")

    table.add_recorder(refuse)
    table.add_listener(heard.append)
    for _ in range(2):
        with pytest.raises(kind, match="full"), table.transaction(), table.transaction():
            table.announce(A)
        assert (held(table), table.generation) == before
    assert heard == []
    table.remove_recorder(refuse)
    table.announce(A)
    assert (heard, [*table]) == ([2], [B, A])


def test_there_is_one_recorder_and_it_comes_and_goes_between_transactions(table: RouteTable, told: list[Any]) -> None:
    with pytest.raises(RuntimeError, match="a recorder already"):
        table.add_recorder(print)
    with pytest.raises(ValueError, match="not the recorder"):
        table.remove_recorder(print)
    with table.transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        table.remove_recorder(told.append)
    table.remove_recorder(told.append)
    with table.transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        table.add_recorder(told.append)
    table.announce(A)
    assert told == [2]


# Listeners


def test_every_listener_is_called_and_the_first_error_is_raised_with_the_lock_free() -> None:
    table, heard = RouteTable(), list[str]()

    def fail(number: int, generation: int) -> None:
        heard.append(f"{number} of {generation}")
        raise LookupError(heard[-1])

    for number in range(3):
        table.add_listener(partial(fail, number))
    with pytest.raises(LookupError, match="0 of 1"):
        table.announce(A)
    assert heard == ["0 of 1", "1 of 1", "2 of 1"]
    assert ([*table], table.generation) == ([A], 1)
    free: list[bool] = []
    thread = threading.Thread(target=lambda: free.append(table.reading().acquire(timeout=10)))
    thread.start()
    thread.join()
    assert free == [True]


def test_a_listener_reads_the_new_state_while_nobody_else_changes_it(table: RouteTable) -> None:
    seen: list[object] = []
    table.add_listener(lambda generation: seen.append((generation, table.generation, [*table], table._depth)))
    with table.transaction(), table.transaction():
        table.announce(A)
    assert seen == [(2, 2, [B, A], 0)]


def test_a_listener_is_called_as_often_as_it_was_added_and_may_go_while_it_is_called() -> None:
    table, heard = RouteTable(), list[int]()

    def once(generation: int) -> None:
        heard.append(generation)
        table.remove_listener(once)

    table.add_listener(once)
    table.add_listener(heard.append)
    table.add_listener(heard.append)
    table.announce(A)
    table.remove_listener(heard.append)
    table.announce(B)
    assert heard == [1, 1, 1, 2]
    with pytest.raises(ValueError, match="not added"):
        table.remove_listener(once)


CHANGES: list[Callable[[RouteTable], object]] = [
    lambda t: t.withdraw(B),
    lambda t: t.set_health(EU, "down"),
    lambda t: t.transaction().__enter__(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_listener_must_not_change_the_table(change: Callable[[RouteTable], object]) -> None:
    table = RouteTable()
    table.announce(B)
    table.add_listener(lambda generation: change(table))
    with pytest.raises(RuntimeError, match="must not change"):
        table.announce(A)
    assert ([*table], table.generation, table._depth) == ([B, A], 2, 0)


@pytest.mark.parametrize("change", CHANGES)
def test_a_recorder_must_not_change_the_table(change: Callable[[RouteTable], object]) -> None:
    table = RouteTable()
    table.announce(B)
    table.add_recorder(lambda operations: change(table))
    with pytest.raises(RuntimeError, match="must not change"):
        table.announce(A)
    assert ([*table], table.generation, table._depth) == ([B], 1, 0)
