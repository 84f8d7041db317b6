"""What ``fetch()`` and ``connect()`` take, read exactly as a Worker's runtime reads it.

A fetch URL is read by the WHATWG rules, through ada, the parser that workerd itself uses (workerd:
src/workerd/api/http.c++; flag ``fetch_standard_url``, the default since 2024-06-03). A connect address is read by
workerd's own steps, in its order and with its messages (workerd: src/workerd/api/sockets.c++, ``connectImpl`` and
``isValidHost``). The two differ: to fetch() ``http://0x7f000001/`` is 127.0.0.1, to connect() ``0x7f000001:80`` is a
name. So nothing here guesses which one is meant.

Where the runtime leaves an address to somebody further down the line, and that one could read it in more than one way,
it is refused: numeric spellings of IPv4 in a connect address, port 0, zone ids, IPv6 without brackets. IPv4-mapped IPv6
is unmapped, so that ``[::ffff:10.0.1.50]`` is looked up, and dialed, as 10.0.1.50. User names and passwords are
dropped, as fetch() drops them, and never shown (see :mod:`vpcroute.credentials`).

Reading takes time and memory linear in the length. A host that is not plain lower-case ASCII ada reads only up to
16,384 octets; a name of over 253 characters is none that DNS can hold, whoever reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, Literal

import attrs
from ada_url import URL

from vpcroute.credentials import shown, without_credentials
from vpcroute.errors import InvalidAddress, printable, quoted
from vpcroute.fields import IPAddress

__all__ = [
    "SECURE_TRANSPORTS",
    "Scheme",
    "Target",
    "read_any",
    "read_bare",
    "read_connect",
    "read_fetch",
    "scalar_values",
    "spelled",
    "target_of",
]

Scheme = Literal["http", "https", "tcp"]
SECURE_TRANSPORTS: Final = ("off", "on", "starttls")

_HAS_SCHEME: Final = re.compile(r"[\x00-\x20]*[A-Za-z][A-Za-z0-9+.\-\t\n\r]*:")
_IS_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_DOTTED_QUAD: Final = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}", re.ASCII)
_IN_CONNECT: Final = re.compile(r"[A-Za-z0-9._:\[\]\-]{1,255}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_HIGHEST_PORT: Final = 65535

_COULD_NOT_PARSE: Final = "Specified address could not be parsed."
_NO_HOSTNAME: Final = "Specified address is missing hostname."
_NO_PORT: Final = "Specified address is missing port."
_BAD_CHARACTERS: Final = "Specified address is empty string, contains unsupported characters or is too long."
_NOT_INTEGER: Final = "The value cannot be converted because it is not an integer."
_NEGATIVE: Final = "The value cannot be converted because it is negative and this API expects a positive number."
_TOO_LARGE: Final = "Value out of range. Must be less than or equal to 65535."
_PORT_ZERO: Final = "port 0 is not a port that anything can be reached at"


@attrs.frozen
class Target:
    """What is to be reached: the outcome of reading an address. ``str()`` of it is what to dial.

    Attributes:
        scheme: ``"http"``, ``"https"``, or ``"tcp"`` for connect() and bare addresses.
        host: the name in lower case without a trailing dot, or the address in its canonical form without brackets.
        port: 1 to 65535; None for an address that was given without one.
        version: 4 or 6 for an address, 0 for a name.
        number: the address as a number; 0 for a name.
        unmapped: whether the address was written as IPv4-mapped IPv6.
    """

    scheme: Scheme
    host: str
    port: int | None
    version: Literal[0, 4, 6] = 0
    number: int = 0
    unmapped: bool = False

    @property
    def ip(self) -> IPAddress | None:
        """The address as an object of :mod:`ipaddress`, or None for a name."""
        if self.version == 0:
            return None
        return IPv4Address(self.number) if self.version == 4 else IPv6Address(self.number)

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.version == 6 and self.port is not None else self.host
        return host if self.port is None else f"{host}:{self.port}"


def target_of(ip: IPAddress, port: int | None, scheme: Scheme = "tcp") -> Target:
    """The target for an address object; IPv4-mapped IPv6 is unmapped, a zone id refused (InvalidAddress)."""
    if isinstance(ip, IPv4Address):
        return Target(scheme, str(ip), port, 4, int(ip))
    if ip.scope_id is not None:
        raise _invalid("an address with a zone id means something on one host only", str(ip))
    mapped = ip.ipv4_mapped
    if mapped is not None:
        return Target(scheme, str(mapped), port, 4, int(mapped), unmapped=True)
    return Target(scheme, str(ip), port, 6, int(ip))


def read_fetch(url: str) -> Target:
    """Reads what ``fetch()`` takes: an absolute ``http`` or ``https`` URL, by the WHATWG rules.

    Raises:
        InvalidAddress: with the runtime's message for what it refuses (``Invalid URL: …``, ``Fetch API cannot
            load: …``); also for a relative URL, which the runtime would resolve against a made-up host, and port 0.
        TypeError: if `url` is not a str.
    """
    if not isinstance(url, str):
        raise TypeError(f"a fetch URL must be a str, not {type(url).__name__}")
    try:
        parsed = URL(scalar_values(url))
    except ValueError:
        if _HAS_SCHEME.match(url):
            raise _invalid(f"Invalid URL: {shown(url)}", url) from None
        raise _invalid("absolute URL required", url, "write scheme, host and path: http://10.0.1.50/data") from None
    scheme = parsed.protocol[:-1]
    if scheme not in ("http", "https"):
        raise _invalid(f"Fetch API cannot load: {shown(url)}", url, "fetch() takes http and https")
    port = int(parsed.port) if parsed.port else (80 if scheme == "http" else 443)
    if port == 0:
        raise _invalid(_PORT_ZERO, url)
    return _from_host(parsed.hostname, port, scheme)


def spelled(url: str) -> URL:
    """A URL that fetch() takes in its one spelling, without user name and password, which fetch() drops."""
    parsed = URL(scalar_values(url))
    parsed.username = parsed.password = ""
    return parsed


def scalar_values(text: str) -> str:
    """`text` as JavaScript hands it to the parser: lone surrogates become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _from_host(host: str, port: int, scheme: Any) -> Target:
    """A target from a host that the URL parser has brought into its one form."""
    if host.startswith("["):
        return target_of(IPv6Address(host[1:-1]), port, scheme)
    if _DOTTED_QUAD.fullmatch(host):
        return target_of(IPv4Address(host), port, scheme)
    return Target(scheme, host.removesuffix(".") or host, port)


