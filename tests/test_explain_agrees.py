"""Explanations on random networks: never another answer than resolve's, true reasons, and ways that do work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from networks import EVERY_VANTAGE, NETWORK_VANTAGES, Question, questions
from test_agreement import examples, outcome, said, told

from vpcroute import (
    BgpRoute,
    DeviceAddress,
    HostnameRoute,
    Resolution,
    RouteError,
    SubnetRoute,
    Vantage,
    WanRoute,
)
from vpcroute.analysis.explain import Reader, explain
from vpcroute.analysis.explanation import (
    Condition,
    ConditionCode,
    Contender,
    Effect,
    Explanation,
    LossReason,
    Status,
    Way,
)
from vpcroute.fields import IPAddress
from vpcroute.precedence import RULES, effective_priority
from vpcroute.reference import Reference
from vpcroute.strategies import DEVICES, ONRAMPS, TUNNELS, Network, networks
from vpcroute.strategies.routes import edges_of, names_around, prefix_of

READERS: dict[str, Reader] = {"resolve": "any", "resolve_fetch": "fetch", "resolve_connect": "connect"}


def asked(network: Network, vantage: Vantage, question: Question) -> Explanation:
    options: dict[str, Any] = dict(question.options)
    return explain(network.table(), vantage, question.argument, reader=READERS[question.call], **options)


def apply(network: Network, vantage: Vantage, way: Way) -> tuple[Network, Vantage]:
    """What a way says, made true."""
    for condition in way:
        network, vantage = _made_true(network, vantage, condition)
    return network, vantage


def _made_true(network: Network, vantage: Vantage, c: Condition) -> tuple[Network, Vantage]:
    routes, mode = network.routes, vantage.routing_mode
    match c.code:
        case ConditionCode.BINDING:
            return network, Vantage(network_id=c.value, routing_mode=mode)
        case ConditionCode.VIRTUAL_NETWORK:
            return network, attrs.evolve(vantage, virtual_network=c.value)
        case ConditionCode.REGION:
            return network, attrs.evolve(vantage, region=c.value[-1])
        case ConditionCode.COLO:
            return network, attrs.evolve(vantage, colo=c.value[-1])
        case ConditionCode.ROUTING_MODE:
            return network, attrs.evolve(vantage, routing_mode=c.value)
        case ConditionCode.IN_FORCE:
            return attrs.evolve(network, routes=swapped(routes, c.routes[0], in_force=True)), vantage
        case ConditionCode.WILDCARD:
            return attrs.evolve(network, routes=swapped(routes, c.routes[0], match="both")), vantage
        case ConditionCode.WITHDRAWN:
            return attrs.evolve(network, routes=tuple(r for r in routes if r not in c.routes)), vantage
        case ConditionCode.HEALTHY | ConditionCode.DOWN:
            wanted = [c.value] if c.code is ConditionCode.HEALTHY else c.value
            named = [o for o in ONRAMPS if (o.id or o.name) in wanted]
            health = {key: state for key, state in network.health.items() if key[0] not in named}
            health |= dict.fromkeys(((o, None) for o in named), str(c.code))  # type: ignore[arg-type]
            return attrs.evolve(network, health=health), vantage
        case ConditionCode.OWNED:
            return attrs.evolve(network, routes=(*routes, DeviceAddress(c.value, DEVICES[0]))), vantage
        case ConditionCode.ANNOUNCED:
            added: Any = None
            if c.value[-1].isdigit() or ":" in c.value:
                there = network.table().stand(vantage).view
                assert there is not None
                added = SubnetRoute(c.value, TUNNELS[0], virtual_network=there.network.id)
            added = added or HostnameRoute(c.value, TUNNELS[0])
            return attrs.evolve(network, routes=(*routes, added)), vantage


def swapped(routes: Sequence[Any], old: object, **changes: Any) -> tuple[Any, ...]:
    return tuple(attrs.evolve(r, **changes) if r == old else r for r in routes)


def after(route: Any, way: Way) -> Any:
    """The route as it is once a way is made true."""
    changes: dict[ConditionCode, dict[str, Any]] = {
        ConditionCode.IN_FORCE: {"in_force": True},
        ConditionCode.WILDCARD: {"match": "both"},
    }
    for condition in way:
        route = attrs.evolve(route, **changes.get(condition.code, {}))
    return route


def wins(explanation: Explanation, route: object) -> bool:
    won = [c.route for c in explanation.candidates if c.status in (Status.WINS, Status.SHARES)]
    return route in won and isinstance(explanation.winner, Resolution)


def is_true(c: Contender, e: Explanation, network: Network) -> bool:
    """Whether the reason and its values are true, by comparisons of the test's own."""
    loss, route, view = c.lost_by, c.route, e.standpoint.view
    assert loss is not None
    if loss.reason is LossReason.TUNNEL_BINDING:
        return e.standpoint.tunnel is not None
    assert view is not None
    own, against = loss.own, loss.against
    default = view.network.is_default
    stopped = [r for r in network.routes if not getattr(r, "in_force", True)]
    owned = {str(r.address) for r in network.routes if isinstance(r, DeviceAddress)}
    decided = {d.route.pattern: d.route.match for d in e.candidates if isinstance(d.route, HostnameRoute)}
    match route:
        case SubnetRoute():
            facts = {
                LossReason.VIRTUAL_NETWORK: route.virtual_network != view.network.id and against == view.network.name,
                LossReason.LONGEST_PREFIX: route.network.prefixlen == own < against,
            }
        case WanRoute() | BgpRoute():
            rank, length = effective_priority(route, view.state(route.via)), route.prefix.prefixlen
            scope = (*getattr(route, "regions", ()), *getattr(route, "colos", ()))
            facts = {
                LossReason.LONGEST_PREFIX: length == own < against,
                LossReason.ZERO_TRUST_TIE: length == own == against and default,
                LossReason.LEGACY_ZERO_TRUST: length == own > against and default and view.mode == "legacy",
                LossReason.WAN_FALLBACK: not default,
                LossReason.SCOPE: scope == own and bool(scope) and not {view.region, view.colo} & {*scope},
                LossReason.PRIORITY: rank == own > against,
                LossReason.STATIC_BEFORE_BGP: rank == own == against and isinstance(route, BgpRoute),
            }
        case HostnameRoute():
            facts = {
                LossReason.HOSTNAME_EXACT: own == route.match != "exact" and against in decided.values(),
                LossReason.PATTERN_ORDER: own == route.pattern > against,
                LossReason.STORED_WILDCARD: own == route.match == "stored",
            }
        case _:
            facts = {}
    common = {
        LossReason.NOT_IN_FORCE: bool(stopped) and own == c.destination,
        LossReason.OWN_ADDRESS: against in owned,
        LossReason.RESERVED_RANGE: own == c.destination and "/" in against,
        LossReason.HOSTNAME_ROUTE: against in decided,
    }
    return bool({**common, **facts}[loss.reason])


