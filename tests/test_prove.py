"""The proof: what it asks, that it holds, and above all that it fails where the compiled form is wrong."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Callable
from copy import copy
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpcroute import (
    HostnameRoute,
    InvalidVantage,
    OnRamp,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    WanRoute,
    proof,
)
from vpcroute.cli import main
from vpcroute.commands import check
from vpcroute.edges import address_edges, name_edges
from vpcroute.proof import Proof, prove
from vpcroute.reference import Reference
from vpcroute.strategies import Network, networks, vantages

SAMPLE = str(Path(__file__).parent / "data" / "network.json")
EU, US = Tunnel("t-eu", "eu"), Tunnel("t-us", "us")
HQ = OnRamp(kind="ipsec", name="hq")

examples = settings(
    max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def table_of(*routes: Any, hosts: dict[str, list[str]] | None = None) -> RouteTable:
    networks = [VirtualNetwork("d", "default", is_default=True), VirtualNetwork("o", "other")]
    table = RouteTable(virtual_networks=networks)
    for tunnel in (EU, US):
        table.add(tunnel)
    for route in routes:
        table.announce(route)
    for name, addresses in (hosts or {}).items():
        table.set_hosts(name, addresses)
    return table


ROUTES = (
    SubnetRoute("10.0.0.0/8", EU),
    SubnetRoute("10.1.0.0/16", US),
    SubnetRoute("fd00::/8", EU),
    WanRoute("10.2.0.0/16", via=HQ, priority=100),
    HostnameRoute("wiki.corp", EU),
    HostnameRoute("*.apps.corp", US),
)


# What is asked


def test_edges_are_the_first_addresses_and_those_behind_the_last() -> None:
    table = table_of(SubnetRoute("10.1.0.0/16", EU), SubnetRoute("10.2.0.0/16", US, virtual_network="other"))
    edges = {str(IPv4Address(n)) for n in address_edges(table, 4)}
    assert {"0.0.0.0", "10.0.0.0", "10.1.0.0", "10.2.0.0", "10.3.0.0", "11.0.0.0", "240.0.0.0"} <= edges
    assert "10.1.0.1" not in edges
    for version in (4, 6):
        numbers = address_edges(table, version)
        assert numbers[0] == 0
        assert numbers == sorted(set(numbers))
    assert {int(IPv6Address(a)) for a in ("::ffff:0:0", "::1:0:0:0", "fe00::")} <= {*address_edges(table, 6)}


def test_names_are_those_of_routes_and_hosts_and_those_around_them() -> None:
    glob = HostnameRoute("a*.corp", EU, in_force=False)
    table = table_of(HostnameRoute("wiki.corp", EU), glob, hosts={"other0.db": ["10.0.0.1"]})
    expected = {"wiki.corp", "corp", "ax.corp", "other0.db", "db", "other1"}
    expected |= {f"{below}.{name}" for below in ("other1", "other1.other1") for name in ("wiki.corp", "ax.corp")}
    assert {*name_edges(table)} == expected | {"other1.other0.db", "other1.other1.other0.db"}


@examples
@given(networks(), vantages(services=False), st.lists(st.integers(0, 2**32 - 1), max_size=20), st.data())
def test_by_the_rules_nothing_changes_between_two_edges(
    network: Network, vantage: Vantage, anywhere: list[int], data: st.DataObject
) -> None:
    table = network.table()
    reference, edges = Reference(table, vantage), address_edges(table, 4)
    near = data.draw(st.lists(st.sampled_from(edges), min_size=1, max_size=20))
    for number in (*anywhere, *(max(0, edge - 1) for edge in near), *(min(edge + 1, 2**32 - 1) for edge in near)):
        edge = edges[bisect_right(edges, number) - 1]
        assert _without_host(reference, number) == _without_host(reference, edge)


def _without_host(reference: Reference, number: int) -> object:
    try:
        found = reference.resolve((IPv4Address(number), 443))
    except RouteError as error:
        return error.code, error.hint, str(error).partition(": ")[2]
    return found.egress, found.route, found.alternates, found.remarks, found.guaranteed, found.gateway


# It holds


@examples
@given(networks(), vantages())
def test_it_holds(network: Network, vantage: Vantage) -> None:
    table = network.table()
    found = prove(table, vantage)
    assert found.first == ()
    assert found.holds
    assert found.generation == table.generation
    assert found.addresses == sum(len(address_edges(table, version)) for version in (4, 6))
    assert found.names == len(name_edges(table))


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    found = prove(table_of(*ROUTES), Vantage(), progress=lambda done, total: told.append((done, total)))
    total = found.addresses + found.names
    assert told[0] == (0, total)
    assert told[-1] == (total, total)


def test_an_unknown_vantage_is_refused() -> None:
    with pytest.raises(InvalidVantage):
        prove(table_of(), Vantage(tunnel_id="nope"))


# It fails

ELSEWHERE = SubnetRoute("172.16.0.0/12", EU, virtual_network="other")
WITH_ID = SubnetRoute("fd00::/8", EU, id="11111111-1111-1111-1111-111111111111")


def without(*gone: Any) -> tuple[Any, ...]:
    return tuple(route for route in ROUTES if route not in gone)


@pytest.mark.parametrize(
    ("routes", "address", "differs"),
    [
        pytest.param((*ROUTES[1:], SubnetRoute("10.0.0.0/8", US)), "10.0.0.0:443", "egress", id="another egress"),
        pytest.param(ROUTES[1:], "10.0.0.0:443", "outcome", id="a route that is missing"),
        pytest.param((*ROUTES, SubnetRoute("192.168.0.0/16", EU)), "192.168.0.0:443", "outcome", id="one too many"),
        pytest.param((*without(ROUTES[2]), WITH_ID), "[fd00::]:443", "route", id="the route alone"),
        pytest.param((*ROUTES, ELSEWHERE), "172.16.0.0:443", "hint", id="the hint of an error"),
        pytest.param((*ROUTES, SubnetRoute("10.1.127.255/32", EU)), "10.1.127.255:443", "egress", id="in the middle"),
        pytest.param((*ROUTES, SubnetRoute("10.1.255.255/32", EU)), "10.1.255.255:443", "egress", id="at the end"),
        pytest.param(without(ROUTES[4]), "http://wiki.corp/", "egress", id="a name"),
        pytest.param(without(ROUTES[5]), "http://other0.apps.corp/", "egress", id="a wildcard"),
    ],
)
def test_it_fails_where_the_compiled_form_is_of_another_table(
    routes: tuple[Any, ...], address: str, differs: str
) -> None:
    found = prove(table_of(*ROUTES), Vantage(), resolver=table_of(*routes).compile())
    assert not found.holds
    wrong = {disagreement.address: disagreement for disagreement in found.first}
    assert address in wrong
    assert differs in wrong[address].differs


def test_it_fails_where_a_known_address_is_missing() -> None:
    table = table_of(*ROUTES, hosts={"db": ["10.0.0.1"]})
    found = prove(table, Vantage(), resolver=table_of(*ROUTES).compile())
    assert [wrong.address for wrong in found.first] == ["http://db/"]
    assert {"target", "ip", "egress"} <= {*found.first[0].differs}


class Lying:
    """A resolver that tells the truth but for one call."""

    def __init__(self, resolver: Resolver, **lies: Callable[..., Any]) -> None:
        self._resolver = resolver
        self.__dict__.update(lies)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)


def proved_with(table: RouteTable, **lies: Callable[..., Any]) -> Proof:
    resolver: Any = Lying(table.compile(), **lies)
    return prove(table, Vantage(), resolver=resolver)


def test_it_fails_where_only_lookup_many_is_wrong() -> None:
    table = table_of(*ROUTES)
    resolver = table.compile()

    def lookup_many(packed: bytes, version: Any) -> array[int]:
        found: array[int] = resolver.lookup_many(packed, version)
        found[5] = 0 if found[5] else 1
        return found

    found = proved_with(table, lookup_many=lookup_many)
    assert {wrong.differs for wrong in found.first} == {("lookup_many",)}
    assert found.disagreements == 2  # one of each family


def test_a_fault_is_a_disagreement() -> None:
    def resolve(address: object) -> Resolution:
        raise IndexError(address)

    table = table_of(*ROUTES)
    found = proved_with(table, resolve=resolve)
    assert found.disagreements == found.addresses + found.names
    assert len(found.first) == 20
    assert {type(wrong.compiled) for wrong in found.first} == {IndexError}


def test_it_fails_where_a_cell_of_the_trie_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """What decides is right; only where an address leads to is not."""
    hearing: Any = import_module("vpcroute.hearing")
    right = hearing.sweep

    def sweep(version: int, *arguments: Any, **span: Any) -> Any:
        ranges = list(right(version, *arguments, **span))
        if version == 4:
            at = [high for high, _, _ in ranges].index(int(IPv4Address("10.1.0.0")) << 32)
            ranges[at] = (*ranges[at][:2], ranges[at - 1][2])
        return hearing.Ranges(*zip(*ranges, strict=True))

    monkeypatch.setattr(hearing, "sweep", sweep)
    found = prove(table_of(*ROUTES), Vantage())
    assert [(wrong.address, wrong.differs) for wrong in found.first] == [("10.1.0.0:443", ("egress",))]


def test_it_fails_where_an_outcome_is_wrong() -> None:
    table = table_of(*ROUTES)
    resolver: Any = table.compile()
    restore, (vantage, generation, parts) = resolver.__reduce__()
    decided = parts["decided"]
    wrong = copy(decided)
    wrong.numbers = decided.numbers[:]
    us, eu = (decided.egresses.index(via) for via in (US, EU))
    wrong.numbers[wrong.numbers.index(us)] = eu
    resolver = restore(vantage, generation, {**parts, "decided": wrong})
    found = prove(table, Vantage(), resolver=resolver)
    assert [(wrong.address, wrong.differs) for wrong in found.first] == [("10.1.0.0:443", ("egress",))]


# vpcroute check --prove

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``vpcroute check``; its status and standard output."""

    def call(*argv: str) -> tuple[int, str]:
        status = main(["check", *argv])
        out, err = capsys.readouterr()
        assert err == ""
        return status, out

    return call


