"""Whatever is asked, and however often, memory stays as it was: watched in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vpcroute

#: The same work again and again; when everything that is made once has been made, nothing more may stay.
PROGRAM = r"""
import gc, json, os, sys
from ipaddress import ip_network
import vpcroute
from vpcroute import *

rounds, folder = int(sys.argv[1]), sys.argv[2]

def table_of(n):
    table = RouteTable()
    eu, us, den = Tunnel("eu", "eu"), Tunnel("us", "us"), OnRamp(kind="gre", name="den")
    with table.transaction():
        for i in range(n):
            table.announce(SubnetRoute(f"10.{i}.0.0/16", eu if i % 3 else us))
            table.announce(SubnetRoute(f"fd00:{i:x}::/32", us))
            table.announce(HostnameRoute(f"*.n{i}.internal", eu))
            table.announce(WanRoute(f"172.16.{i}.0/24", den, priority=i, regions=["WEUR"] if i % 2 else []))
        table.announce(HostnameRoute("a*.stopped.internal", eu, in_force=False))
    table.set_hosts("known.example", ["10.1.0.1", "8.8.8.8"])
    return table

table = table_of(64)
resolver = table.compile()
GOOD = [text for i in range(64) for text in (
    f"10.{i}.1.1:80", f"http://10.{i}.2.2/x", f"[fd00:{i:x}::1]:443", f"a.n{i}.internal:1", f"https://b.n{i}.internal/",
    f"172.16.{i}.9:1", f"8.8.{i}.8:53", "known.example:1", "other.example:1", f"http://[::ffff:10.{i}.0.1]/",
    f"http://0x0a.{i}.1/", f"http://\xfc{i}.n{i}.internal/", ("10.0.0.1", 80), {"hostname": "a", "port": 1})]
BAD = [thing for i in range(16) for thing in (
    f"192.168.{i}.1:80", "127.0.0.1:1", f"a..b{i}:1", f"x{i}", "http:8080", "http://[", "\ud800:1", "a" * 300 + ":1",
    "1:1", f"http://{'a' * 64}.b/", "[fe80::1%eth0]:1", "a1.stopped.internal:1", "0x7f.1:1", None, 7, [], b"1234",
    ("a", "b"),    {"hostname": 7}, float("nan"), object())]

def ask(resolver, some):
    for thing in some:
        for call in (resolver.resolve, resolver.resolve_fetch, resolver.resolve_connect, resolver.lookup):
            try:
                found = call(thing)
                if call == resolver.resolve:
                    found.route, found.alternates, found.remarks, str(found.target), found.ip
            except (RouteError, TypeError):
                pass

def once(step):
    ask(resolver, GOOD)
    ask(resolver, BAD)
    for answer in resolver.resolve_many(GOOD + BAD):
        pass
    for version, width in ((4, 4), (6, 16)):
        resolver.lookup_many(bytes(range(256)) * 64 * width, version)
        for wrong in (b"x" * (width + 1), None, 7):
            try:
                resolver.lookup_many(wrong, version)
            except (ValueError, TypeError):
                pass
    for answers in (["10.1.0.1"], ["127.0.0.1"], ["x"], [], [7], None, ip_network("::/0")):
        try:
            resolver.resolve("any.example:1", answers=answers)
        except (RouteError, TypeError):
            pass
    # A change, compiled; taken back, compiled again; one that is refused.
    extra = SubnetRoute("10.200.0.0/16", Tunnel("eu", "eu"))
    table.announce(extra)
    ask(table.compile(), ["10.200.0.1:1"])
    table.withdraw(extra)
    for region in (None, "WEUR"):
        table.compile(region=region)
    try:
        with table.transaction():
            table.announce(extra)
            table.announce(SubnetRoute("100.64.0.0/16", Tunnel("eu", "eu")))
    except RouteError:
        pass
    if step % 4 == 0:
        path = os.path.join(folder, "saved")
        resolver.save(path)
        for trusted in (True, False):
            ask(Resolver.open(path, trusted=trusted), GOOD[:14] + BAD[:21])
        with open(path, "r+b") as file:
            file.seek(40)
            file.write(b"\xff" * 40)
        try:
            Resolver.open(path)
        except InvalidDocument:
            pass
        for document in ({"routes": [{"network": "x"}] * 9}, {"hosts": {"a.b": ["10.0.0.1"]}}, []):
            try:
                RouteTable.from_document(document).compile()
            except InvalidDocument:
                pass

def size():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE"), sys.getallocatedblocks()

for step in range(rounds // 2):
    once(step)
before = size()
for step in range(rounds):
    once(step)
after = size()
asked = rounds * (5 * (len(GOOD) + len(BAD)) + 2 * 64 * 256)
print(json.dumps({"compiled": vpcroute.COMPILED, "asked": asked, "before": before, "after": after}))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell the size of a process")
@pytest.mark.parametrize("rounds", [pytest.param(4, id="short"), pytest.param(400, id="long", marks=pytest.mark.long)])
def test_memory_stays_as_it_was(rounds: int, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, str(rounds), str(tmp_path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    (size_before, blocks_before), (size_after, blocks_after) = found["before"], found["after"]
    assert found["compiled"] is vpcroute.COMPILED
    assert blocks_after - blocks_before < 200, found
    assert size_after - size_before < 2 << 20, found
