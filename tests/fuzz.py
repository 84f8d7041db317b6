"""Coverage-guided fuzzing with atheris: ``python -m tests.fuzz address|document [SECONDS]``.

It needs atheris (``pip install '.[fuzz]'``; Linux and macOS). The package runs from its sources, so that atheris sees
what each input reaches. What reaches something new is kept in ``.fuzz/``, where the next run goes on; what fails is
written to a file there, and goes into the tests by ``python -m tests.fuzz address --add FILE``, to be replayed by
pytest ever after. Further arguments (``-seed=7``, ``-merge=1``) are libFuzzer's.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_FOUND = Path(".fuzz")
_USAGE = "python -m tests.fuzz address|document [SECONDS | --add FILE ...]"
_LONGEST = {"address": 300, "document": 4000}
#: What addresses are made of.
_TOKENS = (
    *("http:", "https://", "//", "@", ":", ":443", ":0", ":65536", "[", "]", "::", "::ffff:", "[::", "%25", "%2e", "/"),
    *("0x", "00", "256", "4294967295", "127.1", "10.0.0.1", "fd00::1", "64:ff9b::", "xn--", "xn--a", "a.", "..", "\\"),
    *("\t", "\n", " ", "\u00ad", "\u200d", "\u3002", "\uff0e", "\uff11", "\u00df", "\u0130", "\u2168", "\U0001f600"),
    *("known.local", "stopped.local", "internal.local", "*", "_", "-", "#", "?", "^", "|", "\x7f", "\x80"),
)
#: What is put into documents in place of what stands there.
_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 256, 2**31, 2**64, 10**40, 0.5, 1e308, "", " ", "*", ".", "0", "\x00", "\ud800"),
    *("a", "a.b", "*.a", "a*", "A.B.", "::", "0.0.0.0/0", "10.0.0.0/8", "10.0.0.1", "100.96.0.1", "100.64.0.0/12"),
    *("::/0", "fd00::/8", "::ffff:10.0.0.0/104", "10.0.0.0/33", "gre", "cfd_tunnel", "warp_connector", "legacy"),
    *("down", "ENAM", "den01", "both", "exact", "stored", "13335:60050", "x" * 300, [], {}, [[]], [None], {"": None}),
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key or index there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield value, key
        yield from _places(item)


def _change(document: Any, chance: random.Random) -> Any:
    """The document with something of it replaced, removed, doubled or moved."""
    whole = [document]
    places = list(_places(whole))
    holder, key = chance.choice(places)
    other_holder, other_key = chance.choice(places)
    match chance.randrange(6):
        case 0 if holder is not whole:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        case 2:
            holder[key] = json.loads(json.dumps(other_holder[other_key]))
        case 3 if isinstance(holder, dict):
            holder[chance.choice([name for _, name in places])] = holder.pop(key)
        case _:
            holder[key] = json.loads(json.dumps(chance.choice(_ODD)))
    return whole[0]


def _mutator(atheris: Any) -> Callable[[bytes, int, int], bytes]:
    """Half of the documents are changed as documents, the others, and what is none, as octets."""

    def change(data: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311
        octets: bytes = atheris.Mutate(data, longest)
        if chance.random() < 0.5:
            return octets
        try:
            document = json.loads(data)
            for _ in range(chance.choice([1, 1, 2, 4])):
                document = _change(document, chance)
            changed = json.dumps(document).encode()
        except (ValueError, RecursionError):
            return octets
        return changed if len(changed) <= longest else octets

    return change


def _unpack(inputs: Sequence[bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / sha256(data).hexdigest()[:16]).write_bytes(data)
    return folder


def _escaped(token: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in token.encode())


def _add(target: str, files: Sequence[str]) -> None:
    targets: Any = import_module("fuzz_targets")
    lines = {targets.line_of(data) for data in (*targets.kept(target), *(Path(file).read_bytes() for file in files))}
    (_HERE / "corpus" / f"{target}.jsonl").write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="ascii")


def main(arguments: Sequence[str]) -> None:
    """Runs until the seconds are over or something fails; the process ends here, with the status of libFuzzer."""
    target, *rest = arguments or [""]
    if target not in _LONGEST:
        sys.exit(_USAGE)
    sys.path.insert(0, str(_HERE))
    if rest[:1] == ["--add"]:
        _add(target, rest[1:])
        return
    os.environ["VPCROUTE_INTERPRETED"] = "1"
    try:
        atheris: Any = import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install '.[fuzz]' (Linux and macOS)")
    with atheris.instrument_imports(include=["vpcroute"]):
        targets: Any = import_module("fuzz_targets")
    found = _unpack((), _FOUND / target)
    known = _unpack(targets.kept(target), _FOUND / f"kept-{target}")
    limits = [f"-max_total_time={rest.pop(0)}"] if rest and rest[0].isdigit() else []
    tokens = _FOUND / "tokens"
    tokens.write_text("".join(f'"{_escaped(token)}"\n' for token in _TOKENS), encoding="ascii")
    limits += [f"-dict={tokens}"] if target == "address" else []
    limits += [f"-max_len={_LONGEST[target]}", f"-artifact_prefix={_FOUND}/failed-{target}-", "-timeout=20"]
    more = {"custom_mutator": _mutator(atheris)} if target == "document" else {}
    atheris.Setup([sys.argv[0], *limits, *rest, str(found), str(known)], targets.TARGETS[target], **more)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
