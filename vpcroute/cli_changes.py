"""``vpcroute diff``, ``whatif`` and ``impact``: what they take, and what they print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from vpcroute.analysis.answer import CHANGE_KINDS
from vpcroute.analysis.changes import Changes
from vpcroute.analysis.diff import diff
from vpcroute.analysis.impact import impact
from vpcroute.analysis.standpoints import every_vantage, networks_apart, together
from vpcroute.analysis.whatif import Announce, Change, Drain, Mode, State, Withdraw, rehearse
from vpcroute.announcements import VirtualNetwork
from vpcroute.errors import printable, quoted
from vpcroute.show import clean, describe, json_line, table
from vpcroute.show_changes import (
    CHANGE_HEADER,
    IMPACT_HEADER,
    change_rows,
    changes_json,
    impact_json,
    impact_row,
    markdown,
    summary,
)
from vpcroute.table import RouteTable
from vpcroute.terminal import write
from vpcroute.vantage import Vantage

__all__ = [
    "DIFF_EPILOG",
    "IMPACT_EPILOG",
    "WHATIF_EPILOG",
    "add_changes",
    "add_shape",
    "show_diff",
    "show_impact",
    "show_whatif",
]

_MOST: Final = 50

_KINDS: Final = "\n".join(f"  {kind:<14} {meaning}" for kind, meaning in CHANGE_KINDS.items())
_FORMS: Final = f"""\
Kinds of change, the gravest first:
{_KINDS}
"?" behind an egress: it is not guaranteed.

--json prints one object: changes [{{vantage, vantage_after, counts {{change: {{ipv4, ipv6, names}}}},
addresses [{{change, first, last, prefixes, count, before, after}}], names [{{change, name, before, after}}]}}];
before and after are {{offramp, egress, guaranteed, up}} or {{refused: code}}; egress is as resolve --json prints it.
A name may be *.suffix, for the names one label below that have no route and no known address of their own.
"""

DIFF_EPILOG: Final = f"""\
Every address and every name is compared, not a sample: neighbouring addresses with the same change are one range.
A tunnel that only was given another name does not count as a change.

With --every the two are compared from every virtual network that both have, and in each of these with no place given
and from every region and data centre that a route or a state names.

{_FORMS}with --every also virtual_networks {{gone, new}}.

  vpcroute diff main.json branch.json --markdown --every

Exit status: 0 no change, 1 changes, 2 bad usage, document or vantage.
"""

WHATIF_EPILOG: Final = f"""\
The changes are made in the order in which they stand, and undone: the document stays as it is. A ROUTE is a prefix or a
hostname; prefix@VNET is the subnet route of one virtual network.

A tunnel or Mesh node that is down still wins, by Cloudflare's documented rules: its traffic does not move, it fails.

{_FORMS}
  vpcroute whatif --network network.json --down prod-vpc --drain gre-den-2

Exit status: 0 no change, 1 changes, 2 bad usage, document or vantage.
"""

IMPACT_EPILOG: Final = """\
For each tunnel, Mesh node and on-ramp: the addresses and names that would be refused, that would go to Gateway, and
that would leave another way, if all that leads to it were withdrawn. The gravest comes first.

--json prints one object: vantage, impact [{connector {kind, id, name}, routes, counts {change: {ipv4, ipv6, names}}}];
the kinds of change are those of vpcroute diff --help.

