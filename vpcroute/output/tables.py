"""Tables: aligned text, and on a terminal, through rich, in colour.

Aligned text has one line for each row, remarks last, so that it can be searched; a terminal has the remarks below the
row, wrapped. Both are fed batch by batch, columns never get narrower, and nothing is kept but their widths.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO

import attrs

from vpcroute.output.terminal import console_of, write

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["NOT_SURE", "STYLES", "Note", "Row", "Table", "table"]

#: What stands behind an egress that is not guaranteed.
NOT_SURE: Final = " ?"

#: Styles of rich for what a row or a note is about.
STYLES: Final[Mapping[str, str]] = {
    "CFD_TUNNEL": "cyan",
    "MESH": "green",
    "DEVICE_CLIENT": "magenta",
    "MAGIC": "bright_blue",
    "INTERNET": "yellow",
    "refused": "bold red",
    "unreadable": "bold red",
    "error": "red",
    "open": "yellow",
    "finding": "yellow",
    "note": "dim",
}
_GAP: Final = "  "
_INDENT: Final = 4
_WIDEST: Final = 40  # a longer cell moves the rest of its own row, not all rows


@attrs.frozen
class Note:
    """A remark of a row: what it is about (a key of the styles), and its text."""

    about: str
    text: str


@attrs.frozen
class Row:
    """A line of a table, safe to print.

    Attributes:
        cells: one for each column.
        notes: remarks, in the order of importance.
        about: what it is about: an offramp, or another key of the styles.
    """

    cells: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    about: str = ""

    @property
    def remarks(self) -> str:
        """The notes in one line."""
        return "; ".join(note.text for note in self.notes)


def _width(text: str) -> int:
    """The columns that printable text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _widest(texts: Sequence[str]) -> int:
    return max(map(len if "".join(texts).isascii() else _width, texts))


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


class Table:
    """A table of aligned text: a line for each row, its notes in the last column."""

    def __init__(self, stream: TextIO, header: Sequence[str], remarks: str) -> None:
        self._stream = stream
        self._header = Row(tuple(title.upper() for title in header), (Note("", remarks.upper()),) if remarks else ())
        self._widths = [len(title) for title in header]
        self._widest = _WIDEST
        self._begun = False

    def title(self, text: str) -> None:
        """A line above the table; only a terminal shows one."""

    def show(self, rows: Iterable[Row]) -> None:
        """Appends rows, below the header if they are the first."""
        shown = list(rows)
        for row in shown:
            self._widen(map(_width, row.cells))
        if shown:
            self._begin()
        for row in shown:
            self._print(row)

    def show_like(self, rows: Sequence[Row], firsts: Sequence[str], lasts: Sequence[str]) -> None:
        """Appends rows with other first and last cells in place of theirs; quick where many are the same row."""
        if not rows:
            return
        models = {id(row): row for row in rows}
        several = {row.cells[1:-1] for row in models.values()}
        self._widen(map(_widest, (firsts, *zip(*several, strict=True), lasts)))
        self._begin()
        begin, *widths, end = self._widths
        padded = {cells: f"{_GAP}{_GAP.join(map(_pad, cells, widths))}{_GAP}" for cells in several}
        common = {key: (padded[row.cells[1:-1]], row.remarks.rstrip()) for key, row in models.items()}
        lines = []
        for row, first, last in zip(rows, firsts, lasts, strict=True):
            middle, remarks = common[id(row)]
            before = first.ljust(begin) if first.isascii() else _pad(first, begin)
            lines.append(before + middle + (f"{last.ljust(end)}{_GAP}{remarks}" if remarks else last))
        write(self._stream, "\n".join(lines) + "\n")

    def _widen(self, wanted: Iterable[int]) -> None:
        """Makes columns as wide as they have to be, but not wider than the widest."""
        self._widths = [max(w, min(n, self._widest)) for w, n in zip(self._widths, wanted, strict=True)]

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._print_header(self._header)

    def _print_header(self, header: Row) -> None:
        self._print(header)

    def _print(self, row: Row) -> None:
        cells = map(_pad, row.cells, self._widths)
        write(self._stream, _GAP.join((*cells, row.remarks)).rstrip() + "\n")


class _TerminalTable(Table):
    """The same on a terminal: notes stand below their row, and so does what a long first cell leaves no room for."""

    def __init__(self, console: Console, header: Sequence[str]) -> None:
        super().__init__(sys.stdout, header, "")
        self._console = console
        self._widest = min(_WIDEST, console.width // 3)

    def title(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(text, "bold"), soft_wrap=True)
        self._console.print()

    def show_like(self, rows: Sequence[Row], firsts: Sequence[str], lasts: Sequence[str]) -> None:
        ends = zip(rows, firsts, lasts, strict=True)
        self.show(attrs.evolve(row, cells=(first, *row.cells[1:-1], last)) for row, first, last in ends)

    def _print_header(self, header: Row) -> None:
        self._print_cells(header.cells, ["dim"] * len(header.cells))

    def _print(self, row: Row) -> None:
        from rich.text import Text

        style = STYLES.get(row.about, "")
        self._print_cells(row.cells, ["", *[style] * (len(row.cells) - 1)])
        for note in row.notes:
            for line in Text(note.text, STYLES[note.about]).wrap(self._console, self._console.width - _INDENT):
                line.rstrip()
                self._console.print(" " * _INDENT, line, sep="", soft_wrap=True)

    def _print_cells(self, cells: tuple[str, ...], styles: Sequence[str]) -> None:
        from rich.text import Text

        rest = sum(self._widths[1:]) + len(_GAP) * (len(cells) - 1)
        widths = [max(len(self._header.cells[0]), min(self._widths[0], self._console.width - rest)), *self._widths[1:]]
        line = Text()
        for i, (cell, width, style) in enumerate(zip(cells, widths, styles, strict=True)):
            sure = cell.removesuffix(NOT_SURE)
            text = Text(sure, style).append(cell[len(sure) :], STYLES["open"])
            if i == 0 and _width(cell) > width:
                self._console.print(text, soft_wrap=True)
                text = Text()
            line.append_text(text).append(_GAP + " " * (width - text.cell_len))
        line.rstrip()
        self._console.print(line, soft_wrap=True)


def table(header: Sequence[str], remarks: str = "") -> Table:
    """A table on standard output, for rows with `header`'s columns and with notes if `remarks` names them."""
    console = console_of(sys.stdout)
    return Table(sys.stdout, header, remarks) if console is None else _TerminalTable(console, header)
