"""``vpcroute lint``: what is wrong in a network document, or has no effect, or may not be meant."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import vpcroute
from vpcroute.analysis.lint import CHECKS, SEVERITIES, LintCode, LintFinding, in_order, lint
from vpcroute.analysis.lint.problems import of_problems
from vpcroute.commands.inputs import load_or_raise, network_file, vantage_of
from vpcroute.commands.options import VANTAGE_OPTIONS, add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.errors import InvalidDocument, printable, quoted
from vpcroute.limits import LARGEST_DOCUMENT
from vpcroute.output.objects import egress_json, json_line, route_json
from vpcroute.output.sarif import sarif_json
from vpcroute.output.tables import STYLES
from vpcroute.output.terminal import console_of, write
from vpcroute.output.words import clean
from vpcroute.sources.files import read_text
from vpcroute.sources.positions import positions

__all__ = ["EPILOG", "USAGE", "add_arguments", "run"]

USAGE: Final = "[options] (FILE | --network FILE)"

_WRAPPER: Final = textwrap.TextWrapper(76, break_long_words=False, break_on_hyphens=False)
_NEVER: Final = "never"


def _checks_text() -> Iterator[str]:
    for severity in SEVERITIES:
        yield f"{severity}:"
        for code, check in CHECKS.items():
            if check.severity == severity:
                yield f"  {code:<24} {check.statement}"


EPILOG: Final = (
    """\
Routes that can never win are found exactly: from every virtual network, region and data centre, whatever is healthy.
Routes in reserved ranges and forbidden wildcards are findings, as with --lenient, and so are the errors of a document
that cannot be loaded; then there are no others.

  vpcroute lint network.json
  vpcroute lint --fail-on error --ignore public_name,return_route network.json
  vpcroute lint --sarif network.json > lint.sarif

--json prints one object: network, counts {error, warning, note}, findings [{code, severity, path, reason, mend,
announcements [{egress, route}]}]; the first announcement is the one to mend. path is where it stands in the document.
--sarif prints SARIF 2.1.0 for code hosts, with the line of each finding.

"""
    + "\n".join(_checks_text())
    + "\n\n"
    + status_text("nothing found that is as grave as --fail-on says", "something that is")
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The document, from where, what is looked for, what is printed, and what counts as a failure."""
    add_file(parser)
    add_vantage(parser, "every one")
    parser.add_argument("--sarif", action="store_true", help="print SARIF")
    parser.add_argument(
        "--fail-on",
        choices=(*SEVERITIES, _NEVER),
        default="warning",
        help="the least severity that makes the exit status 1 (warning)",
    )
    for option, help in (("select", "only these findings"), ("ignore", "all but these findings")):
        parser.add_argument(f"--{option}", action="extend", type=_codes, metavar="CODE[,CODE]", help=help)


def _codes(text: str) -> list[LintCode]:
    try:
        return [LintCode(code.strip()) for code in text.split(",")]
    except ValueError:
        unknown = next(code.strip() for code in text.split(",") if code.strip() not in [*LintCode])
        raise argparse.ArgumentTypeError(f"there is no finding {quoted(unknown)}") from None


def run(args: argparse.Namespace) -> int:
    """Prints what is found."""
    file = network_file(args)
    if args.json and args.sarif:
        args.parser.error("--json and --sarif exclude each other")
    found = [
        finding
        for finding in _found(args, file)
        if (not args.select or finding.code in args.select) and finding.code not in (args.ignore or ())
    ]
    if args.sarif:
        write(sys.stdout, json_line(sarif_json(found, _uri(file), _positions(file, found), vpcroute.__version__)))
    elif args.json:
        counts = Counter(finding.severity for finding in found)
        every = {severity: counts[severity] for severity in SEVERITIES}
        write(sys.stdout, json_line({"network": file, "counts": every, "findings": list(map(_finding_json, found))}))
    else:
        _show(found)
    graves = SEVERITIES[: SEVERITIES.index(args.fail_on) + 1] if args.fail_on != _NEVER else ()
    return Status.FOUND if any(finding.severity in graves for finding in found) else Status.WELL


def _found(args: argparse.Namespace, file: str) -> list[LintFinding]:
    vantage = vantage_of(args)
    asked = any(getattr(args, option) is not None for option in VANTAGE_OPTIONS)
    args.lenient = True
    paths: dict[object, str] = {}
    try:
        table = load_or_raise(args, file, paths)
    except InvalidDocument as error:
        own = printable(file)
        return in_order(of_problems(("" if path == own else path, text) for path, text in error.problems))
    return lint(table, vantages=[vantage] if asked else None, paths=paths)


def _uri(file: str) -> str:
    """A file as a URI: relative to the working directory if it is inside."""
    path, here = os.path.abspath(file), os.path.join(os.getcwd(), "")
    if not path.startswith(here):
        return Path(path).as_uri()
    return quote(os.fsencode(path.removeprefix(here).replace(os.sep, "/")))


def _positions(file: str, found: Sequence[LintFinding]) -> dict[str, tuple[int, int]]:
    """Where the findings stand; nothing for what cannot be read a second time, such as a pipe."""
    with suppress(OSError, InvalidDocument):
        return positions(read_text(file, LARGEST_DOCUMENT), {finding.path for finding in found if finding.path})
    return {}


def _finding_json(finding: LintFinding) -> dict[str, Any]:
    return {
        "code": str(finding.code),
        "severity": finding.severity,
        "path": finding.path,
        "reason": finding.reason,
        "mend": finding.mend,
        "announcements": [{"egress": egress_json(a.via), "route": route_json(a)} for a in finding.announcements],
    }


# As text


def _show(found: Sequence[LintFinding]) -> None:
    """Prints findings, those of one code together."""
    console = console_of(sys.stdout)
    for style, line in _lines(found):
        if console is not None:
            console.print(line, style=STYLES.get(style, ""), soft_wrap=True)
        else:
            write(sys.stdout, f"{line}\n")


def _lines(found: Sequence[LintFinding]) -> Iterator[tuple[str, str]]:
    """Each line with what it is about."""
    for code, some in groupby(found, key=attrgetter("code")):
        check = CHECKS[code]
        style = {"error": "error", "warning": "finding", "note": "open"}[check.severity]
        yield from _wrapped(style, f"{check.severity}: {code}: {check.statement}", "", "  ")
        for finding in some:
            where = f"{finding.path}: " if finding.path else ""
            yield from _wrapped("", f"{where}{finding.reason}", "  - ", "    ")
        yield from _wrapped("note", f"mend: {check.mend}", "  ", "    ")
        yield "", ""
    counts = Counter(finding.severity for finding in found)
    said = [f"{counts[s]} {s}{'s' if counts[s] > 1 else ''}" for s in SEVERITIES if counts[s]]
    yield "", ", ".join(said) or "nothing found"


def _wrapped(style: str, text: str, first: str, others: str) -> Iterator[tuple[str, str]]:
    for line in _WRAPPER.wrap(clean(text)):
        yield style, f"{first}{line}"
        first = others
