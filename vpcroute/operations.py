"""What was done to a table, so that it can be done to another one: in a file, in a second process.

An operation is one call of one of the table's methods that changed something. Done to a table that holds the same, in
the same order, it comes to the same.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import attrs

__all__ = ["OPERATIONS", "Operation", "OperationKind"]

OperationKind = Literal[
    "announce_at",
    "withdraw",
    "note",
    "forget",
    "add",
    "remove",
    "set_default",
    "set_health",
    "set_hosts",
    "set_subnets",
    "set_gateway",
]
#: The kinds of operations.
OPERATIONS: Final[tuple[OperationKind, ...]] = get_args(OperationKind)


@attrs.frozen
class Operation:
    """One change of a table.

    Attributes:
        kind: the method of :class:`vpcroute.RouteTable` that makes it.
        arguments: what the method takes, as the table understood it: a route names its virtual network by its id, a
            connector is the object itself, and nothing is left to be read.
    """

    kind: OperationKind
    arguments: tuple[Any, ...]

    def apply(self, table: Any) -> None:
        """Makes the change in a :class:`vpcroute.RouteTable`; raises what the method raises."""
        arguments = self.arguments
        if self.kind == "set_health":
            connector, state, place = arguments
            table.set_health(connector, state, place=place)
        else:
            getattr(table, self.kind)(*arguments)
