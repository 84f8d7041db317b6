"""Dialers: what they reach and how, what they refuse, and in which words they fail."""

from __future__ import annotations

import asyncio
import errno
import pickle
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from dial_peers import LOOPBACK, Far, Proxy, black_hole, echo, serving

from vpcroute import (
    ClientDevice,
    EcmpGroup,
    Gateway,
    HostnameRoute,
    InvalidDocument,
    MeshNode,
    OnRamp,
    RouteError,
    RouteTable,
    SubnetRoute,
    Tunnel,
    WanRoute,
)
from vpcroute.dial import (
    DialError,
    Dialers,
    Direct,
    GatewayDialer,
    HttpConnect,
    Limits,
    Names,
    Socks5,
    VpcNetwork,
    load_dialers,
)
from vpcroute.dial.failures import failure
from vpcroute.dial.racing import race
from vpcroute.dial.settings import read_dialers
from vpcroute.errors import CLOUDFLARE_CODES
from vpcroute.fib.resolver import Resolver

EU = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")
US = Tunnel("550e8400-e29b-41d4-a716-446655440001", "us")
NODE = MeshNode("550e8400-e29b-41d4-a716-446655440002", "node")
HQ, LAB = OnRamp(kind="ipsec", name="hq"), OnRamp(kind="gre", name="lab")
SAY = b"what is said\n"
LOGIN: dict[str, Any] = {"username": "me", "password": "secret"}


def table() -> RouteTable:
    made = RouteTable()
    made.announce(SubnetRoute("10.0.0.0/16", via=EU))
    made.announce(SubnetRoute("fd00:1::/32", via=EU))
    made.announce(SubnetRoute("10.1.0.0/16", via=US))
    made.announce(SubnetRoute("10.2.0.0/16", via=NODE))
    made.announce(HostnameRoute("*.internal.local", via=EU))
    made.announce(WanRoute("10.50.0.0/16", via=HQ, priority=100))
    made.announce(WanRoute("10.60.0.0/16", via=HQ, priority=100))
    made.announce(WanRoute("10.60.0.0/16", via=LAB, priority=100))
    return made


def all_to(tunnel: Tunnel) -> Resolver:
    """A resolver that hands everything to one tunnel, addresses on loopback too."""
    return table().compile(tunnel_id=tunnel.id)


