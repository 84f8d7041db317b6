"""Regular expressions and wildcards, matched in time linear in the text whatever the pattern.

Gateway's regular expressions are those of Rust's regex crate, on octets, without Unicode, anchored nowhere
(cloudflare-docs: partials/cloudflare-one/gateway/value; wirefilter: engine/src/rhs_types/regex). They are matched here
by RE2, which is linear too (extra ``gateway``), and never by :mod:`re`. The two dialects differ in places; a pattern
that one of them reads otherwise than the other, or that RE2 refuses, has no answer here: its comparison is unknown,
with the reason. So is every pattern where RE2 is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from vpcroute.errors import printable, quoted
from vpcroute.limits import LARGEST_AUTOMATON
from vpcroute.policies.truth import Unknown, unknown

try:
    import re2
except ImportError:  # the extra is not installed
    re2 = None

__all__ = [
    "HAS_RE2",
    "NOT_INSTALLED",
    "compile_pattern",
    "compile_patterns",
    "compile_wildcard",
    "difference",
    "literal",
]

#: Whether regular expressions can be matched here.
HAS_RE2: Final = re2 is not None
NOT_INSTALLED: Final = "patterns need RE2: pip install 'vpcroute[gateway]'"

# One piece of a pattern outside and inside brackets, and what Rust and RE2 read otherwise.
_PIECE: Final = re.compile(r"\\(?s:.)|\(\?[^)]?|\{[^}]{0,12}\}?|\[\^?\]?|[^\\({\[]++", re.ASCII)
_PIECE_IN_CLASS: Final = re.compile(r"\\(?s:.)|\[:\^?[a-z]++:\]|&&|--|~~|(?s:.)", re.ASCII)
_REPETITION: Final = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}", re.ASCII)
_SAME_ESCAPES: Final = frozenset("dDsSwWbBAzntrfvax")
_SET_OPERATORS: Final = frozenset({"&&", "--", "~~", "["})


def difference(pattern: str) -> str | None:
    """What in a pattern Rust's syntax and RE2's would read in two ways, or None."""
    if not pattern.isascii():
        return "characters beyond ASCII"
    has_options = "(?" in pattern
    at, in_class = 0, False
    while at < len(pattern):
        found = (_PIECE_IN_CLASS if in_class else _PIECE).match(pattern, at)
        piece = pattern[at] if found is None else found[0]
        at += len(piece)
        if piece[0] == "\\":
            bad = (piece[1:].isalnum() and piece[1:] not in _SAME_ESCAPES) or piece[1:] in ("<", ">", "_")
            if bad or (piece == "\\b" and pattern[at : at + 1] == "{"):
                return piece
            if piece == "\\x" and has_options and pattern[at : at + 1] not in tuple("01234567"):
                return "\\x with options"  # RE2 folds the case of Latin-1, Rust of ASCII
        elif in_class:
            if piece in _SET_OPERATORS:
                return f"{piece} in brackets"
            in_class = piece != "]"
        elif piece[0] == "[":
            in_class = True
        elif piece[0] == "{" and not _REPETITION.fullmatch(piece):
            return "{ that is no repetition"
    return None


def compile_pattern(pattern: str) -> Callable[[bytes], bool] | Unknown:
    """What finds a pattern in octets; unknown, with the reason, for one that is not read here."""
    what = f"pattern {quoted(pattern)}"
    if re2 is None:
        return unknown(what, NOT_INSTALLED)
    differing = difference(pattern)
    if differing is not None:
        return unknown(what, f"Rust and RE2 read it in two ways: {printable(differing)}")
    try:
        compiled = re2.compile(pattern.encode(), _OPTIONS)
    except re2.error as error:
        text = error.args[0]
        return unknown(what, f"RE2 refuses it: {printable(text.decode() if isinstance(text, bytes) else str(text))}")
    search = compiled.search
    return lambda text: search(text) is not None


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return options


_OPTIONS: Final = None if re2 is None else _options()


def literal(text: bytes) -> bytes:
    """The pattern that finds just this text."""
    return b"".join(b"\\x%02x" % octet for octet in text)


def compile_patterns(patterns: Sequence[bytes]) -> Callable[[bytes], Sequence[int] | None] | None:
    """What finds many patterns in octets in one go, and gives the numbers of those that it finds, or None if it cannot
    say; None for patterns that are too much for one automaton.

    All of them must be such as :func:`compile_pattern` reads.
    """
    if re2 is None:
        return None
    options = _options()
    options.max_mem = LARGEST_AUTOMATON
    together = re2.Set.SearchSet(options)
    together.Add(b"")  # it is found in every text, unless the automaton grows too large while it is run
    try:
        for pattern in patterns:
            together.Add(pattern)
        together.Compile()
    except re2.error:
        return None

    def find(text: bytes) -> Sequence[int] | None:
        found = together.Match(text)
        return [number - 1 for number in found if number] if found else None

    return find


def compile_wildcard(pattern: bytes, *, strict: bool) -> Callable[[bytes], bool]:
    """What tells whether a text is, as a whole, what a pattern with ``*`` says; without `strict` in any case (ASCII).

    ``\\*`` is a star and ``\\\\`` a backslash.

    Raises:
        ValueError: for ``**`` and for another escape.
    """
    if not strict:
        pattern = pattern.lower()
    parts = [bytearray()]
    at = 0
    while at < len(pattern):
        c = pattern[at : at + 1]
        if c == b"*":
            if pattern[at + 1 : at + 2] == b"*":
                raise ValueError("two stars in a row are not allowed in a wildcard")
            parts.append(bytearray())
        else:
            at += c == b"\\"
            if c == b"\\" and pattern[at : at + 1] not in (b"*", b"\\"):
                raise ValueError("only a star or a backslash may follow a backslash in a wildcard")
            parts[-1] += pattern[at : at + 1]
        at += 1
    first, *middle, last = [bytes(part) for part in (parts if len(parts) > 1 else [*parts, bytearray()])]
    is_whole = len(parts) == 1

    def matches(text: bytes) -> bool:
        if not strict:
            text = text.lower()
        if is_whole:
            return text == first
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or end < len(first):
            return False
        begin = len(first)
        for part in middle:  # the leftmost place leaves the most for the rest
            begin = text.find(part, begin, end)
            if begin < 0:
                return False
            begin += len(part)
        return True

    return matches