Exit status: 0 all well, 2 bad usage, document or vantage.
"""


def add_shape(parser: argparse.ArgumentParser) -> None:
    """What output looks like, and whether it is for every vantage."""
    parser.add_argument("--markdown", action="store_true", help="print Markdown that fits a pull request")
    parser.add_argument(
        "--rows", type=int, default=_MOST, metavar="N", help=f"rows of a Markdown table, at the most ({_MOST})"
    )
    parser.add_argument("--every", action="store_true", help="from every virtual network, region and data centre")


def add_changes(parser: argparse.ArgumentParser) -> None:
    """The changes that can be tried."""
    group = parser.add_argument_group("changes", "made in this order; repeats add up; --mode is one, too")

    def add(option: str, metavar: str, read: Callable[[str], Change], help: str) -> None:
        group.add_argument(option, action="append", default=[], dest="changes", metavar=metavar, type=read, help=help)

    add("--down", "CONNECTOR", lambda text: State(text, "down"), "a tunnel, Mesh node or on-ramp is down")
    add("--up", "CONNECTOR", lambda text: State(text, "healthy"), "it is healthy")
    add("--withdraw", "ROUTE", lambda text: Withdraw(*_split(text)), "what is announced for a prefix or hostname goes")
    add("--announce", "ROUTE=CONNECTOR", _read_announce, "a prefix or hostname is announced")
    add("--drain", "CONNECTOR", Drain, "all that leads to a tunnel, Mesh node or on-ramp goes")


def _split(text: str) -> tuple[str, str | None]:
    destination, at, network = text.partition("@")
    return destination, network if at else None


def _read_announce(text: str) -> Announce:
    route, equals, connector = text.partition("=")
    if not equals or not route or not connector:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not ROUTE=CONNECTOR")
    destination, network = _split(route)
    return Announce(destination, connector, network)


# What is printed


def show_diff(old: RouteTable, new: RouteTable, vantage: Vantage, args: argparse.Namespace) -> bool:
    """Prints what changes between two tables; whether anything does."""
    vantages = [(vantage, vantage)]
    gone: list[VirtualNetwork] = []
    added: list[VirtualNetwork] = []
    if args.every:
        _only_networks(vantage, args)
        vantages = every_vantage(old, new, vantage)
        gone, added = networks_apart(old, new)
    found = [diff(old.compile(before), new.compile(after)) for before, after in vantages]
    apart = {"gone": [n.name for n in gone], "new": [n.name for n in added]}
    _show(found, old, args, {"virtual_networks": apart} if args.every else {})
    if not args.json:
        for what, names in apart.items():
            if names:
                write(sys.stdout, f"\nvirtual networks that are {what}: {printable(', '.join(names))}\n")
    return any(found) or bool(gone or added)


def show_whatif(loaded: RouteTable, vantage: Vantage, args: argparse.Namespace) -> bool:
    """Prints what some changes would change; whether anything does."""
    changes = [*args.changes, *([] if args.mode is None else [Mode(args.mode)])]
    vantages = [vantage]
    if args.every:
        _only_networks(vantage, args)
        vantages = [before for before, _ in every_vantage(loaded, loaded, vantage)]
    found = rehearse(loaded, changes, vantages)
    _show(found, loaded, args, {})
    return any(found)


def show_impact(loaded: RouteTable, vantage: Vantage, args: argparse.Namespace) -> None:
    """Prints what would be lost with each connector."""
    ranked = impact(loaded, vantage)
    if args.json:
        found = [impact_json(one) for one in ranked]
        write(sys.stdout, json_line({"vantage": describe(loaded.stand(vantage)), "impact": found}))
        return
    rows = table(IMPACT_HEADER)
    rows.title(describe(loaded.stand(vantage)))
    rows.show(map(impact_row, ranked))


def _only_networks(vantage: Vantage, args: argparse.Namespace) -> None:
    if vantage.network_id is None:
        args.parser.error("argument --every: does not go with --tunnel or --service")


def _show(found: Iterable[Changes], loaded: RouteTable, args: argparse.Namespace, more: dict[str, Any]) -> None:
    if args.json:
        write(sys.stdout, json_line({"changes": list(map(changes_json, found)), **more}))
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
    return [clean(describe(loaded.stand(changes.before))) for changes in group]


def _markdown_heading(heading: list[str]) -> Iterator[str]:
    yield from (f"- from {line}" for line in heading)
    yield ""
