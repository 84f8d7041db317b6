"""A vantage bound to a table: a tunnel, a service, or the view of the whole network that the rules need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from vpcroute.announcements import Announcement, VirtualNetwork, VpcService
from vpcroute.egress import Connector, Health, MeshNode, Tunnel
from vpcroute.errors import InvalidVantage, quoted
from vpcroute.precedence import View
from vpcroute.registry import Registry
from vpcroute.remarks import Finding, Remark
from vpcroute.vantage import RoutingMode, Vantage

__all__ = ["Standpoint", "remarks_of", "stand"]


@attrs.frozen(eq=False)
class Standpoint:
    """A vantage whose names a table has looked up.

    Attributes:
        vantage: as it was asked for.
        view: the rules' view, for ``cf1:network``; None for the other bindings.
        tunnel: the tunnel of a ``tunnel_id`` binding or behind a service.
        service: the service of a ``service_id`` binding.
        state: the state of that tunnel.
    """

    vantage: Vantage
    view: View | None = None
    tunnel: Tunnel | None = None
    service: VpcService | None = None
    state: Health = "healthy"


def stand(
    vantage: Vantage,
    *,
    registry: Registry,
    default: VirtualNetwork,
    mode: RoutingMode,
    health: Mapping[Connector, Mapping[str | None, Health]],
    findings: Mapping[Announcement, tuple[Remark, ...]],
) -> Standpoint:
    """The standpoint for a vantage; InvalidVantage for what the registry does not know.

    `health` and `findings` are kept: they are not to change any more.
    """
    try:
        network = default
        if vantage.virtual_network is not None:
            network = registry.find(VirtualNetwork, vantage.virtual_network)
        view = View(
            network=network,
            network_names={network.id: network.name for network in registry.all(VirtualNetwork)},
            mode=mode,
            region=vantage.region,
            colo=vantage.colo,
            health=health,
            findings=findings,
        )
        if vantage.tunnel_id is not None:
            tunnel = _tunnel(registry, vantage.tunnel_id)
            return Standpoint(vantage, tunnel=tunnel, state=view.state(tunnel))
        if vantage.service_id is not None:
            service = registry.find(VpcService, vantage.service_id)
            return Standpoint(vantage, tunnel=service.via, service=service, state=view.state(service.via))
        return Standpoint(vantage, view=view)
    except LookupError as error:
        raise InvalidVantage(str(error)) from None


def remarks_of(findings: Iterable[tuple[Finding, ...]]) -> dict[Announcement, tuple[Remark, ...]]:
    """The findings of announcements as remarks."""
    remarks: dict[Announcement, tuple[Remark, ...]] = {}
    for group in findings:
        route = group[0].announcement
        if route is not None:
            remarks[route] = tuple(Remark(f.code, f.text, route) for f in group)
    return remarks


def _tunnel(registry: Registry, text: str) -> Tunnel:
    try:
        return registry.find(Tunnel, text)
    except LookupError:
        try:
            registry.find(MeshNode, text)
        except LookupError:
            pass
        else:
            raise LookupError(f"{quoted(text)} is a Mesh node; a tunnel_id binding takes a Cloudflare Tunnel") from None
        raise
