"""Where vpcroute must stand, as data, and where it stands by a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final, Literal

import attrs

from benchmarks.contenders import urls
from benchmarks.oneshot import COMPILE, COMPILED, RIB, VANTAGE
from benchmarks.results import Report, Result
from benchmarks.subject import OURS

__all__ = ["FULL", "TARGETS", "Standing", "Target", "standings"]

#: From this size on a table counts as a full one.
FULL: Final = 900_000
_MANY_NAMES: Final = 100_000

#: How a target is measured: how many times as fast as others, or a figure that must not be exceeded.
Measure = Literal["times", "figure", "bytes a route"]


@attrs.frozen
class Target:
    """One line of the table.

    Attributes:
        text: what is measured.
        workloads: patterns of the names of results; the worst that is found counts.
        least: what must be reached.
        moonshot: what would be splendid, or None.
        unit: of `least`: ``times``, or the unit of the results.
        ours: the name of our row.
        against: the names of the rows to beat, of which the fastest counts; empty is every peer.
        smallest: the size from which on a table counts.
        scale: what our figure is multiplied by for `unit`.
        left_out: why it cannot be measured, or None.
    """

    text: str
    workloads: tuple[str, ...]
    least: float
    moonshot: float | None
    unit: str = "times"
    ours: str = OURS
    against: tuple[str, ...] = ()
    smallest: int = 0
    per_route: bool = False
    left_out: str | None = None


_BARE: Final = tuple(f"{name}, bare" for name in ("pytricia", "py-radix", "pysubnettree", "radixtarget", "originet"))
_NO_FILE: Final = "the library has no file form yet"

TARGETS: Final = (
    Target("lookup(str), v4, private table, fastest peer", ("private/lookup/v4-*",), 3, 6),
    Target("lookup(str), v4, full table, fastest peer", ("*/lookup/v4-*",), 3, 6, smallest=FULL),
    Target("lookup(str), v6, private table, fastest peer", ("private/lookup/v6-*",), 2, 4),
    Target("lookup(str), v6, full table, fastest peer", ("*/lookup/v6-*",), 2, 4, smallest=FULL),
    Target("refusal of lookup(str), pytricia's KeyError", ("*/refusal/*",), 0.5, None, against=("pytricia",)),
    Target('resolve("host:port"), private table, bare peer', ("private/connect/v4-prefix",), 1.7, 3, against=_BARE),
    Target('resolve("host:port"), full table, bare peer', ("*/connect/v4-prefix",), 5, 8, against=_BARE, smallest=FULL),
    Target("resolve(url), private table, bare peer", ("private/url/v4-prefix",), 1.7, 3, against=_BARE),
    Target("resolve(url), full table, bare peer", ("*/url/v4-prefix",), 5, 8, against=_BARE, smallest=FULL),
    Target("resolve(url), fastest exact URL parser", ("private/url/v4-*",), 5, 10, against=urls.EXACT),
    Target(
        "resolve(url with a name), 120,000 names, dict parent-walk",
        ("names/url/hit",),
        3,
        8,
        against=("dict parent-walk, bare",),
        smallest=_MANY_NAMES,
    ),
    Target("packed v4 address, full table, one thread", ("*/batch/v4-one-thread",), 12, 6, "ns", smallest=FULL),
    Target("packed v4 address, full table, two threads", ("*/batch/v4-two-threads",), 6, 3, "ns", smallest=FULL),
    Target("compile of the full table from a loaded RIB", ("*/build",), 3, 0.5, "s", COMPILE, smallest=FULL),
    Target("memory of the compiled full table", ("*/memory",), 24, 10, "MiB", COMPILED, smallest=FULL),
    Target("opening its file, trusted", (), 5, 1, "ms", left_out=_NO_FILE),
    Target("opening its file, every index proved", (), 15, 5, "ms", left_out=_NO_FILE),
    Target("one change until it is seen, full table", ("*/change",), 1, 0.05, "ms", smallest=FULL),
    Target("a second vantage, memory, full table", ("*/memory",), 1, 0.1, "MiB", VANTAGE, smallest=FULL),
    Target("a health flip of an on-ramp under 10,000 prefixes", ("onramp/health",), 5, 0.2, "ms", smallest=10_000),
    Target("RIB, a route", ("*/memory",), 1536, 900, "B", RIB, smallest=FULL, per_route=True),
)


@attrs.frozen
class Standing:
    """Where a target stands.

    Attributes:
        value: what was measured, in the target's unit; None if it was not.
        of: the workload that counts, or why nothing was measured.
    """

    target: Target
    value: float | None
    of: str

    @property
    def verdict(self) -> str:
        """What the value means, in a word."""
        if self.value is None:
            return "not measured"
        if self.target.moonshot is not None and self._reaches(self.target.moonshot):
            return "moonshot"
        return "reached" if self._reaches(self.target.least) else "missed"

    def _reaches(self, bound: float) -> bool:
        assert self.value is not None  # noqa: S101  (whoever asks has looked)
        return self.value >= bound if self.target.unit == "times" else self.value <= bound


def standings(report: Report) -> list[Standing]:
    """Each target with the worst figure that the report has for it."""
    return [_standing(target, report) for target in TARGETS]


def _standing(target: Target, report: Report) -> Standing:
    if target.left_out is not None:
        return Standing(target, None, target.left_out)
    found = list(_values(target, report))
    if not found:
        wanted = f"a table of {target.smallest:,}" if target.smallest else "its workload"
        return Standing(target, None, f"needs {wanted}")
    worst: Callable[..., tuple[float, str]] = min if target.unit == "times" else max
    value, of = worst(found)
    return Standing(target, value, of)


def _values(target: Target, report: Report) -> Iterator[tuple[float, str]]:
    for result in report.results:
        if result.size >= target.smallest and any(fnmatchcase(result.name, p) for p in target.workloads):
            value = _value(target, result)
            if value is not None:
                yield value


def _value(target: Target, result: Result) -> tuple[float, str] | None:
    row = result.row(target.ours)
    ours = None if row is None else row.median
    if ours is None:
        return None
    if target.unit != "times":
        return (ours * 2**20 / result.size if target.per_route else ours), result.name
    rivals = [
        (other.median, other.name)
        for other in result.rows
        if other.role == "peer" and other.median is not None and (not target.against or other.name in target.against)
    ]
    if not rivals:
        return None
    theirs, name = min(rivals)
    return theirs / ours, f"{result.name}, {name}"
