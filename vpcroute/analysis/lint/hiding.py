"""Which routes can never win, and by what they are hidden.

A route wins at an address if it is among the winners of a reading of the rules (:func:`vpcroute.precedence.readings`)
from some virtual network and place, with some state of health. So it never does if at every address of its prefix,
from wherever it is seen, something stands that beats it always: a range that no route gets, a device's own address, a
longer prefix, a Zero Trust route where that decides, a route of the same prefix that is better whatever is healthy.
Every place is in one of the nine regions and in one data centre, named by a scope or not.

A prefix is walked along its addresses. At each the shortest prefix counts that hides it, and the walk goes on behind
that; a gap ends it, and most routes have one at their first address. What a walk finds lies side by side, so that none
of it can be left out. Where several places or virtual networks are walked, what one of them needs may make up for what
was found in another: then each is left out in turn, if all that it hides stays hidden.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import attrs

from vpcroute.analysis.lint.ground import PUBLIC, Ground, Place, Span, ground_of, ground_with, is_seen, span_of_route
from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    Routed,
    SubnetRoute,
    WanRoute,
    number_of,
)
from vpcroute.edges import WIDTHS, Version
from vpcroute.errors import InvalidVantage
from vpcroute.packed import FIRST_V6
from vpcroute.precedence import WanLike, scope_of
from vpcroute.ranges import Range
from vpcroute.vantage import REGIONS, Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Hidden", "Scene", "Terrain", "every_scene", "version_of"]


@attrs.frozen
class Scene:
    """A virtual network and the places from which it is looked at.

    Attributes:
        network: the virtual network's id.
        is_default: whether it is the default one.
        wan_beats: whether a longer WAN route beats a Zero Trust route: only there, and in unified mode.
        region, colo: the only ones that are looked from; None is every one.
    """

    network: str
    is_default: bool
    wan_beats: bool
    region: str | None = None
    colo: str | None = None


@attrs.frozen
class Hidden:
    """A route that never wins.

    Attributes:
        route: the route.
        by: announcements that hide it, none of which can be left out; none if ranges do.
        range: the first range that takes addresses from it, if any does.
        needs_bgp: whether it is hidden only as long as routes learned by BGP are there.
        fallback: the id of a virtual network whose fallback to WAN routes may use it all the same, or None.
    """

    route: Routed
    by: tuple[Routed, ...]
    range: Range | None = None
    needs_bgp: bool = False
    fallback: str | None = None


#: A place that no scope names; whatever is seen there is seen everywhere.
_NOWHERE: Final[Place] = (None, None)


def every_scene(table: RouteTable, vantages: Iterable[Vantage] | None = None) -> list[Scene]:
    """The scenes of some vantages on the whole network, the default virtual network's first; None is all of them.

    Raises:
        InvalidVantage: for one that the table does not know, or of a tunnel or service, which routes have no part in.
    """
    if vantages is None:
        vantages = [Vantage(virtual_network=network.id) for network in table.virtual_networks]
    scenes = []
    for vantage in vantages:
        view = table.stand(vantage).view
        if view is None:
            raise InvalidVantage("the binding of a tunnel or a service takes no part in routing")
        wan_beats = view.network.is_default and view.mode == "unified"
        scenes.append(Scene(view.network.id, view.network.is_default, wan_beats, vantage.region, vantage.colo))
    return sorted(dict.fromkeys(scenes), key=lambda scene: not scene.is_default)


def version_of(route: Routed) -> Version:
    """The family of a route."""
    return 4 if number_of(route) < FIRST_V6 else 6


@attrs.frozen
class _Walk:
    """What was found along a prefix: announcements that hide it, the first range, and a gap that nothing hides."""

    found: Sequence[Routed] = ()
    range: Range | None = None
    gap: int | None = None


class Terrain:
    """A table as it is, for asking what hides a route.

    Args:
        table: the table; it is not to change meanwhile.
        scenes: from where it is looked at; those of the default virtual network first.
    """

    def __init__(self, table: RouteTable, scenes: Sequence[Scene]) -> None:
        self.scenes = scenes
        self.grounds: Mapping[Version, Ground] = {version: ground_of(table.store, version) for version in WIDTHS}
        wan = [route for ground in self.grounds.values() for some in ground.wan.contents for route in some]
        unnamed = REGIONS.difference(*map(scope_of, wan))
        # Where no scope's region is, fewest routes are seen; what is hidden there is hidden in every region.
        self._regions: tuple[str | None, ...] = (None,) if unnamed else tuple(sorted(REGIONS))

    def hidden(self, route: Announcement) -> Hidden | None:
        """By what a route is hidden; None if it may win, is not in force, or is not seen from any scene."""
        if isinstance(route, HostnameRoute | DeviceAddress) or not route.in_force:
            return None
        scenes = [scene for scene in self._scenes(route) if self.places(route, scene)]
        home = [scene for scene in scenes if scene.is_default or isinstance(route, SubnetRoute)]
        walks = self._walks(route, home)
        if not scenes or walks is None:
            return None
        fallback = None
        abroad: list[_Walk] = []
        for scene in scenes[len(home) :]:
            more = self._walks(route, [scene])
            if more is None:
                if not home:
                    return None
                fallback, scenes, abroad = scene.network, home, []
                break
            abroad += more
        lasting = self._walks(route, scenes, with_bgp=False)
        walks = [*walks, *abroad] if lasting is None else lasting
        range_ = next((walk.range for walk in walks if walk.range is not None), None)
        return Hidden(route, tuple(self._needed(route, scenes, walks)), range_, lasting is None, fallback)

    def public_address(self, route: Routed) -> int | None:
        """A public address at which a route may win."""
        first, last, _ = span_of_route(route)
        spans = PUBLIC[version_of(route)]
        for start, end in spans[bisect_left(spans, first, key=itemgetter(1)) :]:
            if start > last:
                break
            for scene, place in self._asked(route, self._scenes(route)):
                gap = self.walk(route, scene, place, within=(start, end)).gap
                if gap is not None:
                    return gap
        return None

    def gap(self, version: Version, span: Span, scene: Scene, place: Place) -> int | None:
        """An address of a span that no route covers that is seen from a place, and no range and no device has."""
        ground = self.grounds[version]
        first, last, _ = span
        while first <= last:
            taken = ground.taken_at(first)
            ends = [taken[1]] if taken is not None else []
            ends += [first] if first in ground.devices else []
            ends += [outer[1] for outer, _ in ground.subnets(scene.network).covering(first, 0)]
            ends += [
                outer[1]
                for outer, routes in ground.wan.covering(first, 0)
                if any(is_seen(route, place) for route in routes)
            ]
            if not ends:
                return first
            first = max(ends) + 1
        return None

    def _scenes(self, route: Routed) -> list[Scene]:
        """The scenes that a route is looked for from."""
        if not isinstance(route, SubnetRoute):
            return [*self.scenes]
        return [scene for scene in self.scenes if scene.network == route.virtual_network]

    def _asked(self, route: Routed, scenes: Iterable[Scene]) -> Iterator[tuple[Scene, Place]]:
        return ((scene, place) for scene in scenes for place in self.places(route, scene))

    def places(self, route: Routed, scene: Scene) -> list[Place]:
        """The places of a scene that a route is seen from; one stands for those where more is seen beside it."""
        regions = self._regions if scene.region is None else (scene.region,)
        if not isinstance(route, WanRoute) or not scope_of(route):
            return [(region, scene.colo) for region in regions]
        own = [region for region in route.regions if scene.region in (None, region)]
        colos = [colo for colo in route.colos if scene.colo in (None, colo)]
        others = [region for region in regions if region not in own]
        return [*((region, scene.colo) for region in own), *((region, colo) for colo in colos for region in others)]

    def _walks(self, route: Routed, scenes: Iterable[Scene], *, with_bgp: bool = True) -> list[_Walk] | None:
        """Walks that together cover a route from all places of some scenes; None if one has a gap."""
        walks = []
        for scene in scenes:
            walk = self.walk(route, scene, _NOWHERE, with_bgp=with_bgp)
            places = [_NOWHERE] if walk.gap is None else self.places(route, scene)
            for place in places:
                if place != _NOWHERE:
                    walk = self.walk(route, scene, place, with_bgp=with_bgp)
                if walk.gap is not None:
                    return None
                walks.append(walk)
        return walks

    def _needed(self, route: Routed, scenes: Sequence[Scene], walks: Sequence[_Walk]) -> list[Routed]:
        """What hides a route in all scenes, without any that the others make up for."""
        found = {id(one): one for walk in walks for one in walk.found}
        if all(len(walk.found) == len(found) for walk in walks):
            return [*found.values()]
        ground = ground_with(self.grounds[version_of(route)], [route, *found.values()])
        gone: set[int] = set()
        for one in sorted(found.values(), key=lambda one: span_of_route(one)[2], reverse=True):
            gone.add(id(one))
            first, last, _ = span_of_route(one)
            for scene, place in self._asked(route, scenes):
                if self.walk(route, scene, place, ground=ground, gone=gone, within=(first, last)).gap is not None:
                    gone.remove(id(one))
                    break
        return [one for identity, one in found.items() if identity not in gone]

    def walk(
        self,
        route: Routed,
        scene: Scene,
        place: Place,
        *,
        ground: Ground | None = None,
        gone: Collection[int] = (),
        with_bgp: bool = True,
        within: tuple[int, int] | None = None,
    ) -> _Walk:
        """Walks along a route's prefix, as far as something hides it.

        Args:
            route: the route.
            scene, place: from where it is looked at.
            ground: what is announced, in place of all that the table has.
            gone: the identities of announcements that do not count.
            with_bgp: whether routes learned by BGP count.
            within: the first and the last address that matter.
        """
        if ground is None:
            ground = self.grounds[version_of(route)]
        first, last, length = span_of_route(route)
        if within is not None:
            first, last = max(first, within[0]), min(last, within[1])
        subnets_from, hides_by_wan = length + 1, scene.wan_beats
        if not isinstance(route, (SubnetRoute, DeviceAddress)):
            subnets_from, hides_by_wan = length if scene.is_default else 0, True
            better = ground.better(route, place, gone, with_bgp=with_bgp)
            if better is not None:
                return _Walk([better])
        found: list[Routed] = []
        range_ = None
        while first <= last:
            taken = ground.taken_at(first)
            if taken is not None:
                range_ = range_ or taken[2]
                first = taken[1] + 1
                continue
            hiding: list[tuple[int, Routed]] = []
            device = ground.devices.get(first)
            if device is not None and id(device) not in gone:
                hiding.append((first, device))
            for span, routes in ground.wan.covering(first, length + 1) if hides_by_wan else ():
                seen = _seen(routes, place, gone, with_bgp)
                if seen is not None:
                    hiding.append((span[1], seen))
            for span, subnet in ground.subnets(scene.network).covering(first, subnets_from):
                if id(subnet) not in gone:
                    hiding.append((span[1], subnet))
            if not hiding:
                return _Walk(gap=first)
            last_hidden, shortest = max(reversed(hiding), key=_END)
            found.append(shortest)
            first = last_hidden + 1
        return _Walk(found, range_)


_END: Final = itemgetter(0)


def _seen(routes: Iterable[WanLike], place: Place, gone: Collection[int], with_bgp: bool) -> WanLike | None:
    """One of some WAN routes that is seen from a place: static before BGP, without scope before scoped."""
    seen = [
        route
        for route in routes
        if is_seen(route, place) and (with_bgp or isinstance(route, WanRoute)) and (not gone or id(route) not in gone)
    ]
    return min(seen, key=lambda route: (isinstance(route, BgpRoute), bool(scope_of(route))), default=None)
