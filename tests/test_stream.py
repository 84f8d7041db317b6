"""Many addresses: the quick lines are those that are made one by one; what standard input may bring."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vpcroute
from vpcroute import Resolution, RouteError, RouteTable, Vantage
from vpcroute.cli import main
from vpcroute.commands import addresses
from vpcroute.limits import LONGEST_LINE as LONGEST
from vpcroute.output import answers
from vpcroute.output.answers import PORTS_WITH_REMARKS, Answerer, JsonLines, TextLines
from vpcroute.output.objects import answer_line
from vpcroute.output.rows import answer_row
from vpcroute.output.tables import Table
from vpcroute.strategies import Network, networks, vantages
from vpcroute.strategies.routes import edges_of, names_around

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
HEADER = ("address", "offramp", "egress", "route", "port")

Ask = Callable[[str], Resolution]


def text_of(batches: Iterable[Sequence[str]], ask: Ask) -> str:
    """The lines of text, each from a row of its own."""
    stream = io.StringIO()
    shown = Table(stream, HEADER, "remarks")
    for batch in batches:
        shown.show([answer_row(address, answer_of(address, ask)) for address in batch])
    return stream.getvalue()


def json_of(batches: Iterable[Sequence[str]], ask: Ask) -> str:
    return "".join(answer_line(address, answer_of(address, ask)) for batch in batches for address in batch)


def answer_of(address: str, ask: Ask) -> Resolution | RouteError:
    try:
        return ask(address)
    except RouteError as error:
        return error


def check_lines(table: RouteTable, vantage: Vantage, batches: Sequence[Sequence[str]], ask: Ask | None = None) -> None:
    resolve = table.compile(vantage).resolve if ask is None else ask
    apart = vantage.service_id is not None
    text, objects = io.StringIO(), io.StringIO()
    as_text = Answerer(resolve, table, TextLines(Table(text, HEADER, "remarks")), apart=apart)
    as_json = Answerer(resolve, table, JsonLines(objects), apart=apart)
    for batch in batches:
        as_text.answer(batch)
        as_json.answer(batch)
    assert text.getvalue() == text_of(batches, resolve)
    assert objects.getvalue() == json_of(batches, resolve)
    refused = any(isinstance(answer_of(a, resolve), RouteError) for batch in batches for a in batch)
    assert (as_text.refused, as_json.refused) == (refused, refused)


# The same lines as one by one

ADDRESSES = [
    *("10.0.1.50:80", "10.0.1.51:81", "10.0.1.50:25", "10.0.1.52:25", "10.70.1.1:443", "10.80.0.1:1", "8.8.8.8:53"),
    *("104.16.0.1:443", "104.16.0.2:80", "http://104.16.0.3/", "104.15.255.255:443", "1.1.1.1:25", "https://1.1.1.1/"),
    *(
        "[::ffff:10.0.1.50]:80",
        "[::ffff:a00:132]:80",
        "http://[::ffff:10.0.1.50]/",
        "10.0.1.50:80",
        "http://10.0.1.9/[",
    ),
    *("[fd3c:9a41:7be2:8::9]:1", "[fd3c:9a41:7be2:8::a]:2", "http://[FD3C:9a41:7be2:8::9]/", "[2606:4700::1]:443"),
    *("wiki.internal.local:1", "WIKI.internal.local:2", "x.reports.internal.local:1", "y.reports.internal.local:25"),
    *("reports.internal.local:1", "a.b.reports.internal.local:1", "internal.local:1", "db:1", "db2:25", "b1.b2:1"),
    *("orders-db.corp.internal:5432", "http://orders-db.corp.internal:5433/", "x.orders-db.corp.internal:1"),
    *("192.168.1.1:80", "192.168.1.2:80", "1:1", "", "http:8080", "/x", 'http://a"b/', "http://a'b/\"\\", "x\x7f:1"),
    *(
        "http://10.0.1.50/\u6771\u4eac",
        "http://10.0.1.50/e\u0301",
        "\x1b[31m:1",
        "\udcff:1",
        f"http://10.0.1.5/{'x' * 300}",
    ),
]


@pytest.mark.parametrize(
    "vantage",
    [
        Vantage(),
        Vantage(region="WEUR", colo="fra01"),
        Vantage(virtual_network="staging", routing_mode="legacy"),
        Vantage(tunnel_id="prod-vpc"),
        Vantage(service_id="orders-api"),
    ],
    ids=["network", "place", "legacy", "tunnel", "service"],
)
def test_lines_are_those_that_are_made_one_by_one(vantage: Vantage) -> None:
    table = RouteTable.load(SAMPLE)
    check_lines(table, vantage, [ADDRESSES[:20], ADDRESSES[20:], [], ADDRESSES[::-1]])
    resolver = table.compile(vantage)
    check_lines(table, vantage, [ADDRESSES], resolver.resolve_fetch)
    check_lines(table, vantage, [ADDRESSES], resolver.resolve_connect)


@settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(networks(), vantages(), st.data())
def test_lines_of_any_network(network: Network, vantage: Vantage, data: st.DataObject) -> None:
    hosts = [f"[{ip}]" if ip.version == 6 else str(ip) for ip in edges_of(network.routes)]
    hosts += names_around(network.routes)
    address = st.builds(
        "{}{}:{}".format,
        st.sampled_from(["", "http://"]),
        st.sampled_from(hosts),
        st.sampled_from([25, 80, 443, 65535]),
    )
    check_lines(network.table(), vantage, data.draw(st.lists(st.lists(address, max_size=30), max_size=3)))


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_MOST_KEPT", 2)
    check_lines(RouteTable.load(SAMPLE), Vantage(), [ADDRESSES, ADDRESSES])


def test_only_few_ports_have_a_say() -> None:
    resolver = RouteTable.load(SAMPLE).compile()
    usual = resolver.resolve("10.0.1.50:443").remarks
    ports = {*range(1, 1100), *range(1, 65536, 97), 65535}
    assert {p for p in ports if resolver.resolve(f"10.0.1.50:{p}").remarks != usual} == PORTS_WITH_REMARKS


# Standard input

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``vpcroute resolve -`` on the sample; its status and standard output."""

    def call(stdin: bytes | io.BytesIO, *argv: str) -> tuple[int, str]:
        stream = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        status = main(["resolve", "--network", SAMPLE, *argv, "-"])
        out, err = capsys.readouterr()
        assert err == ""
        return status, out

    return call


