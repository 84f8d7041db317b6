"""What is not timed a call: building, one change, another vantage, a change of health, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import vpcroute
from benchmarks import memory, peers
from benchmarks.contenders import addresses
from benchmarks.results import Result, Row
from benchmarks.step import Settings, Step
from benchmarks.subject import OURS
from benchmarks.suite import AddressBench
from benchmarks.tables import Table, onramp_table
from benchmarks.timing import repeat

__all__ = ["COMPILE", "COMPILED", "LOAD", "RIB", "VANTAGE", "health_step", "table_steps"]

LOAD: Final = "vpcroute, announce all"
COMPILE: Final = "vpcroute, compile"
RIB: Final = "vpcroute, RIB"
COMPILED: Final = "vpcroute, compiled"
VANTAGE: Final = "vpcroute, a second vantage"

_HEALTH_PREFIXES: Final = 10_000
_CHANGED: Final = "192.0.2.0/24"  # a prefix for documentation: no table announces it
_CHANGED_HOST: Final = "192.0.2.1"


def table_steps(bench: AddressBench) -> Iterator[Step]:
    """What is measured of a table of prefixes as a whole."""
    name = bench.table.name
    yield Step(f"{name}/build", partial(_build, bench))
    yield Step(f"{name}/change", partial(_change, bench))
    yield Step(f"{name}/vantage", partial(_vantage, bench))
    yield Step(f"{name}/memory", partial(_memory, bench.table))


def health_step(size: int = _HEALTH_PREFIXES) -> Step:
    """How long a change of health takes to be seen, under so many prefixes."""
    return Step("onramp/health", partial(_health, size))


def _build(bench: AddressBench, settings: Settings) -> Result:
    rows = [
        Row(LOAD, "ours", "the RIB, from text", tuple(repeat(bench.table.rib, settings))),
        Row(COMPILE, "ours", "a Resolver, from the RIB", tuple(repeat(bench.rib.compile, settings))),
    ]
    for contender in filter(lambda c: c.is_there, addresses.CONTENDERS):
        build = partial(_both_families, contender, bench.table)
        rows.append(Row(contender.name, "peer", "from parsed prefixes", tuple(repeat(build, settings))))
    title = f"build, both families; {bench.table.title}"
    return Result(f"{bench.table.name}/build", title, "s", len(bench.table), tuple(rows))


def _both_families(contender: addresses.Contender, table: Table) -> list[addresses.Tree]:
    for family in (table.v4, table.v6):
        family.__dict__.pop("flat", None)  # who needs the flat ranges has to make them
    return [contender.build(family, table.egresses) for family in (table.v4, table.v6) if family.prefixes]


def _change(bench: AddressBench, settings: Settings) -> Result:
    """One route announced and seen, then withdrawn and gone: half of both."""
    via = vpcroute.Tunnel("changed", "changed")
    route = vpcroute.SubnetRoute(_CHANGED, via=via)
    rib = bench.rib

    def ours() -> None:
        rib.announce(route)
        if rib.compile().lookup(_CHANGED_HOST) != via:
            raise AssertionError("a route that was announced is not seen")
        rib.withdraw(route)
        rib.compile()

    rows = [Row(OURS, "ours", "announce or withdraw, compile, look up", _halves_in_ms(ours, settings))]
    if peers.load("pytricia") is not None:
        tree = next(bench.tree(c, 4).call for c in addresses.CONTENDERS if c.name == "pytricia")

        def pytricia() -> None:
            tree.thaw()
            tree[_CHANGED] = via
            tree.freeze()
            tree.thaw()
            del tree[_CHANGED]
            tree.freeze()

        rows.append(Row("pytricia", "peer", "in place, frozen again", _halves_in_ms(pytricia, settings)))
    if peers.load("radix") is not None:
        radix = next(bench.tree(c, 4).keep for c in addresses.CONTENDERS if c.name == "py-radix")

        def in_place() -> None:
            radix.add(_CHANGED).data["egress"] = via
            radix.delete(_CHANGED)

        rows.append(Row("py-radix", "peer", "in place", _halves_in_ms(in_place, settings)))
    title = f"one change until it is seen; {bench.table.title}"
    return Result(f"{bench.table.name}/change", title, "ms", len(bench.table), tuple(rows))


def _halves_in_ms(call: Callable[[], object], settings: Settings) -> tuple[float, ...]:
    return tuple(taken * 500 for taken in repeat(call, settings))


def _vantage(bench: AddressBench, settings: Settings) -> Result:
    region = min(vpcroute.REGIONS)
    first = bench.resolver  # so that what vantages share is there
    taken = repeat(lambda: bench.rib.compile(region=region), settings)
    del first
    row = Row(OURS, "ours", "a Resolver of another region", tuple(t * 1000 for t in taken))
    title = f"a second vantage, time; {bench.table.title}"
    return Result(f"{bench.table.name}/vantage", title, "ms", len(bench.table), (row,))


def _health(size: int, settings: Settings) -> Result:
    rib, first, address = onramp_table(size)
    resolver = rib.compile()

    def flip() -> None:
        nonlocal resolver
        before = resolver.lookup(address)
        rib.set_health(first, "down" if before == first else "healthy")
        resolver = rib.compile()
        if resolver.lookup(address) == before:
            raise AssertionError("a change of health is not seen")

    taken = repeat(flip, settings)
    row = Row(OURS, "ours", "set_health, compile, look up", tuple(t * 1000 for t in taken))
    return Result("onramp/health", f"a health flip of an on-ramp under {size:,} prefixes", "ms", size, (row,))


def _memory(table: Table, settings: Settings) -> Result:
    """The growth of a process of its own for each contender."""
    name, title = f"{table.name}/memory", f"memory, both families: growth of a process; {table.title}"
    if not memory.is_measurable():
        why = "the resident size of a process cannot be read here"
        return Result(name, title, "MiB", len(table), (Row(COMPILED, "ours", "a Resolver", (), why),))
    ours = memory.in_own_process(table.word, OURS)
    rows = [
        Row(RIB, "ours", f"{ours['rib'] * 2**20 / len(table):,.0f} bytes a route", (ours["rib"],)),
        Row(COMPILED, "ours", "a Resolver beside its RIB", (ours["compiled"],)),
        Row(VANTAGE, "ours", "one more Resolver, of several", (ours["vantage"],)),
    ]
    for contender in filter(lambda c: c.is_there, addresses.CONTENDERS):
        built = memory.in_own_process(table.word, contender.name)["built"]
        rows.append(Row(contender.name, "peer", "both trees", (built,)))
    return Result(name, title, "MiB", len(table), tuple(rows))
