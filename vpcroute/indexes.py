"""The indexes of a route table: prefix trees, the hostname suffix index, and sets of announcement ids.

Each maps to dense integer ids, which the table hands out; none of them knows an announcement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any, Final

import dns.name
import radix
from pyroaring import BitMap

__all__ = ["IdSets", "PrefixTree", "SuffixIndex"]

Ids = tuple[int, ...]

_IDS: Final = "ids"


def _with(ids: Ids, id_: int) -> Ids:
    """The ids and one more, in order, so that it does not matter when each came."""
    return tuple(sorted((*ids, id_))) if ids else (id_,)


class PrefixTree:
    """Ids by prefix, both address families, in a py-radix tree.

    It is fed with packed bytes only: py-radix reads text with getaddrinfo, to which ``10.1`` is an address.
    """

    def __init__(self) -> None:
        self._tree: Any = radix.Radix()

    def add(self, packed: bytes, length: int, id_: int) -> None:
        """Adds an id under a prefix that does not have it."""
        node = self._tree.add(packed=packed, masklen=length)
        node.data[_IDS] = _with(node.data.get(_IDS, ()), id_)

    def remove(self, packed: bytes, length: int, id_: int) -> None:
        """Takes an id away that is there."""
        node = self._tree.search_exact(packed=packed, masklen=length)
        rest = tuple(i for i in node.data[_IDS] if i != id_)
        if rest:
            node.data[_IDS] = rest
        else:
            self._tree.delete(packed=packed, masklen=length)

    def exact(self, packed: bytes, length: int) -> Ids:
        """The ids of exactly this prefix."""
        node = self._tree.search_exact(packed=packed, masklen=length)
        return () if node is None else node.data[_IDS]

    def covering(self, packed: bytes, length: int) -> list[tuple[int, Ids]]:
        """Length and ids of every prefix that contains this one, itself included, longest first."""
        return [(node.prefixlen, node.data[_IDS]) for node in self._tree.search_covering(packed=packed, masklen=length)]

    def covered(self, packed: bytes, length: int) -> list[Ids]:
        """The ids of every prefix inside this one, itself included, in no order."""
        return [node.data[_IDS] for node in self._tree.search_covered(packed=packed, masklen=length)]

    def of(self, version: int) -> Iterator[tuple[bytes, int, Ids]]:
        """Packed address, length and ids of each prefix of a family, ordered by address and then length."""
        width = 4 if version == 4 else 16
        for node in self._tree.nodes():
            packed = node.packed
            if len(packed) == width:
                yield packed, node.prefixlen, node.data[_IDS]


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
    """Sets of ids by a facet and its value, such as ``("kind", "static")``, as roaring bitmaps."""

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

    def values(self, facet: str) -> list[Hashable]:
        """The values of a facet that some id has."""
        return [value for name, value in self._sets if name == facet]