class Drops(io.BytesIO):
    """Gives few bytes at a time."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(3)


@pytest.mark.parametrize("stream", [io.BytesIO, Drops], ids=["at once", "in drops"])
@pytest.mark.parametrize(
    ("stdin", "addresses"),
    [
        pytest.param(b"a:1\nb:2", ["a:1", "b:2"], id="no newline at the end"),
        pytest.param(b"a:1\r\nb:2\r\n", ["a:1", "b:2"], id="CRLF"),
        pytest.param(b"\n\r\n \t\na:1\n\n", ["a:1"], id="blank lines"),
        pytest.param(b"\xef\xbb\xbfa:1\n", ["a:1"], id="byte order mark"),
        pytest.param("http://ä/\nhttp://東/\n".encode(), ["http://ä/", "http://東/"], id="more than ASCII"),
        pytest.param(b"a\xff\xc3\n\xa9:1\n", ["a\udcff\udcc3", "\udca9:1"], id="not UTF-8"),
        pytest.param(b"a\rb:1\x00\nc:1\n", ["a\rb:1\x00", "c:1"], id="controls"),
        pytest.param(b"\n" * 5000 + b"a:1\n" * 5000, ["a:1"] * 5000, id="many"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_what_lines_may_be(run: Run, stream: type[io.BytesIO], stdin: bytes, addresses: list[str]) -> None:
    _, out = run(stream(stdin), "--json")
    assert [json.loads(line)["address"] for line in out.splitlines()] == addresses


def test_order_stays(run: Run) -> None:
    hosts = [f"10.0.{i % 7}.{i % 251}:{i % 65535 + 1}" for i in range(30_000)]
    status, out = run("\n".join(hosts).encode(), "--json")
    assert status == 0
    assert [json.loads(line)["address"] for line in out.splitlines()] == hosts
    shown = [line.split()[0] for line in run("\n".join(hosts).encode())[1].splitlines()]
    assert shown == ["ADDRESS", *hosts]


@pytest.mark.parametrize(
    ("length", "code"), [(LONGEST, None), (LONGEST + 1, "invalid_address"), (50 << 20, "invalid_address")]
)
def test_a_long_line(run: Run, length: int, code: str | None) -> None:
    begin = "http://10.0.1.50/"
    line = begin + "x" * (length - len(begin))
    status, out = run(f"8.8.8.8:1\n{line}\n10.0.1.50:1\n".encode(), "--json")
    before, long, after = map(json.loads, out.splitlines())
    assert (before["address"], after["address"]) == ("8.8.8.8:1", "10.0.1.50:1")
    assert long.get("error", {}).get("code") == code
    assert status == (0 if code is None else 1)
    assert long["address"] == (line if code is None else line[:199] + "…")


def test_of_a_long_line_only_the_beginning_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.BytesIO):
        left = 1 << 14

        def read1(self, size: int | None = -1, /) -> bytes:
            self.left -= 1
            return b"x" * (size or 0) if self.left else b""

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Endless()))
    (batch,) = [batch for batch in addresses.batches(["-"]) if batch]
    assert LONGEST < len(batch[0]) <= 6 * LONGEST


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_nothing_comes_out_raw(run: Run, option: list[str]) -> None:
    stdin = b"\x1b[31mred:1\n10.0.1.50:80\x07\na\x7f\x80:1\nhttp://10.0.1.50/\x1b]0;x\x07\n" + "\u202e\x9b:1\n".encode()
    status, out = run(stdin, *option)
    assert status == 1
    assert all(c == "\n" or c.isprintable() for c in out)
    assert len(out.splitlines()) == 5 + (not option)


def test_exit_status_is_good_where_nothing_is_refused(run: Run) -> None:
    assert run(b"10.0.1.50:80\ndb:1\n")[0] == 0
    assert run(b"10.0.1.50:80\n192.168.1.1:1\n10.0.1.50:80\n")[0] == 1


# Processes


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_process_whose_reader_leaves_early(option: list[str]) -> None:
    command = [sys.executable, "-m", "vpcroute", "resolve", "--network", SAMPLE, *option, "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"10.0.1.50:80\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        try:
            process.stdin.write(b"10.0.1.50:80\n" * 100_000)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.parametrize(("interpreted", "runs"), [("1", "interpreted"), ("", None)])
def test_version_says_what_runs(interpreted: str, runs: str | None) -> None:
    environment = {**os.environ, "VPCROUTE_INTERPRETED": interpreted}
    command = [sys.executable, "-m", "vpcroute", "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    built = [sys.executable, "-c", "import vpcroute; print(vpcroute.COMPILED)"]
    is_compiled = subprocess.run(built, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    expected = runs or {"True": "compiled", "False": "interpreted"}[is_compiled]
    assert done.stdout == f"vpcroute {vpcroute.__version__} ({expected})\n"
