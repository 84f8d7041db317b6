"""The outcome of every route class, as one view has it: all that sets one vantage apart from another."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from vpcroute.classes import RouteClasses
from vpcroute.egress import Connector, Egress
from vpcroute.errors import RouteError
from vpcroute.outcomes import Refusal, decide_address, destination
from vpcroute.precedence import View

__all__ = ["Decided", "decide_all"]


class Decided:
    """Outcomes by number: ``i >= 0`` is ``egresses[i]``, ``i < 0`` is ``refusals[~i]``.

    Attributes:
        numbers: the outcome of each route class.
        egresses: the egress paths; after changes, also some that no class leads to any more.
        refusals: the refusals, likewise.
        said: code, hint and message of each refusal.
        errors: each refusal as an error without an address.
    """

    def __init__(
        self,
        outcomes: Iterable[Egress | Refusal] = (),
        classes: RouteClasses | None = None,
        view: View | None = None,
    ) -> None:
        self.numbers = array("i")
        self.egresses: tuple[Egress, ...] = ()
        self.refusals: tuple[Refusal, ...] = ()
        self.said: tuple[tuple[str, str | None, str], ...] = ()
        self.errors: tuple[RouteError, ...] = ()
        self._known: dict[Egress | Refusal, int] = {}
        self._classes, self._view = classes, view
        self._sure: bytearray | None = None
        self._put(enumerate(outcomes))

    @classmethod
    def of(cls, numbers: array[int], egresses: tuple[Egress, ...], refusals: tuple[Refusal, ...]) -> Decided:
        """Outcomes that were decided before."""
        made = cls()
        made.numbers, made.egresses = numbers, egresses
        made._sure = bytearray()
        made._refuse(refusals)
        return made

    @property
    def guaranteed(self) -> bytearray:
        """Whether each outcome is sure, an octet for each class; empty where it was not saved. Made when asked for."""
        if self._sure is None:
            self._sure = bytearray(self._is_sure(number) for number in range(len(self.numbers)))
        return self._sure

    def _is_sure(self, number: int) -> bool:
        if self._classes is None or self._view is None:  # the one way out of a tunnel or service binding
            return True
        outcome = decide_address(self._classes.candidates[number], self._view)
        return isinstance(outcome, Refusal) or outcome.guaranteed

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sure": self.guaranteed, "_classes": None, "_view": None}

    def changed(self, stale: Sequence[int], classes: RouteClasses, view: View) -> Decided:
        """The outcomes with those of some classes decided again, and those of new classes added."""
        new = object.__new__(type(self))
        new.numbers = self.numbers[:]
        new.egresses, new.refusals, new.said, new.errors = self.egresses, self.refusals, self.said, self.errors
        new._known = self._known.copy()
        again = [*stale, *range(len(self.numbers), len(classes.candidates))]
        new._classes, new._view = classes, view
        new._put((number, destination(classes.candidates[number], view)) for number in again)
        new._sure = None
        if self._sure is not None:
            new._sure = self._sure + bytes(len(new.numbers) - len(self._sure))
            for number in again:
                new._sure[number] = new._is_sure(number)
        return new

    def _put(self, outcomes: Iterable[tuple[int, Egress | Refusal]]) -> None:
        egresses, refusals = list(self.egresses), list(self.refusals)
        for number, outcome in outcomes:
            known = self._known.get(outcome)
            if known is None:
                if isinstance(outcome, Refusal):
                    known = ~len(refusals)
                    refusals.append(outcome)
                else:
                    known = len(egresses)
                    egresses.append(outcome)
                self._known[outcome] = known
            if number == len(self.numbers):
                self.numbers.append(known)
            else:
                self.numbers[number] = known
        self.egresses = tuple(egresses)
        self._refuse(refusals[len(self.refusals) :])

    def _refuse(self, more: Sequence[Refusal]) -> None:
        if more:
            self.refusals += tuple(more)
            self.said += tuple((r.code, r.hint, r.message) for r in more)
            self.errors += tuple(RouteError(r.message, code=r.code, hint=r.hint) for r in more)


def decide_all(classes: RouteClasses, view: View, before: tuple[View, Decided] | None = None) -> Decided:
    """The outcome of every class; from those of an earlier view of the same place, where that is enough."""
    if before is None or _seen_otherwise(before[0], view):
        return Decided((destination(c, view) for c in classes.candidates), classes, view)
    view_before, decided = before
    stale = sorted({number for via in _moved(view_before, view) for number in classes.by_onramp.get(via, ())})
    if not stale and len(decided.numbers) == len(classes.candidates):
        return decided
    return decided.changed([n for n in stale if n < len(decided.numbers)], classes, view)


def _seen_otherwise(before: View, view: View) -> bool:
    return (before.network, before.network_names, before.mode) != (view.network, view.network_names, view.mode)


def _moved(before: View, view: View) -> list[Connector]:
    """The connectors whose state is another one."""
    if before.health is view.health:
        return []
    return [v for v in {**before.health, **view.health} if before.health.get(v) != view.health.get(v)]
