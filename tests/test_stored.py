"""Tables in files: they come back as they were, for other processes too, whatever the one that wrote them dies of."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path
from random import Random
from typing import Any

import pytest
import storing
from doing import RULE, Block, blocks, held, unordered
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from networks import PHASES

from vpcroute import HostnameRoute, InvalidDocument, Resolver, RouteConflict, RouteTable, SubnetRoute, Tunnel
from vpcroute.gateway import GatewayRule
from vpcroute.sources.files import is_database
from vpcroute.sources.stored import StoredTable
from vpcroute.strategies import VIRTUAL_NETWORKS

EU, US = Tunnel("t1", "eu"), Tunnel("t2", "us")
A, B, C = (SubnetRoute(f"10.{n}.0.0/16", EU, virtual_network="default") for n in (1, 2, 3))
CHILD = [sys.executable, str(Path(__file__).parent / "storing.py")]


class Abort(BaseException):
    """What no handler catches by accident."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "routes.db"


@pytest.fixture
def table(path: Path) -> Iterator[StoredTable]:
    with RouteTable.open(path) as opened:
        yield opened


@pytest.fixture
def other(table: StoredTable) -> Iterator[StoredTable]:
    """The same file, as another process has it."""
    with RouteTable.open(table.path, timeout=0.05) as opened:
        yield opened


def reopened(table: StoredTable) -> tuple[object, ...]:
    with RouteTable.open(table.path, read_only=True) as again:
        return again.generation, held(again)


# Alone


def test_a_table_comes_back_with_its_generation(path: Path) -> None:
    for count in range(3):
        with RouteTable.open(path) as table:
            assert (table.generation, [*table]) == (count, [A, B, C][:count])
            table.announce([A, B, C][count])
            assert table.path == path


def test_what_is_undone_or_changes_nothing_is_not_written(table: StoredTable) -> None:
    table.announce(A)
    before = reopened(table)
    with pytest.raises(Abort), table.transaction():  # noqa: PT012
        table.announce(B)
        raise Abort
    with pytest.raises(RouteConflict):
        table.announce(SubnetRoute("10.1.0.0/16", US))
    with table.transaction():
        table.announce(A)
    assert before == reopened(table) == (1, held(table))


def test_a_file_begins_with_a_table(path: Path) -> None:
    first = RouteTable(routing_mode="legacy", virtual_networks=VIRTUAL_NETWORKS)
    first.announce_at("routes[1]", SubnetRoute("10.1.0.1/16", EU, comment="über \ud800"))
    first.set_gateway([RULE], (), {"fips": {"tls": True}})
    first.set_health(EU, "down")
    with RouteTable.open(path, initial=first) as table:
        assert (table.generation, held(table)) == (3, held(first)) == reopened(table)
        table.announce(B.__class__("10.2.0.0/16", EU))
        assert table.generation == 4
    with RouteTable.open(path, initial=first) as table:
        assert len(table) == 2


def test_a_transaction_is_durable_before_a_listener_hears_of_it(table: StoredTable) -> None:
    heard: list[object] = []
    table.add_listener(lambda generation: heard.append((generation, reopened(table)[0])))
    table.announce(A)
    table.announce(B)
    assert heard == [(1, 1), (2, 2)]


def test_what_cannot_be_written_is_undone(table: StoredTable) -> None:
    table.announce(A)
    before = held(table)
    odd: Any = GatewayRule("r", "r", "block", (), 1, True, settings={"a": float("nan")})
    wrong: Any = GatewayRule("r", "r", "block", (), "first", True)  # type: ignore[arg-type]
    as_tuple: Any = GatewayRule("r", "r", "block", (), 1, True, settings={"a": (1,)})
    for rule_ in (odd, wrong, as_tuple):
        with pytest.raises((TypeError, ValueError)), table.transaction():  # noqa: PT012
            table.announce(B)
            table.set_gateway([rule_], ())
        assert (table.generation, held(table)) == (1, before) == reopened(table)
    table.announce(B)
    assert reopened(table) == (2, held(table))


def test_a_closed_table_can_be_read_but_not_changed(table: StoredTable) -> None:
    table.announce(A)
    with table.transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
        table.close()
    table.close()
    table.close()
    for use in (lambda: table.announce(B), table.refresh, table.compact):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert (table.generation, [*table]) == (1, [A])


