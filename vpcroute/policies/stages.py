"""The rules of an account by the stage in which they are asked, each stage made for being asked often.

A :class:`Stage` asks its rules in turn, by the plain evaluator: it is the specification. An :class:`IndexedStage` finds
those that a request leaves possible (:mod:`vpcroute.policies.index`) and asks only these, as functions
(:mod:`vpcroute.policies.closures`); its answers are the same. Either way why each rule did not match is worked out, by
the plain evaluator, when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import accumulate
from typing import Final, TypeVar, cast

import attrs

from vpcroute.gateway import GatewayRule
from vpcroute.policies.activity import is_active
from vpcroute.policies.closures import all_hold, compiled, constantly
from vpcroute.policies.decision import (
    Candidate,
    Considered,
    Decision,
    Effect,
    candidates_of,
    decide,
    until_match,
)
from vpcroute.policies.facts import BY_HOST, DNS_CATEGORIES, Situation
from vpcroute.policies.global_rules import global_rules
from vpcroute.policies.guards import Way, ways_of, ways_of_all
from vpcroute.policies.index import Index
from vpcroute.policies.rules import Account, ReadRule
from vpcroute.policies.selectors import Filter
from vpcroute.policies.truth import Truth, Unknown, all_of, unknown
from vpcroute.policies.views import View

__all__ = ["Entry", "IndexedStage", "Stage", "Stages", "entries_of"]

E = TypeVar("E", bound=Effect)

_AFTER: Final = frozenset({"during", "after"})
_BODY: Final = "body"
_ISOLATION: Final = frozenset({"isolate", "noisolate"})
_PHASE: Final = unknown("phase", "whether it is asked before resolution, or after, hangs on fields that are not known")


@attrs.frozen(eq=False)
class Entry:
    """A rule in a stage.

    Attributes:
        read: the rule.
        asked_if: what must hold of a request for the rule to be asked at all; None for nothing.
        variant: what it sees of a request: see :func:`variant_of`.
        doubt: what makes a certain match of it an uncertain one, or None.
    """

    read: ReadRule
    asked_if: Callable[[Situation], bool] | None = None
    variant: int = 0
    doubt: Unknown | None = None

    @property
    def rule(self) -> GatewayRule:
        return self.read.rule

    def ask(self, view: View) -> Considered:
        """Whether the rule matches."""
        found = self.read.ask(view(self.variant))
        if self.doubt is not None and found.match is True:
            return Considered(self.rule, self.doubt, "phase")
        return found


#: What an egress rule sees.
_EGRESS: Final = 1
#: The fields that have other values for rules of another variant.
_VARYING: Final = DNS_CATEGORIES | BY_HOST.keys()


def variant_of(rule: GatewayRule) -> int:
    """What a DNS or resolver rule sees beside the categories of the name: 1 for those of the names that the answer led
    through, 2 for those of its addresses, 3 for both."""
    settings = rule.settings
    return (not settings.get("ignore_cname_category_matches")) + 2 * bool(settings.get("ip_categories"))


class Stage:
    """Rules in the order of their precedence, asked in turn."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Final = tuple(entries)

    @staticmethod
    def share(stages: Sequence[Stage]) -> None:
        """Tells stages that they are asked of the same views."""

    def asked(self, view: View) -> Iterator[Considered]:
        """The rules that are asked of a request, in order, with their answers."""
        for entry in self.entries:
            if entry.asked_if is None or entry.asked_if(view()):
                yield entry.ask(view)

    def decide(
        self,
        view: View,
        effect_of: Callable[[GatewayRule | None], E],
        default: tuple[Candidate[E], ...] | None = None,
    ) -> Decision[E]:
        """What the first rule that matches does; `default` is that of `effect_of`, made once for all requests."""
        return decide(self.asked(view), effect_of)

    def matches(self, view: View) -> Iterator[tuple[GatewayRule, Truth]]:
        """The rules that may match, in order, with their answers; perhaps others."""
        return ((one.rule, one.match) for one in self.asked(view))

    def open(self, view: View) -> Iterator[tuple[GatewayRule, Unknown]]:
        """The rules of which it is not known whether they match."""
        for rule, match in self.matches(view):
            if isinstance(match, Unknown):
                yield rule, match


