"""Connections that this host makes itself: by its own routes, from an address, through an interface, with a mark."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, Final, Protocol

import attrs

from vpcroute.address import Target
from vpcroute.dial.failures import DialError
from vpcroute.fields import IPAddress, read_ip

__all__ = ["Dialer", "Direct", "Streams"]

#: What a connection is: what is read from and what is written to.
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_LONGEST_INTERFACE: Final = 15  # octets, of Linux
_LARGEST_MARK: Final = 2**32 - 1


class Dialer(Protocol):
    """How an egress path is reached from this host. Whoever has another way writes a class with these two.

    Attributes:
        resolves_names: whether it can be given a name, which the far end of the path resolves.
    """

    @property
    def resolves_names(self) -> bool: ...

    async def open(self, target: Target) -> Streams:
        """A connection to a target, whose port is given.

        Raises:
            OSError, DialError: without the egress, which it does not know.
        """


def _sources(given: object) -> tuple[IPAddress, ...]:
    several: Iterable[Any] = (given,) if isinstance(given, str) or not isinstance(given, Iterable) else given
    found = tuple([read_ip(one) if isinstance(one, str) else one for one in several])
    versions = [getattr(one, "version", None) for one in found]
    if not set(versions) <= {4, 6} or len(set(versions)) < len(versions):
        raise ValueError("source must be an address, or one of each family")
    return found


def _interface(_: Any, __: Any, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"interface must be a str, not {type(value).__name__}")
    if not 0 < len(value.encode()) <= _LONGEST_INTERFACE or "/" in value or not value.isprintable():
        raise ValueError(f"interface must be the name of one, of up to {_LONGEST_INTERFACE} octets")


def _mark(_: Any, __: Any, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"mark must be an int, not {type(value).__name__}")
    if not 0 < value <= _LARGEST_MARK:
        raise ValueError(f"mark must be 1 to {_LARGEST_MARK}")


@attrs.frozen(kw_only=True)
class Direct:
    """A connection that this host makes itself.

    Nothing given, its own routes decide. It never resolves a name: that would be another look-up than the one that was
    checked.

    Attributes:
        source: the address to connect from, or one of each family.
        interface: the interface to connect through (Linux, ``SO_BINDTODEVICE``), whatever the routes say: a GRE,
            IPsec or WireGuard interface.
        mark: the firewall mark of its packets (Linux, ``SO_MARK``), by which a policy route knows them; takes
            CAP_NET_ADMIN.
    """

    source: tuple[IPAddress, ...] = attrs.field(default=(), converter=_sources)
    interface: str | None = attrs.field(default=None, validator=_interface)
    mark: int | None = attrs.field(default=None, validator=_mark)
    resolves_names: ClassVar[bool] = False

    async def open(self, target: Target) -> Streams:
        """A connection to an address; see :class:`Dialer`."""
        ip = target.ip
        if ip is None:
            raise DialError(
                f"{target.host} is a name, which a direct dialer does not resolve",
                code="dns_required",
                hint="a SOCKS5 or CONNECT dialer hands the name to the far end of the path",
            )
        return await self.open_socket(_FAMILIES[ip.version], (str(ip), target.port))

    async def open_socket(self, family: int, address: Any) -> Streams:
        """A connection to the address of a socket, such as ``("192.0.2.1", 1080)``."""
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            self._prepare(made, family)
            await asyncio.get_running_loop().sock_connect(made, address)
            return await asyncio.open_connection(sock=made)
        except BaseException:
            made.close()
            raise

    async def open_host(self, host: str, port: int) -> Streams:
        """A connection to the first address of a host of this network that answers, such as a proxy's."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        error: OSError | DialError = OSError("the name has no address")
        for family, _, _, _, address in found:
            try:
                return await self.open_socket(family, address)
            except (OSError, DialError) as failed:
                error = failed
        raise error

    def _prepare(self, made: socket.socket, family: int) -> None:
        with suppress(OSError):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.interface is not None:
            made.setsockopt(socket.SOL_SOCKET, _linux("SO_BINDTODEVICE", "interface"), self.interface.encode())
        if self.mark is not None:
            made.setsockopt(socket.SOL_SOCKET, _linux("SO_MARK", "mark"), self.mark.to_bytes(4, sys.byteorder))
        if self.source:
            source = next((one for one in self.source if _FAMILIES[one.version] == family), None)
            if source is None:
                version = 4 if family == socket.AF_INET else 6
                raise DialError(f"the dialer has no source address of IPv{version}", code="destination_ip_unroutable")
            made.bind((str(source), 0))


def _linux(option: str, what: str) -> int:
    number: int | None = getattr(socket, option, None)
    if number is None:
        raise DialError(f"this system has no {option}", code="proxy_internal_error", hint=f"{what} is for Linux only")
    return number
