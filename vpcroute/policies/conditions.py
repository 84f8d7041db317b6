"""Expressions whose types have been checked, and what they say of the values of one request.

A value of a field is one of: a single value; a tuple of them for an array; a mapping for a map; :data:`ABSENT`; an
:class:`~vpcroute.policies.truth.Unknown`; :class:`OneOf` where some values are possible; :class:`Open` for a text that
is known in part. An array may hold a :class:`Maybe`, an element that may be there or not, and an Unknown, one that is
there but not known, or any number of such.

**Absent is not unknown.** A comparison with an absent field is false, but for ``!=``, which is true (wirefilter:
engine/src/scheme.rs; Gateway's own choice is not published); an absent array has no elements.

This is the plain evaluator: it walks the tree. It is the measure of any faster one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import attrs

from vpcroute.policies.predicates import Among, Predicate, Single
from vpcroute.policies.syntax import Junction, Quantifier
from vpcroute.policies.truth import Missing, Truth, Unknown, all_of, any_of, negated, odd_of, unknown

__all__ = [
    "ABSENT",
    "Absent",
    "Condition",
    "Facts",
    "Joined",
    "Maybe",
    "Not",
    "OneOf",
    "Open",
    "Over",
    "Test",
    "Undecided",
    "Value",
    "evaluate",
    "fields_of",
    "may_be",
    "test_value",
]


class Absent:
    """The value of a field that a request does not have."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@attrs.frozen(cache_hash=True)
class Open:
    """A text of which only the beginning and the end are known."""

    prefix: bytes
    suffix: bytes
    missing: Missing


@attrs.frozen
class Maybe:
    """An element that an array has or has not."""

    value: Single
    missing: Missing


@attrs.frozen
class OneOf:
    """One of some values; which one would be settled by what is missing."""

    values: tuple[Any, ...]
    missing: Missing


Value = Single | tuple[Single | Maybe, ...] | Mapping[bytes, Single] | Absent | Open | OneOf | Unknown
#: The value of a field by its name.
Facts = Callable[[str], Any]


# Conditions


@attrs.frozen
class Test:
    """A comparison of a field.

    Attributes:
        field: its name.
        predicate: what is asked of one value.
        inverted: whether the answer is turned round (``!=``).
        key: the element of an array or map that is looked at; None for the field itself.
        each: whether every element is looked at by itself (``[*]``); such a test stands within an :class:`Over`.
    """

    __test__ = False  # not for pytest

    field: str
    predicate: Predicate
    inverted: bool = False
    key: bytes | int | None = None
    each: bool = False


@attrs.frozen
class Undecided:
    """What cannot be decided whatever the request: an unknown field, function or type.

    Attributes:
        unknown: why.
        field: the field, if it is known by its name.
    """

    unknown: Unknown
    field: str | None = None


@attrs.frozen
class Not:
    """``not part``."""

    part: Condition


@attrs.frozen
class Joined:
    """Parts under one operator."""

    operator: Junction
    parts: tuple[Condition, ...]


@attrs.frozen
class Over:
    """``any(part)`` or ``all(part)``: `part` has a truth for each element."""

    quantifier: Quantifier
    part: Condition


Condition = Test | Undecided | Not | Joined | Over

_JOIN: Final[Mapping[Junction, Callable[[Any], Truth]]] = {"and": all_of, "or": any_of, "xor": odd_of}


def fields_of(condition: Condition) -> frozenset[str | None]:
    """The names of the fields that a condition looks at; None among them for what is not known."""
    if isinstance(condition, Test | Undecided):
        return frozenset({condition.field})
    if isinstance(condition, Joined):
        return frozenset().union(*[fields_of(part) for part in condition.parts])
    return fields_of(condition.part)


def evaluate(condition: Condition, facts: Facts) -> Truth:
    """Whether a condition holds."""
    if isinstance(condition, Test):
        return test_value(condition, facts(condition.field))
    if isinstance(condition, Joined):
        return _JOIN[condition.operator]([evaluate(part, facts) for part in condition.parts])
    if isinstance(condition, Not):
        return negated(evaluate(condition.part, facts))
    if isinstance(condition, Undecided):
        return condition.unknown
    return _over(condition, facts)


def _over(condition: Over, facts: Facts) -> Truth:
    """``any`` or ``all``. Of one field, each of its possible arrays is asked as a whole; of several, by element."""
    fields = fields_of(condition.part)
    field = next(iter(fields))
    if len(fields) == 1 and field is not None:
        value = facts(field)
        if isinstance(value, OneOf):
            return _agreed([_over(condition, partial(_constantly, each)) for each in value.values], value.missing)
    elements = _elements(condition.part, facts)
    if isinstance(elements, Unknown):
        return elements
    if condition.quantifier == "any":
        return any_of(all_of((element.there, element.truth)) for element in elements)
    return all_of(any_of((negated(element.there), element.truth)) for element in elements)


def _constantly(value: Any, _: str) -> Any:
    return value


# One value


