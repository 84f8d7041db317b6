"""A request of a Worker on its way through Gateway, stage by stage.

    name ── DNS rules ── resolver rules ── DNS rules with the answer ─┐
    address ──────────────────────────────────────────────────────────┴─ egress ── connect ── network ── HTTP
    (cloudflare-docs: partials/cloudflare-one/gateway/order-of-enforcement)

A block ends the way. A stage is reached if it is not certain that an earlier one ends it; what happens in the end is
certain if all that may happen comes to the same. A name that is blocked is still reached by its address: an address has
no DNS stage. Where a redirect leads is a request of its own, with all stages again.

That private destinations of Workers go through the policies at all is not documented; :attr:`Outcome.inspected` is the
route's own word for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Final, TypeVar

import attrs

from vpcroute.errors import InvalidAddress, RouteError
from vpcroute.fields import IPAddress
from vpcroute.policies.connection import (
    EGRESS_DEFAULT,
    NETWORK_DEFAULT,
    EgressEffect,
    NetworkEffect,
    egress_effect,
    network_effect,
)
from vpcroute.policies.decision import UNKNOWN, Decision, settled
from vpcroute.policies.dns import DnsEffect, ResolverEffect, addresses_of, ask_dns
from vpcroute.policies.facts import BY_HOST, Situation
from vpcroute.policies.http import HttpEffect, IsolationEffect, ask_http, ask_isolation, sees_sni
from vpcroute.policies.request import Context, Request, Router
from vpcroute.policies.rules import Account
from vpcroute.policies.stages import Stages
from vpcroute.policies.views import View

__all__ = ["OFFRAMPS", "Outcome", "evaluate", "follow"]

#: What the rules call the ways out of :attr:`vpcroute.Resolution.offramp`.
OFFRAMPS: Final[Mapping[str, str]] = {
    "INTERNET": "internet",
    "CFD_TUNNEL": "cloudflare_tunnel",
    "MESH": "mesh",
    "DEVICE_CLIENT": "device_client",
    "MAGIC": "cloudflare_wan",
}
_T = TypeVar("_T")
_MOST_REDIRECTS: Final = 20  # of one fetch(), as in the Fetch standard
_KEPT: Final = frozenset({"GET", "HEAD"})
#: Of what is looked up, what a connection goes to.
_ADDRESSES: Final = frozenset({"A", "AAAA"})
#: Of stages that are not reached.
_NO_DNS: Final = settled(DnsEffect("not_evaluated"))
_NO_EGRESS: Final = settled(EgressEffect("not_evaluated"))
_NO_NETWORK: Final = settled(NetworkEffect("not_evaluated"))
_NO_HTTP: Final = settled(HttpEffect("not_evaluated"))
_NOT_CHOSEN: Final = settled(EgressEffect("not_applicable"))
_NOT_HTTP: Final = settled(HttpEffect("not_applicable"))
_GOES_ON: Final = frozenset({"allowed", "overridden", "rewritten"})
_PASSES: Final = frozenset({"allowed", "overridden"})
#: What the outcome of the last stage makes of the request.
_FINAL: Final = {"not_inspected": "allowed", "not_applicable": "allowed"}


@attrs.frozen
class Outcome:
    """What Gateway does with a request.

    Attributes:
        final: ``allowed``, ``blocked``, ``redirected``, ``refused`` by the routes, ``connect_failed``, or ``unknown``.
        finals: all that may become of it; one if it is certain.
        dns, egress, network, http, isolation: what each stage does; ``not_evaluated`` for one that is not reached.
        resolver: who resolves the name; None where it is not resolved, or is an address.
        refusal: why the routes refuse the destination, or None.
        inspected: whether the policies apply to this route: the resolution's ``gateway``; None without a router.
        next: for a fetch() that is redirected for certain, by GET or HEAD: what becomes of the request that follows.
        request: what was asked.
        addresses: where the connection may go; None where that is not known, or it goes no further than its lookup.
        offramps: how it may leave; None where that is not known.
    """

    final: str
    finals: frozenset[str]
    dns: Decision[DnsEffect]
    resolver: Decision[ResolverEffect] | None
    egress: Decision[EgressEffect]
    network: Decision[NetworkEffect]
    http: Decision[HttpEffect]
    isolation: Decision[IsolationEffect] | None
    refusal: RouteError | None = None
    inspected: str | None = None
    next: Outcome | None = None
    request: Request | None = None
    addresses: tuple[IPAddress, ...] | None = None
    offramps: tuple[str, ...] | None = None


@attrs.frozen
class _Route:
    """Where a connection may go and how it leaves; None for what is not known.

    With a refusal and ways, it hangs on the lookup whether there is one.
    """

    addresses: tuple[IPAddress, ...] | None
    offramps: tuple[str, ...] | None
    inspected: str | None = None
    refusal: RouteError | None = None


def evaluate(account: Account, request: Request, context: Context, router: Router | None = None) -> Outcome:
    """What an account's policies do with a request.

    Args:
        account: its rules, lists and settings.
        request: what the Worker sends.
        context: what is known beside it.
        router: what knows how an address leaves; without it the context says.
    """
    return follow(account.stages, request, context, router)


def follow(stages: Stages, request: Request, context: Context, router: Router | None = None) -> Outcome:
    """As :func:`evaluate`, with the account's stages: those that ask in turn give the same outcome."""
    chain = [_evaluate(stages, request, context, router)]
    while len(chain) <= _MOST_REDIRECTS:
        following = _following(chain[-1], request)
        if following is None:
            break
        request, context = following, context.elsewhere()
        chain.append(_evaluate(stages, request, context, router))
    outcome = chain.pop()
    while chain:
        outcome = attrs.evolve(chain.pop(), next=outcome)
    return outcome


