"""The map in a real browser: what it says is what the resolver says, whoever asks: the pointer, the keyboard, a search.

``.ci/run system`` runs this. By hand: Debian's ``chromium`` and ``chromium-driver``, ``pip install -e '.[system]'``,
``pytest -m system tests/system``; ``VPCROUTE_SHOTS=DIR`` keeps the screenshots.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tables import make_table
from vpcroute import RouteError, RouteTable, SubnetRoute, Tunnel, Vantage
from vpcroute.analysis.diff import diff
from vpcroute.edges import WIDTHS, address_edges, name_edges
from vpcroute.map.curve import spot
from vpcroute.map.page import View, page
from vpcroute.map.picture import Picture
from vpcroute.map.styles import Styles
from vpcroute.output.words import describe

webdriver = pytest.importorskip("selenium.webdriver", reason="the driver is missing: pip install -e '.[system]'")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

pytestmark = pytest.mark.system

_CHROMIUM, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if _CHROMIUM is None or _DRIVER is None:
    pytest.skip("chromium is missing: apt-get install chromium chromium-driver", allow_module_level=True)

SAMPLE = Path(__file__).parents[1] / "data" / "network.json"
SHOTS = os.environ.get("VPCROUTE_SHOTS")
HOSTILE = "</script><script>window.hit=1</script>\"'<img src=x onerror=window.hit=1>"

Browser = Any
Open = Callable[..., Browser]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = _CHROMIUM
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "window-size=1440,1000",
        "force-device-scale-factor=1",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_DRIVER))
    driver.set_script_timeout(50)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page with a picture; afterwards nothing may have been complained of."""

    def open_(*views: View, title: str = "network.json") -> Browser:
        file = tmp_path / "map.html"
        file.write_bytes(b"".join(page(title, views)))
        browser.set_window_size(1440, 1000)
        browser.get(file.as_uri())
        settle(browser)
        return browser

    yield open_
    assert browser.get_log("browser") == []
    assert browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)") == []


def settle(browser: Browser) -> None:
    """Waits until all is drawn that is to be."""
    browser.execute_async_script(
        "const done = arguments[0], { app, ready } = addressMap;"
        "const still = (was) => requestAnimationFrame(() => requestAnimationFrame(() => {"
        "  const now = JSON.stringify([app.map.view, document.documentElement.dataset.drawn]);"
        "  now === was ? done() : still(now); }));"
        "ready.then(() => still(''));"
    )


def view_of(table: RouteTable, vantage: Vantage | None = None, styles: Styles | None = None) -> View:
    asked = vantage or Vantage()
    return View(Picture(table.compile(asked), describe(table.stand(asked)), styles or Styles()))


def text_of(browser: Browser, id_: str) -> str:
    text: str = browser.execute_script("return document.getElementById(arguments[0]).innerText", id_)
    return text


def shot(browser: Browser, name: str) -> bytes:
    """A screenshot; kept where that is asked for."""
    data: bytes = browser.get_screenshot_as_png()
    if SHOTS:
        (Path(SHOTS) / f"{name}.png").write_bytes(data)
    return data


def colours(png: bytes) -> set[bytes]:
    """The colours of a PNG picture whose rows are not filtered, or are: the octets of its rows tell enough."""
    width, height = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + size] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    rows = zlib.decompress(packed)
    assert len(rows) % height == 0
    assert width > 0
    return {rows[i : i + 3] for i in range(1, len(rows), 997)}


def sample() -> RouteTable:
    return RouteTable.load(SAMPLE)


def changed_sample() -> RouteTable:
    table = sample()
    table.announce(SubnetRoute("10.0.4.0/22", via=Tunnel("new-id", HOSTILE), comment=HOSTILE))
    return table


# What it says


def _answers(resolver: Any, numbers: list[tuple[int, int]]) -> list[list[Any]]:
    found = []
    for version, number in numbers:
        ip = IPv4Address(number) if version == 4 else IPv6Address(number)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        try:
            answer = resolver.resolve((ip, 1))
        except RouteError as error:
            found.append([str(ip), error.code, True])
            continue
        found.append([str(ip), answer.egress.id or answer.egress.offramp, answer.guaranteed])
    return found


