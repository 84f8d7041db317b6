"""What a change of rules does to requests: which are asked, which change, and how that is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vpcroute import RouteTable, SubnetRoute, Tunnel
from vpcroute.analysis.policy_diff import policy_diff
from vpcroute.analysis.policy_questions import Known, questions
from vpcroute.analysis.policy_whatif import AddRule, RemoveRule, SwitchRule, compare_policies, rehearse_policies
from vpcroute.cli import main
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies import Account, GatewayPolicies

EU = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")
LIST = "baa54595-71d9-4f50-a515-36370786ab9a"


def rule(traffic: str, action: str = "block", filter: str = "l4", **more: Any) -> GatewayRule:
    fields: dict[str, Any] = {"id": "r", "name": "the rule", "precedence": 1, "enabled": True, **more}
    return GatewayRule(action=action, filters=(filter,), traffic=traffic, **fields)


def table(*rules: GatewayRule, items: tuple[str, ...] | None = None, type: str = "IP") -> RouteTable:
    made = RouteTable()
    made.announce(SubnetRoute("10.0.0.0/8", via=EU))
    made.set_gateway(rules, [] if items is None else [GatewayList(LIST, "l", type, items)])
    return made


def changes(old: RouteTable, new: RouteTable) -> dict[str, str]:
    found = compare_policies(old, new)
    assert found is not None
    assert found.is_whole
    return {change.question.text: change.kind for change in found.changes}


@pytest.mark.parametrize(
    ("traffic", "filter", "there", "absent"),
    [
        ("net.dst.ip in {1.1.0.0/24}", "l4", {"connect 1.1.0.0:443", "GET http://1.1.0.255/"}, {"connect 1.1.1.0:443"}),
        ("net.dst.port in {1000..2000}", "l4", {"connect 1.1.1.1:1000"}, {"connect 1.1.1.1:999"}),
        ("net.dst.port < 1000", "l4", {"connect 1.1.1.1:999"}, {"connect 1.1.1.1:1000"}),
        ('dns.fqdn == "a.example"', "dns", {"GET https://a.example/", "connect a.example:22"}, {"GET https://below.a.example/"}),
        ('any(dns.domains[*] == "a.example")', "dns", {"GET https://below.a.example/"}, {"GET https://unmentioned.example/"}),
        ('not(any(dns.domains[*] == "a.example"))', "dns", {"GET https://unmentioned.example/"}, {"GET https://a.example/"}),
        ('http.request.method == "POST"', "http", {"POST http://1.1.1.1/"}, {"GET http://1.1.1.1/"}),
        ('http.request.uri.path == "/x"', "http", {"GET http://1.1.1.1/x"}, {"GET http://1.1.1.1/"}),
        ('http.request.uri == "http://b.example/x"', "http", {"GET http://b.example/x"}, {"GET http://b.example/"}),
    ],
)  # fmt: skip
def test_both_sides_of_a_condition_are_asked(traffic: str, filter: str, there: set[str], absent: set[str]) -> None:
    old, new = table(), table(rule(traffic, filter=filter))
    found = changes(old, new)
    assert {text: found.get(text) for text in there} == dict.fromkeys(there, "blocked")
    asked = {question.text for question in questions([Known.of(old), Known.of(new)])}
    assert absent <= asked
    assert not absent & found.keys()
    assert {text for text, kind in changes(new, old).items() if kind == "allowed"} >= there


def test_items_of_lists_are_asked_first() -> None:
    block = rule(f"net.dst.ip in ${LIST}")
    found = compare_policies(table(block, items=("1.1.1.0/24",)), table(block, items=("1.1.1.0/24", "8.8.8.8")))
    assert found is not None
    ends = {change.question.address for change in found.changes if change.kind == "blocked"}
    assert ends == {"http://8.8.8.8/", "https://8.8.8.8/", "8.8.8.8:22", "8.8.8.8:443", "8.8.8.8:8080"}
    addresses = [question.address for question in questions([Known.of(table())], items=[("DOMAIN", "a.example")])]
    assert addresses.index("https://a.example/") < addresses.index("https://10.0.0.0/")


def test_what_is_the_same_is_not_compared() -> None:
    assert compare_policies(table(rule("net.dst.port == 1")), table(rule("net.dst.port == 1"))) is None


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([], [rule("any(app.ids[*] in {1})")], "may_block"),
        ([rule("any(app.ids[*] in {1})")], [], "allowed"),
        ([], [rule("net.dst.ip == 1.1.1.1", "l4_override", settings={"l4override": {"ip": "1.0.0.1"}})], "changed"),
        ([], [rule("net.dst.ip == 1.1.1.1", "egress", "egress", settings={"egress": {"ipv4": "9.9.9.9"}})], "changed"),
        ([], [rule("net.dst.ip == 1.1.1.1", settings={"block_reason": "x"})], "blocked"),
    ],
)
def test_kinds(before: list[GatewayRule], after: list[GatewayRule], kind: str) -> None:
    assert changes(table(*before), table(*after))["GET http://1.1.1.1/"] == kind


def test_another_rule_that_does_the_same_is_no_change() -> None:
    assert changes(table(rule("net.dst.port == 1")), table(rule("net.dst.port == 1", id="other"))) == {}


def test_settings_count() -> None:
    old, new = table(rule("net.dst.port == 1")), RouteTable()
    new.announce(SubnetRoute("10.0.0.0/8", via=EU))
    new.set_gateway(old.gateway_rules, [], {"tls_decrypt": {"enabled": True}})
    found = changes(old, new)
    assert found["GET https://1.1.1.1/"] == "changed"
    assert "GET http://1.1.1.1/" not in found


def test_not_more_are_asked_than_wanted() -> None:
    old, new = (GatewayPolicies(Account(rules), router=table()) for rules in ([], [rule("net.dst.port == 443")]))
    asked = list(questions([Known.of(table())]))
    found = policy_diff(old, new, asked, most=3)
    assert (found.asked, found.is_whole) == (3, False)
    assert policy_diff(old, new, asked[:3], most=3).is_whole


def test_edges_are_of_rules_lists_and_routes() -> None:
    known = Known.of(table(rule(f"net.dst.ip in ${LIST}"), items=("1.1.1.0/24",)))
    edges = [0x0A000000, 0x0AFFFFFF, 0x010100FF, 0x01010100, 0x010101FF, 0x01010200]
    assert {*known.all_numbers} >= {*edges}


@pytest.mark.parametrize(
    ("change", "final"),
    [
        (SwitchRule("the rule", enabled=False), "allowed"),
        (SwitchRule("r", enabled=False), "allowed"),
        (RemoveRule("r"), "allowed"),
        (AddRule(rule("net.dst.port == 443", "allow", precedence=0, id="new")), "allowed"),
        (AddRule(rule("net.dst.port == 444")), "allowed"),
    ],
)
def test_changes_are_tried_and_undone(change: Any, final: str) -> None:
    made = table(rule("net.dst.port == 443"))
    before = made.gateway_rules
    found = rehearse_policies(made, [change])
    assert found is not None
    ends = {one.question.text: one.after.final for one in found.changes}
    assert ends["connect 1.1.1.1:443"] == final
    assert made.gateway_rules == before


def test_a_rule_that_is_not_there_or_not_one() -> None:
    made = table(rule("", id="a"), rule("", id="b"))
    with pytest.raises(LookupError, match=r"no policy is called 'x'"):
        rehearse_policies(made, [RemoveRule("x")])
    with pytest.raises(LookupError, match=r"several policies are called 'the rule': a, b"):
        rehearse_policies(made, [RemoveRule("the rule")])


# The commands

BLOCK = {"id": "r", "name": "no SSH", "action": "block", "filters": ["l4"], "precedence": 1, "enabled": True}


def write(path: Path, *rules: dict[str, Any]) -> str:
    path.write_text(json.dumps({"gateway_rules": list(rules)}), encoding="utf-8")
    return str(path)


def test_diff_shows_requests_of_a_destination_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path / "old.json")
    new = write(tmp_path / "new.json", {**BLOCK, "traffic": "net.dst.ip == 1.1.1.1 and net.dst.port in {22 443}"})
    assert main(["diff", old, new]) == 1
    out = capsys.readouterr().out
    assert out.endswith("""\
