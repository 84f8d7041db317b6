"""``vpcroute show``: the route table as a tree."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, cast

from vpcroute.analysis.marks import MARKS
from vpcroute.analysis.tree import Section, tree
from vpcroute.announcements import Announcement, HostnameRoute, SubnetRoute
from vpcroute.commands.inputs import load, network_file, vantage_of
from vpcroute.commands.options import add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.fields import ascii_name, read_prefix
from vpcroute.output.objects import json_line
from vpcroute.output.tables import table
from vpcroute.output.terminal import console_of, write
from vpcroute.output.trees import SOURCES, TREE_HEADER, branch_json, branch_rows, heading, source_of
from vpcroute.output.words import describe
from vpcroute.precedence import View
from vpcroute.ranges import IPNetwork
from vpcroute.store import destination_of
from vpcroute.table import RouteTable

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[options] (FILE | --network FILE)"

_MARKS: Final = "\n".join(f"  {mark:<9} {meaning}" for mark, meaning in MARKS.items())

EPILOG: Final = (
    f"""\
A prefix stands below those that cover it, a hostname below those that it ends in. Shown are IPv4 and IPv6 prefixes as
they are seen from the vantage: those of its virtual network, of WAN, of devices and Mesh nodes; then hostname routes;
then the other virtual networks, unless --vnet names one. What a route is worth is found for all its addresses, not for
a sample, and does not depend on which routes are shown:
{_MARKS}
ADDRESSES: how many go by the route. "?" behind a mark: not all of that is guaranteed.

  vpcroute show network.json
  vpcroute show --region WEUR --source wan --source bgp network.json
  vpcroute show --prefix 10.0.0.0/16 network.json
  vpcroute show --name internal.local network.json

"""
    """\
--json prints one object a line, for each route:
  section      ipv4, ipv6, names, or unseen
  depth        how many prefixes or names, of those that are shown, stand around it
  route        as resolve --json prints it
  source, offramp, egress, state, in_force
  mark, guaranteed
  addresses    {covered, won}, or null for a hostname route
  by           [{route, egress} or {range, name}]: what takes the addresses or names of a shadowed route, three at most
  by_more      whether there are others

""" + status_text("all well")
)

_AT_ONCE: Final = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The document, the vantage, and which routes are shown."""
    add_file(parser)
    group = parser.add_argument_group("which routes", "those that have all of it; --vnet is one, too")
    group.add_argument(
        "--source", action="append", default=[], choices=SOURCES, help="where they come from; repeats add up"
    )
    group.add_argument("--via", metavar="CONNECTOR", help="that lead to a tunnel, Mesh node, device or on-ramp")
    group.add_argument("--prefix", type=_read_prefix, help="that cover a prefix or address, or lie inside it")
    group.add_argument("--name", type=_read_name, help="hostname routes of a name, of what it ends in, and below it")
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Prints a row for each route."""
    file = network_file(args)
    vantage = vantage_of(args)
    loaded = load(args, file)
    try:
        chosen = _chosen(args, loaded)
    except LookupError as error:
        return cast(int, args.parser.error(f"argument --via: {error}"))
    sections = tree(loaded, vantage, chosen)
    view = cast(View, loaded.stand(vantage).view)
    if args.json:
        for section in sections:
            for branch in section.branches:
                write(sys.stdout, json_line(branch_json(section, branch, view)))
        return Status.WELL
    write(sys.stdout, f"{describe(loaded.stand(vantage))}\n")
    for section in sections:
        _show(section, view)
    if not sections:
        write(sys.stdout, "\nno route\n")
    return Status.WELL


def _show(section: Section, view: View) -> None:
    write(sys.stdout, f"\n{heading(section)}\n")
    rows = branch_rows(section, view, lines=console_of(sys.stdout) is not None)
    shown = table(TREE_HEADER, "notes")
    while batch := list(islice(rows, _AT_ONCE)):
        shown.show(batch)


def _chosen(args: argparse.Namespace, loaded: RouteTable) -> Callable[[Announcement], bool]:
    """Whether a route is shown; LookupError for a connector that is not known."""
    tests = list(_tests(args, loaded))
    return lambda route: all(test(route) for test in tests)


def _tests(args: argparse.Namespace, loaded: RouteTable) -> Iterator[Callable[[Announcement], bool]]:
    if args.vnet is not None:
        view = loaded.stand(vantage_of(args)).view
        network = None if view is None else view.network.id
        yield lambda route: not isinstance(route, SubnetRoute) or route.virtual_network == network
    if args.source:
        yield lambda route: source_of(route) in args.source
    if args.via is not None:
        via = loaded.connector(args.via)
        yield lambda route: route.via == via
    if args.prefix is not None or args.name is not None:
        yield lambda route: _is_near(route, args.prefix, args.name)


def _is_near(route: Announcement, prefix: IPNetwork | None, name: str | None) -> bool:
    """Whether a route covers a prefix or is covered by it; or the same of a name."""
    if isinstance(route, HostnameRoute):
        one, other = f".{route.hostname}", f".{name}"
        return name is not None and (one.endswith(other) or other.endswith(one))
    if prefix is None:
        return False
    there = destination_of(route)
    return there.version == prefix.version and (there.subnet_of(prefix) or there.supernet_of(prefix))  # type: ignore[arg-type]


def _read_prefix(text: str) -> IPNetwork:
    try:
        return read_prefix(text)[0]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _read_name(text: str) -> str:
    try:
        return ascii_name(text.removeprefix("*."))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
