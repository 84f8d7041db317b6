"""A table that is changed, in transactions that hold or do not, compiled and asked, against the golden model.

Whatever happened before, the table, what is compiled from it after the change, and the golden model, which knows only
what is announced now, give the same answers; and a resolver goes on answering as on the day it was compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from networks import PHASES, Question, are_rivals, golden_of, may_stand, questions, say_the_same
from test_agreement import check_compiled, outcome, questions_about, verdict

from vpcroute import COMPILED, Announcement, ClientDevice, Resolver, RouteConflict, Vantage
from vpcroute.egress import Connector, Health
from vpcroute.strategies import TUNNELS, VIRTUAL_NETWORKS, Network, announcements, connectors, names, vantages
from vpcroute.strategies.pools import COLOS, ORDINARY, REGIONS
from vpcroute.strategies.routes import edges_of, names_around

_STATES: st.SearchStrategy[Health | None] = st.sampled_from(["down", "healthy", "degraded", None])
_ANSWERS = st.lists(st.sampled_from(["10.0.0.1", "10.1.0.0", "fd00::1", *map(str, ORDINARY)]), max_size=2).map(tuple)
_DEEPEST = 3


class Abort(BaseException):
    """What ends a transaction that is not to hold."""


class RoutingMachine(RuleBasedStateMachine):
    """The table, what it should be now, and before each transaction that is open."""

    @initialize(
        view=vantages(services=False),
        mode=st.sampled_from(["unified", "legacy"]),
        routes=st.lists(announcements(), min_size=6, max_size=16),
    )
    def start(self, view: Vantage, mode: Any, routes: list[Announcement]) -> None:
        self.view, self.network = view, Network(mode=mode)
        self.table = self.network.table()
        self.open: list[tuple[Any, Network]] = []
        self.kept: list[tuple[Resolver, list[Question], list[object]]] = []
        for route in routes:
            self.announce(route)

    # Changes

    @rule(route=announcements())
    def announce(self, route: Announcement) -> None:
        rival = next((held for held in self.network.routes if are_rivals(held, route)), None)
        stands = may_stand(route, ()) if rival is None else say_the_same(rival, route)
        if not stands:
            with pytest.raises(RouteConflict):
                self.table.announce(route)
        else:
            self.table.announce(route)
            if rival is None:
                self.network = attrs.evolve(self.network, routes=(*self.network.routes, route))

    @precondition(lambda self: self.network.routes)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        route = data.draw(st.sampled_from(self.network.routes))
        self.table.withdraw(route)
        rest = tuple(held for held in self.network.routes if held is not route)
        self.network = attrs.evolve(self.network, routes=rest)

    @rule(
        flipped=st.none() | connectors(),
        number=st.integers(0, 99),
        state=_STATES,
        place=st.sampled_from([None, None, *REGIONS, *COLOS]),
    )
    def set_health(self, flipped: Connector | None, number: int, state: Health | None, place: str | None) -> None:
        """Of one that has a route, or of any."""
        vias = [route.via for route in self.network.routes if not isinstance(route.via, ClientDevice)]
        connector = flipped or (vias[number % len(vias)] if vias else TUNNELS[0])
        self.table.set_health(connector, state, place=place)
        health = {key: value for key, value in self.network.health.items() if key != (connector, place)}
        self.network = attrs.evolve(
            self.network, health=health | ({} if state is None else {(connector, place): state})
        )

    @rule(name=names(), answers=st.one_of(_ANSWERS, st.none()))
    def set_hosts(self, name: str, answers: tuple[str, ...] | None) -> None:
        self.table.set_hosts(name, answers)
        hosts = {key: value for key, value in self.network.hosts.items() if key != name}
        self.network = attrs.evolve(self.network, hosts=hosts | ({} if answers is None else {name: answers}))

    @rule(default=st.sampled_from(VIRTUAL_NETWORKS))
    def set_default(self, default: Any) -> None:
        self.table.set_default(default.id)
        self.network = attrs.evolve(self.network, default=default)

    # Transactions

    @precondition(lambda self: len(self.open) < _DEEPEST)
    @rule()
    def begin(self) -> None:
        transaction = self.table.transaction()
        transaction.__enter__()
        self.open.append((transaction, self.network))

    @precondition(lambda self: self.open)
    @rule()
    def commit(self) -> None:
        transaction, _ = self.open.pop()
        transaction.__exit__(None, None, None)
        self.check(self.view)

    @precondition(lambda self: self.open)
    @rule()
    def roll_back(self) -> None:
        transaction, self.network = self.open.pop()
        transaction.__exit__(Abort, Abort(), None)
        self.check(self.view)

    # Answers

    @rule(vantage=vantages(services=False) | vantages(), keep=st.booleans())
    def compile(self, vantage: Vantage, keep: bool) -> None:
        resolver, asked = self.check(vantage), questions_about(self.network)
        if keep and len(self.kept) < _DEEPEST:
            self.kept.append((resolver, asked, [outcome(resolver, question) for question in asked]))

    @rule(data=st.data(), vantage=vantages())
    def resolve(self, data: st.DataObject, vantage: Vantage) -> None:
        asked: Sequence[Question] = data.draw(st.lists(questions(self.network.routes), min_size=1, max_size=4))
        check_compiled(self.table, vantage, asked)

    def check(self, vantage: Vantage) -> Resolver:
        """Compiles, and holds the answers against the rules and against the golden model."""
        resolver = self.table.compile(vantage)
        check_compiled(self.table, vantage, questions_about(self.network))
        if vantage.network_id is None:
            return resolver  # one tunnel takes all
        golden = golden_of(self.network, vantage)
        for ip in edges_of(self.network.routes):
            assert verdict(resolver, Question("resolve", ip)) == golden.address(ip), (vantage, ip)
        for name in names_around(self.network.routes):
            assert verdict(resolver, Question("resolve_fetch", f"http://{name}/")) == golden.name(name), (vantage, name)
        return resolver

    @invariant()
    def holds_what_was_announced(self) -> None:
        assert set(self.table) == set(self.network.routes)

    def teardown(self) -> None:
        while getattr(self, "open", ()):
            self.roll_back()
        for resolver, asked, before in getattr(self, "kept", ()):
            assert [outcome(resolver, question) for question in asked] == before


TestRoutingMachine = RoutingMachine.TestCase
TestRoutingMachine.settings = settings(
    max_examples=30 if COMPILED else 12,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    phases=PHASES,
)


@pytest.mark.long
def test_routing_machine_at_length() -> None:
    more = settings(TestRoutingMachine.settings, max_examples=2000, stateful_step_count=50)
    run_state_machine_as_test(RoutingMachine, settings=more)
