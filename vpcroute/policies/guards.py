"""What single fields must be like for a condition not to be false: the ways in which it may hold.

A condition that is an ``and`` of comparisons is false if one of them is; so each comparison with a set of values is a
demand on its field, and what does not meet all demands needs no further look. An ``or`` has a way for each part. What
cannot be said of a single field makes no demand: a way without any is always open. So a condition of which no way is
open is certainly false, and one with an open way may be anything.

There are at most :data:`~vpcroute.limits.MOST_WAYS` for a condition: demands are dropped, never added, where there
would be more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Final, NamedTuple, cast

import attrs

from vpcroute.limits import MOST_WAYS
from vpcroute.policies.conditions import Condition, Joined, Not, Over, Test, Undecided
from vpcroute.policies.predicates import Among, Found
from vpcroute.policies.selectors import SELECTORS

__all__ = ["ANY", "Demand", "On", "Way", "ways_of", "ways_of_all"]


class On(NamedTuple):
    """What a demand is on.

    Attributes:
        field: the field.
        wants: whether its value must be among those of the demand, or else must not.
    """

    field: str
    wants: bool


#: Values, as predicates of which one must hold; with ``wants`` false none must.
Demand = tuple[Among | Found, ...]
#: That there is a value, whatever it is.
ANY: Final[Demand] = ()
#: Demands that must all be met.
Way = Mapping[On, Demand]

_OPEN: Final[tuple[Way, ...]] = ({},)
#: What a regular expression counts for beside a set of so many values: it takes longer to look for.
_PATTERN: Final = 50
_SEARCHES: Final = frozenset({"matches", "contains"})


def ways_of(condition: Condition, *, negated: bool = False) -> tuple[Way, ...]:
    """The ways in which a condition, or its negation, may be other than false."""
    if isinstance(condition, Not):
        return ways_of(condition.part, negated=not negated)
    if isinstance(condition, Joined) and condition.operator != "xor":
        parts = [ways_of(part, negated=negated) for part in condition.parts]
        return ways_of_all(parts) if (condition.operator == "and") is not negated else _of_any(parts)
    if isinstance(condition, Test):
        return _of_test(condition, negated)
    if isinstance(condition, Over) and condition.quantifier == "any" and isinstance(condition.part, Test):
        return _of_any_element(condition.part, negated)
    assert isinstance(condition, Joined | Over | Undecided)  # noqa: S101
    return _OPEN


def _of_test(test: Test, negated: bool) -> tuple[Way, ...]:
    """Of a comparison; an absent field makes it false, but for ``!=``."""
    if not test.inverted:
        return _of_values(test, negated)
    if test.key is not None or SELECTORS[test.field].shape != "one":
        return _OPEN  # of an array, != may mean one thing or the other
    return _of_values(attrs.evolve(test, inverted=False), not negated)


def _of_any_element(test: Test, negated: bool) -> tuple[Way, ...]:
    """Of a comparison of which one element must hold."""
    if not test.inverted:
        return _of_values(test, negated)
    return _OPEN if negated else ({On(test.field, wants=True): ANY},)


def _of_values(test: Test, negated: bool) -> tuple[Way, ...]:
    predicate = test.predicate
    if negated:
        is_set = test.key is None and isinstance(predicate, Among)
        return ({On(test.field, wants=False): (cast(Among, predicate),)},) if is_set else _OPEN
    return ({On(test.field, wants=True): _listed(predicate) if test.key is None else ANY},)


def _listed(predicate: object) -> Demand:
    """What all values are that a predicate holds for, if that can be told."""
    if isinstance(predicate, Among):
        return (predicate,) if predicate.otherwise is False else ANY
    if isinstance(predicate, Found) and predicate.operator in _SEARCHES and callable(predicate.find):
        return (predicate,)
    return ANY


def ways_of_all(parts: Iterable[tuple[Way, ...]]) -> tuple[Way, ...]:
    """Of an ``and``: parts of one way first, for they add demands and no ways."""
    found: tuple[Way, ...] = _OPEN
    parts = sorted(parts, key=len)
    singles = [part[0] for part in parts if len(part) == 1]
    if singles:
        found = (_both(singles),)
    for part in parts[len(singles) :]:
        if len(found) * len(part) <= MOST_WAYS:
            found = tuple([_both((way, other)) for way in found for other in part])
    return found


def _both(ways: Iterable[Way]) -> Way:
    """The demands of all ways: of two on one field the one for fewer values, or against the values of both."""
    wanted: dict[On, tuple[float, Demand]] = {}
    barred: dict[On, list[Among | Found]] = {}
    for way in ways:
        for on, demand in way.items():
            if not on.wants:
                barred.setdefault(on, []).extend(demand)
                continue
            weight = sum(map(_size, demand)) if demand else inf
            if on not in wanted or weight < wanted[on][0]:
                wanted[on] = weight, demand
    return {
        **{on: demand for on, (_, demand) in wanted.items()},
        **{on: tuple(predicates) for on, predicates in barred.items()},
    }


def _size(predicate: Among | Found) -> int:
    return predicate.size if isinstance(predicate, Among) else _PATTERN


def _of_any(parts: Iterable[tuple[Way, ...]]) -> tuple[Way, ...]:
    """Of an ``or``: ways that only want a value of one and the same field are one way."""
    found: list[Way] = []
    wanted: dict[On, list[Demand]] = {}
    for part in parts:
        for way in part:
            if not way:
                return _OPEN
            on = next(iter(way))
            if len(way) == 1 and on.wants:
                wanted.setdefault(on, []).append(way[on])
            else:
                found.append(way)
    for on, demands in wanted.items():
        found.append({on: ANY if ANY in demands else tuple([one for demand in demands for one in demand])})
    return tuple(found) if len(found) <= MOST_WAYS else _OPEN
