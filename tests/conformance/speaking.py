"""What the suites' cases have in common: handshakes, messages, the end."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.support.service import TestService, token

PATIENCE_S = 10.0
QUERY = '42["user:status",{"userId":"x"}]'
"""Ours for the suites' `4hello`, which their server sends back: an event that is answered."""


def url(service: TestService, query: str) -> str:
    """Where the suites' requests go."""
    return f"{service.url}/socket.io/?{query}"


def polling(service: TestService, sid: str = "") -> str:
    """Where a session polls, or begins to."""
    return url(service, "EIO=4&transport=polling" + (f"&sid={sid}" if sid else ""))


def websocket(service: TestService, sid: str = "", query: str = "EIO=4&transport=websocket") -> Any:
    """A WebSocket: a session of its own, or what a session goes over to."""
    at = url(service, query).replace("http:", "ws:") + (f"&sid={sid}" if sid else "")
    return connect(at, compression=None)


async def polled_session(service: TestService, http: aiohttp.ClientSession) -> str:
    """`initLongPollingSession`: the sid of a new session."""
    async with http.get(polling(service)) as answer:
        return str(json.loads((await answer.text())[1:])["sid"])


async def get(http: aiohttp.ClientSession, at: str) -> tuple[int, str]:
    """Status and body."""
    async with asyncio.timeout(PATIENCE_S), http.get(at) as answer:
        return answer.status, await answer.text()


async def post(http: aiohttp.ClientSession, at: str, body: str) -> tuple[int, str]:
    """Status and body."""
    async with asyncio.timeout(PATIENCE_S), http.post(at, data=body) as answer:
        return answer.status, await answer.text()


async def next_frame(socket: ClientConnection) -> str:
    """The next message."""
    async with asyncio.timeout(PATIENCE_S):
        return str(await socket.recv())


async def next_packet(socket: ClientConnection) -> str:
    """The next message that is no ping."""
    while (frame := await next_frame(socket)) == "2":
        await socket.send("3")
    return frame


async def closed(socket: ClientConnection) -> int | None:
    """Wait for the end; the close code."""
    async with asyncio.timeout(PATIENCE_S):
        await socket.wait_closed()
    return socket.close_code


async def refused(service: TestService, query: str) -> int:
    """The status with which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        await websocket(service, query=query)
    return int(refusal.value.response.status_code)


def connect_packet(user: str = "alice", namespace: str = "") -> str:
    """CONNECT with a token, without which nobody is let in."""
    return f"40{namespace}" + json.dumps({"token": token(user)})


def join_packet(user: str = "alice") -> str:
    """What comes first of all events."""
    return "42" + json.dumps(["user:join", {"userId": user}])


async def connected(service: TestService, user: str = "alice") -> ClientConnection:
    """`initSocketIOConnection`: a WebSocket that has connected to `/`, and joined."""
    socket: ClientConnection = await websocket(service)
    assert (await next_frame(socket)).startswith("0")
    await socket.send(connect_packet(user))
    assert (await next_packet(socket)).startswith("40")
    await socket.send(join_packet(user))
    assert (await next_packet(socket)).startswith('42["user:joined"')
    return socket
