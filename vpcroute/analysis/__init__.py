"""What a table says of itself: why, what changes, what breaks, what must hold, what routes are worth, what policies do.

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
from vpcroute.analysis.policies import PolicyAnswer, ask_policies
from vpcroute.analysis.policy_diff import PolicyChange, PolicyDiff
from vpcroute.analysis.policy_expectations import PolicyExpectation, PolicyFailure, check_policies
from vpcroute.analysis.policy_whatif import AddRule, RemoveRule, SwitchRule, compare_policies, rehearse_policies
from vpcroute.analysis.tree import Section, tree
from vpcroute.analysis.whatif import Announce, Drain, Mode, State, Withdraw, rehearse, whatif

__all__ = [
    "AddRule",
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
    "PolicyAnswer",
    "PolicyChange",
    "PolicyDiff",
    "PolicyExpectation",
    "PolicyFailure",
    "RemoveRule",
    "Section",
    "State",
    "SwitchRule",
    "Withdraw",
    "ask_policies",
    "check",
    "check_policies",
    "compare_policies",
    "diff",
    "explain",
    "explain_compiled",
    "impact",
    "recorded",
    "rehearse",
    "rehearse_policies",
    "tree",
    "whatif",
]
