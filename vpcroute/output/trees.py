"""How the tree of a table is shown: as rows, and as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vpcroute.analysis.marks import Branch, Mark, Taker
from vpcroute.analysis.tree import Section
from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, WanRoute
from vpcroute.egress import MeshNode
from vpcroute.output.changes import number_text
from vpcroute.output.objects import egress_json, route_json
from vpcroute.output.tables import NOT_SURE, Note, Row
from vpcroute.output.words import NO_VALUE, clean, egress_text, route_text
from vpcroute.precedence import View, effective_priority, scope_of
from vpcroute.ranges import Range

__all__ = ["SOURCES", "TREE_HEADER", "branch_json", "branch_rows", "heading", "source_of", "tree_lines"]

#: Where announcements come from.
SOURCES: Final[Sequence[str]] = ("tunnel", "mesh", "device", "wan", "bgp")
TREE_HEADER: Final = ("destination", "source", "egress", "state", "mark", "addresses")

_HEADINGS: Final[Mapping[object, str]] = {"ipv4": "IPv4", "ipv6": "IPv6", "names": "names"}
_STYLES: Final[Mapping[Mark, str]] = {"shadowed": "note", "unseen": "note", "refuses": "refused", "open": "open"}
_INDENT: Final = "  "


def source_of(route: Announcement) -> str:
    """Where an announcement comes from: one of the sources."""
    if isinstance(route, (WanRoute, BgpRoute)):
        return "wan" if isinstance(route, WanRoute) else "bgp"
    if isinstance(route.via, MeshNode):
        return "mesh"
    return "device" if isinstance(route, DeviceAddress) else "tunnel"


def heading(section: Section) -> str:
    """A line above a section."""
    if isinstance(section.about, str):
        return _HEADINGS[section.about]
    return f"virtual network {clean(section.about.name)}, not seen from here"


def branch_rows(section: Section, view: View, *, lines: bool) -> Iterator[Row]:
    """A row for each route, in the columns of the header; `lines` draws the tree, otherwise it is indented."""
    depths = [branch.depth for branch in section.branches]
    for branch, before in zip(section.branches, tree_lines(depths) if lines else map(_indented, depths), strict=True):
        via = branch.route.via
        about = _STYLES.get(branch.mark, via.offramp)
        cells = (
            before + route_text(branch.route),
            source_of(branch.route),
            egress_text(via),
            view.state(via),
            branch.mark + ("" if branch.guaranteed else NOT_SURE),
            number_text(branch.won) if branch.size else NO_VALUE,
        )
        notes = "; ".join(_notes(branch, view))
        yield Row(cells, (Note("note", notes),) if notes else (), about)


def _indented(depth: int) -> str:
    return _INDENT * depth


def tree_lines(depths: Sequence[int]) -> Iterator[str]:
    """The lines of a tree before each of its branches."""
    goes_on = bytearray(len(depths))  # whether another branch follows below the same one
    open_depths: set[int] = set()
    for place in range(len(depths) - 1, -1, -1):
        depth = depths[place]
        open_depths = {other for other in open_depths if other <= depth}
        goes_on[place] = depth in open_depths
        open_depths.add(depth)
    around: list[bool] = []
    for depth, more in zip(depths, goes_on, strict=True):
        del around[depth:]
        bars = "".join("│  " if other else "   " for other in around[1:])
        yield bars + ("├─ " if more else "└─ ") if depth else ""
        around += [bool(more)]


def _notes(branch: Branch, view: View) -> Iterator[str]:
    route = branch.route
    if branch.by:
        yield f"by {', '.join(map(_taker_text, branch.by))}{' and others' if branch.more else ''}"
    if isinstance(route, (WanRoute, BgpRoute)):
        places = scope_of(route)
        only = f", only in {', '.join(places)}" if places else ""
        yield f"priority {effective_priority(route, view.state(route.via))}{only}"
    if isinstance(route, HostnameRoute) and route.match == "stored":
        yield "may be a wildcard"
    if isinstance(route, HostnameRoute) and route.match == "both":
        yield "and all names one label below"
    if not getattr(route, "in_force", True):
        yield "not in force"


def _taker_text(taker: Taker) -> str:
    if isinstance(taker, Range):
        return f"{taker.network} ({taker.name})"
    return f"{route_text(taker)} through {egress_text(taker.via)}"


def branch_json(section: Section, branch: Branch, view: View) -> dict[str, Any]:
    """The object for a route, as ``show --json`` prints it."""
    route = branch.route
    return {
        "section": section.about if isinstance(section.about, str) else "unseen",
        "depth": branch.depth,
        "route": route_json(route),
        "source": source_of(route),
        "offramp": route.via.offramp,
        "egress": egress_json(route.via),
        "state": view.state(route.via),
        "in_force": getattr(route, "in_force", True),
        "mark": branch.mark,
        "guaranteed": branch.guaranteed,
        "addresses": {"covered": branch.size, "won": branch.won} if branch.size else None,
        "by": list(map(_taker_json, branch.by)),
        "by_more": branch.more,
    }


def _taker_json(taker: Taker) -> dict[str, Any]:
    if isinstance(taker, Range):
        return {"range": str(taker.network), "name": taker.name}
    return {"route": route_json(taker), "egress": egress_json(taker.via)}
