"""What changes for requests, as rows, as Markdown and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from vpcroute.analysis.policies import PolicyAnswer
from vpcroute.analysis.policy_diff import POLICY_CHANGES, PolicyDiff
from vpcroute.analysis.policy_questions import Question
from vpcroute.output.changes import escaped
from vpcroute.output.policies import decided_by
from vpcroute.output.tables import Row
from vpcroute.output.words import clean

__all__ = [
    "POLICY_HEADER",
    "policy_answer_json",
    "policy_change_rows",
    "policy_diff_json",
    "policy_markdown",
    "policy_summary",
]

POLICY_HEADER: Final = ("change", "destination", "before", "after", "requests")
_MOST: Final = 8
_STYLES: Final = {"blocked": "refused", "may_block": "open"}


def policy_summary(found: PolicyDiff) -> str:
    """What changes, in a line."""
    counts = Counter(change.kind for change in found.changes)
    said = ", ".join(f"{kind} {counts[kind]}" for kind in POLICY_CHANGES if counts[kind]) or "no change"
    of = "requests asked" if found.is_whole else "requests asked, and there are more"
    return f"policies: {said} of {found.asked} {of}"


def policy_change_rows(found: PolicyDiff) -> Iterator[Row]:
    """The changes, those of one destination together where they are the same."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for change in found.changes:
        request = None if change.after.outcome is None else change.after.outcome.request
        host = change.question.address if request is None else request.target.host
        key = (change.kind, clean(host), _end(change.before), _end(change.after))
        groups.setdefault(key, []).append(clean(_short(change.question)))
    for (kind, *cells), requests in groups.items():
        more = f" and {len(requests) - _MOST} more" if len(requests) > _MOST else ""
        yield Row((kind, *cells, " ".join(requests[:_MOST]) + more), about=_STYLES.get(kind, ""))


def _short(question: Question) -> str:
    """A request without its host: ``https``, ``POST+http/path``, or the port of a connect()."""
    scheme, is_url, rest = question.address.partition("://")
    if not is_url:
        return f":{question.address.rpartition(':')[2]}"
    path = rest[rest.find("/") :] if "/" in rest else "/"
    method = "" if question.method == "GET" else f"{question.method}+"
    return f"{method}{scheme}" + ("" if path == "/" else path)


def _end(answer: PolicyAnswer) -> str:
    by = decided_by(answer)
    return f"{answer.final} ({by})" if by else answer.final


def policy_markdown(found: PolicyDiff, most: int) -> Iterator[str]:
    """The same as a table that fits a pull request."""
    yield f"**{escaped(policy_summary(found))}**"
    rows = list(policy_change_rows(found))
    if rows:
        yield ""
        yield "| " + " | ".join(POLICY_HEADER) + " |"
        yield "|" + "---|" * len(POLICY_HEADER)
    for row in rows[:most]:
        yield "| " + " | ".join(escaped(cell) for cell in row.cells) + " |"
    if len(rows) > most:
        yield ""
        yield f"… and {len(rows) - most} more."


def policy_diff_json(found: PolicyDiff | None) -> dict[str, Any] | None:
    """The object for what changes; None where the policies are the same."""
    if found is None:
        return None
    return {
        "asked": found.asked,
        "whole": found.is_whole,
        "changes": [
            {
                "change": change.kind,
                "address": change.question.address,
                "method": change.question.method,
                "before": policy_answer_json(change.before),
                "after": policy_answer_json(change.after),
            }
            for change in found.changes
        ],
    }


def policy_answer_json(answer: PolicyAnswer) -> dict[str, Any]:
    """The object for what becomes of a request, in short."""
    return {"final": answer.final, "finals": sorted(answer.finals), "decided_by": decided_by(answer)}
