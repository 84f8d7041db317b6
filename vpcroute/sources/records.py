"""The records of a network document, in the API's shapes, and how one is read from JSON.

A record has the fields that routing needs and is silent about others. Each is structured with cattrs, which tells every
field that is missing, of a wrong type or no prefix where one must stand; nothing is coerced. Sources: SDK,
src/resources/zero-trust/networks, zero-trust/tunnels, zero-trust/devices, magic-transit, connectivity/directory,
zero-trust/gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NewType, TypeVar

import attrs
from cattrs import BaseValidationError, Converter
from cattrs.cols import list_structure_factory
from cattrs.errors import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn

from vpcroute.fields import read_prefix_number

__all__ = [
    "BgpRecord",
    "DeviceRecord",
    "GatewayConfigurationRecord",
    "GatewayListRecord",
    "GatewayRuleRecord",
    "HostnameRecord",
    "NetworkRecord",
    "OnRampRecord",
    "RouteRecord",
    "ServiceRecord",
    "SubnetRecord",
    "TunnelRecord",
    "WanRouteRecord",
    "is_deleted",
    "json_name",
    "structure",
]

_T = TypeVar("_T")

# How cloudflared's own JSON writes "never".
_GO_ZERO_TIME: Final = "0001-01-01T00:00:00Z"


#: Text that is a prefix.
Prefix = NewType("Prefix", str)


@attrs.frozen
class NetworkRecord:
    id: str
    name: str
    is_default_network: bool | None = None
    is_default: bool | None = None  # the deprecated name


@attrs.frozen
class TunnelRecord:
    id: str
    name: str | None = None
    status: str | None = None
    tun_type: str | None = None
    virtual_ipv4: str | None = None
    virtual_ipv6: str | None = None


@attrs.frozen
class DeviceNameRecord:
    name: str | None = None


@attrs.frozen
class DeviceRecord:
    id: str
    device: DeviceNameRecord | None = None
    virtual_ipv4: str | None = None
    virtual_ipv6: str | None = None


@attrs.frozen
class SubnetRecord:
    network: str
    subnet_type: str


@attrs.frozen
class RouteRecord:
    network: Prefix
    tunnel_id: str
    tunnel_name: str | None = None
    tun_type: str | None = None
    virtual_network_id: str | None = None
    virtual_network_name: str | None = None
    id: str | None = None
    comment: str | None = None
    in_force: bool | None = None  # ours, as in the other routes


@attrs.frozen
class HostnameRecord:
    hostname: str
    tunnel_id: str
    tunnel_name: str | None = None
    tun_type: str | None = None
    match: str | None = None
    id: str | None = None
    comment: str | None = None
    in_force: bool | None = None


@attrs.frozen
class ScopeRecord:
    colo_names: list[str] | None = None
    colo_regions: list[str] | None = None


@attrs.frozen
class WanRouteRecord:
    prefix: Prefix
    priority: int
    nexthop: str | None = None
    onramp: str | None = None
    weight: int | None = None
    scope: ScopeRecord | None = None
    id: str | None = None
    description: str | None = None
    in_force: bool | None = None


@attrs.frozen
class BgpSettingsRecord:
    customer_asn: int | None = None


@attrs.frozen
class OnRampRecord:
    name: str
    id: str | None = None
    interface_address: str | None = None
    interface_address6: str | None = None
    bgp: BgpSettingsRecord | None = None


@attrs.frozen
class BgpRecord:
    prefix: Prefix
    onramp: str
    as_path: list[int] | None = None
    communities: list[str] | None = None
    customer_asn: int | None = None
    id: str | None = None
    comment: str | None = None
    in_force: bool | None = None


@attrs.frozen
class ServiceTunnelRecord:
    tunnel_id: str
    resolver_ips: list[str] | None = None


@attrs.frozen
class ServiceHostRecord:
    ipv4: str | None = None
    ipv6: str | None = None
    hostname: str | None = None
    network: ServiceTunnelRecord | None = None
    resolver_network: ServiceTunnelRecord | None = None


@attrs.frozen
class ServiceRecord:
    service_id: str
    name: str
    type: str
    host: ServiceHostRecord
    http_port: int | None = None
    https_port: int | None = None
    tcp_port: int | None = None


@attrs.frozen
class GatewayRuleRecord:
    id: str
    name: str
    action: str
    precedence: int
    enabled: bool | None = None
    filters: list[str] | None = None
    traffic: str | None = None
    identity: str | None = None
    device_posture: str | None = None
    rule_settings: dict[str, Any] | None = None
    schedule: dict[str, Any] | None = None
    expiration: dict[str, Any] | None = None
    created_at: str | None = None
    unread: list[str] | None = None  # ours: names of members that were there and are not known here


@attrs.frozen
class GatewayItemRecord:
    value: str


@attrs.frozen
class GatewayListRecord:
    id: str
    name: str
    type: str
    items: list[GatewayItemRecord] | None = None
    count: int | None = None


@attrs.frozen
class GatewayConfigurationRecord:
    settings: dict[str, Any] | None = None


def is_deleted(record: object, path: str, problems: list[tuple[str, str]]) -> bool:
    """Whether a record is one of something that is gone: deleted, or a device whose registration is revoked."""
    if not isinstance(record, Mapping):
        return False
    for key in ("deleted_at", "revoked_at"):
        value = record.get(key)
        if isinstance(value, str):
            if value not in ("", _GO_ZERO_TIME):
                return True
        elif value is not None:
            problems.append((f"{path}.{key}", f"must be a string, not {json_name(value)}"))
    return False


def structure(record: object, kind: type[_T], path: str, problems: list[tuple[str, str]]) -> _T | None:
    """A record of a kind from JSON; None, and a problem with its path for each thing that is wrong."""
    try:
        return _CONVERTER.structure(record, kind)
    except BaseValidationError as error:
        problems.extend(_flat(error, path))
    except TypeError as error:
        problems.append((path, str(error)))
    return None


def _flat(group: BaseValidationError, path: str) -> Iterator[tuple[str, str]]:
    for error in group.exceptions:
        where = path
        for note in getattr(error, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                where = f"{path}.{note.name}"
            elif isinstance(note, IterableValidationNote):
                where = f"{path}[{note.index}]"
        if isinstance(error, BaseValidationError):
            yield from _flat(error, where)
        elif isinstance(error, KeyError):
            yield f"{path}.{error.args[0]}", "is missing"
        else:
            yield where, str(error)


def json_name(value: object) -> str:
    """What JSON calls a value's type, with its article."""
    for kind, name in _JSON_NAMES.items():
        if isinstance(value, kind):
            return name
    return "null" if value is None else type(value).__name__


