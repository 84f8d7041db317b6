"""Special-purpose, reserved and Cloudflare-assigned address ranges: one table, each row with its source.

Two questions are answered from it.

*What must never be a destination, whatever is announced?* Rows whose ``refusal`` is ``destination_ip_prohibited``, and
the account's own reserved ranges (:func:`reserved_ranges`), stand before every route: Cloudflare treats the reserved
ranges as more specific than any user route (cloudflare-docs: cloudflare-one/networks/routes/reserved-ips), a loopback,
link-local or multicast address means another host to whoever dials it, and one that carries an IPv4 address inside is a
way around what is decided for that.

*Where does an address without a route go?* To the Internet through Gateway if it is public, else nowhere
(cloudflare-docs: networking-services/reference/traffic-steering, "Default routing"). :mod:`ipaddress` does not answer
that: ``is_global`` is true for multicast, ``64:ff9b::/96`` and Cloudflare's own ``2606:4700:cf1::/48``, and neither
``is_private`` nor ``is_global`` is true for 100.64.0.0/10. Cloudflare documents RFC 1918 and RFC 6598 as dropped and
is silent on the rest; here whatever the IANA special-purpose registries do not call globally reachable is dropped too,
and in IPv6 whatever lies outside 2000::/3, the only space that is allocated for global unicast.

Addresses that carry an IPv4 address inside reach, through a translator or a relay on the way, whatever host that one
names there: a private one, or the dialing host itself. The spelling must not get around what is decided for the IPv4
address, so none of these is ever a destination, whatever is announced; who means the host writes its IPv4 address.

- IPv4-mapped, ``::ffff:0:0/96`` (RFC 4291 section 2.5.5.2): the one exception, for sockets take it for the IPv4 address
  itself: it is unmapped before any look-up, and the IPv4 address is looked up and dialed.
- IPv4-compatible, ``::/96`` (RFC 4291 section 2.5.5.1): deprecated; a host with automatic tunnels sends IPv4.
- IPv4-translated, ``::ffff:0:0:0/96`` (RFC 2765 section 2.1, obsolete; RFC 6052 took its place).
- NAT64, ``64:ff9b::/96`` (RFC 6052): section 3.1 forbids it for addresses that are not global, but translators differ,
  and the routes of the IPv4 address would have no say.
- Local-use NAT64, ``64:ff9b:1::/48`` (RFC 8215): is meant for private IPv4 addresses too, and where in it they stand is
  for each network to say.
- 6to4, ``2002::/16`` (RFC 3056, its relays deprecated by RFC 7526): section 2 forbids private addresses, and RFC 3964
  lists what relays let through.
- Teredo, ``2001::/32`` (RFC 4380 section 4): relays send to the IPv4 address and port inside.

Not among them are addresses that look so only to the network that owns their prefix: ISATAP interface identifiers
(``…:0:5efe:a.b.c.d``, RFC 5214 section 6.1) and a network's own NAT64 prefix (RFC 6052 section 2.2). All others route
such an address by its prefix, as any other address there; who announces the prefix answers for what is behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal

import attrs

from vpcroute.errors import told

__all__ = [
    "CLOUDFLARE_NETWORKS",
    "DEFAULT_RESERVED",
    "PROHIBITED",
    "SPECIAL",
    "AccountSubnets",
    "IPNetwork",
    "Range",
    "ReservedKind",
    "reserved_ranges",
]

IPNetwork = IPv4Network | IPv6Network

RefusalCode = Literal["destination_ip_prohibited", "destination_ip_unroutable"]
ReservedKind = Literal["source", "token", "device", "private_lb", "virtual_dns", "cloudflare_one"]

#: What an account has configured: a kind and a range, any number of a kind.
AccountSubnets = tuple[tuple[ReservedKind, IPNetwork], ...]


@attrs.frozen
class Range:
    """A range of addresses with a meaning of its own.

    Attributes:
        network: the addresses.
        name: what they are, for people.
        refusal: the code of the refusal for an address in it that nothing else decides; None where it is public.
        source: the document that says so.
        reserved: for a range that Cloudflare reserves in the account, what for.
        hint: what to do instead, or None.
    """

    network: IPNetwork
    name: str
    refusal: RefusalCode | None
    source: str
    reserved: ReservedKind | None = None
    hint: str | None = None


_PROHIBITED: Final = "destination_ip_prohibited"
_UNROUTABLE: Final = "destination_ip_unroutable"

_OTHER_HOST = "to the host that dials, this address is another one than to whoever wrote it"
_IPV4_INSIDE: Final = "it stands for an IPv4 address: write that one, and its own routes decide"

#: Special-purpose ranges, both families (IANA special-purpose address registries; RFC 6890).
SPECIAL: Final[tuple[Range, ...]] = tuple(
    Range(ip_network(network), name, refusal, source, None, hint)  # type: ignore[arg-type]
    for network, name, refusal, source, hint in [
        ("0.0.0.0/8", "this network", _PROHIBITED, "RFC 1122 section 3.2.1.3", _OTHER_HOST),
        ("10.0.0.0/8", "private use", _UNROUTABLE, "RFC 1918", None),
        ("100.64.0.0/10", "shared address space (CGNAT)", _UNROUTABLE, "RFC 6598", None),
        ("127.0.0.0/8", "loopback", _PROHIBITED, "RFC 1122 section 3.2.1.3", _OTHER_HOST),
        ("169.254.0.0/16", "link-local", _PROHIBITED, "RFC 3927", _OTHER_HOST),
        ("172.16.0.0/12", "private use", _UNROUTABLE, "RFC 1918", None),
        ("192.0.0.0/24", "IETF protocol assignments", _UNROUTABLE, "RFC 6890 section 2.1", None),
        ("192.0.2.0/24", "documentation", _UNROUTABLE, "RFC 5737", None),
        ("192.88.99.0/24", "6to4 relay anycast, deprecated", _UNROUTABLE, "RFC 7526", None),
        ("192.168.0.0/16", "private use", _UNROUTABLE, "RFC 1918", None),
        ("198.18.0.0/15", "benchmarking", _UNROUTABLE, "RFC 2544", None),
        ("198.51.100.0/24", "documentation", _UNROUTABLE, "RFC 5737", None),
        ("203.0.113.0/24", "documentation", _UNROUTABLE, "RFC 5737", None),
        ("224.0.0.0/4", "multicast", _PROHIBITED, "RFC 5771", None),
        ("240.0.0.0/4", "reserved", _UNROUTABLE, "RFC 1112 section 4", None),
        ("255.255.255.255/32", "limited broadcast", _PROHIBITED, "RFC 8190", None),
        ("::/0", "not global unicast", _UNROUTABLE, "RFC 4291 section 2.4; IANA IPv6 address space", None),
        ("::/128", "unspecified", _PROHIBITED, "RFC 4291 section 2.5.2", _OTHER_HOST),
        ("::/96", "IPv4-compatible, deprecated", _PROHIBITED, "RFC 4291 section 2.5.5.1", _IPV4_INSIDE),
        ("::1/128", "loopback", _PROHIBITED, "RFC 4291 section 2.5.3", _OTHER_HOST),
        ("::ffff:0:0:0/96", "IPv4-translated, obsolete", _PROHIBITED, "RFC 2765 section 2.1", _IPV4_INSIDE),
        ("64:ff9b::/96", "NAT64", _PROHIBITED, "RFC 6052 section 3.1", _IPV4_INSIDE),
        ("64:ff9b:1::/48", "local-use NAT64", _PROHIBITED, "RFC 8215", _IPV4_INSIDE),
        ("100::/64", "discard only", _UNROUTABLE, "RFC 6666", None),
        ("2000::/3", "global unicast", None, "RFC 4291 section 2.4; IANA IPv6 address space", None),
        ("2001::/23", "IETF protocol assignments", _UNROUTABLE, "RFC 2928", None),
        ("2001::/32", "Teredo", _PROHIBITED, "RFC 4380 section 4", _IPV4_INSIDE),
        ("2001:3::/32", "automatic multicast tunneling", None, "RFC 7450", None),
        ("2001:4:112::/48", "AS112", None, "RFC 7535", None),
        ("2001:db8::/32", "documentation", _UNROUTABLE, "RFC 3849", None),
        ("2002::/16", "6to4", _PROHIBITED, "RFC 3056 section 2; RFC 3964", _IPV4_INSIDE),
        ("3fff::/20", "documentation", _UNROUTABLE, "RFC 9637", None),
        ("5f00::/16", "segment routing (SRv6) SIDs", _UNROUTABLE, "RFC 9602", None),
        ("fc00::/7", "unique local", _UNROUTABLE, "RFC 4193", None),
        ("fe80::/10", "link-local", _PROHIBITED, "RFC 4291 section 2.5.6", _OTHER_HOST),
        ("fec0::/10", "site-local, deprecated", _UNROUTABLE, "RFC 3879", None),
        ("ff00::/8", "multicast", _PROHIBITED, "RFC 4291 section 2.7", None),
    ]
)

#: The special-purpose ranges that no route makes a destination.
PROHIBITED: Final = tuple(r for r in SPECIAL if r.refusal == _PROHIBITED)

_RES = "cloudflare-docs: cloudflare-one/networks/routes/reserved-ips"
_TOKEN_HINT = "Gateway gives such an address out for one name and one query only; ask for the name instead"  # noqa: S105
_SOURCE_HINT = "Cloudflare sends from these addresses; nothing can be reached at them"

#: What Cloudflare reserves in an account that changed nothing.
DEFAULT_RESERVED: Final[tuple[Range, ...]] = tuple(
    Range(ip_network(network), name, refusal, source, reserved, hint)  # type: ignore[arg-type]
    for network, name, refusal, source, reserved, hint in [
        ("100.64.0.0/12", "Cloudflare source addresses", _PROHIBITED, _RES, "source", _SOURCE_HINT),
        ("172.64.128.0/20", "Gateway token addresses", _PROHIBITED, _RES, "token", _TOKEN_HINT),
        ("100.96.0.0/12", "device and Mesh addresses", _UNROUTABLE, _RES, "device", "no device or Mesh node has it"),
        (
            "100.112.0.0/16",
            "private load balancers",
            _UNROUTABLE,
            _RES,
            "private_lb",
            "whether a Worker reaches a private load balancer is not documented",
        ),
        (
            "2606:4700:cf1::/48",
            "Cloudflare One services",
            _PROHIBITED,
            _RES,
            "cloudflare_one",
            "Cloudflare keeps this range for itself",
        ),
        ("2606:4700:cf1:5000::/64", "Cloudflare source addresses", _PROHIBITED, _RES, "source", _SOURCE_HINT),
        ("2606:4700:cf1:4000::/64", "Gateway token addresses", _PROHIBITED, _RES, "token", _TOKEN_HINT),
        (
            "2606:4700:cf1:1000::/64",
            "device and Mesh addresses",
            _UNROUTABLE,
            _RES,
            "device",
            "no device or Mesh node has it",
        ),
        (
            "2606:4700:cf1:2000::1/128",
            "cloudflared's virtual DNS service",
            _PROHIBITED,
            "cloudflared: ingress/origins/dns.go",
            "virtual_dns",
            "only cloudflared itself answers there",
        ),
    ]
)

#: Cloudflare's own published networks, where a Worker's TCP connection may be refused
#: (www.cloudflare.com/ips; cloudflare-docs: workers/runtime-apis/tcp-sockets).
CLOUDFLARE_NETWORKS: Final[tuple[IPNetwork, ...]] = tuple(
    ip_network(network)
    for network in (
        "103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 104.16.0.0/13 104.24.0.0/14 108.162.192.0/18 131.0.72.0/22 "
        "141.101.64.0/18 162.158.0.0/15 172.64.0.0/13 173.245.48.0/20 188.114.96.0/20 190.93.240.0/20 197.234.240.0/22 "
        "198.41.128.0/17 2400:cb00::/32 2405:8100::/32 2405:b500::/32 2606:4700::/32 2803:f800::/32 2a06:98c0::/29 "
        "2c0f:f248::/32"
    ).split()
)

#: The reserved ranges that an account can configure (API: ``/zerotrust/subnets``).
CONFIGURABLE: Final = ("source", "token", "device", "private_lb")

_BY_KIND = {(r.reserved, r.network.version): r for r in reversed(DEFAULT_RESERVED)}


def reserved_ranges(subnets: Iterable[tuple[ReservedKind, IPNetwork]] = ()) -> tuple[Range, ...]:
    """The account's reserved ranges: what it configured, by kind and family, in place of the defaults.

    Args:
        subnets: the account's own subnets (API: ``/zerotrust/subnets``), any number of a kind. A kind and family
            that is not among them keeps its default.

    Raises:
        ValueError: for a kind that an account cannot configure.

    Source: cloudflare-docs, cloudflare-one/networks/routes/reserved-ips; SDK, zero-trust/networks/subnets.
    """
    own: list[Range] = []
    for kind, network in subnets:
        if kind not in CONFIGURABLE:
            raise ValueError(f"a subnet is for {', '.join(CONFIGURABLE)}, not for {told(kind)}")
        if not isinstance(network, (IPv4Network, IPv6Network)):
            raise TypeError(f"a subnet must be a network object, not {type(network).__name__}")
        own.append(attrs.evolve(_BY_KIND[kind, network.version], network=network))
    replaced = {(r.reserved, r.network.version) for r in own}
    kept = tuple(r for r in DEFAULT_RESERVED if (r.reserved, r.network.version) not in replaced)
    return kept + tuple(own)
