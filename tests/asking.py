"""Words for tables of cases: what is announced, what is asked, what is to come of it.

Every question goes to both answerers, the rules as they are written (:class:`vpcroute.reference.Reference`) and the
compiled resolver. :func:`ask` holds them against each other, so that a case that passes has passed on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import pytest

from vpcroute import (
    Announcement,
    BgpRoute,
    ClientDevice,
    EcmpGroup,
    EcmpMember,
    Egress,
    HostnameRoute,
    InvalidAddress,
    InvalidVantage,
    MeshNode,
    OnRamp,
    RemarkCode,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.egress import Connector, Health
from vpcroute.ranges import IPNetwork, ReservedKind
from vpcroute.reference import Reference
from vpcroute.vantage import RoutingMode

T1, T2, T3 = (Tunnel(f"t{i}-id", f"T{i}") for i in (1, 2, 3))
N1 = MeshNode("n1-id", "N1")
D1 = ClientDevice("d1-id", "D1")
GRE1, GRE2 = (OnRamp(kind="gre", name=f"GRE{i}", id=f"gre{i}-id") for i in (1, 2))
IPSEC1, IPSEC2 = (OnRamp(kind="ipsec", name=f"IPsec{i}", id=f"ipsec{i}-id") for i in (1, 2))
CNI1, CNI2 = (OnRamp(kind="cni", name=f"CNI{i}", id=f"cni{i}-id") for i in (1, 2))
DEFAULT = VirtualNetwork("default-id", "default", is_default=True)
PROD = VirtualNetwork("prod-id", "prod")
STAGING = VirtualNetwork("staging-id", "staging")

Call = Literal["resolve", "resolve_fetch", "resolve_connect", "lookup"]
Setup = Callable[[], RouteTable]

_OPTIONS = frozenset({"answers", "secure_transport", "version"})


# What is announced


def zt(network: str, via: Tunnel | MeshNode, virtual_network: str | None = None) -> SubnetRoute:
    """A Zero Trust route."""
    return SubnetRoute(network, via, virtual_network=virtual_network)


def host(hostname: str, via: Tunnel | MeshNode, match: Any = None) -> HostnameRoute:
    """A hostname route."""
    return HostnameRoute(hostname, via, match=match)


def wan(prefix: str, via: OnRamp, priority: int = 100, **more: Any) -> WanRoute:
    """A static WAN route; `more` is weight, regions, colos, id."""
    return WanRoute(prefix, via, priority=priority, **more)


def bgp(prefix: str, via: OnRamp, *communities: str, as_path: Iterable[int] = (), asn: int | None = None) -> BgpRoute:
    """A BGP route."""
    return BgpRoute(prefix, via, as_path=tuple(as_path), communities=communities, customer_asn=asn)


def ecmp(*onramps: OnRamp, **weights: int) -> EcmpGroup:
    """A group of on-ramps; `weights` by name, 1 for those without."""
    return EcmpGroup(tuple(EcmpMember(onramp, weights.get(onramp.name, 1)) for onramp in onramps))


def make_table(
    routes: Iterable[Announcement] = (),
    *,
    mode: RoutingMode = "unified",
    networks: Iterable[VirtualNetwork] = (),
    subnets: Iterable[tuple[ReservedKind, IPNetwork]] = (),
    health: Iterable[tuple[Connector, Health] | tuple[Connector, Health, str]] = (),
    hosts: Mapping[str, Iterable[str]] | None = None,
    known: Iterable[Connector | VpcService] = (),
    default: str | None = None,
) -> RouteTable:
    """A table with everything a case says; `default` makes another network the default one after all else."""
    table = RouteTable(routing_mode=mode, virtual_networks=[DEFAULT, *networks])
    with table.transaction():
        table.set_subnets(subnets)
        for thing in known:
            table.add(thing)
        for route in routes:
            table.announce(route)
        for connector, state, *place in health:
            table.set_health(connector, state, place=place[0] if place else None)
        for name, addresses in (hosts or {}).items():
            table.set_hosts(name, addresses)
        if default is not None:
            table.set_default(default)
    return table


def setup(*routes: Announcement, **more: Any) -> Setup:
    """A recipe for a table: the arguments of :func:`make_table`."""
    return partial(make_table, routes, **more)


# What is asked


@dataclass(frozen=True)
class Question:
    """A call, its address and options, and the vantage it is made from."""

    call: Call
    address: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    vantage: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        more = ", ".join(f"{name}={value!r}" for name, value in {**self.options, **self.vantage}.items())
        return f"{self.call}({self.address!r}{', ' if more else ''}{more})"

    def through(self, call: Call, address: Any = None) -> Question:
        """The same question through another call."""
        return Question(call, self.address if address is None else address, self.options, self.vantage)


def _question(call: Call, address: Any, more: Mapping[str, Any]) -> Question:
    options = {name: value for name, value in more.items() if name in _OPTIONS}
    return Question(call, address, options, {name: value for name, value in more.items() if name not in _OPTIONS})


def fetch(url: Any, **more: Any) -> Question:
    """``fetch(url)``; `more` is answers and the vantage."""
    return _question("resolve_fetch", url, more)


def connect(address: Any, **more: Any) -> Question:
    """``connect(address)``; `more` is answers, secure_transport and the vantage."""
    return _question("resolve_connect", address, more)


def lookup(address: Any, **more: Any) -> Question:
    """A bare address or name; `more` is answers, version and the vantage."""
    return _question("lookup", address, more)


def resolve(address: Any, **more: Any) -> Question:
    """The convenience for people and files; `more` is answers and the vantage."""
    return _question("resolve", address, more)


def ask(table: RouteTable, question: Question) -> Any:
    """The answer that both give, or the error that both raise; AssertionError where they differ."""
    vantage = dict(question.vantage)
    written, by_rules, _ = _answer(lambda: Reference(table, Vantage(**vantage)), question)
    compiled, by_fib, resolver = _answer(lambda: table.compile(**vantage), question)
    assert compiled == written, f"{question}: compiled {compiled}, by the rules {written}"
    if isinstance(by_fib, Exception):
        raise by_fib
    if isinstance(by_fib, Resolution) and isinstance(by_rules, Resolution):
        if question.call == "resolve":
            assert table.resolve(question.address, **question.options, **vantage) == by_rules, question
        assert by_fib.generation == by_rules.generation == table.generation, question
        assert isinstance(resolver, Resolver)
        _check_lookups(resolver, by_fib, question)
    return by_fib


def _answer(make: Callable[[], Reference | Resolver], question: Question) -> tuple[object, object, object]:
    """What is comparable of an answer or error, the answer or error, and who gave it."""
    answerer = None
    try:
        answerer = make()
        answer = getattr(answerer, question.call)(question.address, **question.options)
    except (RouteError, TypeError) as error:
        told = [getattr(error, name, None) for name in ("code", "hint", "address")]
        return (type(error), str(error), *told), error, answerer
    return answer, answer, answerer


def _check_lookups(resolver: Resolver, answer: Resolution, question: Question) -> None:
    """A literal address leaves as the lookups by address say, too."""
    if answer.ip is None or str(answer.ip) != answer.host or resolver.vantage.service_id is not None:
        return
    version: Literal[4, 6] = 4 if answer.ip.version == 4 else 6
    assert resolver.lookup(answer.ip) == answer.egress, question
    assert resolver.egresses[resolver.lookup_many(answer.ip.packed, version)[0]] == answer.egress, question


# What is to come of it


@dataclass(frozen=True)
class Goes:
    """An answer: its egress and whatever fields of a Resolution are named; nothing unsaid may be open or remarked."""

    egress: Egress
    alternates: tuple[Egress, ...]
    guaranteed: bool
    remarks: tuple[RemarkCode, ...]
    fields: Mapping[str, Any]

    def check(self, table: RouteTable, question: Question) -> None:
        answer = ask(table, question)
        if question.call == "lookup":
            assert answer == self.egress, question
            return
        found = {name: getattr(answer, name) for name in ("egress", "guaranteed", *self.fields)}
        for name in ("ip", "target"):
            if name in found and self.fields[name] is not None:
                found[name] = str(found[name])
        found["alternates"] = tuple(candidate.egress for candidate in answer.alternates)
        found["remarks"] = tuple(remark.code for remark in answer.remarks)
        assert found == {
            "egress": self.egress,
            "guaranteed": self.guaranteed,
            **self.fields,
            "alternates": self.alternates,
            "remarks": self.remarks,
        }, question


@dataclass(frozen=True)
class Refused:
    """An error: its code, its whole text where that is given, and words that stand in its text or hint."""

    code: str
    text: str | None = None
    mentions: tuple[str, ...] = ()

    def check(self, table: RouteTable, question: Question) -> None:
        with pytest.raises(RouteError) as caught:
            ask(table, question)
        error = caught.value
        assert (type(error), error.code) == (_KINDS.get(self.code, RouteError), self.code), question
        assert self.text is None or str(error) == self.text, question
        for words in self.mentions:
            assert words in f"{error} | {error.hint}", question


@dataclass(frozen=True)
class WrongType:
    """A TypeError, with words that stand in its text."""

    mentions: str = ""

    def check(self, table: RouteTable, question: Question) -> None:
        with pytest.raises(TypeError) as caught:
            ask(table, question)
        assert self.mentions in str(caught.value), question


Want = Goes | Refused | WrongType

_KINDS: Mapping[str, type[RouteError]] = {
    "invalid_address": InvalidAddress,
    "ambiguous_address": InvalidAddress,
    "invalid_vantage": InvalidVantage,
}


def goes(
    egress: Egress,
    *remarks: RemarkCode,
    alternates: tuple[Egress, ...] = (),
    guaranteed: bool = True,
    **fields: Any,
) -> Goes:
    """It leaves through `egress`; `fields` of the Resolution, ``ip`` and ``target`` as text."""
    return Goes(egress, alternates, guaranteed, remarks, fields)


def maybe(egress: Egress, *remarks: RemarkCode, alternates: tuple[Egress, ...] = (), **fields: Any) -> Goes:
    """It leaves through `egress`, not for certain."""
    return Goes(egress, alternates, False, remarks, fields)


def refused(code: str, text: str | None = None, *, mentions: tuple[str, ...] = ()) -> Refused:
    """It is refused."""
    return Refused(code, text, mentions)


def unroutable(*mentions: str) -> Refused:
    """It is dropped for want of a route."""
    return Refused("destination_ip_unroutable", None, mentions)


def prohibited(*mentions: str) -> Refused:
    """It is no destination, whatever is announced."""
    return Refused("destination_ip_prohibited", None, mentions)


def unreadable(text: str) -> Refused:
    """It cannot be read, with exactly this message."""
    return Refused("invalid_address", text)


# Cases


@dataclass(frozen=True)
class Case:
    """A rule at work: a table, and questions with what is to come of each."""

    name: str
    setup: Setup
    asked: tuple[tuple[Question, Want], ...]

    def check(self) -> None:
        table = self.setup()
        for question, want in self.asked:
            want.check(table, question)


def case(name: str, setup: Setup, *asked: tuple[Question, Want]) -> Case:
    """A case; its name begins with the section of the routing semantics that it is about."""
    return Case(name, setup, asked)


def url(host: object) -> Question:
    """The usual question: fetch() of a host, by http."""
    return fetch(f"http://{host}/")


def each_question(cases: Iterable[Case]) -> list[Any]:
    """Each question of each case by itself, as parameters ``build``, ``question``, ``want``."""
    return [
        pytest.param(each.setup, question, want, id=f"{each.name}-{number}")
        for each in cases
        for number, (question, want) in enumerate(each.asked, 1)
    ]
