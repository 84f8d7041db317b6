"""Addresses are read exactly: fetch URLs as the URL standard reads them, connect addresses as workerd does.

The first are held against the Web Platform Tests' own expectations and against ada, without the reader between; the
second against workerd's steps as they stand in its source (src/workerd/api/sockets.c++, ``connectImpl`` and
``isValidHost``), told once more here.
"""

from __future__ import annotations

import json
import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ada_url import URL
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import examples
from test_reader import texts

from vpcroute import InvalidAddress, Resolver, RouteError, RouteTable, Tunnel
from vpcroute.strategies.hosts import ipv6_hosts, words
from vpcroute.strategies.routes import rarely

SUITE = Path(__file__).parents[2] / "shared" / "data" / "urltestdata.json"


class Reading(NamedTuple):
    """What an address says."""

    scheme: str
    host: str
    port: int
    ip: IPv4Address | IPv6Address | None


IMPOSSIBLE_NAME = "dns_error"
UNREADABLE = "invalid_address"


@cache
def resolver() -> Resolver:
    """One through a tunnel binding: there every address has a way, and only unreadable ones are refused."""
    table = RouteTable()
    table.add(Tunnel("t-id", "t"))
    return table.compile(tunnel_id="t-id")


def ours(call: str, address: object) -> Reading | str:
    """Our reading, or the code of the refusal."""
    try:
        found = getattr(resolver(), call)(address)
    except RouteError as error:
        return error.code if isinstance(error, InvalidAddress) == (error.code != IMPOSSIBLE_NAME) else repr(error)
    assert (found.host, found.ip) == (found.target.host, found.target.ip)
    return Reading(found.scheme, found.host, found.port, found.ip)


def normalised(scheme: str, host: str, port: int) -> Reading | str:
    """A reading from the host as a URL parser writes it: mapped addresses as what they are, no trailing dot, no port 0.

    Or what becomes of a name that no host can have: one that DNS cannot hold, or ``*``.
    """
    if port == 0:
        return UNREADABLE
    ip: Any = None
    if host.startswith("["):
        ip = IPv6Address(host[1:-1])
        ip = ip.ipv4_mapped or ip
    elif re.fullmatch(r"[0-9]+(\.[0-9]+){3}", host):
        ip = ip_address(host)
    if ip is not None:
        return Reading(scheme, str(ip), port, ip)
    name = host[:-1] if host.endswith(".") else host
    possible = name != "*" and all(1 <= len(label) <= 63 for label in name.split(".")) and len(name) <= 253
    return Reading(scheme, name, port, None) if possible else IMPOSSIBLE_NAME


def by_ada(url: str) -> Reading | str:
    """The reading of ada, which is given a URL as JavaScript gives it: without lone surrogates."""
    try:
        parsed = URL(re.sub("[\ud800-\udfff]", "\ufffd", url))
    except ValueError:
        return UNREADABLE
    if parsed.protocol not in ("http:", "https:"):
        return UNREADABLE
    default = "80" if parsed.protocol == "http:" else "443"
    return normalised(parsed.protocol[:-1], parsed.hostname, int(parsed.port or default))


# The suite of the standard


def expected(case: dict[str, Any]) -> Reading | str:
    if case.get("failure") or case["protocol"] not in ("http:", "https:"):
        return UNREADABLE
    default = "80" if case["protocol"] == "http:" else "443"
    return normalised(case["protocol"][:-1], case["hostname"], int(case["port"] or default))


def is_absolute(case: dict[str, Any]) -> bool:
    """Whether the base takes no part: the input has a scheme, and does not lean on a base with the same one."""
    text = re.sub("[\t\n\r]", "", case["input"].strip("".join(map(chr, range(0x21)))))
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", text)
    base = case.get("base")
    if base is None or scheme is None:
        return base is None
    same = base.lower().startswith(scheme[0].lower())
    return not same or text[scheme.end() :].startswith("//")


