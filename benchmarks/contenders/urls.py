"""Parsers of URLs, which only parse: what they read is compared by its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks import peers
from benchmarks.subject import Facets, Subject

__all__ = ["EXACT", "parsers"]

#: The parsers that read every URL of the WHATWG suite as it says.
EXACT: Final = ("ada-url", "can-ada")

#: Name, module, how to get the parser from the module, how to get the host from a result.
_PARSERS: Final[tuple[tuple[str, str, Callable[[Any], Any], Callable[[Any], str]], ...]] = (
    ("ada-url", "ada_url", lambda module: module.URL, lambda url: str(url.hostname)),
    ("can-ada", "can_ada", lambda module: module.parse, lambda url: str(url.hostname)),
    ("yarl", "yarl", lambda module: module.URL, lambda url: str(url.host)),
)


def parsers() -> list[Subject]:
    """Every parser that is there, as rows."""
    rows = [
        Subject(name, "peer", entry(peers.load(module)), "a URL, not looked up", _host_facets(host))
        for name, module, entry, host in _PARSERS
        if peers.load(module) is not None
    ]
    host = _host_facets(lambda parts: str(parts.hostname))
    return [*rows, Subject("urllib.parse.urlsplit", "peer", urlsplit, "a URL, not looked up", host)]


def _host_facets(host: Callable[[Any], str]) -> Callable[[Any], Facets]:
    return lambda url: {"host": host(url).removeprefix("[").removesuffix("]")}
