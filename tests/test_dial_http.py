"""fetch(): each request and each hop goes its own way, and no connection is used for another."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme
from dial_peers import LOOPBACK, Far, Handler, Web, black_hole, serving
from test_dialers import EU, HQ, LAB, US, run, table

from vpcroute import InvalidAddress, OnRamp, RouteError, RouteTable, SubnetRoute, VpcService, WanRoute
from vpcroute.dial import DialError, Dialers, GatewayDialer, Limits, Names, VpcNetwork
from vpcroute.dial.http import RESOLUTION

Answer = tuple[int, dict[str, str], bytes]


def echoed(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """What was asked, as JSON."""
    content = json.dumps({"method": method, "path": path, "headers": headers, "body": body.decode()}).encode()
    return 200, {"Set-Cookie": "seen=1"}, content


def reaching(port: Any, **options: Any) -> VpcNetwork:
    """A network where a port on loopback is 10.0.0.1:80."""
    return VpcNetwork(table().compile(), Dialers({EU: Far({"10.0.0.1:80": port})}), **options)


async def code_of(network: VpcNetwork, url: str, **options: Any) -> str:
    with pytest.raises(RouteError) as error:
        await network.fetch(url, **options)
    if isinstance(error.value, DialError):
        assert error.value.egress is not None
        assert "through" in str(error.value)
    return error.value.code


# One request


def test_a_request_arrives_as_it_was_given() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one, "
        yield b"two"

    async def test() -> None:
        web = Web(echoed)
        async with serving(web) as port:
            far = Far({"10.0.1.50:8080": port})
            async with VpcNetwork(table().compile(), Dialers({EU: far})) as network:
                url = "http://10.0.1.50:8080/data?x=1"
                response = await network.fetch(url, "POST", headers={"X-Me": "here"}, content=parts())
                assert response.status_code == 200
                seen = response.json()
                assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/data?x=1", "one, two")
                assert (seen["headers"]["host"], seen["headers"]["x-me"]) == ("10.0.1.50:8080", "here")
                resolution = response.extensions[RESOLUTION]
                assert (str(resolution.target), resolution.egress) == ("10.0.1.50:8080", EU)
            assert far.dialed == ["10.0.1.50:8080"]

    run(test)


def test_a_body_is_read_as_it_arrives() -> None:
    async def test() -> None:
        go_on = asyncio.Event()

        async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            await go_on.wait()
            writer.write(b"half")
            await reader.read()

        async with serving(slowly) as port, reaching(port) as network:
            response = await network.fetch("http://10.0.0.1/", stream=True)
            read = []
            async for part in response.aiter_bytes():
                read.append(part)
                go_on.set()
            await response.aclose()
            assert read == [b"half", b"half"]

    run(test)


@pytest.mark.parametrize(
    ("url", "headers", "dialed", "host"),
    [
        ("http://0x0a000132/", {}, "10.0.1.50:80", "10.0.1.50"),
        ("http://10.306:8080/", {}, "10.0.1.50:8080", "10.0.1.50:8080"),
        ("http://[::ffff:10.0.1.50]/", {}, "10.0.1.50:80", "10.0.1.50"),
        ("http://[FD00:1:0::5]/", {}, "[fd00:1::5]:80", "[fd00:1::5]"),
        ("http://WIKI.Internal.Local./", {}, "wiki.internal.local:80", "wiki.internal.local"),
        ("http://wiki.internal.local:80/", {}, "wiki.internal.local:80", "wiki.internal.local"),
        ("http://10.0.1.50\\@evil.example/", {}, "10.0.1.50:80", "10.0.1.50"),
        ("http://10.0.1.50/", {"Host": "app.internal"}, "10.0.1.50:80", "app.internal"),
    ],
)
def test_what_was_matched_is_dialed_and_told_to_the_server(
    url: str, headers: dict[str, str], dialed: str, host: str
) -> None:
    async def test() -> None:
        async with serving(Web(echoed)) as port:
            far = Far({dialed: port})
            async with VpcNetwork(table().compile(), Dialers({EU: far})) as network:
                seen = (await network.fetch(url, headers=headers)).json()
                assert (far.dialed, seen["headers"]["host"]) == ([dialed], host)

    run(test)


def test_nothing_of_the_environment_and_of_other_requests_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 10.0.1.50 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def test() -> None:
        async with serving(Web(echoed)) as port:
            far = Far({"10.0.1.50:80": port})
            async with VpcNetwork(table().compile(), Dialers({EU: far})) as network:
                for url in ("http://10.0.1.50/", "http://me:secret@10.0.1.50/"):
                    seen = (await network.fetch(url)).json()
                    assert {"cookie", "authorization"} & {*seen["headers"]} == set()

    run(test)


def test_a_status_is_no_failure() -> None:
    async def test() -> None:
        async with serving(Web(lambda *_: (503, {}, b"sorry"))) as port, reaching(port) as network:
            response = await network.fetch("http://10.0.0.1/")
            assert (response.status_code, response.content) == (503, b"sorry")

    run(test)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/data", "invalid_address"),
        ("ftp://10.0.1.50/", "invalid_address"),
        ("10.0.1.50:80", "invalid_address"),
        ("http://192.168.1.1/", "destination_ip_unroutable"),
        ("http://127.0.0.1/", "destination_ip_prohibited"),
        ("http://0/", "destination_ip_prohibited"),
    ],
)
def test_what_has_no_way_is_refused(url: str, code: str) -> None:
    async def test() -> None:
        far = Far({})
        async with VpcNetwork(table().compile(), Dialers({EU: far}, gateway=far)) as network:
            with pytest.raises(InvalidAddress if code == "invalid_address" else RouteError) as error:
                await network.fetch(url)
            assert (error.value.code, far.dialed) == (code, [])

    run(test)


# Redirects


def leading(to: dict[str, str]) -> Any:
    """Answers with redirects by path; other paths are echoed."""

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return (302, {"Location": to[path]}, b"") if path in to else echoed(method, path, headers, body)

    return answer


def test_each_hop_of_a_redirect_goes_its_own_way() -> None:
    async def test() -> None:
        there = Web(echoed)
        here = Web(leading({"/": "http://10.1.0.1:8080/there", "/relative": "next", "/next": "/end"}))
        async with serving(here) as one, serving(there) as two:
            eu, us = Far({"10.0.0.1:80": one}), Far({"10.1.0.1:8080": two})
            async with VpcNetwork(table().compile(), Dialers({EU: eu, US: us})) as network:
                secret = {"Authorization": "Bearer secret"}
                response = await network.fetch("http://10.0.0.1/", headers=secret)
                assert response.extensions[RESOLUTION].egress == US
                assert "authorization" not in response.json()["headers"]
                assert (eu.dialed, us.dialed) == (["10.0.0.1:80"], ["10.1.0.1:8080"])
                end = await network.fetch("http://10.0.0.1/relative", headers=secret)
                assert (end.url.path, end.json()["headers"]["authorization"]) == ("/end", "Bearer secret")
                manual = await network.fetch("http://10.0.0.1/", redirect="manual")
                assert (manual.status_code, manual.headers["Location"]) == (302, "http://10.1.0.1:8080/there")

    run(test)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1/", "destination_ip_prohibited"),
        ("http://169.254.169.254/latest/meta-data/", "destination_ip_prohibited"),
        ("http://0x7f.1/", "destination_ip_prohibited"),
        ("http://192.168.0.1/", "destination_ip_unroutable"),
        ("http://api.example.com/", "dns_required"),
        ("http://10.2.0.1/", "no_dialer"),
    ],
)
def test_a_redirect_leads_nowhere_that_a_request_may_not_go(location: str, code: str) -> None:
    async def test() -> None:
        async with serving(Web(leading({"/": location}))) as port:
            far = Far({"10.0.0.1:80": port})
            async with VpcNetwork(table().compile(), Dialers({EU: far}, gateway=far)) as network:
                with pytest.raises(RouteError) as error:
                    await network.fetch("http://10.0.0.1/")
                assert (error.value.code, far.dialed) == (code, ["10.0.0.1:80"])

    run(test)


def test_redirects_have_an_end_and_two_ways_to_be_taken() -> None:
    async def test() -> None:
        async with serving(Web(leading({"/": "/"}))) as port, reaching(port) as network:
            with pytest.raises(httpx2.TooManyRedirects):
                await network.fetch("http://10.0.0.1/")
            with pytest.raises(ValueError, match="redirect must be one of follow, manual"):
                await network.fetch("http://10.0.0.1/", redirect="error")  # type: ignore[arg-type]

    run(test)


# Connections


def test_a_connection_is_used_again_for_the_same_way_only() -> None:
    """Whatever changes, the number of the server's connection tells whether another one was made."""
    made = table()
    hosts: dict[str, list[str]] = {"a.example": ["10.0.0.1"], "b.example": ["10.0.0.1"]}

    class Known(Names):
        async def answers(self, name: str, open_server: Any) -> Any:
            return await Names(hosts=hosts).answers(name, open_server)

    async def test() -> None:
        web = Web(echoed)
        async with serving(web) as port:
            places = {f"{host}:80": port for host in ("10.0.0.1", "10.0.0.2", "wiki.internal.local")}
            eu, us = Far(places), Far(places)
            async with VpcNetwork(made, Dialers({EU: eu, US: us}), names=Known()) as network:

                async def connection(host: str) -> int:
                    await network.fetch(f"http://{host}/")
                    return web.seen[-1][3]

                first = await connection("10.0.0.1")
                assert await connection("10.0.0.1") == first
                assert await connection("10.0.0.2") == 2
                assert [await connection("a.example") for _ in range(2)] == [3, 3]
                assert await connection("b.example") == 4  # another name at the same address
                hosts["a.example"] = ["10.0.0.2"]
                assert await connection("a.example") == 5  # the old address is not permitted any more
                made.announce(SubnetRoute("10.0.0.0/24", via=US))
                assert await connection("10.0.0.1") == 6  # another path
                made.withdraw(made.exact("10.0.0.0/24")[0])
                assert await connection("10.0.0.1") == first
                made.withdraw(made.exact("10.0.0.0/16")[0])
                assert await code_of(network, "http://10.0.0.1/") == "destination_ip_unroutable"
                assert us.dialed == ["10.0.0.1:80"]

    run(test)


