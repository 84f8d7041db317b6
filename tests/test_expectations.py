"""Expectations, against every edge and every name asked one by one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from brute import short, spans
from hypothesis import given
from hypothesis import strategies as st
from networks import NETWORK_VANTAGES
from test_agreement import QUICK, examples

from vpcroute import HostnameRoute, InvalidDocument, RouteError, RouteTable, SubnetRoute, Tunnel, Vantage
from vpcroute.analysis.expectations import Expectation, check, recorded
from vpcroute.compiler import compile_table
from vpcroute.reference import Reference
from vpcroute.sources.expectations import load_expectations, read_expectations
from vpcroute.strategies import networks, prefixes
from vpcroute.strategies.routes import names_around

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")


def small() -> RouteTable:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/16", via=EU))
    table.announce(SubnetRoute("10.0.1.0/24", via=US))
    table.announce(SubnetRoute("::/0", via=US))
    table.announce(HostnameRoute("a.corp", via=EU))
    table.announce(HostnameRoute("*.corp", via=US))
    return table


@pytest.mark.parametrize(
    ("destination", "must", "must_not", "wrong"),
    [
        ("10.0.0.0/24", {"egress": "eu"}, {}, None),
        ("10.0.0.0/24", {"egress": "eu-id", "guaranteed": True}, {"offramp": "INTERNET"}, None),
        ("10.0.0.0/16", {"egress": "eu"}, {}, ("10.0.1.0", 256)),
        ("10.0.0.0/16", {"offramp": "CFD_TUNNEL"}, {"code": "destination_ip_unroutable"}, None),
        ("10.0.1.9", {"egress": "eu"}, {}, ("10.0.1.9", 1)),
        ("10.0.0.250-10.0.2.5", {}, {"egress": "us"}, ("10.0.1.0", 256)),
        ("10.1.0.0-10.1.0.9", {"code": "destination_ip_unroutable"}, {}, None),
        ("10.0.255.0-10.1.0.9", {}, {"code": "destination_ip_unroutable"}, ("10.1.0.0", 10)),
        ("2a00::/16", {"egress": "us"}, {}, None),
        ("::fffe:0:0-::1:0:0:0", {"egress": "eu"}, {}, ("::fffe:0:0", 2**32 + 1)),
        ("a.corp", {"egress": "eu"}, {}, None),
        ("b.corp", {"egress": "eu"}, {}, ("b.corp", 1)),
        ("*.corp", {"egress": "us"}, {}, ("a.corp", 1)),
        ("*.corp", {}, {"egress": "us"}, ("other0.corp", 1)),
        ("*.elsewhere", {"guaranteed": True}, {"offramp": "CFD_TUNNEL"}, None),
    ],
)
def test_check(destination: str, must: dict[str, Any], must_not: dict[str, Any], wrong: tuple[str, int] | None) -> None:
    resolver, expectation = small().compile(), Expectation(destination, must, must_not)
    failure = check(resolver, expectation)
    assert (failure and (failure.counterexample, failure.count)) == wrong
    assert resolver.check(expectation) == failure
    if failure is not None:
        found = resolver.explain(failure.question).winner
        assert (
            found.code == failure.answer.code
            if isinstance(found, RouteError)
            else found.egress == failure.answer.egress
        )


@examples(QUICK // 14)
@given(st.data())
def test_no_address_and_no_name_is_left_out(data: st.DataObject) -> None:
    table, vantage = data.draw(networks()).table(), data.draw(st.sampled_from(NETWORK_VANTAGES))
    resolver = compile_table(table, vantage)
    rules = Reference(table, vantage, stand=table.stand(vantage))
    found = spans([table], rules, rules)
    prefix = data.draw(prefixes())
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    for must, must_not in (({"offramp": "MAGIC"}, {}), ({}, {"guaranteed": False}), ({}, {"egress": "tunnel-2"})):
        expectation = Expectation(str(prefix), must, must_not)
        failure = check(resolver, expectation)
        wrong = [
            (max(first, start), min(last, end))
            for version, start, end, answer, _ in found
            if version == prefix.version and start <= last and end >= first and not expectation.holds_for(answer)
        ]
        assert (failure.count if failure else 0) == sum(end - start + 1 for start, end in wrong)
        if failure:
            kind = IPv4Address if prefix.version == 4 else IPv6Address
            assert failure.counterexample == str(kind(wrong[0][0]))
            assert failure.answer == short(rules, (ip_address(failure.counterexample), 1))
        for name in names_around(table):
            failure = check(resolver, Expectation(name, must, must_not))
            assert (failure is None) == expectation.holds_for(short(rules, (name, 1)))
    for expectation in recorded(resolver):
        assert check(resolver, expectation) is None


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"destination": "10.0.0.0/33", "must": {"egress": "eu"}}, "10.0.0.0/33"),
        ({"destination": "10.0.0.0/8", "must": {"egress": ["eu"]}}, "egress is a text"),
        ({"destination": "10.0.0.1/8", "must": {"egress": "eu"}}, "has host bits"),
        ({"destination": "10.0.0.0/8", "must_not": {"offramp": "INTERNETS"}}, "no offramp is 'INTERNETS'"),
        ({"destination": "10.0.0.0/8", "must_not": {"code": "unroutable"}}, "no code is 'unroutable'"),
        ({"destination": "10.0.0.0/8", "must": {"guaranteed": 1}}, "guaranteed is true or false"),
        ({"destination": "10.0.0.9-10.0.0.1", "must": {"egress": "eu"}}, "is no range"),
        ({"destination": "10.0.0.9-::1", "must": {"egress": "eu"}}, "is no range"),
        ({"destination": "::ffff:0:0/96", "must": {"egress": "eu"}}, "IPv4-mapped"),
        ({"destination": "a.corp"}, "nothing is expected"),
        ({"destination": "a.corp", "must": {"colour": "red"}}, "'colour' cannot be expected"),
        ({"destination": "a.corp", "must": "eu"}, "must must be an object"),
        ({"must": {"egress": "eu"}}, "destination must be"),
        ({"destination": "a.corp", "must": {"egress": "eu"}, "vantage": "all"}, "vantage must be"),
        ({"destination": "a.corp", "must": {"egress": "eu"}, "vantage": {"region": "MARS"}}, "is not a region"),
        ({"destination": "a.corp", "must": {"egress": "eu"}, "musn't": {}}, "unknown key"),
        ("a.corp", "must be an object"),
    ],
)
def test_what_is_no_expectation(record: object, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_expectations({"expectations": [{"destination": "a.corp", "must": {"egress": "eu"}}, record]})
    ((path, text),) = caught.value.problems
    assert path == "expectations[1]"
    assert said in text


def test_files(tmp_path: Path) -> None:
    toml, jsonc, broken = (tmp_path / name for name in ("a.toml", "b.jsonc", "c.json"))
    toml.write_text(
        '[[expectations]]\ndestination = "10.0.0.1"\nmust = {egress = "eu"}\nvantage = {region = "enam"}\n', "utf-8"
    )
    jsonc.write_text(
        '{"expectations": [ // one\n {"destination": "10.0.0.1", "must": {"egress": "eu"}, "vantage": "every"}]}',
        "utf-8",
    )
    broken.write_text("{", "utf-8")
    (one,), (other,) = load_expectations(str(toml)), load_expectations(str(jsonc))
    assert one.expectation == other.expectation
    assert (one.vantage, other.vantage) == (Vantage(region="ENAM"), None)
    with pytest.raises(InvalidDocument):
        load_expectations(str(broken))
