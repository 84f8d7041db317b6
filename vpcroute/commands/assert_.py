"""``vpcroute assert``: what does not hold of what is expected."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import attrs

from vpcroute.analysis.expectations import Failure, check, recorded
from vpcroute.analysis.explain import explain
from vpcroute.analysis.explanation import Explanation
from vpcroute.analysis.policy_expectations import PolicyExpectation, PolicyFailure, check_policies
from vpcroute.analysis.policy_questions import Known
from vpcroute.analysis.standpoints import every_vantage
from vpcroute.commands.inputs import load, read, vantage_of
from vpcroute.commands.options import add_network, add_vantage
from vpcroute.commands.policy_options import policies_of
from vpcroute.commands.status import Status, status_text
from vpcroute.egress import Gateway
from vpcroute.errors import InvalidDocument, InvalidVantage, printable, quoted
from vpcroute.fib.resolver import Resolver
from vpcroute.output.changes import answer_json, answer_text
from vpcroute.output.explanations import gist, json_of, lines_of
from vpcroute.output.objects import json_line
from vpcroute.output.policies import decided_by
from vpcroute.output.policy_changes import policy_answer_json
from vpcroute.output.tables import Note, Row, table
from vpcroute.output.terminal import write
from vpcroute.output.words import clean, describe
from vpcroute.policies import GatewayPolicies
from vpcroute.sources.expectations import Expected, load_expectations
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "--network FILE [options] EXPECTATIONS"

EPILOG: Final = """\
The expectations are a JSON or TOML file: {"expectations": [{destination, must, must_not, vantage, note}]}.
  destination  an address, a prefix, a range first-last, a name, or *.suffix for all names one label below
  must         what every answer there must have: {egress, offramp, code, guaranteed}; egress is an id or a name;
               {outcome} of Gateway's policies: allowed, blocked, redirected, refused or unknown
  must_not     what no answer there may have
  vantage      {tunnel, virtual_network, region, colo, routing_mode}, or "every" for every virtual network, region and
               data centre; without it that of the command line
Every address of a range is checked. A failure shows the first address that is not as expected, and what decided there;
--json and --junit have its whole explanation.

For an outcome a destination may also be a URL for fetch(), or host:port for connect(). Addresses, names and ranges are
asked as fetch() by https and by http: a range wherever a rule, a list or a route may begin to answer otherwise. What
cannot be known offline has the outcome unknown, and is never taken for allowed.

--json prints one object: checked, failures [{path, destination, vantage, counterexample, count, answer, note,
explanation}]; explanation is the object that explain --json prints.
--record prints expectations that hold today, to begin with.

  vpcroute assert --network network.json --record > expectations.json
  vpcroute assert --network network.json expectations.toml --junit > report.xml

""" + status_text("all hold", "some do not", "bad usage, document, expectations or vantage")

_Failure = Failure | PolicyFailure
_Result = tuple[Expected, Vantage, _Failure | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The expectations, the document, and what is printed."""
    parser.add_argument("operands", nargs="*", metavar="EXPECTATIONS", help="a JSON or TOML file")
    parser.add_argument("--junit", action="store_true", help="print JUnit XML")
    parser.add_argument("--record", action="store_true", help="print expectations that hold today; no file then")
    add_network(parser)
    add_vantage(parser)


def run(args: argparse.Namespace) -> int:
    """Prints what does not hold, or what holds today."""
    if len(args.operands) != (0 if args.record else 1):
        args.parser.error("one file of expectations is required" if not args.record else "--record takes no file")
    vantage = vantage_of(args)
    expected = [] if args.record else read(args.operands[0], lambda: load_expectations(args.operands[0]))
    loaded = load(args, args.network)
    if args.record:
        _show_record(loaded, vantage)
        return Status.WELL
    return Status.WELL if _show(loaded, expected, vantage, args) else Status.FOUND


def _show_record(loaded: RouteTable, vantage: Vantage) -> None:
    """Prints what holds today as a file of expectations."""
    found = [{"destination": e.destination, "must": dict(e.must)} for e in recorded(loaded.compile(vantage))]
    write(sys.stdout, json.dumps({"expectations": found}, indent=2) + "\n")


def _show(loaded: RouteTable, expected: Sequence[Expected], vantage: Vantage, args: argparse.Namespace) -> bool:
    """Checks expectations and prints what does not hold; whether all do."""
    read(args.operands[0], lambda: _refuse_unknown(loaded, expected))
    results = list(_checked(loaded, expected, vantage))
    failed = [(e, v, failure) for e, v, failure in results if failure is not None]
    if args.json:
        failures = [_failure_json(loaded, *result) for result in failed]
        write(sys.stdout, json_line({"checked": len(results), "failures": failures}))
    elif args.junit:
        write(sys.stdout, "\n".join(_junit(loaded, results, len(failed))) + "\n")
    else:
        if failed:
            rows = table(("destination", "counterexample", "answer", "wrong"), "expected")
            rows.show(_row(loaded, *result) for result in failed)
            write(sys.stdout, "\n")
        write(sys.stdout, f"{len(results) - len(failed)} of {len(results)} hold\n")
    return not failed