def check(network: Network, vantage: Vantage, question: Question) -> None:
    table = network.table()
    expected = outcome(Reference(table, vantage), question)
    e = asked(network, vantage, question)
    assert told_or_said(e) == expected
    check_candidates(network, e)
    for c in e.candidates:
        if c.lost_by is not None:
            assert is_true(c, e, network), c
            assert c.lost_by.rule in RULES
        for way in c.would_win_if:
            assert way
            changed = apply(network, vantage, way)
            again = asked(*changed, question)
            assert wins(again, after(c.route, way)), (c, way)
    for mend in e.mend:
        again = asked(*apply(network, vantage, mend.way), question)
        assert isinstance(again.winner, Resolution), mend
    decided = [step.effect is Effect.DECIDED for step in e.steps]
    assert decided == [False] * (len(decided) - 1) + [True] * bool(decided)
    assert all(len(line) <= 100 for line in e.lines())
    json.dumps(e.to_json())


def check_candidates(network: Network, e: Explanation) -> None:
    """Everything that covers the address is there, and everything but the winners has a reason."""
    assert all((c.lost_by is None) == (c.status is not Status.LOST) for c in e.candidates)
    won = [c.route for c in e.candidates if c.status in (Status.WINS, Status.SHARES)]
    if isinstance(e.winner, RouteError):
        assert won == []
    elif e.winner.route is not None:
        assert e.winner.route in won
    else:
        assert won == []
    named = [repr(c.route) for c in e.candidates if isinstance(c.route, HostnameRoute)]
    if e.target is not None and not e.target.version and e.steps and e.standpoint.service is None:
        assert sorted(named) == sorted(map(repr, matching(network, e.target.host)))
    ip = e.winner.ip if isinstance(e.winner, Resolution) else None if e.target is None else e.target.ip
    if e.target is not None and e.target.version and e.steps and ip is not None:
        found = sorted(repr(c.route) for c in e.candidates if c.route is not None)
        assert found == sorted(map(repr, covering(network, ip)))
    if isinstance(e.winner, Resolution) and e.steps and e.winner.route is not None:
        order = [rule.code for rule in RULES]
        places = [order.index(step.rule.code) for step in e.steps]
        assert places == sorted(places)


