"""What is worth knowing beside an answer: remarks on a resolution, findings of a table, candidates that did not win."""

from __future__ import annotations

from enum import StrEnum

import attrs

from vpcroute.announcements import Announcement
from vpcroute.egress import Egress

__all__ = ["Candidate", "Finding", "Remark", "RemarkCode"]


class RemarkCode(StrEnum):
    """The codes of remarks and findings; a finding about a route is a remark on every answer that the route gives."""

    # Of the address that was asked for.
    IPV4_MAPPED = "ipv4_mapped"
    MAY_BE_PROHIBITED = "may_be_prohibited"
    ANSWER_REFUSED = "answer_refused"
    ANSWER_ELSEWHERE = "answer_elsewhere"
    DUAL_STACK = "dual_stack"
    # Why an answer is not guaranteed.
    LEGACY_LONGER_WAN = "legacy_longer_wan"
    VIRTUAL_NETWORK_FALLBACK = "virtual_network_fallback"
    SCOPE_UNKNOWN = "scope_unknown"
    STORED_WILDCARD_BELOW = "stored_wildcard_below"
    # Of the egress and its state.
    DESTINATION_UNAVAILABLE = "destination_unavailable"
    ONRAMP_DOWN = "onramp_down"
    ONRAMP_DEGRADED = "onramp_degraded"
    HEALTH_VARIES = "health_varies"
    ROUTING_MODE_DIFFERS = "routing_mode_differs"
    # Findings of a table or document.
    HOST_BITS = "host_bits"
    EMPTY_SCOPE = "empty_scope"
    DUPLICATE_ROUTE = "duplicate_route"
    UNKNOWN_TUNNEL = "unknown_tunnel"
    UNKNOWN_NEXT_HOP = "unknown_next_hop"
    UNKNOWN_VIRTUAL_NETWORK = "unknown_virtual_network"
    UNKNOWN_HEALTH_TARGET = "unknown_health_target"
    MESH_IN_VIRTUAL_NETWORK = "mesh_in_virtual_network"
    MESH_NEEDS_UNIFIED = "mesh_needs_unified"
    STORED_WILDCARD = "stored_wildcard"
    PROHIBITED_RANGE = "prohibited_range"
    OUTSIDE_DEVICE_RANGE = "outside_device_range"
    BGP_COMMUNITIES = "bgp_communities"
    ROUTE_NOT_IN_FORCE = "route_not_in_force"


@attrs.frozen
class Remark:
    """One thing worth knowing about an answer.

    Attributes:
        code: what kind of thing.
        text: the same for people.
        announcement: the announcement it is about, or None.
    """

    code: RemarkCode
    text: str
    announcement: Announcement | None = None


@attrs.frozen
class Finding:
    """Something odd in a table or document that has one meaning all the same.

    Attributes:
        code: what kind of thing.
        path: where in the document (``routes[3].network``); empty for what was announced in code.
        text: the same for people.
        announcement: the announcement it is about, or None.
    """

    code: RemarkCode
    path: str
    text: str
    announcement: Announcement | None = None


@attrs.frozen
class Candidate:
    """Another way that the traffic may take.

    Attributes:
        egress: through what.
        route: by which announcement; None for Gateway.
    """

    egress: Egress
    route: Announcement | None = None
