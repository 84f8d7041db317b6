"""Changes that are applied all or not at all, under one lock, and who is told of them.

Of a transaction that changed something these are told, all under the lock, at its outermost end:

1. The *publisher* prepares what it will publish, and then the *recorder* is given the operations, both before the
   generation counts: if one raises, the whole transaction is undone and the error goes to the caller. So a change can
   be made durable before anybody sees it, and nothing is left to fail afterwards. There is one recorder at most: of
   two, the first would have recorded what the second refuses.
2. After it the publisher publishes, and the *listeners* are given the number of the new generation. The change stands
   whatever they do: each of them is called, in the order in which they came, and the first error is raised when the
   lock is free again.

None of them may change what they are told of; they may read it. What undoes the last transactions is kept where
somebody asks for that.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from vpcroute.operations import Operation, OperationKind

__all__ = ["Listener", "Publisher", "Recorder", "Transaction", "Transactional"]

Recorder = Callable[[Sequence[Operation]], object]
Listener = Callable[[int], object]
#: How much had been done when a block began: undoing steps, operations.
_Mark = tuple[int, int]
#: A kind of operation and its arguments.
_Call = tuple[Any, ...]

_MOST_KEPT: Final = 1 << 20  # operations, of all generations that can be gone back to


class Publisher(Protocol):
    """Who makes what a generation is seen by."""

    def prepare(self, generation: int) -> None:
        """Makes it for a generation to come; if it raises, that does not come."""

    def publish(self) -> list[BaseException]:
        """Makes what was prepared last be seen; returns what those raised who were told of it."""


class Transactional(ABC):
    """Something that changes in transactions.

    Whatever changes it does so inside a transaction, and notes how to undo that with :meth:`_undoes` and how to do it
    again with :meth:`_records`.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._telling = False
        self._steps: list[Callable[[], object] | int] = []
        self._operations: list[tuple[_Call, _Call]] = []  # what was done, and what undoes it
        self._kept: deque[list[_Call]] = deque(maxlen=0)  # what undoes each of the last generations
        self._publisher: Publisher | None = None
        self._recorder: Recorder | None = None
        self._listeners: list[Listener] = []
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

    def add_recorder(self, recorder: Recorder) -> None:
        """Has `recorder` called with the operations of each transaction, before it holds; if it raises, it does not.

        Raises:
            RuntimeError: if there is a recorder already, or inside a transaction, of which it would know one half.
        """
        with self._lock:
            if self._recorder is not None:
                raise RuntimeError("there is a recorder already")
            if self._depth or self._telling:
                raise RuntimeError("a recorder cannot be added inside a transaction")
            self._recorder = recorder

    def remove_recorder(self, recorder: Recorder) -> None:
        """Ends what :meth:`add_recorder` began.

        Raises:
            ValueError: if it is not the recorder.
            RuntimeError: inside a transaction.
        """
        with self._lock:
            if self._recorder != recorder:
                raise ValueError("this is not the recorder")
            if self._depth or self._telling:
                raise RuntimeError("a recorder cannot be removed inside a transaction")
            self._recorder = None

    def add_listener(self, listener: Listener) -> None:
        """Has `listener` called with the number of each new generation; twice if it is added twice."""
        with self._lock:
            self._listeners.append(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Ends what :meth:`add_listener` began; ValueError if it was not added."""
        with self._lock:
            if listener not in self._listeners:
                raise ValueError("this listener was not added")
            self._listeners.remove(listener)

    def keep_generations(self, count: int) -> None:
        """Keeps what it takes to go back by so many generations, or as many as were asked for before if that is more.

        Of generations with more than a million changes together, fewer are kept.
        """
        with self._lock:
            if count > (self._kept.maxlen or 0):
                self._kept = deque(self._kept, maxlen=count)

    @property
    def generations(self) -> range:
        """The generations that it can be rolled back to, and the one that it has."""
        with self._lock:
            return range(self._generation - len(self._kept), self._generation + 1)

    def roll_back(self, generation: int) -> int:
        """Undoes every change since a generation, as one new generation, whose number is returned.

        It can be undone in turn. :meth:`keep_generations` says how far back it goes.

        Raises:
            LookupError: for a generation that is not kept.
            RuntimeError: inside a transaction.
        """
        with self.transaction():
            if self._depth > 1:
                raise RuntimeError("a transaction that is open cannot be rolled back to a generation")
            for operation in self._since(generation):
                operation.apply(self)
        return self._generation

    def _since(self, generation: int) -> Iterator[Operation]:
        """What undoes all changes since a generation."""
        known = self.generations
        if generation not in known:
            raise LookupError(f"generation {generation} is not at hand: there are {known[0]} to {known[-1]}")
        for undone_by in reversed(list(self._kept)[generation - known[0] :]):
            for kind, *arguments in undone_by:
                yield Operation(kind, tuple(arguments))

    def _undoes(self, step: Callable[[], object] | int) -> None:
        """Notes a step that undoes what was just done: a call, or a number that :meth:`_undo_numbered` knows."""
        self._steps.append(step)

    @abstractmethod
    def _undo_numbered(self, number: int) -> None:
        """Undoes what is so frequent that its step is a number only: a call for each would take much more memory."""

    def _records(self, kind: OperationKind, *arguments: Any, undone_by: _Call) -> None:
        """Notes what was just done, and the operation that undoes it, if anybody records or keeps that."""
        if self._recorder is not None or self._kept.maxlen:
            self._operations.append(((kind, *arguments), undone_by))

    def _begin(self) -> _Mark:
        self._lock.acquire()
        if self._telling:
            self._lock.release()
            raise RuntimeError("a recorder or listener must not change what it is told of")
        self._depth += 1
        return len(self._steps), len(self._operations)

    def _end(self, mark: _Mark, failed: bool) -> None:
        errors: list[BaseException] = []
        try:
            if failed:
                self._roll_back(mark)
            elif self._depth == 1 and self._steps:
                self._record()
        finally:
            self._depth -= 1
            if self._depth == 0 and self._steps:
                self._steps.clear()
                self._keep()
                self._generation += 1
                errors = self._tell()
            self._lock.release()
        if errors:
            raise errors[0]

    def _record(self) -> None:
        """Has the transaction prepared and recorded, or undoes it."""
        self._telling = True
        try:
            if self._publisher is not None:
                self._publisher.prepare(self._generation + 1)
            if self._recorder is not None:
                self._recorder(tuple(Operation(kind, tuple(given)) for (kind, *given), _ in self._operations))
        except BaseException:
            self._roll_back((0, 0))
            raise
        finally:
            self._telling = False

    def _keep(self) -> None:
        """Keeps what undoes the transaction."""
        if self._kept.maxlen:
            self._kept.append([undone_by for _, undone_by in reversed(self._operations)])
            while len(self._kept) > 1 and sum(map(len, self._kept)) > _MOST_KEPT:
                self._kept.popleft()
        self._operations.clear()

    def _tell(self) -> list[BaseException]:
        """Tells the listeners of the new generation; returns what they raised."""
        self._telling = True
        errors = [] if self._publisher is None else self._publisher.publish()
        for listener in tuple(self._listeners):
            try:
                listener(self._generation)
            except BaseException as error:
                errors.append(error)
        self._telling = False
        return errors

    def _roll_back(self, mark: _Mark) -> None:
        """Undoes what was noted since `mark`, the latest first; undoing is noted too, and that is dropped."""
        steps, operations = mark
        for step in reversed(self._steps[steps:]):
            if isinstance(step, int):
                self._undo_numbered(step)
            else:
                step()
        del self._steps[steps:]
        del self._operations[operations:]


class Transaction:
    """A block of changes; see :meth:`Transactional.transaction`."""

    __slots__ = ("_mark", "_thing")

    def __init__(self, thing: Transactional) -> None:
        self._thing = thing
        self._mark = (0, 0)

    def __enter__(self) -> Self:
        self._mark = self._thing._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thing._end(self._mark, error is not None)
