"""HTTP policies up to the moment when the request is sent on.

Do Not Inspect comes first, by precedence among its own; then isolation, which ends nothing; then allow, block, Do Not
Scan, redirect, by precedence (cloudflare-docs: cloudflare-one/traffic-policies/policy-types/http-policies/
order-of-enforcement). Rules with fields of the response or the body cannot be decided before these are there; a block
by what is in the body may override an earlier allow.
"""

from __future__ import annotations

from typing import Any, Final

import attrs
from ada_url import URL

from vpcroute.gateway import GatewayRule
from vpcroute.policies.connection import asks_for_session
from vpcroute.policies.decision import UNKNOWN, Candidate, Considered, Decision, default_of, settled
from vpcroute.policies.facts import Situation
from vpcroute.policies.rules import Account
from vpcroute.policies.stages import Stages
from vpcroute.policies.truth import Truth, Unknown, unknown
from vpcroute.policies.views import View

__all__ = ["HttpEffect", "IsolationEffect", "ask_http", "ask_isolation", "is_inspected", "sees_sni"]


@attrs.frozen
class HttpEffect:
    """What becomes of an HTTP request.

    Attributes:
        outcome: ``allowed``, ``blocked``, ``redirected``, ``not_inspected`` where no HTTP rule is asked,
            ``not_applicable`` for what is no HTTP, ``not_evaluated``, or ``unknown``.
        bypass: whether a Do Not Inspect rule let it through.
        location: where a redirect, or the block page, is.
        status: the status of the answer, where it is published.
    """

    outcome: str
    bypass: bool = False
    location: str | None = None
    status: int | None = None


@attrs.frozen
class IsolationEffect:
    """Whether a remote browser loads the page.

    Attributes:
        outcome: ``isolated``, ``not_isolated``, or ``unknown``.
    """

    outcome: str


def is_inspected(account: Account, situation: Situation) -> Truth:
    """Whether HTTP rules see the request: http on port 80, https on 443 where TLS is decrypted; others if dynamic."""
    target = situation.request.target
    if (target.scheme, target.port) not in (("http", 80), ("https", 443)) and not _sees_all_ports(account):
        return False
    if target.scheme == "http":
        return True
    said = situation.context.tls_inspection
    if said == "unknown" or (said == "settings" and account.settings is None):
        return unknown("tls_inspection", "whether Gateway decrypts the TLS of Workers is not known; it can be given")
    return said == "yes" or (said == "settings" and _is_set(account, "tls_decrypt"))


def sees_sni(account: Account, situation: Situation) -> bool:
    """Whether network rules see the name in the TLS handshake: on port 443, on any where inspection is dynamic."""
    target = situation.request.target
    return target.scheme == "https" and target.version == 0 and (target.port == 443 or _sees_all_ports(account))


def _sees_all_ports(account: Account) -> bool:
    return account.setting("inspection", "mode") == "dynamic" and _is_set(account, "protocol_detection")


def _is_set(account: Account, name: str) -> bool:
    return account.setting(name, "enabled") is True


def ask_http(stages: Stages, view: View) -> Decision[HttpEffect]:
    """What the HTTP policies do with the request."""
    inspected = is_inspected(stages.account, view())
    if inspected is False:
        return settled(HttpEffect("not_inspected"))
    decision = _ask_inspected(stages, view)
    if not isinstance(inspected, Unknown):
        return decision
    candidates = [Candidate(one.rule, one.effect, one.missing | inspected.missing) for one in decision.candidates]
    unseen = Candidate[HttpEffect](None, HttpEffect("not_inspected"), inspected.missing)
    return Decision((*candidates, unseen), lambda: decision.considered)


def _ask_inspected(stages: Stages, view: View) -> Decision[HttpEffect]:
    situation = view()
    off = stages.bypass.decide(view, lambda _: _BYPASS, _NO_BYPASS)
    skipping = () if off.candidates is _NO_BYPASS else tuple([one for one in off.candidates if one.rule is not None])
    if len(skipping) == len(off.candidates) and situation.request.is_https:
        return off
    default = _DEFAULTS[situation.context.http_default]
    decision = stages.http.decide(view, _effect(stages.account, situation), default)
    decision = _with_bodies(decision, stages, view)
    if skipping and not situation.request.is_https:
        # The documentation's chart sends plain HTTP past Do Not Inspect, its questions and answers say the contrary.
        doubt = unknown("Do Not Inspect", "whether it holds for plain HTTP is documented both ways").missing
        doubtful = [Candidate(one.rule, one.effect, one.missing | doubt) for one in skipping]
        skipping = tuple(doubtful) if decision.outcomes != {"allowed"} else ()
    return Decision((*skipping, *decision.candidates), lambda: off.considered + decision.considered)


