"""The index of names against a dictionary, through all changes, and what it makes of buffers that were spoilt."""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import islice, pairwise, permutations
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import examples
from twins import interpreted

from vpcroute import Gateway, HostnameRoute, MeshNode, Resolver, RouteConflict, RouteTable, Tunnel
from vpcroute.fib.hostnames import NUMBER_BITS, Hostnames, hostnames
from vpcroute.fib.names import ASK, KEY_SIZE, NONE, NUMBERS, NameIndex
from vpcroute.fib.names import build as build_index
from vpcroute.store import name_key

Pair = tuple[int, int]

KEY = Random(1).randbytes(KEY_SIZE)  # noqa: S311
#: Under it, all names of the same words in another order have one hash.
WEAK = bytes(KEY_SIZE)
LONGEST = ".".join(("a" * 63, "b" * 63, "c" * 63, "d" * 61))


def build(names: Mapping[str, Pair], key: bytes | None = KEY) -> Any:
    """The index; its methods have their types from Cython."""
    return build_index(((name, own, below) for name, (own, below) in names.items()), key)


def expected(names: Mapping[str, Pair], name: str) -> int:
    """What takes a name, by the words of the docstrings."""
    if len(name) > 253:
        return NONE
    own = names.get(name, (NONE, NONE))[0]
    below = names.get(name.partition(".")[2], (NONE, NONE))[1]
    return own if own >= 0 else below if below >= 0 else own


def around(names: Iterable[str]) -> set[str]:
    """Names, and others near them."""
    near = set()
    for name in names:
        near |= {name, name.partition(".")[2], f"x.{name}", f"x.y.{name}", f"x{name}", name[1:], name[:-1], f"{name}x"}
    return near


def check(index: Any, names: Mapping[str, Pair], more: Iterable[str] = ()) -> None:
    """The index says of its names, and of others, what it should."""
    index.check()
    assert {name: (own, below) for name, own, below in index.items()} == names
    for name in around(names) | set(more):
        assert index.find_name(name) == expected(names, name), name
        assert index.get(name) == names.get(name, (NONE, NONE)), name


# What is found

STORED = {
    "internal.local": (1, 2),
    "a.internal.local": (3, NONE),
    "only.below": (NONE, 4),
    "known.only.below": (ASK, NONE),
    "known": (ASK, 5),
    "asked.known": (ASK, NONE),
    "asked.alone.known": (ASK, NONE),
    "x": (6, NONE),
    "zero": (0, 0),
    "most": (NUMBERS - 1, NUMBERS - 1),
}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("internal.local", 1),
        ("a.internal.local", 3),
        ("b.internal.local", 2),
        ("c.b.internal.local", NONE),
        ("b.a.internal.local", NONE),
        ("ainternal.local", NONE),
        ("local", NONE),
        ("only.below", NONE),
        ("x.only.below", 4),
        ("known.only.below", 4),
        ("known", ASK),
        ("x.known", 5),
        ("asked.known", 5),
        ("asked.alone.known", ASK),
        ("x", 6),
        ("y", NONE),
        ("y.x", NONE),
        ("zero", 0),
        ("x.zero", 0),
        ("most", NUMBERS - 1),
        ("x.most", NUMBERS - 1),
        ("", NONE),
        (".", NONE),
        (".x", NONE),
        (".zero", 0),
        ("zero.", NONE),
        ("X", NONE),
        ("\0x", NONE),
        ("y.\0zero", NONE),
        ("zer\xf6", NONE),
        ("x\u2026zero", NONE),
        ("\ud800.zero", NONE),
        ("x." * 126 + "zero", NONE),
        ("y" * 248 + ".zero", 0),
        ("y" * 249 + ".zero", NONE),
        ("y" * 1000, NONE),
    ],
)
def test_what_takes_a_name(name: str, number: int) -> None:
    assert build(STORED).find_name(name) == number


def test_all_that_is_stored() -> None:
    check(build(STORED), STORED)


def test_an_empty_index() -> None:
    index = build({})
    check(index, {}, ["a", "a.b", LONGEST])
    assert list(index.items()) == []
    assert build({"a": (NONE, NONE)}).buffers() == index.buffers()
    check(index.changed({"a": (1, 2)}), {"a": (1, 2)})


