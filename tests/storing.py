"""A process that changes a stored table until it is killed, and says what it has been told is durable.

``python storing.py FILE SEED [COUNT]`` prints a line for each transaction after it has ended: the generation and the
digest of what the table held after it. Each transaction leaves a mark of its generation twice, so that half of one
shows.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from random import Random

from vpcroute import HostnameRoute, RouteTable, SubnetRoute, Tunnel, WanRoute
from vpcroute.egress import OnRamp
from vpcroute.sources.stored import StoredTable

TUNNELS = [Tunnel(f"tunnel-{n}", f"t{n}") for n in range(4)]
GRE = OnRamp(kind="gre", name="gre", id="o1")
_MARKS = ("first.mark", "last.mark")


def change(table: RouteTable, random: Random) -> None:
    """One transaction, of a few changes mostly, now and then of many."""
    with table.transaction():
        number = table.generation + 1
        _mark(table, _MARKS[0], number)
        for _ in range(random.choice([1, 3, 10, 10, 700])):
            _change_once(table, random)
        _mark(table, _MARKS[1], number)


def _mark(table: RouteTable, name: str, number: int) -> None:
    table.set_hosts(name, [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"])


def _change_once(table: RouteTable, random: Random) -> None:
    prefix, via = f"10.{random.randrange(8)}.{random.randrange(256)}.0/24", random.choice(TUNNELS)
    there = table.exact(prefix)
    if there:
        table.withdraw(there[0])
    elif random.random() < 0.8:
        table.announce(SubnetRoute(prefix, via, comment="x" * random.randrange(200)))
    else:
        table.announce(WanRoute(prefix, GRE, priority=random.randrange(3)))
    if random.random() < 0.1:
        name = f"n{random.randrange(50)}.example"
        held = table.exact(name)
        table.withdraw(held[0]) if held else table.announce(HostnameRoute(name, via))


def is_whole(table: RouteTable) -> bool:
    """Whether both marks are those of the table's generation."""
    number = table.generation
    first, last = (tuple(map(str, table.hosts.get(name, ()))) for name in _MARKS)
    return first == last == ((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",) if number else ())


def digest(table: RouteTable) -> str:
    """A digest of all that the changes change."""
    routes = sorted(map(repr, table))
    return blake2b("\n".join([*routes, repr(sorted(table.hosts.items()))]).encode(), digest_size=8).hexdigest()


def seeded(seed: int) -> Random:
    """The same numbers for the same seed."""
    return Random(seed)  # noqa: S311


def writer(table: StoredTable, random: Random, count: int) -> None:
    """Changes a table so many times; says so after each."""
    for _ in range(count):
        change(table, random)
        print(table.generation, digest(table), flush=True)


if __name__ == "__main__":
    with RouteTable.open(sys.argv[1], timeout=60) as opened:
        writer(opened, seeded(int(sys.argv[2])), int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize)
