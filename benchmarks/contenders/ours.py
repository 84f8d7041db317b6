"""vpcroute, through its public names only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import vpcroute
from benchmarks.contenders.addresses import Numbering
from benchmarks.subject import OURS, Facets, Subject

__all__ = ["looking_up", "resolving"]


def looking_up(resolver: vpcroute.Resolver, numbering: Numbering) -> Subject:
    """``lookup(str)``."""
    raises = (vpcroute.RouteError,)
    return Subject(OURS, "ours", resolver.lookup, "the shared egress", numbering.facets, raises=raises)


def resolving(
    resolver: vpcroute.Resolver, numbering: Numbering, inputs: Sequence[str], call: Callable[[str], Any] | None = None
) -> Subject:
    """``resolve(…)`` of inputs of its own."""

    def facets(resolution: vpcroute.Resolution) -> Facets:
        return {"egress": numbering.of(resolution.egress), "host": resolution.host}

    raises = (vpcroute.RouteError,)
    return Subject(OURS, "ours", call or resolver.resolve, "a Resolution", facets, raises=raises, inputs=inputs)
