"""What lint looks for: one table of the checks of routes and those of policies, and what a finding is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

import attrs

from vpcroute.analysis.lint.policy_checks import POLICY_CHECKS
from vpcroute.analysis.lint.route_checks import ROUTE_CHECKS
from vpcroute.announcements import Announcement

__all__ = ["CHECKS", "SEVERITIES", "Check", "LintCode", "LintFinding", "Severity"]

Severity = Literal["error", "warning", "note"]

#: The severities, the gravest first.
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")


class LintCode(StrEnum):
    """The codes of lint's findings. Those of a table's own findings are the same words."""

    # Of the document.
    INVALID_DOCUMENT = "invalid_document"
    ROUTE_CONFLICT = "route_conflict"
    HOSTNAME_ON_WAN = "hostname_on_wan"
    # Routes that carry nothing.
    RESERVED_RANGE = "reserved_range"
    FORBIDDEN_WILDCARD = "forbidden_wildcard"
    ROUTE_NOT_IN_FORCE = "route_not_in_force"
    PROHIBITED_RANGE = "prohibited_range"
    NEVER_WINS = "never_wins"
    ONLY_WITHOUT_BGP = "only_without_bgp"
    ONLY_BY_FALLBACK = "only_by_fallback"
    # Routes that are in each other's way.
    ZERO_TRUST_OVER_WAN = "zero_trust_over_wan"
    LEGACY_LONGER_WAN = "legacy_longer_wan"
    HOSTNAME_FORMS = "hostname_forms"
    HOSTNAME_OVERLAP = "hostname_overlap"
    DUPLICATE_ROUTE = "duplicate_route"
    DUPLICATE_MEMBER = "duplicate_member"
    # Where traffic ends.
    REGION_WITHOUT_ROUTE = "region_without_route"
    ECMP_ALL_DOWN = "ecmp_all_down"
    ONRAMP_DOWN = "onramp_down"
    DESTINATION_UNAVAILABLE = "destination_unavailable"
    UNKNOWN_NEXT_HOP = "unknown_next_hop"
    UNKNOWN_TUNNEL = "unknown_tunnel"
    UNKNOWN_VIRTUAL_NETWORK = "unknown_virtual_network"
    EMPTY_VIRTUAL_NETWORK = "empty_virtual_network"
    UNSEEN_VIRTUAL_NETWORK = "unseen_virtual_network"
    RETURN_ROUTE = "return_route"
    # What Cloudflare does not support, or not everywhere.
    MESH_NEEDS_UNIFIED = "mesh_needs_unified"
    MESH_IN_VIRTUAL_NETWORK = "mesh_in_virtual_network"
    HOSTNAME_ON_MESH = "hostname_on_mesh"
    WAN_IPV6 = "wan_ipv6"
    BGP_COMMUNITIES = "bgp_communities"
    OUTSIDE_DEVICE_RANGE = "outside_device_range"
    # What may be meant in another way.
    STORED_WILDCARD = "stored_wildcard"
    HOST_BITS = "host_bits"
    EMPTY_SCOPE = "empty_scope"
    PUBLIC_NAME = "public_name"
    PUBLIC_RANGE = "public_range"
    PUBLIC_SERVICE = "public_service"
    # Gateway's policies.
    INVALID_EXPRESSION = "invalid_expression"
    BLOCKS_WORKERS = "blocks_workers"
    MATCHES_WORKERS = "matches_workers"
    UNKNOWN_LIST = "unknown_list"
    LIST_WITHOUT_ITEMS = "list_without_items"
    POLICY_NEVER_MATCHES = "policy_never_matches"
    ALLOW_BEFORE_BLOCK = "allow_before_block"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_MEMBER = "unknown_member"
    RESOLVER_WITHOUT_ROUTE = "resolver_without_route"
    GLOBAL_POLICY_FIRST = "global_policy_first"
    HTTP_PORTS_UNSEEN = "http_ports_unseen"
    PATTERN_NOT_READ = "pattern_not_read"
    EQUAL_PRECEDENCE = "equal_precedence"
    POLICY_READING = "policy_reading"


@attrs.frozen
class Check:
    """One thing that lint looks for.

    Attributes:
        severity: ``"error"``: refused, or carries nothing as it stands; ``"warning"``: almost certainly not what is
            meant; ``"note"``: may well be meant.
        statement: what is found, in one line.
        mend: what to do about it.
        source: where the rule is written; ``"ours"`` where it is this project's.
    """

    severity: Severity
    statement: str
    mend: str
    source: str


@attrs.frozen
class LintFinding:
    """Something that lint found.

    Attributes:
        code: what kind of thing; :data:`CHECKS` says more about it.
        reason: what it is here, with the values.
        announcements: those that have a part in it; the first is the one to mend. None for what no route is about.
        path: where the first stands in its document (``routes[3]``); empty where that is not known.
        mend: what to do about it.
    """

    code: LintCode
    reason: str
    announcements: tuple[Announcement, ...] = ()
    path: str = ""
    mend: str = attrs.field()

    @mend.default
    def _usual_mend(self) -> str:
        return CHECKS[self.code].mend

    @property
    def severity(self) -> Severity:
        """How grave it is: error, warning or note."""
        return CHECKS[self.code].severity


#: Every check, by its code.
CHECKS: Final[Mapping[LintCode, Check]] = MappingProxyType(
    {
        LintCode(code): Check(severity, statement, mend, source)  # type: ignore[arg-type]
        for severity, code, statement, mend, source in (*ROUTE_CHECKS, *POLICY_CHECKS)
    }
)
