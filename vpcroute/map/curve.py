"""The Hilbert curve as a grid of cells: what is drawn of each part of a block of the address space."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["Cells", "Layer", "grid", "rectangles", "spot"]

#: Rows of the numbers that cells have.
Cells = list["array[int]"]
#: Where ranges begin, and the value of each.
Layer = tuple[Sequence[int], Sequence[int]]

#: Where the quarters of a square are, by its orientation, as (x, y); and the orientation of each of them.
_QUARTERS: Final = (
    ((0, 0), (0, 1), (1, 1), (1, 0)),
    ((0, 0), (1, 0), (1, 1), (0, 1)),
    ((1, 1), (0, 1), (0, 0), (1, 0)),
    ((1, 1), (1, 0), (0, 0), (0, 1)),
)
_TURNS: Final = ((1, 0, 0, 2), (0, 1, 1, 3), (3, 2, 2, 0), (2, 3, 3, 1))


def grid(layer: Layer, ranks: Sequence[int], first: int, size: int, side: int) -> Cells:
    """A block as a square of cells, each with the value of what is in it; of several the one of the highest rank.

    Args:
        layer: where ranges begin, ascending, and the value of each.
        ranks: the rank of each value.
        first, size: the block, by its first address and how many it has.
        side: how many cells a side has; a power of two.
    """
    rows = [array("i", [0]) * side for _ in range(side)]
    starts, values = layer

    def cell(first: int, size: int, turn: int, corner: tuple[int, int], side: int) -> None:
        x, y = corner
        low = bisect_right(starts, first) - 1
        high = bisect_right(starts, first + size - 1, low) - 1
        if low == high or side == 1:
            value = max(values[low : high + 1], key=ranks.__getitem__)
            for row in rows[y : y + side]:
                row[x : x + side] = array("i", [value]) * side
            return
        quarter, half = size // 4, side // 2
        for i, (right, below) in enumerate(_QUARTERS[turn]):
            cell(first + i * quarter, quarter, _TURNS[turn][i], (x + right * half, y + below * half), half)

    cell(first, size, 0, (0, 0), side)
    return rows


def spot(first: int, length: int, bits: int) -> tuple[float, float, float]:
    """Where a prefix of even length is on the square of its family, as shares of the side: left, top and side."""
    x = y = 0.0
    side, turn = 1.0, 0
    for at in range(2, length + 1, 2):
        digit = first >> bits - at & 3
        side /= 2
        x, y = x + _QUARTERS[turn][digit][0] * side, y + _QUARTERS[turn][digit][1] * side
        turn = _TURNS[turn][digit]
    return x, y, side


def rectangles(cells: Cells) -> Iterator[tuple[int, int, int, int, int]]:
    """A few rectangles of one value each that make up all cells: value, x, y, width, height."""
    side = len(cells)
    left = [bytearray(b"\1" * side) for _ in range(side)]
    for y in range(side):
        x = 0
        while x < side:
            if not left[y][x]:
                x += 1
                continue
            value, end = cells[y][x], x
            while end < side and left[y][end] and cells[y][end] == value:
                end += 1
            run, below = cells[y][x:end], y + 1
            while below < side and cells[below][x:end] == run and all(left[below][x:end]):
                below += 1
            for row in left[y:below]:
                row[x:end] = bytes(end - x)
            yield value, x, y, end - x, below - y
            x = end
