"""Live resolvers: always the newest generation, whole; and going back to an earlier one."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doing import blocks, held, unordered
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import QUICK, examples, outcome, questions_about, saved

from vpcroute import (
    HostnameRoute,
    InvalidVantage,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
    VirtualNetwork,
    VpcService,
)
from vpcroute.compiler import compile_table
from vpcroute.fib.live import Newest
from vpcroute.live import LiveChange, LiveResolver
from vpcroute.strategies import networks, vantages

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
A, B = SubnetRoute("10.1.0.0/16", EU), SubnetRoute("10.2.0.0/16", US)
VANTAGES: list[dict[str, Any]] = [{}, {"virtual_network": "default"}, {"region": "ENAM"}, {"tunnel_id": "eu-id"}]


@pytest.fixture
def table() -> RouteTable:
    made = RouteTable()
    made.add(EU)
    made.announce(A)
    return made


# The newest generation


@pytest.mark.parametrize("fields", VANTAGES, ids=str)
def test_every_look_up_is_by_the_newest_generation(table: RouteTable, fields: dict[str, Any]) -> None:
    live = table.live(**fields)
    asks: list[Callable[[Any], object]] = [
        lambda r: r.resolve("10.2.0.1:80"),
        lambda r: r.resolve("10.2.0.1:80", answers=["10.1.0.1"]),
        lambda r: r.resolve_fetch("http://10.2.0.1/"),
        lambda r: r.resolve_connect({"hostname": "10.2.0.1", "port": 80}),
        lambda r: r.resolve_connect("10.2.0.1:80", secure_transport="off"),
        lambda r: r.lookup("10.2.0.1"),
        lambda r: r.lookup(0x0A020001, 4),
        lambda r: r.resolve("a.example:1"),
        lambda r: list(map(repr, r.resolve_many(["10.2.0.1:80", "10.9.9.9:1", 7, "http://a.example/"]))),
    ]
    for change in (lambda: table.announce(B), lambda: table.set_health(US, "down"), lambda: table.withdraw(B)):
        change()
        assert live.generation == table.generation == live.newest.generation
        for ask in asks:
            assert _answer(ask, live) == _answer(ask, table.compile(**fields))


def _answer(ask: Callable[[Any], object], resolver: Any) -> object:
    try:
        return ask(resolver)
    except RouteError as error:
        return error.code, error.hint, str(error)


def test_a_resolution_names_its_generation(table: RouteTable) -> None:
    live = table.live()
    assert live.resolve("10.1.0.1:1").generation == table.generation
    table.announce(B)
    assert live.resolve("10.1.0.1:1").generation == table.generation


def test_nothing_is_seen_of_a_transaction_that_is_open(table: RouteTable) -> None:
    live = table.live()
    with table.transaction():
        table.announce(B)
        with pytest.raises(RouteError):
            live.resolve("10.2.0.1:1")
    assert live.resolve("10.2.0.1:1").egress == US


def test_nothing_is_published_of_a_transaction_that_fails(table: RouteTable) -> None:
    live = table.live()
    told: list[LiveChange] = []
    live.on_change(told.append)

    def refuse(_: object) -> None:
        raise OSError("no room")

    table.add_recorder(refuse)
    before, generation = live.newest, table.generation
    with pytest.raises(OSError, match="no room"):
        table.announce(B)
    assert (live.newest, table.generation, told) == (before, generation, [])
    table.remove_recorder(refuse)
    table.withdraw(A)
    table.announce(B)
    assert live.lookup("10.2.0.1") == US
    assert saved(live.newest) == saved(table.compile())


def test_what_was_recorded_is_published(table: RouteTable) -> None:
    """A recorder is asked when nothing is left that could fail."""
    live, seen = table.live(), []
    table.add_recorder(lambda _: seen.append(live.generation))
    table.announce(B)
    assert seen == [table.generation - 1]
    assert live.generation == table.generation


def test_a_resolver_is_not_compiled_for_those_who_are_gone(table: RouteTable) -> None:
    live = table.live()
    gone = weakref.ref(live)
    del live
    gc.collect()
    assert gone() is None
    table.announce(B)


@pytest.mark.parametrize("fields", [{"tunnel_id": "us-id"}, {"service_id": "web"}, {"virtual_network": "two"}], ids=str)
def test_a_vantage_that_is_gone_refuses_everything_until_it_is_back(fields: dict[str, Any]) -> None:
    table = RouteTable()
    things: list[Any] = [VirtualNetwork("v2", "two"), US, VpcService("s", "web", via=US, ipv4="10.0.0.1")]
    for thing in things:
        table.add(thing)
    live = table.live(**fields)
    changes: list[LiveChange] = []
    kept, _ = live.newest, live.on_change(changes.append)
    with table.transaction():
        for thing in reversed(things):
            table.remove(thing)
    for address in ("10.0.0.1:80", "http://a.example/", "http://0x0a000001/", "[2001:db8::1]:1", "8.8.8.8:443"):
        for ask in (
            live.resolve,
            lambda a: live.lookup(a.rpartition(":")[0].strip("[]")) if a[0] != "h" else live.resolve(a),
        ):
            with pytest.raises(RouteError) as caught:
                ask(address)
            assert caught.value.code == "invalid_vantage"
            with pytest.raises(InvalidVantage):
                table.compile(**fields)
    if fields != {"service_id": "web"}:
        assert set(live.newest.lookup_many(bytes(8), 4)) == {-1}
    with pytest.raises(InvalidVantage):
        live.newest.save("unwritten")
    with pytest.raises(InvalidVantage):
        live.explain("10.0.0.1:80")
    assert changes[-1].changes.counts()
    with table.transaction():
        for thing in things:
            table.add(thing)
    assert saved(live.newest) == saved(kept)


@examples(QUICK // 2)
@given(st.data())
def test_a_live_resolver_is_one_that_is_compiled_anew(data: st.DataObject) -> None:
    """After any changes, to the octet in the compiled file, and in every answer."""
    network, vantage = data.draw(networks(max_routes=8)), data.draw(vantages(services=False))
    table = network.table()
    live = table.live(vantage)
    seen = [live.newest]
    asked = questions_about(network)
    before = [outcome(live, question) for question in asked]
    for block in data.draw(st.lists(blocks(), min_size=1, max_size=4)):
        block.apply(table)
        if live.newest is not seen[-1]:
            seen.append(live.newest)
    try:
        fresh = compile_table(copy_of(table), vantage)
    except InvalidVantage:
        assert _answer(lambda r: r.resolve("8.8.8.8:1"), live)[0] == "invalid_vantage"  # type: ignore[index]
    else:
        assert saved(live.newest) == saved(fresh)
    assert [outcome(seen[0], question) for question in asked] == before
    assert live.generations == tuple(resolver.generation for resolver in seen)


def copy_of(table: RouteTable) -> RouteTable:
    """A table that is made anew, with all that has a say in routing."""
    copy = RouteTable(routing_mode=table.routing_mode, virtual_networks=table.virtual_networks)
    with copy.transaction():
        copy.set_subnets(table.subnets)
        for kind in table._registry._objects.values():
            for thing in kind.values():
                copy.add(thing)
        for route in reversed(list(table)):
            copy.announce(route)
        for via, places in table._health.items():
            for place, state in places.items():
                copy.set_health(via, state, place=place)
        for name, answers in table.hosts.items():
            copy.set_hosts(name, answers)
    return copy


# Generations at hand


def test_generations_are_listed_pinned_and_compared(table: RouteTable) -> None:
    live = table.live(keep=3)
    first = table.generation
    assert list(live.generations) == [first]
    table.announce(B)
    table.withdraw(A)
    assert list(live.generations) == [first, first + 1, first + 2]
    assert live.pin(first).lookup("10.1.0.1") == EU
    assert live.pin() is live.pin(first + 2) is live.newest
    assert [change.prefixes for change in live.diff(first).addresses] == [(A.network,), (B.network,)]
    assert [change.prefixes for change in live.diff(first + 1, first + 2).addresses] == [(A.network,)]
    assert not live.diff(first + 2)
    table.announce(A)
    assert list(live.generations) == [first + 1, first + 2, first + 3]
    with pytest.raises(LookupError, match=f"generation {first} is not at hand: there are {first + 1} to {first + 3}"):
        live.pin(first)


@pytest.mark.parametrize("keep", [0, -1])
def test_at_least_the_newest_generation_is_kept(table: RouteTable, keep: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        table.live(keep=keep)


def test_rolled_back_is_as_it_was_and_one_generation_more(table: RouteTable) -> None:
    live = table.live()
    first, before = table.generation, held(table)
    table.announce(B)
    with table.transaction():
        table.withdraw(A)
        table.set_health(EU, "down")
    assert table.generations == range(first, first + 3)
    assert table.roll_back(first) == table.generation == first + 3
    assert held(table) == before
    assert live.lookup("10.1.0.1") == EU
    assert table.roll_back(first + 2) == first + 4
    assert live.lookup("10.2.0.1") == US
    assert table.roll_back(table.generation) == first + 4, "nothing to undo is no generation"


def test_what_is_not_kept_cannot_be_gone_back_to(table: RouteTable) -> None:
    first = table.generation
    table.announce(B)
    with pytest.raises(LookupError, match="not at hand"):
        table.roll_back(first)
    table.keep_generations(2)
    for state in ("down", "healthy", "degraded"):
        table.set_health(EU, state)
    assert list(table.generations) == [table.generation - 2, table.generation - 1, table.generation]
    with pytest.raises(LookupError):
        table.roll_back(table.generation + 1)
    with table.transaction(), pytest.raises(RuntimeError, match="transaction"):
        table.roll_back(table.generation)


@examples(QUICK // 2)
@given(blocks(), st.lists(blocks(), min_size=1, max_size=5), st.data())
def test_rolled_back_to_any_generation(begin: Any, then: list[Any], data: st.DataObject) -> None:
    table = RouteTable()
    begin.apply(table)
    table.keep_generations(8)
    known = {table.generation: unordered(table)}
    for block in then:
        block.apply(table)
        known[table.generation] = unordered(table)
    for _ in range(2):
        generation = data.draw(st.sampled_from(sorted(known)))
        newest = table.roll_back(generation)
        assert unordered(table) == known[generation]
        known[newest] = known[generation]


# Who is told


def test_callbacks_are_told_after_the_change_is_visible(table: RouteTable) -> None:
    live, told = table.live(), []

    def note(change: LiveChange) -> None:
        told.append((change.generation, live.generation, live.lookup("10.2.0.1"), change.changes.counts()))

    stop = live.on_change(note)
    table.announce(B)
    stop()
    stop()
    table.withdraw(B)
    assert told == [(3, 3, US, {"reachable": {"ipv4": 65536, "ipv6": 0, "names": 0}})]


def test_what_a_callback_raises_undoes_nothing(table: RouteTable) -> None:
    live, told = table.live(), []

    def fail(change: LiveChange) -> None:
        told.append(change.generation)
        table.withdraw(B)  # refused while it is told

    live.on_change(fail)
    live.on_change(lambda change: told.append(change.generation))
    with pytest.raises(RuntimeError, match="must not change"):
        table.announce(B)
    assert told == [3, 3]
    assert live.lookup("10.2.0.1") == US


def test_changes_can_be_awaited(table: RouteTable) -> None:
    """Changes that pile up are one; nothing is missed between a generation that was seen and the first wait."""
    live = table.live()
    seen = live.generation

    async def main() -> list[tuple[int, int]]:
        found = []
        table.announce(B)
        watching = live.watch(since=seen)
        change = await anext(watching)
        found.append((change.before.generation, change.generation))
        for state in ("down", "healthy", "degraded"):
            table.set_health(EU, state)
        change = await anext(watching)
        found.append((change.before.generation, change.generation))
        writer = threading.Timer(0.02, table.withdraw, [B])
        writer.start()
        change = await asyncio.wait_for(anext(watching), 10)
        found.append((change.before.generation, change.generation))
        assert change.changes
        await watching.aclose()  # type: ignore[attr-defined]
        writer.join()
        return found

    assert asyncio.run(main()) == [(2, 3), (3, 6), (6, 7)]
    table.announce(B)  # nobody waits any more


# Threads


@pytest.mark.parametrize("rounds", [60, pytest.param(20_000, marks=pytest.mark.long)])
def test_readers_see_whole_generations_while_writers_change_them(rounds: int) -> None:
    """Both routes lead to one tunnel in every generation, and no later answer is of an earlier generation."""
    table = RouteTable()
    tunnels = [Tunnel(f"t{i}", f"t{i}") for i in range(3)]
    pair = ["10.1.0.0/16", "10.2.0.0/16"]
    routes = [[SubnetRoute(prefix, via) for prefix in pair] + [HostnameRoute("a.local", via)] for via in tunnels]
    with table.transaction():
        for route in routes[0]:
            table.announce(route)
    live, stop, wrong = table.live(keep=2), threading.Event(), []

    def read() -> None:
        before = 0
        while not stop.is_set():
            pinned = live.pin()
            answers = {pinned.lookup("10.1.0.1"), pinned.lookup("10.2.0.1"), pinned.lookup("a.local")}
            found = live.resolve("10.1.0.1:1")
            if len(answers) != 1 or found.generation < before or found.route is None:
                wrong.append((answers, found.generation, before))
            before = found.generation

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for round_ in range(rounds):
        with table.transaction():
            for route in routes[round_ % 3]:
                table.withdraw(route)
            for route in routes[(round_ + 1) % 3]:
                table.announce(route)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert live.generation == table.generation == rounds + 1


def test_a_resolver_stays_alive_while_it_is_asked(table: RouteTable) -> None:
    """What answers may be replaced in the middle of a look-up, by the very answers that it is given."""
    live = LiveResolver(table.compile(), keep=1)

    def answers() -> Iterator[str]:
        live.publish(RouteTable().compile())
        gc.collect()
        yield "10.1.0.1"

    assert live.resolve("a.example:1", answers=answers()).egress == EU
    with pytest.raises(RouteError):
        live.resolve("10.1.0.1:1")


@pytest.mark.parametrize("made", [lambda: Newest(None), lambda: Newest(3)])
def test_only_resolvers_are_published(made: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        made()


def test_it_takes_a_vantage_or_its_fields(table: RouteTable) -> None:
    assert table.live(Vantage(region="ENAM"), colo="den01").vantage == Vantage(region="ENAM", colo="den01")


def test_none_is_made_of_what_may_be_undone(table: RouteTable) -> None:
    with table.transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        table.live()
    table.add_recorder(lambda operations: table.live())
    with pytest.raises(RuntimeError, match="inside a transaction"):
        table.announce(SubnetRoute("10.99.0.0/16", Tunnel("t", "t")))
