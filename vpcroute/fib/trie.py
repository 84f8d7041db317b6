"""Longest-prefix match of addresses: address in, route class out.

The first octet of an address indexes the directory, the second one a page. The entry found there is a route class, or
leads to a block; :mod:`vpcroute.fib.arena` says what blocks look like. In a dense block the next bits
index a cell, in a slice they are searched for. Ranges of addresses that lead to the same class are one range,
whatever prefixes they came from.

A trie never changes. :meth:`Trie.replaced_many` makes another one that shares all blocks but those on the way to what
is different. An arena of blocks lives as long as one of the tries that share it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.vpcroute.fib.arena import Arena, own_words
    from cython.cimports.vpcroute.fib.blocks import Builder
    from cython.cimports.vpcroute.fib.hints import prefetch
else:
    from vpcroute.fib.arena import Arena, own_words
    from vpcroute.fib.blocks import Builder

from vpcroute.fib.sweep import LAST, Ranges

__all__ = ["Trie", "build"]

_CHILD = 0x80000000
_WORD = 0xFFFFFFFF
_MARKS = 0x80008000  # the highest bit of two cells
_ALL = 0xFFFFFFFFFFFFFFFF
_CACHED = 1 << 17  # so many words are in the processor's cache, where there is nothing to wait for


def _search(word, at, bits):
    """The entry of a slice for the 32 bits behind it."""
    n = left = word[at]
    while left > 4:
        step = left >> 1
        at = at + step * (word[at + step] <= bits)
        left = left - step
    # Borders are in order, so that counting those passed finds the place; the loads do not wait for each other.
    passed = 0
    if left > 1:
        passed = word[at + 1] <= bits
        if left > 2:
            passed += word[at + 2] <= bits
            if left > 3:
                passed += word[at + 3] <= bits
    return word[at + n + passed]


def _octets4(packed, i):
    """The number that four octets from `i` on are."""
    number = packed[i]
    number = number << 8 | packed[i + 1]
    number = number << 8 | packed[i + 2]
    return number << 8 | packed[i + 3]


def _octets8(packed, at):
    number = 0
    for i in range(at, at + 8):
        number = number << 8 | packed[i]
    return number


@cython.final
@cython.cclass
class Trie:
    """Route classes by address, of one address family."""

    def __cinit__(self, version, directory, arena):
        pass  # so that none is made without __init__: its pointers would lead nowhere

    def __init__(self, version: int, directory: Any, arena: Any) -> None:
        """A trie over buffers of 32-bit words. Those from elsewhere must pass :meth:`check` before it is asked."""
        if version not in (4, 6):
            raise ValueError(f"version must be 4 or 6, not {version!r}")
        self.version = version
        self._directory = array("I")
        self._directory.frombytes(memoryview(directory).cast("B"))
        if len(self._directory) != 256:
            raise ValueError(f"a directory has 256 words, not {len(self._directory)}")
        if not isinstance(arena, Arena):
            arena = Arena(arena, memoryview(arena).nbytes // 4)
        self._arena = arena
        self._fill = self._live = self._arena.fill
        self._word = self._arena.word
        self._half = self._arena.half
        if cython.compiled:
            self._pages = cython.cast("unsigned int *", cython.cast(cython.size_t, self._directory.buffer_info()[0]))
        else:
            self._pages = self._directory

    def find4(self, number):
        """The class of an IPv4 address."""
        entry = self._first(number >> 16)
        bits = (number << 16) & _WORD
        while entry >> 31:
            at = entry & 0x7FFFFFF
            k = (entry >> 27) & 15
            if k == 0:
                return _search(self._word, at, bits)
            cell = self._half[2 * at + (bits >> (32 - k))]
            if cell < 0x8000:
                return cell
            entry = self._word[at + (cell & 0x7FFF)]
            bits = (bits << k) & _WORD
        return entry

    def find6(self, high, low):
        """The class of an IPv6 address, given as two halves of 64 bits."""
        return self._walk6(self._first(high >> 48), ((high << 16) & _ALL) | (low >> 48), (low << 16) & _ALL)

    def _first(self, octets):
        """The entry for the first two octets."""
        return self._word[self._pages[octets >> 8] + (octets & 0xFF)]

    def _walk6(self, entry, high, low):
        """The class that an entry leads to, with the bits behind it at the left of two halves."""
        while entry >> 31:
            entry, k = self._step6(entry, high), (entry >> 27) & 15
            if k == 0:
                k = 32
            high = ((high << k) & _ALL) | (low >> (64 - k))
            low = (low << k) & _ALL
        return entry

    def _step6(self, entry, high):
        """The entry that a block leads to."""
        at = entry & 0x7FFFFFF
        k = (entry >> 27) & 15
        if k == 0:
            return _search(self._word, at, high >> 32)
        cell = self._half[2 * at + (high >> (64 - k))]
        return cell if cell < 0x8000 else self._word[at + (cell & 0x7FFF)]

    def find(self, number: int) -> int:
        """The class of an address as a number; the same, for whoever is in no hurry."""
        if self.version == 4:
            return self.find4(number)
        return self.find6(number >> 64, number & 0xFFFFFFFFFFFFFFFF)

    def _touch(self, entry, bits):
        """Fetches the cell that a dense block has for these bits, or where a slice begins; for a class, anything."""
        if cython.compiled:
            prefetch(self._half + 2 * (entry & 0x7FFFFFF) + (bits >> 16 << ((entry >> 27) & 15) >> 16))

    def find4_many(self, packed, out, outcomes, count):
        """The outcomes of many IPv4 addresses of four octets each, by the outcome of each class."""
        if self._fill < _CACHED:
            for i in range(count):
                out[i] = outcomes[self.find4(_octets4(packed, 4 * i))]
        else:
            for i in range(0, count, 64):
                self._group4(packed, i, out, outcomes, min(count - i, 64))

    def find6_many(self, packed, out, outcomes, count, mapped):
        """The same for IPv6 and 16 octets; those that are IPv4 addresses, ::ffff:a.b.c.d, are found in `mapped`."""
        for i in range(0, count, 64):
            self._group6(packed, i, out, outcomes, min(count - i, 64), mapped)

    # 64 addresses take their first steps together, so that the processor fetches for all of them while it waits.

    def _group4(self, packed, start, out, outcomes, size):
        if not cython.compiled:
            numbers = [0] * 64
        for i in range(size):
            number = numbers[i] = _octets4(packed, 4 * (start + i))
            self._touch(self._first(number >> 16), (number << 16) & _WORD)
        for i in range(size):
            out[start + i] = outcomes[self.find4(numbers[i])]

    def _group6(self, packed, start, out, outcomes, size, mapped):
        if not cython.compiled:
            entries, highs, lows = [0] * 64, [0] * 64, [0] * 64
        for i in range(size):
            high, low = _octets8(packed, 16 * (start + i)), _octets8(packed, 16 * (start + i) + 8)
            if high == 0 and low >> 32 == 0xFFFF:
                entries[i] = mapped.find4(low & _WORD)
            else:
                entries[i] = self._first(high >> 48)
            highs[i] = ((high << 16) & _ALL) | (low >> 48)
            lows[i] = (low << 16) & _ALL
        for i in range(size):
            self._touch(entries[i], highs[i] >> 32)
        for _ in range(2):
            for i in range(size):
                entry = entries[i]
                if entry >> 31:
                    k = (entry >> 27) & 15
                    if k == 0:
                        k = 32
                    entries[i] = self._step6(entry, highs[i])
                    highs[i] = ((highs[i] << k) & _ALL) | (lows[i] >> (64 - k))
                    lows[i] = (lows[i] << k) & _ALL
                    self._touch(entries[i], highs[i] >> 32)
        for i in range(size):
            out[start + i] = outcomes[self._walk6(entries[i], highs[i], lows[i])]

    def replaced_many(self, changes: Iterable[tuple[int, int, Ranges]]) -> Trie:
        """A trie in which the addresses from first to last of each change lead to its ranges, one after the other.

        Raises:
            ValueError: for ranges that do not begin at the first address, or that do not end by the last.
        """
        builder = Builder(self.version, self._directory, self._arena, self._fill, self._live)
        for first, last, ranges in changes:
            builder.lead(first, last, ranges)
        builder.close()
        return _of(builder)

    def check(self, classes: int) -> None:
        """Proves that every address leads to a class below `classes`, and that nothing reads behind the arena.

        Raises:
            ValueError: for what is wrong.
        """
        _Check(self, classes).pages()

    def nbytes(self) -> int:
        """How much memory it takes, in bytes; tries that came of each other by changes share most of it."""
        return 4 * (256 + self._arena.room)

    def __reduce__(self) -> Any:
        whole = self
        if self._fill != self._live:
            builder = Builder(self.version, self._directory, self._arena, self._fill, 0)  # nothing but garbage: a copy
            whole = _of(builder)
        words = array("I")
        words.frombytes(whole._arena.owner[: 4 * whole._fill])
        return Trie, (self.version, whole._directory, words)


def _of(builder):
    """The trie that has been built."""
    builder.arena.fill = builder.fill
    trie = Trie(builder.version, builder.directory, builder.arena)
    trie._live = builder.live
    return trie


@cython.final
@cython.cclass
class _Check:
    """A walk along every way through a trie.

    No two entries lead to one block, so the blocks that are met have no more words than there are. Where they have, the
    walk is given up: so it takes no longer than the arena is, wherever it is led.
    """

    def __init__(self, trie, classes):
        self.trie = trie
        self.classes = classes
        self.width = 32 if self.trie.version == 4 else 128
        self.met = 0
        self.beyond = (0x8000 - min(self.classes, 0x8000)) * 0x10001

    def pages(self):
        """Goes through all of it."""
        for at in sorted(set(self.trie._directory)):
            if at + 256 > self.trie._fill:
                raise ValueError(f"the page at word {at} is behind the end of the arena")
            self.meet(at, 256)
            for i in range(256):
                self.entry(self.trie._word[at + i], 16)

    def meet(self, at, words):
        """Counts what is met, of so many words."""
        self.met += words
        if self.met > self.trie._fill:
            raise ValueError(f"the block at word {at} overlaps another one")
        return 0

    def are_classes(self, word, at, words):
        """Whether all cells in so many words are classes that there are; most blocks have no others.

        Two at a time: a class that there is not, as what is no class, sets the highest bit of its half.
        """
        beyond = self.beyond
        bits = 0
        for i in range(at, at + words):
            bits = bits | word[i] | (word[i] + beyond)
        return bits & _MARKS == 0

    def entry(self, entry, depth):
        """Goes through what hangs from an entry behind so many bits."""
        if entry < _CHILD:
            if entry >= self.classes:
                raise ValueError(f"there is no class {entry}")
            return 0
        at = entry & 0x7FFFFFF
        k = (entry >> 27) & 15
        if depth + k > self.width or depth == self.width:
            raise ValueError(f"the block at word {at} is for bits behind the last one")
        fill = self.trie._fill
        fixed = (1 << k) >> 1 if k else 1
        if at + fixed > fill:
            raise ValueError(f"the block at word {at} is behind the end of the arena")
        if k and self.are_classes(self.trie._word, at, fixed):
            return self.meet(at, fixed)
        own = own_words(self.trie._word, self.trie._half, entry)
        if own < 2 * fixed - (k > 0) * fixed or at + own > fill or (k == 0 and self.trie._word[at] > fill):
            raise ValueError(f"the block at word {at} is behind the end of the arena")
        self.meet(at, own)
        if k:
            for i in range(1 << k):
                cell = self.trie._half[2 * at + i]
                if (cell >= 0x8000 and cell & 0x7FFF < fixed) or self.classes <= cell < 0x8000:
                    raise ValueError(f"cell {i} of the block at word {at} leads nowhere")
        else:
            fixed = own >> 1
            for i in range(1, fixed):
                if self.trie._word[at + i] <= (self.trie._word[at + i - 1] if i > 1 else 0):
                    raise ValueError(f"the starts of the block at word {at} do not ascend")
        for i in range(fixed, own):
            self.entry(self.trie._word[at + i], depth + (k or 32))
        return 0


def build(version: int, ranges: Ranges) -> Trie:
    """The trie of ranges that together cover an address family.

    Raises:
        ValueError: for ranges that do not.
    """
    builder = Builder(version)
    builder.lead(0, LAST[version], ranges)
    builder.close()
    builder.trim()
    return _of(builder)
