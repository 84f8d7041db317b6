"""How much a process grows by what it builds, each contender in a process of its own.

It is the resident size that is read, because what is allocated in C is hidden from tracemalloc. What was freed is
handed back to the system before each reading where the C library can do that.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import vpcroute
from benchmarks import peers
from benchmarks.contenders import addresses
from benchmarks.subject import OURS
from benchmarks.tables import Table, make_table

__all__ = ["in_own_process", "is_measurable"]

_STATM: Final = Path("/proc/self/statm")
_MIB: Final = 2**20
_VANTAGES: Final = 4


def is_measurable() -> bool:
    """Whether the resident size can be read here."""
    return _STATM.exists()


def in_own_process(word: str, contender: str) -> dict[str, float]:
    """MiB that a contender takes for a table, by what it is for.

    Raises:
        RuntimeError: if the process fails.
    """
    command = [sys.executable, "-m", "benchmarks.memory", word, contender]
    here = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)  # noqa: S603  (ourselves)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise RuntimeError(f"the process that measures {contender} failed: {last}")
    found = json.loads(done.stdout)
    return {str(what): float(size) for what, size in found.items()}


def _resident() -> float:
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / _MIB


def _measure(word: str, contender: str) -> dict[str, float]:
    table = make_table(word)
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
    # Several, so that what the first one left free in the process counts little.
    others = [rib.compile(region=region) for region in sorted(vpcroute.REGIONS)[:_VANTAGES]]
    more = _resident()
    del first, others
    return {"rib": loaded - before, "compiled": compiled - loaded, "vantage": (more - compiled) / _VANTAGES}


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
    print(json.dumps(_measure(sys.argv[1], sys.argv[2])))
