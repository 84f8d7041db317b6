"""The file of a stored table: an SQLite database with one table, the history of generations.

Each generation has one or more parts, texts in JSON. The first generation that is there is the *base*: a header, and
the operations that make the table of an empty one. Each later one has the operations of one transaction. Compaction
puts a new base in the place of all of them.

What holds against which loss:

- A transaction is one SQLite transaction; it is in the file, whole, or is not. The journal mode is WAL: a commit
  appends pages, each with a checksum that goes on from the one before, so that after a torn write the file ends with
  the last whole transaction. With ``synchronous=FULL`` (and F_FULLFSYNC where there is that) a commit returns when the
  disk has it, and a checkpoint syncs what it copies before those pages are written over.
- Each part has a checksum over its text and its place, and generations and parts must follow each other without a gap:
  what the disk gives back otherwise is refused.

The file must be on a local disk: WAL needs memory that all its processes share.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from vpcroute.errors import InvalidDocument, printable
from vpcroute.limits import LARGEST_PART
from vpcroute.operations import Operation
from vpcroute.sources.files import Held, open_file
from vpcroute.sources.operation_json import FORMAT, operation_from_json, operation_to_json

__all__ = ["Base", "Database", "Part"]

#: Tells the files of vpcroute from those of other programs: "vpcr".
_APPLICATION: Final = 0x76706372
_SCHEMA: Final = (
    "CREATE TABLE history (generation INTEGER NOT NULL, part INTEGER NOT NULL, is_last INTEGER NOT NULL, "
    "content TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (generation, part))"
)
_PRAGMAS: Final = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "synchronous = FULL",
    "fullfsync = ON",
    "checkpoint_fullfsync = ON",
)
_IN_A_PART: Final = 512  # operations
_MOST_GENERATIONS: Final = 1 << 62  # more than anybody makes; SQLite has numbers up to 2**63
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_NOWHERE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG)

#: A generation, whether this is the last part of it, and the part: the header of a base, or operations.
Part = tuple[int, bool, Any]
#: A generation, the header, and the operations.
Base = tuple[int, Any, Iterable[Operation]]


class Database:
    """An open file. It belongs to one process and is used by one thread at a time.

    Args:
        path: its name.
        read_only: whether nothing is to be written.
        timeout: for so many seconds another process that writes is waited for.
        base: generation, header and operations that the file begins with if it is made now; None: it is not made.
        once: whether it is read once and closed, so that what others do then need not be seen.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        read_only: bool,
        timeout: float,
        base: Base | None,
        once: bool = False,
    ) -> None:
        if str(path) == ":memory:":
            raise ValueError("a table in memory is made with RouteTable()")
        self.path = Path(path).absolute()
        self.read_only = read_only
        self._process = os.getpid()
        self._version = -1
        if (base is None or self.path.exists()) and not Held.has(self.path):
            open_file(self.path).close()  # which tells what is wrong with it
        mode = "ro" if read_only else "rw" if base is None else "rwc"
        uri = f"{self.path.as_uri()}?mode={mode}"
        if once and self._is_alone():
            uri += "&immutable=1"
        with self._told():
            self._sql = sqlite3.connect(uri, timeout=timeout, isolation_level=None, check_same_thread=False, uri=True)
        try:
            self._held: Held | None = Held(self.path)
            with self._told():
                self._prepare(base)
        except BaseException:
            self._sql.close()
            raise

    def _is_alone(self) -> bool:
        """Whether nobody has the file open, and nothing can be put beside it, without which SQLite opens none."""
        real = os.path.realpath(self.path)
        writable = os.access(os.path.dirname(real), os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        return not writable and not os.path.exists(f"{real}-wal")

    def _prepare(self, base: Base | None) -> None:
        self._sql.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_PART)
        self._sql.text_factory = partial(str, encoding="utf-8", errors="replace")  # its checksum will be wrong
        for pragma in _PRAGMAS:
            self._sql.execute(f"PRAGMA {pragma}")
        if base is not None and self._is_empty():
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("BEGIN IMMEDIATE")
            if self._is_empty():  # still: another process may make it
                self._sql.execute(_SCHEMA)
                self._sql.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._sql.execute(f"PRAGMA user_version = {FORMAT}")
                self.put_base(*base)
            self._sql.execute("COMMIT")
        if self._pragma("application_id") != _APPLICATION:
            raise self._wrong("is not a file of routes")
        version = self._pragma("user_version")
        if version != FORMAT:
            raise self._wrong(f"has version {version} of the format; this vpcroute reads version {FORMAT}")
        if self._sql.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall() != [(_SCHEMA,)]:
            raise self._wrong("has something else in it than a history of routes")
        if not self.read_only:
            self._sql.execute("PRAGMA journal_mode = WAL")
        real = os.path.realpath(self.path)
        self._files = [(path, os.stat(path)) for path in (real, f"{real}-wal") if os.path.exists(path)]

    def _is_empty(self) -> bool:
        there = self._sql.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return not (there or self._pragma("application_id") or self._pragma("user_version"))

    def _pragma(self, name: str) -> Any:
        return self._sql.execute(f"PRAGMA {name}").fetchone()[0]

    def close(self) -> None:
        """Closes the file; what is not committed is lost."""
        self._sql.close()
        self._held = None
        self._files = []

    # Transactions of the file

    def begin(self, *, writing: bool) -> None:
        """Begins to read one state of the file, or to write; TimeoutError if another process does so for too long."""
        self._check_process()
        self._check_files()
        with self._told():
            self._sql.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self) -> None:
        """Makes what was put durable."""
        self._check_process()
        with self._told():
            self._sql.execute("COMMIT")

    def end(self) -> None:
        """Ends reading, or writing without effect; does nothing after :meth:`commit`, or in a process forked since."""
        with suppress(sqlite3.Error):  # closed, or lost: then nothing is open
            if self._sql.in_transaction and os.getpid() == self._process:
                self._sql.execute("ROLLBACK")

    def is_changed(self) -> bool:
        """Whether another connection has changed the file since :meth:`is_read` was called."""
        self._check_process()
        self._check_files()
        with self._told():
            return bool(self._pragma("data_version") != self._version)

    def is_read(self) -> None:
        """Notes that what the file holds now is known; to be called while it is being read."""
        with self._told():
            self._version = self._pragma("data_version")

    def _check_process(self) -> None:
        if os.getpid() != self._process:  # SQLite's locks do not go along
            raise RuntimeError(f"{self.path} was opened by another process: open it again in this one")

    def _check_files(self) -> None:
        """OSError if another file has taken the place of one of ours: nobody would see again what is written there."""
        for path, there in self._files:
            try:
                same = os.path.samestat(os.stat(path), there)
            except FileNotFoundError:
                same = False
            if not same:
                raise OSError(f"{path} was removed or replaced while it was open: open the table again")

    # Generations

    def first_and_last(self) -> tuple[int, int]:
        """The generation of the base, and the latest one."""
        with self._told():
            query = "SELECT (SELECT min(generation) FROM history), (SELECT max(generation) FROM history)"
            first, last = self._sql.execute(query).fetchone()
        if not isinstance(first, int) or not isinstance(last, int):
            raise self._wrong("has lost its generations")
        if not 0 <= first <= last < _MOST_GENERATIONS:
            raise self._wrong(f"is damaged: there are no generations {first} to {last}")
        return first, last

    def parts(self, first: int) -> Iterator[Part]:
        """All parts from this generation on.

        Raises:
            InvalidDocument: for a part that is missing, is not as it was written, or cannot be read.
        """
        expected = (first, 0)
        query = (
            "SELECT generation, part, is_last, content, checksum FROM history WHERE generation >= ? "
            "ORDER BY generation, part"
        )
        with self._told():
            for generation, part, is_last, content, checksum in self._sql.execute(query, (first,)):
                if (generation, part) != expected or checksum != _checksum(generation, part, is_last, content):
                    raise self._wrong(f"is damaged: part {expected[1]} of generation {expected[0]} is not as written")
                yield generation, bool(is_last), self._read(generation, content)
                expected = (generation + 1, 0) if is_last else (generation, part + 1)
        if expected[1] != 0:
            raise self._wrong(f"is damaged: generation {expected[0]} has no end")

    def _read(self, generation: int, content: str) -> Any:
        try:
            value = json.loads(content)
            return list(map(operation_from_json, value)) if isinstance(value, list) else value
        except (TypeError, ValueError, RecursionError) as error:
            raise self.wrong(generation, error) from None

    def put(self, generation: int, operations: Iterable[Operation]) -> None:
        """Adds a generation."""
        self._put(generation, _texts(operations))

    def put_base(self, generation: int, header: Any, operations: Iterable[Operation]) -> None:
        """Puts a base in the place of all that is there."""
        with self._told():
            self._sql.execute("DELETE FROM history")
        self._put(generation, _chain(json.dumps(header), _texts(operations)))

    def _put(self, generation: int, texts: Iterator[str]) -> None:
        self._check_process()
        content: str | None = next(texts)
        part = 0
        while content is not None:
            if len(content) > LARGEST_PART // 2:
                raise ValueError(f"{self.path}: what is announced or set is too large to be written")
            following = next(texts, None)
            row = (generation, part, int(following is None), content)
            with self._told():
                self._sql.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?)", (*row, _checksum(*row)))
            content, part = following, part + 1

    def shorten(self) -> None:
        """Takes the pages of earlier commits out of the file beside, as far as nobody reads them."""
        with self._told():
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Errors

    def wrong(self, generation: int, error: Exception) -> InvalidDocument:
        """The error for a generation that cannot be made of what is there."""
        return self._wrong(f"generation {generation} cannot be read: {printable(str(error))}")

    def _wrong(self, text: str) -> InvalidDocument:
        return InvalidDocument(((printable(str(self.path)), text),))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns SQLite's errors into those that other files give."""
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise ValueError(f"{self.path}: {error}") from None  # it is closed
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _BUSY:
                raise TimeoutError(f"{self.path} is being written by another process") from None
            if code in _BROKEN:
                raise self._wrong(f"is not a file of routes, or is damaged: {error}") from None
            where = " (the folder must be there, and one that can be written to)" if code in _NOWHERE else ""
            raise OSError(f"{self.path}: {error}{where}") from error


def _checksum(*row: object) -> int:
    return crc32("\0".join(map(str, row)).encode("utf-8", "surrogatepass"))


def _texts(operations: Iterable[Operation]) -> Iterator[str]:
    """The texts of operations; one at least."""
    waiting = iter(operations)
    some = list(islice(waiting, _IN_A_PART))
    yield _text(some)
    while some := list(islice(waiting, _IN_A_PART)):
        yield _text(some)


def _text(operations: Iterable[Operation]) -> str:
    return json.dumps(list(map(operation_to_json, operations)), allow_nan=False, separators=(",", ":"))


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
