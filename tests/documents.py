"""Network documents made of small parts, and what is asked of the loader about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from vpcroute import InvalidDocument, MeshNode, OnRamp, RouteTable, Tunnel

Json = dict[str, Any]
Problems = tuple[tuple[str, str], ...]

EU = Tunnel("550e8400-e29b-41d4-a716-446655440001", "eu")
US = Tunnel("550e8400-e29b-41d4-a716-446655440002", "us")
NODE = MeshNode("550e8400-e29b-41d4-a716-446655440003", "lab")
#: The id of a tunnel that no document lists.
GONE = "550e8400-e29b-41d4-a716-44665544dead"
PROD, STAGING = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"

DEN = OnRamp(kind="gre", name="den", id="g1")  # Cloudflare's side is 10.255.0.0, the customer's 10.255.0.1
HQ = OnRamp(kind="ipsec", name="hq", id="i1")  # 10.255.1.0, 10.255.1.1
FRA = OnRamp(kind="cni", name="fra", id="c1")  # 10.255.2.0, 10.255.2.1

#: Where lists and objects stand in a document.
LISTS = (
    "virtual_networks tunnels mesh_nodes devices subnets routes hostname_routes services wan.routes wan.gre_tunnels "
    "wan.ipsec_tunnels wan.interconnects wan.onramps bgp_routes gateway_rules gateway_lists"
).split()
OBJECTS = ("wan", "health", "hosts")

SAMPLE_FILE = Path(__file__).parent / "data" / "network.json"
SAMPLE: Json = json.loads(SAMPLE_FILE.read_text(encoding="utf-8"))

#: A message quotes at most 200 characters from outside, and some quote twice.
SHORT = 700

TUNNELS = [{"id": t.id, "name": t.name, "tun_type": "cfd_tunnel"} for t in (EU, US)]
NODES = [{"id": NODE.id, "name": NODE.name, "tun_type": "warp_connector"}]
NETWORKS = [
    {"id": PROD, "name": "prod", "is_default_network": True},
    {"id": STAGING, "name": "staging", "is_default_network": False},
]


def document(**sections: Any) -> Json:
    """A document with two tunnels, a Mesh node, three on-ramps, and `sections`."""
    return {"tunnels": TUNNELS, "mesh_nodes": NODES, "wan": wan(), **sections}


def wan(*routes: Any, **more: Any) -> Json:
    """The WAN part, with its three on-ramps."""
    return {
        "routes": list(routes),
        "gre_tunnels": [{"id": "g1", "name": "den", "interface_address": "10.255.0.0/31"}],
        "ipsec_tunnels": [{"id": "i1", "name": "hq", "interface_address": "10.255.1.0/31"}],
        "interconnects": [
            {"id": "c1", "name": "fra", "interface_address": "10.255.2.0/31", "bgp": {"customer_asn": 65010}}
        ],
        **more,
    }


def route(network: str, via: Tunnel | MeshNode = EU, **more: Any) -> Json:
    """A teamnet route."""
    return {"network": network, "tunnel_id": via.id, **more}


def named(hostname: str, via: Tunnel | MeshNode = EU, **more: Any) -> Json:
    """A hostname route."""
    return {"hostname": hostname, "tunnel_id": via.id, **more}


def static(prefix: str, nexthop: str = "10.255.0.1", **more: Any) -> Json:
    """A WAN static route."""
    return {"prefix": prefix, "nexthop": nexthop, "priority": 100, **more}


def bgp(prefix: str, onramp: str = "fra", **more: Any) -> Json:
    """A BGP route."""
    return {"prefix": prefix, "onramp": onramp, **more}


def service(host: Any, type_: str = "http", **more: Any) -> Json:
    """A VPC Service."""
    return {"service_id": "s1", "name": "api", "type": type_, "host": host, **more}


def behind(tunnel_id: str = EU.id, **more: Any) -> Json:
    """What stands at a service's ``network`` or ``resolver_network``."""
    return {"tunnel_id": tunnel_id, **more}


def problems(source: Mapping[str, Any], **options: Any) -> Problems:
    """Everything that is wrong with a document that must not load."""
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(source, **options)
    return caught.value.problems


def findings(table: RouteTable) -> list[tuple[str, str]]:
    """Code and path of each finding."""
    return [(finding.code.value, finding.path) for finding in table.findings]


def put(section: str, records: Iterable[Any], source: Mapping[str, Any] | None = None) -> Json:
    """A document with a list of records at a dotted key."""
    whole = document() if source is None else dict(source)
    outer, _, key = section.rpartition(".")
    if outer:
        whole[outer] = {**whole[outer], key: list(records)}
    else:
        whole[key] = list(records)
    return whole


def prefixed(section: str, prefix: str) -> Json:
    """A document with one route to a prefix, of the kind that stands in a section."""
    makers: dict[str, Callable[[str], Json]] = {"routes": route, "wan.routes": static, "bgp_routes": bgp}
    return put(section, [makers[section](prefix)])


def only(table: RouteTable, destination: str) -> Any:
    """The one announcement of a destination."""
    (announcement,) = table.exact(destination)
    return announcement


def load_bytes(path: Path, data: bytes | str) -> RouteTable:
    """The table of a file with these contents."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return RouteTable.load(path)