def run(test: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(30):
            return await test()

    return asyncio.run(bounded())


async def said(network: VpcNetwork, address: Any) -> bytes:
    """What comes back of what is said to an echo."""
    reader, writer = await network.connect(address)
    writer.write(SAY)
    back = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return back


async def refused(network: VpcNetwork, address: Any) -> RouteError:
    with pytest.raises(RouteError) as error:
        await network.connect(address)
    return error.value


# Direct


@pytest.mark.parametrize(("host", "source"), [("127.0.0.1", "127.0.0.2"), ("::1", "::1")], ids=["IPv4", "IPv6"])
def test_a_direct_dialer_connects_from_its_source_through_its_interface(host: str, source: str) -> None:
    async def test() -> None:
        async with serving(echo, host=host) as port:
            dialer = Direct(source=source, interface="lo")
            address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            reader, writer = await VpcNetwork(all_to(EU), Dialers({EU: dialer})).connect(address)
            assert writer.get_extra_info("sockname")[0] == source
            option = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
            assert option.rstrip(b"\0") == b"lo"
            writer.write(SAY)
            assert await reader.readline() == SAY
            writer.close()
            await writer.wait_closed()

    run(test)


@pytest.mark.parametrize(
    ("dialer", "code", "hint"),
    [
        (Direct(), "connection_refused", None),
        (Direct(interface="nosuchif"), "destination_unavailable", "there is no such interface"),
        (Direct(source="192.0.2.1"), "destination_unavailable", "must be one of this host"),
        (Direct(source="::1"), "destination_ip_unroutable", None),
    ],
    ids=["nobody there", "no interface", "foreign source", "wrong family"],
)
def test_what_a_direct_dialer_fails_with(dialer: Direct, code: str, hint: str | None) -> None:
    async def test() -> None:
        async with serving(echo) as port:
            free = port
        error = await refused(VpcNetwork(all_to(EU), Dialers({EU: dialer})), f"127.0.0.1:{free}")
        assert isinstance(error, DialError)
        assert (error.code, error.egress) == (code, EU)
        assert (error.hint or "").find(hint or "") >= 0
        assert str(error).startswith(f"127.0.0.1:{free} through CFD_TUNNEL eu: ")

    run(test)


def test_a_direct_dialer_never_resolves_a_name() -> None:
    async def test() -> None:
        error = await refused(VpcNetwork(table().compile(), Dialers({EU: Direct()})), "localhost.internal.local:80")
        assert error.code == "dns_required"
        assert "SOCKS5 or CONNECT" in (error.hint or "")

    run(test)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"source": ("10.0.0.1", "10.0.0.2")}, ValueError),
        ({"source": "eth0"}, ValueError),
        ({"source": 7}, ValueError),
        ({"interface": ""}, ValueError),
        ({"interface": "sixteen-letters-"}, ValueError),
        ({"interface": "../eth0"}, ValueError),
        ({"interface": 7}, TypeError),
        ({"mark": 0}, ValueError),
        ({"mark": 2**32}, ValueError),
        ({"mark": "7"}, TypeError),
        ({"mark": True}, TypeError),
    ],
    ids=str,
)
def test_a_direct_dialer_is_checked(fields: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Direct(**fields)


# Proxies


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


PROXIES: dict[str, Callable[[str], Any]] = {
    "SOCKS5": Socks5,
    "SOCKS5 with login": lambda server: Socks5(server, **LOGIN),
    "CONNECT": HttpConnect,
    "CONNECT with login": lambda server: HttpConnect(server, **LOGIN),
}
TARGETS = ("10.0.1.50:6379", "[fd00:1::5]:6379", "db.internal.local:5432")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("pieces", [False, True], ids=["at once", "in pieces"])
def test_a_proxy_is_given_what_was_matched(kind: str, target: str, pieces: bool) -> None:
    async def test() -> None:
        async with serving(echo) as port:
            login = ("me", "secret") if "login" in kind else None
            proxy = Proxy({target: ("port", port)}, login=login, pieces=pieces)
            async with serving(proxy) as server:
                dialer = PROXIES[kind](f"{LOOPBACK}:{server}")
                assert await said(VpcNetwork(table().compile(), Dialers({EU: dialer})), target) == SAY
            assert proxy.asked == [target]

    run(test)


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(SAY)
    await reader.read()


@pytest.mark.parametrize("kind", PROXIES)
def test_what_a_server_says_first_is_not_lost(kind: str) -> None:
    async def test() -> None:
        async with serving(greeting) as port:
            login = ("me", "secret") if "login" in kind else None
            async with serving(Proxy({"10.0.1.50:22": ("port", port)}, login=login)) as server:
                network = VpcNetwork(table().compile(), Dialers({EU: PROXIES[kind](f"{LOOPBACK}:{server}")}))
                reader, writer = await network.connect("10.0.1.50:22")
                assert await reader.readline() == SAY
                writer.close()
                await writer.wait_closed()

    run(test)


def test_a_proxy_is_spoken_to_by_tls(authority: trustme.CA) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK).configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)

    async def test() -> None:
        async with serving(echo) as port, serving(Proxy({TARGETS[0]: ("port", port)}), tls=server_side) as server:
            known = HttpConnect(f"{LOOPBACK}:{server}", tls=client_side)
            assert await said(VpcNetwork(table().compile(), Dialers({EU: known})), TARGETS[0]) == SAY
            unknown = HttpConnect(f"{LOOPBACK}:{server}", tls=True)
            error = await refused(VpcNetwork(table().compile(), Dialers({EU: unknown})), TARGETS[0])
            assert error.code == "tls_certificate_error"

    run(test)


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("SOCKS5", 1, "proxy_internal_error"),
        ("SOCKS5", 2, "destination_ip_prohibited"),
        ("SOCKS5", 3, "destination_ip_unroutable"),
        ("SOCKS5", 4, "destination_unavailable"),
        ("SOCKS5", 5, "connection_refused"),
        ("SOCKS5", 6, "connection_timeout"),
        ("SOCKS5", 77, "proxy_internal_error"),
        ("CONNECT", 403, "http_request_denied"),
        ("CONNECT", 407, "http_request_denied"),
        ("CONNECT", 429, "rate_limited"),
        ("CONNECT", 502, "destination_unavailable"),
        ("CONNECT", 503, "destination_unavailable"),
        ("CONNECT", 504, "connection_timeout"),
        ("CONNECT", 500, "http_request_error"),
    ],
)
def test_a_refusal_of_a_proxy_has_a_code(kind: str, number: int, code: str) -> None:
    async def test() -> None:
        async with serving(Proxy({TARGETS[0]: ("refused", number)})) as server:
            network = VpcNetwork(table().compile(), Dialers({EU: PROXIES[kind](f"{LOOPBACK}:{server}")}))
            error = await refused(network, TARGETS[0])
            assert (error.code, error.address) == (code, TARGETS[0])
            assert f"{TARGETS[0]} through CFD_TUNNEL eu: the proxy {LOOPBACK}:{server} says: " in str(error)

    run(test)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000)
    await reader.read()


