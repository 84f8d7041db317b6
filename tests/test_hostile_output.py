"""Nothing that stands in a document reaches a terminal, a pipe or a log as it is: every form of every command."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vpcroute import InvalidDocument, RouteTable, Tunnel
from vpcroute.cli import main

#: What a terminal obeys, or shows otherwise than it is: escape sequences, C1, overrides, isolates, zero width, NUL.
BAD = "\x1b[31m\x1b]0;x\x07\x9b2J\u202e\u2066\u200b\ufeff\x00\r\n\ud800\x7f"
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
ID = "550e8400-e29b-41d4-a716-446655440001"


_RULES: list[tuple[int, str, dict[str, Any]]] = [
    (2, "dns", {"enabled": True, "traffic": f'dns.fqdn in {{"{BAD[-2]}x" "y"}}', "rule_settings": {BAD: BAD}}),
    (3, "l4", {"enabled": True, "traffic": "any(app.ids[*] in {1})", "identity": f'identity.name == r#"{BAD}"#'}),
    (4, "l4", {"enabled": True, "traffic": f"net.dst.port == 1 and {BAD}"}),
    (5, "dns_resolver", {"enabled": True, "action": "resolve", "rule_settings": {"dns_resolvers": {"ipv4": [BAD]}}}),
    (6, "http", {"enabled": True, "action": "redirect", "rule_settings": {"redirect": {"target_uri": BAD}}}),
]


def _loads() -> dict[str, Any]:
    """A document that loads, with hostile text wherever text is taken as people wrote it."""
    tunnel = {"tunnel_id": ID, "tun_type": "cfd_tunnel", "tunnel_name": BAD}
    return {
        "tunnels": [{"id": ID, "name": BAD, "tun_type": "cfd_tunnel", BAD: BAD}],
        "devices": [{"id": "d", "device": {"name": BAD}, "virtual_ipv4": "100.96.0.9"}],
        "routes": [
            {"network": "10.0.0.1/8", "comment": BAD, **tunnel},
            {"network": "10.0.0.0/8", "comment": BAD, **tunnel},
            {"network": "10.1.0.0/16", "comment": BAD, "tunnel_id": "gone", "tunnel_name": BAD},
        ],
        "hostname_routes": [{"hostname": "a.local", "comment": BAD, **tunnel}],
        "wan": {"routes": [{"prefix": "10.2.0.0/16", "nexthop": "10.9.9.9", "priority": 1, "description": BAD}]},
        "gateway_rules": [
            {"id": BAD, "name": BAD, "action": BAD, "precedence": 1, "traffic": BAD, "rule_settings": {BAD: BAD}},
            *(
                {"id": f"{BAD}{n}", "name": BAD, "action": "block", "filters": [filter_], "precedence": n, **more}
                for n, filter_, more in _RULES
            ),
        ],
        "gateway_lists": [{"id": BAD, "name": BAD, "type": BAD, "items": [{"value": BAD}]}],
        BAD: {BAD: BAD},
    }


def _fails() -> dict[str, Any]:
    """One that does not load, with hostile text wherever it is quoted."""
    return {
        **_loads(),
        "routing_mode": BAD,
        "virtual_networks": [{"id": BAD, "name": BAD, "is_default": True}],
        "mesh_nodes": [{"id": "n", "status": BAD}, {"id": BAD}],
        "bgp_routes": [{"prefix": BAD, "onramp": BAD}],
        "services": [{"service_id": BAD, "name": BAD, "type": BAD, "host": {"hostname": BAD}}],
        "hosts": {BAD: [BAD], "a": [BAD]},
        "health": {BAD: BAD, ID: {BAD: "down"}},
    }


DOCUMENTS: dict[str, Callable[[], str]] = {
    "loads": lambda: json.dumps(_loads()),
    "fails": lambda: json.dumps(_fails()),
    "keys twice": lambda: "{" + ", ".join([f"{json.dumps(BAD)}: NaN"] * 2) + "}",
    "no JSON": lambda: BAD.replace("\ud800", ""),
}
ASKED = [
    "10.0.0.1:1",
    "10.1.0.1:1",
    "10.2.0.1:1",
    "100.96.0.9:1",
    "a.local:1",
    "8.8.8.8:1",
    "192.168.0.1:1",
    f"{BAD}:1",
]
FETCHED = [*ASKED, "http://8.8.8.8/", "https://a.local/", f"http://a.example/{BAD}"]
COMMANDS = {
    "resolve": ["resolve", *ASKED],
    "resolve --json": ["resolve", "--json", *ASKED],
    "resolve of a tunnel": ["resolve", "--tunnel", ID, *ASKED],
    "resolve of an unknown tunnel": ["resolve", "--tunnel", BAD, *ASKED],
    "resolve in an unknown network": ["resolve", "--vnet", BAD, *ASKED],
    "check": ["check"],
    "check --json": ["check", "--json"],
    "check --prove": ["check", "--prove"],
    "check --prove --json": ["check", "--prove", "--json"],
    "explain": ["explain", *ASKED],
    "explain --json": ["explain", "--json", *ASKED],
    "show": ["show"],
    "show --json": ["show", "--json"],
    "show of an unknown connector": ["show", "--via", BAD],
    "whatif": ["whatif", "--drain", ID],
    "whatif --json": ["whatif", "--json", "--drain", ID],
    "whatif --markdown": ["whatif", "--markdown", "--withdraw", "10.0.0.0/8"],
    "whatif of an unknown connector": ["whatif", "--down", BAD],
    "whatif of a policy": ["whatif", "--remove-rule", f"{BAD}3"],
    "whatif of a policy --json": ["whatif", "--json", "--remove-rule", f"{BAD}3"],
    "whatif of a policy --markdown": ["whatif", "--markdown", "--remove-rule", f"{BAD}3"],
    "whatif of an unknown policy": ["whatif", "--enable-rule", f"{BAD}{BAD}"],
    "gateway test": ["gateway", "test", *FETCHED],
    "gateway trace": ["gateway", "trace", *FETCHED],
    "gateway trace --json": ["gateway", "trace", "--json", *FETCHED],
    "gateway test of a given value": ["gateway", "test", "--given", f"{BAD}={BAD}", *FETCHED],
    "lint": ["lint"],
    "lint --json": ["lint", "--json"],
    "lint --sarif": ["lint", "--sarif"],
    "impact": ["impact"],
    "impact --json": ["impact", "--json"],
    "assert --record": ["assert", "--record"],
    "map --json": ["map", "-o", os.devnull, "--json"],
}


@pytest.fixture(params=DOCUMENTS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    file = tmp_path / "\x1b[31m\u202en.json"
    file.write_text(DOCUMENTS[request.param](), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize("command", COMMANDS)
def test_plain(path: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    status = main([*COMMANDS[command], "--network", path])
    out, err = capsys.readouterr()
    assert status in (0, 1, 2)
    assert out or err
    assert not UNSAFE.search(out + err)
    if "--json" in command and out:
        assert [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_on_a_terminal(path: str, command: str, terminal: Callable[..., str]) -> None:
    out = terminal(*COMMANDS[command], "--network", path)
    assert out
    assert not UNSAFE.search(re.sub(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[[0-9]*[AK]", "", out))
    assert "\x1b[31m\x1b" not in out
    assert "\x1b]" not in out


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What main() writes to a terminal with colours."""
    pytest.importorskip("rich")
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)

    class Screen(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    def call(*argv: str) -> str:
        screen = Screen()
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", screen)
            patched.setattr("sys.stderr", screen)
            main(argv)
        return screen.getvalue()

    return call


def test_nor_in_logs_and_texts_of_errors() -> None:
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))
    with pytest.raises(InvalidDocument) as caught:
        RouteTable.from_document(_fails())
    logger.error("refused: %s", caught.value)
    for line in (*stream.getvalue().splitlines(), *(text for pair in caught.value.problems for text in pair)):
        assert line.isprintable()
    table = RouteTable.from_document(_loads())
    for finding in table.findings:
        assert (finding.path + finding.text).isprintable()
    for thing in (*table, *table.virtual_networks, table.connector(ID)):
        assert repr(thing).isprintable()
    name = table.connector(ID).name
    assert isinstance(table.connector(ID), Tunnel)
    assert name is not None
    assert name.isprintable()
