"""Egress paths: what traffic leaves through.

``offramp`` is the word of Cloudflare's ``zero_trust_network_sessions`` log for each kind
(cloudflare-docs: logs/logpush/logpush-job/datasets/account/zero_trust_network_sessions). An egress is identity, not
state: whether it is up stands in the table, for it differs by place and changes under routes that stay.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, ClassVar, Final, Literal

import attrs

from vpcroute.errors import told
from vpcroute.fields import is_a, lower_uuid, optional, text, up_to, whole
from vpcroute.limits import MOST_MEMBERS

__all__ = [
    "HEALTH_STATES",
    "ONRAMP_KINDS",
    "ClientDevice",
    "Connector",
    "EcmpGroup",
    "EcmpMember",
    "Egress",
    "Gateway",
    "Health",
    "MeshNode",
    "Offramp",
    "OnRamp",
    "Tunnel",
]

Offramp = Literal["CFD_TUNNEL", "MESH", "DEVICE_CLIENT", "MAGIC", "INTERNET"]
Health = Literal["healthy", "degraded", "down"]
HEALTH_STATES: Final = ("healthy", "degraded", "down")
ONRAMP_KINDS: Final = ("gre", "ipsec", "cni", "unknown")


@attrs.frozen(cache_hash=True)
class Tunnel:
    """A Cloudflare Tunnel (``cfd_tunnel``), all its replicas together.

    Attributes:
        id: the tunnel's id; a UUID is kept in lower case.
        name: its name, or None where it is not known.
    """

    id: str = attrs.field(converter=lower_uuid, validator=text)
    name: str | None = attrs.field(default=None, validator=optional(text))
    offramp: ClassVar[Offramp] = "CFD_TUNNEL"


@attrs.frozen(cache_hash=True)
class MeshNode:
    """A Mesh node (``warp_connector`` tunnel).

    Attributes:
        id: the node's tunnel id; a UUID is kept in lower case.
        name: its name, or None where it is not known.
    """

    id: str = attrs.field(converter=lower_uuid, validator=text)
    name: str | None = attrs.field(default=None, validator=optional(text))
    offramp: ClassVar[Offramp] = "MESH"


@attrs.frozen(cache_hash=True)
class ClientDevice:
    """A device that runs the Cloudflare One client.

    Attributes:
        id: the id of its registration; a UUID is kept in lower case.
        name: the device's name, or None where it is not known.
    """

    id: str = attrs.field(converter=lower_uuid, validator=text)
    name: str | None = attrs.field(default=None, validator=optional(text))
    offramp: ClassVar[Offramp] = "DEVICE_CLIENT"


@attrs.frozen(kw_only=True, cache_hash=True)
class OnRamp:
    """A Cloudflare WAN on-ramp: a GRE or IPsec tunnel or a network interconnect (CNI).

    Attributes:
        kind: ``"gre"``, ``"ipsec"``, ``"cni"``, or ``"unknown"`` for one of which only the next hop is known.
        name: its name; on-ramps of all kinds share one name space.
        id: its id in the API, or None where it has none.
    """

    kind: Literal["gre", "ipsec", "cni", "unknown"] = attrs.field()
    name: str = attrs.field(validator=text)
    id: str | None = attrs.field(default=None, converter=lower_uuid, validator=optional(text))
    offramp: ClassVar[Offramp] = "MAGIC"

    @kind.validator
    def _check_kind(self, attribute: attrs.Attribute[Any], value: object) -> None:
        if value not in ONRAMP_KINDS:
            raise ValueError(f"OnRamp.kind: must be one of {', '.join(ONRAMP_KINDS)}, not {told(value)}")


@attrs.frozen
class EcmpMember:
    """One on-ramp of an ECMP group.

    Attributes:
        onramp: the on-ramp.
        weight: its share of the flows, relative to the other members; 1 where no route gives a weight.
    """

    onramp: OnRamp = attrs.field(validator=is_a(OnRamp))
    weight: int = attrs.field(default=1, validator=whole(1, 2**31 - 1))


def _members(members: Iterable[EcmpMember]) -> tuple[EcmpMember, ...]:
    if not isinstance(members, Iterable):
        raise TypeError(f"EcmpGroup.members: must be several members, not {type(members).__name__}")
    members = up_to(MOST_MEMBERS, "EcmpGroup.members", members, EcmpMember)
    for member in members:
        if not isinstance(member, EcmpMember):
            raise TypeError(f"EcmpGroup.members: must be of EcmpMember, not {type(member).__name__}")
    if len(members) < 2 or len({member.onramp for member in members}) < len(members):
        raise ValueError("EcmpGroup.members: must be two or more, each on-ramp once")
    return tuple(sorted(members, key=lambda m: (m.onramp.name, m.onramp.id or "", m.onramp.kind)))


@attrs.frozen
class EcmpGroup:
    """Several on-ramps that share the flows to one prefix, in proportion to their weights.

    Attributes:
        members: two or more members, ordered by name, each on-ramp once.
    """

    members: tuple[EcmpMember, ...] = attrs.field(converter=_members)
    id: ClassVar[None] = None
    name: ClassVar[None] = None
    offramp: ClassVar[Offramp] = "MAGIC"

    def pick(self, flow: bytes) -> OnRamp:
        """The member for one flow, by weighted rendezvous hashing: the same in every process.

        Cloudflare hashes the addresses and ports too but does not publish how, so this is a fair choice and not
        Cloudflare's. When a member goes away only its own flows move.

        Args:
            flow: what identifies the flow, such as the packed source and destination addresses and ports.
        """
        if not isinstance(flow, (bytes, bytearray, memoryview)):
            raise TypeError(f"flow must be bytes, not {type(flow).__name__}")
        return max(self.members, key=lambda m: _score(m, bytes(flow))).onramp


def _score(member: EcmpMember, flow: bytes) -> float:
    name = f"{member.onramp.kind}\0{member.onramp.id or ''}\0{member.onramp.name}\0".encode()
    draw = int.from_bytes(blake2b(name + flow, digest_size=8).digest(), "big") >> 12
    # -w / ln(u), u uniform in (0, 1): the largest score falls to each member in proportion to its weight. With 52 bits
    # u is exact, so it is never rounded to 1.
    return -member.weight / math.log((draw + 0.5) / 2**52)


@attrs.frozen
class Gateway:
    """Cloudflare Gateway: the way to the public Internet, under the account's Zero Trust policies.

    Attributes:
        needs_dns: true where only a name is known and Gateway resolves it: where it leads depends on the address
            that comes back, so ``offramp`` is None.
    """

    needs_dns: bool = attrs.field(default=False, validator=is_a(bool))
    id: ClassVar[None] = None
    name: ClassVar[str] = "Gateway"

    @property
    def offramp(self) -> Offramp | None:
        """``INTERNET``, or None while the name is not resolved."""
        return None if self.needs_dns else "INTERNET"


#: What a route can lead to.
Connector = Tunnel | MeshNode | ClientDevice | OnRamp

#: What a resolution can name.
Egress = Connector | EcmpGroup | Gateway
