"""Expectations from a file: JSON, comments allowed, or TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from vpcroute.analysis.expectations import PROPERTIES, Expectation
from vpcroute.analysis.policy_expectations import PolicyExpectation
from vpcroute.errors import InvalidDocument, InvalidVantage
from vpcroute.limits import LARGEST_SETTINGS
from vpcroute.sources.files import read_text
from vpcroute.sources.json_text import loads
from vpcroute.vantage import Vantage

__all__ = ["Expected", "load_expectations", "read_expectations"]

_VANTAGE: Final = {
    "tunnel": "tunnel_id",
    "virtual_network": "virtual_network",
    "region": "region",
    "colo": "colo",
    "routing_mode": "routing_mode",
}
_OUTCOME: Final = "outcome"
_KEYS: Final = ("destination", "must", "must_not", "vantage", "note")


@attrs.frozen
class Expected:
    """An expectation as it stands in a file.

    Attributes:
        path: where in the file.
        expectation: what is expected of routes, or of policies; a record with both makes two.
        vantage: from where; None is from every virtual network, region and data centre.
        note: what it is for, or None.
    """

    path: str
    expectation: Expectation | PolicyExpectation
    vantage: Vantage | None = None
    note: str | None = None


def load_expectations(path: str) -> list[Expected]:
    """The expectations in a file, which is TOML if its name ends in ``.toml``.

    Raises:
        InvalidDocument: for what is wrong, all of it at once.
        OSError: where it cannot be read.
    """
    text = read_text(path, LARGEST_SETTINGS)
    try:
        found = tomllib.loads(text) if path.endswith(".toml") else loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument((("", str(error)),)) from None
    return read_expectations(found)


def read_expectations(document: Any) -> list[Expected]:
    """The expectations in ``{"expectations": [{"destination", "must", "must_not", "vantage", "note"}]}``."""
    records = document.get("expectations") if isinstance(document, Mapping) else None
    if not isinstance(records, list):
        raise InvalidDocument((("expectations", "must be a list of objects"),))
    found: list[Expected] = []
    problems = []
    for number, record in enumerate(records):
        path = f"expectations[{number}]"
        try:
            found += _read(path, record)
        except (ValueError, TypeError, InvalidVantage) as error:
            problems.append((path, str(error)))
    if problems:
        raise InvalidDocument(tuple(problems))
    return found


def _read(path: str, record: Any) -> Iterator[Expected]:
    if not isinstance(record, Mapping):
        raise TypeError("must be an object")
    _refuse_unknown(record, _KEYS)
    parts = {key: record.get(key, {}) for key in ("must", "must_not")}
    for key, part in parts.items():
        if not isinstance(part, Mapping):
            raise TypeError(f"{key} must be an object with some of: {', '.join((*PROPERTIES, _OUTCOME))}")
    if not isinstance(record.get("destination"), str):
        raise TypeError("destination must be an address, a prefix, a range, a name or a pattern")
    of_routes, of_policies = [], []
    for part in parts.values():
        of_routes.append({key: value for key, value in part.items() if key != _OUTCOME})
        of_policies.append({key: value for key, value in part.items() if key == _OUTCOME})
    vantage, note = _vantage(record.get("vantage", {})), record.get("note")
    if any(of_routes) or not any(of_policies):
        yield Expected(path, Expectation(record["destination"], *of_routes), vantage, note)
    if any(of_policies):
        if vantage is not None and vantage.network_id is None:
            raise ValueError("an outcome is expected of cf1:network only: Gateway is not on the way of a tunnel")
        yield Expected(path, PolicyExpectation(record["destination"], *of_policies), vantage, note)


def _vantage(given: Any) -> Vantage | None:
    if given == "every":
        return None
    if not isinstance(given, Mapping):
        raise TypeError('vantage must be "every" or an object')
    _refuse_unknown(given, _VANTAGE)
    fields: dict[str, Any] = {_VANTAGE[key]: value for key, value in given.items()}
    return Vantage(**fields)


def _refuse_unknown(record: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(map(str, {*record} - {*known}))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!a}; known are {', '.join(known)}")
