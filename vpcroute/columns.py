"""The subnet routes of a virtual network, all read at once for compiling.

They are read in the order of their ids, which is mostly the order in which they lie in memory, and put in the order of
their prefixes afterwards. To walk a tree of a million prefixes takes far longer.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import compress, count, repeat
from operator import attrgetter, le, not_
from typing import Final, cast

import attrs

from vpcroute.announcements import SubnetRoute, subnet_number
from vpcroute.classes import RouteClasses, Said
from vpcroute.fib.order import ascending, taken
from vpcroute.packed import FIRST_V6, RECORD_SIZES, records_of
from vpcroute.store import Store

__all__ = ["Subnets", "Teller", "read_subnets"]

_AT_ONCE: Final = 4096  # routes that stay in the processor's cache while they are read
_FEW: Final = 4  # fewer are quicker one by one
_VIA: Final = attrgetter("via")
_IN_FORCE: Final = attrgetter("in_force")


@attrs.frozen(eq=False)
class Subnets:
    """Subnet routes of one family by prefix.

    Attributes:
        records: the records of the prefixes, ascending and joined; see :data:`vpcroute.packed.RECORD_SIZES`.
        ids: ``array("I")``, the id of the route of each.
        said: ``array("I")``, the number of what each says alone.
    """

    records: bytes
    ids: array[int]
    said: array[int]


class Teller:
    """Numbers what subnet routes say, many at once."""

    def __init__(self, classes: RouteClasses) -> None:
        self._classes = classes
        self._alike: dict[int, int] = {}  # by the connector's identity: its hash for each route takes longer

    def __call__(self, routes: Sequence[SubnetRoute]) -> list[int]:
        """The number of what each route says."""
        if len(routes) < _FEW:
            return [self._classes.said(Said(zero_trust=route)) for route in routes]
        vias, in_force = list(map(id, map(_VIA, routes))), list(map(_IN_FORCE, routes))
        said: list[int | None] = list(map(self._alike.get, vias))
        if None in said:
            one_of_each = dict(zip(compress(vias, in_force), compress(routes, in_force), strict=True))
            for via in one_of_each.keys() - self._alike.keys():
                self._alike[via] = self._classes.said(Said(zero_trust=one_of_each[via]))
            said = [*map(self._alike.get, vias)]
        for place in compress(count(), map(not_, in_force)):
            said[place] = self._classes.said(Said(zero_trust=routes[place]))
        return cast(list[int], said)


def read_subnets(store: Store, network: str, classes: RouteClasses) -> dict[int, Subnets]:
    """The subnet routes of a virtual network, by family."""
    records = {4: bytearray(), 6: bytearray()}
    ids, said = ({4: array("I"), 6: array("I")} for _ in range(2))
    teller = Teller(classes)
    every_id = store.ids("virtual_network", network).to_array()
    for start in range(0, len(every_id), _AT_ONCE):
        some = every_id[start : start + _AT_ONCE]
        routes = cast(list[SubnetRoute], list(store.routes(some)))
        told, numbers = teller(routes), list(map(subnet_number, routes))
        v6 = list(map(le, repeat(FIRST_V6), numbers))
        for version, chosen in ((4, list(map(not_, v6))), (6, v6)):
            records[version] += records_of(list(compress(numbers, chosen)), version)
            ids[version].extend(compress(some, chosen))
            said[version].extend(compress(told, chosen))
    return {version: _in_order(version, records[version], ids[version], said[version]) for version in (4, 6)}


def _in_order(version: int, records: bytearray, *columns: array[int]) -> Subnets:
    size = RECORD_SIZES[version]
    places = ascending(records, size)
    sorted_columns = (array("I", taken(memoryview(c).cast("B"), c.itemsize, places)) for c in columns)
    return Subnets(taken(records, size, places), *sorted_columns)
