"""What lint finds among Gateway's policies: what bites Workers, what has no effect, what is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.seen import Seen
from vpcroute.errors import RouteError, printable, quoted
from vpcroute.fields import read_ip
from vpcroute.gateway import GatewayRule
from vpcroute.policies.checker import check
from vpcroute.policies.conditions import evaluate
from vpcroute.policies.facts import Situation
from vpcroute.policies.parser import parse
from vpcroute.policies.patterns import NOT_INSTALLED
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import PARTS, Account, Part
from vpcroute.policies.selectors import SELECTORS
from vpcroute.policies.survey import fields_used, mentions, tree_of
from vpcroute.policies.syntax import Combination, Expression, InvalidExpression

__all__ = ["allow_before_block", "as_read", "blocks_workers", "called", "matches_workers", "ports_unseen", "resolvers"]

#: The codes of what is odd about a rule as it is read, by what its text is like; all else is a way of writing.
_KINDS: Final = tuple(
    (re.compile(text), code)
    for text, code in (
        (r"line [0-9]+, column [0-9]+: ", LintCode.INVALID_EXPRESSION),
        (r"list .*: the account's lists have none", LintCode.UNKNOWN_LIST),
        (r"list .*: ", LintCode.LIST_WITHOUT_ITEMS),
        (r".* in braces is text; the list of this id", LintCode.POLICY_NEVER_MATCHES),
        (
            r".*: a (field|function) of no known meaning|.* rules have no such field|.*: its type",
            LintCode.UNKNOWN_FIELD,
        ),
        (r".* is not an action of|not a filter that is known", LintCode.UNKNOWN_ACTION),
        (r".* is not known here and may change", LintCode.UNKNOWN_MEMBER),
        (r"pattern .*: ", LintCode.PATTERN_NOT_READ),
        (r"has precedence ", LintCode.EQUAL_PRECEDENCE),
    )
)
_PEOPLE: Final[tuple[Part, ...]] = ("identity", "device_posture")
#: Actions that keep a request from what it asks for.
_STOPS: Final = frozenset({"block", "redirect", "quarantine", "isolate", "override"})
_AFTER: Final = frozenset({"during", "after"})


def called(rule: GatewayRule) -> str:
    """A rule for people."""
    return quoted(rule.name or rule.id)


def as_read(seen: Seen) -> Iterator[LintFinding]:
    """What is odd about the rules as they are read, but what hangs on this computer only."""
    table = seen.table
    if not table.gateway_rules:
        return
    for notice in Account(table.gateway_rules, table.gateway_lists, table.gateway_settings).notices:
        text = notice.notice.text
        if NOT_INSTALLED in text:
            continue
        code = next((code for like, code in _KINDS if like.match(text)), LintCode.POLICY_READING)
        path = seen.place(notice.rule, notice.part or "")
        yield seen.found(code, f"{called(notice.rule)}: {text}", path=path)


# What bites Workers


def blocks_workers(seen: Seen) -> Iterator[LintFinding]:
    """Blocks without identity behind an allow with one, for at least the same traffic."""
    allows: list[_Traffic] = []
    for rule in seen.table.gateway_rules:
        one = _Traffic(rule, _has_people(rule), _conditions(rule))
        if not rule.enabled:
            continue
        if rule.action == "allow":
            allows.append(one)
        if rule.action != "block" or one.of_people:
            continue
        before = [allow for allow in allows if allow.rule.filters == rule.filters]
        if any(not allow.of_people and _covers(allow, one) for allow in before):
            continue  # nothing gets to the block
        people = next((allow.rule for allow in before if allow.of_people and _covers(one, allow)), None)
        if people is not None:
            text = f"{called(rule)} blocks Workers: {called(people)} before it allows by {_people(people)} only"
            yield seen.found(LintCode.BLOCKS_WORKERS, text, path=seen.place(rule))


class _Traffic(NamedTuple):
    """A rule with what must hold of its traffic; None where that cannot be read."""

    rule: GatewayRule
    of_people: bool
    conditions: frozenset[Expression] | None


def _conditions(rule: GatewayRule) -> frozenset[Expression] | None:
    tree = tree_of(rule, "traffic")
    return None if tree is None and rule.traffic.strip(" \r\n") else _conjuncts(tree)


def _covers(wide: _Traffic, narrow: _Traffic) -> bool:
    """Whether a rule's traffic is, as it is written, all that of another one."""
    return wide.conditions is not None and narrow.conditions is not None and wide.conditions <= narrow.conditions


