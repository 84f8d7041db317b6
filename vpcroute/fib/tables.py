"""What all vantages of one virtual network share: tries of route classes, names, and frozen announcements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.fib.hostnames import Hostnames
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.outcomes import Outcome, decide_address, decide_name
from vpcroute.precedence import AddressCandidates, Level, View
from vpcroute.ranges import SPECIAL, Range

__all__ = ["Family", "Tables"]

_Own = tuple[DeviceAddress | None, Range | None]
_Wan = tuple[WanRoute | BgpRoute, ...]


def _bits(special: Range) -> tuple[int, int, Range]:
    behind = special.network.max_prefixlen - special.network.prefixlen
    return behind, int(special.network.network_address) >> behind, special


#: The special-purpose ranges of each family, the longest first: how many bits are behind the prefix, and the prefix.
_SPECIAL: Final = {
    version: sorted(map(_bits, (s for s in SPECIAL if s.network.version == version)), key=lambda entry: entry[0])
    for version in (4, 6)
}


@attrs.frozen(eq=False)
class Family:
    """One address family.

    Attributes:
        trie: route classes by address; a :class:`vpcroute.fib.trie.Trie`.
        own: addresses of devices and nodes, and built-in ranges.
        zero_trust: the subnet routes of the virtual network.
        wan: the WAN routes.
        elsewhere: the prefixes of other virtual networks, by network.
    """

    version: int
    trie: Any
    own: FrozenPrefixes[_Own]
    zero_trust: FrozenPrefixes[SubnetRoute]
    wan: FrozenPrefixes[_Wan]
    elsewhere: Mapping[str, FrozenPrefixes[bool]]

    def candidates(self, number: int) -> AddressCandidates:
        """Everything that covers an address."""
        own = list(self.own.covering(number))
        ranges = [(length, range_) for length, (_, range_) in own if range_ is not None]
        zero_trust = dict(self.zero_trust.covering(number))
        wan = dict(self.wan.covering(number))
        return AddressCandidates(
            owner=next((owner for _, (owner, _) in own if owner is not None), None),
            reserved=ranges[0][1] if ranges else None,
            reserved_length=ranges[0][0] if ranges else 0,
            levels=[
                Level(length, zero_trust.get(length), wan.get(length, ()))
                for length in sorted({*zero_trust, *wan}, reverse=True)
            ],
            special=next((s for behind, bits, s in _SPECIAL[self.version] if number >> behind == bits), None),
            elsewhere={network for network, prefixes in self.elsewhere.items() if any(prefixes.covering(number))},
        )

    def nbytes(self) -> int:
        """How much memory it takes, in bytes, the announcements themselves not counted."""
        parts: list[FrozenPrefixes[Any]] = [self.own, self.zero_trust, self.wan, *self.elsewhere.values()]
        return int(self.trie.nbytes()) + sum(part.nbytes() for part in parts)


@attrs.frozen(eq=False)
class Tables:
    """Both families and the names."""

    v4: Family
    v6: Family
    names: Hostnames

    def family(self, version: int) -> Family:
        """That of version 4 or 6."""
        return self.v4 if version == 4 else self.v6

    def decide(self, version: int, number: int, view: View) -> Outcome:
        """The outcome for an address, with everything about it."""
        return decide_address(self.family(version).candidates(number), view)

    def decide_name(self, name: str, view: View) -> tuple[Outcome | None, HostnameRoute | None]:
        """The outcome for a name by its hostname routes, or None; and the stored record that may take it."""
        candidates = self.names.candidates(name)
        return decide_name(candidates, view), candidates.stored

    def nbytes(self) -> int:
        """How much memory it takes, in bytes, the announcements themselves not counted."""
        return self.v4.nbytes() + self.v6.nbytes() + int(self.names.index.nbytes())
