"""What routing has resolved, asked of the policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vpcroute import HostnameRoute, RouteError, RouteTable, SubnetRoute, Tunnel
from vpcroute.gateway import GatewayRule
from vpcroute.policies import Context, GatewayPolicies, Request

EU = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")
URL = "http://api.example.com/"


def rule(action: str, filter: str, traffic: str, settings: Mapping[str, Any] | None = None) -> GatewayRule:
    return GatewayRule("r", "r", action, (filter,), 1, True, traffic, settings=settings or {})


def table(*rules: GatewayRule) -> RouteTable:
    made = RouteTable()
    made.announce(SubnetRoute("10.0.0.0/8", via=EU))
    made.announce(HostnameRoute("wiki.internal", via=EU))
    made.set_hosts("api.example.com", ["1.1.1.1"])
    made.set_hosts("own.example.com", ["10.0.0.1"])
    made.set_gateway(rules, [])
    return made


@pytest.mark.parametrize(
    ("traffic", "url", "final"),
    [
        ("net.dst.ip == 1.1.1.1", URL, "blocked"),
        ("net.dst.ip == 1.1.1.2", URL, "allowed"),
        ('net.offramp.type == "internet"', URL, "blocked"),
        ('net.offramp.type == "cloudflare_tunnel"', "http://own.example.com/", "blocked"),
        ('net.offramp.type == "cloudflare_tunnel"', "http://wiki.internal/", "blocked"),
        ("net.dst.ip == 1.1.1.1", "http://wiki.internal/", "unknown"),
        ('net.offramp.type == "internet"', "http://elsewhere.example.com/", "unknown"),
        ("net.dst.port == 80", "http://192.168.0.1/", "refused"),
    ],
)
def test_the_resolution_says_where_it_goes(traffic: str, url: str, final: str) -> None:
    made = table(rule("block", "l4", traffic))
    gateway = GatewayPolicies.of(made)
    try:
        resolution: Any = made.resolve(url)
    except RouteError as error:
        resolution = error
    outcome = gateway.evaluate(resolution, Request.fetch(url))
    assert outcome.final == final
    assert gateway.ask(Request.fetch(url)).final == final


def test_what_a_policy_puts_in_its_place_is_routed_anew() -> None:
    made = table(rule("override", "dns", 'dns.fqdn == "api.example.com"', {"override_ips": ["10.9.9.9"]}))
    outcome = GatewayPolicies.of(made).evaluate(made.resolve(URL), Request.fetch(URL))
    assert [str(address) for address in outcome.addresses or ()] == ["10.9.9.9"]
    assert outcome.offramps == ("cloudflare_tunnel",)


def test_without_a_router_how_another_answer_leaves_is_not_known() -> None:
    made = table(rule("override", "dns", 'dns.fqdn == "api.example.com"', {"override_ips": ["10.9.9.9"]}))
    known = GatewayPolicies.of(made)
    outcome = GatewayPolicies(known.account, known.context).evaluate(made.resolve(URL), Request.fetch(URL))
    assert [str(address) for address in outcome.addresses or ()] == ["10.9.9.9"]
    assert outcome.offramps is None


def test_a_resolution_of_another_destination_is_refused() -> None:
    made = table()
    with pytest.raises(ValueError, match=r"^the request is for 1\.1\.1\.1:80, the resolution for api\.example\.com$"):
        GatewayPolicies.of(made).evaluate(made.resolve(URL), Request.fetch("http://1.1.1.1/"))


def test_given_answers_hold_before_those_of_the_table() -> None:
    made = table(rule("block", "dns", "any(dns.resolved_ips[*] == 1.0.0.1)"))
    gateway = GatewayPolicies.of(made, Context(answers={"api.example.com": {"A": ["1.0.0.1"]}}))
    assert gateway.ask(Request.fetch(URL)).final == "blocked"
    assert GatewayPolicies.of(made).ask(Request.fetch(URL)).final == "allowed"


def test_records_of_an_outcome() -> None:
    gateway = GatewayPolicies.of(table())
    outcome = gateway.ask(Request.fetch(URL))
    assert [record.dataset for record in gateway.log_records(outcome)] == [
        "gateway_dns",
        "gateway_network",
        "gateway_http",
    ]