_ASK = """
const { app, readAddress, addressText } = addressMap;
return JSON.parse(arguments[0]).map((text) => {
  const { version, number } = readAddress(text);
  const { way, refusal, sure } = app.space.explain(version, number);
  return [addressText(version, number), refusal ? refusal[0] : way.id || way.offramp, sure];
});
"""


def _asked_of(browser: Browser, texts: list[str]) -> list[list[Any]]:
    found: list[list[Any]] = browser.execute_script(_ASK, json.dumps(texts))
    return found


def _questions(table: RouteTable, most: int) -> list[tuple[int, int]]:
    """Both sides of every edge of every prefix, or of some of them; and addresses from anywhere."""
    chance = random.Random(1)  # noqa: S311  (nothing secret is drawn)
    found: list[tuple[int, int]] = []
    for version, bits in WIDTHS.items():
        edges = address_edges(table, version)
        some = edges if len(edges) <= most else chance.sample(edges, most)
        found += [(version, number) for edge in some for number in (edge, edge - 1) if number >= 0]
        found += [(version, chance.getrandbits(bits)) for _ in range(200)]
    return found


@pytest.mark.parametrize("name", ["sample", "staging", "legacy", "tunnel", "private", "generated"])
def test_it_says_what_the_resolver_says(opened: Open, name: str) -> None:
    words = {"private": "private", "generated": "generated:5000"}
    table = make_table(words[name]).rib() if name in words else sample()
    vantages = {
        "staging": Vantage(virtual_network="staging"),
        "legacy": Vantage(routing_mode="legacy"),
        "tunnel": Vantage(tunnel_id="prod-vpc"),
    }
    vantage = vantages.get(name, Vantage())
    browser = opened(view_of(table, vantage))
    wanted = _answers(table.compile(vantage), _questions(table, 2000))
    assert _asked_of(browser, [text for text, _, _ in wanted]) == wanted


def test_it_says_of_names_what_the_resolver_says(opened: Open) -> None:
    table = sample()
    resolver = table.compile()
    browser = opened(view_of(table))
    names = [name for name in name_edges(table) if name]
    script = (
        "const { space } = addressMap.app; return JSON.parse(arguments[0]).map((name) => {"
        "const found = space.name(name);"
        "return found.route ? (found.way ? found.way.id : 'route_not_in_force') : found.answers; });"
    )
    for name, said in zip(names, browser.execute_script(script, json.dumps(names)), strict=True):
        if isinstance(said, list):
            assert [str(ip) for ip in table.hosts[name]] == said, name
        else:
            assert _answer_of(resolver, name) == said, name


def _answer_of(resolver: Any, name: str) -> str | None:
    """The id of the egress or the code of the refusal; None where Gateway resolves the name."""
    try:
        answer = resolver.resolve((name, 443))
    except RouteError as error:
        return error.code
    return None if answer.needs_dns else str(answer.egress.id)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.1",
        "10.0.1.256",
        "010.0.0.1",
        "1.2.3.4.5",
        "::1::",
        "fd00:::1",
        "12345::",
        "1:2:3:4:5:6:7",
        "fe80::1%eth0",
        "::1.2.3",
    ],
)
def test_what_is_no_address_is_none(opened: Open, browser: Browser, text: str) -> None:
    if not browser.current_url.endswith("map.html"):
        opened(view_of(sample()))
    assert browser.execute_script("return addressMap.readAddress(arguments[0])", text) is None


def test_the_page_and_the_still_have_one_curve(opened: Open) -> None:
    browser = opened(view_of(sample()))
    prefixes = [(number << 20, 12) for number in range(0, 4096, 37)]
    script = (
        "const { place, FAMILY } = addressMap; return JSON.parse(arguments[0]).map(([first, length]) => {"
        "const { x, y, w } = place(FAMILY[4], { first: 0, length: 0 }, first, length); return [x, y, w]; });"
    )
    assert browser.execute_script(script, json.dumps(prefixes)) == [[*spot(a, b, 32)] for a, b in prefixes]


# What it does