class IndexedStage(Stage):
    """The same, without asking the rules that a look-up by the request's fields rules out."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        super().__init__(entries)
        self._index = SharedIndex([self])

    @staticmethod
    def share(stages: Sequence[Stage]) -> None:
        own = [stage for stage in stages if isinstance(stage, IndexedStage)]
        index = SharedIndex(own)
        for stage in own:
            stage._index = index

    @cached_property
    def _rows(self) -> int:
        return self._index.rows_of(self)

    def decide(
        self,
        view: View,
        effect_of: Callable[[GatewayRule | None], E],
        default: tuple[Candidate[E], ...] | None = None,
    ) -> Decision[E]:
        index, kept = self._index, view.kept
        left = (index.left(view) if kept is None or kept[0] is not index else kept[1]) & self._rows
        if left or default is None:
            default = candidates_of(index.asked(left, view) if left else (), effect_of)
        return Decision(default, partial(self._told, view))

    def _told(self, view: View) -> tuple[Considered, ...]:
        return tuple(until_match(self.asked(view)))

    def matches(self, view: View) -> Iterator[tuple[GatewayRule, Truth]]:
        return self._index.asked(self._index.left(view) & self._rows, view)


class SharedIndex:
    """One index for stages that know the same of a request, so that it is looked up once for all of them."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._entries: Final = tuple([entry for stage in stages for entry in stage.entries])
        ends = list(accumulate([len(stage.entries) for stage in stages], initial=0))
        self._numbers: Final = {id(stage): range(*ends[i : i + 2]) for i, stage in enumerate(stages)}

    @cached_property
    def _index(self) -> Index:
        return Index.of(
            (number, _ways(entry.read), _variants(entry))
            for number, entry in enumerate(self._entries)
            if entry.rule.enabled
        )

    @cached_property
    def _asked(self) -> tuple[int, tuple[tuple[Callable[[Situation], bool], int], ...]]:
        """The rows of the rules that are always asked, and those of the others, by what must hold of the request."""
        by_condition: dict[Callable[[Situation], bool] | None, set[int]] = {None: set()}
        for number, entry in enumerate(self._entries):
            by_condition.setdefault(entry.asked_if, set()).add(number)
        rows = {asked_if: self._index.rows_of(numbers) for asked_if, numbers in by_condition.items()}
        return rows[None], tuple([(asked_if, some) for asked_if, some in rows.items() if asked_if is not None])

    @cached_property
    def _closures(self) -> list[Callable[[View], Truth] | None]:
        return [None] * len(self._entries)  # each is made when its rule is first left possible

    def rows_of(self, stage: Stage) -> int:
        """The rows of the rules of a stage."""
        return self._index.rows_of(self._numbers[id(stage)])

    def left(self, view: View) -> int:
        """The rows of the rules that may match, of all stages."""
        kept = view.kept
        if kept is not None and kept[0] is self:
            return cast(int, kept[1])
        rows, others = self._asked
        for asked_if, some in others:
            if asked_if(view()):
                rows |= some
        rows = self._index.left(rows, view)
        view.kept = self, rows
        return rows

    def asked(self, rows: int, view: View) -> Iterator[tuple[GatewayRule, Truth]]:
        """The rules of some rows, in order, with their answers."""
        closures = self._closures
        for number in self._index.rules(rows):
            closure = closures[number]
            if closure is None:
                closure = closures[number] = _closure(self._entries[number])
            yield self._entries[number].read.rule, closure(view)


def _ways(read: ReadRule) -> tuple[Way, ...]:
    return ways_of_all(ways_of(condition) for condition in read.conditions.values())


def _variants(entry: Entry) -> Callable[[str], int]:
    """Which variant a rule sees of a field: of most there is one."""
    return lambda field: entry.variant if field in _VARYING else 0


def _closure(entry: Entry) -> Callable[[View], Truth]:
    """Whether a rule matches: as :meth:`Entry.ask` has it, without the reason."""
    rule, variant, doubt = entry.rule, entry.variant, entry.doubt
    parts = [compiled(condition) for condition in entry.read.conditions.values()]
    if entry.read.unread is not None:
        parts.append(constantly(entry.read.unread))
    holds = all_hold(parts)
    if doubt is None and rule.expiration is None and rule.schedule is None:
        return lambda view: holds(view(variant).value)

    def ask(view: View) -> Truth:
        situation = view(variant)
        active, _ = is_active(rule, situation.context.now, situation.context.time_zone)
        truth = all_of((active, holds(situation.value)))
        return doubt if doubt is not None and truth is True else truth

    return ask


class Stages:
    """All stages of an account.

    Attributes:
        account: the account.
        before, after: DNS rules that are asked before and after resolution; one of unknown fields is among both.
        resolver, egress, network: resolver, egress and network rules.
        bypass, isolation, http: HTTP rules: Do Not Inspect, isolation, and all others.
        bodies: those of `http` that may block by what is in the body.
    """

    def __init__(self, account: Account, make: type[Stage] = IndexedStage) -> None:
        self.account: Final = account
        dns = list(entries_of(account, "dns"))
        self.before: Final = make(_before(dns))
        self.after: Final = make(entry for entry in dns if entry.read.phases & {*_AFTER, "unknown"})
        self.resolver: Final = make(entries_of(account, "dns_resolver"))
        self.egress: Final = make(entries_of(account, "egress"))
        self.network: Final = make(entries_of(account, "l4"))
        http = list(entries_of(account, "http"))
        self.bypass: Final = make(entry for entry in http if entry.rule.action == "off")
        self.isolation: Final = make(entry for entry in http if entry.rule.action in _ISOLATION)
        rest = [entry for entry in http if entry.rule.action != "off" and entry.rule.action not in _ISOLATION]
        self.http: Final = make(rest)
        self.bodies: Final = make(e for e in rest if e.rule.action == "block" and _BODY in e.read.phases)
        make.share([self.before, self.resolver, self.after])
        make.share([self.egress, self.network, self.bypass, self.isolation, self.http, self.bodies])
        self._places: Final = {id(entry.rule): place for place, entry in reversed(list(enumerate(rest)))}

    def is_behind(self, rule: GatewayRule, other: GatewayRule) -> bool:
        """Whether an HTTP rule is asked later than another."""
        return self._places[id(rule)] > self._places[id(other)]


def entries_of(account: Account, filter_: Filter) -> Iterator[Entry]:
    """The rules of a kind in the order in which they are asked: the global ones first."""
    for read, asked_if in global_rules(filter_):
        yield Entry(read, asked_if, _variant(read, filter_))
    for read in account.rules[filter_]:
        yield Entry(read, None, _variant(read, filter_))


def _variant(read: ReadRule, filter_: Filter) -> int:
    if filter_ in ("dns", "dns_resolver"):
        return variant_of(read.rule)
    return _EGRESS if filter_ == "egress" else 0


def _before(dns: Iterable[Entry]) -> Iterator[Entry]:
    """The DNS rules that are asked before resolution, and those of which that is not known."""
    for entry in dns:
        phases = entry.read.phases
        if not phases & _AFTER:
            yield attrs.evolve(entry, doubt=_PHASE) if "unknown" in phases else entry
