"""What two tables are compared by: the short answer for an address or a name, and the kinds of change of one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, Literal

import attrs

from vpcroute.egress import Connector, EcmpGroup, Egress, Gateway
from vpcroute.errors import RouteError
from vpcroute.fib.hostnames import Hostnames
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import IPAddress
from vpcroute.outcomes import Refusal
from vpcroute.precedence import View
from vpcroute.remarks import RemarkCode

__all__ = ["CHANGE_KINDS", "PORT", "Answer", "ChangeKind", "Side", "identity", "kind_of_change"]

ChangeKind = Literal[
    "unreachable", "to_gateway", "moved", "reachable", "other_refusal", "unavailable", "available", "guarantee"
]

#: The kinds of change and what each means, the gravest first.
CHANGE_KINDS: Final[Mapping[ChangeKind, str]] = {
    "unreachable": "had an egress, is refused",
    "to_gateway": "goes to Gateway, and did not",
    "moved": "leaves through another egress",
    "unavailable": "keeps its egress, which is down (destination_unavailable, or onramp_down)",
    "reachable": "was refused, has an egress",
    "available": "keeps its egress, which is up again",
    "other_refusal": "is refused with another code",
    "guarantee": "keeps its egress, which is guaranteed and was not, or the other way round",
}

#: With what port a name is asked for; the way does not depend on it.
PORT: Final = 443

_DOWN: Final = {RemarkCode.DESTINATION_UNAVAILABLE, RemarkCode.ONRAMP_DOWN}


def identity(egress: Egress | None) -> Hashable:
    """What an egress is recognised by in another table: its id, or its name where it has none.

    So a tunnel that was given another name is the same one.
    """
    if isinstance(egress, EcmpGroup):
        return tuple((identity(member.onramp), member.weight) for member in egress.members)
    if isinstance(egress, Gateway):
        return Gateway, egress.needs_dns
    return egress and (type(egress), egress.id, egress.name if egress.id is None else None)


@attrs.frozen
class Answer:
    """Where an address or a name goes, in short.

    Attributes:
        egress: the egress, or None for a refusal.
        code: the code of the refusal, or None.
        guaranteed: whether that is sure.
        up: false where all connectors of the egress are down.
    """

    egress: Egress | None = attrs.field(default=None, eq=identity)
    code: str | None = None
    guaranteed: bool = True
    up: bool = True


def kind_of_change(before: Answer, after: Answer) -> ChangeKind:
    """What kind of change leads from one answer to another."""
    if after.egress is None:
        return "other_refusal" if before.egress is None else "unreachable"
    if isinstance(after.egress, Gateway) and not isinstance(before.egress, Gateway):
        return "to_gateway"
    if before.egress is None:
        return "reachable"
    if identity(before.egress) != identity(after.egress):
        return "moved"
    if before.up != after.up:
        return "available" if after.up else "unavailable"
    return "guarantee"


class Side:
    """A resolver as one side of a comparison.

    Attributes:
        resolver: the resolver.
        names: its hostname routes.
        hosts: its known addresses by name.
        everything: the answer where there is only one: of a tunnel or service binding, and of a vantage that is gone.
        says_all: whether it knows what is guaranteed and what is up; one from a file does not.
    """

    def __init__(self, resolver: Resolver) -> None:
        parts = resolver.parts()  # type: ignore[no-untyped-call]
        self.resolver = resolver
        self.decided: Any = parts["decided"]
        self._tables: Any = parts["tables"]
        self._view: View | None = parts["view"]
        self.names: Hostnames = self._tables.names
        self.hosts: Mapping[str, tuple[IPAddress, ...]] = parts["hosts"]
        self.says_all = bool(self.decided.guaranteed)
        whole = parts["everything"]
        self.everything = None
        if isinstance(whole, Refusal):
            self.everything = Answer(code=whole.code)
        elif whole is not None:
            self.everything = Answer(whole.egress, up=not any(r.code in _DOWN for r in whole.remarks))

    def trie(self, version: int) -> Any:
        """The trie of a family."""
        return (self._tables.v4 if version == 4 else self._tables.v6).trie

    def is_up(self, egress: Egress) -> bool:
        """Whether some connector of an egress is not down."""
        if self.everything is not None:
            return self.everything.up
        if self._view is None or isinstance(egress, Gateway):
            return True
        connectors: list[Connector] = [m.onramp for m in egress.members] if isinstance(egress, EcmpGroup) else [egress]
        return any(self._view.state(connector) != "down" for connector in connectors)

    def answers(self, *, fully: bool) -> list[Answer]:
        """The answer of every route class; unless `fully`, as if all were guaranteed and up."""
        decided = self.decided
        sure = [Answer(egress, up=not fully or self.is_up(egress)) for egress in decided.egresses]
        unsure = [attrs.evolve(answer, guaranteed=False) for answer in sure]
        refused = [Answer(code=refusal.code) for refusal in decided.refusals]
        if not fully:
            return [sure[n] if n >= 0 else refused[~n] for n in decided.numbers]
        return [
            refused[~n] if n < 0 else sure[n] if guaranteed else unsure[n]
            for n, guaranteed in zip(decided.numbers, decided.guaranteed, strict=True)
        ]

    def of_name(self, name: str, *, fully: bool) -> Answer:
        """The answer for a name, whose known addresses have a say."""
        if self.everything is not None:
            return self.everything if fully else attrs.evolve(self.everything, up=True)
        try:
            found = self.resolver.resolve((name, PORT))
        except RouteError as error:
            return Answer(code=error.code)
        if not fully:
            return Answer(found.egress)
        return Answer(found.egress, guaranteed=found.guaranteed, up=self.is_up(found.egress))
