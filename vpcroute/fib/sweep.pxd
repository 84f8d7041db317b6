# C types for sweep.py.
cimport cython

cdef unsigned long long _ALL
cdef unsigned int _CLASSES
cdef long long _SHIFT

cdef unsigned long long behind_high(unsigned int length) noexcept nogil
cdef unsigned long long behind_low(unsigned int length) noexcept nogil

cdef class Ranges:
    cdef readonly object highs, lows, classes
    cdef Py_ssize_t count, room
    cdef unsigned long long *high
    cdef unsigned long long *low
    cdef unsigned int *number

    @cython.locals(count=cython.Py_ssize_t)
    cdef int push(self, unsigned long long high, unsigned long long low, unsigned int number) except -1

    cdef int reserve(self, Py_ssize_t more) except -1
    cdef int _point(self) except -1

    @cython.locals(i=cython.Py_ssize_t, high=cython.ulonglong, low=cython.ulonglong)
    cdef int settle(self) except -1

    cdef int trim(self) except -1

cdef class _Open:
    cdef unsigned long long high[130]
    cdef unsigned long long low[130]
    cdef long long number[130]
    cdef Py_ssize_t depth

    @cython.locals(depth=cython.Py_ssize_t, low=cython.ulonglong)
    cdef int close(self, Ranges found) except -1

cdef long long joined(dict inside, object join, long long around, long long said) except -1

@cython.locals(found=Ranges, open_=_Open, i=cython.Py_ssize_t, high=cython.ulonglong, low=cython.ulonglong,
               end_high=cython.ulonglong, end_low=cython.ulonglong, length=cython.uint, number=cython.longlong,
               high_before=cython.ulonglong, low_before=cython.ulonglong, length_before=cython.uint)
cdef Ranges _sweep(const unsigned long long[::1] highs, const unsigned long long[::1] lows,
                   const unsigned char[::1] lengths, const unsigned int[::1] said, dict inside, object join,
                   long long around, tuple span, unsigned int width)
