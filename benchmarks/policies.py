"""What an account's Gateway policies cost a request, by all stages, and how that grows with rules and with lists."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import IPv4Address
from itertools import islice
from time import process_time_ns
from typing import Any, Final
from uuid import UUID

import attrs

from benchmarks.results import Result, Row
from benchmarks.step import Settings, Step
from benchmarks.subject import Role
from benchmarks.tables import dice
from benchmarks.timing import quiet
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.policies.pipeline import Outcome, evaluate, follow
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.stages import Stage, Stages

__all__ = ["account_of", "growth_steps", "policy_steps"]

_RULES: Final = 1000
_ENTRIES: Final = 100_000
_LISTS: Final = 4  # of names, and as many of addresses
_SETTINGS: Final = {"tls_decrypt": {"enabled": True}}
_IN_TURN: Final = 3  # requests that are asked of every rule in turn
_A_ROUND: Final = 2000

#: What rules say, with the number of the rule and two lists: kind, action, condition.
_CONDITIONS: Final = (
    ("dns", "block", 'any(dns.domains[*] in {names}) and dns.fqdn != "kept{i}.example"'),
    ("http", "block", 'http.request.host == "h{i}.example" or http.request.uri matches "^https://w{i}[.]"'),
    ("l4", "block", "net.dst.ip in {addresses} and net.dst.port == {i}"),
    ("dns", "allow", 'dns.fqdn in {{"a{i}.example" "b{i}.example"}}'),
    ("http", "block", 'any(http.request.domains[*] in {names}) and http.request.method == "DELETE"'),
    ("l4", "allow", 'net.sni.host == "s{i}.example" or net.dst.ip in {{198.18.{octet}.0/24}}'),
    ("dns", "block", 'dns.fqdn matches "^x{i}[.].*[.]example$"'),
    ("egress", "egress", "net.dst.ip in {addresses}"),
    ("http", "off", 'any(http.request.domains[*] in {{"bank{i}.example"}})'),
    ("l4", "block", "not(any(net.sni.domains[*] in {names})) and net.dst.port in {{{i}..{i}}}"),
    ("dns_resolver", "resolve", 'any(dns.domains[*] in {{"corp{i}.example"}})'),
    ("dns", "block", "any(dns.content_category[*] in {{{i}}}) and any(dns.domains[*] in {names})"),
    ("http", "block", 'http.request.uri.path == "/p{i}" and http.request.host in {names}'),
    ("dns", "block", 'dns.fqdn == "i{i}.example" and any(dns.resolved_ips[*] in {addresses})'),
)


def account_of(rules: int, entries: int) -> Account:
    """An account of so many rules of all kinds, most of which refer to one of eight lists of so many entries.

    A tenth of the rules are for one user.
    """
    names = [
        GatewayList(str(UUID(int=k + 1)), f"names {k}", "DOMAIN", tuple([f"n{i}.l{k}.example" for i in range(entries)]))
        for k in range(_LISTS)
    ]
    addresses = [
        GatewayList(
            str(UUID(int=k + 101)),
            f"addresses {k}",
            "IP",
            tuple([str(IPv4Address((0x14 + k << 24) + 2 * i)) for i in range(entries)]),
        )
        for k in range(_LISTS)
    ]
    return Account([_rule(i, names, addresses) for i in range(rules)], [*names, *addresses], _SETTINGS)


def _rule(i: int, names: Sequence[GatewayList], addresses: Sequence[GatewayList]) -> GatewayRule:
    filter_, action, condition = _CONDITIONS[i % len(_CONDITIONS)]
    which = i // len(_CONDITIONS) % _LISTS
    said = {"names": f"${names[which].id}", "addresses": f"${addresses[which].id}"}
    traffic = condition.format(i=i + 1000, octet=i % 256, **said)
    identity = f'identity.email == "u{i}@example.com"' if i % 10 == 9 else ""
    return GatewayRule(f"rule-{i}", f"rule {i}", action, (filter_,), i, True, traffic, identity)


@attrs.frozen
class _Asked:
    """Requests with what is known beside them."""

    requests: Sequence[Request]
    context: Context

    @classmethod
    def of(cls, hosts: Sequence[str]) -> _Asked:
        """A fetch() of each host, with an answer for each name; no two are the same."""
        rolled = dice("answers")
        answers = {host: {"A": [str(IPv4Address(rolled.randrange(0x5D000000, 0x5E000000)))]} for host in hosts}
        urls = [f"https://{host}/a{i}?b={i}" for i, host in enumerate(hosts)]
        named = {host: found for host, found in answers.items() if not host[-1].isdigit()}
        return cls([Request.fetch(url) for url in urls], Context(answers=named, offramp="internet"))

    def first(self, count: int) -> _Asked:
        """The first few of them."""
        return attrs.evolve(self, requests=self.requests[:count])


def policy_steps(*, quick: bool = False) -> Iterator[Step]:
    """A request to an account with many rules and long lists, and what reading the account takes."""
    sizes = (100, 1000) if quick else (_RULES, _ENTRIES)
    yield Step("policies/request", partial(_requests, *sizes))
    yield Step("policies/read", partial(_read, *sizes))


def growth_steps(largest: int) -> Iterator[Step]:
    """A request, by the number of rules and by that of a list's entries."""
    for rules in (10, 100, 1000, 10_000):
        if rules <= largest:
            yield Step(f"growth/rules/{rules}", partial(_grown, "rules", rules, rules, 1000))
    for entries in (1000, 10_000, 100_000, 1_000_000):
        if entries <= largest:
            yield Step(f"growth/entries/{entries}", partial(_grown, "entries", entries, 1000, entries))


