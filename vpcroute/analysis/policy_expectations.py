"""What must become of requests by the policies: the outcome that is expected of a URL, an address, a range or a name.

Of a range every address is asked at which a rule, a list or a route may begin to answer otherwise: between two of them
all that is known of an address is the same, so all of the range is. Of ``*.suffix`` the names are asked that rules,
lists, routes and known addresses mention, and one that none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from vpcroute.analysis.expectations import Expectation
from vpcroute.analysis.policies import PolicyAnswer, ask_policies
from vpcroute.analysis.policy_questions import Known, Question, host_of
from vpcroute.errors import InvalidAddress, RouteError, quoted
from vpcroute.fib.resolver import Resolver
from vpcroute.policies.gateway import GatewayPolicies
from vpcroute.policies.request import Request

__all__ = ["OUTCOMES", "PolicyExpectation", "PolicyFailure", "check_policies"]

#: What can be expected to become of a request.
OUTCOMES: Final = ("allowed", "blocked", "redirected", "refused", "unknown")
_IPV6: Final = 1 << 32
_SCHEMES: Final = ("https", "http")


@attrs.frozen
class PolicyExpectation:
    """Something that must become of every request to a destination.

    Attributes:
        destination: a URL for ``fetch()``; ``host:port`` for ``connect()``; or an address, a prefix, a range
            ``first-last``, a name or ``*.suffix``, each as ``fetch()`` by https and by http.
        must: ``{"outcome": …}`` that each must have: certainly, so that ``allowed`` is no outcome of what is unknown.
        must_not: an outcome that none may have, not even perhaps.
    """

    destination: str
    must: Mapping[str, object] = attrs.field(factory=dict)
    must_not: Mapping[str, object] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for value in (*self.must.values(), *self.must_not.values()):
            if value not in OUTCOMES:
                raise ValueError(f"no outcome is {quoted(str(value))}; there is {', '.join(OUTCOMES)}")
        list(self.requests(Known((), ())))

    def holds_for(self, answer: PolicyAnswer) -> bool:
        """Whether an answer is as expected."""
        wanted, unwanted = self.must.get("outcome"), self.must_not.get("outcome")
        if unwanted is not None and (unwanted in answer.finals or unwanted == answer.final):
            return False
        return wanted is None or answer.final == wanted

    def requests(self, known: Known) -> Iterator[Question]:
        """What is asked; ValueError for a destination that is none."""
        if "://" in self.destination:
            Request.fetch(self.destination)
            yield Question(self.destination)
            return
        try:
            target = Expectation(self.destination, {"guaranteed": True}).target()
        except ValueError as error:
            if _is_connect(self.destination):
                yield Question(self.destination)
                return
            raise ValueError(str(error)) from None
        if isinstance(target, str):
            hosts = _names(target, known)
        else:
            version, first, last = target
            offset = 0 if version == 4 else _IPV6
            ends = {first + offset, last + offset}
            ends.update(edge for edge in known.all_numbers if first + offset <= edge <= last + offset)
            hosts = map(host_of, sorted(ends))
        yield from (Question(f"{scheme}://{host}/") for host in hosts for scheme in _SCHEMES)


@attrs.frozen
class PolicyFailure:
    """An expectation that does not hold.

    Attributes:
        expectation: which one.
        counterexample: the first request that does not end as expected.
        answer: what becomes of it.
        count: how many requests of those that were asked do not.
    """

    expectation: PolicyExpectation
    counterexample: str
    answer: PolicyAnswer
    count: int

    @property
    def question(self) -> str:
        """The counterexample as what ``explain`` takes."""
        return self.answer.address


def check_policies(
    gateway: GatewayPolicies, resolver: Resolver, known: Known, expectation: PolicyExpectation
) -> PolicyFailure | None:
    """Whether an expectation holds: None if it does, else where it does not.

    Args:
        gateway: the policies.
        resolver: where addresses go.
        known: the state of the account that `gateway` is of, with its edges.
        expectation: what is expected.
    """
    wrong: list[tuple[Question, PolicyAnswer]] = []
    for question in expectation.requests(known):
        try:
            resolution = resolver.resolve(question.address)
        except RouteError as error:
            resolution = error
        answer = ask_policies(gateway, resolution, question.address)
        if not expectation.holds_for(answer):
            wrong.append((question, answer))
    return PolicyFailure(expectation, wrong[0][0].text, wrong[0][1], len(wrong)) if wrong else None


def _is_connect(text: str) -> bool:
    try:
        Request.connect(text)
    except InvalidAddress:
        return False
    return True


def _names(target: str, known: Known) -> Iterator[str]:
    suffix = target.removeprefix("*.")
    if suffix == target:
        yield target
    else:
        yield from (name for name in known.all_names if name.partition(".")[2] == suffix)
        yield f"below.{suffix}"