no change

policies: blocked 3, may_block 3 of 45 requests asked

CHANGE     DESTINATION          BEFORE   AFTER                                 REQUESTS
blocked    1.1.1.1              allowed  blocked (network: no SSH)             https :22 :443
may_block  unmentioned.example  allowed  unknown (network: no SSH or no rule)  https :22 :443
""")


def test_diff_as_json_and_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = write(tmp_path / "old.json"), write(tmp_path / "new.json", {**BLOCK, "traffic": "net.dst.port == 22"})
    assert main(["diff", "--json", old, new]) == 1
    found = json.loads(capsys.readouterr().out)["policies"]
    assert found["whole"] is True
    assert found["changes"][0] == {
        "change": "blocked",
        "address": "unmentioned.example:22",
        "method": "GET",
        "before": {"final": "allowed", "finals": ["allowed"], "decided_by": ""},
        "after": {"final": "blocked", "finals": ["blocked"], "decided_by": "network: no SSH"},
    }
    assert main(["diff", "--json", old, old]) == 0
    assert json.loads(capsys.readouterr().out)["policies"] is None
    assert main(["diff", "--markdown", "--rows", "1", old, new]) == 1
    out = capsys.readouterr().out
    assert "| change | destination | before | after | requests |" in out
    assert "… and 2 more." in out


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["--disable-rule", "no SSH"], 1, "allowed "),
        (["--enable-rule", "no SSH"], 0, "no change\n"),
        (["--remove-rule", "r"], 1, "allowed "),
        (["--add-rule", "rule.json"], 1, "blocked "),
        (["--remove-rule", "x"], 2, "no policy is called 'x'"),
        (["--add-rule", "deleted.json"], 2, "the policy is deleted"),
        (["--add-rule", "bad.json"], 2, "precedence"),
    ],
)
def test_whatif(
    argv: list[str],
    status: int,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = write(tmp_path / "network.json", {**BLOCK, "traffic": "net.dst.port == 22"})
    added = {**BLOCK, "id": "n", "traffic": "net.dst.port == 23"}
    (tmp_path / "rule.json").write_text(json.dumps(added), encoding="utf-8")
    (tmp_path / "deleted.json").write_text(
        json.dumps({**added, "deleted_at": "2026-01-01T00:00:00Z"}), encoding="utf-8"
    )
    (tmp_path / "bad.json").write_text(json.dumps({**added, "precedence": "x"}), encoding="utf-8")
    files = {path.name: str(path) for path in tmp_path.iterdir()}
    assert main(["whatif", "--network", network, argv[0], files.get(argv[1], argv[1])]) == status
    out, err = capsys.readouterr()
    assert said in (err if status == 2 else out)
