"""``vpcroute diff``, ``whatif``, ``impact`` and ``assert``: what they print, and their exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vpcroute import RouteTable
from vpcroute.cli import main

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
PROD = "12e74f7b-fab3-4728-878b-eb7e0787c0de"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs main(); its status, standard output and standard error."""

    def call(*argv: str) -> tuple[int, str, str]:
        status = main(argv)
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def new(tmp_path: Path) -> str:
    """The sample with a shorter route, a tunnel of another name and another virtual network."""
    document = json.loads(Path(SAMPLE).read_text(encoding="utf-8"))
    for route in document["routes"]:
        if route["network"] == "10.0.1.0/24":
            route["network"] = "10.0.1.0/25"
    document["tunnels"][0]["name"] = "prod|vpc"
    document["virtual_networks"].append({"id": "lab-id", "name": "lab", "is_default_network": False})
    path = tmp_path / "new.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


FROM = "from cf1:network, virtual network default, no place given, unified mode\n"


def test_diff(run: Run, new: str) -> None:
    status, out, err = run("diff", SAMPLE, new)
    assert (status, err) == (1, "")
    assert out == FROM + (
        "moved: 128 IPv4 addresses\n\n"
        "CHANGE  ADDRESSES OR NAMES  COUNT  BEFORE                   AFTER\n"
        "moved   10.0.1.128/25       128    CFD_TUNNEL dc-frankfurt  CFD_TUNNEL prod-vpc\n"
    )


def test_diff_of_the_same(run: Run) -> None:
    assert run("diff", SAMPLE, SAMPLE) == (0, FROM + "no change\n", "")


def test_diff_from_every_vantage(run: Run, new: str) -> None:
    status, out, err = run("diff", SAMPLE, new, "--every")
    assert (status, err) == (1, "")
    assert [out.count(text) for text in ("network default", "network staging", "moved   ", "no change")] == [6, 6, 1, 1]
    assert out.endswith("\nvirtual networks that are new: lab\n")
    _, out, _ = run("diff", SAMPLE, new, "--every", "--json")
    found = json.loads(out)
    assert found["virtual_networks"] == {"gone": [], "new": ["lab"]}
    assert [bool(changes["addresses"]) for changes in found["changes"]] == [True] * 6 + [False] * 6


def test_diff_as_markdown(run: Run, new: str) -> None:
    status, out, _ = run("diff", new, SAMPLE, "--markdown")
    assert status == 1
    assert out == (
        f"- {FROM}\n"
        "**moved: 128 IPv4 addresses**\n\n"
        "| change | addresses or names | count | before | after |\n"
        "|---|---|---:|---|---|\n"
        "| moved | 10.0.1.128/25 | 128 | CFD\\_TUNNEL prod\\|vpc | CFD\\_TUNNEL dc-frankfurt |\n"
    )
    _, out, _ = run("whatif", "--network", SAMPLE, "--drain", "prod-vpc", "--markdown", "--rows", "3")
    assert out.count("\n| ") == 4
    assert out.endswith("\n\n… and 8 more.\n")


def test_diff_as_json(run: Run, new: str) -> None:
    status, out, _ = run("diff", SAMPLE, new, "--json")
    assert status == 1
    ((changes),) = json.loads(out)["changes"]
    assert changes["counts"] == {"moved": {"ipv4": 128, "ipv6": 0, "names": 0}}
    assert changes["names"] == []
    (change,) = changes["addresses"]
    assert (change["change"], change["first"], change["last"]) == ("moved", "10.0.1.128", "10.0.1.255")
    assert (change["prefixes"], change["count"]) == (["10.0.1.128/25"], 128)
    assert change["after"] == {
        "offramp": "CFD_TUNNEL",
        "egress": {"kind": "tunnel", "id": PROD, "name": "prod-vpc"},
        "guaranteed": True,
        "up": True,
    }


