"""``vpcroute explain``: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpcroute.cli import main

SAMPLE = str(Path(__file__).parent / "data" / "network.json")

Explain = Callable[..., tuple[int, str, str]]


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Runs ``explain`` on the sample; its status, standard output and standard error."""

    def call(*argv: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(["explain", "--network", SAMPLE, *argv])
        return status, *capsys.readouterr()

    return call


#: Options, exit status and output.
GOLDEN: dict[str, tuple[list[str], int, str]] = {
    "a URL": (
        ["HTTP://user@10.0.1.50:0080/data"],
        0,
        """\
http://***@10.0.1.50/data
  from cf1:network, virtual network default, no place given, unified mode
  => CFD_TUNNEL dc-frankfurt by 10.0.1.0/24

read as http to 10.0.1.50:80
  scheme_lower_case  HTTP -> http
  userinfo_dropped   *** -> nothing
  port_spelling      0080 -> 80
  path_dropped       /data -> nothing

steps
  own_address      no device or Mesh node has 10.0.1.50
  reserved_range   it lies in no reserved or prohibited range
  virtual_network  not seen from default: routes in staging
* longest_prefix   /24 is the longest of /24, /16

candidates
  wins     10.0.1.0/24 through dc-frankfurt, virtual network default
  lost     10.0.0.0/16 through prod-vpc, virtual network default
           longest_prefix: /16 < /24
           would win if 10.0.1.0/24 through dc-frankfurt is withdrawn
  lost     10.0.0.0/16 through staging-vpc, virtual network staging
           virtual_network: virtual network staging is not seen from default
           would win if it is asked in virtual network staging

policies
  => allowed
  egress     not_applicable
  network    allowed by no rule
  HTTP       allowed by no rule
  isolation  not_isolated
""",
    ),
    "health": (
        ["--region", "ENAM", "10.50.1.1:80"],
        0,
        """\
10.50.1.1:80
  from cf1:network, virtual network default, region ENAM, unified mode
  => MAGIC ipsec-hq-2 by 10.50.0.0/16

read as tcp to 10.50.1.1:80

steps
  own_address     no device or Mesh node has 10.50.1.1
  reserved_range  it lies in no reserved or prohibited range
  longest_prefix  /16 is the only prefix in sight that covers it
  health_penalty  ipsec-hq-1 is degraded: +500000
* priority        effective priorities: ipsec-hq-2 200, ipsec-hq-1 500100

candidates
  wins     10.50.0.0/16 through ipsec-hq-2
  lost     10.50.0.0/16 through ipsec-hq-1
           priority: effective priority 500100 > 200: ipsec-hq-1 is degraded
           would win if ipsec-hq-1 is healthy
           would win if ipsec-hq-2 is down
           would win if 10.50.0.0/16 through ipsec-hq-2 is withdrawn

policies
  => allowed
  egress   not_applicable
  network  allowed by no rule
  HTTP     not_applicable
""",
    ),
    "refused": (
        ["10.99.1.1:80"],
        1,
        """\
10.99.1.1:80
  from cf1:network, virtual network default, no place given, unified mode
  => refused
     destination_ip_unroutable: 10.99.1.1: no route covers the address, and
     10.0.0.0/8 (private use) does not lead to the Internet
     hint: a route exists in virtual network staging, which is not seen from
     default

read as tcp to 10.99.1.1:80

steps
  own_address      no device or Mesh node has 10.99.1.1
  reserved_range   it lies in no reserved or prohibited range
  virtual_network  not seen from default: routes in staging
  longest_prefix   no route in sight covers it
* default_private  it lies in 10.0.0.0/8, private use, so it is dropped

candidates
  lost     10.99.0.0/16 through staging-vpc, virtual network staging
           virtual_network: virtual network staging is not seen from default
           would win if it is asked in virtual network staging

nearest routes, by the leading bits in common
  10 bits  10.80.0.0/16 through gre-den-1, cni-fra-1, 1179906 away
  10 bits  10.70.0.0/16 through gre-den-1, gre-den-2, 1835266 away
  10 bits  10.70.9.0/24 through gre-den-2, 1898242 away
  9 bits   10.63.0.0/16 through ipsec-hq-1, cni-fra-1, 2294018 away
  9 bits   10.62.0.0/16 through ipsec-hq-2, cni-fra-1, 2359554 away

it would be reachable if
  - it is asked in virtual network staging (by 10.99.0.0/16 through staging-vpc)
  - a route that covers 10.99.1.1 is announced in virtual network default
""",
    ),
    "a name": (
        ["loadtest.corp.internal:80"],
        0,
        """\
loadtest.corp.internal:80
  from cf1:network, virtual network default, no place given, unified mode
  => CFD_TUNNEL prod-vpc by 10.0.0.0/16
     dials 10.0.5.60:80
     10.99.4.10 is never dialed: no route covers the address, and 10.0.0.0/8
     (private use) does not lead to the Internet

read as tcp to loadtest.corp.internal:80

hostname routes were looked for under
  loadtest.corp.internal  nothing there
  corp.internal           nothing there
  nothing under the other names above it

steps
  hostname_route   no hostname route matches loadtest.corp.internal
  name_addresses   of its 2 addresses: 10.0.5.60 is the first with a way
  own_address      no device or Mesh node has 10.0.5.60
  reserved_range   it lies in no reserved or prohibited range
  virtual_network  not seen from default: routes in staging
* longest_prefix   /16 is the only prefix in sight that covers it

address 10.99.4.10 (refused)
  => destination_ip_unroutable: no route covers the address, and 10.0.0.0/8
     (private use) does not lead to the Internet
     default_private: it lies in 10.0.0.0/8, private use, so it is dropped

address 10.0.5.60 (decides)
  => CFD_TUNNEL prod-vpc by 10.0.0.0/16
     longest_prefix: /16 is the only prefix in sight that covers it

candidates
  wins     10.0.0.0/16 through prod-vpc, virtual network default
  lost     10.0.0.0/16 through staging-vpc, virtual network staging
           virtual_network: virtual network staging is not seen from default
           would win if it is asked in virtual network staging

policies
  => allowed
  DNS       allowed by no rule
  resolver  custom by Resolve corporate names in Frankfurt
  egress    not_applicable
  network   allowed by no rule
  HTTP      not_applicable
""",
    ),
}


@pytest.mark.parametrize(("argv", "status", "text"), GOLDEN.values(), ids=GOLDEN)
def test_text(explain: Explain, argv: list[str], status: int, text: str) -> None:
    assert explain(*argv) == (status, text, "")


def test_several_have_an_empty_line_between_them(explain: Explain) -> None:
    one, two = explain("10.0.1.50:1")[1], explain("10.50.1.1:80")[1]
    assert explain("10.0.1.50:1", "-", stdin=b"10.50.1.1:80\n") == (0, f"{one}\n{two}", "")


def test_json_is_a_line_for_each(explain: Explain) -> None:
    status, out, err = explain("--json", "10.0.1.50:80", "http://w\u0456ki/", "[::1]", "x" * 70000)
    assert (status, err) == (1, "")
    assert out.isascii()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["answer"].get("error", {}).get("code") for line in lines] == [None, None, *["invalid_address"] * 2]
    assert [c["status"] for c in lines[0]["candidates"]] == ["wins", "lost", "lost"]
    assert lines[0]["candidates"][1]["lost_by"] == {
        "reason": "longest_prefix",
        "rule": "longest_prefix",
        "own": 16,
        "against": 24,
        "text": "/16 < /24",
    }


