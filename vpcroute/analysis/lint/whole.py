"""What lint finds of a table as a whole: hidden routes, what is public, connectors, virtual networks, odd records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.ground import is_public, span_of_route
from vpcroute.analysis.lint.hiding import Hidden, version_of
from vpcroute.analysis.lint.names import is_private
from vpcroute.analysis.lint.seen import Seen
from vpcroute.analysis.lint.wan import same_prefix
from vpcroute.analysis.weighing import called, listed, what
from vpcroute.announcements import (
    Announcement,
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    SubnetRoute,
    WanRoute,
    number_of,
)
from vpcroute.egress import ClientDevice, Health, MeshNode, OnRamp
from vpcroute.errors import printable
from vpcroute.outcomes import destination_text
from vpcroute.remarks import Finding, RemarkCode

__all__ = ["connectors_down", "hidden_routes", "networks", "odd_records", "public_ranges", "return_route", "services"]


def odd_records(seen: Seen) -> Iterator[LintFinding]:
    """What was odd when the table was made."""
    for finding in seen.table.findings:
        involved = () if finding.announcement is None else (finding.announcement,)
        yield seen.found(_code_of(seen, finding), _told(finding), involved, path=finding.path)


def _code_of(seen: Seen, finding: Finding) -> LintCode:
    route = finding.announcement
    if finding.code is not RemarkCode.ROUTE_NOT_IN_FORCE or route is None:
        return LintCode(str(finding.code))
    if isinstance(route, HostnameRoute):
        return LintCode.FORBIDDEN_WILDCARD if route.match == "glob" else LintCode.ROUTE_NOT_IN_FORCE
    reserved = any(range_.reserved is not None for range_ in seen.table.store.ranges_around(route))
    return LintCode.RESERVED_RANGE if reserved else LintCode.ROUTE_NOT_IN_FORCE


def _told(finding: Finding) -> str:
    route = finding.announcement
    if route is None or finding.code is RemarkCode.PROHIBITED_RANGE:
        return finding.text
    return f"{what(route)}: {finding.text}"


# Routes that never win


def hidden_routes(seen: Seen) -> Iterator[LintFinding]:
    """Routes that can never win, or only where others are withdrawn or fall back."""
    for hidden in seen.hidden.values():
        route = hidden.route
        if isinstance(route, (WanRoute, BgpRoute)) and _same_prefix(seen, route):
            continue  # zero_trust_over_wan tells of it
        if not hidden.by and _is_inside(hidden):
            continue  # prohibited_range tells of it
        code, rest = LintCode.NEVER_WINS, "never wins"
        if hidden.needs_bgp:
            code, rest = LintCode.ONLY_WITHOUT_BGP, "wins only while routes learned by BGP are withdrawn"
        if hidden.fallback is not None:
            network = printable(seen.view.network_names[hidden.fallback])
            code, rest = LintCode.ONLY_BY_FALLBACK, f"wins at most by the fallback from virtual network {network}"
        by = [what(one) for one in hidden.by]
        if hidden.range is not None:
            by.append(f"{hidden.range.network} ({hidden.range.name})")
        yield seen.found(code, f"{_placed(seen, route)} {rest}: hidden by {listed(by)}", (route, *hidden.by))


def _same_prefix(seen: Seen, route: WanRoute | BgpRoute) -> bool:
    return same_prefix(seen, version_of(route), span_of_route(route)) is not None


def _is_inside(hidden: Hidden) -> bool:
    if hidden.range is None:
        return False
    first, last, _ = span_of_route(hidden.route)
    network = hidden.range.network
    return int(network.network_address) <= first and last <= int(network.broadcast_address)


def _placed(seen: Seen, route: Announcement) -> str:
    """A route for people, with its virtual network where that is not the default one."""
    if not isinstance(route, SubnetRoute) or route.virtual_network == seen.default.id:
        return what(route)
    name = seen.view.network_names.get(str(route.virtual_network), str(route.virtual_network))
    return f"{what(route)} in virtual network {printable(name)}"


# What Gateway does not see


def public_ranges(seen: Seen) -> Iterator[LintFinding]:
    """Prefixes with public addresses that their routes win."""
    groups: defaultdict[object, list[SubnetRoute | WanRoute | BgpRoute]] = defaultdict(list)
    for route in seen.table:
        if not isinstance(route, (HostnameRoute, DeviceAddress)) and seen.carries(route):
            groups[number_of(route), getattr(route, "virtual_network", None)].append(route)
    for routes in groups.values():
        won = [(route, address) for route in routes if (address := seen.terrain.public_address(route)) is not None]
        if won:
            route, address = won[0]
            ip = (IPv4Address if version_of(route) == 4 else IPv6Address)(address)
            vias = listed(called(one.via) for one, _ in won)
            text = f"{destination_text(route)} through {vias} takes public addresses, {ip} among them"
            yield seen.found(LintCode.PUBLIC_RANGE, text, [one for one, _ in won])


def services(seen: Seen) -> Iterator[LintFinding]:
    """VPC Services for public hosts."""
    for service in seen.table.services:
        hosts = [str(ip) for ip in (service.ipv4, service.ipv6) if ip is not None and is_public(ip)]
        if service.hostname is not None and not is_private(service.hostname):
            hosts = [service.hostname]
        if hosts:
            text = f"service {printable(service.name)} stands for {listed(hosts)}"
            yield seen.found(LintCode.PUBLIC_SERVICE, text, about=service)


# Connectors and virtual networks


def connectors_down(seen: Seen) -> Iterator[LintFinding]:
    """Tunnels and Mesh nodes that are down and have routes."""
    for via, places in seen.view.health.items():
        if not isinstance(via, (OnRamp, ClientDevice)) and "down" in places.values():
            routes = [route for route in seen.table.select(via=via) if seen.carries(route)]
            if routes:
                names = listed(map(destination_text, routes))
                text = f"{called(via)} is down{_where(places)}, and traffic for {names} goes to it all the same"
                yield seen.found(LintCode.DESTINATION_UNAVAILABLE, text, routes)


def _where(places: Mapping[str | None, Health]) -> str:
    is_down = places.get(None) == "down"
    named = [place for place, state in places.items() if place is not None and (state == "down") != is_down]
    if not named:
        return ""
    return f" except in {listed(sorted(named))}" if is_down else f" in {listed(sorted(named))}"


def networks(seen: Seen) -> Iterator[LintFinding]:
    """Virtual networks without routes, and those that Workers do not see."""
    for network in seen.table.virtual_networks:
        if network.is_default or all(scene.network != network.id for scene in seen.scenes):
            continue
        routes = seen.table.select(virtual_network=network.id)
        name = printable(network.name)
        if routes:
            text = f"cf1:network looks in {printable(seen.default.name)}, not in {name}: {listed(map(what, routes))}"
            yield seen.found(LintCode.UNSEEN_VIRTUAL_NETWORK, text, routes)
        else:
            yield seen.found(LintCode.EMPTY_VIRTUAL_NETWORK, f"{name} has no routes", about=network)


def return_route(seen: Seen) -> Iterator[LintFinding]:
    """Sites behind WAN on-ramps and Mesh nodes, which reply to Cloudflare's source range; for unified routing only."""
    by_version: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for route in seen.table if seen.home and not seen.is_legacy else ():
        if isinstance(route, HostnameRoute | DeviceAddress) or not seen.carries(route):
            continue
        if not isinstance(route, SubnetRoute) or isinstance(route.via, MeshNode):
            by_version[version_of(route)][called(route.via)] = None
    sources = [range_.network for range_ in seen.table.reserved_ranges if range_.reserved == "source"]
    for version, sites in sorted(by_version.items()):
        ranges = [str(network) for network in sources if network.version == version]
        text = f"replies from behind {listed(sorted(sites))} go to {listed(ranges)}"
        yield seen.found(LintCode.RETURN_ROUTE, text)
