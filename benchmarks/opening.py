"""Opening a table that was saved: ours as a file that is mapped or proved, a peer's in the form it has for that."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

import vpcroute
from benchmarks import peers
from benchmarks.contenders import addresses
from benchmarks.results import Result, Row
from benchmarks.step import Settings
from benchmarks.suite import AddressBench
from benchmarks.timing import repeat

__all__ = ["PROVED", "TRUSTED", "opening"]

TRUSTED: Final = "vpcroute, trusted"
PROVED: Final = "vpcroute, every index proved"
_ROUNDS: Final = 5  # of ours, for each of a peer's


def opening(bench: AddressBench, settings: Settings) -> Result:
    """Until the first answer, from a file that the system has in memory already."""
    hosts = bench.hosts(4, "prefix")[:1000]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.vpcroute")
        bench.resolver.save(path)
        size = f"{path.stat().st_size / 2**20:.2f} MiB"
        rows = [
            _ours(bench, path, hosts, settings, trusted=True, what=f"a Resolver that maps the file of {size}"),
            _ours(bench, path, hosts, settings, trusted=False, what="a Resolver that no file can lead astray"),
        ]
        for name, module, write, read in _PEERS:
            if peers.load(module) is not None:
                saved = Path(folder, name)
                write(bench, saved)
                taken = repeat(partial(read, saved, hosts[0]), attrs.evolve(settings, seconds=settings.seconds / 4))
                rows.append(Row(name, "peer", "IPv4 only", tuple(t * 1000 for t in taken)))
    title = f"opening a saved table, until the first answer; {bench.table.title}"
    return Result(f"{bench.table.name}/open", title, "ms", len(bench.table), tuple(rows))


def _ours(bench: AddressBench, path: Path, hosts: list[str], settings: Settings, *, trusted: bool, what: str) -> Row:
    opened = vpcroute.Resolver.open(path, trusted=trusted)
    if any(opened.lookup(host) != bench.resolver.lookup(host) for host in hosts):
        raise AssertionError("the saved table answers otherwise")

    def call() -> None:
        vpcroute.Resolver.open(path, trusted=trusted).lookup(hosts[0])

    taken = repeat(call, attrs.evolve(settings, rounds=_ROUNDS * settings.rounds))
    return Row(TRUSTED if trusted else PROVED, "ours", what, tuple(t * 1000 for t in taken))


def _write_pyasn(bench: AddressBench, path: Path) -> None:
    family = bench.table.v4
    lines = (f"{prefix}\t{number + 1}\n" for prefix, number in zip(family.prefixes, family.egress, strict=True))
    path.write_text("".join(lines), encoding="ascii")


def _read_pyasn(path: Path, host: str) -> None:
    peers.load("pyasn").pyasn(str(path)).lookup(host)


def _write_originet(bench: AddressBench, path: Path) -> None:
    addresses.write_pfx2as(bench.table.v4, path)


def _read_originet(path: Path, host: str) -> None:
    peers.load("originet").Table.from_files(ipv4=path).lookup(host)


def _write_radix(bench: AddressBench, path: Path) -> None:
    contender = next(c for c in addresses.CONTENDERS if c.name == "py-radix")
    with path.open("wb") as file:
        pickle.dump(bench.tree(contender, 4).keep, file)


def _read_radix(path: Path, host: str) -> None:
    with path.open("rb") as file:
        pickle.load(file).search_best(host)  # noqa: S301  (our own file)


#: Name, module, what writes the file, what opens it and looks up.
_PEERS: Final[tuple[tuple[str, str, Callable[[AddressBench, Path], None], Callable[[Path, str], Any]], ...]] = (
    ("pyasn", "pyasn", _write_pyasn, _read_pyasn),
    ("originet", "originet", _write_originet, _read_originet),
    ("py-radix, pickled", "radix", _write_radix, _read_radix),
)
