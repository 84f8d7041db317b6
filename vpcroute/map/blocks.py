"""Which parts of the address space a map shows by themselves: the well-known ones, and those that are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Final

import attrs

from vpcroute.analysis.cover import Cover
from vpcroute.edges import WIDTHS, Version
from vpcroute.ranges import Range

__all__ = ["Block", "blocks_of"]


@attrs.frozen
class Block:
    """A part of the address space, a square on the map.

    Attributes:
        version: 4 or 6.
        first, length: its prefix; the length is even.
        title: what it is called.
        note: what it is for; empty where nothing is known.
    """

    version: Version
    first: int
    length: int
    title: str
    note: str = ""


_Prefix = tuple[int, int]  # address and length

_WHOLE: Final = {4: Block(4, 0, 0, "IPv4", "all addresses"), 6: Block(6, 0, 0, "IPv6", "all addresses")}
_KNOWN: Final = tuple(
    Block(4, int(ip_network(prefix).network_address), ip_network(prefix).prefixlen, prefix, note)
    for prefix, note in [
        ("10.0.0.0/8", "private use"),
        ("172.16.0.0/12", "private use"),
        ("192.168.0.0/16", "private use"),
        ("100.64.0.0/10", "shared, Mesh"),
    ]
)
_MOST: Final = {4: 4, 6: 14}  # blocks that are shown because they are used
_SHORTEST: Final = {4: 8, 6: 8}  # a shorter prefix is seen well on the whole
_LONGEST: Final = {4: 24, 6: 112}
_NEAR: Final = 4  # neighbours that differ in no more bits than these are one block


def blocks_of(cover: Cover) -> list[Block]:
    """The blocks of a family, the whole of it first."""
    version = cover.version
    known = [block for block in _KNOWN if block.version == version]
    found = [
        Block(version, first, length, str(ip_network((first.to_bytes(WIDTHS[version] // 8), length))))
        for first, length in _merged(_used(cover, known), version)
    ]
    return [_WHOLE[version], *known, *found]


def _used(cover: Cover, known: Iterable[Block]) -> Iterator[_Prefix]:
    """The outermost prefixes that something was announced for; where that lies in a range of the account, the range."""
    bits = WIDTHS[cover.version]
    spans = [(block.first, block.first | ((1 << bits) - 1 >> block.length)) for block in known]
    behind = 0
    for place, items in enumerate(cover.items):
        first, length = cover.firsts[place], cover.lengths[place]
        if first < behind or length < _SHORTEST[cover.version] or all(isinstance(item, Range) for item in items):
            continue
        if any(start <= first <= end for start, end in spans):
            continue
        outer = [each for each in cover.around(place) if any(isinstance(item, Range) for item in cover.items[each])]
        if outer and cover.lengths[outer[0]] >= _SHORTEST[cover.version]:
            first, length = cover.firsts[outer[0]], cover.lengths[outer[0]]
        length = min(length, _LONGEST[cover.version]) & ~1
        first = first >> bits - length << bits - length
        behind = first + (1 << bits - length)
        yield first, length


def _merged(prefixes: Iterable[_Prefix], version: Version) -> list[_Prefix]:
    """Prefixes with near ones together in one; where that leaves too many, with their last bits cut off.

    They may be given with shorter ones behind longer ones that they contain.
    """
    bits = WIDTHS[version]
    found = list(prefixes)
    for longest in range(bits, 0, -2):
        cut = (
            (first >> bits - longest << bits - longest, longest) if length > longest else (first, length)
            for first, length in found
        )
        found = _together(cut, bits)
        if len(found) <= _MOST[version]:
            break
    return [prefix for prefix in found if prefix[1] >= _SHORTEST[version]]


def _together(prefixes: Iterable[_Prefix], bits: int) -> list[_Prefix]:
    stack: list[_Prefix] = []
    for each in prefixes:
        prefix = each
        while stack:
            shorter, longer = sorted((stack[-1][1], prefix[1]))
            around = _around(stack[-1], prefix, bits)
            if around[1] < shorter and longer - around[1] > _NEAR:
                break
            stack.pop()
            prefix = around
        stack.append(prefix)
    return stack


def _around(one: _Prefix, other: _Prefix, bits: int) -> _Prefix:
    """The longest prefix of even length around two."""
    length = min(one[1], other[1], bits - (one[0] ^ other[0]).bit_length()) & ~1
    return one[0] >> bits - length << bits - length, length
