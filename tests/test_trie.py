"""The trie against a search by halves of the same ranges, and the sweep against the longest prefix by trying each."""

from __future__ import annotations

import pickle
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_agreement import examples

from vpcroute.fib.sweep import Ranges, halves
from vpcroute.fib.sweep import sweep as sweep_prefixes
from vpcroute.fib.trie import Trie
from vpcroute.fib.trie import build as build_trie

WIDTHS = {4: 32, 6: 128}
LARGEST_CLASS = 2**31 - 1
LENGTH_BITS = 8  # a prefix's key is its address, and below it its length


def ranges_of(version: int, starts: Iterable[int], classes: Iterable[int]) -> Ranges:
    """Ranges, their first addresses given as numbers of the family."""
    both = [halves(version, start) for start in starts]
    return Ranges((high for high, _ in both), (low for _, low in both), classes)


def numbers_of(version: int, ranges: Ranges) -> tuple[list[int], list[int]]:
    """The first addresses as numbers of the family, and the classes."""
    found = list(ranges)
    return [(high << 64 | low) >> (128 - WIDTHS[version]) for high, low, _ in found], [each[2] for each in found]


def build(version: int, starts: Sequence[int], classes: Sequence[int]) -> Any:
    """The trie; its methods have their types from Cython."""
    return build_trie(version, ranges_of(version, starts, classes))


def sweep(
    width: int, said: Mapping[int, int], inside: dict[int, int], join: Callable[[int, int], int], **span: int
) -> tuple[list[int], list[int]]:
    """The ranges of prefixes by key, as :func:`numbers_of` gives them."""
    version = 4 if width == 32 else 6
    keys = sorted(said)
    both = [halves(version, key >> LENGTH_BITS) for key in keys]
    found = sweep_prefixes(
        version,
        array("Q", (high for high, _ in both)),
        array("Q", (low for _, low in both)),
        bytes(key & 0xFF for key in keys),
        array("I", (said[key] for key in keys)),
        inside,
        join,
        **span,
    )
    return numbers_of(version, found)


def words(trie: Any) -> Any:
    """The arena, without what the trie does not lead to."""
    return trie.__reduce__()[1][2]


def expected(starts: Sequence[int], classes: Sequence[int], number: int) -> int:
    """The class of the last range that begins at or before an address."""
    return classes[bisect_right(starts, number) - 1]


def around(width: int, numbers: Iterable[int]) -> set[int]:
    """Numbers and those on both sides of them, in an address family and round its ends."""
    return {(number + step) % (1 << width) for number in numbers for step in (-1, 0, 1)}


def check(version: int, starts: Sequence[int], classes: Sequence[int], more: Iterable[int] = ()) -> None:
    """The trie gives the class of each address around the borders and of some more, pickled or not."""
    trie = build(version, starts, classes)
    again = pickle.loads(pickle.dumps(trie))  # noqa: S301
    assert type(again) is type(trie)
    assert again.__reduce__()[1] == trie.__reduce__()[1]
    trie.check(LARGEST_CLASS + 1)
    for number in around(WIDTHS[version], starts) | set(more):
        want = expected(starts, classes, number)
        found = trie.find(number), again.find(number)
        assert found == (want, want), f"IPv{version} {number:#x}"


def aligned(width: int) -> st.SearchStrategy[int]:
    """An address with nothing behind some bit: the border of a directory entry, of a node, of a cell."""
    lengths = [1, 8, 15, 16, 17, 23, 24, 25, 31, 32, 40, 64, 65, 72, 112, 120, 127, 128]
    lengths = [length for length in lengths if length <= width]

    def of(length: int) -> st.SearchStrategy[int]:
        return st.integers(0, 2**length - 1).map(lambda number: number << (width - length))

    return st.sampled_from(lengths).flatmap(of)


