"""What the sources of the compiled modules name of Cython, for where they run as they are without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["cclass", "compiled", "final", "freelist", "no_gc"]

T = TypeVar("T")

compiled = False


def cclass(kind: T) -> T:
    """An extension type, where it is compiled."""
    return kind


final = no_gc = cclass


def freelist(size: int) -> Callable[[T], T]:
    """An extension type of which so many freed objects are kept for use again, where it is compiled."""
    return cclass


def __getattr__(name: str) -> Any:
    raise AttributeError(f"{name} of Cython is for the compiled modules only")
