"""Every vantage from which two tables can be compared, and what is the same from several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from vpcroute.analysis.changes import Changes
from vpcroute.announcements import VirtualNetwork, WanRoute
from vpcroute.vantage import REGIONS, Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["every_vantage", "networks_apart", "together"]


def every_vantage(before: RouteTable, after: RouteTable, asked: Vantage) -> list[tuple[Vantage, Vantage]]:
    """The vantages on the whole network from which two tables may answer in different ways.

    These are the virtual networks that both have, the default ones as one, and in each no known place, then each region
    and each data centre that a route's scope or a state names in one of the tables.

    Args:
        before, after: the tables.
        asked: the vantage whose routing mode is taken; a virtual network, region or colo that it has is the only one.
    """
    networks = _pairs(before, after) if asked.virtual_network is None else [(asked.virtual_network,) * 2]
    named = sorted({*_places(before), *_places(after)})
    places: list[tuple[str | None, str | None]] = [(asked.region, asked.colo)]
    if asked.region is None and asked.colo is None:
        places += [(place, None) if place in REGIONS else (None, place) for place in named]
    return [
        (
            attrs.evolve(asked, virtual_network=one, region=region, colo=colo),
            attrs.evolve(asked, virtual_network=other, region=region, colo=colo),
        )
        for one, other in networks
        for region, colo in places
    ]


def networks_apart(before: RouteTable, after: RouteTable) -> tuple[list[VirtualNetwork], list[VirtualNetwork]]:
    """The virtual networks that only one of two tables has."""
    paired = _pairs(before, after)
    gone = [n for n in before.virtual_networks if not n.is_default and n.id not in {one for one, _ in paired}]
    new = [n for n in after.virtual_networks if not n.is_default and n.id not in {other for _, other in paired}]
    return gone, new


def _pairs(before: RouteTable, after: RouteTable) -> list[tuple[str | None, str | None]]:
    """The ids of the virtual networks that both have, by id or else by name; the default ones first, as None."""
    there = [network for network in after.virtual_networks if not network.is_default]
    ids = {network.id for network in there}
    by_name = {network.name: network.id for network in reversed(there)}
    pairs: list[tuple[str | None, str | None]] = [(None, None)]
    for network in before.virtual_networks:
        other = network.id if network.id in ids else by_name.get(network.name)
        if not network.is_default and other is not None:
            pairs.append((network.id, other))
    return pairs


def _places(table: RouteTable) -> Iterator[str]:
    for route in table.select(kind="wan_static"):
        if isinstance(route, WanRoute):
            yield from (*route.regions, *route.colos)
    view = table.stand(Vantage()).view
    if view is not None:
        yield from (place for places in view.health.values() for place in places if place is not None)


def together(found: Iterable[Changes]) -> list[list[Changes]]:
    """Changes in groups of those that are the same, in the order of the first of each group."""
    groups: dict[tuple[object, ...], list[Changes]] = {}
    for changes in found:
        groups.setdefault((changes.addresses, changes.names), []).append(changes)
    return list(groups.values())
