"""The route table (RIB): every announcement, what it leads to and the state of that.

It is the side that people change. One lock serialises writers and readers; a transaction is applied all or not at all,
and makes one new generation. What it holds is turned into answers elsewhere: straight from here by
:mod:`vpcroute.reference`, or compiled by :mod:`vpcroute.compiler`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final

import attrs
from pyroaring import BitMap

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute, SubnetRoute, VirtualNetwork, VpcService
from vpcroute.egress import HEALTH_STATES, ClientDevice, Connector, Health, MeshNode, OnRamp, Tunnel
from vpcroute.errors import RouteConflict, printable
from vpcroute.fields import IPAddress, ascii_name, check_text, read_ip, read_prefix
from vpcroute.findings import FROM_DOCUMENT, findings_of
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.ranges import PROHIBITED, IPNetwork, Range, ReservedKind, reserved_ranges
from vpcroute.registry import Known, Registry
from vpcroute.remarks import Finding
from vpcroute.standpoint import Standpoint, stand
from vpcroute.store import KINDS, Store, destination_of, same_claim
from vpcroute.vantage import REGIONS, ROUTING_MODES, RoutingMode, Vantage, read_colo, read_region

if TYPE_CHECKING:
    from os import PathLike

    from vpcroute.fib.resolution import Resolution
    from vpcroute.fib.resolver import Resolver

__all__ = ["RouteTable"]


class RouteTable:
    """Announcements of a Cloudflare account, and answers from them.

    Args:
        routing_mode: the account's routing mode, ``"unified"`` or ``"legacy"``
            (cloudflare-docs: networking-services/reference/traffic-steering).
        virtual_networks: the account's virtual networks, exactly one of them the default; None is one called
            ``default``, as a new account has it.
    """

    def __init__(
        self,
        *,
        routing_mode: RoutingMode = "unified",
        virtual_networks: Iterable[VirtualNetwork] | None = None,
    ) -> None:
        if routing_mode not in ROUTING_MODES:
            raise ValueError(f"routing_mode must be 'unified' or 'legacy', not {printable(str(routing_mode))!r}")
        networks = [VirtualNetwork("default", "default", is_default=True)]
        if virtual_networks is not None:
            networks = list(virtual_networks)
        defaults = [network for network in networks if network.is_default]
        if len(defaults) != 1:
            raise ValueError(f"exactly one virtual network must be the default, not {len(defaults)}")
        self.routing_mode: Final = routing_mode
        self._default = defaults[0]
        self._lock = threading.RLock()
        self._depth = 0
        self._undo: list[Callable[[], object]] = []
        self._generation = 0
        self.store: Final = Store()
        self._findings: dict[int, tuple[Finding, ...]] = {}
        self._document_findings: list[Finding] = []
        self._registry = Registry()
        self._health: dict[Connector, dict[str | None, Health]] = {}
        self._hosts: dict[str, tuple[IPAddress, ...]] = {}
        self._gateway: tuple[tuple[GatewayRule, ...], tuple[GatewayList, ...]] = ((), ())
        for network in networks:
            self._registry.register(network)
        self._put_ranges(reserved_ranges())
        self._undo.clear()

    # Changing

    @contextmanager
    def transaction(self) -> Iterator[RouteTable]:
        """A block whose changes are applied all, as one new generation, or, if it raises, not at all.

        Other threads wait until it ends. A block inside a block is undone by itself.
        """
        with self._lock:
            self._depth += 1
            mark = len(self._undo)
            try:
                yield self
            except BaseException:
                self._roll_back(mark)
                raise
            finally:
                self._depth -= 1
                if self._depth == 0 and self._undo:
                    self._undo.clear()
                    self._generation += 1

    def _roll_back(self, mark: int) -> None:
        """Undoes what was noted since `mark`, the latest first; undoing is noted too, and that is dropped."""
        steps = self._undo[mark:]
        for step in reversed(steps):
            step()
        del self._undo[mark:]

    def announce(self, route: Announcement) -> Announcement:
        """Adds an announcement; returns it as the table holds it, with its virtual network named by id.

        One that says the same as one that is there already (same destination, same connector) changes nothing.

        Raises:
            RouteConflict: if its destination is another connector's already, or it lies in a reserved range
                (cloudflare-docs: partials/networking-services/cloudflare-wan/zero-trust/tunnel and
                cloudflare-one/networks/routes/reserved-ips).
            LookupError: for a virtual network that the table does not know.
        """
        return self.announce_at("", route)

    def announce_at(self, path: str, route: Announcement, *more_findings: Finding) -> Announcement:
        """As :meth:`announce`, for a route that stands at `path` in a document, with what was found about it there."""
        with self.transaction():
            route = self._qualified(route)
            for id_ in self.store.rivals(route):
                held = self.store[id_]
                if not same_claim(held, route):
                    raise _conflict(held, route)
                return held
            self._refuse_reserved(route)
            self._registry.use(route.via)
            self._undo.append(partial(self._registry.release, route.via))
            found = (*self._found(route, path), *(attrs.evolve(f, announcement=route) for f in more_findings))
            self._enter(self.store.next_id(), route, found)
            return route

    def note(self, finding: Finding) -> None:
        """Adds a finding that is not of one announcement alone."""
        with self.transaction():
            self._document_findings.append(finding)
            self._undo.append(self._document_findings.pop)

    def withdraw(self, route: Announcement) -> None:
        """Takes an announcement away. For Zero Trust routes and addresses destination and connector name it.

        Raises:
            KeyError: if it is not there.
        """
        with self.transaction():
            id_ = self.store.find(self._qualified(route))
            if id_ is None:
                raise KeyError(f"not announced: {printable(str(route))}")
            self._registry.release(self.store[id_].via)
            self._undo.append(partial(self._registry.use, self.store[id_].via))
            self._leave(id_)

    def _refuse_reserved(self, route: Announcement) -> None:
        if isinstance(route, HostnameRoute | DeviceAddress) or not route.in_force:
            return
        for around in self.store.ranges_around(destination_of(route)):
            if around.reserved is not None:
                raise _reserved_conflict(route, around)

    def _found(self, route: Announcement, path: str) -> tuple[Finding, ...]:
        """What is odd about an announcement by itself, as the ranges and the default network are now."""
        in_default = not isinstance(route, SubnetRoute) or route.virtual_network == self._default.id
        around = () if isinstance(route, HostnameRoute) else self.store.ranges_around(destination_of(route))
        return tuple(findings_of(route, path=path, in_default_network=in_default, around=around))

    def _find_again(self) -> None:
        """Brings the findings of announcements up to date with the ranges and the default network."""
        for id_ in self.store:
            route, old = self.store[id_], self._findings.pop(id_, ())
            path = old[0].path.partition(".")[0] if old else ""
            kept = tuple(f for f in old if f.code in FROM_DOCUMENT)
            found = (*self._found(route, path), *kept)
            if found:
                self._findings[id_] = found

    def _enter(self, id_: int, route: Announcement, found: tuple[Finding, ...]) -> None:
        self.store.enter(id_, route)
        if found:
            self._findings[id_] = found
        self._undo.append(partial(self._leave, id_))

    def _leave(self, id_: int) -> None:
        route, found = self.store.leave(id_), self._findings.pop(id_, ())
        self._undo.append(partial(self._enter, id_, route, found))

    def _qualified(self, route: Announcement) -> Announcement:
        """A subnet route with its virtual network named by id; any other announcement as it is."""
        if type(route) not in KINDS:
            raise TypeError(f"an announcement must be one of the route classes, not {type(route).__name__}")
        if not isinstance(route, SubnetRoute):
            return route
        network = self._default.id if route.virtual_network is None else self._network(route.virtual_network).id
        return route if network == route.virtual_network else attrs.evolve(route, virtual_network=network)

    def _network(self, text: str) -> VirtualNetwork:
        return self._registry.find(VirtualNetwork, text)

    def add(self, thing: Known) -> None:
        """Makes an egress path, virtual network or VPC service known that no announcement names.

        Raises:
            RouteConflict: if another object has its id, or it would be a second default virtual network.
        """
        with self.transaction():
            if isinstance(thing, VirtualNetwork) and thing.is_default and thing != self._default:
                raise RouteConflict(
                    f"the default virtual network is {printable(self._default.name)}; set_default() moves it",
                    existing=self._default,
                    offered=thing,
                )
            if self._registry.register(thing):
                self._undo.append(partial(self._registry.unregister, thing))

    def remove(self, thing: Known) -> None:
        """Forgets an object that was added; one that announcements lead to stays known as long as they do.

        Raises:
            KeyError: if it was not added.
            RouteConflict: for a virtual network that is the default or has routes.
        """
        with self.transaction():
            if isinstance(thing, VirtualNetwork):
                routes = self.store.ids("virtual_network", thing.id)
                if thing == self._default or routes:
                    text = f"virtual network {printable(thing.name)} is in use"
                    existing = self.store[routes[0]] if routes else self._default
                    raise RouteConflict(text, existing=existing, offered=thing)
            self._registry.unregister(thing)
            self._undo.append(partial(self._registry.register, thing))

    def set_default(self, network: str) -> None:
        """Makes another virtual network the default one, by id or name; routes stay in the network they are in."""
        with self.transaction():
            new = self._network(network)
            if new != self._default:
                self._put_default(new)

    def _put_default(self, new: VirtualNetwork) -> None:
        old = self._default
        self._registry.replace(old, attrs.evolve(old, is_default=False))
        self._default = attrs.evolve(new, is_default=True)
        self._registry.replace(new, self._default)
        self._undo.append(partial(self._put_default, attrs.evolve(old, is_default=False)))
        self._find_again()

    def set_health(self, connector: Connector | str, state: Health | None, *, place: str | None = None) -> None:
        """Sets the state of a tunnel, Mesh node or on-ramp, by id or name; None forgets it.

        Args:
            connector: which one.
            state: ``"healthy"``, ``"degraded"`` or ``"down"``.
            place: the region or data centre that sees this state; None is everywhere else. By colo, else by region,
                else everywhere, else healthy.

        Raises:
            ValueError: for another state or place.
            LookupError: for a connector that the table does not know.
        """
        if state is not None and state not in HEALTH_STATES:
            raise ValueError(f"a state is healthy, degraded or down, not {printable(str(state))!r}")
        if place is not None:
            name = check_text("place", place)
            place = read_region(name) if name.upper() in REGIONS else read_colo(name)
        with self.transaction():
            known = self.connector(connector) if isinstance(connector, str) else self._registry.known(connector)
            places = dict(self._health.get(known, {}))
            if state is None:
                places.pop(place, None)
            else:
                places[place] = state
            self._put(self._health, known, places or None)

    def set_hosts(self, name: str, addresses: Iterable[str | IPAddress] | None) -> None:
        """Sets the known answers for a name, in order; None forgets them."""
        if isinstance(addresses, str):
            raise TypeError("addresses must be an iterable of addresses, not a str")
        known = ascii_name(check_text("name", name, 1024))
        answers = None if addresses is None else tuple(map(_as_ip, addresses))
        with self.transaction():
            self._put(self._hosts, known, answers)

    def set_subnets(self, subnets: Iterable[tuple[ReservedKind, IPNetwork]]) -> None:
        """Sets the ranges that the account has configured in place of Cloudflare's defaults, by kind and family.

        Raises:
            RouteConflict: if a route in force lies in one of them.
        """
        ranges = reserved_ranges(subnets)
        with self.transaction():
            for reserved in ranges:
                inside = [r for r in self.covered(reserved.network) if not isinstance(r, DeviceAddress) and r.in_force]
                if inside:
                    raise _reserved_conflict(inside[0], reserved)
            self._put_ranges(ranges)

    def _put_ranges(self, reserved: tuple[Range, ...]) -> None:
        self._undo.append(partial(self._put_ranges, self.reserved_ranges))
        self.store.set_ranges((*reserved, *PROHIBITED))
        self._find_again()

    def _put(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        """Sets or, with None, removes an entry, and notes how to undo that."""

        self._undo.append(partial(self._put, mapping, key, mapping.get(key)))
        if value is None:
            mapping.pop(key, None)
        else:
            mapping[key] = value

    def set_gateway(self, rules: Iterable[GatewayRule], lists: Iterable[GatewayList]) -> None:
        """Sets Gateway's policies, kept in the order of their precedence, and lists; they take no part in routing."""
        with self.transaction():
            self._put_gateway(tuple(sorted(rules, key=lambda r: r.precedence)), tuple(lists))

    def _put_gateway(self, rules: tuple[GatewayRule, ...], lists: tuple[GatewayList, ...]) -> None:
        self._undo.append(partial(self._put_gateway, *self._gateway))
        self._gateway = rules, lists

    # Asking

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A block in which no other thread changes the table."""
        with self._lock:
            yield

    @property
    def generation(self) -> int:
        """The number of changes so far: transactions that changed something."""
        return self._generation

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd about the document and the announcements, and has one meaning all the same."""
        with self._lock:
            own = (finding for id_ in sorted(self._findings) for finding in self._findings[id_])
            return (*self._document_findings, *own)

    @property
    def reserved_ranges(self) -> tuple[Range, ...]:
        """The account's reserved ranges."""
        return tuple(r for r in self.store.ranges if r.reserved is not None)

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
            return dict(self._hosts)

    @property
    def gateway_rules(self) -> tuple[GatewayRule, ...]:
        """Gateway's policies in the order of their precedence."""
        return self._gateway[0]

    @property
    def gateway_lists(self) -> tuple[GatewayList, ...]:
        """Gateway's lists."""
        return self._gateway[1]

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
                raise LookupError(f"{printable(text)!r} names several: {printable(kinds)}")
            raise LookupError(
                next((r for r in reasons if r.startswith("several")), f"no connector {printable(text)!r} is known")
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
                sets.append(self.store.ids("region", read_region(region)))
            if health is not None:
                sets.append(self.store.ids_by_state(health, self._health))
            ids = BitMap.intersection(*sets) if sets else self.store.all_ids()
            return self.store.held(ids)

    # Resolving

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        *,
        lenient: bool = False,
        stored_wildcards: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> RouteTable:
        """A table from a network document in a file; see :func:`vpcroute.sources.document.load`."""
        from vpcroute.sources.document import load

        return load(path, lenient=lenient, stored_wildcards=stored_wildcards, progress=progress)

    @classmethod
    def from_document(
        cls,
        document: Mapping[str, Any],
        *,
        lenient: bool = False,
        stored_wildcards: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> RouteTable:
        """A table from a network document; see :func:`vpcroute.sources.document.read`."""
        from vpcroute.sources.document import read

        return read(document, lenient=lenient, stored_wildcards=stored_wildcards, progress=progress)

    def resolve(self, address: object, *, answers: Iterable[object] | None = None, **vantage: Any) -> Resolution:
        """Where an address goes, straight from the rules; takes the fields of a Vantage as arguments."""
        from vpcroute.reference import Reference

        return Reference(self, Vantage(**vantage)).resolve(address, answers=answers)

    def compile(self, **vantage: Any) -> Resolver:
        """The same answers as :meth:`resolve` from one vantage, compiled; takes the fields of a Vantage."""
        from vpcroute.compiler import compile_table

        return compile_table(self, Vantage(**vantage))

    def stand(self, vantage: Vantage) -> Standpoint:
        """Looks up what a vantage names, and takes down the state of things; InvalidVantage for what is not known."""
        with self._lock:
            mode = vantage.routing_mode or self.routing_mode
            return stand(
                vantage,
                registry=self._registry,
                default=self._default,
                mode=mode,
                health=self._health,
                findings=self._findings.values(),
            )


def _as_ip(address: str | IPAddress) -> IPAddress:
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address
    return read_ip(check_text("address", address))


def _as_network(destination: str | IPNetwork | IPAddress) -> IPNetwork:
    return read_prefix(str(destination))[0]


def _conflict(held: Announcement, route: Announcement) -> RouteConflict:
    destination = route.pattern if isinstance(route, HostnameRoute) else str(destination_of(route))
    via = printable(held.via.name or held.via.id or "")
    return RouteConflict(
        f"{printable(destination)} is announced through {via} already",
        existing=held,
        offered=route,
        hint="a destination has one connector; withdraw the other announcement first",
    )


def _reserved_conflict(route: Announcement, reserved: Range) -> RouteConflict:
    destination = "" if isinstance(route, HostnameRoute) else str(destination_of(route))
    return RouteConflict(
        f"{destination} lies in {reserved.network}, which is reserved for {reserved.name}",
        existing=reserved,
        offered=route,
        hint="a route that contains the whole range is fine",
    )
