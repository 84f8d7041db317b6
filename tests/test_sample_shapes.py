"""The sample document has Cloudflare's shapes: each item is held against the response models of its own package.

Those models leave almost every field optional, keep unknown keys and are built without validation, so three things
are asked that the package itself does not: no key that a model lacks, no value of another type, and no value outside
an enumeration, at any depth. What the models cannot know (the keys that are ours) is listed here, and short.
"""

from __future__ import annotations

import copy
import functools
import json
import pkgutil
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_interface, ip_network
from pathlib import Path
from typing import Any, Literal

import pytest

_INSTALL = "the official models are needed: pip install 'cloudflare>=5.9' 'pydantic>=2.12'"
pytest.importorskip("cloudflare", minversion="5.9", reason=_INSTALL)
# 2.12 is the first that can forbid extra keys in models which allow them.
pydantic: Any = pytest.importorskip("pydantic", minversion="2.12", reason=_INSTALL)

SAMPLE = Path(__file__).parent / "data" / "network.json"

#: Where items stand in the document, and the model of `cloudflare.types` that they are instances of.
MODELS: dict[str, str] = {
    "virtual_networks": "zero_trust.networks:VirtualNetwork",
    "tunnels": "shared:CloudflareTunnel",
    "mesh_nodes": "zero_trust.tunnels:WARPConnectorListResponse",
    "devices": "zero_trust.devices:RegistrationListResponse",
    "subnets": "zero_trust.networks.subnets:Subnet",
    "routes": "zero_trust.networks:Teamnet",
    "hostname_routes": "zero_trust.networks:HostnameRoute",
    "wan.routes": "magic_transit.route_list_response:Route",
    "wan.gre_tunnels": "magic_transit.gre_tunnel_list_response:GRETunnel",
    "wan.ipsec_tunnels": "magic_transit.ipsec_tunnel_list_response:IPSECTunnel",
    "wan.interconnects": "magic_transit.cf_interconnect_list_response:Interconnect",
    "services": "connectivity.directory:ServiceListResponse",
    "gateway_lists": "zero_trust.gateway:GatewayList",
    "gateway_rules": "zero_trust.gateway:GatewayRule",
}
#: A service is one of two models that overlap: `type` says which, so that the other cannot excuse a wrong field.
SERVICES: dict[str, str] = {
    "http": "connectivity.directory.service_list_response:InfraHTTPServiceConfig",
    "tcp": "connectivity.directory.service_list_response:InfraTCPServiceConfig",
}

State = Literal["healthy", "degraded", "down"]
#: The keys that no model has and that stand in Cloudflare's items all the same: all of them, with their types.
OUR_KEYS: dict[str, dict[str, Any]] = {
    "mesh_nodes": {"virtual_ipv4": IPv4Address, "virtual_ipv6": IPv6Address},
    "hostname_routes": {"match": Literal["exact", "one_label", "both"]},
    "wan.routes": {"onramp": str},
}
_BGP_ROUTE: Any = pydantic.create_model(
    "BgpRoute",
    prefix=(str, ...),
    onramp=(str, ...),
    as_path=(list[int], ...),
    communities=(list[str], ...),
    customer_asn=(int, ...),
)
#: The sections that are ours altogether.
OUR_SECTIONS: dict[str, Any] = {
    "routing_mode": Literal["unified", "legacy"],
    "bgp_routes": list[_BGP_ROUTE],
    "health": dict[str, State | dict[str, State]],
    "hosts": dict[str, list[IPv4Address | IPv6Address]],
}
#: What the models call plain strings and their documentation enumerates.
ENUMERATED: dict[str, set[str]] = {
    "key_type": {"curve25519", "secp256r1"},
    "tunnel_type": {"wireguard", "masque"},
    "cert_verification_mode": {"verify_full", "verify_ca", "disabled"},
    "version": {"1", "1.5", "2"},
    "colo_regions": {"AFR", "APAC", "EEUR", "ENAM", "ME", "OC", "SAM", "WEUR", "WNAM"},
}

Steps = tuple[str | int, ...]


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key stands twice among {keys}"
    return dict(pairs)


@functools.cache
def _adapter(name: str) -> Any:
    return pydantic.TypeAdapter(pkgutil.resolve_name(f"cloudflare.types.{name}"))