@pytest.mark.skipif(not SUITE.exists(), reason=f"the URL suite is not there: {SUITE}")
def test_urls_of_the_web_platform_tests() -> None:
    """Read as the suite says, not as ada does."""
    cases = [case for case in json.loads(SUITE.read_text("utf-8")) if isinstance(case, dict) and is_absolute(case)]
    readings = [(case["input"], expected(case), ours("resolve_fetch", case["input"])) for case in cases]
    assert [reading for reading in readings if reading[1] != reading[2]] == []
    assert len([want for _, want, _ in readings if isinstance(want, Reading)]) >= 150
    assert len([want for _, want, _ in readings if want == UNREADABLE]) >= 150


# URLs around every border of the standard

FULL_WIDTH = str.maketrans({**{chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}})
SAME_DOTS = ["\u3002", "\uff0e", "\uff61"]
IGNORED = ["\u00ad", "\u200b", "\u2060", "\ufe0f", "\u180b"]  # UTS 46 maps them to nothing
REMOVED = ["\t", "\n", "\r"]


@st.composite
def numbers(draw: st.DrawFn, value: int) -> str:
    """A number as the URL standard takes it, or nearly."""
    form = draw(st.sampled_from(["d", "d", "o", "x", "X"]))
    zeros = "0" * draw(st.sampled_from([0, 0, 0, 1, 2, 9, 40]))
    text = {"d": str(value), "o": f"0{zeros}{value:o}", "x": f"0x{zeros}{value:x}", "X": f"0X{zeros}{value:X}"}[form]
    return draw(rarely(st.just(text), words("0x 0X 00 08 0x0g 0xx 1e3 +1 -0 ") | st.just(zeros + text)))


@st.composite
def ipv4_spellings(draw: st.DrawFn) -> str:
    """An IPv4 address in one to four numbers, or a number more or too large."""
    value = draw(st.integers(0, 2**32 - 1) | st.sampled_from([0x7F000001, 0x0A000132, 0xA9FEA9FE, 0, 2**32 - 1]))
    count = draw(st.sampled_from([1, 2, 3, 4, 4, 4, 5]))
    parts = [value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255][: count - 1]
    parts.append(value & (1 << 8 * max(0, 5 - count)) - 1)
    wrong = draw(st.sampled_from([-1] * 20 + list(range(len(parts)))))
    parts = [part + draw(st.sampled_from([0, 256, 2**32])) * (i == wrong) for i, part in enumerate(parts)]
    return ".".join(draw(numbers(part)) for part in parts) + draw(rarely(st.just(""), words(". .. .a .0x ..1")))


UNICODE_LABELS = words(
    "b\u00fccher B\u00dcCHER stra\u00dfe \u03b1\u03c2 \u4e2d\u6587 \u0627\u0644 \U0001f600 \u212a \u0130 \u2460 "
    "a\u0301 \u0301a \u05d0a a\u2260 \uff21 \u2100 \u2488 \u1e9e \u3164 \ud7a3 a\u200db \u0915\u094d\u200d\u0937 "
    "xn--bcher-kva XN--BCHER-KVA xn-- xn--a xn--p1ai xn--nxasmq6b xn--a-ecp.ru "
    "* -a- ab--c a_b a!b a'b a(b) a+b a;b=c a~b a`b a{b}"
)
UNICODE_NAMES = st.lists(UNICODE_LABELS, min_size=1, max_size=3).map(".".join)
ODD_BRACKETS = words("[] [ ] [[::1]] [::1 ::1] [::1]] [::1]x x[::1] [1] [10.0.0.1] [v1.a] [::%31] [::1%25eth0] [:::]")