@st.composite
def borders(draw: st.DrawFn, version: int) -> list[int]:
    """The first addresses of some ranges, many of them close together."""
    width = WIDTHS[version]
    found = {0}
    for number in draw(st.lists(aligned(width), max_size=20)):
        found.add(number)
        steps = st.sampled_from([1, 2, 255, 256, 257, 2**16, 2 ** (width - 16), 2 ** (width - 24), 2 ** (width // 2)])
        found |= {(number + step) % 2**width for step in draw(st.lists(steps, max_size=4))}
        found |= {(number - step) % 2**width for step in draw(st.lists(steps, max_size=2))}
    return sorted(found)


def made(directory: int, entries: Sequence[int], blocks: Sequence[int]) -> Any:
    """An IPv4 trie of one page, which begins with these entries, and of words behind it."""
    arena = array("I", [*entries, *[0] * (256 - len(entries)), *blocks])
    return Trie(4, array("I", [0] * 255 + [directory]), arena)


SLICE, PAIR = 1 << 31 | 256, 1 << 31 | 1 << 27 | 256  # entries of a block just behind the page
WIDE = 1 << 31 | 8 << 27 | 256


@pytest.mark.parametrize(
    ("entries", "blocks"),
    [
        ([9], []),
        ([PAIR], [0x0009_0000]),
        ([PAIR], [0x8001_0009, 9]),
        ([WIDE], [0x0009_0009] * 128),
        ([SLICE], [3, 5, 6, 0, 9, 0]),
    ],
)
def test_check_takes_what_is_whole(entries: list[int], blocks: list[int]) -> None:
    made(0, entries, blocks).check(10)


@pytest.mark.parametrize(
    ("directory", "entries", "blocks", "said"),
    [
        (1, [], [], "the page at word 1 is behind the end"),
        (0xFFFFFFFF, [], [], "is behind the end"),
        (0, [10], [], "no class 10"),
        (0, [PAIR], [], "is behind the end"),
        (0, [WIDE], [0] * 127, "is behind the end"),
        (0, [PAIR], [0x000A_0000], "cell 1 of the block at word 256 leads nowhere"),
        (0, [PAIR], [0x0000_7FFF], "cell 0 of the block at word 256 leads nowhere"),
        (0, [WIDE], [0] * 127 + [0x000A_0000], "cell 255 of the block at word 256 leads nowhere"),
        (0, [PAIR], [0x8000_0000, 0], "cell 1 of the block at word 256 leads nowhere"),
        (0, [PAIR], [0x8002_0000, 0], "is behind the end"),
        (0, [PAIR], [0x8001_000A, 0], "cell 0 of the block at word 256 leads nowhere"),
        (0, [PAIR], [0x8001_0000, 10], "no class 10"),
        (0, [PAIR], [0x8001_0000, PAIR], "overlaps"),
        (0, [PAIR, PAIR], [0], "overlaps"),
        (0, [SLICE], [], "is behind the end"),
        (0, [SLICE], [0, 0], "is behind the end"),
        (0, [SLICE], [2, 1, 0], "is behind the end"),
        (0, [SLICE], [0x8000_0001, 0], "is behind the end"),  # twice as many are 2 in 32 bits
        (0, [SLICE], [1, 10], "no class 10"),
        (0, [SLICE], [2, 0, 0, 0], "do not ascend"),
        (0, [SLICE], [3, 5, 5, 0, 0, 0], "do not ascend"),
        (0, [SLICE], [1, SLICE + 2, 1, 0], "for bits behind the last one"),
    ],
)
def test_check_refuses_what_leads_astray(directory: int, entries: list[int], blocks: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made(directory, entries, blocks).check(10)


@examples(100)
@given(st.data(), st.sampled_from([4, 6]))
def test_trie_gives_what_a_search_of_the_ranges_gives(data: st.DataObject, version: int) -> None:
    starts = data.draw(borders(version))
    values = st.one_of(st.integers(0, 2), st.integers(0, LARGEST_CLASS), st.just(LARGEST_CLASS))
    classes = data.draw(st.lists(values, min_size=len(starts), max_size=len(starts)))
    more = data.draw(st.lists(st.integers(0, 2 ** WIDTHS[version] - 1), max_size=20))
    check(version, starts, classes, more)


@pytest.mark.parametrize(
    ("version", "bits"), [*((4, bits) for bits in (8, 16, 24, 32)), *((6, bits) for bits in (8, 16, 32, 64, 104, 128))]
)
def test_trie_of_thousands_of_ranges(version: int, bits: int) -> None:
    width = WIDTHS[version]
    random = Random(version * 1000 + bits)  # noqa: S311
    starts = sorted({0} | {random.getrandbits(bits) << (width - bits) for _ in range(3000)})
    classes = [random.choice((0, 1, 2, random.getrandbits(31))) for _ in starts]
    check(version, starts, classes, [random.getrandbits(width) for _ in range(1000)])


@pytest.mark.parametrize("version", [4, 6])
def test_trie_of_ranges_that_crowd_under_one_directory_entry(version: int) -> None:
    width = WIDTHS[version]
    random = Random(version)  # noqa: S311
    base = 0x0A00 << (width - 16)
    starts = sorted({0} | {base + random.getrandbits(12) for _ in range(1500)})
    classes = [random.randrange(3) for _ in starts]
    check(version, starts, classes, [base + random.getrandbits(13) for _ in range(500)])


@pytest.mark.parametrize("version", [4, 6])
def test_trie_of_one_address_per_range(version: int) -> None:
    """Each cell of a last node of its own, and each with another class."""
    starts = list(range(1024))
    check(version, starts, [LARGEST_CLASS - number for number in starts])


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("number", [0, 1, LARGEST_CLASS])
def test_trie_of_one_range(version: int, number: int) -> None:
    check(version, [0], [number], [1 << bit for bit in range(WIDTHS[version])])
    assert len(words(build(version, [0], [number]))) == 256


# Each power of two, so each border of a directory entry (2**16, 2**112), of a node and of a half of an address.
@pytest.mark.parametrize(
    ("version", "bit"), [*((4, bit) for bit in range(32)), *((6, bit) for bit in (*range(0, 128, 8), 15, 63, 103, 127))]
)
def test_trie_with_one_border(version: int, bit: int) -> None:
    assert build(version, [0, 1 << bit], [5, 7]).find(1 << bit) == 7
    check(version, [0, 1 << bit], [5, 7], [1 << other for other in range(WIDTHS[version])])


@pytest.mark.parametrize("border", [1, 2**64, 2**104, 2**112, 2**127])
def test_trie_finds_the_address_at_a_border(border: int) -> None:
    trie = build(6, [0, border], [5, 7])
    assert [trie.find(number) for number in (0, border - 1, border, border + 1, 2**128 - 1)] == [5, 5, 7, 7, 7]


@pytest.mark.parametrize("version", [4, 6])
def test_trie_with_one_border_at_the_last_address(version: int) -> None:
    check(version, [0, 2 ** WIDTHS[version] - 1], [5, 7])


@pytest.mark.parametrize("version", [4, 6])
def test_neighbours_of_one_class_share_cells(version: int) -> None:
    width = WIDTHS[version]
    many = [index << (width - 24) for index in range(256)]
    apart, alike = build(version, many, list(range(256))), build(version, many, [9] * 256)
    check(version, many, [9] * 256)
    check(version, many, [index // 2 for index in range(256)])
    assert len(words(alike)) == 256  # one page, for all pages
    assert len(words(apart)) == 2 * 256 + 128  # the first page, all others, and a dense block


def test_every_cell_of_a_node_is_told_apart() -> None:
    """Every way to split the 256 cells of a node in two, and all of them apart."""
    for cell in range(1, 256):
        trie = build(4, [0, cell << 8], [5, 7])
        assert [trie.find(number << 8) for number in range(256)] == [5] * cell + [7] * (256 - cell)
    trie = build(4, [number << 8 for number in range(256)], list(range(256)))
    assert [trie.find(number << 8 | 255) for number in range(256)] == list(range(256))


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("first", [0, 0x7F80, 0x8000, LARGEST_CLASS - 255])
@pytest.mark.parametrize("cells", [2, 3, 127, 128, 129, 255, 256])
def test_blocks_with_many_cells(version: int, first: int, cells: int) -> None:
    """Classes of 15 bits stand in the cells themselves, larger ones in slots."""
    classes = list(range(first, first + cells))
    check(version, list(range(cells)), classes, range(256))
    base = 2 ** (WIDTHS[version] - 24)
    check(version, [number * base for number in range(cells)], classes)


# The sweep


def longest(width: int, said: Mapping[int, int], number: int) -> list[int]:
    """The keys of the prefixes that contain an address, the shortest first."""

    def contains(key: int) -> bool:
        host_bits = width - (key & 0xFF)
        return number >> host_bits == key >> LENGTH_BITS >> host_bits

    return sorted(filter(contains, said), key=lambda key: key & 0xFF)


@st.composite
def sayings(draw: st.DrawFn, width: int) -> dict[int, int]:
    """What is said at some prefixes that nest, by key; the whole family is among them."""
    said = {0: draw(st.integers(0, 2))}
    lengths = st.sampled_from([1, 2, 3, 4, 8, width - 2, width - 1, width])
    tops, bottoms = st.integers(0, 7), st.integers(0, 7)
    for length, top, bottom, number in draw(
        st.lists(st.tuples(lengths, tops, bottoms, st.integers(0, 2)), max_size=12)
    ):
        address = (top << (width - 3) | bottom) >> (width - length) << (width - length)
        said[address << LENGTH_BITS | length] = number
    return said


def edges(width: int, said: Mapping[int, int]) -> set[int]:
    """The first and last address of each prefix, and those next to them."""
    first = {key >> LENGTH_BITS for key in said}
    last = {key >> LENGTH_BITS | (2**width - 1) >> (key & 0xFF) for key in said}
    return around(width, first | last)


@examples(200)
@given(st.data(), st.sampled_from([32, 128]))
def test_sweep_gives_what_the_longest_prefix_says(data: st.DataObject, width: int) -> None:
    said = data.draw(sayings(width))
    starts, classes = sweep(width, said, {}, lambda _, number: number)
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert len(starts) == len(classes)
    for number in edges(width, said):
        assert expected(starts, classes, number) == said[longest(width, said, number)[-1]], f"{number:#x}"


@examples(100)
@given(st.data(), st.sampled_from([32, 128]))
def test_sweep_joins_what_is_said_around(data: st.DataObject, width: int) -> None:
    """The class of a prefix comes of all that is said from the whole family down to it."""
    said = data.draw(sayings(width))
    paths: list[tuple[int, ...]] = []
    asked: list[tuple[int, int]] = []

    def join(around: int, number: int) -> int:
        asked.append((around, number))
        paths.append((*(paths[around] if around >= 0 else ()), number))
        return len(paths) - 1

    inside: dict[int, int] = {}
    starts, classes = sweep(width, said, inside, join)
    for number in edges(width, said):
        path = tuple(said[key] for key in longest(width, said, number))
        assert paths[expected(starts, classes, number)] == path
    assert len(asked) == len(set(asked)) == len(inside)
    del paths[:], asked[:]
    assert sweep(width, said, inside, join) == (starts, classes)
    assert not asked  # all of it was known


def test_sweep_and_trie_together() -> None:
    random = Random(7)  # noqa: S311
    for version, width in WIDTHS.items():
        said = {0: 0}
        for _ in range(500):
            length = random.choice((8, 12, 16, 20, 24, 28, 32, width))
            address = random.getrandbits(width) & (0x0FFF << (width - 12) | 0x3FF << (width - 26) | 3)
            said[address >> (width - length) << (width - length) << LENGTH_BITS | length] = random.randrange(50)
        starts, classes = sweep(width, said, {}, lambda _, number: number)
        trie = build(version, starts, classes)
        for number in random.sample(sorted(edges(width, said)), 300):
            assert trie.find(number) == said[longest(width, said, number)[-1]], f"IPv{version} {number:#x}"
