"""Where in a JSON text something stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute.errors import printable
from vpcroute.sources.positions import positions

KEYS = st.text(st.sampled_from('ab.[]"{}:, \\\n\u00e9\u202e'), min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def each(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from each(inner, f"{path}.{printable(name)}" if path else printable(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from each(inner, f"{path}[{index}]")


@settings(max_examples=100, deadline=None)
@given(value=VALUES, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_each_value_stands_where_it_is_said_to_stand(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    lines = text.split("\n")
    expected: dict[str, list[Any]] = {}
    for path, inner in each(value):
        expected.setdefault(path, []).append(inner)
    found = positions(text, expected)
    assert found.keys() == expected.keys()
    for path, values in expected.items():
        line, column = found[path]
        there, _ = json.JSONDecoder().raw_decode("\n".join([lines[line - 1][column - 1 :], *lines[line:]]))
        assert there in values  # several keys may make one path


@pytest.mark.parametrize(
    ("text", "path", "position"),
    [
        ('{"a": [1, {"b": 2}]}', "a[1].b", (1, 17)),
        ('{"a": [1, {"b": 2}]}', "a[1].c", (1, 11)),
        ('{"a": [1, {"b": 2}]}', "a[7].c", (1, 7)),
        ('{"a": [1, {"b": 2}]}', "z", (1, 1)),
        ('// "a": 0\n{ /* {\n */ "a": // x\n  1, }', "a", (4, 3)),
        ('{"a": [{}, {}, {"b": [],},],\r\n "c": 0}', "c", (2, 7)),
        ('{"a": [{"x": {}}, {"b": 1}]}', "a[1].b", (1, 25)),
    ],
)
def test_positions(text: str, path: str, position: tuple[int, int]) -> None:
    assert positions(text, [path]) == {path: position}