def test_names_in_any_script_are_kept_apart() -> None:
    made = RouteTable()
    ramps = [OnRamp(kind="gre", name=name) for name in ("büro", "büro|x", "x")]
    for number, ramp in enumerate(ramps):
        made.announce(WanRoute(f"10.0.{number}.0/24", via=ramp, priority=100))

    async def test() -> None:
        web = Web(echoed)
        async with serving(web) as port:
            far = Far({f"10.0.{number}.1:80": port for number in range(3)})
            async with VpcNetwork(made.compile(), Dialers(dict.fromkeys(ramps, far))) as network:
                for number in (0, 1, 2, 0, 1, 2):
                    await network.fetch(f"http://10.0.{number}.1/")
        assert web.connections == 3

    run(test)


def test_one_flow_of_a_group_has_one_member() -> None:
    async def test() -> None:
        web = Web(echoed)
        async with serving(web) as port:
            hq, lab = (Far({f"10.60.0.{n}:80": port for n in range(1, 33)}) for _ in range(2))
            async with VpcNetwork(table().compile(), Dialers({HQ: hq, LAB: lab})) as network:
                for _ in range(2):
                    for number in range(1, 33):
                        await network.fetch(f"http://10.60.0.{number}/")
                assert web.connections == 32
                assert min(len(hq.dialed), len(lab.dialed)) > 0

    run(test)


