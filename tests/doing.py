"""Changes of a table of every kind, those that cannot be among them, and all that a table holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import attrs
from hypothesis import strategies as st

from vpcroute import Announcement, HostnameRoute, RouteConflict, RouteTable, VirtualNetwork
from vpcroute.gateway import GatewayList, GatewayRule, GatewayState
from vpcroute.operations import Operation
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.strategies import (
    DEVICES,
    MESH_NODES,
    ONRAMPS,
    SERVICES,
    TUNNELS,
    VIRTUAL_NETWORKS,
    announcements,
    connectors,
    names,
)
from vpcroute.strategies.pools import COLOS, REGIONS, SUBNETS

RULE = GatewayRule(
    "rule-1",
    "block",
    "block",
    ("http", "dns"),
    1,
    True,
    'http.host in $list and dst.ip == "10.0.0.1"',
    settings={"block_page_enabled": True, "ecs": {"values": [1, 2.5, None, "x"]}},
    schedule={"mon": "08:00-12:30", "time_zone": "UTC"},
    expiration={"expires_at": "2030-01-01T00:00:00Z", "duration": 10},
    created_at="2025-05-06T09:30:51Z",
    unread=("new_condition",),
)
_KNOWN = (*TUNNELS, *MESH_NODES, *DEVICES, *ONRAMPS, *SERVICES, *VIRTUAL_NETWORKS[1:], VirtualNetwork("vnet-9", "nine"))
_GATEWAYS: tuple[GatewayState, ...] = (
    ((), (), None),
    ((), (), {}),
    (
        (RULE, attrs.evolve(RULE, id="rule-2", precedence=0, enabled=False, schedule=None, expiration=None)),
        (
            GatewayList("l", "list", "IP", ("a",), 1),
            GatewayList("m", "empty", "IP", ()),
            GatewayList("n", "not asked for", "IP", None, 3),
        ),
        {"protocol_detection": {"enabled": True}, "nested": [{"a": None}]},
    ),
)


@st.composite
def _announcements(draw: st.DrawFn) -> Announcement:
    """With what the strategies of users leave out: ids, comments, host bits."""
    route = draw(announcements())
    more: dict[str, Any] = {
        "id": draw(st.sampled_from([None, "r1", "550E8400-e29b-41d4-a716-446655440000"])),
        "comment": draw(st.sampled_from([None, "", "über\n"])),
    }
    prefix = getattr(route, "network", getattr(route, "prefix", None))
    if prefix is not None and prefix.num_addresses > 2 and draw(st.booleans()):
        more["network" if hasattr(route, "network") else "prefix"] = f"{prefix[1]}/{prefix.prefixlen}"
    return attrs.evolve(route, **more) if prefix is not None or isinstance(route, HostnameRoute) else route


def _findings() -> st.SearchStrategy[Finding]:
    codes = (RemarkCode.DUPLICATE_ROUTE, RemarkCode.UNKNOWN_TUNNEL, RemarkCode.EMPTY_SCOPE)
    paths = ("", "routes[3]", "wan.routes[3].scope")
    about = st.none() | _announcements()
    return st.builds(Finding, st.sampled_from(codes), st.sampled_from(paths), st.just("odd"), about)


def operations() -> st.SearchStrategy[Operation]:
    """One change; of a connector that is known or not, of a route that is there or not."""
    findings = st.lists(_findings(), max_size=2)
    places = st.sampled_from([None, None, *REGIONS, *COLOS])
    states = st.sampled_from([None, "healthy", "degraded", "down"])
    answers = st.none() | st.lists(st.sampled_from([ip_address("10.0.0.1"), ip_address("fd00::1")]), max_size=2)
    announced = st.tuples(st.sampled_from(("", "routes[7]")), _announcements(), findings)
    arguments: dict[Any, st.SearchStrategy[tuple[Any, ...]]] = {
        "announce_at": announced.map(lambda drawn: (drawn[0], drawn[1], *drawn[2])),
        "withdraw": st.tuples(_announcements()),
        "note": st.tuples(_findings()),
        "forget": st.tuples(_findings()),
        "add": st.tuples(st.sampled_from(_KNOWN)),
        "remove": st.tuples(st.sampled_from(_KNOWN)),
        "set_default": st.tuples(st.sampled_from([v.id for v in VIRTUAL_NETWORKS])),
        "set_health": st.tuples(connectors(), states, places),
        "set_hosts": st.tuples(names(), answers),
        "set_subnets": st.tuples(st.sampled_from(SUBNETS)),
        "set_gateway": st.sampled_from(_GATEWAYS),
    }
    usual = ["announce_at"] * 6
    kinds = st.sampled_from([*usual, *arguments])
    return kinds.flatmap(lambda kind: arguments[kind].map(lambda given: Operation(kind, given)))


@attrs.frozen
class Block:
    """A transaction: changes and blocks inside it, undone at its end or not."""

    steps: Sequence[Operation | Block]
    holds: bool

    def apply(self, table: RouteTable) -> None:
        """Makes the changes that can be."""
        with suppress(_Undone), table.transaction():
            make(table, self.steps)
            if not self.holds:
                raise _Undone


class _Undone(Exception):
    """Ends a block that does not hold."""


def blocks() -> st.SearchStrategy[Block]:
    """Blocks with a few changes, some of them in blocks inside."""
    inside = st.recursive(
        operations(),
        lambda steps: st.builds(Block, st.lists(steps, max_size=4).map(tuple), st.sampled_from([True, True, False])),
        max_leaves=8,
    )
    return st.builds(Block, st.lists(inside, min_size=1, max_size=6).map(tuple), st.sampled_from([True] * 4 + [False]))


def make(table: RouteTable, steps: Iterable[Operation | Block]) -> None:
    """Makes changes; passes over those that a table refuses."""
    for step in steps:
        with suppress(RouteConflict, LookupError):
            step.apply(table)


def held(table: RouteTable) -> tuple[object, ...]:
    """All that a table holds, to the last count, but for its generation and its ids of routes."""
    registry = table._registry
    ids = list(table.store)
    return (
        table.routing_mode,
        [(route, getattr(route, "original", None), route.comment) for route in table],
        [table._findings.get(id_, ()) for id_ in ids],
        table._document_findings,
        table._default,
        {kind: dict(objects) for kind, objects in registry._objects.items()},
        registry._registered,
        dict(registry._uses),
        table._health,
        table._hosts,
        table.subnets,
        table.store.ranges,
        table._gateway,
        [(rule.settings, rule.schedule, rule.expiration) for rule in table.gateway_rules],
    )


def unordered(table: RouteTable) -> object:
    """The same; the order of announcing does not count."""
    mode, routes, findings, *rest = held(table)
    pairs = sorted(map(repr, zip(routes, findings, strict=True)))  # type: ignore[call-overload]
    return mode, pairs, *map(_in_order, rest)


def _in_order(part: object) -> object:
    return sorted((repr(key), _in_order(value)) for key, value in part.items()) if isinstance(part, dict) else part
