"""Blocks of a trie: how they are made from ranges of addresses, and made again where a change touches them.

A dense block takes a load, and as many cells as its finest border needs; a slice takes a search, and no more words than
there are ranges. What there are few ranges in is a slice. A dense block with blocks below it has the full width. So the
form of a block follows from the ranges in it alone, whatever changes led there.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.vpcroute.fib.arena import Writer, own_words
    from cython.cimports.vpcroute.fib.sweep import Ranges, behind_high, behind_low
else:
    from vpcroute.fib.arena import Writer, own_words
    from vpcroute.fib.sweep import Ranges, behind_high, behind_low

from vpcroute.fib.sweep import span_of

__all__ = ["Builder"]

_CHILD = 0x80000000
_NONE = 0xFFFFFFFF
_WORD = 0xFFFFFFFF
_ALL = 0xFFFFFFFFFFFFFFFF
_DENSE = 8  # the width of a dense block that has blocks below it
_LARGE = 0x8000  # a class from here on needs a slot
# Up to so many ranges are a slice, unless a dense block of so few bits holds them.
_FEW = {4: 4, 6: 32}
_SMALL = {4: 5, 6: 5}
_NO_LIMIT = 1 << 30


def window(high, low, depth):
    """The 32 bits behind `depth` of an address."""
    if depth <= 32:
        return (high >> (32 - depth)) & _WORD
    if depth < 64:
        return ((high << (depth - 32)) | (low >> (96 - depth))) & _WORD
    if depth <= 96:
        return (low >> (96 - depth)) & _WORD
    return (low << (depth - 96)) & _WORD


def _at_high(bits, depth):
    """The upper half of an address with these 32 bits behind `depth`."""
    if depth <= 32:
        return bits << (32 - depth)
    return bits >> (depth - 32) if depth < 64 else 0


def _at_low(bits, depth):
    """The lower half of it."""
    if depth <= 32:
        return 0
    return (bits << (96 - depth)) & _ALL if depth <= 96 else bits >> (depth - 96)


def _needed(high, low):
    """The number of bits up to the last one that is set; some bit is."""
    behind, half = (128, low) if low else (64, high)
    while not half & 0xFF:
        half = half >> 8
        behind = behind - 8
    while not half & 1:
        half = half >> 1
        behind = behind - 1
    return behind


def _before(high, low, other_high, other_low):
    return high < other_high or (high == other_high and low < other_low)


def _holding(ranges, i, high, low):
    """The range that an address is in, which is `i` or a later one; the nearest are tried first."""
    step = 1
    while i + step < ranges.count and not _before(high, low, ranges.high[i + step], ranges.low[i + step]):
        i = i + step
        step = step * 2
    until = min(i + step, ranges.count)
    while i + 1 < until:
        middle = (i + until) >> 1
        if _before(high, low, ranges.high[middle], ranges.low[middle]):
            until = middle
        else:
            i = middle
    return i


@cython.final
@cython.cclass
class Builder(Writer):
    """Makes the blocks of what leads to new ranges."""

    def __init__(self, version, directory=None, arena=None, fill=0, live=0):
        Writer.__init__(self, directory, arena, fill, live)
        self.version = version
        self.few = _FEW[version]
        self.small = _SMALL[version]
        self.old = Ranges()
        self.mixed = Ranges()
        self.laid = -1

    def lead(self, first, last, ranges):
        """Makes the addresses from `first` to `last` lead to these ranges.

        Raises:
            ValueError: for ranges that do not begin at `first`, or that do not end by `last`.
        """
        ranges.settle()
        span = span_of(self.version, first, last)
        if not len(ranges) or (ranges.highs[0], ranges.lows[0]) != span[:2]:
            raise ValueError("the first range must begin where the span does")
        if (ranges.highs[-1], ranges.lows[-1]) > span[2:]:
            raise ValueError("a range begins behind the span")
        self.new = ranges
        self.cursor = 0
        self.first_high, self.first_low, self.last_high, self.last_low = span
        return self._lead()

    def _lead(self):
        first = self.first_high >> 48
        last = self.last_high >> 48
        for page in range(first >> 8, (last >> 8) + 1):
            high = page
            high = high << 56
            if first <= page << 8 and page << 8 | 0xFF <= last and self._is_one_range(high):
                self.close()
                old = self.pages[page]
                for i in range(256 if old != _NONE else 0):
                    self.drop(self.word[old + i])
                self.put_page(page, self.new.number[self.cursor])
                continue
            self._open(page)
            for i in range(max(first - (page << 8), 0), min(last - (page << 8), 255) + 1):
                high = page << 8 | i
                self.cells[i] = self._changed(self.cells[i], high << 48, 0, 16, 256)
        return 0

    def _open(self, page):
        """Lays out a page, where it stays until another one is touched."""
        if page != self.laid:
            self.close()
            old = self.pages[page]
            for i in range(256):
                self.cells[i] = 0 if old == _NONE else self.word[old + i]
            self.laid = page
        return 0

    def close(self):
        """Puts the page that is laid out; to be done after the last change."""
        if self.laid >= 0:
            self.put_page(self.laid, _NONE)
            self.laid = -1
        return 0

    def _is_one_range(self, high):
        """Whether a page's addresses are in one of the new ranges, which the cursor goes to."""
        self.cursor = _holding(self.new, self.cursor, high, 0)
        return self.cursor == _holding(self.new, self.cursor, high | behind_high(8), _ALL)

    def _changed(self, entry, high, low, depth, cells):
        """The entry for the addresses from (high, low) on, in place of one that is given up."""
        last_high, last_low = high | behind_high(depth), low | behind_low(depth)
        if not (
            _before(high, low, self.first_high, self.first_low)
            or _before(self.last_high, self.last_low, last_high, last_low)
        ):
            self.drop(entry)
            first = self.cursor = _holding(self.new, self.cursor, high, low)
            last = self.cursor = _holding(self.new, first, last_high, last_low)
            return self._entry(self.new, first, last, high, low, depth, cells)
        if entry >= _CHILD and ((entry >> 27) & 15) == _DENSE:
            return self._patched(entry, high, low, depth, cells)
        return self._spliced(entry, high, low, depth, cells)

    def _patched(self, entry, high, low, depth, cells):
        """The same for a dense block of full width: only the cells that the change touches are made anew."""
        at = entry & 0x7FFFFFF
        size = 1 << _DENSE
        for i in range(size):
            cell = self.half[2 * at + i]
            self.cells[cells + i] = cell if cell < _LARGE else self.word[at + (cell & 0x7FFF)]
        self.live -= own_words(self.word, self.half, entry)
        first, last = 0, size - 1
        if _before(high, low, self.first_high, self.first_low):
            first = window(self.first_high, self.first_low, depth) >> (32 - _DENSE)
        if _before(self.last_high, self.last_low, high | behind_high(depth), low | behind_low(depth)):
            last = window(self.last_high, self.last_low, depth) >> (32 - _DENSE)
        for i in range(first, last + 1):
            bits = i << (32 - _DENSE)
            self.cells[cells + i] = self._changed(
                self.cells[cells + i],
                high | _at_high(bits, depth),
                low | _at_low(bits, depth),
                depth + _DENSE,
                cells + size,
            )
        runs = children = 0
        for i in range(size):
            cell = self.cells[cells + i]
            runs += i == 0 or cell != self.cells[cells + i - 1]
            children += cell >= _CHILD
        if children and runs >= 2 * self.few:  # each child has a border inside, so there are too many for a slice
            return self._put_dense(_DENSE, cells)
        self.old.count = 0
        for i in range(size):
            bits = i << (32 - _DENSE)
            self._flatten(
                self.cells[cells + i],
                high | _at_high(bits, depth),
                low | _at_low(bits, depth),
                depth + _DENSE,
                self.old,
                self.few if children else size,
            )
        if children and self.old.count > self.few:
            return self._put_dense(_DENSE, cells)
        for i in range(size):
            self.drop(self.cells[cells + i])
        return self._entry(self.old, 0, self.old.count - 1, high, low, depth, cells)

    def _spliced(self, entry, high, low, depth, cells):
        """The same for anything with few ranges: they are spread out, and the block is made of what is left."""
        last_high, last_low = high | behind_high(depth), low | behind_low(depth)
        begin_high, begin_low = high, low
        if _before(high, low, self.first_high, self.first_low):
            begin_high, begin_low = self.first_high, self.first_low
        old, mixed, new = self.old, self.mixed, self.new
        old.count = mixed.count = 0
        self._flatten(entry, high, low, depth, old, _NO_LIMIT)
        self.drop(entry)
        i = 0
        while i < old.count and _before(old.high[i], old.low[i], begin_high, begin_low):
            mixed.push(old.high[i], old.low[i], old.number[i])
            i = i + 1
        i = _holding(new, self.cursor, begin_high, begin_low)
        mixed.push(begin_high, begin_low, new.number[i])
        while i + 1 < new.count and not _before(last_high, last_low, new.high[i + 1], new.low[i + 1]):
            i = i + 1
            mixed.push(new.high[i], new.low[i], new.number[i])
        self.cursor = i
        if _before(self.last_high, self.last_low, last_high, last_low):
            begin_low = (self.last_low + 1) & _ALL
            begin_high = self.last_high + (begin_low == 0)
            i = _holding(old, 0, begin_high, begin_low)
            mixed.push(begin_high, begin_low, old.number[i])
            for j in range(i + 1, old.count):
                mixed.push(old.high[j], old.low[j], old.number[j])
        return self._entry(mixed, 0, mixed.count - 1, high, low, depth, cells)

    def _flatten(self, entry, high, low, depth, into, limit):
        """Adds the ranges of an entry to others, until there are more than `limit`."""
        if entry < _CHILD:
            return into.push(high, low, entry)
        at = entry & 0x7FFFFFF
        k = (entry >> 27) & 15
        count = 1 << k if k else self.word[at]
        bits = 0
        for i in range(count):
            if into.count > limit:
                return 0
            if k:
                below = self.half[2 * at + i]
                if below >= _LARGE:
                    below = self.word[at + (below & 0x7FFF)]
                bits = i
                bits = bits << (32 - k)
            else:
                below = self.word[at + count + i]
                if i:
                    bits = self.word[at + i]
            self._flatten(
                below, high | _at_high(bits, depth), low | _at_low(bits, depth), depth + (k or 32), into, limit
            )
        return 0

    def _entry(self, r, first, last, high, low, depth, cells):
        """The entry for the addresses from (high, low) on, which ranges `first` to `last` share.

        Cells are laid out from `cells` on, for what is before belongs to blocks above.
        """
        if first == last:
            return r.number[first]
        bits_high, bits_low = high, low
        for i in range(first + 1, last + 1):
            bits_high = bits_high | r.high[i]
            bits_low = bits_low | r.low[i]
        need = _needed(bits_high ^ high, bits_low ^ low) - depth
        if last - first < self.few and need > self.small:
            return self._slice(r, first, last, depth, cells)
        return self._dense(r, first, last, depth, min(need, _DENSE), cells)

    def _below(self, r, first, last, depth, cells):
        """The entry for the addresses that have the first `depth` bits of where range `last` begins."""
        high = r.high[last] & (_ALL ^ behind_high(depth))
        low = r.low[last] & (_ALL ^ behind_low(depth))
        return self._entry(r, first, last, high, low, depth, cells)

    def _dense(self, r, first, last, depth, k, cells):
        size = 1 << k
        behind = depth + k
        i = 0
        while first < last:
            following = first + 1
            cell = window(r.high[following], r.low[following], depth) >> (32 - k)
            while i < cell:
                self.cells[cells + i] = r.number[first]
                i = i + 1
            if r.high[following] & behind_high(behind) == 0 and r.low[following] & behind_low(behind) == 0:
                first = following
            while following < last and window(r.high[following + 1], r.low[following + 1], depth) >> (32 - k) == cell:
                following = following + 1
            below = self._below(r, first, following, behind, cells + size)
            self.cells[cells + i] = below
            i = i + 1
            first = following
        while i < size:
            self.cells[cells + i] = r.number[last]
            i = i + 1
        return self._put_dense(k, cells)

    def _put_dense(self, k, cells):
        """The entry of a dense block of the cells that are laid out."""
        size = 1 << k
        slots = body = size >> 1
        for i in range(size):
            cell = self.cells[cells + i]
            slots += cell >= _LARGE and (i == 0 or cell != self.cells[cells + i - 1])
        at = self.take(slots)
        slots = body - 1
        for i in range(size):
            cell = self.cells[cells + i]
            if cell >= _LARGE:
                if i == 0 or cell != self.cells[cells + i - 1]:
                    slots = slots + 1
                    self.word[at + slots] = cell
                cell = _LARGE | slots
            self.half[2 * at + i] = cell
        return _CHILD | k << 27 | at

    def _slice(self, r, first, last, depth, cells):
        n = 1
        values = cells + 2 * (last - first) + 2  # starts are laid out from `cells` on, entries from here
        below = values + 2 * (last - first) + 2
        behind = depth + 32
        self.cells[cells] = 0
        self.cells[values] = r.number[first]
        while first < last:
            following = first + 1
            start = window(r.high[following], r.low[following], depth)
            if r.high[following] & behind_high(behind) == 0 and r.low[following] & behind_low(behind) == 0:
                first = following
            while following < last and window(r.high[following + 1], r.low[following + 1], depth) == start:
                following = following + 1
            entry = self._below(r, first, following, behind, below)
            first = following
            n = n + (self.cells[cells + n - 1] != start)
            self.cells[cells + n - 1] = start
            self.cells[values + n - 1] = entry
            if entry >= _CHILD and start != _WORD:
                self.cells[cells + n] = start + 1
                self.cells[values + n] = r.number[first]
                n = n + 1
        at = self.take(2 * n)
        self.word[at] = n
        for i in range(1, n):
            self.word[at + i] = self.cells[cells + i]
        for i in range(n):
            self.word[at + n + i] = self.cells[values + i]
        return _CHILD | at
