"""Prefixes and what was announced for them, frozen: for what is rarely asked for, small rather than quick."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

__all__ = ["FrozenPrefixes"]

T = TypeVar("T")

_BLOCK = 256


class FrozenPrefixes(Generic[T]):
    """Contents by prefix, of one address family, in blocks that the tables before and after a change share.

    A prefix's *record* is its packed address and, in one more octet, its length.

    Args:
        version: 4 or 6.
        records: the records of the prefixes, ascending and joined.
        contents: what is there for each.
    """

    __slots__ = ("_blocks", "_firsts", "_lengths", "_width")

    def __init__(self, version: int, records: bytes, contents: Iterable[T]) -> None:
        self._width = 4 if version == 4 else 16
        size = self._width + 1
        self._lengths = Counter(records[self._width :: size])
        coming = iter(contents)
        self._blocks: list[tuple[bytes, list[T]]] = [
            (records[start : start + _BLOCK * size], list(islice(coming, _BLOCK)))
            for start in range(0, len(records), _BLOCK * size)
        ]
        self._firsts: list[bytes] = [block[:size] for block, _ in self._blocks]

    def __len__(self) -> int:
        return self._lengths.total()

    def covering(self, packed: bytes) -> Iterator[tuple[int, T]]:
        """Length and content of every prefix that contains an address, the longest first."""
        number = int.from_bytes(packed)
        bits = 8 * self._width
        for length in sorted(self._lengths, reverse=True):
            masked = number >> (bits - length) << (bits - length)
            record = masked.to_bytes(self._width) + bytes((length,))
            block = bisect_right(self._firsts, record) - 1
            if block >= 0:
                records, contents = self._blocks[block]
                index = self._find(records, record)
                if index < len(contents) and self._at(records, index) == record:
                    yield length, contents[index]

    def changed(self, changes: Mapping[bytes, T | None]) -> FrozenPrefixes[T]:
        """The prefixes after a change: for each record what is there then, or None where nothing is any more."""
        new = object.__new__(type(self))
        new._width = self._width
        new._lengths = self._lengths.copy()
        new._firsts = self._firsts.copy()
        new._blocks = self._blocks.copy()
        for record in sorted(changes):
            new._put(record, changes[record])
        return new

    def nbytes(self) -> int:
        """How much memory it takes, in bytes, the contents themselves not counted."""
        return len(self) * (self._width + 1 + 8) + len(self._blocks) * (33 + 56 + 56 + 16)

    def _put(self, record: bytes, content: T | None) -> None:
        block = max(0, bisect_right(self._firsts, record) - 1)
        if not self._blocks:
            self._firsts.append(record)
            self._blocks.append((b"", []))
        records, contents = self._blocks[block]
        contents = contents.copy()
        index = self._find(records, record)
        size = self._width + 1
        there = self._at(records, index) == record
        if there:
            records = records[: index * size] + records[(index + 1) * size :]
            del contents[index]
            self._lengths[record[-1]] -= 1
            if not self._lengths[record[-1]]:
                del self._lengths[record[-1]]
        if content is not None:
            records = records[: index * size] + record + records[index * size :]
            contents.insert(index, content)
            self._lengths[record[-1]] += 1
        halves = [(records, contents)] if contents else []
        if len(contents) > 2 * _BLOCK:
            halves = [(records[: _BLOCK * size], contents[:_BLOCK]), (records[_BLOCK * size :], contents[_BLOCK:])]
        self._blocks[block : block + 1] = halves
        self._firsts[block : block + 1] = [half[:size] for half, _ in halves]

    def _find(self, records: bytes, record: bytes) -> int:
        """The index of the first record in a block that is not below this one."""
        low, high = 0, len(records) // (self._width + 1)
        while low < high:
            middle = (low + high) // 2
            if self._at(records, middle) < record:
                low = middle + 1
            else:
                high = middle
        return low

    def _at(self, records: bytes, index: int) -> bytes:
        size = self._width + 1
        return records[index * size : index * size + size]
