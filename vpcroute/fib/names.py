"""The index of the hostname routes by name: made, changed, checked, and written to buffers.

:mod:`vpcroute.fib.nameblocks` says what it looks like, and looks up in it. A change copies the blocks that it touches,
and the directory. A block without room becomes two, told apart by one more bit of the hash, for which the directory may
have to double.
"""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Iterable
from hashlib import shake_256

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

from vpcroute.fib.nameblocks import ASK, KEY_SIZE, NONE, octets_of

if cython.compiled:
    from cython.cimports.vpcroute.fib.nameblocks import (
        NameArena,
        NameBlocks,
        base_of,
        entry_of,
        leftmost,
        mark_of,
        size_of,
        word_at,
    )
else:
    from vpcroute.fib.nameblocks import (
        NameArena,
        NameBlocks,
        base_of,
        entry_of,
        leftmost,
        mark_of,
        size_of,
        word_at,
    )

__all__ = ["ASK", "KEY_SIZE", "NONE", "NUMBERS", "NameIndex", "build"]

NUMBERS = 0x1FFFFFFD  # route numbers are below this

_HEAD = 8  # words of a cache line; a block begins with one, and is made of whole ones
_PLACES = 32
_FULL = 28  # names of a block; few enough that most stand in the group where the search for them begins
_NAME = 16  # words for a name that is new, about
_BLOCK = 256  # words of a block; few enough that an octet says where a record begins
_LONGEST = 32  # words of a name
_ENTRIES = 0x4000000  # of a directory, at the most
_SMALL = 256  # that it may have, whatever it is for


class NameIndex(NameBlocks):
    """Two route numbers by name: of the route for the name itself, and of the route for the names one label below.

    Immutable, and safe to share between threads: a change makes another one, which shares most of its memory.
    """

    def __init__(self, key, directory, blocks):
        """An index in buffers as :meth:`buffers` makes them.

        Only their lengths are looked at; :meth:`check` says whether the rest can be believed. The blocks are not copied
        if they begin with a cache line, and are not to change then.

        Raises:
            ValueError: for buffers of lengths that no index has.
        """
        if not isinstance(blocks, NameArena):
            key, directory, blocks = (
                _array_of(key, "Q", "key"),
                _array_of(directory, "I", "directory"),
                _arena_of(blocks),
            )
        if len(key) != KEY_SIZE // 8:
            raise ValueError(f"key: must have {KEY_SIZE} bytes")
        if len(directory) & (len(directory) - 1) or not 1 <= len(directory) <= _ENTRIES:
            raise ValueError(f"directory: must have a power of two of entries, not {len(directory)}")
        super().__init__(key, directory, blocks)

    def changed(self, changes):
        """The index with other numbers for some names; None, or NONE twice, for a name that goes.

        This one stays as it is. The time is that of copying the blocks of the names, and the directory.

        Raises:
            ValueError: for what is no name, or no number.
        """
        try:
            return self._changed(changes)
        except _Crowded:
            numbers = {name: (own, below) for name, own, below in self.items()} | dict(changes)
            return build((name, *pair) for name, pair in numbers.items() if pair is not None)

    def _changed(self, changes):
        # Blocks of their own for each, or all there are written again, and what is new.
        size = min(_BLOCK * len(changes), self.arena.used) + _NAME * len(changes)
        with self.arena.lock:
            draft = _Draft(self.key_owner, array("I", self.directory_owner), self.arena)
            draft.make_room(size)
            return draft.finished() if draft.apply(changes) else self

    def compacted(self):
        """The same index in memory of its own: nothing in it is out of use, and there is room for some changes."""
        return self._compacted(9)

    def buffers(self):
        """Key, directory and blocks as bytes that an index can be made from."""
        index = self._compacted(8)
        blocks = memoryview(index.arena.owner)[index.arena.skipped : index.arena.skipped + index.arena.used]
        return bytes(index.key_owner), bytes(index.directory_owner), bytes(blocks)

    def _compacted(self, eighths):
        draft = _Draft(self.key_owner, array("I", self.directory_owner), self.arena)
        draft.compact(eighths, 0)
        return draft.finished()

    def check(self, numbers=NUMBERS):
        """That all indexes in the buffers are in range, and that each name stands where its hash says.

        Args:
            numbers: what route numbers are to be below.

        Raises:
            ValueError: that says what is wrong.
        """
        before = -1
        words = 0  # of the blocks so far; each has its place, so that the walk is no longer than they are
        for i, entry in enumerate(self.directory_owner):
            if entry != before:
                line = base_of(entry) // _HEAD
                if base_of(entry) + size_of(entry) > self.arena.used:
                    raise ValueError(f"directory[{i}]: no block of {size_of(entry)} words begins in line {line}")
                words += size_of(entry)
                if words > self.arena.used:
                    raise ValueError(f"directory[{i}]: there are more blocks than there is room for")
                for place in range(_PLACES):
                    wrong = self._wrong_at(entry, place, numbers)
                    if wrong is not None:
                        raise ValueError(f"blocks: line {line}, place {place}: {wrong}")
            before = entry

    def _wrong_at(self, entry, place, numbers):
        """What is wrong with one place of a block, or None."""
        tops = 0x8080808080808080
        base = base_of(entry)
        size = size_of(entry)
        group = place >> 3
        mark = (self.words[base + group] >> ((place & 7) << 3)) & 255
        offset = self.offset(base, place)
        if mark == 0:
            return None if offset == 0 else "a record without a mark"
        record = base + offset
        if offset < _HEAD or offset >= size:
            return "no record"
        length = self.length(record)
        if not 1 <= length <= _LONGEST or offset + length >= size:
            return "no name"
        for i in range(length):
            if self.words[record + 1 + i] & tops:
                return "a name that is not ASCII"
        if not (ASK <= self.own(record) < numbers and NONE <= self.below(record) < numbers):
            return "no route number"
        number = self.hash_at(record)
        if mark != mark_of(number) or self.block_of(number) != base:
            return "a name with another hash"
        begun = (number >> 8) & 3
        while begun != group:
            if self.words[base + begun] >> 56 == 0:
                return "a search for the name does not reach it"
            begun = (begun + 1) & 3
        return None

    def nbytes(self):
        """How much memory it takes, in bytes; most of it is shared with other generations."""
        return KEY_SIZE + 4 * len(self.directory_owner) + 8 * self.arena.size

    def __reduce__(self):
        return NameIndex, self.buffers()


