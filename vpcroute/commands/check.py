"""``vpcroute check``: what is in a network, what is odd, the memory it takes, and proofs."""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

import vpcroute.sources.document  # so that no module counts that is loaded with the document  # noqa: F401
from vpcroute.commands.inputs import load, load_or_raise, network_file, vantage_of
from vpcroute.commands.options import VANTAGE_OPTIONS, add_file, add_vantage
from vpcroute.commands.status import Status, status_text
from vpcroute.errors import InvalidDocument, RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.output.objects import answer_json, json_line
from vpcroute.output.rows import answer_row
from vpcroute.output.tables import Note, Row, table
from vpcroute.output.terminal import progress_bar, write
from vpcroute.output.words import NO_VALUE, clean, describe
from vpcroute.proof import Disagreement, Proof, prove
from vpcroute.table import RouteTable
from vpcroute.vantage import Vantage

__all__ = ["EPILOG", "USAGE", "add_arguments", "resident", "run"]

USAGE: Final = "[options] (FILE | --network FILE)"

EPILOG: Final = """\
By the rules, answers change only at the edges of prefixes. There --prove compares everything about them, and between
two edges it asks the compiled form for a middle and the last address too: that is the whole address space, IPv4 and
IPv6. Without a vantage it does so for cf1:network in every virtual network, with --region, --colo or --mode if they are
given. It takes some minutes for a million prefixes.

  vpcroute check network.json
  vpcroute check --prove --vnet staging network.json

Memory of the table is what the process grew by while loading, that of the compiled form what the index of addresses
and names takes (cf1:network, default virtual network).

--json prints one object: network, routing_mode, counts, virtual_networks [{id, name, default, routes}],
memory {table, compiled} in bytes, or null where it is not measured, findings [{code, path, text}], errors;
with --prove also proofs [{vantage, addresses, names, disagreements, first [{address, differs, rules, compiled}]}],
rules and compiled as resolve --json prints them; or, for a document with errors: network, errors [{path, message}].

""" + status_text("nothing found", "findings or disagreements")

_T = TypeVar("_T")