def test_read_only(table: StoredTable) -> None:
    table.announce(A)
    with RouteTable.open(table.path, read_only=True) as reader:
        with pytest.raises(PermissionError, match="read only"):
            reader.announce(B)
        with pytest.raises(RuntimeError, match="read only"):
            reader.compact()
        assert [*reader] == [A]
        with pytest.raises(Abort), reader.transaction():  # noqa: PT012
            reader.withdraw(A)  # such as whatif does it
            raise Abort
        table.announce(B)
        assert reader.refresh()
        assert ([*reader], reader.generation) == ([A, B], 2)


def test_one_recorder_is_there_already(table: StoredTable) -> None:
    with pytest.raises(RuntimeError, match="a recorder already"):
        table.add_recorder(print)


class StoredMachine(RuleBasedStateMachine):
    """A stored table beside one in memory, reopened, compacted, and read by another connection now and then."""

    @initialize(mode=st.sampled_from(["unified", "legacy"]))
    def start(self, mode: Any) -> None:
        self.folder = Path(os.environ["VPCROUTE_STORED"]) / str(time.monotonic_ns())
        self.folder.mkdir()
        self.path = self.folder / "routes.db"
        self.memory = RouteTable(routing_mode=mode, virtual_networks=VIRTUAL_NETWORKS)
        self.table = RouteTable.open(self.path, initial=self.memory)
        self.reader = RouteTable.open(self.path, read_only=True)

    @rule(block=blocks())
    def change(self, block: Block) -> None:
        for table in (self.memory, self.table):
            with suppress(RouteConflict, LookupError):
                block.apply(table)

    @rule()
    def reopen(self) -> None:
        self.table.close()
        self.table = RouteTable.open(self.path)

    @rule()
    def compact(self) -> None:
        self.table.compact()

    @rule()
    def refresh(self) -> None:
        behind = self.reader.generation != self.table.generation
        assert self.reader.refresh() == behind
        assert (self.reader.generation, held(self.reader)) == (self.memory.generation, held(self.memory))

    @invariant()
    def is_the_same(self) -> None:
        if hasattr(self, "table"):
            assert (self.table.generation, held(self.table)) == (self.memory.generation, held(self.memory))

    def teardown(self) -> None:
        if hasattr(self, "table"):
            self.refresh()
            self.reopen()
            self.is_the_same()
            self.table.close()
            self.reader.close()
            shutil.rmtree(self.folder)


def _run_machine(examples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPCROUTE_STORED", str(tmp_path))
    run_state_machine_as_test(
        StoredMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, phases=PHASES, derandomize=True, database=None
        ),
    )


def test_stored_and_in_memory_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run_machine(15, tmp_path, monkeypatch)


@pytest.mark.long
def test_stored_and_in_memory_are_the_same_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run_machine(600, tmp_path, monkeypatch)


# Several


def test_who_changes_takes_in_first_what_others_did(table: StoredTable, other: StoredTable) -> None:
    heard: list[tuple[int, list[object]]] = []
    other.add_listener(lambda generation: heard.append((generation, [*other])))
    table.announce(A)
    table.announce(B)
    assert (other.generation, len(other)) == (0, 0)
    other.announce(C)
    assert heard == [(1, [A]), (2, [A, B]), (3, [A, B, C])]
    table.withdraw(C)
    assert [*table] == [A, B]
    assert not table.refresh()
    assert other.refresh()
    assert not other.refresh()
    assert (table.generation, held(table)) == (4, held(other)) == reopened(table)


def test_a_live_resolver_follows_another_process_and_is_rolled_back_in_the_file(
    table: StoredTable, other: StoredTable
) -> None:
    live = other.live()
    table.announce(A)
    table.set_health(EU, "down")
    assert other.refresh()
    assert (live.lookup("10.1.0.1"), live.generations) == (EU, (0, 1, 2))
    assert other.roll_back(1) == 3
    assert table.refresh()
    assert (table.generation, held(table)) == (3, held(other)) == reopened(table)


def test_of_two_for_one_destination_the_second_fails(table: StoredTable, other: StoredTable) -> None:
    table.announce(A)
    with pytest.raises(RouteConflict, match="announced through eu"):
        other.announce(SubnetRoute("10.1.0.0/16", US))
    with pytest.raises(RouteConflict), other.transaction():  # noqa: PT012
        other.announce(B)
        other.announce(SubnetRoute("10.1.0.0/16", US))
    assert ([*other], other.generation) == ([A], 1)
    assert reopened(table) == (1, held(table))


