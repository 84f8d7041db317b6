"""The strategies that users import: what they draw is sound, simple things come first, and their examples are true."""

from __future__ import annotations

import doctest
import sys
from importlib import import_module
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from textwrap import dedent
from typing import Any

import attrs
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from networks import PHASES, Question
from test_agreement import QUICK, examples, outcome

import vpcroute
from vpcroute import Resolution, RouteError, RouteTable, Vantage, strategies
from vpcroute.reference import Reference
from vpcroute.strategies import Network
from vpcroute.strategies.hosts import spellings
from vpcroute.strategies.routes import edges_of, names_around

_README = Path(__file__).parents[1] / "README.md"
_FIRST = settings(derandomize=True, database=None, deadline=None, phases=PHASES)


@pytest.mark.parametrize(("name", "examples"), [("routes", 5), ("hosts", 5), ("policies", 0)])
def test_examples_are_what_failures_shrink_to(name: str, examples: int) -> None:
    always = settings(_FIRST, phases=(Phase.generate, Phase.shrink))
    module = import_module(f"vpcroute.strategies.{name}")
    known = {n: getattr(vpcroute, n) for n in ("SubnetRoute", "Tunnel", "RouteTable")}
    known |= {"IPv4Address": IPv4Address, "find": lambda *args: find(*args, settings=always)}
    result = doctest.testmod(module, extraglobs=known)
    assert (result.failed, result.attempted > examples) == (0, True)


class MyProxy:
    """A proxy that is right: it goes by the rules as they are written."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._rules = Reference(RouteTable.from_document(document), Vantage())

    def route(self, url: str) -> object:
        try:
            return self._rules.resolve_fetch(url).egress
        except RouteError as refused:
            return refused.code


@pytest.mark.parametrize("text", [strategies.__doc__, _README.read_text(encoding="utf-8")], ids=["docstring", "README"])
def test_example_of_a_proxy(text: str) -> None:
    code = text[text.index("from hypothesis import") :]
    known: dict[str, Any] = {"MyProxy": MyProxy}
    exec(dedent("    " * (text == strategies.__doc__) + code[: code.index("== expected") + 11]), known)  # noqa: S102
    settings(_FIRST, max_examples=15)(known["test_proxy_sends_each_url_where_it_belongs"])()


def test_every_name_is_there_and_documented() -> None:
    for name in strategies.__all__:
        thing = getattr(strategies, name)
        assert isinstance(thing, tuple) or thing.__doc__, name


@examples(QUICK // 3)
@given(st.data())
def test_document_and_table_of_a_network_are_the_same(data: st.DataObject) -> None:
    """But for what a document cannot say, and says more of: a next hop that no on-ramp has."""
    drawn, vantage = data.draw(strategies.networks(health_by_place=False)), data.draw(strategies.vantages())
    routes = [route for route in drawn.routes if getattr(route, "in_force", True) and route.via.id is not None]
    network = attrs.evolve(
        drawn,
        routes=tuple(routes),
        subnets=tuple(subnet for subnet in drawn.subnets if subnet[0] != "private_lb"),
        health={key: state for key, state in drawn.health.items() if key[0].id is not None},
    )
    read, made = RouteTable.from_document(attrs.evolve(drawn, routes=tuple(routes)).document()), network.table()
    assert set(read) == set(made)
    asked = [Question("resolve", ip) for ip in edges_of(routes)]
    asked += [Question("resolve_fetch", f"http://{name}/") for name in names_around(routes)]
    for question in asked:
        one, other = (outcome(Reference(table, vantage), question) for table in (read, made))
        assert one == other, question


@examples(QUICK // 3)
@given(st.data(), strategies.tables(max_routes=4))
def test_vantages_stand_on_their_table(data: st.DataObject, table: RouteTable) -> None:
    vantage = data.draw(strategies.vantages(table))
    assert table.compile(vantage).vantage == vantage
    assert data.draw(strategies.vantages(table, services=False)).network_id is not None


PRIVATE = "10.0.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.168.1.1 100.64.0.1 0.0.0.0 ::1 fd00::1 fe80::1".split()


@pytest.mark.parametrize("text", PRIVATE)
@pytest.mark.parametrize("call", ["resolve_fetch", "resolve_connect", "lookup"])
def test_no_spelling_of_a_private_address_leaves(call: str, text: str) -> None:
    """Each is refused, or read as a public address (0010.0.0.1 is 8.0.0.1 to a browser), never taken for a name."""
    table = RouteTable()
    for host in spellings(ip_address(text)):
        argument = {"resolve_fetch": f"http://{host}/", "resolve_connect": f"{host}:443", "lookup": host}[call]
        try:
            found = getattr(Reference(table, Vantage()), call)(argument)
        except RouteError:
            continue
        assert isinstance(found, Resolution), argument
        assert found.ip is not None, argument
        assert found.ip.is_global, argument


def test_near_misses_are_about_the_table() -> None:
    often = settings(_FIRST, max_examples=2000)
    table = Network(routes=(vpcroute.SubnetRoute("203.0.113.8/29", strategies.TUNNELS[0]),)).table()
    for host in ("203.0.113.7", "203.0.113.8", "203.0.113.15", "203.0.113.16", "0xcb007107"):
        assert find(strategies.near_misses(table), host.__eq__, settings=often) == host


def test_without_hypothesis_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    for name in [name for name in sys.modules if name.startswith("vpcroute.strategies")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match=r"vpcroute\[strategies\]"):
        import_module("vpcroute.strategies")
