"""``python -m benchmarks.stored [FOLDER]``: what a table in a file costs, on the disk that has the folder.

The disk decides what a durable transaction takes, so beside it stands what a write and a sync alone take there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import FileIO
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from vpcroute import RouteTable, SubnetRoute, Tunnel
from vpcroute.sources import stored

__all__ = ["figures"]

_TUNNEL = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")


def figures(folder: Path, *, transactions: int = 1000, routes: int = 100_000, journal: int = 10_000) -> Iterator[str]:
    """Each figure as a line."""
    yield from _durable(folder / "durable.db", transactions)
    yield from _large(folder / "large.db", routes)
    yield from _journal(folder / "journal.db", journal)


def _durable(path: Path, count: int) -> Iterator[str]:
    with RouteTable.open(path) as table:
        taken = sorted(_each(table.announce, _routes(count)))
        yield f"durable transactions: {count / sum(taken):.0f}/s, {_ms(taken)}"
        idle = median(_each(lambda _: table.refresh(), range(count)))
    raw = path.with_suffix(".raw")
    with raw.open("wb", buffering=0) as file:
        taken = sorted(_each(lambda _: _write_and_sync(file), range(count)))
    raw.unlink()
    yield f"a write of 8 KiB and a sync alone: {count / sum(taken):.0f}/s, {_ms(taken)}"
    yield f"refresh() with nothing new: {idle * 1e6:.0f} us"


def _write_and_sync(file: FileIO) -> None:
    file.write(bytes(8192))
    os.fsync(file.fileno())


def _large(path: Path, count: int) -> Iterator[str]:
    table = RouteTable()
    seconds = _seconds(lambda: _announce_all(table, _routes(count)))
    yield f"{count} routes announced in memory, in one transaction: {seconds:.2f} s"
    seconds = _seconds(lambda: RouteTable.open(path, initial=table).close())
    yield f"a file made of them and opened: {seconds:.2f} s, {path.stat().st_size / 1e6:.1f} MB"
    yield f"opened: {_seconds(lambda: RouteTable.open(path).close()):.2f} s"
    with RouteTable.open(path) as kept:
        yield f"compacted: {_seconds(kept.compact):.2f} s"
    document = table.to_document()
    yield f"written as a document: {_seconds(table.to_document):.2f} s"
    yield f"read from it: {_seconds(lambda: RouteTable.from_document(document)):.2f} s"


def _journal(path: Path, count: int) -> Iterator[str]:
    shortest, stored._SHORT = stored._SHORT, count  # type: ignore[misc]
    try:
        with RouteTable.open(path) as table:
            table._database._sql.execute("PRAGMA synchronous = OFF")
            taken = sorted(_each(table.announce, _routes(count)))
            yield f"{count} transactions without waiting for the disk: {_ms(taken)}"
        yield f"opened with {count} generations in the journal: {_seconds(lambda: RouteTable.open(path).close()):.2f} s"
    finally:
        stored._SHORT = shortest  # type: ignore[misc]


def _routes(count: int) -> Iterator[SubnetRoute]:
    return (SubnetRoute(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32", _TUNNEL, comment="office") for n in range(count))


def _announce_all(table: RouteTable, routes: Iterable[SubnetRoute]) -> None:
    with table.transaction():
        for route in routes:
            table.announce(route)


def _each(call: Callable[[Any], object], things: Iterable[Any]) -> Iterator[float]:
    """How long each call takes."""
    for thing in things:
        yield _seconds(partial(call, thing))


def _seconds(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return perf_counter() - begun


def _ms(taken: list[float]) -> str:
    ninety_nine = taken[len(taken) * 99 // 100]
    return f"median {median(taken) * 1e3:.2f} ms, 99th {ninety_nine * 1e3:.2f} ms, worst {taken[-1] * 1e3:.2f} ms"


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        for line in figures(Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
