"""The quick reading of what most addresses are: canonical fetch URLs and connect addresses.

It reads exactly the texts that :mod:`vpcroute.address` reads in one way, and leaves all others to it: upper case,
numeric spellings, user names, percent signs, IDNA, trailing dots, port 0, anything beyond ASCII, whatever is odd. Of a
URL it looks at no more than scheme, host and port, for nothing behind them changes these.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

if cython.compiled:
    from cython.cimports.cpython.unicode import (
        PyUnicode_1BYTE_DATA,
        PyUnicode_GET_LENGTH,
        PyUnicode_KIND,
    )

__all__ = ["read_canonical", "read_ipv4"]

_TCP = 0
_HTTP = 1
_HTTPS = 2

_ALL = 0xFFFFFFFFFFFFFFFF
_WORD = 0xFFFFFFFF
_LONGEST_CONNECT = 255
_LONGEST_NAME = 253
_LONGEST_LABEL = 63


def read_canonical(r, text):
    """Whether a text is canonical; if so, its scheme, host and port are put in the resolution."""
    if cython.compiled:
        if PyUnicode_KIND(text) != 1:
            return False
        data = cython.cast("const unsigned char *", PyUnicode_1BYTE_DATA(text))
        size = PyUnicode_GET_LENGTH(text)
    else:
        data, size = _latin1(text), len(text)
    i = 0
    r._scheme = _TCP
    r._port = 0
    if size > 8 and data[0] == 104 and data[1] == 116 and data[2] == 116 and data[3] == 112:  # http
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
    if i >= size:
        return False
    c = data[i]
    quad = 0
    if 48 <= c <= 57:
        quad = _quad(data, i, size)
    if quad:
        r._version = 4
        r._high = 0
        r._low = quad & _WORD
        i = quad >> 32
        r._stop = i
    elif c == 91:  # [
        i = _groups(r, data, i + 1, size)
        if i == 0:
            return False
        r._version = 6
    else:
        i = _name(data, i, size)
        if i == 0:
            return False
        if r._scheme == _TCP and 4 <= i <= 5 and data[0] == 104 and data[1] == 116 and (i == 4 or data[4] == 115):
            return False  # http:8080, which fetch() and connect() read in two ways; and some that they do not
        r._version = 0
        r._high = 0
        r._low = 0
        r._stop = i
    if i < size and data[i] == 58:  # :
        port = 0
        digits = 0
        i += 1
        while i < size and digits < 5 and 48 <= data[i] <= 57:
            port = port * 10 + (data[i] - 48)
            digits += 1
            i += 1
            if port == 0:
                return False
        if digits == 0 or port > 65535:
            return False
        r._port = port
    elif r._scheme == _TCP:
        return False
    if i == size:
        return True
    c = data[i]
    return r._scheme != _TCP and (c == 47 or c == 63 or c == 35)  # / ? #


def read_ipv4(text):
    """A dotted quad as a number; -1 for any other text."""
    if cython.compiled:
        if PyUnicode_KIND(text) != 1:
            return -1
        data = cython.cast("const unsigned char *", PyUnicode_1BYTE_DATA(text))
        size = PyUnicode_GET_LENGTH(text)
    else:
        data, size = _latin1(text), len(text)
    if size == 0:
        return -1
    quad = _quad(data, 0, size)
    if quad == 0 or (quad >> 32) != size:
        return -1
    return quad & _WORD


def _quad(data, start, size):
    """A dotted quad: its number, and where it ends in the upper 32 bits; 0 if there is none up to a ``:`` or ``/``."""
    i = start
    value = 0
    part = 0
    while part < 4:
        if i >= size:
            return 0
        number = data[i] - 48
        if number > 9 or data[i] < 48:
            return 0
        first = i
        i += 1
        while i < size and 48 <= data[i] <= 57 and i - first < 3:
            number = number * 10 + (data[i] - 48)
            i += 1
        if number > 255 or (i - first > 1 and data[first] == 48):
            return 0
        value = value << 8 | number
        part += 1
        if part < 4:
            if i >= size or data[i] != 46:
                return 0
            i += 1
    if i < size:
        c = data[i]
        if c != 58 and c != 47 and c != 63 and c != 35:
            return 0
    return i << 32 | value


def _name(data, start, size):
    """Where a name ends: labels of ``a-z 0-9 - _``, none of them in IDNA, the last no number; 0 if there is none."""
    i = start
    label = start
    while i < size:
        c = data[i]
        if c == 46:  # .
            if i == label or i - label > _LONGEST_LABEL:
                return 0
            label = i + 1
        elif c == 58 or c == 47 or c == 63 or c == 35:
            break
        elif not (97 <= c <= 122 or 48 <= c <= 57 or c == 45 or c == 95):
            return 0
        elif (
            i == label and c == 120 and i + 3 < size and data[i + 1] == 110 and data[i + 2] == 45 and data[i + 3] == 45
        ):
            return 0  # xn--
        i += 1
    if i == label or i - label > _LONGEST_LABEL or i - start > _LONGEST_NAME or 48 <= data[label] <= 57:
        return 0
    return i


def _groups(r, data, start, size):
    """An IPv6 address of hexadecimal groups and its bracket, put in the resolution; where it ends, or 0."""
    i = start
    groups = 0
    gap = -1
    high = 0
    low = 0
    if i + 1 < size and data[i] == 58 and data[i + 1] == 58:
        gap = 0
        i += 2
    while i < size and data[i] != 93:  # ]
        if groups == 8:
            return 0
        first = i
        value = 0
        while i < size and i - first < 5:
            c = data[i]
            if 48 <= c <= 57:
                value = value << 4 | (c - 48)
            elif 97 <= c <= 102:
                value = value << 4 | (c - 87)
            elif 65 <= c <= 70:
                value = value << 4 | (c - 55)
            else:
                break
            i += 1
        if i == first or i - first > 4 or i >= size:
            return 0
        high = (high << 16 | low >> 48) & _ALL
        low = (low << 16 | value) & _ALL
        groups += 1
        if data[i] == 58:
            i += 1
            if i < size and data[i] == 58:
                if gap >= 0:
                    return 0
                gap = groups
                i += 1
            elif i >= size or data[i] == 93:
                return 0
        elif data[i] != 93:
            return 0
    if i >= size or (groups == 8) == (gap >= 0):
        return 0
    if gap >= 0:
        # The groups behind the gap stand at the end; those before it are moved to the front.
        shift = 16 * (groups - gap)
        tail_high = high & ~(_ALL << (shift - 64)) if shift > 64 else 0
        tail_low = low & ~(_ALL << shift) if shift < 64 else low
        while shift > 0:
            low = low >> 16 | (high & 0xFFFF) << 48
            high = high >> 16
            shift -= 16
        shift = 16 * (8 - gap)
        while shift > 0:
            high = (high << 16 | low >> 48) & _ALL
            low = (low << 16) & _ALL
            shift -= 16
        high |= tail_high
        low |= tail_low
    if high == 0 and low >> 32 == 0xFFFF:
        return 0  # IPv4-mapped
    r._high = high
    r._low = low
    return i + 1


def _latin1(text):
    """One octet for each character, as the compiled form sees a text; NUL, never canonical, beyond Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return bytes(len(text))