def test_pointer(opened: Open) -> None:
    browser = opened(view_of(sample()))
    blocks = browser.find_elements("css selector", "#blocks button")
    next(block for block in blocks if "10.0.0.0/8" in block.text).click()
    settle(browser)
    box = browser.execute_script(
        "const { map } = addressMap.app; const b = map.box(10 * 2 ** 24 + 8 * 2 ** 16, 16);"
        "return [b.x + b.w / 2 - map.width / 2, b.y + b.h / 2 - map.height / 2]"
    )
    element = browser.find_element("id", "map")
    ActionChains(browser).move_to_element_with_offset(element, *(round(at) for at in box)).perform()
    tip = text_of(browser, "tip")
    assert "dc-frankfurt" in tip
    assert "10.8.0.0/16" in tip
    shot(browser, "hover")
    ActionChains(browser).click().perform()
    details = text_of(browser, "details")
    assert "dc-frankfurt" in details
    assert "/16" in details
    before = browser.execute_script("return addressMap.app.map.view.side")
    ActionChains(browser).double_click().perform()
    settle(browser)
    assert browser.execute_script("return addressMap.app.map.view.side") == pytest.approx(4 * before)


def test_keyboard(opened: Open) -> None:
    browser = opened(view_of(sample()))

    def press(*keys: str) -> None:
        ActionChains(browser).send_keys(*keys).perform()
        settle(browser)

    def focus() -> str:
        found: str = browser.execute_script("return document.activeElement.id")
        return found

    browser.execute_script("document.getElementById('map').focus()")
    press(Keys.HOME)
    said = [text_of(browser, "live")]
    for keys in ([Keys.ARROW_RIGHT], [Keys.ARROW_DOWN], [Keys.ENTER], ["+"], [Keys.ARROW_LEFT], ["-"]):
        press(*keys)
        said.append(text_of(browser, "live"))
    assert all(one != other for one, other in pairwise(said))
    assert all(": " in one and "/" in one for one in said)
    shot(browser, "keyboard")
    press("/")
    assert focus() == "query"
    press("10.8.200.7", Keys.ENTER)
    assert "10.8.200.7: cni-fra-1" in text_of(browser, "live")
    assert "/16 < /24" in text_of(browser, "details")
    press(Keys.ESCAPE)
    assert focus() == "map"
    for _ in range(12):
        press(Keys.ESCAPE)
    assert browser.execute_script(
        "return [addressMap.app.map.root.length, addressMap.app.map.view.side > addressMap.app.map.whole().side * 1.01]"
    ) == [0, False]
    browser.execute_script("document.querySelector('.skip').focus()")
    seen = set()
    for _ in range(50):
        press(Keys.TAB)
        seen.add(
            browser.execute_script("return document.activeElement.id || document.activeElement.closest('[id]').id")
        )
    assert {"query", "theme", "blocks", "map", "in", "legend", "lists"} <= seen


def test_search(opened: Open) -> None:
    browser = opened(view_of(sample()))
    query = browser.find_element("id", "query")

    def ask(text: str) -> str:
        query.clear()
        query.send_keys(text, Keys.ENTER)
        settle(browser)
        return text_of(browser, "details")

    assert "prod-vpc" in ask("http://10.0.5.42:5432/x")
    assert "destination_ip_unroutable" in ask("192.168.200.1") or "cni-fra-1" in text_of(browser, "details")
    assert "gothenburg-lab" in ask("100.96.0.3:22")
    assert "rotterdam-wh" in ask("nvr.rotterdam.internal.local")
    assert "fd3c:9a41:7be2" in ask("[fd3c:9a41:7be2:8::9]:443")
    assert "ranges" in ask("10.0.0.0/8")
    query.clear()
    query.send_keys("frankfurt")
    assert "dc-frankfurt" in text_of(browser, "found")
    shot(browser, "search")


def test_to_a_slash_24_and_to_one_ipv6_address(opened: Open) -> None:
    table = make_table("private").rib()
    browser = opened(view_of(table))
    size = (
        "const { app, readAddress } = addressMap; app.find(arguments[0]);"
        "return new Promise((done) => setTimeout(() => { const { number } = readAddress(arguments[0].split('/')[0]);"
        "done([app.map.root.version, app.map.box(number, arguments[1]).w]) }, 600));"
    )
    version, width = browser.execute_script(size, "192.168.3.0/24", 24)
    assert version == 4
    assert width > 300
    shot(browser, "slash24")
    network = next(route.network for route in table if isinstance(route, SubnetRoute) and route.network.prefixlen == 64)
    version, width = browser.execute_script(size, str(network.network_address), 64)
    assert version == 6
    assert width > 100
    assert text_of(browser, "details").startswith(str(network.network_address))
    shot(browser, "ipv6")


