"""``python -m benchmarks``: run, compare two runs, or draw how cost grows."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from benchmarks import growth, machine, peers, plot, timing
from benchmarks.oneshot import health_step, table_steps
from benchmarks.progress import progress
from benchmarks.report import compare, format_report, summary
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
_SECONDS: Final = 20.0
#: What a quick run measures where it is not told what.
_QUICK: Final = (
    "*/lookup/*-prefix",
    "private/refusal/v4",
    "private/*/v4-prefix",
    "private/batch/v4-*",
    "names/*/hit",
    "private/build",
    "private/change",
    "private/vantage",
    "private/memory",
    "onramp/health",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit status is 1 if a measurement failed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands = {"compare": _compare, "curve": _curve}
    if arguments and arguments[0] in commands:
        return commands[arguments[0]](arguments[1:])
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    parser = _parser("python -m benchmarks", "vpcroute beside its peers; see also: compare --help, curve --help")
    parser.add_argument("--table", metavar="FILE", type=Path, help="prefixes, one a line; .gz is read, too")
    parser.add_argument("--generated", metavar="N", type=int, help="prefixes of the generated table; 0: without it")
    parser.add_argument("--names", metavar="N", type=int, help=f"names of the table of names (default {_NAMES:,})")
    parser.add_argument("--only", metavar="NAME,…", help="workloads by name, part (lookup) or pattern (*/url/*)")
    parser.add_argument("--list", action="store_true", help="print the names of the workloads")
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
    left_out = ["opening a compiled file: the library has no file form yet"]
    if chosen.table is None:
        left_out.append("a full Internet table: give one with --table FILE")
    return _report(steps, settings, left_out, chosen, plot.draw_report)


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
    yield health_step(500) if chosen.quick else health_step()


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
    draw: Callable[[Report, Path], None],
) -> int:
    for path in (chosen.json, chosen.plot):
        if path is not None and not path.parent.is_dir():  # said now, not after the run
            print(f"there is no folder {path.parent}", file=sys.stderr)
            return 2
    left_out += [f"{name}: it cannot be imported" for name in peers.missing()]
    results, failed = measure(steps, settings)
    facts = attrs.asdict(settings)
    report = Report(machine.describe(), peers.versions(), facts, (*left_out, *failed), tuple(results))
    print(format_report(report))
    if chosen.json is not None:
        report.save(chosen.json)
    if chosen.plot is not None:
        try:
            draw(report, chosen.plot)
        except ImportError:
            print("no plot: matplotlib cannot be imported", file=sys.stderr)
    return 1 if failed else 0


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


def _curve(arguments: list[str]) -> int:
    parser = _parser("python -m benchmarks curve", "how cost grows with the table")
    parser.add_argument("--largest", metavar="N", type=int, help="the largest table (default 1,000,000)")
    chosen = parser.parse_args(arguments)
    settings = _settings(chosen)
    largest = chosen.largest or (3_000 if chosen.quick else 1_000_000)
    return _report(deque(growth.steps(largest)), settings, [], chosen, plot.draw_growth)


def _parser(prog: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--quick", action="store_true", help="few inputs and small tables: a smoke run")
    parser.add_argument("--inputs", metavar="N", type=int, help=f"inputs of a workload (default {_INPUTS:,})")
    parser.add_argument("--rounds", metavar="N", type=int, help=f"turns of each contender (default {_ROUNDS})")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw a plot (.png, .svg)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
