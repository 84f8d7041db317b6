"""Frozen prefixes against a dict of them, before and after changes."""

from __future__ import annotations

import pickle
from random import Random

import pytest

from vpcroute.fib import prefixes
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.hearing import record_of
from vpcroute.packed import pack

WIDTHS = {4: 32, 6: 128}


def numbers(version: int, count: int, random: Random) -> list[tuple[int, int]]:
    """Address and length of prefixes that lie in each other, or near each other."""
    width = WIDTHS[version]
    found = {(0, 0)} if count > 100 else set()
    while len(found) < count:
        length = random.randrange(1, width + 1)
        address = random.choice([0, 1 << width - 1, 0b1011 << width - 4]) | random.getrandbits(5) << width - 9
        address |= random.getrandbits(3)
        found.add((address >> width - length << width - length, length))
    return sorted(found)


def frozen(version: int, contents: dict[tuple[int, int], int]) -> FrozenPrefixes[int]:
    records = sorted((record(version, prefix), content) for prefix, content in contents.items())
    return FrozenPrefixes(version, b"".join(r for r, _ in records), [content for _, content in records])


def record(version: int, prefix: tuple[int, int]) -> bytes:
    return record_of(pack(*prefix, WIDTHS[version]))


def check(version: int, made: FrozenPrefixes[int], contents: dict[tuple[int, int], int]) -> None:
    width = WIDTHS[version]
    assert len(made) == len(contents)
    edges = {a + step for a, n in contents for step in (-1, 0, (1 << width - n) - 1, 1 << width - n)}
    for number in {edge % (1 << width) for edge in edges} | {0, 5}:
        covering = [(n, c) for (a, n), c in contents.items() if number >> width - n == a >> width - n]
        assert list(made.covering(number)) == sorted(covering, reverse=True)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("count", [0, 1, 2, 60, 150])
@pytest.mark.parametrize(("block", "page"), [(1, 1), (3, 2), (256, 64)])
def test_as_a_dict(monkeypatch: pytest.MonkeyPatch, version: int, count: int, block: int, page: int) -> None:
    monkeypatch.setattr(prefixes, "_BLOCK", block)
    monkeypatch.setattr(prefixes, "_PAGE", page)
    random = Random(count)  # noqa: S311
    contents = {prefix: place for place, prefix in enumerate(numbers(version, count, random))}
    made = frozen(version, contents)
    check(version, made, contents)
    assert made.changed({}) is made
    before, contents_before = made, contents.copy()
    for round_ in range(4):
        gone = random.sample(sorted(contents), len(contents) // (4 - round_))
        come = numbers(version, 20, random)
        changes: dict[tuple[int, int], int | None] = {**dict.fromkeys(gone), **dict.fromkeys(come, 1000 + round_)}
        changes.setdefault((0, 9), None)  # mostly not there
        made = made.changed({record(version, prefix): content for prefix, content in changes.items()})
        contents = {p: c for p, c in {**contents, **changes}.items() if c is not None}
        check(version, made, contents)
    check(version, before, contents_before)
    check(version, pickle.loads(pickle.dumps(made)), contents)  # noqa: S301
    emptied = made.changed({record(version, prefix): None for prefix in contents})
    check(version, emptied, {})
    assert emptied.nbytes() == 0
