"""Why an address goes where it goes: how it was read, each step of the decision, the winner, and every other candidate.

The answer is asked for like any other, so an explanation never disagrees with it; around it is gathered what the answer
came from, by the same functions that decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, Literal

import attrs

from vpcroute.address import Target, read_any, read_connect, read_fetch
from vpcroute.analysis.explanation import (
    Answer,
    AnswerStatus,
    Condition,
    ConditionCode,
    Contender,
    Effect,
    Explanation,
    Loss,
    LossReason,
    Mend,
    Normalisation,
    NormalisationCode,
    Status,
    Step,
    Way,
)
from vpcroute.analysis.naming import Found, best, contenders, lookup, suffixes, ways_of, without_all
from vpcroute.analysis.sources import Compiled, Elsewhere, Source, Table
from vpcroute.analysis.spelling import normalisations
from vpcroute.analysis.steps import address_steps, step
from vpcroute.analysis.ways import BY_BINDING, is_in_force, replaced, ways, withdrawn
from vpcroute.analysis.weighing import Case, called, deciders, each_route, loss_of, lost
from vpcroute.announcements import Announcement, HostnameRoute, SubnetRoute
from vpcroute.credentials import shown
from vpcroute.egress import Tunnel
from vpcroute.errors import RouteError, printable
from vpcroute.fib.resolution import Resolution, read_answers
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import is_dns_name
from vpcroute.limits import MOST_ANSWERS
from vpcroute.outcomes import Decision, Outcome, Refusal, decide_address, destination_text
from vpcroute.precedence import View
from vpcroute.ranges import Range
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["Reader", "explain", "explain_compiled"]

Reader = Literal["any", "fetch", "connect"]

_MOST_MENDS: Final = 5
_READERS: Final[dict[Reader, tuple[str, Any]]] = {
    "any": ("resolve", read_any),
    "fetch": ("resolve_fetch", read_fetch),
    "connect": ("resolve_connect", read_connect),
}


def explain(
    table: RouteTable,
    vantage: Vantage,
    address: object,
    answers: Iterable[object] | None = None,
    *,
    reader: Reader = "any",
) -> Explanation:
    """Why an address goes where it goes, by a table as it is.

    Args:
        table: the table.
        vantage: from where it is asked.
        address: what :meth:`RouteTable.resolve` takes.
        answers: the addresses of the name, in order, where they are known; None takes the table's ``hosts``.
        reader: how the address is read: as ``resolve``, ``resolve_fetch`` or ``resolve_connect`` reads it.

    Raises:
        InvalidVantage: for what the table does not know.
        TypeError: for an address of another type.
    """
    with table.reading():
        return _explained(Table(table, vantage), address, answers, reader)


def explain_compiled(
    resolver: Resolver, address: object, answers: Iterable[object] | None = None, *, reader: Reader = "any"
) -> Explanation:
    """The same by what a resolver carries of the table that it was compiled from.

    Of routes in other virtual networks it knows only that they are there: such a candidate has no ``route``, and
    nothing says what would make it win. ``nearest`` is empty, and so are the candidates of a tunnel or service binding.

    Raises:
        RouteError: ``routes_not_saved`` for a resolver from a file.
    """
    return _explained(Compiled(resolver), address, answers, reader)


def _explained(source: Source, address: object, answers: Iterable[object] | None, reader: Reader) -> Explanation:
    asked, stand = shown(address), source.stand
    if answers is not None and not isinstance(answers, (str, bytes)):
        answers = list(islice(answers, MOST_ANSWERS + 1))  # which is gone through twice
    call, read = _READERS[reader]
    try:
        target: Target = read(address)
    except RouteError as error:
        return Explanation(asked, stand, error)
    winner: Resolution | RouteError
    try:
        winner = source.resolve(call, address, answers)
    except RouteError as error:
        winner = error
    made = Explanation(asked, stand, winner, target, normalisations(address, target))
    if stand.tunnel is not None:
        return _by_binding(made, source, stand.tunnel)
    assert source.view is not None  # noqa: S101  (no tunnel, no service: the whole network)
    if target.version:
        return _with_address(made, _address(source, target, source.view), source)
    if not is_dns_name(target.host):
        return made
    return _with_name(made, source, target, source.view, source.known(target.host) if answers is None else answers)


# An address


@attrs.frozen(eq=False)
class _Address:
    """One address, explained."""

    target: Target
    case: Case
    outcome: Outcome
    steps: tuple[Step, ...]
    candidates: tuple[Contender, ...]


def _address(source: Source, target: Target, view: View) -> _Address:
    case = Case(source.candidates(target, view), view)
    elsewhere = source.elsewhere(target, view)
    outcome = decide_address(case.candidates, view)
    steps = address_steps(target, case, elsewhere, outcome)
    return _Address(target, case, outcome, steps, tuple(_weighed(_Asked(source, target, case), elsewhere)))


@attrs.frozen(eq=False)
class _Asked:
    """An address, what covers it, and what holds there but not in the question."""

    source: Source
    target: Target
    case: Case
    before: Way = ()


def _weighed(asked: _Asked, elsewhere: Sequence[Elsewhere]) -> list[Contender]:
    """Every candidate for an address and what became of it, the winners first."""
    won = deciders(asked.case)
    sharing = Status.SHARES if len(won) > 1 else Status.WINS
    found = []
    for each in _all(asked.case, elsewhere):
        loss = loss_of(each, asked.case, won)
        status = Status.LOST if loss is not None else Status.REFUSES if isinstance(each, Range) else sharing
        found.append(_contender(asked, each, status, loss))
    return sorted(found, key=lambda c: c.status is Status.LOST)


def _all(case: Case, elsewhere: Sequence[Elsewhere]) -> list[Announcement | Range | Elsewhere]:
    reserved = case.candidates.reserved
    return [*([] if reserved is None else [reserved]), *each_route(case.candidates), *elsewhere]


def _contender(asked: _Asked, each: Announcement | Range | Elsewhere, status: Status, loss: Loss | None) -> Contender:
    names = asked.case.view.network_names
    if isinstance(each, Range):
        return Contender(str(each.network), range=each, status=status, lost_by=loss)
    if isinstance(each, Elsewhere) and each.route is None:
        name = names.get(each.network, each.network)
        return Contender(str(each.prefix), virtual_network=name, status=status, lost_by=loss)
    route = each.route if isinstance(each, Elsewhere) else each
    assert route is not None  # noqa: S101  (it is not elsewhere, or known)
    id_ = str(route.virtual_network) if isinstance(route, SubnetRoute) else None
    network = None if id_ is None else names.get(id_, id_)
    found = () if loss is None else ways(route, asked.case, asked.target, asked.source, before=asked.before)
    return Contender(destination_text(route), route, None, network, status, loss, found)


def _with_address(made: Explanation, there: _Address, source: Source) -> Explanation:
    if isinstance(there.outcome, Decision):
        return attrs.evolve(made, steps=there.steps, candidates=there.candidates)
    case = there.case
    sought = case.candidates.owner is None and case.candidates.reserved is None and not deciders(case)
    return attrs.evolve(
        made,
        steps=there.steps,
        candidates=there.candidates,
        nearest=source.near(there.target, case.view) if sought else (),
        mend=_mends(there),
    )


def _mends(there: _Address) -> tuple[Mend, ...]:
    """What would make a refused address reachable."""
    host, c, view = there.target.host, there.case.candidates, there.case.view
    found = _mends_of(there.candidates)
    won = deciders(there.case)
    stopped = [route for route in won if not is_in_force(route)]
    if stopped:
        without = c
        for route in stopped:
            without = replaced(without, route, None)
        if isinstance(decide_address(without, view), Decision):
            found.append(Mend((withdrawn(stopped),)))
    elif c.reserved is not None and c.reserved.reserved == "device":
        found.append(Mend((Condition(ConditionCode.OWNED, host, f"a device or Mesh node has {host}"),)))
    elif c.reserved is None and not won:
        text = f"a route that covers {host} is announced in virtual network {printable(view.network.name)}"
        found.append(Mend((Condition(ConditionCode.ANNOUNCED, host, text),)))
    return tuple(found)


def _mends_of(candidates: Iterable[Contender]) -> list[Mend]:
    """The ways of those that would carry it."""
    return [Mend(way, c.route) for c in candidates if c.lost_by is not None for way in c.would_win_if][:_MOST_MENDS]


# A name


def _with_name(
    made: Explanation, source: Source, target: Target, view: View, answers: Iterable[object] | None
) -> Explanation:
    name = target.host
    found = lookup(source, name)
    made = attrs.evolve(made, suffixes=suffixes(name, found))
    decider, named = best(name, found), contenders(name, found)
    known = _known(answers, target)
    if decider is not None:
        there = [_address(source, each, view) for each in known or ()]
        behind = _behind(there, name, found, decider)
        made = attrs.evolve(made, steps=_steps_by_name(decider, named), candidates=(*named, *behind))
        if isinstance(made.winner, RouteError):
            made = attrs.evolve(made, mend=tuple(_mends_of(named)))
        return made
    passed = step("hostname_route", Effect.PASSED, f"no hostname route matches {name}")
    if named:
        text = f"whether {named[0].destination} takes the name is not known: its record may be a wildcard"
        passed = step("hostname_route", Effect.OPEN, text)
    if known is None:
        text = "its addresses are not known: Gateway resolves the name"
        if isinstance(made.winner, RouteError):
            text = "what is said to be an address of it is none"
        last = step("name_addresses", Effect.DECIDED, text)
        return attrs.evolve(made, steps=(passed, last), candidates=tuple(named))
    there = [_address(source, each, view) for each in known]
    return _by_answers(attrs.evolve(made, steps=(passed,), candidates=tuple(named)), source, there)


def _known(answers: Iterable[object] | None, target: Target) -> list[Target] | None:
    """The known addresses, or None where they are not known or not all of them are addresses."""
    if answers is None or isinstance(answers, (str, bytes)):
        return None
    try:
        return read_answers(answers, target)
    except (RouteError, TypeError):
        return None


def _steps_by_name(decider: HostnameRoute, named: Sequence[Contender]) -> tuple[Step, ...]:
    text = f"{decider.pattern} takes the name: it goes through {called(decider.via)}"
    steps = [step("hostname_route", Effect.APPLIED, text, [decider])]
    beaten = [c.destination for c in named if c.lost_by is not None and c.lost_by.reason is LossReason.HOSTNAME_EXACT]
    if beaten:
        steps.append(step("hostname_exact", Effect.APPLIED, f"it comes before {', '.join(beaten)}", [decider]))
    if not decider.in_force:
        steps.append(step("not_in_force", Effect.APPLIED, f"{decider.pattern} carries nothing", [decider]))
    return (*steps[:-1], attrs.evolve(steps[-1], effect=Effect.DECIDED))


def _behind(there: Sequence[_Address], name: str, found: Found, decider: HostnameRoute) -> list[Contender]:
    """The candidates for the known addresses of a name that a hostname route decides."""
    gone = withdrawn(without_all(name, found))
    first = next((address for address in there if isinstance(address.outcome, Decision)), None)
    result: dict[tuple[object, ...], Contender] = {}
    for address in there:
        for c in address.candidates:
            text = f"{decider.pattern} decides for the name before any address is looked at"
            loss = lost(LossReason.HOSTNAME_ROUTE, c.destination, decider.pattern, text)
            wins = address is first and c.status in (Status.WINS, Status.SHARES)
            way = ((gone,),) if wins else ()
            key = c.destination, c.virtual_network, id(c.route)
            if wins or key not in result:
                result[key] = attrs.evolve(c, status=Status.LOST, lost_by=loss, would_win_if=way)
    return list(result.values())


def _by_answers(made: Explanation, source: Source, there: Sequence[_Address]) -> Explanation:
    assert made.target is not None  # noqa: S101  (it was read)
    name = made.target.host
    named = Mend((Condition(ConditionCode.ANNOUNCED, name, f"a hostname route for {name} is announced"),))
    if not there:
        last = step("name_addresses", Effect.DECIDED, "the name has no address")
        mends = (*_mends_of(made.candidates), named)
        return attrs.evolve(made, steps=(*made.steps, last), mend=mends)
    chosen = next((address for address in there if isinstance(address.outcome, Decision)), there[0])
    routed = isinstance(chosen.outcome, Decision)
    said = (
        f"{chosen.target.host} is the first with a way"
        if routed
        else "none has a way, and the first one's error counts"
    )
    text = f"{'its address' if len(there) == 1 else f'of its {len(there)} addresses'}: {said}"
    made = attrs.evolve(
        made,
        steps=(*made.steps, step("name_addresses", Effect.APPLIED, text)),
        answers=tuple(_answer(address, chosen) for address in there),
    )
    whole = _with_address(made, chosen, source)
    mends = (*_mends_of(made.candidates), *whole.mend, named) if not routed else ()
    return attrs.evolve(
        whole,
        steps=(*made.steps, *whole.steps),
        candidates=tuple(sorted((*whole.candidates, *made.candidates), key=lambda c: c.status is Status.LOST)),
        mend=mends,
    )


def _answer(address: _Address, chosen: _Address) -> Answer:
    outcome = address.outcome
    if isinstance(outcome, Refusal):
        status = AnswerStatus.REFUSED
    elif address is chosen:
        status = AnswerStatus.DECIDES
    else:
        same = isinstance(chosen.outcome, Decision) and outcome.egress == chosen.outcome.egress
        status = AnswerStatus.SAME_WAY if same else AnswerStatus.ELSEWHERE
    return Answer(address.target.host, status, outcome, address.steps, address.candidates)


# A tunnel or service binding


def _by_binding(made: Explanation, source: Source, tunnel: Tunnel) -> Explanation:
    if isinstance(made.winner, RouteError):
        return made
    target, stand = made.winner.target, source.stand
    text = f"everything goes through tunnel {called(tunnel)}"
    if stand.service is not None:
        text = f"service {printable(stand.service.name)} stands behind tunnel {called(tunnel)}"
        change = Normalisation(NormalisationCode.SERVICE_HOST, str(made.target), str(target))
        made = attrs.evolve(made, reading=(*made.reading, change))
    made = attrs.evolve(made, steps=(step("tunnel_binding", Effect.DECIDED, text),))
    if source.view is None:
        return made
    view = source.view
    if target.version:
        asked = _Asked(source, target, Case(source.candidates(target, view), view), (BY_BINDING,))
        found = [
            _contender(asked, each, Status.LOST, _bound(each, tunnel))
            for each in _all(asked.case, source.elsewhere(target, view))
        ]
    else:
        routes = lookup(source, target.host) if is_dns_name(target.host) else ()
        made = attrs.evolve(made, suffixes=suffixes(target.host, routes))
        found = [
            attrs.evolve(
                c,
                status=Status.LOST,
                lost_by=_bound(c.route, tunnel),
                would_win_if=ways_of(c.route, target.host, routes, (BY_BINDING,)),
            )
            for c in contenders(target.host, routes)
            if isinstance(c.route, HostnameRoute)
        ]
    if stand.service is not None:  # through another binding its host is asked for, not the service's
        found = [attrs.evolve(c, would_win_if=()) for c in found]
    return attrs.evolve(made, candidates=tuple(found))


def _bound(each: Announcement | Range | Elsewhere | None, tunnel: Tunnel) -> Loss:
    route = each.route if isinstance(each, Elsewhere) else each
    via = None if route is None or isinstance(route, Range) else route.via
    own = None if via is None else called(via)
    if via == tunnel:
        text = f"the binding is tunnel {called(tunnel)} itself; routes have no say"
    else:
        text = f"not the tunnel of the binding, {called(tunnel)}"
    return lost(LossReason.TUNNEL_BINDING, own, called(tunnel), text)
