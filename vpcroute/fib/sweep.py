# cython: boundscheck=False, wraparound=False
"""From what is said at each prefix to ranges of addresses, in one pass.

It goes over the prefixes in the order of their addresses. The prefixes that contain the current address stand on a
stack. A range ends where a longer prefix begins or ends.

Addresses are 128 bits, two halves of 64, with the address at the left: an IPv4 address is the upper half of the first
half. So a prefix of either family is as many bits from the left, and nothing here asks which family it is.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

__all__ = ["LAST", "Ranges", "behind_high", "behind_low", "halves", "joined", "span_of", "sweep"]

_ALL = 0xFFFFFFFFFFFFFFFF
_CLASSES = 0x80000000  # classes are below
_SHIFT = 0x100000000
#: The last address of each family.
LAST = {4: 0xFFFFFFFF, 6: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF}
_WIDTHS = {4: 32, 6: 128}
_LEAST = 16  # ranges that there is room for at first


def behind_high(length):
    """The bits of an upper half that are behind a length."""
    return _ALL >> length if length < 64 else 0


def behind_low(length):
    """The bits of a lower half that are behind a length."""
    if length < 64:
        return _ALL
    return _ALL >> (length - 64) if length < 128 else 0


@cython.final
@cython.cclass
class Ranges:
    """Consecutive ranges of addresses, each with its class; neighbours are of different classes.

    Attributes:
        highs: upper halves of the first addresses, ascending.
        lows: lower halves of the first addresses.
        classes: the class of each range.
    """

    def __init__(self, highs: Iterable[int] = (), lows: Iterable[int] = (), classes: Iterable[int] = ()) -> None:
        self.highs = array("Q", highs)
        self.lows = array("Q", lows)
        self.classes = array("I", classes)
        self.count = 0
        self.settle()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return zip(self.highs, self.lows, self.classes, strict=True)

    def push(self, high, low, number):
        """Opens a range, unless the open one is of the same class; one that was opened just there is replaced."""
        count = self.count
        if count:
            if self.number[count - 1] == number:
                return 0
            if self.low[count - 1] == low and self.high[count - 1] == high:
                if count > 1 and self.number[count - 2] == number:
                    self.count = count - 1
                else:
                    self.number[count - 1] = number
                return 0
        if count == self.room:
            self.reserve(max(self.room >> 1, _LEAST))
        self.high[count] = high
        self.low[count] = low
        self.number[count] = number
        self.count = count + 1
        return 0

    def reserve(self, more):
        """Makes room for so many more ranges."""
        self.highs.frombytes(bytes(8 * more))
        self.lows.frombytes(bytes(8 * more))
        self.classes.frombytes(bytes(4 * more))
        return self._point()

    def _point(self):
        self.room = len(self.classes)
        if cython.compiled:
            self.high = cython.cast("unsigned long long *", cython.cast(cython.size_t, self.highs.buffer_info()[0]))
            self.low = cython.cast("unsigned long long *", cython.cast(cython.size_t, self.lows.buffer_info()[0]))
            self.number = cython.cast("unsigned int *", cython.cast(cython.size_t, self.classes.buffer_info()[0]))
        else:
            self.high, self.low, self.number = self.highs, self.lows, self.classes
        return 0

    def settle(self):
        """Takes the arrays as they are now, neighbours of one class as one range.

        Raises:
            ValueError: where they are no ranges.
        """
        if not len(self.highs) == len(self.lows) == len(self.classes):
            raise ValueError("ranges need as many upper halves as lower ones and classes")
        self._point()
        high = low = 0
        self.count = 0
        for i in range(self.room):
            if self.number[i] >= _CLASSES:
                raise ValueError(f"a class is below 2**31, not {self.number[i]}")
            if i and (self.high[i] < high or (self.high[i] == high and self.low[i] <= low)):
                raise ValueError("ranges must ascend")
            high, low = self.high[i], self.low[i]
            self.push(high, low, self.number[i])  # never ahead of where it reads
        return self.trim()

    def trim(self):
        """Gives back the room that is not used."""
        del self.highs[self.count :]
        del self.lows[self.count :]
        del self.classes[self.count :]
        return self._point()


@cython.final
@cython.cclass
class _Open:
    """The prefixes around the current address, the span first: where they end, and their classes."""

    def __init__(self):
        if not cython.compiled:
            self.high, self.low, self.number = [0] * 130, [0] * 130, [0] * 130
        self.depth = 0

    def close(self, found):
        """Leaves the innermost one: what is around it goes on behind it, unless that ends there too."""
        self.depth -= 1
        depth = self.depth
        if self.high[depth] != self.high[depth + 1] or self.low[depth] != self.low[depth + 1]:
            low = (self.low[depth + 1] + 1) & _ALL
            found.push(self.high[depth + 1] + (low == 0), low, self.number[depth])
        return 0


def halves(version: int, number: int) -> tuple[int, int]:
    """An address at the left of 128 bits, as two halves."""
    if not 0 <= number <= LAST[version]:
        raise ValueError(f"no IPv{version} address: {number}")
    if version == 4:
        return number << 32, 0
    return number >> 64, number & 0xFFFFFFFFFFFFFFFF


def span_of(version: int, first: int, last: int) -> tuple[int, int, int, int]:
    """The halves of the first address of a span, and of the last one with all bits behind it."""
    if first > last:
        raise ValueError(f"no span: from {first} to {last}")
    high, low = halves(version, last)
    if version == 4:
        high, low = high | 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
    return *halves(version, first), high, low


def sweep(
    version: int,
    highs: array[int],
    lows: array[int],
    lengths: bytes,
    said: array[int],
    inside: dict[int, int],
    join: Callable[[int, int], int],
    *,
    around: int = -1,
    first: int = 0,
    last: int | None = None,
) -> Ranges:
    """The ranges of a family, or of a span of it, and the class of each.

    Args:
        version: 4 or 6.
        highs: ``array("Q")``, the upper halves of the prefixes, ascending.
        lows: ``array("Q")``, the lower halves.
        lengths: the length of each; of the prefixes at one address the shortest comes first.
        said: ``array("I")``, what is said at each.
        inside: the class of a prefix by ``around << 32 | said``, where it is known; it is filled.
        join: the class of a prefix where something is said inside one of another class; -1 is no class.
        around: the class around the span; with -1 the first prefix must be the span itself.
        first: the first address of the span.
        last: the last one; None is the last one of the family.

    Raises:
        ValueError: for prefixes that are out of order, or outside the span.
    """
    if not len(highs) == len(lows) == len(lengths) == len(said):
        raise ValueError("prefixes need as many upper halves as lower ones, lengths and numbers")
    if not -1 <= around < 2**31:
        raise ValueError(f"no class: {around}")
    span = span_of(version, first, LAST[version] if last is None else last)
    return _sweep(highs, lows, lengths, said, inside, join, around, span, _WIDTHS[version])


def _sweep(highs, lows, lengths, said, inside, join, around, span, width):
    found = Ranges()
    found.reserve(len(highs) + (len(highs) >> 2))  # most prefixes inside others make a range more than they are
    open_ = _Open()
    high_before, low_before, open_.high[0], open_.low[0] = span
    open_.number[0] = around
    length_before = 0
    if around < 0 and not _is_all(highs, lows, lengths, span):
        raise ValueError("nothing is said of the whole span")
    if around >= 0:
        found.push(high_before, low_before, around)
    for i in range(len(highs)):
        high, low, length = highs[i], lows[i], lengths[i]
        if length > width or high & behind_high(length) or low & behind_low(length):
            raise ValueError("a prefix has bits behind its length, or is too long")
        if high < high_before or (
            high == high_before and (low < low_before or (low == low_before and i and length <= length_before))
        ):
            raise ValueError("prefixes must ascend, and lie in the span")
        high_before, low_before, length_before = high, low, length
        while open_.depth and (
            open_.high[open_.depth] < high or (open_.high[open_.depth] == high and open_.low[open_.depth] < low)
        ):
            open_.close(found)
        end_high, end_low = high | behind_high(length), low | behind_low(length)
        if end_high > open_.high[open_.depth] or (
            end_high == open_.high[open_.depth] and end_low > open_.low[open_.depth]
        ):
            raise ValueError("prefixes must ascend, and lie in the span")
        number = joined(inside, join, open_.number[open_.depth], said[i])
        if number < 0 or number >= _CLASSES:
            raise ValueError(f"a class is below 2**31, not {number}")
        open_.depth += 1
        open_.high[open_.depth], open_.low[open_.depth], open_.number[open_.depth] = end_high, end_low, number
        found.push(high, low, number)
    while open_.depth:
        open_.close(found)
    found.trim()
    return found


def joined(inside, join, around, said):
    """The class of a prefix inside one of class `around`."""
    memo = around * _SHIFT + said
    number = inside.get(memo)
    if number is None:
        number = inside[memo] = join(around, said)
    return number


def _is_all(highs, lows, lengths, span):
    """Whether the first prefix is the span."""
    if not len(highs):
        return False
    high, low, length = highs[0], lows[0], lengths[0]
    return span == (high, low, high | behind_high(length), low | behind_low(length))
