"""What is unknown: the evaluator against every completion of what is not known, tried one by one.

An answer that is certain must be the answer under every completion. The other way round it is weaker (each comparison
is looked at by itself): where all completions agree it may say unknown, but never the contrary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import product
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import facts_of, truth_of

from vpcroute.gateway import GatewayRule
from vpcroute.policies.checker import ListItems, check
from vpcroute.policies.conditions import ABSENT, Maybe, OneOf, Open, evaluate
from vpcroute.policies.decision import Considered, decide
from vpcroute.policies.parser import parse
from vpcroute.policies.pipeline import evaluate as evaluate_request
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.truth import Missing, Truth, Unknown, all_of, any_of, negated, odd_of, unknown

_SETTINGS = settings(derandomize=True, deadline=None, database=None, max_examples=70)
_U: Final = unknown("x", "left out")
_MISSING: Final = Missing("x", "left out")
LIST: Final = "01302951-49f9-47c9-a400-0297e60b6a10"
LISTS: Final = {LIST: ListItems("DOMAIN", ("a.com", "c.com"))}


# The logic itself


def test_truth_tables() -> None:
    """Each operator on two values: what both completions of an unknown give, if they give the same."""
    values: tuple[Truth, ...] = (True, False, _U)

    def completed(value: Truth) -> tuple[bool, ...]:
        return (True, False) if isinstance(value, Unknown) else (value,)

    operators: Sequence[tuple[Callable[[list[Truth]], Truth], Callable[[bool, bool], bool]]] = [
        (all_of, lambda x, y: x and y),
        (any_of, lambda x, y: x or y),
        (odd_of, lambda x, y: x != y),
    ]
    for a, b in product(values, repeat=2):
        for operator, plain in operators:
            possible = {plain(x, y) for x in completed(a) for y in completed(b)}
            assert operator([a, b]) == (possible.pop() if len(possible) == 1 else _U)
    assert [negated(value) for value in values] == [False, True, _U]
    assert (all_of([]), any_of([]), odd_of([])) == (True, False, False)


def test_what_is_missing_is_collected_only_where_it_matters() -> None:
    other = unknown("y", "also")
    assert any_of([_U, other]) == Unknown(_U.missing | other.missing)
    assert all_of([_U, other, False]) is False


# Single expressions


class World(NamedTuple):
    """Values of the fields that the atoms look at; None is absent. `none_equal` is how ``!=`` reads on an array."""

    port: int | None
    flag: bool | None
    method: str | None
    domains: tuple[str, ...] | None
    ips: tuple[str, ...] | None
    none_equal: bool


def _ip_differs(world: World) -> bool:
    if world.ips is None:
        return True
    differing = [ip != "10.0.0.1" for ip in world.ips]
    return all(differing) if world.none_equal else any(differing)


def _any_ip(test: Callable[[Any], bool]) -> Callable[[World], bool]:
    return lambda world: any(test(ip_address(ip)) for ip in world.ips or ())


#: Comparisons, and what each says of a world, in Python's own terms.
ATOMS: Final[Sequence[tuple[str, Callable[[World], bool]]]] = [
    ("net.dst.port == 443", lambda w: w.port == 443),
    ("net.dst.port != 443", lambda w: w.port != 443),
    ("net.dst.port in {80 400..450}", lambda w: w.port in (80, 443)),
    ("net.dst.port < 100", lambda w: w.port is not None and w.port < 100),
    ("net.dst.port & 1", lambda w: w.port is not None and w.port % 2 == 1),
    ("net.is_isolated", lambda w: w.flag is True),
    ("net.is_isolated == false", lambda w: w.flag is False),
    ("net.is_isolated != true", lambda w: w.flag is not True),
    ('http.request.method == "GET"', lambda w: w.method == "GET"),
    ('http.request.method matches "^[GH]"', lambda w: w.method == "GET"),
    ('http.request.method wildcard "p*t"', lambda w: w.method == "PUT"),
    ('http.request.method contains "T"', lambda w: w.method is not None),
    ('any(dns.domains[*] == "a.com")', lambda w: "a.com" in (w.domains or ())),
    ('all(dns.domains[*] == "a.com")', lambda w: set(w.domains or ()) <= {"a.com"}),
    ('any(dns.domains[*] != "a.com")', lambda w: not set(w.domains or ()) <= {"a.com"}),
    ('any(not dns.domains[*] == "a.com")', lambda w: not set(w.domains or ()) <= {"a.com"}),
    (
        'all(dns.domains[*] == "a.com" or dns.domains[*] == "b.com")',
        lambda w: set(w.domains or ()) <= {"a.com", "b.com"},
    ),
    ('dns.domains[0] == "a.com"', lambda w: (w.domains or ())[:1] == ("a.com",)),
    (f"any(dns.domains[*] in ${LIST})", lambda w: bool({"a.com", "c.com"} & set(w.domains or ()))),
    ("net.dst.ip == 10.0.0.1", _any_ip(lambda ip: str(ip) == "10.0.0.1")),
    ("net.dst.ip != 10.0.0.1", _ip_differs),
    ("net.dst.ip > 10.0.0.1", _any_ip(lambda ip: ip.version == 4 and int(ip) > int(ip_address("10.0.0.1")))),
    ("any(net.dst.ip[*] in {10.0.0.0/8 2001:db8::/32})", _any_ip(lambda ip: str(ip).startswith(("10.", "2001:db8:")))),
    ("all(net.dst.ip[*] in {10.0.0.0..10.0.0.9})", lambda w: set(w.ips or ()) <= {"10.0.0.1"}),
]
_FIELDS: Final = ("net.dst.port", "net.is_isolated", "http.request.method", "dns.domains", "net.dst.ip")
_DOMAINS: Final = ("a.com", "b.com", "c.com")
_IPS: Final = ("10.0.0.1", "10.9.0.1", "2001:db8::1", "192.0.2.1")
#: Every value that a field may have.
ALL: Final[Sequence[Sequence[Any]]] = (
    (None, 80, 443, 8080),
    (None, True, False),
    (None, "GET", "PUT"),
    (None, (), *((d,) for d in _DOMAINS), ("a.com", "b.com"), ("c.com", "a.com")),
    (None, (), *((ip,) for ip in _IPS), _IPS[:2], _IPS[2:]),
)


def _known(field: str, value: Any) -> Any:
    return facts_of({field: value})(field)


@st.composite
def _field(draw: st.DrawFn, index: int) -> tuple[Any, Sequence[Any]]:
    """What is known of a field, and every value that it may have as far as that is known."""
    field, values = _FIELDS[index], ALL[index]
    how = draw(st.sampled_from(["known", "known", "unknown", "one of", "maybe"]))
    if how == "unknown":
        return _U, values
    if how == "maybe" and index >= 3:
        sure, perhaps = (
            draw(st.sampled_from([v for v in values if v])),
            draw(st.sampled_from((_DOMAINS, _IPS)[index - 3])),
        )
        elements = _known(field, sure)
        (element,) = _known(field, (perhaps,))
        return (*elements, Maybe(element, _MISSING)), (sure, (*sure, perhaps))
    if how == "one of":
        some = draw(st.lists(st.sampled_from(values), min_size=2, max_size=3, unique=True))
        return OneOf(tuple([_known(field, value) for value in some]), _MISSING), some
    value = draw(st.sampled_from(values))
    return _known(field, value), (value,)


Sentence = tuple[str, Callable[[World], bool]]


def _joined(operator: str, parts: list[Sentence]) -> Sentence:
    join: Callable[[list[bool]], bool] = {"and": all, "or": any, "xor": lambda truths: sum(truths) % 2 == 1}[operator]
    return f"({f' {operator} '.join(text for text, _ in parts)})", lambda world: join([p(world) for _, p in parts])


SENTENCES: st.SearchStrategy[Sentence] = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda one: (f"not {one[0]}", lambda world: not one[1](world))),
        st.builds(_joined, st.sampled_from(["and", "or", "xor"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=5,
)
KNOWLEDGE: Final = st.tuples(*[_field(index) for index in range(len(_FIELDS))])
Knowledge = tuple[tuple[Any, Sequence[Any]], ...]


def _worlds(knowledge: Knowledge) -> Iterator[World]:
    for values in product(*[possible for _, possible in knowledge]):
        for none_equal in (True, False):
            yield World._make((*values, none_equal))


def _truth(text: str, knowledge: Knowledge) -> Truth:
    values = dict(zip(_FIELDS, [value for value, _ in knowledge], strict=True))
    return evaluate(check(parse(text), text, lists=LISTS).condition, values.__getitem__)


@_SETTINGS
@given(SENTENCES, KNOWLEDGE)
def test_what_is_certain_holds_in_every_completion(sentence: Sentence, knowledge: Knowledge) -> None:
    text, plain = sentence
    truth = _truth(text, knowledge)
    possible = {plain(world) for world in _worlds(knowledge)}
    if isinstance(truth, Unknown):
        assert truth.missing
    else:
        assert possible == {truth}


@pytest.mark.parametrize("atom", ATOMS, ids=[text for text, _ in ATOMS])
def test_a_comparison_by_itself_is_exact(atom: Sentence) -> None:
    """One comparison of one field: of one of two values it is unknown exactly where the completions differ; with an
    element that may be there it may be unknown more often."""
    text, plain = atom
    index = next(i for i, field in enumerate(_FIELDS) if field in text)
    known: Knowledge = tuple([(_known(field, None), (None,)) for field in _FIELDS])
    for pair in product(ALL[index], repeat=2):
        one = OneOf(tuple([_known(_FIELDS[index], value) for value in pair]), _MISSING)
        cases: list[tuple[Any, Sequence[Any]]] = [(one, pair)]
        if all(pair) and index >= 3:
            sure, perhaps = (_known(_FIELDS[index], value[:1]) for value in pair)
            cases += [((*sure, Maybe(perhaps[0], _MISSING)), (pair[0][:1], pair[0][:1] + pair[1][:1]))]
            cases += [((Maybe(perhaps[0], _MISSING),), ((), pair[1][:1]))]
        for value, completions in cases:
            knowledge = (*known[:index], (value, completions), *known[index + 1 :])
            possible = {plain(world) for world in _worlds(knowledge)}
            truth = _truth(text, knowledge)
            if isinstance(truth, Unknown):
                assert value is not one or possible == {True, False}
            else:
                assert possible == {truth}


@pytest.mark.parametrize(
    ("items", "inside", "outside"),
    [
        ("10.0.0.0/31 10.0.0.2 10.0.0.4/31", "10.0.0.0 10.0.0.1 10.0.0.2 10.0.0.4 10.0.0.5", "10.0.0.3 10.0.0.6 ::4"),
        ("10.0.0.0/8 10.5.0.0/16 10.0.0.1", "10.0.0.0 10.255.255.255", "9.255.255.255 11.0.0.0"),
        ("0.0.0.0/0", "0.0.0.0 255.255.255.255", ":: ::ffff:ffff ffff::"),
        ("::/0", ":: ::ffff:ffff ffff::", "0.0.0.0 255.255.255.255"),
        ("10.0.0.7..10.0.0.9 ::1..::2", "10.0.0.7 10.0.0.9 ::1 ::2", "10.0.0.6 10.0.0.10 :: ::3"),
        ("", "", "10.0.0.1"),
    ],
)
def test_ranges(items: str, inside: str, outside: str) -> None:
    for address in inside.split():
        assert truth_of(f"net.dst.ip in {{{items}}}", {"net.dst.ip": address}) is True
    for address in outside.split():
        assert truth_of(f"net.dst.ip in {{{items}}}", {"net.dst.ip": address}) is False


# Fields of a text that is known in part


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('identity.email == "a@example.com"', False),
        ('identity.email != "a@example.com"', True),
        ('identity.email in {"a@example.com" "b@example.com"}', False),
        ('identity.email == "non_identity@team.cloudflareaccess.com"', "unknown"),
        ('identity.email == "non_identity@.cloudflareaccess.com"', "unknown"),
        ('identity.email == "non_identity@cloudflareaccess.com"', False),
        ('identity.email matches ".*@example\\.com"', "unknown"),
        ('not identity.email == "a@example.com"', True),
    ],
)
def test_an_address_that_is_known_in_part(text: str, want: object) -> None:
    missing = Missing("identity.email", "the team")
    value = OneOf((ABSENT, Open(b"non_identity@", b".cloudflareaccess.com", missing)), missing)
    truth = evaluate(check(parse(text), text).condition, lambda _: value)
    assert ("unknown" if isinstance(truth, Unknown) else truth) == want


# Lists of rules


def _rule(number: int, action: str, filter_: str = "l4", **more: Any) -> GatewayRule:
    return GatewayRule(f"r{number}", f"r{number}", action, (filter_,), number, enabled=True, **more)


class Does(NamedTuple):
    """What a rule does."""

    outcome: str


def _does(rule: GatewayRule | None) -> Does:
    return Does("allow" if rule is None else rule.action)


@_SETTINGS
@given(st.lists(st.tuples(SENTENCES, st.sampled_from(["allow", "block"])), max_size=4), KNOWLEDGE)
def test_deciders_are_among_the_candidates(rules: list[tuple[Sentence, str]], knowledge: Knowledge) -> None:
    """Whoever decides in some completion is a candidate, and what is certain is so in all of them."""
    listed = [_rule(number, action) for number, (_, action) in enumerate(rules)]
    truths = [_truth(text, knowledge) for (text, _), _ in rules]
    decision = decide([Considered(*pair, "match") for pair in zip(listed, truths, strict=True)], _does)
    deciders = set()
    for world in _worlds(knowledge):
        hits = [number for number, ((_, plain), _) in enumerate(rules) if plain(world)]
        deciders.add(hits[0] if hits else None)
    candidates = [None if one.rule is None else one.rule.precedence for one in decision.candidates]
    assert deciders <= set(candidates)
    done = {_does(None if number is None else listed[number]).outcome for number in deciders}
    assert done <= decision.outcomes
    if decision.outcome != "unknown":
        assert done == {decision.outcome}
    if len(candidates) == 1:
        assert candidates == [decision.rule.precedence if decision.rule else None]
    assert all(one.missing for one in decision.candidates[:-1])
    assert not decision.candidates[-1].missing


# Whole requests: more knowledge narrows the outcome, and never contradicts it

_ATOMS_BY_FILTER: Final = {
    "dns": (
        "any(dns.content_category[*] in {1})",
        "any(dns.resolved_ips[*] in {203.0.113.0/24})",
        'dns.location == "x"',
    ),
    "dns_resolver": ("dns.src_ip == 10.0.0.1",),
    "egress": ('net.vnet_id == "v"', "net.src.port == 5"),
    "l4": (
        'net.onramp.type == "mesh"',
        "any(app.ids[*] in {7})",
        'identity.email matches "cloudflareaccess"',
        "net.src.port == 5",
    ),
    "http": (
        "http.conn.dst_ip == 203.0.113.1",
        "any(app.ids[*] in {7})",
        "http.response.status_code == 200",
        'any(dlp.profiles[*] in {"d"})',
    ),
}
_ACTIONS: Final = {
    "dns": ("allow", "block", "override"),
    "dns_resolver": ("resolve",),
    "egress": ("egress",),
    "l4": ("allow", "block", "l4_override"),
    "http": ("allow", "block", "off", "isolate", "redirect", "forward"),
}
_SETTINGS_OF: Final = {
    "override_ips": ["203.0.113.1"],
    "redirect": {"target_uri": "https://elsewhere.example/"},
    "resolve_dns_through_cloudflare": True,
    "egress": {"ipv4": "192.0.2.9"},
}
_GIVEN: Final[Sequence[tuple[str, Sequence[Any]]]] = (
    ("dns.content_category", ((), (1,))),
    ("dns.location", (None, "x")),
    ("net.src.port", (5, 6)),
    ("net.onramp.type", (None, "mesh")),
    ("app.ids", ((), (7,))),
    ("identity.email", (None, "non_identity@t.cloudflareaccess.com")),
    ("http.conn.dst_ip", ("203.0.113.1", "192.0.2.1")),
    ("http.response.status_code", (200,)),
    ("dlp.profiles", ((), ("d",))),
)


@st.composite
def _policies(draw: st.DrawFn) -> Account:
    rules = []
    for number in range(draw(st.integers(1, 5))):
        filter_ = draw(st.sampled_from(sorted(_ATOMS_BY_FILTER)))
        atoms = draw(st.lists(st.sampled_from(_ATOMS_BY_FILTER[filter_]), max_size=2, unique=True))
        text = draw(st.sampled_from([" and ", " or "])).join(atoms)
        text = f"not ({text})" if text and draw(st.booleans()) else text
        action = draw(st.sampled_from(_ACTIONS[filter_]))
        rules.append(_rule(number, action, filter_, traffic=text, settings=_SETTINGS_OF))
    return Account(rules, settings={})


@settings(_SETTINGS, max_examples=60)
@given(_policies(), st.sampled_from(["http://a.example/", "https://a.example/", "http://203.0.113.1/"]), st.data())
def test_more_knowledge_never_contradicts(account: Account, url: str, data: st.DataObject) -> None:
    request = Request.fetch(url)
    context = Context(
        now=datetime(2026, 11, 24, tzinfo=UTC),
        answers={"a.example": {"A": ["203.0.113.1"]}, "elsewhere.example": {"A": ["198.51.100.1"]}},
        offramp="internet",
    )
    before = evaluate_request(account, request, context)
    for _ in range(4):
        chosen = {name: data.draw(st.sampled_from(values)) for name, values in _GIVEN if data.draw(st.booleans())}
        after = evaluate_request(account, request, Context(**{**_members(context), "given": chosen}))
        assert after.finals <= before.finals
        for stage in ("dns", "egress", "network", "http"):
            known = getattr(after, stage)
            if known.outcome not in ("unknown", "not_evaluated"):
                assert known.outcomes <= getattr(before, stage).outcomes | {"not_evaluated"}


def _members(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in ("now", "answers", "offramp")}