def matches_workers(seen: Seen) -> Iterator[LintFinding]:
    """Blocks whose conditions on people hold for what has no identity and no device."""
    nobody = Situation(Request.connect("1.1.1.1:1"), Context())
    for rule in seen.table.gateway_rules:
        for part in PARTS if rule.enabled and rule.action in _STOPS else ():
            fields = {mention.field for mention in mentions(rule) if mention.part == part}
            if fields and all(map(_is_of_people, fields)) and _holds_for(rule, part, nobody):
                text = f"{called(rule)}: its {part} holds for every Worker: {printable(getattr(rule, part))}"
                yield seen.found(LintCode.MATCHES_WORKERS, text, path=seen.place(rule, part))


def _has_people(rule: GatewayRule) -> bool:
    return any(getattr(rule, part).strip(" \r\n") for part in _PEOPLE)


def _people(rule: GatewayRule) -> str:
    return " and ".join(part.replace("_", " ") for part in _PEOPLE if getattr(rule, part).strip(" \r\n"))


def _is_of_people(field: str) -> bool:
    return field in SELECTORS and field.startswith(("identity.", "device_posture."))


def _holds_for(rule: GatewayRule, part: Part, nobody: Situation) -> bool:
    text = getattr(rule, part)
    try:
        return evaluate(check(parse(text), text).condition, nobody.value) is True
    except InvalidExpression:
        return False


def _conjuncts(tree: Expression | None) -> frozenset[Expression]:
    """What all must hold for a condition to hold; nothing for one that is empty."""
    if tree is None:
        return frozenset()
    if isinstance(tree, Combination) and tree.operator == "and":
        return frozenset().union(*map(_conjuncts, tree.operands))
    return frozenset({tree})


# Order


def allow_before_block(seen: Seen) -> Iterator[LintFinding]:
    """DNS allows that are asked before blocks of an earlier precedence."""
    rules = [rule for rule in seen.table.gateway_rules if rule.enabled and "dns" in rule.filters]
    late = [rule for rule in rules if rule.action == "block" and _is_after(rule)]
    for allow in rules:
        behind = [block for block in late if block.precedence <= allow.precedence]
        if allow.action == "allow" and behind and not _is_after(allow):
            names = ", ".join(map(called, behind))
            text = f"{called(allow)} is asked before resolution, so {names} never sees what it allows"
            yield seen.found(LintCode.ALLOW_BEFORE_BLOCK, text, path=seen.place(allow))


def _is_after(rule: GatewayRule) -> bool:
    return any(SELECTORS[field].phase in _AFTER for field in fields_used(rule) if field in SELECTORS)


# Where it does not reach


def ports_unseen(seen: Seen) -> Iterator[LintFinding]:
    """HTTP policies that stop requests, where inspection is not of every port."""
    table = seen.table
    account = Account([], settings=table.gateway_settings)
    dynamic = account.setting("inspection", "mode") == "dynamic"
    if dynamic and account.setting("protocol_detection", "enabled") is True:
        return
    stops = [rule for rule in table.gateway_rules if rule.enabled and "http" in rule.filters and rule.action in _STOPS]
    if stops:
        known = "" if table.gateway_settings is not None else ", unless Gateway's settings, which are not here, say so"
        text = f"{_listed(stops)} {'do' if len(stops) > 1 else 'does'} not see fetch() to port 8080 and others{known}"
        yield seen.found(LintCode.HTTP_PORTS_UNSEEN, text, path=seen.place(stops[0]))


def _listed(rules: list[GatewayRule]) -> str:
    more = f" and {len(rules) - 3} more" if len(rules) > 3 else ""
    return ", ".join(map(called, rules[:3])) + more


def resolvers(seen: Seen) -> Iterator[LintFinding]:
    """Private resolvers of resolver policies that no route leads to."""
    for rule in seen.table.gateway_rules:
        for where, one in _private_resolvers(rule) if rule.enabled and "dns_resolver" in rule.filters else ():
            try:
                ip = read_ip(str(one.get("ip")))
                seen.table.resolve((str(ip), int(one.get("port") or 53)), virtual_network=one.get("vnet_id") or None)
            except RouteError as error:
                text = f"{called(rule)}: resolver {ip} is not reached: {error}"
                yield seen.found(LintCode.RESOLVER_WITHOUT_ROUTE, text, path=seen.place(rule, where))
            except (ValueError, TypeError):
                continue  # what is not an address is no resolver


def _private_resolvers(rule: GatewayRule) -> Iterator[tuple[str, Any]]:
    settings: Any = rule.settings.get("dns_resolvers")
    for family in ("ipv4", "ipv6") if isinstance(settings, dict) else ():
        some: Any = settings.get(family)
        for number, one in enumerate(some if isinstance(some, list) else ()):
            if isinstance(one, dict) and one.get("route_through_private_network"):
                yield f"rule_settings.dns_resolvers.{family}[{number}]", one
