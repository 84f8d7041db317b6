"""The announcements of a table as trees: covering and covered prefixes, and names below names, with what each is worth.

The routes of other virtual networks are listed for themselves: nothing of them is seen from a vantage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import attrs

from vpcroute.analysis.marks import Branch, Chosen, Mark, seen_prefixes, unseen_prefixes
from vpcroute.announcements import HostnameRoute, VirtualNetwork
from vpcroute.errors import InvalidVantage
from vpcroute.fib.hostnames import matches_glob
from vpcroute.store import Store, name_key
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Section", "tree"]

_FRESH: Final = "\ue000"  # a letter that no pattern has: what a wildcard matches, if it is not made of others


@attrs.frozen
class Section:
    """A part of a table.

    Attributes:
        about: an address family as the vantage sees it; ``names``; or another virtual network.
        branches: the routes, each behind what stands around it.
    """

    about: Literal["ipv4", "ipv6", "names"] | VirtualNetwork
    branches: tuple[Branch, ...]


def tree(table: RouteTable, vantage: Vantage | None = None, chosen: Chosen = lambda _: True) -> tuple[Section, ...]:
    """The announcements of a table, as a vantage sees them; sections that have none are left out.

    Args:
        table: the table.
        vantage: from where it is seen.
        chosen: which announcements are shown; what they are worth does not depend on that.

    Raises:
        InvalidVantage: for one that the table does not know, or a tunnel or service, which no announcement leads to.
    """
    with table.reading():
        view = table.stand(Vantage() if vantage is None else vantage).view
        if view is None:
            raise InvalidVantage("the binding of a tunnel or a service takes no part in routing")
        sections = [
            Section("ipv4", seen_prefixes(table.store, view, 4, chosen)),
            Section("ipv6", seen_prefixes(table.store, view, 6, chosen)),
            Section("names", _names(table.store, chosen)),
        ]
        for network in table.virtual_networks:
            if network.id != view.network.id:
                sections.append(Section(network, tuple(unseen_prefixes(table.store, network.id, chosen))))
    return tuple(section for section in sections if section.branches)


# Names


def _names(store: Store, chosen: Chosen) -> tuple[Branch, ...]:
    """The hostname routes in the order of their labels from the right, each below the names that it ends in."""
    routes = [route for route in store.held(store.ids("kind", "hostname")) if isinstance(route, HostnameRoute)]
    worth = _Names(routes)
    around: list[list[str]] = []
    found = []
    for labels, route in sorted(((_labels(r), r) for r in routes if chosen(r)), key=lambda e: (e[0], e[1].pattern)):
        while around and (len(around[-1]) >= len(labels) or labels[: len(around[-1])] != around[-1]):
            around.pop()
        mark, by = worth.of(route)
        found.append(Branch(route, len(around), mark, by=by))
        around.append(labels)
    return tuple(found)


def _labels(route: HostnameRoute) -> list[str]:
    return route.hostname.split(".")[::-1]


class _Names:
    """What hostname routes take from each other."""

    def __init__(self, routes: Sequence[HostnameRoute]) -> None:
        self._globs = sorted((r for r in routes if r.match == "glob"), key=lambda r: r.hostname)
        self._above = {name_key(r).partition(".")[2] for r in routes if r.match in ("exact", "stored", "both")}

    def of(self, route: HostnameRoute) -> tuple[Mark, tuple[HostnameRoute, ...]]:
        """What a route is worth, and what takes its names if it has none.

        A name's own route is never hidden; a pattern is, where another one that goes first matches all its names.
        """
        mine, first = route.pattern, self._globs
        if route.match == "glob":
            first = [glob for glob in first if glob.hostname < route.hostname]
        if route.match in ("glob", "one_label"):
            for glob in first:
                if matches_glob(glob.hostname, mine.replace("*", _FRESH)):
                    return "shadowed", (glob,)
        if not route.in_force:
            return "refuses", ()
        if route.match in ("exact", "stored"):
            return "wins", ()
        name = f"{_FRESH}.{route.hostname}"
        patterns = any(matches_glob(f"*.{glob.hostname.partition('.')[2]}", name) for glob in first)
        return "partly" if patterns or route.hostname in self._above else "wins", ()
