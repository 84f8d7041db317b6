"""How changes are shown: as rows of a table, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log2
from typing import Any

import attrs

from vpcroute.analysis.answer import Answer, ChangeKind
from vpcroute.analysis.changes import AddressChange, Changes, NameChange
from vpcroute.analysis.impact import Impact
from vpcroute.output.objects import egress_json
from vpcroute.output.tables import Row
from vpcroute.output.words import NO_VALUE, clean, egress_text, way_text

__all__ = [
    "CHANGE_HEADER",
    "IMPACT_HEADER",
    "answer_json",
    "answer_text",
    "change_rows",
    "changes_json",
    "escaped",
    "impact_json",
    "impact_row",
    "markdown",
    "number_text",
    "summary",
]

CHANGE_HEADER = ("change", "addresses or names", "count", "before", "after")
IMPACT_HEADER = ("connector", "kind", "routes", "unreachable", "to Gateway", "moved")
_MANY = 10**9
_COUNTED = (("ipv4", "IPv4 address", "es"), ("ipv6", "IPv6 address", "es"), ("names", "name", "s"))


def answer_text(answer: Answer) -> str:
    """A short answer in one cell."""
    if answer.egress is None:
        return answer.code or NO_VALUE
    return way_text(answer.egress) + ("" if answer.up else " (down)") + ("" if answer.guaranteed else " ?")


def answer_json(answer: Answer) -> dict[str, Any]:
    """A short answer as ``--json`` prints it."""
    if answer.egress is None:
        return {"refused": answer.code}
    return {
        "offramp": answer.egress.offramp,
        "egress": egress_json(answer.egress),
        "guaranteed": answer.guaranteed,
        "up": answer.up,
    }


def number_text(number: int) -> str:
    """A number of addresses; of very many the nearest power of two."""
    if number < _MANY:
        return str(number)
    return f"2^{number.bit_length() - 1}" if number.bit_count() == 1 else f"~2^{log2(number):.1f}"


def _span_text(change: AddressChange) -> str:
    if change.count == 1:
        return str(change.start)
    prefixes = change.prefixes
    return str(prefixes[0]) if len(prefixes) == 1 else f"{change.start}-{change.end}"


def _pattern_text(change: NameChange) -> str:
    return "all other names" if change.pattern == "**" else clean(change.pattern)


def _cells(changes: Changes) -> Iterator[tuple[tuple[str, ...], Answer]]:
    texts: dict[Answer, str] = {}
    every: list[AddressChange | NameChange] = [*changes.addresses, *changes.names]
    for change in every:
        for answer in (change.before, change.after):
            if answer not in texts:
                texts[answer] = answer_text(answer)
        if isinstance(change, AddressChange):
            what, count = _span_text(change), number_text(change.count)
        else:
            what, count = _pattern_text(change), NO_VALUE
        yield (change.kind, what, count, texts[change.before], texts[change.after]), change.after


def change_rows(changes: Changes) -> Iterator[Row]:
    """A row for each change, in the columns of the header."""
    for cells, after in _cells(changes):
        yield Row(cells, about="refused" if after.egress is None else after.egress.offramp or "")


def _counted(counts: Mapping[str, int]) -> str:
    parts = [
        f"{number_text(counts[key])} {called}{'' if counts[key] == 1 else ending}"
        for key, called, ending in _COUNTED
        if counts[key]
    ]
    return ", ".join(parts)


def summary(changes: Changes) -> str:
    """All changes in a line."""
    return "; ".join(f"{kind}: {_counted(counts)}" for kind, counts in changes.counts().items()) or "no change"


def changes_json(changes: Changes) -> dict[str, Any]:
    """Changes as ``--json`` prints them."""
    return {
        "vantage": _vantage_json(changes.before),
        "vantage_after": _vantage_json(changes.after),
        "counts": changes.counts(),
        "addresses": [
            {
                "change": change.kind,
                "first": str(change.start),
                "last": str(change.end),
                "prefixes": list(map(str, change.prefixes)),
                "count": change.count,
                "before": answer_json(change.before),
                "after": answer_json(change.after),
            }
            for change in changes.addresses
        ],
        "names": [
            {
                "change": change.kind,
                "name": change.pattern,
                "before": answer_json(change.before),
                "after": answer_json(change.after),
            }
            for change in changes.names
        ],
    }


def _vantage_json(vantage: Any) -> dict[str, str]:
    return {name: value for name, value in attrs.asdict(vantage).items() if value is not None}


def markdown(changes: Changes, most: int) -> Iterator[str]:
    """Lines of Markdown: a summary and a table, cut after so many rows."""
    yield f"**{escaped(summary(changes))}**"
    yield ""
    total = len(changes.addresses) + len(changes.names)
    if not total:
        return
    yield f"| {' | '.join(CHANGE_HEADER)} |"
    yield "|---|---|---:|---|---|"
    for row, _ in zip(_cells(changes), range(most), strict=False):
        yield f"| {' | '.join(map(escaped, row[0]))} |"
    if total > most:
        yield ""
        yield f"… and {total - most} more."


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#!|~" else c for c in text)


def impact_row(one: Impact) -> Row:
    """What would be lost with a connector, in the columns of the header."""
    kinds: tuple[ChangeKind, ...] = ("unreachable", "to_gateway", "moved")
    lost = [_counted(one.counts[kind]) if kind in one.counts else NO_VALUE for kind in kinds]
    kind = egress_json(one.connector)["kind"]
    return Row((egress_text(one.connector), kind, str(one.routes), *lost), about=one.connector.offramp)


def impact_json(one: Impact) -> dict[str, Any]:
    """The same as ``--json`` prints it."""
    return {"connector": egress_json(one.connector), "routes": one.routes, "counts": one.counts}
