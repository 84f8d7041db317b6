"""How long a change takes to answer in a live resolver while others read, and what it does to those who read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from time import perf_counter_ns, sleep

import vpcroute
from benchmarks.changes import new_places
from benchmarks.results import Result, Row
from benchmarks.step import Settings
from benchmarks.suite import AddressBench
from vpcroute.live import LiveResolver

__all__ = ["live"]

_READERS = 4
_AT_ONCE = 100  # resolutions that a reader times together
_CHANGES_A_ROUND = 20
_MOST_IN_A_BURST = 10_000


def live(bench: AddressBench, settings: Settings) -> Result:
    """By the wall clock, for several threads share the interpreter."""
    rib, via = bench.rib, vpcroute.Tunnel("changed", "changed")
    count = _CHANGES_A_ROUND * settings.rounds
    places = list(islice(new_places(bench.table.v4, 24), count + _MOST_IN_A_BURST))
    routes = [vpcroute.SubnetRoute(prefix, via=via) for prefix, _ in places]
    resolver = rib.live(keep=2)
    hosts = [f"{host}:80" for _, host in places[:_AT_ONCE]]
    few = routes[:count]
    rows = [_row("a /24, nobody reads", "announce and withdraw, each until it answers", _changes(rib, few))]
    with _reading(resolver, hosts) as alone:
        sleep(settings.seconds / 4)
    with _reading(resolver, hosts) as beside:
        changed = _changes(rib, few)
    rows.append(_row(f"a /24, {_READERS} threads read flat out", "the same", changed))
    hundred = f"{_AT_ONCE} calls of resolve() in a thread of {_READERS}"
    rows.append(_row("readers, nothing changes", hundred, alone))
    rows.append(_row("readers, changes flat out", hundred, beside))
    burst = routes[count:]
    rows.append(_row(f"{len(burst)} in one transaction, each", "announce, then withdraw", _burst(rib, burst)))
    if resolver.newest is not resolver.pin(rib.generation):
        raise AssertionError("the last change is not seen")
    title = f"a change until it answers in a live resolver, by the wall clock; {bench.table.title}"
    return Result(f"{bench.table.name}/live", title, "us", len(bench.table), tuple(rows))


def _changes(rib: vpcroute.RouteTable, routes: list[vpcroute.SubnetRoute]) -> list[float]:
    taken = []
    for route in routes:
        for change in (rib.announce, rib.withdraw):
            begun = perf_counter_ns()
            change(route)
            taken.append((perf_counter_ns() - begun) / 1e3)
    return taken


def _burst(rib: vpcroute.RouteTable, routes: list[vpcroute.SubnetRoute]) -> list[float]:
    taken = []
    for change in (rib.announce, rib.withdraw):
        begun = perf_counter_ns()
        with rib.transaction():
            for route in routes:
                change(route)
        taken.append((perf_counter_ns() - begun) / 1e3 / max(1, len(routes)))
    return taken


@contextmanager
def _reading(resolver: LiveResolver, hosts: list[str]) -> Iterator[list[float]]:
    """Threads that read as long as the block lasts; the microseconds of each round of theirs."""
    taken: list[float] = []
    stop = threading.Event()

    def read() -> None:
        own, resolve = [], resolver.resolve
        while not stop.is_set():
            begun = perf_counter_ns()
            for host in hosts:
                try:  # noqa: SIM105
                    resolve(host)
                except vpcroute.RouteError:
                    pass
            own.append((perf_counter_ns() - begun) / 1e3)
        taken.extend(own)

    threads = [threading.Thread(target=read) for _ in range(_READERS)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _row(name: str, what: str, taken: list[float]) -> Row:
    if not taken:
        return Row(name, "ours", what, (), "the table has no room for such prefixes")
    late, worst = sorted(taken)[len(taken) * 99 // 100], max(taken)
    kept = tuple(taken[:: max(1, len(taken) // 1000)])  # a reader's rounds are too many to write down
    return Row(name, "ours", f"{what}; {len(taken)} times, 99% within {late:.3g}, worst {worst:.3g} us", kept)
