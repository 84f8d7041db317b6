"""Literals as values of a type: what stands in an expression, or in an account's list, becomes what is compared.

Reading is as strict as wirefilter's, with what Gateway's own documentation writes beyond it: numbers and addresses in
quotes. Names are compared in lower case, as A-labels, without the trailing dot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from vpcroute.errors import quoted
from vpcroute.fields import ascii_name, read_ip, read_prefix_number
from vpcroute.limits import LONGEST_NAME
from vpcroute.packed import network_of, octets_of
from vpcroute.policies.predicates import Among, Single, number_of, number_of_octets, ranges_of, same_family, url_keys
from vpcroute.policies.selectors import Type
from vpcroute.policies.syntax import Bare, Between, Flag, Item, Number, Text
from vpcroute.policies.truth import Truth

__all__ = ["Pair", "among", "fold_name", "read_entry", "read_item", "read_range", "read_text", "single"]

#: The first and the last number of a range.
Pair = tuple[int, int]

_PLAIN_NAME: Final = re.compile(rb"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+")
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_OCTETS: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-][0-9A-Fa-f]{2})+", re.ASCII)


def fold_name(name: bytes) -> bytes:
    """A name in the spelling in which names are compared; what is no name only in lower case."""
    if _PLAIN_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return name.lower()
    try:
        return ascii_name(name.decode()).encode()
    except ValueError:
        return name.lower().removesuffix(b".")


def _address(text: str) -> int:
    return number_of(read_ip(text))


def _number(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a whole number")
    return int(text)


def _octets(literal: Any) -> bytes:
    """A string, in quotes or as octets."""
    if isinstance(literal, Text):
        return literal.value
    if isinstance(literal, Bare) and _OCTETS.fullmatch(literal.text):
        return bytes.fromhex(re.sub("[:.-]", "", literal.text))
    raise ValueError("the field is text: write the value in quotes")


def _url(url: bytes) -> bytes:
    return url.removesuffix(b"/")


#: Text, of a list's item or in quotes, as a value of a type.
_FROM_TEXT: Final[Mapping[Type, Callable[[bytes], Single]]] = {
    "text": bytes,
    "name": fold_name,
    "url": _url,
    "int": lambda text: _number(text.decode("ascii", "replace")),
    "ip": lambda text: _address(text.decode("ascii", "replace")),
}
#: What a literal without quotes must be, by the type of the field.
_WITHOUT_QUOTES: Final[Mapping[Type, tuple[type, Callable[[Any], Single], str]]] = {
    "int": (Number, lambda literal: literal.value, "the field is a number"),
    "ip": (Bare, lambda literal: _address(literal.text), "the field is an IP address"),
    "bool": (Flag, lambda literal: literal.value, "the field is true or false"),
}


def read_text(text: bytes, type_: Type) -> Single:
    """Text as a value of a type; ValueError for what is none."""
    return _FROM_TEXT[type_](text)


def single(literal: Text | Number | Bare | Flag, type_: Type) -> Single:
    """A literal as one value of a type; ValueError for one of another type."""
    if type_ in _WITHOUT_QUOTES:
        kind, read, wanted = _WITHOUT_QUOTES[type_]
        if isinstance(literal, kind):
            return read(literal)
        if isinstance(literal, Text) and type_ in _FROM_TEXT:
            return read_text(literal.value, type_)
        raise ValueError(wanted)
    return read_text(_octets(literal), type_)


def read_range(text: str) -> Pair:
    """An address or prefix as a range; ValueError for what is none and for a prefix with host bits."""
    number, host_bits = read_prefix_number(text)
    if host_bits:
        raise ValueError(f"{quoted(text)} has bits set beyond its length; the prefix is {network_of(number)}")
    octets, length = octets_of(number)
    low = number_of_octets(octets)
    return low, low + (1 << len(octets) * 8 - length) - 1


def read_item(item: Item, type_: Type) -> Single | Pair:
    """An item of a set as a value or a range; ValueError for one of another type."""
    if isinstance(item, Between):
        if type_ not in ("int", "ip"):
            raise ValueError("only numbers and addresses have ranges")
        low, high = (single(end, type_) for end in (item.low, item.high))
        assert isinstance(low, int) and isinstance(high, int)  # noqa: S101, PT018  (both types are numbers here)
        if type_ == "ip" and not same_family(low, high):
            raise ValueError("the ends of the range are of two families")
        if low > high:
            raise ValueError("the range ends before it begins")
        return low, high
    if type_ == "ip" and isinstance(item, Bare | Text):
        return read_range(item.text if isinstance(item, Bare) else item.value.decode("ascii", "replace"))
    return single(item, type_)


def read_entry(text: str, type_: Type) -> Single | Pair:
    """An entry of a list, as a value or a range; ValueError for one of another type."""
    return read_range(text) if type_ == "ip" else read_text(text.encode("utf-8", "replace"), type_)


def among(found: Iterable[Single | Pair], type_: Type, otherwise: Truth = False) -> Among:
    """Membership in values and ranges."""
    items = list(found)
    lows, highs = ranges_of([item for item in items if isinstance(item, tuple)])
    values = frozenset(item for item in items if not isinstance(item, tuple))
    make = partial(Among, values, lows, highs, otherwise=otherwise)
    return make(keys=url_keys) if type_ == "url" else make()
