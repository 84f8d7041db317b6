"""Which on-ramp a next hop is behind."""

from __future__ import annotations

import re
from collections import defaultdict
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Final

from vpcroute.egress import OnRamp
from vpcroute.errors import quoted
from vpcroute.fields import IPAddress
from vpcroute.ranges import IPNetwork

__all__ = ["OnRamps"]

_WITH_LENGTH: Final = re.compile(r"[0-9A-Fa-f.:]+/[0-9]{1,3}", re.ASCII)
_FEW: Final = 4  # addresses of a network that are listed one by one


class OnRamps:
    """On-ramps by the addresses on the customer's side of their interface.

    The configured address is Cloudflare's side, and the others of its network are the customer's; in IPv4 networks
    larger than a /31 not the first and the last (cloudflare-docs: partials/networking-services/reference/
    tunnel-health-checks, "Interface address ranges"; SDK, magic-transit).
    """

    def __init__(self) -> None:
        self._by_address: defaultdict[IPAddress, list[OnRamp]] = defaultdict(list)
        self._large: list[tuple[IPv4Interface | IPv6Interface, OnRamp]] = []

    def add(self, interface_address: str, onramp: OnRamp) -> None:
        """Adds an on-ramp by its interface address, such as ``10.255.10.0/31``; ValueError for what is none."""
        try:
            if not _WITH_LENGTH.fullmatch(interface_address):
                raise ValueError
            interface = ip_interface(interface_address)
        except ValueError:
            raise ValueError(f"{quoted(interface_address)} is not an address with a prefix length") from None
        if interface.network.num_addresses > _FEW:
            if (interface, onramp) not in self._large:
                self._large.append((interface, onramp))
            return
        for address in interface.network:
            if _is_customer_side(address, interface) and onramp not in self._by_address[address]:
                self._by_address[address].append(onramp)

    def behind(self, nexthop: IPAddress) -> list[OnRamp]:
        """The on-ramps that have a next hop on their customer's side."""
        large = [onramp for interface, onramp in self._large if _is_customer_side(nexthop, interface)]
        return [*self._by_address.get(nexthop, ()), *large]


def _is_customer_side(address: IPAddress, interface: IPv4Interface | IPv6Interface) -> bool:
    network: IPNetwork = interface.network
    if address not in network or address == interface.ip:
        return False
    border = (network.network_address, network.broadcast_address)
    return network.version == 6 or network.num_addresses <= 2 or address not in border