def _hosts(count: int) -> list[str]:
    rolled = dice("hosts")
    return [f"www{rolled.randrange(10**9)}.site{i}.test" for i in range(count)]


def _requests(rules: int, entries: int, settings: Settings) -> Result:
    account = account_of(rules, entries)
    count = min(settings.inputs, _A_ROUND)
    plain = _Asked.of(_hosts(count))
    listed = _Asked.of([f"www.n{i % entries}.l{i % _LISTS}.example" for i in range(count)])
    literal = _Asked.of([str(IPv4Address(0x5D000000 + i)) for i in range(count)])
    _agree(account, plain)
    _agree(account, listed)
    ask, timed = partial(evaluate, account), partial(_timed, settings)
    all_stages, in_turn = "an Outcome, all stages", partial(follow, Stages(account, Stage))
    rows = [
        timed(("a request, no rule matches", "ours", all_stages), plain, ask),
        timed(("a request, an address", "ours", "an Outcome, no lookup of a name"), literal, ask),
        timed(("a request, blocked by a list", "ours", "an Outcome, of the lookup only"), listed, ask),
        timed(("with all reasons", "ours", "why no rule matches, too"), plain.first(_IN_TURN), partial(_told, ask)),
        timed(("each rule in turn", "peer", "the same Outcome, the plain evaluator"), plain.first(_IN_TURN), in_turn),
        timed(("its URL, read", "floor", "a Request"), plain, lambda request, _: Request.fetch(request.url or "")),
    ]
    title = f"a fetch() at Gateway, {rules:,} rules, {2 * _LISTS} lists of {entries:,} entries"
    return Result("policies/request", title, "us", rules, tuple(rows))


def _told(ask: Callable[[Request, Context], Outcome], request: Request, context: Context) -> Any:
    found = ask(request, context)
    return [decision.considered for decision in (found.dns, found.egress, found.network, found.http)]


def _agree(account: Account, asked: _Asked) -> None:
    """AssertionError where rules that are looked up and rules that are asked in turn do otherwise."""
    in_turn = Stages(account, Stage)
    for request in islice(asked.requests, _IN_TURN):
        if evaluate(account, request, asked.context) != follow(in_turn, request, asked.context):
            raise AssertionError(f"{request.url}: another outcome than that of each rule in turn")


def _timed(
    settings: Settings, head: tuple[str, Role, str], asked: _Asked, call: Callable[[Request, Context], object]
) -> Row:
    """Microseconds a request, of each round, under the row's name, role, and what comes back."""
    context, requests, taken = asked.context, asked.requests, []
    for request in requests[:100]:  # what is made at the first request is not of interest
        call(request, context)
    with quiet():
        for _ in range(settings.rounds):
            begun = process_time_ns()
            for request in requests:
                call(request, context)
            taken.append((process_time_ns() - begun) / 1e3 / len(requests))
    return Row(*head, tuple(taken))


def _read(rules: int, entries: int, settings: Settings) -> Result:
    """An account from its objects, and what its first request takes."""
    taken: dict[str, list[float]] = {"read": [], "first": []}
    asked = _Asked.of(_hosts(1))
    for _ in range(max(1, settings.rounds // 2)):
        with quiet():
            begun = process_time_ns()
            account = account_of(rules, entries)
            read = process_time_ns()
            evaluate(account, asked.requests[0], asked.context)
            taken["read"].append((read - begun) / 1e6)
            taken["first"].append((process_time_ns() - read) / 1e6)
        del account
        gc.collect()
    rows = (
        Row("the rules and lists", "ours", "an Account: all rules checked, lists read", tuple(taken["read"])),
        Row("the first request", "ours", "the rules by their fields, and an Outcome", tuple(taken["first"])),
    )
    title = f"an account, {rules:,} rules, {2 * _LISTS} lists of {entries:,} entries"
    return Result("policies/read", title, "ms", rules, rows)


def _grown(counted: str, size: int, rules: int, entries: int, settings: Settings) -> Result:
    account = account_of(rules, entries)
    asked = _Asked.of(_hosts(min(settings.inputs, _A_ROUND)))
    row = _timed(settings, ("vpcroute", "ours", "an Outcome, all stages"), asked, partial(evaluate, account))
    title = f"a fetch() at Gateway, {rules:,} rules, {2 * _LISTS} lists of {entries:,} entries"
    return Result(f"growth/{counted}/{size}", title, "us", size, (row,))