@pytest.mark.parametrize(
    ("kind", "server", "code"),
    [
        ("SOCKS5", hangs_up, "connection_terminated"),
        ("CONNECT", hangs_up, "connection_terminated"),
        ("SOCKS5", black_hole, "connection_timeout"),
        ("CONNECT", black_hole, "connection_timeout"),
        ("SOCKS5", None, "destination_unavailable"),
        ("CONNECT", None, "destination_unavailable"),
        ("CONNECT", never_ends, "http_protocol_error"),
    ],
)
def test_a_proxy_that_does_not_work(kind: str, server: Any, code: str) -> None:
    async def test() -> None:
        async with serving(server or echo) as port:
            if server is not None:
                await check(port)
        if server is None:
            await check(port)

    async def check(port: int) -> None:
        dialers = Dialers({EU: PROXIES[kind](f"{LOOPBACK}:{port}")})
        error = await refused(VpcNetwork(table().compile(), dialers, limits=Limits(connect=0.3)), TARGETS[0])
        assert (error.code, getattr(error, "egress", None)) == (code, EU)

    run(test)


@pytest.mark.parametrize("kind", [Socks5, HttpConnect])
@pytest.mark.parametrize(
    ("server", "fields"),
    [
        ("127.0.0.1", {}),
        ("127.0.0.1:0", {}),
        (7, {}),
        ("127.0.0.1:1080", {"username": "me"}),
        ("127.0.0.1:1080", {"password": "secret"}),
        ("127.0.0.1:1080", {"username": "m" * 256, "password": "secret"}),
        ("127.0.0.1:1080", {"username": 7, "password": "secret"}),
        ("127.0.0.1:1080", {"by": None}),
    ],
)
def test_a_proxy_is_checked(kind: Any, server: Any, fields: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        kind(server, **fields)


def test_a_password_is_never_shown() -> None:
    for kind in (Socks5, HttpConnect):
        assert LOGIN["password"] not in repr(kind("127.0.0.1:1080", **LOGIN))


# Which dialer


def test_each_path_has_its_dialer() -> None:
    device = ClientDevice("550e8400-e29b-41d4-a716-446655440003", "laptop")
    by_id, by_name, other, gate = Direct(mark=1), Direct(mark=2), Direct(mark=3), Direct(mark=4)
    dialers = Dialers(
        {
            EU: by_id,
            ("tunnel", US.id.upper()): by_id,
            ("mesh_node", "node"): by_name,
            ("device", "laptop"): by_name,
            ("on_ramp", "hq"): by_name,
            ("mesh_node", "eu"): other,
        },
        gateway=gate,
    )
    expected = {EU: by_id, US: by_id, NODE: by_name, device: by_name, HQ: by_name, Gateway(): gate}
    assert {egress: dialers.find(egress) for egress in expected} == expected  # type: ignore[arg-type]
    assert dialers.find(OnRamp(kind="gre", name="hq", id="77")) is by_name
    for missing in (LAB, Tunnel("none", "node"), OnRamp(kind="gre", name="eu")):
        with pytest.raises(DialError) as error:
            dialers.find(missing)
        assert (error.value.code, error.value.egress) == ("no_dialer", missing)


@pytest.mark.parametrize(
    ("address", "egress"),
    [("10.2.0.1:80", NODE), ("10.50.0.1:80", HQ), ("1.1.1.1:80", Gateway()), ("db.internal.local:80", EU)],
)
def test_without_a_dialer_nothing_is_dialed(address: str, egress: Any) -> None:
    async def test() -> None:
        error = await refused(VpcNetwork(table().compile(), Dialers({US: Direct()})), address)
        assert isinstance(error, DialError)
        assert (error.code, error.egress) == ("no_dialer", egress)

    run(test)


def test_a_name_that_two_paths_have_is_no_dialers_name() -> None:
    made = table()
    twin = Tunnel("550e8400-e29b-41d4-a716-446655440009", "eu")
    made.announce(HostnameRoute("twin.local", via=twin))

    async def test() -> None:
        async with serving(echo) as port:
            far = Far({"10.0.0.1:80": port})
            named = VpcNetwork(made.compile(), Dialers({("tunnel", "eu"): far}))
            error = await refused(named, "10.0.0.1:80")
            assert (error.code, error.hint) == ("no_dialer", "several have the name 'eu': give the dialer by the id")
            assert await said(VpcNetwork(made.compile(), Dialers({EU: far})), "10.0.0.1:80") == SAY

    run(test)


def test_a_refused_destination_is_refused_before_any_dialer() -> None:
    async def test() -> None:
        far = Far({})
        network = VpcNetwork(table().compile(), Dialers({EU: far}, gateway=far))
        codes = {"192.168.1.1:80": "destination_ip_unroutable", "127.0.0.1:80": "destination_ip_prohibited"}
        assert {address: (await refused(network, address)).code for address in codes} == codes
        assert far.dialed == []

    run(test)


@pytest.mark.parametrize("resolves", [False, True])
def test_a_name_goes_to_gateway_only_if_that_resolves_it(resolves: bool) -> None:
    async def test() -> None:
        async with serving(echo) as port:
            far = Far({"api.example.com:443": port})
            gateway = GatewayDialer(far, resolves_names=resolves)
            network = VpcNetwork(table().compile(), Dialers(gateway=gateway))
            if resolves:
                assert await said(network, "api.example.com:443") == SAY
            else:
                assert (await refused(network, "api.example.com:443")).code == "dns_required"
            assert far.dialed == ["api.example.com:443"] * resolves

    run(test)


def test_a_direct_way_to_gateway_resolves_no_names() -> None:
    with pytest.raises(ValueError, match="cannot be given names"):
        GatewayDialer(Direct(), resolves_names=True)


@pytest.mark.parametrize("address", ["10.0.0.1:80", "db.internal.local:80"])
def test_a_connector_that_is_down_is_not_dialed(address: str) -> None:
    made = table()
    made.set_health("eu", "down")

    async def test() -> None:
        far = Far({})
        error = await refused(VpcNetwork(made.compile(), Dialers({EU: far})), address)
        assert (error.code, error.egress, far.dialed) == ("destination_unavailable", EU, [])  # type: ignore[attr-defined]

    run(test)


def test_flows_share_the_members_of_a_group() -> None:
    async def test() -> None:
        async with serving(echo) as port:
            hq, lab = Far({"10.60.0.1:80": port}), Far({"10.60.0.1:80": port})
            network = VpcNetwork(table().compile(), Dialers({HQ: hq, LAB: lab}))
            assert isinstance((await network.way("10.60.0.1:80")).resolution.egress, EcmpGroup)
            assert {(await network.way("10.60.0.1:80")).egress for _ in range(64)} == {HQ, LAB}
            for _ in range(8):
                assert await said(network, "10.60.0.1:80") == SAY
            assert len(hq.dialed) + len(lab.dialed) == 8

    run(test)


# Several addresses


def attempts(*outcomes: Any, log: list[str]) -> list[Any]:
    """Attempts that wait for as long as is said, and then return or raise."""

    def attempt(number: int, seconds: float, outcome: Any) -> Any:
        async def run() -> Any:
            log.append(f"{number} begins")
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                log.append(f"{number} given up")
                raise
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return run

    return [attempt(number, *outcome) for number, outcome in enumerate(outcomes)]


FIRST, LAST = OSError("first"), OSError("last")


@pytest.mark.parametrize(
    ("outcomes", "won", "log"),
    [
        ([(0, "a"), (0, "b")], "a", ["0 begins"]),
        ([(60, "a"), (0, "b")], "b", ["0 begins", "1 begins", "0 given up"]),
        ([(0, FIRST), (0, "b"), (0, "c")], "b", ["0 begins", "1 begins"]),
        ([(0, FIRST), (0, LAST)], FIRST, ["0 begins", "1 begins"]),
        ([(60, "a"), (60, "b"), (0, "c")], "c", ["0 begins", "1 begins", "2 begins", "0 given up", "1 given up"]),
        ([(0, FIRST)], FIRST, ["0 begins"]),
    ],
)
def test_the_first_connection_wins(outcomes: list[Any], won: Any, log: list[str]) -> None:
    happened: list[str] = []

    async def test() -> Any:
        try:
            return await race(attempts(*outcomes, log=happened), stagger=0.01)
        except OSError as error:
            return error
        finally:
            await asyncio.sleep(0)

    assert run(test) == won
    assert happened == log


def test_a_connection_that_comes_too_late_is_closed() -> None:
    async def test() -> None:
        async with serving(echo) as port:
            made = []

            async def late() -> Any:
                made.append(await Direct().open_host(LOOPBACK, port))
                return made[-1]

            streams = await race([late, late], stagger=0)
            await asyncio.sleep(0.05)
            assert [one[1].is_closing() for one in made] == [one is not streams for one in made]
            streams[1].close()
            await streams[1].wait_closed()

    run(test)


def test_a_second_address_is_tried_if_it_leaves_by_the_same_path() -> None:
    answers = ["10.0.0.1", "10.1.0.1", "192.168.0.1", "10.0.0.2"]

    async def test() -> None:
        async with serving(echo) as port:
            eu, us = Far({"10.0.0.2:80": port}), Far({"10.1.0.1:80": port})
            names = Names(hosts={"app.example.com": answers})
            network = VpcNetwork(table().compile(), Dialers({EU: eu, US: us}), names=names)
            way = await network.way("app.example.com:80")
            assert [str(target) for target in way.targets] == ["10.0.0.1:80", "10.0.0.2:80"]
            assert await said(network, "app.example.com:80") == SAY
            assert (eu.dialed, us.dialed) == (["10.0.0.1:80", "10.0.0.2:80"], [])

    run(test)


def test_known_addresses_of_the_table_are_tried_too() -> None:
    made = RouteTable.from_document(
        {
            "tunnels": [{"id": EU.id, "name": "eu", "status": "healthy"}],
            "routes": [{"network": "10.0.0.0/16", "tunnel_id": EU.id}],
            "hosts": {"app.example.com": ["10.0.0.1", "10.0.0.2"]},
        }
    )

    async def test() -> None:
        async with serving(echo) as port:
            far = Far({"10.0.0.2:80": port})
            assert await said(VpcNetwork(made, Dialers({EU: far})), "app.example.com:80") == SAY
            assert far.dialed == ["10.0.0.1:80", "10.0.0.2:80"]
            everything = VpcNetwork(made.compile(tunnel_id="eu"), Dialers({EU: far}))
            assert [str(t) for t in (await everything.way("app.example.com:80")).targets] == ["app.example.com:80"]

    run(test)


# Live


def test_each_connection_goes_by_the_newest_routes_and_stays() -> None:
    made = table()

    async def test() -> None:
        async with serving(echo) as port:
            eu, us = Far({"10.0.0.1:80": port}), Far({"10.0.0.1:80": port})
            network = VpcNetwork(made, Dialers({EU: eu, US: us}))
            reader, writer = await network.connect("10.0.0.1:80")
            made.announce(SubnetRoute("10.0.0.0/24", via=US))
            assert await said(network, "10.0.0.1:80") == SAY
            with made.transaction():
                for prefix in ("10.0.0.0/24", "10.0.0.0/16"):
                    made.withdraw(made.exact(prefix)[0])
            assert (await refused(network, "10.0.0.1:80")).code == "destination_ip_unroutable"
            assert (len(eu.dialed), len(us.dialed)) == (1, 1)
            writer.write(SAY)
            assert await reader.readline() == SAY
            writer.close()
            await writer.wait_closed()

    run(test)


def test_a_resolver_from_a_file_dials_as_well(tmp_path: Path) -> None:
    path = tmp_path / "fleet.vpc"
    table().compile().save(path)

    async def test() -> None:
        async with serving(echo) as port:
            far = Far(dict.fromkeys(("10.0.0.1:80", "db.internal.local:80"), port))
            names = Names(hosts={"app.example.com": ["10.0.0.1"]})
            with Resolver.follow(path) as following:
                for routes in (Resolver.open(path), following):
                    network = VpcNetwork(routes, Dialers({("tunnel", "eu"): far}), names=names)
                    for address in ("10.0.0.1:80", "db.internal.local:80", "app.example.com:80"):
                        assert await said(network, address) == SAY

    run(test)


def test_without_the_extra_it_is_said_what_is_missing() -> None:
    for module in ("python_socks", "httpx2"):
        program = f"import sys; sys.modules[{module!r}] = None; import vpcroute.dial"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "connecting takes the extra dial: pip install 'vpcroute[dial]'" in done.stderr.splitlines()[-1]


def test_what_is_no_network_is_refused() -> None:
    for routes, dialers in ((table().compile(), {EU: Direct()}), ("network.json", Dialers())):
        with pytest.raises(TypeError):
            VpcNetwork(routes, dialers)  # type: ignore[arg-type]


def test_an_error_is_pickled_whole() -> None:
    error = DialError("x: refused", code="connection_refused", egress=EU, hint="h", address="x")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), again.code, again.egress, again.hint, again.address) == (
        "x: refused",
        "connection_refused",
        EU,
        "h",
        "x",
    )