def test_its_answer_is_that_of_resolve(explain: Explain, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--json", "--region", "ENAM", "http://10.70.9.1/", "loadtest.corp.internal:80", "10.99.1.1:1"]
    explained = [json.loads(line)["answer"] for line in explain(*asked)[1].splitlines()]
    main(["resolve", "--network", SAMPLE, *asked])
    assert explained == [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("argv", "target"),
    [
        (["--fetch", "http:0x0a000132"], "10.0.1.50:80"),
        (["--connect", "http:8080"], "http:8080"),
        (["--answer", "a.b=10.0.1.50", "a.b:1"], "10.0.1.50:1"),
    ],
)
def test_options_of_resolve(explain: Explain, argv: list[str], target: str) -> None:
    status, out, _ = explain("--json", *argv)
    assert (status, json.loads(out)["answer"]["target"]) == (0, target)


def test_bad_usage(explain: Explain) -> None:
    assert explain("--vnet", "nowhere", "10.0.1.50:1")[0] == 2
    assert explain("--nonsense")[0] == 2


def test_help_lists_every_code(explain: Explain) -> None:
    from vpcroute.analysis import explanation

    status, out, _ = explain("--help")
    assert status == 0
    kinds = (
        explanation.NormalisationCode,
        explanation.Effect,
        explanation.Status,
        explanation.ConditionCode,
        explanation.AnswerStatus,
    )
    assert [str(code) for kind in kinds for code in kind if str(code) not in out] == []
    assert set(map(str, explanation.LossReason)) - set(explanation.RULE) == {"pattern_order", "stored_wildcard"}


def test_what_policies_do_follows_where_there_are_some(explain: Explain) -> None:
    status, out, _ = explain("1.1.1.1:25")
    assert status == 0
    assert (
        out[out.index("\npolicies") :]
        == """
policies
  => blocked; network: Block mail and SSH to the Internet
  egress   default by no rule
  network  blocked by Block mail and SSH to the Internet
"""
    )
    _, out, _ = explain("--json", "1.1.1.1:25", "10.99.1.1:25", "x")
    found = [json.loads(line)["policies"] for line in out.splitlines()]
    assert [found[0]["final"], found[1]["final"], found[2]] == ["blocked", "refused", None]


@pytest.mark.parametrize("argv", [["--tunnel", "prod-vpc"], ["--service", "orders-db"]])
def test_gateway_is_not_on_the_way_of_a_tunnel(explain: Explain, argv: list[str]) -> None:
    _, out, err = explain("--json", *argv, "10.0.1.50:25")
    assert (json.loads(out)["policies"], err) == (None, "")
