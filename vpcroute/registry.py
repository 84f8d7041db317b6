"""What announcements lead to and belong to, by id and by name: egress paths, virtual networks, VPC services.

Wherever an object is named an id wins, and a name does if exactly one object of that kind has it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar

from vpcroute.announcements import VirtualNetwork, VpcService
from vpcroute.egress import ClientDevice, MeshNode, OnRamp, Tunnel
from vpcroute.errors import RouteConflict, printable, quoted
from vpcroute.fields import lower_uuid
from vpcroute.limits import MOST_LISTED

__all__ = ["Known", "Registry"]

Known = Tunnel | MeshNode | ClientDevice | OnRamp | VirtualNetwork | VpcService
_T = TypeVar("_T", Tunnel, MeshNode, ClientDevice, OnRamp, VirtualNetwork, VpcService)
_K = TypeVar("_K", bound=Known)
_Key = tuple[type, str]

_CALLED: Final[Mapping[type, str]] = {
    Tunnel: "tunnel",
    MeshNode: "Mesh node",
    ClientDevice: "device",
    OnRamp: "on-ramp",
    VirtualNetwork: "virtual network",
    VpcService: "VPC service",
}


class Registry:
    """Objects by kind and id. An object stays while it is registered by itself or while something uses it."""

    def __init__(self) -> None:
        self._objects: dict[type, dict[_Key, Known]] = {kind: {} for kind in _CALLED}
        self._registered: set[_Key] = set()
        self._uses: Counter[_Key] = Counter()
        self._by_name: defaultdict[tuple[type, str], dict[_Key, None]] = defaultdict(dict)

    def register(self, thing: Known) -> bool:
        """Registers an object by itself; false if it was. RouteConflict if another has its id."""
        key = self._check(thing)
        if key in self._registered:
            return False
        self._registered.add(key)
        self._enter(key, thing)
        return True

    def unregister(self, thing: Known) -> None:
        """Takes back a registration; KeyError if there is none."""
        key = _key(thing)
        if key not in self._registered or self._objects[key[0]][key] != thing:
            raise KeyError(f"not registered: {thing}")
        self._registered.remove(key)
        self._leave(key)

    def use(self, thing: Known) -> None:
        """Counts one more user of an object; RouteConflict if another has its id."""
        key = self._check(thing)
        self._uses[key] += 1
        self._enter(key, thing)

    def release(self, thing: Known) -> None:
        """Counts one user less."""
        key = _key(thing)
        self._uses[key] -= 1
        if not self._uses[key]:
            del self._uses[key]
            self._leave(key)

    def replace(self, old: VirtualNetwork, new: VirtualNetwork) -> None:
        """Puts a changed virtual network in the place of the one with its id and name."""
        self._objects[VirtualNetwork][_key(old)] = new

    def all(self, kind: type[_T]) -> Iterator[_T]:
        """Every object of a kind."""
        return (thing for thing in self._objects[kind].values() if isinstance(thing, kind))

    def registered(self) -> Iterator[Known]:
        """Every object that is registered by itself."""
        for objects in self._objects.values():
            yield from (thing for key, thing in objects.items() if key in self._registered)

    def find(self, kind: type[_T], text: str) -> _T:
        """The object of a kind with this id, or the only one with this name.

        Raises:
            LookupError: if there is none, with what there is, or if several have the name, with their ids.
        """
        if not isinstance(text, str):
            raise TypeError(f"a {_CALLED[kind]} is named by a str, not {type(text).__name__}")
        thing = self._objects[kind].get((kind, str(lower_uuid(text))))
        if isinstance(thing, kind) and thing.id is not None:
            return thing
        keys = self._by_name.get((kind, text), ())
        named = [self._objects[kind][key] for key in islice(keys, MOST_LISTED)]
        if len(named) == 1 and isinstance(named[0], kind):
            return named[0]
        called = _CALLED[kind]
        if named:
            ids = _listed((thing.id or f"{thing.name} (no id)" for thing in named), len(keys))
            raise LookupError(f"several {called}s are called {quoted(text)}: name one by its id: {ids}")
        count = len(self._objects[kind])
        known = _listed((thing.name or thing.id or "" for thing in islice(self.all(kind), MOST_LISTED)), count)
        raise LookupError(f"no {called} {quoted(text)}; there is {known}" if count else f"there is no {called}")

    def is_known(self, thing: Known) -> bool:
        """Whether an object is registered or used."""
        key = _key(thing)
        return self._objects[key[0]].get(key) == thing

    def is_registered(self, thing: Known) -> bool:
        """Whether an object is registered by itself."""
        return _key(thing) in self._registered and self.is_known(thing)

    def known(self, thing: _K) -> _K:
        """The object itself if it is known; LookupError if it is not."""
        if not self.is_known(thing):
            raise LookupError(f"{_CALLED[type(thing)]} {quoted(thing.name or thing.id or '')} is not known")
        return thing

    def _check(self, thing: Known) -> _Key:
        key = _key(thing)
        known = self._objects[key[0]].get(key)
        if known is not None and known is not thing and known != thing:
            raise RouteConflict(
                f"{_CALLED[type(thing)]} {quoted(key[1])} is known as {printable(str(known))}",
                existing=known,
                offered=thing,
            )
        return key

    def _enter(self, key: _Key, thing: Known) -> None:
        if key in self._objects[key[0]]:
            return
        self._objects[key[0]][key] = thing
        if thing.name is not None:
            self._by_name[key[0], thing.name][key] = None

    def _leave(self, key: _Key) -> None:
        if key in self._registered or self._uses[key]:
            return
        thing = self._objects[key[0]].pop(key)
        if thing.name is not None:
            names = self._by_name[key[0], thing.name]
            del names[key]
            if not names:
                del self._by_name[key[0], thing.name]


def _listed(names: Iterable[str], count: int) -> str:
    """A few names, sorted, of so many; all would take too long where many things are looked for and not found."""
    return printable(", ".join(sorted(names))) + (f" and {count - MOST_LISTED} more" if count > MOST_LISTED else "")


def _key(thing: Known) -> _Key:
    if type(thing) not in _CALLED:
        raise TypeError(f"must be one of {', '.join(_CALLED.values())}, not {type(thing).__name__}")
    return type(thing), thing.id or thing.name or ""