# Files

FILE = """
[gateway]
socks5 = "127.0.0.1:40000"
resolves_names = true

[tunnel.eu]
socks5 = "jump.example.com:1080"
username = "me"
password = "secret"
source = "192.0.2.1"

[tunnel.550E8400-E29B-41D4-A716-446655440001]
direct = true

[mesh_node.node]
http_connect = "[2001:db8::1]:3128"
tls = true
interface = "eth1"

[device.laptop]
source = ["192.0.2.1", "2001:db8::2"]

[on_ramp.hq]
interface = "ipsec0"
mark = 42

[[resolvers]]
suffixes = ["corp.example", "*.lab.example"]
servers = ["10.0.0.53", "[fd00:1::53]:5353"]

[[resolvers]]
suffixes = "."
servers = "192.0.2.53:54"
interface = "eth0"

[hosts]
"printer.example" = "10.0.0.9"

[limits]
connect = 3
names = 2.5
"""


def test_a_file_says_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "dialers.toml"
    path.write_text(FILE, encoding="utf-8")
    read = load_dialers(path)
    assert read.dialers.gateway is not None
    assert (read.dialers.gateway.dialer, read.dialers.gateway.resolves_names) == (Socks5("127.0.0.1:40000"), True)
    expected = {
        EU: Socks5("jump.example.com:1080", **LOGIN, by=Direct(source="192.0.2.1")),
        US: Direct(),
        NODE: HttpConnect("[2001:db8::1]:3128", tls=True, by=Direct(interface="eth1")),
        ClientDevice("d", "laptop"): Direct(source=("192.0.2.1", "2001:db8::2")),
        HQ: Direct(interface="ipsec0", mark=42),
    }
    assert {egress: read.dialers.find(egress) for egress in expected} == expected  # type: ignore[arg-type]
    assert read.names is not None
    found = {name: read.names.policy(name) for name in ("corp.example", "a.lab.example", "xcorp.example", "org")}
    servers = {name: [str(one) for one in policy.servers] for name, policy in found.items() if policy}
    private, public = ["10.0.0.53:53", "[fd00:1::53]:5353"], ["192.0.2.53:54"]
    assert servers == {"corp.example": private, "a.lab.example": private, "xcorp.example": public, "org": public}
    assert {policy and policy.dialer for policy in found.values()} == {None, Direct(interface="eth0")}
    assert (read.limits, read.names.timeout) == (Limits(connect=3), 2.5)


