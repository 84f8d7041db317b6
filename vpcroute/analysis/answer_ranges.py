"""Where every address goes: the ranges with one answer by one route, exactly, from the compiled ranges."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, cast

import attrs

from vpcroute.analysis.cover import known_of
from vpcroute.analysis.reasons import Reasons
from vpcroute.announcements import Announcement
from vpcroute.edges import Version
from vpcroute.egress import Egress
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import IPAddress

__all__ = ["AnswerRange", "answer_ranges"]

_KINDS: Final = {4: IPv4Address, 6: IPv6Address}


@attrs.frozen
class AnswerRange:
    """A range of addresses that all go one way by one route; what is beside it goes another way, or by another route.

    Attributes:
        version: 4 or 6.
        first, last: the first and the last address, as numbers.
        egress: the egress, or None for a refusal.
        code: the code of the refusal, or None.
        guaranteed: whether that is sure.
        route: the route of a :class:`vpcroute.Resolution`; None for a refusal, for Gateway and for a tunnel binding.
    """

    version: Version
    first: int
    last: int
    egress: Egress | None
    code: str | None
    guaranteed: bool
    route: Announcement | None

    @property
    def start(self) -> IPAddress:
        """The first address."""
        return cast(IPAddress, _KINDS[self.version](self.first))

    @property
    def end(self) -> IPAddress:
        """The last address."""
        return cast(IPAddress, _KINDS[self.version](self.last))


def answer_ranges(resolver: Resolver) -> Iterator[AnswerRange]:
    """The ranges of both families: IPv4, then IPv6 without the IPv4-mapped addresses; ascending.

    Raises:
        RouteError: ``routes_not_saved`` for a resolver from a file.
    """
    known = known_of(resolver)
    parts = resolver.parts()  # type: ignore[no-untyped-call]
    decided = parts["decided"]
    reasons = Reasons(parts["view"])
    for version, cover in known.covers.items():
        numbers = reasons.of(cover)
        every = reasons.all
        routes = [reasons.route(cover, place, every[number]) for place, number in enumerate(numbers)]
        yield from _joined(
            AnswerRange(version, first, last, *_way(decided, known.answers[cover.answers[place]]), routes[place])
            for first, last, place in cover.ranges()
        )


def _way(decided: Any, answer: tuple[int, bool]) -> tuple[Egress | None, str | None, bool]:
    number, sure = answer
    if number < 0:
        return None, decided.refusals[~number].code, sure
    return decided.egresses[number], None, sure


def _joined(ranges: Iterator[AnswerRange]) -> Iterator[AnswerRange]:
    """The same with neighbours that go one way as one range."""
    open_ = next(ranges)
    for found in ranges:
        if _continues(open_, found):
            open_ = attrs.evolve(open_, last=found.last)
        else:
            yield open_
            open_ = found
    yield open_


def _continues(open_: AnswerRange, found: AnswerRange) -> bool:
    return (
        open_.last + 1 == found.first
        and open_.route is found.route
        and open_.egress is found.egress
        and (open_.code, open_.guaranteed) == (found.code, found.guaranteed)
    )
