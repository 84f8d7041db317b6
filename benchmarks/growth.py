"""How cost grows: look-ups and building, over tables of 100 to a million prefixes and 10 to a million names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks import timing
from benchmarks.contenders import addresses, names
from benchmarks.contenders.ours import looking_up
from benchmarks.inputs import name_hits
from benchmarks.oneshot import load_and_compile
from benchmarks.results import Result, Row
from benchmarks.step import Settings, Step
from benchmarks.subject import Workload
from benchmarks.suite import AddressBench, NameBench
from benchmarks.tables import make_names, make_table

__all__ = ["GROUPS", "steps"]

#: The groups of results, with what their size counts.
GROUPS: Final = {
    "growth/lookup": "prefixes",
    "growth/names": "names",
    "growth/build": "prefixes",
    "growth/rules": "Gateway rules",
    "growth/entries": "entries of each list",
}
_ADDRESSES: Final = ("pytricia", "py-radix", "a dict per prefix length")
_NAMES: Final = ("dict parent-walk", "marisa-trie")


def steps(largest: int) -> Iterator[Step]:
    """Each point of each curve, up to a size."""
    for size in _sizes(100, largest):
        bench = _Lazy(size)
        yield Step(f"growth/lookup/{size}", bench.lookup)
        yield Step(f"growth/build/{size}", bench.build)
    for size in _sizes(10, largest):
        yield Step(f"growth/names/{size}", partial(_names, size))


def _sizes(smallest: int, largest: int) -> Iterator[int]:
    """The smallest, three times that, ten times, thirty times, …"""
    while smallest <= largest:
        yield from (size for size in (smallest, 3 * smallest) if size <= largest)
        smallest *= 10


class _Lazy:
    """A generated table of a size, made when it is first asked for and dropped after the last question."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bench: AddressBench | None = None

    def lookup(self, settings: Settings) -> Result:
        """Look-ups of IPv4 addresses drawn by prefix."""
        self._bench = bench = AddressBench(make_table(f"generated:{self._size}"), settings.inputs)
        hosts = bench.hosts(4, "prefix")
        subjects = [looking_up(bench.resolver, bench.numbering)]
        subjects += bench.peers(4, only=_ADDRESSES)
        name, title = f"growth/lookup/{self._size}", f"lookup(str), IPv4, by prefix; {bench.table.title}"
        return timing.run(Workload(name, title, subjects, hosts, self._size), settings.rounds)

    def build(self, settings: Settings) -> Result:
        """Loading and compiling."""
        bench = self._bench or AddressBench(make_table(f"generated:{self._size}"), settings.inputs)
        self._bench = None
        rows = list(load_and_compile(bench, settings))
        bench.release()
        for contender in addresses.CONTENDERS:
            if contender.name in _ADDRESSES and contender.is_there:
                build = partial(contender.build, bench.table.v4, bench.table.egresses)
                rows.append(Row(contender.name, "peer", "IPv4", tuple(timing.repeat(build, settings))))
        title = f"build; {bench.table.title}"
        return Result(f"growth/build/{self._size}", title, "s", self._size, tuple(rows))


def _names(size: int, settings: Settings) -> Result:
    bench = NameBench(make_names(f"names:{size}"), settings.inputs)
    subjects = [looking_up(bench.resolver, bench.numbering)]
    for contender in names.CONTENDERS:
        if contender.name in _NAMES and contender.is_there:
            subjects.append(contender.subject(contender.build(bench.table), bench.numbering))
    title = f"lookup(name); {bench.table.title}"
    asked = name_hits(bench.table, settings.inputs)
    return timing.run(Workload(f"growth/names/{size}", title, subjects, asked, size), settings.rounds)
