"""The rules that every account has before its own: Cloudflare's global policies.

They keep an account from blocking what Zero Trust itself needs, so a rule of an account against ``api.cloudflare.com``
does nothing (cloudflare-docs: cloudflare-one/traffic-policies/reference/global-policies, as of autumn 2026). That they
come before all others is documented for DNS and resolver rules, and follows from the page for the rest. A host with
``*.`` stands for its name and all below it, as the page says of cloudflarestatus.com; for DNS the page's hosts are
domains, and so is every host there.

Of the page's rules two are left out: the one for OCSP, an application of which no document gives the id, and the one
for Gateway's block page, which no Worker asks for. The category that is always blocked is asked only where the
categories of the host are known, for otherwise nothing would ever be certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Final, get_args

from vpcroute.gateway import GatewayRule
from vpcroute.policies.facts import Situation, parents_of
from vpcroute.policies.rules import Account, ReadRule
from vpcroute.policies.selectors import Filter
from vpcroute.policies.truth import Unknown

__all__ = ["global_rules", "is_concerned"]

# The ends of the ids of a DNS and a resolver rule, and the domains that both are for.
_DNS: Final = """
    e139-4a1b-90d5-698d8fa371e0 e738-4554-823b-0b2c75af2c66 cloudflareclient.com
    9bff-4d83-a9e4-e5ed321fe0b9 0df5-472b-80c0-02888e7167ee content.browser.run
    e2f1-4e99-bab3-91df88879587 b103-44c6-a114-7a784cdf3fb7 edge.browser.run cloudflarebrowser.com
    b2fc-46db-b0f1-69ef3553bd7a ce13-486a-b006-ba0435ccb013 help.teams.cloudflare.com help.one.cloudflare.com
    e83d-492b-995e-351970cd5e8e d9bc-4913-a2f5-905dbb3ecf9a cloudflare-gateway.com
    78da-4f8a-b9ee-76563f1ec46b 4d1d-43a3-9015-c49fc3a6da31 cloudflarestatus.com
    af28-4afa-8987-eadc21187e14 0034-45a0-8333-f339451fba46 nel.cloudflare.com
    5eea-4932-8dd5-8e1ec9770396 4f0c-4f86-9b96-5d26123a194b api.cloudflare.com
    0f75-48a9-b3e1-925a974d2b65 3d84-41a6-bc84-3014685c0d81 dash.teams.cloudflare.com
    a9fd-40de-a662-51d3a3ae0ad8 70f2-4eea-b711-201bca434ed4 one.dash.cloudflare.com one.dash.fed.cloudflare.com
    0c2a-4b31-8606-3e5a1d87c1bf c47f-41f3-b234-d66c82b8d422 dash.cloudflare.com dash.fed.cloudflare.com
    1c6c-4793-b48f-799eee6e0e31 8c35-4d7d-9dbb-cb7350375b7b cloudflareportal.com cloudflareok.com cloudflarecp.com
    d738-4dad-bac4-1a50201d9503 4404-4572-80f6-f7b098909460 cloudflareaccess.com
    76f4-4438-b8ab-a9da53f4a2f1 af3c-458f-aeb2-b3bb5d3fe1d5 {blocked}
    4263-4808-8457-4d4329c91f66 9f91-4462-9270-78beca5b4dbc developers.cloudflare.com
    4fc0-4286-b783-6c442adda171 ec51-4471-9e78-bd47d46a3002 speed.cloudflare.com
    1232-4a9f-a165-1e8ed59483c4 9461-43c7-ba63-d0fdf9376bd4 {apps}
"""
# Filter, action, the end of the id, hosts, and after "not" hosts that are left out.
_OTHERS: Final = """
    l4 allow e4af-4b82-8f8c-c79c1d5d212e *.nel.cloudflare.com
    l4 allow 8c3d-4e27-a01b-af8418000077 *.cloudflareclient.com *.fed.cloudflareclient.com
    l4 allow 776e-438d-9856-987d7053762b *.cloudflare-gateway.com *.fed.cloudflare-gateway.com
    l4 allow e1e8-421b-a0fe-895397489f28 dash.teams.cloudflare.com {services}
    l4 allow daa2-41e2-8a88-698af4066951 *.cloudflareaccess.com *.fed.cloudflareaccess.com
    l4 allow 1f93-4476-8f92-9aa4407d1c5f {apps}
    http off d1f2-461a-8253-501c8d882a15 *.cloudflareclient.com *.fed.cloudflareclient.com not {notifications}
    http off df61-4068-aa6c-0f684c3cd4e6 *.content.browser.run
    http off 3faa-4f59-98d4-0f6d6af4b6d0 *.edge.browser.run *.cloudflarebrowser.com
    http allow 8e9a-4429-b3c2-d267d0ce6114 help.teams.cloudflare.com help.one.cloudflare.com
    http off d9c0-46b0-8704-2ea5b9d7bdfc *.cloudflare-gateway.com *.fed.cloudflare-gateway.com
    http off 5399-4b71-a9fc-d4d90ccf0758 *.cloudflarestatus.com
    http off dfe0-4737-8d1e-8191e8f637df *.nel.cloudflare.com
    http off a424-43fb-b1f1-d3eb35ed7ddd api.cloudflare.com api.fed.cloudflare.com
    http off d38e-42db-96fe-60613b6b308f dash.teams.cloudflare.com one.dash.cloudflare.com one.dash.fed.cloudflare.com
    http off d343-4ded-908e-b3fe43c5e61e *.dash.cloudflare.com *.dash.fed.cloudflare.com
    http off 8b62-4367-919e-5c160a06ddf7 cloudflareportal.com cloudflareok.com cloudflarecp.com
    http allow 8d6b-4951-8a18-3bbc9010976c *.cloudflareaccess.com *.fed.cloudflareaccess.com
    http off 48b1-4ade-93c1-f0f3759dc19c {blocked}
    http block bed5-462e-b0f1-2e2c3555e9f7
    http noisolate 1a18-431f-9c9d-bce431f1002a developers.cloudflare.com help.cloudflarebrowser.com
    http noscan c194-408f-87dd-9a366ce76e12 speed.cloudflare.com
