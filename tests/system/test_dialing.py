"""Dialing with real peers: Redis, nginx, a SOCKS5 server, an HTTP proxy, DNS servers, and on-ramps that are interfaces.

Two network namespaces of the tests' own are joined by two links. In the near one the tests dial; in the far one stand
the servers and, where the connectors would stand, the proxies. ``.ci/run system`` runs this. By hand, as root:
Debian's ``redis-server nginx-light microsocks tinyproxy dnsmasq-base iproute2``, and ``pytest -m system tests/system``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from vpcroute import HostnameRoute, OnRamp, RouteError, RouteTable, SubnetRoute, Tunnel, WanRoute

trustme = pytest.importorskip("trustme", reason="trustme is missing: pip install -e '.[test]'")
pytest.importorskip("httpx2", reason="the client is missing: pip install -e '.[dial]'")
from vpcroute.dial import DialError, SyncVpcNetwork, VpcNetwork  # noqa: E402

if sys.platform != "linux":
    pytest.skip("network namespaces are Linux's", allow_module_level=True)
from namespaces import Namespace, missing, namespace, serving  # noqa: E402

pytestmark = pytest.mark.system

PACKAGES = {
    "ip": "iproute2",
    "redis-server": "redis-server",
    "nginx": "nginx-light",
    "microsocks": "microsocks",
    "tinyproxy": "tinyproxy",
    "dnsmasq": "dnsmasq-base",
}
if MISSING := missing(*PACKAGES):
    packages = " ".join(PACKAGES[command] for command in MISSING)
    pytest.skip(f"servers are missing: apt-get install --no-install-recommends {packages}", allow_module_level=True)
if os.geteuid() != 0:
    pytest.skip("network namespaces, bound interfaces and marks take root", allow_module_level=True)

EU = Tunnel("550e8400-e29b-41d4-a716-446655440000", "eu")
US = Tunnel("550e8400-e29b-41d4-a716-446655440001", "us")
HQ, LAB = OnRamp(kind="ipsec", name="hq"), OnRamp(kind="gre", name="lab")
BLOB = 24 << 20

#: The far end of the first link, the addresses that are there, and the second link's near end.
FAR, NEAR, SECOND = "198.51.100.2", "198.51.100.1", "203.0.113.1"
ADDRESSES = (
    "10.0.0.53",
    "10.0.1.50",
    "10.0.1.80",
    "10.1.1.50",
    "10.50.1.50",
    "10.50.3.20",
    "10.60.1.50",
    "9.9.9.9",
    "1.2.3.4",
)
LINKS = """
ip link add va type veth peer name va netns {far}
ip link add ipsec0 type veth peer name ipsec0 netns {far}
ip addr add 198.51.100.1/24 dev va
ip addr add 203.0.113.1/24 dev ipsec0
ip link set va up
ip link set ipsec0 up
ip route add default via 198.51.100.2 dev va
ip route add default via 203.0.113.2 dev ipsec0 metric 200
ip route add default via 203.0.113.2 dev ipsec0 table 100
ip rule add fwmark 42 lookup 100
"""
FAR_LINKS = """
ip addr add 198.51.100.2/24 dev va
ip addr add 203.0.113.2/24 dev ipsec0
ip link set va up
ip link set ipsec0 up
"""

DIALERS = f"""
[tunnel.eu]
socks5 = "{FAR}:1080"

[tunnel.us]
http_connect = "{FAR}:3128"

[on_ramp.hq]
interface = "ipsec0"

[on_ramp.lab]
mark = 42

[gateway]
source = "{NEAR}"

[[resolvers]]
suffixes = "corp.example"
servers = "10.0.0.53"

[[resolvers]]
suffixes = "."
servers = "9.9.9.9"