class _Crowded(Exception):
    """The names have so nearly the same hash that a directory to tell them apart would outgrow all else."""


class _Draft(NameBlocks):
    """An index that is being made; nobody else has its directory, nor the arena from where it was used up."""

    def apply(self, changes):
        """Makes changes; whether they change anything."""
        touched: dict[int, tuple[int, list[tuple[int, int]], list[int]]] = {}
        for name, pair in changes.items():
            own, below = (NONE, NONE) if pair is None else pair
            octets = octets_of(name)
            if octets is None:
                raise ValueError(f"not a canonical name: {name!a}")
            if not (_is_number(own, ASK) and _is_number(below, NONE)):
                raise ValueError(f"not two route numbers: {own!r}, {below!r}")
            number = self.hash_of(octets, len(octets))
            record = self.record_of(octets, len(octets), number)
            if (own, below) == ((NONE, NONE) if record < 0 else (self.own(record), self.below(record))):
                continue
            _, added, gone = touched.setdefault(self.block_of(number), (number, [], []))
            if record >= 0:
                gone.append(record)
            if (own, below) != (NONE, NONE):
                added.append((number, self._write_record(octets, len(octets), own, below)))
        for base, (number, names, gone) in touched.items():
            names += [(self.hash_at(record), record) for record in self.records(base) if record not in gone]
            bits = self._bits_of(number)
            self._put(names, (number << bits) >> 32, bits)
        return bool(touched)

    def finished(self):
        """The index."""
        return NameIndex(self.key_owner, self.directory_owner, self.arena)

    def make_room(self, size):
        """Moves to another arena, without what is out of use, where this one has no room for so many more words."""
        if self.arena.used + size > self.arena.size:
            self.compact(16, size)

    def compact(self, eighths, spare):
        """Moves the blocks, with nothing between them, to an arena of so many eighths of their size, and some words."""
        arena = _room(self._live() * eighths // 8 + spare)
        before = at = -1
        for i in range(1 << self.depth):
            entry = self.directory[i]
            if entry != before:
                before = entry
                at = arena.used
                arena.used += size_of(entry)
                copy(self.words, base_of(entry), arena, at, size_of(entry))
            self.directory[i] = entry_of(at, size_of(entry))
        self.arena = arena
        self.words = arena.words

    def _live(self):
        """How many words the blocks take."""
        live = 0
        for i in range(1 << self.depth):
            if i == 0 or self.directory[i] != self.directory[i - 1]:
                live += size_of(self.directory[i])
        return live

    def _bits_of(self, number):
        """How many first bits are the same in all hashes that lead to the block for a hash."""
        bits = self.depth
        while bits > 0:
            span = 2 << (self.depth - bits)
            first = ((number << self.depth) >> 32) & -span
            if self.directory[first] != self.directory[first + span - 1]:
                break
            bits -= 1
        return bits

    def _put(self, names, prefix, bits):
        """Writes the block, or the blocks, of the names whose hashes begin with some bits."""
        size = _HEAD
        for _, record in names:
            size += 1 + self.length(record)
        if len(names) <= _FULL and size <= _BLOCK:
            entry = entry_of(self._write_block(names, size), size)
            span = 1 << (self.depth - bits)
            for i in range(prefix * span, (prefix + 1) * span):
                self.directory[i] = entry
            return
        more = max(1, (len(names) // _FULL).bit_length() - 1)
        while self.depth < bits + more:
            self._double()
        parts: list[list[tuple[int, int]]] = [[] for _ in range(1 << more)]
        for name in names:
            parts[((name[0] << bits) & 0xFFFFFFFF) >> (32 - more)].append(name)
        for i, part in enumerate(parts):
            self._put(part, (prefix << more) + i, bits + more)

    def _double(self):
        """Gives each entry of the directory two."""
        entries = 2 * len(self.directory_owner)
        if entries > _ENTRIES or entries > _SMALL + self.arena.used // 2:
            raise _Crowded
        owner, directory = self.directory_owner, self.directory
        self.set_directory(array("I", [0]) * entries)
        for i in range(entries):
            self.directory[i] = directory[i >> 1]
        del owner  # until here it had to stay

    def _allocate(self, size):
        """Where so many words begin that nobody has; a full arena makes way for a larger one."""
        arena = self.arena
        size = whole_lines(size)
        if arena.used + size > arena.size:
            arena = _room(2 * (arena.used + size))
            copy(self.words, 0, arena, 0, self.arena.used)
            arena.used = self.arena.used
            self.arena = arena
            self.words = arena.words
        arena.used += size
        return arena.used - size

    def _write_record(self, data, stop, own, below):
        """A record by itself, for a block to have a copy of it."""
        length = (stop + 7) >> 3
        record = self._allocate(1 + length)
        self.words[record] = packed(length, own, below)
        for i in range(1, length):
            self.words[record + i] = word_at(data, stop - (i << 3))
        self.words[record + length] = leftmost(data, 0, stop)
        return record

    def _write_block(self, names, size):
        """A block of names, each a hash and a record to copy."""
        names.sort(key=_order)
        base = self._allocate(size)
        offset = _HEAD
        for number, record in names:
            group = (number >> 8) & 3
            while self.words[base + group] >> 56:
                group = (group + 1) & 3
            shift = 0
            while (self.words[base + group] >> shift) & 255:
                shift += 8
            self.words[base + group] |= mark_of(number) << shift
            self.words[base + 4 + group] |= offset << shift
            copy(self.words, record, self.arena, base + offset, 1 + self.length(record))
            offset += 1 + self.length(record)
        return base


def _order(name):
    """What the records of a block are in the order of."""
    return name[0] & 1023


def copy(words, start, arena, at, size):
    """Copies words to an arena."""
    for i in range(size):
        arena.words[at + i] = words[start + i]


def _is_number(value, least):
    """Whether a value is a route number, or what stands for none."""
    return isinstance(value, int) and least <= value < NUMBERS


def packed(length, own, below):
    """The first word of a record."""
    word = length << 29 | (own + 2)
    return word << 29 | (below + 2)


def whole_lines(size):
    """A number of words, rounded up to cache lines."""
    return (size + 7) & -8


def _room(size):
    """An arena with nothing in it, whose words begin with a cache line."""
    if not cython.compiled:
        return NameArena(array("Q", [0]) * size, 0, 0)
    owner = array("Q", [0]) * (size + _HEAD - 1)
    arena = NameArena(owner, -(owner.buffer_info()[0] >> 3) % _HEAD, 0)
    arena.size = size
    return arena


def _arena_of(blocks):
    """An arena of blocks, which are copied unless they begin with a cache line."""
    try:
        octets = memoryview(blocks).cast("B")
    except TypeError as error:
        raise ValueError(f"blocks: {error}") from None
    if len(octets) % 64 or len(octets) == 0:
        raise ValueError(f"blocks: must have a multiple of 64 bytes, not {len(octets)}")
    if cython.compiled:
        first: cython.const_uchar[::1] = octets
        if cython.cast(cython.size_t, cython.address(first[0])) & 63:
            arena = _room(len(octets) >> 3)
            begin = arena.skipped << 3
            memoryview(arena.owner).cast("B")[begin : begin + len(octets)] = octets
            arena.used = len(octets) >> 3
            return arena
    return NameArena(octets.cast("Q"), 0, len(octets) >> 3)


def _array_of(buffer, code, name):
    """An array of what is in a buffer."""
    try:
        return array(code, bytes(memoryview(buffer)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def build(names: Iterable[tuple[str, int, int]], key: bytes | None = None) -> NameIndex:
    """An index of names, each with the number of its own route and of that for the names one label below.

    Args:
        names: each once; NONE stands for no route, and ASK for a name that is to be looked for elsewhere.
        key: KEY_SIZE bytes that whoever chooses the names cannot choose; None has some drawn. Names that crowd under
            it are given the key that follows from it: a key and names in their order make one and the same index.

    Raises:
        ValueError: for what is no name, or no number.
    """
    numbers = {name: (own, below) for name, own, below in names}
    key = secrets.token_bytes(KEY_SIZE) if key is None else key
    while True:
        arena = _room(_HEAD)
        arena.used = _HEAD
        try:
            return NameIndex(_array_of(key, "Q", "key"), array("I", [0]), arena)._changed(numbers).compacted()
        except _Crowded:
            key = shake_256(key).digest(KEY_SIZE)
