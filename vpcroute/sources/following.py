"""A resolver that follows a file: whenever it is replaced, what stands in the new one answers."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from io import BufferedReader
from os import PathLike
from pathlib import Path
from typing import Final

from vpcroute.closing import Closing
from vpcroute.errors import InvalidDocument
from vpcroute.fib.resolver import Resolver
from vpcroute.live import LiveChange, LiveResolver
from vpcroute.sources.files import open_file
from vpcroute.sources.images import read_image

__all__ = ["FollowingResolver", "follow"]

_INTERVAL: Final = 0.1  # seconds
_STEP: Final = 2.0  # seconds; no clock of files goes in longer ones


class FollowingResolver(Closing, LiveResolver):
    """The look-ups of a :class:`vpcroute.Resolver`, each by what was read from a file last; see :func:`follow`.

    Attributes:
        error: why the file that is there now cannot be used, InvalidDocument or OSError; None while it can. Until then
            the last good one answers.
    """

    def __init__(
        self,
        first: Resolver,
        path: Path,
        file: BufferedReader,
        *,
        identity: tuple[int, ...],
        ways: Mapping[str, bool],
        keep: int,
    ) -> None:
        super().__init__(first, keep=keep)
        self._path = path
        self._file = file  # it stays open: as long as it is, no other file can have its number
        self._read_from = identity
        self._ways = ways
        self.error: OSError | InvalidDocument | None = None
        self._refused: tuple[int, ...] | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._refreshing = threading.RLock()  # a callback may close it

    def refresh(self) -> bool:
        """Looks whether the file was replaced, and if so reads it; returns whether another one answers now.

        Nothing is raised for a file that cannot be used: :attr:`error` has the reason.

        Raises:
            ValueError: if it is closed.
        """
        with self._refreshing:
            if self._stopped.is_set():
                raise ValueError("it is closed")
            return self._look()

    def _look(self) -> bool:
        try:
            there = _identity(os.stat(self._path))
            if there in (self._read_from, self._refused):
                self.error = self.error if there == self._refused else None
                return False
            file = open_file(self._path)
        except (OSError, InvalidDocument) as error:
            self.error, self._refused = error, None
            return False
        return self._read(file)

    def _read(self, file: BufferedReader) -> bool:
        there = os.fstat(file.fileno())  # before it is read: who writes in place may go on meanwhile
        identity = _identity(there)
        try:
            change = LiveChange(self.newest, read_image(file, **self._ways))
        except (OSError, InvalidDocument) as error:
            self.error, self._refused = error, identity if _is_settled(there) else None
            file.close()
            return False
        self.publish(change.after)
        self._file.close()
        self._file, self._read_from, self.error, self._refused = file, identity, None, None
        errors = self._tell(change)
        if errors:
            raise errors[0]
        return True

    def _watch(self, interval: float) -> None:
        while not self._stopped.wait(interval):
            with self._refreshing:
                try:
                    if not self._stopped.is_set():
                        self._look()
                except Exception:  # a callback's: it is reported, and the following goes on
                    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

    def start(self, interval: float) -> None:
        """Looks every so many seconds, in a thread of its own, until it is closed."""
        self._thread = threading.Thread(target=self._watch, args=(interval,), name="vpcroute follows", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the following, also from a callback; what was read last goes on to answer."""
        self._stopped.set()
        with self._refreshing:  # nobody looks any more; to wait for the thread would block where a callback closes
            self._file.close()


def follow(
    path: str | PathLike[str],
    *,
    interval: float | None = _INTERVAL,
    trusted: bool = False,
    mmap: bool = True,
    keep: int = 1,
) -> FollowingResolver:
    """A resolver that answers by what stands in a file, and by what stands in the next one as soon as it is seen.

    A file that replaces the old one is read whole before it answers, and each answer is from one file. What cannot be
    used is passed over: the last good file goes on to answer, and ``error`` says why.

    Args:
        path: what :meth:`vpcroute.Resolver.save` wrote, with `generation=True` if answers are to name theirs.
        interval: how many seconds from look to look, in a thread of its own; None looks only when ``refresh()`` is
            called.
        trusted, mmap: as for :func:`vpcroute.sources.images.open_image`.
        keep: how many of the files read last stay at hand.

    Raises:
        InvalidDocument, OSError: if the file cannot be used at the beginning.
    """
    if interval is not None and not 0 < interval < float("inf"):
        raise ValueError(f"interval must be a positive number of seconds, not {interval}")
    ways = {"trusted": trusted, "mmap": mmap}
    file = open_file(path)
    try:
        identity = _identity(os.fstat(file.fileno()))
        there = Path(path).absolute()  # wherever this process goes
        following = FollowingResolver(read_image(file, **ways), there, file, identity=identity, ways=ways, keep=keep)
    except BaseException:
        file.close()
        raise
    if interval is not None:
        following.start(interval)
    return following


def _identity(there: os.stat_result) -> tuple[int, ...]:
    """What sets one file apart from all that are or were there.

    The time of change does, which nobody can set: a copy may have size and time of modification of another file, and
    once that is gone its number.
    """
    return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns


def _is_settled(there: os.stat_result) -> bool:
    """Whether another change would show: not if it came within one step of the clock."""
    return abs(time.time() - max(there.st_mtime, there.st_ctime)) > _STEP
