"""The Zero Trust part of a document: virtual networks, subnets, tunnels, Mesh nodes, devices and their routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from vpcroute.announcements import DeviceAddress, HostnameRoute, SubnetRoute, VirtualNetwork
from vpcroute.egress import ClientDevice, Health, MeshNode, Tunnel
from vpcroute.errors import printable, quoted
from vpcroute.fields import lower_uuid, read_prefix
from vpcroute.limits import LONGEST_TEXT, MOST_LISTED, MOST_RANGES
from vpcroute.ranges import IPNetwork, ReservedKind
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.sources.reading import Reading
from vpcroute.sources.records import (
    DeviceRecord,
    HostnameRecord,
    NetworkRecord,
    RouteRecord,
    SubnetRecord,
    TunnelRecord,
)
from vpcroute.table import RouteTable
from vpcroute.vantage import ROUTING_MODES, RoutingMode

__all__ = ["SUBNET_KINDS", "ZeroTrust"]

SUBNET_KINDS: Final[Mapping[str, ReservedKind]] = {
    "cloudflare_source": "source",
    "initial_resolved_ip": "token",
    "warp": "device",
    "private_lb": "private_lb",  # ours
}
#: The state of a tunnel by its ``status``: one that never ran cannot serve either.
_STATUS: Final[Mapping[str, Health]] = {
    "healthy": "healthy",
    "degraded": "degraded",
    "down": "down",
    "inactive": "down",
}
_KINDS: Final[Mapping[str | None, Callable[[str, str | None], Tunnel | MeshNode]]] = {
    "cfd_tunnel": Tunnel,
    "warp_connector": MeshNode,
    None: Tunnel,
}


class ZeroTrust:
    """Reads the Zero Trust part of a document."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._connectors: dict[str, Tunnel | MeshNode] = {}
        self._unlisted: dict[str, Tunnel | MeshNode] = {}
        self._networks: dict[str, VirtualNetwork] = {}
        self._unlisted_networks: dict[str, VirtualNetwork] = {}
        self._by_name: dict[str, list[str]] = {}
        self._networks_listed = False
        self._default = ""

    def read_networks(self) -> None:
        """The table, with the document's routing mode and virtual networks."""
        mode: RoutingMode = "unified"
        written = self._reading.value("routing_mode", None)
        if isinstance(written, str) and written in ROUTING_MODES:
            mode = cast(RoutingMode, written)
        elif written is not None:
            self._reading.wrong("routing_mode", "must be 'unified' or 'legacy'")
        networks: dict[str, VirtualNetwork] = {}
        for path, record in self._reading.records("virtual_networks", NetworkRecord):
            is_default = bool(record.is_default_network or record.is_default)
            network = self._reading.made(path, VirtualNetwork, record.id, record.name, is_default)
            if network is not None and networks.get(network.id, network) != network:
                self._reading.wrong(f"{path}.id", "is that of an earlier virtual network")
            elif network is not None:
                networks[network.id] = network
                self._reading.at(path, network)
        sound = not self._reading.problems
        defaults = [network.name for network in networks.values() if network.is_default]
        if networks and len(defaults) != 1:
            which = f"{len(defaults)} are: {printable(', '.join(defaults))}" if defaults else "none is"
            if sound:
                text = f"exactly one virtual network must be the default, but {which}"
                self._reading.wrong("virtual_networks", text)
            networks = {}
        self._reading.table = RouteTable(routing_mode=mode, virtual_networks=networks.values() or None)
        self._networks_listed = bool(networks)
        self._networks = {network.id: network for network in self._reading.table.virtual_networks}
        self._default = self._reading.table.virtual_networks[0].id
        for network in self._networks.values():
            self._by_name.setdefault(network.name, []).append(network.id)

    def read_subnets(self) -> None:
        subnets: dict[tuple[ReservedKind, IPNetwork], None] = {}
        for path, record in self._reading.records("subnets", SubnetRecord):
            kind = SUBNET_KINDS.get(record.subnet_type)
            if kind is not None:
                prefix = self._reading.made(path, _read_subnet, record.network)
                if prefix is not None:
                    subnets[kind, prefix] = None
        if len(subnets) > MOST_RANGES:
            self._reading.wrong("subnets", f"has more than {MOST_RANGES} different ones")
            return
        self._reading.table.set_subnets(subnets)

    def read_connectors(self) -> None:
        kinds: tuple[tuple[str, Callable[[str, str | None], Tunnel | MeshNode]], ...] = (
            ("tunnels", Tunnel),
            ("mesh_nodes", MeshNode),
        )
        for key, usual in kinds:
            for path, record in self._reading.records(key, TunnelRecord):
                kind = usual if record.tun_type is None else _KINDS.get(record.tun_type)
                if kind is None:
                    continue  # the API's list of all tunnels has on-ramps in it too
                connector = self._reading.made(path, kind, record.id, _name(record.name))
                if connector is None:
                    continue
                if self._connectors.get(connector.id, connector) != connector:
                    self._reading.wrong(f"{path}.id", "is that of another tunnel or Mesh node")
                    continue
                self._connectors[connector.id] = connector
                self._reading.table.add(connector)
                if record.status is not None:
                    self._read_status(f"{path}.status", connector, record.status)
                if isinstance(connector, MeshNode):
                    self._announce_own(path, connector, record)

    def _read_status(self, path: str, connector: Tunnel | MeshNode, status: str) -> None:
        if status in _STATUS:
            self._reading.table.set_health(connector, _STATUS[status])
        else:
            self._reading.wrong(path, f"{quoted(status)} is not a tunnel's status: {', '.join(_STATUS)}")

    def read_devices(self) -> None:
        for path, record in self._reading.records("devices", DeviceRecord):
            name = record.device.name if record.device is not None else None
            device = self._reading.made(path, ClientDevice, record.id, _name(name))
            if device is not None and self._reading.add(f"{path}.id", device):
                self._announce_own(path, device, record)

    def _announce_own(self, path: str, via: MeshNode | ClientDevice, record: TunnelRecord | DeviceRecord) -> None:
        for field, colon in (("virtual_ipv4", False), ("virtual_ipv6", True)):
            address = getattr(record, field)
            if address:
                where = f"{path}.{field}"
                if (":" in address) != colon:
                    self._reading.wrong(where, f"{quoted(address)} is not of this family")
                    continue
                self._reading.announce(where, self._reading.made_at(where, DeviceAddress, address, via))

    def connector(
        self, path: str, tunnel_id: str, tun_type: str | None = None, name: str | None = None
    ) -> tuple[Tunnel | MeshNode | None, list[Finding]]:
        """The tunnel or node that a record at `path` names; an unlisted one is made from what the record says."""
        id_ = str(lower_uuid(tunnel_id))
        if id_ in self._connectors:
            return self._connectors[id_], []
        kind = _KINDS.get(tun_type)
        if kind is None:
            text = f"must be cfd_tunnel or warp_connector (a Mesh node), not {quoted(str(tun_type))}"
            self._reading.wrong(f"{path}.tun_type", text)
            return None, []
        made = self._unlisted.get(id_)
        if made is None:
            if self._is_onramp(tunnel_id):
                self._reading.wrong(f"{path}.tunnel_id", "is that of a WAN on-ramp, not of a Tunnel or Mesh node")
                return None, []
            made = self._reading.made_at(f"{path}.tunnel_id", kind, tunnel_id, _name(name))
            if made is None:
                return None, []
            self._unlisted[id_] = made
        text = f"tunnel {printable(made.id)} is not in the document, or is deleted"
        return made, [Finding(RemarkCode.UNKNOWN_TUNNEL, f"{path}.tunnel_id", text)]

    def _is_onramp(self, text: str) -> bool:
        try:
            return bool(self._reading.table.onramp(text).id == lower_uuid(text))
        except LookupError:
            return False

    def read_routes(self) -> None:
        for path, record in self._reading.records("routes", RouteRecord):
            via, findings = self.connector(path, record.tunnel_id, record.tun_type, record.tunnel_name)
            network, more = self._network(path, record)
            if via is not None:
                route = self._reading.made(
                    path,
                    SubnetRoute,
                    record.network,
                    via,
                    virtual_network=network,
                    id=record.id or None,
                    comment=record.comment,
                    in_force=record.in_force is not False,
                )
                self._reading.announce(path, route, *findings, *more)

    def _network(self, path: str, record: RouteRecord) -> tuple[str, list[Finding]]:
        """The id of a route's virtual network, the default one where it names none."""
        text = record.virtual_network_id or record.virtual_network_name
        if not text:
            return self._default, []
        wanted = str(lower_uuid(text))
        if wanted in self._networks:
            return wanted, []
        where = f"{path}.virtual_network_{'id' if record.virtual_network_id else 'name'}"
        named = self._by_name.get(text, [])
        if len(named) > 1:
            ids = printable(", ".join(sorted(named[:MOST_LISTED])))
            more = f" and {len(named) - MOST_LISTED} more" if len(named) > MOST_LISTED else ""
            self._reading.wrong(where, f"several virtual networks are called {quoted(text)}: {ids}{more}")
        if named:
            return named[0], []
        name = record.virtual_network_name or text
        if not self._networks_listed and name == "default":
            return self._default, []  # no network is listed, and this one is called as the one that every account has
        network = self._unlisted_networks.get(wanted) or self._reading.made_at(where, VirtualNetwork, text, name)
        if network is None:
            return self._default, []
        if wanted not in self._unlisted_networks:
            self._unlisted_networks[wanted] = network
            self._reading.table.add(network)
        unlisted = (
            f"virtual network {printable(name)} is not in the document; it is taken for one that is not the default"
        )
        return network.id, [Finding(RemarkCode.UNKNOWN_VIRTUAL_NETWORK, where, unlisted)]

    def read_hostname_routes(self) -> None:
        for path, record in self._reading.records("hostname_routes", HostnameRecord):
            via, findings = self.connector(path, record.tunnel_id, record.tun_type, record.tunnel_name)
            if via is None:
                continue
            if record.match not in (None, "exact", "one_label", "both"):
                self._reading.wrong(f"{path}.match", "must be 'exact', 'one_label' or 'both'")
                continue
            match = record.match
            if match is None and not record.hostname.removeprefix(".").startswith("*."):
                match = "both" if self._reading.stored_wildcards else "stored"
            options: dict[str, Any] = {
                "id": record.id or None,
                "comment": record.comment,
                "in_force": record.in_force is not False,
            }
            if self._reading.lenient and "*" in record.hostname.removeprefix(".").removeprefix("*."):
                options["in_force"], match = False, None
            self._reading.announce(
                path, self._reading.made(path, HostnameRoute, record.hostname, via, match=match, **options), *findings
            )


def _read_subnet(text: str) -> IPNetwork:
    try:
        return read_prefix(text)[0]
    except ValueError as error:
        raise ValueError(f"Subnet.network: {error}") from None


def _name(text: str | None) -> str | None:
    """A name that people gave, safe to print; None for an empty one."""
    if not text:
        return None
    return text if len(text) <= LONGEST_TEXT and text.isprintable() else printable(text)
