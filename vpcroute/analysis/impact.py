"""What would be lost with each tunnel, Mesh node and on-ramp, if all that leads to it were withdrawn.

All prefixes are swept once more, into classes that say what decides without any one connector
(:mod:`vpcroute.analysis.loose`); what is lost with a connector is then counted by class.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from vpcroute.address import read_bare
from vpcroute.analysis.address_diff import spans, without_mapped
from vpcroute.analysis.answer import CHANGE_KINDS, Answer, ChangeKind, Side, kind_of_change
from vpcroute.analysis.loose import LooseClasses, connectors_of, without
from vpcroute.analysis.name_diff import changed_name_answers
from vpcroute.announcements import HostnameRoute
from vpcroute.classes import RouteClasses
from vpcroute.columns import read_subnets
from vpcroute.compiler import compile_table
from vpcroute.edges import WIDTHS
from vpcroute.egress import ClientDevice, Connector
from vpcroute.errors import InvalidVantage, RouteError
from vpcroute.fib.hostnames import Hostnames
from vpcroute.fib.resolution import by_answers
from vpcroute.fields import IPAddress
from vpcroute.hearing import Hearing, swept
from vpcroute.outcomes import Outcome, Refusal, decide_address, decide_name
from vpcroute.precedence import AddressCandidates, View
from vpcroute.store import name_key
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Impact", "impact"]

_GRAVE: Final[tuple[ChangeKind, ...]] = ("unreachable", "to_gateway", "moved")
_COUNTED: Final = ("ipv4", "names", "ipv6")


@attrs.frozen
class Impact:
    """What would be lost with a connector.

    Attributes:
        connector: the tunnel, Mesh node or on-ramp.
        routes: how many announcements lead to it.
        counts: how many IPv4 addresses, IPv6 addresses and names or patterns would change, by the kinds that there are.
    """

    connector: Connector
    routes: int
    counts: Mapping[ChangeKind, Mapping[str, int]]

    def count(self, kind: ChangeKind, what: str) -> int:
        """How many of ``ipv4``, ``ipv6`` or ``names`` would change in a way."""
        return self.counts.get(kind, {}).get(what, 0)


def impact(table: RouteTable, vantage: Vantage | None = None) -> tuple[Impact, ...]:
    """What would be lost with each tunnel, Mesh node and on-ramp, the gravest first.

    They are in the order of what becomes unreachable: IPv4 addresses, then names, then IPv6 addresses; then of what
    falls to Gateway; then of what moves.

    Raises:
        InvalidVantage: for one that the table does not know, or a tunnel or service, which no announcement leads to.
    """
    asked = Vantage() if vantage is None else vantage
    with table.reading():
        view = table.stand(asked).view
        if view is None:
            raise InvalidVantage("the binding of a tunnel or a service takes no part in routing")
        losses = _Losses(table, asked, view)
        routes: defaultdict[Connector, int] = defaultdict(int)
        for route in table:
            routes[route.via] += 1
        ranked = [
            Impact(via, count, losses.counts(via)) for via, count in routes.items() if not isinstance(via, ClientDevice)
        ]
    return tuple(sorted(ranked, key=_rank))


def _rank(one: Impact) -> tuple[object, ...]:
    graver = (-one.count(kind, what) for kind in _GRAVE for what in _COUNTED)
    via = one.connector
    return *graver, via.name or "", via.id or "", type(via).__name__


class _Losses:
    """What is lost with each connector of a table, from a vantage."""

    def __init__(self, table: RouteTable, vantage: Vantage, view: View) -> None:
        self._table = table
        self.view = view
        self.side = Side(compile_table(table, vantage))
        self._classes = LooseClasses()
        self._alike = RouteClasses()
        self._answers: dict[int, Answer] = {}
        subnets = read_subnets(table.store, view.network.id, self._classes)
        self._firsts: dict[int, list[int]] = {}
        self._numbers: dict[int, Any] = {}
        sizes: dict[int, defaultdict[int, int]] = {}
        for version in WIDTHS:
            hearing = Hearing(table.store, version, view.network.id)
            told = hearing.everywhere(subnets[version], self._classes)
            found = list(spans(version, swept(told, version, self._classes)))
            self._firsts[version] = [first for first, _, _ in found]
            self._numbers[version] = [number for _, _, number in found]
            sizes[version] = defaultdict(int)
            if version == 6:
                found = [(a, b, number) for first, last, number in found for a, b in without_mapped(6, first, last)]
            for first, last, number in found:
                sizes[version][number] += last - first + 1
        self._counts: defaultdict[Connector, dict[ChangeKind, dict[str, int]]] = defaultdict(dict)
        self._lost: set[tuple[int, Connector]] = set()
        for number, via, kind in self._changes():
            self._lost.add((number, via))
            counts = self._counts[via].setdefault(kind, {"ipv4": 0, "ipv6": 0, "names": 0})
            for version in WIDTHS:
                counts[f"ipv{version}"] += sizes[version][number]

    def _changes(self) -> Iterator[tuple[int, Connector, ChangeKind]]:
        """The classes that change without a connector, and how."""
        for number, candidates in enumerate(self._classes.candidates):
            connectors = connectors_of(candidates)
            if connectors:
                before = self._answer(candidates)
                for via in connectors:
                    after = self._answer(without(candidates, via))
                    if before != after:
                        yield number, via, kind_of_change(before, after)

    def _answer(self, candidates: AddressCandidates) -> Answer:
        """The answer for some candidates; the many that decide alike are decided once."""
        number = self._alike.number(candidates)
        answer = self._answers.get(number)
        if answer is None:
            answer = self._answers[number] = short(decide_address(candidates, self.view), self.side)
        return answer

    def _class_of(self, version: int, number: int) -> int:
        found: int = self._numbers[version][bisect_right(self._firsts[version], number) - 1]
        return found

    def decide(self, version: int, number: int, gone: Connector) -> Outcome:
        """The outcome for an address without a connector."""
        return decide_address(without(self._classes.candidates[self._class_of(version, number)], gone), self.view)

    def counts(self, via: Connector) -> dict[ChangeKind, dict[str, int]]:
        """What changes without a connector."""
        counts = self._counts[via]
        after = _Without(self, via, self._names_without(via))

        def moved(ip: IPAddress) -> bool:
            return (self._class_of(ip.version, int(ip)), via) in self._lost

        for change in changed_name_answers(self.side, after, moved, fully=True):
            of_kind = counts.setdefault(change.kind, {"ipv4": 0, "ipv6": 0, "names": 0})
            of_kind["names"] += 1
        return {kind: counts[kind] for kind in CHANGE_KINDS if kind in counts and any(counts[kind].values())}

    def _names_without(self, via: Connector) -> Hostnames:
        store = self._table.store
        theirs = store.held(store.ids("kind", "hostname") & store.ids("via", via))
        keys = {name_key(route) for route in theirs if isinstance(route, HostnameRoute)}
        if not keys:
            return self.side.names
        left = {key: [r for r in store.held(store.names.exact(key)) if r.via != via] for key in keys}
        return self.side.names.changed({k: [r for r in v if isinstance(r, HostnameRoute)] for k, v in left.items()})


class _Without(Side):
    """A side without all that leads to a connector."""

    def __init__(self, losses: _Losses, gone: Connector, names: Hostnames) -> None:
        super().__init__(losses.side.resolver)
        self.names = names
        self._losses = losses
        self._gone = gone

    def of_name(self, name: str, *, fully: bool) -> Answer:
        """The answer for a name then."""
        candidates = self.names.candidates(name)
        outcome = decide_name(candidates, self._losses.view)
        target = read_bare(name)
        if outcome is None:
            try:
                _, outcome, _ = by_answers(
                    target,
                    self.hosts.get(name),
                    candidates.stored,
                    lambda answer: self._losses.decide(answer.version, answer.number, self._gone),
                    name,
                )
            except RouteError as error:
                return Answer(code=error.code)
        return short(outcome, self)


def short(outcome: Outcome, side: Side) -> Answer:
    """An outcome in short."""
    if isinstance(outcome, Refusal):
        return Answer(code=outcome.code)
    return Answer(outcome.egress, guaranteed=outcome.guaranteed, up=side.is_up(outcome.egress))
