"""What a change costs until it is seen: a route that comes or goes, another place, another state of an on-ramp."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import process_time_ns
from typing import Final

import vpcroute
from benchmarks.contenders.addresses import CONTENDERS
from benchmarks.results import Result, Row
from benchmarks.step import Settings
from benchmarks.suite import AddressBench
from benchmarks.tables import WIDTHS, Family, Version, dice, onramp_table, to_text
from benchmarks.timing import quiet, repeat

__all__ = ["change", "health", "new_places", "vantage", "wide_change"]

#: How many changes there are for a round of what is timed a call.
_CHANGES_A_ROUND: Final = 20
_KINDS: Final[tuple[tuple[Version, int], ...]] = ((4, 24), (4, 20), (6, 48))
_WIDE: Final[tuple[tuple[Version, int], ...]] = ((4, 8),)
_BACKUPS: Final = 200

Place = tuple[str, str]


def change(bench: AddressBench, settings: Settings) -> Result:
    """Random prefixes of the common lengths, beside the peers that can be changed in place."""
    rows = _ours(bench, _KINDS, _CHANGES_A_ROUND * settings.rounds)
    places = list(islice(new_places(bench.table.v4, 24), _CHANGES_A_ROUND * settings.rounds))
    rows += _theirs(bench, places, settings)
    title = f"one change until it is seen; {bench.table.title}"
    return Result(f"{bench.table.name}/change", title, "ms", len(bench.table), tuple(rows))


def wide_change(bench: AddressBench, settings: Settings) -> Result:
    """Prefixes with a large part of the table inside."""
    rows = _ours(bench, _WIDE, settings.rounds)
    title = f"one wide change until it is seen; {bench.table.title}"
    return Result(f"{bench.table.name}/wide-change", title, "ms", len(bench.table), tuple(rows))


def _ours(bench: AddressBench, kinds: Sequence[tuple[Version, int]], count: int) -> list[Row]:
    rib, via = bench.rib, vpcroute.Tunnel("changed", "changed")
    rib.compile()
    rows = []
    for version, length in kinds:
        came, went = [], []
        for prefix, host in islice(new_places(bench.table.family(version), length), count):
            route = vpcroute.SubnetRoute(prefix, via=via)
            with quiet(collect=False):
                begun = process_time_ns()
                rib.announce(route)
                seen = rib.compile().lookup(host)
                announced = process_time_ns()
                rib.withdraw(route)
                resolver = rib.compile()
                withdrawn = process_time_ns()
            if seen != via or _leads_to(resolver, host, via):
                raise AssertionError(f"a change of {prefix} is not seen at {host}")
            came.append((announced - begun) / 1e6)
            went.append((withdrawn - announced) / 1e6)
        kind = f"a /{length}" if version == 4 else f"an IPv6 /{length}"
        rows.append(_row(f"announce {kind}", "announce, compile, look up", came))
        rows.append(_row(f"withdraw {kind}", "withdraw, compile", went))
    return rows


def _row(name: str, what: str, taken: list[float]) -> Row:
    if not taken:
        return Row(name, "ours", what, (), "the table has no room for such prefixes")
    late = sorted(taken)[len(taken) * 95 // 100]
    return Row(name, "ours", f"{what}; {len(taken)} prefixes, 95% within {late:.2g} ms", tuple(taken))


def _leads_to(resolver: vpcroute.Resolver, host: str, via: vpcroute.Egress) -> bool:
    try:
        return resolver.lookup(host) == via
    except vpcroute.RouteError:
        return False


def new_places(family: Family, length: int) -> Iterator[Place]:
    """Prefixes that the table does not have, in, around and beside those it has; each with an address of its own."""
    chance = dice(("changes", family.version, length))
    bits = WIDTHS[family.version]
    spans = set(family.spans)
    longer = sorted({n for _, n in spans if n > length}, reverse=True)
    for _ in range(100_000 if spans else 0):
        start, inner = chance.choice(family.spans)
        start = (start | chance.getrandbits(bits - inner)) >> (bits - length) << (bits - length)
        if (start, length) in spans or family.is_refused(start):
            continue
        for _ in range(20):
            host = start | chance.getrandbits(bits - length)
            if family.is_refused(host) or any((host >> (bits - n) << (bits - n), n) in spans for n in longer):
                continue
            spans.add((start, length))
            yield f"{to_text(start, family.version)}/{length}", to_text(host, family.version)
            break


def _theirs(bench: AddressBench, places: list[Place], settings: Settings) -> list[Row]:
    """Peers that change a tree in place, half of an announcement and a withdrawal."""
    trees = {c.name: bench.tree(c, 4) for c in CONTENDERS if c.is_there and c.name in ("pytricia", "py-radix")}
    rows = []
    if "pytricia" in trees:
        tree = trees["pytricia"].call

        def pytricia(place: Place) -> None:
            tree.thaw()
            tree[place[0]] = place
            tree.freeze()
            tree.thaw()
            del tree[place[0]]
            tree.freeze()

        rows.append(
            Row("pytricia", "peer", "a /24 in place, frozen again", _halves(pytricia, places[: settings.rounds]))
        )
    if "py-radix" in trees:
        radix = trees["py-radix"].keep

        def in_place(place: Place) -> None:
            radix.add(place[0]).data["egress"] = place
            radix.delete(place[0])

        rows.append(Row("py-radix", "peer", "a /24 in place, seen by readers half done", _halves(in_place, places)))
    return rows


def _halves(call: Callable[[Place], None], places: list[Place]) -> tuple[float, ...]:
    taken = []
    with quiet():
        for place in places:
            begun = process_time_ns()
            call(place)
            taken.append((process_time_ns() - begun) / 2e6)
    return tuple(taken)


def vantage(bench: AddressBench, settings: Settings) -> Result:
    """A place that the table was not compiled for yet, when it was for another."""
    bench.rib.compile()
    colos = iter(f"aaa{number}" for number in range(10_000))
    taken = repeat(lambda: bench.rib.compile(colo=next(colos)), settings)
    row = Row("vpcroute", "ours", "a Resolver of another place", tuple(t * 1000 for t in taken))
    title = f"a second vantage, time; {bench.table.title}"
    return Result(f"{bench.table.name}/vantage", title, "ms", len(bench.table), (row,))


def health(size: int, settings: Settings) -> Result:
    """An on-ramp that goes down and comes back, under prefixes that have a second one."""
    rows = []
    for backups in (1, _BACKUPS):
        taken = _flips(size, backups, _CHANGES_A_ROUND * settings.rounds)
        name = "one other on-ramp" if backups == 1 else f"{backups} other on-ramps"
        rows.append(Row(name, "ours", "set_health, compile, look up", taken))
    return Result("onramp/health", f"a health flip of an on-ramp under {size:,} prefixes", "ms", size, tuple(rows))


def _flips(size: int, backups: int, count: int) -> tuple[float, ...]:
    rib, first, address = onramp_table(size, backups)
    before, taken = rib.compile().lookup(address), []
    with quiet():
        for turn in range(count):
            begun = process_time_ns()
            rib.set_health(first, "healthy" if turn % 2 else "down")
            egress = rib.compile().lookup(address)
            taken.append((process_time_ns() - begun) / 1e6)
            if (egress == first) != bool(turn % 2) or egress == before:
                raise AssertionError("a change of health is not seen")
            before = egress
    return tuple(taken)