@pytest.mark.parametrize("last", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["closed", "said so"])
def test_a_connection_that_the_server_has_closed_is_made_anew(last: bytes) -> None:
    async def test() -> None:
        server = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + last)
        async with serving(server) as port, reaching(port) as network:
            for _ in range(3):
                assert (await network.fetch("http://10.0.0.1/")).status_code == 200
                await asyncio.sleep(0.02)

    run(test)


def test_who_comes_too_many_waits_and_is_told() -> None:
    async def test() -> None:
        limits = Limits(connections=1, connect=0.5, read=2)
        async with serving(black_hole) as port, reaching(port, limits=limits) as network:
            codes = await asyncio.gather(*(code_of(network, "http://10.0.0.1/") for _ in range(2)))
            assert sorted(codes) == ["connection_limit_reached", "connection_read_timeout"]

    run(test)


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext, list[str | None]]:
    """For a server with a certificate for `names`, and for a client; and the names that the server is asked for."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    asked: list[str | None] = []
    authority.issue_cert(*names).configure_cert(server)
    authority.configure_trust(client)
    server.sni_callback = lambda _, name, __: asked.append(name)
    return server, client, asked


@pytest.mark.parametrize(
    ("url", "dialed", "name", "sni"),
    [
        ("https://wiki.internal.local/", "wiki.internal.local:443", "wiki.internal.local", "wiki.internal.local"),
        ("https://app.example.com:8443/", "10.0.0.7:8443", "app.example.com", "app.example.com"),
        ("https://10.0.0.7/", "10.0.0.7:443", "10.0.0.7", None),
        ("https://[fd00:1::5]/", "[fd00:1::5]:443", "fd00:1::5", None),
    ],
)
def test_tls_is_with_the_name_that_was_asked_for(
    authority: trustme.CA, url: str, dialed: str, name: str, sni: str | None
) -> None:
    server, client, asked = contexts(authority, name)

    async def test() -> None:
        async with serving(Web(echoed), tls=server) as port:
            names = Names(hosts={"app.example.com": ["10.0.0.7"]})
            dialers = Dialers({EU: Far({dialed: port})})
            async with VpcNetwork(table().compile(), dialers, names=names, tls=client) as network:
                assert (await network.fetch(url)).status_code == 200
            assert asked == [sni]

    run(test)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"this is no protocol\r\n\r\n")
    await reader.read()


def test_failures_of_tls(authority: trustme.CA) -> None:
    server, client, _ = contexts(authority, "other.internal.local")

    async def test() -> None:
        async with serving(Web(echoed), tls=server) as wrong, serving(garbage) as none, serving(black_hole) as hole:
            places = {"a.internal.local:443": wrong, "b.internal.local:443": none, "c.internal.local:443": hole}
            dialers, limits = Dialers({EU: Far(places)}), Limits(connect=1)
            async with VpcNetwork(table().compile(), dialers, tls=client, limits=limits) as network:
                expected = {"a": "tls_certificate_error", "b": "tls_protocol_error", "c": "connection_timeout"}
                found = {host: await code_of(network, f"https://{host}.internal.local/") for host in expected}
                assert found == expected
            async with VpcNetwork(table().compile(), dialers) as network:
                assert await code_of(network, "https://a.internal.local/") == "tls_certificate_error"

    run(test)


# Faults


def sends(data: bytes, *, reset: bool = False) -> Handler:
    """Reads a request, sends what is given, and ends the connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if reset:
            await asyncio.sleep(0.02)  # so that what was sent has arrived
            reset_on_close = struct.pack("ii", 1, 0)  # on, for no seconds
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)

    return handler


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (sends(b""), "connection_terminated"),
        (sends(b"", reset=True), "connection_terminated"),
        (sends(b"HTTP/1.1 200 OK\r\n"), "connection_terminated"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "http_response_incomplete"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", reset=True), "http_response_incomplete"),
        (sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha"), "http_response_incomplete"),
        (garbage, "http_protocol_error"),
        (black_hole, "connection_read_timeout"),
    ],
    ids=["closes", "resets", "half a head", "half a body", "reset in the body", "half a chunk", "garbage", "silent"],
)
def test_what_a_broken_server_fails_with(server: Handler, code: str) -> None:
    async def test() -> None:
        async with serving(server) as port, reaching(port, limits=Limits(read=0.3)) as network:
            assert await code_of(network, "http://10.0.0.1/") == code
            assert await code_of(network, "http://10.0.0.1/") == code  # and is no worse than before

    run(test)