def test_names_of_every_length() -> None:
    names = {LONGEST[-size:].lstrip("."): (size, size + 1000) for size in range(1, len(LONGEST) + 1)}
    names |= {"z" * size: (size + 2000, NONE) for size in range(1, 64)}
    check(build(names), names, {f"{'y' * size}.{name}" for size in (1, 7, 8, 9, 63) for name in names})


def test_names_of_every_length_in_addresses() -> None:
    table = RouteTable()
    names = [LONGEST[-size:] for size in range(1, len(LONGEST) - 1) if LONGEST[-size] != "."]
    for number, name in enumerate(names):
        table.announce(HostnameRoute(name, Tunnel(f"t-{number}"), match="both"))
    resolver = table.compile()
    for number, name in enumerate(names):
        hosts = {name: False, f"{'y' * (number % 63 + 1)}.{name}": False, f"{'y' * (number % 63 + 1)}.x.{name}": True}
        for host, is_too_deep in hosts.items():
            for address in (f"http://{host}", f"https://{host}:8443/a.b", f"{host}:25"):
                if len(host) <= 253 and len(address) <= 255:
                    egress = resolver.resolve(address).egress
                    assert egress == (Gateway(needs_dns=True) if is_too_deep else Tunnel(f"t-{number}")), address


@pytest.mark.parametrize("name", ["", "\0", "a\0", "h\xe9", "\u2026", "\ud800", "a" * 254])
def test_what_is_no_name_is_not_stored(name: str) -> None:
    with pytest.raises(ValueError, match="not a canonical name"):
        build({name: (1, 1)})
    with pytest.raises(ValueError, match="not a canonical name"):
        build({}).changed({name: None})


@pytest.mark.parametrize("pair", [(-3, 0), (0, -2), (NUMBERS, 0), (0, NUMBERS), (2**64, 0), (-(2**64), -1)])
def test_what_is_no_number_is_not_stored(pair: Pair) -> None:
    with pytest.raises(ValueError, match="not two route numbers"):
        build({"a": pair})


# Changes

LABELS = ("a", "b", "ab", "abcdefg", "abcdefgh", "abcdefghi", "x" * 15, "y" * 63)
texts = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
pairs = st.tuples(st.integers(ASK, 9), st.integers(NONE, 9))


@examples(150)
@given(
    st.dictionaries(texts, pairs, max_size=60),
    st.lists(st.dictionaries(texts, st.none() | pairs, max_size=40), max_size=8),
    st.sampled_from((KEY, WEAK)),
)
def test_generations(names: dict[str, Pair], changes: list[dict[str, Pair | None]], key: bytes) -> None:
    def rid(names: Mapping[str, Pair | None]) -> dict[str, Pair]:
        return {name: pair for name, pair in names.items() if pair not in (None, (NONE, NONE)) and pair is not None}

    generations = [(build(names, key), rid(names))]
    for change in changes:
        index, now = generations[-1]
        generations.append((index.changed(change), rid(now | change)))
    for index, now in generations:
        check(index, now)
    first, now = generations[0]
    other = {"a": (1, 1), "b.ab": None}
    check(first.changed(other), rid(now | other))
    check(first, now)


def named(count: int) -> dict[str, Pair]:
    """Names as people make them."""
    return {f"host-{number:04}.team-{number % 7}.internal": (number, NONE) for number in range(count)}


def test_many_names_one_by_one() -> None:
    names = named(3000)
    index = build({})
    for name, pair in names.items():
        index = index.changed({name: pair})
    check(index, names)
    for name in islice(names, 2900):
        index = index.changed({name: None})
    check(index, dict(islice(names.items(), 2900, None)), names)


def test_what_is_out_of_use_does_not_grow() -> None:
    names = named(500)
    first = index = build(names)
    for number in range(4000):
        index = index.changed({f"host-{number % 500:04}.team-{number % 500 % 7}.internal": (number, number)})
        assert index.nbytes() < 12 * first.nbytes()
    assert index.compacted().nbytes() < 1.2 * first.nbytes()
    check(first, names)
    check(index, {name: (number + 3500, number + 3500) for number, name in enumerate(names)})


