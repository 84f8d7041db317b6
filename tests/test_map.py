"""The map: its page loads nothing and escapes all, its data is small, and its still shows what is there."""

from __future__ import annotations

import base64
import json
import re
import zlib
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.dom.minidom import parseString

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import EVERY_VANTAGE
from test_agreement import QUICK, examples

from benchmarks.tables import make_table
from vpcroute import HostnameRoute, OnRamp, RouteTable, SubnetRoute, Tunnel, Vantage, WanRoute
from vpcroute.analysis.diff import diff
from vpcroute.cli import main
from vpcroute.compiler import compile_table
from vpcroute.egress import Gateway
from vpcroute.map.blocks import blocks_of
from vpcroute.map.curve import grid, rectangles, spot
from vpcroute.map.page import View, page
from vpcroute.map.picture import Picture
from vpcroute.map.still import still
from vpcroute.map.styles import PALETTE, PATTERNS, Styles
from vpcroute.strategies import Network, networks

SAMPLE = Path(__file__).parent / "data" / "network.json"
STILL = SAMPLE.with_name("network-map.svg")
BAD_NAME = "</script><img src=x onerror=a()>\"'`&amp;${title}$policy]]>"
BAD = BAD_NAME + "\x00\x1b[31m\x85\u2028\u202e\ufeff\U000e0041\ud800"
EU, US = Tunnel("eu-id", "eu"), Tunnel("us-id", "us")


def picture_of(table: RouteTable, vantage: Vantage | None = None, styles: Styles | None = None) -> Picture:
    return Picture(compile_table(table, vantage or Vantage()), "from here", styles or Styles())


def page_of(*views: View, title: str = "network.json") -> str:
    return b"".join(page(title, views)).decode("utf-8")


def data_in(text: str) -> list[dict[str, Any]]:
    packed = re.findall(r'<script type="application/octet-stream" id="picture-\d+">([^<]*)</script>', text)
    return [json.loads(zlib.decompress(base64.b64decode(one))) for one in packed]


def table_with(name: str, comment: str = "") -> RouteTable:
    table = RouteTable()
    table.announce(SubnetRoute("10.0.0.0/16", via=Tunnel("t", name), comment=comment))
    table.announce(WanRoute("10.1.0.0/16", via=OnRamp(kind="gre", name=name), priority=100, comment=comment))
    table.announce(HostnameRoute("a.local", via=Tunnel("t", name), comment=comment))
    return table


