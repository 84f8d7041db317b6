"""``vpcroute lint``: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from documents import EU, NETWORKS, US, Json, document, named, route, static, wan

from vpcroute.analysis.lint import CHECKS, SEVERITIES
from vpcroute.cli import main

Run = Callable[..., tuple[int, str, str]]

SMALL = document(
    virtual_networks=NETWORKS[:1],
    routes=[
        route("10.0.0.0/16"),
        route("10.0.0.0/17", US),
        route("10.0.128.0/17", US),
        route("100.64.3.0/24"),
    ],
    hostname_routes=[named("app.bank.com", match="exact")],
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs lint on a document in the working directory; status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(source: Json | str, *argv: str) -> tuple[int, str, str]:
        text = source if isinstance(source, str) else json.dumps(source, indent=1)
        (tmp_path / "network.json").write_text(text, encoding="utf-8")
        status = main(["lint", *argv, "network.json"])
        return status, *capsys.readouterr()

    return call


def test_text(run: Run) -> None:
    assert run(SMALL) == (
        1,
        "error: reserved_range: a route lies inside a range that Cloudflare reserves\n"
        "  - routes[3]: 100.64.3.0/24 through eu: not in force: it captures its addresses\n"
        "    or names but carries nothing\n"
        "  mend: delete it, or announce a prefix that contains the whole range\n"
        "\n"
        "warning: never_wins: a route that can never win, from any virtual network or\n"
        "  place, whatever is healthy\n"
        "  - routes[0]: 10.0.0.0/16 through eu never wins: hidden by 10.0.0.0/17 through\n"
        "    us, 10.0.128.0/17 through us\n"
        "  mend: delete it, or what hides it\n"
        "\n"
        "note: public_name: a hostname route takes a name that is not private out of\n"
        "  Gateway's sight\n"
        "  - hostname_routes[0]: app.bank.com through eu: the name does not end in a\n"
        "    private domain\n"
        "  mend: keep it if the connector is to resolve and reach the name; Gateway's\n"
        "    policies do not see it\n"
        "\n"
        "1 error, 1 warning, 1 note\n",
        "",
    )


def test_nothing_found(run: Run) -> None:
    assert run(document()) == (0, "nothing found\n", "")


def test_json(run: Run) -> None:
    status, out, _ = run(SMALL, "--json", "--select", "never_wins")
    (finding,) = json.loads(out)["findings"]
    hides = finding.pop("announcements")
    assert (status, json.loads(out)["counts"]) == (1, {"error": 0, "warning": 1, "note": 0})
    assert finding == {
        "code": "never_wins",
        "severity": "warning",
        "path": "routes[0]",
        "reason": "10.0.0.0/16 through eu never wins: hidden by 10.0.0.0/17 through us, 10.0.128.0/17 through us",
        "mend": "delete it, or what hides it",
    }
    assert [one["egress"]["id"] for one in hides] == [EU.id, US.id, US.id]
    assert [one["route"]["network"] for one in hides] == ["10.0.0.0/16", "10.0.0.0/17", "10.0.128.0/17"]


@pytest.mark.parametrize(
    ("argv", "status", "codes"),
    [
        ([], 1, ["reserved_range", "never_wins", "public_name"]),
        (["--fail-on", "never"], 0, ["reserved_range", "never_wins", "public_name"]),
        (["--ignore", "reserved_range,never_wins"], 0, ["public_name"]),
        (["--ignore", "reserved_range", "--ignore", "never_wins", "--fail-on", "note"], 1, ["public_name"]),
        (["--ignore", "reserved_range", "--fail-on", "error"], 0, ["never_wins", "public_name"]),
        (["--fail-on", "error"], 1, ["reserved_range", "never_wins", "public_name"]),
        (["--select", "never_wins, public_name", "--ignore", "never_wins"], 0, ["public_name"]),
        (["--mode", "legacy", "--select", "never_wins"], 1, ["never_wins"]),
    ],
)
def test_what_is_found_and_the_status(run: Run, argv: list[str], status: int, codes: list[str]) -> None:
    found, out, _ = run(SMALL, "--json", *argv)
    assert (found, [finding["code"] for finding in json.loads(out)["findings"]]) == (status, codes)


@pytest.mark.parametrize(
    ("source", "code", "path", "reason"),
    [
        (document(routes=[route("10.0.0.0/8"), route("10.0.0.0/8", US)]), "route_conflict", "routes[1]", "already"),
        ("[]", "invalid_document", "", "must be an object"),
        ('{"a": }', "invalid_document", "", "is not JSON"),
    ],
)
def test_documents_that_cannot_be_loaded(run: Run, source: Json | str, code: str, path: str, reason: str) -> None:
    status, out, err = run(source, "--json")
    (finding,) = json.loads(out)["findings"]
    assert (status, err) == (1, "")
    assert (finding["code"], finding["severity"], finding["path"]) == (code, "error", path)
    assert reason in finding["reason"]
    assert run(source, "--fail-on", "never")[0] == 0
    assert len(sarif(run(source, "--sarif")[1])["results"]) == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--select", "never_wins,nothing"], "there is no finding 'nothing'"),
        (["--json", "--sarif"], "exclude each other"),
        (["--fail-on", "all"], "invalid choice"),
        (["--network", "other.json"], "one network document at a time"),
        (["--tunnel", "eu"], "takes no part in routing"),
        (["--vnet", "nowhere"], "nowhere"),
    ],
)
def test_bad_usage(run: Run, argv: list[str], said: str) -> None:
    status, out, err = run(SMALL, *argv)
    assert (status, out) == (2, "")
    assert said in err


def test_a_file_that_is_not_there(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "nothing.json"]) == 2
    assert "nothing.json" in capsys.readouterr().err


def test_help_has_every_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--help"]) == 0
    out = capsys.readouterr().out
    assert [code for code, check in CHECKS.items() if f"  {code:<24} {check.statement}\n" not in out] == []
    assert max(map(len, out.splitlines())) <= 120


# SARIF: what its schema requires, and what GitHub requires besides


def sarif(text: str) -> dict[str, Any]:
    """The one run of a log."""
    log = json.loads(text)
    assert {*log} == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "vpcroute"
    assert run["columnKind"] == "unicodeCodePoints"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids) == len(CHECKS)
    for rule in driver["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in SEVERITIES
    prints = []
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in SEVERITIES
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"]
        assert min(physical["region"]["startLine"], physical["region"]["startColumn"]) >= 1
        prints.append(result["partialFingerprints"]["primaryLocationLineHash"])
    assert len(set(prints)) == len(prints)
    return dict(run)


def where(run: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """By rule the file and the line."""
    found = {}
    for result in run["results"]:
        physical = result["locations"][0]["physicalLocation"]
        found[result["ruleId"]] = physical["artifactLocation"]["uri"], physical["region"]["startLine"]
    return found


def test_sarif(run: Run) -> None:
    status, out, err = run(SMALL, "--sarif")
    assert (status, err) == (1, "")
    lines = json.dumps(SMALL, indent=1).split("\n")
    first = next(i for i, line in enumerate(lines) if line == ' "routes": [')
    assert where(sarif(out)) == {
        "reserved_range": ("network.json", lines.index('   "network": "100.64.3.0/24",')),
        "never_wins": ("network.json", first + 2),
        "public_name": ("network.json", lines.index('   "hostname": "app.bank.com",')),
    }


def test_fingerprints_stay_while_lines_move(run: Run) -> None:
    def prints(source: Json | str) -> list[str]:
        results = sarif(run(source, "--sarif")[1])["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    moved = {**SMALL, "routes": [route("10.9.0.0/16"), *SMALL["routes"]]}
    assert prints(moved) == prints(SMALL) == prints(f"// commented\n\n{json.dumps(SMALL)}")
    other = {**SMALL, "routes": [*SMALL["routes"][:3], route("100.64.4.0/24")]}
    assert [one == two for one, two in zip(prints(other), prints(SMALL), strict=True)] == [False, True, True]
    first, second = prints(document(routes=[route("10.0.0.0/16")] * 3))
    assert (first[-2:], second[-2:], first[:-2]) == (":1", ":2", second[:-2])


def test_sarif_of_other_files(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(SMALL)
    (tmp_path / "a b").mkdir()
    os.chdir(tmp_path / "a b")
    assert main(["lint", "--sarif", "../network.json"]) == 1
    assert where(sarif(capsys.readouterr().out))["never_wins"][0] == (tmp_path / "network.json").as_uri()
    os.chdir(tmp_path)
    (tmp_path / "network.json").rename(tmp_path / "a b" / "n\u00e9.json")
    assert main(["lint", "--sarif", "a b/n\u00e9.json"]) == 1
    assert where(sarif(capsys.readouterr().out))["never_wins"][0] == "a%20b/n%C3%A9.json"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_has_no_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    read, write = os.pipe()
    os.write(write, json.dumps(document(wan=wan(static("10.0.0.1/16")))).encode())
    os.close(write)
    try:
        assert main(["lint", "--sarif", f"/dev/fd/{read}", "--select", "host_bits"]) == 0
    finally:
        os.close(read)
    ((_, line),) = where(sarif(capsys.readouterr().out)).values()
    assert line == 1
