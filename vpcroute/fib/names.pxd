# C types for names.py.
cimport cython
from vpcroute.fib.nameblocks cimport NameArena, NameBlocks

cdef Py_ssize_t _HEAD, _PLACES, _FULL, _NAME, _BLOCK, _ENTRIES, _SMALL

cdef class NameIndex(NameBlocks):
    cdef NameIndex _compacted(self, Py_ssize_t eighths)

    @cython.locals(tops=cython.ulonglong, base=cython.Py_ssize_t, size=cython.Py_ssize_t, group=cython.Py_ssize_t, mark=cython.ulonglong,
                   offset=cython.Py_ssize_t, record=cython.Py_ssize_t, length=cython.Py_ssize_t, i=cython.Py_ssize_t,
                   number=cython.ulonglong, begun=cython.Py_ssize_t)
    cdef str _wrong_at(self, unsigned int entry, Py_ssize_t place, int numbers)

cdef class _Draft(NameBlocks):
    @cython.locals(number=cython.ulonglong, record=cython.Py_ssize_t, octets=bytes, bits=cython.int)
    cdef bint apply(self, changes) except -1

    cdef NameIndex finished(self)

    cdef make_room(self, Py_ssize_t size)

    @cython.locals(arena=NameArena, before=cython.longlong, at=cython.Py_ssize_t, entry=cython.uint, i=cython.Py_ssize_t)
    cdef compact(self, Py_ssize_t eighths, Py_ssize_t spare)

    @cython.locals(live=cython.Py_ssize_t, i=cython.Py_ssize_t)
    cdef Py_ssize_t _live(self) noexcept

    @cython.locals(bits=cython.int, span=cython.Py_ssize_t, first=cython.Py_ssize_t)
    cdef int _bits_of(self, unsigned long long number) noexcept

    @cython.locals(size=cython.Py_ssize_t, record=cython.Py_ssize_t, entry=cython.uint, span=cython.Py_ssize_t,
                   i=cython.Py_ssize_t, more=cython.int, number=cython.ulonglong)
    cdef _put(self, list names, Py_ssize_t prefix, int bits)

    @cython.locals(entries=cython.Py_ssize_t, directory="const unsigned int *", i=cython.Py_ssize_t)
    cdef _double(self)

    @cython.locals(arena=NameArena)
    cdef Py_ssize_t _allocate(self, Py_ssize_t size) except -1

    @cython.locals(length=cython.Py_ssize_t, record=cython.Py_ssize_t, i=cython.Py_ssize_t)
    cdef Py_ssize_t _write_record(self, const unsigned char *data, Py_ssize_t stop, long long own,
                                  long long below) except -1

    @cython.locals(base=cython.Py_ssize_t, offset=cython.ulonglong, number=cython.ulonglong,
                   record=cython.Py_ssize_t, group=cython.Py_ssize_t, shift=cython.int)
    cdef Py_ssize_t _write_block(self, list names, Py_ssize_t size) except -1

@cython.locals(i=cython.Py_ssize_t)
cdef void copy(const unsigned long long *words, Py_ssize_t start, NameArena arena, Py_ssize_t at, Py_ssize_t size) noexcept

@cython.locals(word=cython.ulonglong)
cdef unsigned long long packed(unsigned long long length, long long own, long long below) noexcept

cdef Py_ssize_t whole_lines(Py_ssize_t size) noexcept

@cython.locals(arena=NameArena)
cdef NameArena _room(Py_ssize_t size)

@cython.locals(arena=NameArena, begin=cython.Py_ssize_t)
cdef NameArena _arena_of(object blocks)