def test_whatif(run: Run) -> None:
    status, out, err = run("whatif", "--network", SAMPLE, "--withdraw", "10.0.1.0/24", "--down", "gothenburg-lab")
    assert (status, err) == (1, "")
    assert out == FROM + (
        "moved: 256 IPv4 addresses; unavailable: 257 IPv4 addresses, 1 IPv6 address\n\n"
        "CHANGE       ADDRESSES OR NAMES     COUNT  BEFORE                   AFTER\n"
        "moved        10.0.1.0/24            256    CFD_TUNNEL dc-frankfurt  CFD_TUNNEL prod-vpc\n"
        "unavailable  10.8.30.0/24           256    MESH gothenburg-lab      MESH gothenburg-lab (down)\n"
        "unavailable  100.96.0.3             1      MESH gothenburg-lab      MESH gothenburg-lab (down)\n"
        "unavailable  2606:4700:cf1:1000::3  1      MESH gothenburg-lab      MESH gothenburg-lab (down)\n"
    )


def test_whatif_of_the_mode(run: Run) -> None:
    status, out, _ = run("whatif", SAMPLE, "--mode", "legacy", "--region", "WEUR")
    assert status == 1
    assert out.splitlines()[1] == "moved: 256 IPv4 addresses, 2^72 IPv6 addresses"
    assert run("whatif", SAMPLE, "--mode", "unified")[0] == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["whatif", SAMPLE], "a change is required"),
        (["whatif", SAMPLE, "--down", "nobody"], "no connector 'nobody' is known"),
        (["whatif", SAMPLE, "--withdraw", "10.77.0.0/16"], "nothing is announced for '10.77.0.0/16'"),
        (["whatif", SAMPLE, "--announce", "10.0.0.0/16"], "is not ROUTE=CONNECTOR"),
        (["whatif", SAMPLE, "--announce", "10.0.0.0/16=staging-vpc"], "is announced through prod-vpc already"),
        (["whatif", SAMPLE, "--up", "prod-vpc", "--every", "--tunnel", "prod-vpc"], "--every: does not go with"),
        (["diff", SAMPLE], "two network documents are required"),
        (["impact", SAMPLE, "--tunnel", "prod-vpc"], "takes no part in routing"),
        (["assert", "--network", SAMPLE], "one file of expectations is required"),
        (["assert", "--network", SAMPLE, SAMPLE], "expectations: must be a list of objects"),
    ],
)
def test_bad_usage(run: Run, argv: list[str], said: str) -> None:
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert said in err


def test_impact(run: Run) -> None:
    status, out, _ = run("impact", SAMPLE)
    assert status == 0
    lines = [line.split("  ") for line in out.splitlines()]
    assert [line[0] for line in lines[:4]] == ["CONNECTOR", "cni-fra-1", "prod-vpc", "rotterdam-wh"]
    assert "81664 IPv4 addresses" in out.splitlines()[1]
    status, out, _ = run("impact", SAMPLE, "--json")
    found = json.loads(out)
    assert found["impact"][0]["counts"] == {
        "unreachable": {"ipv4": 81664, "ipv6": 0, "names": 0},
        "moved": {"ipv4": 66048, "ipv6": 0, "names": 0},
    }
    assert found["impact"][0]["connector"]["name"] == "cni-fra-1"
    assert len(found["impact"]) == len({route.via for route in RouteTable.load(SAMPLE) if route.via.offramp[0] != "D"})


EXPECTATIONS = """\
[[expectations]]
destination = "10.0.0.0/16"
must = { egress = "prod-vpc" }
note = "production stays in the VPC"

[[expectations]]
destination = "*.corp.internal"
must_not = { offramp = "INTERNET" }
vantage = "every"
"""


