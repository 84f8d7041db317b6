"""The options of what is known beside a request, for commands that ask Gateway's policies."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import Any, Final, cast

from vpcroute.commands.complaints import advise, complain
from vpcroute.errors import quoted
from vpcroute.fib.resolver import Resolver
from vpcroute.policies import Context, GatewayPolicies
from vpcroute.policies.patterns import HAS_RE2, NOT_INSTALLED
from vpcroute.policies.survey import mentions
from vpcroute.table import RouteTable

__all__ = ["add_context", "context_of", "policies_of"]

_TLS: Final = ("settings", "yes", "no", "unknown")


def add_context(parser: argparse.ArgumentParser) -> None:
    """What is known beside a request."""
    group = parser.add_argument_group("request", "what is sent, and what is known beside it; what is not, is unknown")
    group.add_argument("--method", default="GET", metavar="METHOD", help="the method of a fetch() (GET)")
    group.add_argument(
        "--header", action="append", default=[], type=_read_header, metavar="NAME:VALUE", help="a header of a fetch()"
    )
    group.add_argument("--now", type=_read_time, metavar="TIME", help="the time, such as 2026-11-24T09:00:00+01:00")
    group.add_argument("--time-zone", metavar="ZONE", help="the zone of the data centre, for schedules without one")
    group.add_argument(
        "--tls-inspection",
        choices=_TLS,
        default="settings",
        help="whether Gateway decrypts the TLS of Workers (settings)",
    )
    group.add_argument("--team", metavar="NAME", help="the organisation's team name, for the identity of what has none")
    group.add_argument(
        "--http-default",
        choices=("allowed", "blocked"),
        default="allowed",
        help="what the HTTP settings do with what no rule matches (allowed)",
    )
    group.add_argument(
        "--given",
        action="append",
        default=[],
        type=_read_given,
        metavar="FIELD=VALUE",
        help='the value of a field of the rules, as JSON or as text; "FIELD=": it is absent',
    )
    group.add_argument(
        "--assume-client-selectors",
        action="store_true",
        help="take what is documented for the Cloudflare One Client only to hold for Workers",
    )


def context_of(args: argparse.Namespace) -> Context:
    """What :func:`add_context` adds; wrong values end with an error of usage."""
    try:
        return Context(
            now=args.now,
            time_zone=args.time_zone,
            given=dict(args.given),
            tls_inspection=args.tls_inspection,
            http_default=args.http_default,
            team=args.team,
            assume_client_selectors=args.assume_client_selectors,
        )
    except (ValueError, TypeError) as error:
        return cast(Context, args.parser.error(f"argument --given: {error}"))


def policies_of(table: RouteTable, resolver: Resolver | None = None, context: Context | None = None) -> GatewayPolicies:
    """The policies of a table; says so where patterns cannot be matched."""
    if not HAS_RE2 and any(_has_pattern(rule) for rule in table.gateway_rules):
        complain("the rules have regular expressions, which are not matched here and leave answers unknown")
        advise(NOT_INSTALLED)
    return GatewayPolicies.of(table, context, resolver)


def _has_pattern(rule: Any) -> bool:
    return any(mention.comparison.operator == "matches" for mention in mentions(rule))


def _read_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not NAME:VALUE")
    return name.strip(), value.strip()


def _read_time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a time") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{quoted(text)} has no time zone: write +01:00 or Z behind it")
    return found


def _read_given(text: str) -> tuple[str, object]:
    field, equals, value = text.partition("=")
    if not equals or not field:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not FIELD=VALUE")
    if not value:
        return field, None
    try:
        read: object = json.loads(value)
    except ValueError:
        return field, value
    return field, value if isinstance(read, float) else read
