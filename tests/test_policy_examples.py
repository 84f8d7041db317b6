"""The worked examples of whole requests: the account in the API's shapes, the request, and what Gateway does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from policy_examples import ROWS, outcome_of

from vpcroute.policies.decision import Decision
from vpcroute.policies.pipeline import Outcome


def _rule(decision: Decision[Any]) -> str | None:
    return None if decision.rule is None else decision.rule.id


def _detail(name: str) -> Callable[[Decision[Any], Outcome], Any]:
    """A member of what happens, as JSON has it."""

    def read_(decision: Decision[Any], _: Outcome) -> Any:
        value = getattr(decision.effect, name)
        return [str(one) for one in value] if isinstance(value, tuple) else value

    return read_


def _isolate(_: Decision[Any], outcome: Outcome) -> Any:
    assert outcome.isolation is not None
    return {"rule": _rule(outcome.isolation), "effective": outcome.isolation.outcome == "isolated"}


#: What a row says of a stage, and where it stands.
_READ: Final[Mapping[str, Callable[[Decision[Any], Outcome], Any]]] = {
    **dict.fromkeys(("outcome", "kind", "method"), lambda decision, _: decision.outcome),
    "rule": lambda decision, _: _rule(decision),
    "candidates": lambda decision, _: [None if one.rule is None else one.rule.id for one in decision.candidates],
    "isolate": _isolate,
    **{name: _detail(name) for name in ("phase", "answers", "rcode", "resolvers", "ipv4", "location")},
}


def told(outcome: Outcome, stage: str, wanted: Any) -> Any:
    """What `wanted` says of a stage, as the outcome has it."""
    decision = getattr(outcome, stage)
    if not isinstance(wanted, Mapping):
        return decision
    return {key: _READ[key](decision, outcome) for key in wanted}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS["examples"]])
def test_worked_examples(row: dict[str, Any]) -> None:
    outcome = outcome_of(row)
    assert {stage: told(outcome, stage, wanted) for stage, wanted in row["expect"].items()} == row["expect"]


#: Examples that the evaluator does not answer yet.
NOT_COVERED: Final[frozenset[str]] = frozenset()


def test_no_example_is_left_out() -> None:
    assert len({row["id"] for row in ROWS["examples"]}) == len(ROWS["examples"]) == 55
    assert not NOT_COVERED
