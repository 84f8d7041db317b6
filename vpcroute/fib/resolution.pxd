# C types for resolution.py.
cimport cython

cdef const unsigned char *_HEX

cdef class Resolution:
    cdef object _text
    cdef object _resolver
    cdef object _whole
    cdef unsigned char _version
    cdef unsigned char _scheme
    cdef int _port
    cdef int _number
    cdef int _start
    cdef int _stop
    cdef unsigned long long _high
    cdef unsigned long long _low

cdef Resolution blank()
@cython.locals(text=str)
cdef host_of(Resolution resolution)

@cython.locals(groups=cython.uint[8], out=cython.uchar[40], i=cython.int, gap=cython.int, longest=cython.int,
               run=cython.int, size=cython.Py_ssize_t, group=cython.uint, shift=cython.int)
cpdef str spelled(unsigned long long high, unsigned long long low)

cdef number_of(Resolution resolution)
cdef target_of_text(Resolution resolution)
cdef whole_of(Resolution resolution)
cdef tuple _said(Resolution resolution)
cdef object refused(tuple said, Resolution resolution)