_JSON_NAMES: Final[Mapping[type, str]] = {
    bool: "a boolean",
    str: "a string",
    int: "a whole number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


def _strict(kind: type) -> Any:
    def check(value: object, _: object) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError(f"must be {_JSON_NAMES[kind]}, not {json_name(value)}")
        return value

    return check


_text: Final = _strict(str)


def _text_or_none(value: object, _: object) -> Any:
    return value if value is None or isinstance(value, str) else _text(value, None)


def _prefix(value: object, _: object) -> Prefix:
    text: str = _text(value, None)
    read_prefix_number(text)
    return Prefix(text)


def _only(kind: type, structure_as: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A hook that hands on only what is of a JSON kind; cattrs by itself takes what can be iterated or indexed."""

    def check(value: object, type_: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(f"must be {_JSON_NAMES[kind]}, not {json_name(value)}")
        return structure_as(value, type_)

    return check


def _converter() -> Converter:
    converter = Converter()
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook(Prefix, _prefix)
    converter.register_structure_hook_func(lambda type_: type_ == str | None, _text_or_none)
    converter.register_structure_hook_func(lambda type_: type_ == dict[str, Any], _strict(dict))
    converter.register_structure_hook_factory(
        _is_list, lambda type_, converter: _only(list, list_structure_factory(type_, converter))
    )
    converter.register_structure_hook_factory(
        attrs.has, lambda type_, converter: _only(dict, make_dict_structure_fn(type_, converter))
    )
    return converter


def _is_list(type_: Any) -> bool:
    return getattr(type_, "__origin__", None) is list


_CONVERTER: Final = _converter()
