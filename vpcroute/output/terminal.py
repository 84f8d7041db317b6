"""The terminal, if there is one and it is up to it, through rich; and text for streams of any encoding."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from vpcroute.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress", "console_of", "progress_bar", "write"]

Progress = Callable[[int, int], object]

_PATIENCE: Final = 0.3  # seconds before a progress bar is worth showing
_ASCII: Final = str.maketrans({"—": "-", "…": "..."})  # what tables have that is not ASCII


def write(stream: TextIO, text: str) -> None:
    """Writes text whatever the encoding of the stream; what it lacks is escaped."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding
        stream.write(text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding))


def console_of(stream: TextIO) -> Console | None:
    """A console of rich, or None without rich or a terminal that is up to it."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb" or not stream.encoding.lower().startswith("utf"):
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    # Without a colour system rich writes no escape sequences at all, while its own reading of NO_COLOR keeps bold.
    system = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, color_system=system, markup=False, highlight=False, emoji=False)  # type: ignore[arg-type]


@contextmanager
def progress_bar(what: str) -> Iterator[Progress | None]:
    """A function that shows ``(done, total)`` on standard error, if that is a terminal and it takes long."""
    console = None if sys.stderr is None or os.environ.get("NO_COLOR") else console_of(sys.stderr)
    if console is None:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Bar(*columns, console=console, transient=True)
    task = bar.add_task(printable(what), total=None)
    begun = time.monotonic()

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if not bar.live.is_started and time.monotonic() - begun > _PATIENCE:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()
