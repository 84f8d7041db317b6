"""Conditions as functions of the values of fields: the same answers as walking the tree, in a fraction of the time.

What is common is done here (single values, arrays of them, ``and``, ``or``, ``not``); for all else the function is the
plain evaluator's (:mod:`vpcroute.policies.conditions`), which is the measure of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from vpcroute.policies.conditions import (
    Condition,
    Facts,
    Joined,
    Maybe,
    Not,
    Over,
    Test,
    Undecided,
    evaluate,
    test_value,
)
from vpcroute.policies.truth import Missing, Truth, Unknown, negated, odd_of

__all__ = ["Closure", "all_hold", "compiled", "constantly"]

Closure = Callable[[Facts], Truth]

_SINGLE: Final = frozenset({bytes, int, bool})


def compiled(condition: Condition) -> Closure:
    """A condition as a function."""
    if isinstance(condition, Test):
        return _test(condition)
    if isinstance(condition, Joined):
        parts = [compiled(part) for part in condition.parts]
        return _odd(parts) if condition.operator == "xor" else _joined(parts, decisive=condition.operator == "or")
    if isinstance(condition, Not):
        return _not(compiled(condition.part))
    if isinstance(condition, Undecided):
        return constantly(condition.unknown)
    if isinstance(condition, Over) and condition.quantifier == "any" and isinstance(condition.part, Test):
        return _any_element(condition, condition.part)
    return partial(evaluate, condition)


def constantly(truth: Truth) -> Closure:
    """What holds, or does not, whatever the request."""
    return lambda _: truth


def _not(part: Closure) -> Closure:
    def opposite(facts: Facts) -> Truth:
        truth = part(facts)
        return not truth if truth is True or truth is False else truth

    return opposite


def _odd(parts: Iterable[Closure]) -> Closure:
    parts = tuple(parts)
    return lambda facts: odd_of([part(facts) for part in parts])


def _joined(parts: Iterable[Closure], *, decisive: bool) -> Closure:
    """``or``, which a true part decides, or ``and``, which a false one does."""
    parts = tuple(parts)

    def joined(facts: Facts) -> Truth:
        unknowns: list[Unknown] = []
        for part in parts:
            truth = part(facts)
            if truth is decisive:
                return decisive
            if isinstance(truth, Unknown):
                unknowns.append(truth)
        if len(unknowns) > 1:
            return Unknown(frozenset[Missing]().union(*[truth.missing for truth in unknowns]))
        return unknowns[0] if unknowns else not decisive

    return joined


def all_hold(parts: Iterable[Closure]) -> Closure:
    """All of some conditions."""
    parts = tuple(parts)
    return parts[0] if len(parts) == 1 else _joined(parts, decisive=False)


def _test(test: Test) -> Closure:
    field, predicate, inverted = test.field, test.predicate, test.inverted
    if test.key is not None:
        return lambda facts: test_value(test, facts(field))

    def compare(facts: Facts) -> Truth:
        value = facts(field)
        if type(value) not in _SINGLE:
            return test_value(test, value)
        truth = predicate(value)
        return negated(truth) if inverted else truth

    return compare


def _any_element(over: Over, test: Test) -> Closure:
    """``any`` of a comparison: an element for which it is true decides, as in any ``or``."""
    field, predicate, inverted = test.field, test.predicate, test.inverted

    def compare(facts: Facts) -> Truth:
        value = facts(field)
        if type(value) is not tuple:
            return evaluate(over, facts)
        missing: set[Missing] = set()
        for element in value:
            kind = type(element)
            if kind in _SINGLE:
                truth = predicate(element)
            elif kind is Maybe:
                truth = predicate(element.value)
            else:
                return evaluate(over, facts)
            if inverted:
                truth = negated(truth)
            if truth is False:
                continue
            if isinstance(truth, Unknown):
                missing |= truth.missing
            elif kind is not Maybe:
                return True
            if kind is Maybe:
                missing.add(element.missing)
        return Unknown(frozenset(missing)) if missing else False

    return compare