def test_while_one_is_in_a_transaction_the_other_waits_its_time(table: StoredTable, other: StoredTable) -> None:
    with table.transaction():
        table.announce(A)
        with pytest.raises(TimeoutError, match="another process"):
            other.announce(B)
        assert not other.refresh()
    other.announce(B)
    assert [*other] == [A, B]


def test_refresh_inside_a_transaction_is_refused(table: StoredTable) -> None:
    with table.transaction():
        for call in (table.refresh, table.compact):
            with pytest.raises(RuntimeError, match="transaction"):
                call()
    heard: list[object] = []

    def listen(generation: int) -> None:
        with pytest.raises(RuntimeError, match="must not change"):
            table.announce(B)
        heard.append(table.refresh())

    table.add_listener(listen)
    table.announce(A)
    assert heard == [False]


@pytest.mark.parametrize("changing", [False, True])
def test_who_is_behind_a_compaction_takes_all_in_at_once(
    table: StoredTable, other: StoredTable, changing: bool
) -> None:
    heard: list[int] = []
    other.announce(SubnetRoute("10.9.0.0/16", US))
    resolver = other.compile()
    live = other.live()
    other.add_listener(heard.append)
    table.withdraw(SubnetRoute("10.9.0.0/16", US))
    for route in (A, B):
        table.announce(route)
    table.set_subnets([("device", IPv4Network("10.7.0.0/16"))])
    table.compact()
    table.announce(HostnameRoute("a.b", US))
    if changing:
        other.announce(C)
        assert heard == [6, 7]
        assert other.generations == range(6, 8)
        assert table.refresh()
    else:
        assert other.refresh()
        assert heard == [6]
        assert other.generations == range(6, 7)
    assert (other.generation, held(other)) == (table.generation, held(table)) == reopened(table)
    assert resolver.lookup("10.9.0.1") == US
    assert other.compile().lookup("10.1.0.1") == live.lookup("10.1.0.1") == EU
    with pytest.raises(Exception, match="no route"):
        other.compile().lookup("10.9.0.1")


