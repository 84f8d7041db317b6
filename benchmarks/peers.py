"""The other packages: each used where it is installed, and named where it is not."""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from functools import cache
from typing import Any, Final

import vpcroute

__all__ = ["MODULES", "load", "missing", "versions"]

#: The distribution that each module comes from.
MODULES: Final = {
    "ada_url": "ada-url",
    "can_ada": "can-ada",
    "dns.namedict": "dnspython",
    "marisa_trie": "marisa-trie",
    "numpy": "numpy",
    "originet": "originet",
    "pattrie": "pattrie",
    "pyasn": "pyasn",
    "pygtrie": "pygtrie",
    "pytricia": "pytricia",
    "radix": "py-radix",
    "radixtarget": "radixtarget",
    "SubnetTree": "pysubnettree",
    "yarl": "yarl",
}


@cache
def load(module: str) -> Any:
    """A module, or None where it cannot be had."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SWIG's wrappers warn when they are imported
            return importlib.import_module(module)
    except ImportError:
        return None


def missing() -> list[str]:
    """The distributions that are left out because they cannot be imported."""
    return sorted(distribution for module, distribution in MODULES.items() if load(module) is None)


def versions() -> dict[str, str]:
    """The version of every package that takes part; vpcroute's own is the one that runs, installed or not."""
    there = (distribution for module, distribution in MODULES.items() if load(module) is not None)
    return {"vpcroute": vpcroute.__version__, **{name: _version(name) for name in sorted(there)}}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
