"""A resolver that is compiled after changes is the one that is compiled from a table made anew, and older ones stay."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from ipaddress import ip_network
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import EVERY_VANTAGE
from test_agreement import QUICK, check_compiled, examples, outcome, questions_about

from vpcroute import BgpRoute, HostnameRoute, OnRamp, RouteTable, SubnetRoute, Tunnel, Vantage, WanRoute
from vpcroute.changes import ChangeLog
from vpcroute.compiler import compile_table
from vpcroute.store import Store
from vpcroute.strategies import Network, networks, vantages

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
HQ, BRANCH = OnRamp(kind="gre", name="hq"), OnRamp(kind="ipsec", name="branch")


@examples(QUICK)
@given(st.data())
def test_compiled_after_every_change_as_if_made_anew(data: st.DataObject) -> None:
    network = data.draw(networks(max_routes=10))
    views = data.draw(st.lists(vantages(services=False), min_size=1, max_size=2, unique=True))
    order = data.draw(st.permutations(network.routes))
    table = network.table(order[: len(order) // 2])
    compile_all(table, views)
    again = data.draw(st.lists(st.sampled_from(order), max_size=4)) if order else []
    for route in (*order[len(order) // 2 :], *again):
        if route in set(table):
            table.withdraw(route)
        else:
            table.announce(route)
        if data.draw(st.booleans()):
            table.set_health(route.via, data.draw(st.sampled_from(["healthy", "degraded", "down"])))
        if data.draw(st.booleans()):
            compile_all(table, views)
    asked = questions_about(network)
    for vantage in views:
        check_compiled(table, vantage, asked)


def compile_all(table: RouteTable, views: list[Vantage]) -> None:
    for vantage in views:
        compile_table(table, vantage)


@examples(QUICK // 2)
@given(st.data())
def test_older_resolvers_stay_as_they_were(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages(services=False))
    table, asked = network.table(), questions_about(network)
    kept = []
    for route in (*network.routes, *network.routes):
        resolver = compile_table(table, vantage)
        kept.append((resolver, [outcome(resolver, question) for question in asked]))
        if route in set(table):
            table.withdraw(route)
        else:
            table.announce(route)
    for resolver, before in kept:
        assert [outcome(resolver, question) for question in asked] == before


@pytest.mark.parametrize("prefix", ["10.0.0.0/8", "10.1.0.0/16", "203.0.113.0/24", "0.0.0.0/0", "fd00::/8", "::/0"])
def test_all_kinds_come_and_go_at_one_prefix(prefix: str) -> None:
    """The first is a special-purpose range; what else is said there stays whatever comes or goes."""
    network = Network(
        (
            SubnetRoute(prefix, EU),
            SubnetRoute(prefix, US, virtual_network="staging"),
            WanRoute(prefix, HQ, priority=100, regions=["ENAM"]),
            WanRoute(prefix, BRANCH, priority=200),
            BgpRoute(prefix, HQ),
        )
    )
    table, random = network.table([]), Random(prefix)  # noqa: S311
    views = [Vantage(), Vantage(region="ENAM"), Vantage(virtual_network="staging"), Vantage(routing_mode="legacy")]
    asked = questions_about(network)
    compile_all(table, views)
    for step in range(24):
        route = random.choice(network.routes)
        if step == 23:  # at last there is nothing
            for left in set(table):
                table.withdraw(left)
        elif route in set(table):
            table.withdraw(route)
        else:
            table.announce(route)
        for vantage in views:
            check_compiled(table, vantage, asked)


@pytest.mark.parametrize("prefix", ["10.0.0.0/8", "203.0.113.0/24", "0.0.0.0/0", "::/0"])
def test_one_route_comes_and_goes(prefix: str) -> None:
    network = Network((SubnetRoute(prefix, EU),))
    table, asked = network.table([]), questions_about(network)
    table.compile()
    for change in (table.announce, table.withdraw, table.announce):
        change(network.routes[0])
        check_compiled(table, Vantage(), asked)


@pytest.mark.parametrize("vantage", EVERY_VANTAGE[::37], ids=repr)
def test_other_ranges_and_another_default_network(vantage: Vantage) -> None:
    routes = (SubnetRoute("10.0.0.0/8", EU), SubnetRoute("100.64.0.0/11", US, virtual_network="staging"))
    network = Network(routes)
    table = network.table()
    compile_table(table, vantage)
    table.set_subnets([("device", ip_network("100.96.0.0/16"))])
    table.set_default("staging")
    check_compiled(table, vantage, questions_about(network))


def test_one_change_makes_one_span_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither other prefixes nor the other family nor names are gone through again."""
    table = RouteTable()
    random = Random(7)  # noqa: S311
    for number in random.sample(range(2**16), 2000):
        table.announce(SubnetRoute(f"10.{number >> 8}.{number & 255}.0/24", EU if number % 2 else US))
    table.announce(HostnameRoute("a.example", EU))
    table.announce(SubnetRoute("fd00::/8", EU))
    before = table.compile()
    swept = []
    updates: Any = import_module("vpcroute.updates")
    sweep = updates._swept_span

    def counted(version: int, span: Any, told: Any, *rest: Any) -> object:
        swept.append((version, len(told[1])))
        return sweep(version, span, told, *rest)

    monkeypatch.setattr(updates, "_swept_span", counted)
    table.announce(SubnetRoute("10.99.5.128/25", US))
    after = table.compile()
    assert swept == [(4, 1)]
    assert str(after.resolve("10.99.5.129:1").egress) == str(US)
    assert before.generation + 1 == after.generation
    swept.clear()
    table.withdraw(SubnetRoute("fd00::/8", EU))
    table.announce(HostnameRoute("b.example", EU))
    table.compile()
    assert [version for version, _ in swept] == [6]
    swept.clear()
    table.set_health(EU, "down")
    table.compile(region="ENAM")
    assert swept == []


