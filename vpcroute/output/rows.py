"""An answer as a row of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vpcroute.credentials import without_credentials
from vpcroute.errors import InvalidAddress, RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.output.tables import NOT_SURE, Note, Row
from vpcroute.output.words import NO_VALUE, clean, egress_text, route_text, way_text
from vpcroute.remarks import Candidate

__all__ = ["answer_row"]

_NEEDS_DNS: Final = "Gateway resolves the name; --answer NAME=IP shows where it goes then"


def answer_row(address: str, answer: Resolution | RouteError) -> Row:
    """The row for one address: address, offramp, egress, route, port."""
    shown = printable(without_credentials(address)) or "''"
    if isinstance(answer, RouteError):
        about = "unreadable" if isinstance(answer, InvalidAddress) else "refused"
        notes = [Note("error", f"{answer.code}: {clean(str(answer))}")]
        if answer.hint is not None:
            notes.append(Note("note", f"hint: {clean(answer.hint)}"))
        return Row((shown, about, NO_VALUE, NO_VALUE, NO_VALUE), tuple(notes), about)
    egress = egress_text(answer.egress) + ("" if answer.guaranteed else NOT_SURE)
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


def _candidate_text(candidate: Candidate) -> str:
    way = way_text(candidate.egress)
    return way if candidate.route is None else f"{way} by {route_text(candidate.route)}"