def test_assert(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text(EXPECTATIONS, encoding="utf-8")
    status, out, err = run("assert", "--network", SAMPLE, str(path))
    assert (status, err) == (1, "")
    assert out == (
        "DESTINATION  COUNTEREXAMPLE  ANSWER                   WRONG  EXPECTED\n"
        f"10.0.0.0/16  10.0.1.0        CFD_TUNNEL dc-frankfurt  256    egress prod-vpc; {FROM.strip()};"
        " production stays in the VPC; longest_prefix: /24 is the longest of /24, /16\n\n"
        "12 of 13 hold\n"
    )
    _, out, _ = run("assert", "--network", SAMPLE, str(path), "--json")
    found = json.loads(out)
    assert (found["checked"], [f["counterexample"] for f in found["failures"]]) == (13, ["10.0.1.0"])
    (explanation,) = (failure["explanation"] for failure in found["failures"])
    assert explanation["answer"]["egress"] == found["failures"][0]["answer"]["egress"]
    _, out, _ = run("assert", "--network", SAMPLE, str(path), "--junit")
    suite = ElementTree.fromstring(out)  # noqa: S314  (it was just made here)
    assert (suite.get("tests"), suite.get("failures"), len(suite)) == ("13", "1", 13)
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "10.0.1.0: CFD_TUNNEL dc-frankfurt; 256 are wrong"
    assert "\n* longest_prefix   /24 is the longest of /24, /16\n" in (failure.text or "")


@pytest.mark.parametrize(
    ("expected", "argv", "found"),
    [
        (
            'destination = "wiki.internal.local"\nmust = { egress = "prod-vpc" }',
            [],
            ("wiki.internal.local", "hostname_route"),
        ),
        ('destination = "*.example"\nmust = { offramp = "MESH" }', [], ("other0.example", "name_addresses")),
        ('destination = "192.168.1.1"\nmust = { offramp = "MESH" }', [], ("192.168.1.1", "default_private")),
        ('destination = "::1"\nmust = { offramp = "MESH" }', [], ("::1", "reserved_range")),
        (
            'destination = "8.8.8.8"\nmust = { offramp = "MESH" }',
            ["--tunnel", "prod-vpc"],
            ("8.8.8.8", "tunnel_binding"),
        ),
    ],
)
def test_a_failure_says_what_decided(
    run: Run, tmp_path: Path, expected: str, argv: list[str], found: tuple[str, str]
) -> None:
    counterexample, gist = found
    path = tmp_path / "expected.toml"
    path.write_text(f"[[expectations]]\n{expected}\n", encoding="utf-8")
    status, out, _ = run("assert", "--network", SAMPLE, *argv, str(path))
    assert (status, out.splitlines()[1].split()[1]) == (1, counterexample)
    assert f"; {gist}: " in out
    (failure,) = json.loads(run("assert", "--network", SAMPLE, *argv, str(path), "--json")[1])["failures"]
    assert failure["explanation"]["steps"][-1]["rule"]["code"] == gist


def test_addresses_of_names_may_be_given(run: Run) -> None:
    change = "whatif", SAMPLE, "--withdraw", "10.0.1.0/24"
    assert "\nmoved: 256 IPv4 addresses\n" in run(*change)[1]
    assert "\nmoved: 256 IPv4 addresses, 1 name\n" in run(*change, "--answer", "db.example=10.0.1.9")[1]


def test_what_is_recorded_holds_until_something_changes(run: Run, tmp_path: Path, new: str) -> None:
    path = tmp_path / "expected.json"
    status, out, _ = run("assert", "--network", SAMPLE, "--record")
    assert status == 0
    path.write_text(out, encoding="utf-8")
    assert run("assert", "--network", SAMPLE, str(path))[0] == 0
    status, out, _ = run("assert", "--network", new, str(path))
    assert status == 1
    assert [line.split()[0] for line in out.splitlines()[1:-2]] == ["10.0.1.0/24"]


def test_an_egress_that_is_gone_is_a_failure(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    kept = '[[expectations]]\ndestination = "10.0.0.0/16"\nmust = { egress = "%s" }\n'
    path.write_text(kept % "gone" + kept % "gre-den-1+gone", encoding="utf-8")
    status, out, err = run("assert", "--network", SAMPLE, str(path))
    assert (status, err) == (1, "")
    assert out.endswith("0 of 2 hold\n")


def test_an_egress_that_nothing_is_called_cannot_be_ruled_out(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    kept = '[[expectations]]\ndestination = "10.0.0.0/16"\nmust_not = { egress = "%s" }\n'
    names = ("prod-vcp", "Gateway", "gre-den-1+gre-den-2", "gre-den-1+gre-den-9")
    path.write_text("".join(kept % name for name in names), encoding="utf-8")
    status, out, err = run("assert", "--network", SAMPLE, str(path))
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        f"vpcroute: {path}: 2 errors",
        f"vpcroute: {path}: expectations[0]: no egress is called 'prod-vcp'",
        f"vpcroute: {path}: expectations[3]: no egress is called 'gre-den-1+gre-den-9'",
    ]
