"""A WebSocket's handshake: what comes before its answer, and on which ports there is one."""

import asyncio
import socket

from service.transport.guard.tcp import TcpConnections
from service.transport.server.server import Server
from tests.support.raw import WEBSOCKET, raw
from tests.support.service import TestService
from tests.support.waiting import until


async def test_who_does_not_wait_for_the_answer_has_none():
    asked, serving = asyncio.Event(), asyncio.Event()

    async def never_answers(_scope, _receive, _send) -> None:
        asked.set()
        await asyncio.Event().wait()

    server = Server(never_answers, TcpConnections(10), serving.set)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve([listening]))
        await serving.wait()
        connections = server.server_state.connections
        async with raw(listening.getsockname()[1]) as connection:
            await connection.send(WEBSOCKET)
            await asyncio.wait_for(asked.wait(), 5)
            assert len(connections) == 1
            await connection.send(b"\x81\x80\x00\x00\x00\x00")
            assert await connection.rest() == b""
        await until(lambda: not connections, "the connection to be forgotten")
        (answering,) = server.server_state.tasks
        answering.cancel()
        await asyncio.wait({answering})
        server.end()
        await running


async def test_the_admin_port_has_none(service: TestService):
    async with raw(service.admin_port) as connection:
        await connection.send(WEBSOCKET)
        status, _, _ = await connection.answer()
        assert (status, await connection.rest()) == (403, b"")
