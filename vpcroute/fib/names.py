"""Look-up of a name among the hostname routes."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.outcomes import Outcome

__all__ = ["NameMap", "matches_glob"]


@attrs.frozen
class NameMap:
    """What the hostname routes make of a name.

    Attributes:
        exact: outcomes by name.
        one_label: outcomes of names one label below.
        stored: the stored records that may be wildcards, by their name.
        globs: patterns that Cloudflare refuses, with their outcomes, by the labels right of their last wildcard.
    """

    exact: Mapping[str, Outcome]
    one_label: Mapping[str, Outcome]
    stored: Mapping[str, HostnameRoute]
    globs: Mapping[str, tuple[tuple[str, Outcome], ...]]

    def find(self, name: str) -> tuple[Outcome | None, HostnameRoute | None]:
        """The outcome of the route that is sure to match, or None and the record that may."""
        outcome = self.exact.get(name)
        if outcome is None and self.globs:
            outcome = self._glob(name)
        if outcome is not None:
            return outcome, None
        parent = name.partition(".")[2]
        outcome = self.one_label.get(parent)
        return outcome, None if outcome is not None else self.stored.get(parent)

    def _glob(self, name: str) -> Outcome | None:
        """The outcome of the first of the patterns that match, in the order of their text."""
        found: dict[str, Outcome] = {}
        suffix = name
        while suffix:
            suffix = suffix.partition(".")[2]
            found.update((p, outcome) for p, outcome in self.globs.get(suffix, ()) if matches_glob(p, name))
        return found[min(found)] if found else None


def matches_glob(pattern: str, name: str) -> bool:
    """Whether a name has a pattern's number of labels, and each matches; ``*`` stands for any part of one label."""
    parts, labels = pattern.split("."), name.split(".")
    return len(parts) == len(labels) and all(map(fnmatchcase, labels, parts))
