"""What a resolver from a file decides by: outcomes, without the routes that led to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs

from vpcroute.announcements import HostnameRoute
from vpcroute.egress import Egress, Gateway
from vpcroute.errors import RouteError
from vpcroute.fib.decided import Decided
from vpcroute.fib.hostnames import NUMBER_BITS, Hostnames, RouteNumbers
from vpcroute.outcomes import GatewayRole, Outcome, Refusal, decide_name
from vpcroute.precedence import NameCandidates, View

__all__ = ["SavedFamily", "SavedTables", "Unsaved", "saved_numbers"]


@attrs.frozen
class Unsaved:
    """A decision of which only the egress was saved.

    All else is asked for in vain: RouteError with the code ``routes_not_saved``.
    """

    egress: Egress

    @property
    def gateway(self) -> GatewayRole:
        """What Gateway does with the traffic."""
        return "inspected" if isinstance(self.egress, Gateway) else "unspecified"

    @property
    def route(self) -> Any:
        """Not saved."""
        raise _not_saved("the route that decided")

    @property
    def guaranteed(self) -> Any:
        """Not saved."""
        raise _not_saved("whether the answer is guaranteed")

    @property
    def alternates(self) -> Any:
        """Not saved."""
        raise _not_saved("what else may happen")

    @property
    def remarks(self) -> Any:
        """Not saved."""
        raise _not_saved("remarks")


def _not_saved(what: str) -> RouteError:
    return RouteError(
        f"the file of the resolver does not say: {what}",
        code="routes_not_saved",
        hint="ask a resolver that was compiled from the table",
    )


@attrs.frozen(eq=False)
class SavedFamily:
    """One address family: where its addresses lead, and no more."""

    trie: Any

    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        return int(self.trie.nbytes())


@attrs.frozen(eq=False)
class SavedTables:
    """Both families and the names; stands in the place of :class:`vpcroute.fib.tables.Tables`."""

    v4: SavedFamily
    v6: SavedFamily
    names: Hostnames
    decided: Decided

    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        return self.v4.nbytes() + self.v6.nbytes() + int(self.names.index.nbytes())

    def decide(self, version: int, number: int, view: View | None) -> Outcome:
        """The outcome for an address."""
        family = self.v4 if version == 4 else self.v6
        outcome: int = self.decided.numbers[family.trie.find(number)]
        if outcome < 0:
            return self.decided.refusals[~outcome]
        return cast(Outcome, Unsaved(self.decided.egresses[outcome]))

    def decide_name(self, name: str, view: View | None) -> tuple[Outcome | None, HostnameRoute | None]:
        """The outcome for a name by its hostname routes, or None; and the stored record that may take it."""
        route: Any = self.names.find(name)
        if route is None:
            return None, self.names.stored.get(name.partition(".")[2])
        if isinstance(route, HostnameRoute):  # not in force; the others were not saved
            refusal = decide_name(NameCandidates(exact=route), view)  # type: ignore[arg-type]
            assert isinstance(refusal, Refusal)  # noqa: S101
            return refusal, None
        outcome: Outcome = route
        return outcome, None


def saved_numbers(vias: list[Egress | None], stopped: Mapping[int, HostnameRoute]) -> RouteNumbers:
    """Route numbers where only the connectors of the routes are known, and all of those that are not in force."""
    numbers = RouteNumbers()
    numbers.vias = vias
    numbers.routes = cast(Any, _SavedRoutes([None if via is None else Unsaved(via) for via in vias], stopped))
    return numbers


class _SavedRoutes(Sequence[Any]):
    """What stands at each route number; a list of them all would take a hundred times the file."""

    def __init__(self, ways: list[Unsaved | None], stopped: Mapping[int, HostnameRoute]) -> None:
        self._ways = ways
        self._stopped = stopped

    def __len__(self) -> int:
        return len(self._ways) << NUMBER_BITS

    def __getitem__(self, number: Any) -> Any:
        return self._stopped.get(number) or self._ways[number >> NUMBER_BITS]
