"""Resolvers in files: saved by one process, mapped by many."""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vpcroute.errors import InvalidDocument
from vpcroute.sources.files import open_file

if TYPE_CHECKING:
    from vpcroute.fib.resolver import Resolver

__all__ = ["load", "save"]

_SHORTEST = 32

# Windows knows neither flags nor advice.
_OURS_ALONE: Final[dict[str, Any]] = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANON} if hasattr(mmap, "MAP_ANON") else {}
_IN_LARGE_PAGES: Final[int | None] = getattr(mmap, "MADV_HUGEPAGE", None)


def save(resolver: Resolver, path: str | PathLike[str]) -> None:
    """Writes a resolver to a file, which is there whole or, on any error, as it was before.

    Routes are not saved: of a resolution from the file, `route`, `guaranteed`, `alternates` and `remarks` raise
    RouteError with the code ``routes_not_saved``, but for a tunnel binding and a name that Gateway resolves, where no
    route has a say; egress, target and refusals are the same.

    Raises:
        OSError: if it cannot be written.
    """
    from vpcroute.fib.image import pack

    path = Path(path)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pack(resolver))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o644)  # mkstemp makes it private; a resolver holds no secret
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def load(path: str | PathLike[str], *, trusted: bool = False) -> Resolver:
    """A resolver from a file.

    Args:
        path: what :func:`save` wrote.
        trusted: maps the file and believes what stands in it: for files that nobody else can write, and that nobody
            changes while they are mapped (a new :func:`save` does not change the old file). Processes that map one file
            share its memory. Otherwise the file is read, and every index in it is proved to be in range.

    Raises:
        InvalidDocument: for what is no such file, or, if it is not trusted, leads out of itself anywhere.
        OSError: if it cannot be read.
    """
    from vpcroute.fib.image import unpack

    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size < _SHORTEST:
            raise InvalidDocument((("", "not a saved resolver of this version"),))
        if trusted:
            return unpack(memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)), trusted=True)
        copy = _room(size)
        read = file.readinto(copy)
        return unpack(memoryview(copy)[:read], trusted=False)


def _room(size: int) -> mmap.mmap:
    """Memory that begins with a page, as the arrays must; large pages are handed out, and looked up, in less time."""
    room = mmap.mmap(-1, size, **_OURS_ALONE)
    if _IN_LARGE_PAGES is not None:
        with suppress(OSError):  # the system has none
            room.madvise(_IN_LARGE_PAGES)
    return room
