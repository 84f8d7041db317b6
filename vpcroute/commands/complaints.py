"""What goes wrong, on standard error."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from vpcroute.commands.status import Status
from vpcroute.output.words import clean

__all__ = ["Parser", "advise", "complain"]


def complain(text: str, *, source: object = None, hint: str | None = None) -> None:
    """Says what is wrong, where, and what helps."""
    where = "" if source is None else f"{os.fsdecode(source) if isinstance(source, bytes) else source}: "
    print(clean(f"vpcroute: {where}{text}"), file=sys.stderr)
    advise(hint)


def advise(hint: str | None) -> None:
    """Says what helps, if anything does."""
    if hint is not None:
        print(clean(f"  hint: {hint}"), file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """A parser of arguments whose complaints are safe to print."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong with the arguments, and ends."""
        self.print_usage(sys.stderr)
        self.exit(Status.UNUSABLE, f"{self.prog}: {clean(message)}\n")
