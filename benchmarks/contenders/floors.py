"""What no answer can be faster than: a C function of the same argument, and one exact hit of a dict."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.subject import Subject

__all__ = ["floors"]


def floors(inputs: Sequence[str]) -> list[Subject]:
    """The floors of these inputs, as rows."""
    exact = dict.fromkeys(inputs, True)
    return [
        Subject("a C function that does nothing", "floor", callable, "a bool", inputs=inputs),
        Subject("len()", "floor", len, "an int", inputs=inputs),
        Subject("an exact dict hit", "floor", exact, "a stored object", subscript=True, inputs=inputs),
    ]
