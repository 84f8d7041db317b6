"""A route table that outlives its process: every transaction is in a file before anybody sees it.

Several processes may have one file open. Whoever begins to change the table keeps the others from changing it until
the end, and first takes in what they have committed; so no change is made on what is no longer so, and none is lost.
Who only reads sees what others did after :meth:`StoredTable.refresh`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any, Final

from vpcroute.announcements import VirtualNetwork
from vpcroute.closing import Closing
from vpcroute.errors import RouteError
from vpcroute.operations import Operation
from vpcroute.snapshot import snapshot
from vpcroute.sources.database import Database, Part
from vpcroute.table import RouteTable

__all__ = ["StoredTable", "open_table", "read_table"]

#: A journal with fewer operations than this is not folded into its base, nor one with fewer than twice the routes.
_SHORT: Final = 4096
#: The attributes of a table that are its content.
_CONTENT: Final = (
    *("routing_mode", "store", "_registry", "_default", "_findings", "_document_findings"),
    *("_health", "_subnets", "_hosts", "_gateway", "_copies"),
)


def open_table(
    path: str | PathLike[str],
    *,
    initial: RouteTable | None = None,
    create: bool = True,
    read_only: bool = False,
    timeout: float = 5.0,
) -> StoredTable:
    """The table in a file.

    Args:
        path: the file's name. Beside it, while it is open, stand two more, with ``-wal`` and ``-shm`` behind the name:
            they are part of it. Who reads a copy of them does so from another process: where this one closes such a
            file, the system ends all locks that it has on it.
        initial: what the file holds at first if it is made now; None is an empty table.
        create: whether the file is made if it is not there.
        read_only: whether the table cannot be changed; :meth:`StoredTable.refresh` goes on. The folder must be one that
            can be written to all the same; :meth:`vpcroute.RouteTable.load` reads a file anywhere.
        timeout: how many seconds to wait for another process that is changing the table.

    Raises:
        FileNotFoundError: if the file is not there and is not to be made.
        InvalidDocument: for a file of something else or of another version, and for one that is damaged.
        TimeoutError: if another process was changing it for longer than `timeout`.
        OSError: if it cannot be read or written.
    """
    begins = RouteTable() if initial is None else initial
    with begins.reading():
        base = (begins.generation, _header(begins), snapshot(begins)) if create and not read_only else None
        database = Database(path, read_only=read_only, timeout=timeout, base=base)
    try:
        return StoredTable(database)
    except BaseException:
        database.close()
        raise


class StoredTable(Closing, RouteTable):
    """A table in a file, made by :meth:`vpcroute.RouteTable.open`.

    It is used like any other. A transaction that cannot be written is undone, and its error is an :class:`OSError`
    (:class:`TimeoutError` if another process was changing the file for too long). A file that has been closed, was
    opened to be read only, or was removed or replaced meanwhile, cannot be changed; what was read of it stays.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._following = False
        self._base, self._journal = 0, 0
        database.begin(writing=False)
        try:
            self._base, last = database.first_and_last()
            parts = database.parts(self._base)
            super().__init__(**_read_header(database, next(parts)))
            self._following = True
            self._journal = _follow(self, database, parts, self._base)
            database.is_read()
        finally:
            self._following = False
            database.end()
        self._generation = last
        self.add_recorder(self._write)

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def refresh(self) -> bool:
        """Takes in what other processes have done, each of their transactions as one here; whether there was any.

        Costs some twenty microseconds if there was none. Who has not looked for so long that the journal begins later
        now gets all of it as one change.

        Raises:
            RuntimeError: inside a transaction.
            InvalidDocument: for a file that is damaged.
            OSError: if it cannot be read.
        """
        with self._lock:
            if self._depth:
                raise RuntimeError("a table cannot be refreshed inside a transaction")
            if not self._database.is_changed():
                return False
            before = self._generation
            self._database.begin(writing=False)
            try:
                self._take_in()
            finally:
                self._database.end()
            return self._generation != before

    def compact(self) -> None:
        """Folds the journal into the base, which happens by itself when it is long; the generations stay as they are.

        Raises:
            RuntimeError: inside a transaction.
            OSError: if it cannot be written; the file stays as it was.
        """
        with self._lock:
            if self._depth or self._database.read_only:
                raise RuntimeError("a table that is read only, or is in a transaction, cannot be compacted")
            self._database.begin(writing=True)
            try:
                self._take_in()
                self._database.put_base(self._generation, _header(self), snapshot(self))
                self._database.commit()
            finally:
                self._database.end()
            self._base, self._journal = self._generation, 0
            with suppress(OSError):
                self._database.shorten()

    def close(self) -> None:
        """Closes the file; closing again does nothing. RuntimeError inside a transaction."""
        with self._lock:
            if self._depth:
                raise RuntimeError("a table cannot be closed inside a transaction")
            self._database.close()

    # Transactions: of the file around those of the table

    def _begin(self) -> tuple[int, int]:
        with self._lock:
            outermost = self._depth == 0 and not self._following and not self._telling
            if outermost and not self._database.read_only:
                self._database.begin(writing=True)
                try:
                    self._take_in()
                    return super()._begin()
                except BaseException:
                    self._database.end()
                    raise
            return super()._begin()

    def _end(self, mark: tuple[int, int], failed: bool) -> None:
        with self._lock:
            try:
                super()._end(mark, failed)
            finally:
                if self._depth == 0 and not self._following:
                    self._database.end()
                    self._compact_if_long()

    def _write(self, operations: Sequence[Operation]) -> None:
        """Makes a transaction durable."""
        if self._following:
            return
        if self._database.read_only:
            raise PermissionError(f"{self.path} was opened to be read only")
        self._database.put(self._generation + 1, operations)
        self._database.commit()
        self._journal += len(operations)

    def _compact_if_long(self) -> None:
        if self._journal > max(_SHORT, 2 * len(self)) and not self._database.read_only:
            with suppress(OSError, ValueError):  # the transaction holds, also if a callback has closed the file
                self.compact()

    def _take_in(self) -> None:
        """Does what others did, as the file stands; it is open for reading or writing."""
        first, last = self._database.first_and_last()
        if last < self._generation:
            raise self._database.wrong(last, ValueError(f"the file has been put back behind {self._generation}"))
        if last > self._generation:
            self._following = True
            try:
                if first > self._generation:
                    self._take_all(first, last)
                else:
                    parts = self._database.parts(self._generation + 1)
                    self._journal += _follow(self, self._database, parts, first)
            finally:
                self._following = False
        if first != self._base:
            self._base, self._journal = first, 0
        self._database.is_read()

    def _take_all(self, first: int, last: int) -> None:
        """Becomes what the file holds, in one transaction."""
        other, before = _read_all(self._database, first), self._generation
        try:
            with self.transaction():
                self._exchange(other)
                self._generation = last - 1
        finally:
            if self._generation == last:  # even if a listener raised
                self._kept.clear()  # nobody knows what undoes this one
            else:
                self._generation = before

    def _exchange(self, other: RouteTable) -> None:
        for name in _CONTENT:
            mine = getattr(self, name)
            setattr(self, name, getattr(other, name))
            setattr(other, name, mine)
        self._undoes(partial(self._exchange, other))


