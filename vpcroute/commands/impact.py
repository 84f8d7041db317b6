"""``vpcroute impact``: what would be lost with each connector."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from vpcroute.analysis.impact import impact
from vpcroute.commands.inputs import load, network_file, vantage_of
from vpcroute.commands.options import add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.output.changes import IMPACT_HEADER, impact_json, impact_row
from vpcroute.output.objects import json_line
from vpcroute.output.tables import table
from vpcroute.output.terminal import write
from vpcroute.output.words import describe

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[options] (FILE | --network FILE)"

EPILOG: Final = """\
For each tunnel, Mesh node and on-ramp: the addresses and names that would be refused, that would go to Gateway, and
that would leave another way, if all that leads to it were withdrawn. The gravest comes first.

  vpcroute impact network.json
  vpcroute impact --vnet staging --region ENAM network.json

--json prints one object: vantage, impact [{connector {kind, id, name}, routes, counts {change: {ipv4, ipv6, names}}}];
the kinds of change are those of vpcroute diff --help.

""" + status_text("all well")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The document, and the vantage."""
    add_file(parser)
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Prints a row for each connector."""
    file = network_file(args)
    vantage = vantage_of(args)
    loaded = load(args, file)
    ranked = impact(loaded, vantage)
    if args.json:
        found = [impact_json(one) for one in ranked]
        write(sys.stdout, json_line({"vantage": describe(loaded.stand(vantage)), "impact": found}))
        return Status.WELL
    rows = table(IMPACT_HEADER)
    rows.title(describe(loaded.stand(vantage)))
    rows.show(map(impact_row, ranked))
    if not ranked:
        write(sys.stdout, "no connector\n")
    return Status.WELL
