"""Rules that are looked up against the same rules asked in turn: the same outcome in everything, why each earlier rule
did not match among it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from random import Random
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import ROWS, account_of, context_of, request_of

from vpcroute.gateway import GatewayRule
from vpcroute.policies.conditions import ABSENT, Maybe, OneOf, Open
from vpcroute.policies.facts import Situation
from vpcroute.policies.index import bits_of, blocks_of, ones
from vpcroute.policies.pipeline import Outcome, evaluate, follow
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.selectors import FILTERS, SELECTORS, Filter
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
from vpcroute.strategies.policies import KNOWN, comparisons

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


@settings(_SETTINGS, max_examples=50)
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
_NUMBERS: Final = {
    "int": (1, 80, 443, 170, 7, 2000),
    "ip": (0x0A000001, 0x5DB8D822, 0x0A000100, (1 << 32) + 1, (1 << 32) + (0x2A00 << 112), (1 << 32) - 1),
    "bool": (True, False),
}
_TEXTS: Final = (b"a.com", b"b.a.com", b"com", b"GET", b"/x", b"", b"https://a.com/x/")


def _single(name: str, rolled: Random) -> Any:
    return rolled.choice(_NUMBERS.get(SELECTORS[name].type, _TEXTS))


def _array(name: str, rolled: Random) -> Any:
    """Elements that are there, that may be there, and that are not known."""
    single = partial(_single, name, rolled)
    makes: list[Callable[[], Any]] = [
        single,
        single,
        single,
        lambda: Maybe(single(), _LEFT_OUT),
        lambda: unknown("y", "too"),
    ]
    return tuple([rolled.choice(makes)() for _ in range(rolled.randrange(4))])


def _value(name: str, rolled: Random) -> Any:
    """A value of a field as conditions see them."""
    selector = SELECTORS[name]
    makes: list[Callable[[], Any]] = [lambda: _single(name, rolled)] * 2
    makes += [lambda: ABSENT, lambda: unknown("x", "left out")]
    if selector.shape != "one":
        makes += [lambda: _array(name, rolled)] * 2
    if selector.shape == "map":
        makes.append(lambda: {b"x": _single(name, rolled)})
    if selector.type not in _NUMBERS:
        makes.append(lambda: Open(b"a", b"m", _LEFT_OUT))
    if rolled.randrange(4):
        return rolled.choice(makes)()
    return OneOf(tuple([rolled.choice(makes)() for _ in range(rolled.randrange(2, 4))]), _LEFT_OUT)


class _Rolled(Situation):
    """A request whose fields have values by chance."""

    def __init__(self, rolled: Random) -> None:
        super().__init__(Request.connect("a.com:80"), Context())
        self._values = {name: _value(name, rolled) for name in SELECTORS}


def _effect(rule: GatewayRule | None) -> Any:
    return rule


def _stages(texts: Iterable[str], filter_: Filter) -> tuple[Stage, IndexedStage]:
    """Rules with some conditions, asked in turn and looked up."""
    rules = [GatewayRule(str(i), "", "block", (filter_,), i, True, text) for i, text in enumerate(texts)]
    entries = list(entries_of(Account(rules, GATEWAY_LISTS), filter_))[-len(rules) :]
    return Stage(entries), IndexedStage(entries)


def _agree_on(stages: tuple[Stage, Stage], rolled: Random) -> None:
    facts = _Rolled(rolled)
    plain, indexed = (stage.decide(View(facts), _effect) for stage in stages)
    assert indexed == plain
    plain_open, indexed_open = (list(stage.open(View(facts))) for stage in stages)
    assert indexed_open == plain_open


@settings(_SETTINGS, max_examples=40)
@given(st.data(), st.sampled_from(FILTERS))
def test_a_stage_whatever_the_values(data: st.DataObject, filter_: Filter) -> None:
    stages = _stages(data.draw(st.lists(gateway_expressions(filter_), min_size=1, max_size=8)), filter_)
    for seed in data.draw(st.lists(st.integers(0, 10_000), min_size=3, max_size=3)):
        _agree_on(stages, Random(seed))  # noqa: S311


def _pairs(filter_: Filter, rolled: Random, count: int) -> Iterator[str]:
    """Every comparison, by itself or negated, and comparisons joined at random."""
    atoms = [atom for field in comparisons(filter_) for atom in field]
    yield from (rolled.choice((atom, f"not {atom}")) for atom in atoms)
    for _ in range(count):
        parts = [rolled.choice(("", "", "not ")) + rolled.choice(atoms) for _ in range(rolled.randrange(2, 5))]
        text = f" {rolled.choice(('and', 'or', 'and', 'xor'))} ".join(parts)
        yield rolled.choice((text, f"not ({text})"))


@pytest.mark.parametrize("filter_", FILTERS)
def test_every_comparison(filter_: Filter) -> None:
    """Each of many rules by itself: of all that may match, as they are asked one after the other."""
    rolled = Random(filter_)  # noqa: S311
    plain, indexed = _stages(_pairs(filter_, rolled, 300), filter_)
    for _ in range(6):
        facts = _Rolled(rolled)
        wanted = {id(one.rule): one.match for one in plain.asked(View(facts)) if one.match is not False}
        assert {id(rule): match for rule, match in indexed.matches(View(facts)) if match is not False} == wanted


def test_ranges_are_blocks_without_gaps() -> None:
    for low, high in product(range(-9, 40), range(-9, 40)):
        blocks = [range(prefix << shift, prefix + 1 << shift) for shift, prefix in blocks_of(low, high)]
        assert [number for block in blocks for number in block] == list(range(low, high + 1))
        assert len(blocks) <= 10


@pytest.mark.parametrize("number", [1, 8, 9, 3000])
def test_sets_of_rows(number: int) -> None:
    """Few bits, and many, are found in order."""
    rows = sorted(Random(number).sample(range(5000), number))  # noqa: S311
    assert list(ones(bits_of(rows))) == rows


@pytest.mark.parametrize(
    ("kind", "traffic"),
    [
        ("dns", 'nowhere.known or dns.fqdn == "a.com"'),  # asked before resolution, or after
        ("egress", 'any(net.fqdn.domains[*] in {"b.com"})'),  # of what egress rules do not see
        ("egress", "any(app.ids[*] in {8})"),
        ("l4", "any(app.ids[*] in {7})"),
        ("dns", 'not identity.email == "x"'),  # of what is absent, or may be
        ("http", 'not device_posture.checks.passed[*] in {"x"}'),
    ],
)
def test_what_rules_do_not_see(kind: Filter, traffic: str) -> None:
    rules = [GatewayRule(str(i), "", action, (kind,), i, True, traffic) for i, action in enumerate(("block", "allow"))]
    known = Context(answers={"a.com": {"A": ["93.184.216.34"]}}, offramp="internet", provider=KNOWN)
    for context in (known, attrs.evolve(known, assume_client_selectors=True)):
        agree(Account([*rules, attrs.evolve(rules[0], traffic="")]), Request.fetch("http://a.com/"), context)


def test_an_outcome_can_be_kept() -> None:
    row = next(row for row in ROWS["examples"] if row["account"]["rules"])
    found = evaluate(account_of(row["account"]), request_of(row["request"]), context_of(row))
    kept = pickle.loads(pickle.dumps(found))  # noqa: S301
    assert kept == found
    assert repr(kept) == repr(found)
    assert any(getattr(kept, stage).considered for stage in ("dns", "network", "http"))
