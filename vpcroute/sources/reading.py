"""One reading of one document: its records, one by one, and everything that is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs

from vpcroute.announcements import Announcement, DeviceAddress, HostnameRoute
from vpcroute.errors import RouteConflict
from vpcroute.limits import MOST_KEPT_PROBLEMS, MOST_LISTED
from vpcroute.ranges import Range
from vpcroute.registry import Known
from vpcroute.remarks import Finding, RemarkCode
from vpcroute.sources.records import is_deleted, json_name, structure
from vpcroute.table import RouteTable

__all__ = ["Progress", "Reading"]

Progress = Callable[[int, int], object]
_T = TypeVar("_T")

LISTS: Final = (
    *("virtual_networks", "tunnels", "mesh_nodes", "devices", "subnets", "routes", "hostname_routes", "services"),
    *("wan.routes", "wan.gre_tunnels", "wan.ipsec_tunnels", "wan.interconnects", "wan.onramps"),
    "bgp_routes",
    *("gateway_rules", "gateway_lists"),
)
_FIELD: Final = re.compile(r"[A-Za-z]+\.([a-z0-9_]+): (.*)", re.DOTALL)
# What a field of the model is called in the API, where that differs.
_API_NAMES: Final = {
    "via": "tunnel_id",
    "regions": "scope.colo_regions",
    "colos": "scope.colo_names",
    "ipv4": "host.ipv4",
    "ipv6": "host.ipv6",
    "resolver_ips": "host.resolver_network.resolver_ips",
}
_STEP: Final = 1000  # records between two calls of progress


class Reading:
    """A document that is being read into a table.

    Attributes:
        table: what has been read so far.
        problems: what was wrong so far, by path.
        lenient: whether routes in reserved ranges and with forbidden wildcards are loaded, out of force.
        stored_wildcards: whether a stored hostname without a mark stands for the names below it too.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        lenient: bool,
        stored_wildcards: bool,
        progress: Progress | None,
        paths: dict[object, str] | None = None,
    ) -> None:
        self.table = RouteTable()
        self.problems: list[tuple[str, str]] = []
        self.lenient = lenient
        self.stored_wildcards = stored_wildcards
        self._paths = paths
        self._progress = progress
        self._again: Counter[Announcement] = Counter()
        self._document = document if isinstance(document, Mapping) else {}
        if not isinstance(document, Mapping):
            self.wrong("", f"a network document must be an object, not {json_name(document)}")
        self._lists = {key: self._list(key) for key in LISTS}
        self._total = sum(map(len, self._lists.values()))
        self._done = 0

    def value(self, key: str, default: Any) -> Any:
        """What stands at a key of the document."""
        return self._document.get(key, default)

    def wrong(self, path: str, text: str) -> None:
        """Notes a problem."""
        self.problems.append((path, text))

    def _list(self, key: str) -> list[Any]:
        """The list at a dotted key; empty where there is none, or null, as some of the API's lists are."""
        value: Any = self._document
        for name in key.split("."):
            value = value.get(name)
            if value is None:
                return []
            if name != key.rpartition(".")[2] and not isinstance(value, Mapping):
                if (name, "must be an object") not in self.problems:
                    self.wrong(name, "must be an object")
                return []
        if not isinstance(value, list):
            self.wrong(key, "must be an array")
            return []
        return value

    def records(self, key: str, kind: type[_T]) -> Iterator[tuple[str, _T]]:
        """Each record of a list that is not deleted and has the right shape, with its path."""
        for index, raw in enumerate(self._lists[key]):
            if len(self.problems) >= MOST_KEPT_PROBLEMS:
                return
            self._done += 1
            if self._progress is not None and (self._done % _STEP == 0 or self._done == self._total):
                self._progress(self._done, self._total)
            path = f"{key}[{index}]"
            if not is_deleted(raw, path, self.problems):
                record = structure(raw, kind, path, self.problems)
                if record is not None:
                    yield path, record

    def members(self, path: str) -> set[str]:
        """The names of what a record at a path has that :meth:`records` gave."""
        key, _, index = path.removesuffix("]").partition("[")
        return set(self._lists[key][int(index)])

    def made(
        self,
        path: str,
        make: Callable[..., _T],
        *args: Any,
        api_names: Mapping[str, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> _T | None:
        """What `make` makes, or None and a problem at the field that it names, in the words of the API."""
        try:
            return make(*args, **kwargs)
        except (ValueError, TypeError) as error:
            match = _FIELD.fullmatch(str(error))
            field, text = match.groups() if match else ("", str(error))
            field = api_names.get(field) or _API_NAMES.get(field, field)
            self.wrong(f"{path}.{field}" if field else path, text)
            return None

    def announce(self, path: str, route: Announcement | None, *findings: Finding) -> None:
        """Announces a route that stands at a path; a conflict is a problem, the same said again a finding."""
        if route is None:
            return
        before = self.table.store.log.revision
        try:
            held = self.table.announce_at(path, route, *findings)
        except RouteConflict as error:
            if (
                self.lenient
                and isinstance(error.existing, Range)
                and not isinstance(route, HostnameRoute | DeviceAddress)
            ):
                self.announce(path, attrs.evolve(route, in_force=False), *findings)
            else:
                self.wrong(path, str(error))
            return
        self.at(path, held)
        if self.table.store.log.revision == before:
            # The first of them are remarks on each of its answers, too.
            self._again[held] += 1
            about = held if self._again[held] <= MOST_LISTED else None
            text = "says the same as an earlier one"
            self.table.note(Finding(RemarkCode.DUPLICATE_ROUTE, path, text, about))

    def made_at(self, path: str, make: Callable[..., _T], *args: Any, **kwargs: Any) -> _T | None:
        """As :meth:`made`, for something that stands at a field itself."""
        try:
            return make(*args, **kwargs)
        except (ValueError, TypeError) as error:
            match = _FIELD.fullmatch(str(error))
            self.wrong(path, match[2] if match else str(error))
            return None

    def mapping(self, key: str) -> Iterator[tuple[Any, Any]]:
        """The items of the object at a key; none where there is no object."""
        value = self._document.get(key)
        if isinstance(value, Mapping):
            yield from takewhile(lambda _: len(self.problems) < MOST_KEPT_PROBLEMS, value.items())
        elif value is not None:
            self.wrong(key, "must be an object")

    def add(self, path: str, thing: Known) -> bool:
        """Makes an object known; false, and a problem, if another has its id."""
        try:
            self.table.add(thing)
        except RouteConflict as error:
            self.wrong(path, str(error))
            return False
        self.at(path, thing)
        return True

    def at(self, path: str, thing: object) -> None:
        """Notes where something stands first, if anybody asks for that."""
        if self._paths is not None:
            self._paths.setdefault(thing, path)
