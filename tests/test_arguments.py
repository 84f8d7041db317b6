"""Odd values for every argument of every public call: taken, or refused with TypeError or an error that is meant."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

import vpcroute
from vpcroute import RouteError, RouteTable, Vantage

EU = vpcroute.Tunnel("eu", "eu")
NODE = vpcroute.MeshNode("lab")
DEN = vpcroute.OnRamp(kind="gre", name="den")
HQ = vpcroute.OnRamp(kind="gre", name="hq")


class Text(str):
    """A text that is no plain one."""

    __slots__ = ()


class Grumpy:
    """Refuses everything that is done with it, but says what it is."""

    def __iter__(self) -> Iterator[object]:
        raise ValueError("no items")

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    def __hash__(self) -> int:
        raise TypeError("unhashable")


def _loop() -> list[Any]:
    loop: list[Any] = []
    loop += [loop, {"x": loop}]
    return loop


ODD: dict[str, Any] = {
    "None": None,
    "bytes": b"10.0.0.1",
    "packed": b"\x0a\0\0\1",
    "a huge int": 10**5000,
    "a negative int": -1,
    "true": True,
    "nan": math.nan,
    "infinity": math.inf,
    "an empty list": [],
    "a list in itself": _loop(),
    "a tuple": ("a", 1, 2),
    "a dict": {"hostname": "a", "port": 1},
    "a subclass of str": Text("10.0.0.1:80"),
    "a lone surrogate": "\ud800",
    "an escape sequence": "\x1b[31m\u202e",
    "NUL": "\0",
    "a long text": "a." * 70_000,
    "digits": "9" * 5000,
    "an object": object(),
    "a grumpy object": Grumpy(),
    "a class": vpcroute.Tunnel,
    "a function": len,
    "every address": ip_network("::/0"),
    "an address": ip_address("10.0.0.1"),
    "a mapped address": ip_address("::ffff:10.0.0.1"),
    "a tunnel": EU,
    "a Mesh node": NODE,
    "an on-ramp": DEN,
    "a route": vpcroute.SubnetRoute("10.9.0.0/16", EU),
    "a virtual network": vpcroute.VirtualNetwork("n", "n"),
    "a vantage": Vantage(),
}


def _table() -> RouteTable:
    table = RouteTable()
    table.announce(vpcroute.SubnetRoute("10.0.0.0/8", EU))
    table.announce(vpcroute.HostnameRoute("*.a", NODE))
    table.announce(vpcroute.WanRoute("10.1.0.0/16", DEN, priority=1))
    table.add(vpcroute.VpcService("s", "s", via=EU, hostname="a"))
    return table


TABLE = _table()
RESOLVER = TABLE.compile()

#: Every public call: what makes what it is called on, and its arguments, all of them good.
CALLS: dict[str, tuple[Callable[[], Callable[..., Any]], dict[str, Any]]] = {
    "Tunnel": (lambda: vpcroute.Tunnel, {"id": "a", "name": "a"}),
    "MeshNode": (lambda: vpcroute.MeshNode, {"id": "a", "name": "a"}),
    "ClientDevice": (lambda: vpcroute.ClientDevice, {"id": "a", "name": "a"}),
    "OnRamp": (lambda: vpcroute.OnRamp, {"kind": "gre", "name": "a", "id": "a"}),
    "Gateway": (lambda: vpcroute.Gateway, {"needs_dns": True}),
    "EcmpMember": (lambda: vpcroute.EcmpMember, {"onramp": DEN, "weight": 1}),
    "EcmpGroup": (lambda: vpcroute.EcmpGroup, {"members": [vpcroute.EcmpMember(DEN), vpcroute.EcmpMember(HQ)]}),
    "EcmpGroup.pick": (
        lambda: vpcroute.EcmpGroup([vpcroute.EcmpMember(DEN), vpcroute.EcmpMember(HQ)]).pick,
        {"flow": b"x"},
    ),
    "VirtualNetwork": (lambda: vpcroute.VirtualNetwork, {"id": "a", "name": "a", "is_default": True}),
    "SubnetRoute": (
        lambda: vpcroute.SubnetRoute,
        {"network": "10.0.0.0/8", "via": EU, "virtual_network": "a", "id": "a", "comment": "a", "in_force": True},
    ),
    "HostnameRoute": (
        lambda: vpcroute.HostnameRoute,
        {"hostname": "a", "via": EU, "match": "exact", "id": "a", "comment": "a", "in_force": True},
    ),
    "DeviceAddress": (
        lambda: vpcroute.DeviceAddress,
        {"address": "100.96.0.1", "via": NODE, "id": "a", "comment": "a"},
    ),
    "WanRoute": (
        lambda: vpcroute.WanRoute,
        {
            **{"prefix": "10.0.0.0/8", "via": DEN, "priority": 1, "weight": 1, "regions": ["ME"], "colos": ["den"]},
            **{"id": "a", "comment": "a", "in_force": True},
        },
    ),
    "BgpRoute": (
        lambda: vpcroute.BgpRoute,
        {
            **{"prefix": "10.0.0.0/8", "via": DEN, "as_path": [1], "communities": ["1:1"], "customer_asn": 1},
            **{"id": "a", "comment": "a", "in_force": True},
        },
    ),
    "VpcService": (
        lambda: vpcroute.VpcService,
        {
            **{"id": "a", "name": "a", "via": EU, "type": "http", "ipv4": "10.0.0.1", "ipv6": "::1", "hostname": None},
            **{"http_port": 1, "https_port": 1, "tcp_port": 1, "resolver_ips": ["10.0.0.1"]},
        },
    ),
    "Vantage": (
        lambda: Vantage,
        {"network_id": "cf1:network", "virtual_network": "a", "region": "ME", "colo": "den", "routing_mode": "legacy"},
    ),
    "Vantage of a tunnel": (lambda: Vantage, {"tunnel_id": "eu"}),
    "Vantage of a service": (lambda: Vantage, {"service_id": "s"}),
    "RouteTable": (
        lambda: RouteTable,
        {"routing_mode": "legacy", "virtual_networks": [vpcroute.VirtualNetwork("a", "a", is_default=True)]},
    ),
    "RouteTable.from_document": (
        lambda: RouteTable.from_document,
        {"document": {}, "lenient": True, "stored_wildcards": True, "progress": None},
    ),
    "RouteTable.load": (
        lambda: RouteTable.load,
        {"path": Path(__file__).parent / "data" / "network.json", "lenient": True, "stored_wildcards": True},
    ),
    "announce": (lambda: _table().announce, {"route": vpcroute.SubnetRoute("10.9.0.0/16", EU)}),
    "withdraw": (lambda: _table().withdraw, {"route": vpcroute.SubnetRoute("10.0.0.0/8", EU)}),
    "note": (lambda: _table().note, {"finding": vpcroute.Finding(vpcroute.RemarkCode.HOST_BITS, "", "")}),
    "add": (lambda: _table().add, {"thing": HQ}),
    "remove": (lambda: _table().remove, {"thing": vpcroute.VpcService("s", "s", via=EU, hostname="a")}),
    "set_default": (lambda: _table().set_default, {"network": "default"}),
    "set_health": (lambda: _table().set_health, {"connector": "eu", "state": "down", "place": "ME"}),
    "set_hosts": (lambda: _table().set_hosts, {"name": "a", "addresses": ["10.0.0.1"]}),
    "set_subnets": (lambda: _table().set_subnets, {"subnets": [("source", ip_network("100.64.0.0/12"))]}),
    "set_gateway": (lambda: _table().set_gateway, {"rules": [], "lists": [], "settings": {}}),
    "contains": (lambda: TABLE.__contains__, {"route": EU}),
    "exact": (lambda: TABLE.exact, {"destination": "10.0.0.0/8"}),
    "covering": (lambda: TABLE.covering, {"destination": "10.0.0.0/8"}),
    "covered": (lambda: TABLE.covered, {"destination": "10.0.0.0/8"}),
    "onramp": (lambda: TABLE.onramp, {"text": "den"}),
    "connector": (lambda: TABLE.connector, {"text": "eu"}),
    "select": (
        lambda: TABLE.select,
        {"via": EU, "kind": "subnet", "virtual_network": "default", "region": "ME", "health": "down"},
    ),
    "stand": (lambda: TABLE.stand, {"vantage": Vantage()}),
    "compile": (
        lambda: TABLE.compile,
        {"network_id": "cf1:network", "virtual_network": None, "region": None, "colo": None, "routing_mode": None},
    ),
    "compile for a tunnel": (lambda: TABLE.compile, {"tunnel_id": "eu"}),
    "compile for a service": (lambda: TABLE.compile, {"service_id": "s"}),
    "compile from a vantage": (lambda: lambda vantage: TABLE.compile(vantage), {"vantage": Vantage()}),  # noqa: PLW0108
    "table.resolve": (
        lambda: TABLE.resolve,
        {"address": "a:1", "answers": ["10.0.0.1"], "network_id": "cf1:network", "region": "ME", "colo": "den"},
    ),
    "resolve": (lambda: RESOLVER.resolve, {"address": "a:1", "answers": ["10.0.0.1"]}),
    "resolve_fetch": (lambda: RESOLVER.resolve_fetch, {"url": "http://a/", "answers": ["10.0.0.1"]}),
    "resolve_connect": (
        lambda: RESOLVER.resolve_connect,
        {"address": "a:1", "secure_transport": "off", "answers": ["10.0.0.1"]},
    ),
    "lookup": (lambda: RESOLVER.lookup, {"address": "a", "answers": ["10.0.0.1"]}),
    "lookup of a number": (lambda: RESOLVER.lookup, {"address": 10 << 24, "version": 4}),
    "lookup_many": (
        lambda: RESOLVER.lookup_many,
        {"addresses": b"\x0a\0\0\1", "version": 4, "out": bytearray(4)},
    ),
    "resolve_many": (lambda: lambda addresses: next(RESOLVER.resolve_many(addresses), None), {"addresses": ["a:1"]}),
    "Resolver.open": (lambda: vpcroute.Resolver.open, {"path": "no such file"}),
}
MODELS = [*CALLS][: [*CALLS].index("Vantage")]
MODELS.remove("EcmpGroup.pick")
LOADING = ("RouteTable.load", "Resolver.open")
#: What is not known or not there is told as Python's own containers tell it, where the call says so.
LOOKING = "announce withdraw add remove set_default set_health onramp connector select".split()


@pytest.mark.parametrize("call", CALLS)
def test_good_arguments_are_taken(call: str) -> None:
    make, good = CALLS[call]
    with contextlib.suppress(FileNotFoundError):
        make()(**good)


@pytest.mark.parametrize("call", CALLS)
def test_an_odd_argument_is_taken_or_refused(call: str) -> None:
    make, good = CALLS[call]
    for name in good:
        for value in (*ODD.values(), iter(())):
            try:
                make()(**{**good, name: value})
            except Exception as error:
                if not (isinstance(value, Grumpy) and str(error) in ("no items", "not comparable", "unhashable")):
                    _check(error, call, name)


def _check(error: Exception, call: str, name: str) -> None:
    said = f"{name}: {error!r:.200}"
    text = str(error)
    if isinstance(error, OSError):
        assert call in LOADING, said
        return
    if not isinstance(error, (RouteError, TypeError)):
        assert type(error) is ValueError or (isinstance(error, LookupError) and call in LOOKING), said
    assert "".join(text.splitlines()).isprintable(), said
    assert 0 < len(text) < 1000 or call == "lookup_many", said
    if call in MODELS:
        assert text.startswith(f"{call}."), said


@pytest.mark.parametrize("arguments", [(), (None,) * 4, (0, 0, RESOLVER, RESOLVER)], ids=len)
def test_no_resolver_is_made_without_its_parts(arguments: tuple[Any, ...]) -> None:
    """Compiled, it has pointers into them."""
    with pytest.raises((TypeError, AttributeError)):
        vpcroute.Resolver.__new__(vpcroute.Resolver, *arguments).lookup("10.0.0.1")


@pytest.mark.skipif(not vpcroute.COMPILED, reason="interpreted, whoever asks meanwhile reads nothing that is gone")
def test_a_resolver_stays_what_it_is() -> None:
    resolver: Any = TABLE.compile()
    other: Any = RouteTable().compile()
    found = resolver.lookup_many(bytes((10, 0, 0, 1)), 4)
    resolver.__init__(other.vantage, 0, **other.parts())
    assert resolver.generation == TABLE.generation
    assert resolver.lookup_many(bytes((10, 0, 0, 1)), 4) == found
