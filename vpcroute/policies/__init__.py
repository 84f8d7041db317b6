"""What Cloudflare Gateway does with a Worker's request: the account's own policies, evaluated offline.

    table = vpcroute.RouteTable.load("network.json")
    gateway = GatewayPolicies.of(table, Context(answers={"api.example.com": {"A": ["203.0.113.10"]}}))
    url = "https://api.example.com/"
    outcome = gateway.evaluate(table.resolve(url, answers=["203.0.113.10"]), Request.fetch(url))
    outcome.final                                   # "allowed", "blocked", … or "unknown"
    outcome.network.rule, outcome.network.considered, outcome.network.missing

Nothing here is loaded by routing. What cannot be known offline is unknown and stays so; the answer then names every
rule that could decide, what each would do, and what would settle it.
"""

from vpcroute.policies.checker import check
from vpcroute.policies.decision import Candidate, Considered, Decision
from vpcroute.policies.gateway import GatewayPolicies
from vpcroute.policies.logs import LogRecord, log_records
from vpcroute.policies.parser import parse
from vpcroute.policies.pipeline import Outcome, evaluate
from vpcroute.policies.printer import show
from vpcroute.policies.request import Context, Provider, Request, Router
from vpcroute.policies.resolvers import route_resolvers
from vpcroute.policies.rules import Account, RuleNotice
from vpcroute.policies.syntax import InvalidExpression
from vpcroute.policies.truth import Missing, Unknown

__all__ = [
    "Account",
    "Candidate",
    "Considered",
    "Context",
    "Decision",
    "GatewayPolicies",
    "InvalidExpression",
    "LogRecord",
    "Missing",
    "Outcome",
    "Provider",
    "Request",
    "Router",
    "RuleNotice",
    "Unknown",
    "check",
    "evaluate",
    "log_records",
    "parse",
    "route_resolvers",
    "show",
]
