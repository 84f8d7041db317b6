"""The command line: what it prints, where, and its exit status; hostile input; a real process and a real terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vpcroute
from vpcroute.cli import main
from vpcroute.output import tables
from vpcroute.output import terminal as terminal_module

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
PROD = "12e74f7b-fab3-4728-878b-eb7e0787c0de"
FRANKFURT = "ba2dde83-458b-4ed0-8712-755f6cace4d5"
DEFAULT_NETWORK = "2c63888f-28f0-4481-8e6d-dce7a7ace732"
REFUSED = "192.168.1.1:80"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs main(); its status, standard output and standard error."""

    def call(*argv: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(argv)
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def resolve(run: Run) -> Callable[..., list[dict[str, Any]]]:
    """The JSON objects of ``resolve`` on the sample."""

    def call(*argv: str, stdin: bytes = b"") -> list[dict[str, Any]]:
        status, out, err = run("resolve", "--network", SAMPLE, "--json", *argv, stdin=stdin)
        objects = [json.loads(line) for line in out.splitlines()]
        assert err == ""
        assert status == (1 if any("error" in o for o in objects) else 0)
        return objects

    return call


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, object], str]:
    """Writes a file, text as it is and all else as JSON; its path."""

    def write(name: str, content: object) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


# The vantage and the readers


@pytest.mark.parametrize(
    ("argv", "offramp", "name", "target"),
    [
        pytest.param(["http://10.0.1.50/data"], "CFD_TUNNEL", "dc-frankfurt", "10.0.1.50:80", id="fetch"),
        pytest.param(["http://10.0.5.42:5432"], "CFD_TUNNEL", "prod-vpc", "10.0.5.42:5432", id="fetch with port"),
        pytest.param(["10.0.1.50:6379"], "CFD_TUNNEL", "dc-frankfurt", "10.0.1.50:6379", id="connect"),
        pytest.param(["10.24.7.9:80"], "MESH", "rotterdam-wh", "10.24.7.9:80", id="mesh"),
        pytest.param(["100.96.0.14:22"], "DEVICE_CLIENT", "DEN-DISPATCH-03", "100.96.0.14:22", id="device"),
        pytest.param(["[fd3c:9a41:7be2:8::9]:1"], "CFD_TUNNEL", "dc-frankfurt", "[fd3c:9a41:7be2:8::9]:1", id="IPv6"),
        pytest.param(["140.82.121.6:443"], "INTERNET", "Gateway", "140.82.121.6:443", id="gateway"),
        pytest.param(["--binding", "cf1:network", "10.0.5.1:1"], "CFD_TUNNEL", "prod-vpc", "10.0.5.1:1", id="binding"),
        pytest.param(["--vnet", "staging", "10.0.5.1:1"], "CFD_TUNNEL", "staging-vpc", "10.0.5.1:1", id="vnet"),
        pytest.param(["--region", "weur", "10.80.0.1:1"], "MAGIC", "cni-fra-1", "10.80.0.1:1", id="region"),
        pytest.param(["--colo", "DEN01", "10.70.9.1:1"], "MAGIC", "gre-den-2", "10.70.9.1:1", id="colo"),
        pytest.param(["--mode", "legacy", "10.8.200.1:1"], "CFD_TUNNEL", "dc-frankfurt", "10.8.200.1:1", id="mode"),
        pytest.param(["--tunnel", "prod-vpc", "8.8.8.8:53"], "CFD_TUNNEL", "prod-vpc", "8.8.8.8:53", id="tunnel"),
        pytest.param(["--tunnel", PROD.upper(), "x:1"], "CFD_TUNNEL", "prod-vpc", "x:1", id="tunnel by id"),
        pytest.param(
            ["--service", "orders-api", "http://orders/"], "CFD_TUNNEL", "prod-vpc", "10.0.5.20:8080", id="service"
        ),
        pytest.param(["--fetch", "http:0x0a000132"], "CFD_TUNNEL", "dc-frankfurt", "10.0.1.50:80", id="as fetch()"),
        pytest.param(["--connect", "http:8080"], None, "Gateway", "http:8080", id="as connect()"),
        pytest.param(["10.0.1.50:1", "--region", "ME"], "CFD_TUNNEL", "dc-frankfurt", "10.0.1.50:1", id="option last"),
    ],
)
def test_resolve(
    resolve: Callable[..., list[dict[str, Any]]], argv: list[str], offramp: str | None, name: str, target: str
) -> None:
    (answer,) = resolve(*argv)
    assert (answer["offramp"], answer["egress"]["name"], answer["target"]) == (offramp, name, target)