class _Tags(HTMLParser):
    """The tags of a page with their attributes, and the text in each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] and self.tags[-1][0] in ("script", "style") and self.tags[-1][1].get("type") is None:
            self.inside.append((self.tags[-1][0], data))


# The page


def test_a_page_loads_nothing_and_runs_only_what_is_its_own() -> None:
    text = page_of(View(picture_of(table_with("eu"))))
    tags = _Tags(text)
    policy = next(a["content"] for _, a in tags.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        inside = next(text for tag, text in tags.inside if tag == kind)
        assert f"{kind}-src 'sha256-{base64.b64encode(sha256(inside.encode()).digest()).decode()}'" in policy
    assert not re.search(r"https?://(?!\[|\S*\\/)", re.sub(r"/\^\[a-z\]\+.*", "", text))
    loading = {"src", "href", "srcset", "action", "data", "poster", "style"}
    assert [(t, n, v) for t, found in tags.tags for n, v in found.items() if n in loading or n.startswith("on")] == [
        ("a", "href", "#lists")
    ]
    script = next(text for tag, text in tags.inside if tag == "script")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|\bimport\(", script)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|localStorage|cookie", script)
    assert not re.search(r"url\(|@import", next(text for tag, text in tags.inside if tag == "style"))


@pytest.mark.parametrize("where", ["title", "names"])
def test_what_is_from_outside_stays_text(where: str) -> None:
    plain = page_of(View(picture_of(table_with("eu"))))
    table = table_with(BAD_NAME, BAD) if where == "names" else table_with("eu")
    text = page_of(View(picture_of(table)), title=BAD if where == "title" else "network.json")
    tags, wanted = _Tags(text), _Tags(plain)
    assert [tag for tag, _ in tags.tags] == [tag for tag, _ in wanted.tags]
    assert [inside for inside in tags.inside if inside[0] == "script"] == [
        inside for inside in wanted.inside if inside[0] == "script"
    ]
    assert "onerror=a()>" not in text
    assert not re.search(r"[\x00\x1b\x85\u2028\u202e\ufeff\U000e0041]", text)
    if where == "names":
        [data] = data_in(text)
        said = [*data["texts"], *(way["name"] for way in data["ways"])]
        assert any("</script>" in one for one in said)
        assert all(one.isprintable() for one in said)


@pytest.mark.parametrize("vantage", [Vantage(), Vantage(tunnel_id="eu")], ids=["network", "tunnel"])
def test_all_numbers_in_the_data_lead_somewhere(vantage: Vantage) -> None:
    table = table_with("eu")
    [data] = data_in(page_of(View(picture_of(table, vantage))))
    for family in data["families"].values():
        count = len(family["lengths"])
        assert len(family["firsts"].split()) == len(family["answers"]) == len(family["reasons"]) == count
        assert sum(family["counts"]) == len(family["kinds"]) == len(family["vias"])
        assert max(family["answers"]) < len(data["answers"])
        assert max(family["reasons"]) < len(data["reasons"])
        assert max(family["vias"], default=-1) < len(data["ways"])
        assert max([*family["details"], *family["comments"]], default=0) < len(data["texts"])
    assert all((way < 0) != (refusal < 0) for way, refusal, _ in data["answers"])
    assert sum(way["count4"] for way in data["ways"]) <= 1 << 32


def test_a_page_is_small() -> None:
    routes = 1500
    text = page_of(View(picture_of(make_table(f"generated:{routes}").rib())))
    empty = page_of(View(picture_of(RouteTable())))
    assert (len(text) - len(empty)) / routes < 25  # octets; 100,000 routes may take 5,000,000


def test_several_vantages_have_the_same_colours() -> None:
    table, styles = table_with("eu"), Styles()
    table.announce(SubnetRoute("172.16.0.0/16", via=US))
    views = [View(picture_of(table, vantage, styles)) for vantage in (Vantage(), Vantage(tunnel_id="us"))]
    first, second = data_in(page_of(*views))
    style = {way["name"]: way["style"] for way in first["ways"]}
    assert [way["style"] for way in second["ways"]] == [style["us"]]
    assert first["blocks"][0] == [4, "0", 0, "IPv4", "all addresses"]


def test_changes_stand_beside_both_pictures() -> None:
    before, after = table_with("eu"), table_with("eu")
    after.announce(SubnetRoute("10.0.5.0/24", via=US))
    found = diff(before.compile(), after.compile())
    old, new = picture_of(before), picture_of(after)
    now, then = data_in(page_of(View(new, old, found)))
    assert then["changes"] is None
    kinds = [kind for kind, _ in now["changes"]["kinds"]]
    [[version, first, last, kind, one, other]] = now["changes"]["addresses"]
    assert (version, int(first, 16), int(last, 16), kinds[kind]) == (4, 0x0A000500, 0x0A0005FF, "moved")
    names = [now["ways"][now["changes"]["sides"][side][0]]["name"] for side in (one, other)]
    assert names == ["eu", "us"]


# Blocks and colours


@pytest.mark.parametrize(
    ("prefixes", "blocks"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["10.5.0.0/16"], [], id="well known"),
        pytest.param(["203.0.114.0/24"], ["203.0.114.0/24"], id="public"),
        pytest.param(["203.0.114.7/32"], ["203.0.114.0/24"], id="one address"),
        pytest.param(["203.0.114.0/24", "203.0.115.0/24"], ["203.0.112.0/22"], id="neighbours"),
        pytest.param(["0.0.0.0/0", "203.0.114.0/24"], ["203.0.114.0/24"], id="in a default route"),
        pytest.param([f"{i}.0.0.0/24" for i in range(11, 90, 10)], [], id="everywhere"),
        pytest.param(["fd00:1::/48"], ["fd00:1::/48"], id="IPv6"),
        pytest.param(["fd00:1::/49", "fd00:1:0:1::/64"], ["fd00:1::/48"], id="odd length, and one inside"),
        pytest.param(["fd00:1::/48", "fd00:1:1::/48", "fd00:1:2::/48"], ["fd00:1::/46"], id="neighbours of IPv6"),
        pytest.param([f"{i:x}00::/32" for i in range(0x20, 0x34)], [], id="everywhere in IPv6"),
        pytest.param([f"2a{i:02x}:1::/32" for i in range(0, 256, 8)], ["2a00::/8"], id="many"),
    ],
)
def test_blocks_are_what_is_used(prefixes: list[str], blocks: list[str]) -> None:
    table = RouteTable()
    for prefix in prefixes:
        table.announce(SubnetRoute(prefix, via=EU))
    picture = picture_of(table)
    found = [block for cover in picture.known.covers.values() for block in blocks_of(cover)]
    assert [block.title for block in found if not block.note][: len(blocks) or None] == blocks
    assert all(block.length % 2 == 0 for block in found)
    titles = [(block.version, block.first, block.length) for block in found]
    assert len(set(titles)) == len(titles)


def test_the_first_colours_are_plain_and_gateway_has_none() -> None:
    styles = Styles()
    assert [styles.number(Tunnel(str(i))) for i in range(9)] == [*range(9)]
    assert styles.number(Tunnel("0", "another name")) == 0
    assert styles.number(Gateway()) == -1
    assert PATTERNS[0] == "solid"
    assert len(set(PALETTE)) * len(set(PATTERNS)) == 48


# The still


@examples(QUICK // 7)
@given(st.lists(st.integers(1, 255), unique=True, max_size=12).map(sorted), st.integers(0, 10**6))
def test_a_grid_has_the_highest_rank_of_each_cell(edges: list[int], seed: int) -> None:
    starts = [0, *edges]
    values = [(seed >> i) % 5 for i in range(len(starts))]
    ranks = [3, 1, 4, 0, 2]
    cells = grid((starts, values), ranks, 0, 256, 8)
    at = {spot(4 * i << 24, 6, 32)[:2]: i for i in range(64)}
    for (x, y), i in at.items():
        inside = {
            values[max(j for j, start in enumerate(starts) if start <= address)] for address in range(4 * i, 4 * i + 4)
        }
        assert cells[int(y * 8)][int(x * 8)] == max(inside, key=ranks.__getitem__)
    area = [[-1] * 8 for _ in range(8)]
    for value, left, top, width, height in rectangles(cells):
        for y in range(top, top + height):
            for x in range(left, left + width):
                assert area[y][x] == -1
                area[y][x] = value
    assert area == [list(row) for row in cells]


def test_neighbours_on_the_line_are_neighbours_on_the_square() -> None:
    corners = [spot(i << 22, 10, 32) for i in range(1024)]
    assert corners[0] == (0, 0, 1 / 32)
    assert corners[-1][:2] == (31 / 32, 0)
    steps = [abs(a - c) + abs(b - d) for (a, b, _), (c, d, _) in pairwise(corners)]
    assert set(steps) == {1 / 32}


def test_the_still_of_the_sample_is_the_one_that_is_shown() -> None:
    table = RouteTable.load(SAMPLE)
    made = still("network.json", Picture(table.compile(), "cf1:network, virtual network default", Styles()))
    assert made == STILL.read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
@pytest.mark.parametrize(("title", "name"), [("n", "eu"), (BAD, BAD_NAME)], ids=["plain", "hostile"])
def test_a_still_is_well_formed_whatever_names_are(title: str, name: str, theme: Any) -> None:
    text = still(title, picture_of(table_with(name)), None, theme)
    drawn = parseString(text.encode()).documentElement  # noqa: S318  (it is our own)
    assert drawn is not None
    assert len(drawn.getElementsByTagName("img")) == 0
    assert ("prefers-color-scheme" in text) == (theme == "auto")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_still_shows_changes_and_all_else_pale() -> None:
    before, after = table_with("eu"), table_with("eu")
    after.announce(SubnetRoute("10.0.0.0/17", via=US))
    found = diff(before.compile(), after.compile())
    text = still("n", picture_of(after), found)
    assert ">moved</text>" in text
    assert ">unreachable</text>" not in text
    assert "What does not change is pale" in text
    same = still("n", picture_of(before), diff(before.compile(), before.compile()))
    assert "Nothing changes" in same


def test_a_still_is_no_larger_than_its_cells() -> None:
    table = make_table("generated:1500").rib()
    assert len(still("n", picture_of(table))) < 800_000


@examples(QUICK // 28)
@given(networks(), st.sampled_from([v for v in EVERY_VANTAGE if v.service_id is None]))
def test_every_network_can_be_drawn(network: Network, vantage: Vantage) -> None:
    table = network.table()
    picture = picture_of(table, vantage)
    before = attrs.evolve(network, routes=network.routes[1:]).table()
    changes = diff(compile_table(before, vantage), compile_table(table, vantage))
    json.dumps(picture.data(changes))
    assert parseString(still("n", picture, changes).encode())  # noqa: S318  (it is our own)


# The command


def _run(tmp_path: Path, *argv: str) -> int:
    return main(["map", "--network", str(SAMPLE), *argv])


def test_the_command_writes_what_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(tmp_path) == 0
    assert capsys.readouterr().out == "map.html\n"
    assert _run(tmp_path, "--svg", "a.svg") == 0
    assert _run(tmp_path, "--svg", "b.svg", "-o", "b.html", "--json", "--title", "Ours") == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["files"] == {"page": "b.html", "svg": "b.svg"}
    assert said["pictures"][0]["changes"] is None
    assert {file.name for file in tmp_path.iterdir()} == {"map.html", "a.svg", "b.svg", "b.html"}
    assert "<h1>Ours</h1>" in (tmp_path / "b.html").read_text(encoding="utf-8")


def test_the_command_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = json.loads(SAMPLE.read_text(encoding="utf-8"))
    old["routes"] = [route for route in old["routes"] if route["network"] != "10.0.1.0/24"]
    path, out = tmp_path / "old.json", str(tmp_path / "m.html")
    path.write_text(json.dumps(old), encoding="utf-8")
    assert _run(tmp_path, "--against", str(path), "-o", out, "--json") == 1
    [picture] = json.loads(capsys.readouterr().out)["pictures"]
    assert picture["changes"] == {"moved": {"ipv4": 256, "ipv6": 0, "names": 0}}
    assert _run(tmp_path, "--against", str(SAMPLE), "-o", out) == 0
    assert _run(tmp_path, "--every", "-o", out) == 0
    assert len(data_in(Path(out).read_text(encoding="utf-8"))) > 2


@pytest.mark.parametrize("argv", [["--every", "--tunnel", "prod-vpc"], ["extra.json"], ["--theme", "sepia"]])
def test_bad_usage(tmp_path: Path, argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "-o", str(tmp_path / "m.html"), *argv) == 2
    assert [*tmp_path.iterdir()] == []
    assert capsys.readouterr().err


def test_a_page_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(tmp_path, "-o", str(tmp_path / "none" / "m.html")) == 2
    assert "m.html" in capsys.readouterr().err
