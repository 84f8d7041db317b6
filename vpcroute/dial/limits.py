"""The limits of what connections may take."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Limits"]


def _positive(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0):
        raise ValueError(f"{attribute.name} must be a number over 0")


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of time, in seconds, and of number; None is no limit.

    Attributes:
        connect: until a connection is there, with all its attempts and what a proxy takes; TLS has as long again.
        read: until fetch() receives something more.
        write: until something that fetch() sends is taken.
        idle: how long fetch() keeps a connection that nobody uses.
        connections: how many fetch() has at once; who wants one more waits for as long as `connect` says.
        idle_connections: how many of them it keeps that nobody uses.
    """

    connect: float | None = attrs.field(default=10.0, validator=_positive)
    read: float | None = attrs.field(default=30.0, validator=_positive)
    write: float | None = attrs.field(default=30.0, validator=_positive)
    idle: float | None = attrs.field(default=15.0, validator=_positive)
    connections: int | None = attrs.field(default=1000, validator=_positive)
    idle_connections: int | None = attrs.field(default=100, validator=_positive)
