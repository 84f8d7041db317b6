# C types for sweep.py.
cimport cython

cdef long long _emit(list starts, list classes, object start, long long number, long long recent) except? -2