def test_long_journals_are_folded(table: StoredTable, other: StoredTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpcroute.sources.stored._SHORT", 20)
    for number in range(100):
        (table, other)[number % 3 == 0].set_hosts("a.b", [f"10.0.0.{number}"])
    count, first = (
        sqlite3.connect(table.path)
        .execute("SELECT count(DISTINCT generation), min(generation) FROM history")
        .fetchone()
    )
    assert count <= 22
    assert first >= 78
    assert table.refresh() or other.refresh()
    assert (100, held(table)) == (other.generation, held(other)) == reopened(table)


def test_a_callback_may_close_it_whose_journal_is_long(table: StoredTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpcroute.sources.stored._SHORT", 4)
    live = table.live()
    live.on_change(lambda _: table.close())
    with table.transaction():
        for _ in range(3):
            table.announce(A)
            table.withdraw(A)
        table.announce(B)
    assert (1, held(table)) == reopened(table)


def test_two_processes_and_a_thread_write_at_once(path: Path) -> None:
    RouteTable.open(path).close()
    children = [subprocess.Popen([*CHILD, str(path), seed, "30"], stdout=subprocess.PIPE, text=True) for seed in "12"]
    with RouteTable.open(path, timeout=60) as table:
        seen = [threading.Thread(target=lambda: storing.writer(table, storing.seeded(3), 30))]
        seen[0].start()
        lines = [line.split() for child in children for line in child.communicate()[0].splitlines()]
        seen[0].join()
        table.refresh()
        assert [child.returncode for child in children] == [0, 0]
        assert len(lines) == 60
        # Who folds the journal behind a transaction takes in what others have done since, and then says so.
        assert len({generation for generation, _ in lines}) == len(set(map(tuple, lines)))
        assert table.generation == 90
        assert storing.is_whole(table)
        with RouteTable.open(table.path, read_only=True) as again:  # what was undone leaves other ids free
            assert (90, unordered(table)) == (again.generation, unordered(again))


def test_two_processes_make_one_file(path: Path) -> None:
    children = [subprocess.Popen([*CHILD, str(path), seed, "3"], stdout=subprocess.PIPE, text=True) for seed in "123"]
    out = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(int(line.split()[0]) for text in out for line in text.splitlines()) == [*range(1, 10)]


@pytest.mark.parametrize(
    "look",
    [lambda path: RouteTable.open(path).close(), RouteTable.load, Resolver.open],
    ids=["opened", "loaded", "for an image"],
)
def test_whoever_else_looks_into_the_file_leaves_it_locked(
    table: StoredTable, path: Path, look: Callable[[Path], object]
) -> None:
    """Else the next process that closes it would believe to be the last, and end what commits here go to."""
    table.announce(A)
    with suppress(InvalidDocument):
        look(path)
    subprocess.run([*CHILD, str(path), "1", "1"], check=True, stdout=subprocess.DEVNULL)
    assert Path(f"{path}-wal").exists()
    table.announce(SubnetRoute("192.168.0.0/24", EU))
    assert table.generation == reopened(table)[0] == 3


@pytest.mark.skipif(os.name == "nt", reason="an open file stays where it is")
@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
def test_what_nobody_could_see_again_is_not_written(table: StoredTable, suffix: str, replaced: bool) -> None:
    table.announce(A)
    file = Path(f"{table.path}{suffix}")
    if replaced:
        shutil.copy(file, file.with_name("copy"))
        os.replace(file.with_name("copy"), file)
    else:
        file.unlink()
    for use in (lambda: table.announce(B), table.refresh, table.compact):
        with pytest.raises(OSError, match="removed or replaced"):
            use()
    assert list(table) == [A]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_must_open_the_file_itself(table: StoredTable) -> None:
    child = os.fork()
    if not child:
        try:
            with pytest.raises(RuntimeError, match="opened by another process"):
                table.announce(A)
            with pytest.raises(RuntimeError, match="opened by another process"):
                table.refresh()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_process_forked_inside_a_transaction_has_no_part_in_it(table: StoredTable) -> None:
    child = -1
    try:
        with table.transaction():
            table.announce(A)
            child = os.fork()
            if not child:
                table.announce(B)
            else:
                assert os.waitpid(child, 0)[1] == 0
    except RuntimeError as error:
        os._exit(len(table) or "opened by another process" not in str(error))
    finally:
        if not child:
            os._exit(1)
    assert (1, held(table)) == reopened(table)
    assert list(table) == [A]


# Killed


def _kill_and_compare(path: Path, random: Random, kills: int) -> int:
    """Kills a writing process again and again; returns how many transactions were acknowledged."""
    acknowledged: list[tuple[int, str]] = []
    for _ in range(kills):
        child = subprocess.Popen([*CHILD, str(path), str(random.random())[2:]], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(random.choice([1, 1, 2, 5, 20])):
            acknowledged.append(_line(child.stdout.readline()))
        time.sleep(random.random() * random.choice([0, 0.01, 0.1]))
        child.kill()
        acknowledged += map(_line, child.stdout.read().splitlines(keepends=True))
        child.wait()
        child.stdout.close()
        last, said = acknowledged[-1]
        with RouteTable.open(path) as table:
            assert table.generation in (last, last + 1)
            assert storing.is_whole(table)
            if table.generation == last:
                assert storing.digest(table) == said
            else:
                acknowledged.append((table.generation, storing.digest(table)))
    assert [generation for generation, _ in acknowledged] == [*range(1, len(acknowledged) + 1)]
    return len(acknowledged)


def _line(text: str) -> tuple[int, str]:
    generation, said = text.split()
    return int(generation), said


def test_what_was_acknowledged_outlives_kill_9(path: Path) -> None:
    assert _kill_and_compare(path, storing.seeded(1), 10) >= 10


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_what_was_acknowledged_outlives_kill_9_for_long(path: Path, seed: int) -> None:
    assert _kill_and_compare(path, storing.seeded(seed), 50) >= 50


def _torn(folder: Path, random: Random, tears: int, target: str) -> tuple[int, int]:
    """Tears copies of the files of a process that was killed; returns how many opened, and how many were refused."""
    path = folder / "routes.db"
    said = {0: storing.digest(RouteTable())}
    with RouteTable.open(path) as table:
        if target == "":
            table.compact()
        for _ in range(25):
            storing.change(table, random)
            said[table.generation] = storing.digest(table)
        if target == "":
            table.compact()  # nearly all is in the file itself
            storing.change(table, random)
            said[table.generation] = storing.digest(table)
        kept = folder / "kept"
        kept.mkdir()
        for suffix in ("", "-wal"):  # as they are on disk while it is open: as after kill -9
            shutil.copy(f"{path}{suffix}", kept)
    opened, refused = 0, 0
    for number in range(tears):
        torn = folder / str(number)
        shutil.copytree(kept, torn)
        _tear(torn / f"routes.db{target}", random)
        try:
            with RouteTable.open(torn / "routes.db", create=False) as table:
                assert storing.digest(table) == said[table.generation]
                opened += 1
        except (InvalidDocument, OSError):
            refused += 1
        shutil.rmtree(torn)
    return opened, refused


def _tear(file: Path, random: Random) -> None:
    size = file.stat().st_size
    place, length = random.randrange(size), random.choice([1, 8, 512, 4096, 20000])
    match random.randrange(4):
        case 0:
            os.truncate(file, place)
        case 1:
            with file.open("r+b") as f:
                f.seek(place)
                f.write(random.randbytes(min(length, size - place)))
        case 2:
            with file.open("r+b") as f:
                f.seek(place)
                f.write(bytes(min(length, size - place)))
        case _:
            with file.open("r+b") as f:
                f.seek(place)
                octet = f.read(1)[0]
                f.seek(place)
                f.write(bytes([octet ^ 1 << random.randrange(8)]))


@pytest.mark.parametrize("target", ["", "-wal"])
def test_a_torn_file_gives_a_state_that_was_or_is_refused(tmp_path: Path, target: str) -> None:
    opened, refused = _torn(tmp_path, storing.seeded(1), 25, target)
    assert opened > 0
    assert refused > 0 or target == "-wal"


@pytest.mark.long
@pytest.mark.parametrize("target", ["", "-wal"])
@pytest.mark.parametrize("seed", range(4))
def test_a_torn_file_gives_a_state_that_was_or_is_refused_for_long(tmp_path: Path, target: str, seed: int) -> None:
    opened, refused = _torn(tmp_path, storing.seeded(seed), 500, target)
    print(f"{target or 'database'}: {opened} opened, {refused} refused")


# Files of something else


def _sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["PRAGMA application_id = 1"], "not a file of routes"),
        (["PRAGMA user_version = 3"], "has version 3 of the format"),
        (["CREATE TABLE other (x)"], "something else in it"),
        (["CREATE TRIGGER t AFTER INSERT ON history BEGIN DELETE FROM history; END"], "something else in it"),
        (["DELETE FROM history"], "lost its generations"),
        (["DELETE FROM history WHERE generation = 0"], "cannot be read"),
        (["DELETE FROM history WHERE generation = 2"], "part 0 of generation 2"),
        (["DELETE FROM history WHERE generation = 0 AND part = 0"], "part 0 of generation 0"),
        (["DELETE FROM history WHERE generation = 0 AND part = 1"], "generation 0"),
        (["UPDATE history SET content = replace(content, '10.2', '10.3')"], "part 0 of generation 2"),
        (["UPDATE history SET generation = generation + 1 WHERE generation = 3"], "generation 3"),
        (["UPDATE history SET content = x'ff00' WHERE generation = 1"], "part 0 of generation 1"),
        (["UPDATE history SET is_last = 0 WHERE generation = 3"], "part 0 of generation 3"),
    ],
)
def test_a_file_of_something_else_is_refused(path: Path, statements: list[str], message: str) -> None:
    with RouteTable.open(path) as table:
        for route in (A, B, C):
            table.announce(route)
    _sql(path, *statements)
    for read_only in (False, True):
        with pytest.raises(InvalidDocument, match=message) as caught:
            RouteTable.open(path, read_only=read_only)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "null",
        "[1]",
        '["announce"]',
        '[["announce"]]',
        '[["announce_at", "", 1]]',
        '[["announce_at", "", {"SubnetRoute": {"network": "10.3.0.0/99", "via": {"Tunnel": {"id": "t1"}}}}]]',
        '[["announce_at", "", {"SubnetRoute": {"network": "10.3.0.0/16", "via": {"OnRamp": {"id": "t1"}}}}]]',
        '[["withdraw", {"HostnameRoute": {"hostname": "a.b", "via": {"Tunnel": {"id": "t1"}}}}]]',
        '[["set_default", "nowhere"]]',
        '[["__init__"]]',
        '[["set_gateway", [{"GatewayRule": {"id": 1}}], [], null]]',
        '[["add", {"Tunnel": {"id": "t1"}, "MeshNode": {"id": "t1"}}]]',
        '[["add", {"Tunnel": {"id": ["t1"]}}]]',
        "[" * 100_000,
    ],
)
def test_a_history_that_cannot_be_is_refused(path: Path, content: str) -> None:
    from vpcroute.sources.database import _checksum

    with RouteTable.open(path) as table:
        table.announce(A)
        before = held(table)
        connection = sqlite3.connect(path)
        row = (2, 0, 1, content)
        connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?)", (*row, _checksum(*row)))
        connection.commit()
        connection.close()
        for use in (table.refresh, lambda: table.announce(B), lambda: RouteTable.open(path)):
            with pytest.raises(InvalidDocument, match="generation 2 cannot be read"):
                use()
        assert (table.generation, held(table)) == (1, before)


