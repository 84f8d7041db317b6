"""Which dialer reaches which egress path; what has none is not dialed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from vpcroute.dial.direct import Dialer
from vpcroute.dial.failures import DialError, called
from vpcroute.egress import ClientDevice, Connector, EcmpGroup, Egress, Gateway, MeshNode, OnRamp, Tunnel
from vpcroute.errors import printable, quoted
from vpcroute.fields import lower_uuid

__all__ = ["KINDS", "Dialers", "GatewayDialer", "doubtful_names"]

#: The kinds of egress path that a dialer is for, by the names of their sections in a file.
KINDS: Final[Mapping[str, type[Connector]]] = {
    "tunnel": Tunnel,
    "mesh_node": MeshNode,
    "device": ClientDevice,
    "on_ramp": OnRamp,
}
_SECTIONS: Final = {kind: section for section, kind in KINDS.items()}
_GATEWAY: Final = (Gateway, "")
_Key = tuple[type, str]


class GatewayDialer:
    """The way to Gateway, and whether what is there resolves names by itself.

    Args:
        dialer: how it is reached.
        resolves_names: whether names may be handed to it. Then its answers are its own affair: where a name leads is
            not checked here. A dialer that cannot be given names is refused.
    """

    def __init__(self, dialer: Dialer, *, resolves_names: bool = False) -> None:
        if resolves_names and not dialer.resolves_names:
            raise ValueError("a direct dialer cannot be given names: use SOCKS5 or CONNECT for a Gateway that resolves")
        self.dialer = dialer
        self.resolves_names = resolves_names


class Dialers:
    """The dialer of each egress path: an id wins, and a name does if exactly one path of its kind has it.

    Args:
        connectors: the dialers of tunnels, Mesh nodes, devices and on-ramps. A key is the object, by its id, or its
            kind and its id or name: ``("tunnel", "eu")``, with a kind of :data:`KINDS`.
        gateway: the way to Gateway; None refuses all that goes there.
    """

    def __init__(
        self,
        connectors: Mapping[Connector | tuple[str, str], Dialer] | None = None,
        *,
        gateway: GatewayDialer | Dialer | None = None,
    ) -> None:
        self._by: dict[_Key, Dialer] = {}
        for key, dialer in (connectors or {}).items():
            self._by[_key_of(key)] = dialer
        self.gateway = gateway if isinstance(gateway, GatewayDialer | None) else GatewayDialer(gateway)

    def find(self, egress: Connector | Gateway, doubtful: Callable[[], Collection[_Key]] = tuple) -> Dialer:
        """The dialer of an egress path.

        Args:
            egress: one path; of an ECMP group, the member that was picked.
            doubtful: gives the kinds and names that several paths have; see :func:`doubtful_names`.

        Raises:
            DialError: ``no_dialer``; nothing is ever dialed another way instead.
        """
        if isinstance(egress, Gateway):
            if self.gateway is None:
                raise _missing(egress, "give the way to Gateway: the argument gateway, or the section [gateway]")
            return self.gateway.dialer
        kind = type(egress)
        found = self._by.get((kind, egress.id)) if egress.id is not None else None
        if found is None and egress.name is not None and (kind, egress.name) in self._by:
            if (kind, egress.name) in doubtful():
                raise _missing(egress, f"several have the name {quoted(egress.name)}: give the dialer by the id")
            found = self._by[kind, egress.name]
        if found is None:
            section = f"{_SECTIONS[kind]}.{printable(egress.id or egress.name or '')!r}"
            raise _missing(egress, f"give one: nothing is dialed directly unless that is said ([{section}])")
        return found


def _missing(egress: Egress, hint: str) -> DialError:
    return DialError(f"no dialer for {called(egress)}", code="no_dialer", egress=egress, hint=hint)


def _key_of(given: object) -> _Key:
    if isinstance(given, (Tunnel, MeshNode, ClientDevice, OnRamp)):
        return type(given), given.name if given.id is None else given.id
    if isinstance(given, tuple) and len(given) == 2 and all(isinstance(part, str) for part in given):
        section, name = given
        if section not in KINDS:
            raise ValueError(f"a dialer is for one of {', '.join(KINDS)}, not {quoted(section)}")
        return KINDS[section], lower_uuid(name)
    raise TypeError(f"a dialer is for a connector or (kind, id or name), not {type(given).__name__}")


def doubtful_names(egresses: Iterable[Egress]) -> frozenset[_Key]:
    """The kinds and names that more than one path has."""
    ids: dict[_Key, set[str | None]] = {}
    for egress in dict.fromkeys(egresses):
        members = [member.onramp for member in egress.members] if isinstance(egress, EcmpGroup) else [egress]
        for one in members:
            if not isinstance(one, Gateway) and one.name is not None:
                ids.setdefault((type(one), one.name), set()).add(one.id)
    return frozenset(key for key, several in ids.items() if len(several) > 1)
