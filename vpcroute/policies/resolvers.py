"""Where the resolvers of a policy are: a private one is reached by the account's own routes, as any destination is."""

from __future__ import annotations

from typing import Any, Protocol

import attrs

from vpcroute.errors import RouteError
from vpcroute.policies.dns import ResolverAddress, ResolverEffect

__all__ = ["RoutedResolver", "Table", "route_resolvers"]


class Table(Protocol):
    """What routes in any virtual network: :class:`vpcroute.RouteTable`."""

    def resolve(self, addr: Any, /, *, virtual_network: str | None = None) -> Any:
        """A Resolution, or RouteError."""


@attrs.frozen
class RoutedResolver:
    """A resolver and its way.

    Attributes:
        address: the resolver.
        resolution: how it is reached; None for a public one, which Cloudflare asks by itself, and where it is not.
        refusal: why it is not reached: no route, or a virtual network that is not there. A route that has moved to
            another network is not followed by the policy.
    """

    address: ResolverAddress
    resolution: Any = None
    refusal: RouteError | None = None


def route_resolvers(effect: ResolverEffect, table: Table) -> tuple[RoutedResolver, ...]:
    """The resolvers of a policy in the order in which they are tried, each with its way."""
    return tuple([_routed(address, table) for address in effect.resolvers])


def _routed(address: ResolverAddress, table: Table) -> RoutedResolver:
    if not address.private:
        return RoutedResolver(address)
    try:
        return RoutedResolver(address, table.resolve(str(address), virtual_network=address.virtual_network))
    except RouteError as error:
        return RoutedResolver(address, refusal=error)
