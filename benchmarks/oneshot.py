"""What is not timed a call: building, changes, another vantage, analysis, opening a file, memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from time import process_time_ns
from typing import Final

from benchmarks import changes, memory
from benchmarks.analysis import analysis
from benchmarks.contenders import addresses
from benchmarks.live import live
from benchmarks.opening import opening
from benchmarks.results import Result, Row
from benchmarks.step import Settings, Step
from benchmarks.subject import OURS, Role
from benchmarks.suite import AddressBench
from benchmarks.tables import Table
from benchmarks.timing import quiet, repeat

__all__ = ["COMPILE", "LOAD", "TRIES", "WHOLE", "health_step", "load_and_compile", "table_steps"]

LOAD: Final = "vpcroute, announce all"
COMPILE: Final = "vpcroute, compile"
TRIES: Final = "vpcroute, tries"
WHOLE: Final = "vpcroute, all of the compiled form"

_HEALTH_PREFIXES: Final = 10_000


def table_steps(bench: AddressBench) -> Iterator[Step]:
    """What is measured of a table of prefixes as a whole."""
    name, table = bench.table.name, bench.table
    yield Step(f"{name}/change", partial(changes.change, bench))
    yield Step(f"{name}/wide-change", partial(changes.wide_change, bench))
    yield Step(f"{name}/live", partial(live, bench))
    yield Step(f"{name}/vantage", partial(changes.vantage, bench))
    yield Step(f"{name}/analysis", partial(analysis, bench))
    yield Step(f"{name}/open", partial(opening, bench))
    yield Step(f"{name}/build", partial(_build, bench))
    yield Step(f"{name}/memory", partial(_memory, table))
    yield Step(f"{name}/rib", partial(_rib, table))
    yield Step(f"{name}/vantage-memory", partial(_vantage_memory, table))


def health_step(size: int = _HEALTH_PREFIXES) -> Step:
    """How long a change of health takes to be seen, under so many prefixes."""
    return Step("onramp/health", partial(changes.health, size))


def load_and_compile(bench: AddressBench, settings: Settings) -> tuple[Row, Row]:
    """A route table from nothing, and its compilation from nothing: else a second one would be a change."""
    loaded = [bench.loaded]
    if loaded[0] < settings.seconds / settings.rounds:
        loaded += repeat(bench.table.rib, settings)
    compiled: list[float] = []
    rib = bench.rib
    with quiet():
        for _ in range(settings.rounds):
            rib.store.compiled.clear()
            gc.collect()
            begun = process_time_ns()
            resolver = rib.compile()
            compiled.append((process_time_ns() - begun) / 1e9)
            del resolver
            if sum(compiled) > settings.seconds:
                break
    return (
        Row(LOAD, "ours", "the RIB, from text", tuple(loaded)),
        Row(COMPILE, "ours", "a Resolver, from the RIB", tuple(compiled)),
    )


def _build(bench: AddressBench, settings: Settings) -> Result:
    rows = list(load_and_compile(bench, settings))
    bench.release()  # whoever is built needs the room
    for contender in filter(lambda c: c.is_there, addresses.CONTENDERS):
        build = partial(_both_families, contender, bench.table)
        rows.append(Row(contender.name, "peer", "from parsed prefixes", tuple(repeat(build, settings))))
    title = f"build, both families; {bench.table.title}"
    return Result(f"{bench.table.name}/build", title, "s", len(bench.table), tuple(rows))


def _both_families(contender: addresses.Contender, table: Table) -> list[addresses.Tree]:
    for family in (table.v4, table.v6):
        family.__dict__.pop("flat", None)  # who needs the flat ranges has to make them
    return [contender.build(family, table.egresses) for family in (table.v4, table.v6) if family.prefixes]


def _memory(table: Table, settings: Settings) -> Result:
    """The compiled form by what it is for, and the growth of a process of its own for each contender."""
    ours = memory.in_own_process(table, OURS)
    rows = [
        Row(TRIES, "ours", "what a look-up needs, both families, with the room they keep", (ours["tries"],)),
        Row("vpcroute, names", "ours", "the index of names", (ours["names"],)),
        Row("vpcroute, cold records", "ours", "prefix → route, for what is asked for later", (ours["records"],)),
        *_grown(WHOLE, "ours", "growth of the process by all of these", ours.get("compiled")),
        *_grown("vpcroute, RIB", "ours", "growth of the process by every route and its indexes", ours.get("rib")),
    ]
    for contender in filter(lambda c: c.is_there and memory.is_measurable(), addresses.CONTENDERS):
        rows += _grown(contender.name, "peer", "growth of a process", _peer(table, contender))
    title = f"memory, both families; {table.title}"
    return Result(f"{table.name}/memory", title, "MiB", len(table), tuple(rows))


def _grown(name: str, role: Role, what: str, size: float | None) -> list[Row]:
    why = None if size is not None else "the resident size of a process cannot be read here"
    return [Row(name, role, what, () if size is None else (size,), why)]


def _peer(table: Table, contender: addresses.Contender) -> float:
    return memory.in_own_process(table, contender.name)["built"]


def _rib(table: Table, settings: Settings) -> Result:
    """What a route takes in the RIB, beside what it takes in a peer."""

    def a_route(mebibytes: float | None) -> float | None:
        return None if mebibytes is None else mebibytes * 2**20 / len(table)

    ours = memory.in_own_process(table, OURS)
    rows = _grown("vpcroute, RIB", "ours", "a route with every index of it", a_route(ours.get("rib")))
    for contender in filter(lambda c: c.is_there and memory.is_measurable(), addresses.CONTENDERS):
        rows += _grown(contender.name, "peer", "a prefix with its object", a_route(_peer(table, contender)))
    return Result(f"{table.name}/rib", f"memory, a route; {table.title}", "B", len(table), tuple(rows))


def _vantage_memory(table: Table, settings: Settings) -> Result:
    """What one more place takes, when the table is compiled for another."""
    kibibytes = memory.in_own_process(table, OURS)["vantage"]
    row = Row(OURS, "ours", "one more Resolver, allocated by Python", (kibibytes,))
    title = f"a second vantage, memory; {table.title}"
    return Result(f"{table.name}/vantage-memory", title, "KiB", len(table), (row,))
