"""The longest stored suffix of a name, label by label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from benchmarks import peers
from benchmarks.contenders.addresses import Numbering, Tree
from benchmarks.subject import Subject
from benchmarks.tables import Connector, Names

__all__ = ["CONTENDERS", "NameContender", "parent_walk"]


@attrs.frozen
class NameContender:
    """A way of finding the longest suffix; the attributes are those of a Contender for addresses."""

    name: str
    returns: str
    build: Callable[[Names], Tree]
    module: str | None = None

    @property
    def is_there(self) -> bool:
        """Whether its module can be imported."""
        return self.module is None or peers.load(self.module) is not None

    def subject(self, tree: Tree, numbering: Numbering) -> Subject:
        """It as a row."""
        return Subject(
            self.name,
            "peer",
            tree.call,
            self.returns,
            lambda result: numbering.facets(tree.egress(result)),
            raises=tree.raises,
        )


def _stored(names: Names) -> dict[str, Connector]:
    return {name: names.egresses[number] for name, number in zip(names.names, names.egress, strict=True)}


def parent_walk(names: Names) -> Tree:
    """A dict, asked for the name, its parent, and so on."""
    get = _stored(names).get

    def lookup(name: str) -> Connector | None:
        while name:
            egress = get(name)
            if egress is not None:
                return egress
            name = name.partition(".")[2]
        return None

    return Tree(lookup)


def _backwards(name: str) -> str:
    return ".".join(name.split(".")[::-1])


def _marisa(names: Names) -> Tree:
    # A dot at the end of each key, so that a label is whole.
    trie = peers.load("marisa_trie").Trie([_backwards(name) + "." for name in names.names])
    stored = _stored(names)
    egresses: list[Connector] = [names.egresses[0]] * len(trie)
    for name, egress in stored.items():
        egresses[trie[_backwards(name) + "."]] = egress
    prefixes = trie.prefixes

    def lookup(name: str) -> Connector | None:
        found = prefixes(".".join(name.split(".")[::-1]) + ".")
        return egresses[trie[found[-1]]] if found else None

    return Tree(lookup)


def _pygtrie(names: Names) -> Tree:
    trie = peers.load("pygtrie").StringTrie(separator=".")
    for name, egress in _stored(names).items():
        trie[_backwards(name)] = egress
    longest = trie.longest_prefix

    def lookup(name: str) -> Any:
        step = longest(".".join(name.split(".")[::-1]))
        return step.value if step else None

    return Tree(lookup)


def _namedict(names: Names) -> Tree:
    tree = peers.load("dns.namedict").NameDict()
    from_text = peers.load("dns.name").from_text
    for name, egress in _stored(names).items():
        tree[from_text(name)] = egress
    deepest = tree.get_deepest_match

    def lookup(name: str) -> Any:
        return deepest(from_text(name))

    return Tree(lookup, lambda pair: pair[1], raises=(KeyError,))


def _radixtarget(names: Names) -> Tree:
    tree = peers.load("radixtarget").RadixTarget()
    for name, egress in _stored(names).items():
        tree.insert(name, egress)
    return Tree(tree.get)


_OBJECT: Final = "the stored object"

CONTENDERS: Final = (
    NameContender("dict parent-walk", _OBJECT, parent_walk),
    NameContender("marisa-trie", _OBJECT, _marisa, "marisa_trie"),
    NameContender("pygtrie", _OBJECT, _pygtrie, "pygtrie"),
    NameContender("dnspython NameDict", "a tuple of name and object", _namedict, "dns.namedict"),
    NameContender("radixtarget", _OBJECT, _radixtarget, "radixtarget"),
)
