"""What a comparison asks of one value: one kind of predicate for each way to compare.

Values are octets for text, whole numbers, booleans, and for addresses the number that :func:`number_of` gives, in which
both families stand one after the other: a range of one never holds an address of the other.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

import attrs

from vpcroute.fields import IPAddress
from vpcroute.policies.truth import Truth, Unknown

__all__ = [
    "Among",
    "Bits",
    "Found",
    "Ordered",
    "Predicate",
    "Single",
    "is_within",
    "number_of",
    "number_of_octets",
    "ranges_of",
    "same_family",
    "url_keys",
]

#: One value of a field.
Single = bytes | int | bool
#: Whether a value is what a comparison asks for.
Predicate = Callable[[Any], Truth]

_V6: Final = 1 << 32


def number_of(address: IPAddress) -> int:
    """An address as a number of its own among those of both families."""
    return int(address) if isinstance(address, IPv4Address) else int(address) + _V6


def number_of_octets(octets: bytes) -> int:
    """The same of an address in octets."""
    number = int.from_bytes(octets)
    return number if len(octets) == 4 else number + _V6


def same_family(first: int, second: int) -> bool:
    return (first < _V6) == (second < _V6)


def url_keys(url: bytes) -> tuple[bytes, ...]:
    """The spellings of a URL that a literal may have: without a trailing slash, with and without the scheme."""
    whole = url.removesuffix(b"/")
    _, separator, rest = whole.partition(b"://")
    return (whole, rest) if separator else (whole,)


def ranges_of(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ranges, both ends included, in order and without overlaps: their first and their last numbers."""
    lows: list[int] = []
    highs: list[int] = []
    for low, high in sorted(pairs):
        if highs and low <= highs[-1] + 1:
            highs[-1] = max(highs[-1], high)
        else:
            lows.append(low)
            highs.append(high)
    return tuple(lows), tuple(highs)


def is_within(values: Iterable[int], lows: tuple[int, ...], highs: tuple[int, ...]) -> bool:
    """Whether one of some numbers is in one of the ranges."""
    for value in values:
        at = bisect_right(lows, value) - 1
        if at >= 0 and value <= highs[at]:
            return True
    return False


def _itself(value: Single) -> tuple[Single, ...]:
    return (value,)


@attrs.frozen
class Among:
    """Equality, and membership in a set or list.

    Attributes:
        values: what is equal.
        lows, highs: the ends of ranges of numbers.
        keys: under which spellings a value is looked for.
        otherwise: what holds for a value that is not found: false, or unknown where the items are not all known.
        known: what somebody has worked out of it, to be worked out once for all rules that have it.
    """

    values: frozenset[Single] = frozenset()
    lows: tuple[int, ...] = ()
    highs: tuple[int, ...] = ()
    keys: Callable[[Any], tuple[Single, ...]] = _itself
    otherwise: Truth = False
    known: dict[Any, bool] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    @property
    def size(self) -> int:
        """How many values and ranges there are."""
        return len(self.values) + len(self.lows)

    def __call__(self, value: Any) -> Truth:
        if any(key in self.values for key in self.keys(value)):
            return True
        return True if self.lows and is_within((value,), self.lows, self.highs) else self.otherwise


_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@attrs.frozen
class Ordered:
    """``<``, ``<=``, ``>``, ``>=``; addresses of two families have no order."""

    order: str
    limit: Single
    is_address: bool = False

    def __call__(self, value: Any) -> Truth:
        if self.is_address and not same_family(value, self.limit):  # type: ignore[arg-type]
            return False
        return _ORDERS[self.order](value, self.limit)


@attrs.frozen
class Bits:
    """``&``: whether a number has one of the bits."""

    mask: int

    def __call__(self, value: Any) -> Truth:
        return bool(value & self.mask)


@attrs.frozen
class Found:
    """``contains``, ``matches`` and the wildcards: what is found in a text; unknown if the pattern is not read here."""

    operator: str
    pattern: bytes
    find: Callable[[bytes], bool] | Unknown = attrs.field(eq=False)

    def __call__(self, value: Any) -> Truth:
        return self.find if isinstance(self.find, Unknown) else self.find(value)
