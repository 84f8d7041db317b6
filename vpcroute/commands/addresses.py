"""Addresses from the command line and from standard input, one a line, as they arrive."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from vpcroute.limits import LONGEST_LINE

__all__ = ["STDIN", "batches"]

#: In the place of an address: standard input.
STDIN: Final = "-"

_CHUNK: Final = 1 << 16
_KEPT: Final = 4 * (LONGEST_LINE + 1)  # of a longer line, too long all the same; a character has up to four bytes
_MARK: Final = "\ufeff"


def batches(operands: Sequence[str]) -> Iterator[list[str]]:
    """The addresses to resolve; those of standard input as they arrive."""
    given: list[str] = []
    for operand in operands or [STDIN]:
        if operand == STDIN:
            yield given
            given = []
            yield from _standard_input()
        else:
            given.append(operand)
    yield given


def _standard_input() -> Iterator[list[str]]:
    """The lines of each chunk that has arrived, without blank ones; bytes that are not UTF-8 become surrogates."""
    arriving: Any = getattr(sys.stdin, "buffer", None)
    if arriving is None:
        raise OSError("standard input is closed")
    begun = b""
    while chunk := arriving.read1(_CHUNK):
        lines, newline, rest = chunk.rpartition(b"\n")
        if newline:
            yield _decoded(begun + lines)
            begun = rest
        elif len(begun) < _KEPT:
            begun += rest
    yield _decoded(begun)


def _decoded(lines: bytes) -> list[str]:
    text = lines.decode("utf-8", "surrogateescape")
    whole = text.split("\n")
    if _MARK in text:
        whole = [line.removeprefix(_MARK) for line in whole]
    return [stripped for line in whole if (stripped := line.strip(" \t\r"))]
