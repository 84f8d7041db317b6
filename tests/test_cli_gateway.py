"""``vpcroute gateway``: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vpcroute.cli import main
from vpcroute.commands import policy_options

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
PUBLIC = "1.1.1.1"

Run = Callable[..., tuple[int, str, str]]


def rule(id: str, action: str = "block", filter: str = "http", **more: Any) -> dict[str, Any]:
    return {"id": id, "name": id, "action": action, "filters": [filter], "precedence": 1, "enabled": True, **more}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command on a document of these rules; status, standard output and standard error."""

    def call(rules: list[dict[str, Any]], *argv: str, **document: Any) -> tuple[int, str, str]:
        path = tmp_path / "network.json"
        path.write_text(json.dumps({"gateway_rules": rules, **document}), encoding="utf-8")
        status = main(["gateway", *argv, "--network", str(path)])
        return status, *capsys.readouterr()

    return call


BLOCK_22 = rule("ssh", filter="l4", traffic="net.dst.port == 22")
BY_APP = rule("app", traffic="any(app.ids[*] in {606})")
BY_PATH = rule("path", traffic='http.request.uri.path == "/p" and http.request.headers["x"] == "y"')
ROUTES = {
    "tunnels": [{"id": "550e8400-e29b-41d4-a716-446655440000", "name": "eu"}],
    "routes": [
        {"network": "10.0.0.0/8", "tunnel_id": "550e8400-e29b-41d4-a716-446655440000", "tun_type": "cfd_tunnel"}
    ],
}


@pytest.mark.parametrize(
    ("rules", "argv", "final", "status"),
    [
        ([], [f"http://{PUBLIC}/"], "allowed", 0),
        ([BLOCK_22], [f"{PUBLIC}:22"], "blocked", 1),
        ([BLOCK_22], [f"{PUBLIC}:23"], "allowed", 0),
        ([BLOCK_22], ["10.1.1.1:22"], "unknown", 1),  # to a private destination; the policies may not apply
        ([BLOCK_22], ["10.1.1.1:23"], "allowed", 0),
        ([], ["192.168.1.1:23"], "refused", 1),
        ([], ["nonsense"], "unreadable", 1),
        ([BY_APP], [f"http://{PUBLIC}/"], "unknown", 1),
        ([BY_APP], [f"http://{PUBLIC}/", "--given", "app.ids=[606]"], "blocked", 1),
        ([BY_APP], [f"http://{PUBLIC}/", "--given", "app.ids=[1]"], "allowed", 0),
        ([BY_APP], [f"https://{PUBLIC}/", "--tls-inspection", "no"], "allowed", 0),
        ([BY_APP], [f"http://{PUBLIC}/", "--given", "app.ids="], "allowed", 0),
        ([rule("m", traffic='http.request.method == "POST"')], [f"http://{PUBLIC}/", "--method", "post"], "blocked", 1),
        ([], [f"http://{PUBLIC}/", "--http-default", "blocked"], "blocked", 1),
        ([BLOCK_22], ["--connect", f"{PUBLIC}:22"], "blocked", 1),
        ([rule("n", filter="dns", traffic='dns.fqdn == "a.example"')], ["http://a.example/"], "blocked", 1),
        ([rule("4", filter="dns", traffic="any(dns.resolved_ips[*] in {2606:4700::/32})")],
         ["http://a.example/", "--answer", "a.example=2606:4700::1"], "blocked", 1),
        ([rule("i", filter="l4", identity='identity.email == "non_identity@t.cloudflareaccess.com"')],
         [f"{PUBLIC}:1", "--team", "other"], "allowed", 0),
        ([rule("s", "block", "dns", traffic='dns.fqdn == "a.example"', schedule={"tue": "08:00-09:00"})],
         ["http://a.example/", "--now", "2026-11-24T09:30:00Z", "--time-zone", "Europe/Berlin"], "allowed", 0),
        ([rule("s", "block", "dns", traffic='dns.fqdn == "a.example"', schedule={"tue": "08:00-11:00"})],
         ["http://a.example/", "--now", "2026-11-24T09:30:00Z", "--time-zone", "Europe/Berlin"], "blocked", 1),
    ],
)  # fmt: skip
def test_outcome(run: Run, rules: list[dict[str, Any]], argv: list[str], final: str, status: int) -> None:
    found, out, err = run(rules, "test", "--json", *argv, **ROUTES)
    policies = json.loads(out)["policies"]
    assert ("unreadable" if policies is None else policies["final"], found) == (final, status)
    assert ("the document has no gateway_rules" in err) == (not rules)