def matching(network: Network, name: str) -> Iterable[object]:
    above = name.partition(".")[2]
    for route in network.routes:
        if isinstance(route, HostnameRoute):
            parts, labels = route.hostname.split("."), name.split(".")
            glob = route.match == "glob" and len(parts) == len(labels) and all(map(fnmatchcase, labels, parts))
            own = route.match in ("exact", "both", "stored") and route.hostname == name
            below = route.match in ("one_label", "both", "stored") and route.hostname == above
            if glob or own or below:
                yield route


def covering(network: Network, ip: IPAddress) -> Iterable[object]:
    for route in network.routes:
        prefix = prefix_of(route)
        if prefix is not None and ip.version == prefix.version and ip in prefix:
            yield route


@given(st.data())
@examples(80)
def test_an_explanation_never_disagrees_with_resolve(data: st.DataObject) -> None:
    network = data.draw(networks())
    vantage = data.draw(st.sampled_from(EVERY_VANTAGE))
    for _ in range(3):
        question = data.draw(questions(network.routes))
        if question.call in READERS:
            check(network, vantage, question)


@given(networks(max_routes=8), st.sampled_from(NETWORK_VANTAGES))
@examples(40)
def test_every_edge_and_every_name(network: Network, vantage: Vantage) -> None:
    table = network.table()
    reference, resolver = Reference(table, vantage), table.compile(vantage)
    for target in (*edges_of(network.routes)[::3], *names_around(network.routes)[::3]):
        question = Question("resolve", target if not isinstance(target, str) else f"{target}:443")
        e = explain(table, vantage, question.argument)
        assert told_or_said(e) == outcome(reference, question)
        check_candidates(network, e)
        check_compiled(e, resolver.explain(question.argument))


def check_compiled(by_table: Explanation, by_resolver: Explanation) -> None:
    """A resolver explains alike, but for what it does not carry."""
    assert told_or_said(by_table) == told_or_said(by_resolver)
    for name in ("address", "target", "reading", "suffixes", "steps"):
        assert getattr(by_table, name) == getattr(by_resolver, name)
    assert by_resolver.nearest == ()
    view = by_table.standpoint.view
    assert view is not None
    bare = [attrs.evolve(c, would_win_if=()) for c in by_resolver.candidates]
    assert [without_unseen(c, view.network.id) for c in by_table.candidates] == bare


def told_or_said(e: Explanation) -> object:
    return told(e.winner) if isinstance(e.winner, RouteError) else said(e.winner)


def without_unseen(c: Contender, network: str) -> Contender:
    """Without what a resolver cannot know: the routes of other virtual networks, and what they would do."""
    unseen = isinstance(c.route, SubnetRoute) and c.route.virtual_network != network
    return attrs.evolve(c, route=None if unseen else c.route, would_win_if=())
