"""Three-valued logic (Kleene's): true, false, and unknown with what is missing.

An unknown is never taken for a false. What is unknown in an expression is unknown as a whole only where it matters:
``false and unknown`` is false, ``true or unknown`` is true. The logic looks at each comparison by itself, so it is
weaker than trying every value that a missing fact could have: ``x == 1 or x != 1`` is unknown while `x` is. It is
never wrong the other way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs

__all__ = ["Missing", "Truth", "Unknown", "all_of", "any_of", "negated", "odd_of", "unknown"]


@attrs.frozen(order=True)
class Missing:
    """A fact that is not known.

    Attributes:
        what: which: the name of a selector, ``list 0130…``, ``schedule``, ….
        reason: why it is not, and what would settle it.
    """

    what: str
    reason: str


@attrs.frozen
class Unknown:
    """Neither true nor false; `missing` are the facts that would settle it."""

    missing: frozenset[Missing]


Truth = bool | Unknown


@lru_cache(maxsize=4096)  # the same few things are not known of each request
def unknown(what: str, reason: str) -> Unknown:
    """An unknown for want of one fact."""
    return Unknown(frozenset({Missing(what, reason)}))


def negated(truth: Truth) -> Truth:
    return truth if isinstance(truth, Unknown) else not truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """Whether one is true, as far as can be said."""
    return _first(True, truths)


def all_of(truths: Iterable[Truth]) -> Truth:
    """Whether none is false, as far as can be said."""
    return _first(False, truths)


def _first(decisive: bool, truths: Iterable[Truth]) -> Truth:
    missing: set[Missing] = set()
    for truth in truths:
        if isinstance(truth, Unknown):
            missing |= truth.missing
        elif truth is decisive:
            return decisive
    return Unknown(frozenset(missing)) if missing else not decisive


def odd_of(truths: Iterable[Truth]) -> Truth:
    """Whether an odd number is true (``xor``): one unknown makes it unknown."""
    missing: set[Missing] = set()
    odd = False
    for truth in truths:
        if isinstance(truth, Unknown):
            missing |= truth.missing
        else:
            odd ^= truth
    return Unknown(frozenset(missing)) if missing else odd