def _following(outcome: Outcome, request: Request) -> Request | None:
    """The request after a redirect; None where there is none for certain, none that fetch() takes, or none whose method
    is certain: the status, by which a POST becomes a GET, is not published."""
    effect = outcome.http.effect
    if outcome.finals != {"redirected"} or effect is None or effect.location is None or request.method not in _KEPT:
        return None
    try:
        headers = request.headers
        return Request.fetch(effect.location, method=request.method, headers=headers, record_type=request.record_type)
    except InvalidAddress:
        return None


def _evaluate(stages: Stages, request: Request, context: Context, router: Router | None) -> Outcome:
    situation = Situation(request, context)
    finals: set[str] = set()
    dns, resolver, lookups = _lookup(stages, situation)
    if dns is not None:
        outcomes = dns.outcomes
        finals |= outcomes - _GOES_ON
        if not outcomes & _GOES_ON:
            return _ended(request, finals, dns, resolver)
        if request.record_type not in _ADDRESSES:
            return _ended(request, finals | {"allowed"}, dns, resolver)
    shown = dns or _NO_DNS
    route = _route(request, lookups, context, router)
    if route.refusal is not None:
        finals.add("refused")
        if route.addresses == ():
            return _ended(request, finals, shown, resolver, route.refusal)
    situation = situation.where(
        addresses=route.addresses, offramps=route.offramps, sni=sees_sni(stages.account, situation)
    )
    view = View(situation, lambda _: situation.where(hides=BY_HOST))
    egress = _egress(stages, view)
    network, http, isolation = _NO_NETWORK, _NO_HTTP, None
    if context.connects is not True:
        finals.add("connect_failed")
    if context.connects is not False:
        network = stages.network.decide(view, network_effect, NETWORK_DEFAULT)
        outcomes = network.outcomes
        finals |= outcomes - _PASSES
        if outcomes & _PASSES:
            http, isolation = _http(stages, view)
            finals |= {_FINAL.get(name, name) for name in http.outcomes}
    return Outcome(
        _sole(finals),
        frozenset(finals),
        shown,
        resolver,
        egress,
        network,
        http,
        isolation,
        route.refusal,
        route.inspected,
        request=request,
        addresses=route.addresses,
        offramps=route.offramps,
    )


def _sole(finals: Collection[str]) -> str:
    return next(iter(finals)) if len(finals) == 1 else UNKNOWN


