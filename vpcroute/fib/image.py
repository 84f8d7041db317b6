"""A resolver as octets, and back: the arrays as they stand in memory, behind a head in JSON.

The file begins with :data:`MAGIC`, the byte order, and the length of the head; each array begins with a cache line, so
that it can be used where it is mapped. Routes are not saved: what only they can tell is refused with the code
``routes_not_saved``.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Mapping
from typing import Any, Final

import attrs

from vpcroute.announcements import HostnameRoute, VpcService
from vpcroute.egress import (
    HEALTH_STATES,
    ClientDevice,
    EcmpGroup,
    EcmpMember,
    Egress,
    Gateway,
    Health,
    MeshNode,
    OnRamp,
    Tunnel,
)
from vpcroute.errors import CLOUDFLARE_CODES, OWN_CODES, InvalidDocument, printable
from vpcroute.fib.decided import Decided
from vpcroute.fib.hostnames import NUMBER_BITS, Hostnames
from vpcroute.fib.names import NameIndex
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.saved import SavedFamily, SavedTables, saved_numbers
from vpcroute.fib.trie import Trie
from vpcroute.fields import read_ip, up_to
from vpcroute.limits import MOST_PATTERNS
from vpcroute.outcomes import Refusal, through_tunnel
from vpcroute.vantage import Vantage

__all__ = ["MAGIC", "START", "pack", "unpack"]

MAGIC: Final = b"vpcroute image 2\n"
#: What stands before the head: magic, byte order, length of the head.
START: Final = struct.Struct("=17s3xIQ")
_ORDER: Final = 0x01020304
_LINE: Final = 64
_LONGEST_HEAD: Final = 1 << 28
_SECTIONS: Final = ("v4.directory", "v4.arena", "v6.directory", "v6.arena", "outcomes", *("key", "names", "blocks"))

_INDEX: Final[Any] = NameIndex  # its types are in the .pxd file
_EGRESSES: Final = {kind.__name__: kind for kind in (Tunnel, MeshNode, ClientDevice, OnRamp, Gateway)}


def pack(resolver: Any) -> list[bytes]:
    """A resolver as pieces of a file, to be written one after the other."""
    parts = resolver.parts()
    tables, decided, names = parts["tables"], parts["decided"], parts["tables"].names
    _, (_, directory4, arena4) = tables.v4.trie.__reduce__()
    _, (_, directory6, arena6) = tables.v6.trie.__reduce__()
    arrays = [bytes(a) for a in (directory4, arena4, directory6, arena6, decided.numbers, *names.index.buffers())]
    stopped = {n: r for n, r in enumerate(names.numbers.routes) if isinstance(r, HostnameRoute) and not r.in_force}
    everything, service = parts["everything"], parts["service"]
    head = {
        "vantage": attrs.asdict(resolver.vantage),
        "generation": resolver.generation,
        "egresses": [_plain(egress) for egress in decided.egresses],
        "refusals": [attrs.asdict(refusal) for refusal in decided.refusals],
        "vias": [None if via is None else _plain(via) for via in names.numbers.vias],
        "stopped": {str(number): _plain_route(route) for number, route in stopped.items()},
        "stored": [_plain_route(names.stored[name]) for name in sorted(names.stored)],
        "globs": {key: [_plain_route(route) for route in routes] for key, routes in names.globs.items()},
        "hosts": {name: [str(ip) for ip in ips] for name, ips in parts["hosts"].items()},
        "tunnel": None
        if everything is None
        else [_plain(everything.egress), "down" if everything.remarks else "healthy"],
        "service": None if service is None else _plain(service),
        "sections": dict(zip(_SECTIONS, map(len, arrays), strict=True)),
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    pieces = [START.pack(MAGIC, _ORDER, len(text)) + text]
    for octets in arrays:
        pieces += [bytes(-sum(map(len, pieces)) % _LINE), octets]
    return pieces


def unpack(buffer: memoryview, *, trusted: bool) -> Resolver:
    """The resolver in a buffer, which it keeps and which must not change any more.

    Args:
        buffer: the whole file.
        trusted: whether to believe the arrays; otherwise every index in them is proved to be in range.

    Raises:
        InvalidDocument: for what is no such file, is cut short, or is of another version or byte order.
    """
    head, arrays = _split(buffer)
    try:
        return _made(head, arrays, trusted)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise _invalid(f"damaged: {type(error).__name__}: {printable(str(error))}") from None


def _split(buffer: memoryview) -> tuple[Any, list[memoryview]]:
    """The head, and the arrays behind it."""
    if len(buffer) < START.size or bytes(buffer[: len(MAGIC)]) != MAGIC:
        raise _invalid("not a saved resolver of this version")
    _, order, length = START.unpack_from(buffer)
    if order != _ORDER:
        raise _invalid("saved on a machine with another byte order")
    start = START.size + length
    if length > _LONGEST_HEAD or start > len(buffer):
        raise _invalid("cut short")
    try:
        head = json.loads(bytes(buffer[START.size : start]))
        lengths = [head["sections"][name] for name in _SECTIONS]
        if not all(type(n) is int and n >= 0 for n in lengths):
            raise ValueError("sections")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _invalid("damaged: its head cannot be read") from None
    arrays = []
    for size in lengths:
        start += -start % _LINE
        if size > len(buffer) - start:
            raise _invalid("cut short")
        arrays.append(buffer[start : start + size])
        start += size
    return head, arrays


def _made(head: Mapping[str, Any], arrays: list[memoryview], trusted: bool) -> Resolver:
    directory4, arena4, directory6, arena6, outcomes, key, names, blocks = arrays
    trie4, trie6 = Trie(4, directory4, arena4), Trie(6, directory6, arena6)
    index = _INDEX(key, names, blocks)
    refusals = tuple(map(_refusal, head["refusals"]))
    decided = Decided.of(array("i", bytes(outcomes)), tuple(map(_egress, head["egresses"])), refusals)
    vias = [None if via is None else _egress(via) for via in head["vias"]]
    if not trusted:
        trie4.check(len(decided.numbers))
        trie6.check(len(decided.numbers))
        index.check(len(vias) << NUMBER_BITS)
        low, high = -len(decided.refusals), len(decided.egresses)
        if not all(low <= number < high for number in decided.numbers):
            raise ValueError("an outcome is neither an egress nor a refusal")
    stopped = {int(number): _route(r) for number, r in head["stopped"].items()}
    stored = {route.hostname: route for route in map(_route, head["stored"])}
    globs = {str(k): up_to(MOST_PATTERNS, "globs", map(_route, routes)) for k, routes in head["globs"].items()}
    hostnames = Hostnames(index, saved_numbers(vias, stopped), stored, globs)
    tunnel = head["tunnel"]
    return Resolver(
        Vantage(**head["vantage"]),
        int(head["generation"]),
        SavedTables(SavedFamily(trie4), SavedFamily(trie6), hostnames, decided),
        decided,
        hosts={str(name): tuple(map(read_ip, ips)) for name, ips in head["hosts"].items()},
        everything=None if tunnel is None else through_tunnel(_tunnel(tunnel[0]), _state(tunnel[1])),
        service=None if head["service"] is None else _service(head["service"]),
    )


def _plain(thing: Egress | VpcService) -> dict[str, Any]:
    """An egress or a service as JSON has it: its kind and its fields."""
    if isinstance(thing, EcmpGroup):
        return {"is": "EcmpGroup", "members": [[_plain(m.onramp), m.weight] for m in thing.members]}
    fields = {a.name: getattr(thing, a.name) for a in attrs.fields(type(thing)) if a.init}
    return {"is": type(thing).__name__, **{name: _plain_value(value) for name, value in fields.items()}}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Tunnel):
        return _plain(value)
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _plain_route(route: HostnameRoute) -> list[Any]:
    return [route.hostname, _plain(route.via), route.match, route.in_force]


def _egress(record: dict[str, Any]) -> Any:
    """What :func:`_plain` made, as it was; KeyError or TypeError for what it never makes."""
    fields = dict(record)
    kind = fields.pop("is")
    if kind == "EcmpGroup":
        members = [(OnRamp(**_fields(onramp, "OnRamp")), weight) for onramp, weight in fields["members"]]
        return EcmpGroup(tuple(EcmpMember(onramp, weight) for onramp, weight in members))
    return _EGRESSES[kind](**fields)


def _fields(record: dict[str, Any], kind: str) -> dict[str, Any]:
    fields = dict(record)
    if fields.pop("is") != kind:
        raise TypeError(f"must be of {kind}")
    return fields


def _tunnel(record: dict[str, Any]) -> Tunnel:
    return Tunnel(**_fields(record, "Tunnel"))


def _state(text: Any) -> Health:
    if text not in HEALTH_STATES:
        raise ValueError("a state that is none")
    state: Health = text
    return state


def _service(record: dict[str, Any]) -> VpcService:
    fields = {name: value for name, value in record.items() if name not in ("is", "id", "name", "via")}
    return VpcService(record["id"], record["name"], via=_tunnel(record["via"]), **fields)


def _route(record: list[Any]) -> HostnameRoute:
    hostname, via, match, in_force = record
    return HostnameRoute(hostname, _egress(via), match=match, in_force=in_force)


def _refusal(record: dict[str, Any]) -> Refusal:
    """What a refusal says is shown as it is, so that nothing may stand there that a terminal obeys."""
    code, message, hint = record["code"], record["message"], record["hint"]
    if code not in CLOUDFLARE_CODES | OWN_CODES or not all(text.isprintable() for text in (message, hint or "")):
        raise ValueError("a refusal that is none")
    return Refusal(code, message, hint)


def _invalid(message: str) -> InvalidDocument:
    return InvalidDocument(
        (("", message),), hint="save the resolver again, with this version and on this kind of machine"
    )
