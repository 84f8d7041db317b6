"""What is kept of what is said at prefixes, held against a dictionary that is searched whole."""

from __future__ import annotations

from array import array
from random import Random

import pytest

from vpcroute.fib.heard import NOTHING, Heard
from vpcroute.hearing import Record, span_of

Said = dict[Record, int]


def root_of(version: int) -> Record:
    return bytes(5 if version == 4 else 17)


def heard_of(version: int, said: Said) -> Heard:
    records = sorted(said)
    return Heard(version, b"".join(records), array("I", [said[record] for record in records]))


def some_prefix(random: Random, version: int) -> Record:
    """A prefix among few, so that many lie inside each other."""
    octets = 4 if version == 4 else 16
    bits = random.choice((0, 1, 7, 8, 9, 16, 23, 24, 8 * octets - 1, 8 * octets))
    address = bytes(random.choice((0, 0, 1, 0x80, 0xFF)) for _ in range(octets))
    network = int.from_bytes(address) >> 8 * octets - bits << 8 * octets - bits
    return network.to_bytes(octets) + bytes([bits])


def inside(said: Said, prefix: Record) -> list[tuple[Record, int]]:
    first, last = span_of(prefix)
    return [
        (r, said[r]) for r in sorted(said) if first <= span_of(r)[0] and span_of(r)[1] <= last and r[-1] >= prefix[-1]
    ]


def around(said: Said, prefix: Record) -> list[int]:
    """What is said at the prefixes around one, the shortest first."""
    first, last = span_of(prefix)
    return [said[r] for r in sorted(said) if r[-1] < prefix[-1] and span_of(r)[0] <= first and last <= span_of(r)[1]]


class Joins:
    """What is joined, one inside the other."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __call__(self, around: int, number: int) -> int:
        self.numbers.append(number)
        return len(self.numbers)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("seed", range(4))
def test_it_says_what_a_dictionary_says(version: int, seed: int) -> None:
    random = Random(f"{version} {seed}")  # noqa: S311
    said = {some_prefix(random, version): random.randrange(2**31) for _ in range((0, 3, 70, 900)[seed])}
    said[root_of(version)] = 7
    heard = heard_of(version, said)
    for _ in range(40):
        changes: Said = {}
        for _ in range(random.choice((1, 5, 60))):
            gone = random.random() < 0.4
            changes[some_prefix(random, version)] = NOTHING if gone else random.randrange(2**31)
        changes[root_of(version)] = random.randrange(2**31)
        heard.put(changes.keys(), changes.values())
        said = {record: number for record, number in {**said, **changes}.items() if number != NOTHING}
        for prefix in [*map(some_prefix, [random] * 6, [version] * 6), *random.sample(sorted(said), min(3, len(said)))]:
            joins = Joins()
            assert heard.said_at([prefix]) == [said.get(prefix, NOTHING)]
            records, numbers = heard.inside(prefix)
            assert [(records, list(numbers))] == [
                (b"".join(r for r, _ in inside(said, prefix)), [n for _, n in inside(said, prefix)])
            ]
            heard.around(prefix, {}, joins)
            assert joins.numbers == around(said, prefix)


def test_blocks_come_and_go() -> None:
    """All prefixes of a full table go again, and more come than a block has room for."""
    prefixes = [bytes([10, i >> 8, i & 255, 0, 24]) for i in range(3000)]
    heard = heard_of(4, {root_of(4): 1})
    heard.put(prefixes, range(3000))
    assert heard.inside(bytes([10, 0, 0, 0, 8]))[1] == array("I", range(3000))
    assert heard.inside(bytes([10, 11, 0, 0, 16]))[1] == array("I", range(11 * 256, 3000))
    heard.put(prefixes[1:], [NOTHING] * 2999)
    assert heard.inside(root_of(4)) == (root_of(4) + prefixes[0], array("I", [1, 0]))
    heard.put(prefixes[:1], [NOTHING])
    assert heard.inside(bytes([10, 0, 0, 0, 8])) == (b"", array("I"))
    assert heard.around(prefixes[5], {}, lambda around, number: number) == 1


def test_class_around_a_prefix_is_joined_from_outside_and_remembered() -> None:
    heard = heard_of(4, {root_of(4): 1, bytes([10, 0, 0, 0, 8]): 2, bytes([10, 1, 0, 0, 16]): 3})
    known: dict[int, int] = {}
    calls: list[tuple[int, int]] = []

    def join(around: int, number: int) -> int:
        calls.append((around, number))
        return 10 * max(around, 0) + number

    assert heard.around(bytes([10, 1, 2, 0, 24]), known, join) == 123
    assert calls == [(-1, 1), (1, 2), (12, 3)]
    assert heard.around(bytes([10, 1, 9, 0, 24]), known, join) == 123
    assert len(calls) == 3
    assert heard.around(root_of(4), known, join) == -1


@pytest.mark.parametrize("record", [b"", b"\0" * 4, b"\0" * 6, bytes([10, 0, 0, 0, 33])], ids=repr)
def test_what_is_no_record_is_refused(record: bytes) -> None:
    heard = heard_of(4, {root_of(4): 1})
    for ask in (
        lambda: heard.said_at([record]),
        lambda: heard.put([record], [1]),
        lambda: heard.inside(record),
        lambda: heard.around(record, {}, max),
    ):
        with pytest.raises(ValueError, match="no record of 5 octets"):
            ask()


def test_the_whole_family_always_says_something() -> None:
    heard = heard_of(4, {root_of(4): 1})
    with pytest.raises(ValueError, match="the whole family always says something"):
        heard.put([root_of(4)], [NOTHING])
    assert heard.said_at([root_of(4)]) == [1]
    for records, said in ((b"", []), (bytes([10, 0, 0, 0, 8]), [1]), (root_of(4), [1, 2])):
        with pytest.raises(ValueError, match="the whole family comes first"):
            Heard(4, records, array("I", said))
