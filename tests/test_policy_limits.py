"""Accounts that want to take long: reading their rules and asking them takes steps linear in what is asked; limits that
refuse a condition leave its rule unknown, with a notice, and limits of the index change no answer.

Steps are the lines that run, counted and not timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv6Address
from types import FrameType
from typing import Any, Final, cast

import attrs
import pytest
from test_policy_stages import agree

from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.limits import DEEPEST_EXPRESSION, LONGEST_EXPRESSION, MOST_WAYS
from vpcroute.policies import Account, Context, Outcome, Request, checker, evaluate, index, patterns
from vpcroute.policies.checker import check
from vpcroute.policies.guards import ways_of
from vpcroute.policies.parser import parse
from vpcroute.policies.patterns import compile_patterns, difference

Steps = Callable[[Callable[[], object]], int]


@attrs.frozen
class Case:
    """What an account has, and what is asked of it."""

    rules: list[GatewayRule]
    lists: Sequence[GatewayList]
    request: Request
    context: Context


LIST: Final = "01302951-49f9-47c9-a400-{:012}"
FETCH: Final = Request.fetch("http://a.example/")


@pytest.fixture
def steps() -> Iterator[Steps]:
    """What counts the lines that run; whatever else traces is put back."""
    before = sys.gettrace()
    count = 0

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    def counted(run: Callable[[], object]) -> int:
        nonlocal count
        count = 0
        sys.settrace(trace)
        try:
            run()
        finally:
            sys.settrace(before)
        return count

    yield counted
    sys.settrace(before)


def rules(*texts: str, action: str = "block", filter_: str = "dns", part: str = "traffic") -> list[GatewayRule]:
    return [
        GatewayRule(f"r{i}", "", action, (filter_,), i, enabled=True, **{part: text})  # type: ignore[arg-type]
        for i, text in enumerate(texts)
    ]


def _of(*texts: str, **more: Any) -> Case:
    context = {"answers": {"a.example": {"A": ["203.0.113.1"]}}, "offramp": "internet", **more.pop("context", {})}
    lists, request = more.pop("lists", ()), more.pop("request", FETCH)
    return Case(rules(*texts, **more), lists, request, Context(**context))


def _names(which: int, count: int, type_: str = "DOMAIN") -> GatewayList:
    host = "u{}@l{}.example" if type_ == "EMAIL" else "n{}.l{}.example"
    return GatewayList(LIST.format(which), "", type_, tuple([host.format(i, which) for i in range(count)]))


def _listed(entries: int, count: int) -> Case:
    """A rule for each of as many lists."""
    lists = [_names(which, entries) for which in range(count)]
    return _of(*[f"any(dns.domains[*] in ${known.id})" for known in lists], lists=lists)


def _emails(n: int) -> Case:
    """As many rules as the one list has entries, of which the last may be a Worker's."""
    known = _names(0, n, "EMAIL")
    assert known.values is not None
    known = attrs.evolve(known, values=(*known.values, "non_identity@x.cloudflareaccess.com"))
    return _of(*[f"identity.email in ${known.id}"] * n, lists=[known], part="identity")


