"""The workloads that are timed a call: which there are, and how each is made ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from time import process_time
from typing import Any, Final

import attrs

import vpcroute
from benchmarks import inputs
from benchmarks.batch import batch_of_packed, batch_of_text
from benchmarks.contenders import addresses, names, urls
from benchmarks.contenders.addresses import Numbering, Tree
from benchmarks.contenders.floors import floors
from benchmarks.contenders.ours import looking_up, resolving
from benchmarks.inputs import Draw
from benchmarks.subject import Subject, Workload
from benchmarks.tables import WIDTHS, Names, Table, Version
from benchmarks.timing import quiet

__all__ = ["AddressBench", "NameBench", "Task", "address_tasks", "name_tasks"]

_DRAWS: Final[tuple[Draw, ...]] = ("uniform", "zipf", "prefix")
_DRAWN: Final = {"uniform": "uniform over covered addresses", "zipf": "Zipf over prefixes", "prefix": "by prefix"}


@attrs.frozen
class Task:
    """A workload that is made ready when its turn comes."""

    name: str
    make: Callable[[], Workload]


@attrs.define(slots=False)
class AddressBench:
    """A table of prefixes with everybody who looks up in it, built once, when first asked for."""

    table: Table
    count: int

    @cached_property
    def _loaded(self) -> tuple[vpcroute.RouteTable, float]:
        with quiet():
            begun = process_time()
            rib = self.table.rib()
            return rib, process_time() - begun

    @property
    def rib(self) -> vpcroute.RouteTable:
        """The route table."""
        return self._loaded[0]

    @property
    def loaded(self) -> float:
        """How many seconds it took to make it."""
        return self._loaded[1]

    @cached_property
    def resolver(self) -> vpcroute.Resolver:
        """Its compiled form."""
        return self.rib.compile()

    @cached_property
    def numbering(self) -> Numbering:
        """The numbers of its egresses."""
        return Numbering(self.table.egresses)

    @cached_property
    def _trees(self) -> dict[tuple[str, int], Tree]:
        return {}

    @cached_property
    def _drawn(self) -> dict[tuple[str, int], list[str]]:
        return {}

    @cached_property
    def _packed(self) -> dict[Version, bytes]:
        return {}

    def release(self) -> None:
        """Lets go of all that was built; what is asked for later is built again."""
        for built in ("_loaded", "resolver", "_trees", "_drawn", "_packed"):
            self.__dict__.pop(built, None)

    def hosts(self, version: Version, draw: Draw) -> list[str]:
        """Addresses as text that the table has routes for."""
        key = draw, version
        if key not in self._drawn:
            numbers = inputs.hits(self.table.family(version), draw, self.count)
            self._drawn[key] = inputs.texts(numbers, version)
        return self._drawn[key]

    def packed(self, version: Version) -> bytes:
        """Ten times as many addresses, all drawn by themselves, in one buffer."""
        if version not in self._packed:
            numbers = inputs.hits(self.table.family(version), "uniform", 10 * self.count)
            self._packed[version] = inputs.packed(numbers, version)
        return self._packed[version]

    def tree(self, contender: addresses.Contender, version: Version) -> Tree:
        """A contender's tree of one family."""
        key = contender.name, version
        if key not in self._trees:
            self._trees[key] = contender.build(self.table.family(version), self.table.egresses)
        return self._trees[key]

    def peers(self, version: Version, *, slow: bool = True, only: Sequence[str] = ()) -> list[Subject]:
        """The peers of one family that are there, as rows: all, without the slow ones, or some by name."""
        wanted = [c for c in addresses.CONTENDERS if c.name in only or (not only and (slow or not c.slow))]
        there = [c for c in wanted if c.is_there]
        return [c.subject(self.tree(c, version), self.numbering) for c in there]


def address_tasks(bench: AddressBench) -> Iterator[Task]:
    """Every workload of a table of prefixes."""
    name = bench.table.name
    families: tuple[Version, ...] = tuple(v for v in (4, 6) if bench.table.family(v).prefixes)
    for version in families:
        for draw in _DRAWS:
            yield Task(f"{name}/lookup/v{version}-{draw}", partial(_lookups, bench, version, draw))
    for version in families:
        yield Task(f"{name}/refusal/v{version}", partial(_refusals, bench, version))
    for group, write in (("connect", inputs.connect_addresses), ("url", inputs.fetch_urls)):
        for version in families:
            for draw in _DRAWS if version == 4 else ("prefix",):
                task = f"{name}/{group}/v{version}-{draw}"
                yield Task(task, partial(_resolves, bench, task, version, draw, write))
    for version in families:
        for threads in (1, 2):
            task = f"{name}/batch/v{version}-{'one-thread' if threads == 1 else 'two-threads'}"
            yield Task(task, partial(_batches, bench, task, version, threads))
    if 4 in families:
        yield Task(f"{name}/batch/v4-text", partial(_text_batches, bench))


def _lookups(bench: AddressBench, version: Version, draw: Draw) -> Workload:
    hosts = bench.hosts(version, draw)
    subjects = [looking_up(bench.resolver, bench.numbering), *bench.peers(version), *floors(hosts)]
    title = f"lookup(str), IPv{version}, {_DRAWN[draw]}; {bench.table.title}"
    return Workload(f"{bench.table.name}/lookup/v{version}-{draw}", title, subjects, hosts, len(bench.table))


