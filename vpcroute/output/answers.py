"""Answers for many addresses, a line each: what is the same for all that are answered alike is made once.

All literals between two edges (:mod:`vpcroute.edges`) go the same way for the same reasons, and so do all names that
the same hostname route takes. So for most lines the resolver reads the address and says yes or no, and the rest of the
line is there already. The lines are those that :func:`vpcroute.output.objects.answer_line` and
:class:`vpcroute.output.tables.Table` make, one by one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from json.encoder import encode_basestring_ascii
from socket import AF_INET6, inet_aton, inet_pton
from typing import Any, Final, Protocol, TextIO, TypeVar

from vpcroute.credentials import without_credentials
from vpcroute.edges import address_edges, known_names
from vpcroute.errors import InvalidAddress, RouteError, printable
from vpcroute.fib.resolution import Resolution
from vpcroute.limits import LONGEST_LINE
from vpcroute.output.objects import answer_line
from vpcroute.output.rows import answer_row
from vpcroute.output.tables import Row, Table
from vpcroute.output.terminal import write
from vpcroute.table import RouteTable

__all__ = ["PORTS_WITH_REMARKS", "Answerer", "JsonLines", "Lines", "TextLines"]

#: The ports that have a say in an answer, for a remark; the way does not depend on the port.
PORTS_WITH_REMARKS: Final = frozenset({25})

_MOST_KEPT: Final = 1 << 16
_BEHIND_TARGET: Final = ', "offramp": '  # inside a string a quotation mark has a backslash before it
_HIGHEST_DIGIT: Final = "9"  # only below it end hosts that may be IPv4


_T = TypeVar("_T")

#: An address, what its line has in common with others, and its answer; without one, all but the address is common.
Answered = tuple[str, _T, Resolution | None]


class Lines(Protocol[_T]):
    """How lines look."""

    def common(self, address: str, answer: Resolution | RouteError, alike: bool) -> _T:
        """What the line of an address has in common with those that are answered alike, whatever their host and port;
        or, where none are, with those of the same host and port."""

    def show(self, answered: Sequence[Answered[_T]]) -> None:
        """Writes a line for each address."""


class Answerer:
    """Asks one resolver for many addresses.

    Args:
        ask: a call of the resolver.
        table: what it was compiled from.
        lines: how they are shown.
        apart: whether no two hosts are alike: a VPC Service has an address of its own to dial.

    Attributes:
        refused: whether any address was refused or could not be read.
    """

    def __init__(
        self, ask: Callable[[str], Resolution], table: RouteTable, lines: Lines[Any], *, apart: bool = False
    ) -> None:
        self._ask = ask
        self._table = table
        self._lines = lines
        self._apart = apart
        self._kept: dict[Hashable, Any] = {}
        self.refused = False

    def answer(self, addresses: Sequence[str]) -> None:
        """Writes the line for each address, in order."""
        ask, place_of, common_of, kept = self._ask, self._place, self._lines.common, self._kept
        answered: list[Answered[Any]] = []
        for given in addresses:
            address = without_credentials(given) if "@" in given else given
            try:
                if len(given) > LONGEST_LINE:
                    raise InvalidAddress(f"longer than {LONGEST_LINE} characters")
                answer = ask(given)
            except RouteError as error:
                self.refused = True
                shown = address if len(given) <= LONGEST_LINE else printable(address)
                answered.append((shown, common_of(shown, error, False), None))
                continue
            host, port, scheme = answer.host, answer.port, answer.scheme
            if "[" in address and ":" not in host:  # IPv4-mapped, perhaps: that is remarked upon
                answered.append((address, common_of(address, answer, False), None))
                continue
            place = place_of(host)
            alike = place is not None
            key: Hashable = (
                (port if port in PORTS_WITH_REMARKS else None, scheme, place) if alike else (host, scheme, port)
            )
            common = kept.get(key)
            if common is None:
                if len(kept) >= _MOST_KEPT:
                    kept.clear()
                common = kept[key] = common_of(address, answer, alike)
            answered.append((address, common, answer if alike else None))
        if answered:
            self._lines.show(answered)

    def _place(self, host: str) -> Hashable:
        """The same for all hosts that are answered alike; None for one that is answered by itself."""
        if self._apart or '"' in host:  # which JSON would have to escape
            return None
        if ":" in host:
            return -bisect_right(self._edges6, int.from_bytes(inet_pton(AF_INET6, host)))
        if host[-1] <= _HIGHEST_DIGIT and host.replace(".", "").isdigit():
            return bisect_right(self._edges4, int.from_bytes(inet_aton(host)))
        if host in self._names or self._has_patterns:
            return None
        above = host.partition(".")[2]
        return above if above in self._names else ""

    @cached_property
    def _edges4(self) -> list[int]:
        return address_edges(self._table, 4)

    @cached_property
    def _edges6(self) -> list[int]:
        return address_edges(self._table, 6)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(known_names(self._table))

    @cached_property
    def _has_patterns(self) -> bool:
        return any("*" in name for name in self._names)


class JsonLines:
    """Lines of JSON; what stands behind the target is common, or what stands behind the address."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def common(self, address: str, answer: Resolution | RouteError, alike: bool) -> tuple[str, bool]:
        line = answer_line(address, answer)
        literal = isinstance(answer, Resolution) and answer.ip is not None
        return line[line.index(_BEHIND_TARGET) if alike else len(_begun(address)) :], literal

    def show(self, answered: Sequence[Answered[tuple[str, bool]]]) -> None:
        lines = []
        for address, (tail, literal), answer in answered:
            if answer is None:
                lines.append(_begun(address) + tail)
                continue
            host, port = answer.host, answer.port
            ip = f'"{host}"' if literal else "null"
            target = f"[{host}]" if ":" in host else host
            lines.append(
                f'{_begun(address)}, "host": "{host}", "ip": {ip}, "port": {port}, "scheme": "{answer.scheme}", '
                f'"target": "{target}:{port}"{tail}'
            )
        write(self._stream, "".join(lines))


def _begun(address: str) -> str:
    return '{"address": ' + encode_basestring_ascii(address).replace("\x7f", "\\u007f")


class TextLines:
    """Rows of a table; all but the address and the port is common, or all but the address."""

    def __init__(self, shown: Table) -> None:
        self._shown = shown

    def common(self, address: str, answer: Resolution | RouteError, alike: bool) -> Row:
        return answer_row(address, answer)

    def show(self, answered: Sequence[Answered[Row]]) -> None:
        self._shown.show_like(
            [row for _, row, _ in answered],
            [printable(address) or row.cells[0] for address, row, _ in answered],
            [row.cells[-1] if answer is None else str(answer.port) for _, row, answer in answered],
        )
