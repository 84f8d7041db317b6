"""What the policies do with an address: as a row, as a story in lines, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import attrs

from vpcroute.analysis.policies import PolicyAnswer, Stage, name_of, reasons, stages_of
from vpcroute.errors import RouteError, printable
from vpcroute.gateway import GatewayRule
from vpcroute.output.explanations import Line
from vpcroute.output.objects import answer_json
from vpcroute.output.tables import Note, Row
from vpcroute.output.words import clean, way_text
from vpcroute.policies.decision import Considered
from vpcroute.policies.dns import ResolverEffect
from vpcroute.policies.gateway import GatewayPolicies
from vpcroute.policies.logs import LogRecord
from vpcroute.policies.pipeline import Outcome
from vpcroute.policies.resolvers import Table, route_resolvers
from vpcroute.policies.truth import Missing, Unknown

__all__ = [
    "HEADER",
    "STORY_WIDTH",
    "decided_by",
    "log_json",
    "outcome_json",
    "policies_json",
    "policy_row",
    "stage_lines",
    "story",
]

HEADER: Final = ("address", "outcome", "decided by")
_STYLE: Final = {"allowed": "INTERNET", "unknown": "open"}
_GLOBAL: Final = "00000001-"
_NOT_DOCUMENTED: Final = "whether the policies apply to private destinations of Workers is not documented"
_NO_ADDRESS: Final = "its addresses are not known, so neither is its way"
#: How wide a story is where no terminal says.
STORY_WIDTH: Final = 100


# As a row


def policy_row(answer: PolicyAnswer) -> Row:
    """An answer in one line."""
    by = decided_by(answer)
    style = _STYLE.get(answer.final, "refused")
    return Row((clean(answer.address), answer.final, by or "—"), tuple(_notes(answer)), style)


def decided_by(answer: PolicyAnswer) -> str:
    """The stages that decide with their rules; empty where no rule does."""
    return clean("; ".join(_by(stage) for stage in answer.deciding))


def _by(stage: Stage) -> str:
    names = [name_of(candidate.rule) for candidate in stage.decision.candidates]
    return f"{stage.name}: {' or '.join(dict.fromkeys(names))}"


def _notes(answer: PolicyAnswer) -> Iterator[Note]:
    way = answer.resolution
    if isinstance(way, RouteError):
        if answer.finals & {"refused", "unreadable"}:
            yield Note("error", f"{way.code}: {clean(str(way))}")
    elif way.needs_dns and answer.finals != {"blocked"}:
        yield Note("open", _NO_ADDRESS)
    if answer.final == "unknown":
        yield Note("open", " or ".join(sorted(answer.finals)))
    if not answer.applies and answer.outcome is not None and answer.outcome.finals != {"allowed"}:
        yield Note("open", _NOT_DOCUMENTED)
    for missing in _missing(answer):
        yield Note("open", f"hangs on {_hangs(missing)}")


def _missing(answer: PolicyAnswer) -> list[Missing]:
    if answer.final != "unknown":
        return []
    return sorted(frozenset[Missing]().union(*[stage.decision.missing for stage in answer.deciding]))


def _hangs(missing: Missing) -> str:
    return f"{printable(missing.what)}: {missing.reason}"


# As a story


def story(
    gateway: GatewayPolicies, answer: PolicyAnswer, table: Table, title: str, width: int = STORY_WIDTH
) -> Iterator[Line]:
    """Route and policies of an address, every stage with every rule that was asked."""
    yield Line(clean(answer.address) or "''")
    yield Line(f"  {title}", "note")
    yield Line(f"  => {_verdict(answer)}", _STYLE.get(answer.final, "refused"))
    resolution = answer.resolution
    yield Line("")
    yield Line("route")
    if isinstance(resolution, RouteError):
        yield from _wrapped(f"{resolution.code}: {resolution}", "  ", width, "refused")
    else:
        yield Line(f"  {way_text(resolution.egress)}, dials {clean(str(resolution.target))}", resolution.offramp or "")
        if resolution.needs_dns:
            yield from _wrapped(_NO_ADDRESS, "  ", width, "open")
    if not answer.applies:
        yield from _wrapped(_NOT_DOCUMENTED, "  ", width, "open")
    if answer.outcome is not None:
        yield from _Story(gateway, table, width).stages(answer.outcome)


def _verdict(answer: PolicyAnswer) -> str:
    by = decided_by(answer)
    said = answer.final
    if said == "unknown":
        said += f" ({' or '.join(sorted(answer.finals))})"
    return clean(f"{said}; {by}" if by else said)


@attrs.frozen
class _Story:
    """How stages are told: by which policies and routes, and how wide."""

    gateway: GatewayPolicies
    table: Table
    width: int

    def stages(self, outcome: Outcome) -> Iterator[Line]:
        for stage in stages_of(outcome):
            yield Line("")
            yield Line(f"{stage.name}: {_outcome(stage)}", "")
            yield from self._effect(stage)
            for considered in stage.decision.considered:
                yield from self._rule(outcome, stage, considered)
            yield from self._defaults(stage)
        if outcome.next is not None and outcome.next.request is not None:
            yield Line("")
            yield Line(clean(f"then {outcome.next.request.method} {outcome.next.request.url}: {outcome.next.final}"))
            yield from self.stages(outcome.next)

    def _rule(self, outcome: Outcome, stage: Stage, considered: Considered) -> Iterator[Line]:
        rule = considered.rule
        open_ = isinstance(considered.match, Unknown)
        own = [one.effect for one in stage.decision.candidates if one.rule is rule]
        mark = "? " if open_ else "* " if own else "  "
        place = "global" if rule.id.startswith(_GLOBAL) else str(rule.precedence)
        would = f", would be {own[0].outcome}" if open_ and own else ""
        about = "open" if open_ else "" if own else "note"
        yield Line(clean(f"{mark}{place} {name_of(rule)} ({printable(rule.action)}){would}"), about)
        for reason in reasons(self.gateway, outcome, stage, considered):
            yield from _wrapped(reason, "      ", self.width, "open" if open_ else "note")

    def _defaults(self, stage: Stage) -> Iterator[Line]:
        """What happens where no rule matches, and what stands behind one that does."""
        candidates = stage.decision.candidates
        for one in candidates:
            if one.rule is None and (stage.decision.considered or one.missing):
                yield Line(f"{'* ' if len(candidates) == 1 else '? '}no rule: {one.effect.outcome}")
                for missing in sorted(one.missing):
                    yield from _wrapped(f"hangs on {_hangs(missing)}", "      ", self.width, "open")
        behind = self._behind(stage)
        if behind:
            yield Line(f"  {behind} more rule{'s' if behind > 1 else ''} behind it", "note")

    def _behind(self, stage: Stage) -> int:
        """How many of the account's rules stand behind the one that decides."""
        if not stage.ends or stage.decision.candidates[-1].rule is None:
            return 0
        asked = {id(considered.rule) for considered in stage.decision.considered}
        return sum(1 for read in self.gateway.account.rules[stage.filter] if id(read.rule) not in asked)

    def _effect(self, stage: Stage) -> Iterator[Line]:
        """What the stage does beside letting pass or not."""
        effect = stage.decision.effect
        if isinstance(effect, ResolverEffect):
            for resolver in route_resolvers(effect, self.table):
                way = "asked by Cloudflare"
                if resolver.refusal is not None:
                    way = f"not reached: {resolver.refusal.code}"
                elif resolver.resolution is not None:
                    way = f"through {way_text(resolver.resolution.egress)}"
                yield Line(clean(f"  {resolver.address} {way}"), "note")
        elif effect is not None:
            for name, value in _plain(effect).items():
                if name not in _SAID and value not in (None, [], False):
                    text = ", ".join(map(str, value)) if isinstance(value, list) else value
                    yield from _wrapped(f"{name.replace('_', ' ')} {text}", "  ", self.width, "note")


