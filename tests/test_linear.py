"""Reading takes steps and memory in proportion to the length, whatever is asked, and what is said of it is short.

Steps are those of the interpreter: the lines that run. (In the compiled form those are the lines of the exact readers;
the quick reader's are counted where the sources run.)
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any

import pytest

from vpcroute import COMPILED, HostnameRoute, Resolver, RouteError, RouteTable, SubnetRoute, Tunnel, Vantage
from vpcroute.errors import LONGEST_QUOTE
from vpcroute.reference import Reference

SHAPES: dict[str, Callable[[int], str]] = {
    "path": lambda n: "http://10.0.0.1/" + "a" * n,
    "dots in the path": lambda n: "http://10.0.0.1/" + "a/../" * (n // 5),
    "query": lambda n: "http://10.0.0.1?" + "&" * n,
    "name": lambda n: "http://" + "a" * n,
    "labels": lambda n: "http://" + "a." * (n // 2) + "b",
    "capital labels": lambda n: "http://" + "A." * (n // 2) + "b",
    "labels of connect": lambda n: "a." * (n // 2) + "b:80",
    "dots": lambda n: "http://" + "." * n,
    "numbers": lambda n: "http://" + "1." * (n // 2),
    "zeros": lambda n: "http://" + "0" * n + "1",
    "hexadecimal": lambda n: "http://0x" + "f" * n,
    "percent": lambda n: "http://" + "%61" * (n // 3),
    "percent of percent": lambda n: "http://" + "%25" * (n // 3),
    "soft hyphens": lambda n: "http://a" + "\u00ad" * n,
    "one label of many characters": lambda n: "http://" + "".join(chr(0x4E00 + i % 20000) for i in range(n)),
    "combining marks": lambda n: "http://a" + "\u0301\u0316" * (n // 2),
    "encoded labels": lambda n: "http://" + "xn--9ca." * (n // 8),
    "user": lambda n: "http://" + "u" * n + "@10.0.0.1/",
    "password": lambda n: "http://u:" + "%" * n + "@10.0.0.1/",
    "at signs": lambda n: "http://" + "@" * n + "10.0.0.1/",
    "credentials, unreadable": lambda n: "http://" + "u:p@" * (n // 4) + "[",
    "credentials of connect": lambda n: "u" * n + "@10.0.0.1:80",
    "opening brackets": lambda n: "http://" + "[" * n,
    "brackets": lambda n: "[" * (n // 2) + "]" * (n // 2) + ":80",
    "colons": lambda n: "http://[" + ":" * n + "]/",
    "groups": lambda n: "[" + "1:" * (n // 2) + ":]:80",
    "digits of the port": lambda n: "http://10.0.0.1:" + "0" * n + "80/",
    "tabs": lambda n: "http://10.0.0.1" + "\t" * n,
    "spaces": lambda n: " " * n + "http://10.0.0.1",
    "slashes": lambda n: "http:" + "\\" * n + "10.0.0.1",
    "scheme": lambda n: "h" * n + "://10.0.0.1",
    "no scheme": lambda n: "+" * n,
    "control characters": lambda n: "http://\x1b" + "\x1b" * n,
    "surrogates": lambda n: "http://10.0.0.1/" + "\ud800" * n,
}
CALLS = ("resolve", "resolve_fetch", "resolve_connect", "lookup")


@cache
def answerers() -> tuple[Resolver, Reference]:
    table, tunnel = RouteTable(), Tunnel("t-id", "t")
    table.announce(SubnetRoute("0.0.0.0/0", tunnel))
    table.announce(HostnameRoute("*.corp", tunnel))
    return table.compile(), Reference(table, Vantage())


def ask(answerer: Any, call: str, text: str) -> object:
    try:
        return getattr(answerer, call)(text)
    except RouteError as error:
        return error


def steps(answerer: Any, call: str, text: str) -> int:
    """How many lines run for an answer."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        ask(answerer, call, text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_steps_are_in_proportion_to_the_length(shape: Callable[[int], str]) -> None:
    for answerer in answerers():
        for call in CALLS:
            once, twice = steps(answerer, call, shape(1000)), steps(answerer, call, shape(2000))
            assert once > 0
            assert twice <= 2 * once + 50, call


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_memory_is_in_proportion_to_the_length_and_what_is_said_is_short(shape: Callable[[int], str]) -> None:
    check_memory(shape(1_000_000 if COMPILED and shape(100).isascii() else 50_000))


@pytest.mark.skipif(not COMPILED, reason="takes long where the sources run")
@pytest.mark.parametrize("shape", ["path", "name", "password", "percent", "opening brackets"])
def test_ten_megabytes(shape: str) -> None:
    check_memory(SHAPES[shape](10_000_000))


def check_memory(text: str) -> None:
    resolver, _ = answerers()
    for call in CALLS:
        tracemalloc.start()
        try:
            found = ask(resolver, call, text)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 20 * sys.getsizeof(text), call
        if isinstance(found, RouteError):
            said = [str(found), str(found.hint), str(found.address)]
            assert max(map(len, said)) < 3 * LONGEST_QUOTE
            assert all(text.isprintable() for text in said)
        else:
            assert len(repr(found)) < 2 * LONGEST_QUOTE


def test_name_of_ten_thousand_labels() -> None:
    name = "a." * 9_999 + "corp"
    for answerer in answerers():
        for call, text in [("resolve_fetch", f"http://{name}/"), ("resolve_fetch", f"http://{name.upper()}/")]:
            with pytest.raises(RouteError) as caught:
                getattr(answerer, call)(text)
            assert caught.value.code == ("dns_error" if name in text else "invalid_address")
        for call, text in [("resolve_connect", f"{name}:80"), ("lookup", name)]:
            with pytest.raises(RouteError) as caught:
                getattr(answerer, call)(text)
            assert caught.value.code == "invalid_address"
