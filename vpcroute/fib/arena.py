"""The words that tries are made of: where they lie, and what happens to them when a trie changes.

An *entry* is 32 bits: a route class, or, with the highest bit set, a block one step down: its width in four bits and
its place in the arena in 27. The blocks of a trie lie in its *arena*, an array of 32-bit words::

    page     256 entries, for the second octet of an address; the directory leads to a page by the first octet
    dense    width k > 0: 2**k cells of 16 bits for the next k bits, then 32-bit slots. A cell below 0x8000 is a class;
             any other is, with 0x8000 taken away, the number of the block's word with the entry
    slice    width 0: a count n, the starts of n ranges of the next 32 bits but the first, which is 0, then n entries

The arena only grows, so tries that came of each other by changes share it, and what a trie leads to is never written
again. A change writes the blocks on the way to what it touches anew. Words that a trie does not lead to are garbage
to it; where that is more than half, or another change has begun behind the same trie, a change starts from a copy
without it.
"""

from __future__ import annotations

from array import array

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.libc.string import memcpy

__all__ = ["CHILD", "NONE", "Arena", "Writer", "own_words"]

CHILD = 0x80000000  # marks an entry that is a block
NONE = 0xFFFFFFFF  # neither a page nor a class
_PLACES = 1 << 27
_SPARE = 1024
_CELLS = 1 << 13  # 14 dense blocks below each other at most, or 4 slices


def _is_one_class(words, at):
    """Whether all addresses of a page are of one class."""
    for i in range(256):
        if words[at + i] >= CHILD or words[at + i] != words[at]:
            return False
    return True


def own_words(word, half, entry):
    """How many words a block takes, without those below it."""
    at = entry & 0x7FFFFFF
    k = (entry >> 27) & 15
    if k == 0:
        return 2 * word[at]
    size = 1 << k
    slots = (size >> 1) - 1
    for i in range(size):
        cell = half[2 * at + i]
        if cell >= 0x8000 and cell & 0x7FFF > slots:
            slots = cell & 0x7FFF
    return slots + 1


@cython.final
@cython.cclass
class Arena:
    """Words for the blocks of tries that came of each other, with room for more.

    `fill` is where the next block goes; a trie with another fill is not the last of its line.
    """

    def __init__(self, owner, fill):
        view = memoryview(owner).cast("B")
        self.owner = view
        self.room = view.nbytes // 4
        self.fill = fill
        if cython.compiled:
            self.word = cython.cast("unsigned int *", place_of(view))
            self.half = cython.cast("unsigned short *", self.word)
        else:
            self.word, self.half = view.cast("I"), view.cast("H")


def place_of(octets):
    """Where a buffer is; its owner must be kept."""
    if not len(octets):
        return 0
    place = cython.cast(cython.size_t, cython.address(octets[0]))
    if place & 3:
        raise ValueError("a buffer of words must begin at a word")
    return place


@cython.cclass
class Writer:
    """A directory and an arena that are being written: from nothing, or as a change of a trie's.

    Attributes:
        directory: where the page of each first octet is.
        arena: where the blocks are.
        fill: how many words of it are in use.
        live: how many of these the directory leads to.
    """

    def __init__(self, directory=None, arena=None, fill=0, live=0):
        self.directory = array("I", [NONE] * 256 if directory is None else directory)
        self.cells_owner = array("I", (0,)) * _CELLS
        if cython.compiled:
            self.pages = cython.cast("unsigned int *", cython.cast(cython.size_t, self.directory.buffer_info()[0]))
            self.cells = cython.cast("unsigned int *", cython.cast(cython.size_t, self.cells_owner.buffer_info()[0]))
        else:
            self.pages, self.cells = self.directory, self.cells_owner
        if arena is None:
            arena = Arena(bytearray(4 * _SPARE), 0)
        self._use(arena)
        self.fill = self.begun = fill
        self.live = live
        if fill != self.arena.fill or fill > 2 * live:
            self._compact()

    def _use(self, arena):
        self.arena = arena
        self.word = arena.word
        self.half = arena.half
        return 0

    def _compact(self):
        """Goes on in an arena of its own, with what the directory leads to."""
        source = self.arena
        self._use(Arena(bytearray(4 * (self.live + self.live // 4 + _SPARE)), 0))
        self.fill = self.live = 0
        before = array("I", self.directory)
        for page in range(256):
            old = before[page]
            same = before.index(old)
            if same < page:
                self.pages[page] = self.pages[same]
                continue
            for i in range(256):
                self.cells[i] = self._copied(source.word, source.half, source.word[old + i])
            at = self.take(256)
            for i in range(256):
                self.word[at + i] = self.cells[i]
            self.pages[page] = at
        self.begun = self.fill
        return 0

    def _copied(self, word, half, entry):
        """The entry of a copy of a block and of all below it."""
        if entry < CHILD:
            return entry
        own = own_words(word, half, entry)
        at = entry & 0x7FFFFFF
        k = (entry >> 27) & 15
        fixed = (1 << k) >> 1 if k else word[at]  # the words that are no entries
        to = self.take(own)
        for i in range(fixed):
            self.word[to + i] = word[at + i]
        for i in range(fixed, own):
            below = self._copied(word, half, word[at + i])
            self.word[to + i] = below  # only now: the words may have moved
        return (entry ^ at) | to

    def take(self, words):
        """The place of so many new words, which the trie leads to from now on."""
        at = self.fill
        if at + words > self.arena.room:
            if at + words > _PLACES:
                raise MemoryError("the trie has no place for more blocks")
            larger = Arena(bytearray(4 * min(_PLACES, (at + words) // 2 * 3 + _SPARE)), 0)
            if cython.compiled:
                memcpy(larger.word, self.word, 4 * at)
            else:
                larger.word[:at] = self.word[:at]
            self._use(larger)
        self.fill = at + words
        self.live += words
        return at

    def trim(self):
        """Gives back most of the room that is not used."""
        room = self.fill + self.fill // 16 + _SPARE
        if room < self.arena.room:
            words = memoryview(self.arena.owner)[: 4 * self.fill]
            owner = bytearray(4 * room)
            owner[: 4 * self.fill] = words
            self._use(Arena(owner, 0))
        return 0

    def drop(self, entry):
        """A block, and all below it, is led to no longer."""
        if entry < CHILD:
            return 0
        own = own_words(self.word, self.half, entry)
        at = entry & 0x7FFFFFF
        k = (entry >> 27) & 15
        self.live -= own
        for i in range((1 << k) >> 1 if k else self.word[at], own):
            self.drop(self.word[at + i])
        return 0

    def put_page(self, page, number):
        """Puts the page that is laid out, or one of a class, in place of what was there.

        Pages all of one class are one page.
        """
        old = self.pages[page]
        self.pages[page] = NONE
        alone = old != NONE and not self._is_used(old)
        if number == NONE and _is_one_class(self.cells, 0):
            number = self.cells[0]
        if number != NONE:
            for i in range(256):
                at = self.pages[i]
                if at != NONE and self.word[at] == number and _is_one_class(self.word, at):
                    self.pages[page] = at
                    self.live -= 256 * alone
                    return 0
        at = old
        if not alone or old < self.begun:
            at = self.take(256)
            self.live -= 256 * alone
        for i in range(256):
            self.word[at + i] = self.cells[i] if number == NONE else number
        self.pages[page] = at
        return 0

    def _is_used(self, page):
        for i in range(256):
            if self.pages[i] == page:
                return True
        return False
