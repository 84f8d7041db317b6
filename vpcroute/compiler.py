"""Route table and vantage in, resolver out: which way an address goes is decided before it is asked for.

All prefixes of a family are swept in the order of their addresses; what is said at each of them and around it makes its
route class (:mod:`vpcroute.classes`). The tries lead from addresses to classes and are shared by all vantages of a
virtual network; a vantage is a table of outcomes by class.

What was made for a virtual network is kept. After a change only the prefixes that came or went are swept again, with
what lies inside them, and the new tables share all else with the old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from vpcroute.classes import RouteClasses
from vpcroute.columns import Subnets, read_subnets
from vpcroute.errors import InvalidVantage
from vpcroute.fib.decided import Decided
from vpcroute.fib.heard import Heard
from vpcroute.fib.hostnames import hostnames
from vpcroute.fib.prefixes import FrozenPrefixes
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.sweep import Ranges
from vpcroute.fib.tables import Family, Tables
from vpcroute.fib.trie import build
from vpcroute.hearing import Hearing, hostname_routes, swept
from vpcroute.outcomes import Refusal, through_tunnel
from vpcroute.store import Store
from vpcroute.updates import Compiled, brought_up
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["compile_table", "nowhere"]

# A change costs as much as compiling some thirty prefixes anew.
_FEWEST_CHANGES: Final = 256
_PREFIXES_A_CHANGE: Final = 32


def compile_table(table: RouteTable, vantage: Vantage, generation: int | None = None) -> Resolver:
    """The resolver for a vantage of a table as it is now; `generation` is the table's, unless another one is given.

    Raises:
        InvalidVantage: for what the table does not know.
    """
    with table.reading():
        stand = table.stand(vantage)
        if generation is None:
            generation = table.generation
        if stand.tunnel is not None:
            everything = through_tunnel(stand.tunnel, stand.state)
            decided = Decided([everything.egress])
            return Resolver(vantage, generation, _NO_TABLES, decided, everything=everything, service=stand.service)
        assert stand.view is not None  # noqa: S101  (no tunnel, no service: the whole network)
        compiled = _compiled(table.store, stand.view.network.id)
        return Resolver(
            vantage,
            generation,
            compiled.tables,
            compiled.decided_from(stand.view),
            view=stand.view,
            hosts=table.hosts,
        )


def nowhere(vantage: Vantage, generation: int, error: InvalidVantage) -> Resolver:
    """The resolver for a vantage that a table does not know any more: it refuses everything, for that reason."""
    refusal = Refusal("invalid_vantage", str(error), error.hint)
    return Resolver(vantage, generation, _NO_TABLES, Decided([refusal]), everything=refusal)


def _compiled(store: Store, network: str) -> Compiled:
    """What is compiled for a virtual network, brought up to date."""
    made: Compiled | None = store.compiled.get(network)
    changes = None if made is None else store.log.since(made.revision)
    if made is None or changes is None:
        classes = RouteClasses()
        subnets = read_subnets(store, network, classes)
        heard: dict[int, Heard] = {}
        v4, v6 = (_family(Hearing(store, version, network), subnets[version], classes, heard) for version in (4, 6))
        names = hostnames(hostname_routes(store, store.ids("kind", "hostname")))
        classes.known.clear()  # of a full table a seventh of what is kept, and a change asks for little of it
        made = Compiled(store.log.revision, classes, heard, Tables(v4, v6, names), {})
        store.compiled[network] = made
        store.log.keep(max(_FEWEST_CHANGES, len(store) // _PREFIXES_A_CHANGE))
    elif changes:
        del store.compiled[network]  # until all of it is brought up
        made.tables = brought_up(made, changes, store, network)
        made.revision = store.log.revision
        store.compiled[network] = made
    return made


def _family(hearing: Hearing, subnets: Subnets, classes: RouteClasses, heard: dict[int, Heard]) -> Family:
    """An address family; what was heard of it is put in `heard`."""
    version = hearing.version
    told = hearing.everywhere(subnets, classes)
    heard[version] = Heard(version, *told)
    return Family(
        version,
        build(version, swept(told, version, classes)),
        FrozenPrefixes(version, *hearing.own()),
        FrozenPrefixes(version, subnets.records, hearing.routes(subnets)),
        FrozenPrefixes(version, *hearing.wan()),
        {other: FrozenPrefixes(version, records, there) for other, records, there in hearing.elsewhere()},
    )


def _no_family(version: int) -> Family:
    prefixes = FrozenPrefixes[Any](version, b"", [])
    return Family(version, build(version, Ranges((0,), (0,), (0,))), prefixes, prefixes, prefixes, {})


#: For a vantage that hands everything to one tunnel: one class for all there is.
_NO_TABLES: Final = Tables(_no_family(4), _no_family(6), hostnames(()))
