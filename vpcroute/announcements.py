"""Announcements: "destination D is reachable through egress path P", one class for each kind.

The field names are the API's where the API has one (SDK: zero-trust/networks/routes and hostname-routes,
zero-trust/devices/registrations, magic-transit/routes, connectivity/directory/services). Every announcement is
immutable and is checked when it is made; an error names the class and the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, Literal, cast

import attrs

from vpcroute.egress import ClientDevice, MeshNode, OnRamp, Tunnel
from vpcroute.errors import quoted
from vpcroute.fields import (
    IPAddress,
    PackedPrefix,
    any_text,
    ascii_name,
    ip,
    ips,
    is_a,
    keeps_packed,
    lower_uuid,
    names,
    optional,
    prefix,
    set_field,
    set_ip,
    set_ips,
    set_names,
    text,
    up_to,
    whole,
)
from vpcroute.limits import LONGEST_AS_PATH, MOST_COMMUNITIES
from vpcroute.packed import pack
from vpcroute.ranges import IPNetwork
from vpcroute.vantage import read_colo, read_region

__all__ = [
    "Announcement",
    "BgpRoute",
    "DeviceAddress",
    "HostnameMatch",
    "HostnameRoute",
    "Routed",
    "SubnetRoute",
    "VirtualNetwork",
    "VpcService",
    "WanRoute",
    "in_network",
    "number_of",
    "subnet_number",
]

#: What names a hostname route matches: the name, names one label below it, both of them; ``stored``, an API record
#: that does not say which (it counts as exact); ``glob``, a form that Cloudflare refuses, never in force.
HostnameMatch = Literal["exact", "one_label", "both", "stored", "glob"]
HOSTNAME_MATCHES: Final = ("exact", "one_label", "both", "stored", "glob")

_PRIORITY: Final = 2**31 - 1
_WEIGHT: Final = 256
_ASN: Final = 2**32 - 1
_COMMUNITY: Final = re.compile(r"[0-9]{1,10}(?::[0-9]{1,10}){1,2}", re.ASCII)


@keeps_packed("network")
@attrs.frozen
class SubnetRoute:
    """A CIDR route of a Tunnel or Mesh node, in one virtual network (API: ``/teamnet/routes``).

    Attributes:
        network: the prefix, private or public; host bits are masked.
        via: the Tunnel or Mesh node that announces it.
        virtual_network: id or name; None is put in the table's current default network when it is announced.
        id: the route's id in the API, or None.
        in_force: false for a route that still captures its addresses but carries none (``route_not_in_force``).
        original: the prefix as written, where host bits were set, else None.
    """

    original: str | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)
    network: IPNetwork = attrs.field(converter=prefix)
    via: Tunnel | MeshNode = attrs.field(validator=is_a(Tunnel, MeshNode))
    virtual_network: str | None = attrs.field(
        default=None, kw_only=True, converter=lower_uuid, validator=optional(text)
    )
    id: str | None = attrs.field(default=None, kw_only=True, converter=lower_uuid, validator=optional(text))
    comment: str | None = attrs.field(default=None, kw_only=True, eq=False, validator=optional(any_text))
    in_force: bool = attrs.field(default=True, kw_only=True, validator=is_a(bool))


@attrs.frozen
class HostnameRoute:
    """A hostname route of a Tunnel or Mesh node (API: ``/zerotrust/routes/hostname``); it knows no virtual network.

    Cloudflare stores ``*.internal.local`` as ``internal.local``, and a record read back does not say which it was
    (cloudflare-docs: partials/cloudflare-one/tunnel/hostname-format-restrictions); here it is said by ``match``.

    Attributes:
        hostname: the name in lower case and A-labels, without ``*.`` and without the trailing dot.
        via: the Tunnel or Mesh node that answers for it.
        match: which names it matches; by default ``"one_label"`` for ``*.`` and ``"exact"`` for any other.
        id: the route's id in the API, or None.
        in_force: false for a route that still captures its names but carries none (``route_not_in_force``); only
            then may the name have wildcards that Cloudflare refuses.
    """

    hostname: str = attrs.field()
    via: Tunnel | MeshNode = attrs.field(validator=is_a(Tunnel, MeshNode))
    match: HostnameMatch = attrs.field(default=None, kw_only=True)
    id: str | None = attrs.field(default=None, kw_only=True, converter=lower_uuid, validator=optional(text))
    comment: str | None = attrs.field(default=None, kw_only=True, eq=False, validator=optional(any_text))
    in_force: bool = attrs.field(default=True, kw_only=True, validator=is_a(bool))

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.hostname, str):
            raise TypeError(f"HostnameRoute.hostname: must be a str, not {type(self.hostname).__name__}")
        if self.match is not None and self.match not in HOSTNAME_MATCHES:
            raise ValueError(f"HostnameRoute.match: must be one of {', '.join(HOSTNAME_MATCHES)}")
        hostname, match = self.hostname.removeprefix("."), self.match
        if hostname.startswith("*."):
            hostname, match = hostname[2:], match or "one_label"
            if match == "exact":
                raise ValueError(f"HostnameRoute.match: {quoted(self.hostname)} is not exact")
        try:
            if "*" in hostname:
                hostname, match = self._read_glob(self.hostname.removeprefix(".")), "glob"
            elif match == "glob":
                raise ValueError(f"{quoted(self.hostname)} has no wildcard inside")
            else:
                hostname = ascii_name(hostname)
        except ValueError as error:
            raise ValueError(f"HostnameRoute.hostname: {error}") from None
        set_field(self, "hostname", hostname)
        set_field(self, "match", match or "exact")

    def _read_glob(self, pattern: str) -> str:
        if self.in_force:
            raise ValueError(
                f"{quoted(pattern)}: a wildcard must be the whole first label, and the only one (*.internal.local)"
            )
        # Read with a letter in place of each wildcard, so that the rest is held to the rules of names.
        pattern = pattern.lower().removesuffix(".")
        plain = pattern.replace("*", "a")
        if not plain.isascii() or ascii_name(plain) != plain:
            raise ValueError(f"{quoted(pattern)} is not a host name")
        return pattern

    @property
    def pattern(self) -> str:
        """The name as a pattern: ``*.`` before it where only names below it match."""
        return f"*.{self.hostname}" if self.match == "one_label" else self.hostname


@attrs.frozen
class DeviceAddress:
    """The address of a client device or Mesh node itself (API: ``virtual_ipv4`` and ``virtual_ipv6``).

    Attributes:
        address: the address.
        via: the device or node that has it.
    """

    address: IPAddress = attrs.field(converter=ip)
    via: ClientDevice | MeshNode = attrs.field(validator=is_a(ClientDevice, MeshNode))
    id: str | None = attrs.field(default=None, kw_only=True, converter=lower_uuid, validator=optional(text))
    comment: str | None = attrs.field(default=None, kw_only=True, eq=False, validator=optional(any_text))

    def __attrs_post_init__(self) -> None:
        set_ip(self, "address")


def _weight(value: Any) -> Any:
    return None if value == 0 and not isinstance(value, bool) else value  # the API's samples show 0 for unset


@keeps_packed("prefix")
@attrs.frozen
class WanRoute:
    """A static route of Cloudflare WAN (API: ``/magic/routes``); it belongs to the default virtual network.

    Attributes:
        prefix: the prefix; host bits are masked.
        via: the on-ramp behind the next hop.
        priority: 0 to 2**31 - 1; the lowest wins.
        weight: 1 to 256, the share among equal routes; None (0 in the API) for an equal share.
        regions: the regions whose tables have the route; with ``colos``, the union of both.
        colos: the data centres whose tables have the route. Both empty: all have it.
        id: the route's id in the API, or None.
        original: the prefix as written, where host bits were set, else None.
    """

    original: str | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)
    prefix: IPNetwork = attrs.field(converter=prefix)
    via: OnRamp = attrs.field(validator=is_a(OnRamp))
    priority: int = attrs.field(kw_only=True, validator=whole(0, _PRIORITY))
    weight: int | None = attrs.field(
        default=None, kw_only=True, converter=_weight, validator=optional(whole(1, _WEIGHT))
    )
    regions: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=names)
    colos: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=names)
    id: str | None = attrs.field(default=None, kw_only=True, converter=lower_uuid, validator=optional(text))
    comment: str | None = attrs.field(default=None, kw_only=True, eq=False, validator=optional(any_text))
    in_force: bool = attrs.field(default=True, kw_only=True, validator=is_a(bool))

    def __attrs_post_init__(self) -> None:
        set_names(self, "regions", read_region)
        set_names(self, "colos", read_colo)


def _asns(value: Any) -> Any:
    return value if not _is_several(value) else up_to(LONGEST_AS_PATH, "BgpRoute.as_path", value, int)


def _texts(value: Any) -> Any:
    return value if not _is_several(value) else up_to(MOST_COMMUNITIES, "BgpRoute.communities", value, str)


def _is_several(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


def _check_path(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple):
        raise TypeError(f"BgpRoute.as_path: must be a sequence of int, not {type(value).__name__}")
    for asn in value:
        whole(0, _ASN)(instance, attribute, asn)


def _check_communities(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple):
        raise TypeError(f"BgpRoute.communities: must be a sequence of str, not {type(value).__name__}")
    for community in value:
        if not isinstance(community, str):
            raise TypeError(f"BgpRoute.communities: must be str, not {type(community).__name__}")
        if not _COMMUNITY.fullmatch(community) or max(int(part) for part in community.split(":")) > _ASN:
            raise ValueError(f"BgpRoute.communities: {quoted(community)} is not a community such as 13335:60050")


@keeps_packed("prefix")
@attrs.frozen
class BgpRoute:
    """A route learned by BGP over an on-ramp; it has no scope and belongs to the default virtual network.

    Attributes:
        prefix: the prefix; host bits are masked.
        via: the on-ramp whose peer announced it.
        as_path: autonomous system numbers, nearest first.
        communities: ``"13335:60050"`` and the like; three parts for a large community.
        customer_asn: the customer's own number, whose repetition in the path lowers preference; None: unknown.
        original: the prefix as written, where host bits were set, else None.
    """

    original: str | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)
    prefix: IPNetwork = attrs.field(converter=prefix)
    via: OnRamp = attrs.field(validator=is_a(OnRamp))
    as_path: tuple[int, ...] = attrs.field(default=(), kw_only=True, converter=_asns, validator=_check_path)
    communities: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_texts, validator=_check_communities)
    customer_asn: int | None = attrs.field(default=None, kw_only=True, validator=optional(whole(0, _ASN)))
    id: str | None = attrs.field(default=None, kw_only=True, converter=lower_uuid, validator=optional(text))
    comment: str | None = attrs.field(default=None, kw_only=True, eq=False, validator=optional(any_text))
    in_force: bool = attrs.field(default=True, kw_only=True, validator=is_a(bool))


def in_network(route: SubnetRoute, network: str) -> SubnetRoute:
    """A route in the virtual network with this id; nothing is read and checked again, as attrs.evolve() would."""
    moved = object.__new__(SubnetRoute)
    for get, put in _KEPT_SLOTS:
        put(moved, get(route))
    set_field(moved, "virtual_network", network)
    return moved


_NETWORK: Final[PackedPrefix] = vars(SubnetRoute)["network"]

#: The same as :func:`number_of`, for subnet routes only: as quick as it gets.
subnet_number: Final[Callable[[object], int]] = _NETWORK.number

_KEPT_SLOTS: Final[list[tuple[Callable[[Any], Any], Callable[[Any, Any], None]]]] = [
    (_NETWORK.number, _NETWORK.keep),
    *(
        (vars(SubnetRoute)[field.name].__get__, vars(SubnetRoute)[field.name].__set__)
        for field in attrs.fields(SubnetRoute)
        if field.name not in ("network", "virtual_network")
    ),
]


Announcement = SubnetRoute | HostnameRoute | DeviceAddress | WanRoute | BgpRoute

#: An announcement of a prefix, if only of one address.
Routed = SubnetRoute | DeviceAddress | WanRoute | BgpRoute


def number_of(route: Routed) -> int:
    """The prefix of an announcement as a number; see :mod:`vpcroute.packed`."""
    return _NUMBERS[type(route)](route)


def _host_number(device: DeviceAddress) -> int:
    bits = device.address.max_prefixlen
    return pack(int(device.address), bits, bits)


_NUMBERS: Final[dict[type, Callable[[Any], int]]] = {
    SubnetRoute: _NETWORK.number,
    DeviceAddress: _host_number,
    WanRoute: vars(WanRoute)["prefix"].number,
    BgpRoute: vars(BgpRoute)["prefix"].number,
}


@attrs.frozen
class VirtualNetwork:
    """A virtual network: a table of Zero Trust routes of its own (API: ``/teamnet/virtual_networks``).

    Attributes:
        id: its id.
        name: its name.
        is_default: whether unqualified routes go here and Workers look here; one network of a table is.
    """

    id: str = attrs.field(converter=lower_uuid, validator=text)
    name: str = attrs.field(validator=text)
    is_default: bool = attrs.field(default=False, validator=is_a(bool))


def _optional_ip4(value: str | IPv4Address | None) -> IPv4Address | None:
    return cast(IPv4Address | None, value)


def _optional_ip6(value: str | IPv6Address | None) -> IPv6Address | None:
    return cast(IPv6Address | None, value)


@attrs.frozen
class VpcService:
    """A VPC Service: one host behind one tunnel (API: ``/connectivity/directory/services``).

    Attributes:
        id: the service's id.
        name: its name.
        via: the tunnel it stands behind.
        type: ``"http"``, reached by fetch(), or ``"tcp"``, reached by Hyperdrive only.
        ipv4, ipv6: the host's addresses, one or both; or ``hostname``, which the tunnel's side resolves.
        http_port, https_port: for type http. With neither, 80 and 443; with one, only its scheme is served.
        tcp_port: for type tcp.
        resolver_ips: the resolvers to ask for ``hostname``; empty is the connector's own.

    Source: cloudflare-docs, workers-vpc/configuration/vpc-services; SDK, connectivity/directory/services.
    """

    id: str = attrs.field(converter=lower_uuid, validator=text)
    name: str = attrs.field(validator=text)
    via: Tunnel = attrs.field(kw_only=True, validator=is_a(Tunnel))
    type: Literal["http", "tcp"] = attrs.field(default="http", kw_only=True)
    ipv4: IPv4Address | None = attrs.field(default=None, kw_only=True, converter=_optional_ip4)
    ipv6: IPv6Address | None = attrs.field(default=None, kw_only=True, converter=_optional_ip6)
    hostname: str | None = attrs.field(default=None, kw_only=True)
    http_port: int | None = attrs.field(default=None, kw_only=True, validator=optional(whole(1, 65535)))
    https_port: int | None = attrs.field(default=None, kw_only=True, validator=optional(whole(1, 65535)))
    tcp_port: int | None = attrs.field(default=None, kw_only=True, validator=optional(whole(1, 65535)))
    resolver_ips: tuple[IPAddress, ...] = attrs.field(default=(), kw_only=True, converter=ips)

    def __attrs_post_init__(self) -> None:
        if self.type not in ("http", "tcp"):
            raise ValueError("VpcService.type: must be 'http' or 'tcp'")
        for name, kind in (("ipv4", IPv4Address), ("ipv6", IPv6Address)):
            if getattr(self, name) is not None:
                set_ip(self, name)
                if not isinstance(getattr(self, name), kind):
                    raise ValueError(f"VpcService.{name}: {getattr(self, name)} is of the other family")
        set_ips(self, "resolver_ips")
        if (self.hostname is None) == (self.ipv4 is None and self.ipv6 is None):
            raise ValueError("VpcService.hostname: a service has either addresses (ipv4, ipv6) or a hostname")
        if self.hostname is not None:
            if not isinstance(self.hostname, str):
                raise TypeError(f"VpcService.hostname: must be a str, not {type(self.hostname).__name__}")
            try:
                set_field(self, "hostname", ascii_name(self.hostname))
            except ValueError as error:
                raise ValueError(f"VpcService.hostname: {error}") from None
        if self.type == "tcp" and self.tcp_port is None:
            raise ValueError("VpcService.tcp_port: a tcp service needs one")
