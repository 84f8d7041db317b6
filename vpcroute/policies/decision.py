"""First match among rules of which some may match or not: who could decide, what each would do, what would settle it.

Rules are asked in the order of their precedence. One that certainly matches ends the search, one that certainly does
not is passed over, and one of which it is not known is a possible decider: the search goes on behind it. So the
candidates are all that could decide, the last one for certain if none before it does; the default, where no rule
certainly matches, is the last of them. Where all of them do the same, what happens is certain although who decides is
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from vpcroute.gateway import GatewayRule
from vpcroute.policies.truth import Missing, Truth

__all__ = [
    "UNKNOWN",
    "Asked",
    "Candidate",
    "Considered",
    "Decision",
    "Effect",
    "candidates_of",
    "decide",
    "default_of",
    "settled",
    "until_match",
]

#: The outcome where the possible deciders do not all do the same.
UNKNOWN: Final = "unknown"


class Effect(Protocol):
    """What happens: at least its name."""

    @property
    def outcome(self) -> str: ...


E = TypeVar("E", bound=Effect)


@attrs.frozen
class Considered:
    """A rule that was asked.

    Attributes:
        rule: the rule.
        match: whether it matches.
        because: what says so: ``traffic``, ``identity`` or ``device_posture`` for its conditions, ``enabled``,
            ``expiration`` or ``schedule`` for when it takes part, ``phase`` for when it is asked, ``unread`` for what
            is not known here; ``match`` where all of it holds.
    """

    rule: GatewayRule
    match: Truth
    because: str


@attrs.frozen
class Candidate(Generic[E]):
    """A possible decider.

    Attributes:
        rule: the rule, or None for the default.
        effect: what it would do.
        missing: the facts on which its match hangs; none if it certainly matches once its turn comes.
    """

    rule: GatewayRule | None
    effect: E
    missing: frozenset[Missing] = frozenset()


#: The rules that were asked, with their answers, or what makes them when somebody wants to know, which is seldom.
Asked = tuple[Considered, ...] | Callable[[], tuple[Considered, ...]]


def _told(asked: Asked) -> tuple[Considered, ...]:
    return asked() if callable(asked) else asked


@attrs.frozen
class Decision(Generic[E]):
    """What a stage does with a request.

    Attributes:
        candidates: all that could decide, in their order; one if it is certain who does.
        considered: every rule that was asked, in order, with its answer. It is worked out when it is first looked at.
    """

    candidates: tuple[Candidate[E], ...]
    _considered: Asked = attrs.field(default=(), alias="considered", eq=_told, repr=False)

    @property
    def considered(self) -> tuple[Considered, ...]:
        found = self._considered
        if callable(found):
            found = found()
            object.__setattr__(self, "_considered", found)  # what made them is needed no more
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Decision, (self.candidates, self.considered)

    @property
    def effect(self) -> E | None:
        """What happens, in full; None where the candidates differ in anything."""
        first = self.candidates[0].effect
        return first if all(candidate.effect == first for candidate in self.candidates) else None

    @property
    def outcome(self) -> str:
        """The name of what happens; ``unknown`` where the candidates differ in that."""
        outcomes = self.outcomes
        return next(iter(outcomes)) if len(outcomes) == 1 else UNKNOWN

    @property
    def outcomes(self) -> frozenset[str]:
        """The names of all that may happen."""
        if len(self.candidates) == 1:
            return frozenset((self.candidates[0].effect.outcome,))
        return frozenset([candidate.effect.outcome for candidate in self.candidates])

    @property
    def rule(self) -> GatewayRule | None:
        """The rule that decides; None for the default, and where it is not certain which one does."""
        return self.candidates[0].rule if len(self.candidates) == 1 else None

    @property
    def missing(self) -> frozenset[Missing]:
        """The facts that would settle who decides."""
        return frozenset().union(*[candidate.missing for candidate in self.candidates])


def decide(considered: Iterable[Considered], effect_of: Callable[[GatewayRule | None], E]) -> Decision[E]:
    """What the first rule that matches does; `considered` is asked no further than that."""
    asked = list(until_match(considered))
    return Decision(candidates_of([(one.rule, one.match) for one in asked], effect_of), tuple(asked))


def until_match(considered: Iterable[Considered]) -> Iterator[Considered]:
    """Rules up to the first that certainly matches."""
    for one in considered:
        yield one
        if one.match is True:
            break


def candidates_of(
    matches: Iterable[tuple[GatewayRule, Truth]], effect_of: Callable[[GatewayRule | None], E]
) -> tuple[Candidate[E], ...]:
    """The possible deciders of rules in order; those that certainly do not match may be left out.

    It looks no further than the first that certainly matches.
    """
    candidates: list[Candidate[E]] = []
    for rule, match in matches:
        if match is True:
            candidates.append(Candidate(rule, effect_of(rule)))
            break
        if match is not False:
            candidates.append(Candidate(rule, effect_of(rule), match.missing))
    else:
        candidates.append(Candidate(None, effect_of(None)))
    return tuple(candidates)


def default_of(effect: E) -> tuple[Candidate[E], ...]:
    """The candidates where no rule may match."""
    return (Candidate(None, effect),)


def settled(effect: E) -> Decision[E]:
    """A decision that no rule takes part in."""
    return Decision(default_of(effect))
