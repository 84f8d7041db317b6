"""The selectors of Gateway's policies: every field that the documentation, or a stored rule, has, as one table.

For each: its type, where it may stand, when in the life of a request its value is there, and what is known of it for
traffic that a Worker sends. Gateway does not publish its schema: types are those that the documented examples have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

import attrs

__all__ = ["ALIASES", "FILTERS", "REASONS", "SELECTORS", "Filter", "Phase", "Selector", "Shape", "Type", "Worker"]

#: What a rule is for (``filters`` in the API).
Filter = Literal["dns", "dns_resolver", "egress", "l4", "http"]
FILTERS: Final[tuple[Filter, ...]] = get_args(Filter)

#: ``name`` is text that is compared as DNS names are, ``url`` is text whose trailing slash does not count; what has
#: the type ``unknown`` is compared by what it is compared with.
Type = Literal["text", "name", "url", "int", "ip", "bool", "unknown"]
#: ``either``: the documentation writes it as one value and as an array.
Shape = Literal["one", "many", "either", "map"]
#: When the value is there: at once, or only during or after resolution, with the response, or with the body.
Phase = Literal["request", "during", "after", "response", "body"]

#: What is known of a selector for a Worker's request, and why it is not known.
Worker = Literal["request", "absent", "false", "data", "undocumented", "client", "response", "body"]
REASONS: Final[Mapping[Worker, str]] = {
    "request": "the request or its answers do not say",
    "absent": "no document says how Gateway identifies a Worker",
    "false": "it is true for private applications only",
    "data": "Cloudflare's data; a provider can supply it",
    "undocumented": "no document says what it is for a Worker; it can be given",
    "client": "documented for the Cloudflare One Client only; assume_client_selectors takes it to hold for Workers",
    "response": "known when the response is there",
    "body": "known when the body is there",
}


@attrs.frozen
class Selector:
    """A field of Gateway's expressions.

    Attributes:
        name: its name.
        type: the type of its value, or of its elements.
        shape: one value, an array, or a map.
        filters: the kinds of rules that may use it.
        worker: what is known of it for a Worker.
        phase: when its value is there.
    """

    name: str
    type: Type
    shape: Shape
    filters: frozenset[Filter]
    worker: Worker
    phase: Phase = "request"


# name, type, shape, worker[, phase]; by the kinds of rules that may use them. Sources: cloudflare-docs,
# cloudflare-one/traffic-policies/policy-types/{dns,resolver,network,egress,http}-policies/, and
# partials/cloudflare-one/gateway/selectors/; http.conn.* but for the addresses from stored rules only.
_TABLE: Final = {
    "dns dns_resolver": """
        dns.fqdn                    name one    request
        dns.domains                 name many   request
        dns.query_rtype             text one    request
        dns.src_ip                  ip   either undocumented
        dns.src.geo.continent       text either undocumented
        dns.src.geo.country         text either undocumented
        dns.location                text one    undocumented
        dns.doh_subdomain           text one    undocumented
        dns.resolved_ip             ip   either undocumented
        dns.content_category        int  many   data
        dns.security_category       int  many   data
    """,
    "dns": """
        dns.src_internal_ip         ip   either undocumented
        dns.indicator_feed          unknown either data
        dns.categories_in_request_context_matches bool one false
        dns.authoritative_ns_ips    ip   either data    during
        dns.resolved_ips            ip   either request after
        dns.response.cname          name either request after
        dns.response.mx             name either request after
        dns.response.ptr            name either request after
        dns.response.txt            text either request after
        dns.dst.geo.continent       text either data    after
        dns.dst.geo.country         text either data    after
    """,
    "l4 egress": """
        net.dst.ip                  ip   either request
        net.dst.port                int  one    request
        net.protocol                text one    request
        net.dst.geo.continent       text either data
        net.dst.geo.country         text either data
        net.src.ip                  ip   either undocumented
        net.src.port                int  one    undocumented
        net.src.geo.continent       text either undocumented
        net.src.geo.country         text either undocumented
        net.src.internal_src_ip     ip   either undocumented
        net.vnet_id                 text one    undocumented
        net.proxy_endpoint.ids      text many   absent
        net.fqdn.content_category   int  many   data
    """,
    "l4": """
        net.sni.host                name one    request
        net.sni.domains             name either request
        net.protocol.detection      text one    client
        net.fqdn.security_category  int  many   data
    """,
    "egress": """
        net.fqdn.host               name one    client
        net.fqdn.domains            name either client
    """,
    "http": """
        http.request.host           name one    request
        http.request.domains        name either request
        http.request.uri            url  one    request
        http.request.uri.path       text one    request
        http.request.uri.query      text one    request
        http.request.uri.path_and_query text one request
        http.request.method         text one    request
        http.request.uri.content_category  int many data
        http.request.uri.security_category int many data
        http.response.status_code   int  one    response response
        http.conn.dst_ip            ip   either client
        http.dst_ip.geo.continent   text either client
        http.dst_ip.geo.country     text either client
        http.conn.src_ip            ip   either undocumented
        http.src_ip.geo.continent   text either undocumented
        http.src_ip.geo.country     text either undocumented
        http.conn.internal_src_ip   ip   either undocumented
        http.conn.vnet_id           text one    undocumented
        http.conn.hostname          name one    request
        http.conn.domains           name either request
        http.conn.content_category  int  many   data
        http.conn.security_category int  many   data
        app.hosts_ids               int  many   data
        app.supports_ids            int  many   data
        app.statuses                unknown either data
        http.upload.mime            text either body body
        http.download.mime          text either body body
        http.upload.file.size       int  one    body body
        http.download.file.size     int  one    body body
        http.upload.file.types      text either body body
        http.download.file.types    text either body body
        http.body_phase             text one    body body
        dlp.profiles                text many   body body
        experimental.is_mcp         bool one    data
        pkg.ecosystem               text one    data
        pkg.name                    text one    data
        pkg.namespace               text one    data
        pkg.purl                    text one    data
        pkg.version                 unknown one data
    """,
    "dns l4 egress http": """
        app.ids                     int  many   data
        app.type.ids                int  many   data
    """,
    "l4 http": """
        net.onramp.type             text one    undocumented
        net.offramp.type            text one    request
        net.is_isolated             bool one    false
        access.private_app          bool one    false
        access.target               bool one    false
    """,
    "l4 egress http": """
        proxy.endpoint              text one    absent
    """,
    "dns dns_resolver egress l4 http": """
        identity.email              text one    absent
        identity.name               text one    absent
        identity.groups.id          text either absent
        identity.groups.name        text either absent
        identity.groups.email       text either absent
        identity.saml_attributes    text map    absent
        identity.oidc_claims        text map    absent
        device_posture.checks.passed text many  absent
        device_posture.checks.failed text many  absent
    """,
}


def _read(table: Mapping[str, str]) -> Mapping[str, Selector]:
    selectors = {}
    for filters, rows in table.items():
        for row in rows.strip().splitlines():
            name, type_, shape, *rest = row.split()
            kinds = frozenset(filters.split())
            selectors[name] = Selector(name, type_, shape, kinds, *rest)  # type: ignore[arg-type]
    return selectors


SELECTORS: Final[Mapping[str, Selector]] = _read(_TABLE)

#: Other documented spellings.
ALIASES: Final[Mapping[str, str]] = {"net.detected_protocol": "net.protocol.detection"}
