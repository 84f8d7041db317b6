"""What lint finds among the values that policies compare with: those that nothing has, and those decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from vpcroute.analysis.lint.checks import LintCode, LintFinding
from vpcroute.analysis.lint.policies import called
from vpcroute.analysis.lint.seen import Seen
from vpcroute.errors import InvalidAddress, printable, quoted
from vpcroute.policies.facts import Situation
from vpcroute.policies.global_rules import global_rules, is_concerned
from vpcroute.policies.request import Context, Request
from vpcroute.policies.selectors import SELECTORS, Filter, Selector
from vpcroute.policies.survey import Mention, mentions
from vpcroute.policies.syntax import Items, ListName, Number, Pattern, Text

__all__ = ["global_first", "never_matches"]

_GLOBAL: Final = "00000001-"
_BY_HOST: Final[tuple[Filter, ...]] = ("dns", "l4", "http")
_EQUALITIES: Final = frozenset({"==", "in"})
_LAST_PORT: Final = 65535
_LITERAL: Final = re.compile(rb"[^\\.^$*+?()\[\]{}|]+")


def never_matches(seen: Seen) -> Iterator[LintFinding]:
    """Comparisons with what a field never is."""
    for rule in seen.table.gateway_rules:
        for mention in mentions(rule):
            for value, why in _impossible(mention):
                text = f"{called(rule)}: {mention.field} is never {value}: {why}"
                yield seen.found(LintCode.POLICY_NEVER_MATCHES, text, path=seen.place(rule, mention.part))


def _impossible(mention: Mention) -> Iterator[tuple[str, str]]:
    """Values that a comparison asks for in vain, with the reason."""
    selector, right = SELECTORS.get(mention.field), mention.comparison.right
    if selector is None or right is None:
        return
    if isinstance(right, Items) and not right.items:
        yield "in {}", "the set is empty"
    if isinstance(right, Pattern):
        if selector.type == "name" and (why := _name_problem(right.value.encode(), pattern=True)):
            yield quoted(right.value), why
        return
    if mention.comparison.operator in _EQUALITIES:
        for item in right.items if isinstance(right, Items) else (right,):
            if isinstance(item, Text | Number) and (why := _problem(selector, item)):
                shown = str(item.value) if isinstance(item, Number) else quoted(item.value.decode("utf-8", "replace"))
                yield shown, why


def _problem(selector: Selector, item: Text | Number) -> str:
    """Why a field is never equal to a literal; empty where it may be."""
    if isinstance(item, Number):
        never = selector.name.endswith(".port") and not 0 < item.value <= _LAST_PORT
        return "ports are 1 to 65535" if never else ""
    if selector.type == "name":
        return _name_problem(item.value, pattern=False)
    look = _WORDS.get(selector.name)
    return "" if look is None else look(item.value)


def _name_problem(text: bytes, *, pattern: bool) -> str:
    """Why no name is like a text; empty where one may be."""
    if b"://" in text or b"/" in text.replace(b"\\/", b""):
        return "it is a URL, the field a name"
    if pattern:
        return _pattern_problem(text)
    if b"*" in text:
        return "* stands for itself in a comparison; write matches, or compare the domains"
    if b" " in text:
        return "no name has a space"
    if text.startswith(b"."):
        return "no name begins with a dot; compare the domains"
    return "it has a port, the field has none" if re.search(rb":[0-9]+$", text) else ""


def _pattern_problem(text: bytes) -> str:
    """The same of a regular expression; only of capital letters outside brackets, without options and escapes."""
    if b"(?" in text or b"[" in text or b"|" in text or b"\\" in text.replace(b"\\.", b""):
        return ""
    if any(part != part.lower() for part in _LITERAL.findall(text)):
        return "names are compared in lower case, patterns as they are"
    return ""


def _upper(value: bytes) -> str:
    return "" if value == value.upper() else "methods are in capital letters"


def _path(value: bytes) -> str:
    return "" if value.startswith(b"/") else "a path begins with /"


def _query(value: bytes) -> str:
    return "the query is without its question mark" if value.startswith(b"?") else ""


_WORDS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "http.request.method": _upper,
    "http.request.uri.path": _path,
    "http.request.uri.path_and_query": _path,
    "http.request.uri.query": _query,
}


# What the global policies decide


def global_first(seen: Seen) -> Iterator[LintFinding]:
    """Blocks of names for which a global policy decides before them."""
    table = seen.table
    lists: dict[str, Any] = {known.id.replace("-", ""): known.values or () for known in table.gateway_lists}
    for rule in table.gateway_rules:
        if not rule.enabled or rule.action != "block":
            continue
        names = {name for mention in mentions(rule) for name in _names(mention, lists)}
        for filter_ in _BY_HOST:
            decided = [name for name in sorted(names) if filter_ in rule.filters and _is_decided(filter_, name)]
            if decided:
                more = f" and {len(decided) - 3} more" if len(decided) > 3 else ""
                text = f"{called(rule)} does not block {', '.join(map(printable, decided[:3]))}{more}"
                yield seen.found(LintCode.GLOBAL_POLICY_FIRST, text, path=seen.place(rule))


def _names(mention: Mention, lists: Mapping[str, Any]) -> Iterator[str]:
    """The names that a comparison asks for."""
    selector, right = SELECTORS.get(mention.field), mention.comparison.right
    if selector is None or selector.type != "name" or mention.negated:
        return
    if isinstance(right, ListName):
        yield from lists.get(right.id.replace("-", ""), ())
    elif right is not None:
        for item in right.items if isinstance(right, Items) else (right,):
            if isinstance(item, Text):
                yield item.value.decode("utf-8", "replace")


def _is_decided(filter_: Filter, name: str) -> bool:
    """Whether a global policy lets a name pass before any rule of the account is asked."""
    if not is_concerned(name.lower()):
        return False
    try:
        request = Request.fetch(f"https://{name}/")
    except InvalidAddress:
        return False
    situation = Situation(request, Context(), sni=True)
    found = [rule.ask(situation) for rule, asked_if in global_rules(filter_) if asked_if(situation)]
    return any(one.match is True and one.rule.action in ("allow", "off") for one in found)
