"""What lint looks for among routes and connectors: each with its severity and the source of the rule behind it."""

from __future__ import annotations

from typing import Final

__all__ = ["ROUTE_CHECKS"]

_TS = "cloudflare-docs: partials/networking-services/reference/traffic-steering"
_HC = "cloudflare-docs: partials/networking-services/reference/tunnel-health-checks"
_ZTTUN = "cloudflare-docs: partials/networking-services/cloudflare-wan/zero-trust/tunnel"
_VNET = "cloudflare-docs: partials/networking-services/virtual-networks-concept"
_RES = "cloudflare-docs: cloudflare-one/networks/routes/reserved-ips"
_SRCIP = "cloudflare-docs: partials/networking-services/routing/configure-cloudflare-source-ips"
_ADD = "cloudflare-docs: cloudflare-one/networks/routes/add-routes"
_MESHR = "cloudflare-docs: partials/cloudflare-one/mesh/pages/features/routes"
_MESHPL = "cloudflare-docs: partials/cloudflare-one/mesh/pages/platform"
_HFMT = "cloudflare-docs: partials/cloudflare-one/tunnel/hostname-format-restrictions"
_HOST = (
    "cloudflare-docs: cloudflare-one/networks/connectors/cloudflare-tunnel/private-net/cloudflared/"
    "connect-private-hostname"
)
_GW = "cloudflare-docs: changelog/workers-vpc/2026-06-05-gateway-egress"
_VPCERR = "cloudflare-docs: workers-vpc/reference/troubleshooting"
_OURS = "ours"

