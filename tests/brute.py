"""What changes between two tables, found the long way: every edge and every name is asked, by the rules as written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from vpcroute import Resolution, RouteError, RouteTable, Vantage
from vpcroute.analysis.answer import Answer
from vpcroute.analysis.changes import Changes
from vpcroute.announcements import HostnameRoute
from vpcroute.edges import WIDTHS, Version, address_edges, name_edges
from vpcroute.fib.hostnames import matches_glob
from vpcroute.fields import MAPPED
from vpcroute.reference import Reference

#: A span of addresses with one answer before and after: version, first, last, answers.
Span = tuple[int, int, int, Answer, Answer]

_DOWN = {"destination_unavailable", "onramp_down"}
_MAPPED = int(MAPPED.network_address), int(MAPPED.broadcast_address) + 1


def _rules(table: RouteTable, vantage: Vantage) -> Reference:
    return Reference(table, vantage, stand=table.stand(vantage))


def short(answerer: Reference, question: object) -> Answer:
    """The short answer of the rules."""
    try:
        found: Resolution = answerer.resolve(question)
    except RouteError as error:
        return Answer(code=error.code)
    down = any(str(remark.code) in _DOWN for remark in found.remarks)
    return Answer(found.egress, guaranteed=found.guaranteed, up=not down)


def spans(tables: Iterable[RouteTable], one: Reference, other: Reference) -> list[Span]:
    """The whole address space, neighbours with the same answers on both sides as one span."""
    found: list[Span] = []
    for version, bits in WIDTHS.items():
        edges = sorted({edge for table in tables for edge in address_edges(table, version)} | _mapped(version))
        for first, behind in zip(edges, [*edges[1:], 1 << bits], strict=True):
            if version == 6 and _MAPPED[0] <= first < _MAPPED[1]:
                continue
            ip = IPv4Address(first) if version == 4 else IPv6Address(first)
            span = version, first, behind - 1, short(one, (ip, 1)), short(other, (ip, 1))
            if found and found[-1][0] == version and found[-1][2] == first - 1 and found[-1][3:] == span[3:]:
                found[-1] = (*found[-1][:2], behind - 1, *span[3:])
            else:
                found.append(span)
    return found


def _mapped(version: Version) -> set[int]:
    return set(_MAPPED) if version == 6 else set()


def changed_spans(before: RouteTable, after: RouteTable, asked: Vantage, then: Vantage) -> list[Span]:
    """The spans of addresses that change."""
    one, other = _rules(before, asked), _rules(after, then)
    return [span for span in spans((before, after), one, other) if span[3] != span[4]]


def as_spans(changes: Changes) -> list[Span]:
    """What was found, in the same form."""
    return [(c.version, c.first, c.last, c.before, c.after) for c in changes.addresses]


def wrong_names(changes: Changes, before: RouteTable, after: RouteTable, asked: Vantage, then: Vantage) -> list[str]:
    """The names whose change was not found, or is another one."""
    asking = (before, asked), (after, then)
    one, other = _rules(before, asked), _rules(after, then)
    sides = [(_hostname_routes(table, vantage), table.hosts if vantage.network_id else {}) for table, vantage in asking]
    found = {change.pattern: (change.before, change.after) for change in changes.names}
    assert len(found) == len(changes.names)
    wrong = []
    for name in sorted({*name_edges(before), *name_edges(after), "q.r.s.t.u.v.w"}):
        answers = short(one, (name, 1)), short(other, (name, 1))
        said = next((found[pattern] for pattern in _patterns(name, sides) if pattern in found), None)
        if said != (answers if answers[0] != answers[1] else None):
            wrong.append(name)
    return wrong


def _hostname_routes(table: RouteTable, vantage: Vantage) -> list[HostnameRoute]:
    """The hostname routes that have a say; none has where everything goes to one tunnel."""
    return [r for r in table if isinstance(r, HostnameRoute)] if vantage.network_id else []


def _patterns(name: str, sides: Sequence[tuple[Sequence[HostnameRoute], Collection[str]]]) -> list[str]:
    """The patterns under which the change of a name may stand, given the routes and the known addresses."""
    both = [route for routes, _ in sides for route in routes]
    own = {r.hostname for r in both if r.match not in ("one_label", "glob")}
    if name in own or any(name in hosts for _, hosts in sides):
        return [name]
    base = name.partition(".")[2]
    globs = [{r.hostname for r in some if r.match == "glob" and matches_glob(r.hostname, name)} for some, _ in sides]
    if all(globs):
        return []
    is_base = any(r.hostname == base and r.match in ("one_label", "both", "stored") for r in both)
    if any(globs):
        matched = globs[0] | globs[1]
        return [f"{glob.partition('.')[0]}.{base}" for glob in sorted(matched)] if is_base else sorted(matched)
    return [f"*.{base}"] if is_base else ["**"]
