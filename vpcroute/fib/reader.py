"""The quick reading of what most addresses are: canonical fetch URLs and connect addresses.

It reads exactly the texts that :mod:`vpcroute.address` reads in one way, and leaves all others to it: upper case,
numeric spellings, user names, percent signs, IDNA, trailing dots, port 0, anything beyond ASCII, whatever is odd. Of a
URL it looks at no more than scheme, host and port, for nothing behind them changes these.

A text ends in a NUL in memory, which is part of no address: so each character may be looked at before it is known
whether there is one.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.cpython.unicode import PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND
else:
    PyUnicode_GET_LENGTH = len

__all__ = ["read_bare_canonical", "read_canonical", "read_ipv4"]

_TCP = 0
_HTTP = 1
_HTTPS = 2

_WORD = 0xFFFFFFFF
_ALL = 0xFFFFFFFFFFFFFFFF
_LONGEST_CONNECT = 255
_LONGEST_NAME = 253
_LONGEST_LABEL = 63
_HIGHEST_PORT = 65535

# What each character is worth in a group of an IPv6 address; 255 for what is no digit there.
_DIGIT_TABLE = bytes(int(chr(c), 16) if chr(c) in "0123456789abcdefABCDEF" else 255 for c in range(256))
# What each character is in a name: part of a label, a dot, the end, or (0) nothing that is canonical.
_LABEL = 1
_DOT = 2
_END = 3
_KIND_OF = {
    **dict.fromkeys("abcdefghijklmnopqrstuvwxyz0123456789-_", _LABEL),
    ".": _DOT,
    **dict.fromkeys("\0:/?#", _END),
}
_KIND_TABLE = bytes(_KIND_OF.get(chr(c), 0) for c in range(256))
_DIGITS = _DIGIT_TABLE
_KINDS = _KIND_TABLE
_NOTHING = b"\0"


def read_canonical(r, text):
    """Whether a text is a canonical URL or connect address; if so, its scheme, host and port are in the resolution."""
    data, size = _octets(text), PyUnicode_GET_LENGTH(text)
    i = 0
    r._scheme = _TCP
    if data[0] == 104 and data[1] == 116 and data[2] == 116 and data[3] == 112:  # http
        if data[4] == 58 and data[5] == 47 and data[6] == 47:  # ://
            r._scheme = _HTTP
            r._port = 80
            i = 7
        elif data[4] == 115 and data[5] == 58 and data[6] == 47 and data[7] == 47:  # s://
            r._scheme = _HTTPS
            r._port = 443
            i = 8
    if r._scheme == _TCP and size > _LONGEST_CONNECT:
        return False
    r._start = i
    c = data[i]
    quad = _quad(data, i) if 48 <= c <= 57 else 0
    if quad:
        r._version = 4
        r._low = quad & _WORD
        i = quad >> 32
        r._stop = i
    elif c == 91:  # [
        i = _groups(r, data, i + 1)
        if i == 0 or data[i] != 93:  # ]
            return False
        i += 1
        r._version = 6
    else:
        i = _name(data, i)
        if i == 0:
            return False
        if r._scheme == _TCP and 4 <= i <= 5 and data[0] == 104 and data[1] == 116 and (i == 4 or data[4] == 115):
            return False  # http:8080, which fetch() and connect() read in two ways; and some that they do not
        r._version = 0
        r._stop = i
    if data[i] == 58:  # :
        c = data[i + 1]
        if not 49 <= c <= 57:
            return False
        port = c - 48
        i += 2
        while 48 <= data[i] <= 57:
            port = port * 10 + (data[i] - 48)
            if port > _HIGHEST_PORT:
                return False
            i += 1
        r._port = port
    elif r._scheme == _TCP:
        return False
    if i == size:
        return True
    c = data[i]
    return r._scheme != _TCP and (c == 47 or c == 63 or c == 35)  # / ? #


def read_bare_canonical(r, text):
    """Whether a text is a canonical address or name without a port; if so, it is in the resolution."""
    data, size = _octets(text), PyUnicode_GET_LENGTH(text)
    r._scheme = _TCP
    r._start = 0
    i = _groups(r, data, 0)
    if i:
        r._version = 6
        return i == size
    quad = _quad(data, 0)
    if quad:
        r._version = 4
        r._low = quad & _WORD
        i = quad >> 32
    else:
        r._version = 0
        i = _name(data, 0)
    r._stop = i
    return i > 0 and i == size


def read_ipv4(text):
    """A dotted quad as a number; -1 for any other text."""
    data, size = _octets(text), PyUnicode_GET_LENGTH(text)
    quad = _quad(data, 0)
    if quad == 0 or (quad >> 32) != size:
        return -1
    return quad & _WORD


def _quad(data, start):
    """A dotted quad: its number, and where it ends in the upper 32 bits; 0 if there is none."""
    i = start
    value = 0
    dots = 0
    while True:
        c = data[i]
        if not 48 <= c <= 57:
            return 0
        octet = c - 48
        c = data[i + 1]
        if 48 <= c <= 57:
            if octet == 0:
                return 0
            octet = octet * 10 + (c - 48)
            c = data[i + 2]
            if 48 <= c <= 57:
                octet = octet * 10 + (c - 48)
                c = data[i + 3]
                i += 1
                if octet > 255:
                    return 0
            i += 1
        i += 1
        value = value << 8 | octet
        if dots == 3:
            break
        if c != 46:
            return 0
        i += 1
        dots += 1
    end = i
    return end << 32 | value


def _groups(r, data, start):
    """An IPv6 address of hexadecimal groups, put in the resolution; where it ends, or 0."""
    i = start
    groups = 0
    gap = -1
    high = 0
    low = 0
    # The groups behind the gap; they stand at the end.
    tail_high = 0
    tail_low = 0
    if data[i] == 58:
        if data[i + 1] != 58:
            return 0
        gap = 0
        i += 2
    while True:
        value = _DIGITS[data[i]]
        if value > 15:
            if gap != groups:
                return 0
            break
        i += 1
        digit = _DIGITS[data[i]]
        if digit <= 15:
            value = value << 4 | digit
            i += 1
            digit = _DIGITS[data[i]]
            if digit <= 15:
                value = value << 4 | digit
                i += 1
                digit = _DIGITS[data[i]]
                if digit <= 15:
                    value = value << 4 | digit
                    i += 1
        groups += 1
        if gap >= 0:
            if groups == 8:
                return 0
            tail_high = tail_high << 16 | tail_low >> 48
            tail_low = (tail_low << 16 | value) & _ALL
        elif groups <= 4:
            high |= value << (64 - 16 * groups)
        elif groups <= 8:
            low |= value << (128 - 16 * groups)
        else:
            return 0
        if data[i] != 58:
            break
        i += 1
        if data[i] == 58:
            if gap >= 0:
                return 0
            gap = groups
            i += 1
    if gap < 0 and groups != 8:
        return 0
    if gap == 8:
        return 0
    high |= tail_high
    low |= tail_low
    if high == 0 and low >> 32 == 0xFFFF:
        return 0  # IPv4-mapped
    r._high = high
    r._low = low
    return i


def _name(data, start):
    """Where a name ends: labels of ``a-z 0-9 - _``, none of them in IDNA, the last no number; 0 if there is none."""
    i = start
    label = start
    while True:
        kind = _KINDS[data[i]]
        if kind == _LABEL:
            i += 1
            continue
        if kind == 0 or i == label or i - label > _LONGEST_LABEL:
            return 0
        if data[label] == 120 and data[label + 1] == 110 and data[label + 2] == 45 and data[label + 3] == 45:
            return 0  # xn--
        if kind == _END:
            break
        i += 1
        label = i
    if i - start > _LONGEST_NAME or 48 <= data[label] <= 57:
        return 0
    return i


def _octets(text):
    """One octet for each character and a NUL; nothing but that, which is no address, for a text beyond Latin-1."""
    if cython.compiled:
        if PyUnicode_KIND(text) != 1:
            return _NOTHING
        return cython.cast("const unsigned char *", PyUnicode_1BYTE_DATA(text))
    try:
        return text.encode("latin-1") + b"\0"
    except UnicodeEncodeError:
        return _NOTHING
