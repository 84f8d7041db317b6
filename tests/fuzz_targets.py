"""What the fuzzer calls: each function takes any octets, and raises AssertionError or anything else for a fault.

They are called by ``python -m tests.fuzz``, and by pytest with the inputs that are kept in ``tests/corpus``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from ipaddress import IPv6Address, ip_network
from pathlib import Path
from typing import Any

from ada_url import URL

from vpcroute import (
    COMPILED,
    Gateway,
    HostnameRoute,
    InvalidAddress,
    InvalidDocument,
    Resolution,
    Resolver,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    Vantage,
)
from vpcroute.address import read_fetch
from vpcroute.proof import prove
from vpcroute.reference import Reference

_CORPUS = Path(__file__).parent / "corpus"
#: A message quotes at most 200 characters from outside, and some quote twice.
_LONGEST_MESSAGE = 700
#: A table of more routes is loaded, but not proved; and without the compiled modules few are, for that takes long.
_MOST_ROUTES = 20
_RARELY = 32
#: What must never leave through Gateway; written from the RFCs, not taken from the package.
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15 "
        "224.0.0.0/3 ::/3 2001:db8::/32 2002::/16 4000::/2 8000::/1"
    ).split()
]


def kept(target: str) -> list[bytes]:
    """The inputs that are kept for a target: a line each, a JSON string of which each character is an octet."""
    lines = (_CORPUS / f"{target}.jsonl").read_text(encoding="ascii").splitlines()
    return [json.loads(line).encode("latin-1") for line in lines]


def line_of(data: bytes) -> str:
    """An input as a line of the corpus."""
    return json.dumps(data.decode("latin-1"))


# Addresses


@cache
def _answerers() -> tuple[Resolver, Reference]:
    eu, us = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")
    table = RouteTable()
    for prefix, via in (("10.0.0.0/8", eu), ("10.1.0.0/16", us), ("fd00::/8", us)):
        table.announce(SubnetRoute(prefix, via))
    for name in ("a", "*.internal.local", "http", "xn--bcher-kva.example"):
        table.announce(HostnameRoute(name, eu))
    table.announce(HostnameRoute("stopped.local", us, in_force=False))
    table.set_hosts("known.local", ["127.0.0.1", "::ffff:192.168.0.1", "10.0.0.1"])
    return table.compile(), Reference(table, Vantage())


def address(data: bytes) -> None:
    """Text in every place where an address is read: quick and exact reading agree, and with the URL parser."""
    text = data.decode("utf-8", "surrogateescape")
    for argument in (text, f"http://{text}", f"https://user@{text}:8443/"):
        _ask("resolve", argument)
        _agree_with_ada(argument, _ask("resolve_fetch", argument))
    for connect in (text, f"{text}:443", {"hostname": text, "port": 443}):
        _ask("resolve_connect", connect)
    _ask("resolve", (text, 443))
    _ask("lookup", text)
    _ask("lookup", data)
    _ask("resolve_fetch", "http://name.example/", answers=[text])


def _ask(call: str, argument: Any, **options: Any) -> Resolution | RouteError | None:
    """What both say to a question."""
    resolver, reference = _answerers()
    found, expected = (_outcome(getattr(answerer, call), argument, options) for answerer in (resolver, reference))
    assert _plain(found) == _plain(expected), f"{call}({argument!a}): {found!a}, by the rules {expected!a}"
    if isinstance(found, RouteError):
        _check_messages([str(found), found.hint or "", found.address or ""])
    if isinstance(found, Resolution):
        _check_target(found)
    return found if isinstance(found, Resolution | RouteError) else None


def _outcome(call: Callable[..., object], argument: Any, options: Any) -> object:
    try:
        return call(argument, **options)
    except RouteError as error:
        return error


def _plain(outcome: object) -> object:
    """All that is compared of an outcome."""
    if isinstance(outcome, RouteError):
        return type(outcome), str(outcome), outcome.code, outcome.hint, outcome.address
    if isinstance(outcome, Resolution):
        return outcome.egress, outcome, outcome.target, outcome.host, outcome.scheme
    return outcome


def _check_messages(texts: Iterable[str]) -> None:
    for text in texts:
        assert len(text) <= _LONGEST_MESSAGE, ascii(text)
        assert text.replace("\n", "").isprintable(), ascii(text)


def _check_target(found: Resolution) -> None:
    """What was matched is what is dialed, and nothing private leaves through Gateway."""
    again = read_fetch(f"http://{found.target}/")
    assert (again.host, again.port) == (found.target.host, found.target.port), (found.target, again)
    if isinstance(found.egress, Gateway) and found.ip is not None:
        assert not any(found.ip in network for network in _NOT_PUBLIC), found


def _agree_with_ada(url: str, found: Resolution | RouteError | None) -> None:
    """A fetch URL has the scheme, host and port that the URL parser says, or both refuse it."""
    try:
        parsed = URL(url.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except ValueError:
        assert isinstance(found, InvalidAddress), url
        return
    if parsed.protocol not in ("http:", "https:") or parsed.port == "0":
        assert isinstance(found, InvalidAddress), url
    if isinstance(found, Resolution) and not found.host.endswith("known.local"):
        host = parsed.hostname.strip("[]")
        with suppress(ValueError):
            host = str(IPv6Address(host).ipv4_mapped or host)
        port = int(parsed.port or {"http:": 80, "https:": 443}[parsed.protocol])
        assert (found.scheme + ":", found.host, found.port) == (parsed.protocol, host.removesuffix("."), port), url


# Documents


@cache
def _file() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="vpcroute-fuzz-")
    _FOLDERS.append(folder)
    return Path(folder.name) / "network.json"


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # removed when the process ends


def document(data: bytes) -> None:
    """A file of any octets is a table, of which the compiled form is right, or it is refused with every reason."""
    file = _file()
    file.write_bytes(data)
    table = _load(file, lenient=False)
    if table is None:
        table = _load(file, lenient=True)
    if table is None:
        return
    for finding in table.findings:
        _check_messages([finding.path, finding.text])
    if len(table) <= _MOST_ROUTES and (COMPILED or len(data) % _RARELY == 0):
        found = prove(table, Vantage())
        assert found.disagreements == 0, found.first


def _load(file: Path, *, lenient: bool) -> RouteTable | None:
    try:
        return RouteTable.load(file, lenient=lenient, stored_wildcards=lenient)
    except InvalidDocument as error:
        problems = error.problems
    assert problems
    _check_messages(part for problem in problems for part in problem)
    return None


TARGETS: dict[str, Callable[[bytes], None]] = {"address": address, "document": document}
