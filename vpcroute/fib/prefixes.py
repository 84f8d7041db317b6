"""Prefixes and what was announced for them, frozen: for what is rarely asked for, small rather than quick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["FrozenPrefixes"]

T = TypeVar("T")


class FrozenPrefixes(Generic[T]):
    """Contents by prefix, of one address family.

    Args:
        version: 4 or 6.
        prefixes: packed address, length and content of each prefix, ordered by address and then length.
    """

    __slots__ = ("_contents", "_lengths", "_records", "_width")

    def __init__(self, version: int, prefixes: Iterable[tuple[bytes, int, T]]) -> None:
        self._width = 4 if version == 4 else 16
        ordered = list(prefixes)
        octets = [bytes((length,)) for length in range(129)]
        self._records = b"".join([packed + octets[length] for packed, length, _ in ordered])
        self._contents = [content for _, _, content in ordered]
        self._lengths = sorted({length for _, length, _ in ordered}, reverse=True)

    def __len__(self) -> int:
        return len(self._contents)

    def covering(self, packed: bytes) -> Iterator[tuple[int, T]]:
        """Length and content of every prefix that contains an address, the longest first."""
        number = int.from_bytes(packed)
        bits = 8 * self._width
        for length in self._lengths:
            masked = number >> (bits - length) << (bits - length)
            index = self._find(masked.to_bytes(self._width) + bytes((length,)))
            if index >= 0:
                yield length, self._contents[index]

    def nbytes(self) -> int:
        """How much memory it takes, in bytes, the contents themselves not counted."""
        return len(self._records) + 8 * len(self._contents)

    def _find(self, record: bytes) -> int:
        """The index of a record, or -1."""
        records, size = self._records, self._width + 1
        low, high = 0, len(self._contents)
        while low < high:
            middle = (low + high) // 2
            if records[middle * size : middle * size + size] < record:
                low = middle + 1
            else:
                high = middle
        found = records[low * size : low * size + size] == record
        return low if found else -1