def test_records_stand_about_where_their_hash_says() -> None:
    """A look-up fetches the line of a block that the hash points to, one before and one behind."""
    index = interpreted()["names"].build((name, *pair) for name, pair in named(5000).items())
    near = []
    for entry in set(index.directory_owner):
        base, more = entry >> 5 << 3, entry & 31
        for record in index.records(base):
            line = (record - base) >> 3
            near.append(line - more * (index.hash_at(record) & 1023) // 1024 in (0, 1, 2))
    assert len(near) == 5000
    assert sum(near) > 0.7 * len(near)


def test_what_changes_nothing_makes_nothing() -> None:
    index = build(STORED)
    assert index.changed({}) is index
    assert index.changed({"x": (6, NONE), "nothing": None, "x.y": (NONE, NONE)}) is index


def test_a_failed_change_leaves_nothing_behind() -> None:
    names = named(200)
    index = build(names)
    for _ in range(50):
        with pytest.raises(ValueError, match="not a canonical name"):
            index.changed({"a": (1, 1), "host-0001.team-1.internal": None, "": (1, 1)})
    check(index, names)


def test_changes_in_threads() -> None:
    names = named(300)
    index = build(names)
    made: dict[int, Any] = {}

    def change(number: int) -> None:
        mine = index
        for step in range(200):
            mine = mine.changed({f"host-{step:04}.team-{step % 7}.internal": (number, step), f"new-{step}": (step, -1)})
        made[number] = mine

    threads = [Thread(target=change, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(index, names)
    for number, mine in made.items():
        new = {f"new-{step}": (step, NONE) for step in range(200)}
        again = {f"host-{step:04}.team-{step % 7}.internal": (number, step) for step in range(200)}
        check(mine, names | again | new)


# One hash for many names


def alike(count: int, length: int = 6) -> list[str]:
    """Names that all have one hash under the weak key."""
    words = [f"{letter}{letter.upper().lower() * 6}{number}" for number, letter in enumerate("abcdefgh"[:length])]
    return ["".join(order) for order in islice(permutations(words), count)]


@pytest.mark.parametrize("count", [2, 8, 9, 27, 28])
def test_names_of_one_hash(count: int) -> None:
    names = {name: (number, number + 100) for number, name in enumerate(alike(count, 5))}
    index = build(names, WEAK)
    assert index.buffers()[0] == WEAK
    check(index, names, alike(60, 5))
    for name in list(names)[::2]:
        index = index.changed({name: None})
        del names[name]
    check(index, names, alike(60, 5))


def test_a_name_and_the_one_above_of_one_hash() -> None:
    above = alike(2, 2)
    names = {above[0]: (1, 2), above[1]: (3, 4), f"{above[0]}.{above[1]}": (NONE, 5)}
    check(build(names, WEAK), names)


@pytest.mark.parametrize("count", [29, 33, 700])
def test_names_that_crowd_under_a_key_get_another(count: int) -> None:
    names = {name: (number, number + 100) for number, name in enumerate(alike(count))}
    index = build(names | STORED, WEAK)
    assert index.buffers()[0] != WEAK
    check(index, names | STORED)


def test_a_change_that_crowds() -> None:
    some = alike(40)
    index = build(STORED | dict.fromkeys(some[:28], (7, 7)), WEAK)
    crowded = index.changed(dict.fromkeys(some[28:], (8, 8)) | {"x": None})
    check(index, STORED | dict.fromkeys(some[:28], (7, 7)))
    names = STORED | dict.fromkeys(some[:28], (7, 7)) | dict.fromkeys(some[28:], (8, 8))
    del names["x"]
    check(crowded, names)


def test_long_names_fill_a_block_before_they_are_many() -> None:
    names = {f"{number:03}.{LONGEST[4:]}": (number, NONE) for number in range(300)}
    check(build(names), names)


def test_a_key_is_drawn() -> None:
    assert build(STORED, None).buffers()[0] != build(STORED, None).buffers()[0]


# Buffers


def made_of(buffers: Sequence[Any]) -> Any:
    key, directory, blocks = buffers
    make: Any = NameIndex
    return make(key, directory, blocks)


def test_buffers_make_the_same_index() -> None:
    names = named(1000)
    index = build(names)
    changed = index.changed({"host-0007.team-0.internal": None, "new": (1, 2)})
    after = {**names, "new": (1, 2)}
    del after["host-0007.team-0.internal"]
    for before, expected in ((index, names), (changed, after)):
        buffers = before.buffers()
        again = made_of(buffers)
        check(again, expected)
        assert again.buffers() == buffers
        check(pickle.loads(pickle.dumps(before)), expected)  # noqa: S301
        check(again.changed({"new": (3, 4)}), expected | {"new": (3, 4)})
        check(again, expected)
    # From a buffer that begins anywhere, and from arrays.
    key, directory, blocks = index.buffers()
    for skipped in range(0, 65, 3):
        check(made_of((key, directory, memoryview(bytes(skipped) + blocks)[skipped:])), names)
    check(made_of((array("Q", key), array("I", directory), array("Q", blocks))), names)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (0, lambda key: key[:-8], "key: must have 264 bytes"),
        (0, lambda key: key[:-1], "key: "),
        (0, lambda key: "x", "key: "),
        (1, lambda directory: b"", "directory: must have a power of two of entries, not 0"),
        (1, lambda directory: 3 * directory, "directory: must have a power of two of entries"),
        (1, lambda directory: directory[:-1], "directory: "),
        (1, lambda directory: None, "directory: "),
        (2, lambda blocks: b"", "blocks: must have a multiple of 64 bytes, not 0"),
        (2, lambda blocks: blocks[:56], "blocks: must have a multiple of 64 bytes, not 56"),
        (2, lambda blocks: blocks[:-1], "blocks: "),
        (2, lambda blocks: memoryview(blocks)[::2], "blocks: "),
        (2, lambda blocks: None, "blocks: "),
    ],
)
def test_buffers_of_lengths_that_no_index_has(part: int, change: Any, message: str) -> None:
    buffers: list[Any] = list(build(STORED).buffers())
    buffers[part] = change(buffers[part])
    with pytest.raises(ValueError, match=f"^{message}"):
        made_of(buffers)


def words(buffers: Sequence[bytes]) -> tuple[array[int], array[int], array[int]]:
    """Buffers to be spoilt."""
    key, directory, blocks = buffers
    return array("Q", key), array("I", directory), array("Q", blocks)


def refused(buffers: Sequence[Any], message: str, **options: int) -> None:
    with pytest.raises(ValueError, match=message):
        made_of([bytes(buffer) for buffer in buffers]).check(**options)


def test_spoilt_buffers_are_refused() -> None:
    """One name: its block is the first, its mark in the first place of a group, its record behind the head."""
    single = build({"a.local": (5, 6)})
    key, directory, blocks = words(single.buffers())
    group = next(group for group in range(4) if blocks[group])
    assert blocks[4 + group] == 8
    spoilt: list[tuple[int, int, str]] = [
        (group, 0, "a record without a mark"),
        (group, blocks[group] ^ 2, "a name with another hash"),
        (4 + group, 0, "no record"),
        (4 + group, 7, "no record"),
        (4 + group, 200, "no record"),
        (4 + group, 10, "no name"),
        (8, blocks[8] | 63 << 58, "no name"),
        (8, blocks[8] & ~(63 << 58), "no name"),
        (8, blocks[8] & ~(0x1FFFFFFF << 29) | 0x1FFFFFFF << 29, "no route number"),
        (8, blocks[8] & ~0x1FFFFFFF, "no route number"),
        (8, blocks[8] | 0x1FFFFFFF, "no route number"),
        (9, blocks[9] | 1 << 63, "a name that is not ASCII"),
    ]
    for place, word, message in spoilt:
        other = array("Q", blocks)
        other[place] = word
        refused((key, directory, other), f"^blocks: line 0, place {8 * group}: {message}$")
    moved = array("Q", blocks)
    elsewhere = (group + 2) % 4
    moved[elsewhere], moved[group] = moved[group], 0
    moved[4 + elsewhere], moved[4 + group] = moved[4 + group], 0
    refused((key, directory, moved), "a search for the name does not reach it")
    for line, more in ((2, 0), (1, 1), (0, 31), (2**27 - 1, 31)):
        message = rf"^directory\[0\]: no block of {8 * (more + 1)} words begins in line {line}$"
        refused((key, array("I", [line << 5 | more]), blocks), message)
    refused((key, directory, blocks), "no route number", numbers=6)
    made_of((key, directory, blocks)).check(numbers=7)
    other_key = array("Q", key)
    other_key[-1] ^= 2
    refused((other_key, directory, blocks), "a name with another hash")


def test_a_directory_that_leads_back_and_forth_is_refused_at_once() -> None:
    """However long it is: no more is gone through than there are blocks."""
    directory = array("I", [0, 1 << 5] * 2**15)
    refused((array("Q", [1] * 33), directory, array("Q", bytes(128))), r"directory\[2\]: there are more blocks")


def test_a_block_at_the_wrong_entry_is_refused() -> None:
    key, directory, blocks = words(build(named(200)).buffers())
    assert len(set(directory)) > 2
    refused((key, array("I", reversed(directory)), blocks), "a name with another hash")


def test_whatever_is_not_refused_is_safe() -> None:
    random = Random(2)  # noqa: S311
    names = named(60) | {LONGEST: (1, 1)}
    buffers = build(names).buffers()
    asked = sorted(around(names))
    caught = 0
    for _ in range(400):
        spoilt = [bytearray(buffer) for buffer in buffers]
        for _ in range(random.choice((1, 1, 2, 5))):
            part = random.choice(spoilt)
            part[random.randrange(len(part))] = random.choice((0, 1, 255, random.randrange(256)))
        index = made_of([bytes(buffer) for buffer in spoilt])
        try:
            index.check()
        except ValueError:
            caught += 1
            continue
        for name in asked:
            assert index.find_name(name) >= ASK
        made_of(index.buffers()).check()
    assert caught > 200


# The routes


def test_routes_of_one_connector_have_numbers_together() -> None:
    vias: tuple[Tunnel | MeshNode, ...] = (Tunnel("t-1"), MeshNode("m-1"), Tunnel("t-2"))
    routes = [HostnameRoute(f"h{n}.local", vias[n % 3], in_force=n % 5 != 0) for n in range(400)]
    found = hostnames(routes)
    numbers = {route.hostname: found.index.find_name(route.hostname) for route in routes}
    assert len(set(numbers.values())) == len(routes)
    for route in routes:
        number = numbers[route.hostname]
        assert found.numbers.routes[number] is route
        assert found.numbers.vias[number >> NUMBER_BITS] == (route.via if route.in_force else None)
    assert len(found.numbers.vias) <= len(routes) // 64 + 4


def test_equal_connectors_share_their_numbers() -> None:
    found = hostnames(HostnameRoute(f"h{n}.local", Tunnel("t-1")) for n in range(64))
    assert found.numbers.vias == [Tunnel("t-1")]


def test_names_whose_addresses_are_known() -> None:
    own, below = HostnameRoute("own.local", Tunnel("t-1")), HostnameRoute("*.local", Tunnel("t-2"))
    found = hostnames([own, below])
    assert found.index_asking([]) is found.index
    index = found.index_asking(["own.local", "a.local", "elsewhere", "local"])
    assert index.find_name("own.local") == found.index.find_name("own.local") >= 0
    assert index.find_name("a.local") == found.index.find_name("a.local") >= 0
    assert index.find_name("b.local") == found.index.find_name("a.local")
    assert (index.find_name("elsewhere"), index.find_name("local")) == (ASK, ASK)
    assert found.index.find_name("elsewhere") == NONE
    assert found.index_asking(["local", "elsewhere", "a.local", "own.local"]) is index
    assert found.index_asking(["elsewhere"]).find_name("local") == NONE


def test_a_resolver_keeps_its_names_when_the_table_changes() -> None:
    table = RouteTable()
    route = table.announce(HostnameRoute("a.local", Tunnel("t-1")))
    table.set_hosts("known.local", ["198.41.0.4"])
    before: Resolver = table.compile()
    table.withdraw(route)
    table.announce(HostnameRoute("b.local", Tunnel("t-2")))
    table.set_hosts("known.local", None)
    after: Resolver = table.compile()
    assert before.resolve("http://a.local/").egress == Tunnel("t-1")
    assert before.resolve("http://b.local/").needs_dns
    assert str(before.resolve("http://known.local/").target) == "198.41.0.4:80"
    assert after.resolve("http://a.local/").needs_dns
    assert after.resolve("http://b.local/").egress == Tunnel("t-2")
    assert after.resolve("http://known.local/").needs_dns


# Changes of the routes

HOSTNAMES = ("a.local", "b.a.local", "local", "*.local", "*.a.local", "a*.local", "*.*.local", "b")


def spelled(found: Hostnames) -> object:
    """All that can be asked of hostname routes, without their numbers."""
    names = sorted({f"{deep}{name.replace('*', 'ab')}" for name in HOSTNAMES for deep in ("", "x.", "y.x.")})
    return [found.candidates(name) for name in names], dict(found.stored), found.globs


@st.composite
def hostname_routes(draw: st.DrawFn) -> list[HostnameRoute]:
    """Hostname routes, no two of them for one destination."""
    table = RouteTable()
    for hostname in draw(st.lists(st.sampled_from(HOSTNAMES), max_size=8, unique=True)):
        in_force = "*" not in hostname[2:] and not hostname.startswith("a*") and draw(st.booleans())
        match: Any = None if "*" in hostname else draw(st.sampled_from(("exact", "both", "stored")))
        with suppress(RouteConflict):
            via: Any = draw(st.sampled_from((Tunnel("t-1"), Tunnel("t-2"), MeshNode("m"))))
            table.announce(HostnameRoute(hostname, via, match=match, in_force=in_force))
    return [route for route in table if isinstance(route, HostnameRoute)]


@examples(150)
@given(st.lists(hostname_routes(), min_size=2, max_size=5), st.sets(st.sampled_from(("a.local", "x.local", "q"))))
def test_changed_routes_are_those_of_a_table_made_anew(states: list[list[HostnameRoute]], hosts: set[str]) -> None:
    found = [hostnames(states[0])]
    found[0].index_asking(hosts)
    for before, after in pairwise(states):
        keys = {name_key(route) for route in (*before, *after)}
        found.append(found[-1].changed({key: [r for r in after if name_key(r) == key] for key in keys}))
    for now, routes in zip(found, states, strict=True):
        anew = hostnames(routes)
        assert spelled(now) == spelled(anew)
        asking, expected = (each.index_asking(hosts) for each in (now, anew))
        for name in (*hosts, *(route.hostname for route in routes), "x.a.local", "x.local"):
            number, other = asking.find_name(name), expected.find_name(name)
            assert (number if number < 0 else now.numbers.routes[number]) == (
                other if other < 0 else anew.numbers.routes[other]
            )


def test_a_change_of_one_name_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    table = RouteTable()
    for number in range(100):
        table.announce(HostnameRoute(f"h{number}.local", Tunnel("t-1")))
    before = table.compile()
    compiler: Any = import_module("vpcroute.compiler")
    monkeypatch.setattr(compiler, "hostnames", None)  # nobody goes through all of them again
    for number in range(100):
        (route,) = table.exact(f"h{number}.local")
        table.withdraw(route)
        table.announce(HostnameRoute(f"h{number}.local", Tunnel(f"t-{number % 7}"), match="both"))
        after = table.compile()
        for asked in (0, number, 99):
            now = f"t-{asked % 7}" if asked <= number else "t-1"
            assert before.resolve(f"h{asked}.local:1").egress == Tunnel("t-1")
            assert after.resolve(f"h{asked}.local:1").egress == Tunnel(now)
            assert after.resolve(f"x.h{asked}.local:1").needs_dns == (asked > number)
