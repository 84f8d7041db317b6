"""Expected outcomes: of URLs, addresses, ranges and names; what is not known is not allowed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from vpcroute import RouteTable, SubnetRoute, Tunnel
from vpcroute.analysis.policy_expectations import PolicyExpectation, PolicyFailure, check_policies
from vpcroute.analysis.policy_questions import Known
from vpcroute.cli import main
from vpcroute.errors import InvalidDocument
from vpcroute.gateway import GatewayRule
from vpcroute.policies import GatewayPolicies
from vpcroute.sources.expectations import read_expectations

EU = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")
ALLOWED, BLOCKED = {"outcome": "allowed"}, {"outcome": "blocked"}


def check(traffic: str, destination: str, filter: str = "l4", **expected: Any) -> PolicyFailure | None:
    table = RouteTable()
    table.announce(SubnetRoute("1.2.0.0/16", via=EU))
    table.set_gateway([GatewayRule("r", "r", "block", (filter,), 1, True, traffic)], [])
    resolver = table.compile()
    gateway = GatewayPolicies.of(table, router=resolver)
    return check_policies(gateway, resolver, Known.edges(table), PolicyExpectation(destination, **expected))


@pytest.mark.parametrize(
    ("traffic", "destination", "expected", "counterexample"),
    [
        ("net.dst.port == 22", "1.1.1.1:22", {"must": BLOCKED}, None),
        ("net.dst.port == 22", "1.1.1.1:23", {"must": BLOCKED}, "connect 1.1.1.1:23"),
        ("net.dst.port == 22", "1.1.1.1:22", {"must_not": BLOCKED}, "connect 1.1.1.1:22"),
        ("net.dst.port == 80", "1.1.1.1", {"must": ALLOWED}, "GET http://1.1.1.1/"),
        ("net.dst.port == 80", "https://1.1.1.1/a", {"must": ALLOWED}, None),
        ("net.dst.ip == 1.1.1.77", "1.1.1.0/24", {"must": ALLOWED}, "GET https://1.1.1.77/"),
        ("net.dst.ip == 1.1.2.0", "1.1.1.0/24", {"must": ALLOWED}, None),
        ("net.dst.ip in {1.1.0.0/16}", "1.1.1.0-1.1.3.7", {"must": BLOCKED}, None),
        ("net.dst.ip in {2606:4800::/32}", "2606:4800::/32", {"must": BLOCKED}, None),
        ("net.dst.ip in {2606:4800::/33}", "2606:4800::/32", {"must": BLOCKED}, "GET https://[2606:4800:8000::]/"),
        ('net.offramp.type == "internet"', "1.0.0.0/8", {"must": BLOCKED}, "GET https://1.2.0.0/"),
        ('net.offramp.type == "cloudflare_tunnel"', "1.2.3.0/24", {"must": {"outcome": "unknown"}}, None),
        ("any(app.ids[*] in {1})", "1.1.1.1:1", {"must": ALLOWED}, "connect 1.1.1.1:1"),
        ("any(app.ids[*] in {1})", "1.1.1.1:1", {"must_not": BLOCKED}, "connect 1.1.1.1:1"),
        ("any(app.ids[*] in {1})", "1.1.1.1:1", {"must_not": {"outcome": "redirected"}}, None),
        ('net.sni.host == "a.x.example"', "*.x.example", {"must": ALLOWED}, "GET https://a.x.example/"),
        ('net.sni.host == "a.b.x.example"', "*.x.example", {"must": ALLOWED}, None),
        ('any(net.sni.domains[*] == "x.example")', "*.x.example", {"must_not": ALLOWED}, "GET http://below.x.example/"),
        ("net.dst.port == 1", "192.168.0.1:1", {"must": {"outcome": "refused"}}, None),
    ],
)
def test_check(traffic: str, destination: str, expected: dict[str, Any], counterexample: str | None) -> None:
    found = check(traffic, destination, **expected)
    assert (None if found is None else found.counterexample) == counterexample


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"destination": "1.1.1.1:1", "must": {"outcome": "maybe"}}, "no outcome is 'maybe'"),
        ({"destination": "1.1.1.1/8", "must": BLOCKED}, "host bits"),
        ({"destination": "http://", "must": BLOCKED}, "http://"),
        ({"destination": "1.1.1.1:1", "must": BLOCKED, "vantage": {"tunnel": "eu"}}, "cf1:network only"),
        ({"destination": "1.1.1.1", "must": {}}, "nothing is expected"),
    ],
)
def test_wrong_expectations(record: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_expectations({"expectations": [record]})
    assert said in str(caught.value)


def test_of_routes_and_of_policies_in_one_record() -> None:
    record = {"destination": "1.1.1.1", "must": {"egress": "Gateway", "outcome": "allowed"}, "must_not": BLOCKED}
    of_routes, of_policies = read_expectations({"expectations": [record]})
    assert (of_routes.expectation.must, of_routes.expectation.must_not) == ({"egress": "Gateway"}, {})
    assert (of_policies.expectation.must, of_policies.expectation.must_not) == (ALLOWED, BLOCKED)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    rule = {"id": "r", "name": "no SSH", "action": "block", "filters": ["l4"], "precedence": 1, "enabled": True}
    network = {"gateway_rules": [{**rule, "traffic": "net.dst.port == 22"}]}
    expected = [{"destination": "1.1.1.1:22", "must": ALLOWED}, {"destination": "1.1.1.1", "must": ALLOWED}]
    (tmp_path / "network.json").write_text(json.dumps(network), encoding="utf-8")
    (tmp_path / "expected.json").write_text(json.dumps({"expectations": expected}), encoding="utf-8")
    return ["assert", "--network", str(tmp_path / "network.json"), str(tmp_path / "expected.json")]


def test_command(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(files) == 1
    out = capsys.readouterr().out
    assert "1.1.1.1:22   connect 1.1.1.1:22  blocked (network: no SSH)  1      outcome allowed; from cf1:network" in out
    assert out.endswith("1 of 2 hold\n")
    assert main([*files, "--json"]) == 1
    (failure,) = json.loads(capsys.readouterr().out)["failures"]
    assert failure["answer"] == {"final": "blocked", "finals": ["blocked"], "decided_by": "network: no SSH"}
    assert failure["explanation"]["address"] == "1.1.1.1:22"
    assert main([*files, "--junit"]) == 1
    assert 'message="connect 1.1.1.1:22: blocked (network: no SSH); 1 are wrong"' in capsys.readouterr().out


def test_gateway_is_on_the_way_of_cf1_network_only(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    network = json.loads(Path(files[2]).read_text("utf-8"))
    network["tunnels"] = [{"id": EU.id, "name": EU.name}]
    Path(files[2]).write_text(json.dumps(network), encoding="utf-8")
    assert main([*files, "--tunnel", "eu"]) == 2
    assert "cf1:network only" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(6))
def test_a_range_is_asked_wherever_answers_change(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    table = RouteTable()
    for _ in range(rng.randrange(3)):
        table.announce(SubnetRoute(f"8.8.8.{rng.randrange(32)}/32", via=EU, virtual_network=None))
    low, high = sorted(rng.choices(range(32), k=2))
    odd = [f"8.8.8.{low}..8.8.8.{high}", f"8.8.8.{rng.randrange(32)}", f"8.8.8.{rng.randrange(8) * 4}/30"]
    traffic = f"net.dst.ip in {{{' '.join(rng.sample(odd, rng.randrange(1, 4)))}}}"
    internet = rng.choice(("", ' and net.offramp.type == "internet"'))
    table.set_gateway([GatewayRule("r", "r", "block", ("l4",), 1, True, traffic + internet)], [])
    resolver = table.compile()
    gateway = GatewayPolicies.of(table, router=resolver)
    known = Known.edges(table)
    for outcome in ("allowed", "blocked", "unknown"):
        every = [PolicyExpectation(f"8.8.8.{n}", {"outcome": outcome}) for n in range(32)]
        one_by_one = all(check_policies(gateway, resolver, known, one) is None for one in every)
        whole = PolicyExpectation("8.8.8.0/27", {"outcome": outcome})
        assert (check_policies(gateway, resolver, known, whole) is None) == one_by_one
        ranged = [PolicyExpectation(f"8.8.8.{n}-8.8.8.{n + 3}", {"outcome": outcome}) for n in range(0, 32, 4)]
        found = [check_policies(gateway, resolver, known, one) is None for one in ranged]
        assert found == [
            all(check_policies(gateway, resolver, known, one) is None for one in every[n : n + 4])
            for n in range(0, 32, 4)
        ]