def test_json_of_a_resolution(resolve: Callable[..., list[dict[str, Any]]]) -> None:
    (answer,) = resolve("HTTP://10.0.1.50/data")
    assert answer == {
        "address": "HTTP://10.0.1.50/data",
        "host": "10.0.1.50",
        "ip": "10.0.1.50",
        "port": 80,
        "scheme": "http",
        "target": "10.0.1.50:80",
        "offramp": "CFD_TUNNEL",
        "needs_dns": False,
        "egress": {"kind": "tunnel", "id": FRANKFURT, "name": "dc-frankfurt"},
        "route": {
            "kind": "subnet",
            "network": "10.0.1.0/24",
            "virtual_network": DEFAULT_NETWORK,
            "id": "cc01f3c1-69d2-4a40-84a9-d9e23aa3b80a",
            "comment": "Shared services, moved out of the VPC with their addresses",
        },
        "guaranteed": True,
        "alternates": [],
        "remarks": [],
        "gateway": "unspecified",
        "generation": answer["generation"],
    }


@pytest.mark.parametrize(
    ("address", "route"),
    [
        ("wiki.internal.local:1", {"kind": "hostname", "hostname": "wiki.internal.local", "match": "exact"}),
        ("100.96.0.10:1", {"kind": "address", "address": "100.96.0.10"}),
        (
            "10.80.0.1:1",
            {
                "kind": "wan_static",
                "prefix": "10.80.0.0/16",
                "priority": 100,
                "weight": None,
                "regions": ["EEUR", "WEUR"],
                "colos": [],
            },
        ),
        (
            "10.60.0.1:1",
            {
                "kind": "wan_bgp",
                "prefix": "10.60.0.0/16",
                "as_path": [65010],
                "communities": ["13335:60050"],
                "customer_asn": 65010,
            },
        ),
    ],
)
def test_json_of_routes(resolve: Callable[..., list[dict[str, Any]]], address: str, route: dict[str, Any]) -> None:
    (answer,) = resolve(address, "--region", "WEUR")
    assert {k: v for k, v in answer["route"].items() if k not in ("id", "comment")} == route


def test_json_of_equal_routes(resolve: Callable[..., list[dict[str, Any]]]) -> None:
    (answer,) = resolve("10.70.1.1:1", "--region", "WEUR")
    assert answer["egress"]["kind"] == "ecmp"
    members = [(m["kind"], m["name"], m["weight"]) for m in answer["egress"]["members"]]
    assert members == [("gre", "gre-den-1", 192), ("gre", "gre-den-2", 64)]


def test_json_of_an_open_answer(resolve: Callable[..., list[dict[str, Any]]]) -> None:
    (answer,) = resolve("x.reports.internal.local:1")
    assert answer["guaranteed"] is False
    (other,) = answer["alternates"]
    assert (other["offramp"], other["egress"]["name"], other["route"]["match"]) == (
        "CFD_TUNNEL",
        "dc-frankfurt",
        "stored",
    )
    assert [remark["code"] for remark in answer["remarks"]] == ["stored_wildcard_below"]


def test_json_of_errors(resolve: Callable[..., list[dict[str, Any]]]) -> None:
    refused, ambiguous = resolve(REFUSED, "http:8080")
    assert refused["error"].keys() == {"code", "message", "hint"}
    assert (refused["address"], refused["error"]["code"]) == (REFUSED, "destination_ip_unroutable")
    assert ambiguous["error"]["code"] == "ambiguous_address"


@pytest.mark.parametrize(
    "key", ["address", "host", "target", "needs_dns", "alternates", "members", "error", "findings"]
)
def test_help_lists_the_keys(run: Run, key: str) -> None:
    status, out, _ = run("check" if key == "findings" else "resolve", "--help")
    assert status == 0
    assert re.search(rf"\b{key}\b", out)


# Wrangler files


