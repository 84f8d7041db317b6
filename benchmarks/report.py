"""Reports as text: a table for each workload, the targets, and two reports side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import Report, Result, Row
from benchmarks.subject import OURS
from benchmarks.targets import Standing, standings

__all__ = ["compare", "figure", "format_report", "format_targets", "summary"]

_UNITS = {"B": "bytes"}


def figure(value: float) -> str:
    """A number with three digits that count, or all that are before the point."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def format_report(report: Report) -> str:
    """The whole report."""
    parts = ["\n".join(_head(report)), *(_format_result(result) for result in report.results)]
    if any(standing.value is not None for standing in standings(report)):
        parts.append("\n".join(_aligned(list(_targets(report)), left=(0, 6, 7))))
    return "\n\n".join(parts)


def _head(report: Report) -> Iterator[str]:
    yield ", ".join(f"{what} {value}" for what, value in report.machine.items())
    yield ", ".join(f"{name} {version}" for name, version in report.versions.items())
    yield ", ".join(f"{what} {value}" for what, value in report.settings.items())
    for text in report.left_out:
        yield f"left out: {text}"


def _format_result(result: Result) -> str:
    peer, floor = result.fastest("peer"), result.fastest("floor")
    rows = [("", result.unit, "of best peer", "of floor", "what comes back")]
    left_out = []
    for row in sorted(result.rows, key=_by_figure):
        if row.median is None:
            left_out.append(f"  {row.name}: not compared: {row.left_out}")
            continue
        mark = "▶ " if row.role == "ours" else "  "
        ratios = (_ratio(row, peer), _ratio(row, floor))
        rows.append((mark + row.name, figure(row.median), *ratios, row.returns))
    return "\n".join([f"{result.name}: {result.title}", *_aligned(rows, left=(0, 4)), *left_out])


def _by_figure(row: Row) -> float:
    return float("inf") if row.median is None else row.median


def _ratio(row: Row, other: Row | None) -> str:
    if row.median is None or other is None or not other.median:
        return ""
    return figure(row.median / other.median)


def _targets(report: Report) -> Iterator[tuple[str, ...]]:
    """The table of targets, the head first."""
    yield "Where vpcroute must stand", "ours", "peer", "ratio", "at least", "moonshot", "", "of"
    for standing in standings(report):
        target, result = standing.target, standing.result
        bound = "x" if target.unit == "times" else f" {_UNITS.get(target.unit, target.unit)}"
        needed = f"needs a table of {target.smallest:,}" if target.smallest else "its workload was not run"
        yield (
            target.text,
            _with_unit(standing.ours, result),
            _with_unit(standing.theirs, result),
            "" if standing.ratio is None else f"{figure(standing.ratio)}x",
            "" if target.least is None else f"{figure(target.least)}{bound}",
            "" if target.moonshot is None else f"{figure(target.moonshot)}{bound}",
            standing.verdict,
            needed if result is None else ": ".join([result.name, *_names(standing)]),
        )


def _with_unit(row: Row | None, result: Result | None) -> str:
    if row is None or row.median is None or result is None:
        return ""
    return f"{figure(row.median)} {_UNITS.get(result.unit, result.unit)}"


def _names(standing: Standing) -> Iterator[str]:
    """Who stands against whom, where the table does not say it."""
    ours = standing.ours.name if standing.ours is not None and standing.ours.name != OURS else ""
    theirs = standing.theirs.name if standing.theirs is not None else ""
    if ours or theirs:
        yield f"{ours}{' / ' if ours and theirs else ''}{theirs}"


def format_targets(report: Report) -> str:
    """The table of targets as Markdown, with the machine above it."""
    head, *rows = _targets(report)
    ruler = ("---", *["---:"] * 5, "---", "---")
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ruler, *rows)]
    return "\n".join([", ".join(f"{what} {value}" for what, value in report.machine.items()), "", *lines])


def _aligned(rows: Sequence[Sequence[str]], *, left: Sequence[int]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def summary(result: Result) -> str:
    """A result in a line: ours, and the fastest peer."""
    found = [row for row in result.rows if row.role == "ours"]
    peer = result.fastest("peer")
    found += [] if peer is None else [peer]
    texts = [f"{row.name} {figure(row.median)} {result.unit}" for row in found if row.median is not None]
    left_out = [row.name for row in result.rows if row.left_out is not None]
    if left_out:
        texts.append(f"not compared: {', '.join(left_out)}")
    return ", ".join(texts)


def compare(old: Report, new: Report) -> str:
    """What the second report takes of the first one's figures, row by row."""
    rows = [("", "", "before", "after", "", "after/before")]
    for result in new.results:
        before = next((r for r in old.results if r.name == result.name), None)
        for row in result.rows:
            former = before.row(row.name) if before is not None else None
            if former is None or former.median is None or row.median is None:
                continue
            ratio = figure(row.median / former.median) if former.median else ""
            rows.append((result.name, row.name, figure(former.median), figure(row.median), result.unit, ratio))
    if len(rows) == 1:
        return "the two have no row in common"
    notes = [
        f"{what}: {old.machine.get(what)} before, {value} after"
        for what, value in new.machine.items()
        if old.machine.get(what) != value
    ]
    return "\n".join([*notes, *_aligned(rows, left=(0, 1, 4))])
