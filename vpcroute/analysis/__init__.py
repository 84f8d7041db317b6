"""What a table says of itself: why, what changes, what breaks, what must hold, and what each route is worth.

The functions have the names of their modules: ``from vpcroute.analysis import diff`` is the function. Nothing of this
is imported with :mod:`vpcroute`.
"""

from vpcroute.analysis.answer import Answer
from vpcroute.analysis.changes import AddressChange, Changes, NameChange
from vpcroute.analysis.diff import diff
from vpcroute.analysis.expectations import Expectation, Failure, check, recorded
from vpcroute.analysis.explain import explain, explain_compiled
from vpcroute.analysis.explanation import Explanation
from vpcroute.analysis.impact import Impact, impact
from vpcroute.analysis.marks import Branch
from vpcroute.analysis.tree import Section, tree
from vpcroute.analysis.whatif import Announce, Drain, Mode, State, Withdraw, rehearse, whatif

__all__ = [
    "AddressChange",
    "Announce",
    "Answer",
    "Branch",
    "Changes",
    "Drain",
    "Expectation",
    "Explanation",
    "Failure",
    "Impact",
    "Mode",
    "NameChange",
    "Section",
    "State",
    "Withdraw",
    "check",
    "diff",
    "explain",
    "explain_compiled",
    "impact",
    "recorded",
    "rehearse",
    "tree",
    "whatif",
]
