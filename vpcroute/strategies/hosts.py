"""Strategies for what is asked: hosts in every spelling, fetch URLs, connect addresses, near misses of a table.

They aim at the border between what is read and what is refused, and between what one reader takes for an address and
another for a name. Most of what is drawn is well formed but for one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from hypothesis import strategies as st

from vpcroute.fields import IPAddress
from vpcroute.strategies.routes import addresses, names, rarely
from vpcroute.table import RouteTable

__all__ = [
    "bare_addresses",
    "connect_addresses",
    "connect_records",
    "fetch_urls",
    "hosts",
    "ipv4_hosts",
    "ipv6_hosts",
    "long_name",
    "name_hosts",
    "near_misses",
    "spellings",
    "words",
]


def words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


# Hosts

#: Digits for str.isdigit(), but not for every reader of addresses.
_NOT_ASCII_DIGITS: Final = ("\u0661", "\uff11", "\u00b9")
_ODD_OCTETS: Final = (
    *"256 257 260 299 300 999 1000 00 01 010 000 0255 0x1 0xff +1 -1 1_0 4294967295 4294967296".split(),
    *("", " 1", "1 ", *_NOT_ASCII_DIGITS),
)
_GROUPS: Final = rarely(
    words("0 1 a f ffff FFFF fFfF 00ab 0000 8000 7fff 64 fe80 2001 db8"),
    st.sampled_from(["12345", "00000", "g", "", " 1", "1 ", "0x1", "-1", *_NOT_ASCII_DIGITS]),
)
_LABELS: Final = rarely(
    words("a b h ht x b-c _x a_b x1 a1 xn xn- x-n--a ab--c http https localhost internal local stopped known")
    | st.sampled_from([61, 62, 63]).map(lambda count: "a" * count),
    words("1 1a 0x1 0xg 0x 9z 08 A aB -a a- xn-- xn--a xn--p1ai Xn--p1ai xn--nxasmq6b * %61 a%2eb a+b a,b a$b a=b")
    | st.sampled_from(["", "a" * 64, "b" * 65, "\u00e9", "\u00df", "\u00ad", "\u4e2d", "\U0001f600", "\ud800", "a b"]),
)
_ZONES: Final = rarely(st.just(""), words("%1 %25 %25eth0 % /"))
_OPENINGS: Final = rarely(st.just("["), words("[ [[ ("))
_CLOSINGS: Final = rarely(st.just("]"), words("] ]] )"))


@cache
def ipv4_hosts() -> st.SearchStrategy[str]:
    """Numbers with dots between them: mostly four octets, and mostly decimal."""
    octets = rarely(st.integers(0, 255).map(str), st.sampled_from(_ODD_OCTETS))
    counts = st.sampled_from([4] * 8 + [1, 2, 3, 5])
    return counts.flatmap(lambda count: st.lists(octets, min_size=count, max_size=count).map(".".join))


@st.composite
def ipv6_hosts(draw: st.DrawFn) -> str:
    """IPv6 addresses in brackets, in every spelling and a zone at times, mostly right ones."""
    groups = draw(st.lists(_GROUPS, min_size=1, max_size=9))
    text = ":".join(groups)
    gap = draw(st.integers(-1, len(groups)))
    if gap >= 0:
        text = ":".join(groups[:gap]) + "::" + ":".join(groups[gap:])
    match draw(st.integers(0, 9)):
        case 7:
            text = draw(words("::ffff: ::FFFF: 0:0:0:0:0:ffff: :: 64:ff9b:: ::ffff:0: 1:2:3:4:5:6:")) + draw(
                ipv4_hosts()
            )
        case 8:
            ip = IPv6Address(draw(st.integers(0, 2**128 - 1)))
            text = draw(st.sampled_from([str(ip), ip.exploded, str(ip).upper()]))
        case 9:
            text = draw(words("::ffff:0:1 ::ffff:ffff:ffff ::fffe:1:2 ::1:ffff:0:1 ::ffff:1 ffff:: :: 0::0 1::"))
    return draw(_OPENINGS) + text + draw(_ZONES) + draw(_CLOSINGS)


@cache
def name_hosts() -> st.SearchStrategy[str]:
    """Names of labels that are usual, odd, or numbers to some readers; and names about as long as they may be."""
    short = st.tuples(
        st.lists(_LABELS, min_size=1, max_size=6).map(".".join), rarely(st.just(""), st.sampled_from([".", ".."]))
    ).map("".join)
    return st.one_of(short, short, st.integers(244, 258).map(long_name))


def long_name(size: int) -> str:
    """A name of so many characters, of labels of up to 63."""
    name = ".".join(["a" * 63] * (size // 64 + 1))[:size]
    return name[:-1] + "b" if name.endswith(".") else name


@cache
def hosts() -> st.SearchStrategy[str]:
    """Hosts as they stand in a URL: addresses, IPv6 in brackets, and names.

    >>> find(hosts(), lambda host: host.startswith("["))
    '[::0]'
    """
    return st.one_of(name_hosts(), ipv4_hosts(), ipv6_hosts(), name_hosts())


def spellings(ip: IPAddress) -> list[str]:
    """What somebody may write for an address as a host, the usual way first; not every reader reads all of them so."""
    return list(_spellings4(ip) if isinstance(ip, IPv4Address) else _spellings6(ip))


def _spellings4(ip: IPv4Address) -> Iterator[str]:
    number, text, octets = int(ip), str(ip), list(ip.packed)
    last24, last16 = number & 0xFFFFFF, number & 0xFFFF
    yield from (
        text,
        f"{text}.",
        f"[::ffff:{text}]",
        f"[::ffff:{number >> 16:x}:{last16:x}]",
        f"[0:0:0:0:0:FFFF:{text}]",
    )
    yield from (str(number), hex(number), f"0X{number:08X}", f"0{number:o}", str(number + 2**32), f"{text}.0")
    yield from (f"{octets[0]}.{last24}", f"{octets[0]}.{octets[1]}.{last16}", f"0x{octets[0]:x}.{hex(last24)}")
    yield from (".".join(f"0{octet:o}" for octet in octets), ".".join(map(hex, octets)), f"00{text}", f"{text}.0x")
    yield from (
        text.translate(_FULL_WIDTH),
        text.replace(".", "\u3002"),
        text.replace(".", "%2e"),
        f"%{ord(text[0]):x}{text[1:]}",
    )
    yield from (
        f"{text[0]}\u00ad{text[1:]}",
        f"[::{text}]",
        f"[64:ff9b::{text}]",
        f"[2002:{number >> 16:x}:{last16:x}::]",
    )


def _spellings6(ip: IPv6Address) -> Iterator[str]:
    text, number = str(ip), int(ip)
    tail = IPv4Address(number & 0xFFFFFFFF)
    groups = ":".join(f"{number >> 112 - 16 * i & 0xFFFF:x}" for i in range(6))
    yield from (f"[{text}]", f"[{text.upper()}]", f"[{ip.exploded}]", f"[{groups}:{tail}]", text, f"[{text}].")
    yield from (f"[{text}%25eth0]", f"[{text}%1]", f"[{text}/128]", f"%5b{text}%5d", f"[0{text}]")


_FULL_WIDTH: Final = {ord("0") + digit: 0xFF10 + digit for digit in range(10)} | {ord("."): 0xFF0E}


def near_misses(table: RouteTable) -> st.SearchStrategy[str]:
    """Hosts around everything that a table announces: addresses at the edges of each prefix and one outside, in their
    odd spellings too, and names of hostname routes and a label off.

    >>> table = RouteTable()
    >>> _ = table.announce(SubnetRoute("10.0.0.0/16", Tunnel("t")))
    >>> find(near_misses(table), lambda host: host.startswith("0x"))
    '0x9ffffff'
    """
    spelled = addresses(table).flatmap(lambda ip: st.one_of(st.just(spellings(ip)[0]), st.sampled_from(spellings(ip))))
    written = names(table).flatmap(lambda name: st.sampled_from([name, name, f"{name}.", name.upper(), f"a-{name}"]))
    return st.one_of(spelled, spelled, written)


# What stands around a host

_ODD_PORTS: Final = (
    *": :0 :00 :00000 :080 :00080 :000443 :65536 :65540 :70000 :99999 :100000 :655350 :4294967376".split(),
    *(*":80a :a :+1 :-1 :1_0 :0x50 ::80 :80:80".split(), ": 1", ":1 ", ":8\t0"),
    *(f":8{digit}" for digit in _NOT_ASCII_DIGITS),
)
_ODD_SCHEMES: Final = (
    *"HTTP:// Https:// http: http:/ https: https:/ http:/// ftp:// ws:// wss:// file:// // :// tcp://".split(),
    *"htp:// httq:// http;// httpss:// http://u@ http://u:p@ http://@ https://u%40:@ http://u@v@".split(),
    *("http:\\\\", "https:/\\", " http://", "ht\ttp://", "\nhttp://", "\0http://"),
)
_TAILS: Final = ("", "/", "?", "#", "/x?y#z", "?x=1", "#\u00e9", "/\u4e2d", "/\ud800", "/a:80", "/[", "/%zz")
_ODD_TAILS: Final = (
    *("\\", "\\x", "@", "@b", "/@b", "?@b", "%", "%2f", "\t", "\n", " ", "/ ", "\0", "/\0", "//", "/..", "x"),
    *(*';|^,`{"<', "\x7f", "\x85", "\u00a0", "\u2028", "/" + "a" * 300, "?" + "b" * 250),
)
_PUT_IN: Final[tuple[str, ...]] = (
    *("", *"\t\n\r \0\x1f\x7f\u00e9\u00ff\u0100\ud800\udfff\u3002\uff0e", *"a.:/?#[]@%0\\-", "\u00ad", "\u200b"),
)


def _ports(usual: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # As many choices for each, so that failures shrink to the usual ones.
    any_port, odd = st.integers(1, 65535).map(":{}".format), st.sampled_from(_ODD_PORTS)
    return st.integers(0, 7).flatmap(lambda number: odd if number == 7 else any_port if number > 4 else usual)


@st.composite
def _spoiled(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """The texts, at times with a character put in, replaced or taken out, or the end cut off."""
    text = draw(texts)
    match draw(st.integers(0, 9)):
        case 7:
            return text[: draw(st.integers(0, len(text)))]
        case 8 | 9:
            at = draw(st.integers(0, len(text)))
            return text[:at] + draw(st.sampled_from(_PUT_IN)) + text[at + draw(st.integers(0, 1)) :]
    return text


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _spoiled(st.tuples(*parts).map("".join))


def fetch_urls(of: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """What somebody may give to ``fetch()``, of these hosts or of any.

    >>> find(fetch_urls(near_misses(RouteTable())), bool)
    'http://10.200.3.3'
    """
    schemes = rarely(st.sampled_from(["http://", "https://"]), st.sampled_from(_ODD_SCHEMES))
    ports = _ports(st.sampled_from(["", "", ":80", ":443", ":8080"]))
    tails = rarely(st.sampled_from(_TAILS), st.sampled_from(_ODD_TAILS))
    return _joined(schemes, hosts() if of is None else of, ports, tails)


def connect_addresses(of: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    """What somebody may give to ``connect()`` as text, of these hosts or of any.

    >>> find(connect_addresses(near_misses(RouteTable())), bool)
    '10.200.3.3:1'
    """
    ports = _ports(st.sampled_from([":1", ":22", ":25", ":80", ":443", ":8080", ":65535"]))
    tails = rarely(st.just(""), st.sampled_from(_ODD_TAILS))
    return _joined(hosts() if of is None else of, ports, tails)


def connect_records(of: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """What somebody may give to ``connect()`` as a mapping, of these hosts or of any.

    >>> find(connect_records(near_misses(RouteTable())), lambda record: record["port"] > 65535)
    {'hostname': '10.200.3.3', 'port': 65536}
    """
    odd = st.sampled_from([0, -1, 65536, 2**64, 0.5, 443.9, -0.0, float("inf"), float("nan")])
    ports = rarely(st.one_of(st.just(443), st.integers(1, 65535)), odd)
    return st.fixed_dictionaries({"hostname": hosts() if of is None else of, "port": ports})


def bare_addresses(table: RouteTable | None = None) -> st.SearchStrategy[str | bytes | IPAddress]:
    """What ``lookup()`` takes: addresses and names as text, packed addresses, address objects; around a table if given.

    >>> find(bare_addresses(), lambda address: isinstance(address, bytes))
    b'\\t\\xff\\xff\\xff'
    """
    forms: list[Callable[[IPAddress], str | bytes | IPAddress]] = [str, lambda ip: ip, lambda ip: ip.packed]
    objects = st.tuples(st.sampled_from(forms), addresses(table)).map(lambda drawn: drawn[0](drawn[1]))
    written = hosts() if table is None else near_misses(table)
    return st.one_of(objects, names(table), written.map(lambda host: host.removeprefix("[").removesuffix("]")))
