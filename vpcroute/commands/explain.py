"""``vpcroute explain``: an explanation for each address, as text or as a line of JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from vpcroute.analysis.explain import Reader, explain
from vpcroute.analysis.explanation import Explanation
from vpcroute.commands.addresses import batches
from vpcroute.commands.inputs import load, vantage_of
from vpcroute.commands.options import add_question
from vpcroute.commands.status import Status, status_text
from vpcroute.credentials import shown
from vpcroute.errors import InvalidAddress, RouteError
from vpcroute.limits import LONGEST_LINE
from vpcroute.output.explanations import Line, json_of, lines_of
from vpcroute.output.objects import json_line
from vpcroute.output.tables import STYLES
from vpcroute.output.terminal import console_of, write
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.analysis.policies import PolicyAnswer
    from vpcroute.policies import GatewayPolicies

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "--network FILE [options] [ADDR ...]"

EPILOG: Final = """\
Addresses are given and read as for "vpcroute resolve", and the answer is the same. Shown are: how the address was read,
every step of the decision in order ("*" decided, "?" leaves the answer open), every announcement that covers the
address or matches the name in any virtual network, why each of them lost and what would make it win; for a refusal also
the nearest routes and what would make the address reachable. Where the document has Gateway policies, what they do
with a request to the address, stage by stage; "vpcroute gateway trace" has every rule, and takes what is known beside.

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
  policies     null, or as in gateway trace --json, where the document has policies
A route is the object that resolve --json prints, with its egress.

""" + status_text("everything resolved", "something was refused or unreadable")

add_arguments = add_question


def run(args: argparse.Namespace) -> int:
    """Prints the explanation for each address, as they arrive."""
    vantage = vantage_of(args)
    loaded = load(args, args.network)
    loaded.stand(vantage)  # so that an unknown one is said before anything else
    policies = _policies(loaded, vantage)
    show: Callable[[Explanation, PolicyAnswer | None], None] = _as_text()
    if args.json:
        show = partial(_as_json, policies)
    refused = False
    for batch in batches(args.operands):
        for address in batch:
            found = _explanation(loaded, vantage, address, args.reader)
            refused = refused or isinstance(found.winner, RouteError)
            show(found, None if policies is None else _answer(policies, found, address, args.reader))
        sys.stdout.flush()
    return Status.FOUND if refused else Status.WELL


def _explanation(table: RouteTable, vantage: Vantage, address: str, reader: Reader) -> Explanation:
    if len(address) > LONGEST_LINE:
        error = InvalidAddress(f"longer than {LONGEST_LINE} characters")
        return Explanation(shown(address), table.stand(vantage), error)
    return explain(table, vantage, address, reader=reader)


def _policies(table: RouteTable, vantage: Vantage) -> GatewayPolicies | None:
    """The policies, where there are some and the vantage leads through Gateway."""
    if vantage.network_id is None or not table.gateway_rules:
        return None
    from vpcroute.commands.policy_options import policies_of

    return policies_of(table, table.compile(vantage))


def _answer(policies: GatewayPolicies, found: Explanation, address: str, reader: Reader) -> PolicyAnswer | None:
    if isinstance(found.winner, InvalidAddress):
        return None
    from vpcroute.analysis.policies import ask_policies

    return ask_policies(policies, found.winner, address, as_fetch=None if reader == "any" else reader == "fetch")


def _as_json(policies: GatewayPolicies | None, found: Explanation, answer: PolicyAnswer | None) -> None:
    told = None
    if policies is not None and answer is not None:
        from vpcroute.output.policies import outcome_json

        told = outcome_json(policies, answer)
    write(sys.stdout, json_line({**json_of(found), "policies": told}))


def _as_text() -> Callable[[Explanation, PolicyAnswer | None], None]:
    """Shows one explanation after the other, with an empty line between them."""
    console = console_of(sys.stdout)
    between = ""

    def show(found: Explanation, answer: PolicyAnswer | None) -> None:
        nonlocal between
        write(sys.stdout, between)
        between = "\n"
        if console is None:
            write(sys.stdout, "".join(f"{line.text}\n" for line in (*lines_of(found), *_told(answer))))
            return
        from rich.text import Text

        for line in (*lines_of(found, console.width), *_told(answer)):
            console.print(Text(line.text, STYLES.get(line.about, "")), soft_wrap=True)

    return show


def _told(answer: PolicyAnswer | None) -> Iterator[Line]:
    if answer is not None:
        from vpcroute.output.policies import stage_lines

        yield from stage_lines(answer)
