"""What was matched is what is dialed: the target reads back as itself, and no spelling gets around a refusal."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import NETWORK_VANTAGES
from test_agreement import examples
from test_exact_reading import CONNECT_HOSTS, CONNECT_PORTS, URLS, is_valid_host, near_canonical
from test_reader import texts

from vpcroute import (
    Gateway,
    InvalidAddress,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Target,
    Tunnel,
    Vantage,
)
from vpcroute.address import read_bare, read_connect, read_fetch
from vpcroute.compiler import compile_table
from vpcroute.ranges import PROHIBITED, SPECIAL
from vpcroute.reference import Reference
from vpcroute.remarks import RemarkCode
from vpcroute.strategies import networks
from vpcroute.strategies.routes import edges_of

INTERNET = Gateway()
TUNNEL = Tunnel("t-id", "t")


@cache
def through_a_tunnel() -> Resolver:
    table = RouteTable()
    table.add(TUNNEL)
    return table.compile(tunnel_id="t-id")


def as_written(target: Target) -> Target:
    """A target without the memory of how it was spelled."""
    return attrs.evolve(target, unmapped=False)


# The target reads back


@examples(150)
@given(st.one_of(URLS, near_canonical(), texts()))
def test_target_of_fetch_reads_back(url: str) -> None:
    """As a URL by fetch(); and by connect(), as far as it has the characters for the name."""
    try:
        found = through_a_tunnel().resolve_fetch(url)
    except RouteError:
        return
    dialed = str(found.target)
    assert read_fetch(f"{found.scheme}://{dialed}/") == as_written(found.target)
    assert through_a_tunnel().resolve_fetch(f"{found.scheme}://{dialed}").target == as_written(found.target)
    if is_valid_host(dialed):
        assert read_connect(dialed) == attrs.evolve(as_written(found.target), scheme="tcp")
    else:
        assert found.ip is None


@examples(100)
@given(st.one_of(st.builds("{}{}".format, CONNECT_HOSTS, CONNECT_PORTS), near_canonical(), texts()))
def test_target_of_connect_reads_back(address: str) -> None:
    try:
        found = through_a_tunnel().resolve_connect(address)
    except RouteError:
        return
    assert read_connect(str(found.target)) == as_written(found.target)
    assert through_a_tunnel().resolve(str(found.target)).target == as_written(found.target)


@examples(100)
@given(
    st.one_of(
        CONNECT_HOSTS.map(lambda host: host.strip("[]")),
        st.binary(min_size=4, max_size=4),
        st.binary(min_size=16, max_size=16),
    )
)
def test_target_of_a_bare_address_reads_back(address: str | bytes) -> None:
    try:
        target = read_bare(address)
        through_a_tunnel().lookup(address)
    except RouteError:  # of a name such as "a.." too, which no dialer gets to see
        return
    assert read_bare(str(target)) == as_written(target)
    if target.ip is not None:
        assert read_bare(target.ip.packed) == as_written(target)
        assert (str(target.ip), int(target.ip)) == (target.host, target.number)


@examples(150)
@given(st.one_of(URLS, near_canonical(), texts()))
def test_a_socket_takes_addresses_for_addresses_and_names_for_names(url: str) -> None:
    """As a name, ``0x7f.1`` would be an address to getaddrinfo()."""
    for call in (through_a_tunnel().resolve_fetch, through_a_tunnel().resolve_connect):
        try:
            found = call(url)
        except RouteError:
            continue
        if found.ip is None:
            with pytest.raises(socket.gaierror):
                socket.getaddrinfo(found.host, found.port, flags=socket.AI_NUMERICHOST)
        else:
            ((*_, address),) = socket.getaddrinfo(
                found.host, found.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
            assert (ip_address(address[0]), address[1]) == (found.ip, found.port)


@pytest.mark.parametrize("url", ["http://*/", "https://*.", "http://%2a:8080", "http://\uff0a/"])
def test_star_is_no_name_of_a_host(url: str) -> None:
    """getaddrinfo() of glibc takes it for no name at all, and gives the loopback address."""
    table = RouteTable()
    table.announce(SubnetRoute("0.0.0.0/0", TUNNEL))
    for vantage in (Vantage(), Vantage(tunnel_id="t-id")):
        for answerer in (Reference(table, vantage), compile_table(table, vantage)):
            for answers in (None, ["10.0.0.1"]):
                with pytest.raises(RouteError) as caught:
                    answerer.resolve_fetch(url, answers=answers)
                assert caught.value.code == "dns_error"


# Spellings with an IPv4 address inside


def _after(prefix: str) -> Callable[[int], int]:
    return lambda number: int(IPv6Address(prefix)) | number


#: IPv6 addresses that carry an IPv4 address inside.
SPELLINGS: dict[str, Callable[[int], int]] = {
    "mapped": _after("::ffff:0:0"),
    "compatible": _after("::"),
    "translated": _after("::ffff:0:0:0"),
    "nat64": _after("64:ff9b::"),
    "local nat64, /96": _after("64:ff9b:1::"),
    "local nat64, another /96": _after("64:ff9b:1:fffe:ffff:ffff::"),
    "local nat64, /48": lambda number: int(IPv6Address("64:ff9b:1::")) | number >> 16 << 64 | (number & 0xFFFF) << 40,
    "6to4": lambda number: int(IPv6Address("2002::1")) | number << 80,
    "6to4 network": lambda number: int(IPv6Address("2002::")) | number << 80,
    "teredo server": lambda number: int(IPv6Address("2001::")) | number << 64,
    "teredo client": lambda number: int(IPv6Address("2001::")) | number ^ 0xFFFFFFFF,
}

REFUSED = "127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 0.0.0.0 100.64.0.1 100.96.0.1 172.64.128.1".split()


def answer(answerer: Any, ip: object) -> object:
    """The egress of an address, or the code of the refusal."""
    try:
        return answerer.resolve(ip).egress
    except RouteError as error:
        return error.code


def answerers(*prefixes: str) -> list[Any]:
    table = RouteTable()
    for prefix in prefixes:
        table.announce(SubnetRoute(prefix, TUNNEL))
    return [Reference(table, Vantage()), table.compile()]


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    "routes",
    [(), ("::/0",), ("2000::/3", "64:ff9b::/32"), ("64:ff9b::/96", "2002::/16", "2001::/32", "::/96")],
    ids=str,
)
def test_no_spelling_gets_around_a_refusal(routes: tuple[str, ...], spell: Callable[[int], int]) -> None:
    for answerer in answerers(*routes):
        for text in REFUSED:
            ip = IPv4Address(text)
            refusal, found = answer(answerer, ip), answer(answerer, IPv6Address(spell(int(ip))))
            assert isinstance(refusal, str)
            assert found in (refusal, "destination_ip_prohibited")


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_no_spelling_is_dialed_as_the_answer_of_a_name(spell: Callable[[int], int]) -> None:
    for answerer in answerers("::/0"):
        for text in REFUSED:
            spelled = IPv6Address(spell(int(IPv4Address(text))))
            found = answerer.resolve("db.corp:5432", answers=[spelled, "93.184.216.34"])
            assert (found.egress, str(found.target)) == (INTERNET, "93.184.216.34:5432")
            assert [remark.code for remark in found.remarks] == [RemarkCode.ANSWER_REFUSED]
            with pytest.raises(RouteError) as caught:
                answerer.resolve("db.corp:5432", answers=[spelled])
            assert caught.value.code.startswith("destination_ip_")


def test_mapped_address_is_the_ipv4_address() -> None:
    for answerer in answerers("10.0.0.0/8", "::/0"):
        for text in ("10.0.0.1", "93.184.216.34"):
            plain = answerer.resolve(f"{text}:80")
            mapped = answerer.resolve(f"[::ffff:{text}]:80")
            assert mapped.egress == plain.egress
            assert as_written(mapped.target) == plain.target
            assert str(mapped.target) == f"{text}:80"


@pytest.mark.parametrize("interface", [0x00005EFE, 0x02005EFE], ids=hex)
def test_isatap_interface_identifier_changes_nothing(interface: int) -> None:
    """The prefix decides, as for every address with it: only the network that owns it sees more in the address."""
    for prefix, want in [
        ("2606:2800:220::", INTERNET),
        ("fd00::", "destination_ip_unroutable"),
        ("fd01::", TUNNEL),
        ("fe80::", "destination_ip_prohibited"),
        ("2002:a00:1::", "destination_ip_prohibited"),
    ]:
        for answerer in answerers("fd01::/64"):
            for text in REFUSED:
                ip = IPv6Address(int(IPv6Address(prefix)) | interface << 32 | int(IPv4Address(text)))
                assert answer(answerer, ip) == want == answer(answerer, IPv6Address(int(IPv6Address(prefix)) | 1 << 34))


@examples(30)
@given(st.data())
def test_no_spelling_gets_around_a_refusal_in_any_network(data: st.DataObject) -> None:
    """Whatever is announced, and from wherever it is asked; a device's own address is a destination all the same."""
    network = data.draw(networks())
    vantage = data.draw(st.sampled_from(NETWORK_VANTAGES))
    table = network.table()
    owned = {getattr(route, "address", None) for route in network.routes}
    edges = [ip for ip in edges_of(network.routes) if ip.version == 4][::3]
    edges += [IPv4Address(data.draw(st.integers(0, 2**32 - 1))), *map(IPv4Address, REFUSED)]
    spell = data.draw(st.sampled_from(sorted(SPELLINGS)))
    for answerer in (Reference(table, vantage), compile_table(table, vantage)):
        for ip in edges:
            spelled = IPv6Address(SPELLINGS[spell](int(ip)))
            plain, found = answer(answerer, ip), answer(answerer, spelled)
            if spelled not in owned and isinstance(plain, str):
                assert isinstance(found, str), (spell, ip)


