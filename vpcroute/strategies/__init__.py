"""Strategies for hypothesis: networks, and what is asked of them, to test what routes, proxies or dials by them.

Everything is drawn from small pools, so that what is drawn meets: prefixes nest and share their edges, names are one
label apart, few connectors have many routes. Simple things come first, and failures shrink to them. Install the extra
``strategies``. A proxy's own resolver against vpcroute::

    from hypothesis import given, strategies as st
    from vpcroute import RouteError, RouteTable, strategies

    @given(st.data(), strategies.documents())
    def test_proxy_sends_each_url_where_it_belongs(data, document):
        table = RouteTable.from_document(document)
        url = data.draw(strategies.fetch_urls(strategies.near_misses(table)))
        try:
            expected = table.compile().resolve_fetch(url).egress
        except RouteError as refused:
            expected = refused.code
        assert MyProxy(document).route(url) == expected
"""

from __future__ import annotations

try:
    import hypothesis as hypothesis
except ImportError as error:
    raise ImportError("vpcroute.strategies needs hypothesis: pip install 'vpcroute[strategies]'") from error

from vpcroute.strategies.hosts import bare_addresses, connect_addresses, connect_records, fetch_urls, hosts, near_misses
from vpcroute.strategies.networks import Network, documents, networks, tables, vantages
from vpcroute.strategies.policies import (
    GATEWAY_LISTS,
    gateway_accounts,
    gateway_contexts,
    gateway_expressions,
    gateway_lists,
    gateway_requests,
    gateway_rules,
)
from vpcroute.strategies.pools import DEVICES, MESH_NODES, ONRAMPS, SERVICES, TUNNELS, VIRTUAL_NETWORKS
from vpcroute.strategies.routes import (
    addresses,
    announcements,
    bgp_routes,
    connectors,
    device_addresses,
    egresses,
    hostname_routes,
    names,
    prefixes,
    subnet_routes,
    wan_routes,
)

__all__ = [
    "DEVICES",
    "GATEWAY_LISTS",
    "MESH_NODES",
    "ONRAMPS",
    "SERVICES",
    "TUNNELS",
    "VIRTUAL_NETWORKS",
    "Network",
    "addresses",
    "announcements",
    "bare_addresses",
    "bgp_routes",
    "connect_addresses",
    "connect_records",
    "connectors",
    "device_addresses",
    "documents",
    "egresses",
    "fetch_urls",
    "gateway_accounts",
    "gateway_contexts",
    "gateway_expressions",
    "gateway_lists",
    "gateway_requests",
    "gateway_rules",
    "hostname_routes",
    "hosts",
    "names",
    "near_misses",
    "networks",
    "prefixes",
    "subnet_routes",
    "tables",
    "vantages",
    "wan_routes",
]
