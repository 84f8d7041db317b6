"""JSON from outside, comments allowed: plain JSON first, for that is quick, and JSONC only where it fails."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import jsonc

__all__ = ["loads"]

# Strings and comments of JSONC; a group marks one without an end, for which json-with-comments needs quadratic time.
_TOKENS: Final = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|(?P<string>\\?\Z))|/\*.*?(?:\*/|(?P<comment>\Z))|//[^\r\n]*', re.DOTALL
)


def loads(text: str, **hooks: Any) -> Any:
    """The value of a JSON or JSONC text.

    Args:
        text: the text, without a byte order mark.
        hooks: those of :func:`json.loads`.

    Raises:
        ValueError: for what is neither (json.JSONDecodeError where the position is known; its line number does not
            count what stood in comments), and whatever a hook raises.
        RecursionError: for a text that is nested too deeply.
    """
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError:
        for token in _TOKENS.finditer(text):
            if token.lastgroup:
                raise ValueError(f"a {token.lastgroup} has no end: {token[0][:40]}") from None
        return jsonc.loads(text, **hooks)
