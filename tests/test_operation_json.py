"""Operations as JSON and back, and the snapshot of a table: nothing is lost, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from doing import RULE, Block, blocks, held, make
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute import RouteTable, SubnetRoute, Tunnel
from vpcroute.operations import Operation
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.snapshot import snapshot
from vpcroute.sources.operation_json import operation_from_json, operation_to_json
from vpcroute.strategies import VIRTUAL_NETWORKS

TUNNEL = {"Tunnel": {"id": "t1", "name": "eu"}}
ROUTE = {"SubnetRoute": {"network": "10.0.0.0/16", "via": TUNNEL, "virtual_network": "default"}}


def _text(operation: Operation) -> str:
    return json.dumps(operation_to_json(operation))


@given(st.lists(blocks(), max_size=8))
@settings(max_examples=50, deadline=None)
def test_snapshot_and_operations_come_back(drawn: list[Block]) -> None:
    table = RouteTable(virtual_networks=VIRTUAL_NETWORKS, routing_mode="legacy")
    recorded: list[Operation] = []
    table.add_recorder(recorded.extend)
    make(table, drawn)
    again = RouteTable(virtual_networks=table.virtual_networks, routing_mode="legacy")
    for operation in snapshot(table):
        read = operation_from_json(json.loads(_text(operation)))
        assert (read, _text(read)) == (operation, _text(operation))
        read.apply(again)
    assert held(again) == held(table)
    assert list(map(_text, snapshot(again))) == list(map(_text, snapshot(table)))
    for operation in recorded:
        read = operation_from_json(json.loads(_text(operation)))
        assert (read, _text(read)) == (operation, _text(operation))


def test_form() -> None:
    route = SubnetRoute("10.0.0.0/16", Tunnel("t1", "eu"), virtual_network="default")
    assert operation_to_json(Operation("announce_at", ("routes[1]", route))) == ["announce_at", "routes[1]", ROUTE]
    assert operation_to_json(Operation("set_hosts", ("a.b", None))) == ["set_hosts", "a.b", None]


def test_routes_of_one_connector_share_it() -> None:
    one, two = (operation_from_json(["withdraw", ROUTE]).arguments[0].via for _ in range(2))
    assert one is two


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "must be an array that begins with its kind"),
        ([], "must be an array that begins with its kind"),
        ([["note"]], "must be an array that begins with its kind"),
        (["resolve", "10.0.0.1"], "must be an array that begins with its kind"),
        (["withdraw"], "withdraw takes 1 arguments, not 0"),
        (["withdraw", ROUTE, ROUTE], "withdraw takes 1 arguments, not 2"),
        (["withdraw", TUNNEL], "withdraw does not take Tunnel"),
        (["withdraw", "10.0.0.0/16"], "withdraw does not take str"),
        (["announce_at", 1, ROUTE], "announce_at does not take int"),
        (["announce_at", "", ROUTE, ROUTE], "announce_at does not take SubnetRoute"),
        (["add", {}], "must stand under its class, not under 0 names"),
        (["add", TUNNEL | ROUTE], "must stand under its class, not under 2 names"),
        (["add", {"Gateway": {}}], "'Gateway' is not a class of the model"),
        (["add", {"Tunnel": "t1"}], "'Tunnel' is not a class of the model with its fields"),
        (["add", {"Tunnel": {"id": 1}}], "Tunnel.id: must be a str, not int"),
        (["add", {"Tunnel": {"id": "t" * 256}}], "Tunnel.id: must be 1 to 255"),
        (["add", {"Tunnel": {"id": "t", "other": 1}}], "unexpected keyword argument 'other'"),
        (["add", {"Tunnel": {"id": {}}}], "unhashable"),
        (["withdraw", {"SubnetRoute": {"network": "10.0.0.0/33", "via": TUNNEL}}], "SubnetRoute.network"),
        (["withdraw", {"SubnetRoute": {"network": "10.0.0.0/8", "via": TUNNEL, "original": 1}}], "original: must be a"),
        (["note", {"Finding": {"code": "odd", "path": "", "text": ""}}], "'odd' is not a valid RemarkCode"),
        (["note", {"Finding": {"code": "host_bits", "path": 1, "text": ""}}], "Finding.path: must be a string"),
        (
            ["note", {"Finding": {"code": "host_bits", "path": "", "text": "", "announcement": TUNNEL}}],
            "must be a route",
        ),
        (["set_hosts", "a.b", "10.0.0.1"], "set_hosts"),
        (["set_hosts", "a.b", ["10.0.0"]], "'10.0.0' is not an IP address"),
        (["set_hosts", "a.b", [1]], "address: must be a str"),
        (["set_subnets", [["device"]]], "set_subnets: not enough values"),
        (["set_subnets", [["device", "10.0.0.0/33"]]], "is not a prefix"),
        (["set_subnets", 5], "set_subnets"),
        (["set_gateway", [{"GatewayRule": {"id": "r"}}], [], None], "GatewayRule.name: is missing"),
        (["set_gateway", [], [TUNNEL], None], "set_gateway takes policies and lists"),
        (["set_gateway", [], []], "set_gateway takes 3 arguments, not 2"),
        (["set_gateway", [], [], "on"], "set_gateway does not take str"),
        (["set_gateway", [], [], {"GatewayConfiguration": {}}], "GatewayConfiguration.settings: is missing"),
        (["set_gateway", [], [], {"GatewayConfiguration": {"settings": 1}}], "settings: must be an object"),
        (["set_health", TUNNEL, 1, None], "set_health does not take int"),
    ],
)
def test_what_is_no_operation(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        operation_from_json(value)


@pytest.mark.parametrize(
    "operation",
    [
        Operation("set_gateway", ((RULE.__class__("r", "r", "block", (), "1", True),), (), None)),  # type: ignore[arg-type]
        Operation("set_gateway", ((RULE.__class__("r", "r", "b", (), 1, True, settings={"a": (1,)}),), (), None)),
        Operation("set_gateway", ((), (), {"a": (1,)})),
        Operation("note", (Finding(RemarkCode.HOST_BITS, 1, "odd"),)),  # type: ignore[arg-type]
        Operation("set_health", (object(), "down", None)),
    ],
)
def test_what_json_would_not_give_back_is_not_written(operation: Operation) -> None:
    with pytest.raises(TypeError, match="cannot be written"):
        operation_to_json(operation)