"""
_SERVICES: Final = (
    "help.teams.cloudflare.com blocked.teams.cloudflare.com blocked.teams.fed.cloudflare.com api.cloudflare.com "
    "api.fed.cloudflare.com cloudflarestatus.com www.cloudflarestatus.com one.dash.cloudflare.com "
    "one.dash.fed.cloudflare.com help.one.cloudflare.com dash.cloudflare.com dash.fed.cloudflare.com "
    "developers.cloudflare.com"
)
_SHORT: Final[Mapping[str, str]] = {
    "services": _SERVICES,
    "blocked": "blocked.teams.cloudflare.com blocked.teams.fed.cloudflare.com",
    "notifications": "notifications.cloudflareclient.com notifications.fed.cloudflareclient.com",
    "apps": " ".join(
        f"*.zero-trust-apps{stage}{place}.cfdata.org" for place in ("", ".fed") for stage in ("", "-staging")
    ),
}
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "dns": ("dns.domains", "dns.domains"),
    "dns_resolver": ("dns.domains", "dns.domains"),
    "l4": ("net.sni.host", "net.sni.domains"),
    "http": ("http.request.host", "http.request.domains"),
}
_ALWAYS_BLOCKED: Final = "http.request.uri.content_category"


@cache
def global_rules(filter_: Filter) -> tuple[tuple[ReadRule, Callable[[Situation], bool]], ...]:
    """The global rules of a kind, in order, each with what must hold of a request for it to be asked."""
    return tuple(
        [(rule, _has_categories if _ALWAYS_BLOCKED in rule.fields else _is_concerned) for rule in _read()[filter_]]
    )


@cache
def _read() -> Mapping[Filter, tuple[ReadRule, ...]]:
    return Account(_rules()).rules


@cache
def _hosts() -> frozenset[str]:
    """The hosts that the rules are about."""
    return frozenset(host.removeprefix("*.") for _, _, _, hosts, _ in _rows() for host in hosts)


def _is_concerned(situation: Situation) -> bool:
    """Whether the name is one that the rules are about, or is below it."""
    return situation.name is not None and is_concerned(situation.name)


@lru_cache(maxsize=1024)  # a request is asked about its name in each stage
def is_concerned(name: str) -> bool:
    """Whether a global rule is about a name, or about one that it is below."""
    return not _hosts().isdisjoint(parents_of(name))


def _has_categories(situation: Situation) -> bool:
    return not isinstance(situation.value(_ALWAYS_BLOCKED), Unknown)


def _rows() -> Iterator[tuple[Filter, str, str, list[str], list[str]]]:
    """Kind, action, end of the id, hosts, and hosts left out, of each rule."""
    for row in _DNS.format_map(_SHORT).strip().splitlines():
        allow, resolve, *hosts = row.split()
        yield "dns", "allow", allow, hosts, []
        yield "dns_resolver", "resolve", resolve, hosts, []
    for row in _OTHERS.format_map(_SHORT).strip().splitlines():
        filter_, action, end, *rest = row.split()
        at = rest.index("not") if "not" in rest else len(rest)
        (kind,) = (known for known in get_args(Filter) if known == filter_)
        yield kind, action, end, rest[:at], rest[at + 1 :]


def _rules() -> Iterator[GatewayRule]:
    for number, (filter_, action, end, hosts, without) in enumerate(_rows()):
        yield GatewayRule(
            id=f"00000001-{end}",
            name="Global Policy",
            action=action,
            filters=(filter_,),
            precedence=number,
            enabled=True,
            traffic=_traffic(filter_, hosts, without),
            settings={"resolve_dns_through_cloudflare": True} if action == "resolve" else {},
        )


def _traffic(filter_: Filter, hosts: list[str], without: list[str]) -> str:
    if not hosts:
        return f"any({_ALWAYS_BLOCKED}[*] == 170)"
    exact, below = _FIELDS[filter_]
    names = [host for host in hosts if not host.startswith("*.") and exact != below]
    parents = [host.removeprefix("*.") for host in hosts if host not in names]
    parts = [f"{exact} in {_set(names)}"] * bool(names) + [f"any({below}[*] in {_set(parents)})"] * bool(parents)
    text = " or ".join(parts)
    return f"({text}) and not {exact} in {_set(without)}" if without else text


def _set(names: list[str]) -> str:
    return "{" + " ".join(f'"{name}"' for name in names) + "}"