#: Severity, code, statement, mend, source.
ROUTE_CHECKS: Final = (
    ("error", "invalid_document", "the document cannot be loaded", "correct the value", _OURS),
    (
        "error",
        "route_conflict",
        "two routes for one destination lead to different connectors",
        "delete one of the two",
        _ZTTUN,
    ),
    (
        "error",
        "hostname_on_wan",
        "a hostname route leads to a connector that cannot carry it",
        "lead it to a Cloudflare Tunnel or a Mesh node, or announce a prefix for the WAN on-ramp",
        _HOST,
    ),
    (
        "error",
        "reserved_range",
        "a route lies inside a range that Cloudflare reserves",
        "delete it, or announce a prefix that contains the whole range",
        _RES,
    ),
    (
        "error",
        "forbidden_wildcard",
        "a hostname route has a wildcard that Cloudflare refuses",
        "write one * as the whole first label (*.internal.local), or the names themselves",
        _HFMT,
    ),
    (
        "error",
        "route_not_in_force",
        "a route is not in force: it captures its addresses and carries nothing",
        "mend it or delete it",
        _OURS,
    ),
    (
        "warning",
        "prohibited_range",
        "a route lies in a range that is never a destination",
        "delete it",
        "ours, by the IANA special-purpose address registries",
    ),
    (
        "warning",
        "never_wins",
        "a route that can never win, from any virtual network or place, whatever is healthy",
        "delete it, or what hides it",
        _TS,
    ),
    (
        "note",
        "only_without_bgp",
        "a route that can win only while routes learned by BGP are withdrawn",
        "keep it if it is there for that case",
        _TS,
    ),
    (
        "note",
        "only_by_fallback",
        "a WAN route that only the fallback from another virtual network may use",
        "delete it, or what hides it in the default virtual network",
        _VNET,
    ),
    (
        "warning",
        "zero_trust_over_wan",
        "a WAN route has the prefix of a Zero Trust route, which wins whatever the priority",
        "delete one of the two, or make the prefix of the one that is to win longer",
        _TS,
    ),
    (
        "warning",
        "legacy_longer_wan",
        "in legacy mode it is not certain that a WAN route wins over a shorter Zero Trust route",
        "move the account to unified routing, or split the Zero Trust route around the prefix",
        _TS,
    ),
    (
        "warning",
        "hostname_forms",
        "a name and its wildcard, which Cloudflare stores as one name, lead to different connectors",
        "lead both to one connector, or use other names",
        _HFMT,
    ),
    (
        "note",
        "hostname_overlap",
        "a name and a wildcard over it lead to different connectors; which wins is not documented",
        "move the name out from under the wildcard, or lead both to one connector",
        _MESHR,
    ),
    ("note", "duplicate_route", "a route says the same as an earlier one", "delete it", _ZTTUN),
    (
        "note",
        "duplicate_member",
        "two equal WAN routes lead to one on-ramp, so that they count as one member of an ECMP group",
        "delete one, and give the other the weight that is meant",
        _OURS,
    ),
    (
        "warning",
        "region_without_route",
        "a prefix has WAN routes in some regions or data centres, and traffic of others is dropped",
        "add a route for the other regions, or one without scope",
        _TS,
    ),
    (
        "warning",
        "ecmp_all_down",
        "all on-ramps that share the traffic of a prefix are down",
        "bring one up, or add a route through another on-ramp",
        _HC,
    ),
    (
        "warning",
        "onramp_down",
        "an on-ramp is down, and its routes are still the best",
        "bring it up, or add routes through another on-ramp",
        _HC,
    ),
    (
        "warning",
        "destination_unavailable",
        "a Tunnel or Mesh node is down, and its routes still win",
        "bring it up, or move its routes to another connector",
        _TS,
    ),
    (
        "warning",
        "unknown_next_hop",
        "a WAN route's next hop is behind no on-ramp of the document",
        "correct the next hop, or add the on-ramp",
        _HC,
    ),
    (
        "warning",
        "unknown_tunnel",
        "a route leads to a tunnel that is not in the document",
        "add the tunnel to the document, or delete the route",
        _OURS,
    ),
    (
        "warning",
        "unknown_virtual_network",
        "a route is in a virtual network that is not in the document",
        "add the virtual network to the document, or correct the route",
        _VNET,
    ),
    (
        "note",
        "empty_virtual_network",
        "a virtual network has no routes",
        "add its routes, or delete it",
        _VNET,
    ),
    (
        "note",
        "unseen_virtual_network",
        "the routes of a virtual network are not seen from cf1:network",
        "bind a Worker that needs them to the tunnel_id, or move them to the default virtual network",
        "ours, by " + _VNET,
    ),
    (
        "note",
        "return_route",
        "replies to Workers need a route for Cloudflare's source range, which no document shows",
        "make sure that each site sends that range back through the same connector",
        _SRCIP,
    ),
    (
        "warning",
        "mesh_needs_unified",
        "Mesh and WAN in one account need unified routing",
        "move the account to unified routing",
        _MESHPL,
    ),
    (
        "warning",
        "mesh_in_virtual_network",
        "a Mesh node's route is in a virtual network that is not the default one",
        "move it to the default virtual network",
        _ADD,
    ),
    (
        "note",
        "hostname_on_mesh",
        "a hostname route leads to a Mesh node, which not every node can carry",
        "make sure that the node's client is 2026.6.822.0 or newer, on Linux, over MASQUE; or use a Tunnel",
        _HOST,
    ),
    (
        "warning",
        "wan_ipv6",
        "a WAN route for IPv6 needs unified routing and a GRE or IPsec tunnel",
        "move the account to unified routing, or lead the prefix to a GRE or IPsec tunnel",
        _TS,
    ),
    (
        "warning",
        "bgp_communities",
        "a BGP route has several communities that set its priority",
        "announce it with one of them",
        _TS,
    ),
    (
        "warning",
        "outside_device_range",
        "the address of a device or Mesh node is in none of the account's device ranges",
        "add the account's own ranges to the document's subnets, or correct the address",
        _RES,
    ),
    (
        "note",
        "stored_wildcard",
        "a stored hostname may be a wildcard: Cloudflare's record does not say",
        "add match: exact, one_label or both",
        _HFMT,
    ),
    (
        "note",
        "host_bits",
        "a prefix has host bits set",
        "write the prefix that it is read as",
        _TS,
    ),
    ("note", "empty_scope", "a scope names no region and no data centre", "delete it, or fill it in", _OURS),
    (
        "note",
        "public_name",
        "a hostname route takes a name that is not private out of Gateway's sight",
        "keep it if the connector is to resolve and reach the name; Gateway's policies do not see it",
        _GW,
    ),
    (
        "note",
        "public_range",
        "a route takes public addresses out of Gateway's sight",
        "keep it if the connector is to reach them; Gateway's policies do not see them",
        _GW,
    ),
    (
        "note",
        "public_service",
        "a VPC Service stands for a public address or a name that is not private",
        "keep it if the tunnel is to reach it over the Internet; otherwise name the host inside",
        _VPCERR,
    ),
)