@pytest.mark.parametrize("generation", [2**63 - 1, -1])
def test_generations_that_nobody_makes_are_refused(table: StoredTable, generation: int) -> None:
    """There would be none after the last one that SQLite can number."""
    from vpcroute.sources.database import _checksum

    table.close()
    row = (generation, 0, 1, '{"routing_mode":"unified","virtual_networks":[["d","d",true]]}')
    connection = sqlite3.connect(table.path)
    connection.execute("DELETE FROM history")
    connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?)", (*row, _checksum(*row)))
    connection.commit()
    connection.close()
    with pytest.raises(InvalidDocument, match="there are no generations"):
        RouteTable.open(table.path)


def test_a_file_that_was_put_back_is_refused(table: StoredTable, tmp_path: Path) -> None:
    table.announce(A)
    table.announce(B)
    _sql(table.path, "DELETE FROM history WHERE generation = 2")
    for use in (table.refresh, lambda: table.announce(C)):
        with pytest.raises(InvalidDocument, match="put back behind 2"):
            use()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda path: path.write_bytes(b"{}" * 2000), InvalidDocument, "not a file of routes"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\1" * 5000), InvalidDocument, "not a file of routes"),
        (lambda path: _sql(path, "CREATE TABLE x (y)"), InvalidDocument, "not a file of routes"),
        (lambda path: path.mkdir(), OSError, "directory"),
        (os.mkfifo, InvalidDocument, "not a regular file"),
        (lambda path: None, FileNotFoundError, "No such file"),
    ],
)
def test_what_is_no_file_of_routes(path: Path, make: Callable[[Path], object], error: Any, message: str) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(error, match=message):
            RouteTable.open(path, **options)  # type: ignore[arg-type]
    if before is not None:
        with pytest.raises(error, match=message):
            RouteTable.open(path)
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_file_is_made_one(path: Path) -> None:
    path.touch()
    assert not is_database(path)
    with pytest.raises(InvalidDocument, match="not a file of routes"):
        RouteTable.open(path, create=False)
    RouteTable.open(path).close()
    assert is_database(path)


