"""Plots that are read at a glance: a dot for each contender, a curve for each, the names beside them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, Final

from benchmarks.growth import GROUPS
from benchmarks.report import figure
from benchmarks.results import Report, Result, Row

__all__ = ["draw"]

#: What is drawn of a report, where it is there: the end of a name, and the headline.
_PANELS: Final = (
    ("lookup/v4-prefix", "Look up an IPv4 address"),
    ("lookup/v6-prefix", "Look up an IPv6 address"),
    ("/url/v4-prefix", "Resolve a URL with an address"),
    ("names/url/hit", "Resolve a URL with a name"),
    ("batch/v4-one-thread", "Look up many packed IPv4 addresses at once"),
)
_CURVES: Final = {
    "growth/lookup": "Look up an IPv4 address as the table grows",
    "growth/build": "Build as the table grows (peers: IPv4 only)",
    "growth/names": "Look up a name as the table grows",
    "growth/rules": "Evaluate a request as Gateway's rules grow",
    "growth/entries": "Evaluate a request as Gateway's lists grow",
}
_KINDS: Final = {"file": "Internet table", "generated": "generated table", "private": "private table"}
_COLOURS: Final = {"ours": "#d9480f", "peer": "#495057", "floor": "#adb5bd"}
_LINES: Final = ("#495057", "#1971c2", "#2f9e44", "#862e9c")
_FAINT: Final = "#868e96"
_MOST: Final = 6
_PEERS: Final = 7
_FLOORS: Final = {"a C function that does nothing", "a copy of the buffer"}


def _pyplot() -> Any:
    """The drawing part of matplotlib, without a screen; ImportError where it is not there."""
    importlib.import_module("matplotlib").use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    pyplot.rcdefaults()
    pyplot.rcParams.update({"font.size": 10, "svg.fonttype": "none", "axes.titlesize": 11, "axes.titleweight": "bold"})
    return pyplot


def draw(report: Report, path: Path) -> None:
    """Draws the look-ups of a report and how cost grows, a panel for each, into a file whose name says the format.

    Raises:
        ImportError: without matplotlib.
    """
    panels = [
        partial(_dots, result=max(found, key=lambda result: result.size), headline=headline)
        for end, headline in _PANELS
        if (found := [r for r in report.results if r.name.endswith(end)])
    ]
    groups = [(group, [r for r in report.results if r.name.startswith(group + "/")]) for group in GROUPS]
    panels += [partial(_curves, counted=GROUPS[group], results=results) for group, results in groups if results]
    if not panels:
        panels = [partial(_dots, result=r, headline=r.name) for r in report.results if r.unit == "ns"][:_MOST]
    pyplot = _pyplot()
    columns = min(2, len(panels)) or 1
    rows = ceil(len(panels) / columns) or 1
    sheet, axes = pyplot.subplots(rows, columns, figsize=(6.4 * columns, 3.7 * rows + 0.5), squeeze=False)
    for place in axes.flat[len(panels) :]:
        place.axis("off")
    for place, panel in zip(axes.flat, panels, strict=False):
        panel(place)
    _finish(pyplot, sheet, report, path)


def _dots(place: Any, result: Result, headline: str) -> None:
    measured = sorted(((row.median, row) for row in result.rows if row.median is not None), key=lambda pair: pair[0])
    peers = [row.name for _, row in measured if row.role == "peer"]
    shown = {*peers[:_PEERS], *_FLOORS, *(row.name for _, row in measured if row.role == "ours")}
    found = [pair for pair in reversed(measured) if pair[1].name in shown]
    for y, (value, row) in enumerate(found):
        colour, weight = _COLOURS[row.role], "bold" if row.role == "ours" else "normal"
        place.plot([value], [y], "o", color=colour, markersize=8 if row.role == "ours" else 6)
        place.annotate(
            f"{figure(value)} {result.unit}",
            (value, y),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            weight=weight,
        )
    place.set_yticks(range(len(found)), [row.name for _, row in found])
    for label, (_, row) in zip(place.get_yticklabels(), found, strict=True):
        label.set_color(_COLOURS[row.role])
        label.set_weight("bold" if row.role == "ours" else "normal")
    place.set_xscale("log")
    place.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    values = [value for value, _ in found] or [1.0]
    place.set_xlim(min(values) / 1.6, max(values) * 4)
    place.set_title(headline, loc="left", pad=18)
    slower = f"; {len(peers) - _PEERS} slower left out" if len(peers) > _PEERS else ""
    _subtitle(place, f"{_table(result)}; {result.unit} each, less is better{slower}")
    place.grid(axis="y", color="#e9ecef")
    place.minorticks_off()
    _plain(place)


def _curves(place: Any, counted: str, results: Sequence[Result]) -> None:
    names = list(dict.fromkeys(row.name for result in results for row in result.rows))
    ends: list[tuple[float, float, str, str]] = []
    colours = iter(_LINES * len(names))
    for name in names:
        found = [(result.size, row) for result in results if (row := result.row(name)) is not None and row.rounds]
        points = [(size, value) for size, row in found if (value := row.median) is not None]
        if not points:
            continue
        ours = _is_ours([row for _, row in found])
        colour = _COLOURS["ours"] if ours else next(colours)
        style = "--" if ours and any(colour == c for _, _, _, c in ends) else "-"
        place.plot(
            *zip(*points, strict=True), style, color=colour, linewidth=2.5 if ours else 1.5, marker="o", markersize=3
        )
        ends.append((*points[-1], name, colour))
    place.set_xscale("log")
    place.set_yscale("log")
    place.xaxis.set_major_formatter(lambda value, _: _short(value))
    place.yaxis.set_major_formatter(lambda value, _: figure(value))
    place.yaxis.set_minor_formatter(lambda value, _: figure(value) if f"{value:.0e}"[0] in "25" else "")
    _name_curves(place, ends)
    place.set_title(_CURVES[results[0].name.rpartition("/")[0]], loc="left", pad=18)
    unit = f"{results[0].unit} a call" if results[0].unit == "ns" else results[0].unit
    _subtitle(place, f"{unit}, over the number of {counted}")
    place.grid(color="#e9ecef")
    _plain(place)


def _short(value: float) -> str:
    for least, unit in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:.0f}{unit}"
    return f"{value:.0f}"


def _name_curves(place: Any, ends: list[tuple[float, float, str, str]]) -> None:
    """Writes the names at the ends of the curves, apart from each other."""
    lowest, highest = place.get_ylim()
    least = (highest / lowest) ** 0.06
    last = 0.0
    for x, y, name, colour in sorted(ends, key=lambda end: end[1]):
        last = max(y, last * least)
        place.annotate(
            name, (x, last), xytext=(6, 0), textcoords="offset points", va="center", color=colour, annotation_clip=False
        )


def _is_ours(rows: Sequence[Row]) -> bool:
    return any(row.role == "ours" for row in rows)


def _table(result: Result) -> str:
    kind = result.name.partition("/")[0]
    return f"{result.size:,} names" if kind == "names" else f"{_KINDS.get(kind, kind)}, {result.size:,} prefixes"


def _subtitle(place: Any, text: str) -> None:
    place.text(0, 1.02, text, transform=place.transAxes, color=_FAINT, size=8)


def _plain(place: Any) -> None:
    place.set_axisbelow(True)
    for side in ("top", "right"):
        place.spines[side].set_visible(False)
    place.tick_params(which="both", length=0)


def _finish(pyplot: Any, sheet: Any, report: Report, path: Path) -> None:
    of = report.machine
    text = f"vpcroute {report.versions['vpcroute']} ({of['vpcroute']}), {of['python']}, {of['processor']}"
    sheet.text(0.01, 0.005, text, color=_FAINT, size=8)
    sheet.tight_layout(rect=(0, 0.03, 1, 1), w_pad=4)
    sheet.savefig(path, dpi=130, facecolor="white", bbox_inches="tight")
    pyplot.close(sheet)
