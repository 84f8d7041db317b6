"""The log records that are predicted: the worked examples, and what is left out because it cannot be known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest
from policy_examples import ROWS, account_of, context_of, outcome_of

from vpcroute.policies import Account, Context, LogRecord, Request, evaluate, log_records

_RULE: Final = {"action": "block", "enabled": True, "precedence": 1}


def _row(rule: dict[str, Any], url: str, address: str = "203.0.113.10") -> dict[str, Any]:
    """An example of one rule."""
    account = {"rules": [{**_RULE, "name": rule["id"], **rule}], "configuration": {"settings": DECRYPTED}}
    return {"account": account, "request": {"op": "fetch", "url": url}, "facts": {"dns": {"A": [address]}}}


DECRYPTED: Final = {"tls_decrypt": {"enabled": True}}
#: Requests whose records the table of worked examples has, and which are not among its own.
_OTHERS: Final = {
    "dns-docs-example-exact": _row(
        {"id": "d1", "filters": ["dns"], "traffic": 'dns.fqdn == "example.com"'}, "https://example.com/"
    ),
    "res-internal": _row(
        {
            "id": "r",
            "filters": ["dns_resolver"],
            "action": "resolve",
            "traffic": 'any(dns.domains[*] == "corp.example")',
            "rule_settings": {"resolve_dns_internally": {"view_id": "internal-view-123", "fallback": "none"}},
        },
        "http://a.corp.example/",
    ),
    "net-sni-443": _row(
        {"id": "s", "filters": ["l4"], "traffic": 'any(net.sni.domains[*] == "example.com")'},
        "https://my.test.example.com/",
    ),
    "net-override": _row(
        {
            "id": "o",
            "filters": ["l4"],
            "action": "l4_override",
            "traffic": "net.dst.ip == 203.0.113.17",
            "rule_settings": {"l4override": {"ip": "1.1.1.1", "port": 80}},
        },
        "http://example.com/",
        "203.0.113.17",
    ),
    "http-dni-first": _row(
        {"id": "dni", "filters": ["http"], "action": "off", "traffic": 'http.request.host == "api.example.com"'},
        "https://api.example.com/",
    ),
}
EXAMPLES: Final = {**{row["id"]: row for row in ROWS["examples"]}, **_OTHERS}
BLOCK: Final = {**_RULE, "id": "b", "name": "block it", "filters": ["http"]}


def records_of(row: dict[str, Any]) -> tuple[LogRecord, ...]:
    return log_records(account_of(row["account"]), context_of(row), outcome_of(row))


@pytest.mark.parametrize("log", [pytest.param(log, id=log["example"]) for log in ROWS["logs"]])
def test_worked_examples(log: dict[str, Any]) -> None:
    found = {record.dataset: record for record in records_of(EXAMPLES[log["example"]])}
    if log["dataset"] is None:
        assert not {"gateway_network", "gateway_http"} & found.keys()
        return
    fields = found[log["dataset"]].fields
    assert {name: fields.get(name) for name in log["record"]} == log["record"]


def test_no_example_is_left_out() -> None:
    assert len({log["example"] for log in ROWS["logs"]}) == len(ROWS["logs"]) == 12


def ask(
    *rules: dict[str, Any],
    url: str = "http://203.0.113.10/a?b",
    headers: dict[str, str] | None = None,
    configuration: dict[str, Any] | None = None,
    **known: Any,
) -> dict[str, LogRecord]:
    account, context = account_of({"rules": list(rules), "configuration": configuration}), Context(**known)
    outcome = evaluate(account, Request.fetch(url, headers=headers), context)
    return {record.dataset: record for record in log_records(account, context, outcome)}


def test_nothing_is_made_up() -> None:
    found = ask()
    assert {name: dict(record.fields) for name, record in found.items()} == {
        "gateway_network": {
            "DestinationIP": "203.0.113.10",
            "DestinationPort": 80,
            "TransportProtocol": "tcp",
            "Action": "allow",
            "PolicyID": "",
        },
        "gateway_http": {
            "DestinationIP": "203.0.113.10",
            "DestinationPort": 80,
            "Action": "allow",
            "HTTPHost": "203.0.113.10",
            "PolicyID": "",
            "HTTPMethod": "GET",
            "URL": "http://203.0.113.10/a?b",
            "IsIsolated": False,
        },
    }
    assert [record.assumed for record in found.values()] == [{"Action", "PolicyID"}] * 2
    assert all(record.certain for record in found.values())


@pytest.mark.parametrize(
    ("dataset", "given", "fields"),
    [
        ("gateway_network", {"given": {"net.src.ip": "192.0.2.7"}}, {"SourceIP": "192.0.2.7"}),
        ("gateway_network", {"given": {"identity.email": "a@b.example"}}, {"Email": "a@b.example"}),
        ("gateway_http", {"given": {"http.conn.vnet_id": "v"}}, {"VirtualNetworkID": "v"}),
        ("gateway_http", {"headers": {"User-Agent": "u", "Referer": "r"}}, {"UserAgent": "u", "Referer": "r"}),
        ("gateway_http", {"now": datetime(2026, 1, 2, tzinfo=UTC)}, {"Datetime": "2026-01-02T00:00:00+00:00"}),
    ],
)
def test_what_is_given_is_there(dataset: str, given: dict[str, Any], fields: dict[str, Any]) -> None:
    found = ask(**given)[dataset].fields
    assert {name: found.get(name) for name in fields} == fields


@pytest.mark.parametrize(
    ("rule", "name", "value"),
    [
        ({"traffic": "any(app.ids[*] in {1})"}, "Action", None),  # block it or not: not known
        ({"traffic": "any(app.ids[*] in {1})"}, "PolicyID", None),
        ({"traffic": 'http.request.method == "GET"'}, "PolicyName", "block it"),
        (
            {"action": "redirect", "rule_settings": {"redirect": {"target_uri": "mailto:a@b.example"}}},
            "RedirectTargetURI",
            "mailto:a@b.example",
        ),
        (
            {"action": "allow", "rule_settings": {"add_headers": {"X-B": ["1"], "X-A": ["2"]}}},
            "AddedHeaders",
            ["X-A", "X-B"],
        ),
    ],
)
def test_what_is_not_certain_is_left_out(rule: dict[str, Any], name: str, value: object) -> None:
    assert ask({**BLOCK, **rule})["gateway_http"].fields.get(name) == value


@pytest.mark.parametrize(
    ("changed", "known", "dataset", "there"),
    [
        ({}, {}, "gateway_http", True),
        ({}, {"connects": None}, "gateway_http", False),
        ({"filters": ["l4"], "traffic": "any(app.ids[*] in {1})"}, {}, "gateway_http", False),
        ({"filters": ["l4"], "action": "l4_override"}, {}, "gateway_network", False),
        ({}, {"configuration": {"settings": {"activity_log": {"enabled": False}}}}, "gateway_network", False),
    ],
)
def test_whether_there_is_a_record_for_certain(
    changed: dict[str, Any], known: dict[str, Any], dataset: str, *, there: bool
) -> None:
    assert ask({**BLOCK, **changed}, **known)[dataset].certain is there


@pytest.mark.parametrize("way", ["unspecified", "none_documented"])
def test_where_the_policies_may_not_apply_there_may_be_no_record(way: str) -> None:
    account, context = Account([]), Context()
    outcome = attrs.evolve(evaluate(account, Request.fetch("http://10.0.0.1/"), context), inspected=way)
    assert [record.certain for record in log_records(account, context, outcome)] == [False, False]


def test_each_request_of_a_redirect_has_its_own_records() -> None:
    rule = {
        **BLOCK,
        "action": "redirect",
        "traffic": 'http.request.uri.path == "/old"',
        "rule_settings": {"redirect": {"target_uri": "http://203.0.113.9/new"}},
    }
    account, context = account_of({"rules": [rule]}), Context()
    outcome = evaluate(account, Request.fetch("http://203.0.113.10/old"), context)
    found = [record for record in log_records(account, context, outcome) if record.dataset == "gateway_http"]
    assert [record.fields["URL"] for record in found] == ["http://203.0.113.10/old", "http://203.0.113.9/new"]


def test_a_decided_word_needs_one_kind_of_field() -> None:
    rule = {
        **BLOCK,
        "filters": ["dns"],
        "traffic": 'dns.fqdn == "a.example" and not(any(dns.content_category[*] in {1}))',
    }
    found = ask(rule, url="http://a.example/", given={"dns.content_category": [2]})["gateway_dns"].fields
    assert "ResolverDecision" not in found
    assert found["PolicyID"] == "b"
