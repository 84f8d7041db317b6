"""Resolvers that follow a file: whatever replaces it answers, whole, and whatever cannot be used does not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from vpcroute import HostnameRoute, InvalidDocument, Resolver, RouteTable, SubnetRoute, Tunnel
from vpcroute.cli import main
from vpcroute.live import LiveChange
from vpcroute.sources.following import follow
from vpcroute.sources.images import read_image

EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")


@pytest.fixture
def table() -> RouteTable:
    made = RouteTable()
    made.announce(SubnetRoute("10.1.0.0/16", EU))
    return made


@pytest.fixture
def file(table: RouteTable, tmp_path: Path) -> Path:
    table.compile().save(tmp_path / "fleet.vpc", generation=True)
    return tmp_path / "fleet.vpc"


def move(table: RouteTable, file: Path) -> None:
    """Another generation, in the place of the file."""
    with table.transaction():
        table.withdraw(SubnetRoute("10.1.0.0/16", EU))
        table.announce(SubnetRoute("10.1.0.0/16", US))
    table.compile().save(file, generation=True)


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_file_that_is_replaced_answers(table: RouteTable, file: Path, trusted: bool, mmap: bool) -> None:
    told: list[LiveChange] = []
    with Resolver.follow(file, interval=None, trusted=trusted, mmap=mmap, keep=2) as following:
        following.on_change(told.append)
        assert not following.refresh()
        assert following.resolve("10.1.0.1:1").egress == EU
        move(table, file)
        assert following.refresh()
        assert not following.refresh()
        assert following.resolve("10.1.0.1:1").egress == US
        assert following.resolve("10.1.0.1:1").generation == 2
        assert following.generations == (1, 2)
        assert following.pin(1).lookup("10.1.0.1") == EU
        (change,) = told
        assert [(str(c.start), c.count) for c in change.changes.addresses] == [("10.1.0.0", 65536)]
    assert following.lookup("10.1.0.1") == US, "closed, it goes on to answer"
    with pytest.raises(ValueError, match="closed"):
        following.refresh()


def _cut(file: Path) -> None:
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole[:-1])


def _gone(file: Path) -> None:
    file.unlink()


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [_cut, _gone, _folder])
def test_what_cannot_be_used_is_passed_over(table: RouteTable, file: Path, spoil: Callable[[Path], None]) -> None:
    with follow(file, interval=None) as following:
        spoil(file)
        for _ in range(2):
            assert not following.refresh()
            assert isinstance(following.error, (OSError, InvalidDocument))
            assert following.lookup("10.1.0.1") == EU
        if file.is_dir():
            file.rmdir()
        move(table, file)
        assert following.refresh()
        assert following.error is None
        assert following.lookup("10.1.0.1") == US


def test_it_looks_by_itself(table: RouteTable, file: Path) -> None:
    seen = threading.Event()
    with follow(file, interval=0.005) as following:
        following.on_change(lambda _: seen.set())
        move(table, file)
        assert seen.wait(10)
        assert following.lookup("10.1.0.1") == US


@pytest.mark.parametrize("interval", [0, -1, float("inf"), float("nan")])
def test_an_interval_is_some_seconds(file: Path, interval: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        follow(file, interval=interval)


def test_a_file_that_cannot_be_used_at_the_beginning_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        follow(tmp_path / "none")
    (tmp_path / "other").write_text("{}")
    with pytest.raises(InvalidDocument):
        follow(tmp_path / "other")


def test_drafts_of_killed_writers_are_cleared_away(table: RouteTable, file: Path) -> None:
    old, young, others = (file.with_name(name) for name in (".fleet.vpc.1.draft", ".fleet.vpc.2.draft", ".x.draft"))
    for draft in (old, young, others):
        draft.touch()
    for draft in (old, others):
        os.utime(draft, (time.time() - 7200,) * 2)
    move(table, file)
    assert sorted(os.listdir(file.parent)) == sorted([young.name, others.name, file.name])


def test_the_command_writes_what_the_library_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(Path(__file__).parent / "data" / "network.json")
    out = tmp_path / "out.vpc"
    assert main(["compile", sample, "--region", "ENAM", "-o", str(out)]) == 0
    size = out.stat().st_size
    assert capsys.readouterr().out == (
        f"{out}: {size} octets, from cf1:network, virtual network default, region ENAM, unified mode\n"
    )
    RouteTable.load(sample).compile(region="ENAM").save(tmp_path / "again")
    assert out.read_bytes() == (tmp_path / "again").read_bytes()
    assert main(["compile", "--json", sample, "-o", str(tmp_path / "none" / "out.vpc")]) == 2
    assert "none" in capsys.readouterr().err


# Many processes

WRITER = """
import sys
from vpcroute import *
path, number = sys.argv[1], int(Resolver.open(sys.argv[1]).lookup("10.1.0.1").name)
table, live = RouteTable(), None
prefixes = ["10.1.0.0/16", "fd00::/16"]
def routes(number):
    via = Tunnel(f"id-{number}", str(number))
    return [*(SubnetRoute(prefix, via) for prefix in prefixes), HostnameRoute("a.local", via)]
while True:
    with table.transaction():
        for old in list(table):
            table.withdraw(old)
        number += 1
        for new in routes(number):
            table.announce(new)
    live = live or table.live(keep=1)
    live.newest.save(path)
