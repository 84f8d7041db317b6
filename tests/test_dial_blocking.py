"""The synchronous form: the same answers, for threads that wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dial_peers import LOOPBACK, Far, Handler, Web, black_hole, echo, serving
from test_dial_http import echoed, leading
from test_dialers import EU, SAY, US, table

from vpcroute import RouteError
from vpcroute.dial import DialError, Dialers, Limits, SyncVpcNetwork
from vpcroute.dial.blocking import Loop
from vpcroute.dial.http import RESOLUTION


@contextmanager
def served(*handlers: Handler) -> Iterator[list[int]]:
    """Servers in a thread of their own; their ports."""
    loop = Loop()
    servers = [serving(handler) for handler in handlers]

    async def begin() -> list[int]:
        return [await server.__aenter__() for server in servers]

    async def end() -> None:
        for server in servers:
            await server.__aexit__(None, None, None)

    try:
        yield loop.run(begin())
    finally:
        loop.run(end())
        loop.close()


def network(places: dict[str, int], **limits: Any) -> SyncVpcNetwork:
    return SyncVpcNetwork(table(), Dialers({EU: Far(places), US: Far(places)}), limits=Limits(**limits))


def test_connect() -> None:
    with served(echo) as (port,), network({"10.0.0.1:80": port}) as net:
        with net.connect("10.0.0.1:80") as connection:
            connection.sendall(SAY * 2)
            assert (connection.read_line(), connection.read_exactly(4)) == (SAY, SAY[:4])
            assert connection.recv() == SAY[4:]
        with pytest.raises(DialError) as error:
            net.connect({"hostname": "10.0.0.2", "port": 80})
        assert (error.value.code, error.value.egress) == ("connection_refused", EU)


def test_a_call_may_take_so_long() -> None:
    with (
        served(black_hole) as (port,),
        network({"10.0.0.1:80": port}) as net,
        net.connect("10.0.0.1:80", timeout=0.05) as connection,
        pytest.raises(TimeoutError),
    ):
        connection.recv()


def test_fetch() -> None:
    with served(Web(echoed)) as (port,), network({"10.0.0.1:80": port}) as net:
        response = net.fetch("http://10.0.0.1/x", "POST", content=b"body")
        assert (response.json()["body"], response.extensions[RESOLUTION].egress) == ("body", EU)
        assert net.fetch("http://10.0.0.1/x", "PUT", json={"a": 1}).json()["body"] == '{"a":1}'
        parts = net.fetch("http://10.0.0.1/x", "POST", content=iter([b"one, ", b"two"]))
        assert parts.json()["body"] == "one, two"


def test_a_body_is_read_as_it_arrives() -> None:
    go_on = threading.Event()

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        await asyncio.to_thread(go_on.wait)
        writer.write(b"half")
        await reader.read()

    with served(slowly) as (port,), network({"10.0.0.1:80": port}) as net:
        response = net.fetch("http://10.0.0.1/", stream=True)
        read = []
        for part in response.iter_bytes():
            read.append(part)
            go_on.set()
        response.close()
        assert read == [b"half", b"half"]


def test_redirects_go_their_own_way() -> None:
    here = Web(leading({"/": "http://10.1.0.1/there", "/out": "http://127.0.0.1/"}))
    with served(here, Web(echoed)) as (one, two), network({"10.0.0.1:80": one, "10.1.0.1:80": two}) as net:
        assert net.fetch("http://10.0.0.1/").extensions[RESOLUTION].egress == US
        assert net.fetch("http://10.0.0.1/", redirect="manual").status_code == 302
        with pytest.raises(RouteError) as error:
            net.fetch("http://10.0.0.1/out")
        assert error.value.code == "destination_ip_prohibited"


def test_threads_share_it() -> None:
    with served(Web(echoed)) as (port,), network({"10.0.0.1:80": port}) as net, ThreadPoolExecutor(8) as pool:
        asked = [f"/{number}" for number in range(100)]
        found = pool.map(lambda path: net.fetch(f"http://10.0.0.1{path}").json()["path"], asked)
        assert [*found] == asked


def test_what_is_wrong_is_raised_here() -> None:
    with served(black_hole) as (port,), network({"10.0.0.1:80": port}, read=0.1) as net:
        for call, code in _FAILURES:
            with pytest.raises(RouteError) as error:
                call(net)
            assert error.value.code == code


_FAILURES: tuple[tuple[Callable[[SyncVpcNetwork], object], str], ...] = (
    (lambda net: net.fetch("http://10.0.0.1/"), "connection_read_timeout"),
    (lambda net: net.fetch("/x"), "invalid_address"),
    (lambda net: net.connect("10.0.0.1"), "invalid_address"),
    (lambda net: net.connect("192.168.0.1:1"), "destination_ip_unroutable"),
)


def test_settings_of_a_file_and_the_end(tmp_path: Path) -> None:
    path = tmp_path / "dialers.toml"
    path.write_text("[tunnel.eu]\ndirect = true\n")
    with served(Web(echoed)) as (port,):
        with SyncVpcNetwork.load(table().compile(tunnel_id="eu"), path) as net:
            assert net.fetch(f"http://{LOOPBACK}:{port}/").status_code == 200
        net.close()
        with pytest.raises(RuntimeError, match="the network is closed"):
            net.connect(f"{LOOPBACK}:{port}")
