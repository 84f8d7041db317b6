"""Dialers, resolver policies and limits in a TOML file.

A section for each egress path: ``[tunnel.NAME]``, ``[mesh_node.NAME]``, ``[device.NAME]``, ``[on_ramp.NAME]`` with a
name or an id, and ``[gateway]``. In it stands one of ``direct = true``, ``socks5 = "host:port"``, ``http_connect =
"host:port"``; and how this host makes the connection, there or to the proxy: ``source`` (an address, or one of each
family), ``interface``, ``mark``, of which any means ``direct`` where there is no proxy. A proxy may have ``username``
and ``password``, an HTTP proxy ``tls = true``; Gateway's ``resolves_names = true`` hands names to it.

``[[resolvers]]`` have ``suffixes`` and ``servers``, and may have a dialer as above; ``[hosts]`` has addresses by name;
``[limits]`` has the fields of :class:`vpcroute.dial.Limits`, and ``names``, the seconds that a name may take.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any, Final

import attrs

from vpcroute.dial.dialers import KINDS, Dialers, GatewayDialer
from vpcroute.dial.direct import Dialer, Direct
from vpcroute.dial.limits import Limits
from vpcroute.dial.names import Names, ResolverPolicy
from vpcroute.dial.proxies import HttpConnect, Socks5
from vpcroute.errors import InvalidDocument, RouteError, printable
from vpcroute.limits import LARGEST_SETTINGS
from vpcroute.sources.files import read_text

__all__ = ["DialSettings", "load_dialers", "read_dialers"]

_SOCKET: Final = ("source", "interface", "mark")
_LOGIN: Final = ("username", "password")
#: How a path is reached: the key that says so, what it makes, and the keys that may stand beside it.
_KINDS: Final[Mapping[str, tuple[Callable[..., Dialer], tuple[str, ...]]]] = {
    "socks5": (Socks5, _LOGIN),
    "http_connect": (HttpConnect, (*_LOGIN, "tls")),
}
_SECTIONS: Final = (*KINDS, "gateway", "resolvers", "hosts", "limits")
_Table = Mapping[str, Any]


@attrs.frozen
class DialSettings:
    """What stands in a file.

    Attributes:
        dialers: the dialers.
        names: the resolver policies and known addresses; None where there are none.
        limits: the limits.
    """

    dialers: Dialers
    names: Names | None
    limits: Limits


def load_dialers(path: str | PathLike[str]) -> DialSettings:
    """The settings in a file.

    Raises:
        InvalidDocument: for what is wrong, all of it at once.
        OSError: where it cannot be read.
    """
    text = read_text(fspath(path), LARGEST_SETTINGS)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument((("", printable(str(error))),)) from None
    return read_dialers(document)


def read_dialers(document: _Table) -> DialSettings:
    """The settings in a document; InvalidDocument for what is wrong, all of it at once."""
    reader = _Reader()
    with reader.at(""):
        _refuse_unknown(document, _SECTIONS)
    connectors: dict[Any, Dialer] = {}
    for section in KINDS:
        for name, entry in reader.table(document, section).items():
            with reader.at(f"{section}.{printable(name)}"):
                connectors[section, name] = _dialer(entry)
    gateway = None
    if "gateway" in document:
        with reader.at("gateway"):
            gateway = _gateway(document["gateway"])
    limits = dict(reader.table(document, "limits"))
    seconds = {"timeout": limits.pop("names")} if "names" in limits else {}
    policies = list(_policies(reader, document.get("resolvers", [])))
    names, found = None, Limits()
    with reader.at("limits"):
        _refuse_unknown(limits, attrs.fields_dict(Limits))
        found = Limits(**limits)
    hosts = reader.table(document, "hosts")
    with reader.at("hosts" if hosts else "resolvers"):
        if policies or hosts:
            several = {name: [given] if isinstance(given, str) else given for name, given in hosts.items()}
            names = Names(policies, hosts=several, **seconds)
    reader.finish()
    return DialSettings(Dialers(connectors, gateway=gateway), names, found)


class _Reader:
    """Keeps what is wrong, with the place where it stands."""

    def __init__(self) -> None:
        self._problems: list[tuple[str, str]] = []

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """What is raised inside is wrong at a place."""
        try:
            yield
        except (ValueError, TypeError, RouteError) as error:
            self._problems.append((path, str(error)))

    def table(self, document: _Table, section: str) -> _Table:
        """A section, empty where it is not there."""
        found = document.get(section, {})
        if isinstance(found, Mapping):
            return found
        self._problems.append((section, "must be a table"))
        return {}

    def finish(self) -> None:
        """Raises what was wrong."""
        if self._problems:
            raise InvalidDocument(tuple(self._problems))


def _policies(reader: _Reader, entries: Any) -> Iterator[ResolverPolicy]:
    with reader.at("resolvers"):
        if not isinstance(entries, list):
            raise TypeError("must be a list of tables")
        for number, entry in enumerate(entries):
            with reader.at(f"resolvers[{number}]"):
                yield _policy(entry)


def _policy(entry: Any) -> ResolverPolicy:
    how = _entry(entry)
    given = {key: how.pop(key, ()) for key in ("suffixes", "servers")}
    return ResolverPolicy(**given, dialer=_dialer(how) if how else None)


def _gateway(entry: Any) -> GatewayDialer:
    how = _entry(entry)
    resolves = how.pop("resolves_names", False)
    if not isinstance(resolves, bool):
        raise TypeError("resolves_names must be true or false")
    return GatewayDialer(_dialer(how), resolves_names=resolves)


def _entry(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise TypeError("must be a table")
    return dict(entry)


def _dialer(entry: Any) -> Dialer:
    """The dialer of a section."""
    how = _entry(entry)
    if how.get("direct", True) is not True:
        raise ValueError("direct must be true: a path without a dialer is not dialed")
    direct = Direct(**{key: how.pop(key) for key in _SOCKET if key in how})
    chosen = [key for key in (*_KINDS, "direct") if key in how]
    if len(chosen) > 1 or not (chosen or direct != Direct()):
        raise ValueError(f"must have one of direct, {', '.join(_KINDS)}, or of {', '.join(_SOCKET)}")
    kind = chosen[0] if chosen else "direct"
    server = how.pop(kind, None)
    make, known = _KINDS.get(kind, (None, ()))
    _refuse_unknown(how, known)
    return direct if make is None else make(server, by=direct, **how)


def _refuse_unknown(entry: _Table, known: Any) -> None:
    unknown = sorted({*entry} - {*known})
    if unknown:
        beside = f"; known are {', '.join(known)}" if known else ""
        raise ValueError(f"unknown key {unknown[0]!a}{beside}")
