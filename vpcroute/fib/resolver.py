"""The compiled form of a route table for one vantage."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from vpcroute.address import Target, read_any, read_bare, read_connect, read_fetch
from vpcroute.announcements import VpcService
from vpcroute.egress import Egress
from vpcroute.errors import RouteError
from vpcroute.fib.names import NameMap
from vpcroute.fib.prefixes import RangeMap
from vpcroute.fib.resolution import Resolution, at_service, by_answers, error_of, refuse_impossible_name
from vpcroute.fields import IPAddress
from vpcroute.outcomes import Decision, Outcome, Refusal
from vpcroute.remarks import Remark
from vpcroute.vantage import Vantage

__all__ = ["Resolver"]

_MAPPED = 0xFFFF
_WIDTHS = {4: 4, 6: 16}


class Resolver:
    """Answers for one vantage and one generation of a table; immutable, and safe to share between threads.

    It is made by :meth:`RouteTable.compile`. Every call gives the answer, or raises the error, that the table itself
    gives.

    Attributes:
        vantage: the vantage that it was compiled for.
        generation: the generation of the table that it was compiled from.
        egresses: the egress paths that :meth:`lookup_many` numbers.
        refusals: the refusals that it numbers.
    """

    __slots__ = (
        "_everything",
        "_hosts",
        "_names",
        "_numbers",
        "_service",
        "_v4",
        "_v6",
        "egresses",
        "generation",
        "refusals",
        "vantage",
    )

    def __init__(
        self,
        vantage: Vantage,
        generation: int,
        *,
        v4: RangeMap[Outcome],
        v6: RangeMap[Outcome],
        names: NameMap,
        hosts: Mapping[str, tuple[IPAddress, ...]],
        everything: Decision | None = None,
        service: VpcService | None = None,
    ) -> None:
        self.vantage = vantage
        self.generation = generation
        self._v4 = v4
        self._v6 = v6
        self._names = names
        self._hosts = hosts
        self._everything = everything
        self._service = service
        outcomes = [*v4.values, *v6.values]
        egresses = dict.fromkeys(o.egress for o in outcomes if isinstance(o, Decision))
        refusals = dict.fromkeys(o for o in outcomes if isinstance(o, Refusal))
        self.egresses: tuple[Egress, ...] = tuple(egresses)
        self.refusals: tuple[RouteError, ...] = tuple(RouteError(r.message, code=r.code, hint=r.hint) for r in refusals)
        self._numbers: dict[Egress | Refusal, int] = {egress: i for i, egress in enumerate(egresses)}
        self._numbers.update((refusal, ~i) for i, refusal in enumerate(refusals))

    def resolve(self, address: object, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where an address goes: a fetch URL, a connect address, ``(host, port)``, or an address object.

        Args:
            address: text with a scheme and ``://`` is read as fetch() reads it, all other text as connect() does.
            answers: the addresses of the name, in order, where they are known; None takes the table's ``hosts``.

        Raises:
            RouteError: for a destination that nothing may be sent to, or that no way leads to.
            InvalidAddress: for what cannot be read, or would be read in two ways.
            TypeError: for another type.
        """
        return self._resolve(read_any(address), answers, address)

    def resolve_fetch(self, url: str, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where ``fetch(url)`` goes; arguments and errors as for :meth:`resolve`."""
        return self._resolve(read_fetch(url), answers, url)

    def resolve_connect(
        self,
        address: str | Mapping[str, object],
        *,
        secure_transport: str = "off",
        answers: Iterable[object] | None = None,
    ) -> Resolution:
        """Where ``connect(address)`` goes; arguments and errors as for :meth:`resolve`.

        `address` may also be a mapping with ``hostname`` and ``port``. `secure_transport` is to be ``"off"``.
        """
        return self._resolve(read_connect(address, secure_transport=secure_transport), answers, address)

    def lookup(
        self,
        address: str | bytes | int | IPAddress,
        version: Literal[4, 6] | None = None,
        *,
        answers: Iterable[object] | None = None,
    ) -> Egress:
        """The egress of a bare address or name: text, packed bytes, a number with `version`, or an address object.

        Raises:
            RouteError: for a destination that nothing may be sent to, or that no way leads to.
            InvalidAddress: for what cannot be read.
            TypeError: for another type.
        """
        target = read_bare(address, version)
        if self._everything is not None:
            if self._service is None:
                refuse_impossible_name(target, address)
            return self._everything.egress
        return self._decide(target, answers, address)[1].egress

    def lookup_many(self, addresses: Any, version: Literal[4, 6], out: Any = None) -> Any:
        """The egress of each of many packed addresses.

        Args:
            addresses: a buffer of 4 or 16 bytes for each address, in network order.
            version: 4 or 6.
            out: a writable buffer of 32-bit integers, one for each address; None makes an array.

        Returns:
            `out`: ``i >= 0`` is ``egresses[i]``, ``i < 0`` is ``refusals[~i]``.

        Raises:
            ValueError: for a buffer of the wrong length or shape; then nothing is written.
        """
        if version not in _WIDTHS:
            raise ValueError(f"version must be 4 or 6, not {version!r}")
        width = _WIDTHS[version]
        packed = _bytes_of(addresses, "addresses")
        count, rest = divmod(len(packed), width)
        if rest:
            raise ValueError(f"a buffer of IPv{version} addresses has a multiple of {width} bytes, not {len(packed)}")
        if out is None:
            out = array("i", bytes(4 * count))
        into = _bytes_of(out, "out")
        if into.readonly or len(into) != 4 * count:
            raise ValueError(f"out must be writable and have {4 * count} bytes")
        numbers = into.cast("i")
        if version == 4:
            for i, (number,) in enumerate(struct.iter_unpack(">I", packed)):
                numbers[i] = self._number(self._v4[number])
        else:
            for i, (high, low) in enumerate(struct.iter_unpack(">QQ", packed)):
                mapped = high == 0 and low >> 32 == _MAPPED
                numbers[i] = self._number(self._v4[low & 0xFFFFFFFF] if mapped else self._v6[high << 64 | low])
        return out

    def resolve_many(self, addresses: Iterable[object]) -> Iterator[Resolution | RouteError | TypeError]:
        """The resolution of each address, or the error in its place, in order."""
        for address in addresses:
            try:
                yield self.resolve(address)
            except (RouteError, TypeError) as error:
                yield error

    def __len__(self) -> int:
        """The number of address ranges and names that are told apart."""
        names = self._names
        return len(self._v4) + len(self._v6) + len(names.exact) + len(names.one_label) + len(names.stored)

    def __repr__(self) -> str:
        asked = self.vantage
        return f"<Resolver for {asked.network_id or asked.tunnel_id or asked.service_id}: {len(self)} ranges and names>"

    def _resolve(self, target: Target, answers: Iterable[object] | None, address: object) -> Resolution:
        if self._everything is not None:
            host = target.host
            remarks: tuple[Remark, ...] = ()
            if self._service is not None:
                target, remarks = at_service(self._service, target, address)
            else:
                refuse_impossible_name(target, address)
            return Resolution(host, target, self._everything, remarks, generation=self.generation)
        found, decision, remarks = self._decide(target, answers, address)
        return Resolution(target.host, found, decision, remarks, generation=self.generation)

    def _decide(
        self, target: Target, answers: Iterable[object] | None, address: object
    ) -> tuple[Target, Decision, tuple[Remark, ...]]:
        if target.version:
            outcome: Outcome | None = self._outcome(target)
        else:
            refuse_impossible_name(target, address)
            outcome, stored = self._names.find(target.host)
            if outcome is None:
                known = self._hosts.get(target.host) if answers is None else answers
                return by_answers(target, known, stored, self._outcome, address)
        if isinstance(outcome, Decision):
            return target, outcome, ()
        assert outcome is not None  # noqa: S101  (an address has an outcome)
        raise error_of(outcome, target.host, address)

    def _outcome(self, target: Target) -> Outcome:
        return self._v4[target.number] if target.version == 4 else self._v6[target.number]

    def _number(self, outcome: Outcome) -> int:
        return self._numbers[outcome.egress if isinstance(outcome, Decision) else outcome]


def _bytes_of(buffer: Any, name: str) -> memoryview:
    try:
        return memoryview(buffer).cast("B")
    except TypeError as error:
        raise ValueError(f"{name} must be a contiguous buffer: {error}") from None
