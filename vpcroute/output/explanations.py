"""An explanation as lines of text and as JSON.

The text fits the width that is asked for, but for what has no spaces in it. What is from outside is escaped: in the
text where it is put together, in JSON when that is written.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from vpcroute.analysis.explanation import (
    Answer,
    Condition,
    Contender,
    Effect,
    Explanation,
    Loss,
    Mend,
    Near,
    Normalisation,
    Status,
    Step,
    Suffix,
    Way,
)
from vpcroute.analysis.weighing import called, listed, what
from vpcroute.announcements import Announcement
from vpcroute.errors import RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.outcomes import Outcome, Refusal
from vpcroute.output.objects import answer_json, egress_json, route_json
from vpcroute.output.rows import answer_row
from vpcroute.output.words import clean, describe, route_text, way_text
from vpcroute.precedence import Rule

__all__ = ["Line", "gist", "json_of", "lines_of"]

_NOTHING: Final = "nothing"
_WIDEST: Final = 24
_NARROWEST: Final = 24
_ALWAYS_SHOWN: Final = 2  # a route further up can match only as a pattern that Cloudflare refuses

#: What a paragraph is about, what stands before its first line, and its text, which is wrapped beside that.
_Block = tuple[str, str, str]


@attrs.frozen
class Line:
    """A line, safe to print, and what it is about: a key of :data:`vpcroute.output.tables.STYLES`, or nothing."""

    text: str
    about: str = ""


# As text


def lines_of(explanation: Explanation, width: int = 80) -> Iterator[Line]:
    """The lines of an explanation."""
    for about, label, text in _blocks(explanation):
        room = max(_NARROWEST, width - len(label))
        first, *more = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        yield Line(clean((label + first).rstrip()), about)
        for line in more:
            yield Line(clean(" " * len(label) + line), about)


def gist(explanation: Explanation) -> str:
    """What decided, in a line; nothing where the address was not read or a binding decides."""
    decided = [step for step in explanation.steps if step.effect is Effect.DECIDED]
    return clean(f"{decided[-1].rule.code}: {decided[-1].text}") if decided else ""


def _blocks(e: Explanation) -> Iterator[_Block]:
    yield "", "", e.address or "''"
    yield "note", "  ", f"from {describe(e.standpoint)}"
    yield from _winner(e.winner)
    if e.target is not None:
        yield from _titled(f"read as {e.target.scheme} to {e.target}", _rows((n.code, _change(n)) for n in e.reading))
    if e.suffixes:
        yield from _titled("hostname routes were looked for under", _suffixes(e.suffixes))
    if e.steps:
        yield from _titled("steps", _steps(e.steps))
    for answer in e.answers:
        yield from _titled(f"address {answer.address} ({answer.status.replace('_', ' ')})", _answer(answer))
    if e.candidates:
        yield from _titled("candidates", (block for c in e.candidates for block in _candidate(c)))
    if e.nearest:
        rows = _rows((f"{near.common} bits", _near(near)) for near in e.nearest)
        yield from _titled("nearest routes, by the leading bits in common", rows)
    if e.mend:
        yield from _titled("it would be reachable if", map(_mend, e.mend))


def _titled(title: str, blocks: Iterable[_Block]) -> Iterator[_Block]:
    yield "", "", ""
    yield "", "", title
    yield from blocks


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[_Block]:
    listed = list(rows)
    width = max((len(label) for label, _ in listed), default=0)
    return (("", f"  {label.ljust(min(width, _WIDEST))}  ", text) for label, text in listed)


def _winner(winner: Resolution | RouteError) -> Iterator[_Block]:
    row = answer_row("", winner)
    way = row.cells[1]
    if isinstance(winner, Resolution):
        by = "" if winner.route is None else f" by {route_text(winner.route)}"
        sure = "" if winner.guaranteed else ", not guaranteed"
        way = f"{way_text(winner.egress)}{by}{sure}"
    yield row.about, "  => ", way
    for note in row.notes:
        yield note.about, "     ", note.text


def _change(change: Normalisation) -> str:
    given, read = (printable(text) or _NOTHING for text in (change.given, change.read))
    return f"{given} -> {read}"


def _suffixes(suffixes: Sequence[Suffix]) -> Iterator[_Block]:
    """The name, the one above it, and what else has routes."""
    shown = [s for i, s in enumerate(suffixes) if i < _ALWAYS_SHOWN or s.matching or s.others]
    yield from _rows((suffix.name or ".", _suffix(suffix)) for suffix in shown)
    if len(shown) < len(suffixes):
        yield "", "  ", "nothing under the other names above it"


def _suffix(suffix: Suffix) -> str:
    fit = [f"{what(r)} ({r.match})" for r in suffix.matching]
    unfit = [f"{what(r)} ({r.match}) does not match" for r in suffix.others]
    return "; ".join([*fit, *unfit]) or "nothing there"


_MARKS: Final = {Effect.DECIDED: "* ", Effect.OPEN: "? "}


def _steps(steps: Sequence[Step]) -> Iterator[_Block]:
    width = max(len(step.rule.code) for step in steps)
    for step in steps:
        about = {Effect.PASSED: "note", Effect.OPEN: "open"}.get(step.effect, "")
        yield about, f"{_MARKS.get(step.effect, '  ')}{step.rule.code.ljust(width)}  ", step.text


def _answer(answer: Answer) -> Iterator[_Block]:
    outcome, last = answer.outcome, answer.steps[-1]
    if isinstance(outcome, Refusal):
        yield "refused", "  => ", f"{outcome.code}: {outcome.message}"
    else:
        by = "" if outcome.route is None else f" by {route_text(outcome.route)}"
        yield outcome.egress.offramp or "", "  => ", f"{way_text(outcome.egress)}{by}"
    yield "note", "     ", f"{last.rule.code}: {last.text}"


def _candidate(c: Contender) -> Iterator[_Block]:
    text = c.destination if c.route is None else what(c.route)
    if c.range is not None:
        text += f", {c.range.name}"
    elif c.virtual_network is not None:
        text += f", virtual network {printable(c.virtual_network)}"
    won = c.status in (Status.WINS, Status.SHARES) and c.route is not None
    about = c.route.via.offramp if won and c.route is not None else "refused" if c.status is Status.REFUSES else ""
    yield about, f"  {c.status.ljust(7)}  ", text
    if c.lost_by is not None:
        yield "note", " " * 11, f"{c.lost_by.reason}: {c.lost_by.text}"
    for way in c.would_win_if:
        yield "note", " " * 11, f"would win if {_way(way)}"


def _near(near: Near) -> str:
    vias = listed(called(route.via) for route in near.routes)
    return f"{near.prefix} through {vias}, {near.distance} away"


def _mend(mend: Mend) -> _Block:
    by = "" if mend.route is None else f" (by {what(mend.route)})"
    return "", "  - ", f"{_way(mend.way)}{by}"


def _way(way: Way) -> str:
    return " and ".join(condition.text for condition in way)


# As JSON


def json_of(e: Explanation) -> dict[str, Any]:
    """The object for an explanation; its keys are those that ``vpcroute explain --help`` lists."""
    vantage, view = e.standpoint.vantage, e.standpoint.view
    network = None if view is None else {"id": view.network.id, "name": view.network.name}
    return {
        "address": e.address,
        "from": {
            "network_id": vantage.network_id,
            "tunnel_id": vantage.tunnel_id,
            "service_id": vantage.service_id,
            "virtual_network": network,
            "region": vantage.region,
            "colo": vantage.colo,
            "routing_mode": None if view is None else view.mode,
        },
        "answer": answer_json(e.address, e.winner),
        "read_as": None if e.target is None else {"scheme": e.target.scheme, "target": str(e.target)},
        "reading": [{"code": str(n.code), "given": n.given, "read": n.read} for n in e.reading],
        "suffixes": [
            {"name": s.name, "matching": [*map(route_json, s.matching)], "others": [*map(route_json, s.others)]}
            for s in e.suffixes
        ],
        "steps": [*map(_step_json, e.steps)],
        "candidates": [*map(_candidate_json, e.candidates)],
        "answers": [*map(_answer_json, e.answers)],
        "nearest": [*map(_near_json, e.nearest)],
        "mend": [{"if": _way_json(mend.way), "route": _via_json(mend.route)} for mend in e.mend],
    }


def _rule_json(rule: Rule) -> dict[str, str]:
    return {"code": rule.code, "statement": rule.statement, "basis": rule.basis, "source": rule.source}


def _step_json(step: Step) -> dict[str, Any]:
    routes = [*map(_via_json, step.routes)]
    return {"rule": _rule_json(step.rule), "effect": str(step.effect), "text": step.text, "routes": routes}


def _via_json(route: Announcement | None) -> dict[str, Any] | None:
    """A route with its egress."""
    fields = route_json(route)
    return None if route is None or fields is None else {**fields, "egress": egress_json(route.via)}


def _candidate_json(c: Contender) -> dict[str, Any]:
    return {
        "destination": c.destination,
        "status": str(c.status),
        "route": _via_json(c.route),
        "range": None if c.range is None else {"network": str(c.range.network), "name": c.range.name},
        "virtual_network": c.virtual_network,
        "lost_by": None if c.lost_by is None else _loss_json(c.lost_by),
        "would_win_if": [*map(_way_json, c.would_win_if)],
    }


def _loss_json(loss: Loss) -> dict[str, Any]:
    own, against = map(_plain, (loss.own, loss.against))
    return {"reason": str(loss.reason), "rule": loss.rule.code, "own": own, "against": against, "text": loss.text}


def _way_json(way: Way) -> list[dict[str, Any]]:
    return [*map(_condition_json, way)]


def _condition_json(c: Condition) -> dict[str, Any]:
    return {"code": str(c.code), "value": _plain(c.value), "text": c.text, "routes": [*map(_via_json, c.routes)]}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _near_json(near: Near) -> dict[str, Any]:
    routes = [*map(_via_json, near.routes)]
    return {"prefix": str(near.prefix), "routes": routes, "common": near.common, "distance": near.distance}


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Refusal):
        return {"error": {"code": outcome.code, "message": outcome.message, "hint": outcome.hint}}
    egress, route = outcome.egress, outcome.route
    return {"offramp": egress.offramp, "egress": egress_json(egress), "route": route_json(route)}


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "address": answer.address,
        "status": str(answer.status),
        **_outcome_json(answer.outcome),
        "steps": [*map(_step_json, answer.steps)],
        "candidates": [*map(_candidate_json, answer.candidates)],
    }
