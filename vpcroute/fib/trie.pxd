# C types for trie.py.
cimport cython
from vpcroute.fib.arena cimport Arena
from vpcroute.fib.blocks cimport Builder

cdef unsigned int _CHILD, _WORD, _MARKS
cdef Py_ssize_t _CACHED
cdef unsigned long long _ALL

cdef class Trie:
    cdef readonly int version
    cdef object _directory
    cdef Arena _arena
    cdef Py_ssize_t _fill, _live
    cdef const unsigned int *_pages
    cdef const unsigned int *_word
    cdef const unsigned short *_half

    @cython.locals(entry=cython.uint, bits=cython.uint, at=cython.uint, k=cython.uint, cell=cython.uint)
    cdef unsigned int find4(self, unsigned int number) noexcept nogil
    cdef unsigned int find6(self, unsigned long long high, unsigned long long low) noexcept nogil

    @cython.locals(i=cython.Py_ssize_t)
    cdef void find4_many(self, const unsigned char *packed, int *out, const int *outcomes,
                         Py_ssize_t count) noexcept nogil

    @cython.locals(i=cython.Py_ssize_t)
    cdef void find6_many(self, const unsigned char *packed, int *out, const int *outcomes, Py_ssize_t count,
                         Trie mapped) noexcept nogil

    cdef unsigned int _first(self, unsigned int octets) noexcept nogil
    cdef void _touch(self, unsigned int entry, unsigned int bits) noexcept nogil

    @cython.locals(k=cython.uint)
    cdef unsigned int _walk6(self, unsigned int entry, unsigned long long high, unsigned long long low) noexcept nogil

    @cython.locals(at=cython.uint, k=cython.uint, cell=cython.uint)
    cdef unsigned int _step6(self, unsigned int entry, unsigned long long high) noexcept nogil

    @cython.locals(i=cython.Py_ssize_t, number=cython.uint, numbers=cython.uint[64])
    cdef void _group4(self, const unsigned char *packed, Py_ssize_t start, int *out, const int *outcomes,
                      Py_ssize_t size) noexcept nogil

    @cython.locals(i=cython.Py_ssize_t, entry=cython.uint, high=cython.ulonglong, low=cython.ulonglong, k=cython.uint,
                   entries=cython.uint[64], highs=cython.ulonglong[64], lows=cython.ulonglong[64], _=cython.int)
    cdef void _group6(self, const unsigned char *packed, Py_ssize_t start, int *out, const int *outcomes,
                      Py_ssize_t size, Trie mapped) noexcept nogil

@cython.locals(n=cython.uint, left=cython.uint, step=cython.uint, passed=cython.uint)
cdef unsigned int _search(const unsigned int *word, unsigned int at, unsigned int bits) noexcept nogil

@cython.locals(number=cython.uint)
cdef unsigned int _octets4(const unsigned char *packed, Py_ssize_t i) noexcept nogil

@cython.locals(i=cython.Py_ssize_t, number=cython.ulonglong)
cdef unsigned long long _octets8(const unsigned char *packed, Py_ssize_t at) noexcept nogil

@cython.locals(trie=Trie)
cdef Trie _of(Builder builder)

cdef class _Check:
    cdef Trie trie
    cdef Py_ssize_t met
    cdef unsigned int classes, width, beyond

    @cython.locals(i=cython.uint, at=cython.Py_ssize_t)
    cdef int pages(self) except -1

    cdef int meet(self, Py_ssize_t at, Py_ssize_t words) except -1

    @cython.locals(i=cython.Py_ssize_t, beyond=cython.uint, bits=cython.uint)
    cdef bint are_classes(self, const unsigned int *word, Py_ssize_t at, Py_ssize_t words) noexcept nogil

    @cython.locals(at=cython.Py_ssize_t, k=cython.uint, i=cython.Py_ssize_t, cell=cython.uint, own=cython.Py_ssize_t,
                   fixed=cython.Py_ssize_t, fill=cython.Py_ssize_t)
    cdef int entry(self, unsigned int entry, unsigned int depth) except -1
