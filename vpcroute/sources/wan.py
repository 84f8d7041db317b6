"""The WAN part of a document: on-ramps, static routes and BGP routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vpcroute.announcements import BgpRoute, WanRoute
from vpcroute.egress import OnRamp
from vpcroute.errors import printable
from vpcroute.fields import read_ip
from vpcroute.limits import MOST_LISTED
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.sources.onramps import OnRamps
from vpcroute.sources.reading import Reading
from vpcroute.sources.records import BgpRecord, OnRampRecord, WanRouteRecord

__all__ = ["ONRAMP_LISTS", "Wan"]

#: Where each kind of on-ramp stands in the WAN part.
ONRAMP_LISTS: Final[Mapping[str, str]] = {
    "gre": "gre_tunnels",
    "ipsec": "ipsec_tunnels",
    "cni": "interconnects",
    "unknown": "onramps",  # ours
}


class Wan:
    """Reads the WAN part of a document."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._onramps = OnRamps()
        self._asns: dict[OnRamp, int] = {}

    def read_onramps(self) -> None:
        for kind, key in ONRAMP_LISTS.items():
            for path, record in self._reading.records(f"wan.{key}", OnRampRecord):
                onramp = self._reading.made(path, OnRamp, kind=kind, name=record.name, id=record.id)
                if onramp is None:
                    continue
                if not self._reading.add(f"{path}.id", onramp):
                    continue
                for field in ("interface_address", "interface_address6"):
                    address = getattr(record, field)
                    if address:
                        self._reading.made_at(f"{path}.{field}", self._onramps.add, address, onramp)
                if record.bgp is not None and record.bgp.customer_asn is not None:
                    self._asns[onramp] = record.bgp.customer_asn

    def read_wan_routes(self) -> None:
        for path, record in self._reading.records("wan.routes", WanRouteRecord):
            via, findings = self._onramp(path, record)
            scope = record.scope
            regions = scope.colo_regions or () if scope is not None else ()
            colos = scope.colo_names or () if scope is not None else ()
            if scope is not None and not regions and not colos:
                text = "names no region and no data centre, so the route is in all of them"
                findings.append(Finding(RemarkCode.EMPTY_SCOPE, f"{path}.scope", text))
            if via is not None:
                route = self._reading.made(
                    path,
                    WanRoute,
                    record.prefix,
                    via,
                    priority=record.priority,
                    weight=record.weight,
                    regions=regions,
                    colos=colos,
                    id=record.id or None,
                    comment=record.description,
                    in_force=record.in_force is not False,
                )
                self._reading.announce(path, route, *findings)

    def _onramp(self, path: str, record: WanRouteRecord) -> tuple[OnRamp | None, list[Finding]]:
        """A static route's on-ramp: the one it names, or the one that has its next hop on the customer's side."""
        if record.onramp is not None:
            return self._named_onramp(f"{path}.onramp", record.onramp), []
        if record.nexthop is None:
            self._reading.wrong(f"{path}.nexthop", "is missing")
            return None, []
        nexthop = self._reading.made_at(f"{path}.nexthop", read_ip, record.nexthop)
        if nexthop is None:
            return None, []
        found = self._onramps.behind(nexthop)
        if len(found) > 1:
            names = ", ".join(sorted(onramp.name for onramp in found[:MOST_LISTED]))
            more = " and more" if len(found) > MOST_LISTED else ""
            self._reading.wrong(f"{path}.nexthop", f"{nexthop} is behind several on-ramps: {printable(names)}{more}")
            return None, []
        if found:
            return found[0], []
        text = f"next hop {nexthop} is behind no on-ramp of the document"
        finding = Finding(RemarkCode.UNKNOWN_NEXT_HOP, f"{path}.nexthop", text)
        return OnRamp(kind="unknown", name=str(nexthop)), [finding]

    def _named_onramp(self, path: str, text: str) -> OnRamp | None:
        try:
            return self._reading.table.onramp(text)
        except LookupError as error:
            self._reading.wrong(path, str(error))
            return None

    def read_bgp_routes(self) -> None:
        for path, record in self._reading.records("bgp_routes", BgpRecord):
            via = self._named_onramp(f"{path}.onramp", record.onramp)
            if via is not None:
                asn = self._asns.get(via) if record.customer_asn is None else record.customer_asn
                route = self._reading.made(
                    path,
                    BgpRoute,
                    record.prefix,
                    via,
                    as_path=record.as_path or (),
                    communities=record.communities or (),
                    customer_asn=asn,
                    id=record.id or None,
                    comment=record.comment,
                    in_force=record.in_force is not False,
                )
                self._reading.announce(path, route)
