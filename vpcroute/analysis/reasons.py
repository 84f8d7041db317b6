"""Why the addresses of each prefix go where they go: steps, and what becomes of all that covers them.

Prefixes that are covered by the like have one reason, which names neither the address nor connectors that it does not
depend on: a full table has some thousands of them. It is made by the functions that explain one address.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

import attrs

from vpcroute.address import Target
from vpcroute.analysis.cover import Cover, Item
from vpcroute.analysis.explanation import RULE, Effect, Status
from vpcroute.analysis.sources import Elsewhere
from vpcroute.analysis.steps import address_steps
from vpcroute.analysis.weighing import Case, deciders, holds, loss_of
from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, SubnetRoute
from vpcroute.outcomes import Decision, decide_address
from vpcroute.precedence import AddressCandidates, Level, View, WanLike, base_priority, scope_of
from vpcroute.ranges import Range

__all__ = ["Fate", "Reason", "Reasons", "candidates_at"]

_ADDRESS: Final = Target("tcp", "the address", None)
_OWN: Final = "it is the own address of a device or Mesh node"
_OWN_FIRST: Final = "the own address of a device or Mesh node is asked for first"


@attrs.frozen
class Fate:
    """What became of a candidate; ``status`` is None for a range that a longer one stands before.

    Attributes:
        status: whether it won.
        reason: the code of the reason why not, or None.
        text: the same for people, or None.
    """

    status: Status | None
    reason: str | None = None
    text: str | None = None


@attrs.frozen
class Reason:
    """Why addresses go where they go.

    Attributes:
        steps: the code of the rule, the effect and the text of each step of the decision.
        fates: what became of each item of :meth:`Cover.chain`.
        route: the place among those of the route of the answer; None where there is none; -1 where routes share and
            which one is named differs among the prefixes of this reason.
    """

    steps: tuple[tuple[str, str, str], ...]
    fates: tuple[Fate, ...]
    route: int | None


class Reasons:
    """The reasons of one view's prefixes, each once; None for the view of a tunnel or service binding."""

    def __init__(self, view: View | None) -> None:
        self._view = view
        self._keys: dict[Hashable, int] = {}
        self._by_key: dict[int, int] = {}
        self._numbers: dict[Reason, int] = {}

    @property
    def all(self) -> list[Reason]:
        """The reasons by number."""
        return list(self._numbers)

    def of(self, cover: Cover) -> list[int]:
        """The number of the reason of each prefix."""
        keys: list[int] = []
        found: list[int] = []
        for place, parent in enumerate(cover.parents):
            here = self._here(cover, place)
            around = keys[parent] if parent >= 0 else -1
            key = around if here is None and around >= 0 else self._keys.setdefault((around, here), len(self._keys))
            keys.append(key)
            number = self._by_key.get(key)
            if number is None:
                made = self._made(cover, place)
                number = self._by_key[key] = self._numbers.setdefault(made, len(self._numbers))
            found.append(number)
        return found

    def route(self, cover: Cover, place: int, reason: Reason) -> Announcement | None:
        """The route of the answer for the addresses that a prefix is the longest around."""
        if reason.route is None or self._view is None:
            return None
        if reason.route >= 0:
            item = next(item for at, item in enumerate(cover.chain(place)) if at == reason.route)
            return item if not isinstance(item, (Range, Elsewhere)) else None
        outcome = decide_address(candidates_at(cover, place), self._view)
        return outcome.route if isinstance(outcome, Decision) else None

    def _here(self, cover: Cover, place: int) -> Hashable:
        """All that the reason of a prefix takes from what stands there; None for nothing."""
        items, special = cover.items[place], cover.specials.get(place)
        if not items and special is None:
            return None
        return cover.lengths[place], special, tuple(map(self._shape, items))

    def _shape(self, item: Item) -> Hashable:
        if isinstance(item, DeviceAddress):
            return "owner"
        if isinstance(item, Range):
            return item
        if isinstance(item, Elsewhere):
            return item.network
        named = not item.in_force or self._view is None or not self._view.network.is_default
        if isinstance(item, SubnetRoute):
            return (item.via, item.network) if named else "zero_trust"
        prefix = item.prefix if named or scope_of(item) else None
        if isinstance(item, BgpRoute):
            mentions = 0 if item.customer_asn is None else item.as_path.count(item.customer_asn)
            return "bgp", item.via, base_priority(item), item.customer_asn, mentions, prefix
        return "static", item.via, item.priority, item.weight, item.regions, item.colos, prefix

    def _made(self, cover: Cover, place: int) -> Reason:
        view, items = self._view, list(cover.chain(place))
        if view is None:
            return Reason((("tunnel_binding", str(Effect.DECIDED), RULE["tunnel_binding"].statement),), (), None)
        case = Case(candidates_at(cover, place), view)
        owner = case.candidates.owner
        if owner is not None:
            fates = [
                Fate(Status.WINS) if item is owner else Fate(Status.LOST, "own_address", _OWN_FIRST) for item in items
            ]
            route = next(at for at, item in enumerate(items) if item is owner)
            return Reason((("own_address", str(Effect.DECIDED), _OWN),), tuple(fates), route)
        outcome = decide_address(case.candidates, view)
        elsewhere = [item for item in items if isinstance(item, Elsewhere)]
        steps = address_steps(_ADDRESS, case, elsewhere, outcome)
        won = deciders(case)
        chosen: int | None = None
        if isinstance(outcome, Decision) and outcome.route is not None:
            chosen = next(at for at, item in enumerate(items) if item is won[0]) if len(won) == 1 else -1
        return Reason(
            tuple((step.rule.code, str(step.effect), step.text) for step in steps),
            tuple(_fate(item, case, won) for item in items),
            chosen,
        )


def _fate(item: Item, case: Case, won: Sequence[Announcement]) -> Fate:
    if isinstance(item, Range):
        return Fate(Status.REFUSES if item is case.candidates.reserved else None)
    loss = loss_of(item, case, won)
    if loss is not None:
        return Fate(Status.LOST, str(loss.reason), loss.text)
    assert not isinstance(item, Elsewhere) and holds(item, won)  # noqa: PT018, S101  (all else loses to something)
    return Fate(Status.SHARES if len(won) > 1 else Status.WINS)


def candidates_at(cover: Cover, place: int) -> AddressCandidates:
    """Everything that covers the addresses that a prefix is the longest around."""
    chain = list(cover.around(place))
    items = list(cover.chain(place))
    reserved = [(cover.lengths[each], item) for each in chain for item in cover.items[each] if isinstance(item, Range)]
    return AddressCandidates(
        owner=next((item for item in items if isinstance(item, DeviceAddress)), None),
        reserved=reserved[0][1] if reserved else None,
        reserved_length=reserved[0][0] if reserved else 0,
        levels=list(_levels(cover, chain)),
        special=next((cover.specials[each] for each in chain if each in cover.specials), None),
        elsewhere={item.network for item in items if isinstance(item, Elsewhere)},
    )


def _levels(cover: Cover, chain: Sequence[int]) -> Iterator[Level]:
    for each in chain:
        items = cover.items[each]
        zero_trust = next((item for item in items if isinstance(item, SubnetRoute)), None)
        wan: tuple[WanLike, ...] = tuple(
            item for item in items if not isinstance(item, (SubnetRoute, DeviceAddress, Range, Elsewhere))
        )
        if zero_trust is not None or wan:
            yield Level(cover.lengths[each], zero_trust, wan)
