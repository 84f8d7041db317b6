# C types for blocks.py.
cimport cython
from vpcroute.fib.arena cimport Writer
from vpcroute.fib.sweep cimport Ranges

cdef unsigned int _CHILD, _WORD, _LARGE, _NONE, _DENSE
cdef Py_ssize_t _NO_LIMIT
cdef unsigned long long _ALL

cdef unsigned int window(unsigned long long high, unsigned long long low, unsigned int depth) noexcept nogil
cdef unsigned long long _at_high(unsigned long long bits, unsigned int depth) noexcept nogil
cdef unsigned long long _at_low(unsigned long long bits, unsigned int depth) noexcept nogil

@cython.locals(behind=cython.uint, half=cython.ulonglong)
cdef unsigned int _needed(unsigned long long high, unsigned long long low) noexcept nogil

@cython.locals(step=cython.Py_ssize_t, until=cython.Py_ssize_t, middle=cython.Py_ssize_t)
cdef Py_ssize_t _holding(Ranges ranges, Py_ssize_t i, unsigned long long high, unsigned long long low) noexcept nogil

cdef bint _before(unsigned long long high, unsigned long long low, unsigned long long other_high,
                  unsigned long long other_low) noexcept nogil

cdef class Builder(Writer):
    cdef readonly int version
    cdef Py_ssize_t few
    cdef unsigned int small
    cdef unsigned long long first_high, first_low, last_high, last_low
    cdef Ranges new, old, mixed
    cdef Py_ssize_t cursor, laid

    cdef int lead(self, object first, object last, Ranges ranges) except -1

    @cython.locals(first=cython.Py_ssize_t, last=cython.Py_ssize_t, page=cython.Py_ssize_t, i=cython.Py_ssize_t,
                   high=cython.ulonglong, old=cython.uint)
    cdef int _lead(self) except -1

    @cython.locals(i=cython.Py_ssize_t, old=cython.uint)
    cdef int _open(self, Py_ssize_t page) except -1

    cdef int close(self) except -1

    cdef bint _is_one_range(self, unsigned long long high) noexcept nogil

    @cython.locals(last_high=cython.ulonglong, last_low=cython.ulonglong, first=cython.Py_ssize_t,
                   last=cython.Py_ssize_t)
    cdef unsigned int _changed(self, unsigned int entry, unsigned long long high, unsigned long long low,
                               unsigned int depth, unsigned int cells) except? 0

    @cython.locals(at=cython.uint, i=cython.uint, first=cython.uint, last=cython.uint, size=cython.uint,
                   runs=cython.Py_ssize_t, children=cython.Py_ssize_t, cell=cython.uint, bits=cython.ulonglong)
    cdef unsigned int _patched(self, unsigned int entry, unsigned long long high, unsigned long long low,
                               unsigned int depth, unsigned int cells) except? 0

    @cython.locals(i=cython.Py_ssize_t, j=cython.Py_ssize_t, last_high=cython.ulonglong, last_low=cython.ulonglong,
                   begin_high=cython.ulonglong, begin_low=cython.ulonglong, old=Ranges, mixed=Ranges, new=Ranges)
    cdef unsigned int _spliced(self, unsigned int entry, unsigned long long high, unsigned long long low,
                               unsigned int depth, unsigned int cells) except? 0

    @cython.locals(i=cython.uint, k=cython.uint, at=cython.uint, below=cython.uint, bits=cython.ulonglong,
                   count=cython.uint)
    cdef int _flatten(self, unsigned int entry, unsigned long long high, unsigned long long low, unsigned int depth,
                      Ranges into, Py_ssize_t limit) except -1

    @cython.locals(i=cython.Py_ssize_t, bits_high=cython.ulonglong, bits_low=cython.ulonglong, need=cython.uint)
    cdef unsigned int _entry(self, Ranges r, Py_ssize_t first, Py_ssize_t last, unsigned long long high,
                             unsigned long long low, unsigned int depth, unsigned int cells) except? 0

    @cython.locals(high=cython.ulonglong, low=cython.ulonglong)
    cdef unsigned int _below(self, Ranges r, Py_ssize_t first, Py_ssize_t last, unsigned int depth,
                             unsigned int cells) except? 0

    @cython.locals(i=cython.uint, size=cython.uint, behind=cython.uint, following=cython.Py_ssize_t, cell=cython.uint,
                   below=cython.uint)
    cdef unsigned int _dense(self, Ranges r, Py_ssize_t first, Py_ssize_t last, unsigned int depth, unsigned int k,
                             unsigned int cells) except? 0

    @cython.locals(i=cython.uint, size=cython.uint, body=cython.uint, slots=cython.uint, cell=cython.uint,
                   at=cython.uint)
    cdef unsigned int _put_dense(self, unsigned int k, unsigned int cells) except? 0

    @cython.locals(n=cython.uint, values=cython.uint, below=cython.uint, behind=cython.uint, start=cython.uint,
                   following=cython.Py_ssize_t, entry=cython.uint, at=cython.uint, i=cython.uint)
    cdef unsigned int _slice(self, Ranges r, Py_ssize_t first, Py_ssize_t last, unsigned int depth,
                             unsigned int cells) except? 0
