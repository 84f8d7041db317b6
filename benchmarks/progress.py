"""What goes on, on stderr: a bar where rich is there and somebody looks, else a line for each step."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

__all__ = ["Progress", "progress"]


class Progress(Protocol):
    """Where a run tells what it does."""

    def begin(self, name: str) -> None:
        """A step begins."""

    def end(self, text: str) -> None:
        """It has ended, with what came of it."""


class _Lines:
    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._name = ""

    def begin(self, name: str) -> None:
        self._name = name

    def end(self, text: str) -> None:
        self._done += 1
        print(f"[{self._done}/{self._steps}] {self._name}: {text}", file=sys.stderr, flush=True)


class _Bar:
    def __init__(self, bar: Any, steps: int) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=steps)
        self._name = ""

    def begin(self, name: str) -> None:
        self._name = name
        self._bar.update(self._task, description=name)
        self._bar.refresh()

    def end(self, text: str) -> None:
        self._bar.console.print(f"{self._name}: {text}", highlight=False, markup=False)
        self._bar.advance(self._task)


@contextmanager
def progress(steps: int) -> Iterator[Progress]:
    """A block in which steps are told."""
    rich = None
    if sys.stderr.isatty():
        try:
            rich = importlib.import_module("rich.progress")
        except ImportError:
            rich = None
    if rich is None:
        yield _Lines(steps)
        return
    console = importlib.import_module("rich.console").Console(stderr=True)
    # A thread that draws would be timed, too.
    with rich.Progress(console=console, auto_refresh=False) as bar:
        yield _Bar(bar, steps)
