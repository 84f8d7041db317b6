"""The classes of the model: what they take, what they refuse and how they say so, and what holds for all of them."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from networks import EVERY_VANTAGE, empty_table

from vpcroute import (
    BgpRoute,
    Candidate,
    ClientDevice,
    DeviceAddress,
    EcmpGroup,
    EcmpMember,
    Finding,
    Gateway,
    HostnameRoute,
    InvalidAddress,
    InvalidDocument,
    InvalidVantage,
    MeshNode,
    OnRamp,
    Remark,
    RemarkCode,
    Resolution,
    RouteConflict,
    RouteError,
    RouteTable,
    SubnetRoute,
    Target,
    Tunnel,
    Vantage,
    VirtualNetwork,
    VpcService,
    WanRoute,
)
from vpcroute.outcomes import Decision
from vpcroute.reference import Reference
from vpcroute.strategies import TUNNELS, announcements

EU = Tunnel("t1", "eu")
GRE = OnRamp(kind="gre", name="gre", id="o1")
UUID = "550e8400-e29b-41d4-a716-446655440000"

Make = Callable[[], object]


def subnet(network: Any = "10.0.0.0/8", via: Any = EU, **more: Any) -> SubnetRoute:
    return SubnetRoute(network, via, **more)


def wan(prefix: Any = "10.0.0.0/8", via: Any = GRE, **more: Any) -> WanRoute:
    return WanRoute(prefix, via, **{"priority": 100, **more})


def bgp(prefix: Any = "10.0.0.0/8", via: Any = GRE, **more: Any) -> BgpRoute:
    return BgpRoute(prefix, via, **more)


def hostname(name: Any = "a.b", via: Any = EU, **more: Any) -> HostnameRoute:
    return HostnameRoute(name, via, **more)


def service(**more: Any) -> VpcService:
    return VpcService(**{"id": "s1", "name": "web", "via": EU, "ipv4": "10.0.0.1", **more})


def _any(kind: Any, /, *arguments: Any, **more: Any) -> Any:
    return kind(*arguments, **more)


EXAMPLES: tuple[Any, ...] = (
    EU,
    MeshNode("n1", "node"),
    ClientDevice("d1"),
    GRE,
    EcmpMember(GRE, 3),
    EcmpGroup((EcmpMember(GRE, 3), EcmpMember(OnRamp(kind="cni", name="cni")))),
    Gateway(),
    Gateway(needs_dns=True),
    subnet("10.1.2.3/8", virtual_network="v1", id="r1", comment="a comment", in_force=False),
    hostname("*.internal.local"),
    hostname("*.*.x", in_force=False),
    DeviceAddress("100.96.0.7", ClientDevice("d1")),
    wan(weight=3, regions=["ENAM"], colos=["den01"]),
    bgp(as_path=[65000, 65000], communities=["13335:60050"], customer_asn=65000),
    VirtualNetwork("v1", "default", is_default=True),
    service(http_port=8080, resolver_ips=(IPv4Address("10.0.0.53"),)),
    Vantage(region="enam", colo="DEN01"),
    Target("tcp", "10.0.0.1", 80, 4, 167772161),
    Remark(RemarkCode.HOST_BITS, "text", subnet()),
    Finding(RemarkCode.HOST_BITS, "routes[3].network", "text", subnet()),
    Candidate(EU, subnet()),
    Resolution("10.0.0.1", Target("tcp", "10.0.0.1", 80, 4, 167772161), Decision(EU, subnet(), "unspecified")),
)
ERRORS = (
    RouteError("text", code="dns_error", hint="a hint", address="a.b"),
    InvalidAddress("text", address="a b"),
    InvalidAddress("text", code="ambiguous_address", hint="a hint"),
    InvalidVantage("text", hint="a hint"),
    RouteConflict("text", existing=subnet(), offered=wan(), hint="a hint"),
    InvalidDocument((("routes[0]", "is wrong"), ("", "as a whole")), hint="a hint"),
)


# What is refused, and how


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: _any(Tunnel, 7), TypeError, "Tunnel.id: must be a str, not int"),
        (lambda: Tunnel(""), ValueError, "Tunnel.id: must be 1 to 255 printable characters, not ''"),
        (lambda: Tunnel("a\nb"), ValueError, r"Tunnel.id: must be 1 to 255 printable characters, not 'a\nb'"),
        (lambda: Tunnel("x" * 256), ValueError, "Tunnel.id: must be 1 to 255 printable characters"),
        (lambda: Tunnel("t", ""), ValueError, "Tunnel.name: must be 1 to 255 printable characters"),
        (lambda: _any(MeshNode, None), TypeError, "MeshNode.id: must be a str, not NoneType"),
        (lambda: _any(MeshNode, "n", 7), TypeError, "MeshNode.name: must be a str, not int"),
        (lambda: _any(ClientDevice, b"d"), TypeError, "ClientDevice.id: must be a str, not bytes"),
        (lambda: ClientDevice("d", "\ud800"), ValueError, "ClientDevice.name: must be 1 to 255 printable"),
        (
            lambda: _any(OnRamp, kind="vpn", name="x"),
            ValueError,
            "OnRamp.kind: must be one of gre, ipsec, cni",
        ),
        (lambda: _any(OnRamp, kind=None, name="x"), ValueError, "OnRamp.kind: must be one of gre, ipsec, cni"),
        (lambda: OnRamp(kind="gre", name=""), ValueError, "OnRamp.name: must be 1 to 255 printable characters"),
        (lambda: _any(OnRamp, kind="gre", name="x", id=7), TypeError, "OnRamp.id: must be a str, not int"),
        (lambda: _any(EcmpMember, EU), TypeError, "EcmpMember.onramp: must be a OnRamp, not Tunnel"),
        (lambda: _any(EcmpMember, GRE, "1"), TypeError, "EcmpMember.weight: must be an int, not str"),
        (lambda: EcmpMember(GRE, 0), ValueError, "EcmpMember.weight: must be"),
        (lambda: _any(EcmpGroup, (1, 2)), TypeError, "EcmpGroup.members: must be"),
        (lambda: _any(EcmpGroup, ip_network("::/0")), TypeError, "EcmpGroup.members: must be"),
        (lambda: EcmpGroup(()), ValueError, "EcmpGroup.members:"),
        (lambda: EcmpGroup((EcmpMember(GRE), EcmpMember(GRE, 2))), ValueError, "EcmpGroup.members:"),
        (lambda: _any(Gateway, "yes"), TypeError, "Gateway.needs_dns: must be a bool, not str"),
        (lambda: subnet(7), TypeError, "SubnetRoute.network: must be a str or a network, not int"),
        (lambda: subnet(None), TypeError, "SubnetRoute.network: must be a str or a network, not NoneType"),
        (lambda: subnet(IPv4Address("10.0.0.1")), TypeError, "SubnetRoute.network: must be a str or a network"),
        (lambda: subnet("10.0.0.0/33"), ValueError, "SubnetRoute.network: '10.0.0.0/33' is not a prefix such as"),
        (lambda: subnet("10.1/16"), ValueError, "SubnetRoute.network: '10.1/16' is not a prefix such as"),
        (lambda: subnet("010.0.0.0/8"), ValueError, "SubnetRoute.network: '010.0.0.0/8' is not a prefix such as"),
        (lambda: subnet("10.0.0.0/255.0.0.0"), ValueError, "SubnetRoute.network: '10.0.0.0/255.0.0.0' is not a prefix"),
        (lambda: subnet("fe80::%eth0/64"), ValueError, "SubnetRoute.network: 'fe80::%eth0/64' is not a prefix"),
        (lambda: subnet("::ffff:10.0.0.0/104"), ValueError, "is an IPv4-mapped prefix: write it as the IPv4 prefix"),
        (lambda: subnet(" 10.0.0.0/8"), ValueError, "SubnetRoute.network: ' 10.0.0.0/8' is not a prefix"),
        (lambda: subnet("10.0.0.0/8\n"), ValueError, r"SubnetRoute.network: '10.0.0.0/8"),
        (
            lambda: subnet("\u0661\u0660.0.0.0/8"),
            ValueError,
            "SubnetRoute.network: '\u0661\u0660.0.0.0/8' is not a prefix",
        ),
        (lambda: subnet(via=GRE), TypeError, "SubnetRoute.via: must be a Tunnel or MeshNode, not OnRamp"),
        (lambda: subnet(via="eu"), TypeError, "SubnetRoute.via: must be a Tunnel or MeshNode, not str"),
        (lambda: subnet(virtual_network=7), TypeError, "SubnetRoute.virtual_network: must be a str, not int"),
        (lambda: subnet(id=7), TypeError, "SubnetRoute.id: must be a str, not int"),
        (lambda: subnet(comment=7), TypeError, "SubnetRoute.comment: must be a str, not int"),
        (lambda: subnet(in_force=1), TypeError, "SubnetRoute.in_force: must be a bool, not int"),
        (lambda: hostname(7), TypeError, "HostnameRoute.hostname: must be a str, not int"),
        (lambda: hostname(""), ValueError, "HostnameRoute.hostname: '' is not a host name"),
        (lambda: hostname("a b"), ValueError, "HostnameRoute.hostname: 'a b' is not a host name"),
        (lambda: hostname("."), ValueError, "HostnameRoute.hostname: "),
        (lambda: hostname(".."), ValueError, "HostnameRoute.hostname: "),
        (lambda: hostname("*.."), ValueError, "HostnameRoute.hostname: "),
        (lambda: hostname("a.b.."), ValueError, "HostnameRoute.hostname: "),
        (
            lambda: hostname("a..b"),
            ValueError,
            "HostnameRoute.hostname: 'a..b' is not a DNS name: it has an empty label",
        ),
        (lambda: hostname("a" * 64), ValueError, "a label is longer than 63 characters"),
        (lambda: hostname(".".join(["a" * 63] * 4)), ValueError, "it is longer than 253 characters"),
        (lambda: hostname("10.0.0.1"), ValueError, "HostnameRoute.hostname: '10.0.0.1' is an IP address"),
        (lambda: hostname("0x7f.1"), ValueError, "HostnameRoute.hostname: '0x7f.1' is an IP address"),
        (lambda: hostname("a.b:80"), ValueError, "HostnameRoute.hostname: 'a.b:80' is not a host name"),
        (lambda: hostname("[::1]"), ValueError, "HostnameRoute.hostname: '[::1]' is not a host name"),
        (
            lambda: hostname("*-dev.x"),
            ValueError,
            "HostnameRoute.hostname: '*-dev.x': a wildcard must be the whole",
        ),
        (lambda: hostname("*.*.x"), ValueError, "HostnameRoute.hostname: '*.*.x': a wildcard must be the whole"),
        (lambda: hostname("*"), ValueError, "HostnameRoute.hostname: '*': a wildcard must be the whole"),
        (lambda: hostname("*."), ValueError, "HostnameRoute.hostname: '' is not a host name"),
        (lambda: hostname(match="some"), ValueError, "HostnameRoute.match: must be one of exact, one_label, both"),
        (lambda: hostname("*.x", match="exact"), ValueError, "HostnameRoute.match: '*.x' is not exact"),
        (lambda: hostname(match="glob"), ValueError, "HostnameRoute.hostname: 'a.b' has no wildcard inside"),
        (lambda: hostname(via=GRE), TypeError, "HostnameRoute.via: must be a Tunnel or MeshNode, not OnRamp"),
        (lambda: hostname(in_force=None), TypeError, "HostnameRoute.in_force: must be a bool, not NoneType"),
        (lambda: _any(DeviceAddress, 7, EU), TypeError, "DeviceAddress."),
        (
            lambda: _any(DeviceAddress, 7, ClientDevice("d")),
            TypeError,
            "DeviceAddress.address: must be a str or an",
        ),
        (
            lambda: DeviceAddress("10.0.0", ClientDevice("d")),
            ValueError,
            "DeviceAddress.address: '10.0.0' is not an IP",
        ),
        (lambda: DeviceAddress("::ffff:10.0.0.1", ClientDevice("d")), ValueError, "DeviceAddress.address: "),
        (lambda: DeviceAddress("fe80::1%eth0", ClientDevice("d")), ValueError, "DeviceAddress.address: "),
        (
            lambda: _any(DeviceAddress, "10.0.0.1", EU),
            TypeError,
            "DeviceAddress.via: must be a ClientDevice or",
        ),
        (lambda: wan("10.0.0.0/99"), ValueError, "WanRoute.prefix: '10.0.0.0/99' is not a prefix"),
        (lambda: wan(via=EU), TypeError, "WanRoute.via: must be a OnRamp, not Tunnel"),
        (lambda: wan(priority=-1), ValueError, "WanRoute.priority: must be 0 to 2147483647"),
        (lambda: wan(priority=2**31), ValueError, "WanRoute.priority: must be 0 to 2147483647"),
        (lambda: wan(priority=1.0), TypeError, "WanRoute.priority: must be an int, not float"),
        (lambda: wan(priority=True), TypeError, "WanRoute.priority: must be an int, not bool"),
        (lambda: wan(weight=257), ValueError, "WanRoute.weight: must be 1 to 256"),
        (lambda: wan(weight=-1), ValueError, "WanRoute.weight: must be 1 to 256"),
        (lambda: wan(weight=False), TypeError, "WanRoute.weight: must be an int, not bool"),
        (lambda: wan(regions=["atlantis"]), ValueError, "WanRoute.regions: 'atlantis' is not a region"),
        (lambda: wan(regions=[7]), TypeError, "WanRoute.regions: must be a str, not int"),
        (lambda: wan(regions=7), TypeError, "WanRoute.regions: "),
        (lambda: wan(colos=None), TypeError, "WanRoute.colos: "),
        (lambda: wan(colos=["den 01"]), ValueError, "WanRoute.colos: 'den 01' is not the name of a data centre"),
        (lambda: bgp(7), TypeError, "BgpRoute.prefix: must be a str or a network, not int"),
        (lambda: bgp(as_path=["65000"]), TypeError, "BgpRoute.as_path: must be an int, not str"),
        (lambda: bgp(as_path="65000"), TypeError, "BgpRoute.as_path: must be a sequence of int, not str"),
        (lambda: bgp(as_path=7), TypeError, "BgpRoute.as_path: "),
        (lambda: bgp(as_path=ip_network("::/0")), TypeError, "BgpRoute.as_path: must be an int, not IPv6Address"),
        (lambda: bgp(communities=ip_network("::/0")), TypeError, "BgpRoute.communities: must be str, not IPv6Address"),
        (lambda: bgp(as_path=[2**32]), ValueError, "BgpRoute.as_path: must be 0 to 4294967295"),
        (lambda: bgp(communities="13335:60050"), TypeError, "BgpRoute.communities: must be a sequence of str"),
        (lambda: bgp(communities=None), TypeError, "BgpRoute.communities: "),
        (lambda: bgp(communities=[7]), TypeError, "BgpRoute.communities: must be str, not int"),
        (
            lambda: bgp(communities=["no"]),
            ValueError,
            "BgpRoute.communities: 'no' is not a community such as",
        ),
        (
            lambda: bgp(communities=["1:4294967296"]),
            ValueError,
            "communities: '1:4294967296' is not a community",
        ),
        (lambda: bgp(customer_asn=-1), ValueError, "BgpRoute.customer_asn: must be 0 to 4294967295"),
        (lambda: _any(VirtualNetwork, "v", None), TypeError, "VirtualNetwork.name: must be a str, not NoneType"),
        (lambda: _any(VirtualNetwork, "v", "v", "no"), TypeError, "VirtualNetwork.is_default: must be a bool, not str"),
        (lambda: service(id=""), ValueError, "VpcService.id: must be 1 to 255 printable characters"),
        (lambda: service(via=MeshNode("n")), TypeError, "VpcService.via: must be a Tunnel, not MeshNode"),
        (lambda: service(type="udp"), ValueError, "VpcService.type: must be 'http' or 'tcp'"),
        (lambda: service(type="tcp"), ValueError, "VpcService.tcp_port: a tcp service needs one"),
        (lambda: service(ipv4="fd00::1"), ValueError, "VpcService.ipv4: fd00::1 is of the other family"),
        (lambda: service(ipv6="10.0.0.1"), ValueError, "VpcService.ipv6: 10.0.0.1 is of the other family"),
        (lambda: service(ipv4=None), ValueError, "VpcService.hostname: a service has either addresses"),
        (
            lambda: service(hostname="a.b"),
            ValueError,
            "VpcService.hostname: a service has either addresses",
        ),
        (lambda: service(ipv4=None, hostname="a b"), ValueError, "VpcService.hostname: 'a b' is not a host name"),
        (lambda: service(ipv4=None, hostname=7), TypeError, "VpcService.hostname: must be a str, not int"),
        (lambda: service(http_port=0), ValueError, "VpcService.http_port: must be 1 to 65535"),
        (lambda: service(https_port="443"), TypeError, "VpcService.https_port: must be an int, not str"),
        (lambda: service(resolver_ips=("nonsense",)), ValueError, "VpcService.resolver_ips: "),
        (lambda: service(resolver_ips=7), TypeError, "VpcService.resolver_ips: "),
    ],
)
def test_error_names_class_and_field(make: Make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)) as caught:
        make()
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network_id": "other"}, "network_id 'other' is not supported"),
        ({"network_id": "cf1:network", "tunnel_id": "t"}, "network_id and tunnel_id exclude each other"),
        ({"tunnel_id": "t", "service_id": "s"}, "tunnel_id and service_id exclude each other"),
        ({"tunnel_id": "t", "region": "ENAM"}, "region does not go with tunnel_id"),
        ({"service_id": "s", "colo": "den01"}, "colo does not go with service_id"),
        ({"service_id": "s", "virtual_network": "v"}, "virtual_network does not go with service_id"),
        ({"region": "atlantis"}, "'atlantis' is not a region"),
        ({"colo": "den-01"}, "'den-01' is not the name of a data centre"),
        ({"routing_mode": "other"}, "routing_mode must be 'unified' or 'legacy', not 'other'"),
    ],
)
def test_vantage_that_cannot_be(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidVantage, match=re.escape(message)) as caught:
        Vantage(**arguments)
    assert caught.value.code == "invalid_vantage"


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Vantage)])
def test_vantage_of_a_wrong_type(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a str or None, not int"):
        _any(Vantage, **{name: 7})


def test_vantage_in_its_one_spelling() -> None:
    assert Vantage() == Vantage(network_id="cf1:network")
    assert Vantage(region="enam", colo="DEN01") == Vantage(region="ENAM", colo="den01")
    assert Vantage(tunnel_id="t").network_id is None


# What is kept


@pytest.mark.parametrize("make", [subnet, wan, bgp])
@pytest.mark.parametrize(
    ("written", "network", "original"),
    [
        ("10.10.10.100/24", "10.10.10.0/24", "10.10.10.100/24"),
        ("FD00::1/8", "fd00::/8", "FD00::1/8"),
        ("10.0.0.0/8", "10.0.0.0/8", None),
        ("10.0.0.1", "10.0.0.1/32", None),
        ("::1", "::1/128", None),
        ("1.2.3.4/0", "0.0.0.0/0", "1.2.3.4/0"),
        (IPv4Network("10.0.0.0/8"), "10.0.0.0/8", None),
    ],
)
def test_prefix_is_masked_and_kept_as_written(
    make: Callable[..., Any], written: Any, network: str, original: Any
) -> None:
    route = make(written)
    assert getattr(route, "network", None) or route.prefix == ip_network(network)
    assert route.original == original
    assert route == make(network)
    assert attrs.evolve(route, id="r").original == original


@pytest.mark.parametrize(
    ("written", "name", "match", "pattern"),
    [
        ("Wiki.Internal.Local.", "wiki.internal.local", "exact", "wiki.internal.local"),
        (".internal.local", "internal.local", "exact", "internal.local"),
        ("*.Internal.Local", "internal.local", "one_label", "*.internal.local"),
        ("bücher.example", "xn--bcher-kva.example", "exact", "xn--bcher-kva.example"),
        ("BÜCHER。example", "xn--bcher-kva.example", "exact", "xn--bcher-kva.example"),
        ("_sip.a", "_sip.a", "exact", "_sip.a"),
    ],
)
def test_hostname_in_its_one_spelling(written: str, name: str, match: str, pattern: str) -> None:
    route = hostname(written)
    assert (route.hostname, route.match, route.pattern) == (name, match, pattern)


@pytest.mark.parametrize("pattern", ["*.*.X", "a*b.x", "foo.*.x", "*-dev.x", "x.*", "*", "*.*.x."])
def test_glob_out_of_force_is_kept_as_a_pattern(pattern: str) -> None:
    route = hostname(pattern, in_force=False)
    assert (route.hostname, route.match) == (pattern.lower().removesuffix("."), "glob")


def test_scope_is_sorted_and_each_once() -> None:
    route = wan(regions=["wnam", "ENAM", "WNAM"], colos="DEN01")
    assert (route.regions, route.colos) == (("ENAM", "WNAM"), ("den01",))


def test_weight_zero_is_unset() -> None:
    assert wan(weight=0) == wan(weight=None) == wan()


@pytest.mark.parametrize("kind", [Tunnel, MeshNode, ClientDevice])
def test_uuid_is_kept_in_lower_case(kind: Any) -> None:
    assert kind(UUID.upper()).id == UUID
    assert kind("ABC").id == "ABC"


def test_comment_and_original_are_not_part_of_a_route_and_the_id_is() -> None:
    assert subnet("10.0.0.1/8", comment="a") == subnet("10.0.0.0/8", comment="b")
    assert hash(subnet("10.0.0.1/8", comment="a")) == hash(subnet("10.0.0.0/8"))
    assert subnet(id="a") != subnet(id="b")


def test_offramps_are_the_words_of_the_log() -> None:
    group = EXAMPLES[5]
    found = [egress.offramp for egress in (EU, MeshNode("n"), ClientDevice("d"), GRE, group, Gateway(), Gateway(True))]
    assert found == ["CFD_TUNNEL", "MESH", "DEVICE_CLIENT", "MAGIC", "MAGIC", "INTERNET", None]
    assert (group.id, group.name, Gateway().id) == (None, None, None)


# What holds for all


@pytest.mark.parametrize("thing", [e for e in EXAMPLES if attrs.has(type(e))], ids=lambda thing: type(thing).__name__)
def test_frozen_and_slotted(thing: Any) -> None:
    assert not hasattr(thing, "__dict__")
    for field in attrs.fields(type(thing)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(thing, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        thing.anything_else = 1


RESOLUTION_FIELDS = (
    "offramp egress route host ip port scheme target needs_dns guaranteed alternates remarks gateway generation"
).split()


@pytest.mark.parametrize("name", RESOLUTION_FIELDS)
def test_a_resolution_is_immutable(name: str) -> None:
    (resolution,) = (e for e in EXAMPLES if isinstance(e, Resolution))
    before = getattr(resolution, name)
    with pytest.raises(AttributeError):
        setattr(resolution, name, None)
    with pytest.raises(AttributeError):
        delattr(resolution, name)
    assert getattr(resolution, name) == before


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("thing", EXAMPLES, ids=lambda thing: type(thing).__name__)
def test_pickles(thing: Any, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(thing, protocol))  # noqa: S301
    assert again == thing
    assert hash(again) == hash(thing)
    assert repr(again) == repr(thing)
    assert getattr(again, "original", None) == getattr(thing, "original", None)
    assert getattr(again, "comment", None) == getattr(thing, "comment", None)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_pickle(error: RouteError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    if not isinstance(error, RouteConflict):
        assert isinstance(error, ValueError) == (type(error) is not RouteError)


def test_resolver_pickles() -> None:
    table = empty_table()
    table.announce(subnet())
    resolver = table.compile()
    again = pickle.loads(pickle.dumps(resolver))  # noqa: S301
    for address in ("http://10.0.0.1/", "a.b:80", "1.1.1.1:53"):
        assert again.resolve(address) == resolver.resolve(address)
    assert (again.vantage, again.generation) == (resolver.vantage, resolver.generation)
    assert again.egresses == resolver.egresses


def test_generation_of_a_pickled_resolution_is_kept() -> None:
    table = RouteTable()
    table.announce(subnet())
    found = table.resolve("http://10.0.0.1/")
    assert pickle.loads(pickle.dumps(found)).generation == found.generation == table.generation  # noqa: S301


def test_resolutions_are_equal_whatever_the_generation() -> None:
    table = RouteTable()
    table.announce(subnet())
    one = table.resolve("http://10.0.0.1/")
    table.announce(subnet("11.0.0.0/8"))
    other = table.resolve("http://10.0.0.1/")
    assert one.generation < other.generation
    assert one == other
    assert hash(one) == hash(other)
    assert {one, other} == {one}


@pytest.mark.parametrize("other", ["http://10.0.0.2/", "https://10.0.0.1:80/", "http://10.0.0.1:81/", "10.0.0.1:80"])
def test_resolutions_of_other_addresses_differ(other: str) -> None:
    table = RouteTable()
    table.announce(subnet())
    assert table.resolve("http://10.0.0.1/") != table.resolve(other)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(announcements())
def test_any_announcement_pickles_and_can_be_made_again(route: Any) -> None:
    assert pickle.loads(pickle.dumps(route)) == route  # noqa: S301
    assert attrs.evolve(route) == route
    assert {route, attrs.evolve(route, comment="x")} == {route}


# Picking a member


FLOWS = [f"flow-{number}".encode() for number in range(20_000)]


def group(*weights: int) -> EcmpGroup:
    return EcmpGroup(tuple(EcmpMember(OnRamp(kind="gre", name=f"gre{i}"), w) for i, w in enumerate(weights)))


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1), (1, 3), (256, 1), (2, 3, 5), (7, 7, 7, 7)])
def test_pick_is_proportional(weights: tuple[int, ...]) -> None:
    members = group(*weights)
    found = Counter(members.pick(flow) for flow in FLOWS)
    for member in members.members:
        expected = len(FLOWS) * member.weight / sum(weights)
        assert abs(found[member.onramp] - expected) < 5 * expected**0.5 + 1  # five standard deviations


def test_pick_moves_only_the_flows_of_a_member_that_goes() -> None:
    whole = group(1, 2, 3, 4)
    for gone in whole.members:
        rest = EcmpGroup(tuple(member for member in whole.members if member != gone))
        for flow in FLOWS[:2000]:
            before, after = whole.pick(flow), rest.pick(flow)
            assert before in (after, gone.onramp)


def test_pick_moves_flows_only_to_a_member_that_gains_weight() -> None:
    before, after = group(1, 1, 1), group(1, 4, 1)
    moved = {after.pick(flow) for flow in FLOWS[:2000] if before.pick(flow) != after.pick(flow)}
    assert moved == {after.members[1].onramp}


def test_pick_does_not_depend_on_the_order_of_members() -> None:
    one = group(1, 2, 3)
    other = EcmpGroup(one.members[::-1])
    assert one == other
    assert [one.pick(flow) for flow in FLOWS[:200]] == [other.pick(flow) for flow in FLOWS[:200]]


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_pick_is_the_same_in_another_process(seed: str) -> None:
    program = (
        "from vpcroute import EcmpGroup, EcmpMember, OnRamp\n"
        "group = EcmpGroup(tuple(EcmpMember(OnRamp(kind='gre', name=f'gre{i}'), i + 1) for i in range(5)))\n"
        "print(*(group.pick(f'flow-{n}'.encode()).name for n in range(100)))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [group(1, 2, 3, 4, 5).pick(flow).name for flow in FLOWS[:100]]


def test_pick_takes_any_bytes_and_nothing_else() -> None:
    members = group(1, 1)
    assert members.pick(b"flow") == _any(members.pick, bytearray(b"flow")) == _any(members.pick, memoryview(b"flow"))
    assert members.pick(b"") in [member.onramp for member in members.members]
    for flow in ("flow", 7, None):
        with pytest.raises(TypeError, match="flow must be bytes"):
            _any(members.pick, flow)


# Whatever is given, only the errors that are meant


FUZZ = settings(max_examples=300, derandomize=True, database=None, deadline=None)
_PARTS = (
    "http https :// : / // \\ @ [ ] :: % %2e %00 . .. 10.0.0.1 0x7f 010 1 80 443 65536 00080 ::ffff:10.0.0.1 "
    "fe80::1%eth0 a A b.a xn-- xn--bcher-kva ü ß ℀ \uff11\uff12\uff17 。 - _ * ? # \t \n \x00 \ud800 \U0001f600 "
    "' \" {} \u202e ftp: file: ws:"
).split(" ")
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789abcdefx.:/[]@%*-", max_size=40),
    st.lists(st.sampled_from(_PARTS), max_size=8).map("".join),
    st.sampled_from(["a" * 300, "a." * 200, "1" * 5000, "http://" + "a" * 70000, "[" * 300, "a:" + "0" * 300 + "80"]),
)
_SMALL = st.sampled_from([-1, 0, 1, 4, 80, 65535, 65536, 2**32, 2**128, 10**5000, True, 0.5, 1e400, float("nan")])
THINGS = st.one_of(
    TEXTS,
    _SMALL,
    st.none(),
    st.binary(max_size=17),
    st.ip_addresses(),
    st.builds(IPv6Address, st.sampled_from(["fe80::1%eth0", "::ffff:10.0.0.1", "::%1"])),
    st.tuples(TEXTS, _SMALL),
    st.tuples(TEXTS, _SMALL, _SMALL, _SMALL),
    st.fixed_dictionaries({}, optional={"hostname": st.one_of(TEXTS, _SMALL), "port": st.one_of(_SMALL, TEXTS)}),
    st.lists(TEXTS, max_size=2),
    st.sampled_from([{}, (), object(), subnet(), EU, IPv4Network("10.0.0.0/8")]),
)


def _answerers() -> tuple[Any, ...]:
    table = empty_table()
    for route in (subnet(), subnet("::/0"), hostname("*.a"), hostname("a*.*.a", in_force=False), wan("0.0.0.0/0")):
        table.announce(route)
    vantages = (EVERY_VANTAGE[0], *EVERY_VANTAGE[-6:])
    return tuple(make for v in vantages for make in (Reference(table, v), table.compile(**attrs.asdict(v))))


ANSWERERS = _answerers()


@FUZZ
@given(TEXTS)
@example("http://[::ffff:10.0.0.1%25eth0]/")
@example("http:8080")
@example("\ud800:80")
@example("a:" + "9" * 250)
def test_any_text_is_answered_or_refused(text: str) -> None:
    for answerer in ANSWERERS:
        for call in (answerer.resolve, answerer.resolve_fetch, answerer.resolve_connect, answerer.lookup):
            try:
                found = call(text)
            except RouteError as error:
                _check_error(error)
            else:
                assert isinstance(found, Resolution) != (call == answerer.lookup)


def _check_error(error: RouteError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) <= 1000
    assert error.hint is None or (error.hint.isprintable() and len(error.hint) <= 1000)
    assert error.address is None or (error.address.isprintable() and len(error.address) <= 200)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@FUZZ
@given(THINGS, st.one_of(st.none(), st.lists(THINGS, max_size=3)))
@example({"hostname": "a", "port": 10**5000}, None)
@example(("a", 10**5000), None)
@example("b:80", [10**5000])
@example("b:80", [IPv6Address("fe80::1%eth0")])
@example({"hostname": "10.0.0.1", "port": float("nan")}, None)
def test_any_thing_is_answered_or_refused(thing: Any, answers: Any) -> None:
    for answerer in ANSWERERS:
        for call in (answerer.resolve, answerer.resolve_fetch, answerer.resolve_connect, answerer.lookup):
            try:
                call(thing, answers=answers)
            except RouteError as error:
                _check_error(error)
            except TypeError:
                pass
    for version in (4, 6, 5, None):
        with contextlib.suppress(RouteError, TypeError):
            ANSWERERS[0].lookup(thing, version)


@FUZZ
@given(st.data())
def test_any_thing_makes_a_model_or_is_refused(data: st.DataObject) -> None:
    thing, other = data.draw(THINGS), data.draw(THINGS)
    makes: list[Make] = [
        lambda: _any(Tunnel, thing, other),
        lambda: _any(OnRamp, kind=thing, name=other),
        lambda: _any(OnRamp, kind="gre", name=thing, id=other),
        lambda: _any(EcmpGroup, thing),
        lambda: subnet(thing, virtual_network=other),
        lambda: subnet(in_force=thing, comment=other),
        lambda: hostname(thing, match=other),
        lambda: hostname(thing),
        lambda: hostname(thing, in_force=False),
        lambda: _any(DeviceAddress, thing, ClientDevice("d")),
        lambda: wan(thing, priority=other),
        lambda: wan(regions=thing, colos=other),
        lambda: wan(regions=[thing], colos=[other]),
        lambda: wan(weight=thing),
        lambda: bgp(thing, as_path=other),
        lambda: bgp(communities=thing, customer_asn=other),
        lambda: bgp(communities=[thing], as_path=[other]),
        lambda: _any(VirtualNetwork, thing, other, thing),
        lambda: service(ipv4=thing, ipv6=other),
        lambda: service(ipv4=None, hostname=thing, http_port=other),
        lambda: service(type=thing, tcp_port=other),
        lambda: _any(Vantage, virtual_network=thing, region=other),
        lambda: _any(Vantage, colo=thing, routing_mode=other),
        lambda: _any(Vantage, tunnel_id=thing),
    ]
    for make in makes:
        with contextlib.suppress(RouteError, TypeError, ValueError):
            made = make()
            assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301


@FUZZ
@given(TEXTS)
def test_a_hostname_that_is_taken_is_found_under_its_name(text: str) -> None:
    try:
        route = hostname(text)
    except ValueError:
        return
    assert hostname(route.pattern) == route
    table = RouteTable()
    table.announce(route)
    name = route.hostname if route.match == "exact" else f"x.{route.hostname}"
    for answerer in (Reference(table, Vantage()), table.compile()):
        assert answerer.resolve_fetch(f"http://{name}/").egress == EU
    assert table.exact(route.pattern) == (route,)


@FUZZ
@given(THINGS, THINGS)
def test_table_takes_any_thing_or_refuses_it(thing: Any, other: Any) -> None:
    table = empty_table()
    calls: list[Make] = [
        lambda: table.announce(thing),
        lambda: table.withdraw(thing),
        lambda: thing in table,
        lambda: table.exact(thing),
        lambda: table.covering(thing),
        lambda: table.covered(thing),
        lambda: table.add(thing),
        lambda: table.remove(thing),
        lambda: table.connector(thing),
        lambda: table.set_default(thing),
        lambda: table.set_hosts(thing, other),
        lambda: table.set_hosts("a.b", [thing]),
        lambda: table.set_health(thing, "down"),
        lambda: table.set_health(TUNNELS[0], other),
        lambda: table.set_health(TUNNELS[0], "down", place=thing),
    ]
    for call in calls:
        with contextlib.suppress(RouteError, TypeError, ValueError, LookupError):
            call()
