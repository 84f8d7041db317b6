"""Changes that are applied all or not at all, under one lock."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["Transaction", "Transactional"]


class Transactional(ABC):
    """Something that changes in transactions.

    Whatever changes it does so inside a transaction and notes how to undo that with :meth:`_undoes`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._steps: list[Callable[[], object] | int] = []
        self._generation = 0

    @property
    def generation(self) -> int:
        """The number of changes so far: transactions that changed something."""
        return self._generation

    def transaction(self) -> Transaction:
        """A block whose changes are applied all, as one new generation, or, if it raises, not at all.

        Other threads wait until it ends. A block inside a block is undone by itself.
        """
        return Transaction(self)

    def reading(self) -> threading.RLock:
        """A block in which no other thread changes anything."""
        return self._lock

    def _undoes(self, step: Callable[[], object] | int) -> None:
        """Notes a step that undoes what was just done: a call, or a number that :meth:`_undo_numbered` knows."""
        self._steps.append(step)

    @abstractmethod
    def _undo_numbered(self, number: int) -> None:
        """Undoes what is so frequent that its step is a number only: a call for each would take much more memory."""

    def _begin(self) -> int:
        self._lock.acquire()
        self._depth += 1
        return len(self._steps)

    def _end(self, mark: int, failed: bool) -> None:
        try:
            if failed:
                self._roll_back(mark)
        finally:
            self._depth -= 1
            if self._depth == 0 and self._steps:
                self._steps.clear()
                self._generation += 1
            self._lock.release()

    def _roll_back(self, mark: int) -> None:
        """Undoes what was noted since `mark`, the latest first; undoing is noted too, and that is dropped."""
        for step in reversed(self._steps[mark:]):
            if isinstance(step, int):
                self._undo_numbered(step)
            else:
                step()
        del self._steps[mark:]


class Transaction:
    """A block of changes; see :meth:`Transactional.transaction`."""

    __slots__ = ("_mark", "_thing")

    def __init__(self, thing: Transactional) -> None:
        self._thing = thing
        self._mark = 0

    def __enter__(self) -> Self:
        self._mark = self._thing._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thing._end(self._mark, error is not None)
