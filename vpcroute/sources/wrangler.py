"""The VPC bindings of a Worker, read from its wrangler file by wrangler's own rules.

A Worker names its private networks in ``vpc_networks`` (``tunnel_id`` or ``network_id``) and its VPC Services in
``vpc_services`` (``service_id``), at the top level or in a named environment. Neither list is inherited: with an
environment only that environment's own bindings exist, though what is wrong at the top level still refuses the file.

Problems are told in wrangler's words, so that a message here and one of ``wrangler deploy`` are the same. Wrangler asks
that an id is a string, no more: what only the API refuses is read here, and refused by :meth:`Binding.vantage`. Rules
are those of cloudflare/workers-sdk, packages/workers-utils/src/config: validation.ts (lists, entries, names used twice,
environments), validation-helpers.ts (inheritance, unknown fields; a null counts as present), binding-local-support.ts
(``remote``). Bindings of other kinds are not looked at, even where one has a VPC binding's name (wrangler refuses it).
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from vpcroute.errors import InvalidDocument, printable
from vpcroute.limits import DEEPEST, LARGEST_SETTINGS
from vpcroute.sources.files import read_file
from vpcroute.sources.json_text import loads
from vpcroute.vantage import Vantage

__all__ = ["Binding", "find_binding", "load_bindings", "read_bindings"]

_Format = Literal["jsonc", "toml"]
_Names = dict[str, dict[str, list[str]]]  # a name -> the kinds of binding it is given to -> the paths of those
_Scopes = tuple[dict[str, "Binding"], dict[str, "Binding"]]  # of the top level, and of the environment
_FORMATS: Final[dict[str, _Format]] = {".toml": "toml", ".json": "jsonc", ".jsonc": "jsonc"}
# What is said of the ids in an entry when none is present, when one is that is no string, when both are.
_NETWORK_IDS: Final = (
    'must have either a "tunnel_id" or "network_id" field but got {got}.',
    'must have a string "{id}" field but got {got}.',
    'must have either a "tunnel_id" or "network_id", but not both.',
)
# Each list of bindings: wrangler's name for its kind, the ids of which an entry must have one, and the above.
_KINDS: Final = {
    "vpc_services": ("VPC Service", ("service_id",), ('must have a "service_id" field but got {got}.',) * 2),
    "vpc_networks": ("VPC Network", ("tunnel_id", "network_id"), _NETWORK_IDS),
}
# A dotted key of TOML with more parts than any has: the time that tomllib takes grows with their square.
_LONG_KEY: Final = re.compile(rf"""(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{DEEPEST}}}""", re.ASCII)
_ENVIRONMENTS: Final = "The available configured environment names are:"
_NO_LOCAL: Final = 'VPC bindings have no local simulation; set "remote": true, for wrangler dev'
_REMOTE_ABSENT: Final = f'"remote" is not set: {_NO_LOCAL} uses the real network anyway and warns of usage charges'
_REMOTE_FALSE: Final = f'"remote" is false: {_NO_LOCAL} refuses this binding'


@attrs.frozen
class Binding:
    """One VPC binding; exactly one of the ids is set, to any string, for wrangler does not look inside.

    Attributes:
        binding: its name in the Worker's ``env``.
        tunnel_id, network_id, service_id: what it leads to: the first two from ``vpc_networks``, or ``vpc_services``.
        remote: as written if that is true or false, else None. It is about ``wrangler dev`` only, never about routing.
        remarks: what wrangler accepts or warns of, but whoever wrote the file should know.
    """

    binding: str
    tunnel_id: str | None = None
    network_id: str | None = None
    service_id: str | None = None
    remote: bool | None = None
    remarks: tuple[str, ...] = ()

    def vantage(self) -> Vantage:
        """From where this binding resolves; InvalidVantage for a network id that the API does not accept."""
        return Vantage(tunnel_id=self.tunnel_id, network_id=self.network_id, service_id=self.service_id)


def read_bindings(
    text: str, *, format: _Format, environment: str | None = None, source: str = ""
) -> dict[str, Binding]:
    """The VPC bindings in the text of a wrangler file, by name. No I/O.

    ``environment`` None, or ``""`` as in wrangler, is the top level; ``source`` is the path in ``problems`` for what is
    wrong with the document as a whole. A byte order mark is skipped, ``"jsonc"`` takes comments and trailing commas.

    Raises:
        InvalidDocument: with every problem at once. An environment that is not there is one, also in a document without
            any, where wrangler warns and takes the top level.
    """
    return _read(text, format, environment, source)[1]


def load_bindings(path: str | Path, environment: str | None = None) -> dict[str, Binding]:
    """The VPC bindings of a wrangler file: :func:`read_bindings`, with the format that the suffix says.

    Raises:
        InvalidDocument: also for a suffix other than ``.toml``, ``.json``, ``.jsonc`` and for bytes that are not UTF-8.
        OSError: if the file cannot be read.
    """
    return _load(path, environment)[1]


def find_binding(spec: str, environment: str | None = None) -> Binding:
    """The binding that ``FILE:BINDING`` names, split at the last colon.

    Raises:
        InvalidDocument: also if the file has no such binding; the message lists those that it has.
        OSError: if the file cannot be read.
    """
    file, _, name = spec.rpartition(":")
    if not file:
        raise InvalidDocument(((printable(spec), "should be FILE:BINDING, such as wrangler.jsonc:NETWORK"),))
    top, bindings = _load(file, environment)
    if name in bindings:
        return bindings[name]
    where = f" in env.{printable(environment)}" if environment else ""
    there = f"there are: {printable(', '.join(bindings))}" if bindings else "there are none"
    hint = f"it is at the top level, but VPC bindings are not inherited: add it{where}" if name in top else None
    raise InvalidDocument(((printable(file), f'no VPC binding "{printable(name)}"{where}; {there}'),), hint=hint)


def _load(path: str | Path, environment: str | None) -> _Scopes:
    file, source = Path(path), str(path)
    format = _FORMATS.get(file.suffix.lower())
    if format is None:
        raise InvalidDocument(((printable(source), f"a wrangler file ends in {', '.join(_FORMATS)}"),))
    return _read(bytes(read_file(file, LARGEST_SETTINGS)), format, environment, source)


def _read(data: str | bytes, format: _Format, environment: str | None, source: str) -> _Scopes:
    try:
        text = data.decode() if isinstance(data, bytes) else data
        document = _parse(text.removeprefix("\ufeff"), format)
    except RecursionError:
        problem = "is nested too deeply"
    except json.JSONDecodeError as error:  # its line number does not count what stood in comments
        problem = f"is not JSON: {error.msg} before {printable(error.doc[error.pos :][:40].strip()) or 'the end'}"
    except ValueError as error:
        problem = f"cannot be read as {format.upper()}: {printable(str(error))}"
    else:
        if isinstance(document, dict):
            return _check(document, environment)
        problem = f"should be an object but got {_stringify(document)}"
    raise InvalidDocument(((printable(source), problem),))


def _parse(text: str, format: _Format) -> object:
    if format == "toml":
        if _LONG_KEY.search(text):
            raise RecursionError("a key has too many parts")
        return tomllib.loads(text, parse_float=_number)
    hooks: Any = {"parse_int": _number, "parse_float": _number, "parse_constant": int}  # int() refuses NaN
    return loads(text, **hooks)


def _number(text: str) -> int | float | None:
    """A number as JSON.stringify prints it: a double, without a fraction if whole; null if not finite."""
    value = float(text)
    whole = value.is_integer() and abs(value) < 1e21
    return int(Decimal(repr(value))) if whole else value if math.isfinite(value) else None


def _stringify(value: object) -> str:
    """What JSON.stringify writes, escaped and cut for printing."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda moment: moment.isoformat())
    except (ValueError, RecursionError):  # of TOML: hexadecimal numbers of any length, dotted keys of any depth
        text = "…"
    return printable(text)


