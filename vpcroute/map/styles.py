"""The colours of a map, by the number of a style: a palette that the colour-blind can tell apart, and patterns.

The palette is Okabe and Ito's without black, and an indigo; each colour a second time for dark backgrounds.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final

from vpcroute.analysis.answer import ChangeKind, identity
from vpcroute.egress import Egress, Gateway

__all__ = ["CHANGE_COLOURS", "GATEWAY", "PALETTE", "PATTERNS", "REFUSALS", "SURFACES", "Styles", "theme"]

#: Light and dark.
PALETTE: Final = (
    ("#0072b2", "#3d9fdc"),
    ("#e69f00", "#f0b13c"),
    ("#009e73", "#2cbd92"),
    ("#cc79a7", "#df98bf"),
    ("#56b4e9", "#8accf3"),
    ("#d55e00", "#ef7d38"),
    ("#f0e442", "#f1e879"),
    ("#4b3f9e", "#9485e6"),
)

#: What is drawn over a colour, once all colours are taken: names that the page and the still know.
PATTERNS: Final = ("solid", "rising", "dots", "level", "grid", "upright")

#: The number of Gateway's style.
GATEWAY: Final = -1

#: What is not an egress, light and dark.
SURFACES: Final[Mapping[str, tuple[str, str]]] = {
    "page": ("#ffffff", "#11151b"),
    "gateway": ("#e6ebf1", "#262e39"),
    "refused": ("#f6f3ef", "#191c20"),
    "refused_ink": ("#cfc7bc", "#3a3d40"),
    "open": ("#fbf1dc", "#2b2416"),
    "open_ink": ("#d9a441", "#8a6a2c"),
    "prohibited": ("#a9a39b", "#08090b"),
    "prohibited_ink": ("#8d867d", "#2c2d2f"),
}

#: The surface of a refusal by its code; of any other code it is ``refused``.
REFUSALS: Final[Mapping[str, str]] = {
    "destination_ip_prohibited": "prohibited",
    "route_not_in_force": "prohibited",
    "region_required": "open",
}

#: Light and dark.
CHANGE_COLOURS: Final[Mapping[ChangeKind, tuple[str, str]]] = {
    "unreachable": ("#d55e00", "#ef7d38"),
    "to_gateway": ("#e69f00", "#f0b13c"),
    "moved": ("#0072b2", "#3d9fdc"),
    "unavailable": ("#cc79a7", "#df98bf"),
    "reachable": ("#009e73", "#2cbd92"),
    "available": ("#56b4e9", "#8accf3"),
    "other_refusal": ("#6b6f76", "#9a9fa8"),
    "guarantee": ("#f0e442", "#f1e879"),
}


class Styles:
    """A style for each egress, the same in every picture of one page; the first ones have plain colours."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, egress: Egress) -> int:
        """The number of an egress's style."""
        if isinstance(egress, Gateway):
            return GATEWAY
        return self._numbers.setdefault(identity(egress), len(self._numbers))


def theme() -> dict[str, Any]:
    """All colours and patterns, for the page."""
    return {
        "palette": PALETTE,
        "patterns": PATTERNS,
        "surfaces": SURFACES,
        "refusals": REFUSALS,
        "changes": CHANGE_COLOURS,
    }
