"""What an explanation is made of: enumerated reasons, the values that were compared, and the same in words.

Everything here is data. What it means for people stands in the ``text`` of each part, safe to print; a whole
explanation as text or as JSON is made by :mod:`vpcroute.output.explanations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

import attrs

from vpcroute.address import Target
from vpcroute.announcements import Announcement, HostnameRoute
from vpcroute.errors import RouteError
from vpcroute.fib.resolution import Resolution
from vpcroute.outcomes import Outcome
from vpcroute.precedence import RULES, Rule
from vpcroute.ranges import IPNetwork, Range
from vpcroute.standpoint import Standpoint

__all__ = [
    "RULE",
    "Answer",
    "AnswerStatus",
    "Condition",
    "ConditionCode",
    "Contender",
    "Effect",
    "Explanation",
    "Loss",
    "LossReason",
    "Mend",
    "Near",
    "Normalisation",
    "NormalisationCode",
    "Status",
    "Step",
    "Suffix",
    "Way",
]

#: The rules by their code.
RULE: Final[Mapping[str, Rule]] = {rule.code: rule for rule in RULES}


class NormalisationCode(StrEnum):
    """What was done to an address while it was read."""

    TRIMMED = "trimmed"  # spaces and control characters around a URL
    BREAKS_REMOVED = "breaks_removed"  # tabs and line ends inside a URL
    SCHEME_LOWER_CASE = "scheme_lower_case"
    SLASHES = "slashes"  # any number of slashes and backslashes count as two
    USERINFO_DROPPED = "userinfo_dropped"
    PERCENT_DECODED = "percent_decoded"
    LOWER_CASE = "lower_case"
    IDNA = "idna"
    NUMERIC_IPV4 = "numeric_ipv4"
    IPV6_SPELLING = "ipv6_spelling"
    IPV4_MAPPED = "ipv4_mapped"
    TRAILING_DOT = "trailing_dot"
    RESPELLED = "respelled"  # none of the others
    DEFAULT_PORT = "default_port"
    PORT_SPELLING = "port_spelling"
    PATH_DROPPED = "path_dropped"  # with query and fragment
    SERVICE_HOST = "service_host"  # a VPC Service stands for a host and port of its own


@attrs.frozen
class Normalisation:
    """One change between what was written and what was read.

    Attributes:
        code: what kind of change.
        given: the part before it, as it was written: not safe to print.
        read: the part after it; empty where it was dropped.
    """

    code: NormalisationCode
    given: str
    read: str


class Effect(StrEnum):
    """What a step did."""

    PASSED = "passed"  # it has nothing to say
    APPLIED = "applied"  # it had a say
    OPEN = "open"  # it leaves the answer open
    DECIDED = "decided"


@attrs.frozen
class Step:
    """A step of the decision.

    Attributes:
        rule: the rule that was asked.
        effect: what came of it.
        text: what it found, for people.
        routes: the routes that it decided for or left.
    """

    rule: Rule
    effect: Effect
    text: str
    routes: tuple[Announcement, ...] = ()


class LossReason(StrEnum):
    """Why an announcement did not win; ``own`` and ``against`` of a :class:`Loss` are the values behind it."""

    TUNNEL_BINDING = "tunnel_binding"  # own: the connector's id or name; against: the tunnel's
    HOSTNAME_ROUTE = "hostname_route"  # own: the route's destination; against: the hostname route's pattern
    HOSTNAME_EXACT = "hostname_exact"  # own: how it matches; against: how the winner matches
    PATTERN_ORDER = "pattern_order"  # own: the pattern; against: the one that comes first
    STORED_WILDCARD = "stored_wildcard"  # own: "stored"; against: None
    OWN_ADDRESS = "own_address"  # own: the destination; against: the address
    RESERVED_RANGE = "reserved_range"  # own: the destination; against: the range
    VIRTUAL_NETWORK = "virtual_network"  # own: the network's name; against: the name of the one that is looked in
    WAN_FALLBACK = "wan_fallback"  # own: the destination; against: the Zero Trust route's
    SCOPE = "scope"  # own: regions and data centres; against: those that are asked from, the known ones
    LONGEST_PREFIX = "longest_prefix"  # own: the length; against: the winner's
    ZERO_TRUST_TIE = "zero_trust_tie"  # the lengths, which are equal
    LEGACY_ZERO_TRUST = "legacy_zero_trust"  # own: the length; against: the winner's
    PRIORITY = "priority"  # own: the effective priority; against: the winner's
    STATIC_BEFORE_BGP = "static_before_bgp"  # the effective priorities, which are equal
    NOT_IN_FORCE = "not_in_force"  # own: the destination; against: that of the route that is not in force


@attrs.frozen
class Loss:
    """Why an announcement did not win.

    Attributes:
        reason: the step that decided against it.
        rule: the rule of that step.
        own: its own value.
        against: the value that it lost to.
        text: both, for people.
    """

    reason: LossReason
    rule: Rule
    own: Any
    against: Any
    text: str


class ConditionCode(StrEnum):
    """What else would have to be true."""

    BINDING = "binding"  # value: the network id
    VIRTUAL_NETWORK = "virtual_network"  # value: the network's id
    REGION = "region"  # value: regions, one of which it takes
    COLO = "colo"  # value: data centres, one of which it takes
    ROUTING_MODE = "routing_mode"  # value: the mode
    IN_FORCE = "in_force"  # the route itself
    WILDCARD = "wildcard"  # the stored record is one
    HEALTHY = "healthy"  # value: the connector's id or name
    DOWN = "down"  # value: the ids or names of the on-ramps, all of which it takes
    WITHDRAWN = "withdrawn"  # routes: all of which it takes
    ANNOUNCED = "announced"  # value: what a route is to cover
    OWNED = "owned"  # value: the address that a device or Mesh node is to have


@attrs.frozen
class Condition:
    """Something that would have to be true.

    Attributes:
        code: what kind of thing.
        value: what it is about.
        routes: the routes that it is about.
        text: the same for people, to stand behind "if".
    """

    code: ConditionCode
    value: Any
    text: str
    routes: tuple[Announcement, ...] = ()


#: Conditions, all of which it takes.
Way = tuple[Condition, ...]


class Status(StrEnum):
    """What became of a candidate."""

    WINS = "wins"
    SHARES = "shares"  # it wins together with others (ECMP)
    REFUSES = "refuses"  # a range that ends the search
    LOST = "lost"


@attrs.frozen
class Contender:
    """An announcement or range that covers the address or matches the name.

    Attributes:
        destination: its prefix, address, name or pattern.
        route: the announcement; None for a range, and for what a Resolver does not carry.
        range: the reserved or prohibited range, or None.
        virtual_network: the name of its virtual network; None for all but subnet routes.
        status: what became of it.
        lost_by: why, if it lost.
        would_win_if: what would make it win, alone or with others, each way by itself; none where nothing simple does.
    """

    destination: str
    route: Announcement | None = None
    range: Range | None = None
    virtual_network: str | None = None
    status: Status = Status.LOST
    lost_by: Loss | None = None
    would_win_if: tuple[Way, ...] = ()


@attrs.frozen
class Near:
    """A prefix that has routes in sight and does not cover the address, but nearly.

    Attributes:
        prefix: the prefix.
        routes: its routes.
        common: how many leading bits it and the address have in common.
        distance: from the address to the nearest one that the prefix covers.
    """

    prefix: IPNetwork
    routes: tuple[Announcement, ...]
    common: int
    distance: int


@attrs.frozen
class Mend:
    """What would make a refused destination reachable.

    Attributes:
        way: the conditions, all of which it takes.
        route: the route that it is reachable by then; None for one that does not exist yet.
    """

    way: Way
    route: Announcement | None = None


@attrs.frozen
class Suffix:
    """A name that hostname routes were looked for under: the name asked for, or one above it.

    Attributes:
        name: the name.
        matching: its routes that match the name asked for; they are among the candidates.
        others: its routes that do not: an exact one takes no names below it, a wildcard only those one label below.
    """

    name: str
    matching: tuple[HostnameRoute, ...] = ()
    others: tuple[HostnameRoute, ...] = ()


class AnswerStatus(StrEnum):
    """What an address of a name means for the name."""

    DECIDES = "decides"  # the first that has a way
    SAME_WAY = "same_way"
    ELSEWHERE = "elsewhere"  # it would leave another way
    REFUSED = "refused"


@attrs.frozen
class Answer:
    """One of the known addresses of a name, explained as if it were asked for by itself.

    Attributes:
        address: the address.
        status: what it means for the name.
        outcome: where it leads, or why nowhere.
        steps, candidates: as in an :class:`Explanation`.
    """

    address: str
    status: AnswerStatus
    outcome: Outcome
    steps: tuple[Step, ...]
    candidates: tuple[Contender, ...]


@attrs.frozen
class Explanation:
    """Why an address goes where it goes.

    Attributes:
        address: what was asked for, as text safe to print.
        standpoint: from where it was asked.
        winner: the resolution, or the error in its place: exactly what ``resolve`` says.
        target: what the address was read as; None if it cannot be read.
        reading: every change between what was written and what was read, in order.
        suffixes: for a name, where hostname routes were looked for, the name itself first.
        steps: the steps of the decision in the order of the rules; the last one that decided ends it.
        candidates: everything that covers the address or matches the name, in every virtual network; the winner first.
        answers: the known addresses of a name that no hostname route decides.
        nearest: for an address that no route in sight covers, up to five prefixes that nearly do.
        mend: what would make a refused destination reachable.
    """

    address: str
    standpoint: Standpoint = attrs.field(repr=False)
    winner: Resolution | RouteError
    target: Target | None = None
    reading: tuple[Normalisation, ...] = ()
    suffixes: tuple[Suffix, ...] = ()
    steps: tuple[Step, ...] = ()
    candidates: tuple[Contender, ...] = ()
    answers: tuple[Answer, ...] = ()
    nearest: tuple[Near, ...] = ()
    mend: tuple[Mend, ...] = ()

    def lines(self, width: int = 80) -> Iterator[str]:
        """The explanation as lines of text for people."""
        from vpcroute.output.explanations import lines_of

        return (line.text for line in lines_of(self, width))

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain values, with the keys that ``vpcroute explain --help`` lists."""
        from vpcroute.output.explanations import json_of

        return json_of(self)

    def __str__(self) -> str:
        return "\n".join(self.lines())
