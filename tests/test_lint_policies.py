"""What lint finds among Gateway's policies: for each code rules that have it and some that are nearly the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from documents import Json, document, route

from vpcroute.analysis.lint import CHECKS, LintFinding, lint
from vpcroute.analysis.lint.policy_checks import POLICY_CHECKS
from vpcroute.cli import main
from vpcroute.sources.document import read

LIST: Final = "baa54595-71d9-4f50-a515-36370786ab9a"
STAFF: Final = 'any(identity.groups.name[*] in {"Staff"})'
PASSED: Final = 'any(device_posture.checks.passed[*] in {"x"})'
DYNAMIC: Final = {"settings": {"inspection": {"mode": "dynamic"}, "protocol_detection": {"enabled": True}}}
NAMES: Final = {"id": LIST, "name": "names", "type": "DOMAIN", "count": 1, "items": [{"value": "a.example"}]}


def rule(traffic: str = "", action: str = "block", filter: str = "l4", **more: Any) -> Json:
    """A policy; without more, its id is that of its precedence."""
    number = more.get("precedence", 1)
    fields = {"id": f"r{number}", "name": f"rule {number}", "precedence": number, "enabled": True, **more}
    return {"action": action, "filters": [filter], "traffic": traffic, **fields}


def with_rules(*rules: Json, lists: list[Json] | None = None, configuration: Json | None = None) -> Json:
    settings = DYNAMIC if configuration is None else configuration
    sections = {"gateway_rules": list(rules), "gateway_lists": lists or [], "gateway_configuration": settings}
    return document(routes=[route("10.0.0.0/8")], **sections)


def resolver(ip: str, **more: Any) -> Json:
    one = {"ip": ip, "route_through_private_network": True, **more}
    settings = {"dns_resolvers": {"ipv4": [{"ip": "9.9.9.9"}, one]}}
    return rule('dns.fqdn == "a.example"', "resolve", "dns_resolver", rule_settings=settings)


@attrs.frozen
class Case:
    """Policies with one finding, and policies without it."""

    code: str
    has: Json
    path: str
    said: str
    has_not: Json


ALLOW: Final = rule(action="allow", identity=STAFF)
LATE: Final = rule("any(dns.resolved_ips[*] in {1.1.1.1})", filter="dns")
EARLY: Final = rule('dns.fqdn == "a.example"', "allow", "dns", precedence=2)
CASES: Final = [
    Case(
        "invalid_expression",
        with_rules(rule("net.dst.port in {80, 443}")),
        "gateway_rules[0].traffic",
        "'rule 1': line 1, column 20: ",
        with_rules(rule("net.dst.port in {80 443}")),
    ),
    Case(
        "blocks_workers",
        with_rules(ALLOW, rule(precedence=2)),
        "gateway_rules[1]",
        "'rule 2' blocks Workers: 'rule 1' before it allows by identity only",
        with_rules(rule(action="allow"), {**ALLOW, "precedence": 2, "id": "r2"}, rule(precedence=3)),
    ),
    Case(
        "blocks_workers",
        with_rules(
            rule("net.dst.port == 22 and net.dst.ip == 1.1.1.1", "allow", device_posture=PASSED),
            rule("net.dst.port == 22", precedence=2),
        ),
        "gateway_rules[1]",
        "'rule 1' before it allows by device posture only",
        with_rules({**ALLOW, "traffic": "net.dst.port == 22"}, rule("net.dst.port == 23", precedence=2)),
    ),
    Case(
        "matches_workers",
        with_rules(rule("net.dst.port == 22", device_posture='not(any(device_posture.checks.passed[*] in {"x"}))')),
        "gateway_rules[0].device_posture",
        "'rule 1': its device_posture holds for every Worker: not(any(device_posture",
        with_rules(rule("net.dst.port == 22", device_posture=PASSED)),
    ),
    Case(
        "matches_workers",
        with_rules(rule(identity='not(identity.email == "a@b.example")')),
        "gateway_rules[0].identity",
        "its identity holds for every Worker",
        with_rules(rule(identity='not(identity.email matches ".*cloudflareaccess.*")')),
    ),
    Case(
        "unknown_list",
        with_rules(rule(f"any(dns.domains[*] in ${LIST})", filter="dns")),
        "gateway_rules[0].traffic",
        f"list {LIST}: the account's lists have none of this id",
        with_rules(rule(f"any(dns.domains[*] in ${LIST})", filter="dns"), lists=[NAMES]),
    ),
    Case(
        "list_without_items",
        with_rules(rule(f"any(dns.domains[*] in ${LIST})", filter="dns"), lists=[{**NAMES, "items": None}]),
        "gateway_rules[0].traffic",
        "its items are not there",
        with_rules(lists=[{**NAMES, "items": None}]),
    ),
    Case(
        "policy_never_matches",
        with_rules(rule(f'any(dns.domains[*] in {{"{LIST}"}})', filter="dns"), lists=[NAMES]),
        "gateway_rules[0].traffic",
        "in braces is text",
        with_rules(rule('any(dns.domains[*] in {"b.example"})', filter="dns"), lists=[NAMES]),
    ),
    *[
        Case(
            "policy_never_matches",
            with_rules(rule(never, filter=filter)),
            "gateway_rules[0].traffic",
            why,
            with_rules(rule(may, filter=filter)),
        )
        for filter, never, may, why in (
            ("dns", 'dns.fqdn == "*.a.example"', 'dns.fqdn == "a.example"', "* stands for itself"),
            ("dns", 'dns.fqdn == "https://a.example"', 'dns.fqdn != "a.example"', "it is a URL"),
            ("dns", 'any(dns.domains[*] in {".a.example"})', 'any(dns.domains[*] in {"a"})', "begins with a dot"),
            ("dns", 'any(dns.domains[*] in {})', 'any(dns.domains[*] in {"a"})', "the set is empty"),
            ("l4", 'net.sni.host == "a.example:443"', 'net.sni.host == "a.example"', "it has a port"),
            ("l4", "net.dst.port == 70000", "net.dst.port == 65535", "ports are 1 to 65535"),
            ("http", 'http.request.host matches "^Api"', 'http.request.host matches "(?i)Api"', "in lower case"),
            ("http", 'http.request.host matches "https://a"', 'http.request.uri matches "https://a"', "it is a URL"),
            ("http", 'http.request.method == "get"', 'http.request.method == "GET"', "in capital letters"),
            ("http", 'http.request.uri.path in {"a"}', 'http.request.uri.path in {"/a"}', "begins with /"),
            ("http", 'http.request.uri.query == "?a"', 'http.request.uri.query == "a"', "without its question mark"),
        )
    ],
    Case(
        "allow_before_block",
        with_rules(LATE, EARLY),
        "gateway_rules[1]",
        "'rule 2' is asked before resolution, so 'rule 1' never sees what it allows",
        with_rules({**EARLY, "precedence": 1}, {**LATE, "precedence": 2, "id": "x"}),
    ),
    Case(
        "unknown_field",
        with_rules(rule("net.no.such == 1")),
        "gateway_rules[0].traffic",
        "net.no.such: a field of no known meaning",
        with_rules(rule("net.dst.port == 1")),
    ),
    Case(
        "unknown_field",
        with_rules(rule('http.request.host == "a.example"')),
        "gateway_rules[0].traffic",
        "l4 rules have no such field",
        with_rules(rule('http.request.host == "a.example"', filter="http")),
    ),
    Case(
        "unknown_action",
        with_rules(rule(action="forward", filter="http")),
        "gateway_rules[0]",
        "'forward' is not an action of http rules",
        with_rules(rule(action="noscan", filter="http")),
    ),
    Case(
        "unknown_member",
        with_rules(rule(profile="x")),
        "gateway_rules[0]",
        "'profile' is not known here",
        with_rules(rule(description="x")),
    ),
    Case(
        "resolver_without_route",
        with_rules(resolver("192.168.0.53")),
        "gateway_rules[0].rule_settings.dns_resolvers.ipv4[1]",
        "'rule 1': resolver 192.168.0.53 is not reached: ",
        with_rules(resolver("10.0.0.53")),
    ),
    Case(
        "resolver_without_route",
        with_rules(resolver("10.0.0.53", vnet_id="11111111-0000-4000-8000-00000000dead")),
        "gateway_rules[0].rule_settings.dns_resolvers.ipv4[1]",
        "virtual network",
        with_rules({**resolver("192.168.0.53"), "enabled": False}),
    ),
    Case(
        "global_policy_first",
        with_rules(rule('any(dns.domains[*] in {"a.example" "api.cloudflare.com"})', filter="dns")),
        "gateway_rules[0]",
        "'rule 1' does not block api.cloudflare.com",
        with_rules(rule('not(any(dns.domains[*] == "api.cloudflare.com"))', filter="dns")),
    ),
    Case(
        "global_policy_first",
        with_rules(
            rule(f"http.request.host in ${LIST}", filter="http"),
            lists=[{**NAMES, "items": [{"value": "x.dash.cloudflare.com"}]}],
        ),
        "gateway_rules[0]",
        "x.dash.cloudflare.com",
        with_rules(rule(f"http.request.host in ${LIST}", filter="http"), lists=[NAMES]),
    ),
    Case(
        "http_ports_unseen",
        with_rules(rule(filter="http"), rule(filter="http", precedence=2), configuration={"settings": {}}),
        "gateway_rules[0]",
        "'rule 1', 'rule 2' do not see fetch() to port 8080 and others",
        with_rules(rule(filter="http")),
    ),
    Case(
        "pattern_not_read",
        with_rules(rule('net.sni.host matches "a{"')),
        "gateway_rules[0].traffic",
        "Rust and RE2 read it in two ways",
        with_rules(rule('net.sni.host matches "a{2}"')),
    ),
    Case(
        "equal_precedence",
        with_rules(rule("net.dst.port == 1"), rule("net.dst.port == 2", id="other")),
        "gateway_rules[0]",
        "has precedence 1, as other has",
        with_rules(rule("net.dst.port == 1"), rule('dns.fqdn == "a"', filter="dns", id="other")),
    ),
    Case(
        "policy_reading",
        with_rules(rule('net.dst.port == "22"')),
        "gateway_rules[0].traffic",
        "net.dst.port takes its values without quotes",
        with_rules(rule("net.dst.port == 22")),
    ),
]  # fmt: skip


def lint_of(source: Json) -> list[LintFinding]:
    paths: dict[object, str] = {}
    table = read(source, lenient=True, paths=paths)
    return lint(table, paths=paths)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.said[:20]}")
def test_each_finding(case: Case) -> None:
    found = [finding for finding in lint_of(case.has) if finding.code == case.code]
    assert len(found) == 1
    assert found[0].path == case.path
    assert case.said in found[0].reason
    assert found[0].mend == CHECKS[found[0].code].mend


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.said[:20]}")
def test_nearly_the_same(case: Case) -> None:
    assert case.code not in {str(finding.code) for finding in lint_of(case.has_not)}


def test_every_check_is_tried() -> None:
    assert {case.code for case in CASES} == {row[1] for row in POLICY_CHECKS}


def test_what_cannot_be_read_covers_nothing() -> None:
    found = lint_of(with_rules(ALLOW, rule("net.dst.port in {80, 443}", precedence=2)))
    assert [str(finding.code) for finding in found if finding.severity != "note"] == ["invalid_expression"]


def test_rules_that_are_off_bite_nobody() -> None:
    rules = [{**one, "enabled": False} for one in (ALLOW, rule(identity=f"not({STAFF})", precedence=2), LATE, EARLY)]
    codes = {str(finding.code) for finding in lint_of(with_rules(*rules, configuration={"settings": {}}))}
    assert not codes & {"blocks_workers", "matches_workers", "allow_before_block", "http_ports_unseen"}


def test_without_re2_the_document_is_not_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpcroute.policies.patterns.re2", None)
    found = lint_of(with_rules(rule('net.sni.host matches "a"')))
    assert not [finding for finding in found if finding.path]


def test_sarif_has_the_line_of_a_condition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.json"
    text = json.dumps(with_rules(rule("net.dst.port in {80, 443}")), indent=1)
    path.write_text(text, encoding="utf-8")
    assert main(["lint", "--sarif", "--select", "invalid_expression", str(path)]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert text.splitlines()[line - 1].strip().startswith('"traffic"')
