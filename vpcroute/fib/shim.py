"""What the sources of the compiled modules name of Cython, for where they run as they are without it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

__all__ = ["cclass", "compiled", "final", "freelist", "no_gc", "nogil"]

T = TypeVar("T")

compiled = False


def cclass(kind: T) -> T:
    """An extension type, where it is compiled."""
    return kind


final = no_gc = cclass

#: The interpreter lock is released, where it is compiled.
nogil = nullcontext()


def freelist(size: int) -> Callable[[T], T]:
    """An extension type of which so many freed objects are kept for use again, where it is compiled."""
    return cclass


def __getattr__(name: str) -> Any:
    raise AttributeError(f"{name} of Cython is for the compiled modules only")
