"""Resolving names before they are dialed: which suffix asks which server, and what is remembered of the answers.

The servers are asked over TCP, through the egress path that leads to them: a private one is reached by the account's
own routes, as any destination is. dnspython asks, follows CNAME chains (up to 16), and keeps answers by their TTL, the
negative ones by their SOA record.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import zip_longest
from typing import Any, Final

import attrs
import dns.asyncbackend
import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.nameserver
import dns.resolver

from vpcroute.address import Target, read_connect, target_of
from vpcroute.dial.direct import Dialer, Streams
from vpcroute.dial.failures import DialError
from vpcroute.errors import RouteError, printable, quoted
from vpcroute.fields import IPAddress, ascii_name, read_ip

__all__ = ["Names", "ResolverPolicy"]

#: Opens a connection to a server, through a dialer of its own or, where that is None, by the routes.
OpenServer = Callable[[Target, Dialer | None], Awaitable[Streams]]

_DNS_PORT: Final = 53
_LONGEST_KEPT: Final = 86_400  # seconds, whatever TTL an answer has (RFC 8767 section 4 takes a week)
_LONGEST_NEGATIVE: Final = 300  # RFC 2308 section 5 takes one to three hours
_MOST_KEPT: Final = 10_000
_NO_ADDRESS: Final = "the name has no address"
_LONGEST_CHAIN: Final = 8  # questions, beside what a server follows itself


def _server(given: str) -> Target:
    """The address of a server, with a port or without."""
    has_port = given.startswith("[") or given.count(":") == 1
    found = read_connect(given) if has_port else target_of(read_ip(given), _DNS_PORT)
    if not found.version:
        raise ValueError(f"a DNS server is given by its address, not {quoted(given)}")
    return found


def _servers(given: Any) -> tuple[Target, ...]:
    return tuple(map(_server, [given] if isinstance(given, str) else given))


def _suffixes(given: Any) -> tuple[str, ...]:
    several = [given] if isinstance(given, str) else given
    return tuple(["" if one == "." else ascii_name(one.removeprefix("*.")) for one in several])


def _some(_: Any, attribute: attrs.Attribute[Any], value: tuple[object, ...]) -> None:
    if not value:
        raise ValueError(f"a resolver policy must have {attribute.name}")


@attrs.frozen
class ResolverPolicy:
    """Which servers resolve the names below some suffixes.

    Attributes:
        suffixes: each takes the name itself and all below it; ``"."`` takes every name. The longest one decides.
        servers: the servers in the order in which they are asked, ``"10.0.0.53"`` or ``"10.0.0.53:5353"``.
        dialer: how the servers are reached; None is by their own routes, as any destination.
    """

    suffixes: tuple[str, ...] = attrs.field(converter=_suffixes, validator=_some)
    servers: tuple[Target, ...] = attrs.field(converter=_servers, validator=_some)
    dialer: Dialer | None = None


class Names:
    """The addresses of names, by resolver policies; what no policy is for is left to Gateway.

    Args:
        policies: which servers are asked for which names.
        hosts: known addresses of names, which nobody is asked for.
        timeout: seconds for all that one name takes.
    """

    def __init__(
        self,
        policies: Iterable[ResolverPolicy] = (),
        *,
        hosts: Mapping[str, Iterable[str | IPAddress]] | None = None,
        timeout: float = 5.0,
    ) -> None:
        self.policies = tuple(policies)
        if not isinstance(timeout, (int, float)) or not timeout > 0:
            raise ValueError("the time that a name may take must be a number over 0")
        self.timeout = timeout
        self._hosts = {ascii_name(name): tuple(map(_address, given)) for name, given in (hosts or {}).items()}
        self._by_suffix: dict[str, ResolverPolicy] = {}
        for policy in self.policies:
            for suffix in policy.suffixes:
                if suffix in self._by_suffix:
                    raise ValueError(f"two resolver policies are for {suffix or '.'}")
                self._by_suffix[suffix] = policy
        self._caches = {id(policy): _Cache(_MOST_KEPT) for policy in self.policies}
        self._asked: dict[str, asyncio.Task[tuple[IPAddress, ...]]] = {}

    def policy(self, name: str) -> ResolverPolicy | None:
        """The policy for a name in its one spelling: the one with the longest suffix."""
        while name:
            if name in self._by_suffix:
                return self._by_suffix[name]
            name = name.partition(".")[2]
        return self._by_suffix.get("")

    async def answers(self, name: str, open_server: OpenServer) -> tuple[IPAddress, ...] | None:
        """The addresses of a name, both families in turn, IPv6 first; None where no policy is for it.

        Whoever asks for a name that is being asked for waits for the same answer.

        Raises:
            DialError: ``dns_error`` for a name that is not there or has no address, or where no server has an answer;
                ``dns_timeout``.
        """
        if name in self._hosts:
            return self._hosts[name]
        policy = self.policy(name)
        if policy is None:
            return None
        task = self._asked.get(name)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.ensure_future(self._ask(name, policy, open_server))
            self._asked[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(task)

    def _forget(self, name: str, done: asyncio.Task[tuple[IPAddress, ...]]) -> None:
        if self._asked.get(name) is done:
            del self._asked[name]
        if not done.cancelled():
            done.exception()  # it was told to whoever waited

    async def _ask(self, name: str, policy: ResolverPolicy, open_server: OpenServer) -> tuple[IPAddress, ...]:
        tasks = [asyncio.ensure_future(self._ask_family(name, policy, kind, open_server)) for kind in ("AAAA", "A")]
        try:
            await asyncio.wait(tasks, timeout=self.timeout)
        finally:
            for task in tasks:
                task.cancel()
        families = await asyncio.gather(*tasks, return_exceptions=True)
        found = [family for family in families if not isinstance(family, BaseException)]
        addresses = [address for pair in zip_longest(*found) for address in pair if address is not None]
        if addresses:
            return tuple(addresses)
        errors = [family for family in families if isinstance(family, DialError)]
        late = _failure(name, "dns_timeout", "no answer in time")
        raise next(iter(errors), late if len(found) < len(families) else _failure(name, "dns_error", _NO_ADDRESS))

    async def _ask_family(
        self, name: str, policy: ResolverPolicy, kind: str, open_server: OpenServer
    ) -> list[IPAddress]:
        """The addresses of one family; none for a name that has no such."""
        asked = name
        for _ in range(_LONGEST_CHAIN):
            answer = await self._ask_servers(asked, policy, kind, open_server)
            canonical = answer.canonical_name.to_text(omit_final_dot=True).lower()
            if answer.rrset is not None or canonical == asked:
                return [read_ip(record.address) for record in answer.rrset or ()]
            # An alias that the server does not follow, such as one that leads out of its zone.
            asked = canonical
            following = self.policy(asked)
            if following is None:
                text = f"it is an alias of {printable(asked)}, which no resolver policy is for"
                raise _failure(name, "dns_error", text)
            policy = following
        raise _failure(name, "dns_error", f"a chain of more than {_LONGEST_CHAIN} aliases")

    async def _ask_servers(self, name: str, policy: ResolverPolicy, kind: str, open_server: OpenServer) -> Any:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [_Server(server, policy.dialer, open_server) for server in policy.servers]
        resolver.lifetime = self.timeout
        resolver.timeout = self.timeout / len(policy.servers)  # each has its turn
        resolver.cache = self._caches[id(policy)]
        try:
            return await resolver.resolve(f"{name}.", kind, search=False, raise_on_no_answer=False)
        except dns.exception.DNSException as error:
            raise _failure(name, *_told(error)) from error


def _failure(name: str, code: str, text: str) -> DialError:
    return DialError(f"{printable(name)}: {text}", code=code, address=printable(name))


def _told(error: dns.exception.DNSException) -> tuple[str, str]:
    if isinstance(error, dns.resolver.NXDOMAIN):
        return "dns_error", "there is no such name"
    if isinstance(error, dns.exception.Timeout):
        return "dns_timeout", f"no server answered in time{_said_by(error)}"
    if isinstance(error, dns.resolver.NoNameservers):
        return "dns_error", f"no server has an answer{_said_by(error)}"
    return "dns_error", printable(str(error))


def _said_by(error: Any) -> str:
    """What the servers said, or what they were not reached for."""
    found = [f"{where}: {printable(str(reason))}" for where, _, _, reason, _ in error.kwargs.get("errors", ())]
    return f" ({'; '.join(dict.fromkeys(found))})" if found else ""


def _address(given: str | IPAddress) -> IPAddress:
    return read_ip(given) if isinstance(given, str) else given


class _Cache(dns.resolver.LRUCache):
    """Answers by their TTL, and no longer than a day; negative ones no longer than five minutes."""

    def put(self, key: Any, value: Any) -> None:
        longest = _LONGEST_KEPT if value.rrset is not None else _LONGEST_NEGATIVE
        value.expiration = min(value.expiration, time.time() + longest)
        super().put(key, value)


class _Server(dns.nameserver.Nameserver):
    """A server that is asked over a connection which a dialer makes."""

    def __init__(self, target: Target, dialer: Dialer | None, open_server: OpenServer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._target, self._dialer, self._open = target, dialer, open_server

    def __str__(self) -> str:
        return f"the DNS server {self._target}"

    def kind(self) -> str:
        return "TCP"

    def is_always_max_size(self) -> bool:
        return True  # nothing is cut off over TCP

    def answer_nameserver(self) -> str:
        return self._target.host

    def answer_port(self) -> int:
        return self._target.port or _DNS_PORT

    async def async_query(
        self, request: dns.message.QueryMessage, timeout: float, *_: Any, **__: Any
    ) -> dns.message.Message:
        try:
            async with asyncio.timeout(timeout):
                return await self._query(request, timeout)
        except TimeoutError:
            raise dns.exception.Timeout(timeout=timeout) from None  # type: ignore[no-untyped-call]

    async def _query(self, request: dns.message.QueryMessage, timeout: float) -> dns.message.Message:
        try:
            streams = await self._open(self._target, self._dialer)
        except RouteError as error:
            raise OSError(str(error)) from error  # dnspython asks the next server
        try:
            return await dns.asyncquery.tcp(request, self._target.host, timeout, sock=_Stream(streams))
        finally:
            streams[1].transport.abort()


class _Stream(dns.asyncbackend.StreamSocket):  # type: ignore[misc,name-defined]
    """A connection as dnspython takes one; the time limit is around all of it."""

    def __init__(self, streams: Streams) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._reader, self._writer = streams

    async def sendall(self, what: bytes, timeout: float | None) -> None:
        self._writer.write(what)
        await self._writer.drain()

    async def recv(self, size: int, timeout: float | None) -> bytes:
        return await self._reader.read(size)

    async def getpeername(self) -> Any:
        return self._writer.get_extra_info("peername")
