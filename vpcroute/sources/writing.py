"""Network documents again: what a table holds, in the shapes that :mod:`vpcroute.sources.document` reads.

The document is canonical: tables with the same announcements have the same one, in whatever order these came. What
reads it gives equal announcements and equal answers, whatever the vantage. It does not say

- of a tunnel, node or on-ramp whether it was added or is known by what leads to it: all are listed, but for those that
  the table's own document did not list either (``unknown_tunnel``, ``unknown_next_hop``);
- ids and comments of the addresses of devices and Mesh nodes;
- the path of a finding, and findings that do not come from reading the document: that a route stood twice in another
  one, and what was noted in code;
- the state of something that the table has forgotten, and the generation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from vpcroute.announcements import (
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    SubnetRoute,
    VirtualNetwork,
    VpcService,
    WanRoute,
    number_of,
)
from vpcroute.egress import ClientDevice, Connector, MeshNode, OnRamp, Tunnel
from vpcroute.errors import printable
from vpcroute.fields import read_ip
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.remarks import RemarkCode
from vpcroute.sources.document import EVERYWHERE_ELSE
from vpcroute.sources.wan import ONRAMP_LISTS
from vpcroute.sources.zero_trust import SUBNET_KINDS
from vpcroute.store import KINDS
from vpcroute.table import RouteTable

__all__ = ["gateway_configuration", "gateway_list", "gateway_rule", "write"]

_Record = dict[str, Any]
_T = TypeVar("_T")
_TUN_TYPES: Final[Mapping[type, str]] = {Tunnel: "cfd_tunnel", MeshNode: "warp_connector"}
_SUBNET_TYPES: Final = {kind: written for written, kind in SUBNET_KINDS.items()}


def write(table: RouteTable) -> dict[str, Any]:
    """The network document of a table.

    Raises:
        ValueError: for what no document can say: a tunnel and a Mesh node with one id, an on-ramp without an id whose
            name another one has, the state of what neither id nor name tells apart.
    """
    with table.reading():
        return _Writing(table).document()


class _Writing:
    """A table that is being written."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._networks = table.virtual_networks
        self._own: dict[Connector, list[DeviceAddress]] = {}
        for route in self._routes(DeviceAddress):
            self._own.setdefault(route.via, []).append(route)
        self._unlisted = set(self._not_listed())
        self._named: dict[OnRamp, str] = {}

    def document(self) -> dict[str, Any]:
        table, known = self._table, self._known
        registry = table._registry
        if both := {t.id for t in registry.all(Tunnel)} & {n.id for n in registry.all(MeshNode)}:
            raise ValueError(f"a tunnel and a Mesh node have the id {printable(min(both))}, which no document can say")
        wan = {
            "routes": _sorted(self._routes(WanRoute), number_of, self._wan),
            **{
                key: [_lean(id=o.id, name=o.name) for o in known(OnRamp) if o.kind == kind]
                for kind, key in ONRAMP_LISTS.items()
            },
        }
        listed = [n for n in sorted(self._networks, key=lambda n: n.id) if n not in self._unlisted]
        sections: dict[str, Any] = {
            "virtual_networks": [{"id": n.id, "name": n.name, "is_default_network": n.is_default} for n in listed],
            "tunnels": list(map(_tunnel, known(Tunnel))),
            "mesh_nodes": [{**_tunnel(n), **own} for n in known(MeshNode) for own in self._addresses(n)],
            "devices": [{**_device(d), **own} for d in known(ClientDevice) for own in self._addresses(d)],
            "subnets": [{"network": str(n), "subnet_type": _SUBNET_TYPES[kind]} for kind, n in table.subnets],
            "routes": _sorted(self._routes(SubnetRoute), _place, self._subnet),
            "hostname_routes": _sorted(self._routes(HostnameRoute), lambda r: (r.hostname, r.match), self._hostname),
            "services": [_service(s) for s in sorted(table.services, key=lambda s: s.id)],
            "wan": {key: records for key, records in wan.items() if records},
            "bgp_routes": _sorted(self._routes(BgpRoute), number_of, self._bgp),
            "gateway_rules": list(map(gateway_rule, table.gateway_rules)),
            "gateway_lists": list(map(gateway_list, table.gateway_lists)),
            "health": dict(sorted(self._health())),
            "hosts": {name: list(map(str, answers)) for name, answers in sorted(table.hosts.items())},
        }
        if table.gateway_settings is not None:
            sections["gateway_configuration"] = gateway_configuration(table.gateway_settings)
        return {"routing_mode": table.routing_mode, **{key: said for key, said in sections.items() if said}}

    # What is there

    def _routes(self, kind: type[_T]) -> Iterator[_T]:
        """The announcements of a kind."""
        store = self._table.store
        return cast(Iterator[_T], store.routes(store.ids("kind", KINDS[kind])))

    def _known(self, kind: type[_T]) -> list[_T]:
        """The objects of a kind that are listed, by id and name."""
        known: Iterable[Any] = self._table._registry.all(kind)
        return sorted((o for o in known if o not in self._unlisted), key=lambda o: (o.id or "", o.name or ""))

    def _not_listed(self) -> Iterator[Connector | VirtualNetwork]:
        """What the document that was read did not list: nor does this one, so that its reader finds the same."""
        registry, networks = self._table._registry, {n.id: n for n in self._networks}
        taken = {n.name for n in self._networks} | {onramp.id for onramp in registry.all(OnRamp)}
        for id_, findings in self._table._findings.items():
            codes, route = {finding.code for finding in findings}, self._table.store[id_]
            if isinstance(route, SubnetRoute) and RemarkCode.UNKNOWN_VIRTUAL_NETWORK in codes:
                network = networks[str(route.virtual_network)]
                if not network.is_default and network.id not in taken:
                    yield network
            if registry.is_registered(route.via) or route.via in self._own:
                continue
            if isinstance(route, SubnetRoute | HostnameRoute) and RemarkCode.UNKNOWN_TUNNEL in codes:
                if route.via.id not in taken:
                    yield route.via
            elif RemarkCode.UNKNOWN_NEXT_HOP in codes and _is_next_hop(route.via):
                yield route.via

    def _addresses(self, via: MeshNode | ClientDevice) -> Iterator[_Record]:
        """What stands in the records of a node or device for its addresses: two families in one, more in more."""
        own = {version: [a for a in self._own.get(via, ()) if a.address.version == version] for version in (4, 6)}
        by_family = {version: sorted(str(a.address) for a in routes) for version, routes in own.items()}
        for number in range(max(1, *map(len, by_family.values()))):
            yield {f"virtual_ipv{v}": found[number] for v, found in by_family.items() if number < len(found)}

    # Records

    def _connector(self, via: Tunnel | MeshNode) -> _Record:
        if via not in self._unlisted:
            return {"tunnel_id": via.id}
        return {"tunnel_id": via.id, "tunnel_name": via.name, "tun_type": _TUN_TYPES[type(via)]}

    def _subnet(self, route: SubnetRoute) -> _Record:
        network = self._table._registry.find(VirtualNetwork, str(route.virtual_network))
        return _lean(
            network=route.original or str(route.network),
            **self._connector(route.via),
            virtual_network_id=network.id,
            virtual_network_name=network.name if network in self._unlisted else None,
            **_common(route),
        )

    def _hostname(self, route: HostnameRoute) -> _Record:
        match = None if route.match in ("stored", "glob") else route.match
        return _lean(hostname=route.hostname, match=match, **self._connector(route.via), **_common(route))

    def _wan(self, route: WanRoute) -> _Record:
        scope = _lean(colo_regions=list(route.regions) or None, colo_names=list(route.colos) or None)
        is_empty = any(f.code == RemarkCode.EMPTY_SCOPE for f in self._findings_of(route))
        return _lean(
            prefix=route.original or str(route.prefix),
            priority=route.priority,
            weight=route.weight,
            scope=scope if scope or is_empty else None,
            description=route.comment,
            **({"nexthop": route.via.name} if route.via in self._unlisted else {"onramp": self._onramp(route.via)}),
            **{key: said for key, said in _common(route).items() if key != "comment"},
        )

    def _bgp(self, route: BgpRoute) -> _Record:
        return _lean(
            prefix=route.original or str(route.prefix),
            onramp=self._onramp(route.via),
            as_path=list(route.as_path) or None,
            communities=list(route.communities) or None,
            customer_asn=route.customer_asn,
            **_common(route),
        )

    def _findings_of(self, route: WanRoute) -> Iterable[Any]:
        return self._table._findings.get(cast(int, self._table.store.find(route)), ())

    def _onramp(self, onramp: OnRamp) -> str:
        """The id or the name of an on-ramp."""
        if onramp not in self._named:
            self._named[onramp] = _only(self._table.onramp, onramp)
        return self._named[onramp]

    def _health(self) -> Iterator[tuple[str, Any]]:
        """The states of what is known, by id or name."""
        for connector, places in self._table._health.items():
            if self._table._registry.is_known(connector):
                by_place = {place or EVERYWHERE_ELSE: state for place, state in places.items()}
                alone = by_place.get(EVERYWHERE_ELSE) if len(by_place) == 1 else None
                yield _only(self._table.connector, connector), alone or dict(sorted(by_place.items()))


