"""JSON from outside, comments allowed: plain JSON first, for that is quick, and JSONC only where it fails."""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from typing import Any, Final

import jsonc

from vpcroute.errors import printable
from vpcroute.limits import DEEPEST, MOST_DIGITS, MOST_KEPT_PROBLEMS

__all__ = ["loads", "read_strictly"]

# Strings and comments of JSONC; a group marks one without an end, for which json-with-comments needs quadratic time.
_TOKENS: Final = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|(?P<string>\\?\Z))|/\*.*?(?:\*/|(?P<comment>\Z))|//[^\r\n]*', re.DOTALL
)
_BRACKETS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}
_SAFE_LIMIT: Final = 10_000  # of recursion, which the C stack of every thread has room for


def loads(text: str, **hooks: Any) -> Any:
    """The value of a JSON or JSONC text.

    Args:
        text: the text, without a byte order mark.
        hooks: those of :func:`json.loads`.

    Raises:
        ValueError: for what is neither (json.JSONDecodeError where the position is known; its line number does not
            count what stood in comments), and whatever a hook raises.
        RecursionError: for a text that is nested too deeply.
    """
    if sys.getrecursionlimit() > _SAFE_LIMIT and _depth(text) > DEEPEST:
        raise RecursionError("the text is nested too deeply")
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError:
        for token in _TOKENS.finditer(text):
            if token.lastgroup:
                raise ValueError(f"a {token.lastgroup} has no end: {token[0][:40]}") from None
        return jsonc.loads(text, **hooks)


def _depth(text: str) -> int:
    """How many brackets are open at once at most, whether they fit or not."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _TOKENS.sub("", text)):
        depth += _BRACKETS[bracket]
        deepest = max(deepest, depth)
    return deepest


class _Flaw:
    """Stands in the place of a value that cannot be taken."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def read_strictly(text: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """The value of a JSON or JSONC text, and the path and reason of all in it that JSON lets pass or leaves open.

    These are keys that stand twice in one object, numbers that no float holds or that have too many digits, and NaN
    and Infinity. Errors are those of :func:`loads`.
    """
    flaws = 0

    def flaw(said: str) -> _Flaw:
        nonlocal flaws
        flaws += 1
        return _Flaw(said)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            for name, count in Counter(name for name, _ in items).items():
                if count > 1:
                    found[name] = flaw(f"stands {count} times in one object")
        return found

    def whole(digits: str) -> int | _Flaw:
        return int(digits) if len(digits) <= MOST_DIGITS else flaw(f"a number of {len(digits)} digits is too long")

    def fraction(digits: str) -> float | _Flaw:
        if len(digits) > MOST_DIGITS:
            return flaw(f"a number of {len(digits)} digits is too long")
        value = float(digits)
        return flaw("a number is too large") if math.isinf(value) else value

    def constant(name: str) -> _Flaw:
        return flaw(f"{name} is not JSON")

    value = loads(text, object_pairs_hook=pairs, parse_int=whole, parse_float=fraction, parse_constant=constant)
    return value, tuple(_found(value, min(flaws, MOST_KEPT_PROBLEMS))) if flaws else ()


def _found(value: Any, most: int) -> list[tuple[str, str]]:
    """Path and text of each flaw in a value, in the order in which they stand."""
    found: list[tuple[str, str]] = []
    waiting = [("", value)]
    while waiting and len(found) < most:
        path, inner = waiting.pop()
        if isinstance(inner, _Flaw):
            found.append((path, inner.text))
        elif isinstance(inner, dict):
            before = f"{path}." if path else ""
            waiting += [(f"{before}{printable(name)}", item) for name, item in reversed(inner.items())]
        elif isinstance(inner, list):
            waiting += [(f"{path}[{i}]", item) for i, item in reversed([*enumerate(inner)])]
    return found
