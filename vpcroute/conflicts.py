"""What cannot be announced beside what a table holds, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, SubnetRoute
from vpcroute.errors import RouteConflict, printable
from vpcroute.limits import MOST_AT_A_PREFIX, MOST_PATTERNS
from vpcroute.ranges import Range
from vpcroute.store import Store, destination_of

__all__ = ["conflict", "refuse_crowd", "refuse_reserved", "reserved_conflict"]


def refuse_reserved(route: Announcement, around: Iterable[Range]) -> None:
    """RouteConflict if a route lies in a reserved range, or a device's address in any but the device range."""
    for range_ in around:
        if isinstance(route, DeviceAddress):
            if range_.reserved != "device":
                raise reserved_conflict(route, range_)
            return  # a device range may lie in a larger range that is Cloudflare's own
        if range_.reserved is not None and route.in_force:
            raise reserved_conflict(route, range_)


def refuse_crowd(store: Store, route: Announcement) -> None:
    """RouteConflict if as many stand at a place already as are compared one by one."""
    if isinstance(route, SubnetRoute | DeviceAddress):
        return
    there = store.beside(route)
    most = MOST_PATTERNS if isinstance(route, HostnameRoute) else MOST_AT_A_PREFIX
    if len(there) >= most:
        raise RouteConflict(
            f"{_destination(route)} would be one of more than {most} routes that are compared one by one",
            existing=store[there[0]],
            offered=route,
        )


def conflict(held: Announcement, route: Announcement) -> RouteConflict:
    """What is raised for a route whose destination has another one."""
    via = printable(held.via.name or held.via.id or "")
    return RouteConflict(
        f"{_destination(route)} is announced through {via} already",
        existing=held,
        offered=route,
        hint="a destination has one route; withdraw the other announcement first",
    )


def reserved_conflict(route: Announcement, reserved: Range) -> RouteConflict:
    """What is raised for a route in a range that is not for routes."""
    destination = "" if isinstance(route, HostnameRoute) else str(destination_of(route))
    return RouteConflict(
        f"{destination} lies in {reserved.network}, which is not for routes: {reserved.name}",
        existing=reserved,
        offered=route,
        hint="a route that contains the whole range is fine",
    )


def _destination(route: Announcement) -> str:
    return printable(route.pattern if isinstance(route, HostnameRoute) else str(destination_of(route)))
