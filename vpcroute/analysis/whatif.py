"""What a change would do: it is made in a transaction, compiled, and undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, TypeVar

import attrs

from vpcroute.analysis.changes import Changes
from vpcroute.analysis.diff import diff
from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.compiler import compile_table
from vpcroute.egress import ClientDevice, Connector, Health, OnRamp
from vpcroute.errors import quoted
from vpcroute.fields import read_prefix
from vpcroute.vantage import RoutingMode, Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Announce", "Change", "Drain", "Mode", "State", "Withdraw", "around", "rehearse", "whatif"]

_T = TypeVar("_T")


class Change(Protocol):
    """Something that can be done to a table, or to the vantage that it is asked from."""

    def apply(self, table: RouteTable) -> None:
        """Does it to a table; LookupError or ValueError where that cannot be."""

    def seen_from(self, vantage: Vantage) -> Vantage:
        """The vantage then."""


class _OfTable:
    def seen_from(self, vantage: Vantage) -> Vantage:
        return vantage


@attrs.frozen
class State(_OfTable):
    """A tunnel, Mesh node or on-ramp is in another state, everywhere."""

    connector: str
    state: Health

    def apply(self, table: RouteTable) -> None:
        known = table.connector(self.connector)
        view = table.stand(Vantage()).view
        for place in () if view is None else tuple(view.health.get(known, ())):
            table.set_health(known, None, place=place)
        table.set_health(known, self.state)


@attrs.frozen
class Withdraw(_OfTable):
    """All that is announced for a prefix or a hostname is withdrawn; with a virtual network only its subnet route."""

    destination: str
    virtual_network: str | None = None

    def apply(self, table: RouteTable) -> None:
        routes = [route for route in table.exact(self.destination) if self._is_meant(route, table)]
        if not routes:
            where = "" if self.virtual_network is None else f" in virtual network {quoted(self.virtual_network)}"
            raise LookupError(f"nothing is announced for {quoted(self.destination)}{where}")
        for route in routes:
            table.withdraw(route)

    def _is_meant(self, route: Announcement, table: RouteTable) -> bool:
        if self.virtual_network is not None:
            view = table.stand(Vantage(virtual_network=self.virtual_network)).view
            return isinstance(route, SubnetRoute) and view is not None and route.virtual_network == view.network.id
        if isinstance(route, HostnameRoute) and route.match not in ("both", "glob"):
            return self.destination.startswith("*.") == (route.match == "one_label")
        return True


@attrs.frozen
class Announce(_OfTable):
    """A prefix or hostname is announced through a connector; through an on-ramp as a static route.

    Attributes:
        destination: a prefix, an address or a hostname.
        connector: an id or a name.
        virtual_network: of a subnet route; None is the default one.
        priority: of a static route.
    """

    destination: str
    connector: str
    virtual_network: str | None = None
    priority: int = 100

    def apply(self, table: RouteTable) -> None:
        table.announce(self._route(table.connector(self.connector)))

    def _route(self, via: Connector) -> Announcement:
        if isinstance(via, OnRamp):
            return WanRoute(self.destination, via=via, priority=self.priority)
        if isinstance(via, ClientDevice):
            return DeviceAddress(self.destination, via=via)
        try:
            read_prefix(self.destination)
        except ValueError:
            return HostnameRoute(self.destination, via=via)
        return SubnetRoute(self.destination, via=via, virtual_network=self.virtual_network)


@attrs.frozen
class Drain(_OfTable):
    """All that leads to a tunnel, Mesh node or on-ramp is withdrawn."""

    connector: str

    def apply(self, table: RouteTable) -> None:
        for route in table.select(via=table.connector(self.connector)):
            table.withdraw(route)


@attrs.frozen
class Mode:
    """The routing mode is another one."""

    mode: RoutingMode

    def apply(self, table: RouteTable) -> None:
        """Nothing: the mode is the vantage's."""

    def seen_from(self, vantage: Vantage) -> Vantage:
        return attrs.evolve(vantage, routing_mode=self.mode)


class _Rehearsed(Exception):
    """Ends the transaction, so that it is undone."""


def whatif(table: RouteTable, changes: Iterable[Change], vantage: Vantage | None = None) -> Changes:
    """What some changes would change for traffic, made one after the other; the table stays as it is.

    A tunnel or Mesh node that is down still wins by the rules: its traffic does not move, it fails. That is a change of
    kind ``unavailable``.

    Raises:
        LookupError: for what the table does not know, or has not announced.
        RouteConflict: for what cannot be announced.
    """
    return rehearse(table, changes, [Vantage() if vantage is None else vantage])[0]


def rehearse(table: RouteTable, changes: Iterable[Change], vantages: Iterable[Vantage]) -> list[Changes]:
    """The same from several vantages."""
    asked = list(vantages)
    before, after = around(
        table, changes, lambda made: [compile_table(table, _seen_after(made, vantage)) for vantage in asked]
    )
    return list(map(diff, before, after))


def around(table: RouteTable, changes: Iterable[Change], look: Callable[[tuple[Change, ...]], _T]) -> tuple[_T, _T]:
    """What is seen before some changes and after them; the table stays as it is.

    Args:
        table: the table.
        changes: what is done to it.
        look: what is seen of the table; it is given the changes that have been made.
    """
    wanted = tuple(changes)
    seen: list[_T] = []
    try:
        with table.transaction():
            seen.append(look(()))
            for change in wanted:
                change.apply(table)
            seen.append(look(wanted))
            raise _Rehearsed
    except _Rehearsed:
        return seen[0], seen[1]


def _seen_after(changes: Iterable[Change], vantage: Vantage) -> Vantage:
    for change in changes:
        vantage = change.seen_from(vantage)
    return vantage
