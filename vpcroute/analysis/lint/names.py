"""What lint finds among hostname routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.seen import Seen
from vpcroute.analysis.weighing import called, listed, what
from vpcroute.announcements import HostnameRoute
from vpcroute.egress import MeshNode
from vpcroute.fib.hostnames import matches_glob
from vpcroute.limits import LONGEST_DNS_NAME

__all__ = ["hidden_names", "is_private", "on_mesh", "overlaps", "public_names"]

#: What private names end in: reserved top-level domains (RFC 2606, RFC 6761, RFC 6762, RFC 7686, RFC 8375, and
#: ``internal`` by ICANN), and those that private networks took before there was one (RFC 6762 appendix G).
_PRIVATE: Final = frozenset(
    "test example invalid localhost local onion home.arpa internal intranet private corp home lan".split()
)


def is_private(name: str) -> bool:
    """Whether a name is in none of the domains of the public DNS: by its end, or because it is a single label."""
    labels = name.split(".")
    return len(labels) == 1 or labels[-1] in _PRIVATE or ".".join(labels[-2:]) in _PRIVATE


def hidden_names(seen: Seen) -> Iterator[LintFinding]:
    """Wildcards that never win: no name is short enough, or a pattern that is not in force takes all of them.

    Only one pattern is looked at at a time: to take every label together, several would have to be one for each letter
    and digit at least. A route for a name of its own always wins there.
    """
    for route in seen.names():
        if route.match != "one_label":
            continue
        pattern = _pattern_over(seen, route)
        if pattern is not None:
            text = f"{what(route)} never wins: {pattern.hostname}, which is not in force, takes all its names"
            yield seen.found(LintCode.NEVER_WINS, text, (route, pattern))
        elif len(route.hostname) > LONGEST_DNS_NAME - 2:
            text = f"{what(route)} never wins: a name below it would be longer than {LONGEST_DNS_NAME} characters"
            yield seen.found(LintCode.NEVER_WINS, text, (route,))


def _pattern_over(seen: Seen, route: HostnameRoute) -> HostnameRoute | None:
    """A pattern that matches every name one label below a wildcard's."""
    store = seen.table.store
    around = [other for _, ids in store.names.walk(route.hostname) for other in store.held(ids)]
    over = []
    for other in around:
        if isinstance(other, HostnameRoute) and other.match == "glob":
            first, _, rest = other.hostname.partition(".")
            if not first.strip("*") and matches_glob(rest, route.hostname):
                over.append(other)
    return min(over, key=lambda pattern: pattern.hostname, default=None)


def overlaps(seen: Seen) -> Iterator[LintFinding]:
    """Names with wildcards of other connectors at them or over them."""
    below = {route.hostname: route for route in seen.names() if route.match in ("one_label", "both")}
    for route in seen.names():
        if route.match == "one_label":
            continue
        beside, over = below.get(route.hostname), below.get(route.hostname.partition(".")[2])
        if beside is not None and beside.via != route.via:
            text = f"{what(beside)} and {what(route)} are stored as one name"
            yield seen.found(LintCode.HOSTNAME_FORMS, text, (beside, route))
        if over is not None and over.via != route.via:
            wildcard = f"*.{over.hostname} through {called(over.via)}"
            text = f"{what(route)} is read before {wildcard}; the documentation does not say which wins"
            yield seen.found(LintCode.HOSTNAME_OVERLAP, text, (route, over))


def on_mesh(seen: Seen) -> Iterator[LintFinding]:
    """Hostname routes of each Mesh node."""
    by_node: defaultdict[MeshNode, list[HostnameRoute]] = defaultdict(list)
    for route in seen.names():
        if isinstance(route.via, MeshNode):
            by_node[route.via].append(route)
    for node, routes in by_node.items():
        text = f"{listed(route.pattern for route in routes)}: Mesh node {called(node)} must be able to carry names"
        yield seen.found(LintCode.HOSTNAME_ON_MESH, text, routes)


def public_names(seen: Seen) -> Iterator[LintFinding]:
    """Names that the public DNS may have."""
    for route in seen.names():
        if not is_private(route.hostname):
            text = f"{what(route)}: the name does not end in a private domain"
            yield seen.found(LintCode.PUBLIC_NAME, text, (route,))