def read_connect(address: str | Mapping[str, object], *, secure_transport: str = "off") -> Target:
    """Reads what ``connect()`` takes: ``"host:port"``, or a mapping with ``hostname`` and ``port``.

    Args:
        address: IPv6 is in brackets in both forms. In a mapping the port is a number and is read as JavaScript
            does: a fraction is cut off.
        secure_transport: ``"off"``; the runtime knows ``"on"`` and ``"starttls"`` too, but a VPC Network binding is
            plaintext TCP only (cloudflare-docs: changelog/workers-vpc/2026-06-16-tcp-connect-vpc-networks).

    Raises:
        InvalidAddress: with workerd's message where it has one; code ``ambiguous_address`` for a host that is a
            number to some readers and a name to others.
        TypeError: for another type.
    """
    if not isinstance(secure_transport, str):
        raise TypeError(f"secure_transport must be a str, not {type(secure_transport).__name__}")
    if isinstance(address, str):
        target = _read_connect_text(address)
    elif isinstance(address, Mapping):
        target = _read_connect_record(address)
    else:
        raise TypeError(f"a connect address must be a str or a mapping, not {type(address).__name__}")
    if secure_transport not in SECURE_TRANSPORTS:
        raise _invalid(
            f"Unsupported value in secureTransport socket option: {printable(secure_transport)}", shown(address)
        )
    if secure_transport != "off":
        raise _invalid(
            f"secureTransport {secure_transport!r} is not supported: connect() through a VPC Network is plaintext TCP",
            shown(address),
            "use fetch() with https, or leave secureTransport off",
        )
    return target


