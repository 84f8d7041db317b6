"""Regular expressions and wildcards of Gateway's policies: what they find, what is not read, and that they end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import truth_of

from vpcroute.policies import patterns
from vpcroute.policies.patterns import compile_pattern, compile_wildcard
from vpcroute.policies.truth import Unknown


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("example", "www.example.com", True),
        ("^example", "www.example.com", False),
        (r".*example\.com", "wwwexample.com", True),
        (r"[.](cn|ru)$", "a.ru", True),
        (r"[.](cn|ru)$", "a.rum", False),
        ("(?i)EXAMPLE", "example", True),
        ("EXAMPLE", "example", False),
        (r"^\d{1,3}$", "1234", False),
        (r"\bapi\b", "my-api.com", True),
        ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^.$", "é", False),  # two octets
        (r"[^a-z]", "é", True),
        (r"[[:alpha:]]+\x2e", "ab.", True),
        ("[]a]", "]", True),
        ("[^]a]", "]", False),
        ("", "", True),
    ],
)
def test_patterns(pattern: str, text: str, found: bool) -> None:
    find = compile_pattern(pattern)
    assert not isinstance(find, Unknown)
    assert find(text.encode()) is found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        # Rust reads these otherwise than RE2
        ("é", "characters beyond ASCII"),
        (r"\Qa.b\E", r"\Q"),
        (r"\pL", r"\p"),
        (r"\C", r"\C"),
        (r"\101", r"\1"),
        (r"\<a", r"\<"),
        (r"\b{start}a", r"\b"),
        ("a{x}", "{ that is no repetition"),
        ("a{,3}", "{ that is no repetition"),
        ("a{", "{ that is no repetition"),
        ("[a&&b]", "&& in brackets"),
        ("[a--b]", "-- in brackets"),
        ("[a~~b]", "~~ in brackets"),
        ("[a[b]c]", "[ in brackets"),
        (r"(?i)\xe9", "\\x with options"),
        # RE2 refuses these
        ("(?=a)", "RE2 refuses it"),
        ("(?x) a b", "RE2 refuses it"),
        (r"(a)\1", r"\1"),
        ("(", "RE2 refuses it"),
        ("[a", "RE2 refuses it"),
        ("*a", "RE2 refuses it"),
        ("a{1001}", "RE2 refuses it"),
        ("((a{1000}){1000}){1000}", "RE2 refuses it"),
        ("\\", "RE2 refuses it"),
    ],
)
def test_patterns_that_have_no_answer_here(pattern: str, reason: str) -> None:
    find = compile_pattern(pattern)
    assert isinstance(find, Unknown)
    (missing,) = find.missing
    assert reason in missing.reason


def test_without_re2_no_pattern_has_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "re2", None)
    find = compile_pattern("a")
    assert isinstance(find, Unknown)
    assert "vpcroute[gateway]" in next(iter(find.missing)).reason
    facts = {"dns.fqdn": "a"}
    assert truth_of('dns.fqdn matches "a"', facts) == "unknown"
    assert truth_of('dns.fqdn matches "a" or dns.fqdn == "a"', facts) is True
    assert truth_of('not dns.fqdn matches "a"', facts) == "unknown"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a*)*b", "a" * 50_000),
        ("(a|a)*$", "a" * 50_000 + "b"),
        ("(.*)(.*)(.*)(.*)x", "a" * 50_000),
        ("(a?){500}a{500}", "a" * 50_000),
        ("[ab]*a[ab]{400}c", "ab" * 25_000),
    ],
)
def test_patterns_that_take_for_ever_elsewhere(pattern: str, text: str) -> None:
    find = compile_pattern(pattern)
    assert not isinstance(find, Unknown)
    find(text.encode())


_PIECES = st.sampled_from([*"ab.*+?()[]{}|^$\\-&~,01", "\\d", "\\b", "(?i)", "[^", "[:alpha:]", "\\x41", "&&", "é"])


@settings(derandomize=True, deadline=None, database=None, max_examples=150)
@given(st.lists(_PIECES, max_size=10).map("".join), st.text(st.sampled_from("abA.1\n"), max_size=8))
def test_what_is_read_is_found_as_elsewhere(pattern: str, text: str) -> None:
    """Against Python's own, where that reads the pattern too and means the same by it."""
    find = compile_pattern(pattern)
    if isinstance(find, Unknown) or re.search(r"\[:|\{|[*+?][*+?]|\$|\\Z|\\z|\\\\", pattern):
        return
    try:
        plain = re.compile(pattern.encode())
    except (re.error, FutureWarning, DeprecationWarning):
        return
    assert find(text.encode()) is (plain.search(text.encode()) is not None)


# Wildcards


@pytest.mark.parametrize(
    ("pattern", "text", "loose", "strict"),
    [
        ("*.Example.com", "api.example.com", True, False),
        ("*.example.com", "example.com", False, False),
        ("a*", "a", True, True),
        ("a*a", "a", False, False),
        ("*a*b*", "xxaxxbxx", True, True),
        ("*a*b*", "xxbxxaxx", False, False),
        ("ab*ba", "aba", False, False),
        ("", "", True, True),
        ("*", "", True, True),
        ("a", "ab", False, False),
        (r"a\*b", "a*b", True, True),
        (r"a\*b", "axb", False, False),
        ("a\\\\b", "a\\b", True, True),
    ],
)
def test_wildcards(pattern: str, text: str, loose: bool, strict: bool) -> None:
    for is_strict, want in ((False, loose), (True, strict)):
        assert compile_wildcard(pattern.encode(), strict=is_strict)(text.encode()) is want


@pytest.mark.parametrize("pattern", ["**", "a**b", "\\", "\\a"])
def test_wildcards_that_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="wildcard"):
        compile_wildcard(pattern.encode(), strict=True)


@settings(derandomize=True, deadline=None, database=None, max_examples=150)
@given(st.text(st.sampled_from("ab*"), max_size=8), st.text(st.sampled_from("ab"), max_size=10))
def test_wildcards_as_a_regular_expression(pattern: str, text: str) -> None:
    if "**" in pattern:
        return
    want: Any = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text)
    assert compile_wildcard(pattern.encode(), strict=True)(text.encode()) is (want is not None)


def test_a_wildcard_of_many_stars_ends() -> None:
    assert not compile_wildcard(b"*a" * 2_000 + b"*c", strict=True)(b"ab" * 50_000)
