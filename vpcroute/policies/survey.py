"""What the conditions of a rule look at: each comparison with its place, whatever a request would make of it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from vpcroute.gateway import GatewayRule
from vpcroute.policies.parser import parse
from vpcroute.policies.rules import PARTS, Part
from vpcroute.policies.selectors import ALIASES
from vpcroute.policies.syntax import Combination, Comparison, Expression, Field, InvalidExpression, Negation

__all__ = ["Mention", "fields_used", "mentions", "tree_of"]


@attrs.frozen
class Mention:
    """A comparison in a condition.

    Attributes:
        part: the condition in which it stands.
        field: the field that is compared, under its own name; of a function its name and ``()``.
        comparison: the comparison.
        negated: whether it stands under an odd number of ``not``.
    """

    part: Part
    field: str
    comparison: Comparison
    negated: bool


def tree_of(rule: GatewayRule, part: Part) -> Expression | None:
    """A condition as a tree; None for one that is not there, or cannot be read."""
    text: str = getattr(rule, part)
    try:
        return parse(text) if text.strip(" \r\n") else None
    except InvalidExpression:
        return None


def mentions(rule: GatewayRule) -> Iterator[Mention]:
    """The comparisons of a rule's conditions, in their order."""
    for part in PARTS:
        tree = tree_of(rule, part)
        if tree is not None:
            yield from _of_tree(tree, part, negated=False)


def fields_used(rule: GatewayRule) -> frozenset[str]:
    """The fields that a rule's conditions look at."""
    return frozenset(mention.field for mention in mentions(rule))


def _of_tree(tree: Expression, part: Part, *, negated: bool) -> Iterator[Mention]:
    if isinstance(tree, Comparison):
        left = tree.left
        field = ALIASES.get(left.name, left.name) if isinstance(left, Field) else f"{left.name}()"
        yield Mention(part, field, tree, negated)
    elif isinstance(tree, Combination):
        for operand in tree.operands:
            yield from _of_tree(operand, part, negated=negated)
    else:
        yield from _of_tree(tree.operand, part, negated=negated != isinstance(tree, Negation))
