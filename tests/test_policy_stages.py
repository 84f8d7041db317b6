"""Rules that are looked up against the same rules asked in turn: the same outcome in everything, why each earlier rule
did not match among it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import ROWS
from test_policy_examples import account_of, context_of, request_of

from vpcroute.gateway import GatewayRule
from vpcroute.policies.conditions import ABSENT, Maybe, OneOf, Open
from vpcroute.policies.facts import Situation
from vpcroute.policies.pipeline import Outcome, evaluate, follow
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.selectors import FILTERS, SELECTORS
from vpcroute.policies.stages import IndexedStage, Stage, Stages, entries_of
from vpcroute.policies.truth import Missing, unknown
from vpcroute.policies.views import View
from vpcroute.sources.document import read
from vpcroute.strategies import (
    GATEWAY_LISTS,
    gateway_accounts,
    gateway_contexts,
    gateway_expressions,
    gateway_requests,
)

_SETTINGS = settings(derandomize=True, deadline=None, database=None)


def told(outcome: Outcome | None) -> Any:
    """All that an outcome says; errors are not compared by what they say."""
    if outcome is None:
        return None
    return attrs.evolve(outcome, refusal=None, next=None), str(outcome.refusal), told(outcome.next)


def agree(account: Account, request: Request, context: Context) -> Outcome:
    """The outcome of an account, which must be that of its rules asked in turn."""
    found = evaluate(account, request, context)
    assert told(found) == told(follow(Stages(account, Stage), request, context))
    return found


@settings(_SETTINGS, max_examples=150)
@given(gateway_accounts(), st.lists(st.tuples(gateway_requests(), gateway_contexts()), min_size=1, max_size=4))
def test_rules_that_are_looked_up_do_what_they_do_in_turn(
    account: Account, asked: list[tuple[Request, Context]]
) -> None:
    for request, context in asked:
        agree(account, request, context)


def test_worked_examples_in_one_account() -> None:
    """All rules of all examples in the order of their precedence, forwards and backwards, asked of all requests."""
    accounts = [account_of(row["account"]) for row in ROWS["examples"]]
    rules = {
        f"{i}-{read.rule.id}": read.rule for i, a in enumerate(accounts) for reads in a.rules.values() for read in reads
    }
    lists = {known["id"]: known for row in ROWS["examples"] for known in row["account"].get("lists", [])}
    own = read({"gateway_lists": list(lists.values())}).gateway_lists
    assert len(rules) > 60
    for step in (1, -1):
        ordered = [attrs.evolve(rule, id=id_, precedence=step * rule.precedence) for id_, rule in rules.items()]
        account = Account(ordered, own, {"tls_decrypt": {"enabled": True}})
        for row in ROWS["examples"]:
            agree(account, request_of(row["request"]), context_of(row))


# Single stages, of values that a request has seldom or never

_LEFT_OUT: Final = Missing("x", "left out")


def _values(name: str) -> st.SearchStrategy[Any]:
    """Values of a field as conditions see them."""
    type_, shape = SELECTORS[name].type, SELECTORS[name].shape
    pools: dict[str, list[Any]] = {
        "int": [1, 80, 443, 170, 7, 2000],
        "ip": [0x0A000001, 0x5DB8D822, 0x0A000100, (1 << 32) + 1, (1 << 32) + (0x2A00 << 112), (1 << 32) - 1],
        "bool": [True, False],
    }
    single = st.sampled_from(pools.get(type_, [b"a.com", b"b.a.com", b"com", b"GET", b"/x", b"", b"https://a.com/x/"]))
    element = st.one_of(single, single, single.map(lambda value: Maybe(value, _LEFT_OUT)), st.just(unknown("y", "too")))
    values = [single, st.just(ABSENT), st.just(unknown("x", "left out"))]
    if shape != "one":
        values.append(st.lists(element, max_size=3).map(tuple))
    if shape == "map":
        values.append(single.map(lambda value: {b"x": value}))
    if type_ not in pools:
        values.append(st.just(Open(b"a", b"m", _LEFT_OUT)))
    several = st.lists(st.one_of(values), min_size=2, max_size=3).map(lambda found: OneOf(tuple(found), _LEFT_OUT))
    return st.one_of(*values, several)


class _Facts(Situation):
    """A request whose fields have values that were drawn."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__(Request.connect("a.com:80"), Context())
        object.__setattr__(self, "_data", data)

    def _value(self, name: str) -> Any:
        return self._data.draw(_values(name), label=name)  # type: ignore[attr-defined]


@settings(_SETTINGS, max_examples=200)
@given(st.data(), st.sampled_from(FILTERS))
def test_a_stage_whatever_the_values(data: st.DataObject, filter_: Any) -> None:
    texts = data.draw(st.lists(gateway_expressions(filter_), min_size=1, max_size=8))
    rules = [GatewayRule(str(i), "", "block", (filter_,), i, True, text) for i, text in enumerate(texts)]
    entries = list(entries_of(Account(rules, GATEWAY_LISTS), filter_))[-len(rules) :]
    facts = _Facts(data)
    effect: Callable[[Any], Any] = lambda rule: rule  # noqa: E731
    plain = Stage(entries).decide(View(facts), effect)
    assert IndexedStage(entries).decide(View(facts), effect) == plain
    assert list(IndexedStage(entries).open(View(facts))) == list(Stage(entries).open(View(facts)))


def test_an_outcome_can_be_kept() -> None:
    row = next(row for row in ROWS["examples"] if row["account"]["rules"])
    found = evaluate(account_of(row["account"]), request_of(row["request"]), context_of(row))
    kept = pickle.loads(pickle.dumps(found))  # noqa: S301
    assert kept == found
    assert repr(kept) == repr(found)
    assert any(getattr(kept, stage).considered for stage in ("dns", "network", "http"))
