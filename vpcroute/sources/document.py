"""Network documents: what the Cloudflare API returned, collected in one JSON object, becomes a route table.

It is all or nothing: a document with errors loads nothing and tells every error at once, by its path. What Cloudflare
could have stored that is odd but has one meaning is loaded and becomes a finding. The shapes are those of
:mod:`vpcroute.sources.records`; the keys are::

    virtual_networks, tunnels, mesh_nodes, devices, subnets, routes, hostname_routes, services,
    wan: {routes, gre_tunnels, ipsec_tunnels, interconnects}, gateway_rules, gateway_lists, gateway_configuration
    routing_mode, bgp_routes, health, hosts, wan.onramps         (ours: the API has nothing for them)

Ours are, besides, a hostname route's ``match``, ``in_force: false`` of a route, the subnet type ``private_lb``, the
place ``*`` in a state by place, which is everywhere else, and a Gateway rule's ``unread``.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Final

import attrs

from vpcroute.announcements import VpcService
from vpcroute.egress import HEALTH_STATES, MeshNode
from vpcroute.errors import InvalidDocument, printable
from vpcroute.fields import IPAddress, ascii_name, read_ip
from vpcroute.gateway import GatewayList, GatewayRule
from vpcroute.limits import LARGEST_DOCUMENT, MOST_KEPT_PROBLEMS
from vpcroute.sources.files import is_database, read_text
from vpcroute.sources.json_text import read_strictly
from vpcroute.sources.reading import Progress, Reading
from vpcroute.sources.records import (
    GatewayConfigurationRecord,
    GatewayListRecord,
    GatewayRuleRecord,
    ServiceRecord,
    json_name,
    structure,
)
from vpcroute.sources.wan import Wan
from vpcroute.sources.zero_trust import ZeroTrust
from vpcroute.table import RouteTable

__all__ = ["EVERYWHERE_ELSE", "gateway_list_of", "gateway_rule_of", "load", "read"]

#: The place, in a state by place, that is every other one.
EVERYWHERE_ELSE: Final = "*"


def load(
    path: str | PathLike[str],
    *,
    lenient: bool = False,
    stored_wildcards: bool = False,
    progress: Progress | None = None,
    paths: dict[object, str] | None = None,
) -> RouteTable:
    """The route table of a network document in a file; see :func:`read`.

    The file may also be that of a stored table (:meth:`vpcroute.RouteTable.open`): it is read as it is now, into
    memory, and the other arguments mean nothing.

    Raises:
        InvalidDocument: also for a file that is not UTF-8 or not JSON, is larger than 1 GiB, or is no regular file.
        OSError: if the file cannot be read.
    """
    if is_database(path):
        from vpcroute.sources.stored import read_table

        return read_table(path)
    text = read_text(path, LARGEST_DOCUMENT)
    where = printable(str(path))
    try:
        document, problems = read_strictly(text)
    except RecursionError:
        raise InvalidDocument(((where, "is nested too deeply"),)) from None
    except ValueError as error:
        raise InvalidDocument(((where, f"is not JSON: {printable(str(error))}"),)) from None
    if problems:
        raise InvalidDocument(problems)
    del text  # which may take as much memory as all that follows
    return read(document, lenient=lenient, stored_wildcards=stored_wildcards, progress=progress, paths=paths)


def read(
    document: Mapping[str, Any],
    *,
    lenient: bool = False,
    stored_wildcards: bool = False,
    progress: Progress | None = None,
    paths: dict[object, str] | None = None,
) -> RouteTable:
    """The route table of a network document.

    Args:
        document: the document, as JSON gives it.
        lenient: load routes inside reserved ranges and hostname routes with forbidden wildcards, as findings, out of
            force: they still capture their addresses and names, which are refused (``route_not_in_force``).
        stored_wildcards: read a stored hostname without a mark as the name and the names one label below it.
        progress: is called with the number of records that are done, and of all, now and then.
        paths: is filled with the path of each announcement, virtual network, connector and service.

    Raises:
        InvalidDocument: with every error and its path.
    """
    reading = Reading(document, lenient=lenient, stored_wildcards=stored_wildcards, progress=progress, paths=paths)
    zero_trust, wan = ZeroTrust(reading), Wan(reading)
    zero_trust.read_networks()
    with reading.table.transaction():
        zero_trust.read_subnets()
        zero_trust.read_connectors()
        zero_trust.read_devices()
        wan.read_onramps()
        zero_trust.read_routes()
        zero_trust.read_hostname_routes()
        wan.read_wan_routes()
        wan.read_bgp_routes()
        _read_services(reading, zero_trust)
        _read_gateway(reading)
        _read_hosts(reading)
        _read_health(reading)
    if reading.problems:
        if len(reading.problems) >= MOST_KEPT_PROBLEMS:
            reading.problems[MOST_KEPT_PROBLEMS:] = [("", "what follows was not read")]
        raise InvalidDocument(tuple(reading.problems))
    return reading.table


def _read_services(reading: Reading, zero_trust: ZeroTrust) -> None:
    for path, record in reading.records("services", ServiceRecord):
        host = record.host
        field = "resolver_network" if host.hostname is not None else "network"
        reach = host.resolver_network if host.hostname is not None else host.network
        if reach is None:
            reading.wrong(f"{path}.host.{field}", "is missing")
            continue
        via, findings = zero_trust.connector(f"{path}.host.{field}", reach.tunnel_id)
        if isinstance(via, MeshNode):
            text = "a VPC Service stands behind a Cloudflare Tunnel, not a Mesh node"
            reading.wrong(f"{path}.host.{field}.tunnel_id", text)
            continue
        for finding in findings:
            reading.table.note(finding)
        service = via and reading.made(
            path,
            VpcService,
            record.service_id,
            record.name,
            via=via,
            type=record.type,
            ipv4=host.ipv4,
            ipv6=host.ipv6,
            hostname=host.hostname,
            http_port=record.http_port,
            https_port=record.https_port,
            tcp_port=record.tcp_port,
            resolver_ips=reach.resolver_ips or (),
            api_names={"id": "service_id", "hostname": "host.hostname"},
        )
        if service is not None:
            reading.add(f"{path}.service_id", service)


#: What the API gives of a rule and nothing here needs; what is in neither place may change what a rule does.
_NOT_NEEDED: Final = frozenset(
    "description version updated_at deleted_at read_only sharable source_account warning_status".split()
)
_READ: Final = frozenset(attribute.name for attribute in attrs.fields(GatewayRuleRecord)) | _NOT_NEEDED


def _read_gateway(reading: Reading) -> None:
    rules = []
    for path, record in reading.records("gateway_rules", GatewayRuleRecord):
        rule = gateway_rule_of(record)
        unread = reading.members(path) - _READ - set(rule.unread)
        rules.append(attrs.evolve(rule, unread=(*rule.unread, *sorted(unread))))
        reading.at(path, rules[-1])
    lists = [gateway_list_of(record) for _, record in reading.records("gateway_lists", GatewayListRecord)]
    path = "gateway_configuration"
    written = reading.value(path, None)
    configuration = None if written is None else structure(written, GatewayConfigurationRecord, path, reading.problems)
    reading.table.set_gateway(rules, lists, None if configuration is None else configuration.settings)


def gateway_rule_of(record: GatewayRuleRecord) -> GatewayRule:
    """The Gateway policy of a record."""
    return GatewayRule(
        id=record.id,
        name=record.name,
        action=record.action,
        filters=tuple(record.filters or ()),
        precedence=record.precedence,
        enabled=bool(record.enabled),
        traffic=record.traffic or "",
        identity=record.identity or "",
        device_posture=record.device_posture or "",
        settings=record.rule_settings or {},
        schedule=record.schedule or None,
        expiration=record.expiration or None,
        created_at=record.created_at or "",
        unread=tuple(record.unread or ()),
    )


def gateway_list_of(record: GatewayListRecord) -> GatewayList:
    """The Gateway list of a record."""
    values = None if record.items is None else tuple(item.value for item in record.items)
    return GatewayList(record.id, record.name, record.type, values, record.count)


def _read_hosts(reading: Reading) -> None:
    for name, addresses in reading.mapping("hosts"):
        path = f"hosts.{printable(str(name))}"
        known = reading.made_at(path, ascii_name, name)
        if known is not None and known in reading.table.hosts:
            reading.wrong(path, "is the same name as an earlier one")
        if not isinstance(addresses, list):
            reading.wrong(path, "must be an array")
            continue
        read = [reading.made_at(f"{path}[{i}]", _read_address, address) for i, address in enumerate(addresses)]
        if known is not None and None not in read:
            reading.table.set_hosts(known, [address for address in read if address is not None])


def _read_address(value: object) -> IPAddress:
    if not isinstance(value, str):
        raise TypeError(f"must be a string, not {json_name(value)}")
    return read_ip(value)


def _read_health(reading: Reading) -> None:
    for name, states in reading.mapping("health"):
        path = f"health.{printable(str(name))}"
        try:
            connector = reading.table.connector(name)
        except (LookupError, TypeError) as error:
            reading.wrong(path, str(error))
            continue
        for place, state in states.items() if isinstance(states, Mapping) else ((None, states),):
            where = path if place is None else f"{path}.{printable(str(place))}"
            if not isinstance(state, str) or state not in HEALTH_STATES:
                reading.wrong(where, f"must be one of {', '.join(HEALTH_STATES)}, or an object of these by place")
            else:
                at = None if place == EVERYWHERE_ELSE else place
                reading.made_at(where, reading.table.set_health, connector, state, place=at)