def test_wrangler(
    resolve: Callable[..., list[dict[str, Any]]], run: Run, written: Callable[[str, object], str]
) -> None:
    networks = {"binding": "NET", "tunnel_id": PROD, "remote": True}, {"binding": "NET", "network_id": "cf1:network"}
    file = written("wrangler.jsonc", {"vpc_networks": networks[:1], "env": {"dev": {"vpc_networks": networks[1:]}}})
    (answer,) = resolve("--wrangler", f"{file}:NET", "10.0.1.50:1")
    assert answer["egress"]["name"] == "prod-vpc"
    status, out, err = run(
        "resolve", "--network", SAMPLE, "--wrangler", f"{file}:NET", "--env", "dev", "--json", "10.0.1.50:1"
    )
    assert (status, json.loads(out)["egress"]["name"]) == (0, "dc-frankfurt")
    assert '"remote" is not set' in err


# Addresses of names


@pytest.mark.parametrize(
    ("argv", "ip"),
    [
        pytest.param([], "10.0.5.42", id="document"),
        pytest.param(["--hosts", "{hosts}"], "10.8.0.1", id="hosts file"),
        pytest.param(["--answer", "orders-db.corp.internal=10.24.7.1"], "10.24.7.1", id="answer"),
        pytest.param(["--hosts", "{hosts}", "--answer", "Orders-DB.corp.internal.=10.24.7.1,10.0.0.1"], "10.24.7.1"),
        pytest.param(["--answer", "other=10.24.7.1"], "10.0.5.42", id="of another name"),
        pytest.param(
            ["--answer", "orders-db.corp.internal=10.0.0.7", "--answer", "orders-db.corp.internal=10.0.0.8"],
            "10.0.0.7",
            id="repeated",
        ),
    ],
)
def test_answers(
    resolve: Callable[..., list[dict[str, Any]]], written: Callable[[str, object], str], argv: list[str], ip: str
) -> None:
    text = "# ours\n10.8.0.1\tORDERS-DB.corp.internal. db # both\n\nfe80::1%lo0 localhost\n10.8.0.2 db\n"
    hosts = written("hosts", text)
    (answer,) = resolve(*(text.format(hosts=hosts) for text in argv), "orders-db.corp.internal:5432")
    assert (answer["ip"], answer["host"], answer["port"]) == (ip, "orders-db.corp.internal", 5432)


def test_lines_of_a_hosts_file_add_up(
    resolve: Callable[..., list[dict[str, Any]]], written: Callable[[str, object], str]
) -> None:
    hosts = written("hosts", "192.168.1.1 db\n10.0.0.1 x db\n")
    (answer,) = resolve("--hosts", hosts, "db:1")
    assert answer["ip"] == "10.0.0.1"
    assert [remark["code"] for remark in answer["remarks"]] == ["answer_refused"]


def test_a_name_without_address(resolve: Callable[..., list[dict[str, Any]]]) -> None:
    (answer,) = resolve("--answer", "orders-db.corp.internal=", "orders-db.corp.internal:1")
    assert answer["error"]["code"] == "dns_error"


# Standard input


@pytest.mark.parametrize(
    ("argv", "stdin", "addresses"),
    [
        pytest.param([], b"a:1\nb:2\n", ["a:1", "b:2"], id="no address"),
        pytest.param(["x:1", "-", "y:1", "-"], b"a:1", ["x:1", "a:1", "y:1"], id="in place of -"),
        pytest.param([], b"\xef\xbb\xbfa:1\r\n\n \t\r\n  b:2  \n\n", ["a:1", "b:2"], id="blanks and byte order mark"),
        pytest.param([], b"", [], id="empty"),
        pytest.param([], b"\xff\xfe:1\na:1\n", ["\udcff\udcfe:1", "a:1"], id="not UTF-8"),
        pytest.param([], b"a:1\n" * 50_000, ["a:1"] * 50_000, id="many chunks"),
        pytest.param(["--", "-v", "--json"], b"", ["-v", "--json"], id="after --"),
        pytest.param([""], b"", [""], id="empty argument"),
    ],
)
def test_standard_input(
    resolve: Callable[..., list[dict[str, Any]]], argv: list[str], stdin: bytes, addresses: list[str]
) -> None:
    assert [answer["address"] for answer in resolve(*argv, stdin=stdin)] == addresses


