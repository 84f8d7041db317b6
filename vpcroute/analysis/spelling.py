"""What was done to an address while it was read: what was written is compared with the target that came out.

Nothing here decides how an address is read. Each change is taken down as far as it is known by its look; what remains
of the difference to the host that was read is one change more, so that the last one always ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote

from vpcroute.address import Target
from vpcroute.analysis.explanation import Normalisation
from vpcroute.analysis.explanation import NormalisationCode as Code
from vpcroute.credentials import HIDDEN

__all__ = ["normalisations"]

_AROUND_URL: Final = "".join(map(chr, range(0x21)))
_BREAKS: Final = str.maketrans("", "", "\t\n\r")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):([/\\]*)([^/\\?#]*)(.*)", re.DOTALL)
# Of a URL that was read: all before the user name, and that with the password.
_USERINFO: Final = re.compile(r"^([^:]*:[/\\\t\n\r]*)[^/\\?#]*(?=@)")
_HOST_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*):?(.*)", re.DOTALL)


def normalisations(address: object, target: Target) -> tuple[Normalisation, ...]:
    """The changes between an address and the target that was read from it, in the order of their parts.

    None of them shows a user name or a password.
    """
    changes = (change for change in _changes(address, target) if change.given != change.read)
    return tuple(_HIDING[c.code](c) if c.code in _HIDING else c for c in changes)


def _of_whole_url(change: Normalisation) -> Normalisation:
    return Normalisation(change.code, *(_USERINFO.sub(rf"\1{HIDDEN}", url) for url in (change.given, change.read)))


def _of_userinfo(change: Normalisation) -> Normalisation:
    return Normalisation(change.code, HIDDEN, change.read)


_HIDING: Final = {
    Code.TRIMMED: _of_whole_url,
    Code.BREAKS_REMOVED: _of_whole_url,
    Code.USERINFO_DROPPED: _of_userinfo,
}


def _changes(address: object, target: Target) -> Iterator[Normalisation]:
    if isinstance(address, str) and target.scheme != "tcp":
        yield from _of_url(address, target)
    elif isinstance(address, str):
        host, _, port = address.rpartition(":")
        yield from _of_host(host, target)
        yield from _of_port(port, target)
    elif isinstance(address, Mapping):
        yield from _of_host(str(address["hostname"]), target)
        yield from _of_port(str(address["port"]), target)
    else:
        yield from _of_host(str(address[0] if isinstance(address, tuple) else address), target)


def _of_url(url: str, target: Target) -> Iterator[Normalisation]:
    trimmed = url.strip(_AROUND_URL)
    yield Normalisation(Code.TRIMMED, url, trimmed)
    whole = trimmed.translate(_BREAKS)
    yield Normalisation(Code.BREAKS_REMOVED, trimmed, whole)
    match = _URL.fullmatch(whole)
    assert match is not None  # noqa: S101  (it was read)
    scheme, slashes, authority, rest = match.groups()
    userinfo, _, place = authority.rpartition("@")
    host, port = _HOST_PORT.fullmatch(place).groups()  # type: ignore[union-attr]  # it matches everything
    yield Normalisation(Code.SCHEME_LOWER_CASE, scheme, target.scheme)
    yield Normalisation(Code.SLASHES, slashes, "//")
    yield Normalisation(Code.USERINFO_DROPPED, userinfo, "")
    yield from _of_host(host, target)
    yield from _of_port(port, target)
    yield Normalisation(Code.PATH_DROPPED, "" if rest == "/" else rest, "")


def _of_port(port: str, target: Target) -> Iterator[Normalisation]:
    yield Normalisation(Code.PORT_SPELLING if port else Code.DEFAULT_PORT, port, str(target.port))


def _of_host(host: str, target: Target) -> Iterator[Normalisation]:
    """The changes of a host, each of what the one before left."""
    if ":" in host:
        # What ipaddress makes of it is its one spelling; a mapped one then becomes the address that it carries.
        written = host.removeprefix("[").removesuffix("]")
        spelled = target.host if not target.unmapped else str(IPv6Address(written))
        yield Normalisation(Code.IPV6_SPELLING, written, spelled)
        yield Normalisation(Code.IPV4_MAPPED, spelled, target.host)
        return
    if "%" in host and target.scheme != "tcp":
        decoded = unquote(host)
        yield Normalisation(Code.PERCENT_DECODED, host, decoded)
        host = decoded
    if not host.isascii():
        # An address is no name: what IDNA leaves of it are digits, which may be read as a number below.
        mapped = target.host if not target.version else str(IPv4Address(target.number))
        yield Normalisation(Code.IDNA, host, mapped)
        host = mapped
    yield Normalisation(Code.LOWER_CASE, host, host.lower())
    host = host.lower()
    if host == f"{target.host}.":
        yield Normalisation(Code.TRAILING_DOT, host, target.host)
    elif target.version == 4:
        yield Normalisation(Code.NUMERIC_IPV4, host, target.host)
    else:
        yield Normalisation(Code.RESPELLED, host, target.host)
