"""Route table and vantage in, resolver out: every question is decided here, once, so that none is at look-up.

Every prefix that matters is a node; the part of a node that no longer prefix takes is one range of addresses with one
outcome. The nodes are swept in the order of their addresses, with those that contain the current address on a stack.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from vpcroute.announcements import BgpRoute, DeviceAddress, HostnameRoute, SubnetRoute, WanRoute
from vpcroute.fib.names import NameMap
from vpcroute.fib.prefixes import RangeMap
from vpcroute.fib.resolver import Resolver
from vpcroute.outcomes import Outcome, decide_address, decide_name, through_tunnel
from vpcroute.precedence import AddressCandidates, Level, NameCandidates, View
from vpcroute.ranges import SPECIAL, IPNetwork, Range
from vpcroute.store import Store, name_key
from vpcroute.vantage import Vantage

if TYPE_CHECKING:
    from vpcroute.table import RouteTable

__all__ = ["compile_table"]

_T = TypeVar("_T")


def compile_table(table: RouteTable, vantage: Vantage) -> Resolver:
    """The resolver for a vantage of a table as it is now.

    Raises:
        InvalidVantage: for what the table does not know.
    """
    with table.reading():
        stand = table.stand(vantage)
        generation = table.generation
        if stand.view is None:
            assert stand.tunnel is not None  # noqa: S101  (the other bindings have one)
            everything = through_tunnel(stand.tunnel, stand.state)
            return Resolver(
                vantage,
                generation,
                v4=RangeMap([0], [everything]),
                v6=RangeMap([0], [everything]),
                names=NameMap({}, {}, {}, {}),
                hosts={},
                everything=everything,
                service=stand.service,
            )
        v4, v6 = (_ranges(table.store, version, stand.view) for version in (4, 6))
        names = _names(table.store, stand.view)
        return Resolver(vantage, generation, v4=v4, v6=v6, names=names, hosts=table.hosts)


class _Node:
    """A prefix and everything that is said of exactly this prefix."""

    __slots__ = ("elsewhere", "end", "length", "owner", "range", "special", "start", "wan", "zero_trust")

    def __init__(self, start: int, end: int, length: int) -> None:
        self.start = start
        self.length = length
        self.end = end
        self.owner: DeviceAddress | None = None
        self.range: Range | None = None
        self.zero_trust: SubnetRoute | None = None
        self.wan: list[WanRoute | BgpRoute] = []
        self.special: Range | None = None
        self.elsewhere: set[str] = set()


def _ranges(store: Store, version: int, view: View) -> RangeMap[Outcome]:
    starts: list[int] = []
    values: list[Outcome] = []

    def emit(start: int, outcome: Outcome) -> None:
        if values and values[-1] == outcome:
            return
        if starts and starts[-1] == start:
            values[-1] = outcome
            return
        starts.append(start)
        values.append(outcome)

    last = 2 ** (32 if version == 4 else 128) - 1
    outcomes: dict[int, Outcome] = {}
    stack: list[_Node] = []

    def outcome() -> Outcome:
        node = stack[-1]
        if id(node) not in outcomes:
            outcomes[id(node)] = decide_address(_candidates(stack), view)
        return outcomes[id(node)]

    def close_until(address: int) -> None:
        while stack and stack[-1].end < address:
            end = stack.pop().end
            if stack and end < last and end < stack[-1].end:
                emit(end + 1, outcome())

    for node in _nodes(store, version, view):
        close_until(node.start)
        stack.append(node)
        emit(node.start, outcome())
    close_until(last + 1)
    return RangeMap(starts, values)


class _Nodes(dict[tuple[int, int], _Node]):
    """The nodes of one family by first address and length; the whole family is always one."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self._version = version
        self[0, 0] = _Node(0, 2 ** (32 if version == 4 else 128) - 1, 0)

    def at(self, tree: Iterable[tuple[IPNetwork, _T]]) -> Iterator[tuple[_Node, _T]]:
        """The node of each prefix of this family, with what stands there."""
        for network, content in tree:
            if network.version == self._version:
                key = int(network.network_address), network.prefixlen
                node = self.get(key)
                if node is None:
                    node = self[key] = _Node(key[0], int(network.broadcast_address), key[1])
                yield node, content


def _nodes(store: Store, version: int, view: View) -> list[_Node]:
    """Every prefix of a family that matters, in the order of addresses, the shorter first."""
    nodes = _Nodes(version)
    for node, special in nodes.at((special.network, special) for special in SPECIAL):
        node.special = special
    for node, ids in nodes.at(store.own):
        node.owner = next((a for a in store.held(ids) if isinstance(a, DeviceAddress)), None)
        node.range = store.range_of(ids)
    for node, ids in nodes.at(store.zero_trust(view.network.id)):
        node.zero_trust = next(r for r in store.held(ids) if isinstance(r, SubnetRoute))
    for network in store.networks():
        if network != view.network.id:
            for node, _ in nodes.at(store.zero_trust(network)):
                node.elsewhere.add(network)
    for node, ids in nodes.at(store.wan):
        node.wan = [route for route in store.held(ids) if isinstance(route, (WanRoute, BgpRoute))]
    return [nodes[key] for key in sorted(nodes)]


def _candidates(stack: list[_Node]) -> AddressCandidates:
    upwards = stack[::-1]
    reserved = next((node for node in upwards if node.range is not None), None)
    return AddressCandidates(
        owner=stack[-1].owner,
        reserved=reserved.range if reserved else None,
        reserved_length=reserved.length if reserved else 0,
        levels=[Level(n.length, n.zero_trust, n.wan) for n in upwards if n.zero_trust is not None or n.wan],
        special=next((node.special for node in upwards if node.special is not None), None),
        elsewhere={network for node in upwards for network in node.elsewhere},
    )


def _names(store: Store, view: View) -> NameMap:
    exact: dict[str, Outcome] = {}
    one_label: dict[str, Outcome] = {}
    stored: dict[str, HostnameRoute] = {}
    globs: defaultdict[str, list[tuple[str, Outcome]]] = defaultdict(list)
    for id_ in store:
        route = store[id_]
        if not isinstance(route, HostnameRoute):
            continue
        outcome = decide_name(NameCandidates(exact=route), view)
        assert outcome is not None  # noqa: S101  (there is a route)
        if route.match == "glob":
            globs[name_key(route)].append((route.hostname, outcome))
            continue
        if route.match != "one_label":
            exact[route.hostname] = outcome
        if route.match in ("one_label", "both"):
            one_label[route.hostname] = outcome
        if route.match == "stored":
            stored[route.hostname] = route
    return NameMap(exact, one_label, stored, {suffix: tuple(patterns) for suffix, patterns in globs.items()})
