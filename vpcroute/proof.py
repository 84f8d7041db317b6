"""A proof that the compiled form of a route table and the rules as they are written answer alike.

Answers change only at the edges of prefixes and at names that are known (:mod:`vpcroute.edges`), so that a comparison
there is one for the whole address space, IPv4 and IPv6, and for all names. At each edge and name everything about the
answer is compared: host, target, egress, route, alternates and remarks, or the error's type, code, message and hint.

That the compiled form, too, changes nowhere else is not taken on trust: between two edges it is asked through
``lookup_many`` for the first, a middle and the last address, and where these differ the whole answer is compared there.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final

import attrs

from vpcroute.compiler import compile_table
from vpcroute.edges import WIDTHS, Version, address_edges, name_edges
from vpcroute.errors import RouteError
from vpcroute.fib.resolution import Resolution
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import MAPPED
from vpcroute.reference import Reference
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Disagreement", "Proof", "prove"]

Answer = Resolution | Exception

_MOST: Final = 20
_STEP: Final = 1024  # addresses or names between two words of progress
_CHUNK: Final = 1 << 16
_PORT: Final = 443
_OF_RESOLUTION: Final = (
    *("host", "target", "route", "alternates", "remarks"),
    *("guaranteed", "gateway", "offramp", "needs_dns", "ip", "port", "scheme"),
)
_OF_ERROR: Final = ("code", "message", "hint")


@attrs.frozen
class Disagreement:
    """An address or name that the two answer differently.

    Attributes:
        address: what was asked.
        differs: what is not the same: fields of the resolution; ``type``, ``code``, ``message`` or ``hint`` of the
            error; ``outcome`` where one is refused; ``lookup_many`` where only that is wrong.
        rules: the answer by the rules as they are written.
        compiled: the answer of the compiled form.
    """

    address: str
    differs: tuple[str, ...]
    rules: Answer
    compiled: Answer


@attrs.frozen
class Proof:
    """What a comparison came to.

    Attributes:
        vantage: from where both were asked.
        generation: the generation of the table.
        addresses: how many addresses were compared.
        names: how many names were compared.
        disagreements: at how many of these the two differ.
        first: the first of them.
    """

    vantage: Vantage
    generation: int
    addresses: int
    names: int
    disagreements: int
    first: tuple[Disagreement, ...]

    @property
    def holds(self) -> bool:
        """Whether the two agree everywhere."""
        return not self.disagreements


def prove(
    table: RouteTable,
    vantage: Vantage,
    *,
    resolver: Resolver | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Proof:
    """Compares the compiled form of a table with the rules as they are written, for one vantage, exhaustively.

    The table does not change meanwhile: other threads that would change it wait.

    Args:
        table: the route table.
        vantage: from where both are asked.
        resolver: the compiled form; None compiles it.
        progress: is called with ``(done, total)`` now and then.

    Raises:
        InvalidVantage: for what the table does not know.
    """
    with table.reading():
        compiled = compile_table(table, vantage) if resolver is None else resolver
        reference = Reference(table, vantage, stand=table.stand(vantage))
        edges = {version: address_edges(table, version) for version in WIDTHS}
        names = name_edges(table)
        counted = sum(map(len, edges.values()))
        total = counted + len(names)
        disagreements = 0
        first: list[Disagreement] = []
        for done, (question, text, number) in enumerate(_questions(compiled, edges, names)):
            if progress is not None and done % _STEP == 0:
                progress(min(done, total), total)
            rules, said = _answer(reference, question), _answer(compiled, text)
            differs = _differences(rules, said)
            if not differs and number is not None and not _is_of_number(rules, number, compiled):
                differs = ("lookup_many",)
            if differs:
                disagreements += 1
                if len(first) < _MOST:
                    first.append(Disagreement(text, differs, rules, said))
        if progress is not None:
            progress(total, total)
        return Proof(vantage, table.generation, counted, len(names), disagreements, tuple(first))


# What is asked

_Question = tuple[object, str, int | None]


def _questions(resolver: Resolver, edges: Mapping[Version, Sequence[int]], names: Iterable[str]) -> Iterator[_Question]:
    """What the rules are asked, what the compiled form is asked, and the number of its answer if that is known.

    The rules are spared the reading of text where that can be: what is held against each other is the routing. A VPC
    Service takes URLs only.
    """
    for version, of_family in edges.items():
        for number, outcome in _addresses(resolver, version, of_family):
            ip = IPv4Address(number) if version == 4 else IPv6Address(number)
            host = f"[{ip}]" if version == 6 else str(ip)
            if resolver.vantage.service_id is None:
                yield (ip, _PORT), f"{host}:{_PORT}", outcome
            else:
                yield f"http://{host}/", f"http://{host}/", None
    for name in names:
        yield f"http://{name}/", f"http://{name}/", None


def _addresses(resolver: Resolver, version: Version, edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Every edge with the number of its outcome, and those behind it where the compiled form has another one."""
    mapped = range(int(MAPPED.network_address), int(MAPPED.broadcast_address) + 1)  # each of them is an IPv4 address
    for begin in range(0, len(edges), _CHUNK):
        firsts = edges[begin : begin + _CHUNK]
        behind = edges[begin + 1 : begin + _CHUNK + 1]
        lasts = [following - 1 for following in behind] + [(1 << WIDTHS[version]) - 1] * (len(firsts) - len(behind))
        middles = [(one + other) // 2 for one, other in zip(firsts, lasts, strict=True)]
        outcomes, *others = (_outcomes(resolver, version, numbers) for numbers in (firsts, middles, lasts))
        yield from zip(firsts, outcomes, strict=True)
        for numbers, found in zip((middles, lasts), others, strict=True):
            for i in range(len(firsts) if found != outcomes else 0):
                if found[i] != outcomes[i] and (version == 4 or firsts[i] not in mapped):
                    yield numbers[i], found[i]


def _outcomes(resolver: Resolver, version: Version, numbers: Iterable[int]) -> array[int]:
    width = WIDTHS[version] // 8
    found: array[int] = resolver.lookup_many(b"".join([number.to_bytes(width) for number in numbers]), version)
    return found


# What is answered


def _answer(answerer: Reference | Resolver, question: Any) -> Answer:
    try:
        return answerer.resolve(question)
    except Exception as error:  # any but a RouteError is a fault, and those are looked for
        return error


def _differences(rules: Answer, compiled: Answer) -> tuple[str, ...]:
    """What is not the same in two answers; nothing if they are the same."""
    if isinstance(rules, Resolution) and isinstance(compiled, Resolution):
        same_egress = _same_egress(rules, compiled)
        if same_egress and _equal(rules, compiled):
            return ()
        others = _which(_OF_RESOLUTION, rules, compiled)
        return others if same_egress and others else ("equality",) if same_egress else ("egress", *others)
    if isinstance(rules, Exception) and isinstance(compiled, Exception):
        kind = () if type(rules) is type(compiled) else ("type",)
        return kind + _which(_OF_ERROR, rules, compiled)
    return ("outcome",)


def _same_egress(rules: Resolution, compiled: Resolution) -> bool:
    """Asked first: the egress is what the look-up found, until all else is asked for and decided in another way."""
    try:
        return bool(rules.egress is compiled.egress or rules.egress == compiled.egress)
    except Exception:  # as above
        return False


def _equal(rules: Resolution, compiled: Resolution) -> bool:
    try:
        return bool(rules == compiled)
    except Exception:  # as above
        return False


def _which(fields: Iterable[str], rules: Answer, compiled: Answer) -> tuple[str, ...]:
    return tuple(name for name in fields if _field(rules, name) != _field(compiled, name))


def _field(answer: Answer, name: str) -> object:
    if name == "message":
        return str(answer)
    try:
        return getattr(answer, name, None)
    except Exception as error:  # as above
        return error


def _is_of_number(rules: Answer, number: int, resolver: Resolver) -> bool:
    """Whether a number of lookup_many() stands for what the rules say."""
    if isinstance(rules, Resolution):
        return number >= 0 and resolver.egresses[number] == rules.egress
    if number >= 0 or not isinstance(rules, RouteError):
        return False
    refusal = resolver.refusals[~number]
    return (refusal.code, refusal.hint) == (rules.code, rules.hint) and str(rules).endswith(f": {refusal}")
