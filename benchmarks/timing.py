"""Timing: rounds that take turns, each subject in a loop of its own, on one core, without garbage collection.

What one thread does is timed in processor time, so that it does not count when others have the core: by the wall clock,
a short turn would fit between them and a long one would not. What several threads do is timed by the wall clock.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from time import perf_counter_ns, process_time_ns
from types import FunctionType
from typing import Any

from benchmarks.agreement import disagreements
from benchmarks.results import Result, Row
from benchmarks.step import Settings
from benchmarks.subject import Subject, Workload

__all__ = ["CLOCK", "quiet", "repeat", "run"]

Loop = Callable[[Any, Sequence[Any], Any], None]
#: What the figures are of, for people.
CLOCK = "processor time, wall clock for several threads"
_WARM_UP = 500
_FEWEST_ROUNDS = 3
#: Seconds that a contender may take in a workload; then it has no more turns, and a turn is no longer than a third.
_PATIENCE = 0.4


def _call(call: Any, inputs: Sequence[Any], raises: Any) -> None:
    for x in inputs:
        call(x)


def _subscript(call: Any, inputs: Sequence[Any], raises: Any) -> None:
    for x in inputs:
        call[x]


def _call_or_raise(call: Any, inputs: Sequence[Any], raises: Any) -> None:
    for x in inputs:
        try:  # noqa: SIM105  (a context manager would be timed, too)
            call(x)
        except raises:
            pass


def _subscript_or_raise(call: Any, inputs: Sequence[Any], raises: Any) -> None:
    for x in inputs:
        try:  # noqa: SIM105
            call[x]
        except raises:
            pass


_LOOPS: dict[tuple[bool, bool], Any] = {
    (False, False): _call,
    (True, False): _subscript,
    (False, True): _call_or_raise,
    (True, True): _subscript_or_raise,
}


def _own_loop(subject: Subject, refusals: bool) -> Loop:
    """A loop with byte code of its own, so that the interpreter specialises it for this subject alone."""
    template = _LOOPS[subject.subscript, refusals]
    return FunctionType(template.__code__.replace(co_name=subject.name), template.__globals__)


@contextmanager
def quiet(*, all_cores: bool = False, collect: bool = True) -> Iterator[None]:
    """A block without garbage collection, on one core where the system can do that."""
    pinned = hasattr(os, "sched_setaffinity") and not all_cores
    cores = os.sched_getaffinity(0) if pinned else set()
    enabled = gc.isenabled()
    if collect:
        gc.collect()
    gc.disable()
    if pinned:
        os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        if pinned:
            os.sched_setaffinity(0, cores)
        if enabled:
            gc.enable()


def run(workload: Workload, rounds: int) -> Result:
    """Nanoseconds for each answer of every subject that answers as we do."""
    refused = disagreements(workload)
    loops = [
        (subject, _own_loop(subject, workload.refusals), subject.inputs or workload.inputs)
        for subject in workload.subjects
        if subject.name not in refused
    ]
    taken: dict[str, list[float]] = {subject.name: [] for subject, _, _ in loops}
    cores: dict[str, list[float]] = {subject.name: [] for subject, _, _ in loops}
    clock = perf_counter_ns if workload.all_cores else process_time_ns
    with quiet(all_cores=workload.all_cores):
        loops = [(subject, loop, _as_many_as_fit(subject, loop, inputs)) for subject, loop, inputs in loops]
        for turn in range(rounds):
            for subject, loop, inputs in loops:
                answers = len(inputs) * workload.each
                if turn >= _FEWEST_ROUNDS and sum(taken[subject.name]) * answers > _PATIENCE * 1e9:
                    continue
                used, begun = process_time_ns(), clock()
                loop(subject.call, inputs, subject.raises)
                passed = clock() - begun
                taken[subject.name].append(passed / answers)
                cores[subject.name].append((process_time_ns() - used) / passed)
    rows = []
    for subject in workload.subjects:
        name, returns = subject.name, subject.returns
        if workload.all_cores and name in taken:  # threads that had to share a core with others show here
            returns = f"{returns}; {median(cores[name]):.1f} cores used"
        rows.append(Row(name, subject.role, returns, tuple(taken.get(name, ())), refused.get(name)))
    return Result(workload.name, workload.title, "ns", workload.size, tuple(rows))


def _as_many_as_fit(subject: Subject, loop: Loop, inputs: Sequence[Any]) -> Sequence[Any]:
    """The inputs of a turn, by how long the first ones take; these warm the subject up, too."""
    first = inputs[:_WARM_UP]
    begun = process_time_ns()
    loop(subject.call, first, subject.raises)
    each = (process_time_ns() - begun) / len(first)
    return inputs[: max(len(first), int(_PATIENCE / _FEWEST_ROUNDS * 1e9 / each))]


def repeat(call: Callable[[], object], settings: Settings) -> list[float]:
    """Processor time of each of several calls, in seconds: as many as there are rounds and as fit, at least one."""
    taken: list[float] = []
    with quiet():
        while len(taken) < settings.rounds and (not taken or sum(taken) + median(taken) < settings.seconds):
            begun = process_time_ns()
            result = call()
            taken.append((process_time_ns() - begun) / 1e9)
            del result
            gc.collect()
    return taken
