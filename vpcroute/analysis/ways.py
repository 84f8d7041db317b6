"""What else would have to be true for a candidate to win, found by asking the rules again with that made true.

Nothing is concluded: each way is tried on the candidates and the view, and stands here only if the candidate wins then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from vpcroute.address import Target
from vpcroute.analysis.explanation import Condition, Way
from vpcroute.analysis.explanation import ConditionCode as Code
from vpcroute.analysis.sources import Source
from vpcroute.analysis.weighing import Case, called, deciders, holds, listed, what
from vpcroute.announcements import Announcement, BgpRoute, SubnetRoute, VirtualNetwork, WanRoute
from vpcroute.egress import Connector, Health
from vpcroute.errors import printable
from vpcroute.outcomes import destination_text
from vpcroute.precedence import AddressCandidates, Level
from vpcroute.vantage import CF1_NETWORK, RoutingMode

__all__ = ["BY_BINDING", "in_network", "is_in_force", "replaced", "through", "ways", "withdrawn"]

_MOST_WAYS: Final = 6
_MOST_WITHDRAWN: Final = 8

#: The condition that a tunnel or service binding leaves open.
BY_BINDING: Final = Condition(Code.BINDING, CF1_NETWORK, f"it is asked through {CF1_NETWORK}")


@attrs.frozen(eq=False)
class _Try:
    """A case after some conditions were made true."""

    route: Announcement
    case: Case
    way: Way = ()

    def also(self, condition: Condition, case: Case, route: Announcement | None = None) -> _Try:
        return _Try(route or self.route, case, (*self.way, condition))

    def wins(self) -> bool:
        return _wins(self.route, deciders(self.case))


def ways(route: Announcement, case: Case, target: Target, source: Source, *, before: Way = ()) -> tuple[Way, ...]:
    """The ways for a route that covers an address to win there.

    Args:
        route: the route; a subnet route may be of another virtual network than the case.
        case: what covers the address, and from where.
        target: the address.
        source: where candidates of other virtual networks come from.
        before: conditions that are true in the case but not in the question.
    """
    found: list[Way] = []
    for must in _with_all_it_takes(_Try(route, case, before), target, source):
        if must.wins():
            found += [must.way] if must.way else []
            continue
        found += [other.way for other in _with_a_change(must, target, source) if other.wins()]
        gone = _withdrawals(must)
        if gone is not None:
            found.append((*must.way, withdrawn(gone)))
    return tuple(_merged(found))[:_MOST_WAYS]


def _wins(route: Announcement, found: Sequence[Announcement]) -> bool:
    return holds(route, found) and all(map(is_in_force, found))


def is_in_force(route: Announcement) -> bool:
    """Whether a route carries what it captures."""
    return getattr(route, "in_force", True)


def withdrawn(routes: Iterable[Announcement]) -> Condition:
    """The condition that some routes are withdrawn."""
    gone = tuple(routes)
    verb = "is" if len(gone) == 1 else "are"
    return Condition(Code.WITHDRAWN, None, f"{' and '.join(map(what, gone))} {verb} withdrawn", gone)


def in_network(network: VirtualNetwork) -> Condition:
    """The condition that a virtual network is asked from."""
    return Condition(Code.VIRTUAL_NETWORK, network.id, f"it is asked in virtual network {printable(network.name)}")


def through(route: Announcement) -> Condition:
    """The condition that a route is in force."""
    return Condition(Code.IN_FORCE, None, f"the route to {destination_text(route)} is in force", (route,))


def _with_all_it_takes(tried: _Try, target: Target, source: Source) -> Iterator[_Try]:
    """The case with everything made true without which the route is not even a candidate that carries something."""
    route, case = tried.route, tried.case
    if isinstance(route, SubnetRoute) and route.virtual_network != case.view.network.id:
        moved = _moved(tried, str(route.virtual_network), target, source)
        if moved is None:
            return
        tried = moved
    if not is_in_force(route):
        assert isinstance(route, (SubnetRoute, WanRoute, BgpRoute))  # noqa: S101  (an address of its own always is)
        working = attrs.evolve(route, in_force=True)
        case = attrs.evolve(tried.case, candidates=replaced(tried.case.candidates, route, working))
        tried = tried.also(through(route), case, working)
    if isinstance(tried.route, WanRoute) and not tried.case.view.sees(tried.route):
        yield from _in_places(tried, tried.route)
    else:
        yield tried


def _in_places(tried: _Try, route: WanRoute) -> Iterator[_Try]:
    view = tried.case.view
    for region in route.regions:
        condition = Condition(Code.REGION, (region,), "")
        yield tried.also(condition, attrs.evolve(tried.case, view=attrs.evolve(view, region=region)))
    for colo in route.colos:
        condition = Condition(Code.COLO, (colo,), "")
        yield tried.also(condition, attrs.evolve(tried.case, view=attrs.evolve(view, colo=colo)))


def _moved(tried: _Try, network: str, target: Target, source: Source) -> _Try | None:
    """The case in another virtual network, where that can be looked in."""
    known = source.network(network)
    if known is None:
        return None
    view = attrs.evolve(tried.case.view, network=known)
    return tried.also(in_network(known), Case(source.candidates(target, view), view))


def _with_a_change(tried: _Try, target: Target, source: Source) -> Iterator[_Try]:
    """The case with one more thing changed that is not the announcements."""
    view = tried.case.view
    if isinstance(tried.route, (WanRoute, BgpRoute)):
        via = tried.route.via
        if view.state(via) != "healthy":
            condition = Condition(Code.HEALTHY, via.id or via.name, f"{called(via)} is healthy")
            yield tried.also(condition, _in_state(tried.case, [via], "healthy"))
        onramps = list(dict.fromkeys(r.via for r in deciders(tried.case) if isinstance(r, (WanRoute, BgpRoute))))
        if onramps and via not in onramps:
            text = f"{listed(map(called, onramps), ' and ')} {'is' if len(onramps) == 1 else 'are'} down"
            condition = Condition(Code.DOWN, tuple(o.id or o.name for o in onramps), text)
            yield tried.also(condition, _in_state(tried.case, onramps, "down"))
        default = None if view.network.is_default else source.default()
        moved = None if default is None else _moved(tried, default.id, target, source)
        if moved is not None:
            yield moved
    other: RoutingMode = "legacy" if view.mode == "unified" else "unified"
    condition = Condition(Code.ROUTING_MODE, other, f"the routing mode is {other}")
    yield tried.also(condition, attrs.evolve(tried.case, view=attrs.evolve(view, mode=other)))


def _in_state(case: Case, connectors: Iterable[Connector], state: Health) -> Case:
    """The case with some connectors in one state everywhere."""
    health: dict[Connector, Mapping[str | None, Health]] = {**case.view.health}
    health.update({connector: {None: state} for connector in connectors})
    return attrs.evolve(case, view=attrs.evolve(case.view, health=health))


def _withdrawals(tried: _Try) -> list[Announcement] | None:
    """What has to go for the route to win: what wins before it, again and again; None where that does not help."""
    gone: list[Announcement] = []
    case = tried.case
    while True:
        found = deciders(case)
        if _wins(tried.route, found):
            return gone
        shares = holds(tried.route, found)
        blocking = [r for r in found if r is not tried.route and not (shares and is_in_force(r))]
        if not blocking or len(gone) + len(blocking) > _MOST_WITHDRAWN:
            return None
        gone += blocking
        for route in blocking:
            case = attrs.evolve(case, candidates=replaced(case.candidates, route, None))


def replaced(c: AddressCandidates, old: Announcement, new: Any) -> AddressCandidates:
    """The candidates with another route of its kind in the place of one, or with none in place of it."""
    if old is c.owner:
        return attrs.evolve(c, owner=new)
    put = () if new is None else (new,)
    levels = []
    for level in c.levels:
        zero_trust = new if level.zero_trust is old else level.zero_trust
        wan = [route for each in level.wan for route in (put if each is old else (each,))]
        levels.append(Level(level.length, zero_trust, wan))
    return attrs.evolve(c, levels=levels)


def _merged(found: Iterable[Way]) -> Iterator[Way]:
    """The ways, each once, those that differ only in the place as one."""
    together: dict[Way, list[str]] = {}
    for way in found:
        places = together.setdefault(tuple(_anywhere(condition) for condition in way), [])
        places += [place for c in way if c.code in _PLACES for place in c.value if place not in places]
    for way, places in together.items():
        yield tuple(_at(c.code, places) if c.code in _PLACES else c for c in way)


def _anywhere(condition: Condition) -> Condition:
    return attrs.evolve(condition, value=()) if condition.code in _PLACES else condition


_PLACES: Final = {Code.REGION: "region", Code.COLO: "data centre"}


def _at(code: Code, places: Sequence[str]) -> Condition:
    return Condition(code, tuple(places), f"it is asked from {_PLACES[code]} {' or '.join(places)}")
