"""The rules as they are written: each address is decided from the route table itself, one at a time.

This is the specification that can be run, and what the compiled resolver is held against. It takes its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from vpcroute.address import Target, read_any, read_bare, read_connect, read_fetch
from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.egress import Egress
from vpcroute.fib.hostnames import match_name
from vpcroute.fib.resolution import Resolution, at_service, by_answers, error_of, refuse_impossible_name
from vpcroute.fields import IPAddress
from vpcroute.outcomes import Decision, Outcome, decide_address, decide_name, through_tunnel
from vpcroute.precedence import AddressCandidates, Level, NameCandidates, View
from vpcroute.ranges import SPECIAL
from vpcroute.remarks import Remark
from vpcroute.standpoint import Standpoint
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["Reference"]

# The special ranges of each family with their first and last addresses.
_SPECIAL: Final = {
    version: [
        (int(r.network.network_address), int(r.network.broadcast_address), r)
        for r in SPECIAL
        if r.network.version == version
    ]
    for version in (4, 6)
}


class Reference:
    """Answers from one vantage, straight from a table as it is at each call.

    The calls are those of :class:`vpcroute.Resolver`, with the same answers and errors.

    Args:
        table: the route table.
        vantage: from where it is asked.
        stand: the standpoint for it, where the table does not change as long as this is used; None looks it up at
            each call.
    """

    def __init__(self, table: RouteTable, vantage: Vantage, *, stand: Standpoint | None = None) -> None:
        self._table = table
        self._vantage = vantage
        self._known = stand

    def resolve(self, address: object, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where an address goes: a fetch URL, a connect address, ``(host, port)``, or an address object."""
        return self._resolve(read_any(address), answers, address)

    def resolve_fetch(self, url: str, *, answers: Iterable[object] | None = None) -> Resolution:
        """Where ``fetch(url)`` goes."""
        return self._resolve(read_fetch(url), answers, url)

    def resolve_connect(
        self,
        address: str | Mapping[str, object],
        *,
        secure_transport: str = "off",
        answers: Iterable[object] | None = None,
    ) -> Resolution:
        """Where ``connect(address)`` goes."""
        return self._resolve(read_connect(address, secure_transport=secure_transport), answers, address)

    def lookup(
        self,
        address: str | bytes | int | IPAddress,
        version: int | None = None,
        *,
        answers: Iterable[object] | None = None,
    ) -> Egress:
        """The egress of a bare address or name."""
        target = read_bare(address, version)
        with self._table.reading():
            stand = self._stand()
            if stand.tunnel is not None:
                if stand.service is None:
                    refuse_impossible_name(target, address)
                return stand.tunnel
            return self._decide(target, answers, address, _view(stand))[1].egress

    def _stand(self) -> Standpoint:
        return self._known or self._table.stand(self._vantage)

    def _resolve(self, target: Target, answers: Iterable[object] | None, address: object) -> Resolution:
        with self._table.reading():
            stand = self._stand()
            found, decision, remarks = self._from(stand, target, answers, address)
            return Resolution(target.host, found, decision, remarks, generation=self._table.generation)

    def _from(
        self, stand: Standpoint, target: Target, answers: Iterable[object] | None, address: object
    ) -> tuple[Target, Decision, tuple[Remark, ...]]:
        if stand.service is not None:
            found, remarks = at_service(stand.service, target, address)
            return found, through_tunnel(stand.service.via, stand.state), remarks
        if stand.tunnel is not None:
            refuse_impossible_name(target, address)
            return target, through_tunnel(stand.tunnel, stand.state), ()
        return self._decide(target, answers, address, _view(stand))

    def _decide(
        self, target: Target, answers: Iterable[object] | None, address: object, view: View
    ) -> tuple[Target, Decision, tuple[Remark, ...]]:
        stored = None
        if target.version:
            outcome: Outcome | None = self._decide_address(target, view)
        else:
            refuse_impossible_name(target, address)
            candidates = self.name_candidates(target.host)
            outcome, stored = decide_name(candidates, view), candidates.stored
        if outcome is None:
            known = self._table.hosts.get(target.host) if answers is None else answers
            return by_answers(target, known, stored, lambda answer: self._decide_address(answer, view), address)
        if isinstance(outcome, Decision):
            return target, outcome, ()
        raise error_of(outcome, target.host, address)

    def _decide_address(self, target: Target, view: View) -> Outcome:
        return decide_address(self.address_candidates(target, view), view)

    def address_candidates(self, target: Target, view: View) -> AddressCandidates:
        """Everything that covers an address."""
        store = self._table.store
        ip = target.ip
        assert ip is not None  # noqa: S101  (only addresses come here)
        packed, width = ip.packed, ip.max_prefixlen
        own = store.own.covering(packed, width)
        owners = [a for _, ids in own for a in store.held(ids) if isinstance(a, DeviceAddress)]
        ranges = [(length, r) for length, r in ((length, store.range_of(ids)) for length, ids in own) if r is not None]
        special = [r for first, last, r in _SPECIAL[ip.version] if first <= target.number <= last]
        zero_trust = dict(store.zero_trust(view.network.id).covering(packed, width))
        wan = dict(store.wan.covering(packed, width))
        return AddressCandidates(
            owner=owners[0] if owners else None,
            reserved=ranges[0][1] if ranges else None,
            reserved_length=ranges[0][0] if ranges else 0,
            levels=[
                Level(
                    length,
                    next((r for r in store.held(zero_trust.get(length, ())) if isinstance(r, SubnetRoute)), None),
                    [r for r in store.held(wan.get(length, ())) if isinstance(r, (WanRoute, BgpRoute))],
                )
                for length in sorted({*zero_trust, *wan}, reverse=True)
            ],
            special=max(special, key=lambda r: r.network.prefixlen, default=None),
            elsewhere={
                network
                for network in store.networks()
                if network != view.network.id and store.zero_trust(network).covering(packed, width)
            },
        )

    def name_candidates(self, name: str) -> NameCandidates:
        """The hostname routes that match a name."""
        store = self._table.store
        found = ((depth, route) for depth, ids in store.names.walk(name) for route in store.held(ids))
        return match_name(name, ((depth, route) for depth, route in found if isinstance(route, HostnameRoute)))


def _view(stand: Standpoint) -> View:
    assert stand.view is not None  # noqa: S101  (no tunnel, no service: the whole network)
    return stand.view
