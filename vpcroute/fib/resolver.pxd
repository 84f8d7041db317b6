# C types for resolver.py.
cimport cython
from vpcroute.fib.names cimport NameIndex
from vpcroute.fib.resolution cimport Resolution
from vpcroute.fib.trie cimport Trie

cdef int _EXACTLY, _NONE, _NUMBER_BITS

cdef object _BY_GATEWAY

cdef class Resolver:
    cdef readonly object vantage
    cdef readonly object generation
    cdef readonly tuple egresses
    cdef readonly tuple refusals
    cdef object _tables
    cdef object _view
    cdef object _hosts
    cdef NameIndex _names
    cdef list _via_of
    cdef bint _has_globs
    cdef object _everything
    cdef object _service
    cdef tuple _said
    cdef Trie _trie4
    cdef Trie _trie6
    cdef object _decided
    cdef const int *_outcomes

    cdef _begin(self, object vantage, object generation, object tables, object decided, object view, object hosts,
                object everything, object service)

    cdef Resolution _resolve(self, object address, object answers)
    cdef Resolution _resolve_fetch(self, object url, object answers)
    cdef Resolution _resolve_connect(self, object address, object secure_transport, object answers)
    cdef object _lookup(self, object address, object version, object answers)

    cdef int _outcome4(self, unsigned int number) noexcept nogil
    cdef int _outcome6(self, unsigned long long high, unsigned long long low) noexcept nogil

    cdef bint _settles(self, Resolution r, object address, object answers) except -1

    @cython.locals(number=cython.int, place=cython.int)
    cdef int _outcome_of_name(self, Resolution r, object answers) except? -1

    cpdef object _egress_of(self, Resolution r)

    cpdef object _decision_again(self, Resolution resolution)

    cdef Resolution _exactly(self, object target, object answers, object address)

    @cython.locals(start="const unsigned char *", first="unsigned char *", out="int *")
    cdef _many(self, object packed, object into, Py_ssize_t count, int version)
