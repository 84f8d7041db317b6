"""The command line: ``vpcroute resolve``, ``explain``, ``check``, ``diff``, ``whatif``, ``impact`` and ``assert``.

Answers go to standard output, everything else to standard error. Exit status: 0 all well, 1 something was refused or
found, 2 bad usage, document or vantage, 130 interrupted, 141 when nobody reads the output any more.

``resolve --json`` prints one object a line: the fields of a :class:`vpcroute.Resolution`, or ``error``; the keys are
listed in ``vpcroute resolve --help`` and stay as they are.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn, TypeVar, cast

import attrs

import vpcroute
from vpcroute.analysis.explain import Reader
from vpcroute.answers import Answerer, JsonLines, Lines, TextLines
from vpcroute.check import EPILOG as CHECK_EPILOG
from vpcroute.check import contents, is_well, proof_json, proofs, resident, show_contents, show_proofs
from vpcroute.cli_assert import ASSERT_EPILOG, add_report, show_assertions, show_record
from vpcroute.cli_changes import (
    DIFF_EPILOG,
    IMPACT_EPILOG,
    WHATIF_EPILOG,
    add_changes,
    add_shape,
    show_diff,
    show_impact,
    show_whatif,
)
from vpcroute.cli_explain import EPILOG as EXPLAIN_EPILOG
from vpcroute.cli_explain import show_explanations
from vpcroute.errors import InvalidDocument, RouteError, printable, quoted
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.lines import STDIN, batches
from vpcroute.show import clean, describe, json_line, table
from vpcroute.sources.expectations import load_expectations
from vpcroute.sources.hosts import load_hosts
from vpcroute.sources.wrangler import find_binding
from vpcroute.table import RouteTable
from vpcroute.terminal import progress_bar, write
from vpcroute.vantage import CF1_NETWORK, REGIONS, ROUTING_MODES, Vantage

__all__ = ["main"]

_T = TypeVar("_T")

_GOOD, _REFUSED, _BAD_USAGE = 0, 1, 2
_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell says of a command that SIGINT or SIGPIPE ended

_VANTAGE_OPTIONS: Final = "binding tunnel service wrangler env vnet region colo mode".split()

_RESOLVE_EPILOG: Final = """\
An address is what fetch() takes (http://10.0.1.50/data) or what connect() takes (10.0.1.50:6379). Without one, and in
the place of "-", addresses are read from standard input, one a line; blank lines are passed over, and one of more than
65536 characters is refused. Each is answered by a line, in the same order, as they arrive.

An egress with "?" behind it is not guaranteed: question or document leave open which way it is.

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

Exit status: 0 everything resolved, 1 something was refused or unreadable, 2 bad usage, document or vantage.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    try:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        args = _parse(sys.argv[1:] if argv is None else argv)
        status: int = args.run(args)
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _GOOD
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as error:
        if error.filename is None:  # it is the output that failed, and it would again when Python flushes it
            _discard_output()
        _complain(error.strerror or str(error), source=error.filename)
        return _BAD_USAGE
    except RouteError as error:
        _complain(str(error), hint=error.hint)
        return _BAD_USAGE
    return status


def _complain(text: str, *, source: object = None, hint: str | None = None) -> None:
    where = "" if source is None else f"{os.fsdecode(source) if isinstance(source, bytes) else source}: "
    print(clean(f"vpcroute: {where}{text}"), file=sys.stderr)
    _hint(hint)


def _hint(text: str | None) -> None:
    if text is not None:
        print(clean(f"  hint: {text}"), file=sys.stderr)


def _discard_output() -> None:
    """What is still buffered goes nowhere, so that Python's flush at exit does not fail a second time."""
    with suppress(AttributeError, OSError, ValueError):  # where standard output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _read(source: str, read: Callable[[], _T]) -> _T:
    """What `read` returns; where it finds problems in `source`, they are printed, and that is the end."""
    try:
        return read()
    except InvalidDocument as error:
        if len(error.problems) > 1:
            _complain(f"{len(error.problems)} errors", source=source)
        for path, text in error.problems:
            _complain(text if path in ("", printable(source)) else f"{path}: {text}", source=source)
        _hint(error.hint)
        raise SystemExit(_BAD_USAGE) from None


def _load(args: argparse.Namespace, file: str) -> RouteTable:
    with progress_bar(os.path.basename(file)) as progress:
        return RouteTable.load(file, lenient=args.lenient, stored_wildcards=args.stored_wildcards, progress=progress)


# Arguments


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(_BAD_USAGE, f"{self.prog}: {clean(message)}\n")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """Arguments of a command; operands may stand between options, and everything after ``--`` is one."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    args, rest = _parser().parse_known_args(argv[:end])
    unknown = [text for text in rest if text.startswith("-") and text != STDIN]
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    args.operands += [*rest, *argv[end + 1 :]]
    return args


def _parser() -> _Parser:
    parser = _Parser(prog="vpcroute", description=vpcroute.__doc__, allow_abbrev=False)
    runs = "compiled" if getattr(vpcroute, "COMPILED", False) else "interpreted"
    parser.add_argument("--version", action="version", version=f"vpcroute {vpcroute.__version__} ({runs})")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    resolve = _command(commands, "resolve", _resolve, "where addresses go", _RESOLVE_EPILOG)
    resolve.usage = "vpcroute resolve --network FILE [options] [ADDR ...]"
    _add_question(resolve)

    why = "why addresses go where they go, and what would have to be true for another way"
    explain = _command(commands, "explain", _explain, why, EXPLAIN_EPILOG)
    explain.usage = "vpcroute explain --network FILE [options] [ADDR ...]"
    _add_question(explain)

    check = _command(commands, "check", _check, "what is in a network document, and what is odd", CHECK_EPILOG)
    check.usage = "vpcroute check [options] (FILE | --network FILE)"
    check.add_argument("operands", nargs="*", metavar="FILE", help="the network document")
    _add_document(check, required=False)
    check.add_argument(
        "--prove",
        action="store_true",
        help="compare the compiled form with the rules as they are written, at every edge of every prefix and every "
        "name; by default from every virtual network, in the routing mode of the document",
    )
    _add_vantage(check, "every one")

    diff = _command(commands, "diff", _diff, "what changes for traffic between two network documents", DIFF_EPILOG)
    diff.usage = "vpcroute diff [options] OLD NEW"
    diff.add_argument("operands", nargs="*", metavar="OLD NEW", help="the network documents")
    whatif = _command(commands, "whatif", _whatif, "what a change would do to traffic", WHATIF_EPILOG)
    whatif.usage = "vpcroute whatif --network FILE CHANGE ... [options]"
    add_changes(whatif)
    impact = _command(commands, "impact", _impact, "what would be lost with each connector", IMPACT_EPILOG)
    impact.usage = "vpcroute impact [options] (FILE | --network FILE)"
    expect = _command(commands, "assert", _assert, "what does not hold of what is expected", ASSERT_EPILOG)
    expect.usage = "vpcroute assert --network FILE [options] EXPECTATIONS"
    expect.add_argument("operands", nargs="*", metavar="EXPECTATIONS", help="a JSON or TOML file")
    add_report(expect)
    _add_document(expect, required=True)
    _add_vantage(expect, "the account's default one")
    for command in (whatif, impact):
        command.add_argument("operands", nargs="*", metavar="FILE", help="the network document")
    for command in (diff, whatif):
        add_shape(command)
    for command in (diff, whatif, impact):
        _add_document(command, required=None if command is diff else False)
        _add_vantage(command, "the account's default one")
    return parser


def _add_question(parser: _Parser) -> None:
    """What is asked: addresses, of which document, from where, and with which answers."""
    parser.add_argument("operands", nargs="*", metavar="ADDR", help='an address; "-" is standard input')
    _add_document(parser, required=True)
    _add_vantage(parser, "the account's default one")
    names = parser.add_argument_group("addresses of names", "in place of the document's hosts; repeats add up")
    names.add_argument(
        "--answer",
        action="append",
        default=[],
        type=_read_answer,
        metavar="NAME=IP[,IP]",
        help='the addresses of a name, in order; "NAME=": it has none',
    )
    names.add_argument(
        "--hosts", metavar="FILE", help="the same from a file like /etc/hosts, where --answer says nothing"
    )
    readers = parser.add_mutually_exclusive_group()
    readers.add_argument("--fetch", action="store_true", help="read every address as fetch() does")
    readers.add_argument("--connect", action="store_true", help="read every address as connect() does")


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str, epilog: str) -> _Parser:
    style = argparse.RawDescriptionHelpFormatter
    parser: _Parser = commands.add_parser(
        name, help=help, description=f"Shows {help}.", epilog=epilog, formatter_class=style, allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run, parser=parser)
    return parser


def _add_document(parser: _Parser, *, required: bool | None) -> None:
    """How documents are read, and, unless `required` is None, which one is."""
    if required is not None:
        parser.add_argument("--network", required=required, metavar="FILE", help="the network document")
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="take routes in reserved ranges and forbidden wildcards out of force instead of refusing the document",
    )
    parser.add_argument(
        "--stored-wildcards",
        action="store_true",
        help="hostname routes that do not say what they match: read them as the name and all one label below",
    )


def _add_vantage(parser: _Parser, networks: str) -> None:
    group = parser.add_argument_group("vantage", "from where the question is asked")
    bindings = group.add_mutually_exclusive_group()
    bindings.add_argument("--binding", metavar=CF1_NETWORK, help="the whole network (the default)")
    bindings.add_argument("--tunnel", metavar="TUNNEL", help="a tunnel_id binding: a tunnel's id or name")
    bindings.add_argument("--service", metavar="SERVICE", help="a VPC Service binding: a service's id or name")
    bindings.add_argument("--wrangler", metavar="FILE:BINDING", help="a binding of a Worker's wrangler file")
    group.add_argument("--env", metavar="NAME", help="the environment of the wrangler file")
    group.add_argument("--vnet", metavar="VNET", help=f"a virtual network's id or name ({networks})")
    group.add_argument("--region", metavar="REGION", help=f"one of {', '.join(sorted(REGIONS))}")
    group.add_argument("--colo", metavar="COLO", help="a data centre, such as den01")
    group.add_argument("--mode", choices=ROUTING_MODES, help="the routing mode (the document's)")


def _read_answer(text: str) -> tuple[str, tuple[IPAddress, ...]]:
    name, equals, addresses = text.partition("=")
    try:
        if not equals:
            raise ValueError(f"{quoted(text)} is not NAME=IP[,IP]")
        return ascii_name(name), tuple(map(read_ip, addresses.split(","))) if addresses else ()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# vpcroute resolve


def _resolve(args: argparse.Namespace) -> int:
    vantage, loaded = _question(args)
    resolver = loaded.compile(vantage)
    lines: Lines[Any] = JsonLines(sys.stdout)
    if not args.json:
        rows = table(("address", "offramp", "egress", "route", "port"), "remarks")
        rows.title(describe(loaded.stand(vantage)))
        lines = TextLines(rows)
    ask = resolver.resolve_fetch if args.fetch else resolver.resolve_connect if args.connect else resolver.resolve
    answerer = Answerer(ask, loaded, lines, apart=vantage.service_id is not None)
    for batch in batches(args.operands):
        answerer.answer(batch)
        sys.stdout.flush()
    return _REFUSED if answerer.refused else _GOOD


def _question(args: argparse.Namespace) -> tuple[Vantage, RouteTable]:
    """The vantage, and the document with the answers that were given."""
    vantage = _vantage(args)
    answers = _answers(args)
    loaded = _read(args.network, lambda: _load(args, args.network))
    with loaded.transaction():
        for name, addresses in answers.items():
            loaded.set_hosts(name, addresses)
    return vantage, loaded


def _vantage(args: argparse.Namespace) -> Vantage:
    ids = {"network_id": args.binding, "tunnel_id": args.tunnel, "service_id": args.service}
    if args.wrangler is not None:
        file = args.wrangler.rpartition(":")[0] or args.wrangler
        binding = _read(file, lambda: find_binding(args.wrangler, args.env))
        ids = {name: getattr(binding, name) for name in ids}
        for remark in binding.remarks:
            _complain(remark, source=args.wrangler)
    elif args.env is not None:
        args.parser.error("argument --env: goes with --wrangler")
    return Vantage(**ids, virtual_network=args.vnet, region=args.region, colo=args.colo, routing_mode=args.mode)


def _answers(args: argparse.Namespace) -> dict[str, tuple[IPAddress, ...]]:
    """The addresses of names: of a name that is given with --answer those, else those of the hosts file."""
    hosts = {} if args.hosts is None else _read(args.hosts, lambda: load_hosts(args.hosts))
    given: dict[str, tuple[IPAddress, ...]] = {}
    for name, addresses in args.answer:
        given[name] = (*given.get(name, ()), *addresses)
    return {**hosts, **given}


# vpcroute explain


def _explain(args: argparse.Namespace) -> int:
    vantage, loaded = _question(args)
    loaded.stand(vantage)  # so that an unknown one is said before anything else
    reader: Reader = "fetch" if args.fetch else "connect" if args.connect else "any"
    refused = show_explanations(loaded, vantage, args.operands, reader=reader, json=args.json)
    return _REFUSED if refused else _GOOD


# vpcroute check


def _check(args: argparse.Namespace) -> int:
    args.network = _file(args)
    given = [option for option in _VANTAGE_OPTIONS if getattr(args, option) is not None]
    if given and not args.prove:
        args.parser.error(f"argument --{given[0]}: goes with --prove")
    vantage = _vantage(args)
    before = resident()
    try:
        loaded = _load(args, args.network) if args.json else _read(args.network, lambda: _load(args, args.network))
    except InvalidDocument as error:
        problems = [{"path": path, "message": text} for path, text in error.problems]
        write(sys.stdout, json_line({"network": args.network, "errors": problems}))
        return _BAD_USAGE
    after = resident()
    loaded.stand(vantage)  # so that an unknown one is said before anything else
    found = contents(loaded, None if before is None or after is None else max(0, after - before))
    if not args.json:
        show_contents(found)
        sys.stdout.flush()
    proved = list(proofs(loaded, vantage)) if args.prove else []
    if args.json:
        more = {"proofs": list(map(proof_json, proved))} if args.prove else {}
        write(sys.stdout, json_line({"network": args.network, **found, **more}))
    elif args.prove:
        show_proofs(loaded, proved)
    return _GOOD if is_well(found, proved) else _REFUSED


def _file(args: argparse.Namespace) -> str:
    """The network document, which may stand behind --network or not."""
    files = [*args.operands, *([] if args.network is None else [args.network])]
    if len(files) != 1:
        args.parser.error("a network document is required" if not files else "one network document at a time")
    file: str = files[0]
    return file


# vpcroute diff, whatif, impact, assert


def _diff(args: argparse.Namespace) -> int:
    files = args.operands
    if len(files) != 2:
        args.parser.error("two network documents are required, the old one and the new one")
    vantage = _vantage(args)
    old, new = (_read(file, lambda file=file: _load(args, file)) for file in files)  # type: ignore[misc]
    return _REFUSED if show_diff(old, new, vantage, args) else _GOOD


def _whatif(args: argparse.Namespace) -> int:
    if not args.changes and args.mode is None:
        args.parser.error("a change is required: --down, --up, --withdraw, --announce, --drain or --mode")
    args.network = _file(args)
    vantage = attrs.evolve(_vantage(args), routing_mode=None)
    loaded = _read(args.network, lambda: _load(args, args.network))
    try:
        return _REFUSED if show_whatif(loaded, vantage, args) else _GOOD
    except (LookupError, ValueError) as error:
        if isinstance(error, RouteError):
            raise
        return cast(int, args.parser.error(str(error.args[0] if isinstance(error, KeyError) else error)))


def _impact(args: argparse.Namespace) -> int:
    args.network = _file(args)
    vantage = _vantage(args)
    loaded = _read(args.network, lambda: _load(args, args.network))
    show_impact(loaded, vantage, args)
    return _GOOD


def _assert(args: argparse.Namespace) -> int:
    if len(args.operands) != (0 if args.record else 1):
        args.parser.error("one file of expectations is required" if not args.record else "--record takes no file")
    vantage = _vantage(args)
    expected = [] if args.record else _read(args.operands[0], lambda: load_expectations(args.operands[0]))
    loaded = _read(args.network, lambda: _load(args, args.network))
    if args.record:
        show_record(loaded, vantage)
        return _GOOD
    return _GOOD if show_assertions(loaded, expected, vantage, args) else _REFUSED