"""

WORKER = """
import os, sys, time
from vpcroute import Resolver
path, stop = sys.argv[1:]
asked = seen = last = 0
with Resolver.follow(path, interval=0.005) as following:
    print("ready", flush=True)
    while True:
        one = following.pin()
        names = {one.lookup("10.1.255.255").name, one.lookup("fd00::7").name, one.resolve("a.local:1").egress.name}
        assert len(names) == 1, names
        number = int(names.pop())
        assert number >= last, (number, last)
        asked += 1
        seen += number > last
        last = number
        if asked % 64 == 0:
            time.sleep(0.02)  # eight of them share the processors with the writer
            if not os.path.exists(stop):
                continue
            following.refresh()
            assert following.error is None, following.error
            print(following.lookup("10.1.0.1").name, asked, seen)
            break
"""


@pytest.mark.parametrize("kills", [4, pytest.param(150, marks=pytest.mark.long)])
def test_eight_workers_behind_a_writer_that_is_killed(kills: int, tmp_path: Path) -> None:
    """Every answer of a worker is from one file, none from an earlier one, and all end with the last file."""
    path, stop, random = tmp_path / "fleet.vpc", tmp_path / "stop", Random(kills)  # noqa: S311
    first, zero = RouteTable(), Tunnel("id-0", "0")
    for prefix in ("10.1.0.0/16", "fd00::/16"):
        first.announce(SubnetRoute(prefix, zero))
    first.announce(HostnameRoute("a.local", zero))
    first.compile().save(path)

    def run(code: str, *args: object) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True)

    workers = [run(WORKER, path, stop) for _ in range(8)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for _ in range(kills):
            before = path.read_bytes()
            with run(WRITER, path) as writer:
                deadline = time.monotonic() + 20
                while path.read_bytes() == before and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(random.random() / 10)
                writer.kill()
            assert path.read_bytes() != before
        last = Resolver.open(path).lookup("10.1.0.1").name
        stop.touch()
        ends = [worker.communicate(timeout=30)[0].split() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert [end[0] for end in ends] == [last] * 8
    assert all(int(asked) >= 64 and int(seen) >= 2 for _, asked, seen in ends)
    assert len(list(tmp_path.glob(".fleet.vpc.*"))) <= kills


def test_what_is_written_in_place_is_seen_by_who_has_a_copy(table: RouteTable, file: Path, tmp_path: Path) -> None:
    move(table, tmp_path / "next.vpc")
    whole = (tmp_path / "next.vpc").read_bytes()
    with follow(file, interval=None, mmap=False) as following:
        for octets, begun in ((whole[:100], 1), (whole, 2)):
            file.write_bytes(octets)
            os.utime(file, (begun, begun))
            assert following.refresh() == (octets == whole)
            assert (following.error is None) == (octets == whole)
        assert following.lookup("10.1.0.1") == US


def test_what_is_written_on_within_one_step_of_the_clock_is_read_again(
    table: RouteTable, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(table, tmp_path / "next.vpc")
    whole = (tmp_path / "next.vpc").read_bytes()
    with follow(file, interval=None, mmap=False) as following:
        monkeypatch.setattr("vpcroute.sources.following._identity", lambda there: (1,))
        for octets in (whole[:-1] + b" ", whole):
            file.write_bytes(octets)
            assert following.refresh() == (octets == whole)
            assert (following.error is None) == (octets == whole)


@pytest.mark.skipif(os.name == "nt", reason="the time of change is that of creation")
def test_a_copy_with_the_times_of_a_damaged_file_is_read(table: RouteTable, file: Path, tmp_path: Path) -> None:
    """As rsync -t makes one: of one size and time, and, where the number is given out again, of one number."""
    move(table, tmp_path / "next.vpc")
    whole = (tmp_path / "next.vpc").read_bytes()
    with follow(file, interval=None, mmap=False) as following:
        for octets in (whole[:-1] + b" ", whole):
            before = file.stat().st_ctime_ns
            file.write_bytes(octets)
            while file.stat().st_ctime_ns == before:  # clocks of files go in steps
                os.utime(file, (1, 1))
            assert following.refresh() == (octets == whole)
        assert following.lookup("10.1.0.1") == US


def test_the_file_is_where_it_was_when_the_process_goes_elsewhere(
    table: RouteTable, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    with follow(file.name, interval=None) as following:
        monkeypatch.chdir(file.parent.parent)
        move(table, file)
        assert following.refresh()


def test_what_is_written_on_while_it_is_read_is_read_again(
    table: RouteTable, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(table, tmp_path / "next.vpc")
    whole = (tmp_path / "next.vpc").read_bytes()

    def read(opened: Any, **ways: bool) -> Resolver:
        try:
            return read_image(opened, **ways)
        finally:
            file.write_bytes(whole)
            os.utime(file, (2, 2))

    with follow(file, interval=None, mmap=False) as following:
        file.write_bytes(whole[:100])
        monkeypatch.setattr("vpcroute.sources.following.read_image", read)
        assert not following.refresh()
        assert following.refresh()
        assert following.lookup("10.1.0.1") == US


def test_it_goes_on_after_a_callback_has_raised(table: RouteTable, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_type))
    told = threading.Semaphore(0)

    def fail(change: LiveChange) -> None:
        told.release()
        raise KeyError(change.generation)

    with follow(file, interval=0.01) as following:
        following.on_change(fail)
        move(table, file)
        assert told.acquire(timeout=30)
        table.withdraw(SubnetRoute("10.1.0.0/16", US))
        table.compile().save(file, generation=True)
        assert told.acquire(timeout=30)
    assert reported == [KeyError, KeyError]


def test_a_callback_may_close_it(table: RouteTable, file: Path) -> None:
    following = follow(file, interval=0.01)
    closed = threading.Event()

    def close(_: LiveChange) -> None:
        following.close()
        closed.set()

    following.on_change(close)
    move(table, file)
    assert closed.wait(30)
    with pytest.raises(ValueError, match="closed"):
        following.refresh()
