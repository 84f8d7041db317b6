"""The expression language of Gateway's policies: what is read, where it is refused, and that it prints."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import ROWS, SHARED, truth_of

from vpcroute.limits import DEEPEST_EXPRESSION, LONGEST_EXPRESSION
from vpcroute.policies.checker import ListItems, check
from vpcroute.policies.parser import parse
from vpcroute.policies.printer import show
from vpcroute.policies.syntax import (
    EACH,
    Bare,
    Between,
    Call,
    Combination,
    Comparison,
    Expression,
    Field,
    Flag,
    InvalidExpression,
    Items,
    ListName,
    Negation,
    Number,
    Pattern,
    Quantified,
    Text,
)

LIST = "01302951-49f9-47c9-a400-0297e60b6a10"


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS["expressions"]])
def test_worked_examples(row: dict[str, Any]) -> None:
    assert truth_of(row["expr"], ROWS["fields"]) == row["expect"]


@pytest.mark.skipif(not SHARED.is_file(), reason=f"the table of worked examples is not at {SHARED}")
def test_rows_are_those_of_the_table() -> None:
    shared = json.loads(SHARED.read_text("utf-8"))
    assert [row["expr"] for row in ROWS["expressions"]] == [row["expr"] for row in shared["expressions"]]
    assert [(row["id"], row["expect"]) for row in ROWS["examples"]] == [
        (row["id"], row["expect"]) for row in shared["examples"]
    ]
    assert [(row["example"], row["record"]) for row in ROWS["logs"]] == [
        (row["example"], row["record"]) for row in shared["logs"]
    ]


# What is read: another spelling, and the one that is printed


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a.b==1", "a.b == 1"),
        ("a.b eq 1 && c.d ne 2", "a.b == 1 and c.d != 2"),
        ("a.b\r\n==\n 1", "a.b == 1"),
        ("(((a.b)))", "a.b"),
        ("a or b and c xor d", "a or b and c xor d"),
        ("((a and b) xor (c)) or d", "a and b xor c or d"),
        ("(a or b) and c", "(a or b) and c"),
        ("a or (b or c)", "a or (b or c)"),
        ("not a == 1 and b", "not a == 1 and b"),
        ("!(a == 1 and b)", "not (a == 1 and b)"),
        ("not not !a", "not not not a"),
        ("any(a[*]==1)orany(b[*]==2)", "any(a[*] == 1) or any(b[*] == 2)"),
        ("a == 443and b", "a == 443 and b"),
        ("a == 0x1F or b == 017 or c == -5", "a == 31 or b == 15 or c == -5"),
        ("a in{1 2..3}", "a in {1 2..3}"),
        ('a in {"x""y"}', 'a in {"x" "y"}'),
        ("a in {}", "a in {}"),
        ("a in {10.0.0.0/8 10.1.0.1..10.1.0.9 ::1}", "a in {10.0.0.0/8 10.1.0.1..10.1.0.9 ::1}"),
        ("a == 61:62-63", "a == 61:62-63"),
        (f"a in ${LIST}", f"a in ${LIST}"),
        (f"a in $<{LIST.upper()}>", f"a in ${LIST}"),
        (f"a in ${LIST.replace('-', '')}or b", f"a in ${LIST} or b"),
        ("a in $my.list_1", "a in $my.list_1"),
        (r'a == "\x41\101\"\\"', r'a == "AA\"\\"'),
        ('a == r"\\d"', r'a == "\\d"'),
        ('a == r#"say "x""#', r'a == "say \"x\""'),
        ('a == "é\n"', r'a == "é\x0a"'),
        (r'a == "\xff"', r'a == "\xff"'),
        (r'a matches ".*example\.com"', r'a matches r".*example\.com"'),
        (r'a ~ "[\"x"]\"y"', r"""a matches r#"[\"x"]"y"#"""),
        ('a strict wildcard "*"', 'a strict wildcard "*"'),
        ("a & 3 and b", "a & 3 and b"),
        ("a bitwise_and 3", "a & 3"),
        ("a == true or b != false", "a == true or b != false"),
        ('identity.groups[*].name in {"x"}', 'identity.groups.name[*] in {"x"}'),
        ('m["k"] == "v" and n[0] == 1', 'm["k"] == "v" and n[0] == 1'),
        ('f(a.b, "x", 1, 10.0.0.1, true)["k"] == 1', 'f(a.b, "x", 1, 10.0.0.1, true)["k"] == 1'),
        ("f()", "f()"),
        ("all(not a[*] == 1)", "all(not a[*] == 1)"),
    ],
)
def test_spellings(text: str, want: str) -> None:
    tree = parse(text)
    assert show(tree) == want
    assert parse(want) == tree


