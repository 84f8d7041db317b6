"""How the fields of the model are read: addresses, prefixes, names and texts from outside, and their attrs fields.

Each reader takes exactly one spelling family and raises ValueError for the rest; each field's error names the class
and the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice
from operator import attrgetter
from socket import inet_aton
from typing import Any, Final, TypeVar, cast

import attrs
import dns.exception
import dns.name
from ada_url import URL

from vpcroute.errors import quoted
from vpcroute.limits import (
    LONGEST_COMMENT,
    LONGEST_DNS_NAME,
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_ANSWERS,
    MOST_PLACES,
)
from vpcroute.packed import is_mapped, network_of, pack, packed
from vpcroute.ranges import IPNetwork

__all__ = [
    "MAPPED",
    "IPAddress",
    "PackedPrefix",
    "any_text",
    "ascii_name",
    "check_dns_name",
    "check_text",
    "ip",
    "ips",
    "is_a",
    "is_dns_name",
    "keeps_packed",
    "lower_uuid",
    "names",
    "optional",
    "prefix",
    "read_ip",
    "read_prefix",
    "read_prefix_number",
    "set_field",
    "set_ip",
    "set_ips",
    "set_names",
    "several",
    "text",
    "up_to",
    "whole",
]

IPAddress = IPv4Address | IPv6Address
_T = TypeVar("_T")
Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]

#: IPv4-mapped IPv6: the addresses that are read as the IPv4 ones they carry.
MAPPED: Final = IPv6Network("::ffff:0:0/96")
_PREFIX: Final = re.compile(r"([0-9A-Fa-f.:]{2,45})(?:/([0-9]{1,3}))?", re.ASCII)
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_QUAD: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x20\x7f/\\?#@:%<>\[\]^|]")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_LENGTH: Final = 36


def read_ip(text: str) -> IPAddress:
    """An address in its usual form (dotted quad, or IPv6 without brackets or zone); ValueError for any other."""
    match = _PREFIX.fullmatch(text)
    try:
        if match is not None and match[2] is None:
            value, width = _number(text)
            return IPv4Address(value) if width == 32 else IPv6Address(value)
    except ValueError:
        pass
    raise ValueError(f"{quoted(text)} is not an IP address")


def read_prefix(text: str) -> tuple[IPNetwork, bool]:
    """A prefix in CIDR form, host bits masked, and whether any were set; a bare address is its own prefix.

    Raises:
        ValueError: for anything else: netmasks, zones, ``::ffff:10.0.0.0/104`` (addresses are unmapped before
            they are looked up, so such a prefix could never match).
    """
    number, host_bits = read_prefix_number(text)
    return network_of(number), host_bits


@lru_cache(maxsize=16)  # a document is checked record by record, and each is read again for its route
def read_prefix_number(text: str) -> tuple[int, bool]:
    """As :func:`read_prefix`, with the prefix as a number; see :mod:`vpcroute.packed`."""
    match = _PREFIX.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        value, width = _number(match[1])
        length = width if match[2] is None else int(match[2])
        masked = value >> width - length << width - length  # ValueError if the length is more than the width
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a prefix such as 10.0.0.0/16") from None
    number = pack(masked, length, width)
    if is_mapped(number):
        raise ValueError(f"{quoted(text)} is an IPv4-mapped prefix: write it as the IPv4 prefix it means")
    return number, value != masked


def _number(text: str) -> tuple[int, int]:
    """An address as a number, and its width in bits."""
    if ":" in text:
        return int(IPv6Address(text)), 128
    if not _QUAD.fullmatch(text):
        raise ValueError(text)
    return int.from_bytes(inet_aton(text), "big"), 32  # half the time of IPv4Address


@lru_cache(maxsize=4096)
def ascii_name(text: str) -> str:
    """A DNS name in its one spelling: lower case, A-labels, without the trailing dot.

    It is read as the host of a URL is read, so that an announced name and a URL's host can be compared; underscores
    are kept.

    Raises:
        ValueError: for what is no name, an address in any spelling, a label over 63 or a name over 253 characters.
    """
    if not text or len(text) > LONGEST_NAME or _NOT_IN_NAMES.search(text):
        raise ValueError(f"{quoted(text)} is not a host name")
    try:
        host = URL(f"http://{text}/").hostname
    except ValueError:  # UnicodeEncodeError, for a lone surrogate, is one too
        raise ValueError(f"{quoted(text)} is not a host name") from None
    if host.replace(".", "").isdigit():
        raise ValueError(f"{quoted(text)} is an IP address, not a host name")
    host = host.removesuffix(".")
    check_dns_name(host)
    if not is_dns_name(host):
        raise ValueError(f"{quoted(text)} is not a DNS name: {_DNS_REASONS['EmptyLabel']}")
    return host


def check_dns_name(name: str) -> None:
    """ValueError, with the reason, for a name that DNS cannot hold (RFC 1035 section 2.3.4)."""
    try:
        dns.name.from_text(name, idna_codec=None)
    except (dns.exception.DNSException, UnicodeError) as error:
        reason = _DNS_REASONS.get(type(error).__name__, "it cannot be written in DNS")
        raise ValueError(f"{quoted(name)} is not a DNS name: {reason}") from None


_LABELS: Final = re.compile(rf"[^.]{{1,{LONGEST_LABEL}}}(?:\.[^.]{{1,{LONGEST_LABEL}}})*", re.ASCII)


def is_dns_name(host: str) -> bool:
    """Whether DNS can hold an ASCII host name (RFC 1035 section 2.3.4); quicker than :func:`check_dns_name`."""
    return len(host) <= LONGEST_DNS_NAME and _LABELS.fullmatch(host) is not None


_DNS_REASONS: Final = {
    "LabelTooLong": "a label is longer than 63 characters",
    "NameTooLong": "it is longer than 253 characters",
    "EmptyLabel": "it has an empty label",
}


def check_text(where: str, value: object, longest: int = LONGEST_TEXT) -> str:
    """`value` if it is text of 1 to `longest` printable characters; else TypeError or ValueError that names `where`."""
    if not isinstance(value, str):
        raise TypeError(f"{where}: must be a str, not {type(value).__name__}")
    if not value or len(value) > longest or not value.isprintable():
        raise ValueError(f"{where}: must be 1 to {longest} printable characters, not {quoted(value)}")
    return value


def lower_uuid(value: Any) -> Any:
    """A UUID in lower case; anything else as it is."""
    if not isinstance(value, str) or len(value) != _UUID_LENGTH:
        return value
    lower = value.lower()
    return lower if lower != value and _UUID.fullmatch(value) else value


def up_to(most: int, where: str, items: Iterable[_T], kind: type = object) -> tuple[_T, ...]:
    """The items if they are not too many; a network object has up to 2**128. A few are enough to see a wrong type."""
    found = tuple(islice(items, most + 1))
    if len(found) > most and isinstance(found[0], kind):
        raise ValueError(f"{where}: must be at most {most}")
    return found


def several(where: str, items: object, kind: type[_T]) -> list[_T]:
    """The items, all of one type; TypeError at the first that is of another, however many there are."""
    if not isinstance(items, Iterable):
        raise TypeError(f"{where} must be several of {kind.__name__}, not {type(items).__name__}")
    found: list[_T] = []
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"{where} must be of {kind.__name__}, not {type(item).__name__}")
        found.append(item)
    return found


def set_field(instance: object, name: str, value: object) -> None:
    """Sets a field of a frozen instance that is being made."""
    object.__setattr__(instance, name, value)


# attrs validators


def _where(instance: object, attribute: attrs.Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


def text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """1 to 255 printable characters."""
    check_text(_where(instance, attribute), value)


def any_text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Any string of up to 4096 characters, the empty one too."""
    if not isinstance(value, str):
        raise TypeError(f"{_where(instance, attribute)}: must be a str, not {type(value).__name__}")
    if len(value) > LONGEST_COMMENT:
        raise ValueError(f"{_where(instance, attribute)}: must be at most {LONGEST_COMMENT} characters")


