"""Where answers can change: between two neighbours among these addresses, and beside these names, they cannot.

An address is decided by the prefixes that cover it, and those change only at the first address of a prefix and behind
the last one. A name is decided by the routes that bear it or the name one label above, and by the known addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from vpcroute.announcements import HostnameRoute
from vpcroute.fields import MAPPED
from vpcroute.queries import Queries
from vpcroute.ranges import CLOUDFLARE_NETWORKS, SPECIAL

__all__ = ["WIDTHS", "Version", "address_edges", "known_names", "name_edges"]

Version = Literal[4, 6]

#: The bits of an address, by version.
WIDTHS: Final[Mapping[Version, int]] = {4: 32, 6: 128}


def address_edges(table: Queries, version: Version) -> list[int]:
    """The first address of every prefix of a family that a table knows, the one behind it, and 0; ascending.

    The prefixes are those of the announcements of all virtual networks, of devices, and of the built-in ranges.
    """
    bits = WIDTHS[version]
    found = {0}
    for first, length in _prefixes(table, version):
        found.add(first)
        found.add(first + (1 << (bits - length)))
    found.discard(1 << bits)
    return sorted(found)


def _prefixes(table: Queries, version: Version) -> Iterator[tuple[int, int]]:
    store = table.store
    for tree in (store.own, store.wan, *(tree for _, tree in store.zero_trust_trees())):
        for packed, length, _ in tree.of(version):
            yield int.from_bytes(packed), length
    for network in (MAPPED, *CLOUDFLARE_NETWORKS, *(range_.network for range_ in SPECIAL)):
        if network.version == version:
            yield int(network.network_address), network.prefixlen


def known_names(table: Queries) -> set[str]:
    """The names of all hostname routes, those of patterns with their wildcards, and of all known addresses."""
    routes = [table.store[id_] for id_ in table.store.ids("kind", "hostname")]
    return {route.hostname for route in routes if isinstance(route, HostnameRoute)} | {*table.hosts}


def name_edges(table: Queries) -> list[str]:
    """The name of every hostname route and of every known address, with the names around each; in order.

    Around a name are its parent and any name one and two labels below it: those stand for all others there, for their
    first label is one that no route has. A pattern is a name that it matches.
    """
    bases = {name.replace("*", "x") for name in known_names(table)}
    used = {label for name in bases for label in name.split(".")}
    other = next(label for label in map("other{}".format, range(len(used) + 1)) if label not in used)
    around = {name for base in bases for name in (base, f"{other}.{base}", f"{other}.{other}.{base}")}
    return sorted((around | {base.partition(".")[2] for base in bases} | {other}) - {""})
