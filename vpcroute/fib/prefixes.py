"""Prefixes and what was announced for them, frozen: for what is rarely asked for, small rather than quick."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

from vpcroute.fib.order import not_above
from vpcroute.packed import RECORD_SIZES

__all__ = ["FrozenPrefixes"]

T = TypeVar("T")

#: Joined records, and what is there for each.
_Block = tuple[bytes, list[T]]
#: The first record of each block, and the blocks.
_Page = tuple[list[bytes], list[_Block[T]]]

_BLOCK: Final = 128  # prefixes
_PAGE: Final = 128  # blocks
_NONE: Final = 255  # longer than any prefix


class FrozenPrefixes(Generic[T]):
    """Contents by prefix, of one address family, in blocks on pages that the tables before and after a change share.

    A prefix's *record* is its packed address and, in one more octet, its length.

    Args:
        version: 4 or 6.
        records: the records of the prefixes, ascending and joined.
        contents: what is there for each.
    """

    __slots__ = ("_count", "_firsts", "_pages", "_shortest", "_size")

    def __init__(self, version: int, records: bytes, contents: Iterable[T]) -> None:
        self._size = RECORD_SIZES[version]
        self._count = len(records) // self._size
        self._shortest = min(records[self._size - 1 :: self._size], default=_NONE)  # none is shorter
        blocks = _parts(records, list(contents), self._size)
        firsts = [block[: self._size] for block, _ in blocks]
        pages = range(0, len(blocks), _PAGE)
        self._pages: list[_Page[T]] = [(firsts[at : at + _PAGE], blocks[at : at + _PAGE]) for at in pages]
        self._firsts = firsts[::_PAGE]

    def __len__(self) -> int:
        return self._count

    def covering(self, number: int) -> Iterator[tuple[int, T]]:
        """Length and content of every prefix that contains an address, the longest first.

        The last prefix that begins at the address or before it contains it, or else shares some bits with it; whatever
        contains the address and comes before contains that prefix too, so it is no longer than what they share.
        """
        bits = 8 * (self._size - 1)
        length = bits
        while length >= self._shortest:
            masked = number >> (bits - length) << (bits - length)
            found = self._last((masked << 8 | length).to_bytes(self._size))
            if found is None:
                return
            record, content = found
            shared = bits - (int.from_bytes(record[:-1]) ^ number).bit_length()
            if record[-1] <= shared:
                yield record[-1], content
                shared = record[-1] - 1
            length = shared

    def items(self) -> Iterator[tuple[int, int, T]]:
        """Address, length and content of every prefix, ascending; of those at one address the shortest first."""
        size = self._size
        for _, blocks in self._pages:
            for records, contents in blocks:
                for at, content in zip(range(0, len(records), size), contents, strict=True):
                    record = records[at : at + size]
                    yield int.from_bytes(record[:-1]), record[-1], content

    def changed(self, changes: Mapping[bytes, T | None]) -> FrozenPrefixes[T]:
        """The prefixes after a change: for each record what is there then, or None where nothing is any more."""
        if not changes:
            return self
        new = object.__new__(type(self))
        new._size, new._count, new._shortest = self._size, self._count, self._shortest
        new._pages, new._firsts = self._pages.copy(), self._firsts.copy()
        coming = sorted(changes)
        done = 0
        while done < len(coming):
            page = max(0, bisect_right(new._firsts, coming[done]) - 1)
            behind = new._firsts[page + 1 : page + 2]
            until = bisect_left(coming, behind[0], done) if behind else len(coming)
            new._put(page, coming[done:until], changes)
            done = until
        return new

    def nbytes(self) -> int:
        """How much memory it takes, in bytes, the contents themselves not counted."""
        blocks = sum(len(page) for _, page in self._pages)
        return self._count * (self._size + 8) + blocks * (33 + 56 + 56 + 16 + 33 + self._size)

    def _last(self, record: bytes) -> tuple[bytes, T] | None:
        """The last record that is not above this one, and what is there."""
        page = bisect_right(self._firsts, record) - 1
        if page < 0:
            return None
        firsts, blocks = self._pages[page]
        records, contents = blocks[bisect_right(firsts, record) - 1]
        size = self._size
        behind = not_above(records, record)
        return records[(behind - 1) * size : behind * size], contents[behind - 1]

    def _put(self, page: int, coming: list[bytes], changes: Mapping[bytes, T | None]) -> None:
        """Makes changes that are all in one page."""
        firsts, blocks = self._pages[page] if self._pages else ([], [])
        firsts, blocks = firsts.copy(), blocks.copy()
        done = 0
        while done < len(coming):
            block = max(0, bisect_right(firsts, coming[done]) - 1)
            behind = firsts[block + 1 : block + 2]
            until = bisect_left(coming, behind[0], done) if behind else len(coming)
            parts = self._changed(blocks[block] if blocks else (b"", []), coming[done:until], changes)
            blocks[block : block + 1] = parts
            firsts[block : block + 1] = [records[: self._size] for records, _ in parts]
            done = until
        step = 2 * _PAGE if len(blocks) <= 2 * _PAGE else _PAGE
        pages = [(firsts[at : at + step], blocks[at : at + step]) for at in range(0, len(blocks), step)]
        self._pages[page : page + 1] = pages
        self._firsts[page : page + 1] = [first[0] for first, _ in pages]

    def _changed(self, block: _Block[T], coming: list[bytes], changes: Mapping[bytes, T | None]) -> list[_Block[T]]:
        """The blocks in place of one after changes that are all in it."""
        records, contents = block[0], block[1].copy()
        size = self._size
        for record in coming:
            content = changes[record]
            place = not_above(records, record)
            there = records[(place - 1) * size : place * size] == record if place else False
            place -= there
            put = () if content is None else (content,)
            contents[place : place + there] = put
            records = records[: place * size] + record * len(put) + records[(place + there) * size :]
            self._count += len(put) - there
            self._shortest = min(self._shortest, record[-1] if put else _NONE)
        if 0 < len(contents) <= 2 * _BLOCK:
            return [(records, contents)]
        return _parts(records, contents, size)


def _parts(records: bytes, contents: list[T], size: int) -> list[_Block[T]]:
    """Prefixes in blocks."""
    starts = range(0, len(contents), _BLOCK)
    return [(records[at * size : (at + _BLOCK) * size], contents[at : at + _BLOCK]) for at in starts]
