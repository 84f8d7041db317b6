"""Servers for the tests of dialing: in this process, on loopback, each as small as what is asked of it."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv6Address

import attrs
import dns.message
import dns.rcode
import dns.rrset

from vpcroute import Target
from vpcroute.dial.direct import Direct, Streams

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def serving(handler: Handler, *, host: str = LOOPBACK, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server; its port. What its handlers do ends with it."""
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handler(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            running.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in [*running]:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def black_hole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


@attrs.define
class Far:
    """A dialer that knows what is at which address, and what was dialed.

    Attributes:
        places: by what is dialed: the port on loopback, an error to raise, or None for what never answers.
    """

    places: Mapping[str, int | Exception | None]
    resolves_names: bool = True
    dialed: list[str] = attrs.field(factory=list)

    async def open(self, target: Target) -> Streams:
        self.dialed.append(str(target))
        place = self.places.get(str(target), ConnectionRefusedError(111, "Connection refused"))
        if place is None:
            await asyncio.sleep(3600)
        if isinstance(place, Exception):
            raise place
        return await Direct().open_host(LOOPBACK, place or 0)


@attrs.define
class Proxy:
    """A SOCKS5 server and an HTTP proxy, by what comes first.

    Attributes:
        places: by what is asked for: the port on loopback, or the number of the refusal.
        login: the user name and password that are asked for.
        pieces: whether the reply to CONNECT comes an octet at a time.
        asked: what was asked for.
    """

    places: Mapping[str, tuple[str, int]]
    login: tuple[str, str] | None = None
    pieces: bool = False
    asked: list[str] = attrs.field(factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        await (self._socks5 if first == b"\x05" else self._connect)(reader, writer)

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self.login else 0
        writer.write(bytes([5, wanted if wanted in methods else 255]))
        if self.login:
            await reader.readexactly(1)
            given = [await reader.readexactly((await reader.readexactly(1))[0]) for _ in range(2)]
            writer.write(bytes([1, 0 if tuple(part.decode() for part in given) == self.login else 1]))
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            packed = await reader.readexactly(4 if kind == 1 else 16)
            host = ".".join(map(str, packed)) if kind == 1 else f"[{IPv6Address(packed)}]"
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        what, number = self._place(f"{host}:{port}", ("refused", 5))
        writer.write(bytes([5, 0 if what == "port" else number, 0, 1, 0, 0, 0, 0, 0, 0]))
        if what == "port":
            await _joined(reader, writer, number)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        what, number = self._place(head.split()[1], ("refused", 502))
        if self.login and "Proxy-Authorization: Basic" not in head:
            what, number = "refused", 407
        status = b"HTTP/1.1 200 OK" if what == "port" else b"HTTP/1.1 %d No" % number
        reply = status + b"\r\nVia: test\r\n\r\n"
        if self.pieces:
            for octet in reply:
                writer.write(bytes([octet]))
                await asyncio.sleep(0.001)
            reply = b""
        if what == "port":
            await _joined(reader, writer, number, reply)
        else:
            writer.write(reply)
            await writer.drain()

    def _place(self, address: str, otherwise: tuple[str, int]) -> tuple[str, int]:
        self.asked.append(address)
        return self.places.get(address, otherwise)


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, reply: bytes = b"") -> None:
    """Joins a client to a server; what the server says at once goes out with the reply."""
    there, to_there = await asyncio.open_connection(LOOPBACK, port)

    async def back() -> None:
        nonlocal reply
        if reply:
            early = b""
            try:
                async with asyncio.timeout(0.05):
                    early = await there.read(65536)
            except TimeoutError:
                pass
            writer.write(reply + early)
        while data := await there.read(65536):
            writer.write(data)
        writer.transport.abort() if there.exception() else writer.close()

    task = asyncio.ensure_future(back())
    try:
        while data := await reader.read(65536):
            to_there.write(data)
    finally:
        to_there.transport.abort()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@attrs.define
class Web:
    """An HTTP/1.1 server.

    Attributes:
        answer: what it answers to method, path, headers and body: status, headers and body; more octets than
            Content-Length promises are left out, with fewer the connection is closed.
        seen: method, path and Host of each request, and the number of its connection.
    """

    answer: Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]
    seen: list[tuple[str, str, str, int]] = attrs.field(factory=list)
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.splitlines()
            method, path, _ = first.split()
            headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines) if key}
            body = await _body(reader, headers)
            self.seen.append((method, path, headers["host"], number))
            status, more, content = self.answer(method, path, headers, body)
            told = {"Content-Length": str(len(content)), **more}
            lines_out = "".join(f"{key}: {value}\r\n" for key, value in told.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{lines_out}\r\n".encode() + content)
            await writer.drain()
            if len(content) < int(told["Content-Length"]):
                return


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    parts = b""
    while size := int(await reader.readline(), 16):
        parts += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return parts


@attrs.define
class Zone:
    """A DNS server over TCP.

    Attributes:
        records: by name and type: the lines of the answer, such as ``"a.test. 60 IN A 10.0.0.1"``; or a response code;
            or None for no answer at all.
        asked: the names and types that were asked for.
    """

    records: dict[tuple[str, str], list[str] | str | None]
    asked: list[tuple[str, str]] = attrs.field(factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        query = dns.message.from_wire(await reader.readexactly(size))
        question = query.question[0]
        key = (question.name.to_text(omit_final_dot=True), question.rdtype.name)
        self.asked.append(key)
        response = dns.message.make_response(query, recursion_available=True)
        found = self.records.get(key, [])
        if found is None:
            await asyncio.sleep(3600)
        elif isinstance(found, str):
            response.set_rcode(dns.rcode.from_text(found))
        else:
            for line in found:
                name, ttl, kind, type_, data = line.split(maxsplit=4)
                section = response.authority if type_ == "SOA" else response.answer
                section.append(dns.rrset.from_text(f"{name}.", int(ttl), kind, type_, data))
        wire = response.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        await writer.drain()
        await reader.read()
