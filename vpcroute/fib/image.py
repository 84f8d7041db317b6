"""A resolver as octets, and back: the arrays that look-ups read as they stand in memory, and what they mean.

The file begins with :data:`START`: magic and version, byte order, checksum, size of the file, and place and length of
each section. The arrays come first, each on a cache line of its own, so that they can be used where the file is mapped.
Behind them, where no look-up comes by, stands in JSON what they lead to.

The same answers make the same file, whatever led to them: outcomes are numbered in the order of the addresses, the
connectors of names in the order of their text, tries and names are laid out anew, and the key that names are hashed
with follows from them. Routes are not saved: what only they can tell is refused with the code ``routes_not_saved``.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Mapping
from hashlib import shake_256
from itertools import chain, count
from typing import Any, Final
from zlib import crc32

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
from vpcroute.errors import CLOUDFLARE_CODES, OWN_CODES, InvalidDocument, InvalidVantage, printable
from vpcroute.fib.compare import changed_ranges
from vpcroute.fib.decided import Decided
from vpcroute.fib.hostnames import NUMBER_BITS, Hostnames
from vpcroute.fib.names import KEY_SIZE, NONE, NameIndex
from vpcroute.fib.names import build as build_names
from vpcroute.fib.resolver import Resolver
from vpcroute.fib.saved import SavedFamily, SavedTables, saved_numbers
from vpcroute.fib.sweep import Ranges
from vpcroute.fib.trie import Trie, build
from vpcroute.fields import read_ip, up_to
from vpcroute.limits import MOST_PATTERNS
from vpcroute.outcomes import Refusal, through_tunnel
from vpcroute.vantage import Vantage

__all__ = ["START", "VERSION", "pack", "sections", "unpack"]

_MAGIC: Final = b"vpcroute image "
VERSION: Final = 3
_SECTIONS: Final = (
    *("v4.directory", "v4.arena", "v6.directory", "v6.arena", "outcomes", "key", "names", "blocks"),
    "head",
)
#: Magic, version, byte order, checksum of all but itself, size of the file; then place and length of each section.
START: Final = struct.Struct(f"=15s1xIII4xQ{2 * len(_SECTIONS)}Q")
_CHECKSUM: Final = slice(24, 28)
_ORDER: Final = 0x01020304
_LINE: Final = 64
_LONGEST_HEAD: Final = 1 << 28
_NO_MEANING: Final = 0x7FFFFFFF  # no class means that

_INDEX: Final[Any] = NameIndex  # its types are in the .pxd file
_EGRESSES: Final = {kind.__name__: kind for kind in (Tunnel, MeshNode, ClientDevice, OnRamp, Gateway)}


def pack(resolver: Any, *, generation: int = 0) -> list[bytes]:
    """A resolver as pieces of a file, to be written one after the other, of the generation that it is to say.

    Raises:
        InvalidVantage: if its vantage is gone, so that it answers nothing.
    """
    parts = resolver.parts()
    everything, service = parts["everything"], parts["service"]
    if isinstance(everything, Refusal):
        raise InvalidVantage(everything.message, hint=everything.hint)
    tries, outcomes = _renumbered(parts["tables"], parts["decided"])
    egresses = [outcome for outcome in outcomes if not isinstance(outcome, Refusal)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    places, refused = count(), count(1)
    numbers = array("i", (-next(refused) if isinstance(outcome, Refusal) else next(places) for outcome in outcomes))
    names, index = parts["tables"].names, _Names(parts["tables"].names)
    head = {
        "vantage": attrs.asdict(resolver.vantage),
        "generation": generation,
        "egresses": [_plain(egress) for egress in egresses],
        "refusals": [attrs.asdict(refusal) for refusal in refusals],
        "vias": index.vias,
        "stopped": index.stopped,
        "stored": [_plain_route(names.stored[name]) for name in sorted(names.stored)],
        "globs": {key: sorted(map(_plain_route, names.globs[key]), key=_text) for key in sorted(names.globs)},
        "hosts": {name: [str(ip) for ip in parts["hosts"][name]] for name in sorted(parts["hosts"])},
        "tunnel": everything and [_plain(everything.egress), "down" if everything.remarks else "healthy"],
        "service": service and _plain(service),
    }
    arrays = [*chain.from_iterable(trie.__reduce__()[1][1:] for trie in tries), numbers, *index.index.buffers()]
    return _joined([*map(bytes, arrays), _text(head).encode()])


def _joined(sections: list[bytes]) -> list[bytes]:
    """The pieces of a file with these sections."""
    place, places, pieces = START.size, [], []
    for section in sections:
        gap = -place % _LINE
        places += [place + gap, len(section)]
        pieces += [bytes(gap), section]
        place += gap + len(section)
    start = bytearray(START.pack(_MAGIC, VERSION, _ORDER, 0, place, *places))
    checksum = crc32(start)
    for piece in pieces:
        checksum = crc32(piece, checksum)
    start[_CHECKSUM] = struct.pack("=I", checksum)
    return [bytes(start), *pieces]


def _renumbered(tables: Any, decided: Decided) -> tuple[list[Trie], list[Egress | Refusal]]:
    """Tries that lead to outcomes in the order of the addresses, and these outcomes."""
    outcomes: list[Egress | Refusal] = []
    known: dict[int, int] = {}
    meanings = array("I", (number & 0xFFFFFFFF for number in decided.numbers))
    tries = []
    for version, trie in ((4, tables.v4.trie), (6, tables.v6.trie)):
        nothing = build(version, Ranges((0,), (0,), (0,)))
        ranges, pairs = changed_ranges(nothing, trie, array("I", [_NO_MEANING]), meanings)
        places = []
        for _, meaning in pairs:
            place = known.setdefault(meaning, len(known))
            if place == len(outcomes):
                number = meaning - (meaning >> 31 << 32)
                outcomes.append(decided.refusals[~number] if number < 0 else decided.egresses[number])
            places.append(place)
        classes = array("I", (places[number - 1] for number in ranges.classes))
        tries.append(build(version, Ranges(ranges.highs, ranges.lows, classes)))
    return tries, outcomes


class _Names:
    """The names with numbers that follow from what they lead to.

    Attributes:
        vias: the connectors by number without its last bits, as JSON has them; None for routes that are not in force.
        stopped: the routes that are not in force, by number, likewise.
        index: the numbers by name.
    """

    def __init__(self, names: Hostnames) -> None:
        pairs = sorted(names.index.items())
        used = {number for _, *pair in pairs for number in pair if number >= 0}
        vias: dict[int, Any] = {}  # by identity: there are few, and to write each down for every name takes long
        via_of: dict[int, int] = {}
        stopped: dict[int, list[Any]] = {}
        for number in used:
            route: Any = names.numbers.routes[number]
            if isinstance(route, HostnameRoute) and not route.in_force:
                stopped[number] = _plain_route(route)
            else:
                via = route.via if isinstance(route, HostnameRoute) else route.egress
                via_of[number] = id(via)
                vias[id(via)] = via
        texts = {key: _text(_plain(via)) for key, via in vias.items()}
        ordered = sorted(set(texts.values()))
        places = {text: place << NUMBER_BITS for place, text in enumerate(ordered)}
        after = count(len(ordered) << NUMBER_BITS)
        new = {NONE: NONE, **{number: places[texts[via]] for number, via in via_of.items()}}
        new.update((number, next(after)) for number in sorted(stopped, key=lambda number: _text(stopped[number])))
        more = -(-len(stopped) >> NUMBER_BITS)
        self.vias = [*map(json.loads, ordered), *[None] * more]
        self.stopped = {str(new[number]): stopped[number] for number in sorted(stopped, key=new.__getitem__)}
        pairs = [(name, new[own], new[below]) for name, own, below in pairs]
        self.index: Any = build_names(pairs, shake_256(repr(pairs).encode()).digest(KEY_SIZE))


def unpack(buffer: memoryview, *, trusted: bool) -> Resolver:
    """The resolver in a buffer, which it keeps and which must not change any more.

    Args:
        buffer: the whole file.
        trusted: whether to believe what stands in it; otherwise its checksum is compared, and every index is proved to
            be in range.

    Raises:
        InvalidDocument: for what is no such file, is cut short or damaged, or is of another version or byte order.
    """
    *arrays, text = (buffer[place] for place in sections(bytes(buffer[: START.size]), len(buffer)))
    if not trusted and _checksum(buffer) != buffer[_CHECKSUM]:
        raise _invalid("damaged: its checksum is another one")
    try:
        return _made(json.loads(bytes(text)), arrays, trusted)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise _invalid(f"damaged: {type(error).__name__}: {printable(str(error))}") from None


def _checksum(buffer: memoryview) -> bytes:
    """What the checksum of a file should be."""
    start = bytearray(buffer[: START.size])
    start[_CHECKSUM] = bytes(4)
    return struct.pack("=I", crc32(buffer[START.size :], crc32(start)))


def sections(start: bytes, whole: int) -> list[slice]:
    """Where the sections of a file are.

    Args:
        start: what the file begins with, as long as :data:`START` is if the file is.
        whole: how long the file is.

    Raises:
        InvalidDocument: as for :func:`unpack`; all that can be known from there.
    """
    if len(start) < START.size or start[: len(_MAGIC)] != _MAGIC:
        raise _invalid("not a saved resolver")
    _, version, order, _, size, *places = START.unpack(start)
    before_binary = start[len(_MAGIC)] != 0  # up to version 2 it was a digit
    if order == int.from_bytes(_ORDER.to_bytes(4)[::-1]) and not before_binary:
        raise _invalid("saved on a machine with another byte order")
    if before_binary or version != VERSION:
        which = "an older" if before_binary or version < VERSION else "a newer"
        raise _invalid(f"saved by {which} version of vpcroute")
    if order != _ORDER:
        raise _invalid("damaged: its byte order is none")
    if size != whole:
        raise _invalid("cut short" if size > whole else "something stands behind its end")
    found, end = [], START.size
    for place, length in zip(places[::2], places[1::2], strict=True):
        if place < end or place % _LINE or place > size or length > size - place:
            raise _invalid("damaged: a section lies where none can be")
        end = place + length
        found.append(slice(place, end))
    if found[-1].stop - found[-1].start > _LONGEST_HEAD:
        raise _invalid("damaged: its last section is too long")
    return found


def _made(head: Mapping[str, Any], arrays: list[memoryview], trusted: bool) -> Resolver:
    directory4, arena4, directory6, arena6, outcomes, key, names, blocks = arrays
    trie4, trie6 = Trie(4, directory4, arena4), Trie(6, directory6, arena6)
    index = _INDEX(key, names, blocks)
    refusals = tuple(map(_refusal, head["refusals"]))
    decided = Decided.of(array("i", bytes(outcomes)), tuple(map(_egress, head["egresses"])), refusals)
    vias = [None if via is None else _egress(via) for via in head["vias"]]
    stopped = {int(number): _stopped(r) for number, r in head["stopped"].items()}
    whole = len(vias) - (-(-len(stopped) >> NUMBER_BITS))
    first, numbers = whole << NUMBER_BITS, (whole << NUMBER_BITS) + len(stopped)
    if None in vias[:whole] or any(vias[whole:]) or sorted(stopped) != [*range(first, numbers)]:
        raise ValueError("routes that are not in force have other numbers")
    if not trusted:
        trie4.check(len(decided.numbers))
        trie6.check(len(decided.numbers))
        index.check(numbers)
        low, high = -len(decided.refusals), len(decided.egresses)
        if not all(low <= number < high for number in decided.numbers):
            raise ValueError("an outcome is neither an egress nor a refusal")
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


def _text(thing: Any) -> str:
    return json.dumps(thing, separators=(",", ":"))


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


def _stopped(record: list[Any]) -> HostnameRoute:
    route = _route(record)
    if route.in_force:
        raise ValueError("a route that is in force is not saved")
    return route


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
