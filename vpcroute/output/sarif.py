"""Findings of lint as SARIF 2.1.0, which code hosts show beside the lines of a document.

What GitHub asks of a log (docs.github.com: code-security, SARIF support for code scanning) is in it: for each rule its
texts, for each result a file with a line, and a fingerprint that stays the same while lines move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from vpcroute.analysis.lint import CHECKS, Check, LintCode, LintFinding
from vpcroute.announcements import Announcement
from vpcroute.outcomes import destination_text

__all__ = ["sarif_json"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_INDEX: Final = {code: index for index, code in enumerate(CHECKS)}


def sarif_json(
    findings: Iterable[LintFinding], uri: str, positions: Mapping[str, tuple[int, int]], version: str
) -> dict[str, Any]:
    """A SARIF log.

    Args:
        findings: the findings.
        uri: the document, as a URI; relative to the root of its repository where it stands in one.
        positions: line and column by path, as far as they are known.
        version: the version of this program.
    """
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        print_ = _fingerprint(finding)
        seen[print_] += 1
        results.append(_result(finding, uri, positions, f"{print_}:{seen[print_]}"))
    driver = {"name": "vpcroute", "version": version, "rules": [_rule(code, check) for code, check in CHECKS.items()]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: LintCode, check: Check) -> dict[str, Any]:
    return {
        "id": str(code),
        "shortDescription": {"text": check.statement},
        "fullDescription": {"text": f"{check.statement}. Source: {check.source}."},
        "help": {"text": f"{check.mend}."},
        "defaultConfiguration": {"level": check.severity},
    }


def _result(
    finding: LintFinding, uri: str, positions: Mapping[str, tuple[int, int]], fingerprint: str
) -> dict[str, Any]:
    line, column = positions.get(finding.path, (1, 1))
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": line, "startColumn": column},
        }
    }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path}]
    return {
        "ruleId": str(finding.code),
        "ruleIndex": _INDEX[finding.code],
        "level": finding.severity,
        "message": {"text": f"{finding.reason}. To mend it: {finding.mend}."},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},  # the only one that GitHub takes
    }


def _fingerprint(finding: LintFinding) -> str:
    """The same for the same finding, wherever in the document it stands."""
    about = [finding.reason] if not finding.announcements else _identity(finding.announcements[0])
    return sha256("\0".join([finding.code, *about]).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _identity(route: Announcement) -> list[str]:
    via = route.via.id or route.via.name or ""
    return [type(route).__name__, destination_text(route), str(getattr(route, "virtual_network", None)), via]
