"""The quick reader of canonical texts reads what the exact readers read, and only that.

Each text goes through the compiled resolver and through the rules as they are written: the same answer, or the same
error down to its hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import Question
from test_agreement import examples, outcome

from vpcroute import HostnameRoute, Resolution, Resolver, RouteError, RouteTable, SubnetRoute, Tunnel, Vantage
from vpcroute.fib.resolution import spelled
from vpcroute.reference import Reference
from vpcroute.strategies import connect_addresses, fetch_urls, hosts
from vpcroute.strategies.hosts import long_name

CALLS = ("resolve", "resolve_fetch", "resolve_connect", "lookup")


class Text(str):
    """A str, but not of that very type."""

    __slots__ = ()


@cache
def answerers() -> tuple[Resolver, Reference]:
    """Both, for a table in which every address that may be asked for has a way, and some names."""
    everywhere, named = Tunnel("t-id", "t"), Tunnel("n-id", "n")
    table = RouteTable()
    for prefix in ("0.0.0.0/0", "::/0"):
        table.announce(SubnetRoute(prefix, everywhere))
    for hostname in ("a", "h", "internal.local", "*.internal.local", "ht", "http"):
        table.announce(HostnameRoute(hostname, named))
    table.announce(HostnameRoute("stopped.local", named, in_force=False))
    table.set_hosts("known.local", ["10.0.0.1"])
    return table.compile(), Reference(table, Vantage())


def details(answer: object) -> object:
    """All of an answer, also what makes no difference for equality."""
    if isinstance(answer, tuple) and isinstance(answer[1], Resolution):
        answer = answer[1]
        return answer, answer.host, answer.target, answer.port, answer.scheme, answer.ip, answer.generation
    return answer


def agree(text: str, calls: tuple[str, ...] = CALLS) -> list[object]:
    """The answers to a text, which are the same from both."""
    resolver, reference = answerers()
    found = []
    for call in calls:
        question = Question(call, text)
        by_resolver, by_rules = (details(outcome(answerer, question)) for answerer in (resolver, reference))
        assert by_resolver == by_rules, f"{call}({text!a})"
        found.append(by_resolver)
    return found


# Texts around the border between what the quick reader reads and what it leaves


def texts() -> st.SearchStrategy[str]:
    """URLs and connect addresses that are canonical, or nearly."""
    return st.one_of(fetch_urls(), connect_addresses(), fetch_urls().map(Text))


@examples(400)
@given(texts())
def test_quick_reader_agrees_with_the_rules(text: str) -> None:
    agree(text)


@examples(100)
@given(st.one_of(hosts(), st.text(max_size=12), st.text("0123456789.:[]ahtpsx/-", max_size=16)))
def test_quick_reader_agrees_with_the_rules_on_hosts_and_snippets(text: str) -> None:
    for before, after in (("", ""), ("", ":80"), ("http://", ""), ("https://", ":8443/x")):
        agree(f"{before}{text}{after}")


@examples(75)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**128 - 1), st.integers(1, 65535))
def test_quick_reader_reads_every_address(four: int, six: int, port: int) -> None:
    """What stands there comes out: host, port and address."""
    for ip, host in ((IPv4Address(four), str(IPv4Address(four))), (IPv6Address(six), f"[{IPv6Address(six)}]")):
        for text, scheme in (
            (f"{host}:{port}", "tcp"),
            (f"http://{host}:{port}/", "http"),
            (f"https://{host}:{port}", "https"),
        ):
            answer, *_ = agree(text, ("resolve",))
            if isinstance(answer, tuple) and isinstance(answer[0], Resolution) and answer[0].target.unmapped is False:
                assert answer[1:6] == (str(ip), answer[0].target, port, scheme, ip)


@examples(75)
@given(st.integers(0, 2**128 - 1), st.integers(0, 7), st.integers(0, 8))
def test_quick_reader_reads_ipv6_with_a_gap_anywhere(number: int, start: int, stop: int) -> None:
    """Groups from `start` up to `stop` are zero and left out."""
    groups = [f"{number >> 112 - 16 * i & 0xFFFF:x}" for i in range(8)]
    groups[start:stop] = ["0"] * max(0, stop - start)
    whole = int(IPv6Address(":".join(groups)))
    short = ":".join(groups[:start]) + "::" + ":".join(groups[max(start, stop) :])
    texts = [":".join(groups), short] if stop > start else [":".join(groups)]
    for text in [*texts, *(text.upper() for text in texts)]:
        answer, *_ = agree(f"[{text}]:443", ("resolve",))
        if isinstance(answer, tuple) and isinstance(answer[0], Resolution) and answer[0].ip is not None:
            assert int(answer[0].ip) == (whole & 0xFFFFFFFF if answer[0].ip.version == 4 else whole)
        agree(f"https://[{text}]/")


# Every length at which something changes


@examples(300)
@given(st.lists(st.sampled_from([0, 0, 1, 0xF, 0x10, 0xABC, 0xFFFF]), min_size=8, max_size=8))
def test_an_ipv6_address_is_spelled_as_the_standard_library_does(groups: list[int]) -> None:
    number = sum(group << (112 - 16 * i) for i, group in enumerate(groups))
    spell: Any = spelled
    if number >> 32 != 0xFFFF:  # IPv4-mapped
        assert spell(number >> 64, number & (2**64 - 1)) == str(IPv6Address(number))


@pytest.mark.parametrize("size", [*range(0, 12), *range(60, 68), *range(240, 270)])
def test_names_of_every_length(size: int) -> None:
    for name in {"a" * size, long_name(size) if size else "", f"{'a.' * (size // 2)}b"}:
        for text in (f"{name}:1", f"{name}:65535", f"http://{name}", f"https://{name}:8443/", f"http://{name}.", name):
            agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://internal.local:8080/a?b#c",
        "https://10.0.0.1:65535/",
        "http://[2001:db8::1]:8080/x",
        "internal.local:22",
        "10.255.255.255:1",
        "[fd00::1]:65535",
        "h:8",
        "ht:80",
        "http:80",
        "https:443",
        "http:8080",
        "http://http:80/",
        "http://1.2.3.4.5:80/",
        "[::ffff:10.0.0.1]:80",
        "http://[::ffff:a00:1]/",
        "http:\\\\10.0.0.1/",
    ],
)
def test_truncated_at_every_character(text: str) -> None:
    for stop in range(len(text) + 1):
        agree(text[:stop])
        agree(text[stop:])
        agree(text[:stop] + text[stop + 1 :])


@pytest.mark.parametrize(
    "text", ["http://a.b:80/x", "https://10.0.0.1:8/", "http://[::1:2]:80/", "a.b:80", "10.0.0.1:8", "[::1:2]:80"]
)
def test_every_octet_at_every_place(text: str) -> None:
    """Each of ASCII and some beyond it, put in and put over."""
    characters = [*map(chr, range(0x100)), "\u0100", "\u0130", "\u212a", "\u3002", "\ud800", "\U0001f600"]
    for at in range(len(text) + 1):
        for character in characters[at % 3 :: 3]:
            agree(text[:at] + character + text[at:], ("resolve",))
            agree(text[:at] + character + text[at + 1 :], ("resolve",))


@pytest.mark.parametrize(
    "port", [*range(12), 79, 80, 81, 442, 443, 444, 9999, 10000, 65534, 65535, 65536, 65537, 99999, 100000]
)
def test_ports(port: int) -> None:
    for host in ("a", "internal.local", "10.0.0.1", "[fd00::1]"):
        for digits in (
            f"{port}",
            f"0{port}",
            f"{port:05}",
            f"{port:06}",
            f"{port}0",
            f"{port} ",
            f"{port}/",
            f"{port}?",
            f"{port}:",
        ):
            for scheme in ("", "http://", "https://"):
                agree(f"{scheme}{host}:{digits}", ("resolve", "resolve_fetch" if scheme else "resolve_connect"))


@pytest.mark.parametrize(
    "octet", [*"0 9 10 99 100 199 200 249 250 255 256 260 300 999 00 01 010 0x1 1000 a".split(), ""]
)
def test_octets(octet: str) -> None:
    for at in range(4):
        octets = ["10", "0", "0", "1"]
        octets[at] = octet
        quad = ".".join(octets)
        for text in (
            quad,
            f"{quad}:80",
            f"http://{quad}",
            f"https://{quad}:8443/",
            f"http://{quad}.",
            f"[::ffff:{quad}]:80",
        ):
            agree(text)


# What comes of it, case by case

BAD = "invalid_address"
AMBIGUOUS = "ambiguous_address"


def cases() -> Iterator[tuple[str, str, str]]:
    """A call, a text, and the target that it comes to, or the code of its error."""
    yield from (
        ("resolve", "http://internal.local", "internal.local:80"),
        ("resolve", "https://internal.local", "internal.local:443"),
        ("resolve", "http://internal.local:8080/x?y#z", "internal.local:8080"),
        ("resolve", "http://internal.local?y", "internal.local:80"),
        ("resolve", "http://internal.local#z", "internal.local:80"),
        ("resolve", "https://10.0.0.1:65535/", "10.0.0.1:65535"),
        ("resolve", "10.0.0.1:1", "10.0.0.1:1"),
        ("resolve", "[fd00:0:0::1]:22", "[fd00::1]:22"),
        ("resolve", "[FD00::1]:22", "[fd00::1]:22"),
        ("resolve", "[::ffff:10.0.0.1]:22", "10.0.0.1:22"),
        ("resolve", "[::ffff:a00:1]:22", "10.0.0.1:22"),
        ("resolve", "http://[::ffff:a00:1]/", "10.0.0.1:80"),
        ("resolve", "[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1"),
        ("resolve", "[1::]:1", "[1::]:1"),
        ("resolve", "h:8", "h:8"),
        ("resolve", "ht:8", "ht:8"),
        ("resolve", "http://http:80", "http:80"),
        ("resolve", "http://u:p@internal.local/", "internal.local:80"),
        ("resolve_fetch", "http://INTERNAL.local/", "internal.local:80"),
        ("resolve_fetch", "http:internal.local", "internal.local:80"),
        ("resolve_fetch", "http:\\\\internal.local", "internal.local:80"),
        ("resolve_fetch", "ht\ttp://internal\n.local/", "internal.local:80"),
        ("resolve_fetch", "http://0x0a.1/", "10.0.0.1:80"),
        ("resolve_fetch", "http://internal.local:00080/", "internal.local:80"),
        ("resolve_fetch", "http://internal.local:/", "internal.local:80"),
        ("resolve_fetch", "http://internal.local/\ud800", "internal.local:80"),
        ("resolve_connect", "known.local:443", "10.0.0.1:443"),
        ("resolve", "http://known.local", "10.0.0.1:80"),
        ("resolve", "http://stopped.local", "route_not_in_force"),
    )
    for text in ("", ":", "h", "h:", "h:0", "h:65536", "10.0.0.1", "[::1", "[::1]", "[]:1", "a b:1", "a\0:1"):
        yield "resolve", text, BAD
    for text in ("http://", "https://", "http://[::1", "http:///"):
        yield "resolve", text, BAD
    for host in ("10.0.0.256", "1.2.3.4.5", "a:65536", "a:x", "[1::2::3]", "[g::]"):
        yield "resolve", f"http://{host}/", BAD
    for host in ("1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", ":1", "1:", "::1%1"):
        yield "resolve", f"[{host}]:1", BAD


@pytest.mark.parametrize(("call", "text", "want"), list(cases()))
def test_case(call: str, text: str, want: str) -> None:
    (found,) = agree(text, (call,))
    agree(text)
    if isinstance(found, tuple) and isinstance(found[0], Resolution):
        assert str(found[0].target) == want
    else:
        resolver, _ = answerers()
        ask: Callable[[Any], object] = getattr(resolver, call)
        with pytest.raises(RouteError) as caught:
            ask(text)
        assert caught.value.code == want


@pytest.mark.parametrize("text", ["http:80", "https:443", "http:8080", "http:1", "https:65535"])
def test_scheme_or_host_is_left_to_the_exact_reader(text: str) -> None:
    """fetch() would take the number for a host, connect() for a port."""
    with pytest.raises(RouteError) as caught:
        answerers()[0].resolve(text)
    assert caught.value.code == AMBIGUOUS
    agree(text)


def test_str_subclass_is_read_as_the_text_that_it_is() -> None:
    for text in ("http://a/", "a:1", "10.0.0.1", "10.0.0.1:1", "[fd00::1]:1", "http:80", ""):
        assert agree(Text(text)) == agree(text)