def _only(find: Callable[[str], Connector], connector: Connector) -> str:
    """The id or the name under which a connector is found; ValueError if another one is, or several."""
    text = connector.id or connector.name or ""
    try:
        if find(text) == connector:
            return text
    except LookupError:
        pass
    kind = type(connector).__name__
    raise ValueError(f"{kind} {printable(text)} shares its id or name with another one: no document can name it")


def _is_next_hop(via: Connector) -> bool:
    """Whether the reader would make this of a next hop that is behind no on-ramp."""
    try:
        return isinstance(via, OnRamp) and via == OnRamp(kind="unknown", name=str(read_ip(via.name)))
    except ValueError:
        return False


def _sorted(routes: Iterable[_T], key: Callable[[_T], Any], record: Callable[[_T], _Record]) -> list[_Record]:
    """The records of some routes in the order of a key, and of their text where that is the same."""
    written = [(key(route), record(route)) for route in routes]
    written.sort(key=lambda entry: (entry[0], json.dumps(entry[1], sort_keys=True)))
    return [record for _, record in written]


def _place(route: SubnetRoute) -> tuple[str, int]:
    return str(route.virtual_network), number_of(route)


def _lean(**fields: Any) -> _Record:
    """A record without the fields that say nothing."""
    return {key: value for key, value in fields.items() if value is not None}


