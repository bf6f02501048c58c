"""What may stand between a probe and a real coturn, and spoil it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trustme

Passes = Callable[[bytes], bool]


def is_data(datagram: bytes) -> bool:
    """Whether it is relayed data, rather than STUN (RFC 8656, 12.4)."""
    return 0x40 <= datagram[0] < 0x50


class _Forwarder(asyncio.DatagramProtocol):
    def __init__(self, passes: Passes, on: Callable[[bytes, Any], None]) -> None:
        self._passes, self._on = passes, on

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._passes(data):
            self._on(data, addr)


@asynccontextmanager
async def udp_between(port: int, passes: Passes) -> AsyncIterator[int]:
    """Forwards to a port what clients send, and back, if it `passes`; gives its own port."""
    loop = asyncio.get_running_loop()
    ways: dict[Any, asyncio.DatagramTransport] = {}
    waiting: dict[Any, list[bytes]] = {}

    async def open_way(client: Any) -> None:
        way, _ = await loop.create_datagram_endpoint(
            lambda: _Forwarder(passes, lambda data, _: front.sendto(data, client)),
            remote_addr=("127.0.0.1", port),
        )
        ways[client] = way
        for data in waiting.pop(client):
            way.sendto(data)

    def forward(data: bytes, client: Any) -> None:
        if client in ways:
            ways[client].sendto(data)
        elif client in waiting:
            waiting[client].append(data)
        else:
            waiting[client] = [data]
            opening.append(loop.create_task(open_way(client)))

    opening: list[asyncio.Task[None]] = []
    front, _ = await loop.create_datagram_endpoint(
        lambda: _Forwarder(passes, forward), local_addr=("127.0.0.1", 0)
    )
    try:
        yield front.get_extra_info("sockname")[1]
    finally:
        await asyncio.gather(*opening)
        for way in (front, *ways.values()):
            way.close()


@asynccontextmanager
async def tls_before(port: int, name: str) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """TLS in front of a TCP port, for `name`; gives its own port, and what trusts it."""
    authority = trustme.CA()
    ours, theirs = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    authority.issue_cert(name).configure_cert(ours)
    authority.configure_trust(theirs)
    async with tls_with(ours, port) as wrapped:
        yield wrapped, theirs


@asynccontextmanager
async def tls_with(ours: ssl.SSLContext, port: int) -> AsyncIterator[int]:
    """TLS in front of a TCP port, by a certificate that is there; gives its own port."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ours)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