def test_lines(run: Run) -> None:
    asked = [f"{PUBLIC}:22", f"http://{PUBLIC}/", "10.1.1.1:22", "x"]
    status, out, err = run([BLOCK_22, BY_APP], "test", *asked, **ROUTES)
    assert (status, err) == (1, "")
    header, *rows = [line.split("  ") for line in out.splitlines()]
    assert [cell.strip() for cell in header if cell] == ["ADDRESS", "OUTCOME", "DECIDED BY", "REMARKS"]
    either = "allowed or blocked; "
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["1.1.1.1:22", "blocked", "network: ssh"],
        [
            f"http://{PUBLIC}/",
            "unknown",
            "HTTP: app or no rule",
            f"{either}hangs on app.ids: Cloudflare's data; a provider can supply it",
        ],
        [
            "10.1.1.1:22",
            "unknown",
            "network: ssh",
            f"{either}whether the policies apply to private destinations of Workers is not documented",
        ],
        ["x", "unreadable", "—", "invalid_address: Specified address is missing port."],
    ]


def test_trace_tells_every_stage_and_every_rule(run: Run) -> None:
    rules = [
        rule("off", filter="l4", enabled=False),
        rule("staff", "allow", "l4", precedence=2, identity='any(identity.groups.name[*] in {"Staff"})'),
        rule("others", filter="l4", precedence=3),
        rule("never", "allow", "l4", precedence=4),
    ]
    status, out, err = run(rules, "trace", f"http://{PUBLIC}/")
    assert (status, err) == (1, "")
    assert (
        out
        == """\
http://1.1.1.1/
  from cf1:network, virtual network default, no place given, unified mode
  => blocked; network: others

route
  INTERNET Gateway, dials 1.1.1.1:80

egress: default

network: blocked
  1 off (block)
      it is switched off
  2 staff (allow)
      identity does not hold: any(identity.groups.name[*] in {"Staff"})
      identity.groups.name is absent
* 3 others (block)
      it has no conditions
  1 more rule behind it
"""
    )


def test_trace_tells_what_would_settle_it_and_where_a_redirect_leads(run: Run) -> None:
    rules = [
        rule("r", "redirect", traffic='http.request.uri.path == "/a"',
             rule_settings={"redirect": {"target_uri": f"http://{PUBLIC}/b"}}),
        rule("app", precedence=2, traffic="any(app.ids[*] in {606})"),
    ]  # fmt: skip
    status, out, _ = run(rules, "trace", f"http://{PUBLIC}/a")
    assert status == 1
    told = out[out.index("HTTP: redirected") :]
    assert "  location http://1.1.1.1/b\n* 1 r (redirect)\n" in told
    assert "then GET http://1.1.1.1/b: unknown\n" in told
    assert "? 2 app (block), would be blocked\n      hangs on app.ids: Cloudflare's data" in told
    assert "? no rule: allowed\n" in told


def test_trace_of_a_name_routes_its_resolvers(run: Run) -> None:
    private = [{"ip": ip, "route_through_private_network": True} for ip in ("10.0.0.53", "192.168.0.53")]
    settings = {"dns_resolvers": {"ipv4": [*private, {"ip": "9.9.9.9"}]}}
    resolve = rule("res", "resolve", "dns_resolver", traffic='dns.fqdn == "a.example"', rule_settings=settings)
    _, out, _ = run([resolve], "trace", "http://a.example/", **ROUTES)
    assert "  9.9.9.9:53 asked by Cloudflare\n  10.0.0.53:53 through CFD_TUNNEL eu\n" in out
    assert "  192.168.0.53:53 not reached: destination_ip_unroutable\n" in out


