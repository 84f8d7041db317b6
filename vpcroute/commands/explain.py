"""``vpcroute explain``: an explanation for each address, as text or as a line of JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from vpcroute.analysis.explain import Reader, explain
from vpcroute.analysis.explanation import Explanation
from vpcroute.commands.addresses import batches
from vpcroute.commands.inputs import load, vantage_of
from vpcroute.commands.options import add_question
from vpcroute.commands.status import Status, status_text
from vpcroute.credentials import shown
from vpcroute.errors import InvalidAddress, RouteError
from vpcroute.limits import LONGEST_LINE
from vpcroute.output.explanations import json_of, lines_of
from vpcroute.output.objects import json_line
from vpcroute.output.tables import STYLES
from vpcroute.output.terminal import console_of, write
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "--network FILE [options] [ADDR ...]"

EPILOG: Final = """\
Addresses are given and read as for "vpcroute resolve", and the answer is the same. Shown are: how the address was read,
every step of the decision in order ("*" decided, "?" leaves the answer open), every announcement that covers the
address or matches the name in any virtual network, why each of them lost and what would make it win; for a refusal also
the nearest routes and what would make the address reachable.

  vpcroute explain --network network.json http://10.0.1.50/data
  vpcroute explain --network network.json --region ENAM 10.10.10.5:443
  vpcroute explain --network network.json --answer db.corp=10.7.0.5,10.0.0.9 db.corp:5432

--json prints one object a line, in the order of the addresses:
  address      as given, escaped and cut at 200 characters
  from         {network_id, tunnel_id, service_id, virtual_network {id, name}, region, colo, routing_mode}
  answer       the object that resolve --json prints
  read_as      {scheme, target}, or null where it cannot be read
  reading      [{code, given, read}]: what was done to the address while it was read; code is trimmed, breaks_removed,
               scheme_lower_case, slashes, userinfo_dropped, percent_decoded, lower_case, idna, numeric_ipv4,
               ipv6_spelling, ipv4_mapped, trailing_dot, respelled, default_port, port_spelling, path_dropped or
               service_host
  suffixes     [{name, matching [route], others [route]}]: where hostname routes were looked for
  steps        [{rule {code, statement, basis, source}, effect, text, routes [route]}]; effect is passed, applied, open
               or decided
  candidates   [{destination, status, route, range {network, name}, virtual_network, lost_by, would_win_if}]; status is
               wins, shares, refuses or lost; lost_by is null or {reason, rule, own, against, text}; reason is a rule's
               code, pattern_order or stored_wildcard; own and against are the two values that were compared;
               would_win_if is [[{code, value, text, routes [route]}]]: ways, each with all that it takes; code is
               binding, virtual_network, region, colo, routing_mode, in_force, wildcard, healthy, down, withdrawn,
               announced or owned
  answers      of a name that no hostname route decides: [{address, status, steps, candidates} and {offramp, egress,
               route} or {error}]; status is decides, same_way, elsewhere or refused
  nearest      [{prefix, routes [route], common, distance}]: leading bits in common, addresses between
  mend         [{if, route}]: ways to make a refused destination reachable
A route is the object that resolve --json prints, with its egress.

""" + status_text("everything resolved", "something was refused or unreadable")

add_arguments = add_question


def run(args: argparse.Namespace) -> int:
    """Prints the explanation for each address, as they arrive."""
    vantage = vantage_of(args)
    loaded = load(args, args.network)
    loaded.stand(vantage)  # so that an unknown one is said before anything else
    show: Callable[[Explanation], None] = _as_json if args.json else _as_text()
    refused = False
    for batch in batches(args.operands):
        for address in batch:
            found = _explanation(loaded, vantage, address, args.reader)
            refused = refused or isinstance(found.winner, RouteError)
            show(found)
        sys.stdout.flush()
    return Status.FOUND if refused else Status.WELL


def _explanation(table: RouteTable, vantage: Vantage, address: str, reader: Reader) -> Explanation:
    if len(address) > LONGEST_LINE:
        error = InvalidAddress(f"longer than {LONGEST_LINE} characters")
        return Explanation(shown(address), table.stand(vantage), error)
    return explain(table, vantage, address, reader=reader)


def _as_json(found: Explanation) -> None:
    write(sys.stdout, json_line(json_of(found)))


def _as_text() -> Callable[[Explanation], None]:
    """Shows one explanation after the other, with an empty line between them."""
    console = console_of(sys.stdout)
    between = ""

    def show(found: Explanation) -> None:
        nonlocal between
        write(sys.stdout, between)
        between = "\n"
        if console is None:
            write(sys.stdout, "".join(f"{line.text}\n" for line in lines_of(found)))
            return
        from rich.text import Text

        for line in lines_of(found, console.width):
            console.print(Text(line.text, STYLES.get(line.about, "")), soft_wrap=True)

    return show