def read_table(path: str | PathLike[str]) -> RouteTable:
    """A table in memory, with what a file holds now, also where nothing can be written; errors as for `open_table`."""
    database = Database(path, read_only=True, timeout=5.0, base=None, once=True)
    try:
        database.begin(writing=False)
        return _read_all(database, database.first_and_last()[0])
    finally:
        database.close()


def _read_all(database: Database, first: int) -> RouteTable:
    """A table in memory with all that a file holds."""
    parts = database.parts(first)
    table = RouteTable(**_read_header(database, next(parts)))
    _follow(table, database, parts, first)
    return table


def _header(table: RouteTable) -> dict[str, Any]:
    networks = [[network.id, network.name, network.is_default] for network in table.virtual_networks]
    return {"routing_mode": table.routing_mode, "virtual_networks": networks}


def _read_header(database: Database, part: Part) -> dict[str, Any]:
    """The arguments of the table that a base is filled into."""
    generation, _, header = part
    try:
        networks = [VirtualNetwork(*network) for network in header["virtual_networks"]]
        RouteTable(routing_mode=header["routing_mode"], virtual_networks=networks)
    except (KeyError, TypeError, ValueError, RouteError) as error:
        raise database.wrong(generation, error) from None
    return {"routing_mode": header["routing_mode"], "virtual_networks": networks}


def _follow(table: RouteTable, database: Database, parts: Iterator[Part], base: int) -> int:
    """Does what stands in some generations, each in one transaction.

    Returns:
        The number of operations; those of the base do not count.
    """
    count = 0
    for generation, its in groupby(parts, key=itemgetter(0)):
        with table.transaction():
            for _, _, operations in its:
                if not isinstance(operations, list):
                    raise database.wrong(generation, ValueError("it has another header"))
                count += len(operations) if generation != base else 0
                for operation in operations:
                    _make(table, operation, database, generation)
        table._generation = generation
    return count


def _make(table: RouteTable, operation: Operation, database: Database, generation: int) -> None:
    try:
        operation.apply(table)
    except (RouteError, LookupError, TypeError, ValueError) as error:
        raise database.wrong(generation, error) from None
