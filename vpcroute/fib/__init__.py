"""The compiled side (FIB): what a look-up needs.

The modules in :data:`COMPILED_MODULES` are written in Python and compiled with Cython when the package is built. Where
one of them was not, or with ``VPCROUTE_INTERPRETED=1`` in the environment at the first import, all of them run from
their sources: the same answers and errors, slower.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

__all__ = ["COMPILED", "COMPILED_MODULES"]

COMPILED_MODULES: Final = (
    *("arena", "blocks", "compare", "heard", "live", "nameblocks", "names", "order"),
    *("reader", "resolution", "resolver", "sweep", "trie"),
)

_FOLDER: Final = Path(__file__).parent


def _is_built(module: str) -> bool:
    return any((_FOLDER / f"{module}{suffix}").exists() for suffix in EXTENSION_SUFFIXES)


#: Whether the compiled modules run.
COMPILED: Final = os.environ.get("VPCROUTE_INTERPRETED") != "1" and all(map(_is_built, COMPILED_MODULES))


class _SourceFinder:
    """Finds the sources of the compiled modules, before Python finds the extension modules beside them."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        package, _, module = name.rpartition(".")
        if package != __name__ or module not in COMPILED_MODULES:
            return None
        file = str(_FOLDER / f"{module}.py")
        return spec_from_file_location(name, file, loader=SourceFileLoader(name, file))


if not COMPILED:
    # Just before the finder of files: those further ahead may wrap what the others find, to measure or to instrument.
    place = next((i for i, finder in enumerate(sys.meta_path) if finder is PathFinder), 0)
    sys.meta_path.insert(place, _SourceFinder)
