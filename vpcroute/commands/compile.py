"""``vpcroute compile``: a file with the compiled resolver of a vantage."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Final

from vpcroute.commands.inputs import load, network_file, vantage_of
from vpcroute.commands.options import add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.output.objects import json_line
from vpcroute.output.terminal import write
from vpcroute.output.words import clean, describe
from vpcroute.sources.images import save

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[options] --output OUT (FILE | --network FILE)"

EPILOG: Final = """\
What vpcroute.Resolver.open() maps at once, and what vpcroute.Resolver.follow() picks up while it is in use. The same
answers make the same file, octet for octet. It is there whole, or as it was before. Routes are not in it.

  vpcroute compile network.json --output fleet.vpc
  vpcroute compile --region ENAM --wrangler wrangler.jsonc:MY_VPC --output worker.vpc network.json

--json prints one object: vantage, file, size (octets), egresses (of addresses).

""" + status_text("all well")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The document, the vantage, and where the file goes."""
    add_file(parser)
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the file to write")
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Writes the file, and says what is in it."""
    file = network_file(args)
    vantage = vantage_of(args)
    loaded = load(args, file)
    resolver = loaded.compile(vantage)
    save(resolver, args.output)
    size = os.stat(args.output).st_size
    seen = describe(loaded.stand(vantage))
    if args.json:
        told = {"vantage": seen, "file": args.output, "size": size, "egresses": len(resolver.egresses)}
        write(sys.stdout, json_line(told))
    else:
        write(sys.stdout, f"{clean(args.output)}: {size} octets, from {clean(seen)}\n")
    return Status.WELL
