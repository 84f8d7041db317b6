"""What lint looks for among Gateway's policies: each with its severity and the source of the rule behind it."""

from __future__ import annotations

from typing import Final

__all__ = ["POLICY_CHECKS"]

_OOE = "cloudflare-docs: partials/cloudflare-one/gateway/order-of-enforcement"
_NCOM = "cloudflare-docs: cloudflare-one/traffic-policies/policy-types/network-policies/common-policies"
_EXPR = "cloudflare-docs: cloudflare-one/traffic-policies/reference/policy-expressions"
_LISTS = "cloudflare-docs: cloudflare-one/reusable-components/lists"
_GLOBAL = "cloudflare-docs: cloudflare-one/traffic-policies/reference/global-policies"
_RESOLVER = "cloudflare-docs: partials/cloudflare-one/gateway/create-resolver-policy"
_HTTP = "cloudflare-docs: cloudflare-one/traffic-policies/policy-types/http-policies"
_VALUE = "cloudflare-docs: partials/cloudflare-one/gateway/value"
_OURS = "ours"

#: Severity, code, statement, mend, source.
POLICY_CHECKS: Final = (
    (
        "error",
        "invalid_expression",
        "a condition of a policy cannot be read, so it is not known whether it matches",
        "correct the condition",
        _EXPR,
    ),
    (
        "warning",
        "blocks_workers",
        "an allow by identity, then a block of everyone else: it blocks Workers, which have none",
        "allow what Workers need by its destination, in a policy before the block",
        _NCOM,
    ),
    (
        "warning",
        "matches_workers",
        "a negated condition on identity or posture holds for Workers, which have neither",
        "write who is meant without not, or allow what Workers need in a policy before this one",
        "ours, by " + _NCOM,
    ),
    (
        "warning",
        "unknown_list",
        "a policy names a list that is not in the document",
        "add the list to the document, or correct its id",
        _LISTS,
    ),
    (
        "warning",
        "list_without_items",
        "a policy names a list of which not all items are there or can be compared",
        "add the items to the document: the API has them under gateway/lists/{id}/items",
        _LISTS,
    ),
    (
        "warning",
        "policy_never_matches",
        "a comparison that no value of its field can satisfy",
        "write the value as the field has it",
        _EXPR,
    ),
    (
        "warning",
        "allow_before_block",
        "a DNS allow, asked before resolution, beats a block of earlier precedence asked after it",
        "narrow the allow, or block by what is known before resolution",
        _OOE,
    ),
    (
        "warning",
        "unknown_field",
        "a condition uses a field or function that is not known or not for such policies",
        "correct the name; until then it is not known whether the policy matches",
        _EXPR,
    ),
    (
        "warning",
        "unknown_action",
        "a policy's action or kind is not known, or the one does not go with the other",
        "correct the action; until then it is not known what the policy does",
        "ours",
    ),
    (
        "warning",
        "unknown_member",
        "a policy has a member that is not known here and may change what it does",
        "leave it out of the document if it has no effect",
        _OURS,
    ),
    (
        "warning",
        "resolver_without_route",
        "a resolver policy names a private resolver that the account's routes do not reach",
        "add a route to it in that virtual network, or correct the policy: it does not follow a moved route",
        _RESOLVER,
    ),
    (
        "warning",
        "global_policy_first",
        "Cloudflare's global policies decide before a block of the account for some of its names",
        "leave the names out: their traffic is not blocked",
        _GLOBAL,
    ),
    (
        "note",
        "http_ports_unseen",
        "HTTP policies do not see what a fetch() sends to ports other than 80 and 443",
        "block these ports in a network policy, or turn on dynamic inspection and protocol detection",
        _HTTP,
    ),
    (
        "note",
        "pattern_not_read",
        "a regular expression that is not matched here, so it is not known whether the policy matches",
        "write it so that Rust and RE2 read it in one way",
        _VALUE,
    ),
    (
        "note",
        "equal_precedence",
        "two policies of one kind have the same precedence",
        "give them different ones: which is asked first is not documented",
        _OURS,
    ),
    (
        "note",
        "policy_reading",
        "a policy is written in a way that has one meaning here and may be read otherwise",
        "write it as the documentation does",
        _EXPR,
    ),
)