def test_ranges_with_an_ipv4_address_inside_have_a_source_and_a_hint() -> None:
    inside = {str(r.network): r for r in SPECIAL if r.hint is not None and "IPv4" in r.hint}
    assert set(inside) == {"::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"}
    assert all("RFC" in r.source for r in inside.values())
    assert set(inside.values()) <= set(PROHIBITED)


# Names


def test_no_private_address_leaves_through_gateway() -> None:
    """Where nothing is announced, what goes to the Internet is public in every spelling that there is."""
    for answerer in answerers():
        for text in REFUSED:
            number = int(IPv4Address(text))
            octets = number.to_bytes(4)
            spelled = [
                f"http://{text}/",
                f"http://{text}./",
                f"http://{number}/",
                f"http://{number:#x}/",
                f"http://0{number:o}/",
                f"http://{octets[0]}.{number & 0xFFFFFF}/",
                f"http://{octets[0]}.{octets[1]}.{number & 0xFFFF}/",
                "http://" + ".".join(f"{octet:#04x}" for octet in octets) + "/",
                "http://" + ".".join(f"{octet:04o}" for octet in octets) + "/",
                "http://" + "".join(f"%{ord(c):x}" for c in text) + "/",
                "http://" + text.replace(".", "\u3002") + "/",
                "http://" + "".join(chr(ord(c) + 0xFEE0) for c in text) + "/",
                "http://" + "\u00ad".join(text) + "/",
                f"http://93.184.216.34@{text}/",
                *(f"http://[{IPv6Address(spell(number))}]/" for spell in SPELLINGS.values()),
                *(f"http://[{IPv6Address(spell(number)).exploded.upper()}]/" for spell in SPELLINGS.values()),
                f"http://[::ffff:{text}]/",
                f"http://[64:ff9b::{text}]/",
            ]
            for url in spelled:
                assert isinstance(answer(answerer, url), str), url
            assert isinstance(answer(answerer, (text, 80)), str)
            assert isinstance(answer(answerer, f"{text}:80"), str)


def test_answers_are_addresses_and_nothing_else() -> None:
    for answerer in answerers("10.0.0.0/8"):
        for wrong in (
            "127.1",
            "0x7f000001",
            "2130706433",
            "fe80::1%eth0",
            "[::1]",
            "10.0.0.1:80",
            "db.corp",
            "",
            1,
            None,
        ):
            with pytest.raises((InvalidAddress, TypeError)):
                answerer.resolve("db.corp:80", answers=[wrong])
        found: Resolution = answerer.resolve("db.corp:80", answers=[ip_address("127.0.0.1"), "10.0.0.1"])
        assert str(found.target) == "10.0.0.1:80"
