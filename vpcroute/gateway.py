"""Gateway's policies and lists as the account has them; they take no part in routing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from vpcroute.fields import several

__all__ = ["GatewayList", "GatewayRule", "GatewayState", "gateway_state"]


@attrs.frozen
class GatewayRule:
    """A Gateway policy (API: ``/gateway/rules``).

    Attributes:
        id, name: as in the API.
        action: what it does, such as ``"block"``.
        filters: the kind of policy: one of ``http``, ``dns``, ``l4``, ``egress``, ``dns_resolver``.
        precedence: the lower comes first.
        enabled: whether it is on.
        traffic, identity, device_posture: its conditions, expressions in the wirefilter language; empty for none.
        settings: the API's ``rule_settings`` as they are.
        schedule, expiration: when it is on, as in the API; None for always.
        created_at: when it was made, as in the API; of rules with one precedence the earlier comes first.
        unread: names of members that the API gave and that are not known here: they may change what the rule does.
    """

    id: str
    name: str
    action: str
    filters: tuple[str, ...]
    precedence: int
    enabled: bool
    traffic: str = ""
    identity: str = ""
    device_posture: str = ""
    settings: Mapping[str, Any] = attrs.field(factory=dict, eq=False)
    schedule: Mapping[str, Any] | None = attrs.field(default=None, eq=False)
    expiration: Mapping[str, Any] | None = attrs.field(default=None, eq=False)
    created_at: str = ""
    unread: tuple[str, ...] = ()


@attrs.frozen
class GatewayList:
    """A list that Gateway policies refer to (API: ``/gateway/lists``).

    Attributes:
        id, name, type: as in the API.
        values: the values of its items; None where the API was not asked for them (``/gateway/lists`` has none).
        count: how many items there are.
    """

    id: str
    name: str
    type: str
    values: tuple[str, ...] | None
    count: int | None = None


#: The policies, the lists, and the settings or None where they are not known.
GatewayState = tuple[tuple[GatewayRule, ...], tuple[GatewayList, ...], Mapping[str, Any] | None]


def gateway_state(
    rules: Iterable[GatewayRule], lists: Iterable[GatewayList], settings: Mapping[str, Any] | None
) -> GatewayState:
    """The state of these, the policies in the order of their precedence; TypeError for what they cannot be."""
    ordered = sorted(several("rules", rules, GatewayRule), key=lambda rule: rule.precedence)
    known = several("lists", lists, GatewayList)
    if not isinstance(settings, Mapping | None):
        raise TypeError(f"settings must be a mapping or None, not {type(settings).__name__}")
    return tuple(ordered), tuple(known), settings
