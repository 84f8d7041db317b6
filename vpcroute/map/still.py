"""A still of the map, as SVG: the whole of IPv4, the blocks that are used, and a legend. Its size is bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import attrs

from vpcroute.analysis.answer import CHANGE_KINDS, ChangeKind
from vpcroute.analysis.changes import AddressChange, Changes
from vpcroute.analysis.cover import Cover
from vpcroute.edges import WIDTHS
from vpcroute.egress import Egress, Gateway
from vpcroute.errors import printable
from vpcroute.map.blocks import Block
from vpcroute.map.curve import Layer, grid, rectangles, spot
from vpcroute.map.picture import Picture
from vpcroute.map.styles import CHANGE_COLOURS, GATEWAY, PALETTE, PATTERNS, REFUSALS, SURFACES
from vpcroute.output.words import clean, egress_text

__all__ = ["THEMES", "Theme", "still"]

Theme = Literal["auto", "light", "dark"]
THEMES: Final = ("auto", "light", "dark")

_WIDTH: Final = 996
_MARGIN: Final = 28
_GAP: Final = 20
_LARGE: Final = 512  # the side of the whole, and of each other block
_SMALL: Final = 192
_CELLS: Final = {_LARGE: 128, _SMALL: 64}
_MOST_BLOCKS: Final = 8
_MOST_ROWS: Final = 24
_LONGEST: Final = 34  # characters of a name in the legend
_ROOMY: Final = 80  # pixels, in which there is room for a name
_FAR_RIGHT: Final = 0.8  # a name does not fit behind that
#: What the whole of IPv4 is marked with.
_MARKED: Final = {
    "10.0.0.0/8": "10/8",
    "100.64.0.0/10": "100.64/10",
    "127.0.0.0/8": "127/8",
    "172.16.0.0/12": "172.16/12",
    "192.168.0.0/16": "192.168/16",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_REFUSED: Final = {
    "refused": "refused, no route",
    "prohibited": "refused, never a destination",
    "open": "refused, depends on the place",
}


@attrs.frozen
class _Paint:
    """How something is filled, and what it is called in the legend.

    Attributes:
        light, dark: colours.
        pattern: one of ``PATTERNS``, or ``falling`` for what is refused.
        rank: of several in one cell the one of the highest rank is drawn.
        text, note: for the legend; no text leaves it out.
        dim: whether it is pale.
        size: how many addresses it stands for, by family.
    """

    light: str
    dark: str
    pattern: str
    rank: int
    text: str
    note: str = ""
    dim: bool = False
    size: tuple[int, int] = (0, 0)


def still(title: str, picture: Picture, changes: Changes | None = None, theme: Theme = "auto") -> str:
    """The picture as an SVG document; with changes, what they change stands out and all else is pale.

    Args:
        title: what is shown, from outside.
        picture: what it looks like.
        changes: what changed to get there.
        theme: light or dark colours, or those that the reader's system asks for.
    """
    paints = _Paints(picture, dim=changes is not None)
    layers = {version: paints.layer(cover, changes) for version, cover in picture.known.covers.items()}
    drawn = list(_panels(picture.blocks))
    shapes: list[str] = []
    bottom = 0
    for panel in drawn:
        block, _, y, side = panel
        shapes += _panel(panel, layers[block.version], [p.rank for p in paints.all])
        bottom = max(bottom, y + side)
    legend, height = _legend(paints, changes, bottom + 34)
    texts = [
        _text(_MARGIN, 38, printable(title), "title"),
        _text(_MARGIN, 58, printable(clean(picture.title)), "quiet"),
    ]
    body = "\n".join([*texts, *shapes, *_marks(drawn[0]), *legend])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" '
        f'height="{height:g}" role="img" aria-label={quoteattr(f"Address map: {printable(title)}")}>\n'
        f"<style>\n{_sheet(paints, theme)}</style>\n{_patterns(paints)}"
        f'<rect class="page" width="{_WIDTH}" height="{height:g}" rx="14"/>\n{body}\n</svg>\n'
    )


class _Paints:
    """The paints by number: those of the answers, then those of the kinds of change."""

    def __init__(self, picture: Picture, *, dim: bool) -> None:
        self.all: list[_Paint] = []
        self._by_key: dict[object, int] = {}
        self._answers = [self._answer(picture, number, dim=dim) for number, _ in picture.known.answers]
        self.kinds = {
            kind: self._number(kind, _Paint(*CHANGE_COLOURS[kind], "solid", 40 - i, kind.replace("_", " ")))
            for i, kind in enumerate(CHANGE_KINDS)
            if dim
        }
        self.used: set[int] = set()

    def _number(self, key: object, paint: _Paint) -> int:
        number = self._by_key.setdefault(key, len(self.all))
        if number == len(self.all):
            self.all.append(paint)
        return number

    def _answer(self, picture: Picture, number: int, *, dim: bool) -> int:
        if number < 0:
            kind = REFUSALS.get(picture.decided.refusals[~number].code, "refused")
            return self._number(kind, _Paint(*SURFACES[kind], "falling", 1, _REFUSED[kind], dim=dim))
        egress: Egress = picture.decided.egresses[number]
        style = picture.styles.number(egress)
        count = picture.counts(egress)
        if style == GATEWAY:
            return self._number(egress, _Paint(*SURFACES["gateway"], "solid", 2, "Gateway", "Internet", dim))
        pattern = PATTERNS[style // len(PALETTE) % len(PATTERNS)]
        down = "" if picture.is_up(egress) else ", down"
        text = printable("Gateway" if isinstance(egress, Gateway) else egress_text(egress))
        paint = _Paint(*PALETTE[style % len(PALETTE)], pattern, 3, text, f"{egress.offramp}{down}", dim, count)
        return self._number(egress, paint if any(count) else attrs.evolve(paint, text=""))

    def layer(self, cover: Cover, changes: Changes | None) -> Layer:
        """Where ranges begin, and the paint of each."""
        starts, values = list(cover.starts), [self._answers[cover.answers[place]] for place in cover.inner]
        if changes is not None:
            changed = [change for change in changes.addresses if change.version == cover.version]
            starts, values = _over(starts, values, changed, self.kinds)
        self.used.update(values)
        return starts, values


def _over(
    starts: list[int], values: list[int], changed: Sequence[AddressChange], kinds: Mapping[ChangeKind, int]
) -> tuple[list[int], list[int]]:
    """Ranges with other ones laid over them."""
    found: dict[int, int] = {}
    at = 0
    for change in changed:
        while at < len(starts) and starts[at] < change.first:
            found[starts[at]] = values[at]
            at += 1
        while at < len(starts) and starts[at] <= change.last:
            at += 1
        found[change.first] = kinds[change.kind]
        found[change.last + 1] = values[at - 1]  # unless something begins there, which then takes its place
    found.update(zip(starts[at:], values[at:], strict=True))
    found.pop(1 << WIDTHS[changed[0].version] if changed else -1, None)
    return list(found), list(found.values())


# Where things are

#: A block with its left, top and side.
_Panel = tuple[Block, int, int, int]


def _panels(blocks: Sequence[Block]) -> Iterator[_Panel]:
    """The blocks with left, top and side: the whole of IPv4 at the left, four beside it, and the others below."""
    whole = next(block for block in blocks if block.version == 4)
    others = [block for block in blocks if block is not whole]
    top = 96
    yield whole, _MARGIN, top, _LARGE
    right = _MARGIN + _LARGE + _GAP + 4
    step = _SMALL + 48
    for i, block in enumerate(others[:4]):
        yield block, right + i % 2 * (_SMALL + _GAP), top + i // 2 * step, _SMALL
    below = top + _LARGE + 40
    for i, block in enumerate(others[4:_MOST_BLOCKS]):
        yield block, _MARGIN + i * (_SMALL + (_WIDTH - 2 * _MARGIN - 4 * _SMALL) // 3), below, _SMALL


def _panel(panel: _Panel, layer: Layer, ranks: Sequence[int]) -> Iterator[str]:
    block, x, y, side = panel
    cells = _CELLS[side]
    while 1 << (WIDTHS[block.version] - block.length) < cells * cells:
        cells //= 2
    rows = grid(layer, ranks, block.first, 1 << WIDTHS[block.version] - block.length, cells)
    paths: defaultdict[int, list[str]] = defaultdict(list)
    cell = side // cells
    for value, *box in rectangles(rows):
        left, top, width, height = (cell * n for n in box)
        paths[value].append(f"M{left} {top}h{width}v{height}h-{width}z")
    yield _text(x, y - 10, block.title, "name", block.note)
    yield f'<g transform="translate({x} {y})" shape-rendering="crispEdges">'
    for value, path in sorted(paths.items()):
        yield f'<path class="p{value}" d="{"".join(path)}"/>'
    yield "</g>"
    yield f'<rect class="frame" x="{x - 0.5:g}" y="{y - 0.5:g}" width="{side + 1:g}" height="{side + 1:g}" rx="3"/>'


def _marks(panel: _Panel) -> Iterator[str]:
    """The names of the well-known parts of IPv4, on the whole of it or beside."""
    _, left, top, side = panel
    for prefix, text in _MARKED.items():
        network = IPv4Network(prefix)
        x, y, share = spot(int(network.network_address), network.prefixlen, WIDTHS[4])
        inside = share * side > _ROOMY
        end = not inside and x > _FAR_RIGHT
        at = left + side * (x if inside or end else x + share) + (5 if inside else -4 if end else 4)
        below = top + side * y + (16 if inside else share * side / 2 + 4)
        anchor = "end" if end else "start"
        yield f'<text x="{at:.1f}" y="{below:.1f}" class="mark" text-anchor="{anchor}">{text}</text>'


def _legend(paints: _Paints, changes: Changes | None, top: float) -> tuple[list[str], float]:
    """The legend in three columns, and where all ends."""
    shown = [(number, paint) for number, paint in enumerate(paints.all) if number in paints.used and paint.text]
    shown.sort(key=lambda entry: (entry[1].rank, entry[1].size), reverse=True)
    if changes is not None:
        shown = [(number, paint) for number, paint in shown if not paint.dim]
    lines: list[str] = []
    columns = 3
    step = (_WIDTH - 2 * _MARGIN) / columns
    for i, (number, paint) in enumerate(shown[:_MOST_ROWS]):
        x, y = _MARGIN + i % columns * step, top + i // columns * 24
        lines.append(f'<rect class="p{number}" x="{x:g}" y="{y - 11:g}" width="14" height="14" rx="3"/>')
        text = paint.text if len(paint.text) <= _LONGEST else f"{paint.text[: _LONGEST - 1]}…"
        lines.append(_text(x + 22, y + 1, text, "row", paint.note))
    rows = -(-min(len(shown), _MOST_ROWS) // columns)
    bottom = top + rows * 24
    rest = len(shown) - _MOST_ROWS
    note = "What does not change is pale. " if changes is not None else ""
    if changes is not None and not shown:
        note = "Nothing changes. "
    if rest > 0:
        note += f"And {rest} more. "
    note += "Addresses follow a Hilbert curve; a cell with several ranges shows a route rather than what is around it."
    lines.append(_text(_MARGIN, bottom + 8, note, "quiet"))
    return lines, bottom + 30


def _text(x: float, y: float, text: str, kind: str, note: str = "") -> str:
    more = f' <tspan class="quiet" font-weight="400">{escape(note)}</tspan>' if note else ""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}{more}</text>'


# How things are filled


def _sheet(paints: _Paints, theme: Theme) -> str:
    """The style sheet."""
    lines = [
        'text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}',
        ".title{font-size:20px;font-weight:600}.name{font-weight:600}.quiet{font-size:12px}.frame{fill:none}",
        ".mark{font-size:11px;font-weight:600;paint-order:stroke;stroke-width:3px;stroke-linejoin:round}",
        *(_colours(paints, dark=False) if theme != "dark" else _colours(paints, dark=True)),
    ]
    if theme == "auto":
        lines += ["@media(prefers-color-scheme:dark){", *_colours(paints, dark=True), "}"]
    return "\n".join(lines) + "\n"


def _colours(paints: _Paints, *, dark: bool) -> Iterator[str]:
    ink, quiet, line = ("#e4e9ef", "#98a3b1", "#2b333f") if dark else ("#1b2430", "#5b6674", "#dde3ea")
    yield f"text{{fill:{ink}}}.quiet{{fill:{quiet}}}.frame{{stroke:{line}}}"
    yield f".page{{fill:{SURFACES['page'][dark]}}}.mark{{stroke:{SURFACES['page'][dark]}}}"
    for number in sorted(paints.used):
        paint = paints.all[number]
        fade = (lambda c: _faded(c, dark=dark)) if paint.dim else str
        base = fade(paint.dark if dark else paint.light)
        if paint.pattern == "solid":
            yield f".p{number}{{fill:{base}}}"
            continue
        if paint.pattern == "falling":
            kind = next(kind for kind in _REFUSED if SURFACES[kind][0] == paint.light)
            over = SURFACES[f"{kind}_ink"][dark]
        else:
            over = "#101418" if dark else "#ffffff"
        yield f".p{number}{{fill:url(#f{number})}}.b{number}{{fill:{base}}}.o{number}{{stroke:{fade(over)};fill:none}}"


def _faded(colour: str, *, dark: bool) -> str:
    """A grey that is nearly the colour of the page."""
    share, page = 0.3, SURFACES["page"][dark]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    grey = 0.3 * red + 0.59 * green + 0.11 * blue
    return "#" + "".join(f"{round(grey * share + int(page[i : i + 2], 16) * (1 - share)):02x}" for i in (1, 3, 5))


_LINES: Final[Mapping[str, str]] = {
    "rising": "M-1 5L5 -1M-1 9L9 -1M3 9L9 3",
    "falling": "M-1 3L5 9M-1 -1L9 9M3 -1L9 5",
    "dots": "M1 1h2v2h-2z",
    "level": "M0 2h8M0 6h8",
    "grid": "M0 2h8M2 0v8",
    "upright": "M2 0v8M6 0v8",
}


def _patterns(paints: _Paints) -> str:
    """The patterns that are used, in the units of the page."""
    made = [
        f'<pattern id="f{number}" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale(.75)"><path class="b{number}" d="M0 0h8v8h-8z"/>'
        f'<path class="o{number}" d="{_LINES[paint.pattern]}"/></pattern>'
        for number, paint in enumerate(paints.all)
        if number in paints.used and paint.pattern != "solid"
    ]
    return f"<defs>{''.join(made)}</defs>\n" if made else ""
