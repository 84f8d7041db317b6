"""``vpcroute whatif``: what a change would do to traffic."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final, cast

import attrs

from vpcroute.analysis.policy_whatif import AddRule, RemoveRule, SwitchRule, rehearse_policies
from vpcroute.analysis.standpoints import every_vantage
from vpcroute.analysis.whatif import Announce, Change, Drain, Mode, State, Withdraw, rehearse
from vpcroute.commands.changes import FORMS, add_forms, needs_network, show_changes
from vpcroute.commands.inputs import load, network_file, read, vantage_of
from vpcroute.commands.options import add_file, add_vantage
from vpcroute.commands.policy_changes import POLICY_FORMS, show_policy_changes
from vpcroute.commands.status import Status, status_text
from vpcroute.errors import RouteError, quoted
from vpcroute.output.policy_changes import policy_diff_json
from vpcroute.sources.rules import load_rule

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "--network FILE CHANGE ... [options]"

EPILOG: Final = f"""\
The changes are made in the order in which they stand, and undone: the document stays as it is. A ROUTE is a prefix or a
hostname; prefix@VNET is the subnet route of one virtual network.

A tunnel or Mesh node that is down still wins, by Cloudflare's documented rules: its traffic does not move, it fails.

{FORMS}
{POLICY_FORMS}
  vpcroute whatif --network network.json --down prod-vpc --drain gre-den-2
  vpcroute whatif --network network.json --announce 10.9.0.0/16@staging=prod-vpc --vnet staging
  vpcroute whatif --network network.json --disable-rule "Allow partner networks"

""" + status_text("no change", "changes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The changes, and the document they are tried on."""
    _add_changes(parser)
    add_forms(parser)
    add_file(parser)
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what the changes would change."""
    changes = [*args.changes, *([] if args.mode is None else [Mode(args.mode)])]
    if not changes:
        args.parser.error("a change is required: --down, --withdraw, --announce, --disable-rule and others; see --help")
    file = network_file(args)
    vantage = attrs.evolve(vantage_of(args), routing_mode=None)
    loaded = load(args, file)
    vantages = [vantage]
    if args.every:
        needs_network(vantage, args)
        vantages = [before for before, _ in every_vantage(loaded, loaded, vantage)]
    try:
        found = rehearse(loaded, changes, vantages)
        policies = None if vantage.network_id is None else rehearse_policies(loaded, changes, vantage)
    except (LookupError, ValueError) as error:
        if isinstance(error, RouteError):
            raise
        return cast(int, args.parser.error(str(error.args[0] if isinstance(error, KeyError) else error)))
    show_changes(found, loaded, args, {"policies": policy_diff_json(policies)})
    show_policy_changes(policies, args)
    return Status.FOUND if any(found) or policies else Status.WELL


def _add_changes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("changes", "made in this order; repeats add up; --mode is one, too")

    def add(option: str, metavar: str, read: Callable[[str], Change], help: str) -> None:
        group.add_argument(option, action="append", default=[], dest="changes", metavar=metavar, type=read, help=help)

    add("--down", "CONNECTOR", lambda text: State(text, "down"), "a tunnel, Mesh node or on-ramp is down")
    add("--up", "CONNECTOR", lambda text: State(text, "healthy"), "it is healthy")
    add("--withdraw", "ROUTE", lambda text: Withdraw(*_split(text)), "what is announced for a prefix or hostname goes")
    add("--announce", "ROUTE=CONNECTOR", _read_announce, "a prefix or hostname is announced")
    add("--drain", "CONNECTOR", Drain, "all that leads to a tunnel, Mesh node or on-ramp goes")
    add("--disable-rule", "RULE", lambda text: SwitchRule(text, enabled=False), "a Gateway policy is switched off")
    add("--enable-rule", "RULE", lambda text: SwitchRule(text, enabled=True), "it is switched on")
    add("--remove-rule", "RULE", RemoveRule, "it is deleted")
    add(
        "--add-rule",
        "FILE",
        _read_rule,
        "a policy of the API's shape is made, or takes the place of its namesake by id",
    )


def _read_rule(file: str) -> Change:
    """The policy in a file; what is wrong in it is printed, and that is the end."""
    return AddRule(read(file, lambda: load_rule(file)))


def _split(text: str) -> tuple[str, str | None]:
    destination, at, network = text.partition("@")
    return destination, network if at else None


def _read_announce(text: str) -> Announce:
    route, equals, connector = text.partition("=")
    if not equals or not route or not connector:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not ROUTE=CONNECTOR")
    destination, network = _split(route)
    return Announce(destination, connector, network)
