"""What changes for traffic: ranges of addresses, and names, each with the answer before and after."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Final, cast

import attrs

from vpcroute.analysis.answer import CHANGE_KINDS, Answer, ChangeKind, kind_of_change
from vpcroute.edges import Version
from vpcroute.fields import IPAddress
from vpcroute.ranges import IPNetwork
from vpcroute.vantage import Vantage

__all__ = ["AddressChange", "Changes", "NameChange"]

_KINDS: Final[Mapping[int, type]] = {4: IPv4Address, 6: IPv6Address}


@attrs.frozen
class AddressChange:
    """A range of addresses that all change in the same way.

    Attributes:
        version: 4 or 6.
        first, last: the first and the last address, as numbers.
        before, after: the answers.
    """

    version: Version
    first: int
    last: int
    before: Answer
    after: Answer

    @property
    def kind(self) -> ChangeKind:
        """What kind of change it is; a key of :data:`vpcroute.analysis.answer.CHANGE_KINDS`."""
        return kind_of_change(self.before, self.after)

    @property
    def start(self) -> IPAddress:
        """The first address."""
        return cast(IPAddress, _KINDS[self.version](self.first))

    @property
    def end(self) -> IPAddress:
        """The last address."""
        return cast(IPAddress, _KINDS[self.version](self.last))

    @property
    def count(self) -> int:
        """The number of addresses."""
        return self.last - self.first + 1

    @property
    def prefixes(self) -> tuple[IPNetwork, ...]:
        """The fewest prefixes that together are the range."""
        return tuple(summarize_address_range(self.start, self.end))


@attrs.frozen
class NameChange:
    """A name, or a set of names, that changes.

    Attributes:
        pattern: a name; ``*.suffix`` for the names one label below a suffix; ``**`` for all names that nothing else
            is for; or a form of wildcard that Cloudflare refuses. A name with a route or known addresses of its own,
            before or after, stands by itself and is in no pattern; nor is one that refused wildcards take on both
            sides.
        before, after: the answers.
    """

    pattern: str
    before: Answer
    after: Answer

    @property
    def kind(self) -> ChangeKind:
        """What kind of change it is; a key of :data:`vpcroute.analysis.answer.CHANGE_KINDS`."""
        return kind_of_change(self.before, self.after)


@attrs.frozen
class Changes:
    """All that changes for traffic between two resolvers; false if nothing does.

    Attributes:
        before, after: the vantages of the two.
        addresses: the ranges of addresses that change: IPv4, then IPv6, ascending; none touches one of the same change.
        names: the names that change, in order, then the patterns.
    """

    before: Vantage
    after: Vantage
    addresses: tuple[AddressChange, ...]
    names: tuple[NameChange, ...]

    def __bool__(self) -> bool:
        return bool(self.addresses or self.names)

    def counts(self) -> dict[ChangeKind, dict[str, int]]:
        """How many IPv4 addresses, IPv6 addresses and names or patterns change, by the kinds that there are."""
        counted = {kind: {"ipv4": 0, "ipv6": 0, "names": 0} for kind in CHANGE_KINDS}
        kinds: dict[tuple[int, int], ChangeKind] = {}  # by the identity of both answers, of which there are few
        for change in self.addresses:
            pair = id(change.before), id(change.after)
            kind = kinds.get(pair)
            if kind is None:
                kind = kinds[pair] = change.kind
            counted[kind][f"ipv{change.version}"] += change.count
        for name in self.names:
            counted[name.kind]["names"] += 1
        return {kind: numbers for kind, numbers in counted.items() if any(numbers.values())}
