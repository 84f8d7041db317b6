"""The tokens of the expression language, read one at a time where the parser expects them.

What a piece of text is depends on what may stand there: in ``== "a\\.b"`` the escape is an error, in
``matches "a\\.b"`` it belongs to the pattern; ``eq`` is a field at the beginning of a comparison and an operator behind
one. So nothing is split in advance: a :class:`Lexer` stands at a position and is asked for one kind of token. Keywords
need no white space around them: ``any(…)orany(…)`` is valid, and rules are written that way.

Each token is read once, from left to right, by one expression of :mod:`re` that cannot go back: linear in the text.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn
from uuid import UUID

from vpcroute.errors import quoted
from vpcroute.limits import LONGEST_QUOTE
from vpcroute.policies.syntax import Bare, InvalidExpression, ListName, Number, Pattern, Text

__all__ = ["Lexer"]

_SPACE: Final = re.compile(r"[ \r\n]*+")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_]++(?:\.[A-Za-z0-9_]++)*+", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0[xX][0-9A-Fa-f]++|[0-9]++)", re.ASCII)
# Hexadecimal digits with colons and single dots between them, so that a range's two dots end it.
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:]*+(?:\.(?!\.)[0-9A-Fa-f:]*+)*+(?:/[0-9]++)?+", re.ASCII)
_OCTETS: Final = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-][0-9A-Fa-f]{2})++(?![0-9A-Fa-f:./])", re.ASCII)
_RAW: Final = re.compile(r'r(#*+)"')
_PLAIN: Final = re.compile(r'[^"\\]*+')
_ESCAPE: Final = re.compile(r'\\(?:(["\\])|x([0-9A-Fa-f]{2})|([0-3][0-7]{2}))', re.ASCII)
_PLAIN_IN_PATTERN: Final = re.compile(r'[^"\\\[\]]*+')
_LIST_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}", re.ASCII)
_LIST_NAME: Final = re.compile(r"[A-Za-z0-9_.-]++", re.ASCII)
_INDEX: Final = re.compile(r"[0-9]{1,10}+", re.ASCII)

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_MOST_DIGITS: Final = 24  # of a number, so that reading one stays linear: octal needs 22


class Lexer:
    """A text and a position in it."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.at = 0

    def fail(self, reason: str, at: int | None = None, hint: str | None = None) -> NoReturn:
        raise InvalidExpression(reason, self.text, self.at if at is None else at, hint)

    def fail_expecting(self, what: str, hint: str | None = None) -> NoReturn:
        """Fails for what stands here in place of what was expected."""
        if self.at == len(self.text):
            self.fail(f"{what} expected, but the expression ends", hint=hint)
        if self.text[self.at] == "\t":
            self.fail("a tab is not white space in an expression", hint="use spaces")
        found = _IDENTIFIER.match(self.text, self.at, self.at + LONGEST_QUOTE)
        self.fail(f"{what} expected, not {quoted(found[0] if found else self.text[self.at])}", hint=hint)

    def skip_space(self) -> None:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def next_is(self, word: str) -> bool:
        return self.text.startswith(word, self.at)

    def take(self, word: str) -> bool:
        """Goes past a word and the white space behind it, if it stands here."""
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        self.skip_space()
        return True

    def match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """Goes past what an expression matches here and the white space behind it."""
        found = expression.match(self.text, self.at)
        if found is not None and found.end() > self.at:
            self.at = found.end()
            self.skip_space()
            return found
        return None

    def identifier(self) -> str | None:
        found = self.match(_IDENTIFIER)
        return None if found is None else found[0]

    def index(self) -> int | None:
        found = self.match(_INDEX)
        return None if found is None else int(found[0])

    def bare(self) -> Number | Bare | None:
        """A number, an address, a prefix or octets; None if neither stands here."""
        start = self.at
        found = _OCTETS.match(self.text, start) or _ADDRESS.match(self.text, start)
        if found is not None and any(c in ":./-" for c in found[0]):
            self.at = found.end()
            self.skip_space()
            return Bare(found[0], at=start)
        found = _NUMBER.match(self.text, start)
        if found is None:
            return None
        self.at = found.end()
        self.skip_space()
        return Number(self._number(found[0], start), at=start)

    def _number(self, text: str, start: int) -> int:
        digits = text.removeprefix("-")
        if len(digits) > _MOST_DIGITS:
            self.fail(f"{quoted(text)} does not fit in 64 bits", start)
        try:
            value = int(digits, 16) if digits[:2] in ("0x", "0X") else int(digits, 8 if digits[0] == "0" else 10)
        except ValueError:
            self.fail(f"{quoted(text)} is octal, for it begins with 0, but has other digits", start)
        value = -value if text[0] == "-" else value
        if not _LOWEST <= value <= _HIGHEST:
            self.fail(f"{quoted(text)} does not fit in 64 bits", start)
        return value

    def string(self) -> Text | None:
        """A quoted or raw string; None if none begins here."""
        start = self.at
        raw = self._raw()
        if raw is not None:
            return Text(raw.encode(), at=start)
        if not self.next_is('"'):
            return None
        parts: list[bytes] = []
        at = start + 1
        while True:
            plain = _PLAIN.match(self.text, at)
            assert plain is not None  # noqa: S101  (it matches the empty text)
            parts.append(plain[0].encode())
            at = plain.end()
            if self.text.startswith('"', at):
                break
            if at == len(self.text):
                self.fail("the string has no end", start)
            escape = _ESCAPE.match(self.text, at)
            if escape is None:
                hint = r'after a backslash stands ", \, xHH or three octal digits; \\ is a backslash'
                self.fail(f"{quoted(self.text[at : at + 2])} is no escape in a string", at, hint)
            parts.append(_unescaped(escape))
            at = escape.end()
        self.at = at + 1
        self.skip_space()
        return Text(b"".join(parts), at=start)

    def pattern(self) -> Pattern | None:
        """A regular expression in quotes, or raw; None if none begins here.

        Within quotes a backslash stays, but for the one before a quote outside brackets; within brackets a quote does
        not end the text.
        """
        start = self.at
        raw = self._raw()
        if raw is not None:
            return Pattern(raw, at=start)
        if not self.next_is('"'):
            return None
        parts: list[str] = []
        at, in_class = start + 1, False
        while True:
            plain = _PLAIN_IN_PATTERN.match(self.text, at)
            assert plain is not None  # noqa: S101  (it matches the empty text)
            parts.append(plain[0])
            at = plain.end()
            c = self.text[at : at + 1]
            if c == '"' and not in_class:
                break
            if not c:
                self.fail("the pattern has no end", start)
            if c == "\\":
                pair = self.text[at : at + 2]
                parts.append('"' if pair == '\\"' and not in_class else pair)
                at += len(pair)
                continue
            in_class = c == "[" or (in_class and c != "]")
            parts.append(c)
            at += 1
        self.at = at + 1
        self.skip_space()
        return Pattern("".join(parts), at=start)

    def _raw(self) -> str | None:
        """What stands in a raw string, if one begins here."""
        begin = _RAW.match(self.text, self.at)
        if begin is None:
            return None
        stop = '"' + begin[1]
        end = self.text.find(stop, begin.end())
        if end < 0:
            self.fail(f"the raw string has no end: {stop[:LONGEST_QUOTE]}")
        self.at = end + len(stop)
        self.skip_space()
        return self.text[begin.end() : end]

    def list_name(self) -> ListName | None:
        """A reference to a list, ``$`` and its id; None if none begins here."""
        start = self.at
        if not self.take("$"):
            return None
        bracket = self.take("<")
        found = self.match(_LIST_ID) or self.match(_LIST_NAME)
        if found is None or (bracket and not self.take(">")):
            self.fail_expecting("the id of a list" if found is None else "'>'")
        if not _LIST_ID.fullmatch(found[0]):
            return ListName(found[0], at=start)
        return ListName(str(UUID(found[0])), at=start)


def _unescaped(escape: re.Match[str]) -> bytes:
    if escape[1]:
        return escape[1].encode()
    return bytes([int(escape[2], 16) if escape[2] else int(escape[3], 8)])