def optional(validator: Validator) -> Validator:
    """None, or what `validator` takes."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is not None:
            validator(instance, attribute, value)

    return check


def is_a(*kinds: type) -> Validator:
    """An instance of one of `kinds`."""
    names = " or ".join(kind.__name__ for kind in kinds)

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kinds):
            raise TypeError(f"{_where(instance, attribute)}: must be a {names}, not {type(value).__name__}")

    return check


def whole(lowest: int, highest: int) -> Validator:
    """An int (no bool) in a range."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{_where(instance, attribute)}: must be an int, not {type(value).__name__}")
        if not lowest <= value <= highest:
            raise ValueError(f"{_where(instance, attribute)}: must be {lowest} to {highest}")

    return check


# Fields that are read when the instance is made. attrs converters do not know the field's name, which the error must
# name, so the converters here only tell type checkers what may be given, and __attrs_post_init__ reads it.


def prefix(value: str | IPNetwork) -> IPNetwork:
    """Marks a field that takes a prefix as text or as a network object; to be read by :func:`keeps_packed`."""
    return cast(IPNetwork, value)


def ip(value: str | IPAddress) -> IPAddress:
    """Marks a field that takes an address as text or as an address object; to be read by :func:`set_ip`."""
    return cast(IPAddress, value)


def ips(value: Iterable[str | IPAddress]) -> tuple[IPAddress, ...]:
    """Marks a field that takes several addresses; to be read by :func:`set_ips`."""
    return cast(tuple[IPAddress, ...], value)


