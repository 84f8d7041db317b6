"""Whether a rule takes part at a time: switched on, not expired, within its schedule.

Sources: cloudflare-typescript: resources/zero-trust/gateway/rules (members ``enabled``, ``expiration``, ``schedule``);
cloudflare-docs: cloudflare-one/traffic-policies/dns-policies/timed-policies. An expiration that is running has
precedence over the schedule. A day without an entry is off. That the end of an interval is outside it is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from vpcroute.errors import told
from vpcroute.gateway import GatewayRule
from vpcroute.policies.truth import Truth, unknown

__all__ = ["is_active"]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERVAL: Final = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))", re.ASCII
)


def is_active(rule: GatewayRule, now: datetime | None, zone: str | None) -> tuple[Truth, str]:
    """Whether a rule takes part, and what says so (``enabled``, ``expiration`` or ``schedule``).

    Args:
        rule: the rule.
        now: the time of the request, or None where it is not known.
        zone: the time zone of a schedule that names none: for a Worker that of the data centre; None where unknown.
    """
    if not rule.enabled:
        return False, "enabled"
    if rule.expiration is not None:
        return _is_running(rule.expiration, now), "expiration"
    if rule.schedule is not None:
        return _is_scheduled(rule.schedule, now, zone), "schedule"
    return True, "enabled"


def _is_running(expiration: Mapping[str, Any], now: datetime | None) -> Truth:
    if expiration.get("expired") is True:
        return False
    ends = expiration.get("expires_at")
    try:
        end = datetime.fromisoformat(str(ends))
    except ValueError:
        return unknown("expiration", f"{told(ends)} is not a time")
    if now is None:
        return unknown("time", "the time of the request is not given")
    return now < (end if end.tzinfo is not None else end.replace(tzinfo=UTC))


def _is_scheduled(schedule: Mapping[str, Any], now: datetime | None, zone: str | None) -> Truth:
    if now is None:
        return unknown("time", "the time of the request is not given")
    name = schedule.get("time_zone") or schedule.get("timezone") or zone
    if name is None:
        return unknown("schedule", "it names no time zone, and that of the data centre is not known")
    place = _zone(name)
    if place is None:
        return unknown("schedule", f"{told(name)} is no time zone known here")
    local = now.astimezone(place)
    written = schedule.get(_DAYS[local.weekday()])
    if not written:
        return False
    intervals = [_INTERVAL.fullmatch(part.strip()) for part in str(written).split(",")]
    if None in intervals:
        return unknown("schedule", f"{told(written)} is not a list of times")
    minute = local.hour * 60 + local.minute
    return any(_minute(found[1], found[2]) <= minute < _minute(*found.groups()[2:]) for found in intervals if found)


def _minute(*parts: str | None) -> int:
    hour, minute = (int(part) for part in parts if part is not None)
    return hour * 60 + minute


def _zone(name: object) -> tzinfo | None:
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError, LookupError):  # no such zone, a path out of the data base, a folder of it
        return None
