"""DNS and resolver policies: what becomes of the lookup of a name.

Rules whose fields are all there before resolution are asked first, whatever their precedence; then the resolver rules;
then, with the answers, the rules with a field of the answer. The first match of all DNS rules ends the stage, so an
``allow`` before resolution keeps a ``block`` behind it from being asked (cloudflare-docs:
partials/cloudflare-one/gateway/order-of-enforcement; cloudflare-one/traffic-policies/policy-types/dns-policies,
resolver-policies).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import attrs

from vpcroute.errors import told
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.gateway import GatewayRule
from vpcroute.policies.decision import UNKNOWN, Decision, default_of
from vpcroute.policies.facts import Situation
from vpcroute.policies.request import Context
from vpcroute.policies.stages import Stages
from vpcroute.policies.truth import unknown
from vpcroute.policies.views import View

__all__ = ["BLOCK_PAGE", "DnsEffect", "DnsPhase", "ResolverAddress", "ResolverEffect", "addresses_of", "ask_dns"]

DnsPhase = Literal["pre", "post", "default"]

#: Stands for the address of Gateway's block page, which is not published.
BLOCK_PAGE: Final = "block_page"
_NOWHERE: Final[Mapping[str, str]] = {"A": "0.0.0.0", "AAAA": "::"}  # noqa: S104  (an answer)
_OVERRIDABLE: Final = frozenset({"A", "AAAA", "HTTPS"})
_REFUSED: Final = 5
_OF_ADDRESSES: Final = (unknown("categories of addresses", "Cloudflare's data"),)


@attrs.frozen
class DnsEffect:
    """What a lookup is answered with.

    Attributes:
        outcome: ``allowed``, ``blocked``, ``overridden``, ``rewritten`` (SafeSearch, YouTube), ``not_evaluated``, or
            ``unknown`` for an action of which no document says what it does.
        phase: ``pre`` or ``post`` for a rule asked before or after resolution, ``default`` where none matched.
        answers: the answers in text form, :data:`BLOCK_PAGE` among them; None where they are not known.
        rcode: the response code, or None where it is not known.
    """

    outcome: str
    phase: DnsPhase = "default"
    answers: tuple[str, ...] | None = None
    rcode: int | None = None


@attrs.frozen
class ResolverAddress:
    """A resolver that a policy names.

    Attributes:
        ip, port: where it is.
        private: whether it is reached through the account's own routes.
        virtual_network: the id of the network that it is looked for in; None for the default.
    """

    ip: IPAddress
    port: int = 53
    private: bool = False
    virtual_network: str | None = None

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


@attrs.frozen
class ResolverEffect:
    """Who resolves a name.

    Attributes:
        outcome: ``cloudflare_1.1.1.1``, ``custom``, ``internal``, or ``unknown``.
        resolvers: the resolvers of a policy in the order in which they are tried: public ones, private ones of the
            default virtual network, private ones of others.
        view: the id of the view of Cloudflare's internal DNS.
        fallback: what is asked when internal DNS has no answer: ``none`` or ``public_dns``.
    """

    outcome: str
    resolvers: tuple[ResolverAddress, ...] = ()
    view: str | None = None
    fallback: str | None = None


def addresses_of(answers: Iterable[str] | None, context: Context) -> tuple[IPAddress, ...] | None:
    """The addresses among answers; None where the answers are not known, or one of them is not published."""
    if answers is None or BLOCK_PAGE in (answers := tuple(answers)):
        return None
    return tuple([context.read(answer) for answer in answers])


def ask_dns(stages: Stages, situation: Situation) -> tuple[Decision[DnsEffect], Decision[ResolverEffect] | None]:
    """What the DNS policies do, and who resolves; None for a name that certainly is not resolved."""
    lookup = _Lookup(situation)
    before = stages.before.decide(lookup.view, lookup.effect("pre"), _ASKED_ON)
    if before.candidates[-1].rule is not None:
        resolved = "allowed" in before.outcomes
        return before, stages.resolver.decide(lookup.view, _resolver, _BY_CLOUDFLARE) if resolved else None
    after = stages.after.decide(lookup.view, lookup.effect("post"))
    candidates = (*before.candidates[:-1], *after.candidates)
    decision = Decision(candidates, lambda: before.considered + after.considered)
    return decision, stages.resolver.decide(lookup.view, _resolver, _BY_CLOUDFLARE)


class _Lookup:
    """One lookup, as rules see it, and what they do with it."""

    def __init__(self, situation: Situation) -> None:
        context = situation.context
        known = context.answers.get(situation.name or "")
        self._answers = None if known is None else tuple(known.get(situation.request.record_type, ()))
        self._situation = situation.where(addresses=context.addresses_of(situation.name))
        chain = () if known is None else known.get("CNAME", ())
        self._chain = tuple([one for name in chain for one in _categories(situation, name)])
        self.view = View(self._situation, self._seen)

    def _seen(self, variant: int) -> Situation:
        """What rules see: the names that the answer led through, and its addresses, have categories too."""
        more = (self._chain if variant & 1 else ()) + (_OF_ADDRESSES if variant & 2 else ())
        return self._situation.where(categories=more) if more else self._situation

    def effect(self, phase: DnsPhase) -> Any:
        """What a rule does, asked in a phase."""
        return lambda rule: self._allowed("default") if rule is None else self._effect(rule, phase)

    def _allowed(self, phase: DnsPhase) -> DnsEffect:
        return DnsEffect("allowed", phase, self._answers, None if self._answers is None else 0)

    def _effect(self, rule: GatewayRule, phase: DnsPhase) -> DnsEffect:
        type_ = self._situation.request.record_type
        if rule.action == "allow":
            return self._allowed(phase)
        if rule.action == "block":
            if type_ not in _NOWHERE:
                return DnsEffect("blocked", phase, (), _REFUSED)
            page = rule.settings.get("block_page_enabled")
            return DnsEffect("blocked", phase, (BLOCK_PAGE if page else _NOWHERE[type_],), 0)
        if rule.action == "override" and phase == "pre":
            return self._override(rule, type_)
        if rule.action in ("safesearch", "ytrestricted"):
            return DnsEffect("rewritten", phase)
        return DnsEffect(UNKNOWN, phase)  # also an override that is asked after resolution, which the API refuses

    def _override(self, rule: GatewayRule, type_: str) -> DnsEffect:
        if type_ not in _OVERRIDABLE:
            return DnsEffect("overridden", "pre", (), _REFUSED)
        host = rule.settings.get("override_host")
        if host:
            answers = self._situation.context.answers.get(_name(host))
            found = None if answers is None else tuple(answers.get(type_, ()))
            return DnsEffect("overridden", "pre", found, None if found is None else 0)
        try:
            ips = [read_ip(str(ip)) for ip in rule.settings.get("override_ips") or ()]
        except ValueError:
            return DnsEffect(UNKNOWN, "pre")
        version = 6 if type_ == "AAAA" else 4
        return DnsEffect("overridden", "pre", tuple([str(ip) for ip in ips if ip.version == version]), 0)


def _name(text: object) -> str:
    try:
        return ascii_name(str(text))
    except ValueError:
        return ""


def _categories(situation: Situation, name: str) -> tuple[Any, ...]:
    """The categories of a name that an answer led through."""
    provider = situation.context.provider
    found = None if provider is None else provider.categories(name)
    return (unknown(f"categories of {told(name)}", "Cloudflare's data"),) if found is None else tuple(found)


_CLOUDFLARE: Final = ResolverEffect("cloudflare_1.1.1.1")
_BY_CLOUDFLARE: Final = default_of(_CLOUDFLARE)
#: Where no rule is asked before resolution: the rules behind it say what happens.
_ASKED_ON: Final = default_of(DnsEffect("allowed"))


def _resolver(rule: GatewayRule | None) -> ResolverEffect:
    if rule is None:
        return _CLOUDFLARE
    settings = rule.settings
    custom, internal = settings.get("dns_resolvers"), settings.get("resolve_dns_internally")
    named = [bool(custom), bool(internal), settings.get("resolve_dns_through_cloudflare") is True]
    if rule.action != "resolve" or sum(named) != 1:
        return ResolverEffect(UNKNOWN)  # the API's own example sets all three; which one holds, it does not say
    try:
        if custom:
            return ResolverEffect("custom", _resolvers(custom))
        if internal:
            view, fallback = internal.get("view_id"), internal.get("fallback")
            return ResolverEffect("internal", view=view, fallback=fallback)
    except (ValueError, TypeError, AttributeError, KeyError):
        return ResolverEffect(UNKNOWN)
    return _CLOUDFLARE


def _resolvers(settings: Mapping[str, Any]) -> tuple[ResolverAddress, ...]:
    """The resolvers of a policy; a stable sort keeps those of a kind in the order of the policy."""
    found = [
        ResolverAddress(
            read_ip(one["ip"]),
            int(one.get("port") or 53),
            bool(one.get("route_through_private_network")),
            one.get("vnet_id") or None,
        )
        for family in ("ipv4", "ipv6")
        for one in settings.get(family) or ()
    ]
    return tuple(sorted(found, key=lambda one: (one.private, one.virtual_network is not None)))
