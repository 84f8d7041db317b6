"""Prefixes as whole numbers: how routes keep theirs, for a network object takes ten times as much memory.

A number is the address and, in the last eight bits, the length; before those of an IPv6 prefix stands a one. So the
numbers have the order of the prefixes: by family, address and length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from struct import pack as pack_words
from typing import Final

from vpcroute.ranges import IPNetwork

__all__ = ["FIRST_V6", "RECORD_SIZES", "is_mapped", "network_of", "octets_of", "pack", "packed", "records_of"]

_LENGTH_BITS: Final = 8
_LENGTH: Final = 2**_LENGTH_BITS - 1
#: Numbers from here on are of IPv6 prefixes.
FIRST_V6: Final = 1 << 128 + _LENGTH_BITS
_MAPPED: Final = FIRST_V6 >> _LENGTH_BITS + 32 | 0xFFFF  # what stands before the IPv4 address in ::ffff:0:0/96

#: The octets of a prefix's *record*, by family: its address and, in one more octet, its length.
RECORD_SIZES: Final[Mapping[int, int]] = {4: 5, 6: 17}


def pack(address: int, length: int, width: int) -> int:
    """The number of a prefix in a family whose addresses have so many bits."""
    number = address << _LENGTH_BITS | length
    return number if width == 32 else number | FIRST_V6


def packed(network: IPNetwork) -> int:
    """The number of a prefix."""
    return pack(int(network.network_address), network.prefixlen, network.max_prefixlen)


def network_of(number: int) -> IPNetwork:
    """The prefix that a number stands for."""
    if number < FIRST_V6:
        return IPv4Network((number >> _LENGTH_BITS, number & _LENGTH))
    return IPv6Network(((number ^ FIRST_V6) >> _LENGTH_BITS, number & _LENGTH))


def octets_of(number: int) -> tuple[bytes, int]:
    """The address, in octets, and the length of the prefix that a number stands for."""
    if number < FIRST_V6:
        return (number >> _LENGTH_BITS).to_bytes(4), number & _LENGTH
    return ((number ^ FIRST_V6) >> _LENGTH_BITS).to_bytes(16), number & _LENGTH


def is_mapped(number: int) -> bool:
    """Whether a prefix has IPv4-mapped addresses only."""
    return number >> _LENGTH_BITS + 32 == _MAPPED and number & _LENGTH >= 96


def records_of(numbers: Sequence[int], version: int) -> bytes:
    """The records of many prefixes of one family, joined."""
    if version == 4:
        words = pack_words(f">{len(numbers)}Q", *numbers)
        records = bytearray(5 * len(numbers))
        for octet in range(5):
            records[octet::5] = words[3 + octet :: 8]
    else:
        records = bytearray(b"".join([number.to_bytes(18) for number in numbers]))
        del records[::18]  # the one before the address
    return bytes(records)
