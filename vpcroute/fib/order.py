# cython: boundscheck=False, wraparound=False
"""Records of one size: put in ascending order, other columns put in the same order, and searched.

A million records that come in the order of announcing are sorted by their octets, the last one first; an octet that is
the same in all of them is passed over.
"""

from __future__ import annotations

from array import array
from typing import Any

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

__all__ = ["ascending", "not_above", "rows_not_above", "taken"]


def ascending(records: Any, size: int) -> array[int]:
    """The places of records in ascending order, as ``array("I")``; of equal ones the first comes first.

    Args:
        records: the records, joined.
        size: how many octets each has.

    Raises:
        ValueError: for octets that are no records of that size.
    """
    count = _count(records, size)
    if not cython.compiled:
        return array("I", sorted(range(count), key=lambda place: records[size * place : size * place + size]))
    places, into, starts = (array("I", bytes(4 * room)) for room in (count, count, 256))
    _number(places)
    for octet in range(size - 1, -1, -1):
        if _scattered(records, size, octet, places, into, starts):
            places, into = into, places
    return places


def taken(records: Any, size: int, places: array[int]) -> bytes:
    """The records at some places, joined.

    Raises:
        ValueError: for octets that are no records of that size.
        IndexError: for a place where there is none.
    """
    count = _count(records, size)
    into = bytearray(size * len(places))
    _copy(records, size, count, places, into)
    return bytes(into)


def not_above(records: bytes, record: bytes) -> int:
    """How many of ascending records of its size are not above a record.

    Raises:
        ValueError: for octets that are no records of that size.
    """
    return rows_not_above(records, _count(records, len(record)), len(record), record, len(record))


def rows_not_above(rows, count, stride, record, size):
    """How many of ascending rows, which begin with a record of `size` octets, are not above a record."""
    low = 0
    while low < count:
        middle = (low + count) >> 1
        start = middle * stride
        octet = 0
        while octet < size and rows[start + octet] == record[octet]:
            octet += 1
        if octet < size and rows[start + octet] > record[octet]:
            count = middle
        else:
            low = middle + 1
    return low


def _count(records, size):
    if size < 1 or len(records) % size:
        raise ValueError(f"{len(records)} octets are no records of {size}")
    return len(records) // size


def _number(places):
    for i in range(len(places)):
        places[i] = i
    return 0


def _scattered(records, size, octet, places, into, starts):
    """Sorts places by one octet, equal ones as they are; false, and nothing done, where all have the same octet."""
    count = len(places)
    for value in range(256):
        starts[value] = 0
    for i in range(count):
        starts[records[i * size + octet]] += 1
    if count == 0 or starts[records[octet]] == count:
        return False
    start = 0
    for value in range(256):
        start, starts[value] = start + starts[value], start
    for i in range(count):
        value = records[places[i] * size + octet]
        into[starts[value]] = places[i]
        starts[value] += 1
    return True


def _copy(records, size, count, places, into):
    to = 0
    for i in range(len(places)):
        if places[i] >= count:
            raise IndexError(f"no record at place {places[i]} of {count}")
        start = places[i] * size
        for octet in range(size):
            into[to + octet] = records[start + octet]
        to += size
    return 0
