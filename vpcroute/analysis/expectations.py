"""What must stay true of a network, checked over every address and every name, not over a sample."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range
from typing import Any, Final, get_args

import attrs

from vpcroute.analysis.address_diff import spans, without_mapped
from vpcroute.analysis.answer import PORT, Answer, Side
from vpcroute.edges import WIDTHS, Version
from vpcroute.egress import EcmpGroup, Gateway, Offramp
from vpcroute.errors import CLOUDFLARE_CODES, OWN_CODES, quoted
from vpcroute.fib.compare import changed_ranges
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import MAPPED, IPAddress, ascii_name, read_prefix

__all__ = ["PROPERTIES", "Expectation", "Failure", "check", "properties_of", "recorded"]

#: What can be expected of an answer.
PROPERTIES: Final = ("egress", "offramp", "code", "guaranteed")

_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "offramp": frozenset(get_args(Offramp)),
    "code": CLOUDFLARE_CODES | OWN_CODES,
}

_Range = tuple[Version, int, int]


@attrs.frozen
class Expectation:
    """Something that must be true of every address of a range, or of every name of a pattern.

    Attributes:
        destination: an address, a prefix, a range ``first-last``, a name, or ``*.suffix`` for all one label below.
        must: what each answer must have: ``egress`` (an id or a name; of an ECMP group the names with ``+`` between
            them), ``offramp``, ``code`` of a refusal, or ``guaranteed``.
        must_not: what no answer may have.
    """

    destination: str
    must: Mapping[str, object] = attrs.field(factory=dict)
    must_not: Mapping[str, object] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        unknown = sorted({*self.must, *self.must_not} - {*PROPERTIES})
        if unknown:
            raise ValueError(f"{quoted(unknown[0])} cannot be expected: {', '.join(PROPERTIES)} can")
        for name, value in (*self.must.items(), *self.must_not.items()):
            _check_value(name, value)
        if not self.must and not self.must_not:
            raise ValueError(f"nothing is expected of {quoted(self.destination)}")
        self.target()

    def target(self) -> _Range | str:
        """The addresses or the name or pattern that it is about; ValueError for what is none."""
        first, dash, last = self.destination.partition("-")
        found: tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address] | None = None
        if dash and (":" in first or first.replace(".", "").isdigit()):
            found = ip_address(first.strip()), ip_address(last.strip())
        else:
            try:
                network, host_bits = read_prefix(self.destination)
                if host_bits:
                    raise ValueError(f"{quoted(self.destination)} has host bits: the prefix is {network}")
                found = network.network_address, network.broadcast_address
            except ValueError:
                if "/" in self.destination:
                    raise
        if found is None:
            star = "*." if self.destination.startswith("*.") else ""
            return star + ascii_name(self.destination.removeprefix("*."))
        if found[0].version != found[1].version or int(found[0]) > int(found[1]):
            raise ValueError(f"{quoted(self.destination)} is no range")
        if found[0] in MAPPED and found[1] in MAPPED:
            raise ValueError(f"{quoted(self.destination)} has IPv4-mapped addresses only: name the IPv4 ones")
        version: Version = 4 if found[0].version == 4 else 6
        return version, int(found[0]), int(found[1])

    def holds_for(self, answer: Answer) -> bool:
        """Whether an answer is as expected."""
        return all(_has(answer, name, value) for name, value in self.must.items()) and not any(
            _has(answer, name, value) for name, value in self.must_not.items()
        )


@attrs.frozen
class Failure:
    """An expectation that does not hold.

    Attributes:
        expectation: which one.
        counterexample: an address or name that is not as expected; of addresses the lowest one.
        answer: the answer there.
        count: how many addresses, or names and patterns, are not as expected.
    """

    expectation: Expectation
    counterexample: str
    answer: Answer
    count: int

    @property
    def question(self) -> IPAddress | str:
        """The counterexample as what ``resolve`` and ``explain`` take."""
        is_name = isinstance(self.expectation.target(), str)
        return f"{self.counterexample}:{PORT}" if is_name else ip_address(self.counterexample)


def check(resolver: Resolver, expectation: Expectation) -> Failure | None:
    """Whether an expectation holds for a resolver: None if it does, else where it does not."""
    side = Side(resolver)
    target = expectation.target()
    wrong = list(
        _wrong_names(side, expectation, target) if isinstance(target, str) else _wrong(side, expectation, target)
    )
    if not wrong:
        return None
    return Failure(expectation, wrong[0][0], wrong[0][1], sum(count for _, _, count in wrong))


def _wrong(side: Side, expectation: Expectation, target: _Range) -> Iterator[tuple[str, Answer, int]]:
    """The ranges of a family that are not as expected: the first address, its answer, and how many they are."""
    version, begin, end = target
    trie = side.trie(version)
    answers = side.answers(fully=side.says_all)
    holds: dict[int, bool] = {}
    wrong = array("I", bytes(4 * len(answers)))
    for number, answer in enumerate(answers):
        if id(answer) not in holds:
            holds[id(answer)] = expectation.holds_for(answer)
        wrong[number] = not holds[id(answer)]
    ranges, _ = changed_ranges(trie, trie, array("I", bytes(4 * len(answers))), wrong)
    for first, last, number in spans(version, ranges):
        if not number or last < begin or first > end:
            continue
        for lowest, highest in without_mapped(version, max(first, begin), min(last, end)):
            ip = IPv4Address(lowest) if version == 4 else IPv6Address(lowest)
            yield str(ip), answers[trie.find(lowest)], highest - lowest + 1


def _wrong_names(side: Side, expectation: Expectation, target: str) -> Iterator[tuple[str, Answer, int]]:
    """The names that are not as expected; one without a route of its own stands for all others of a pattern."""
    names = [target]
    if target.startswith("*."):
        suffix = target[1:]
        known = {*(name for name, own, _ in side.names.index.items() if own >= 0), *side.hosts}
        names = sorted(name for name in known if name.endswith(suffix) and "." not in name.removesuffix(suffix))
        other = 0
        while f"other{other}{suffix}" in known:
            other += 1
        names.append(f"other{other}{suffix}")
    for name in names:
        answer = side.of_name(name, fully=side.says_all)
        if not expectation.holds_for(answer):
            yield name, answer, 1


def _check_value(name: str, value: object) -> None:
    """ValueError for what no answer can have, so that nothing is expected that always holds or never does."""
    if name == "guaranteed":
        if not isinstance(value, bool):
            raise ValueError(f"guaranteed is true or false, not {quoted(str(value))}")
    elif not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {quoted(str(value))}")
    elif name in _KNOWN and value not in _KNOWN[name]:
        raise ValueError(f"no {name} is {quoted(value)}; there is {', '.join(sorted(_KNOWN[name]))}")


def _has(answer: Answer, name: str, value: object) -> bool:
    return value in properties_of(answer)[name]


def properties_of(answer: Answer) -> dict[str, tuple[Any, ...]]:
    """What an answer has of each property."""
    egress = answer.egress
    called: tuple[Any, ...] = ()
    if isinstance(egress, EcmpGroup):
        called = ("+".join(member.onramp.name for member in egress.members),)
    elif egress is not None:
        called = tuple(text for text in (egress.id, egress.name) if text is not None)
    return {
        "egress": called,
        "offramp": () if egress is None else (egress.offramp,),
        "code": () if answer.code is None else (answer.code,),
        "guaranteed": (answer.guaranteed,),
    }


def recorded(resolver: Resolver) -> Iterator[Expectation]:
    """What holds today of all addresses and names that routes lead somewhere: expectations to begin with."""
    side = Side(resolver)
    answers = side.answers(fully=side.says_all)
    for version in WIDTHS:
        trie = side.trie(version)
        meanings: dict[Answer, int] = {}
        numbers = array("I", (meanings.setdefault(answer, len(meanings)) + 1 for answer in answers))
        ranges, pairs = changed_ranges(trie, trie, array("I", bytes(4 * len(answers))), numbers)
        found = list(meanings)
        for first, last, number in spans(version, ranges):
            answer = found[pairs[number - 1][1] - 1]
            if answer.egress is not None and not isinstance(answer.egress, Gateway):
                for start, end in without_mapped(version, first, last):
                    yield Expectation(_written(version, start, end), _as_it_is(answer))
    for name in sorted(name for name, own, _ in side.names.index.items() if own >= 0):
        yield Expectation(name, _as_it_is(side.of_name(name, fully=side.says_all)))


def _written(version: Version, first: int, last: int) -> str:
    start, end = (IPv4Address(n) if version == 4 else IPv6Address(n) for n in (first, last))
    prefixes = list(summarize_address_range(start, end))
    return str(prefixes[0]) if len(prefixes) == 1 else f"{start}-{end}"


def _as_it_is(answer: Answer) -> dict[str, object]:
    if answer.code is not None:
        return {"code": answer.code}
    return {"egress": properties_of(answer)["egress"][0], "guaranteed": answer.guaranteed}
