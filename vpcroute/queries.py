"""Asking a table what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pyroaring import BitMap

from vpcroute.announcements import Announcement, SubnetRoute, VirtualNetwork, VpcService, in_network
from vpcroute.egress import ClientDevice, Connector, Health, MeshNode, OnRamp, Tunnel
from vpcroute.errors import printable, quoted
from vpcroute.fields import IPAddress, ascii_name, check_text, read_prefix
from vpcroute.gateway import GatewayList, GatewayRule, GatewayState
from vpcroute.ranges import AccountSubnets, IPNetwork, Range
from vpcroute.registry import Registry
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.standpoint import Standpoint, remarks_of, stand
from vpcroute.store import KINDS, Store
from vpcroute.transactions import Transactional
from vpcroute.vantage import RoutingMode, Vantage, read_region

__all__ = ["Queries"]

T = TypeVar("T")


class Queries(Transactional):
    """What is in a table, and what can be asked of it; the changing is left to :class:`vpcroute.RouteTable`.

    Attributes:
        routing_mode: the account's routing mode.
        store: the announcements under all their indexes.
    """

    def __init__(self, routing_mode: RoutingMode, default: VirtualNetwork) -> None:
        super().__init__()
        self.routing_mode: Final = routing_mode
        self.store: Final = Store()
        self._registry = Registry()
        self._default = default
        self._findings: dict[int, tuple[Finding, ...]] = {}
        self._document_findings: list[Finding] = []
        self._health: dict[Connector, dict[str | None, Health]] = {}
        self._subnets: AccountSubnets = ()
        self._hosts: dict[str, tuple[IPAddress, ...]] = {}
        self._gateway: GatewayState = ((), (), None)
        # Copies for those who keep them, such as a resolver; each is made again only after a change.
        self._copies: dict[str, Any] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd about the document and the announcements, and has one meaning all the same."""
        with self._lock:
            own = (finding for id_ in sorted(self._findings) for finding in self._findings[id_])
            return (*self._document_findings, *own, *self._mesh_without_unified())

    def _mesh_without_unified(self) -> Iterator[Finding]:
        """Mesh and WAN in one account need it (cloudflare-docs: partials/cloudflare-one/mesh/pages/platform)."""
        wan = self.store.ids("kind", "wan_static") | self.store.ids("kind", "wan_bgp")
        if self.routing_mode == "legacy" and wan and any(self._registry.all(MeshNode)):
            text = "Mesh and WAN in one account need unified routing; without it they cannot exchange traffic"
            yield Finding(RemarkCode.MESH_NEEDS_UNIFIED, "routing_mode", text)

    @property
    def reserved_ranges(self) -> tuple[Range, ...]:
        """The account's reserved ranges."""
        return tuple(r for r in self.store.ranges if r.reserved is not None)

    @property
    def subnets(self) -> AccountSubnets:
        """The reserved ranges that the account has configured in place of Cloudflare's defaults, by kind."""
        return self._subnets

    @property
    def virtual_networks(self) -> tuple[VirtualNetwork, ...]:
        """The virtual networks, the default one first, the others by name."""
        with self._lock:
            networks = self._registry.all(VirtualNetwork)
            return tuple(sorted(networks, key=lambda n: (not n.is_default, n.name, n.id)))

    @property
    def services(self) -> tuple[VpcService, ...]:
        """The VPC services, by name."""
        with self._lock:
            return tuple(sorted(self._registry.all(VpcService), key=lambda s: (s.name, s.id)))

    @property
    def hosts(self) -> Mapping[str, tuple[IPAddress, ...]]:
        """The known answers by name."""
        with self._lock:
            return self._copy("hosts", lambda: MappingProxyType(dict(self._hosts)))

    def _copy(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._copies:
            self._copies[name] = make()
        copy: T = self._copies[name]
        return copy

    @property
    def gateway_rules(self) -> tuple[GatewayRule, ...]:
        """Gateway's policies in the order of their precedence."""
        return self._gateway[0]

    @property
    def gateway_lists(self) -> tuple[GatewayList, ...]:
        """Gateway's lists."""
        return self._gateway[1]

    @property
    def gateway_settings(self) -> Mapping[str, Any] | None:
        """Gateway's settings as the API has them (``/gateway/configuration``), or None where they are not known."""
        return self._gateway[2]

    def onramp(self, text: str) -> OnRamp:
        """The on-ramp with this id or name; LookupError if none or several have it."""
        with self._lock:
            return self._registry.find(OnRamp, text)

    def connector(self, text: str) -> Connector:
        """The tunnel, Mesh node, on-ramp or device with this id or name; LookupError if none or several have it."""
        with self._lock:
            found: list[Connector] = []
            reasons: list[str] = []
            for kind in (Tunnel, MeshNode, OnRamp, ClientDevice):
                try:
                    found.append(self._registry.find(kind, text))  # type: ignore[type-var,arg-type]
                except LookupError as error:
                    reasons.append(str(error))
            exact = [c for c in found if c.id is not None and c.id.lower() == text.lower()]
            candidates = exact or found
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                kinds = ", ".join(f"{type(c).__name__} {c.id or c.name}" for c in candidates)
                raise LookupError(f"{quoted(text)} names several: {printable(kinds)}")
            raise LookupError(
                next((r for r in reasons if r.startswith("several")), f"no connector {quoted(text)} is known")
            )

    def __len__(self) -> int:
        return len(self.store)

    def __iter__(self) -> Iterator[Announcement]:
        """Every announcement, in the order of announcing as far as nothing was withdrawn."""
        with self._lock:
            return iter(self.store.held(self.store))

    def __contains__(self, route: object) -> bool:
        with self._lock:
            try:
                return self.store.find(self._qualified(route)) is not None  # type: ignore[arg-type]
            except (LookupError, TypeError):
                return False

    def exact(self, destination: str | IPNetwork) -> tuple[Announcement, ...]:
        """The announcements of exactly this prefix or hostname, in every virtual network."""
        with self._lock:
            try:
                return self.store.exact(_as_network(destination))
            except ValueError:
                name = ascii_name(str(destination).removeprefix("*."))
                return self.store.held(self.store.names.exact(name))

    def covering(self, destination: str | IPNetwork | IPAddress) -> tuple[Announcement, ...]:
        """The announcements whose prefix contains this prefix or address, the longest first."""
        with self._lock:
            return self.store.covering(_as_network(destination))

    def covered(self, destination: str | IPNetwork) -> tuple[Announcement, ...]:
        """The announcements inside this prefix, itself included, in the order of their prefixes."""
        with self._lock:
            return self.store.covered(_as_network(destination))

    def counts(self) -> dict[str, int]:
        """How many announcements of each kind there are: subnet, hostname, address, wan_static, wan_bgp."""
        with self._lock:
            return {kind: len(self.store.ids("kind", kind)) for kind in KINDS.values()}

    def select(
        self,
        *,
        via: Connector | None = None,
        kind: str | None = None,
        virtual_network: str | None = None,
        region: str | None = None,
        health: Health | None = None,
    ) -> tuple[Announcement, ...]:
        """The announcements that have everything asked for.

        Args:
            via: the connector they lead to.
            kind: one of the keys of :meth:`counts`.
            virtual_network: id or name; subnet routes only.
            region: WAN routes with this region in their scope.
            health: the state of their connector, without regard to place.
        """
        with self._lock:
            sets = []
            if via is not None:
                sets.append(self.store.ids("via", via))
            if kind is not None:
                sets.append(self.store.ids("kind", kind))
            if virtual_network is not None:
                sets.append(self.store.ids("virtual_network", self._network(virtual_network).id))
            if region is not None:
                sets.append(self.store.ids("region", read_region(check_text("region", region))))
            if health is not None:
                sets.append(self.store.ids_by_state(health, self._health))
            ids = BitMap.intersection(*sets) if sets else self.store.all_ids()
            return self.store.held(ids)

    def stand(self, vantage: Vantage) -> Standpoint:
        """Looks up what a vantage names, and takes down the state of things; InvalidVantage for what is not known."""
        if not isinstance(vantage, Vantage):
            raise TypeError(f"vantage must be a Vantage, not {type(vantage).__name__}")
        with self._lock:
            return stand(
                vantage,
                registry=self._registry,
                default=self._default,
                mode=vantage.routing_mode or self.routing_mode,
                health=self._copy("health", lambda: {via: dict(places) for via, places in self._health.items()}),
                findings=self._copy("findings", lambda: remarks_of(self._findings.values())),
            )

    def _network(self, text: str) -> VirtualNetwork:
        return self._registry.find(VirtualNetwork, text)

    def _qualified(self, route: Announcement) -> Announcement:
        """A subnet route with its virtual network named by id; any other announcement as it is."""
        if type(route) not in KINDS:
            raise TypeError(f"an announcement must be one of the route classes, not {type(route).__name__}")
        if not isinstance(route, SubnetRoute):
            return route
        if route.virtual_network == self._default.id:
            return route
        network = self._default.id if route.virtual_network is None else self._network(route.virtual_network).id
        return route if network == route.virtual_network else in_network(route, network)


def _as_network(destination: str | IPNetwork | IPAddress) -> IPNetwork:
    return read_prefix(str(destination))[0]
