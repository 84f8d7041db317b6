# cython: boundscheck=False, wraparound=False
"""Two tries side by side: the ranges of addresses that two tables answer differently. And two indexes of names.

Tries that came of each other by changes share blocks; what both lead to is passed over, unless its classes have other
outcomes. So the work for a small change is small, however large the tries are.
"""

from __future__ import annotations

from array import array
from typing import Any

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.vpcroute.fib.blocks import _at_high, _at_low, _before
    from cython.cimports.vpcroute.fib.nameblocks import base_of
    from cython.cimports.vpcroute.fib.sweep import Ranges
else:
    from vpcroute.fib.blocks import _at_high, _at_low, _before
    from vpcroute.fib.nameblocks import base_of
    from vpcroute.fib.sweep import Ranges

__all__ = ["changed_names", "changed_ranges"]

_CHILD = 0x80000000
_SHIFT = 0x100000000


@cython.final
@cython.cclass
class _Walk:
    """A walk through two tries.

    Attributes:
        found: the ranges; class 0 is no change, and any other one more than the place of a pair in `pairs`.
        pairs: the meanings before and after.
    """

    def __init__(self, before, after, old, new):
        self.before = before
        self.after = after
        self.old_owner, self.new_owner = old, new  # kept, for pointers lead there
        if cython.compiled:
            self.old = cython.cast("unsigned int *", cython.cast(cython.size_t, old.buffer_info()[0]))
            self.new = cython.cast("unsigned int *", cython.cast(cython.size_t, new.buffer_info()[0]))
        else:
            self.old, self.new = old, new
        # Where a class means something else now, it does so in shared blocks, too.
        common = min(len(old), len(new))
        self.shared = self.before._arena is self.after._arena and old[:common] == new[:common]
        self.found = Ranges()
        self.left = Ranges()
        self.right = Ranges()
        self.pairs = []
        self.known = {}
        self.last = self.last_before = self.last_after = 0

    def all(self):
        """Goes through all of it."""
        before, after = self.before, self.after
        for page in range(256):
            one, other = before._pages[page], after._pages[page]
            for i in range(256):
                high = page << 8 | i
                high = high << 48
                if one == other and self.shared:
                    self.found.push(high, 0, 0)
                    break
                self.step(before._word[one + i], after._word[other + i], high, 0, 16)
        self.found.trim()
        return 0

    def step(self, one, other, high, low, depth):
        """Goes through what hangs from two entries."""
        if one == other and self.shared:
            self.found.push(high, low, 0)
            return 0
        if one < _CHILD and other < _CHILD:
            return self.put(high, low, one, other)
        k = (one >> 27) & 15
        if one < _CHILD or other < _CHILD or k == 0 or k != (other >> 27) & 15:
            self.left.count = self.right.count = 0
            spread(self.before._word, self.before._half, one, high, low, depth, self.left)
            spread(self.after._word, self.after._half, other, high, low, depth, self.right)
            return self.merge()
        for i in range(1 << k):
            bits = i
            bits = bits << (32 - k)
            self.step(
                _cell(self.before._word, self.before._half, one, i),
                _cell(self.after._word, self.after._half, other, i),
                high | _at_high(bits, depth),
                low | _at_low(bits, depth),
                depth + k,
            )
        return 0

    def merge(self):
        """Goes through the ranges of both sides, which begin at the same address."""
        left, right = self.left, self.right
        i = j = 0
        high, low = left.high[0], left.low[0]
        while True:
            self.put(high, low, left.number[i], right.number[j])
            ends = i + 1 == left.count
            if ends and j + 1 == right.count:
                return 0
            if ends or (
                j + 1 < right.count and _before(right.high[j + 1], right.low[j + 1], left.high[i + 1], left.low[i + 1])
            ):
                j = j + 1
                high, low = right.high[j], right.low[j]
                continue
            i = i + 1
            high, low = left.high[i], left.low[i]
            if j + 1 < right.count and right.high[j + 1] == high and right.low[j + 1] == low:
                j = j + 1

    def put(self, high, low, one, other):
        """Notes what becomes of the addresses from here on, given their classes."""
        before, after = self.old[one], self.new[other]
        if before == after:
            return self.found.push(high, low, 0)
        if before != self.last_before or after != self.last_after or self.last == 0:
            self.last = self._number(before, after)
            self.last_before, self.last_after = before, after
        return self.found.push(high, low, self.last)

    def _number(self, before, after):
        pair = before * _SHIFT + after
        number = self.known.get(pair)
        if number is None:
            self.pairs.append((before, after))
            number = self.known[pair] = len(self.pairs)
        return number


def _cell(word, half, entry, i):
    """The entry that a cell of a dense block leads to."""
    at = entry & 0x7FFFFFF
    cell = half[2 * at + i]
    return cell if cell < 0x8000 else word[at + (cell & 0x7FFF)]


def spread(word, half, entry, high, low, depth, into):
    """Adds the ranges of an entry to others."""
    if entry < _CHILD:
        return into.push(high, low, entry)
    at = entry & 0x7FFFFFF
    k = (entry >> 27) & 15
    count = 1 << k if k else word[at]
    bits = 0
    for i in range(count):
        if k:
            below = _cell(word, half, entry, i)
            bits = i
            bits = bits << (32 - k)
        else:
            below = word[at + count + i]
            if i:
                bits = word[at + i]
        spread(
            word, half, below, high | _at_high(bits, depth), low | _at_low(bits, depth), depth + (k if k else 32), into
        )
    return 0


def changed_ranges(before: Any, after: Any, old: array[int], new: array[int]) -> tuple[Any, list[tuple[int, int]]]:
    """The ranges of addresses whose classes mean something else in another trie.

    Args:
        before, after: tries of one family.
        old: ``array("I")``, what each class of `before` means.
        new: the same of `after`.

    Returns:
        Consecutive ranges, and pairs of meanings: class 0 is no change, class ``n`` is pair ``n - 1``.
    """
    if before.version != after.version:
        raise ValueError("two tries of one family are needed")
    return _walked(before, after, old, new)


def _walked(before, after, old, new):
    walk = _Walk(before, after, old, new)
    walk.all()
    return walk.found, walk.pairs


def changed_names(before: Any, after: Any) -> set[str] | None:
    """The names whose numbers may differ in two indexes that share blocks; None where they share none."""
    return _changed_names(before, after)


def _changed_names(before, after):
    if before is after:
        return set()
    if before.arena is not after.arena or before.key_owner is not after.key_owner:
        return None
    names = set()
    depth = max(before.depth, after.depth)
    last_one = last_other = 0
    for i in range(1 << depth):
        one = before.directory[i >> (depth - before.depth)]
        other = after.directory[i >> (depth - after.depth)]
        if one != other and (i == 0 or one != last_one or other != last_other):
            names.update([before.name(record) for record in before.records(base_of(one))])
            names.update([after.name(record) for record in after.records(base_of(other))])
        last_one, last_other = one, other
    return names
