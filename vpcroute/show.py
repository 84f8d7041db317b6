"""How answers are shown: as JSON, as aligned text, and on a terminal, through rich, in colour.

Aligned text has one line for each row, remarks last, so that it can be searched; a terminal has the remarks below the
row, wrapped. Both are fed batch by batch, columns never get narrower, and nothing is kept but their widths.

Addresses, names and texts of documents come from outside. What is not printable in them (control characters, and the
format characters that turn text around) is escaped before it goes out: in JSON everything but ASCII is.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TextIO

import attrs

from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.credentials import without_credentials
from vpcroute.egress import ClientDevice, EcmpGroup, Egress, Gateway, MeshNode, OnRamp, Tunnel
from vpcroute.errors import InvalidAddress, RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.remarks import Candidate
from vpcroute.standpoint import Standpoint
from vpcroute.store import KINDS, destination_of
from vpcroute.terminal import NO_VALUE, console_of, write

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "STYLES",
    "Note",
    "Row",
    "Table",
    "answer_json",
    "answer_line",
    "answer_row",
    "clean",
    "describe",
    "egress_json",
    "egress_text",
    "json_line",
    "route_json",
    "route_text",
    "table",
    "way_text",
]

_EGRESS_KINDS: Final[Mapping[type, str]] = {
    Tunnel: "tunnel",
    MeshNode: "mesh_node",
    ClientDevice: "device",
    EcmpGroup: "ecmp",
    Gateway: "gateway",
}
_ROUTE_FIELDS: Final[Mapping[type, tuple[str, ...]]] = {
    SubnetRoute: ("network", "virtual_network"),
    HostnameRoute: ("hostname", "match"),
    DeviceAddress: ("address",),
    WanRoute: ("prefix", "priority", "weight", "regions", "colos"),
    BgpRoute: ("prefix", "as_path", "communities", "customer_asn"),
}
_AS_IN_JSON: Final = (str, int, tuple, type(None))

_NOT_SURE: Final = " ?"
_NEEDS_DNS: Final = "Gateway resolves the name; --answer NAME=IP shows where it goes then"

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


def clean(text: str) -> str:
    """`text` with what is unprintable escaped, at full length; :func:`vpcroute.errors.printable` also cuts."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else printable(c) for c in text)


# As JSON


def json_line(value: object) -> str:
    """A line of JSON, in printable ASCII."""
    return json.dumps(value).replace("\x7f", "\\u007f") + "\n"


def answer_line(address: str, answer: Resolution | RouteError) -> str:
    """The object for one address as a line of JSON."""
    return json_line(answer_json(address, answer))


def answer_json(address: str, answer: Resolution | RouteError) -> dict[str, Any]:
    """The object for one address; its keys are those that ``vpcroute resolve --help`` lists."""
    address = without_credentials(address)
    if isinstance(answer, RouteError):
        return {"address": address, "error": {"code": answer.code, "message": str(answer), "hint": answer.hint}}
    return {
        "address": address,
        "host": answer.host,
        "ip": None if answer.ip is None else str(answer.ip),
        "port": answer.port,
        "scheme": answer.scheme,
        "target": str(answer.target),
        "offramp": answer.offramp,
        "needs_dns": answer.needs_dns,
        "egress": egress_json(answer.egress),
        "route": route_json(answer.route),
        "guaranteed": answer.guaranteed,
        "alternates": [_candidate_json(candidate) for candidate in answer.alternates],
        "remarks": [{"code": str(remark.code), "text": remark.text} for remark in answer.remarks],
        "gateway": answer.gateway,
        "generation": answer.generation,
    }


def egress_json(egress: Egress) -> dict[str, Any]:
    """The object for an egress."""
    kind = egress.kind if isinstance(egress, OnRamp) else _EGRESS_KINDS[type(egress)]
    if isinstance(egress, EcmpGroup):
        return {"kind": kind, "members": [{**egress_json(m.onramp), "weight": m.weight} for m in egress.members]}
    return {"kind": kind, "id": egress.id, "name": egress.name}


