"""The indexes of a route table: prefix trees, the hostname suffix index, and sets of announcement ids.

Each maps to dense integer ids, which the table hands out; none of them knows an announcement.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterator
from operator import attrgetter
from typing import Any, Final

import dns.name
import radix
from pyroaring import BitMap

__all__ = ["IdSets", "PrefixTree", "SuffixIndex"]

Ids = tuple[int, ...]

_V4_OCTETS: Final = 4
_PACKED: Final = attrgetter("packed")
_LENGTH: Final = attrgetter("prefixlen")


def _with(ids: Ids, id_: int) -> Ids:
    """The ids and one more, in order, so that it does not matter when each came."""
    return tuple(sorted((*ids, id_))) if ids else (id_,)


class PrefixTree:
    """Ids by prefix, both address families, in a py-radix tree.

    It is fed with packed bytes only: py-radix reads text with getaddrinfo, to which ``10.1`` is an address. The ids
    stand in dicts by node and not in the nodes' own: a dict with one key in each node takes three times as much.
    """

    def __init__(self) -> None:
        self._tree: Any = radix.Radix()
        self._one: dict[Any, int] = {}  # of the nodes that have one id
        self._several: dict[Any, Ids] = {}  # of the others

    def add(self, packed: bytes, length: int, id_: int) -> None:
        """Adds an id under a prefix that does not have it."""
        node = self._tree.add(packed=packed, masklen=length)
        if node in self._several:
            self._several[node] = _with(self._several[node], id_)
        elif (first := self._one.setdefault(node, id_)) != id_:
            self._several[node] = _with((first,), id_)
            del self._one[node]

    def remove(self, packed: bytes, length: int, id_: int) -> None:
        """Takes an id away that is there."""
        node = self._tree.search_exact(packed=packed, masklen=length)
        if node in self._one:
            del self._one[node]
            self._tree.delete(packed=packed, masklen=length)
            return
        rest = tuple(i for i in self._several.pop(node) if i != id_)
        if len(rest) == 1:
            self._one[node] = rest[0]
        else:
            self._several[node] = rest

    def exact(self, packed: bytes, length: int) -> Ids:
        """The ids of exactly this prefix."""
        node = self._tree.search_exact(packed=packed, masklen=length)
        return () if node is None else self._at(node)

    def covering(self, packed: bytes, length: int) -> list[tuple[int, Ids]]:
        """Length and ids of every prefix that contains this one, itself included, longest first."""
        return [(node.prefixlen, self._at(node)) for node in self._tree.search_covering(packed=packed, masklen=length)]

    def covered(self, packed: bytes, length: int) -> list[Ids]:
        """The ids of every prefix inside this one, itself included, in no order."""
        return [self._at(node) for node in self._tree.search_covered(packed=packed, masklen=length)]

    def of(self, version: int) -> Iterator[tuple[bytes, int, Ids]]:
        """Packed address, length and ids of each prefix of a family, ordered by address and then length."""
        nodes = self._nodes(version)
        # Attributes, tuples and all are made in C: a million prefixes are read in a fraction of a second.
        ids = map(self._at, nodes) if self._several else zip(map(self._one.__getitem__, nodes), strict=False)
        return zip(map(_PACKED, nodes), map(_LENGTH, nodes), ids, strict=True)

    def _nodes(self, version: int) -> list[Any]:
        nodes: list[Any] = self._tree.nodes()  # IPv4 first
        first_v6 = bisect_left(nodes, True, key=lambda node: len(node.packed) > _V4_OCTETS)
        return nodes[:first_v6] if version == 4 else nodes[first_v6:]

    def _at(self, node: Any) -> Ids:
        one = self._one.get(node)
        return self._several[node] if one is None else (one,)


class _Node:
    __slots__ = ("children", "ids")

    def __init__(self) -> None:
        self.children: dict[bytes, _Node] = {}
        self.ids: Ids = ()


def _labels(name: str) -> tuple[bytes, ...]:
    """The labels of a name, the last one first."""
    return dns.name.from_text(name, origin=None, idna_codec=None).labels[::-1] if name else ()


class SuffixIndex:
    """Ids by name, in a tree of dnspython labels that grows from the right."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, name: str, id_: int) -> None:
        """Adds an id under a name in its ASCII form; the empty name is the root."""
        node = self._root
        for label in _labels(name):
            node = node.children.setdefault(label, _Node())
        node.ids = _with(node.ids, id_)

    def remove(self, name: str, id_: int) -> None:
        """Takes an id away that is there, and the nodes that are empty then."""
        path = [self._root]
        labels = _labels(name)
        for label in labels:
            path.append(path[-1].children[label])
        path[-1].ids = tuple(i for i in path[-1].ids if i != id_)
        for parent, label, node in reversed(list(zip(path, labels, path[1:], strict=False))):
            if node.ids or node.children:
                break
            del parent.children[label]

    def exact(self, name: str) -> Ids:
        """The ids of exactly this name."""
        walked = self.walk(name)
        return walked[0][1] if walked and walked[0][0] == len(_labels(name)) else ()

    def walk(self, name: str) -> list[tuple[int, Ids]]:
        """The number of labels and the ids of each suffix of the name that has any, the longest first."""
        found = [(0, self._root.ids)] if self._root.ids else []
        node = self._root
        for depth, label in enumerate(_labels(name), 1):
            child = node.children.get(label)
            if child is None:
                break
            node = child
            if node.ids:
                found.append((depth, node.ids))
        return found[::-1]


class IdSets:
    """Sets of ids by a facet and its value, such as ``("kind", "wan_static")``, as roaring bitmaps."""

    def __init__(self) -> None:
        self._sets: defaultdict[tuple[str, Hashable], BitMap] = defaultdict(BitMap)

    def add(self, facet: str, value: Hashable, id_: int) -> None:
        """Adds an id to a set."""
        self._sets[facet, value].add(id_)

    def discard(self, facet: str, value: Hashable, id_: int) -> None:
        """Takes an id out of a set, and away the set that is empty then."""
        ids = self._sets[facet, value]
        ids.discard(id_)
        if not ids:
            del self._sets[facet, value]

    def get(self, facet: str, value: Hashable) -> BitMap:
        """A copy of a set; an empty one for a value that nothing has."""
        return BitMap(self._sets.get((facet, value), ()))
