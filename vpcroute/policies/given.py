"""Values of fields as Python has them, read as the values that conditions are asked of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vpcroute.fields import IPAddress
from vpcroute.policies.conditions import ABSENT, Value
from vpcroute.policies.literals import read_text
from vpcroute.policies.predicates import Single, number_of
from vpcroute.policies.selectors import Selector, Type

__all__ = ["read_value"]


def read_value(selector: Selector, value: object) -> Value:
    """A value of a field: text, a number, a boolean, an address, or several of them; None where it is absent.

    Raises:
        TypeError: for a value that the field cannot have, ValueError for text that is no such value.
    """
    if value is None:
        return ABSENT
    if isinstance(value, Mapping):
        if selector.shape != "map":
            raise TypeError(f"{selector.name} is no map")
        return {str(key).encode(): _one(selector, item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        if selector.shape == "one":
            raise TypeError(f"{selector.name} has one value")
        return tuple([_one(selector, item) for item in value])
    single = _one(selector, value)
    return single if selector.shape in ("one", "either") else (single,)


def _one(selector: Selector, value: Any) -> Single:
    type_: Type = selector.type
    if type_ == "ip" and isinstance(value, IPAddress):
        return number_of(value)
    if type_ in ("bool", "int") and isinstance(value, bool) == (type_ == "bool") and isinstance(value, int):
        return value
    if isinstance(value, str | bytes) and type_ not in ("bool", "int", "unknown"):
        text = value.encode() if isinstance(value, str) else value
        return text if type_ == "url" else read_text(text, type_)
    raise TypeError(f"{selector.name} has no value of type {type(value).__name__}")