def test_many_changes_begin_anew() -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", EU))
    table.compile()
    for number in range(300):
        table.announce(SubnetRoute(f"10.0.{number >> 8}.{number & 255}/32", US))
    assert table.store.log.since(table.store.log.revision - 300) is None
    assert table.compile().resolve("10.0.1.2:1").egress == US
    assert table.compile().resolve("10.1.1.2:1").egress == EU


def test_a_change_undone_leaves_what_was() -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", EU))
    table.compile()
    with suppress(ZeroDivisionError), table.transaction():
        table.announce(SubnetRoute("10.1.0.0/16", US))
        assert table.compile().resolve("10.1.0.1:1").egress == US
        raise ZeroDivisionError
    assert table.compile().resolve("10.1.0.1:1").egress == EU


def test_state_of_an_onramp_moves_its_classes_only() -> None:
    table = RouteTable()
    for onramp, priority in ((HQ, 100), (BRANCH, 200)):
        table.announce(WanRoute("10.0.0.0/16", onramp, priority=priority))
    table.announce(WanRoute("10.1.0.0/16", BRANCH, priority=100))
    table.announce(BgpRoute("10.2.0.0/16", HQ))
    first = table.compile()
    table.set_health(HQ, "down")
    second = table.compile()
    assert [str(r.resolve("10.0.0.1:1").egress.name) for r in (first, second)] == ["hq", "branch"]
    assert [str(r.resolve("10.2.0.1:1").egress.name) for r in (first, second)] == ["hq", "hq"]
    table.set_health(HQ, None)
    assert table.compile().resolve("10.0.0.1:1").egress == HQ


def test_log_knows_what_came_since() -> None:
    log, store = ChangeLog(), Store()
    a, b = SubnetRoute("10.0.0.0/8", EU), SubnetRoute("10.0.0.0/9", EU)
    assert log.since(0) == []
    log.add(a, True)
    assert log.since(0) is None  # nobody said that it matters
    log.keep(2)
    log.add(a, False)
    log.add(b, True)
    assert (log.since(1), log.since(2), log.since(3)) == ([(a, False), (b, True)], [(b, True)], [])
    log.add(a, True)  # one too many
    assert (log.since(3), log.since(log.revision)) == (None, [])
    log.keep(2)
    log.clear()
    assert log.since(log.revision - 1) is None
    assert store.log.revision == 0
