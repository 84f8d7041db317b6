"""The errors of a document that cannot be loaded, as findings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from vpcroute.analysis.lint.checks import LintCode, LintFinding

__all__ = ["of_problems"]

#: The codes of errors, by what their path and their text are like; any other is an invalid document.
_KINDS: Final = tuple(
    (re.compile(path), re.compile(text), code)
    for path, text, code in [
        (r"hostname_routes\[\d+\]\.tun_type", r"must be cfd_tunnel or warp_connector ", LintCode.HOSTNAME_ON_WAN),
        (r"hostname_routes\[\d+\]\.tunnel_id", r"is that of a WAN on-ramp", LintCode.HOSTNAME_ON_WAN),
        (r"(hostname_)?routes\[\d+\]", r".* is announced through .* already$", LintCode.ROUTE_CONFLICT),
    ]
)


def of_problems(problems: Iterable[tuple[str, str]]) -> list[LintFinding]:
    """A finding for each problem of an :exc:`vpcroute.InvalidDocument`, in their order."""
    return [LintFinding(_code(path, text), text, path=path) for path, text in problems]


def _code(path: str, text: str) -> LintCode:
    for path_like, text_like, code in _KINDS:
        if path_like.fullmatch(path) and text_like.match(text):
            return code
    return LintCode.INVALID_DOCUMENT
