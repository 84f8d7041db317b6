"""The rules as they are written, the compiled resolver and the golden model give the same answers to everything."""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from itertools import product
from random import Random
from typing import Any, TypeVar

import attrs
import pytest
from golden import Answer, Verdict, identity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import (
    EVERY_VANTAGE,
    NETWORK_VANTAGES,
    PHASES,
    Question,
    answers_of,
    are_rivals,
    golden_of,
    may_stand,
    questions,
)

from vpcroute import (
    DeviceAddress,
    HostnameRoute,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
)
from vpcroute.compiler import compile_table
from vpcroute.fib.image import pack
from vpcroute.fields import IPAddress
from vpcroute.reference import Reference
from vpcroute.strategies import (
    DEVICES,
    MESH_NODES,
    VIRTUAL_NETWORKS,
    Network,
    announcements,
    networks,
    vantages,
)
from vpcroute.strategies.pools import COLOS, REGIONS
from vpcroute.strategies.routes import edges_of, names_around

F = TypeVar("F", bound=Callable[..., None])

_SLOW_IS_WELL = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def examples(count: int) -> Callable[[F], F]:
    """The same examples at every run, however long each takes; with VPCROUTE_FUZZ=1 others each time."""
    return settings(
        max_examples=count,
        derandomize=os.environ.get("VPCROUTE_FUZZ") != "1",
        database=None,
        deadline=None,
        phases=PHASES,
        suppress_health_check=_SLOW_IS_WELL,
    )


QUICK = 100
LONG = 50 * QUICK


def outcome(answerer: object, question: Question) -> object:
    """What a call comes to: its value, or all there is to know of its error."""
    call: Callable[..., object] = getattr(answerer, question.call)
    try:
        found = call(question.argument, **question.options)
    except (RouteError, TypeError, ValueError) as error:
        return told(error)
    return said(found)


def said(found: object) -> object:
    """A resolution after its egress: a compiled one has that from the look-up, until more is asked and all decided."""
    return (found.egress, found) if isinstance(found, Resolution) else found


def told(error: BaseException) -> tuple[object, ...]:
    """All there is to know of an error."""
    return type(error), str(error), *(getattr(error, name, None) for name in ("code", "hint", "address"))


def verdict(answerer: Reference | Resolver, question: Question) -> Answer:
    """A resolution in the golden model's terms."""
    try:
        found: Resolution = getattr(answerer, question.call)(question.argument, **question.options)
    except RouteError as error:
        return error.code
    alternates = frozenset(identity(candidate.egress) for candidate in found.alternates)
    return Verdict(found.offramp, identity(found.egress), found.guaranteed, alternates)


def questions_about(network: Network) -> list[Question]:
    """Every edge of every prefix and every name around the routes, in the form that is read quickly."""
    literals = [
        Question("resolve_connect", f"{ip}:443" if ip.version == 4 else f"[{ip}]:443")
        for ip in edges_of(network.routes)
    ]
    return literals + [Question("resolve_connect", f"{name}:443") for name in names_around(network.routes)]


def check_compiled(table: RouteTable, vantage: Vantage, asked: Iterable[Question]) -> None:
    reference, resolver = Reference(table, vantage), compile_table(table, vantage)
    for question in asked:
        expected = outcome(reference, question)
        assert outcome(resolver, question) == expected, (vantage, question)
        if isinstance(expected, tuple) and isinstance(expected[1], Resolution):
            assert expected[1].generation == table.generation == resolver.generation


def check_golden(network: Network, vantage: Vantage) -> None:
    reference, golden = Reference(network.table(), vantage), golden_of(network, vantage)
    for ip in edges_of(network.routes):
        assert verdict(reference, Question("resolve", ip)) == golden.address(ip), (vantage, ip)
    for name in names_around(network.routes):
        assert verdict(reference, Question("resolve_fetch", f"http://{name}/")) == golden.name(name), (vantage, name)


