"""A table as lint sees it: from where, what is hidden in it, and where in its document everything stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.ground import Span
from vpcroute.analysis.lint.hiding import Hidden, Scene, Terrain
from vpcroute.announcements import Announcement, HostnameRoute, VirtualNetwork
from vpcroute.edges import WIDTHS, Version
from vpcroute.findings import base_path
from vpcroute.precedence import View, WanLike
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Seen"]


class Seen:
    """A table that is being looked at; it is not to change meanwhile.

    Args:
        table: the table.
        scenes: from where it is looked at.
        paths: where announcements and other things stand in their document, as far as that is known.

    Attributes:
        home: the scenes in the default virtual network.
        hidden: what hides the routes that never win, by their identity.
        view: the rules' view from the default virtual network, with no place given.
    """

    def __init__(self, table: RouteTable, scenes: Sequence[Scene], paths: Mapping[object, str]) -> None:
        self.table = table
        self.scenes = scenes
        self.home = [scene for scene in scenes if scene.is_default]
        self.terrain = Terrain(table, scenes)
        self.hidden: dict[int, Hidden] = {}
        for route in table:
            hidden = self.terrain.hidden(route)
            if hidden is not None:
                self.hidden[id(route)] = hidden
        view = table.stand(Vantage()).view
        assert view is not None  # noqa: S101  (no tunnel, no service: the whole network)
        self.view: View = view
        self._paths: dict[object, str] = {f.announcement: base_path(f) for f in table.findings if f.announcement}
        self._paths.update(paths)

    @property
    def default(self) -> VirtualNetwork:
        """The default virtual network."""
        return self.view.network

    @property
    def is_legacy(self) -> bool:
        """Whether the default virtual network is looked at in legacy mode."""
        return any(not scene.wan_beats for scene in self.home)

    def carries(self, route: Announcement) -> bool:
        """Whether a route is in force and may win."""
        return getattr(route, "in_force", True) and id(route) not in self.hidden

    def names(self) -> Iterator[HostnameRoute]:
        """The hostname routes in force."""
        for route in self.table.select(kind="hostname"):
            if isinstance(route, HostnameRoute) and route.in_force:
                yield route

    def wan(self) -> Iterator[tuple[Version, Span, tuple[WanLike, ...]]]:
        """The WAN routes in force, by prefix."""
        for version in WIDTHS:
            layer = self.terrain.grounds[version].wan
            for span, routes in zip(layer.spans, layer.contents, strict=True):
                in_force = tuple(route for route in routes if route.in_force)
                if in_force:
                    yield version, span, in_force

    def place(self, about: object, inside: str = "") -> str:
        """Where something, or a part of it, stands in the document; empty where that is not known."""
        path = self._paths.get(about, "")
        return f"{path}.{inside}" if path and inside else path

    def found(
        self,
        code: LintCode,
        reason: str,
        announcements: Iterable[Announcement] = (),
        *,
        path: str | None = None,
        about: object = None,
    ) -> LintFinding:
        """A finding, with the path of its first announcement, or of what it is about."""
        involved = tuple(announcements)
        if path is None:
            path = self._paths.get(involved[0] if involved else about, "")
        return LintFinding(code, reason, involved, path)
