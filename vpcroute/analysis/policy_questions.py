"""Requests worth asking about policies: what rules, lists, routes and known addresses mention, and what is beside it.

A name is asked with one below it, an address with its neighbours at the ends of a range, a port with its neighbours,
and beside them a name, addresses and a port that nothing mentions; each as fetch() by http and https, and as connect()
at every port. So a condition on names, addresses, ports, paths or methods is asked on both of its sides. What only a
pattern, a header, a time or other people's data tells apart is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.edges import WIDTHS, address_edges, known_names, name_edges
from vpcroute.errors import InvalidAddress
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies.literals import read_item
from vpcroute.policies.predicates import number_of
from vpcroute.policies.request import Request
from vpcroute.policies.selectors import SELECTORS, Type
from vpcroute.policies.survey import Mention, mentions
from vpcroute.policies.syntax import Bare, Between, Items, ListName, Number, Text
from vpcroute.store import destination_of

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Known", "Question", "host_of", "questions"]

_IPV6: Final = 1 << 32
_LAST: Final = _IPV6 + (1 << 128) - 1
#: What nothing mentions, unless by chance: public addresses, a name, ports.
_ADDRESSES: Final = ("1.1.1.1", "2606:4700:4700::1111")
_NAME: Final = "unmentioned.example"
_BELOW: Final = "below."
_PORTS: Final = (22, 443, 8080)
_LAST_PORT: Final = 65535
#: What the items of a list are compared with, by its type.
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "DOMAIN": ("dns.fqdn",),
    "IP": ("net.dst.ip",),
    "URL": ("http.request.uri",),
}


@attrs.frozen
class Question:
    """A request that is asked about.

    Attributes:
        address: a URL for ``fetch()``, or an address for ``connect()``.
        method: of a ``fetch()``.
    """

    address: str
    method: str = "GET"

    @property
    def text(self) -> str:
        """How it is called."""
        return f"{self.method} {self.address}" if "://" in self.address else f"connect {self.address}"


@attrs.frozen
class Known:
    """A state of an account: its rules and lists, and the names and addresses that its routes are about."""

    rules: tuple[GatewayRule, ...]
    lists: tuple[GatewayList, ...]
    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    @classmethod
    def of(cls, table: RouteTable) -> Known:
        """What a table mentions now."""
        names = [name.replace("*", "a") for name in sorted(known_names(table))]
        numbers: list[int] = []
        for route in table:
            if not isinstance(route, HostnameRoute):
                network: Any = ip_network(str(destination_of(route)))
                numbers += (number_of(network.network_address), number_of(network.broadcast_address))
        return cls(table.gateway_rules, table.gateway_lists, tuple(names), tuple(numbers))

    @classmethod
    def edges(cls, table: RouteTable) -> Known:
        """The same with every name and every address at which routes may begin to answer otherwise."""
        numbers = [
            edge + (0 if version == 4 else _IPV6) for version in WIDTHS for edge in address_edges(table, version)
        ]
        return cls(table.gateway_rules, table.gateway_lists, tuple(name_edges(table)), tuple(numbers))

    @cached_property
    def all_numbers(self) -> tuple[int, ...]:
        """The ends of all ranges of addresses that rules, lists and routes mention, with their neighbours."""
        return tuple(sorted({*self._mentioned.numbers, *self.numbers}))

    @cached_property
    def all_names(self) -> tuple[str, ...]:
        """The names that rules, lists and routes mention, and some beside them."""
        return tuple(sorted({*self._mentioned.names, *self.names}))

    @cached_property
    def _mentioned(self) -> _Mentioned:
        found = _Mentioned()
        _of_rules(found, [self], self.rules)
        return found


@attrs.define
class _Mentioned:
    """What rules, lists and routes mention."""

    names: dict[str, None] = attrs.field(factory=lambda: {_NAME: None})
    numbers: dict[int, None] = attrs.field(
        factory=lambda: dict.fromkeys(number_of(ip_address(address)) for address in _ADDRESSES)
    )
    ports: dict[int, None] = attrs.field(factory=dict)
    urls: dict[str, None] = attrs.field(factory=dict)
    paths: dict[str, None] = attrs.field(factory=lambda: {"/": None})
    methods: dict[str, None] = attrs.field(factory=lambda: {"GET": None})


def questions(
    known: Iterable[Known], first: Iterable[GatewayRule] = (), items: Iterable[tuple[str, str]] = ()
) -> Iterator[Question]:
    """The requests, each once.

    Args:
        known: the states of an account that are asked about.
        first: rules of which what they mention is asked before the rest.
        items: the same of items of lists, each with the type of its list.
    """
    states = list(known)
    seen: set[Question] = set()
    begin, rest = _Mentioned(), _Mentioned()
    for type_, value in items:
        for field in _FIELDS.get(type_, ()):
            _take(begin, field, SELECTORS[field].type, Text(value.encode("utf-8", "replace")))
    _of_rules(begin, states, first)
    _of_rules(rest, states, [rule for state in states for rule in state.rules])
    for state in states:
        rest.names.update(dict.fromkeys((*state.names,)))
        rest.numbers.update(dict.fromkeys(state.numbers))
    for found in (begin, rest):
        for question in _asked(found):
            if question not in seen:
                seen.add(question)
                yield question


def _of_rules(found: _Mentioned, states: Iterable[Known], rules: Iterable[GatewayRule]) -> None:
    lists: dict[str, dict[str, None]] = {}
    for state in states:
        for one in state.lists:
            lists.setdefault(one.id.replace("-", ""), {}).update(dict.fromkeys(one.values or ()))
    for rule in rules:
        for mention in mentions(rule):
            selector = SELECTORS.get(mention.field)
            if selector is not None:
                for item in _items(mention, lists):
                    _take(found, mention.field, selector.type, item)


def _items(mention: Mention, lists: Mapping[str, Iterable[str]]) -> Iterator[Any]:
    right = mention.comparison.right
    if isinstance(right, Items):
        yield from right.items
    elif isinstance(right, ListName):
        yield from (Text(value.encode("utf-8", "replace")) for value in lists.get(right.id.replace("-", ""), ()))
    elif isinstance(right, Text | Number | Bare | Between):
        yield right


def _take(found: _Mentioned, field: str, type_: Type, item: Any) -> None:
    try:
        value: Any = read_item(item, type_)
    except ValueError:
        return
    low, high = value if isinstance(value, tuple) else (value, value)
    if type_ == "ip":
        found.numbers.update(dict.fromkeys((low - 1, low, high, high + 1)))
    elif field == "net.dst.port":
        found.ports.update(dict.fromkeys((low - 1, low, high, high + 1)))
    elif isinstance(low, bytes):
        text = low.decode("utf-8", "replace")
        if type_ == "name":
            found.names.update({text: None, _BELOW + text: None})
        elif type_ == "url":
            found.urls[text] = None
            found.names[text.partition("://")[2].partition("/")[0] or text.partition("/")[0]] = None
        elif field == "http.request.uri.path":
            found.paths[text] = None
        elif field == "http.request.method":
            found.methods[text] = None


def _asked(found: _Mentioned) -> Iterator[Question]:
    """The requests that can be made of what is mentioned, one after the other: there may be millions."""
    hosts = [*found.names, *map(host_of, sorted(number for number in found.numbers if 0 < number <= _LAST))]
    ports = sorted(port for port in {*found.ports, *_PORTS} if 0 < port <= _LAST_PORT)
    of_urls = (Question(url if "://" in url else f"https://{url}", m) for url in found.urls for m in found.methods)
    of_hosts = (question for host in hosts for question in _of_host(host, found, ports))
    return filter(_is_request, chain(of_urls, of_hosts))


def _of_host(host: str, found: _Mentioned, ports: Iterable[int]) -> Iterator[Question]:
    for path in found.paths:
        for method in found.methods:
            yield Question(f"https://{host}{path}", method)
            yield Question(f"http://{host}{path}", method)
    for port in ports:
        yield Question(f"{host}:{port}")


def host_of(number: int) -> str:
    """An address, by its number, as the host of a URL."""
    return str(ip_address(number)) if number < _IPV6 else f"[{ip_address((number - _IPV6).to_bytes(16))}]"


def _is_request(question: Question) -> bool:
    try:
        if "://" in question.address:
            Request.fetch(question.address)
        else:
            Request.connect(question.address)
    except InvalidAddress:
        return False
    return True
