"""What changed in a table since something was made of it, so that it can be brought up to date at the cost of that."""

from __future__ import annotations

from vpcroute.announcements import Announcement

__all__ = ["ChangeLog"]


class ChangeLog:
    """The announcements that came or went, as far back as it pays to know.

    Attributes:
        revision: the number of changes noted so far: of announcements that came or went, and of everything.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._routes: list[tuple[Announcement, bool]] = []
        self._limit = 0

    def add(self, route: Announcement, came: bool) -> None:
        """Notes an announcement that came, or went."""
        self.revision += 1
        if len(self._routes) < self._limit:
            self._routes.append((route, came))
        else:
            self._forget()

    def clear(self) -> None:
        """Notes a change of everything."""
        self.revision += 1
        self._forget()

    def keep(self, limit: int) -> None:
        """Keeps up to so many changes from now on: for more it is quicker to begin anew."""
        self._limit = limit

    def since(self, revision: int) -> list[tuple[Announcement, bool]] | None:
        """The announcements that came (true) or went since a revision; None if that is not known any more."""
        known = len(self._routes) - (self.revision - revision)
        return self._routes[known:] if known >= 0 else None

    def _forget(self) -> None:
        self._routes.clear()
        self._limit = 0
