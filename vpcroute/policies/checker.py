"""Syntax trees to conditions: fields are looked up, types checked, literals read, lists filled in.

What does not fit the types of the known fields is an error with its place. What is not known (a field, a function, a
list, the type of a field) is kept as undecided, with a notice: it is never dropped, for a rule without one of its
conditions is another rule. Where Gateway's documentation writes what stock wirefilter refuses, that is accepted; a
notice says how it was read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn, cast

import attrs

from vpcroute.errors import printable, quoted
from vpcroute.policies.conditions import Condition, Joined, Not, Over, Test, Undecided
from vpcroute.policies.literals import Pair, among, read_entry, read_item, single
from vpcroute.policies.patterns import compile_pattern, compile_wildcard
from vpcroute.policies.predicates import Among, Bits, Found, Ordered, Predicate, Single
from vpcroute.policies.selectors import ALIASES, SELECTORS, Filter, Selector
from vpcroute.policies.syntax import (
    EACH,
    Bare,
    Call,
    Combination,
    Comparison,
    Expression,
    Field,
    Flag,
    Index,
    InvalidExpression,
    Items,
    ListName,
    Negation,
    Number,
    Operator,
    Pattern,
    Quantified,
    Text,
)
from vpcroute.policies.truth import Unknown, unknown

__all__ = ["Checked", "ListItems", "Notice", "check"]

_TEXTS: Final = frozenset({"text", "name", "url"})
_ORDERS: Final[tuple[Operator, ...]] = ("<", "<=", ">", ">=")
_SEARCHES: Final[tuple[Operator, ...]] = ("contains", "wildcard", "strict wildcard")
#: The operators of each type; what no entry has is an error.
_OPERATORS: Final[Mapping[str, frozenset[Operator]]] = {
    **dict.fromkeys(_TEXTS, frozenset({"==", "!=", "in", "matches", *_ORDERS, *_SEARCHES})),
    "int": frozenset({"==", "!=", "in", "&", *_ORDERS}),
    "ip": frozenset({"==", "!=", "in", *_ORDERS}),
    "bool": frozenset({"==", "!="}),
}
#: Operators of wirefilter that Gateway documents nowhere.
_UNDOCUMENTED: Final = frozenset({"&", *_ORDERS, *_SEARCHES})
_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@attrs.frozen
class Notice:
    """Something odd in an expression that has one meaning all the same, or none that is known.

    Attributes:
        text: what.
        at: where, in characters from the beginning of the expression.
    """

    text: str
    at: int


@attrs.frozen
class Checked:
    """An expression as a condition, with what is odd about it."""

    condition: Condition
    notices: tuple[Notice, ...]


@attrs.frozen
class ListItems:
    """One of the account's lists.

    Attributes:
        type: its type in the API (``"DOMAIN"``).
        values: the values of its items, or None where they were not delivered: ``/gateway/lists`` gives none.
        complete: whether these are all.
    """

    type: str
    values: tuple[str, ...] | None
    complete: bool = True

    _read: dict[str, Among] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def among(self, selector: Selector, name: str) -> Among:
        """Membership, as seen by a field: what is not found in a list that is not whole is unknown.

        A list is read once for all fields of a type, whatever the number of rules.
        """
        if selector.type not in self._read:
            self._read[selector.type] = self._among(selector, f"list {printable(name)}")
        return self._read[selector.type]

    def _among(self, selector: Selector, key: str) -> Among:
        if self.values is None:
            return Among(otherwise=unknown(key, "its items are not there: they come from /lists/{id}/items"))
        found: list[Single | Pair] = []
        unread = 0
        for value in self.values:
            try:
                found.append(read_entry(value, selector.type))
            except ValueError:
                unread += 1
        if unread or not self.complete:
            reason = f"{unread} of its items cannot be compared" if unread else "it has more items than were delivered"
            return among(found, selector.type, unknown(key, reason))
        return among(found, selector.type)


def check(
    tree: Expression, text: str, *, filter_: Filter | None = None, lists: Mapping[str, ListItems] | None = None
) -> Checked:
    """The condition that a tree says.

    Args:
        tree: an expression.
        text: what it was read from, for the places in errors.
        filter_: the kind of rule it stands in; fields that such a rule does not have are undecided.
        lists: the account's lists by id, or None where none are known.

    Raises:
        InvalidExpression: where operators, literals and fields do not fit each other.
    """
    checker = _Checker(text, filter_, lists or {})
    condition = checker.whole(tree)
    return Checked(condition, tuple(checker.notices))


class _Checker:
    """The check of one expression."""

    def __init__(self, text: str, filter_: Filter | None, lists: Mapping[str, ListItems]) -> None:
        self.text = text
        self.filter = filter_
        self.lists = lists
        self.notices: list[Notice] = []

    def _fail(self, reason: str, at: int, hint: str | None = None) -> NoReturn:
        raise InvalidExpression(reason, self.text, at, hint)

    def _undecided(self, what: str, reason: str, at: int, field: str | None = None) -> Undecided:
        self.notices.append(Notice(f"{what}: {reason}", at))
        return Undecided(unknown(what, reason), field)

    # The tree

    def whole(self, tree: Expression) -> Condition:
        """A condition that is true or false as a whole."""
        if isinstance(tree, Negation):
            return Not(self.whole(tree.operand))
        if isinstance(tree, Combination):
            return Joined(tree.operator, tuple([self.whole(operand) for operand in tree.operands]))
        if isinstance(tree, Quantified):
            return Over(tree.quantifier, self._elements(tree.operand, tree))
        condition = self._comparison(tree)
        if isinstance(condition, Test) and condition.each:
            self.notices.append(Notice("[*] stands outside any() and all(); it is read as any()", tree.at))
            return Over("any", condition)
        return condition

    def _elements(self, tree: Expression, quantified: Quantified) -> Condition:
        """A condition with a truth for each element, as ``any`` and ``all`` need it."""
        if isinstance(tree, Negation):
            return Not(self._elements(tree.operand, quantified))
        if isinstance(tree, Combination):
            parts = [self._elements(operand, quantified) for operand in tree.operands]
            return Joined(tree.operator, tuple(parts))
        if isinstance(tree, Quantified):
            self._fail(f"{tree.quantifier}() within {quantified.quantifier}()", tree.at)
        condition = self._comparison(tree)
        if isinstance(condition, Test) and not condition.each:
            hint = f"write {printable(condition.field)}[*]"
            self._fail(f"{quantified.quantifier}() needs the elements of an array", tree.at, hint)
        return condition

    def _comparison(self, tree: Comparison) -> Condition:
        left = tree.left
        if isinstance(left, Call):
            return self._undecided(f"{printable(left.name)}()", "a function of no known meaning", left.at)
        selector = SELECTORS.get(ALIASES.get(left.name, left.name))
        if selector is None:
            return self._undecided(printable(left.name), "a field of no known meaning", left.at)
        if self.filter is not None and self.filter not in selector.filters:
            return self._undecided(selector.name, f"{self.filter} rules have no such field", left.at)
        if selector.type == "unknown":
            return self._undecided(selector.name, "its type is not published", left.at, selector.name)
        index = self._index(left, selector)
        predicate, inverted = self._predicate(tree, selector)
        each = index is EACH
        key = index if isinstance(index, int | bytes) else None
        return Test(selector.name, predicate, inverted=inverted, key=key, each=each)

    def _index(self, left: Field, selector: Selector) -> Index | None:
        """What of a field is compared: itself, one of its elements, or each of them."""
        if len(left.indexes) > 1:
            self._fail(f"{selector.name} has no elements that have elements", left.at)
        index = left.indexes[0] if left.indexes else None
        if index is None and selector.shape == "many":
            self._fail(f"{selector.name} is an array", left.at, f"write any({selector.name}[*] …)")
        if index is None and selector.shape == "map":
            self._fail(f"{selector.name} is a map", left.at, f'write {selector.name}["key"]')
        if isinstance(index, int) and selector.shape in ("one", "map"):
            self._fail(f"{selector.name} is no array", left.at)
        if isinstance(index, bytes) and selector.shape != "map":
            self._fail(f"{selector.name} is no map", left.at)
        return index

    # Operators

    def _predicate(self, tree: Comparison, selector: Selector) -> tuple[Predicate, bool]:
        """What is asked of one value, and whether the answer is turned round."""
        operator, right = tree.operator, tree.right
        if operator is None or right is None:
            if selector.type != "bool":
                self._fail(f"{selector.name} is not true or false by itself", tree.at, "compare it with a value")
            return Among(frozenset({True})), False
        if operator not in _OPERATORS[selector.type]:
            self._fail(f"'{operator}' does not apply to {selector.name}", right.at, _TYPES[selector.type])
        if operator in _UNDOCUMENTED:
            self.notices.append(Notice(f"'{operator}' is wirefilter's; Gateway documents it nowhere", tree.at))
        if isinstance(right, Items):
            return self._set(right, selector), False
        if isinstance(right, ListName):
            return self._list(right, selector), False
        if isinstance(right, Pattern):
            return self._pattern(right), False
        if isinstance(right, Text) and operator in _SEARCHES:
            return self._search(operator, right, selector), False
        value = self._value(right, selector, ranges=operator in ("==", "!="))
        if operator in ("==", "!="):
            return among([value], selector.type), operator == "!="
        if operator == "&":
            return Bits(cast(int, value)), False
        return Ordered(operator, cast(Single, value), is_address=selector.type == "ip"), False

    def _value(self, literal: Text | Number | Bare | Flag, selector: Selector, *, ranges: bool) -> Single | Pair:
        """A literal; a prefix in quotes stands for its addresses where it may, as the documentation has it."""
        try:
            if ranges and selector.type == "ip" and isinstance(literal, Text):
                found: Single | Pair = read_item(literal, "ip")
            else:
                found = single(literal, selector.type)
        except ValueError as error:
            self._fail(str(error), literal.at)
        self._note_spelling(literal, found, selector)
        return found

    def _search(self, operator: Operator, text: Text, selector: Selector) -> Found:
        if operator == "contains":
            part = text.value.lower() if selector.type == "name" else text.value
            return Found(operator, part, lambda value: part in value)
        try:
            find = compile_wildcard(text.value, strict=operator == "strict wildcard")
        except ValueError as error:
            self._fail(str(error), text.at)
        return Found(operator, text.value, find)

    def _note_spelling(self, literal: object, found: Single | Pair, selector: Selector) -> None:
        if not isinstance(literal, Text):
            return
        if selector.type not in _TEXTS:
            self.notices.append(Notice(f"{selector.name} takes its values without quotes", literal.at))
        elif selector.type == "name" and found != literal.value:
            shown = printable(cast(bytes, found).decode("utf-8", "replace"))
            self.notices.append(Notice(f"names are compared in one spelling, this one as {shown}", literal.at))

    def _set(self, items: Items, selector: Selector) -> Among:
        found: list[Single | Pair] = []
        for item in items.items:
            try:
                found.append(read_item(item, selector.type))
            except ValueError as error:
                self._fail(str(error), item.at, _HINTS.get(selector.name.rpartition(".")[2]))
            self._note_spelling(item, found[-1], selector)
            if isinstance(item, Text) and _UUID.fullmatch(item.value) and self._is_list(item.value):
                text = f"{quoted(item.value.decode())} in braces is text; the list of this id is ${item.value.decode()}"
                self.notices.append(Notice(text, item.at))
        return among(found, selector.type)

    def _is_list(self, value: bytes) -> bool:
        return value.decode().lower() in self.lists

    def _list(self, name: ListName, selector: Selector) -> Among:
        items = self.lists.get(name.id)
        if items is None:
            what = f"list {printable(name.id)}"
            reason = "the account's lists have none of this id"
            self.notices.append(Notice(f"{what}: {reason}", name.at))
            return Among(otherwise=unknown(what, reason))
        found = items.among(selector, name.id)
        if isinstance(found.otherwise, Unknown):
            self.notices.extend(Notice(f"{m.what}: {m.reason}", name.at) for m in found.otherwise.missing)
        return found

    def _pattern(self, pattern: Pattern) -> Found:
        find = compile_pattern(pattern.value)
        if isinstance(find, Unknown):
            self.notices.extend(Notice(f"{m.what}: {m.reason}", pattern.at) for m in find.missing)
        return Found("matches", pattern.value.encode(), find)


_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_TEXTS, "the field is text"),
    "int": "the field is a number",
    "ip": "the field is an IP address",
    "bool": "the field is true or false",
}
_HINTS: Final[Mapping[str, str]] = {
    "content_category": "categories are compared by their ids",
    "security_category": "categories are compared by their ids",
    "ids": "applications are compared by their ids",
}