def _outcome(stage: Stage) -> str:
    decision = stage.decision
    return decision.outcome if len(decision.outcomes) == 1 else f"unknown, {' or '.join(sorted(decision.outcomes))}"


_SAID: Final = frozenset({"outcome", "phase", "rcode"})


def stage_lines(answer: PolicyAnswer) -> Iterator[Line]:
    """The stages in a line each, for the end of an explanation; nothing where none is reached."""
    if not answer.stages:
        return
    yield Line("")
    yield Line("policies")
    yield Line(f"  => {_verdict(answer)}", _STYLE.get(answer.final, "refused"))
    for note in _notes(answer):
        yield from _wrapped(note.text, "     ", STORY_WIDTH, note.about)
    width = max((len(stage.name) for stage in answer.stages), default=0)
    for stage in answer.stages:
        names = dict.fromkeys(name_of(candidate.rule) for candidate in stage.decision.candidates)
        by = f" by {' or '.join(names)}" if stage.decision.considered else ""
        yield from _wrapped(f"{_outcome(stage)}{by}", f"  {stage.name.ljust(width)}  ", STORY_WIDTH, "")


def _wrapped(text: str, label: str, width: int, about: str) -> Iterator[Line]:
    room = max(40, width - len(label))
    for line in textwrap.wrap(clean(text), room, break_long_words=False, break_on_hyphens=False) or [""]:
        yield Line(f"{label}{line}", about)
        label = " " * len(label)


