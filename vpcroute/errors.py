"""What can go wrong: one exception for each way to fail, each with a machine-readable code.

A :class:`RouteError` carries ``code``, one of :data:`CLOUDFLARE_CODES` (the proxy-error vocabulary of Cloudflare's
Workers VPC troubleshooting page, used unchanged) or :data:`OWN_CODES`; ``hint``, what to do about it; and ``address``,
the address that was asked for. A value of a wrong Python type is a plain :class:`TypeError`.
"""

from __future__ import annotations

from typing import Any, Final

from vpcroute.limits import LONGEST_QUOTE, MOST_SHOWN_PROBLEMS

__all__ = [
    "CLOUDFLARE_CODES",
    "LONGEST_QUOTE",
    "OWN_CODES",
    "InvalidAddress",
    "InvalidDocument",
    "InvalidVantage",
    "RouteConflict",
    "RouteError",
    "printable",
    "quoted",
    "told",
]

#: Proxy error codes of Cloudflare (developers.cloudflare.com/workers-vpc/reference/troubleshooting).
CLOUDFLARE_CODES: Final = frozenset(
    {
        "connection_limit_reached",
        "connection_read_timeout",
        "connection_refused",
        "connection_terminated",
        "connection_timeout",
        "connection_write_timeout",
        "destination_ip_prohibited",
        "destination_ip_unroutable",
        "destination_not_found",
        "destination_unavailable",
        "dns_error",
        "dns_timeout",
        "http_protocol_error",
        "http_request_denied",
        "http_request_error",
        "http_response_incomplete",
        "http_upgrade_failed",
        "proxy_internal_error",
        "proxy_loop_detected",
        "rate_limited",
        "tls_certificate_error",
        "tls_protocol_error",
    }
)

#: Codes of this library, for what Cloudflare has no code for.
OWN_CODES: Final = frozenset(
    {
        "ambiguous_address",
        "dns_required",
        "invalid_address",
        "invalid_document",
        "invalid_vantage",
        "no_dialer",
        "region_required",
        "route_conflict",
        "route_not_in_force",
        "routes_not_saved",
    }
)


def printable(text: str) -> str:
    """Text from outside, safe to print: unprintable characters escaped, cut at 200 characters."""
    if len(text) <= LONGEST_QUOTE and text.isprintable():
        return text
    cut = text[: LONGEST_QUOTE + 1]
    escaped = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in cut
    )
    return escaped if len(escaped) <= LONGEST_QUOTE else escaped[: LONGEST_QUOTE - 1] + "…"


def quoted(text: str) -> str:
    """Text from outside as :func:`printable` shows it, in single quotes."""
    return f"'{printable(text)}'"


def told(value: object) -> str:
    """A value from outside: text as :func:`quoted` shows it, anything else by its type, for its own text may fail."""
    return quoted(value) if isinstance(value, str) else f"a value of type {type(value).__name__}"


class RouteError(Exception):
    """An address that has no way out, with the reason.

    Attributes:
        code: one of :data:`CLOUDFLARE_CODES` or :data:`OWN_CODES`.
        hint: what would make it work, or None.
        address: the address that was asked for, as text safe to print, or None.
    """

    # Who guards a network refuses often: without a dictionary an error costs a third less.
    __slots__ = ("address", "code", "hint")

    def __init__(self, message: str, *, code: str, hint: str | None = None, address: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.address = address

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, (self.code, self.hint, self.address), self.__dict__)


class InvalidAddress(RouteError, ValueError):
    """An address that cannot be read, or that two readers would read differently (``ambiguous_address``)."""

    def __init__(
        self, message: str, *, code: str = "invalid_address", hint: str | None = None, address: str | None = None
    ) -> None:
        super().__init__(message, code=code, hint=hint, address=address)


class InvalidVantage(RouteError, ValueError):
    """A vantage that does not exist: two bindings at once, an unknown id, a region that is none."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, code="invalid_vantage", hint=hint)


class RouteConflict(RouteError):
    """An announcement that cannot stand beside what is there already.

    Attributes:
        existing: the announcement, egress or reserved range that is in the way.
        offered: what was announced.
    """

    def __init__(self, message: str, *, existing: object, offered: object, hint: str | None = None) -> None:
        super().__init__(message, code="route_conflict", hint=hint)
        self.existing = existing
        self.offered = offered


class InvalidDocument(RouteError, ValueError):
    """A document with errors; nothing of it was loaded.

    Attributes:
        problems: every error, as pairs of the path in the document (``routes[3].network``) and what is wrong there;
            the exception's own text lists the first 50. A document with more than 10,000 is not read to its end.
    """

    def __init__(self, problems: tuple[tuple[str, str], ...], *, hint: str | None = None) -> None:
        lines = [f"{path}: {text}" if path else text for path, text in problems[:MOST_SHOWN_PROBLEMS]]
        if len(problems) > MOST_SHOWN_PROBLEMS:
            lines.append(f"… and {len(problems) - MOST_SHOWN_PROBLEMS} more")
        super().__init__("\n".join(lines), code="invalid_document", hint=hint)
        self.problems = problems


def _restore(
    kind: type[RouteError], args: tuple[Any, ...], said: tuple[str, str | None, str | None], more: dict[str, Any]
) -> RouteError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.code, error.hint, error.address = said
    error.__dict__.update(more)
    return error
