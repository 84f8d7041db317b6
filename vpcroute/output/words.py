"""How things are called in a cell or a line: an egress, a way, an announcement, a vantage.

Names and texts of documents come from outside. What is not printable in them (control characters, and the format
characters that turn text around) is escaped before it goes out.
"""

from __future__ import annotations

from typing import Final

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute
from vpcroute.egress import EcmpGroup, Egress
from vpcroute.errors import printable
from vpcroute.standpoint import Standpoint
from vpcroute.store import destination_of

__all__ = ["NO_VALUE", "clean", "describe", "egress_text", "route_text", "way_text"]

#: What stands in the place of a value that is not there.
NO_VALUE: Final = "—"


def clean(text: str) -> str:
    """`text` with what is unprintable escaped, at full length; :func:`vpcroute.errors.printable` also cuts."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else printable(c) for c in text)


def egress_text(egress: Egress) -> str:
    """An egress in one cell."""
    if isinstance(egress, EcmpGroup):
        return "ECMP " + " + ".join(f"{printable(m.onramp.name)} ({m.weight})" for m in egress.members)
    return printable(egress.name or egress.id or NO_VALUE)


def way_text(egress: Egress) -> str:
    """An off-ramp and its egress in one cell."""
    return f"{egress.offramp or ''} {egress_text(egress)}".strip()


def route_text(route: Announcement | None) -> str:
    """An announcement's destination in one cell."""
    if route is None:
        return NO_VALUE
    if isinstance(route, (HostnameRoute, DeviceAddress)):
        return printable(route.pattern if isinstance(route, HostnameRoute) else str(route.address))
    return str(destination_of(route))


def describe(stand: Standpoint) -> str:
    """A vantage in words, for the title of a table."""
    asked, view = stand.vantage, stand.view
    tunnel = "" if stand.tunnel is None else f"tunnel {stand.tunnel.name or stand.tunnel.id}"
    if view is None:
        return clean(f"service {stand.service.name} through {tunnel}" if stand.service is not None else tunnel)
    places = [f"{called} {place}" for called, place in (("region", asked.region), ("colo", asked.colo)) if place]
    where = " and ".join(places) or "no place given"
    return clean(f"{asked.network_id}, virtual network {view.network.name}, {where}, {view.mode} mode")
