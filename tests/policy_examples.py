"""The worked examples of Gateway's policies, and asking one expression of given values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from vpcroute.policies.checker import ListItems, check
from vpcroute.policies.conditions import Facts, evaluate
from vpcroute.policies.given import read_value
from vpcroute.policies.parser import parse
from vpcroute.policies.pipeline import Outcome
from vpcroute.policies.pipeline import evaluate as evaluate_request
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.selectors import SELECTORS
from vpcroute.policies.syntax import InvalidExpression
from vpcroute.policies.truth import Unknown, unknown
from vpcroute.sources.document import read

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
    """What is known of an example beside its request."""
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
    return evaluate_request(account_of(row["account"]), request_of(row["request"]), context_of(row))