@pytest.mark.parametrize(
    ("place", "code"),
    [(ConnectionRefusedError(111, "Connection refused"), "connection_refused"), (None, "connection_timeout")],
    ids=["dead path", "black hole"],
)
def test_a_path_that_does_not_lead_there(place: Any, code: str) -> None:
    async def test() -> None:
        async with reaching(place, limits=Limits(connect=0.1)) as network:
            assert await code_of(network, "http://10.0.0.1/") == code

    run(test)


def test_a_request_that_is_given_up_leaves_nothing_behind() -> None:
    async def test() -> None:
        async with serving(black_hole) as port:
            dialers = Dialers({EU: Far({"10.0.0.1:80": port, "10.0.0.2:80": None})})
            async with VpcNetwork(table().compile(), dialers, limits=Limits(connections=2)) as network:
                for host in ("10.0.0.1", "10.0.0.2"):
                    for _ in range(4):
                        with pytest.raises(TimeoutError):
                            await asyncio.wait_for(network.fetch(f"http://{host}/"), 0.05)

    run(test)


# Bindings


def test_a_service_is_dialed_where_it_is_and_told_what_was_asked_for() -> None:
    made = table()
    made.add(VpcService("service-id", "api", via=EU, ipv4="10.9.0.1", http_port=8080))

    async def test() -> None:
        async with serving(Web(echoed)) as port:
            far = Far({"10.9.0.1:8080": port})
            async with VpcNetwork(made.compile(service_id="api"), Dialers({EU: far})) as network:
                seen = (await network.fetch("http://api.internal:9999/x")).json()
                assert seen["headers"]["host"] == "api.internal:9999"
                with pytest.raises(RouteError, match=r"connect\(\) does not exist"):
                    await network.connect("10.9.0.1:8080")

    run(test)


