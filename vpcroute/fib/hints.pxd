# What C compilers have for the processor; there is no hints.py, for Python has nothing like it.

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define vpcroute_prefetch(place) __builtin_prefetch(place)
    #else
    #define vpcroute_prefetch(place) ((void)(place))
    #endif
    """
    void prefetch "vpcroute_prefetch"(const void *place) noexcept nogil
