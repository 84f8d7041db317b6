"""``vpcroute diff``: what changes for traffic between two network documents."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from vpcroute.analysis.diff import diff
from vpcroute.analysis.policy_whatif import compare_policies
from vpcroute.analysis.standpoints import every_vantage, networks_apart
from vpcroute.announcements import VirtualNetwork
from vpcroute.commands.changes import FORMS, add_forms, needs_network, show_changes
from vpcroute.commands.inputs import load, vantage_of
from vpcroute.commands.options import add_reading, add_vantage
from vpcroute.commands.policy_changes import POLICY_FORMS, show_policy_changes
from vpcroute.commands.status import Status, status_text
from vpcroute.errors import printable
from vpcroute.output.policy_changes import policy_diff_json
from vpcroute.output.terminal import write

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[options] OLD NEW"

EPILOG: Final = f"""\
Every address and every name is compared, not a sample: neighbouring addresses with the same change are one range.
A tunnel that only was given another name does not count as a change.

With --every the two are compared from every virtual network that both have, and in each of these with no place given
and from every region and data centre that a route or a state names.

{FORMS}with --every also virtual_networks {{gone, new}}.

{POLICY_FORMS}
  vpcroute diff main.json branch.json
  vpcroute diff main.json branch.json --markdown --every

""" + status_text("no change", "changes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two documents."""
    parser.add_argument("operands", nargs="*", metavar="OLD NEW", help="the network documents")
    add_forms(parser)
    add_reading(parser)
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what changes from one to the other."""
    if len(args.operands) != 2:
        args.parser.error("two network documents are required, the old one and the new one")
    vantage = vantage_of(args)
    old, new = (load(args, file) for file in args.operands)
    vantages = [(vantage, vantage)]
    gone: list[VirtualNetwork] = []
    added: list[VirtualNetwork] = []
    if args.every:
        needs_network(vantage, args)
        vantages = every_vantage(old, new, vantage)
        gone, added = networks_apart(old, new)
    found = [diff(old.compile(before), new.compile(after)) for before, after in vantages]
    apart = {"gone": [n.name for n in gone], "new": [n.name for n in added]}
    policies = None if vantage.network_id is None else compare_policies(old, new, vantage)
    more: dict[str, Any] = {"virtual_networks": apart} if args.every else {}
    show_changes(found, old, args, {**more, "policies": policy_diff_json(policies)})
    if not args.json:
        for what, names in apart.items():
            if names:
                write(sys.stdout, f"\nvirtual networks that are {what}: {printable(', '.join(names))}\n")
    show_policy_changes(policies, args)
    return Status.FOUND if any(found) or gone or added or policies else Status.WELL