def _read_connect_text(address: str) -> Target:
    try:
        parsed = URL("fake://" + scalar_values(address))
    except ValueError:
        raise _invalid(_COULD_NOT_PARSE, address) from None
    if not parsed.hostname:
        raise _invalid(_NO_HOSTNAME, address)
    if not parsed.port:
        raise _invalid(_NO_PORT, address)
    if not _IN_CONNECT.fullmatch(address):
        raise _invalid(_BAD_CHARACTERS, address)
    host, _, port = address.rpartition(":")
    return _connect_target(host, int(port), address)


def _read_connect_record(record: Mapping[str, object]) -> Target:
    hostname, port = record.get("hostname"), record.get("port")
    if not isinstance(hostname, str):
        raise TypeError(f"hostname must be a str, not {type(hostname).__name__}")
    number = _javascript_port(port, hostname)
    address = f"{hostname}:{number}"
    if not _IN_CONNECT.fullmatch(address):
        raise _invalid(_BAD_CHARACTERS, address)
    if not hostname:
        raise _invalid(_NO_HOSTNAME, address)
    return _connect_target(hostname, number, address)


def _javascript_port(port: object, address: str) -> int:
    """A number coerced to an unsigned 16-bit integer (workerd: src/workerd/jsg/value.h)."""
    if not isinstance(port, (int, float)) or isinstance(port, bool):
        raise TypeError(f"port must be an int or float, not {type(port).__name__}")
    if isinstance(port, float) and not math.isfinite(port):
        raise _invalid(_NOT_INTEGER, address)
    if port < 0:
        raise _invalid(_NEGATIVE, address)
    if port > _HIGHEST_PORT:
        raise _invalid(_TOO_LARGE, address)
    return int(port)


def _connect_target(host: str, port: int, address: str) -> Target:
    if port == 0:
        raise _invalid(_PORT_ZERO, address)
    if host.startswith("[") and host.endswith("]"):
        return target_of(_ipv6(host[1:-1], address), port)
    if any(c in host for c in ":[]"):
        raise _invalid(_COULD_NOT_PARSE, address, "write an IPv6 address in brackets: [fd00::1]:6379")
    return _named_or_ipv4(host, port, address)


