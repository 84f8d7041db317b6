# C types for heard.py.
cimport cython

cdef Py_ssize_t _BLOCK, _NUMBER

@cython.locals(i=cython.Py_ssize_t, differ=cython.uint, bits=cython.uint)
cdef unsigned int _shared(const unsigned char *rows, Py_ssize_t at, const unsigned char *key,
                          Py_ssize_t octets) noexcept nogil

@cython.locals(i=cython.Py_ssize_t, whole=cython.Py_ssize_t)
cdef int _shorten(unsigned char *key, Py_ssize_t octets, unsigned int length) noexcept nogil

@cython.locals(i=cython.Py_ssize_t, whole=cython.Py_ssize_t)
cdef int _behind(unsigned char *key, Py_ssize_t octets) noexcept nogil

cdef unsigned int _number(const unsigned char *rows, Py_ssize_t at) noexcept nogil

@cython.locals(i=cython.Py_ssize_t)
cdef int _copy(unsigned char *into, Py_ssize_t to, Py_ssize_t stride, const unsigned char *octets, Py_ssize_t at,
               Py_ssize_t step, Py_ssize_t count) noexcept nogil

cdef class Heard:
    cdef readonly Py_ssize_t size, stride
    cdef list blocks
    cdef bytearray firsts, rows
    cdef Py_ssize_t block, row

    cdef bytes _checked(self, bytes record)

    @cython.locals(count=cython.Py_ssize_t)
    cdef Py_ssize_t _seek(self, const unsigned char *key) except -2

    cdef bint _is_at(self, Py_ssize_t at, const unsigned char *record) except -1

    @cython.locals(at=cython.Py_ssize_t)
    cdef Py_ssize_t _said_at(self, bytes record) except -2

    @cython.locals(at=cython.Py_ssize_t, there=cython.bint, rows=bytearray, block=cython.Py_ssize_t,
                   size=cython.Py_ssize_t, stride=cython.Py_ssize_t)
    cdef int _put(self, bytes record, object number) except -1

    @cython.locals(key=bytearray, last=cython.Py_ssize_t, end=cython.Py_ssize_t, at=cython.Py_ssize_t,
                   start=cython.Py_ssize_t)
    cdef object _rows_inside(self, bytes record)

    @cython.locals(key=bytearray, octets=cython.Py_ssize_t, length=cython.uint, shared=cython.uint,
                   at=cython.Py_ssize_t, said=list, around=cython.longlong)
    cdef object _around(self, bytes record, dict inside, object join)
