"""A measurement whose turn comes later, and how much it may take."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from benchmarks.results import Result

__all__ = ["Settings", "Step"]


@attrs.frozen
class Settings:
    """How much is measured.

    Attributes:
        inputs: how many inputs a workload has.
        rounds: how often each contender takes its turn.
        seconds: how long what is not timed a call may take for each contender, the first round apart.
    """

    inputs: int
    rounds: int
    seconds: float


@attrs.frozen
class Step:
    """A measurement by the name of its result."""

    name: str
    take: Callable[[Settings], Result]
