# C types for nameblocks.py.
cimport cython

@cython.locals(at="const unsigned char *", a=cython.ulonglong, b=cython.ulonglong, c=cython.ulonglong, d=cython.ulonglong, e=cython.ulonglong,
               f=cython.ulonglong, g=cython.ulonglong, h=cython.ulonglong)
cdef unsigned long long word_at(const unsigned char *data, Py_ssize_t i) noexcept nogil

@cython.locals(whole=cython.ulonglong, shift=cython.int, word=cython.ulonglong, octet=cython.ulonglong)
cdef unsigned long long leftmost(const unsigned char *data, Py_ssize_t start, Py_ssize_t stop) noexcept nogil

@cython.locals(dots=cython.ulonglong, ones=cython.ulonglong, tops=cython.ulonglong, places=cython.ulonglong,
               whole=cython.ulonglong, i=cython.Py_ssize_t, following=cython.Py_ssize_t, word=cython.ulonglong,
               found=cython.ulonglong, later=cython.ulonglong)
cdef Py_ssize_t first_dot(const unsigned char *data, Py_ssize_t start, Py_ssize_t stop) noexcept nogil

@cython.locals(whole=cython.ulonglong, half=cython.ulonglong, both=cython.ulonglong)
cdef unsigned long long product(unsigned long long word, unsigned long long key) noexcept nogil

@cython.locals(whole=cython.ulonglong)
cdef unsigned long long spread(unsigned long long total, unsigned long long factor) noexcept nogil

cdef unsigned long long mark_of(unsigned long long number) noexcept nogil

@cython.locals(ones=cython.ulonglong, lows=cython.ulonglong, tops=cython.ulonglong, rest=cython.ulonglong)
cdef unsigned long long equal_marks(unsigned long long marks, unsigned long long mark) noexcept nogil

@cython.locals(ones=cython.ulonglong, whole=cython.ulonglong, place=cython.ulonglong)
cdef Py_ssize_t octet_under(unsigned long long octets, unsigned long long found) noexcept nogil

@cython.locals(length=cython.ulonglong)
cdef bint is_record_of(const unsigned long long *words, Py_ssize_t record, const unsigned char *data, Py_ssize_t stop,
                       Py_ssize_t last, unsigned long long top) noexcept nogil

@cython.locals(group=cython.Py_ssize_t, mark=cython.ulonglong, marks=cython.ulonglong, found=cython.ulonglong,
               record=cython.Py_ssize_t, _=cython.int)
cdef Py_ssize_t search(const unsigned long long *words, Py_ssize_t base, unsigned long long number,
                       const unsigned char *data, Py_ssize_t stop, Py_ssize_t last,
                       unsigned long long top) noexcept nogil

cdef unsigned int entry_of(Py_ssize_t base, Py_ssize_t size) noexcept nogil

@cython.locals(base=cython.Py_ssize_t)
cdef Py_ssize_t base_of(unsigned int entry) noexcept nogil

cdef Py_ssize_t size_of(unsigned int entry) noexcept nogil

@cython.locals(place="const unsigned long long *")
cdef void touch(const unsigned long long *words, unsigned int entry, unsigned long long number) noexcept nogil

cdef class NameArena:
    cdef object owner, lock
    cdef Py_ssize_t skipped, size, used
    cdef unsigned long long *words

cdef class NameBlocks:
    cdef object key_owner, directory_owner
    cdef NameArena arena
    cdef int depth
    cdef const unsigned long long *key
    cdef unsigned int *directory
    cdef unsigned long long *words

    @cython.locals(size=cython.Py_ssize_t, rest=cython.Py_ssize_t, last=cython.Py_ssize_t, top=cython.ulonglong,
                   last_above=cython.Py_ssize_t, top_above=cython.ulonglong, total=cython.ulonglong,
                   total_above=cython.ulonglong, i=cython.Py_ssize_t, place=cython.Py_ssize_t, above=cython.ulonglong, own=cython.ulonglong,
                   base=cython.Py_ssize_t, base_above=cython.Py_ssize_t, group=cython.Py_ssize_t,
                   group_above=cython.Py_ssize_t, entry=cython.uint, entry_above=cython.uint,
                   marks=cython.ulonglong, marks_above=cython.ulonglong,
                   found=cython.ulonglong, found_above=cython.ulonglong, shift=cython.int, offset=cython.Py_ssize_t,
                   record=cython.Py_ssize_t, before=cython.Py_ssize_t, field=cython.int, answer=cython.int)
    cdef int find(self, const unsigned char *data, Py_ssize_t start, Py_ssize_t stop) noexcept nogil

    @cython.locals(top=cython.ulonglong, total=cython.ulonglong, i=cython.Py_ssize_t)
    cdef unsigned long long hash_of(self, const unsigned char *data, Py_ssize_t stop) noexcept nogil

    cdef set_directory(self, object directory)

    cdef Py_ssize_t block_of(self, unsigned long long number) noexcept nogil

    cdef Py_ssize_t record_of(self, const unsigned char *data, Py_ssize_t stop,
                              unsigned long long number) noexcept nogil

    @cython.locals(place=cython.Py_ssize_t, offset=cython.Py_ssize_t)
    cdef list records(self, Py_ssize_t base)

    cdef Py_ssize_t offset(self, Py_ssize_t base, Py_ssize_t place) noexcept nogil

    @cython.locals(total=cython.ulonglong, i=cython.Py_ssize_t)
    cdef unsigned long long hash_at(self, Py_ssize_t record) noexcept nogil

    cdef Py_ssize_t length(self, Py_ssize_t record) noexcept nogil
    cdef int own(self, Py_ssize_t record) noexcept nogil
    cdef int below(self, Py_ssize_t record) noexcept nogil
    cdef str name(self, Py_ssize_t record)
