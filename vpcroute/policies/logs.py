"""The log records that a request leaves, as predicted, in the field names of Cloudflare's datasets.

A record holds only what can be known: no data centre, source, time or identity unless it is given, and no field whose
value hangs on which of several rules decides. A failed connection leaves no record of these datasets. Field names:
cloudflare-docs: logs/logpush/logpush-job/datasets/account/gateway_dns, gateway_http, gateway_network; the words of
``ResolverDecision``: cloudflare-one/insights/logs/dashboard-logs/gateway-logs, which has none for a rule on the name.
The words of ``Action`` are published nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import attrs
from dns import rdatatype

from vpcroute.gateway import GatewayRule
from vpcroute.policies.decision import Decision
from vpcroute.policies.dns import BLOCK_PAGE, DnsEffect, ResolverEffect
from vpcroute.policies.facts import DNS_CATEGORIES, Situation
from vpcroute.policies.http import sees_sni
from vpcroute.policies.literals import single
from vpcroute.policies.pipeline import Outcome
from vpcroute.policies.request import Context, Request
from vpcroute.policies.rules import Account
from vpcroute.policies.survey import fields_used, mentions
from vpcroute.policies.syntax import Items, Number

__all__ = ["Dataset", "LogRecord", "log_records"]

Dataset = Literal["gateway_dns", "gateway_network", "gateway_http"]

#: Fields of records whose values follow from what is given for a field of the rules.
_GIVEN: Final[Mapping[Dataset, Mapping[str, str]]] = {
    "gateway_dns": {
        "dns.src_ip": "SrcIP",
        "dns.src.geo.country": "SrcIPCountryCode",
        "dns.src.geo.continent": "SrcIPContinentCode",
        "dns.location": "LocationID",
        "dns.doh_subdomain": "DoHSubdomain",
        "identity.email": "Email",
    },
    "gateway_network": {
        "net.src.ip": "SourceIP",
        "net.src.port": "SourcePort",
        "net.src.internal_ip": "SourceInternalIP",
        "net.src.geo.country": "SourceIPCountryCode",
        "net.src.geo.continent": "SourceIPContinentCode",
        "net.vnet_id": "VirtualNetworkID",
        "identity.email": "Email",
    },
    "gateway_http": {
        "http.conn.src_ip": "SourceIP",
        "http.conn.internal_src_ip": "SourceInternalIP",
        "http.src_ip.geo.country": "SourceIPCountryCode",
        "http.src_ip.geo.continent": "SourceIPContinentCode",
        "http.conn.vnet_id": "VirtualNetworkID",
        "identity.email": "Email",
    },
}
#: Of a rule with fields of one of these kinds only, what decided is known by a word.
_ABOUT: Final[tuple[tuple[frozenset[str], Mapping[str, str]], ...]] = (
    (DNS_CATEGORIES, {"blocked": "blockedByCategory"}),
    (frozenset({"dns.resolved_ips"}), {"blocked": "blockedRule", "allowed": "allowedRule"}),
    (
        frozenset({"dns.fqdn", "dns.domains"}),
        {"blocked": "blockedByQueryName", "allowed": "allowedByQueryName"},
    ),
)
_NOT_PUBLISHED: Final = frozenset({"blockedByQueryName", "allowedByQueryName"})
_ACTIONS: Final[Mapping[str, str]] = {"allowed": "allow", "blocked": "block", "redirected": "redirect"}
#: What is known of a connection's way where the policies may not apply to it.
_INSPECTED: Final = "inspected"
_HEADERS: Final = (("add_headers", "AddedHeaders"), ("set_headers", "SetHeaders"), ("delete_headers", "DeletedHeaders"))


@attrs.frozen
class LogRecord:
    """A record that a request leaves.

    Attributes:
        dataset: the dataset that it is of.
        fields: what is known of it.
        certain: whether it is certain that there is such a record.
        assumed: fields whose values rest on no published list of values.
    """

    dataset: Dataset
    fields: Mapping[str, Any]
    certain: bool = True
    assumed: frozenset[str] = frozenset()


def log_records(account: Account, context: Context, outcome: Outcome) -> tuple[LogRecord, ...]:
    """The records of a request and of those that it is redirected to.

    Args:
        account, context: what `outcome` was found with.
        outcome: what becomes of the request.
    """
    found: list[LogRecord] = []
    following: Outcome | None = outcome
    while following is not None and following.request is not None:
        found += _Predicted(account, context, following, following.request).records()
        following, context = following.next, context.elsewhere()
    return tuple(found)


class _Predicted:
    """The records of one request."""

    def __init__(self, account: Account, context: Context, outcome: Outcome, request: Request) -> None:
        self._account = account
        self._context = context
        self._outcome = outcome
        self._request = request
        self._situation = Situation(request, context, outcome.addresses, outcome.offramps)
        self._is_logged = account.setting("activity_log", "enabled") is not False

    def records(self) -> Iterator[LogRecord]:
        outcome = self._outcome
        if outcome.dns.outcome != "not_evaluated":
            yield self._dns()
        certain = self._is_logged and self._is_connected()
        if outcome.network.outcome != "not_evaluated":
            overridden = "overridden" in outcome.network.outcomes  # logged if the other connection is made
            yield self._network(certain=certain and not overridden)
        if outcome.http.outcomes - {"not_evaluated", "not_applicable", "not_inspected"}:
            inspected = "not_inspected" not in outcome.http.outcomes and outcome.network.outcomes == {"allowed"}
            yield self._http(certain=certain and inspected)

    def _is_connected(self) -> bool:
        outcome = self._outcome
        looked_up = outcome.dns.outcomes <= {"not_evaluated", "allowed", "overridden", "rewritten"}
        applies = outcome.inspected in (None, _INSPECTED)
        return looked_up and applies and not outcome.finals & {"refused", "connect_failed"}

    def _record(self, dataset: Dataset, certain: bool, assumed: frozenset[str], fields: Mapping[str, Any]) -> LogRecord:
        """A record without the fields that are not known, and with those that are given."""
        context = self._context
        time = None if context.now is None else context.now.isoformat()
        given = {log: context.given.get(field) for field, log in _GIVEN[dataset].items()}
        known = {"Datetime": time, **fields, **{log: _plain(value) for log, value in given.items()}}
        held = {name: value for name, value in known.items() if value is not None}
        return LogRecord(dataset, held, certain, frozenset(assumed & held.keys()))

    # The lookup

    def _dns(self) -> LogRecord:
        dns, request = self._outcome.dns, self._request
        type_ = rdatatype.from_text(request.record_type)
        resolved = _decision_word(dns)
        fields = {
            "QueryName": request.target.host,
            "QueryNameReversed": ".".join(reversed(request.target.host.split("."))),
            "QueryType": int(type_),
            "QueryTypeName": rdatatype.to_text(type_),
            "ResolverDecision": resolved,
            **_policy(dns),
            **self._answers(dns),
            **self._categories(dns.rule),
            **_resolver(self._outcome.resolver),
        }
        assumed = {"CustomResolverAddress"} | ({"ResolverDecision"} if resolved in _NOT_PUBLISHED else set())
        return self._record("gateway_dns", self._is_logged, frozenset(assumed), fields)

    def _answers(self, dns: Decision[DnsEffect]) -> dict[str, Any]:
        """The response code, and the addresses where they are known and published."""
        effect = dns.effect
        if effect is None:
            return {}
        known = effect.answers is not None and BLOCK_PAGE not in effect.answers
        addresses = known and self._request.record_type in ("A", "AAAA")
        return {"RCode": effect.rcode, "ResolvedIPs": list(effect.answers or ()) if addresses else None}

    def _categories(self, rule: GatewayRule | None) -> dict[str, Any]:
        """The categories of the name, where a provider has them, and those that the deciding rule asks for."""
        provider = self._context.provider
        said = None if provider is None else provider.categories(self._request.target.host)
        own: set[Any] = set(said or ())
        for field in DNS_CATEGORIES:
            given: Any = self._context.given.get(field)
            own.update(given or ())
        asked = set() if rule is None else _numbers_asked(rule)
        return {
            "QueryCategoryIDs": None if said is None else sorted(said),
            "MatchedCategoryIDs": sorted(own & asked) or None,
        }

    # The connection

    def _connection(self) -> dict[str, Any]:
        addresses = self._outcome.addresses
        address = addresses[0] if addresses is not None and len(addresses) == 1 else None
        known: dict[str, Any] = {"DestinationPort": self._request.target.port}
        if address is not None:
            known["DestinationIP"] = str(address)
            provider = self._context.provider
            if provider is not None:
                known["DestinationIPCountryCode"] = provider.country(address)
                known["DestinationIPContinentCode"] = provider.continent(address)
        return known

    def _network(self, *, certain: bool) -> LogRecord:
        network = self._outcome.network
        effect = network.effect
        action = "l4_override" if network.outcome == "overridden" else _ACTIONS.get(network.outcome)
        fields = {
            **self._connection(),
            "TransportProtocol": "tcp",
            "SNI": self._request.target.host if sees_sni(self._account, self._situation) else None,
            "Action": action,
            **_policy(network, none=""),
            "OverrideIP": None if effect is None else effect.ip,
            "OverridePort": None if effect is None else effect.port,
        }
        return self._record("gateway_network", certain, frozenset({"Action", *_unnamed(network)}), fields)

    def _http(self, *, certain: bool) -> LogRecord:
        http, request = self._outcome.http, self._request
        bypassed = {candidate.effect.bypass for candidate in http.candidates}
        seen = bypassed == {False}  # of what is not decrypted only the name in the handshake is
        action = _ACTIONS.get(http.outcome) if seen else "bypass" if bypassed == {True} else None
        effect = http.effect
        isolation = self._outcome.isolation
        fields = {
            **self._connection(),
            "Action": action,
            "HTTPHost": request.target.host,
            **_policy(http, none=""),
        }
        if seen:
            headers = request.headers
            fields |= {
                "HTTPMethod": request.method,
                "URL": request.url,
                "UserAgent": headers.get("user-agent"),
                "Referer": headers.get("referer"),
                "RedirectTargetURI": None if effect is None else effect.location,
                "IsIsolated": _IS_ISOLATED.get("" if isolation is None else isolation.outcome),
                **_changed_headers(http.rule),
            }
        return self._record("gateway_http", certain, frozenset({"Action", *_unnamed(http)}), fields)


_IS_ISOLATED: Final = {"isolated": True, "not_isolated": False}


def _plain(value: Any) -> Any:
    """A given value as JSON has it."""
    return value if value is None or isinstance(value, str | int) else str(value)


def _policy(decision: Decision[Any], none: str | None = None) -> dict[str, Any]:
    """The rule that decides; `none` stands for the default."""
    rule = decision.rule
    if rule is None:
        return {"PolicyID": none if len(decision.candidates) == 1 else None}
    return {"PolicyID": rule.id, "PolicyName": rule.name}


def _unnamed(decision: Decision[Any]) -> set[str]:
    """That no rule is named where none matches is an assumption."""
    return {"PolicyID"} if decision.rule is None else set()


def _decision_word(dns: Decision[DnsEffect]) -> str | None:
    """The word for what decided a lookup; None where it is not certain, or has none."""
    outcome, rule = dns.outcome, dns.rule
    if len(dns.candidates) > 1:
        return None
    if rule is None:
        return "allowedOnNoPolicyMatch"
    if rule.action in ("override", "safesearch"):
        return {"overridden": "overrideApplied", "rewritten": "overrideForSafeSearch"}.get(outcome)
    used = fields_used(rule)
    return next((words.get(outcome) for fields, words in _ABOUT if used and used <= fields), None)


def _numbers_asked(rule: GatewayRule) -> set[Any]:
    """The categories that a rule compares with."""
    found: set[Any] = set()
    for mention in mentions(rule):
        right = mention.comparison.right
        if mention.field in DNS_CATEGORIES and not mention.negated and right is not None:
            literals = right.items if isinstance(right, Items) else (right,)
            found.update(single(literal, "int") for literal in literals if isinstance(literal, Number))
    return found


def _resolver(resolver: Decision[ResolverEffect] | None) -> dict[str, Any]:
    effect = None if resolver is None else resolver.effect
    if resolver is None or effect is None or resolver.rule is None:
        return {}
    return {
        "ResolverPolicyID": resolver.rule.id,
        "ResolverPolicyName": resolver.rule.name,
        "CustomResolverAddress": str(effect.resolvers[0]) if effect.resolvers else None,
        "InternalDNSViewID": effect.view,
        "InternalDNSFallbackStrategy": effect.fallback,
    }


def _changed_headers(rule: GatewayRule | None) -> dict[str, Any]:
    """The names of the headers that a rule changes."""
    settings: Mapping[str, Any] = {} if rule is None or rule.action != "allow" else rule.settings
    names = {log: settings.get(key) for key, log in _HEADERS}
    return {log: sorted(map(str, value)) for log, value in names.items() if isinstance(value, Mapping) and value}
