"""The command line: which commands there are; each is a module of :mod:`vpcroute.commands`.

Answers go to standard output, everything else to standard error. What the exit status means stands in
:mod:`vpcroute.commands.status`. Only the command that is run is imported, so that ``vpcroute resolve`` begins quickly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final, cast

import vpcroute
from vpcroute.commands import Command
from vpcroute.commands.addresses import STDIN
from vpcroute.commands.complaints import Parser, complain
from vpcroute.commands.status import MEANINGS, Status
from vpcroute.errors import RouteError

__all__ = ["COMMANDS", "main"]

#: The commands: the module of each, and what it shows.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "resolve": ("resolve", "where addresses go"),
    "explain": ("explain", "why addresses go where they go, and what would have to be true for another way"),
    "gateway": ("gateway", "what the account's Gateway policies do with requests, and why"),
    "show": ("show", "the route table as a tree, with what each route is worth"),
    "check": ("check", "what is in a network document, and what is odd"),
    "lint": ("lint", "what is wrong in a network document, or has no effect, or may not be meant"),
    "diff": ("diff", "what changes for traffic between two network documents"),
    "whatif": ("whatif", "what a change would do to traffic"),
    "impact": ("impact", "what would be lost with each connector"),
    "map": ("map", "the address space as a picture, a page that can be searched"),
    "assert": ("assert_", "what does not hold of what is expected"),
    "compile": ("compile", "a file with the compiled resolver of a vantage"),
}

_EPILOG: Final = "Exit status:\n" + "".join(f"  {status:<4} {meaning}\n" for status, meaning in MEANINGS.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    try:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        args = _parse(sys.argv[1:] if argv is None else argv)
        status: int = args.run(args)
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else Status.WELL
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return Status.UNREAD
    except OSError as error:
        if error.filename is None:  # it is the output that failed, and it would again when Python flushes it
            _discard_output()
        complain(error.strerror or str(error), source=error.filename)
        return Status.UNUSABLE
    except RouteError as error:
        complain(str(error), hint=error.hint)
        return Status.UNUSABLE
    return status


def _discard_output() -> None:
    """What is still buffered goes nowhere, so that Python's flush at exit does not fail a second time."""
    with suppress(AttributeError, OSError, ValueError):  # where standard output is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """Arguments of a command; operands may stand between options, and everything after ``--`` is one."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    args, rest = _parser(next((text for text in argv if text in COMMANDS), "")).parse_known_args(argv[:end])
    unknown = [text for text in rest if text.startswith("-") and text != STDIN]
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    args.operands += [*rest, *argv[end + 1 :]]
    return args


def _parser(chosen: str) -> Parser:
    """A parser that knows the arguments of one command, and of all others the names."""
    style = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="vpcroute", description=vpcroute.__doc__, epilog=_EPILOG, formatter_class=style, allow_abbrev=False
    )
    runs = "compiled" if getattr(vpcroute, "COMPILED", False) else "interpreted"
    parser.add_argument("--version", action="version", version=f"vpcroute {vpcroute.__version__} ({runs})")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (module, help) in COMMANDS.items():
        described = f"{help[0].upper()}{help[1:]}."
        one = commands.add_parser(name, help=help, description=described, formatter_class=style, allow_abbrev=False)
        if name == chosen:
            command = cast(Command, import_module(f"vpcroute.commands.{module}"))
            one.usage = f"vpcroute {name} {command.USAGE}"
            one.epilog = command.EPILOG
            one.add_argument("--json", action="store_true", help="print JSON")
            command.add_arguments(one)
            one.set_defaults(run=command.run, parser=one)
    return parser
