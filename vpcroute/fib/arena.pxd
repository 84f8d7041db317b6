# C types for arena.py.
cimport cython

cdef unsigned int CHILD, NONE
cdef Py_ssize_t _PLACES, _SPARE, _CELLS

cdef class Arena:
    cdef readonly object owner
    cdef Py_ssize_t room, fill
    cdef unsigned int *word
    cdef unsigned short *half

cdef size_t place_of(const unsigned char[::1] octets) except? 1

@cython.locals(i=cython.Py_ssize_t)
cdef bint _is_one_class(const unsigned int *words, Py_ssize_t at) noexcept nogil

@cython.locals(i=cython.uint, size=cython.uint, cell=cython.uint, slots=cython.uint, at=cython.Py_ssize_t, k=cython.uint)
cdef unsigned int own_words(const unsigned int *word, const unsigned short *half, unsigned int entry) noexcept nogil

cdef class Writer:
    cdef readonly Arena arena
    cdef readonly object directory
    cdef readonly Py_ssize_t fill, live
    cdef Py_ssize_t begun
    cdef unsigned int *word
    cdef unsigned short *half
    cdef unsigned int *pages
    cdef object cells_owner
    cdef unsigned int *cells

    cdef int _use(self, Arena arena) except -1
    cdef int trim(self) except -1

    @cython.locals(source=Arena, page=cython.Py_ssize_t, i=cython.Py_ssize_t, old=cython.uint, at=cython.Py_ssize_t,
                   same=cython.Py_ssize_t)
    cdef int _compact(self) except -1

    @cython.locals(i=cython.uint, k=cython.uint, at=cython.uint, to=cython.uint, own=cython.uint, fixed=cython.uint,
                   below=cython.uint)
    cdef unsigned int _copied(self, const unsigned int *word, const unsigned short *half,
                              unsigned int entry) except? 0

    @cython.locals(at=cython.Py_ssize_t, larger=Arena)
    cdef Py_ssize_t take(self, Py_ssize_t words) except -1

    @cython.locals(i=cython.uint, k=cython.uint, at=cython.uint, own=cython.uint)
    cdef int drop(self, unsigned int entry) noexcept nogil

    @cython.locals(i=cython.Py_ssize_t, at=cython.uint, old=cython.uint, alone=cython.bint)
    cdef int put_page(self, Py_ssize_t page, unsigned int number) except -1

    @cython.locals(i=cython.Py_ssize_t)
    cdef bint _is_used(self, unsigned int page) noexcept nogil
