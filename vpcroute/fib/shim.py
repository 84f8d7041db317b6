"""What the sources of the compiled modules name of Cython, for where they run as they are without it."""

from __future__ import annotations

from typing import Any

__all__ = ["compiled"]

compiled = False


def __getattr__(name: str) -> Any:
    raise AttributeError(f"{name} of Cython is for the compiled modules only")
