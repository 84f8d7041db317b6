"""The compiled modules and the sources that they were made from give the same answers and errors to everything."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable
from functools import cache
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import questions
from test_agreement import examples, questions_about
from test_reader import Text, texts
from twins import came_to, compile_twins, interpreted, needs_both, plain

from vpcroute import HostnameRoute, RouteError, RouteTable, SubnetRoute, Tunnel, Vantage, VpcService
from vpcroute.errors import InvalidVantage
from vpcroute.fib import COMPILED_MODULES
from vpcroute.strategies import networks, vantages

pytestmark = needs_both

CALLS = ("resolve", "resolve_fetch", "resolve_connect", "lookup")


def make_table() -> RouteTable:
    """Every address has a way; one network and one name are not in force."""
    everywhere, inside = Tunnel("t-id", "t"), Tunnel("i-id", "i")
    table = RouteTable()
    table.add(VpcService("s-id", "s", via=inside, ipv4=IPv4Address("10.0.0.1")))
    for prefix, via in (("0.0.0.0/0", everywhere), ("::/0", everywhere), ("10.0.0.0/9", inside), ("fd00::/9", inside)):
        table.announce(SubnetRoute(prefix, via))
    table.announce(SubnetRoute("10.64.0.0/10", inside, in_force=False))
    for hostname in ("a", "h", "internal.local", "*.internal.local", "*.b"):
        table.announce(HostnameRoute(hostname, inside))
    table.announce(HostnameRoute("stopped.local", inside, in_force=False))
    table.set_hosts("known.local", ["10.64.0.1", "10.0.0.1", "192.0.2.1"])
    return table


VANTAGES = (Vantage(), Vantage(tunnel_id="t-id"), Vantage(service_id="s-id"))


@cache
def twins(vantage: Vantage = VANTAGES[0]) -> tuple[Any, Any]:
    """The compiled and the interpreted resolver of that table."""
    return compile_twins(make_table, vantage)


def same(call: str, *arguments: Any, vantage: Vantage = VANTAGES[0], **options: Any) -> object:
    """What both come to."""
    compiled, sources = (came_to(resolver, call, *arguments, **options) for resolver in twins(vantage))
    assert compiled == sources, f"{call}{arguments!a} {options}"
    return compiled


def test_twins_are_two() -> None:
    compiled, sources = twins()
    assert type(compiled) is not type(sources)
    for name in COMPILED_MODULES:
        here, copy = import_module(f"vpcroute.fib.{name}"), interpreted()[name]
        assert copy is not here
        assert str(copy.__file__).endswith(".py")
        assert not str(here.__file__).endswith(".py")
    assert type(sources.resolve("a:1")) is interpreted()["resolution"].Resolution
    assert type(compiled.resolve("a:1")) is sys.modules["vpcroute.fib.resolution"].Resolution
    assert plain(compiled.resolve("a:1")) == plain(sources.resolve("a:1"))


@examples(150)
@given(texts())
def test_twins_agree_on_texts(text: str) -> None:
    for call in CALLS:
        same(call, text)
        same(call, text, answers=["10.0.0.1"])
        for vantage in VANTAGES[1:]:
            same(call, text, vantage=vantage)


@examples(40)
@given(st.data())
def test_twins_agree_on_networks(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages())
    asked = data.draw(st.lists(questions(network.routes), max_size=10)) + questions_about(network)
    try:
        compiled, sources = compile_twins(network.table, vantage)
    except InvalidVantage:
        return
    assert (compiled.egresses, compiled.nbytes()) == (sources.egresses, sources.nbytes())
    assert list(map(str, compiled.refusals)) == list(map(str, sources.refusals))
    for question in asked:
        found = [came_to(each, question.call, question.argument, **question.options) for each in (compiled, sources)]
        assert found[0] == found[1], (vantage, question)


OTHER_TYPES: list[Any] = [None, True, False, 0, 1, -1, 2**32 - 1, 2**32, 2**128 - 1, 2**128, 1.5, float("nan"), 1j]
OTHER_TYPES += [
    object,
    ...,
    range(3),
    b"",
    b"\n\0\0\1",
    bytes(16),
    bytes(5),
    b"a:1",
    bytearray(4),
    memoryview(bytes(4)),
]
OTHER_TYPES += [
    array("B", [10, 0, 0, 1]),
    (),
    ("a",),
    ("a", 1),
    ("a", 0),
    ("a", 65536),
    ("a", "1"),
    ("a", True),
    ["a", 1],
]
OTHER_TYPES += [("a", 1.0), ("a", None), (None, 1), (1, 1), ("10.0.0.1", 1), ("[::1]", 1), ("fd00::1", 1), ("a", 1, 2)]
OTHER_TYPES += [(Text("a"), 1), (IPv4Address("10.0.0.1"), 1), {}, {"hostname": "a"}, {"port": 1}, {1: 2}]
OTHER_TYPES += [{"hostname": host, "port": port} for host in ("a", Text("a"), None) for port in (1, 1.0, "1", None)]
OTHER_TYPES += [{"hostname": "a", "port": 1, "x": 2}, IPv4Address("10.0.0.1"), IPv4Address("10.64.0.1")]
OTHER_TYPES += [IPv6Address("fd00::1"), IPv6Address("::ffff:10.0.0.1")]
OTHER_TYPES += map(Text, "a a:1 A:1 http://a/ HTTP://a 10.0.0.1 10.0.0.1:1 [fd00::1]:1 http:80 h\u00e9:1".split())
OTHER_TYPES += "a:1 10.0.0.1 10.64.0.1 10.64.0.1:1 stopped.local:1 known.local:1 a.b.c.b:25".split()
OTHER_TYPES += [Text(""), "", "\0", "\ud800"]


@pytest.mark.parametrize("call", CALLS)
def test_twins_agree_on_arguments_of_every_type(call: str) -> None:
    for argument in OTHER_TYPES:
        for vantage in VANTAGES:
            same(call, argument, vantage=vantage)
            same(call, argument, vantage=vantage, answers=["10.0.0.1"])


ANSWERS: list[Any] = [None, [], (), "", "10.0.0.1", b"\n\0\0\1", 1, {"10.0.0.1": 1}, [None], [1], ["nonsense"]]
ANSWERS += [["10.0.0.1"], ["10.64.0.1"], ["10.64.0.1", "10.0.0.1"], ["10.0.0.1", "nonsense"], [Text("10.0.0.1")]]
ANSWERS += [[IPv6Address("fd00::1")], [b"\n\0\0\1"]]


@pytest.mark.parametrize(
    "text", ["a:1", "c.d:1", "known.local:1", "http://c.d/", "10.0.0.1:1", "c.d", "http://C.d", ""]
)
def test_twins_agree_on_answers_of_every_type(text: str) -> None:
    for call in CALLS:
        for answers in ANSWERS:
            same(call, text, answers=answers)


def test_twins_agree_on_options() -> None:
    for text in ("a:1", "10.0.0.1:1", "A:1", "", None):
        for secure in ("off", "on", "starttls", "", None, 1, Text("off"), Text("on")):
            same("resolve_connect", text, secure_transport=secure)
    for argument in (1, 2**32, "10.0.0.1", "::1", b"\n\0\0\1", bytes(16), None, IPv4Address("10.0.0.1")):
        for version in (4, 6, 5, 0, None, "4", True):
            same("lookup", argument, version)
    for call in (*CALLS, "lookup_many", "resolve_many"):
        compiled, sources = (came_to(resolver, call) for resolver in twins())
        assert isinstance(compiled, tuple)
        assert isinstance(sources, tuple)
        assert compiled[0] is sources[0] is TypeError


# Batches


@pytest.mark.parametrize("version", [4, 6])
def test_twins_agree_on_batches(version: int) -> None:
    random = Random(version)  # noqa: S311
    numbers = [random.getrandbits(32) for _ in range(2000)] + [10 << 24, (10 << 24) - 1, 0x0A40_0000, 0x0A3F_FFFF]
    if version == 4:
        packed = struct.pack(f">{len(numbers)}I", *numbers)
    else:
        wide = [random.getrandbits(128) for _ in numbers] + [0xFD << 120, (0xFD << 120) - 1, 0, 2**128 - 1]
        wide += [(0xFFFF << 32) + number for number in numbers]
        packed = b"".join(number.to_bytes(16) for number in wide)
    for vantage in VANTAGES:
        found = same("lookup_many", packed, version, vantage=vantage)
        assert found == same("lookup_many", memoryview(bytearray(packed)), version, vantage=vantage)
        assert isinstance(found, tuple)
        assert found[0] == "i"


BUFFERS: list[Any] = [b"", bytes(16), bytes(7), bytearray(8), memoryview(bytes(32))[::2], array("I", [1, 2, 3, 4])]
BUFFERS += [None, "10.0.0.1", 1, [1, 2], Text("a"), memoryview(bytes(16)).cast("B", (4, 4))]


@pytest.mark.parametrize("version", [4, 6, 5, 0, None, "4", 4.0, True])
def test_twins_agree_on_buffers_of_every_kind(version: Any) -> None:
    def outs() -> list[Any]:
        made = [None, array("i", [7]), array("i", [7] * 4), array("q", [7, 7]), bytearray(16), bytes(16), [7], "x"]
        return [
            *made,
            memoryview(array("i", [7] * 8))[::2],
            memoryview(bytearray(4)),
            memoryview(bytearray(b"7" * 15))[:],
        ]

    for buffer in BUFFERS:
        for one, other in zip(outs(), outs(), strict=True):
            compiled, sources = twins()
            found = came_to(compiled, "lookup_many", buffer, version, one)
            expected = came_to(sources, "lookup_many", buffer, version, other)
            if isinstance(one, memoryview):
                assert (found is one) == (expected is other)
                found, expected = (x if isinstance(x, tuple) else None for x in (found, expected))
            assert found == expected, (buffer, version, one)
            if one is not None:
                assert list(one) == list(other)


def test_twins_agree_on_many() -> None:
    compiled, sources = (list(resolver.resolve_many(OTHER_TYPES)) for resolver in twins())
    assert len(compiled) == len(sources) == len(OTHER_TYPES)
    for one, other in zip(compiled, sources, strict=True):
        if isinstance(one, RouteError | TypeError):
            assert (type(one), str(one)) == (type(other), str(other))
        else:
            assert plain(one) == plain(other)


# The modules by themselves


@pytest.mark.parametrize("version", [4, 6])
def test_twins_sweep_build_and_change_the_same(version: int) -> None:
    from vpcroute.fib import sweep as compiled_sweep
    from vpcroute.fib import trie as compiled_trie

    random = Random(version)  # noqa: S311
    width = 32 if version == 4 else 128
    for bits in (12, 20, 28, width):
        said = {0: 0}
        for _ in range(400):
            length = random.randrange(1, width + 1)
            address = random.getrandbits(bits) << (width - bits) >> (width - length) << (width - length)
            said[address << 8 | length] = random.choice((1, 2, 0x8000, random.getrandbits(31)))
        keys = sorted(said)
        both = [compiled_sweep.halves(version, key >> 8) for key in keys]
        arrays = (
            array("Q", (high for high, _ in both)),
            array("Q", (low for _, low in both)),
            bytes(key & 0xFF for key in keys),
            array("I", (said[key] for key in keys)),
        )
        tries = []
        for sweep, trie in ((compiled_sweep, compiled_trie), (interpreted()["sweep"], interpreted()["trie"])):
            ranges = sweep.sweep(version, *arrays, {}, lambda _, number: number)
            made = trie.build(version, ranges)
            for key in keys[::40]:
                first = key >> 8
                last = first | (1 << (width - (key & 0xFF))) - 1
                high, low = sweep.halves(version, first)
                made = made.replaced_many([(first, last, sweep.Ranges([high], [low], [7]))])
            tries.append((list(ranges), made, made.__reduce__()[1]))
        assert tries[0][0] == tries[1][0]
        assert tries[0][2] == tries[1][2]
        for key in keys:
            assert tries[0][1].find(key >> 8) == tries[1][1].find(key >> 8)


def test_twins_index_names_the_same() -> None:
    from vpcroute.fib import names as module

    random = Random(3)  # noqa: S311

    both: tuple[Any, ...] = module, interpreted()["names"]

    def some(count: int) -> dict[str, tuple[int, int]]:
        labels = ["a", "b-1", "service", "x" * 7, "y" * 8, "z" * 63]
        names = (".".join(random.choices(labels, k=random.randint(1, 4)))[:253] for _ in range(count))
        return {f"{random.randrange(90)}{name}": (random.randrange(-2, 9), random.randrange(-1, 9)) for name in names}

    for key in (random.randbytes(module.KEY_SIZE), bytes(module.KEY_SIZE), b"\xff" * module.KEY_SIZE):
        names = some(800)
        rows = [(name, own, below) for name, (own, below) in names.items()]
        compiled, sources = (each.build(rows, key) for each in both)
        for _ in range(5):
            keys = [index.buffers()[0] for index in (compiled, sources)]
            assert (keys[0] == key) == (keys[1] == key)
            if keys[0] == key:  # not a drawn one
                assert compiled.buffers() == sources.buffers()
                assert list(compiled.items()) == list(sources.items())
            for name in [*names, *some(300), "x." + next(iter(names)), "", "\0", "h\xe9"]:
                found = [(index.find_name(name), index.get(name)) for index in (compiled, sources)]
                assert found[0] == found[1], name
            change = {**some(50), **dict.fromkeys(random.sample(sorted(names), 20))}
            compiled, sources = compiled.changed(change), sources.changed(change)


def test_twins_refuse_the_same_of_names() -> None:
    from vpcroute.fib import names

    key = bytes(names.KEY_SIZE)
    both: tuple[Any, ...] = names, interpreted()["names"]

    def items(make: Callable[..., Any], *arguments: Any) -> object:
        try:
            return list(make(*arguments).items())
        except Exception as error:
            return type(error), str(error)

    odd: list[Any] = ["", "\0", "h\xe9", "\ud800", "a" * 254, None, 1, b"a", Text("a"), Text("")]
    numbers: list[Any] = [-3, -2, -1, 2**29 - 4, 2**29 - 3, 2**31, 2**63, 2**64, True, None, "1", 1.0, 1.5]
    rows: list[Any] = [(name, 1, 1) for name in odd] + [("a", own, below) for own in numbers for below in (1, own)]
    for row in rows:
        compiled, sources = (items(module.build, [row], key) for module in both)
        assert compiled == sources, row
    good = both[0].build([("a", 1, 2)], key).buffers()
    parts: list[Any] = [None, "x", b"", b"1", bytes(8), bytes(64), memoryview(key)]
    parts += [array("I", [0]), array("Q", [0] * 8)]
    for part in range(3):
        for other in parts:
            buffers = [*good[:part], other, *good[part + 1 :]]
            compiled, sources = (items(module.NameIndex, *buffers) for module in both)
            assert compiled == sources, (part, other)


def test_vantages_that_are_not_known() -> None:
    from vpcroute.compiler import compile_table

    for vantage in (Vantage(tunnel_id="nothing"), Vantage(virtual_network="nothing")):
        for make in (compile_table, interpreted()["compiler"].compile_table):
            with pytest.raises(InvalidVantage):
                make(make_table(), vantage)


@pytest.mark.parametrize("version", [4, 6])
def test_twins_compare_the_same(version: int) -> None:
    from vpcroute.fib import compare, sweep, trie

    random = Random(version)  # noqa: S311
    width = 32 if version == 4 else 128
    came_out = []
    for compare_, sweep_, trie_ in (
        (compare, sweep, trie),
        tuple(interpreted()[name] for name in ("compare", "sweep", "trie")),
    ):
        random.seed(version)
        firsts = sorted({0, *(random.getrandbits(20) << (width - 20) | random.getrandbits(3) for _ in range(3000))})
        highs, lows = zip(*(sweep_.halves(version, first) for first in firsts), strict=True)
        classes = [random.choice((1, 2, 3, 40_000)) for _ in firsts]
        made = trie_.build(version, sweep_.Ranges(highs, lows, classes))
        other = made
        for first in random.sample(firsts, 40):
            ranges = sweep_.Ranges(*([half] for half in sweep_.halves(version, first)), [4])
            other = other.replaced_many([(first, first | 7, ranges)])
        again = trie_.build(version, sweep_.Ranges(highs[:1], lows[:1], [2]))
        meanings = array("I", range(40_001)), array("I", [7, *range(1, 40_001)])
        shifted = array("I", [7, 1, 1, *range(3, 40_001)])
        for after, new in ((other, meanings[0]), (other, shifted), (again, meanings[1]), (made, shifted)):
            ranges, pairs = compare_.changed_ranges(made, after, meanings[0], new)
            came_out.append((list(ranges), pairs))
            for high, low, number in came_out[-1][0][:200]:
                address = high >> 32 if version == 4 else high << 64 | low
                old, now = meanings[0][made.find(address)], new[after.find(address)]
                assert (pairs[number - 1] if number else old == now) == ((old, now) if number else True)
    assert came_out[:4] == came_out[4:]
