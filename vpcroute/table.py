"""The route table (RIB): every announcement, what it leads to and the state of that.

It is the side that people change. One lock serialises writers and readers; a transaction is applied all or not at all,
and makes one new generation. What it holds is turned into answers elsewhere: straight from here by
:mod:`vpcroute.reference`, or compiled by :mod:`vpcroute.compiler`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, SubnetRoute, VirtualNetwork, VpcService
from vpcroute.conflicts import conflict, refuse_crowd, refuse_reserved, reserved_conflict
from vpcroute.egress import HEALTH_STATES, Connector, Health
from vpcroute.errors import RouteConflict, printable, told
from vpcroute.fields import IPAddress, ascii_name, check_text, read_ip, several, up_to
from vpcroute.findings import FROM_DOCUMENT, base_path, findings_of
from vpcroute.gateway import GatewayList, GatewayRule, GatewayState, gateway_state
from vpcroute.limits import MOST_ANSWERS
from vpcroute.queries import Queries
from vpcroute.ranges import PROHIBITED, AccountSubnets, IPNetwork, Range, ReservedKind, reserved_ranges
from vpcroute.registry import Known
from vpcroute.remarks import Finding
from vpcroute.store import KINDS, same_claim
from vpcroute.vantage import REGIONS, ROUTING_MODES, RoutingMode, Vantage, read_colo, read_region, vantage_of

if TYPE_CHECKING:
    from os import PathLike

    from vpcroute.analysis.explanation import Explanation
    from vpcroute.analysis.lint import LintFinding
    from vpcroute.fib.resolution import Resolution
    from vpcroute.fib.resolver import Resolver
    from vpcroute.live import LiveResolver
    from vpcroute.sources.stored import StoredTable

__all__ = ["RouteTable"]


class RouteTable(Queries):
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
            raise ValueError(f"routing_mode must be 'unified' or 'legacy', not {told(routing_mode)}")
        networks = [VirtualNetwork("default", "default", is_default=True)]
        if virtual_networks is not None:
            networks = several("virtual_networks", virtual_networks, VirtualNetwork)
        defaults = [network for network in networks if network.is_default]
        if len(defaults) != 1:
            raise ValueError(f"exactly one virtual network must be the default, not {len(defaults)}")
        super().__init__(routing_mode, defaults[0])
        for network in networks:
            self._registry.register(network)
        self._put_subnets((), reserved_ranges())
        self._steps.clear()

    # Changing

    def announce(self, route: Announcement) -> Announcement:
        """Adds an announcement; returns it as the table holds it, with its virtual network named by id.

        One that says the same as one that is there already (same destination, same connector) changes nothing.

        Raises:
            RouteConflict: if its destination has a route already that says something else, its connector has the id of
                one with other properties, or it lies in a reserved range
                (cloudflare-docs: partials/networking-services/cloudflare-wan/zero-trust/tunnel and
                cloudflare-one/networks/routes/reserved-ips).
            LookupError: for a virtual network that the table does not know.
        """
        return self.announce_at("", route)

    def announce_at(self, path: str, route: Announcement, *more_findings: Finding) -> Announcement:
        """As :meth:`announce`, for a route that stands at `path` in a document, with what was found about it there."""
        with self.transaction():
            route = self._qualified(route)
            for id_ in self.store.rivals(route):  # the first decides: of those that are there none say the same
                held = self.store[id_]
                if not same_claim(held, route):
                    raise conflict(held, route)
                return held
            refuse_crowd(self.store, route)
            around = self.store.ranges_around(route)
            refuse_reserved(route, around)
            found = self._found(route, path, around)
            if more_findings:
                found = (*found, *(attrs.evolve(f, announcement=route) for f in more_findings))
            self._enter(self.store.next_id(), route, found)
            self._records("announce_at", path, route, *more_findings, undone_by=("withdraw", route))
            return route

    def note(self, finding: Finding) -> None:
        """Adds a finding, of an announcement that is in the table or of none."""
        if not isinstance(finding, Finding):
            raise TypeError(f"finding must be a Finding, not {type(finding).__name__}")
        with self.transaction():
            id_ = None if finding.announcement is None else self.store.find(finding.announcement)
            if id_ is None:
                self._document_findings.append(finding)
                self._undoes(self._document_findings.pop)
            else:
                self._put(self._findings, id_, (*self._findings.get(id_, ()), finding))
            self._records("note", finding, undone_by=("forget", finding))

    def forget(self, finding: Finding) -> None:
        """Takes a finding away that was noted; KeyError if there is no such finding."""
        with self.transaction():
            id_ = None if finding.announcement is None else self.store.find(finding.announcement)
            there = self._document_findings if id_ is None else list(self._findings.get(id_, ()))
            if finding not in there:
                raise KeyError(f"not found: {printable(finding.text)}")
            place = len(there) - 1 - there[::-1].index(finding)  # the latest of equal ones
            del there[place]
            if id_ is None:
                self._undoes(partial(there.insert, place, finding))
            else:
                self._put(self._findings, id_, tuple(there) or None)
            self._records("forget", finding, undone_by=("note", finding))

    def withdraw(self, route: Announcement) -> None:
        """Takes an announcement away. For Zero Trust routes and addresses destination and connector name it.

        Raises:
            KeyError: if it is not there.
        """
        with self.transaction():
            id_ = self.store.find(self._qualified(route))
            if id_ is None:
                raise KeyError(f"not announced: {printable(str(route))}")
            held, found = self.store[id_], self._findings.get(id_, ())
            path, noted = base_path(found[0]) if found else "", (f for f in found if f.code in FROM_DOCUMENT)
            self._records("withdraw", held, undone_by=("announce_at", path, held, *noted))
            self._leave(id_)

    def _found(self, route: Announcement, path: str, around: Sequence[Range]) -> tuple[Finding, ...]:
        """What is odd about an announcement by itself, as the ranges and the default network are now."""
        in_default = not isinstance(route, SubnetRoute) or route.virtual_network == self._default.id
        return tuple(findings_of(route, path=path, in_default_network=in_default, around=around))

    def _find_again(self) -> None:
        """Brings the findings of announcements up to date with the ranges and the default network."""
        self._copies.clear()
        for id_ in self.store:
            route, old = self.store[id_], self._findings.pop(id_, ())
            path = base_path(old[0]) if old else ""
            kept = tuple(f for f in old if f.code in FROM_DOCUMENT)
            found = (*self._found(route, path, self.store.ranges_around(route)), *kept)
            if found:
                self._findings[id_] = found

    def _keep_findings(self) -> None:
        """Notes to bring the findings back as they are now: found again, those that go now would have no path."""
        self._undoes(partial(self._put_findings, dict(self._findings)))

    def _put_findings(self, findings: dict[int, tuple[Finding, ...]]) -> None:
        self._copies.clear()
        self._findings.clear()
        self._findings.update(findings)

    def _enter(self, id_: int, route: Announcement, found: tuple[Finding, ...]) -> None:
        self._registry.use(route.via)
        self.store.enter(id_, route)
        if found:
            self._findings[id_] = found
            self._copies.clear()
        self._undoes(id_)

    def _undo_numbered(self, number: int) -> None:
        self._leave(number)

    def _leave(self, id_: int) -> None:
        route, found = self.store.leave(id_), self._findings.pop(id_, ())
        if found:
            self._copies.clear()
        self._registry.release(route.via)
        self._undoes(partial(self._enter, id_, route, found))

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
                self._undoes(partial(self._registry.unregister, thing))
                if isinstance(thing, VpcService):
                    self._registry.use(thing.via)
                    self._undoes(partial(self._registry.release, thing.via))
                self._records("add", thing, undone_by=("remove", thing))

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
            self._undoes(partial(self._registry.register, thing))
            if isinstance(thing, VpcService):
                self._registry.release(thing.via)
                self._undoes(partial(self._registry.use, thing.via))
            self._records("remove", thing, undone_by=("add", thing))

    def set_default(self, network: str) -> None:
        """Makes another virtual network the default one, by id or name; routes stay in the network they are in."""
        with self.transaction():
            new, old = self._network(network), self._default
            if new != old:
                self._put_default(new)
                self._records("set_default", new.id, undone_by=("set_default", old.id))

    def _put_default(self, new: VirtualNetwork) -> None:
        old = self._default
        self._keep_findings()
        self._registry.replace(old, attrs.evolve(old, is_default=False))
        self._default = attrs.evolve(new, is_default=True)
        self._registry.replace(new, self._default)
        self._undoes(partial(self._put_default, attrs.evolve(old, is_default=False)))
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
            raise ValueError(f"a state is healthy, degraded or down, not {told(state)}")
        if place is not None:
            name = check_text("place", place)
            place = read_region(name) if name.upper() in REGIONS else read_colo(name)
        with self.transaction():
            known = self.connector(connector) if isinstance(connector, str) else self._registry.known(connector)
            places = dict(self._health.get(known, {}))
            before = places.get(place)
            if state is None:
                places.pop(place, None)
            else:
                places[place] = state
            if self._put(self._health, known, places or None):
                self._records("set_health", known, state, place, undone_by=("set_health", known, before, place))

    def set_hosts(self, name: str, addresses: Iterable[str | IPAddress] | None) -> None:
        """Sets the known answers for a name, in order; None forgets them."""
        if isinstance(addresses, str):
            raise TypeError("addresses must be an iterable of addresses, not a str")
        known = ascii_name(check_text("name", name, 1024))
        answers = None if addresses is None else tuple(map(_as_ip, up_to(MOST_ANSWERS, "addresses", addresses)))
        with self.transaction():
            before = self._hosts.get(known)
            if self._put(self._hosts, known, answers):
                self._records("set_hosts", known, answers, undone_by=("set_hosts", known, before))

    def set_subnets(self, subnets: Iterable[tuple[ReservedKind, IPNetwork]]) -> None:
        """Sets the ranges that the account has configured in place of Cloudflare's defaults, by kind and family.

        Raises:
            RouteConflict: if a route in force lies in one of them.
        """
        own = tuple((kind, network) for kind, network in subnets)
        ranges = reserved_ranges(own)
        with self.transaction():
            before = self._subnets
            if own == before:
                return
            for reserved in ranges:
                inside = [r for r in self.covered(reserved.network) if not isinstance(r, DeviceAddress) and r.in_force]
                if inside:
                    raise reserved_conflict(inside[0], reserved)
            self._put_subnets(own, ranges)
            for id_ in self.store.ids("kind", KINDS[DeviceAddress]):
                refuse_reserved(self.store[id_], self.store.ranges_around(self.store[id_]))
            self._records("set_subnets", own, undone_by=("set_subnets", before))

    def _put_subnets(self, subnets: AccountSubnets, reserved: tuple[Range, ...]) -> None:
        self._keep_findings()
        self._undoes(partial(self._put_subnets, self._subnets, self.reserved_ranges))
        self._subnets = subnets
        self.store.set_ranges((*reserved, *PROHIBITED))
        self._find_again()

    def _put(self, mapping: dict[Any, Any], key: object, value: object) -> bool:
        """Sets or, with None, removes an entry, and notes how to undo that; false if nothing changes."""
        old = mapping.get(key)
        if old == value:
            return False
        self._copies.clear()
        self._undoes(partial(self._put, mapping, key, old))
        if value is None:
            mapping.pop(key, None)
        else:
            mapping[key] = value
        return True

    def set_gateway(
        self, rules: Iterable[GatewayRule], lists: Iterable[GatewayList], settings: Mapping[str, Any] | None = None
    ) -> None:
        """Sets Gateway's policies, lists, and settings as the API has them; they take no part in routing."""
        state = gateway_state(rules, lists, settings)
        with self.transaction():
            self._records("set_gateway", *state, undone_by=("set_gateway", *self._gateway))
            self._put_gateway(state)

    def _put_gateway(self, state: GatewayState) -> None:
        self._undoes(partial(self._put_gateway, self._gateway))
        self._gateway = state

    # Loading and asking

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

    @staticmethod
    def open(
        path: str | PathLike[str],
        *,
        initial: RouteTable | None = None,
        create: bool = True,
        read_only: bool = False,
        timeout: float = 5.0,
    ) -> StoredTable:
        """A table that is kept in a file; see :func:`vpcroute.sources.stored.open_table`."""
        from vpcroute.sources.stored import open_table

        return open_table(path, initial=initial, create=create, read_only=read_only, timeout=timeout)

    def to_document(self) -> dict[str, Any]:
        """The network document of this table; see :func:`vpcroute.sources.writing.write`."""
        from vpcroute.sources.writing import write

        return write(self)

    def resolve(self, address: object, *, answers: Iterable[object] | None = None, **vantage: Any) -> Resolution:
        """Where an address goes, straight from the rules; takes the fields of a Vantage as arguments."""
        from vpcroute.reference import Reference

        return Reference(self, Vantage(**vantage)).resolve(address, answers=answers)

    def explain(self, address: object, *, answers: Iterable[object] | None = None, **vantage: Any) -> Explanation:
        """Why an address goes where it goes; takes the arguments of :meth:`resolve`.

        See :func:`vpcroute.analysis.explain.explain`.
        """
        from vpcroute.analysis.explain import explain

        return explain(self, Vantage(**vantage), address, answers)

    def lint(self, vantages: Iterable[Vantage] | None = None) -> list[LintFinding]:
        """What is wrong in it, has no effect or may not be meant; see :func:`vpcroute.analysis.lint.lint`."""
        from vpcroute.analysis.lint import lint

        return lint(self, vantages=vantages)

    def compile(self, vantage: Vantage | None = None, /, **fields: Any) -> Resolver:
        """The same answers as :meth:`resolve` from one vantage, compiled; takes a Vantage or the fields of one."""
        from vpcroute.compiler import compile_table

        return compile_table(self, vantage_of(vantage, fields))

    def live(self, vantage: Vantage | None = None, /, *, keep: int = 16, **fields: Any) -> LiveResolver:
        """The same answers by the newest generation, always, while the last `keep` ones stay at hand.

        It takes a Vantage or the fields of one, as :meth:`compile` does. The table keeps as many generations to roll
        back to. See :class:`vpcroute.live.LiveResolver`.

        Raises:
            RuntimeError: inside a transaction, of which it would show what may be undone.
        """
        from vpcroute.live import Lives

        with self._lock:
            if self._depth:
                raise RuntimeError("a live resolver cannot be made inside a transaction")
            if self._publisher is None:
                self._publisher = Lives(self)
            assert isinstance(self._publisher, Lives)  # noqa: S101
            live = self._publisher.add(vantage_of(vantage, fields), keep)
            self.keep_generations(keep - 1)
            return live


def _as_ip(address: str | IPAddress) -> IPAddress:
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address
    return read_ip(check_text("address", address))
