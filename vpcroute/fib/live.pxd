# C types for live.py.
from vpcroute.fib.resolver cimport Resolver

cdef class Newest:
    cdef Resolver _now
