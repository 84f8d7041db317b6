"""What is built takes how much memory, each contender in a process of its own.

It is the growth of the resident size, because what is allocated in C is hidden from tracemalloc; what was freed is
handed back to the system before each reading where the C library can do that. The parts of our compiled form are asked
for their sizes, and what is too small for pages is read from tracemalloc.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import pickle
import subprocess
import sys
import tempfile
import tracemalloc
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import attrs

import vpcroute
from benchmarks import peers
from benchmarks.contenders import addresses
from benchmarks.subject import OURS
from benchmarks.tables import Table

__all__ = ["in_own_process", "is_measurable"]

_STATM: Final = Path("/proc/self/statm")
_MIB: Final = 2**20
_VANTAGES: Final = 4


def is_measurable() -> bool:
    """Whether the resident size can be read here."""
    return _STATM.exists()


def in_own_process(table: Table, contender: str) -> dict[str, float]:
    """What a contender takes for a table, by what it is for, in MiB; a second vantage in KiB.

    Raises:
        RuntimeError: if the process fails.
    """
    return _in_own_process(_saved(table), contender)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _saved(table: Table) -> Path:
    """The table in a file, which is read in less time than the table is made."""
    path = Path(_folder().name, f"{zlib.crc32(table.word.encode())}.pickle")
    if not path.exists():
        bare = attrs.evolve(table, v4=attrs.evolve(table.v4), v6=attrs.evolve(table.v6))  # nothing that was derived
        path.write_bytes(pickle.dumps(bare))
    return path


@cache
def _in_own_process(saved: Path, contender: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.memory", str(saved), contender]
    here = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)  # noqa: S603  (ourselves)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise RuntimeError(f"the process that measures {contender} failed: {last}")
    found = json.loads(done.stdout)
    return {str(what): float(size) for what, size in found.items()}


def _resident() -> float:
    gc.collect()
    if not is_measurable():
        return 0
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / _MIB


def _measure(saved: Path, contender: str) -> dict[str, float]:
    table = pickle.loads(saved.read_bytes())  # noqa: S301  (our own file)
    return _ours(table) if contender == OURS else _peer(table, contender)


def _ours(table: Table) -> dict[str, float]:
    empty = vpcroute.RouteTable()
    empty.announce(vpcroute.SubnetRoute("10.0.0.0/8", via=vpcroute.Tunnel("warm", "warm")))
    empty.compile()
    before = _resident()
    rib = table.rib()
    loaded = _resident()
    first = rib.compile()
    compiled = _resident()
    found = _parts(rib)
    if is_measurable():
        found |= {"rib": loaded - before, "compiled": compiled - loaded}
    tracemalloc.start()
    begun = tracemalloc.get_traced_memory()[0]
    others = [rib.compile(region=region) for region in sorted(vpcroute.REGIONS)[:_VANTAGES]]
    gc.collect()
    found["vantage"] = (tracemalloc.get_traced_memory()[0] - begun) / _VANTAGES / 1024
    del first, others
    return found


def _parts(rib: vpcroute.RouteTable) -> dict[str, float]:
    """The sizes of the parts of what was compiled last."""
    (made,) = rib.store.compiled.values()
    tables = made.tables
    tries = tables.v4.trie.nbytes() + tables.v6.trie.nbytes()
    names = tables.names.index.nbytes()
    sizes = {"tries": tries, "names": names, "records": tables.nbytes() - tries - names}
    return {part: size / _MIB for part, size in sizes.items()}


def _peer(table: Table, name: str) -> dict[str, float]:
    contender = next(c for c in addresses.CONTENDERS if c.name == name)
    if contender.module is not None:
        peers.load(contender.module)
    before = _resident()
    families = [family for family in (table.v4, table.v6) if family.prefixes]
    built = [contender.build(family, table.egresses) for family in families]
    for family in families:
        family.__dict__.pop("flat", None)  # scaffolding of ours
    after = _resident()
    del built
    return {"built": after - before}


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]), sys.argv[2])))
