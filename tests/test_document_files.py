"""Network documents as files: what is JSON, and that nothing but InvalidDocument comes of what is not sound."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import (
    SAMPLE,
    SHORT,
    Json,
    document,
    load_bytes,
    named,
    route,
    static,
    wan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute import InvalidDocument, RouteTable

# Files


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'\xef\xbb\xbf{"hosts": {"a.b": []}}', id="byte order mark"),
        pytest.param('// c\n{/* c */"hosts" /* c */: {"a.b": [/*,*/]} // c\n}', id="comments"),
        pytest.param('{"hosts": {"a.b": [],},}', id="trailing commas"),
        pytest.param('{"hosts": {"a.b": [], /* c */ } // c\n , }', id="comments after commas"),
        pytest.param('{"comment": "// no /* comment */ ,]", "hosts": {"a.b": []},}', id="comments in strings"),
        pytest.param('{"hosts": {"a.b": []}}\n// the end', id="a comment at the end"),
        pytest.param('\t\r\n {"hosts"\n:{"a.b":[ ]}}  \n', id="white space"),
    ],
)
def test_files(tmp_path: Path, data: bytes | str) -> None:
    assert load_bytes(tmp_path / "n.jsonc", data).hosts == {"a.b": ()}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "is not JSON: Expecting value", id="empty"),
        pytest.param(b"routes: []", "is not JSON: Expecting value", id="YAML"),
        pytest.param(b"{'hosts': {}}", "is not JSON: Expecting property name", id="single quotes"),
        pytest.param(b"{} {}", "is not JSON: Extra data", id="two values"),
        pytest.param(b'{"hosts": {}', "is not JSON: Expecting", id="no end"),
        pytest.param(b'{"a": "\xff"}', "is not UTF-8: invalid start byte at byte 7", id="Latin-1"),
        pytest.param("{}".encode("utf-16"), "is not UTF-8: invalid start byte at byte 0", id="UTF-16"),
        pytest.param(b"[" * 200_000, "is nested too deeply", id="deep"),
        pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "is nested too deeply", id="deep and whole"),
        pytest.param(b"// c\n" + b"[" * 200_000, "is nested too deeply", id="deep, comments"),
        pytest.param(b'{"a": "' + b"\\" * 300_001, "is not JSON: a string has no end", id="an endless string"),
        pytest.param(b"{/*" + b"*" * 300_000, "is not JSON: a comment has no end", id="an endless comment"),
        pytest.param(b"{}\0", "is not JSON: Extra data", id="NUL"),
    ],
)
def test_files_that_are_no_json(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "n.json"
    with pytest.raises(InvalidDocument) as caught:
        load_bytes(path, data)
    ((where, text),) = caught.value.problems
    assert where == str(path)
    assert text.startswith(why)
    assert text.isprintable()
    assert len(text) < SHORT


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        pytest.param(b"NaN", [("", "NaN is not JSON")], id="NaN"),
        pytest.param(b'{"a": [1, -Infinity]}', [("a[1]", "-Infinity is not JSON")], id="Infinity"),
        pytest.param(b'{"a": {"b": 1e999}}', [("a.b", "a number is too large")], id="a number beyond floats"),
        pytest.param(b"[" + b"9" * 4301 + b"]", [("[0]", "a number of 4301 digits is too long")], id="digits"),
        pytest.param(
            b"[-1" + b"0" * 10**6 + b"]", [("[0]", "a number of 1000002 digits is too long")], id="10^6 digits"
        ),
        pytest.param(
            b"[1." + b"0" * 10**6 + b"]",
            [("[0]", "a number of 1000002 digits is too long")],
            id="10^6 behind the point",
        ),
        pytest.param(b'{"a": 1, "b": 2, "a": 3}', [("a", "stands 2 times in one object")], id="duplicate key"),
        pytest.param(
            b'{"routes": [{}, {"network": "10.0.0.0/8", "network": "0.0.0.0/0"}]} // c',
            [("routes[1].network", "stands 2 times in one object")],
            id="duplicate key, comments",
        ),
        pytest.param(
            b'{"a\\u001b[31m": 1, "a\\u001b[31m": 2}',
            [(r"a\x1b[31m", "stands 2 times in one object")],
            id="hostile key",
        ),
        pytest.param(
            b'{"b": [NaN, {"c": 0, "c": 0, "d": 0, "d": [NaN]}], "a": {"": NaN, "x": NaN}}',
            [
                ("b[0]", "NaN is not JSON"),
                ("b[1].c", "stands 2 times in one object"),
                ("b[1].d", "stands 2 times in one object"),
                ("a.", "NaN is not JSON"),
                ("a.x", "NaN is not JSON"),
            ],
            id="all at once, in their order",
        ),
    ],
)
def test_what_json_lets_pass_is_refused_with_its_path(
    tmp_path: Path, data: bytes, problems: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_bytes(tmp_path / "n.json", data)
    assert caught.value.problems == tuple(problems)


def test_a_file_of_another_value(tmp_path: Path) -> None:
    for text in ("[]", "null", '"x"', "1", "[,]"):
        with pytest.raises(InvalidDocument):
            load_bytes(tmp_path / "n.json", text)


def test_large_numbers_are_only_too_large(tmp_path: Path) -> None:
    digits = "9" * 4000
    source = json.dumps(document(wan=wan(static("10.0.0.0/8", priority=0)))).replace(
        '"priority": 0', f'"priority": {digits}'
    )
    with pytest.raises(InvalidDocument) as caught:
        load_bytes(tmp_path / "n.json", source)
    assert caught.value.problems == (("wan.routes[0].priority", "must be 0 to 2147483647"),)


def test_lone_surrogates_are_no_trouble(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_bytes(tmp_path / "n.json", r'{"hosts": {"\ud800": ["\udfff"]}, "tunnels": [{"id": "\ud800"}]}')
    assert [path for path, _ in caught.value.problems] == ["tunnels[0].id", r"hosts.\ud800", r"hosts.\ud800[0]"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RouteTable.load(tmp_path / "missing.json")
    with pytest.raises(OSError):  # noqa: PT011  (a directory; the kind differs by system)
        RouteTable.load(tmp_path)


def test_options_and_a_path_as_text(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    path.write_text(json.dumps(document(hostname_routes=[named("a.b")], routes=[route("100.96.0.0/16")])))
    calls: list[tuple[int, int]] = []
    table = RouteTable.load(str(path), lenient=True, stored_wildcards=True, progress=lambda *n: calls.append(n))
    assert [getattr(r, "match", None) for r in table] == [None, "both"]
    assert calls == [(8, 8)]


# Anything at all


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _places(item, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """`value` with `new` at a path; only what lies on the way is copied."""
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _replaced(value[path[0]], path[1:], new)
    return changed


def _small_sample() -> Json:
    """Two live records of each section are enough for every path through the loader."""
    small = {key: value[:3] if isinstance(value, list) else value for key, value in SAMPLE.items()}
    small["wan"] = {key: value[:3] for key, value in SAMPLE["wan"].items()}
    small["health"] = {"prod-vpc": "down", **SAMPLE["health"]}
    return small


SMALL = _small_sample()
PLACES = sorted(_places(SMALL), key=str)
_WORDS = [
    *(
        "",
        "*",
        ".",
        "*.*.x",
        "a-*.x",
        "x" * 300,
        "\x1b[31m",
        "\ud800",
        "100.96.0.0/16",
        "0.0.0.0/0",
        "10.0.0.1",
        "::1/0",
    ),
    *("fd00::/8", "100.96.0.2", "127.0.0.1", "legacy", "default", "cfd_tunnel", "warp_connector", "gre", "down", "tcp"),
    *(value for value in (_at(SMALL, path) for path in PLACES) if isinstance(value, str)),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(_WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(_WORDS), inner, max_size=3)
    ),
    max_leaves=6,
)
ELSEWHERE = st.sampled_from(PLACES).map(lambda path: _at(SMALL, path))


def _loads_or_tells(load: Callable[[], RouteTable]) -> None:
    """It loads, and can be asked; or it is refused with problems that are fit to print."""
    try:
        table = load()
    except InvalidDocument as error:
        texts = [text for problem in error.problems for text in problem]
        assert texts
        assert all(map(str.isprintable, texts))
        return
    assert all(finding.text.isprintable() for finding in table.findings)
    assert len(list(table)) == len(table)
    table.compile()


def test_what_is_changed_below_is_sound() -> None:
    assert len(RouteTable.from_document(SMALL)) > 10


@settings(derandomize=True, max_examples=250, deadline=None, database=None)
@given(
    changes=st.lists(st.tuples(st.sampled_from(PLACES), VALUES | ELSEWHERE), min_size=1, max_size=3),
    lenient=st.booleans(),
    stored_wildcards=st.booleans(),
)
def test_any_value_at_any_place(
    changes: list[tuple[tuple[Any, ...], Any]], lenient: bool, stored_wildcards: bool
) -> None:
    source: Any = SMALL
    for path, value in changes:
        try:
            _at(source, path)
        except (LookupError, TypeError):
            continue  # what stood here is gone by an earlier change
        source = _replaced(source, path, value)
    _loads_or_tells(lambda: RouteTable.from_document(source, lenient=lenient, stored_wildcards=stored_wildcards))


RECORDS = [path for path in PLACES if path and isinstance(path[-1], int) and isinstance(_at(SMALL, path), dict)]
SECTIONS = [path for path in PLACES if isinstance(_at(SMALL, path), list | dict) and len(path) in (1, 2)]


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(data=st.data(), record=st.sampled_from(RECORDS), without=st.none() | st.sampled_from(SECTIONS))
def test_a_record_again_with_any_other_value(
    data: st.DataObject, record: tuple[Any, ...], without: tuple[Any, ...] | None
) -> None:
    again = _at(SMALL, record)
    place = data.draw(st.sampled_from(sorted(_places(again), key=str)), "place")
    changed = _replaced(again, place, data.draw(VALUES | ELSEWHERE, "value"))
    source = _replaced(SMALL, record[:-1], [*_at(SMALL, record[:-1]), changed])
    if without is not None:
        source = _replaced(source, without, None)
    _loads_or_tells(lambda: RouteTable.from_document(source))


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(source=VALUES)
def test_any_value_as_a_document(source: Any) -> None:
    _loads_or_tells(lambda: RouteTable.from_document(source))


_PIECES = [
    *'{}[],:"\\/ \n\r0-',
    "//",
    "/*",
    "*/",
    '""',
    "null",
    "true",
    "1e999",
    "NaN",
    '"a":',
    '"routes":',
    "\ufeff",
    "\0",
]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join) | st.text(max_size=20)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(text=TEXTS)
def test_any_text_as_a_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    _loads_or_tells(lambda: RouteTable.load(path))


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(data=st.binary(max_size=30))
def test_any_bytes_as_a_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    _loads_or_tells(lambda: RouteTable.load(path))