def test_answers_come_before_more_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    class Slow(io.BytesIO):
        """Gives a line at a time; takes down what was printed by then."""

        def read1(self, size: int | None = -1, /) -> bytes:
            seen.append(capsys.readouterr().out)
            return self.readline()

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Slow(b"a:1\nb:2\n")))
    assert main(["resolve", "--network", SAMPLE, "--json"]) == 0
    assert [json.loads(text)["address"] for text in seen[1:]] == ["a:1", "b:2"]


# Text


def test_aligned_text(run: Run) -> None:
    argv = ["10.0.1.50:80", "10.70.1.1:443", "db:1", REFUSED, "1:1", "x.reports.internal.local:9"]
    status, out, err = run("resolve", "--network", SAMPLE, "--region", "WEUR", *argv)
    lines = [re.split("  +", line) for line in out.splitlines()]
    assert (status, err) == (1, "")
    assert [line[:5] for line in lines] == [
        ["ADDRESS", "OFFRAMP", "EGRESS", "ROUTE", "PORT"],
        ["10.0.1.50:80", "CFD_TUNNEL", "dc-frankfurt", "10.0.1.0/24", "80"],
        ["10.70.1.1:443", "MAGIC", "ECMP gre-den-1 (192) + gre-den-2 (64)", "10.70.0.0/16", "443"],
        ["db:1", "—", "Gateway", "—", "1"],
        [REFUSED, "refused", "—", "—", "—"],
        ["1:1", "unreadable", "—", "—", "—"],
        ["x.reports.internal.local:9", "—", "Gateway ?", "—", "9"],
    ]
    remarks = [line[-1] for line in lines]
    assert remarks[4].startswith("destination_ip_unroutable: 192.168.1.1: ")
    assert "; hint: " in remarks[4]
    assert remarks[6].startswith("not guaranteed: it may be CFD_TUNNEL dc-frankfurt by reports.internal.local; ")
    assert "\x1b" not in out
    assert "\t" not in out
    starts = {line.find(cell) for line, cell in zip(out.splitlines()[1:3], ("CFD_TUNNEL", "MAGIC"), strict=True)}
    assert len(starts) == 1


def test_what_is_open_may_be_a_refusal(run: Run, written: Callable[[str, object], str]) -> None:
    routes = [{"prefix": "10.9.0.0/16", "nexthop": "x", "onramp": "r", "priority": 1}]
    wan = {"routes": routes, "gre_tunnels": [{"id": "1" * 32, "name": "r", "interface_address": "10.255.0.0/31"}]}
    network = {"id": "n", "name": "blue", "is_default_network": False}
    default = {"id": "d", "name": "default", "is_default_network": True}
    file = written("n.json", {"wan": wan, "virtual_networks": [network, default]})
    status, out, _ = run("resolve", "--network", file, "--vnet", "blue", "10.9.0.1:1")
    assert status == 0
    assert "r ?" in out
    assert "not guaranteed: it may be refused; the fallback" in out


HOSTILE = [
    pytest.param("\x1b[31mred:1", id="escape sequence"),
    pytest.param("a\x9b31m:1", id="C1"),
    pytest.param("a\u202eb:1", id="right to left override"),
    pytest.param("http://a/\u2066\u200b", id="isolate and zero width"),
    pytest.param("a\x7f\x00\r\n:1", id="controls"),
    pytest.param("\udcff:1", id="undecodable byte"),
]
UNSAFE = re.compile("[^\\n -~\u00a1-\u024f—…]")


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("option", [[], ["--json"], ["--json", "--fetch"], ["--tunnel", "prod-vpc"]])
def test_nothing_from_outside_comes_out_raw(run: Run, address: str, option: list[str]) -> None:
    _, out, err = run("resolve", "--network", SAMPLE, *option, "--", address)
    assert not UNSAFE.findall(out + err)
    if "--json" in option:
        assert json.loads(out)["address"] == address


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize(
    "argv",
    [
        ["resolve", "--network", SAMPLE, "--tunnel", "{}"],
        ["resolve", "--network", SAMPLE, "--region", "{}"],
        ["resolve", "--network", SAMPLE, "--binding", "{}"],
        ["resolve", "--network", SAMPLE, "--answer", "{}"],
        ["resolve", "--network", SAMPLE, "--mode", "{}"],
        ["resolve", "--network", SAMPLE, "--wrangler", "{}"],
        ["resolve", "--network", SAMPLE, "--{}"],
        ["{}"],
    ],
)
def test_nor_in_complaints(run: Run, argv: list[str], address: str) -> None:
    status, out, err = run(*(text.replace("{}", address) for text in argv), "a:1")
    assert (status, out) == (2, "")
    assert not UNSAFE.findall(err)
    assert err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True, deadline=None)
