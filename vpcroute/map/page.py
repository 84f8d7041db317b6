"""The map as one HTML page that loads nothing: data, style and script are in it, and its policy allows no other."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

import attrs

from vpcroute.analysis.changes import Changes
from vpcroute.errors import printable
from vpcroute.map.picture import Picture
from vpcroute.map.styles import theme
from vpcroute.output.words import clean

__all__ = ["View", "page"]

_SCRIPTS: Final = ("space.js", "curve.js", "paint.js", "map.js", "panel.js", "app.js")
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@attrs.frozen(eq=False)
class View:
    """What one vantage shows: a picture or, for a comparison, two with what changes from the first to the second."""

    after: Picture
    before: Picture | None = None
    changes: Changes | None = None


def page(title: str, views: Sequence[View]) -> Iterator[bytes]:
    """The page, in parts.

    Args:
        title: what is shown, from outside.
        views: what can be shown, one by one; the first one is at first.
    """
    pictures: list[dict[str, Any]] = []
    listed = []
    for view in views:
        shown: dict[str, Any] = {"title": clean(view.after.title), "after": len(pictures), "before": None}
        pictures.append(view.after.data(view.changes))
        if view.before is not None:
            shown["before"] = len(pictures)
            pictures.append(view.before.data())
        listed.append(shown)
    style, script = (
        _text("page.css"),
        "(() => {\n" + '"use strict";\n' + "".join(map(_text, _SCRIPTS)) + _EXPOSED + "})();\n",
    )
    heading = printable(title)
    filled = Template(_text("page.html")).substitute(
        policy=_POLICY.format(script=_hash(script), style=_hash(style)),
        title=escape(f"Address map: {heading}"),
        heading=escape(heading),
        style=style,
        about=_json({"views": listed, "theme": theme()}),
        pictures="\0",
        script=script,
    )
    before, _, behind = filled.partition("\0")
    yield before.encode()
    yield from _packed(pictures)
    yield behind.encode()


#: What tests and the browser's console can ask.
_EXPOSED: Final = "window.addressMap = { app, ready, readAddress, addressText, place, FAMILY };\n"


def _text(name: str) -> str:
    return (files("vpcroute.map") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _json(value: object) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace("&", "\\u0026")


def _packed(pictures: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for number, picture in enumerate(pictures):
        packed = zlib.compress(json.dumps(picture, separators=(",", ":")).encode())
        yield f'<script type="application/octet-stream" id="picture-{number}">'.encode()
        yield b64encode(packed)
        yield b"</script>\n"
