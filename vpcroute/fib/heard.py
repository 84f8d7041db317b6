# cython: boundscheck=False, wraparound=False
"""What is said at the prefixes of a family, kept for the next change.

A *row* is a prefix's record and, in four more octets, the number of what is said there. Rows stand in ascending order,
in blocks, and change in place: nobody but the compiler reads them. The whole family always says something, so the
first row is its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from sys import byteorder

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.vpcroute.fib.order import rows_not_above
    from cython.cimports.vpcroute.fib.sweep import joined
else:
    from vpcroute.fib.order import rows_not_above
    from vpcroute.fib.sweep import joined

from vpcroute.packed import RECORD_SIZES

__all__ = ["NOTHING", "Heard"]

#: The number of what is said at a prefix of which nothing is said.
NOTHING = -1
_BLOCK = 64  # rows
_NUMBER = 4  # octets of a number, the highest first
_PLACES = [3, 2, 1, 0] if byteorder == "little" else [0, 1, 2, 3]  # where they are in a word


def _shared(rows, at, key, octets):
    """How many bits the address of the row at `at` and that of a key have in common at the left."""
    for i in range(octets):
        differ = rows[at + i] ^ key[i]
        if differ:
            bits = 8 * i
            while differ < 0x80:
                differ = differ << 1
                bits = bits + 1
            return bits
    return 8 * octets


def _shorten(key, octets, length):
    """Makes a record that of the prefix around it with this length."""
    whole = length >> 3
    if whole < octets:
        key[whole] = key[whole] & 0xFF00 >> (length & 7) & 0xFF
        for i in range(whole + 1, octets):
            key[i] = 0
    key[octets] = length
    return 0


def _behind(key, octets):
    """Makes a record one that no record inside its prefix is above, and every record behind it is."""
    whole = key[octets] >> 3
    if whole < octets:
        key[whole] = key[whole] | 0xFF >> (key[octets] & 7)
        for i in range(whole + 1, octets):
            key[i] = 0xFF
    key[octets] = 0xFF
    return 0


def _number(rows, at):
    """The number in four octets."""
    return rows[at] << 24 | rows[at + 1] << 16 | rows[at + 2] << 8 | rows[at + 3]


def _copy(into, to, stride, octets, at, step, count):
    """Copies so many octets, one of each `step` to one of each `stride`."""
    for i in range(count):
        into[to + i * stride] = octets[at + i * step]
    return 0


@cython.final
@cython.cclass
class Heard:
    """What is said at each prefix of one address family.

    Args:
        version: 4 or 6.
        records: the records of the prefixes, ascending and joined, that of the whole family first.
        said: ``array("I")``, what is said at each.
    """

    def __init__(self, version: int, records: bytes, said: array[int]) -> None:
        self.size = RECORD_SIZES[version]
        self.stride = self.size + _NUMBER
        if not records.startswith(bytes(self.size)) or len(records) != self.size * len(said):
            raise ValueError("each prefix needs a number, and the whole family comes first")
        rows = bytearray(self.stride * len(said))
        numbers = said.tobytes()
        for i in range(self.size):
            _copy(rows, i, self.stride, records, i, self.size, len(said))
        for i in range(_NUMBER):
            _copy(rows, self.size + i, self.stride, numbers, _PLACES[i], _NUMBER, len(said))
        step = _BLOCK * self.stride
        self.blocks = [rows[at : at + step] for at in range(0, len(rows), step)]
        self.firsts = bytearray().join([block[: self.size] for block in self.blocks])

    def said_at(self, records: Iterable[bytes]) -> list[int]:
        """The number of what is said at each of some prefixes, or NOTHING."""
        return [self._said_at(self._checked(record)) for record in records]

    def put(self, records: Iterable[bytes], said: Iterable[int]) -> None:
        """Sets what is said at each of some prefixes; NOTHING takes a prefix out.

        Raises:
            ValueError: for nothing at the whole family.
        """
        for record, number in zip(records, said, strict=True):
            self._put(self._checked(record), number)

    def inside(self, record: bytes) -> tuple[bytes, array[int]]:
        """The records of the prefixes inside one, itself included, ascending and joined, and what is said at each."""
        rows = self._rows_inside(self._checked(record))
        size, stride = self.size, self.stride
        count = len(rows) // stride
        if count == 1:
            return bytes(rows[:size]), array("I", (_number(rows, size),))
        records, numbers = bytearray(size * count), bytearray(_NUMBER * count)
        for i in range(size):
            _copy(records, i, size, rows, i, stride, count)
        for i in range(_NUMBER):
            _copy(numbers, _PLACES[i], _NUMBER, rows, size + i, stride, count)
        return bytes(records), array("I", bytes(numbers))

    def around(self, record: bytes, inside: dict[int, int], join: Callable[[int, int], int]) -> int:
        """The class just around a prefix; -1 for the whole family, which has nothing around it.

        Args:
            record: the prefix.
            inside, join: as for :func:`vpcroute.fib.sweep.sweep`.
        """
        return self._around(self._checked(record), inside, join)

    def _checked(self, record):
        if len(record) != self.size or record[self.size - 1] > 8 * (self.size - 1):
            raise ValueError(f"no record of {self.size} octets")
        return record

    def _seek(self, key):
        """Finds the last row that is not above a record: its block, and how many rows of that are not above."""
        count = len(self.firsts) // self.size
        self.block = rows_not_above(self.firsts, count, self.size, key, self.size) - 1
        self.rows = self.blocks[self.block]
        self.row = rows_not_above(self.rows, len(self.rows) // self.stride, self.stride, key, self.size)
        return self.stride * (self.row - 1)

    def _is_at(self, at, record):
        """Whether the row at `at` of the block that was found is of this prefix."""
        return _shared(self.rows, at, record, self.size) == 8 * self.size

    def _said_at(self, record):
        at = self._seek(record)
        return _number(self.rows, at + self.size) if self._is_at(at, record) else NOTHING

    def _put(self, record, number):
        at = self._seek(record)
        there = self._is_at(at, record)
        rows, block, size, stride = self.rows, self.block, self.size, self.stride
        if number != NOTHING:
            rows[at + stride * (not there) : at + stride] = record + number.to_bytes(_NUMBER)
            if len(rows) > 2 * _BLOCK * stride:
                self.blocks.insert(block + 1, rows[_BLOCK * stride :])
                del rows[_BLOCK * stride :]
                self.firsts[size * (block + 1) : size * (block + 1)] = self.blocks[block + 1][:size]
        elif there:
            if block == 0 and at == 0:
                raise ValueError("the whole family always says something")
            del rows[at : at + stride]
            if at == 0:
                self.firsts[size * block : size * (block + 1)] = rows[:size]
                if not rows:
                    del self.blocks[block]
        return 0

    def _rows_inside(self, record):
        """The rows of the prefixes inside one."""
        key = bytearray(record)
        _behind(key, self.size - 1)
        self._seek(key)
        last, end = self.block, self.stride * self.row
        at = self._seek(record)
        start = at if self._is_at(at, record) else at + self.stride
        if self.block == last:
            return self.rows[start:end]
        whole = self.blocks[self.block + 1 : last]
        return b"".join([self.rows[start:], *whole, self.blocks[last][:end]])

    def _around(self, record, inside, join):
        """Goes from each prefix around it to the next one, out to the whole family, and joins them from there.

        What contains the prefix and comes before the last row that is not above it contains that row too, so it is no
        longer than what both have in common.
        """
        key = bytearray(record)
        octets = self.size - 1
        said = []
        length = key[octets]
        while length > 0:
            _shorten(key, octets, length - 1)
            at = self._seek(key)
            length = self.rows[at + octets]
            shared = _shared(self.rows, at, key, octets)
            if length <= shared:
                said.append(_number(self.rows, at + self.size))
            else:
                length = shared + 1
        around = -1
        for number in reversed(said):
            around = joined(inside, join, around, number)
        return around
