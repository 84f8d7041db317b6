"""A resolver as the plain data of a picture: prefixes, what stands at each, answers and reasons, as columns.

Everything that is there more than once stands in a table and is referred to by its number, and addresses are kept as
the difference to the one before. The page puts the ranges together again from the prefixes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from vpcroute.analysis.answer import CHANGE_KINDS, Answer, Side
from vpcroute.analysis.changes import Changes
from vpcroute.analysis.cover import Cover, Item, Known, known_of
from vpcroute.analysis.reasons import Reason, Reasons
from vpcroute.analysis.sources import Elsewhere
from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.egress import EcmpGroup, Egress, Gateway
from vpcroute.errors import printable
from vpcroute.fib.resolver import Resolver
from vpcroute.map.blocks import Block, blocks_of
from vpcroute.map.styles import Styles
from vpcroute.output.objects import egress_json
from vpcroute.output.words import clean, egress_text
from vpcroute.precedence import View
from vpcroute.ranges import Range

__all__ = ["Picture"]

_ITEM_KINDS: Final[Mapping[type, int]] = {
    SubnetRoute: 0,
    DeviceAddress: 1,
    WanRoute: 2,
    BgpRoute: 3,
    Range: 4,
    Elsewhere: 5,
}
_NONE: Final = -1


class _Table:
    """Values, each once, by number."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, row: Any) -> int:
        """The number of a value."""
        number = self._numbers.setdefault(row, len(self.rows))
        if number == len(self.rows):
            self.rows.append(row)
        return number


