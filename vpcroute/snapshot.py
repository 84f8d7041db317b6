"""A table as the operations that make another one like it of an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vpcroute.announcements import VirtualNetwork
from vpcroute.findings import base_path
from vpcroute.operations import Operation
from vpcroute.registry import Known

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["snapshot"]


def snapshot(table: RouteTable) -> Iterator[Operation]:
    """What makes a table like this one of an empty one with the same routing mode and virtual networks.

    Routes come in the table's own order. Nothing is left out but the generation; not even the state of a connector that
    is known no more and may come again.
    """
    registry = table._registry
    for connector, places in table._health.items():
        if not registry.is_known(connector):
            yield Operation("add", (connector,))
            yield from (Operation("set_health", (connector, state, place)) for place, state in places.items())
            yield Operation("remove", (connector,))
    if table.subnets:
        yield Operation("set_subnets", (table.subnets,))
    # What was noted of none of the routes that are there: none is, yet.
    yield from (Operation("note", (finding,)) for finding in table._document_findings)
    yield from (Operation("add", (thing,)) for thing in _added(table))
    for id_ in table.store:
        route, found = table.store[id_], table._findings.get(id_, ())
        path = base_path(found[0]) if found else ""
        by_itself = table._found(route, path, table.store.ranges_around(route)) if found else ()
        yield Operation("announce_at", (path, route, *found[len(by_itself) :]))
    for connector, places in table._health.items():
        if registry.is_known(connector):
            yield from (Operation("set_health", (connector, state, place)) for place, state in places.items())
    yield from (Operation("set_hosts", (name, answers)) for name, answers in table._hosts.items())
    if table._gateway != ((), (), None):
        yield Operation("set_gateway", table._gateway)


def _added(table: RouteTable) -> Iterator[Known]:
    """What was added by itself, but for virtual networks: these a table is made with."""
    for thing in table._registry.registered():
        if not isinstance(thing, VirtualNetwork):
            yield thing