def test_an_empty_file_reaches_nothing() -> None:
    read = read_dialers({})
    assert (read.dialers.gateway, read.names, read.limits) == (None, None, Limits())


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"tunnels": {}}, ""),
        ({"tunnel": []}, "tunnel"),
        ({"tunnel": {"eu": "direct"}}, "tunnel.eu"),
        ({"tunnel": {"eu": {}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"direct": False}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"direct": True, "socks5": "127.0.0.1:1"}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"socks5": "127.0.0.1:1", "http_connect": "127.0.0.1:1"}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"socks5": "127.0.0.1:1", "tls": True}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"socks5": "127.0.0.1"}}}, "tunnel.eu"),
        ({"tunnel": {"eu": {"direct": True, "username": "me"}}}, "tunnel.eu"),
        ({"on_ramp": {"hq": {"mark": "7"}}}, "on_ramp.hq"),
        ({"gateway": {"direct": True, "resolves_names": True}}, "gateway"),
        ({"gateway": {"socks5": "127.0.0.1:1", "resolves_names": 1}}, "gateway"),
        ({"gateway": {"resolves_names": True}}, "gateway"),
        ({"resolvers": {}}, "resolvers"),
        ({"resolvers": [{"suffixes": ["a"]}]}, "resolvers[0]"),
        ({"resolvers": [{"servers": ["10.0.0.1"]}]}, "resolvers[0]"),
        ({"resolvers": [{"suffixes": ["a"], "servers": ["ns.example"]}]}, "resolvers[0]"),
        ({"resolvers": [{"suffixes": ["a b"], "servers": ["10.0.0.1"]}]}, "resolvers[0]"),
        ({"resolvers": [{"suffixes": ["a", "a"], "servers": ["10.0.0.1"]}]}, "resolvers"),
        ({"hosts": {"a": "b"}}, "hosts"),
        ({"limits": {"conect": 1}}, "limits"),
        ({"limits": {"connect": 0}}, "limits"),
        ({"limits": {"names": "1"}, "hosts": {"a": "10.0.0.1"}}, "hosts"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_file_is_told_with_its_place(document: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidDocument) as error:
        read_dialers(document)
    assert [place for place, _ in error.value.problems] == [path]


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "dialers.toml"
    path.write_text("[tunnel", encoding="utf-8")
    with pytest.raises(InvalidDocument):
        load_dialers(path)


def test_every_failure_of_a_socket_that_is_listed_has_a_code() -> None:
    for number in errno.errorcode:
        assert failure(OSError(number, "x"), EU, "a:1").code in CLOUDFLARE_CODES
