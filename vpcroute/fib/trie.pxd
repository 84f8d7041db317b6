# C types for trie.py.
cimport cython

cdef unsigned int _CHILD, _NUMBER, _WORD

@cython.locals(base=cython.uint, word=cython.uint, bits=cython.uint, count=cython.uint, before=cython.uint)
cdef unsigned int rank(const unsigned int *nodes, unsigned int node, unsigned int i) noexcept nogil

cdef class Trie:
    cdef readonly int version
    cdef object _dir_owner, _nodes_owner, _cells_owner
    cdef const unsigned int *_dir
    cdef const unsigned int *_nodes
    cdef const unsigned int *_cells

    @cython.locals(cell=cython.uint, node=cython.uint)
    cdef unsigned int find4(self, unsigned int number) noexcept nogil

    @cython.locals(cell=cython.uint, node=cython.uint, shift=cython.int, octet=cython.uint)
    cdef unsigned int find6(self, unsigned long long high, unsigned long long low) noexcept nogil

cdef class _Builder:
    cdef object nodes, cells

    @cython.locals(i=cython.int, following=cython.int, index=cython.Py_ssize_t, total=cython.Py_ssize_t, bitmap=list,
                   cells=list)
    cdef tuple node(self, list starts, list classes, Py_ssize_t first, object base, object size)

    @cython.locals(word=cython.int, before=cython.uint, counts=list)
    cdef _put(self, list bitmap, list cells)
