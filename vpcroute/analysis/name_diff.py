"""The names that two resolvers answer differently.

The names one label below another one that have no route, no known address and no refused wildcard of their own are
answered alike, so that one of them is asked for all; and so are all names that nothing at all is for. Only names under
which something may have changed are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import count, product
from typing import Final

from vpcroute.analysis.answer import Side, identity
from vpcroute.analysis.changes import NameChange
from vpcroute.egress import Egress
from vpcroute.fib.compare import changed_names
from vpcroute.fib.hostnames import NUMBER_BITS, matches_glob
from vpcroute.fields import IPAddress

__all__ = ["changed_name_answers"]

_CHARACTERS: Final = "qxzjkvwybgpfmuldhrsnioate0123456789"


def changed_name_answers(
    before: Side, after: Side, moved: Callable[[IPAddress], bool], *, fully: bool
) -> Iterator[NameChange]:
    """The names that change, in order, then the patterns.

    Args:
        before, after: the two sides.
        moved: whether the answer for an address changes.
        fully: whether what is guaranteed and what is up is compared, too.
    """
    comparison = _Comparison(before, after, moved, fully)
    if before.everything is not None and after.everything is not None:
        yield from comparison.asked([("**", "x")])
        return
    yield from comparison.asked(comparison.names())
    yield from comparison.asked(comparison.patterns())


class _Comparison:
    def __init__(self, before: Side, after: Side, moved: Callable[[IPAddress], bool], fully: bool) -> None:
        self._sides = before, after
        self._moved = moved
        self._fully = fully
        globs = [{g.hostname for some in side.names.globs.values() for g in some} for side in self._sides]
        self._globs = sorted(globs[0] ^ globs[1])
        self._all_globs = globs[0] | globs[1]
        self._deepest = max((glob.count(".") for glob in self._all_globs), default=0)
        self._bases = self._changed_bases()

    def asked(self, questions: Iterable[tuple[str, str]]) -> Iterator[NameChange]:
        """The changes among these patterns, each with a name that is asked for it."""
        for pattern, name in questions:
            old, new = (side.of_name(name, fully=self._fully) for side in self._sides)
            if old != new:
                yield NameChange(pattern, old, new)

    def names(self) -> Iterator[tuple[str, str]]:
        """The names with a route or known addresses of their own that may change."""
        names = {name for name in self._bases if any(_has_own(side, name) for side in self._sides)}
        names |= {name for name in {*self._sides[0].hosts, *self._sides[1].hosts} if self._host_may_change(name)}
        return ((name, name) for name in sorted(names))

    def patterns(self) -> Iterator[tuple[str, str]]:
        """The sets of names that may change."""
        for base in sorted(base for base in self._bases if self._is_for_below(base)):
            yield f"*.{base}", self._one_of(f"*.{base}")
            for glob in self._globs:
                first, _, rest = glob.partition(".")
                part = f"{first}.{base}"
                if first != "*" and matches_glob(rest, base) and ("*" in first or not self._is_known(part)):
                    yield part, self._one_of(part)
        for glob in self._globs:
            rest = glob.partition(".")[2]
            if "*" in rest or not self._is_for_below(rest):
                yield glob, self._one_of(glob)
        if any(side.everything is not None for side in self._sides):
            yield "**", self._one_of("*" + ".*" * (self._deepest + 1))

    def _one_of(self, pattern: str) -> str:
        """A name that a pattern stands for, and that nothing else is for."""
        names = (pattern.replace("*", label) for label in _labels(self._all_globs))
        return next(name for name in names if not self._is_known(name))

    def _is_known(self, name: str) -> bool:
        return any(_has_own(side, name) or name in side.hosts for side in self._sides)

    def _is_for_below(self, base: str) -> bool:
        return any(_has_below(side, base) for side in self._sides)

    def _changed_bases(self) -> set[str]:
        """The names of routes under which something may have changed."""
        before, after = self._sides
        down = [_down(side) for side in self._sides]
        if before.names.numbers is after.names.numbers and not self._globs and down[0] == down[1]:
            some = changed_names(before.names.index, after.names.index)
            if some is not None:
                return some
        names = {name for side in self._sides for name, _, _ in side.names.index.items()}
        if self._globs or before.everything is not None or after.everything is not None:
            return names
        known: tuple[dict[int, Hashable], dict[int, Hashable]] = {}, {}
        return {
            name for name in names if _said(before, name, down[0], known[0]) != _said(after, name, down[1], known[1])
        }

    def _host_may_change(self, name: str) -> bool:
        hosts = [side.hosts.get(name) for side in self._sides]
        return (
            hosts[0] != hosts[1]
            or bool(self._globs)
            or any(side.everything is not None for side in self._sides)
            or name in self._bases
            or name.partition(".")[2] in self._bases
            or any(map(self._moved, hosts[0] or ()))
        )


def _has_own(side: Side, name: str) -> bool:
    return bool(side.names.index.get(name)[0] >= 0)


def _has_below(side: Side, name: str) -> bool:
    return bool(side.names.index.get(name)[1] >= 0) or name in side.names.stored


def _down(side: Side) -> set[Egress]:
    """The connectors of hostname routes that are down."""
    return {via for via in {*side.names.numbers.vias} if via is not None and not side.is_up(via)}


def _said(side: Side, name: str, down: set[Egress], known: dict[int, Hashable]) -> Hashable:
    """What is said of a name and of those below it, to compare with another side."""
    numbers = side.names.index.get(name)
    return *(_route_said(side, number, down, known) for number in numbers), name in side.names.stored


def _route_said(side: Side, number: int, down: set[Egress], known: dict[int, Hashable]) -> Hashable:
    if number < 0:
        return None
    via = side.names.numbers.vias[number >> NUMBER_BITS]
    if via is None:
        return "not in force"
    said = known.get(id(via))
    if said is None:
        said = known[id(via)] = identity(via), via in down
    return said


def _labels(globs: Iterable[str]) -> Iterator[str]:
    """Labels that few names have, and that as few refused wildcards as can be match."""
    parts = {part for glob in globs for part in glob.split(".") if "*" in part and part.strip("*")}
    if parts:
        pairs = ("".join(pair) * 8 for pair in product(_CHARACTERS, repeat=2))
        yield from (label for label in pairs if not any(matches_glob(part, label) for part in parts))
    yield from map("other{}".format, count())
