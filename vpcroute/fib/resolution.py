"""The answer for one address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import attrs

try:
    import cython
except ImportError:
    from vpcroute.fib import shim as cython

from vpcroute.address import Scheme, Target, read_bare, target_of
from vpcroute.announcements import Announcement, HostnameRoute, VpcService
from vpcroute.credentials import shown
from vpcroute.egress import Egress, Offramp
from vpcroute.errors import LONGEST_QUOTE, InvalidAddress, InvalidVantage, RouteError, printable, quoted
from vpcroute.fields import IPAddress, is_dns_name
from vpcroute.limits import MOST_ANSWERS
from vpcroute.outcomes import Decision, GatewayRole, Outcome, Refusal, decide_service, maybe_stored, needs_dns
from vpcroute.ranges import CLOUDFLARE_NETWORKS
from vpcroute.remarks import Candidate, Remark, RemarkCode

__all__ = [
    "Resolution",
    "at_service",
    "blank",
    "by_answers",
    "error_of",
    "read_answers",
    "refuse_impossible_name",
    "refused",
]

_SMTP: Final = 25
_new_error: Final = Exception.__new__

_HEX_DIGITS = b"0123456789abcdef"
_HEX = _HEX_DIGITS

_SCHEMES: Final[tuple[Scheme, ...]] = ("tcp", "http", "https")


@cython.final
@cython.freelist(64)
@cython.no_gc
@cython.cclass
class Resolution:
    """Where traffic to one address goes, and why.

    Immutable. Two resolutions are equal if they say the same, whatever the generation. What is rarely asked for is made
    when it is asked for; it is of the generation that the answer is from all the same.

    Attributes:
        host: the name or address that was asked for, in its one spelling and without brackets; for a VPC Service
            what fills the Host header and SNI.
        target: what to dial; ``str()`` of it is ``host:port``.
        egress: the egress path: Tunnel, MeshNode, ClientDevice, OnRamp, EcmpGroup or Gateway.
        route: the announcement that decided; of several equal ones the first by name. None for Gateway and for a
            tunnel or service binding.
        guaranteed: false where question or document leave the answer open; then ``alternates`` has the others.
        alternates: the other egress paths that the traffic may take.
        gateway: ``"inspected"`` by Gateway's policies; ``"unspecified"``, private traffic through cf1:network;
            ``"none_documented"`` for a tunnel or service binding.
        generation: the generation of the table that the answer is from.
    """

    # For the interpreted form; the compiled one has its fields in the .pxd file.
    __slots__ = (
        "_high",
        "_low",
        "_number",
        "_port",
        "_resolver",
        "_scheme",
        "_start",
        "_stop",
        "_text",
        "_version",
        "_whole",
    )

    # Either everything is given (by __init__), or the resolver fills in text, numbers and itself, so that the rest can
    # be made when it is asked for: an object less to count is a nanosecond less for each answer.

    def __init__(self, host: Any, target: Any, decision: Any, answer_remarks: Any = (), *, generation: Any = 0) -> None:
        self._whole: _Whole | None = _Whole(host, target, decision, answer_remarks, generation)

    @property
    def host(self) -> str:
        return host_of(self) if self._whole is None else self._whole.host

    @property
    def target(self) -> Target:
        return target_of_text(self) if self._whole is None else self._whole.target

    @property
    def egress(self) -> Egress:
        return self._resolver._egress_of(self) if self._whole is None else self._whole.decision.egress

    @property
    def route(self) -> Announcement | None:
        return whole_of(self).decision.route

    @property
    def guaranteed(self) -> bool:
        return whole_of(self).decision.guaranteed

    @property
    def alternates(self) -> tuple[Candidate, ...]:
        return whole_of(self).decision.alternates

    @property
    def gateway(self) -> GatewayRole:
        return whole_of(self).decision.gateway

    @property
    def generation(self) -> int:
        return self._resolver.generation if self._whole is None else self._whole.generation

    @property
    def offramp(self) -> Offramp | None:
        """The kind of egress in the words of Cloudflare's session log; None while the name is not resolved."""
        return self.egress.offramp

    @property
    def needs_dns(self) -> bool:
        """Whether the way depends on addresses of the name that are not known: Gateway resolves it."""
        return self.egress.offramp is None

    @property
    def ip(self) -> IPAddress | None:
        """The address to dial, or None where only a name is known."""
        return self.target.ip

    @property
    def port(self) -> int | None:
        """The port to dial; None where an address was given without one."""
        return self._port if self._whole is None else self._whole.target.port

    @property
    def scheme(self) -> Scheme:
        """``http`` or ``https`` for fetch(), ``tcp`` for connect()."""
        return _SCHEMES[self._scheme] if self._whole is None else self._whole.target.scheme

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is worth knowing beside the answer."""
        whole = whole_of(self)
        return (*_target_remarks(whole.target), *whole.answer_remarks, *whole.decision.remarks)

    def __eq__(self, other):
        if not isinstance(other, Resolution):
            return NotImplemented
        return _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash(_said(self))

    def __repr__(self) -> str:
        return f"<Resolution {self.target} through {_called(self.egress)}>"

    def __reduce__(self):
        whole = whole_of(self)
        return _restore, (whole.host, whole.target, whole.decision, whole.answer_remarks, whole.generation)


class _Whole(NamedTuple):
    host: str
    target: Target
    decision: Decision
    answer_remarks: tuple[Remark, ...]
    generation: int


def blank():
    """A resolution with nothing in it, for the reader and the resolver to fill."""
    resolution = Resolution.__new__(Resolution)
    if not cython.compiled:
        resolution._text = resolution._resolver = None
        resolution._whole = None
        resolution._version = resolution._scheme = resolution._port = resolution._number = 0
        resolution._high = resolution._low = resolution._start = resolution._stop = 0
    return resolution


def host_of(resolution):
    """The host of a canonical text: what stands there, but for IPv6, which can be written in several ways."""
    if resolution._version == 6:
        return spelled(resolution._high, resolution._low)
    text = resolution._text
    return text[resolution._start : resolution._stop]


def spelled(high, low):
    """An IPv6 address in the one spelling of RFC 5952; IPv4-mapped ones, which it excepts, are no canonical text."""
    if not cython.compiled:
        groups, out = [0] * 8, bytearray(40)
    for i in range(4):
        groups[i] = (high >> (48 - 16 * i)) & 0xFFFF
        groups[4 + i] = (low >> (48 - 16 * i)) & 0xFFFF
    # The first of the longest runs of zeros, of two or more, is left out.
    gap, longest, run = 8, 1, 0
    for i in range(8):
        run = 0 if groups[i] else run + 1
        if run > longest:
            longest = run
            gap = i + 1 - run
    size = i = 0
    while i < 8:
        if i or gap == 0:
            out[size] = 58  # :
            size += 1
        if i == gap:
            i += longest
            if i == 8:
                out[size] = 58
                size += 1
            continue
        group = groups[i]
        shift = 12
        while shift and not group >> shift:
            shift -= 4
        while shift >= 0:
            out[size] = _HEX[(group >> shift) & 15]
            size += 1
            shift -= 4
        i += 1
    return out[:size].decode("ascii")


def number_of(resolution):
    """The address of a canonical text as a number; 0 for a name."""
    if resolution._version == 6:
        return (int(resolution._high) << 64) | int(resolution._low)
    return int(resolution._low)


def target_of_text(resolution):
    """The target of a canonical text."""
    scheme = _SCHEMES[resolution._scheme]
    return Target(scheme, host_of(resolution), resolution._port, resolution._version, number_of(resolution))


def whole_of(resolution):
    """Everything about the answer; made by the resolver where nothing but the text and its numbers is there so far."""
    whole = resolution._whole
    if whole is None:
        resolver = resolution._resolver
        decision = resolver._decision_again(resolution)
        target = target_of_text(resolution)
        whole = resolution._whole = _Whole(target.host, target, decision, (), resolver.generation)
    return whole


def _said(resolution):
    whole = whole_of(resolution)
    return whole.host, whole.target, whole.decision, whole.answer_remarks


def _restore(host: str, target: Target, decision: Decision, remarks: tuple[Remark, ...], generation: int) -> Resolution:
    return Resolution(host, target, decision, remarks, generation=generation)


def _target_remarks(target: Target) -> Iterable[Remark]:
    if target.unmapped:
        yield Remark(RemarkCode.IPV4_MAPPED, f"IPv4-mapped IPv6: looked up and dialed as {target.host}")
    if target.scheme != "tcp" or target.port is None:
        return
    # Rules of the global connect() (cloudflare-docs: workers/runtime-apis/tcp-sockets); whether they hold on a binding
    # is not documented.
    if target.port == _SMTP:
        yield Remark(RemarkCode.MAY_BE_PROHIBITED, "connections to port 25 may be prohibited")
    ip = target.ip
    if ip is not None and any(ip in network for network in CLOUDFLARE_NETWORKS):
        yield Remark(RemarkCode.MAY_BE_PROHIBITED, "connections to Cloudflare's own addresses may be prohibited")


def refused(said, resolution):
    """The error for a canonical text that holds an address; what :func:`error_of` gives, at a fifth of the cost.

    Args:
        said: code, hint and message.
        resolution: the text and what was read.
    """
    code, hint, message = said
    text = resolution._text
    error = _new_error(RouteError, f"{host_of(resolution)}: {message}")
    error.code = code
    error.hint = hint
    # Of a connect address each character has been read; a URL has more than that, but no credentials.
    error.address = text if resolution._scheme == 0 and len(text) <= LONGEST_QUOTE else printable(text)
    return error


def error_of(refusal: Refusal, host: str, address: object) -> RouteError:
    """The error that a refusal is for one address."""
    text = f"{printable(host)}: {refusal.message}"
    if refusal.code == "invalid_vantage":
        return InvalidVantage(text, hint=refusal.hint)
    kind = InvalidAddress if refusal.code == "invalid_address" else RouteError
    return kind(text, code=refusal.code, hint=refusal.hint, address=shown(address))


def refuse_impossible_name(target: Target, address: object) -> None:
    """``dns_error`` for a name that no host can have, so that no resolver ever sees it."""
    if target.host == "*":  # getaddrinfo() of glibc takes it for no name at all, and gives the loopback address
        raise error_of(Refusal("dns_error", "not the name of a host"), target.host, address)
    if target.version == 0 and not is_dns_name(target.host):
        refusal = Refusal(
            "dns_error", "not a name that DNS can hold", "labels have 1 to 63, names up to 253 characters"
        )
        raise error_of(refusal, target.host, address)


def at_service(service: VpcService, target: Target, address: object) -> tuple[Target, tuple[Remark, ...]]:
    """What a fetch URL leads to through a VPC Service, whose URL only fills the Host header and SNI.

    Raises:
        InvalidVantage: for connect(), and for a TCP service.
        InvalidAddress: for a scheme that the service does not serve.
    """
    if target.scheme == "tcp":
        raise InvalidVantage("connect() does not exist on VPC Service bindings", hint="use Hyperdrive for TCP services")
    place = decide_service(service, target.scheme)
    if isinstance(place, Refusal):
        raise error_of(place, target.host, address)
    host, port = place
    ip = service.ipv4 or service.ipv6
    remarks: tuple[Remark, ...] = ()
    if service.ipv4 is not None and service.ipv6 is not None:
        remarks = (Remark(RemarkCode.DUAL_STACK, f"the service has {service.ipv6} too"),)
    return Target(target.scheme, host, port) if ip is None else target_of(ip, port, target.scheme), remarks


def read_answers(answers: Iterable[object], target: Target) -> list[Target]:
    """The known addresses of a name as targets with its port and scheme; InvalidAddress for what is no address."""
    read: list[Target] = []
    for answer in answers:
        if len(read) == MOST_ANSWERS:  # a network object has up to 2**128
            raise InvalidAddress(f"a name has at most {MOST_ANSWERS} addresses", address=target.host)
        literal = read_bare(answer)  # type: ignore[arg-type]  # it refuses other types itself
        if not literal.version:
            raise InvalidAddress(f"answer {quoted(str(answer))} is not an address", address=printable(str(answer)))
        read.append(attrs.evolve(literal, port=target.port, scheme=target.scheme))
    return read


def by_answers(
    target: Target,
    answers: Iterable[object] | None,
    stored: HostnameRoute | None,
    decide: Callable[[Target], Outcome],
    address: object,
) -> tuple[Target, Decision, tuple[Remark, ...]]:
    """The outcome for a name without a sure hostname route, by its addresses.

    Each is routed as a literal would be. The first that has a way decides; those that are refused are never dialed.

    Raises:
        RouteError: ``dns_error`` for no addresses at all; else the first one's error if none has a way.
    """
    if isinstance(answers, (str, bytes)):
        raise TypeError(f"answers must be an iterable of addresses, not {type(answers).__name__}")
    if answers is None:
        return target, maybe_stored(needs_dns(), stored), ()
    found = [(answer, decide(answer)) for answer in read_answers(answers, target)]
    if not found:
        raise error_of(_below(Refusal("dns_error", "the name has no address"), stored), target.host, address)
    chosen = next(((answer, o) for answer, o in found if not isinstance(o, Refusal)), None)
    if chosen is None:
        answer, refusal = found[0]
        assert isinstance(refusal, Refusal)  # noqa: S101  (nothing was chosen)
        raise error_of(_below(refusal, stored), f"{target.host} ({answer.host})", address)
    remarks = []
    for answer, outcome in found:
        if isinstance(outcome, Refusal):
            text = f"{answer.host} is never dialed: {outcome.message}"
            remarks.append(Remark(RemarkCode.ANSWER_REFUSED, text))
        elif outcome.egress != chosen[1].egress:
            text = f"{answer.host} would leave another way: {_called(outcome.egress)}"
            remarks.append(Remark(RemarkCode.ANSWER_ELSEWHERE, text))
    # From a file, it may be an Unsaved, which has nothing but an egress.
    decision = maybe_stored(chosen[1], stored) if isinstance(chosen[1], Decision) else chosen[1]
    return chosen[0], decision, tuple(remarks)


def _below(refusal: Refusal, stored: HostnameRoute | None) -> Refusal:
    """`refusal` with a hint at the stored record that would take the name if it is a wildcard."""
    if stored is None:
        return refusal
    hint = f"the stored route {stored.hostname} would take the name if it is a wildcard, which its record does not say"
    return attrs.evolve(refusal, hint=hint if refusal.hint is None else f"{refusal.hint}; {hint}")


def _called(egress: Egress) -> str:
    return f"{egress.offramp} {printable(egress.name or egress.id or 'ECMP')}"
