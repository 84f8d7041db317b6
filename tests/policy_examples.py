"""The worked examples of Gateway's policies, and asking one expression of given values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vpcroute.policies.checker import ListItems, check
from vpcroute.policies.conditions import Facts, evaluate
from vpcroute.policies.given import read_value
from vpcroute.policies.parser import parse
from vpcroute.policies.selectors import SELECTORS
from vpcroute.policies.syntax import InvalidExpression
from vpcroute.policies.truth import Unknown, unknown

ROWS: Final[Mapping[str, Any]] = json.loads((Path(__file__).parent / "data" / "gateway.json").read_text("utf-8"))
#: The whole table, where the tests stand beside it.
SHARED: Final = Path(__file__).parents[2] / "shared" / "gateway-conformance.json"

UNKNOWN: Final = "unknown"


def facts_of(fields: Mapping[str, object]) -> Facts:
    """The values of fields as Python has them; ``"__unknown__"`` is unknown, what is not named is absent."""

    def value(name: str) -> Any:
        given = fields.get(name)
        return unknown(name, "left out") if given == "__unknown__" else read_value(SELECTORS[name], given)

    return value


def truth_of(text: str, fields: Mapping[str, object], lists: Mapping[str, ListItems] | None = None) -> object:
    """True, False, ``"unknown"`` or ``"error"``."""
    try:
        truth = evaluate(check(parse(text), text, lists=lists).condition, facts_of(fields))
    except InvalidExpression:
        return "error"
    return UNKNOWN if isinstance(truth, Unknown) else truth
