"""What is looked up in: prefixes and names with an egress each, the same ones for every contender.

A table is named by a word that another process can make it from again: ``private``, ``generated:100000``,
``file:PATH``, ``names:120000``, ``onramp:10000``. Nothing in one depends on chance that is not seeded.
"""

from __future__ import annotations

import gzip
import random
import socket
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import attrs

import vpcroute
from benchmarks.lengths import V4_LENGTHS, V6_LENGTHS
from vpcroute.ranges import DEFAULT_RESERVED, PROHIBITED

__all__ = ["Connector", "Family", "Names", "Table", "dice", "make_names", "make_table", "onramp_table"]

Version = Literal[4, 6]
Connector = vpcroute.Tunnel | vpcroute.MeshNode | vpcroute.OnRamp
Prefix = tuple[int, int]

WIDTHS: Final = {4: 32, 6: 128}
FAMILIES: Final = {4: socket.AF_INET, 6: socket.AF_INET6}
_TUNNELS: Final = 256
_PRIORITY: Final = 100
_NESTED: Final = 0.55  # the share of the prefixes of a full table that lie inside a shorter one
_V6_SHARE: Final = 0.15


def dice(seed: object) -> random.Random:
    """Chance that is the same in every run and process."""
    return random.Random(str(seed))  # noqa: S311  (nothing secret is drawn)