def test_a_stored_table_is_read_wherever_a_document_is(table: StoredTable) -> None:
    table.announce(A)
    table.compact()
    table.announce(B)
    read = RouteTable.load(table.path)
    assert type(read) is RouteTable
    assert (read.generation, held(read)) == (2, held(table))
    command = [sys.executable, "-m", "vpcroute", "resolve", "--network", str(table.path), "10.2.0.1:80"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    assert "eu" in told.stdout


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A folder that this process cannot write to, even if it is root's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield folder
        if os.geteuid() != os.getuid():
            os.seteuid(os.getuid())
        folder.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users to be")
def test_it_is_read_where_nothing_can_be_written(table: StoredTable, unwritable: Path) -> None:
    table.announce(A)
    table.close()
    shutil.copy(table.path, unwritable)
    (unwritable / table.path.name).chmod(0o444)
    unwritable.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)
    assert list(RouteTable.load(unwritable / table.path.name)) == [A]
    with pytest.raises(OSError, match="one that can be written to"):
        RouteTable.open(unwritable / table.path.name, read_only=True)
    assert os.listdir(unwritable) == [table.path.name]


def test_memory_is_refused() -> None:
    with pytest.raises(ValueError, match=r"RouteTable\(\)"):
        RouteTable.open(":memory:")


def test_taking_all_in_is_whole_whoever_raises(table: StoredTable, other: StoredTable) -> None:
    other.keep_generations(5)
    other.announce(A)
    table.refresh()
    table.announce(B)
    table.compact()
    other.live()

    def fail(_: object) -> None:
        raise KeyError

    before = other.generation
    publisher = other._publisher
    assert publisher is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publisher, "prepare", fail)
        with pytest.raises(KeyError):
            other.refresh()
    assert other.generation == before
    other.add_listener(fail)
    with pytest.raises(KeyError):
        other.refresh()
    assert other.generations == range(table.generation, table.generation + 1)
    assert held(other) == held(table)
