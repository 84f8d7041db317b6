"""Text to syntax tree: wirefilter's grammar, by precedence climbing.

    expression := simple (("or" | "||" < "xor" | "^^" < "and" | "&&") simple)*
    simple     := "(" expression ")" | ("not" | "!") simple | ("any" | "all") "(" expression ")" | comparison
    comparison := left (operator right)?
    left       := (identifier | function "(" arguments ")") ("[" (number | string | "*") "]")*

``not`` binds tighter than all others, so ``not a == 1 and b`` is ``(not a == 1) and b``. There are no commas in a set.
One pass, no going back; how long a text and how deep its nesting may be is limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from vpcroute.limits import DEEPEST_EXPRESSION, LONGEST_EXPRESSION
from vpcroute.policies.lexer import Lexer
from vpcroute.policies.syntax import (
    EACH,
    Argument,
    Bare,
    Between,
    Call,
    Combination,
    Comparison,
    Expression,
    Field,
    Flag,
    Index,
    InvalidExpression,
    Item,
    Items,
    Junction,
    Left,
    Negation,
    Number,
    Operator,
    Quantified,
    Quantifier,
    Right,
)

__all__ = ["parse"]

# The loosest first; each with its spellings.
_JUNCTIONS: Final[tuple[tuple[Junction, tuple[str, ...]], ...]] = (
    ("or", ("or", "||")),
    ("xor", ("xor", "^^")),
    ("and", ("and", "&&")),
)
# Tried in this order: the longer before the shorter that it begins with.
_OPERATORS: Final[Mapping[str, Operator]] = {
    **{"==": "==", "eq": "==", "!=": "!=", "ne": "!=", "<=": "<=", "le": "<=", ">=": ">=", "ge": ">="},
    **{"<": "<", "lt": "<", ">": ">", "gt": ">", "in": "in", "contains": "contains", "matches": "matches"},
    **{"~": "matches", "wildcard": "wildcard", "strict wildcard": "strict wildcard"},
    **{"bitwise_and": "&", "&": "&"},
}
_QUANTIFIERS: Final = frozenset({"any", "all"})
_TEXT_OPERATORS: Final = frozenset({"contains", "wildcard", "strict wildcard"})


def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises:
        InvalidExpression: for text that is none, with the line and column where it stops being one; also for one that
            is too long or too deep (:data:`vpcroute.limits.LONGEST_EXPRESSION`, `DEEPEST_EXPRESSION`). An empty
            expression is none: where a rule has one, it has no condition.
        TypeError: if `text` is not a str.
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression must be a str, not {type(text).__name__}")
    if len(text) > LONGEST_EXPRESSION:
        reason = f"an expression of more than {LONGEST_EXPRESSION} characters is not read"
        raise InvalidExpression(reason, text, LONGEST_EXPRESSION)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidExpression("half of a surrogate pair is no character", text, error.start) from None
    parser = _Parser(text)
    parser.skip_space()
    tree = parser.expression(0, 0)
    if parser.at < len(text):
        hint = "operators are in lower case" if text[parser.at :][:3].lower() in ("and", "or ", "xor") else None
        parser.fail_expecting("'and', 'or', 'xor' or the end", hint)
    return tree


class _Parser(Lexer):
    """A lexer that knows what it reads. `depth` counts parentheses, negations and quantifiers around a place."""

    __slots__ = ()

    def expression(self, level: int, depth: int) -> Expression:
        """Operands under operators that bind at least as tight as those of `level`."""
        if level == len(_JUNCTIONS):
            return self._simple(depth)
        start = self.at
        operator, spellings = _JUNCTIONS[level]
        operands = [self.expression(level + 1, depth)]
        while any(self.take(word) for word in spellings):
            operands.append(self.expression(level + 1, depth))
        return operands[0] if len(operands) == 1 else Combination(operator, tuple(operands), at=start)

    def _simple(self, depth: int) -> Expression:
        if depth > DEEPEST_EXPRESSION:
            self.fail(f"an expression more than {DEEPEST_EXPRESSION} levels deep is not read")
        start = self.at
        if self.take("("):
            inner = self.expression(0, depth + 1)
            self._close(")")
            return inner
        if self.take("not") or (not self.next_is("!=") and self.take("!")):
            return Negation(self._simple(depth + 1), at=start)
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Expression:
        start = self.at
        left = self._left(depth)
        if isinstance(left, Quantified):
            return left
        for word, operator in _OPERATORS.items():
            if self.next_is(word) and not (word == "&" and self.next_is("&&")):
                self.take(word)
                return Comparison(left, operator, self._right(operator), at=start)
        return Comparison(left, at=start)

    def _left(self, depth: int) -> Left | Quantified:
        start = self.at
        name = self.identifier()
        if name is None:
            self.fail_expecting("a field, 'not' or '('")
        if not self.take("("):
            return self._field(name, start)
        if name in _QUANTIFIERS:
            inner = self.expression(0, depth + 1)
            self._close(")")
            return Quantified(cast(Quantifier, name), inner, at=start)
        arguments: list[Argument] = []
        while not self.next_is(")"):
            arguments.append(self._argument(depth + 1))
            if not self.take(","):
                break
        self._close(")")
        return Call(name, tuple(arguments), self._indexes(), at=start)

    def _field(self, name: str, start: int) -> Field:
        """A field with its indexes; of two documented spellings, ``groups[*].name`` is read as ``groups.name[*]``."""
        indexes = self._indexes()
        while indexes and self.take("."):
            more = self.identifier()
            if more is None:
                self.fail_expecting("the rest of the field's name")
            name = f"{name}.{more}"
            indexes += self._indexes()
        return Field(name, indexes, at=start)

    def _argument(self, depth: int) -> Argument:
        """A literal, or an expression; digits begin a literal, for no field of Gateway's does."""
        literal = self.string() or (self.bare() if self.text[self.at : self.at + 1] in _DIGITS else self._flag())
        return literal or self.expression(0, depth)

    def _indexes(self) -> tuple[Index, ...]:
        indexes: list[Index] = []
        while self.next_is("["):
            opening = self.at
            self.take("[")
            if self.take("*"):
                indexes.append(EACH)
            else:
                key = self.index()
                text = self.string() if key is None else None
                if key is None and text is None:
                    hint = "every element is [*]" if self.next_is("]") else None
                    self.fail("an index is a number, a string or *", opening, hint)
                indexes.append(text.value if text is not None else cast(int, key))
            self._close("]")
        return tuple(indexes)

    def _close(self, bracket: str) -> None:
        if not self.take(bracket):
            self.fail_expecting(f"'{bracket}'")

    def _right(self, operator: Operator) -> Right:
        right: Right | None
        if operator == "in":
            right = self._items() if self.next_is("{") else self.list_name()
            wanted = "a set in braces, or $ and the id of a list,"
        elif operator == "matches":
            right, wanted = self.pattern(), "a pattern in quotes"
        elif operator in _TEXT_OPERATORS:
            right, wanted = self.string(), "a string in quotes"
        else:
            right = self.string() or self._flag() or self.bare()
            wanted = "a string in quotes, a number, an address, true or false"
        if right is None:
            hint = "fields are compared with values, not with each other" if self._is_name() else None
            self.fail_expecting(wanted, hint)
        return right

    def _is_name(self) -> bool:
        at, name = self.at, self.identifier()
        self.at = at
        return name is not None and "." in name

    def _flag(self) -> Flag | None:
        start = self.at
        if self.take("true"):
            return Flag(True, at=start)
        return Flag(False, at=start) if self.take("false") else None

    def _items(self) -> Items:
        start = self.at
        self.take("{")
        items: list[Item] = []
        while not self.take("}"):
            items.append(self._item())
        return Items(tuple(items), at=start)

    def _item(self) -> Item:
        start = self.at
        item = self.string() or self.bare()
        if item is None:
            hint = "items are separated by white space alone" if self.next_is(",") else None
            self.fail_expecting("an item of the set or '}'", hint)
        if not self.next_is("..") or not isinstance(item, Number | Bare):
            return item
        self.take("..")
        end = self.at
        high = self.bare()
        if type(high) is not type(item):
            self.fail("the other end of the range expected", end)
        return Between(item, high, at=start)


_DIGITS: Final = frozenset("0123456789-")