_STATM: Final = Path("/proc/self/statm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The document, whether to prove it, and from where."""
    add_file(parser)
    parser.add_argument(
        "--prove",
        action="store_true",
        help="compare the compiled form with the rules as they are written, at every edge of every prefix and every "
        "name; by default from every virtual network, in the routing mode of the document",
    )
    add_vantage(parser, "every one")


def run(args: argparse.Namespace) -> int:
    """Prints what is in the document, and proofs."""
    file = network_file(args)
    given = [option for option in VANTAGE_OPTIONS if getattr(args, option) is not None]
    if given and not args.prove:
        args.parser.error(f"argument --{given[0]}: goes with --prove")
    vantage = vantage_of(args)
    before = resident()
    try:
        loaded = load_or_raise(args, file) if args.json else load(args, file)
    except InvalidDocument as error:
        problems = [{"path": path, "message": text} for path, text in error.problems]
        write(sys.stdout, json_line({"network": file, "errors": problems}))
        return Status.UNUSABLE
    after = resident()
    loaded.stand(vantage)  # so that an unknown one is said before anything else
    found = _contents(loaded, None if before is None or after is None else max(0, after - before))
    if not args.json:
        _show_contents(found)
        sys.stdout.flush()
    proved = list(_proofs(loaded, vantage)) if args.prove else []
    if args.json:
        more = {"proofs": list(map(_proof_json, proved))} if args.prove else {}
        write(sys.stdout, json_line({"network": file, **found, **more}))
    elif args.prove:
        _show_proofs(loaded, proved)
    return Status.WELL if _is_well(found, proved) else Status.FOUND


def resident() -> int | None:
    """The bytes of this process that are in memory; None where the platform does not tell."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # another C library: it may keep what was freed
        ctypes.CDLL(None).malloc_trim(0)
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, AttributeError):
        return None


def _contents(loaded: RouteTable, size: int | None) -> dict[str, Any]:
    """What is in a table, as ``check --json`` prints it; `size` is the memory that it takes, if that is known."""
    networks = [
        {
            "id": network.id,
            "name": network.name,
            "default": network.is_default,
            "routes": len(loaded.select(virtual_network=network.id)),
        }
        for network in loaded.virtual_networks
    ]
    return {
        "routing_mode": loaded.routing_mode,
        "counts": loaded.counts(),
        "virtual_networks": networks,
        "memory": {"table": size, "compiled": loaded.compile().nbytes()},
        "findings": [{"code": str(f.code), "path": f.path, "text": f.text} for f in loaded.findings],
        "errors": [],
    }


def _show_contents(found: dict[str, Any]) -> None:
    """Prints contents as tables."""
    counts = table(("announcements", "count"))
    counts.show(Row((kind, str(count))) for kind, count in found["counts"].items())
    _end()
    networks = table(("virtual network", "routes", "default", "id"))
    networks.show(
        Row((printable(n["name"]), str(n["routes"]), "yes" if n["default"] else "", printable(n["id"])))
        for n in found["virtual_networks"]
    )
    _end()
    memory = table(("memory", "size"))
    memory.show(Row((what, _size(found["memory"][key]))) for what, key in _MEASURED)
    write(sys.stdout, "\n" if found["findings"] else "\nnothing odd found\n")
    if found["findings"]:
        findings = table(("finding", "path"), "text")
        findings.show(
            Row((f["code"], clean(f["path"])), (Note("note", clean(f["text"])),), "finding") for f in found["findings"]
        )


_MEASURED: Final = (("table (RIB)", "table"), ("compiled form (FIB)", "compiled"))


def _size(count: int | None) -> str:
    if count is None:
        return "not measured on this platform"
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"


def _end() -> None:
    write(sys.stdout, "\n")


# Proofs


def _proofs(loaded: RouteTable, vantage: Vantage) -> Iterator[Proof]:
    """A proof for a vantage; for ``cf1:network`` and no virtual network one for each of them."""
    networks: Sequence[str | None] = [vantage.virtual_network]
    if vantage.network_id is not None and vantage.virtual_network is None:
        networks = [network.id for network in loaded.virtual_networks]
    for network in networks:
        asked = attrs.evolve(vantage, virtual_network=network)
        with progress_bar(describe(loaded.stand(asked))) as progress:
            yield prove(loaded, asked, progress=progress)


def _is_well(found: dict[str, Any], proved: Sequence[Proof]) -> bool:
    """Whether nothing odd was found, and every proof holds."""
    return not found["findings"] and all(proof.holds for proof in proved)


def _show_proofs(loaded: RouteTable, proved: Sequence[Proof]) -> None:
    """Prints what the proofs came to, with the first disagreements."""
    _end()
    results = table(("addresses", "names", "disagreements"), "compiled and rules compared from")
    for proof in proved:
        counts = proof.addresses, proof.names, proof.disagreements
        vantage = Note("note", describe(loaded.stand(proof.vantage)))
        results.show([Row(tuple(map(str, counts)), (vantage,), "" if proof.holds else "refused")])
    wrong = [disagreement for proof in proved for disagreement in proof.first]
    if wrong:
        _end()
        shown = table(("address", "answer", "offramp", "egress", "route", "port"), "remarks")
        shown.show(row for disagreement in wrong for row in _rows(disagreement))


def _rows(wrong: Disagreement) -> Iterator[Row]:
    differs = Note("finding", f"differs: {', '.join(wrong.differs)}")
    for who, answer, notes in (("rules", wrong.rules, ()), ("compiled", wrong.compiled, (differs,))):
        row = _shown(answer_row, wrong.address, answer)
        if row is None:
            row = Row(
                (printable(wrong.address), "fault", *[NO_VALUE] * 3), (Note("error", clean(repr(answer))),), "error"
            )
        yield Row((row.cells[0], who, *row.cells[1:]), (*notes, *row.notes), row.about)


def _proof_json(proof: Proof) -> dict[str, Any]:
    """A proof as ``check --prove --json`` prints it."""
    return {
        "vantage": {name: value for name, value in attrs.asdict(proof.vantage).items() if value is not None},
        "addresses": proof.addresses,
        "names": proof.names,
        "disagreements": proof.disagreements,
        "first": [
            {
                "address": wrong.address,
                "differs": list(wrong.differs),
                "rules": _json(wrong.address, wrong.rules),
                "compiled": _json(wrong.address, wrong.compiled),
            }
            for wrong in proof.first
        ],
    }


def _json(address: str, answer: Resolution | Exception) -> dict[str, Any]:
    error = {"code": None, "message": repr(answer), "hint": None}
    return _shown(answer_json, address, answer) or {"address": address, "error": error}


def _shown(show: Callable[[str, Any], _T], address: str, answer: Resolution | Exception) -> _T | None:
    """An answer as it is shown otherwise; None for a fault, and for an answer that has one inside."""
    if not isinstance(answer, (Resolution, RouteError)):
        return None
    try:
        return show(address, answer)
    except Exception:  # what the proof looks for
        return None