def test_trees() -> None:
    assert parse("not net.dst.ip in {10.0.0.0/8} or f.g") == Combination(
        "or",
        (
            Negation(Comparison(Field("net.dst.ip"), "in", Items((Bare("10.0.0.0/8"),)))),
            Comparison(Field("f.g")),
        ),
    )


# Where it is refused


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "a field, 'not' or '(' expected, but the expression ends"),
        ("  \n ", 2, 2, "but the expression ends"),
        ("a == 1\n  and\n  )", 3, 3, "a field, 'not' or '(' expected, not ')'"),
        ("a ==\t1", 1, 5, "a tab is not white space"),
        ("a == 1 AND b == 2", 1, 8, "operators are in lower case"),
        ("a == x.y", 1, 6, "fields are compared with values"),
        ("a in {1, 2}", 1, 8, "separated by white space alone"),
        ("a in {1 2", 1, 10, "an item of the set or '}' expected, but the expression ends"),
        ("a in 1", 1, 6, "a set in braces"),
        ("a in $", 1, 7, "the id of a list"),
        ("a in $<x", 1, 9, "'>' expected"),
        ("a matches 1", 1, 11, "a pattern in quotes"),
        ("a contains 1", 1, 12, "a string in quotes"),
        (r'a == "x\d"', 1, 8, r"'\d' is no escape"),
        ('a == "x', 1, 6, "the string has no end"),
        ('a matches "x', 1, 11, "the pattern has no end"),
        ('a matches "[x"', 1, 11, "the pattern has no end"),
        ('a == r#"x"', 1, 6, "the raw string has no end"),
        ("a == 09", 1, 6, "octal"),
        ("a == 9223372036854775808", 1, 6, "64 bits"),
        ("a == 99999999999999999999999999", 1, 6, "64 bits"),
        ("a in {1..x}", 1, 10, "the other end of the range"),
        ("a in {1..::1}", 1, 10, "the other end of the range"),
        ("any(app.ids[] in {606})", 1, 12, "every element is [*]"),
        ("a[x] == 1", 1, 2, "an index is"),
        ("a[1 == 1", 1, 5, "']' expected"),
        ("(a == 1", 1, 8, "')' expected, but the expression ends"),
        ("any(a[*] == 1", 1, 14, "')' expected"),
        ("f(a.b", 1, 6, "')' expected"),
        ("a == 1 b", 1, 8, "'and', 'or', 'xor' or the end expected, not 'b'"),
        ("a[*]. == 1", 1, 7, "the rest of the field's name"),
        ('a == "\ud800"', 1, 7, "surrogate"),
        ("a == \x1b", 1, 6, r"not '\x1b'"),
    ],
)
def test_refusals(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(InvalidExpression) as caught:
        parse(text)
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert reason in str(error)
    assert str(error).startswith(f"line {line}, column {column}: {error.reason}")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), again.position, again.hint) == (str(error), error.position, error.hint)


def test_an_expression_is_text() -> None:
    with pytest.raises(TypeError):
        parse(b"a == 1")  # type: ignore[arg-type]


@pytest.mark.parametrize("opening", ["(", "not ", "!", "any(", "f("])
def test_depth_is_limited(opening: str) -> None:
    closing = ")" if "(" in opening else ""
    for depth in (DEEPEST_EXPRESSION, DEEPEST_EXPRESSION + 1, 50_000):
        text = opening * depth + "a.b" + closing * depth
        if depth == DEEPEST_EXPRESSION:
            assert parse(show(parse(text))) == parse(text)
        else:
            with pytest.raises(InvalidExpression, match="levels deep"):
                parse(text)