def _common(route: SubnetRoute | HostnameRoute | WanRoute | BgpRoute) -> _Record:
    return {"id": route.id, "comment": route.comment, "in_force": None if route.in_force else False}


def _tunnel(tunnel: Tunnel | MeshNode) -> _Record:
    return _lean(id=tunnel.id, name=tunnel.name, tun_type=_TUN_TYPES[type(tunnel)])


def _device(device: ClientDevice) -> _Record:
    return _lean(id=device.id, device=None if device.name is None else {"name": device.name})


def _service(service: VpcService) -> _Record:
    reach = _lean(tunnel_id=service.via.id, resolver_ips=list(map(str, service.resolver_ips)) or None)
    addresses = {name: str(ip) for name in ("ipv4", "ipv6") if (ip := getattr(service, name)) is not None}
    by_name = service.hostname is not None
    return _lean(
        service_id=service.id,
        name=service.name,
        type=service.type,
        host=_lean(hostname=service.hostname, **addresses, **{"resolver_network" if by_name else "network": reach}),
        http_port=service.http_port,
        https_port=service.https_port,
        tcp_port=service.tcp_port,
    )


def gateway_rule(rule: GatewayRule) -> _Record:
    """The record of a Gateway policy."""
    texts = {key: getattr(rule, key) or None for key in ("traffic", "identity", "device_posture", "created_at")}
    return _lean(
        id=rule.id,
        name=rule.name,
        action=rule.action,
        precedence=rule.precedence,
        enabled=rule.enabled,
        filters=list(rule.filters) or None,
        rule_settings=dict(rule.settings) or None,
        schedule=dict(rule.schedule or {}) or None,
        expiration=dict(rule.expiration or {}) or None,
        unread=list(rule.unread) or None,
        **texts,
    )


def gateway_list(known: GatewayList) -> _Record:
    """The record of a Gateway list."""
    items = None if known.values is None else [{"value": value} for value in known.values]
    return _lean(id=known.id, name=known.name, type=known.type, items=items, count=known.count)


def gateway_configuration(settings: Mapping[str, Any]) -> _Record:
    """The record of Gateway's settings."""
    return {"settings": dict(settings)}
