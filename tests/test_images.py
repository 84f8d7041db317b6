"""A resolver from a file answers as the one that was saved; whatever is wrong with the file is refused."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import Question
from test_agreement import QUICK, examples, outcome, questions_about

from vpcroute import (
    EcmpGroup,
    HostnameRoute,
    InvalidDocument,
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


@pytest.mark.parametrize("trusted", [True, False])
@examples(QUICK // 4)
@given(st.data())
def test_answers_as_what_was_saved(
    trusted: bool, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages(services=False))
    resolver = compile_table(network.table(), vantage)
    path = tmp_path_factory.getbasetemp() / f"any-{trusted}"
    resolver.save(path)
    loaded = Resolver.load(path, trusted=trusted)
    for question in questions_about(network):
        assert hot(loaded, question) == hot(resolver, question), question
    assert (loaded.vantage, loaded.generation) == (resolver.vantage, resolver.generation)
    assert loaded.egresses == resolver.egresses


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
        assert hot(Resolver.load(file, trusted=trusted), question) == hot(make_table().compile(), question)


@pytest.mark.parametrize("name", _COLD)
@pytest.mark.parametrize("address", ["10.0.0.1:1", "a.internal.local:1", "http://0x0a010203/", "known.local:1"])
def test_what_is_not_saved_says_so(file: Path, name: str, address: str) -> None:
    found = Resolver.load(file).resolve(address)
    with pytest.raises(RouteError) as caught:
        getattr(found, name)
    assert caught.value.code == "routes_not_saved"
    assert caught.value.hint


def test_gateway_is_known(file: Path) -> None:
    loaded, resolver = Resolver.load(file), make_table().compile()
    for address in ("10.0.0.1:1", "8.8.8.8:1", "other.example:1", "a.internal.local:1"):
        assert loaded.resolve(address).gateway == resolver.resolve(address).gateway


def test_bindings_to_tunnel_and_service(tmp_path: Path) -> None:
    table = make_table()
    table.set_health(EU, "down")
    for vantage in ({"tunnel_id": "eu"}, {"service_id": "s"}):
        resolver = table.compile(**vantage)
        resolver.save(tmp_path / "b")
        loaded = Resolver.load(tmp_path / "b")
        assert outcome(loaded, _fetch()) == outcome(resolver, _fetch())
        assert loaded.resolve("http://x/").remarks == resolver.resolve("http://x/").remarks


def test_saved_again_is_the_same_file(file: Path, tmp_path: Path) -> None:
    Resolver.load(file).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
    assert isinstance(Resolver.load(file).resolve("172.16.0.1:1").egress, EcmpGroup)


def test_batches_and_pickles(file: Path) -> None:
    loaded = Resolver.load(file)
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
            Resolver.load(file, trusted=trusted)


def test_other_files_are_refused(file: Path) -> None:
    whole = file.read_bytes()
    other_order = whole[:20] + whole[20:24][::-1] + whole[24:]
    for text, said in (
        (b"PK" + whole[2:], "not a saved resolver"),
        (other_order, "byte order"),
        (whole[:24] + struct.pack("=Q", 2**63) + whole[32:], "cut short"),
        (whole.replace(b'"sections"', b'"sectionz"'), "head"),
        (whole[:32] + b"[" * 5000 + whole[5032:], "head"),
    ):
        file.write_bytes(text)
        with pytest.raises(InvalidDocument, match=said):
            Resolver.load(file)


def test_a_file_with_any_octet_wrong_is_refused_or_answers(file: Path) -> None:
    """What is proved of a file that is not trusted: whatever stands in it, no look-up leaves it."""
    whole, random = file.read_bytes(), Random(5)  # noqa: S311
    asked = ["10.1.2.3:1", "[fd00::1]:1", "a.internal.local:1", "stopped.local:1", "known.local:1", "9.9.9.9:1"]
    refused = 0
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(random.choice((1, 1, 4))):
            damaged[random.randrange(len(damaged))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        file.write_bytes(damaged)
        try:
            loaded = Resolver.load(file)
        except InvalidDocument:
            refused += 1
            continue
        for address in asked:
            hot(loaded, _asked(address))
        loaded.lookup_many(random.randbytes(64), 4)
        loaded.lookup_many(random.randbytes(64), 6)
    assert refused > 200


def _with_head(whole: bytes, change: Callable[[Any], object]) -> bytes:
    """A saved resolver with its head changed."""
    length = struct.unpack_from("=Q", whole, 24)[0]
    head = json.loads(whole[32 : 32 + length])
    change(head)
    text = json.dumps(head).encode()
    begin = 32 + length
    arrays = whole[begin + -begin % 64 :]
    return whole[:24] + struct.pack("=Q", len(text)) + text + bytes(-(32 + len(text)) % 64) + arrays


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
    "sections beyond the end": lambda head: head["sections"].update(outcomes=2**62),
    "hosts of wrong types": lambda head: head["hosts"].update(a=[7]),
    "a region that is none": lambda head: head["vantage"].update(region="\x1b[31m"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_nothing_writes_is_refused(file: Path, name: str) -> None:
    whole = file.read_bytes()
    file.write_bytes(_with_head(whole, lambda head: None))
    assert Resolver.load(file).resolve("10.1.2.3:1").egress == US
    file.write_bytes(_with_head(whole, HEADS[name]))
    for trusted in (False, True):
        with pytest.raises(InvalidDocument) as caught:
            Resolver.load(file, trusted=trusted)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 300


def _fetch() -> Question:
    return _asked("http://x/")


def _asked(address: str) -> Question:
    return Question("resolve", address)
