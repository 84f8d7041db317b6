"""Nobody is timed beside us who answers otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.subject import Facets, Subject, Workload

__all__ = ["SAMPLE", "disagreement", "disagreements"]

SAMPLE: Final = 1000


def disagreements(workload: Workload) -> dict[str, str]:
    """By the name of each subject that cannot be compared: why."""
    ours = next((subject for subject in workload.subjects if subject.role == "ours"), None)
    if ours is None:
        return {}
    found = {}
    for subject in workload.subjects:
        why = disagreement(ours, subject, workload.inputs)
        if why is not None:
            found[subject.name] = why
    return found


def disagreement(ours: Subject, other: Subject, inputs: Sequence[Any]) -> str | None:
    """The first answer of a sample that differs from ours, as a sentence; None if there is none."""
    our_inputs, other_inputs = ours.inputs or inputs, other.inputs or inputs
    for i in range(0, len(our_inputs), max(1, len(our_inputs) // SAMPLE)):
        try:
            expected, said = ours.ask(our_inputs[i]), other.ask(other_inputs[i])
        except Exception as error:  # whatever a peer raises is its answer
            return f"{_short(other_inputs[i])}: raised {_short(error)}"
        for facet in expected.keys() & said.keys():
            if expected[facet] != said[facet]:
                return f"{_short(other_inputs[i])}: {facet} {_difference(facet, said, expected)}"
    return None


def _difference(facet: str, said: Facets, expected: Facets) -> str:
    return f"{_short(said[facet])} where vpcroute has {_short(expected[facet])}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
