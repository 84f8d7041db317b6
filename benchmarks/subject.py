"""Who is timed: one callable, how it is called, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

__all__ = ["OURS", "Facets", "Role", "Subject", "Workload"]

Role = Literal["ours", "peer", "floor"]
#: What an answer says, by the word for it: ``egress`` (its number, None for none), ``host``.
Facets = Mapping[str, Any]

OURS: Final = "vpcroute"


def _says_nothing(result: Any) -> Facets:
    return {}


@attrs.frozen
class Subject:
    """One row of a workload.

    Attributes:
        name: what the row is called.
        role: ours, a peer, or a floor that no answer can be faster than.
        call: what is called with each input, or subscripted if `subscript` is true.
        returns: which object comes back, for people.
        facets: what a result says; two subjects are compared in what both say.
        raises: what stands for "no route" when it is raised.
        inputs: its own inputs, where they are not the workload's.
    """

    name: str
    role: Role
    call: Any
    returns: str
    facets: Callable[[Any], Facets] = _says_nothing
    subscript: bool = False
    raises: tuple[type[BaseException], ...] = ()
    inputs: Sequence[Any] | None = None

    def ask(self, x: Any) -> Facets:
        """What it says of one input; None for the egress where it raises what stands for that."""
        try:
            return self.facets(self.call[x] if self.subscript else self.call(x))
        except self.raises:
            return {"egress": None}


@attrs.frozen
class Workload:
    """Subjects that are asked the same.

    Attributes:
        name: ``table/group/inputs``.
        title: for people.
        subjects: who is asked; the first of role ours is what the others are compared with.
        inputs: what they are asked.
        size: how many prefixes or names they look up in.
        each: how many answers one input is for.
        refusals: whether what is raised is to be caught while timing.
        all_cores: whether threads may run on every core.
    """

    name: str
    title: str
    subjects: Sequence[Subject]
    inputs: Sequence[Any]
    size: int
    each: int = 1
    refusals: bool = False
    all_cores: bool = False
