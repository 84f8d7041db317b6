"""Where vpcroute must stand, as data, and where it stands by a report."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

import attrs

from benchmarks.contenders import urls
from benchmarks.oneshot import COMPILE, TRIES, WHOLE
from benchmarks.opening import PROVED, TRUSTED
from benchmarks.results import Report, Result, Row

__all__ = ["FULL", "TARGETS", "Standing", "Target", "standings"]

#: From this size on a table counts as a full one.
FULL: Final = 900_000
_MANY_NAMES: Final = 100_000
_MANY_FLIPS: Final = 10_000
_MANY_RULES: Final = 1000


@attrs.frozen
class Target:
    """One line of the table.

    Attributes:
        text: what is measured.
        workloads: patterns of the names of results; the worst that is found counts.
        least: what must be reached; None for a line that is there to be known.
        moonshot: what would be splendid, or None.
        unit: of `least`: ``times`` as fast as a peer, or the unit of the results, for a figure not to be exceeded.
        ours: a pattern of the names of our rows; the worst of them counts.
        against: the names of the rows to beat, of which the best counts; empty is every peer.
        smallest: the size from which on a table counts.
    """

    text: str
    workloads: tuple[str, ...]
    least: float | None = None
    moonshot: float | None = None
    unit: str = "times"
    ours: str = "*"
    against: tuple[str, ...] = ()
    smallest: int = 0


_FAST: Final = ("pytricia", "pattrie", "py-radix", "pysubnettree", "radixtarget", "originet")
_BARE: Final = tuple(f"{name}, bare" for name in _FAST)
_WALK: Final = ("dict parent-walk",)
_WALK_BARE: Final = ("dict parent-walk, bare",)
_BATCH: Final = ("numpy searchsorted",)


def _of_both_tables(text: str, workload: str, private: tuple[float, float], full: tuple[float, float]) -> list[Target]:
    return [
        Target(f"{text}, private table, peer's bare look-up", (f"private/{workload}",), *private, against=_BARE),
        Target(f"{text}, full table, peer's bare look-up", (f"*/{workload}",), *full, against=_BARE, smallest=FULL),
    ]


def _batch(text: str, workload: str, least: float | None, moonshot: float | None, smallest: int = 0) -> Target:
    return Target(text, (workload,), least, moonshot, "ns", against=_BATCH, smallest=smallest)


def _flip(text: str, ours: str) -> Target:
    return Target(text, ("onramp/health",), 5, 0.2, "ms", ours, smallest=_MANY_FLIPS)


def _figure(text: str, group: str, bounds: tuple[float, float] | None, unit: str, ours: str = "*") -> Target:
    least, moonshot = bounds or (None, None)
    return Target(text, (f"*/{group}",), least, moonshot, unit, ours, smallest=FULL)


TARGETS: Final = (
    Target("lookup(str), v4, private table", ("private/lookup/v4-*",), 3, 6),
    Target("lookup(str), v4, full table", ("*/lookup/v4-*",), 3, 6, smallest=FULL),
    Target("lookup(str), v6, private table", ("private/lookup/v6-*",), 2, 4),
    Target("lookup(str), v6, full table", ("*/lookup/v6-*",), 2, 4, smallest=FULL),
    Target("refusal of lookup(str), v4, pytricia's KeyError", ("*/refusal/v4",), 0.5, against=("pytricia",)),
    Target("refusal of lookup(str), v6, pytricia's KeyError", ("*/refusal/v6",), 0.5, against=("pytricia",)),
    *_of_both_tables('resolve("host:port")', "connect/v4-prefix", (1.7, 3), (5, 8)),
    *_of_both_tables("resolve(url)", "url/v4-prefix", (1.7, 3), (5, 8)),
    Target('resolve("[v6]:port"), private table', ("private/connect/v6-prefix",), against=_BARE),
    Target('resolve("[v6]:port"), full table', ("*/connect/v6-prefix",), against=_BARE, smallest=FULL),
    Target("resolve(url), private table, exact URL parser alone", ("private/url/v4-*",), 5, 10, against=urls.EXACT),
    Target("resolve(url), full table, parser alone", ("*/url/v4-prefix",), against=urls.EXACT, smallest=FULL),
    *(
        Target(
            f"resolve(url with a name), {kind}, 120,000 names, dict parent-walk of the name",
            (f"names/url/{kind}",),
            3,
            8,
            against=_WALK_BARE,
            smallest=_MANY_NAMES,
        )
        for kind in ("hit", "miss")
    ),
    *(
        Target(
            f"lookup(name), {kind}, dict parent-walk", (f"names/lookup/{kind}",), against=_WALK, smallest=_MANY_NAMES
        )
        for kind in ("hit", "miss")
    ),
    _batch("a packed v4 address of a million, full table, one thread", "*/batch/v4-one-thread", 12, 6, FULL),
    _batch("the same, two threads", "*/batch/v4-two-threads", 6, 3, FULL),
    _batch("the same, private table, one thread", "private/batch/v4-one-thread", 12, 6),
    _batch("the same, private table, two threads", "private/batch/v4-two-threads", 6, 3),
    _batch("a packed v6 address, full table, one thread", "*/batch/v6-one-thread", None, None, FULL),
    _batch("the same, two threads", "*/batch/v6-two-threads", None, None, FULL),
    _figure("compile of the full table from a loaded RIB", "build", (3, 0.5), "s", COMPILE),
    _figure("memory of the compiled full table: the tries of both families", "memory", (24, 10), "MiB", TRIES),
    _figure("the whole compiled form, with what explains an answer", "memory", None, "MiB", WHOLE),
    _figure("opening its file, trusted", "open", (5, 1), "ms", TRUSTED),
    _figure("opening its file, every index proved", "open", (15, 5), "ms", PROVED),
    _figure("one change until it is seen, full table", "change", (1, 0.05), "ms"),
    _figure("the same for a /8 with thousands of prefixes inside", "wide-change", None, "ms"),
    _figure("a second vantage, memory", "vantage-memory", (1024, 100), "KiB"),
    _figure("a second vantage, time", "vantage", None, "ms"),
    _flip("a health flip of an on-ramp under 10,000 prefixes", "one other on-ramp"),
    _flip("the same where the prefixes have 200 other on-ramps", "200 other on-ramps"),
    Target(
        "a request at Gateway, all stages, 1,000 rules, lists of 100,000 entries",
        ("policies/request",),
        100,
        25,
        "us",
        "a request*",
        smallest=_MANY_RULES,
    ),
    Target("RIB, a route with all its indexes", ("*/rib",), 1536, 900, "B", against=("py-radix",), smallest=FULL),
)


@attrs.frozen
class Standing:
    """Where a target stands.

    Attributes:
        result: the result that counts, or None where there is none.
        ours: our row that counts.
        theirs: the peer's, or None where there is none to compare with.
    """

    target: Target
    result: Result | None = None
    ours: Row | None = None
    theirs: Row | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as much the peer takes."""
        if self.ours is None or self.theirs is None or not self.ours.median or self.theirs.median is None:
            return None
        return self.theirs.median / self.ours.median

    @property
    def value(self) -> float | None:
        """What was measured, in the target's unit; None if it was not."""
        if self.target.unit == "times":
            return self.ratio
        return None if self.ours is None else self.ours.median

    @property
    def verdict(self) -> str:
        """What the value means, in a word."""
        if self.value is None:
            return "not measured"
        for bound, word in ((self.target.moonshot, "moonshot"), (self.target.least, "met")):
            if bound is not None and (self.value >= bound if self.target.unit == "times" else self.value <= bound):
                return word
        return "" if self.target.least is None else "missed"


def standings(report: Report) -> list[Standing]:
    """Each target with the worst figure that the report has for it."""
    return [_worst(target, list(_found(target, report))) for target in TARGETS]


def _worst(target: Target, found: list[Standing]) -> Standing:
    measured = [(standing.value, standing) for standing in found if standing.value is not None]
    if not measured:
        return Standing(target)
    worst = min if target.unit == "times" else max
    return worst(measured, key=lambda pair: pair[0])[1]


def _found(target: Target, report: Report) -> Iterator[Standing]:
    for result in report.results:
        if result.size >= target.smallest and any(fnmatchcase(result.name, p) for p in target.workloads):
            rivals = [
                (row.median, row)
                for row in result.rows
                if row.role == "peer" and row.median is not None and (not target.against or row.name in target.against)
            ]
            theirs = min(rivals, key=lambda pair: pair[0])[1] if rivals else None
            for row in result.rows:
                if row.role == "ours" and fnmatchcase(row.name, target.ours):
                    yield Standing(target, result, row, theirs)
