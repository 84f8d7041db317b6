"""What changes for traffic between two resolvers: every address and every name, exactly."""

from __future__ import annotations

from vpcroute.analysis.address_diff import Within, changed_addresses
from vpcroute.analysis.answer import Side
from vpcroute.analysis.changes import Changes
from vpcroute.analysis.name_diff import changed_name_answers
from vpcroute.edges import WIDTHS
from vpcroute.fib.resolver import Resolver

__all__ = ["diff"]


def diff(before: Resolver, after: Resolver) -> Changes:
    """What changes from one resolver to another.

    They may be of one table at two times, of two tables, or of two vantages. Resolvers of one table share most of what
    they are made of, so that a small change of a large table costs little. Where one is from a file, what is guaranteed
    and what is up is not compared.
    """
    one, other = Side(before), Side(after)
    fully = one.says_all and other.says_all
    tries = {version: (one.trie(version), other.trie(version)) for version in WIDTHS}
    addresses = changed_addresses(tries, one.answers(fully=fully), other.answers(fully=fully))
    names = changed_name_answers(one, other, Within(addresses), fully=fully)
    return Changes(before.vantage, after.vantage, addresses, tuple(names))
