"""From a resolution to what is dialed: the permitted addresses, the one egress path, and its dialer.

What was matched is what is dialed: the addresses here are those that the resolver routed, and there is no other look-up
behind it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import attrs

from vpcroute.address import Target, target_of
from vpcroute.dial.dialers import Dialers, doubtful_names
from vpcroute.dial.direct import Dialer, Streams
from vpcroute.dial.failures import DialError, called, failure
from vpcroute.dial.racing import race
from vpcroute.egress import Connector, EcmpGroup, Egress, Gateway
from vpcroute.errors import RouteError
from vpcroute.fib.resolution import Resolution
from vpcroute.fib.resolver import Resolver
from vpcroute.fields import IPAddress
from vpcroute.remarks import RemarkCode

__all__ = ["Way", "Ways", "flow_of"]

_MOST_KEPT: Final = 4096
_Answers = tuple[IPAddress, ...] | None


@attrs.frozen
class Way:
    """A way that is open: all that is needed to make a connection.

    Attributes:
        resolution: the answer that it is from.
        egress: the egress path; of an ECMP group, the member that was picked.
        targets: what may be dialed, the deciding address first: of the name's permitted answers those that leave by
            the same egress path.
        dialer: how the path is reached.
    """

    resolution: Resolution
    egress: Connector | Gateway
    targets: tuple[Target, ...]
    dialer: Dialer

    @property
    def address(self) -> str:
        """What is dialed, or first dialed, as text."""
        return str(self.targets[0])

    @cached_property
    def key(self) -> bytes:
        """The same for ways that may share a connection: one path, one dialer, one name, one set of addresses."""
        targets = sorted([str(target) for target in self.targets])
        return ascii((repr(self.egress), id(self.dialer), self.resolution.host, targets)).encode()

    async def open(self, *, timeout: float | None = None) -> Streams:
        """A connection to the first of the targets that answers, within a time limit for all of them.

        Raises:
            DialError: with the egress named.
        """
        try:
            async with asyncio.timeout(timeout):
                return await race([self._attempt(target) for target in self.targets])
        except DialError:
            raise
        except Exception as error:
            raise failure(error, self.egress, self.address) from error

    def _attempt(self, target: Target) -> Callable[[], Any]:
        async def attempt() -> Streams:
            try:
                return await self.dialer.open(target)
            except Exception as error:
                raise failure(error, self.egress, str(target)) from error

        return attempt


def flow_of(target: Target, seed: bytes) -> bytes:
    """What identifies a flow to an ECMP group: the destination, and what stands for the other end."""
    return b"%b\0%d\0%b" % (target.host.encode(), target.port or 0, seed)


class Ways:
    """The ways of one resolver, which stays as it is; what was found once is kept.

    Args:
        resolver: what decides.
        dialers: the dialer of each egress path.
    """

    def __init__(self, resolver: Resolver, dialers: Dialers) -> None:
        self.resolver = resolver
        self._dialers = dialers
        parts: dict[str, Any] = resolver.parts()  # type: ignore[no-untyped-call]
        # A tunnel or service binding hands everything on: known addresses have no say.
        self._hosts: Mapping[str, tuple[IPAddress, ...]] = parts["hosts"] if parts["everything"] is None else {}
        self._tables: Any = parts["tables"]
        self._doubtful: frozenset[tuple[type, str]] | None = None
        self._kept: dict[tuple[Any, ...], Way] = {}

    def way(self, resolution: Resolution, answers: _Answers = None, *, seed: bytes | None = None) -> Way:
        """The way of a resolution by this resolver.

        Args:
            resolution: what :attr:`resolver` answered, without answers of the name.
            answers: the addresses of the name, where it needs them.
            seed: what sets this flow apart from others to the same destination; None takes a random one.

        Raises:
            RouteError: for a name whose answers are all refused.
            DialError: ``destination_unavailable`` for a connector that is down; ``dns_required`` for a name that
                nobody resolves; ``no_dialer``.
        """
        key = (resolution.scheme, resolution.host, resolution.port, answers, seed)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            kept = self._kept[key] = self._find(resolution, answers, seed)
        elif seed is None and isinstance(kept.resolution.egress, EcmpGroup):
            return self._through(kept.resolution, kept.targets, None)  # another flow
        return kept

    def _find(self, resolution: Resolution, answers: _Answers, seed: bytes | None) -> Way:
        if answers is not None:
            resolution = self.again(resolution, answers)
        target = resolution.target
        down = _down(resolution)
        if down is not None:
            text = f"{target} through {called(resolution.egress)}: {down}"
            raise DialError(text, code="destination_unavailable", egress=resolution.egress, address=str(target))
        known = self._hosts.get(resolution.host, ()) if answers is None else answers
        others = self._others(resolution, known) if target.version and known else ()
        return self._through(resolution, tuple(dict.fromkeys((target, *others))), seed)

    def _through(self, resolution: Resolution, targets: tuple[Target, ...], seed: bytes | None) -> Way:
        """The way of one flow."""
        egress: Egress = resolution.egress
        if isinstance(egress, EcmpGroup):
            egress = egress.pick(flow_of(targets[0], os.urandom(8) if seed is None else seed))
        dialer = self._dialers.find(egress, self._doubtful_names)
        if isinstance(egress, Gateway) and egress.needs_dns:
            self._refuse_unresolved(egress, targets[0])
        return Way(resolution, egress, targets, dialer)

    def again(self, resolution: Resolution, answers: _Answers = None) -> Resolution:
        """The same question to this resolver, with the addresses of the name where they are known."""
        asked = f"{resolution.host}:{resolution.port}"
        found: Resolution
        if resolution.scheme == "tcp":
            found = self.resolver.resolve_connect(asked, answers=answers)
        else:
            found = self.resolver.resolve_fetch(f"{resolution.scheme}://{asked}/", answers=answers)
        return found

    def _others(self, resolution: Resolution, answers: tuple[IPAddress, ...]) -> Iterator[Target]:
        """The other answers that are permitted and leave by the same path."""
        for ip in answers:
            target = target_of(ip, resolution.port, resolution.scheme)
            try:
                same = self.resolver.lookup(ip) == resolution.egress
            except RouteError:
                continue
            if same:
                yield target

    def _refuse_unresolved(self, egress: Gateway, target: Target) -> None:
        gateway = self._dialers.gateway
        if gateway is None or not gateway.resolves_names:
            raise DialError(
                f"{target}: where the name leads depends on its addresses, which nobody resolves",
                code="dns_required",
                egress=egress,
                hint="give a resolver policy or known addresses for the name, or a Gateway dialer that resolves names",
                address=str(target),
            )

    def _doubtful_names(self) -> frozenset[tuple[type, str]]:
        if self._doubtful is None:
            vias: list[Egress | None] = self._tables.names.numbers.vias
            self._doubtful = doubtful_names([*self.resolver.egresses, *(via for via in vias if via is not None)])
        return self._doubtful


def _down(resolution: Resolution) -> str | None:
    """Why a connector is not to be dialed, or None. A resolver from a file does not say whether it is up."""
    try:
        remarks = resolution.remarks
    except RouteError:
        return None
    return next((remark.text for remark in remarks if remark.code is RemarkCode.DESTINATION_UNAVAILABLE), None)
