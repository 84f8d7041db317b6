"""What is odd about an announcement and has one meaning all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute
from vpcroute.egress import MeshNode
from vpcroute.errors import printable
from vpcroute.precedence import COMMUNITY_PRIORITY, prefix_of
from vpcroute.ranges import Range
from vpcroute.remarks import Finding, RemarkCode

__all__ = ["FROM_DOCUMENT", "base_path", "findings_of"]

#: Findings that only the document's reader can make; the others follow from announcement, ranges and default network.
FROM_DOCUMENT: Final = frozenset(
    {
        RemarkCode.DUPLICATE_ROUTE,
        RemarkCode.EMPTY_SCOPE,
        RemarkCode.UNKNOWN_TUNNEL,
        RemarkCode.UNKNOWN_NEXT_HOP,
        RemarkCode.UNKNOWN_VIRTUAL_NETWORK,
    }
)


def findings_of(
    route: Announcement, *, path: str, in_default_network: bool, around: Sequence[Range]
) -> Iterator[Finding]:
    """The findings that an announcement gives rise to by itself.

    Args:
        route: the announcement.
        path: where it stands in its document; empty for one that was made in code.
        in_default_network: whether it belongs to the default virtual network.
        around: the built-in ranges that contain its destination.
    """
    for code, field, text in _odd(route, in_default_network, around):
        yield Finding(code, f"{path}.{field}" if path and field else path, text, route)


def _odd(
    route: Announcement, in_default_network: bool, around: Sequence[Range]
) -> Iterator[tuple[RemarkCode, str, str]]:
    if isinstance(route, DeviceAddress):
        if not any(r.reserved == "device" for r in around):
            text = f"{route.address} is in none of the account's device ranges"
            yield RemarkCode.OUTSIDE_DEVICE_RANGE, "", text
        return
    if not route.in_force:
        yield RemarkCode.ROUTE_NOT_IN_FORCE, "", "not in force: it captures its addresses or names but carries nothing"
    if isinstance(route, HostnameRoute):
        if route.match == "stored":
            text = f"{route.hostname} is read as exact; Cloudflare stores *.{route.hostname} in the same way"
            yield RemarkCode.STORED_WILDCARD, "hostname", text
        return
    field = "network" if isinstance(route, SubnetRoute) else "prefix"
    if route.original is not None:
        text = f"{printable(route.original)} has host bits set and is read as {prefix_of(route)}"
        yield RemarkCode.HOST_BITS, field, text
    prohibited = [special for special in around if special.reserved is None]
    if prohibited:
        special = max(prohibited, key=lambda r: r.network.prefixlen)
        text = f"{prefix_of(route)} lies in {special.network} ({special.name}) and is never used"
        yield RemarkCode.PROHIBITED_RANGE, field, text
    if isinstance(route, SubnetRoute) and isinstance(route.via, MeshNode) and not in_default_network:
        text = "virtual networks are for Cloudflare Tunnel; a Mesh node's routes belong to the default one"
        yield RemarkCode.MESH_IN_VIRTUAL_NETWORK, "virtual_network_id", text
    if isinstance(route, BgpRoute) and len(set(route.communities) & COMMUNITY_PRIORITY.keys()) > 1:
        text = "several communities set the priority; the lowest number holds"
        yield RemarkCode.BGP_COMMUNITIES, "communities", text


def base_path(finding: Finding) -> str:
    """The path of the record that a finding of an announcement is about, without the field."""
    if isinstance(finding.announcement, DeviceAddress):
        return finding.path
    return finding.path[: finding.path.rfind("]") + 1]
