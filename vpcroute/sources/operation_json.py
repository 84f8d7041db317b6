"""Operations as JSON, for a journal: ``["withdraw", {"SubnetRoute": {"network": "10.0.0.0/16", …}}]``.

An operation is an array of its kind and its arguments. An object of the model stands under its class, with its fields
but those that have their default; policies, lists and settings of Gateway, which check nothing themselves, are the
records of a document. Reading is strict: whatever is not what writing would write of something is refused. So every
class of the model keeps its own rules, of which lengths are a part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import NoneType
from typing import Any, Final

import attrs

from vpcroute.announcements import VirtualNetwork, VpcService
from vpcroute.egress import ClientDevice, MeshNode, OnRamp, Tunnel
from vpcroute.errors import RouteError, told
from vpcroute.fields import check_text, read_ip, read_prefix
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.operations import Operation, OperationKind
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.sources.document import gateway_list_of, gateway_rule_of
from vpcroute.sources.records import (
    GatewayConfigurationRecord,
    GatewayListRecord,
    GatewayRuleRecord,
    json_name,
    structure,
)
from vpcroute.sources.writing import gateway_configuration, gateway_list, gateway_rule
from vpcroute.store import KINDS

__all__ = ["FORMAT", "operation_from_json", "operation_to_json"]

#: The number of this format; another one for everything that older versions cannot read.
FORMAT: Final = 2

_Types = tuple[type, ...]
_CONNECTORS: Final[_Types] = (Tunnel, MeshNode, ClientDevice, OnRamp)
_ROUTES: Final[_Types] = tuple(KINDS)
_KNOWN: Final[_Types] = (*_CONNECTORS, VirtualNetwork, VpcService)
_CLASSES: Final[Mapping[object, type]] = {kind.__name__: kind for kind in (*_KNOWN, *_ROUTES, Finding)}
#: Fields that the classes do not check themselves.
_TEXTS: Final = ("original", "path", "text")
#: Operations with what its class does not check.
_UNCHECKED: Final[tuple[OperationKind, ...]] = ("note", "forget", "set_gateway")
#: What the arguments of each kind are; those of ``announce_at`` are followed by any number of findings.
_ARGUMENTS: Final[Mapping[OperationKind, tuple[_Types, ...]]] = {
    "announce_at": ((str,), _ROUTES),
    "withdraw": (_ROUTES,),
    "note": ((Finding,),),
    "forget": ((Finding,),),
    "add": (_KNOWN,),
    "remove": (_KNOWN,),
    "set_default": ((str,),),
    "set_health": (_CONNECTORS, (str, NoneType), (str, NoneType)),
    "set_hosts": ((str,), (tuple, NoneType)),
    "set_subnets": ((tuple,),),
    "set_gateway": ((tuple,), (tuple,), (dict, NoneType)),
}


def operation_to_json(operation: Operation) -> list[Any]:
    """An operation as JSON holds it.

    Raises:
        TypeError: for a policy, list or finding with a field of another type than it should have.
    """
    written = [operation.kind, *map(_written, operation.arguments)]
    if operation.kind in _UNCHECKED or len(operation.arguments) > len(_ARGUMENTS[operation.kind]):
        try:
            again = operation_from_json(written)
        except ValueError as error:
            raise TypeError(f"cannot be written: {error}") from None
        back = json.loads(json.dumps(written))
        if back != written or [again.kind, *map(_written, again.arguments)] != written:
            raise TypeError(f"cannot be written: an argument of {operation.kind} is not as JSON would give it back")
    return written


def _written(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if isinstance(value, IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        return str(value)
    if isinstance(value, GatewayRule):
        return {"GatewayRule": gateway_rule(value)}
    if isinstance(value, GatewayList):
        return {"GatewayList": gateway_list(value)}
    if isinstance(value, Mapping):
        return {"GatewayConfiguration": gateway_configuration(value)}
    kind: Any = type(value)
    if kind.__name__ not in _CLASSES:
        raise TypeError(f"cannot be written: a value of type {kind.__name__}")
    fields = ((name, getattr(value, name), default) for name, default in _fields(kind))
    return {kind.__name__: {name: _written(field) for name, field, default in fields if field != default}}


@cache
def _fields(kind: Any) -> list[tuple[str, object]]:
    """The names of a class's fields and their defaults."""
    return [(field.name, field.default) for field in attrs.fields(kind)]


