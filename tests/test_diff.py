"""What changes for traffic between two resolvers, against every edge and every name asked one by one."""

from __future__ import annotations

from typing import Any

import attrs
from brute import as_spans, changed_spans, wrong_names
from hypothesis import given
from hypothesis import strategies as st
from networks import EVERY_VANTAGE, are_rivals
from test_agreement import QUICK, examples

from vpcroute import (
    HostnameRoute,
    OnRamp,
    Tunnel,
)
from vpcroute.analysis.diff import diff
from vpcroute.compiler import compile_table
from vpcroute.strategies import Network, networks

VANTAGES = st.sampled_from(EVERY_VANTAGE)
EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
HQ = OnRamp(kind="gre", name="hq")


@st.composite
def later(draw: st.DrawFn, network: Network) -> Network:
    """A network that has much in common with another one."""
    other = draw(networks(max_routes=5))
    kept = [route for route in network.routes if draw(st.integers(0, 3))]
    kept += [
        r
        for r in other.routes
        if not any(are_rivals(r, k) for k in kept) and (network.subnets == other.subnets or not _has_prefix(r))
    ]
    return attrs.evolve(
        network,
        routes=tuple(kept),
        health=draw(st.sampled_from([network.health, other.health])),
        hosts=draw(st.sampled_from([network.hosts, other.hosts])),
    )


def _has_prefix(route: Any) -> bool:
    return not isinstance(route, HostnameRoute)


@examples(QUICK // 14)
@given(st.data())
def test_of_two_tables_all_is_found_and_nothing_else(data: st.DataObject) -> None:
    network = data.draw(networks())
    before, after = network.table(), data.draw(later(network)).table()
    asked = data.draw(VANTAGES)
    then = data.draw(st.sampled_from([asked, asked, asked]) | VANTAGES)
    changes = diff(compile_table(before, asked), compile_table(after, then))
    if asked.service_id is None and then.service_id is None:
        assert as_spans(changes) == changed_spans(before, after, asked, then)
        assert wrong_names(changes, before, after, asked, then) == []
    assert bool(changes) == bool(changes.addresses or changes.names)


@examples(QUICK // 14)
@given(st.data())
def test_of_one_table_that_changes_too(data: st.DataObject) -> None:
    network = data.draw(networks())
    vantage = data.draw(st.sampled_from([v for v in EVERY_VANTAGE if v.service_id is None]))
    before, table = network.table(), network.table()
    old = compile_table(table, vantage)
    order = data.draw(st.permutations(network.routes))
    for route in order[: len(order) // 3]:
        table.withdraw(route)
    compile_table(table, vantage)
    for route in order[: len(order) // 6]:
        table.announce(route)
    for connector in {route.via for route in order[:2]}:
        table.set_health(connector, data.draw(st.sampled_from(["healthy", "down", None])))
    changes = diff(old, compile_table(table, vantage))
    assert as_spans(changes) == changed_spans(before, table, vantage, vantage)
    assert wrong_names(changes, before, table, vantage, vantage) == []


@examples(QUICK // 25)
@given(st.data())
def test_nothing_changed_is_nothing(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(VANTAGES)
    resolver = compile_table(network.table(), vantage)
    again = compile_table(network.table(data.draw(st.permutations(network.routes))), vantage)
    assert not diff(resolver, resolver)
    assert not diff(resolver, again)
