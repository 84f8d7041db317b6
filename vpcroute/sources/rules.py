"""One Gateway policy from a file, in the API's shape."""

from __future__ import annotations

from vpcroute.errors import InvalidDocument
from vpcroute.gateway import GatewayRule
from vpcroute.limits import LARGEST_SETTINGS
from vpcroute.sources.document import read
from vpcroute.sources.files import read_text
from vpcroute.sources.json_text import loads

__all__ = ["load_rule"]


def load_rule(path: str) -> GatewayRule:
    """The policy in a JSON file, comments allowed.

    Raises:
        InvalidDocument: for what is wrong, all of it at once.
        OSError: where it cannot be read.
    """
    try:
        record = loads(read_text(path, LARGEST_SETTINGS))
    except (ValueError, RecursionError) as error:
        raise InvalidDocument((("", str(error)),)) from None
    rules = read({"gateway_rules": [record]}).gateway_rules
    if not rules:
        raise InvalidDocument((("", "the policy is deleted"),))
    return rules[0]