def route_json(route: Announcement | None) -> dict[str, Any] | None:
    """The object for an announcement, if there is one."""
    if route is None:
        return None
    fields = {name: getattr(route, name) for name in (*_ROUTE_FIELDS[type(route)], "id", "comment")}
    plain = {name: value if isinstance(value, _AS_IN_JSON) else str(value) for name, value in fields.items()}
    return {"kind": KINDS[type(route)], **plain}


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    egress = candidate.egress
    return {"offramp": egress.offramp, "egress": egress_json(egress), "route": route_json(candidate.route)}


# As rows


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


def answer_row(address: str, answer: Resolution | RouteError) -> Row:
    """The row for one address: address, offramp, egress, route, port."""
    shown = printable(without_credentials(address)) or "''"
    if isinstance(answer, RouteError):
        about = "unreadable" if isinstance(answer, InvalidAddress) else "refused"
        notes = [Note("error", f"{answer.code}: {clean(str(answer))}")]
        if answer.hint is not None:
            notes.append(Note("note", f"hint: {clean(answer.hint)}"))
        return Row((shown, about, NO_VALUE, NO_VALUE, NO_VALUE), tuple(notes), about)
    egress = egress_text(answer.egress) + ("" if answer.guaranteed else _NOT_SURE)
    port = NO_VALUE if answer.port is None else str(answer.port)
    cells = (shown, answer.offramp or NO_VALUE, egress, route_text(answer.route), port)
    return Row(cells, tuple(_notes(answer)), answer.offramp or "")


def _notes(answer: Resolution) -> Iterator[Note]:
    if not answer.guaranteed:
        # Without alternates what else may happen is a refusal: no other answer leaves an answer open.
        others = " or ".join(_candidate_text(candidate) for candidate in answer.alternates)
        yield Note("open", f"not guaranteed: it may be {others or 'refused'}")
    if answer.needs_dns:
        yield Note("note", _NEEDS_DNS)
    if answer.target.host != answer.host:
        yield Note("note", f"dials {clean(str(answer.target))}")
    for remark in answer.remarks:
        yield Note("note", clean(remark.text))


def egress_text(egress: Egress) -> str:
    """An egress in one cell."""
    if isinstance(egress, EcmpGroup):
        return "ECMP " + " + ".join(f"{printable(m.onramp.name)} ({m.weight})" for m in egress.members)
    return printable(egress.name or egress.id or NO_VALUE)


def way_text(egress: Egress) -> str:
    """An off-ramp and its egress in one cell."""
    return f"{egress.offramp or ''} {egress_text(egress)}".strip()


def route_text(route: Announcement | None) -> str:
    """An announcement's destination in one cell."""
    if route is None:
        return NO_VALUE
    if isinstance(route, (HostnameRoute, DeviceAddress)):
        return printable(route.pattern if isinstance(route, HostnameRoute) else str(route.address))
    return str(destination_of(route))


def _candidate_text(candidate: Candidate) -> str:
    way = way_text(candidate.egress)
    return way if candidate.route is None else f"{way} by {route_text(candidate.route)}"


def describe(stand: Standpoint) -> str:
    """A vantage in words, for the title of a table."""
    asked, view = stand.vantage, stand.view
    tunnel = "" if stand.tunnel is None else f"tunnel {stand.tunnel.name or stand.tunnel.id}"
    if view is None:
        return clean(f"service {stand.service.name} through {tunnel}" if stand.service is not None else tunnel)
    places = [f"{called} {place}" for called, place in (("region", asked.region), ("colo", asked.colo)) if place]
    where = " and ".join(places) or "no place given"
    return clean(f"{asked.network_id}, virtual network {view.network.name}, {where}, {view.mode} mode")


# As text


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
            sure = cell.removesuffix(_NOT_SURE)
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