[limits]
names = 2
"""

NGINX = """
worker_processes 1;
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_max_body_size 64m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 80;
        listen 443 ssl http2;
        http2_max_concurrent_streams 256;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        location /who {{ return 200 "$remote_addr $server_addr $host $server_protocol $ssl_server_name $connection"; }}
        location /go {{ return 302 http://10.50.1.50/who; }}
        location /out {{ return 302 http://127.0.0.1/who; }}
        location /files/ {{ alias {folder}/files/; }}
        location /slow/ {{ alias {folder}/files/; limit_rate 1m; }}
        location /upload {{ client_body_buffer_size 64m; proxy_pass http://127.0.0.1:8081/; }}
    }}
    server {{ listen 127.0.0.1:8081; location / {{ return 200 "$http_content_length"; }} }}
}}
"""
TINYPROXY = """
Port 3128
Listen {far}
MaxClients 1000
Timeout 60
ConnectPort 6379
ConnectPort 80
ConnectPort 2
"""


@attrs.frozen
class World:
    """What the tests dial in.

    Attributes:
        near: where they dial.
        dialers: the file with the dialers.
        lies: the hosts file of the private DNS server, which reads it again when it is told to.
        dns: that server.
        tls: trusts the web server.
        nginx: starts another web server on a port.
    """

    near: Namespace
    dialers: Path
    lies: Path
    dns: subprocess.Popen[bytes]
    tls: ssl.SSLContext
    far: Namespace
    folder: Path

    def dial(self, test: Callable[[VpcNetwork], Awaitable[Any]], routes: Any = None, **options: Any) -> Any:
        """Runs a test where the network is."""

        async def bounded() -> Any:
            async with asyncio.timeout(50):
                async with VpcNetwork.load(routes or table(), self.dialers, tls=self.tls, **options) as network:
                    return await test(network)

        return self.near.run(lambda: asyncio.run(bounded()))


def table() -> RouteTable:
    made = RouteTable()
    for prefix, via in (("10.0.0.0/16", EU), ("10.1.0.0/16", US)):
        made.announce(SubnetRoute(prefix, via=via))
    made.announce(HostnameRoute("*.internal.local", via=EU))
    made.announce(WanRoute("10.50.0.0/16", via=HQ, priority=100))
    made.announce(WanRoute("10.60.0.0/16", via=LAB, priority=100))
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    authority = trustme.CA()
    names = ["wiki.internal.local", "app.corp.example", "10.50.1.50"]
    certificate = authority.issue_cert(*names)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "cert.pem", append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    folder.chmod(0o755)
    (folder / "files").mkdir()
    (folder / "files" / "blob").write_bytes(bytes(range(256)) * (BLOB // 256))
    _write(folder / "nginx.conf", NGINX.format(folder=folder))
    _write(folder / "tinyproxy.conf", TINYPROXY.format(far=FAR))
    _write(folder / "dialers.toml", DIALERS)
    _write(folder / "resolv.conf", "nameserver 10.0.0.53\n")
    _write(folder / "lies", "10.0.1.80 moves.corp.example\n")
    with ExitStack() as stack:
        near, far = (stack.enter_context(namespace()) for _ in range(2))
        near.shell(*LINKS.format(far=far.tid).strip().splitlines())
        far.shell(*FAR_LINKS.strip().splitlines(), *(f"ip addr add {one}/32 dev lo" for one in ADDRESSES))

        def start(address: str, port: int, *command: str, quiet: bool = False) -> subprocess.Popen[bytes]:
            log = folder / f"{Path(command[0]).name}-{address}.log"
            return stack.enter_context(serving(far, [*command], (address, port), log))

        dns = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root"]
        dns += ["--bind-interfaces", "--local-ttl=0", "--pid-file="]
        private = {
            "app.corp.example": "10.0.1.80",
            "wiki.internal.local": "10.0.1.80",
            "cache.internal.local": "10.0.1.50",
        }
        private |= {"meta.corp.example": "169.254.169.254", "self.corp.example": "127.0.0.1"}
        public = {"app.corp.example": "1.2.3.4", "wiki.internal.local": "1.2.3.4", "www.example.com": "1.2.3.4"}
        served = start(
            "10.0.0.53", 53, *dns, "--listen-address=10.0.0.53", f"--addn-hosts={folder}/lies", *_records(private)
        )
        start("9.9.9.9", 53, *dns, "--listen-address=9.9.9.9", *_records(public))
        start(
            FAR, 6379, "redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", str(folder)
        )
        start(FAR, 80, "nginx", "-c", str(folder / "nginx.conf"))
        start(FAR, 3128, "tinyproxy", "-d", "-c", str(folder / "tinyproxy.conf"))
        connector = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && exec microsocks -i {FAR} -p 1080"
        start(FAR, 1080, "unshare", "--mount", "sh", "-c", connector)
        yield World(near, folder / "dialers.toml", folder / "lies", served, context, far, folder)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _records(names: dict[str, str]) -> list[str]:
    return [f"--host-record={name},{address}" for name, address in names.items()]


async def redis(network: VpcNetwork, address: str, command: str = "PING") -> str:
    """What Redis answers to a command."""
    reader, writer = await network.connect(address)
    try:
        return await asked(reader, writer, command)
    finally:
        writer.close()
        await writer.wait_closed()


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str) -> str:
    writer.write(f"{command}\r\n".encode())
    first = (await reader.readline()).decode().strip()
    return first if first[0] != "$" else (await reader.readexactly(int(first[1:]) + 2)).decode().strip()


# The ways


@pytest.mark.parametrize(
    ("address", "seen_from"),
    [
        ("10.0.1.50:6379", "10.0.1.50"),  # from the SOCKS5 server, which stands beside it
        ("cache.internal.local:6379", "10.0.1.50"),
        ("10.1.1.50:6379", "10.1.1.50"),
        ("10.50.1.50:6379", SECOND),
        ("10.60.1.50:6379", SECOND),
        ("1.2.3.4:6379", NEAR),
    ],
    ids=["SOCKS5", "SOCKS5 by name", "CONNECT", "interface", "mark", "source"],
)
def test_redis_answers_by_each_way(world: World, address: str, seen_from: str) -> None:
    async def test(network: VpcNetwork) -> None:
        assert await redis(network, address) == "+PONG"
        seen = dict(pair.split("=", 1) for pair in (await redis(network, address, "CLIENT INFO")).split())
        assert seen["addr"].rpartition(":")[0] == seen_from

    world.dial(test)


@pytest.mark.parametrize(
    ("url", "who"),
    [
        ("http://10.0.1.80/who", "10.0.1.80 10.0.1.80 10.0.1.80 HTTP/1.1"),
        ("http://wiki.internal.local/who", "10.0.1.80 10.0.1.80 wiki.internal.local HTTP/1.1"),
        ("https://wiki.internal.local/who", "10.0.1.80 10.0.1.80 wiki.internal.local HTTP/2.0 wiki.internal.local"),
        ("https://app.corp.example/who", "10.0.1.80 10.0.1.80 app.corp.example HTTP/2.0 app.corp.example"),
        ("http://www.example.com/who", f"{NEAR} 1.2.3.4 www.example.com HTTP/1.1"),
        ("https://10.50.1.50/who", f"{SECOND} 10.50.1.50 10.50.1.50 HTTP/2.0"),
        ("http://10.0.1.80/go", f"{SECOND} 10.50.1.50 10.50.1.50 HTTP/1.1"),
    ],
    ids=["SOCKS5", "name", "TLS by name", "split DNS", "public name", "TLS by address", "redirect to another way"],
)
def test_nginx_answers_by_each_way(world: World, url: str, who: str) -> None:
    async def test(network: VpcNetwork) -> None:
        response = await network.fetch(url)
        *seen, _ = response.text.split(" ")
        assert " ".join(seen).strip() == who

    world.dial(test)


def test_http2_shares_one_connection_a_way(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        urls = ["https://wiki.internal.local/who", "https://app.corp.example/who"] * 50
        await asyncio.gather(*(network.fetch(url) for url in urls[:2]))
        found = [response.text.split() for response in await asyncio.gather(*map(network.fetch, urls))]
        connections = {(host, number) for _, _, host, _, _, number in found}
        assert len(connections) == 2

    world.dial(test)


def test_large_bodies_stream_both_ways(world: World) -> None:
    async def parts() -> Any:
        for _ in range(BLOB >> 16):
            yield bytes(1 << 16)

    async def test(network: VpcNetwork) -> None:
        for base in ("http://10.0.1.80", "https://wiki.internal.local", "http://10.50.1.50"):
            response = await network.fetch(f"{base}/files/blob", stream=True)
            digest, size = hashlib.sha256(), 0
            async for part in response.aiter_bytes():
                digest.update(part)
                size += len(part)
            await response.aclose()
            assert (size, digest.digest()) == (BLOB, hashlib.sha256(bytes(range(256)) * (BLOB // 256)).digest())
            sent = await network.fetch(f"{base}/upload", "POST", content=parts())
            assert int(sent.text) == BLOB

    world.dial(test)


def test_the_synchronous_form(world: World) -> None:
    def test() -> None:
        with SyncVpcNetwork.load(table(), world.dialers, tls=world.tls) as network:
            with network.connect("10.0.1.50:6379") as connection:
                connection.sendall(b"PING\r\n")
                assert connection.read_line() == b"+PONG\r\n"
            assert network.fetch("https://wiki.internal.local/who").text.split()[3] == "HTTP/2.0"

    world.near.run(test)


def test_hundreds_of_connections_at_once(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        addresses = [f"10.{way}.1.50:6379" for way in (0, 1, 50, 60)] * 100
        assert {*await asyncio.gather(*(redis(network, address) for address in addresses))} == {"+PONG"}

    world.dial(test)


# Names


def test_an_answer_that_leads_where_nothing_may_go_is_refused(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        for name in ("meta", "self"):
            with pytest.raises(RouteError) as error:
                await network.connect(f"{name}.corp.example:6379")
            assert error.value.code == "destination_ip_prohibited"
        for name, code in (("nosuch.corp.example", "dns_error"), ("nosuch.example.com", "dns_error")):
            with pytest.raises(DialError) as failed:
                await network.connect(f"{name}:80")
            assert failed.value.code == code

    world.dial(test)


def test_a_name_that_moves_between_check_and_dial(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        way = await network.way("moves.corp.example:80")
        _write(world.lies, "127.0.0.1 moves.corp.example\n")
        world.dns.send_signal(signal.SIGHUP)
        with pytest.raises(RouteError) as error:
            await moved(network)
        assert error.value.code == "destination_ip_prohibited"
        _, writer = await way.open()
        assert str(way.targets[0]) == "10.0.1.80:80"
        writer.close()
        await writer.wait_closed()

    async def moved(network: VpcNetwork) -> None:
        for _ in range(100):
            await network.way("moves.corp.example:80")
            await asyncio.sleep(0.02)

    world.dial(test)


# Faults


async def failing(network: VpcNetwork, address: str) -> tuple[str, Any]:
    with pytest.raises(DialError) as error:
        await network.connect(address)
    return error.value.code, error.value.egress


def test_what_is_not_there(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        expected = {
            "10.0.1.50:1": ("connection_refused", EU),
            "10.1.1.50:1": ("http_request_denied", US),
            "10.1.1.50:2": ("http_request_error", US),  # tinyproxy says 500
            "10.50.1.50:1": ("connection_refused", HQ),
            "10.60.1.50:1": ("connection_refused", LAB),
        }
        assert {address: await failing(network, address) for address in expected} == expected

    world.dial(test)


def test_a_black_hole_and_a_dead_link(world: World) -> None:
    async def test(network: VpcNetwork) -> None:
        assert await failing(network, "10.50.9.9:80") == ("connection_timeout", HQ)

    settings = world.dialers.with_name("hurried.toml")
    _write(settings, DIALERS.replace("[limits]", "[limits]\nconnect = 0.5"))
    hurried = attrs.evolve(world, dialers=settings)
    world.far.shell("ip route add blackhole 10.50.9.9")
    hurried.dial(test)
    world.near.shell("ip link set ipsec0 down")
    try:
        code, egress = hurried.dial(lambda network: failing(network, "10.50.1.50:6379"))
        assert (code, egress) == ("destination_ip_unroutable", HQ)
        assert hurried.dial(lambda network: redis(network, "10.0.1.50:6379")) == "+PONG"
    finally:
        world.near.shell(
            "ip link set ipsec0 up",
            "ip route add default via 203.0.113.2 dev ipsec0 metric 200",
            "ip route add default via 203.0.113.2 dev ipsec0 table 100",
        )


def test_a_server_that_dies_in_the_middle_of_a_body(world: World) -> None:
    folder = world.folder / "dying"
    folder.mkdir()
    config = NGINX.format(folder=world.folder).replace("nginx.pid", "dying.pid").replace("listen 80;", "listen 8080;")
    config = config.replace("listen 443", "listen 8443").replace("127.0.0.1:8081", "127.0.0.1:8082")
    _write(folder / "nginx.conf", config)
    command = ["nginx", "-c", str(folder / "nginx.conf")]
    with serving(world.far, command, (FAR, 8080), folder / "log") as server:
        workers = Path(f"/proc/{server.pid}/task/{server.pid}/children")

        async def dies_while(response: Any) -> None:
            alive = True
            async for _ in response.aiter_bytes():
                if alive:
                    for pid in (server.pid, *map(int, workers.read_text().split())):  # it would start workers anew
                        os.kill(pid, signal.SIGKILL)
                    alive = False

        async def test(network: VpcNetwork) -> None:
            response = await network.fetch("http://10.0.1.80:8080/slow/blob", stream=True)
            with pytest.raises(DialError) as error:
                await dies_while(response)
            await response.aclose()
            assert (error.value.code, error.value.egress) == ("http_response_incomplete", EU)

        world.dial(test)


def test_a_route_is_withdrawn_while_a_connection_is_open(world: World) -> None:
    routes = table()

    async def test(network: VpcNetwork) -> None:
        first = (await network.fetch("http://10.0.1.80/who")).text
        assert (await network.fetch("http://10.0.1.80/who")).text == first  # on the same connection
        reader, writer = await network.connect("10.0.1.50:6379")
        routes.withdraw(routes.exact("10.0.0.0/16")[0])
        assert await asked(reader, writer, "PING") == "+PONG"
        attempts: tuple[Awaitable[Any], ...] = (network.connect("10.0.1.50:80"), network.fetch("http://10.0.1.80/who"))
        for attempt in attempts:
            with pytest.raises(RouteError) as error:
                await attempt
            assert error.value.code == "destination_ip_unroutable"
        routes.announce(WanRoute("10.0.0.0/16", via=HQ, priority=100))
        assert (await network.fetch("http://10.0.1.80/who")).text.split()[0] == SECOND
        writer.close()
        await writer.wait_closed()

    world.dial(test, routes)


# README


def test_the_program_of_readme(world: World, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    text = (root / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"^```toml\n(\[tunnel.*?)^```$", text, re.DOTALL | re.MULTILINE)[0]
    program, printed = re.findall(r"^```python\n([^`]*VpcNetwork[^`]*)^```\n\n```\n([^`]*)^```$", text, re.MULTILINE)[0]
    _write(tmp_path / "dialers.toml", settings.replace("127.0.0.1:1080", f"{FAR}:1080"))
    _write(tmp_path / "program.py", program)
    (tmp_path / "tests").symlink_to(root / "tests")
    done = world.near.run(
        lambda: subprocess.run(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )
    )
    assert (done.stdout + done.stderr.splitlines(keepends=True)[-1], done.returncode) == (printed, 1)
