"""``python -m benchmarks``: run, or show, draw or compare what runs have written."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import attrs

from benchmarks import growth, machine, peers, plot, timing
from benchmarks.dialing import dial_steps
from benchmarks.oneshot import health_step, table_steps
from benchmarks.policies import growth_steps, policy_steps
from benchmarks.progress import progress
from benchmarks.report import compare, format_report, format_targets, summary
from benchmarks.results import Report, Result
from benchmarks.step import Settings, Step
from benchmarks.subject import Workload
from benchmarks.suite import AddressBench, NameBench, address_tasks, name_tasks
from benchmarks.tables import make_names, make_table

__all__ = ["main", "measure"]

_ROUNDS: Final = 7
_INPUTS: Final = 100_000
_GENERATED: Final = 100_000
_NAMES: Final = 120_000
_LARGEST: Final = 1_000_000
_SECONDS: Final = 6.0
#: What a quick run measures where it is not told what.
_QUICK: Final = (
    "*/lookup/*-prefix",
    "private/refusal/v4",
    "private/*/v4-prefix",
    "private/batch/v4-*",
    "names/*/hit",
    "private/build",
    "private/change",
    "private/wide-change",
    "private/vantage",
    "private/analysis",
    "private/vantage-memory",
    "private/open",
    "private/memory",
    "private/rib",
    "onramp/health",
    "policies/*",
    "dial/*",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit status is 1 if a measurement failed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands = {"compare": _compare, "show": _show}
    if arguments and arguments[0] in commands:
        return commands[arguments[0]](arguments[1:])
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="vpcroute beside its peers; see also: show --help, compare --help"
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few inputs and small tables: a smoke run")
    size.add_argument("--full", action="store_true", help="also the curves: how cost grows with the table")
    parser.add_argument("--table", metavar="FILE", type=Path, help="prefixes, one a line; .gz is read, too")
    parser.add_argument("--generated", metavar="N", type=int, help="prefixes of the generated table; 0: without it")
    parser.add_argument("--names", metavar="N", type=int, help=f"names of the table of names (default {_NAMES:,})")
    parser.add_argument("--only", metavar="NAME,…", help="workloads by name, part (lookup) or pattern (*/url/*)")
    parser.add_argument("--list", action="store_true", help="print the names of the workloads")
    parser.add_argument("--largest", metavar="N", type=int, default=_LARGEST, help="the largest table of the curves")
    parser.add_argument("--inputs", metavar="N", type=int, help=f"inputs of a workload (default {_INPUTS:,})")
    parser.add_argument("--rounds", metavar="N", type=int, help=f"turns of each contender (default {_ROUNDS})")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw a plot (.png, .svg)")
    chosen = parser.parse_args(arguments)
    settings = _settings(chosen)
    try:
        steps = deque(_steps(chosen, settings))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    wanted = chosen.only.split(",") if chosen.only else _QUICK if chosen.quick else ("*",)
    steps = deque(step for step in steps if _is_chosen(step.name, wanted))
    if not steps:
        parser.error(f"no workload is called {chosen.only}; --list has the names")
    if chosen.list:
        print(*(step.name for step in steps), sep="\n")
        return 0
    left_out = [] if chosen.full else ["how cost grows: --full draws the curves"]
    if chosen.table is None:
        left_out.append("a full Internet table: give one with --table FILE")
    return _report(steps, settings, left_out, chosen)


def _settings(chosen: argparse.Namespace) -> Settings:
    inputs = chosen.inputs or (5_000 if chosen.quick else _INPUTS)
    return Settings(inputs, chosen.rounds or (5 if chosen.quick else _ROUNDS), 0.3 if chosen.quick else _SECONDS)


def _steps(chosen: argparse.Namespace, settings: Settings) -> Iterator[Step]:
    generated = chosen.generated if chosen.generated is not None else (3_000 if chosen.quick else _GENERATED)
    words = ["private", *([f"generated:{generated}"] if generated else [])]
    if chosen.table is not None:
        words.append(f"file:{chosen.table.resolve()}")
    for word in words:
        bench = AddressBench(make_table(word), settings.inputs)
        yield from (Step(task.name, partial(_timed, task.make)) for task in address_tasks(bench))
        yield from table_steps(bench)
    names = chosen.names or (2_000 if chosen.quick else _NAMES)
    named = NameBench(make_names(f"names:{names}"), settings.inputs)
    yield from (Step(task.name, partial(_timed, task.make)) for task in name_tasks(named))
    yield from dial_steps()
    yield health_step(500) if chosen.quick else health_step()
    yield from policy_steps(quick=chosen.quick)
    if chosen.full:
        yield from growth.steps(chosen.largest)
        yield from growth_steps(chosen.largest)


def _timed(make: Callable[[], Workload], settings: Settings) -> Result:
    return timing.run(make(), settings.rounds)


def _is_chosen(name: str, wanted: Sequence[str]) -> bool:
    return any(word in name.split("/") or fnmatchcase(name, word) for word in wanted)


def measure(waiting: deque[Step], settings: Settings) -> tuple[list[Result], list[str]]:
    """The results of the steps, and what failed, as sentences; takes each step away, so that its table is freed."""
    results, failed = [], []
    with progress(len(waiting)) as told:
        while waiting:
            step = waiting.popleft()
            told.begin(step.name)
            try:
                result = step.take(settings)
            except Exception as error:
                failed.append(f"{step.name} failed: {type(error).__name__}: {error}")
                told.end(failed[-1])
            else:
                results.append(result)
                told.end(summary(result))
    return results, failed


def _report(
    steps: deque[Step],
    settings: Settings,
    left_out: list[str],
    chosen: argparse.Namespace,
) -> int:
    for path in (chosen.json, chosen.plot):
        if path is not None and not path.parent.is_dir():  # said now, not after the run
            print(f"there is no folder {path.parent}", file=sys.stderr)
            return 2
    left_out += [f"{name}: it cannot be imported" for name in peers.missing()]
    begun, load = perf_counter(), machine.load()
    results, failed = measure(steps, settings)
    facts = {**attrs.asdict(settings), "clock": timing.CLOCK, "minutes": round((perf_counter() - begun) / 60, 1)}
    facts["load"] = f"{load} before, {machine.load()} after"
    report = Report(machine.describe(), peers.versions(), facts, (*left_out, *failed), tuple(results))
    print(format_report(report))
    if chosen.json is not None:
        report.save(chosen.json)
    if chosen.plot is not None:
        _draw(report, chosen.plot)
    return 1 if failed else 0


def _draw(report: Report, path: Path) -> None:
    try:
        plot.draw(report, path)
    except ImportError:
        print("no plot: matplotlib cannot be imported", file=sys.stderr)


def _show(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks show", description="what a run has written")
    parser.add_argument("run", type=Path)
    parser.add_argument("--markdown", action="store_true", help="only where vpcroute must stand, as a Markdown table")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="only draw a plot (.png, .svg)")
    chosen = parser.parse_args(arguments)
    try:
        report = Report.load(chosen.run)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if chosen.plot is not None:
        _draw(report, chosen.plot)
    else:
        print(format_targets(report) if chosen.markdown else format_report(report))
    return 0


def _compare(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description="the ratios of two runs")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        before, after = Report.load(chosen.before), Report.load(chosen.after)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(compare(before, after))
    return 0


if __name__ == "__main__":
    sys.exit(main())
