"""An account's policies, read once, asked about what routing has resolved.

table = vpcroute.RouteTable.load("network.json")
gateway = GatewayPolicies.of(table)
resolution = table.resolve("https://api.example.com/")
outcome = gateway.evaluate(resolution, Request.fetch("https://api.example.com/"))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from vpcroute.errors import RouteError
from vpcroute.fields import IPAddress
from vpcroute.policies.logs import LogRecord, log_records
from vpcroute.policies.pipeline import Outcome, evaluate
from vpcroute.policies.request import Answers, Context, Request, Router
from vpcroute.policies.rules import Account

if TYPE_CHECKING:
    from vpcroute.fib.resolution import Resolution
    from vpcroute.table import RouteTable

__all__ = ["GatewayPolicies", "answers_of"]


@attrs.frozen
class GatewayPolicies:
    """What Gateway does with requests, by one account's policies.

    Attributes:
        account: the rules, lists and settings.
        context: what is known beside every request.
        router: what routes an address that a policy puts in the place of another; without it the context says how
            traffic leaves.
    """

    account: Account
    context: Context = attrs.field(factory=Context)
    router: Router | None = None

    @classmethod
    def of(cls, table: RouteTable, context: Context | None = None, router: Router | None = None) -> GatewayPolicies:
        """The policies of a route table, as they are now.

        Args:
            table: where rules, lists, settings and the known addresses of names come from.
            context: what is known beside; its own answers hold before those of the table.
            router: what routes; the table if there is none.
        """
        known = Context() if context is None else context
        account = Account(table.gateway_rules, table.gateway_lists, table.gateway_settings)
        answers = {**answers_of(table.hosts), **known.answers}
        return cls(account, attrs.evolve(known, answers=answers), table if router is None else router)

    def evaluate(self, resolution: Resolution | RouteError, request: Request) -> Outcome:
        """What becomes of a request that is resolved, or refused, already.

        Raises:
            ValueError: where the two are about different hosts or ports.
        """
        host, port = request.target.host, request.target.port
        if not isinstance(resolution, RouteError) and (resolution.host, resolution.port) != (host, port):
            raise ValueError(f"the request is for {request.target}, the resolution for {resolution.host}")
        return evaluate(self.account, request, self.context, _Resolved(request, resolution, self.router))

    def ask(self, request: Request) -> Outcome:
        """What becomes of a request, wherever the router leads it."""
        return evaluate(self.account, request, self.context, self.router)

    def log_records(self, outcome: Outcome) -> tuple[LogRecord, ...]:
        """The records that it leaves, as predicted."""
        return log_records(self.account, self.context, outcome)


def answers_of(hosts: Mapping[str, tuple[IPAddress, ...]]) -> Mapping[str, Answers]:
    """Known addresses of names as answers by record type."""
    return {
        name: {
            type_: tuple([str(ip) for ip in addresses if ip.version == version])
            for type_, version in (("A", 4), ("AAAA", 6))
        }
        for name, addresses in hosts.items()
    }


@attrs.frozen
class _Unrouted:
    """Where an address goes of which no router says how it leaves."""

    ip: Any
    offramp: str | None = None
    gateway: str | None = None


@attrs.frozen
class _Resolved:
    """A router that knows one request's way already; others, such as an overridden answer's, it asks for."""

    request: Request
    resolution: Any
    router: Router | None

    def resolve(self, addr: Any, /, *, answers: Any = None) -> Any:
        asked = str(addr) in (self.request.url, str(self.request.target))
        if asked and (answers is None or self._is_for(answers)):
            if isinstance(self.resolution, RouteError):
                raise self.resolution
            return self.resolution
        if self.router is None:
            return _Unrouted(answers[0] if answers else None)
        return self.router.resolve(addr, answers=answers)

    def _is_for(self, answers: Any) -> bool:
        """Whether the way is that of these answers: one of them is where it goes, or the name alone decides."""
        if isinstance(self.resolution, RouteError):
            return self.router is None
        ip = self.resolution.ip
        return (ip is None and not self.resolution.needs_dns) or str(ip) in map(str, answers)
