"""Reports as text: a table for each workload, the targets, and two reports side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import Report, Result, Row
from benchmarks.targets import Standing, standings

__all__ = ["compare", "figure", "format_report", "summary"]

_UNITS = {"B": "bytes", "times": "times as fast"}


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
    found = standings(report)
    if any(standing.value is not None for standing in found):
        parts.append(_format_targets(found))
    return "\n\n".join(parts)


def _head(report: Report) -> Iterator[str]:
    yield ", ".join(f"{what} {value}" for what, value in report.machine.items())
    yield ", ".join(f"{name} {version}" for name, version in report.versions.items())
    yield ", ".join(f"{what} {value}" for what, value in report.settings.items())
    for text in report.left_out:
        yield f"left out: {text}"


def _format_result(result: Result) -> str:
    peer, floor = result.fastest("peer"), result.fastest("floor")
    rows = [("", result.unit, "of fastest peer", "of floor", "what comes back")]
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


def _format_targets(found: Sequence[Standing]) -> str:
    rows = [("Where vpcroute must stand", "at least", "moonshot", "measured", "", "of")]
    for standing in found:
        target = standing.target
        unit = "x" if target.unit == "times" else f" {_UNITS.get(target.unit, target.unit)}"
        rows.append(
            (
                target.text,
                f"{figure(target.least)}{unit}",
                "" if target.moonshot is None else f"{figure(target.moonshot)}{unit}",
                "" if standing.value is None else f"{figure(standing.value)}{unit}",
                standing.verdict,
                standing.of,
            )
        )
    return "\n".join(_aligned(rows, left=(0, 4, 5)))


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
