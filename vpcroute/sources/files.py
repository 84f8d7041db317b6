"""Files: from outside, regular ones and pipes that somebody writes to, only up to a size; and ours, written whole."""

from __future__ import annotations

import glob
import os
import stat
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from io import BufferedReader
from os import PathLike
from pathlib import Path
from typing import Final
from weakref import WeakSet

from vpcroute.errors import InvalidDocument, printable

__all__ = ["Held", "is_database", "open_file", "read_file", "read_text", "write_whole"]

_CHUNK: Final = 1 << 20
_DATABASE: Final = b"SQLite format 3\0"
_DRAFT: Final = ".draft"
_LONGEST_WRITE: Final = 600  # seconds
_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)  # to open a pipe does not wait for a writer


class Held:
    """A database that SQLite has open in this process, for as long as this object lives.

    Nothing else here opens such a file: to close it again would end all locks that the process has on it, SQLite's too
    (POSIX; sqlite.org/howtocorrupt.html, section 2.2), and the next process that closes the database would take the
    pages away that are committed here after that.
    """

    _all: Final[WeakSet[Held]] = WeakSet()
    _lock: Final = threading.Lock()

    def __init__(self, path: str | PathLike[str]) -> None:
        with self._lock:  # whoever looked into the file is done with it before SQLite locks it
            self._file = os.stat(path)
            self._all.add(self)

    @classmethod
    def has(cls, path: str | PathLike[str]) -> bool:
        """Whether it is one of those."""
        with suppress(OSError, ValueError):
            there = os.stat(path)
            return any(os.path.samestat(held._file, there) for held in tuple(cls._all))
        return False


def open_file(path: str | PathLike[str], *, pipes: bool = False) -> BufferedReader:
    """Opens a file for reading.

    Args:
        path: its name.
        pipes: whether it may be a pipe, too, such as what ``<(command)`` gives in a shell. It is waited for as long as
            somebody has it open for writing; one that nobody has is empty.

    Raises:
        InvalidDocument: for a device or a socket, for a pipe if it may be none, for a database that is open, and for
            what is not the name of a file.
        OSError: if it cannot be opened.
        TypeError: for another type of path.
    """
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"path must be a str or os.PathLike, not {type(path).__name__}")
    if Held.has(path):
        raise InvalidDocument(((printable(str(path)), "is a database that this process has open"),))
    try:
        file = open(path, "rb", opener=_opener)  # noqa: SIM115
    except ValueError:  # a NUL or a lone surrogate in it
        raise InvalidDocument(((printable(str(path)), "is not the name of a file"),)) from None
    mode = os.fstat(file.fileno()).st_mode
    if pipes and stat.S_ISFIFO(mode):
        os.set_blocking(file.fileno(), True)
    elif not stat.S_ISREG(mode):
        file.close()
        raise InvalidDocument(
            ((printable(str(path)), "is not a regular file"),), hint="save what it gives in a file first"
        )
    return file


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | _AT_ONCE)


def read_file(path: str | PathLike[str], largest: int) -> bytearray:
    """What stands in a file or comes through a pipe, at most `largest` octets; errors as for :func:`open_file`."""
    data = bytearray()
    with open_file(path, pipes=True) as file:
        while chunk := file.read(_CHUNK):
            data += chunk
            if len(data) > largest:
                raise InvalidDocument(((printable(str(path)), f"is larger than {largest} octets"),))
    return data


def is_database(path: str | PathLike[str]) -> bool:
    """Whether there is a regular file with this name, and it is an SQLite database."""
    if not isinstance(path, (str, PathLike)) or not os.path.isfile(path):
        return False
    with Held._lock:
        if Held.has(path):
            return True
        with open_file(path) as file:
            return file.read(len(_DATABASE)) == _DATABASE


def read_text(path: str | PathLike[str], largest: int) -> str:
    """The text of a file in UTF-8, without a byte order mark; InvalidDocument also for what is not UTF-8."""
    try:
        return read_file(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"is not UTF-8: {error.reason} at byte {error.start}"
        raise InvalidDocument(((printable(str(path)), text),)) from None


def write_whole(path: str | PathLike[str], pieces: Iterable[bytes | memoryview]) -> None:
    """Writes a file, which is there whole or, on any error, as it was before. Everybody may read it.

    A link stays, and what it leads to is written. A pipe or a device cannot be replaced and is written to as it is.

    Raises:
        OSError: if it cannot be written.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        with open(path, "wb") as there:
            there.writelines(pieces)
        return
    _clear_drafts(path)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_DRAFT, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o644)  # mkstemp makes it private
        os.replace(draft, path)
        _sync_folder(path.parent)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _clear_drafts(path: Path) -> None:
    """Removes the drafts of writers that were killed; those of others who write now are younger."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*{_DRAFT}"):
        with suppress(OSError):
            if draft.stat().st_mtime < time.time() - _LONGEST_WRITE:
                draft.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes sure that a renamed file has its name after a loss of power; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
