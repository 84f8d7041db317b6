"""lint: what is wrong in a route table or in its policies, what can never have an effect, what may not be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vpcroute.analysis.lint import names, policies, policy_values, wan, whole
from vpcroute.analysis.lint.checks import CHECKS, SEVERITIES, Check, LintCode, LintFinding, Severity
from vpcroute.analysis.lint.hiding import every_scene
from vpcroute.analysis.lint.seen import Seen
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["CHECKS", "SEVERITIES", "Check", "LintCode", "LintFinding", "Severity", "in_order", "lint"]

_LOOKS: Final[tuple[Callable[[Seen], Iterator[LintFinding]], ...]] = (
    *(whole.odd_records, whole.hidden_routes, names.hidden_names),
    *(wan.beside_zero_trust, wan.without_region, wan.duplicate_members, wan.ipv6, wan.down),
    *(names.overlaps, names.on_mesh, names.public_names),
    *(whole.public_ranges, whole.services, whole.connectors_down, whole.networks, whole.return_route),
    *(policies.as_read, policies.blocks_workers, policies.matches_workers, policies.allow_before_block),
    *(policies.ports_unseen, policies.resolvers, policy_values.never_matches, policy_values.global_first),
)
_PLACES: Final = {code: (SEVERITIES.index(check.severity), place) for place, (code, check) in enumerate(CHECKS.items())}


def lint(
    table: RouteTable,
    *,
    vantages: Iterable[Vantage] | None = None,
    paths: Mapping[object, str] = MappingProxyType({}),
) -> list[LintFinding]:
    """What lint finds in a table: errors first, then warnings and notes; those of one code together.

    Whether a route can win does not depend on what is healthy now; what is said to be down does.

    Args:
        table: the route table.
        vantages: from where it is looked at; None is every virtual network, in the table's routing mode. A region or
            colo that one of them does not have is every one.
        paths: where announcements, virtual networks and services stand in their document, as
            :func:`vpcroute.sources.document.read` fills it in.

    Raises:
        InvalidVantage: for one that the table does not know, or of a tunnel or service, which routes have no part in.
    """
    with table.reading():
        seen = Seen(table, every_scene(table, vantages), paths)
        return in_order(finding for look in _LOOKS for finding in look(seen))


def in_order(findings: Iterable[LintFinding]) -> list[LintFinding]:
    """Findings by severity and code, in the order of the checks."""
    return sorted(findings, key=lambda finding: _PLACES[finding.code])
