"""Syntax trees back to text; what is printed parses to the same tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from vpcroute.policies.syntax import (
    Argument,
    Bare,
    Between,
    Call,
    Combination,
    Comparison,
    Each,
    Expression,
    Flag,
    Index,
    Item,
    Items,
    Left,
    ListName,
    Negation,
    Number,
    Pattern,
    Quantified,
    Right,
    Text,
)

__all__ = ["show", "show_value"]

_LOOSENESS: Final = {"and": 0, "xor": 1, "or": 2}
_HASHES: Final = re.compile('"(#*)')


def show(tree: Expression) -> str:
    """An expression in one spelling: ``and``, ``or``, ``not``, ``==``, no more parentheses than it needs."""
    if isinstance(tree, Comparison):
        left = _left(tree.left)
        return left if tree.right is None else f"{left} {tree.operator} {show_value(tree.right)}"
    if isinstance(tree, Negation):
        return f"not {_within(tree.operand, 0)}"
    if isinstance(tree, Quantified):
        return f"{tree.quantifier}({show(tree.operand)})"
    limit = _LOOSENESS[tree.operator]
    return f" {tree.operator} ".join([_within(operand, limit) for operand in tree.operands])


def _within(tree: Expression, limit: int) -> str:
    """An operand, in parentheses unless its operator binds tighter than the one around it."""
    needed = isinstance(tree, Combination) and _LOOSENESS[tree.operator] >= limit
    return f"({show(tree)})" if needed else show(tree)


def _left(left: Left) -> str:
    called = f"({', '.join([_argument(a) for a in left.arguments])})" if isinstance(left, Call) else ""
    return left.name + called + "".join([f"[{_index(index)}]" for index in left.indexes])


def _argument(argument: Argument) -> str:
    if isinstance(argument, Text | Number | Bare | Flag):
        return show_value(argument)
    return show(argument)


def _index(index: Index) -> str:
    if isinstance(index, Each):
        return "*"
    return str(index) if isinstance(index, int) else _quoted(index)


def show_value(value: Right | Item) -> str:
    """A literal, a set or a list as it stands in an expression."""
    return _SHOW[type(value)](value)


def _quoted(value: bytes) -> str:
    try:
        return '"' + "".join([_character(c) for c in value.decode()]) + '"'
    except UnicodeDecodeError:
        return '"' + "".join([_character(chr(octet)) if octet < 0x80 else f"\\x{octet:02x}" for octet in value]) + '"'


def _character(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    return c if c.isprintable() else "".join([f"\\x{octet:02x}" for octet in c.encode()])


def _raw(pattern: Pattern) -> str:
    runs = [len(hashes) for hashes in _HASHES.findall(pattern.value)]
    hashes = "#" * (max(runs) + 1 if runs else 0)
    return f'r{hashes}"{pattern.value}"{hashes}'


def _between(item: Between) -> str:
    low = show_value(item.low)
    # A dot before the two dots, or octets before any dot, would be read as one.
    gap = " " if low.endswith(".") or (isinstance(item.low, Bare) and "-" in low) else ""
    return f"{low}{gap}..{show_value(item.high)}"


_SHOW: Final[Mapping[type, Callable[[Any], str]]] = {
    Text: lambda text: _quoted(text.value),
    Pattern: _raw,
    Number: lambda number: str(number.value),
    Bare: lambda bare: bare.text,
    Flag: lambda flag: "true" if flag.value else "false",
    Between: _between,
    Items: lambda items: "{" + " ".join([show_value(item) for item in items.items]) + "}",
    ListName: lambda name: f"${name.id}",
}
