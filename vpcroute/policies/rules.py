"""An account's rules, lists and settings, read once: each rule's conditions checked, each in its place.

A rule that cannot be read in full is kept: what is not known of it makes it a rule of which it is not known whether it
matches, never one that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from uuid import UUID

import attrs

from vpcroute.errors import printable, quoted
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies.activity import is_active
from vpcroute.policies.checker import ListItems, Notice, check
from vpcroute.policies.conditions import Condition, Undecided, evaluate, fields_of
from vpcroute.policies.decision import Considered
from vpcroute.policies.facts import DNS_CATEGORIES, Situation
from vpcroute.policies.parser import parse
from vpcroute.policies.selectors import FILTERS, SELECTORS, Filter
from vpcroute.policies.syntax import InvalidExpression
from vpcroute.policies.truth import Truth, Unknown, unknown

if TYPE_CHECKING:
    from vpcroute.policies.stages import Stages

__all__ = ["ACTIONS", "PARTS", "Account", "Part", "ReadRule", "RuleNotice"]

Part = Literal["traffic", "identity", "device_posture"]
#: The conditions of a rule; all must hold, and one that is empty does.
PARTS: Final[tuple[Part, ...]] = get_args(Part)

#: What a rule of a kind can do (cloudflare-typescript: resources/zero-trust/gateway/rules). ``on`` and ``scan`` are in
#: its list of actions too, and no document says what they do.
ACTIONS: Final[Mapping[Filter, frozenset[str]]] = {
    "dns": frozenset({"allow", "block", "override", "safesearch", "ytrestricted"}),
    "dns_resolver": frozenset({"resolve"}),
    "egress": frozenset({"egress"}),
    "l4": frozenset({"allow", "block", "l4_override", "audit_ssh"}),
    "http": frozenset({"allow", "block", "off", "isolate", "noisolate", "noscan", "quarantine", "redirect"}),
}
_PREFIXES: Final[Mapping[str, Filter]] = {"dns": "dns", "net": "l4", "http": "http"}


@attrs.frozen
class RuleNotice:
    """Something odd about a rule.

    Attributes:
        rule: the rule.
        part: the condition in which it is, or None for the rule as a whole.
        notice: what, and where in the condition.
    """

    rule: GatewayRule
    part: Part | None
    notice: Notice


@attrs.frozen(eq=False)
class ReadRule:
    """A rule with its conditions.

    Attributes:
        rule: the rule.
        conditions: those that it has.
        fields: the fields that they look at; None among them for what is not known.
        unread: what makes it uncertain whether the rule matches when its conditions hold, or None.
    """

    rule: GatewayRule
    conditions: Mapping[Part, Condition]
    fields: frozenset[str | None]
    unread: Unknown | None

    def ask(self, situation: Situation) -> Considered:
        """Whether the rule takes part and matches. The first of its parts that does not hold says why not."""
        context = situation.context
        active, because = is_active(self.rule, context.now, context.time_zone)
        truths: list[tuple[Truth, str]] = [(active, because)]
        if active is not False:
            for part, condition in self.conditions.items():
                truth = evaluate(condition, situation.value)
                truths.append((truth, part))
                if truth is False:
                    break
        if self.unread is not None:
            truths.append((self.unread, "unread"))
        for truth, why in truths:
            if truth is False:
                return Considered(self.rule, False, why)
        open_ = [(truth, why) for truth, why in truths if isinstance(truth, Unknown)]
        if not open_:
            return Considered(self.rule, True, "match")
        missing = frozenset[Any]().union(*[truth.missing for truth, _ in open_ if isinstance(truth, Unknown)])
        return Considered(self.rule, Unknown(missing), open_[0][1])

    @property
    def phases(self) -> frozenset[str]:
        """When the values that its conditions look at are there; ``unknown`` for those that are not known."""
        known = {SELECTORS[name].phase if name is not None else "unknown" for name in self.fields}
        if self.rule.settings.get("ip_categories") and self.fields & DNS_CATEGORIES:
            known.add("after")
        if self.rule.settings.get("ip_indicator_feeds") and "dns.indicator_feed" in self.fields:
            known.add("after")
        return frozenset(known)


class Account:
    """What Gateway knows of an account.

    Attributes:
        rules: the rules by their kind, in the order in which they are asked.
        settings: Gateway's settings as the API has them (``/gateway/configuration``), or None where they are not known.
        notices: what is odd about the rules.
    """

    def __init__(
        self, rules: Iterable[GatewayRule], lists: Iterable[GatewayList] = (), settings: Mapping[str, Any] | None = None
    ) -> None:
        self.settings: Final = settings
        self._lists = {_list_id(known.id): _items(known) for known in lists}
        self._known: dict[tuple[str, ...], Any] = {}
        self._notices: list[RuleNotice] = []
        self._precedences: dict[tuple[Filter, int], GatewayRule] = {}
        found: dict[Filter, list[ReadRule]] = {filter_: [] for filter_ in FILTERS}
        for rule in sorted(rules, key=lambda rule: (rule.precedence, rule.created_at, rule.id)):
            for filter_ in self._filters_of(rule):
                found[filter_].append(self._read(rule, filter_))
        self.rules: Final[Mapping[Filter, tuple[ReadRule, ...]]] = MappingProxyType(
            {filter_: tuple(read) for filter_, read in found.items()}
        )
        self.notices: Final = tuple(self._notices)

    @cached_property
    def stages(self) -> Stages:
        """The rules made for being asked often: work of a few milliseconds for a hundred rules, done once."""
        from vpcroute.policies.stages import Stages

        return Stages(self)

    def setting(self, *names: str) -> Any:
        """A setting by its path; None where it is not set, or not known."""
        if names not in self._known:
            value: Any = self.settings
            for name in names:
                value = value.get(name) if isinstance(value, Mapping) else None
            self._known[names] = value
        return self._known[names]

    def _note(self, rule: GatewayRule, part: Part | None, text: str, at: int = 0) -> None:
        self._notices.append(RuleNotice(rule, part, Notice(text, at)))

    def _filters_of(self, rule: GatewayRule) -> Iterator[Filter]:
        """The kinds of a rule: the one that it names, or else the one that its action and its fields have."""
        named = [filter_ for filter_ in FILTERS if filter_ in rule.filters]
        if len(rule.filters) > 1:
            self._note(rule, None, "a rule has one filter; this one is asked for each of its own")
        if len(named) < len(set(rule.filters)):
            self._note(rule, None, "not a filter that is known: the rule is not asked for it")
        if not rule.filters:
            named = sorted(self._inferred(rule))
            text = f"the rule has no filter; it is taken for one of {' and '.join(named) or 'no kind that is known'}"
            self._note(rule, None, text)
        yield from named

    def _inferred(self, rule: GatewayRule) -> set[Filter]:
        by_action: set[Filter] = {filter_ for filter_, actions in ACTIONS.items() if rule.action in actions}
        if len(by_action) == 1:
            return by_action
        used = {str(name).partition(".")[0] for name in self._read(rule, None).fields}
        by_field = {_PREFIXES[prefix] for prefix in used if prefix in _PREFIXES}
        return by_action & by_field or by_action or by_field

    def _read(self, rule: GatewayRule, filter_: Filter | None) -> ReadRule:
        conditions: dict[Part, Condition] = {}
        for part in PARTS:
            text: str = getattr(rule, part)
            if text.strip(" \r\n"):
                conditions[part] = self._condition(rule, part, text, filter_)
        fields = frozenset[str | None]().union(*[fields_of(condition) for condition in conditions.values()])
        if filter_ is None:
            return ReadRule(rule, conditions, fields, None)
        reasons = [f"{quoted(name)} is not known here and may change what the rule does" for name in rule.unread]
        if rule.action not in ACTIONS[filter_]:
            self._note(rule, None, f"{quoted(rule.action)} is not an action of {filter_} rules that is known")
        earlier = self._precedences.setdefault((filter_, rule.precedence), rule)
        if earlier is not rule:
            text = f"has precedence {rule.precedence}, as {printable(earlier.id)} has: the earlier made is asked first"
            self._note(rule, None, text)
        for reason in reasons:
            self._note(rule, None, reason)
        return ReadRule(
            rule, conditions, fields, unknown(f"rule {printable(rule.id)}", reasons[0]) if reasons else None
        )

    def _condition(self, rule: GatewayRule, part: Part, text: str, filter_: Filter | None) -> Condition:
        try:
            checked = check(parse(text), text, filter_=filter_, lists=self._lists)
        except InvalidExpression as error:
            if filter_ is not None:
                self._note(rule, part, str(error), error.position)
            return Undecided(unknown(f"rule {printable(rule.id)}", f"its {part} cannot be read: {error}"))
        if filter_ is not None:
            self._notices.extend(RuleNotice(rule, part, notice) for notice in checked.notices)
        return checked.condition


def _list_id(text: str) -> str:
    """A list's id in the spelling in which an expression's tree has it."""
    try:
        return str(UUID(text))
    except ValueError:
        return text


def _items(known: GatewayList) -> ListItems:
    complete = known.values is None or known.count is None or len(known.values) >= known.count
    return ListItems(known.type, known.values, complete)
