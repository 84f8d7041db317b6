"""``vpcroute gateway``: what the account's policies do with requests of Workers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from vpcroute.analysis.policies import PolicyAnswer, ask_policies
from vpcroute.commands.addresses import batches
from vpcroute.commands.complaints import complain
from vpcroute.commands.inputs import load, vantage_of
from vpcroute.commands.options import add_question
from vpcroute.commands.policy_options import add_context, context_of, policies_of
from vpcroute.commands.status import Status, status_text
from vpcroute.credentials import without_credentials
from vpcroute.errors import InvalidAddress, RouteError
from vpcroute.limits import LONGEST_LINE
from vpcroute.output.objects import json_line
from vpcroute.output.policies import HEADER, STORY_WIDTH, log_json, policies_json, policy_row, story
from vpcroute.output.tables import STYLES, table
from vpcroute.output.terminal import console_of, write
from vpcroute.output.words import describe
from vpcroute.policies import GatewayPolicies
from vpcroute.table import RouteTable

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "(test | trace) --network FILE [options] [ADDR ...]"

EPILOG: Final = """\
The account's own policies are gateway_rules, gateway_lists and gateway_configuration of the document, as the API
returned them. Cloudflare's global policies come before them.

test   prints a line for each address: what becomes of the request, and which rule decides
trace  prints route and policies as one story: every stage, every rule that was asked with why it matched or not ("*"
       decided, "?" may decide), what is not known, and what would settle it

A name of which no address is known is asked as if it had a way; --answer gives its addresses.

Outcomes: allowed, blocked, redirected, refused (by the routes), connect_failed, and unknown, where rules that may
match or not would do different things. Nothing is called allowed that a rule could block. Categories, applications,
the source of a Worker and the like are not known offline; --given says them: --given 'app.ids=[606]'.

  vpcroute gateway test --network network.json https://api.github.com/ 203.0.113.7:22
  vpcroute gateway trace --network network.json --answer api.example.com=203.0.113.7 https://api.example.com/
  vpcroute gateway test --network network.json --logs --method POST https://transfer.sh/

--json prints one object a line, that of resolve --json and policies: null for what cannot be read, or
  final, finals  what becomes of it, and all that may
  applies        whether it is documented that policies apply to that route
  request        {target, url, method}
  stages         [{stage, outcome, rule, candidates [{rule, effect, missing [{what, reason}]}], considered [{rule,
                 match, because, reasons}]}]; stage is dns, resolver, egress, network, http or isolation; match is
                 null where it is not known; a rule is {id, name, precedence, action}
  next           the same of the request that a redirect leads to
--logs prints the log records that each request leaves, an object a line: dataset, predicted, certain (that there is
such a record), assumed (fields whose words are not published), record (what is known, in the dataset's field names).

""" + status_text("all requests are certainly allowed by the policies", "one is not")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked, and what is known beside it."""
    parser.add_argument("action", choices=("test", "trace"), help="a line for each address, or the whole story")
    add_question(parser)
    add_context(parser)
    parser.add_argument("--logs", action="store_true", help="print the predicted log records as JSON lines")


def run(args: argparse.Namespace) -> int:
    """Prints what becomes of each request, as the addresses arrive."""
    vantage = vantage_of(args)
    if vantage.network_id is None:
        args.parser.error("Gateway is on the way of cf1:network only, not of a tunnel or service")
    if args.json and args.logs:
        args.parser.error("--json and --logs exclude each other")
    loaded = load(args, args.network)
    if not loaded.gateway_rules:
        complain("no policies: the document has no gateway_rules", source=args.network)
    resolver = loaded.compile(vantage)
    gateway = policies_of(loaded, resolver, context_of(args))
    ask = {"any": resolver.resolve, "fetch": resolver.resolve_fetch, "connect": resolver.resolve_connect}[args.reader]
    show = _shown(args, gateway, loaded, describe(loaded.stand(vantage)))
    passed = True
    for batch in batches(args.operands):
        answers = [_answer(args, gateway, ask, address) for address in batch]
        passed = passed and all(answer.finals == {"allowed"} for answer in answers)
        show(answers)
        sys.stdout.flush()
    return Status.WELL if passed else Status.FOUND


def _answer(
    args: argparse.Namespace, gateway: GatewayPolicies, ask: Callable[[str], Any], address: str
) -> PolicyAnswer:
    shown = without_credentials(address[:LONGEST_LINE])
    if len(address) > LONGEST_LINE:
        return PolicyAnswer(shown, InvalidAddress(f"longer than {LONGEST_LINE} characters"), None)
    try:
        resolution = ask(address)
    except InvalidAddress as error:
        return PolicyAnswer(shown, error, None)
    except RouteError as error:
        resolution = error
    as_fetch = None if args.reader == "any" else args.reader == "fetch"
    headers = dict(args.header)
    answer = ask_policies(gateway, resolution, address, method=args.method, headers=headers, as_fetch=as_fetch)
    return PolicyAnswer(shown, answer.resolution, answer.outcome)


def _shown(
    args: argparse.Namespace, gateway: GatewayPolicies, loaded: RouteTable, title: str
) -> Callable[[Sequence[PolicyAnswer]], None]:
    """What shows answers."""
    if args.logs or args.json:
        objects = _logs if args.logs else _objects
        return lambda answers: write(sys.stdout, "".join(json_line(o) for a in answers for o in objects(gateway, a)))
    if args.action == "test":
        rows = table(HEADER, "remarks")
        rows.title(title)
        return lambda answers: rows.show(map(policy_row, answers))
    return _story(gateway, loaded, f"from {title}")


def _objects(gateway: GatewayPolicies, answer: PolicyAnswer) -> Iterator[dict[str, Any]]:
    yield policies_json(gateway, answer)


def _logs(gateway: GatewayPolicies, answer: PolicyAnswer) -> Iterator[dict[str, Any]]:
    for record in () if answer.outcome is None else gateway.log_records(answer.outcome):
        # Whether the policies apply to the route, and so whether there is a record, is not always documented.
        yield {**log_json(record), "certain": record.certain and answer.applies}


def _story(gateway: GatewayPolicies, loaded: RouteTable, title: str) -> Callable[[Sequence[PolicyAnswer]], None]:
    console = console_of(sys.stdout)
    width = STORY_WIDTH if console is None else console.width
    between = ""

    def show(answers: Sequence[PolicyAnswer]) -> None:
        nonlocal between
        for line in (line for answer in answers for line in (None, *story(gateway, answer, loaded, title, width))):
            if line is None:
                write(sys.stdout, between)
                between = "\n"
                continue
            if console is None:
                write(sys.stdout, f"{line.text}\n")
            else:
                from rich.text import Text

                console.print(Text(line.text, STYLES.get(line.about, "")), soft_wrap=True)

    return show
