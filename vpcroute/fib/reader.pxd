# C types for reader.py.
cimport cython
from vpcroute.fib.resolution cimport Resolution

cdef unsigned long long _ALL, _WORD

cdef unsigned char _TCP, _HTTP, _HTTPS, _LABEL, _DOT, _END

cdef int _LONGEST_CONNECT, _LONGEST_NAME, _LONGEST_LABEL, _HIGHEST_PORT

cdef const unsigned char *_DIGITS
cdef const unsigned char *_KINDS
cdef const unsigned char *_NOTHING

@cython.locals(data="const unsigned char *", size=cython.Py_ssize_t, i=cython.Py_ssize_t, quad=cython.ulonglong,
               c=cython.uchar, port=cython.int)
cdef bint read_canonical(Resolution r, object text) except -1

@cython.locals(data="const unsigned char *", size=cython.Py_ssize_t, i=cython.Py_ssize_t, quad=cython.ulonglong)
cdef bint read_bare_canonical(Resolution r, object text) except -1

@cython.locals(data="const unsigned char *", size=cython.Py_ssize_t, quad=cython.ulonglong)
cdef long long read_ipv4(object text) except -2

@cython.locals(i=cython.Py_ssize_t, value=cython.uint, octet=cython.uint, dots=cython.int, end=cython.ulonglong,
               c=cython.uchar)
cdef unsigned long long _quad(const unsigned char *data, Py_ssize_t start) noexcept nogil

@cython.locals(i=cython.Py_ssize_t, groups=cython.int, gap=cython.int, value=cython.ulonglong, digit=cython.uchar,
               high=cython.ulonglong, low=cython.ulonglong, tail_high=cython.ulonglong, tail_low=cython.ulonglong)
cdef Py_ssize_t _groups(Resolution r, const unsigned char *data, Py_ssize_t start) noexcept

@cython.locals(i=cython.Py_ssize_t, label=cython.Py_ssize_t, kind=cython.uchar)
cdef Py_ssize_t _name(const unsigned char *data, Py_ssize_t start) noexcept

cdef const unsigned char *_octets(object text) noexcept