def test_logs_are_json_lines(run: Run) -> None:
    status, out, _ = run([BLOCK_22], "test", "--logs", f"{PUBLIC}:22", "10.1.1.1:22", **ROUTES)
    found = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [(one["dataset"], one["predicted"], one["certain"]) for one in found] == [
        ("gateway_network", True, True),
        ("gateway_network", True, False),
    ]
    assert found[0]["record"]["Action"] == "block"
    assert found[0]["assumed"] == ["Action"]


def test_json_has_why_each_rule_did_not_match(run: Run) -> None:
    _, out, _ = run([BLOCK_22, BY_APP], "trace", "--json", f"http://{PUBLIC}/")
    stages = {stage["stage"]: stage for stage in json.loads(out)["policies"]["stages"]}
    assert stages["network"]["considered"] == [
        {
            "rule": {"id": "ssh", "name": "ssh", "precedence": 1, "action": "block"},
            "match": False,
            "because": "traffic",
            "reasons": ["traffic does not hold: net.dst.port == 22", "net.dst.port is 80"],
        }
    ]
    assert [one["match"] for one in stages["http"]["considered"]] == [None]
    assert stages["http"]["candidates"][0]["missing"][0]["what"] == "app.ids"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--tunnel", "eu"], "cf1:network only"),
        (["--json", "--logs"], "exclude each other"),
        (["--given", "no.such=1"], "is not a field that is known"),
        (["--given", "net.dst.port=x"], "net.dst.port"),
        (["--given", "x"], "is not FIELD=VALUE"),
        (["--header", "x"], "is not NAME:VALUE"),
        (["--now", "x"], "is not a time"),
        (["--now", "2026-01-01T00:00:00"], "has no time zone"),
    ],
)
def test_bad_usage(run: Run, argv: list[str], said: str) -> None:
    status, out, err = run([], "test", f"{PUBLIC}:1", *argv, **ROUTES)
    assert (status, out) == (2, "")
    assert said in err


def test_without_re2_the_answer_is_unknown_and_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpcroute.policies.patterns.re2", None)
    monkeypatch.setattr(policy_options, "HAS_RE2", False)
    status, out, err = run([rule("p", traffic='http.request.host matches "x"')], "test", f"http://{PUBLIC}/")
    assert status == 1
    assert "unknown" in out
    assert "pip install 'vpcroute[gateway]'" in err


def test_headers_and_passwords(run: Run) -> None:
    _, out, _ = run([], "test", "--logs", "--header", "User-Agent: u", f"http://me:secret@{PUBLIC}/")
    assert "secret" not in out
    assert [json.loads(line)["record"].get("UserAgent") for line in out.splitlines()] == [None, "u"]


def test_sample_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"https://pastebin.com/\nhttps://x.pastebin.com/\n")))
    assert main(["gateway", "test", "--network", SAMPLE, "-"]) == 1
    assert capsys.readouterr().out.count("blocked  DNS: Block listed domains") == 2


def test_where_a_policy_leads_to_a_private_destination_others_may_not_apply(run: Run) -> None:
    override = rule(
        "o", "override", "dns", traffic='dns.fqdn == "a.example"', rule_settings={"override_ips": ["10.0.0.9"]}
    )
    block = rule("n", filter="l4", traffic="net.dst.ip == 10.0.0.9")
    _, out, _ = run([override, block], "test", "--json", "--answer", "a.example=1.1.1.1", "http://a.example/", **ROUTES)
    policies = json.loads(out)["policies"]
    assert (policies["final"], policies["finals"], policies["applies"]) == ("unknown", ["allowed", "blocked"], False)