@st.composite
def mangled(draw: st.DrawFn, host: str) -> str:
    """A host, spelled in another way that the standard undoes; or in one that it does not."""
    kind = draw(st.integers(0, 9))
    at = draw(st.integers(0, max(0, len(host) - 1)))
    if kind == 0:
        return host.translate(FULL_WIDTH)
    if kind == 1:
        return host[:at] + host[at : at + 1].translate(FULL_WIDTH) + host[at + 1 :]
    if kind == 2:
        return host.replace(".", draw(st.sampled_from(SAME_DOTS)), draw(st.sampled_from([-1, 1])))
    if kind == 3:
        return host[:at] + "".join(f"%{octet:02X}" for octet in host[at : at + 1].encode()) + host[at + 1 :]
    if kind == 4:
        return "".join(f"%{octet:02x}" for octet in host.encode())
    if kind == 5:
        return host[:at] + draw(st.sampled_from(IGNORED + REMOVED)) + host[at:]
    if kind == 6:
        return host.upper()
    if kind == 7:
        return host[:at] + draw(words("%00 %2 % %zz %25 %2F %40 %3A %5B %C3 %ff %e2%80%8b < > ^ | \\ \x7f \x00 \u2028"))
    return host


HOSTS = st.one_of(ipv4_spellings(), ipv4_spellings(), UNICODE_NAMES, ipv6_hosts(), ODD_BRACKETS).flatmap(mangled)
SCHEMES = rarely(
    st.sampled_from(["http://", "https://", "HTTP://", "http:", "https:/", "http:\\\\", "https:///", "http:/\\/"]),
    st.sampled_from(
        [" http://", "\x1fhttp://", "h\tttp://", "http\n:/\r/", "http://\t", "httpx://", "ws://", "\xa0http://"]
    ),
)
USERS = rarely(
    st.just(""), words("u@ u:p@ :@ @ @@ u@@ u:p:q@ 10.0.0.1@ 10.0.0.1:80@ [::1]@ u%40v@ u\\@ u/@ u?@ u#@ u\t@ \u00e9@")
)
PORTS = rarely(
    words(":80 :443 :8080 :65535 :0080 :00000443 :000000000000000000001 :") | st.just(""),
    words(":0 :000 :65536 :065535 :99999999999999999999 :-1 :+1 :8a :0x50 :80:80 :\uff18 :8%30 : 80")
    | st.just(":8\t0"),
)
TAILS = st.sampled_from(
    ["", "", "/", "/x", "?q", "#f", "\\x", "\\@h", "/@h", "?@h", "#@h", " ", "\n", "/\ud800", "\ud800"]
)
URLS = st.builds("{}{}{}{}{}".format, SCHEMES, USERS, HOSTS, PORTS, TAILS)

CANONICAL = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n))),
    st.integers(0, 2**128 - 1).map(lambda n: f"[{IPv6Address(n)}]"),
    words("a a.b x-1.y_2 1a.b0 internal.local xn-.a a--b 9.a 1.2.3.a"),
)
MUTANTS = [
    *"0189aAfFgxXz.:-_/\\?#@%[]\t\n \0\x7f",
    "\u00ad",
    "\uff0e",
    "\uff11",
    "\u00df",
    "\ud800",
    "//",
    "%2e",
    "0x",
    "xn--",
]


@st.composite
def near_canonical(draw: st.DrawFn) -> str:
    """A canonical URL or connect address with one character put in, left out or put over, or unchanged."""
    text = (
        draw(words("http:// https://") | st.just(""))
        + draw(CANONICAL)
        + draw(words(":80 :443 :1 :65535") | st.just(""))
    )
    at = draw(st.integers(0, len(text)))
    kind = draw(st.integers(0, 3))
    put = draw(st.sampled_from(MUTANTS)) if kind else ""
    return text[:at] + put + text[at + (kind == 2) + (not kind) :] if draw(st.integers(0, 7)) else text


@examples(250)
@given(st.one_of(URLS, URLS, near_canonical(), texts()))
def test_fetch_reads_what_the_url_parser_reads(url: str) -> None:
    assert ours("resolve_fetch", url) == by_ada(url)


# connect()

NOT_PARSED = "Specified address could not be parsed."
NO_HOST = "Specified address is missing hostname."
NO_PORT = "Specified address is missing port."
CHARACTERS = "Specified address is empty string, contains unsupported characters or is too long."
ALLOWED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]")


