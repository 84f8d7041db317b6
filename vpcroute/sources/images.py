"""Resolvers in files: saved by one process, mapped by many."""

from __future__ import annotations

import mmap as _mmap
import os
from contextlib import suppress
from io import BufferedReader
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from vpcroute.errors import InvalidDocument
from vpcroute.sources.files import open_file, write_whole

if TYPE_CHECKING:
    from vpcroute.fib.resolver import Resolver

__all__ = ["open_image", "read_image", "save"]

# Windows knows neither flags nor advice.
_OURS_ALONE: Final[dict[str, Any]] = {"flags": _mmap.MAP_PRIVATE | _mmap.MAP_ANON} if hasattr(_mmap, "MAP_ANON") else {}
_IN_LARGE_PAGES: Final[int | None] = getattr(_mmap, "MADV_HUGEPAGE", None)


def save(resolver: Resolver, path: str | PathLike[str], *, generation: bool = False) -> None:
    """Writes a resolver to a file, which is there whole or, on any error, as it was before.

    The same answers make the same file, octet for octet, whatever changes led to them. Routes are not saved: of a
    resolution from the file, `route`, `guaranteed`, `alternates` and `remarks` raise RouteError with the code
    ``routes_not_saved``, but for a tunnel binding and a name that Gateway resolves, where no route has a say; egress,
    target and refusals are the same.

    Args:
        resolver: what to save.
        path: where to.
        generation: whether to write down which generation it is; otherwise the file says 0.

    Raises:
        InvalidVantage: for a live resolver's whose vantage is gone.
        OSError: if it cannot be written.
    """
    from vpcroute.fib.image import pack

    pieces = pack(resolver, generation=resolver.generation if generation else 0)
    write_whole(path, pieces)


def open_image(path: str | PathLike[str], *, trusted: bool = False, mmap: bool = True) -> Resolver:
    """A resolver from a file.

    Args:
        path: what :func:`save` wrote.
        trusted: believes what stands in it, so that it opens at once, however large it is: for files that nobody else
            can write. Otherwise its checksum is compared, and every index in it is proved to be in range.
        mmap: maps the file, so that all processes that open it share its memory. The file must not be changed or cut
            short in place as long as it is open, which nothing here does: to replace it is fine. False reads a copy of
            one's own, for files that somebody else may write to.

    Raises:
        InvalidDocument: for what is no such file, is of another version, or is damaged.
        OSError: if it cannot be read.
    """
    with open_file(path) as file:
        return read_image(file, trusted=trusted, mmap=mmap)


def read_image(file: BufferedReader, *, trusted: bool, mmap: bool) -> Resolver:
    """The same of a file that is open."""
    from vpcroute.fib.image import START, sections, unpack

    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise InvalidDocument((("", "not a saved resolver"),))
    if mmap:
        try:
            mapped = _mmap.mmap(file.fileno(), size, access=_mmap.ACCESS_READ)
        except ValueError:  # somebody makes it shorter at this moment
            raise InvalidDocument((("", "cut short"),)) from None
        return unpack(memoryview(mapped), trusted=trusted)
    sections(file.read(START.size), size)  # before there is room for all of what may be another file
    file.seek(0)
    copy = _room(size)
    read = file.readinto(copy)
    return unpack(memoryview(copy)[:read], trusted=trusted)


def _room(size: int) -> _mmap.mmap:
    """Memory that begins with a page, as the arrays must; large pages are handed out, and looked up, in less time."""
    room = _mmap.mmap(-1, size, **_OURS_ALONE)
    if _IN_LARGE_PAGES is not None:
        with suppress(OSError):  # the system has none
            room.madvise(_IN_LARGE_PAGES)
    return room