def _ended(
    request: Request,
    finals: Collection[str],
    dns: Decision[DnsEffect],
    resolver: Decision[ResolverEffect] | None,
    refusal: RouteError | None = None,
) -> Outcome:
    """A request that goes no further than its lookup, or its route."""
    return Outcome(
        _sole(finals),
        frozenset(finals),
        dns,
        resolver,
        _NO_EGRESS,
        _NO_NETWORK,
        _NO_HTTP,
        None,
        refusal,
        request=request,
    )


#: The addresses of a name in their order; None where they are not known.
_Answers = tuple[IPAddress, ...] | None


def _lookup(
    stages: Stages, situation: Situation
) -> tuple[Decision[DnsEffect] | None, Decision[ResolverEffect] | None, list[_Answers]]:
    """The DNS stage, and the answers that it may give; no stage for an address."""
    target = situation.request.target
    if target.ip is not None:
        return None, None, [(target.ip,)]
    dns, resolver = ask_dns(stages, situation)
    if situation.request.record_type not in _ADDRESSES:
        return dns, resolver, []
    effects = [candidate.effect for candidate in dns.candidates if candidate.effect.outcome in _GOES_ON]
    each = {id(effect.answers): effect.answers for effect in effects}  # all that allow give the same, however long
    lookups = [addresses_of(answers, situation.context) for answers in each.values()]
    return dns, resolver, lookups if len(lookups) == 1 else list(dict.fromkeys(lookups))


def _route(request: Request, lookups: Iterable[_Answers], context: Context, router: Router | None) -> _Route:
    """Where the connection may go of all answers that have a way; refused where none has."""
    found: list[tuple[IPAddress | None, str | None, str | None]] = []
    refusal: RouteError | None = None
    refused: RouteError | None = None
    for answers in lookups:
        each: list[_Answers] = [answers]
        if answers is not None and context.addresses == "any":
            each = [(address,) for address in answers]
        ways = []
        for some in each or [()]:
            try:
                ways.append(_way(request, some, context, router))
            except RouteError as error:
                refused = error
        found += ways
        refusal = refusal or (None if ways else refused)
    if not found:
        return _Route((), (), refusal=refusal)
    if len(found) == 1:
        address, offramp, gateway = found[0]
        return _Route(
            None if address is None else (address,), None if offramp is None else (offramp,), gateway, refusal
        )
    addresses, offramps, inspected = zip(*found, strict=True)
    return _Route(
        _all_known(addresses), _all_known(offramps), inspected[0] if len(set(inspected)) == 1 else None, refusal
    )


def _all_known(values: Sequence[_T | None]) -> tuple[_T, ...] | None:
    """Each value once; None where one is not known."""
    known = [value for value in values if value is not None]
    return tuple(dict.fromkeys(known)) if len(known) == len(values) else None


def _way(
    request: Request, answers: _Answers, context: Context, router: Router | None
) -> tuple[IPAddress | None, str | None, str | None]:
    """Where a connection goes, how it leaves, and whether the policies apply to that; RouteError if it cannot."""
    if answers == ():
        raise RouteError("the name has no address", code="dns_error", address=str(request.target))
    if router is None:
        return None if answers is None else answers[0], context.offramp, None
    resolution = router.resolve(request.url or str(request.target), answers=None if request.target.version else answers)
    ip = None if resolution.ip is None else ip_address(resolution.ip)
    return ip, OFFRAMPS.get(resolution.offramp or ""), resolution.gateway


def _egress(stages: Stages, view: View) -> Decision[EgressEffect]:
    """The source of the connection; no rule chooses it for what goes to the account's own networks."""
    offramps = view().offramps
    if offramps is not None and "internet" not in offramps:
        return _NOT_CHOSEN
    return stages.egress.decide(view, egress_effect, EGRESS_DEFAULT)


def _http(stages: Stages, view: View) -> tuple[Decision[HttpEffect], Decision[IsolationEffect] | None]:
    if view().request.url is None:
        return _NOT_HTTP, None
    http = ask_http(stages, view)
    return http, None if http.outcomes == {"not_inspected"} else ask_isolation(stages, view)