def test_the_highest_tree_is_read_printed_compared_and_checked() -> None:
    """Every kind of operator at every level, from inside of a call as deep as a program may be."""
    deep = "x.y"
    for _ in range(DEEPEST_EXPRESSION // 2):
        deep = f"a.b or c.d xor e.f and not ({deep})"
    tree = parse(deep)
    assert parse(show(tree)) == tree
    check(tree, deep)
    assert pickle.loads(pickle.dumps(tree)) == tree  # noqa: S301


def test_length_is_limited() -> None:
    long = "a" * (LONGEST_EXPRESSION - 6) + " == 10"
    assert parse(long) == Comparison(Field("a" * (LONGEST_EXPRESSION - 6)), "==", Number(10))
    with pytest.raises(InvalidExpression, match="characters is not read") as caught:
        parse(long + "0")
    assert caught.value.position == LONGEST_EXPRESSION


# Types


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("net.dst.port", 1, "not true or false by itself"),
        ('net.dst.port == "https"', 17, "is not a whole number"),
        ("net.dst.port == 10.0.0.1", 17, "the field is a number"),
        ("net.dst.port == true", 17, "the field is a number"),
        ('net.dst.port contains "4"', 23, "does not apply"),
        ('net.dst.ip matches "1"', 20, "does not apply"),
        ("net.dst.ip == 443", 15, "the field is an IP address"),
        ("net.dst.ip == 10.0.0.0/8", 15, "is not an IP address"),
        ("net.dst.ip == 010.0.0.1", 15, "is not an IP address"),
        ("net.dst.ip in {10.0.0.1/8}", 16, "the prefix is 10.0.0.0/8"),
        ("net.dst.ip in {10.0.0.9..10.0.0.1}", 16, "ends before it begins"),
        ("net.dst.ip in {10.0.0.9..::1}", 16, "two families"),
        ("net.dst.port in {9..1}", 18, "ends before it begins"),
        ("net.dst.port in {443 tcp}", 22, "expected, not 'tcp'"),
        ("dns.fqdn == 5", 13, "write the value in quotes"),
        ("dns.fqdn in {1..2}", 14, "only numbers and addresses have ranges"),
        ("dns.fqdn & 5", 12, "does not apply"),
        ('dns.fqdn[0] == "a"', 1, "is no array"),
        ('dns.fqdn["x"] == "a"', 1, "is no map"),
        ('dns.domains == "a"', 1, "any(dns.domains[*] …)"),
        ('dns.domains[0][1] == "a"', 1, "has no elements that have elements"),
        ('identity.saml_attributes == "a"', 1, 'write identity.saml_attributes["key"]'),
        ("net.is_isolated == 1", 20, "the field is true or false"),
        ("net.is_isolated in {1}", 20, "does not apply"),
        ("net.dst.port == 1 and any(net.dst.port == 2)", 27, "needs the elements of an array"),
        ("any(net.dst.ip in {10.0.0.0/8})", 5, "write net.dst.ip[*]"),
        ("any(any(net.dst.ip[*] == 10.0.0.1))", 5, "any() within any()"),
        ("any(net.dst.ip[*] == 10.0.0.1 or net.dst.port == 1)", 34, "needs the elements"),
        ('any(dns.content_category[*] in {"Gambling"})', 33, "compared by their ids"),
        ('http.request.host wildcard "a**"', 28, "two stars"),
        ('http.request.host wildcard "\\\\a"', 28, "may follow a backslash"),
    ],
)
def test_type_errors(text: str, column: int, reason: str) -> None:
    with pytest.raises(InvalidExpression) as caught:
        check(parse(text), text)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "notices"),
    [
        ('dns.fqdn == "example.com"', []),
        ('dns.fqdn == "Example.COM."', ["names are compared in one spelling, this one as example.com"]),
        ('dns.fqdn == "bücher.example"', ["names are compared in one spelling, this one as xn--bcher-kva.example"]),
        ('net.dst.port == "443"', ["net.dst.port takes its values without quotes"]),
        ('net.dst.ip in {"10.0.0.0/8"}', ["net.dst.ip takes its values without quotes"]),
        ("net.src.ip[*] in {10.0.0.0/8}", ["[*] stands outside any() and all(); it is read as any()"]),
        ('dns.fqdn contains "x"', ["'contains' is wirefilter's; Gateway documents it nowhere"]),
        ("no.such.field == 1", ["no.such.field: a field of no known meaning"]),
        ('lower(dns.fqdn) == "x"', ["lower(): a function of no known meaning"]),
        ('dns.fqdn in {"' + LIST + '"}', [f"'{LIST}' in braces is text; the list of this id is ${LIST}"]),
        ("any(dns.domains[*] in $" + LIST.replace("0", "9") + ")", ["list 91392951-49f9-47c9-a499-9297e69b6a19: "]),
        ('dns.fqdn matches "(?=x)"', ["pattern '(?=x)': RE2 refuses it: "]),
        ("pkg.version > 1", ["pkg.version: its type is not published"]),
    ],
)
def test_notices(text: str, notices: list[str]) -> None:
    found = check(parse(text), text, lists={LIST: ListItems("DOMAIN", ("example.com",))}).notices
    assert len(found) == len(notices)
    for notice, want in zip(found, notices, strict=True):
        assert notice.text.startswith(want)
        assert 0 <= notice.at < len(text)


def test_a_field_of_another_kind_of_rule_is_undecided() -> None:
    text = "net.dst.port == 443"
    assert check(parse(text), text, filter_="l4").notices == ()
    assert [n.text for n in check(parse(text), text, filter_="dns").notices] == [
        "net.dst.port: dns rules have no such field"
    ]