def snapshot(table: RouteTable) -> tuple[object, ...]:
    """What a table says of itself; lists of which the order means nothing are sorted."""
    prefixes = sorted({str(getattr(r, "network", getattr(r, "prefix", ""))) for r in table} - {""})
    return (
        sorted(map(repr, table)),
        table.counts(),
        sorted(map(repr, table.findings)),
        [(p, *(sorted(map(repr, ask(p))) for ask in (table.exact, table.covering, table.covered))) for p in prefixes],
        table.virtual_networks,
        table.services,
        table.hosts,
        table.reserved_ranges,
    )


def saved(resolver: Resolver) -> bytes:
    """The file of a resolver."""
    return b"".join(pack(resolver))


# The reference and the compiled resolver


@examples(QUICK)
@given(st.data())
def test_compiled_resolver_agrees_with_the_rules(data: st.DataObject) -> None:
    network = data.draw(networks())
    asked = data.draw(st.lists(questions(network.routes), max_size=10)) + questions_about(network)
    table = network.table()
    for vantage in data.draw(st.lists(vantages(), min_size=1, max_size=3, unique=True)):
        check_compiled(table, vantage, asked)


@examples(8)
@given(networks(max_routes=8))
def test_compiled_resolver_agrees_with_the_rules_from_every_vantage(network: Network) -> None:
    table, asked = network.table(), questions_about(network)[::3]
    for vantage in EVERY_VANTAGE:
        check_compiled(table, vantage, asked)


@pytest.mark.long
@examples(LONG)
@given(st.data())
def test_compiled_resolver_agrees_with_the_rules_at_length(data: st.DataObject) -> None:
    network = data.draw(networks(max_routes=30))
    asked = data.draw(st.lists(questions(network.routes), max_size=30)) + questions_about(network)
    table = network.table()
    for vantage in data.draw(st.lists(vantages(), min_size=1, max_size=8, unique=True)):
        check_compiled(table, vantage, asked)