def operation_from_json(value: object) -> Operation:
    """An operation of what :func:`operation_to_json` made of it; ValueError for anything else."""
    if not isinstance(value, list) or not value or not isinstance(value[0], str) or value[0] not in _ARGUMENTS:
        raise ValueError(f"an operation must be an array that begins with its kind, not {told(value)}")
    kind, *raw = value
    expected = _ARGUMENTS[kind]
    if len(raw) < len(expected) or (len(raw) > len(expected) and kind != "announce_at"):
        raise ValueError(f"{kind} takes {len(expected)} arguments, not {len(raw)}")
    try:
        arguments = tuple(map(_read, raw))
        if kind == "set_hosts" and arguments[1] is not None:
            arguments = arguments[0], tuple(map(_address, arguments[1]))
        elif kind == "set_subnets":
            arguments = (tuple((name, read_prefix(text)[0]) for name, text in arguments[0]),)
    except (TypeError, ValueError, RouteError) as error:
        raise ValueError(f"{kind}: {error}") from None
    for argument, types in zip(arguments, (*expected, *[(Finding,)] * len(arguments)), strict=False):
        if not isinstance(argument, types):
            raise ValueError(f"{kind} does not take {type(argument).__name__}")
    if kind == "set_gateway" and not all(
        isinstance(item, type_)
        for items, type_ in zip(arguments[:2], (GatewayRule, GatewayList), strict=True)
        for item in items
    ):
        raise ValueError("set_gateway takes policies and lists")
    return Operation(kind, arguments)


def _address(text: Any) -> Any:
    return read_ip(check_text("address", text))


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_read, value))
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError(f"an object must stand under its class, not under {len(value)} names")
    ((name, fields),) = value.items()
    if name in ("GatewayRule", "GatewayList", "GatewayConfiguration"):
        return _gateway(name, fields)
    kind = _CLASSES.get(name)
    if kind is None or not isinstance(fields, dict):
        raise ValueError(f"{told(name)} is not a class of the model with its fields")
    if kind in _CONNECTORS:
        return _connector(kind, *fields.items())
    read = {key: _read(field) for key, field in fields.items()}
    for key in _TEXTS:
        if not isinstance(read.get(key, ""), str):
            raise TypeError(f"{name}.{key}: must be a string, not {json_name(read[key])}")
    if kind is Finding:
        read["code"] = RemarkCode(read.get("code", ""))
        if not isinstance(read.get("announcement"), (*_ROUTES, NoneType)):
            raise TypeError("Finding.announcement: must be a route")
    return kind(**read)


@lru_cache(maxsize=4096)
def _connector(kind: type, *fields: tuple[str, Any]) -> Any:
    """A connector; the same object for all the routes that lead to it."""
    return kind(**dict(fields))


def _gateway(name: str, record: Any) -> GatewayRule | GatewayList | dict[str, Any]:
    problems: list[tuple[str, str]] = []
    if name == "GatewayRule":
        rule = structure(record, GatewayRuleRecord, name, problems)
        if rule is not None:
            return gateway_rule_of(rule)
    elif name == "GatewayConfiguration":
        configuration = structure(record, GatewayConfigurationRecord, name, problems)
        if configuration is not None and configuration.settings is not None:
            return configuration.settings
        problems.append((f"{name}.settings", "is missing"))
    else:
        known = structure(record, GatewayListRecord, name, problems)
        if known is not None:
            return gateway_list_of(known)
    raise ValueError(": ".join(problems[0]))
