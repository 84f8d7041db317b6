"""Longest-prefix match of addresses, as a trie of compressed nodes: address in, route class out.

The first 16 bits of an address index a directory; every further octet indexes a node. A directory entry, or a cell of
a node, is a route class, or, with the highest bit set, the number of a node one octet down. A node stands for 256 cells
but keeps only those that differ from the cell before: a bitmap says where, and the number of bits up to a cell says
which. Its bitmap, the counts of bits before each word of it, and where its cells begin take 64 bytes, a cache line::

    words 0 to 7    bitmap, bit i of word i // 32 for cell i
    words 8, 9      eight octets: the number of bits in the words before word 0, 1, … 7
    word 10         where its cells begin

So an IPv4 address takes the directory, and at most two nodes with a cell each. Ranges of addresses that lead to the
same class share cells, whatever prefixes they came from. The bits are counted with plain arithmetic, so that nothing
depends on the processor that it was built on.

A node and all that hangs below it are a block of their own: a change rebuilds the blocks of the directory entries that
it touches, and no others.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

__all__ = ["Trie", "build"]

_CHILD = 0x80000000  # marks a directory entry or a cell that is the number of a node
_NUMBER = 0x7FFFFFFF
_WORD = 0xFFFFFFFF
_NODE_WORDS = 16
# Addresses of one directory entry; written out, for a shift would be one of C.
_ENTRY_SIZES = {4: 2**16, 6: 2**112}
_BITS = [1 << bit for bit in range(32)]  # not shifted in place: 1 << 31 is negative in C


def rank(nodes, node, i):
    """The index of the cell of a node that octet `i` leads to."""
    base = node << 4
    word = i >> 5
    bits = nodes[base + word] & (_WORD >> (31 - (i & 31)))
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F
    count = ((bits * 0x01010101) & _WORD) >> 24
    before = (nodes[base + 8 + (word >> 2)] >> ((word & 3) << 3)) & 0xFF
    return nodes[base + 10] + before + count - 1


@cython.final
@cython.cclass
class Trie:
    """Route classes by address, of one address family."""

    def __cinit__(self, version, directory, nodes, cells):
        pass  # so that none is made without __init__: its pointers would lead nowhere

    def __init__(self, version, directory, nodes, cells):
        self.version = version
        self._dir_owner = directory
        self._nodes_owner = nodes
        self._cells_owner = cells
        if cython.compiled:
            self._dir = cython.cast("const unsigned int *", cython.cast(cython.size_t, directory.buffer_info()[0]))
            self._nodes = cython.cast("const unsigned int *", cython.cast(cython.size_t, nodes.buffer_info()[0]))
            self._cells = cython.cast("const unsigned int *", cython.cast(cython.size_t, cells.buffer_info()[0]))
        else:
            self._dir, self._nodes, self._cells = directory, nodes, cells

    def find4(self, number):
        """The class of an IPv4 address."""
        cell = self._dir[number >> 16]
        if cell & _CHILD:
            cell = self._cells[rank(self._nodes, cell & _NUMBER, (number >> 8) & 0xFF)]
            if cell & _CHILD:
                cell = self._cells[rank(self._nodes, cell & _NUMBER, number & 0xFF)]
        return cell

    def find6(self, high, low):
        """The class of an IPv6 address, given as two halves of 64 bits."""
        cell = self._dir[(high >> 48) & 0xFFFF]
        shift = 40
        while cell & _CHILD and shift >= 0:
            cell = self._cells[rank(self._nodes, cell & _NUMBER, (high >> shift) & 0xFF)]
            shift = shift - 8
        shift = 56
        while cell & _CHILD:
            cell = self._cells[rank(self._nodes, cell & _NUMBER, (low >> shift) & 0xFF)]
            shift = shift - 8
        return cell

    def find(self, number):
        """The class of an address as a number; the same, for whoever is in no hurry."""
        if self.version == 4:
            return self.find4(number)
        return self.find6(number >> 64, number & 0xFFFFFFFFFFFFFFFF)

    def __reduce__(self):
        return Trie, (self.version, self._dir_owner, self._nodes_owner, self._cells_owner)

    def nbytes(self):
        """How much memory it takes, in bytes."""
        return 4 * (len(self._dir_owner) + len(self._nodes_owner) + len(self._cells_owner))


@cython.final
@cython.cclass
class _Builder:
    """A trie that is being built from ranges; `cells` and `nodes` only grow."""

    def __init__(self):
        self.nodes = array("I")
        self.cells = array("I")

    def node(self, starts, classes, first, base, size):
        """The entry of a new node, and the index of the range that its last address is in.

        It stands for the 256 cells of `size` addresses each from `base` on; range `first` has `base` in it.
        """
        bitmap = [0, 0, 0, 0, 0, 0, 0, 0]
        cells = []
        total = len(starts)
        index, i, last = first, 0, -1
        while i < 256:
            start = base + i * size
            end = start + size
            while index + 1 < total and starts[index + 1] <= start:
                index += 1
            if index + 1 < total and starts[index + 1] < end:
                cell, index = self.node(starts, classes, index, start, size >> 8)
                following = i + 1
            else:
                cell = classes[index]
                following = 256
                if index + 1 < total:
                    following = min(256, (starts[index + 1] - base) // size)
            if cell != last:
                bitmap[i >> 5] |= _BITS[i & 31]
                cells.append(cell)
                last = cell
            i = following
        return self._put(bitmap, cells), index

    def _put(self, bitmap, cells):
        number = len(self.nodes) // _NODE_WORDS
        counts = [0, 0]
        before = 0
        for word in range(8):
            counts[word >> 2] |= before << ((word & 3) << 3)
            before += bitmap[word].bit_count()
        self.nodes.extend(bitmap)
        self.nodes.extend(counts)
        self.nodes.append(len(self.cells))
        self.nodes.extend((0, 0, 0, 0, 0))
        self.cells.extend(cells)
        return _CHILD | number


def build(version: int, starts: Sequence[int], classes: Sequence[int]) -> Trie:
    """The trie of ranges that together cover an address family.

    Args:
        version: 4 or 6.
        starts: the first address of each range, ascending, the first one 0.
        classes: the route class of each range, below 2**31.
    """
    builder = _Builder()
    size = _ENTRY_SIZES[version]
    directory = array("I")
    total = len(starts)
    index = 0
    for entry in range(1 << 16):
        base = entry * size
        while index + 1 < total and starts[index + 1] <= base:
            index += 1
        if index + 1 < total and starts[index + 1] < base + size:
            cell, index = builder.node(starts, classes, index, base, size >> 8)
        else:
            cell = classes[index]
        directory.append(cell)
    return Trie(version, directory, builder.nodes, builder.cells)