# Any tree prints, any text is read or refused

_SETTINGS = settings(derandomize=True, deadline=None, database=None, max_examples=70)
_NAMES = st.sampled_from(["net.dst.ip", "dns.domains", "a", "x_1.y2", "http.request.host", "anyone.x", "r"])
_INDEXES = st.lists(st.sampled_from([EACH, 0, 7, b"k", b'"\\\xff']), max_size=2).map(tuple)
_FIELDS = st.builds(Field, _NAMES, _INDEXES)
_NUMBERS = st.integers(-(2**63), 2**63 - 1).map(Number)
_BARE = st.sampled_from("10.0.0.1 10.0.0.0/8 ::1 2001:db8::/32 61:62-63 1.2.3. 10-20 : ab:cd".split()).map(Bare)
_ADDRESSES = st.just(Bare("10.0.0.1"))  # a function's argument that begins with a digit is a literal
_TEXTS = st.one_of(st.binary(max_size=6), st.text(st.sampled_from('a"\\#é\n\t\x7f'), max_size=6).map(str.encode)).map(
    Text
)
_PATTERNS = st.text(st.sampled_from('a"\\#[]é\n'), max_size=8).map(Pattern)
_ITEMS = st.lists(
    st.one_of(_TEXTS, _NUMBERS, _BARE, st.builds(Between, _NUMBERS, _NUMBERS), st.builds(Between, _BARE, _BARE)),
    max_size=4,
).map(lambda items: Items(tuple(items)))
_LISTS = st.sampled_from([LIST, "some.name"]).map(ListName)


def _comparisons(left: st.SearchStrategy[Any]) -> st.SearchStrategy[Comparison]:
    values = st.one_of(_TEXTS, _NUMBERS, _BARE, st.builds(Flag, st.booleans()))
    return st.one_of(
        st.builds(Comparison, left),
        st.builds(Comparison, left, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "&"]), values),
        st.builds(Comparison, left, st.just("in"), st.one_of(_ITEMS, _LISTS)),
        st.builds(Comparison, left, st.just("matches"), _PATTERNS),
        st.builds(Comparison, left, st.sampled_from(["contains", "wildcard", "strict wildcard"]), _TEXTS),
    )


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    arguments = st.lists(st.one_of(inner, _TEXTS, _NUMBERS, _ADDRESSES, st.builds(Flag, st.booleans())), max_size=2)
    calls = st.builds(Call, st.sampled_from(["lower", "anybody"]), arguments.map(tuple), _INDEXES)
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Negation, inner),
        st.builds(Quantified, st.sampled_from(["any", "all"]), inner),
        st.builds(Combination, st.sampled_from(["or", "xor", "and"]), several),
        _comparisons(calls),
    )


TREES: st.SearchStrategy[Expression] = st.recursive(_comparisons(_FIELDS), _larger, max_leaves=5)


@_SETTINGS
@given(TREES)
def test_what_is_printed_parses_to_the_same_tree(tree: Expression) -> None:
    assert parse(show(tree)) == tree


_PIECES = st.sampled_from(
    [
        *("dns.fqdn", "net.dst.ip", "net.dst.port", "app.ids[*]", "any(", "all(", "(", ")", "[", "]", "{", "}", "[*]"),
        *("not", "!", "and", "or", "xor", "&&", "||", "^^", "==", "!=", "<", ">=", "in", "contains", "matches", "~"),
        *("wildcard", "strict", "&", "true", "false", "1", "-0x1f", "08", "10.0.0.1", "/8", "::", "..", ".", "$", "<"),
        *('"', 'r"', '#"', "\\", '"a"', "\\x", LIST, ",", " ", "\t", "\n", "é", "\ud800", "\x00", "identity.x"),
    ]
)


@settings(_SETTINGS, max_examples=400)
@given(st.one_of(st.lists(_PIECES, max_size=25).map("".join), st.text(max_size=30)))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        tree = parse(text)
        check(tree, text)
    except InvalidExpression as refused:
        error = refused
    else:
        assert parse(show(tree)) == tree
        return
    assert 0 <= error.position <= len(text)
    assert error.position == sum(len(line) + 1 for line in text.split("\n")[: error.line - 1]) + error.column - 1
    assert str(error).isprintable()


def test_white_space_may_stand_between_all_tokens() -> None:
    """Read from text with much of it, and from text with none where none is needed."""
    wide = " not \r\n ( any ( dns.domains[ * ] in { 10.0.0.0/8  1 .. 2 } ) and f ( 1 , 2 ) == \n 3 ) "
    assert parse(wide) == parse("not(any(dns.domains[*]in{10.0.0.0/8 1..2})and f(1,2)==3)")
