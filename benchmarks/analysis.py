"""What analysis costs: the differences of tables, what would be lost, what must hold, why, what each route is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Final

import vpcroute
from benchmarks.changes import new_places
from benchmarks.results import Result, Row
from benchmarks.step import Settings
from benchmarks.suite import AddressBench
from benchmarks.tables import dice
from benchmarks.timing import repeat
from vpcroute.analysis.changes import Changes
from vpcroute.analysis.diff import diff
from vpcroute.analysis.expectations import Expectation
from vpcroute.analysis.impact import impact
from vpcroute.analysis.tree import tree

__all__ = ["analysis"]

_CHANGES: Final = 1000
_EVERYTHING: Final = Expectation("0.0.0.0/0", must={"offramp": "CFD_TUNNEL"})


def analysis(bench: AddressBench, settings: Settings) -> Result:
    """One figure for each kind of question."""
    name, title = f"{bench.table.name}/analysis", f"analysis; {bench.table.title}"
    rows = [
        Row(what, "ours", returns, tuple(t * 1000 for t in taken)) for what, returns, taken in _taken(bench, settings)
    ]
    return Result(name, title, "ms", len(bench.table), tuple(rows))


def _taken(bench: AddressBench, settings: Settings) -> Iterator[tuple[str, str, list[float]]]:
    """What is asked, what comes back, and the seconds of each time."""
    timed = partial(repeat, settings=settings)
    rib, before = bench.rib, bench.resolver
    hosts = iter(bench.hosts(4, "prefix"))
    yield "explain", "an explanation of one address, by the table", timed(lambda: rib.explain((next(hosts), 443)))
    yield "assert", "a check of every IPv4 address", timed(_seen(partial(before.check, _EVERYTHING)))
    yield "impact", "what would be lost with each connector", timed(_seen(partial(impact, rib)))
    yield "show", "what each route is worth", timed(_seen(partial(tree, rib)))

    via = vpcroute.Tunnel("changed", "changed")
    (prefix, _), *_ = chain(islice(new_places(bench.table.v4, 24), 1), [("10.0.0.0/24", "")])
    with rib.transaction():
        route = rib.announce(vpcroute.SubnetRoute(prefix, via=via))
    yield "diff, one change", f"{prefix} announced", timed(_changed(before, rib.compile()))
    rib.withdraw(route)
    gone = next(egress for egress in bench.table.egresses if not isinstance(egress, vpcroute.OnRamp))
    rib.set_health(gone, "down")
    yield "diff, a tunnel down", "its prefixes unavailable", timed(_changed(before, rib.compile()))
    rib.set_health(gone, None)

    other = _changed_table(bench)
    after = other.compile()
    count = len(diff(before, after).addresses)
    returns = f"{count:,} ranges, of two tables that share nothing"
    yield f"diff, {_CHANGES:,} changes", returns, timed(_changed(before, after))


def _changed_table(bench: AddressBench) -> vpcroute.RouteTable:
    """Another table, with some routes withdrawn, and half of these announced through another tunnel."""
    other = bench.table.rib()
    chance = dice("analysis")
    routes = [route for route in other if isinstance(route, vpcroute.SubnetRoute)]
    tunnels = sorted({route.via for route in routes}, key=lambda via: via.id)
    with other.transaction():
        for number, route in enumerate(chance.sample(routes, min(_CHANGES, len(routes) // 2))):
            other.withdraw(route)
            if number % 2:
                via = chance.choice([tunnel for tunnel in tunnels if tunnel != route.via])
                other.announce(vpcroute.SubnetRoute(route.network, via=via))
    return other


def _seen(ask: Callable[[], object]) -> Callable[[], object]:
    """A call that must come back with something."""

    def call() -> object:
        found = ask()
        if not found:
            raise AssertionError("nothing is found")
        return found

    return call


def _changed(before: vpcroute.Resolver, after: vpcroute.Resolver) -> Callable[[], object]:
    compare: Callable[[], Changes] = partial(diff, before, after)
    return _seen(compare)
