"""From where the question is asked: the binding, the virtual network, the place, the routing mode.

A Worker reaches private networks through a binding: ``network_id: "cf1:network"`` for everything the account knows,
``tunnel_id`` for one Cloudflare Tunnel, ``service_id`` for one VPC Service
(cloudflare-docs: workers-vpc/configuration/vpc-networks; SDK: workers/scripts, binding kind ``vpc_network``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from vpcroute.errors import InvalidVantage, quoted

__all__ = [
    "CF1_NETWORK",
    "REGIONS",
    "ROUTING_MODES",
    "RoutingMode",
    "Vantage",
    "read_colo",
    "read_region",
    "vantage_of",
]

#: The one network id that the Cloudflare API accepts.
CF1_NETWORK: Final = "cf1:network"

#: Cloudflare's regions, the values of ``scope.colo_regions`` (SDK: magic-transit/routes).
REGIONS: Final = frozenset({"AFR", "APAC", "EEUR", "ENAM", "ME", "OC", "SAM", "WEUR", "WNAM"})

RoutingMode = Literal["unified", "legacy"]
ROUTING_MODES: Final = ("unified", "legacy")

_COLO: Final = re.compile(r"[a-z]{3}[0-9]{0,4}")


def read_region(text: str) -> str:
    """A region's name in its one spelling, upper case; ValueError for what is none."""
    if text.isascii() and text.upper() in REGIONS:
        return text.upper()
    raise ValueError(f"{quoted(text)} is not a region; the regions are {', '.join(sorted(REGIONS))}")


def read_colo(text: str) -> str:
    """A data centre's name in lower case: three letters and perhaps a number (``den01``); ValueError otherwise."""
    if _COLO.fullmatch(text.lower()):
        return text.lower()
    raise ValueError(f"{quoted(text)} is not the name of a data centre, such as den01")


@attrs.frozen(kw_only=True)
class Vantage:
    """From where an address is resolved, as asked for; with no binding named, ``cf1:network``.

    What it names is looked up by a table when it is used there (an id, or a name that only one object has).

    Attributes:
        network_id: ``"cf1:network"``, the whole Mesh, or None.
        tunnel_id: a Cloudflare Tunnel, by id or name, or None.
        service_id: a VPC Service, by id or name, or None.
        virtual_network: by id or name; None is the account's current default one.
        region: one of :data:`REGIONS`, or None for not known.
        colo: a data centre, or None for not known. It does not imply a region.
        routing_mode: ``"unified"`` or ``"legacy"``; None is the table's own.

    Raises:
        InvalidVantage: for more than one binding, another network id, a place or virtual network beside a tunnel or
            service, an unknown region, a colo or mode that is none.
    """

    network_id: str | None = None
    tunnel_id: str | None = None
    service_id: str | None = None
    virtual_network: str | None = None
    region: str | None = None
    colo: str | None = None
    routing_mode: RoutingMode | None = None

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(Vantage):
            value = getattr(self, field.name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{field.name} must be a str or None, not {type(value).__name__}")
        bindings = [name for name in ("network_id", "tunnel_id", "service_id") if getattr(self, name) is not None]
        if not bindings:
            object.__setattr__(self, "network_id", CF1_NETWORK)
        elif len(bindings) > 1:
            raise InvalidVantage(f"{' and '.join(bindings)} exclude each other: name one binding")
        if self.network_id is not None and self.network_id != CF1_NETWORK:
            raise InvalidVantage(
                f"network_id {quoted(self.network_id)} is not supported",
                hint=f"the Cloudflare API accepts only {CF1_NETWORK!r}",
            )
        if self.network_id is None:
            for name in ("virtual_network", "region", "colo"):
                if getattr(self, name) is not None:
                    raise InvalidVantage(
                        f"{name} does not go with {bindings[0]}: such a binding hands everything to its own tunnel"
                    )
        try:
            if self.region is not None:
                object.__setattr__(self, "region", read_region(self.region))
            if self.colo is not None:
                object.__setattr__(self, "colo", read_colo(self.colo))
        except ValueError as error:
            raise InvalidVantage(str(error)) from None
        if self.routing_mode is not None and self.routing_mode not in ROUTING_MODES:
            raise InvalidVantage(f"routing_mode must be 'unified' or 'legacy', not {quoted(self.routing_mode)}")


def vantage_of(vantage: Vantage | None, fields: Mapping[str, Any]) -> Vantage:
    """A vantage with other fields; None is the default one."""
    if vantage is not None and not isinstance(vantage, Vantage):
        raise TypeError(f"vantage must be a Vantage, not {type(vantage).__name__}")
    return Vantage(**fields) if vantage is None else attrs.evolve(vantage, **fields)