def _check(document: dict[str, Any], environment: str | None) -> _Scopes:
    scope, named = document, _Names()
    problems = list(_problems(document, "", named))
    if environment:
        env = document.get("env")
        known: dict[str, Any] = env if isinstance(env, dict) else {}
        scope, named, path = known.get(environment, {}), _Names(), f"env.{printable(environment)}"
        if environment not in known:
            missing = f'No environment found in configuration with name "{printable(environment)}".'
            problems.append(("env", f"{missing} {_ENVIRONMENTS} {_stringify([*known])}"))
        elif isinstance(scope, dict):
            problems += _problems(scope, f"{path}.", named)
        else:
            problems.append((path, f"should be an object but got {_stringify(scope)}"))
    problems += _same_names(named)  # as in wrangler, of the environment alone
    if problems:
        raise InvalidDocument(tuple(problems))
    return _bindings(document), _bindings(scope)


def _problems(scope: dict[str, Any], prefix: str, named: _Names) -> Iterator[tuple[str, str]]:
    """What is wrong with each entry; adds its name to ``named``."""
    for key, (kind, ids, messages) in _KINDS.items():
        entries = scope.get(key, [])
        if not isinstance(entries, list):
            yield prefix + key, f'The field "{prefix}{key}" should be an array but got {_stringify(entries)}.'
            continue
        for number, entry in enumerate(entries):
            path, got = f"{prefix}{key}[{number}]", _stringify(entry)
            if not isinstance(entry, (dict, list, date, time)):  # arrays and dates are objects to JavaScript
                yield path, f'"{key}" bindings should be objects, but got {got}'
                continue
            fields = entry if isinstance(entry, dict) else {}
            if isinstance(fields.get("binding"), str):
                named.setdefault(fields["binding"], {}).setdefault(kind, []).append(path)
            else:
                yield path, f'"{path}" bindings should have a string "binding" field but got {got}.'
            present = [name for name in ids if name in fields]
            if len(present) != 1 or not isinstance(fields[present[0]], str):
                message = messages[len(present)].format(id="".join(present), got=got)
                yield path, f'"{path}" bindings {message}'


def _same_names(named: _Names) -> Iterator[tuple[str, str]]:
    for name, kinds in named.items():
        if len(kinds) > 1:
            yield [*kinds.values()][-1][0], f"{printable(name)} assigned to {' and '.join(kinds)} bindings."
        for kind, paths in kinds.items():
            if len(paths) > 1:
                yield paths[1], f"{printable(name)} assigned to multiple {kind} bindings."


def _bindings(scope: dict[str, Any]) -> dict[str, Binding]:
    """The bindings of a scope without problems."""
    bindings = {}
    for key, (_, ids, _) in _KINDS.items():
        for entry in scope.get(key, ()):
            name, remote, remarks = entry["binding"], entry.get("remote"), []
            if "remote" not in entry:
                remarks.append(_REMOTE_ABSENT)
            elif remote is False:
                remarks.append(_REMOTE_FALSE)
            elif remote is not True:
                remarks.append(f'"remote" is {_stringify(remote)}, not true or false; wrangler does not check that')
                remote = None
            unknown = [field for field in entry if field not in {"binding", "remote", *ids}]
            remarks += [f'unknown field "{printable(field)}": wrangler only warns' for field in unknown]
            chosen = {field: entry[field] for field in ids if field in entry}
            bindings[name] = Binding(name, **chosen, remote=remote, remarks=tuple(remarks))
    return bindings
