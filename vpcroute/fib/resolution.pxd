# C types for resolution.py.
cimport cython

@cython.final
@cython.freelist(64)
@cython.no_gc
cdef class Resolution:
    cdef str _text
    cdef object _egress
    cdef object _resolver
    cdef object _host
    cdef object _target
    cdef object _decision
    cdef object _answer_remarks
    cdef object _generation
    cdef unsigned char _version
    cdef unsigned char _scheme
    cdef int _port
    cdef unsigned long long _high
    cdef unsigned long long _low
    cdef Py_ssize_t _start
    cdef Py_ssize_t _stop

cdef Resolution blank()
cdef host_of(Resolution resolution)
cdef number_of(Resolution resolution)
cdef decision_of(Resolution resolution)
cdef tuple _said(Resolution resolution)
