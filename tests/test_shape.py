"""The shape of the hot path: one compiled call for an answer, and nothing of the interpreter in between.

What is counted are calls and objects, not time: Python functions that run, calls of C functions that the interpreter
sees, and memory that is still held afterwards.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from vpcroute import COMPILED, HostnameRoute, Resolution, Resolver, RouteError, RouteTable, SubnetRoute, Tunnel

compiled_only = pytest.mark.skipif(
    not COMPILED, reason="the compiled modules were not built: install with a C compiler"
)

EU = Tunnel("eu-id", "eu")


@pytest.fixture(scope="module")
def resolver() -> Resolver:
    table = RouteTable()
    for prefix in ("10.0.0.0/8", "10.1.2.0/24", "10.1.2.3/32", "fd00::/8", "fd00:1:2:3::/64"):
        table.announce(SubnetRoute(prefix, EU))
    for hostname in ("wiki.internal.local", "*.apps.internal.local"):
        table.announce(HostnameRoute(hostname, EU))
    return table.compile()


#: What is read quickly: for each call, addresses that have a way.
HOT: dict[str, Sequence[str]] = {
    "resolve": (
        *("10.1.2.3:6379", "http://10.1.2.3/data", "https://10.200.0.1:8443/x?y", "[fd00:1:2:3::4]:53"),
        *(
            "http://[fd00::1]/",
            "http://wiki.internal.local/",
            "shop.apps.internal.local:443",
            "http://nowhere.example/",
        ),
        "8.8.8.8:53",
    ),
    "resolve_fetch": ("http://10.1.2.3/data", "http://[fd00::1]:8080/", "http://wiki.internal.local/"),
    "resolve_connect": ("10.1.2.3:6379", "[fd00:1:2:3::4]:53", "shop.apps.internal.local:443"),
    "lookup": ("10.1.2.3", "8.8.8.8", "fd00:1:2:3::4", "wiki.internal.local", "nowhere.example"),
}
EACH = [pytest.param(call, address, id=f"{call}-{address}") for call in HOT for address in HOT[call]]


def events(call: Callable[[], object]) -> list[str]:
    """The functions that run in a call, as the interpreter counts them."""
    seen: list[str] = []

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_call"):
            name = frame.f_code.co_name if event == "call" else getattr(argument, "__name__", repr(argument))
            seen.append(f"{event} {name}")

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return [event for event in seen if not event.endswith(("setprofile", "<lambda>"))]


@compiled_only
@pytest.mark.parametrize(("call", "address"), EACH)
def test_an_answer_is_one_call(resolver: Resolver, call: str, address: str) -> None:
    ask = getattr(resolver, call)
    assert events(lambda: ask(address)) == [f"c_call {call}"]


@compiled_only
@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("192.168.0.1:1", []),
        ("127.0.0.1:1", []),
        ("http://192.168.0.1/", ["call printable", "c_call len", "c_call isprintable"]),  # the rest of a URL is unread
    ],
)
def test_a_refusal_is_hardly_more(resolver: Resolver, address: str, more: list[str]) -> None:
    def ask() -> None:
        try:
            resolver.resolve(address)
        except RouteError:
            return
        raise AssertionError

    assert events(ask) == ["call ask", "c_call resolve", *more]


@compiled_only
@pytest.mark.parametrize("name", ["egress", "port", "scheme", "host"])
def test_what_is_asked_for_most_runs_no_python(resolver: Resolver, name: str) -> None:
    found = resolver.resolve("10.1.2.3:6379")
    assert events(lambda: getattr(found, name)) == ["c_call getattr"]


@compiled_only
def test_a_resolution_is_small_and_not_counted_by_the_garbage_collector(resolver: Resolver) -> None:
    found = resolver.resolve("http://10.1.2.3/data")
    assert sys.getsizeof(found) <= 88
    assert not gc.is_tracked(found)
    assert not hasattr(found, "__dict__")


@pytest.mark.parametrize(("call", "address"), EACH)
def test_nothing_is_held_after_an_answer(resolver: Resolver, call: str, address: str) -> None:
    ask = getattr(resolver, call)
    for _ in range(200):  # caches and free lists fill
        ask(address)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(500):
            ask(address)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 2000, f"{held} bytes after 500 calls"


def test_answers_are_made_when_asked_and_once(resolver: Resolver) -> None:
    found = resolver.resolve("10.1.2.3:6379")
    assert isinstance(found, Resolution)
    assert found.route is found.route
    assert found.alternates is found.alternates
    assert found.egress == EU