class Picture:
    """What one vantage's picture is made of.

    Attributes:
        title: the vantage in words.
        known: what the resolver knows.
        blocks: the parts of the address space that are shown by themselves.
    """

    def __init__(self, resolver: Resolver, title: str, styles: Styles) -> None:
        parts = resolver.parts()  # type: ignore[no-untyped-call]
        self.title = title
        self.known: Known = known_of(resolver)
        self.blocks: list[Block] = [block for cover in self.known.covers.values() for block in blocks_of(cover)]
        self.decided = parts["decided"]
        self._hosts: Mapping[str, Iterable[object]] = parts["hosts"]
        self._view: View | None = parts["view"]
        self._side = Side(resolver)
        self.styles = styles
        self._counts = self._counted()
        self._texts = _Table()
        self._texts.number("")
        self._ways = _Table()
        for way in sorted(self._counts, key=lambda way: self._counts[way], reverse=True):
            styles.number(way)
            self._ways.number(way)

    def counts(self, egress: Egress) -> tuple[int, int]:
        """How many IPv4 and IPv6 addresses go to an egress."""
        return self._counts.get(egress, (0, 0))

    @property
    def egresses(self) -> int:
        """How many egresses some address goes to."""
        return len(self._counts)

    def is_up(self, egress: Egress) -> bool:
        """Whether some connector of an egress is not down."""
        return self._side.is_up(egress)

    def _counted(self) -> dict[Egress, tuple[int, int]]:
        found: defaultdict[Egress, list[int]] = defaultdict(lambda: [0, 0])
        for version, cover in self.known.covers.items():
            sizes = [0] * len(self.known.answers)
            for first, last, place in cover.ranges():
                sizes[cover.answers[place]] += last - first + 1
            for (number, _), size in zip(self.known.answers, sizes, strict=True):
                if number >= 0 and size:
                    found[self.decided.egresses[number]][version == 6] += size
        return {egress: (four, six) for egress, (four, six) in found.items()}

    def data(self, changes: Changes | None = None) -> dict[str, Any]:
        """All of it, as plain values; with what changed since another one."""
        reasons = Reasons(self._view)
        families = {str(version): self._family(cover, reasons) for version, cover in self.known.covers.items()}
        refusals = _Table()
        answers = [self._answer(number, sure, refusals) for number, sure in self.known.answers]
        names = [self._name(route) for route in self.known.names]
        made = {
            "title": clean(self.title),
            "families": families,
            "answers": answers,
            "refusals": refusals.rows,
            "reasons": [self._reason(reason) for reason in reasons.all],
            "blocks": [[b.version, f"{b.first:x}", b.length, b.title, b.note] for b in self.blocks],
            "names": names,
            "hosts": {printable(name): [*map(str, known)] for name, known in self._hosts.items()},
            "bound": self._view is None,
            "changes": None if changes is None else self._changes(changes),
        }
        return {**made, "ways": [*map(self._way, self._ways.rows)], "texts": self._texts.rows}

    def _family(self, cover: Cover, reasons: Reasons) -> dict[str, Any]:
        items = [item for some in cover.items for item in some]
        return {
            "firsts": _differences(cover.firsts),
            "lengths": cover.lengths,
            "answers": cover.answers,
            "reasons": reasons.of(cover),
            "counts": [*map(len, cover.items)],
            "kinds": [_ITEM_KINDS[type(item)] for item in items],
            "vias": [_NONE if isinstance(item, (Range, Elsewhere)) else self._ways.number(item.via) for item in items],
            "details": [self._text(self._detail(item)) for item in items],
            "comments": [self._text(_comment(item)) for item in items],
            "specials": [[place, self._text(special.name)] for place, special in cover.specials.items()],
        }

    def _text(self, text: str | None) -> int:
        return self._texts.number(printable(text or ""))

    def _detail(self, item: Item) -> str:
        if isinstance(item, Range):
            return item.name
        if isinstance(item, Elsewhere):
            names: Mapping[str, str] = {} if self._view is None else self._view.network_names
            return names.get(item.network, item.network)
        parts: list[str] = [] if getattr(item, "in_force", True) else ["not in force"]
        if isinstance(item, WanRoute):
            parts.append(f"priority {item.priority}")
            parts += [f"weight {item.weight}"] if item.weight is not None else []
            parts += [f"only {', '.join((*item.regions, *item.colos))}"] if item.regions or item.colos else []
        if isinstance(item, BgpRoute):
            parts += [f"AS path {' '.join(map(str, item.as_path))}"] if item.as_path else []
            parts += [f"communities {', '.join(item.communities)}"] if item.communities else []
        return ", ".join(parts)

    def _answer(self, number: int, sure: bool, refusals: _Table) -> list[int]:
        """Way, refusal, and whether it is sure; one of the two is -1."""
        if number >= 0:
            return [self._ways.number(self.decided.egresses[number]), _NONE, int(sure)]
        refusal = self.decided.refusals[~number]
        texts = (refusal.code, clean(refusal.message), clean(refusal.hint or ""))
        return [_NONE, refusals.number(texts), int(sure)]

    def _way(self, egress: Egress) -> dict[str, Any]:
        four, six = self.counts(egress)
        return {
            "kind": egress_json(egress)["kind"],
            "offramp": egress.offramp or "",
            "name": "Gateway" if isinstance(egress, Gateway) else egress_text(egress),
            "id": "" if isinstance(egress, (EcmpGroup, Gateway)) else printable(egress.id or ""),
            "up": self.is_up(egress),
            "style": self.styles.number(egress),
            "count4": four,
            "count6": _amount(six),
        }

    def _reason(self, reason: Reason) -> list[Any]:
        """Steps, and what became of each candidate: status, code of the reason, text."""
        number = self._texts.number
        steps = [[number(code), number(effect), number(text)] for code, effect, text in reason.steps]
        fates = [[number(f.status or ""), number(f.reason or ""), number(f.text or "")] for f in reason.fates]
        return [steps, fates]

    def _name(self, route: HostnameRoute) -> list[Any]:
        """Name, how it matches, way (-1 if it is not in force), comment."""
        way = self._ways.number(route.via) if route.in_force else _NONE
        return [printable(route.hostname), route.match, way, self._text(_comment(route))]

    def _changes(self, changes: Changes) -> dict[str, Any]:
        sides = _Table()
        kinds = list(CHANGE_KINDS)
        rows: list[list[Any]] = []
        for change in changes.addresses:
            before, after = (sides.number(self._side_of(answer)) for answer in (change.before, change.after))
            kind = kinds.index(change.kind)
            rows.append([change.version, f"{change.first:x}", f"{change.last:x}", kind, before, after])
        names = [
            [
                printable(change.pattern),
                kinds.index(change.kind),
                *(sides.number(self._side_of(answer)) for answer in (change.before, change.after)),
            ]
            for change in changes.names
        ]
        counts = {
            kind: [counted["ipv4"], _amount(counted["ipv6"]), counted["names"]]
            for kind, counted in changes.counts().items()
        }
        return {
            "kinds": list(CHANGE_KINDS.items()),
            "sides": sides.rows,
            "addresses": rows,
            "names": names,
            "counts": counts,
        }

    def _side_of(self, answer: Answer) -> tuple[int, str, bool, bool]:
        """Way, code of the refusal, whether it is sure, whether it is up."""
        way = _NONE if answer.egress is None else self._ways.number(answer.egress)
        return way, answer.code or "", answer.guaranteed, answer.up


def _comment(item: Item | HostnameRoute) -> str | None:
    return getattr(item, "comment", None)


def _differences(numbers: list[int]) -> str:
    """Ascending numbers, each as the difference to the one before, in hexadecimal."""
    return " ".join(f"{number - before:x}" for before, number in zip([0, *numbers], numbers, strict=False))


def _amount(count: int) -> str:
    """A number of IPv6 addresses for people: exact while it is short, else as a power of two."""
    if count < 1 << 20:
        return f"{count:,}"
    power = math.log2(count)
    return f"{'' if count.bit_count() == 1 else 'about '}2^{power:.1f}".removesuffix(".0")
