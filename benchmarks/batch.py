"""Many addresses in one call: packed ones on one thread and on several, and ones as text."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, repeat
from threading import Barrier
from typing import Any

import vpcroute
from benchmarks import peers
from benchmarks.contenders.addresses import Numbering
from benchmarks.subject import OURS, Facets, Subject
from benchmarks.tables import WIDTHS, Table, Version

__all__ = ["batch_of_packed", "batch_of_text"]


def batch_of_packed(
    resolver: vpcroute.Resolver, numbering: Numbering, table: Table, buffer: bytes, *, version: Version, threads: int
) -> list[Subject]:
    """``lookup_many`` of a buffer, beside numpy's binary search where there is numpy, and a copy of the buffer."""
    width = WIDTHS[version] // 8
    out = array("i", bytes(4 * (len(buffer) // width)))
    numbers = [numbering.of(egress) for egress in resolver.egresses]

    def facets(result: Any) -> Facets:
        return {"egress": [numbers[i] if i >= 0 else None for i in out]}

    def one(packed: bytes) -> None:
        resolver.lookup_many(packed, version, out)

    subjects = [Subject(OURS, "ours", one, "int32 numbers of egresses", facets)]
    if threads > 1:
        pool = _workers(threads)
        half = len(out) // threads
        bounds = [(i * half, len(out) if i == threads - 1 else (i + 1) * half) for i in range(threads)]
        parts = [(memoryview(buffer)[a * width : b * width], memoryview(out)[a:b]) for a, b in bounds]

        def several(packed: bytes) -> None:
            list(pool.map(resolver.lookup_many, (p for p, _ in parts), repeat(version), (o for _, o in parts)))

        subjects = [Subject(OURS, "ours", several, "int32 numbers of egresses", facets)]
    elif version == 4 and peers.load("numpy") is not None:
        subjects.append(_searchsorted(table))
    return [*subjects, Subject("a copy of the buffer", "floor", bytearray, "a bytearray")]


def _workers(threads: int) -> ThreadPoolExecutor:
    """Threads that are all there and, where the system can do that, have a core each.

    Left to the system, threads with so little to do are now and then run one after the other on one core.
    """
    all_there = Barrier(threads)
    cores = cycle(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_setaffinity") else None

    def settle() -> None:
        if cores is not None:
            os.sched_setaffinity(0, {next(cores)})

    pool = ThreadPoolExecutor(threads, initializer=settle)
    list(pool.map(lambda _: all_there.wait(), range(threads)))
    return pool


def _searchsorted(table: Table) -> Subject:
    numpy = peers.load("numpy")
    first, numbers = table.v4.flat
    starts, values = numpy.array(first, dtype="u4"), numpy.array(numbers, dtype="i4")

    def lookup(packed: bytes) -> Any:
        asked = numpy.frombuffer(packed, dtype=">u4").astype("u4")
        return values[numpy.searchsorted(starts, asked, side="right") - 1]

    return Subject(
        "numpy searchsorted",
        "peer",
        lookup,
        "an array of numbers",
        lambda found: {"egress": [None if number < 0 else number for number in found.tolist()]},
    )


def batch_of_text(
    resolver: vpcroute.Resolver, numbering: Numbering, addresses: list[str], others: Sequence[Subject]
) -> list[Subject]:
    """``resolve_many`` of connect addresses, beside the peers on bare ones in a list comprehension."""

    def ours(written: list[str]) -> list[Any]:
        return list(resolver.resolve_many(written))

    def facets(found: list[Any]) -> Facets:
        return {"egress": [numbering.of(resolution.egress) for resolution in found]}

    subject = Subject(OURS, "ours", ours, "a list of Resolutions", facets, inputs=[addresses])
    return [subject, *map(_comprehension, others)]


def _comprehension(peer: Subject) -> Subject:
    call = peer.call

    def subscripts(hosts: list[str]) -> list[Any]:
        return [call[host] for host in hosts]

    def calls(hosts: list[str]) -> list[Any]:
        return [call(host) for host in hosts]

    def facets(found: list[Any]) -> Facets:
        return {"egress": [peer.facets(result)["egress"] for result in found]}

    name, returns = f"[{peer.name} for …]", f"a list of: {peer.returns}"
    return Subject(name, "peer", subscripts if peer.subscript else calls, returns, facets)
