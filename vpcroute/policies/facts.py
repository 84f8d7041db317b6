"""The values of all fields for one request, as far as they are known.

What is given by name holds whatever else is known. Otherwise :data:`_COMPUTED` says how a value follows from the
request, its answers and its route, :data:`_PROVIDED` what a provider can say, and the table of selectors what a field
without a value is for a Worker: absent (no user, no device), false, or unknown with the reason.

No document says what identity a Worker has. Gateway logs what has none under the address
``non_identity@<team>.cloudflareaccess.com`` (cloudflare-docs: insights/logs/dashboard-logs/gateway-logs): so
``identity.email`` is absent or that one, and a condition is unknown only where the two would differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import attrs

from vpcroute.fields import IPAddress
from vpcroute.policies.conditions import ABSENT, Maybe, OneOf, Open
from vpcroute.policies.given import read_value
from vpcroute.policies.predicates import number_of
from vpcroute.policies.request import Context, Request
from vpcroute.policies.selectors import REASONS, SELECTORS, Selector
from vpcroute.policies.truth import Missing, unknown

__all__ = ["BY_HOST", "DNS_CATEGORIES", "Situation", "no_value", "parents_of"]

#: The fields in which categories of more than the name itself stand.
DNS_CATEGORIES: Final = frozenset({"dns.content_category", "dns.security_category"})

#: What in an egress rule works only through the addresses that Gateway hands out for names, to listed on-ramps.
BY_HOST: Final = dict.fromkeys(
    ("app.ids", "app.type.ids", "net.fqdn.content_category", "net.fqdn.host", "net.fqdn.domains"), REASONS["client"]
)

_WHICH: Final = "the connection goes to one of several addresses"
_TOP_LEVEL: Final = Missing("dns.domains", "no document says whether the top-level domain is one of a name's domains")
_TEAM: Final = Missing(
    "identity.email", "a Worker has none, or the one that the team's domain makes; team is not given"
)
_WHO: Final = Missing("identity.email", "no document says whether a Worker has the address of what has no identity")
_NO_ANSWERS: Final = "the answers for this name are not given"


@attrs.define(eq=False)
class Situation:
    """A request at some stage of its way; made often, and never changed.

    Attributes:
        request, context: what is asked and what is known beside it.
        addresses: where the connection may go; None where that is not known.
        offramps: how it may leave; None where that is not known.
        sni: whether Gateway sees the name in the TLS handshake.
        hides: fields whose values Gateway may not have here, with the reason.
        categories: what is in the arrays of a name's categories beside those of the name itself.
        name: the name that is asked for, or None for an address.
    """

    request: Request
    context: Context
    addresses: tuple[IPAddress, ...] | None = None
    offramps: tuple[str, ...] | None = None
    sni: bool = False
    hides: Mapping[str, str] = attrs.field(factory=dict)
    categories: tuple[Any, ...] = ()
    name: str | None = attrs.field(init=False)
    _values: dict[str, Any] = attrs.field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        target = self.request.target
        self.name = target.host if target.version == 0 else None

    def where(
        self,
        *,
        addresses: tuple[IPAddress, ...] | None = None,
        offramps: tuple[str, ...] | None = None,
        sni: bool = False,
        hides: Mapping[str, str] | None = None,
        categories: tuple[Any, ...] = (),
    ) -> Situation:
        """The same request where something more is known."""
        return Situation(
            self.request,
            self.context,
            self.addresses if addresses is None else addresses,
            self.offramps if offramps is None else offramps,
            self.sni or sni,
            self.hides if hides is None else hides,
            self.categories + categories,
        )

    def value(self, name: str) -> Any:
        """The value of a field: of a known selector, under its own name."""
        found = self._values.get(name)
        if found is None:
            found = self._values[name] = self._value(name)
        return found

    def _value(self, name: str) -> Any:
        (selector, compute), context = _SOURCES[name], self.context
        if name in context.given:
            return read_value(selector, context.given[name])
        if name in self.hides and not context.assume_client_selectors:
            return unknown(name, self.hides[name])
        if selector.worker == "client" and not context.assume_client_selectors:
            return unknown(name, REASONS["client"])
        return no_value(selector) if compute is None else compute(self, selector)


def no_value(selector: Selector) -> Any:
    """What a field is for a Worker where nothing says its value."""
    if selector.worker == "absent":
        return ABSENT
    return False if selector.worker == "false" else unknown(selector.name, REASONS[selector.worker])


def one_of(values: Iterable[Any], selector: Selector, reason: str) -> Any:
    """One of some values; the value itself where they are all the same."""
    found = tuple(dict.fromkeys(values))
    return found[0] if len(found) == 1 else OneOf(found, Missing(selector.name, reason))


def _text(value: str | None) -> Any:
    return ABSENT if value is None else value.encode()


@lru_cache(maxsize=1024)  # a request is asked about its name in each stage
def parents_of(name: str) -> tuple[str, ...]:
    """A name and its parents, down to the last label."""
    labels = name.split(".")
    return tuple([".".join(labels[i:]) for i in range(len(labels))])


@lru_cache(maxsize=1024)
def _domains(name: str | None) -> Any:
    """A name and its parents. Whether the last one, without a dot, is among them is not documented."""
    if name is None:
        return ABSENT
    *parents, top = [parent.encode() for parent in parents_of(name)]
    return (*parents, Maybe(top, _TOP_LEVEL)) if parents else (top,)


# From the request


def _addresses(situation: Situation, selector: Selector) -> Any:
    if situation.addresses is None:
        return no_value(selector)
    if len(situation.addresses) == 1:
        return number_of(situation.addresses[0])
    return one_of(map(number_of, situation.addresses), selector, _WHICH)


def _offramp(situation: Situation, selector: Selector) -> Any:
    if situation.offramps is None:
        return unknown(selector.name, "how the traffic leaves is not known: neither a router nor an off-ramp is given")
    return one_of([offramp.encode() for offramp in situation.offramps], selector, _WHICH)


def _path_of(situation: Situation) -> str | None:
    """Path and query; a URL is in its one spelling, where the path begins with the first slash behind the host."""
    url = situation.request.url
    return None if url is None else url[url.index("/", url.index("://") + 3) :]


def _of_path(part: Callable[[str], str]) -> Callable[[Situation, Selector], Any]:
    def read(situation: Situation, _: Selector) -> Any:
        path = _path_of(situation)
        return ABSENT if path is None else part(path).encode()

    return read


def _resolved(situation: Situation, selector: Selector) -> Any:
    addresses = situation.context.addresses_of(situation.name)
    return unknown(selector.name, _NO_ANSWERS) if addresses is None else tuple([number_of(ip) for ip in addresses])


def _answered(*types: str) -> Callable[[Situation, Selector], Any]:
    """The records of some types that the name has."""

    def read(situation: Situation, selector: Selector) -> Any:
        answers = situation.context.answers.get(situation.name or "")
        if answers is None:
            return unknown(selector.name, _NO_ANSWERS)
        return read_value(selector, [record for type_ in types for record in answers.get(type_, ())])

    return read


@lru_cache(maxsize=16)
def _email_of(team: str | None) -> OneOf:
    if team is None:
        return OneOf((ABSENT, Open(b"non_identity@", b".cloudflareaccess.com", _TEAM)), _TEAM)
    return OneOf((ABSENT, f"non_identity@{team}.cloudflareaccess.com".encode()), _WHO)


def _detected(situation: Situation, selector: Selector) -> Any:
    protocol = {"http": b"http", "https": b"tls"}.get(situation.request.target.scheme)
    return protocol or unknown(selector.name, "what a connect() speaks is not known")


def _sni(read: Callable[[str | None], Any]) -> Callable[[Situation, Selector], Any]:
    return lambda situation, _: read(situation.name) if situation.sni else ABSENT


def _connection(read: Callable[[str | None], Any]) -> Callable[[Situation, Selector], Any]:
    """The name that a connection is for; without TLS no document says."""

    def value(situation: Situation, selector: Selector) -> Any:
        if situation.request.is_https:
            return read(situation.name)
        return unknown(selector.name, "seen in stored rules only; no document says what it is without TLS")

    return value


_COMPUTED: Final[Mapping[str, Callable[[Situation, Selector], Any]]] = {
    "dns.fqdn": lambda situation, _: _text(situation.name),
    "dns.domains": lambda situation, _: _domains(situation.name),
    "dns.query_rtype": lambda situation, _: situation.request.record_type.encode(),
    "dns.resolved_ips": _resolved,
    "dns.response.cname": _answered("CNAME"),
    "dns.response.mx": _answered("MX"),
    "dns.response.ptr": _answered("PTR"),
    "dns.response.txt": _answered("TXT"),
    "net.dst.ip": _addresses,
    "net.dst.port": lambda situation, _: situation.request.target.port,
    "net.protocol": lambda *_: b"tcp",
    "net.protocol.detection": _detected,
    "net.sni.host": _sni(_text),
    "net.sni.domains": _sni(_domains),
    "net.fqdn.host": lambda situation, _: _text(situation.name),
    "net.fqdn.domains": lambda situation, _: _domains(situation.name),
    "net.offramp.type": _offramp,
    "http.request.host": lambda situation, _: situation.request.target.host.encode(),
    "http.request.domains": lambda situation, _: _domains(situation.name),
    "http.request.uri": lambda situation, _: _text(situation.request.url),
    "http.request.uri.path": _of_path(lambda path: path.partition("?")[0]),
    "http.request.uri.query": _of_path(lambda path: path.partition("?")[2]),
    "http.request.uri.path_and_query": _of_path(lambda path: path.removesuffix("?")),
    "http.request.method": lambda situation, _: situation.request.method.encode(),
    "http.conn.dst_ip": _addresses,
    "http.conn.hostname": _connection(_text),
    "http.conn.domains": _connection(_domains),
    "identity.email": lambda situation, _: _email_of(situation.context.team),
}


# From a provider


def _of_name(method: str) -> Callable[[Situation, Selector], Any]:
    def read(situation: Situation, selector: Selector) -> Any:
        provider, name = situation.context.provider, situation.name
        found = None if provider is None or name is None else getattr(provider, method)(name)
        if found is None:
            return no_value(selector)
        value: Any = read_value(selector, found)
        return value + situation.categories if selector.name in DNS_CATEGORIES else value

    return read


def _of_addresses(method: str, *, answers: bool = False) -> Callable[[Situation, Selector], Any]:
    """What a provider says of where the connection goes, or of all `answers` to the name."""

    def read(situation: Situation, selector: Selector) -> Any:
        provider, addresses = situation.context.provider, situation.addresses
        if provider is None or addresses is None:
            return no_value(selector)
        said = [getattr(provider, method)(address) for address in addresses]
        values = [no_value(selector) if value is None else read_value(selector, value) for value in said]
        if answers:
            return tuple(values)
        return one_of(values, selector, _WHICH)

    return read


_PROVIDED: Final[Mapping[str, Callable[[Situation, Selector], Any]]] = {
    **dict.fromkeys(
        [name for name in SELECTORS if name.endswith(("content_category", "security_category"))], _of_name("categories")
    ),
    "app.ids": _of_name("applications"),
    "dns.dst.geo.country": _of_addresses("country", answers=True),
    "dns.dst.geo.continent": _of_addresses("continent", answers=True),
    "net.dst.geo.country": _of_addresses("country"),
    "net.dst.geo.continent": _of_addresses("continent"),
    "http.dst_ip.geo.country": _of_addresses("country"),
    "http.dst_ip.geo.continent": _of_addresses("continent"),
}

#: Each field with what its value follows from, if it follows from anything.
_SOURCES: Final[Mapping[str, tuple[Selector, Callable[[Situation, Selector], Any] | None]]] = {
    name: (selector, _COMPUTED.get(name) or _PROVIDED.get(name)) for name, selector in SELECTORS.items()
}
