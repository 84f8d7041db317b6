"""User names and passwords in an address take no part in the answer, and nobody gets to see them."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import examples

from vpcroute import Resolution, RouteError, RouteTable, SubnetRoute, Tunnel, Vantage, VpcService
from vpcroute.analysis.explain import explain
from vpcroute.cli import main
from vpcroute.credentials import without_credentials
from vpcroute.reference import Reference

SECRET = "hunter2"  # noqa: S105

SHOWN = {
    "http://10.0.0.1/": "http://10.0.0.1/",
    "http://10.0.0.1/@me": "http://10.0.0.1/@me",
    "http://10.0.0.1?q=a@b#c@d": "http://10.0.0.1?q=a@b#c@d",
    "http://@10.0.0.1/": "http://@10.0.0.1/",
    "http://hunter2@10.0.0.1/": "http://***@10.0.0.1/",
    "http://:hunter2@10.0.0.1/": "http://***@10.0.0.1/",
    "HTTPS://me:hunter2@Db.corp:8443/x?y#z": "https://***@db.corp:8443/x?y#z",
    "http://me:hunter2@10.0.0.1/@me": "http://***@10.0.0.1/@me",
    "http://a@b:hunter2@10.0.0.1/": "http://***@10.0.0.1/",
    "http:me:hunter2@10.0.0.1": "http://***@10.0.0.1/",
    "http:\\\\me:hunter2@10.0.0.1\\x": "http://***@10.0.0.1/x",
    "ht\ttp:\n//me:hun\tter2@10.0.0.1/": "http://***@10.0.0.1/",
    # What fetch() refuses
    "http://me:hunter2@10.0.0.256/": "http://***@10.0.0.256/",
    "http://me:a/hunter2@10.0.0.1/": "http://***@10.0.0.1/",
    "http://me:hunter2@[::1/": "http://***@[::1/",
    "http:me:hunter2@[": "http:***@[",
    "ht\ttp://me:hunter2@[": "***@[",
    "ftp://me:hunter2@10.0.0.1/@x": "ftp://***@x",
    "http://me:hunter2@\ud800[": "http://***@\ud800[",
    "hunter2@10.0.0.1:80": "***@10.0.0.1:80",
    "me:hunter2@10.0.0.1:80": "***@10.0.0.1:80",
    "//me:hunter2@10.0.0.1:80": "***@10.0.0.1:80",
    "hunter2:\\@10.0.0.1:80": "***@10.0.0.1:80",
    "hunter2:/x@10.0.0.1:80": "***@10.0.0.1:80",
    "hunter2@": "***@",
    "@": "***@",
    "": "",
}


@pytest.mark.parametrize(("address", "want"), SHOWN.items())
def test_what_is_shown(address: str, want: str) -> None:
    assert without_credentials(address) == want
    assert without_credentials(want) == want


def small_table() -> RouteTable:
    table = RouteTable()
    tunnel = Tunnel("t-id", "t")
    table.announce(SubnetRoute("10.0.0.0/9", tunnel))
    table.add(VpcService("s-id", "s", via=tunnel, hostname="db.corp", http_port=80))
    return table


TABLE = small_table()
VANTAGES = (Vantage(), Vantage(tunnel_id="t-id"), Vantage(service_id="s-id"))
ANSWERERS: list[Any] = [
    answerer for vantage in VANTAGES for answerer in (Reference(TABLE, vantage), TABLE.compile(vantage))
]


def everything(found: object) -> str:
    """All the text in an answer or an error."""
    text = [repr(found), str(found), repr(pickle.dumps(found))]
    if isinstance(found, RouteError):
        text += [str(found.hint), str(found.address), repr(found.__cause__)]
    elif isinstance(found, Resolution):
        text += [str(found.target), found.host, repr(found.remarks)]
    return " ".join(text)


def asked(answerer: Any, call: str, argument: object, **options: Any) -> object:
    try:
        return getattr(answerer, call)(argument, **options)
    except (RouteError, TypeError) as error:
        return error


def check_hidden(address: str) -> None:
    for vantage in VANTAGES:
        found = explain(TABLE, vantage, address)
        assert SECRET not in f"{found} {found.to_json()} {found!r} {list(found.reading)}"
    arguments: list[object] = [address, (address, 80), (address, 0), {"hostname": address, "port": 80}]
    for answerer in ANSWERERS:
        for call in ("resolve", "resolve_fetch", "resolve_connect", "lookup"):
            for argument in arguments:
                assert SECRET not in everything(asked(answerer, call, argument)), (call, argument)
        assert SECRET not in everything(asked(answerer, "resolve_connect", address, secure_transport="on"))
        assert SECRET not in everything(asked(answerer, "resolve_fetch", "http://db/", answers=[address]))


@pytest.mark.parametrize("address", [address for address in SHOWN if SECRET in address])
def test_no_answer_and_no_error_has_them(address: str) -> None:
    check_hidden(address)


@pytest.mark.parametrize("length", [40, 60, 200, 5000])
def test_what_is_cut_has_none_of_them(length: int) -> None:
    for host in ("10.0.0.1", "10.0.0.256", "192.168.0.1", "db.corp", "["):
        for before in ("http://", "", "ftp://"):
            check_hidden(f"{before}{SECRET}:{'p' * length}@{host}:80")


USER_INFO = st.text("a1:@%/\\?#[]\t\n \u00e9\u3002", max_size=6)


@examples(75)
@given(
    st.sampled_from(["http://", "https://", "http:", "HTTP:\\\\", "ftp://", "", "//", "h\nttp://", " http:///"]),
    USER_INFO,
    USER_INFO,
    st.sampled_from("10.0.0.1 192.168.0.1 10.0.0.256 db.corp [fd00::1] [ 127.0.0.1:80 db.corp:80 db.corp:0".split()),
    st.sampled_from(["", "/", "/x", "?q", "#f"]),
)
def test_credentials_in_every_surrounding(scheme: str, before: str, after: str, host: str, tail: str) -> None:
    """Where a delimiter before the ``@`` ends the host, the rest is no user name to anybody."""
    address = f"{scheme}{before}{SECRET}{after}@{host}{tail}"
    if SECRET not in without_credentials(address):
        check_hidden(address)
    else:
        assert any(delimiter in before + after for delimiter in "/\\?#")


def test_without_credentials_the_answer_is_the_same() -> None:
    for answerer in ANSWERERS:
        for host in ("10.0.0.1", "db.corp", "[::ffff:10.0.0.1]", "10.0.0.1:8080"):
            plain = answerer.resolve(f"http://{host}/x")
            assert answerer.resolve(f"http://me:{SECRET}@{host}/x") == plain


@pytest.mark.parametrize("command", ["resolve", "explain"])
@pytest.mark.parametrize("options", [["--json"], [], ["--fetch"], ["--connect", "--json"]])
def test_command_line_hides_them(
    command: str, options: list[str], tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "network.json"
    document.write_text(json.dumps({"tunnels": [], "routes": []}), encoding="utf-8")
    addresses = [f"http://me:{SECRET}@{host}/" for host in ("1.1.1.1", "10.0.0.1", "db.corp", "1.1.1.256")]
    addresses += [f"me:{SECRET}@1.1.1.1:80", f"http://me:{SECRET}@[::ffff:1.1.1.1]/", f"http://{'p' * 70_000}@h/"]
    main([command, "--network", str(document), *options, *addresses])
    shown = "".join(capsys.readouterr())
    assert SECRET not in shown
    assert "ppp" not in shown
    assert shown.count("***@") >= len(addresses)