def _problems(adapter: Any, value: object) -> list[str]:
    """What strict validation has against a JSON value; JSON mode, so that a timestamp may be a string."""
    try:
        adapter.validate_json(json.dumps(value), strict=True, extra="forbid")
    except pydantic.ValidationError as error:
        return [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
    return []


def refusals(section: str, item: dict[str, Any]) -> list[str]:
    """Why this item of this section is not what the API returns; empty if it is."""
    name = SERVICES.get(item.get("type", ""), MODELS[section]) if section == "services" else MODELS[section]
    ours = OUR_KEYS.get(section, {})
    found = _problems(_adapter(name), {key: value for key, value in item.items() if key not in ours})
    for key in ours.keys() & item.keys():
        found += [f"{key}{problem}" for problem in _problems(pydantic.TypeAdapter(ours[key]), item[key])]
    for path, value in _leaves(item):
        key = next(step for step in reversed(path) if isinstance(step, str))
        if isinstance(value, str) and key in ENUMERATED and value not in ENUMERATED[key]:
            found.append(f"{'.'.join(map(str, path))}: {value!r} is none of {sorted(ENUMERATED[key])}")
    return found


def _leaves(value: object, path: Steps = ()) -> Iterator[tuple[Steps, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _items(document: dict[str, Any], section: str) -> list[dict[str, Any]]:
    value: Any = document
    for key in section.split("."):
        value = value[key]
    assert isinstance(value, list), f"{section} should be a list"
    assert value, f"{section} should have items"
    return value


def _holder(item: Any, path: Steps) -> Any:
    """The container of what stands at this path in the item; None if nothing does."""
    for step in path[:-1]:
        if not (step in item if isinstance(item, dict) else len(item) > int(step)):
            return None
        item = item[step]
    return item if isinstance(item, list) or path[-1] in item else None


def _has(item: dict[str, Any], path: Steps) -> bool:
    holder = _holder(item, path)
    return holder is not None and not (isinstance(holder, list) and len(holder) <= int(path[-1]))


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"), object_pairs_hook=_no_duplicates)
    return document


def test_sections_are_all_known(sample: dict[str, Any]) -> None:
    known = {name.partition(".")[0] for name in MODELS} | OUR_SECTIONS.keys()
    assert sample.keys() == known
    assert {f"wan.{key}" for key in sample["wan"]} == {name for name in MODELS if name.startswith("wan.")}


@pytest.mark.parametrize("section", MODELS)
def test_items_are_what_the_api_returns(sample: dict[str, Any], section: str) -> None:
    found = {i: problems for i, item in enumerate(_items(sample, section)) if (problems := refusals(section, item))}
    assert not found


@pytest.mark.parametrize("section", OUR_SECTIONS)
def test_our_sections_have_our_types(sample: dict[str, Any], section: str) -> None:
    assert _problems(pydantic.TypeAdapter(OUR_SECTIONS[section]), sample[section]) == []


@pytest.mark.parametrize(("section", "key"), [(section, key) for section, keys in OUR_KEYS.items() for key in keys])
def test_our_keys_are_needed(sample: dict[str, Any], section: str, key: str) -> None:
    """An entry of the allow list is in use, and goes as soon as Cloudflare has the key itself."""
    assert any(key in item for item in _items(sample, section))
    problems = _problems(_adapter(MODELS[section]), {key: "10.0.0.1"})
    assert any(problem.startswith(f"{key}: Extra") for problem in problems)


def test_identifiers_have_cloudflare_forms(sample: dict[str, Any]) -> None:
    """WAN objects and accounts have 32 hex digits, all else a UUID."""
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    hexadecimal = re.compile(r"[0-9a-f]{32}")
    for section in MODELS:
        for path, value in ((p, v) for item in _items(sample, section) for p, v in _leaves(item)):
            key = path[-1]
            if key in {"account_tag", "source_account"} or (key == "id" and section.startswith("wan.")):
                assert hexadecimal.fullmatch(str(value)), (section, path, value)
            elif key == "id" or str(key).endswith("_id"):
                assert uuid.fullmatch(str(value)), (section, path, value)


def test_references_hold(sample: dict[str, Any]) -> None:
    """What an item repeats about a tunnel or a virtual network is what that object says of itself."""
    tunnels = {item["id"]: item for item in sample["tunnels"] + sample["mesh_nodes"]}
    networks = {item["id"]: item["name"] for item in sample["virtual_networks"]}
    for route in sample["routes"] + sample["hostname_routes"]:
        tunnel = tunnels[route["tunnel_id"]]
        assert (route["tunnel_name"], route["tun_type"]) == (tunnel["name"], tunnel["tun_type"])
        assert tunnel["deleted_at"] is None or route["deleted_at"] is not None
        assert route.get("virtual_network_name") == networks.get(route.get("virtual_network_id"))
        if "network" in route:
            ip_network(route["network"])
    for item in sample["gateway_lists"]:
        assert item["count"] == len(item["items"])


def test_next_hops_are_customer_sides(sample: dict[str, Any]) -> None:
    """Of the two addresses of a /31 or /127 the on-ramp has one; a next hop is the other, unless `onramp` says so."""
    wan = sample["wan"]
    onramps = wan["gre_tunnels"] + wan["ipsec_tunnels"] + wan["interconnects"]
    others = set()
    for text in (item[key] for item in onramps for key in ("interface_address", "interface_address6") if key in item):
        interface = ip_interface(text)
        others |= {str(address) for address in interface.network} - {str(interface.ip)}
    assert len(others) == len(onramps) + 1
    names = {item["name"] for item in onramps}
    for route in wan["routes"]:
        assert route["onramp"] in names if "onramp" in route else route["nexthop"] in others
    assert {route["onramp"] for route in sample["bgp_routes"]} | sample["health"].keys() <= names


MISTYPED_KEYS: list[tuple[str, Steps, str]] = [
    ("virtual_networks", ("is_default_network",), "is_default"),
    ("tunnels", ("status",), "state"),
    ("mesh_nodes", ("virtual_ipv4",), "virtual_ip4"),
    ("devices", ("device", "name"), "nmae"),
    ("subnets", ("capacity", "total"), "totl"),
    ("routes", ("network",), "netwrok"),
    ("hostname_routes", ("match",), "matches"),
    ("wan.routes", ("nexthop",), "next_hop"),
    ("wan.routes", ("scope", "colo_regions"), "colo_region"),
    ("wan.gre_tunnels", ("health_check", "target", "effective"), "efective"),
    ("wan.ipsec_tunnels", ("interface_address6",), "interface_address_6"),
    ("wan.interconnects", ("bgp", "customer_asn"), "asn"),
    ("services", ("host", "network", "tunnel_id"), "tunnel"),
    ("services", ("http_port",), "tcp_port"),
    ("services", ("host", "resolver_network"), "network"),
    ("gateway_lists", ("items", 0, "value"), "val"),
    ("gateway_rules", ("rule_settings", "egress", "ipv4_fallback"), "fallback"),
    ("gateway_rules", ("rule_settings", "dns_resolvers", "ipv4", 0, "vnet_id"), "virtual_network_id"),
]


@pytest.mark.parametrize(("section", "path", "key"), MISTYPED_KEYS)
def test_a_mistyped_key_is_refused(sample: dict[str, Any], section: str, path: Steps, key: str) -> None:
    item = copy.deepcopy(next(item for item in _items(sample, section) if _holder(item, path) is not None))
    holder = _holder(item, path)
    holder[key] = holder.pop(path[-1])
    assert any(key in problem for problem in refusals(section, item))


WRONG_VALUES: list[tuple[str, Steps, object]] = [
    ("virtual_networks", ("is_default_network",), "true"),
    ("virtual_networks", ("comment",), None),
    ("tunnels", ("status",), "up"),
    ("tunnels", ("created_at",), "yesterday"),
    ("mesh_nodes", ("tun_type",), "mesh"),
    ("mesh_nodes", ("virtual_ipv4",), "100.96.0.256"),
    ("devices", ("virtual_ipv4",), 1684013066),
    ("devices", ("tunnel_type",), "ipsec"),
    ("subnets", ("capacity", "total"), "1048574"),
    ("subnets", ("subnet_type",), "WARP"),
    ("routes", ("network",), ["10.0.0.0/16"]),
    ("hostname_routes", ("match",), "wildcard"),
    ("wan.routes", ("priority",), "100"),
    ("wan.routes", ("weight",), 0.5),
    ("wan.routes", ("scope", "colo_regions"), "ENAM"),
    ("wan.routes", ("scope", "colo_regions", 0), "EMEA"),
    ("wan.routes", ("onramp",), 7),
    ("wan.gre_tunnels", ("health_check", "rate"), "medium"),
    ("wan.ipsec_tunnels", ("replay_protection",), 0),
    ("wan.interconnects", ("version",), 2),
    ("services", ("type",), "udp"),
    ("services", ("tcp_port",), "5432"),
    ("services", ("tls_settings", "cert_verification_mode"), "none"),
    ("gateway_lists", ("type",), "DOMAINS"),
    ("gateway_rules", ("filters", 0), "l7"),
    ("gateway_rules", ("action",), "deny"),
    ("gateway_rules", ("precedence",), 1000.5),
]


@pytest.mark.parametrize(("section", "path", "value"), WRONG_VALUES)
def test_a_wrong_value_is_refused(sample: dict[str, Any], section: str, path: Steps, value: object) -> None:
    item = copy.deepcopy(next(item for item in _items(sample, section) if _has(item, path)))
    _holder(item, path)[path[-1]] = value
    assert any(str(path[-1]) in problem for problem in refusals(section, item))