def to_text(number: int, version: Version) -> str:
    """An address in its canonical form."""
    return socket.inet_ntop(FAMILIES[version], number.to_bytes(WIDTHS[version] // 8, "big"))


@attrs.define(slots=False)
class Family:
    """The prefixes of one address family, as parallel lists.

    Attributes:
        version: 4 or 6.
        prefixes: each prefix as text.
        spans: the first address and the length of each.
        egress: the number of each one's egress.
    """

    version: Version
    prefixes: list[str]
    spans: list[Prefix]
    egress: list[int]

    @cached_property
    def flat(self) -> tuple[list[int], list[int]]:
        """Ranges that do not overlap: the first address of each, ascending from 0, and its egress; -1 is none."""
        bits = WIDTHS[self.version]
        starts, values = [0], [-1]
        stack: list[tuple[int, int]] = [(2**bits - 1, -1)]

        def begin(start: int, value: int) -> None:
            if starts[-1] == start:
                values[-1] = value
            else:
                starts.append(start)
                values.append(value)

        for (start, length), egress in sorted(zip(self.spans, self.egress, strict=True)):
            while stack[-1][0] < start:
                end = stack.pop()[0]
                if end < stack[-1][0]:
                    begin(end + 1, stack[-1][1])
            stack.append((start + 2 ** (bits - length) - 1, egress))
            begin(start, egress)
        while len(stack) > 1:
            end = stack.pop()[0]
            if end < stack[-1][0]:
                begin(end + 1, stack[-1][1])
        return starts, values

    def find(self, number: int) -> int:
        """The egress of an address by the flat ranges; -1 for none."""
        starts, values = self.flat
        return values[bisect_right(starts, number) - 1]

    @cached_property
    def refused(self) -> list[int]:
        """Where the ranges that are refused whatever is announced begin and, in turn, where they are over."""
        networks = [r.network for r in (*PROHIBITED, *DEFAULT_RESERVED) if r.network.version == self.version]
        edges: list[int] = []
        for first, last in sorted((int(n.network_address), int(n.broadcast_address)) for n in networks):
            if edges and first <= edges[-1]:
                edges[-1] = max(edges[-1], last + 1)
            else:
                edges += first, last + 1
        return edges

    def is_refused(self, number: int) -> bool:
        """Whether vpcroute refuses an address whatever is announced, so that no peer can answer alike."""
        return bisect_right(self.refused, number) % 2 == 1


@attrs.define(slots=False)
class Table:
    """Prefixes of both families with the egresses that they lead to.

    Attributes:
        word: what another process makes it from.
        title: what it is, for people.
        egresses: the egresses by number.
    """

    word: str
    title: str
    egresses: tuple[Connector, ...]
    v4: Family
    v6: Family

    def __len__(self) -> int:
        return len(self.v4.prefixes) + len(self.v6.prefixes)

    @property
    def name(self) -> str:
        """Its short name, with which the names of its workloads begin."""
        return self.word.partition(":")[0]

    def family(self, version: Version) -> Family:
        """One address family."""
        return self.v4 if version == 4 else self.v6

    def announcements(self) -> Iterator[vpcroute.SubnetRoute | vpcroute.WanRoute]:
        """The table as announcements: a WAN route for an on-ramp, a subnet route for all else."""
        for family in (self.v4, self.v6):
            for prefix, number in zip(family.prefixes, family.egress, strict=True):
                egress = self.egresses[number]
                if isinstance(egress, vpcroute.OnRamp):
                    yield vpcroute.WanRoute(prefix, via=egress, priority=_PRIORITY)
                else:
                    yield vpcroute.SubnetRoute(prefix, via=egress)

    def rib(self) -> vpcroute.RouteTable:
        """A route table with all of it."""
        table = vpcroute.RouteTable()
        with table.transaction():
            for route in self.announcements():
                table.announce(route)
        return table


@attrs.define
class Names:
    """Names with the egresses that they lead to; each stands for itself and the names one label below."""

    word: str
    title: str
    egresses: tuple[Connector, ...]
    names: list[str]
    egress: list[int]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def name(self) -> str:
        """Its short name."""
        return "names"

    def rib(self) -> vpcroute.RouteTable:
        """A route table with all of it."""
        table = vpcroute.RouteTable()
        with table.transaction():
            for name, number in zip(self.names, self.egress, strict=True):
                via = self.egresses[number]
                assert not isinstance(via, vpcroute.OnRamp)  # noqa: S101  (names lead to tunnels)
                table.announce(vpcroute.HostnameRoute(name, via=via, match="both"))
        return table


def make_table(word: str) -> Table:
    """The table that a word stands for.

    Raises:
        ValueError: for a word that none stands for, and for a file with a line that is no prefix.
        OSError: for a file that cannot be read.
    """
    kind, _, rest = word.partition(":")
    if kind == "private":
        return _private()
    if kind == "generated":
        return _generated(int(rest))
    if kind == "file":
        return _from_file(Path(rest))
    raise ValueError(f"no table is called {word!r}")


# Private networks


def _private() -> Table:
    """1,600 IPv4 and 400 IPv6 prefixes as a company with sites has them, half of them inside another."""
    egresses: list[Connector] = [vpcroute.Tunnel(f"tunnel-{i}", f"site-{i}") for i in range(24)]
    egresses += [vpcroute.MeshNode(f"node-{i}", f"mesh-{i}") for i in range(8)]
    egresses += [vpcroute.OnRamp(kind="ipsec", name=f"wan-{i}") for i in range(8)]
    chance = dice("private")
    v4: set[Prefix] = set()
    bases = [(10 << 24, 8)] * 6 + [(0xAC100000, 12)] * 2 + [(0xC0A80000, 16), (0x64500000, 12)]
    while len(v4) < 800:
        v4.add(_inside(chance, chance.choice(bases), chance.choice((16, 18, 20, 22, 23, 24, 24, 24)), 32))
    _nest(chance, v4, 1600, (24, 25, 26, 27, 28, 29, 32, 32), 32)
    v6: set[Prefix] = set()
    while len(v6) < 200:
        v6.add(_inside(chance, (0xFD << 120, 8), chance.choice((40, 48, 48, 56)), 128))
    _nest(chance, v6, 400, (56, 64, 64, 64, 128), 128)
    title = "private table: 1,600 IPv4 and 400 IPv6 prefixes, 40 egresses"
    return Table("private", title, tuple(egresses), *_families(v4, v6, len(egresses)))


def _inside(chance: random.Random, outer: Prefix, length: int, bits: int) -> Prefix:
    start, outer_length = outer
    length = max(length, outer_length)
    return start | chance.getrandbits(length - outer_length) << (bits - length), length


def _nest(chance: random.Random, prefixes: set[Prefix], count: int, lengths: tuple[int, ...], bits: int) -> None:
    """Adds prefixes that lie inside others, until there are `count`."""
    outer = sorted(prefixes)
    while len(prefixes) < count:
        prefixes.add(_inside(chance, chance.choice(outer), chance.choice(lengths), bits))


# The Internet


def _generated(size: int) -> Table:
    """Prefixes with the lengths and the nesting of a full table."""
    v6_size = int(size * _V6_SHARE)
    v4 = _like_internet(V4_LENGTHS, size - v6_size, 32)
    v6 = _like_internet(V6_LENGTHS, v6_size, 128)
    title = f"generated table: {size:,} prefixes with the lengths of a full Internet table, {_TUNNELS} tunnels"
    return Table(f"generated:{size}", title, _tunnels(), *_families(v4, v6, _TUNNELS))


def _like_internet(weights: dict[int, int], size: int, bits: int) -> list[Prefix]:
    chance = dice(("generated", bits, size))
    wanted = sorted(chance.choices(list(weights), cum_weights=None, weights=list(weights.values()), k=size))
    found: dict[Prefix, None] = {}
    shorter: list[Prefix] = []
    last = 0
    for length in wanted:
        if length != last:
            shorter, last = list(found), length
        while True:
            nested = shorter and chance.random() < _NESTED
            prefix = _inside(chance, chance.choice(shorter) if nested else _public(chance, bits), length, bits)
            if prefix not in found:
                break
        found[prefix] = None
    return list(found)


def _public(chance: random.Random, bits: int) -> Prefix:
    """A block of the public address space: a /8, or a /12 of the IPv6 registries."""
    if bits == 128:
        return chance.choice((0x240, 0x260, 0x280, 0x2A0, 0x2C0)) << 116, 12
    return chance.choice([octet for octet in range(1, 224) if octet not in (10, 127)]) << 24, 8


def _from_file(path: Path) -> Table:
    opener = gzip.open if path.suffix == ".gz" else open
    families: dict[int, dict[Prefix, None]] = {4: {}, 6: {}}
    with opener(path, "rt", encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip()
            if text and not text.startswith("#"):
                version = 6 if ":" in text else 4
                try:
                    families[version][_read(text, version)] = None
                except (OSError, ValueError):
                    raise ValueError(f"{path.name}, line {number}: no prefix: {text[:60]!r}") from None
    v4, v6 = _families(families[4], families[6], _TUNNELS)
    size = len(v4.prefixes) + len(v6.prefixes)
    return Table(f"file:{path}", f"{path.name}: {size:,} prefixes, {_TUNNELS} tunnels", _tunnels(), v4, v6)


def _read(text: str, version: int) -> Prefix:
    bits = WIDTHS[version]
    address, slash, digits = text.partition("/")
    length = int(digits) if slash else bits
    if not 0 <= length <= bits:
        raise ValueError("a length that there is not")
    number = int.from_bytes(socket.inet_pton(FAMILIES[version], address), "big")
    return number >> (bits - length) << (bits - length), length


def _tunnels() -> tuple[Connector, ...]:
    return tuple(vpcroute.Tunnel(f"tunnel-{i}", f"tunnel-{i}") for i in range(_TUNNELS))


def _families(v4: Iterable[Prefix], v6: Iterable[Prefix], egresses: int) -> tuple[Family, Family]:
    return _family(4, v4, egresses), _family(6, v6, egresses)


def _family(version: Version, spans: Iterable[Prefix], egresses: int) -> Family:
    """A family in order, without what may not be announced; egresses are dealt out by a hash of the prefix."""
    family = Family(version, [], [], [])
    bits = WIDTHS[version]
    reserved = [r for r in DEFAULT_RESERVED if r.network.version == version]
    closed = [(int(r.network.network_address), r.network.prefixlen) for r in reserved]
    lowest, highest = min(first for first, _ in closed), max(int(r.network.broadcast_address) for r in reserved)
    for start, length in sorted(spans):
        if lowest <= start <= highest and any(
            length >= n and start >> (bits - n) == first >> (bits - n) for first, n in closed
        ):
            continue
        text = f"{to_text(start, version)}/{length}"
        family.prefixes.append(text)
        family.spans.append((start, length))
        family.egress.append(zlib.crc32(text.encode()) % egresses)
    return family


# Names and on-ramps


def make_names(word: str) -> Names:
    """The table of names that a word stands for: services of teams of companies, a tenth of them below another."""
    size = int(word.partition(":")[2])
    chance = dice(word)
    services = ("api", "db", "cache", "wiki", "git", "auth", "mail", "metrics", "queue", "search", "vault", "web")
    companies = [f"{chance.choice(services)}{i}.{chance.choice(('corp', 'internal', 'lan'))}" for i in range(97)]
    names: dict[str, None] = {}
    while len(names) < size:
        team = f"team{chance.randrange(max(4, size // 40))}.{chance.choice(companies)}"
        name = f"{chance.choice(services)}-{chance.randrange(1000)}.{team}"
        names[name] = None
        if len(names) < size and chance.random() < 0.1:
            names[f"node{chance.randrange(10)}.{name}"] = None
    egress = [zlib.crc32(name.encode()) % _TUNNELS for name in names]
    return Names(word, f"{size:,} names, {_TUNNELS} tunnels", _tunnels(), list(names), egress)


def onramp_table(size: int, backups: int) -> tuple[vpcroute.RouteTable, vpcroute.OnRamp, str]:
    """A route table whose prefixes all have one first on-ramp and one of several others; it; an address of them."""
    first = vpcroute.OnRamp(kind="gre", name="first")
    others = [vpcroute.OnRamp(kind="gre", name=f"other-{number}") for number in range(backups)]
    table = vpcroute.RouteTable()
    with table.transaction():
        for i in range(size):
            prefix = f"{to_text((10 << 24) + (i << 8), 4)}/24"
            table.announce(vpcroute.WanRoute(prefix, via=first, priority=100))
            table.announce(vpcroute.WanRoute(prefix, via=others[i % backups], priority=200))
    return table, first, "10.0.0.1"
