"""How ``fetch()``, ``connect()`` and the other calls read an address: sections 1.3 and 1.4 of the routing semantics.

The messages are those of the Workers runtime where it has one. As everywhere, the rules as written and the compiled
resolver are both asked (see :mod:`asking`).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from asking import (
    T1,
    T2,
    T3,
    Question,
    Setup,
    Want,
    WrongType,
    case,
    connect,
    each_question,
    fetch,
    goes,
    host,
    lookup,
    refused,
    resolve,
    setup,
    unreadable,
    unroutable,
    url,
    zt,
)

from vpcroute import Gateway, RemarkCode

INTERNET = Gateway()
NEEDS_DNS = Gateway(needs_dns=True)
MAPPED = RemarkCode.IPV4_MAPPED
MAYBE_PROHIBITED = RemarkCode.MAY_BE_PROHIBITED

EMPTY = setup()

# Section 1.3: how fetch() reads an address

_TO_50 = goes(T1, ip="10.0.1.50", host="10.0.1.50", target="10.0.1.50:80")

FETCH = [
    case(
        "s1_3_every_spelling_of_one_address",
        setup(zt("10.0.0.0/8", T1)),
        *(
            (fetch(spelling), _TO_50)
            for spelling in [
                "http://10.0.1.50/",
                "http://10.0.1.50",
                "http://0x0a000132/",
                "http://167772466/",
                "http://10.306/",
                "http://10.0.306/",
                "http://012.0.1.062/",
                "http://0xA.0.1.0x32/",
                "http://10.0.1.50./",
                "http://１０.０.１.５０/",  # noqa: RUF001  full-width digits
                "http://10。0。1。50/",  # ideographic full stops
                "http://%31%30.0.1.50/",
                "http://10.0.1.50:80/",
                "http://10.0.1.50:/",
                "http://10.0.1.50:00080/",
                "HTTP://10.0.1.50/",
                "http://user:secret@10.0.1.50/",
                "http://10.0.1.50?a=b#c",
                "http:10.0.1.50",
                "http:/10.0.1.50",
                "http:///10.0.1.50/",
                r"http:\\10.0.1.50\data",
                "  http://10.0.1.50/  ",
                "ht\ntp://10.0\t.1.50/",
            ]
        ),
        (fetch("http://[::ffff:10.0.1.50]/"), goes(T1, MAPPED, host="10.0.1.50", target="10.0.1.50:80")),
        (fetch("http://[::ffff:a00:132]/"), goes(T1, MAPPED, host="10.0.1.50", target="10.0.1.50:80")),
        (fetch("http://[0:0:0:0:0:FFFF:0A00:0132]/"), goes(T1, MAPPED, host="10.0.1.50", target="10.0.1.50:80")),
    ),
    case(
        "s1_3_short_forms_fill_the_last_number",
        setup(zt("1.2.0.0/16", T1)),
        (url("1.2.3"), goes(T1, ip="1.2.0.3")),
        (url("1.131075"), goes(T1, ip="1.2.0.3")),
    ),
    case(
        "s1_3_the_host_picks_the_address_not_the_user",
        setup(zt("10.0.0.0/8", T1)),
        (fetch("http://10.0.0.1@93.184.216.34/"), goes(INTERNET, host="93.184.216.34")),
        (fetch("http://93.184.216.34#@10.0.0.1/"), goes(INTERNET, host="93.184.216.34")),
        (fetch("http://93.184.216.34\\@10.0.0.1/"), goes(INTERNET, host="93.184.216.34")),
    ),
    case(
        "s1_3_ports",
        setup(zt("10.0.0.0/8", T1)),
        (fetch("http://10.0.5.42"), goes(T1, scheme="http", port=80)),
        (fetch("https://10.0.5.42"), goes(T1, scheme="https", port=443)),
        (fetch("https://10.0.5.42:443/"), goes(T1, scheme="https", port=443)),
        (fetch("https://10.0.5.42:80/"), goes(T1, scheme="https", port=80)),
        (fetch("http://10.0.5.42:443/"), goes(T1, scheme="http", port=443)),
        (fetch("http://10.0.5.42:5432"), goes(T1, scheme="http", port=5432)),
        (fetch("http://10.0.5.42:65535"), goes(T1, port=65535)),
        (fetch("http://10.0.5.42:65536/"), unreadable("Invalid URL: http://10.0.5.42:65536/")),
        (fetch("http://10.0.5.42:-1/"), unreadable("Invalid URL: http://10.0.5.42:-1/")),
        (fetch("http://10.0.5.42:0/"), refused("invalid_address", mentions=("port 0",))),
    ),
    case(
        "s1_3_invalid_urls_are_not_names",
        setup(zt("0.0.0.0/0", T1), zt("::/0", T1)),
        *(
            (fetch(f"http://{spelling}/"), unreadable(f"Invalid URL: http://{spelling}/"))
            for spelling in [
                "10.0.1.256",
                "foo.1.2.3.4",
                "1.2.3.4.5",
                "4294967296",
                "0x1ffffffff",
                "09.0.0.1",
                "a b",
                "a<b",
                "[fd00::1",
                "[fe80::1%25eth0]",
                "[fe80::1%eth0]",
                "[10.0.0.1]",
                "fd00::1",
                "%00",
            ]
        ),
        (fetch("http://"), unreadable("Invalid URL: http://")),
        (fetch("https:///"), unreadable("Invalid URL: https:///")),
    ),
    case(
        "s1_3_schemes",
        setup(zt("10.0.0.0/8", T1)),
        *(
            (fetch(address), unreadable(f"Fetch API cannot load: {address}"))
            for address in (
                "ftp://10.0.0.1/ ws://10.0.0.1/ wss://10.0.0.1/ file:///etc/passwd "
                "tcp://10.0.0.1:80 data:text/plain,hi localhost:8080"
            ).split()
        ),
    ),
    case(
        "s1_3_relative",
        setup(zt("10.0.0.0/8", T1)),
        *(
            (fetch(address), unreadable("absolute URL required"))
            for address in ["/api/users", "//10.0.0.1/data", "data", "10.0.0.1", "10.0.0.1:80", "?q", "#f", "", " "]
        ),
    ),
    case(
        "s1_3_names",
        setup(host("wiki.internal.local", T1), host("xn--bcher-kva.internal.local", T2)),
        (fetch("http://WIKI.Internal.Local/"), goes(T1, host="wiki.internal.local")),
        (fetch("http://wiki.internal.local./"), goes(T1, host="wiki.internal.local")),
        (fetch("https://wiki.internal.local:8443/x?y"), goes(T1, target="wiki.internal.local:8443", scheme="https")),
        (fetch("http://bücher.internal.local/"), goes(T2, host="xn--bcher-kva.internal.local")),
        (fetch("http://BÜCHER。internal。local/"), goes(T2, host="xn--bcher-kva.internal.local")),
        (fetch("http://wiki%2Einternal.local/"), goes(T1, host="wiki.internal.local")),
    ),
    case(
        "s1_3_ipv6",
        setup(zt("fd00::/8", T1)),
        (fetch("http://[fd00::1]/"), goes(T1, host="fd00::1", ip="fd00::1", target="[fd00::1]:80")),
        (fetch("http://[FD00:0:0::0001]:8080/"), goes(T1, host="fd00::1", target="[fd00::1]:8080")),
        (fetch("http://[fd00::10.0.0.1]/"), goes(T1, host="fd00::a00:1")),
    ),
    case(
        "s1_3_wrong_types",
        EMPTY,
        *((fetch(address), WrongType("str")) for address in [None, 1, b"http://10.0.0.1/", ("10.0.0.1", 80)]),
    ),
    case(
        "s1_3_outside_text_is_escaped_and_cut",
        EMPTY,
        (fetch("http://a\x1b[31mb/"), unreadable("Invalid URL: http://a\\x1b[31mb/")),
        (fetch("http://" + "<" * 300), unreadable("Invalid URL: http://" + "<" * 192 + "…")),
    ),
]

# Section 1.4: how connect() reads an address, and how the other calls do

NO_PORT = unreadable("Specified address is missing port.")
NO_HOST = unreadable("Specified address is missing hostname.")
NOT_PARSED = unreadable("Specified address could not be parsed.")
CHARACTERS = unreadable("Specified address is empty string, contains unsupported characters or is too long.")
NOT_INTEGER = unreadable("The value cannot be converted because it is not an integer.")
NEGATIVE = unreadable("The value cannot be converted because it is negative and this API expects a positive number.")
TOO_LARGE = unreadable("Value out of range. Must be less than or equal to 65535.")
PORT_ZERO = refused("invalid_address", mentions=("port 0",))
AMBIGUOUS = refused("ambiguous_address", mentions=("numeric host",))


def record(hostname: object, port: object) -> Question:
    return connect({"hostname": hostname, "port": port})


CONNECT = [
    case(
        "s1_4_strings",
        setup(zt("10.0.0.0/8", T1), zt("fd00::/8", T2), host("db.corp", T3)),
        (connect("10.0.1.50:6379"), goes(T1, scheme="tcp", ip="10.0.1.50", port=6379, target="10.0.1.50:6379")),
        (connect("10.0.0.1:443"), goes(T1, port=443)),
        (connect("10.0.0.1:080"), goes(T1, port=80, target="10.0.0.1:80")),
        (connect("[fd00::1]:6379"), goes(T2, host="fd00::1", port=6379, target="[fd00::1]:6379")),
        (connect("[FD00:0::1]:6379"), goes(T2, host="fd00::1")),
        (connect("db.corp:5432"), goes(T3, host="db.corp", ip=None, target="db.corp:5432")),
        (connect("DB.Corp:5432"), goes(T3, host="db.corp")),
        (connect("db.corp.:5432"), goes(T3, host="db.corp")),
        (connect("[::ffff:10.0.1.50]:80"), goes(T1, MAPPED, host="10.0.1.50", target="10.0.1.50:80")),
    ),
    case(
        "s1_4_records",
        setup(zt("10.0.0.0/8", T1), zt("fd00::/8", T2), host("db.corp", T3)),
        (record("10.0.1.50", 6379), goes(T1, port=6379, target="10.0.1.50:6379")),
        (record("[fd00::1]", 6379), goes(T2, host="fd00::1", target="[fd00::1]:6379")),
        (record("db.corp", 5432), goes(T3, host="db.corp")),
        (record("10.0.1.50", 6379.9), goes(T1, port=6379)),
        (record("10.0.1.50", 65535), goes(T1, port=65535)),
        (record("10.0.1.50", 1.0), goes(T1, port=1)),
        (record("[::ffff:10.0.1.50]", 80), goes(T1, MAPPED, target="10.0.1.50:80")),
    ),
    case(
        "s1_4_refused_strings",
        setup(zt("0.0.0.0/0", T1), zt("::/0", T1)),
        (connect("10.0.1.50"), NO_PORT),
        (connect("10.0.0.1:"), NO_PORT),
        (connect("db.corp"), NO_PORT),
        (connect("http://10.0.0.1:80"), NO_PORT),
        (connect("[fd00::1]"), NO_PORT),
        (connect(""), NO_HOST),
        (connect("/path"), NO_HOST),
        (connect(":80"), NOT_PARSED),
        (connect("fd00::1:6379"), NOT_PARSED),
        (connect("10.0.0.1:99999"), NOT_PARSED),
        (connect("10.0.0.1:-1"), NOT_PARSED),
        (connect("[fe80::1%eth0]:80"), NOT_PARSED),
        (connect("[fd00::1:80"), NOT_PARSED),
        (connect("a b:80"), NOT_PARSED),
        (connect("user@10.0.0.1:80"), CHARACTERS),
        (connect("10.0.0.1:80/path"), CHARACTERS),
        (connect("10.0.0.1:80?q"), CHARACTERS),
        (connect(" 10.0.0.1:80"), NOT_PARSED),
        (connect("10.0.0.1:80 "), CHARACTERS),
        (connect("10.0.0.1:80\n"), CHARACTERS),
        (connect("10.0.0.1\t:80"), CHARACTERS),
        (connect("bücher.corp:80"), CHARACTERS),
        (connect("a" * 253 + ":80"), CHARACTERS),
        (connect("10.0.0.1:0"), PORT_ZERO),
    ),
    case(
        "s1_4_refused_records",
        setup(zt("0.0.0.0/0", T1), zt("::/0", T1)),
        (record("10.0.0.1", 70000), TOO_LARGE),
        (record("10.0.0.1", 65536), TOO_LARGE),
        (record("10.0.0.1", 1e300), TOO_LARGE),
        (record("10.0.0.1", -1), NEGATIVE),
        (record("10.0.0.1", float("nan")), NOT_INTEGER),
        (record("10.0.0.1", float("inf")), NOT_INTEGER),
        (record("10.0.0.1", float("-inf")), NOT_INTEGER),
        (record("10.0.0.1", 0), PORT_ZERO),
        (record("10.0.0.1", 0.5), PORT_ZERO),
        (record("a b", 80), CHARACTERS),
        (record("user@10.0.0.1", 80), CHARACTERS),
        (record("10.0.0.1/path", 80), CHARACTERS),
        (record("a" * 253, 80), CHARACTERS),
        (record("fd00::1", 6379), refused("invalid_address", mentions=("[fd00::1]:6379",))),
        (record("", 80), refused("invalid_address")),
    ),
    case(
        "s1_4_numeric_hosts_are_ambiguous",
        setup(zt("0.0.0.0/0", T1)),
        *(
            (question, AMBIGUOUS)
            for spelling in (
                "0x7f000001 0X7F.1 2130706433 127.1 012.0.1.062 10.0.1.256 10.0.1.50. 1.2.3.4.5 "
                "foo.1 foo.0x foo.0x1f. 00"
            ).split()
            for question in (connect(f"{spelling}:80"), record(spelling, 80))
        ),
    ),
    case(
        "s1_4_plaintext_only",
        setup(zt("10.0.0.0/8", T1)),
        (connect("10.0.1.50:6379", secure_transport="off"), goes(T1)),
        *(
            (connect("10.0.1.50:6379", secure_transport=value), refused("invalid_address", mentions=(value, *more)))
            for value, *more in [("on", "plaintext TCP"), ("starttls", "plaintext TCP"), ("tls",), ("ON",), ("",)]
        ),
        (connect("10.0.1.50:6379", secure_transport=None), WrongType("secure_transport")),
        (connect("10.0.1.50", secure_transport="on"), NO_PORT),
    ),
    case(
        "s1_4_wrong_types",
        EMPTY,
        *((connect(address), WrongType()) for address in [None, 80, b"10.0.0.1:80", ["10.0.0.1", 80]]),
        (record(None, 80), WrongType("hostname")),
        (record("10.0.0.1", "80"), WrongType("port")),
        (record("10.0.0.1", True), WrongType("port")),
        (connect({"hostname": "10.0.0.1"}), WrongType("port")),
    ),
    case(
        "s1_4_port_25_and_cloudflare_addresses_are_remarked",
        setup(zt("10.0.0.0/8", T1), host("mail.corp", T1)),
        (connect("10.0.0.1:25"), goes(T1, MAYBE_PROHIBITED)),
        (connect("93.184.216.34:25"), goes(INTERNET, MAYBE_PROHIBITED)),
        (connect("mail.corp:25"), goes(T1, MAYBE_PROHIBITED)),
        (connect("104.16.0.1:443"), goes(INTERNET, MAYBE_PROHIBITED)),
        (connect("[2606:4700::1111]:443"), goes(INTERNET, MAYBE_PROHIBITED)),
        (connect("104.16.0.1:25"), goes(INTERNET, MAYBE_PROHIBITED, MAYBE_PROHIBITED)),
        (connect("www.example:443", answers=["104.16.0.1"]), goes(INTERNET, MAYBE_PROHIBITED)),
        (connect("10.0.0.1:26"), goes(T1)),
        (connect("104.32.0.1:443"), goes(INTERNET)),
        (fetch("http://10.0.0.1:25/"), goes(T1)),
        (fetch("http://104.16.0.1/"), goes(INTERNET)),
    ),
]

READING = [
    case(
        "s1_4_resolve_takes_what_people_write",
        setup(zt("10.0.0.0/8", T1), zt("fd00::/8", T2), host("db.corp", T3)),
        (resolve("http://10.0.1.50/data"), goes(T1, scheme="http", port=80)),
        (resolve("https://0x0a000132"), goes(T1, scheme="https", port=443, ip="10.0.1.50")),
        (resolve("10.0.1.50:6379"), goes(T1, scheme="tcp", port=6379)),
        (resolve("[fd00::1]:6379"), goes(T2, scheme="tcp", port=6379)),
        (resolve("db.corp:5432"), goes(T3, scheme="tcp", port=5432)),
        (resolve({"hostname": "db.corp", "port": 5432}), goes(T3, scheme="tcp", port=5432)),
        (resolve(("10.0.1.50", 6379)), goes(T1, scheme="tcp", target="10.0.1.50:6379")),
        (resolve(("fd00::1", 6379)), goes(T2, target="[fd00::1]:6379")),
        (resolve(("fd00::1", 6379, 0, 0)), goes(T2, target="[fd00::1]:6379")),
        (resolve(("db.corp", 5432)), goes(T3, target="db.corp:5432")),
        (resolve(("::ffff:10.0.1.50", 80)), goes(T1, MAPPED, target="10.0.1.50:80")),
        (resolve((IPv4Address("10.0.1.50"), 80)), goes(T1, target="10.0.1.50:80")),
        (resolve(IPv4Address("10.0.1.50")), goes(T1, port=None, target="10.0.1.50")),
        (resolve(IPv6Address("fd00::1")), goes(T2, port=None, target="fd00::1")),
        (resolve(IPv6Address("::ffff:10.0.1.50")), goes(T1, MAPPED, target="10.0.1.50")),
    ),
    case(
        "s1_4_resolve_does_not_guess",
        setup(zt("0.0.0.0/0", T1)),
        (resolve("http:8080"), refused("ambiguous_address", mentions=("fetch()", "connect()", "http:8080"))),
        (
            resolve("https:443"),
            refused("ambiguous_address", mentions=("'https:443' can be read in two ways", "fetch()", "connect()")),
        ),
        (resolve("/api/users"), unreadable("absolute URL required")),
        (resolve("../users"), unreadable("absolute URL required")),
        (resolve("10.0.1.50"), NO_PORT),
        (resolve("127.1:80"), AMBIGUOUS),
        (resolve("ftp://10.0.0.1/"), unreadable("Fetch API cannot load: ftp://10.0.0.1/")),
        (resolve("http://10.0.1.256/"), unreadable("Invalid URL: http://10.0.1.256/")),
        (resolve(("10.0.0.1", 0)), PORT_ZERO),
        (resolve(("10.0.0.1", 65536)), refused("invalid_address")),
        (resolve(("fe80::1%eth0", 80)), refused("invalid_address")),
        (resolve(("fd00::1", 80, 0, 3)), refused("invalid_address", mentions=("zone",))),
        (resolve(("127.1", 80)), AMBIGUOUS),
        (resolve(IPv6Address("fe80::1%eth0")), refused("invalid_address", mentions=("zone",))),
        (resolve(b"10.0.0.1:80"), WrongType()),
        (resolve(None), WrongType()),
        (resolve(("10.0.0.1", "80")), WrongType("port")),
        (resolve(("10.0.0.1",)), WrongType()),
    ),
    case(
        "s1_4_lookup_takes_a_bare_address_or_name",
        setup(zt("10.0.0.0/8", T1), zt("fd00::/8", T2), host("db.corp", T3)),
        (lookup("10.0.1.50"), goes(T1)),
        (lookup("fd00::1"), goes(T2)),
        (lookup("db.corp"), goes(T3)),
        (lookup("DB.corp."), goes(T3)),
        (lookup(bytes([10, 0, 1, 50])), goes(T1)),
        (lookup(IPv6Address("fd00::1").packed), goes(T2)),
        (lookup(0x0A000132, version=4), goes(T1)),
        (lookup(0xFD << 120, version=6), goes(T2)),
        (lookup(IPv4Address("10.0.1.50")), goes(T1)),
        (lookup("::ffff:10.0.1.50"), goes(T1)),
        (lookup(IPv6Address("::ffff:10.0.1.50").packed), goes(T1)),
        (lookup(0xFFFF0A000132, version=6), goes(T1)),
        (lookup("api.example.com"), goes(NEEDS_DNS)),
        (lookup("api.example.com", answers=["10.0.0.1"]), goes(T1)),
        (lookup("192.168.0.1"), unroutable()),
        (lookup("127.1"), AMBIGUOUS),
        (lookup("10.0.1.50:80"), refused("invalid_address")),
        (lookup("http://10.0.1.50/"), refused("invalid_address")),
        (lookup("[fd00::1]"), refused("invalid_address")),
        (lookup("fe80::1%eth0"), refused("invalid_address")),
        (lookup(""), refused("invalid_address")),
        (lookup(b"\x0a\x00\x01"), refused("invalid_address", mentions=("4 or 16 bytes",))),
        (lookup(1 << 32, version=4), refused("invalid_address")),
        (lookup(-1, version=4), refused("invalid_address")),
        (lookup(1), WrongType("version")),
        (lookup("10.0.1.50", version=4), WrongType("version")),
        (lookup(None), WrongType()),
    ),
]


CASES = [*FETCH, *CONNECT, *READING]


@pytest.mark.parametrize(("build", "question", "want"), each_question(CASES))
def test_rule(build: Setup, question: Question, want: Want) -> None:
    want.check(build(), question)
