"""Look-up of a name among the hostname routes: octets in, route number out.

A name is read from the right in words of eight octets, the first octet of each lowest; its leftmost word has one to
eight octets, and zeros before them. So the words of the name one label above are those of the name itself but for its
own leftmost one, and one walk hashes both. The hash is keyed: a sum of products as in NH (RFC 4418, section 5.2) over
the words, spread by a random odd factor. Whoever chooses two names without the key hits one hash with a chance of one
in 2**31 or so; and nothing is answered before the text itself has been compared.

The names stand in *blocks*. The first bits of a hash choose a block by way of a directory, its last octet is the mark
that a name has there, and two bits beside it say in which group of marks the search begins. A block begins with a cache
line, and the records of its names follow, in the order of the last bits of their hashes::

    words 0 to 3    marks, four groups of eight; 0 where there is none, and the last of a group only if it is full
    words 4 to 7    for each mark an octet: the word of the block where the record begins
    record          two route numbers and the number of words of the name; then these words, the rightmost first

So a look-up, hit or miss, takes one line for the name and one for the name above, and a record where a mark is found.
Since the directory knows how long a block is, the hash says about where in it a record would be: what is there is asked
for at the same time as the marks. A change writes new blocks behind the others, which stay as they are;
:mod:`vpcroute.fib.names` does that.
"""

from __future__ import annotations

import threading

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.vpcroute.fib.hints import prefetch

__all__ = ["ASK", "KEY_SIZE", "NONE", "NameArena", "NameBlocks", "octets_of"]

NONE = -1  # no route
ASK = -2  # in place of a name's own route: whoever asks has to look elsewhere, unless the name above has one
KEY_SIZE = 264  # octets: a word for each of the 32 words that a name may have, and the factor

_LONGEST = 253
_PLACES = 32


def word_at(data, i):
    """Eight octets as a number, the first one lowest."""
    if not cython.compiled:
        return int.from_bytes(data[i : i + 8], "little")
    # Octet by octet, from a pointer of its own, so that a C compiler sees that it can be one load.
    at = data + i
    a, b, c, d, e, f, g, h = at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]
    return a | b << 8 | c << 16 | d << 24 | e << 32 | f << 40 | g << 48 | h << 56


def leftmost(data, start, stop):
    """The leftmost word of a name."""
    whole = 0xFFFFFFFFFFFFFFFF  # here and below in place of constants of the module, which C could not fold
    shift = (7 - ((stop - start - 1) & 7)) << 3
    if stop - start >= 8:
        return word_at(data, start) << shift & whole
    if stop >= 8:
        return word_at(data, stop - 8) >> shift << shift  # without what stands before the name
    word = 0
    while start < stop:
        octet = data[start]
        word = word >> 8 | octet << 56
        start += 1
    return word


def first_dot(data, start, stop):
    """Where the first dot of a name is; `stop` if there is none."""
    dots = 0x2E2E2E2E2E2E2E2E
    ones = 0x0101010101010101
    tops = 0x8080808080808080
    places = 0x0001020304050607  # times 256**n, its highest octet is n
    whole = 0xFFFFFFFFFFFFFFFF
    i = start
    if stop - start >= 8:
        # Two words at once, for most names have the dot in one of them.
        following = start + 8 if start + 16 <= stop else stop - 8
        word = word_at(data, start) ^ dots
        found = (word - ones) & ~word & tops
        word = word_at(data, following) ^ dots
        later = (word - ones) & ~word & tops
        i = start if found else following
        found = found if found else later
        if found:
            return i + ((((found & -found) >> 7) * places & whole) >> 56)
        i += 8
    while i < stop and data[i] != 46:
        i += 1
    return i


def product(word, key):
    """What a word adds to the sum."""
    whole = 0xFFFFFFFFFFFFFFFF
    half = 0xFFFFFFFF
    both = (word + key) & whole
    return (both & half) * (both >> 32)


def spread(total, factor):
    """The hash, 32 bits, that a sum comes to."""
    whole = 0xFFFFFFFFFFFFFFFF
    total = total & whole
    total = total ^ (total >> 32)
    return (total * (factor | 1) & whole) >> 32


def mark_of(number):
    """The mark of a name with this hash."""
    mark = number & 255
    return mark if mark else 1


def equal_marks(marks, mark):
    """The highest bit of each octet of a group that equals a mark."""
    ones = 0x0101010101010101
    lows = 0x7F7F7F7F7F7F7F7F
    tops = 0x8080808080808080
    rest = marks ^ mark * ones
    return ~(((rest & lows) + lows) | rest) & tops


