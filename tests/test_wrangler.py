"""Wrangler files: wrangler's messages to the letter, environments, hostile input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpcroute.errors import InvalidDocument, InvalidVantage
from vpcroute.sources.wrangler import Binding, find_binding, load_bindings, read_bindings
from vpcroute.vantage import Vantage

TUNNEL = "550e8400-e29b-41d4-a716-446655440000"
NET = {"binding": "NET", "network_id": "cf1:network", "remote": True}
TUN = {"binding": "TUN", "tunnel_id": TUNNEL, "remote": True}
SVC = {"binding": "SVC", "service_id": "s-1", "remote": True}


def read(document: object, environment: str | None = None) -> dict[str, Binding]:
    return read_bindings(json.dumps(document), format="jsonc", environment=environment)


def problems(document: object, environment: str | None = None) -> tuple[tuple[str, str], ...]:
    with pytest.raises(InvalidDocument) as caught:
        read(document, environment)
    return caught.value.problems


@pytest.mark.parametrize(
    ("entry", "vantage"),
    [
        pytest.param({"vpc_networks": [NET]}, Vantage(network_id="cf1:network"), id="network"),
        pytest.param({"vpc_networks": [TUN]}, Vantage(tunnel_id=TUNNEL), id="tunnel"),
        pytest.param({"vpc_services": [SVC]}, Vantage(service_id="s-1"), id="service"),
        pytest.param(
            {"vpc_networks": [{"binding": "", "tunnel_id": ""}]},
            Vantage(tunnel_id=""),
            id="wrangler takes empty strings",
        ),
    ],
)
def test_vantage(entry: dict[str, Any], vantage: Vantage) -> None:
    (binding,) = read(entry).values()
    assert binding.vantage() == vantage


def test_the_api_refuses_what_wrangler_accepts() -> None:
    binding = read({"vpc_networks": [{"binding": "NET", "network_id": "some-network-id"}]})["NET"]
    assert binding.network_id == "some-network-id"
    with pytest.raises(InvalidVantage, match="some-network-id"):
        binding.vantage()


def test_all_bindings_of_one_level() -> None:
    assert read({"name": "w", "vpc_networks": [NET, TUN], "vpc_services": [SVC]}) == {
        "NET": Binding("NET", network_id="cf1:network", remote=True),
        "TUN": Binding("TUN", tunnel_id=TUNNEL, remote=True),
        "SVC": Binding("SVC", service_id="s-1", remote=True),
    }


NO_ID = '"vpc_networks[0]" bindings must have either a "tunnel_id" or "network_id" field but got %s.'
BOTH = '"vpc_networks[0]" bindings must have either a "tunnel_id" or "network_id", but not both.'
NO_NAME = '"%s[0]" bindings should have a string "binding" field but got %s.'
NO_SERVICE = '"vpc_services[0]" bindings must have a "service_id" field but got %s.'


@pytest.mark.parametrize(
    ("key", "entry", "messages"),
    [
        pytest.param("vpc_networks", "x", ['"vpc_networks" bindings should be objects, but got "x"'], id="no object"),
        pytest.param(
            "vpc_services", None, ['"vpc_services" bindings should be objects, but got null'], id="null entry"
        ),
        pytest.param("vpc_services", 1, ['"vpc_services" bindings should be objects, but got 1'], id="number entry"),
        pytest.param(
            "vpc_networks",
            [],
            [NO_NAME % ("vpc_networks", "[]"), NO_ID % "[]"],
            id="an array is an object to JavaScript",
        ),
        pytest.param(
            "vpc_networks",
            {"binding": 5, "tunnel_id": "t", "é": "ü"},
            [NO_NAME % ("vpc_networks", '{"binding":5,"tunnel_id":"t","é":"ü"}')],
            id="binding is no string",
        ),
        pytest.param("vpc_networks", {"binding": "B"}, [NO_ID % '{"binding":"B"}'], id="no id"),
        pytest.param("vpc_networks", {"binding": "B", "tunnel_id": "t", "network_id": "n"}, [BOTH], id="both ids"),
        pytest.param(
            "vpc_networks", {"binding": "B", "tunnel_id": None, "network_id": "n"}, [BOTH], id="a null is present"
        ),
        pytest.param(
            "vpc_networks",
            {"binding": "B", "tunnel_id": 1},
            ['"vpc_networks[0]" bindings must have a string "tunnel_id" field but got {"binding":"B","tunnel_id":1}.'],
            id="tunnel_id is no string",
        ),
        pytest.param(
            "vpc_networks",
            {"binding": "B", "network_id": None},
            [
                '"vpc_networks[0]" bindings must have a string "network_id" field '
                'but got {"binding":"B","network_id":null}.'
            ],
            id="network_id is null",
        ),
        pytest.param("vpc_services", {"binding": "B"}, [NO_SERVICE % '{"binding":"B"}'], id="no service_id"),
        pytest.param(
            "vpc_services",
            {"service_id": False},
            [NO_NAME % ("vpc_services", '{"service_id":false}'), NO_SERVICE % '{"service_id":false}'],
            id="two problems of one entry",
        ),
        pytest.param(
            "vpc_networks",
            {"{got}": "{id}"},
            [NO_NAME % ("vpc_networks", '{"{got}":"{id}"}'), NO_ID % '{"{got}":"{id}"}'],
            id="braces are text",
        ),
    ],
)
def test_messages_of_entries(key: str, entry: object, messages: list[str]) -> None:
    found = problems({key: [entry]})
    assert [message for _, message in found] == messages
    assert {path for path, _ in found} == {f"{key}[0]"}


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        ("1.0", "1"),
        ("-0", "0"),
        ("1.5", "1.5"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e21", r"1e\+21"),
        ("1e999", "null"),
    ],
)
def test_numbers_print_as_in_javascript(number: str, printed: str) -> None:
    with pytest.raises(InvalidDocument, match=f"but got {printed}$"):
        read_bindings(f'{{"vpc_services": [{number}]}}', format="jsonc")


def test_a_long_or_unprintable_entry_is_cut_and_escaped() -> None:
    ((_, long), (_, hidden)) = problems({"vpc_services": ["x" * 1000, "\u202e\x7f\ud800"]})
    assert len(long) < 270
    assert long.endswith("x…")
    assert hidden.endswith(r'"\u202e\x7f\ud800"')


@pytest.mark.parametrize(
    ("document", "environment", "expected"),
    [
        pytest.param(
            {"vpc_networks": None},
            None,
            [("vpc_networks", 'The field "vpc_networks" should be an array but got null.')],
            id="a list is null",
        ),
        pytest.param(
            {"env": {"staging": {"vpc_services": {"a": 1}}}},
            "staging",
            [("env.staging.vpc_services", 'The field "env.staging.vpc_services" should be an array but got {"a":1}.')],
            id="a list of an environment is none",
        ),
        pytest.param(
            {
                "vpc_networks": [1],
                "env": {"staging": {"vpc_networks": [NET, {"binding": "B"}]}, "other": {"vpc_networks": 7}},
            },
            "staging",
            [
                ("vpc_networks[0]", '"vpc_networks" bindings should be objects, but got 1'),
                (
                    "env.staging.vpc_networks[1]",
                    '"env.staging.vpc_networks[1]" bindings must have either a "tunnel_id" or "network_id" field '
                    'but got {"binding":"B"}.',
                ),
            ],
            id="the top level and the environment, but no other",
        ),
        pytest.param(
            {"vpc_networks": [NET, TUN, NET]},
            None,
            [("vpc_networks[2]", "NET assigned to multiple VPC Network bindings.")],
            id="a name twice in one list",
        ),
        pytest.param(
            {"vpc_networks": [NET], "vpc_services": [SVC | {"binding": "NET"}] * 2},
            None,
            [
                ("vpc_networks[0]", "NET assigned to VPC Service and VPC Network bindings."),
                ("vpc_services[1]", "NET assigned to multiple VPC Service bindings."),
            ],
            id="a name in both lists",
        ),
        pytest.param(
            {"env": {"a": {}, "b": {}}},
            "c",
            [
                (
                    "env",
                    'No environment found in configuration with name "c". '
                    'The available configured environment names are: ["a","b"]',
                )
            ],
            id="unknown environment",
        ),
        pytest.param(
            {"env": 5},
            "c",
            [
                (
                    "env",
                    'No environment found in configuration with name "c". '
                    "The available configured environment names are: []",
                )
            ],
            id="env is no object",
        ),
        pytest.param(
            {"env": {"c": None}}, "c", [("env.c", "should be an object but got null")], id="environment is no object"
        ),
        pytest.param([1], None, [("", "should be an object but got [1]")], id="document is no object"),
    ],
)
def test_problems_of_lists_and_levels(
    document: object, environment: str | None, expected: list[tuple[str, str]]
) -> None:
    assert list(problems(document, environment)) == expected


def test_names_of_the_top_level_may_repeat_beside_an_environment() -> None:
    document = {"vpc_networks": [NET, NET], "env": {"staging": {"vpc_networks": [TUN]}}}
    assert list(read(document, "staging")) == ["TUN"]


@pytest.mark.parametrize(
    ("environment", "names"),
    [(None, ["NET"]), ("", ["NET"]), ("staging", ["TUN"]), ("empty", [])],
    ids=["top level", "as wrangler takes an empty name", "own bindings only", "nothing is inherited"],
)
def test_environments(environment: str | None, names: list[str]) -> None:
    document = {"vpc_networks": [NET], "env": {"staging": {"vpc_networks": [TUN]}, "empty": {}}}
    assert list(read(document, environment)) == names


@pytest.mark.parametrize(
    ("fields", "remote", "remarks"),
    [
        pytest.param({"remote": True}, True, [], id="true"),
        pytest.param(
            {"remote": False}, False, ['"remote" is false: VPC bindings have no local simulation'], id="false"
        ),
        pytest.param({}, None, ['"remote" is not set: VPC bindings have no local simulation'], id="absent"),
        pytest.param({"remote": "yes"}, None, ['"remote" is "yes"'], id="text"),
        pytest.param({"remote": 1}, None, ['"remote" is 1'], id="number"),
        pytest.param({"remote": 0}, None, ['"remote" is 0'], id="zero"),
        pytest.param({"remote": None}, None, ['"remote" is null'], id="null"),
        pytest.param(
            {"remote": True, "tunnel": 1, "network\n": 2},
            True,
            ['unknown field "tunnel": wr', r'unknown field "network\n": wr'],
            id="unknown fields",
        ),
    ],
)
def test_remarks(fields: dict[str, Any], remote: bool | None, remarks: list[str]) -> None:
    binding = read({"vpc_networks": [{"binding": "B", "tunnel_id": "t"} | fields]})["B"]
    assert binding.remote is remote
    assert [said[: len(start)] for said, start in zip(binding.remarks, remarks, strict=True)] == remarks


@pytest.mark.parametrize(
    ("form", "text"),
    [
        pytest.param("jsonc", '\ufeff{"vpc_services": [{"binding": "B", "service_id": "s"}]}', id="byte order mark"),
        pytest.param(
            "jsonc",
            '// "\n{"vpc_services": [/* [ */ {"binding": "B", "service_id": "s",},],} //',
            id="comments and commas",
        ),
        pytest.param(
            "jsonc",
            '{"vpc_services": 1, "vpc_services": [{"binding": 7, "service_id": "s", "binding": "B"}]}',
            id="the last of equal keys wins",
        ),
        pytest.param("toml", '[[vpc_services]]\r\nbinding = "B"\r\nservice_id = "s"\r\n', id="toml"),
        pytest.param(
            "toml", 'vpc_services = [{binding = "B", service_id = "s", n = nan, d = 1979-05-27}]', id="inline"
        ),
    ],
)
def test_formats(form: Literal["jsonc", "toml"], text: str) -> None:
    assert read_bindings(text, format=form)["B"].service_id == "s"


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        pytest.param("jsonc", "", "is not JSON: Expecting value before the end", id="empty"),
        pytest.param("jsonc", "/* \n */ {'a': 1}", "is not JSON: Expecting property name", id="quotes"),
        pytest.param("jsonc", '{"a": NaN}', "cannot be read as JSONC: .*'NaN'", id="NaN"),
        pytest.param("jsonc", '{"a":"' + '\\"' * 100_000, "JSONC: a string has no end", id="quadratic string"),
        pytest.param("jsonc", "/* " * 100_000, "JSONC: a comment has no end", id="quadratic comment"),
        pytest.param("jsonc", "[" * 100_000, "is nested too deeply", id="deep"),
        pytest.param("jsonc", '{"a":' * 100_000 + "/**/", "is nested too deeply", id="deep objects"),
        pytest.param("jsonc", "7" * 5000, "should be an object but got null", id="huge number"),
        pytest.param("toml", "a = " + "[" * 100_000, "is nested too deeply", id="deep toml"),
        pytest.param("toml", "a = 1\na = 2", "cannot be read as TOML: Cannot overwrite", id="key twice"),
        pytest.param("toml", "a = " + "7" * 5000, "cannot be read as TOML: Exceeds the limit", id="huge decimal"),
        pytest.param("toml", f"vpc_networks = [0x{'f' * 5000}]", "should be objects, but got …", id="huge hexadecimal"),
        pytest.param(
            "toml",
            f"[[vpc_networks]]\n{'.'.join('a' * 64)} = 1",
            # What is cut, or left out where the interpreter's encoder does not go as deep.
            r'should have a string "binding" field but got (\{[a{":]{198})?…\.',
            id="deep keys",
        ),
        pytest.param("toml", f"{' . '.join('a' * 65)} = 1", "is nested too deeply", id="deeper keys"),
        pytest.param("toml", "[" + "a . 'b'.\"c\"." * 30_000 + "d]", "is nested too deeply", id="quoted keys"),
        pytest.param("toml", "vpc_networks = [nan]", "should be objects, but got null", id="nan in toml"),
        pytest.param(
            "toml",
            "vpc_networks = [1979-05-27T07:32:00, 07:32:00]",
            r'(?s)string "binding" field but got "1979-05-27T07:32:00"\..*"binding" field but got "07:32:00"\.',
            id="dates are objects to JavaScript",
        ),
    ],
)
def test_hostile_text(form: Literal["jsonc", "toml"], text: str, said: str) -> None:
    with pytest.raises(InvalidDocument, match=said) as caught:
        read_bindings(text, format=form, source="some file")
    assert len(str(caught.value)) < 2000


def test_source_names_the_document() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_bindings("7", format="jsonc", source="work\ner.jsonc")
    assert caught.value.problems == ((r"work\ner.jsonc", "should be an object but got 7"),)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a:b.jsonc"
    path.write_text(json.dumps({"vpc_networks": [NET, TUN], "env": {"staging": {"vpc_services": [SVC]}}}))
    return str(path)


def test_find_binding(file: str) -> None:
    assert find_binding(f"{file}:TUN").tunnel_id == TUNNEL
    assert find_binding(f"{file}:SVC", "staging").service_id == "s-1"


@pytest.mark.parametrize(
    ("name", "environment", "said", "hint"),
    [
        ("X\n", None, r'no VPC binding "X\n"; there are: NET, TUN', None),
        ("X", "staging", 'no VPC binding "X" in env.staging; there are: SVC', None),
        (
            "NET",
            "staging",
            'no VPC binding "NET" in env.staging; there are: SVC',
            "it is at the top level, but VPC bindings are not inherited: add it in env.staging",
        ),
    ],
    ids=["unknown", "unknown in the environment", "only at the top level"],
)
def test_find_no_binding(file: str, name: str, environment: str | None, said: str, hint: str | None) -> None:
    with pytest.raises(InvalidDocument) as caught:
        find_binding(f"{file}:{name}", environment)
    assert [message for _, message in caught.value.problems] == [said]
    assert caught.value.hint == hint


@pytest.mark.parametrize("spec", ["", "wrangler.toml", ":NET"])
def test_find_binding_needs_file_and_name(spec: str) -> None:
    with pytest.raises(InvalidDocument, match="should be FILE:BINDING"):
        find_binding(spec)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("w.json", b'{"vpc_services": [{"binding": "B", "service_id": "s"}]}', ["B"], id="json"),
        pytest.param("w.JSONC", b'{"vpc_services": [{"binding": "B", "service_id": "s"},]}', ["B"], id="jsonc"),
        pytest.param("w.toml", b'\xef\xbb\xbf[[vpc_services]]\nbinding="B"\nservice_id="s"', ["B"], id="toml"),
        pytest.param("w.toml", b"", [], id="empty toml"),
        pytest.param("w.json", b'{"a": "\xff"}', "cannot be read as JSONC: 'utf-8' codec", id="not UTF-8"),
        pytest.param("w.json", '{"a": 1}'.encode("utf-16"), "'utf-8' codec", id="UTF-16"),
        pytest.param("w.yaml", b"", "a wrangler file ends in .toml, .json, .jsonc", id="another suffix"),
    ],
)
def test_load(tmp_path: Path, name: str, content: bytes, expected: list[str] | str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if isinstance(expected, list):
        assert list(load_bindings(path)) == expected
    else:
        with pytest.raises(InvalidDocument, match=expected):
            load_bindings(path)


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_binding(f"{tmp_path}/wrangler.toml:NET")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
ENTRIES = st.dictionaries(
    st.sampled_from(["binding", "tunnel_id", "network_id", "service_id", "remote", "x"]), ANYTHING
)
LISTS = ANYTHING | st.lists(ENTRIES | ANYTHING, max_size=3)
SCOPES = st.fixed_dictionaries({}, optional={"vpc_networks": LISTS, "vpc_services": LISTS})
DOCUMENTS = ANYTHING | st.builds(
    lambda top, env: {**top, "env": env},
    SCOPES,
    ANYTHING | st.dictionaries(st.sampled_from(["a", "b"]), SCOPES | ANYTHING),
)


def outcome(text: str, form: Literal["jsonc", "toml"], environment: str | None) -> dict[str, Binding] | InvalidDocument:
    try:
        return read_bindings(text, format=form, environment=environment)
    except InvalidDocument as error:
        return error


@settings(derandomize=True, deadline=None)
@given(DOCUMENTS, st.sampled_from([None, "", "a", "b", "c"]))
def test_any_document_gives_bindings_or_invalid_document(document: object, environment: str | None) -> None:
    found = outcome(json.dumps(document), "jsonc", environment)
    if isinstance(found, InvalidDocument):
        assert found.problems
        assert all(line.isprintable() for line in str(found).split("\n"))
        return
    for name, binding in found.items():
        assert name == binding.binding
        assert [binding.tunnel_id, binding.network_id, binding.service_id].count(None) == 2


@settings(derandomize=True, deadline=None)
@given(st.text(), st.sampled_from(["jsonc", "toml"]))
def test_any_text_gives_bindings_or_invalid_document(text: str, form: Literal["jsonc", "toml"]) -> None:
    found = outcome(text, form, None)
    assert found == {} or isinstance(found, InvalidDocument)