def _with_bodies(decision: Decision[HttpEffect], stages: Stages, view: View) -> Decision[HttpEffect]:
    """The decision, and the rules behind a certain allow that may block by what is in the body."""
    last = decision.candidates[-1]
    allowing, bodies = last.rule, stages.bodies
    if not bodies.entries or allowing is None or last.effect.outcome != "allowed":
        return decision
    more = [
        Candidate(rule, HttpEffect("blocked"), match.missing)
        for rule, match in bodies.open(view)
        if stages.is_behind(rule, allowing)
    ]

    def considered() -> tuple[Considered, ...]:
        behind = [one for one in bodies.asked(view) if stages.is_behind(one.rule, allowing)]
        return (*decision.considered, *behind)

    return Decision((*decision.candidates, *more), considered)


_BYPASS: Final = HttpEffect("allowed", bypass=True)
_ALLOWED: Final = HttpEffect("allowed")
_NO_BYPASS: Final = default_of(_BYPASS)
_DEFAULTS: Final = {"allowed": default_of(_ALLOWED), "blocked": default_of(HttpEffect("blocked"))}


def _effect(account: Account, situation: Situation) -> Any:
    def effect(rule: GatewayRule | None) -> HttpEffect:
        if rule is None:
            return _DEFAULTS[situation.context.http_default][0].effect
        if rule.action in ("allow", "noscan") and not asks_for_session(rule):
            return _ALLOWED
        if rule.action == "block":
            page = _block_page(account, rule)
            return HttpEffect("blocked", location=page, status=None if page is None else 307)
        if rule.action == "redirect":
            location = _location(rule.settings.get("redirect") or {}, situation.request.url or "")
            return HttpEffect(UNKNOWN) if location is None else HttpEffect("redirected", location=location)
        return HttpEffect(UNKNOWN)

    return effect


def _block_page(account: Account, rule: GatewayRule) -> str | None:
    """Where the client is sent instead of being shown Gateway's own block page."""
    own = (rule.settings.get("block_page") or {}).get("target_uri")
    if own:
        return str(own)
    target = account.setting("block_page", "target_uri")
    return str(target) if target and account.setting("block_page", "mode") == "redirect_uri" else None


def _location(redirect: Any, url: str) -> str | None:
    """Where a redirect leads: path and query of the request follow if asked for; the redirect's own query wins."""
    try:
        target = URL(str(redirect.get("target_uri")))
        if redirect.get("preserve_path_and_query"):
            asked = URL(url)
            target.pathname = target.pathname.removesuffix("/") + asked.pathname
            target.search = "&".join(_merged(_parameters(target), _parameters(asked)))
    except (ValueError, AttributeError):
        return None
    return target.href


def _parameters(url: URL) -> list[str]:
    return [part for part in url.search.removeprefix("?").split("&") if part]


def _merged(own: list[str], asked: list[str]) -> list[str]:
    names = {part.partition("=")[0] for part in own}
    return own + [part for part in asked if part.partition("=")[0] not in names]


_NOT_ISOLATED: Final = IsolationEffect("not_isolated")
_NO_ISOLATION: Final = default_of(_NOT_ISOLATED)


def ask_isolation(stages: Stages, view: View) -> Decision[IsolationEffect]:
    """Whether the request is isolated: only what accepts HTML is, and what has no identity only if so set."""
    accepts = "text/html" in view().request.headers.get("accept", "")

    def effect(rule: GatewayRule | None) -> IsolationEffect:
        if rule is None or rule.action == "noisolate" or not accepts:
            return _NOT_ISOLATED
        refused = stages.account.setting("browser_isolation", "non_identity_enabled") is False
        return IsolationEffect(UNKNOWN if refused else "isolated")

    return stages.isolation.decide(view, effect, _NO_ISOLATION)