def octet_under(octets, found):
    """The octet of a word that stands where the lowest bit of :func:`equal_marks` does."""
    ones = 0x0101010101010101
    whole = 0xFFFFFFFFFFFFFFFF
    place = (found & -found) >> 7
    return ((octets & place * 255) * ones & whole) >> 56


def is_record_of(words, record, data, stop, last, top):
    """Whether a record is that of a name: of `last` whole words before its end, and its leftmost one."""
    length = last + 1
    if words[record] >> 58 != length:
        return False
    if words[record + length] != top:
        return False
    while last > 0:  # from the left, where names differ
        if words[record + last] != word_at(data, stop - (last << 3)):
            return False
        last -= 1
    return True


def search(words, base, number, data, stop, last, top):
    """The record of a name in the block for its hash, or -1."""
    group = (number >> 8) & 3
    mark = mark_of(number)
    for _ in range(4):
        marks = words[base + group]
        found = equal_marks(marks, mark)
        while found:
            record = base + octet_under(words[base + 4 + group], found)
            if is_record_of(words, record, data, stop, last, top):
                return record
            found = found & (found - 1)
        if marks >> 56 == 0:
            return -1
        group = (group + 1) & 3
    return -1


def entry_of(base, size):
    """What the directory says of a block: the line it begins with and, in the last five bits, how many more it has."""
    return base << 2 | (size - 1) >> 3


def base_of(entry):
    """The word that a block begins with."""
    base = entry >> 5
    return base << 3


def size_of(entry):
    """How many words a block has."""
    return ((entry & 31) + 1) << 3


def touch(words, entry, number):
    """Fetches where in a block the record for a hash should be: two lines there, and one before."""
    if cython.compiled:
        place = words + base_of(entry) + ((entry & 31) * (number & 1023) >> 10 << 3)
        prefetch(place)
        prefetch(place + 8)
        prefetch(place + 16)


def octets_of(name):
    """The octets of a name, or None for what is none in its one spelling."""
    if not 0 < len(name) <= _LONGEST or not name.isascii() or "\0" in name:
        return None
    return name.encode("ascii")


class NameArena:
    """Words that are written one behind the other; none that is ever changes or moves, so generations share them.

    Attributes:
        owner: the buffer that has them, behind a number of words to be skipped.
        size: how many there is room for.
        used: how many are written.
        lock: for whoever writes.
    """

    def __cinit__(self, owner, skipped, used):
        pass  # so that none is made without __init__: its pointer would lead nowhere

    def __init__(self, owner, skipped, used):
        self.owner = owner
        self.skipped = skipped
        self.size = len(owner) - skipped
        self.used = used
        self.lock = threading.Lock()
        if cython.compiled:
            view: cython.const_ulonglong[::1] = owner
            self.words = cython.cast("unsigned long long *", cython.address(view[0])) + self.skipped
        else:
            self.words = owner