@examples(QUICK // 2)
@given(st.data())
def test_resolve_many_gives_what_resolve_gives(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages())
    asked = [q.argument for q in data.draw(st.lists(questions(network.routes), max_size=12))] + [None, "", b"\n\0\0\1"]
    table = network.table()
    reference = Reference(table, vantage)
    found = list(compile_table(table, vantage).resolve_many(asked))
    assert len(found) == len(asked)
    for argument, item in zip(asked, found, strict=True):
        expected = outcome(reference, Question("resolve", argument))
        assert (told(item) if isinstance(item, BaseException) else said(item)) == expected


# The golden model


@examples(QUICK)
@given(networks(), st.lists(vantages(services=False), min_size=1, max_size=3, unique=True))
def test_rules_agree_with_the_golden_model(network: Network, asked_from: list[Vantage]) -> None:
    for vantage in asked_from:
        check_golden(network, vantage)


@pytest.mark.long
@examples(LONG)
@given(networks(max_routes=30))
def test_rules_agree_with_the_golden_model_at_length(network: Network) -> None:
    for vantage in NETWORK_VANTAGES:
        check_golden(network, vantage)


@examples(QUICK)
@given(st.data())
def test_known_addresses_of_a_name_agree_with_the_golden_model(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages(services=False))
    reference, golden = Reference(network.table(), vantage), golden_of(network, vantage)
    for name in names_around(network.routes):
        answers = data.draw(answers_of(network.routes))
        question = Question("resolve_connect", f"{name}:443", {"answers": answers})
        assert verdict(reference, question) == golden.name(name, [ip_address(a) for a in answers]), (name, answers)


@examples(QUICK)
@given(networks(health_by_place=False), vantages(services=False))
def test_answer_without_a_place_allows_for_every_place(network: Network, vantage: Vantage) -> None:
    """What is guaranteed holds everywhere, and what is not comes to one of the alternates, or to a refusal."""
    table = network.table()
    regions, colos = (*REGIONS, "WEUR"), (*COLOS, "fra01")
    places = list(product([vantage.region] if vantage.region else regions, [vantage.colo] if vantage.colo else colos))
    there = [Reference(table, attrs.evolve(vantage, region=region, colo=colo)) for region, colo in places]
    for ip in edges_of(network.routes):
        question = Question("resolve", ip)
        found, concrete = verdict(Reference(table, vantage), question), [verdict(r, question) for r in there]
        if found == "region_required":
            assert any(isinstance(answer, Verdict) for answer in concrete)
        elif isinstance(found, str):
            assert found in concrete
        else:
            assert all(isinstance(answer, Verdict) for answer in concrete) or not found.guaranteed
            assert {a.egress for a in concrete if isinstance(a, Verdict)} <= {found.egress} | found.alternates


# Order


@examples(QUICK)
@given(st.data())
def test_order_of_announcing_means_nothing(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages())
    shuffled = data.draw(st.permutations(network.routes))
    asked = data.draw(st.lists(questions(network.routes), max_size=5)) + questions_about(network)
    one, other = network.table(), network.table(shuffled)
    assert snapshot(one) == snapshot(other)
    answerers = [Reference(one, vantage), Reference(other, vantage), compile_table(other, vantage)]
    assert saved(compile_table(one, vantage)) == saved(compile_table(other, vantage))
    for question in asked:
        first, *others = [outcome(answerer, question) for answerer in answerers]
        assert others == [first, first], (vantage, question)


def test_order_of_announcing_does_not_decide_between_two_globs() -> None:
    tunnel = Tunnel("t1", "eu")
    globs = [HostnameRoute(pattern, tunnel, in_force=False) for pattern in ("*.*.x", "a*.*.x")]
    found = set()
    for order in (globs, globs[::-1]):
        table = RouteTable()
        for route in order:
            table.announce(route)
        found.add(outcome(table.compile(), Question("lookup", "ab.c.x")))
        found.add(outcome(Reference(table, Vantage()), Question("lookup", "ab.c.x")))
    assert len(found) == 1


def test_compiled_resolver_agrees_on_globs_after_a_withdrawal() -> None:
    tunnel = Tunnel("t1", "eu")
    first, second = (HostnameRoute(pattern, tunnel, in_force=False) for pattern in ("*.*.x", "a*.*.x"))
    table = RouteTable()
    for route in (HostnameRoute("gone", tunnel), first):
        table.announce(route)
    table.withdraw(HostnameRoute("gone", tunnel))
    table.announce(second)
    question = Question("lookup", "ab.c.x")
    assert outcome(table.compile(), question) == outcome(Reference(table, Vantage()), question)


def test_glob_with_a_trailing_dot_captures_its_names() -> None:
    table = RouteTable()
    table.announce(HostnameRoute("*.*.internal.local.", Tunnel("t1", "eu"), in_force=False))
    question = Question("resolve_fetch", "http://a.b.internal.local/")
    for answerer in (table.compile(), Reference(table, Vantage())):
        assert verdict(answerer, question) == "route_not_in_force"


def test_stored_record_not_in_force_leaves_the_names_below_open() -> None:
    """Were it a wildcard, names below would be refused: the answer without it cannot be guaranteed."""
    table = RouteTable()
    table.announce(HostnameRoute("internal.local", Tunnel("t1", "eu"), match="stored", in_force=False))
    question = Question("resolve_fetch", "http://a.internal.local/")
    for answerer in (table.compile(), Reference(table, Vantage())):
        assert verdict(answerer, question) == Verdict(None, "gateway_dns", guaranteed=False)


# Withdrawing


@examples(QUICK)
@given(st.data())
def test_withdraw_undoes_announce(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages())
    asked = data.draw(st.lists(questions(network.routes), max_size=5)) + questions_about(network)
    table = network.table()
    before, generation, octets = snapshot(table), table.generation, saved(compile_table(network.table(), vantage))
    answers = [outcome(Reference(table, vantage), question) for question in asked]
    more = []
    for route in data.draw(st.lists(announcements(), min_size=1, max_size=5)):
        if may_stand(route, network.subnets) and not any(are_rivals(other, route) for other in table):
            more.append(table.announce(route))
            assert more[-1] in table
    for route in data.draw(st.permutations(more)):
        table.withdraw(route)
        assert route not in table
    assert table.generation == generation + 2 * len(more)
    assert snapshot(table) == before
    assert saved(compile_table(table, vantage)) == octets
    for answerer in (Reference(table, vantage), compile_table(table, vantage)):
        assert [outcome(answerer, question) for question in asked] == answers


# Batches


def single(resolver: Resolver, packed: bytes) -> object:
    """What lookup() says of a packed address: the egress, or the code and hint of the error."""
    try:
        return resolver.lookup(packed)
    except RouteError as error:
        return error.code, error.hint


@examples(QUICK // 2)
@given(networks(), vantages())
def test_lookup_many_agrees_with_lookup(network: Network, vantage: Vantage) -> None:
    resolver = compile_table(network.table(), vantage)
    addresses: dict[int, list[IPAddress]] = {4: [], 6: []}
    for ip in edges_of(network.routes):
        addresses[ip.version].append(ip)
    addresses[6] += [IPv6Address((0xFFFF << 32) + int(ip)) for ip in addresses[4]]
    for version, width in ((4, 4), (6, 16)):
        packed = [ip.packed for ip in addresses[version]]
        out = array("i", [77] * len(packed))
        assert resolver.lookup_many(b"".join(packed), version, out) is out  # type: ignore[arg-type]
        assert resolver.lookup_many(bytearray(b"".join(packed)), version) == out  # type: ignore[arg-type]
        for each, number in zip(packed, out, strict=True):
            refused = resolver.refusals[~number] if number < 0 else None
            found = resolver.egresses[number] if refused is None else (refused.code, refused.hint)
            assert found == single(resolver, each)
        assert all(len(each) == width for each in packed)


def _example_resolver() -> Resolver:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/8", Tunnel("t1", "eu")))
    return table.compile()


def test_lookup_many_agrees_with_lookup_all_over_a_small_range() -> None:
    table = RouteTable()
    for prefix, name in (("10.0.0.0/22", "a"), ("10.0.1.0/25", "b"), ("10.0.1.128/32", "c"), ("::1:0:a00:0/118", "d")):
        table.announce(SubnetRoute(prefix, Tunnel(name)))
    resolver = table.compile()
    numbers = range((10 << 24) - 16, (10 << 24) + 1040)
    v4 = resolver.lookup_many(struct.pack(f">{len(numbers)}I", *numbers), 4)
    mapped = resolver.lookup_many(b"".join(IPv6Address((0xFFFF << 32) + n).packed for n in numbers), 6)
    v6 = resolver.lookup_many(b"".join(IPv6Address((1 << 48) + n).packed for n in numbers), 6)
    assert v4 == mapped
    assert v4 != v6
    for n, i, j in zip(numbers, v4, v6, strict=True):
        assert (resolver.egresses[i] if i >= 0 else None) == _egress_or_none(resolver, IPv4Address(n))
        assert (resolver.egresses[j] if j >= 0 else None) == _egress_or_none(resolver, IPv6Address((1 << 48) + n))


def _egress_or_none(resolver: Resolver, ip: IPAddress) -> object:
    try:
        return resolver.lookup(ip)
    except RouteError:
        return None


def test_lookup_many_agrees_with_lookup_in_a_table_larger_than_the_cache() -> None:
    """There addresses are looked up 64 at a time; smaller tables go one by one."""
    random = Random(11)  # noqa: S311
    vias = [Tunnel(f"t{number}", f"t{number}") for number in range(4)]
    table = RouteTable()
    with table.transaction():
        for first, second in product(range(1, 10), range(256)):
            for third in random.sample(range(256), 8):
                table.announce(SubnetRoute(f"{first}.{second}.{third}.0/24", random.choice(vias)))
    resolver = table.compile()
    assert table.store.compiled["default"].tables.v4.trie.nbytes() > 2**19
    for count in (1, 63, 64, 65, 200):
        numbers = [random.randrange(0, 11 << 24) for _ in range(count)]
        found = resolver.lookup_many(b"".join(number.to_bytes(4) for number in numbers), 4)
        for number, got in zip(numbers, found, strict=True):
            expected = outcome(resolver, Question("lookup", number, {"version": 4}))
            if got < 0:
                assert isinstance(expected, tuple)
                assert expected[2] == resolver.refusals[~got].code
            else:
                assert resolver.egresses[got] == expected


@pytest.mark.parametrize(
    ("addresses", "version", "out"),
    [
        pytest.param(bytes(7), 4, array("i", [77] * 2), id="addresses are cut off"),
        pytest.param(bytes(20), 6, array("i", [77]), id="IPv6 addresses are cut off"),
        pytest.param(bytes(8), 4, array("i", [77]), id="out is too small"),
        pytest.param(bytes(8), 4, array("i", [77] * 3), id="out is too large"),
        pytest.param(bytes(8), 4, memoryview(bytes(array("i", [77] * 2))), id="out is read-only"),
        pytest.param(bytes(8), 4, memoryview(array("i", [77] * 4))[::2], id="out is not contiguous"),
        pytest.param(memoryview(bytes(16))[::2], 4, array("i", [77] * 2), id="addresses are not contiguous"),
        pytest.param(bytes(8), 5, array("i", [77] * 2), id="no such version"),
        pytest.param(bytes(8), 4, [77, 77], id="out is no buffer"),
        pytest.param("10.0.0.0", 4, array("i", [77] * 2), id="addresses are no buffer"),
    ],
)
def test_lookup_many_writes_nothing_when_it_refuses(addresses: Any, version: Any, out: Any) -> None:
    before = list(out)
    with pytest.raises(ValueError, match=r"version|addresses|out"):
        _example_resolver().lookup_many(addresses, version, out)
    assert list(out) == before


@pytest.mark.parametrize("out", [array("i", [77, 77]), bytearray(8), memoryview(array("i", [77, 77]))])
def test_lookup_many_fills_any_writable_buffer(out: Any) -> None:
    resolver = _example_resolver()
    resolver.lookup_many(IPv4Address("10.0.0.1").packed + IPv4Address("1.1.1.1").packed, 4, out)
    numbers = memoryview(out).cast("B").cast("i")
    assert [resolver.egresses[n] for n in numbers] == [resolver.lookup("10.0.0.1"), resolver.lookup("1.1.1.1")]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("place", [0, 4, 64, 4 * 100])
def test_lookup_many_writes_where_the_addresses_are(version: Any, place: int) -> None:
    """Each is read before anything is written there."""
    resolver, width = _example_resolver(), 4 if version == 4 else 16
    packed = b"".join(bytes([(10, 1, 172)[i % 3], *bytes(width - 1)]) for i in range(100))
    memory = bytearray(packed + bytes(1000))
    view = memoryview(memory)
    resolver.lookup_many(view[: len(packed)], version, view[place : place + 400])
    assert bytes(view[place : place + 400]) == bytes(resolver.lookup_many(packed, version))


def test_lookup_many_of_nothing() -> None:
    assert list(_example_resolver().lookup_many(b"", 6)) == []


# A resolver is of its own generation


@examples(QUICK // 2)
@given(st.data())
def test_resolver_does_not_follow_the_table(data: st.DataObject) -> None:
    network, vantage = data.draw(networks()), data.draw(vantages())
    table, asked = network.table(), questions_about(network)
    resolver = compile_table(table, vantage)
    before = [outcome(resolver, question) for question in asked]
    for route in network.routes:
        table.withdraw(route)
        table.set_health(route.via, "down")
    for name in network.hosts:
        table.set_hosts(name, None)
    assert [outcome(resolver, question) for question in asked] == before


# State and findings follow what the table is, not how it came to be so


def test_finding_of_a_mesh_route_follows_the_default_network() -> None:
    def table(*, default_first: bool) -> RouteTable:
        made = RouteTable(virtual_networks=VIRTUAL_NETWORKS)
        steps: list[Callable[[], object]] = [
            lambda: made.set_default("staging"),
            lambda: made.announce(SubnetRoute("10.0.0.0/8", MESH_NODES[0], virtual_network="vnet-default")),
        ]
        for step in steps if default_first else reversed(steps):
            step()
        return made

    assert table(default_first=True).findings == table(default_first=False).findings


def test_finding_of_a_device_address_follows_the_device_range() -> None:
    def table(*, range_first: bool) -> RouteTable:
        made = RouteTable()
        steps: list[Callable[[], object]] = [
            lambda: made.set_subnets([("device", IPv4Network("10.1.0.0/24"))]),
            lambda: made.announce(DeviceAddress("10.1.0.1", DEVICES[0])),
        ]
        for step in steps if range_first else reversed(steps):
            step()
        return made

    assert table(range_first=True).findings == table(range_first=False).findings
