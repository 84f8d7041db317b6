"""What changes for requests between two states of an account's policies.

It is exact for every request that is asked (:mod:`vpcroute.analysis.policy_questions`), and no proof for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final, Literal, get_args

import attrs

from vpcroute.analysis.policies import PolicyAnswer, ask_policies
from vpcroute.analysis.policy_questions import Question
from vpcroute.errors import RouteError
from vpcroute.gateway import GatewayRule, GatewayState
from vpcroute.policies.gateway import GatewayPolicies

__all__ = ["POLICY_CHANGES", "Changed", "PolicyChange", "PolicyChangeKind", "PolicyDiff", "changed", "policy_diff"]

PolicyChangeKind = Literal["blocked", "may_block", "allowed", "changed"]
#: The kinds of changes, the gravest first.
POLICY_CHANGES: Final = dict(
    zip(
        get_args(PolicyChangeKind),
        (
            "is blocked, and was not",
            "may be blocked, and could not be",
            "is allowed, and was not for certain",
            "ends or leaves in another way",
        ),
        strict=True,
    )
)
_MOST: Final = 10_000


@attrs.frozen
class Changed:
    """What differs between two states of an account's policies.

    Attributes:
        rules: rules that only one of them has, or has otherwise.
        items: the same of items of lists, each with the type of its list.
    """

    rules: tuple[GatewayRule, ...]
    items: tuple[tuple[str, str], ...]


@attrs.frozen
class PolicyChange:
    """A request whose end is another one.

    Attributes:
        question: the request.
        kind: what kind of change it is.
        before, after: what becomes of it.
    """

    question: Question
    kind: PolicyChangeKind
    before: PolicyAnswer
    after: PolicyAnswer


@attrs.frozen
class PolicyDiff:
    """What changes for requests.

    Attributes:
        changes: the requests that change, the gravest first.
        asked: how many were asked.
        is_whole: whether all that are worth asking were.
    """

    changes: tuple[PolicyChange, ...]
    asked: int
    is_whole: bool

    def __bool__(self) -> bool:
        return bool(self.changes)


def changed(before: GatewayState, after: GatewayState) -> Changed | None:
    """What differs between two states; None where nothing of the policies does."""
    old, new = ({rule.id: (rule, _unequal(rule)) for rule in state[0]} for state in (before, after))
    if (old, before[1:]) == (new, after[1:]):
        return None
    rules = [rule for id_, (rule, _) in {**old, **new}.items() if old.get(id_) != new.get(id_)]
    items: dict[tuple[str, str], None] = {}
    lists = [{known.id: (known.type, frozenset(known.values or ())) for known in state[1]} for state in (before, after)]
    for id_ in {**lists[0], **lists[1]}:
        types, values = zip(*[some.get(id_, ("", frozenset())) for some in lists], strict=True)
        items.update(dict.fromkeys((max(types), value) for value in sorted(values[0] ^ values[1])))
    return Changed(tuple(rules), tuple(items))


def _unequal(rule: GatewayRule) -> tuple[Any, ...]:
    """What two equal rules may differ in."""
    return rule.settings, rule.schedule, rule.expiration


def policy_diff(
    before: GatewayPolicies, after: GatewayPolicies, questions: Iterable[Question], most: int = _MOST
) -> PolicyDiff:
    """What changes from one to the other, for at most so many requests.

    Each is asked by its own routes. Where only one of the two refuses a destination, it is a change of routes and
    stands not here.
    """
    asked = iter(questions)
    changes: list[PolicyChange] = []
    count = 0
    for question in islice(asked, most):
        count += 1
        old, new = (_ask(gateway, question) for gateway in (before, after))
        if isinstance(old.resolution, RouteError) != isinstance(new.resolution, RouteError):
            continue  # the routes' own diff tells of it
        if _seen(old) != _seen(new):
            changes.append(PolicyChange(question, _kind(old, new), old, new))
    order = list(POLICY_CHANGES)
    changes.sort(key=lambda change: order.index(change.kind))
    return PolicyDiff(tuple(changes), count, next(asked, None) is None)


def _ask(gateway: GatewayPolicies, question: Question) -> PolicyAnswer:
    resolve: Callable[[str], Any] = gateway.router.resolve if gateway.router is not None else _no_router
    try:
        resolution = resolve(question.address)
    except RouteError as error:
        resolution = error
    return ask_policies(gateway, resolution, question.address, method=question.method)


def _no_router(_: str) -> Any:
    raise ValueError("policies are compared with their routes: give them a router")


def _seen(answer: PolicyAnswer) -> Any:
    """What is seen of an answer: how it may end, and what each stage may do; not by which rule."""
    stages = {stage.name: frozenset(_hashable(c.effect) for c in stage.decision.candidates) for stage in answer.stages}
    return answer.finals, stages


def _hashable(effect: Any) -> Any:
    """An effect without what only says when it was decided."""
    return type(effect), tuple(
        (f.name, getattr(effect, f.name)) for f in attrs.fields(type(effect)) if f.name != "phase"
    )


def _kind(old: PolicyAnswer, new: PolicyAnswer) -> PolicyChangeKind:
    if new.final == "blocked" and old.final != "blocked":
        return "blocked"
    if "blocked" in new.finals - old.finals:
        return "may_block"
    if new.final == "allowed" and old.final != "allowed":
        return "allowed"
    return "changed"