# As JSON


def policies_json(gateway: GatewayPolicies, answer: PolicyAnswer) -> dict[str, Any]:
    """The object for an answer of ``vpcroute gateway``."""
    return {
        **answer_json(answer.address, answer.resolution),
        "policies": outcome_json(gateway, answer),
    }


def outcome_json(gateway: GatewayPolicies, answer: PolicyAnswer) -> dict[str, Any] | None:
    """What the policies do; None for what cannot be read."""
    return None if answer.outcome is None else _outcome_json(gateway, answer.outcome, answer)


def _outcome_json(gateway: GatewayPolicies, outcome: Outcome, answer: PolicyAnswer | None = None) -> dict[str, Any]:
    finals = outcome.finals if answer is None else answer.finals
    following = outcome.next
    request = outcome.request
    return {
        "final": next(iter(finals)) if len(finals) == 1 else "unknown",
        "finals": sorted(finals),
        "applies": None if answer is None else answer.applies,
        "request": None
        if request is None
        else {"target": str(request.target), "url": request.url, "method": request.method},
        "stages": [_stage_json(gateway, outcome, stage) for stage in stages_of(outcome)],
        "next": None if following is None else _outcome_json(gateway, following),
    }


def _stage_json(gateway: GatewayPolicies, outcome: Outcome, stage: Stage) -> dict[str, Any]:
    decision = stage.decision
    return {
        "stage": stage.name.lower(),
        "outcome": decision.outcome,
        "rule": _rule_json(decision.rule),
        "candidates": [
            {"rule": _rule_json(one.rule), "effect": _plain(one.effect), "missing": _missing_json(one.missing)}
            for one in decision.candidates
        ],
        "considered": [
            {
                "rule": _rule_json(one.rule),
                "match": None if isinstance(one.match, Unknown) else one.match,
                "because": one.because,
                "reasons": list(reasons(gateway, outcome, stage, one)),
            }
            for one in decision.considered
        ],
    }


def _rule_json(rule: GatewayRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"id": rule.id, "name": rule.name, "precedence": rule.precedence, "action": rule.action}


def _missing_json(missing: frozenset[Missing]) -> list[dict[str, str]]:
    return [attrs.asdict(one) for one in sorted(missing)]


def _plain(value: Any) -> Any:
    """An effect as JSON has it."""
    if attrs.has(type(value)):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, IPv4Address | IPv6Address) else value


def log_json(record: LogRecord) -> dict[str, Any]:
    """The object for a predicted log record."""
    return {
        "dataset": record.dataset,
        "predicted": True,
        "certain": record.certain,
        "assumed": sorted(record.assumed),
        "record": dict(record.fields),
    }
