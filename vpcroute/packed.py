"""Prefixes as whole numbers: how routes keep theirs, for a network object takes ten times as much memory.

A number is the address and, in the last eight bits, the length; before those of an IPv6 prefix stands a one. So the
numbers have the order of the prefixes: by family, address and length.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Final

from vpcroute.ranges import IPNetwork

__all__ = ["is_mapped", "network_of", "octets_of", "pack", "packed"]

_LENGTH_BITS: Final = 8
_LENGTH: Final = 2**_LENGTH_BITS - 1
_V6: Final = 1 << 128 + _LENGTH_BITS
_MAPPED: Final = _V6 >> _LENGTH_BITS + 32 | 0xFFFF  # what stands before the IPv4 address in ::ffff:0:0/96


def pack(address: int, length: int, width: int) -> int:
    """The number of a prefix in a family whose addresses have so many bits."""
    number = address << _LENGTH_BITS | length
    return number if width == 32 else number | _V6


def packed(network: IPNetwork) -> int:
    """The number of a prefix."""
    return pack(int(network.network_address), network.prefixlen, network.max_prefixlen)


def network_of(number: int) -> IPNetwork:
    """The prefix that a number stands for."""
    if number < _V6:
        return IPv4Network((number >> _LENGTH_BITS, number & _LENGTH))
    return IPv6Network(((number ^ _V6) >> _LENGTH_BITS, number & _LENGTH))


def octets_of(number: int) -> tuple[bytes, int]:
    """The address, in octets, and the length of the prefix that a number stands for."""
    if number < _V6:
        return (number >> _LENGTH_BITS).to_bytes(4), number & _LENGTH
    return ((number ^ _V6) >> _LENGTH_BITS).to_bytes(16), number & _LENGTH


def is_mapped(number: int) -> bool:
    """Whether a prefix has IPv4-mapped addresses only."""
    return number >> _LENGTH_BITS + 32 == _MAPPED and number & _LENGTH >= 96
