"""Which on-ramp a next hop is behind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_interface, ip_network
from typing import Final

from vpcroute.egress import OnRamp
from vpcroute.errors import quoted
from vpcroute.fields import IPAddress
from vpcroute.limits import MOST_LISTED
from vpcroute.ranges import IPNetwork

__all__ = ["OnRamps"]

_WITH_LENGTH: Final = re.compile(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", re.ASCII)


class _Network:
    """The on-ramps with an interface in one network, by Cloudflare's address there."""

    __slots__ = ("_alone", "_own", "_several")

    def __init__(self) -> None:
        self._own: dict[OnRamp, IPAddress] = {}
        self._alone: dict[IPAddress, dict[OnRamp, None]] = {}  # that have one address
        self._several: dict[OnRamp, None] = {}  # the others

    def add(self, address: IPAddress, onramp: OnRamp) -> None:
        before = self._own.setdefault(onramp, address)
        if before == address:
            self._alone.setdefault(address, {})[onramp] = None
        elif onramp not in self._several:
            self._several[onramp] = None
            del self._alone[before][onramp]
            if not self._alone[before]:
                del self._alone[before]

    def but(self, address: IPAddress) -> Iterator[OnRamp]:
        """The on-ramps that have an address other than this one."""
        yield from self._several
        for own, onramps in self._alone.items():
            if own != address:
                yield from onramps


class OnRamps:
    """On-ramps by the addresses on the customer's side of their interface.

    The configured address is Cloudflare's side, and the others of its network are the customer's; in IPv4 networks
    larger than a /31 not the first and the last (cloudflare-docs: partials/networking-services/reference/
    tunnel-health-checks, "Interface address ranges"; SDK, magic-transit).
    """

    def __init__(self) -> None:
        self._networks: defaultdict[IPNetwork, _Network] = defaultdict(_Network)
        self._lengths: dict[int, set[int]] = {4: set(), 6: set()}

    def add(self, interface_address: str, onramp: OnRamp) -> None:
        """Adds an on-ramp by its interface address, such as ``10.255.10.0/31``; ValueError for what is none."""
        try:
            if not _WITH_LENGTH.fullmatch(interface_address):
                raise ValueError
            interface = ip_interface(interface_address)
        except ValueError:
            raise ValueError(f"{quoted(interface_address)} is not an address with a prefix length") from None
        self._lengths[interface.version].add(interface.network.prefixlen)
        self._networks[interface.network].add(interface.ip, onramp)

    def behind(self, nexthop: IPAddress) -> list[OnRamp]:
        """On-ramps that have a next hop on their customer's side, the smallest network first; one more than is listed
        stands for all."""
        found: dict[OnRamp, None] = {}
        for length in sorted(self._lengths[nexthop.version], reverse=True):
            network = ip_network((nexthop, length), strict=False)
            if network in self._networks and _is_inside(nexthop, network):
                for onramp in self._networks[network].but(nexthop):
                    found[onramp] = None
                    if len(found) > MOST_LISTED:
                        return [*found]
        return [*found]


def _is_inside(address: IPAddress, network: IPNetwork) -> bool:
    """Whether an address of a network can be that of a host."""
    border = (network.network_address, network.broadcast_address)
    return network.version == 6 or network.num_addresses <= 2 or address not in border
