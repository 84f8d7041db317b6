"""A resolver from a file answers as the one that was saved; whatever is wrong with the file is refused."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import Question
from test_agreement import QUICK, examples, outcome, questions_about

from vpcroute import (
    EcmpGroup,
    HostnameRoute,
    InvalidDocument,
    InvalidVantage,
    OnRamp,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    VpcService,
    WanRoute,
)
from vpcroute.compiler import compile_table
from vpcroute.fib.image import START, VERSION, pack, unpack
from vpcroute.strategies import networks, vantages

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
HQ, BRANCH = OnRamp(kind="gre", name="hq"), OnRamp(kind="ipsec", name="branch")

_COLD = ("route", "guaranteed", "alternates", "remarks")


def make_table() -> RouteTable:
    table = RouteTable()
    for route in (
        SubnetRoute("10.0.0.0/8", EU),
        SubnetRoute("10.1.2.0/24", US),
        SubnetRoute("fd00::/8", US),
        WanRoute("172.16.0.0/12", HQ, priority=100),
        WanRoute("172.16.0.0/12", BRANCH, priority=100, weight=3),
        HostnameRoute("*.internal.local", EU),
        HostnameRoute("stopped.local", EU, in_force=False),
        HostnameRoute("stored.local", US, match="stored"),
    ):
        table.announce(route)
    table.set_hosts("known.local", ["10.1.2.3", "192.168.0.1", "8.8.8.8"])
    table.add(VpcService("s-id", "s", via=EU, ipv4="10.0.0.7", http_port=8080))
    return table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "resolver.vpc"
    make_table().compile().save(path)
    return path


def hot(resolver: Resolver, question: Question) -> object:
    """An answer without what is not saved."""
    try:
        found = getattr(resolver, question.call)(question.argument, **question.options)
    except (RouteError, TypeError, ValueError) as error:
        return type(error), str(error), *(getattr(error, name, None) for name in ("code", "hint", "address"))
    if not isinstance(found, Resolution):
        return found
    return found.egress, found.host, found.target, found.offramp, found.needs_dns, found.scheme, found.port, found.ip


#: Ways to open a file.
WAYS: list[dict[str, bool]] = [{}, {"trusted": True}, {"mmap": False}, {"trusted": True, "mmap": False}]


@pytest.mark.parametrize("way", WAYS, ids=str)
@examples(QUICK // 8)
@given(st.data())
def test_answers_as_what_was_saved(
    way: dict[str, bool], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages(services=False))
    resolver = compile_table(network.table(), vantage)
    path = tmp_path_factory.getbasetemp() / f"any-{WAYS.index(way)}"
    resolver.save(path)
    loaded = Resolver.open(path, **way)
    for question in questions_about(network):
        assert hot(loaded, question) == hot(resolver, question), question
    assert loaded.vantage == resolver.vantage
    assert set(loaded.egresses) <= set(resolver.egresses)  # after changes, there are some that nothing leads to


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1:1", "10.1.2.3:1", "http://0x0a010203/", "[fd00::1]:1", "[::ffff:10.1.2.3]:1", "8.8.8.8:1"),
        *("a.internal.local:1", "http://A.Internal.Local/", "stopped.local:1", "a.stored.local:1", "stored.local:1"),
        *("known.local:1", "other.example:1", "192.168.0.1:1", "127.0.0.1:1", "172.16.0.1:1", "no port", ""),
    ],
)
def test_each_kind_of_address(file: Path, trusted: bool, address: str) -> None:
    for question in (Question("resolve", address), Question("lookup", address.rpartition(":")[0])):
        assert hot(Resolver.open(file, trusted=trusted), question) == hot(make_table().compile(), question)


@pytest.mark.parametrize("name", _COLD)
@pytest.mark.parametrize("address", ["10.0.0.1:1", "a.internal.local:1", "http://0x0a010203/", "known.local:1"])
def test_what_is_not_saved_says_so(file: Path, name: str, address: str) -> None:
    found = Resolver.open(file).resolve(address)
    with pytest.raises(RouteError) as caught:
        getattr(found, name)
    assert caught.value.code == "routes_not_saved"
    assert caught.value.hint


def test_gateway_is_known(file: Path) -> None:
    loaded, resolver = Resolver.open(file), make_table().compile()
    for address in ("10.0.0.1:1", "8.8.8.8:1", "other.example:1", "a.internal.local:1"):
        assert loaded.resolve(address).gateway == resolver.resolve(address).gateway


def test_bindings_to_tunnel_and_service(tmp_path: Path) -> None:
    table = make_table()
    table.set_health(EU, "down")
    for vantage in ({"tunnel_id": "eu"}, {"service_id": "s"}):
        resolver = table.compile(**vantage)
        resolver.save(tmp_path / "b")
        loaded = Resolver.open(tmp_path / "b")
        assert outcome(loaded, _fetch()) == outcome(resolver, _fetch())
        assert loaded.resolve("http://x/").remarks == resolver.resolve("http://x/").remarks


def test_saved_again_is_the_same_file(file: Path, tmp_path: Path) -> None:
    Resolver.open(file).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
    assert isinstance(Resolver.open(file).resolve("172.16.0.1:1").egress, EcmpGroup)


def octets(resolver: Resolver, *, generation: int = 0) -> bytes:
    return b"".join(pack(resolver, generation=generation))


@examples(QUICK // 2)
@given(st.data())
def test_the_same_answers_make_the_same_file(data: st.DataObject) -> None:
    """However the table came to be: in another order, by detours, compiled on the way or not."""
    network, vantage = data.draw(networks()), data.draw(vantages())
    file = octets(network.table().compile(vantage))
    order = data.draw(st.permutations(network.routes))
    half = len(order) // 2
    table = network.table(order[:half])
    table.compile(vantage)
    for route in (*order[half:], *data.draw(st.lists(st.sampled_from(order), max_size=3) if order else st.just([]))):
        if route in set(table):
            table.withdraw(route)
            table.compile(vantage)
        table.announce(route)
        with suppress(InvalidVantage):
            table.compile(vantage)
    resolver = table.compile(vantage)
    assert octets(resolver) == file
    assert octets(unpack(memoryview(bytearray(file)), trusted=False)) == file


def test_a_file_says_its_generation_where_it_is_asked_to(tmp_path: Path) -> None:
    resolver = make_table().compile()
    for generation, said in ((False, 0), (True, resolver.generation)):
        resolver.save(tmp_path / "g", generation=generation)
        opened = Resolver.open(tmp_path / "g")
        assert (opened.generation, opened.resolve("10.0.0.1:1").generation) == (said, said)


def test_batches_and_pickles(file: Path) -> None:
    loaded = Resolver.open(file)
    packed = bytes((10, 1, 2, 3, 8, 8, 8, 8))
    numbers = loaded.lookup_many(packed, 4)
    assert loaded.egresses[numbers[0]] == US
    assert pickle.loads(pickle.dumps(loaded)).resolve("10.1.2.3:1").egress == US  # noqa: S301


def test_a_file_that_cannot_be_written_leaves_what_was(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OSError, match=r"."):
        make_table().compile().save(file / "below")
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("trusted", [True, False])
def test_every_file_that_is_cut_short_is_refused(file: Path, trusted: bool) -> None:
    whole = file.read_bytes()
    for size in {*range(0, 400, 7), *range(0, len(whole), len(whole) // 60), len(whole) - 1}:
        file.write_bytes(whole[:size])
        with pytest.raises(InvalidDocument):
            Resolver.open(file, trusted=trusted)


@pytest.mark.parametrize("trusted", [True, False])
def test_other_files_are_refused(file: Path, trusted: bool) -> None:
    whole = file.read_bytes()
    turned = whole[:16] + whole[16:20][::-1] + whole[20:24][::-1] + whole[24:]
    for text, said in (
        (b"", "not a saved resolver"),
        (b"PK" + whole[2:], "not a saved resolver"),
        (whole[:15] + b"2\n" + whole[17:], "an older version"),
        (whole[:16] + struct.pack("=I", VERSION - 1) + whole[20:], "an older version"),
        (whole[:16] + struct.pack("=I", VERSION + 1) + whole[20:], "a newer version"),
        (turned, "byte order"),
        (whole[:20] + bytes(4) + whole[24:], "byte order"),
        (whole[:32] + struct.pack("=Q", 2**63) + whole[40:], "cut short|behind its end|damaged"),
        (whole + bytes(64), "behind its end"),
        (whole.replace(b'"stopped"', b'"stoppez"'), "damaged"),
        (fixed_up(whole[: -len(_head(whole))] + b"[" * len(_head(whole))), "damaged"),
        *((fixed_up(whole[:at] + struct.pack("=Q", to) + whole[at + 8 :]), "damaged") for at, to in _PLACES),
    ):
        file.write_bytes(text)
        with pytest.raises(InvalidDocument, match=said):
            Resolver.open(file, trusted=trusted)


@pytest.mark.skipif(os.name == "nt", reason="files have no holes of themselves")
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("whole", [b"", b"whole"])
def test_a_file_that_is_too_long_is_refused_at_once(file: Path, whole: bytes, way: dict[str, bool]) -> None:
    """It has a hole, and would take all memory there is; or longer than anybody waits."""
    if not whole:
        file.write_bytes(b"")
    os.truncate(file, 1 << 42)
    with pytest.raises(InvalidDocument, match="behind its end" if whole else "not a saved resolver"):
        Resolver.open(file, **way)


# Where the start of a file says where a section is or how long, and what cannot be.
_PLACES = [(at, to) for at in range(40, START.size, 8) for to in (2**64 - 1, 2**63)]


def _head(whole: bytes) -> bytes:
    place, length = START.unpack_from(whole)[-2:]
    return whole[place : place + length]


def fixed_up(whole: bytes) -> bytes:
    """A file with the checksum that it should have."""
    checksum = crc32(whole[28:], crc32(bytes(4), crc32(whole[:24])))
    return whole[:24] + struct.pack("=I", checksum) + whole[28:]


def test_a_wrong_checksum_is_refused_unless_the_file_is_trusted(file: Path) -> None:
    whole = bytearray(file.read_bytes())
    whole[START.size] ^= 1  # between two sections
    file.write_bytes(whole)
    with pytest.raises(InvalidDocument, match="checksum"):
        Resolver.open(file)
    Resolver.open(file, trusted=True)


@pytest.mark.parametrize("times", [2000, pytest.param(40000, marks=pytest.mark.long)])
def test_a_damaged_file_is_refused_or_answers(times: int) -> None:
    """What is proved of a file that is not trusted: whatever stands in it, no look-up leaves it.

    The checksum is fixed up; without that, there is nothing left to prove.
    """
    whole, random = octets(make_table().compile()), Random(5)  # noqa: S311
    asked = ["10.1.2.3:1", "[fd00::1]:1", "a.internal.local:1", "stopped.local:1", "known.local:1", "9.9.9.9:1"]
    refused = 0
    for _ in range(times):
        damaged = bytearray(whole)
        for _ in range(random.choice((1, 1, 4))):
            damaged[random.randrange(len(damaged))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        try:
            opened = unpack(memoryview(bytearray(fixed_up(bytes(damaged)))), trusted=False)
        except InvalidDocument:
            refused += 1
            continue
        for address in asked:
            hot(opened, _asked(address))
        opened.lookup_many(random.randbytes(64), 4)
        opened.lookup_many(random.randbytes(64), 6)
    assert times // 8 < refused < times


def _with_head(whole: bytes, change: Callable[[Any], object]) -> bytes:
    """A saved resolver with its head changed."""
    place, _ = START.unpack_from(whole)[-2:]
    head = json.loads(_head(whole))
    change(head)
    text = json.dumps(head).encode()
    sizes = struct.pack("=Q", place + len(text)), struct.pack("=Q", len(text))
    start = whole[:32], sizes[0], whole[40 : START.size - 8], sizes[1]
    return fixed_up(b"".join([*start, whole[START.size : place], text]))


def _nested(depth: int) -> Any:
    group: Any = {"is": "EcmpGroup", "members": []}
    for _ in range(depth):
        group = {"is": "EcmpGroup", "members": [[group, 1]]}
    return group


HEADS: dict[str, Callable[[Any], object]] = {
    "groups in groups": lambda head: head["egresses"].append(_nested(150)),
    "an escape sequence in a refusal": lambda head: head["refusals"][0].update(message="\x1b[31m"),
    "an override in a hint": lambda head: head["refusals"][0].update(hint="\u202e"),
    "a code that is none": lambda head: head["refusals"][0].update(code="\x1b[31m"),
    "a message that is no text": lambda head: head["refusals"][0].update(message=7),
    "a field with an escape sequence": lambda head: head["egresses"].append({"is": "Tunnel", "\x1b[31m": 1}),
    "a kind with an escape sequence": lambda head: head["egresses"].append({"is": "\x1b[31m"}),
    "a name with an escape sequence": lambda head: head["egresses"].append({"is": "Tunnel", "id": "\x1b[31m"}),
    "a state that is none": lambda head: head.update(tunnel=[{"is": "Tunnel", "id": "x", "name": None}, "\x1b[31m"]),
    "a number beyond floats": lambda head: head.update(generation=float("inf")),
    "a number that is too long": lambda head: head["stopped"].update({"9" * 5000: 7}),
    "too many patterns": lambda head: head["globs"].update(
        local=[[f"a{i}-*.local", {"is": "Tunnel", "id": "x", "name": None}, "glob", False] for i in range(65)]
    ),
    "a stopped route that is in force": lambda head: [r.append(r.pop() or True) for r in head["stopped"].values()],
    "a stopped route too few": lambda head: head["stopped"].clear(),
    "a stopped route of another number": lambda head: head.update(
        stopped={str(int(number) + 1): route for number, route in head["stopped"].items()}
    ),
    "a connector among those of stopped routes": lambda head: head["vias"].append(head["vias"][0]),
    "a stopped route before the others": lambda head: head["vias"].reverse(),
    "hosts of wrong types": lambda head: head["hosts"].update(a=[7]),
    "a region that is none": lambda head: head["vantage"].update(region="\x1b[31m"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_nothing_writes_is_refused(file: Path, name: str) -> None:
    whole = file.read_bytes()
    file.write_bytes(_with_head(whole, lambda head: None))
    assert Resolver.open(file).resolve("10.1.2.3:1").egress == US
    file.write_bytes(_with_head(whole, HEADS[name]))
    for trusted in (False, True):
        with pytest.raises(InvalidDocument) as caught:
            Resolver.open(file, trusted=trusted)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


def _fetch() -> Question:
    return _asked("http://x/")


def _asked(address: str) -> Question:
    return Question("resolve", address)
