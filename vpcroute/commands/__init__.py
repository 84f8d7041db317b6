"""The commands, one module each; :mod:`vpcroute.cli` lists them and imports only the one that is run."""

from __future__ import annotations

import argparse
from typing import Protocol

__all__ = ["Command"]


class Command(Protocol):
    """What the module of a command has.

    Attributes:
        USAGE: what stands behind the command's name in the line of its usage.
        EPILOG: the end of its help: what it prints, examples, the exit status.
    """

    USAGE: str
    EPILOG: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Adds what it takes besides ``--json``; what is no option goes to ``operands``."""

    def run(self, args: argparse.Namespace) -> int:
        """Runs it; returns the exit status. ``args.parser`` is the parser, for errors of usage."""