def test_light_and_dark(opened: Open) -> None:
    browser = opened(view_of(sample()))
    light = shot(browser, "light")
    browser.find_element("id", "theme").click()
    settle(browser)
    assert browser.execute_script("return document.documentElement.dataset.theme") == "dark"
    dark = shot(browser, "dark")
    assert colours(light) != colours(dark)


def test_the_legend_picks_one_out(opened: Open) -> None:
    browser = opened(view_of(sample()))
    pixels = "const { map } = addressMap.app; return map.pixels.toDataURL()"
    before = browser.execute_script(pixels)
    button = next(b for b in browser.find_elements("css selector", "#legend button") if "prod-vpc" in b.text)
    button.click()
    settle(browser)
    pressed = browser.find_elements("css selector", "#legend button[aria-pressed=true]")
    assert [b.text for b in pressed] == [b.text for b in pressed if "prod-vpc" in b.text] != []
    assert browser.execute_script(pixels) != before
    rows = browser.find_elements("css selector", "#list tbody tr")
    assert rows
    assert all("prod-vpc" in row.text for row in rows)


def test_lists_have_every_range(opened: Open) -> None:
    table = make_table("private").rib()
    browser = opened(view_of(table))
    script = (
        "const found = [], all = (what) => [...document.querySelectorAll(what)]; for (;;) {"
        "  found.push(...all('#list tbody tr').map((row) => row.cells[0].textContent));"
        "  const next = all('.pages button')[1]; if (next.disabled) return found; next.click(); }"
    )
    ranges = browser.execute_script(script)
    assert len(ranges) == len(set(ranges)) == len(view_of(table).after.known.covers[4].starts)


def test_changes(opened: Open) -> None:
    before, after = sample(), changed_sample()
    styles = Styles()
    new, old = view_of(after, styles=styles).after, view_of(before, styles=styles).after
    found = diff(before.compile(), after.compile())
    browser = opened(View(new, old, found))
    assert "moved" in text_of(browser, "legend")
    assert "10.0.4.0/22" in text_of(browser, "lists")
    browser.find_element("css selector", "#list tbody button").click()
    settle(browser)
    details = text_of(browser, "details")
    assert "moved" in details
    assert HOSTILE in details
    shot(browser, "changes")
    for side, name in (("before", "prod-vpc"), ("after", HOSTILE)):
        browser.execute_script(
            "document.getElementById('sides').value = arguments[0];"
            "document.getElementById('sides').dispatchEvent(new Event('change'))",
            side,
        )
        settle(browser)
        browser.execute_script("addressMap.app.find('10.0.5.1')")
        assert name in text_of(browser, "details")
    assert browser.execute_script("return window.hit") is None


def test_several_vantages(opened: Open) -> None:
    table = sample()
    browser = opened(view_of(table), view_of(table, Vantage(virtual_network="staging")))
    first = _asked_of(browser, ["10.0.1.50"])
    browser.execute_script(
        "document.getElementById('vantages').value = 1;"
        "document.getElementById('vantages').dispatchEvent(new Event('change'))"
    )
    settle(browser)
    assert "staging" in text_of(browser, "vantage")
    assert _asked_of(browser, ["10.0.1.50"]) != first


def test_on_a_small_screen_nothing_is_wider_than_it(opened: Open) -> None:
    browser = opened(view_of(sample()))
    browser.set_window_size(520, 900)
    settle(browser)
    shot(browser, "small")
    assert (
        browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        == 0
    )


def test_a_hundred_thousand_routes(opened: Open, tmp_path: Path) -> None:
    table = make_table("generated:100000").rib()
    browser = opened(view_of(table))
    assert (tmp_path / "map.html").stat().st_size < 5_000_000
    shot(browser, "hundred-thousand")
    wanted = _answers(table.compile(), _questions(table, 1000))
    assert _asked_of(browser, [text for text, _, _ in wanted]) == wanted
    print(f"drawn in {browser.execute_script('return addressMap.app.milliseconds'):.0f} ms")
