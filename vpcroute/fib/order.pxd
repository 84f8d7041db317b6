# C types for order.py.
cimport cython

cdef Py_ssize_t _count(object records, Py_ssize_t size) except -1

@cython.locals(i=cython.Py_ssize_t)
cdef int _number(unsigned int[::1] places) except -1

@cython.locals(count=cython.Py_ssize_t, i=cython.Py_ssize_t, value=cython.uint, start=cython.uint)
cdef bint _scattered(const unsigned char[::1] records, Py_ssize_t size, Py_ssize_t octet,
                     const unsigned int[::1] places, unsigned int[::1] into, unsigned int[::1] starts) except -1

@cython.locals(i=cython.Py_ssize_t, octet=cython.Py_ssize_t, start=cython.Py_ssize_t, to=cython.Py_ssize_t)
cdef int _copy(const unsigned char[::1] records, Py_ssize_t size, Py_ssize_t count,
               const unsigned int[::1] places, unsigned char[::1] into) except -1

@cython.locals(low=cython.Py_ssize_t, middle=cython.Py_ssize_t, start=cython.Py_ssize_t, octet=cython.Py_ssize_t)
cdef Py_ssize_t rows_not_above(const unsigned char *rows, Py_ssize_t count, Py_ssize_t stride,
                               const unsigned char *record, Py_ssize_t size) noexcept nogil
