"""Route and policies of an address as one answer: which rule decides, why each earlier one did not, what is not known.

Whether Gateway's policies apply to what goes to private destinations no document says: what they block there may be
allowed all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

import attrs

from vpcroute.errors import RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.gateway import GatewayRule
from vpcroute.policies.conditions import Absent, Maybe, OneOf, Open
from vpcroute.policies.decision import Considered, Decision
from vpcroute.policies.facts import BY_HOST, Situation
from vpcroute.policies.gateway import GatewayPolicies
from vpcroute.policies.http import sees_sni
from vpcroute.policies.pipeline import Outcome
from vpcroute.policies.request import Request
from vpcroute.policies.selectors import SELECTORS, Filter
from vpcroute.policies.survey import mentions
from vpcroute.policies.truth import Unknown

__all__ = ["STAGES", "PolicyAnswer", "Stage", "ask_policies", "name_of", "reasons", "stages_of"]

_IPV6: Final = 1 << 32  # where the numbers of IPv6 addresses begin
_MOST_VALUES: Final = 8
#: What a stage does to a request that goes on.
_PASSES: Final = frozenset({"allowed", "not_evaluated", "not_inspected", "not_applicable"})


@attrs.frozen
class Stage:
    """A stage of a request's way.

    Attributes:
        name: what it is called.
        decision: what it does.
        filter: the kind of its rules.
        ends: whether it may end the way, or lead elsewhere.
    """

    name: str
    decision: Decision[Any]
    filter: Filter
    ends: bool


#: The stages in their order: the name, where an outcome has it, the kind of its rules, whether it may end the way.
STAGES: Final[tuple[tuple[str, str, Filter, bool], ...]] = (
    ("DNS", "dns", "dns", True),
    ("resolver", "resolver", "dns_resolver", False),
    ("egress", "egress", "egress", False),
    ("network", "network", "l4", True),
    ("HTTP", "http", "http", True),
    ("isolation", "isolation", "http", False),
)


@attrs.frozen
class PolicyAnswer:
    """What becomes of a request to an address.

    Attributes:
        address: as it was given.
        resolution: where it goes, or why it is refused or cannot be read.
        outcome: what the policies do; None for what cannot be read.
    """

    address: str
    resolution: Resolution | RouteError
    outcome: Outcome | None

    @property
    def applies(self) -> bool:
        """Whether it is documented that the policies apply: by where it goes in the end, as far as that is known."""
        if self.outcome is not None and self.outcome.offramps is not None:
            return set(self.outcome.offramps) <= {"internet"}
        return isinstance(self.resolution, RouteError) or self.resolution.gateway == "inspected"

    @property
    def finals(self) -> frozenset[str]:
        """All that may become of the request."""
        if self.outcome is None:
            return frozenset({"unreadable"})
        return self.outcome.finals if self.applies else self.outcome.finals | {"allowed"}

    @property
    def final(self) -> str:
        """What becomes of it; ``unknown`` where that is not certain."""
        finals = self.finals
        return next(iter(finals)) if len(finals) == 1 else "unknown"

    @property
    def stages(self) -> list[Stage]:
        """The stages that are reached, or may be."""
        return [] if self.outcome is None else stages_of(self.outcome)

    @property
    def deciding(self) -> list[Stage]:
        """The stages that end the way or may end it; where none does, those in which a rule lets it pass."""
        ending = [stage for stage in self.stages if stage.ends]
        found = [stage for stage in ending if stage.decision.outcomes - _PASSES]
        return found or [stage for stage in ending if stage.decision.rule is not None]


def stages_of(outcome: Outcome) -> list[Stage]:
    """The stages of an outcome that are reached, or may be."""
    found = [Stage(name, getattr(outcome, where), filter_, ends) for name, where, filter_, ends in STAGES]
    return [one for one in found if one.decision is not None and one.decision.outcome != "not_evaluated"]


def ask_policies(
    gateway: GatewayPolicies,
    resolution: Resolution | RouteError,
    address: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    as_fetch: bool | None = None,
) -> PolicyAnswer:
    """What the policies do with a request to an address.

    Args:
        gateway: the policies.
        resolution: where the address goes.
        address: a URL for ``fetch()``, or an address for ``connect()``.
        method, headers: of a ``fetch()``.
        as_fetch: whether it is a ``fetch()``; None for what it is read as.
    """
    try:
        if "://" in address if as_fetch is None else as_fetch:
            request = Request.fetch(address, method=method, headers=headers)
        else:
            request = Request.connect(address)
    except RouteError as error:
        return PolicyAnswer(address, error, None)
    if _is_ipv6(gateway, resolution, request):
        request = attrs.evolve(request, record_type="AAAA")
    return PolicyAnswer(address, resolution, gateway.evaluate(resolution, request))


def _is_ipv6(gateway: GatewayPolicies, resolution: Resolution | RouteError, request: Request) -> bool:
    """Whether the name is connected to by an IPv6 address: the one that it resolves to, or else all that it has."""
    if isinstance(resolution, Resolution) and resolution.ip is not None:
        return resolution.ip.version == 6
    answers = gateway.context.answers.get(request.target.host, {})
    return bool(answers.get("AAAA")) and not answers.get("A")


# In words


def name_of(rule: GatewayRule | None) -> str:
    """What a rule is called."""
    return "no rule" if rule is None else printable(rule.name or rule.id)


def reasons(gateway: GatewayPolicies, outcome: Outcome, stage: Stage, considered: Considered) -> Iterator[str]:
    """Why a rule matches, does not, or of what it hangs."""
    rule, because, match = considered.rule, considered.because, considered.match
    text = str(getattr(rule, because, "")) if because in _PARTS else ""
    if isinstance(match, Unknown):
        for missing in sorted(match.missing):
            yield f"hangs on {printable(missing.what)}: {missing.reason}"
    elif match:
        parts = [part for part in _PARTS if getattr(rule, part).strip(" \r\n")]
        yield f"{' and '.join(parts)} holds: {_said(rule, parts)}" if parts else "it has no conditions"
    elif because in _PARTS:
        yield f"{because} does not hold: {_flat(text)}"
        yield from _values(gateway, outcome, stage, rule, because)
    else:
        yield _OFF.get(because, because)


_PARTS: Final = ("traffic", "identity", "device_posture")
_OFF: Final[Mapping[str, str]] = {
    "enabled": "it is switched off",
    "expiration": "it has expired",
    "schedule": "its schedule is off at that time",
}


def _said(rule: GatewayRule, parts: list[str]) -> str:
    return " and ".join(_flat(getattr(rule, part)) for part in parts)


def _flat(text: str) -> str:
    return printable(" ".join(text.split()))


def _values(gateway: GatewayPolicies, outcome: Outcome, stage: Stage, rule: GatewayRule, part: str) -> Iterator[str]:
    """The values of the fields that a condition looks at."""
    if outcome.request is None:
        return
    situation = Situation(outcome.request, gateway.context, outcome.addresses, outcome.offramps)
    situation = situation.where(sni=sees_sni(gateway.account, situation))
    if stage.filter == "egress":
        situation = situation.where(hides=BY_HOST)
    fields = dict.fromkeys(mention.field for mention in mentions(rule) if mention.part == part)
    for field in fields:
        if field in SELECTORS:
            yield f"{field} is {_told(situation.value(field), SELECTORS[field].type)}"


def _told(value: Any, type_: str) -> str:
    """A field's value in words."""
    if isinstance(value, Absent):
        return "absent"
    if isinstance(value, Unknown):
        return "not known"
    if isinstance(value, Maybe):
        return f"perhaps {_told(value.value, type_)}"
    if isinstance(value, OneOf):
        return " or ".join(dict.fromkeys(_told(each, type_) for each in value.values))
    if isinstance(value, Open):
        return (
            f"{printable(value.prefix.decode('utf-8', 'replace'))}…{printable(value.suffix.decode('utf-8', 'replace'))}"
        )
    if isinstance(value, tuple):
        shown = [_told(each, type_) for each in value[:_MOST_VALUES]]
        return (", ".join(shown) or "empty") + (", …" if len(value) > _MOST_VALUES else "")
    if isinstance(value, bytes):
        return printable(value.decode("utf-8", "replace")) or "empty"
    if isinstance(value, bool) or type_ != "ip":
        return str(value).lower()
    return str(ip_address(value) if value < _IPV6 else ip_address((value - _IPV6).to_bytes(16)))
