# C types for resolution.py.
cimport cython

cdef const unsigned char *_HEX

cdef class Resolution:
    cdef object _text  # the address as given, an exact str; None where _whole is there from the beginning
    cdef object _resolver
    cdef object _whole  # everything about the answer, or None until it is asked for
    cdef unsigned char _version  # 4, 6, or 0 for a name
    cdef unsigned char _scheme  # an index of _SCHEMES
    cdef int _port
    cdef int _number  # of an address: its outcome, as in Decided; of a name: as Resolver._outcome_of_name says
    cdef int _start  # where in the text the host is
    cdef int _stop
    cdef unsigned long long _high  # of an IPv6 address
    cdef unsigned long long _low  # of an IPv6 address, or an IPv4 address

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
