"""What is asked about, and what is known beside it: the request of a Worker, its context, and providers of data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import attrs

from vpcroute.address import Target, read_connect, read_fetch, spelled
from vpcroute.errors import quoted, told
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.policies.given import read_value
from vpcroute.policies.selectors import ALIASES, SELECTORS

__all__ = ["Answers", "Context", "Provider", "Request", "Router"]

#: Answers to a name by record type, as text: ``{"A": ["203.0.113.10"]}``. A type that is not there has no records.
Answers = Mapping[str, Collection[str]]


class Provider(Protocol):
    """Data that Cloudflare has and does not publish, or that others have; None where it has none."""

    def categories(self, name: str) -> Collection[int] | None:
        """The ids of the content and security categories of a name."""

    def applications(self, name: str) -> Collection[int] | None:
        """The ids of the applications that a name belongs to."""

    def country(self, address: IPAddress) -> str | None:
        """The country of an address, as two letters."""

    def continent(self, address: IPAddress) -> str | None:
        """The continent of an address, as two letters."""


class Router(Protocol):
    """What routes an address: :class:`vpcroute.Resolver`, or :class:`vpcroute.RouteTable`."""

    def resolve(self, addr: Any, /, *, answers: Any = None) -> Any:
        """A Resolution, or RouteError."""


@attrs.frozen
class Request:
    """What a Worker sends through a ``cf1:network`` binding.

    Attributes:
        target: host and port.
        url: the URL of a fetch(), in its one spelling, without user name, password and fragment; None for connect().
        method: the method of a fetch().
        headers: its headers, by their names in lower case.
        record_type: what the name is looked up for. A Worker asks for A and for AAAA: each is a question of its own.
    """

    target: Target
    url: str | None = None
    method: str = "GET"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    record_type: str = "A"

    @classmethod
    def fetch(
        cls, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, record_type: str = "A"
    ) -> Request:
        """A ``fetch()``; InvalidAddress for a URL that it would not take."""
        target = read_fetch(url)
        parsed = spelled(url)
        parsed.hash = ""
        low = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(target, parsed.href, method.upper(), low, record_type)

    @classmethod
    def connect(cls, address: str | Mapping[str, object], *, record_type: str = "A") -> Request:
        """A ``connect()``; InvalidAddress for an address that it would not take."""
        return cls(read_connect(address), record_type=record_type)

    @property
    def is_https(self) -> bool:
        return self.target.scheme == "https"


def _by_field(given: Mapping[str, object]) -> Mapping[str, object]:
    """Values by the names that fields have here; ValueError for a field that is not known."""
    found = {ALIASES.get(name, name): value for name, value in given.items()}
    for name, value in found.items():
        if name not in SELECTORS:
            raise ValueError(f"{quoted(name)} is not a field that is known")
        read_value(SELECTORS[name], value)
    return found


def _read_answers(given: Mapping[str, Answers]) -> Mapping[str, Answers]:
    """Answers by names in their one spelling; ValueError for what is no name."""
    return {
        ascii_name(name): {type_.upper(): tuple(records) for type_, records in answers.items()}
        for name, answers in given.items()
    }


def _records_of(answers: Answers) -> Iterator[str]:
    """The addresses among answers, as text."""
    for type_ in ("A", "AAAA"):
        yield from answers.get(type_, ())


_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "addresses": ("first", "any"),
    "tls_inspection": ("settings", "yes", "no", "unknown"),
    "http_default": ("allowed", "blocked"),
}


@attrs.frozen
class Context:
    """What is known beside the request, and what is assumed where no document says.

    Its answers' A and AAAA records must be addresses: ValueError if one is none.

    Attributes:
        now: the time of the request, with its time zone; without it what has a schedule is not known.
        time_zone: the zone of the data centre, for schedules that name none.
        answers: what names resolve to, by name.
        addresses: which of a name's addresses a connection may go to: ``first`` for the first that has a way, as
            routing has it, or ``any`` for all of them.
        given: the values of fields by their names, over everything else; None for one that is absent.
        provider: where categories, applications, countries come from.
        offramp: how the traffic leaves (``internet``, ``cloudflare_tunnel``, ``mesh``, ``device_client``,
            ``cloudflare_wan``), where no router says.
        connects: whether the destination accepts the connection; None where that is not known.
        tls_inspection: whether Gateway decrypts the TLS of Workers: ``settings`` for what the account's settings say.
        http_default: what the HTTP settings do with a request that no rule matches.
        team: the name of the organisation's team domain, which is in the e-mail address that Gateway makes up for
            what has no identity.
        assume_client_selectors: take what is documented for the Cloudflare One Client only to hold for Workers.
    """

    now: datetime | None = None
    time_zone: str | None = None
    answers: Mapping[str, Answers] = attrs.field(factory=dict, converter=_read_answers)
    addresses: Literal["first", "any"] = "first"
    given: Mapping[str, object] = attrs.field(factory=dict, converter=_by_field)
    provider: Provider | None = None
    offramp: str | None = None
    connects: bool | None = True
    tls_inspection: Literal["settings", "yes", "no", "unknown"] = "settings"
    http_default: Literal["allowed", "blocked"] = "allowed"
    team: str | None = None
    assume_client_selectors: bool = False
    _read: Mapping[str, IPAddress] = attrs.field(init=False, eq=False, repr=False)
    _known: Mapping[str, tuple[IPAddress, ...]] = attrs.field(init=False, eq=False, repr=False)

    @_read.default
    def _reads(self) -> Mapping[str, IPAddress]:
        return {record: read_ip(record) for answers in self.answers.values() for record in _records_of(answers)}

    @_known.default
    def _knows(self) -> Mapping[str, tuple[IPAddress, ...]]:
        return {
            name: tuple([self._read[record] for record in _records_of(answers)])
            for name, answers in self.answers.items()
        }

    def read(self, answer: str) -> IPAddress:
        """The address that an answer says."""
        return self._read.get(answer) or read_ip(answer)

    def addresses_of(self, name: str | None) -> tuple[IPAddress, ...] | None:
        """All addresses among the answers to a name; None where they are not known."""
        return None if name is None else self._known.get(name)

    def __attrs_post_init__(self) -> None:
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("now must have a time zone")
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} must be {' or '.join(values)}, not {told(getattr(self, name))}")

    def elsewhere(self) -> Context:
        """What of it is known of a request to another destination."""
        given = {name: value for name, value in self.given.items() if SELECTORS[name].worker in _OF_THE_WORKER}
        return attrs.evolve(self, given=given, offramp=None)


#: Fields that say where a request comes from, not where it goes.
_OF_THE_WORKER: Final = frozenset({"undocumented", "absent"})
