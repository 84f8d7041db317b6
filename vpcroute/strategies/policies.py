"""Strategies for Gateway's policies: expressions, rules, lists, whole accounts, and what is asked of them.

Expressions are made of comparisons of every field with values that requests have at times, joined at random; among them
are such as nobody can decide, and such as are odd. All of them can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from vpcroute.fields import IPAddress
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies.request import Answers, Context, Provider, Request
from vpcroute.policies.rules import ACTIONS, Account
from vpcroute.policies.selectors import FILTERS, SELECTORS, Filter, Selector
from vpcroute.strategies.routes import rarely

__all__ = [
    "GATEWAY_LISTS",
    "KNOWN",
    "comparisons",
    "gateway_accounts",
    "gateway_contexts",
    "gateway_expressions",
    "gateway_lists",
    "gateway_requests",
    "gateway_rules",
]

_HOSTS: Final = (
    *("a.com", "b.a.com", "c.b.a.com", "com", "b.example", "localhost"),
    *("api.cloudflare.com", "x.speed.cloudflare.com", "notifications.cloudflareclient.com"),
)
_ADDRESSES: Final = ("93.184.216.34", "10.0.0.1", "10.0.1.1", "2a00::99", "fd00::1")
_COUNTRIES: Final = ("NL", "US")
_CATEGORIES: Final = (1, 7, 170)
_EMAILS: Final = ("ann@a.com", "non_identity@a.cloudflareaccess.com", "non_identity@x.org")
_WORDS: Final = ("A", "AAAA", "GET", "POST", "tcp", "tls", "internet", "cloudflare_tunnel", "/x", "q=1", "", "x")
_URLS: Final = ("https://a.com/x", "http://b.a.com/", "a.com/x")

#: An account's lists: of each kind one, one whose items are not there, and one that has more than were delivered.
GATEWAY_LISTS: Final = (
    GatewayList("01302951-49f9-47c9-a400-0297e60b6a10", "names", "DOMAIN", ("a.com", "b.example")),
    GatewayList(
        "11302951-49f9-47c9-a400-0297e60b6a11", "addresses", "IP", ("10.0.0.0/16", "93.184.216.34", "2a00::/16")
    ),
    GatewayList("21302951-49f9-47c9-a400-0297e60b6a12", "addresses of people", "EMAIL", (_EMAILS[0],)),
    GatewayList("31302951-49f9-47c9-a400-0297e60b6a13", "not delivered", "DOMAIN", None, 2),
    GatewayList("41302951-49f9-47c9-a400-0297e60b6a14", "not whole", "DOMAIN", ("b.a.com",), 2),
    GatewayList("51302951-49f9-47c9-a400-0297e60b6a15", "pages", "URL", ("https://a.com/x/",)),
    GatewayList("61302951-49f9-47c9-a400-0297e60b6a16", "numbers", "CATEGORY", ("7", "443")),
)


# Expressions


def _texts_of(selector: Selector) -> tuple[str, ...]:
    """Values of a field of text."""
    for end, values in (("country", _COUNTRIES), ("email", _EMAILS), (".url", _URLS)):
        if selector.name.endswith(end) or end == f".{selector.type}":
            return values
    return _HOSTS if selector.type == "name" else _WORDS


def _comparisons(selector: Selector, left: str) -> Iterator[str]:
    """Comparisons of a field, or of its elements, with everything it can be compared with."""
    lists = [f"${known.id}" for known in GATEWAY_LISTS]
    if selector.type == "bool":
        yield from (left, f"{left} == true", f"{left} != true")
    elif selector.type == "int":
        yield from (f"{left} == 443", f"{left} in {{1 80 1000..9000}}", f"{left} != 80", f"{left} in {{170 7}}")
        yield from (f"{left} > 80", f"{left} & 2", f"{left} in {lists[6]}")
    elif selector.type == "ip":
        yield from (f"{left} == {_ADDRESSES[0]}", f"{left} in {{10.0.0.0/8 2a00::/12}}", f"{left} != {_ADDRESSES[3]}")
        yield from (f"{left} in {{0.0.0.0..10.0.0.255 ::1}}", f"{left} < 11.0.0.0", f"{left} in {lists[1]}")
        yield f"{left} in {{0.0.0.0/0 ::/0}}"
    elif selector.type != "unknown":
        values = _texts_of(selector)
        for value in values[:5]:
            yield f'{left} == "{value}"'
        yield from (f'{left} != "{values[0]}"', f'{left} in {{"{values[1]}" "{values[-1]}"}}', f"{left} in {{}}")
        yield from (f'{left} matches "(^|[.])a"', f'{left} matches "[xT]$"', f'{left} matches "(?=x)"')
        yield from (f'{left} contains "a"', f'{left} wildcard "*A*"', f'{left} < "b"')
        kinds = {"name": (0, 3, 4), "url": (5,)}.get(selector.type, (2,))
        yield from (f"{left} in {lists[number]}" for number in kinds)


def _of_field(selector: Selector) -> Iterator[str]:
    name = selector.name
    if selector.shape in ("one", "either"):
        yield from _comparisons(selector, name)
    if selector.shape == "map":
        yield from _comparisons(selector, f'{name}["x"]')
    if selector.shape != "one":
        elements = list(_comparisons(selector, f"{name}[*]"))
        yield from (f"any({one})" for one in elements)
        yield from (f"all({one})" for one in elements)
        yield from (f"any(not {one})" for one in elements[:2])
        yield from (f"any({one} or {elements[1]})" for one in elements[:1])
        yield from elements[:1]


@cache
def comparisons(filter_: Filter) -> tuple[tuple[str, ...], ...]:
    """The comparisons of rules of a kind, field by field: those of fields that a request has come first."""
    fields = [selector for selector in SELECTORS.values() if filter_ in selector.filters]
    fields.sort(key=lambda selector: selector.worker != "request")
    found = [tuple(_of_field(selector)) for selector in fields if selector.type != "unknown"]
    odd = ('nowhere.known == "a"', 'lower(http.request.host) == "a.com"', "any(nowhere.known[*] in {1})")
    wrong = [f'{name} == "a.com"' for name in ("dns.fqdn", "http.request.host")]
    return (*found, odd, ("net.dst.ip in $71302951-49f9-47c9-a400-0297e60b6a17", *wrong))


def _compared(filter_: Filter) -> st.SearchStrategy[str]:
    atoms = comparisons(filter_)
    usual = sum(selector.worker == "request" for selector in SELECTORS.values() if filter_ in selector.filters) or 3
    pick: Callable[[Any], Any] = lambda some: st.sampled_from(some).flatmap(st.sampled_from)  # noqa: E731
    return st.one_of(pick(atoms[:usual]), pick(atoms[:usual]), pick(atoms))


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["and", "or", "and", "or", "xor"])
    together = st.tuples(operators, st.lists(parts, min_size=2, max_size=4))
    return st.one_of(
        together.map(lambda pair: f"({f' {pair[0]} '.join(pair[1])})"), parts.map(lambda part: f"not {part}")
    )


@cache
def gateway_expressions(filter_: Filter = "http") -> st.SearchStrategy[str]:
    """Expressions of rules of a kind; they can be read, whatever they say.

    >>> find(gateway_expressions("l4"), lambda text: " and " in text)
    '(net.dst.ip == 93.184.216.34 and net.dst.ip == 93.184.216.34)'
    """
    return st.recursive(_compared(filter_), _joined, max_leaves=6)


# Rules

_REDIRECT: Final = {"redirect": {"target_uri": "https://a.com/stop", "preserve_path_and_query": True}}
#: What rules of a kind may be set to.
_SETTINGS: Final[Mapping[Filter, tuple[Mapping[str, Any], ...]]] = {
    "dns": (
        {},
        {"override_ips": ["10.0.0.1", "2a00::99"]},
        {"override_host": "b.example"},
        {"block_page_enabled": True, "ignore_cname_category_matches": True},
        {"ip_categories": True},
        {"ip_indicator_feeds": True},
    ),
    "dns_resolver": (
        {"resolve_dns_through_cloudflare": True},
        {"dns_resolvers": {"ipv4": [{"ip": "10.0.0.1"}]}, "ignore_cname_category_matches": True},
        {},
    ),
    "egress": ({"egress": {"ipv4": "203.0.113.1"}}, {}),
    "l4": ({}, {"l4override": {"ip": "10.0.0.1", "port": 80}}, {"check_session": {"enforce": True}}),
    "http": (
        _REDIRECT,
        {"block_page": {"target_uri": "https://a.com/blocked"}},
        {},
        {"check_session": {"enforce": True}},
    ),
}
_SCHEDULES: Final = (
    {"tue": "08:00-18:00", "time_zone": "Europe/Amsterdam"},
    {"tue": "00:00-01:00"},
    {"tue": "noon"},
)
_EXPIRATIONS: Final[tuple[Mapping[str, Any], ...]] = (
    {"expires_at": "2026-11-25T00:00:00Z"},
    {"expires_at": "2026-11-23T00:00:00Z"},
    {"expired": True},
)


@st.composite
def gateway_rules(draw: st.DrawFn, filter_: Filter | None = None) -> GatewayRule:
    """Policies of a kind, or of any: what they do and when, with conditions of every sort."""
    kind = draw(st.sampled_from(FILTERS)) if filter_ is None else filter_
    number = draw(st.integers(1, 30))
    conditions = draw(
        rarely(st.just(()), st.sampled_from([("identity",), ("device_posture",), ("identity", "device_posture")]))
    )
    return GatewayRule(
        id=f"{kind}-{number}",
        name=f"rule {number}",
        action=draw(rarely(st.sampled_from(sorted(ACTIONS[kind])), st.sampled_from(["scan", "on"]))),
        filters=draw(rarely(st.just((kind,)), st.sampled_from([(), ("l4", "http")]))),
        precedence=number,
        enabled=draw(rarely(st.just(True), st.just(False))),
        traffic=draw(rarely(gateway_expressions(kind), st.just(""))),
        settings=draw(st.sampled_from(_SETTINGS[kind])),
        schedule=draw(rarely(st.none(), st.sampled_from(_SCHEDULES))),
        expiration=draw(rarely(st.none(), st.sampled_from(_EXPIRATIONS))),
        unread=draw(rarely(st.just(()), st.just(("traffic_profile",)))),
        **{part: draw(_of_a_person(part)) for part in conditions},
    )


def _of_a_person(part: str) -> st.SearchStrategy[str]:
    fields = [selector for selector in SELECTORS.values() if selector.name.startswith(part)]
    return st.sampled_from([text for selector in fields for text in _of_field(selector)])


def gateway_lists() -> st.SearchStrategy[tuple[GatewayList, ...]]:
    """Some of :data:`GATEWAY_LISTS`, in their order: mostly all."""
    some = st.sets(st.sampled_from(range(len(GATEWAY_LISTS)))).map(
        lambda numbers: tuple([GATEWAY_LISTS[number] for number in sorted(numbers)])
    )
    return rarely(st.just(GATEWAY_LISTS), some)


_ACCOUNT_SETTINGS: Final[tuple[Mapping[str, Any] | None, ...]] = (
    {"tls_decrypt": {"enabled": True}},
    {"tls_decrypt": {"enabled": True}, "inspection": {"mode": "dynamic"}, "protocol_detection": {"enabled": True}},
    {
        "browser_isolation": {"non_identity_enabled": False},
        "block_page": {"mode": "redirect_uri", "target_uri": "https://a.com/"},
    },
    None,
)


@st.composite
def gateway_accounts(draw: st.DrawFn, most: int = 12, filters: Iterable[Filter] = FILTERS) -> Account:
    """Accounts with up to so many rules of some kinds, with lists and settings."""
    kinds = st.sampled_from(list(filters))
    rules = draw(st.lists(kinds.flatmap(gateway_rules), max_size=most))
    return Account(rules, draw(gateway_lists()), draw(st.sampled_from(_ACCOUNT_SETTINGS)))


# What is asked

_TARGETS: Final = (*_HOSTS, *_ADDRESSES[:3], "[2a00::99]")
_TYPES: Final = rarely(st.just("A"), st.sampled_from(["AAAA", "TXT", "HTTPS"]))


@st.composite
def gateway_requests(draw: st.DrawFn) -> Request:
    """What a Worker asks for: mostly a fetch(), of hosts that the rules of :func:`gateway_rules` know."""
    host, record_type = draw(st.sampled_from(_TARGETS)), draw(_TYPES)
    if draw(st.integers(0, 5)) == 5:
        return Request.connect(f"{host}:{draw(st.sampled_from([443, 80, 5432]))}", record_type=record_type)
    scheme, port = (
        draw(st.sampled_from(["https://", "http://"])),
        draw(rarely(st.just(""), st.sampled_from([":8080", ":443"]))),
    )
    path, method = draw(st.sampled_from(["/", "/x", "/x?q=1", "/X/"])), draw(st.sampled_from(["GET", "POST"]))
    headers = draw(st.sampled_from([{}, {"Accept": "text/html"}]))
    return Request.fetch(f"{scheme}{host}{port}{path}", method=method, headers=headers, record_type=record_type)


@attrs.frozen
class _Known(Provider):
    """What is known of names and addresses: the same of all of them."""

    categories_: tuple[int, ...] | None
    country_: str | None

    def categories(self, name: str) -> Collection[int] | None:
        return self.categories_

    def applications(self, name: str) -> Collection[int] | None:
        return self.categories_

    def country(self, address: IPAddress) -> str | None:
        return self.country_ if address.version == 4 else None

    def continent(self, address: IPAddress) -> str | None:
        return None


#: A provider for whom everything is of category 7, and no country is known.
KNOWN: Final[Provider] = _Known((7,), None)


def _values_of(selector: Selector) -> tuple[Any, ...]:
    """Values of a field as Python has them."""
    values: tuple[Any, ...] = (1, 2, 443, 1000, 170)
    if selector.type == "bool":
        values = (True, False)
    elif selector.type == "ip":
        values = _ADDRESSES
    elif selector.type != "int":
        values = _texts_of(selector)
    if selector.shape == "map":
        return ({"x": values[0]}, {}, None)
    arrays = ((), values[:1], values[1:3]) if selector.shape != "one" else ()
    return (*arrays, None) if selector.shape == "many" else (*values, *arrays, None)


_FIELDS: Final = sorted(name for name, selector in SELECTORS.items() if selector.type != "unknown")
_ANSWERS: Final[tuple[Mapping[str, Answers], ...]] = (
    {host: {"A": _ADDRESSES[:1], "AAAA": _ADDRESSES[3:4]} for host in _HOSTS},
    {host: {"A": _ADDRESSES[:3], "CNAME": ["b.example"], "TXT": ["x"]} for host in _HOSTS},
    {"a.com": {"A": ()}},
    {},
)


@st.composite
def gateway_contexts(draw: st.DrawFn) -> Context:
    """What is known beside a request: much, little, or what nobody expects."""
    given = {}
    for name in draw(st.lists(st.sampled_from(_FIELDS), max_size=4, unique=True)):
        given[name] = draw(st.sampled_from(_values_of(SELECTORS[name])))
    categories = st.sampled_from([(7,), (170, 1), ()])
    return Context(
        now=draw(st.sampled_from([datetime(2026, 11, 24, 12, tzinfo=UTC), None])),
        time_zone=draw(st.sampled_from([None, "UTC"])),
        answers=draw(st.sampled_from(_ANSWERS)),
        addresses=draw(rarely(st.just("first"), st.just("any"))),
        given=given,
        provider=draw(
            st.one_of(st.none(), st.builds(_Known, rarely(categories, st.none()), st.sampled_from(_COUNTRIES)))
        ),
        offramp=draw(st.sampled_from(["internet", "cloudflare_tunnel", None])),
        connects=draw(rarely(st.just(True), st.sampled_from([None, False]))),
        tls_inspection=draw(st.sampled_from(["yes", "settings", "unknown", "no"])),
        http_default=draw(rarely(st.just("allowed"), st.just("blocked"))),
        team=draw(rarely(st.none(), st.just("a"))),
        assume_client_selectors=draw(st.booleans()),
    )
