"""A resolver that always answers by the newest generation of its table, and keeps the last ones at hand.

A transaction first prepares the next resolver of everyone who follows the table, then it is recorded, and then each
next resolver is published by the assignment of one reference. Readers take no lock: they are never blocked, and never
see a part of a change. If anything fails before, the transaction is undone, and what answered goes on to answer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import attrs

from vpcroute.compiler import compile_table, nowhere
from vpcroute.errors import InvalidVantage
from vpcroute.fib.live import Newest
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.analysis.changes import Changes
    from vpcroute.analysis.explanation import Explanation
    from vpcroute.fib.resolver import Resolver
    from vpcroute.table import RouteTable

__all__ = ["LiveChange", "LiveResolver", "Lives"]

#: How many generations are kept at hand unless another number is asked for.
KEPT: Final = 16


@attrs.frozen(slots=False)
class LiveChange:
    """One generation after another, or after several that were skipped.

    Attributes:
        before: the resolver that answered.
        after: the resolver that answers now.
    """

    before: Resolver
    after: Resolver

    @property
    def generation(self) -> int:
        """The generation that was published."""
        number: int = self.after.generation
        return number

    @cached_property
    def changes(self) -> Changes:
        """Every address and name whose way changes, exactly; worked out when it is asked for."""
        from vpcroute.analysis.diff import diff

        return diff(self.before, self.after)


class LiveResolver(Newest):
    """The look-ups of a :class:`Resolver`, each by the newest published generation; safe to share between threads.

    It is made by :meth:`RouteTable.live`. Where its vantage is gone, as that of a tunnel that was removed, everything
    is refused as ``invalid_vantage`` until it is there again.

    Args:
        first: the resolver to begin with.
        keep: how many generations stay at hand, the newest one included.
    """

    def __init__(self, first: Resolver, *, keep: int = KEPT) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        super().__init__(first)
        self._lock = threading.Lock()
        self._kept: deque[Resolver] = deque([first], maxlen=keep)
        self._callbacks: list[Callable[[LiveChange], object]] = []

    @property
    def vantage(self) -> Vantage:
        """The vantage that it answers for."""
        vantage: Vantage = self.newest.vantage
        return vantage

    @property
    def generations(self) -> tuple[int, ...]:
        """The generations at hand, the oldest first."""
        with self._lock:
            return tuple(resolver.generation for resolver in self._kept)

    def pin(self, generation: int | None = None) -> Resolver:
        """The resolver of a generation, which stays as it is; None is the newest.

        Raises:
            LookupError: for a generation that is not at hand, or not any more.
        """
        if generation is None:
            newest: Resolver = self.newest
            return newest
        with self._lock:
            for resolver in self._kept:
                if resolver.generation == generation:
                    return resolver
            known = [resolver.generation for resolver in self._kept]
        raise LookupError(f"generation {generation} is not at hand: there are {known[0]} to {known[-1]}")

    def diff(self, before: int, after: int | None = None) -> Changes:
        """What changes for traffic from one generation at hand to another, None being the newest."""
        return LiveChange(self.pin(before), self.pin(after)).changes

    def explain(self, address: object, *, answers: Iterable[object] | None = None) -> Explanation:
        """Why an address goes where it goes, by the newest generation; see :meth:`Resolver.explain`."""
        explanation: Explanation = self.newest.explain(address, answers=answers)
        return explanation

    def on_change(self, callback: Callable[[LiveChange], object]) -> Callable[[], None]:
        """Has `callback` called with each :class:`LiveChange` once it is published; returns what ends that.

        It is called by the thread that made the change, before the next one: it may ask whatever it likes, but not
        change the table, and should be quick. What it raises is raised there; the change stands.
        """
        with self._lock:
            self._callbacks.append(callback)
        return lambda: self._forget(callback)

    def _forget(self, callback: Callable[[LiveChange], object]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    async def watch(self, since: int | None = None) -> AsyncIterator[LiveChange]:
        """Each change after a generation that is at hand, None being the newest when the first one is waited for.

        Changes that come while one is being worked on are one change: nothing queues up.
        """
        import asyncio  # which takes longer to import than all that is here

        loop, news = asyncio.get_running_loop(), asyncio.Event()
        seen = self.pin(since)

        def tell(_: LiveChange) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(news.set)

        stop = self.on_change(tell)
        try:
            while True:
                news.clear()
                before, seen = seen, self.newest
                if seen is not before:
                    yield LiveChange(before, seen)
                else:
                    await news.wait()
        finally:
            stop()

    def publish(self, resolver: object) -> None:
        """Makes a resolver the newest, and keeps those before it at hand; whoever follows a table or file does that."""
        self._put(resolver)
        with self._lock:
            self._kept.append(self.newest)

    def _tell(self, change: LiveChange) -> list[BaseException]:
        """Calls the callbacks; returns what they raised."""
        with self._lock:
            callbacks = tuple(self._callbacks)
        errors: list[BaseException] = []
        for callback in callbacks:
            try:
                callback(change)
            except BaseException as error:
                errors.append(error)
        return errors


class Lives:
    """Everyone who follows a table; those whom nobody uses any more are forgotten."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._all: WeakSet[LiveResolver] = WeakSet()
        self._next: list[tuple[LiveResolver, Resolver]] = []

    def add(self, vantage: Vantage, keep: int) -> LiveResolver:
        """One more, who begins with the table as it is."""
        live = LiveResolver(compile_table(self._table, vantage), keep=keep)
        self._all.add(live)
        return live

    def prepare(self, generation: int) -> None:
        """Compiles what a new generation will be published as; the table has its contents already."""
        self._next = []
        self._next += [(live, self._compiled(live.vantage, generation)) for live in self._all]

    def publish(self) -> list[BaseException]:
        """Publishes what was prepared; returns what callbacks raised."""
        coming, self._next = self._next, []
        changes = [(live, LiveChange(live.newest, resolver)) for live, resolver in coming]
        for live, change in changes:
            live.publish(change.after)
        return [error for live, change in changes for error in live._tell(change)]

    def _compiled(self, vantage: Vantage, generation: int) -> Any:
        try:
            return compile_table(self._table, vantage, generation)
        except InvalidVantage as error:
            return nowhere(vantage, generation, error)