def _ipv6(text: str, address: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except ValueError:
        raise _invalid(_COULD_NOT_PARSE, address) from None


def _named_or_ipv4(host: str, port: int | None, address: str) -> Target:
    """A host without brackets: strict dotted quad, or a name; what a URL parser would take for a number is refused."""
    if _DOTTED_QUAD.fullmatch(host):
        return target_of(IPv4Address(host), port)
    name = host.removesuffix(".")
    if not name:
        raise _invalid(_NO_HOSTNAME, address)
    if _NUMBER.fullmatch(name.rpartition(".")[2]):  # WHATWG URL, "ends in a number checker"
        raise _invalid(
            f"ambiguous numeric host {quoted(host)}: an address to some readers, a name to others",
            address,
            "write the address as four decimal numbers: 10.0.1.50",
            code="ambiguous_address",
        )
    return Target("tcp", name.lower(), port)


def read_bare(host: str | bytes | int | IPAddress, version: int | None = None) -> Target:
    """Reads an address or a name without a port.

    Args:
        host: dotted quad, IPv6 without brackets, or a name; 4 or 16 packed bytes; a number, with `version`; an
            address object.
        version: 4 or 6, with a number; otherwise None.

    Raises:
        InvalidAddress: for what is none of these.
        TypeError: for another type, a number without version, a version without number.
    """
    if isinstance(host, int) and not isinstance(host, bool):
        return target_of(_from_number(host, version), None)
    if version is not None:
        raise TypeError("version goes with an int only")
    if isinstance(host, (IPv4Address, IPv6Address)):
        return target_of(host, None)
    if isinstance(host, bytes):
        if len(host) == 4:
            return target_of(IPv4Address(host), None)
        if len(host) == 16:
            return target_of(IPv6Address(host), None)
        raise _invalid(f"a packed address has 4 or 16 bytes, not {len(host)}", None)
    if isinstance(host, str):
        return _read_host(host, None)
    raise TypeError(f"an address must be a str, bytes, int or address object, not {type(host).__name__}")


def _from_number(number: int, version: int | None) -> IPAddress:
    if version not in (4, 6):
        raise TypeError("an int needs version=4 or version=6")
    if not 0 <= number < 1 << (32 if version == 4 else 128):
        raise _invalid(f"the number is not an IPv{version} address", None)
    return IPv4Address(number) if version == 4 else IPv6Address(number)


def _read_host(host: str, port: int | None) -> Target:
    if ":" in host and not host.startswith("[") and "%" not in host:
        return target_of(_ipv6(host, host), port)
    if not _IN_CONNECT.fullmatch(host) or any(c in host for c in ":[]"):
        raise _invalid(f"{quoted(without_credentials(host))} is neither an address nor a host name", host)
    return _named_or_ipv4(host, port, host)


def read_any(address: object) -> Target:
    """Reads an address as people write it: a fetch URL, a connect address, ``(host, port)``, or an address object.

    Text with a scheme and ``://`` is a fetch URL; all other text is a connect address, unless fetch() would read
    another host or port from it (``http:8080``). A pair takes IPv6 without brackets, as sockets do.

    Raises:
        InvalidAddress: as :func:`read_fetch` and :func:`read_connect`; code ``ambiguous_address`` where the two
            differ.
        TypeError: for another type.
    """
    if isinstance(address, str):
        return _read_text(address)
    if isinstance(address, tuple):
        return _read_pair(address)
    if isinstance(address, (IPv4Address, IPv6Address)):
        return target_of(address, None)
    if isinstance(address, Mapping):
        return read_connect(address)
    raise TypeError(f"an address must be a str, a (host, port) pair or an address object, not {type(address).__name__}")


def _read_text(address: str) -> Target:
    if _IS_URL.match(address):
        return read_fetch(address)
    if address.startswith(("/", "\\", "?", "#", ".")):
        raise _invalid("absolute URL required", address, "write scheme, host and path: http://10.0.1.50/data")
    connect = read_connect(address)
    try:
        fetch = read_fetch(address)
    except InvalidAddress:
        return connect
    raise _invalid(
        f"{quoted(address)} can be read in two ways: {fetch.scheme} to {fetch} for fetch(), "
        f"tcp to {connect} for connect()",
        address,
        "say whether fetch() or connect() is meant",
        code="ambiguous_address",
    )


def _read_pair(pair: tuple[Any, ...]) -> Target:
    if len(pair) not in (2, 4):
        raise TypeError(f"a socket address is (host, port) or (host, port, flowinfo, scope_id), not {len(pair)} items")
    host, port = pair[:2]
    if not isinstance(port, int) or isinstance(port, bool):
        raise TypeError(f"port must be an int, not {type(port).__name__}")
    text = f"({without_credentials(str(host))[:60]!r}, {port if abs(port) < 10**20 else '…'})"
    if not 1 <= port <= _HIGHEST_PORT:
        raise _invalid(_PORT_ZERO if port == 0 else "a port is 1 to 65535", text)
    if len(pair) == 4 and pair[3] != 0:
        raise _invalid("an address with a zone id means something on one host only", text)
    if isinstance(host, (IPv4Address, IPv6Address)):
        return target_of(host, port)
    if not isinstance(host, str):
        raise TypeError(f"host must be a str or an address object, not {type(host).__name__}")
    return _read_host(host, port)


def _invalid(
    message: str, address: str | None, hint: str | None = None, *, code: str = "invalid_address"
) -> InvalidAddress:
    return InvalidAddress(message, code=code, hint=hint, address=None if address is None else shown(address))
