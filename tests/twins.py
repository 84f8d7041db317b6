"""A second copy of the compiled modules, run from their sources beside the compiled ones in one process.

The copies import each other under their usual names, so these stand for them while they are loaded, and for the
compiled modules again afterwards. All other modules are shared: announcements, egresses, errors and targets of both
copies are of the same classes; a Resolution is not, and :func:`plain` makes values of it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import vpcroute
from vpcroute import COMPILED, RouteTable, Vantage
from vpcroute.fib import COMPILED_MODULES

#: For tests that hold the two against each other.
needs_both = pytest.mark.skipif(not COMPILED, reason="the compiled modules were not built: install with a C compiler")

_FOLDER = Path(vpcroute.__file__).parent
# Each after those that it imports.
_IN_ORDER = (
    *(
        f"vpcroute.fib.{name}"
        for name in "order sweep heard arena blocks trie nameblocks names compare hostnames".split()
    ),
    *(f"vpcroute.fib.{name}" for name in "reader resolution resolver live".split()),
    *("vpcroute.hearing", "vpcroute.updates", "vpcroute.compiler"),
)

_FIELDS = (
    *("host", "target", "egress", "route", "guaranteed", "alternates", "gateway", "generation", "offramp"),
    *("needs_dns", "ip", "port", "scheme", "remarks"),
)


@contextmanager
def _put_back(names: tuple[str, ...]) -> Iterator[None]:
    """Whatever modules are loaded under these names meanwhile, those from before stand there afterwards."""
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def _load(name: str) -> ModuleType:
    file = str(_FOLDER.joinpath(*name.split(".")[1:]).with_suffix(".py"))
    spec = spec_from_file_location(name, file, loader=SourceFileLoader(name, file))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def interpreted() -> Mapping[str, ModuleType]:
    """The copies that run from their sources, by the last part of their name; ``compiler`` makes their resolvers."""
    assert {name.rpartition(".")[2] for name in _IN_ORDER} == {
        *COMPILED_MODULES,
        *("hostnames", "hearing", "updates", "compiler"),
    }
    with _put_back(_IN_ORDER):
        return {name.rpartition(".")[2]: _load(name) for name in _IN_ORDER}


def interpret_table(table: RouteTable, vantage: Vantage) -> Any:
    """What compile_table() of the copies makes; of a table of its own, for a table keeps the tries that were made."""
    return interpreted()["compiler"].compile_table(table, vantage)


def compile_twins(make: Callable[[], RouteTable], vantage: Vantage) -> tuple[Any, Any]:
    """The compiled and the interpreted resolver of one table, which is made twice."""
    from vpcroute.compiler import compile_table

    return compile_table(make(), vantage), interpret_table(make(), vantage)


def plain(answer: object) -> object:
    """An answer as values of classes that both copies share."""
    if type(answer).__name__ == "Resolution":
        return repr(answer), *(getattr(answer, name) for name in _FIELDS)
    if isinstance(answer, array):
        return answer.typecode, answer.tolist()
    return answer


def came_to(resolver: Any, call: str, *arguments: Any, **options: Any) -> object:
    """What a call comes to, whatever it is: its value, or all there is to know of its error."""
    try:
        return plain(getattr(resolver, call)(*arguments, **options))
    except Exception as error:
        return type(error), str(error), *(getattr(error, name, None) for name in ("code", "hint", "address"))