def test_value(test: Test, value: Any) -> Truth:
    """The truth of a comparison without ``[*]``."""
    if test.key is not None:
        value = _item(value, test.key)
    if isinstance(value, OneOf):
        return _agreed([test_value(attrs.evolve(test, key=None), each) for each in value.values], value.missing)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Absent):
        return test.inverted
    if not isinstance(value, tuple):
        return _of_one(test, value)
    found = any_of(_present(element, _of_one(test, _bare(element))) for element in value)
    if not test.inverted:
        return found
    # The documentation writes == for arrays, and says of != neither "one differs" nor "none is equal".
    none_equal = all_of(any_of((negated(_there(element)), _of_one(test, _bare(element)))) for element in value)
    return _agreed([found, none_equal], Missing(test.field, "!= on an array may mean one element or all of them"))


def _of_one(test: Test, value: Any) -> Truth:
    if isinstance(value, Unknown):
        return value
    truth = _of_open(test.predicate, value) if isinstance(value, Open) else test.predicate(value)
    return negated(truth) if test.inverted else truth


def _of_open(predicate: Predicate, value: Open) -> Truth:
    """A text that is known in part differs from all that do not begin and end as it does."""
    if isinstance(predicate, Among) and predicate.otherwise is False and not may_be(predicate, value):
        return False
    return Unknown(frozenset({value.missing}))


def may_be(among: Among, text: Open) -> bool:
    """Whether a text that is known in part may be one of some values."""
    found = among.known.get(text)
    if found is None:
        found = any(isinstance(value, bytes) and _fits(value, text) for value in among.values)
        among.known[text] = found
    return found


def _fits(text: bytes, value: Open) -> bool:
    enough = len(text) >= len(value.prefix) + len(value.suffix)
    return enough and text.startswith(value.prefix) and text.endswith(value.suffix)


def _item(value: Any, key: bytes | int) -> Any:
    if isinstance(value, OneOf):
        return OneOf(tuple([_item(each, key) for each in value.values]), value.missing)
    if isinstance(value, Unknown | Absent):
        return value
    if isinstance(key, bytes):
        return value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    elements = value if isinstance(value, tuple) else (value,)
    if any(isinstance(element, Maybe | Unknown) for element in elements[: key + 1]):
        return unknown("an element's number", "elements before it may be there or not")
    return elements[key] if key < len(elements) else ABSENT


def _agreed(truths: list[Truth], missing: Missing) -> Truth:
    """What all say; unknown where they differ."""
    first = truths[0]
    if all(truth == first for truth in truths):
        return first
    parts = [truth.missing for truth in truths if isinstance(truth, Unknown)]
    return Unknown(frozenset({missing}).union(*parts))


# Every element of an array


class _Element(NamedTuple):
    there: Truth
    truth: Truth


_WEAK: Final = "which elements stand side by side is not known"


def _elements(condition: Condition, facts: Facts) -> list[_Element] | Unknown:
    """The truth of each element, where `condition` is about the elements of arrays."""
    if isinstance(condition, Test):
        return _each(condition, facts(condition.field))
    if isinstance(condition, Not):
        elements = _elements(condition.part, facts)
        if isinstance(elements, Unknown):
            return elements
        return [_Element(element.there, negated(element.truth)) for element in elements]
    if isinstance(condition, Joined):
        return _side_by_side(condition, [_elements(part, facts) for part in condition.parts])
    assert isinstance(condition, Undecided)  # noqa: S101  (the checker lets nothing else stand here)
    return condition.unknown


def _each(test: Test, value: Any) -> list[_Element] | Unknown:
    if isinstance(value, OneOf):
        return _merged([_each(test, each) for each in value.values], value.missing)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Absent):
        return []
    elements = tuple(value.values()) if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    return [_Element(_there(element), _of_one(test, _bare(element))) for element in elements]


def _merged(several: list[list[_Element] | Unknown], missing: Missing) -> list[_Element] | Unknown:
    """Elements of which one set is the right one: number by number, where all sets have equally many."""
    lists = [elements for elements in several if not isinstance(elements, Unknown)]
    if len(lists) < len(several) or len({len(elements) for elements in lists}) > 1:
        return Unknown(frozenset({missing}))
    return [
        _Element(_agreed([e.there for e in row], missing), _agreed([e.truth for e in row], missing))
        for row in zip(*lists, strict=True)
    ]


def _side_by_side(joined: Joined, parts: list[list[_Element] | Unknown]) -> list[_Element] | Unknown:
    """Arrays under ``and``, ``or`` and ``xor``, element by element."""
    missing = [part.missing for part in parts if isinstance(part, Unknown)]
    if missing:
        return Unknown(frozenset().union(*missing))
    lists = [part for part in parts if not isinstance(part, Unknown)]
    certain = all(element.there is True for elements in lists for element in elements)
    if len({len(elements) for elements in lists}) > 1 or not certain:
        return unknown(" and ".join(sorted(map(str, fields_of(joined)))), _WEAK)
    return [_Element(True, _JOIN[joined.operator]([e.truth for e in row])) for row in zip(*lists, strict=True)]


def _there(element: Any) -> Truth:
    if isinstance(element, Unknown):
        return element
    return Unknown(frozenset({element.missing})) if isinstance(element, Maybe) else True


def _bare(element: Any) -> Any:
    return element.value if isinstance(element, Maybe) else element


def _present(element: Any, truth: Truth) -> Truth:
    return all_of((_there(element), truth))
