"""An expression of a Gateway policy as it is written: the syntax tree, and the error for text that is none.

The language is wirefilter's (wirefilter: engine/src/ast, lex.rs, rhs_types), with what Gateway's own rules use beyond
it (cloudflare-docs: cloudflare-one/traffic-policies/reference/policy-expressions): dashed list ids, ``[*]`` outside
``any``, quoted numbers and addresses, ``== true``. A tree says what stands in the text and nothing more: whether a
field exists, and what type it and a literal have, is for :mod:`vpcroute.policies.checker`.

Trees are equal if they say the same; where in the text a part stands (``at``) does not count.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import attrs

__all__ = [
    "EACH",
    "Argument",
    "Bare",
    "Between",
    "Call",
    "Combination",
    "Comparison",
    "Each",
    "Expression",
    "Field",
    "Flag",
    "Index",
    "InvalidExpression",
    "Item",
    "Items",
    "Junction",
    "Left",
    "ListName",
    "Negation",
    "Number",
    "Operator",
    "Pattern",
    "Quantified",
    "Quantifier",
    "Right",
    "Text",
]

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "wildcard", "strict wildcard", "&"]
Junction = Literal["or", "xor", "and"]
Quantifier = Literal["any", "all"]


class InvalidExpression(ValueError):
    """Text that is no expression, or one whose types do not fit.

    Attributes:
        reason: what is wrong.
        position: where, in characters from the beginning of the text.
        line, column: the same for people, both from 1.
        hint: what to write instead, or None.
    """

    def __init__(self, reason: str, text: str, position: int, hint: str | None = None) -> None:
        self.reason = reason
        self.position = position
        self.line = text.count("\n", 0, position) + 1
        self.column = position - text.rfind("\n", 0, position)
        self.hint = hint
        super().__init__(f"line {self.line}, column {self.column}: {reason}" + (f"; {hint}" if hint else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.args, self.__dict__)


def _restore(args: tuple[Any, ...], state: dict[str, Any]) -> InvalidExpression:
    error = InvalidExpression.__new__(InvalidExpression, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _at() -> Any:
    return attrs.field(default=0, eq=False, repr=False, kw_only=True)


class Each:
    """The index ``[*]``: every element."""

    def __repr__(self) -> str:
        return "EACH"

    def __reduce__(self) -> str:
        return "EACH"


EACH: Final = Each()
#: An element's number, a key of a map, or every element.
Index = int | bytes | Each


@attrs.frozen
class Field:
    """A field, such as ``dns.domains[*]``."""

    name: str
    indexes: tuple[Index, ...] = ()
    at: int = _at()


@attrs.frozen
class Call:
    """A call of a function other than ``any`` and ``all``; Gateway documents none, so none has a known meaning."""

    name: str
    arguments: tuple[Argument, ...]
    indexes: tuple[Index, ...] = ()
    at: int = _at()


Left = Field | Call


@attrs.frozen
class Text:
    """A quoted string, as the octets that it stands for."""

    value: bytes
    at: int = _at()


@attrs.frozen
class Pattern:
    """The regular expression after ``matches``; its escapes are its own."""

    value: str
    at: int = _at()


@attrs.frozen
class Number:
    """A whole number; how it was written (octal, hexadecimal) is not kept."""

    value: int
    at: int = _at()


@attrs.frozen
class Bare:
    """An address, a prefix or octets (``61:62``) without quotes: which of them, the field's type says."""

    text: str
    at: int = _at()


@attrs.frozen
class Flag:
    """``true`` or ``false``."""

    value: bool
    at: int = _at()


@attrs.frozen
class Between:
    """A range ``low..high`` within braces, both ends included."""

    low: Number | Bare
    high: Number | Bare
    at: int = _at()


Item = Text | Number | Bare | Between


@attrs.frozen
class Items:
    """A set in braces."""

    items: tuple[Item, ...]
    at: int = _at()


@attrs.frozen
class ListName:
    """A reference to one of the account's lists: its id, a UUID in its usual form whichever way it was written."""

    id: str
    at: int = _at()


Right = Text | Pattern | Number | Bare | Flag | Items | ListName


@attrs.frozen
class Comparison:
    """``left operator right``; operator and right are None where a field stands alone, for "is true"."""

    left: Left
    operator: Operator | None = None
    right: Right | None = None
    at: int = _at()


@attrs.frozen
class Negation:
    """``not operand``."""

    operand: Expression
    at: int = _at()


@attrs.frozen
class Combination:
    """Two or more operands under one operator; without parentheses those of equal operators stand side by side."""

    operator: Junction
    operands: tuple[Expression, ...]
    at: int = _at()


@attrs.frozen
class Quantified:
    """``any(operand)`` or ``all(operand)``."""

    quantifier: Quantifier
    operand: Expression
    at: int = _at()


Expression = Comparison | Negation | Combination | Quantified
#: What a function is called with.
Argument = Expression | Text | Number | Bare | Flag
