"""Where every address goes, by ranges, against every edge asked one by one; and why, against one explanation each."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import EVERY_VANTAGE
from test_agreement import QUICK, examples

import vpcroute
from vpcroute import RouteError, RouteTable, SubnetRoute, Tunnel, Vantage
from vpcroute.analysis.answer_ranges import answer_ranges
from vpcroute.analysis.cover import Cover, known_of
from vpcroute.analysis.explain import explain_compiled
from vpcroute.analysis.explanation import Status
from vpcroute.analysis.reasons import Reasons
from vpcroute.analysis.sources import Compiled, Elsewhere
from vpcroute.compiler import compile_table
from vpcroute.edges import WIDTHS, Version, address_edges
from vpcroute.fields import MAPPED
from vpcroute.outcomes import destination_text
from vpcroute.ranges import Range
from vpcroute.strategies import Network, networks

VANTAGES = st.sampled_from([v for v in EVERY_VANTAGE if v.service_id is None])
_MAPPED = int(MAPPED.network_address), int(MAPPED.broadcast_address)
EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")


def edges(table: RouteTable, version: Version) -> list[int]:
    """Every edge with its neighbour, but for IPv4-mapped addresses."""
    found = address_edges(table, version)
    found = sorted({*found, *(edge - 1 for edge in found if edge), (1 << WIDTHS[version]) - 1})
    return [edge for edge in found if version == 4 or not _MAPPED[0] <= edge <= _MAPPED[1]]


def ip_of(version: int, number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if version == 4 else IPv6Address(number)


def said(resolver: Any, version: int, number: int) -> tuple[object, ...]:
    try:
        found = resolver.resolve((ip_of(version, number), 1))
    except RouteError as error:
        return None, error.code, True, None
    return found.egress, None, found.guaranteed, found.route


@examples(QUICK // 14)
@given(networks(), VANTAGES)
def test_ranges_are_what_the_edges_say_and_as_few_as_can_be(network: Network, vantage: Vantage) -> None:
    table = network.table()
    resolver = compile_table(table, vantage)
    found = list(answer_ranges(resolver))
    for version in WIDTHS:
        mine = [r for r in found if r.version == version]
        numbers = iter(mine)
        here = next(numbers)
        for edge in edges(table, version):
            while here.last < edge:
                here = next(numbers)
            assert here.first <= edge
            assert (here.egress, here.code, here.guaranteed, here.route) == said(resolver, version, edge)
        assert mine[0].first == 0
        assert mine[-1].last == (1 << WIDTHS[version]) - 1
        for one, other in pairwise(mine):
            assert one.last < other.first
            assert other.first - one.last == 1 or (one.last + 1, other.first - 1) == _MAPPED
            assert (
                other.first - one.last != 1
                or (one.egress, one.code, one.guaranteed)
                != (
                    other.egress,
                    other.code,
                    other.guaranteed,
                )
                or one.route is not other.route
            )


@examples(QUICK // 14)
@given(networks(), VANTAGES.filter(lambda v: v.tunnel_id is None))
def test_reasons_are_those_of_the_explanation(network: Network, vantage: Vantage) -> None:
    table = network.table()
    resolver = compile_table(table, vantage)
    known, reasons = known_of(resolver), Reasons(Compiled(resolver).view)
    for version, cover in known.covers.items():
        numbers = reasons.of(cover)
        for edge in edges(table, version):
            place = cover.at(edge)
            reason = reasons.all[numbers[place]]
            explained = explain_compiled(resolver, f"{ip_of(version, edge)}")
            if isinstance(explained.winner, vpcroute.InvalidAddress):
                continue
            mine = [
                (_destination(item), fate.status, fate.text)
                for item, fate in zip(cover.chain(place), reason.fates, strict=True)
                if fate.status is not None
            ]
            theirs = [(c.destination, c.status, c.lost_by and c.lost_by.text) for c in explained.candidates]
            if any(step.rule.code == "own_address" and step.effect != "passed" for step in explained.steps):
                pairs = {entry[:2] for entry in theirs}  # texts name the owner, and not all ranges around are listed
                assert pairs <= {entry[:2] for entry in mine}
                continue
            host = explained.target and explained.target.host
            steps = [(s.rule.code, s.effect, s.text.replace(str(host), "the address")) for s in explained.steps]
            assert [*reason.steps] == steps
            assert sorted(mine, key=repr) == sorted(theirs, key=repr)


def _destination(item: Any) -> str:
    if isinstance(item, Range):
        return str(item.network)
    return str(item.prefix) if isinstance(item, Elsewhere) else destination_text(item)


def test_what_one_route_has_is_one_range() -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", via=EU))
    table.announce(SubnetRoute("10.1.0.0/16", via=US))
    found = [r for r in answer_ranges(table.compile()) if r.egress in (EU, US)]
    assert [(str(r.start), str(r.end), r.egress) for r in found] == [
        ("10.0.0.0", "10.0.255.255", EU),
        ("10.1.0.0", "10.1.255.255", US),
        ("10.2.0.0", "10.255.255.255", EU),
    ]
    assert found[0].route is found[2].route is not None


def test_a_tunnel_binding_is_one_range_a_family() -> None:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", via=EU))
    found = list(answer_ranges(table.compile(tunnel_id="eu")))
    assert {(r.version, r.egress, r.route) for r in found} == {(4, EU, None), (6, EU, None)}
    sizes = {version: sum(r.last - r.first + 1 for r in found if r.version == version) for version in WIDTHS}
    assert sizes == {4: 1 << 32, 6: (1 << 128) - (1 << 32)}  # without the IPv4-mapped addresses


def test_few_reasons_stand_for_many_prefixes() -> None:
    table = RouteTable()
    with table.transaction():
        for i in range(500):
            table.announce(SubnetRoute(f"10.{i // 256}.{i % 256}.0/24", via=Tunnel(f"t{i}")))
    resolver = table.compile()
    reasons = Reasons(Compiled(resolver).view)
    cover: Cover = known_of(resolver).covers[4]
    numbers = reasons.of(cover)
    of_routes = {
        n for n, items in zip(numbers, cover.items, strict=True) if any(isinstance(i, SubnetRoute) for i in items)
    }
    assert len(of_routes) == 1
    assert [f.status for f in reasons.all[of_routes.pop()].fates] == [Status.WINS]


def test_a_resolver_from_a_file_does_not_know(tmp_path: Any) -> None:
    table = RouteTable()
    table.compile().save(tmp_path / "r")
    with pytest.raises(RouteError) as caught:
        list(answer_ranges(vpcroute.Resolver.open(tmp_path / "r")))
    assert caught.value.code == "routes_not_saved"