class NameBlocks:
    """Two route numbers by name: of the route for the name itself, and of the route for the names one label below."""

    def __cinit__(self, key, directory, arena):
        pass  # so that none is made without __init__: its pointers would lead nowhere

    def __init__(self, key, directory, arena):
        self.key_owner = key
        if not isinstance(arena, NameArena):
            raise TypeError(f"arena: must be an NameArena, not {type(arena).__name__}")
        self.arena = arena
        self.words = self.arena.words
        if cython.compiled:
            keys: cython.const_ulonglong[::1] = key
            self.key = cython.address(keys[0])
        else:
            self.key = key
        self.set_directory(directory)

    def set_directory(self, directory):
        """Takes a directory; its entries are a power of two."""
        self.directory_owner = directory
        self.depth = len(directory).bit_length() - 1
        if cython.compiled:
            lines: cython.const_uint[::1] = directory
            self.directory = cython.cast("unsigned int *", cython.address(lines[0]))
        else:
            self.directory = directory

    def find(self, data, start, stop):
        """What takes the name ``data[start:stop]``, canonical and in lower case: a route number, ASK or NONE."""
        size = stop - start
        if size < 1 or size > 253:
            return -1
        rest = stop - first_dot(data, start, stop) - 1  # octets of the name above
        last = (size - 1) >> 3
        top = leftmost(data, start, stop)
        last_above = 0
        top_above = top
        if rest > 0:
            last_above = (rest - 1) >> 3
            top_above = leftmost(data, stop - rest, stop)
        total = total_above = 0
        place = stop
        for i in range(last):
            if i == last_above:
                total_above = total
            place -= 8
            total += product(word_at(data, place), self.key[i])
        if last == last_above:
            total_above = total
        own = spread(total + product(top, self.key[last]), self.key[32])
        above = spread(total_above + product(top_above, self.key[last_above]), self.key[32])
        # All lines are asked for before any is looked at.
        entry = self.directory[(own << self.depth) >> 32]
        entry_above = self.directory[(above << self.depth) >> 32]
        base = base_of(entry)
        base_above = base_of(entry_above)
        touch(self.words, entry, own)
        touch(self.words, entry_above, above)
        group = base + ((own >> 8) & 3)
        group_above = base_above + ((above >> 8) & 3)
        marks = self.words[group]
        marks_above = self.words[group_above] if rest > 0 else 0
        found = equal_marks(marks, mark_of(own))
        found_above = equal_marks(marks_above, mark_of(above))
        if found | found_above:
            # Nearly always one of them, and it is the one. Which of them is as good as chance, so it makes no branch.
            shift = 29 if found else 0
            offset = octet_under(self.words[4 + (group if found else group_above)], found if found else found_above)
            record = offset + (base if found else base_above)
            before = last if found else last_above
            if is_record_of(self.words, record, data, stop, before, top if found else top_above):
                field = (self.words[record] >> shift) & 0x1FFFFFFF
                if field >= 2 and (found or marks >> 56 == 0):
                    return field - 2
        elif (marks | marks_above) >> 56 == 0:
            return -1
        # A full group, two names of one mark, or a name without a number of its own.
        answer = -1
        record = search(self.words, base, own, data, stop, last, top)
        if record >= 0:
            answer = self.own(record)
        if answer < 0 and rest > 0:
            record = search(self.words, base_above, above, data, stop, last_above, top_above)
            if record >= 0 and self.below(record) >= 0:
                answer = self.below(record)
        return answer

    def find_name(self, name):
        """What takes a name: a route number, ASK or NONE; the same, for whoever is in no hurry."""
        octets = octets_of(name)
        return NONE if octets is None else self.find(octets, 0, len(octets))

    def get(self, name):
        """The two numbers of a name."""
        octets = octets_of(name)
        record = -1 if octets is None else self.record_of(octets, len(octets), self.hash_of(octets, len(octets)))
        return (NONE, NONE) if record < 0 else (self.own(record), self.below(record))

    def items(self):
        """Each name with its two numbers."""
        before = -1
        for entry in self.directory_owner:
            if entry != before:
                for record in self.records(base_of(entry)):
                    yield self.name(record), self.own(record), self.below(record)
            before = entry

    def hash_of(self, data, stop):
        """The hash of the name ``data[:stop]``."""
        top = leftmost(data, 0, stop)
        total = 0
        i = 0
        while stop > 8:
            stop -= 8
            total += product(word_at(data, stop), self.key[i])
            i += 1
        return spread(total + product(top, self.key[i]), self.key[32])

    def block_of(self, number):
        """Where the block for a hash begins."""
        return base_of(self.directory[(number << self.depth) >> 32])

    def record_of(self, data, stop, number):
        """The record of the name ``data[:stop]``, whose hash is given, or -1."""
        base = self.block_of(number)
        return search(self.words, base, number, data, stop, (stop - 1) >> 3, leftmost(data, 0, stop))

    def records(self, base):
        """The records of a block."""
        offsets = [self.offset(base, place) for place in range(_PLACES)]
        return [base + offset for offset in offsets if offset]

    def offset(self, base, place):
        """Where in a block the record of one of its places begins; 0 for none."""
        return (self.words[base + 4 + (place >> 3)] >> ((place & 7) << 3)) & 255

    def hash_at(self, record):
        """The hash of the name of a record."""
        total = 0
        for i in range(self.length(record)):
            total += product(self.words[record + 1 + i], self.key[i])
        return spread(total, self.key[32])

    def length(self, record):
        """How many words the name of a record has."""
        return self.words[record] >> 58

    def own(self, record):
        """The number for the name itself."""
        return ((self.words[record] >> 29) & 0x1FFFFFFF) - 2

    def below(self, record):
        """The number for the names one label below."""
        return (self.words[record] & 0x1FFFFFFF) - 2

    def name(self, record):
        """The name of a record."""
        words = [self.words[record + i] for i in range(self.length(record), 0, -1)]
        return b"".join(word.to_bytes(8, "little") for word in words).lstrip(b"\0").decode("ascii")
