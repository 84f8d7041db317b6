"""The exit status of all commands, written down once."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["MEANINGS", "Status", "status_text"]


class Status(IntEnum):
    """How a command ended."""

    WELL = 0
    FOUND = 1
    UNUSABLE = 2
    INTERRUPTED = 130  # what a shell says of a command that SIGINT ended
    UNREAD = 141  # and of one that SIGPIPE did


MEANINGS: Final = {
    Status.WELL: "all well",
    Status.FOUND: "something was refused, found or changed, or does not hold",
    Status.UNUSABLE: "bad usage, document or vantage",
    Status.INTERRUPTED: "interrupted",
    Status.UNREAD: "nobody reads the output any more",
}


def status_text(well: str, found: str | None = None, unusable: str = MEANINGS[Status.UNUSABLE]) -> str:
    """The end of a command's help: what the statuses of its own mean."""
    meanings = {Status.WELL: well, Status.FOUND: found, Status.UNUSABLE: unusable}
    return f"Exit status: {', '.join(f'{status} {text}' for status, text in meanings.items() if text)}.\n"
