"""From what is said at each prefix to ranges of addresses, in one pass.

It goes over the prefixes in the order of their addresses. The prefixes that contain the current address stand on a
stack. A range ends where a longer prefix begins or ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["LENGTH_BITS", "sweep"]

#: A prefix's key is its address, and below it, in so many bits, its length.
LENGTH_BITS = 8


def sweep(
    width: int, said: Mapping[int, int], inside: dict[int, int], join: Callable[[int, int], int]
) -> tuple[list[int], list[int]]:
    """The first address and the class of each range.

    Args:
        width: 32 or 128, the bits of an address.
        said: what is said at each prefix, by the prefix's key; the whole family, key 0, is among them.
        inside: the class of a prefix by ``around << 32 | said``, where it is known; it is filled.
        join: the class of a prefix where something is said inside one of another class; -1 is no class.
    """
    starts: list[int] = []
    classes: list[int] = []
    ends: list[int] = []
    around: list[int] = [-1]
    last = (1 << width) - 1
    mask = (1 << LENGTH_BITS) - 1
    recent = -1  # the class of the range that is open
    for key in sorted(said):
        start = key >> LENGTH_BITS
        while ends and ends[-1] < start:
            end = ends.pop()
            around.pop()
            if ends and end < ends[-1]:
                recent = _emit(starts, classes, end + 1, around[-1], recent)
        memo = around[-1] << 32 | said[key]
        number = inside.get(memo, -1)
        if number < 0:
            number = inside[memo] = join(around[-1], said[key])
        ends.append(start | (last >> (key & mask)))
        around.append(number)
        recent = _emit(starts, classes, start, number, recent)
    while ends:
        end = ends.pop()
        around.pop()
        if ends and end < ends[-1]:
            recent = _emit(starts, classes, end + 1, around[-1], recent)
    return starts, classes


def _emit(starts, classes, start, number, recent):
    """Opens a range at an address, unless the open one is of the same class; one that opened just there is replaced."""
    if starts and starts[-1] == start:
        classes[-1] = number
    elif number != recent:
        starts.append(start)
        classes.append(number)
    else:
        return recent
    return number
