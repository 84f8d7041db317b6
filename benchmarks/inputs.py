"""What is asked: addresses by three ways of drawing them, and as connect addresses and URLs."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, islice
from typing import Final, Literal

from benchmarks.tables import WIDTHS, Family, Names, Version, dice, to_text

__all__ = [
    "DRAWS",
    "Draw",
    "connect_addresses",
    "fetch_urls",
    "hits",
    "misses",
    "name_hits",
    "name_misses",
    "packed",
    "texts",
]

Draw = Literal["uniform", "zipf", "prefix"]

_PORTS: Final = (80, 443, 5432, 6379, 8080, 8443)
_PATHS: Final = ("/", "/data", "/api/v1/items?id=7", "/health")
#: Address space that is refused where no route covers it.
_UNROUTED: Final = {4: ((10 << 24, 8), (0xAC100000, 12), (0xC0A80000, 16)), 6: ((0xFD << 120, 8),)}


def hits(family: Family, draw: Draw, count: int) -> list[int]:
    """Addresses that the table has a route for and vpcroute does not refuse."""
    drawn = DRAWS[draw](family, dice((draw, family.version)))
    refused = family.refused
    return list(islice((n for n in drawn if not bisect_right(refused, n) & 1), count))


def _uniform(family: Family, chance: random.Random) -> Iterator[int]:
    """Every covered address with the same probability."""
    starts, values = family.flat
    ends = [*starts[1:], 2 ** WIDTHS[family.version]]
    covered = [(start, end - start) for start, end, value in zip(starts, ends, values, strict=True) if value >= 0]
    sums = list(accumulate(size for _, size in covered))
    total, bits = sums[-1], sums[-1].bit_length()
    while True:
        place = chance.getrandbits(bits)
        if place >= total:
            continue
        i = bisect_right(sums, place)
        yield covered[i][0] + place - (sums[i] - covered[i][1])


def _zipf(family: Family, chance: random.Random) -> Iterator[int]:
    """Few prefixes asked often: the nth of a shuffled list with a probability in proportion to 1/n."""
    spans = chance.sample(family.spans, len(family.spans))
    weights = list(accumulate(1 / rank for rank in range(1, len(spans) + 1)))
    while True:
        for start, length in chance.choices(spans, cum_weights=weights, k=1000):
            yield start + chance.getrandbits(WIDTHS[family.version] - length)


def _by_prefix(family: Family, chance: random.Random) -> Iterator[int]:
    """Every prefix with the same probability, and in it every address."""
    while True:
        start, length = chance.choice(family.spans)
        yield start + chance.getrandbits(WIDTHS[family.version] - length)


DRAWS: Final[dict[Draw, Callable[[Family, random.Random], Iterator[int]]]] = {
    "uniform": _uniform,
    "zipf": _zipf,
    "prefix": _by_prefix,
}


def misses(family: Family, count: int) -> list[int]:
    """Private addresses that no route covers."""
    chance = dice(("misses", family.version))
    found: list[int] = []
    while len(found) < count:
        start, length = chance.choice(_UNROUTED[family.version])
        number = start + chance.getrandbits(WIDTHS[family.version] - length)
        if family.find(number) < 0:
            found.append(number)
    return found


def texts(numbers: list[int], version: Version) -> list[str]:
    """Addresses as text."""
    return [to_text(number, version) for number in numbers]


def packed(numbers: list[int], version: Version) -> bytes:
    """Addresses as one buffer."""
    width = WIDTHS[version] // 8
    return b"".join(number.to_bytes(width, "big") for number in numbers)


def connect_addresses(hosts: list[str]) -> list[str]:
    """``host:port`` for each."""
    chance = dice("ports")
    return [f"{_bracketed(host)}:{chance.choice(_PORTS)}" for host in hosts]


def fetch_urls(hosts: list[str]) -> list[str]:
    """A canonical URL for each, every other one with a port."""
    chance = dice("urls")
    ports = ("", "", ":8080", ":8443")
    return [f"http://{_bracketed(host)}{chance.choice(ports)}{chance.choice(_PATHS)}" for host in hosts]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def name_hits(names: Names, count: int) -> list[str]:
    """Names that a hostname route takes: half of them stored, half one label below."""
    chance = dice("name hits")
    chosen = chance.choices(names.names, k=count)
    return [name if chance.random() < 0.5 else f"h{chance.randrange(10_000)}.{name}" for name in chosen]


def name_misses(count: int) -> list[str]:
    """Names that no hostname route takes."""
    chance = dice("name misses")
    return [f"www.shop{chance.randrange(10**7)}.example.com" for _ in range(count)]
