"""Look-up of a name among the hostname routes."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.precedence import NameCandidates

__all__ = ["NameMap", "matches_glob"]


@attrs.frozen
class NameMap:
    """The hostname routes by name.

    Python's dictionaries do the work: their hash of a string is keyed, and a hit is verified.

    Attributes:
        exact: by the name itself.
        one_label: by the name one label above.
        stored: the stored records that may be wildcards, by their name.
        globs: the routes with forms that Cloudflare refuses, by the labels right of their last wildcard.
    """

    exact: Mapping[str, HostnameRoute]
    one_label: Mapping[str, HostnameRoute]
    stored: Mapping[str, HostnameRoute]
    globs: Mapping[str, tuple[HostnameRoute, ...]]

    def find(self, name: str) -> HostnameRoute | None:
        """The route that is sure to match, or None."""
        route = self.exact.get(name)
        if route is None and self.globs:
            route = self._glob(name)
        if route is None and self.one_label:
            route = self.one_label.get(name.partition(".")[2])
        return route

    def candidates(self, name: str) -> NameCandidates:
        """The route that is sure to match, as the only candidate, or the stored record that may."""
        route = self.find(name)
        stored = None if route is not None else self.stored.get(name.partition(".")[2])
        return NameCandidates(exact=route, stored=stored)

    def _glob(self, name: str) -> HostnameRoute | None:
        """The first of the patterns that match, in the order of their text."""
        found = []
        suffix = name
        while suffix:
            suffix = suffix.partition(".")[2]
            found += [route for route in self.globs.get(suffix, ()) if matches_glob(route.hostname, name)]
        return min(found, key=lambda route: route.hostname, default=None)


def matches_glob(pattern: str, name: str) -> bool:
    """Whether a name has a pattern's number of labels, and each matches; ``*`` stands for any part of one label."""
    parts, labels = pattern.split("."), name.split(".")
    return len(parts) == len(labels) and all(map(fnmatchcase, labels, parts))