@pytest.fixture
def document(tmp_path: Path) -> str:
    """A document in which nothing is odd."""
    route = {"network": "10.0.0.0/8", "tunnel_id": "t", "tunnel_name": "eu", "tun_type": "cfd_tunnel"}
    networks = [{"id": "d", "name": "default", "is_default_network": True}, {"id": "o", "name": "other"}]
    tunnels = [{"id": "t", "name": "eu", "tun_type": "cfd_tunnel"}]
    file = tmp_path / "n.json"
    file.write_text(json.dumps({"tunnels": tunnels, "routes": [route], "virtual_networks": networks}))
    return str(file)


@pytest.mark.parametrize(
    ("argv", "vantages"),
    [
        pytest.param([], [{"virtual_network": "d"}, {"virtual_network": "o"}], id="every virtual network"),
        pytest.param(["--vnet", "other"], [{"virtual_network": "other"}], id="one of them"),
        pytest.param(
            ["--region", "weur", "--mode", "legacy"],
            [{"virtual_network": n, "region": "WEUR", "routing_mode": "legacy"} for n in "do"],
            id="a place",
        ),
        pytest.param(["--tunnel", "eu"], [{"network_id": None, "tunnel_id": "eu"}], id="a tunnel"),
    ],
)
def test_from_which_vantages(run: Run, document: str, argv: list[str], vantages: list[dict[str, Any]]) -> None:
    status, out = run(document, "--prove", "--json", *argv)
    proofs = json.loads(out)["proofs"]
    assert status == 0
    expected = [{"network_id": "cf1:network"} | vantage for vantage in vantages]
    assert [p["vantage"] for p in proofs] == [{k: v for k, v in e.items() if v is not None} for e in expected]
    assert {(p["disagreements"], *p["first"]) for p in proofs} == {(0,)}
    assert all(p["addresses"] > 100 and p["names"] == 1 for p in proofs)