def _nested(n: int, opening: str, word: str) -> str:
    """Levels around each other, as many as are read, with operands at each."""
    text = 'dns.fqdn == "x"'
    for level in range(DEEPEST_EXPRESSION // 2):
        operands = [f'dns.fqdn == "a{level}-{i}"' for i in range(n // 10)]
        text = f" {word} ".join([f"{opening}({text})", *operands])
    return text


def _addresses(n: int) -> list[str]:
    return [f"198.18.{i // 256}.{i % 256}" for i in range(n)]


def _any_of(n: int, what: str) -> Case:
    return _of(f"any({what})", context={"given": {"dns.resolved_ips": _addresses(n)}})


def _ranges(n: int) -> str:
    return (
        "dns.resolved_ips[0] in {"
        + " ".join(f"{IPv6Address(i << 9)}..{IPv6Address((i << 9) + 1)}" for i in range(n))
        + "}"
    )


CASES: Final[dict[str, Callable[[int], Case]]] = {
    "rules": lambda n: _of(*[f'dns.fqdn == "h{i}.example"' for i in range(n)]),
    "rules that all match perhaps": lambda n: _of(*["any(dns.content_category[*] in {1})"] * n),
    "rules with a list each": lambda n: _listed(20, n // 10),
    "rules that bar": lambda n: _of(*[f'not(dns.fqdn == "a.example") and dns.fqdn != "b{i}"' for i in range(n)]),
    "rules with a pattern each": lambda n: _of(*[f'dns.fqdn matches "^h{n}-{i}[.]"' for i in range(n)]),
    "rules with a hard pattern each": lambda n: _of(
        *[f'dns.fqdn matches "(a|b)*{n}-{i}(a?){{40}}a{{40}}$"' for i in range(n // 10)]
    ),
    "entries": lambda n: _listed(n, 1),
    "rules and the entries of a list that may all match": _emails,
    "rules and answers": lambda n: _of(
        *["any(dns.content_category[*] in {1})"] * n,
        action="allow",
        context={"answers": {"a.example": {"A": _addresses(n)}}},
    ),
    "answers, each a way": lambda n: _of(
        "net.dst.ip == 198.18.0.0",
        filter_="l4",
        context={"answers": {"a.example": {"A": _addresses(n)}}, "addresses": "any"},
    ),
    "or": lambda n: _of(" or ".join(f'dns.fqdn == "h{i}.example"' for i in range(n))),
    "or of negations": lambda n: _of(" or ".join(f'not dns.fqdn == "h{i}.example"' for i in range(n))),
    "and": lambda n: _of(" and ".join(f'dns.fqdn != "h{i}.example"' for i in range(n))),
    "xor": lambda n: _of(" xor ".join(f'dns.fqdn == "h{i}.example"' for i in range(n))),
    "xor of negations": lambda n: _of(" xor ".join(f'not dns.fqdn == "h{i}.example"' for i in range(n))),
    "and of or": lambda n: _of(" and ".join(f'(dns.fqdn == "a.example" or net.dst.port == {i})' for i in range(n))),
    "or of and": lambda n: _of(" or ".join(f'(dns.fqdn != "a{i}" and dns.query_rtype == "MX")' for i in range(n))),
    "unknown functions": lambda n: _of(" xor ".join(f"f{i}(dns.fqdn)" for i in range(n))),
    "unknown lists": lambda n: _of(" or ".join(f"dns.fqdn in ${LIST.format(i)}" for i in range(n))),
    "items": lambda n: _of("dns.fqdn in {" + " ".join(f'"h{i}.example"' for i in range(n)) + "}"),
    "ranges": lambda n: _of(_ranges(n)),
    "levels of not and or": lambda n: _of(_nested(n, "not", "or")),
    "levels of not and and": lambda n: _of(_nested(n, "not", "and")),
    "levels of xor": lambda n: _of(_nested(n, "", "xor")),
    "an array": lambda n: _any_of(n, "dns.resolved_ips[*] == 10.0.0.1"),
    "an array, negated": lambda n: _any_of(n, "not(dns.resolved_ips[*] != 198.18.0.0)"),
    "an array under xor": lambda n: _any_of(n, "dns.resolved_ips[*] == 10.0.0.1 xor dns.resolved_ips[*] == 10.0.0.2"),
    "comparisons of elements": lambda n: _any_of(
        2, " or ".join(f"dns.resolved_ips[*] == 10.0.{i // 256}.{i % 256}" for i in range(n))
    ),
    "a path": lambda n: _of(
        'http.request.uri.path wildcard "*a*b*c*d" or http.request.uri matches "(a|a)*b$"',
        filter_="http",
        request=Request.fetch("http://a.example/" + "ab" * n),
    ),
    "what cannot be read": lambda n: _of("dns.fqdn == " + "\n" * n + "!"),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_are_linear(name: str, steps: Steps) -> None:
    """Four times as much is at most four times as many steps: to read the rules, to ask them first and once more."""
    counts = [_counts(CASES[name](n), steps) for n in (50, 100, 400)][1:]  # the first makes what all accounts share
    for few, many in zip(*counts, strict=True):
        assert many <= 4.2 * few + 50, counts


def _counts(case: Case, steps: Steps) -> tuple[int, int, int]:
    made: list[Account] = []
    read = steps(lambda: made.append(Account(case.rules, case.lists)))

    def ask() -> Outcome:
        return evaluate(made[0], case.request, case.context)

    return read, steps(ask), steps(ask)


def test_comparing_a_pattern_with_the_other_dialect_is_linear() -> None:
    """What it is asked as a whole, it is asked once, however many pieces it has."""

    class Counted(str):
        searches = 0

        def __contains__(self, part: object) -> bool:
            Counted.searches += 1
            return super().__contains__(cast(str, part))

    assert difference(Counted(r"\x61" * 100)) is None
    assert Counted.searches <= 1


@pytest.mark.parametrize("pattern", ['"^h{}[.]"', '"(a|b)*{}(a?){{1000}}a{{1000}}$"'])
def test_patterns_are_compiled_once(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each alone, all of a field together, whatever they say; and none when they are asked again."""
    compiled: list[int] = []

    def one(text: str) -> Any:
        compiled.append(1)
        return patterns.compile_pattern(text)

    def several(texts: Sequence[bytes]) -> Any:
        compiled.append(len(texts))
        return patterns.compile_patterns(texts)

    monkeypatch.setattr(checker, "compile_pattern", one)
    monkeypatch.setattr(index, "compile_patterns", several)
    account = Account(rules(*["dns.fqdn matches " + pattern.format(i) for i in range(30)]))
    for _ in range(3):
        assert evaluate(account, FETCH, Context()).dns.outcome == "allowed"
    assert compiled == [1] * 30 + [30]


# Limits that refuse a condition: what it would have said is not known, and nothing is certain by it

REFUSED: Final[dict[str, tuple[str, str]]] = {
    "LONGEST_EXPRESSION": (
        'dns.fqdn == "' + "a" * LONGEST_EXPRESSION + '"',
        f"more than {LONGEST_EXPRESSION} characters is not read",
    ),
    "DEEPEST_EXPRESSION, parentheses": (
        "(" * (DEEPEST_EXPRESSION + 1) + 'dns.fqdn == "a"' + ")" * (DEEPEST_EXPRESSION + 1),
        f"more than {DEEPEST_EXPRESSION} levels deep is not read",
    ),
    "DEEPEST_EXPRESSION, negations": (
        "not " * (DEEPEST_EXPRESSION + 1) + 'dns.fqdn == "a"',
        f"more than {DEEPEST_EXPRESSION} levels deep is not read",
    ),
    "RE2's size of a program": ('dns.fqdn matches "((a{100}){100}){100}"', "RE2 refuses it"),
    "RE2's size of a repetition": ('dns.fqdn matches "a{1001}"', "RE2 refuses it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_condition_beyond_a_limit_is_unknown(name: str) -> None:
    text, reason = REFUSED[name]
    account = Account(rules(text))
    (notice,) = account.notices
    assert (notice.rule.id, notice.part) == ("r0", "traffic")
    assert reason in notice.notice.text
    assert len(notice.notice.text) < 1000
    outcome = agree(account, FETCH, Context())
    assert outcome.final == "unknown"
    assert outcome.dns.outcomes == {"allowed", "blocked"}
    assert any(reason in missing.reason for missing in outcome.dns.missing)


# Limits of the index: beyond them it rules out less, and every answer is the same


@pytest.mark.parametrize("count", [MOST_WAYS, MOST_WAYS + 1])
@pytest.mark.parametrize(
    "text", ['dns.fqdn == "a{}" and dns.query_rtype == "A"', 'not(dns.fqdn == "a.example" or dns.query_rtype == "A{}")']
)
def test_most_ways(text: str, count: int) -> None:
    text = " or ".join(f"({text.format(i)})" for i in range(count))
    ways = ways_of(check(parse(text), text).condition)
    assert (len(ways) == MOST_WAYS) if count == MOST_WAYS else ways == ({},)
    agree(Account(rules(text)), FETCH, Context())


@pytest.mark.parametrize("octets", [1 << 12, 1 << 26])
def test_largest_automaton(octets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too small for the patterns together, so each is tried; enough for them."""
    monkeypatch.setattr(patterns, "LARGEST_AUTOMATON", octets)
    found = compile_patterns([b"^a[.]", b"(x|y){50}", b"^b[.]"])
    assert (found is None) is (octets < 1 << 26)
    account = Account(rules('dns.fqdn matches "^a[.]"', 'dns.fqdn matches "(x|y){50}"', 'dns.fqdn matches "^b[.]"'))
    for host, rule in (("a.example", "r0"), ("b.example", "r2"), ("c.example", None)):
        decided = agree(account, Request.fetch(f"http://{host}/"), Context()).dns.rule
        assert (decided and decided.id) == rule
