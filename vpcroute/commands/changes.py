"""What ``vpcroute diff`` and ``whatif`` share: the forms of what they print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from vpcroute.analysis.answer import CHANGE_KINDS
from vpcroute.analysis.changes import Changes
from vpcroute.analysis.standpoints import together
from vpcroute.output.changes import CHANGE_HEADER, change_rows, changes_json, markdown, summary
from vpcroute.output.objects import json_line
from vpcroute.output.tables import table
from vpcroute.output.terminal import write
from vpcroute.output.words import clean, describe
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["FORMS", "add_forms", "needs_network", "show_changes"]

_MOST: Final = 50

_KINDS: Final = "\n".join(f"  {kind:<14} {meaning}" for kind, meaning in CHANGE_KINDS.items())
FORMS: Final = f"""\
Kinds of change, the gravest first:
{_KINDS}
"?" behind an egress: it is not guaranteed.

--json prints one object: changes [{{vantage, vantage_after, counts {{change: {{ipv4, ipv6, names}}}},
addresses [{{change, first, last, prefixes, count, before, after}}], names [{{change, name, before, after}}]}}];
before and after are {{offramp, egress, guaranteed, up}} or {{refused: code}}; egress is as resolve --json prints it.
A name may be *.suffix, for the names one label below that have no route and no known address of their own.
"""


def add_forms(parser: argparse.ArgumentParser) -> None:
    """What output looks like, and whether it is for every vantage."""
    parser.add_argument("--markdown", action="store_true", help="print Markdown that fits a pull request")
    parser.add_argument(
        "--rows", type=int, default=_MOST, metavar="N", help=f"rows of a Markdown table, at the most ({_MOST})"
    )
    parser.add_argument("--every", action="store_true", help="from every virtual network, region and data centre")


def needs_network(vantage: Vantage, args: argparse.Namespace) -> None:
    """Ends with an error of usage where ``--every`` stands beside the binding of a tunnel or service."""
    if vantage.network_id is None:
        args.parser.error("argument --every: does not go with --tunnel or --service")


def show_changes(
    found: Iterable[Changes], loaded: RouteTable, args: argparse.Namespace, more: dict[str, Any] | None = None
) -> None:
    """Prints changes, each once for all vantages that they are the same from.

    Args:
        found: the changes from each vantage.
        loaded: the table before.
        args: with what :func:`add_forms` adds.
        more: what else stands in the object of ``--json``.
    """
    if args.json:
        write(sys.stdout, json_line({"changes": list(map(changes_json, found)), **(more or {})}))
        return
    groups = together(found)
    for number, group in enumerate(groups):
        heading = _heading(group, loaded)
        if number:
            write(sys.stdout, "\n")
        if args.markdown:
            write(sys.stdout, "\n".join([*_markdown_heading(heading), *markdown(group[0], args.rows)]) + "\n")
        else:
            write(sys.stdout, "".join(f"from {line}\n" for line in heading) + f"{summary(group[0])}\n")
            if group[0]:
                write(sys.stdout, "\n")
                table(CHANGE_HEADER).show(change_rows(group[0]))


def _heading(group: list[Changes], loaded: RouteTable) -> list[str]:
    return [clean(describe(loaded.stand(changes.before)) + _mode_after(changes, loaded)) for changes in group]


def _mode_after(changes: Changes, loaded: RouteTable) -> str:
    before, after = changes.before.routing_mode or loaded.routing_mode, changes.after.routing_mode
    return "" if after in (None, before) else f", then {after} mode"


def _markdown_heading(heading: list[str]) -> Iterator[str]:
    yield from (f"- from {line}" for line in heading)
    yield ""