def test_proof_as_text(run: Run, document: str) -> None:
    status, out = run(document, "--prove", "--vnet", "other")
    assert status == 0
    header, result = out.splitlines()[-2:]
    assert header == "ADDRESSES  NAMES  DISAGREEMENTS  COMPILED AND RULES COMPARED FROM"
    assert result.split()[1:3] == ["1", "0"]
    assert result.endswith("  cf1:network, virtual network other, no place given, unified mode")


@pytest.fixture
def tampered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled form is of another table, and cannot answer for one name at all."""

    def wrong(table: RouteTable, vantage: Vantage) -> Any:
        resolver = RouteTable().compile()

        def resolve(address: str) -> Any:
            if address.startswith("http:"):
                raise IndexError("\x1b")
            return resolver.resolve(address)

        return Lying(resolver, resolve=resolve)

    monkeypatch.setattr(proof, "compile_table", wrong)


@pytest.mark.usefixtures("tampered")
def test_disagreements_as_text(run: Run, document: str) -> None:
    status, out = run(document, "--prove", "--tunnel", "eu")
    assert status == 1
    lines = [line.split("  ") for line in out.splitlines()]
    begins = [[cell.strip() for cell in line if cell][:4] for line in lines]
    at = begins.index(["ADDRESS", "ANSWER", "OFFRAMP", "EGRESS"])
    assert begins[at + 1] == ["0.0.0.0:443", "rules", "CFD_TUNNEL", "eu"]
    assert begins[at + 2] == ["0.0.0.0:443", "compiled", "refused", "—"]
    assert "  differs: outcome; destination_ip_prohibited: " in out
    assert "\x1b" not in out


@pytest.mark.usefixtures("tampered")
def test_disagreements_as_json(run: Run, document: str) -> None:
    status, out = run(document, "--prove", "--vnet", "default", "--json")
    assert status == 1
    (found,) = json.loads(out)["proofs"]
    ten, name = found["first"]
    assert found["disagreements"] == 2
    assert (ten["address"], ten["differs"]) == ("10.0.0.0:443", ["outcome"])
    assert ten["rules"]["egress"]["name"] == "eu"
    assert ten["compiled"]["error"]["code"] == "destination_ip_unroutable"
    assert name["compiled"]["error"] == {"code": None, "message": "IndexError('\\x1b')", "hint": None}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--tunnel", "eu"], "argument --tunnel: goes with --prove"),
        (["--mode", "legacy"], "argument --mode: goes with --prove"),
        (["--prove", "--tunnel", "nope"], "no tunnel 'nope'"),
        (["--prove", "--env", "dev"], "--env: goes with --wrangler"),
    ],
)
def test_bad_usage(capsys: pytest.CaptureFixture[str], document: str, argv: list[str], message: str) -> None:
    assert main(["check", document, "--json", *argv]) == 2
    assert message in capsys.readouterr().err


# Memory


def test_memory_is_measured(run: Run, monkeypatch: pytest.MonkeyPatch, document: str) -> None:
    compiled = RouteTable.load(document).compile().nbytes()
    sizes = iter([1000, 1000 + 3 * 2**20])
    monkeypatch.setattr("vpcroute.commands.check.resident", lambda: next(sizes))
    assert json.loads(run(document, "--json")[1])["memory"] == {"table": 3 * 2**20, "compiled": compiled}
    sizes = iter([1000, 1000 + 3 * 2**20])
    out = run(document)[1]
    assert "\ntable (RIB)          3.0 MiB\n" in out
    assert f"\ncompiled form (FIB)  {compiled / 1024:.1f} KiB\n" in out


def test_memory_is_not_measured_where_the_platform_does_not_tell(
    run: Run, monkeypatch: pytest.MonkeyPatch, document: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(check, "_STATM", tmp_path / "statm")
    assert json.loads(run(document, "--json")[1])["memory"]["table"] is None
    assert "\ntable (RIB)          not measured on this platform\n" in run(document)[1]


def test_what_a_process_grows_by_is_seen() -> None:
    before = check.resident()
    if before is None:
        pytest.skip("this platform does not tell")
    held = bytearray(b"x") * 2**24
    after = check.resident()
    assert after is not None
    assert after - before > 2**23
    assert len(held) == 2**24
