"""The ranges of addresses that two resolvers answer differently.

Their tries are walked side by side, and neighbouring addresses with the same change are one range.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vpcroute.analysis.answer import Answer
from vpcroute.analysis.changes import AddressChange
from vpcroute.edges import WIDTHS, Version
from vpcroute.fib.compare import changed_ranges
from vpcroute.fields import MAPPED, IPAddress

__all__ = ["Within", "changed_addresses", "spans", "without_mapped"]

_MAPPED: Final = int(MAPPED.network_address), int(MAPPED.broadcast_address)


def changed_addresses(
    tries: Mapping[Version, tuple[Any, Any]], old: list[Answer], new: list[Answer]
) -> tuple[AddressChange, ...]:
    """The ranges of addresses that change.

    Args:
        tries: the tries before and after, by family.
        old: the answer of each class of those before.
        new: the same for those after.
    """
    meanings: dict[Answer, int] = {}
    known: dict[int, int] = {}  # by identity: there are few answers, and many classes
    was, is_ = (array("I", _numbered(answers, meanings, known)) for answers in (old, new))
    answers = list(meanings)
    found: list[AddressChange] = []
    for version, (one, other) in tries.items():
        ranges, pairs = changed_ranges(one, other, was, is_)
        changes = [(answers[a], answers[b]) for a, b in pairs]
        for first, last, number in spans(version, ranges):
            if number:
                before, after = changes[number - 1]
                found += (
                    AddressChange(version, start, end, before, after)
                    for start, end in without_mapped(version, first, last)
                )
    return tuple(found)


def _numbered(answers: Iterable[Answer], meanings: dict[Answer, int], known: dict[int, int]) -> Iterator[int]:
    for answer in answers:
        number = known.get(id(answer))
        if number is None:
            number = known[id(answer)] = meanings.setdefault(answer, len(meanings))
        yield number


def spans(version: Version, ranges: Any) -> Iterator[tuple[int, int, int]]:
    """First address, last address and number of each range."""
    if version == 4:
        firsts = [high >> 32 for high in ranges.highs]
    else:
        firsts = [high << 64 | low for high, low in zip(ranges.highs, ranges.lows, strict=True)]
    lasts = [first - 1 for first in firsts[1:]]
    return zip(firsts, [*lasts, (1 << WIDTHS[version]) - 1], ranges.classes, strict=True)


def without_mapped(version: Version, first: int, last: int) -> Iterator[tuple[int, int]]:
    """A range without the IPv4-mapped addresses, which are IPv4 addresses to whoever asks."""
    mapped_first, mapped_last = _MAPPED
    if version == 4 or last < mapped_first or first > mapped_last:
        yield first, last
        return
    if first < mapped_first:
        yield first, mapped_first - 1
    if last > mapped_last:
        yield mapped_last + 1, last


class Within:
    """Whether an address is in one of some ranges."""

    def __init__(self, changes: Iterable[AddressChange]) -> None:
        self._lasts: dict[int, list[int]] = {4: [], 6: []}
        self._firsts: dict[int, list[int]] = {4: [], 6: []}
        for change in changes:
            self._firsts[change.version].append(change.first)
            self._lasts[change.version].append(change.last)

    def __call__(self, ip: IPAddress) -> bool:
        number = int(ip)
        place = bisect_right(self._firsts[ip.version], number) - 1
        return place >= 0 and number <= self._lasts[ip.version][place]
