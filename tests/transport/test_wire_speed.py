"""One handshake on the seam: what comes before its answer."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

from service.transport.waiting import Waiting
from service.transport.wire_speed import WireSpeed

REQUEST = (
    b"GET /socket.io/ HTTP/1.1\r\nhost: here\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


async def test_who_does_not_wait_for_the_answer_has_none():
    asked = asyncio.Event()

    async def never_answers(*_) -> None:
        asked.set()
        await asyncio.Event().wait()

    config = SimpleNamespace(loaded_app=never_answers, root_path="", asgi_version="3.0")
    state = SimpleNamespace(connections=set(), tasks=set())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: WireSpeed(Waiting(), config, state, {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(REQUEST)
        await asyncio.wait_for(asked.wait(), 5)
        assert len(state.connections) == 1
        writer.write(b"\x81\x80\x00\x00\x00\x00")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert state.connections == set()
        for task in tuple(state.tasks):
            task.cancel()
