# C types for resolution.py.
cimport cython

cdef class Resolution:
    cdef str _text
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
cdef host_of(Resolution resolution)
cdef number_of(Resolution resolution)
cdef target_of_text(Resolution resolution)
cdef whole_of(Resolution resolution)
cdef tuple _said(Resolution resolution)
cdef object refused(tuple said, Resolution resolution)
