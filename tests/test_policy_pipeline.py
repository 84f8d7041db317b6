"""The stages of Gateway's pipeline beyond the worked examples: each action, each default, and what is not known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import pytest

from vpcroute import HostnameRoute, RouteTable, SubnetRoute, Tunnel, VirtualNetwork
from vpcroute.fields import IPAddress
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies import Account, Context, Outcome, Request, evaluate, route_resolvers
from vpcroute.policies.activity import is_active
from vpcroute.policies.truth import Unknown

NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
ANSWERS: Final = {
    "a.example": {"A": ["203.0.113.1", "203.0.113.2"], "AAAA": ["2001:db8::1"]},
    "elsewhere.example": {"A": ["198.51.100.1"]},
    "alias.example": {"A": ["203.0.113.9"], "CNAME": ["target.example"]},
    "empty.example": {},
}
CONTEXT: Final = Context(now=NOW, answers=ANSWERS, offramp="internet")
INSPECTING: Final = {"tls_decrypt": {"enabled": True}}
DYNAMIC: Final = {**INSPECTING, "inspection": {"mode": "dynamic"}, "protocol_detection": {"enabled": True}}
LIST: Final = "01302951-49f9-47c9-a400-0297e60b6a10"


def rule(filter_: str, action: str, traffic: str = "", precedence: int = 1, **more: Any) -> GatewayRule:
    return GatewayRule(
        more.pop("id", action), "", action, (filter_,), precedence, enabled=True, traffic=traffic, **more
    )


def ask(
    *rules: GatewayRule,
    url: str = "http://a.example/",
    settings: Mapping[str, Any] | None = None,
    request: Request | None = None,
    **context: Any,
) -> Outcome:
    """What some rules do with a request."""
    return evaluate(Account(rules, (), settings or {}), request or Request.fetch(url), attrs.evolve(CONTEXT, **context))


# DNS


@pytest.mark.parametrize(
    ("settings", "record_type", "outcome", "answers", "rcode"),
    [
        ({}, "A", "blocked", ("0.0.0.0",), 0),
        ({}, "AAAA", "blocked", ("::",), 0),
        ({}, "HTTPS", "blocked", (), 5),
        ({"block_page_enabled": True}, "AAAA", "blocked", ("block_page",), 0),
        ({"block_page_enabled": True}, "MX", "blocked", (), 5),
    ],
)
def test_blocked_lookups(
    settings: dict[str, Any], record_type: str, outcome: str, answers: tuple[str, ...], rcode: int
) -> None:
    request = Request.fetch("http://a.example/", record_type=record_type)
    found = ask(rule("dns", "block", settings=settings), request=request)
    effect = found.dns.effect
    assert effect is not None
    assert (effect.outcome, effect.answers, effect.rcode) == (outcome, answers, rcode)
    assert (found.final, found.resolver, found.egress.outcome, found.network.outcome) == (
        "blocked",
        None,
        "not_evaluated",
        "not_evaluated",
    )


@pytest.mark.parametrize(
    ("settings", "record_type", "answers", "rcode", "final"),
    [
        ({"override_ips": ["192.0.2.1", "2001:db8::9"]}, "A", ("192.0.2.1",), 0, "allowed"),
        ({"override_ips": ["192.0.2.1", "2001:db8::9"]}, "AAAA", ("2001:db8::9",), 0, "allowed"),
        ({"override_ips": ["192.0.2.1"]}, "AAAA", (), 0, "refused"),
        ({"override_ips": ["192.0.2.1"]}, "TXT", (), 5, "allowed"),
        ({"override_host": "Elsewhere.example."}, "A", ("198.51.100.1",), 0, "allowed"),
        ({"override_host": "not.given.example"}, "A", None, None, "allowed"),
        ({"override_host": "no name"}, "A", None, None, "allowed"),
        ({"override_ips": ["x"]}, "A", None, None, "unknown"),
    ],
)
def test_overrides(
    settings: dict[str, Any], record_type: str, answers: tuple[str, ...] | None, rcode: int | None, final: str
) -> None:
    found = ask(
        rule("dns", "override", settings=settings), request=Request.fetch("http://a.example/", record_type=record_type)
    )
    effect = found.dns.effect
    assert effect is not None
    assert (effect.answers, effect.rcode, found.final) == (answers, rcode, final)


@pytest.mark.parametrize(
    ("action", "traffic", "outcome", "final"),
    [
        ("safesearch", "", "rewritten", "allowed"),
        ("ytrestricted", "", "rewritten", "allowed"),
        ("override", "any(dns.resolved_ips[*] == 203.0.113.1)", "unknown", "unknown"),
        ("on", "", "unknown", "unknown"),
        ("scan", 'dns.fqdn == "b.example"', "allowed", "allowed"),
    ],
)
def test_other_dns_actions(action: str, traffic: str, outcome: str, final: str) -> None:
    found = ask(rule("dns", action, traffic, settings={"override_ips": ["192.0.2.1"]}))
    assert (found.dns.outcome, found.final) == (outcome, final)


def test_a_rewritten_answer_leaves_the_destination_open() -> None:
    found = ask(rule("dns", "safesearch"), rule("l4", "block", "net.dst.ip == 203.0.113.1"))
    assert (found.network.outcome, found.final) == ("unknown", "unknown")


def test_an_allow_before_resolution_keeps_what_comes_after_from_being_asked() -> None:
    after = rule("dns", "block", "any(dns.resolved_ips[*] == 203.0.113.1)", id="after")
    assert ask(after).final == "blocked"
    found = ask(after, rule("dns", "allow", precedence=9))
    assert (found.dns.outcome, [one.rule.id for one in found.dns.considered]) == ("allowed", ["allow"])


def test_a_rule_of_unknown_fields_may_be_asked_before_or_after() -> None:
    odd = rule("dns", "block", 'dns.fqdn == "a.example" or dns.brand_new == 1', id="odd")
    found = ask(odd, rule("dns", "allow", precedence=9))
    assert [one.rule.id for one in found.dns.candidates if one.rule] == ["odd", "allow"]
    assert {missing.what for missing in found.dns.missing} == {"phase"}
    assert ask(odd).final == "blocked"


@pytest.mark.parametrize(
    ("url", "settings", "outcome"),
    [
        ("http://a.example/", {}, "allowed"),
        ("http://alias.example/", {}, "blocked"),
        ("http://alias.example/", {"ignore_cname_category_matches": True}, "allowed"),
        ("http://bad.example/", {}, "blocked"),
        ("http://nobody.example/", {}, "unknown"),
        ("http://a.example/", {"ip_categories": True}, "unknown"),
        ("http://bad.example/", {"ip_categories": True}, "blocked"),
    ],
)
def test_categories_of_a_name_and_of_what_it_leads_to(url: str, settings: dict[str, Any], outcome: str) -> None:
    block = rule("dns", "block", "any(dns.content_category[*] in {7})", settings=settings)
    assert ask(block, url=url, provider=_Data()).dns.outcome == outcome


class _Data:
    """A provider that knows some names and addresses."""

    def categories(self, name: str) -> tuple[int, ...] | None:
        return {"a.example": (1,), "alias.example": (), "target.example": (7,), "bad.example": (7, 1)}.get(name)

    def applications(self, name: str) -> tuple[int, ...] | None:
        return (606,) if name == "a.example" else None

    def country(self, address: IPAddress) -> str | None:
        return {"203.0.113.1": "DE", "203.0.113.2": "FR"}.get(str(address))

    def continent(self, address: IPAddress) -> str | None:
        return "EU" if str(address).startswith("203.") else None


@pytest.mark.parametrize(
    ("filter_", "traffic", "url", "want"),
    [
        ("l4", 'net.dst.geo.country == "DE"', "http://a.example/", "blocked"),
        ("l4", 'net.dst.geo.country == "FR"', "http://a.example/", "allowed"),
        ("l4", 'net.dst.geo.country == "DE"', "http://198.51.100.1/", "unknown"),
        ("l4", 'any(net.dst.geo.continent[*] in {"EU"})', "http://203.0.113.77/", "blocked"),
        ("l4", "any(app.ids[*] in {606})", "http://a.example/", "blocked"),
        ("l4", "any(app.ids[*] in {606})", "http://b.example/", "unknown"),
        ("l4", "any(net.fqdn.content_category[*] == 1)", "http://a.example/", "blocked"),
        ("l4", "any(app.ids[*] in {606})", "http://203.0.113.1/", "unknown"),
        ("dns", 'any(dns.dst.geo.country[*] in {"FR"})', "http://a.example/", "blocked"),
        ("dns", 'all(dns.dst.geo.country[*] in {"FR" "DE"})', "http://a.example/", "unknown"),  # of the IPv6 address
        ("http", "any(http.request.uri.content_category[*] == 7)", "http://a.example/", "allowed"),
    ],
)
def test_data_of_a_provider(filter_: str, traffic: str, url: str, want: str) -> None:
    assert ask(rule(filter_, "block", traffic), url=url, provider=_Data()).final == want


# Resolver policies


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({"resolve_dns_through_cloudflare": True}, "cloudflare_1.1.1.1"),
        ({"resolve_dns_internally": {"view_id": "v", "fallback": "none"}}, "internal"),
        ({"dns_resolvers": {"ipv4": [{"ip": "192.0.2.1"}]}, "resolve_dns_through_cloudflare": True}, "unknown"),
        ({"dns_resolvers": {"ipv4": [{"ip": "x"}]}}, "unknown"),
        ({"dns_resolvers": {"ipv4": [{}]}}, "unknown"),
        ({"dns_resolvers": 5}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_resolver_settings(settings: dict[str, Any], outcome: str) -> None:
    found = ask(rule("dns_resolver", "resolve", settings=settings))
    assert found.resolver is not None
    assert found.resolver.outcome == outcome
    assert found.final == "allowed"


def test_resolvers_are_routed_by_the_accounts_own_routes() -> None:
    table = RouteTable(virtual_networks=[VirtualNetwork("d", "default", True), VirtualNetwork("s", "staging", False)])
    table.announce(SubnetRoute("10.0.0.0/24", via=Tunnel("t1", "one")))
    table.announce(SubnetRoute("10.0.0.0/24", via=Tunnel("t2", "two"), virtual_network="s"))
    private = {"ip": "10.0.0.53", "route_through_private_network": True}
    resolvers = [{**private, "vnet_id": "s"}, private, {**private, "vnet_id": "gone"}, {"ip": "192.0.2.53"}]
    found = ask(rule("dns_resolver", "resolve", settings={"dns_resolvers": {"ipv4": resolvers}}))
    assert found.resolver is not None
    effect = found.resolver.effect
    assert effect is not None
    routed = route_resolvers(effect, table)
    assert [str(one.address) for one in routed] == ["192.0.2.53:53", *["10.0.0.53:53"] * 3]
    assert [one.resolution and one.resolution.egress.name for one in routed] == [None, "one", "two", None]
    assert [one.refusal and one.refusal.code for one in routed] == [None, None, None, "invalid_vantage"]


# Connections


@pytest.mark.parametrize(
    ("egress", "want"),
    [
        ({"ipv4": "192.0.2.1", "ipv4_fallback": "192.0.2.2", "ipv6": "2001:db8::/64"}, "dedicated"),
        ({"ipv4": "192.0.2.1", "ipv4_fallback": "0.0.0.0", "ipv6": ""}, "dedicated"),
        ({"ipv4_fallback": "0.0.0.0"}, "default"),
        (None, "default"),
    ],
)
def test_egress(egress: dict[str, str] | None, want: str) -> None:
    assert ask(rule("egress", "egress", settings={"egress": egress})).egress.outcome == want


def test_egress_rules_do_not_choose_the_way_to_private_networks() -> None:
    found = ask(rule("egress", "egress", settings={"egress": {"ipv4": "192.0.2.1"}}), offramp="cloudflare_tunnel")
    assert found.egress.outcome == "not_applicable"


@pytest.mark.parametrize(
    ("action", "settings", "outcome", "final"),
    [
        ("allow", {}, "allowed", "allowed"),
        ("allow", {"check_session": {"enforce": True, "duration": "1h"}}, "unknown", "unknown"),
        ("block", {}, "blocked", "blocked"),
        ("l4_override", {"l4override": {"ip": "192.0.2.1", "port": 0}}, "overridden", "allowed"),
        ("audit_ssh", {}, "unknown", "unknown"),
        ("brand_new", {}, "unknown", "unknown"),
    ],
)
def test_network_actions(action: str, settings: dict[str, Any], outcome: str, final: str) -> None:
    found = ask(rule("l4", action, settings=settings))
    assert (found.network.outcome, found.final) == (outcome, final)
    assert found.network.effect is not None
    if action == "l4_override":
        assert (found.network.effect.ip, found.network.effect.port) == ("192.0.2.1", None)


@pytest.mark.parametrize(
    ("connects", "network", "finals"),
    [
        (True, "blocked", {"blocked"}),
        (False, "not_evaluated", {"connect_failed"}),
        (None, "blocked", {"blocked", "connect_failed"}),
    ],
)
def test_network_rules_come_after_the_connection(connects: bool | None, network: str, finals: set[str]) -> None:
    found = ask(rule("l4", "block"), connects=connects)
    assert (found.network.outcome, set(found.finals)) == (network, finals)


@pytest.mark.parametrize(
    ("url", "settings", "want"),
    [
        ("https://a.example/", {}, "blocked"),
        ("https://a.example:8443/", {}, "allowed"),
        ("https://a.example:8443/", DYNAMIC, "blocked"),
        ("http://a.example/", {}, "allowed"),
        ("https://203.0.113.1/", {}, "allowed"),
    ],
)
def test_names_in_the_tls_handshake(url: str, settings: dict[str, Any], want: str) -> None:
    assert ask(rule("l4", "block", 'net.sni.host == "a.example"'), url=url, settings=settings).network.outcome == want


@pytest.mark.parametrize(
    ("traffic", "first", "any_"),
    [
        ("net.dst.ip == 203.0.113.1", "blocked", "unknown"),
        ("net.dst.ip == 203.0.113.2", "allowed", "unknown"),
        ("net.dst.ip in {203.0.113.0/24}", "blocked", "blocked"),
    ],
)
def test_which_address_a_connection_goes_to(traffic: str, first: str, any_: str) -> None:
    assert ask(rule("l4", "block", traffic)).final == first
    assert ask(rule("l4", "block", traffic), addresses="any").final == any_


# HTTP


@pytest.mark.parametrize(
    ("url", "settings", "tls", "want"),
    [
        ("http://a.example/", {}, "settings", "blocked"),
        ("http://a.example:8080/", {}, "settings", "not_inspected"),
        ("http://a.example:443/", INSPECTING, "settings", "not_inspected"),
        ("http://a.example:8080/", DYNAMIC, "settings", "blocked"),
        ("http://a.example:8080/", {"inspection": {"mode": "dynamic"}}, "settings", "not_inspected"),
        ("http://a.example:8080/", {"protocol_detection": {"enabled": True}}, "settings", "not_inspected"),
        ("https://a.example/", {}, "settings", "not_inspected"),
        ("https://a.example/", INSPECTING, "settings", "blocked"),
        ("https://a.example/", INSPECTING, "no", "not_inspected"),
        ("https://a.example/", {}, "yes", "blocked"),
        ("https://a.example/", INSPECTING, "unknown", "unknown"),
        ("https://a.example:8443/", DYNAMIC, "settings", "blocked"),
    ],
)
def test_what_http_rules_see(url: str, settings: dict[str, Any], tls: str, want: str) -> None:
    assert ask(rule("http", "block"), url=url, settings=settings, tls_inspection=tls).http.outcome == want


def test_without_settings_tls_is_not_known_to_be_inspected() -> None:
    account = Account([rule("http", "block")])
    found = evaluate(account, Request.fetch("https://a.example/"), CONTEXT)
    assert (found.http.outcome, set(found.finals)) == ("unknown", {"blocked", "allowed"})


@pytest.mark.parametrize(
    ("rules", "url", "outcome", "decider"),
    [
        # Do Not Inspect first, whatever its precedence
        ((("block", ""), ("off", "")), "https://a.example/", "allowed", "off"),
        ((("off", 'http.request.host == "b.example"'), ("block", "")), "https://a.example/", "blocked", "block"),
        ((("block", ""), ("off", "any(app.hosts_ids[*] == 1)")), "https://a.example/", "unknown", None),
        ((("allow", ""), ("off", "any(app.hosts_ids[*] == 1)")), "https://a.example/", "allowed", None),
        # of plain HTTP both is documented
        ((("block", ""), ("off", "")), "http://a.example/", "unknown", None),
        ((("allow", ""), ("off", "")), "http://a.example/", "allowed", "allow"),
        # the others by precedence
        ((("allow", ""), ("block", "")), "http://a.example/", "allowed", "allow"),
        ((("noscan", ""), ("block", "")), "http://a.example/", "allowed", "noscan"),
        ((("block", 'http.request.method == "POST"'), ("allow", "")), "http://a.example/", "allowed", "allow"),
        ((("quarantine", ""),), "http://a.example/", "unknown", "quarantine"),
        ((("forward", ""), ("allow", "")), "http://a.example/", "unknown", "forward"),
        ((("isolate", ""), ("block", "")), "http://a.example/", "blocked", "block"),
        # what is in the body may block what was allowed
        ((("allow", ""), ("block", 'any(dlp.profiles[*] == "p")')), "http://a.example/", "unknown", None),
        ((("allow", ""), ("block", "http.response.status_code == 200")), "http://a.example/", "allowed", "allow"),
        ((("block", "http.response.status_code == 200"), ("allow", "")), "http://a.example/", "unknown", None),
    ],
)
def test_order_of_http_rules(rules: Any, url: str, outcome: str, decider: str | None) -> None:
    listed = [rule("http", action, traffic, number) for number, (action, traffic) in enumerate(rules)]
    found = ask(*listed, url=url, settings=INSPECTING).http
    assert (found.outcome, found.rule and found.rule.action) == (outcome, decider)


@pytest.mark.parametrize(
    ("traffic", "url", "matches"),
    [
        ('http.request.uri == "http://a.example/x"', "http://user:pw@A.example:80/x/#top", True),
        ('http.request.uri == "a.example/x/"', "http://a.example/x", True),
        ('http.request.uri == "https://a.example/x"', "http://a.example/x", False),
        ('http.request.uri == "http://a.example/X"', "http://a.example/x", False),
        ('http.request.uri != "http://a.example/x"', "http://a.example/x/", False),
        ('http.request.uri matches "^http://a\\.example/x\\?y=1$"', "http://a.example/x?y=1", True),
        ('http.request.uri.path == "/a%20b"', "http://a.example/a b?c", True),
        ('http.request.uri.query == "c=d"', "http://a.example/a?c=d", True),
        ('http.request.uri.path_and_query == "/a?c=d"', "http://a.example/a?c=d", True),
        ('http.request.host == "A.Example."', "http://a.example/", True),
        ('any(http.request.domains[*] == "example")', "http://a.example/", None),
        ('any(http.request.domains[*] == "xample")', "http://a.example/", False),
        ('any(http.request.domains[*] == "localhost")', "http://localhost/", True),
        ('http.conn.hostname == "a.example"', "http://a.example/", None),
    ],
)
def test_fields_of_http(traffic: str, url: str, matches: bool | None) -> None:
    want = {True: "blocked", False: "allowed", None: "unknown"}[matches]
    assert ask(rule("http", "block", traffic), url=url).http.outcome == want


@pytest.mark.parametrize(
    ("own", "settings", "location"),
    [
        ({}, {}, None),
        ({"block_page": {"target_uri": "https://own.example/"}}, {}, "https://own.example/"),
        ({}, {"block_page": {"mode": "redirect_uri", "target_uri": "https://all.example/"}}, "https://all.example/"),
        ({}, {"block_page": {"mode": "customized_block_page", "target_uri": "https://all.example/"}}, None),
    ],
)
def test_block_pages(own: dict[str, Any], settings: dict[str, Any], location: str | None) -> None:
    effect = ask(rule("http", "block", settings=own), settings=settings).http.effect
    assert effect is not None
    assert (effect.location, effect.status) == (location, None if location is None else 307)


def _redirect(target: object, **more: Any) -> GatewayRule:
    traffic = 'http.request.host == "a.example"'
    return rule("http", "redirect", traffic, settings={"redirect": {"target_uri": target, **more}})


@pytest.mark.parametrize(
    ("redirect", "method", "final", "last"),
    [
        (_redirect("http://elsewhere.example/"), "GET", "redirected", "allowed"),
        (_redirect("http://203.0.113.66/"), "HEAD", "redirected", "blocked"),
        (_redirect("http://unknown.example/"), "GET", "redirected", "unknown"),
        (_redirect("http://elsewhere.example/"), "POST", "redirected", None),
        (_redirect("ftp://elsewhere.example/"), "GET", "redirected", None),
        (_redirect("no url"), "GET", "unknown", None),
        (_redirect(None), "GET", "unknown", None),
    ],
)
def test_redirects_begin_again(redirect: GatewayRule, method: str, final: str, last: str | None) -> None:
    network = rule("l4", "block", "net.dst.ip == 203.0.113.66")
    found = ask(redirect, network, request=Request.fetch("http://a.example/", method=method))
    assert (found.final, found.next and found.next.final) == (final, last)


def test_what_is_given_of_a_destination_does_not_hold_for_the_next() -> None:
    block = rule("l4", "block", "any(app.ids[*] == 7) or net.src.port == 1")
    found = ask(_redirect("http://elsewhere.example/"), block, given={"app.ids": [], "net.src.port": 5})
    assert found.next is not None
    assert {missing.what for missing in found.next.network.missing} == {"app.ids"}


def test_a_redirect_to_itself_ends() -> None:
    found = ask(_redirect("http://a.example/"))
    length = 0
    step: Outcome | None = found
    while step is not None:
        length, step = length + 1, step.next
    assert length == 21


@pytest.mark.parametrize(
    ("action", "accept", "settings", "want"),
    [
        ("isolate", "text/html,*/*", {}, "isolated"),
        ("isolate", "application/json", {}, "not_isolated"),
        ("isolate", "text/html", {"browser_isolation": {"non_identity_enabled": False}}, "unknown"),
        ("noisolate", "text/html", {}, "not_isolated"),
    ],
)
def test_isolation(action: str, accept: str, settings: dict[str, Any], want: str) -> None:
    request = Request.fetch("http://a.example/", headers={"ACCEPT": accept})
    found = ask(rule("http", action), request=request, settings=settings)
    assert found.isolation is not None
    assert (found.isolation.outcome, found.final) == (want, "allowed")


def test_a_connection_has_no_http() -> None:
    found = ask(rule("http", "block"), request=Request.connect("a.example:80"))
    assert (found.http.outcome, found.isolation, found.final) == ("not_applicable", None, "allowed")


# Who a Worker is


@pytest.mark.parametrize(
    ("identity", "team", "want"),
    [
        ('identity.email == "a@example.com"', None, "allowed"),
        ('not(identity.email == "a@example.com")', None, "blocked"),
        ('identity.email matches ".*cloudflareaccess.*"', None, "unknown"),
        ('identity.email matches ".*cloudflareaccess.*"', "corp", "unknown"),
        ('identity.email matches ".*@example\\.com"', "corp", "allowed"),
        ('any(identity.groups.name[*] in {"x"})', None, "allowed"),
        ('not(any(identity.groups[*].name in {"x"}))', None, "blocked"),
        ('identity.saml_attributes["group"] == "x"', None, "allowed"),
    ],
)
def test_identity(identity: str, team: str | None, want: str) -> None:
    assert ask(rule("l4", "block", identity=identity), team=team).network.outcome == want


@pytest.mark.parametrize(
    ("traffic", "assume", "want"),
    [
        ("http.conn.dst_ip == 203.0.113.1", False, "unknown"),
        ("http.conn.dst_ip == 203.0.113.1", True, "blocked"),
        ('net.onramp.type == "mesh"', True, "unknown"),
        ("net.is_isolated", False, "allowed"),
        ("access.private_app", False, "allowed"),
        ('net.offramp.type == "internet"', False, "blocked"),
    ],
)
def test_what_is_documented_for_the_client_only(traffic: str, assume: bool, want: str) -> None:
    assert ask(rule("http", "block", traffic), assume_client_selectors=assume).http.outcome == want


def test_host_selectors_of_egress_rules() -> None:
    egress = rule("egress", "egress", 'net.fqdn.host == "a.example"', settings={"egress": {"ipv4": "192.0.2.1"}})
    assert ask(egress).egress.outcome == "unknown"
    assert ask(egress, assume_client_selectors=True).egress.outcome == "dedicated"


# Rules that are off, and rules that cannot be read


@pytest.mark.parametrize(
    ("more", "now", "zone", "want"),
    [
        ({"schedule": {"time_zone": "UTC", "tue": "12:00-12:01"}}, NOW, None, True),
        ({"schedule": {"time_zone": "UTC", "tue": "11:00-12:00"}}, NOW, None, False),
        ({"schedule": {"timezone": "UTC", "tue": "00:00-24:00"}}, NOW, None, True),
        ({"schedule": {"tue": "00:00-24:00"}}, NOW, "UTC", True),
        ({"schedule": {"tue": "00:00-24:00"}}, NOW, None, None),
        ({"schedule": {"time_zone": "UTC", "tue": "00:00-24:00"}}, None, None, None),
        ({"schedule": {"time_zone": "Mars/Base", "tue": "00:00-24:00"}}, NOW, None, None),
        ({"schedule": {"time_zone": "../../etc/passwd", "tue": "00:00-24:00"}}, NOW, None, None),
        ({"schedule": {"time_zone": "America", "tue": "00:00-24:00"}}, NOW, None, None),
        ({"schedule": {"time_zone": "UTC", "tue": "noon"}}, NOW, None, None),
        ({"schedule": {"time_zone": "UTC", "tue": "01:00-02:00, 11:00-13:00"}}, NOW, None, True),
        ({"schedule": {"time_zone": "Pacific/Auckland", "wed": "01:00-01:01"}}, NOW, None, True),
        ({"expiration": {"expires_at": "2026-11-24T12:00:00Z"}}, NOW, None, False),
        ({"expiration": {"expires_at": "2026-11-24T12:00:01"}}, NOW, None, True),
        ({"expiration": {"expires_at": "2026-11-24T14:00:01+02:00"}}, NOW, None, True),
        ({"expiration": {"expires_at": "2099-01-01T00:00:00Z", "expired": True}}, NOW, None, False),
        ({"expiration": {"expires_at": "2099-01-01T00:00:00Z"}}, None, None, None),
        ({"expiration": {"duration": 5}}, NOW, None, None),
        ({"expiration": {"expires_at": "2099-01-01T00:00:00Z"}, "schedule": {"time_zone": "UTC"}}, NOW, None, True),
    ],
)
def test_when_a_rule_takes_part(
    more: dict[str, Any], now: datetime | None, zone: str | None, want: bool | None
) -> None:
    truth, because = is_active(rule("dns", "block", **more), now, zone)
    assert (None if isinstance(truth, Unknown) else truth) == want
    assert because == ("expiration" if "expiration" in more else "schedule")


def test_a_disabled_rule_does_not_take_part() -> None:
    found = ask(attrs.evolve(rule("dns", "block"), enabled=False))
    assert [(one.match, one.because) for one in found.dns.considered] == [(False, "enabled")]


@pytest.mark.parametrize(
    ("broken", "outcome", "notice"),
    [
        ({"traffic": "dns.fqdn =="}, "unknown", "line 1, column 12"),
        ({"traffic": "dns.fqdn == 5"}, "unknown", "write the value in quotes"),
        ({"traffic": 'dns.fqdn == "b.example"', "identity": "((("}, "allowed", "line 1, column 4"),
        ({"traffic": "dns.brand_new == 1"}, "unknown", "a field of no known meaning"),
        ({"traffic": "net.dst.port == 80"}, "unknown", "dns rules have no such field"),
        ({"unread": ("traffic_profile",)}, "unknown", "'traffic_profile' is not known here"),
        ({"traffic": f"any(dns.domains[*] in ${LIST})"}, "unknown", "the account's lists have none"),
        ({"traffic": 'dns.fqdn matches "(?=x)"'}, "unknown", "RE2 refuses it"),
        ({"traffic": " \n"}, "blocked", None),
    ],
)
def test_a_rule_that_cannot_be_read_is_not_passed_over(
    broken: dict[str, Any], outcome: str, notice: str | None
) -> None:
    made = rule("dns", "block", **broken)
    account = Account([made], (), {})
    assert evaluate(account, Request.fetch("http://a.example/"), CONTEXT).dns.outcome == outcome
    assert len(account.notices) == (notice is not None)
    for found in account.notices:
        assert found.rule is made
        assert notice is not None
        assert notice in found.notice.text


@pytest.mark.parametrize(
    ("filters", "action", "traffic", "kinds"),
    [
        ((), "block", 'dns.fqdn == "x"', {"dns"}),
        ((), "block", 'http.request.host == "x"', {"http"}),
        ((), "allow", "net.dst.port == 1", {"l4"}),
        ((), "resolve", 'dns.fqdn == "x"', {"dns_resolver"}),
        ((), "egress", "net.dst.port == 1", {"egress"}),
        ((), "off", "", {"http"}),
        ((), "block", "", {"dns", "l4", "http"}),
        (("dns", "http"), "block", "", {"dns", "http"}),
        (("l7",), "block", "", set()),
        (("dns", "l7"), "block", "", {"dns"}),
    ],
)
def test_the_kind_of_a_rule(filters: tuple[str, ...], action: str, traffic: str, kinds: set[str]) -> None:
    account = Account([attrs.evolve(rule("", action, traffic), filters=filters)])
    assert {kind for kind, rules in account.rules.items() if rules} == kinds
    assert account.notices


def test_equal_precedence() -> None:
    first = rule("dns", "allow", id="b", created_at="2026-01-01T00:00:00Z")
    second = rule("dns", "block", id="a", created_at="2026-01-02T00:00:00Z")
    account = Account([second, first, rule("l4", "block", id="c")])
    assert [read.rule.id for read in account.rules["dns"]] == ["b", "a"]
    assert [(one.rule.id, one.notice.text) for one in account.notices] == [
        ("a", "has precedence 1, as b has: the earlier made is asked first")
    ]


@pytest.mark.parametrize(
    ("values", "count", "url", "want"),
    [
        (("example",), None, "http://a.example/", "allowed"),
        (("A.EXAMPLE.", "bücher.example"), 2, "http://xn--bcher-kva.example/", "blocked"),
        (("b.example",), 2, "http://a.example/", "unknown"),
        (("a.example",), 2, "http://a.example/", "blocked"),
        ((), 0, "http://a.example/", "allowed"),
        (None, 3, "http://a.example/", "unknown"),
    ],
)
def test_lists(values: tuple[str, ...] | None, count: int | None, url: str, want: str) -> None:
    lists = [GatewayList(LIST.upper(), "names", "DOMAIN", values, count)]
    account = Account([rule("dns", "block", f"dns.fqdn in ${LIST}")], lists, {})
    assert evaluate(account, Request.fetch(url), CONTEXT).dns.outcome == want


# Context


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"given": {"no.such": 1}}, ValueError),
        ({"given": {"net.dst.port": "x"}}, TypeError),
        ({"given": {"net.dst.ip": "x"}}, ValueError),
        ({"given": {"dns.fqdn": ["a", "b"]}}, TypeError),
        ({"given": {"dns.fqdn": {"a": "b"}}}, TypeError),
        ({"answers": {"a.example": {"A": ["x"]}}}, ValueError),
        ({"answers": {"no name": {}}}, ValueError),
        ({"now": datetime(2026, 1, 1)}, ValueError),
    ],
)
def test_what_a_context_refuses(given: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Context(**given)


def test_a_value_may_be_given_under_another_spelling() -> None:
    block = rule("l4", "block", 'net.protocol.detection == "tls"')
    assert ask(block, given={"net.detected_protocol": "tls"}).final == "blocked"


# Routes


def _table() -> RouteTable:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", via=Tunnel("t1", "one")))
    table.announce(HostnameRoute("db.internal", via=Tunnel("t2", "two")))
    return table


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("url", "answers", "want"),
    [
        ("http://10.0.0.1/", None, ("cloudflare_tunnel", "unspecified", "allowed")),
        ("http://140.82.121.6/", None, ("internet", "inspected", "blocked")),
        ("http://a.example/", ["140.82.121.6"], ("internet", "inspected", "blocked")),
        ("http://a.example/", ["192.168.0.1", "10.0.0.1"], ("cloudflare_tunnel", "unspecified", "allowed")),
        ("http://a.example/", ["192.168.0.1"], (None, None, "refused")),
        ("http://a.example/", [], (None, None, "refused")),
        ("http://a.example/", None, (None, "inspected", "unknown")),
        ("http://db.internal/", None, ("cloudflare_tunnel", "unspecified", "allowed")),
        ("http://db.internal/", ["140.82.121.6"], ("cloudflare_tunnel", "unspecified", "allowed")),
        ("http://192.168.0.1/", None, (None, None, "refused")),
    ],
)
def test_the_route_says_how_it_leaves(url: str, answers: Any, want: tuple[Any, ...], compiled: bool) -> None:
    table = _table()
    router = table.compile() if compiled else table
    account = Account([rule("l4", "block", 'net.offramp.type == "internet"')], (), {})
    name = Request.fetch(url).target.host
    context = Context(answers={} if answers is None else {name: {"A": answers}})
    found = evaluate(account, Request.fetch(url), context, router)
    assert (found.inspected, found.final) == want[1:]
    assert (found.refusal is not None) == (want[2] == "refused")


def test_an_override_is_routed_to_where_it_leads() -> None:
    override = rule("dns", "override", settings={"override_ips": ["10.0.0.1"]})
    block = rule("l4", "block", 'net.offramp.type == "cloudflare_tunnel" and net.dst.ip == 10.0.0.1')
    account = Account([override, block], (), {})
    assert evaluate(account, Request.fetch("http://a.example/"), CONTEXT, _table()).final == "blocked"


# Global policies


@pytest.mark.parametrize(
    ("url", "dns", "network", "http"),
    [
        ("https://api.cloudflare.com/client/v4", "5eea", "e1e8", "a424"),
        ("https://x.api.cloudflare.com/", "5eea", None, None),
        ("https://team.cloudflareaccess.com/", "d738", "daa2", "8d6b"),
        ("https://notifications.cloudflareclient.com/", "e139", "8c3d", None),
        ("https://speed.cloudflare.com/", "4fc0", None, "c194"),
        ("https://a.zero-trust-apps.cfdata.org/", "1232", "1f93", None),
        ("https://notcloudflarestatus.com/", None, None, None),
    ],
)
def test_global_policies_come_first(url: str, dns: str | None, network: str | None, http: str | None) -> None:
    found = ask(url=url, settings=INSPECTING)
    deciders = [stage.rule and stage.rule.id for stage in (found.dns, found.network, found.http)]
    assert [rule_id and rule_id.split("-")[:2] for rule_id in deciders] == [
        end and ["00000001", end] for end in (dns, network, http)
    ]


def test_a_block_of_what_cloudflare_needs_does_nothing() -> None:
    blocks = [rule(filter_, "block") for filter_ in ("dns", "l4", "http")]
    assert ask(*blocks, url="https://api.cloudflare.com/", settings=INSPECTING).final == "allowed"
    found = ask(rule("http", "allow"), given={"http.request.uri.content_category": [170]})
    assert (found.http.outcome, found.http.rule and found.http.rule.id[:13]) == ("blocked", "00000001-bed5")


# Nothing of it is loaded by routing


def test_routing_does_not_load_it() -> None:
    code = """if True:
        import sys, vpcroute
        table = vpcroute.RouteTable()
        table.announce(vpcroute.SubnetRoute("10.0.0.0/8", via=vpcroute.Tunnel("t", "t")))
        table.compile().resolve("http://10.0.0.1/")
        sys.exit(any(name.startswith(("vpcroute.policies", "re2")) for name in sys.modules))
    """
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["addresses", "tls_inspection", "http_default"])
def test_what_is_none_of_its_choices_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .* or .*, not 'perhaps'"):
        Context(**{name: "perhaps"})  # type: ignore[arg-type]
