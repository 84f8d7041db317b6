"""What ``vpcroute diff`` and ``whatif`` say of Gateway's policies."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from vpcroute.analysis.policy_diff import POLICY_CHANGES, PolicyDiff
from vpcroute.output.policy_changes import POLICY_HEADER, policy_change_rows, policy_markdown, policy_summary
from vpcroute.output.tables import table
from vpcroute.output.terminal import write

__all__ = ["POLICY_FORMS", "show_policy_changes"]

_KINDS: Final = "\n".join(f"  {kind:<14} {meaning}" for kind, meaning in POLICY_CHANGES.items())
POLICY_FORMS: Final = f"""\
Where Gateway's policies differ, requests are asked of both: every name, address, port, path and method that rules,
lists, routes and known addresses mention, with what is beside it. That is exact for the requests that are asked, and
no proof for those that only a pattern, a header, a time or data of others tells apart. Kinds of change:
{_KINDS}
With --json also policies: null where they are the same, or {{asked, whole (false: there are more to ask),
changes [{{change, address, method, before, after}}]}}; before and after are {{final, finals, decided_by}}.
"""


def show_policy_changes(found: PolicyDiff | None, args: argparse.Namespace) -> None:
    """Prints what changes for requests, below the changes of routes; ``--json`` has it elsewhere."""
    if found is None or args.json:
        return
    if args.markdown:
        write(sys.stdout, "\n" + "\n".join(policy_markdown(found, args.rows)) + "\n")
        return
    write(sys.stdout, f"\n{policy_summary(found)}\n")
    if found:
        write(sys.stdout, "\n")
        table(POLICY_HEADER).show(policy_change_rows(found))
