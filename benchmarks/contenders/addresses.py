"""Longest-prefix match from Python: each package as its own documentation uses it, the stored object an egress."""

from __future__ import annotations

import socket
import tempfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks import peers
from benchmarks.subject import Facets, Subject
from benchmarks.tables import FAMILIES, WIDTHS, Connector, Family

__all__ = ["CONTENDERS", "Contender", "Numbering", "Tree", "write_pfx2as"]


class Numbering:
    """The number of each egress, for comparing what contenders say."""

    def __init__(self, egresses: Sequence[Connector]) -> None:
        self._numbers = {egress: number for number, egress in enumerate(egresses)}

    def of(self, egress: Any) -> int | None:
        """The number; None for anything that is not in the table, such as Gateway."""
        return None if egress is None else self._numbers.get(egress)

    def facets(self, egress: Any) -> Facets:
        """What an egress says."""
        return {"egress": self.of(egress)}


@attrs.frozen
class Tree:
    """A contender that is built: what is called, and how an answer becomes an egress or a number of one.

    Attributes:
        keep: whatever has to live as long as `call`.
    """

    call: Any
    egress: Callable[[Any], Any] = lambda result: result
    subscript: bool = False
    raises: tuple[type[BaseException], ...] = ()
    numbered: bool = False
    keep: Any = None


@attrs.frozen
class Contender:
    """A way of longest-prefix matching.

    Attributes:
        returns: which object comes back.
        build: makes it from prefixes and the egress of each number.
        module: the module it needs; None is the standard library.
        slow: whether it is left out where only the fast ones count.
    """

    name: str
    returns: str
    build: Callable[[Family, Sequence[Connector]], Tree]
    module: str | None = None
    slow: bool = False

    @property
    def is_there(self) -> bool:
        """Whether its module can be imported."""
        return self.module is None or peers.load(self.module) is not None

    def subject(self, tree: Tree, numbering: Numbering) -> Subject:
        """It as a row."""

        def facets(result: Any) -> Facets:
            found = tree.egress(result)
            return {"egress": found} if tree.numbered else numbering.facets(found)

        return Subject(self.name, "peer", tree.call, self.returns, facets, subscript=tree.subscript, raises=tree.raises)


def _pytricia(family: Family, egresses: Sequence[Connector]) -> Tree:
    tree = peers.load("pytricia").PyTricia(WIDTHS[family.version])
    for prefix, number in zip(family.prefixes, family.egress, strict=True):
        tree[prefix] = egresses[number]
    tree.freeze()
    return Tree(tree, subscript=True, raises=(KeyError,))


def _pattrie(family: Family, egresses: Sequence[Connector]) -> Tree:
    tree = peers.load("pattrie").Pattrie(WIDTHS[family.version], FAMILIES[family.version])
    for prefix, number in zip(family.prefixes, family.egress, strict=True):
        tree[prefix] = egresses[number]
    tree.freeze()
    return Tree(tree, subscript=True, raises=(KeyError,))


def _radix(family: Family, egresses: Sequence[Connector]) -> Tree:
    tree = peers.load("radix").Radix()
    for prefix, number in zip(family.prefixes, family.egress, strict=True):
        tree.add(prefix).data["egress"] = egresses[number]
    return Tree(tree.search_best, lambda node: node and node.data["egress"], keep=tree)


def _subnettree(family: Family, egresses: Sequence[Connector]) -> Tree:
    tree = peers.load("SubnetTree").SubnetTree()
    for prefix, number in zip(family.prefixes, family.egress, strict=True):
        tree[prefix] = egresses[number]
    return Tree(tree, subscript=True, raises=(KeyError,))


def _radixtarget(family: Family, egresses: Sequence[Connector]) -> Tree:
    tree = peers.load("radixtarget").RadixTarget()
    for prefix, number in zip(family.prefixes, family.egress, strict=True):
        tree.insert(prefix, egresses[number])
    return Tree(tree.get)


def write_pfx2as(family: Family, path: Path) -> None:
    """Writes prefixes and the numbers of their egresses, from 1, in the form that originet reads."""
    lines = (
        f"{prefix.replace('/', chr(9))}\t{number + 1}\n"
        for prefix, number in zip(family.prefixes, family.egress, strict=True)
    )
    path.write_text("".join(lines), encoding="ascii")


def _originet(family: Family, egresses: Sequence[Connector]) -> Tree:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.pfx2as")
        write_pfx2as(family, path)
        table = peers.load("originet").Table.from_files(**{f"ipv{family.version}": path})
    return Tree(table.lookup, lambda match: match and match.asn - 1, numbered=True, keep=table)


def _pyasn(family: Family, egresses: Sequence[Connector]) -> Tree:
    lines = (f"{prefix}\t{number + 1}\n" for prefix, number in zip(family.prefixes, family.egress, strict=True))
    table = peers.load("pyasn").pyasn(None, ipasn_string="".join(lines))
    return Tree(table.lookup, lambda pair: None if pair[0] is None else pair[0] - 1, numbered=True)


def _lengths(family: Family, egresses: Sequence[Connector]) -> Tree:
    """A dict for each prefix length, the longest asked first."""
    bits = WIDTHS[family.version]
    by_length: defaultdict[int, dict[int, Connector]] = defaultdict(dict)
    for (start, length), number in zip(family.spans, family.egress, strict=True):
        by_length[length][start >> (bits - length)] = egresses[number]
    steps = [(bits - length, by_length[length]) for length in sorted(by_length, reverse=True)]
    reader = socket.inet_pton
    kind = FAMILIES[family.version]
    number_of = int.from_bytes

    def lookup(text: str) -> Connector | None:
        number = number_of(reader(kind, text), "big")
        for shift, egress_of in steps:
            egress = egress_of.get(number >> shift)
            if egress is not None:
                return egress
        return None

    return Tree(lookup)


def _flat(family: Family, egresses: Sequence[Connector]) -> tuple[list[int], list[Connector | None]]:
    starts, numbers = family.flat
    return list(starts), [None if number < 0 else egresses[number] for number in numbers]


def _inet_bisect(family: Family, egresses: Sequence[Connector]) -> Tree:
    starts, values = _flat(family, egresses)
    reader, number_of = socket.inet_pton, int.from_bytes
    kind = FAMILIES[family.version]

    def lookup(text: str) -> Connector | None:
        return values[bisect_right(starts, number_of(reader(kind, text), "big")) - 1]

    return Tree(lookup)


def _ipaddress_bisect(family: Family, egresses: Sequence[Connector]) -> Tree:
    starts, values = _flat(family, egresses)

    def lookup(text: str) -> Connector | None:
        return values[bisect_right(starts, int(ip_address(text))) - 1]

    return Tree(lookup)


_OBJECT: Final = "the stored object"

CONTENDERS: Final = (
    Contender("pytricia", _OBJECT, _pytricia, "pytricia"),
    Contender("pattrie", _OBJECT, _pattrie, "pattrie"),
    Contender("py-radix", "a node that has it", _radix, "radix"),
    Contender("pysubnettree", _OBJECT, _subnettree, "SubnetTree"),
    Contender("radixtarget", _OBJECT, _radixtarget, "radixtarget"),
    Contender("originet", "a Match of prefix and number", _originet, "originet"),
    Contender("pyasn", "a tuple of number and prefix", _pyasn, "pyasn"),
    Contender("a dict per prefix length", _OBJECT, _lengths, slow=True),
    Contender("inet_pton and bisect", _OBJECT, _inet_bisect),
    Contender("ipaddress and bisect", _OBJECT, _ipaddress_bisect, slow=True),
)
