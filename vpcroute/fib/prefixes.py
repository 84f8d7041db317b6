"""Look-up of an address among ranges that do not overlap."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

__all__ = ["RangeMap"]

T = TypeVar("T")


class RangeMap(Generic[T]):
    """Values of ranges that together cover a whole address family.

    Args:
        starts: the first address of each range, ascending, the first one 0.
        values: the value of each range.
    """

    __slots__ = ("starts", "values")

    def __init__(self, starts: list[int], values: list[T]) -> None:
        self.starts = starts
        self.values = values

    def __getitem__(self, number: int) -> T:
        return self.values[bisect_right(self.starts, number) - 1]

    def __len__(self) -> int:
        return len(self.starts)