def is_valid_host(address: str) -> bool:
    return 1 <= len(address) <= 255 and all(character in ALLOWED for character in address)


def by_workerd(address: str) -> str | None:
    """workerd's message for a connect address as text, or None where it goes on to dial it."""
    try:
        url = URL("fake://" + re.sub("[\ud800-\udfff]", "\ufffd", address))
    except ValueError:
        return NOT_PARSED
    if url.hostname == "":
        return NO_HOST
    if url.port == "":
        return NO_PORT
    return None if is_valid_host(address) else CHARACTERS


def dialed(host: str, port: int) -> Reading | set[str]:
    """The one thing that every dialer makes of it, or the codes of the refusal where there is more than one.

    ``0x7f.1`` or ``127.1`` is an address to getaddrinfo() and a name to others; in doubt is also port 0, and IPv6
    without brackets, which runs into the port.
    """
    if port == 0:
        return {UNREADABLE}
    if host.startswith("[") and host.endswith("]"):
        try:
            return normalised("tcp", f"[{IPv6Address(host[1:-1]).compressed}]", port)  # type: ignore[return-value]
        except ValueError:
            return {UNREADABLE}
    if set(host) & set(":[]"):
        return {UNREADABLE}
    if re.fullmatch(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}", host) and all(
        int(o) < 256 for o in host.split(".")
    ):
        return Reading("tcp", host, port, IPv4Address(host))
    name = host.lower()[:-1] if host.endswith(".") else host.lower()
    if re.fullmatch(r"(?s)(.*\.)?([0-9]+|0x[0-9a-f]*)", name):
        return {"ambiguous_address"}
    reading = normalised("tcp", name, port)
    if name == "" or name.endswith("."):
        return {UNREADABLE, IMPOSSIBLE_NAME}
    return reading if isinstance(reading, Reading) else {reading}


def check_connect(argument: object, message: str | None, host: str, port: int) -> None:
    found = ours("resolve_connect", argument)
    if message is not None:
        assert found == UNREADABLE
        with pytest.raises(InvalidAddress) as caught:
            resolver().resolve_connect(argument)  # type: ignore[arg-type]
        assert str(caught.value) == message
        return
    want = dialed(host, port)
    assert found in want if isinstance(want, set) else found == want


CONNECT_HOSTS = rarely(
    st.one_of(CANONICAL, ipv4_spellings(), ipv6_hosts(), UNICODE_NAMES, ODD_BRACKETS),
    words("A.B. a.b. a.b.. . .. a..b .a u@h h/p h?q h#f \\h //h http://h %61 a%2eb * a,b \u00e9 fd00::1 ::1 1.2.3.4.")
    | st.just(""),
)
CONNECT_PORTS = rarely(
    words(":1 :80 :443 :6379 :65535 :080 :000080"),
    words(": :0 :00 :65536 :99999 :-1 :+1 :8a :80:80 :80/ :80? :80# : :\uff18 :000000000000080")
    | st.sampled_from(["", ":8\t0", ":80\n"]),
)


@examples(150)
@given(st.one_of(st.builds("{}{}".format, CONNECT_HOSTS, CONNECT_PORTS), near_canonical(), texts()))
def test_connect_takes_workerds_steps(address: str) -> None:
    host, _, port = address.rpartition(":")
    message = by_workerd(address)
    check_connect(address, message, host, int(port) if message is None else 0)


@examples(60)
@given(CONNECT_HOSTS, st.integers(0, 65535))
def test_connect_takes_workerds_steps_for_a_record(host: str, port: int) -> None:
    """The record is not parsed: its characters are looked at, and that is all."""
    message = None if is_valid_host(f"{host}:{port}") else CHARACTERS
    if message is None and host == "":
        message = NO_HOST  # where workerd goes on, to ":80"
    check_connect({"hostname": host, "port": port}, message, host, port)
