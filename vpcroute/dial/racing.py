"""Happy eyeballs (RFC 8305 section 5): several ways to one destination are tried, each a little after the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from vpcroute.dial.direct import Streams

__all__ = ["STAGGER", "race"]

#: Seconds that an attempt has for itself (RFC 8305 section 8).
STAGGER: Final = 0.25


async def race(attempts: Sequence[Callable[[], Awaitable[Streams]]], stagger: float = STAGGER) -> Streams:
    """The connection that is there first; the others are given up.

    The next attempt begins when one fails, or after `stagger` seconds. Where all fail the first one's error is raised:
    it is the one of the address that decided.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    begun: list[asyncio.Task[Streams]] = []
    pending: set[asyncio.Task[Streams]] = set()
    won: asyncio.Task[Streams] | None = None
    try:
        while won is None and (pending or len(begun) < len(attempts)):
            if len(begun) < len(attempts):
                begun.append(asyncio.ensure_future(attempts[len(begun)]()))
                pending.add(begun[-1])
            wait = stagger if len(begun) < len(attempts) else None
            done, pending = await asyncio.wait(pending, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            won = next((task for task in begun if task in done and task.exception() is None), None)
    finally:
        for task in begun:
            if task is not won:
                task.add_done_callback(_let_go)
                task.cancel()
    return (won or begun[0]).result()


def _let_go(task: asyncio.Task[Streams]) -> None:
    """Closes the connection of an attempt that came too late."""
    if not task.cancelled() and task.exception() is None:
        task.result()[1].transport.abort()
