"""Egress and network policies: from which address a connection leaves, and whether it may.

Egress rules choose the source and never block; then the connection is made; only if it is, network rules are asked
(cloudflare-docs: partials/cloudflare-one/gateway/order-of-enforcement; cloudflare-one/traffic-policies/policy-types/
egress-policies, network-policies). A network rule that allows ends that stage and no other.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from vpcroute.gateway import GatewayRule
from vpcroute.policies.decision import UNKNOWN, default_of

__all__ = [
    "EGRESS_DEFAULT",
    "NETWORK_DEFAULT",
    "EgressEffect",
    "NetworkEffect",
    "asks_for_session",
    "egress_effect",
    "network_effect",
]

#: What stands for the address that the data centre has at hand.
_LOCAL: Final = frozenset({None, "", "0.0.0.0"})  # noqa: S104  (a setting)


@attrs.frozen
class EgressEffect:
    """From which address a connection leaves.

    Attributes:
        outcome: ``default``, ``dedicated``, ``not_applicable`` for traffic to the account's own networks,
            ``not_evaluated``, or ``unknown``.
        ipv4, ipv4_fallback, ipv6: the addresses and the range of a dedicated egress. Gateway does not choose between
            the families.
    """

    outcome: str
    ipv4: str | None = None
    ipv4_fallback: str | None = None
    ipv6: str | None = None


@attrs.frozen
class NetworkEffect:
    """What becomes of a connection.

    Attributes:
        outcome: ``allowed``, ``blocked``, ``overridden``, ``not_evaluated``, or ``unknown``.
        ip, port: where an overridden connection goes instead; None for what stays.
    """

    outcome: str
    ip: str | None = None
    port: int | None = None


_DEFAULT: Final = EgressEffect("default")
_ALLOWED: Final = NetworkEffect("allowed")
#: What is done where no rule matches.
EGRESS_DEFAULT: Final = default_of(_DEFAULT)
NETWORK_DEFAULT: Final = default_of(_ALLOWED)


def egress_effect(rule: GatewayRule | None) -> EgressEffect:
    """What an egress rule does; None is the default, whose address no document says for certain."""
    if rule is None:
        return _DEFAULT
    if rule.action != "egress":
        return EgressEffect(UNKNOWN)
    chosen: Any = rule.settings.get("egress") or {}
    ipv4, fallback, ipv6 = (
        None if chosen.get(key) in _LOCAL else chosen[key] for key in ("ipv4", "ipv4_fallback", "ipv6")
    )
    return EgressEffect("dedicated", ipv4, fallback, ipv6) if ipv4 or ipv6 else EgressEffect("default")


def network_effect(rule: GatewayRule | None) -> NetworkEffect:
    """What a network rule does."""
    if rule is None:
        return _ALLOWED
    if rule.action == "allow" and not asks_for_session(rule):
        return NetworkEffect("allowed")
    if rule.action == "block":
        return NetworkEffect("blocked")
    if rule.action == "l4_override":
        to: Any = rule.settings.get("l4override") or {}
        return NetworkEffect("overridden", to.get("ip") or None, to.get("port") or None)
    return NetworkEffect(UNKNOWN)


def asks_for_session(rule: GatewayRule) -> bool:
    """Whether an ``allow`` holds for users with a session only; what that means for a Worker no document says."""
    session: Any = rule.settings.get("check_session") or {}
    return bool(session.get("enforce"))