def test_a_binding_of_a_wrangler_file(tmp_path: Path) -> None:
    made = table()
    path = tmp_path / "wrangler.jsonc"
    bindings = [{"binding": "ALL", "network_id": "cf1:network"}, {"binding": "US", "tunnel_id": US.id}]
    path.write_text(json.dumps({"vpc_networks": bindings}))

    async def test() -> None:
        async with serving(Web(echoed)) as port:
            eu, us = Far({"10.0.0.1:80": port}), Far({"10.0.0.1:80": port})
            for name, egress in (("ALL", EU), ("US", US)):
                routes = VpcNetwork.binding(made, f"{path}:{name}")
                async with VpcNetwork(routes, Dialers({EU: eu, US: us})) as network:
                    response = await network.fetch("http://10.0.0.1/")
                    assert response.extensions[RESOLUTION].egress == egress

    run(test)


def test_settings_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "dialers.toml"
    path.write_text(f'[tunnel.eu]\nsource = "{LOOPBACK}"\n')

    async def test() -> None:
        async with serving(Web(echoed)) as port:
            routes = table().compile(tunnel_id="eu")
            async with VpcNetwork.load(routes, path) as network:
                assert (await network.fetch(f"http://{LOOPBACK}:{port}/")).status_code == 200

    run(test)


def test_a_name_of_gateway_is_handed_to_it() -> None:
    async def test() -> None:
        async with serving(Web(echoed)) as port:
            gateway = GatewayDialer(Far({"api.example.com:80": port}), resolves_names=True)
            async with VpcNetwork(RouteTable().compile(), Dialers(gateway=gateway)) as network:
                assert (await network.fetch("http://api.example.com/")).status_code == 200

    run(test)
