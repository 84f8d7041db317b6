"""Where in a JSON text something stands, by its path."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from vpcroute.errors import printable

__all__ = ["positions"]

_TOKENS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|/\*.*?\*/|//[^\r\n]*|[\[\]{},:]|[^\s\[\]{},:"/]+', re.DOTALL)


def positions(text: str, paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The line and the column, both from 1, of what stands at each path in a JSON or JSONC text.

    For what is not there it is the position of the innermost thing around it that is. The text is one that
    :func:`vpcroute.sources.json_text.loads` reads; the paths are like ``routes[3].network``, with a key's name as
    :func:`vpcroute.errors.printable` shows it.
    """
    around = {path: [path, *_outer(path)] for path in paths}
    wanted = {path for some in around.values() for path in some}
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found: dict[str, tuple[int, int]] = {}
    for path, offset in _values(text):
        if path in wanted and path not in found:
            line = bisect_right(starts, offset)
            found[path] = line, offset - starts[line - 1] + 1
    return {path: found[inner] for path, some in around.items() for inner in [_first(some, found)] if inner is not None}


def _first(paths: Iterable[str], found: dict[str, tuple[int, int]]) -> str | None:
    return next((path for path in paths if path in found), None)


def _outer(path: str) -> Iterator[str]:
    """The paths around one, the innermost first; last the whole document."""
    while path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
        yield path


def _values(text: str) -> Iterator[tuple[str, int]]:
    """The path and the offset of each value of a JSON text, in order."""
    around: list[tuple[str, bool]] = []  # the path of each that is open, and whether it is a list
    counts: list[int] = []
    path, is_key = "", False
    for token in _TOKENS.finditer(text):
        first = token[0][0]
        if first == "/":
            continue
        if is_key and first not in "},":
            is_key = False
            name = printable(json.loads(token[0]) if first == '"' else token[0])
            path = f"{around[-1][0]}.{name}" if around[-1][0] else name
        elif first in "}]":
            around.pop()
            counts.pop()
            is_key = False
        elif first == ",":
            counts[-1] += 1
        elif first != ":":
            yield path, token.start()
            if first in "{[":
                around.append((path, first == "["))
                counts.append(0)
        if first in "{[," and around[-1][1]:
            path = f"{around[-1][0]}[{counts[-1]}]"
        elif first in "{[,":
            is_key = True
