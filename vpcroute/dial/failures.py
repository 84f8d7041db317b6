"""What can go wrong while a connection is made or used, in the words of Cloudflare's proxy errors.

A dialer raises what its socket raised, or a :class:`DialError` that knows no egress; who asked it names the egress.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import Final

from vpcroute.egress import Egress
from vpcroute.errors import RouteError, printable

__all__ = ["DialError", "called", "code_of_status", "explained", "failure"]


class DialError(RouteError):
    """A destination that has a way and was not reached by it, or a connection that broke.

    Attributes:
        egress: the egress path that was taken; None where none was.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        egress: Egress | None = None,
        hint: str | None = None,
        address: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, address=address)
        self.egress = egress


_PRIVILEGE: Final = "a firewall mark and some sockets take a privilege, such as CAP_NET_ADMIN"
_SOURCE: Final = "the source address must be one of this host, on the interface that is to be used"

#: What the system says of a socket: the code, and a hint.
_OF_ERRNO: Final[dict[int, tuple[str, str | None]]] = {
    errno.ECONNREFUSED: ("connection_refused", None),
    errno.ECONNRESET: ("connection_terminated", None),
    errno.ECONNABORTED: ("connection_terminated", None),
    errno.EPIPE: ("connection_terminated", None),
    errno.ETIMEDOUT: ("connection_timeout", None),
    errno.ENETUNREACH: ("destination_ip_unroutable", "the host that dials has no route to it"),
    errno.EHOSTUNREACH: ("destination_unavailable", None),
    errno.EHOSTDOWN: ("destination_unavailable", None),
    errno.ENETDOWN: ("destination_unavailable", "the interface is down"),
    errno.ENODEV: ("destination_unavailable", "there is no such interface on this host"),
    errno.EADDRNOTAVAIL: ("destination_unavailable", _SOURCE),
    errno.EMFILE: ("connection_limit_reached", "raise the limit of open files (ulimit -n)"),
    errno.ENFILE: ("connection_limit_reached", None),
    errno.EPERM: ("proxy_internal_error", _PRIVILEGE),
    errno.EACCES: ("proxy_internal_error", _PRIVILEGE),
}

#: What a proxy answers to CONNECT instead of success.
_OF_STATUS: Final = {
    401: "http_request_denied",
    403: "http_request_denied",
    407: "http_request_denied",
    429: "rate_limited",
    502: "destination_unavailable",
    503: "destination_unavailable",
    504: "connection_timeout",
}


def code_of_status(status: int | None) -> str:
    """The code for the HTTP status with which a proxy refuses to connect."""
    return _OF_STATUS.get(status or 0, "http_request_error")


def called(egress: Egress) -> str:
    """An egress in a message: its kind and name, in Cloudflare's words."""
    return f"{egress.offramp or 'INTERNET'} {printable(egress.name or egress.id or 'ECMP')}"


def failure(error: BaseException, egress: Egress | None, address: str) -> DialError:
    """What an error of a dialer or a connection is, with the egress named.

    Args:
        error: what was raised; it stays the cause.
        egress: what was dialed through.
        address: what was dialed, or asked for.
    """
    code, hint, text = explained(error)
    through = "" if egress is None else f" through {called(egress)}"
    made = DialError(f"{address}{through}: {text}", code=code, egress=egress, hint=hint, address=address)
    made.__cause__ = error
    return made


def explained(error: BaseException) -> tuple[str, str | None, str]:
    """Code, hint and text of an error."""
    if isinstance(error, RouteError):
        return error.code, error.hint, str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return "tls_certificate_error", None, printable(error.verify_message or str(error))
    if isinstance(error, ssl.SSLError):
        return "tls_protocol_error", None, printable(error.reason or str(error))
    if isinstance(error, socket.gaierror):
        return "dns_error", None, printable(error.strerror or str(error)).lower()
    if isinstance(error, OSError) and error.errno in _OF_ERRNO:
        code, hint = _OF_ERRNO[error.errno]
        return code, hint, printable(error.strerror or str(error)).lower()
    if isinstance(error, TimeoutError):
        return "connection_timeout", None, "no answer in time"
    if isinstance(error, (ConnectionError, EOFError)):
        return "connection_terminated", None, "the connection was closed"
    if isinstance(error, asyncio.LimitOverrunError):
        return "http_protocol_error", None, "an answer without end"
    return "proxy_internal_error", None, printable(f"{type(error).__name__}: {error}")