def _refusals(bench: AddressBench, version: Version) -> Workload:
    hosts = inputs.texts(inputs.misses(bench.table.family(version), bench.count), version)
    ours = attrs.evolve(looking_up(bench.resolver, bench.numbering), returns="a RouteError, raised and caught")
    raised = [
        attrs.evolve(peer, returns="a KeyError, raised and caught" if peer.raises else "a kind of None")
        for peer in bench.peers(version)
    ]
    title = f"lookup(str) of IPv{version} addresses without a route; {bench.table.title}"
    name = f"{bench.table.name}/refusal/v{version}"
    return Workload(name, title, [ours, *raised, *floors(hosts)], hosts, len(bench.table), refusals=True)


def _resolves(
    bench: AddressBench, name: str, version: Version, draw: Draw, write: Callable[[list[str]], list[str]]
) -> Workload:
    hosts = bench.hosts(version, draw)
    written = write(hosts)
    subjects = [resolving(bench.resolver, bench.numbering, written)]
    if "/url/" in name:
        subjects += [attrs.evolve(parser, inputs=written) for parser in urls.parsers()]
    bare = bench.peers(version, slow=False)
    subjects += [attrs.evolve(p, name=f"{p.name}, bare", returns=f"{p.returns}; nothing parsed") for p in bare]
    what = "resolve(url)" if "/url/" in name else 'resolve("host:port")'
    title = f"{what}, IPv{version}, {_DRAWN[draw]}; {bench.table.title}"
    return Workload(name, title, [*subjects, *floors(written)], hosts, len(bench.table))


def _batches(bench: AddressBench, name: str, version: Version, threads: int) -> Workload:
    buffer = bench.packed(version)
    subjects = batch_of_packed(bench.resolver, bench.numbering, bench.table, buffer, version=version, threads=threads)
    count = len(buffer) * 8 // WIDTHS[version]
    cores = "one thread" if threads == 1 else f"{threads} threads"
    title = f"{count:,} packed IPv{version} addresses in one call, {cores}, uniform; {bench.table.title}"
    return Workload(name, title, subjects, [buffer], len(bench.table), each=count, all_cores=threads > 1)


def _text_batches(bench: AddressBench) -> Workload:
    hosts = bench.hosts(4, "uniform")
    written = inputs.connect_addresses(hosts)
    subjects = batch_of_text(bench.resolver, bench.numbering, written, bench.peers(4, slow=False))
    if (originet := next((c for c in addresses.CONTENDERS if c.name == "originet"), None)) and originet.is_there:
        table = bench.tree(originet, 4).keep
        subjects.append(
            Subject(
                "originet lookup_asns",
                "peer",
                table.lookup_asns,
                "a list of numbers",
                lambda found: {"egress": [None if number is None else number - 1 for number in found]},
            )
        )
    title = f"{len(hosts):,} connect addresses as str in one call, IPv4, uniform; {bench.table.title}"
    return Workload(f"{bench.table.name}/batch/v4-text", title, subjects, [hosts], len(bench.table), each=len(hosts))


@attrs.define(slots=False)
class NameBench:
    """A table of names with everybody who looks up in it."""

    table: Names
    count: int

    @cached_property
    def resolver(self) -> vpcroute.Resolver:
        """The compiled form of the route table."""
        return self.table.rib().compile()

    @cached_property
    def numbering(self) -> Numbering:
        """The numbers of its egresses."""
        return Numbering(self.table.egresses)

    @cached_property
    def peers(self) -> list[Subject]:
        """The peers that are there, as rows."""
        there = [contender for contender in names.CONTENDERS if contender.is_there]
        return [contender.subject(contender.build(self.table), self.numbering) for contender in there]


def name_tasks(bench: NameBench) -> Iterator[Task]:
    """Every workload of a table of names."""
    for kind in ("hit", "miss"):
        yield Task(f"names/lookup/{kind}", partial(_named, bench, "lookup", kind))
    for kind in ("hit", "miss"):
        yield Task(f"names/url/{kind}", partial(_named, bench, "url", kind))


def _named(bench: NameBench, group: str, kind: str) -> Workload:
    asked = inputs.name_hits(bench.table, bench.count) if kind == "hit" else inputs.name_misses(bench.count)
    peers: Sequence[Subject] = bench.peers
    ours: list[Subject]
    if group == "lookup":
        ours = [looking_up(bench.resolver, bench.numbering)]
        floor_inputs: list[Any] = asked
    else:
        floor_inputs = inputs.fetch_urls(asked)
        ours = [resolving(bench.resolver, bench.numbering, floor_inputs)]
        ours += [attrs.evolve(parser, inputs=floor_inputs) for parser in urls.parsers()]
        peers = [attrs.evolve(p, name=f"{p.name}, bare", returns=f"{p.returns}; nothing parsed") for p in peers]
    what = "lookup(name)" if group == "lookup" else "resolve(url with a name)"
    which = "stored, or one label below" if kind == "hit" else "without a route, so for Gateway"
    title = f"{what}, {which}; {bench.table.title}"
    subjects = [*ours, *peers, *floors(floor_inputs)]
    return Workload(f"names/{group}/{kind}", title, subjects, asked, len(bench.table), refusals=kind == "miss")