@given(
    addresses=st.lists(
        st.one_of(st.text(), st.from_regex(r"(https?://)?[a-z0-9.\[:\]]{1,9}:[0-9]{1,5}", fullmatch=True))
    ),
    option=st.sampled_from(["--json", "--fetch", "--connect", "--tunnel=prod-vpc", "--service=wiki", "--region=ME"]),
    end=st.booleans(),
)
def test_any_address(
    small: str, capsys: pytest.CaptureFixture[str], addresses: list[str], option: str, end: bool
) -> None:
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n")))
        status = main(["resolve", "--network", small, option, *(["--"] if end else []), *addresses])
    out, err = capsys.readouterr()
    assert status in ((0, 1) if end else (0, 1, 2))
    assert status != 2 or err
    assert all(c == "\n" or c.isprintable() for c in out + err)
    if option == "--json" and end and addresses and "-" not in addresses:
        assert [json.loads(line)["address"] for line in out.splitlines()] == addresses


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A document that loads at once, with what the options of :func:`test_any_address` name."""
    tunnel = {"id": PROD, "name": "prod-vpc", "tun_type": "cfd_tunnel"}
    route = {"network": "10.0.0.0/8", "tunnel_id": PROD, "tun_type": "cfd_tunnel"}
    host = {"hostname": "wiki", "resolver_network": {"tunnel_id": PROD}}
    service = {"service_id": "s", "name": "wiki", "type": "http", "host": host}
    file = tmp_path_factory.mktemp("cli") / "small.json"
    file.write_text(json.dumps({"tunnels": [tunnel], "routes": [route], "services": [service]}))
    return str(file)


# What ends with 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        pytest.param(["resolve", "a:1"], "--network", id="no document"),
        pytest.param([], "COMMAND", id="no command"),
        pytest.param(["--network", "no.json", "a:1"], "vpcroute: no.json: No such file or directory\n", id="no file"),
        pytest.param(["--tunnel", "prod-vpc", "--region", "ENAM"], "region does not go with tunnel_id", id="vantage"),
        pytest.param(["--binding", "mine"], "hint: the Cloudflare API accepts only 'cf1:network'", id="hint"),
        pytest.param(["--tunnel", "nope"], "no tunnel 'nope'; there is dc-frankfurt, prod-vpc", id="unknown tunnel"),
        pytest.param(["--tunnel", "x", "--service", "y"], "--service: not allowed with argument --tunnel", id="two"),
        pytest.param(["--env", "dev"], "--env: goes with --wrangler", id="environment"),
        pytest.param(["--wrangler", "NET"], "vpcroute: NET: should be FILE:BINDING", id="wrangler"),
        pytest.param(["--wrangler", "no.toml:NET"], "no.toml: No such file", id="no wrangler file"),
        pytest.param(["--answer", "db"], "'db' is not NAME=IP[,IP]", id="answer"),
        pytest.param(["--answer", "db=10.0.0.1,"], "'' is not an IP address", id="empty answer"),
        pytest.param(["--answer", "=10.0.0.1"], "'' is not a host name", id="answer for nothing"),
        pytest.param(["--hosts", "no"], "vpcroute: no: No such file", id="no hosts file"),
        pytest.param(["--fetch", "--connect"], "not allowed with argument --fetch", id="two readers"),
        pytest.param(["--unknown", "a:1"], "unrecognized arguments: --unknown", id="unknown option"),
        pytest.param(["--net", SAMPLE], "unrecognized arguments: --net", id="abbreviation"),
        pytest.param(["check"], "a network document is required", id="check of nothing"),
        pytest.param(["check", SAMPLE, SAMPLE], "one network document at a time", id="check of two"),
    ],
)
def test_bad_usage(run: Run, argv: list[str], message: str) -> None:
    command = argv if not argv or argv[0] in ("resolve", "check") else ["resolve", "--network", SAMPLE, *argv]
    status, out, err = run(*command)
    assert (status, out) == (2, "")
    assert message in err


def test_every_problem_of_a_document(run: Run, written: Callable[[str, object], str]) -> None:
    file = written("bad.json", {"tunnels": 3, "routes": [{"network": f"10.0.{i}.0/99"} for i in range(60)]})
    status, out, err = run("resolve", "--network", file, "a:1")
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert lines[0] == f"vpcroute: {file}: {len(lines) - 1} errors"
    assert f"vpcroute: {file}: tunnels: must be an array" in lines
    assert any(line.startswith(f"vpcroute: {file}: routes[59].") for line in lines)


@pytest.mark.parametrize("content", ["", "[", "[]", "\ufeff{", '{"a": 1, "a": 2'])
def test_no_document(run: Run, written: Callable[[str, object], str], content: str) -> None:
    file = written("bad.json", content)
    status, out, err = run("check", file)
    assert (status, out) == (2, "")
    assert err.count(file) == 1


def test_every_problem_of_a_hosts_file(run: Run, written: Callable[[str, object], str]) -> None:
    file = written("hosts", "10.0.0.1 ok\n10.0.0.256 a\n10.0.0.2 b/c\n10.0.0.3\n")
    status, _, err = run("resolve", "--network", SAMPLE, "--hosts", file)
    assert status == 2
    assert err.splitlines() == [
        f"vpcroute: {file}: 2 errors",
        f"vpcroute: {file}: line 2: '10.0.0.256' is not an IP address",
        f"vpcroute: {file}: line 3: 'b/c' is not a host name",
    ]


# vpcroute check


@pytest.mark.parametrize("argv", [["check", SAMPLE], ["check", "--network", SAMPLE]])
def test_check(run: Run, argv: list[str]) -> None:
    status, out, err = run(*argv)
    assert (status, err) == (1, "")
    assert re.search(r"^wan_static +16$", out, re.MULTILINE)
    assert re.search(rf"^default +10 +yes +{DEFAULT_NETWORK}$", out, re.MULTILINE)
    assert re.search(r"^host_bits +wan\.routes\[7\]\.prefix +10\.60\.10\.100/24 has host bits set", out, re.MULTILINE)


def test_check_json(run: Run) -> None:
    status, out, _ = run("check", SAMPLE, "--json")
    found = json.loads(out)
    assert status == 1
    assert found["counts"] == {"subnet": 12, "hostname": 6, "address": 12, "wan_static": 16, "wan_bgp": 4}
    assert [(n["name"], n["default"], n["routes"]) for n in found["virtual_networks"]] == [
        ("default", True, 10),
        ("staging", False, 2),
    ]
    assert {finding["code"] for finding in found["findings"]} == {"stored_wildcard", "host_bits"}
    assert found["errors"] == []


def test_check_of_errors(run: Run, written: Callable[[str, object], str]) -> None:
    file = written("bad.json", {"tunnels": 3, "routes": {}})
    status, out, err = run("check", file, "--json")
    assert (status, err) == (2, "")
    assert [error["path"] for error in json.loads(out)["errors"]] == ["tunnels", "routes"]
    status, out, err = run("check", file)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 3


def test_check_finds_nothing(run: Run, written: Callable[[str, object], str]) -> None:
    status, out, _ = run("check", written("empty.json", {}))
    assert status == 0
    assert out.endswith("\nnothing odd found\n")


def test_stored_wildcards(run: Run) -> None:
    argv = ("x.reports.internal.local:1", "--json")
    _, out, _ = run("resolve", "--network", SAMPLE, "--stored-wildcards", *argv)
    answer = json.loads(out)
    assert (answer["guaranteed"], answer["route"]["match"]) == (True, "both")
    assert "stored_wildcard" not in run("check", SAMPLE, "--stored-wildcards")[1]


def test_lenient(run: Run, written: Callable[[str, object], str]) -> None:
    tunnel = {"id": PROD, "name": "t", "tun_type": "cfd_tunnel"}
    hostname = {"hostname": "a*.internal", "tunnel_id": PROD, "tun_type": "cfd_tunnel"}
    file = written("n.json", {"tunnels": [tunnel], "hostname_routes": [hostname]})
    assert run("check", file)[0] == 2
    status, out, _ = run("check", file, "--lenient")
    assert status == 1
    assert "route_not_in_force" in out


# Processes and terminals


def test_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for compiled, runs in ((False, "interpreted"), (True, "compiled")):
        monkeypatch.setattr(vpcroute, "COMPILED", compiled, raising=False)
        assert run("--version")[:2] == (0, f"vpcroute {vpcroute.__version__} ({runs})\n")


def test_interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vpcroute.commands.inputs.load_document", interrupted)
    assert run("check", SAMPLE) == (130, "", "")


def test_process_whose_reader_leaves() -> None:
    command = [sys.executable, "-m", "vpcroute", "resolve", "--network", SAMPLE, "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"10.0.1.50:80\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["port"] == 80  # it does not wait for more
        process.stdout.close()
        process.stdin.write(b"10.0.1.50:81\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_process_without_utf8() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "vpcroute", "resolve", "--network", SAMPLE, REFUSED, "\u00e9:1"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.splitlines()[1].split()[:4] == [REFUSED.encode(), b"refused", b"-", b"-"]
    assert done.stdout.isascii()


@pytest.fixture(params=["", "1"], ids=["colour", "NO_COLOR"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """What main() writes to a terminal 72 columns wide."""
    pytest.importorskip("rich")
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "72", "NO_COLOR": request.param}.items():
        monkeypatch.setenv(name, value)
    parent, child = pty.openpty()

    def read() -> bytes:
        text = b""
        with suppress(OSError):  # Linux says so when the other end is closed
            while block := os.read(parent, 1 << 16):
                text += block
        return text

    def call(*argv: str) -> str:
        with ThreadPoolExecutor() as threads:
            seen = threads.submit(read)
            with monkeypatch.context() as patched, os.fdopen(child, "w", encoding="utf-8") as screen:
                patched.setattr("sys.stdout", screen)
                patched.setattr("sys.stderr", screen)
                main(argv)
            return seen.result().decode().replace("\r\n", "\n")

    yield call
    os.close(parent)


def test_terminal(terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(
        *("resolve", "--network", SAMPLE, "--vnet", "default", "--region", "WEUR"),
        *("10.0.1.50:80", "[bold]x[/bold]:1", "http://x.reports.internal.local/data", REFUSED, "a\x1b[31m\u202e:1"),
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain.splitlines()[:4] == [
        "cf1:network, virtual network default, region WEUR, unified mode",
        "",
        "ADDRESS                   OFFRAMP     EGRESS        ROUTE        PORT",
        "10.0.1.50:80              CFD_TUNNEL  dc-frankfurt  10.0.1.0/24  80",
    ]
    assert "\n[bold]x[/bold]:1          unreadable" in plain  # no markup
    assert (
        "\nhttp://x.reports.internal.local/data\n"
        "                          —           Gateway ?     —            80\n"
        "    not guaranteed: it may be CFD_TUNNEL dc-frankfurt by\n"
        "    reports.internal.local\n"
    ) in plain
    assert max(map(len, plain.splitlines())) <= 72
    assert "\na\\x1b[31m\\u202e:1         unreadable" in plain
    coloured = not os.environ["NO_COLOR"]
    assert ("\x1b[36mCFD_TUNNEL" in out) is coloured
    assert ("\x1b" in out) is coloured
    assert not re.search("[\x9b\u202e]", out)


def test_terminal_without_rich(terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out = terminal("resolve", "--network", SAMPLE, "10.0.1.50:80")
    assert out == (
        "ADDRESS       OFFRAMP     EGRESS        ROUTE        PORT  REMARKS\n"
        "10.0.1.50:80  CFD_TUNNEL  dc-frankfurt  10.0.1.0/24  80\n"
    )


def test_progress_bar_of_a_slow_load(terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_module, "_PATIENCE", 0)
    out = terminal("check", SAMPLE)
    assert ("network.json" in out) is (not os.environ["NO_COLOR"])  # only the bar names it


def test_wide_characters_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    table = tables.table(("name", "id"))
    table.show([tables.Row(("東京", "1")), tables.Row(("e\u0301t\u00e9", "2")), tables.Row(("x" * 60, "3"))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["NAME" + " " * 38 + "ID", "東京" + " " * 38 + "1"]
    assert lines[2].rstrip("2") == "e\u0301t\u00e9" + " " * 39
    assert lines[3] == "x" * 60 + "  3"
