"""``vpcroute resolve``: where addresses go."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from vpcroute.commands.addresses import batches
from vpcroute.commands.inputs import load, vantage_of
from vpcroute.commands.options import add_question
from vpcroute.commands.status import Status, status_text
from vpcroute.output.answers import Answerer, JsonLines, Lines, TextLines
from vpcroute.output.tables import table
from vpcroute.output.words import describe

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "--network FILE [options] [ADDR ...]"

EPILOG: Final = """\
An address is what fetch() takes (http://10.0.1.50/data) or what connect() takes (10.0.1.50:6379). Without one, and in
the place of "-", addresses are read from standard input, one a line; blank lines are passed over, and one of more than
65536 characters is refused. Each is answered by a line, in the same order, as they arrive.

An egress with "?" behind it is not guaranteed: question or document leave open which way it is.

  vpcroute resolve --network network.json http://10.0.1.50/data 10.50.3.20:5432
  vpcroute resolve --network network.json --tunnel prod-vpc db.corp:5432
  vpcroute resolve --network network.json --json - < addresses.txt

--json prints one object a line, in the order of the addresses:
  address      as given, but *** for user name and password (of one that is too long the beginning)
  host         the name or address in its one spelling
  ip           the address to dial, or null where only a name is known
  port, scheme the port to dial; http, https, or tcp for connect()
  target       what to dial, host:port
  offramp      CFD_TUNNEL, MESH, DEVICE_CLIENT, MAGIC, INTERNET, or null while the name is not resolved
  needs_dns    whether Gateway resolves the name, so that the way depends on its address
  egress       {kind, id, name}; kind is tunnel, mesh_node, device, gre, ipsec, cni, unknown or gateway;
               for equal-cost on-ramps {kind: ecmp, members: [{kind, id, name, weight}]}
  route        null, or {kind, id, comment} and by kind: subnet {network, virtual_network},
               hostname {hostname, match}, address {address},
               wan_static {prefix, priority, weight, regions, colos},
               wan_bgp {prefix, as_path, communities, customer_asn}
  guaranteed   false where the answer is open, and alternates has the others
  alternates   [{offramp, egress, route}]
  remarks      [{code, text}]
  gateway      inspected, unspecified or none_documented
  generation   of the table
or, for an address that is refused or cannot be read:
  address, error {code, message, hint}

""" + status_text("everything resolved", "something was refused or unreadable")

add_arguments = add_question


def run(args: argparse.Namespace) -> int:
    """Prints a line for each address, as they arrive."""
    vantage = vantage_of(args)
    loaded = load(args, args.network)
    resolver = loaded.compile(vantage)
    lines: Lines[Any] = JsonLines(sys.stdout)
    if not args.json:
        rows = table(("address", "offramp", "egress", "route", "port"), "remarks")
        rows.title(describe(loaded.stand(vantage)))
        lines = TextLines(rows)
    ask = {"any": resolver.resolve, "fetch": resolver.resolve_fetch, "connect": resolver.resolve_connect}[args.reader]
    answerer = Answerer(ask, loaded, lines, apart=vantage.service_id is not None)
    for batch in batches(args.operands):
        answerer.answer(batch)
        sys.stdout.flush()
    return Status.FOUND if answerer.refused else Status.WELL