def names(value: str | Iterable[str]) -> tuple[str, ...]:
    """Marks a field that takes a name or several; to be read by :func:`set_names`."""
    return cast(tuple[str, ...], value)


def set_ip(instance: Any, name: str) -> None:
    """Reads the address in a field; no zone, not IPv4-mapped."""
    set_field(instance, name, _one_ip(f"{type(instance).__name__}.{name}", getattr(instance, name)))


def set_ips(instance: Any, name: str) -> None:
    """Reads the addresses in a field; leaves a tuple."""
    where, values = f"{type(instance).__name__}.{name}", getattr(instance, name)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{where}: must be several addresses, not {type(values).__name__}")
    set_field(instance, name, tuple(_one_ip(where, value) for value in up_to(MOST_ANSWERS, where, values)))


def _one_ip(where: str, value: object) -> IPAddress:
    if isinstance(value, str):
        try:
            value = read_ip(value)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    if not isinstance(value, (IPv4Address, IPv6Address)):
        raise TypeError(f"{where}: must be a str or an address, not {type(value).__name__}")
    if isinstance(value, IPv6Address) and (value.ipv4_mapped or value.scope_id):
        raise ValueError(f"{where}: {quoted(str(value))} is IPv4-mapped or has a zone")
    return value


def set_names(instance: Any, name: str, read: Callable[[str], str]) -> None:
    """Reads each name in a field with `read`; leaves a sorted tuple of distinct ones."""
    where, value = f"{type(instance).__name__}.{name}", getattr(instance, name)
    if not isinstance(value, Iterable):
        raise TypeError(f"{where}: must be several names, not {type(value).__name__}")
    texts = [
        check_text(where, text) for text in ((value,) if isinstance(value, str) else up_to(MOST_PLACES, where, value))
    ]
    try:
        set_field(instance, name, tuple(sorted({read(text) for text in texts})))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


class PackedPrefix:
    """A field that takes a prefix as text or as a network object, gives a network object, and keeps a number.

    Host bits are masked, and a text that has any is kept in the field ``original``, which must be set before.
    """

    __slots__ = ("_where", "keep", "number")

    def __init__(self, where: str, slot: Any) -> None:
        self._where = where
        #: Puts another number into an instance.
        self.keep: Final[Callable[[object, int], None]] = slot.__set__
        #: The number that an instance keeps.
        self.number: Final[Callable[[object], int]] = slot.__get__

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else network_of(self.number(instance))

    def __set__(self, instance: object, value: object) -> None:
        self.keep(instance, self._read(instance, value))

    def _read(self, instance: object, value: object) -> int:
        if isinstance(value, (IPv4Network, IPv6Network)):
            number = packed(value)
            if not is_mapped(number):
                return number
            value = str(value)
        if not isinstance(value, str):
            raise TypeError(f"{self._where}: must be a str or a network, not {type(value).__name__}")
        try:
            number, host_bits = read_prefix_number(value)
        except ValueError as error:
            raise ValueError(f"{self._where}: {error}") from None
        if host_bits:
            set_field(instance, "original", value)
        return number


def keeps_packed(name: str) -> Callable[[type[_T]], type[_T]]:
    """Decorates a frozen attrs class: one of its fields becomes a :class:`PackedPrefix`, compared by its number."""

    def change(kind: type[_T]) -> type[_T]:
        field = PackedPrefix(f"{kind.__name__}.{name}", vars(kind)[name])
        number = field.number
        rest = attrgetter(*(a.name for a in attrs.fields(cast(Any, kind)) if a.eq and a.name != name))

        def equal(self: object, other: object) -> Any:
            if other.__class__ is not self.__class__:
                return NotImplemented
            return number(self) == number(other) and rest(self) == rest(other)

        setattr(kind, name, field)
        kind.__eq__ = equal  # type: ignore[method-assign]
        kind.__hash__ = lambda self: hash((number(self), rest(self)))  # type: ignore[method-assign]
        return kind

    return change
