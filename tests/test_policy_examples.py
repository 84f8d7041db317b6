"""The worked examples of whole requests: the account in the API's shapes, the request, and what Gateway does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import pytest
from policy_examples import ROWS

from vpcroute.policies.decision import Decision
from vpcroute.policies.pipeline import Outcome, evaluate
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.sources.document import read

_NOW: Final = "2026-11-24T12:00:00Z"
_METHODS: Final = {"ok": True, "fail": False}


def account_of(given: Mapping[str, Any]) -> Account:
    """An account as a network document has it."""
    document = {"gateway_rules": given["rules"], "gateway_lists": given.get("lists", [])}
    table = read({**document, "gateway_configuration": given.get("configuration")})
    return Account(table.gateway_rules, table.gateway_lists, table.gateway_settings)


def request_of(given: Mapping[str, Any]) -> Request:
    record_type = given.get("rtype", "A")
    if given["op"] == "connect":
        return Request.connect(given["address"], record_type=record_type)
    method, headers = given.get("method", "GET"), given.get("headers")
    return Request.fetch(given["url"], method=method, headers=headers, record_type=record_type)


def context_of(row: Mapping[str, Any]) -> Context:
    facts, request = row["facts"], request_of(row["request"])
    return Context(
        now=datetime.fromisoformat(facts.get("now", _NOW)),
        answers={} if request.target.version or "dns" not in facts else {request.target.host: facts["dns"]},
        given=facts.get("fields", {}),
        offramp=facts.get("offramp", "internet"),
        connects=_METHODS[facts.get("connect", "ok")],
        http_default=facts.get("http_default", "allowed"),
    )


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    return evaluate(account_of(row["account"]), request_of(row["request"]), context_of(row))


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
