# C types for reader.py.
cimport cython
from vpcroute.fib.resolution cimport Resolution

cdef unsigned long long _ALL, _WORD

cdef unsigned char _TCP, _HTTP, _HTTPS

@cython.locals(data="const unsigned char *", size=cython.Py_ssize_t, i=cython.Py_ssize_t, quad=cython.ulonglong,
               c=cython.uchar, port=cython.int, digits=cython.int)
cdef bint read_canonical(Resolution r, str text) except -1

@cython.locals(data="const unsigned char *", size=cython.Py_ssize_t, quad=cython.ulonglong)
cdef long long read_ipv4(str text) except -2

@cython.locals(i=cython.Py_ssize_t, part=cython.int, value=cython.ulonglong, number=cython.uint, first=cython.Py_ssize_t,
               c=cython.uchar)
cdef unsigned long long _quad(const unsigned char *data, Py_ssize_t start, Py_ssize_t size) noexcept

@cython.locals(i=cython.Py_ssize_t, label=cython.Py_ssize_t, c=cython.uchar)
cdef Py_ssize_t _name(const unsigned char *data, Py_ssize_t start, Py_ssize_t size) noexcept

@cython.locals(i=cython.Py_ssize_t, first=cython.Py_ssize_t, groups=cython.int, gap=cython.int, value=cython.ulonglong,
               high=cython.ulonglong, low=cython.ulonglong, c=cython.uchar, tail_high=cython.ulonglong,
               tail_low=cython.ulonglong, shift=cython.int)
cdef Py_ssize_t _groups(Resolution r, const unsigned char *data, Py_ssize_t start, Py_ssize_t size) noexcept
