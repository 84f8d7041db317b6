# C types for compare.py.
cimport cython
from vpcroute.fib.nameblocks cimport NameBlocks
from vpcroute.fib.sweep cimport Ranges
from vpcroute.fib.trie cimport Trie

cdef unsigned int _CHILD
cdef long long _SHIFT

cdef class _Walk:
    cdef Trie before, after
    cdef object old_owner, new_owner
    cdef const unsigned int *old
    cdef const unsigned int *new
    cdef bint shared
    cdef Ranges found, left, right
    cdef list pairs
    cdef dict known
    cdef unsigned int last, last_before, last_after

    @cython.locals(before=Trie, after=Trie, page=cython.uint, i=cython.uint, one=cython.Py_ssize_t,
                   other=cython.Py_ssize_t, high=cython.ulonglong)
    cdef int all(self) except -1

    @cython.locals(k=cython.uint, i=cython.uint, bits=cython.ulonglong)
    cdef int step(self, unsigned int one, unsigned int other, unsigned long long high, unsigned long long low,
                  unsigned int depth) except -1

    @cython.locals(left=Ranges, right=Ranges, i=cython.Py_ssize_t, j=cython.Py_ssize_t, high=cython.ulonglong,
                   low=cython.ulonglong, ends=cython.bint)
    cdef int merge(self) except -1

    @cython.locals(before=cython.uint, after=cython.uint)
    cdef int put(self, unsigned long long high, unsigned long long low, unsigned int one, unsigned int other) except -1

    cdef unsigned int _number(self, long long before, long long after) except? 0

@cython.locals(at=cython.uint, cell=cython.uint)
cdef unsigned int _cell(const unsigned int *word, const unsigned short *half, unsigned int entry,
                        unsigned int i) noexcept nogil

@cython.locals(at=cython.uint, k=cython.uint, i=cython.uint, count=cython.uint, below=cython.uint, bits=cython.ulonglong)
cdef int spread(const unsigned int *word, const unsigned short *half, unsigned int entry, unsigned long long high,
                unsigned long long low, unsigned int depth, Ranges into) except -1

@cython.locals(walk=_Walk)
cdef tuple _walked(Trie before, Trie after, object old, object new)

@cython.locals(names=set, depth=cython.int, i=cython.Py_ssize_t, one=cython.uint, other=cython.uint,
               last_one=cython.uint, last_other=cython.uint)
cdef object _changed_names(NameBlocks before, NameBlocks after)
