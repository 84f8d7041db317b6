"""What a change would do, and what would be lost with a connector, against tables that really are changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from brute import as_spans, changed_spans, wrong_names
from hypothesis import given
from hypothesis import strategies as st
from networks import NETWORK_VANTAGES
from test_agreement import QUICK, examples

from vpcroute import HostnameRoute, InvalidVantage, RouteConflict, RouteTable, SubnetRoute, Tunnel, Vantage, WanRoute
from vpcroute.analysis.diff import diff
from vpcroute.analysis.impact import impact
from vpcroute.analysis.standpoints import every_vantage, networks_apart, together
from vpcroute.analysis.whatif import Announce, Change, Drain, Mode, State, Withdraw, rehearse, whatif
from vpcroute.announcements import VirtualNetwork
from vpcroute.compiler import compile_table
from vpcroute.egress import ClientDevice, OnRamp
from vpcroute.strategies import ONRAMPS, TUNNELS, networks

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
HQ = OnRamp(kind="gre", name="hq")


def small() -> RouteTable:
    networks = [VirtualNetwork("default-id", "default", is_default=True), VirtualNetwork("staging-id", "staging")]
    table = RouteTable(virtual_networks=networks)
    table.announce(SubnetRoute("10.0.0.0/16", via=EU))
    table.announce(SubnetRoute("10.0.1.0/24", via=US))
    table.announce(SubnetRoute("10.0.0.0/16", via=US, virtual_network="staging"))
    table.announce(WanRoute("10.0.1.0/25", via=HQ, priority=100, regions=["ENAM"]))
    table.announce(WanRoute("10.9.0.0/16", via=HQ, priority=100))
    table.announce(HostnameRoute("a.corp", via=EU))
    table.announce(HostnameRoute("*.corp", via=US))
    return table


@pytest.mark.parametrize(
    ("changes", "vantage", "addresses", "names"),
    [
        pytest.param([State("eu", "down")], {}, {"unavailable": 65536 - 256}, {"a.corp": "unavailable"}, id="down"),
        pytest.param([State("eu", "down"), State("eu", "healthy")], {}, {}, {}, id="down and up"),
        pytest.param([Withdraw("10.0.1.0/24")], {}, {"moved": 256}, {}, id="withdraw"),
        pytest.param([Withdraw("10.0.0.0/16", "staging")], {}, {}, {}, id="withdraw elsewhere"),
        pytest.param([Withdraw("*.corp")], {}, {}, {"*.corp": "to_gateway"}, id="withdraw a pattern"),
        pytest.param([Withdraw("a.corp")], {}, {}, {"a.corp": "moved"}, id="withdraw a name"),
        pytest.param([Drain("hq")], {}, {"unreachable": 65536, "guarantee": 128}, {}, id="drain"),
        pytest.param([Drain("hq")], {"region": "ENAM"}, {"moved": 128, "unreachable": 65536}, {}, id="drain there"),
        pytest.param([Announce("10.8.0.0/24", "us")], {}, {"reachable": 256}, {}, id="announce"),
        pytest.param([Announce("10.8.0.0/24", "hq")], {}, {"reachable": 256}, {}, id="announce by WAN"),
        pytest.param([Announce("b.corp", "eu")], {}, {}, {"b.corp": "moved"}, id="announce a name"),
        pytest.param([Announce("10.8.0.0/24", "us", "staging")], {}, {}, {}, id="announce elsewhere"),
        pytest.param([Mode("legacy")], {"region": "ENAM"}, {"moved": 128}, {}, id="legacy"),
    ],
)
def test_whatif(
    changes: list[Change], vantage: dict[str, Any], addresses: dict[str, int], names: dict[str, str]
) -> None:
    table = small()
    before = list(table), table.generation, dict(table.counts())
    found = whatif(table, changes, Vantage(**vantage))
    counted: Counter[str] = Counter()
    for change in found.addresses:
        counted[change.kind] += change.count
    assert dict(counted) == addresses
    assert {change.pattern: change.kind for change in found.names} == names
    assert (list(table), table.generation, dict(table.counts())) == before
    assert not diff(small().compile(**vantage), table.compile(**vantage))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (State("nobody", "down"), LookupError),
        (Withdraw("10.77.0.0/16"), LookupError),
        (Withdraw("10.0.1.0/24", "staging"), LookupError),
        (Withdraw("b.corp"), LookupError),
        (Drain("nobody"), LookupError),
        (Announce("10.0.0.0/16", "us"), RouteConflict),
        (Announce("10.0.0.0/33", "us"), ValueError),
    ],
)
def test_what_cannot_be_done_is_said_and_undone(change: Change, error: type[Exception]) -> None:
    table = small()
    before = list(table)
    with pytest.raises(error):
        whatif(table, [Drain("hq"), change])
    assert list(table) == before


@examples(QUICK // 20)
@given(st.data())
def test_whatif_is_the_difference_to_a_table_that_was_changed(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(st.sampled_from(NETWORK_VANTAGES))
    table, changed = network.table(), network.table()
    connectors = st.sampled_from([str(c.id or c.name) for c in (*TUNNELS[1:], *ONRAMPS)])
    changes: list[Change] = data.draw(
        st.lists(
            st.one_of(
                connectors.map(Drain), st.builds(State, connectors, st.sampled_from(["down", "degraded", "healthy"]))
            ),
            min_size=1,
            max_size=3,
        )
    )
    for change in changes:
        change.apply(changed)
    found = whatif(table, changes, vantage)
    assert as_spans(found) == changed_spans(table, changed, vantage, vantage)
    assert wrong_names(found, table, changed, vantage, vantage) == []


@examples(QUICK // 18)
@given(st.data())
def test_impact_is_what_draining_changes(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(st.sampled_from(NETWORK_VANTAGES))
    table = network.table()
    ranked = impact(table, vantage)
    before = compile_table(network.table(), vantage)
    expected = {route.via for route in table if not isinstance(route.via, ClientDevice)}
    assert {one.connector for one in ranked} == expected
    for one in ranked:
        left = network.table([route for route in network.routes if route.via != one.connector])
        assert one.counts == diff(before, compile_table(left, vantage)).counts()
        assert one.routes == sum(route.via == one.connector for route in network.routes)
    assert not diff(before, compile_table(table, vantage))


def test_the_gravest_comes_first() -> None:
    ranked = impact(small(), Vantage(region="ENAM"))
    assert [one.connector for one in ranked] == [HQ, EU, US]
    assert ranked[0].count("unreachable", "ipv4") == 65536
    assert ranked[0].count("moved", "ipv4") == 128
    with pytest.raises(InvalidVantage):
        impact(small(), Vantage(tunnel_id="eu"))


def test_every_vantage_and_what_is_the_same_from_several() -> None:
    table, other = small(), small()
    other.add(VirtualNetwork("new-id", "new"))
    pairs = every_vantage(table, other, Vantage())
    places = [(None, None), ("ENAM", None)]
    assert [(a.virtual_network, b.virtual_network) for a, b in pairs] == [(None, None)] * 2 + [("staging-id",) * 2] * 2
    assert [(a.region, a.colo) for a, _ in pairs] == places * 2
    assert [[n.name for n in some] for some in networks_apart(table, other)] == [[], ["new"]]
    found = rehearse(table, [Drain("hq")], [a for a, _ in pairs])
    assert [len(group) for group in together(found)] == [1, 1, 2]
