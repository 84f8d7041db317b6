"""Changes of Gateway's policies, as ``whatif`` takes them, and what they would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from vpcroute.analysis.policy_diff import PolicyDiff, changed, policy_diff
from vpcroute.analysis.policy_questions import Known, questions
from vpcroute.analysis.whatif import Change, around
from vpcroute.compiler import compile_table
from vpcroute.errors import quoted
from vpcroute.gateway import GatewayRule, GatewayState
from vpcroute.policies.gateway import GatewayPolicies
from vpcroute.policies.request import Context
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["AddRule", "RemoveRule", "SwitchRule", "compare_policies", "rehearse_policies"]


class _OfPolicies:
    def seen_from(self, vantage: Vantage) -> Vantage:
        return vantage


@attrs.frozen
class SwitchRule(_OfPolicies):
    """A rule is switched on or off.

    Attributes:
        rule: its id or its name.
        enabled: whether it is on then.
    """

    rule: str
    enabled: bool

    def apply(self, table: RouteTable) -> None:
        _replace(table, self.rule, lambda rule: [attrs.evolve(rule, enabled=self.enabled)])


@attrs.frozen
class RemoveRule(_OfPolicies):
    """A rule is deleted."""

    rule: str

    def apply(self, table: RouteTable) -> None:
        _replace(table, self.rule, lambda _: [])


@attrs.frozen
class AddRule(_OfPolicies):
    """A rule is made; one that has its id already is replaced."""

    rule: GatewayRule

    def apply(self, table: RouteTable) -> None:
        others = [rule for rule in table.gateway_rules if rule.id != self.rule.id]
        table.set_gateway([*others, self.rule], table.gateway_lists, table.gateway_settings)


def _replace(table: RouteTable, called: str, by: Callable[[GatewayRule], list[GatewayRule]]) -> None:
    """Puts others in the place of the rule with an id or a name; LookupError where none or several have it."""
    rules = table.gateway_rules
    found = [rule for rule in rules if rule.id == called] or [rule for rule in rules if rule.name == called]
    if len(found) != 1:
        ids = f": {', '.join(rule.id for rule in found)}" if found else ""
        raise LookupError(f"{'several policies are' if found else 'no policy is'} called {quoted(called)}{ids}")
    kept = [one for rule in rules for one in (by(rule) if rule is found[0] else [rule])]
    table.set_gateway(kept, table.gateway_lists, table.gateway_settings)


@attrs.frozen
class _Side:
    """The policies of a table at one time, with its routes."""

    gateway: GatewayPolicies
    known: Known
    state: GatewayState

    @classmethod
    def of(cls, table: RouteTable, vantage: Vantage, context: Context | None) -> _Side:
        gateway = GatewayPolicies.of(table, context, compile_table(table, vantage))
        state = (table.gateway_rules, table.gateway_lists, table.gateway_settings)
        return cls(gateway, Known.of(table), state)


def compare_policies(
    old: RouteTable, new: RouteTable, vantage: Vantage | None = None, context: Context | None = None
) -> PolicyDiff | None:
    """What changes for requests between the policies of two tables; None where they are the same."""
    seen = Vantage() if vantage is None else vantage
    return _between(_Side.of(old, seen, context), _Side.of(new, seen, context))


def rehearse_policies(
    table: RouteTable, changes: Iterable[Change], vantage: Vantage | None = None, context: Context | None = None
) -> PolicyDiff | None:
    """What some changes would change for requests; None where they leave the policies as they are."""
    seen = Vantage() if vantage is None else vantage
    return _between(*around(table, changes, lambda _: _Side.of(table, seen, context)))


def _between(old: _Side, new: _Side) -> PolicyDiff | None:
    differing = changed(old.state, new.state)
    if differing is None:
        return None
    asked = questions([old.known, new.known], differing.rules, differing.items)
    return policy_diff(old.gateway, new.gateway, asked)