def _checked(loaded: RouteTable, expected: Sequence[Expected], asked: Vantage) -> Iterator[_Result]:
    resolvers: dict[Vantage, Resolver] = {}
    policies: dict[Vantage, GatewayPolicies] = {}
    known = Known.edges(loaded)
    every = [vantage for vantage, _ in every_vantage(loaded, loaded, Vantage(routing_mode=asked.routing_mode))]
    if asked.network_id is None and any(map(_is_of_policies, expected)):
        raise InvalidVantage("Gateway is on the way of cf1:network only, so no outcome is expected of another binding")
    for one in expected:
        for vantage in every if one.vantage is None else [asked if one.vantage == Vantage() else one.vantage]:
            if vantage not in resolvers:
                resolvers[vantage] = loaded.compile(vantage)
            if isinstance(one.expectation, PolicyExpectation):
                if vantage not in policies:
                    policies[vantage] = policies_of(loaded, resolvers[vantage])
                yield one, vantage, check_policies(policies[vantage], resolvers[vantage], known, one.expectation)
            else:
                yield one, vantage, check(resolvers[vantage], one.expectation)


def _is_of_policies(one: Expected) -> bool:
    return isinstance(one.expectation, PolicyExpectation)


def _refuse_unknown(loaded: RouteTable, expected: Iterable[Expected]) -> None:
    """InvalidDocument for egresses that mean nothing: what must be and is not known any more is a failure instead."""
    unknown = [(one.path, text) for one in expected for text in _unknown(loaded, one)]
    if unknown:
        raise InvalidDocument(tuple(unknown))


def _unknown(loaded: RouteTable, one: Expected) -> Iterator[str]:
    """What is wrong with the egresses of an expectation; those of an ECMP group have ``+`` between them."""
    for part in (one.expectation.must, one.expectation.must_not):
        called = str(part.get("egress", Gateway.name))
        whole, *members = (_wrong(loaded, name) for name in (called, *called.split("+")))
        if called == Gateway.name or not whole or not any(members):
            continue
        if "several" in (whole, *members):
            yield f"more than one egress is called {quoted(called)}: name one by its id"
        elif part is one.expectation.must_not:  # it would never be there
            yield f"no egress is called {quoted(called)}"


def _wrong(loaded: RouteTable, called: str) -> str:
    """Why a connector cannot be found; empty if it can."""
    try:
        loaded.connector(called)
    except LookupError as error:
        return "several" if "several" in str(error.args[0]) else "none"
    return ""


def _wanted(one: Expected) -> str:
    said = [f"{name} {value}" for name, value in one.expectation.must.items()]
    said += [f"not {name} {value}" for name, value in one.expectation.must_not.items()]
    return clean(", ".join(said))


def _row(loaded: RouteTable, one: Expected, vantage: Vantage, failure: _Failure) -> Row:
    notes = [
        f"{_wanted(one)}; from {describe(loaded.stand(vantage))}",
        one.note,
        gist(_explained(loaded, vantage, failure)),
    ]
    cells = printable(failure.expectation.destination), failure.counterexample, _answer_text(failure)
    return Row((*cells, str(failure.count)), tuple(Note("finding", clean(note)) for note in notes if note), "error")


def _answer_text(failure: _Failure) -> str:
    if isinstance(failure, PolicyFailure):
        by = decided_by(failure.answer)
        return f"{failure.answer.final} ({by})" if by else failure.answer.final
    return answer_text(failure.answer)


def _answer_json(failure: _Failure) -> dict[str, Any]:
    return policy_answer_json(failure.answer) if isinstance(failure, PolicyFailure) else answer_json(failure.answer)


def _explained(loaded: RouteTable, vantage: Vantage, failure: _Failure) -> Explanation:
    """Why the counterexample goes where it goes."""
    return explain(loaded, vantage, failure.question)


def _failure_json(loaded: RouteTable, one: Expected, vantage: Vantage, failure: _Failure) -> dict[str, Any]:
    return {
        "path": one.path,
        "destination": failure.expectation.destination,
        "vantage": {name: value for name, value in attrs.asdict(vantage).items() if value is not None},
        "counterexample": failure.counterexample,
        "count": failure.count,
        "answer": _answer_json(failure),
        "note": one.note,
        "explanation": json_of(_explained(loaded, vantage, failure)),
    }


def _junit(loaded: RouteTable, results: list[_Result], failed: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuite name="vpcroute assert" tests="{len(results)}" failures="{failed}">'
    for one, vantage, failure in results:
        name = f"{one.expectation.destination}: {_wanted(one)}"
        case = f"  <testcase name={_attribute(name)} classname={_attribute(describe(loaded.stand(vantage)))}"
        if failure is None:
            yield f"{case}/>"
            continue
        text = f"{failure.counterexample}: {_answer_text(failure)}; {failure.count} are wrong"
        yield f"{case}>"
        why = "\n".join(line.text for line in lines_of(_explained(loaded, vantage, failure)))
        yield f"    <failure message={_attribute(text)}>{escape(why)}</failure>"
        yield "  </testcase>"
    yield "</testsuite>"


def _attribute(text: str) -> str:
    return quoteattr(clean(text))
