"""What ``--json`` prints: an answer, an egress, an announcement as an object, in printable ASCII."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from vpcroute.announcements import Announcement, BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.credentials import without_credentials
from vpcroute.egress import ClientDevice, EcmpGroup, Egress, Gateway, MeshNode, OnRamp, Tunnel
from vpcroute.errors import RouteError
from vpcroute.fib.resolution import Resolution
from vpcroute.remarks import Candidate
from vpcroute.store import KINDS

__all__ = ["answer_json", "answer_line", "egress_json", "json_line", "route_json"]

_EGRESS_KINDS: Final[Mapping[type, str]] = {
    Tunnel: "tunnel",
    MeshNode: "mesh_node",
    ClientDevice: "device",
    EcmpGroup: "ecmp",
    Gateway: "gateway",
}
_ROUTE_FIELDS: Final[Mapping[type, tuple[str, ...]]] = {
    SubnetRoute: ("network", "virtual_network"),
    HostnameRoute: ("hostname", "match"),
    DeviceAddress: ("address",),
    WanRoute: ("prefix", "priority", "weight", "regions", "colos"),
    BgpRoute: ("prefix", "as_path", "communities", "customer_asn"),
}
_AS_IN_JSON: Final = (str, int, tuple, type(None))


def json_line(value: object) -> str:
    """A line of JSON, in printable ASCII."""
    return json.dumps(value).replace("\x7f", "\\u007f") + "\n"


def answer_line(address: str, answer: Resolution | RouteError) -> str:
    """The object for one address as a line of JSON."""
    return json_line(answer_json(address, answer))


def answer_json(address: str, answer: Resolution | RouteError) -> dict[str, Any]:
    """The object for one address; its keys are those that ``vpcroute resolve --help`` lists."""
    address = without_credentials(address)
    if isinstance(answer, RouteError):
        return {"address": address, "error": {"code": answer.code, "message": str(answer), "hint": answer.hint}}
    return {
        "address": address,
        "host": answer.host,
        "ip": None if answer.ip is None else str(answer.ip),
        "port": answer.port,
        "scheme": answer.scheme,
        "target": str(answer.target),
        "offramp": answer.offramp,
        "needs_dns": answer.needs_dns,
        "egress": egress_json(answer.egress),
        "route": route_json(answer.route),
        "guaranteed": answer.guaranteed,
        "alternates": [_candidate_json(candidate) for candidate in answer.alternates],
        "remarks": [{"code": str(remark.code), "text": remark.text} for remark in answer.remarks],
        "gateway": answer.gateway,
        "generation": answer.generation,
    }


def egress_json(egress: Egress) -> dict[str, Any]:
    """The object for an egress."""
    kind = egress.kind if isinstance(egress, OnRamp) else _EGRESS_KINDS[type(egress)]
    if isinstance(egress, EcmpGroup):
        return {"kind": kind, "members": [{**egress_json(m.onramp), "weight": m.weight} for m in egress.members]}
    return {"kind": kind, "id": egress.id, "name": egress.name}


def route_json(route: Announcement | None) -> dict[str, Any] | None:
    """The object for an announcement, if there is one."""
    if route is None:
        return None
    fields = {name: getattr(route, name) for name in (*_ROUTE_FIELDS[type(route)], "id", "comment")}
    plain = {name: value if isinstance(value, _AS_IN_JSON) else str(value) for name, value in fields.items()}
    return {"kind": KINDS[type(route)], **plain}


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    egress = candidate.egress
    return {"offramp": egress.offramp, "egress": egress_json(egress), "route": route_json(candidate.route)}
