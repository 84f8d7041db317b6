"""A request as rules see it: some fields have other values for some rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vpcroute.policies.facts import Situation

__all__ = ["View"]


class View:
    """A request at a stage of its way, or at some that know the same of it.

    Attributes:
        kept: what somebody has worked out of it, beside who has.
    """

    __slots__ = ("_make", "_situations", "kept")

    def __init__(self, situation: Situation, make: Callable[[int], Situation] | None = None) -> None:
        """The request as most rules see it; `make` makes what rules of another variant see."""
        self._situations = {0: situation}
        self._make = make
        self.kept: tuple[object, Any] | None = None

    def __call__(self, variant: int = 0) -> Situation:
        """What rules of a variant see."""
        found = self._situations.get(variant)
        if found is None:
            make = self._make
            found = self._situations[variant] = self._situations[0] if make is None else make(variant)
        return found
